//! Requests that may come twice: what was answered is kept in the transaction that stores their articles. And articles that
//! could not be placed, taken into the queue again.

use std::sync::PoisonError;

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{OptionalExtension, params};

use super::accept::accept_all;
use crate::article::ArticleId;
use crate::pipeline::{Once, Receipt, Refusal, Submission};
use crate::store::{Store, StoreError};

/// What is known of a key.
#[derive(Debug)]
pub enum Answered {
    /// Nothing: the request is new.
    New,
    /// Another request came with it.
    Otherwise,
    /// This very request was answered so.
    Same(Vec<Result<Receipt, Refusal>>),
}

impl Store {
    /// What was answered to this request, if anything was.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn answered(&self, once: &Once) -> Result<Answered, StoreError> {
        let found: Option<(String, String)> = self
            .writer()?
            .prepare_cached("SELECT digest, answers FROM answered WHERE key = ?1")?
            .query_row([once.whole()], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        Ok(match found {
            None => Answered::New,
            Some((digest, _)) if digest != once.digest => Answered::Otherwise,
            Some((_, answers)) => Answered::Same(serde_json::from_str(&answers)?),
        })
    }

    /// As [`Store::accept`], and keeps the answers under the request's key. Keys that are older than `keep` are forgotten.
    ///
    /// # Errors
    /// When nothing was stored.
    pub fn accept_once(
        &self,
        submissions: &[Submission],
        once: &Once,
        keep: TimeDelta,
        now: DateTime<Utc>,
    ) -> Result<Vec<Result<Receipt, Refusal>>, StoreError> {
        let rules = *self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        let mut connection = self.writer()?;
        let transaction = connection.transaction()?;
        let answers = accept_all(&transaction, submissions, rules.as_ref(), now)?;
        transaction
            .prepare_cached("DELETE FROM answered WHERE at < ?1")?
            .execute([now
                .timestamp_micros()
                .saturating_sub(keep.num_microseconds().unwrap_or(i64::MAX))])?;
        transaction
            .prepare_cached("INSERT OR REPLACE INTO answered (key, digest, answers, at) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![
                once.whole(),
                once.digest,
                serde_json::to_string(&answers)?,
                now.timestamp_micros()
            ])?;
        transaction.commit()?;
        self.announce(&connection);
        Ok(answers)
    }

    /// Takes articles that could not be placed into the queue again: these, or all without any. Those that were taken.
    ///
    /// # Errors
    /// When nothing was changed.
    pub fn requeue_failed(&self, ids: &[ArticleId]) -> Result<Vec<ArticleId>, StoreError> {
        let mut connection = self.writer()?;
        let transaction = connection.transaction()?;
        let failed: Vec<String> = match ids {
            [] => transaction
                .prepare_cached("SELECT id FROM articles WHERE state = 'failed' ORDER BY number")?
                .query_map([], |row| row.get(0))?
                .collect::<Result<_, _>>()?,
            some => some.iter().map(|id| id.0.clone()).collect(),
        };
        let mut taken = Vec::new();
        for id in failed {
            let changed = transaction
                .prepare_cached("UPDATE articles SET state = 'queued' WHERE id = ?1 AND state = 'failed'")?
                .execute([&id])?;
            if changed > 0 {
                taken.push(ArticleId(id));
            }
        }
        transaction.commit()?;
        Ok(taken)
    }
}
