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
    /// The stored placement, as [`Store::placement`] gives it.
    pub fn new(store: &Store, words: &'static Words, placement: &Value) -> Result<Self, ReadError> {
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
                .map(|one| NeighbourView::new(words, one, here, &stories))
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

/// The length of a signal's bar: ten for each unit of log-odds, at most four of them.
fn bar(part: f64) -> f64 {
    (part * 10.0).clamp(-40.0, 40.0)
}

impl NeighbourView {
    fn new(words: &'static Words, neighbour: &Value, here: &str, stories: &StoryNames) -> Self {
        let mut signals: Vec<(&str, f64)> = neighbour
            .get("signals")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .map(|(name, part)| (name.as_str(), part.as_f64().unwrap_or_default()))
            .collect();
        signals.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()).then(a.0.cmp(b.0)));
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
                    name: words
                        .signal(key)
                        .map_or_else(|| key.replace('_', " "), |signal| signal.name.to_owned()),
                    meaning: words.signal(key).map_or("", |signal| signal.meaning),
                    part: words.decimal(part, 2),
                    x: format!("{:.1}", bar(part).min(0.0)),
                    width: format!("{:.1}", bar(part).abs()),
                    against: part < 0.0,
                })
                .collect(),
        }
    }
}
