//! `/v1/documents`.

use std::time::Instant;

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, Utc};
use serde_json::Value;
use utoipa::ToSchema;

use super::intake::{Accepted, Found, IdempotencyKey, Wait, body, hand_over, json, media_type, once, refuse};
use super::problem::{Kind, Problem};
use super::{Parameters, answer, read};
use crate::article::{Document, DocumentKind};
use crate::extract::NewsRules;
use crate::pipeline::prepare::submissions;
use crate::publish::App;
use crate::source::{Content, Item, decode};
use crate::store::read::DocumentView;

/// Hand in a page as it came: scraped text, HTML, or `{"text", "url", "fetched_at"}`. One document can hold several
/// articles; they are answered in its order.
#[utoipa::path(
    post, path = "/v1/documents", operation_id = "hand_in_document", params(Wait, IdempotencyKey),
    request_body(content((String = "text/plain"), (String = "text/html"), (PageJson = "application/json"))),
    responses(Accepted)
)]
pub async fn post(app: web::Data<App>, request: HttpRequest, payload: web::Payload) -> Result<HttpResponse, Problem> {
    let wait = Wait::of(&request)?;
    let form = form(&request)?;
    let bytes = body(&app, &request, payload).await?;
    let document = match document(form, &bytes) {
        Ok(document) => document,
        Err(problem) => return Err(refuse(&app, &request, problem, &bytes).await),
    };
    let once = once(&request, &bytes)?;
    let rules = NewsRules::new(&app.settings.extract, Utc::now());
    let metrics = app.metrics.clone();
    let found = read(move || {
        let place = "the document".to_owned();
        let content = Content::Document(document);
        let started = Instant::now();
        let found = submissions(Item { place, content }, &rules);
        metrics.extracted(started.elapsed());
        found.map_err(|rejected| Problem::new(Kind::NoArticle, rejected.reason))
    })
    .await;
    let submissions = match found {
        Ok(submissions) => submissions,
        Err(problem) if problem.is(Kind::NoArticle) => return Err(refuse(&app, &request, problem, &bytes).await),
        Err(problem) => return Err(problem),
    };
    let places: Vec<usize> = (0..submissions.len()).collect();
    let found = Found {
        submissions,
        places,
        refused: Vec::new(),
        once,
        single: true,
    };
    hand_over(app, &request, found, wait, |_| {
        String::from_utf8_lossy(&bytes).into_owned()
    })
    .await
}

/// For the description: a page as JSON.
#[derive(ToSchema)]
#[expect(dead_code, reason = "read field by field, to name the one at fault")]
pub struct PageJson {
    /// Scraped text, or HTML.
    text: String,
    /// Its address.
    url: Option<String>,
    /// When it was fetched, RFC 3339: what relative dates in it are counted from.
    fetched_at: Option<String>,
}

/// What a body is.
enum Form {
    /// Text in this charset, if the request says so.
    Text(Option<String>),
    /// A page, likewise.
    Html(Option<String>),
    Json,
}

fn form(request: &HttpRequest) -> Result<Form, Problem> {
    let (kind, charset) = media_type(request);
    match kind.as_str() {
        "text/plain" => Ok(Form::Text(charset)),
        "text/html" | "application/xhtml+xml" => Ok(Form::Html(charset)),
        "application/json" => Ok(Form::Json),
        other => {
            let detail =
                format!("the media type {other:?} is not taken; send text/plain, text/html or application/json");
            Err(Problem::new(Kind::UnsupportedMediaType, detail))
        }
    }
}

fn document(form: Form, bytes: &[u8]) -> Result<Document, Problem> {
    if bytes.is_empty() {
        return Err(Problem::new(Kind::InvalidBody, "the body is empty"));
    }
    let (kind, charset) = match form {
        Form::Json => return of_json(bytes),
        Form::Text(charset) => (DocumentKind::Text, charset),
        Form::Html(charset) => (DocumentKind::Html, charset),
    };
    let text = decode(bytes, charset.as_deref(), kind == DocumentKind::Html)
        .map_err(|error| Problem::new(Kind::InvalidBody, error.to_string()))?;
    Ok(Document {
        kind,
        text,
        url: None,
        fetched_at: None,
    })
}

fn of_json(bytes: &[u8]) -> Result<Document, Problem> {
    let value = json(bytes)?;
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
#[utoipa::path(get, path = "/v1/documents/{id}", operation_id = "document", params(("id" = String, Path)),
    responses((status = 200, body = DocumentView), (status = 304), (status = 404, body = Problem)))]
pub async fn get(app: web::Data<App>, request: HttpRequest, id: web::Path<String>) -> Result<HttpResponse, Problem> {
    Parameters::of(&request)?.end()?;
    let (store, asked) = (app.store.clone(), id.clone());
    let found = read(move || store.document(&asked)).await?;
    answer(&request, &found.ok_or_else(|| Problem::not_found("document", &id))?)
}
