//! A correction: an editor's decision about stories, as it is asked for. Stronger than the algorithm for ever after, and
//! undoable. What it comes to is worked out by [`crate::pipeline::correct`] and kept by the store.

use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

/// Articles that one never- or always-together may name, at most.
pub const MOST_TOGETHER: usize = 100;
/// Articles and stories that any correction may name, at most.
pub const MOST_NAMED: usize = 1_000;
/// Characters of a title, a note, a reason or an author, at most.
pub const MOST_CHARACTERS: usize = 1_000;

/// What is decided. Articles and stories are named by their ids; a near-duplicate stands for the article whose text it
/// repeats, and goes where that goes; a merged story stands for the one that it goes on in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Correction {
    /// Several stories are one. Their articles stay in it.
    Merge {
        /// The stories, two or more.
        #[serde(alias = "story_ids")]
        stories: Vec<String>,
        /// The one of them that goes on; without it one that an editor shaped, else the largest, else the oldest.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        into: Option<String>,
    },
    /// A story is two: the selected articles, and the others. Each stays in its part; the larger part keeps the id.
    Split {
        /// The story.
        #[serde(alias = "story")]
        story_id: String,
        /// The selected articles: some of it, not all.
        #[serde(alias = "article_ids", deserialize_with = "one_or_many")]
        articles: Vec<String>,
        /// A title for the part that was selected.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        title: Option<String>,
        /// The title's language; without it, guessed from the title and the story's languages.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lang: Option<String>,
    },
    /// Articles belong to another story, and stay there.
    Move {
        /// The articles.
        #[serde(
            alias = "article",
            alias = "article_id",
            alias = "article_ids",
            deserialize_with = "one_or_many"
        )]
        articles: Vec<String>,
        /// The story that they belong to.
        #[serde(alias = "story")]
        story_id: String,
    },
    /// Articles stay in the story that they are in.
    Pin {
        /// The articles.
        #[serde(
            alias = "article",
            alias = "article_id",
            alias = "article_ids",
            deserialize_with = "one_or_many"
        )]
        articles: Vec<String>,
    },
    /// A story has this title, whatever its articles' headlines are.
    Rename {
        /// The story.
        #[serde(alias = "story")]
        story_id: String,
        /// The title.
        title: String,
        /// Its language, such as `ar` or `sr-Latn`; without it, guessed from the title and the story's languages.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lang: Option<String>,
    },
    /// No two of these articles, or no two of these stories, are ever the same story.
    #[serde(alias = "never_together")]
    NeverTogether {
        /// Two articles or more; or give stories.
        #[serde(alias = "article_ids", default, skip_serializing_if = "Vec::is_empty")]
        articles: Vec<String>,
        /// Two stories or more, whose articles then stay where they are.
        #[serde(alias = "story_ids", default, skip_serializing_if = "Vec::is_empty")]
        stories: Vec<String>,
    },
    /// These articles are always in one story.
    #[serde(alias = "always_together")]
    AlwaysTogether {
        /// Two articles or more.
        #[serde(alias = "article_ids")]
        articles: Vec<String>,
    },
    /// A remark in a story's history; it decides nothing.
    Note {
        /// The story.
        #[serde(alias = "story")]
        story_id: String,
        /// The remark.
        text: String,
    },
}

impl Correction {
    /// How many articles and stories it names, and in which field the most of them.
    pub fn named(&self) -> (usize, &'static str) {
        match self {
            Self::Merge { stories, .. } => (stories.len(), "stories"),
            Self::NeverTogether { articles, stories } if stories.len() > articles.len() => {
                (articles.len() + stories.len(), "stories")
            }
            Self::NeverTogether { articles, stories } => (articles.len() + stories.len(), "articles"),
            Self::Split { articles, .. }
            | Self::Move { articles, .. }
            | Self::Pin { articles }
            | Self::AlwaysTogether { articles } => (articles.len(), "articles"),
            Self::Rename { .. } | Self::Note { .. } => (1, "story_id"),
        }
    }

    /// Its kind, as in JSON.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Merge { .. } => "merge",
            Self::Split { .. } => "split",
            Self::Move { .. } => "move",
            Self::Pin { .. } => "pin",
            Self::Rename { .. } => "rename",
            Self::NeverTogether { .. } => "never-together",
            Self::AlwaysTogether { .. } => "always-together",
            Self::Note { .. } => "note",
        }
    }
}

/// Who decided, and why.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Signature {
    /// The editor.
    #[serde(default)]
    pub author: Option<String>,
    /// The reason.
    #[serde(default)]
    pub reason: Option<String>,
}

/// One id, or a list of them.
fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected an id or a list of ids")]
    enum Ids {
        One(String),
        Many(Vec<String>),
    }
    Ok(match Ids::deserialize(deserializer)? {
        Ids::One(id) => vec![id],
        Ids::Many(ids) => ids,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_written_as_they_are_read() {
        for text in [
            r#"{"kind":"merge","stories":["s1","s2"]}"#,
            r#"{"kind":"split","story_id":"s1","articles":["a"]}"#,
            r#"{"kind":"split","story_id":"s1","articles":["a"],"title":"Floods","lang":"en"}"#,
            r#"{"kind":"move","articles":["a"],"story_id":"s2"}"#,
            r#"{"kind":"pin","articles":["a"]}"#,
            r#"{"kind":"rename","story_id":"s1","title":"هدنة"}"#,
            r#"{"kind":"rename","story_id":"s1","title":"Doha","lang":"fr"}"#,
            r#"{"kind":"never-together","articles":["a","b"]}"#,
            r#"{"kind":"always-together","articles":["a","b"]}"#,
            r#"{"kind":"note","story_id":"s1","text":"see also"}"#,
        ] {
            let read: Correction = serde_json::from_str(text).expect("read");
            assert_eq!(serde_json::to_string(&read).expect("written"), text);
            assert!(text.contains(&format!("{:?}", read.kind())));
        }
        let one: Correction = serde_json::from_str(r#"{"kind":"move","article":"a","story":"s2"}"#).expect("read");
        assert_eq!(serde_json::to_value(&one).expect("written")["articles"][0], "a");
        let wrong = serde_json::from_str::<Correction>(r#"{"kind":"move","articles":["a"],"story_id":"s","x":1}"#);
        assert!(wrong.is_err_and(|error| error.to_string().contains('x')));
    }
}
