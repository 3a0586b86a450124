//! `/v1/stories`.

use std::sync::{Arc, LazyLock};
use std::time::SystemTime;

use actix_web::http::header::{CACHE_CONTROL, LOCATION};
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use super::formats::{Format, negotiated, preferred, told};
use super::problem::{Kind, Problem};
use super::{
    Kept, Paging, Parameters, Unchanged, answer, is_known, not_modified, ordered, page, read, respond, tag_of, written,
};
use crate::publish::memo::Memo;
use crate::publish::web::signal_in_words;
use crate::publish::{App, StoryTimeline};
use crate::store::read::{
    ArticleView, AsOf, ChangeView, Moment, Page, ReadError, Related, SortBy, StoryGraph, StoryQuery, StoryThen,
    StoryView,
};
use crate::store::{Store, StoreError};
use crate::timeline::{self, Event, Granularity};

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

/// Whether the smallest or earliest comes first.
const DIRECTIONS: [(&str, bool); 2] = [("asc", true), ("desc", false)];

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
        ("q" = Option<String>, Query, description = "Words that its articles hold, as on `/v1/search`"), ("lang" = Option<String>, Query, description = "A filter: only stories with articles in this language; headlines and names are in it, too, where `title_lang` does not say otherwise"),
        ("title_lang" = Option<String>, Query, description = "The reader's language: headlines and names are in it where the story has them; leaves no story out"),
        ("source" = Option<String>, Query), ("state" = Option<String>, Query, description = "emerging, active, dormant, closed"),
        ("min_articles" = Option<u64>, Query, format = "uint64"), ("min_sources" = Option<u64>, Query, format = "uint64"),
        ("updated_from" = Option<String>, Query), ("updated_to" = Option<String>, Query),
        ("sort_by" = Option<SortBy>, Query), ("sort_direction" = Option<String>, Query, description = "asc, desc. A story that changes during a walk through the pages is given once, where it stood when the walk began; sorted by relevance to `q` it is left to the next walk"),
        ("as_of" = Option<String>, Query, description = "The list as it stood then: the number of a change, or an RFC 3339 time, day or month (to its end). Every item has `as_of`, with the number of the last change that counts and the names of fields that the log does not tell of then. Not together with `sort_by=importance`"),
        Paging
    ),
    responses((status = 200, body = Page<StoryView>), (status = 304), (status = 400, body = Problem)))]
pub async fn list(app: web::Data<App>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let keep = match Unchanged::of(&app, &request) {
        Ok(response) => return Ok(response),
        Err(keep) => keep,
    };
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
        ascending: parameters.one_of("sort_direction", &DIRECTIONS)?.unwrap_or(false),
        q,
    };
    let as_of = parameters.as_of()?;
    let paging = parameters.page()?;
    parameters.end()?;
    if as_of.is_some() && query.sort_by == SortBy::Importance {
        let detail = "importance is weighed against today's newest article; with `as_of` sort by something else";
        return Err(Problem::new(Kind::InvalidParameter, detail).of_field("sort_by"));
    }
    if let Some(moment) = as_of {
        return page(&app, &request, paging, move |store, cursor, per_page| {
            store.stories_then(&query, moment, cursor, per_page)
        })
        .await;
    }
    let (store, Paging { cursor, per_page }) = (app.store.clone(), paging);
    let found = read(move || store.stories(&query, cursor.as_deref(), per_page)).await?;
    keep.answer(&app, &request, &found)
}

/// A story with the articles of other stories that are about it, too.
#[derive(Debug, Serialize, ToSchema)]
pub struct StoryWithRelated {
    /// The story.
    #[serde(flatten)]
    pub story: StoryView,
    /// Articles of other stories that are about this one, too; they are counted in their own.
    pub related: Vec<Related>,
    /// With `as_of`: the moment, and what the log does not tell of then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub as_of: Option<AsOf>,
}

/// One story. A merged one answers with a redirect to its successor, a split one names its children. `Accept: application/ld+json`
/// has it as linked data with its timeline, as `/v1/stories/{id}.jsonld` does. Its `ETag` is what
/// `If-Match` takes at `/v1/corrections`.
#[utoipa::path(get, path = "/v1/stories/{id}", operation_id = "story",
    params(("id" = String, Path), ("title_lang" = Option<String>, Query, description = "The reader's language, as on the list of stories: headline and names are in it where the story has them, otherwise as without it"), ("lang" = Option<String>, Query, description = "The same by its earlier name, where `title_lang` is not given"),
        ("as_of" = Option<String>, Query, description = "The story as it stood then: the number of a change, or an RFC 3339 time, day or month (to its end). `as_of.not_known` names what the log does not tell of then")),
    responses((status = 200, content((StoryWithRelated = "application/json"), (Object = "application/ld+json"))), (status = 304), (status = 400, body = Problem), (status = 308, description = "Merged; Location is its successor", body = Merged), (status = 404, body = Problem)))]
pub async fn get(app: web::Data<App>, request: HttpRequest, id: web::Path<String>) -> Result<HttpResponse, Problem> {
    negotiated(as_preferred(app, request, id).await)
}

async fn as_preferred(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    if let Some(format) = preferred(&request, &[("application/ld+json", Format::JsonLd)]) {
        let mut parameters = Parameters::of(&request)?;
        let wanted = wanted(&mut parameters, &app)?;
        parameters.end()?;
        return told(&app, &request, &id, wanted, format, "").await;
    }
    let keep = match Unchanged::of(&app, &request) {
        Ok(response) => return Ok(response),
        Err(keep) => keep,
    };
    let mut parameters = Parameters::of(&request)?;
    let (title_lang, lang) = (parameters.text("title_lang"), parameters.text("lang"));
    let lang = title_lang.or(lang);
    let as_of = parameters.as_of()?;
    parameters.end()?;
    if let Some(moment) = as_of {
        let StoryThen { story, as_of } = story_then(&app, &id, moment, lang).await?;
        return match successor(&request, &story, "") {
            Some(redirect) => Ok(redirect),
            None => {
                let (related, mut as_of) = (Vec::new(), as_of);
                as_of.not_known.push("related".to_owned());
                let as_of = Some(as_of);
                answer(&request, &StoryWithRelated { story, related, as_of })
            }
        };
    }
    let story = story(&app, &id, lang).await?;
    match successor(&request, &story, "") {
        Some(redirect) => Ok(redirect),
        None => {
            let (store, settings) = (app.store.clone(), app.settings.clone());
            let whole = read(move || {
                let related = store.related(&story.id, &settings.also, settings.story.resolution)?;
                let as_of = None;
                Ok::<_, StoreError>(StoryWithRelated { story, related, as_of })
            })
            .await?;
            keep.answer_story(&app, &request, &whole.story, &whole)
        }
    }
}

/// The story, a merged one too.
pub(super) async fn story(app: &App, id: &str, lang: Option<String>) -> Result<StoryView, Problem> {
    let (store, asked) = (app.store.clone(), id.to_owned());
    let found = read(move || store.story(&asked, lang.as_deref())).await?;
    found.ok_or_else(|| Problem::not_found("story", id))
}

/// The story as it stood; a merged one too.
pub(super) async fn story_then(
    app: &App,
    id: &str,
    moment: Moment,
    lang: Option<String>,
) -> Result<StoryThen, Problem> {
    let (store, asked) = (app.store.clone(), id.to_owned());
    let found = read(move || {
        let at = store.change_at(moment)?;
        Ok::<_, ReadError>(store.story_then(&asked, at, lang.as_deref())?)
    })
    .await?;
    found.ok_or_else(|| Problem::new(Kind::NotFound, format!("there was no story with the id {id:?} then")))
}

/// For a merged story, the redirect to the same address of its successor.
pub(super) fn successor(request: &HttpRequest, story: &StoryView, below: &str) -> Option<HttpResponse> {
    let merged_into = story.merged_into.clone()?;
    Some(redirect(request, &story.id, merged_into, below))
}

pub(super) fn redirect(request: &HttpRequest, id: &str, merged_into: String, below: &str) -> HttpResponse {
    let query = match request.query_string() {
        "" => String::new(),
        query => format!("?{query}"),
    };
    let location = format!("/v1/stories/{merged_into}{below}{query}");
    HttpResponse::PermanentRedirect()
        .insert_header((LOCATION, location))
        // An editor may undo the merge.
        .insert_header((CACHE_CONTROL, "no-cache"))
        .json(Merged {
            id: id.to_owned(),
            merged_into,
        })
}

/// A story's articles in the order of publication, the latest first unless asked otherwise; those without a date come last.
#[utoipa::path(get, path = "/v1/stories/{id}/articles", operation_id = "story_articles",
    params(("id" = String, Path), ("sort_direction" = Option<String>, Query, description = "desc (the latest first, as without it), asc; articles without a date come last either way"), ("as_of" = Option<String>, Query, description = "The articles and their texts as they stood then: the number of a change, or an RFC 3339 time, day or month (to its end). Every item has `as_of`, which names what is not known of then"), Paging),
    responses((status = 200, body = Page<ArticleView>), (status = 304), (status = 308, body = Merged), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub async fn articles(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let mut parameters = Parameters::of(&request)?;
    let direction = parameters.one_of("sort_direction", &DIRECTIONS)?;
    let ascending = direction.unwrap_or(false);
    let (story, as_of, paging) = list_of(&app, parameters, &id).await?;
    match (successor(&request, &story, "/articles"), as_of) {
        (Some(redirect), _) => Ok(redirect),
        (None, Some(moment)) => {
            page(&app, &request, paging, move |store, cursor, per_page| {
                store.story_articles_then(&story.id, ascending, moment, cursor, per_page)
            })
            .await
        }
        (None, None) => {
            page(&app, &request, paging, move |store, cursor, per_page| {
                store.story_articles(&story.id, ascending, cursor, per_page)
            })
            .await
        }
    }
}

/// A story's changes, newest first. The history of a merged story is its own.
#[utoipa::path(get, path = "/v1/stories/{id}/history", operation_id = "story_history",
    params(("id" = String, Path), ("as_of" = Option<String>, Query, description = "Up to then: the number of a change, or an RFC 3339 time, day or month (to its end)"), Paging),
    responses((status = 200, body = Page<ChangeView>), (status = 304), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub async fn history(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let (story, as_of, paging) = list_of(&app, Parameters::of(&request)?, &id).await?;
    if let Some(moment) = as_of {
        return page(&app, &request, paging, move |store, cursor, per_page| {
            store.history_then(&story.id, moment, cursor, per_page)
        })
        .await;
    }
    page(&app, &request, paging, move |store, cursor, per_page| {
        store.history(&story.id, cursor, per_page)
    })
    .await
}

/// The story of a list below it, the moment, and the page that is asked for.
async fn list_of(
    app: &App,
    mut parameters: Parameters,
    id: &str,
) -> Result<(StoryView, Option<Moment>, Paging), Problem> {
    let as_of = parameters.as_of()?;
    let paging = parameters.page()?;
    parameters.end()?;
    let story = match as_of {
        Some(moment) => story_then(app, id, moment, None).await?.story,
        None => story(app, id, None).await?,
    };
    Ok((story, as_of, paging))
}

/// Which timeline is asked for.
pub(super) struct Wanted {
    pub(super) options: timeline::Options,
    pub(super) as_of: Option<Moment>,
}

/// Reads which timeline is asked for.
pub(super) fn wanted(parameters: &mut Parameters, app: &App) -> Result<Wanted, Problem> {
    let mut day = |name: &str| parameters.read::<NaiveDate>(name, "a day such as 2023-09-20");
    let (from, to) = ordered((day("from")?, day("to")?), "from", "to")?;
    // As on the story.
    let (title_lang, lang) = (parameters.text("title_lang"), parameters.text("lang"));
    let lang = lang.or(title_lang);
    let options = timeline::Options {
        from,
        to,
        granularity: parameters
            .one_of("granularity", &Granularity::NAMES)?
            .unwrap_or_default(),
        dates: parameters.whole("dates", 1..=1000)?,
        sentences: parameters.whole("sentences", 1..=100)?.unwrap_or(3),
        lang,
        settings: app.settings.timeline.clone(),
    };
    let as_of = parameters.as_of()?;
    Ok(Wanted { options, as_of })
}

/// A story's timeline: events by date, each with the sentence that says so and the articles that report it. `Accept` with `text/csv` or
/// `application/atom+xml` has it in that format, as `…/timeline.{format}` does.
#[utoipa::path(get, path = "/v1/stories/{id}/timeline", operation_id = "story_timeline",
    params(
        ("id" = String, Path), ("from" = Option<String>, Query, description = "First day"), ("to" = Option<String>, Query, description = "Last day"),
        ("dates" = Option<usize>, Query, description = "Number of periods, 1 to 1000; without it, as many as the story deserves"),
        ("granularity" = Option<String>, Query, description = "How long a period is: hour, day, week (from Monday), month; day without it. An event keeps its own date: with hour, the minute in which an article first told of it where that is known"),
        ("sentences" = Option<usize>, Query, description = "Events of one period at most, 1 to 100; 3 without it"),
        ("lang" = Option<String>, Query, description = "The reader's language: its sentences are preferred, others are not left out"),
        ("title_lang" = Option<String>, Query, description = "The same by the name that it has on the story, where `lang` is not given"),
        ("as_of" = Option<String>, Query, description = "From the articles and texts that were in the story then, by today's rules: the number of a change, or an RFC 3339 time, day or month (to its end)")
    ),
    responses((status = 200, content((StoryTimeline = "application/json"), (String = "text/csv"), (String = "application/atom+xml"))), (status = 304), (status = 308, body = Merged), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub async fn timeline(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    negotiated(timeline_as_preferred(app, request, id).await)
}

async fn timeline_as_preferred(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let mut parameters = Parameters::of(&request)?;
    let Wanted { options, as_of } = wanted(&mut parameters, &app)?;
    parameters.end()?;
    if let Some(format) = preferred(
        &request,
        &[("text/csv", Format::Csv), ("application/atom+xml", Format::Atom)],
    ) {
        return told(&app, &request, &id, Wanted { options, as_of }, format, "/timeline").await;
    }
    let store = app.store.clone();
    let timeline = match as_of {
        Some(moment) => {
            let StoryThen { story, as_of } = story_then(&app, &id, moment, None).await?;
            if let Some(redirect) = successor(&request, &story, "/timeline") {
                return Ok(redirect);
            }
            read(move || {
                let articles = store.timeline_articles_then(&story.id, as_of.change)?;
                Ok::<_, StoreError>(StoryTimeline {
                    events: timeline::build(&articles, &options),
                    story_id: story.id,
                    as_of: Some(AsOf {
                        change: as_of.change,
                        not_known: Vec::new(),
                    }),
                })
            })
            .await?
        }
        None => {
            let asked = id.clone();
            let found = read(move || store.story_version(&asked)).await?;
            let version = found.ok_or_else(|| Problem::not_found("story", &id))?;
            if let Some(merged_into) = version.merged_into {
                return Ok(redirect(&request, &id, merged_into, "/timeline"));
            }
            // A timeline is made of the story's articles alone: as long as the story has not changed, it has not.
            let name = format!("{} {options:?}", id.as_str());
            let tag = tag_of(format!("{STARTED:?} {} {name}", version.version).as_bytes());
            if is_known(&request, &tag) {
                return Ok(not_modified(&tag));
            }
            let (memo, store, story_id) = (app.timelines.clone(), app.store.clone(), id.clone());
            let events = read(move || timeline_of(&store, &memo, &story_id, name, version.version, &options)).await?;
            let timeline = SharedTimeline {
                story_id: &id,
                events: &events,
            };
            return Ok(respond(
                &request,
                &Kept {
                    tag,
                    ..written(&timeline)?
                },
            ));
        }
    };
    answer(&request, &timeline)
}

/// A [`StoryTimeline`] whose events are kept for others, too.
#[derive(Serialize)]
struct SharedTimeline<'a> {
    story_id: &'a str,
    events: &'a [Event],
}

/// What makes an `ETag` of a version one of this process: another one may have other rules.
static STARTED: LazyLock<SystemTime> = LazyLock::new(SystemTime::now);

/// A story's timeline, from memory if it was made since the story has changed.
pub fn timeline_of(
    store: &Store,
    memo: &Memo<Arc<Vec<Event>>>,
    story: &str,
    name: String,
    version: u64,
    options: &timeline::Options,
) -> Result<Arc<Vec<Event>>, StoreError> {
    if let Some(events) = memo.get(&name, version) {
        return Ok(events);
    }
    let events = Arc::new(timeline::build(&store.timeline_articles(story)?, options));
    let texts = events
        .iter()
        .map(|event| event.sentence.len() + 64 * event.articles.len());
    let weight = texts.map(|text| text + 256).sum();
    memo.put(name, version, Arc::clone(&events), weight);
    Ok(events)
}

/// Articles of a graph without `max_nodes`, and at most.
const NODES: (usize, usize) = (200, 2_000);

/// The graph of a story's articles: which are linked, how strongly and by what; which links alone hold two parts of the story
/// together (`bridge`), which are narrow (`doubtful`). Of a large story the best linked articles.
#[utoipa::path(get, path = "/v1/stories/{id}/graph", operation_id = "story_graph",
    params(("id" = String, Path), ("max_nodes" = Option<usize>, Query, minimum = 1, maximum = 2000, description = "Articles at most; 200 without it")),
    responses((status = 200, body = StoryGraph), (status = 304), (status = 308, body = Merged), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub async fn graph(app: web::Data<App>, request: HttpRequest, id: web::Path<String>) -> Result<HttpResponse, Problem> {
    let mut parameters = Parameters::of(&request)?;
    let most = parameters.whole("max_nodes", 1..=NODES.1)?.unwrap_or(NODES.0);
    parameters.end()?;
    let story = story(&app, &id, None).await?;
    if let Some(redirect) = successor(&request, &story, "/graph") {
        return Ok(redirect);
    }
    let (store, doubt) = (app.store.clone(), app.settings.review.least_doubt);
    let found = read(move || store.graph(&story.id, most, doubt)).await?;
    let mut graph = found.ok_or_else(|| Problem::not_found("story", &id))?;
    for link in &mut graph.links {
        link.because = link.signals.as_ref().map(|signals| {
            let mut spoke: Vec<(&String, f64)> = signals.iter().map(|(name, part)| (name, *part)).collect();
            spoke.retain(|(_, part)| *part > 0.0);
            spoke.sort_by(|one, other| other.1.total_cmp(&one.1));
            let word = |name: &str| signal_in_words(name).map_or_else(|| name.replace('_', " "), str::to_owned);
            spoke.into_iter().map(|(name, _)| word(name)).collect()
        });
    }
    answer(&request, &graph)
}
