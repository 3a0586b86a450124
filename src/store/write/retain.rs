//! Retention: what is dropped of closed stories when it has been kept for long enough.
//!
//! Only closed stories lose anything, so that no story goes on with half its articles; what counts is how long ago their
//! latest article was published. Rows stay, with ids, addresses, titles, dates and counts: an article that comes again is
//! known, an old link is answered, and the change log, in which every drop is an entry, replays as before.

use chrono::{DateTime, Utc};
use rusqlite::{Transaction, params};
use serde::Deserialize;
use serde_json::json;

use super::place::{first_words, log};
use super::{index_text, unindex_text};
use crate::store::{Store, StoreError};

/// Articles that are dropped in one transaction, at most (and at least one story).
const AT_ONCE: usize = 200;
const DAY: f64 = 86_400.0;

/// The section `[retention]` of the configuration: days after a closed story's latest article; 0 for ever.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// For which texts of articles, earlier revisions and raw documents are kept.
    pub texts_days: f64,
    /// For which vectors are kept.
    pub vectors_days: f64,
    /// For which the rest is kept: placements, links, and what is in doubt.
    pub closed_stories_days: f64,
}

/// What is dropped of a story's articles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Drop {
    Texts,
    Vectors,
    Rest,
}

impl Drop {
    fn column(self) -> &'static str {
        match self {
            Self::Texts => "texts_dropped_at",
            Self::Vectors => "vectors_dropped_at",
            Self::Rest => "closed_dropped_at",
        }
    }
}

impl Store {
    /// Drops what has been kept for long enough, of some stories: `true` when there may be more. `now` is also the moment
    /// from which days are counted.
    ///
    /// # Errors
    /// When the store cannot be read or written; what was dropped stays so.
    pub fn retain(&self, rules: &Retention, now: DateTime<Utc>) -> Result<bool, StoreError> {
        for (drop, days) in [
            (Drop::Texts, rules.texts_days),
            (Drop::Vectors, rules.vectors_days),
            (Drop::Rest, rules.closed_stories_days),
        ] {
            if days > 0.0 && self.drop_some(drop, now.timestamp() - (days * DAY) as i64, now)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn drop_some(&self, drop: Drop, before: i64, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let at = now.timestamp_micros();
        let mut connection = self.writer()?;
        let transaction = connection.transaction()?;
        // One that an article joined since, and that is closed again, is gone through again.
        let column = drop.column();
        let stories: Vec<(i64, i64)> = transaction
            .prepare_cached(&format!(
                "SELECT number, articles FROM stories WHERE state = 'closed' AND coalesce(latest, updated_at / 1000000) < ?1
                 AND ({column} IS NULL OR {column} < updated_at)
                 ORDER BY coalesce(latest, updated_at / 1000000), number LIMIT ?2"
            ))?
            .query_map(params![before, AT_ONCE as i64], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        let mut room = AT_ONCE as i64;
        for (story, articles) in &stories {
            if room <= 0 {
                break;
            }
            room -= (*articles).max(1);
            let dropped = match drop {
                Drop::Texts => texts(&transaction, *story, at)?,
                Drop::Vectors => vectors(&transaction, *story, at)?,
                Drop::Rest => rest(&transaction, *story, at)?,
            };
            if dropped && drop != Drop::Texts {
                let what = if drop == Drop::Vectors { "vectors" } else { "placements" };
                let detail = json!({"state": "closed", "dropped": what, "reason": "retention"});
                log(&transaction, at, "state_changed", *story as u64, None, &detail)?;
            }
            transaction
                .prepare_cached(&format!(
                    "UPDATE stories SET {column} = ?2, updated_at = CASE WHEN ?3 THEN ?2 ELSE updated_at END,
                     version = (SELECT coalesce(max(number), 0) FROM changes WHERE story = ?1) WHERE number = ?1"
                ))?
                .execute(params![story, at, dropped])?;
        }
        transaction.commit()?;
        Ok(!stories.is_empty())
    }
}

/// Drops the texts of a story's articles, their earlier revisions and raw documents; whether there were any.
fn texts(transaction: &Transaction<'_>, story: i64, at: i64) -> Result<bool, StoreError> {
    let members: Vec<(i64, String, String)> = transaction
        .prepare_cached(
            "SELECT number, title, text FROM articles WHERE story = ?1 AND text_dropped_at IS NULL ORDER BY number",
        )?
        .query_map([story], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<Result<_, _>>()?;
    for (article, title, text) in &members {
        // Something to know it by is left.
        let title = if title.is_empty() { &first_words(text) } else { title };
        transaction
            .prepare_cached(
                "UPDATE articles SET title = ?2, text = '', removed = '[]', text_dropped_at = ?3 WHERE number = ?1",
            )?
            .execute(params![article, title, at])?;
        transaction
            .prepare_cached("UPDATE revisions SET text = '' WHERE article = ?1")?
            .execute([article])?;
        unindex_text(transaction, *article)?;
        index_text(transaction, *article, title, "")?;
        let detail = json!({"text_dropped": true, "reason": "retention"});
        log(
            transaction,
            at,
            "article_revised",
            story as u64,
            Some(*article as u64),
            &detail,
        )?;
    }
    // A document goes with the last text that was found in it.
    transaction
        .prepare_cached(
            "UPDATE documents SET text = '', text_dropped_at = ?2 WHERE text_dropped_at IS NULL
             AND number IN (SELECT document FROM articles WHERE story = ?1)
             AND NOT EXISTS (SELECT 1 FROM articles a WHERE a.document = documents.number AND a.text_dropped_at IS NULL)",
        )?
        .execute([story, at])?;
    Ok(!members.is_empty())
}

fn vectors(transaction: &Transaction<'_>, story: i64, at: i64) -> Result<bool, StoreError> {
    let deleted = transaction
        .prepare_cached("DELETE FROM vectors WHERE article IN (SELECT number FROM articles WHERE story = ?1)")?
        .execute([story])?;
    transaction
        .prepare_cached(
            "UPDATE articles SET vector_dropped_at = ?2 WHERE story = ?1 AND original IS NULL AND vector_dropped_at IS NULL",
        )?
        .execute([story, at])?;
    Ok(deleted > 0)
}

fn rest(transaction: &Transaction<'_>, story: i64, at: i64) -> Result<bool, StoreError> {
    for query in [
        "DELETE FROM edges WHERE b IN (SELECT number FROM articles WHERE story = ?1)",
        "DELETE FROM edges WHERE a IN (SELECT number FROM articles WHERE story = ?1)",
        "DELETE FROM review WHERE story = ?1 OR other = ?1",
    ] {
        transaction.prepare_cached(query)?.execute([story])?;
    }
    let dropped = transaction
        .prepare_cached(
            "UPDATE articles SET placement = NULL, placement_dropped_at = ?2
             WHERE story = ?1 AND placement_dropped_at IS NULL",
        )?
        .execute([story, at])?;
    Ok(dropped > 0)
}
