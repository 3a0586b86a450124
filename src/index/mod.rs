//! (skeleton: index)

use serde::Deserialize;

/// The section `[index]` of the configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {}
