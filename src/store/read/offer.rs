//! What is near a story, for an editor to choose from.

use rusqlite::params;

use super::Titled;
use crate::store::{Store, StoreError};

impl Store {
    /// Stories that may be one with a story, or have articles that are linked to its own: the best supported first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn near_stories(&self, story: &str, at_most: usize) -> Result<Vec<Titled>, StoreError> {
        self.read(|connection| {
            let found = connection
                .prepare_cached(
                    "WITH own AS (SELECT number FROM stories WHERE id = ?1), linked AS (
                       SELECT x.story AS story, e.score AS score FROM articles m JOIN edges e ON e.a = m.number
                         JOIN articles x ON x.number = e.b WHERE m.story = (SELECT number FROM own) AND x.story <> m.story
                       UNION ALL
                       SELECT x.story, e.score FROM articles m JOIN edges e ON e.b = m.number
                         JOIN articles x ON x.number = e.a WHERE m.story = (SELECT number FROM own) AND x.story <> m.story
                       UNION ALL
                       SELECT coalesce(s.merged_into, s.number), r.doubt FROM review r
                         JOIN stories s ON s.number = CASE WHEN r.story = (SELECT number FROM own) THEN r.other ELSE r.story END
                         WHERE r.kind = 'merge' AND (SELECT number FROM own) IN (r.story, r.other))
                     SELECT s.id, s.title, s.title_lang FROM linked l JOIN stories s ON s.number = l.story
                     WHERE s.articles > 0 AND s.number <> (SELECT number FROM own)
                     GROUP BY s.number ORDER BY sum(l.score) DESC, s.number LIMIT ?2",
                )?
                .query_map(params![story, at_most as i64], titled)?
                .collect::<Result<_, _>>()?;
            Ok(found)
        })
    }

    /// The newest articles of a story with texts of their own.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn newest_articles(&self, story: &str, at_most: usize) -> Result<Vec<Titled>, StoreError> {
        self.read(|connection| {
            let found = connection
                .prepare_cached(
                    "SELECT id, CASE title WHEN '' THEN substr(text, 1, 80) ELSE title END, lang FROM articles
                     WHERE story = (SELECT number FROM stories WHERE id = ?1) AND original IS NULL
                     ORDER BY number DESC LIMIT ?2",
                )?
                .query_map(params![story, at_most as i64], titled)?
                .collect::<Result<_, _>>()?;
            Ok(found)
        })
    }
}

fn titled(row: &rusqlite::Row<'_>) -> rusqlite::Result<Titled> {
    Ok(Titled {
        id: row.get(0)?,
        title: row.get(1)?,
        lang: row.get(2)?,
    })
}
