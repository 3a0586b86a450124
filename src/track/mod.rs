//! Track: tells who watches a story, or a saved search, what happens to it, and nothing twice.
//!
//! In: watches as somebody asks for them, and the change log. Out: alerts, one for a change and a watch, written by the store in
//! the transaction of the change itself ([`crate::store::write`]); messages made of alerts by the watch's own bounds ([`rules`]);
//! and their delivery to receivers ([`deliver`]), signed ([`sign`]) and only to addresses that may be asked ([`guard`]).
//! Never decides about stories, and never holds up who does: a receiver that hangs costs a thread of this stage.

pub mod deliver;
pub mod guard;
pub mod rules;
pub mod sign;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use chrono::{TimeDelta, Utc};
use ipnet::IpNet;
use serde::{Deserialize, Deserializer, Serialize};
use tokio::sync::{Notify, watch};
use utoipa::ToSchema;

use crate::metrics::Metrics;
use crate::store::Store;
use crate::store::write::{Again, Foreseen};
use guard::Guard;

/// The section `[track]` of the configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Watches that there may be, at most.
    pub most_watches: usize,
    /// Receivers that are asked at once.
    pub senders: usize,
    /// Seconds that a receiver gets to answer.
    pub answer_seconds: u64,
    /// Seconds until the first retry; each later one waits three times as long ...
    pub retry_seconds: u64,
    /// ... but no longer than this.
    pub retry_most_seconds: u64,
    /// Hours after which a message that no receiver took is put aside.
    pub give_up_hours: u64,
    /// Hours for which the secret before the newest one still signs, too.
    pub old_secret_hours: u64,
    /// Networks of the host itself or of a private network that may be asked, in CIDR notation.
    #[serde(deserialize_with = "networks")]
    pub allow_networks: Vec<IpNet>,
    /// Days for which delivered messages and alerts are kept; the feed shows what is kept.
    pub keep_days: u64,
}

/// Networks as a list, or as one text with commas between them, which is how the environment can say it.
fn networks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Given {
        Text(String),
        List(Vec<String>),
    }
    let given = match Given::deserialize(deserializer)? {
        Given::List(list) => list,
        Given::Text(text) => text.split(',').map(|one| one.trim().to_owned()).collect(),
    };
    let network = |one: &String| {
        let wrong = |error| serde::de::Error::custom(format!("{one:?} is no network such as 10.1.0.0/16: {error}"));
        one.parse().map_err(wrong)
    };
    given.iter().filter(|one| !one.is_empty()).map(network).collect()
}

/// What a watch tells of. The names are those of the messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = WatchEvent)]
pub enum Event {
    /// An article is in the story that was not before.
    ArticleJoined,
    /// An article is no longer in it: what was told of it is taken back.
    ArticleLeft,
    /// It and another story are one from now on.
    Merged,
    /// A part of it is a story of its own from now on.
    Split,
    /// It has another headline.
    Renamed,
    /// It goes on after it had fallen asleep.
    Waking,
    /// It is closed: there was no article for long.
    Closing,
}

impl Event {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::ArticleJoined,
        Self::ArticleLeft,
        Self::Merged,
        Self::Split,
        Self::Renamed,
        Self::Waking,
        Self::Closing,
    ];

    /// The name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::ArticleJoined => "article_joined",
            Self::ArticleLeft => "article_left",
            Self::Merged => "merged",
            Self::Split => "split",
            Self::Renamed => "renamed",
            Self::Waking => "waking",
            Self::Closing => "closing",
        }
    }

    /// The event of this name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.name() == name)
    }
}

/// A saved search: an article that meets all that is asked is told of when it is placed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WatchSearch)]
pub struct Search {
    /// Words that must all occur in it; Arabic spellings, digits and accents meet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub q: Option<String>,
    /// A person, a place or an organisation: named by the article, or by its story in any language.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its language.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lang: Option<String>,
    /// Its source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Independent sources of its story, at least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_sources: Option<u64>,
}

/// Bounds against floods. What they hold back is counted in the next message.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(as = WatchQuiet)]
pub struct Quiet {
    /// Seconds after a message in which none follows; what happens meanwhile comes together in the next one.
    pub cool_down_seconds: u64,
    /// Minutes between two messages: each brings together what happened in them. 0: no such digest.
    pub digest_minutes: u64,
    /// Times of day, UTC, at which what happened since the last one comes in one message ("07:30"). Stronger than the minutes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub digest_at: Vec<String>,
    /// Tell of near-duplicates, too. Without it they are folded into the next message as a number.
    pub near_duplicates: bool,
    /// Only articles of sources that the story did not have.
    pub only_new_sources: bool,
    /// How new an article must be to the story, 0 (all are told of) to 1: one minus its cosine with the member nearest to it.
    pub least_novelty: f64,
}

/// What somebody asks to watch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWatch {
    /// What it is called; without it the story's headline or the search's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The story to follow; or give `search`.
    #[serde(default, skip_serializing_if = "Option::is_none", alias = "story")]
    pub story_id: Option<String>,
    /// The search to save; or give `story_id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<Search>,
    /// Where messages are posted to, by http or https. Without it there are the feed and the stream alone.
    #[serde(default, skip_serializing_if = "Option::is_none", alias = "webhook")]
    pub url: Option<String>,
    /// What is told of; without it everything.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<Event>,
    /// Bounds against floods.
    #[serde(default)]
    pub quiet: Quiet,
}

/// What is changed of a watch; what is left out stays.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WatchChange)]
pub struct Change {
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where messages are posted to; an empty text for nowhere.
    #[serde(default, skip_serializing_if = "Option::is_none", alias = "webhook")]
    pub url: Option<String>,
    /// What is told of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<Vec<Event>>,
    /// Bounds against floods, all of them anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiet: Option<Quiet>,
    /// `active` or `paused`: a paused one makes alerts, and delivers them when it is active again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<WatchState>,
}

/// Whether a watch delivers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WatchState {
    /// It delivers.
    Active,
    /// Somebody paused it.
    Paused,
    /// Its receiver said that it is gone (410).
    Disabled,
}

impl WatchState {
    /// The name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Disabled => "disabled",
        }
    }
}

/// Why a watch cannot be made or changed.
#[derive(Debug, thiserror::Error)]
pub enum TrackError {
    /// A field that makes no sense.
    #[error("{reason}")]
    Invalid {
        /// The field at fault.
        field: &'static str,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// There is no such story.
    #[error("there is no story with the id {0:?}")]
    NoStory(String),
    /// There is no such watch.
    #[error("there is no watch with the id {0:?}")]
    NoWatch(String),
    /// There are as many as there may be.
    #[error("there are {0} watches, as many as there may be; delete some, or raise track.most_watches")]
    TooMany(usize),
    /// The address may not be asked.
    #[error(transparent)]
    Address(#[from] guard::AddressError),
    /// The system's random numbers failed.
    #[error("the system gives no random numbers ({0}); no secret can be made")]
    Random(#[from] std::io::Error),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] crate::store::StoreError),
}

/// Days for which it is told what a search would have told.
pub const FORESEEN_DAYS: i64 = 7;

/// What makes and changes watches. All of it blocks; call it off the async threads.
pub struct Tracker {
    store: Arc<Store>,
    settings: Settings,
    guard: Guard,
    /// Rung when there may be something to deliver that no change of the log tells of.
    bell: Notify,
    /// The number of the newest alert, for those who follow a watch live.
    newest: watch::Sender<u64>,
    metrics: Arc<Metrics>,
}

/// A new watch, or a new secret of one: the only time that the secret is shown.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = WatchSecret)]
pub struct Secret {
    /// Signs its messages; keep it where the receiver can read it, and nowhere else.
    pub secret: String,
}

impl Tracker {
    /// Of this store, with these settings; deliveries are counted in `metrics`.
    pub fn new(store: Arc<Store>, settings: Settings, metrics: Arc<Metrics>) -> Self {
        Self {
            guard: Guard::new(settings.allow_networks.clone()),
            store,
            settings,
            bell: Notify::new(),
            newest: watch::Sender::new(0),
            metrics,
        }
    }

    /// Makes a watch; its id and its secret.
    ///
    /// # Errors
    /// When it makes no sense, or cannot be stored.
    pub fn add(&self, new: &NewWatch) -> Result<(String, Secret), TrackError> {
        new.check(&self.guard)?;
        let (secret, feed) = (sign::new_secret()?, sign::new_address()?);
        let id = self
            .store
            .add_watch(new, &secret, &feed, self.settings.most_watches, Utc::now())?;
        Ok((id, Secret { secret }))
    }

    /// What a new watch of a saved search would have told of what was published in the last [`FORESEEN_DAYS`], had it been there.
    ///
    /// # Errors
    /// When it makes no sense, is no search, or the store fails.
    pub fn foresee(&self, new: &NewWatch) -> Result<Foreseen, TrackError> {
        new.check(&self.guard)?;
        let Some(search) = &new.search else {
            return Err(invalid(
                "search",
                "only a saved search is tried beforehand; give `search`",
            ));
        };
        let seconds = TimeDelta::days(FORESEEN_DAYS).num_seconds();
        Ok(self.store.foresee(search, &new.quiet, seconds, Utc::now())?)
    }

    /// Changes a watch.
    ///
    /// # Errors
    /// When the change makes no sense, there is no such watch, or it cannot be stored.
    pub fn change(&self, id: &str, change: &Change) -> Result<(), TrackError> {
        change.check(&self.guard)?;
        self.store.change_watch(id, change, Utc::now())?;
        self.bell.notify_one();
        Ok(())
    }

    /// Deletes a watch with all that it told.
    ///
    /// # Errors
    /// When there is no such watch, or the store fails.
    pub fn delete(&self, id: &str) -> Result<(), TrackError> {
        self.store.delete_watch(id)
    }

    /// Gives a watch a new secret; the old one signs, too, for `track.old_secret_hours`.
    ///
    /// # Errors
    /// When there is no such watch, or the store fails.
    pub fn rotate(&self, id: &str) -> Result<Secret, TrackError> {
        let secret = sign::new_secret()?;
        let hours = i64::try_from(self.settings.old_secret_hours).unwrap_or(i64::MAX);
        let both = TimeDelta::try_hours(hours).unwrap_or(TimeDelta::days(36_500));
        self.store.rotate_secret(id, &secret, both, Utc::now())?;
        Ok(Secret { secret })
    }

    /// Posts a message to a watch's receiver that says that it is a trial; the message's id.
    ///
    /// # Errors
    /// When there is no such watch or no receiver, or the store fails.
    pub fn try_out(&self, id: &str) -> Result<String, TrackError> {
        let message = self.store.trial_message(id, Utc::now())?;
        self.bell.notify_one();
        message.ok_or_else(|| invalid("url", "this watch posts nowhere; give it a `url` first"))
    }

    /// Posts messages again; how many.
    ///
    /// # Errors
    /// When there is no such watch, or the store fails.
    pub fn post_again(&self, id: &str, which: &Again) -> Result<usize, TrackError> {
        let count = self.store.post_again(id, which, Utc::now())?;
        self.bell.notify_one();
        Ok(count)
    }

    /// The number of the newest alert, to wait for the next one.
    pub fn newest(&self) -> watch::Receiver<u64> {
        self.newest.subscribe()
    }
}

/// Characters of a name, a search's words or an address, at most.
const MOST_CHARACTERS: usize = 1_000;

fn invalid(field: &'static str, reason: impl Into<String>) -> TrackError {
    TrackError::Invalid {
        field,
        reason: reason.into(),
    }
}

fn bounded(field: &'static str, text: Option<&str>) -> Result<(), TrackError> {
    match text {
        Some(text) if text.chars().count() > MOST_CHARACTERS => Err(invalid(
            field,
            format!("`{field}` must have at most {MOST_CHARACTERS} characters"),
        )),
        _ => Ok(()),
    }
}

impl Quiet {
    fn check(&self) -> Result<(), TrackError> {
        const DAY_SECONDS: u64 = 86_400;
        if self.cool_down_seconds > DAY_SECONDS {
            return Err(invalid("quiet", "`cool_down_seconds` must be a day (86400) at most"));
        }
        if self.digest_minutes > DAY_SECONDS / 60 {
            return Err(invalid("quiet", "`digest_minutes` must be a day (1440) at most"));
        }
        if !(0.0..=1.0).contains(&self.least_novelty) {
            return Err(invalid("quiet", "`least_novelty` must be between 0 and 1"));
        }
        if self.digest_at.len() > 24 {
            return Err(invalid("quiet", "`digest_at` must name 24 times at most"));
        }
        match self.digest_at.iter().find(|time| rules::minute_of_day(time).is_none()) {
            Some(time) => Err(invalid(
                "quiet",
                format!("`digest_at` must be times such as \"07:30\", not {time:?}"),
            )),
            None => Ok(()),
        }
    }
}

impl NewWatch {
    /// Whether it makes sense by itself; the store knows whether the story exists.
    ///
    /// # Errors
    /// The field at fault.
    pub fn check(&self, guard: &Guard) -> Result<(), TrackError> {
        bounded("name", self.name.as_deref())?;
        match (&self.story_id, &self.search) {
            (Some(_), None) => {}
            (None, Some(search)) => {
                search.check()?;
                if !self.events.is_empty() {
                    search_tells(&self.events)?;
                }
            }
            (Some(_), Some(_)) => return Err(invalid("search", "give `story_id` or `search`, not both")),
            (None, None) => return Err(invalid("story_id", "say what to watch: `story_id` or `search`")),
        }
        if let Some(url) = &self.url {
            bounded("url", Some(url))?;
            guard.check_address(url)?;
        }
        self.quiet.check()
    }
}

/// Whether a watch of a saved search can tell of any of these events.
///
/// # Errors
/// When it cannot.
pub(crate) fn search_tells(events: &[Event]) -> Result<(), TrackError> {
    match events.contains(&Event::ArticleJoined) {
        true => Ok(()),
        false => Err(invalid(
            "events",
            "a saved search tells of `article_joined` alone; leave `events` out",
        )),
    }
}

impl Search {
    fn check(&self) -> Result<(), TrackError> {
        for text in [&self.q, &self.name, &self.lang, &self.source] {
            bounded("search", text.as_deref())?;
        }
        let says = |text: &Option<String>| {
            let folded = text.as_deref().map(crate::extract::fold::fold);
            folded.is_some_and(|text| !text.trim().is_empty())
        };
        for (field, text) in [("q", &self.q), ("name", &self.name)] {
            if text.is_some() && !says(text) {
                return Err(invalid("search", format!("`{field}` has no word to look for")));
            }
        }
        let any = says(&self.q) || says(&self.name) || says(&self.lang) || says(&self.source);
        match any || self.min_sources.is_some() {
            true => Ok(()),
            false => Err(invalid(
                "search",
                "an empty search would tell of every article; give `q`, `name`, `lang`, `source` or `min_sources`",
            )),
        }
    }

    /// How a search is called that nobody named.
    pub fn title(&self) -> String {
        let least = self.min_sources.map(|least| format!("≥ {least}"));
        let parts: Vec<&str> = [&self.q, &self.name, &self.lang, &self.source, &least]
            .into_iter()
            .filter_map(|part| part.as_deref())
            .collect();
        parts.join(" · ")
    }
}

impl Change {
    /// Whether it makes sense by itself.
    ///
    /// # Errors
    /// The field at fault.
    pub fn check(&self, guard: &Guard) -> Result<(), TrackError> {
        bounded("name", self.name.as_deref())?;
        if self.name.as_deref().is_some_and(|name| name.trim().is_empty()) {
            return Err(invalid("name", "a watch must have a name"));
        }
        if let Some(url) = self.url.as_deref().filter(|url| !url.is_empty()) {
            bounded("url", Some(url))?;
            guard.check_address(url)?;
        }
        if self.state == Some(WatchState::Disabled) {
            return Err(invalid(
                "state",
                "a watch is `disabled` by its receiver alone; give `paused`",
            ));
        }
        if self.events.as_ref().is_some_and(Vec::is_empty) {
            return Err(invalid("events", "a watch must tell of something"));
        }
        self.quiet.as_ref().map_or(Ok(()), Quiet::check)
    }
}
