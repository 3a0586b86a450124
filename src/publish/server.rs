//! The HTTP server: puts routes together, wraps every answer, drains on SIGTERM.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::{Service as _, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{CONTENT_ENCODING, HeaderName, HeaderValue};
use actix_web::middleware::Compress;
use actix_web::{App as Actix, HttpMessage as _, HttpRequest, HttpResponse, HttpServer, web};

use crate::config::Settings;
use crate::pipeline::{Desk, Intake, Meaning};
use crate::publish::request_id::{RequestId, RequestIds};
use crate::publish::streams::Streams;
use crate::publish::{api, web as pages};
use crate::store::Store;

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
    /// Search by meaning.
    pub meaning: Option<Arc<Meaning>>,
    /// Who follows the change log live.
    pub streams: Arc<Streams>,
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
    ("referrer-policy", "no-referrer"),
    (
        "content-security-policy",
        "default-src 'self'; img-src 'self' data:; style-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    ),
];
/// The page to try the API brings its styles inline, and nothing from elsewhere.
const DOCS_POLICY: &str = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'";

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
pub fn dress<B>(response: &mut ServiceResponse<B>, id: &str) {
    let docs = response.request().path().starts_with("/docs");
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
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

/// Tells who hands in articles how many the queue still takes, in the fields of the IETF's draft "RateLimit header fields
/// for HTTP". The quota is shared by all feeders; `t` says when to come back, once there is no room.
fn tell_quota<B>(response: &mut ServiceResponse<B>, queued: usize, capacity: usize) {
    let headers = response.headers_mut();
    let wait = headers.get("retry-after").and_then(|value| value.to_str().ok());
    let left = match wait {
        Some(seconds) => format!("\"queue\";r=0;t={seconds}"),
        None => format!("\"queue\";r={}", capacity.saturating_sub(queued)),
    };
    let policy = format!("\"queue\";q={capacity};qu=\"articles\"");
    for (name, value) in [("ratelimit-policy", policy), ("ratelimit", left)] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
}

/// Waits until the service is asked to stop. The server hears the same signal, and waits for its connections: streams would
/// never end by themselves.
async fn stop_asked() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut term) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = term.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
    }
    // Without signals there is nothing to wait for; streams then end with the drain time.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Serves until SIGTERM or SIGINT, then lets requests under way end. Prints the address when it is ready to answer.
///
/// # Errors
/// When the address cannot be listened on.
pub async fn serve(app: App, listen: SocketAddr) -> io::Result<()> {
    let drain = app.settings.publish.drain_seconds;
    let ids = Arc::new(RequestIds::new());
    let (streams, store) = (Arc::clone(&app.streams), Arc::clone(&app.store));
    actix_web::rt::spawn(async move { streams.run(store).await });
    let streams = Arc::clone(&app.streams);
    actix_web::rt::spawn(async move {
        stop_asked().await;
        streams.close();
    });
    let server = HttpServer::new(move || {
        let ids = Arc::clone(&ids);
        let feeders = app.clone();
        Actix::new()
            .configure(routes(&app))
            .wrap(Compress::default())
            .wrap_fn(move |mut request, service| {
                let id = ids.of(request.headers());
                let line = format!("{} {}", request.method(), request.path());
                let handed_in = request.method() == Method::POST && api::takes_articles(request.path());
                if request.method() == Method::HEAD {
                    // Answered like GET; the connection knows what was asked and leaves the body out.
                    request.head_mut().method = Method::GET;
                    request.extensions_mut().insert(HeadAlone);
                }
                request.extensions_mut().insert(RequestId(id.clone()));
                let quota = handed_in.then(|| feeders.clone());
                let started = std::time::Instant::now();
                let answer = service.call(request);
                async move {
                    let mut response = answer.await?;
                    dress(&mut response, &id);
                    if let Some(app) = quota {
                        tell_quota(&mut response, app.intake.queued(), app.settings.pipeline.queue);
                    }
                    let status = response.status().as_u16();
                    tracing::info!(request = %id, status, milliseconds = started.elapsed().as_millis() as u64, "{line}");
                    Ok(response)
                }
            })
    })
    .client_request_timeout(Duration::from_secs(15))
    .shutdown_timeout(drain)
    .workers(4)
    .bind(listen)?;
    let address = server.addrs().first().copied().unwrap_or(listen);
    let running = server.run();
    println!("Silsila is at http://{address}");
    running.await
}
