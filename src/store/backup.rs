//! A copy of the store, made while a service writes it, and put back.
//!
//! A backup is one SQLite file: no log beside it, checked page by page, flushed, and under its name only when it is
//! complete. What can be made again from the store (the derived files) is not in it.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};
use serde::Serialize;

use super::{DERIVED, FILE, KNOWN, StoreError, lock, reader, version};

/// Pages that are copied before the progress is told.
const STEP_PAGES: i32 = 4096;
/// Added to a name while the file is not complete.
const PARTIAL: &str = ".partial";
/// The database's write-ahead log: with what is not in the database yet.
const LOG: &str = "silsila.db-wal";

/// Why a backup cannot be made or put back.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// Backups are never overwritten.
    #[error("{0} is there already; a backup is never overwritten, give another name or a folder")]
    Exists(PathBuf),
    /// Another backup to the same name is being made, or one was interrupted.
    #[error("{0} is there: another backup is being made, or one was interrupted; remove it when none is")]
    Unfinished(PathBuf),
    /// The folder holds a store.
    #[error("{0} holds a store; with --force it is moved aside (not deleted) and the backup takes its place")]
    Occupied(PathBuf),
    /// The file is no backup, or damaged.
    #[error("{file} cannot be restored: {why}")]
    Unsound {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// Written by a later program.
    #[error("{file} has schema {found}, this program knows up to {known}; install the newer silsila")]
    Newer {
        /// The file.
        file: PathBuf,
        /// Version of the data.
        found: i64,
        /// Version of the program.
        known: i64,
    },
    /// The disk refuses.
    #[error("cannot {action} {}: {source}", path.display())]
    Disk {
        /// What was tried.
        action: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The store cannot be read, or the data folder cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<rusqlite::Error> for BackupError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

fn disk(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> BackupError {
    let path = path.to_owned();
    move |source| BackupError::Disk { action, path, source }
}

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// The file.
    pub file: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// Version of the schema.
    pub schema: i64,
    /// Articles in it.
    pub articles: u64,
    /// Number of the newest change in it.
    pub change: u64,
}

/// Copies the store in `dir` to a new file, beside a service that may be writing it: what is copied is the moment of the
/// call. `to` is a file's name, or a folder, in which the file is named after that moment. `progress` is told pages that
/// remain and pages in all. `compact` gives back the room of what was dropped, and takes longer.
///
/// # Errors
/// When the file exists, the store is damaged or newer, or the disk refuses; nothing is left under the name then.
pub fn backup(
    dir: &Path,
    to: &Path,
    compact: bool,
    now: DateTime<Utc>,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Summary, BackupError> {
    let source_file = dir.join(FILE);
    if !source_file.is_file() {
        return Err(StoreError::Missing(dir.to_owned()).into());
    }
    let file = match to.is_dir() {
        true => to.join(format!("silsila-{}.db", now.format("%Y%m%dT%H%M%SZ"))),
        false => to.to_owned(),
    };
    if file.symlink_metadata().is_ok() {
        return Err(BackupError::Exists(file));
    }
    let source = reader(&source_file)?;
    version(&source, dir)?;
    let partial = with_ending(&file, PARTIAL);
    File::create_new(&partial).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => BackupError::Unfinished(partial.clone()),
        _ => disk("write", &partial)(error),
    })?;
    let made = copy(&source, &partial, compact, progress)
        .and_then(|()| summary(&partial))
        .and_then(|found| {
            if file.symlink_metadata().is_ok() {
                return Err(BackupError::Exists(file.clone()));
            }
            put_in_place(&partial, &file)?;
            Ok(found)
        });
    match made {
        Ok(found) => Ok(Summary { file, ..found }),
        Err(error) => {
            // The error that led here is what counts.
            let _ = fs::remove_file(&partial);
            let _ = fs::remove_file(with_ending(&partial, "-journal"));
            Err(error)
        }
    }
}

/// Copies every page of one moment, and makes one file of it.
fn copy(
    source: &Connection,
    partial: &Path,
    compact: bool,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(), BackupError> {
    let mut target = Connection::open(partial)?;
    // A transaction on the source: the copy stays at this moment however long it takes and whatever is written meanwhile.
    source.execute_batch("BEGIN")?;
    source.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    {
        let copying = Backup::new(source, &mut target)?;
        loop {
            let step = copying.step(STEP_PAGES)?;
            let at = copying.progress();
            progress(at.remaining.unsigned_abs().into(), at.pagecount.unsigned_abs().into());
            match step {
                StepResult::Done => break,
                StepResult::More => {}
                _ => std::thread::sleep(Duration::from_millis(50)),
            }
        }
    }
    source.execute_batch("COMMIT")?;
    // Without a log of its own, so that the one file is everything.
    target.pragma_update(None, "journal_mode", "DELETE")?;
    if compact {
        target.execute_batch("VACUUM")?;
    }
    drop(target);
    sync(partial)
}

/// Looks at every page of a backup and says what is in it.
///
/// # Errors
/// When it is no store, damaged, or newer than the program.
pub fn summary(file: &Path) -> Result<Summary, BackupError> {
    let unsound = |why: String| BackupError::Unsound {
        file: file.to_owned(),
        why,
    };
    let bytes = fs::metadata(file).map_err(disk("read", file))?.len();
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let look = || -> Result<Result<Summary, String>, rusqlite::Error> {
        let connection = Connection::open_with_flags(file, flags)?;
        let number = |query: &str| connection.query_row(query, [], |row| row.get::<_, i64>(0));
        let schema = number("PRAGMA user_version")?;
        if schema > KNOWN {
            return Ok(Ok(Summary {
                file: file.to_owned(),
                bytes,
                schema,
                articles: 0,
                change: 0,
            }));
        }
        if schema == 0 {
            return Ok(Err("it is no store of silsila".to_owned()));
        }
        let said: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
        if said != "ok" {
            return Ok(Err(format!("it is damaged ({said})")));
        }
        let loose = connection.prepare("PRAGMA foreign_key_check")?.exists([])?;
        if loose {
            return Ok(Err("rows in it name others that are missing".to_owned()));
        }
        Ok(Ok(Summary {
            file: file.to_owned(),
            bytes,
            schema,
            articles: number("SELECT count(*) FROM articles")? as u64,
            change: number("SELECT coalesce(max(number), 0) FROM changes")? as u64,
        }))
    };
    match look() {
        Ok(Ok(found)) if found.schema > KNOWN => Err(BackupError::Newer {
            file: file.to_owned(),
            found: found.schema,
            known: KNOWN,
        }),
        Ok(Ok(found)) => Ok(found),
        Ok(Err(why)) => Err(unsound(why)),
        Err(error) => Err(unsound(error.to_string())),
    }
}

/// Puts a backup into a data folder, after looking at every page of it. What is in the folder already is refused or, with
/// `force`, moved into a folder beside it, which is the second part of the answer.
///
/// # Errors
/// When the backup is unsound or newer, the folder is in use or holds a store, or the disk refuses.
pub fn restore(
    file: &Path,
    dir: &Path,
    force: bool,
    now: DateTime<Utc>,
) -> Result<(Summary, Option<PathBuf>), BackupError> {
    let found = summary(file)?;
    fs::create_dir_all(dir).map_err(disk("create", dir))?;
    let _lock = lock(dir)?;
    let database = dir.join(FILE);
    let partial = with_ending(&database, PARTIAL);
    // Before anything is moved: the disk may have no room.
    fs::copy(file, &partial).map_err(disk("write", &partial))?;
    let taken_in = sync(&partial).and_then(|()| summary(&partial)).and_then(|_| {
        let log = dir.join(LOG);
        let aside = match database.exists() || log.exists() {
            true if !force => return Err(BackupError::Occupied(dir.to_owned())),
            true => Some(move_aside(dir, now)?),
            false => None,
        };
        // Made from another store, and of use to none.
        let derived = dir.join(DERIVED);
        if derived.exists() {
            fs::remove_dir_all(&derived).map_err(disk("remove", &derived))?;
        }
        put_in_place(&partial, &database)?;
        Ok(aside)
    });
    match taken_in {
        Ok(aside) => Ok((found, aside)),
        Err(error) => {
            let _ = fs::remove_file(&partial);
            Err(error)
        }
    }
}

/// Moves a store and its derived files into a new folder beside them.
fn move_aside(dir: &Path, now: DateTime<Utc>) -> Result<PathBuf, BackupError> {
    let stamp = now.format("%Y%m%dT%H%M%S%3fZ");
    let aside = dir.join(format!("replaced-{stamp}"));
    fs::create_dir(&aside).map_err(disk("create", &aside))?;
    for name in [FILE, LOG, "silsila.db-shm", DERIVED] {
        let from = dir.join(name);
        if from.exists() {
            fs::rename(&from, aside.join(name)).map_err(disk("move", &from))?;
        }
    }
    sync(&aside)?;
    Ok(aside)
}

/// Gives a complete and flushed file its name.
pub(super) fn put_in_place(from: &Path, to: &Path) -> Result<(), BackupError> {
    fs::rename(from, to).map_err(disk("write", to))?;
    let folder = to.parent().filter(|parent| !parent.as_os_str().is_empty());
    sync(folder.unwrap_or(Path::new(".")))
}

pub(super) fn sync(path: &Path) -> Result<(), BackupError> {
    File::open(path)
        .and_then(|opened| opened.sync_all())
        .map_err(disk("flush", path))
}

fn with_ending(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}
