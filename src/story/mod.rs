//! (skeleton: story)

use serde::Deserialize;

/// The section `[story]` of the configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {}
