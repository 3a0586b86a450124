//! Story: decides which articles belong together, online, one article after the other.
//!
//! In: an [`Arrival`], an article's vector (centred by language), its text, language and time. Out: a [`Decision`],
//! the story that it is in, why, and what that changed for others (stories created, merged, split, articles moved).
//! Never reads a clock, the store or the network, and never looks ahead: the same arrivals in the same order give the
//! same stories.
//!
//! Articles are nodes of a similarity graph ([`graph`]); the weight of an edge is the probability that both tell of the
//! same happening, a logistic function ([`weights`]) of readable signals ([`signals`]). Communities of that
//! graph are strands, and strands that are alike as a whole make a story ([`strands`]). What arrives re-optimises only its own
//! neighbourhood ([`engine`]), within the bounds that editors set ([`corrections`]).
//!
//! What editors decided teaches the two learned functions ([`lessons`], [`learn`], [`retold`]), when somebody asks for it.
//!
//! What a story is about, how fast it grows and how much it matters is worked out from its articles alone ([`names`],
//! [`labels`]); what was close is put down for editors ([`review`]).

pub mod corrections;
pub mod credits;
pub mod engine;
pub mod graph;
pub mod labels;
pub mod learn;
pub mod lessons;
pub mod lexicon;
pub mod means;
pub mod names;
pub mod outlets;
pub mod propose;
pub mod retold;
pub mod review;
pub mod signals;
pub mod strands;
pub mod terms;
pub mod weights;

pub use engine::saved;
pub use engine::{
    Arrival, Decision, Engine, Neighbour, Placement, Rival, Sampled, SecondLook, StoryChange, StoryError,
};

use std::path::PathBuf;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// The section `[story]` of the configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// A weights file; empty means the built-in weights.
    pub weights: PathBuf,
    /// Nearest articles that are compared with an arrival.
    pub candidates: usize,
    /// Days before and after an article in which its candidates are looked for, at most.
    pub window_days: f64,
    /// The same, at least, however many articles came in these days.
    pub window_least_days: f64,
    /// Articles that the window is to reach back over, between the two bounds.
    pub window_articles: usize,
    /// Probability from which two articles are linked, 0 to 1.
    pub link: f64,
    /// Resolution of the constant Potts model: the mean link that a story's pairs must exceed.
    pub resolution: f64,
    /// What a move must gain before an article leaves a strand that it is in: hysteresis against flicker.
    pub inertia: f64,
    /// Probability from which two stories that are alike as a whole become one, 0 to 1.
    pub join: f64,
    /// Articles of two stories together up to which likeness alone decides whether they become one.
    pub join_articles: usize,
    /// What their log-odds lose above that, for every factor of e (2.72) by which they have more; 0 or more.
    #[serde(deserialize_with = "not_negative")]
    pub join_steepness: f64,
    /// Probability below which a strand leaves the rest of its story, 0 to `join`.
    pub part: f64,
    /// The same for a strand that has just come about, for links that held it to the rest gave way, and for all strands of a
    /// story that an article joins late, after others that were published later.
    pub part_new: f64,
    /// Articles that are looked at again for one arrival, at most.
    pub budget: usize,
    /// Days that an article's links are kept in memory after the newest publication seen.
    pub keep_days: f64,
    /// Articles that stay in memory whatever their age.
    pub keep_articles: usize,
    /// Days without an article after which a story is dormant.
    pub dormant_days: f64,
    /// Days without an article after which a story is closed.
    pub closed_days: f64,
}

/// A number that is neither negative nor without end.
fn not_negative<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let value = f64::deserialize(deserializer)?;
    if value.is_finite() && value >= 0.0 {
        Ok(value)
    } else {
        Err(D::Error::custom(format!("{value} is not a number from 0 up")))
    }
}
