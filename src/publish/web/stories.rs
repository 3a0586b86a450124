//! The list of stories, and a story with its timeline, its articles and its history.

use std::collections::HashMap;
use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, LOCATION};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::desk::{Asks, Desk};
use super::frame::{Frame, Sorry, parameter, with};
use super::history::{Entry, told};
use super::pace::{MEMBERS, Pace};
use super::phrase::{Link, Part};
use super::words::Words;
use super::{PER_PAGE, some};
use crate::article::DatedJson;
use crate::publish::App;
use crate::publish::api::timeline_of;
use crate::store::Store;
use crate::store::read::{ArticleView, Facets, NameView, Page, ReadError, SortBy, StoryQuery, StoryView};
use crate::timeline::{self, Basis, Event, Granularity, OtherSentence, StoryArticle};

/// Changes shown of a story at once.
const HISTORY: usize = 50;
/// Sentences of a day on the timeline.
const SENTENCES: usize = 3;
const STATES: [&str; 4] = ["emerging", "active", "dormant", "closed"];
const SORTS: [(&str, SortBy); 5] = [
    ("updated", SortBy::Updated),
    ("started", SortBy::Started),
    ("size", SortBy::Size),
    ("velocity", SortBy::Velocity),
    ("importance", SortBy::Importance),
];

/// Filters as they stand in the form and in the address.
struct Filter {
    q: String,
    lang: String,
    source: String,
    state: String,
    min_articles: String,
    sort_by: String,
}

impl Filter {
    fn of(request: &HttpRequest) -> Self {
        Self {
            q: parameter(request, "q"),
            lang: parameter(request, "lang"),
            source: parameter(request, "source"),
            state: parameter(request, "state"),
            min_articles: parameter(request, "min_articles"),
            sort_by: some(&parameter(request, "sort_by")).unwrap_or_else(|| "updated".to_owned()),
        }
    }

    fn is_empty(&self) -> bool {
        [&self.q, &self.lang, &self.source, &self.state, &self.min_articles]
            .iter()
            .all(|value| value.is_empty())
    }

    fn query(&self) -> StoryQuery {
        let sort = SORTS.iter().find(|(name, _)| *name == self.sort_by);
        StoryQuery {
            q: some(&self.q),
            lang: some(&self.lang),
            source: some(&self.source),
            state: some(&self.state),
            min_articles: self.min_articles.parse().ok(),
            sort_by: sort.map_or(SortBy::Updated, |(_, sort)| *sort),
            ..StoryQuery::default()
        }
    }
}

/// A story of the list.
struct Row {
    story: StoryView,
    link: Link,
    pace: Pace,
}

#[derive(Template)]
#[template(path = "stories.html")]
struct StoriesPage {
    frame: Frame,
    w: &'static Words,
    rows: Vec<Row>,
    filter: Filter,
    facets: Facets,
    states: [&'static str; 4],
    sorts: Vec<&'static str>,
    next: Option<String>,
}

/// `GET /`
pub async fn list(store: web::Data<Arc<Store>>, request: HttpRequest) -> Result<HttpResponse, Sorry> {
    let mut frame = Frame::of(&request);
    let words = frame.words;
    let filter = Filter::of(&request);
    let query = StoryQuery {
        title_lang: Some(words.code.to_owned()),
        ..filter.query()
    };
    let cursor = some(&parameter(&request, "cursor"));
    let store = Arc::clone(&store);
    let (rows, next, mut facets, demonstration) = frame
        .read(move || {
            let found = store.stories(&query, cursor.as_deref(), PER_PAGE)?;
            let newest = store.newest_publication()?;
            let rows = found
                .items
                .into_iter()
                .map(|story| {
                    Ok(Row {
                        pace: Pace::new(words, &store.latest_members(&story.id, MEMBERS)?, newest),
                        link: Link::story(&story.id, &story.title, &story.title_lang),
                        story,
                    })
                })
                .collect::<Result<Vec<_>, ReadError>>()?;
            Ok((rows, found.next_cursor, store.facets()?, store.is_demonstration()?))
        })
        .await?;
    frame.demonstration = demonstration;
    include(&mut facets.languages, &filter.lang);
    let template = StoriesPage {
        frame: frame.clone(),
        w: words,
        rows,
        filter,
        facets,
        states: STATES,
        sorts: SORTS.iter().map(|(name, _)| *name).collect(),
        next: next.as_deref().map(|cursor| with(&request, "cursor", cursor)),
    };
    Ok(frame.page(StatusCode::OK, &template))
}

/// What is filtered by stays in the choice, even if no new article has it.
pub fn include(choice: &mut Vec<String>, value: &str) {
    if !value.is_empty() && !choice.iter().any(|one| one == value) {
        choice.push(value.to_owned());
    }
}

/// An event of a timeline.
struct EventView {
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
        Self {
            basis: match event.basis {
                Basis::Text => words.by_text,
                Basis::Publication => words.by_publication,
                Basis::None => "",
            },
            articles: event
                .articles
                .iter()
                .filter_map(|id| members.get(id.as_str()))
                .map(|article| (article_link(article), article.source.clone().unwrap_or_default()))
                .collect(),
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

/// How long a period of the timeline may be: this page with another one.
struct Period {
    name: &'static str,
    address: String,
    here: bool,
}

#[derive(Template)]
#[template(path = "story.html")]
struct StoryPage {
    frame: Frame,
    w: &'static Words,
    pace: String,
    importance: Option<String>,
    ends: Vec<(&'static str, Link, String)>,
    names: Vec<(&'static str, Vec<NameView>)>,
    related: Vec<Link>,
    split_from: Option<Link>,
    split_into: Vec<Link>,
    periods: Vec<Period>,
    events: Vec<EventView>,
    articles: Page<ArticleView>,
    more_articles: Option<String>,
    history: Vec<Entry>,
    older: Option<String>,
    desk: Desk,
    story: StoryView,
}

/// What the store says of a story.
struct Told {
    events: Vec<EventView>,
    articles: Page<ArticleView>,
    history: Vec<Entry>,
    older: Option<String>,
    split_from: Option<Link>,
    split_into: Vec<Link>,
    ends: Vec<(&'static str, Link, String)>,
    related: Vec<Link>,
    demonstration: bool,
    desk: Desk,
    story: StoryView,
}

enum Found {
    Nothing,
    Elsewhere(String),
    Here(Box<Told>),
}

/// `GET /stories/{id}`: a merged story sends on to the one that it goes on in, before anything is computed.
pub async fn story(app: web::Data<App>, request: HttpRequest, id: web::Path<String>) -> Result<HttpResponse, Sorry> {
    let mut frame = Frame::of(&request);
    let (words, settings, asks) = (frame.words, Arc::clone(&app.settings), Asks::of(&request));
    let cursor = some(&parameter(&request, "cursor"));
    let before = some(&parameter(&request, "before"));
    let granularity = Granularity::of(&parameter(&request, "granularity")).unwrap_or_default();
    let options = timeline::Options {
        from: None,
        to: None,
        granularity,
        dates: None,
        sentences: SENTENCES,
        lang: some(&parameter(&request, "lang")).or_else(|| Some(words.code.to_owned())),
        settings: settings.timeline.clone(),
    };
    let (also, resolution) = (settings.also, settings.story.resolution);
    let (store, memo, asked) = (Arc::clone(&app.store), Arc::clone(&app.timelines), id.clone());
    let found = frame
        .read(move || {
            let Some(story) = store.story(&asked, Some(words.code))? else {
                return Ok(Found::Nothing);
            };
            if let Some(successor) = story.merged_into {
                return Ok(Found::Elsewhere(successor));
            }
            let members = store.timeline_articles(&asked)?;
            let by_id: HashMap<&str, &StoryArticle> = members.iter().map(|one| (one.id.as_str(), one)).collect();
            let name = format!("{asked} {options:?}");
            let made = timeline_of(&store, &memo, &asked, name, story.version, &options)?;
            let events = made
                .iter()
                .map(|event| EventView::new(words, event.clone(), &by_id))
                .collect();
            let changes = store.history(&asked, before.as_deref(), HISTORY)?;
            let kin = story.split_into.iter().chain(&story.split_from).map(String::as_str);
            let names = store.story_headlines(kin)?;
            let link = |id: &String| {
                let name = names.get(id);
                Link::story(
                    id,
                    name.map_or("", |name| &name.title),
                    name.map_or("", |name| &name.lang),
                )
            };
            let ends = [
                (words.first_article, &story.first_article),
                (words.last_article, &story.last_article),
            ]
            .into_iter()
            .filter_map(|(name, end)| Some((name, end.as_ref()?)))
            .filter_map(|(name, end)| Some((name, article_link(by_id.get(end.id.as_str())?), end)))
            .map(|(name, link, end)| (name, link, words.dated(end.published.as_ref())))
            .collect();
            let related = store.related(&asked, &also, resolution)?;
            Ok(Found::Here(Box::new(Told {
                ends,
                related: related
                    .iter()
                    .map(|one| Link::article(&one.article_id, &one.title, &one.lang))
                    .collect(),
                events,
                articles: store.story_articles(&asked, cursor.as_deref(), PER_PAGE)?,
                history: told(&store, words, &changes.items)?,
                older: changes.next_cursor,
                split_from: story.split_from.as_ref().map(link),
                split_into: story.split_into.iter().map(link).collect(),
                demonstration: store.is_demonstration()?,
                desk: Desk::of_story(&store, words, &asks, &story)?,
                story,
            })))
        })
        .await?;
    let told = match found {
        Found::Nothing => return Err(frame.missing(words.no_such_story, &id)),
        Found::Elsewhere(successor) => {
            let to = Link::story(&successor, "", "").address;
            // Not to be kept: an editor may undo the merge.
            return Ok(HttpResponse::PermanentRedirect()
                .insert_header((LOCATION, to))
                .insert_header((CACHE_CONTROL, "no-cache"))
                .finish());
        }
        Found::Here(told) => *told,
    };
    frame.demonstration = told.demonstration;
    let further = |name: &str, cursor: &Option<String>| cursor.as_deref().map(|cursor| with(&request, name, cursor));
    let template = StoryPage {
        frame: frame.clone(),
        w: words,
        pace: format!(
            "{}{}{}",
            words.pace.replace("{n}", &words.decimal(told.story.velocity, 1)),
            words.list_comma,
            words.trend(told.story.pace.trend)
        ),
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
        related: told.related,
        split_from: told.split_from,
        split_into: told.split_into,
        periods: Granularity::NAMES
            .iter()
            .map(|(name, one)| Period {
                name: words.period(name),
                address: with(&request, "granularity", name),
                here: *one == granularity,
            })
            .collect(),
        events: told.events,
        more_articles: further("cursor", &told.articles.next_cursor),
        articles: told.articles,
        history: told.history,
        older: further("before", &told.older),
        desk: told.desk,
        story: told.story,
    };
    Ok(frame.page(StatusCode::OK, &template))
}
