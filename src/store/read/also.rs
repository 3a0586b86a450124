//! Articles that are about a second story, from the links of the similarity graph as they are stored.
//!
//! An article is counted in its own story alone. It is *also in* another one when its links into that one are strong: their
//! sum nearly equals that of its links into its own, or several of its links go there and their sum is clearly more than
//! the resolution asks of an article that joins as many. What an editor decided for its own story, or against the other
//! one, is not questioned.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::near::LINKS_OUT;
use crate::store::{Store, StoreError};

/// Articles of other stories that a story names, at most.
const RELATED: usize = 20;

/// The section `[also]` of the configuration.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// Share of its links into its own story that an article's links into another one must reach ...
    pub share: f64,
    /// ... or so many links go there ...
    pub links: usize,
    /// ... and their sum exceeds by so much what the resolution asks.
    pub margin: f64,
}

/// Another story that an article is about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AlsoIn {
    /// The story.
    pub story_id: String,
    /// Its headline.
    pub title: String,
    /// The headline's language.
    pub lang: String,
    /// Sum of the article's links into it.
    pub support: f64,
}

/// An article of another story that is about this one, too.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Related {
    /// The article.
    pub article_id: String,
    /// Its headline.
    pub title: String,
    /// Its language.
    pub lang: String,
    /// Its own story, where it is counted.
    pub story_id: String,
    /// Sum of its links into this story.
    pub support: f64,
}

/// An article's links into a story.
#[derive(Debug, Clone, Copy, Default)]
struct Pull {
    support: f64,
    links: usize,
    /// Articles of the strands that they lead to.
    strand: usize,
}

/// An article's links, by the story that they lead to; its own among them.
fn links_of(connection: &Connection, article: i64) -> Result<BTreeMap<i64, Pull>, StoreError> {
    let mut found: BTreeMap<i64, Pull> = BTreeMap::new();
    let mut statement = connection.prepare_cached(
        "SELECT x.story, sum(e.score), count(*), x.strand,
           (SELECT count(*) FROM articles m WHERE m.story = x.story AND m.strand = x.strand)
         FROM (SELECT a AS other, score FROM edges WHERE b = ?1 UNION ALL SELECT b, score FROM edges WHERE a = ?1) e
           JOIN articles x ON x.number = e.other
         WHERE x.story IS NOT NULL GROUP BY x.story, x.strand ORDER BY x.story, x.strand",
    )?;
    let rows = statement.query_map([article], |row| {
        Ok((
            row.get::<_, i64>(0)?,
            row.get::<_, f64>(1)?,
            row.get::<_, i64>(2)?,
            row.get::<_, i64>(4)?,
        ))
    })?;
    for row in rows {
        let (story, support, links, strand) = row?;
        let into = found.entry(story).or_default();
        into.support += support;
        into.links += links as usize;
        into.strand += strand as usize;
    }
    Ok(found)
}

/// The other stories that an article is about, the best supported first: by number, with the support.
fn others(
    connection: &Connection,
    article: i64,
    rules: &Rules,
    resolution: f64,
) -> Result<Vec<(i64, f64)>, StoreError> {
    let (story, decided): (Option<i64>, bool) = connection
        .prepare_cached(
            "SELECT story, EXISTS (SELECT 1 FROM holds h JOIN corrections c ON c.number = h.correction
               WHERE h.article = ?1 AND c.undone_at IS NULL) FROM articles WHERE number = ?1",
        )?
        .query_row([article], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let Some(story) = story.filter(|_| !decided) else {
        return Ok(Vec::new());
    };
    let found = links_of(connection, article)?;
    let own = found.get(&story).copied().unwrap_or_default();
    let mut also: Vec<(i64, f64)> = Vec::new();
    for (other, into) in found {
        let nearly = into.support >= rules.share * own.support && own.links > 0;
        let clearly = into.links >= rules.links && into.support - resolution * into.strand as f64 >= rules.margin;
        if other != story && (nearly || clearly) && !is_apart(connection, article, other)? {
            also.push((other, (into.support * 1e6).round() / 1e6));
        }
    }
    also.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    Ok(also)
}

/// Whether an editor keeps the article apart from one of the story's.
fn is_apart(connection: &Connection, article: i64, story: i64) -> Result<bool, StoreError> {
    Ok(connection
        .prepare_cached(
            "SELECT 1 FROM (SELECT b AS other, correction FROM apart WHERE a = ?1
                            UNION ALL SELECT a, correction FROM apart WHERE b = ?1) p
             JOIN corrections c ON c.number = p.correction JOIN articles x ON x.number = p.other
             WHERE c.undone_at IS NULL AND x.story = ?2",
        )?
        .exists([article, story])?)
}

impl Store {
    /// The other stories that an article is about, the best supported first. Follows merges: the links are looked up when
    /// somebody asks.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn also_in(&self, article: &str, rules: &Rules, resolution: f64) -> Result<Vec<AlsoIn>, StoreError> {
        self.read(|connection| {
            let number: i64 = connection
                .prepare_cached("SELECT coalesce(original, number) FROM articles WHERE id = ?1")?
                .query_row([article], |row| row.get(0))?;
            let mut named = connection.prepare_cached("SELECT id, title, title_lang FROM stories WHERE number = ?1")?;
            others(connection, number, rules, resolution)?
                .into_iter()
                .map(|(story, support)| {
                    let view = named.query_row([story], |row| {
                        Ok(AlsoIn {
                            story_id: row.get(0)?,
                            title: row.get(1)?,
                            lang: row.get(2)?,
                            support,
                        })
                    })?;
                    Ok(view)
                })
                .collect()
        })
    }

    /// Articles of other stories that are about this one, too, the best supported first; twenty at most.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn related(&self, story: &str, rules: &Rules, resolution: f64) -> Result<Vec<Related>, StoreError> {
        self.read(|connection| {
            let outside: Vec<(i64, f64)> = connection
                .prepare_cached(&format!(
                    "SELECT article, sum(score) AS support FROM ({LINKS_OUT})
                     GROUP BY article ORDER BY support DESC, article LIMIT ?2"
                ))?
                .query_map(params![story, 2 * RELATED as i64], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<Result<_, _>>()?;
            let mut named = connection.prepare_cached(
                "SELECT a.id, CASE a.title WHEN '' THEN substr(a.text, 1, 80) ELSE a.title END, a.lang, s.id,
                   (SELECT number FROM stories WHERE id = ?2)
                 FROM articles a JOIN stories s ON s.number = a.story WHERE a.number = ?1",
            )?;
            let mut related = Vec::new();
            for (article, _) in outside {
                let also = others(connection, article, rules, resolution)?;
                let (view, number): (Related, i64) = named.query_row(params![article, story], |row| {
                    Ok((
                        Related {
                            article_id: row.get(0)?,
                            title: row.get(1)?,
                            lang: row.get(2)?,
                            story_id: row.get(3)?,
                            support: 0.0,
                        },
                        row.get(4)?,
                    ))
                })?;
                if let Some((_, support)) = also.into_iter().find(|(other, _)| *other == number) {
                    related.push(Related { support, ..view });
                }
                if related.len() == RELATED {
                    break;
                }
            }
            related.sort_by(|a, b| b.support.total_cmp(&a.support).then(a.article_id.cmp(&b.article_id)));
            Ok(related)
        })
    }
}
