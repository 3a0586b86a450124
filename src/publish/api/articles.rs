//! `/v1/articles`.

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::Utc;
use serde_json::Value;

use super::intake::{Accepted, body, hand_over, media_type};
use super::problem::{Kind, Problem, Refused};
use super::{Parameters, answer, read};
use crate::extract::NewsRules;
use crate::extract::json::{FieldError, draft};
use crate::pipeline::Submission;
use crate::publish::App;
use crate::store::read::ArticleView;

/// Hand in one article, an array of them, `{"articles": […]}`, or JSON Lines.
#[utoipa::path(
    post, path = "/v1/articles",
    params(("wait" = Option<String>, Query, description = "`placed`: answer when the articles are in their stories")),
    request_body(content = serde_json::Value, description = "id, title, text, published, lang, source, agency, keywords, url"),
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
    let limits = &app.settings.publish;
    let (kind, charset) = media_type(&request);
    if let Some(charset) = charset.filter(|charset| !charset.eq_ignore_ascii_case("utf-8")) {
        let detail = format!("JSON is UTF-8; the charset {charset:?} is not taken");
        return Err(Problem::new(Kind::UnsupportedMediaType, detail));
    }
    let bytes = body(&request, payload, limits.max_body).await?;
    let (values, single) = match kind.as_str() {
        "application/x-ndjson" | "application/jsonl" => (lines(&bytes), false),
        "" | "application/json" => whole(&bytes)?,
        other => {
            let detail = format!(
                "the media type {other:?} is not taken here; send application/json or application/x-ndjson, and pages to /v1/documents"
            );
            return Err(Problem::new(Kind::UnsupportedMediaType, detail));
        }
    };
    if values.is_empty() {
        return Err(Problem::new(Kind::InvalidBody, "the body holds no article"));
    }
    if values.len() > limits.max_articles {
        let detail = format!(
            "{} articles at once are more than publish.max_articles = {}",
            values.len(),
            limits.max_articles
        );
        return Err(Problem::new(Kind::TooLarge, detail));
    }
    let rules = NewsRules::new(&app.settings.extract, Utc::now());
    let (submissions, places, refused) = read(move || {
        let (mut submissions, mut places, mut refused) = (Vec::new(), Vec::new(), Vec::new());
        for (index, value) in values.into_iter().enumerate() {
            let drafted = value.and_then(|value| {
                draft(&value, &rules).map_err(|error: FieldError| Refused {
                    index,
                    kind: Kind::InvalidArticle.name(),
                    field: error.field().map(str::to_owned),
                    detail: error.to_string(),
                })
            });
            match drafted {
                Ok(draft) => {
                    submissions.push(Submission { draft, document: None });
                    places.push(index);
                }
                Err(one) => refused.push(Refused { index, ..one }),
            }
        }
        Ok::<_, Problem>((submissions, places, refused))
    })
    .await?;
    hand_over(app, submissions, places, refused, wait, single).await
}

type Values = Vec<Result<Value, Refused>>;

fn whole(bytes: &[u8]) -> Result<(Values, bool), Problem> {
    let value: Value = serde_json::from_slice(bytes)
        .map_err(|error| Problem::new(Kind::InvalidBody, format!("the body is no JSON in UTF-8: {error}")))?;
    Ok(match value {
        Value::Array(values) => (values.into_iter().map(Ok).collect(), false),
        Value::Object(mut fields) => match fields.remove("articles") {
            Some(Value::Array(values)) => (values.into_iter().map(Ok).collect(), false),
            Some(_) => return Err(Problem::new(Kind::InvalidBody, "`articles` must be an array").of_field("articles")),
            None => (vec![Ok(Value::Object(fields))], true),
        },
        _ => {
            return Err(Problem::new(
                Kind::InvalidBody,
                "expected an article, an array of them, or {\"articles\": […]}",
            ));
        }
    })
}

fn lines(bytes: &[u8]) -> Values {
    bytes
        .split(|byte| *byte == b'\n')
        .enumerate()
        .filter(|(_, line)| !line.trim_ascii().is_empty())
        .map(|(index, line)| {
            serde_json::from_slice(line).map_err(|error| Refused {
                index,
                kind: Kind::InvalidBody.name(),
                detail: format!("line {} is no JSON in UTF-8: {error}", index + 1),
                field: None,
            })
        })
        .collect()
}

/// One article, with what was cut out of it.
#[utoipa::path(get, path = "/v1/articles/{id}", params(("id" = String, Path)),
    responses((status = 200, body = ArticleView), (status = 304), (status = 404, body = Problem)))]
pub async fn get(app: web::Data<App>, request: HttpRequest, id: web::Path<String>) -> Result<HttpResponse, Problem> {
    Parameters::of(&request)?.end()?;
    let (store, asked) = (app.store.clone(), id.clone());
    let found = read(move || store.article(&asked)).await?;
    answer(&request, &found.ok_or_else(|| Problem::not_found("article", &id))?)
}

/// Why an article is in its story: nearest members with the part of each signal, the runner-up and the margin.
#[utoipa::path(get, path = "/v1/articles/{id}/placement", params(("id" = String, Path)),
    responses((status = 200, body = serde_json::Value), (status = 304), (status = 404, body = Problem)))]
pub async fn placement(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    Parameters::of(&request)?.end()?;
    let (store, asked) = (app.store.clone(), id.clone());
    let found = read(move || store.placement(&asked)).await?;
    match found {
        None => Err(Problem::not_found("article", &id)),
        Some(None) => Err(Problem::new(
            Kind::NotFound,
            format!("the article {:?} waits to be placed", id.as_str()),
        )),
        Some(Some(placement)) => answer(&request, &placement),
    }
}
