//! `/v1/review`.

use actix_web::{HttpRequest, HttpResponse, web};

use super::problem::Problem;
use super::{Paging, Parameters, page};
use crate::publish::App;
use crate::store::read::{Page, ReviewItem};

const KINDS: [(&str, &str); 3] = [("placement", "placement"), ("story", "story"), ("merge", "merge")];

/// What an editor should look at, the most doubtful first: borderline placements, stories that may be two, pairs of stories
/// that may be one. What has settled itself, and what a correction has decided, is left out.
#[utoipa::path(get, path = "/v1/review", operation_id = "review",
    params(("kind" = Option<String>, Query, description = "placement, story, merge; all without it"), Paging),
    responses((status = 200, body = Page<ReviewItem>), (status = 304), (status = 400, body = Problem)))]
pub async fn list(app: web::Data<App>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let mut parameters = Parameters::of(&request)?;
    let kind = parameters.one_of("kind", &KINDS)?;
    let paging = parameters.page()?;
    parameters.end()?;
    page(&app, &request, paging, move |store, cursor, per_page| {
        store.review(kind, cursor, per_page)
    })
    .await
}
