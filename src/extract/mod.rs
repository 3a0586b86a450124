//! (skeleton: extract)

pub mod dates;
pub mod fold;

use serde::Deserialize;

pub mod html;
pub mod json;
pub mod neardup;
pub mod rules;

/// The section `[extract]` of the configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Near-duplicates.
    pub near_duplicate: neardup::Settings,
}
