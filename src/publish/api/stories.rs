//! `/v1/stories`.

use actix_web::http::header::{CACHE_CONTROL, LOCATION};
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use super::problem::Problem;
use super::{Paging, Parameters, answer, ordered, page, read};
use crate::publish::{App, StoryTimeline};
use crate::store::StoreError;
use crate::store::read::{ArticleView, ChangeView, Page, Related, SortBy, StoryQuery, StoryView};
use crate::timeline::{self, Granularity};

const SORTS: [(&str, SortBy); 6] = [
    ("updated", SortBy::Updated),
    ("started", SortBy::Started),
    ("size", SortBy::Size),
    ("velocity", SortBy::Velocity),
    ("relevance", SortBy::Relevance),
    ("importance", SortBy::Importance),
];
const STATES: [(&str, &str); 4] = [
    ("emerging", "emerging"),
    ("active", "active"),
    ("dormant", "dormant"),
    ("closed", "closed"),
];

/// A story that goes on in another one.
#[derive(Debug, Serialize, ToSchema)]
pub struct Merged {
    /// The story that was asked for.
    pub id: String,
    /// Where it goes on.
    pub merged_into: String,
}

/// Stories, the latest changed first unless asked otherwise.
#[utoipa::path(get, path = "/v1/stories", operation_id = "stories",
    params(
        ("q" = Option<String>, Query, description = "Words that its articles hold"), ("lang" = Option<String>, Query, description = "A language among its articles; headlines and names are in it, too"),
        ("title_lang" = Option<String>, Query, description = "The reader's language: headlines and names are in it where the story has them; leaves no story out"),
        ("source" = Option<String>, Query), ("state" = Option<String>, Query, description = "emerging, active, dormant, closed"),
        ("min_articles" = Option<u64>, Query, format = "uint64"), ("min_sources" = Option<u64>, Query, format = "uint64"),
        ("updated_from" = Option<String>, Query), ("updated_to" = Option<String>, Query),
        ("sort_by" = Option<SortBy>, Query), ("sort_direction" = Option<String>, Query, description = "asc, desc"),
        Paging
    ),
    responses((status = 200, body = Page<StoryView>), (status = 304), (status = 400, body = Problem)))]
pub async fn list(app: web::Data<App>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let mut parameters = Parameters::of(&request)?;
    let q = parameters.text("q");
    let sort_by = parameters.one_of("sort_by", &SORTS)?;
    let (updated_from, updated_to) = parameters.span("updated_from", "updated_to")?;
    let query = StoryQuery {
        lang: parameters.text("lang"),
        title_lang: parameters.text("title_lang"),
        source: parameters.text("source"),
        state: parameters.one_of("state", &STATES)?.map(str::to_owned),
        min_articles: parameters.read("min_articles", "a whole number")?,
        min_sources: parameters.read("min_sources", "a whole number")?,
        updated_from,
        updated_to,
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
    let paging = parameters.page()?;
    parameters.end()?;
    page(&app, &request, paging, move |store, cursor, per_page| {
        store.stories(&query, cursor, per_page)
    })
    .await
}

/// A story with the articles of other stories that are about it, too.
#[derive(Debug, Serialize, ToSchema)]
pub struct StoryWithRelated {
    /// The story.
    #[serde(flatten)]
    pub story: StoryView,
    /// Articles of other stories that are about this one, too; they are counted in their own.
    pub related: Vec<Related>,
}

/// One story. A merged one answers with a redirect to its successor, a split one names its children.
#[utoipa::path(get, path = "/v1/stories/{id}", operation_id = "story",
    params(("id" = String, Path), ("lang" = Option<String>, Query, description = "The reader's language: headline and names are in it where the story has them")),
    responses((status = 200, body = StoryWithRelated), (status = 304), (status = 400, body = Problem), (status = 308, description = "Merged; Location is its successor", body = Merged), (status = 404, body = Problem)))]
pub async fn get(app: web::Data<App>, request: HttpRequest, id: web::Path<String>) -> Result<HttpResponse, Problem> {
    let mut parameters = Parameters::of(&request)?;
    let lang = parameters.text("lang");
    parameters.end()?;
    let story = story(&app, &id, lang).await?;
    match successor(&request, &story, "") {
        Some(redirect) => Ok(redirect),
        None => {
            let (store, settings) = (app.store.clone(), app.settings.clone());
            let whole = read(move || {
                let related = store.related(&story.id, &settings.also, settings.story.resolution)?;
                Ok::<_, StoreError>(StoryWithRelated { story, related })
            })
            .await?;
            answer(&request, &whole)
        }
    }
}

/// The story, a merged one too.
async fn story(app: &App, id: &str, lang: Option<String>) -> Result<StoryView, Problem> {
    let (store, asked) = (app.store.clone(), id.to_owned());
    let found = read(move || store.story(&asked, lang.as_deref())).await?;
    found.ok_or_else(|| Problem::not_found("story", id))
}

/// For a merged story, the redirect to the same address of its successor.
fn successor(request: &HttpRequest, story: &StoryView, below: &str) -> Option<HttpResponse> {
    let merged_into = story.merged_into.clone()?;
    let query = match request.query_string() {
        "" => String::new(),
        query => format!("?{query}"),
    };
    let location = format!("/v1/stories/{merged_into}{below}{query}");
    Some(
        HttpResponse::PermanentRedirect()
            .insert_header((LOCATION, location))
            // An editor may undo the merge.
            .insert_header((CACHE_CONTROL, "no-cache"))
            .json(Merged {
                id: story.id.clone(),
                merged_into,
            }),
    )
}

/// A story's articles, in the order in which they came.
#[utoipa::path(get, path = "/v1/stories/{id}/articles", operation_id = "story_articles", params(("id" = String, Path), Paging),
    responses((status = 200, body = Page<ArticleView>), (status = 304), (status = 308, body = Merged), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub async fn articles(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let (story, paging) = list_of(&app, &request, &id).await?;
    match successor(&request, &story, "/articles") {
        Some(redirect) => Ok(redirect),
        None => {
            page(&app, &request, paging, move |store, cursor, per_page| {
                store.story_articles(&story.id, cursor, per_page)
            })
            .await
        }
    }
}

/// A story's changes, newest first. The history of a merged story is its own.
#[utoipa::path(get, path = "/v1/stories/{id}/history", operation_id = "story_history", params(("id" = String, Path), Paging),
    responses((status = 200, body = Page<ChangeView>), (status = 304), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub async fn history(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let (story, paging) = list_of(&app, &request, &id).await?;
    page(&app, &request, paging, move |store, cursor, per_page| {
        store.history(&story.id, cursor, per_page)
    })
    .await
}

/// The story of a list below it, and the page that is asked for.
async fn list_of(app: &App, request: &HttpRequest, id: &str) -> Result<(StoryView, Paging), Problem> {
    let mut parameters = Parameters::of(request)?;
    let paging = parameters.page()?;
    parameters.end()?;
    Ok((story(app, id, None).await?, paging))
}

/// A story's timeline: events by date, each with the sentence that says so and the articles that report it.
#[utoipa::path(get, path = "/v1/stories/{id}/timeline", operation_id = "story_timeline",
    params(
        ("id" = String, Path), ("from" = Option<String>, Query, description = "First day"), ("to" = Option<String>, Query, description = "Last day"),
        ("dates" = Option<usize>, Query, description = "Number of periods, 1 to 1000; without it, as many as the story deserves"),
        ("granularity" = Option<String>, Query, description = "How long a period is: hour, day, week (from Monday), month; day without it. An event keeps its own date: with hour, the minute in which an article first told of it where that is known"),
        ("sentences" = Option<usize>, Query, description = "Events of one period at most, 1 to 100; 3 without it"),
        ("lang" = Option<String>, Query, description = "The reader's language")
    ),
    responses((status = 200, body = StoryTimeline), (status = 304), (status = 308, body = Merged), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub async fn timeline(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let mut parameters = Parameters::of(&request)?;
    let mut day = |name: &str| parameters.read::<NaiveDate>(name, "a day such as 2023-09-20");
    let (from, to) = ordered((day("from")?, day("to")?), "from", "to")?;
    let options = timeline::Options {
        from,
        to,
        granularity: parameters
            .one_of("granularity", &Granularity::NAMES)?
            .unwrap_or_default(),
        dates: parameters.whole("dates", 1..=1000)?,
        sentences: parameters.whole("sentences", 1..=100)?.unwrap_or(3),
        lang: parameters.text("lang"),
        settings: app.settings.timeline.clone(),
    };
    parameters.end()?;
    let story = story(&app, &id, None).await?;
    if let Some(redirect) = successor(&request, &story, "/timeline") {
        return Ok(redirect);
    }
    let store = app.store.clone();
    let timeline = read(move || {
        let articles = store.timeline_articles(&story.id)?;
        Ok::<_, StoreError>(StoryTimeline {
            story_id: story.id,
            events: timeline::build(&articles, &options),
        })
    })
    .await?;
    answer(&request, &timeline)
}
