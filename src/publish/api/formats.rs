//! `/v1/stories/{id}/timeline.{format}` and `/v1/stories/{id}.jsonld`.

use std::sync::Arc;

use actix_web::http::header::{ACCEPT, CACHE_CONTROL, ContentDisposition, ETAG, HeaderValue, VARY};
use actix_web::{HttpRequest, HttpResponse, web};

use super::problem::{Kind, Problem};
use super::stories::{Wanted, redirect, story, story_then, successor, timeline_of, wanted};
use super::{Parameters, is_known, not_modified, read, tag_of};
use crate::publish::App;
use crate::publish::formats::Told;
use crate::store::StoreError;
use crate::store::read::{StoryThen, StoryView};
use crate::timeline::{self, Event};

/// A format that a timeline, or a story, can be had in beside JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A table.
    Csv,
    /// A feed.
    Atom,
    /// For the program of this name.
    TimelineJs,
    /// Linked data.
    JsonLd,
}

impl Format {
    /// Of a timeline's suffix.
    fn of_suffix(suffix: &str) -> Option<Self> {
        match suffix {
            "csv" => Some(Self::Csv),
            "atom" => Some(Self::Atom),
            "timelinejs" => Some(Self::TimelineJs),
            _ => None,
        }
    }

    fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Atom => "application/atom+xml; charset=utf-8",
            Self::TimelineJs => "application/json",
            Self::JsonLd => "application/ld+json",
        }
    }
}

/// The one of these formats that `Accept` prefers to JSON, if it does.
pub fn preferred(request: &HttpRequest, offered: &[(&str, Format)]) -> Option<Format> {
    let accept = request.headers().get(ACCEPT)?.to_str().ok()?;
    let mut best: (f32, Option<Format>) = (0.0, None);
    for range in accept.split(',') {
        let mut fields = range.split(';').map(str::trim);
        let name = fields.next().unwrap_or_default().to_ascii_lowercase();
        let weight = fields
            .find_map(|field| field.strip_prefix("q=")?.parse::<f32>().ok())
            .unwrap_or(1.0);
        let found = match name.as_str() {
            "application/json" | "application/*" | "*/*" => None,
            name => match offered.iter().find(|(offered, _)| *offered == name) {
                Some((_, format)) => Some(*format),
                None => continue,
            },
        };
        // The first of equals; JSON for who takes anything.
        if weight > best.0 {
            best = (weight, found);
        }
    }
    best.1
}

/// Says that another `Accept` may have another answer at this address.
pub fn negotiated(answer: Result<HttpResponse, Problem>) -> Result<HttpResponse, Problem> {
    let mut answer = answer?;
    answer.headers_mut().insert(VARY, HeaderValue::from_static("accept"));
    Ok(answer)
}

/// A story's timeline in another format: `csv` (RFC 4180, UTF-8; a row for every event; a cell that a spreadsheet would take for a
/// formula begins with an apostrophe; `article_ids` are percent-encoded, with spaces between), `atom` (an entry for every event, whose id
/// stays when another sentence is chosen: it is of the story, the date and the event's article that came first), or `timelinejs` (the JSON that TimelineJS reads; events without a date are left out). `Accept` with
/// `text/csv` or `application/atom+xml` has the same effect on the address without a suffix.
#[utoipa::path(get, path = "/v1/stories/{id}/timeline.{format}", operation_id = "story_timeline_as",
    params(
        ("id" = String, Path), ("format" = String, Path, description = "csv, atom, timelinejs", pattern = "^(csv|atom|timelinejs)$"),
        ("from" = Option<String>, Query, description = "First day"), ("to" = Option<String>, Query, description = "Last day"),
        ("dates" = Option<usize>, Query, description = "Number of periods, 1 to 1000"),
        ("granularity" = Option<String>, Query, description = "hour, day, week, month"),
        ("sentences" = Option<usize>, Query, description = "Events of one period at most, 1 to 100; 3 without it"),
        ("lang" = Option<String>, Query, description = "The reader's language"), ("title_lang" = Option<String>, Query, description = "The same, where `lang` is not given"),
        ("as_of" = Option<String>, Query, description = "As the story stood then: the number of a change, or an RFC 3339 time, day or month")
    ),
    responses((status = 200, content((String = "text/csv"), (String = "application/atom+xml"), (Object = "application/json"))), (status = 304),
        (status = 308, description = "Merged; Location is the same of its successor", body = super::stories::Merged), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub async fn timeline(
    app: web::Data<App>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (id, suffix) = path.into_inner();
    let Some(format) = Format::of_suffix(&suffix) else {
        let detail = format!(
            "there is no timeline as {suffix:?}; there are csv, atom and timelinejs, and JSON without a suffix"
        );
        return Err(Problem::new(Kind::NotFound, detail));
    };
    let mut parameters = Parameters::of(&request)?;
    let wanted = wanted(&mut parameters, &app)?;
    parameters.end()?;
    told(&app, &request, &id, wanted, format, &format!("/timeline.{suffix}")).await
}

/// A story as linked data in the words of schema.org: a `CollectionPage` about an `ItemList` of `Event`s, each the subject of
/// `NewsArticle`s. `Accept: application/ld+json` has the same effect on the story's address.
#[utoipa::path(get, path = "/v1/stories/{id}.jsonld", operation_id = "story_jsonld",
    params(
        ("id" = String, Path), ("from" = Option<String>, Query, description = "First day"), ("to" = Option<String>, Query, description = "Last day"),
        ("dates" = Option<usize>, Query, description = "Number of periods, 1 to 1000"),
        ("granularity" = Option<String>, Query, description = "hour, day, week, month"),
        ("sentences" = Option<usize>, Query, description = "Events of one period at most, 1 to 100; 3 without it"),
        ("lang" = Option<String>, Query, description = "The reader's language"), ("title_lang" = Option<String>, Query, description = "The same, where `lang` is not given"),
        ("as_of" = Option<String>, Query, description = "As the story stood then")
    ),
    responses((status = 200, content_type = "application/ld+json", body = Object), (status = 304),
        (status = 308, description = "Merged", body = super::stories::Merged), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub async fn json_ld(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let mut parameters = Parameters::of(&request)?;
    let wanted = wanted(&mut parameters, &app)?;
    parameters.end()?;
    told(&app, &request, &id, wanted, Format::JsonLd, ".jsonld").await
}

/// A story with its timeline, in a format. `below` is what stands behind the story's address.
pub async fn told(
    app: &App,
    request: &HttpRequest,
    id: &str,
    Wanted { options, as_of }: Wanted,
    format: Format,
    below: &str,
) -> Result<HttpResponse, Problem> {
    let (found, events) = match as_of {
        Some(moment) => {
            let StoryThen { story, as_of } = story_then(app, id, moment, options.lang.clone()).await?;
            if let Some(redirect) = successor(request, &story, below) {
                return Ok(redirect);
            }
            let (store, asked) = (app.store.clone(), story.id.clone());
            let events = read(move || {
                let articles = store.timeline_articles_then(&asked, as_of.change)?;
                Ok::<_, StoreError>(Arc::new(timeline::build(&articles, &options)))
            })
            .await?;
            (story, events)
        }
        None => {
            let mut found = story(app, id, options.lang.clone()).await?;
            if let Some(merged_into) = found.merged_into.take() {
                return Ok(redirect(request, id, merged_into, below));
            }
            let events = events_of(app, &found, options).await?;
            (found, events)
        }
    };
    let store = app.store.clone();
    let named = Arc::clone(&events);
    let articles = read(move || {
        let ids = named
            .iter()
            .flat_map(|event| event.articles.iter().chain([&event.article]));
        store.article_refs(ids.map(crate::article::ArticleId::as_str))
    })
    .await?;
    let info = request.connection_info().clone();
    let told = Told {
        story: &found,
        events: &events,
        articles: &articles,
        base: &format!("{}://{}", info.scheme(), info.host()),
    };
    let internal = |error: String| Problem::new(Kind::Internal, error);
    let text = match format {
        Format::Csv => told.csv(),
        Format::Atom => {
            let own = request.uri().path_and_query().map_or("", |own| own.as_str());
            told.atom(own).map_err(|error| internal(error.to_string()))?
        }
        Format::TimelineJs => told.timelinejs().to_string(),
        Format::JsonLd => told.json_ld().to_string(),
    };
    drop(info);
    let tag = tag_of(text.as_bytes());
    if is_known(request, &tag) {
        return Ok(not_modified(&tag));
    }
    let mut answer = HttpResponse::Ok();
    if format == Format::Csv {
        // What a spreadsheet is to keep has a name.
        answer.insert_header(ContentDisposition::attachment(format!("timeline-{}.csv", found.id)));
    }
    Ok(answer
        .insert_header((ETAG, tag))
        .insert_header((CACHE_CONTROL, "no-cache"))
        .content_type(format.media_type())
        .body(text))
}

/// The events of a story as it is, from memory where they are.
async fn events_of(app: &App, story: &StoryView, options: timeline::Options) -> Result<Arc<Vec<Event>>, Problem> {
    let (store, memo, id, version) = (
        app.store.clone(),
        app.timelines.clone(),
        story.id.clone(),
        story.version,
    );
    read(move || {
        let name = format!("{id} {options:?}");
        timeline_of(&store, &memo, &id, name, version, &options)
    })
    .await
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn json_is_for_who_takes_anything() {
        let offered = [("text/csv", Format::Csv), ("application/atom+xml", Format::Atom)];
        let of = |accept: &str| {
            let request = TestRequest::default().insert_header((ACCEPT, accept)).to_http_request();
            preferred(&request, &offered)
        };
        assert_eq!(of("*/*"), None);
        assert_eq!(of("text/html, */*;q=0.8"), None);
        assert_eq!(of("text/csv"), Some(Format::Csv));
        assert_eq!(of("application/atom+xml;q=0.5, application/json"), None);
        assert_eq!(
            of("application/json;q=0.4, application/atom+xml;q=0.9, */*;q=0.1"),
            Some(Format::Atom)
        );
        assert_eq!(of("image/png"), None);
        let none = TestRequest::default().to_http_request();
        assert_eq!(preferred(&none, &offered), None);
    }
}
