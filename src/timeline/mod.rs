//! (skeleton: timeline)

use serde::Deserialize;

/// The section `[timeline]` of the configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {}
