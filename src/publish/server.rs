//! The HTTP server: puts routes together, wraps every answer, drains on SIGTERM.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::{Service as _, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Compress;
use actix_web::{App as Actix, HttpRequest, HttpResponse, HttpServer, web};

use crate::config::Settings;
use crate::pipeline::Intake;
use crate::publish::{api, web as pages};
use crate::store::Store;

/// Everything that handlers use.
#[derive(Clone)]
pub struct App {
    /// For reading.
    pub store: Arc<Store>,
    /// Where articles are handed in.
    pub intake: Arc<dyn Intake>,
    /// Why the writer does not go on, if it does not.
    pub trouble: Arc<dyn Fn() -> Option<String> + Send + Sync>,
    /// All settings.
    pub settings: Arc<Settings>,
}

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
}

/// Serves until SIGTERM or SIGINT, then lets requests under way end. Prints the address when it is ready to answer.
///
/// # Errors
/// When the address cannot be listened on.
pub async fn serve(app: App, listen: SocketAddr) -> io::Result<()> {
    let drain = app.settings.publish.drain_seconds;
    let counter = Arc::new(std::sync::atomic::AtomicU64::new(1));
    let server = HttpServer::new(move || {
        let counter = Arc::clone(&counter);
        Actix::new()
            .configure(routes(&app))
            .wrap(Compress::default())
            .wrap_fn(move |request, service| {
                let number = counter.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                let given = request.headers().get("x-request-id").and_then(|value| value.to_str().ok());
                let id = given.filter(|id| id.len() <= 64).map_or_else(|| format!("r{number}"), str::to_owned);
                let line = format!("{} {}", request.method(), request.path());
                let started = std::time::Instant::now();
                let answer = service.call(request);
                async move {
                    let mut response = answer.await?;
                    dress(&mut response, &id);
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
