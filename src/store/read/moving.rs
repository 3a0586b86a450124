//! What happened in a span of time, and since a reader last looked: by story, for pages that say what is new.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::types::Value as Sql;
use rusqlite::{params, params_from_iter};

use super::story::{COLUMNS, Filters, TABLES, filters, story};
use super::{StoryQuery, StoryView};
use crate::store::{Store, StoreError};
use crate::story::labels::{Pace, Trend};
use crate::story::outlets::{Outlets, registrable_host};

/// Stories with the most articles of the span, whose sources and languages are looked at.
const LOOKED_AT: usize = 60;
/// Changes that are looked through to say what is new, at most.
pub const LOOKED_THROUGH: usize = 20_000;

/// What happened to a story in a span of time, by publication.
#[derive(Debug, Clone)]
pub struct Moving {
    /// The story.
    pub story: StoryView,
    /// Articles of the span, reprints not counted.
    pub articles: u64,
    /// Reprints of the span.
    pub near_duplicates: u64,
    /// Articles of the span of equal length before it, reprints not counted.
    pub before: u64,
    /// Sources whose first own article in the story is of the span.
    pub sources: Vec<String>,
    /// Languages whose first article in the story is of the span.
    pub languages: Vec<String>,
}

impl Moving {
    /// Whether more came in the span than in the one before it, by more than chance.
    pub fn trend(&self) -> Trend {
        let (days, latest, before) = (1.0, self.articles, self.before);
        Pace { days, latest, before }.trend()
    }

    /// How much is new: articles, sources and languages added up.
    pub fn news(&self) -> u64 {
        self.articles + (self.sources.len() + self.languages.len()) as u64
    }
}

/// What happened to a story since a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct News {
    /// It did not exist.
    pub is_new: bool,
    /// New articles that joined it.
    pub articles: u64,
    /// Articles that came over from other stories.
    pub moved_in: u64,
    /// Articles that were moved to other stories.
    pub moved_out: u64,
    /// Stories that were merged into it.
    pub merged: u64,
    /// Stories that were cut off from it.
    pub split: u64,
    /// It has another headline.
    pub renamed: bool,
}

impl News {
    /// Whether nothing happened.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What happened since a change, in all stories.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Since {
    /// New articles.
    pub articles: u64,
    /// New stories.
    pub stories: u64,
    /// Stories that went on in others.
    pub merged: u64,
    /// Stories that were cut off from others.
    pub split: u64,
    /// Other headlines.
    pub renamed: u64,
    /// Whether there is more than was looked through: the counts are lower bounds then.
    pub more: bool,
}

impl Since {
    /// Whether nothing happened.
    pub fn is_empty(&self) -> bool {
        self.articles + self.stories + self.merged + self.split + self.renamed == 0
    }
}

impl Store {
    /// The stories with the most new articles, sources and languages of those published after `from` and up to `to` (seconds
    /// since 1970), among those that fit the query; the most first, `most` at most. Only the stories with the most
    /// articles of the span are looked at.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn moving(&self, query: &StoryQuery, from: i64, to: i64, most: usize) -> Result<Vec<Moving>, StoreError> {
        let Filters {
            hits,
            conditions,
            mut values,
        } = filters(query, false);
        let reader = values.first().cloned().unwrap_or(Sql::Null);
        let first = values.len();
        values.extend([from.into(), to.into(), (LOOKED_AT as i64).into()]);
        let sql = format!(
            "SELECT s.number, count(*) FILTER (WHERE a.original IS NULL) AS own, count(a.original)
             FROM articles a INDEXED BY articles_published CROSS JOIN stories s ON s.number = a.story
               LEFT JOIN {hits} m ON m.story = s.number
             WHERE a.published_s > ?{} AND a.published_s <= ?{} AND {}
             GROUP BY s.number HAVING own > 0 ORDER BY own DESC, s.latest DESC, s.number DESC LIMIT ?{}",
            first + 1,
            first + 2,
            conditions.join(" AND "),
            first + 3
        );
        self.read(|connection| {
            let candidates: Vec<(i64, u64, u64)> = connection
                .prepare_cached(&sql)?
                .query_map(params_from_iter(values.iter()), |row| {
                    Ok((row.get(0)?, row.get::<_, i64>(1)? as u64, row.get::<_, i64>(2)? as u64))
                })?
                .collect::<Result<_, _>>()?;
            let mut of = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM {TABLES} WHERE s.number = ?2"))?;
            let mut members = connection.prepare_cached(
                "SELECT published_s, source, lang, original IS NOT NULL, url FROM articles WHERE story = ?1
                 AND (published_s IS NULL OR published_s <= ?2)",
            )?;
            let mut found = Vec::new();
            for (number, articles, near_duplicates) in candidates {
                let (story, _) = of.query_row(params![reader, number], story)?;
                let (mut before, mut sources, mut languages) = (0, First::default(), First::default());
                let mut named: Vec<(String, Option<String>, bool)> = Vec::new();
                let mut rows = members.query([number, to])?;
                while let Some(row) = rows.next()? {
                    // What has no date was there before, for all that is known.
                    let is_new = row.get::<_, Option<i64>>(0)?.is_some_and(|time| time > from);
                    let earlier = row.get::<_, Option<i64>>(0)?.filter(|time| *time <= from);
                    let repeats: bool = row.get(3)?;
                    before += u64::from(!repeats && earlier.is_some_and(|time| time > 2 * from - to));
                    languages.see(row.get(2)?, is_new);
                    if let Some(source) = row.get::<_, Option<String>>(1)?.filter(|_| !repeats) {
                        let url: Option<String> = row.get(4)?;
                        named.push((source, url.as_deref().and_then(registrable_host), is_new));
                    }
                }
                let hosts = named.iter().map(|(name, host, _)| (name.as_str(), host.as_deref()));
                let outlets = Outlets::of(hosts);
                for (name, _, is_new) in &named {
                    sources.see(outlets.outlet(name).to_owned(), *is_new);
                }
                found.push(Moving {
                    story,
                    articles,
                    near_duplicates,
                    before,
                    sources: sources.only_new(),
                    languages: languages.only_new(),
                });
            }
            // Stable: equals stay in the order of their articles.
            found.sort_by_key(|one| std::cmp::Reverse(one.news()));
            found.truncate(most);
            Ok(found)
        })
    }

    /// The latest publication up to a time (seconds since 1970): what is dated later is dated wrongly.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn newest_up_to(&self, now: i64) -> Result<Option<i64>, StoreError> {
        self.read(|connection| {
            Ok(connection
                .prepare_cached(
                    "SELECT max(published_s) FROM articles INDEXED BY articles_published WHERE published_s <= ?1",
                )?
                .query_row([now], |row| row.get(0))?)
        })
    }

    /// What happened to stories since a change, by id; a story to which nothing happened is left out.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn news_of<'a>(
        &self,
        stories: impl IntoIterator<Item = &'a str>,
        after: u64,
    ) -> Result<BTreeMap<String, News>, StoreError> {
        self.read(|connection| {
            let mut own = connection.prepare_cached(
                "SELECT kind, detail = '{}', count(*) FROM changes WHERE story = (SELECT number FROM stories WHERE id = ?1)
                 AND number > ?2 GROUP BY 1, 2",
            )?;
            let mut merged = connection.prepare_cached(
                "SELECT count(*) FROM changes INDEXED BY changes_merged
                 WHERE kind = 'merged' AND detail ->> 'into' = ?1 AND number > ?2",
            )?;
            let mut found = BTreeMap::new();
            for id in stories {
                let mut news = News {
                    merged: merged.query_row(params![id, after as i64], |row| row.get::<_, i64>(0))? as u64,
                    ..News::default()
                };
                let mut rows = own.query(params![id, after as i64])?;
                while let Some(row) = rows.next()? {
                    let (plain, count): (bool, u64) = (row.get(1)?, row.get::<_, i64>(2)? as u64);
                    match row.get::<_, String>(0)?.as_str() {
                        "story_created" => news.is_new = true,
                        "article_joined" if plain => news.articles += count,
                        "article_joined" => news.moved_in += count,
                        "article_left" => news.moved_out += count,
                        "split" => news.split += count,
                        "renamed" => news.renamed = true,
                        _ => {}
                    }
                }
                if !news.is_empty() {
                    found.insert(id.to_owned(), news);
                }
            }
            Ok(found)
        })
    }

    /// What happened since a change, in all stories.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn since(&self, after: u64) -> Result<Since, StoreError> {
        self.read(|connection| {
            let mut since = Since::default();
            let mut all = 0;
            let mut changes = connection.prepare_cached(
                "SELECT kind, detail = '{}', count(*) FROM
                   (SELECT kind, detail FROM changes WHERE number > ?1 ORDER BY number LIMIT ?2) GROUP BY 1, 2",
            )?;
            let mut rows = changes.query(params![after as i64, LOOKED_THROUGH as i64])?;
            while let Some(row) = rows.next()? {
                let (plain, count): (bool, u64) = (row.get(1)?, row.get::<_, i64>(2)? as u64);
                all += count as usize;
                match row.get::<_, String>(0)?.as_str() {
                    "article_joined" if plain => since.articles += count,
                    "story_created" => since.stories += count,
                    "merged" => since.merged += count,
                    "split" => since.split += count,
                    "renamed" => since.renamed += count,
                    _ => {}
                }
            }
            since.more = all >= LOOKED_THROUGH;
            Ok(since)
        })
    }

    /// Articles that joined a story since a change.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn joined_since(&self, story: &str, after: u64) -> Result<BTreeSet<String>, StoreError> {
        self.read(|connection| {
            Ok(connection
                .prepare_cached(
                    "SELECT a.id FROM changes c JOIN articles a ON a.number = c.article
                     WHERE c.story = (SELECT number FROM stories WHERE id = ?1) AND c.number > ?2
                       AND c.kind = 'article_joined' LIMIT ?3",
                )?
                .query_map(params![story, after as i64, LOOKED_THROUGH as i64], |row| row.get(0))?
                .collect::<Result<_, _>>()?)
        })
    }
}

/// Which values were seen only in the span, in the order in which they came.
#[derive(Default)]
struct First {
    old: BTreeSet<String>,
    new: Vec<String>,
}

impl First {
    fn see(&mut self, value: String, is_new: bool) {
        if !is_new {
            self.old.insert(value);
        } else if !self.new.contains(&value) {
            self.new.push(value);
        }
    }

    fn only_new(self) -> Vec<String> {
        let old = self.old;
        self.new.into_iter().filter(|value| !old.contains(value)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_there_before_is_not_new() {
        let mut sources = First::default();
        for (source, is_new) in [
            ("a", true),
            ("b", true),
            ("a", true),
            ("b", false),
            ("c", false),
            ("d", true),
        ] {
            sources.see(source.to_owned(), is_new);
        }
        assert_eq!(sources.only_new(), ["a", "d"]);
    }
}
