//! A story's history in words.

use std::collections::BTreeMap;

use serde_json::Value;

use super::desk::Act;
use super::names::StoryNames;
use super::phrase::{Link, Part, phrase};
use super::words::Words;
use crate::store::Store;
use crate::store::read::{ChangeView, Headline, ReadError};

/// One entry.
pub struct Entry {
    pub at: String,
    pub said: Vec<Part>,
    /// What can be done about the correction that it tells of.
    pub act: Option<Act>,
}

/// Changes as sentences, with links to the articles and stories that they name.
pub fn told(store: &Store, words: &Words, changes: &[ChangeView]) -> Result<Vec<Entry>, ReadError> {
    let articles = store.article_headlines(changes.iter().filter_map(|change| change.article_id.as_deref()))?;
    let stories = StoryNames::of(store, words, changes.iter().filter_map(other_story))?;
    changes
        .iter()
        .map(|change| {
            Ok(Entry {
                at: change.at.clone(),
                said: said(words, change, &articles, &stories),
                act: Act::of_change(store, change)?,
            })
        })
        .collect()
}

fn other_story(change: &ChangeView) -> Option<&str> {
    ["into", "from", "to"]
        .iter()
        .find_map(|field| change.detail.get(field).and_then(Value::as_str))
}

fn said(words: &Words, change: &ChangeView, articles: &BTreeMap<String, Headline>, stories: &StoryNames) -> Vec<Part> {
    let named = |names: &BTreeMap<String, Headline>, id: &str| {
        names.get(id).map_or_else(
            || (String::new(), String::new()),
            |one| (one.title.clone(), one.lang.clone()),
        )
    };
    let mut filling = Vec::new();
    if let Some(id) = change.article_id.as_deref() {
        let (title, lang) = named(articles, id);
        filling.push(("article", Part::Link(Link::article(id, &title, &lang))));
    }
    let other = other_story(change);
    if let Some(id) = other {
        filling.push(("story", Part::Link(stories.link(id))));
    }
    let text = |field: &str| change.detail.get(field).and_then(Value::as_str).unwrap_or_default();
    filling.push(("title", Part::Quoted(text("title").to_owned())));
    filling.push(("state", Part::Text(words.state(text("state")).to_owned())));
    let whole = |field: &str| change.detail.get(field).and_then(Value::as_u64);
    let number = whole("revision").or(whole("correction")).unwrap_or_default();
    filling.push(("n", Part::Text(words.number(number))));
    let author = change.detail.get("author").and_then(Value::as_str);
    filling.push(("author", Part::Quoted(words.editor(author).to_owned())));
    filling.push(("decision", Part::Text(words.correction(text("kind")).to_owned())));
    let remarks: Vec<&str> = [text("text"), text("reason")]
        .into_iter()
        .filter(|one| !one.is_empty())
        .collect();
    filling.push(("reason", Part::Quoted(remarks.join(" · "))));
    let undone = change.detail.get("undone").and_then(Value::as_bool).unwrap_or_default();
    let sentence = match (change.kind.as_str(), other) {
        ("story_created", _) => words.history_created,
        ("article_joined", None) => words.history_joined,
        ("article_joined", Some(_)) => words.history_joined_from,
        ("article_left", _) => words.history_left,
        ("article_revised", _) => words.history_revised,
        ("merged", _) => words.history_merged,
        ("split", _) => words.history_split,
        ("renamed", _) => words.history_renamed,
        ("state_changed", _) => words.history_state,
        ("corrected", _) if undone => words.history_undone,
        ("corrected", _) => words.history_corrected,
        (kind, _) => kind,
    };
    phrase(sentence, &filling)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::web::words::ALL;

    #[test]
    fn every_kind_of_change_is_said_without_gaps() {
        let headline = |title: &str| Headline {
            title: title.to_owned(),
            lang: "en".to_owned(),
        };
        let articles = BTreeMap::from([("a1".to_owned(), headline("An article"))]);
        let stories = BTreeMap::from([("s2".to_owned(), headline("Another story"))]);
        for words in ALL {
            for (kind, detail) in [
                ("story_created", serde_json::json!({})),
                ("article_joined", serde_json::json!({})),
                ("article_joined", serde_json::json!({"from": "s2"})),
                ("article_left", serde_json::json!({"to": "s2"})),
                ("article_revised", serde_json::json!({"revision": 2})),
                ("merged", serde_json::json!({"into": "s2"})),
                ("split", serde_json::json!({"into": "s2"})),
                ("renamed", serde_json::json!({"title": "New"})),
                ("state_changed", serde_json::json!({"state": "closed"})),
                (
                    "corrected",
                    serde_json::json!({"correction": 7, "kind": "never-together", "reason": "two floods"}),
                ),
                (
                    "corrected",
                    serde_json::json!({"correction": 7, "kind": "merge", "undone": true}),
                ),
            ] {
                let change = ChangeView {
                    number: 1,
                    at: String::new(),
                    kind: kind.to_owned(),
                    story_id: "s1".to_owned(),
                    article_id: kind.starts_with("article").then(|| "a1".to_owned()),
                    detail,
                };
                let parts = said(words, &change, &articles, &StoryNames(stories.clone()));
                let text: String = parts
                    .iter()
                    .map(|part| match part {
                        Part::Text(text) | Part::Quoted(text) => text.as_str(),
                        Part::Link(link) => link.title.as_str(),
                    })
                    .collect();
                assert!(!text.contains(['{', '_']), "{}: {kind}: {text}", words.code);
                assert_eq!(text.contains("An article"), kind.starts_with("article"), "{text}");
            }
        }
    }
}
