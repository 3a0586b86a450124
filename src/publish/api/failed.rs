//! `/v1/failed` and `/v1/articles/{id}/retry`.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::problem::{Kind, Problem};
use super::{Paging, Parameters, page, read};
use crate::article::ArticleId;
use crate::publish::App;
use crate::store::Store;
use crate::store::read::{FailedView, Page};

/// Articles that could not be placed, newest first, each with the reason. They were set aside, so that others could go on;
/// `POST /v1/articles/{id}/retry` or `silsila retry` tries one again.
#[utoipa::path(get, path = "/v1/failed", operation_id = "failed", params(Paging),
    responses((status = 200, body = Page<FailedView>), (status = 304), (status = 400, body = Problem)))]
pub async fn list(app: web::Data<App>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let mut parameters = Parameters::of(&request)?;
    let paging = parameters.page()?;
    parameters.end()?;
    page(&app, &request, paging, Store::failed).await
}

/// An article that waits to be placed again.
#[derive(Debug, Serialize, ToSchema)]
pub struct Retried {
    /// The article.
    pub id: String,
    /// `queued`.
    pub state: &'static str,
}

/// Takes an article that could not be placed into the queue again.
#[utoipa::path(post, path = "/v1/articles/{id}/retry", operation_id = "retry_article", params(("id" = String, Path)),
    responses((status = 202, description = "It waits to be placed", body = Retried), (status = 400, body = Problem),
        (status = 404, body = Problem), (status = 409, description = "It is placed, or waits already", body = Problem),
        (status = 503, body = Problem), (status = 507, body = Problem)))]
pub async fn retry(app: web::Data<App>, request: HttpRequest, id: web::Path<String>) -> Result<HttpResponse, Problem> {
    Parameters::of(&request)?.end()?;
    let (intake, store, asked) = (Arc::clone(&app.intake), Arc::clone(&app.store), id.clone());
    let state = read(move || {
        if !intake.retry(&[ArticleId(asked.clone())])?.is_empty() {
            return Ok(None);
        }
        Ok::<_, Problem>(Some(store.article(&asked)?.map(|article| article.state)))
    })
    .await?;
    match state {
        None => Ok(HttpResponse::Accepted().json(Retried {
            id: id.into_inner(),
            state: "queued",
        })),
        Some(None) => Err(Problem::not_found("article", &id)),
        Some(Some(state)) => {
            let detail = format!(
                "the article {:?} is {state}; only one that has failed is tried again",
                id.as_str()
            );
            Err(Problem::new(Kind::NotFailed, detail))
        }
    }
}
