//! `/v1/search`.

use actix_web::{HttpRequest, HttpResponse, web};

use super::problem::{Kind, Problem};
use super::{Parameters, answer, read};
use crate::publish::App;
use crate::store::read::{Page, SearchHit, SearchQuery};

/// Articles that hold all words of `q`; Arabic spellings, digits and accents meet.
#[utoipa::path(get, path = "/v1/search",
    params(("q" = String, Query), ("lang" = Option<String>, Query), ("source" = Option<String>, Query),
        ("cursor" = Option<String>, Query), ("per_page" = Option<usize>, Query)),
    responses((status = 200, body = Page<SearchHit>), (status = 304), (status = 400, body = Problem)))]
pub async fn get(app: web::Data<App>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let mut parameters = Parameters::of(&request)?;
    let q = parameters
        .text("q")
        .ok_or_else(|| Problem::new(Kind::InvalidParameter, "`q` says what to look for").of_field("q"))?;
    let query = SearchQuery {
        q,
        lang: parameters.text("lang"),
        source: parameters.text("source"),
    };
    let (cursor, per_page) = parameters.page()?;
    parameters.end()?;
    let store = app.store.clone();
    let page = read(move || store.search(&query, cursor.as_deref(), per_page)).await?;
    answer(&request, &page)
}
