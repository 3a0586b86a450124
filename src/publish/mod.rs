//! Publish: what readers get. The JSON API ([`api`]) and the pages ([`web`]).
//!
//! In: the store, read only, and documents or articles from feeders, which are handed to the pipeline's intake.
//! Out: JSON and HTML. Never decides about stories and never writes to the store.

pub mod access;
pub mod api;
mod feed;
mod fleeting;
mod formats;
pub mod memo;
pub mod once;
mod request_id;
mod server;
pub mod stop;
pub mod streams;
pub mod web;

pub use server::{App, HeadAlone, routes, serve};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::store::read::AsOf;
use crate::timeline::Event;

/// A story's timeline as readers get it.
#[derive(Debug, Serialize, ToSchema)]
pub struct StoryTimeline {
    /// The story.
    pub story_id: String,
    /// Its events by date; those without a date last.
    pub events: Vec<Event>,
    /// With `as_of`: the number of the last change that counts. The articles and their texts are as they stood then, so that nothing
    /// is unknown of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub as_of: Option<AsOf>,
}

/// The section `[publish]` of the configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Address and port to serve on.
    pub listen: std::net::SocketAddr,
    /// Bytes of a request's body at most, after decompression.
    pub max_body: usize,
    /// Articles of one request at most.
    pub max_articles: usize,
    /// Seconds that `?wait=placed` waits at most.
    pub wait_seconds: u64,
    /// Seconds that requests under way get when the service stops.
    pub drain_seconds: u64,
    /// Streams of the change log that may be open at once.
    pub max_streams: usize,
    /// Bytes of answers that are kept for who asks the same again while nothing changes.
    pub memo_bytes: usize,
    /// Seconds without a change after which a stream shows that it is alive.
    pub heartbeat_seconds: u64,
    /// Where the tokens are; empty means `tokens.json` in the data folder.
    pub tokens_file: std::path::PathBuf,
    /// Ask for tokens on loopback, too.
    pub require_tokens: bool,
    /// Hours until who signed in at a page does so again.
    pub session_hours: u64,
    /// Origins whose pages may read the API.
    pub cors_origins: Vec<String>,
    /// Whose pages may show a timeline in a frame.
    pub embed_ancestors: Vec<String>,
    /// Whether those timelines ask for no token.
    pub embed_public: bool,
    /// How many requests everybody may make.
    pub rate: access::rate::Rates,
    /// Connections at once.
    pub max_connections: usize,
    /// Seconds that the head of a request may take to come in.
    pub head_seconds: u64,
    /// Seconds that the body of a request may take to come in.
    pub body_seconds: u64,
    /// Seconds that an idle connection is kept.
    pub keep_alive_seconds: u64,
    /// How the log is written.
    pub log_format: LogFormat,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}
