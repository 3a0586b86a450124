//! (skeleton: extract)

pub mod dates;

use serde::Deserialize;

/// The section `[extract]` of the configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {}
