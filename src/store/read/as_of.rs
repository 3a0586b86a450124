//! How stories stood at an earlier change, from the log alone: who was a member, what the story was called, its state.
//!
//! A story that has not changed since is read as it is. Of one that has, the members are found by going through its changes
//! up to then, and through those of the stories that had gone up in it. What the log does not tell is said by name
//! (`not_known`), never guessed.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::{Arc, PoisonError};

use rusqlite::types::Value as Sql;
use rusqlite::{Connection, OptionalExtension, params, params_from_iter};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::article::{ArticleView, COLUMNS, TABLES, article, dated};
use super::story::{
    COLUMNS as STORY, ChangeView, Counts, EndArticle, Key, PaceView, SortBy, StoryQuery, StoryView,
    TABLES as STORY_TABLES, filters, story,
};
use super::{BadCursor, Page, ReadError, cut_page, decode, encode, json, list_name, time, time_of_seconds};
use crate::article::{Dated, Removed, SetAside};
use crate::store::{Store, StoreError};
use crate::story::labels::{Importance, Seen, figures};
use crate::story::outlets::{Outlets, registrable_host};
use crate::timeline::StoryArticle;

/// Stories that have changed since, at most, that a list is worked out of.
const MOST: usize = 20_000;
/// Lists that are kept for the next pages of their walks.
const KEPT: usize = 4;
/// A story's velocity is counted over its latest three days.
const VELOCITY_SECONDS: i64 = 3 * 86_400;

/// A moment that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Moment {
    /// The change of this number and everything before it.
    Change(u64),
    /// A time, microseconds since 1970: everything up to then.
    Time(i64),
}

/// The moment that an answer tells of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AsOf {
    /// Number of the last change that is counted; 0 before the first.
    pub change: u64,
    /// Fields that stand empty, or as they are today, because the log does not tell how they stood.
    pub not_known: Vec<String>,
}

/// A story as it stood.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct StoryThen {
    /// The story.
    #[serde(flatten)]
    pub story: StoryView,
    /// When.
    pub as_of: AsOf,
}

/// An article as it stood in its story.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ArticleThen {
    /// The article.
    #[serde(flatten)]
    pub article: ArticleView,
    /// When.
    pub as_of: AsOf,
}

/// A member as far as a story's figures need it.
struct Member {
    seen: Seen,
    id: String,
    published: Option<String>,
    /// A later revision has replaced more than is kept.
    revised: bool,
}

/// A story worked out from the log.
struct Then {
    number: i64,
    state: String,
    title: Option<(String, String)>,
    members: Vec<Member>,
    languages: Vec<String>,
    version: i64,
    updated_at: i64,
}

impl Store {
    /// The number of the last change up to a moment.
    ///
    /// # Errors
    /// [`ReadError::Later`] when there is no such change yet, or when the store cannot be read.
    pub fn change_at(&self, moment: Moment) -> Result<u64, ReadError> {
        let newest = self.newest_change()?;
        match moment {
            Moment::Change(number) if number > newest => Err(ReadError::Later { newest }),
            Moment::Change(number) => Ok(number),
            Moment::Time(micros) => Ok(self.read(|connection| {
                let found: Option<i64> = connection
                    .prepare_cached("SELECT number FROM changes WHERE at <= ?1 ORDER BY at DESC, number DESC LIMIT 1")?
                    .query_row([micros], |row| row.get(0))
                    .optional()?;
                Ok(found.unwrap_or(0) as u64)
            })?),
        }
    }

    /// A story as it stood at a change; `None` when there was none of that id then.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn story_then(&self, id: &str, at: u64, lang: Option<&str>) -> Result<Option<StoryThen>, StoreError> {
        self.read(|connection| match existed(connection, id, at as i64)? {
            Some(number) => view(connection, number, at as i64, lang).map(Some),
            None => Ok(None),
        })
    }

    /// A page of the stories as they stood at a change; those that had ended or held nothing are left out.
    ///
    /// # Errors
    /// When the cursor is not of this list, too many stories have changed since, or the store cannot be read.
    pub fn stories_then(
        &self,
        query: &StoryQuery,
        moment: Moment,
        cursor: Option<&str>,
        per_page: usize,
    ) -> Result<Page<StoryThen>, ReadError> {
        let list = list_name("stories then", &(query, moment))?;
        let place: Option<(String, u64, Key, i64)> = cursor.map(decode).transpose()?;
        if place.as_ref().is_some_and(|(of, ..)| *of != list) {
            return Err(BadCursor.into());
        }
        let at = match &place {
            Some((_, at, ..)) => *at,
            None => self.change_at(moment)?,
        };
        let ordered = self.ordered(&format!("{list} {at}"), query, at as i64)?;
        let behind = |found: &(Key, i64)| match &place {
            None => true,
            Some((.., key, number)) => {
                let order = found.0.compare(key).then(found.1.cmp(number));
                order
                    == if query.ascending {
                        std::cmp::Ordering::Greater
                    } else {
                        std::cmp::Ordering::Less
                    }
            }
        };
        let lang = query.title_lang.as_deref().or(query.lang.as_deref());
        let mut page: Vec<&(Key, i64)> = ordered.iter().filter(|one| behind(one)).take(per_page + 1).collect();
        let more = cut_page(&mut page, per_page);
        let next_cursor = match page.last() {
            Some((key, number)) if more => Some(encode(&(list, at, key, number))?),
            _ => None,
        };
        let items = self.read(|connection| {
            page.iter()
                .map(|(_, number)| view(connection, *number, at as i64, lang))
                .collect::<Result<_, _>>()
        })?;
        Ok(Page { items, next_cursor })
    }

    /// The stories of a list in its order; kept for a while, since its pages are asked for one after the other.
    fn ordered(&self, list: &str, query: &StoryQuery, at: i64) -> Result<Arc<Vec<(Key, i64)>>, ReadError> {
        let kept = || self.lists_then.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, found)) = kept().iter().find(|(name, _)| name == list) {
            return Ok(Arc::clone(found));
        }
        let mut found = self.on_snapshot(|connection| ordered(connection, query, at))?;
        found.sort_by(|one, other| {
            let order = one.0.compare(&other.0).then(one.1.cmp(&other.1));
            if query.ascending { order } else { order.reverse() }
        });
        let found = Arc::new(found);
        let mut kept = kept();
        kept.push_back((list.to_owned(), Arc::clone(&found)));
        while kept.len() > KEPT {
            kept.pop_front();
        }
        Ok(found)
    }

    /// A story's articles as they stood at a change, in the order of [`Store::story_articles`] by the dates that were known then.
    ///
    /// # Errors
    /// When the cursor is not of this list, or the store cannot be read.
    pub fn story_articles_then(
        &self,
        id: &str,
        ascending: bool,
        moment: Moment,
        cursor: Option<&str>,
        per_page: usize,
    ) -> Result<Page<ArticleThen>, ReadError> {
        let kind = if ascending {
            "articles then, first"
        } else {
            "articles then"
        };
        let (list, at, after) = self.walk(kind, id, moment, cursor)?;
        Ok(self.read(|connection| {
            let Some(number) = existed(connection, id, at as i64)? else {
                return Ok(Page {
                    items: Vec::new(),
                    next_cursor: None,
                });
            };
            let mut members: Vec<(Option<i64>, i64)> = members(connection, number, at as i64)?
                .into_iter()
                .map(|number| Ok((published_then(connection, number, at as i64)?, number)))
                .collect::<Result<_, StoreError>>()?;
            members.sort_unstable_by(|one, other| {
                let by_time = if ascending { one.cmp(other) } else { other.cmp(one) };
                one.0.is_none().cmp(&other.0.is_none()).then(by_time)
            });
            let mut members = members.into_iter().map(|(_, number)| number);
            if let Some(after) = after {
                members.find(|number| *number == after);
            }
            let mut page: Vec<i64> = members.take(per_page.saturating_add(1)).collect();
            let more = cut_page(&mut page, per_page);
            let last = page.last().copied().filter(|_| more);
            Ok(Page {
                next_cursor: last.map(|number| encode(&(list, at, number))).transpose()?,
                items: page
                    .into_iter()
                    .map(|number| article_then(connection, number, id, at))
                    .collect::<Result<_, _>>()?,
            })
        })?)
    }

    /// What a story's timeline is made from, as it stood at a change.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn timeline_articles_then(&self, id: &str, at: u64) -> Result<Vec<StoryArticle>, StoreError> {
        self.read(|connection| {
            let Some(number) = existed(connection, id, at as i64)? else {
                return Ok(Vec::new());
            };
            members(connection, number, at as i64)?
                .into_iter()
                .map(|number| {
                    let ArticleThen { article, .. } = article_then(connection, number, id, at)?;
                    let published = article.published.and_then(|date| date.value);
                    Ok(StoryArticle {
                        id: article.id.into(),
                        title: article.title,
                        text: article.text.unwrap_or_default(),
                        lang: article.lang,
                        published: published.as_deref().and_then(Dated::from_value_text),
                        source: article.source,
                        original: article.near_duplicate_of.map(Into::into),
                    })
                })
                .collect()
        })
    }

    /// A story's changes up to one, newest first.
    ///
    /// # Errors
    /// When the cursor is not of this list, or the store cannot be read.
    pub fn history_then(
        &self,
        id: &str,
        moment: Moment,
        cursor: Option<&str>,
        per_page: usize,
    ) -> Result<Page<ChangeView>, ReadError> {
        let (list, at, before) = self.walk("history then", id, moment, cursor)?;
        let before = before.unwrap_or_else(|| at.saturating_add(1) as i64);
        let mut page = self.changes_before(id, before, per_page + 1)?;
        let more = cut_page(&mut page, per_page);
        let last = page.last().map(|change| change.number as i64).filter(|_| more);
        Ok(Page {
            next_cursor: last.map(|number| encode(&(list, at, number))).transpose()?,
            items: page,
        })
    }

    /// Where a walk through a list of numbers stands: the list's name, the change that it is of, and the number that its last
    /// page ended with. The change stays the same during a walk, whatever happens meanwhile.
    fn walk(
        &self,
        kind: &str,
        of: &str,
        moment: Moment,
        cursor: Option<&str>,
    ) -> Result<(String, u64, Option<i64>), ReadError> {
        let list = list_name(kind, &(of, moment))?;
        match cursor.map(decode::<(String, u64, i64)>).transpose()? {
            Some((found, at, number)) if found == list && number >= 0 && at <= i64::MAX as u64 => {
                Ok((list, at, Some(number)))
            }
            Some(_) => Err(BadCursor.into()),
            None => Ok((list, self.change_at(moment)?, None)),
        }
    }
}

/// The number of a story that had begun by a change.
fn existed(connection: &Connection, id: &str, at: i64) -> Result<Option<i64>, StoreError> {
    let found: Option<(i64, Option<i64>)> = connection
        .prepare_cached(
            "SELECT number, (SELECT min(number) FROM changes WHERE story = s.number) FROM stories s WHERE id = ?1",
        )?
        .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(found
        .filter(|(_, began)| began.is_some_and(|began| began <= at))
        .map(|(number, _)| number))
}

/// The stories that had gone up in one by a change, and itself: their articles came along.
fn origins(connection: &Connection, number: i64, at: i64) -> Result<BTreeSet<i64>, StoreError> {
    let mut found = BTreeSet::from([number]);
    let mut left = vec![number];
    let mut merged = connection.prepare_cached(
        "SELECT DISTINCT story FROM changes INDEXED BY changes_merged WHERE kind = 'merged' AND number <= ?2
         AND detail ->> 'into' = +(SELECT id FROM stories WHERE number = ?1)",
    )?;
    while let Some(into) = left.pop() {
        let from: Vec<i64> = merged
            .query_map([into, at], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        left.extend(from.into_iter().filter(|story| found.insert(*story)));
    }
    Ok(found)
}

/// A change that moves articles: its number, kind and story; the article, or the story that it went up in.
type Move = (i64, String, i64, Option<i64>, Option<i64>);

/// The members of a story at a change.
fn members(connection: &Connection, number: i64, at: i64) -> Result<BTreeSet<i64>, StoreError> {
    let mut held: BTreeMap<i64, BTreeSet<i64>> = BTreeMap::new();
    let origins = origins(connection, number, at)?;
    // One story after the other by the index, then in the order of the log.
    let mut changes: Vec<Move> = Vec::new();
    let mut of = connection.prepare_cached(
        "SELECT c.number, c.kind, c.article, s.number FROM changes c
         LEFT JOIN stories s ON c.kind = 'merged' AND s.id = c.detail ->> 'into'
         WHERE c.story = ?1 AND c.number <= ?2 AND c.kind IN ('article_joined', 'article_left', 'merged')",
    )?;
    for story in origins {
        let mut rows = of.query([story, at])?;
        while let Some(row) = rows.next()? {
            changes.push((row.get(0)?, row.get(1)?, story, row.get(2)?, row.get(3)?));
        }
    }
    changes.sort_by_key(|change| change.0);
    for (_, kind, story, article, into) in changes {
        match (kind.as_str(), article, into) {
            ("article_joined", Some(article), _) => {
                held.entry(story).or_default().insert(article);
            }
            ("article_left", Some(article), _) => {
                held.entry(story).or_default().remove(&article);
            }
            ("merged", _, Some(into)) => {
                let gone = held.remove(&story).unwrap_or_default();
                held.entry(into).or_default().extend(gone);
            }
            _ => {}
        }
    }
    Ok(held.remove(&number).unwrap_or_default())
}

/// The story's state by the log: merged with its successor then, or awake in some way.
fn state(connection: &Connection, number: i64, at: i64) -> Result<(String, Option<i64>), StoreError> {
    let last: Option<(String, Option<String>, Option<i64>)> = connection
        .prepare_cached(
            "SELECT c.kind, c.detail ->> 'state', s.number FROM changes c
             LEFT JOIN stories s ON c.kind = 'merged' AND s.id = c.detail ->> 'into'
             WHERE c.story = ?1 AND c.number <= ?2 AND c.kind IN ('merged', 'state_changed')
             ORDER BY c.number DESC LIMIT 1",
        )?
        .query_row([number, at], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    Ok(match last {
        Some((_, _, Some(into))) => ("merged".to_owned(), Some(into)),
        Some((_, Some(state), None)) => (state, None),
        _ => ("emerging".to_owned(), None),
    })
}

/// Where a merged story went on then; of several merges, one after the other, the last.
fn successor(connection: &Connection, number: i64, at: i64) -> Result<Option<i64>, StoreError> {
    let (mut last, mut seen) = (None, BTreeSet::from([number]));
    let mut story = number;
    while let (_, Some(into)) = state(connection, story, at)? {
        if !seen.insert(into) {
            break;
        }
        (story, last) = (into, Some(into));
    }
    Ok(last)
}

/// What a story was called: by the last renaming up to then, else by the first one after it, which says what was before.
/// The outer `None` when it is as today, the inner one when it is not known.
fn title(connection: &Connection, number: i64, at: i64) -> Result<Option<Option<(String, String)>>, StoreError> {
    let renaming = |beyond: &str, order: &str, title: &str, lang: &str| {
        connection
            .prepare_cached(&format!(
                "SELECT c.detail ->> '{title}', coalesce(c.detail ->> '{lang}', a.lang) FROM changes c
                 LEFT JOIN articles a ON a.number = c.article
                 WHERE c.story = ?1 AND c.number {beyond} ?2 AND c.kind = 'renamed' ORDER BY c.number {order} LIMIT 1"
            ))?
            .query_row([number, at], |row| {
                Ok((row.get::<_, Option<String>>(0)?, row.get::<_, Option<String>>(1)?))
            })
            .optional()
    };
    let known =
        |(title, lang): (Option<String>, Option<String>)| title.map(|title| (title, lang.unwrap_or("und".into())));
    let later = renaming(">", "ASC", "before", "before_lang")?;
    let Some(later) = later else { return Ok(None) };
    match renaming("<=", "DESC", "title", "lang")? {
        Some(earlier) => Ok(Some(known(earlier))),
        None => Ok(Some(known(later))),
    }
}

/// What a later revision of an article has replaced.
struct Replaced {
    revision: u32,
    title: String,
    text: String,
    published: Option<String>,
    /// Not kept of revisions from before.
    rest: Option<Rest>,
}

/// What is kept of a replaced revision beside its text.
#[derive(Deserialize)]
struct Rest {
    source: Option<String>,
    agency: Option<String>,
    keywords: Vec<String>,
    removed: Vec<Removed>,
    set_aside: Vec<SetAside>,
}

/// The revision of an article that a later one than change `at` replaced first, in SQL; NULL when none has. Both are expressions.
pub(in crate::store) fn revision_at(article: &str, at: &str) -> String {
    format!(
        "(SELECT detail ->> 'revision' FROM changes WHERE article = {article} AND number > {at} AND kind = 'article_revised'
          ORDER BY number LIMIT 1) - 1"
    )
}

fn replaced(connection: &Connection, number: i64, at: i64) -> Result<Option<Replaced>, StoreError> {
    Ok(connection
        .prepare_cached(&format!(
            "SELECT r.revision, r.title, r.text, r.published, r.rest FROM revisions r WHERE r.article = ?1 AND r.revision = {}",
            revision_at("?1", "?2")
        ))?
        .query_row([number, at], |row| {
            let rest: Option<String> = row.get(4)?;
            Ok(Replaced {
                revision: row.get(0)?,
                title: row.get(1)?,
                text: row.get(2)?,
                published: row.get(3)?,
                rest: rest.as_deref().map(json).transpose()?,
            })
        })
        .optional()?)
}

fn article_then(connection: &Connection, number: i64, story: &str, at: u64) -> Result<ArticleThen, StoreError> {
    let (mut view, _) = connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM {TABLES} WHERE a.number = ?1"))?
        .query_row([number], article)?;
    view.story_id = Some(story.to_owned());
    view.state = "placed".to_owned();
    // A copy counts from when it was placed.
    view.near_duplicates = connection
        .prepare_cached(
            "SELECT a.id FROM articles a WHERE a.original = ?1 AND EXISTS
               (SELECT 1 FROM changes c WHERE c.article = a.number AND c.kind = 'article_joined' AND c.number <= ?2)
             ORDER BY a.number",
        )?
        .query_map([number, at as i64], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut not_known = Vec::new();
    if let Some(before) = replaced(connection, number, at as i64)? {
        (view.revision, view.published) = (before.revision, dated(before.published));
        // Retention empties earlier texts together with the present one.
        (view.title, view.text) = (before.title, view.text.is_some().then_some(before.text));
        match before.rest {
            Some(rest) => {
                (view.source, view.agency, view.keywords) = (rest.source, rest.agency, rest.keywords);
                (view.removed, view.set_aside) = (rest.removed, rest.set_aside);
            }
            None => {
                let names = ["source", "agency", "keywords", "removed", "set_aside"];
                not_known = names.map(str::to_owned).to_vec();
            }
        }
    }
    Ok(ArticleThen {
        article: view,
        as_of: AsOf { change: at, not_known },
    })
}

/// The midpoint of an article's publication as it was known at a change.
fn published_then(connection: &Connection, number: i64, at: i64) -> Result<Option<i64>, StoreError> {
    let (published, revision): (Option<i64>, i64) = connection
        .prepare_cached("SELECT published_s, revision FROM articles WHERE number = ?1")?
        .query_row([number], |row| Ok((row.get(0)?, row.get(1)?)))?;
    if revision > 1
        && let Some(before) = replaced(connection, number, at)?
    {
        let published = before.published.as_deref().and_then(Dated::from_value_text);
        return Ok(published.map(|date| date.midpoint()));
    }
    Ok(published)
}

/// Works a story out from the log.
fn worked_out(connection: &Connection, number: i64, at: i64) -> Result<Then, StoreError> {
    let (id, created): (String, i64) = connection
        .prepare_cached("SELECT id, created_at FROM stories WHERE number = ?1")?
        .query_row([number], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let (mut state, _) = state(connection, number, at)?;
    let mut found = Vec::new();
    let mut member = connection.prepare_cached(
        "SELECT published_s, source, lang, original IS NOT NULL, id, published, revision, url FROM articles WHERE number = ?1",
    )?;
    for article in members(connection, number, at)? {
        let (mut one, revision) = member.query_row([article], |row| {
            let seen = Seen {
                article: article as u64,
                time: row.get(0)?,
                source: row.get(1)?,
                lang: row.get(2)?,
                repeats: row.get(3)?,
                host: row.get::<_, Option<String>>(7)?.as_deref().and_then(registrable_host),
            };
            let member = Member {
                seen,
                id: row.get(4)?,
                published: row.get(5)?,
                revised: false,
            };
            Ok((member, row.get::<_, i64>(6)?))
        })?;
        if revision > 1
            && let Some(before) = replaced(connection, article, at)?
        {
            let published = before.published.as_deref().and_then(Dated::from_value_text);
            one.seen.time = published.map(|date| date.midpoint());
            one.published = before.published;
            match before.rest {
                Some(rest) => one.seen.source = rest.source,
                None => one.revised = true,
            }
        }
        found.push(one);
    }
    let mut count: BTreeMap<&str, usize> = BTreeMap::new();
    for one in &found {
        *count.entry(one.seen.lang.as_str()).or_default() += 1;
    }
    let mut languages: Vec<(&str, usize)> = count.into_iter().collect();
    languages.sort_by(|one, other| other.1.cmp(&one.1).then(one.0.cmp(other.0)));
    let languages = languages.into_iter().map(|(lang, _)| lang.to_owned()).collect();
    if state != "merged" && found.is_empty() {
        state = "closed".to_owned();
    }
    let (own, latest): (i64, Option<i64>) = connection
        .prepare_cached(
            "SELECT max(number), max(CASE WHEN kind <> 'state_changed' THEN number END) FROM changes
             WHERE story = ?1 AND number <= ?2",
        )?
        .query_row([number, at], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let came: Option<i64> = connection
        .prepare_cached(
            "SELECT max(number) FROM changes INDEXED BY changes_merged
             WHERE kind = 'merged' AND detail ->> 'into' = ?1 AND number <= ?2",
        )?
        .query_row(params![id, at], |row| row.get(0))?;
    let updated: Option<i64> = connection
        .prepare_cached("SELECT at FROM changes WHERE number = ?1")?
        .query_row([latest.max(came)], |row| row.get(0))
        .optional()?;
    let title = match title(connection, number, at)? {
        Some(title) => title,
        None => Some(
            connection
                .prepare_cached("SELECT title, title_lang FROM stories WHERE number = ?1")?
                .query_row([number], |row| Ok((row.get(0)?, row.get(1)?)))?,
        ),
    };
    Ok(Then {
        number,
        state,
        title,
        languages,
        members: found,
        version: own.max(came.unwrap_or(0)),
        updated_at: updated.unwrap_or(created),
    })
}

impl Then {
    fn sources(&self) -> usize {
        let own = self.members.iter().filter(|one| !one.seen.repeats);
        Outlets::of(own.filter_map(|one| Some((one.seen.source.as_deref()?, one.seen.host.as_deref())))).count()
    }

    fn times(&self) -> (Option<i64>, Option<i64>) {
        let times = || self.members.iter().filter_map(|one| one.seen.time);
        (times().min(), times().max())
    }

    fn velocity(&self) -> f64 {
        let (_, Some(latest)) = self.times() else { return 0.0 };
        let times = self.members.iter().filter_map(|one| one.seen.time);
        times.filter(|time| *time > latest - VELOCITY_SECONDS).count() as f64 / 3.0
    }

    fn key(&self, query: &StoryQuery, hits: usize) -> Key {
        match query.sort_by {
            SortBy::Updated => Key::Whole(self.updated_at),
            SortBy::Started => Key::Whole(self.times().0.unwrap_or(-i64::MAX)),
            SortBy::Size => Key::Whole(self.members.len() as i64),
            SortBy::Velocity => Key::Real(self.velocity()),
            SortBy::Relevance if query.q.is_some() => Key::Whole(hits as i64),
            SortBy::Relevance => Key::Whole(self.members.len() as i64),
            // Refused before: the log does not tell it.
            SortBy::Importance => Key::Whole(0),
        }
    }

    /// Whether it is in a list; `found` are the articles that hold the words, if words are asked for.
    fn fits(&self, query: &StoryQuery, hits: usize) -> bool {
        let at_least = |count: usize, least: Option<u64>| least.is_none_or(|least| count as u64 >= least);
        let source = |source: &String| self.members.iter().any(|one| one.seen.source.as_ref() == Some(source));
        self.state != "merged"
            && !self.members.is_empty()
            && (query.q.is_none() || hits > 0)
            && query.lang.as_ref().is_none_or(|lang| self.languages.contains(lang))
            && query.source.as_ref().is_none_or(source)
            && query.state.as_ref().is_none_or(|state| *state == self.state)
            && at_least(self.members.len(), query.min_articles)
            && at_least(self.sources(), query.min_sources)
            && query.updated_from.is_none_or(|from| self.updated_at >= from)
            && query.updated_to.is_none_or(|to| self.updated_at <= to)
    }
}

/// A story that had begun, as readers get it.
fn view(connection: &Connection, number: i64, at: i64, lang: Option<&str>) -> Result<StoryThen, StoreError> {
    let (mut view, _) = connection
        .prepare_cached(&format!("SELECT {STORY} FROM {STORY_TABLES} WHERE s.number = ?2"))?
        .query_row(params![lang, number], story)?;
    let mut not_known: Vec<&str> = Vec::new();
    if view.version as i64 > at {
        let then = worked_out(connection, number, at)?;
        not_known.extend(["terms", "people", "places", "organisations"]);
        if then.members.iter().any(|one| one.revised) {
            not_known.push("counts.sources");
        }
        match then.title.clone() {
            Some((title, lang)) => (view.title, view.title_lang) = (title, lang),
            None => not_known.extend(["title", "title_lang"]),
        }
        (view.terms, view.people, view.places, view.organisations) = Default::default();
        let (started, latest) = then.times();
        (view.started, view.latest) = (started.map(time_of_seconds), latest.map(time_of_seconds));
        view.velocity = then.velocity();
        view.counts = Counts {
            articles: then.members.len() as u64,
            near_duplicates: then.members.iter().filter(|one| one.seen.repeats).count() as u64,
            sources: then.sources() as u64,
            languages: then.languages.len() as u64,
        };
        let seen: Vec<Seen> = then.members.iter().map(|one| one.seen.clone()).collect();
        let found = figures(&seen, &Importance::default());
        view.pace = PaceView {
            trend: found.pace.trend(),
            days: found.pace.days,
            latest: found.pace.latest,
            before: found.pace.before,
        };
        let end = |article: Option<u64>| {
            let member = then.members.iter().find(|one| Some(one.seen.article) == article)?;
            Some(EndArticle {
                id: member.id.clone(),
                published: dated(member.published.clone()),
            })
        };
        (view.first_article, view.last_article) = (end(found.first), end(found.last));
        view.state = then.state;
        view.languages = then.languages;
        view.updated_at = time(then.updated_at);
        view.version = then.version as u64;
    }
    // Both are weighed with what is the newest today.
    (view.importance, view.importance_then) = (None, None);
    not_known.extend(["importance", "importance_then"]);
    let name = |number: Option<i64>| -> Result<Option<String>, StoreError> {
        Ok(connection
            .prepare_cached("SELECT id FROM stories WHERE number = ?1")?
            .query_row([number], |row| row.get(0))
            .optional()?)
    };
    view.merged_into = name(successor(connection, number, at)?)?;
    view.split_into = connection
        .prepare_cached(
            "SELECT c.id FROM stories c WHERE c.split_from = ?1
             AND (SELECT min(number) FROM changes WHERE story = c.number) <= ?2 ORDER BY c.number",
        )?
        .query_map([number, at], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    Ok(StoryThen {
        story: view,
        as_of: AsOf {
            change: at as u64,
            not_known: not_known.into_iter().map(str::to_owned).collect(),
        },
    })
}

/// Keys and numbers of the stories of a list, in no order.
fn ordered(connection: &Connection, query: &StoryQuery, at: i64) -> Result<Vec<(Key, i64)>, ReadError> {
    // Stories are numbered as they begin.
    let newest: Option<i64> = connection
        .prepare_cached(
            "SELECT story FROM changes WHERE kind = 'story_created' AND number <= ?1 ORDER BY number DESC LIMIT 1",
        )?
        .query_row([at], |row| row.get(0))
        .optional()?;
    let Some(newest) = newest else { return Ok(Vec::new()) };
    let mut parts = filters(query, false);
    let column = query.sort_by.column("s");
    let values = parts.values.len();
    parts
        .conditions
        .push(format!("s.version <= ?{} AND s.number <= ?{}", values + 1, values + 2));
    parts.values.extend([at, newest].map(Sql::from));
    let sql = format!(
        "SELECT {column}, s.number FROM stories s LEFT JOIN {} m ON m.story = s.number WHERE {}",
        parts.hits,
        parts.conditions.join(" AND ")
    );
    let mut found: Vec<(Key, i64)> = connection
        .prepare_cached(&sql)?
        .query_map(params_from_iter(parts.values), |row| {
            Ok((Key::of(&row.get(0)?), row.get(1)?))
        })?
        .collect::<Result<_, _>>()?;
    let since: Vec<i64> = connection
        .prepare_cached("SELECT number FROM stories WHERE version > ?1 AND number <= ?2 LIMIT ?3")?
        .query_map([at, newest, MOST as i64 + 1], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    if since.len() > MOST {
        return Err(ReadError::TooFar { most: MOST });
    }
    let holding: Option<HashSet<i64>> = match query.q.as_deref().map(super::search::match_expression) {
        None => None,
        Some(None) => return Ok(Vec::new()),
        Some(Some(expression)) => Some(
            connection
                .prepare_cached(&format!(
                    "SELECT rowid & {} FROM search WHERE search MATCH ?1",
                    super::NUMBER
                ))?
                .query_map([expression], |row| row.get(0))?
                .collect::<Result<_, _>>()?,
        ),
    };
    for number in since {
        let then = worked_out(connection, number, at)?;
        let numbers = then.members.iter().map(|one| one.seen.article as i64);
        let hits = holding
            .as_ref()
            .map_or(0, |holding| numbers.filter(|one| holding.contains(one)).count());
        if then.fits(query, hits) {
            found.push((then.key(query, hits), then.number));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use chrono::{DateTime, TimeDelta, Utc};
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;
    use crate::article::Draft;
    use crate::pipeline::Submission;
    use crate::store::write::{Batch, Clock, Placed, StoryFace};
    use crate::story::{Placement, StoryChange};

    const DAY: i64 = 86_400;

    /// A store with what is in it, as far as the next step must know it.
    struct World {
        store: Store,
        /// Story of every article, from number 1 on; copies with the article that they repeat.
        story: Vec<u64>,
        original: Vec<Option<u64>>,
        ended: BTreeMap<u64, u64>,
        /// The same, as each merge said it.
        merged: BTreeMap<u64, u64>,
        stories: u64,
        steps: i64,
    }

    fn now(step: i64) -> DateTime<Utc> {
        DateTime::<Utc>::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::seconds(step)
    }

    impl World {
        fn new(dir: &std::path::Path) -> Self {
            let store = Store::open(dir).unwrap();
            store.label_all(&Default::default()).unwrap();
            Self {
                store,
                story: Vec::new(),
                original: Vec::new(),
                ended: BTreeMap::new(),
                merged: BTreeMap::new(),
                stories: 0,
                steps: 0,
            }
        }

        fn live(&self) -> Vec<u64> {
            (1..=self.stories)
                .filter(|story| !self.ended.contains_key(story))
                .collect()
        }

        fn accept(&mut self, id: &str, title: &str, text: &str) {
            self.steps += 1;
            let draft = Draft {
                id: Some(id.into()),
                title: title.to_owned(),
                text: text.to_owned(),
                lang: ["en", "ar", "fr"][self.story.len() % 3].to_owned(),
                source: (!self.story.len().is_multiple_of(4)).then(|| format!("source {}", self.story.len() % 5)),
                published: (!self.story.len().is_multiple_of(5))
                    .then(|| Dated::minute(now(0) + TimeDelta::days(self.steps / 2 - self.story.len() as i64 % 7))),
                ..Draft::default()
            };
            let answers = self
                .store
                .accept(&[Submission { draft, document: None }], now(self.steps));
            assert!(answers.unwrap().iter().all(Result::is_ok));
        }

        /// One step: an article comes, and with it what `kind` says about the articles and stories that `one`, `other` choose.
        fn step(&mut self, kind: u8, one: usize, other: usize) {
            if kind == 7 {
                let number = one % self.story.len().max(1) + 1;
                if number <= self.story.len() {
                    let (id, text) = (
                        format!("x{number}"),
                        format!("Bridge {number} opens to traffic in step {}", self.steps),
                    );
                    let title = format!("Bridge {number} opens");
                    self.accept(&id, if other.is_multiple_of(2) { &text } else { &title }, &text);
                }
                return;
            }
            let number = self.story.len() as u64 + 1;
            self.accept(
                &format!("x{number}"),
                &format!("Bridge {number} opens"),
                "The bridge opened to traffic.",
            );
            let live = self.live();
            let pick = |at: usize| live.get(at % live.len().max(1)).copied();
            let mut changes = Vec::new();
            let copied = (one as u64) % number;
            let original = (kind == 1 && copied > 0 && self.original[copied as usize - 1].is_none()).then_some(copied);
            let story = match (original, pick(one)) {
                (Some(original), _) => self.story[original as usize - 1],
                (None, Some(story)) if kind != 0 => story,
                _ => {
                    self.stories += 1;
                    changes.push(StoryChange::Created {
                        story: self.stories,
                        split_from: None,
                    });
                    self.stories
                }
            };
            changes.push(StoryChange::Joined {
                story,
                article: number,
                from: None,
            });
            self.story.push(story);
            self.original.push(original);
            let target = pick(other).unwrap_or(story);
            match kind {
                2 | 3 if target != story => {
                    changes.push(StoryChange::Merged { story, into: target });
                    self.story
                        .iter_mut()
                        .filter(|of| **of == story)
                        .for_each(|of| *of = target);
                    self.ended
                        .values_mut()
                        .filter(|of| **of == story)
                        .for_each(|of| *of = target);
                    self.ended.insert(story, target);
                    self.merged.insert(story, target);
                }
                4 => self.move_one(other, target, &mut changes),
                5 => {
                    self.stories += 1;
                    changes.push(StoryChange::Created {
                        story: self.stories,
                        split_from: Some(story),
                    });
                    self.move_one(other, self.stories, &mut changes);
                    self.move_one(number as usize - 1, self.stories, &mut changes);
                }
                6 => {
                    let ended: Vec<(u64, u64)> = self.ended.iter().map(|(story, into)| (*story, *into)).collect();
                    if let Some((back, from)) = ended.get(other % ended.len().max(1)).copied() {
                        self.ended.remove(&back);
                        self.merged.remove(&back);
                        // What had ended in it before comes along.
                        let went_through = |story: &u64| {
                            let next = |story: &u64| self.merged.get(story).copied();
                            std::iter::successors(next(story), next).any(|one| one == back)
                        };
                        let followers: Vec<u64> = self.ended.keys().copied().filter(went_through).collect();
                        for follower in &followers {
                            self.ended.insert(*follower, back);
                        }
                        changes.push(StoryChange::Revived {
                            story: back,
                            from,
                            followers,
                        });
                        let at = self.story.iter().position(|of| *of == from).unwrap_or(0);
                        self.move_one(at, back, &mut changes);
                    }
                }
                _ => {}
            }
            let placement = serde_json::json!({
                "decided_by": "alone", "nearest": [], "support": 0.0, "runner_up": null, "margin": 0.0, "rejected": []
            });
            let placement: Placement = serde_json::from_value(placement).unwrap();
            let faces = self.live().into_iter().filter_map(|story| {
                let members = (1..=number).filter(|one| self.story[*one as usize - 1] == story);
                Some(StoryFace {
                    story,
                    // The headline moves on now and then.
                    headline: members.max_by_key(|one| (one / 3, u64::MAX - one))?,
                    terms: Vec::new(),
                    headlines: BTreeMap::new(),
                    doubt: None,
                })
            });
            let batch = Batch {
                faces: faces.collect(),
                placed: vec![Placed {
                    number,
                    original,
                    story,
                    placement,
                    vector: None,
                    links: Vec::new(),
                    judged_again: Vec::new(),
                    strands: Vec::new(),
                    changes,
                    doubts: Vec::new(),
                }],
                clock: Clock {
                    now: Some(now(0).timestamp() + self.steps / 2 * DAY),
                    dormant: 4 * DAY,
                    closed: 9 * DAY,
                },
                ..Batch::default()
            };
            self.store.commit(&batch, now(self.steps)).unwrap();
        }

        fn move_one(&mut self, at: usize, to: u64, changes: &mut Vec<StoryChange>) {
            let article = at % self.story.len();
            let from = self.story[article];
            if self.original[article].is_some() || from == to {
                return;
            }
            let number = article as u64 + 1;
            changes.push(StoryChange::Joined {
                story: to,
                article: number,
                from: Some(from),
            });
            for copy in 0..self.story.len() {
                if copy == article || self.original[copy] == Some(number) {
                    self.story[copy] = to;
                }
            }
        }
    }

    /// Everything that readers get, now.
    fn today(store: &Store, stories: u64, queries: &[StoryQuery]) -> Value {
        let all: Vec<Value> = (1..=stories)
            .map(|story| {
                let id = format!("s{story}");
                let articles = store.story_articles(&id, true, None, 100).unwrap().items;
                serde_json::json!({
                    "story": store.story(&id, None).unwrap(),
                    "articles": articles,
                    "timeline": format!("{:?}", store.timeline_articles(&id).unwrap()),
                    "history": store.history(&id, None, 1000).unwrap().items,
                })
            })
            .collect();
        let lists = queries.iter().map(|query| {
            walk(|cursor| {
                let page = store.stories(query, cursor, 2).unwrap();
                (page.items.into_iter().map(|story| story.id).collect(), page.next_cursor)
            })
        });
        serde_json::json!({"all": all, "lists": lists.collect::<Vec<_>>()})
    }

    /// The same as of a change, by what is known.
    fn then(store: &Store, stories: u64, queries: &[StoryQuery], at: u64) -> (Value, Vec<Vec<String>>) {
        let mut unknown = Vec::new();
        let moment = Moment::Change(at);
        let all: Vec<Value> = (1..=stories)
            .map(|story| {
                let id = format!("s{story}");
                let StoryThen { story, as_of } = store.story_then(&id, at, None).unwrap().expect("it had begun");
                unknown.push(as_of.not_known);
                let articles = store.story_articles_then(&id, true, moment, None, 100).unwrap().items;
                serde_json::json!({
                    "story": story,
                    "articles": articles.into_iter().map(|one| one.article).collect::<Vec<_>>(),
                    "timeline": format!("{:?}", store.timeline_articles_then(&id, at).unwrap()),
                    "history": store.history_then(&id, moment, None, 1000).unwrap().items,
                })
            })
            .collect();
        let lists = queries.iter().map(|query| {
            walk(|cursor| {
                let page = store.stories_then(query, moment, cursor, 2).unwrap();
                (
                    page.items.into_iter().map(|one| one.story.id).collect(),
                    page.next_cursor,
                )
            })
        });
        (
            serde_json::json!({"all": all, "lists": lists.collect::<Vec<_>>()}),
            unknown,
        )
    }

    fn walk(page: impl Fn(Option<&str>) -> (Vec<String>, Option<String>)) -> Vec<String> {
        let (mut seen, mut cursor) = (Vec::new(), None);
        loop {
            let (items, next) = page(cursor.as_deref());
            seen.extend(items);
            cursor = next;
            if cursor.is_none() {
                return seen;
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]
        #[test]
        fn what_stood_once_is_found_again(steps in prop::collection::vec((0u8..8, 0usize..50, 0usize..50), 4..26)) {
            let dir = tempfile::tempdir().unwrap();
            let mut world = World::new(dir.path());
            let base = StoryQuery::default();
            let queries = [
                StoryQuery { sort_by: SortBy::Updated, ..base.clone() },
                StoryQuery { sort_by: SortBy::Size, ascending: true, ..base.clone() },
                StoryQuery { sort_by: SortBy::Started, lang: Some("ar".to_owned()), ..base.clone() },
                StoryQuery { sort_by: SortBy::Velocity, min_sources: Some(2), ..base.clone() },
                StoryQuery { source: Some("source 1".to_owned()), state: Some("active".to_owned()), ..base },
            ];
            let mut snapshots = Vec::new();
            for (kind, one, other) in steps {
                world.step(kind, one, other);
                let at = world.store.newest_change().unwrap();
                snapshots.push((at, world.stories, today(&world.store, world.stories, &queries)));
            }
            for (step, (at, stories, mut expected)) in snapshots.into_iter().enumerate() {
                let (mut found, unknown) = then(&world.store, stories, &queries, at);
                for (place, names) in unknown.iter().enumerate() {
                    for value in [&mut expected, &mut found] {
                        let one = &mut value["all"][place];
                        for name in names {
                            prop_assert!(!["title", "state", "version", "counts.sources"].contains(&name.as_str()));
                            one["story"][name.as_str()] = Value::Null;
                        }
                    }
                }
                prop_assert_eq!(&expected, &found, "step {}, change {}", step, at);
            }
        }

        #[test]
        fn a_walk_gives_what_is_listed_all_along_once_and_where_it_stood(
            before in prop::collection::vec((0u8..8, 0usize..50, 0usize..50), 6..20),
            meanwhile in prop::collection::vec((0u8..8, 0usize..50, 0usize..50), 3..6),
        ) {
            let dir = tempfile::tempdir().unwrap();
            let mut world = World::new(dir.path());
            for (kind, one, other) in before {
                world.step(kind, one, other);
            }
            let sorts = [SortBy::Updated, SortBy::Size, SortBy::Started, SortBy::Velocity, SortBy::Importance, SortBy::Relevance];
            let filters = [
                StoryQuery::default(),
                StoryQuery { lang: Some("ar".to_owned()), ..StoryQuery::default() },
                StoryQuery { q: Some("bridge".to_owned()), ..StoryQuery::default() },
            ];
            for (number, sort_by) in sorts.iter().flat_map(|sort| [*sort; 3]).enumerate() {
                for ascending in [true, false] {
                    let query = StoryQuery { sort_by, ascending, ..filters[number % 3].clone() };
                    let listed = |world: &World| walk(|cursor| {
                        let page = world.store.stories(&query, cursor, 50).unwrap();
                        (page.items.into_iter().map(|story| story.id).collect(), page.next_cursor)
                    });
                    let mut all_along = listed(&world);
                    let (mut seen, mut cursor, mut steps) = (Vec::new(), None, meanwhile.iter());
                    loop {
                        let page = world.store.stories(&query, cursor.as_deref(), 1).unwrap();
                        seen.extend(page.items.into_iter().map(|story| story.id));
                        cursor = page.next_cursor;
                        if cursor.is_none() {
                            break;
                        }
                        if let Some((kind, one, other)) = steps.next() {
                            world.step(*kind, *one, *other);
                            let now: HashSet<String> = listed(&world).into_iter().collect();
                            all_along.retain(|story| now.contains(story));
                        }
                    }
                    let distinct: HashSet<&String> = seen.iter().collect();
                    prop_assert_eq!(distinct.len(), seen.len(), "{:?} gave {:?}", query, seen);
                    if sort_by != SortBy::Relevance || query.q.is_none() {
                        let found: Vec<&String> = seen.iter().filter(|story| all_along.contains(story)).collect();
                        prop_assert_eq!(found, all_along.iter().collect::<Vec<_>>(), "{:?} gave {:?}", query, seen);
                    }
                }
            }
        }
    }

    #[test]
    fn moments_are_numbers_or_times_and_a_walk_stays_at_its_own() {
        let dir = tempfile::tempdir().unwrap();
        let mut world = World::new(dir.path());
        for _ in 0..4 {
            world.step(0, 0, 0);
        }
        let store = &world.store;
        assert_eq!(store.change_at(Moment::Time(0)).unwrap(), 0);
        let newest = store.newest_change().unwrap();
        let late = Moment::Time(now(1_000_000).timestamp_micros());
        assert_eq!(store.change_at(late).unwrap(), newest);
        assert!(matches!(
            store.change_at(Moment::Change(newest + 1)),
            Err(ReadError::Later { .. })
        ));
        assert!(store.story_then("s1", 0, None).unwrap().is_none());
        let query = StoryQuery::default();
        let first = store.stories_then(&query, late, None, 3).unwrap();
        assert_eq!(first.items.len(), 3);
        world.step(0, 0, 0);
        let store = &world.store;
        let second = store
            .stories_then(&query, late, first.next_cursor.as_deref(), 3)
            .unwrap();
        let ids: Vec<&str> = second.items.iter().map(|one| one.story.id.as_str()).collect();
        assert_eq!((ids, second.next_cursor), (vec!["s1"], None));
        assert!(store.stories(&query, first.next_cursor.as_deref(), 3).is_err());
    }
}
