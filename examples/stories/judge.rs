//! Puts a set through the engine and scores what comes of it.

use std::collections::BTreeMap;
use std::error::Error;
use std::time::Instant;

use silsila::config::Settings;
use silsila::story::weights::Weights;
use silsila::story::{Arrival, Decision, Engine, StoryChange, StoryError};

use crate::sets::Set;
use crate::shared::Article;

/// What came of a set.
pub struct Judged {
    /// Precision and recall; over the labelled pairs where only pairs have labels, as the next ones.
    pub bcubed: (f64, f64),
    /// Precision and recall.
    pub pairwise: (f64, f64),
    /// Articles of the largest story.
    pub largest: usize,
    /// Articles a second.
    pub speed: f64,
    /// Articles that changed their story more than twice after their first one.
    pub restless: usize,
    /// The story of every article with a text of its own.
    pub stories: Vec<u64>,
}

/// Groups the set online, all the way from the texts, and scores it; with `lang`, the BCubed figures are means over the
/// articles in that language, each judged among all articles.
pub fn judge(set: &Set, settings: &Settings, weights: &Weights, lang: Option<&str>) -> Result<Judged, Box<dyn Error>> {
    grouped(set, settings, weights, lang, |engine, number, article| {
        engine.place(article.arrival(number))
    })
}

/// The same from the pairs that are known already: several times as fast.
pub fn judge_known(set: &Set, settings: &Settings, weights: &Weights) -> Result<Judged, Box<dyn Error>> {
    grouped(set, settings, weights, None, |engine, number, article| {
        let arrival = Arrival {
            article: number as u64,
            lang: article.lang.clone(),
            time: article.time,
            text: String::new(),
            vector: article.vector.clone(),
        };
        engine.place_known(&arrival, &set.names[number], &set.pairs[number])
    })
}

fn grouped(
    set: &Set,
    settings: &Settings,
    weights: &Weights,
    lang: Option<&str>,
    place: impl Fn(&mut Engine, usize, &Article) -> Result<Decision, StoryError>,
) -> Result<Judged, Box<dyn Error>> {
    let dimension = set.articles.first().map_or(0, |article| article.vector.len());
    let mut engine = Engine::new(&settings.story, &settings.index, weights.clone(), dimension);
    let mut moves = vec![0usize; set.articles.len()];
    let started = Instant::now();
    for (number, article) in set.articles.iter().enumerate() {
        for change in place(&mut engine, number, article)?.changes {
            if let StoryChange::Joined {
                article, from: Some(_), ..
            } = change
                && let Some(moves) = moves.get_mut(article as usize)
            {
                *moves += 1;
            }
        }
    }
    let speed = set.articles.len() as f64 / started.elapsed().as_secs_f64();
    Ok(Judged {
        speed,
        restless: moves.iter().filter(|moves| **moves > 2).count(),
        stories: (0..set.articles.len() as u64)
            .map(|number| engine.story_of(number).unwrap_or_default())
            .collect(),
        ..scored(set, lang, &|place| engine.story_of(place as u64).unwrap_or_default())
    })
}

/// Precision and recall over the pairs that have labels.
fn asked(set: &Set, story: &dyn Fn(usize) -> u64) -> (f64, f64) {
    let together = |(a, b, _): &&(usize, usize, bool)| story(*a) == story(*b);
    let same = |(_, _, same): &&(usize, usize, bool)| *same;
    let hit = set.asked.iter().filter(together).filter(same).count() as f64;
    let claimed = set.asked.iter().filter(together).count() as f64;
    let asked = set.asked.iter().filter(same).count() as f64;
    (hit / claimed.max(1.0), hit / asked.max(1.0))
}

/// BCubed (Bagga & Baldwin 1998), averaged over articles, and precision and recall over pairs.
fn scored(set: &Set, lang: Option<&str>, story: &dyn Fn(usize) -> u64) -> Judged {
    let (mut both, mut found, mut gold) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    let own = set.articles.iter().enumerate();
    let own = own.map(|(place, article)| (&article.label, place));
    let all = || {
        own.clone()
            .chain(set.repeats.iter().map(|(label, place)| (label, *place)))
    };
    for (label, place) in all() {
        *both.entry((story(place), label)).or_insert(0usize) += 1;
        *found.entry(story(place)).or_insert(0usize) += 1;
        *gold.entry(label).or_insert(0usize) += 1;
    }
    let (mut n, mut precision, mut recall) = (0.0, 0.0, 0.0);
    for (label, place) in all().filter(|(_, place)| lang.is_none_or(|lang| set.articles[*place].lang == lang)) {
        let count = both[&(story(place), label)] as f64;
        n += 1.0;
        precision += count / found[&story(place)] as f64;
        recall += count / gold[label] as f64;
    }
    let pairs = |count: &usize| (count * count.saturating_sub(1) / 2) as f64;
    let hit: f64 = both.values().map(pairs).sum();
    let claimed: f64 = found.values().map(pairs).sum();
    let gold_pairs: f64 = gold.values().map(pairs).sum();
    let n = f64::max(n, 1.0);
    let (bcubed, pairwise) = match set.asked.is_empty() {
        true => (
            (precision / n, recall / n),
            (hit / claimed.max(1.0), hit / gold_pairs.max(1.0)),
        ),
        false => {
            let both = asked(set, story);
            (both, both)
        }
    };
    Judged {
        bcubed,
        pairwise,
        largest: found.values().copied().max().unwrap_or_default(),
        speed: 0.0,
        restless: 0,
        stories: Vec::new(),
    }
}

/// The harmonic mean.
pub fn f1((precision, recall): (f64, f64)) -> f64 {
    2.0 * precision * recall / (precision + recall).max(f64::MIN_POSITIVE)
}
