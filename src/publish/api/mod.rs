//! The JSON API: one file a resource. Handlers read a request, ask the store or the intake, and answer.
//!
//! `/openapi.json` is generated from these handlers; `/docs` is a page to try it.

mod articles;
mod changes;
mod corrections;
mod decisions;
mod documents;
mod failed;
mod formats;
mod guard;
mod health;
mod intake;
pub mod problem;
mod refused;
mod review;
mod search;
mod stories;
mod watches;

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

use actix_web::error::PathError;
use actix_web::http::Method;
use actix_web::http::header::{ALLOW, CACHE_CONTROL, ETAG, IF_NONE_MATCH};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, Resource, Route, web};
use chrono::{Days, Months, TimeDelta};
use serde::Serialize;
use utoipa::{IntoParams, OpenApi};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::publish::App;
use crate::store::Store;
use crate::store::read::{Moment, PER_PAGE, Page, ReadError, StoryView};
use guard::Guard;
use problem::{Kind, Problem};
pub use stories::timeline_of;

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
        formats::timeline,
        formats::json_ld,
        stories::history,
        stories::graph,
        search::get,
        watches::list,
        watches::add,
        watches::get,
        watches::change,
        watches::delete,
        watches::rotate,
        watches::test,
        watches::alerts,
        watches::messages,
        watches::replay,
        watches::stream,
        watches::atom,
        corrections::list,
        corrections::get,
        corrections::post,
        corrections::undo,
        corrections::redo,
        changes::get,
        changes::stream,
        refused::get,
        failed::list,
        failed::retry,
        review::list,
        decisions::get,
        health::alive,
        health::ready,
        health::metrics
    ),
    components(schemas(
        intake::Accepted,
        problem::Problem,
        problem::Refused,
        crate::store::read::SortBy
    )),
    modifiers(&Guard)
)]
pub struct Api;

/// What an address that is read allows.
const READ: &str = "GET, HEAD, OPTIONS";
/// What an address allows that articles are handed in to.
const HAND_IN: &str = "OPTIONS, POST";
/// What an address allows that is read and handed in to.
const BOTH: &str = "GET, HEAD, OPTIONS, POST";
/// What an address allows that is read, changed and deleted.
const ALL: &str = "DELETE, GET, HEAD, OPTIONS, PATCH";

/// Registers the API.
pub fn routes(config: &mut web::ServiceConfig) {
    let wrong_path = |error: PathError, _: &HttpRequest| {
        let detail = format!("the address cannot be read ({error}); ids are percent-encoded UTF-8");
        Problem::new(Kind::NotFound, detail).into()
    };
    config
        .app_data(web::PathConfig::default().error_handler(wrong_path))
        .service(takes("/v1/articles", web::post().to(articles::post)))
        .service(takes("/v1/documents", web::post().to(documents::post)))
        .service(reads("/v1/articles/{id}", web::get().to(articles::get)))
        .service(reads("/v1/articles/{id}/placement", web::get().to(articles::placement)))
        .service(reads("/v1/documents/{id}", web::get().to(documents::get)))
        .service(reads("/v1/stories", web::get().to(stories::list)))
        .service(reads("/v1/stories/{id}.jsonld", web::get().to(formats::json_ld)))
        .service(reads("/v1/stories/{id}", web::get().to(stories::get)))
        .service(reads("/v1/stories/{id}/articles", web::get().to(stories::articles)))
        .service(reads("/v1/stories/{id}/timeline", web::get().to(stories::timeline)))
        .service(reads(
            "/v1/stories/{id}/timeline.{format}",
            web::get().to(formats::timeline),
        ))
        .service(reads("/v1/stories/{id}/history", web::get().to(stories::history)))
        .service(reads("/v1/stories/{id}/graph", web::get().to(stories::graph)))
        .service(reads("/v1/search", web::get().to(search::get)))
        .service(reads("/v1/changes", web::get().to(changes::get)))
        .service(reads("/v1/changes/stream", web::get().to(changes::stream)))
        .service(
            web::resource("/v1/watches")
                .route(web::get().to(watches::list))
                .route(web::post().to(watches::add))
                .default_service(web::to(
                    |request: HttpRequest| async move { other_method(&request, BOTH) },
                )),
        )
        .service(
            web::resource("/v1/watches/{id}")
                .route(web::get().to(watches::get))
                .route(web::patch().to(watches::change))
                .route(web::delete().to(watches::delete))
                .default_service(web::to(
                    |request: HttpRequest| async move { other_method(&request, ALL) },
                )),
        )
        .service(takes("/v1/watches/{id}/rotate", web::post().to(watches::rotate)))
        .service(takes("/v1/watches/{id}/test", web::post().to(watches::test)))
        .service(takes("/v1/watches/{id}/replay", web::post().to(watches::replay)))
        .service(reads("/v1/watches/{id}/alerts", web::get().to(watches::alerts)))
        .service(reads("/v1/watches/{id}/messages", web::get().to(watches::messages)))
        .service(reads("/v1/watches/{id}/stream", web::get().to(watches::stream)))
        .service(reads("/feeds/{secret}.atom", web::get().to(watches::atom)))
        .service(
            web::resource("/v1/corrections")
                .route(web::get().to(corrections::list))
                .route(web::post().to(corrections::post))
                .default_service(web::to(
                    |request: HttpRequest| async move { other_method(&request, BOTH) },
                )),
        )
        .service(reads("/v1/corrections/{number}", web::get().to(corrections::get)))
        .service(takes(
            "/v1/corrections/{number}/undo",
            web::post().to(corrections::undo),
        ))
        .service(takes(
            "/v1/corrections/{number}/redo",
            web::post().to(corrections::redo),
        ))
        .service(reads("/v1/failed", web::get().to(failed::list)))
        .service(takes("/v1/articles/{id}/retry", web::post().to(failed::retry)))
        .service(reads("/v1/refused", web::get().to(refused::get)))
        .service(reads("/v1/review", web::get().to(review::list)))
        .service(reads("/v1/decisions", web::get().to(decisions::get)))
        .service(reads("/healthz", web::get().to(health::alive)))
        .service(reads("/readyz", web::get().to(health::ready)))
        .service(reads("/metrics", web::get().to(health::metrics)))
        .service(web::redirect("/docs", "/docs/"))
        .service(
            SwaggerUi::new("/docs/{_:.*}")
                .url("/openapi.json", Api::openapi())
                // Its own default asks a validator on another host.
                .config(Config::default().validator_url("none")),
        );
}

/// Whether articles are handed in at this path.
pub fn takes_articles(path: &str) -> bool {
    matches!(path, "/v1/articles" | "/v1/documents")
}

fn reads(path: &str, route: Route) -> Resource {
    web::resource(path.to_owned())
        .route(route)
        .default_service(web::to(
            |request: HttpRequest| async move { other_method(&request, READ) },
        ))
}

fn takes(path: &str, route: Route) -> Resource {
    web::resource(path.to_owned())
        .route(route)
        .default_service(web::to(|request: HttpRequest| async move {
            other_method(&request, HAND_IN)
        }))
}

/// What is not here, and methods that are not for a page's address.
pub async fn not_found(request: HttpRequest) -> Result<HttpResponse, Problem> {
    match request.match_pattern().as_deref() {
        Some("/login" | "/watches" | "/watches/{id}" | "/corrections") => return other_method(&request, BOTH),
        Some("/logout" | "/seen" | "/stories/{id}/watch" | "/corrections/{number}/{act}") => {
            return other_method(&request, HAND_IN);
        }
        Some(_) => return other_method(&request, READ),
        None => {}
    }
    Err(Problem::new(
        Kind::NotFound,
        format!(
            "there is nothing at {}; /openapi.json lists what there is",
            request.path()
        ),
    ))
}

/// OPTIONS says what an address allows; any other method is refused with the same list.
fn other_method(request: &HttpRequest, allow: &'static str) -> Result<HttpResponse, Problem> {
    if request.method() == Method::OPTIONS {
        return Ok(HttpResponse::NoContent().insert_header((ALLOW, allow)).finish());
    }
    let detail = format!("{} takes {allow}, not {}", request.path(), request.method());
    Err(Problem::new(Kind::MethodNotAllowed, detail).allowing(allow))
}

/// The parameters of a request; each must be taken, an unknown one is refused by name.
struct Parameters {
    left: BTreeMap<String, String>,
}

impl Parameters {
    fn of(request: &HttpRequest) -> Result<Self, Problem> {
        let mut left = BTreeMap::new();
        for (name, value) in url::form_urlencoded::parse(request.query_string().as_bytes()) {
            // What is no UTF-8 has been replaced by this character, which nobody asks for.
            if name.contains(char::REPLACEMENT_CHARACTER) || value.contains(char::REPLACEMENT_CHARACTER) {
                let detail = format!("the parameter `{name}` is not in UTF-8");
                return Err(Problem::new(Kind::InvalidParameter, detail).of_field(name));
            }
            if left.insert(name.to_string(), value.to_string()).is_some() {
                let detail = format!("the parameter `{name}` is given twice");
                return Err(Problem::new(Kind::InvalidParameter, detail).of_field(name));
            }
        }
        Ok(Self { left })
    }

    /// Of values that were given otherwise, such as in a body.
    fn given<const N: usize>(values: [(&str, Option<String>); N]) -> Self {
        let given = values.into_iter();
        Self {
            left: given
                .filter_map(|(name, value)| Some((name.to_owned(), value?)))
                .collect(),
        }
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

    /// A whole number within bounds.
    fn whole(&mut self, name: &str, bounds: RangeInclusive<usize>) -> Result<Option<usize>, Problem> {
        let expected = format!("a whole number from {} to {}", bounds.start(), bounds.end());
        let found: Option<usize> = self.read(name, &expected)?;
        match found.filter(|number| !bounds.contains(number)) {
            Some(number) => {
                let detail = format!("`{name}` must be {expected}, not {number}");
                Err(Problem::new(Kind::InvalidParameter, detail).of_field(name))
            }
            None => Ok(found),
        }
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

    /// A span of time, `from` and `to` by these names, as microseconds; of a day or a month `to` is the last.
    fn span(&mut self, from: &str, to: &str) -> Result<(Option<i64>, Option<i64>), Problem> {
        let span = (self.moment(from, false)?, self.moment(to, true)?);
        ordered(span, from, to)
    }

    /// A time, a day or a month, as microseconds: the first or the last of what it names. Times are answered to the millisecond,
    /// so one names a whole one, and what is asked for by a time that was answered holds what happened at it.
    fn moment(&mut self, name: &str, end: bool) -> Result<Option<i64>, Problem> {
        use crate::article::{Dated, Precision};
        let Some(value) = self.text(name) else { return Ok(None) };
        let wrong = || {
            let number = if name == "as_of" {
                "the number of a change, "
            } else {
                ""
            };
            let detail = format!("`{name}` must be {number}a day, a month or an RFC 3339 time, not {value:?}");
            Problem::new(Kind::InvalidParameter, detail).of_field(name)
        };
        let date = Dated::from_value_text(&value).ok_or_else(wrong)?;
        let next = match date.precision {
            Precision::Day => date.value.checked_add_days(Days::new(1)),
            Precision::Month => date.value.checked_add_months(Months::new(1)),
            Precision::Minute | Precision::Unknown => date.value.checked_add_signed(TimeDelta::milliseconds(1)),
        };
        Ok(Some(match next.filter(|_| end) {
            Some(next) => next.timestamp_micros() - 1,
            None => date.value.timestamp_micros(),
        }))
    }

    /// A moment of the change log: a change's number, or a time; of a day or a month its end.
    fn as_of(&mut self) -> Result<Option<Moment>, Problem> {
        let number = self.left.get("as_of").filter(|value| !value.is_empty());
        if number.is_some_and(|value| value.bytes().all(|byte| byte.is_ascii_digit())) {
            return Ok(self.read("as_of", "the number of a change")?.map(Moment::Change));
        }
        Ok(self.moment("as_of", true)?.map(Moment::Time))
    }

    fn page(&mut self) -> Result<Paging, Problem> {
        Ok(Paging {
            cursor: self.text("cursor"),
            per_page: self.whole("per_page", 1..=PER_PAGE)?.unwrap_or(20),
        })
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

/// A span that ends before it begins holds nothing: that is a mistake, not a wish.
fn ordered<T: PartialOrd>(
    span: (Option<T>, Option<T>),
    from: &str,
    to: &str,
) -> Result<(Option<T>, Option<T>), Problem> {
    match &span {
        (Some(first), Some(last)) if first > last => {
            let detail = format!("`{from}` is later than `{to}`; exchange them");
            Err(Problem::new(Kind::InvalidParameter, detail).of_field(from))
        }
        _ => Ok(span),
    }
}

/// Which page of a list.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
struct Paging {
    /// The `next_cursor` of the page before, of the same list with the same filters
    cursor: Option<String>,
    /// Items of a page, 1 to 100; 20 without it
    #[param(minimum = 1, maximum = 100, required = false)]
    per_page: usize,
}

/// Answers with a page of a list.
async fn page<T: Serialize + Send + 'static>(
    app: &App,
    request: &HttpRequest,
    Paging { cursor, per_page }: Paging,
    list: impl FnOnce(&Store, Option<&str>, usize) -> Result<Page<T>, ReadError> + Send + 'static,
) -> Result<HttpResponse, Problem> {
    let store = Arc::clone(&app.store);
    let page = read(move || list(&store, cursor.as_deref(), per_page)).await?;
    answer(request, &page)
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

/// An answer as it was written, with its `ETag`.
#[derive(Debug, Clone)]
pub struct Kept {
    tag: String,
    body: Bytes,
}

/// JSON with an `ETag` of its content; 304 when the reader has it already.
fn answer<T: Serialize>(request: &HttpRequest, value: &T) -> Result<HttpResponse, Problem> {
    Ok(respond(request, &written(value)?))
}

fn written<T: Serialize>(value: &T) -> Result<Kept, Problem> {
    let body = serde_json::to_vec(value).map_err(|error| Problem::new(Kind::Internal, error.to_string()))?;
    let tag = tag_of(&body);
    let body = Bytes::from(body);
    Ok(Kept { tag, body })
}

/// An `ETag` that says what it was made of.
pub fn tag_of(content: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    let digest: String = Sha256::digest(content)
        .iter()
        .take(12)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("\"{digest}\"")
}

/// Whether the reader has the content with this `ETag` already.
pub fn is_known(request: &HttpRequest, tag: &str) -> bool {
    let known = request
        .headers()
        .get(IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok());
    let same = |one: &str| one.trim() == "*" || one.trim().trim_start_matches("W/") == tag;
    known.is_some_and(|list| list.split(',').any(same))
}

fn respond(request: &HttpRequest, Kept { tag, body }: &Kept) -> HttpResponse {
    if is_known(request, tag) {
        return not_modified(tag);
    }
    HttpResponse::Ok()
        .insert_header((ETAG, tag.as_str()))
        .insert_header((CACHE_CONTROL, "no-cache"))
        .content_type("application/json")
        .body(body.clone())
}

fn not_modified(tag: &str) -> HttpResponse {
    HttpResponse::NotModified()
        .insert_header((ETAG, tag))
        .insert_header((CACHE_CONTROL, "no-cache"))
        .finish()
}

/// An answer that was given to the same address and still holds: nothing has happened since. For what depends on the change
/// log alone: neither on the clock nor on what waits to be placed.
struct Unchanged {
    address: String,
    /// Read before anything else: what is worked out may be newer, never older.
    change: u64,
}

impl Unchanged {
    /// The answer, or what is needed to keep the one that is worked out now.
    fn of(app: &App, request: &HttpRequest) -> Result<HttpResponse, Self> {
        let address = request.uri().to_string();
        let change = *app.store.newest().borrow();
        match app.answers.get(&address, change) {
            Some(kept) => Ok(respond(request, &kept)),
            None => Err(Self { address, change }),
        }
    }

    /// Answers with a story, and keeps the answer; its `ETag` says which version of which story it is, for `If-Match`.
    fn answer_story<T: Serialize>(
        self,
        app: &App,
        request: &HttpRequest,
        story: &StoryView,
        value: &T,
    ) -> Result<HttpResponse, Problem> {
        let Kept { tag, body } = written(value)?;
        let tag = format!("\"{}.{}.{}\"", story.id, story.version, tag.trim_matches('"'));
        let kept = Kept { tag, body };
        let response = respond(request, &kept);
        let weight = kept.body.len() + kept.tag.len();
        app.answers.put(self.address, self.change, kept, weight);
        Ok(response)
    }

    /// Answers, and keeps the answer.
    fn answer<T: Serialize>(self, app: &App, request: &HttpRequest, value: &T) -> Result<HttpResponse, Problem> {
        let kept = written(value)?;
        let response = respond(request, &kept);
        let weight = kept.body.len() + kept.tag.len();
        app.answers.put(self.address, self.change, kept, weight);
        Ok(response)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_operation_has_a_name_of_its_own() {
        let api = serde_json::to_value(Api::openapi()).unwrap();
        let names: Vec<&str> = api["paths"]
            .as_object()
            .into_iter()
            .flatten()
            .flat_map(|(_, methods)| methods.as_object().into_iter().flatten())
            .filter_map(|(_, operation)| operation["operationId"].as_str())
            .collect();
        assert!(names.len() > 10, "{names:?}");
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "{names:?}");
    }

    #[test]
    fn a_span_of_days_and_months_holds_its_last_one() {
        let span = |from: &str, to: &str| {
            let given = [("from", from), ("to", to)].map(|(name, value)| (name.to_owned(), value.to_owned()));
            Parameters {
                left: BTreeMap::from(given),
            }
            .span("from", "to")
        };
        let day = 86_400_000_000;
        let (from, to) = span("1970-01-02", "1970-01-02").unwrap();
        assert_eq!((from, to), (Some(day), Some(2 * day - 1)));
        let (from, to) = span("1970-01", "1970-01").unwrap();
        assert_eq!((from, to), (Some(0), Some(31 * day - 1)));
        let (from, to) = span("1970-01-01T00:00:01Z", "1970-01-01T00:00:01Z").unwrap();
        assert_eq!(
            (from, to),
            (Some(1_000_000), Some(1_000_999)),
            "all of the millisecond that is shown"
        );
        assert!(span("1970-01-02", "1970-01-01").is_err());
        assert!(span("yesterday", "").is_err());
    }
}
