//! What search by meaning reads: vectors, and the articles that it found.

use rusqlite::params;
use serde::{Deserialize, Serialize};

use super::article::{COLUMNS, TABLES, article};
use super::search::{SearchHit, SearchQuery, hit};
use super::{BadCursor, decode, encode, list_name};
use crate::store::write::vector_from;
use crate::store::{Store, StoreError, newest_change};

/// An article's vector, and what it is filtered by.
#[derive(Debug)]
pub struct Vectored {
    /// The article's number.
    pub article: u64,
    /// Language code.
    pub lang: String,
    /// The outlet.
    pub source: Option<String>,
    /// Midpoint of its publication, seconds since 1970.
    pub time: Option<i64>,
    /// As the model gave it.
    pub vector: Vec<f32>,
}

/// Where a page of a search by meaning ends.
#[derive(Debug, Serialize, Deserialize)]
pub struct SearchPlace {
    /// The search's name.
    pub list: String,
    /// The newest article when the first page was read.
    pub newest: u32,
    /// Bits of the last article's cosine.
    pub cosine: u32,
    /// The last article's number.
    pub number: u32,
}

impl SearchPlace {
    /// The name of a search.
    ///
    /// # Errors
    /// Never in practice.
    pub fn list(query: &SearchQuery) -> Result<String, StoreError> {
        list_name("meaning", query)
    }

    /// Reads a cursor of this search.
    ///
    /// # Errors
    /// [`BadCursor`] for any other.
    pub fn read(cursor: &str, list: &str) -> Result<Self, super::ReadError> {
        let place: Self = decode(cursor)?;
        match place.list == list && f32::from_bits(place.cosine).is_finite() {
            true => Ok(place),
            false => Err(BadCursor.into()),
        }
    }

    /// As a cursor.
    ///
    /// # Errors
    /// Never in practice.
    pub fn write(&self) -> Result<String, StoreError> {
        encode(self)
    }
}

impl Store {
    /// Hands every vector to `each`, or those of articles that have joined a story or were revised since a change; the number of
    /// the newest change that is counted.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn vectors(&self, since: Option<u64>, mut each: impl FnMut(Vectored)) -> Result<u64, StoreError> {
        const READ: &str = "SELECT a.number, a.lang, a.source, a.published_s, v.vector FROM";
        self.read(|connection| {
            let newest = newest_change(connection)?;
            let mut statement = match since {
                None => connection.prepare_cached(&format!(
                    "{READ} vectors v CROSS JOIN articles a ON a.number = v.article WHERE ?1 = 0 ORDER BY v.article"
                ))?,
                Some(_) => connection.prepare_cached(&format!(
                    "{READ} (SELECT DISTINCT article FROM changes WHERE number > ?1
                       AND kind IN ('article_joined', 'article_revised')) c
                     CROSS JOIN vectors v ON v.article = c.article CROSS JOIN articles a ON a.number = c.article
                     ORDER BY a.number"
                ))?,
            };
            let mut rows = statement.query([since.unwrap_or(0) as i64])?;
            while let Some(row) = rows.next()? {
                each(Vectored {
                    article: row.get::<_, i64>(0)? as u64,
                    lang: row.get(1)?,
                    source: row.get(2)?,
                    time: row.get(3)?,
                    vector: vector_from(row.get_ref(4)?.as_blob().unwrap_or_default()),
                });
            }
            Ok(newest)
        })
    }

    /// The number of the newest article.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn newest_article(&self) -> Result<u32, StoreError> {
        self.read(|connection| {
            let newest: i64 = connection
                .prepare_cached("SELECT coalesce(max(number), 0) FROM articles")?
                .query_row([], |row| row.get(0))?;
            Ok(u32::try_from(newest).unwrap_or(u32::MAX))
        })
    }

    /// Articles that were found, each with its cosine, in their order; the words of the question are marked where they stand.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn hits(&self, found: &[(u32, f32)], q: &str) -> Result<Vec<SearchHit>, StoreError> {
        self.read(|connection| {
            let mut statement =
                connection.prepare_cached(&format!("SELECT {COLUMNS} FROM {TABLES} WHERE a.number = ?1"))?;
            let mut hits = Vec::with_capacity(found.len());
            for (number, cosine) in found {
                for found in statement.query_map(params![number], article)? {
                    let (view, _) = found?;
                    let cosine = (f64::from(*cosine) * 1e3).round() / 1e3;
                    hits.push(SearchHit {
                        cosine: Some(cosine),
                        ..hit(view, q)
                    });
                }
            }
            Ok(hits)
        })
    }
}
