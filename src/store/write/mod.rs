//! What changes the store: accepting articles, and committing what the engine or an editor decided. All of one batch,
//! or of one correction, is one transaction.

mod accept;
mod correct;
mod label;
mod once;
mod place;
mod retain;
mod watch;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::article::{ArticleId, Dated};
use crate::pipeline::{Receipt, Refusal, RefusedInput, Submission};
use crate::store::read::revision_at;
use crate::store::{Store, StoreError, newest_change};
use crate::story::labels::Rules;
use crate::story::review::Doubt;
use crate::story::terms::Term;
use crate::story::{Placement, StoryChange};
use crate::whole::digest;
use accept::accept_all;
pub(super) use accept::{index_text, unindex_text};
pub use correct::{Corrected, Effects, Ended, Kept, KnownArticle, Moved, Standing, Step};
pub(super) use label::label;
pub use once::Answered;
use place::{commit_placed, keep_face, log, settle_state, show_face, sweep};
pub(super) use place::{recount, sources};
pub use retain::Retention;
use watch::raise;
pub use watch::{Again, Foreseen, Outgoing, Then, Tried};

/// Code points that are kept of a refused input: enough to recognise it by.
const REFUSED_CHARACTERS: usize = 2_000;

/// The fact that says after which change all vectors are of one model.
const EPOCH: &str = "epoch";

/// Where a store stands: the newest change, by number and content, and since when all vectors are of one model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Its number; 0 before the first one.
    pub change: u64,
    content: String,
    epoch: String,
}

/// An accepted article that waits to be placed.
#[derive(Debug, Clone)]
pub struct Queued {
    /// Order of acceptance.
    pub number: u64,
    /// Title.
    pub title: String,
    /// Body.
    pub text: String,
    /// Language code.
    pub lang: String,
    /// Midpoint of the publication date, seconds.
    pub time: Option<i64>,
}

/// An article that was placed, read back to rebuild the engine.
#[derive(Debug, Clone)]
pub struct Stored {
    /// The article as it was queued.
    pub article: Queued,
    /// Its story.
    pub story: u64,
    /// Its strand of that story.
    pub strand: u64,
    /// The vector as the model gave it.
    pub vector: Vec<f32>,
    /// Links to older articles, by number.
    pub links: Vec<(u64, f64)>,
}

/// One placed article, to be committed.
#[derive(Debug, Clone)]
pub struct Placed {
    /// Its number.
    pub number: u64,
    /// The article whose text it repeats.
    pub original: Option<u64>,
    /// Its story.
    pub story: u64,
    /// Why.
    pub placement: Placement,
    /// The vector as the model gave it; none for a near-duplicate.
    pub vector: Option<Vec<f32>>,
    /// Links to older articles.
    pub links: Vec<(u64, f64)>,
    /// Older links that are judged otherwise now: both articles, probability.
    pub judged_again: Vec<(u64, u64, f64)>,
    /// Articles that are in another strand now, with its key.
    pub strands: Vec<(u64, u64)>,
    /// What that changed, in order.
    pub changes: Vec<StoryChange>,
    /// What is in doubt of it.
    pub doubts: Vec<Doubt>,
}

/// What a story shows, as the engine sees it now.
#[derive(Debug, Clone)]
pub struct StoryFace {
    /// The story's number.
    pub story: u64,
    /// The article that gives the headline.
    pub headline: u64,
    /// Key terms.
    pub terms: Vec<Term>,
    /// The most central article of each language.
    pub headlines: BTreeMap<String, u64>,
    /// Whether it is one story, if that is in doubt.
    pub doubt: Option<Doubt>,
}

/// When a story falls asleep: seconds without an article, and the moment from which they are counted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Clock {
    /// Now, for the stories: the newest publication seen or, in a service, the time of day. Seconds since 1970.
    pub now: Option<i64>,
    /// Seconds without an article after which a story is dormant.
    pub dormant: i64,
    /// Seconds without an article after which a story is closed.
    pub closed: i64,
}

/// Everything that one batch changes.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// Placed articles, in order.
    pub placed: Vec<Placed>,
    /// Articles that could not be placed, with the reason.
    pub failed: Vec<(u64, String)>,
    /// Stories whose face may have changed.
    pub faces: Vec<StoryFace>,
    /// For the stories' states.
    pub clock: Clock,
    /// For the stories' labels.
    pub labels: Rules,
}

impl Store {
    /// Stores submissions durably and queues the new ones, in one transaction. One answer for each, in their order.
    ///
    /// # Errors
    /// When nothing was stored.
    pub fn accept(
        &self,
        submissions: &[Submission],
        now: DateTime<Utc>,
    ) -> Result<Vec<Result<Receipt, Refusal>>, StoreError> {
        let rules = *self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        let mut connection = self.writer()?;
        let transaction = connection.transaction()?;
        let answers = accept_all(&transaction, submissions, rules.as_ref(), now)?;
        transaction.commit()?;
        self.announce(&connection);
        Ok(answers)
    }

    /// The next articles to be placed, in the order of acceptance.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn queued(&self, limit: usize) -> Result<Vec<Queued>, StoreError> {
        let connection = self.writer()?;
        let mut statement = connection.prepare_cached(
            "SELECT number, title, text, lang, published_s FROM articles WHERE state = 'queued' ORDER BY number LIMIT ?1",
        )?;
        let rows = statement.query_map([limit as i64], queued_row)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The number of articles that wait to be placed.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn count_queued(&self) -> Result<usize, StoreError> {
        let count: i64 =
            self.writer()?
                .query_row("SELECT count(*) FROM articles WHERE state = 'queued'", [], |row| {
                    row.get(0)
                })?;
        Ok(count as usize)
    }

    /// How many of these articles still wait to be placed.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn waiting(&self, ids: &[ArticleId]) -> Result<usize, StoreError> {
        let connection = self.writer()?;
        let mut statement = connection.prepare_cached("SELECT state = 'queued' FROM articles WHERE id = ?1")?;
        let mut waiting = 0;
        for id in ids {
            let queued: Option<bool> = statement.query_row([id.as_str()], |row| row.get(0)).optional()?;
            waiting += usize::from(queued == Some(true));
        }
        Ok(waiting)
    }

    /// Commits what became of a batch, in one transaction.
    ///
    /// # Errors
    /// When nothing was stored: the engine is then ahead of the store and must be rebuilt from it.
    pub fn commit(&self, batch: &Batch, now: DateTime<Utc>) -> Result<(), StoreError> {
        let mut connection = self.writer()?;
        let transaction = connection.transaction()?;
        let before = newest_change(&transaction)?;
        let mut touched = BTreeSet::new();
        for placed in &batch.placed {
            commit_placed(&transaction, placed, now, &mut touched)?;
        }
        for (number, reason) in &batch.failed {
            transaction.execute(
                "UPDATE articles SET state = 'failed', error = ?2 WHERE number = ?1",
                params![*number as i64, reason],
            )?;
        }
        for face in &batch.faces {
            show_face(&transaction, face, now)?;
        }
        for story in touched {
            keep_face(&transaction, story, now)?;
            recount(&transaction, story, now)?;
            label(&transaction, story, &batch.labels)?;
            settle_state(&transaction, story, &batch.clock, now)?;
        }
        sweep(&transaction, &batch.clock, now)?;
        raise(&transaction, before, now)?;
        transaction.commit()?;
        self.announce(&connection);
        Ok(())
    }

    /// Lets stories fall dormant and close as time goes by.
    ///
    /// # Errors
    /// When nothing was stored.
    pub fn pass_time(&self, clock: &Clock, now: DateTime<Utc>) -> Result<(), StoreError> {
        let mut connection = self.writer()?;
        let transaction = connection.transaction()?;
        let before = newest_change(&transaction)?;
        sweep(&transaction, clock, now)?;
        raise(&transaction, before, now)?;
        transaction.commit()?;
        self.announce(&connection);
        Ok(())
    }

    /// Hands every article that was placed after a change, and that has a vector, to `each`, in the order in which they were
    /// placed, until it fails.
    ///
    /// # Errors
    /// When the store cannot be read, or the error of `each`.
    pub fn for_each_placed<E: From<StoreError>>(
        &self,
        after: u64,
        mut each: impl FnMut(Stored) -> Result<(), E>,
    ) -> Result<(), E> {
        // The first time that an article joins a story it comes from none.
        let connection = self.writer()?;
        let failed = |error: rusqlite::Error| E::from(StoreError::from(error));
        let mut articles = connection
            .prepare(&format!(
                "SELECT a.number, coalesce(r.title, a.title), coalesce(r.text, a.text), a.lang, a.published_s, a.story, a.strand, v.vector,
                   r.article, r.published
                 FROM changes c CROSS JOIN articles a ON a.number = c.article JOIN vectors v ON v.article = a.number
                 LEFT JOIN revisions r ON a.revision > 1 AND r.article = a.number AND r.revision = {}
                 WHERE c.number > ?1 AND c.kind = 'article_joined' AND c.detail = '{{}}'
                   AND a.state = 'placed' AND a.story IS NOT NULL AND a.strand IS NOT NULL ORDER BY c.number",
                revision_at("a.number", "c.number")
            ))
            .map_err(failed)?;
        let mut links = connection
            .prepare("SELECT a, score FROM edges WHERE b = ?1 ORDER BY a")
            .map_err(failed)?;
        let mut rows = articles.query([after as i64]).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            let mut article = queued_row(row).map_err(failed)?;
            // As it was when it was placed: a date that a revision brought moves nothing.
            if row.get::<_, Option<i64>>(8).map_err(failed)?.is_some() {
                let published: Option<String> = row.get(9).map_err(failed)?;
                article.time = published
                    .as_deref()
                    .and_then(Dated::from_value_text)
                    .map(|date| date.midpoint());
            }
            let story: i64 = row.get(5).map_err(failed)?;
            let strand: i64 = row.get(6).map_err(failed)?;
            let bytes: Vec<u8> = row.get(7).map_err(failed)?;
            let found = links
                .query_map([article.number as i64], |row| {
                    Ok((row.get::<_, i64>(0)? as u64, row.get::<_, f64>(1)?))
                })
                .map_err(failed)?
                .collect::<Result<Vec<_>, _>>()
                .map_err(failed)?;
            each(Stored {
                article,
                story: story as u64,
                strand: strand as u64,
                vector: vector_from(&bytes),
                links: found,
            })?;
        }
        Ok(())
    }

    /// The change after which all vectors are of one model.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn epoch(&self) -> Result<u64, StoreError> {
        let epoch = self.fact(EPOCH)?;
        Ok(epoch.and_then(|change| change.parse().ok()).unwrap_or(0))
    }

    /// Strand and story of every article that has both: (article, strand, story).
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn strands(&self) -> Result<Vec<(u64, u64, u64)>, StoreError> {
        let connection = self.writer()?;
        let mut statement = connection.prepare_cached(
            "SELECT number, strand, story FROM articles INDEXED BY articles_strand
             WHERE story IS NOT NULL AND strand IS NOT NULL",
        )?;
        let whole = |row: &rusqlite::Row<'_>, at: usize| row.get::<_, i64>(at).map(|number| number as u64);
        let rows = statement.query_map([], |row| Ok((whole(row, 0)?, whole(row, 1)?, whole(row, 2)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Where the store stands now.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn mark(&self) -> Result<Mark, StoreError> {
        let connection = self.writer()?;
        let newest: i64 = connection.query_row("SELECT coalesce(max(number), 0) FROM changes", [], |row| row.get(0))?;
        mark(&connection, newest)
    }

    /// Whether the store once stood there: whether the change is among its own.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn has_mark(&self, known: &Mark) -> Result<bool, StoreError> {
        let Ok(change) = i64::try_from(known.change) else {
            return Ok(false);
        };
        Ok(mark(&*self.writer()?, change)? == *known)
    }

    /// The number that the next story gets, and each story's headline article.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn stories_to_restore(&self) -> Result<(u64, Vec<(u64, u64)>), StoreError> {
        let connection = self.writer()?;
        let next: i64 =
            connection.query_row("SELECT coalesce(max(number), 0) + 1 FROM stories", [], |row| row.get(0))?;
        let mut statement = connection.prepare(
            "SELECT number, title_article FROM stories WHERE title_article IS NOT NULL AND merged_into IS NULL ORDER BY number",
        )?;
        let headlines = statement
            .query_map([], |row| {
                Ok((row.get::<_, i64>(0)? as u64, row.get::<_, i64>(1)? as u64))
            })?
            .collect::<Result<_, _>>()?;
        Ok((next as u64, headlines))
    }

    /// The story of a placed article.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn story_number(&self, article: u64) -> Result<Option<u64>, StoreError> {
        let story: Option<Option<i64>> = self
            .writer()?
            .query_row(
                "SELECT story FROM articles WHERE number = ?1",
                [article as i64],
                |row| row.get(0),
            )
            .optional()?;
        Ok(story.flatten().map(|story| story as u64))
    }

    /// A fact about the whole store.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn fact(&self, key: &str) -> Result<Option<String>, StoreError> {
        fact(&*self.writer()?, key)
    }

    /// Writes a fact about the whole store.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn set_fact(&self, key: &str, value: &str) -> Result<(), StoreError> {
        self.writer()?.execute(
            "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2",
            [key, value],
        )?;
        Ok(())
    }

    /// Keeps inputs that were refused, each with its place and reason and cut to its beginning; of all that were ever
    /// refused, the newest `most`.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn keep_refused(&self, refused: &[RefusedInput], most: usize, now: DateTime<Utc>) -> Result<(), StoreError> {
        let mut connection = self.writer()?;
        let transaction = connection.transaction()?;
        for one in refused {
            let beginning: String = one.input.chars().take(REFUSED_CHARACTERS).collect();
            transaction
                .prepare_cached("INSERT INTO refused (at, place, reason, input) VALUES (?1, ?2, ?3, ?4)")?
                .execute(params![now.timestamp_micros(), one.place, one.reason, beginning])?;
        }
        // The newest one always stays: numbers go on from it.
        transaction.execute(
            "DELETE FROM refused WHERE number <= (SELECT max(number) FROM refused) - ?1",
            [i64::try_from(most.max(1)).unwrap_or(i64::MAX)],
        )?;
        transaction.commit()?;
        Ok(())
    }

    /// Takes all placed articles back into the queue and empties what was computed from the old model's vectors: the
    /// vectors, the links and the stories' members. Stories that lose all their members are closed; their ids are never
    /// used again. For `silsila reembed`.
    ///
    /// # Errors
    /// When nothing was changed.
    pub fn requeue_all(&self, now: DateTime<Utc>) -> Result<usize, StoreError> {
        let mut connection = self.writer()?;
        let transaction = connection.transaction()?;
        let at = now.timestamp_micros();
        transaction.execute_batch("DELETE FROM vectors; DELETE FROM edges; DELETE FROM review;")?;
        transaction.execute(
            "INSERT INTO changes (at, kind, story, article, detail)
             SELECT ?1, 'article_left', story, number, '{\"reason\":\"the model changed\"}' FROM articles
             WHERE state = 'placed' AND story IS NOT NULL ORDER BY number",
            [at],
        )?;
        let requeued = transaction.execute(
            "UPDATE articles SET state = 'queued', story = NULL, strand = NULL, original = NULL, placement = NULL WHERE state = 'placed'",
            [],
        )?;
        let open: Vec<i64> = transaction
            .prepare("SELECT number FROM stories WHERE state NOT IN ('merged', 'closed') ORDER BY number")?
            .query_map([], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        for story in open {
            let change = log(
                &transaction,
                at,
                "state_changed",
                story as u64,
                None,
                &json!({"state": "closed"}),
            )?;
            transaction.execute(
                "UPDATE stories SET state = 'closed', articles = 0, near_duplicates = 0, sources = 0, languages = '[]',
                 velocity = 0, headlines = '{}', about = '{}', first_article = NULL, last_article = NULL, pace_days = 0,
                 pace_latest = 0, pace_before = 0, importance = NULL, version = ?2, updated_at = ?3 WHERE number = ?1",
                params![story, change, at],
            )?;
        }
        transaction.execute("DELETE FROM meta WHERE key IN ('model', 'centres')", [])?;
        transaction.execute(
            "INSERT OR REPLACE INTO meta (key, value) SELECT ?1, CAST(coalesce(max(number), 0) AS TEXT) FROM changes",
            [EPOCH],
        )?;
        transaction.commit()?;
        self.announce(&connection);
        Ok(requeued)
    }
}

pub(super) fn fact(connection: &Connection, key: &str) -> Result<Option<String>, StoreError> {
    Ok(connection
        .query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| row.get(0))
        .optional()?)
}

/// What a change is, so that another store's of the same number is told from it.
fn mark(connection: &Connection, change: i64) -> Result<Mark, StoreError> {
    let content: Option<String> = connection
        .prepare_cached(
            "SELECT concat_ws(' ', at, kind, story, coalesce(article, '-'), detail) FROM changes WHERE number = ?1",
        )?
        .query_row([change], |row| row.get(0))
        .optional()?;
    Ok(Mark {
        change: change as u64,
        content: content.map(|content| digest(content.as_bytes())).unwrap_or_default(),
        epoch: fact(connection, EPOCH)?.unwrap_or_default(),
    })
}

fn queued_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Queued> {
    Ok(Queued {
        number: row.get::<_, i64>(0)? as u64,
        title: row.get(1)?,
        text: row.get(2)?,
        lang: row.get(3)?,
        time: row.get(4)?,
    })
}

fn bytes_of(vector: &[f32]) -> Vec<u8> {
    vector.iter().flat_map(|component| component.to_le_bytes()).collect()
}

/// Reads what [`bytes_of`] wrote.
pub(in crate::store) fn vector_from(bytes: &[u8]) -> Vec<f32> {
    bytes
        .chunks_exact(4)
        .filter_map(|chunk| chunk.try_into().ok().map(f32::from_le_bytes))
        .collect()
}
