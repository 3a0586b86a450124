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
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder, ResponsesBuilder};
use utoipa::{IntoParams, IntoResponses, ToSchema};

use super::problem::{Kind, Problem, Refused};
use super::{Parameters, read};
use crate::article::ArticleId;
use crate::pipeline::{Answers, Once, Receipt, RefusedInput, Submission};
use crate::publish::App;
use crate::publish::access::Caller;
use crate::publish::request_id::RequestId;

/// Bytes of a refused body that are handed over to be kept.
const KEPT_BYTES: usize = 10_000;

/// The answer to a request that handed in articles.
#[derive(Debug, Serialize, ToSchema)]
pub struct Accepted {
    /// One entry for each accepted article, in the order of the request. Without `?wait=placed` its receipt, with it the
    /// article and its receipt's `outcome`.
    #[schema(value_type = Vec<Object>)]
    pub articles: Vec<Value>,
    /// Items that were refused; the others went in. `/v1/refused` keeps them.
    pub refused: Vec<Refused>,
}

/// The answers to every request that hands in articles.
impl IntoResponses for Accepted {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let of = |schema: &str, kind: &str, said: &str| {
            let content = ContentBuilder::new()
                .schema(Some(Ref::from_schema_name(schema)))
                .build();
            ResponseBuilder::new().description(said).content(kind, content)
        };
        let mut responses = ResponsesBuilder::new()
            .response("200", of("Accepted", "application/json", "All are placed"))
            .response(
                "202",
                of("Accepted", "application/json", "Stored durably, waiting to be placed"),
            );
        for (status, said) in [
            ("400", "The body or a parameter cannot be read"),
            ("408", "The body came in too slowly"),
            (
                "409",
                "The id belongs to another article, or the request with this Idempotency-Key is being stored",
            ),
            ("413", "Too large"),
            ("415", "A media type, charset or encoding that is not taken"),
            (
                "422",
                "No article that could be used, or the Idempotency-Key came with another request",
            ),
            (
                "429",
                "The queue is full, or there were too many requests: come back after Retry-After",
            ),
            ("503", "The service stops, or its store cannot be written"),
            ("507", "The disk is full"),
        ] {
            responses = responses.response(status, of("Problem", "application/problem+json", said));
        }
        responses.build().into()
    }
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

/// The parameters of a request that hands in articles.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Wait {
    /// `placed`: answer when the articles are in their stories
    #[param(value_type = Option<String>)]
    wait: bool,
}

impl Wait {
    /// Reads them.
    pub fn of(request: &HttpRequest) -> Result<Self, Problem> {
        let mut parameters = Parameters::of(request)?;
        let wait = parameters.one_of("wait", &[("placed", true)])?.unwrap_or(false);
        parameters.end()?;
        Ok(Self { wait })
    }
}

/// For the description: the header by which a request counts once.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "read from the header by `once`")]
pub struct IdempotencyKey {
    /// A string of the feeder's own, new for every request. The same request with it gets its first answer again, with
    /// `Idempotency-Replayed: true`, and nothing is stored twice, across restarts too, for `pipeline.keep_answers_hours`
    #[param(rename = "Idempotency-Key", max_length = 255)]
    key: Option<String>,
}

/// Longest `Idempotency-Key`, in bytes.
const LONGEST_KEY: usize = 255;

/// The request's `Idempotency-Key`, if it has one: a string of a structured field (RFC 8941), or as it stands.
fn idempotency_key(request: &HttpRequest) -> Result<Option<String>, Problem> {
    let Some(given) = request.headers().get("idempotency-key") else {
        return Ok(None);
    };
    let key = given.to_str().unwrap_or_default().trim();
    let key = match key.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(quoted) => quoted.replace("\\\"", "\"").replace("\\\\", "\\"),
        None => key.to_owned(),
    };
    let fit = (1..=LONGEST_KEY).contains(&key.len()) && key.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if fit {
        return Ok(Some(key));
    }
    let detail = format!("`Idempotency-Key` must be a string of 1 to {LONGEST_KEY} characters of ASCII");
    Err(Problem::new(Kind::InvalidParameter, detail).of_field("Idempotency-Key"))
}

/// A request that may come twice, if it says so by an `Idempotency-Key`.
///
/// # Errors
/// When the key is none.
pub fn once(request: &HttpRequest, body: &[u8]) -> Result<Option<Once>, Problem> {
    use sha2::{Digest, Sha256};
    let Some(key) = idempotency_key(request)? else {
        return Ok(None);
    };
    let mut hasher = Sha256::new();
    hasher.update(request.path());
    hasher.update([0]);
    hasher.update(media_type(request).0);
    hasher.update([0]);
    hasher.update(body);
    let digest = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    let owner = Caller::of(request).and_then(|caller| caller.name().map(str::to_owned));
    Ok(Some(Once {
        key,
        owner: owner.unwrap_or_default(),
        digest,
    }))
}

/// The whole body, decompressed, within the limit.
pub async fn body(app: &App, request: &HttpRequest, mut payload: web::Payload) -> Result<Vec<u8>, Problem> {
    let max = app.settings.publish.max_body;
    let too_large = || {
        let detail = format!("the body is larger than publish.max_body = {max} bytes; send less at a time");
        Problem::new(Kind::TooLarge, detail)
    };
    let encoding = request
        .headers()
        .get(CONTENT_ENCODING)
        .and_then(|value| value.to_str().ok());
    let gzip = match encoding.map(str::to_ascii_lowercase).as_deref() {
        None | Some("identity") => false,
        Some("gzip") => true,
        Some(other) => {
            let detail = format!("the content encoding {other:?} is not taken; send gzip or none");
            return Err(Problem::new(Kind::UnsupportedMediaType, detail));
        }
    };
    let mut bytes = Vec::new();
    let seconds = app.settings.publish.body_seconds;
    let until = tokio::time::Instant::now() + Duration::from_secs(seconds);
    loop {
        let Ok(chunk) = tokio::time::timeout_at(until, payload.next()).await else {
            let detail =
                format!("the body did not come in within publish.body_seconds = {seconds}; send less at a time");
            return Err(Problem::new(Kind::TooSlow, detail));
        };
        let Some(chunk) = chunk else { break };
        let chunk = chunk.map_err(|error| Problem::new(Kind::InvalidBody, format!("the body ended early: {error}")))?;
        if bytes.len() + chunk.len() > max {
            return Err(refuse(app, request, too_large(), &bytes).await);
        }
        bytes.extend_from_slice(&chunk);
    }
    if !gzip {
        return Ok(bytes);
    }
    let mut plain = Vec::new();
    let mut reader = flate2::read::MultiGzDecoder::new(bytes.as_slice()).take(max as u64 + 1);
    let problem = match reader.read_to_end(&mut plain) {
        Ok(_) if plain.len() <= max => return Ok(plain),
        Ok(_) => too_large(),
        Err(error) => Problem::new(Kind::InvalidBody, format!("the body is no whole gzip: {error}")),
    };
    Err(refuse(app, request, problem, &plain).await)
}

/// A body that is JSON.
pub fn json(bytes: &[u8]) -> Result<Value, Problem> {
    serde_json::from_slice(bytes)
        .map_err(|error| Problem::new(Kind::InvalidBody, format!("the body is no JSON in UTF-8: {error}")))
}

/// Keeps a body that was refused as a whole, and gives its problem back for the answer.
pub async fn refuse(app: &App, request: &HttpRequest, problem: Problem, body: &[u8]) -> Problem {
    let beginning = body.get(..KEPT_BYTES).unwrap_or(body);
    let refused = RefusedInput {
        place: place(request),
        reason: problem.detail.clone(),
        input: String::from_utf8_lossy(beginning).into_owned(),
    };
    keep(app, vec![refused]).await;
    problem
}

/// Where a refused input came from.
fn place(request: &HttpRequest) -> String {
    format!("POST {}, request {}", request.path(), RequestId::of(request))
}

/// Keeps what was refused. The answer does not depend on it: the feeder is told in any case.
async fn keep(app: &App, refused: Vec<RefusedInput>) {
    let intake = Arc::clone(&app.intake);
    let kept = read(move || intake.keep_refused(&refused)).await;
    if let Err(problem) = kept {
        tracing::warn!(%problem, "refused inputs could not be kept");
    }
}

/// What was found in a request.
pub struct Found {
    /// Articles to hand over.
    pub submissions: Vec<Submission>,
    /// Each submission's index in the request.
    pub places: Vec<usize>,
    /// Items that were refused already.
    pub refused: Vec<Refused>,
    /// It may come twice.
    pub once: Option<Once>,
    /// The request was for one article or document.
    pub single: bool,
}

/// Hands articles over and answers. `input` gives the item of the request with an index, to be kept if it is refused.
pub async fn hand_over(
    app: web::Data<App>,
    request: &HttpRequest,
    found: Found,
    Wait { wait }: Wait,
    input: impl Fn(usize) -> String,
) -> Result<HttpResponse, Problem> {
    let Found {
        submissions,
        places,
        mut refused,
        once,
        single,
    } = found;
    let mut again = false;
    let receipts: Vec<(usize, Receipt)> = if submissions.is_empty() {
        Vec::new()
    } else {
        let intake = Arc::clone(&app.intake);
        let answers = read(move || match once {
            Some(once) => intake.accept_once(submissions, &once),
            None => intake.accept(submissions).map(|each| Answers { each, again: false }),
        })
        .await?;
        again = answers.again;
        let mut receipts = Vec::new();
        for (place, answer) in places.into_iter().zip(answers.each) {
            match answer {
                Ok(receipt) => receipts.push((place, receipt)),
                Err(refusal) => refused.push(Refused::of_intake(place, &refusal)),
            }
        }
        receipts
    };
    refused.sort_by_key(|one| one.index);
    // What was refused the first time is kept already.
    if !refused.is_empty() && !again {
        let to_keep = |one: &Refused| RefusedInput {
            place: format!("{}, item {}", place(request), one.index),
            reason: one.detail.clone(),
            input: input(one.index),
        };
        keep(&app, refused.iter().map(to_keep).collect()).await;
    }
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
    if again {
        response.insert_header(("idempotency-replayed", "true"));
    }
    Ok(response.json(Accepted { articles, refused }))
}
