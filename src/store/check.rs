//! Whether everything in the store agrees, and what of it can be made again.
//!
//! In: one snapshot. Out: a list of checks, each with what it found. Placements are never changed here: what contradicts
//! itself there is named, and a backup is the remedy. What follows from the articles (full-text index, counts and labels)
//! is rebuilt on request.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use rusqlite::{Connection, Transaction, TransactionBehavior};
use serde::Serialize;

use super::read::NUMBER;
use super::replay::replay;
use super::write::{index_text, label, recount, sources};
use super::{Store, StoreError, reader};
use crate::story::labels::Rules;

/// Troubles of one check that are written out; more are counted.
const SHOWN: usize = 10;
/// Articles or stories that are repaired in one transaction.
const AT_ONCE: usize = 500;
/// How far from 1 a vector's length may be.
const LENGTH_SLACK: f64 = 1e-3;

/// What a check is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Pages, indexes and constraints, by SQLite itself.
    Database,
    /// Rows that name others name some that exist.
    References,
    /// Every placed article is in exactly one story that goes on.
    Placements,
    /// Near-duplicates are with the article whose text they repeat.
    NearDuplicates,
    /// Stories count what their members say.
    Counts,
    /// Every article that was embedded has a vector of the model.
    Vectors,
    /// Links lead from placed articles to others.
    Links,
    /// The change log, replayed, gives the stories.
    ChangeLog,
    /// What editors decided holds.
    Corrections,
    /// Every article can be found by its words.
    FullText,
    /// What is saved of the writer's memory is whole and belongs to this store.
    Derived,
}

impl Part {
    /// What it is called to people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Database => "database",
            Self::References => "references",
            Self::Placements => "placements",
            Self::NearDuplicates => "near-duplicates",
            Self::Counts => "counts",
            Self::Vectors => "vectors",
            Self::Links => "links",
            Self::ChangeLog => "change log",
            Self::Corrections => "corrections",
            Self::FullText => "full text",
            Self::Derived => "derived files",
        }
    }

    /// What helps when it is in trouble.
    pub fn remedy(self) -> &'static str {
        match self {
            Self::Counts | Self::FullText | Self::Derived => "run `silsila check --repair`",
            _ => "restore a backup; keep this folder, and report it",
        }
    }
}

/// One check and what it found.
#[derive(Debug, Clone, Serialize)]
pub struct Checked {
    /// What was looked at.
    pub part: Part,
    /// Whether all is well.
    pub ok: bool,
    /// How much was looked at, in words.
    pub found: String,
    /// What is wrong, at most some of it.
    pub troubles: Vec<String>,
    /// Troubles beyond those.
    pub more: usize,
}

impl Checked {
    /// From what was looked at and what is wrong.
    pub fn new(part: Part, found: String, troubles: Troubles) -> Self {
        Self {
            part,
            ok: troubles.shown.is_empty(),
            found,
            troubles: troubles.shown,
            more: troubles.more,
        }
    }
}

/// Troubles, as they are found.
#[derive(Debug, Default)]
pub struct Troubles {
    shown: Vec<String>,
    more: usize,
}

impl Troubles {
    /// One more.
    pub fn add(&mut self, trouble: impl Into<String>) {
        match self.shown.len() < SHOWN {
            true => self.shown.push(trouble.into()),
            false => self.more += 1,
        }
    }
}

/// What was repaired.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Repaired {
    /// Articles whose words are indexed anew.
    pub indexed: usize,
    /// Stories that are counted and labelled anew.
    pub counted: usize,
}

/// Looks through one part of the store.
type Look = fn(&Connection) -> Found;

type Found = Result<(String, Troubles), StoreError>;

impl Store {
    /// Looks at everything, on one snapshot.
    ///
    /// # Errors
    /// When there is no snapshot to be had; a check that cannot be made is one that found trouble.
    pub fn check(&self) -> Result<Vec<Checked>, StoreError> {
        let checks: [(Part, Look); 10] = [
            (Part::Database, database),
            (Part::References, references),
            (Part::Placements, placements),
            (Part::NearDuplicates, near_duplicates),
            (Part::Counts, counts),
            (Part::Vectors, vectors),
            (Part::Links, links),
            (Part::ChangeLog, change_log),
            (Part::Corrections, corrections),
            (Part::FullText, full_text),
        ];
        // A connection of its own: SQLite's check of the full-text index believes what an older one still remembers.
        let mut own = reader(&self.file)?;
        let connection = own.transaction_with_behavior(TransactionBehavior::Deferred)?;
        let look = |(part, check): (Part, Look)| match check(&connection) {
            Ok((found, troubles)) => Checked::new(part, found, troubles),
            Err(error) => {
                let mut troubles = Troubles::default();
                troubles.add(format!("cannot be looked at: {error}"));
                Checked::new(part, "nothing".to_owned(), troubles)
            }
        };
        Ok(checks.into_iter().map(look).collect())
    }

    /// Makes the full-text index and the stories' counts and labels anew, those of them that are among `parts`.
    ///
    /// # Errors
    /// When the store cannot be written; what was repaired stays so.
    pub fn repair(&self, parts: &[Part], rules: &Rules, now: DateTime<Utc>) -> Result<Repaired, StoreError> {
        let mut repaired = Repaired::default();
        if parts.contains(&Part::FullText) {
            repaired.indexed = self.index_texts_anew()?;
        }
        if parts.contains(&Part::Counts) {
            let wrong = self.read(miscounted)?;
            for stories in wrong.chunks(AT_ONCE) {
                let mut connection = self.writer()?;
                let transaction = connection.transaction()?;
                for (story, _) in stories {
                    recount(&transaction, *story, now)?;
                    label(&transaction, *story, rules)?;
                }
                transaction.commit()?;
            }
            repaired.counted = wrong.len();
        }
        Ok(repaired)
    }

    /// In one transaction: readers find everything or what they found before.
    pub(super) fn index_texts_anew(&self) -> Result<usize, StoreError> {
        let mut connection = self.writer()?;
        let transaction = connection.transaction()?;
        let schema: String =
            transaction.query_row("SELECT sql FROM sqlite_schema WHERE name = 'search'", [], |row| {
                row.get(0)
            })?;
        transaction.execute_batch(&format!("DROP TABLE search; {schema}"))?;
        let indexed = index_texts(&transaction)?;
        transaction.commit()?;
        Ok(indexed)
    }
}

/// Fills an empty full-text index; how many articles there are.
pub(super) fn index_texts(transaction: &Transaction<'_>) -> Result<usize, StoreError> {
    let (mut after, mut indexed) = (0, 0);
    loop {
        let texts: Vec<(i64, String, String)> = transaction
            .prepare_cached("SELECT number, title, text FROM articles WHERE number > ?1 ORDER BY number LIMIT ?2")?
            .query_map([after, AT_ONCE as i64], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })?
            .collect::<Result<_, _>>()?;
        for (number, title, text) in &texts {
            index_text(transaction, *number, title, text)?;
        }
        indexed += texts.len();
        match texts.last() {
            Some((last, ..)) => after = *last,
            None => return Ok(indexed),
        }
    }
}

/// A trouble for each row of a query, in words.
fn each_row(
    connection: &Connection,
    query: &str,
    words: impl Fn(&rusqlite::Row<'_>) -> rusqlite::Result<String>,
) -> Result<Troubles, StoreError> {
    let mut troubles = Troubles::default();
    let mut statement = connection.prepare(query)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        troubles.add(words(row)?);
    }
    Ok(troubles)
}

fn number(connection: &Connection, query: &str) -> Result<u64, StoreError> {
    Ok(connection.query_row(query, [], |row| row.get::<_, i64>(0))? as u64)
}

fn database(connection: &Connection) -> Found {
    let mut troubles = Troubles::default();
    let mut statement = connection.prepare(&format!("PRAGMA integrity_check({})", SHOWN * 2))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let said: String = row.get(0)?;
        // What is only derived is told of where it belongs.
        for line in said.lines().filter(|line| *line != "ok" && !is_of_full_text(line)) {
            troubles.add(line);
        }
    }
    Ok((format!("{} pages", number(connection, "PRAGMA page_count")?), troubles))
}

/// Whether SQLite complains of the full-text index.
fn is_of_full_text(line: &str) -> bool {
    line.to_ascii_lowercase().contains("fts5")
}

fn references(connection: &Connection) -> Found {
    let troubles = each_row(connection, "PRAGMA foreign_key_check", |row| {
        let (table, parent): (String, String) = (row.get(0)?, row.get(2)?);
        let row: Option<i64> = row.get(1)?;
        Ok(format!(
            "row {} of {table} names one of {parent} that is missing",
            row.unwrap_or_default()
        ))
    })?;
    Ok(("every row that names another".to_owned(), troubles))
}

fn placements(connection: &Connection) -> Found {
    let troubles = each_row(
        connection,
        "SELECT a.id, a.state, s.id, s.state FROM articles a LEFT JOIN stories s ON s.number = a.story
         WHERE (a.state = 'placed') <> (s.id IS NOT NULL) OR s.state = 'merged' OR s.merged_into IS NOT NULL
            OR (a.state = 'placed' AND a.placement IS NULL AND a.placement_dropped_at IS NULL)
         ORDER BY a.number",
        |row| {
            let (article, state): (String, String) = (row.get(0)?, row.get(1)?);
            let (story, story_state): (Option<String>, Option<String>) = (row.get(2)?, row.get(3)?);
            Ok(format!(
                "article {article:?} is {state}, its story is {} ({})",
                story.as_deref().unwrap_or("none"),
                story_state.as_deref().unwrap_or("-")
            ))
        },
    )?;
    let placed = number(connection, "SELECT count(*) FROM articles WHERE state = 'placed'")?;
    let waiting = number(connection, "SELECT count(*) FROM articles WHERE state = 'queued'")?;
    Ok((format!("{placed} placed articles, {waiting} wait"), troubles))
}

fn near_duplicates(connection: &Connection) -> Found {
    let troubles = each_row(
        connection,
        "SELECT a.id, o.id, a.story, o.story, o.original IS NOT NULL FROM articles a LEFT JOIN articles o ON o.number = a.original
         WHERE a.original IS NOT NULL AND (o.number IS NULL OR a.story IS NOT o.story OR o.original IS NOT NULL)
         ORDER BY a.number",
        |row| {
            let (article, original): (String, Option<String>) = (row.get(0)?, row.get(1)?);
            let (own, theirs): (Option<i64>, Option<i64>) = (row.get(2)?, row.get(3)?);
            let shown = |story: Option<i64>| story.map_or("no story".to_owned(), |story| format!("s{story}"));
            Ok(match original {
                None => format!("article {article:?} repeats one that is missing"),
                Some(original) if row.get(4)? => format!("article {article:?} repeats {original:?}, which repeats another"),
                Some(original) => format!(
                    "article {article:?} is in {}, but {original:?}, whose text it repeats, is in {}",
                    shown(own),
                    shown(theirs)
                ),
            })
        },
    )?;
    let found = number(connection, "SELECT count(*) FROM articles WHERE original IS NOT NULL")?;
    Ok((format!("{found} near-duplicates"), troubles))
}

/// Stories whose counts are not what their members say, each with words for it.
fn miscounted(connection: &Connection) -> Result<Vec<(u64, String)>, StoreError> {
    let mut languages: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    let mut statement = connection.prepare(
        "SELECT story, lang FROM articles WHERE story IS NOT NULL GROUP BY story, lang ORDER BY story, count(*) DESC, lang",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        languages.entry(row.get(0)?).or_default().push(row.get(1)?);
    }
    let mut statement = connection.prepare(
        "SELECT s.number, s.languages, s.articles, coalesce(m.articles, 0), s.sources,
           s.articles IS NOT coalesce(m.articles, 0) OR s.near_duplicates IS NOT coalesce(m.near_duplicates, 0)
           OR s.started IS NOT m.started OR s.latest IS NOT m.latest
         FROM stories s LEFT JOIN (SELECT story, count(*) AS articles, count(original) AS near_duplicates,
           min(published_s) AS started, max(published_s) AS latest FROM articles GROUP BY story) m ON m.story = s.number
         ORDER BY s.number",
    )?;
    let mut rows = statement.query([])?;
    let mut wrong = Vec::new();
    while let Some(row) = rows.next()? {
        let story: i64 = row.get(0)?;
        let told: Vec<String> = serde_json::from_str(&row.get::<_, String>(1)?)?;
        let (said, counted): (i64, i64) = (row.get(2)?, row.get(3)?);
        let told_sources: i64 = row.get(4)?;
        let differs = row.get(5)?
            || told_sources != sources(connection, story as u64)? as i64
            || languages.remove(&story).unwrap_or_default() != told;
        if differs {
            let words = match said == counted {
                true => format!("s{story} does not say what its {counted} members say (sources, languages or times)"),
                false => format!("s{story} says {said} articles and has {counted}"),
            };
            wrong.push((story as u64, words));
        }
    }
    Ok(wrong)
}

fn counts(connection: &Connection) -> Found {
    let mut troubles = Troubles::default();
    for (_, words) in miscounted(connection)? {
        troubles.add(words);
    }
    let stories = number(connection, "SELECT count(*) FROM stories")?;
    Ok((format!("{stories} stories"), troubles))
}

fn vectors(connection: &Connection) -> Found {
    let model: Option<String> = super::write::fact(connection, "model")?;
    let dimension = model
        .map(|model| serde_json::from_str::<serde_json::Value>(&model))
        .transpose()?
        .and_then(|model| model.get("dimension")?.as_u64());
    let mut troubles = each_row(
        connection,
        "SELECT a.id, a.original IS NULL FROM articles a LEFT JOIN vectors v ON v.article = a.number
         WHERE a.state = 'placed' AND (v.article IS NULL) <> (a.original IS NOT NULL OR a.vector_dropped_at IS NOT NULL)
         ORDER BY a.number",
        |row| {
            let article: String = row.get(0)?;
            Ok(match row.get(1)? {
                true => format!("article {article:?} has no vector"),
                false => {
                    format!("article {article:?} has a vector, though it repeats another's text or its own was dropped")
                }
            })
        },
    )?;
    let mut looked_at = 0;
    let mut statement = connection.prepare("SELECT article, vector FROM vectors ORDER BY article")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        looked_at += 1;
        let article: i64 = row.get(0)?;
        let bytes = row.get_ref(1)?.as_blob().unwrap_or_default();
        let (numbers, rest) = bytes.as_chunks::<4>();
        let length = numbers
            .iter()
            .map(|number| f64::from(f32::from_le_bytes(*number)).powi(2))
            .sum::<f64>()
            .sqrt();
        if !rest.is_empty() || dimension.is_some_and(|dimension| dimension != numbers.len() as u64) {
            troubles.add(format!(
                "the vector of article number {article} has {} bytes, the model's have {}",
                bytes.len(),
                dimension.unwrap_or_default() * 4
            ));
        } else if (length - 1.0).abs() > LENGTH_SLACK || !length.is_finite() {
            troubles.add(format!("the vector of article number {article} is no unit vector"));
        }
    }
    Ok((
        format!("{looked_at} vectors of dimension {}", dimension.unwrap_or_default()),
        troubles,
    ))
}

fn links(connection: &Connection) -> Found {
    let troubles = each_row(
        connection,
        "SELECT e.a, e.b FROM edges e LEFT JOIN articles x ON x.number = e.a LEFT JOIN articles y ON y.number = e.b
         WHERE x.number IS NULL OR y.number IS NULL OR e.a = e.b OR x.state <> 'placed' OR y.state <> 'placed'",
        |row| {
            let (a, b): (i64, i64) = (row.get(0)?, row.get(1)?);
            Ok(format!("a link from article number {b} to {a} leads astray"))
        },
    )?;
    Ok((
        format!("{} links", number(connection, "SELECT count(*) FROM edges")?),
        troubles,
    ))
}

fn change_log(connection: &Connection) -> Found {
    let told = replay(connection, None)?;
    let mut troubles = Troubles::default();
    let (faults, more) = told.faults();
    faults.iter().for_each(|fault| troubles.add(fault.as_str()));
    troubles.more += more;
    let mut known = 0;
    let mut statement =
        connection.prepare("SELECT number, story FROM articles WHERE story IS NOT NULL ORDER BY number")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        known += 1;
        let (article, story) = (row.get::<_, i64>(0)? as u64, row.get::<_, i64>(1)? as u64);
        match told.placed().get(&article) {
            Some(said) if *said == story => {}
            said => troubles.add(format!(
                "article number {article} is in s{story}, the log says {}",
                said.map_or("in none".to_owned(), |said| format!("in s{said}"))
            )),
        }
    }
    if known < told.placed().len() {
        let extra = told.placed().len() - known;
        troubles.add(format!("the log has {extra} articles in stories that are in none here"));
    }
    let mut stories = BTreeSet::new();
    let mut statement =
        connection.prepare("SELECT number, state, merged_into, split_from FROM stories ORDER BY number")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let story = row.get::<_, i64>(0)? as u64;
        stories.insert(story);
        let state: String = row.get(1)?;
        let whole =
            |at| -> rusqlite::Result<Option<u64>> { Ok(row.get::<_, Option<i64>>(at)?.map(|number| number as u64)) };
        let (merged_into, split_from) = (whole(2)?, whole(3)?);
        let Some(said) = told.stories().get(&story) else {
            troubles.add(format!("s{story} is not in the log"));
            continue;
        };
        if told.state(story) != Some(state.as_str()) {
            let said = told.state(story).unwrap_or_default();
            troubles.add(format!("s{story} is {state}, the log says {said}"));
        }
        if told.merged_into(story) != merged_into || said.split_from != split_from {
            troubles.add(format!("where s{story} comes from or goes on is not what the log says"));
        }
    }
    if told.stories().keys().any(|story| !stories.contains(story)) {
        troubles.add("the log has stories that are not here");
    }
    Ok((format!("{} changes", told.newest()), troubles))
}

fn corrections(connection: &Connection) -> Found {
    let mut troubles = each_row(
        connection,
        "SELECT p.correction, a.id, b.id FROM apart p JOIN corrections c ON c.number = p.correction
           JOIN articles a ON a.number = p.a JOIN articles b ON b.number = p.b
         WHERE c.undone_at IS NULL AND a.story = b.story",
        |row| {
            let (correction, a, b): (i64, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok(format!(
                "correction {correction} keeps {a:?} and {b:?} apart, but they are in one story"
            ))
        },
    )?;
    let held = each_row(
        connection,
        "SELECT h.correction, a.id, s.id FROM holds h JOIN articles a ON a.number = h.article
           JOIN stories s ON s.number = h.story
         WHERE h.correction = (SELECT max(l.correction) FROM holds l JOIN corrections c ON c.number = l.correction
                               WHERE l.article = h.article AND c.undone_at IS NULL)
           AND a.story IS NOT coalesce(s.merged_into, s.number)",
        |row| {
            let (correction, article, story): (i64, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok(format!(
                "correction {correction} holds {article:?} in {story}, but it is not there"
            ))
        },
    )?;
    held.shown.into_iter().for_each(|trouble| troubles.add(trouble));
    troubles.more += held.more;
    let made = number(connection, "SELECT count(*) FROM corrections")?;
    Ok((format!("{made} corrections"), troubles))
}

fn full_text(connection: &Connection) -> Found {
    let mut troubles = each_row(
        connection,
        &format!(
            "SELECT a.id, 0 FROM articles a LEFT JOIN search_docsize d ON d.id = a.search_row WHERE d.id IS NULL
         UNION ALL SELECT CAST(d.id & {NUMBER} AS TEXT), 1 FROM search_docsize d
         LEFT JOIN articles a ON a.number = d.id & {NUMBER} WHERE a.search_row IS NOT d.id"
        ),
        |row| {
            let article: String = row.get(0)?;
            Ok(match row.get::<_, i64>(1)? {
                0 => format!("article {article:?} cannot be found by its words"),
                _ => format!("words of article number {article} are kept, but not the article"),
            })
        },
    )?;
    let said: String = connection.query_row("PRAGMA integrity_check(search)", [], |row| row.get(0))?;
    said.lines()
        .filter(|line| is_of_full_text(line))
        .for_each(|line| troubles.add(line));
    let indexed = number(connection, "SELECT count(*) FROM search_docsize")?;
    Ok((format!("{indexed} articles"), troubles))
}
