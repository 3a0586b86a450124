//! What an editor should look at: decisions that were close, with how much they are in doubt.
//!
//! In: placements, and cuts that the engine proposes. Out: [`Doubt`]s. Pure; never reads the store.
//!
//! *Doubt* has one meaning for all kinds: twice the probability that what was decided is wrong, 1 at most. 1 is the toss of
//! a coin, or worse; 0 is no doubt.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::story::Placement;
use crate::story::graph::Article;

/// The section `[review]` of the configuration.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// Doubt from which something is put on the list, 0 to 1.
    pub least_doubt: f64,
    /// Articles of a story that is searched for a cut, at most.
    pub cut_articles: usize,
}

/// What is in doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Whether an article belongs into its story.
    Placement,
    /// Whether a story is one.
    Story,
    /// Whether two stories are one.
    Merge,
}

impl Kind {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Placement => "placement",
            Self::Story => "story",
            Self::Merge => "merge",
        }
    }
}

/// Something to look at.
#[derive(Debug, Clone, PartialEq)]
pub struct Doubt {
    /// What.
    pub kind: Kind,
    /// The article, of a placement.
    pub article: Option<Article>,
    /// The story.
    pub story: u64,
    /// The other story: the one that the article may belong into, or that may be one with this one.
    pub other: Option<u64>,
    /// Twice the probability that the decision is wrong, 1 at most.
    pub doubt: f64,
    /// Why, in figures.
    pub figures: Value,
}

/// A story in two parts.
#[derive(Debug, Clone, PartialEq)]
pub struct Cut {
    /// The smaller part, by number.
    pub part: Vec<Article>,
    /// Probability that both parts are one story.
    pub probability: f64,
    /// Links from one part to the other.
    pub links: usize,
    /// The sum of those links.
    pub support: f64,
    /// Mean link over all pairs of the story: its cohesion.
    pub cohesion: f64,
    /// Articles of the story, near-duplicates not counted.
    pub articles: usize,
}

fn doubted(wrong: f64) -> f64 {
    ((2.0 * wrong).clamp(0.0, 1.0) * 1e3).round() / 1e3
}

/// What is in doubt of a placement: the placement itself, and whether its story is one with the most alike.
/// `story_of` tells the stories of articles by number.
pub fn of_placement(
    article: Article,
    story: u64,
    placement: &Placement,
    rules: &Rules,
    story_of: impl Fn(Article) -> Option<u64>,
) -> Vec<Doubt> {
    let best = placement.nearest.first().map(|near| near.probability);
    let rejected = placement
        .rejected
        .iter()
        .find(|near| story_of(near.article) != Some(story));
    let look = placement.second_look.as_ref();
    let (wrong, other) = match placement.decided_by.as_str() {
        "nearest" => {
            // By its best link alone, or by how near the runner-up came.
            let unlinked = 1.0 - best.unwrap_or(1.0);
            let rival = placement.runner_up.as_ref().map_or(0.0, |rival| rival.support);
            let shared = if placement.support + rival > 0.0 {
                rival / (placement.support + rival)
            } else {
                0.0
            };
            (
                unlinked.max(shared),
                placement.runner_up.as_ref().map(|rival| rival.story),
            )
        }
        "group" => (1.0 - look.map_or(1.0, |look| look.probability), None),
        "alone" => (
            rejected.map_or(0.0, |near| near.probability),
            rejected.and_then(|near| story_of(near.article)),
        ),
        _ => (0.0, None),
    };
    let mut doubts = Vec::new();
    if doubted(wrong) >= rules.least_doubt && wrong > 0.0 {
        doubts.push(Doubt {
            kind: Kind::Placement,
            article: Some(article),
            story,
            other: other.filter(|other| *other != story),
            doubt: doubted(wrong),
            figures: json!({
                "decided_by": placement.decided_by,
                "support": placement.support,
                "margin": placement.margin,
                "best_link": best,
                "runner_up_support": placement.runner_up.as_ref().map(|rival| rival.support),
                "nearest_elsewhere": rejected.map(|near| near.probability),
            }),
        });
    }
    if let Some(look) = look.filter(|look| !look.merged && doubted(look.probability) >= rules.least_doubt) {
        doubts.push(Doubt {
            kind: Kind::Merge,
            article: None,
            story: story.min(look.story),
            other: Some(story.max(look.story)),
            doubt: doubted(look.probability),
            figures: json!({"probability": look.probability, "signals": look.signals}),
        });
    }
    doubts
}

/// What is in doubt of a story, when it can be cut.
pub fn of_cut(story: u64, cut: Option<Cut>, rules: &Rules) -> Option<Doubt> {
    let cut = cut?;
    let doubt = doubted(1.0 - cut.probability);
    (doubt >= rules.least_doubt).then(|| Doubt {
        kind: Kind::Story,
        article: None,
        story,
        other: None,
        doubt,
        figures: json!({
            "probability": cut.probability,
            "cohesion": cut.cohesion,
            "articles": cut.articles,
            "links_between": cut.links,
            "support_between": cut.support,
            "part": cut.part,
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Rules = Rules {
        least_doubt: 0.5,
        cut_articles: 250,
    };

    fn placement(value: Value) -> Placement {
        let mut whole = json!({
            "decided_by": "nearest", "nearest": [], "support": 0.0, "runner_up": null, "margin": 0.0, "rejected": []
        });
        if let (Some(fields), Some(more)) = (whole.as_object_mut(), value.as_object()) {
            fields.extend(more.clone());
        }
        serde_json::from_value(whole).expect("a placement")
    }

    fn near(article: u64, probability: f64) -> Value {
        json!({"article": article, "probability": probability, "similarity": 0.5, "signals": {}})
    }

    #[test]
    fn a_tie_is_the_toss_of_a_coin_and_a_firm_placement_is_not_listed() {
        let doubts = |value: Value| of_placement(9, 1, &placement(value), &RULES, Some);
        let tie = doubts(json!({"nearest": [near(1, 0.9)], "support": 2.0, "runner_up": {"story": 2, "support": 2.0}}));
        assert_eq!((tie[0].doubt, tie[0].other), (1.0, Some(2)));
        let weak = doubts(json!({"nearest": [near(1, 0.6)], "support": 0.6}));
        assert_eq!((weak[0].doubt, weak[0].other), (0.8, None));
        assert!(doubts(json!({"nearest": [near(1, 0.95)], "support": 3.0})).is_empty());
        let alone = doubts(json!({"decided_by": "alone", "rejected": [near(3, 0.45)]}));
        assert_eq!((alone[0].doubt, alone[0].other), (0.9, Some(3)));
    }

    #[test]
    fn two_stories_nearly_alike_are_one_pair_whichever_came_last() {
        let look = json!({"story": 4, "probability": 0.4, "merged": false, "signals": {}});
        let value = json!({"nearest": [near(1, 0.95)], "support": 3.0, "second_look": look});
        let doubts = of_placement(9, 7, &placement(value), &RULES, |_| Some(7));
        assert_eq!(doubts.len(), 1);
        assert_eq!(
            (doubts[0].kind, doubts[0].story, doubts[0].other, doubts[0].doubt),
            (Kind::Merge, 4, Some(7), 0.8)
        );
    }

    #[test]
    fn a_cut_is_doubted_by_how_unlike_its_parts_are() {
        let cut = |probability| Cut {
            part: vec![3, 4],
            probability,
            links: 1,
            support: 0.6,
            cohesion: 0.2,
            articles: 6,
        };
        assert_eq!(of_cut(1, Some(cut(0.3)), &RULES).map(|doubt| doubt.doubt), Some(1.0));
        assert_eq!(of_cut(1, Some(cut(0.9)), &RULES), None);
        assert_eq!(of_cut(1, None, &RULES), None);
    }
}
