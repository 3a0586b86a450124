//! Running means: what is usual in the stream that comes in here, by language.
//!
//! The index's means are fixed and made from general news; a stream of sport alone still lies in a corner of the space.
//! Cosines about the running means see past that. They are a signal; the vectors in the index never move.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use crate::index::dot::Dot;

/// A mean leans on the next more general one (language on all languages, all languages on the origin) as if that had been
/// seen in this many texts.
const PRIOR: f32 = 50.0;

/// A language's number: languages are counted as they are first seen.
pub type Language = usize;

/// Sums of the vectors seen so far.
#[derive(Debug, Serialize, Deserialize)]
pub struct Means {
    dimension: usize,
    numbers: HashMap<String, Language>,
    /// Texts and sum of every language, by its number.
    languages: Vec<(f32, Vec<f32>)>,
    texts: f32,
    sum: Vec<f32>,
    #[serde(skip)]
    dot: Dot,
}

/// One article, seen about the running means.
#[derive(Debug)]
pub struct View {
    language: Language,
    /// Its language's mean.
    mean: Vec<f32>,
    norm: f32,
    others: BTreeMap<Language, Other>,
    dot: Dot,
}

/// What a pair with an article of another language needs.
#[derive(Debug)]
struct Other {
    mean: Vec<f32>,
    /// Product of the article and this mean.
    seen: f32,
    /// Product of both means.
    means: f32,
    /// Square of this mean.
    square: f32,
}

impl Means {
    /// Of vectors with `dimension` components; the origin until something is learned.
    pub fn new(dimension: usize) -> Self {
        Self {
            dimension,
            numbers: HashMap::new(),
            languages: Vec::new(),
            texts: 0.0,
            sum: vec![0.0; dimension],
            dot: Dot::new(),
        }
    }

    /// Takes note of a unit vector; answers with the number of its language.
    pub fn learn(&mut self, vector: &[f32], lang: &str) -> Language {
        let number = match self.numbers.get(lang) {
            Some(number) => *number,
            None => {
                self.numbers.insert(lang.to_owned(), self.languages.len());
                self.languages.push((0.0, vec![0.0; self.dimension]));
                self.languages.len() - 1
            }
        };
        self.texts += 1.0;
        self.sum.iter_mut().zip(vector).for_each(|(sum, x)| *sum += x);
        if let Some((texts, sum)) = self.languages.get_mut(number) {
            *texts += 1.0;
            sum.iter_mut().zip(vector).for_each(|(sum, x)| *sum += x);
        }
        number
    }

    /// Whether vectors have so many components, and the language was seen.
    pub fn fits(&self, dimension: usize, language: Language) -> bool {
        self.dimension == dimension && self.sum.len() == dimension && language < self.languages.len()
    }

    /// The code of every language that was seen, by its number.
    pub fn codes(&self) -> BTreeMap<Language, &str> {
        let codes = self.numbers.iter();
        codes.map(|(code, number)| (*number, code.as_str())).collect()
    }

    /// The mean of a language.
    pub fn mean(&self, language: Language) -> Vec<f32> {
        let mut mean = self.sum.clone();
        let own = self.languages.get(language);
        self.dot.wide(
            #[inline(always)]
            || {
                mean.iter_mut().for_each(|x| *x /= self.texts + PRIOR);
                if let Some((texts, sum)) = own {
                    for (all, own) in mean.iter_mut().zip(sum) {
                        *all = (own + PRIOR * *all) / (texts + PRIOR);
                    }
                }
            },
        );
        mean
    }

    /// An article's view of articles in these languages.
    pub fn view(&self, vector: &[f32], language: Language, languages: &BTreeSet<Language>) -> View {
        let (dot, mean) = (self.dot, self.mean(language));
        let others = languages
            .iter()
            .map(|&other| {
                let there = self.mean(other);
                let facts = Other {
                    seen: dot.of(vector, &there),
                    means: dot.of(&mean, &there),
                    square: dot.of(&there, &there),
                    mean: there,
                };
                (other, facts)
            })
            .collect();
        View {
            language,
            norm: distance(1.0, dot.of(vector, &mean), dot.of(&mean, &mean)),
            mean,
            others,
            dot,
        }
    }
}

impl View {
    /// Cosine with another article about the running means; `similarity` is the product of the vectors themselves.
    pub fn cosine(&self, vector: &[f32], language: Language, similarity: f32) -> f32 {
        let Some(other) = self.others.get(&language) else {
            return similarity;
        };
        let here = self.dot.of(vector, &self.mean);
        let there = if language == self.language {
            here
        } else {
            self.dot.of(vector, &other.mean)
        };
        let product = similarity - other.seen - here + other.means;
        let norm = distance(1.0, there, other.square);
        product / (self.norm * norm).max(f32::EPSILON)
    }
}

/// Length of the difference of two vectors, from their squares and product.
fn distance(a: f32, product: f32, b: f32) -> f32 {
    (a - 2.0 * product + b).max(0.0).sqrt()
}
