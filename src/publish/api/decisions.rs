//! `/v1/decisions`: what editors decided, as labelled data.

use std::io;
use std::sync::{Mutex, TryLockError};
use std::time::Duration;

use actix_web::http::header::{CACHE_CONTROL, ContentDisposition};
use actix_web::{HttpRequest, HttpResponse, web};

use super::problem::{Kind, Problem};
use super::{Parameters, read};
use crate::pipeline::{PipelineError, decisions, taught};
use crate::publish::App;
use crate::store::StoreError;
use crate::story::weights::Weights;

/// Held while one is made: it compares all articles once more.
static ALONE: Mutex<()> = Mutex::new(());
/// When another one may ask again.
const AGAIN: Duration = Duration::from_secs(30);

/// Why there are none.
#[derive(Debug, thiserror::Error)]
enum DecisionsError {
    #[error("the decisions are being written for somebody else; ask again later")]
    Busy,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the decisions cannot be written: {0}")]
    Failed(String),
}

impl From<io::Error> for DecisionsError {
    fn from(error: io::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<PipelineError> for DecisionsError {
    fn from(error: PipelineError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<DecisionsError> for Problem {
    fn from(error: DecisionsError) -> Self {
        match error {
            DecisionsError::Busy => Self::later(error.to_string(), AGAIN),
            DecisionsError::Store(error) => error.into(),
            DecisionsError::Failed(_) => Self::new(Kind::Internal, error.to_string()),
        }
    }
}

/// What the corrections that stand teach, with their authors, as JSON Lines: the same as `silsila export --decisions` writes, and what
/// `silsila train --from` reads (docs/TRAINING.md). All articles are compared once more for it, some 2,000 a second on one core, in
/// memory of its own, so that one is made at a time.
#[utoipa::path(get, path = "/v1/decisions", operation_id = "decisions",
    responses((status = 200, content_type = "application/x-ndjson", body = String, description = "A line with `type` \"decisions\", then one with `type` \"example\" for each example"),
        (status = 400, body = Problem), (status = 503, description = "Being made for somebody else; Retry-After says when to ask again", body = Problem)))]
pub async fn get(app: web::Data<App>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    Parameters::of(&request)?.end()?;
    let (store, settings) = (app.store.clone(), app.settings.clone());
    let lines = read(move || {
        let _alone = match ALONE.try_lock() {
            Ok(alone) => alone,
            // Who held it has ended; nothing is kept behind it.
            Err(TryLockError::Poisoned(ended)) => ended.into_inner(),
            Err(TryLockError::WouldBlock) => return Err(DecisionsError::Busy),
        };
        let weights =
            Weights::of(&settings.story.weights).map_err(|error| DecisionsError::Failed(error.to_string()))?;
        let taught = taught::go_through(&store, &settings, &weights, false, || {})?;
        let mut lines = Vec::new();
        decisions::write::<DecisionsError>(&store, &taught, &mut lines)?;
        Ok(lines)
    })
    .await?;
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header(ContentDisposition::attachment("decisions.jsonl"))
        .content_type("application/x-ndjson")
        .body(lines))
}
