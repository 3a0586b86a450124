//! Store: the truth, on disk. SQLite in WAL mode behind a narrow boundary: no SQL and no rusqlite type is visible
//! outside this module, so that another database can take its place.
//!
//! In: accepted articles and committed batches ([`write`], used by the pipeline alone). Out: what readers ask for
//! ([`read`]). Never decides about stories. One process at a time writes a data folder: it is locked.

pub mod backup;
pub mod check;
pub mod read;
pub mod replay;
pub mod transfer;
pub mod write;

use std::collections::VecDeque;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};
use tokio::sync::watch;

use crate::story::labels::Rules;

/// Migrations in their order; the schema's version is the number of those applied.
const MIGRATIONS: [&str; 12] = [
    include_str!("migrations/0001.sql"),
    include_str!("migrations/0002.sql"),
    include_str!("migrations/0003.sql"),
    include_str!("migrations/0004.sql"),
    include_str!("migrations/0005.sql"),
    include_str!("migrations/0006.sql"),
    include_str!("migrations/0007.sql"),
    include_str!("migrations/0008.sql"),
    include_str!("migrations/0009.sql"),
    include_str!("migrations/0010.sql"),
    include_str!("migrations/0011.sql"),
    include_str!("migrations/0012.sql"),
];
/// The newest schema that this program knows.
const KNOWN: i64 = MIGRATIONS.len() as i64;
/// The migration behind which the full-text index is filled anew.
const SEARCH_ANEW: i64 = 10;
/// Written and removed again to see whether there is room.
const TRIAL_FILE: &str = "trial";
/// Bytes of it: a page of the database.
const TRIAL_BYTES: usize = 4096;
/// The database's file in the data folder.
const FILE: &str = "silsila.db";
/// The folder in the data folder of what can be made again from the database.
pub const DERIVED: &str = "derived";
/// Read connections that are kept for the next reader.
const IDLE_READERS: usize = 8;

/// Why the store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has the folder.
    #[error("the data folder {0} is in use by another silsila; stop that one, or give another --data-dir")]
    Locked(PathBuf),
    /// Written by a later program.
    #[error("the data folder {dir} has schema {found}, this program knows up to {known}; install the newer silsila")]
    Newer {
        /// The folder.
        dir: PathBuf,
        /// Version of the data.
        found: i64,
        /// Version of the program.
        known: i64,
    },
    /// Written by an earlier program, and opened for reading only.
    #[error("the data folder {dir} has schema {found}, this program reads {known}; run `silsila serve` on it once")]
    Older {
        /// The folder.
        dir: PathBuf,
        /// Version of the data.
        found: i64,
        /// Version of the program.
        known: i64,
    },
    /// Nothing to read.
    #[error("there is no store in {0}; give the --data-dir that `silsila serve` or `silsila ingest` uses")]
    Missing(PathBuf),
    /// No room.
    #[error("the disk is full; free some space, nothing that was acknowledged is lost")]
    Full,
    /// Cannot be written.
    #[error("the data folder is read-only; make it writable for this user")]
    ReadOnly,
    /// The disk refuses to be read or written.
    #[error(
        "the disk does not do what it is asked ({0}); nothing that was acknowledged is lost, look at the system's log"
    )]
    Disk(String),
    /// Not a database, or a damaged one.
    #[error("the database is damaged ({0}); restore a backup")]
    Damaged(String),
    /// Folder or file trouble.
    #[error("the data folder cannot be used: {0}")]
    Io(#[from] io::Error),
    /// A JSON column that is none.
    #[error("the store holds unreadable JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// Anything else the database says.
    #[error("the store failed: {0}")]
    Sql(rusqlite::Error),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::ReadOnly) => Self::ReadOnly,
            Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen) => Self::Disk(error.to_string()),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged(error.to_string()),
            _ => Self::Sql(error),
        }
    }
}

/// Stories of a list in its order: what each is sorted by, and its number.
type OrderedList = Arc<Vec<(read::Key, i64)>>;

/// An open data folder.
#[derive(Debug)]
pub struct Store {
    file: PathBuf,
    writer: Mutex<Connection>,
    readers: Mutex<Vec<Connection>>,
    /// The number of the newest change, for those who wait for the next one.
    newest: watch::Sender<u64>,
    /// Lists of earlier moments, by name, for the next pages of their walks.
    lists_then: Mutex<VecDeque<(String, OrderedList)>>,
    /// What stories are labelled by, once the writer has said it: a revision of an article labels its story anew.
    rules: Mutex<Option<Rules>>,
    /// Held until the store is dropped; none when it is open for reading only.
    _lock: Option<File>,
}

impl Store {
    /// Opens the store in `dir`, makes it when there is none, and brings its schema up to date.
    ///
    /// # Errors
    /// When the folder is in use, newer than the program, or cannot be read and written.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        std::fs::create_dir_all(dir)?;
        let lock = lock(dir)?;
        let file = dir.join(FILE);
        let mut writer = Connection::open(&file)?;
        writer.pragma_update(None, "journal_mode", "WAL")?;
        // An acknowledged article survives the loss of power.
        writer.pragma_update(None, "synchronous", "FULL")?;
        writer.pragma_update(None, "foreign_keys", true)?;
        writer.busy_timeout(std::time::Duration::from_secs(10))?;
        writer.set_prepared_statement_cache_capacity(64);
        migrate(&mut writer, dir)?;
        let newest = newest_change(&writer)?;
        Ok(Self {
            newest: watch::Sender::new(newest),
            lists_then: Mutex::default(),
            rules: Mutex::default(),
            file,
            writer: Mutex::new(writer),
            readers: Mutex::new(Vec::new()),
            _lock: Some(lock),
        })
    }

    /// Opens the store in `dir` for reading only, beside a service that may be writing it.
    ///
    /// # Errors
    /// When there is none, or it is of another schema.
    pub fn open_to_read(dir: &Path) -> Result<Self, StoreError> {
        let file = dir.join(FILE);
        if !file.is_file() {
            return Err(StoreError::Missing(dir.to_owned()));
        }
        let connection = reader(&file)?;
        let found = version(&connection, dir)?;
        if found < KNOWN {
            return Err(StoreError::Older {
                dir: dir.to_owned(),
                found,
                known: KNOWN,
            });
        }
        Ok(Self {
            newest: watch::Sender::new(newest_change(&connection)?),
            lists_then: Mutex::default(),
            rules: Mutex::default(),
            file,
            writer: Mutex::new(connection),
            readers: Mutex::new(Vec::new()),
            _lock: None,
        })
    }

    /// The data folder.
    pub fn dir(&self) -> &Path {
        self.file.parent().unwrap_or(Path::new("."))
    }

    /// Tries whether the store can be written: a row in a transaction that is rolled back, and a page's worth of bytes
    /// beside the database, since what is rolled back never reaches a full disk.
    ///
    /// # Errors
    /// Why it cannot be written.
    pub fn check_writable(&self) -> Result<(), StoreError> {
        let mut connection = self.writer()?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute("INSERT INTO meta (key, value) VALUES ('trial', '')", [])?;
        transaction.rollback()?;
        let trial = self.file.with_file_name(TRIAL_FILE);
        let written = File::create(&trial).and_then(|mut file| {
            file.write_all(&[0; TRIAL_BYTES])?;
            file.sync_data()
        });
        let removed = std::fs::remove_file(&trial);
        drop(connection);
        written.and(removed).map_err(of_writing)
    }

    /// The connection that writes. A panic while it was held has rolled its transaction back.
    fn writer(&self) -> Result<MutexGuard<'_, Connection>, StoreError> {
        Ok(self.writer.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Wakes who waits for changes, after a commit. Costs one look at the end of the log, however many wait.
    fn announce(&self, writer: &Connection) {
        match newest_change(writer) {
            Ok(number) => {
                self.newest
                    .send_if_modified(|newest| std::mem::replace(newest, number) != number);
            }
            Err(error) => tracing::error!(%error, "who waits for changes could not be told of one"),
        }
    }

    /// The number of the newest change, to wait for the next one. It stands still for a store opened for reading only.
    pub fn newest(&self) -> watch::Receiver<u64> {
        self.newest.subscribe()
    }

    /// Runs queries on one snapshot; never waits for the writer.
    fn read<T>(&self, query: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.on_snapshot(query)
    }

    /// As [`Store::read`], for a caller with errors of its own.
    fn on_snapshot<T, E: From<StoreError>>(&self, query: impl FnOnce(&Connection) -> Result<T, E>) -> Result<T, E> {
        let idle = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => reader(&self.file)?,
        };
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Deferred)
            .map_err(StoreError::from)?;
        let answer = query(&transaction);
        drop(transaction);
        let mut idle = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE_READERS {
            idle.push(connection);
        }
        answer
    }
}

/// Why a file cannot be written.
fn of_writing(error: io::Error) -> StoreError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::Full,
        io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => StoreError::ReadOnly,
        _ => StoreError::Io(error),
    }
}

/// Keeps other processes out of a data folder as long as the file is open.
fn lock(dir: &Path) -> Result<File, StoreError> {
    let lock = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(dir.join("lock"))
        .map_err(of_writing)?;
    lock.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => StoreError::Locked(dir.to_owned()),
        TryLockError::Error(error) => StoreError::Io(error),
    })?;
    Ok(lock)
}

fn reader(file: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    connection.busy_timeout(std::time::Duration::from_secs(10))?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

fn newest_change(connection: &Connection) -> Result<u64, StoreError> {
    let newest: i64 = connection
        .prepare_cached("SELECT coalesce(max(number), 0) FROM changes")?
        .query_row([], |row| row.get(0))?;
    Ok(newest as u64)
}

/// The version of the schema in a data folder; refuses one that a later program has written.
fn version(connection: &Connection, dir: &Path) -> Result<i64, StoreError> {
    let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    match found > KNOWN {
        true => Err(StoreError::Newer {
            dir: dir.to_owned(),
            found,
            known: KNOWN,
        }),
        false => Ok(found),
    }
}

fn migrate(connection: &mut Connection, dir: &Path) -> Result<(), StoreError> {
    let found = version(connection, dir)?;
    for (number, migration) in (1..).zip(MIGRATIONS).filter(|(number, _)| *number > found) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(migration)?;
        if number == SEARCH_ANEW {
            check::index_texts(&transaction)?;
        }
        transaction.pragma_update(None, "user_version", number)?;
        transaction.commit()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_schema_is_refused_by_name_and_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        drop(Store::open(dir.path()).unwrap());
        let file = dir.path().join(FILE);
        Connection::open(&file)
            .unwrap()
            .pragma_update(None, "user_version", 99)
            .unwrap();
        for opened in [Store::open(dir.path()), Store::open_to_read(dir.path())] {
            let said = opened.unwrap_err().to_string();
            assert!(
                said.contains(&dir.path().display().to_string())
                    && said.contains("schema 99")
                    && said.contains("newer"),
                "{said}"
            );
        }
        let found: i64 = Connection::open(&file)
            .unwrap()
            .query_row("PRAGMA user_version", [], |row| row.get(0))
            .unwrap();
        assert_eq!(found, 99);
    }

    #[test]
    fn migrations_are_applied_once_and_an_older_schema_is_not_read_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        assert!(matches!(Store::open_to_read(dir.path()), Err(StoreError::Missing(_))));
        Store::open(dir.path()).unwrap().set_fact("kept", "yes").unwrap();
        assert_eq!(
            Store::open(dir.path()).unwrap().fact("kept").unwrap().as_deref(),
            Some("yes")
        );
        let file = dir.path().join(FILE);
        Connection::open(file)
            .unwrap()
            .pragma_update(None, "user_version", 0)
            .unwrap();
        assert!(matches!(
            Store::open_to_read(dir.path()),
            Err(StoreError::Older { found: 0, .. })
        ));
    }

    #[test]
    fn one_process_writes_a_folder_and_others_may_read_it() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let said = Store::open(dir.path()).unwrap_err().to_string();
        assert!(said.contains("in use by another silsila"), "{said}");
        let beside = Store::open_to_read(dir.path()).unwrap();
        assert!(beside.set_fact("key", "value").is_err());
        store.set_fact("key", "value").unwrap();
        assert_eq!(beside.fact("key").unwrap().as_deref(), Some("value"));
        drop(store);
        assert!(Store::open(dir.path()).is_ok());
    }

    #[test]
    fn a_trial_finds_a_store_that_cannot_be_written_and_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        store.check_writable().unwrap();
        assert_eq!(store.fact("trial").unwrap(), None);
        assert!(!dir.path().join(TRIAL_FILE).exists());
        store.writer().unwrap().pragma_update(None, "query_only", true).unwrap();
        assert!(matches!(store.check_writable(), Err(StoreError::ReadOnly)));
        store
            .writer()
            .unwrap()
            .pragma_update(None, "query_only", false)
            .unwrap();
        std::fs::create_dir(dir.path().join(TRIAL_FILE)).unwrap();
        assert!(matches!(store.check_writable(), Err(StoreError::Io(_))));
    }
}
