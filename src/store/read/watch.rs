//! Watches, their alerts, and the log of what was delivered.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::article::dated;
use super::{Page, ReadError, cursor_behind, cut_page, json, number_in, time};
use crate::article::DatedJson;
use crate::store::{Store, StoreError};
use crate::track::{Event, Quiet, Search};

/// A watch as readers get it. Its secret is shown once, when it is made.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct WatchView {
    /// Its id, never used again.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// The story that it follows now; null for a saved search.
    pub story_id: Option<String>,
    /// The story that was asked for, when it has gone on in another one.
    pub asked_story_id: Option<String>,
    /// The saved search.
    pub search: Option<Search>,
    /// Where messages are posted to.
    pub url: Option<String>,
    /// What it tells of; empty: everything.
    pub events: Vec<Event>,
    /// Bounds against floods.
    pub quiet: Quiet,
    /// `active`, `paused` or `disabled`.
    pub state: String,
    /// Why it is disabled.
    pub why: Option<String>,
    /// Address of its Atom feed. Who knows it can read the feed: it is the secret.
    pub feed: String,
    /// Alerts so far, those held back not counted.
    pub alerts: u64,
    /// Alerts that were held back.
    pub held_back: u64,
    /// Messages that wait, were delivered, were put aside.
    pub messages: MessageCounts,
    /// Tries that failed since one succeeded.
    pub failures: u64,
    /// When what waits becomes a message; null when nothing waits.
    pub due_at: Option<String>,
    /// When it was made.
    pub created_at: String,
    /// When it was changed.
    pub updated_at: String,
}

/// Messages of a watch by what became of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MessageCounts {
    /// They wait to be tried, or tried again.
    pub waiting: u64,
    /// A receiver took them.
    pub delivered: u64,
    /// They were given up.
    pub dead: u64,
}

/// A change as a watch tells of it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AlertView {
    /// Its number, counted up over all watches.
    pub number: u64,
    /// The number of the change in `/v1/changes`.
    pub change: u64,
    /// When it happened here.
    pub at: String,
    /// What happened.
    pub event: String,
    /// The story that it happened to.
    pub story: AlertStory,
    /// The article, if it is about one.
    pub article: Option<AlertArticle>,
    /// What the change says: where an article came from (`from`) or went (`to`), the other story (`into`), the new `title`
    /// or `state`.
    pub detail: Value,
    /// Why it is only counted: `near_duplicates`, `known_sources`, `little_new`; null when it is told of.
    pub held_back: Option<String>,
}

/// The story of an alert, as it is called now.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AlertStory {
    /// Its id.
    pub id: String,
    /// Its headline.
    pub title: String,
    /// The headline's language.
    pub title_lang: String,
}

/// The article of an alert.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AlertArticle {
    /// Its id.
    pub id: String,
    /// Its headline.
    pub title: String,
    /// Its language.
    pub lang: String,
    /// Its source.
    pub source: Option<String>,
    /// Its publication.
    pub published: Option<DatedJson>,
    /// Its address.
    pub url: Option<String>,
    /// The article whose text it repeats.
    pub near_duplicate_of: Option<String>,
}

/// A message with all its tries.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct MessageView {
    /// Its `webhook-id`.
    pub id: String,
    /// When it was made.
    pub at: String,
    /// `waiting`, `delivered` or `dead`.
    pub state: String,
    /// When it is tried next.
    pub due_at: Option<String>,
    /// When it was delivered or given up.
    pub ended_at: Option<String>,
    /// What is posted.
    pub body: Value,
    /// Its tries, the oldest first.
    pub tries: Vec<TryView>,
}

/// One try to deliver a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TryView {
    /// When.
    pub at: String,
    /// Status of the answer; null when there was none.
    pub status: Option<u16>,
    /// How long it took.
    pub milliseconds: u64,
    /// The beginning of the answer.
    pub answer: Option<String>,
    /// What went wrong.
    pub error: Option<String>,
}

const WATCHES: &str = "SELECT w.id, w.name, s.id, o.id, w.search, w.url, w.events, w.quiet, w.state, w.why, w.feed,
      (SELECT count(*) FROM alerts a WHERE a.watch = w.number AND a.held IS NULL),
      (SELECT count(*) FROM alerts a WHERE a.watch = w.number AND a.held IS NOT NULL),
      (SELECT json_group_object(state, n) FROM (SELECT state, count(*) AS n FROM messages m WHERE m.watch = w.number GROUP BY state)),
      w.failures, w.due_at, w.created_at, w.updated_at, w.number
    FROM watches w LEFT JOIN stories s ON s.number = w.story LEFT JOIN stories o ON o.number = w.origin";

fn watch(row: &Row<'_>) -> rusqlite::Result<(WatchView, i64)> {
    let story_id: Option<String> = row.get(2)?;
    let asked: Option<String> = row.get(3)?;
    let counts: BTreeMap<String, u64> = json(&row.get::<_, String>(13)?)?;
    let count = |state: &str| counts.get(state).copied().unwrap_or(0);
    let search: Option<String> = row.get(4)?;
    Ok((
        WatchView {
            id: row.get(0)?,
            name: row.get(1)?,
            asked_story_id: asked.filter(|asked| story_id.as_ref() != Some(asked)),
            story_id,
            search: search.as_deref().map(json).transpose()?,
            url: row.get(5)?,
            events: json(&row.get::<_, String>(6)?)?,
            quiet: json(&row.get::<_, String>(7)?)?,
            state: row.get(8)?,
            why: row.get(9)?,
            feed: format!("/feeds/{}.atom", row.get::<_, String>(10)?),
            alerts: row.get::<_, i64>(11)? as u64,
            held_back: row.get::<_, i64>(12)? as u64,
            messages: MessageCounts {
                waiting: count("waiting"),
                delivered: count("delivered"),
                dead: count("dead"),
            },
            failures: row.get::<_, i64>(14)? as u64,
            due_at: row.get::<_, Option<i64>>(15)?.map(time),
            created_at: time(row.get(16)?),
            updated_at: time(row.get(17)?),
        },
        row.get(18)?,
    ))
}

/// Alerts with their stories and articles.
pub(in crate::store) const ALERTS: &str =
    "SELECT a.number, a.change, a.at, a.event, s.id, s.title, s.title_lang, b.id, b.title, b.lang, b.source, b.published,
      b.url, o.id, a.detail, a.held
    FROM alerts a JOIN stories s ON s.number = a.story LEFT JOIN articles b ON b.number = a.article
    LEFT JOIN articles o ON o.number = b.original";

/// A row of [`ALERTS`].
pub(in crate::store) fn alert(row: &Row<'_>) -> rusqlite::Result<AlertView> {
    let article: Option<String> = row.get(7)?;
    Ok(AlertView {
        number: row.get::<_, i64>(0)? as u64,
        change: row.get::<_, i64>(1)? as u64,
        at: time(row.get(2)?),
        event: row.get(3)?,
        story: AlertStory {
            id: row.get(4)?,
            title: row.get(5)?,
            title_lang: row.get(6)?,
        },
        article: match article {
            None => None,
            Some(id) => Some(AlertArticle {
                id,
                title: row.get(8)?,
                lang: row.get(9)?,
                source: row.get(10)?,
                published: dated(row.get(11)?),
                url: row.get(12)?,
                near_duplicate_of: row.get(13)?,
            }),
        },
        detail: json(&row.get::<_, String>(14)?)?,
        held_back: row.get(15)?,
    })
}

impl Store {
    /// Watches, the newest first.
    ///
    /// # Errors
    /// When the cursor is not of this list, or the store cannot be read.
    pub fn watches(&self, cursor: Option<&str>, per_page: usize) -> Result<Page<WatchView>, ReadError> {
        let before = number_in(cursor, "watches", "")?.unwrap_or(i64::MAX);
        Ok(self.read(|connection| {
            let found: Vec<(WatchView, i64)> = connection
                .prepare_cached(&format!(
                    "{WATCHES} WHERE w.number < ?1 ORDER BY w.number DESC LIMIT ?2"
                ))?
                .query_map(params![before, per_page as i64 + 1], watch)?
                .collect::<Result<_, _>>()?;
            paged(found, per_page, "watches", "")
        })?)
    }

    /// A watch by its id.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn watch(&self, id: &str) -> Result<Option<WatchView>, StoreError> {
        self.read(|connection| {
            let found = connection
                .prepare_cached(&format!("{WATCHES} WHERE w.id = ?1"))?
                .query_row([id], watch)
                .optional()?;
            Ok(found.map(|(view, _)| view))
        })
    }

    /// The newest watches of a story, the oldest of them first: their ids and names.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn watches_of(&self, story: &str, at_most: usize) -> Result<Vec<(String, String)>, StoreError> {
        self.read(|connection| {
            let mut found: Vec<(String, String)> = connection
                .prepare_cached(
                    "SELECT id, name FROM watches WHERE story = (SELECT number FROM stories WHERE id = ?1)
                     ORDER BY number DESC LIMIT ?2",
                )?
                .query_map(params![story, at_most as i64], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<Result<_, _>>()?;
            found.reverse();
            Ok(found)
        })
    }

    /// A watch by the secret part of its feed's address.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn watch_of_feed(&self, feed: &str) -> Result<Option<WatchView>, StoreError> {
        self.read(|connection| {
            let found = connection
                .prepare_cached(&format!("{WATCHES} WHERE w.feed = ?1"))?
                .query_row([feed], watch)
                .optional()?;
            Ok(found.map(|(view, _)| view))
        })
    }

    /// Alerts of a watch, the newest first; those held back only when they are asked for.
    ///
    /// # Errors
    /// When the cursor is not of this list, or the store cannot be read.
    pub fn alerts(
        &self,
        id: &str,
        held_back: bool,
        cursor: Option<&str>,
        per_page: usize,
    ) -> Result<Page<AlertView>, ReadError> {
        let kind = if held_back { "alerts-all" } else { "alerts" };
        let before = number_in(cursor, kind, id)?.unwrap_or(i64::MAX);
        Ok(self.read(|connection| {
            let found: Vec<(AlertView, i64)> = connection
                .prepare_cached(&format!(
                    "{ALERTS} WHERE a.watch = (SELECT number FROM watches WHERE id = ?1) AND a.number < ?2
                     AND (?3 OR a.held IS NULL) ORDER BY a.number DESC LIMIT ?4"
                ))?
                .query_map(params![id, before, held_back, per_page as i64 + 1], |row| {
                    Ok((alert(row)?, row.get(0)?))
                })?
                .collect::<Result<_, _>>()?;
            paged(found, per_page, kind, id)
        })?)
    }

    /// Alerts of a watch behind this number, the oldest first, those held back left out: for a stream.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn alerts_after(&self, id: &str, after: u64, most: usize) -> Result<Vec<AlertView>, StoreError> {
        self.read(|connection| {
            let after = i64::try_from(after).unwrap_or(i64::MAX);
            Ok(connection
                .prepare_cached(&format!(
                    "{ALERTS} WHERE a.watch = (SELECT number FROM watches WHERE id = ?1) AND a.number > ?2 AND a.held IS NULL
                     ORDER BY a.number LIMIT ?3"
                ))?
                .query_map(params![id, after, most as i64], alert)?
                .collect::<Result<_, _>>()?)
        })
    }

    /// The number of the newest alert of all watches.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn newest_alert(&self) -> Result<u64, StoreError> {
        self.read(|connection| {
            Ok(connection
                .prepare_cached("SELECT coalesce(max(number), 0) FROM alerts")?
                .query_row([], |row| row.get::<_, i64>(0))? as u64)
        })
    }

    /// Messages of a watch with their tries, the newest first; of one state when it is given.
    ///
    /// # Errors
    /// When the cursor is not of this list, or the store cannot be read.
    pub fn messages(
        &self,
        id: &str,
        state: Option<&str>,
        cursor: Option<&str>,
        per_page: usize,
    ) -> Result<Page<MessageView>, ReadError> {
        let of = format!("{id} {}", state.unwrap_or_default());
        let before = number_in(cursor, "messages", &of)?.unwrap_or(i64::MAX);
        Ok(self.read(|connection| {
            let mut found: Vec<(MessageView, i64)> = connection
                .prepare_cached(
                    "SELECT id, at, state, due_at, ended_at, body, number FROM messages
                     WHERE watch = (SELECT number FROM watches WHERE id = ?1) AND number < ?2 AND (?3 IS NULL OR state = ?3)
                     ORDER BY number DESC LIMIT ?4",
                )?
                .query_map(params![id, before, state, per_page as i64 + 1], |row| {
                    let view = MessageView {
                        id: row.get(0)?,
                        at: time(row.get(1)?),
                        state: row.get(2)?,
                        due_at: row.get::<_, Option<i64>>(3)?.map(time),
                        ended_at: row.get::<_, Option<i64>>(4)?.map(time),
                        body: json(&row.get::<_, String>(5)?)?,
                        tries: Vec::new(),
                    };
                    Ok((view, row.get(6)?))
                })?
                .collect::<Result<_, _>>()?;
            let mut tries = connection.prepare_cached(
                "SELECT at, status, milliseconds, answer, error FROM tries WHERE message = ?1 ORDER BY number",
            )?;
            for (view, number) in &mut found {
                view.tries = tries
                    .query_map([*number], |row| {
                        Ok(TryView {
                            at: time(row.get(0)?),
                            status: row.get(1)?,
                            milliseconds: row.get::<_, i64>(2)? as u64,
                            answer: row.get(3)?,
                            error: row.get(4)?,
                        })
                    })?
                    .collect::<Result<_, _>>()?;
            }
            paged(found, per_page, "messages", &of)
        })?)
    }
}

/// A page of rows with their numbers.
fn paged<T>(mut found: Vec<(T, i64)>, per_page: usize, kind: &str, of: &str) -> Result<Page<T>, StoreError> {
    let more = cut_page(&mut found, per_page);
    let last = found.last().map(|(_, number)| *number).filter(|_| more);
    Ok(Page {
        next_cursor: last.map(|number| cursor_behind(kind, of, number)).transpose()?,
        items: found.into_iter().map(|(view, _)| view).collect(),
    })
}
