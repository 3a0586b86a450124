//! `/v1/changes`.

use actix_web::{HttpRequest, HttpResponse, web};

use super::problem::Problem;
use super::{Paging, Parameters, page};
use crate::publish::App;
use crate::store::Store;
use crate::store::read::{ChangeView, Page};

/// The change log, oldest first. A cursor is the number of a change, 0 before the first: `next_cursor` asked again later
/// gives what has happened since.
#[utoipa::path(get, path = "/v1/changes", operation_id = "changes", params(Paging),
    responses((status = 200, body = Page<ChangeView>), (status = 304), (status = 400, body = Problem)))]
pub async fn get(app: web::Data<App>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let mut parameters = Parameters::of(&request)?;
    let paging = parameters.page()?;
    parameters.end()?;
    page(&app, &request, paging, Store::changes).await
}
