//! What two sentences have in common: weighted words within a language, numbers and names' consonants across them.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use unicode_segmentation::UnicodeSegmentation;

use crate::extract::fold::fold;
use crate::story::lexicon::skeleton;

/// Letters kept of a word: a crude stem that lets inflected forms meet.
const STEM: usize = 6;
/// Consonants of the shortest name key that is compared across languages.
const SHORTEST_KEY: usize = 3;

/// The words of one sentence.
#[derive(Debug, Default)]
pub struct Words {
    /// Stems in order, with repetitions.
    pub stems: Vec<String>,
    /// Numbers, and consonants of words: the same in every script.
    pub keys: BTreeSet<String>,
}

impl Words {
    /// Reads a sentence; its dates should have been cut out, as they say nothing about what happened.
    pub fn of(sentence: &str) -> Self {
        let mut words = Self::default();
        for word in fold(sentence).unicode_words() {
            if word.chars().all(char::is_numeric) {
                let digits: String = word.chars().filter_map(digit).collect();
                if digits.len() > 1 {
                    words.keys.insert(digits.clone());
                }
                words.stems.push(digits);
                continue;
            }
            let plain = without_article(word);
            let key = skeleton(plain);
            if key.chars().count() >= SHORTEST_KEY {
                words.keys.insert(key);
            }
            words.stems.push(plain.chars().take(STEM).collect());
        }
        words
    }
}

/// The value of a digit in the Latin, Arabic and Persian digits.
fn digit(letter: char) -> Option<char> {
    let value = match letter {
        '0'..='9' => return Some(letter),
        '\u{0660}'..='\u{0669}' => letter as u32 - 0x0660,
        '\u{06f0}'..='\u{06f9}' => letter as u32 - 0x06f0,
        _ => return None,
    };
    char::from_digit(value, 10)
}

/// An Arabic word without the article and what is written together with it.
fn without_article(word: &str) -> &str {
    ["وال", "بال", "كال", "فال", "لل", "ال"]
        .iter()
        .find_map(|prefix| word.strip_prefix(prefix))
        .filter(|rest| rest.chars().count() >= 3)
        .unwrap_or(word)
}

/// A sparse unit vector, by term.
pub type Vector = Vec<(u32, f32)>;

/// TF-IDF over the sentences of one story.
#[derive(Debug, Default)]
pub struct Weights {
    terms: HashMap<String, u32>,
    seen_in: Vec<u32>,
    sentences: u32,
}

impl Weights {
    /// Counts in how many sentences each word is.
    pub fn learn(all: &[Words]) -> Self {
        let mut weights = Self::default();
        for words in all {
            weights.sentences += 1;
            let mut once = HashSet::new();
            for stem in &words.stems {
                if !once.insert(stem) {
                    continue;
                }
                let next = weights.seen_in.len() as u32;
                let term = *weights.terms.entry(stem.clone()).or_insert(next);
                if term == next {
                    weights.seen_in.push(0);
                }
                if let Some(count) = weights.seen_in.get_mut(term as usize) {
                    *count += 1;
                }
            }
        }
        weights
    }

    /// The sentence as a unit vector; empty when it has no word.
    pub fn vector(&self, words: &Words) -> Vector {
        let mut counts: BTreeMap<u32, f32> = BTreeMap::new();
        for stem in &words.stems {
            if let Some(&term) = self.terms.get(stem) {
                *counts.entry(term).or_default() += 1.0;
            }
        }
        let mut vector: Vector = counts
            .into_iter()
            .map(|(term, count)| {
                let seen = self.seen_in.get(term as usize).copied().unwrap_or(1).max(1);
                (
                    term,
                    (1.0 + count.ln()) * ((self.sentences + 1) as f32 / seen as f32).ln(),
                )
            })
            .collect();
        normalise(&mut vector);
        vector
    }
}

/// The direction in which most of the vectors point.
pub fn centroid<'a>(vectors: impl Iterator<Item = &'a Vector>) -> Vector {
    let mut sum: BTreeMap<u32, f32> = BTreeMap::new();
    for &(term, weight) in vectors.flatten() {
        *sum.entry(term).or_default() += weight;
    }
    let mut vector: Vector = sum.into_iter().collect();
    normalise(&mut vector);
    vector
}

fn normalise(vector: &mut Vector) {
    let norm = vector.iter().map(|(_, weight)| weight * weight).sum::<f32>().sqrt();
    if norm > 0.0 {
        vector.iter_mut().for_each(|(_, weight)| *weight /= norm);
    }
}
