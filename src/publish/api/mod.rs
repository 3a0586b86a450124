//! The JSON API: one file a resource. Handlers read a request, ask the store or the intake, and answer.
//!
//! `/openapi.json` is generated from these handlers; `/docs` is a page to try it.

mod articles;
mod changes;
mod documents;
mod health;
mod intake;
pub mod problem;
mod search;
mod stories;

use std::collections::BTreeMap;

use actix_web::http::Method;
use actix_web::http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use utoipa::OpenApi;
use utoipa_swagger_ui::SwaggerUi;

use crate::store::read::PER_PAGE;
use problem::{Kind, Problem};

/// The description of the API.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Silsila",
        description = "Stories and timelines from the news. Times are RFC 3339 in UTC; an uncertain date is {\"value\":\"2023-09-20\",\"precision\":\"day\"}. Errors are application/problem+json with a stable `type`."
    ),
    paths(
        articles::post,
        articles::get,
        articles::placement,
        documents::post,
        documents::get,
        stories::list,
        stories::get,
        stories::articles,
        stories::timeline,
        stories::history,
        search::get,
        changes::get,
        health::alive,
        health::ready,
        health::metrics
    ),
    components(schemas(
        problem::Problem,
        problem::Refused,
        crate::story::Placement,
        crate::story::Neighbour,
        crate::story::Rival
    ))
)]
pub struct Api;

/// Registers the API.
pub fn routes(config: &mut web::ServiceConfig) {
    let get = |path: &str| web::resource(path.to_owned()).default_service(web::to(not_found));
    config
        .service(
            web::resource("/v1/articles")
                .route(web::post().to(articles::post))
                .default_service(web::to(not_found)),
        )
        .service(
            web::resource("/v1/documents")
                .route(web::post().to(documents::post))
                .default_service(web::to(not_found)),
        )
        .service(get("/v1/articles/{id}").route(web::get().to(articles::get)))
        .service(get("/v1/articles/{id}/placement").route(web::get().to(articles::placement)))
        .service(get("/v1/documents/{id}").route(web::get().to(documents::get)))
        .service(get("/v1/stories").route(web::get().to(stories::list)))
        .service(get("/v1/stories/{id}").route(web::get().to(stories::get)))
        .service(get("/v1/stories/{id}/articles").route(web::get().to(stories::articles)))
        .service(get("/v1/stories/{id}/timeline").route(web::get().to(stories::timeline)))
        .service(get("/v1/stories/{id}/history").route(web::get().to(stories::history)))
        .service(get("/v1/search").route(web::get().to(search::get)))
        .service(get("/v1/changes").route(web::get().to(changes::get)))
        .service(get("/healthz").route(web::get().to(health::alive)))
        .service(get("/readyz").route(web::get().to(health::ready)))
        .service(get("/metrics").route(web::get().to(health::metrics)))
        .service(web::redirect("/docs", "/docs/"))
        .service(SwaggerUi::new("/docs/{_:.*}").url("/openapi.json", Api::openapi()));
}

/// What is not here, and methods that are not for an address.
pub async fn not_found(request: HttpRequest) -> Result<HttpResponse, Problem> {
    if request.match_pattern().is_some() && request.method() != Method::GET && request.method() != Method::HEAD {
        let detail = format!("{} is not a method of {}", request.method(), request.path());
        return Err(Problem::new(Kind::MethodNotAllowed, detail));
    }
    if request.match_pattern().is_some() {
        return Err(Problem::new(
            Kind::MethodNotAllowed,
            format!("{} takes POST", request.path()),
        ));
    }
    Err(Problem::new(
        Kind::NotFound,
        format!(
            "there is nothing at {}; /openapi.json lists what there is",
            request.path()
        ),
    ))
}

/// The parameters of a request; each must be taken, an unknown one is refused by name.
struct Parameters {
    left: BTreeMap<String, String>,
}

impl Parameters {
    fn of(request: &HttpRequest) -> Result<Self, Problem> {
        let mut left = BTreeMap::new();
        for (name, value) in url::form_urlencoded::parse(request.query_string().as_bytes()) {
            if left.insert(name.to_string(), value.to_string()).is_some() {
                let detail = format!("the parameter `{name}` is given twice");
                return Err(Problem::new(Kind::InvalidParameter, detail).of_field(name));
            }
        }
        Ok(Self { left })
    }

    /// The parameter's value; an empty one counts as absent.
    fn text(&mut self, name: &str) -> Option<String> {
        self.left.remove(name).filter(|value| !value.trim().is_empty())
    }

    fn read<T: std::str::FromStr>(&mut self, name: &str, expected: &str) -> Result<Option<T>, Problem> {
        let Some(value) = self.text(name) else { return Ok(None) };
        let wrong = || {
            let detail = format!("`{name}` must be {expected}, not {value:?}");
            Problem::new(Kind::InvalidParameter, detail).of_field(name)
        };
        value.parse().map(Some).map_err(|_| wrong())
    }

    /// One of several words.
    fn one_of<T: Copy>(&mut self, name: &str, words: &[(&str, T)]) -> Result<Option<T>, Problem> {
        let Some(value) = self.text(name) else { return Ok(None) };
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let found = words
            .iter()
            .find(|(word, _)| *word == value)
            .map(|(_, meaning)| *meaning);
        found.map(Some).ok_or_else(|| {
            let detail = format!("`{name}` must be one of {}, not {value:?}", known.join(", "));
            Problem::new(Kind::InvalidParameter, detail).of_field(name)
        })
    }

    /// A time or a day, as microseconds; of a day its first or its last.
    fn moment(&mut self, name: &str, end: bool) -> Result<Option<i64>, Problem> {
        use crate::article::{Dated, Precision};
        let Some(value) = self.text(name) else { return Ok(None) };
        let Some(date) = Dated::from_value_text(&value) else {
            let detail = format!("`{name}` must be a day or an RFC 3339 time, not {value:?}");
            return Err(Problem::new(Kind::InvalidParameter, detail).of_field(name));
        };
        let start = date.value.timestamp_micros();
        let day = 86_400_000_000;
        Ok(Some(if end && date.precision == Precision::Day {
            start + day - 1
        } else {
            start
        }))
    }

    fn page(&mut self) -> Result<(Option<String>, usize), Problem> {
        let per_page: usize = self.read("per_page", "a number from 1 to 100")?.unwrap_or(20);
        if !(1..=PER_PAGE).contains(&per_page) {
            let detail = format!("`per_page` must be from 1 to {PER_PAGE}, not {per_page}");
            return Err(Problem::new(Kind::InvalidParameter, detail).of_field("per_page"));
        }
        Ok((self.text("cursor"), per_page))
    }

    fn end(self) -> Result<(), Problem> {
        match self.left.keys().next() {
            None => Ok(()),
            Some(name) => {
                let detail = format!("there is no parameter `{name}` here; /openapi.json lists those there are");
                Err(Problem::new(Kind::InvalidParameter, detail).of_field(name))
            }
        }
    }
}

/// Reads from the store off the async threads.
async fn read<T, E>(query: impl FnOnce() -> Result<T, E> + Send + 'static) -> Result<T, Problem>
where
    T: Send + 'static,
    E: Into<Problem> + Send + 'static,
{
    web::block(query)
        .await
        .map_err(|_| Problem::new(Kind::Unavailable, "the service is shutting down"))?
        .map_err(Into::into)
}

/// JSON with an `ETag` of its content; 304 when the reader has it already.
fn answer<T: Serialize>(request: &HttpRequest, value: &T) -> Result<HttpResponse, Problem> {
    use sha2::{Digest, Sha256};
    let body = serde_json::to_vec(value).map_err(|error| Problem::new(Kind::Internal, error.to_string()))?;
    let digest: String = Sha256::digest(&body)
        .iter()
        .take(12)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let tag = format!("\"{digest}\"");
    let known = request
        .headers()
        .get(IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok());
    let same = |one: &str| one.trim() == "*" || one.trim().trim_start_matches("W/") == tag;
    let fresh = known.is_none_or(|list| !list.split(',').any(same));
    let mut response = if fresh {
        HttpResponse::Ok()
    } else {
        HttpResponse::NotModified()
    };
    response
        .insert_header((ETAG, tag.as_str()))
        .insert_header((CACHE_CONTROL, "no-cache"));
    Ok(match fresh {
        true => response.content_type("application/json").body(body),
        false => response.finish(),
    })
}
