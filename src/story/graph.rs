//! The similarity graph and its communities, which are the strands that stories are made of.
//!
//! Nodes are articles, an edge's weight is the probability that both tell of the same happening. A community's quality
//! is the constant Potts model's (Traag, Van Dooren & Nesterov 2011, eq. 5): Σ over its pairs of (weight − resolution).
//! After every insertion the neighbourhood is improved by local moves and merges (the queue of Traag, Waltman & van Eck
//! 2019, "fast local move"), and a community that lost its connection is cut into its connected parts, which is the
//! guarantee of their refinement phase. All sums run in the order of insertion, so equal input gives equal output.

mod parts;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use petgraph::stable_graph::{NodeIndex, StableUnGraph};
use petgraph::visit::EdgeRef;
use rustc_hash::FxHashMap;

/// An article's number.
pub type Article = u64;
/// A community's key, counted from 1: greater than all that are in use.
pub type Community = u64;

/// Fewer articles than this are never parted: moves of single articles find what there is to find.
const LEAST_PARTED: usize = 4;
/// Gains below this are rounding, not improvement.
const EPSILON: f64 = 1e-9;

/// How the neighbourhood of an arrival is improved.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// Mean weight that a community's pairs must exceed.
    pub resolution: f64,
    /// What an article must gain to leave the community that it is in.
    pub inertia: f64,
    /// Articles that are looked at again, at most.
    pub budget: usize,
    /// Group the article's community anew in any case, not only when it has grown.
    pub anew: bool,
}

/// What limits the moves: corrections that editors made ([`crate::story::corrections`]).
pub trait Bounds {
    /// Whether the link between two articles draws them together.
    fn draws(&self, graph: &Graph, a: Article, b: Article) -> bool;
    /// Whether an article may move into a community.
    fn may_join(&self, graph: &Graph, article: Article, community: Community) -> bool;
}

/// The graph with its communities.
#[derive(Debug, Default)]
pub struct Graph {
    graph: StableUnGraph<Article, f64>,
    nodes: FxHashMap<Article, NodeIndex>,
    community: FxHashMap<Article, Community>,
    members: FxHashMap<Community, Members>,
    newest: Community,
    changes: u64,
}

/// The members of a community.
#[derive(Debug, Default)]
struct Members {
    articles: BTreeSet<Article>,
    /// The number of the change that made them these.
    since: u64,
}

impl Graph {
    /// Articles in the graph.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether it holds no article.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Whether the article is in the graph.
    pub fn contains(&self, article: Article) -> bool {
        self.nodes.contains_key(&article)
    }

    /// The community of an article that is in the graph.
    pub fn community(&self, article: Article) -> Option<Community> {
        self.community.get(&article).copied()
    }

    /// The members of a community, by number; empty when there is none of that key.
    pub fn members(&self, community: Community) -> impl DoubleEndedIterator<Item = Article> + '_ {
        let members = self.members.get(&community).into_iter();
        members.flat_map(|members| &members.articles).copied()
    }

    /// The number of members of a community.
    pub fn size(&self, community: Community) -> usize {
        self.state(community).0
    }

    /// The number of members of a community, and what state they are in: as long as this is the same number, they are the same.
    /// Not to be kept across a restart.
    pub fn state(&self, community: Community) -> (usize, u64) {
        let members = self.members.get(&community);
        members.map_or((0, 0), |members| (members.articles.len(), members.since))
    }

    /// Linked articles with the weight of the link, in the order in which the links came.
    pub fn neighbours(&self, article: Article) -> impl Iterator<Item = (Article, f64)> + '_ {
        self.nodes.get(&article).into_iter().flat_map(move |node| {
            self.graph.edges(*node).filter_map(move |edge| {
                let other = if edge.source() == *node {
                    edge.target()
                } else {
                    edge.source()
                };
                self.graph.node_weight(other).map(|number| (*number, *edge.weight()))
            })
        })
    }

    /// Sum of the article's links into its own community: how central it is there.
    pub fn strength(&self, article: Article) -> f64 {
        let own = self.community(article);
        self.neighbours(article)
            .filter(|(other, _)| self.community(*other) == own)
            .map(|(_, weight)| weight)
            .sum()
    }

    /// Puts an article in with its links: into the community that it was in before (`community`), or one of its own.
    pub fn insert(&mut self, article: Article, links: &[(Article, f64)], community: Option<Community>) {
        if self.contains(article) {
            return;
        }
        let node = self.graph.add_node(article);
        self.nodes.insert(article, node);
        for (other, weight) in links {
            if let Some(target) = self.nodes.get(other) {
                self.graph.add_edge(node, *target, *weight);
            }
        }
        let community = community.unwrap_or_else(|| self.new_key());
        self.newest = self.newest.max(community);
        self.enter(article, community);
    }

    /// Gives a link another weight.
    pub fn reweigh(&mut self, a: Article, b: Article, weight: f64) {
        if let (Some(a), Some(b)) = (self.nodes.get(&a), self.nodes.get(&b))
            && let Some(edge) = self.graph.find_edge(*a, *b)
            && let Some(known) = self.graph.edge_weight_mut(edge)
        {
            *known = weight;
        }
    }

    /// The greatest key that was ever given.
    pub fn newest_key(&self) -> Community {
        self.newest
    }

    /// Gives no key up to this one again.
    pub fn skip_keys(&mut self, newest: Community) {
        self.newest = self.newest.max(newest);
    }

    /// Puts an article that is in the graph into a community, as it is stored.
    pub fn put(&mut self, article: Article, community: Community) {
        if self.contains(article) && self.community(article) != Some(community) {
            self.shift(article, community, &mut BTreeMap::new());
            self.newest = self.newest.max(community);
        }
    }

    /// Takes an article and its links out.
    pub fn remove(&mut self, article: Article) {
        if let Some(node) = self.nodes.remove(&article) {
            self.graph.remove_node(node);
        }
        self.leave(article);
        self.community.remove(&article);
    }

    /// Improves the communities around `article`; answers with every article that moved and the community that it was in
    /// before, by number.
    pub fn improve(&mut self, article: Article, rules: &Rules, bounds: &impl Bounds) -> BTreeMap<Article, Community> {
        let mut moved = BTreeMap::new();
        let mut lost: BTreeSet<Community> = BTreeSet::new();
        let mut queue = VecDeque::from([article]);
        let mut queued = BTreeSet::from([article]);
        let mut seen = 0;
        while let Some(next) = queue.pop_front() {
            queued.remove(&next);
            seen += 1;
            if seen > rules.budget {
                break;
            }
            let Some(own) = self.community(next) else { continue };
            let Some(best) = self.best(next, own, rules, bounds) else {
                continue;
            };
            let best = best.unwrap_or_else(|| self.new_key());
            self.shift(next, best, &mut moved);
            lost.insert(own);
            let around: Vec<Article> = self
                .neighbours(next)
                .map(|(other, _)| other)
                .filter(|other| self.community(*other) != Some(best))
                .collect();
            for other in around {
                if queued.insert(other) {
                    queue.push_back(other);
                }
            }
        }
        if let Some(own) = self
            .community(article)
            .filter(|own| rules.anew || is_due(self.size(*own)))
        {
            self.refine(own, rules, bounds, &mut moved);
        }
        lost.extend(self.merge_around(article, rules, bounds, &mut moved));
        for community in lost {
            self.cut_apart(community, &mut moved);
        }
        moved.retain(|article, before| self.community.get(article) != Some(before));
        moved
    }

    /// Takes some members of a community out of it, into one or more of their own; both sides end connected. Answers as
    /// [`Graph::improve`].
    pub fn part(&mut self, community: Community, leaving: &BTreeSet<Article>) -> BTreeMap<Article, Community> {
        let mut moved = BTreeMap::new();
        let key = self.new_key();
        for article in leaving {
            if self.community(*article) == Some(community) {
                self.shift(*article, key, &mut moved);
            }
        }
        self.cut_apart(community, &mut moved);
        self.cut_apart(key, &mut moved);
        moved
    }

    /// Where the article fits better: `None` when it stays, `Some(None)` when it is best alone.
    fn best(&self, article: Article, own: Community, rules: &Rules, bounds: &impl Bounds) -> Option<Option<Community>> {
        let links = self.links(article, bounds);
        let others = self.size(own).saturating_sub(1);
        let stay = links.get(&own).copied().unwrap_or(0.0) - rules.resolution * others as f64;
        let inertia = if others == 0 { 0.0 } else { rules.inertia };
        let mut best = None;
        let mut gain = stay + inertia + EPSILON;
        for (community, weight) in &links {
            let there = weight - rules.resolution * self.size(*community) as f64;
            if *community != own && there > gain && bounds.may_join(self, article, *community) {
                gain = there;
                best = Some(Some(*community));
            }
        }
        if best.is_none() && others > 0 && 0.0 > stay + inertia + EPSILON {
            return Some(None);
        }
        best
    }

    /// Merges the article's community with a linked one as long as that is an improvement.
    fn merge_around(
        &mut self,
        article: Article,
        rules: &Rules,
        bounds: &impl Bounds,
        moved: &mut BTreeMap<Article, Community>,
    ) -> Option<Community> {
        loop {
            let own = self.community(article)?;
            let mut links: BTreeMap<Community, f64> = BTreeMap::new();
            for member in self.members(own) {
                for (community, weight) in self.links(member, bounds) {
                    *links.entry(community).or_default() += weight;
                }
            }
            let mut best = None;
            let mut gain = rules.inertia + EPSILON;
            for (community, weight) in links {
                let pairs = (self.size(own) * self.size(community)) as f64;
                let there = weight - rules.resolution * pairs;
                if community != own
                    && there > gain
                    && let Some(way) = self.way(own, community, bounds)
                {
                    gain = there;
                    best = Some(way);
                }
            }
            let (from, to) = best?;
            let leaving: Vec<Article> = self.members(from).collect();
            for member in leaving {
                self.shift(member, to, moved);
            }
        }
    }

    /// Parts a community when that is better than leaving it whole. Moves of one article after the other cannot find that: the
    /// first articles of a new matter that came into an old community draw all that follow. So its members are grouped
    /// anew, each beginning alone, by moves and mergers within the community.
    fn refine(
        &mut self,
        community: Community,
        rules: &Rules,
        bounds: &impl Bounds,
        moved: &mut BTreeMap<Article, Community>,
    ) {
        let members: Vec<Article> = self.members(community).collect();
        let links: Vec<Vec<(usize, f64)>> = members
            .iter()
            .map(|member| {
                let inside = self.neighbours(*member).filter_map(|(other, weight)| {
                    let place = members.binary_search(&other).ok()?;
                    bounds.draws(self, *member, other).then_some((place, weight))
                });
                inside.collect()
            })
            .collect();
        let part = parts::within(&links, rules.resolution);
        if parts::gain(&links, &part, rules.resolution) <= rules.inertia + EPSILON {
            return;
        }
        let mut sizes: BTreeMap<usize, usize> = BTreeMap::new();
        for part in &part {
            *sizes.entry(*part).or_default() += 1;
        }
        // Of equals the part with the oldest article, which has the lowest number, keeps the key.
        let stays = sizes.iter().rev().max_by_key(|(_, size)| **size).map(|(part, _)| *part);
        let mut keys = BTreeMap::new();
        for (member, part) in members.iter().zip(&part) {
            if Some(*part) != stays {
                let key = *keys.entry(*part).or_insert_with(|| {
                    self.newest += 1;
                    self.newest
                });
                self.shift(*member, key, moved);
            }
        }
        for community in keys.into_values().chain([community]) {
            self.cut_apart(community, moved);
        }
    }

    /// Which of two communities may become part of which: the larger one stays, of equals the older, which has the lower
    /// key, unless only the other way is allowed.
    fn way(&self, own: Community, other: Community, bounds: &impl Bounds) -> Option<(Community, Community)> {
        let grows = (self.size(other), own) > (self.size(own), other);
        let ways = if grows {
            [(own, other), (other, own)]
        } else {
            [(other, own), (own, other)]
        };
        ways.into_iter()
            .find(|(from, to)| self.members(*from).all(|member| bounds.may_join(self, member, *to)))
    }

    /// Gives each connected part of a community but the largest (of equals: the one with the oldest article) a key of
    /// its own.
    fn cut_apart(&mut self, community: Community, moved: &mut BTreeMap<Article, Community>) {
        let mut left: BTreeSet<Article> = self.members(community).collect();
        let mut parts: Vec<Vec<Article>> = Vec::new();
        while let Some(first) = left.pop_first() {
            let mut part = vec![first];
            let mut at = 0;
            while let Some(article) = part.get(at).copied() {
                at += 1;
                for (other, _) in self.neighbours(article) {
                    if left.remove(&other) {
                        part.push(other);
                    }
                }
            }
            parts.push(part);
        }
        // Stable: parts were found by their oldest article.
        parts.sort_by_key(|part| std::cmp::Reverse(part.len()));
        for part in parts.into_iter().skip(1) {
            let key = self.new_key();
            for article in part {
                self.shift(article, key, moved);
            }
        }
    }

    /// Sum of the article's links into each community, of those that draw.
    pub fn links(&self, article: Article, bounds: &impl Bounds) -> BTreeMap<Community, f64> {
        let mut links = BTreeMap::new();
        for (other, weight) in self.neighbours(article) {
            if let Some(community) = self.community(other)
                && bounds.draws(self, article, other)
            {
                *links.entry(community).or_default() += weight;
            }
        }
        links
    }

    fn shift(&mut self, article: Article, to: Community, moved: &mut BTreeMap<Article, Community>) {
        if let Some(from) = self.leave(article) {
            moved.entry(article).or_insert(from);
        }
        self.enter(article, to);
    }

    fn enter(&mut self, article: Article, community: Community) {
        self.changes += 1;
        self.community.insert(article, community);
        let members = self.members.entry(community).or_default();
        members.articles.insert(article);
        members.since = self.changes;
    }

    fn leave(&mut self, article: Article) -> Option<Community> {
        let from = self.community(article)?;
        self.changes += 1;
        if let Some(members) = self.members.get_mut(&from) {
            members.articles.remove(&article);
            members.since = self.changes;
            if members.articles.is_empty() {
                self.members.remove(&from);
            }
        }
        Some(from)
    }

    fn new_key(&mut self) -> Community {
        self.newest += 1;
        self.newest
    }
}

/// Whether a community of this size is looked at as a whole: small ones always, larger ones whenever they have grown by an
/// eighth or so, which costs each article the same. It depends on the size alone, so that a restart changes nothing.
pub fn is_due(size: usize) -> bool {
    size >= LEAST_PARTED && size.is_multiple_of((size / 8).max(1).next_power_of_two())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RULES: Rules = Rules {
        resolution: 0.05,
        inertia: 0.01,
        budget: 1000,
        anew: false,
    };

    struct Free;

    impl Bounds for Free {
        fn draws(&self, _: &Graph, _: Article, _: Article) -> bool {
            true
        }
        fn may_join(&self, _: &Graph, _: Article, _: Community) -> bool {
            true
        }
    }

    fn build(links: &[Vec<(Article, f64)>]) -> Graph {
        let mut graph = Graph::default();
        for (number, links) in links.iter().enumerate() {
            graph.insert(number as Article, links, None);
            graph.improve(number as Article, &RULES, &Free);
        }
        graph
    }

    #[test]
    fn linked_articles_meet_and_strangers_do_not() {
        let graph = build(&[vec![], vec![(0, 0.9)], vec![], vec![(2, 0.8)], vec![(0, 0.9), (1, 0.7)]]);
        assert_eq!(graph.community(0), graph.community(1));
        assert_eq!(graph.community(0), graph.community(4));
        assert_eq!(graph.community(2), graph.community(3));
        assert_ne!(graph.community(0), graph.community(2));
    }

    #[test]
    fn a_bridge_joins_two_stories_when_their_pairs_earn_it() {
        let mut graph = build(&[vec![], vec![(0, 0.9)], vec![], vec![(2, 0.9)]]);
        assert_ne!(graph.community(0), graph.community(2));
        graph.insert(4, &[(0, 0.9), (1, 0.9), (2, 0.9), (3, 0.9)], None);
        let moved = graph.improve(4, &RULES, &Free);
        assert_eq!(graph.community(0), graph.community(3));
        assert!(!moved.is_empty());
    }

    #[test]
    fn a_community_is_in_another_state_once_its_members_are_others() {
        let mut graph = build(&[vec![], vec![(0, 0.9)], vec![], vec![(2, 0.9)]]);
        let (one, other) = (
            graph.community(0).expect("in a community"),
            graph.community(2).expect("in a community"),
        );
        let state = |graph: &Graph| (graph.state(one).1, graph.state(other).1);
        let before = state(&graph);
        graph.reweigh(0, 1, 0.8);
        assert_eq!(state(&graph), before);
        graph.insert(4, &[(0, 0.9)], Some(one));
        let grown = state(&graph);
        assert!(grown.0 != before.0 && grown.1 == before.1);
        graph.put(4, other);
        let moved = state(&graph);
        assert!(moved.0 != grown.0 && moved.1 != grown.1);
        graph.remove(4);
        assert!(state(&graph).0 == moved.0 && state(&graph).1 != moved.1);
    }

    #[test]
    fn what_is_taken_out_and_what_stays_are_both_connected() {
        // A chain 0-1-2-3-4, from which 1 and 3 go.
        let chain: Vec<Vec<(Article, f64)>> = (0..5u64)
            .map(|number| number.checked_sub(1).map(|before| (before, 0.9)).into_iter().collect())
            .collect();
        let mut graph = build(&chain);
        let whole = graph.community(0).expect("in a community");
        assert_eq!(graph.size(whole), 5);
        let moved = graph.part(whole, &BTreeSet::from([1, 3]));
        let communities: BTreeSet<_> = (0..5).map(|article| graph.community(article)).collect();
        assert_eq!(communities.len(), 5);
        assert_eq!(moved.len(), 4);
        assert!(moved.values().all(|before| *before == whole));
    }

    proptest! {
        #[test]
        fn every_article_is_in_one_connected_community(
            links in proptest::collection::vec(proptest::collection::vec((0u64..40, 0.3f64..1.0), 0..6), 1..40)
        ) {
            let links: Vec<Vec<(Article, f64)>> = links
                .into_iter()
                .enumerate()
                .map(|(number, links)| {
                    let distinct: BTreeMap<Article, f64> =
                        links.into_iter().filter(|(other, _)| *other < number as u64).collect();
                    distinct.into_iter().collect()
                })
                .collect();
            let graph = build(&links);
            let again = build(&links);
            let mut counted = 0;
            for (community, Members { articles: members, .. }) in &graph.members {
                counted += members.len();
                let first = *members.first().expect("no community is empty");
                let mut reached = BTreeSet::from([first]);
                let mut queue = vec![first];
                while let Some(article) = queue.pop() {
                    prop_assert_eq!(graph.community(article), Some(*community));
                    prop_assert_eq!(again.community(article), Some(*community));
                    for (other, _) in graph.neighbours(article) {
                        if members.contains(&other) && reached.insert(other) {
                            queue.push(other);
                        }
                    }
                }
                prop_assert_eq!(&reached, members);
            }
            prop_assert_eq!(counted, links.len());
        }
    }
}
