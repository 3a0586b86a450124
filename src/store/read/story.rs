//! Stories, their history and the change log.

use rusqlite::types::Value as Sql;
use rusqlite::{OptionalExtension, Row, params, params_from_iter};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::article::dated;
use super::{
    BadCursor, Page, ReadError, cursor_behind, cut_page, decode, encode, json, list_name, number_in, time,
    time_of_seconds,
};
use crate::article::DatedJson;
use crate::store::{Store, StoreError};
use crate::story::labels::{Pace, Trend, importance_at};
use crate::story::names::{About, Name};
use crate::story::terms::{self, Term};

/// Honest counts, each by its own name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Counts {
    /// All members, near-duplicates among them.
    pub articles: u64,
    /// Members whose text repeats another's.
    pub near_duplicates: u64,
    /// Outlets of the members that are not near-duplicates; two names in different scripts on one host are one.
    pub sources: u64,
    /// Languages of the members.
    pub languages: u64,
}

/// A story as readers get it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct StoryView {
    /// Stable id, never used again.
    pub id: String,
    /// Headline of its most central article.
    pub title: String,
    /// Language of the headline.
    pub title_lang: String,
    /// `emerging`, `active`, `dormant`, `closed`, or `merged`.
    pub state: String,
    /// How many articles, near-duplicates, sources and languages.
    pub counts: Counts,
    /// Language codes, most frequent first.
    pub languages: Vec<String>,
    /// Key terms, best first; those in the reader's language (`title_lang`) before the others.
    pub terms: Vec<String>,
    /// People that its articles name, those named by most first.
    pub people: Vec<NameView>,
    /// Places that its articles name.
    pub places: Vec<NameView>,
    /// Organisations that its articles name.
    pub organisations: Vec<NameView>,
    /// Its earliest article.
    pub first_article: Option<EndArticle>,
    /// Its latest article.
    pub last_article: Option<EndArticle>,
    /// Earliest publication of a member; of a date that is known to the day or the month the middle (`first_article` has it as it is
    /// known).
    pub started: Option<String>,
    /// Latest publication of a member, in the same way.
    pub latest: Option<String>,
    /// Articles a day over its latest three days.
    pub velocity: f64,
    /// Whether that rises or falls.
    pub pace: PaceView,
    /// Independent sources, reprints not counted, each half as much for every half-life (`importance.half_life_days`)
    /// that its latest article is older than the newest article here, raised for every further language. Null without a
    /// date.
    pub importance: Option<f64>,
    /// The same as it was at its latest article: what an old story meant in its time.
    pub importance_then: Option<f64>,
    /// When it began here.
    pub created_at: String,
    /// When its members, headline or state last changed here.
    pub updated_at: String,
    /// The story that it goes on in.
    pub merged_into: Option<String>,
    /// The story that it was cut from.
    pub split_from: Option<String>,
    /// Stories that were cut from it.
    pub split_into: Vec<String>,
    /// Number of its latest change.
    pub version: u64,
}

/// Where a story stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoryVersion {
    /// Number of its latest change.
    pub version: u64,
    /// The story that it goes on in.
    pub merged_into: Option<String>,
}

/// A person, place or organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NameView {
    /// The name, in the reader's language or the headline's where it is known in it.
    pub name: String,
    /// The language that it is written in.
    pub lang: String,
    /// Articles that name it, of the newest ones that are looked at.
    pub articles: u64,
}

/// The first or the last article of a story.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EndArticle {
    /// The article.
    pub id: String,
    /// Its publication, with its precision; null when it is not known.
    pub published: Option<DatedJson>,
}

/// A story's pace: two spans of time of equal length up to its latest article.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PaceView {
    /// `rising`, `steady` or `falling`: the spans' counts differ by more than the square root of their sum, or not.
    pub trend: Trend,
    /// Length of a span, days: three, or half of the story's life.
    pub days: f64,
    /// Articles of the latest span.
    pub latest: u64,
    /// Articles of the span before it.
    pub before: u64,
}

/// What a list of stories is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SortBy {
    /// When it last changed.
    #[default]
    Updated,
    /// Its earliest publication.
    Started,
    /// Its articles.
    Size,
    /// Its pace.
    Velocity,
    /// How well it fits `q`; without `q`, its articles.
    Relevance,
    /// Its independent sources, the recent ones above all.
    Importance,
}

impl SortBy {
    /// What it compares, of a row of `stories` or `story_keys` by that name.
    pub(super) fn column(self, of: &str) -> String {
        match self {
            Self::Updated => format!("{of}.updated_at"),
            Self::Started => format!("coalesce({of}.started, -9223372036854775807)"),
            Self::Size => format!("{of}.articles"),
            Self::Velocity => format!("{of}.velocity"),
            Self::Relevance => format!("coalesce(m.hits, {of}.articles)"),
            Self::Importance => format!("coalesce({of}.importance, -1e300)"),
        }
    }
}

/// Which stories, in which order.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct StoryQuery {
    /// Words that its articles hold, folded.
    pub q: Option<String>,
    /// A language among its articles.
    pub lang: Option<String>,
    /// A source among its articles.
    pub source: Option<String>,
    /// Its state.
    pub state: Option<String>,
    /// Articles, at least.
    pub min_articles: Option<u64>,
    /// Independent sources, at least.
    pub min_sources: Option<u64>,
    /// Changed at this time or later, microseconds.
    pub updated_from: Option<i64>,
    /// Changed at this time or earlier, microseconds.
    pub updated_to: Option<i64>,
    /// Order.
    pub sort_by: SortBy,
    /// Smallest first.
    pub ascending: bool,
    /// The reader's language: headlines and names in it where there are any.
    pub title_lang: Option<String>,
}

/// Where a page ends. A story that has changed since the first page was read is found where it stood then, by what
/// `story_keys` kept of it: behind `kept` in that table. So a walk gives every story that is in the list all along once, and
/// none twice; one that is in it only later is left to the next walk, or found where it came in. Equal values are ordered by number.
///
/// Once `story_keys` has forgotten what stood at `kept`, and where hits of words are the order, which it does not know, a story
/// that has changed since change `snapshot` is left to the next walk.
#[derive(Serialize, Deserialize)]
struct Place {
    list: String,
    snapshot: i64,
    kept: i64,
    value: Key,
    number: i64,
}

/// What a list is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(in crate::store) enum Key {
    Whole(i64),
    Real(#[serde(with = "bits")] f64),
}

/// A number in a cursor, bit by bit: read from decimal digits it may be another one, and its story is repeated or skipped.
mod bits {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(value: &f64, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&format!("{:x}", value.to_bits()))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
        let digits = String::deserialize(from)?;
        let value = u64::from_str_radix(&digits, 16).map(f64::from_bits);
        value
            .ok()
            .filter(|value| !value.is_nan())
            .ok_or_else(|| D::Error::custom("not a number"))
    }
}

impl Key {
    pub(super) fn of(value: &Sql) -> Self {
        match value {
            Sql::Real(value) => Self::Real(*value),
            Sql::Integer(value) => Self::Whole(*value),
            _ => Self::Whole(0),
        }
    }

    pub(super) fn compare(&self, other: &Self) -> std::cmp::Ordering {
        let real = |key: &Self| match key {
            Self::Whole(value) => *value as f64,
            Self::Real(value) => *value,
        };
        match (self, other) {
            (Self::Whole(one), Self::Whole(other)) => one.cmp(other),
            _ => real(self).total_cmp(&real(other)),
        }
    }
}

/// What a list of stories leaves out: a table of hits of words by story (`m`), conditions and numbered values; the first value
/// is the reader's language.
pub(super) struct Filters {
    pub(super) hits: String,
    pub(super) conditions: Vec<String>,
    pub(super) values: Vec<Sql>,
}

/// What a list leaves out. A language of few articles is looked up by them.
pub(super) fn filters(query: &StoryQuery, rare_language: bool) -> Filters {
    // The reader's language is the first one.
    let mut values: Vec<Sql> = vec![query.title_lang.clone().or_else(|| query.lang.clone()).into()];
    // The plus keeps the planner from reading nearly all stories by their size.
    let mut conditions = vec!["s.state <> 'merged' AND +s.articles > 0".to_owned()];
    let mut hits = "(SELECT NULL AS story, NULL AS hits)".to_owned();
    match query.q.as_deref().map(super::search::match_expression) {
        Some(Some(expression)) => {
            values.push(expression.into());
            hits = format!(
                "(SELECT a.story, count(*) AS hits FROM search f JOIN articles a ON a.number = f.rowid & {}
                  WHERE search MATCH ?{} GROUP BY a.story)",
                super::NUMBER,
                values.len()
            );
            conditions.push("m.story IS NOT NULL".to_owned());
        }
        // A query without a word finds nothing.
        Some(None) => conditions.push("0".to_owned()),
        None => {}
    }
    // In a condition `{}` stands for the value's place.
    let mut filter = |condition: &str, value: Option<Sql>| {
        if let Some(value) = value {
            values.push(value);
            conditions.push(condition.replace("{}", &format!("?{}", values.len())));
        }
    };
    let of_lang = match rare_language {
        true => "s.number IN (SELECT story FROM articles WHERE lang = {})",
        false => "EXISTS (SELECT 1 FROM json_each(s.languages) WHERE value = {})",
    };
    filter(of_lang, query.lang.clone().map(Sql::from));
    filter(
        "s.number IN (SELECT story FROM articles WHERE source = {})",
        query.source.clone().map(Sql::from),
    );
    filter("s.state = {}", query.state.clone().map(Sql::from));
    // No story has more than the largest number that the database knows.
    let at_least = |count: Option<u64>| count.map(|count| Sql::from(i64::try_from(count).unwrap_or(i64::MAX)));
    let by_size = query.min_articles.is_some_and(|least| least >= FEW_HAVE);
    let size = if by_size {
        "s.articles >= {}"
    } else {
        "+s.articles >= {}"
    };
    filter(size, at_least(query.min_articles));
    filter("s.sources >= {}", at_least(query.min_sources));
    filter("s.updated_at >= {}", query.updated_from.map(Sql::from));
    filter("s.updated_at <= {}", query.updated_to.map(Sql::from));
    Filters {
        hits,
        conditions,
        values,
    }
}

impl From<Key> for Sql {
    fn from(key: Key) -> Self {
        match key {
            Key::Whole(value) => Self::Integer(value),
            Key::Real(value) => Self::Real(value),
        }
    }
}

/// One entry of the change log.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ChangeView {
    /// Its number, counted up without gaps in what was kept.
    pub number: u64,
    /// When it happened here.
    pub at: String,
    /// `story_created`, `article_joined`, `article_left`, `article_revised`, `merged`, `split`, `renamed`,
    /// `state_changed` or `corrected`.
    pub kind: String,
    /// The story.
    pub story_id: String,
    /// The article, where there is one.
    pub article_id: Option<String>,
    /// More, by kind.
    #[schema(value_type = Object)]
    pub detail: Value,
}

/// Articles below which a language is looked up by its articles.
const RARE: i64 = 5_000;
/// Articles that few stories have: with that many or more the list is read by size.
const FEW_HAVE: u64 = 3;
/// The columns of a story; `?1` is the reader's language, or NULL. The title and its language, behind the id, are as in
/// [`HEADLINE`].
pub(super) const COLUMNS: &str = "s.id, CASE WHEN s.named IS NULL THEN coalesce(local.title, s.title) ELSE s.title END,
    CASE WHEN s.named IS NULL THEN coalesce(local.lang, s.title_lang) ELSE s.title_lang END,
    s.state, s.articles, s.near_duplicates, s.sources, s.languages, s.terms,
    s.started, s.latest, s.velocity, s.created_at, s.updated_at, into_.id, from_.id,
    (SELECT json_group_array(c.id) FROM stories c WHERE c.split_from = s.number), s.version, s.number,
    s.about, first.id, first.published, last.id, last.published, s.pace_days, s.pace_latest, s.pace_before, s.importance,
    (SELECT max(latest) FROM stories), (SELECT value FROM meta WHERE key = 'half_life_days'), ?1";
/// The title of a story and its language: an editor's, else a headline in the reader's language (`?1`) where the story has
/// one; `?2` is the story's id.
pub(super) const HEADLINE: &str =
    "SELECT CASE WHEN s.named IS NULL THEN coalesce(local.title, s.title) ELSE s.title END,
    CASE WHEN s.named IS NULL THEN coalesce(local.lang, s.title_lang) ELSE s.title_lang END
    FROM stories s LEFT JOIN articles local ON local.title <> ''
        AND local.number = (SELECT value FROM json_each(s.headlines) WHERE key = ?1) WHERE s.id = ?2";
/// How many they are.
const WIDTH: usize = 31;
pub(super) const TABLES: &str = "stories s LEFT JOIN stories into_ ON into_.number = s.merged_into
    LEFT JOIN stories from_ ON from_.number = s.split_from
    LEFT JOIN articles first ON first.number = s.first_article
    LEFT JOIN articles last ON last.number = s.last_article
    LEFT JOIN articles local ON local.title <> ''
        AND local.number = (SELECT value FROM json_each(s.headlines) WHERE key = ?1)";

pub(super) fn story(row: &Row<'_>) -> rusqlite::Result<(StoryView, i64)> {
    let languages: Vec<String> = json(&row.get::<_, String>(7)?)?;
    let title_lang: String = row.get(2)?;
    let reader: Option<String> = row.get(30)?;
    let about: About = json(&row.get::<_, String>(19)?)?;
    let names = |names: &[Name]| -> Vec<NameView> {
        let lang = reader.as_deref().unwrap_or(&title_lang);
        let view = |name: &Name| {
            let (shown, lang) = name.shown(lang, &languages);
            NameView {
                name: shown.to_owned(),
                lang: lang.to_owned(),
                articles: name.articles,
            }
        };
        names.iter().map(view).collect()
    };
    let end = |id: usize, published: usize| -> rusqlite::Result<Option<EndArticle>> {
        let published = dated(row.get(published)?);
        Ok(row.get::<_, Option<String>>(id)?.map(|id| EndArticle { id, published }))
    };
    let pace = Pace {
        days: row.get(24)?,
        latest: row.get::<_, i64>(25)? as u64,
        before: row.get::<_, i64>(26)? as u64,
    };
    let (kept, newest): (Option<f64>, Option<i64>) = (row.get(27)?, row.get(28)?);
    let half_life: Option<String> = row.get(29)?;
    let importance = kept.zip(newest).zip(half_life.and_then(|days| days.parse().ok()));
    let view = StoryView {
        id: row.get(0)?,
        title: row.get(1)?,
        state: row.get(3)?,
        counts: Counts {
            articles: row.get::<_, i64>(4)? as u64,
            near_duplicates: row.get::<_, i64>(5)? as u64,
            sources: row.get::<_, i64>(6)? as u64,
            languages: languages.len() as u64,
        },
        terms: terms::shown(
            &json::<Vec<Term>>(&row.get::<_, String>(8)?)?,
            reader.as_deref(),
            &about,
        ),
        people: names(&about.people),
        places: names(&about.places),
        organisations: names(&about.organisations),
        first_article: end(20, 21)?,
        last_article: end(22, 23)?,
        started: row.get::<_, Option<i64>>(9)?.map(time_of_seconds),
        latest: row.get::<_, Option<i64>>(10)?.map(time_of_seconds),
        velocity: row.get(11)?,
        pace: PaceView {
            trend: pace.trend(),
            days: pace.days,
            latest: pace.latest,
            before: pace.before,
        },
        importance: importance.map(|((kept, newest), half_life)| importance_at(kept, newest, half_life)),
        importance_then: row
            .get::<_, Option<i64>>(10)?
            .zip(importance)
            .map(|(latest, ((kept, _), half_life))| importance_at(kept, latest, half_life)),
        created_at: time(row.get(12)?),
        updated_at: time(row.get(13)?),
        merged_into: row.get(14)?,
        split_from: row.get(15)?,
        split_into: json(&row.get::<_, String>(16)?)?,
        version: row.get::<_, i64>(17)? as u64,
        title_lang,
        languages,
    };
    Ok((view, row.get(18)?))
}

pub(super) fn change(row: &Row<'_>) -> rusqlite::Result<ChangeView> {
    Ok(ChangeView {
        number: row.get::<_, i64>(0)? as u64,
        at: time(row.get(1)?),
        kind: row.get(2)?,
        story_id: row.get(3)?,
        article_id: row.get(4)?,
        detail: json(&row.get::<_, String>(5)?)?,
    })
}

pub(super) const CHANGES: &str = "SELECT c.number, c.at, c.kind, s.id, a.id, c.detail FROM changes c
    JOIN stories s ON s.number = c.story LEFT JOIN articles a ON a.number = c.article";

impl Store {
    /// A story by its id, a merged one too; headline and names in the reader's language where there are any.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn story(&self, id: &str, lang: Option<&str>) -> Result<Option<StoryView>, StoreError> {
        self.read(|connection| {
            let found = connection
                .prepare_cached(&format!("SELECT {COLUMNS} FROM {TABLES} WHERE s.id = ?2"))?
                .query_row(params![lang, id], story)
                .optional()?;
            Ok(found.map(|(view, _)| view))
        })
    }

    /// Where a story stands, without reading what it shows.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn story_version(&self, id: &str) -> Result<Option<StoryVersion>, StoreError> {
        self.read(|connection| {
            Ok(connection
                .prepare_cached(
                    "SELECT s.version, into_.id FROM stories s LEFT JOIN stories into_ ON into_.number = s.merged_into
                     WHERE s.id = ?1",
                )?
                .query_row([id], |row| {
                    Ok(StoryVersion {
                        version: row.get::<_, i64>(0)? as u64,
                        merged_into: row.get(1)?,
                    })
                })
                .optional()?)
        })
    }

    /// A page of stories; merged and emptied ones are not listed.
    ///
    /// # Errors
    /// When the cursor is not of this list, or the store cannot be read.
    pub fn stories(
        &self,
        query: &StoryQuery,
        cursor: Option<&str>,
        per_page: usize,
    ) -> Result<Page<StoryView>, ReadError> {
        let list = list_name("stories", query)?;
        let place: Option<Place> = cursor.map(decode).transpose()?;
        if place.as_ref().is_some_and(|place| place.list != list) {
            return Err(BadCursor.into());
        }
        let (order, beyond) = if query.ascending { ("ASC", ">") } else { ("DESC", "<") };
        let rare = query
            .lang
            .as_deref()
            .map(|lang| self.is_rare_language(lang))
            .transpose()?;
        let Filters {
            hits,
            conditions,
            mut values,
        } = filters(query, rare == Some(true));
        let by_hits = query.sort_by == SortBy::Relevance && query.q.is_some();
        let column = |of: &str| query.sort_by.column(of);
        values.push((per_page as i64 + 1).into());
        let most = format!("?{}", values.len());
        // Which stories first, what they show then: the order comes from an index, the rest is read for one page alone.
        let part = |source: &str, of: &str, and: &str| {
            let column = column(of);
            format!(
                "SELECT * FROM (SELECT s.number AS page_number, {column} AS page_value
                   FROM {source} LEFT JOIN {hits} m ON m.story = s.number
                   WHERE {}{and} ORDER BY {column} {order}, s.number {order} LIMIT {most})",
                conditions.join(" AND ")
            )
        };
        self.on_snapshot::<_, ReadError>(|connection| {
            let number = |sql: &str| {
                connection
                    .prepare_cached(sql)?
                    .query_row([], |row| row.get::<_, i64>(0))
            };
            let (snapshot, kept, page) = match &place {
                None => (
                    number("SELECT coalesce(max(number), 0) FROM changes")?,
                    number("SELECT coalesce(max(seq), 0) FROM story_keys")?,
                    part("stories s", "s", ""),
                ),
                Some(place) => {
                    let first = values.len();
                    values.extend([place.value.into(), place.number.into()]);
                    let behind = |of: &str| {
                        format!(
                            " AND ({}, s.number) {beyond} (?{}, ?{})",
                            column(of),
                            first + 1,
                            first + 2
                        )
                    };
                    let since = format!("?{}", first + 3);
                    let oldest = number("SELECT coalesce(min(seq), 1) FROM story_keys")?;
                    let page = if by_hits || oldest > place.kept.saturating_add(1) {
                        values.push(place.snapshot.into());
                        part("stories s", "s", &format!("{} AND s.version <= {since}", behind("s")))
                    } else {
                        values.push(place.kept.into());
                        let changed =
                            format!("SELECT story, min(seq) AS seq FROM story_keys WHERE seq > {since} GROUP BY story");
                        let same = format!("{} AND s.number NOT IN (SELECT story FROM ({changed}))", behind("s"));
                        let source = format!(
                            "({changed}) c JOIN story_keys k ON k.seq = c.seq JOIN stories s ON s.number = c.story"
                        );
                        format!(
                            "{} UNION ALL {} ORDER BY page_value {order}, page_number {order} LIMIT {most}",
                            part("stories s", "s", &same),
                            part(&source, "k", &format!("{} AND k.articles > 0", behind("k")))
                        )
                    };
                    (place.snapshot, place.kept, page)
                }
            };
            let sql = format!(
                "WITH page AS MATERIALIZED ({page}) SELECT {COLUMNS}, page_value FROM page CROSS JOIN {TABLES}
                 WHERE s.number = page_number ORDER BY page_value {order}, page_number {order}"
            );
            let mut found: Vec<((StoryView, i64), Sql)> = connection
                .prepare_cached(&sql)?
                .query_map(params_from_iter(values), |row| Ok((story(row)?, row.get(WIDTH)?)))?
                .collect::<Result<_, _>>()?;
            let more = cut_page(&mut found, per_page);
            let next_cursor = match found.last() {
                Some(((_, number), value)) if more => Some(encode(&Place {
                    list,
                    snapshot,
                    kept,
                    value: Key::of(value),
                    number: *number,
                })?),
                _ => None,
            };
            Ok(Page {
                items: found.into_iter().map(|((view, _), _)| view).collect(),
                next_cursor,
            })
        })
    }

    /// Whether so few articles are in a language that their stories are found from them, rather than language by language in
    /// the order of the list.
    fn is_rare_language(&self, lang: &str) -> Result<bool, StoreError> {
        self.read(|connection| {
            let count: i64 = connection
                .prepare_cached("SELECT count(*) FROM (SELECT 1 FROM articles WHERE lang = ?1 LIMIT ?2)")?
                .query_row(params![lang, RARE], |row| row.get(0))?;
            Ok(count < RARE)
        })
    }

    /// A story's changes, newest first.
    ///
    /// # Errors
    /// When the cursor is not of this list, or the store cannot be read.
    pub fn history(&self, story: &str, cursor: Option<&str>, per_page: usize) -> Result<Page<ChangeView>, ReadError> {
        let before = number_in(cursor, "history", story)?.unwrap_or(i64::MAX);
        let mut items = self.changes_before(story, before, per_page + 1)?;
        let more = cut_page(&mut items, per_page);
        let last = items.last().map(|change| change.number as i64).filter(|_| more);
        Ok(Page {
            next_cursor: last.map(|number| cursor_behind("history", story, number)).transpose()?,
            items,
        })
    }

    /// A story's changes before one, newest first.
    pub(super) fn changes_before(&self, story: &str, before: i64, most: usize) -> Result<Vec<ChangeView>, StoreError> {
        self.read(|connection| {
            Ok(connection
                .prepare_cached(&format!(
                    "{CHANGES} WHERE s.id = ?1 AND c.number < ?2 ORDER BY c.number DESC LIMIT ?3"
                ))?
                .query_map(params![story, before, most as i64], change)?
                .collect::<Result<_, _>>()?)
        })
    }

    /// The change log from a change on, oldest first. `next_cursor` is always there as long as the log holds anything:
    /// asked again later it gives what has happened since.
    ///
    /// # Errors
    /// When the cursor is not the number of a change (or 0), or the store cannot be read.
    pub fn changes(&self, cursor: Option<&str>, per_page: usize) -> Result<Page<ChangeView>, ReadError> {
        let digits = |cursor: &str| cursor.bytes().all(|byte| byte.is_ascii_digit());
        let after: i64 = match cursor {
            Some(cursor) if digits(cursor) => cursor.parse().map_err(|_| BadCursor)?,
            Some(_) => return Err(BadCursor.into()),
            None => 0,
        };
        let page = self.read(|connection| {
            let newest: i64 =
                connection.query_row("SELECT coalesce(max(number), 0) FROM changes", [], |row| row.get(0))?;
            if after > newest {
                // Of another store: its reader would wait for changes that it believes to have seen.
                return Ok(None);
            }
            let items: Vec<ChangeView> = connection
                .prepare_cached(&format!("{CHANGES} WHERE c.number > ?1 ORDER BY c.number LIMIT ?2"))?
                .query_map(params![after, per_page as i64], change)?
                .collect::<Result<_, _>>()?;
            Ok(Some(Page {
                next_cursor: Some(items.last().map_or(after, |change| change.number as i64).to_string()),
                items,
            }))
        })?;
        page.ok_or_else(|| BadCursor.into())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use chrono::{DateTime, TimeDelta, Utc};
    use proptest::prelude::*;

    use super::*;
    use crate::article::Draft;
    use crate::pipeline::Submission;
    use crate::store::write::{Batch, Placed, StoryFace};
    use crate::story::{Placement, StoryChange};

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::<Utc>::UNIX_EPOCH + TimeDelta::minutes(minutes)
    }

    fn add(store: &Store, id: &str, now: i64) {
        let draft = Draft {
            id: Some(id.into()),
            title: format!("Headline {id}"),
            text: format!("Text of {id}"),
            lang: "en".to_owned(),
            ..Draft::default()
        };
        let answers = store.accept(&[Submission { draft, document: None }], at(now)).unwrap();
        assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    }

    fn place(store: &Store, number: u64, story: u64, new: bool, now: i64) {
        let mut changes = Vec::new();
        if new {
            changes.push(StoryChange::Created {
                story,
                split_from: None,
            });
        }
        changes.push(StoryChange::Joined {
            story,
            article: number,
            from: None,
        });
        commit(store, number, story, changes, now);
    }

    fn commit(store: &Store, number: u64, story: u64, changes: Vec<StoryChange>, now: i64) {
        commit_placed(store, placed(number, story, changes), now);
    }

    fn placed(number: u64, story: u64, changes: Vec<StoryChange>) -> Placed {
        let placement: Placement = serde_json::from_value(serde_json::json!({
            "decided_by": "alone", "nearest": [], "support": 0.0, "runner_up": null, "margin": 0.0, "rejected": []
        }))
        .unwrap();
        Placed {
            number,
            original: None,
            story,
            placement,
            vector: None,
            links: vec![],
            judged_again: vec![],
            strands: vec![],
            changes,
            doubts: vec![],
        }
    }

    fn commit_placed(store: &Store, placed: Placed, now: i64) {
        let faces = vec![StoryFace {
            story: placed.story,
            headline: placed.number,
            terms: vec![],
            headlines: BTreeMap::new(),
            doubt: None,
        }];
        store
            .commit(
                &Batch {
                    placed: vec![placed],
                    failed: vec![],
                    faces,
                    ..Batch::default()
                },
                at(now),
            )
            .unwrap();
    }

    fn walk(store: &Store, query: &StoryQuery, between: impl Fn(usize)) -> Vec<String> {
        let (mut seen, mut cursor, mut page) = (Vec::new(), None, 0);
        loop {
            let found = store.stories(query, cursor.as_deref(), 2).unwrap();
            seen.extend(found.items.into_iter().map(|s| s.id));
            cursor = found.next_cursor;
            if cursor.is_none() || page > 9 {
                return seen;
            }
            page += 1;
            between(page);
        }
    }

    fn four(dir: &std::path::Path) -> Store {
        let store = Store::open(dir).unwrap();
        for n in 1..=4 {
            add(&store, &format!("x{n}"), n);
            place(&store, n as u64, n as u64, true, n);
        }
        store
    }

    #[test]
    fn a_link_that_is_judged_again_has_its_new_score_whichever_of_the_two_was_placed_first() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        for number in 1..=4 {
            add(&store, &format!("x{number}"), number);
        }
        let joined = |article| StoryChange::Joined {
            story: 1,
            article,
            from: None,
        };
        place(&store, 1, 1, true, 1);
        // The second article waited until the third was placed.
        let third = Placed {
            links: vec![(1, 0.9)],
            ..placed(3, 1, vec![joined(3)])
        };
        let second = Placed {
            links: vec![(1, 0.8), (3, 0.7)],
            ..placed(2, 1, vec![joined(2)])
        };
        let fourth = Placed {
            judged_again: vec![(1, 3, 0.6), (2, 3, 0.4)],
            ..placed(4, 1, vec![joined(4)])
        };
        for (now, placed) in [(5, third), (6, second), (7, fourth)] {
            commit_placed(&store, placed, now);
        }
        let graph = store.graph("s1", 10, 0.0).unwrap().unwrap();
        let mut links: Vec<(String, String, f64)> = graph
            .links
            .into_iter()
            .map(|link| match link.a < link.b {
                true => (link.a, link.b, link.score),
                false => (link.b, link.a, link.score),
            })
            .collect();
        links.sort_by(|one, other| (&one.0, &one.1).cmp(&(&other.0, &other.1)));
        let link = |a: &str, b: &str, score| (a.to_owned(), b.to_owned(), score);
        assert_eq!(
            links,
            [link("x1", "x2", 0.8), link("x1", "x3", 0.6), link("x2", "x3", 0.4)]
        );
    }

    #[test]
    fn a_story_that_changes_is_listed_once() {
        let dir = tempfile::tempdir().unwrap();
        let store = four(dir.path());
        let query = StoryQuery {
            ascending: true,
            ..StoryQuery::default()
        };
        for (number, story) in [(5, 1), (6, 3)] {
            let before = walk(&store, &query, |_| {});
            let seen = walk(&store, &query, |page| {
                if page == 1 {
                    add(&store, &format!("x{number}"), number as i64 * 10);
                    place(&store, number, story, false, number as i64 * 10);
                }
            });
            assert_eq!(seen, before, "s{story} changes");
        }
        // What stood there has been forgotten since: a story that changed is left to the next walk.
        let seen = walk(&store, &query, |page| {
            if page == 1 {
                for number in [7, 8] {
                    add(&store, &format!("x{number}"), number as i64 * 10);
                    place(&store, number, 3, false, number as i64 * 10);
                }
                let forgetting = "DELETE FROM story_keys WHERE seq < (SELECT max(seq) FROM story_keys)";
                store.writer().unwrap().execute(forgetting, []).unwrap();
            }
        });
        assert_eq!(seen, ["s2", "s4", "s1"]);
    }

    proptest! {
        #[test]
        fn a_number_comes_out_of_a_cursor_as_it_went_in(value in any::<f64>().prop_filter("a number", |value| !value.is_nan())) {
            let again: Key = decode(&encode(&Key::Real(value)).unwrap()).unwrap();
            prop_assert_eq!(again, Key::Real(value));
        }
    }

    #[test]
    fn a_story_that_shrinks_is_not_listed_again() {
        let dir = tempfile::tempdir().unwrap();
        let store = four(dir.path());
        // Sizes 4, 3, 2, 1 for s4, s3, s2, s1.
        for (number, story) in [(5, 4), (6, 4), (7, 4), (8, 3), (9, 3), (10, 2)] {
            add(&store, &format!("x{number}"), number as i64);
            place(&store, number, story, false, number as i64);
        }
        let query = StoryQuery {
            sort_by: SortBy::Size,
            ..StoryQuery::default()
        };
        let seen = walk(&store, &query, |page| {
            if page == 1 {
                add(&store, "x11", 60);
                let mut moves: Vec<StoryChange> = (5..=7)
                    .map(|article| StoryChange::Joined {
                        story: 3,
                        article,
                        from: Some(4),
                    })
                    .collect();
                moves.push(StoryChange::Joined {
                    story: 3,
                    article: 11,
                    from: None,
                });
                commit(&store, 11, 3, moves, 60);
            }
        });
        assert_eq!(seen, ["s4", "s3", "s2", "s1"]);
    }

    /// An article with a publication, in the story 1.
    fn publish(store: &Store, number: u64, published: &str) {
        let draft = Draft {
            id: Some(format!("x{number}").as_str().into()),
            title: format!("Headline {number}"),
            text: format!("Text of {number} {published}"),
            lang: "en".to_owned(),
            published: crate::article::Dated::from_value_text(published),
            ..Draft::default()
        };
        let answers = store
            .accept(&[Submission { draft, document: None }], at(number as i64))
            .unwrap();
        assert!(answers.iter().all(Result::is_ok), "{answers:?}");
        place(store, number, 1, number == 1, number as i64);
    }

    fn articles(store: &Store, ascending: bool, between: impl Fn(usize)) -> Vec<String> {
        let (mut seen, mut cursor, mut page) = (Vec::new(), None, 0);
        loop {
            let found = store.story_articles("s1", ascending, cursor.as_deref(), 2).unwrap();
            seen.extend(found.items.into_iter().map(|article| article.id));
            cursor = found.next_cursor;
            page += 1;
            if cursor.is_none() || page > 9 {
                return seen;
            }
            between(page);
        }
    }

    #[test]
    fn articles_stand_in_the_order_of_publication() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        for (number, published) in (1..).zip(["2024-05-03", "", "2024-05-01", "2024-05-03", "", "2024-05-02"]) {
            publish(&store, number, published);
        }
        assert_eq!(articles(&store, false, |_| ()), ["x4", "x1", "x6", "x3", "x5", "x2"]);
        assert_eq!(articles(&store, true, |_| ()), ["x3", "x6", "x1", "x4", "x2", "x5"]);
        // Who comes meanwhile pushes nobody onto the next page again.
        let seen = articles(&store, false, |page| {
            if page == 1 {
                publish(&store, 7, "2024-05-04");
            }
        });
        assert_eq!(seen, ["x4", "x1", "x6", "x3", "x5", "x2"]);
        let mine = store.story_articles("s1", false, None, 2).unwrap().next_cursor;
        assert!(
            store.story_articles("s1", true, mine.as_deref(), 2).is_err(),
            "of the other order"
        );
    }

    #[test]
    fn quiet_walk_is_whole() {
        let dir = tempfile::tempdir().unwrap();
        let store = four(dir.path());
        for sort_by in [
            SortBy::Updated,
            SortBy::Started,
            SortBy::Size,
            SortBy::Velocity,
            SortBy::Relevance,
            SortBy::Importance,
        ] {
            for ascending in [true, false] {
                let mut seen = walk(
                    &store,
                    &StoryQuery {
                        sort_by,
                        ascending,
                        ..StoryQuery::default()
                    },
                    |_| (),
                );
                seen.sort();
                assert_eq!(seen, ["s1", "s2", "s3", "s4"], "{sort_by:?} {ascending}");
            }
        }
    }
}
