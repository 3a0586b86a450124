//! Small answers that pages need beside the nouns: headlines for ids, a story's latest members, what can be filtered by.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, params};

use super::story::HEADLINE;
use crate::store::{Store, StoreError};
use crate::story::outlets::{self, Outlets};

/// Newest articles from which languages and sources to filter by are taken.
const FACETS_FROM: i64 = 2_000;

/// A headline and its language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Headline {
    /// The headline; the text's beginning where there is none.
    pub title: String,
    /// Language code.
    pub lang: String,
}

/// A member of a story, as far as its pace and its sources need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Midpoint of its publication, seconds since 1970, UTC.
    pub published: Option<i64>,
    /// Its outlet, by one of the outlet's names, where it counts among the story's sources: a reprint does not.
    pub source: Option<String>,
}

/// Languages and sources of the newest articles, most frequent first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facets {
    /// Language codes.
    pub languages: Vec<String>,
    /// Outlets.
    pub sources: Vec<String>,
}

impl Store {
    /// Headlines of articles by their ids; an unknown id is left out.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn article_headlines<'a>(
        &self,
        ids: impl IntoIterator<Item = &'a str>,
    ) -> Result<BTreeMap<String, Headline>, StoreError> {
        self.headlines(
            "SELECT CASE title WHEN '' THEN substr(text, 1, 80) ELSE title END, lang FROM articles WHERE ?1 IS NULL AND id = ?2",
            None,
            ids,
        )
    }

    /// Titles of stories by their ids, in the reader's language where a story has a headline in it; an unknown id is left out.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn story_headlines<'a>(
        &self,
        lang: Option<&str>,
        ids: impl IntoIterator<Item = &'a str>,
    ) -> Result<BTreeMap<String, Headline>, StoreError> {
        self.headlines(HEADLINE, lang, ids)
    }

    fn headlines<'a>(
        &self,
        query: &str,
        lang: Option<&str>,
        ids: impl IntoIterator<Item = &'a str>,
    ) -> Result<BTreeMap<String, Headline>, StoreError> {
        let mut found = BTreeMap::new();
        self.read(|connection| {
            let mut statement = connection.prepare_cached(query)?;
            for id in ids {
                let headline = statement
                    .query_row(params![lang, id], |row| {
                        Ok(Headline {
                            title: row.get(0)?,
                            lang: row.get(1)?,
                        })
                    })
                    .optional()?;
                if let Some(headline) = headline {
                    found.insert(id.to_owned(), headline);
                }
            }
            Ok(found)
        })
    }

    /// What a story was called before a correction named it; `None` when that named nothing.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn title_before(&self, story: &str, correction: u64) -> Result<Option<String>, StoreError> {
        self.read(|connection| {
            // The renaming is logged behind its correction, in one transaction.
            let found = connection
                .prepare_cached(
                    "SELECT r.detail ->> 'before' FROM changes c JOIN changes r ON r.number = c.number + 1
                     WHERE c.story = (SELECT number FROM stories WHERE id = ?1) AND c.kind = 'corrected'
                       AND c.detail ->> 'correction' = ?2 AND NOT c.detail ->> 'undone'
                       AND r.story = c.story AND r.kind = 'renamed' ORDER BY c.number LIMIT 1",
                )?
                .query_row(params![story, correction as i64], |row| row.get(0))
                .optional()?;
            Ok(found.flatten())
        })
    }

    /// What a story would be called by its articles alone: a headline in this language if it has one.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn title_by_articles(&self, story: &str, lang: &str) -> Result<Option<String>, StoreError> {
        self.read(|connection| {
            let found = connection
                .prepare_cached(
                    "SELECT coalesce(local.title, nullif(own.title, ''), s.title) FROM stories s
                     LEFT JOIN articles own ON own.number = s.title_article
                     LEFT JOIN articles local ON local.title <> ''
                       AND local.number = (SELECT value FROM json_each(s.headlines) WHERE key = ?2) WHERE s.id = ?1",
                )?
                .query_row(params![story, lang], |row| row.get(0))
                .optional()?;
            Ok(found)
        })
    }

    /// The members of a story that came last, the last one first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn latest_members(&self, story: &str, at_most: usize) -> Result<Vec<Member>, StoreError> {
        self.read(|connection| {
            let found: Vec<(Option<i64>, Option<String>, Option<String>)> = connection
                .prepare_cached(
                    "SELECT published_s, iif(original IS NULL, source, NULL), url FROM articles
                     WHERE story = (SELECT number FROM stories WHERE id = ?1) ORDER BY number DESC LIMIT ?2",
                )?
                .query_map((story, at_most as i64), |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
                })?
                .collect::<Result<_, _>>()?;
            let names = || found.iter().filter_map(|(_, source, _)| source.as_deref());
            let mut hosts = Vec::new();
            if outlets::may_be_fewer(names()) {
                let host = |url: &Option<String>| url.as_deref().and_then(outlets::registrable_host);
                hosts.extend(found.iter().map(|(_, source, url)| (source.as_deref(), host(url))));
            }
            let named = hosts
                .iter()
                .filter_map(|(source, host)| Some(((*source)?, host.as_deref())));
            let outlets = Outlets::of(named);
            let members = found.iter().map(|(published, source, _)| Member {
                published: *published,
                source: source.as_deref().map(|name| outlets.outlet(name).to_owned()),
            });
            Ok(members.collect())
        })
    }

    /// The latest publication in the store, seconds since 1970, UTC.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn newest_publication(&self) -> Result<Option<i64>, StoreError> {
        self.read(|connection| Ok(connection.query_row("SELECT max(latest) FROM stories", [], |row| row.get(0))?))
    }

    /// What lists can be filtered by.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn facets(&self) -> Result<Facets, StoreError> {
        self.read(|connection| {
            let column = |name: &str, at_most: usize| -> Result<Vec<String>, StoreError> {
                let found = connection
                    .prepare_cached(&format!(
                        "SELECT {name} FROM (SELECT {name} FROM articles ORDER BY number DESC LIMIT {FACETS_FROM})
                         WHERE {name} IS NOT NULL GROUP BY {name} ORDER BY count(*) DESC, {name} LIMIT {at_most}"
                    ))?
                    .query_map([], |row| row.get(0))?
                    .collect::<Result<_, _>>()?;
                Ok(found)
            };
            Ok(Facets {
                languages: column("lang", 40)?,
                sources: column("source", 200)?,
            })
        })
    }
}
