//! Near-duplicates: articles whose text repeats another's (syndication, reprint, update).
//!
//! MinHash with locality-sensitive hashing (Broder 1997; Leskovec, Rajaraman and Ullman, "Mining of Massive
//! Datasets", chapter 3) proposes candidates over shingles of three words; their exact Jaccard similarity decides, so that a
//! hash never makes a duplicate. Short texts are compared whole: two headlines that share most of their words are two
//! reports more often than one.
//!
//! Memory: about 4 bytes a word for the shingles, 420 for the bands of the signature (which is not kept) and 100 beside, so
//! 1.5 kB for an article of 250 words and .6 kB for a headline that is not short. Everything is in memory; the caller forgets
//! what is too old.

mod buckets;

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use serde::{Deserialize, Serialize};
use unicode_segmentation::UnicodeSegmentation;

use buckets::Buckets;

/// Hash functions of a signature; more sharpen the candidates, not the decision.
const HASHES: usize = 128;
/// The share of pairs exactly at the threshold that must become candidates.
const CANDIDATE_RECALL: f64 = 0.99;
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
    hasher: MinHasher,
    /// Where each article is kept.
    places: BTreeMap<u32, Place>,
    short: Kept,
    long: Kept,
}

/// Among which texts, and where there.
#[derive(Debug, Clone, Copy)]
enum Place {
    Short(u32),
    Long(u32),
}

/// Texts that are compared with one another, found by the hashes that each of them has.
struct Kept {
    /// How many hashes a text has.
    hashes: u32,
    entries: Vec<Option<Entry>>,
    /// Places in `entries` that are free again.
    free: Vec<u32>,
    /// A text's nodes are side by side, in the order of its hashes.
    buckets: Buckets,
}

struct Entry {
    slot: u32,
    time: Option<i64>,
    content: Fingerprint,
}

/// What is known of one article, to be saved and taken back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Remembered {
    time: Option<i64>,
    content: Fingerprint,
    /// Computing them takes longer than reading them.
    hashes: Vec<u32>,
}

/// A text as it is compared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Fingerprint {
    /// A short text: itself.
    Short(Box<str>),
    /// Sorted hashes of the shingles, without repeats; the numbers in the text, a line each, when it is short enough for
    /// them to matter.
    Long {
        shingles: Box<[u32]>,
        numbers: Option<Box<str>>,
    },
}

impl NearDuplicates {
    /// An empty collection.
    pub fn new(settings: &Settings) -> Self {
        let width = band_width(settings.threshold.clamp(0.05, 1.0));
        let hasher = MinHasher::new(HASHES / width, width);
        Self {
            settings: settings.clone(),
            places: BTreeMap::new(),
            short: Kept::new(1),
            long: Kept::new(hasher.bands),
            hasher,
        }
    }

    /// The article that this text repeats: the most similar one at or above the threshold and, among equals, the one
    /// with the lowest slot. `folded` is the folded full text, `time` its publication in seconds since 1970.
    pub fn find(&self, folded: &str, time: Option<i64>) -> Option<u32> {
        let wanted = self.fingerprint(folded)?;
        let hashes = self.hashes(&wanted);
        let within = |entry: &&Entry| self.within_window(entry.time, time);
        match &wanted {
            short @ Fingerprint::Short(_) => {
                let equal = self.short.alike(&hashes).filter(|entry| entry.content == *short);
                equal.filter(within).map(|entry| entry.slot).min()
            }
            Fingerprint::Long { shingles, numbers } => self
                .long
                .alike(&hashes)
                .filter(within)
                .filter_map(|entry| Some((entry.slot, self.similar(shingles, numbers.as_deref(), &entry.content)?)))
                .max_by(|(a, x), (b, y)| x.total_cmp(y).then(b.cmp(a)))
                .map(|(slot, _)| slot),
        }
    }

    /// Remembers an article under `slot`; what was there before is forgotten. A text without words is not remembered.
    pub fn insert(&mut self, slot: u32, folded: &str, time: Option<i64>) {
        self.forget(slot);
        if let Some(content) = self.fingerprint(folded) {
            let hashes = self.hashes(&content);
            self.keep(Entry { slot, time, content }, &hashes);
        }
    }

    /// Forgets an article; nothing happens when it is not known.
    pub fn forget(&mut self, slot: u32) {
        match self.places.remove(&slot) {
            Some(Place::Short(place)) => self.short.remove(place),
            Some(Place::Long(place)) => self.long.remove(place),
            None => {}
        }
    }

    /// Whether the article is remembered.
    pub fn contains(&self, slot: u32) -> bool {
        self.places.contains_key(&slot)
    }

    /// What is known of an article.
    pub fn remembered(&self, slot: u32) -> Option<Remembered> {
        let (kept, place) = match *self.places.get(&slot)? {
            Place::Short(place) => (&self.short, place),
            Place::Long(place) => (&self.long, place),
        };
        let entry = kept.entries.get(place as usize)?.as_ref()?;
        Some(Remembered {
            time: entry.time,
            content: entry.content.clone(),
            hashes: kept.nodes(place).filter_map(|node| kept.buckets.hash(node)).collect(),
        })
    }

    /// Takes back what [`NearDuplicates::remembered`] gave, by the same settings. What does not fit is left out.
    pub fn take_back(&mut self, slot: u32, remembered: Remembered) {
        let Remembered { time, content, hashes } = remembered;
        self.forget(slot);
        self.keep(Entry { slot, time, content }, &hashes);
    }

    /// Articles that are remembered.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether none is remembered.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Bytes of memory, but for what the allocator adds.
    pub fn bytes(&self) -> usize {
        let places = self.places.len() * 2 * size_of::<(u32, Place)>();
        places + self.short.bytes() + self.long.bytes()
    }

    fn keep(&mut self, entry: Entry, hashes: &[u32]) {
        let slot = entry.slot;
        let place = match &entry.content {
            Fingerprint::Short(_) => self.short.insert(entry, hashes).map(Place::Short),
            Fingerprint::Long { .. } => self.long.insert(entry, hashes).map(Place::Long),
        };
        if let Some(place) = place {
            self.places.insert(slot, place);
        }
    }

    /// The hashes that a text is found by.
    fn hashes(&self, content: &Fingerprint) -> Vec<u32> {
        match content {
            Fingerprint::Short(text) => vec![upper_half(text)],
            Fingerprint::Long { shingles, .. } => self.hasher.bands(shingles),
        }
    }

    /// The similarity of two long texts, if they are near-duplicates by it.
    fn similar(&self, shingles: &[u32], numbers: Option<&str>, other: &Fingerprint) -> Option<f64> {
        let Fingerprint::Long {
            shingles: theirs,
            numbers: their_numbers,
        } = other
        else {
            return None;
        };
        // One of the two being long enough for a figure to be an update is enough.
        let same_numbers = numbers.is_none() || their_numbers.is_none() || numbers == their_numbers.as_deref();
        same_numbers
            .then(|| jaccard(shingles, theirs, self.settings.threshold))
            .flatten()
    }

    fn within_window(&self, theirs: Option<i64>, time: Option<i64>) -> bool {
        match (time, theirs) {
            (Some(ours), Some(theirs)) => ours.abs_diff(theirs) <= u64::from(self.settings.window_days) * DAY_SECONDS,
            _ => true,
        }
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
            let text = folded.split_whitespace().collect::<Vec<_>>().join(" ");
            return Some(Fingerprint::Short(text.into()));
        }
        let mut shingles: Vec<u32> = words.windows(SHINGLE_WORDS).map(shingle).collect();
        shingles.sort_unstable();
        shingles.dedup();
        let numbers = (words.len() < self.settings.same_numbers_words).then(|| {
            let numbers: Vec<&str> = words
                .iter()
                .copied()
                .filter(|word| word.chars().any(char::is_numeric))
                .collect();
            numbers.join("\n").into()
        });
        Some(Fingerprint::Long {
            shingles: shingles.into(),
            numbers,
        })
    }
}

impl Kept {
    fn new(hashes: u32) -> Self {
        Self {
            hashes,
            entries: Vec::new(),
            free: Vec::new(),
            buckets: Buckets::default(),
        }
    }

    /// Where it was put; nowhere when it has not as many hashes as it should, or there are too many.
    fn insert(&mut self, entry: Entry, hashes: &[u32]) -> Option<u32> {
        let next = u32::try_from(self.entries.len()).ok()?;
        let place = self.free.last().copied().unwrap_or(next);
        place.checked_add(1)?.checked_mul(self.hashes)?;
        if hashes.len() != self.hashes as usize {
            return None;
        }
        self.free.pop();
        match self.entries.get_mut(place as usize) {
            Some(free) => *free = Some(entry),
            None => self.entries.push(Some(entry)),
        }
        for (node, hash) in self.nodes(place).zip(hashes) {
            self.buckets.insert(node, *hash);
        }
        Some(place)
    }

    fn remove(&mut self, place: u32) {
        if let Some(entry) = self.entries.get_mut(place as usize).and_then(Option::take) {
            drop(entry);
            self.nodes(place).for_each(|node| self.buckets.remove(node));
            self.free.push(place);
        }
    }

    /// The numbers of a text's nodes.
    fn nodes(&self, place: u32) -> std::ops::Range<u32> {
        place * self.hashes..(place + 1) * self.hashes
    }

    /// Texts that have one of these hashes at the same place among theirs; each once.
    fn alike(&self, hashes: &[u32]) -> impl Iterator<Item = &Entry> {
        let places: BTreeSet<u32> = hashes
            .iter()
            .flat_map(|hash| self.buckets.with(*hash))
            .map(|node| node / self.hashes.max(1))
            .collect();
        places
            .into_iter()
            .filter_map(|place| self.entries.get(place as usize)?.as_ref())
    }

    fn bytes(&self) -> usize {
        let content = |entry: &Entry| match &entry.content {
            Fingerprint::Short(text) => text.len(),
            Fingerprint::Long { shingles, numbers } => {
                size_of_val::<[u32]>(shingles) + numbers.as_ref().map_or(0, |numbers| numbers.len())
            }
        };
        let contents: usize = self.entries.iter().flatten().map(content).sum();
        contents + self.entries.capacity() * size_of::<Option<Entry>>() + self.buckets.bytes()
    }
}

/// MinHash by multiply-shift functions (Dietzfelbinger et al. 1997), the same on every machine.
struct MinHasher {
    bands: u32,
    width: usize,
    functions: Vec<(u64, u64)>,
}

impl MinHasher {
    fn new(bands: usize, width: usize) -> Self {
        let mut state = 1;
        let mut number = || {
            state = u64::wrapping_add(state, 0x9E37_79B9_7F4A_7C15);
            mixed(state)
        };
        Self {
            bands: bands as u32,
            width,
            functions: (0..bands * width).map(|_| (number() | 1, number())).collect(),
        }
    }

    /// The hash of every band of the signature. That it is of this band is in the hash, too.
    fn bands(&self, shingles: &[u32]) -> Vec<u32> {
        let least = |(factor, summand): &(u64, u64)| {
            let hash = |shingle: &u32| (u64::from(*shingle).wrapping_mul(*factor).wrapping_add(*summand) >> 32) as u32;
            shingles.iter().map(hash).min().unwrap_or_default()
        };
        let band = |(number, functions): (u64, &[(u64, u64)])| {
            let all = functions
                .iter()
                .fold(number, |all, function| mixed(all ^ u64::from(least(function))));
            (all >> 32) as u32
        };
        (1..).zip(self.functions.chunks(self.width)).map(band).collect()
    }
}

/// SplitMix64's last step.
fn mixed(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

fn shingle(words: &[&str]) -> u32 {
    upper_half(words)
}

/// Half of a hash; the upper one is as good as the lower.
fn upper_half<T: Hash + ?Sized>(value: &T) -> u32 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
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

/// Jaccard similarity of two sorted lists without repeats, if it is at least this.
fn jaccard(a: &[u32], b: &[u32], least: f64) -> Option<f64> {
    let (shorter, longer) = (a.len().min(b.len()), a.len().max(b.len()));
    // Lists that differ so much in length cannot be alike, whatever is in them.
    if longer == 0 || (shorter as f64) < least * longer as f64 {
        return None;
    }
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
    let similarity = common as f64 / (a.len() + b.len() - common) as f64;
    (similarity >= least).then_some(similarity)
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
        for (slot, ..) in &slots {
            back.take_back(*slot, all.remembered(*slot).expect("it is remembered"));
        }
        assert_eq!(back.len(), all.len());
        for found in [text(0..99), text(51..150), "live day 3".to_owned(), text(300..400)] {
            assert_eq!(back.find(&found, None), all.find(&found, None));
        }
        back.forget(1);
        assert_eq!(back.find(&text(0..100), None), Some(4));
        assert!(back.remembered(1).is_none() && !back.contains(1) && back.contains(4));
        let mut other = all.remembered(4).expect("it is remembered");
        other.hashes.pop();
        back.take_back(7, other);
        assert!(!back.contains(7), "made by other settings");
    }

    #[test]
    fn similarity_is_exact_and_told_from_its_threshold_on() {
        assert_eq!(jaccard(&[1, 2, 3, 4], &[2, 3, 4, 5], 0.6), Some(0.6));
        assert_eq!(jaccard(&[1, 2, 3, 4], &[2, 3, 4, 5], 0.61), None);
        assert_eq!(jaccard(&[1, 2, 3], &[1, 2, 3, 4, 5], 0.6), Some(0.6));
        assert_eq!(jaccard(&[1, 2], &[1, 2, 3, 4, 5], 0.6), None);
        assert_eq!(jaccard(&[], &[], 0.5), None);
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
