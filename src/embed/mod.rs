//! Embedding: texts come in, unit vectors go out. A vector depends on its own text and on the [`ModelIdentity`] alone,
//! never on what was embedded beside or before it.
//!
//! This stage never reads the store, the clock or HTTP, and never touches the network except in [`model::fetch`], which
//! a person starts. [`open`] gives the configured [`Embedder`]; the [`worker`] runs it on a thread of its own;
//! [`centre`] takes each language's own offset out of the vectors.

pub mod centre;
pub mod fast;
pub mod model;
mod onnx;
pub mod runtime;
pub mod worker;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The section `[embed]` of the configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Which model: `multilingual-e5-small`, or `hub:` and a name from the hub's list (feature `hub`).
    pub model: String,
    /// In which form the weights are computed with.
    pub graph: Graph,
    /// Tokens of a text that are read (prefix and markers included); the rest is cut off.
    pub tokens: usize,
    /// What is put before each text; `auto` is `query: ` for E5 models and nothing for others.
    pub prefix: String,
    /// Threads of one embedder; 0 is one for each core.
    pub threads: usize,
    /// Most texts computed at once; only texts of one token count are put together.
    pub batch: usize,
    /// Requests that may wait for the worker before it answers that it is full.
    pub queue: usize,
    /// How far the worker stands back behind those who read, 0 to 19 (Linux: the niceness of its threads).
    pub niceness: u8,
    /// Where models and the runtime are kept; empty is the user's cache folder (XDG).
    pub cache_dir: PathBuf,
    /// The ONNX Runtime library; empty is the fetched one. `ORT_DYLIB_PATH` is stronger.
    pub runtime: PathBuf,
}

/// The form of the weights while computing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Graph {
    /// Weights as 32-bit floats: same results on every version of the runtime to about 1e-7.
    F32,
    /// Weights as the 4-bit blocks that they come in.
    Q4,
    /// 8-bit whole-number products; texts are computed one by one, and vectors are coarser.
    Int8,
    /// Whatever the model's publisher gives (models from the hub).
    Published,
}

impl Graph {
    /// The name in settings, folders and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Q4 => "q4",
            Self::Int8 => "int8",
            Self::Published => "published",
        }
    }
}

/// All that decides what vector a text gets; kept with vectors, which compare only within one identity.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ModelIdentity {
    /// The model's name.
    pub name: String,
    /// Which weights, tokeniser and conversion.
    pub digest: String,
    /// What was put before each text.
    pub prefix: String,
    /// Tokens of a text that were read.
    pub tokens: usize,
    /// Components of a vector.
    pub dimension: usize,
    /// The form of the weights.
    pub graph: Graph,
}

/// Turns texts into vectors.
pub trait Embedder: Send {
    /// What decides this embedder's vectors.
    fn identity(&self) -> &ModelIdentity;

    /// Unit vectors, in the order of `texts`; a vector depends on its own text only, bit for bit.
    ///
    /// # Errors
    /// [`EmbedError::Failed`] when the runtime refuses, and [`EmbedError::NotUnit`] when it answers without sense.
    fn embed(&mut self, texts: &[String]) -> Result<Vec<Vec<f32>>, EmbedError>;
}

/// Why texts cannot be embedded. Each message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum EmbedError {
    /// The library is not where it should be.
    #[error("ONNX Runtime is missing ({path}): run `silsila model fetch`, or set ORT_DYLIB_PATH to libonnxruntime.so")]
    RuntimeMissing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The library is there but cannot be used.
    #[error(
        "ONNX Runtime at {path} cannot be used: {reason}; run `silsila model fetch` and unset ORT_DYLIB_PATH, or give version 1.24 or later"
    )]
    RuntimeUnusable {
        /// The library.
        path: PathBuf,
        /// What the loader said.
        reason: String,
    },
    /// The model's files are not in the cache.
    #[error("the model is missing ({path}): run `silsila model fetch`")]
    ModelMissing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The model's files are there but cannot be used.
    #[error("the model at {path} cannot be used: {reason}; run `silsila model fetch --force`")]
    ModelDamaged {
        /// The model's folder.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// No such model.
    #[error("embed.model = \"{name}\" is not known: {known}")]
    UnknownModel {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// A setting that cannot be.
    #[error("embed.{key} = {value} cannot be: {reason}")]
    Setting {
        /// The key.
        key: &'static str,
        /// Its value.
        value: String,
        /// What it should be.
        reason: &'static str,
    },
    /// Neither the settings nor XDG says where the cache is.
    #[error("no cache folder: HOME is not set; set embed.cache_dir (SILSILA__EMBED__CACHE_DIR)")]
    NoCacheDir,
    /// The tokeniser or the runtime refused.
    #[error("embedding failed: {reason}; `silsila doctor` checks the installation")]
    Failed {
        /// What it said.
        reason: String,
    },
    /// A vector that is not of unit length (not finite, or of the wrong dimension).
    #[error("the model gave a vector that is no unit vector; `silsila doctor` checks the installation")]
    NotUnit,
    /// The worker's thread could not be started or has ended.
    #[error("the embedding worker has stopped: {reason}")]
    Stopped {
        /// Why, as far as is known.
        reason: String,
    },
}

impl Settings {
    /// The folder of models and runtime.
    ///
    /// # Errors
    /// [`EmbedError::NoCacheDir`] when neither settings nor XDG names one.
    pub fn cache_dir(&self) -> Result<PathBuf, EmbedError> {
        use etcetera::BaseStrategy;
        if !self.cache_dir.as_os_str().is_empty() {
            return Ok(self.cache_dir.clone());
        }
        etcetera::choose_base_strategy()
            .map(|base| base.cache_dir().join("silsila"))
            .map_err(|_| EmbedError::NoCacheDir)
    }

    /// What is put before each text of the model `name`.
    pub fn prefix_for(&self, name: &str) -> String {
        match self.prefix.as_str() {
            "auto" if name.contains("e5") => "query: ".to_owned(),
            "auto" => String::new(),
            given => given.to_owned(),
        }
    }

    /// Refuses settings that no model could work with.
    ///
    /// # Errors
    /// [`EmbedError::Setting`] names the key.
    pub fn check(&self) -> Result<(), EmbedError> {
        if !(8..=8192).contains(&self.tokens) {
            return Err(EmbedError::Setting {
                key: "tokens",
                value: self.tokens.to_string(),
                reason: "8 to 8192 (multilingual-e5-small reads at most 512)",
            });
        }
        if self.batch == 0 {
            return Err(EmbedError::Setting {
                key: "batch",
                value: "0".to_owned(),
                reason: "at least 1",
            });
        }
        if self.queue == 0 {
            return Err(EmbedError::Setting {
                key: "queue",
                value: "0".to_owned(),
                reason: "at least 1",
            });
        }
        Ok(())
    }
}

/// The embedder that the settings ask for. Takes a second or two.
///
/// # Errors
/// Those of [`fast::FastEmbedder::open`].
pub fn open(settings: &Settings) -> Result<Box<dyn Embedder>, EmbedError> {
    Ok(Box::new(fast::FastEmbedder::open(settings)?))
}

/// The unit vector in the direction of `vector`; `None` when it has none (zero, or not finite).
pub(crate) fn unit(mut vector: Vec<f32>) -> Option<Vec<f32>> {
    let norm = vector.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>().sqrt();
    if !norm.is_finite() || norm < 1e-12 {
        return None;
    }
    for x in &mut vector {
        *x = (f64::from(*x) / norm) as f32;
    }
    Some(vector)
}
