//! `/v1/watches`, and the Atom feed of each.

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::{CACHE_CONTROL, ETAG, LOCATION};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::stream;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::changes::{last_seen, place, server_sent};
use super::corrections::object;
use super::intake::body;
use super::problem::{Kind, Problem};
use super::{Paging, Parameters, answer, page, read};
use crate::publish::access::Caller;
use crate::publish::{App, feed};
use crate::store::read::watch::{AlertView, MessageView, WatchView};
use crate::store::read::{BadCursor, Page, ReadError};
use crate::store::write::{Again, Foreseen};
use crate::track::{Change, NewWatch, Secret, TrackError};

/// Alerts of one piece of a stream, at most.
const PIECE: usize = 100;
/// Entries of a feed.
const ENTRIES: usize = 50;

/// A watch that was just made, with its secret.
#[derive(Debug, Serialize, ToSchema)]
pub struct Made {
    /// The watch.
    #[serde(flatten)]
    pub watch: WatchView,
    /// Its secret, shown this once.
    #[serde(flatten)]
    pub secret: Secret,
}

/// A message that was put to the receiver.
#[derive(Debug, Serialize, ToSchema)]
pub struct Posted {
    /// Its `webhook-id`; `…/messages` says what came of it.
    pub message_id: String,
}

/// Which messages are posted again: one of the three.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Replay {
    /// These, by `webhook-id`.
    pub message_ids: Vec<String>,
    /// Those made then or later: a day, a month or an RFC 3339 time.
    pub from: Option<String>,
    /// Those made then or earlier; now without it.
    pub to: Option<String>,
    /// All that were given up: `true`.
    pub dead: bool,
}

/// How many messages are posted again.
#[derive(Debug, Serialize, ToSchema)]
pub struct Replayed {
    /// How many.
    pub messages: usize,
}

/// Watches, the newest first.
#[utoipa::path(get, path = "/v1/watches", operation_id = "watches", params(Paging),
    responses((status = 200, body = Page<WatchView>), (status = 304), (status = 400, body = Problem)))]
pub async fn list(app: web::Data<App>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let mut parameters = Parameters::of(&request)?;
    let paging = parameters.page()?;
    parameters.end()?;
    page(&app, &request, paging, |store, cursor, per_page| {
        store.watches(cursor, per_page)
    })
    .await
}

/// Watches a story or a saved search. What happens to it from now on is told once: by messages to `url`, signed as Standard
/// Webhooks asks, by `…/stream` and by the watch's Atom feed. The answer holds the secret, this once. With `preview=true` nothing is made,
/// and the answer says what a saved search would have told in the last seven days.
#[utoipa::path(post, path = "/v1/watches", operation_id = "watch_add", request_body = NewWatch,
    params(("preview" = Option<bool>, Query, description = "true: make nothing")),
    responses((status = 200, description = "The preview", body = Foreseen), (status = 201, description = "Made; Location is its address", body = Made), (status = 400, body = Problem),
        (status = 404, description = "There is no such story", body = Problem),
        (status = 409, description = "There are as many watches as may be", body = Problem), (status = 413, body = Problem),
        (status = 415, body = Problem), (status = 422, description = "It makes no sense, or its address may not be asked", body = Problem),
        (status = 503, body = Problem), (status = 507, body = Problem)))]
pub async fn add(app: web::Data<App>, request: HttpRequest, payload: web::Payload) -> Result<HttpResponse, Problem> {
    let mut parameters = Parameters::of(&request)?;
    let trial = parameters
        .one_of("preview", &[("true", true), ("false", false)])?
        .unwrap_or(false);
    parameters.end()?;
    let new: NewWatch = sent(&app, &request, payload).await?;
    let tracker = Arc::clone(&app.tracker);
    if trial {
        return Ok(HttpResponse::Ok().json(read(move || tracker.foresee(&new)).await?));
    }
    let (id, secret) = read(move || tracker.add(&new)).await?;
    let watch = view(&app, &id).await?;
    Ok(HttpResponse::Created()
        .insert_header((LOCATION, format!("/v1/watches/{id}")))
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(Made { watch, secret }))
}

/// One watch.
#[utoipa::path(get, path = "/v1/watches/{id}", operation_id = "watch", params(("id" = String, Path)),
    responses((status = 200, body = WatchView), (status = 304), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub async fn get(app: web::Data<App>, request: HttpRequest, id: web::Path<String>) -> Result<HttpResponse, Problem> {
    Parameters::of(&request)?.end()?;
    answer(&request, &view(&app, &id).await?)
}

/// Changes a watch: its name, address, events, bounds, or whether it is paused. What is left out stays. A disabled one is made
/// `active` again here.
#[utoipa::path(patch, path = "/v1/watches/{id}", operation_id = "watch_change", params(("id" = String, Path)), request_body = Change,
    responses((status = 200, body = WatchView), (status = 400, body = Problem), (status = 404, body = Problem),
        (status = 413, body = Problem), (status = 415, body = Problem), (status = 422, body = Problem), (status = 503, body = Problem),
        (status = 507, body = Problem)))]
pub async fn change(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let change: Change = asked(&app, &request, payload).await?;
    let (tracker, watch) = (Arc::clone(&app.tracker), id.clone());
    read(move || tracker.change(&watch, &change)).await?;
    Ok(HttpResponse::Ok().json(view(&app, &id).await?))
}

/// Deletes a watch, with its alerts and its log. Its id is never used again.
#[utoipa::path(delete, path = "/v1/watches/{id}", operation_id = "watch_delete", params(("id" = String, Path)),
    responses((status = 204, description = "Deleted"), (status = 400, body = Problem), (status = 404, body = Problem),
        (status = 503, body = Problem), (status = 507, body = Problem)))]
pub async fn delete(app: web::Data<App>, request: HttpRequest, id: web::Path<String>) -> Result<HttpResponse, Problem> {
    Parameters::of(&request)?.end()?;
    let tracker = Arc::clone(&app.tracker);
    read(move || tracker.delete(&id)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Gives a watch a new secret. The one before signs beside it for `track.old_secret_hours`, so that the receiver can change over.
#[utoipa::path(post, path = "/v1/watches/{id}/rotate", operation_id = "watch_rotate", params(("id" = String, Path)),
    responses((status = 200, body = Secret), (status = 400, body = Problem), (status = 404, body = Problem),
        (status = 503, body = Problem), (status = 507, body = Problem)))]
pub async fn rotate(app: web::Data<App>, request: HttpRequest, id: web::Path<String>) -> Result<HttpResponse, Problem> {
    Parameters::of(&request)?.end()?;
    let tracker = Arc::clone(&app.tracker);
    let secret = read(move || tracker.rotate(&id)).await?;
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(secret))
}

/// Posts a message to the receiver that says that it is a trial.
#[utoipa::path(post, path = "/v1/watches/{id}/test", operation_id = "watch_test", params(("id" = String, Path)),
    responses((status = 202, description = "On its way", body = Posted), (status = 400, body = Problem), (status = 404, body = Problem),
        (status = 422, description = "The watch posts nowhere", body = Problem), (status = 503, body = Problem), (status = 507, body = Problem)))]
pub async fn test(app: web::Data<App>, request: HttpRequest, id: web::Path<String>) -> Result<HttpResponse, Problem> {
    Parameters::of(&request)?.end()?;
    let tracker = Arc::clone(&app.tracker);
    let message_id = read(move || tracker.try_out(&id)).await?;
    Ok(HttpResponse::Accepted().json(Posted { message_id }))
}

/// What a watch has told of, the newest first.
#[utoipa::path(get, path = "/v1/watches/{id}/alerts", operation_id = "watch_alerts",
    params(("id" = String, Path), ("held_back" = Option<bool>, Query, description = "true: those held back by the watch's bounds, too"), Paging),
    responses((status = 200, body = Page<AlertView>), (status = 304), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub async fn alerts(app: web::Data<App>, request: HttpRequest, id: web::Path<String>) -> Result<HttpResponse, Problem> {
    let mut parameters = Parameters::of(&request)?;
    let held_back = parameters
        .one_of("held_back", &[("true", true), ("false", false)])?
        .unwrap_or(false);
    let paging = parameters.page()?;
    parameters.end()?;
    view(&app, &id).await?;
    page(&app, &request, paging, move |store, cursor, per_page| {
        store.alerts(&id, held_back, cursor, per_page)
    })
    .await
}

/// A watch's messages with every try to deliver them, the newest first.
#[utoipa::path(get, path = "/v1/watches/{id}/messages", operation_id = "watch_messages",
    params(("id" = String, Path), ("state" = Option<String>, Query, description = "waiting, delivered, dead"), Paging),
    responses((status = 200, body = Page<MessageView>), (status = 304), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub async fn messages(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let mut parameters = Parameters::of(&request)?;
    let state = parameters.one_of(
        "state",
        &[("waiting", "waiting"), ("delivered", "delivered"), ("dead", "dead")],
    )?;
    let paging = parameters.page()?;
    parameters.end()?;
    view(&app, &id).await?;
    page(&app, &request, paging, move |store, cursor, per_page| {
        store.messages(&id, state, cursor, per_page)
    })
    .await
}

/// Posts messages again, under the ids that they have: those named, those of a span of time, or all that were given up.
#[utoipa::path(post, path = "/v1/watches/{id}/replay", operation_id = "watch_replay", params(("id" = String, Path)), request_body = Replay,
    responses((status = 202, description = "On their way", body = Replayed), (status = 400, body = Problem), (status = 404, body = Problem),
        (status = 413, body = Problem), (status = 415, body = Problem), (status = 422, body = Problem), (status = 503, body = Problem),
        (status = 507, body = Problem)))]
pub async fn replay(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let replay: Replay = asked(&app, &request, payload).await?;
    let which = which(replay)?;
    let tracker = Arc::clone(&app.tracker);
    let messages = read(move || tracker.post_again(&id, &which)).await?;
    Ok(HttpResponse::Accepted().json(Replayed { messages }))
}

fn which(replay: Replay) -> Result<Again, Problem> {
    let Replay {
        message_ids,
        from,
        to,
        dead,
    } = replay;
    let span = from.is_some() || to.is_some();
    match (message_ids.is_empty(), span, dead) {
        (false, false, false) => Ok(Again::Ids(message_ids)),
        (true, false, true) => Ok(Again::Dead),
        (true, true, false) => {
            let mut parameters = Parameters::given([("from", from), ("to", to)]);
            let (from, to) = parameters.span("from", "to")?;
            Ok(Again::Span(from.unwrap_or(i64::MIN), to.unwrap_or(i64::MAX)))
        }
        _ => {
            let detail = "say which messages: `message_ids`, or `from` and `to`, or `dead`: true";
            Err(Problem::new(Kind::InvalidWatch, detail).of_field("message_ids"))
        }
    }
}

/// What a watch tells of, as it happens: server-sent events. `id` is the number of the alert, `data` the alert as in `…/alerts`.
/// Who comes again with `Last-Event-ID` goes on behind it. What the watch's bounds hold back does not come.
#[utoipa::path(get, path = "/v1/watches/{id}/stream", operation_id = "watch_stream",
    params(("id" = String, Path), ("Last-Event-ID" = Option<u64>, Header, description = "Go on behind the alert of this number; stronger than `after`"),
        ("after" = Option<u64>, Query, description = "Begin behind the alert of this number, 0 for all; without it, with what happens from now on")),
    responses((status = 200, description = "The stream", content_type = "text/event-stream", body = String), (status = 400, body = Problem),
        (status = 404, body = Problem), (status = 503, description = "As many streams are open as may be (`publish.max_streams`)", body = Problem)))]
pub async fn stream(app: web::Data<App>, request: HttpRequest, id: web::Path<String>) -> Result<HttpResponse, Problem> {
    let mut parameters = Parameters::of(&request)?;
    let after: Option<u64> = parameters.read("after", "the number of an alert")?;
    parameters.end()?;
    let after = last_seen(&request)?.or(after);
    view(&app, &id).await?;
    let place = place(&app)?;
    let store = Arc::clone(&app.store);
    let newest = read(move || store.newest_alert()).await?;
    if after.is_some_and(|after| after > newest) {
        // Of another store: its reader would wait for alerts that it believes to have seen.
        return Err(ReadError::Cursor(BadCursor).into());
    }
    let after = after.unwrap_or(newest);
    let heartbeat = Duration::from_secs(app.settings.publish.heartbeat_seconds.max(1));
    let start = Bytes::from(format!(": behind alert {after}\nretry: 2000\n\n"));
    let (id, streaming, caller) = (id.into_inner(), app.get_ref().clone(), Caller::of(&request));
    let events = stream::unfold((after, place), move |(after, place)| {
        let (app, id, caller) = (streaming.clone(), id.clone(), caller.clone());
        async move {
            let (after, text) = piece(&app, &id, after, heartbeat).await?;
            // A token that was revoked reads no further.
            if caller.is_some_and(|caller| !app.access.still(&caller)) {
                return None;
            }
            Some((Ok::<_, actix_web::Error>(text), (after, place)))
        }
    });
    Ok(server_sent(&request, start, events))
}

/// The next alerts of a stream, or a sign of life; `None` at the end of the service.
async fn piece(app: &App, id: &str, after: u64, heartbeat: Duration) -> Option<(u64, Bytes)> {
    let mut newest = app.tracker.newest();
    let until = tokio::time::Instant::now() + heartbeat;
    loop {
        newest.borrow_and_update();
        let (store, watch) = (Arc::clone(&app.store), id.to_owned());
        let found = web::block(move || store.alerts_after(&watch, after, PIECE)).await;
        let found = match found {
            Ok(Ok(found)) => found,
            Ok(Err(error)) => {
                tracing::error!(%error, "a stream of alerts ends");
                return None;
            }
            Err(_) => return None,
        };
        if let Some(last) = found.last().map(|alert| alert.number) {
            let mut text = String::new();
            for alert in &found {
                let data = serde_json::to_string(alert).ok()?;
                text.push_str(&format!(
                    "id: {}\nevent: {}\ndata: {data}\n\n",
                    alert.number, alert.event
                ));
            }
            return Some((last, Bytes::from(text)));
        }
        tokio::select! {
            () = app.streams.closed() => return None,
            () = tokio::time::sleep_until(until) => return Some((after, Bytes::from_static(b":\n\n"))),
            changed = newest.changed() => changed.ok()?,
        }
    }
}

/// A watch's alerts as an Atom feed, the newest 50. Its address is the secret: it asks for no token.
#[utoipa::path(get, path = "/feeds/{secret}.atom", operation_id = "watch_feed", params(("secret" = String, Path)),
    responses((status = 200, description = "The feed", content_type = "application/atom+xml", body = String), (status = 304),
        (status = 404, body = Problem)))]
pub async fn atom(
    app: web::Data<App>,
    request: HttpRequest,
    secret: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    Parameters::of(&request)?.end()?;
    let store = Arc::clone(&app.store);
    let found = read(move || -> Result<Option<(WatchView, Vec<AlertView>)>, ReadError> {
        let Some(watch) = store.watch_of_feed(&secret)? else {
            return Ok(None);
        };
        let alerts = store.alerts(&watch.id, false, None, ENTRIES)?.items;
        Ok(Some((watch, alerts)))
    })
    .await?;
    let Some((watch, alerts)) = found else {
        return Err(Problem::new(
            Kind::NotFound,
            "there is no feed at this address; its watch may have been deleted",
        ));
    };
    let info = request.connection_info().clone();
    let base = format!("{}://{}", info.scheme(), info.host());
    let text = feed::write(&watch, &alerts, &base).map_err(|error| Problem::new(Kind::Internal, error.to_string()))?;
    let tag = super::tag_of(text.as_bytes());
    if super::is_known(&request, &tag) {
        return Ok(super::not_modified(&tag));
    }
    Ok(HttpResponse::Ok()
        .insert_header((ETAG, tag))
        .insert_header((CACHE_CONTROL, "no-cache"))
        .content_type("application/atom+xml; charset=utf-8")
        .body(text))
}

async fn view(app: &App, id: &str) -> Result<WatchView, Problem> {
    let (store, asked) = (Arc::clone(&app.store), id.to_owned());
    let found = read(move || store.watch(&asked)).await?;
    found.ok_or_else(|| Problem::not_found("watch", id))
}

/// A JSON body that is read as a whole.
async fn asked<T: for<'a> Deserialize<'a>>(
    app: &App,
    request: &HttpRequest,
    payload: web::Payload,
) -> Result<T, Problem> {
    Parameters::of(request)?.end()?;
    sent(app, request, payload).await
}

/// The same where the address says more.
async fn sent<T: for<'a> Deserialize<'a>>(
    app: &App,
    request: &HttpRequest,
    payload: web::Payload,
) -> Result<T, Problem> {
    let bytes = body(app, request, payload).await?;
    let value = object(request, &bytes)?;
    T::deserialize(&value).map_err(|error| {
        let detail = format!("the body cannot be read: {error}");
        Problem::new(Kind::InvalidWatch, detail).of_body(&error, &value)
    })
}

impl From<TrackError> for Problem {
    fn from(error: TrackError) -> Self {
        let detail = error.to_string();
        match error {
            TrackError::Invalid { field, .. } => Self::new(Kind::InvalidWatch, detail).of_field(field),
            TrackError::Address(_) => Self::new(Kind::InvalidWatch, detail).of_field("url"),
            TrackError::NoStory(_) => Self::new(Kind::NotFound, detail).of_field("story_id"),
            TrackError::NoWatch(_) => Self::new(Kind::NotFound, detail),
            TrackError::TooMany(_) => Self::new(Kind::TooManyWatches, detail),
            TrackError::Random(_) => Self::new(Kind::Internal, detail),
            TrackError::Store(error) => error.into(),
        }
    }
}
