//! The editor's desk: the forms of corrections, what they would come to, notices with undo and redo, and the list.
//!
//! Every form is plain HTML and comes to `POST /corrections`: first to be looked at, then to be done, which answers with a
//! redirect and a notice. Decides nothing: the pipeline does. Who may send a form is decided by [`crate::publish::access`].

mod act;
mod form;
mod list;
mod said;

use actix_web::HttpRequest;
use serde_json::Value;

use super::frame::parameter;
use super::names::StoryNames;
use super::phrase::{Link, Part};
use super::words::Words;
use crate::publish::access::tokens::Role;
use crate::publish::access::{Caller, cookie};
use crate::store::read::{ArticleView, ChangeView, CorrectionView, StoryView, Titled};
use crate::store::{Store, StoreError};

pub use act::{correct, undo_or_redo};
pub use list::list;
pub use said::Names;

/// Stories and articles that a panel offers to choose from.
const OFFERED: usize = 6;
/// The cookie that holds the editor's name, percent-encoded.
const EDITOR: &str = "editor";

/// Whether who asks may correct: everybody where no tokens are asked for.
pub fn may_edit(request: &HttpRequest) -> bool {
    let token = Caller::of(request).and_then(|caller| caller.token);
    token.is_none_or(|(_, role)| role.may(Role::Edit))
}

/// The name of who asks: the token's, else the one that this browser remembers; and whether it is the token's.
pub fn editor(request: &HttpRequest) -> (Option<String>, bool) {
    if let Some(name) = Caller::of(request).and_then(|caller| caller.name().map(str::to_owned)) {
        return (Some(name), true);
    }
    let kept = cookie(request, EDITOR).map(|kept| format!("{EDITOR}={kept}"));
    let name = kept.and_then(|pair| {
        let (_, name) = url::form_urlencoded::parse(pair.as_bytes()).next()?;
        Some(name.trim().to_owned()).filter(|name| !name.is_empty())
    });
    (name, false)
}

/// Something to choose.
pub struct Choice {
    pub id: String,
    pub link: Link,
}

impl Choice {
    /// Stories, by the names that the reader knows them by.
    fn stories(store: &Store, words: &Words, ids: &[String]) -> Result<Vec<Self>, StoreError> {
        let names = StoryNames::of(store, words, ids.iter().map(String::as_str))?;
        let known = ids.iter().filter(|id| names.knows(id));
        let choices = known.map(|id| Self {
            id: id.clone(),
            link: names.link(id),
        });
        Ok(choices.collect())
    }

    /// Articles, in the order of their ids; an unknown id is left out.
    pub fn articles<'a>(store: &Store, ids: impl IntoIterator<Item = &'a str>) -> Result<Vec<Self>, StoreError> {
        let found = store.article_headlines(ids)?.into_iter();
        let choices = found.map(|(id, one)| Self {
            link: Link::article(&id, &one.title, &one.lang),
            id,
        });
        Ok(choices.collect())
    }

    fn article(one: Titled) -> Self {
        Self {
            link: Link::article(&one.id, &one.title, &one.lang),
            id: one.id,
        }
    }
}

/// What a page says of corrections: the panel, for who may correct, and what was just done.
#[derive(Default)]
pub struct Desk {
    pub panel: Option<Panel>,
    pub notice: Option<Notice>,
}

/// The forms of a story or an article.
pub struct Panel {
    /// The story as it was seen: its id and its version.
    pub seen: String,
    /// Where to go when it is done.
    pub back: String,
    /// Stories to choose from.
    pub stories: Vec<Choice>,
    /// Articles to choose from.
    pub articles: Vec<Choice>,
    /// Languages of a title.
    pub languages: Vec<(&'static str, &'static str)>,
}

impl Desk {
    /// For the page of a story.
    pub fn of_story(store: &Store, words: &'static Words, asks: &Asks, story: &StoryView) -> Result<Self, StoreError> {
        let back = format!("story/{}", story.id);
        let panel = match asks.may_edit {
            true => Some(Panel {
                seen: seen(&story.id, story.version),
                stories: Choice::stories(store, words, &store.near_stories(&story.id, OFFERED)?)?,
                articles: Vec::new(),
                languages: words.languages.to_vec(),
                back: back.clone(),
            }),
            false => None,
        };
        Ok(Self {
            notice: asks.notice(store, words, back)?,
            panel,
        })
    }

    /// For the page of an article; `placement` names what it was close to, of which what is as likely as `least` is offered.
    pub fn of_article(
        store: &Store,
        words: &'static Words,
        asks: &Asks,
        article: &ArticleView,
        placement: Option<&Value>,
        least: f64,
    ) -> Result<Self, StoreError> {
        let back = format!("article/{}", article.id);
        let panel = match (&article.story_id, asks.may_edit) {
            (Some(story), true) => {
                let (stories, articles) = close_to(store, words, story, placement, least)?;
                let version = store.story_version(story)?.map_or(0, |version| version.version);
                Some(Panel {
                    seen: seen(story, version),
                    back: back.clone(),
                    stories,
                    articles,
                    languages: Vec::new(),
                })
            }
            _ => None,
        };
        Ok(Self {
            notice: asks.notice(store, words, back)?,
            panel,
        })
    }
}

/// The other stories, and the articles, that a placement names: those that the article was linked to, and those that are as
/// likely as `least` to tell of the same.
fn close_to(
    store: &Store,
    words: &Words,
    own: &str,
    placement: Option<&Value>,
    least: f64,
) -> Result<(Vec<Choice>, Vec<Choice>), StoreError> {
    let of = |field: &str| placement.and_then(|placement| placement.get(field));
    let text = |value: &Value, field: &str| value.get(field).and_then(Value::as_str).map(str::to_owned);
    let neighbours = ["nearest", "rejected"].map(of).into_iter().flatten();
    let is_likely = |one: &&Value| one.get("probability").and_then(Value::as_f64).unwrap_or_default() >= least;
    let neighbours = neighbours.filter_map(Value::as_array).flatten().filter(is_likely);
    let neighbours: Vec<&Value> = neighbours.collect();
    let rivals = ["runner_up", "second_look"].map(of).into_iter().flatten();
    let mut stories: Vec<String> = Vec::new();
    for story in rivals
        .chain(neighbours.iter().copied())
        .filter_map(|one| text(one, "story_id"))
    {
        if story != own && !stories.contains(&story) {
            stories.push(story);
        }
    }
    stories.truncate(OFFERED);
    let stories = Choice::stories(store, words, &stories)?;
    let articles = neighbours.iter().filter_map(|one| {
        Some(Choice::article(Titled {
            id: text(one, "article_id")?,
            title: text(one, "title")?,
            lang: text(one, "lang").unwrap_or_default(),
        }))
    });
    Ok((stories, articles.take(OFFERED).collect()))
}

/// A story as it was seen, as forms carry it.
pub fn seen(story: &str, version: u64) -> String {
    format!("{story}.{version}")
}

/// What a request asks of the desk beside its own page.
#[derive(Debug, Clone)]
pub struct Asks {
    pub may_edit: bool,
    /// The correction that was just made, undone or redone.
    done: Option<u64>,
    /// The row of the review list that it was about.
    row: String,
    /// The kind that the review list is asked for.
    list: String,
}

impl Asks {
    pub fn of(request: &HttpRequest) -> Self {
        Self {
            may_edit: may_edit(request),
            done: parameter(request, "done").parse().ok(),
            row: parameter(request, "row"),
            list: parameter(request, "kind"),
        }
    }

    /// What was just done, as it stands now.
    pub fn notice(&self, store: &Store, words: &'static Words, back: String) -> Result<Option<Notice>, StoreError> {
        let Some(view) = self.done.map(|number| store.correction(number)).transpose()?.flatten() else {
            return Ok(None);
        };
        let names = Names::of(store, words, [&view])?;
        Ok(Some(Notice {
            said: said::standing(words, &names, &view),
            act: match self.may_edit {
                true => Act::of(store, &view)?,
                false => None,
            },
            back,
            row: self.row.clone(),
            list: self.list.clone(),
        }))
    }
}

/// What was just done, with the way back.
pub struct Notice {
    pub said: Vec<Part>,
    pub act: Option<Act>,
    pub back: String,
    pub row: String,
    /// The kind that the review list was asked for.
    pub list: String,
}

/// What can be done about a correction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Act {
    pub number: u64,
    /// It stands and can be undone; otherwise it is undone and can be made again.
    pub stands: bool,
}

impl Act {
    fn of(store: &Store, view: &CorrectionView) -> Result<Option<Self>, StoreError> {
        let Some(number) = view.number else { return Ok(None) };
        let stands = view.undone_at.is_none();
        if !stands && store.made_again(number)?.is_some() {
            return Ok(None);
        }
        Ok(Some(Self { number, stands }))
    }

    /// Of the entry of a history: where it tells of how the correction stands now.
    pub fn of_change(store: &Store, change: &ChangeView) -> Result<Option<Self>, StoreError> {
        let number = change.detail.get("correction").and_then(Value::as_u64);
        let Some(number) = number.filter(|_| change.kind == "corrected") else {
            return Ok(None);
        };
        let undone = change.detail.get("undone").and_then(Value::as_bool).unwrap_or_default();
        let Some(view) = store.correction(number)? else {
            return Ok(None);
        };
        Ok(Self::of(store, &view)?.filter(|act| act.stands != undone))
    }

    pub fn name(&self) -> &'static str {
        if self.stands { "undo" } else { "redo" }
    }

    pub fn said(&self, words: &Words) -> &'static str {
        if self.stands { words.desk.undo } else { words.desk.redo }
    }

    /// The address that its form is sent to.
    pub fn address(&self) -> String {
        format!("/corrections/{}/{}", self.number, self.name())
    }
}
