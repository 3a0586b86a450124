//! What an editor should look at, as a list with links.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::frame::{Frame, Sorry, parameter, with};
use super::phrase::Link;
use super::words::Words;
use super::{PER_PAGE, some};
use crate::store::Store;
use crate::store::read::{ReviewItem, Titled};

/// An item as it is shown.
struct Row {
    question: &'static str,
    doubt: String,
    article: Option<Link>,
    story: Link,
    other: Option<Link>,
    cut: Option<String>,
}

impl Row {
    fn new(words: &'static Words, item: &ReviewItem) -> Self {
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
    let store = Arc::clone(&store);
    let (page, demonstration) = frame
        .read(move || {
            Ok((
                store.review(known, cursor.as_deref(), PER_PAGE)?,
                store.is_demonstration()?,
            ))
        })
        .await?;
    frame.demonstration = demonstration;
    let template = ReviewPage {
        frame: frame.clone(),
        w: words,
        rows: page.items.iter().map(|item| Row::new(words, item)).collect(),
        kind,
        next: page
            .next_cursor
            .as_deref()
            .map(|cursor| with(&request, "cursor", cursor)),
    };
    Ok(frame.page(StatusCode::OK, &template))
}
