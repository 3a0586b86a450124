//! `/v1/changes` and `/v1/changes/stream`.

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_ENCODING};
use actix_web::web::Bytes;
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, web};
use futures_util::{Stream, StreamExt as _, stream};

use super::problem::{Kind, Problem};
use super::{Paging, Parameters, page, read};
use crate::publish::access::Caller;
use crate::publish::streams::{Place, Position};
use crate::publish::{App, HeadAlone};
use crate::store::Store;
use crate::store::read::{BadCursor, ChangeView, KINDS, Page, ReadError};

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

/// What happens, as it happens: server-sent events. `id` is the number of the change, `event` its kind, `data` the change as
/// in `/v1/changes`. Who comes again with `Last-Event-ID` goes on behind that change: none is left out, none comes twice.
/// A comment comes when nothing happens for `publish.heartbeat_seconds`. The stream ends when the service does.
#[utoipa::path(get, path = "/v1/changes/stream", operation_id = "change_stream",
    params(("Last-Event-ID" = Option<u64>, Header, description = "Go on behind the change of this number; stronger than `after`"),
        ("after" = Option<u64>, Query, description = "Begin behind the change of this number, 0 for all; without it, with what happens from now on"),
        ("story" = Option<String>, Query, description = "Only changes of this story, and of the one that it goes on in once it is merged"),
        ("kind" = Option<String>, Query, description = "Only changes of this kind, or of these kinds with commas between them")),
    responses((status = 200, description = "The stream", content_type = "text/event-stream", body = String),
        (status = 400, body = Problem), (status = 404, description = "There is no such story", body = Problem),
        (status = 503, description = "As many streams are open as may be (`publish.max_streams`)", body = Problem)))]
pub async fn stream(app: web::Data<App>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let mut parameters = Parameters::of(&request)?;
    let after: Option<u64> = parameters.read("after", "the number of a change")?;
    let story = parameters.text("story");
    let kinds = kinds(parameters.text("kind"))?;
    parameters.end()?;
    let after = last_seen(&request)?.or(after);
    let place = place(&app)?;
    let store = Arc::clone(&app.store);
    let position = read(move || position(&store, after, story, kinds)).await?;
    let heartbeat = Duration::from_secs(app.settings.publish.heartbeat_seconds.max(1));
    let start = Bytes::from(format!(": behind change {}\nretry: 2000\n\n", position.after));
    let (caller, own) = (Caller::of(&request), app.clone());
    let events = stream::unfold((position, place), move |(position, place)| {
        let (app, caller) = (own.clone(), caller.clone());
        async move {
            let (position, text) = app.streams.piece(&app.store, position, heartbeat).await?;
            // A token that was revoked reads no further.
            if caller.is_some_and(|caller| !app.access.still(&caller)) {
                return None;
            }
            Some((Ok::<_, actix_web::Error>(text), (position, place)))
        }
    });
    Ok(server_sent(&request, start, events))
}

/// A place among the streams, if there is one.
pub(super) fn place(app: &App) -> Result<Place, Problem> {
    app.streams.place().ok_or_else(|| {
        let (_, most) = app.streams.open();
        let detail = format!("{most} streams are open, as many as publish.max_streams allows; come back later");
        Problem::new(Kind::TooManyStreams, detail)
    })
}

/// The answer that goes on: its start, then events.
pub(super) fn server_sent(
    request: &HttpRequest,
    start: Bytes,
    events: impl Stream<Item = Result<Bytes, actix_web::Error>> + 'static,
) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    response
        .content_type("text/event-stream")
        .insert_header((CACHE_CONTROL, "no-store"))
        // Neither compressed here nor held back by a proxy: both would wait for more.
        .insert_header((CONTENT_ENCODING, "identity"))
        .insert_header(("x-accel-buffering", "no"));
    match request.extensions().get::<HeadAlone>() {
        Some(HeadAlone) => response.finish(),
        None => response.streaming(stream::iter([Ok(start)]).chain(events)),
    }
}

fn kinds(given: Option<String>) -> Result<Vec<String>, Problem> {
    let given = given.unwrap_or_default();
    let kinds: Vec<String> = given
        .split(',')
        .map(|kind| kind.trim().to_owned())
        .filter(|kind| !kind.is_empty())
        .collect();
    match kinds.iter().find(|kind| !KINDS.contains(&kind.as_str())) {
        None => Ok(kinds),
        Some(unknown) => {
            let detail = format!("`kind` must be one or more of {}, not {unknown:?}", KINDS.join(", "));
            Err(Problem::new(Kind::InvalidParameter, detail).of_field("kind"))
        }
    }
}

/// The number of the change, or of the alert, that the client saw last.
pub(super) fn last_seen(request: &HttpRequest) -> Result<Option<u64>, Problem> {
    let Some(given) = request.headers().get("last-event-id") else {
        return Ok(None);
    };
    let number = given.to_str().ok().map(str::trim).unwrap_or("?");
    if number.is_empty() {
        return Ok(None);
    }
    number.parse().map(Some).map_err(|_| {
        let detail = "`Last-Event-ID` must be a number that the stream gave as `id`";
        Problem::new(Kind::InvalidParameter, detail).of_field("Last-Event-ID")
    })
}

/// Where a follower begins.
fn position(store: &Store, after: Option<u64>, story: Option<String>, kinds: Vec<String>) -> Result<Position, Problem> {
    let newest = store.newest_change()?;
    if after.is_some_and(|after| after > newest) {
        // Of another store: its reader would wait for changes that it believes to have seen.
        return Err(ReadError::Cursor(BadCursor).into());
    }
    let after = after.unwrap_or(newest);
    let followed = match story {
        None => None,
        Some(story) => Some(
            store
                .followed(&story, after)?
                .ok_or_else(|| Problem::not_found("story", &story))?,
        ),
    };
    Ok(Position { after, followed, kinds })
}
