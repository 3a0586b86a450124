//! Corrections as readers get them.

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{ChangeView, Page, ReadError, cursor_behind, cut_page, number_in, time};
use crate::correction::{Correction, Signature};
use crate::pipeline::{Decree, Foreseen};
use crate::store::write::{Effects, Ended, Moved};
use crate::store::{Store, StoreError};

/// Moved articles that are listed, at most; their count is always whole.
const LISTED: usize = 100;

/// An editor's decision, with what it came to.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CorrectionView {
    /// Its number; null in a preview.
    pub number: Option<u64>,
    /// When it was made; null in a preview.
    pub at: Option<String>,
    /// What was decided.
    #[serde(flatten)]
    pub asked: Correction,
    /// Who decided, and why.
    #[serde(flatten)]
    pub by: Signature,
    /// Articles that it moved, without their near-duplicates, which went with them.
    pub moved_articles: usize,
    /// The first 100 of them.
    pub moved: Vec<MovedView>,
    /// Stories that it began; in a preview they have no id yet.
    pub began: Vec<Option<String>>,
    /// Stories that it ended, with the one that each goes on in.
    pub ended: Vec<EndedView>,
    /// Every story that it is about.
    pub stories_about: Vec<String>,
    /// The undone correction that it makes again.
    pub redoes: Option<u64>,
    /// When it was undone.
    pub undone_at: Option<String>,
    /// Who undid it.
    pub undone_by: Option<String>,
    /// Why it was undone.
    pub undone_reason: Option<String>,
    /// In a preview: what else it would bear on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub touches: Option<Touches>,
    /// In the preview of an undo: what it would undo.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undoes: Option<Undoes>,
}

/// What undoing a correction would come to, beside the articles that move back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Undoes {
    /// The correction.
    pub number: u64,
    /// Stories that had ended and would go on, with those that they go on in until then.
    pub revived: Vec<EndedView>,
    /// The story that it had named, with the title that it would have again.
    pub renamed: Option<RenamedView>,
}

/// The title that a story would have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RenamedView {
    /// The story.
    pub story_id: String,
    /// The title; null when its articles name it again.
    pub title: Option<String>,
}

/// What a correction would bear on beside the articles that move.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Touches {
    /// Corrections that decided about the same articles: the latest one counts.
    pub corrections: Vec<u64>,
    /// Watches that would tell of it.
    pub watches: Vec<WatchTouched>,
}

/// A watch that would tell of a correction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct WatchTouched {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub name: String,
}

/// An article that a correction moves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct MovedView {
    /// The article.
    pub article_id: String,
    /// Its headline.
    pub title: String,
    /// Its language.
    pub lang: String,
    /// Articles that repeat its text and go with it.
    pub near_duplicates: u64,
    /// The story that it was in.
    pub from_story_id: String,
    /// The story that it goes to; null for one that begins, in a preview.
    pub to_story_id: Option<String>,
}

/// A story that a correction ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct EndedView {
    /// The story.
    pub story_id: String,
    /// Where it goes on.
    pub merged_into: String,
}

const COLUMNS: &str =
    "SELECT number, at, asked, author, reason, effects, redoes, undone_at, undone_by, undone_why FROM corrections";

struct Found {
    number: i64,
    at: i64,
    asked: String,
    by: Signature,
    effects: String,
    redoes: Option<i64>,
    undone_at: Option<i64>,
    undone_by: Option<String>,
    undone_why: Option<String>,
}

fn found(row: &Row<'_>) -> rusqlite::Result<Found> {
    Ok(Found {
        number: row.get(0)?,
        at: row.get(1)?,
        asked: row.get(2)?,
        by: Signature {
            author: row.get(3)?,
            reason: row.get(4)?,
        },
        effects: row.get(5)?,
        redoes: row.get(6)?,
        undone_at: row.get(7)?,
        undone_by: row.get(8)?,
        undone_why: row.get(9)?,
    })
}

impl Store {
    /// A correction by its number, an undone one too.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn correction(&self, number: u64) -> Result<Option<CorrectionView>, StoreError> {
        let Ok(number) = i64::try_from(number) else {
            return Ok(None);
        };
        self.read(|connection| {
            connection
                .prepare_cached(&format!("{COLUMNS} WHERE number = ?1"))?
                .query_row([number], found)
                .optional()?
                .map(|one| view(connection, one))
                .transpose()
        })
    }

    /// Corrections, newest first; those of one story, of one author, if they are given.
    ///
    /// # Errors
    /// When the cursor is not of this list, or the store cannot be read.
    pub fn corrections(
        &self,
        story: Option<&str>,
        author: Option<&str>,
        cursor: Option<&str>,
        per_page: usize,
    ) -> Result<Page<CorrectionView>, ReadError> {
        let list = match author {
            Some(author) => format!("{}\n{author}", story.unwrap_or_default()),
            None => story.unwrap_or_default().to_owned(),
        };
        let before = number_in(cursor, "corrections", &list)?.unwrap_or(i64::MAX);
        Ok(self.read(|connection| {
            let mut rows: Vec<Found> = connection
                .prepare_cached(&format!(
                    "{COLUMNS} WHERE number < ?1 AND (?2 IS NULL OR number IN (SELECT t.correction FROM corrected t
                       JOIN stories s ON s.number = t.story WHERE s.id = ?2))
                     AND (?4 IS NULL OR author = ?4) ORDER BY number DESC LIMIT ?3"
                ))?
                .query_map(params![before, story, per_page as i64 + 1, author], found)?
                .collect::<Result<_, _>>()?;
            let more = cut_page(&mut rows, per_page);
            let last = rows.last().map(|one| one.number).filter(|_| more);
            Ok(Page {
                next_cursor: last
                    .map(|number| cursor_behind("corrections", &list, number))
                    .transpose()?,
                items: rows
                    .into_iter()
                    .map(|one| view(connection, one))
                    .collect::<Result<_, _>>()?,
            })
        })?)
    }

    /// What making, undoing or redoing a correction would come to, as it would be shown.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn preview(&self, decree: &Decree, by: Signature, foreseen: Foreseen) -> Result<CorrectionView, StoreError> {
        let Foreseen {
            asked,
            effects,
            revived,
            title,
        } = foreseen;
        self.read(|connection| {
            let undone = match decree {
                Decree::Undo(number) => Some(*number),
                Decree::Make(_) | Decree::Redo(_) => None,
            };
            let renames = title.is_some();
            let undoes = undone.map(|number| {
                let renamed = title.map(|(story, title)| {
                    Ok::<_, StoreError>(RenamedView {
                        story_id: story_id(connection, story)?.unwrap_or_default(),
                        title: title.map(|(title, _)| title),
                    })
                });
                Ok::<_, StoreError>(Undoes {
                    number,
                    revived: endings(connection, &revived)?,
                    renamed: renamed.transpose()?,
                })
            });
            Ok(CorrectionView {
                touches: Some(touches(connection, &effects, renames, undone)?),
                undoes: undoes.transpose()?,
                redoes: match decree {
                    Decree::Redo(number) => Some(*number),
                    Decree::Make(_) | Decree::Undo(_) => None,
                },
                ..shown(connection, asked, by, &effects)?
            })
        })
    }

    /// Authors of corrections, those of the newest ones first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn authors(&self, at_most: usize) -> Result<Vec<String>, StoreError> {
        self.read(|connection| {
            let found = connection
                .prepare_cached(
                    "SELECT author FROM corrections WHERE author IS NOT NULL GROUP BY author
                     ORDER BY max(number) DESC LIMIT ?1",
                )?
                .query_map([at_most as i64], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            Ok(found)
        })
    }

    /// The correction that made an undone one again and stands.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn made_again(&self, number: u64) -> Result<Option<u64>, StoreError> {
        self.read(|connection| {
            Ok(connection
                .prepare_cached("SELECT number FROM corrections WHERE redoes = ?1 AND undone_at IS NULL LIMIT 1")?
                .query_row([number as i64], |row| row.get::<_, i64>(0))
                .optional()?
                .map(|number| number as u64))
        })
    }

    /// The changes of a story after one, newest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn changes_since(&self, story: &str, after: u64, at_most: usize) -> Result<Vec<ChangeView>, StoreError> {
        let mut changes = self.changes_before(story, i64::MAX, at_most)?;
        changes.retain(|change| change.number > after);
        Ok(changes)
    }
}

fn view(connection: &Connection, one: Found) -> Result<CorrectionView, StoreError> {
    let effects: Effects = serde_json::from_str(&one.effects)?;
    let shown = shown(connection, serde_json::from_str(&one.asked)?, one.by, &effects)?;
    Ok(CorrectionView {
        number: Some(one.number as u64),
        at: Some(time(one.at)),
        redoes: one.redoes.map(|number| number as u64),
        undone_at: one.undone_at.map(time),
        undone_by: one.undone_by,
        undone_reason: one.undone_why,
        ..shown
    })
}

fn shown(
    connection: &Connection,
    asked: Correction,
    by: Signature,
    effects: &Effects,
) -> Result<CorrectionView, StoreError> {
    let id = |story: u64| story_id(connection, story);
    let moved = effects.moves.iter().take(LISTED).map(|Moved { article, from, to }| {
        let (article_id, title, lang, near_duplicates) = connection
            .prepare_cached(
                "SELECT id, title, lang, (SELECT count(*) FROM articles d WHERE d.original = a.number)
                 FROM articles a WHERE number = ?1",
            )?
            .query_row([*article as i64], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get::<_, i64>(3)? as u64))
            })?;
        Ok(MovedView {
            article_id,
            title,
            lang,
            near_duplicates,
            from_story_id: id(*from)?.unwrap_or_default(),
            to_story_id: id(*to)?,
        })
    });
    let began = effects.began.iter().map(|(story, _)| id(*story));
    let about = effects.stories.iter().filter_map(|story| id(*story).transpose());
    Ok(CorrectionView {
        number: None,
        at: None,
        asked,
        by,
        moved_articles: effects.moves.len(),
        moved: moved.collect::<Result<_, StoreError>>()?,
        began: began.collect::<Result<_, _>>()?,
        ended: endings(connection, &effects.ended)?,
        stories_about: about.collect::<Result<_, _>>()?,
        redoes: None,
        undone_at: None,
        undone_by: None,
        undone_reason: None,
        touches: None,
        undoes: None,
    })
}

/// The id of a story; one that would begin has none yet.
fn story_id(connection: &Connection, story: u64) -> Result<Option<String>, StoreError> {
    Ok(connection
        .prepare_cached("SELECT id FROM stories WHERE number = ?1")?
        .query_row([story as i64], |row| row.get(0))
        .optional()?)
}

fn endings(connection: &Connection, ended: &[Ended]) -> Result<Vec<EndedView>, StoreError> {
    ended
        .iter()
        .map(|ended| {
            Ok(EndedView {
                story_id: story_id(connection, ended.story)?.unwrap_or_default(),
                merged_into: story_id(connection, ended.into)?.unwrap_or_default(),
            })
        })
        .collect()
}

/// The corrections that stand about the same articles, without the one that is undone, and the watches that would tell.
fn touches(
    connection: &Connection,
    effects: &Effects,
    renames: bool,
    undone: Option<u64>,
) -> Result<Touches, StoreError> {
    let articles = serde_json::to_string(&effects.articles)?;
    let corrections = connection
        .prepare_cached(
            "SELECT number FROM corrections WHERE undone_at IS NULL AND number IS NOT ?3 AND number IN (
               SELECT correction FROM holds WHERE article IN (SELECT value FROM json_each(?1))
               UNION SELECT correction FROM apart WHERE a IN (SELECT value FROM json_each(?1))
                 OR b IN (SELECT value FROM json_each(?1))) ORDER BY number DESC LIMIT ?2",
        )?
        .query_map(
            params![articles, LISTED as i64, undone.map(|number| number as i64)],
            |row| row.get::<_, i64>(0),
        )?
        .map(|number| Ok(number? as u64))
        .collect::<Result<_, rusqlite::Error>>()?;
    let stories = match renames || !effects.moves.is_empty() {
        true => serde_json::to_string(&effects.stories)?,
        false => "[]".to_owned(),
    };
    let watches = connection
        .prepare_cached(
            "SELECT id, name FROM watches WHERE story IN (SELECT value FROM json_each(?1)) AND state = 'active'
             ORDER BY number LIMIT ?2",
        )?
        .query_map(params![stories, LISTED as i64], |row| {
            Ok(WatchTouched {
                id: row.get(0)?,
                name: row.get(1)?,
            })
        })?
        .collect::<Result<_, _>>()?;
    Ok(Touches { corrections, watches })
}

/// The correction that holds an article in its story, if one does, as a placement names it.
pub(super) fn holding(connection: &Connection, article: &str) -> Result<Option<Value>, StoreError> {
    Ok(connection
        .prepare_cached(
            "SELECT c.number, c.asked ->> 'kind', c.author, c.reason, c.at FROM holds h
             JOIN corrections c ON c.number = h.correction JOIN articles a ON coalesce(a.original, a.number) = h.article
             WHERE a.id = ?1 AND c.undone_at IS NULL ORDER BY c.number DESC LIMIT 1",
        )?
        .query_row([article], |row| {
            Ok(serde_json::json!({
                "number": row.get::<_, i64>(0)?, "kind": row.get::<_, String>(1)?,
                "author": row.get::<_, Option<String>>(2)?, "reason": row.get::<_, Option<String>>(3)?,
                "at": time(row.get(4)?),
            }))
        })
        .optional()?)
}
