//! Store: the truth, on disk. SQLite in WAL mode behind a narrow boundary: no SQL and no rusqlite type is visible
//! outside this module, so that another database can take its place.
//!
//! In: accepted articles and committed batches ([`write`], used by the pipeline alone). Out: what readers ask for
//! ([`read`]). Never decides about stories. One process at a time writes a data folder: it is locked.

pub mod read;
pub mod write;

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

/// Migrations in their order; the schema's version is the number of those applied.
const MIGRATIONS: [&str; 1] = [include_str!("migrations/0001.sql")];
/// The database's file in the data folder.
const FILE: &str = "silsila.db";
/// Read connections that are kept for the next reader.
const IDLE_READERS: usize = 8;

/// Why the store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has the folder.
    #[error("the data folder {0} is in use by another silsila; stop that one, or give another --data-dir")]
    Locked(PathBuf),
    /// Written by a later program.
    #[error("the data folder has schema {found}, this program knows up to {known}; install the newer silsila")]
    Newer {
        /// Version of the data.
        found: usize,
        /// Version of the program.
        known: usize,
    },
    /// No room.
    #[error("the disk is full; free some space, nothing that was acknowledged is lost")]
    Full,
    /// Cannot be written.
    #[error("the data folder is read-only; make it writable for this user")]
    ReadOnly,
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
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged(error.to_string()),
            _ => Self::Sql(error),
        }
    }
}

/// An open data folder.
#[derive(Debug)]
pub struct Store {
    file: PathBuf,
    writer: Mutex<Connection>,
    readers: Mutex<Vec<Connection>>,
    /// Held until the store is dropped.
    _lock: File,
}

impl Store {
    /// Opens the store in `dir`, makes it when there is none, and brings its schema up to date.
    ///
    /// # Errors
    /// When the folder is in use, newer than the program, or cannot be read and written.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        std::fs::create_dir_all(dir)?;
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(dir.join("lock"))?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => StoreError::Locked(dir.to_owned()),
            TryLockError::Error(error) => StoreError::Io(error),
        })?;
        let file = dir.join(FILE);
        let mut writer = Connection::open(&file)?;
        writer.pragma_update(None, "journal_mode", "WAL")?;
        // An acknowledged article survives the loss of power.
        writer.pragma_update(None, "synchronous", "FULL")?;
        writer.pragma_update(None, "foreign_keys", true)?;
        writer.busy_timeout(std::time::Duration::from_secs(10))?;
        writer.set_prepared_statement_cache_capacity(64);
        migrate(&mut writer)?;
        Ok(Self {
            file,
            writer: Mutex::new(writer),
            readers: Mutex::new(Vec::new()),
            _lock: lock,
        })
    }

    /// The connection that writes. A panic while it was held has rolled its transaction back.
    fn writer(&self) -> Result<MutexGuard<'_, Connection>, StoreError> {
        Ok(self.writer.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Runs queries on one snapshot; never waits for the writer.
    fn read<T>(&self, query: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let idle = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => self.reader()?,
        };
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Deferred)?;
        let answer = query(&transaction);
        drop(transaction);
        let mut idle = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE_READERS {
            idle.push(connection);
        }
        answer
    }

    fn reader(&self) -> Result<Connection, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.file, flags)?;
        connection.busy_timeout(std::time::Duration::from_secs(10))?;
        connection.set_prepared_statement_cache_capacity(64);
        Ok(connection)
    }
}

fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let found: usize = connection.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0))? as usize;
    if found > MIGRATIONS.len() {
        return Err(StoreError::Newer {
            found,
            known: MIGRATIONS.len(),
        });
    }
    for (number, migration) in MIGRATIONS.iter().enumerate().skip(found) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(migration)?;
        transaction.pragma_update(None, "user_version", (number + 1) as i64)?;
        transaction.commit()?;
    }
    Ok(())
}
