//! `/v1/search`.

use actix_web::{HttpRequest, HttpResponse, web};

use super::problem::{Kind, Problem};
use super::{Paging, Parameters, answer, page, read};
use crate::publish::App;
use crate::store::read::{Page, SearchHit, SearchQuery};

/// Articles that hold all words of `q`, those first that have them all in their title, then the newest first; Arabic
/// spellings, digits and accents meet. With `mode=meaning` the articles nearest in meaning, in any language, the nearest first,
/// each with its `cosine`; near-duplicates are left out, since they have no vector of their own. What arrives or changes during
/// a walk through the pages is left to the next walk.
#[utoipa::path(get, path = "/v1/search", operation_id = "search",
    params(("q" = String, Query, description = "Words, all of which must occur; a star behind a word stands for every ending (`kara*`), an Arabic word is found with and without its article and the particles written together with it; with `mode=meaning` a question, a headline, a sentence"),
        ("mode" = Option<String>, Query, description = "words, meaning; words without it"),
        ("lang" = Option<String>, Query, description = "Only articles in this language"),
        ("source" = Option<String>, Query, description = "Only articles of this source"),
        ("from" = Option<String>, Query, description = "Only articles published then or later: a day, a month or an RFC 3339 time"),
        ("to" = Option<String>, Query, description = "Only articles published then or earlier; undated ones are left out of any span"),
        Paging),
    responses((status = 200, body = Page<SearchHit>), (status = 304), (status = 400, body = Problem),
        (status = 503, description = "Too many searches by meaning wait for the model", body = Problem)))]
pub async fn get(app: web::Data<App>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let mut parameters = Parameters::of(&request)?;
    let q = parameters
        .text("q")
        .ok_or_else(|| Problem::new(Kind::InvalidParameter, "`q` says what to look for").of_field("q"))?;
    let meaning = parameters
        .one_of("mode", &[("words", false), ("meaning", true)])?
        .unwrap_or(false);
    let (from, to) = parameters.span("from", "to")?;
    let second = |micros: i64| micros.div_euclid(1_000_000);
    let query = SearchQuery {
        q,
        lang: parameters.text("lang"),
        source: parameters.text("source"),
        from: from.map(second),
        to: to.map(second),
    };
    let paging = parameters.page()?;
    parameters.end()?;
    if meaning {
        let engine = app
            .meaning
            .clone()
            .ok_or_else(|| Problem::new(Kind::Unavailable, "there is no model to search by meaning with"))?;
        let Paging { cursor, per_page } = paging;
        let found = read(move || engine.search(&query, cursor.as_deref(), per_page)).await?;
        return answer(&request, &found);
    }
    page(&app, &request, paging, move |store, cursor, per_page| {
        store.search(&query, cursor, per_page)
    })
    .await
}
