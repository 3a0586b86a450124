//! An article with its placement and its cuts, and the document that it was found in.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::cuts::{self, Piece};
use super::desk::{Asks, Desk};
use super::frame::{Frame, Sorry};
use super::names::StoryNames;
use super::outward;
use super::phrase::{Link, Part};
use super::placement::PlacementView;
use super::words::Words;
use crate::article::Removed;
use crate::config::Settings;
use crate::store::Store;
use crate::store::read::{ArticleView, DocumentView, Headline};

/// A piece of the text as it is shown.
enum Shown {
    Kept(String),
    Cut(CutView),
}

/// A line of the text; `cut` when nothing of it was kept.
struct Line {
    pieces: Vec<Shown>,
    cut: bool,
}

/// A cut with its reason.
struct CutView {
    text: String,
    kind: &'static str,
    rule: String,
    place: String,
}

impl CutView {
    fn new(words: &Words, removed: &Removed) -> Self {
        Self {
            text: removed.text.clone(),
            kind: words.cut(removed.kind),
            rule: removed.rule.clone(),
            place: words.number(removed.offset as u64),
        }
    }
}

#[derive(Template)]
#[template(path = "article.html")]
struct ArticlePage {
    frame: Frame,
    w: &'static Words,
    story: Option<Link>,
    original: Option<Link>,
    also_in: Vec<Link>,
    copies: Vec<Link>,
    outward: Option<String>,
    lines: Vec<Line>,
    cuts: Vec<CutView>,
    placement: Option<PlacementView>,
    desk: Desk,
    article: ArticleView,
}

/// What the store says of an article.
struct Told {
    story: Option<Link>,
    original: Option<Link>,
    also_in: Vec<Link>,
    copies: Vec<Link>,
    document: Option<String>,
    placement: Option<PlacementView>,
    desk: Desk,
    demonstration: bool,
    article: ArticleView,
}

/// `GET /articles/{id}`
pub async fn article(
    store: web::Data<Arc<Store>>,
    settings: web::Data<Arc<Settings>>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Sorry> {
    let mut frame = Frame::of(&request);
    let (words, asks) = (frame.words, Asks::of(&request));
    let (also, resolution) = (settings.also, settings.story.resolution);
    // Doubt is twice a probability: what would not be worth a look is not offered either.
    let least = settings.review.least_doubt / 2.0;
    let (store, asked) = (Arc::clone(&store), id.clone());
    let found = frame
        .read(move || {
            let Some(article) = store.article(&asked)? else {
                return Ok(None);
            };
            let kin = article.near_duplicates.iter().chain(&article.near_duplicate_of);
            let articles = store.article_headlines(kin.map(String::as_str))?;
            let also_in = store.also_in(&asked, &also, resolution)?;
            let named = also_in.iter().map(|one| one.story_id.as_str());
            let stories = StoryNames::of(&store, words, named.chain(article.story_id.as_deref()))?;
            let link = |id: &String| titled(Link::article, id, articles.get(id));
            let placement = store.placement(&asked)?.flatten();
            let document = match article.document_id.as_deref().filter(|_| !article.removed.is_empty()) {
                Some(document) => store.document(document)?,
                None => None,
            };
            Ok(Some(Told {
                story: article.story_id.as_deref().map(|id| stories.link(id)),
                also_in: also_in.iter().map(|one| stories.link(&one.story_id)).collect(),
                original: article.near_duplicate_of.as_ref().map(link),
                copies: article.near_duplicates.iter().map(link).collect(),
                // Offsets count in the text of a page, which is not kept; in a text document they count in it.
                document: document.filter(|one| one.kind == "text").and_then(|one| one.text),
                desk: Desk::of_article(&store, words, &asks, &article, placement.as_ref(), least)?,
                placement: placement
                    .map(|placement| PlacementView::new(&store, words, &placement, &article.lang))
                    .transpose()?,
                demonstration: store.is_demonstration()?,
                article,
            }))
        })
        .await?;
    let Some(told) = found else {
        return Err(frame.missing(words.no_such_article, &id));
    };
    frame.demonstration = told.demonstration;
    let article = told.article;
    let lines = cuts::lines(
        article.text.as_deref().unwrap_or_default(),
        told.document.as_deref(),
        &article.removed,
    )
    .into_iter()
    .map(|line| Line {
        cut: line.iter().all(|piece| matches!(piece, Piece::Cut(_))),
        pieces: line
            .into_iter()
            .map(|piece| match piece {
                Piece::Kept(text) => Shown::Kept(text),
                Piece::Cut(removed) => Shown::Cut(CutView::new(words, removed)),
            })
            .collect(),
    })
    .collect();
    let template = ArticlePage {
        frame: frame.clone(),
        w: words,
        story: told.story,
        original: told.original,
        also_in: told.also_in,
        copies: told.copies,
        outward: article.url.as_deref().and_then(outward).map(str::to_owned),
        lines,
        cuts: article
            .removed
            .iter()
            .map(|removed| CutView::new(words, removed))
            .collect(),
        placement: told.placement,
        desk: told.desk,
        article,
    };
    Ok(frame.page(StatusCode::OK, &template))
}

fn titled(kind: fn(&str, &str, &str) -> Link, id: &str, name: Option<&Headline>) -> Link {
    kind(
        id,
        name.map_or("", |name| &name.title),
        name.map_or("", |name| &name.lang),
    )
}

#[derive(Template)]
#[template(path = "document.html")]
struct DocumentPage {
    frame: Frame,
    w: &'static Words,
    outward: Option<String>,
    articles: Vec<Link>,
    document: DocumentView,
}

/// `GET /documents/{id}`
pub async fn document(
    store: web::Data<Arc<Store>>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Sorry> {
    let mut frame = Frame::of(&request);
    let words = frame.words;
    let (store, asked) = (Arc::clone(&store), id.clone());
    let found = frame
        .read(move || {
            let Some(document) = store.document(&asked)? else {
                return Ok(None);
            };
            let names = store.article_headlines(document.articles.iter().map(String::as_str))?;
            let link = |id: &String| titled(Link::article, id, names.get(id));
            let articles: Vec<Link> = document.articles.iter().map(link).collect();
            Ok(Some((document, articles, store.is_demonstration()?)))
        })
        .await?;
    let Some((document, articles, demonstration)) = found else {
        return Err(frame.missing(words.no_such_document, &id));
    };
    frame.demonstration = demonstration;
    let template = DocumentPage {
        frame: frame.clone(),
        w: words,
        outward: document.url.as_deref().and_then(outward).map(str::to_owned),
        articles,
        document,
    };
    Ok(frame.page(StatusCode::OK, &template))
}
