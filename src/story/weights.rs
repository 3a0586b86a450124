//! The learned functions: from a pair's signals to the probability that both articles tell of the same happening, and from
//! what two groups of articles have in common to the probability that they are one story.
//!
//! Logistic functions of standardised signals; `config/story-weights.json` is the readable file, `cargo run --release
//! --example stories -- DATA --train FILE` the command that makes one.

use serde::{Deserialize, Serialize};

use crate::story::signals::NAMES;
use crate::story::strands;

/// The built-in weights.
const BUILT_IN: &str = include_str!("../../config/story-weights.json");

/// One signal's part.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Weight {
    /// Its name.
    pub signal: String,
    /// Mean over the training pairs.
    pub mean: f64,
    /// Standard deviation over the training pairs, greater than zero.
    pub deviation: f64,
    /// Change of the log-odds for one standard deviation.
    pub weight: f64,
}

/// A logistic function.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Function {
    /// Log-odds when all signals are average.
    pub intercept: f64,
    /// One for each signal, in the order in which they are computed.
    pub signals: Vec<Weight>,
}

/// All weights.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Weights {
    /// What they were learned from, for people.
    pub trained_on: String,
    /// Two articles, by [`NAMES`].
    pub pairs: Function,
    /// Two groups of articles, by [`strands::NAMES`].
    pub groups: Function,
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

    /// The same as they are written.
    pub fn built_in_text() -> &'static str {
        BUILT_IN
    }

    /// Reads a weights file.
    ///
    /// # Errors
    /// When it is not JSON, or names other signals.
    pub fn from_json(json: &str) -> Result<Self, WeightsError> {
        let weights: Self = serde_json::from_str(json)?;
        weights.pairs.check(&NAMES)?;
        weights.groups.check(&strands::NAMES)?;
        Ok(weights)
    }
}

impl Function {
    fn check(&self, names: &[&'static str]) -> Result<(), WeightsError> {
        let found = || self.signals.iter().map(|weight| weight.signal.as_str());
        match found().eq(names.iter().copied()) {
            true => Ok(()),
            false => Err(WeightsError::Signals {
                found: found().map(str::to_owned).collect(),
                expected: names.to_vec(),
            }),
        }
    }

    /// What each signal adds to the log-odds.
    pub fn contributions<'a>(&'a self, signals: &'a [f32]) -> impl Iterator<Item = f64> + 'a {
        let of =
            |(weight, signal): (&Weight, &f32)| weight.weight * (f64::from(*signal) - weight.mean) / weight.deviation;
        self.signals.iter().zip(signals).map(of)
    }

    /// The probability, 0 to 1.
    pub fn probability(&self, signals: &[f32]) -> f64 {
        let odds = self.intercept + self.contributions(signals).sum::<f64>();
        1.0 / (1.0 + (-odds).exp())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_weights_fit_the_program() {
        let weights = Weights::built_in().expect("config/story-weights.json fits");
        let all = weights.pairs.signals.iter().chain(&weights.groups.signals);
        assert!(all.into_iter().all(|weight| weight.deviation > 0.0));
    }

    #[test]
    fn other_signals_are_refused_by_name() {
        let error = Weights::from_json(
            r#"{"trained_on":"","pairs":{"intercept":0,"signals":[]},"groups":{"intercept":0,"signals":[]}}"#,
        )
        .expect_err("no signals");
        assert!(error.to_string().contains("train them again"), "{error}");
    }
}
