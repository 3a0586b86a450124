//! The signals that speak for or against two articles telling of the same happening.
//!
//! Every signal has a name that is the same in the weights file, in a placement's JSON and on the page.

use crate::story::lexicon::{Bag, cosine};

/// Number of signals of a pair.
pub const COUNT: usize = 12;

/// Their names, in the order of [`signals`].
pub const NAMES: [&str; COUNT] = [
    "meaning",
    "meaning_by_length",
    "meaning_in_language",
    "distinctness",
    "words",
    "names",
    "numbers_shared",
    "numbers_apart",
    "articles_between",
    "undated",
    "same_language",
    "length",
];

/// ln(1 + words) below which a text is hardly more than a headline: 30 words.
const HEADLINE: f32 = 3.43;

/// What is kept of an article to compare it with others; its vector stays in the index.
#[derive(Debug, Clone)]
pub struct Profile {
    /// Language code.
    pub lang: String,
    /// Midpoint of the publication date, seconds since 1970; `None` when it is not known.
    pub time: Option<i64>,
    /// Distance of the raw vector from its language's mean, before it was scaled to unit length: how much the text
    /// says that is its own.
    pub distinctness: f32,
    /// Words, names and numbers.
    pub bag: Bag,
}

/// The signals of a pair, given the cosine of their centred vectors and the number of articles published between them.
/// Symmetric.
///
/// Time is counted in articles, not in hours: two days are long where a thousand articles come in, and nothing in a
/// collection of ten a week.
pub fn signals(a: &Profile, b: &Profile, similarity: f32, between: usize) -> [f32; COUNT] {
    let same_language = f32::from(a.lang == b.lang);
    let length = a.bag.length.min(b.bag.length);
    let dated = a.time.is_some() && b.time.is_some();
    let shared = shared_numbers(&a.bag.numbers, &b.bag.numbers);
    // Numbers tell two headlines of a kind apart (scores, days, tolls); two reports each have numbers of their own.
    let headlines = length < HEADLINE;
    let apart = match headlines {
        true => a.bag.numbers.len() + b.bag.numbers.len() - 2 * shared,
        false => 0,
    };
    [
        similarity,
        similarity * length,
        similarity * same_language,
        a.distinctness + b.distinctness,
        cosine(&a.bag.words, &b.bag.words),
        cosine(&a.bag.names, &b.bag.names),
        shared.min(3) as f32,
        apart.min(5) as f32,
        if dated { (between as f32 / 10.0).ln_1p() } else { 0.0 },
        f32::from(!dated),
        same_language,
        length,
    ]
}

/// How many numbers two sorted lists share.
fn shared_numbers(a: &[u64], b: &[u64]) -> usize {
    a.iter().filter(|number| b.binary_search(number).is_ok()).count()
}
