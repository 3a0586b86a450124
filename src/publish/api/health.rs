//! `/healthz`, `/readyz`, `/metrics`.

use actix_web::{HttpResponse, web};
use chrono::Utc;
use serde_json::json;

use super::problem::{Kind, Problem};
use super::read;
use crate::metrics::Looked;
use crate::publish::App;
use crate::store::StoreError;

/// Prometheus' text exposition format.
const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The process answers.
#[utoipa::path(get, path = "/healthz", responses((status = 200, description = "Alive", body = Object)))]
pub async fn alive() -> HttpResponse {
    HttpResponse::Ok().json(json!({"status": "ok"}))
}

/// Articles can be taken and placed: the model is loaded, the store can be read and written, and the writer goes on.
#[utoipa::path(get, path = "/readyz", responses((status = 200, description = "Ready", body = Object), (status = 503, body = Problem)))]
pub async fn ready(app: web::Data<App>) -> Result<HttpResponse, Problem> {
    let (store, trouble) = (app.store.clone(), app.trouble.clone());
    read(move || match trouble() {
        Some(trouble) => Err(Problem::new(Kind::Unavailable, trouble)),
        None => store.story("", None).map_err(Problem::from),
    })
    .await?;
    Ok(HttpResponse::Ok().json(json!({"status": "ready", "queued": app.intake.queued()})))
}

/// Figures for an operator, in Prometheus' text format; docs/MONITORING.md explains them.
#[utoipa::path(get, path = "/metrics", responses((status = 200, body = String, content_type = "text/plain"),
    (status = 500, body = Problem), (status = 503, body = Problem)))]
pub async fn metrics(app: web::Data<App>) -> Result<HttpResponse, Problem> {
    let (store, queued, capacity) = (app.store.clone(), app.intake.queued(), app.settings.pipeline.queue);
    let looked = read(move || {
        let oldest = store.oldest_queued()?.map(|since| Utc::now() - since);
        Ok::<_, StoreError>(Looked {
            totals: store.totals()?,
            queued,
            capacity,
            oldest: oldest.and_then(|age| age.to_std().ok()).unwrap_or_default(),
            bytes: store.bytes(),
        })
    })
    .await?;
    let open = i64::try_from(app.streams.open().0).unwrap_or(i64::MAX);
    app.metrics.open_streams.set(open);
    let text = app.metrics.text(&looked);
    let text = text.map_err(|error| Problem::new(Kind::Internal, error.to_string()))?;
    Ok(HttpResponse::Ok().content_type(CONTENT_TYPE).body(text))
}
