//! What templates need of an answer, ready to be written.

use std::collections::HashMap;

use serde_json::Value;

use crate::article::{DatedJson, full_text};
use crate::store::read::SearchHit;
use crate::timeline::{Basis, Event, OtherSentence, StoryArticle};

/// An article as a link.
pub struct Link {
    pub id: String,
    pub title: String,
    pub source: String,
}

/// An event of a timeline.
pub struct EventView {
    pub date: DatedJson,
    pub basis: &'static str,
    pub sentence: String,
    pub lang: String,
    pub others: Vec<OtherSentence>,
    pub articles: Vec<Link>,
    pub near_duplicates: usize,
}

impl EventView {
    pub fn new(event: Event, members: &[StoryArticle]) -> Self {
        let by_id: HashMap<&str, &StoryArticle> = members.iter().map(|one| (one.id.as_str(), one)).collect();
        Self {
            basis: match event.basis {
                Basis::Text => "as the text says",
                Basis::Publication => "by publication",
                Basis::None => "",
            },
            articles: event
                .articles
                .iter()
                .filter_map(|id| by_id.get(id.as_str()))
                .map(|article| Link {
                    id: article.id.0.clone(),
                    title: shown_title(article),
                    source: article.source.clone().unwrap_or_default(),
                })
                .collect(),
            date: event.date,
            sentence: event.sentence,
            lang: event.lang,
            others: event.others,
            near_duplicates: event.near_duplicates,
        }
    }
}

fn shown_title(article: &StoryArticle) -> String {
    match article.title.is_empty() {
        false => article.title.clone(),
        true => full_text(&article.title, &article.text).chars().take(80).collect(),
    }
}

/// Why an article is in its story.
pub struct PlacementView {
    pub because: String,
    pub rival: Option<RivalView>,
    pub groups: [Group; 2],
}

pub struct RivalView {
    pub id: String,
    pub title: String,
    pub support: String,
}

pub struct Group {
    pub name: &'static str,
    pub neighbours: Vec<NeighbourView>,
}

pub struct NeighbourView {
    pub id: String,
    pub title: String,
    pub lang: String,
    pub probability: String,
    pub similarity: String,
    pub signals: Vec<SignalView>,
}

pub struct SignalView {
    pub name: String,
    pub part: String,
    pub meaning: &'static str,
}

fn text(value: &Value, field: &str) -> String {
    value.get(field).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn number(value: &Value, field: &str) -> String {
    format!("{:.2}", value.get(field).and_then(Value::as_f64).unwrap_or_default())
}

impl PlacementView {
    pub fn new(placement: &Value) -> Self {
        let (support, margin) = (number(placement, "support"), number(placement, "margin"));
        let because = match text(placement, "decided_by").as_str() {
            "near_duplicate" => format!(
                "It repeats the text of {}, and is where that one is.",
                text(placement, "near_duplicate_of")
            ),
            "alone" => "No article was close enough when it came: it began a story.".to_owned(),
            _ => format!("Its links into the story add up to {support}; that is {margin} more than it needed."),
        };
        let rival = placement
            .get("runner_up")
            .filter(|rival| rival.is_object())
            .map(|rival| RivalView {
                id: text(rival, "story_id"),
                title: text(rival, "title"),
                support: number(rival, "support"),
            });
        let group = |name, field: &str| Group {
            name,
            neighbours: placement
                .get(field)
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .map(NeighbourView::new)
                .collect(),
        };
        Self {
            because,
            rival,
            groups: [
                group("Nearest members", "nearest"),
                group("Near, but not in it then", "rejected"),
            ],
        }
    }
}

impl NeighbourView {
    fn new(neighbour: &Value) -> Self {
        let signals = neighbour.get("signals").and_then(Value::as_object);
        let mut signals: Vec<(String, f64)> = signals
            .into_iter()
            .flatten()
            .map(|(name, part)| (name.clone(), part.as_f64().unwrap_or_default()))
            .collect();
        signals.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()).then(a.0.cmp(&b.0)));
        Self {
            id: text(neighbour, "article_id"),
            title: text(neighbour, "title"),
            lang: text(neighbour, "lang"),
            probability: number(neighbour, "probability"),
            similarity: number(neighbour, "similarity"),
            signals: signals
                .into_iter()
                .map(|(name, part)| SignalView {
                    meaning: meaning(&name),
                    name: name.replace('_', " "),
                    part: format!("{part:.2}"),
                })
                .collect(),
        }
    }
}

/// A signal's name in words.
fn meaning(signal: &str) -> &'static str {
    match signal {
        "meaning" => "how alike the texts' vectors are",
        "meaning_by_length" => "the same, trusted more in longer texts",
        "meaning_in_language" => "the same, within one language",
        "distinctness" => "how much each text says that is its own",
        "words" => "rare words in common",
        "names" => "names in common, across scripts",
        "numbers_shared" => "numbers in common",
        "numbers_apart" => "numbers that only one headline has",
        "articles_between" => "how many articles were published between them",
        "undated" => "one of them has no date",
        "same_language" => "both are in one language",
        "length" => "how long the shorter one is",
        _ => "",
    }
}

/// A found article.
pub struct HitView {
    pub id: String,
    pub title: String,
    pub lang: String,
    pub source: String,
    pub published: String,
    pub story: Option<String>,
    pub snippet: Vec<Piece>,
}

/// A piece of a snippet.
pub struct Piece {
    pub text: String,
    pub marked: bool,
}

impl HitView {
    pub fn new(hit: SearchHit) -> Self {
        let letters: Vec<char> = hit.snippet.chars().collect();
        let mut snippet = Vec::new();
        let mut at = 0;
        for range in &hit.highlights {
            let piece = |from: usize, to: usize, marked| Piece {
                text: letters.get(from..to).unwrap_or_default().iter().collect(),
                marked,
            };
            snippet.push(piece(at, range.start, false));
            snippet.push(piece(range.start, range.end, true));
            at = range.end;
        }
        snippet.push(Piece {
            text: letters.get(at..).unwrap_or_default().iter().collect(),
            marked: false,
        });
        Self {
            id: hit.article_id,
            title: hit.title,
            lang: hit.lang,
            source: hit.source.unwrap_or_default(),
            published: hit
                .published
                .and_then(|date| date.value)
                .unwrap_or_else(|| "undated".to_owned()),
            story: hit.story_id,
            snippet,
        }
    }
}
