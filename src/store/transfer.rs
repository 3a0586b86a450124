//! The whole store as lines of text, and back into an empty folder.
//!
//! In and out: rows of all tables as they are, one a line, between a first line that says what they are and a last one that
//! counts them. The rows are of the schema that the first line names: what an older program wrote is put into its schema and
//! brought up to date from there. What follows from the rows (the full-text index, the derived files) is not among them, nor
//! are the answers kept for requests that come again (`Idempotency-Key`).

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, BufRead};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ToSql, params_from_iter};
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

use super::backup::{BackupError, put_in_place, sync};
use super::{FILE, KNOWN, MIGRATIONS, Store, StoreError, lock, newest_change};
use crate::source::{Line, next_line};
use crate::track::sign;

/// Raised when lines are written otherwise.
const FORMAT: u32 = 1;
/// Bytes of one line, at most: a document of [source] `max_document_bytes` with every byte escaped, and more.
const MOST_LINE: usize = 268_435_456;
/// The folder in which an import is put together.
const PARTIAL: &str = "import.partial";
/// What a folder may hold into which something is imported: the lock, tokens that were made beforehand, an import that broke off.
const HARMLESS: [&str; 3] = ["lock", "tokens.json", PARTIAL];
/// Tables that are left out beside SQLite's own: the full-text index, and answers that are kept for some hours.
const LEFT_OUT: &str = "name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name <> 'search' AND name NOT LIKE 'search\\_%' ESCAPE '\\' AND name <> 'answered'";
/// Troubles that are written out.
const SHOWN: usize = 5;
/// What is only exported when it is asked for.
const SECRETS: (&str, [&str; 2]) = ("watches", ["secrets", "feed"]);
/// Why an imported watch posts nothing.
const NO_SECRET: &str = "it was imported without its secret: rotate the secret, give it to the receiver, and resume";

/// The first line of an export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// How lines are written.
    pub format: u32,
    /// The program's version.
    pub program: String,
    /// Version of the schema that the rows are of.
    pub schema: i64,
    /// Number of the newest change.
    pub change: u64,
    /// Whether the watches' secrets and the secret addresses of their feeds are in it.
    pub secrets: bool,
}

/// A value of a row. In JSON an integer is a number, a text a text; a real number is a text with its digits, so that no reader
/// of JSON rounds it, and bytes are base64: the column's type tells them apart.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Nothing.
    Null,
    /// A whole number.
    Integer(i64),
    /// A real number.
    Real(f64),
    /// A text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

impl Serialize for Cell {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_none(),
            Self::Integer(number) => serializer.serialize_i64(*number),
            // The fewest digits that give the same number again.
            Self::Real(number) => serializer.serialize_str(&format!("{number:?}")),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Bytes(bytes) => serializer.serialize_str(&STANDARD.encode(bytes)),
        }
    }
}

impl ToSql for Cell {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Integer(number) => ValueRef::Integer(*number),
            Self::Real(number) => ValueRef::Real(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// A row of a table: its columns in their order.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The table.
    pub table: String,
    /// Name and value of each column.
    pub cells: Vec<(String, Cell)>,
}

impl Serialize for Row {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct Cells<'a>(&'a [(String, Cell)]);
        impl Serialize for Cells<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_map(self.0.iter().map(|(name, cell)| (name, cell)))
            }
        }
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("table", &self.table)?;
        map.serialize_entry("row", &Cells(&self.cells))?;
        map.end()
    }
}

/// The highest number that a table has given out: none is given twice, even when its row is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sequence {
    /// The table.
    pub table: String,
    /// The number.
    pub last: i64,
}

/// The last line: how many rows there were of each table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// By table.
    pub rows: BTreeMap<String, u64>,
}

/// A line of the whole store.
#[derive(Debug, Clone, PartialEq)]
pub enum StoreLine {
    /// The first.
    Begin(Header),
    /// A row.
    Row(Row),
    /// A table's highest number.
    Sequence(Sequence),
    /// The last.
    End(End),
}

/// What a snapshot is: the first line.
pub(super) fn header(connection: &Connection, secrets: bool) -> Result<Header, StoreError> {
    Ok(Header {
        format: FORMAT,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        schema: KNOWN,
        change: newest_change(connection)?,
        secrets,
    })
}

/// Hands out the rows of all tables, each by its key, what the tables count with, and the last line.
pub(super) fn rows<E: From<StoreError>>(
    connection: &Connection,
    secrets: bool,
    each: &mut dyn FnMut(StoreLine) -> Result<(), E>,
) -> Result<(), E> {
    let failed = |error: rusqlite::Error| E::from(StoreError::from(error));
    let mut end = End::default();
    for table in tables(connection)? {
        let columns = columns(connection, &table)?;
        let names: Vec<String> = columns
            .iter()
            .map(|column| match !secrets && is_secret(&table, &column.name) {
                true => format!("NULL AS \"{}\"", column.name),
                false => format!("\"{}\"", column.name),
            })
            .collect();
        let mut keys: Vec<&Column> = columns.iter().filter(|column| column.key > 0).collect();
        keys.sort_by_key(|column| column.key);
        let keys: Vec<String> = keys.iter().map(|column| format!("\"{}\"", column.name)).collect();
        let query = format!(
            "SELECT {} FROM \"{table}\" ORDER BY {}",
            names.join(", "),
            keys.join(", ")
        );
        let mut statement = connection.prepare(&query).map_err(failed)?;
        let mut found = statement.query([]).map_err(failed)?;
        let mut count = 0;
        while let Some(row) = found.next().map_err(failed)? {
            let mut cells = Vec::with_capacity(columns.len());
            for (place, column) in columns.iter().enumerate() {
                let cell = match row.get_ref(place).map_err(failed)? {
                    ValueRef::Null => Cell::Null,
                    ValueRef::Integer(number) => Cell::Integer(number),
                    ValueRef::Real(number) => Cell::Real(number),
                    ValueRef::Text(_) => Cell::Text(row.get(place).map_err(failed)?),
                    ValueRef::Blob(bytes) => Cell::Bytes(bytes.to_vec()),
                };
                cells.push((column.name.clone(), cell));
            }
            count += 1;
            each(StoreLine::Row(Row {
                table: table.clone(),
                cells,
            }))?;
        }
        end.rows.insert(table, count);
    }
    let mut statement = connection
        .prepare("SELECT name, seq FROM sqlite_sequence ORDER BY name")
        .map_err(failed)?;
    let mut found = statement.query([]).map_err(failed)?;
    while let Some(row) = found.next().map_err(failed)? {
        let (table, last) = (row.get(0).map_err(failed)?, row.get(1).map_err(failed)?);
        each(StoreLine::Sequence(Sequence { table, last }))?;
    }
    each(StoreLine::End(end))
}

fn is_secret(table: &str, column: &str) -> bool {
    table == SECRETS.0 && SECRETS.1.contains(&column)
}

/// A column of a table.
struct Column {
    name: String,
    /// Its declared type.
    kind: String,
    /// Its place in the table's key, from 1; 0 when it is not in it.
    key: i64,
}

fn tables(connection: &Connection) -> Result<Vec<String>, StoreError> {
    let query = format!("SELECT name FROM sqlite_schema WHERE type = 'table' AND {LEFT_OUT} ORDER BY name");
    let mut statement = connection.prepare(&query)?;
    Ok(statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

fn columns(connection: &Connection, table: &str) -> Result<Vec<Column>, StoreError> {
    let mut statement = connection.prepare("SELECT name, type, pk FROM pragma_table_info(?1) ORDER BY cid")?;
    let of = |row: &rusqlite::Row<'_>| {
        Ok(Column {
            name: row.get(0)?,
            kind: row.get(1)?,
            key: row.get(2)?,
        })
    };
    Ok(statement.query_map([table], of)?.collect::<Result<_, _>>()?)
}

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The folder has something in it.
    #[error("{dir} is not empty (there is {found:?}); an import makes a store of its own, give a new --data-dir")]
    Occupied {
        /// The folder.
        dir: PathBuf,
        /// What is in it.
        found: String,
    },
    /// The first line is not what it must be.
    #[error(
        "line 1 is not the first line of an export ({why}); give what `silsila export` writes (not `--only readable`)"
    )]
    NoHeader {
        /// What is wrong.
        why: String,
    },
    /// Written by a later program.
    #[error(
        "the export has schema {schema} in format {format}, this program knows up to {KNOWN} in {FORMAT}; install the newer silsila"
    )]
    Newer {
        /// Version of the schema.
        schema: i64,
        /// How lines are written.
        format: u32,
    },
    /// A line that cannot be used.
    #[error("line {line}: {why}")]
    Line {
        /// Its number, from 1.
        line: u64,
        /// What is wrong with it.
        why: String,
    },
    /// The last line is missing.
    #[error("the export is cut short: it ends with line {line}, without the line that counts what it holds")]
    CutShort {
        /// Lines that there were.
        line: u64,
    },
    /// The lines do not make a sound store.
    #[error("what was imported does not agree with itself: {0}")]
    Unsound(String),
    /// The input cannot be read.
    #[error("the export cannot be read after line {line}: {source}")]
    Read {
        /// Lines that were read.
        line: u64,
        /// What the system says.
        source: io::Error,
    },
    /// The system's random numbers failed.
    #[error("the system gives no random numbers ({0}); no secret can be made")]
    Random(io::Error),
    /// The disk refuses.
    #[error(transparent)]
    Disk(#[from] BackupError),
    /// The store cannot be written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<rusqlite::Error> for ImportError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

/// What was imported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Imported {
    /// Rows of all tables.
    pub rows: u64,
    /// Articles among them.
    pub articles: u64,
    /// Stories among them, those that ended too.
    pub stories: u64,
    /// Corrections among them.
    pub corrections: u64,
    /// Watches among them.
    pub watches: u64,
    /// Number of the newest change.
    pub change: u64,
    /// Ids of watches that came without their secret and post nothing until somebody gives them a new one.
    pub without_secret: Vec<String>,
}

/// Makes a store in `dir` of the lines of an export. It is put together beside, checked as `silsila check` does, and takes its
/// name when it is whole: before that there is none.
///
/// # Errors
/// When the folder is in use or not empty, a line is wrong, the store is unsound, or the disk refuses.
pub fn import(input: impl BufRead, dir: &Path) -> Result<Imported, ImportError> {
    fs::create_dir_all(dir).map_err(StoreError::from)?;
    let _lock = lock(dir)?;
    for entry in fs::read_dir(dir).map_err(StoreError::from)? {
        let found = entry.map_err(StoreError::from)?.file_name();
        let found = found.to_string_lossy();
        if !HARMLESS.contains(&&*found) {
            return Err(ImportError::Occupied {
                dir: dir.to_owned(),
                found: found.into_owned(),
            });
        }
    }
    let partial = dir.join(PARTIAL);
    if partial.exists() {
        fs::remove_dir_all(&partial).map_err(StoreError::from)?;
    }
    fs::create_dir(&partial).map_err(StoreError::from)?;
    let made = put_together(input, &partial).and_then(|imported| {
        let file = partial.join(FILE);
        sync(&file)?;
        put_in_place(&file, &dir.join(FILE))?;
        Ok(imported)
    });
    // The error that matters is the one that is told.
    let _ = fs::remove_dir_all(&partial);
    made
}

fn put_together(input: impl BufRead, dir: &Path) -> Result<Imported, ImportError> {
    let imported = fill(input, &dir.join(FILE))?;
    // Brings the schema up to date.
    let store = Store::open(dir)?;
    store.index_texts_anew()?;
    let troubles: Vec<String> = store
        .check()?
        .into_iter()
        .flat_map(|check| {
            let name = check.part.name();
            let tell = move |trouble: String| format!("{name}: {trouble}");
            check.troubles.into_iter().map(tell)
        })
        .take(SHOWN)
        .collect();
    if !troubles.is_empty() {
        return Err(ImportError::Unsound(troubles.join("; ")));
    }
    // The database's file alone takes its place: nothing may be left in its log.
    let busy: i64 = store
        .writer()?
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    match busy {
        0 => Ok(imported),
        _ => Err(ImportError::Unsound("its log could not be taken in".to_owned())),
    }
}

/// A table that is being filled.
struct Filling {
    columns: Vec<Column>,
    insert: String,
}

impl Filling {
    fn of(connection: &Connection, table: &str) -> Result<Self, StoreError> {
        let columns = columns(connection, table)?;
        let names: Vec<String> = columns.iter().map(|column| format!("\"{}\"", column.name)).collect();
        let marks: Vec<String> = (1..=columns.len()).map(|place| format!("?{place}")).collect();
        Ok(Self {
            insert: format!(
                "INSERT INTO \"{table}\" ({}) VALUES ({})",
                names.join(", "),
                marks.join(", ")
            ),
            columns,
        })
    }
}

/// Writes what the lines say into a new database of the schema that they are of.
fn fill(input: impl BufRead, file: &Path) -> Result<Imported, ImportError> {
    let mut lines = Lines { input, line: 0 };
    let header = lines.header()?;
    let mut connection = Connection::open(file)?;
    // It is thrown away if anything goes wrong, and flushed before it takes its name.
    connection.pragma_update(None, "journal_mode", "OFF")?;
    connection.pragma_update(None, "synchronous", "OFF")?;
    connection.pragma_update(None, "foreign_keys", false)?;
    for (number, migration) in (1..=header.schema).zip(MIGRATIONS) {
        connection.execute_batch(migration)?;
        connection.pragma_update(None, "user_version", number)?;
    }
    let transaction = connection.transaction()?;
    let mut fillings = BTreeMap::new();
    for table in tables(&transaction)? {
        let filling = Filling::of(&transaction, &table)?;
        fillings.insert(table, filling);
    }
    let mut counted: BTreeMap<String, u64> = fillings.keys().map(|table| (table.clone(), 0)).collect();
    let mut without_secret = Vec::new();
    let end: End = loop {
        let Some((line, mut value)) = lines.next()? else {
            return Err(ImportError::CutShort { line: lines.line });
        };
        let wrong = |why: String| ImportError::Line { line, why };
        let kind = value.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
        match kind.as_str() {
            // For readers; what they are made from comes in rows.
            "story" | "article" | "timeline" => {}
            "row" => {
                let table = value
                    .get("table")
                    .and_then(Value::as_str)
                    .unwrap_or_default()
                    .to_owned();
                let Some((filling, count)) = fillings.get(&table).zip(counted.get_mut(&table)) else {
                    return Err(wrong(format!(
                        "there is no table {table:?} in schema {}",
                        header.schema
                    )));
                };
                let Some(Value::Object(row)) = value.get_mut("row") else {
                    return Err(wrong("it has no `row`".to_owned()));
                };
                if table == SECRETS.0 && !header.secrets {
                    give_secrets(row).map_err(ImportError::Random)?;
                    if row.get("url").is_some_and(|url| !url.is_null()) {
                        without_secret.extend(row.get("id").and_then(Value::as_str).map(str::to_owned));
                    }
                }
                let cells = cells(row, &filling.columns).map_err(wrong)?;
                transaction
                    .prepare_cached(&filling.insert)?
                    .execute(params_from_iter(cells.iter()))
                    .map_err(|error| wrong(format!("table {table} does not take it: {error}")))?;
                *count += 1;
            }
            "sequence" => {
                let Sequence { table, last } =
                    serde_json::from_value(value).map_err(|error| wrong(error.to_string()))?;
                let set = transaction.execute(
                    "UPDATE sqlite_sequence SET seq = ?2 WHERE name = ?1",
                    rusqlite::params![table, last],
                )?;
                if set == 0 {
                    transaction.execute(
                        "INSERT INTO sqlite_sequence (name, seq) VALUES (?1, ?2)",
                        rusqlite::params![table, last],
                    )?;
                }
            }
            "end" => break serde_json::from_value(value).map_err(|error| wrong(error.to_string()))?,
            other => {
                return Err(wrong(format!(
                    "its `type` is {other:?}, which this program does not know"
                )));
            }
        }
    };
    let line = lines.line;
    if lines.next()?.is_some() {
        let why = "there is more behind the last line of the export".to_owned();
        return Err(ImportError::Line { line: lines.line, why });
    }
    if let Some((table, count)) = counted
        .iter()
        .find(|(table, count)| end.rows.get(*table) != Some(*count))
    {
        let wanted = end.rows.get(table).copied().unwrap_or_default();
        let why = format!("it counts {wanted} rows of {table}, there were {count}");
        return Err(ImportError::Line { line, why });
    }
    let change = newest_change(&transaction)?;
    if change != header.change {
        let why = format!("the newest change is {change}, and {} by the first line", header.change);
        return Err(ImportError::Unsound(why));
    }
    let astray = transaction
        .query_row(
            "SELECT \"table\", rowid, parent FROM pragma_foreign_key_check LIMIT 1",
            [],
            |row| {
                let number: Option<i64> = row.get(1)?;
                Ok((row.get::<_, String>(0)?, number, row.get::<_, String>(2)?))
            },
        )
        .map_or_else(
            |error| match error {
                rusqlite::Error::QueryReturnedNoRows => Ok(None),
                error => Err(error),
            },
            |found| Ok(Some(found)),
        )?;
    if let Some((table, number, parent)) = astray {
        let number = number.map_or_else(String::new, |number| format!(" {number}"));
        let why = format!("row{number} of {table} names a row of {parent} that is not there");
        return Err(ImportError::Unsound(why));
    }
    transaction.commit()?;
    let count = |table: &str| counted.get(table).copied().unwrap_or_default();
    Ok(Imported {
        rows: counted.values().sum(),
        articles: count("articles"),
        stories: count("stories"),
        corrections: count("corrections"),
        watches: count("watches"),
        change,
        without_secret,
    })
}

/// Gives a watch whose secrets were not exported new ones. It posts nothing until its receiver knows them.
fn give_secrets(row: &mut Map<String, Value>) -> Result<(), io::Error> {
    let secret = serde_json::json!([{"secret": sign::new_secret()?, "until": null}]);
    row.insert("secrets".to_owned(), Value::String(secret.to_string()));
    row.insert("feed".to_owned(), Value::String(sign::new_address()?));
    if row.get("url").is_some_and(|url| !url.is_null()) {
        row.insert("state".to_owned(), "disabled".into());
        row.insert("why".to_owned(), NO_SECRET.into());
    }
    Ok(())
}

/// The values of a row in the order of a table's columns: every column must be there, and no other.
fn cells(row: &Map<String, Value>, columns: &[Column]) -> Result<Vec<Cell>, String> {
    let known: BTreeSet<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    if let Some(name) = row.keys().find(|name| !known.contains(name.as_str())) {
        return Err(format!("the table has no column {name:?}"));
    }
    let of = |column: &Column| {
        let Column { name, kind, .. } = column;
        let value = row.get(name).ok_or_else(|| format!("column {name} is missing"))?;
        let wrong = || format!("column {name} is of type {kind}, which {value} is not");
        Ok(match (value, kind.as_str()) {
            (Value::Null, _) => Cell::Null,
            (Value::Number(number), "INTEGER") => Cell::Integer(number.as_i64().ok_or_else(wrong)?),
            (Value::String(text), "TEXT") => Cell::Text(text.clone()),
            (Value::String(text), "REAL") => Cell::Real(text.parse().map_err(|_| wrong())?),
            (Value::String(text), "BLOB") => Cell::Bytes(STANDARD.decode(text).map_err(|_| wrong())?),
            _ => return Err(wrong()),
        })
    };
    columns.iter().map(of).collect()
}

/// The lines of an export.
struct Lines<R> {
    input: R,
    /// Lines that were read.
    line: u64,
}

impl<R: BufRead> Lines<R> {
    /// The next line's number and its object; empty lines count, and are passed over.
    fn next(&mut self) -> Result<Option<(u64, Value)>, ImportError> {
        loop {
            let read = next_line(&mut self.input, MOST_LINE).map_err(|source| ImportError::Read {
                line: self.line,
                source,
            })?;
            let Some(read) = read else { return Ok(None) };
            self.line += 1;
            let wrong = |why: String| ImportError::Line { line: self.line, why };
            let bytes = match read {
                Line::Whole(bytes) => bytes,
                Line::TooLong(_) => return Err(wrong(format!("it has more than {MOST_LINE} bytes"))),
            };
            if bytes.trim_ascii().is_empty() {
                continue;
            }
            let value: Value = serde_json::from_slice(&bytes).map_err(|error| wrong(format!("no JSON: {error}")))?;
            return match value.is_object() {
                true => Ok(Some((self.line, value))),
                false => Err(wrong("it is no JSON object".to_owned())),
            };
        }
    }

    fn header(&mut self) -> Result<Header, ImportError> {
        let no_header = |why: String| ImportError::NoHeader { why };
        let value = match self.next() {
            Ok(Some((_, value))) => value,
            Ok(None) => return Err(no_header("there is nothing".to_owned())),
            Err(ImportError::Line { why, .. }) => return Err(no_header(why)),
            Err(error) => return Err(error),
        };
        if value.get("type").and_then(Value::as_str) != Some("export") {
            return Err(no_header("its `type` is not \"export\"".to_owned()));
        }
        let header: Header = serde_json::from_value(value).map_err(|error| no_header(error.to_string()))?;
        if header.format > FORMAT || header.schema > KNOWN {
            return Err(ImportError::Newer {
                schema: header.schema,
                format: header.format,
            });
        }
        match header.format == FORMAT && header.schema >= 1 {
            true => Ok(header),
            false => Err(no_header(format!("format {}, schema {}", header.format, header.schema))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_survive_bit_for_bit() {
        let column = |kind: &str| Column {
            name: "x".to_owned(),
            kind: kind.to_owned(),
            key: 0,
        };
        let there_and_back = |cell: Cell, kind: &str| {
            let text = serde_json::to_string(&Row {
                table: "t".to_owned(),
                cells: vec![("x".to_owned(), cell)],
            })
            .unwrap();
            let value: Value = serde_json::from_str(&text).unwrap();
            cells(value["row"].as_object().unwrap(), &[column(kind)])
                .unwrap()
                .remove(0)
        };
        for number in [
            0.1 + 0.2,
            f64::MIN_POSITIVE,
            -1e300,
            1.0 / 3.0,
            123_456_789.123_456_7,
            f64::INFINITY,
            -0.0,
        ] {
            let Cell::Real(back) = there_and_back(Cell::Real(number), "REAL") else {
                panic!("{number}");
            };
            assert_eq!(back.to_bits(), number.to_bits());
        }
        for cell in [
            (Cell::Integer(i64::MIN), "INTEGER"),
            (Cell::Integer(i64::MAX), "INTEGER"),
            (Cell::Text("هدنة \"\n\u{0}".to_owned()), "TEXT"),
            (Cell::Bytes(vec![0, 255, 7]), "BLOB"),
            (Cell::Null, "REAL"),
        ] {
            assert_eq!(there_and_back(cell.0.clone(), cell.1), cell.0);
        }
    }

    fn imported(text: &str) -> (Result<Imported, ImportError>, tempfile::TempDir) {
        let dir = tempfile::tempdir().unwrap();
        (import(text.as_bytes(), dir.path()), dir)
    }

    /// The lines of a store with a fact and a watch that was deleted.
    fn lines(secrets: bool) -> String {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        store.set_fact("kept", "yes").unwrap();
        let text = text_of(&store, secrets);
        drop(store);
        text
    }

    fn text_of(store: &Store, secrets: bool) -> String {
        let mut text = String::new();
        store
            .read(|connection| {
                let header = serde_json::to_value(header(connection, secrets)?)?;
                let mut put = |kind: &str, mut value: Value| {
                    value["type"] = kind.into();
                    text.push_str(&value.to_string());
                    text.push('\n');
                };
                put("export", header);
                rows(connection, secrets, &mut |line| {
                    match line {
                        StoreLine::Begin(_) => {}
                        StoreLine::Row(row) => put("row", serde_json::to_value(row)?),
                        StoreLine::Sequence(sequence) => put("sequence", serde_json::to_value(sequence)?),
                        StoreLine::End(end) => put("end", serde_json::to_value(end)?),
                    }
                    Ok::<_, StoreError>(())
                })
            })
            .unwrap();
        text
    }

    #[test]
    fn what_is_wrong_is_refused_by_its_line_and_leaves_nothing() {
        let whole = lines(false);
        let good = imported(&whole);
        assert!(good.0.is_ok(), "{:?}", good.0);
        let of: Vec<&str> = whole.lines().collect();
        let kept = of.iter().position(|line| line.contains("kept")).unwrap();
        let broken = whole.replace("\"kept\"", "7");
        let without_end = of[..of.len() - 1].join("\n");
        let fewer = whole.replace(&format!("{}\n", of[kept]), "");
        let other_column = whole.replace("\"key\":\"kept\"", "\"key\":\"kept\",\"colour\":\"red\"");
        let newer = whole.replace(&format!("\"schema\":{KNOWN}"), "\"schema\":999");
        for (text, said) in [
            ("", "line 1"),
            ("{\"type\":\"story\"}\n", "not the first line"),
            (newer.as_str(), "install the newer"),
            (
                broken.as_str(),
                &format!("line {}: column key is of type TEXT", kept + 1),
            ),
            (other_column.as_str(), "no column \"colour\""),
            (without_end.as_str(), "cut short"),
            (fewer.as_str(), "rows of meta"),
            (&format!("{whole}{}\n", of[kept]), "more behind the last line"),
            (&whole.replacen('\n', "\n{\n", 1), "line 2: no JSON"),
            (
                &whole.replacen('\n', "\n{\"type\":\"new\"}\n", 1),
                "line 2: its `type` is \"new\"",
            ),
        ] {
            let (answer, dir) = imported(text);
            let error = answer.unwrap_err().to_string();
            assert!(error.contains(said), "{said}: {error}");
            assert!(!dir.path().join(FILE).exists() && !dir.path().join(PARTIAL).exists());
        }
        let (answer, dir) = good;
        answer.unwrap();
        let store = Store::open(dir.path()).unwrap();
        assert_eq!(store.fact("kept").unwrap().as_deref(), Some("yes"));
        assert_eq!(text_of(&store, false), whole);
        drop(store);
        let again = import(whole.as_bytes(), dir.path()).unwrap_err().to_string();
        assert!(again.contains("is not empty") && again.contains(FILE), "{again}");
    }

    #[test]
    fn an_export_of_an_older_schema_is_brought_up_to_date() {
        let dir = tempfile::tempdir().unwrap();
        let mut end = End::default();
        {
            let connection = Connection::open_in_memory().unwrap();
            for migration in &MIGRATIONS[..1] {
                connection.execute_batch(migration).unwrap();
            }
            for table in tables(&connection).unwrap() {
                end.rows.insert(table, 0);
            }
        }
        end.rows.insert("meta".to_owned(), 1);
        let end = serde_json::to_value(end).unwrap();
        let text = format!(
            "{}\n{}\n{}\n",
            serde_json::json!({"type": "export", "format": 1, "program": "0.0.1", "schema": 1, "change": 0, "secrets": false}),
            serde_json::json!({"type": "row", "table": "meta", "row": {"key": "old", "value": "1"}}),
            serde_json::json!({"type": "end", "rows": end["rows"]}),
        );
        import(text.as_bytes(), dir.path()).unwrap();
        let store = Store::open_to_read(dir.path()).unwrap();
        assert_eq!(store.fact("old").unwrap().as_deref(), Some("1"));
    }
}
