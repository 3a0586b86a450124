//! The learned functions: from a pair's signals to the probability that both articles tell of the same happening, and from
//! what two groups of articles have in common to the probability that they are one story.
//!
//! Logistic functions of standardised signals; `config/story-weights.json` is the readable file. `cargo run --release
//! --example stories -- DATA --train FILE` makes one from labelled collections, `silsila train` one from editors' decisions;
//! `story.weights` puts it to use.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::story::signals::NAMES;
use crate::story::strands;

/// The built-in weights.
const BUILT_IN: &str = include_str!("../../config/story-weights.json");

/// One signal's part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Function {
    /// Log-odds when all signals are average.
    pub intercept: f64,
    /// One for each signal, in the order in which they are computed.
    pub signals: Vec<Weight>,
}

/// All weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
    #[error(
        "`{function}.signals` of the story weights names the signals {found:?}, this program computes {expected:?}; train them again"
    )]
    Signals {
        /// `pairs` or `groups`.
        function: &'static str,
        /// Names in the file.
        found: Vec<String>,
        /// Names in the program.
        expected: Vec<&'static str>,
    },
    /// A number that makes no sense.
    #[error("`{field}` of the story weights is {value}; it must be {must}")]
    Number {
        /// Where it stands.
        field: String,
        /// What it is.
        value: f64,
        /// What it must be.
        must: &'static str,
    },
    /// A file that cannot be read.
    #[error("cannot read it: {0}")]
    Disk(#[from] std::io::Error),
    /// The file of the setting cannot be used.
    #[error("story.weights = {:?}: {cause}; without the setting the built-in weights are used", path.display().to_string())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: Box<WeightsError>,
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

    /// Those of a file; the built-in ones when it has no name, as in `story.weights`.
    ///
    /// # Errors
    /// When the file cannot be read or does not fit this program, by its name.
    pub fn of(path: &Path) -> Result<Self, WeightsError> {
        if path.as_os_str().is_empty() {
            return Self::built_in();
        }
        let read = std::fs::read_to_string(path).map_err(WeightsError::from);
        read.and_then(|json| Self::from_json(&json))
            .map_err(|cause| WeightsError::File {
                path: path.to_owned(),
                cause: Box::new(cause),
            })
    }

    /// Reads a weights file.
    ///
    /// # Errors
    /// When it is not JSON, names other signals, or has a number that makes no sense.
    pub fn from_json(json: &str) -> Result<Self, WeightsError> {
        let weights: Self = serde_json::from_str(json)?;
        weights.pairs.check("pairs", &NAMES)?;
        weights.groups.check("groups", &strands::NAMES)?;
        Ok(weights)
    }

    /// As a readable file.
    ///
    /// # Errors
    /// When a number cannot be written.
    pub fn to_json(&self) -> Result<String, WeightsError> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }
}

impl Function {
    fn check(&self, function: &'static str, names: &[&'static str]) -> Result<(), WeightsError> {
        let found = || self.signals.iter().map(|weight| weight.signal.as_str());
        if !found().eq(names.iter().copied()) {
            return Err(WeightsError::Signals {
                function,
                found: found().map(str::to_owned).collect(),
                expected: names.to_vec(),
            });
        }
        for weight in &self.signals {
            if weight.deviation <= 0.0 {
                return Err(WeightsError::Number {
                    field: format!("{function}.{}.deviation", weight.signal),
                    value: weight.deviation,
                    must: "greater than 0",
                });
            }
        }
        Ok(())
    }

    /// What each signal adds to the log-odds.
    pub fn contributions<'a>(&'a self, signals: &'a [f32]) -> impl Iterator<Item = f64> + 'a {
        let of =
            |(weight, signal): (&Weight, &f32)| weight.weight * (f64::from(*signal) - weight.mean) / weight.deviation;
        self.signals.iter().zip(signals).map(of)
    }

    /// The log-odds, natural logarithm.
    pub fn odds(&self, signals: &[f32]) -> f64 {
        self.intercept + self.contributions(signals).sum::<f64>()
    }

    /// The probability, 0 to 1.
    pub fn probability(&self, signals: &[f32]) -> f64 {
        logistic(self.odds(signals))
    }
}

/// The probability, 0 to 1, that log-odds stand for.
pub fn logistic(odds: f64) -> f64 {
    1.0 / (1.0 + (-odds).exp())
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
        let said = error.to_string();
        assert!(
            said.contains("train them again") && said.contains("`pairs.signals`"),
            "{said}"
        );
    }

    #[test]
    fn a_file_is_refused_by_its_name_and_by_what_is_wrong_with_it() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("own.json");
        let good = Weights::built_in().expect("weights");
        let refused = |text: &str| {
            std::fs::write(&path, text).expect("written");
            let said = Weights::of(&path).expect_err("refused").to_string();
            assert!(said.contains("own.json"), "{said}");
            said
        };
        std::fs::write(&path, good.to_json().expect("JSON")).expect("written");
        assert_eq!(Weights::of(&path).expect("read"), good);
        assert_eq!(Weights::of(Path::new("")).expect("built in"), good);
        let text = good.to_json().expect("JSON");
        for (wrong, named) in [
            (text[..text.len() / 2].to_owned(), "line"),
            (text.replace("\"intercept\"", "\"intercpt\""), "intercpt"),
            (
                text.replacen("\"deviation\": 0.25", "\"deviation\": 0.0", 1),
                "pairs.meaning.deviation",
            ),
            (text.replace("\"likeness\"", "\"liking\""), "`groups.signals`"),
            (text.replacen("\"weight\": 1.537", "\"weight\": \"much\"", 1), "much"),
            (
                text.replacen("\"weight\": 1.537", "\"weight\": 1e999", 1),
                "out of range",
            ),
        ] {
            assert_ne!(wrong, text);
            let said = refused(&wrong);
            assert!(said.contains(named), "{named}: {said}");
        }
        std::fs::remove_file(&path).expect("removed");
        let said = Weights::of(&path).expect_err("missing").to_string();
        assert!(said.contains("cannot read it") && said.contains("own.json"), "{said}");
    }
}
