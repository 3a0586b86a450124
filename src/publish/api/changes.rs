//! `/v1/changes`.

use actix_web::{HttpRequest, HttpResponse, web};

use super::problem::Problem;
use super::{Parameters, answer, read};
use crate::publish::App;
use crate::store::read::{ChangeView, Page};

/// The change log, oldest first. `next_cursor` asked again later gives what has happened since.
#[utoipa::path(get, path = "/v1/changes",
    params(("cursor" = Option<String>, Query), ("per_page" = Option<usize>, Query)),
    responses((status = 200, body = Page<ChangeView>), (status = 304), (status = 400, body = Problem)))]
pub async fn get(app: web::Data<App>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let mut parameters = Parameters::of(&request)?;
    let (cursor, per_page) = parameters.page()?;
    parameters.end()?;
    let store = app.store.clone();
    let page = read(move || store.changes(cursor.as_deref(), per_page)).await?;
    answer(&request, &page)
}
