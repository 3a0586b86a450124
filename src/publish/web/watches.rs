//! Watches as pages: what is watched, what each told, and what became of its messages; with the buttons to change it.
//!
//! A form answers with a redirect, so that a page that is loaded again does nothing twice. Who may send one is decided by
//! [`crate::publish::access`].

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::frame::{Frame, Sorry, parameter, with};
use super::phrase::Link;
use super::words::Words;
use super::{PER_PAGE, some};
use crate::publish::App;
use crate::store::read::ReadError;
use crate::store::read::watch::{AlertView, MessageView, WatchView};
use crate::store::write::Again;
use crate::track::{Change, NewWatch, TrackError, Tracker, WatchState};

/// Bytes of a form, at most.
const FORM: usize = 4_096;
/// Messages that are shown.
const MESSAGES: usize = 20;

/// An alert as it is shown.
struct Row {
    event: &'static str,
    at: String,
    article: Option<Link>,
    story: Link,
    source: Option<String>,
}

impl Row {
    fn new(words: &'static Words, alert: &AlertView) -> Self {
        Self {
            event: words.watch_event(&alert.event),
            at: alert.at.clone(),
            article: alert
                .article
                .as_ref()
                .map(|one| Link::article(&one.id, &one.title, &one.lang)),
            story: Link::story(&alert.story.id, &alert.story.title, &alert.story.title_lang),
            source: alert.article.as_ref().and_then(|one| one.source.clone()),
        }
    }
}

#[derive(Template)]
#[template(path = "watches.html")]
struct ListPage {
    frame: Frame,
    w: &'static Words,
    watches: Vec<WatchView>,
    next: Option<String>,
}

#[derive(Template)]
#[template(path = "watch.html")]
struct WatchPage {
    frame: Frame,
    w: &'static Words,
    watch: WatchView,
    story: Option<Link>,
    /// Shown once, when it was just made.
    secret: Option<String>,
    rows: Vec<Row>,
    more: Option<String>,
    messages: Vec<MessageView>,
}

/// `GET /watches`
pub async fn list(app: web::Data<App>, request: HttpRequest) -> Result<HttpResponse, Sorry> {
    let frame = Frame::of(&request);
    let cursor = some(&parameter(&request, "cursor"));
    let store = Arc::clone(&app.store);
    let page = frame.read(move || store.watches(cursor.as_deref(), PER_PAGE)).await?;
    let template = ListPage {
        frame: frame.clone(),
        w: frame.words,
        watches: page.items,
        next: page
            .next_cursor
            .as_deref()
            .map(|cursor| with(&request, "cursor", cursor)),
    };
    Ok(frame.page(StatusCode::OK, &template))
}

/// `GET /watches/{id}`
pub async fn get(app: web::Data<App>, request: HttpRequest, id: web::Path<String>) -> Result<HttpResponse, Sorry> {
    shown(&app, &request, &id, None).await
}

/// `POST /stories/{id}/watch`: watches the story, and shows the watch with its secret.
pub async fn add(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
    payload: web::Payload,
) -> Result<HttpResponse, Sorry> {
    let frame = Frame::of(&request);
    let new = NewWatch {
        name: None,
        story_id: Some(id.into_inner()),
        search: None,
        url: field(&frame, payload, "url").await?,
        events: Vec::new(),
        quiet: crate::track::Quiet::default(),
    };
    let (watch, secret) = act(&frame, &app.tracker, move |tracker| tracker.add(&new)).await?;
    shown(&app, &request, &watch, Some(secret.secret)).await
}

/// `POST /watches/{id}`: what its buttons do.
pub async fn change(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
    payload: web::Payload,
) -> Result<HttpResponse, Sorry> {
    let frame = Frame::of(&request);
    let id = id.into_inner();
    let asked = field(&frame, payload, "do").await?.unwrap_or_default();
    let state = |state| Change {
        state: Some(state),
        ..Change::default()
    };
    let watch = id.clone();
    let tracker = &app.tracker;
    let mut to = format!("/watches/{id}");
    match asked.as_str() {
        "test" => act(&frame, tracker, move |tracker| tracker.try_out(&watch))
            .await
            .map(drop)?,
        "pause" => {
            act(&frame, tracker, move |tracker| {
                tracker.change(&watch, &state(WatchState::Paused))
            })
            .await?
        }
        "resume" => {
            act(&frame, tracker, move |tracker| {
                tracker.change(&watch, &state(WatchState::Active))
            })
            .await?
        }
        "replay" => act(&frame, tracker, move |tracker| tracker.post_again(&watch, &Again::Dead))
            .await
            .map(drop)?,
        "delete" => {
            act(&frame, tracker, move |tracker| tracker.delete(&watch)).await?;
            "/watches".clone_into(&mut to);
        }
        "rotate" => {
            let secret = act(&frame, tracker, move |tracker| tracker.rotate(&watch)).await?;
            return shown(&app, &request, &id, Some(secret.secret)).await;
        }
        other => {
            let text = frame.words.watch_unknown.replace("{id}", other);
            return Err(frame.sorry(StatusCode::BAD_REQUEST, frame.words.bad_page, text));
        }
    }
    Ok(HttpResponse::SeeOther().insert_header((LOCATION, to)).finish())
}

async fn shown(app: &App, request: &HttpRequest, id: &str, secret: Option<String>) -> Result<HttpResponse, Sorry> {
    let frame = Frame::of(request);
    let words = frame.words;
    let cursor = some(&parameter(request, "cursor"));
    let (store, asked) = (Arc::clone(&app.store), id.to_owned());
    let found = frame
        .read(move || {
            let Some(watch) = store.watch(&asked)? else {
                return Ok(None);
            };
            let story = match &watch.story_id {
                Some(story) => store.story(story, Some(words.code))?,
                None => None,
            };
            let alerts = store.alerts(&asked, false, cursor.as_deref(), PER_PAGE)?;
            let messages = store.messages(&asked, None, None, MESSAGES)?.items;
            Ok::<_, ReadError>(Some((watch, story, alerts, messages)))
        })
        .await?;
    let (watch, story, alerts, messages) = found.ok_or_else(|| frame.missing(words.no_such_watch, id))?;
    let template = WatchPage {
        frame: frame.clone(),
        w: words,
        story: story.map(|story| Link::story(&story.id, &story.title, &story.title_lang)),
        rows: alerts.items.iter().map(|alert| Row::new(words, alert)).collect(),
        more: alerts
            .next_cursor
            .as_deref()
            .map(|cursor| with(request, "cursor", cursor)),
        watch,
        secret,
        messages,
    };
    Ok(frame.page(StatusCode::OK, &template))
}

/// A field of a form; an empty one counts as absent.
async fn field(frame: &Frame, payload: web::Payload, name: &str) -> Result<Option<String>, Sorry> {
    let unreadable = |text: String| frame.sorry(StatusCode::BAD_REQUEST, frame.words.bad_page, text);
    match payload.to_bytes_limited(FORM).await {
        Ok(Ok(body)) => Ok(url::form_urlencoded::parse(&body)
            .find(|(key, _)| key == name)
            .and_then(|(_, value)| some(value.trim()))),
        Ok(Err(error)) => Err(unreadable(error.to_string())),
        Err(_) => Err(unreadable(format!("> {FORM} B"))),
    }
}

/// Does something with watches off the async threads; what is refused becomes a page that says why.
async fn act<T: Send + 'static>(
    frame: &Frame,
    tracker: &Arc<Tracker>,
    act: impl FnOnce(&Tracker) -> Result<T, TrackError> + Send + 'static,
) -> Result<T, Sorry> {
    let (words, tracker) = (frame.words, Arc::clone(tracker));
    let done = web::block(move || act(&tracker)).await;
    let error = match done {
        Ok(Ok(value)) => return Ok(value),
        Ok(Err(error)) => error,
        Err(_) => {
            let text = words.stopping_text.to_owned();
            return Err(frame.sorry(StatusCode::SERVICE_UNAVAILABLE, words.stopping, text));
        }
    };
    Err(match error {
        TrackError::NoWatch(id) => frame.missing(words.no_such_watch, &id),
        TrackError::NoStory(id) => frame.missing(words.no_such_story, &id),
        TrackError::Store(_) | TrackError::Random(_) => {
            tracing::error!(%error, "a watch could not be changed");
            let text = words.store_failed_text.to_owned();
            frame.sorry(StatusCode::INTERNAL_SERVER_ERROR, words.store_failed, text)
        }
        refused => frame.sorry(
            StatusCode::UNPROCESSABLE_ENTITY,
            words.watch_refused,
            refused.to_string(),
        ),
    })
}
