//! A placement as readers get it: typed, with ids and headlines for numbers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::store::StoreError;

/// What put an article into its story.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DecidedBy {
    /// Its links to members.
    Nearest,
    /// No link was strong enough, but the story as a whole is alike.
    Group,
    /// Neither: it began a story of its own.
    Alone,
    /// It repeats the text of an article that is there.
    NearDuplicate,
    /// A person: `correction` says who and why.
    Editor,
}

/// Why an article is in its story.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PlacementView {
    /// The article.
    pub article_id: String,
    /// The story that it is in.
    pub story_id: Option<String>,
    /// The article whose text it repeats.
    pub near_duplicate_of: Option<String>,
    /// What decided. The figures below are those of its arrival, whatever decided later.
    pub decided_by: DecidedBy,
    /// The correction that holds it there.
    pub correction: Option<HoldView>,
    /// The members nearest to it, best first, with the part of every signal.
    pub nearest: Vec<NeighbourView>,
    /// Sum of its links into its strand of the story.
    pub support: f64,
    /// The story that it would have joined otherwise; null, too, when it has come to be in that one since.
    pub runner_up: Option<RivalView>,
    /// Support minus the runner-up's, each less what the resolution asks for the story's size. 0 for an article that stands
    /// alone.
    pub margin: f64,
    /// The nearest articles that it was not linked to, best first.
    pub rejected: Vec<NeighbourView>,
    /// The story that its own was compared with as a whole: the one that it became one with, else the most alike.
    #[serde(default)]
    pub second_look: Option<SecondLookView>,
}

/// The correction that holds an article in its story.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HoldView {
    /// Its number.
    pub number: u64,
    /// Its kind.
    pub kind: String,
    /// Who decided.
    pub author: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// When.
    pub at: String,
}

/// An article compared with another one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NeighbourView {
    /// The other article; null when it is no longer here.
    #[serde(default)]
    pub article_id: Option<String>,
    /// Its headline.
    #[serde(default)]
    pub title: Option<String>,
    /// Its language.
    #[serde(default)]
    pub lang: Option<String>,
    /// Its story.
    #[serde(default)]
    pub story_id: Option<String>,
    /// Probability that both tell of the same happening, 0 to 1.
    pub probability: f64,
    /// Cosine of the centred vectors, -1 to 1.
    pub similarity: f64,
    /// What each signal added to the log-odds, by name.
    pub signals: BTreeMap<String, f64>,
}

/// Another story that an article was close to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RivalView {
    /// The story; null when it is no longer here.
    #[serde(default)]
    pub story_id: Option<String>,
    /// Its headline.
    #[serde(default)]
    pub title: Option<String>,
    /// Sum of the article's links into it.
    pub support: f64,
}

/// Two stories compared as a whole when an article arrived.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SecondLookView {
    /// The other story; null when it is no longer here.
    #[serde(default)]
    pub story_id: Option<String>,
    /// Its headline.
    #[serde(default)]
    pub title: Option<String>,
    /// Probability that both are one story, 0 to 1.
    pub probability: f64,
    /// Whether they became one.
    pub merged: bool,
    /// What each signal added to the log-odds, by name; `articles_above_bound` where together they have more articles than
    /// `story.join_articles`.
    pub signals: BTreeMap<String, f64>,
}

impl PlacementView {
    /// What [`crate::store::Store::placement`] found.
    ///
    /// # Errors
    /// When the store holds something else.
    pub fn of(placement: Value) -> Result<Self, StoreError> {
        Ok(serde_json::from_value(placement)?)
    }
}
