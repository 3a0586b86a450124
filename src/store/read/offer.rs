//! What an editor chooses from and judges by: stories near a story, and some of the articles of one.

use rusqlite::{Row, params};

use super::article::dated;
use super::near::LINKS_OUT;
use crate::article::DatedJson;
use crate::store::{Store, StoreError};

/// An article as an editor judges it: by its headline and its publication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// Its id.
    pub id: String,
    /// Its headline; the text's beginning where there is none.
    pub title: String,
    /// Its language.
    pub lang: String,
    /// Its publication, with its precision; none when it is not known.
    pub published: Option<DatedJson>,
}

const EVIDENCE: &str =
    "SELECT id, CASE title WHEN '' THEN substr(text, 1, 80) ELSE title END, lang, published FROM articles";

impl Store {
    /// Stories that may be one with a story, or have articles that are linked to its own, the best supported first: their
    /// ids.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn near_stories(&self, story: &str, at_most: usize) -> Result<Vec<String>, StoreError> {
        self.read(|connection| {
            let found = connection
                .prepare_cached(&format!(
                    "WITH own AS (SELECT number FROM stories WHERE id = ?1), linked AS (
                       SELECT story, score FROM ({LINKS_OUT})
                       UNION ALL
                       SELECT coalesce(s.merged_into, s.number), r.doubt FROM review r
                         JOIN stories s ON s.number = CASE WHEN r.story = (SELECT number FROM own) THEN r.other ELSE r.story END
                         WHERE r.kind = 'merge' AND (SELECT number FROM own) IN (r.story, r.other))
                     SELECT s.id FROM linked l JOIN stories s ON s.number = l.story
                     WHERE s.articles > 0 AND s.number <> (SELECT number FROM own)
                     GROUP BY s.number ORDER BY sum(l.score) DESC, s.number LIMIT ?2"
                ))?
                .query_map(params![story, at_most as i64], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            Ok(found)
        })
    }

    /// The articles of a story with texts of their own that were published last, the last one first; those without a date
    /// come after them.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn last_published(&self, story: &str, at_most: usize) -> Result<Vec<Evidence>, StoreError> {
        self.read(|connection| {
            let found = connection
                .prepare_cached(&format!(
                    "{EVIDENCE} WHERE story = (SELECT number FROM stories WHERE id = ?1) AND original IS NULL
                     ORDER BY published_s IS NULL, published_s DESC, number DESC LIMIT ?2"
                ))?
                .query_map(params![story, at_most as i64], evidence)?
                .collect::<Result<_, _>>()?;
            Ok(found)
        })
    }

    /// Those of some articles that were published first, in the order of publication; those without a date come last.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn first_published(&self, ids: &[String], at_most: usize) -> Result<Vec<Evidence>, StoreError> {
        let ids = serde_json::to_string(ids)?;
        self.read(|connection| {
            let found = connection
                .prepare_cached(&format!(
                    "{EVIDENCE} WHERE id IN (SELECT value FROM json_each(?1))
                     ORDER BY published_s IS NULL, published_s, number LIMIT ?2"
                ))?
                .query_map(params![ids, at_most as i64], evidence)?
                .collect::<Result<_, _>>()?;
            Ok(found)
        })
    }
}

fn evidence(row: &Row<'_>) -> rusqlite::Result<Evidence> {
    Ok(Evidence {
        id: row.get(0)?,
        title: row.get(1)?,
        lang: row.get(2)?,
        published: dated(row.get(3)?),
    })
}
