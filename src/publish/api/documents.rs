//! `/v1/documents`.

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, Utc};
use serde_json::Value;

use super::intake::{Accepted, body, hand_over, media_type};
use super::problem::{Kind, Problem, Refused};
use super::{Parameters, answer, read};
use crate::article::{Document, DocumentKind};
use crate::extract::NewsRules;
use crate::pipeline::prepare::submissions;
use crate::publish::App;
use crate::source::{Content, Item, SourceError, decode};
use crate::store::read::DocumentView;

/// Hand in a page as it came: scraped text, HTML, or `{"text", "url", "fetched_at"}`. One document can hold several
/// articles; they are answered in its order.
#[utoipa::path(
    post, path = "/v1/documents",
    params(("wait" = Option<String>, Query, description = "`placed`: answer when the articles are in their stories")),
    request_body(content = String, content_type = "text/plain"),
    responses(
        (status = 200, description = "All are placed", body = Accepted),
        (status = 202, description = "Stored durably, waiting to be placed", body = Accepted),
        (status = 400, body = Problem), (status = 409, body = Problem), (status = 413, body = Problem),
        (status = 415, body = Problem), (status = 422, body = Problem), (status = 429, body = Problem),
        (status = 503, body = Problem), (status = 507, body = Problem)
    )
)]
pub async fn post(app: web::Data<App>, request: HttpRequest, payload: web::Payload) -> Result<HttpResponse, Problem> {
    let mut parameters = Parameters::of(&request)?;
    let wait = parameters.one_of("wait", &[("placed", true)])?.unwrap_or(false);
    parameters.end()?;
    let (kind, charset) = media_type(&request);
    let bytes = body(&request, payload, app.settings.publish.max_body).await?;
    if bytes.is_empty() {
        return Err(Problem::new(Kind::InvalidBody, "the body is empty"));
    }
    let document = match kind.as_str() {
        "text/plain" | "text/html" | "application/xhtml+xml" => {
            let html = kind != "text/plain";
            Document {
                kind: if html { DocumentKind::Html } else { DocumentKind::Text },
                text: decode(&bytes, charset.as_deref(), html).map_err(unreadable)?,
                url: None,
                fetched_at: None,
            }
        }
        "application/json" => of_json(&bytes)?,
        other => {
            let detail =
                format!("the media type {other:?} is not taken; send text/plain, text/html or application/json");
            return Err(Problem::new(Kind::UnsupportedMediaType, detail));
        }
    };
    let rules = NewsRules::new(&app.settings.extract, Utc::now());
    let found = read(move || {
        let place = "the document".to_owned();
        let content = Content::Document(document);
        submissions(Item { place, content }, &rules).map_err(|rejected| Problem::new(Kind::NoArticle, rejected.reason))
    })
    .await?;
    let places = (0..found.len()).collect();
    hand_over(app, found, places, Vec::<Refused>::new(), wait, true).await
}

fn unreadable(error: SourceError) -> Problem {
    Problem::new(Kind::InvalidBody, error.to_string())
}

fn of_json(bytes: &[u8]) -> Result<Document, Problem> {
    let value: Value = serde_json::from_slice(bytes)
        .map_err(|error| Problem::new(Kind::InvalidBody, format!("the body is no JSON in UTF-8: {error}")))?;
    let field = |name: &str| match value.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(Problem::new(Kind::InvalidArticle, format!("`{name}` must be a string")).of_field(name)),
    };
    let text = field("text")?
        .filter(|text| !text.trim().is_empty())
        .ok_or_else(|| Problem::new(Kind::InvalidArticle, "`text` is missing or blank").of_field("text"))?;
    let fetched_at = field("fetched_at")?
        .map(|at| {
            DateTime::parse_from_rfc3339(&at)
                .map(|at| at.with_timezone(&Utc))
                .map_err(|_| {
                    let detail = format!("`fetched_at` must be an RFC 3339 time, not {at:?}");
                    Problem::new(Kind::InvalidArticle, detail).of_field("fetched_at")
                })
        })
        .transpose()?;
    let head = text.trim_start().get(..15).unwrap_or_default().to_ascii_lowercase();
    let html = ["<!doctype", "<html", "<head", "<body", "<?xml"]
        .iter()
        .any(|start| head.starts_with(start));
    Ok(Document {
        kind: if html { DocumentKind::Html } else { DocumentKind::Text },
        text,
        url: field("url")?,
        fetched_at,
    })
}

/// A raw document as it came.
#[utoipa::path(get, path = "/v1/documents/{id}", params(("id" = String, Path)),
    responses((status = 200, body = DocumentView), (status = 304), (status = 404, body = Problem)))]
pub async fn get(app: web::Data<App>, request: HttpRequest, id: web::Path<String>) -> Result<HttpResponse, Problem> {
    Parameters::of(&request)?.end()?;
    let (store, asked) = (app.store.clone(), id.clone());
    let found = read(move || store.document(&asked)).await?;
    answer(&request, &found.ok_or_else(|| Problem::not_found("document", &id))?)
}
