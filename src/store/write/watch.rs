//! Watches, their alerts and messages. Alerts are written in the transaction of the change that they tell of, so that none is
//! lost and none comes twice; messages and tries by who delivers.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::place::story_id;
use crate::extract::fold::fold;
use crate::store::read::watch::{ALERTS, AlertView, alert};
use crate::store::read::{NUMBER, match_expression};
use crate::store::{Store, StoreError};
use crate::story::Placement;
use crate::story::outlets::{self, Outlets, registrable_host};
use crate::track::rules::{Held, Joined, event_of};
use crate::track::{Change, Event, NewWatch, Quiet, Search, TrackError, search_tells, sign};

/// Alerts of one message, at most; what is beyond comes in the next one.
const PER_MESSAGE: usize = 100;
/// Days after its arrival in which an article that moves is told of to a search, at most: fewer than alerts are kept.
const MOVED_DAYS: i64 = 7;
/// Code points that are kept of a receiver's answer.
const ANSWER_CHARACTERS: usize = 500;
/// Of a watch with a new address: what waits has not been tried there.
const BEGIN_ANEW: &str =
    "UPDATE messages SET tries = 0, since = ?2, due_at = ?2 WHERE watch = ?1 AND state = 'waiting'";

/// A secret that signs; every but the newest one has an end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Secret {
    secret: String,
    /// Microseconds since 1970; none for the newest one.
    until: Option<i64>,
}

/// A message to be posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Its number.
    pub number: u64,
    /// Its `webhook-id`.
    pub id: String,
    /// Its watch.
    pub watch: u64,
    /// Where it goes.
    pub url: String,
    /// What signs it, the newest first.
    pub secrets: Vec<String>,
    /// What is posted, word for word.
    pub body: String,
    /// Tries so far.
    pub tries: u32,
    /// When it was made or last replayed, microseconds since 1970.
    pub since: i64,
}

/// What came of a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// The message.
    pub message: u64,
    /// Where it was posted to.
    pub url: String,
    /// Status of the answer, if there was one.
    pub status: Option<u16>,
    /// How long it took, milliseconds.
    pub milliseconds: u64,
    /// The answer's text.
    pub answer: Option<String>,
    /// What went wrong, if something did.
    pub error: Option<String>,
    /// What becomes of the message.
    pub then: Then,
}

/// What becomes of a message after a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Then {
    /// It is delivered.
    Delivered,
    /// It is tried again at this time, microseconds since 1970.
    Again(i64),
    /// It is put aside: it was tried for long enough.
    Dead,
    /// Its receiver is gone: the watch is disabled, what waits is put aside.
    Gone,
}

/// Which messages are posted again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Again {
    /// These, by id.
    Ids(Vec<String>),
    /// Those made in this span, microseconds since 1970.
    Span(i64, i64),
    /// All that were put aside.
    Dead,
}

/// Articles of the time before that a search is tried on, at most, the newest of them.
const MOST_FORESEEN: usize = 20_000;
/// Articles that are named with what a search would have told, at most.
const NAMED: usize = 5;

/// What a saved search would have told, had it been there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Foreseen {
    /// Begin of the time that was looked at, by publication; an article without a date counts when it came here.
    pub from: String,
    /// Its end: now, or the latest publication here where that is longer ago than the time that is looked at.
    pub to: String,
    /// Articles that hold its words, which were looked at.
    pub looked: usize,
    /// Whether those were all there are; else the newest of them.
    pub whole: bool,
    /// Articles that meet the search, those held back not counted.
    pub alerts: u64,
    /// Those that its bounds would have held back, by reason.
    pub held_back: BTreeMap<String, u64>,
    /// Messages that would have told of them.
    pub messages: u64,
    /// The newest that it would have told of.
    pub newest: Vec<ForeseenArticle>,
}

/// An article that a saved search would have told of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ForeseenArticle {
    /// Its id.
    pub id: String,
    /// Its headline.
    pub title: String,
    /// Its language.
    pub lang: String,
}

impl Store {
    /// What a saved search would have told of the articles in stories that were published in this many seconds up to `now`
    /// or, where the latest publication is longer ago than that, up to it. An article without a date counts when it came
    /// here; stories and their sources are as they are now.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn foresee(
        &self,
        search: &Search,
        quiet: &Quiet,
        seconds: i64,
        now: DateTime<Utc>,
    ) -> Result<Foreseen, StoreError> {
        self.read(|connection| {
            let latest: Option<i64> = connection.query_row("SELECT max(latest) FROM stories", [], |row| row.get(0))?;
            let now = now.timestamp();
            let to = latest.filter(|latest| *latest < now - seconds).unwrap_or(now);
            let expression = search.q.as_deref().and_then(match_expression);
            let mut joins: Vec<(i64, i64, i64)> = connection
                .prepare_cached(&format!(
                    "SELECT a.number, a.story, coalesce(1000000 * a.published_s, a.arrived_at) AS at FROM articles a
                     WHERE a.story IS NOT NULL AND (a.published_s > ?1 AND a.published_s <= ?4
                       OR a.published_s IS NULL AND a.arrived_at > 1000000 * ?1 AND a.arrived_at <= 1000000 * ?4)
                     AND (?2 IS NULL OR a.number IN (SELECT rowid & {NUMBER} FROM search WHERE search MATCH ?2))
                     ORDER BY at DESC, a.number DESC LIMIT ?3"
                ))?
                .query_map(params![to - seconds, expression, MOST_FORESEEN as i64 + 1, to], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
                })?
                .collect::<Result<_, _>>()?;
            let whole = joins.len() <= MOST_FORESEEN;
            joins.truncate(MOST_FORESEEN);
            let stamp = |seconds: i64| {
                let time = DateTime::from_timestamp(seconds, 0).unwrap_or_default();
                time.to_rfc3339_opts(SecondsFormat::Secs, true)
            };
            let mut foreseen = Foreseen {
                from: stamp(to - seconds),
                to: stamp(to),
                looked: joins.len(),
                whole,
                ..Foreseen::default()
            };
            let (mut told, mut sent, mut due) = (Vec::new(), None, None::<i64>);
            for (article, story, at) in joins.into_iter().rev() {
                if !meets(connection, search, article, story)? {
                    continue;
                }
                match quiet.holds_back(joined(connection, story, article, quiet)?) {
                    Some(held) => *foreseen.held_back.entry(held.name().to_owned()).or_default() += 1,
                    None => {
                        if let Some(made) = due.take_if(|due| *due <= at) {
                            foreseen.messages += 1;
                            sent = Some(made);
                        }
                        let next = quiet.due(at, sent);
                        due = Some(due.map_or(next, |due| due.min(next)));
                        told.push(article);
                    }
                }
            }
            foreseen.messages += u64::from(due.is_some());
            foreseen.alerts = told.len() as u64;
            let mut named = connection.prepare_cached("SELECT id, title, lang FROM articles WHERE number = ?1")?;
            for article in told.iter().rev().take(NAMED) {
                foreseen.newest.push(named.query_row([article], |row| {
                    Ok(ForeseenArticle {
                        id: row.get(0)?,
                        title: row.get(1)?,
                        lang: row.get(2)?,
                    })
                })?);
            }
            Ok(foreseen)
        })
    }

    /// Makes a watch with its first secret and the secret part of its feed's address; its id.
    ///
    /// # Errors
    /// When the story is unknown, there are too many, or the store cannot be written.
    pub fn add_watch(
        &self,
        new: &NewWatch,
        secret: &str,
        feed: &str,
        most: usize,
        now: DateTime<Utc>,
    ) -> Result<String, TrackError> {
        let mut connection = self.writer()?;
        let transaction = connection.transaction().map_err(StoreError::from)?;
        let id = add(&transaction, new, secret, feed, most, now)?;
        transaction.commit().map_err(StoreError::from)?;
        Ok(id)
    }

    /// Changes a watch. An active one begins anew with its receiver: it is asked at once.
    ///
    /// # Errors
    /// When there is none, or the store cannot be written.
    pub fn change_watch(&self, id: &str, change: &Change, now: DateTime<Utc>) -> Result<(), TrackError> {
        let at = now.timestamp_micros();
        let mut connection = self.writer()?;
        let transaction = connection.transaction().map_err(StoreError::from)?;
        let number = watch_number(&transaction, id)?;
        let set = |column: &str, value: Option<String>| -> Result<(), StoreError> {
            transaction.execute(
                &format!("UPDATE watches SET {column} = ?2 WHERE number = ?1"),
                params![number, value],
            )?;
            Ok(())
        };
        if let Some(name) = &change.name {
            set("name", Some(name.trim().to_owned()))?;
        }
        if let Some(url) = &change.url {
            set("url", Some(url.clone()).filter(|url| !url.is_empty()))?;
            transaction
                .execute(BEGIN_ANEW, params![number, at])
                .map_err(StoreError::from)?;
        }
        if let Some(events) = &change.events {
            let of_a_search: bool = transaction
                .query_row(
                    "SELECT search IS NOT NULL FROM watches WHERE number = ?1",
                    [number],
                    |row| row.get(0),
                )
                .map_err(StoreError::from)?;
            if of_a_search {
                search_tells(events)?;
            }
            set("events", Some(serde_json::to_string(events).map_err(StoreError::from)?))?;
        }
        if let Some(quiet) = &change.quiet {
            set("quiet", Some(serde_json::to_string(quiet).map_err(StoreError::from)?))?;
        }
        if let Some(state) = change.state {
            set("state", Some(state.name().to_owned()))?;
            set("why", None)?;
        }
        transaction
            .execute(
                "UPDATE watches SET updated_at = ?2, failures = 0, rest_until = NULL, due_at = CASE
                   WHEN url IS NOT NULL AND EXISTS (SELECT 1 FROM alerts WHERE watch = ?1 AND message IS NULL AND held IS NULL)
                   THEN coalesce(due_at, ?2) END WHERE number = ?1",
                params![number, at],
            )
            .map_err(StoreError::from)?;
        // What waits is tried at once, as the receiver may be mended or another one.
        transaction
            .execute(
                "UPDATE messages SET due_at = ?2 WHERE watch = ?1 AND state = 'waiting' AND due_at > ?2",
                params![number, at],
            )
            .map_err(StoreError::from)?;
        transaction.commit().map_err(StoreError::from)?;
        Ok(())
    }

    /// Deletes a watch with its alerts, messages and tries. Its id is never used again.
    ///
    /// # Errors
    /// When there is none, or the store cannot be written.
    pub fn delete_watch(&self, id: &str) -> Result<(), TrackError> {
        let mut connection = self.writer()?;
        let transaction = connection.transaction().map_err(StoreError::from)?;
        let number = watch_number(&transaction, id)?;
        // Alerts point at messages: they go first.
        transaction
            .execute("DELETE FROM alerts WHERE watch = ?1", [number])
            .map_err(StoreError::from)?;
        transaction
            .execute("DELETE FROM watches WHERE number = ?1", [number])
            .map_err(StoreError::from)?;
        transaction.commit().map_err(StoreError::from)?;
        Ok(())
    }

    /// Gives a watch a new secret; the one before signs, too, for as long as is said.
    ///
    /// # Errors
    /// When there is none, or the store cannot be written.
    pub fn rotate_secret(&self, id: &str, secret: &str, both: TimeDelta, now: DateTime<Utc>) -> Result<(), TrackError> {
        let mut connection = self.writer()?;
        let transaction = connection.transaction().map_err(StoreError::from)?;
        let number = watch_number(&transaction, id)?;
        let kept: String = transaction
            .query_row("SELECT secrets FROM watches WHERE number = ?1", [number], |row| {
                row.get(0)
            })
            .map_err(StoreError::from)?;
        let mut secrets: Vec<Secret> = serde_json::from_str(&kept).map_err(StoreError::from)?;
        let (at, until) = (now.timestamp_micros(), (now + both).timestamp_micros());
        secrets.retain(|one| one.until.is_none_or(|until| until > at));
        for one in &mut secrets {
            one.until = one.until.or(Some(until));
        }
        secrets.insert(
            0,
            Secret {
                secret: secret.to_owned(),
                until: None,
            },
        );
        transaction
            .execute(
                "UPDATE watches SET secrets = ?2, updated_at = ?3 WHERE number = ?1",
                params![number, serde_json::to_string(&secrets).map_err(StoreError::from)?, at],
            )
            .map_err(StoreError::from)?;
        transaction.commit().map_err(StoreError::from)?;
        Ok(())
    }

    /// Puts a message to a watch's receiver that says it is a trial; its id. `None` when the watch has no receiver.
    ///
    /// # Errors
    /// When there is no such watch, or the store cannot be written.
    pub fn trial_message(&self, id: &str, now: DateTime<Utc>) -> Result<Option<String>, TrackError> {
        let mut connection = self.writer()?;
        let transaction = connection.transaction().map_err(StoreError::from)?;
        let number = watch_number(&transaction, id)?;
        let (name, url): (String, Option<String>) = transaction
            .query_row("SELECT name, url FROM watches WHERE number = ?1", [number], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .map_err(StoreError::from)?;
        if url.is_none() {
            return Ok(None);
        }
        let data = json!({"watch": {"id": id, "name": name}});
        let (_, message) = add_message(&transaction, number, "watch.test", data, now)?;
        transaction.commit().map_err(StoreError::from)?;
        Ok(Some(message))
    }

    /// Posts messages of a watch again, under the ids that they have; how many.
    ///
    /// # Errors
    /// When there is no such watch, or the store cannot be written.
    pub fn post_again(&self, id: &str, which: &Again, now: DateTime<Utc>) -> Result<usize, TrackError> {
        let at = now.timestamp_micros();
        let mut connection = self.writer()?;
        let transaction = connection.transaction().map_err(StoreError::from)?;
        let number = watch_number(&transaction, id)?;
        const SET: &str = "UPDATE messages SET state = 'waiting', due_at = ?2, since = ?2, tries = 0, ended_at = NULL
                           WHERE watch = ?1 AND state <> 'waiting'";
        let count = match which {
            Again::Ids(ids) => {
                let mut count = 0;
                for message in ids {
                    count += transaction
                        .execute(&format!("{SET} AND id = ?3"), params![number, at, message])
                        .map_err(StoreError::from)?;
                }
                count
            }
            Again::Span(from, to) => transaction
                .execute(
                    &format!("{SET} AND at BETWEEN ?3 AND ?4"),
                    params![number, at, from, to],
                )
                .map_err(StoreError::from)?,
            Again::Dead => transaction
                .execute(&format!("{SET} AND state = 'dead'"), params![number, at])
                .map_err(StoreError::from)?,
        };
        transaction
            .execute("UPDATE watches SET rest_until = NULL WHERE number = ?1", [number])
            .map_err(StoreError::from)?;
        transaction.commit().map_err(StoreError::from)?;
        Ok(count)
    }

    /// Makes messages of the alerts whose time has come; how many.
    ///
    /// # Errors
    /// When nothing was stored.
    pub fn make_messages(&self, now: DateTime<Utc>) -> Result<usize, StoreError> {
        let at = now.timestamp_micros();
        let mut connection = self.writer()?;
        let due: Vec<i64> = connection
            .prepare_cached(
                "SELECT number FROM watches WHERE due_at <= ?1 AND state = 'active' AND url IS NOT NULL ORDER BY due_at, number",
            )?
            .query_map([at], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let mut made = 0;
        for watch in due {
            let transaction = connection.transaction()?;
            made += make_message(&transaction, watch, now)?;
            transaction.commit()?;
        }
        Ok(made)
    }

    /// Messages whose time has come, the longest due first: the oldest that waits of each watch, since its receiver hears in the
    /// order of what happened; none of the watches in `busy` or of those whose receiver rests.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn outgoing(&self, busy: &BTreeSet<u64>, most: usize, now: DateTime<Utc>) -> Result<Vec<Outgoing>, StoreError> {
        let at = now.timestamp_micros();
        let connection = self.writer()?;
        let mut statement = connection.prepare_cached(
            "SELECT m.number, m.id, w.number, w.url, w.secrets, m.body, m.tries, m.since
             FROM (SELECT min(number) AS number FROM messages WHERE state = 'waiting' GROUP BY watch) oldest
             JOIN messages m ON m.number = oldest.number JOIN watches w ON w.number = m.watch
             WHERE m.due_at <= ?1 AND w.state = 'active' AND w.url IS NOT NULL AND coalesce(w.rest_until, 0) <= ?1
             ORDER BY m.due_at, m.number",
        )?;
        let mut rows = statement.query([at])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let watch = row.get::<_, i64>(2)? as u64;
            if busy.contains(&watch) {
                continue;
            }
            let secrets: Vec<Secret> = serde_json::from_str(&row.get::<_, String>(4)?)?;
            let valid = secrets
                .into_iter()
                .filter(|one| one.until.is_none_or(|until| until > at));
            found.push(Outgoing {
                number: row.get::<_, i64>(0)? as u64,
                id: row.get(1)?,
                watch,
                url: row.get(3)?,
                secrets: valid.map(|one| one.secret).collect(),
                body: row.get(5)?,
                tries: row.get(6)?,
                since: row.get(7)?,
            });
            if found.len() == most {
                break;
            }
        }
        Ok(found)
    }

    /// When there is something to do next for who delivers, the watches in `busy` left out: microseconds since 1970.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn next_delivery(&self, busy: &BTreeSet<u64>) -> Result<Option<i64>, StoreError> {
        let connection = self.writer()?;
        let mut statement = connection.prepare_cached(
            "SELECT number, due_at FROM watches WHERE due_at IS NOT NULL AND state = 'active' AND url IS NOT NULL
             UNION ALL
             SELECT w.number, max(m.due_at, coalesce(w.rest_until, 0))
             FROM (SELECT min(number) AS number FROM messages WHERE state = 'waiting' GROUP BY watch) oldest
             JOIN messages m ON m.number = oldest.number JOIN watches w ON w.number = m.watch
             WHERE w.state = 'active' AND w.url IS NOT NULL",
        )?;
        let rows = statement.query_map([], |row| Ok((row.get::<_, i64>(0)? as u64, row.get(1)?)))?;
        let mut next: Option<i64> = None;
        for row in rows {
            let (watch, due) = row?;
            if !busy.contains(&watch) {
                next = Some(next.map_or(due, |next| next.min(due)));
            }
        }
        Ok(next)
    }

    /// Writes down what came of a try, and tells what becomes of the message. What failed at an address that the watch has left
    /// says nothing of the present one: the message begins anew there.
    ///
    /// # Errors
    /// When nothing was stored: whoever posted it has to note it before the next post, or posts it again under the same id.
    pub fn tried(&self, tried: &Tried, now: DateTime<Utc>) -> Result<Then, StoreError> {
        let at = now.timestamp_micros();
        let mut connection = self.writer()?;
        let transaction = connection.transaction()?;
        let message = tried.message as i64;
        // Whoever deleted the watch meanwhile wants to hear nothing of it.
        let found: Option<(i64, Option<String>)> = transaction
            .query_row(
                "SELECT w.number, w.url FROM messages m JOIN watches w ON w.number = m.watch WHERE m.number = ?1",
                [message],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()?;
        let Some((watch, url)) = found else {
            return Ok(tried.then.clone());
        };
        let has_left = url.as_ref() != Some(&tried.url) && tried.then != Then::Delivered;
        let then = if has_left { Then::Again(at) } else { tried.then.clone() };
        let answer: Option<String> = tried
            .answer
            .as_ref()
            .map(|answer| answer.chars().take(ANSWER_CHARACTERS).collect());
        transaction
            .prepare_cached(
                "INSERT INTO tries (message, at, status, milliseconds, answer, error) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                message,
                at,
                tried.status,
                tried.milliseconds as i64,
                answer,
                tried.error
            ])?;
        let (state, due) = match &then {
            Then::Delivered => ("delivered", None),
            Then::Again(due) => ("waiting", Some(*due)),
            Then::Dead | Then::Gone => ("dead", None),
        };
        transaction
            .prepare_cached(
                "UPDATE messages SET tries = tries + 1, state = ?2, due_at = ?3,
                 ended_at = CASE WHEN ?2 = 'waiting' THEN NULL ELSE ?4 END WHERE number = ?1",
            )?
            .execute(params![message, state, due, at])?;
        match &then {
            Then::Delivered => {
                // The receiver is there again: what waits goes out.
                transaction.execute(
                    "UPDATE messages SET due_at = ?2 WHERE watch = ?1 AND state = 'waiting' AND due_at > ?2",
                    params![watch, at],
                )?;
                transaction.execute(
                    "UPDATE watches SET failures = 0, rest_until = NULL WHERE number = ?1",
                    [watch],
                )?
            }
            Then::Again(_) if has_left => transaction.execute(BEGIN_ANEW, params![watch, at])?,
            Then::Again(due) => transaction.execute(
                "UPDATE watches SET failures = failures + 1, rest_until = ?2 WHERE number = ?1",
                params![watch, due],
            )?,
            Then::Dead => {
                transaction.execute("UPDATE watches SET failures = failures + 1 WHERE number = ?1", [watch])?
            }
            Then::Gone => {
                transaction.execute(
                    "UPDATE messages SET state = 'dead', due_at = NULL, ended_at = ?2 WHERE watch = ?1 AND state = 'waiting'",
                    params![watch, at],
                )?;
                transaction.execute(
                    "UPDATE watches SET state = 'disabled', why = 'its receiver answered 410 Gone', updated_at = ?2,
                     failures = failures + 1 WHERE number = ?1",
                    params![watch, at],
                )?
            }
        };
        transaction.commit()?;
        Ok(then)
    }

    /// Forgets delivered messages, and alerts that are told of or were only shown, from before this time; how many alerts.
    ///
    /// # Errors
    /// When nothing was stored.
    pub fn forget_deliveries(&self, before: DateTime<Utc>) -> Result<usize, StoreError> {
        let before = before.timestamp_micros();
        let mut connection = self.writer()?;
        let transaction = connection.transaction()?;
        let count = transaction.execute(
            "DELETE FROM alerts WHERE at < ?1 AND (
               message IN (SELECT number FROM messages WHERE state = 'delivered')
               OR (message IS NULL AND watch IN (SELECT number FROM watches WHERE url IS NULL)))",
            [before],
        )?;
        transaction.execute(
            "DELETE FROM messages WHERE state = 'delivered' AND ended_at < ?1
             AND NOT EXISTS (SELECT 1 FROM alerts a WHERE a.message = messages.number)",
            [before],
        )?;
        transaction.commit()?;
        Ok(count)
    }
}

fn watch_number(connection: &Connection, id: &str) -> Result<i64, TrackError> {
    connection
        .query_row("SELECT number FROM watches WHERE id = ?1", [id], |row| row.get(0))
        .optional()
        .map_err(StoreError::from)?
        .ok_or_else(|| TrackError::NoWatch(id.to_owned()))
}

fn add(
    transaction: &Transaction<'_>,
    new: &NewWatch,
    secret: &str,
    feed: &str,
    most: usize,
    now: DateTime<Utc>,
) -> Result<String, TrackError> {
    let at = now.timestamp_micros();
    let count: i64 = transaction
        .query_row("SELECT count(*) FROM watches", [], |row| row.get(0))
        .map_err(StoreError::from)?;
    if count as usize >= most {
        return Err(TrackError::TooMany(most));
    }
    let story: Option<(i64, String)> = match &new.story_id {
        None => None,
        Some(id) => Some(
            transaction
                .query_row(
                    "SELECT s.number, s.title FROM stories a JOIN stories s ON s.number = coalesce(a.merged_into, a.number)
                     WHERE a.id = ?1",
                    [id],
                    |row| Ok((row.get(0)?, row.get(1)?)),
                )
                .optional()
                .map_err(StoreError::from)?
                .ok_or_else(|| TrackError::NoStory(id.clone()))?,
        ),
    };
    let named = new.name.as_deref().map(str::trim).filter(|name| !name.is_empty());
    let name = match (named, &story, &new.search) {
        (Some(name), ..) => name.to_owned(),
        (None, Some((_, title)), _) => title.clone(),
        (None, None, Some(search)) => search.title(),
        (None, None, None) => String::new(),
    };
    let json = |value: Result<String, serde_json::Error>| value.map_err(StoreError::from);
    let secrets = [Secret {
        secret: secret.to_owned(),
        until: None,
    }];
    let number = story.map(|(number, _)| number);
    transaction
        .execute(
            "INSERT INTO watches (id, name, story, origin, search, url, events, quiet, secrets, feed, state, created_at, updated_at)
             VALUES ('', ?1, ?2, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'active', ?9, ?9)",
            params![
                name,
                number,
                new.search.as_ref().map(serde_json::to_string).transpose().map_err(StoreError::from)?,
                new.url,
                json(serde_json::to_string(&new.events))?,
                json(serde_json::to_string(&new.quiet))?,
                json(serde_json::to_string(&secrets))?,
                feed,
                at
            ],
        )
        .map_err(StoreError::from)?;
    let number = transaction.last_insert_rowid();
    let id = format!("w{number}");
    transaction
        .execute("UPDATE watches SET id = ?2 WHERE number = ?1", params![number, id])
        .map_err(StoreError::from)?;
    Ok(id)
}

/// A watch while alerts are raised.
struct Watching {
    number: i64,
    search: Option<Search>,
    events: Vec<Event>,
    quiet: Quiet,
    delivers: bool,
    sent: Option<i64>,
}

/// Watches that meet a condition, in their order.
fn watches(
    connection: &Connection,
    condition: &str,
    values: impl rusqlite::Params,
) -> Result<Vec<Watching>, StoreError> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT number, search, events, quiet, url IS NOT NULL, sent_at FROM watches WHERE {condition} ORDER BY number"
    ))?;
    let mut rows = statement.query(values)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let search: Option<String> = row.get(1)?;
        found.push(Watching {
            number: row.get(0)?,
            search: search.as_deref().map(serde_json::from_str).transpose()?,
            events: serde_json::from_str(&row.get::<_, String>(2)?)?,
            quiet: serde_json::from_str(&row.get::<_, String>(3)?)?,
            delivers: row.get(4)?,
            sent: row.get(5)?,
        });
    }
    Ok(found)
}

/// A change of the log, to be told of.
struct Logged {
    number: i64,
    kind: String,
    story: i64,
    article: Option<i64>,
    detail: String,
}

/// Raises the alerts of every change after this one, within the transaction that made them. Watches go along with their stories.
pub(super) fn raise(transaction: &Transaction<'_>, after: u64, now: DateTime<Utc>) -> Result<(), StoreError> {
    if !transaction
        .prepare_cached("SELECT 1 FROM watches LIMIT 1")?
        .exists([])?
    {
        return Ok(());
    }
    let searches = watches(transaction, "search IS NOT NULL", [])?;
    let changes: Vec<Logged> = transaction
        .prepare_cached("SELECT number, kind, story, article, detail FROM changes WHERE number > ?1 ORDER BY number")?
        .query_map([after as i64], |row| {
            Ok(Logged {
                number: row.get(0)?,
                kind: row.get(1)?,
                story: row.get(2)?,
                article: row.get(3)?,
                detail: row.get(4)?,
            })
        })?
        .collect::<Result<_, _>>()?;
    let details: Vec<Value> = changes
        .iter()
        .map(|change| serde_json::from_str(&change.detail))
        .collect::<Result<_, _>>()?;
    let merged: BTreeSet<(i64, &str)> = changes
        .iter()
        .zip(&details)
        .filter(|(change, _)| change.kind == "merged")
        .filter_map(|(change, detail)| Some((change.story, text(detail, "into")?)))
        .collect();
    // Watches that went back to the story that was asked for, by that story and the one that they come from.
    let mut back: BTreeMap<(i64, String), BTreeSet<i64>> = BTreeMap::new();
    let mut parted: BTreeSet<i64> = BTreeSet::new();
    for (change, detail) in changes.iter().zip(&details) {
        let state = text(detail, "state");
        let before = match state {
            None => None,
            Some(_) => state_before(transaction, change.story, change.number)?,
        };
        let Some(event) = event_of(&change.kind, state, before.as_deref()) else {
            continue;
        };
        let other: Option<i64> = match (event, text(detail, "into")) {
            (Event::Merged | Event::Split, Some(id)) => transaction
                .prepare_cached("SELECT number FROM stories WHERE id = ?1")?
                .query_row([id], |row| row.get(0))
                .optional()?,
            _ => None,
        };
        // Who follows a story into another one, or back, keeps its articles: none of them leaves or joins, and nothing wakes.
        let goes_along = match event {
            Event::ArticleLeft => text(detail, "to").is_some_and(|to| merged.contains(&(change.story, to))),
            Event::Waking => parted.contains(&change.story),
            Event::Closing if parted.contains(&change.story) => {
                state_before(transaction, change.story, after as i64 + 1)?.as_deref() == Some("closed")
            }
            _ => false,
        };
        if goes_along {
            continue;
        }
        let from = text(detail, "from");
        let kept = from.and_then(|from| back.get(&(change.story, from.to_owned())));
        // A merge is told of on both sides.
        let both = other.filter(|_| event == Event::Merged).unwrap_or(change.story);
        for watch in watches(transaction, "story IN (?1, ?2)", [change.story, both])? {
            if !kept.is_some_and(|kept| kept.contains(&watch.number)) {
                tell(transaction, &watch, event, change, now)?;
            }
        }
        if event == Event::ArticleJoined {
            for watch in &searches {
                let (Some(search), Some(article)) = (&watch.search, change.article) else {
                    continue;
                };
                // In another story it may have the sources that are asked for; it is told of once.
                let may_be_new = || -> Result<bool, StoreError> {
                    Ok(search.min_sources.is_some() && is_untold(transaction, watch.number, article, now)?)
                };
                if (from.is_none() || may_be_new()?) && meets(transaction, search, article, change.story)? {
                    tell(transaction, watch, event, change, now)?;
                }
            }
        }
        match (event, other) {
            (Event::Merged, Some(into)) => {
                transaction.execute("UPDATE watches SET story = ?2 WHERE story = ?1", [change.story, into])?;
            }
            // The story that was asked for goes on by itself again.
            (Event::Split, Some(child)) => {
                // What had ended in it before comes along.
                let along =
                    "story = ?1 AND (origin = ?2 OR origin IN (SELECT number FROM stories WHERE merged_into = ?2))";
                let going = watches(transaction, along, [change.story, child])?;
                back.insert(
                    (child, story_id(change.story as u64)),
                    going.into_iter().map(|watch| watch.number).collect(),
                );
                parted.insert(child);
                transaction.execute(
                    &format!("UPDATE watches SET story = ?2 WHERE {along}"),
                    [change.story, child],
                )?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// What a change's detail says in a field.
fn text<'a>(detail: &'a Value, field: &str) -> Option<&'a str> {
    detail.get(field)?.as_str()
}

/// Whether an article came within the last days and since the watch was made, and the watch has no alert of it, held back or not.
fn is_untold(connection: &Connection, watch: i64, article: i64, now: DateTime<Utc>) -> Result<bool, StoreError> {
    let since = (now - TimeDelta::days(MOVED_DAYS)).timestamp_micros();
    Ok(connection
        .prepare_cached(
            "SELECT 1 FROM articles a, watches w WHERE a.number = ?2 AND w.number = ?1 AND a.arrived_at >= max(w.created_at, ?3)
             AND NOT EXISTS (SELECT 1 FROM alerts t WHERE t.watch = ?1 AND t.article = ?2)",
        )?
        .exists([watch, article, since])?)
}

/// The state that a story had before a change of the log; `None` when it had none of its own yet.
fn state_before(connection: &Connection, story: i64, change: i64) -> Result<Option<String>, StoreError> {
    Ok(connection
        .prepare_cached(
            "SELECT detail ->> 'state' FROM changes WHERE story = ?1 AND kind = 'state_changed' AND number < ?2
             ORDER BY number DESC LIMIT 1",
        )?
        .query_row([story, change], |row| row.get(0))
        .optional()?)
}

/// Writes an alert, held back or not, and when it is due.
fn tell(
    transaction: &Transaction<'_>,
    watch: &Watching,
    event: Event,
    change: &Logged,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    if !watch.events.is_empty() && !watch.events.contains(&event) {
        return Ok(());
    }
    let held = match (event, change.article) {
        (Event::ArticleJoined | Event::ArticleLeft, Some(article)) => {
            let joined = joined(transaction, change.story, article, &watch.quiet)?;
            match event {
                Event::ArticleJoined => watch.quiet.holds_back(joined),
                // What was not told of is not taken back.
                _ => Some(Held::NearDuplicate).filter(|_| joined.near_duplicate && !watch.quiet.near_duplicates),
            }
        }
        _ => None,
    };
    let at = now.timestamp_micros();
    transaction
        .prepare_cached(
            "INSERT INTO alerts (watch, change, at, event, story, article, detail, held) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (watch, change) DO NOTHING",
        )?
        .execute(params![
            watch.number,
            change.number,
            at,
            event.name(),
            change.story,
            change.article,
            change.detail,
            held.map(Held::name)
        ])?;
    if held.is_none() && watch.delivers {
        let due = watch.quiet.due(at, watch.sent);
        transaction
            .prepare_cached("UPDATE watches SET due_at = min(coalesce(due_at, ?2), ?2) WHERE number = ?1")?
            .execute([watch.number, due])?;
    }
    Ok(())
}

fn joined(connection: &Connection, story: i64, article: i64, quiet: &Quiet) -> Result<Joined, StoreError> {
    let (near_duplicate, source, url, placement): (bool, Option<String>, Option<String>, Option<String>) = connection
        .prepare_cached("SELECT original IS NOT NULL, source, url, placement FROM articles WHERE number = ?1")?
        .query_row([article], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })?;
    let known_source = match source {
        Some(source) if quiet.only_new_sources => {
            let own = (source.as_str(), url.as_deref().and_then(registrable_host));
            has_outlet(connection, story, article, own)?
        }
        source => source.is_none(),
    };
    let placement: Option<Placement> = match placement.filter(|_| quiet.least_novelty > 0.0) {
        Some(text) => Some(serde_json::from_str(&text)?),
        None => None,
    };
    let nearest = placement.iter().flat_map(|placement| &placement.nearest);
    let nearest = nearest.map(|neighbour| neighbour.similarity).fold(0.0, f64::max);
    Ok(Joined {
        near_duplicate,
        known_source,
        novelty: 1.0 - nearest,
    })
}

/// Whether a story has an article from before this one of the same outlet: see [`Outlets`].
fn has_outlet(
    connection: &Connection,
    story: i64,
    article: i64,
    (source, host): (&str, Option<String>),
) -> Result<bool, StoreError> {
    let by_name = connection
        .prepare_cached("SELECT 1 FROM articles WHERE story = ?1 AND number < ?2 AND source = ?3 LIMIT 1")?
        .exists(params![story, article, source])?;
    if by_name {
        return Ok(true);
    }
    let names: Vec<String> = connection
        .prepare_cached("SELECT DISTINCT source FROM articles WHERE story = ?1 AND number < ?2 AND source IS NOT NULL")?
        .query_map([story, article], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    if !outlets::may_be_fewer(names.iter().map(String::as_str).chain([source])) {
        return Ok(false);
    }
    let earlier: BTreeSet<(String, Option<String>)> = connection
        .prepare_cached("SELECT source, url FROM articles WHERE story = ?1 AND number < ?2 AND source IS NOT NULL")?
        .query_map([story, article], |row| {
            let url: Option<String> = row.get(1)?;
            Ok((row.get(0)?, url.as_deref().and_then(registrable_host)))
        })?
        .collect::<Result<_, _>>()?;
    let named = earlier.iter().map(|(name, host)| (name.as_str(), host.as_deref()));
    let outlets = Outlets::of(named.chain([(source, host.as_deref())]));
    let own = outlets.outlet(source);
    Ok(earlier.iter().any(|(name, _)| outlets.outlet(name) == own))
}

/// Whether an article that was placed in a story meets a saved search.
fn meets(connection: &Connection, search: &Search, article: i64, story: i64) -> Result<bool, StoreError> {
    let holds = |expression: &str| -> Result<bool, StoreError> {
        Ok(connection
            .prepare_cached("SELECT 1 FROM search WHERE search MATCH ?1 AND rowid = (SELECT search_row FROM articles WHERE number = ?2)")?
            .exists(params![expression, article])?)
    };
    let (lang, source, sources, about): (String, Option<String>, i64, String) = connection
        .prepare_cached(
            "SELECT a.lang, a.source, s.sources, s.about FROM articles a, stories s WHERE a.number = ?1 AND s.number = ?2",
        )?
        .query_row([article, story], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })?;
    if search.lang.as_ref().is_some_and(|wanted| *wanted != lang)
        || search
            .source
            .as_ref()
            .is_some_and(|wanted| source.as_ref() != Some(wanted))
        || search.min_sources.is_some_and(|least| (sources as u64) < least)
    {
        return Ok(false);
    }
    if let Some(expression) = search.q.as_deref().and_then(match_expression)
        && !holds(&expression)?
    {
        return Ok(false);
    }
    let Some(name) = &search.name else { return Ok(true) };
    let folded = fold(name);
    let folded = folded.trim();
    Ok(holds(&format!("\"{folded}\""))? || named(&serde_json::from_str(&about)?, folded))
}

/// Whether what a story is about has this name, folded, in any language.
fn named(about: &Value, folded: &str) -> bool {
    match about {
        Value::String(text) => fold(text).trim() == folded,
        Value::Array(items) => items.iter().any(|item| named(item, folded)),
        Value::Object(fields) => fields.values().any(|item| named(item, folded)),
        _ => false,
    }
}

fn make_message(transaction: &Transaction<'_>, watch: i64, now: DateTime<Utc>) -> Result<usize, StoreError> {
    let at = now.timestamp_micros();
    let mut told: Vec<AlertView> = transaction
        .prepare_cached(&format!(
            "{ALERTS} WHERE a.watch = ?1 AND a.message IS NULL AND a.held IS NULL ORDER BY a.number LIMIT ?2"
        ))?
        .query_map([watch, PER_MESSAGE as i64 + 1], alert)?
        .collect::<Result<_, _>>()?;
    let more = told.len() > PER_MESSAGE;
    told.truncate(PER_MESSAGE);
    let Some(last) = told.last().map(|alert| alert.number as i64) else {
        transaction.execute("UPDATE watches SET due_at = NULL WHERE number = ?1", [watch])?;
        return Ok(0);
    };
    // What was held back since the last message is counted, all of it when nothing more waits.
    let up_to = if more { last } else { i64::MAX };
    let held: BTreeMap<String, u64> = transaction
        .prepare_cached(
            "SELECT held, count(*) FROM alerts WHERE watch = ?1 AND message IS NULL AND held IS NOT NULL AND number <= ?2 GROUP BY held",
        )?
        .query_map([watch, up_to], |row| Ok((row.get(0)?, row.get::<_, i64>(1)? as u64)))?
        .collect::<Result<_, _>>()?;
    let (id, name): (String, String) =
        transaction.query_row("SELECT id, name FROM watches WHERE number = ?1", [watch], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    let data = json!({"watch": {"id": id, "name": name}, "alerts": told, "held_back": held});
    let (message, _) = add_message(transaction, watch, "story.alerts", data, now)?;
    transaction.execute(
        "UPDATE alerts SET message = ?2 WHERE watch = ?1 AND message IS NULL AND (number <= ?3 OR (held IS NOT NULL AND number <= ?4))",
        [watch, message, last, up_to],
    )?;
    transaction.execute(
        "UPDATE watches SET due_at = CASE WHEN ?3 THEN due_at END, sent_at = ?2 WHERE number = ?1",
        params![watch, at, more],
    )?;
    Ok(1)
}

/// Adds a message that is due now; its number and id.
fn add_message(
    transaction: &Transaction<'_>,
    watch: i64,
    kind: &str,
    data: Value,
    now: DateTime<Utc>,
) -> Result<(i64, String), StoreError> {
    let at = now.timestamp_micros();
    // Unlike that of any other store: receivers drop what they have seen by it.
    let id = format!("msg_{}", sign::new_address()?);
    let body = json!({"type": kind, "timestamp": now.to_rfc3339_opts(SecondsFormat::Millis, true), "data": data});
    transaction.execute(
        "INSERT INTO messages (id, watch, at, body, state, since, due_at) VALUES (?1, ?2, ?3, ?4, 'waiting', ?3, ?3)",
        params![id, watch, at, body.to_string()],
    )?;
    Ok((transaction.last_insert_rowid(), id))
}
