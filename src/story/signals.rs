//! The signals that speak for or against two articles telling of the same happening.
//!
//! Every signal has a name that is the same in the weights file, in a placement's JSON and on the page. They are few, and
//! training holds each to one way of speaking ([`SIGNS`]): more of them told one collection's pairs apart better and
//! another's worse (docs/QUALITY.md).

use crate::story::graph::Article;
use crate::story::lexicon::{Bag, cosine};
use crate::story::means::Language;

/// Number of signals of a pair.
pub const COUNT: usize = 7;

/// Their names, in the order of [`signals`].
pub const NAMES: [&str; COUNT] = [
    "meaning",
    "meaning_above_usual",
    "meaning_above_nearest",
    "names",
    "articles_between",
    "crowd",
    "same_language",
];

/// The sign that each one's weight should have; 0 for either.
pub const SIGNS: [f64; COUNT] = [1.0, 1.0, 1.0, 1.0, -1.0, -1.0, 0.0];

/// Articles that one was compared with, with the signals of each pair.
pub type Met = Vec<(Article, [f32; COUNT])>;

/// How many of the nearest articles [`Profile::near`] holds.
const NEAR: usize = 3;

/// An undated article is taken to be as far from another one as two that are drawn from a crowd of this many, or from the
/// crowd that there is, are on average: a third of it.
const UNDATED_CROWD: usize = 300;

/// A crowd larger than e to this power asks no more than that.
const LARGEST_CROWD: f32 = 5.0;

/// What is kept of an article to compare it with others; its vector stays in the index.
#[derive(Debug, Clone)]
pub struct Profile {
    /// Number of its language among those seen.
    pub language: Language,
    /// Midpoint of the publication date, seconds since 1970; `None` when it is not known.
    pub time: Option<i64>,
    /// Words and names.
    pub bag: Bag,
    /// Cosines with the articles nearest to it so far, best first.
    pub near: Vec<f32>,
    /// Mean cosine with the farther half of its candidates when it came: what is usual where it lies.
    pub usual: f32,
}

impl Profile {
    /// An article that has met no other one yet.
    pub fn new(language: Language, time: Option<i64>, bag: Bag) -> Self {
        Self {
            language,
            time,
            bag,
            near: Vec::new(),
            usual: 0.0,
        }
    }

    /// Takes note of a neighbour's cosine.
    pub fn meet(&mut self, cosine: f32) {
        let at = self.near.partition_point(|known| *known >= cosine);
        if at < NEAR {
            self.near.insert(at, cosine);
            self.near.truncate(NEAR);
        }
    }

    /// Mean cosine with the nearest articles; 0 without any.
    fn nearest(&self) -> f32 {
        self.near.iter().sum::<f32>() / self.near.len().max(1) as f32
    }
}

/// What is known of a pair beside the two profiles.
#[derive(Debug, Clone, Copy)]
pub struct Pair {
    /// Cosine of the vectors as they are in the index, about the language's fixed mean.
    pub similarity: f32,
    /// Cosine about the running means of the two languages.
    pub meaning: f32,
    /// Articles published between them; `None` when one of them is undated.
    pub between: Option<usize>,
    /// Articles among which the later one looked for its candidates; all of them when one of the two is undated.
    pub crowd: usize,
}

/// The signals of a pair. Symmetric.
///
/// Time is counted in articles, not in hours: two days are long where a thousand articles come in, and nothing in a
/// collection of ten a week. For the same reason a cosine is also taken relative to what is usual around either article
/// and to what is nearest to it, and the more articles there are to choose from, the closer a pair has to be.
pub fn signals(a: &Profile, b: &Profile, pair: Pair) -> [f32; COUNT] {
    let between = pair.between.unwrap_or(pair.crowd.min(UNDATED_CROWD) / 3);
    [
        pair.meaning,
        pair.meaning - (a.usual + b.usual) / 2.0,
        pair.meaning - (a.nearest() + b.nearest()) / 2.0,
        cosine(&a.bag.names, &b.bag.names),
        (between as f32 / 10.0).ln_1p(),
        crowding(pair.crowd),
        f32::from(a.language == b.language),
    ]
}

/// What a number of articles to choose from counts.
pub fn crowding(articles: usize) -> f32 {
    (articles as f32).ln_1p().min(LARGEST_CROWD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_nearest_are_kept_best_first() {
        let mut profile = Profile::new(0, None, Bag::default());
        for step in 0..20 {
            profile.meet(step as f32 / 20.0);
        }
        assert_eq!(profile.near.len(), NEAR);
        assert!(profile.near.is_sorted_by(|a, b| a >= b));
        assert_eq!(profile.near.first(), Some(&0.95));
    }

    #[test]
    fn the_order_of_a_pair_does_not_matter() {
        let mut a = Profile::new(0, Some(0), Bag::default());
        let mut b = Profile::new(1, None, Bag::default());
        a.meet(0.4);
        b.usual = 0.2;
        let pair = Pair {
            similarity: 0.5,
            meaning: 0.6,
            between: Some(0),
            crowd: 12,
        };
        assert_eq!(signals(&a, &b, pair), signals(&b, &a, pair));
    }
}
