//! Publish: what readers get. The JSON API ([`api`]) and the pages ([`web`]).
//!
//! In: the store, read only, and documents or articles from feeders, which are handed to the pipeline's intake.
//! Out: JSON and HTML. Never decides about stories and never writes to the store.

pub mod api;
pub mod web;

use serde::Deserialize;

/// The section `[publish]` of the configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {}
