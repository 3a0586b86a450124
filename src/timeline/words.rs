//! What two sentences have in common: weighted words within a language, numbers and names' consonants across them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use unicode_segmentation::UnicodeSegmentation;

use crate::extract::fold::fold;
use crate::story::lexicon::skeleton;
use crate::timeline::matters;

/// Letters kept of a word: a crude stem that lets inflected forms meet.
const STEM: usize = 6;
/// Consonants of a name that are compared across languages: fewer say nothing, more are endings.
const KEY: std::ops::RangeInclusive<usize> = 3..=5;
/// Letters of an Arabic word that may have one written together with it in front (و ب ل ف).
const WITH_PREFIX: usize = 5;

/// The words of one sentence.
#[derive(Debug, Default)]
pub struct Words {
    /// Stems in order, with repetitions.
    pub stems: Vec<String>,
    /// Numbers, and consonants of what may be a name (capitalised, or in a script without capitals): the same in every
    /// script.
    pub keys: BTreeSet<String>,
    /// Keys of what it tells of, the same in every language ([`matters`]).
    pub matters: BTreeSet<String>,
    /// Keys of the hours of the day that it names.
    pub hours: BTreeSet<String>,
}

impl Words {
    /// Reads a sentence; its dates should have been cut out, as they say nothing about what happened.
    pub fn of(sentence: &str, lang: &str) -> Self {
        let (matters, hours) = matters::keys(sentence, lang);
        let mut words = Self {
            matters,
            hours,
            ..Self::default()
        };
        for raw in sentence.unicode_words() {
            let may_be_name = !raw.chars().next().is_some_and(char::is_lowercase);
            for word in fold(raw).split(' ').filter(|word| !word.is_empty()) {
                if word.chars().all(char::is_numeric) {
                    if word.len() > 1 {
                        words.keys.insert(word.to_owned());
                    }
                    words.stems.push(word.to_owned());
                    continue;
                }
                let plain = without_article(word);
                words.stems.push(plain.chars().take(STEM).collect());
                if may_be_name {
                    let bare = word.strip_prefix(['و', 'ب', 'ل', 'ف']);
                    let bare = bare.filter(|_| plain == word && word.chars().count() >= WITH_PREFIX);
                    words
                        .keys
                        .extend([Some(plain), bare].into_iter().flatten().filter_map(name_key));
                }
            }
        }
        words
    }
}

/// The first consonants of a name, if there are enough.
fn name_key(word: &str) -> Option<String> {
    let key: String = skeleton(word).chars().take(*KEY.end()).collect();
    (key.len() >= *KEY.start()).then_some(key)
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

/// Sentences, and articles, that a story has at least when it is asked how rare a name is in it: in a short one nothing is.
const SENTENCES: u32 = 20;

/// Share of the articles of a story from which on what they have is everywhere in it.
const EVERYWHERE: f64 = 0.8;

/// How rare numbers and names are in one story, by the number of each.
pub type Keys = Vec<(u32, f32)>;

/// TF-IDF over the sentences of one story.
#[derive(Debug, Default)]
pub struct Weights {
    terms: HashMap<String, u32>,
    seen_in: Vec<u32>,
    keys: HashMap<String, u32>,
    keys_seen_in: Vec<u32>,
    articles_seen_in: Vec<u32>,
    sentences: u32,
    articles: u32,
}

impl Weights {
    /// Counts in how many sentences each word is, and in how many articles each key. Each sentence comes with the number of its
    /// article; the sentences of one stand together.
    pub fn learn<'a>(all: impl Iterator<Item = (usize, &'a Words)>) -> Self {
        let mut weights = Self::default();
        let mut last_in: Vec<usize> = Vec::new();
        let mut last = None;
        for (article, words) in all {
            weights.sentences += 1;
            weights.articles += u32::from(last != Some(article));
            last = Some(article);
            let once: BTreeSet<&String> = words.stems.iter().collect();
            for stem in once {
                count(&mut weights.terms, &mut weights.seen_in, stem);
            }
            for key in words.keys.iter().chain(&words.matters).chain(&words.hours) {
                let number = count(&mut weights.keys, &mut weights.keys_seen_in, key) as usize;
                if number >= last_in.len() {
                    last_in.push(usize::MAX);
                    weights.articles_seen_in.push(0);
                }
                if let Some((last, seen)) = last_in.get_mut(number).zip(weights.articles_seen_in.get_mut(number)) {
                    *seen += u32::from(*last != article);
                    *last = article;
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
            .map(|(term, count)| (term, (1.0 + count.ln()) * rarity(self.sentences, &self.seen_in, term)))
            .collect();
        normalise(&mut vector);
        vector
    }

    /// Whether nearly all articles have a key, so that it tells nothing apart.
    fn is_everywhere(&self, key: u32) -> bool {
        let seen = self.articles_seen_in.get(key as usize).copied().unwrap_or_default();
        f64::from(seen) >= f64::from(self.articles) * EVERYWHERE
    }

    /// Those of a sentence's keys that not nearly all articles have.
    pub fn own(&self, keys: &Keys) -> Keys {
        keys.iter()
            .copied()
            .filter(|&(key, _)| !self.is_everywhere(key))
            .collect()
    }

    /// Keys of a sentence, in order, each with the logarithm of the share of sentences without it.
    pub fn keys(&self, keys: &BTreeSet<String>) -> Keys {
        let known = keys.iter().filter_map(|key| self.keys.get(key).copied());
        let mut keys: Keys = known
            .map(|key| {
                let by_sentence = rarity(self.sentences.max(SENTENCES), &self.keys_seen_in, key);
                let by_article = rarity(self.articles.max(SENTENCES), &self.articles_seen_in, key);
                (key, by_sentence.min(by_article))
            })
            .collect();
        keys.sort_by_key(|&(key, _)| key);
        keys
    }
}

/// The logarithm of how many sentences there are to one that has what `number` stands for.
fn rarity(sentences: u32, seen_in: &[u32], number: u32) -> f32 {
    let seen = seen_in.get(number as usize).copied().unwrap_or(1).max(1);
    ((sentences + 1) as f32 / seen as f32).ln()
}

fn count(numbers: &mut HashMap<String, u32>, seen_in: &mut Vec<u32>, word: &str) -> u32 {
    let next = seen_in.len() as u32;
    let number = *numbers.entry(word.to_owned()).or_insert(next);
    if number == next {
        seen_in.push(0);
    }
    if let Some(count) = seen_in.get_mut(number as usize) {
        *count += 1;
    }
    number
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
