//! A form of corrections, and what it asks for.

use std::collections::BTreeSet;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::web;

use crate::correction::{Correction, Signature};
use crate::pipeline::SeenStory;
use crate::publish::App;
use crate::publish::web::frame::{Frame, Sorry};
use crate::publish::web::phrase::Link;
use crate::store::Store;
use crate::store::read::{ReadError, StoryQuery};

/// Bytes of a form, at most: a split of a large story names every article.
const FORM: usize = 262_144;
/// Stories that are found for words, at most.
const FOUND: usize = 12;
/// What is asked for anew on the page that looks at a correction, and not carried along.
pub const ENTRIES: [&str; 9] = [
    "author",
    "reason",
    "step",
    "seen",
    "title",
    "lang",
    "text",
    "to_text",
    "other_text",
];

/// The fields of a form, in their order.
#[derive(Debug, Clone)]
pub struct Form(Vec<(String, String)>);

/// What a form asks for.
pub enum Wanted {
    /// A correction.
    Correction(Correction),
    /// A story was named by words: those that fit.
    Choose {
        /// The words.
        q: String,
        /// The stories' ids.
        found: Vec<String>,
    },
    /// Something is missing.
    Incomplete(Lack),
}

/// What a form lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lack {
    /// Articles are to be ticked.
    Articles,
    /// A story is to be chosen.
    Story,
    /// It is no form of ours.
    Form,
}

/// The story that something goes to, or is to be one with.
enum Aim {
    Story(String),
    New,
    Words(String),
    Missing,
}

impl Form {
    /// Reads it, in bounded time and size.
    pub async fn read(app: &App, frame: &Frame, payload: web::Payload) -> Result<Self, Sorry> {
        let unreadable = |text: String| frame.sorry(StatusCode::BAD_REQUEST, frame.words.bad_page, text);
        let seconds = Duration::from_secs(app.settings.publish.body_seconds);
        match tokio::time::timeout(seconds, payload.to_bytes_limited(FORM)).await {
            Ok(Ok(Ok(body))) => Ok(Self::of(&body)),
            Ok(Ok(Err(error))) => Err(unreadable(error.to_string())),
            Ok(Err(_)) => Err(unreadable(format!("> {FORM} B"))),
            Err(_) => Err(unreadable(format!("> {} s", seconds.as_secs()))),
        }
    }

    fn of(body: &[u8]) -> Self {
        let fields = url::form_urlencoded::parse(body);
        Self(
            fields
                .map(|(name, value)| (name.into_owned(), value.trim().to_owned()))
                .filter(|(_, value)| !value.is_empty())
                .collect(),
        )
    }

    /// A field; an empty one counts as absent.
    pub fn one(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(one, _)| one == name);
        found.map(|(_, value)| value.as_str())
    }

    /// A field that may be given several times.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = self.0.iter().filter(move |(one, _)| one == name);
        named.map(|(_, value)| value.as_str())
    }

    /// What is carried along to the next step as it is.
    pub fn carried(&self, leave_out: &[&str]) -> Vec<(String, String)> {
        let fields = self.0.iter();
        fields
            .filter(|(name, _)| !ENTRIES.contains(&name.as_str()) && !leave_out.contains(&name.as_str()))
            .cloned()
            .collect()
    }

    /// Its kind, as the form names it.
    pub fn kind(&self) -> &str {
        self.one("kind").unwrap_or_default()
    }

    /// Who signs, and why; `token` is stronger than what is written.
    pub fn signature(&self, token: Option<String>, remembered: Option<String>) -> Signature {
        let own = |name: &str| self.one(name).map(str::to_owned);
        Signature {
            author: token.or_else(|| own("author")).or(remembered),
            reason: own("reason"),
        }
    }

    /// The stories as they were seen, for a correction of a kind.
    pub fn seen(&self, kind: &str) -> Vec<SeenStory> {
        // What is decided about a whole story depends on what is in it; what is decided about some articles does not.
        let begins = kind == "move" && self.one("to_text").is_none() && self.one("to") == Some("new");
        let may_grow = !begins && !matches!(kind, "merge" | "split" | "never-one");
        self.all("seen")
            .filter_map(|one| {
                let (story, version) = one.rsplit_once('.')?;
                Some(SeenStory {
                    story_id: story.to_owned(),
                    version: version.parse().ok()?,
                    may_grow,
                })
            })
            .collect()
    }

    /// What it asks for.
    pub fn wanted(&self, store: &Store) -> Result<Wanted, ReadError> {
        let own = |name: &str| self.one(name).map(str::to_owned);
        let story = own("story");
        let mut articles: Vec<String> = Vec::new();
        // One that was ticked on another page may have come to this one since.
        let mut named = BTreeSet::new();
        articles.extend(self.all("article").filter(|id| named.insert(*id)).map(str::to_owned));
        // Said at once: what else the form names is of no use without.
        let kind = self.kind();
        if articles.is_empty() && matches!(kind, "split" | "move" | "pin" | "never-together" | "always-together") {
            return Ok(Wanted::Incomplete(Lack::Articles));
        }
        let found = match (kind, story) {
            ("split", Some(story_id)) => Correction::Split {
                story_id,
                articles,
                title: own("title"),
                lang: own("title").and_then(|_| own("lang")),
            },
            ("move", story) => match (self.aim(store)?, story) {
                (Aim::Story(story_id), _) => Correction::Move { articles, story_id },
                (Aim::New, Some(story_id)) => Correction::Split {
                    story_id,
                    articles,
                    title: None,
                    lang: None,
                },
                (Aim::Words(q), _) => return self.choose(store, q),
                (Aim::Missing, _) => return Ok(Wanted::Incomplete(Lack::Story)),
                (Aim::New, None) => return Ok(Wanted::Incomplete(Lack::Form)),
            },
            ("pin", _) => Correction::Pin { articles },
            (kind @ ("never-together" | "always-together"), _) => {
                match (self.one("other_text"), self.one("other")) {
                    // An id may look like an address.
                    (Some(text), _) if store.article(text)?.is_none() => articles.push(last_segment(text)),
                    (Some(id), _) | (None, Some(id)) => articles.push(id.to_owned()),
                    (None, None) => {}
                }
                match kind {
                    "always-together" => Correction::AlwaysTogether { articles },
                    _ => Correction::NeverTogether {
                        articles,
                        stories: Vec::new(),
                    },
                }
            }
            (kind @ ("merge" | "never-one"), Some(story)) => match self.aim(store)? {
                Aim::Story(other) if kind == "merge" => Correction::Merge {
                    stories: vec![story, other],
                    into: None,
                },
                Aim::Story(other) => Correction::NeverTogether {
                    articles: Vec::new(),
                    stories: vec![story, other],
                },
                Aim::Words(q) => return self.choose(store, q),
                Aim::New | Aim::Missing => return Ok(Wanted::Incomplete(Lack::Story)),
            },
            ("rename", Some(story_id)) => Correction::Rename {
                story_id,
                title: own("title").unwrap_or_default(),
                lang: own("lang"),
            },
            ("note", Some(story_id)) => Correction::Note {
                story_id,
                text: own("text").unwrap_or_default(),
            },
            _ => return Ok(Wanted::Incomplete(Lack::Form)),
        };
        Ok(Wanted::Correction(found))
    }

    /// What is written is meant, else what is chosen.
    fn aim(&self, store: &Store) -> Result<Aim, ReadError> {
        if let Some(text) = self.one("to_text") {
            let id = last_segment(text);
            return Ok(match store.story_version(&id)? {
                Some(_) => Aim::Story(id),
                None => Aim::Words(text.to_owned()),
            });
        }
        Ok(match self.one("to") {
            Some("new") => Aim::New,
            Some(id) => Aim::Story(id.to_owned()),
            None => Aim::Missing,
        })
    }

    fn choose(&self, store: &Store, q: String) -> Result<Wanted, ReadError> {
        let query = StoryQuery {
            q: Some(q.clone()),
            sort_by: crate::store::read::SortBy::Relevance,
            ..StoryQuery::default()
        };
        let own = self.one("story");
        let found = store.stories(&query, None, FOUND)?.items.into_iter();
        let found = found.map(|story| story.id).filter(|id| Some(id.as_str()) != own);
        Ok(Wanted::Choose {
            q,
            found: found.collect(),
        })
    }

    /// Where to go on: `done` is the correction that was made. A story that ended is followed to where it goes on.
    pub fn way_back(&self, store: &Store, done: Option<u64>) -> Result<String, ReadError> {
        let mut parameters = url::form_urlencoded::Serializer::new(String::new());
        if let Some(number) = done {
            parameters.append_pair("done", &number.to_string());
        }
        let back = self.one("back").unwrap_or("corrections");
        let (kind, id) = back.split_once('/').unwrap_or((back, ""));
        let (path, mut fragment) = match kind {
            "story" => {
                let successor = store.story_version(id)?.and_then(|version| version.merged_into);
                (
                    Link::story(successor.as_deref().unwrap_or(id), "", "").address,
                    String::new(),
                )
            }
            "article" => (Link::article(id, "", "").address, String::new()),
            "review" => {
                if let Some(kind) = self.one("list") {
                    parameters.append_pair("kind", kind);
                }
                if let Some(row) = self.one("row") {
                    parameters.append_pair("row", row);
                }
                ("/review".to_owned(), self.one("next").unwrap_or_default().to_owned())
            }
            _ => ("/corrections".to_owned(), String::new()),
        };
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        fragment = match fragment.as_str() {
            "" => fragment,
            row if digits(row) => format!("#row-{row}"),
            _ => String::new(),
        };
        let query = parameters.finish();
        let mark = if query.is_empty() { "" } else { "?" };
        Ok(format!("{path}{mark}{query}{fragment}"))
    }
}

/// An id, or the last part of an address of ours.
fn last_segment(text: &str) -> String {
    let path = text.split(['?', '#']).next().unwrap_or(text);
    match path.rsplit_once('/') {
        Some((_, last)) => {
            let pair = format!("id={}", last.replace('+', "%2B"));
            let decoded = url::form_urlencoded::parse(pair.as_bytes()).next();
            decoded.map_or_else(|| last.to_owned(), |(_, id)| id.into_owned())
        }
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_ours_stands_for_its_id() {
        for (given, id) in [
            ("s12", "s12"),
            ("http://127.0.0.1:8080/stories/s12?ui=ar#x", "s12"),
            ("/articles/a%2Fb%20c", "a/b c"),
            ("two words", "two words"),
        ] {
            assert_eq!(last_segment(given), id);
        }
    }

    #[test]
    fn what_is_entered_is_not_carried_twice() {
        let form = Form::of(b"kind=rename&story=s1&title=New&lang=&seen=s1.7&author=Lena&back=story%2Fs1");
        let carried = form.carried(&[]);
        let names: Vec<&str> = carried.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["kind", "story", "back"]);
        let seen = form.seen(form.kind());
        assert_eq!(
            (seen[0].story_id.as_str(), seen[0].version, seen[0].may_grow),
            ("s1", 7, true)
        );
        assert!(!Form::of(b"seen=s1.7").seen("merge")[0].may_grow);
    }
}
