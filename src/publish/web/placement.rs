//! Why an article is in its story, in words.

use std::collections::BTreeMap;

use serde_json::Value;

use super::names::StoryNames;
use super::phrase::{Link, Part, phrase};
use super::some;
use super::words::Words;
use crate::store::Store;
use crate::store::read::{Headline, ReadError};

/// Why an article is in its story.
pub struct PlacementView {
    pub because: Vec<Part>,
    /// The story that it would have joined otherwise.
    pub rival: Vec<Part>,
    /// What came of comparing its story as a whole with the most alike one.
    pub second_look: Vec<Part>,
    pub groups: [Group; 2],
}

/// Articles that it was compared with.
pub struct Group {
    pub name: &'static str,
    pub neighbours: Vec<NeighbourView>,
}

/// An article that it was compared with.
pub struct NeighbourView {
    pub link: Link,
    pub likely: String,
    pub alike: String,
    /// Its story now, where that is another one.
    pub elsewhere: Vec<Part>,
    pub signals: Vec<SignalView>,
}

/// What one signal added to the log-odds.
pub struct SignalView {
    pub name: String,
    pub meaning: &'static str,
    pub part: String,
    /// Its bar, from -40 to 40.
    pub x: String,
    pub width: String,
    pub against: bool,
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

fn real(value: &Value, field: &str) -> f64 {
    value.get(field).and_then(Value::as_f64).unwrap_or_default()
}

fn neighbours<'a>(placement: &'a Value, list: &str) -> impl Iterator<Item = &'a Value> {
    placement.get(list).and_then(Value::as_array).into_iter().flatten()
}

impl PlacementView {
    /// The stored placement, as [`Store::placement`] gives it, of an article in this language.
    pub fn new(store: &Store, words: &'static Words, placement: &Value, lang: &str) -> Result<Self, ReadError> {
        let all = || neighbours(placement, "nearest").chain(neighbours(placement, "rejected"));
        let rival = placement.get("runner_up").filter(|rival| rival.is_object());
        let look = placement.get("second_look").filter(|look| look.is_object());
        let named_stories = all().chain(rival).chain(look);
        let stories = StoryNames::of(store, words, named_stories.map(|one| text(one, "story_id")))?;
        let original = text(placement, "near_duplicate_of");
        let articles = store.article_headlines([original])?;
        let decimal = |field: &str| Part::Text(words.decimal(real(placement, field), 2));
        let decided = text(placement, "decided_by");
        let because = match decided {
            "near_duplicate" => {
                let (title, lang) = named(&articles, original);
                let link = Part::Link(Link::article(original, title, lang));
                phrase(words.because_copy, &[("article", link)])
            }
            "editor" => {
                let correction = placement.get("correction").unwrap_or(&Value::Null);
                let number = correction.get("number").and_then(Value::as_u64).unwrap_or_default();
                let decision = words.correction(text(correction, "kind")).to_owned();
                phrase(
                    words.because_editor,
                    &[
                        (
                            "author",
                            Part::Quoted(words.editor(some(text(correction, "author")).as_deref()).to_owned()),
                        ),
                        ("decision", Part::Text(decision)),
                        ("n", Part::Text(words.number(number))),
                        ("reason", Part::Quoted(text(correction, "reason").to_owned())),
                    ],
                )
            }
            "alone" => phrase(words.because_alone, &[]),
            "group" => phrase(words.because_group, &[]),
            _ => phrase(
                words.because_nearest,
                &[("support", decimal("support")), ("margin", decimal("margin"))],
            ),
        };
        let rival = match rival {
            Some(rival) => {
                let support = Part::Text(words.decimal(real(rival, "support"), 2));
                let link = Part::Link(stories.link(text(rival, "story_id")));
                phrase(words.runner_up, &[("story", link), ("support", support)])
            }
            None if decided == "nearest" => phrase(words.no_runner_up, &[]),
            None => Vec::new(),
        };
        let second_look = look.map_or_else(Vec::new, |look| {
            let merged = look.get("merged").and_then(Value::as_bool).unwrap_or_default();
            let said = if merged { words.became_one } else { words.looked_again };
            let link = Part::Link(stories.link(text(look, "story_id")));
            let likely = Part::Text(words.percent(real(look, "probability")));
            phrase(said, &[("story", link), ("n", likely)])
        });
        let here = text(placement, "story_id");
        let group = |name, list: &str| Group {
            name,
            neighbours: neighbours(placement, list)
                .map(|one| NeighbourView::new(words, one, (here, lang), &stories))
                .collect(),
        };
        Ok(Self {
            because,
            rival,
            second_look,
            groups: [group(words.nearest, "nearest"), group(words.rejected, "rejected")],
        })
    }
}

fn named<'a>(names: &'a BTreeMap<String, Headline>, id: &str) -> (&'a str, &'a str) {
    names.get(id).map_or(("", ""), |one| (&one.title, &one.lang))
}

/// The name of the row for what every pair begins with.
const BASE: &str = "base";

/// The log-odds that a pair began with, from its probability and from what its signals added to it: as the pair was judged then,
/// whatever the weights are now. `None` where the probability is so near to 0 or 1 that its six decimals do not tell.
fn base(probability: f64, parts: f64) -> Option<f64> {
    let tells = (1e-4..=1.0 - 1e-4).contains(&probability);
    tells.then(|| (probability / (1.0 - probability)).ln() - parts)
}

/// The length of a signal's bar: ten for each unit of log-odds, at most four of them.
fn bar(part: f64) -> f64 {
    (part * 10.0).clamp(-40.0, 40.0)
}

impl NeighbourView {
    /// `here` and `lang` are the story and the language of the article whose placement it is.
    fn new(words: &'static Words, neighbour: &Value, (here, lang): (&str, &str), stories: &StoryNames) -> Self {
        let mut signals: Vec<(&str, f64)> = neighbour
            .get("signals")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .map(|(name, part)| (name.as_str(), part.as_f64().unwrap_or_default()))
            .collect();
        signals.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()).then(a.0.cmp(b.0)));
        let is_one = text(neighbour, "lang") == lang;
        let meaning = |key: &str| match key {
            BASE => Some(&words.base),
            "same_language" if !is_one => Some(&words.two_languages),
            key => words.signal(key),
        };
        // What all of them add to; the rows are to make up the chance that is shown.
        let parts: f64 = signals.iter().map(|(_, part)| part).sum();
        if let Some(base) = base(real(neighbour, "probability"), parts).filter(|_| !signals.is_empty()) {
            signals.insert(0, (BASE, base));
        }
        let said = |sentence: &str, value: String| sentence.replace("{n}", &value);
        let story = text(neighbour, "story_id");
        let elsewhere = match story.is_empty() || story == here {
            true => Vec::new(),
            false => phrase(words.in_story, &[("story", Part::Link(stories.link(story)))]),
        };
        Self {
            link: Link::article(
                text(neighbour, "article_id"),
                text(neighbour, "title"),
                text(neighbour, "lang"),
            ),
            likely: said(words.likely, words.percent(real(neighbour, "probability"))),
            alike: said(words.alike, words.decimal(real(neighbour, "similarity"), 2)),
            elsewhere,
            signals: signals
                .into_iter()
                .map(|(key, part)| SignalView {
                    name: meaning(key).map_or_else(|| key.replace('_', " "), |signal| signal.name.to_owned()),
                    meaning: meaning(key).map_or("", |signal| signal.meaning),
                    part: words.decimal(part, 2),
                    x: format!("{:.1}", bar(part).min(0.0)),
                    width: format!("{:.1}", bar(part).abs()),
                    against: part < 0.0,
                })
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::web::words::ALL;
    use crate::story::weights::Weights;

    #[test]
    fn the_base_value_is_the_intercept_that_the_pair_was_judged_with() {
        let pairs = Weights::built_in().expect("weights").pairs;
        for by in [0.0, 0.5, 1.0, 1.5] {
            let signals: Vec<f32> = pairs
                .signals
                .iter()
                .map(|one| (one.mean + by * one.deviation) as f32)
                .collect();
            let parts = pairs.contributions(&signals).sum();
            let probability = (pairs.probability(&signals) * 1e6).round() / 1e6;
            let found = base(probability, parts).expect("it tells");
            assert!((found - pairs.intercept).abs() < 0.005, "{by}: {found}");
        }
        assert_eq!(base(0.0, -9.0), None);
        assert_eq!(base(1.0, 30.0), None);
    }

    #[test]
    fn the_rows_make_up_the_chance_and_say_how_many_languages_there_are() {
        let stories = StoryNames(BTreeMap::new());
        for words in ALL {
            for lang in ["en", "ar"] {
                let neighbour = serde_json::json!({"article_id": "a", "title": "A", "lang": "en", "story_id": "s1",
                    "probability": 0.731059, "similarity": 0.9, "signals": {"meaning": 5.5, "same_language": 1.0}});
                let view = NeighbourView::new(words, &neighbour, ("s1", lang), &stories);
                let names: Vec<&str> = view.signals.iter().map(|one| one.name.as_str()).collect();
                let of_languages = match lang {
                    "en" => words.signal("same_language").expect("a signal"),
                    _ => &words.two_languages,
                };
                assert_eq!(names[0], words.base.name);
                assert_eq!(names[2], of_languages.name);
                assert_eq!(view.signals[2].meaning, of_languages.meaning);
                assert_eq!(view.signals[0].part, words.decimal(-5.5, 2));
                assert!(view.signals[0].against);
            }
        }
    }
}
