//! `/v1/refused`.

use actix_web::{HttpRequest, HttpResponse, web};

use super::problem::Problem;
use super::{Paging, Parameters, page};
use crate::publish::App;
use crate::store::Store;
use crate::store::read::{Page, RefusedView};

/// Inputs that were refused, over HTTP or by `silsila ingest` into this data folder, newest first, each with its place,
/// the reason and its beginning. The newest `pipeline.keep_refused` are kept.
#[utoipa::path(get, path = "/v1/refused", operation_id = "refused", params(Paging),
    responses((status = 200, body = Page<RefusedView>), (status = 304), (status = 400, body = Problem)))]
pub async fn get(app: web::Data<App>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let mut parameters = Parameters::of(&request)?;
    let paging = parameters.page()?;
    parameters.end()?;
    page(&app, &request, paging, Store::refused).await
}
