//! A story with its timeline, its pictures, its articles and its history, as it is or as it stood.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, LOCATION};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use chrono::{NaiveDate, NaiveDateTime, TimeDelta};

use super::desk::{Asks, Choice, Desk};
use super::frame::{Frame, Sorry, parameter, with_but};
use super::graph::{self, Picture};
use super::history::{Entry, told};
use super::names::StoryNames;
use super::pace::Chart;
use super::phrase::{Link, Part, phrase};
use super::words::Words;
use super::{PER_PAGE, front, some};
use crate::article::DatedJson;
use crate::config::Settings;
use crate::correction::MOST_NAMED;
use crate::publish::App;
use crate::publish::api::timeline_of;
use crate::store::Store;
use crate::store::read::{ArticleView, Descent, Moment, NameView, Page, ReadError, StoryThen, StoryView, Turn};
use crate::timeline::{self, Basis, Event, Granularity, OtherSentence, StoryArticle};

/// Changes shown of a story at once.
const HISTORY: usize = 50;
/// Sentences of a day on the timeline.
const SENTENCES: usize = 3;
/// Merges and splits that are named, the latest ones.
const TURNS: usize = 20;
/// Watches of it that are named, the latest ones.
const WATCHES: usize = 10;
/// Stories near it that are named.
const NEAR: usize = 6;

/// What an address holds when an editor has turned a page, or has decided, and links do not carry along.
const OF_THE_FORM: [&str; 8] = ["story", "seen", "back", "title", "to", "to_text", "done", "row"];

/// An event of a timeline.
struct EventView {
    /// The article that the sentence is from, and its source.
    evidence: Option<(Link, String)>,
    date: DatedJson,
    basis: &'static str,
    sentence: String,
    lang: String,
    others: Vec<OtherSentence>,
    articles: Vec<(Link, String)>,
    near_duplicates: u64,
}

impl EventView {
    fn new(words: &Words, event: Event, members: &HashMap<&str, &StoryArticle>) -> Self {
        let from = |id: &str| {
            let article = members.get(id)?;
            Some((article_link(article), article.source.clone().unwrap_or_default()))
        };
        Self {
            evidence: from(event.article.as_str()),
            basis: match event.basis {
                Basis::Text => words.by_text,
                Basis::Publication => words.by_publication,
                Basis::None => "",
            },
            articles: event.articles.iter().filter_map(|id| from(id.as_str())).collect(),
            date: event.date,
            sentence: event.sentence,
            lang: event.lang,
            others: event.others,
            near_duplicates: event.near_duplicates as u64,
        }
    }
}

fn article_link(article: &StoryArticle) -> Link {
    match article.title.is_empty() {
        false => Link::article(article.id.as_str(), &article.title, &article.lang),
        true => {
            let start: String = article.text.chars().take(80).collect();
            Link::article(article.id.as_str(), &start, &article.lang)
        }
    }
}

/// One of several ways to show something: this page with that one.
struct Choosable {
    name: &'static str,
    address: String,
    here: bool,
}

/// A moment of the past that the story is shown at.
struct Then {
    said: String,
    not_known: Option<String>,
    now: String,
    earlier: Option<String>,
    later: Option<String>,
}

/// A story near this one.
struct Near {
    link: Link,
    links: String,
    /// From when to when, as far as is known.
    time: String,
}

/// A turn of its descent: when, and what happened.
struct TurnView {
    at: String,
    said: Vec<Part>,
    /// This page as it stood then.
    address: String,
}

/// A change of its history.
struct Past {
    entry: Entry,
    /// This page as it stood then.
    address: String,
}

#[derive(Template)]
#[template(path = "story.html")]
struct StoryPage {
    frame: Frame,
    w: &'static Words,
    then: Option<Then>,
    pace: String,
    chart: Option<Chart>,
    importance: Option<String>,
    ends: Vec<(&'static str, Link, String)>,
    names: Vec<(&'static str, Vec<NameView>)>,
    near: Vec<Near>,
    descent: Vec<TurnView>,
    picture: Option<Picture>,
    related: Vec<Link>,
    periods: Vec<Choosable>,
    orders: Vec<Choosable>,
    events: Vec<EventView>,
    marks: Vec<String>,
    joined: BTreeSet<String>,
    articles: Page<ArticleView>,
    more_articles: Option<String>,
    /// Ticked by an editor, here or on other pages.
    ticked: BTreeSet<String>,
    /// Ticked on other pages.
    elsewhere: Vec<Choice>,
    /// This page without its cursor, for an editor who has turned pages.
    first_page: bool,
    /// What of the address goes along when an editor turns a page.
    kept: Vec<(&'static str, String)>,
    history: Vec<Past>,
    older: Option<String>,
    change: u64,
    /// Its watches, by id and name, for who may see them.
    watches: Vec<(String, String)>,
    desk: Desk,
    story: StoryView,
}

/// The moment of a story as it stood: the change and its time, what is not known of then, and the changes around it.
struct Stood {
    change: u64,
    at: String,
    not_known: Vec<String>,
    earlier: Option<u64>,
    later: Option<u64>,
}

/// What the store says of a story.
struct Told {
    then: Option<Stood>,
    events: Vec<EventView>,
    articles: Page<ArticleView>,
    history: Vec<(u64, Entry)>,
    older: Option<String>,
    near: Vec<Near>,
    descent: Vec<(Descent, Vec<Part>)>,
    chart: Option<Chart>,
    picture: Option<Picture>,
    ends: Vec<(&'static str, Link, String)>,
    related: Vec<Link>,
    marks: Vec<String>,
    joined: BTreeSet<String>,
    elsewhere: Vec<Choice>,
    change: u64,
    demonstration: bool,
    /// Its watches, by id and name, for who may see them.
    watches: Vec<(String, String)>,
    desk: Desk,
    story: StoryView,
}

enum Found {
    Nothing,
    /// It had not begun.
    TooEarly,
    Elsewhere(String),
    Here(Box<Told>),
}

/// A moment as an address or a form gives it: the number of a change, a day (to its end), a minute (to its end), or a time
/// with its zone; without one it is UTC.
fn moment(text: &str) -> Option<Moment> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok().map(Moment::Change);
    }
    let to_the_end = |time: NaiveDateTime, length: TimeDelta| {
        let end = time.and_utc().checked_add_signed(length)?;
        Some(Moment::Time(end.timestamp_micros() - 1))
    };
    // Times are shown to the millisecond.
    if let Ok(time) = chrono::DateTime::parse_from_rfc3339(text) {
        return to_the_end(time.naive_utc(), TimeDelta::milliseconds(1));
    }
    if let Ok(time) = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M") {
        return to_the_end(time, TimeDelta::minutes(1));
    }
    if let Ok(time) = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S") {
        return to_the_end(time, TimeDelta::seconds(1));
    }
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    to_the_end(day.and_hms_opt(0, 0, 0)?, TimeDelta::days(1))
}

/// What is not known of an earlier time, by the names that readers have for it, each once.
fn unknown_fields(words: &Words, fields: &[String]) -> String {
    let mut named: Vec<&str> = Vec::new();
    for field in fields {
        let known = words.live.then_fields.iter().find(|(name, _)| name == field);
        let name = known.map_or(field.as_str(), |(_, name)| *name);
        if !named.contains(&name) {
            named.push(name);
        }
    }
    named.join(words.list_comma)
}

/// What a page asks for of a story.
struct Asked {
    id: String,
    words: &'static Words,
    cursor: Option<String>,
    /// The articles in the order of publication, the earliest first.
    oldest_first: bool,
    before: Option<String>,
    /// Articles that an editor has ticked.
    ticked: BTreeSet<String>,
    seen: Option<u64>,
    options: timeline::Options,
    settings: Arc<Settings>,
    desk: Asks,
}

/// The larger drawing of members' times.
fn chart(words: &Words, members: &[StoryArticle]) -> Option<Chart> {
    let times = members.iter().filter_map(|member| {
        let time = member.published.as_ref()?.midpoint();
        Some((time, member.original.is_some()))
    });
    let times: Vec<_> = times.collect();
    Chart::new(words, &times, (members.len() - times.len()) as u64)
}

fn events(words: &Words, events: &[Event], members: &[StoryArticle]) -> Vec<EventView> {
    let by_id: HashMap<&str, &StoryArticle> = members.iter().map(|one| (one.id.as_str(), one)).collect();
    let views = events.iter().map(|event| EventView::new(words, event.clone(), &by_id));
    views.collect()
}

/// The first and the last article.
fn ends(words: &'static Words, story: &StoryView, members: &[StoryArticle]) -> Vec<(&'static str, Link, String)> {
    let of = |name, end: &Option<crate::store::read::EndArticle>| {
        let end = end.as_ref()?;
        let article = members.iter().find(|one| one.id.as_str() == end.id)?;
        Some((name, article_link(article), words.dated(end.published.as_ref())))
    };
    [
        (words.first_article, &story.first_article),
        (words.last_article, &story.last_article),
    ]
    .into_iter()
    .filter_map(|(name, end)| of(name, end))
    .collect()
}

/// The turns of its descent up to a change, in words.
fn descent(store: &Store, asked: &Asked, up_to: u64) -> Result<Vec<(Descent, Vec<Part>)>, ReadError> {
    let live = asked.words.live;
    let mut turns = store.descent(&asked.id)?;
    turns.retain(|one| one.number <= up_to);
    let latest = turns.split_off(turns.len().saturating_sub(TURNS));
    let names = StoryNames::of(store, asked.words, latest.iter().map(|one| one.story_id.as_str()))?;
    Ok(latest
        .into_iter()
        .map(|one| {
            let link = Part::Link(names.link(&one.story_id));
            let sentence = match one.turn {
                Turn::TookIn => live.took_in,
                Turn::GaveOff => live.gave_off,
                Turn::CameFrom => live.came_from,
            };
            let said = phrase(sentence, &[("story", link)]);
            (one, said)
        })
        .collect())
}

/// The story as it is.
fn now(app: &App, asked: &Asked) -> Result<Found, ReadError> {
    let (store, words, id) = (&app.store, asked.words, asked.id.as_str());
    // Asked for first: what changes meanwhile is told again, not lost.
    let change = store.newest_change()?;
    let Some(story) = store.story(id, Some(words.code))? else {
        return Ok(Found::Nothing);
    };
    if let Some(successor) = story.merged_into {
        return Ok(Found::Elsewhere(successor));
    }
    let members = store.timeline_articles(id)?;
    // Another language is no other timeline.
    let lang = asked.options.lang.clone().filter(|lang| story.languages.contains(lang));
    let options = timeline::Options {
        lang,
        ..asked.options.clone()
    };
    let name = format!("{id} {options:?}");
    let made = timeline_of(store, &app.timelines, id, name, story.version, &options)?;
    let changes = store.history(id, asked.before.as_deref(), HISTORY)?;
    let (also, resolution) = (&asked.settings.also, asked.settings.story.resolution);
    let seen = asked.seen.filter(|seen| *seen <= change);
    let near = store.neighbours(id, NEAR, Some(words.code))?.into_iter().map(|one| {
        let time = match (&one.story.started, &one.story.latest) {
            (Some(from), Some(to)) if words.day(from) == words.day(to) => words.day(from),
            (Some(from), Some(to)) => format!("{} – {}", words.day(from), words.day(to)),
            _ => words.undated.to_owned(),
        };
        Near {
            link: Link::story(&one.story.id, &one.story.title, &one.story.title_lang),
            links: words.many(&words.live.links_counted, one.links),
            time,
        }
    });
    let least_doubt = asked.settings.review.least_doubt;
    let mut graph = store.graph(id, graph::READ, least_doubt)?;
    if graph.as_ref().is_some_and(graph::is_of_one_piece) {
        graph = store.graph(id, graph::DRAWN, least_doubt)?;
    }
    let related = store.related(id, also, resolution)?;
    let (mut marks, mut joined) = (Vec::new(), BTreeSet::new());
    if let Some(seen) = seen {
        let news = store.news_of([id], seen)?;
        marks = news.get(id).map_or_else(Vec::new, |news| front::marks(words, news));
        joined = store.joined_since(id, seen)?;
    }
    let articles = store.story_articles(id, asked.oldest_first, asked.cursor.as_deref(), PER_PAGE)?;
    let mut elsewhere = Vec::new();
    if asked.desk.may_edit && !asked.ticked.is_empty() {
        let here: BTreeSet<&str> = articles.items.iter().map(|one| one.id.as_str()).collect();
        let others = asked.ticked.iter().map(String::as_str).filter(|id| !here.contains(id));
        elsewhere = Choice::articles(store, others)?;
    }
    Ok(Found::Here(Box::new(Told {
        then: None,
        events: events(words, &made, &members),
        articles,
        elsewhere,
        history: with_numbers(store, words, &changes)?,
        older: changes.next_cursor,
        near: near.collect(),
        descent: descent(store, asked, u64::MAX)?,
        chart: chart(words, &members),
        picture: graph.and_then(|graph| Picture::new(words, &graph)),
        ends: ends(words, &story, &members),
        related: related
            .iter()
            .map(|one| Link::article(&one.article_id, &one.title, &one.lang))
            .collect(),
        marks,
        joined,
        change,
        watches: match asked.desk.may_edit {
            true => store.watches_of(id, WATCHES)?,
            false => Vec::new(),
        },
        desk: Desk::of_story(store, words, &asked.desk, &story)?,
        demonstration: store.is_demonstration()?,
        story,
    })))
}

/// The story as it stood.
fn then(app: &App, asked: &Asked, moment: Moment) -> Result<Found, ReadError> {
    let (store, words, id) = (&app.store, asked.words, asked.id.as_str());
    let at = store.change_at(moment)?;
    let Some(StoryThen { story, as_of }) = store.story_then(id, at, Some(words.code))? else {
        let known = store.story_version(id)?.is_some();
        return Ok(if known { Found::TooEarly } else { Found::Nothing });
    };
    if let Some(successor) = story.merged_into {
        return Ok(Found::Elsewhere(successor));
    }
    let moment = Moment::Change(at);
    let members = store.timeline_articles_then(id, at)?;
    let made = timeline::build(&members, &asked.options);
    let changes = store.history_then(id, moment, asked.before.as_deref(), HISTORY)?;
    let articles = store.story_articles_then(id, asked.oldest_first, moment, asked.cursor.as_deref(), PER_PAGE)?;
    let (earlier, later) = store.changes_around(id, at)?;
    Ok(Found::Here(Box::new(Told {
        then: Some(Stood {
            change: at,
            at: store.time_of_change(at)?.unwrap_or_default(),
            not_known: as_of.not_known,
            earlier,
            later,
        }),
        events: events(words, &made, &members),
        articles: Page {
            items: articles.items.into_iter().map(|one| one.article).collect(),
            next_cursor: articles.next_cursor,
        },
        history: with_numbers(store, words, &changes)?,
        older: changes.next_cursor,
        near: Vec::new(),
        descent: descent(store, asked, at)?,
        chart: chart(words, &members),
        picture: None,
        ends: ends(words, &story, &members),
        related: Vec::new(),
        marks: Vec::new(),
        joined: BTreeSet::new(),
        elsewhere: Vec::new(),
        change: at,
        watches: Vec::new(),
        // What stood then is not to be corrected.
        desk: Desk::default(),
        demonstration: store.is_demonstration()?,
        story,
    })))
}

fn with_numbers(
    store: &Store,
    words: &Words,
    changes: &Page<crate::store::read::ChangeView>,
) -> Result<Vec<(u64, Entry)>, ReadError> {
    let numbers = changes.items.iter().map(|change| change.number);
    Ok(numbers.zip(told(store, words, &changes.items)?).collect())
}

/// The articles that an editor has ticked, as the address of a further page carries them: as many as one correction may name.
fn ticked(request: &HttpRequest) -> BTreeSet<String> {
    let fields = url::form_urlencoded::parse(request.query_string().as_bytes());
    let articles = fields.filter(|(name, _)| name == "article").take(MOST_NAMED);
    articles.map(|(_, id)| id.into_owned()).collect()
}

/// `GET /stories/{id}`: a merged story sends on to the one that it goes on in, before anything is computed. With `as_of` the
/// story as it stood.
pub async fn story(app: web::Data<App>, request: HttpRequest, id: web::Path<String>) -> Result<HttpResponse, Sorry> {
    let mut frame = Frame::of(&request);
    let words = frame.words;
    let as_of = parameter(&request, "as_of");
    let at = match moment(&as_of) {
        None if !as_of.is_empty() => {
            let text = words.live.then_bad_text.replace("{id}", &as_of);
            return Err(frame.sorry(StatusCode::BAD_REQUEST, words.live.then_bad, text));
        }
        at => at,
    };
    let granularity = Granularity::of(&parameter(&request, "granularity")).unwrap_or_default();
    let oldest_first = parameter(&request, "order") == "oldest";
    let ticked = ticked(&request);
    let asked = Asked {
        id: id.clone(),
        words,
        cursor: some(&parameter(&request, "cursor")),
        oldest_first,
        before: some(&parameter(&request, "before")),
        ticked: ticked.clone(),
        seen: front::seen(&request),
        options: timeline::Options {
            from: None,
            to: None,
            granularity,
            dates: None,
            sentences: SENTENCES,
            lang: some(&parameter(&request, "lang")).or_else(|| Some(words.code.to_owned())),
            settings: app.settings.timeline.clone(),
        },
        settings: Arc::clone(&app.settings),
        desk: Asks::of(&request),
    };
    let read = Arc::clone(&app);
    let found = frame
        .read(move || match at {
            None => now(&read, &asked),
            Some(moment) => then(&read, &asked, moment),
        })
        .await?;
    let told = match found {
        Found::Nothing => return Err(frame.missing(words.no_such_story, &id)),
        Found::TooEarly => return Err(frame.missing(words.live.then_too_early, &id)),
        Found::Elsewhere(successor) => {
            let mut to = Link::story(&successor, "", "").address;
            if !as_of.is_empty() {
                let encoded: String = url::form_urlencoded::byte_serialize(as_of.as_bytes()).collect();
                to = format!("{to}?as_of={encoded}");
            }
            // Not to be kept: an editor may undo the merge.
            return Ok(HttpResponse::PermanentRedirect()
                .insert_header((LOCATION, to))
                .insert_header((CACHE_CONTROL, "no-cache"))
                .finish());
        }
        Found::Here(told) => *told,
    };
    frame.demonstration = told.demonstration;
    let with = |name: &str, value: &str| with_but(&request, name, value, &OF_THE_FORM);
    let further = |name: &str, cursor: &Option<String>| cursor.as_deref().map(|cursor| with(name, cursor));
    let here = Link::story(&id, "", "").address;
    let stood = |number: u64| format!("{here}?as_of={number}");
    let template = StoryPage {
        frame: frame.clone(),
        w: words,
        then: told.then.map(|stood_at| Then {
            said: words
                .live
                .then
                .replace("{at}", &words.date(stood_at.at))
                .replace("{n}", &words.number(stood_at.change)),
            not_known: some(&unknown_fields(words, &stood_at.not_known)),
            now: here.clone(),
            earlier: stood_at.earlier.map(stood),
            later: stood_at.later.map(stood),
        }),
        pace: format!(
            "{}{}{}",
            words.pace.replace("{n}", &words.decimal(told.story.velocity, 1)),
            words.list_comma,
            words.trend(told.story.pace.trend)
        ),
        chart: told.chart,
        importance: told
            .story
            .importance
            .zip(told.story.importance_then)
            .map(|(now, then)| {
                let text = if now == then {
                    words.importance
                } else {
                    words.importance_then
                };
                let text = text.replace("{n}", &words.decimal(now, 1));
                text.replace("{then}", &words.decimal(then, 1))
            }),
        ends: told.ends,
        names: [
            (words.people, &told.story.people),
            (words.places, &told.story.places),
            (words.organisations, &told.story.organisations),
        ]
        .into_iter()
        .filter(|(_, names)| !names.is_empty())
        .map(|(kind, names)| (kind, names.clone()))
        .collect(),
        near: told.near,
        descent: told
            .descent
            .into_iter()
            .map(|(one, said)| TurnView {
                at: one.at,
                said,
                address: stood(one.number),
            })
            .collect(),
        picture: told.picture,
        related: told.related,
        periods: Granularity::NAMES
            .iter()
            .map(|(name, one)| Choosable {
                name: words.period(name),
                address: with("granularity", name),
                here: *one == granularity,
            })
            .collect(),
        events: told.events,
        marks: told.marks,
        joined: told.joined,
        orders: [(words.newest_first, "newest"), (words.oldest_first, "oldest")]
            .into_iter()
            .map(|(name, order)| Choosable {
                name,
                address: format!(
                    "{}#articles",
                    with_but(&request, "order", order, &[&OF_THE_FORM[..], &["cursor"]].concat())
                ),
                here: oldest_first == (order == "oldest"),
            })
            .collect(),
        more_articles: further("cursor", &told.articles.next_cursor).map(|address| format!("{address}#articles")),
        first_page: !parameter(&request, "cursor").is_empty(),
        kept: ["granularity", "lang", "order"]
            .into_iter()
            .map(|name| (name, parameter(&request, name)))
            .filter(|(_, value)| !value.is_empty())
            .collect(),
        ticked,
        elsewhere: told.elsewhere,
        articles: told.articles,
        history: told
            .history
            .into_iter()
            .map(|(number, entry)| Past {
                entry,
                address: stood(number),
            })
            .collect(),
        older: further("before", &told.older),
        change: told.change,
        watches: told.watches,
        desk: told.desk,
        story: told.story,
    };
    Ok(frame.page(StatusCode::OK, &template))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_to_their_end() {
        let time = |text: &str| {
            Some(Moment::Time(
                text.parse::<chrono::DateTime<chrono::Utc>>().ok()?.timestamp_micros(),
            ))
        };
        assert_eq!(moment("17"), Some(Moment::Change(17)));
        assert_eq!(moment("2024-05-20"), time("2024-05-20T23:59:59.999999Z"));
        assert_eq!(moment("2024-05-20T10:15"), time("2024-05-20T10:15:59.999999Z"));
        assert_eq!(moment("2024-05-20T10:15:07"), time("2024-05-20T10:15:07.999999Z"));
        assert_eq!(moment("2024-05-20T10:15:00+03:00"), time("2024-05-20T07:15:00.000999Z"));
        for text in ["", "yesterday", "2024-13-01", "-1", "99999999999999999999"] {
            assert_eq!(moment(text), None, "{text}");
        }
    }
}
