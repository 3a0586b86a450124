//! The pages for editors: server-rendered, readable without scripts, nothing from other hosts.
//!
//! In: the store's answers. Out: HTML from `static/templates`, everything escaped. Every text carries its own language
//! and direction. Never writes.

mod view;

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, LOCATION};
use actix_web::{HttpRequest, HttpResponse, ResponseError, web};
use askama::Template;
use rust_embed::RustEmbed;

use crate::config::Settings;
use crate::store::Store;
use crate::store::read::{
    ArticleView, ChangeView, DocumentView, Page, ReadError, SearchQuery, SortBy, StoryQuery, StoryView,
};
use crate::timeline;
use view::{EventView, HitView, PlacementView};

/// Stories or articles of a page.
const PER_PAGE: usize = 40;
/// Changes shown of a story.
const HISTORY: usize = 50;
const STATES: [&str; 4] = ["emerging", "active", "dormant", "closed"];
const SORTS: [(&str, SortBy); 4] = [
    ("updated", SortBy::Updated),
    ("started", SortBy::Started),
    ("size", SortBy::Size),
    ("velocity", SortBy::Velocity),
];

#[derive(RustEmbed)]
#[folder = "static/assets"]
struct Assets;

/// Registers the pages.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/", web::get().to(stories))
        .route("/stories", web::get().to(stories))
        .route("/stories/{id}", web::get().to(story))
        .route("/articles/{id}", web::get().to(article))
        .route("/documents/{id}", web::get().to(document))
        .route("/search", web::get().to(search))
        .route("/assets/{name}", web::get().to(asset));
}

/// Filters as they stand in the form.
#[derive(Debug, Default)]
struct Filter {
    q: String,
    lang: String,
    state: String,
    min_articles: String,
    sort_by: String,
}

impl Filter {
    fn is_empty(&self) -> bool {
        [&self.q, &self.lang, &self.state, &self.min_articles]
            .iter()
            .all(|value| value.is_empty())
    }
}

#[derive(Template)]
#[template(path = "stories.html")]
struct StoriesPage {
    demonstration: bool,
    page: Page<StoryView>,
    filter: Filter,
    states: [&'static str; 4],
    sorts: Vec<&'static str>,
    next: Option<String>,
}

#[derive(Template)]
#[template(path = "story.html")]
struct StoryPage {
    demonstration: bool,
    story: StoryView,
    velocity: String,
    events: Vec<EventView>,
    articles: Page<ArticleView>,
    history: Page<ChangeView>,
}

#[derive(Template)]
#[template(path = "article.html")]
struct ArticlePage {
    demonstration: bool,
    article: ArticleView,
    placement: Option<PlacementView>,
}

#[derive(Template)]
#[template(path = "search.html")]
struct SearchPage {
    demonstration: bool,
    q: String,
    hits: Vec<HitView>,
    next: Option<String>,
}

#[derive(Template)]
#[template(path = "document.html")]
struct DocumentPage {
    demonstration: bool,
    document: DocumentView,
}

#[derive(Template)]
#[template(path = "message.html")]
struct MessagePage {
    demonstration: bool,
    title: &'static str,
    text: String,
}

/// Filters of the templates.
mod filters {
    /// The day of a time: `2023-09-20`.
    #[askama::filter_fn]
    pub fn day(time: &str, _: &dyn askama::Values) -> askama::Result<String> {
        Ok(time.chars().take(10).collect())
    }

    /// A time to the minute: `2023-09-20 10:15`; a day stays a day.
    #[askama::filter_fn]
    pub fn minute(time: &str, _: &dyn askama::Values) -> askama::Result<String> {
        Ok(time.chars().take(16).collect::<String>().replace('T', " "))
    }

    /// The name of a precision.
    #[askama::filter_fn]
    pub fn name(precision: &crate::article::Precision, _: &dyn askama::Values) -> askama::Result<&'static str> {
        use crate::article::Precision;
        Ok(match precision {
            Precision::Minute => "minute",
            Precision::Day => "day",
            Precision::Month => "month",
            Precision::Unknown => "unknown",
        })
    }
}

fn page(status: StatusCode, template: &impl Template) -> HttpResponse {
    match template.render() {
        Ok(html) => HttpResponse::build(status)
            .insert_header((CACHE_CONTROL, "no-cache"))
            .content_type("text/html; charset=utf-8")
            .body(html),
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            HttpResponse::InternalServerError().body("The page could not be rendered.")
        }
    }
}

/// An answer that is an error, as a page.
#[derive(Debug)]
struct Sorry {
    status: StatusCode,
    title: &'static str,
    text: String,
}

impl std::fmt::Display for Sorry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.title, self.text)
    }
}

impl ResponseError for Sorry {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let template = MessagePage {
            demonstration: false,
            title: self.title,
            text: self.text.clone(),
        };
        page(self.status, &template)
    }
}

fn sorry(status: StatusCode, title: &'static str, text: String) -> Sorry {
    Sorry { status, title, text }
}

fn missing(what: &str, id: &str) -> Sorry {
    sorry(
        StatusCode::NOT_FOUND,
        "Not found",
        format!("There is no {what} with the id {id}."),
    )
}

/// Reads off the async threads; trouble becomes a page.
async fn read<T: Send + 'static>(query: impl FnOnce() -> Result<T, ReadError> + Send + 'static) -> Result<T, Sorry> {
    match web::block(query).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(ReadError::Cursor(error))) => Err(sorry(
            StatusCode::BAD_REQUEST,
            "That page cannot be shown",
            error.to_string(),
        )),
        Ok(Err(ReadError::Store(error))) => {
            tracing::error!(%error, "the store failed a reader");
            Err(sorry(
                StatusCode::INTERNAL_SERVER_ERROR,
                "The store failed",
                error.to_string(),
            ))
        }
        Err(_) => Err(sorry(
            StatusCode::SERVICE_UNAVAILABLE,
            "Stopping",
            "The service is shutting down.".to_owned(),
        )),
    }
}

/// The parameters of a page; unknown ones are ignored, a page is not a program.
fn parameter(request: &HttpRequest, name: &str) -> String {
    url::form_urlencoded::parse(request.query_string().as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.trim().to_owned())
        .unwrap_or_default()
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

async fn stories(store: web::Data<Arc<Store>>, request: HttpRequest) -> Result<HttpResponse, Sorry> {
    let filter = Filter {
        q: parameter(&request, "q"),
        lang: parameter(&request, "lang"),
        state: parameter(&request, "state"),
        min_articles: parameter(&request, "min_articles"),
        sort_by: some(&parameter(&request, "sort_by")).unwrap_or_else(|| "updated".to_owned()),
    };
    let query = StoryQuery {
        q: some(&filter.q),
        lang: some(&filter.lang),
        state: some(&filter.state),
        min_articles: filter.min_articles.parse().ok(),
        sort_by: SORTS
            .iter()
            .find(|(name, _)| *name == filter.sort_by)
            .map_or(SortBy::Updated, |(_, sort)| *sort),
        ..StoryQuery::default()
    };
    let cursor = some(&parameter(&request, "cursor"));
    let store = Arc::clone(&store);
    let (found, demonstration) = read(move || {
        let found = store.stories(&query, cursor.as_deref(), PER_PAGE)?;
        Ok((found, store.is_demonstration()?))
    })
    .await?;
    let next = found.next_cursor.as_deref().map(|cursor| following(&request, cursor));
    let template = StoriesPage {
        demonstration,
        page: found,
        filter,
        states: STATES,
        sorts: SORTS.iter().map(|(name, _)| *name).collect(),
        next,
    };
    Ok(page(StatusCode::OK, &template))
}

/// This page's address with another cursor.
fn following(request: &HttpRequest, cursor: &str) -> String {
    let mut parameters = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in url::form_urlencoded::parse(request.query_string().as_bytes()) {
        if name != "cursor" {
            parameters.append_pair(&name, &value);
        }
    }
    parameters.append_pair("cursor", cursor);
    format!("{}?{}", request.path(), parameters.finish())
}

async fn story(
    store: web::Data<Arc<Store>>,
    settings: web::Data<Arc<Settings>>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Sorry> {
    let cursor = some(&parameter(&request, "cursor"));
    let options = timeline::Options {
        from: None,
        to: None,
        dates: None,
        sentences: 3,
        lang: some(&parameter(&request, "lang")),
        settings: settings.timeline.clone(),
    };
    let (store, asked) = (Arc::clone(&store), id.clone());
    let found = read(move || {
        let Some(story) = store.story(&asked)? else {
            return Ok(None);
        };
        let members = store.timeline_articles(&asked)?;
        let events = timeline::build(&members, &options);
        Ok(Some((
            events
                .into_iter()
                .map(|event| EventView::new(event, &members))
                .collect(),
            store.story_articles(&asked, cursor.as_deref(), PER_PAGE)?,
            store.history(&asked, None, HISTORY)?,
            store.is_demonstration()?,
            story,
        )))
    })
    .await?;
    let Some((events, articles, history, demonstration, story)) = found else {
        return Err(missing("story", &id));
    };
    if let Some(successor) = &story.merged_into {
        let to = format!("/stories/{successor}");
        return Ok(HttpResponse::PermanentRedirect().insert_header((LOCATION, to)).finish());
    }
    let template = StoryPage {
        demonstration,
        velocity: format!("{:.1}", story.velocity),
        story,
        events,
        articles,
        history,
    };
    Ok(page(StatusCode::OK, &template))
}

async fn article(store: web::Data<Arc<Store>>, id: web::Path<String>) -> Result<HttpResponse, Sorry> {
    let (store, asked) = (Arc::clone(&store), id.clone());
    let found = read(move || {
        let Some(article) = store.article(&asked)? else {
            return Ok(None);
        };
        let placement = store.placement(&asked)?.flatten();
        Ok(Some((article, placement, store.is_demonstration()?)))
    })
    .await?;
    let Some((article, placement, demonstration)) = found else {
        return Err(missing("article", &id));
    };
    let template = ArticlePage {
        demonstration,
        article,
        placement: placement.as_ref().map(PlacementView::new),
    };
    Ok(page(StatusCode::OK, &template))
}

async fn document(store: web::Data<Arc<Store>>, id: web::Path<String>) -> Result<HttpResponse, Sorry> {
    let (store, asked) = (Arc::clone(&store), id.clone());
    let found = read(move || Ok((store.document(&asked)?, store.is_demonstration()?))).await?;
    match found {
        (Some(document), demonstration) => {
            let template = DocumentPage {
                demonstration,
                document,
            };
            Ok(page(StatusCode::OK, &template))
        }
        (None, _) => Err(missing("document", &id)),
    }
}

async fn search(store: web::Data<Arc<Store>>, request: HttpRequest) -> Result<HttpResponse, Sorry> {
    let query = SearchQuery {
        q: parameter(&request, "q"),
        lang: some(&parameter(&request, "lang")),
        source: some(&parameter(&request, "source")),
        ..SearchQuery::default()
    };
    let q = query.q.clone();
    let cursor = some(&parameter(&request, "cursor"));
    let store = Arc::clone(&store);
    let (found, demonstration) = read(move || {
        let found = store.search(&query, cursor.as_deref(), PER_PAGE)?;
        Ok((found, store.is_demonstration()?))
    })
    .await?;
    let template = SearchPage {
        demonstration,
        q,
        next: found.next_cursor.as_deref().map(|cursor| following(&request, cursor)),
        hits: found.items.into_iter().map(HitView::new).collect(),
    };
    Ok(page(StatusCode::OK, &template))
}

async fn asset(name: web::Path<String>) -> HttpResponse {
    let Some(file) = Assets::get(&name) else {
        return HttpResponse::NotFound().finish();
    };
    let kind = match name.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    };
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "max-age=300"))
        .content_type(kind)
        .body(file.data.into_owned())
}
