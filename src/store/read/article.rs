//! Articles and documents.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{BadCursor, Page, ReadError, cut_page, decode, encode, json, list_name, time};
use crate::article::{Dated, DatedJson, Removed, SetAside};
use crate::store::{Store, StoreError};
use crate::timeline::StoryArticle;

/// An article as readers get it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ArticleView {
    /// Stable id.
    pub id: String,
    /// Headline.
    pub title: String,
    /// Body, one paragraph a line, without page furniture; null when it was dropped.
    pub text: Option<String>,
    /// When and why the text was dropped; null while it is kept.
    pub text_dropped: Option<DroppedView>,
    /// Publication date; null when it is not known.
    pub published: Option<DatedJson>,
    /// Language code.
    pub lang: String,
    /// The outlet.
    pub source: Option<String>,
    /// The news agency that the outlet names.
    pub agency: Option<String>,
    /// Keywords as the page lists them.
    pub keywords: Vec<String>,
    /// The article's address.
    pub url: Option<String>,
    /// The raw document that it was found in.
    pub document_id: Option<String>,
    /// The story that it is in; null until it is placed.
    pub story_id: Option<String>,
    /// What was cut out of the document's text, with its place and the rule that cut it.
    pub removed: Vec<Removed>,
    /// Values that came with it but could not be used.
    pub set_aside: Vec<SetAside>,
    /// 1, or more when its text has changed.
    pub revision: u32,
    /// The article whose text it repeats.
    pub near_duplicate_of: Option<String>,
    /// Articles that repeat its text.
    pub near_duplicates: Vec<String>,
    /// `queued`, `placed` or `failed`.
    pub state: String,
    /// Why it failed.
    pub error: Option<String>,
    /// When it came in.
    pub arrived_at: String,
}

/// That something is not there any more.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct DroppedView {
    /// When it was dropped.
    pub at: String,
    /// `retention`: it had been kept for the configured time (`[retention]`).
    pub reason: String,
}

impl DroppedView {
    fn by_retention(at: i64) -> Self {
        Self {
            at: time(at),
            reason: "retention".to_owned(),
        }
    }
}

/// A raw document as it came.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct DocumentView {
    /// Stable id.
    pub id: String,
    /// `text`, `html` or `json`.
    pub kind: String,
    /// The text, decoded; null when it was dropped.
    pub text: Option<String>,
    /// When and why the text was dropped; null while it is kept.
    pub text_dropped: Option<DroppedView>,
    /// Where it was found.
    pub url: Option<String>,
    /// When it was fetched, as the feeder says.
    pub fetched_at: Option<String>,
    /// When it came in.
    pub arrived_at: String,
    /// The articles found in it, in its order.
    pub articles: Vec<String>,
}

/// What is shown of an article where it is only named.
#[derive(Debug, Clone)]
pub struct ArticleRef {
    /// The headline.
    pub title: String,
    /// Its language's code.
    pub lang: String,
    /// The outlet.
    pub source: Option<String>,
    /// When it was published.
    pub published: Option<DatedJson>,
    /// Its own address.
    pub url: Option<String>,
    /// When it came here.
    pub arrived_at: String,
}

pub(super) const COLUMNS: &str = "a.id, a.title, a.text, a.published, a.lang, a.source, a.agency, a.keywords, a.url,
    d.id, s.id, a.removed, a.set_aside, a.revision, o.id, a.state, a.error, a.arrived_at, a.number,
    a.text_dropped_at";
pub(super) const TABLES: &str = "articles a LEFT JOIN documents d ON d.number = a.document
    LEFT JOIN stories s ON s.number = a.story LEFT JOIN articles o ON o.number = a.original";

/// Where a page of a story's articles ends; `snapshot` is the newest change when the first page was read.
#[derive(Serialize, Deserialize)]
struct Place {
    list: String,
    snapshot: i64,
    undated: bool,
    published: i64,
    number: i64,
}

/// A date as it is kept.
pub(super) fn dated(kept: Option<String>) -> Option<DatedJson> {
    kept.as_deref().and_then(Dated::from_value_text).map(DatedJson::from)
}

/// An article without its near-duplicates, and its number.
pub(super) fn article(row: &Row<'_>) -> rusqlite::Result<(ArticleView, i64)> {
    let dropped: Option<i64> = row.get(19)?;
    let view = ArticleView {
        id: row.get(0)?,
        title: row.get(1)?,
        text: match dropped {
            Some(_) => None,
            None => row.get(2)?,
        },
        text_dropped: dropped.map(DroppedView::by_retention),
        published: dated(row.get(3)?),
        lang: row.get(4)?,
        source: row.get(5)?,
        agency: row.get(6)?,
        keywords: json(&row.get::<_, String>(7)?)?,
        url: row.get(8)?,
        document_id: row.get(9)?,
        story_id: row.get(10)?,
        removed: json(&row.get::<_, String>(11)?)?,
        set_aside: json(&row.get::<_, String>(12)?)?,
        revision: row.get(13)?,
        near_duplicate_of: row.get(14)?,
        near_duplicates: Vec::new(),
        state: row.get(15)?,
        error: row.get(16)?,
        arrived_at: time(row.get(17)?),
    };
    Ok((view, row.get(18)?))
}

pub(super) fn with_copies(
    connection: &Connection,
    (mut view, number): (ArticleView, i64),
) -> Result<ArticleView, StoreError> {
    view.near_duplicates = connection
        .prepare_cached("SELECT id FROM articles WHERE original = ?1 ORDER BY number")?
        .query_map([number], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    Ok(view)
}

impl Store {
    /// An article by its id.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn article(&self, id: &str) -> Result<Option<ArticleView>, StoreError> {
        self.read(|connection| {
            connection
                .prepare_cached(&format!("SELECT {COLUMNS} FROM {TABLES} WHERE a.id = ?1"))?
                .query_row([id], article)
                .optional()?
                .map(|found| with_copies(connection, found))
                .transpose()
        })
    }

    /// Why an article is in its story: the stored placement, with ids and headlines for numbers. `Some(None)` while the
    /// article is not placed.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn placement(&self, id: &str) -> Result<Option<Option<Value>>, StoreError> {
        self.read(|connection| placement(connection, id))
    }

    /// A raw document by its id.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn document(&self, id: &str) -> Result<Option<DocumentView>, StoreError> {
        self.read(|connection| {
            let found: Option<(i64, DocumentView)> = connection
                .prepare_cached(
                    "SELECT number, id, kind, text, url, fetched_at, arrived_at, text_dropped_at FROM documents
                     WHERE id = ?1",
                )?
                .query_row([id], |row| {
                    Ok((
                        row.get(0)?,
                        DocumentView {
                            id: row.get(1)?,
                            kind: row.get(2)?,
                            text: match row.get::<_, Option<i64>>(7)? {
                                Some(_) => None,
                                None => row.get(3)?,
                            },
                            text_dropped: row.get::<_, Option<i64>>(7)?.map(DroppedView::by_retention),
                            url: row.get(4)?,
                            fetched_at: row.get::<_, Option<i64>>(5)?.map(time),
                            arrived_at: time(row.get(6)?),
                            articles: Vec::new(),
                        },
                    ))
                })
                .optional()?;
            let Some((number, mut document)) = found else {
                return Ok(None);
            };
            document.articles = connection
                .prepare_cached("SELECT id FROM articles WHERE document = ?1 ORDER BY number")?
                .query_map([number], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            Ok(Some(document))
        })
    }

    /// A page of a story's articles in the order of publication, the latest first or (`ascending`) the earliest first; those
    /// without a date come last either way, in the same order of arrival. An article whose date was revised since the first
    /// page is left out of the later ones, and stands where it belongs in the next walk.
    ///
    /// # Errors
    /// When the cursor is not of this list, or the store cannot be read.
    pub fn story_articles(
        &self,
        story: &str,
        ascending: bool,
        cursor: Option<&str>,
        per_page: usize,
    ) -> Result<Page<ArticleView>, ReadError> {
        let (order, beyond) = if ascending { ("ASC", ">") } else { ("DESC", "<") };
        let list = list_name("articles", &(story, ascending))?;
        let place: Option<Place> = cursor.map(decode).transpose()?;
        if place.as_ref().is_some_and(|place| place.list != list) {
            return Err(BadCursor.into());
        }
        Ok(self.read(|connection| {
            let snapshot = match &place {
                Some(place) => place.snapshot,
                None => connection.query_row("SELECT coalesce(max(number), 0) FROM changes", [], |row| row.get(0))?,
            };
            let (undated, published, number) = place.as_ref().map_or((None, 0, 0), |place| {
                (Some(place.undated), place.published, place.number)
            });
            let mut found: Vec<((ArticleView, i64), Option<i64>)> = connection
                .prepare_cached(&format!(
                    "SELECT {COLUMNS}, a.published_s FROM {TABLES} WHERE s.id = ?1
                     AND (?2 IS NULL OR (a.published_s IS NULL) > ?2 OR ((a.published_s IS NULL) = ?2
                       AND (coalesce(a.published_s, 0), a.number) {beyond} (?3, ?4)))
                     AND (?2 IS NULL OR a.number NOT IN (SELECT c.article FROM changes c
                       WHERE c.story = a.story AND c.number > ?5 AND c.kind = 'article_revised'))
                     ORDER BY a.published_s IS NULL, a.published_s {order}, a.number {order} LIMIT ?6"
                ))?
                .query_map(
                    params![story, undated, published, number, snapshot, per_page as i64 + 1],
                    |row| Ok((article(row)?, row.get(20)?)),
                )?
                .collect::<Result<_, _>>()?;
            let more = cut_page(&mut found, per_page);
            let last = found.last().filter(|_| more).map(|((_, number), published)| Place {
                list,
                snapshot,
                undated: published.is_none(),
                published: published.unwrap_or_default(),
                number: *number,
            });
            Ok(Page {
                next_cursor: last.map(|place| encode(&place)).transpose()?,
                items: found
                    .into_iter()
                    .map(|(one, _)| with_copies(connection, one))
                    .collect::<Result<_, _>>()?,
            })
        })?)
    }

    /// What a story's timeline is made from.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn timeline_articles(&self, story: &str) -> Result<Vec<StoryArticle>, StoreError> {
        self.read(|connection| timeline_articles(connection, story))
    }
}

impl Store {
    /// What is shown of articles where they are only named, by id; unknown ids are left out.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn article_refs<'a>(
        &self,
        ids: impl Iterator<Item = &'a str>,
    ) -> Result<HashMap<String, ArticleRef>, StoreError> {
        self.read(|connection| {
            let mut statement = connection
                .prepare_cached("SELECT title, lang, source, published, url, arrived_at FROM articles WHERE id = ?1")?;
            let mut found = HashMap::new();
            for id in ids {
                if found.contains_key(id) {
                    continue;
                }
                let known = statement
                    .query_row([id], |row| {
                        Ok(ArticleRef {
                            title: row.get(0)?,
                            lang: row.get(1)?,
                            source: row.get(2)?,
                            published: dated(row.get(3)?),
                            url: row.get(4)?,
                            arrived_at: time(row.get(5)?),
                        })
                    })
                    .optional()?;
                if let Some(known) = known {
                    found.insert(id.to_owned(), known);
                }
            }
            Ok(found)
        })
    }
}

pub(super) fn placement(connection: &Connection, id: &str) -> Result<Option<Option<Value>>, StoreError> {
    let found: Option<(Option<String>, Option<String>, Option<String>)> = connection
        .prepare_cached(
            "SELECT a.placement, s.id, o.id FROM articles a LEFT JOIN stories s ON s.number = a.story
             LEFT JOIN articles o ON o.number = a.original WHERE a.id = ?1",
        )?
        .query_row([id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let Some((placement, story, original)) = found else {
        return Ok(None);
    };
    let Some(placement) = placement else {
        return Ok(Some(None));
    };
    let mut placement: Value = serde_json::from_str(&placement)?;
    for list in ["nearest", "rejected"] {
        for neighbour in placement
            .get_mut(list)
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
        {
            name_article(connection, neighbour)?;
        }
    }
    for field in ["runner_up", "second_look"] {
        if let Some(other) = placement.get_mut(field).filter(|other| other.is_object()) {
            name_story(connection, other)?;
        }
    }
    let correction = super::correction::holding(connection, id)?;
    if let Some(fields) = placement.as_object_mut() {
        let rival = fields.get("runner_up").and_then(|rival| rival.get("story_id"));
        if rival.is_some_and(|rival| rival.as_str().is_some() && rival.as_str() == story.as_deref()) {
            fields.insert("runner_up".to_owned(), Value::Null);
        }
        if correction.is_some() {
            fields.insert("decided_by".to_owned(), "editor".into());
        }
        fields.insert("correction".to_owned(), correction.into());
        fields.insert("article_id".to_owned(), id.into());
        fields.insert("story_id".to_owned(), story.into());
        fields.insert("near_duplicate_of".to_owned(), original.into());
    }
    Ok(Some(Some(placement)))
}

/// What a story's timeline is made from, in the order of acceptance.
pub(super) fn timeline_articles(connection: &Connection, story: &str) -> Result<Vec<StoryArticle>, StoreError> {
    let found = connection
        .prepare_cached(
            "SELECT a.id, a.title, a.text, a.lang, a.published, a.source, o.id FROM articles a
             JOIN stories s ON s.number = a.story LEFT JOIN articles o ON o.number = a.original
             WHERE s.id = ?1 ORDER BY a.number",
        )?
        .query_map([story], |row| {
            Ok(StoryArticle {
                id: row.get::<_, String>(0)?.into(),
                title: row.get(1)?,
                text: row.get(2)?,
                lang: row.get(3)?,
                published: row
                    .get::<_, Option<String>>(4)?
                    .as_deref()
                    .and_then(Dated::from_value_text),
                source: row.get(5)?,
                original: row.get::<_, Option<String>>(6)?.map(Into::into),
            })
        })?
        .collect::<Result<_, _>>()?;
    Ok(found)
}

fn name_article(connection: &Connection, neighbour: &mut Value) -> Result<(), StoreError> {
    let Some(number) = neighbour.get("article").and_then(Value::as_i64) else {
        return Ok(());
    };
    let named: Option<(String, String, String, Option<String>)> = connection
        .prepare_cached(
            "SELECT a.id, a.title, a.lang, s.id FROM articles a LEFT JOIN stories s ON s.number = a.story WHERE a.number = ?1",
        )?
        .query_row([number], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
        .optional()?;
    if let (Some((id, title, lang, story)), Some(fields)) = (named, neighbour.as_object_mut()) {
        fields.remove("article");
        fields.insert("article_id".to_owned(), id.into());
        fields.insert("title".to_owned(), title.into());
        fields.insert("lang".to_owned(), lang.into());
        fields.insert("story_id".to_owned(), story.into());
    }
    Ok(())
}

fn name_story(connection: &Connection, rival: &mut Value) -> Result<(), StoreError> {
    let Some(number) = rival.get("story").and_then(Value::as_i64) else {
        return Ok(());
    };
    let named: Option<(String, String)> = connection
        .prepare_cached("SELECT id, title FROM stories WHERE number = ?1")?
        .query_row([number], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    if let (Some((id, title)), Some(fields)) = (named, rival.as_object_mut()) {
        fields.remove("story");
        fields.insert("story_id".to_owned(), id.into());
        fields.insert("title".to_owned(), title.into());
    }
    Ok(())
}
