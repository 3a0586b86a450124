//! What readers ask the store for: one file a noun. Every answer comes from one snapshot and never waits for the writer.

pub mod also;
mod article;
mod as_of;
mod correction;
mod export;
mod failed;
mod follow;
mod graph;
mod meaning;
mod moving;
mod names;
mod near;
mod offer;
mod placement;
mod refused;
mod review;
mod rulings;
mod search;
mod story;
pub mod watch;

pub use also::{AlsoIn, Related};
pub use article::{ArticleRef, ArticleView, DocumentView, DroppedView};
pub(in crate::store) use as_of::revision_at;
pub use as_of::{ArticleThen, AsOf, Moment, StoryThen};
pub use correction::{CorrectionView, EndedView, MovedView, RenamedView, Touches, Undoes, WatchTouched};
pub use export::{Exported, What};
pub use failed::FailedView;
pub use follow::{Followed, KINDS, Seen};
pub use graph::{GraphLink, GraphNode, StoryGraph};
pub use meaning::{SearchPlace, Vectored};
pub use moving::{LOOKED_THROUGH, Moving, News, Since};
pub use names::{Facets, Headline, Member};
pub use near::{Descent, Neighbour, Turn};
pub use offer::Evidence;
pub use placement::{DecidedBy, HoldView, NeighbourView, PlacementView, RivalView, SecondLookView};
pub use refused::RefusedView;
pub use review::{ReviewItem, Titled};
pub use rulings::{Rulings, StoredRuling};
pub(in crate::store) use search::{NUMBER, match_expression};
pub use search::{Range, SNIPPET, SearchHit, SearchQuery};
pub(in crate::store) use story::Key;
pub use story::{ChangeView, Counts, EndArticle, NameView, PaceView, SortBy, StoryQuery, StoryVersion, StoryView};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use crate::store::{Store, StoreError};

/// Items of a page, at most.
pub const PER_PAGE: usize = 100;

/// One page of a list.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Where the next page starts; null on the last one.
    pub next_cursor: Option<String>,
}

/// A cursor that this list did not give.
#[derive(Debug, thiserror::Error)]
#[error("the cursor is not one of this list's; start again without it")]
pub struct BadCursor;

/// Why a list cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The cursor is of another list or with other filters.
    #[error(transparent)]
    Cursor(#[from] BadCursor),
    /// A change that has not happened yet.
    #[error("the newest change is number {newest}; give one up to it, or a time")]
    Later {
        /// The newest change.
        newest: u64,
    },
    /// Too much has changed since for a list to be worked out.
    #[error("more than {most} stories have changed since then; ask for single stories, or for a later moment")]
    TooFar {
        /// As many may have.
        most: usize,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<rusqlite::Error> for ReadError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Counts for metrics.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct Totals {
    /// Stored articles.
    pub articles: u64,
    /// Articles whose text repeats another's.
    pub near_duplicates: u64,
    /// Articles that could not be placed.
    pub failed: u64,
    /// Stories that have not been merged into others.
    pub stories: u64,
    /// Members of the largest story.
    pub largest_story: u64,
    /// Number of the newest change.
    pub change: u64,
    /// Inputs refused so far; the newest of them are kept.
    pub refused: u64,
}

impl Store {
    /// The story of every placed article at the end: (article id, story id), in the order of acceptance.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn assignments(&self) -> Result<Vec<(String, String)>, StoreError> {
        self.read(|connection| {
            let mut statement = connection
                .prepare("SELECT a.id, s.id FROM articles a JOIN stories s ON s.number = a.story ORDER BY a.number")?;
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// Whether the demonstration collection is in the store.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn is_demonstration(&self) -> Result<bool, StoreError> {
        self.read(|connection| {
            let mut statement =
                connection.prepare_cached("SELECT 1 FROM articles WHERE id >= 'demo-' AND id < 'demo.' LIMIT 1")?;
            Ok(statement.exists([])?)
        })
    }

    /// When the oldest article that waits to be placed arrived.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn oldest_queued(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        self.read(|connection| {
            let mut statement = connection
                .prepare_cached("SELECT arrived_at FROM articles WHERE state = 'queued' ORDER BY number LIMIT 1")?;
            let mut rows = statement.query_map([], |row| row.get::<_, i64>(0))?;
            Ok(rows.next().transpose()?.and_then(DateTime::from_timestamp_micros))
        })
    }

    /// Bytes of the data folder: the database, its log, and what lies beside it.
    pub fn bytes(&self) -> u64 {
        self.file.parent().map_or(0, crate::metrics::bytes_of)
    }

    /// Counts of everything.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn totals(&self) -> Result<Totals, StoreError> {
        self.read(|connection| {
            let count = |query: &str| -> Result<u64, StoreError> {
                Ok(connection
                    .prepare_cached(query)?
                    .query_row([], |row| row.get::<_, i64>(0))? as u64)
            };
            Ok(Totals {
                articles: count("SELECT count(*) FROM articles")?,
                near_duplicates: count("SELECT count(original) FROM articles WHERE original IS NOT NULL")?,
                failed: count("SELECT count(*) FROM articles WHERE state = 'failed'")?,
                stories: count("SELECT count(*) FROM stories WHERE state <> 'merged' AND articles > 0")?,
                largest_story: count("SELECT coalesce(max(articles), 0) FROM stories")?,
                change: count("SELECT coalesce(max(number), 0) FROM changes")?,
                refused: count("SELECT coalesce(max(number), 0) FROM refused")?,
            })
        })
    }
}

fn encode<T: Serialize>(cursor: &T) -> Result<String, StoreError> {
    Ok(URL_SAFE_NO_PAD.encode(serde_json::to_vec(cursor)?))
}

/// A short name for a list with all its filters, so that a cursor of another list is recognised.
fn list_name<T: Serialize>(kind: &str, query: &T) -> Result<String, StoreError> {
    let digest = Sha256::digest(serde_json::to_vec(&(kind, query))?);
    Ok(digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect())
}

/// The cursor behind the row with this number, in a list that is ordered by number alone.
fn cursor_behind(kind: &str, of: &str, number: i64) -> Result<String, StoreError> {
    encode(&(kind, of, number))
}

/// The number in a cursor that [`cursor_behind`] made for this very list.
fn number_in(cursor: Option<&str>, kind: &str, of: &str) -> Result<Option<i64>, BadCursor> {
    let Some(cursor) = cursor else { return Ok(None) };
    let (found, whose, number): (String, String, i64) = decode(cursor)?;
    match found == kind && whose == of && number >= 0 {
        true => Ok(Some(number)),
        false => Err(BadCursor),
    }
}

fn decode<T: DeserializeOwned>(cursor: &str) -> Result<T, BadCursor> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| BadCursor)?;
    serde_json::from_slice(&bytes).map_err(|_| BadCursor)
}

/// Microseconds since 1970 as RFC 3339.
fn time(micros: i64) -> String {
    DateTime::<Utc>::from_timestamp_micros(micros)
        .unwrap_or_default()
        .to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Seconds since 1970 as RFC 3339.
fn time_of_seconds(seconds: i64) -> String {
    DateTime::<Utc>::from_timestamp(seconds, 0)
        .unwrap_or_default()
        .to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// A JSON column.
fn json<T: DeserializeOwned>(text: &str) -> rusqlite::Result<T> {
    serde_json::from_str(text)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, error.into()))
}

/// One item more than asked for is read, to know whether there is a next page.
fn cut_page<T>(items: &mut Vec<T>, per_page: usize) -> bool {
    let more = items.len() > per_page;
    items.truncate(per_page);
    more
}
