//! Corrections as bounds of the optimiser: what editors decided is stronger than any link.
//!
//! In: what the corrections that were not undone ask, compiled by the pipeline. Out: which links draw, which strands an
//! article may join, which stories may become one. There are two kinds of bound. A *hold* keeps an article in one story
//! (merge, split, move, pin and always-together all end in holds); the latest one counts. A *never* keeps two articles
//! apart wherever they are. A story in which an article is held, or that has a name, was shaped by an editor: its id survives, and two such
//! stories are never made one but by another correction. See Wagstaff et al. 2001 (must- and cannot-links) for the idea;
//! here a hold names the story, so that the id is kept too.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::story::graph::{Article, Bounds, Community, Graph};
use crate::story::strands::Stories;

/// An article that stays in one story.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hold {
    /// The article.
    pub article: Article,
    /// The story's number.
    pub story: u64,
    /// The newest article when this was decided: the editor knew the stories as they were then.
    pub since: Article,
}

/// All that the corrections ask.
#[derive(Debug, Clone, Default)]
pub struct Constraints {
    held: HashMap<Article, Hold>,
    never: HashMap<Article, BTreeSet<Article>>,
    /// The stories of articles that are kept apart from others and are not in memory.
    away: BTreeMap<Article, u64>,
    /// Stories in which an article is held, or that an editor named.
    shaped: HashSet<u64>,
}

impl Constraints {
    /// From the holds in the order in which they were decided, so that the last one of an article counts, the pairs that
    /// are never together, and the stories that an editor named.
    pub fn new(
        holds: impl IntoIterator<Item = Hold>,
        never: impl IntoIterator<Item = (Article, Article)>,
        named: impl IntoIterator<Item = u64>,
    ) -> Self {
        let held: HashMap<Article, Hold> = holds.into_iter().map(|hold| (hold.article, hold)).collect();
        let mut apart: HashMap<Article, BTreeSet<Article>> = HashMap::new();
        for (a, b) in never {
            apart.entry(a).or_default().insert(b);
            apart.entry(b).or_default().insert(a);
        }
        Self {
            shaped: held.values().map(|hold| hold.story).chain(named).collect(),
            held,
            never: apart,
            away: BTreeMap::new(),
        }
    }

    /// The articles that are kept apart from others, in no order.
    pub fn kept_apart(&self) -> impl Iterator<Item = Article> + '_ {
        self.never.keys().copied()
    }

    /// Where an article that is kept apart from others was when it was taken out of memory.
    pub fn put_away(&mut self, article: Article, story: u64) {
        if self.never.contains_key(&article) {
            self.away.insert(article, story);
        }
    }

    /// A story goes on in another one, with those of its articles that are not in memory.
    pub fn follow(&mut self, story: u64, into: u64) {
        for away in self.away.values_mut().filter(|away| **away == story) {
            *away = into;
        }
    }

    /// The story of an article that is kept apart from others and is not in memory.
    pub fn away(&self, article: Article) -> Option<u64> {
        self.away.get(&article).copied()
    }

    /// Articles of a story that are kept apart from others and are not in memory, by number.
    pub fn away_in(&self, story: u64) -> impl Iterator<Item = Article> + '_ {
        self.away
            .iter()
            .filter(move |(_, of)| **of == story)
            .map(|(article, _)| *article)
    }

    /// Whether nothing is asked.
    pub fn is_empty(&self) -> bool {
        self.held.is_empty() && self.never.is_empty() && self.shaped.is_empty()
    }

    /// The story that an article is held in.
    pub fn held(&self, article: Article) -> Option<u64> {
        self.held.get(&article).map(|hold| hold.story)
    }

    /// Whether an editor shaped the story.
    pub fn is_shaped(&self, story: u64) -> bool {
        self.shaped.contains(&story)
    }

    /// The articles that are never together with this one, by number.
    pub fn apart(&self, article: Article) -> impl Iterator<Item = Article> + '_ {
        self.never.get(&article).into_iter().flatten().copied()
    }

    /// Whether any articles are never together.
    pub fn keeps_apart(&self) -> bool {
        !self.never.is_empty()
    }

    /// Whether an old link must not draw: the editor who placed the one article knew the other, and left it elsewhere.
    fn is_overruled(&self, placed: Article, other: Article, story_of_other: Option<u64>) -> bool {
        self.held
            .get(&placed)
            .is_some_and(|hold| other <= hold.since && story_of_other != Some(hold.story))
    }
}

/// The bounds of the strands, which depend on the stories that they are in.
#[derive(Debug)]
pub struct StrandBounds<'a> {
    /// What is asked.
    pub constraints: &'a Constraints,
    /// The stories of the strands.
    pub stories: &'a Stories,
}

impl StrandBounds<'_> {
    fn story(&self, graph: &Graph, article: Article) -> Option<u64> {
        match graph.community(article) {
            Some(community) => self.stories.of(community),
            None => self.constraints.away(article),
        }
    }
}

impl Bounds for StrandBounds<'_> {
    fn draws(&self, graph: &Graph, a: Article, b: Article) -> bool {
        let asked = self.constraints;
        asked.is_empty()
            || !(asked.apart(a).any(|other| other == b)
                || asked.is_overruled(a, b, self.story(graph, b))
                || asked.is_overruled(b, a, self.story(graph, a)))
    }

    fn may_join(&self, graph: &Graph, article: Article, community: Community) -> bool {
        let asked = self.constraints;
        if asked.is_empty() {
            return true;
        }
        let story = self.stories.of(community);
        if asked.held(article).is_some_and(|held| story != Some(held)) {
            return false;
        }
        asked.apart(article).all(|other| {
            graph.community(other) != Some(community) && (story.is_none() || self.story(graph, other) != story)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hold(article: Article, story: u64, since: Article) -> Hold {
        Hold { article, story, since }
    }

    #[test]
    fn the_last_hold_of_an_article_counts() {
        let asked = Constraints::new([hold(1, 10, 5), hold(2, 11, 5), hold(1, 12, 6)], [], []);
        assert_eq!(asked.held(1), Some(12));
        assert!(asked.is_shaped(11) && asked.is_shaped(12) && !asked.is_shaped(10));
    }

    #[test]
    fn links_that_the_editor_overruled_do_not_draw_and_later_ones_do() {
        let mut graph = Graph::default();
        for article in 1..=4 {
            graph.insert(article, &[], None);
        }
        let mut stories = Stories::default();
        for (article, story) in [(1, 10), (2, 11), (3, 10), (4, 11)] {
            stories.put(graph.community(article).expect("in a strand"), story);
        }
        let constraints = Constraints::new([hold(1, 10, 3)], [(3, 4)], []);
        let bounds = StrandBounds {
            constraints: &constraints,
            stories: &stories,
        };
        // 2 was known and left in another story; 3 is in the same one; 4 came later.
        assert!(!bounds.draws(&graph, 1, 2) && !bounds.draws(&graph, 2, 1));
        assert!(bounds.draws(&graph, 1, 3) && bounds.draws(&graph, 1, 4));
        assert!(!bounds.draws(&graph, 3, 4));
        let strand = |article| graph.community(article).expect("in a strand");
        assert!(!bounds.may_join(&graph, 1, strand(2)) && bounds.may_join(&graph, 1, strand(3)));
        // 3 must not come into the story of 4, by whichever strand.
        assert!(!bounds.may_join(&graph, 3, strand(4)) && !bounds.may_join(&graph, 3, strand(2)));
        assert!(bounds.may_join(&graph, 2, strand(1)));
    }
}
