//! `/v1/corrections`.

use std::sync::Arc;

use actix_web::http::header::{IF_MATCH, LOCATION};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize as _;
use serde_json::Value;
use utoipa::ToSchema;

use super::intake::{body, json, media_type};
use super::problem::{Kind, Problem, StoryChanges};
use super::{Paging, Parameters, answer, page, read};
use crate::correction::{Correction, MOST_CHARACTERS, MOST_NAMED, Signature};
use crate::pipeline::{ChangedStory, CorrectionError, Decree, SeenStory};
use crate::publish::App;
use crate::publish::access::Caller;
use crate::store::Store;
use crate::store::read::{CorrectionView, PER_PAGE, Page};

/// A correction with its signature, as it is handed in.
#[derive(Debug, ToSchema)]
pub struct Signed {
    /// What is decided.
    #[schema(inline)]
    #[serde(flatten)]
    pub correction: Correction,
    /// Who, and why.
    #[serde(flatten)]
    pub signature: Signature,
}

/// Corrections, newest first.
#[utoipa::path(get, path = "/v1/corrections", operation_id = "corrections",
    params(("story_id" = Option<String>, Query, description = "Those that are about this story"),
        ("author" = Option<String>, Query, description = "Those that this author made"), Paging),
    responses((status = 200, body = Page<CorrectionView>), (status = 304), (status = 400, body = Problem)))]
pub async fn list(app: web::Data<App>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let mut parameters = Parameters::of(&request)?;
    let (story, author) = (parameters.text("story_id"), parameters.text("author"));
    let paging = parameters.page()?;
    parameters.end()?;
    page(&app, &request, paging, move |store, cursor, per_page| {
        store.corrections(story.as_deref(), author.as_deref(), cursor, per_page)
    })
    .await
}

/// One correction.
#[utoipa::path(get, path = "/v1/corrections/{number}", operation_id = "correction", params(("number" = u64, Path)),
    responses((status = 200, body = CorrectionView), (status = 304), (status = 404, body = Problem)))]
pub async fn get(app: web::Data<App>, request: HttpRequest, number: web::Path<u64>) -> Result<HttpResponse, Problem> {
    Parameters::of(&request)?.end()?;
    answer(&request, &view(&app, *number).await?)
}

/// Makes a correction. It holds for ever after, or until it is undone; with `preview=true` nothing is changed, and the
/// answer says what it would come to. With `If-Match`, only if the stories are as they were when they were read.
#[utoipa::path(post, path = "/v1/corrections", operation_id = "correct", request_body = Signed,
    params(("preview" = Option<bool>, Query, description = "true: change nothing"),
        ("If-Match" = Option<String>, Header, description = "The ETag of `/v1/stories/{id}`, or several")),
    responses((status = 200, description = "The preview", body = CorrectionView),
        (status = 201, description = "Made; Location is its address", body = CorrectionView),
        (status = 400, body = Problem), (status = 404, description = "An id is unknown", body = Problem),
        (status = 409, description = "Another correction is in the way", body = Problem),
        (status = 412, description = "A story has changed since; `changed` says how", body = Problem), (status = 413, body = Problem),
        (status = 415, body = Problem), (status = 422, description = "It makes no sense", body = Problem),
        (status = 503, body = Problem), (status = 507, body = Problem)))]
pub async fn post(app: web::Data<App>, request: HttpRequest, payload: web::Payload) -> Result<HttpResponse, Problem> {
    let only_look = preview(&request)?;
    let bytes = body(&app, &request, payload).await?;
    let Signed {
        correction: asked,
        signature: by,
    } = signed(&request, &bytes)?;
    let by = by_whom(&request, by);
    let decree = Decree::Make(asked);
    match only_look {
        true => foreseen(&app, &request, decree, by).await,
        false => made(&app, carried_out(&app, &request, decree, by).await?).await,
    }
}

/// Whether it is only asked what it would come to.
fn preview(request: &HttpRequest) -> Result<bool, Problem> {
    let mut parameters = Parameters::of(request)?;
    let preview = parameters.one_of("preview", &[("true", true), ("false", false)])?;
    parameters.end()?;
    Ok(preview.unwrap_or(false))
}

/// Undoes a correction: what it moved goes back, and what it asked is asked no more. With `preview=true` nothing is changed, and
/// the answer says what that would come to (`moved`, `ended`, `undoes`), or what stands in the way.
#[utoipa::path(post, path = "/v1/corrections/{number}/undo", operation_id = "undo",
    params(("number" = u64, Path), ("preview" = Option<bool>, Query, description = "true: change nothing"),
        ("If-Match" = Option<String>, Header, description = "The ETag of `/v1/stories/{id}`, or several")),
    request_body(content = Option<Signature>, description = "Who, and why; may be left out"),
    responses((status = 200, body = CorrectionView), (status = 400, body = Problem), (status = 404, body = Problem),
        (status = 409, description = "It is undone, or a later correction rests on it", body = Problem),
        (status = 412, description = "A story has changed since; `changed` says how", body = Problem),
        (status = 413, body = Problem), (status = 415, body = Problem), (status = 422, body = Problem),
        (status = 503, body = Problem), (status = 507, body = Problem)))]
pub async fn undo(
    app: web::Data<App>,
    request: HttpRequest,
    number: web::Path<u64>,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let only_look = preview(&request)?;
    let by = bare_signature(&app, &request, payload).await?;
    let decree = Decree::Undo(*number);
    if only_look {
        return foreseen(&app, &request, decree, by).await;
    }
    carried_out(&app, &request, decree, by).await?;
    Ok(HttpResponse::Ok().json(view(&app, *number).await?))
}

/// Makes an undone correction again, as a new one. With `preview=true` nothing is changed, and the answer says what it would
/// come to.
#[utoipa::path(post, path = "/v1/corrections/{number}/redo", operation_id = "redo",
    params(("number" = u64, Path), ("preview" = Option<bool>, Query, description = "true: change nothing"),
        ("If-Match" = Option<String>, Header, description = "The ETag of `/v1/stories/{id}`, or several")),
    request_body(content = Option<Signature>, description = "Who, and why; may be left out"),
    responses((status = 200, description = "The preview", body = CorrectionView),
        (status = 201, description = "Made; Location is its address", body = CorrectionView), (status = 400, body = Problem),
        (status = 404, body = Problem), (status = 409, description = "It is not undone, or another correction is in the way", body = Problem),
        (status = 412, description = "A story has changed since; `changed` says how", body = Problem),
        (status = 413, body = Problem), (status = 415, body = Problem), (status = 422, body = Problem),
        (status = 503, body = Problem), (status = 507, body = Problem)))]
pub async fn redo(
    app: web::Data<App>,
    request: HttpRequest,
    number: web::Path<u64>,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let only_look = preview(&request)?;
    let by = bare_signature(&app, &request, payload).await?;
    let decree = Decree::Redo(*number);
    match only_look {
        true => foreseen(&app, &request, decree, by).await,
        false => made(&app, carried_out(&app, &request, decree, by).await?).await,
    }
}

async fn made(app: &App, number: u64) -> Result<HttpResponse, Problem> {
    let view = view(app, number).await?;
    Ok(HttpResponse::Created()
        .insert_header((LOCATION, format!("/v1/corrections/{number}")))
        .json(view))
}

async fn view(app: &App, number: u64) -> Result<CorrectionView, Problem> {
    let store = Arc::clone(&app.store);
    let found = read(move || store.correction(number)).await?;
    found.ok_or_else(|| CorrectionError::NoCorrection(number).into())
}

/// Carries out a decree, if the stories are as the caller saw them: the correction's number.
async fn carried_out(app: &App, request: &HttpRequest, decree: Decree, by: Signature) -> Result<u64, Problem> {
    let (desk, store, seen) = (Arc::clone(&app.desk), Arc::clone(&app.store), seen(request)?);
    read(move || {
        all_known(&store, &seen)?;
        desk.decree(decree, by, seen).map_err(|error| refused(&store, error))
    })
    .await
}

/// What a decree would come to, if the stories are as the caller saw them.
async fn foreseen(app: &App, request: &HttpRequest, decree: Decree, by: Signature) -> Result<HttpResponse, Problem> {
    let (desk, store, seen) = (Arc::clone(&app.desk), Arc::clone(&app.store), seen(request)?);
    let view = read(move || {
        all_known(&store, &seen)?;
        let foreseen = desk.foresee(decree.clone(), seen);
        let foreseen = foreseen.map_err(|error| refused(&store, error))?;
        store.preview(&decree, by, foreseen).map_err(Problem::from)
    })
    .await?;
    Ok(HttpResponse::Ok().json(view))
}

/// Refuses an `If-Match` with a story that there is not: nobody can have seen it.
fn all_known(store: &Store, seen: &[SeenStory]) -> Result<(), Problem> {
    for one in seen {
        if store.story_version(&one.story_id)?.is_none() {
            let detail = format!("If-Match names {:?}, and there is no such story", one.story_id);
            return Err(Problem::new(Kind::StoryChanged, detail).of_field("If-Match"));
        }
    }
    Ok(())
}

/// A refusal, with what happened to the stories that have changed.
fn refused(store: &Store, error: CorrectionError) -> Problem {
    match error {
        CorrectionError::Changed(changed) => told(store, changed),
        other => other.into(),
    }
}

/// The stories as the caller saw them: what `If-Match` says.
fn seen(request: &HttpRequest) -> Result<Vec<SeenStory>, Problem> {
    let mut seen = Vec::new();
    for header in request.headers().get_all(IF_MATCH) {
        let Ok(text) = header.to_str() else {
            let detail = "If-Match takes the ETag of /v1/stories/{id}; this is none".to_owned();
            return Err(Problem::new(Kind::StoryChanged, detail).of_field("If-Match"));
        };
        let tags = text.split(',').map(str::trim);
        for tag in tags.filter(|tag| !matches!(*tag, "" | "*")) {
            // A proxy that compresses makes a tag weak; the version in it holds all the same.
            let bare = tag.trim_start_matches("W/").trim_matches('"');
            let mut parts = bare.rsplitn(3, '.').skip(1);
            let version = parts.next().and_then(|version| version.parse().ok());
            let (Some(version), Some(story)) = (version, parts.next()) else {
                let detail = format!("If-Match takes the ETag of /v1/stories/{{id}}, and {tag} is none");
                return Err(Problem::new(Kind::StoryChanged, detail).of_field("If-Match"));
            };
            seen.push(SeenStory {
                story_id: story.to_owned(),
                version,
                may_grow: false,
            });
        }
    }
    Ok(seen)
}

/// What happened to stories since they were seen.
fn told(store: &Store, changed: Vec<ChangedStory>) -> Problem {
    let detail = CorrectionError::Changed(changed.clone());
    let mut problem = Problem::from(detail);
    for one in changed {
        match store.changes_since(&one.story_id, one.seen, PER_PAGE) {
            Ok(changes) => problem.changed.push(StoryChanges {
                story_id: one.story_id,
                seen: one.seen,
                version: one.version,
                changes,
            }),
            Err(error) => return error.into(),
        }
    }
    problem
}

/// The author is the token's name where there is one, whatever the body says.
fn by_whom(request: &HttpRequest, by: Signature) -> Signature {
    let name = Caller::of(request).and_then(|caller| caller.name().map(str::to_owned));
    Signature {
        author: name.or(by.author),
        ..by
    }
}

/// A body that holds a signature and nothing else; an empty one signs nothing.
async fn bare_signature(app: &App, request: &HttpRequest, payload: web::Payload) -> Result<Signature, Problem> {
    let bytes = body(app, request, payload).await?;
    if matches!(bytes.trim_ascii(), b"" | b"null") {
        return Ok(by_whom(request, Signature::default()));
    }
    let mut value = object(request, &bytes)?;
    let by = signature(&mut value)?;
    match value.as_object().and_then(|fields| fields.keys().next()) {
        None => Ok(by_whom(request, by)),
        Some(field) => {
            let detail = format!("there is no field `{field}` here; give `author` and `reason`");
            Err(Problem::new(Kind::InvalidCorrection, detail).of_field(field))
        }
    }
}

/// A body that holds a correction and its signature.
fn signed(request: &HttpRequest, bytes: &[u8]) -> Result<Signed, Problem> {
    let mut value = object(request, bytes)?;
    let signature = signature(&mut value)?;
    let correction = Correction::deserialize(&value).map_err(|error| {
        let detail = format!("the correction cannot be read: {error}");
        Problem::new(Kind::InvalidCorrection, detail).of_body(&error, &value)
    })?;
    // Each of them is looked up.
    let (named, field) = correction.named();
    if named > MOST_NAMED {
        let detail =
            format!("{named} articles and stories are more than the {MOST_NAMED} that one correction may name");
        return Err(Problem::new(Kind::InvalidCorrection, detail).of_field(field));
    }
    Ok(Signed { correction, signature })
}

/// A body of JSON. It must say so: what another site's page can post without being asked is not taken.
pub(super) fn object(request: &HttpRequest, bytes: &[u8]) -> Result<Value, Problem> {
    match media_type(request).0.as_str() {
        "application/json" => json(bytes),
        other => {
            let detail = format!("the media type {other:?} is not taken here; send application/json");
            Err(Problem::new(Kind::UnsupportedMediaType, detail))
        }
    }
}

/// Takes the signature out of a JSON object.
fn signature(value: &mut Value) -> Result<Signature, Problem> {
    let Some(fields) = value.as_object_mut() else {
        return Err(Problem::new(Kind::InvalidBody, "expected a JSON object"));
    };
    let mut field = |name: &'static str| {
        let text = match fields.remove(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::String(text)) if text.chars().count() <= MOST_CHARACTERS => text.trim().to_owned(),
            Some(_) => {
                let detail = format!("`{name}` must be a text of at most {MOST_CHARACTERS} characters");
                return Err(Problem::new(Kind::InvalidCorrection, detail).of_field(name));
            }
        };
        Ok(Some(text).filter(|text| !text.is_empty()))
    };
    Ok(Signature {
        author: field("author")?,
        reason: field("reason")?,
    })
}
