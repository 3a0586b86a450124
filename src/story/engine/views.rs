//! What the engine says of a story without changing anything: its headlines by language, and where it could be cut.

use std::collections::{BTreeMap, BTreeSet};

use super::{Article, CENTRE_MEMBERS, Engine, rounded};
use crate::story::means::Language;
use crate::story::review::Cut;

/// Bridges of a story that are tried as a cut, at most: those that leave the most even parts.
const BRIDGES: usize = 5;
/// Articles of a part, at least.
const LEAST_PART: usize = 2;

impl Engine {
    /// The most central article of each language in a story; of equals the oldest.
    pub fn headlines(&self, story: u64) -> BTreeMap<String, Article> {
        let mut best: BTreeMap<Language, (f64, Article)> = BTreeMap::new();
        let mut members: Vec<Article> = self.members(story).collect();
        members.sort_unstable();
        for member in members {
            let Some(profile) = self.profiles.get(&member) else {
                continue;
            };
            let strength = self.graph.strength(member);
            match best.get(&profile.language) {
                Some((most, _)) if *most >= strength => {}
                _ => {
                    best.insert(profile.language, (strength, member));
                }
            }
        }
        let codes = self.means.codes();
        best.into_iter()
            .filter_map(|(language, (_, article))| Some(((*codes.get(&language)?).to_owned(), article)))
            .collect()
    }

    fn members(&self, story: u64) -> impl Iterator<Item = Article> + '_ {
        self.stories
            .strands(story)
            .flat_map(|strand| self.graph.members(strand))
    }

    /// The cut of a story whose two parts are least alike as a whole: one of its strands, or what hangs by a single link.
    /// `None` for a story of fewer than four articles, of more than `most`, or that cannot be cut.
    pub fn weakest_cut(&self, story: u64, most: usize) -> Option<Cut> {
        let mut members: Vec<Article> = self.members(story).collect();
        members.sort_unstable();
        if members.len() < 2 * LEAST_PART || members.len() > most {
            return None;
        }
        let inside: BTreeSet<Article> = members.iter().copied().collect();
        let links: BTreeMap<Article, Vec<(Article, f64)>> = members
            .iter()
            .map(|member| {
                let mut linked: Vec<(Article, f64)> = self
                    .graph
                    .neighbours(*member)
                    .filter(|(other, _)| inside.contains(other))
                    .collect();
                linked.sort_unstable_by_key(|(other, _)| *other);
                (*member, linked)
            })
            .collect();
        let total: f64 = links.values().flatten().map(|(_, weight)| weight).sum::<f64>() / 2.0;
        let pairs = (members.len() * (members.len() - 1)) as f64 / 2.0;
        let mut parts: Vec<BTreeSet<Article>> = hanging_parts(&members, &links);
        let strands: Vec<_> = self.stories.strands(story).collect();
        if strands.len() > 1 {
            parts.extend(strands.into_iter().map(|strand| self.graph.members(strand).collect()));
        }
        let mut means = BTreeMap::new();
        let mut cut: Option<Cut> = None;
        for part in parts {
            let (own, rest): (Vec<Article>, Vec<Article>) = members.iter().partition(|member| part.contains(member));
            if own.len() < LEAST_PART || rest.len() < LEAST_PART {
                continue;
            }
            let newest = |part: &[Article]| {
                let newest = part.iter().rev().take(CENTRE_MEMBERS);
                newest.copied().collect::<Vec<Article>>()
            };
            let here = self.group_of(newest(&own), own.len(), &mut means);
            let there = self.group_of(newest(&rest), rest.len(), &mut means);
            let likeness = self.dot.of(&here.centre, &there.centre);
            let signals = self.in_common(&here, &there, likeness, 0.0);
            let probability = rounded(self.weights.groups.probability(&signals));
            if cut.as_ref().is_some_and(|cut| cut.probability <= probability) {
                continue;
            }
            let smaller = if own.len() <= rest.len() { own } else { rest };
            let chosen: BTreeSet<Article> = smaller.iter().copied().collect();
            let across = || {
                let from = smaller.iter().filter_map(|member| links.get(member)).flatten();
                from.filter(|(other, _)| !chosen.contains(other))
                    .map(|(_, weight)| *weight)
            };
            cut = Some(Cut {
                probability,
                links: across().count(),
                support: rounded(across().sum()),
                cohesion: rounded(total / pairs),
                articles: members.len(),
                part: smaller,
            });
        }
        cut
    }
}

/// The parts that hang by a single link (a bridge), the most even ones first.
fn hanging_parts(members: &[Article], links: &BTreeMap<Article, Vec<(Article, f64)>>) -> Vec<BTreeSet<Article>> {
    // Depth first without recursion: order of discovery, the earliest that is reached from below, size of what is below.
    let mut found: BTreeMap<Article, usize> = BTreeMap::new();
    let mut low: BTreeMap<Article, usize> = BTreeMap::new();
    let mut order: Vec<Article> = Vec::new();
    let mut bridges: Vec<(usize, usize)> = Vec::new();
    for root in members {
        if found.contains_key(root) {
            continue;
        }
        let mut path: Vec<(Article, Option<Article>, usize)> = vec![(*root, None, 0)];
        while let Some((member, parent, next)) = path.pop() {
            if next == 0 {
                found.insert(member, order.len());
                low.insert(member, order.len());
                order.push(member);
            }
            let neighbours = links.get(&member).map(Vec::as_slice).unwrap_or_default();
            match neighbours.get(next) {
                Some((other, _)) => {
                    path.push((member, parent, next + 1));
                    match found.get(other) {
                        None => path.push((*other, Some(member), 0)),
                        Some(at) if Some(*other) != parent => lower(&mut low, member, *at),
                        Some(_) => {}
                    }
                }
                None => {
                    if let (Some(parent), Some(reached)) = (parent, low.get(&member).copied()) {
                        lower(&mut low, parent, reached);
                        let begun = found.get(&member).copied().unwrap_or_default();
                        if reached >= begun {
                            bridges.push((begun, order.len()));
                        }
                    }
                }
            }
        }
    }
    // What was discovered below a bridge is one side of it.
    bridges.retain(|(from, to)| to - from >= LEAST_PART && members.len() - (to - from) >= LEAST_PART);
    bridges.sort_by_key(|(from, to)| ((2 * (to - from)).abs_diff(members.len()), *from));
    let below = bridges.into_iter().take(BRIDGES);
    below
        .filter_map(|(from, to)| Some(order.get(from..to)?.iter().copied().collect()))
        .collect()
}

fn lower(low: &mut BTreeMap<Article, usize>, member: Article, reached: usize) {
    if let Some(known) = low.get_mut(&member) {
        *known = reached.min(*known);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hangs_by_one_link_is_found_and_a_ring_is_not() {
        let graph = |edges: &[(u64, u64)]| {
            let mut links: BTreeMap<u64, Vec<(u64, f64)>> = BTreeMap::new();
            for (a, b) in edges {
                links.entry(*a).or_default().push((*b, 0.6));
                links.entry(*b).or_default().push((*a, 0.6));
            }
            links
                .values_mut()
                .for_each(|linked| linked.sort_unstable_by_key(|(other, _)| *other));
            links
        };
        let members: Vec<u64> = (1..=6).collect();
        let two_rings = graph(&[(1, 2), (2, 3), (1, 3), (3, 4), (4, 5), (5, 6), (4, 6)]);
        let parts = hanging_parts(&members, &two_rings);
        assert_eq!(parts, [BTreeSet::from([4, 5, 6])]);
        let ring = graph(&[(1, 2), (2, 3), (3, 4), (4, 5), (5, 6), (1, 6)]);
        assert!(hanging_parts(&members, &ring).is_empty());
        // A single article that hangs is no part.
        let tail = graph(&[(1, 2), (2, 3), (1, 3), (3, 4), (4, 5), (3, 5), (5, 6)]);
        assert!(hanging_parts(&members, &tail).is_empty());
    }
}
