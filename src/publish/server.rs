//! The HTTP server: puts routes together, wraps every answer, drains on SIGTERM.

use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use actix_cors::Cors;
use actix_web::body::{BodySize, BoxBody, EitherBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{
    CONTENT_ENCODING, CONTENT_SECURITY_POLICY, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING,
};
use actix_web::middleware::{Compress, Condition, Next, from_fn};
use actix_web::{App as Actix, HttpMessage as _, HttpRequest, HttpResponse, HttpServer, ResponseError as _, web};
use futures_util::Stream as _;
use futures_util::stream::poll_fn;

use crate::config::Settings;
use crate::metrics::Metrics;
use crate::pipeline::{Desk, Intake, Meaning};
use crate::publish::access::rate::Quota;
use crate::publish::access::{Access, Caller, Refused};
use crate::publish::api::Kept;
use crate::publish::api::problem::{Kind, Problem};
use crate::publish::memo::Memo;
use crate::publish::once::Once;
use crate::publish::request_id::{RequestId, RequestIds};
use crate::publish::stop::{Asked, Stop};
use crate::publish::streams::Streams;
use crate::publish::{api, web as pages};
use crate::store::Store;
use crate::timeline::Event;
use crate::traces;
use crate::track::Tracker;
use tracing::Instrument as _;

/// Threads that answer; each has its share of the connections.
const WORKERS: usize = 4;

/// Everything that handlers use.
#[derive(Clone)]
pub struct App {
    /// For reading.
    pub store: Arc<Store>,
    /// Where articles are handed in.
    pub intake: Arc<dyn Intake>,
    /// Where editors hand in corrections.
    pub desk: Arc<dyn Desk>,
    /// Why articles cannot be taken and placed, if they cannot. Blocks; call it off the async threads.
    pub trouble: Arc<dyn Fn() -> Option<String> + Send + Sync>,
    /// Who may do what.
    pub access: Arc<Access>,
    /// Figures for an operator.
    pub metrics: Arc<Metrics>,
    /// Search by meaning.
    pub meaning: Option<Arc<Meaning>>,
    /// Makes and changes watches.
    pub tracker: Arc<Tracker>,
    /// Who follows the change log live.
    pub streams: Arc<Streams>,
    /// Answers that hold as long as nothing changes.
    pub answers: Arc<Memo<Kept>>,
    /// Timelines that hold as long as their story does.
    pub timelines: Arc<Memo<Arc<Vec<Event>>>>,
    /// Secrets of watches that wait for the page that shows them.
    pub once: Arc<Once>,
    /// All settings.
    pub settings: Arc<Settings>,
}

/// With a request that was HEAD: an answer without an end must know.
#[derive(Debug, Clone, Copy)]
pub struct HeadAlone;

/// Headers of every answer: nothing of ours may be framed, sniffed, or load from elsewhere.
const HEADERS: [(&str, &str); 4] = [
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    // Other sites learn nothing. With `no-referrer` a browser hides the origin of our own pages' forms from us, too, and
    // what a page of unknown origin asks for is refused.
    ("referrer-policy", "same-origin"),
    (
        "content-security-policy",
        "default-src 'self'; img-src 'self' data:; style-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    ),
];
/// The page to try the API brings its styles inline, and nothing from elsewhere.
const DOCS_POLICY: &str = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// Registers everything under `/`.
pub fn routes(app: &App) -> impl FnOnce(&mut web::ServiceConfig) + Clone + use<> {
    let app = app.clone();
    move |config: &mut web::ServiceConfig| {
        config
            .app_data(web::Data::new(app.clone()))
            .app_data(web::Data::new(Arc::clone(&app.store)))
            .app_data(web::Data::new(Arc::clone(&app.settings)))
            .app_data(web::PayloadConfig::new(app.settings.publish.max_body))
            .configure(api::routes)
            .configure(pages::routes)
            .default_service(web::to(nowhere));
    }
}

/// What is not here: a page for a browser, a problem for a program.
async fn nowhere(request: HttpRequest) -> Result<HttpResponse, api::problem::Problem> {
    if pages::wants_page(&request) {
        return Ok(pages::not_found(&request));
    }
    api::not_found(request).await
}

/// Puts the headers of every answer on, and the request's id.
fn put_headers(headers: &mut HeaderMap, path: &str, id: &str) {
    let docs = path.starts_with("/docs");
    // A page with a policy of its own says who may frame it (`/embed`).
    let own = headers.contains_key(CONTENT_SECURITY_POLICY);
    for (name, value) in HEADERS {
        if own && matches!(name, "content-security-policy" | "x-frame-options") {
            continue;
        }
        let value = if docs && name == "content-security-policy" {
            DOCS_POLICY
        } else {
            value
        };
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(HeaderName::from_static("x-request-id"), id);
    }
    // Told the compression to keep off; no coding is not named (RFC 9110, 12.5.3).
    if headers.get(CONTENT_ENCODING).is_some_and(|coding| coding == "identity") {
        headers.remove(CONTENT_ENCODING);
    }
}

/// What surrounds every request: its id, the headers of every answer, and one line in the log.
async fn dress(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let started = Instant::now();
    let id = match request.app_data::<web::Data<RequestIds>>() {
        Some(ids) => ids.of(request.headers()),
        None => String::new(),
    };
    let method = request.method().clone();
    if method == Method::HEAD {
        // Answered like GET; the connection knows what was asked and leaves the body out.
        request.head_mut().method = Method::GET;
        request.extensions_mut().insert(HeadAlone);
    }
    request.extensions_mut().insert(RequestId(id.clone()));
    let payload = hold_chunks(&mut request);
    let span = tracing::info_span!(
        target: traces::TARGET,
        "request",
        otel.kind = "server",
        http.request.method = %method,
        http.route = tracing::field::Empty,
        http.response.status_code = tracing::field::Empty,
        request.id = %id
    );
    traces::under(&span, request.headers());
    let mut response = next.call(request).instrument(span.clone()).await?;
    let path = response.request().path().to_owned();
    put_headers(response.headers_mut(), &path, &id);
    let route = response.request().match_pattern();
    let caller = Caller::of(response.request());
    let (status, took) = (response.status().as_u16(), started.elapsed());
    span.record("http.route", route.as_deref().unwrap_or("none"));
    span.record("http.response.status_code", status);
    if let Some(app) = response.request().app_data::<web::Data<App>>() {
        app.metrics.answered(method.as_str(), route.as_deref(), status, took);
    }
    tracing::info!(
        request = %id,
        %method,
        route = route.as_deref().unwrap_or("none"),
        status,
        milliseconds = took.as_millis() as u64,
        token = caller.as_ref().and_then(Caller::name),
        "{path}"
    );
    Ok(match payload {
        None => response.map_into_left_body(),
        Some(payload) => response.map_body(|_, body| {
            EitherBody::right(Held {
                body: body.boxed(),
                _payload: payload,
            })
        }),
    })
}

/// Keeps hold of a body that comes in chunks. When an answer is sent before such a body has ended and nobody holds it any
/// more, actix reads on for its end as long as the client likes; while it is held, the connection ends with the answer.
fn hold_chunks(request: &mut ServiceRequest) -> Option<Rc<RefCell<Payload>>> {
    if !request.headers().contains_key(TRANSFER_ENCODING) {
        return None;
    }
    let held = Rc::new(RefCell::new(request.take_payload()));
    let read = Rc::clone(&held);
    let chunks = poll_fn(move |context| Pin::new(&mut *read.borrow_mut()).poll_next(context));
    request.set_payload(Payload::Stream {
        payload: Box::pin(chunks),
    });
    Some(held)
}

/// An answer's body that keeps hold of the request's.
struct Held {
    body: BoxBody,
    _payload: Rc<RefCell<Payload>>,
}

impl MessageBody for Held {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<web::Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(context)
    }
}

/// Lets through who may, and tells everybody what is left to them.
async fn gate(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let Some(app) = request.app_data::<web::Data<App>>().cloned() else {
        let problem = Problem::new(Kind::Internal, "the service was put together wrongly");
        return Ok(request.into_response(problem.error_response()).map_into_right_body());
    };
    let handed_in = request.method() == Method::POST && api::takes_articles(request.path());
    let queue = handed_in.then_some(&app);
    match app.access.admit(&request) {
        Ok((caller, quota)) => {
            request.extensions_mut().insert(caller);
            let mut response = next.call(request).await?;
            tell_quotas(response.headers_mut(), quota, queue);
            Ok(response.map_into_left_body())
        }
        Err(refused) => {
            let Refused { problem, quota, caller } = *refused;
            request.extensions_mut().insert(caller);
            let mut answer = match pages::wants_page(request.request()) {
                true => pages::refused(request.request(), &problem),
                false => problem.error_response(),
            };
            tell_quotas(answer.headers_mut(), quota, queue);
            Ok(request.into_response(answer).map_into_right_body())
        }
    }
}

/// Tells what is left, in the fields of the IETF's draft "RateLimit header fields for HTTP": to who hands in articles how
/// many the queue still takes, a quota that all feeders share and whose `t` says when to come back, once there is no
/// room; and to everybody how many requests.
fn tell_quotas(headers: &mut HeaderMap, quota: Option<Quota>, feeders: Option<&web::Data<App>>) {
    let (mut policies, mut left) = (Vec::new(), Vec::new());
    if let Some(app) = feeders {
        let capacity = app.settings.pipeline.queue;
        policies.push(format!("\"queue\";q={capacity};qu=\"articles\""));
        let wait = headers.get("retry-after").and_then(|value| value.to_str().ok());
        left.push(match wait.filter(|_| quota.is_none_or(|quota| quota.wait.is_none())) {
            Some(seconds) => format!("\"queue\";r=0;t={seconds}"),
            None => format!("\"queue\";r={}", capacity.saturating_sub(app.intake.queued())),
        });
    }
    if let Some(quota) = quota {
        policies.push(quota.policy());
        left.push(quota.state());
    }
    for (name, items) in [("ratelimit-policy", policies), ("ratelimit", left)] {
        if let Ok(value) = HeaderValue::from_str(&items.join(", "))
            && !items.is_empty()
        {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
}

/// Which other sites' pages may read the API: none but those listed. They send tokens, never cookies.
fn cors(origins: &[String]) -> Condition<Cors> {
    let listed = origins
        .iter()
        .fold(Cors::default(), |cors, origin| cors.allowed_origin(origin));
    let cors = listed
        .allowed_methods(["GET", "HEAD", "POST", "PATCH", "DELETE"])
        .allowed_headers([
            "authorization",
            "content-type",
            "if-match",
            "if-none-match",
            "idempotency-key",
            "last-event-id",
            "x-request-id",
        ])
        .expose_headers([
            "etag",
            "idempotency-replayed",
            "location",
            "ratelimit",
            "ratelimit-policy",
            "retry-after",
            "x-request-id",
        ])
        .max_age(3600);
    Condition::new(!origins.is_empty(), cors)
}

/// Serves until it is asked to stop, then lets requests under way end. Prints the address when it is ready to answer. Says who
/// asked.
///
/// # Errors
/// When the address cannot be listened on.
pub async fn serve(app: App, listen: SocketAddr, stop: Stop) -> io::Result<Asked> {
    let settings = app.settings.publish.clone();
    #[cfg(unix)]
    app.access.reload_on_hangup()?;
    let ids = web::Data::new(RequestIds::new());
    let (streams, store) = (Arc::clone(&app.streams), Arc::clone(&app.store));
    actix_web::rt::spawn(async move { streams.run(store).await });
    let streams = Arc::clone(&app.streams);
    let server = HttpServer::new(move || {
        Actix::new()
            .app_data(ids.clone())
            .configure(routes(&app))
            .wrap(Compress::default())
            .wrap(from_fn(gate))
            .wrap(cors(&app.settings.publish.cors_origins))
            .wrap(from_fn(dress))
    })
    .client_request_timeout(Duration::from_secs(settings.head_seconds.max(1)))
    .keep_alive(Duration::from_secs(settings.keep_alive_seconds.max(1)))
    .disable_signals()
    .shutdown_timeout(settings.drain_seconds)
    .workers(WORKERS)
    .max_connections(settings.max_connections.div_ceil(WORKERS))
    .bind(listen)?;
    let address = server.addrs().first().copied().unwrap_or(listen);
    let running = server.run();
    println!("Silsila is at http://{address}");
    let handle = running.handle();
    let ending = async {
        let asked = stop.asked(1).await;
        // They would never end by themselves.
        streams.close();
        handle.stop(true).await;
        Ok(asked)
    };
    let ended = async {
        running.await?;
        // Only who asks ends it.
        Ok(stop.asked(1).await)
    };
    tokio::select! {
        asked = ending => asked,
        asked = ended => asked,
        asked = stop.asked(2) => Ok(asked),
    }
}
