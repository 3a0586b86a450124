//! (skeleton: embed)

use serde::Deserialize;

/// The section `[embed]` of the configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {}
