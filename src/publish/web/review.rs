//! What an editor should look at, as a list with links and with what can be decided: each decision is a correction.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::desk::{Asks, Notice, may_edit, seen};
use super::frame::{Frame, Sorry, parameter, with};
use super::phrase::{Link, Part};
use super::words::Words;
use super::{PER_PAGE, some};
use crate::store::read::{Headline, ReviewItem, Titled};
use crate::store::{Store, StoreError};

/// Headlines that are shown of a story or a part of one.
const SHOWN: usize = 3;

/// An item as it is shown.
struct Row {
    question: &'static str,
    doubt: String,
    article: Option<Link>,
    story: Link,
    other: Option<Link>,
    cut: Option<String>,
    /// Some of what it is about: a name and headlines.
    evidence: Vec<(String, Vec<Link>)>,
    /// What can be decided, for who may.
    decisions: Vec<Decision>,
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
    fn new(
        words: &'static Words,
        item: &ReviewItem,
        evidence: Vec<(String, Vec<Link>)>,
        decisions: Vec<Decision>,
    ) -> Self {
        let story = |one: &Titled| Link::story(&one.id, &one.title, &one.lang);
        Self {
            question: words
                .review_kinds
                .iter()
                .find(|(kind, _)| *kind == item.kind)
                .map_or("", |(_, question)| question),
            doubt: words.review_doubt.replace("{n}", &words.percent(item.doubt)),
            article: item
                .article
                .as_ref()
                .map(|one| Link::article(&one.id, &one.title, &one.lang)),
            story: story(&item.story),
            other: item.other.as_ref().map(story),
            evidence,
            decisions,
            cut: item.cut.as_ref().map(|[part, rest]| {
                words
                    .review_cut
                    .replace("{part}", &words.articles(part.len() as u64))
                    .replace("{rest}", &words.articles(rest.len() as u64))
            }),
        }
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

/// Some of what an item is about: newest articles of its stories, or first ones of the parts of its cut.
fn evidence(store: &Store, words: &'static Words, item: &ReviewItem) -> Result<Vec<(String, Vec<Link>)>, StoreError> {
    let link = |one: &Titled| Link::article(&one.id, &one.title, &one.lang);
    if let Some(parts) = &item.cut {
        let names = store.article_headlines(
            parts
                .iter()
                .flat_map(|part| part.iter().take(SHOWN))
                .map(String::as_str),
        )?;
        let named = |part: &[String]| {
            let found = part.iter().take(SHOWN).filter_map(|id| Some((id, names.get(id)?)));
            found
                .map(|(id, Headline { title, lang, .. })| Link::article(id, title, lang))
                .collect()
        };
        let [part, rest] = parts;
        let desk = words.desk;
        return Ok(vec![
            (desk.first_part.to_owned(), named(part)),
            (desk.second_part.to_owned(), named(rest)),
        ]);
    }
    let own = item.article.as_ref().map(|article| article.id.as_str());
    let mut found = Vec::new();
    for story in [Some(&item.story), item.other.as_ref()].into_iter().flatten() {
        let newest = store.newest_articles(&story.id, SHOWN + 1)?;
        let others = newest.iter().filter(|one| Some(one.id.as_str()) != own);
        let links: Vec<Link> = others.take(SHOWN).map(link).collect();
        if !links.is_empty() {
            found.push((format!("{} {}", words.desk.some_of_it, story.id), links));
        }
    }
    Ok(found)
}

/// An item with what an editor needs to decide it.
fn row(store: &Store, words: &'static Words, item: &ReviewItem, may_edit: bool) -> Result<Row, StoreError> {
    let mut decisions = Vec::new();
    if may_edit {
        let mut then = Vec::new();
        for story in [Some(&item.story), item.other.as_ref()].into_iter().flatten() {
            let version = store.story_version(&story.id)?;
            then.extend(version.map(|version| seen(&story.id, version.version)));
        }
        decisions = Decision::both(words, item, &then);
    }
    Ok(Row::new(words, item, evidence(store, words, item)?, decisions))
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
    let (rows, next, notice, demonstration) = frame
        .read(move || {
            let page = store.review(known, cursor.as_deref(), PER_PAGE)?;
            let rows = page.items.iter().map(|item| row(&store, words, item, may_edit));
            Ok((
                rows.collect::<Result<Vec<Row>, StoreError>>()?,
                page.next_cursor,
                asks.notice(&store, words, "review".to_owned())?,
                store.is_demonstration()?,
            ))
        })
        .await?;
    frame.demonstration = demonstration;
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
