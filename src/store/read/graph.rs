//! The graph of a story's articles, as it is stored: nodes with their strands, links with what spoke for them.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::algo::bridges::bridges;
use petgraph::graph::UnGraph;
use rusqlite::params;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::article::dated;
use crate::article::DatedJson;
use crate::store::{Store, StoreError};

/// A story's articles and the links between them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StoryGraph {
    /// The story.
    pub story_id: String,
    /// Its articles in the order of acceptance. Of more than `max_nodes` the best linked ones.
    pub nodes: Vec<GraphNode>,
    /// Links between these, in the order of `b`, then `a`.
    pub links: Vec<GraphLink>,
    /// Articles that were left out.
    pub nodes_left_out: u64,
    /// Links that were left out with them.
    pub links_left_out: u64,
}

/// An article of a story's graph.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct GraphNode {
    /// Its id.
    pub id: String,
    /// Its headline; without one, the beginning of its text.
    pub title: String,
    /// Language code.
    pub lang: String,
    /// The outlet.
    pub source: Option<String>,
    /// Publication date; null when it is not known.
    pub published: Option<DatedJson>,
    /// The article whose text it repeats; it has no links of its own then.
    pub near_duplicate_of: Option<String>,
    /// The strand of the story that it is in, counted from 1; that of the article which it repeats.
    pub strand: Option<u64>,
}

/// A link between two articles of a story.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct GraphLink {
    /// The one that came first.
    pub a: String,
    /// The other one.
    pub b: String,
    /// Probability that both tell of the same happening, 0 to 1, as it was judged last.
    pub score: f64,
    /// What each signal added to the log-odds when the second one came, by name; null where it was not kept: an article
    /// keeps those of the few nearest to it.
    pub signals: Option<BTreeMap<String, f64>>,
    /// The signals that spoke for the link, in words, the strongest first; null where they were not kept.
    pub because: Option<Vec<String>>,
    /// The story hangs together by this link alone: without it, two parts of it have no link.
    pub bridge: bool,
    /// It is narrow: twice the probability that it is wrong reaches `review.least_doubt`.
    pub doubtful: bool,
}

/// A member while the best are chosen.
struct Member {
    number: i64,
    original: Option<i64>,
    strand: Option<i64>,
    support: f64,
}

impl Store {
    /// The graph of a story's articles, with `most` of them at most; links of at least this doubt are doubtful. `None` when
    /// there is no such story. `because` is left to who knows words.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn graph(&self, story: &str, most: usize, least_doubt: f64) -> Result<Option<StoryGraph>, StoreError> {
        self.read(|connection| {
            let mut members: BTreeMap<i64, Member> = connection
                .prepare_cached(
                    "SELECT number, original, strand FROM articles
                     WHERE story = (SELECT number FROM stories WHERE id = ?1) ORDER BY number",
                )?
                .query_map([story], |row| {
                    let number = row.get(0)?;
                    let member = Member {
                        number,
                        original: row.get(1)?,
                        strand: row.get(2)?,
                        support: 0.0,
                    };
                    Ok((number, member))
                })?
                .collect::<Result<_, _>>()?;
            let known = !members.is_empty()
                || connection
                    .prepare_cached("SELECT 1 FROM stories WHERE id = ?1")?
                    .exists([story])?;
            if !known {
                return Ok(None);
            }
            let links: Vec<(i64, i64, f64)> = connection
                .prepare_cached(
                    "SELECT e.a, e.b, e.score FROM articles m JOIN edges e ON e.b = m.number
                     JOIN articles x ON x.number = e.a
                     WHERE m.story = (SELECT number FROM stories WHERE id = ?1) AND x.story = m.story
                     ORDER BY e.b, e.a",
                )?
                .query_map([story], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
                .collect::<Result<_, _>>()?;
            for (a, b, score) in &links {
                for end in [a, b] {
                    if let Some(member) = members.get_mut(end) {
                        member.support += score;
                    }
                }
            }
            let hanging = hanging(&members, &links);
            let chosen = chosen(&members, most);
            let strands = strands(&members);
            let mut node = connection.prepare_cached(
                "SELECT a.id, CASE a.title WHEN '' THEN substr(a.text, 1, 80) ELSE a.title END, a.lang, a.source,
                   a.published, o.id FROM articles a LEFT JOIN articles o ON o.number = a.original WHERE a.number = ?1",
            )?;
            let mut nodes = BTreeMap::new();
            for number in &chosen {
                let strand = members.get(number).and_then(|member| strand_of(&members, member));
                let view = node.query_row([number], |row| {
                    Ok(GraphNode {
                        id: row.get(0)?,
                        title: row.get(1)?,
                        lang: row.get(2)?,
                        source: row.get(3)?,
                        published: dated(row.get(4)?),
                        near_duplicate_of: row.get(5)?,
                        strand: strand.and_then(|strand| strands.get(&strand).copied()),
                    })
                })?;
                nodes.insert(*number, view);
            }
            let mut kept = connection.prepare_cached(
                "SELECT n.value ->> 'article', n.value ->> 'signals' FROM articles a, json_each(a.placement, '$.nearest') n
                 WHERE a.number = ?1",
            )?;
            let (mut shown, mut spoke) = (Vec::new(), (0, BTreeMap::new()));
            for (a, b, score) in &links {
                let (Some(first), Some(second)) = (nodes.get(a), nodes.get(b)) else {
                    continue;
                };
                if spoke.0 != *b {
                    let found: Vec<(i64, String)> = kept
                        .query_map(params![b], |row| Ok((row.get(0)?, row.get(1)?)))?
                        .collect::<Result<_, _>>()?;
                    spoke = (*b, found.into_iter().collect());
                }
                let signals = match spoke.1.get(a) {
                    Some(text) => Some(serde_json::from_str(text)?),
                    None => None,
                };
                shown.push(GraphLink {
                    a: first.id.clone(),
                    b: second.id.clone(),
                    score: *score,
                    signals,
                    because: None,
                    bridge: hanging.contains(&(*a, *b)),
                    doubtful: 2.0 * (1.0 - score) >= least_doubt,
                });
            }
            Ok(Some(StoryGraph {
                story_id: story.to_owned(),
                nodes_left_out: (members.len() - chosen.len()) as u64,
                links_left_out: (links.len() - shown.len()) as u64,
                nodes: nodes.into_values().collect(),
                links: shown,
            }))
        })
    }
}

/// Links that are the only way between two parts.
fn hanging(members: &BTreeMap<i64, Member>, links: &[(i64, i64, f64)]) -> BTreeSet<(i64, i64)> {
    let mut graph: UnGraph<(), (i64, i64)> = UnGraph::new_undirected();
    let places: BTreeMap<i64, _> = members.keys().map(|number| (*number, graph.add_node(()))).collect();
    for (a, b, _) in links {
        if let (Some(from), Some(to)) = (places.get(a), places.get(b)) {
            graph.add_edge(*from, *to, (*a, *b));
        }
    }
    bridges(&graph).map(|link| *link.weight()).collect()
}

/// The best linked articles, the older one of equals; near-duplicates, which have no links, after all others.
fn chosen(members: &BTreeMap<i64, Member>, most: usize) -> BTreeSet<i64> {
    let mut order: Vec<&Member> = members.values().collect();
    order.sort_by(|one, other| {
        let copies = one.original.is_some().cmp(&other.original.is_some());
        copies
            .then(other.support.total_cmp(&one.support))
            .then(one.number.cmp(&other.number))
    });
    order.into_iter().take(most).map(|member| member.number).collect()
}

/// A near-duplicate is in the strand of the article whose text it repeats.
fn strand_of(members: &BTreeMap<i64, Member>, member: &Member) -> Option<i64> {
    let original = member.original.and_then(|original| members.get(&original));
    original.unwrap_or(member).strand
}

/// Strands counted from 1 in the order of their oldest article: their keys say nothing to a reader.
fn strands(members: &BTreeMap<i64, Member>) -> BTreeMap<i64, u64> {
    let mut counted = BTreeMap::new();
    for strand in members.values().filter_map(|member| member.strand) {
        let next = counted.len() as u64 + 1;
        counted.entry(strand).or_insert(next);
    }
    counted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(number: i64, original: Option<i64>, strand: Option<i64>, support: f64) -> (i64, Member) {
        let member = Member {
            number,
            original,
            strand,
            support,
        };
        (number, member)
    }

    #[test]
    fn a_link_that_alone_holds_two_parts_together_is_a_bridge() {
        let members = (1..=7).map(|number| member(number, None, None, 0.0)).collect();
        let links = [(1, 2), (2, 3), (1, 3), (3, 4), (4, 5), (5, 6), (4, 6), (6, 7)];
        let links: Vec<(i64, i64, f64)> = links.into_iter().map(|(a, b)| (a, b, 0.9)).collect();
        assert_eq!(hanging(&members, &links), BTreeSet::from([(3, 4), (6, 7)]));
    }

    #[test]
    fn the_best_linked_are_chosen_and_copies_last() {
        let members = BTreeMap::from([
            member(1, None, Some(8), 0.5),
            member(2, Some(1), None, 0.0),
            member(3, None, Some(4), 2.0),
            member(4, None, Some(8), 0.0),
        ]);
        assert_eq!(chosen(&members, 2), BTreeSet::from([1, 3]));
        assert_eq!(chosen(&members, 3), BTreeSet::from([1, 3, 4]));
        assert_eq!(strands(&members), BTreeMap::from([(8, 1), (4, 2)]));
        assert_eq!(strand_of(&members, &members[&2]), Some(8));
    }
}
