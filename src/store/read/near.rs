//! What stands around a story: those near it, and those that it came from, took in or gave off.

use rusqlite::{OptionalExtension, params};

use super::{StoryView, time};
use crate::store::{Store, StoreError};

/// A story with links to another one.
#[derive(Debug, Clone)]
pub struct Neighbour {
    /// The story.
    pub story: StoryView,
    /// Links between articles of both.
    pub links: u64,
    /// Their scores added up.
    pub support: f64,
}

/// How a story and another one came apart or together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// The other one was merged into it.
    TookIn,
    /// The other one was cut off from it.
    GaveOff,
    /// It was cut off from the other one.
    CameFrom,
}

/// One turn of a story's descent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Descent {
    /// Number of the change.
    pub number: u64,
    /// When it happened here.
    pub at: String,
    /// What happened.
    pub turn: Turn,
    /// The other story.
    pub story_id: String,
}

/// The links from a story's articles (`?1` is its id) to those of other stories: article, story, score.
pub(super) const LINKS_OUT: &str = "SELECT x.number AS article, x.story AS story, e.score AS score
      FROM articles m JOIN edges e ON e.a = m.number JOIN articles x ON x.number = e.b
      WHERE m.story = (SELECT number FROM stories WHERE id = ?1) AND x.story <> m.story
    UNION ALL SELECT x.number, x.story, e.score
      FROM articles m JOIN edges e ON e.b = m.number JOIN articles x ON x.number = e.a
      WHERE m.story = (SELECT number FROM stories WHERE id = ?1) AND x.story <> m.story";

impl Store {
    /// The stories that a story's articles have the strongest links to, the strongest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn neighbours(&self, story: &str, most: usize, lang: Option<&str>) -> Result<Vec<Neighbour>, StoreError> {
        let found: Vec<(String, u64, f64)> = self.read(|connection| {
            Ok(connection
                .prepare_cached(&format!(
                    "SELECT s.id, count(*), sum(l.score) AS support FROM ({LINKS_OUT}) l JOIN stories s ON s.number = l.story
                     GROUP BY s.number ORDER BY support DESC, s.number LIMIT ?2"
                ))?
                .query_map(params![story, most as i64], |row| {
                    Ok((row.get(0)?, row.get::<_, i64>(1)? as u64, row.get(2)?))
                })?
                .collect::<Result<_, _>>()?)
        })?;
        let mut neighbours = Vec::new();
        for (id, links, support) in found {
            if let Some(story) = self.story(&id, lang)? {
                neighbours.push(Neighbour { story, links, support });
            }
        }
        Ok(neighbours)
    }

    /// The turns of a story's descent, oldest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn descent(&self, story: &str) -> Result<Vec<Descent>, StoreError> {
        self.read(|connection| {
            let mut found: Vec<Descent> = Vec::new();
            for (turn, sql) in [
                (
                    Turn::TookIn,
                    "SELECT c.number, c.at, s.id FROM changes c INDEXED BY changes_merged JOIN stories s ON s.number = c.story
                     WHERE c.kind = 'merged' AND c.detail ->> 'into' = ?1",
                ),
                (
                    Turn::GaveOff,
                    "SELECT c.number, c.at, c.detail ->> 'into' FROM changes c
                     WHERE c.story = (SELECT number FROM stories WHERE id = ?1) AND c.kind = 'split'",
                ),
                (
                    Turn::CameFrom,
                    "SELECT c.number, c.at, f.id FROM stories s JOIN stories f ON f.number = s.split_from
                     JOIN changes c ON c.story = f.number WHERE s.id = ?1 AND c.kind = 'split' AND c.detail ->> 'into' = ?1",
                ),
            ] {
                let mut statement = connection.prepare_cached(sql)?;
                let mut rows = statement.query([story])?;
                while let Some(row) = rows.next()? {
                    found.push(Descent {
                        number: row.get::<_, i64>(0)? as u64,
                        at: time(row.get(1)?),
                        turn,
                        story_id: row.get(2)?,
                    });
                }
            }
            found.sort_by_key(|one| one.number);
            Ok(found)
        })
    }

    /// The nearest changes of a story before and after one, by number.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn changes_around(&self, story: &str, number: u64) -> Result<(Option<u64>, Option<u64>), StoreError> {
        self.read(|connection| {
            let one = |sql: &str| -> Result<Option<u64>, StoreError> {
                let found: Option<i64> = connection
                    .prepare_cached(sql)?
                    .query_row(params![story, number as i64], |row| row.get(0))?;
                Ok(found.map(|number| number as u64))
            };
            Ok((
                one("SELECT max(number) FROM changes WHERE story = (SELECT number FROM stories WHERE id = ?1) AND number < ?2")?,
                one("SELECT min(number) FROM changes WHERE story = (SELECT number FROM stories WHERE id = ?1) AND number > ?2")?,
            ))
        })
    }

    /// When a change happened, or the last one before it; none before the first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn time_of_change(&self, number: u64) -> Result<Option<String>, StoreError> {
        self.read(|connection| {
            let found: Option<i64> = connection
                .prepare_cached("SELECT at FROM changes WHERE number <= ?1 ORDER BY number DESC LIMIT 1")?
                .query_row([number as i64], |row| row.get(0))
                .optional()?;
            Ok(found.map(time))
        })
    }
}
