//! A stream told again: the same articles in the same order, grouped by other weights and without corrections.
//!
//! In: articles as they were placed, with what each was compared with; no weights decide about that, so it is found once. Out:
//! the story of every article. [`agreement`] says how near two such answers are.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::index;
use crate::story::graph::Article;
use crate::story::lessons::Ruling;
use crate::story::lexicon::Sparse;
use crate::story::signals::Met;
use crate::story::weights::Weights;
use crate::story::{Arrival, Engine, Settings, StoryChange, StoryError};

/// The story of every article, by number.
pub type Stories = BTreeMap<Article, u64>;

/// Articles in the order in which they were placed. Takes 3 kB an article with vectors of 384 numbers.
#[derive(Debug, Default)]
pub struct Recorded {
    /// Articles with a lower number are not kept.
    first: Article,
    /// Without texts: names and words are in the signals already.
    articles: Vec<(Arrival, Sparse, Met)>,
}

/// Where articles are, from what changes.
#[derive(Debug, Default)]
pub struct Followed {
    story_of: Stories,
    ended: HashMap<u64, u64>,
}

impl Followed {
    /// Takes note of changes, in their order.
    pub fn take(&mut self, changes: &[StoryChange]) {
        for change in changes {
            match change {
                StoryChange::Joined { story, article, .. } => {
                    self.story_of.insert(*article, *story);
                }
                StoryChange::Merged { story, into } => {
                    self.ended.insert(*story, *into);
                }
                StoryChange::Created { .. } | StoryChange::Revived { .. } => {}
            }
        }
    }

    /// Where they all are; articles that were out of memory when their story ended went along with it.
    pub fn stories(&self) -> Stories {
        let home = |mut story: u64| {
            while let Some(into) = self.ended.get(&story) {
                story = *into;
            }
            story
        };
        self.story_of
            .iter()
            .map(|(article, story)| (*article, home(*story)))
            .collect()
    }
}

impl Recorded {
    /// For articles from this number on, as if there were no others.
    pub fn from(first: Article) -> Self {
        Self {
            first,
            ..Self::default()
        }
    }

    /// Takes the next article, with its names and what it was compared with.
    pub fn take(&mut self, arrival: Arrival, names: Sparse, mut pairs: Met) {
        if arrival.article < self.first {
            return;
        }
        pairs.retain(|(other, _)| *other >= self.first);
        let text = String::new();
        self.articles.push((Arrival { text, ..arrival }, names, pairs));
    }

    /// Articles.
    pub fn len(&self) -> usize {
        self.articles.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.articles.is_empty()
    }

    /// Tells them again by these weights.
    ///
    /// # Errors
    /// When the index refuses a vector.
    pub fn retell(
        &self,
        settings: &Settings,
        index: &index::Settings,
        weights: &Weights,
    ) -> Result<Stories, StoryError> {
        let dimension = self.articles.first().map_or(0, |(arrival, ..)| arrival.vector.len());
        let mut engine = Engine::new(settings, index, weights.clone(), dimension);
        let mut followed = Followed::default();
        for (arrival, names, pairs) in &self.articles {
            followed.take(&engine.place_known(arrival, names, pairs)?.changes);
            engine.take_forgotten();
        }
        Ok(followed.stories())
    }
}

/// How far some stories agree with others, 0 to 1: BCubed F1 (Bagga & Baldwin 1998) over the articles that are in both.
pub fn agreement(known: &Stories, found: &Stories) -> f64 {
    let both = overlaps(known, found);
    let (mut of_known, mut of_found) = (BTreeMap::new(), BTreeMap::new());
    for ((one, other), count) in &both {
        *of_known.entry(*one).or_insert(0usize) += count;
        *of_found.entry(*other).or_insert(0usize) += count;
    }
    let (mut all, mut precision, mut recall) = (0.0, 0.0, 0.0);
    for ((one, other), count) in &both {
        let count = *count as f64;
        let share = |sizes: &BTreeMap<u64, usize>, story: &u64| count / sizes.get(story).copied().unwrap_or(1) as f64;
        all += count;
        precision += count * share(&of_found, other);
        recall += count * share(&of_known, one);
    }
    2.0 * precision * recall / (all * (precision + recall)).max(f64::MIN_POSITIVE)
}

/// How many articles would be in other stories: every story stands for the one that it shares most articles with, each for one
/// only, the largest share first.
pub fn elsewhere(before: &Stories, after: &Stories) -> usize {
    let mut shared: Vec<((u64, u64), usize)> = overlaps(before, after).into_iter().collect();
    shared.sort_by_key(|(stories, count)| (std::cmp::Reverse(*count), *stories));
    let (mut taken, mut same) = ((HashMap::new(), HashMap::new()), 0);
    for ((one, other), count) in &shared {
        if !taken.0.contains_key(one) && !taken.1.contains_key(other) {
            taken.0.insert(*one, ());
            taken.1.insert(*other, ());
            same += count;
        }
    }
    shared.iter().map(|(_, count)| count).sum::<usize>() - same
}

/// Whether stories are as a ruling wants them, with nobody's help: the story that most articles of the one side of a claim are in
/// is that of the other side, or is not. `None` when they have none of the articles of a claim.
pub fn honours(stories: &Stories, ruling: &Ruling) -> Option<bool> {
    let home = |articles: &BTreeSet<Article>| -> Option<u64> {
        let mut votes: BTreeMap<u64, usize> = BTreeMap::new();
        for story in articles.iter().filter_map(|article| stories.get(article)) {
            *votes.entry(*story).or_default() += 1;
        }
        // Of equals the oldest.
        let most = votes.into_iter().rev().max_by_key(|(_, votes)| *votes);
        most.map(|(story, _)| story)
    };
    let mut all = None;
    for claim in &ruling.claims {
        let right = (home(&claim.one)? == home(&claim.other)?) == claim.together;
        all = Some(all.unwrap_or(true) && right);
    }
    all
}

/// Articles that two stories share.
fn overlaps(known: &Stories, found: &Stories) -> BTreeMap<(u64, u64), usize> {
    let mut both = BTreeMap::new();
    for (article, story) in known {
        if let Some(other) = found.get(article) {
            *both.entry((*story, *other)).or_insert(0usize) += 1;
        }
    }
    both
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::story::lessons::Claim;

    fn stories(of: &[u64]) -> Stories {
        (1..).zip(of.iter().copied()).collect()
    }

    #[test]
    fn stories_agree_whatever_they_are_called_and_less_the_more_differs() {
        let known = stories(&[1, 1, 1, 2, 2]);
        assert_eq!(agreement(&known, &stories(&[7, 7, 7, 9, 9])), 1.0);
        assert_eq!(elsewhere(&known, &stories(&[7, 7, 7, 9, 9])), 0);
        // Precision 1; recall (3·(2/3·2/3+1/3·1/3) + 2)/5 = 11/15.
        let split = stories(&[7, 7, 8, 9, 9]);
        assert!((agreement(&known, &split) - 2.0 * (11.0 / 15.0) / (1.0 + 11.0 / 15.0)).abs() < 1e-12);
        assert_eq!(elsewhere(&known, &split), 1);
        assert_eq!(elsewhere(&known, &stories(&[7, 7, 7, 7, 7])), 2);
        assert!(agreement(&known, &stories(&[7, 7, 7, 7, 7])) < 1.0);
        assert_eq!(agreement(&Stories::new(), &known), 0.0);
    }

    #[test]
    fn a_ruling_is_honoured_by_where_most_of_its_articles_are() {
        let claim = |one: &[Article], other: &[Article], together| Claim {
            one: one.iter().copied().collect(),
            other: other.iter().copied().collect(),
            together,
            as_wholes: true,
        };
        let ruling = |claims| Ruling {
            number: 1,
            newest: 5,
            claims,
        };
        let known = stories(&[1, 1, 1, 2, 2]);
        assert_eq!(
            honours(&known, &ruling(vec![claim(&[1], &[2, 3, 4], true)])),
            Some(true)
        );
        assert_eq!(
            honours(&known, &ruling(vec![claim(&[1], &[3, 4, 5], true)])),
            Some(false)
        );
        let both = vec![claim(&[1], &[2], true), claim(&[1], &[4], false)];
        assert_eq!(honours(&known, &ruling(both.clone())), Some(true));
        assert_eq!(honours(&stories(&[1, 1, 1, 1, 1]), &ruling(both)), Some(false));
        assert_eq!(honours(&known, &ruling(vec![claim(&[1], &[9], false)])), None);
        assert_eq!(honours(&known, &ruling(Vec::new())), None);
    }

    #[test]
    fn what_was_out_of_memory_goes_along_with_its_story() {
        let mut followed = Followed::default();
        let joined = |article, story| StoryChange::Joined {
            story,
            article,
            from: None,
        };
        followed.take(&[joined(1, 10), joined(2, 11)]);
        followed.take(&[joined(2, 12), StoryChange::Merged { story: 10, into: 11 }]);
        followed.take(&[StoryChange::Merged { story: 11, into: 12 }]);
        assert_eq!(followed.stories(), BTreeMap::from([(1, 12), (2, 12)]));
    }
}
