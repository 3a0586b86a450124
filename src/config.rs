//! Configuration: `config/default.toml` (built in, every key explained there), then a file, then the environment
//! (`SILSILA__SECTION__KEY`), then flags; the later one wins.
//!
//! Each section is declared by the stage that it configures; an unknown key is an error, not a silence.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::{embed, extract, index, pipeline, publish, source, story, timeline, track};

/// The built-in configuration, the manual of all keys.
pub const DEFAULT: &str = include_str!("../config/default.toml");

/// All settings, one section for each stage.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where the store lives; empty means the user's data folder (XDG).
    pub data_dir: PathBuf,
    /// Files, folders, standard input and request bodies.
    pub source: source::Settings,
    /// Extraction.
    pub extract: extract::Settings,
    /// Embedding.
    pub embed: embed::Settings,
    /// Index.
    pub index: index::Settings,
    /// Stories.
    pub story: story::Settings,
    /// People, places and organisations.
    pub names: story::names::Rules,
    /// Importance of stories.
    pub importance: story::labels::Importance,
    /// The editors' list.
    pub review: story::review::Rules,
    /// Articles about two stories.
    pub also: crate::store::read::also::Rules,
    /// Timelines.
    pub timeline: timeline::Settings,
    /// Watches and their deliveries.
    pub track: track::Settings,
    /// How long what is kept.
    pub retention: crate::store::write::Retention,
    /// The writer's path.
    pub pipeline: pipeline::Settings,
    /// HTTP and pages.
    pub publish: publish::Settings,
    /// Traces.
    pub telemetry: crate::traces::Settings,
}

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file or variable that cannot be read, or a value of the wrong kind.
    #[error("configuration: {0}; every key is explained in config/default.toml")]
    Invalid(#[from] config::ConfigError),
    /// Neither a flag, a file nor XDG says where to keep the data.
    #[error("no data folder: HOME is not set; give --data-dir DIR or set SILSILA__DATA_DIR")]
    NoDataDir,
}

impl Settings {
    /// Reads the built-in configuration, then `file`, then the environment.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] names the key at fault.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        let mut layers =
            config::Config::builder().add_source(config::File::from_str(DEFAULT, config::FileFormat::Toml));
        if let Some(path) = file {
            layers = layers.add_source(config::File::from(path).format(config::FileFormat::Toml));
        }
        let environment = config::Environment::with_prefix("SILSILA")
            .prefix_separator("__")
            .separator("__")
            .list_separator(",")
            .with_list_parse_key("publish.cors_origins")
            .with_list_parse_key("publish.embed_ancestors")
            .try_parsing(true);
        Ok(layers.add_source(environment).build()?.try_deserialize()?)
    }

    /// The folder of the store: the configured one or, without one, the user's data folder.
    ///
    /// # Errors
    /// [`ConfigError::NoDataDir`] when neither is known.
    pub fn data_dir(&self) -> Result<PathBuf, ConfigError> {
        use etcetera::BaseStrategy;
        if !self.data_dir.as_os_str().is_empty() {
            return Ok(self.data_dir.clone());
        }
        etcetera::choose_base_strategy()
            .map(|base| base.data_dir().join("silsila"))
            .map_err(|_| ConfigError::NoDataDir)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_configuration_is_complete() {
        Settings::load(None).expect("config/default.toml has every key");
    }
}
