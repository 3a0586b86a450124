//! Errors as `application/problem+json` (RFC 9457), with a closed list of stable types.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::pipeline::{CorrectionError, IntakeError, MeaningError, PipelineError, Refusal};
use crate::store::StoreError;
use crate::store::read::{ChangeView, ReadError};

/// An answer that is an error.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Problem {
    /// Which kind of error: stable, for programs.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The kind in words.
    pub title: &'static str,
    /// HTTP status.
    pub status: u16,
    /// What was wrong here, and what to do.
    pub detail: String,
    /// The field or parameter at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The items of a request that were refused, when all were.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<Refused>,
    /// Of a condition that did not hold: the stories that have changed, with what happened to them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<StoryChanges>,
    #[serde(skip)]
    pub(super) retry_after: Option<Duration>,
    /// The methods that the address takes instead.
    #[serde(skip)]
    pub(super) allow: Option<&'static str>,
}

/// What happened to a story since somebody saw it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StoryChanges {
    /// The story.
    pub story_id: String,
    /// Number of its latest change as it was seen.
    pub seen: u64,
    /// Number of its latest change now.
    pub version: u64,
    /// Its changes since, newest first; the first hundred.
    pub changes: Vec<ChangeView>,
}

/// One item of a request that was refused; the others went in.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Refused {
    /// Its place in the request, from 0.
    pub index: usize,
    /// Which kind of error.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// What was wrong.
    pub detail: String,
    /// The field at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

/// All kinds of problems; a kind is never renamed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// There is no such thing here.
    NotFound,
    /// The method is not for this address.
    MethodNotAllowed,
    /// A parameter that does not exist or cannot be read.
    InvalidParameter,
    /// A cursor of another list.
    InvalidCursor,
    /// A body that cannot be read at all.
    InvalidBody,
    /// An article that cannot be used.
    InvalidArticle,
    /// A document in which no article was found.
    NoArticle,
    /// An id that another article has.
    DuplicateId,
    /// A correction that makes no sense.
    InvalidCorrection,
    /// Another correction is in the way.
    CorrectionConflict,
    /// A story is not as it was seen.
    StoryChanged,
    /// Too large.
    TooLarge,
    /// A media type that is not taken.
    UnsupportedMediaType,
    /// No token.
    Unauthorized,
    /// A token that is none.
    UnknownToken,
    /// A token that may not do this.
    Forbidden,
    /// A page of another site asked for a change.
    ForeignOrigin,
    /// Too many requests of one caller.
    RateLimited,
    /// The request took too long to come in.
    TooSlow,
    /// Too many articles wait.
    QueueFull,
    /// The disk is full.
    StorageFull,
    /// The key came with another request.
    KeyReused,
    /// The request with the key is being stored.
    KeyInProgress,
    /// The article has not failed.
    NotFailed,
    /// A watch that makes no sense.
    InvalidWatch,
    /// There are as many watches as may be.
    TooManyWatches,
    /// As many streams are open as may be.
    TooManyStreams,
    /// The service cannot do this now.
    Unavailable,
    /// Our fault.
    Internal,
}

impl Kind {
    fn parts(self) -> (&'static str, &'static str, StatusCode) {
        match self {
            Self::NotFound => ("/problems/not-found", "Not found", StatusCode::NOT_FOUND),
            Self::MethodNotAllowed => (
                "/problems/method-not-allowed",
                "Method not allowed",
                StatusCode::METHOD_NOT_ALLOWED,
            ),
            Self::InvalidParameter => (
                "/problems/invalid-parameter",
                "Invalid parameter",
                StatusCode::BAD_REQUEST,
            ),
            Self::InvalidCursor => ("/problems/invalid-cursor", "Invalid cursor", StatusCode::BAD_REQUEST),
            Self::InvalidBody => (
                "/problems/invalid-body",
                "The body cannot be read",
                StatusCode::BAD_REQUEST,
            ),
            Self::InvalidArticle => (
                "/problems/invalid-article",
                "Invalid article",
                StatusCode::UNPROCESSABLE_ENTITY,
            ),
            Self::NoArticle => (
                "/problems/no-article",
                "No article found",
                StatusCode::UNPROCESSABLE_ENTITY,
            ),
            Self::DuplicateId => ("/problems/duplicate-id", "The id is taken", StatusCode::CONFLICT),
            Self::InvalidCorrection => (
                "/problems/invalid-correction",
                "Invalid correction",
                StatusCode::UNPROCESSABLE_ENTITY,
            ),
            Self::CorrectionConflict => (
                "/problems/correction-conflict",
                "Another correction is in the way",
                StatusCode::CONFLICT,
            ),
            Self::StoryChanged => (
                "/problems/story-changed",
                "The story has changed",
                StatusCode::PRECONDITION_FAILED,
            ),
            Self::TooLarge => ("/problems/too-large", "Too large", StatusCode::PAYLOAD_TOO_LARGE),
            Self::UnsupportedMediaType => (
                "/problems/unsupported-media-type",
                "Unsupported media type",
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
            ),
            Self::Unauthorized => ("/problems/unauthorized", "A token is needed", StatusCode::UNAUTHORIZED),
            Self::UnknownToken => ("/problems/unknown-token", "Unknown token", StatusCode::UNAUTHORIZED),
            Self::Forbidden => (
                "/problems/forbidden",
                "The token may not do this",
                StatusCode::FORBIDDEN,
            ),
            Self::ForeignOrigin => (
                "/problems/foreign-origin",
                "Another site's page asked",
                StatusCode::FORBIDDEN,
            ),
            Self::RateLimited => (
                "/problems/rate-limited",
                "Too many requests",
                StatusCode::TOO_MANY_REQUESTS,
            ),
            Self::TooSlow => (
                "/problems/too-slow",
                "The request is too slow",
                StatusCode::REQUEST_TIMEOUT,
            ),
            Self::QueueFull => (
                "/problems/queue-full",
                "The queue is full",
                StatusCode::TOO_MANY_REQUESTS,
            ),
            Self::StorageFull => (
                "/problems/storage-full",
                "The disk is full",
                StatusCode::INSUFFICIENT_STORAGE,
            ),
            Self::KeyReused => (
                "/problems/idempotency-key-reused",
                "The Idempotency-Key came with another request",
                StatusCode::UNPROCESSABLE_ENTITY,
            ),
            Self::KeyInProgress => (
                "/problems/idempotency-key-in-progress",
                "The request is being stored",
                StatusCode::CONFLICT,
            ),
            Self::NotFailed => (
                "/problems/not-failed",
                "The article has not failed",
                StatusCode::CONFLICT,
            ),
            Self::InvalidWatch => (
                "/problems/invalid-watch",
                "Invalid watch",
                StatusCode::UNPROCESSABLE_ENTITY,
            ),
            Self::TooManyWatches => ("/problems/too-many-watches", "Too many watches", StatusCode::CONFLICT),
            Self::TooManyStreams => (
                "/problems/too-many-streams",
                "Too many streams",
                StatusCode::SERVICE_UNAVAILABLE,
            ),
            Self::Unavailable => ("/problems/unavailable", "Unavailable", StatusCode::SERVICE_UNAVAILABLE),
            Self::Internal => (
                "/problems/internal",
                "Internal error",
                StatusCode::INTERNAL_SERVER_ERROR,
            ),
        }
    }

    /// The stable name.
    pub fn name(self) -> &'static str {
        self.parts().0
    }
}

impl Problem {
    /// A problem of this kind.
    pub fn new(kind: Kind, detail: impl Into<String>) -> Self {
        let (name, title, status) = kind.parts();
        Self {
            kind: name,
            title,
            status: status.as_u16(),
            detail: detail.into(),
            field: None,
            refused: Vec::new(),
            changed: Vec::new(),
            retry_after: None,
            allow: None,
        }
    }

    /// Whether it is of this kind.
    pub fn is(&self, kind: Kind) -> bool {
        self.kind == kind.name()
    }

    /// Names the methods that the address takes instead.
    pub fn allowing(mut self, methods: &'static str) -> Self {
        self.allow = Some(methods);
        self
    }

    /// Says when to come back.
    pub fn after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// Names the field or parameter at fault.
    pub fn of_field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// Names the field at fault in a body that could not be read, if the error and the body show one.
    pub fn of_body(self, error: &serde_json::Error, body: &Value) -> Self {
        let said = error.to_string();
        let quoted = |beginning: &str| said.strip_prefix(beginning)?.split('`').next();
        let has = |value: &Value| match value {
            Value::Null => said.starts_with("invalid type: null") || said.starts_with("invalid type: unit"),
            Value::Bool(value) => said.starts_with(&format!("invalid type: boolean `{value}`")),
            Value::Number(value) => said.contains(&format!("`{value}`")),
            Value::String(value) => {
                quoted("unknown variant `") == Some(value)
                    || said.starts_with(&format!("invalid type: string {value:?}"))
            }
            Value::Array(_) => said.starts_with("invalid type: sequence"),
            Value::Object(_) => said.starts_with("invalid type: map"),
        };
        let mut holding = body.as_object().into_iter().flatten().filter(|(_, value)| match value {
            Value::Array(values) => has(value) || values.iter().any(has),
            value => has(value),
        });
        let named = quoted("missing field `").or_else(|| quoted("unknown field `"));
        match named.or_else(|| Some(holding.next()?.0)) {
            Some(field) => self.of_field(field),
            None => self,
        }
    }

    /// There is no such article, story, document.
    pub fn not_found(what: &str, id: &str) -> Self {
        Self::new(Kind::NotFound, format!("there is no {what} with the id {id:?}"))
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.title, self.detail)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        response.content_type("application/problem+json");
        if self.is(Kind::TooSlow) {
            response.force_close();
        }
        if let Some(methods) = self.allow {
            response.insert_header((ALLOW, methods));
        }
        if let Some(wait) = self.retry_after {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            response.insert_header(("retry-after", seconds.max(1).to_string()));
        }
        let challenge = if self.is(Kind::Unauthorized) {
            Some("Bearer realm=\"silsila\"")
        } else if self.is(Kind::UnknownToken) {
            Some("Bearer realm=\"silsila\", error=\"invalid_token\"")
        } else if self.is(Kind::Forbidden) {
            Some("Bearer realm=\"silsila\", error=\"insufficient_scope\"")
        } else {
            None
        };
        if let Some(challenge) = challenge {
            response.insert_header((WWW_AUTHENTICATE, challenge));
        }
        if self.status == 503 && self.retry_after.is_none() {
            response.insert_header(("retry-after", "5"));
        }
        response.body(serde_json::to_string(self).unwrap_or_else(|_| "{}".to_owned()))
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let kind = match error {
            StoreError::Full => Kind::StorageFull,
            StoreError::ReadOnly | StoreError::Damaged(_) | StoreError::Disk(_) => Kind::Unavailable,
            _ => Kind::Internal,
        };
        tracing::error!(%error, "the store failed a reader");
        Self::new(kind, error.to_string())
    }
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Cursor(error) => Self::new(Kind::InvalidCursor, error.to_string()).of_field("cursor"),
            ReadError::Later { .. } | ReadError::TooFar { .. } => {
                Self::new(Kind::InvalidParameter, error.to_string()).of_field("as_of")
            }
            ReadError::Store(error) => error.into(),
        }
    }
}

impl Problem {
    /// Of a service that cannot answer now, but will.
    pub fn later(detail: impl Into<String>, wait: Duration) -> Self {
        Self {
            retry_after: Some(wait),
            ..Self::new(Kind::Unavailable, detail)
        }
    }
}

impl From<MeaningError> for Problem {
    fn from(error: MeaningError) -> Self {
        match error {
            MeaningError::Read(error) => error.into(),
            MeaningError::Busy => Self {
                retry_after: Some(Duration::from_secs(1)),
                ..Self::new(Kind::Unavailable, error.to_string())
            },
            MeaningError::Embed(_) => Self::new(Kind::Unavailable, error.to_string()),
        }
    }
}

impl From<IntakeError> for Problem {
    fn from(error: IntakeError) -> Self {
        let detail = error.to_string();
        match error {
            IntakeError::Full { retry_after, .. } => Self {
                retry_after: Some(retry_after),
                ..Self::new(Kind::QueueFull, detail)
            },
            IntakeError::KeyReused(_) => Self::new(Kind::KeyReused, detail).of_field("Idempotency-Key"),
            IntakeError::KeyInProgress(_) => Self {
                retry_after: Some(Duration::from_secs(1)),
                ..Self::new(Kind::KeyInProgress, detail).of_field("Idempotency-Key")
            },
            IntakeError::Store(StoreError::Full) => Self::new(Kind::StorageFull, detail),
            IntakeError::Store(_) | IntakeError::Closed => Self::new(Kind::Unavailable, detail),
        }
    }
}

impl From<CorrectionError> for Problem {
    fn from(error: CorrectionError) -> Self {
        let detail = error.to_string();
        match error {
            CorrectionError::NoArticle(_) | CorrectionError::NoStory(_) | CorrectionError::NoCorrection(_) => {
                Self::new(Kind::NotFound, detail)
            }
            CorrectionError::NotPlaced(_) | CorrectionError::State(_) | CorrectionError::Conflict { .. } => {
                Self::new(Kind::CorrectionConflict, detail)
            }
            CorrectionError::Invalid { field, .. } => Self::new(Kind::InvalidCorrection, detail).of_field(field),
            CorrectionError::Changed(_) => Self::new(Kind::StoryChanged, detail).of_field("If-Match"),
            CorrectionError::Closed => Self::new(Kind::Unavailable, detail),
            CorrectionError::Store(error) | CorrectionError::Pipeline(PipelineError::Store(error)) => error.into(),
            CorrectionError::Pipeline(_) => Self::new(Kind::Internal, detail),
        }
    }
}

impl Refused {
    /// An article that the intake refused.
    pub fn of_intake(index: usize, refusal: &Refusal) -> Self {
        let (kind, field) = match refusal {
            Refusal::DuplicateId { .. } => (Kind::DuplicateId, "id"),
            Refusal::Empty => (Kind::InvalidArticle, "text"),
        };
        Self {
            index,
            kind: kind.name(),
            detail: refusal.to_string(),
            field: Some(field.to_owned()),
        }
    }

    /// As the answer to a request of which it was the only item.
    pub fn alone(self) -> Problem {
        let kind = [Kind::DuplicateId, Kind::NoArticle, Kind::InvalidArticle]
            .into_iter()
            .find(|kind| kind.name() == self.kind)
            .unwrap_or(Kind::InvalidArticle);
        Problem {
            field: self.field,
            ..Problem::new(kind, self.detail)
        }
    }
}
