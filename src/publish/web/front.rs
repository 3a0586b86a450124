//! The front page: what moves, what is new since the reader last looked, and the list of stories with its filters.

use std::collections::BTreeMap;
use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{LOCATION, SET_COOKIE};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use chrono::{DateTime, Utc};

use super::frame::{Frame, REMEMBERED, Sorry, parameter, with};
use super::pace::{MEMBERS, Pace};
use super::phrase::Link;
use super::words::Words;
use super::{PER_PAGE, some};
use crate::publish::access::cookie;
use crate::store::Store;
use crate::store::read::{Facets, Moving, News, ReadError, Since, SortBy, StoryQuery, StoryView};
use crate::story::labels::Trend;

/// Stories that are shown as moving, at most.
const MOVING: usize = 12;
/// New sources and languages that are named.
const NAMED: usize = 3;
/// Languages of a story that a list names.
const LANGUAGES: usize = 8;
/// The cookie with the number of the change up to which its reader has seen everything.
const SEEN: &str = "seen";
/// Bytes of a form that marks all as seen, at most.
const FORM: usize = 8 * 1024;
const STATES: [&str; 4] = ["emerging", "active", "dormant", "closed"];
const SORTS: [(&str, SortBy); 5] = [
    ("updated", SortBy::Updated),
    ("started", SortBy::Started),
    ("size", SortBy::Size),
    ("velocity", SortBy::Velocity),
    ("importance", SortBy::Importance),
];
const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
/// Spans of time over which stories move, by name, in seconds.
const SPANS: [(&str, i64); 4] = [("hour", HOUR), ("6h", 6 * HOUR), ("day", DAY), ("week", 7 * DAY)];
/// The span when none is chosen.
const SPAN: (&str, i64) = SPANS[2];

/// Filters as they stand in the form and in the address.
struct Filter {
    q: String,
    lang: String,
    source: String,
    state: String,
    min_articles: String,
    min_sources: String,
    sort_by: String,
    /// Only what changed since the reader last looked.
    changed: bool,
    /// The span of time in which stories move.
    span: (&'static str, i64),
}

impl Filter {
    fn of(request: &HttpRequest) -> Self {
        let span = parameter(request, "over");
        Self {
            q: parameter(request, "q"),
            lang: parameter(request, "lang"),
            source: parameter(request, "source"),
            state: parameter(request, "state"),
            min_articles: parameter(request, "min_articles"),
            min_sources: parameter(request, "min_sources"),
            sort_by: parameter(request, "sort_by"),
            changed: !parameter(request, "changed").is_empty(),
            span: SPANS.into_iter().find(|(name, _)| *name == span).unwrap_or(SPAN),
        }
    }

    fn is_empty(&self) -> bool {
        let Self {
            q,
            lang,
            source,
            state,
            min_articles,
            min_sources,
            ..
        } = self;
        !self.changed
            && [q, lang, source, state, min_articles, min_sources]
                .iter()
                .all(|value| value.is_empty())
    }

    fn query(&self, reader: &str) -> StoryQuery {
        let sort = SORTS.iter().find(|(name, _)| *name == self.sort_by);
        StoryQuery {
            q: some(&self.q),
            lang: some(&self.lang),
            source: some(&self.source),
            state: some(&self.state),
            min_articles: self.min_articles.parse().ok(),
            min_sources: self.min_sources.parse().ok(),
            sort_by: sort.map_or(SortBy::Updated, |(_, sort)| *sort),
            title_lang: Some(reader.to_owned()),
            ..StoryQuery::default()
        }
    }
}

/// What happened to a story in the span, in words.
struct Moves {
    articles: String,
    copies: Option<String>,
    sources: Option<(String, Vec<String>)>,
    languages: Option<String>,
    rising: Option<&'static str>,
}

impl Moves {
    fn new(words: &Words, moving: &Moving) -> Self {
        let live = words.live;
        let first = moving.languages.iter().take(NAMED);
        let mut languages: Vec<String> = first.map(|one| words.language_name(one).to_owned()).collect();
        languages.extend(words.and_more(moving.languages.len().saturating_sub(NAMED)));
        // A story all of which is new has no language that is new to it.
        let all_new = moving.story.languages.len() == moving.languages.len();
        Self {
            articles: words.many(&live.new_articles_counted, moving.articles),
            copies: (moving.near_duplicates > 0).then(|| words.copies(moving.near_duplicates)),
            sources: (!moving.sources.is_empty()).then(|| {
                let count = words.many(&live.new_sources_counted, moving.sources.len() as u64);
                (count, moving.sources.iter().take(NAMED).cloned().collect())
            }),
            languages: (!languages.is_empty() && !all_new)
                .then(|| live.first_in.replace("{languages}", &languages.join(words.list_comma))),
            rising: (moving.trend() == Trend::Rising).then(|| words.trend(Trend::Rising)),
        }
    }
}

/// What is new of a story, in words.
pub fn marks(words: &Words, news: &News) -> Vec<String> {
    let live = words.live;
    if news.is_new {
        return vec![live.is_new.to_owned()];
    }
    let counted = [
        (&live.new_articles_counted, news.articles),
        (&live.took_in_counted, news.merged),
        (&live.gave_off_counted, news.split),
        (&live.moved_in_counted, news.moved_in),
        (&live.moved_out_counted, news.moved_out),
    ];
    let mut marks: Vec<String> = counted
        .into_iter()
        .filter(|(_, number)| *number > 0)
        .map(|(thing, number)| words.many(thing, number))
        .collect();
    marks.extend(news.renamed.then(|| live.renamed.to_owned()));
    marks
}

/// A story of a list.
struct Row {
    story: StoryView,
    link: Link,
    pace: Pace,
    moves: Option<Moves>,
    marks: Vec<String>,
    /// The languages that a list names, and how many more there are.
    languages: Vec<String>,
    more_languages: Option<String>,
    /// When its latest article was published, and when it changed here, as short as it can be told.
    latest: Option<String>,
    changed: String,
}

/// What all rows of a page are made with.
struct Maker<'a> {
    store: &'a Store,
    words: &'static Words,
    now: DateTime<Utc>,
}

impl Maker<'_> {
    fn row(&self, story: StoryView, moves: Option<Moves>) -> Result<Row, ReadError> {
        let members = self.store.latest_members(&story.id, MEMBERS)?;
        Ok(Row {
            pace: Pace::new(self.words, &members),
            link: Link::story(&story.id, &story.title, &story.title_lang),
            moves,
            marks: Vec::new(),
            languages: story.languages.iter().take(LANGUAGES).cloned().collect(),
            more_languages: self.words.and_more(story.languages.len().saturating_sub(LANGUAGES)),
            latest: story.latest.as_ref().map(|at| self.words.moment(at, self.now)),
            changed: self.words.moment(&story.updated_at, self.now),
            story,
        })
    }
}

/// What is new since the reader last looked.
struct Looked {
    said: String,
    sums: Vec<String>,
    more: bool,
    only: String,
    all: String,
}

/// A span of time that can be chosen.
struct Span {
    name: &'static str,
    address: String,
    here: bool,
}

#[derive(Template)]
#[template(path = "stories.html")]
struct FrontPage {
    frame: Frame,
    w: &'static Words,
    moving: Option<Vec<Row>>,
    /// That the time counts back from the newest article, when it does.
    counted_from: Option<String>,
    spans: Vec<Span>,
    rows: Vec<Row>,
    looked: Option<Looked>,
    filter: Filter,
    facets: Facets,
    states: [&'static str; 4],
    sorts: Vec<&'static str>,
    /// Whether not all that happens shows here.
    filtered: bool,
    /// What the list is sorted by, in words.
    order: &'static str,
    next: Option<String>,
    /// Number of the newest change that the page can hold.
    change: u64,
    /// This page's parameters, to come back to.
    back: String,
}

impl FrontPage {
    fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.moving.as_ref().is_none_or(Vec::is_empty)
    }
}

/// What the store says.
struct Told {
    moving: Option<Vec<Row>>,
    counted_from: Option<i64>,
    rows: Vec<Row>,
    next: Option<String>,
    facets: Facets,
    since: Option<(Since, String)>,
    change: u64,
    demonstration: bool,
}

/// The change up to which this reader has seen everything.
pub fn seen(request: &HttpRequest) -> Option<u64> {
    cookie(request, SEEN)?.parse().ok()
}

fn remember(change: u64) -> String {
    format!("{SEEN}={change}; Path=/; Max-Age={REMEMBERED}; SameSite=Lax; HttpOnly")
}

/// `GET /`
pub async fn front(store: web::Data<Arc<Store>>, request: HttpRequest) -> Result<HttpResponse, Sorry> {
    let mut frame = Frame::of(&request);
    let words = frame.words;
    let filter = Filter::of(&request);
    let cursor = some(&parameter(&request, "cursor"));
    let mut query = filter.query(words.code);
    // Who asks for an order, or for a further page, wants the list alone.
    let moves = (filter.sort_by.is_empty() && cursor.is_none()).then_some(filter.span.1);
    let is_further = cursor.is_some();
    let (only_changed, looked_at) = (filter.changed, seen(&request));
    let store = Arc::clone(&store);
    let told = frame
        .read(move || {
            // Asked for first: what changes while the page is made is told again, not lost.
            let change = store.newest_change()?;
            let seen = looked_at.filter(|seen| *seen <= change);
            let since = match seen {
                Some(seen) => Some((store.since(seen)?, store.time_of_change(seen)?.unwrap_or_default())),
                None => None,
            };
            if let Some((_, at)) = since.as_ref().filter(|_| only_changed) {
                let at = DateTime::parse_from_rfc3339(at).ok();
                query.updated_from = at.map(|at| at.timestamp_micros() + 1_000);
            }
            let now = Utc::now();
            let newest = store.newest_up_to(now.timestamp())?;
            let maker = Maker {
                store: &store,
                words,
                now,
            };
            let (mut moving, mut counted_from) = (None, None);
            if let Some(span) = moves {
                let is_old = |newest: &i64| now.timestamp() - newest > span.max(DAY);
                counted_from = newest.filter(is_old);
                let to = counted_from.unwrap_or(now.timestamp());
                let found = store.moving(&query, to - span, to, MOVING)?;
                let rows = found
                    .into_iter()
                    .map(|one| maker.row(one.story.clone(), Some(Moves::new(words, &one))));
                moving = Some(rows.collect::<Result<Vec<_>, _>>()?);
            }
            let found = store.stories(&query, cursor.as_deref(), PER_PAGE)?;
            let shown = |story: &StoryView| moving.iter().flatten().any(|row| row.story.id == story.id);
            let rest: Vec<StoryView> = found.items.into_iter().filter(|story| !shown(story)).collect();
            let mut rows = rest
                .into_iter()
                .map(|story| maker.row(story, None))
                .collect::<Result<Vec<_>, _>>()?;
            if let Some(seen) = seen {
                let all = moving.iter_mut().flatten().chain(&mut rows);
                let mut all: BTreeMap<String, &mut Row> = all.map(|row| (row.story.id.clone(), row)).collect();
                for (id, news) in store.news_of(all.keys().map(String::as_str).collect::<Vec<_>>(), seen)? {
                    if let Some(row) = all.get_mut(&id) {
                        row.marks = marks(words, &news);
                    }
                }
            }
            Ok(Told {
                moving,
                counted_from,
                rows,
                next: found.next_cursor,
                facets: store.facets()?,
                since,
                change,
                demonstration: store.is_demonstration()?,
            })
        })
        .await?;
    frame.demonstration = told.demonstration;
    let first_time = told.since.is_none();
    let mut facets = told.facets;
    include(&mut facets.languages, &filter.lang);
    let change = told.change;
    let template = FrontPage {
        frame: frame.clone(),
        w: words,
        moving: told.moving,
        counted_from: told.counted_from.map(|at| {
            let at = words.date(super::pace::stamp(at));
            words.live.moving_old.replace("{at}", &at)
        }),
        spans: SPANS
            .into_iter()
            .map(|(name, _)| Span {
                name: words.span(name),
                address: with(&request, "over", name),
                here: name == filter.span.0,
            })
            .collect(),
        rows: told.rows,
        looked: told.since.map(|(since, at)| looked(words, &request, &since, &at)),
        filtered: is_further || !filter.is_empty(),
        order: words.sort(match filter.query("").sort_by {
            SortBy::Started => "started",
            SortBy::Size => "size",
            SortBy::Velocity => "velocity",
            SortBy::Importance => "importance",
            SortBy::Updated | SortBy::Relevance => "updated",
        }),
        filter,
        facets,
        states: STATES,
        sorts: SORTS.iter().map(|(name, _)| *name).collect(),
        next: told.next.as_deref().map(|cursor| with(&request, "cursor", cursor)),
        change,
        back: request.query_string().to_owned(),
    };
    let mut response = frame.page(StatusCode::OK, &template);
    if first_time && let Ok(value) = remember(change).parse() {
        response.headers_mut().append(SET_COOKIE, value);
    }
    Ok(response)
}

fn looked(words: &'static Words, request: &HttpRequest, since: &Since, at: &str) -> Looked {
    let live = words.live;
    let counted = [
        (&live.new_stories_counted, since.stories),
        (&live.new_articles_counted, since.articles),
        (&live.merged_counted, since.merged),
        (&live.split_counted, since.split),
        (&live.renamed_counted, since.renamed),
    ];
    Looked {
        said: if since.is_empty() {
            live.since_nothing
        } else {
            live.since
        }
        .replace("{at}", &words.moment(at, Utc::now())),
        sums: match since.is_empty() {
            true => Vec::new(),
            false => counted
                .into_iter()
                .filter(|(_, number)| *number > 0)
                .map(|(thing, number)| words.many(thing, number))
                .collect(),
        },
        more: since.more,
        only: with(request, "changed", "1"),
        all: with(request, "changed", ""),
    }
}

/// `POST /seen`: everything up to a change counts as seen from now on.
pub async fn mark_seen(request: HttpRequest, payload: web::Payload) -> Result<HttpResponse, Sorry> {
    let frame = Frame::of(&request);
    let Ok(Ok(body)) = payload.to_bytes_limited(FORM).await else {
        let text = frame.words.bad_cursor.to_owned();
        return Err(frame.sorry(StatusCode::BAD_REQUEST, frame.words.bad_page, text));
    };
    let field = |name: &str| {
        url::form_urlencoded::parse(&body)
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
            .unwrap_or_default()
    };
    let mut response = HttpResponse::SeeOther();
    // Only ever a page of this host: its parameters, written anew.
    let mut back = url::form_urlencoded::Serializer::new(String::new());
    for (key, value) in url::form_urlencoded::parse(field("back").as_bytes()) {
        if key != "cursor" && key != "changed" {
            back.append_pair(&key, &value);
        }
    }
    response.insert_header((LOCATION, format!("/?{}", back.finish())));
    if let Ok(change) = field("change").parse() {
        response.append_header((SET_COOKIE, remember(change)));
    }
    Ok(response.finish())
}

/// What is filtered by stays in the choice, even if no new article has it.
pub fn include(choice: &mut Vec<String>, value: &str) {
    if !value.is_empty() && !choice.iter().any(|one| one == value) {
        choice.push(value.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_say_what_happened_in_the_readers_language() {
        let words = Words::of("en").expect("English");
        let mut news = News {
            articles: 3,
            merged: 1,
            moved_out: 2,
            renamed: true,
            ..News::default()
        };
        assert_eq!(
            marks(words, &news),
            [
                "3 new articles",
                "took in 1 story",
                "2 articles moved out",
                "new headline"
            ]
        );
        news.is_new = true;
        assert_eq!(marks(words, &news), ["new"], "of a new story everything is new");
        let words = Words::of("ar").expect("Arabic");
        let two = News {
            articles: 2,
            ..News::default()
        };
        assert_eq!(marks(words, &two), ["مقالتان جديدتان"]);
    }
}
