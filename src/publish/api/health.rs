//! `/healthz`, `/readyz`, `/metrics`.

use actix_web::{HttpResponse, web};
use serde_json::json;

use super::problem::{Kind, Problem};
use super::read;
use crate::publish::App;

/// The process answers.
#[utoipa::path(get, path = "/healthz", responses((status = 200, description = "Alive")))]
pub async fn alive() -> HttpResponse {
    HttpResponse::Ok().json(json!({"status": "ok"}))
}

/// Articles can be taken and placed: the model is loaded, the store can be read and written, and the writer goes on.
#[utoipa::path(get, path = "/readyz", responses((status = 200, description = "Ready"), (status = 503, body = Problem)))]
pub async fn ready(app: web::Data<App>) -> Result<HttpResponse, Problem> {
    let (store, trouble) = (app.store.clone(), app.trouble.clone());
    read(move || match trouble() {
        Some(trouble) => Err(Problem::new(Kind::Unavailable, trouble)),
        None => store.story("", None).map_err(Problem::from),
    })
    .await?;
    Ok(HttpResponse::Ok().json(json!({"status": "ready", "queued": app.intake.queued()})))
}

/// Counters in Prometheus' text format.
#[utoipa::path(get, path = "/metrics", responses((status = 200, body = String, content_type = "text/plain")))]
pub async fn metrics(app: web::Data<App>) -> Result<HttpResponse, Problem> {
    let store = app.store.clone();
    let totals = read(move || store.totals()).await?;
    let rows = [
        (
            "silsila_queued_articles",
            "gauge",
            "Articles accepted but not placed",
            app.intake.queued() as u64,
        ),
        ("silsila_articles", "gauge", "Stored articles", totals.articles),
        (
            "silsila_near_duplicates",
            "gauge",
            "Articles whose text repeats another's",
            totals.near_duplicates,
        ),
        (
            "silsila_failed_articles",
            "gauge",
            "Articles that could not be placed",
            totals.failed,
        ),
        ("silsila_stories", "gauge", "Stories", totals.stories),
        (
            "silsila_largest_story_articles",
            "gauge",
            "Articles of the largest story",
            totals.largest_story,
        ),
        (
            "silsila_changes_total",
            "counter",
            "Number of the newest change",
            totals.change,
        ),
        (
            "silsila_refused_total",
            "counter",
            "Inputs that were refused and kept",
            totals.refused,
        ),
    ];
    let text: String = rows
        .iter()
        .map(|(name, kind, help, value)| format!("# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n"))
        .collect();
    Ok(HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(text))
}
