//! Strands: the communities of the similarity graph, and the stories that they make up.
//!
//! A strand holds together by links from article to article. A story of hundreds, or one whose sources and languages use
//! different words, falls into several strands, for no article is compared with all others. So whole groups are looked at a
//! second time: the directions of their centres tell more than any single pair, since what is particular to one text
//! averages out; and links that were too few for one strand count together. Here is which strand is in which story, and the
//! signals of two groups; the engine decides.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use crate::story::graph::{Article, Community};
use crate::story::signals::crowding;

/// Number of signals of two groups.
pub const COUNT: usize = 7;

/// Their names, in the order of [`signals`].
pub const NAMES: [&str; COUNT] = [
    "likeness",
    "likeness_above_usual",
    "smaller",
    "larger",
    "articles_between",
    "crowd",
    "linked",
];

/// The sign that each one's weight should have; 0 for either.
pub const SIGNS: [f64; COUNT] = [1.0, 0.0, 0.0, 0.0, -1.0, -1.0, 1.0];

/// A group counts no more than this many articles: a story must not absorb more easily the larger it is.
const MOST: f32 = 20.0;

/// Numbers from here on are provisional: groups that have not become stories yet.
pub const PROVISIONAL: u64 = 1 << 62;

/// Some articles as one: a strand, a story, or a story without one of its strands.
#[derive(Debug, Clone)]
pub struct Group {
    /// Direction of the mean of its newest articles' vectors about the running means, of unit length.
    pub centre: Vec<f32>,
    /// How many articles it has.
    pub articles: usize,
    /// First and last publication among its newest articles, seconds since 1970; `None` when all are undated.
    pub span: Option<(i64, i64)>,
    /// Those newest articles, by number.
    pub newest: Vec<Article>,
}

/// What is known of two groups beside the groups.
#[derive(Debug, Clone, Copy)]
pub struct Together {
    /// Cosine of their centres.
    pub likeness: f32,
    /// What that is between the arrival's story and the farther half of the stories around it.
    pub usual: f32,
    /// Articles published after the one group ended and before the other began.
    pub between: usize,
    /// Articles published around the newer one, as for a pair of articles.
    pub crowd: usize,
    /// The best link that each of the smaller one's newest articles has to the larger one's, 0 without any: their mean
    /// probability. Links that are too few for one strand may be enough for one story.
    pub linked: f32,
}

/// The signals of two groups. Symmetric.
pub fn signals(a: &Group, b: &Group, together: Together) -> [f32; COUNT] {
    let size = |articles: usize| (articles.max(1) as f32).min(MOST).ln();
    [
        together.likeness,
        together.likeness - together.usual,
        size(a.articles.min(b.articles)),
        size(a.articles.max(b.articles)),
        (together.between as f32 / 10.0).ln_1p(),
        crowding(together.crowd),
        together.linked,
    ]
}

/// Which strand is in which story.
#[derive(Debug, Default)]
pub struct Stories {
    story: FxHashMap<Community, u64>,
    strands: BTreeMap<u64, BTreeSet<Community>>,
    provisional: u64,
}

impl Stories {
    /// The story of a strand.
    pub fn of(&self, strand: Community) -> Option<u64> {
        self.story.get(&strand).copied()
    }

    /// The strands of a story, by key; none when there is no such story.
    pub fn strands(&self, story: u64) -> impl Iterator<Item = Community> + '_ {
        self.strands.get(&story).into_iter().flatten().copied()
    }

    /// Every strand with its story, by story.
    pub fn all(&self) -> impl Iterator<Item = (Community, u64)> + '_ {
        let stories = self.strands.iter();
        stories.flat_map(|(story, strands)| strands.iter().map(|strand| (*strand, *story)))
    }

    /// Puts a strand into a story, out of the one that it was in.
    pub fn put(&mut self, strand: Community, story: u64) {
        self.remove(strand);
        self.story.insert(strand, story);
        self.strands.entry(story).or_default().insert(strand);
    }

    /// Takes a strand out.
    pub fn remove(&mut self, strand: Community) {
        let Some(story) = self.story.remove(&strand) else {
            return;
        };
        if let Some(strands) = self.strands.get_mut(&story) {
            strands.remove(&strand);
            if strands.is_empty() {
                self.strands.remove(&story);
            }
        }
    }

    /// A number for a group that may become a story.
    pub fn provisional(&mut self) -> u64 {
        self.provisional += 1;
        PROVISIONAL + self.provisional
    }

    /// Gives a story another number.
    pub fn rename(&mut self, from: u64, to: u64) {
        for strand in self.strands.remove(&from).unwrap_or_default() {
            self.story.insert(strand, to);
            self.strands.entry(to).or_default().insert(strand);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(articles: usize) -> Group {
        Group {
            centre: vec![1.0],
            articles,
            span: None,
            newest: Vec::new(),
        }
    }

    const TOGETHER: Together = Together {
        likeness: 0.5,
        usual: 0.1,
        between: 7,
        crowd: 50,
        linked: 0.2,
    };

    #[test]
    fn the_order_of_two_groups_does_not_matter_and_large_ones_count_alike() {
        let (a, b, c) = (group(3), group(40), group(4000));
        assert_eq!(signals(&a, &b, TOGETHER), signals(&b, &a, TOGETHER));
        assert_eq!(signals(&a, &b, TOGETHER), signals(&a, &c, TOGETHER));
    }

    #[test]
    fn a_strand_is_in_one_story_and_a_story_without_strands_is_gone() {
        let mut stories = Stories::default();
        stories.put(1, 10);
        stories.put(2, 10);
        stories.put(2, 11);
        assert_eq!((stories.of(1), stories.of(2)), (Some(10), Some(11)));
        let provisional = stories.provisional();
        stories.put(1, provisional);
        stories.rename(provisional, 12);
        assert_eq!(stories.strands(10).count(), 0);
        assert_eq!(stories.strands(12).collect::<Vec<_>>(), [1]);
        stories.remove(1);
        assert_eq!(stories.of(1), None);
    }
}
