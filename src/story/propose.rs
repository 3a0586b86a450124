//! Whether weights learned from decisions are worth their use: by the stories that come of them.
//!
//! In: examples, decisions, and the stream that they were made about. Out: candidates (the whole fit, or a part of the way to it, of
//! both functions or of one), each with the decisions that it would have got right by itself, and the one that is proposed, if
//! any. A log loss that falls is not enough: functions that tell pairs better can make worse stories (docs/QUALITY.md). Every
//! decision is judged by what the other folds teach. Never reads the store.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::index;
use crate::story::learn::{self, Example, FOLDS};
use crate::story::lessons::{Of, Ruling};
use crate::story::retold::{Recorded, Stories, elsewhere, honours};
use crate::story::weights::Weights;
use crate::story::{Settings, StoryError};

/// How far candidates go of the way to the fit.
const SHARES: [f64; 3] = [1.0, 0.5, 0.25];
/// Square of the normal deviate that is exceeded by chance once in twenty times: the bound of McNemar's test.
const CHANCE: f64 = 3.84;

/// Which functions a candidate changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Changes {
    /// Both.
    Both,
    /// That of two articles.
    Pairs,
    /// That of two groups.
    Groups,
}

/// Weights that might be used, and what comes of them.
#[derive(Debug, Clone, Serialize)]
pub struct Candidate {
    /// Which functions it changes.
    pub changes: Changes,
    /// How far it goes of the way to the fit, 0 to 1.
    pub share: f64,
    /// Decisions that it gets right by itself and the weights in use do not; each judged by what the other folds teach.
    pub now_right: usize,
    /// The reverse.
    pub now_wrong: usize,
    /// Articles that would be in other stories.
    pub articles_elsewhere: usize,
    /// Stories.
    pub stories: usize,
    /// Articles of the largest story.
    pub largest: usize,
    /// The weights.
    #[serde(skip)]
    pub weights: Weights,
}

/// What is compared.
#[derive(Debug, Clone, Serialize)]
pub struct Trial {
    /// Articles that were grouped again, without corrections.
    pub articles: usize,
    /// Decisions about them.
    pub decisions: usize,
    /// Those of them that the weights in use get right by themselves.
    pub right_in_use: usize,
    /// Stories by the weights in use.
    pub stories_in_use: usize,
    /// Articles of their largest one.
    pub largest_in_use: usize,
    /// What was tried.
    pub candidates: Vec<Candidate>,
    /// Place among the candidates of the one that is proposed; null when none is better than chance would have it.
    pub proposed: Option<usize>,
}

/// What both functions are fitted to.
#[derive(Debug, Clone, Copy)]
pub struct Material<'a> {
    /// Examples of two articles.
    pub pairs: &'a [Example],
    /// Examples of two groups.
    pub groups: &'a [Example],
    /// What pulls towards the weights in use, in decisions.
    pub penalty: f64,
}

impl Material<'_> {
    /// Both functions fitted.
    pub fn fit(&self, in_use: &Weights) -> Weights {
        Weights {
            trained_on: in_use.trained_on.clone(),
            pairs: learn::fit(&in_use.pairs, Of::Pairs.signs(), self.pairs, self.penalty),
            groups: learn::fit(&in_use.groups, Of::Groups.signs(), self.groups, self.penalty),
        }
    }

    /// The same without the decisions of a fold.
    fn fit_without(&self, in_use: &Weights, folds: &BTreeMap<&str, usize>, part: usize) -> Weights {
        let others = |examples: &[Example]| -> Vec<Example> {
            let others = examples.iter();
            let others = others.filter(|example| folds.get(example.decision.as_str()) != Some(&part));
            others.cloned().collect()
        };
        let (pairs, groups) = (others(self.pairs), others(self.groups));
        Material {
            pairs: &pairs,
            groups: &groups,
            penalty: self.penalty,
        }
        .fit(in_use)
    }
}

/// The stream by the weights in use and by candidates. `decisions` are those about it, by the name that they have among the
/// examples; `each` is called for every time that the stream was told again, of [`times`].
///
/// # Errors
/// When the index refuses a vector.
pub fn try_out(
    recorded: &Recorded,
    decisions: &BTreeMap<String, &Ruling>,
    material: &Material<'_>,
    in_use: &Weights,
    (settings, index): (&Settings, &index::Settings),
    mut each: impl FnMut(),
) -> Result<Trial, StoryError> {
    let mut retell = |weights: &Weights| {
        each();
        recorded.retell(settings, index, weights)
    };
    let now = retell(in_use)?;
    let right = |stories: &Stories, ruling: &Ruling| honours(stories, ruling) == Some(true);
    let judged: BTreeMap<&str, &Ruling> = decisions
        .iter()
        .filter(|(_, ruling)| honours(&now, ruling).is_some())
        .map(|(name, ruling)| (name.as_str(), *ruling))
        .collect();
    let names: BTreeSet<&str> = [material.pairs, material.groups]
        .into_iter()
        .flatten()
        .map(|example| example.decision.as_str())
        .chain(judged.keys().copied())
        .collect();
    let folds = learn::folds(&names);
    let whole = material.fit(in_use);
    let parts: Vec<Weights> = (0..FOLDS)
        .map(|part| material.fit_without(in_use, &folds, part))
        .collect();
    let changed: &[Changes] = match (whole.pairs != in_use.pairs, whole.groups != in_use.groups) {
        (true, true) => &[Changes::Both, Changes::Pairs, Changes::Groups],
        (true, false) => &[Changes::Pairs],
        (false, true) => &[Changes::Groups],
        (false, false) => &[],
    };
    let mut candidates = Vec::new();
    for share in SHARES {
        for changes in changed.iter().copied() {
            let (mut now_right, mut now_wrong) = (0, 0);
            for (part, fitted) in parts.iter().enumerate() {
                let own = || judged.iter().filter(|(name, _)| folds.get(*name) == Some(&part));
                if own().next().is_none() {
                    continue;
                }
                let then = retell(&part_way(in_use, fitted, changes, share))?;
                for (_, ruling) in own() {
                    match (right(&now, ruling), right(&then, ruling)) {
                        (false, true) => now_right += 1,
                        (true, false) => now_wrong += 1,
                        _ => {}
                    }
                }
            }
            let weights = part_way(in_use, &whole, changes, share);
            let then = retell(&weights)?;
            let (stories, largest) = sizes(&then);
            candidates.push(Candidate {
                changes,
                share,
                now_right,
                now_wrong,
                articles_elsewhere: elsewhere(&now, &then),
                stories,
                largest,
                weights,
            });
        }
    }
    let (stories_in_use, largest_in_use) = sizes(&now);
    Ok(Trial {
        articles: now.len(),
        decisions: judged.len(),
        right_in_use: judged.values().filter(|ruling| right(&now, ruling)).count(),
        stories_in_use,
        largest_in_use,
        proposed: best(&candidates),
        candidates,
    })
}

/// How often the stream is told again, at most.
pub fn times() -> usize {
    1 + SHARES.len() * 3 * (FOLDS + 1)
}

/// The candidate that gets most decisions right beyond those that it gets wrong, of equals the one that moves fewest articles; if
/// that is more than chance would have it (McNemar 1947).
fn best(candidates: &[Candidate]) -> Option<usize> {
    let net = |candidate: &Candidate| candidate.now_right as f64 - candidate.now_wrong as f64;
    let better = candidates.iter().enumerate().filter(|(_, candidate)| {
        let turned = (candidate.now_right + candidate.now_wrong) as f64;
        net(candidate) > 0.0 && net(candidate).powi(2) > CHANCE * turned
    });
    let most = better.min_by(|(_, a), (_, b)| {
        net(b)
            .total_cmp(&net(a))
            .then(a.articles_elsewhere.cmp(&b.articles_elsewhere))
    });
    most.map(|(place, _)| place)
}

fn part_way(in_use: &Weights, fitted: &Weights, changes: Changes, share: f64) -> Weights {
    let mut weights = in_use.clone();
    if changes != Changes::Groups {
        weights.pairs = learn::part_way(&in_use.pairs, &fitted.pairs, share);
    }
    if changes != Changes::Pairs {
        weights.groups = learn::part_way(&in_use.groups, &fitted.groups, share);
    }
    weights
}

/// Stories, and articles of the largest one.
fn sizes(stories: &Stories) -> (usize, usize) {
    let mut sizes: BTreeMap<u64, usize> = BTreeMap::new();
    for story in stories.values() {
        *sizes.entry(*story).or_default() += 1;
    }
    (sizes.len(), sizes.values().copied().max().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(now_right: usize, now_wrong: usize, articles_elsewhere: usize) -> Candidate {
        Candidate {
            changes: Changes::Both,
            share: 1.0,
            now_right,
            now_wrong,
            articles_elsewhere,
            stories: 1,
            largest: 1,
            weights: Weights::built_in().expect("weights"),
        }
    }

    #[test]
    fn only_what_is_better_than_chance_is_proposed_and_of_equals_what_moves_less() {
        assert_eq!(best(&[]), None);
        assert_eq!(
            best(&[candidate(0, 0, 0), candidate(3, 0, 5), candidate(10, 6, 5)]),
            None
        );
        assert_eq!(best(&[candidate(0, 40, 0)]), None);
        assert_eq!(
            best(&[candidate(4, 0, 9), candidate(20, 5, 90), candidate(15, 0, 40)]),
            Some(2)
        );
    }
}
