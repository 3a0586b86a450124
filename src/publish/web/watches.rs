//! Watches as pages: what is watched, what each told, and what became of its messages; with the buttons to change it.
//!
//! A form answers with a redirect, so that a page that is loaded again does nothing twice. Who may send one is decided by
//! [`crate::publish::access`].

use std::sync::Arc;
use std::time::Instant;

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, HeaderValue, LOCATION};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};

use super::frame::{Frame, Sorry, parameter, with, with_but};
use super::names::StoryNames;
use super::phrase::Link;
use super::watch_form::{Fields, Form, asked, languages, log_state};
use super::words::Words;
use super::{PER_PAGE, some};
use crate::publish::App;
use crate::store::read::ReadError;
use crate::store::read::watch::{AlertView, MessageView, WatchView};
use crate::store::write::{Again, Foreseen};
use crate::track::{Change, NewWatch, TrackError, Tracker, WatchState};

/// Bytes of a form, at most: ids of selected messages among them.
const FORM: usize = 16_384;
/// The parameter that holds the key to a new secret.
const MADE: &str = "made";
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
    fn new(words: &'static Words, names: &StoryNames, alert: &AlertView) -> Self {
        Self {
            event: words.watch_event(&alert.event),
            at: alert.at.clone(),
            article: alert
                .article
                .as_ref()
                .map(|one| Link::article(&one.id, &one.title, &one.lang)),
            story: names.link(&alert.story.id),
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
#[template(path = "watch_new.html")]
struct NewPage {
    frame: Frame,
    w: &'static Words,
    form: Form,
    languages: Vec<(&'static str, &'static str, bool)>,
    /// What is wrong with it.
    wrong: Option<String>,
    foreseen: Option<Foreseen>,
    newest: Vec<Link>,
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
    messages: Vec<Message>,
    older: Option<String>,
    /// Name, address, whether it is the one that is shown.
    states: Vec<(&'static str, String, bool)>,
    /// How many messages were just put on their way again.
    again: Option<u64>,
    form: Form,
}

/// A message of the delivery log.
struct Message {
    view: MessageView,
    /// Status of the last answer, if there was one.
    status: Option<u16>,
    /// Milliseconds of the last try.
    took: Option<u64>,
    body: String,
}

impl From<MessageView> for Message {
    fn from(view: MessageView) -> Self {
        let last = view.tries.last();
        Self {
            status: last.and_then(|one| one.status),
            took: last.map(|one| one.milliseconds),
            body: serde_json::to_string_pretty(&view.body).unwrap_or_default(),
            view,
        }
    }
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

/// `GET /watches/new`: the form of a saved search, and what it would have told.
pub async fn form(app: web::Data<App>, request: HttpRequest) -> Result<HttpResponse, Sorry> {
    let frame = Frame::of(&request);
    let fields = asked(&request);
    let form = Form::sent(frame.words, &fields);
    if !fields.ticked("preview") {
        return Ok(blank(&frame, StatusCode::OK, form, None, None));
    }
    let new = match form.new_watch(frame.words) {
        Ok(new) => new,
        Err(wrong) => return Ok(blank(&frame, StatusCode::UNPROCESSABLE_ENTITY, form, Some(wrong), None)),
    };
    let tracker = Arc::clone(&app.tracker);
    match web::block(move || tracker.foresee(&new)).await {
        Ok(Err(refused)) if is_refusal(&refused) => {
            let wrong = Some(refused.to_string());
            Ok(blank(&frame, StatusCode::UNPROCESSABLE_ENTITY, form, wrong, None))
        }
        Ok(Ok(foreseen)) => Ok(blank(&frame, StatusCode::OK, form, None, Some(foreseen))),
        Ok(Err(error)) => Err(sorry(&frame, error)),
        Err(_) => Err(frame.stopping()),
    }
}

/// `POST /watches`: makes a watch of a saved search.
pub async fn make(app: web::Data<App>, request: HttpRequest, payload: web::Payload) -> Result<HttpResponse, Sorry> {
    let frame = Frame::of(&request);
    let form = Form::sent(frame.words, &fields(&frame, payload).await?);
    let new = match form.new_watch(frame.words) {
        Ok(new) => new,
        Err(wrong) => return Ok(blank(&frame, StatusCode::UNPROCESSABLE_ENTITY, form, Some(wrong), None)),
    };
    let tracker = Arc::clone(&app.tracker);
    match web::block(move || tracker.add(&new)).await {
        Ok(Ok((watch, secret))) => made(&app, &frame, &watch, secret.secret),
        Ok(Err(refused)) if is_refusal(&refused) => {
            let wrong = Some(refused.to_string());
            Ok(blank(&frame, StatusCode::UNPROCESSABLE_ENTITY, form, wrong, None))
        }
        Ok(Err(error)) => Err(sorry(&frame, error)),
        Err(_) => Err(frame.stopping()),
    }
}

fn blank(
    frame: &Frame,
    status: StatusCode,
    form: Form,
    wrong: Option<String>,
    foreseen: Option<Foreseen>,
) -> HttpResponse {
    let newest = foreseen.iter().flat_map(|foreseen| &foreseen.newest);
    let template = NewPage {
        frame: frame.clone(),
        w: frame.words,
        languages: languages(frame.words, &form.lang),
        form,
        wrong,
        newest: newest
            .map(|one| Link::article(&one.id, &one.title, &one.lang))
            .collect(),
        foreseen,
    };
    frame.page(status, &template)
}

/// `GET /watches/{id}`
pub async fn get(app: web::Data<App>, request: HttpRequest, id: web::Path<String>) -> Result<HttpResponse, Sorry> {
    shown(&app, &request, &id).await
}

/// `POST /stories/{id}/watch`: watches the story, and leads on to the watch with its secret.
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
        url: fields(&frame, payload).await?.text("url"),
        events: Vec::new(),
        quiet: crate::track::Quiet::default(),
    };
    let (watch, secret) = act(&frame, &app.tracker, move |tracker| tracker.add(&new)).await?;
    made(&app, &frame, &watch, secret.secret)
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
    let fields = fields(&frame, payload).await?;
    let asked = fields.text("do").unwrap_or_default();
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
        "replay" | "replay-selected" | "replay-span" => {
            let which = match asked.as_str() {
                "replay" => Again::Dead,
                "replay-selected" => Again::Ids(fields.all("message")),
                _ => span(&frame, &fields)?,
            };
            let count = act(&frame, tracker, move |tracker| tracker.post_again(&watch, &which)).await?;
            to = format!("{to}?again={count}#log");
        }
        "bounds" => {
            let (store, known) = (Arc::clone(&app.store), id.clone());
            let found = frame.read(move || Ok(store.watch(&known)?)).await?;
            let of_search = found.is_some_and(|watch| watch.search.is_some());
            let refused = |text: String| frame.sorry(StatusCode::UNPROCESSABLE_ENTITY, frame.words.watch_refused, text);
            let change = Form::sent(frame.words, &fields)
                .change(frame.words, of_search)
                .map_err(refused)?;
            act(&frame, tracker, move |tracker| tracker.change(&watch, &change)).await?;
        }
        "delete" => {
            act(&frame, tracker, move |tracker| tracker.delete(&watch)).await?;
            "/watches".clone_into(&mut to);
        }
        "rotate" => {
            let secret = act(&frame, tracker, move |tracker| tracker.rotate(&watch)).await?;
            return made(&app, &frame, &id, secret.secret);
        }
        other => {
            let text = frame.words.watch_unknown.replace("{id}", other);
            return Err(frame.sorry(StatusCode::BAD_REQUEST, frame.words.bad_page, text));
        }
    }
    Ok(HttpResponse::SeeOther().insert_header((LOCATION, to)).finish())
}

/// The span of time that a form names.
fn span(frame: &Frame, fields: &Fields) -> Result<Again, Sorry> {
    let moment = |name: &str, end: bool| -> Result<Option<i64>, Sorry> {
        let Some(text) = fields.text(name) else { return Ok(None) };
        let wrong = || {
            let said = frame.words.watching.no_time.replace("{value}", &text);
            frame.sorry(StatusCode::UNPROCESSABLE_ENTITY, frame.words.watch_refused, said)
        };
        // As browsers write what is chosen in a field for a time, and as people write days; the end is the last moment of it.
        let spans = [
            ("%Y-%m-%dT%H:%M:%S", TimeDelta::seconds(1)),
            ("%Y-%m-%dT%H:%M", TimeDelta::minutes(1)),
        ];
        let time = spans
            .into_iter()
            .find_map(|(form, span)| Some((NaiveDateTime::parse_from_str(&text, form).ok()?, span)));
        let day = || {
            Some((
                NaiveDate::parse_from_str(&text, "%Y-%m-%d")
                    .ok()?
                    .and_time(NaiveTime::MIN),
                TimeDelta::days(1),
            ))
        };
        let (start, span) = time.or_else(day).ok_or_else(wrong)?;
        let until = start.checked_add_signed(span).ok_or_else(wrong)?;
        let of = |time: NaiveDateTime| time.and_utc().timestamp_micros();
        Ok(Some(if end { of(until) - 1 } else { of(start) }))
    };
    let (from, to) = (moment("from", false)?, moment("to", true)?);
    Ok(Again::Span(from.unwrap_or(i64::MIN), to.unwrap_or(i64::MAX)))
}

/// On to the page of a watch that shows its new secret, once.
fn made(app: &App, frame: &Frame, id: &str, secret: String) -> Result<HttpResponse, Sorry> {
    let key = app
        .once
        .keep(id, secret, Instant::now())
        .map_err(|error| sorry(frame, TrackError::Random(std::io::Error::other(error))))?;
    Ok(HttpResponse::SeeOther()
        .insert_header((LOCATION, format!("/watches/{id}?{MADE}={key}")))
        .insert_header((CACHE_CONTROL, "no-store"))
        .finish())
}

async fn shown(app: &App, request: &HttpRequest, id: &str) -> Result<HttpResponse, Sorry> {
    let frame = Frame::of(request);
    let words = frame.words;
    let cursor = some(&parameter(request, "cursor"));
    let (log, state) = (some(&parameter(request, "log")), log_state(request));
    let (store, asked) = (Arc::clone(&app.store), id.to_owned());
    let found = frame
        .read(move || {
            let Some(watch) = store.watch(&asked)? else {
                return Ok(None);
            };
            let alerts = store.alerts(&asked, false, cursor.as_deref(), PER_PAGE)?;
            let messages = store.messages(&asked, state, log.as_deref(), MESSAGES)?;
            let told = alerts.items.iter().map(|alert| alert.story.id.as_str());
            let names = StoryNames::of(&store, words, told.chain(watch.story_id.as_deref()))?;
            Ok::<_, ReadError>(Some((watch, names, alerts, messages)))
        })
        .await?;
    let (watch, names, alerts, messages) = found.ok_or_else(|| frame.missing(words.no_such_watch, id))?;
    let secret = app.once.take(&parameter(request, MADE), id, Instant::now());
    let is_secret = secret.is_some();
    let template = WatchPage {
        frame: frame.clone(),
        w: words,
        story: watch
            .story_id
            .as_deref()
            .filter(|id| names.knows(id))
            .map(|id| names.link(id)),
        rows: alerts
            .items
            .iter()
            .map(|alert| Row::new(words, &names, alert))
            .collect(),
        more: alerts
            .next_cursor
            .as_deref()
            .map(|cursor| with_but(request, "cursor", cursor, &[MADE])),
        older: messages
            .next_cursor
            .as_deref()
            .map(|cursor| with_but(request, "log", cursor, &[MADE])),
        messages: messages.items.into_iter().map(Message::from).collect(),
        states: ["", "waiting", "delivered", "dead"]
            .map(|one| {
                let name = match one {
                    "" => words.watching.log_all,
                    state => words.message_state(state),
                };
                (name, format!("?state={one}#log"), state.unwrap_or_default() == one)
            })
            .to_vec(),
        again: parameter(request, "again").parse().ok(),
        form: Form::of(words, &watch),
        watch,
        secret,
    };
    let mut page = frame.page(StatusCode::OK, &template);
    if is_secret {
        let no_store = HeaderValue::from_static("no-store");
        page.headers_mut().insert(CACHE_CONTROL, no_store);
    }
    Ok(page)
}

/// The fields of a form.
async fn fields(frame: &Frame, payload: web::Payload) -> Result<Fields, Sorry> {
    let unreadable = |text: String| frame.sorry(StatusCode::BAD_REQUEST, frame.words.bad_page, text);
    match payload.to_bytes_limited(FORM).await {
        Ok(Ok(body)) => Ok(Fields::of(&body)),
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
    let tracker = Arc::clone(tracker);
    match web::block(move || act(&tracker)).await {
        Ok(done) => done.map_err(|error| sorry(frame, error)),
        Err(_) => Err(frame.stopping()),
    }
}

/// Whether what was asked makes no sense, rather than something having failed.
fn is_refusal(error: &TrackError) -> bool {
    !matches!(error, TrackError::Store(_) | TrackError::Random(_))
}

/// The page that says why something cannot be done.
fn sorry(frame: &Frame, error: TrackError) -> Sorry {
    let words = frame.words;
    match error {
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
    }
}
