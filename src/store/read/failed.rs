//! Articles that could not be placed.

use rusqlite::params;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Page, ReadError, cursor_behind, cut_page, number_in, time};
use crate::store::Store;

/// An article that was set aside because it could not be placed.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct FailedView {
    /// The article.
    pub article_id: String,
    /// Its headline; without one, the beginning of its text.
    pub title: String,
    /// Language code.
    pub lang: String,
    /// The outlet.
    pub source: Option<String>,
    /// Why it could not be placed.
    pub error: String,
    /// When it came in.
    pub arrived_at: String,
}

impl Store {
    /// Articles that could not be placed, the newest first.
    ///
    /// # Errors
    /// When the cursor is not of this list, or the store cannot be read.
    pub fn failed(&self, cursor: Option<&str>, per_page: usize) -> Result<Page<FailedView>, ReadError> {
        let before = number_in(cursor, "failed", "")?.unwrap_or(i64::MAX);
        Ok(self.read(|connection| {
            let mut found: Vec<(FailedView, i64)> = connection
                .prepare_cached(
                    "SELECT id, CASE title WHEN '' THEN substr(text, 1, 80) ELSE title END, lang, source,
                       coalesce(error, ''), arrived_at, number
                     FROM articles WHERE state = 'failed' AND number < ?1 ORDER BY number DESC LIMIT ?2",
                )?
                .query_map(params![before, per_page as i64 + 1], |row| {
                    let view = FailedView {
                        article_id: row.get(0)?,
                        title: row.get(1)?,
                        lang: row.get(2)?,
                        source: row.get(3)?,
                        error: row.get(4)?,
                        arrived_at: time(row.get(5)?),
                    };
                    Ok((view, row.get(6)?))
                })?
                .collect::<Result<_, _>>()?;
            let more = cut_page(&mut found, per_page);
            let last = found.last().map(|(_, number)| *number).filter(|_| more);
            Ok(Page {
                next_cursor: last.map(|number| cursor_behind("failed", "", number)).transpose()?,
                items: found.into_iter().map(|(view, _)| view).collect(),
            })
        })?)
    }
}
