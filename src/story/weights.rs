//! The learned function from a pair's signals to the probability that they tell of the same happening.
//!
//! A logistic function of standardised signals; `config/story-weights.json` is the readable file, `cargo run --release
//! --example stories -- DATA --train --write` the command that makes it.

use serde::{Deserialize, Serialize};

use crate::story::signals::{COUNT, NAMES};

/// The built-in weights.
const BUILT_IN: &str = include_str!("../../config/story-weights.json");

/// One signal's part.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Weight {
    /// Name, as in [`NAMES`].
    pub signal: String,
    /// Mean over the training pairs.
    pub mean: f64,
    /// Standard deviation over the training pairs, greater than zero.
    pub deviation: f64,
    /// Change of the log-odds for one standard deviation.
    pub weight: f64,
}

/// All weights, in the order of [`NAMES`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Weights {
    /// What they were learned from, for people.
    pub trained_on: String,
    /// Log-odds of a pair whose signals are all average.
    pub intercept: f64,
    /// One for each signal.
    pub signals: Vec<Weight>,
}

/// A weights file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// Not the JSON of a weights file.
    #[error("the story weights cannot be read: {0}")]
    Json(#[from] serde_json::Error),
    /// Another list of signals than this program's.
    #[error("the story weights name the signals {found:?}, this program computes {expected:?}; train them again")]
    Signals {
        /// Names in the file.
        found: Vec<String>,
        /// Names in the program.
        expected: Vec<&'static str>,
    },
}

impl Weights {
    /// The weights that the program was built with.
    ///
    /// # Errors
    /// When the file does not fit this program.
    pub fn built_in() -> Result<Self, WeightsError> {
        Self::from_json(BUILT_IN)
    }

    /// Reads a weights file.
    ///
    /// # Errors
    /// When it is not JSON, or names other signals.
    pub fn from_json(json: &str) -> Result<Self, WeightsError> {
        let weights: Self = serde_json::from_str(json)?;
        if weights.signals.iter().map(|weight| weight.signal.as_str()).ne(NAMES) {
            return Err(WeightsError::Signals {
                found: weights.signals.into_iter().map(|weight| weight.signal).collect(),
                expected: NAMES.to_vec(),
            });
        }
        Ok(weights)
    }

    /// What each signal adds to the log-odds.
    pub fn contributions(&self, signals: &[f32; COUNT]) -> [f64; COUNT] {
        let mut parts = [0.0; COUNT];
        for ((part, weight), signal) in parts.iter_mut().zip(&self.signals).zip(signals) {
            *part = weight.weight * (f64::from(*signal) - weight.mean) / weight.deviation;
        }
        parts
    }

    /// The probability that the pair tells of the same happening, 0 to 1.
    pub fn probability(&self, signals: &[f32; COUNT]) -> f64 {
        let odds = self.intercept + self.contributions(signals).iter().sum::<f64>();
        1.0 / (1.0 + (-odds).exp())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_weights_fit_the_program() {
        let weights = Weights::built_in().expect("config/story-weights.json fits");
        assert!(weights.signals.iter().all(|weight| weight.deviation > 0.0));
    }

    #[test]
    fn other_signals_are_refused_by_name() {
        let error = Weights::from_json(r#"{"trained_on":"","intercept":0,"signals":[]}"#).expect_err("no signals");
        assert!(error.to_string().contains("train them again"), "{error}");
    }
}
