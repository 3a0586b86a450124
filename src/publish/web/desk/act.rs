//! What a form does: looks at a correction, makes it, undoes it, makes it again.
//!
//! What cannot be done is said on the same page, with the entries kept and a way on.

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, LOCATION, SET_COOKIE};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::form::{Form, Wanted};
use super::said::{self, Moving, Names, Trouble};
use super::{Choice, EDITOR, editor, seen};
use crate::correction::{Correction, MOST_CHARACTERS, MOST_NAMED, Signature};
use crate::pipeline::{ChangedStory, CorrectionError, Decree, Decreed, SeenStory};
use crate::publish::App;
use crate::publish::web::frame::{Frame, REMEMBERED, Sorry};
use crate::publish::web::history::{Entry, told};
use crate::publish::web::phrase::Part;
use crate::publish::web::words::Words;
use crate::store::Store;
use crate::store::read::{CorrectionView, ReadError, WatchTouched};

/// Changes that are shown since an editor looked.
const SINCE: usize = 20;

/// The page on which a correction is looked at before it is done.
#[derive(Template)]
#[template(path = "correct.html")]
struct CorrectPage {
    frame: Frame,
    w: &'static Words,
    title: String,
    said: Vec<Part>,
    trouble: Option<Trouble>,
    since: Vec<Entry>,
    /// Nothing was done because of what happened since.
    stopped: bool,
    /// Stories to choose from.
    choices: Vec<Choice>,
    view: Option<View>,
    /// Where the form goes.
    action: String,
    carried: Vec<(String, String)>,
    seen: Vec<String>,
    entries: Entries,
    author: String,
    /// The author is the token's name.
    signed: bool,
    reason: String,
    back: String,
    /// What the button that does it says.
    button: &'static str,
    /// It can be done.
    ready: bool,
}

/// What a correction would come to.
struct View {
    moving: Vec<Moving>,
    ending: Vec<Vec<Part>>,
    earlier: Vec<Vec<Part>>,
    watches: Vec<WatchTouched>,
}

/// What can be changed on the page.
#[derive(Default)]
struct Entries {
    title: Option<String>,
    lang: String,
    text: Option<String>,
    to_text: bool,
    other_text: bool,
}

/// What came of looking at a form.
#[derive(Default)]
struct Looked {
    said: Vec<Part>,
    trouble: Option<Trouble>,
    since: Vec<Entry>,
    stopped: bool,
    choices: Vec<Choice>,
    view: Option<View>,
    seen: Vec<String>,
    status: StatusCode,
}

/// What came of a form. One of it lives for one request, so its size does not matter.
#[allow(clippy::large_enum_variant)]
enum Came {
    Made(String),
    Look(Looked),
    Stopping,
}

/// `POST /corrections`: looks at a correction, or makes it.
pub async fn correct(app: web::Data<App>, request: HttpRequest, payload: web::Payload) -> Result<HttpResponse, Sorry> {
    let frame = Frame::of(&request);
    let words = frame.words;
    let form = Form::read(&app, &frame, payload).await?;
    let (known, signed) = editor(&request);
    let by = form.signature(known.clone().filter(|_| signed), known);
    let (app, kept, signature) = (app.get_ref().clone(), form.clone(), by.clone());
    let (came, back) = frame
        .read(move || {
            let came = answered(&app, words, &kept, &signature)?;
            Ok((came, kept.way_back(&app.store, None)?))
        })
        .await?;
    let looked = match came {
        Came::Made(to) => return Ok(gone(&to, &by, signed)),
        Came::Stopping => return Err(frame.stopping()),
        Came::Look(looked) => looked,
    };
    let chosen = !looked.choices.is_empty();
    let title = match (&looked.trouble, looked.stopped, chosen) {
        (_, true, _) => words.desk.since_title,
        (Some(_), ..) => words.desk.refused,
        (None, _, true) => words.desk.which_story,
        (None, ..) => words.desk.check,
    };
    let kind = form.kind();
    let entry = |name: &str| Some(form.one(name).unwrap_or_default().to_owned());
    // What was written to find a story by is not carried along beside the story that is chosen.
    let left_out: &[&str] = if chosen { &["to"] } else { &[] };
    let mut carried = form.carried(left_out);
    let failed = looked.trouble.is_some();
    for name in ["to_text", "other_text"] {
        // Where it was understood it goes along; where it was not it is written anew.
        if let Some(text) = form.one(name).filter(|_| !failed && !chosen) {
            carried.push((name.to_owned(), text.to_owned()));
        }
    }
    let template = CorrectPage {
        w: words,
        title: title.to_owned(),
        entries: Entries {
            title: entry("title").filter(|title| kind == "rename" || kind == "split" && !title.is_empty()),
            lang: form.one("lang").unwrap_or_default().to_owned(),
            text: entry("text").filter(|_| kind == "note"),
            to_text: (failed || chosen) && matches!(kind, "move" | "merge" | "never-one"),
            other_text: failed && matches!(kind, "never-together" | "always-together") && form.one("story").is_none(),
        },
        ready: looked.view.is_some() && looked.trouble.as_ref().is_none_or(|trouble| trouble.entry),
        said: looked.said,
        trouble: looked.trouble,
        since: looked.since,
        stopped: looked.stopped,
        choices: looked.choices,
        view: looked.view,
        seen: looked.seen,
        action: "/corrections".to_owned(),
        carried,
        author: by.author.unwrap_or_default(),
        signed,
        reason: by.reason.unwrap_or_default(),
        back,
        button: words.desk.do_it,
        frame: frame.clone(),
    };
    Ok(frame.page(looked.status, &template))
}

/// `POST /corrections/{number}/{act}`: undoes a correction, or makes it again.
pub async fn undo_or_redo(
    app: web::Data<App>,
    request: HttpRequest,
    path: web::Path<(u64, String)>,
    payload: web::Payload,
) -> Result<HttpResponse, Sorry> {
    let frame = Frame::of(&request);
    let words = frame.words;
    let (number, act) = path.into_inner();
    let (decree, title, button) = match act.as_str() {
        "undo" => (Decree::Undo(number), words.desk.undo_title, words.desk.undo),
        "redo" => (Decree::Redo(number), words.desk.redo_title, words.desk.redo),
        _ => return Err(frame.missing(words.no_such_page, request.path())),
    };
    let form = Form::read(&app, &frame, payload).await?;
    let (known, signed) = editor(&request);
    let by = form.signature(known.clone().filter(|_| signed), known);
    let (app, kept, signature) = (app.get_ref().clone(), form.clone(), by.clone());
    let came = frame
        .read(move || decreed(&app, words, &kept, number, decree, &signature))
        .await?;
    let (looked, back) = match came {
        (Came::Made(to), _) => return Ok(gone(&to, &by, signed)),
        (Came::Stopping, _) => return Err(frame.stopping()),
        (Came::Look(looked), back) => (looked, back),
    };
    let template = CorrectPage {
        w: words,
        title: match looked.trouble {
            Some(Trouble { entry: false, .. }) => words.desk.refused.to_owned(),
            _ => title.replace("{n}", &words.number(number)),
        },
        ready: looked.trouble.as_ref().is_none_or(|trouble| trouble.entry),
        said: looked.said,
        trouble: looked.trouble,
        since: looked.since,
        stopped: looked.stopped,
        choices: looked.choices,
        view: looked.view,
        seen: Vec::new(),
        action: format!("/corrections/{number}/{act}"),
        carried: form.carried(&[]),
        entries: Entries::default(),
        author: by.author.unwrap_or_default(),
        signed,
        reason: by.reason.unwrap_or_default(),
        back,
        button,
        frame: frame.clone(),
    };
    Ok(frame.page(looked.status, &template))
}

/// On to where the correction can be seen; the browser remembers who decided.
fn gone(to: &str, by: &Signature, signed: bool) -> HttpResponse {
    let mut response = HttpResponse::SeeOther();
    response
        .insert_header((LOCATION, to))
        .insert_header((CACHE_CONTROL, "no-store"));
    if let Some(author) = by.author.as_deref().filter(|_| !signed) {
        let name: String = url::form_urlencoded::byte_serialize(author.as_bytes()).collect();
        let cookie = format!("{EDITOR}={name}; Path=/; Max-Age={REMEMBERED}; HttpOnly; SameSite=Lax");
        response.append_header((SET_COOKIE, cookie));
    }
    response.finish()
}

/// Who signs, or why that is no signature.
fn unsigned(words: &'static Words, by: &Signature) -> Option<Trouble> {
    let long = |text: &Option<String>| text.as_ref().is_some_and(|text| text.chars().count() > MOST_CHARACTERS);
    (by.author.is_none() || long(&by.author) || long(&by.reason)).then(|| Trouble {
        entry: true,
        ..Trouble::plain(words.desk.say_who)
    })
}

fn answered(app: &App, words: &'static Words, form: &Form, by: &Signature) -> Result<Came, ReadError> {
    let store = &app.store;
    let making = form.one("step") == Some("make");
    let asked = match form.wanted(store)? {
        Wanted::Correction(asked) if asked.named().0 <= MOST_NAMED => asked,
        Wanted::Choose { q, found } => {
            let trouble = found.is_empty().then(|| Trouble::filled(words.desk.none_fits, "q", &q));
            let mut meaning = Vec::new();
            if trouble.is_none() {
                meaning = Trouble::filled(words.desk.which_meaning, "q", &q).said;
            }
            return Ok(Came::Look(Looked {
                status: match trouble {
                    Some(_) => StatusCode::NOT_FOUND,
                    None => StatusCode::OK,
                },
                trouble,
                said: meaning,
                choices: found.into_iter().map(Choice::story).collect(),
                seen: form.all("seen").map(str::to_owned).collect(),
                ..Looked::default()
            }));
        }
        Wanted::Correction(_) | Wanted::Incomplete => {
            return Ok(Came::Look(Looked {
                trouble: Some(Trouble::plain(words.desk.unknown_form)),
                status: StatusCode::UNPROCESSABLE_ENTITY,
                ..Looked::default()
            }));
        }
    };
    let missing = if making { unsigned(words, by) } else { None };
    if making && missing.is_none() {
        let decree = Decree::Make {
            asked: asked.clone(),
            trial: false,
        };
        match app.desk.decree(decree, by.clone(), form.seen()) {
            Ok(Decreed::Done(number)) => return Ok(Came::Made(form.way_back(store, Some(number))?)),
            Ok(Decreed::Trial(_)) => return Ok(Came::Stopping),
            Err(CorrectionError::Changed(changed)) => {
                let looked = look(app, words, form, &asked, by)?;
                return Ok(Came::Look(match looked.trouble {
                    // What happened made it impossible: that is what matters, with what happened.
                    Some(_) => Looked {
                        since: since(store, words, &changed)?,
                        ..looked
                    },
                    None => Looked {
                        since: since(store, words, &changed)?,
                        stopped: true,
                        status: StatusCode::PRECONDITION_FAILED,
                        ..looked
                    },
                }));
            }
            Err(error) => return refused(store, words, &asked, error),
        }
    }
    let mut looked = look(app, words, form, &asked, by)?;
    if let (Some(missing), None) = (missing, &looked.trouble) {
        looked.trouble = Some(missing);
        looked.status = StatusCode::UNPROCESSABLE_ENTITY;
    }
    Ok(Came::Look(looked))
}

/// What a correction would come to, and what happened since the editor looked.
fn look(
    app: &App,
    words: &'static Words,
    form: &Form,
    asked: &Correction,
    by: &Signature,
) -> Result<Looked, ReadError> {
    let store = &app.store;
    let decree = Decree::Make {
        asked: asked.clone(),
        trial: true,
    };
    let effects = match app.desk.decree(decree, by.clone(), Vec::new()) {
        Ok(Decreed::Trial(effects)) => effects,
        Ok(Decreed::Done(_)) => return Err(ReadError::Cursor(crate::store::read::BadCursor)),
        Err(error) => {
            return match refused(store, words, asked, error)? {
                Came::Look(looked) => Ok(looked),
                _ => Err(ReadError::Store(crate::store::StoreError::ReadOnly)),
            };
        }
    };
    let view = store.preview(asked.clone(), by.clone(), &effects)?;
    let names = Names::of(store, [&view])?;
    let mut earlier = Vec::new();
    let touches = view.touches.clone();
    for number in touches.iter().flat_map(|touches| &touches.corrections) {
        if let Some(one) = store.correction(*number)? {
            earlier.push(said::standing(words, &Names::of(store, [&one])?, &one));
        }
    }
    // The stories as they are now, for the next step.
    let mut now = Vec::new();
    for story in &view.stories_about {
        if let Some(version) = store.story_version(story)? {
            now.push(seen(story, version.version));
        }
    }
    let then: Vec<ChangedStory> = form
        .seen()
        .into_iter()
        .map(|SeenStory { story_id, version, .. }| ChangedStory {
            story_id,
            seen: version,
            version,
        })
        .collect();
    Ok(Looked {
        said: said::asked(words, &names, asked),
        since: since(store, words, &then)?,
        view: Some(View {
            moving: said::moving(words, &names, &view),
            ending: said::ending(words, &names, &view),
            earlier,
            watches: touches.map(|touches| touches.watches).unwrap_or_default(),
        }),
        seen: now,
        ..Looked::default()
    })
}

/// What happened to stories since they were seen, newest first, as their histories say it.
fn since(store: &Store, words: &Words, changed: &[ChangedStory]) -> Result<Vec<Entry>, ReadError> {
    let mut entries = Vec::new();
    for one in changed {
        let mut changes = store.changes_since(&one.story_id, one.seen, SINCE)?;
        changes.retain(|change| change.kind != "state_changed");
        entries.extend(told(store, words, &changes)?);
    }
    Ok(entries)
}

/// A refusal as a page, with what was asked.
fn refused(store: &Store, words: &Words, asked: &Correction, error: CorrectionError) -> Result<Came, ReadError> {
    let status = status_of(&error);
    match Trouble::of(store, words, asked.kind(), &error)? {
        Some(trouble) => Ok(Came::Look(Looked {
            said: said::asked(words, &Names::asked(store, asked)?, asked),
            trouble: Some(trouble),
            status,
            ..Looked::default()
        })),
        None => fault(error),
    }
}

/// What is no fault of the editor's.
fn fault(error: CorrectionError) -> Result<Came, ReadError> {
    match error {
        CorrectionError::Store(error) => Err(ReadError::Store(error)),
        error => {
            tracing::error!(%error, "a correction could not be made");
            Ok(Came::Stopping)
        }
    }
}

fn status_of(error: &CorrectionError) -> StatusCode {
    match error {
        CorrectionError::NoArticle(_) | CorrectionError::NoStory(_) | CorrectionError::NoCorrection(_) => {
            StatusCode::NOT_FOUND
        }
        CorrectionError::Invalid { .. } => StatusCode::UNPROCESSABLE_ENTITY,
        _ => StatusCode::CONFLICT,
    }
}

/// Undoes or redoes, if it is signed; and where to go back to.
fn decreed(
    app: &App,
    words: &'static Words,
    form: &Form,
    number: u64,
    decree: Decree,
    by: &Signature,
) -> Result<(Came, String), ReadError> {
    let store = &app.store;
    let back = form.way_back(store, None)?;
    let view: Option<CorrectionView> = store.correction(number)?;
    let said = match &view {
        Some(view) => said::asked(words, &Names::of(store, [view])?, &view.asked),
        None => Vec::new(),
    };
    let looked = |trouble, status| {
        Came::Look(Looked {
            said,
            trouble: Some(trouble),
            status,
            ..Looked::default()
        })
    };
    if let Some(missing) = unsigned(words, by) {
        return Ok((looked(missing, StatusCode::UNPROCESSABLE_ENTITY), back));
    }
    match app.desk.decree(decree, by.clone(), form.seen()) {
        Ok(Decreed::Done(made)) => Ok((Came::Made(form.way_back(store, Some(made))?), back)),
        Ok(Decreed::Trial(_)) => Ok((Came::Stopping, back)),
        Err(error) => {
            let kind = view.map_or("", |view| view.asked.kind());
            match Trouble::of(store, words, kind, &error)? {
                Some(trouble) => Ok((looked(trouble, status_of(&error)), back)),
                None => Ok((fault(error)?, back)),
            }
        }
    }
}
