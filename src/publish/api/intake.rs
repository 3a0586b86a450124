//! What both ways in share: bodies, handing over, waiting, answering.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::StreamExt as _;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::problem::{Kind, Problem, Refused};
use super::read;
use crate::article::ArticleId;
use crate::pipeline::{Receipt, Submission};
use crate::publish::App;

/// The answer to a request that handed in articles.
#[derive(Debug, Serialize, ToSchema)]
pub struct Accepted {
    /// One entry for each accepted article, in the order of the request. Without `?wait=placed` its receipt, with it the
    /// article and its receipt's `outcome`.
    #[schema(value_type = Vec<Object>)]
    pub articles: Vec<Value>,
    /// Items that were refused; the others went in.
    pub refused: Vec<Refused>,
}

/// The media type of a body, without parameters, and its charset.
pub fn media_type(request: &HttpRequest) -> (String, Option<String>) {
    let header = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let mut parts = header.split(';');
    let kind = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
    let charset = parts.find_map(|part| {
        let (name, value) = part.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("charset")
            .then(|| value.trim().trim_matches('"').to_owned())
    });
    (kind, charset)
}

/// The whole body, decompressed, within the limit.
pub async fn body(request: &HttpRequest, mut payload: web::Payload, max: usize) -> Result<Vec<u8>, Problem> {
    let too_large = || {
        let detail = format!("the body is larger than publish.max_body = {max} bytes; send less at a time");
        Problem::new(Kind::TooLarge, detail)
    };
    let mut bytes = Vec::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| Problem::new(Kind::InvalidBody, format!("the body ended early: {error}")))?;
        if bytes.len() + chunk.len() > max {
            return Err(too_large());
        }
        bytes.extend_from_slice(&chunk);
    }
    let encoding = request
        .headers()
        .get(CONTENT_ENCODING)
        .and_then(|value| value.to_str().ok());
    match encoding.map(str::to_ascii_lowercase).as_deref() {
        None | Some("identity") => Ok(bytes),
        Some("gzip") => {
            let mut plain = Vec::new();
            let mut reader = flate2::read::MultiGzDecoder::new(bytes.as_slice()).take(max as u64 + 1);
            reader
                .read_to_end(&mut plain)
                .map_err(|error| Problem::new(Kind::InvalidBody, format!("the body is no whole gzip: {error}")))?;
            if plain.len() > max { Err(too_large()) } else { Ok(plain) }
        }
        Some(other) => {
            let detail = format!("the content encoding {other:?} is not taken; send gzip or none");
            Err(Problem::new(Kind::UnsupportedMediaType, detail))
        }
    }
}

/// Hands articles over and answers. `places` holds each submission's index in the request.
pub async fn hand_over(
    app: web::Data<App>,
    submissions: Vec<Submission>,
    places: Vec<usize>,
    mut refused: Vec<Refused>,
    wait: bool,
    single: bool,
) -> Result<HttpResponse, Problem> {
    let receipts: Vec<(usize, Receipt)> = if submissions.is_empty() {
        Vec::new()
    } else {
        let intake = Arc::clone(&app.intake);
        let answers = read(move || intake.accept(submissions)).await?;
        let mut receipts = Vec::new();
        for (place, answer) in places.into_iter().zip(answers) {
            match answer {
                Ok(receipt) => receipts.push((place, receipt)),
                Err(refusal) => refused.push(Refused::of_intake(place, &refusal)),
            }
        }
        receipts
    };
    refused.sort_by_key(|one| one.index);
    if receipts.is_empty() && !refused.is_empty() {
        return Err(match (single, refused.len()) {
            (true, 1) => refused.remove(0).alone(),
            _ => Problem {
                detail: format!("none of the {} items could be used; `refused` says why", refused.len()),
                refused,
                ..Problem::new(Kind::InvalidArticle, "")
            },
        });
    }
    let mut placed = BTreeMap::new();
    if wait {
        let ids: Vec<ArticleId> = receipts.iter().map(|(_, receipt)| receipt.id.clone()).collect();
        let (intake, store) = (Arc::clone(&app.intake), Arc::clone(&app.store));
        let timeout = Duration::from_secs(app.settings.publish.wait_seconds);
        placed = read(move || {
            intake.wait_placed(&ids, timeout);
            let mut views = BTreeMap::new();
            for id in ids {
                if let Some(view) = store.article(id.as_str())? {
                    views.insert(id, view);
                }
            }
            Ok::<_, crate::store::StoreError>(views)
        })
        .await?;
    }
    let done = wait
        && receipts
            .iter()
            .all(|(_, receipt)| placed.get(&receipt.id).is_some_and(|view| view.state != "queued"));
    let mut articles = Vec::with_capacity(receipts.len());
    for (_, receipt) in receipts {
        let mut entry = serde_json::to_value(&receipt).unwrap_or_default();
        if let (Some(view), Some(fields)) = (placed.get(&receipt.id), entry.as_object_mut())
            && let Ok(Value::Object(view)) = serde_json::to_value(view)
        {
            // The article's own fields are the fuller ones.
            fields.extend(view);
        }
        articles.push(entry);
    }
    let mut response = if done {
        HttpResponse::Ok()
    } else {
        HttpResponse::Accepted()
    };
    Ok(response.json(Accepted { articles, refused }))
}
