//! `/v1/articles`.

use std::time::Instant;

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::Utc;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::intake::{Accepted, Found, IdempotencyKey, Wait, body, hand_over, json, media_type, once, refuse};
use super::problem::{Kind, Problem, Refused};
use super::{Parameters, answer, read};
use crate::extract::NewsRules;
use crate::extract::json::draft;
use crate::pipeline::Submission;
use crate::publish::App;
use crate::store::StoreError;
use crate::store::read::{AlsoIn, ArticleView, PlacementView};

/// Hand in one article, an array of them, `{"articles": […]}`, or JSON Lines.
#[utoipa::path(
    post, path = "/v1/articles", operation_id = "hand_in_articles", params(Wait, IdempotencyKey),
    request_body(content((serde_json::Value = "application/json"), (String = "application/x-ndjson")), description = "id, title, text, published, lang, source, agency, keywords, url"),
    responses(Accepted)
)]
pub async fn post(app: web::Data<App>, request: HttpRequest, payload: web::Payload) -> Result<HttpResponse, Problem> {
    let wait = Wait::of(&request)?;
    let form = form(&request)?;
    let bytes = body(&app, &request, payload).await?;
    let (items, single) = match items(form, &bytes, app.settings.publish.max_articles) {
        Ok(items) => items,
        Err(problem) => return Err(refuse(&app, &request, problem, &bytes).await),
    };
    let once = once(&request, &bytes)?;
    let rules = NewsRules::new(&app.settings.extract, Utc::now());
    let metrics = app.metrics.clone();
    let (found, items) = read(move || {
        let started = Instant::now();
        let found = drafted(&items, &rules, single);
        metrics.extracted(started.elapsed());
        Ok::<_, Problem>((found, items))
    })
    .await?;
    let found = Found { once, ..found };
    let input = |index: usize| items.get(index).map(Item::to_string).unwrap_or_default();
    hand_over(app, &request, found, wait, input).await
}

/// How articles are written in a body.
enum Form {
    Json,
    Lines,
}

fn form(request: &HttpRequest) -> Result<Form, Problem> {
    let (kind, charset) = media_type(request);
    if let Some(charset) = charset.filter(|charset| !charset.eq_ignore_ascii_case("utf-8")) {
        let detail = format!("JSON is UTF-8; the charset {charset:?} is not taken");
        return Err(Problem::new(Kind::UnsupportedMediaType, detail));
    }
    match kind.as_str() {
        "application/x-ndjson" | "application/jsonl" => Ok(Form::Lines),
        "" | "application/json" => Ok(Form::Json),
        other => {
            let detail = format!(
                "the media type {other:?} is not taken here; send application/json or application/x-ndjson, and pages to /v1/documents"
            );
            Err(Problem::new(Kind::UnsupportedMediaType, detail))
        }
    }
}

/// One item of a request.
enum Item {
    Read(Value),
    /// A line that is no JSON, and why.
    Broken(String, String),
}

impl std::fmt::Display for Item {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Read(value) => value.fmt(f),
            Self::Broken(line, _) => f.write_str(line),
        }
    }
}

/// The items of a body, and whether it is a single article.
fn items(form: Form, bytes: &[u8], most: usize) -> Result<(Vec<Item>, bool), Problem> {
    let (items, single) = match form {
        Form::Lines => (lines(bytes), false),
        Form::Json => whole(bytes)?,
    };
    if items.is_empty() {
        return Err(Problem::new(Kind::InvalidBody, "the body holds no article"));
    }
    if items.len() > most {
        let detail = format!(
            "{} articles at once are more than publish.max_articles = {most}; send fewer at a time",
            items.len()
        );
        return Err(Problem::new(Kind::TooLarge, detail));
    }
    Ok((items, single))
}

fn whole(bytes: &[u8]) -> Result<(Vec<Item>, bool), Problem> {
    let all = |values: Vec<Value>| values.into_iter().map(Item::Read).collect();
    Ok(match json(bytes)? {
        Value::Array(values) => (all(values), false),
        Value::Object(mut fields) => match fields.remove("articles") {
            Some(Value::Array(values)) => (all(values), false),
            Some(_) => return Err(Problem::new(Kind::InvalidBody, "`articles` must be an array").of_field("articles")),
            None => (vec![Item::Read(Value::Object(fields))], true),
        },
        _ => {
            return Err(Problem::new(
                Kind::InvalidBody,
                "expected an article, an array of them, or {\"articles\": […]}",
            ));
        }
    })
}

fn lines(bytes: &[u8]) -> Vec<Item> {
    bytes
        .split(|byte| *byte == b'\n')
        .enumerate()
        .filter(|(_, line)| !line.trim_ascii().is_empty())
        .map(|(number, line)| match serde_json::from_slice(line) {
            Ok(value) => Item::Read(value),
            Err(error) => Item::Broken(
                String::from_utf8_lossy(line).into_owned(),
                format!("line {} is no JSON in UTF-8: {error}", number + 1),
            ),
        })
        .collect()
}

/// Makes drafts of what can be used.
fn drafted(items: &[Item], rules: &NewsRules, single: bool) -> Found {
    let mut found = Found {
        submissions: Vec::new(),
        places: Vec::new(),
        refused: Vec::new(),
        once: None,
        single,
    };
    for (index, item) in items.iter().enumerate() {
        let (kind, detail, field) = match item {
            Item::Read(value) => match draft(value, rules) {
                Ok(draft) => {
                    found.submissions.push(Submission { draft, document: None });
                    found.places.push(index);
                    continue;
                }
                Err(error) => (
                    Kind::InvalidArticle,
                    error.to_string(),
                    error.field().map(str::to_owned),
                ),
            },
            Item::Broken(_, reason) => (Kind::InvalidBody, reason.clone(), None),
        };
        found.refused.push(Refused {
            index,
            kind: kind.name(),
            detail,
            field,
        });
    }
    found
}

/// An article with the other stories that it is about.
#[derive(Debug, Serialize, ToSchema)]
pub struct ArticleWithStories {
    /// The article.
    #[serde(flatten)]
    pub article: ArticleView,
    /// Other stories that it is about, the best supported first; it is counted in `story_id` alone.
    pub also_in: Vec<AlsoIn>,
}

/// One article, with what was cut out of it and the other stories that it is about.
#[utoipa::path(get, path = "/v1/articles/{id}", operation_id = "article", params(("id" = String, Path)),
    responses((status = 200, body = ArticleWithStories), (status = 304), (status = 404, body = Problem)))]
pub async fn get(app: web::Data<App>, request: HttpRequest, id: web::Path<String>) -> Result<HttpResponse, Problem> {
    Parameters::of(&request)?.end()?;
    let (store, settings, asked) = (app.store.clone(), app.settings.clone(), id.clone());
    let found = read(move || {
        let Some(article) = store.article(&asked)? else {
            return Ok(None);
        };
        let also_in = store.also_in(&asked, &settings.also, settings.story.resolution)?;
        Ok::<_, StoreError>(Some(ArticleWithStories { article, also_in }))
    })
    .await?;
    answer(&request, &found.ok_or_else(|| Problem::not_found("article", &id))?)
}

/// Why an article is in its story: nearest members with the part of each signal, the runner-up and the margin.
#[utoipa::path(get, path = "/v1/articles/{id}/placement", operation_id = "placement", params(("id" = String, Path)),
    responses((status = 200, body = PlacementView), (status = 304), (status = 404, body = Problem)))]
pub async fn placement(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    Parameters::of(&request)?.end()?;
    let (store, asked) = (app.store.clone(), id.clone());
    let found = read(move || match store.placement(&asked)? {
        Some(Some(placement)) => PlacementView::of(placement).map(|view| Some(Some(view))),
        other => Ok::<_, StoreError>(other.map(|_| None)),
    })
    .await?;
    match found {
        None => Err(Problem::not_found("article", &id)),
        Some(None) => Err(Problem::new(
            Kind::NotFound,
            format!("the article {:?} waits to be placed", id.as_str()),
        )),
        Some(Some(placement)) => answer(&request, &placement),
    }
}
