//! Takes each language's own offset out of vectors: E5's vectors lie in a narrow cone, and each language in its own part
//! of it, so that two texts of one language look alike whatever they say.
//!
//! Raw unit vectors with their language come in, unit vectors about the origin go out. The means are fixed for the life
//! of an index and versioned with it by [`Centres::digest`].

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{EmbedError, ModelIdentity, model, unit};

/// A language's mean leans on the mean of all languages as if it had been seen in this many texts: the noise of a mean
/// of few texts would otherwise be larger than the offset.
const PRIOR: f64 = 10.0;

/// The means for the default model, written by `cargo run --example centres`.
const SHIPPED: &str = include_str!("../../config/centres.json");

/// Each language's mean vector, for one model.
#[derive(Debug, Clone, PartialEq)]
pub struct Centres {
    model: String,
    prefix: String,
    languages: BTreeMap<String, Mean>,
    everywhere: Vec<f32>,
    digest: String,
}

#[derive(Debug, Clone, PartialEq)]
struct Mean {
    texts: usize,
    vector: Vec<f32>,
}

/// As they are written: a vector is the base64 of its little-endian 32-bit floats.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    model: String,
    prefix: String,
    dimension: usize,
    everywhere: String,
    languages: BTreeMap<String, WrittenMean>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenMean {
    texts: usize,
    mean: String,
}

/// Why means cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CentresError {
    /// No JSON, or not of this form.
    #[error("the file of language means cannot be read: {0}; write it anew with `cargo run --example centres`")]
    Form(#[from] serde_json::Error),
    /// A vector that is none, or of the wrong dimension.
    #[error(
        "the mean of {language} is no vector of {dimension} numbers; write the file anew with `cargo run --example centres`"
    )]
    Vector {
        /// Whose.
        language: String,
        /// Components expected.
        dimension: usize,
    },
}

impl Centres {
    /// The means that come with the program, if they are for this model (any form of its weights, any token budget).
    ///
    /// # Errors
    /// [`CentresError`] when the built-in file is damaged.
    pub fn shipped(identity: &ModelIdentity) -> Result<Option<Self>, CentresError> {
        if identity.name != model::DEFAULT {
            return Ok(None);
        }
        let centres = Self::read(SHIPPED)?;
        Ok((centres.prefix == identity.prefix && centres.everywhere.len() == identity.dimension).then_some(centres))
    }

    /// Means of raw vectors with their languages. The order of the samples matters to the last bits only.
    ///
    /// # Errors
    /// [`EmbedError::NotUnit`] for a vector of another dimension.
    pub fn fit<L: AsRef<str>, V: AsRef<[f32]>>(
        identity: &ModelIdentity,
        samples: impl IntoIterator<Item = (L, V)>,
    ) -> Result<Self, EmbedError> {
        let mut sums: BTreeMap<String, (usize, Vec<f64>)> = BTreeMap::new();
        for (language, vector) in samples {
            let vector = vector.as_ref();
            if vector.len() != identity.dimension || vector.iter().any(|x| !x.is_finite()) {
                return Err(EmbedError::NotUnit);
            }
            let (texts, sum) = sums
                .entry(tag(language.as_ref()))
                .or_insert_with(|| (0, vec![0.0; identity.dimension]));
            *texts += 1;
            sum.iter_mut().zip(vector).for_each(|(sum, &x)| *sum += f64::from(x));
        }
        // Every language counts alike, but for those seen in hardly any text.
        let mut everywhere = vec![0.0; identity.dimension];
        let weight = |texts: usize| texts as f64 / (texts as f64 + PRIOR);
        let total: f64 = sums.values().map(|(texts, _)| weight(*texts)).sum();
        for (texts, sum) in sums.values() {
            let share = weight(*texts) / total / *texts as f64;
            everywhere.iter_mut().zip(sum).for_each(|(mean, x)| *mean += x * share);
        }
        let languages = sums
            .into_iter()
            .map(|(language, (texts, sum))| {
                let count = texts as f64 + PRIOR;
                let vector = sum
                    .iter()
                    .zip(&everywhere)
                    .map(|(x, all)| ((x + PRIOR * all) / count) as f32)
                    .collect();
                (language, Mean { texts, vector })
            })
            .collect();
        let everywhere = everywhere.into_iter().map(|x| x as f32).collect();
        Ok(Self::new(
            identity.name.clone(),
            identity.prefix.clone(),
            languages,
            everywhere,
        ))
    }

    fn new(model: String, prefix: String, languages: BTreeMap<String, Mean>, everywhere: Vec<f32>) -> Self {
        let mut centres = Self {
            model,
            prefix,
            languages,
            everywhere,
            digest: String::new(),
        };
        let mut digest = model::hex(&Sha256::digest(centres.write().as_bytes()));
        digest.truncate(12);
        centres.digest = digest;
        centres
    }

    /// Reads what [`Self::write`] wrote.
    ///
    /// # Errors
    /// [`CentresError`].
    pub fn read(text: &str) -> Result<Self, CentresError> {
        let written: Written = serde_json::from_str(text)?;
        let vector = |language: &str, base64: &str| {
            let bytes = STANDARD
                .decode(base64)
                .ok()
                .filter(|bytes| bytes.len() == written.dimension * 4);
            let floats = bytes.map(|bytes| {
                let (chunks, _) = bytes.as_chunks::<4>();
                chunks
                    .iter()
                    .map(|&bytes| f32::from_le_bytes(bytes))
                    .collect::<Vec<f32>>()
            });
            floats
                .filter(|floats| floats.iter().all(|x| x.is_finite()))
                .ok_or_else(|| CentresError::Vector {
                    language: language.to_owned(),
                    dimension: written.dimension,
                })
        };
        let everywhere = vector("all languages", &written.everywhere)?;
        let languages = written
            .languages
            .iter()
            .map(|(language, mean)| {
                Ok((
                    language.clone(),
                    Mean {
                        texts: mean.texts,
                        vector: vector(language, &mean.mean)?,
                    },
                ))
            })
            .collect::<Result<_, CentresError>>()?;
        Ok(Self::new(written.model, written.prefix, languages, everywhere))
    }

    /// The means as text, always the same bytes for the same means.
    pub fn write(&self) -> String {
        let base64 = |vector: &[f32]| STANDARD.encode(vector.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>());
        let languages: serde_json::Map<String, serde_json::Value> = self
            .languages
            .iter()
            .map(|(language, mean)| {
                (
                    language.clone(),
                    serde_json::json!({"texts": mean.texts, "mean": base64(&mean.vector)}),
                )
            })
            .collect();
        let written = serde_json::json!({
            "model": self.model,
            "prefix": self.prefix,
            "dimension": self.everywhere.len(),
            "everywhere": base64(&self.everywhere),
            "languages": languages,
        });
        format!("{written:#}\n")
    }

    /// Names these means in twelve hexadecimal digits; kept with every vector that they have centred.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The languages with a mean of their own, and from how many texts it is.
    pub fn languages(&self) -> impl Iterator<Item = (&str, usize)> {
        self.languages
            .iter()
            .map(|(language, mean)| (language.as_str(), mean.texts))
    }

    /// `vector` less its language's mean, of unit length. A language never seen has the mean of all languages; a vector
    /// that is the mean itself (or of another dimension) comes back as it was.
    pub fn centred(&self, vector: &[f32], lang: &str) -> Vec<f32> {
        let mean = self
            .languages
            .get(&tag(lang))
            .map_or(&self.everywhere, |mean| &mean.vector);
        if mean.len() != vector.len() {
            return vector.to_vec();
        }
        unit(vector.iter().zip(mean).map(|(x, mean)| x - mean).collect()).unwrap_or_else(|| vector.to_vec())
    }
}

/// The language alone, of a tag such as `ar-EG`.
fn tag(lang: &str) -> String {
    lang.split(['-', '_']).next().unwrap_or(lang).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::embed::Graph;

    fn identity(name: &str, dimension: usize) -> ModelIdentity {
        ModelIdentity {
            name: name.to_owned(),
            digest: "d".to_owned(),
            prefix: "query: ".to_owned(),
            tokens: 128,
            dimension,
            graph: Graph::F32,
        }
    }

    fn dot(a: &[f32], b: &[f32]) -> f32 {
        a.iter().zip(b).map(|(a, b)| a * b).sum()
    }

    #[test]
    fn a_languages_offset_is_taken_out() {
        // Two languages far apart, the same two topics in both.
        let texts = |offset: [f32; 3]| {
            [[0.1, 0.0, 0.0], [-0.1, 0.0, 0.0]].map(|topic: [f32; 3]| [0, 1, 2].map(|i| offset[i] + topic[i]))
        };
        let (ar, en) = (texts([0.0, 1.0, 0.0]), texts([0.0, 0.0, 1.0]));
        let samples = (0..200).flat_map(|_| ar.map(|v| ("ar", v)).into_iter().chain(en.map(|v| ("en", v))));
        let centres = Centres::fit(&identity("m", 3), samples).expect("fitted");
        let alike = dot(&centres.centred(&ar[0], "ar-EG"), &centres.centred(&en[0], "EN"));
        let unlike = dot(&centres.centred(&ar[0], "ar"), &centres.centred(&ar[1], "ar"));
        assert!(alike > 0.9 && unlike < -0.5, "{alike} {unlike}");
        assert!(
            dot(&ar[0], &en[0]) < dot(&ar[0], &ar[1]),
            "raw vectors have it the other way round"
        );
    }

    #[test]
    fn the_shipped_means_are_for_the_default_model_only() {
        let centres = Centres::shipped(&identity(model::DEFAULT, 384))
            .expect("readable")
            .expect("for this model");
        for language in ["ar", "en", "es", "pt", "fr", "ru", "de", "sl", "zh", "it", "nl", "tr"] {
            assert!(
                centres.languages().any(|(name, texts)| name == language && texts >= 50),
                "{language}"
            );
        }
        assert!(Centres::shipped(&identity("other", 384)).expect("readable").is_none());
    }

    #[test]
    fn damaged_means_say_how_to_write_them_anew() {
        let damaged = SHIPPED.replacen("\"dimension\": 384", "\"dimension\": 383", 1);
        let message = Centres::read(&damaged).expect_err("wrong").to_string();
        assert!(message.contains("cargo run --example centres"), "{message}");
    }

    proptest! {
        #[test]
        fn what_comes_out_is_a_unit_vector_and_writing_loses_nothing(
            samples in prop::collection::vec((0usize..4, prop::array::uniform4(-1.0f32..1.0)), 1..40),
            vector in prop::array::uniform4(-1.0f32..1.0),
        ) {
            prop_assume!(vector.iter().any(|x| x.abs() > 0.01));
            let names = ["ar", "en", "fr", "ru"];
            let centres =
                Centres::fit(&identity("m", 4), samples.iter().map(|(l, v)| (names[*l], v))).expect("fitted");
            for lang in ["ar", "en", "xx", ""] {
                let centred = centres.centred(&vector, lang);
                prop_assert!(centred == vector || (dot(&centred, &centred) - 1.0).abs() < 1e-5);
            }
            prop_assert_eq!(Centres::read(&centres.write()).expect("readable"), centres);
        }
    }
}
