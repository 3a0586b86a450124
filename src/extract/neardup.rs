//! Near-duplicates: articles whose text repeats another's (syndication, reprint, update).
//!
//! MinHash with locality-sensitive hashing (Broder 1997; Leskovec, Rajaraman and Ullman, "Mining of Massive
//! Datasets", chapter 3; the index is gaoya's) proposes candidates over shingles of three words; their exact Jaccard
//! similarity decides, so that a hash never makes a duplicate. Short texts are compared whole: two headlines that
//! share most of their words are two reports more often than one.
//!
//! Memory: about 4 bytes a word for the shingles, 500 for the signature and 1,000 for its bands, so 2.5 kB for an
//! article of 250 words. Everything is in memory; the caller forgets what is too old.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use gaoya::minhash::{MinHashIndex, MinHasher, MinHasher32, SmallVecContainer};
use serde::{Deserialize, Serialize};
use unicode_segmentation::UnicodeSegmentation;

/// Hash functions of a signature; more sharpen the candidates, not the decision.
const HASHES: usize = 128;
/// The share of pairs exactly at the threshold that must become candidates.
const CANDIDATE_RECALL: f64 = 0.99;
/// How far a signature's estimate may lie under the threshold for its candidate to be compared exactly: four standard
/// deviations of 128 hashes at a similarity of .8.
const ESTIMATE_SLACK: f64 = 0.14;
const SHINGLE_WORDS: usize = 3;
const DAY_SECONDS: u64 = 86_400;

/// The section `[extract.near_duplicate]` of the configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Jaccard similarity of two texts' word shingles from which they count as near-duplicates, 0 to 1.
    pub threshold: f64,
    /// Texts with fewer words are near-duplicates only when they are equal.
    pub short_words: usize,
    /// Texts with fewer words are near-duplicates only when their numbers are the same, in the same order.
    pub same_numbers_words: usize,
    /// Words from the start of a text that are compared.
    pub max_words: usize,
    /// Days between two articles beyond which they are never near-duplicates, when both times are known.
    pub window_days: u32,
}

/// What is known of every article that a later one could repeat.
pub struct NearDuplicates {
    settings: Settings,
    hasher: MinHasher32<std::hash::BuildHasherDefault<DefaultHasher>>,
    index: MinHashIndex<u32, u32, SmallVecContainer<u32, 2>>,
    short: BTreeMap<String, BTreeSet<u32>>,
    entries: BTreeMap<u32, Entry>,
}

struct Entry {
    time: Option<i64>,
    content: Fingerprint,
}

/// What is known of one article, to be saved and taken back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Remembered {
    time: Option<i64>,
    content: Fingerprint,
    /// Of a long text; computing it takes longer than reading it.
    signature: Vec<u32>,
}

/// A text as it is compared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Fingerprint {
    /// A short text: itself.
    Short(String),
    /// Sorted hashes of the shingles, without repeats; the numbers in the text when it is short enough for them to
    /// matter.
    Long {
        shingles: Box<[u32]>,
        numbers: Option<Box<[String]>>,
    },
}

impl NearDuplicates {
    /// An empty collection.
    pub fn new(settings: &Settings) -> Self {
        let threshold = settings.threshold.clamp(0.05, 1.0);
        let width = band_width(threshold);
        Self {
            settings: settings.clone(),
            hasher: MinHasher32::new_with_hasher_and_seed(HASHES / width * width, Default::default(), 1),
            index: MinHashIndex::new_index(HASHES / width, width, (threshold - ESTIMATE_SLACK).max(0.0)),
            short: BTreeMap::new(),
            entries: BTreeMap::new(),
        }
    }

    /// The article that this text repeats: the most similar one at or above the threshold and, among equals, the one
    /// with the lowest slot. `folded` is the folded full text, `time` its publication in seconds since 1970.
    pub fn find(&self, folded: &str, time: Option<i64>) -> Option<u32> {
        let candidates = match self.fingerprint(folded)? {
            Fingerprint::Short(text) => {
                return self
                    .short
                    .get(&text)?
                    .iter()
                    .copied()
                    .find(|slot| self.within_window(*slot, time));
            }
            long => self.similar(&long),
        };
        candidates
            .into_iter()
            .filter(|(slot, _)| self.within_window(*slot, time))
            .max_by(|(a, x), (b, y)| x.total_cmp(y).then(b.cmp(a)))
            .map(|(slot, _)| slot)
    }

    /// Remembers an article under `slot`; what was there before is forgotten. A text without words is not remembered.
    pub fn insert(&mut self, slot: u32, folded: &str, time: Option<i64>) {
        self.forget(slot);
        let Some(content) = self.fingerprint(folded) else {
            return;
        };
        match &content {
            Fingerprint::Short(text) => {
                self.short.entry(text.clone()).or_default().insert(slot);
            }
            Fingerprint::Long { shingles, .. } => self.index.insert(slot, self.signature(shingles)),
        }
        self.entries.insert(slot, Entry { time, content });
    }

    /// Forgets an article; nothing happens when it is not known.
    pub fn forget(&mut self, slot: u32) {
        let Some(entry) = self.entries.remove(&slot) else {
            return;
        };
        match entry.content {
            Fingerprint::Long { .. } => {
                self.index.remove(&slot);
            }
            Fingerprint::Short(text) => {
                if let Some(slots) = self.short.get_mut(&text) {
                    slots.remove(&slot);
                    if slots.is_empty() {
                        self.short.remove(&text);
                    }
                }
            }
        }
    }

    /// Whether the article is remembered.
    pub fn contains(&self, slot: u32) -> bool {
        self.entries.contains_key(&slot)
    }

    /// What is known of an article.
    pub fn remembered(&self, slot: u32) -> Option<Remembered> {
        let entry = self.entries.get(&slot)?;
        Some(Remembered {
            time: entry.time,
            content: entry.content.clone(),
            signature: self.index.get_signature(&slot).cloned().unwrap_or_default(),
        })
    }

    /// Takes back what [`NearDuplicates::remembered`] gave, by the same settings. What does not fit is left out.
    pub fn take_back(&mut self, articles: Vec<(u32, Remembered)>) {
        let mut long = Vec::new();
        for (
            slot,
            Remembered {
                time,
                content,
                signature,
            },
        ) in articles
        {
            match &content {
                Fingerprint::Short(text) => {
                    self.short.entry(text.clone()).or_default().insert(slot);
                }
                Fingerprint::Long { .. } if signature.len() == self.index.num_hashes() => long.push((slot, signature)),
                Fingerprint::Long { .. } => continue,
            }
            self.entries.insert(slot, Entry { time, content });
        }
        self.index.par_bulk_insert_pairs(long);
    }

    /// Articles that are remembered.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether none is remembered.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn similar(&self, wanted: &Fingerprint) -> Vec<(u32, f64)> {
        let Fingerprint::Long { shingles, numbers } = wanted else {
            return Vec::new();
        };
        let proposed = self.index.query_owned_return_similarity(&self.signature(shingles));
        let compared = proposed
            .into_iter()
            .filter_map(|(slot, _)| match &self.entries.get(&slot)?.content {
                Fingerprint::Long {
                    shingles: theirs,
                    numbers: their_numbers,
                } => {
                    // One of the two being long enough for a figure to be an update is enough.
                    let same_numbers = numbers.is_none() || their_numbers.is_none() || numbers == their_numbers;
                    same_numbers.then(|| (slot, jaccard(shingles, theirs)))
                }
                Fingerprint::Short(_) => None,
            });
        compared
            .filter(|(_, similarity)| *similarity >= self.settings.threshold)
            .collect()
    }

    fn within_window(&self, slot: u32, time: Option<i64>) -> bool {
        let theirs = self.entries.get(&slot).and_then(|entry| entry.time);
        match (time, theirs) {
            (Some(ours), Some(theirs)) => ours.abs_diff(theirs) <= u64::from(self.settings.window_days) * DAY_SECONDS,
            _ => true,
        }
    }

    fn signature(&self, shingles: &[u32]) -> Vec<u32> {
        self.hasher.create_signature(shingles.iter())
    }

    fn fingerprint(&self, folded: &str) -> Option<Fingerprint> {
        let words: Vec<&str> = folded
            .unicode_words()
            .take(self.settings.max_words.max(SHINGLE_WORDS))
            .collect();
        if words.is_empty() {
            return None;
        }
        if words.len() < self.settings.short_words.max(SHINGLE_WORDS) {
            return Some(Fingerprint::Short(
                folded.split_whitespace().collect::<Vec<_>>().join(" "),
            ));
        }
        let mut shingles: Vec<u32> = words.windows(SHINGLE_WORDS).map(shingle).collect();
        shingles.sort_unstable();
        shingles.dedup();
        let numbers = (words.len() < self.settings.same_numbers_words).then(|| {
            words
                .iter()
                .filter(|word| word.chars().any(char::is_numeric))
                .map(|word| (*word).to_owned())
                .collect()
        });
        Some(Fingerprint::Long {
            shingles: shingles.into(),
            numbers,
        })
    }
}

fn shingle(words: &[&str]) -> u32 {
    let mut hasher = DefaultHasher::new();
    words.hash(&mut hasher);
    // The upper half is as good as the lower.
    (hasher.finish() >> 32) as u32
}

/// The widest band with which a pair at the threshold still becomes a candidate nearly always.
fn band_width(threshold: f64) -> usize {
    let recall = |width: usize| {
        let bands = (HASHES / width) as f64;
        1.0 - (1.0 - threshold.powf(width as f64)).powf(bands)
    };
    (1..=16)
        .rev()
        .find(|width| recall(*width) >= CANDIDATE_RECALL)
        .unwrap_or(1)
}

/// Jaccard similarity of two sorted lists without repeats.
fn jaccard(a: &[u32], b: &[u32]) -> f64 {
    let (mut left, mut right) = (a.iter().peekable(), b.iter().peekable());
    let mut common = 0_usize;
    while let (Some(x), Some(y)) = (left.peek(), right.peek()) {
        let order = x.cmp(y);
        common += usize::from(order.is_eq());
        if order.is_le() {
            left.next();
        }
        if order.is_ge() {
            right.next();
        }
    }
    let union = a.len() + b.len() - common;
    if union == 0 { 0.0 } else { common as f64 / union as f64 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn settings() -> Settings {
        Settings {
            threshold: 0.8,
            short_words: 8,
            same_numbers_words: 40,
            max_words: 1000,
            window_days: 14,
        }
    }

    fn text(words: std::ops::Range<usize>) -> String {
        words
            .map(|n| format!("word{}", ["a", "b", "c", "d"][n % 4].repeat(n / 4 + 1)))
            .collect::<Vec<_>>()
            .join(" ")
    }

    fn known(texts: &[(u32, &str, Option<i64>)]) -> NearDuplicates {
        let mut all = NearDuplicates::new(&settings());
        for (slot, text, time) in texts {
            all.insert(*slot, text, *time);
        }
        all
    }

    #[test]
    fn a_reprint_with_a_changed_end_is_found_and_another_report_is_not() {
        let all = known(&[(3, &text(0..100), None), (4, &text(200..300), None)]);
        let reprint = format!("{} and a line of its own", text(0..98));
        assert_eq!(all.find(&reprint, None), Some(3));
        assert_eq!(all.find(&format!("{} {}", text(0..50), text(400..450)), None), None);
    }

    #[test]
    fn the_most_similar_wins_and_among_equals_the_lowest_slot() {
        let all = known(&[
            (9, &text(0..100), None),
            (2, &text(0..95), None),
            (7, &text(0..100), None),
        ]);
        assert_eq!(all.find(&text(0..100), None), Some(7));
    }

    #[test]
    fn headlines_must_be_equal() {
        let all = known(&[(1, "live day 3", None), (2, "talks resume in geneva", None)]);
        assert_eq!(all.find("live day 4", None), None);
        assert_eq!(all.find("talks  resume in geneva", None), Some(2));
        assert_eq!(all.find("talks resume in vienna", None), None);
    }

    #[test]
    fn a_short_text_with_another_number_is_another_text() {
        let base = text(0..35);
        let all = known(&[(1, &format!("{base} day 3"), None)]);
        assert_eq!(all.find(&format!("{base} day 4"), None), None);
        assert_eq!(all.find(&format!("{base} day 3"), None), Some(1));
        let long = text(0..120);
        let all = known(&[(1, &format!("{long} killed 3"), None)]);
        assert_eq!(
            all.find(&format!("{long} killed 4"), None),
            Some(1),
            "an update of a long text"
        );
    }

    #[test]
    fn old_articles_are_not_repeated() {
        let day = 86_400;
        let all = known(&[(1, &text(0..100), Some(0))]);
        assert_eq!(all.find(&text(0..100), Some(14 * day)), Some(1));
        assert_eq!(all.find(&text(0..100), Some(14 * day + 1)), None);
        assert_eq!(all.find(&text(0..100), None), Some(1));
    }

    #[test]
    fn what_is_forgotten_is_not_found() {
        let mut all = known(&[(1, &text(0..100), None), (2, "live day 3", None)]);
        all.forget(1);
        all.forget(2);
        all.forget(77);
        assert!(all.is_empty());
        assert_eq!(all.find(&text(0..100), None), None);
        assert_eq!(all.find("live day 3", None), None);
        all.insert(5, &text(0..100), None);
        all.insert(5, &text(300..400), None);
        assert_eq!(all.find(&text(0..100), None), None);
        assert_eq!(all.find("", None), None);
    }

    #[test]
    fn bands_catch_pairs_at_the_threshold() {
        assert_eq!(band_width(0.8), 6);
        // One word replaced in the middle of 30 spoils 3 of 28 shingles: 25 / 31 = .806.
        let mut missed = 0;
        for start in 0..200 {
            let all = known(&[(0, &text(start..start + 30), None)]);
            let changed = format!("{} other {}", text(start..start + 15), text(start + 16..start + 30));
            missed += usize::from(all.find(&changed, None).is_none());
        }
        assert!(missed <= 6, "{missed} of 200 missed");
    }

    #[test]
    fn what_is_taken_back_is_found_as_before() {
        let texts = [
            text(0..100),
            text(50..150),
            "live day 3".to_owned(),
            text(0..98),
            "live day 3".to_owned(),
        ];
        let slots: Vec<(u32, &str, Option<i64>)> =
            (1..).zip(&texts).map(|(n, text)| (n, text.as_str(), None)).collect();
        let all = known(&slots);
        let mut back = NearDuplicates::new(&settings());
        back.take_back(
            slots
                .iter()
                .filter_map(|(slot, ..)| Some((*slot, all.remembered(*slot)?)))
                .collect(),
        );
        assert_eq!(back.len(), all.len());
        for found in [text(0..99), text(51..150), "live day 3".to_owned(), text(300..400)] {
            assert_eq!(back.find(&found, None), all.find(&found, None));
        }
        back.forget(1);
        assert_eq!(back.find(&text(0..100), None), Some(4));
        assert!(back.remembered(1).is_none() && !back.contains(1) && back.contains(4));
    }

    proptest! {
        #[test]
        fn a_text_finds_itself_in_any_order_of_insertion(texts in proptest::collection::vec("[a-e 0-9]{0,60}", 1..8)) {
            let forward: Vec<_> = texts.iter().zip(0..).map(|(text, slot)| (slot, text.as_str(), None)).collect();
            let backward: Vec<_> = forward.iter().rev().copied().collect();
            let (a, b) = (known(&forward), known(&backward));
            for text in &texts {
                prop_assert_eq!(a.find(text, None), b.find(text, None));
                prop_assert_eq!(a.find(text, None).is_some(), text.unicode_words().next().is_some());
            }
        }
    }
}
