//! What a form does: looks at a correction, makes it, undoes it, makes it again.
//!
//! What cannot be done is said on the same page, with the entries kept and a way on.

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, LOCATION, SET_COOKIE};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::form::{Form, Lack, Wanted};
use super::said::{self, Moving, Names, Trouble};
use super::{Choice, EDITOR, editor, seen};
use crate::correction::{Correction, MOST_CHARACTERS, MOST_NAMED, Signature};
use crate::pipeline::{ChangedStory, CorrectionError, Decree, SeenStory};
use crate::publish::App;
use crate::publish::web::frame::{Frame, REMEMBERED, Sorry};
use crate::publish::web::history::{Entry, told};
use crate::publish::web::phrase::Part;
use crate::publish::web::words::Words;
use crate::store::Store;
use crate::store::read::{ReadError, WatchTouched};

/// Changes that are shown since an editor looked.
const SINCE: usize = 20;

/// The page on which something is looked at before it is done.
#[derive(Template)]
#[template(path = "correct.html")]
struct CorrectPage {
    frame: Frame,
    w: &'static Words,
    title: String,
    looked: Looked,
    /// Where the form goes.
    action: String,
    carried: Vec<(String, String)>,
    entries: Entries,
    author: String,
    /// The author is the token's name.
    signed: bool,
    /// All that is missing is who decides.
    unsigned: bool,
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
    /// What happened since the editor looked.
    since: Vec<Entry>,
    /// Nothing was done because of that.
    stopped: bool,
    /// Stories to choose from.
    choices: Vec<Choice>,
    view: Option<View>,
    /// The stories as they were before it was worked out what it comes to.
    seen: Vec<String>,
    status: StatusCode,
}

impl Looked {
    /// Whether it can be done, now or once something is entered.
    fn is_ready(&self) -> bool {
        self.view.is_some() && (self.trouble.is_none() || self.is_unsigned())
    }

    /// Whether all that is missing is who decides.
    fn is_unsigned(&self) -> bool {
        self.trouble.as_ref().is_some_and(|trouble| trouble.entry)
    }
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
    let unsigned = looked.is_unsigned();
    let title = match (&looked.trouble, looked.stopped, chosen) {
        (_, true, _) => words.desk.since_title,
        _ if unsigned => words.desk.who_decides,
        (Some(_), ..) => words.desk.refused,
        (None, _, true) => words.desk.which_story,
        (None, ..) => words.desk.check,
    };
    let kind = form.kind();
    let entry = |name: &str| Some(form.one(name).unwrap_or_default().to_owned());
    // What was written to find a story by is not carried along beside the story that is chosen.
    let left_out: &[&str] = if chosen { &["to"] } else { &[] };
    let mut carried = form.carried(left_out);
    let failed = looked.trouble.is_some() && !unsigned;
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
            to_text: (failed || chosen)
                && (matches!(kind, "merge" | "never-one") || kind == "move" && form.one("article").is_some()),
            other_text: failed && matches!(kind, "never-together" | "always-together") && form.one("story").is_none(),
        },
        ready: looked.is_ready(),
        action: "/corrections".to_owned(),
        unsigned,
        carried,
        author: by.author.unwrap_or_default(),
        signed,
        reason: by.reason.unwrap_or_default(),
        back,
        button: words.desk.do_it,
        frame: frame.clone(),
        looked,
    };
    Ok(frame.page(template.looked.status, &template))
}

/// `POST /corrections/{number}/{act}`: looks at undoing a correction or at making it again, or does it.
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
    let (came, back) = frame
        .read(move || {
            let asked = app.store.correction(number)?.map(|view| view.asked);
            let came = decided(&app, words, &kept, &decree, asked.as_ref(), &signature)?;
            Ok((came, kept.way_back(&app.store, None)?))
        })
        .await?;
    let looked = match came {
        Came::Made(to) => return Ok(gone(&to, &by, signed)),
        Came::Stopping => return Err(frame.stopping()),
        Came::Look(looked) => looked,
    };
    let template = CorrectPage {
        w: words,
        title: match (&looked.trouble, looked.stopped) {
            (_, true) => words.desk.since_title.to_owned(),
            (Some(Trouble { entry: false, .. }), _) => words.desk.refused.to_owned(),
            _ => title.replace("{n}", &words.number(number)),
        },
        unsigned: looked.is_unsigned(),
        ready: looked.is_ready(),
        action: format!("/corrections/{number}/{act}"),
        carried: form.carried(&[]),
        entries: Entries::default(),
        author: by.author.unwrap_or_default(),
        signed,
        reason: by.reason.unwrap_or_default(),
        back,
        button,
        frame: frame.clone(),
        looked,
    };
    Ok(frame.page(template.looked.status, &template))
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

/// What comes of a form that asks for a correction.
fn answered(app: &App, words: &'static Words, form: &Form, by: &Signature) -> Result<Came, ReadError> {
    let store = &app.store;
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
                choices: Choice::stories(store, words, &found)?,
                seen: form.all("seen").map(str::to_owned).collect(),
                ..Looked::default()
            }));
        }
        wanted @ (Wanted::Correction(_) | Wanted::Incomplete(_)) => {
            let desk = words.desk;
            let lacks = match (wanted, form.kind()) {
                (Wanted::Incomplete(Lack::Articles), kind) => desk.why_invalid(kind, "articles"),
                (Wanted::Incomplete(Lack::Story), _) => Some(desk.lacks_story),
                (Wanted::Correction(_), _) => Some(desk.too_many),
                _ => None,
            };
            return Ok(Came::Look(Looked {
                trouble: Some(Trouble::plain(lacks.unwrap_or(desk.unknown_form))),
                status: StatusCode::UNPROCESSABLE_ENTITY,
                ..Looked::default()
            }));
        }
    };
    decided(app, words, form, &Decree::Make(asked.clone()), Some(&asked), by)
}

/// Looks at a decree or, where its form says so and is signed, carries it out. `asked` is what it makes, undoes or makes again.
fn decided(
    app: &App,
    words: &'static Words,
    form: &Form,
    decree: &Decree,
    asked: Option<&Correction>,
    by: &Signature,
) -> Result<Came, ReadError> {
    let store = &app.store;
    // A form of a correction names its kind more finely than the correction does.
    let kind = match decree {
        Decree::Make(_) => form.kind(),
        Decree::Undo(_) | Decree::Redo(_) => asked.map_or("", Correction::kind),
    };
    let seen = form.seen(kind);
    let making = form.one("step") == Some("make");
    let missing = if making { unsigned(words, by) } else { None };
    if making && missing.is_none() {
        match app.desk.decree(decree.clone(), by.clone(), seen.clone()) {
            Ok(number) => return Ok(Came::Made(form.way_back(store, Some(number))?)),
            Err(CorrectionError::Changed(changed)) => {
                let Came::Look(looked) = look(app, words, &seen, decree, asked, by)? else {
                    return Ok(Came::Stopping);
                };
                let since = since(store, words, &changed)?;
                return Ok(Came::Look(match looked.trouble {
                    // What happened made it impossible: that is what matters, with what happened.
                    Some(_) => Looked { since, ..looked },
                    None => Looked {
                        since,
                        stopped: true,
                        status: StatusCode::PRECONDITION_FAILED,
                        ..looked
                    },
                }));
            }
            Err(error) => return refused(store, words, asked, error),
        }
    }
    let mut came = look(app, words, &seen, decree, asked, by)?;
    if let (Some(missing), Came::Look(looked @ Looked { trouble: None, .. })) = (missing, &mut came) {
        looked.trouble = Some(missing);
        looked.status = StatusCode::UNPROCESSABLE_ENTITY;
    }
    Ok(came)
}

/// What a decree would come to, and what happened since the editor looked.
fn look(
    app: &App,
    words: &'static Words,
    then: &[SeenStory],
    decree: &Decree,
    asked: Option<&Correction>,
    by: &Signature,
) -> Result<Came, ReadError> {
    let store = &app.store;
    // Read before it is worked out: what changes meanwhile counts as not seen.
    let newest = store.newest_change()?;
    let foreseen = match app.desk.foresee(decree.clone(), Vec::new()) {
        Ok(foreseen) => foreseen,
        Err(error) => return refused(store, words, asked, error),
    };
    let view = store.preview(decree, by.clone(), foreseen)?;
    let names = Names::of(store, words, [&view])?;
    let mut earlier = Vec::new();
    let touches = view.touches.clone();
    for number in touches.iter().flat_map(|touches| &touches.corrections) {
        if let Some(one) = store.correction(*number)? {
            earlier.push(said::standing(words, &Names::of(store, words, [&one])?, &one));
        }
    }
    // The stories as they are now, for the next step.
    let mut now = Vec::new();
    for story in &view.stories_about {
        if let Some(version) = store.story_version(story)? {
            now.push(seen(story, version.version.min(newest)));
        }
    }
    let then: Vec<ChangedStory> = then
        .iter()
        .map(|one| ChangedStory {
            story_id: one.story_id.clone(),
            seen: one.version,
            version: one.version,
        })
        .collect();
    Ok(Came::Look(Looked {
        said: said::asked(words, &names, &view.asked, None),
        since: since(store, words, &then)?,
        view: Some(View {
            moving: said::moving(words, &names, &view),
            ending: said::ending(words, &names, &view),
            earlier,
            watches: touches.map(|touches| touches.watches).unwrap_or_default(),
        }),
        seen: now,
        ..Looked::default()
    }))
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
fn refused(
    store: &Store,
    words: &Words,
    asked: Option<&Correction>,
    error: CorrectionError,
) -> Result<Came, ReadError> {
    let status = status_of(&error);
    let kind = asked.map_or("", Correction::kind);
    match Trouble::of(store, words, kind, &error)? {
        Some(trouble) => Ok(Came::Look(Looked {
            said: match asked {
                Some(asked) => said::asked(words, &Names::asked(store, words, asked)?, asked, None),
                None => Vec::new(),
            },
            trouble: Some(trouble),
            status,
            ..Looked::default()
        })),
        None => match error {
            CorrectionError::Store(error) => Err(ReadError::Store(error)),
            error => {
                tracing::error!(%error, "a correction could not be made");
                Ok(Came::Stopping)
            }
        },
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
