//! `/v1/stories`.

use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use super::problem::Problem;
use super::{Parameters, answer, read};
use crate::publish::App;
use crate::store::StoreError;
use crate::store::read::{ArticleView, ChangeView, Page, SortBy, StoryQuery, StoryView};
use crate::timeline::{self, Event};

const SORTS: [(&str, SortBy); 5] = [
    ("updated", SortBy::Updated),
    ("started", SortBy::Started),
    ("size", SortBy::Size),
    ("velocity", SortBy::Velocity),
    ("relevance", SortBy::Relevance),
];
const STATES: [(&str, &str); 4] = [
    ("emerging", "emerging"),
    ("active", "active"),
    ("dormant", "dormant"),
    ("closed", "closed"),
];

/// A story's timeline.
#[derive(Debug, Serialize, ToSchema)]
pub struct Timeline {
    /// The story.
    pub story_id: String,
    /// Its events by date; those without a date last.
    pub events: Vec<Event>,
}

/// A story that goes on in another one.
#[derive(Debug, Serialize, ToSchema)]
pub struct Merged {
    /// The story that was asked for.
    pub id: String,
    /// Where it goes on.
    pub merged_into: String,
}

/// Stories, the latest changed first unless asked otherwise.
#[utoipa::path(get, path = "/v1/stories",
    params(
        ("q" = Option<String>, Query, description = "Words that its articles hold"), ("lang" = Option<String>, Query),
        ("source" = Option<String>, Query), ("state" = Option<String>, Query, description = "emerging, active, dormant, closed"),
        ("min_articles" = Option<u64>, Query), ("min_sources" = Option<u64>, Query),
        ("updated_from" = Option<String>, Query), ("updated_to" = Option<String>, Query),
        ("sort_by" = Option<SortBy>, Query), ("sort_direction" = Option<String>, Query, description = "asc, desc"),
        ("cursor" = Option<String>, Query), ("per_page" = Option<usize>, Query, description = "1 to 100, 20 by default")
    ),
    responses((status = 200, body = Page<StoryView>), (status = 304), (status = 400, body = Problem)))]
pub async fn list(app: web::Data<App>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let mut parameters = Parameters::of(&request)?;
    let q = parameters.text("q");
    let sort_by = parameters.one_of("sort_by", &SORTS)?;
    let query = StoryQuery {
        lang: parameters.text("lang"),
        source: parameters.text("source"),
        state: parameters.one_of("state", &STATES)?.map(str::to_owned),
        min_articles: parameters.read("min_articles", "a whole number")?,
        min_sources: parameters.read("min_sources", "a whole number")?,
        updated_from: parameters.moment("updated_from", false)?,
        updated_to: parameters.moment("updated_to", true)?,
        sort_by: sort_by.unwrap_or(if q.is_some() {
            SortBy::Relevance
        } else {
            SortBy::Updated
        }),
        ascending: parameters
            .one_of("sort_direction", &[("asc", true), ("desc", false)])?
            .unwrap_or(false),
        q,
    };
    let (cursor, per_page) = parameters.page()?;
    parameters.end()?;
    let store = app.store.clone();
    let page = read(move || store.stories(&query, cursor.as_deref(), per_page)).await?;
    answer(&request, &page)
}

/// One story. A merged one answers with a redirect to its successor, a split one names its children.
#[utoipa::path(get, path = "/v1/stories/{id}", params(("id" = String, Path)),
    responses((status = 200, body = StoryView), (status = 304), (status = 308, description = "Merged; Location is its successor", body = Merged), (status = 404, body = Problem)))]
pub async fn get(app: web::Data<App>, request: HttpRequest, id: web::Path<String>) -> Result<HttpResponse, Problem> {
    Parameters::of(&request)?.end()?;
    match find(&app, &id, "").await? {
        Found::Here(story) => answer(&request, &*story),
        Found::Elsewhere(response) => Ok(response),
    }
}

enum Found {
    Here(Box<StoryView>),
    Elsewhere(HttpResponse),
}

/// The story, or the redirect to its successor's address with `below` at the end.
async fn find(app: &web::Data<App>, id: &str, below: &str) -> Result<Found, Problem> {
    let (store, asked) = (app.store.clone(), id.to_owned());
    let story = read(move || store.story(&asked))
        .await?
        .ok_or_else(|| Problem::not_found("story", id))?;
    Ok(match story.merged_into {
        Some(merged_into) => Found::Elsewhere(
            HttpResponse::PermanentRedirect()
                .insert_header((LOCATION, format!("/v1/stories/{merged_into}{below}")))
                .json(Merged {
                    id: story.id,
                    merged_into,
                }),
        ),
        None => Found::Here(Box::new(story)),
    })
}

/// A story's articles, in the order in which they came.
#[utoipa::path(get, path = "/v1/stories/{id}/articles",
    params(("id" = String, Path), ("cursor" = Option<String>, Query), ("per_page" = Option<usize>, Query)),
    responses((status = 200, body = Page<ArticleView>), (status = 304), (status = 308, body = Merged), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub async fn articles(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let mut parameters = Parameters::of(&request)?;
    let (cursor, per_page) = parameters.page()?;
    parameters.end()?;
    if let Found::Elsewhere(response) = find(&app, &id, "/articles").await? {
        return Ok(response);
    }
    let store = app.store.clone();
    let page = read(move || store.story_articles(&id, cursor.as_deref(), per_page)).await?;
    answer(&request, &page)
}

/// A story's changes, newest first.
#[utoipa::path(get, path = "/v1/stories/{id}/history",
    params(("id" = String, Path), ("cursor" = Option<String>, Query), ("per_page" = Option<usize>, Query)),
    responses((status = 200, body = Page<ChangeView>), (status = 304), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub async fn history(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let mut parameters = Parameters::of(&request)?;
    let (cursor, per_page) = parameters.page()?;
    parameters.end()?;
    // The history of a merged story is its own.
    let (store, asked) = (app.store.clone(), id.clone());
    read(move || store.story(&asked))
        .await?
        .ok_or_else(|| Problem::not_found("story", &id))?;
    let store = app.store.clone();
    let page = read(move || store.history(&id, cursor.as_deref(), per_page)).await?;
    answer(&request, &page)
}

/// A story's timeline: events by date, each with the sentence that says so and the articles that report it.
#[utoipa::path(get, path = "/v1/stories/{id}/timeline",
    params(
        ("id" = String, Path), ("from" = Option<String>, Query, description = "First day"), ("to" = Option<String>, Query, description = "Last day"),
        ("dates" = Option<usize>, Query, description = "Number of dates; without it, as many as the story deserves"),
        ("sentences" = Option<usize>, Query, description = "Events of one day at most"),
        ("lang" = Option<String>, Query, description = "The reader's language")
    ),
    responses((status = 200, body = Timeline), (status = 304), (status = 308, body = Merged), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub async fn timeline(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let mut parameters = Parameters::of(&request)?;
    let options = timeline::Options {
        from: parameters.read::<NaiveDate>("from", "a day such as 2023-09-20")?,
        to: parameters.read::<NaiveDate>("to", "a day such as 2023-09-20")?,
        dates: parameters.read("dates", "a whole number")?,
        sentences: parameters.read("sentences", "a whole number")?.unwrap_or(3).max(1),
        lang: parameters.text("lang"),
        settings: app.settings.timeline.clone(),
    };
    parameters.end()?;
    let story = match find(&app, &id, "/timeline").await? {
        Found::Here(story) => story,
        Found::Elsewhere(response) => return Ok(response),
    };
    let store = app.store.clone();
    let timeline = read(move || {
        let articles = store.timeline_articles(&story.id)?;
        Ok::<_, StoreError>(Timeline {
            story_id: story.id,
            events: timeline::build(&articles, &options),
        })
    })
    .await?;
    answer(&request, &timeline)
}
