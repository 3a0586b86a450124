//! What an editor should look at, as a list with links and with what can be decided: each decision is a correction.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::desk::{Asks, Notice, may_edit, seen};
use super::frame::{Frame, Sorry, parameter, with};
use super::names::StoryNames;
use super::phrase::{Link, Part};
use super::words::Words;
use super::{PER_PAGE, some};
use crate::store::read::{Evidence, ReviewItem};
use crate::store::{Store, StoreError};

/// Headlines that are shown of a story or a part of one.
const SHOWN: usize = 3;

/// An item as it is shown.
struct Row {
    question: &'static str,
    doubt: String,
    article: Option<Shown>,
    story: Link,
    other: Option<Link>,
    cut: Option<String>,
    /// Some of what it is about: a name, and headlines with their publication.
    evidence: Vec<(String, Vec<Shown>)>,
    /// What can be decided, for who may.
    decisions: Vec<Decision>,
    /// The keys decide this one when the page comes up.
    here: bool,
}

/// An article that an item is judged by.
struct Shown {
    link: Link,
    /// When it was published, in words.
    published: String,
}

impl Shown {
    fn new(words: &Words, one: &Evidence) -> Self {
        Self {
            link: Link::article(&one.id, &one.title, &one.lang),
            published: words.dated(one.published.as_ref()),
        }
    }
}

/// A button that makes a correction.
struct Decision {
    /// The key that presses it.
    key: &'static str,
    said: &'static str,
    fields: Vec<(&'static str, String)>,
}

impl Decision {
    /// That it is right as it is, and what is proposed instead.
    fn both(words: &'static Words, item: &ReviewItem, seen: &[String]) -> Vec<Self> {
        let desk = words.desk;
        let story = ("story", item.story.id.clone());
        let article = |id: &String| ("article", id.clone());
        let to = |id: &str| ("to", id.to_owned());
        let kind = |kind: &str| ("kind", kind.to_owned());
        let (right, wrong) = match (&item.article, &item.other, &item.cut) {
            (Some(one), other, _) => {
                let target = other.as_ref().map_or("new", |other| other.id.as_str());
                let said = if other.is_some() {
                    desk.wrong_move
                } else {
                    desk.wrong_alone
                };
                (
                    (desk.right_placement, vec![kind("pin"), article(&one.id)]),
                    (said, vec![kind("move"), article(&one.id), story, to(target)]),
                )
            }
            (None, _, Some([part, rest])) => {
                let ends = part.first().into_iter().chain(rest.first()).map(article);
                let split = [kind("split"), story].into_iter().chain(part.iter().map(article));
                (
                    (
                        desk.right_story,
                        [kind("always-together")].into_iter().chain(ends).collect(),
                    ),
                    (desk.wrong_split, split.collect()),
                )
            }
            (None, Some(other), None) => (
                (desk.right_merge, vec![kind("never-one"), story.clone(), to(&other.id)]),
                (desk.wrong_merge, vec![kind("merge"), story, to(&other.id)]),
            ),
            (None, None, None) => return Vec::new(),
        };
        [("y", right), ("x", wrong)]
            .into_iter()
            .map(|(key, (said, mut fields))| {
                fields.extend(seen.iter().map(|one| ("seen", one.clone())));
                Self { key, said, fields }
            })
            .collect()
    }
}

impl Row {
    /// An item with what an editor needs to decide it.
    fn new(
        store: &Store,
        words: &'static Words,
        names: &StoryNames,
        item: &ReviewItem,
        may_edit: bool,
    ) -> Result<Self, StoreError> {
        let mut decisions = Vec::new();
        if may_edit {
            let mut then = Vec::new();
            for story in [Some(&item.story), item.other.as_ref()].into_iter().flatten() {
                let version = store.story_version(&story.id)?;
                then.extend(version.map(|version| seen(&story.id, version.version)));
            }
            decisions = Decision::both(words, item, &then);
        }
        let own = item.article.as_ref().map(|one| vec![one.id.clone()]);
        let own = store.first_published(&own.unwrap_or_default(), 1)?;
        Ok(Self {
            question: words
                .review_kinds
                .iter()
                .find(|(kind, _)| *kind == item.kind)
                .map_or("", |(_, question)| question),
            doubt: words.review_doubt.replace("{n}", &words.percent(item.doubt)),
            article: own.first().map(|one| Shown::new(words, one)),
            story: names.link(&item.story.id),
            other: item.other.as_ref().map(|one| names.link(&one.id)),
            evidence: evidence(store, words, item)?,
            decisions,
            here: false,
            cut: item.cut.as_ref().map(|[part, rest]| {
                words
                    .review_cut
                    .replace("{part}", &words.articles(part.len() as u64))
                    .replace("{rest}", &words.articles(rest.len() as u64))
            }),
        })
    }
}

#[derive(Template)]
#[template(path = "review.html")]
struct ReviewPage {
    frame: Frame,
    w: &'static Words,
    rows: Vec<Row>,
    kind: String,
    next: Option<String>,
    notice: Option<Notice>,
}

/// Some of what an item is about, in the order of publication: the last articles of its stories, or the first ones of the
/// parts of its cut.
fn evidence(store: &Store, words: &'static Words, item: &ReviewItem) -> Result<Vec<(String, Vec<Shown>)>, StoreError> {
    let desk = words.desk;
    let shown = |found: Vec<Evidence>| found.iter().map(|one| Shown::new(words, one)).collect();
    if let Some([part, rest]) = &item.cut {
        let first = |ids: &[String]| Ok::<_, StoreError>(shown(store.first_published(ids, SHOWN)?));
        return Ok(vec![
            (desk.first_part.to_owned(), first(part)?),
            (desk.second_part.to_owned(), first(rest)?),
        ]);
    }
    let own = item.article.as_ref().map(|article| article.id.as_str());
    let mut found = Vec::new();
    for story in [Some(&item.story), item.other.as_ref()].into_iter().flatten() {
        let mut last = store.last_published(&story.id, SHOWN + 1)?;
        last.retain(|one| Some(one.id.as_str()) != own);
        last.truncate(SHOWN);
        if !last.is_empty() {
            found.push((format!("{} {}", desk.some_of_it, story.id), shown(last)));
        }
    }
    Ok(found)
}

/// `GET /review`
pub async fn list(store: web::Data<Arc<Store>>, request: HttpRequest) -> Result<HttpResponse, Sorry> {
    let mut frame = Frame::of(&request);
    let words = frame.words;
    let (kind, cursor) = (parameter(&request, "kind"), some(&parameter(&request, "cursor")));
    let known = words
        .review_kinds
        .iter()
        .find(|(one, _)| *one == kind)
        .map(|(one, _)| *one);
    let (store, asks, may_edit) = (Arc::clone(&store), Asks::of(&request), may_edit(&request));
    let (mut rows, next, notice, demonstration) = frame
        .read(move || {
            let page = store.review(known, cursor.as_deref(), PER_PAGE)?;
            let stories = page
                .items
                .iter()
                .flat_map(|item| [Some(&item.story), item.other.as_ref()]);
            let names = StoryNames::of(&store, words, stories.flatten().map(|one| one.id.as_str()))?;
            let rows = page
                .items
                .iter()
                .map(|item| Row::new(&store, words, &names, item, may_edit));
            Ok((
                rows.collect::<Result<Vec<Row>, StoreError>>()?,
                page.next_cursor,
                asks.notice(&store, words, "review".to_owned())?,
                store.is_demonstration()?,
            ))
        })
        .await?;
    frame.demonstration = demonstration;
    // The decided row is gone, so that the next one stands in its place; behind the last one the last one is meant.
    let asked: usize = parameter(&request, "row").parse().unwrap_or(1);
    let last = rows.len();
    if let Some(row) = rows.get_mut(asked.clamp(1, last.max(1)) - 1).filter(|_| may_edit) {
        row.here = true;
    }
    let template = ReviewPage {
        frame: frame.clone(),
        w: words,
        rows,
        kind,
        notice,
        next: next.as_deref().map(|cursor| with(&request, "cursor", cursor)),
    };
    Ok(frame.page(StatusCode::OK, &template))
}
