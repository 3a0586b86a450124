//! Corrections: what the planner asks of the store, and a correction written down with all that it changes, in one
//! transaction.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::label::label;
use super::place::{apply, keep_face, log, recount, renamed, settle_state, show_face};
use super::watch::raise;
use super::{Clock, StoryFace};
use crate::correction::{Correction, Signature};
use crate::pipeline::{ChangedStory, SeenStory};
use crate::store::{Store, StoreError, newest_change};
use crate::story::StoryChange;
use crate::story::labels::Rules;

/// An article as the planner needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownArticle {
    /// Its number, or that of the article whose text it repeats.
    pub number: u64,
    /// Its story; none while it waits or when it could not be placed.
    pub story: Option<u64>,
}

/// What a correction changed, by number: enough to undo it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effects {
    /// Articles that moved.
    pub moves: Vec<Moved>,
    /// Stories that it began, each with the story that it was cut from.
    pub began: Vec<(u64, u64)>,
    /// Stories that it ended.
    pub ended: Vec<Ended>,
    /// Every article that it decides about.
    pub articles: BTreeSet<u64>,
    /// Every story that it is about.
    pub stories: BTreeSet<u64>,
    /// Articles that it keeps in one story, wherever that is.
    #[serde(default)]
    pub together: BTreeSet<u64>,
    /// The story that a split gave a title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub titled: Option<u64>,
}

/// An article that a correction moved; its near-duplicates went with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// The article.
    pub article: u64,
    /// The story that it was in.
    pub from: u64,
    /// The story that it went to.
    pub to: u64,
}

/// A story that a correction ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// The story.
    pub story: u64,
    /// Where it goes on.
    pub into: u64,
    /// Stories that had ended in it before.
    pub followers: Vec<u64>,
}

/// A correction as it is kept.
#[derive(Debug, Clone)]
pub struct Kept {
    /// Its number.
    pub number: u64,
    /// As it was asked for.
    pub asked: Correction,
    /// The newest article that the editor could know.
    pub newest: u64,
    /// What it changed.
    pub effects: Effects,
    /// Whether it was undone.
    pub undone: bool,
}

/// What the corrections that were not undone ask; stories are as they were named then.
#[derive(Debug, Clone, Default)]
pub struct Standing {
    /// Held articles in the order of the corrections: article, story, newest article then, correction.
    pub holds: Vec<(u64, u64, u64, u64)>,
    /// Pairs that are never together, with the correction.
    pub apart: Vec<(u64, u64, u64)>,
    /// Stories that an editor named, ended ones too.
    pub named: Vec<u64>,
    /// Groups that are always together, with the correction.
    pub together: Vec<(u64, BTreeSet<u64>)>,
    /// Where stories that have ended go on.
    pub merged: Vec<(u64, u64)>,
}

/// What is done with a correction.
#[derive(Debug, Clone)]
pub enum Step {
    /// It is new; with the correction that it does again, if it does.
    New {
        /// As it was asked for.
        asked: Correction,
        /// The undone correction that it does again.
        redoes: Option<u64>,
    },
    /// It is undone.
    Undo(u64),
}

/// Everything that one correction, or undoing one, changes.
#[derive(Debug, Clone)]
pub struct Corrected {
    /// What is done.
    pub step: Step,
    /// Who, and why.
    pub by: Signature,
    /// The newest article in the store's stories.
    pub newest: u64,
    /// What it changes.
    pub effects: Effects,
    /// Articles that stay in a story from now on.
    pub holds: Vec<(u64, u64)>,
    /// Pairs that are never together from now on.
    pub apart: Vec<(u64, u64)>,
    /// Changes of the stories, in order.
    pub changes: Vec<StoryChange>,
    /// Articles that are in another strand now, with its key.
    pub strands: Vec<(u64, u64)>,
    /// Faces of the stories that it changed.
    pub faces: Vec<StoryFace>,
    /// A title and its language, for a story; `None` gives the naming back to the articles.
    pub title: Option<(u64, Option<(String, String)>)>,
    /// For the stories' states.
    pub clock: Clock,
    /// For the stories' labels.
    pub labels: Rules,
}

impl Store {
    /// An article by its id; a near-duplicate stands for the article whose text it repeats.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn known_article(&self, id: &str) -> Result<Option<KnownArticle>, StoreError> {
        Ok(self
            .writer()?
            .prepare_cached("SELECT coalesce(original, number), story FROM articles WHERE id = ?1")?
            .query_row([id], |row| {
                Ok(KnownArticle {
                    number: row.get::<_, i64>(0)? as u64,
                    story: row.get::<_, Option<i64>>(1)?.map(|story| story as u64),
                })
            })
            .optional()?)
    }

    /// The number of a story by its id; of a merged one that of its successor.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn known_story(&self, id: &str) -> Result<Option<u64>, StoreError> {
        let found: Option<i64> = self
            .writer()?
            .prepare_cached("SELECT coalesce(merged_into, number) FROM stories WHERE id = ?1")?
            .query_row([id], |row| row.get(0))
            .optional()?;
        Ok(found.map(|number| number as u64))
    }

    /// Those of some stories that are not as they were seen; one that is not there (any more) is none of them.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn changed_since(&self, seen: &[SeenStory]) -> Result<Vec<ChangedStory>, StoreError> {
        let mut changed = Vec::new();
        if seen.is_empty() {
            return Ok(changed);
        }
        let connection = self.writer()?;
        for one in seen {
            let found: Option<(i64, i64)> = connection
                .prepare_cached("SELECT number, version FROM stories WHERE id = ?1")?
                .query_row([&one.story_id], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            let Some((number, version)) = found.filter(|(_, version)| *version != one.version as i64) else {
                continue;
            };
            // What comes in by itself is an article from no other story.
            let matters: bool = !one.may_grow
                || version < one.version as i64
                || connection
                    .prepare_cached(
                        "SELECT EXISTS (SELECT 1 FROM changes WHERE story = ?1 AND number > ?2
                             AND kind NOT IN ('state_changed', 'article_revised', 'renamed')
                             AND NOT (kind = 'article_joined' AND detail ->> 'from' IS NULL))
                           OR EXISTS (SELECT 1 FROM changes INDEXED BY changes_merged
                             WHERE kind = 'merged' AND detail ->> 'into' = ?3 AND number > ?2)",
                    )?
                    .query_row(params![number, one.version as i64, one.story_id], |row| row.get(0))?;
            if matters {
                changed.push(ChangedStory {
                    story_id: one.story_id.clone(),
                    seen: one.version,
                    version: version as u64,
                });
            }
        }
        Ok(changed)
    }

    /// The articles of a story, without near-duplicates, by number.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn members(&self, story: u64) -> Result<BTreeSet<u64>, StoreError> {
        numbers(
            &*self.writer()?,
            "SELECT number FROM articles WHERE story = ?1 AND original IS NULL",
            story,
        )
    }

    /// The stories that have ended in this one.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn followers(&self, story: u64) -> Result<BTreeSet<u64>, StoreError> {
        numbers(
            &*self.writer()?,
            "SELECT number FROM stories WHERE merged_into = ?1",
            story,
        )
    }

    /// The newest article that is in a story.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn newest_placed(&self) -> Result<u64, StoreError> {
        let newest: i64 = self.writer()?.query_row(
            "SELECT coalesce(max(number), 0) FROM articles WHERE state = 'placed'",
            [],
            |row| row.get(0),
        )?;
        Ok(newest as u64)
    }

    /// A correction by its number.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn kept_correction(&self, number: u64) -> Result<Option<Kept>, StoreError> {
        let Ok(number) = i64::try_from(number) else {
            return Ok(None);
        };
        let connection = self.writer()?;
        let mut statement = connection.prepare_cached(&format!("{KEPT} WHERE number = ?1"))?;
        statement.query_row([number], kept).optional()?.map(read).transpose()
    }

    /// The corrections after this one that were not undone.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn corrections_after(&self, number: u64) -> Result<Vec<Kept>, StoreError> {
        let connection = self.writer()?;
        let mut statement = connection.prepare_cached(&format!(
            "{KEPT} WHERE number > ?1 AND undone_at IS NULL ORDER BY number"
        ))?;
        let rows: Vec<Row> = statement.query_map([number as i64], kept)?.collect::<Result<_, _>>()?;
        rows.into_iter().map(read).collect()
    }

    /// What the corrections ask that were not undone, but for one of them.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn standing(&self, except: Option<u64>) -> Result<Standing, StoreError> {
        let connection = self.writer()?;
        let except = except.map_or(-1, |number| number as i64);
        let whole = |row: &rusqlite::Row<'_>, at: usize| row.get::<_, i64>(at).map(|number| number as u64);
        let holds = connection
            .prepare_cached(
                "SELECT h.article, h.story, c.newest, c.number FROM holds h JOIN corrections c ON c.number = h.correction
                 WHERE c.undone_at IS NULL AND c.number <> ?1 ORDER BY c.number, h.article",
            )?
            .query_map([except], |row| {
                Ok((whole(row, 0)?, whole(row, 1)?, whole(row, 2)?, whole(row, 3)?))
            })?
            .collect::<Result<_, _>>()?;
        let apart = connection
            .prepare_cached(
                "SELECT p.a, p.b, c.number FROM apart p JOIN corrections c ON c.number = p.correction
                 WHERE c.undone_at IS NULL AND c.number <> ?1 ORDER BY c.number, p.a, p.b",
            )?
            .query_map([except], |row| Ok((whole(row, 0)?, whole(row, 1)?, whole(row, 2)?)))?
            .collect::<Result<_, _>>()?;
        let named = connection
            .prepare_cached("SELECT number FROM stories WHERE named IS NOT NULL AND named <> ?1")?
            .query_map([except], |row| whole(row, 0))?
            .collect::<Result<_, _>>()?;
        let merged = connection
            .prepare_cached("SELECT number, merged_into FROM stories WHERE merged_into IS NOT NULL")?
            .query_map([], |row| Ok((whole(row, 0)?, whole(row, 1)?)))?
            .collect::<Result<_, _>>()?;
        let groups: Vec<Row> = connection
            .prepare_cached(&format!(
                "{KEPT} WHERE undone_at IS NULL AND number <> ?1 AND asked ->> 'kind' = 'always-together' ORDER BY number"
            ))?
            .query_map([except], kept)?
            .collect::<Result<_, _>>()?;
        let mut together = Vec::new();
        for group in groups {
            let group = read(group)?;
            together.push((group.number, group.effects.together));
        }
        Ok(Standing {
            holds,
            apart,
            named,
            together,
            merged,
        })
    }

    /// Where articles are now; those that wait are left out.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn stories_of(&self, articles: &[u64]) -> Result<Vec<(u64, u64)>, StoreError> {
        let connection = self.writer()?;
        let mut statement =
            connection.prepare_cached("SELECT story FROM articles WHERE number = ?1 AND story IS NOT NULL")?;
        let mut found = Vec::new();
        for article in articles {
            let story: Option<i64> = statement.query_row([*article as i64], |row| row.get(0)).optional()?;
            found.extend(story.map(|story| (*article, story as u64)));
        }
        Ok(found)
    }

    /// The article that gives a story its headline, and the correction that gave it a title instead, if one did.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn headline_of(&self, story: u64) -> Result<(Option<u64>, Option<u64>), StoreError> {
        let number = |row: &rusqlite::Row<'_>, at| -> rusqlite::Result<Option<u64>> {
            Ok(row.get::<_, Option<i64>>(at)?.map(|number| number as u64))
        };
        Ok(self
            .writer()?
            .prepare_cached("SELECT title_article, named FROM stories WHERE number = ?1")?
            .query_row([story as i64], |row| Ok((number(row, 0)?, number(row, 1)?)))?)
    }

    /// The correction that made an undone one again and was not undone itself.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn redone_by(&self, number: u64) -> Result<Option<u64>, StoreError> {
        Ok(self
            .writer()?
            .prepare_cached("SELECT number FROM corrections WHERE redoes = ?1 AND undone_at IS NULL LIMIT 1")?
            .query_row([number as i64], |row| row.get::<_, i64>(0))
            .optional()?
            .map(|number| number as u64))
    }

    /// The languages of a story's articles, the most frequent first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn languages_of(&self, story: u64) -> Result<Vec<String>, StoreError> {
        let languages: String = self
            .writer()?
            .prepare_cached("SELECT languages FROM stories WHERE number = ?1")?
            .query_row([story as i64], |row| row.get(0))?;
        Ok(serde_json::from_str(&languages)?)
    }

    /// The latest title that an editor gave a story, before this correction and not undone.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn earlier_title(&self, story: u64, before: u64) -> Result<Option<(String, Option<String>)>, StoreError> {
        Ok(self
            .writer()?
            .prepare_cached(
                "SELECT c.asked ->> 'title', c.asked ->> 'lang' FROM corrections c JOIN corrected t ON t.correction = c.number
                 WHERE t.story = ?1 AND c.number < ?2 AND c.undone_at IS NULL
                   AND (c.asked ->> 'kind' = 'rename' OR c.effects ->> 'titled' = ?1)
                 ORDER BY c.number DESC LIMIT 1",
            )?
            .query_row([story as i64, before as i64], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?)
    }

    /// Commits a correction, or that one is undone, with all that it changes; the correction's number.
    ///
    /// # Errors
    /// When nothing was stored: the engine is then ahead of the store and must be rebuilt from it.
    pub fn commit_corrected(&self, corrected: &Corrected, now: DateTime<Utc>) -> Result<u64, StoreError> {
        let mut connection = self.writer()?;
        let transaction = connection.transaction()?;
        let before = newest_change(&transaction)?;
        let number = write(&transaction, corrected, now)?;
        raise(&transaction, before, now)?;
        transaction.commit()?;
        self.announce(&connection);
        Ok(number)
    }
}

fn write(transaction: &Transaction<'_>, corrected: &Corrected, now: DateTime<Utc>) -> Result<u64, StoreError> {
    let at = now.timestamp_micros();
    let Signature { author, reason } = &corrected.by;
    let (number, kind, undone) = match &corrected.step {
        Step::New { asked, redoes } => {
            transaction.execute(
                "INSERT INTO corrections (at, asked, author, reason, newest, effects, redoes) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![
                    at,
                    serde_json::to_string(asked)?,
                    author,
                    reason,
                    corrected.newest as i64,
                    serde_json::to_string(&corrected.effects)?,
                    redoes.map(|number| number as i64)
                ],
            )?;
            (transaction.last_insert_rowid(), asked.kind().to_owned(), false)
        }
        Step::Undo(number) => {
            transaction.execute(
                "UPDATE corrections SET undone_at = ?2, undone_by = ?3, undone_why = ?4 WHERE number = ?1",
                params![*number as i64, at, author, reason],
            )?;
            let kind = transaction.query_row(
                "SELECT asked ->> 'kind' FROM corrections WHERE number = ?1",
                [*number as i64],
                |row| row.get(0),
            )?;
            (*number as i64, kind, true)
        }
    };
    let mut touched = corrected.effects.stories.clone();
    for (article, strand) in &corrected.strands {
        transaction
            .prepare_cached("UPDATE articles SET strand = ?2 WHERE number = ?1")?
            .execute([*article as i64, *strand as i64])?;
    }
    for change in &corrected.changes {
        apply(transaction, change, at, &mut touched)?;
    }
    for (article, story) in &corrected.holds {
        transaction
            .prepare_cached("INSERT INTO holds (article, correction, story) VALUES (?1, ?2, ?3)")?
            .execute([*article as i64, number, *story as i64])?;
    }
    for (a, b) in &corrected.apart {
        transaction
            .prepare_cached("INSERT INTO apart (a, b, correction) VALUES (?1, ?2, ?3)")?
            .execute([*a.min(b) as i64, *a.max(b) as i64, number])?;
    }
    for story in &corrected.effects.stories {
        transaction
            .prepare_cached("INSERT OR IGNORE INTO corrected (story, correction) VALUES (?1, ?2)")?
            .execute([*story as i64, number])?;
        let mut detail = json!({
            "correction": number, "kind": kind, "undone": undone, "author": author, "reason": reason
        });
        if let Step::New { asked, .. } = &corrected.step
            && let Correction::Note { text, .. } = asked
        {
            detail["text"] = json!(text);
        }
        log(transaction, at, "corrected", *story, None, &detail)?;
    }
    if let Some((story, title)) = &corrected.title {
        rename(transaction, *story, title.as_ref(), at)?;
        touched.insert(*story);
    }
    for face in &corrected.faces {
        show_face(transaction, face, now)?;
    }
    for story in touched {
        keep_face(transaction, story, now)?;
        recount(transaction, story, now)?;
        label(transaction, story, &corrected.labels)?;
        settle_state(transaction, story, &corrected.clock, now)?;
    }
    Ok(number as u64)
}

/// Gives a story an editor's title, or that of its headline's article back.
fn rename(
    transaction: &Transaction<'_>,
    story: u64,
    title: Option<&(String, String)>,
    at: i64,
) -> Result<(), StoreError> {
    let story_number = story as i64;
    let titled = |transaction: &Transaction<'_>| {
        transaction
            .prepare_cached("SELECT title, title_lang FROM stories WHERE number = ?1")?
            .query_row([story_number], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
            })
    };
    let before = titled(transaction)?;
    match title {
        Some((title, lang)) => transaction.execute(
            "UPDATE stories SET title = ?2, title_lang = ?3, named =
               (SELECT max(c.number) FROM corrections c JOIN corrected t ON t.correction = c.number
                WHERE t.story = ?1 AND c.undone_at IS NULL
                  AND (c.asked ->> 'kind' = 'rename' OR c.effects ->> 'titled' = ?1))
             WHERE number = ?1",
            params![story_number, title, lang],
        )?,
        None => transaction.execute(
            "UPDATE stories SET named = NULL, (title, title_lang) = (SELECT coalesce(max(a.title), stories.title),
               coalesce(max(a.lang), stories.title_lang) FROM articles a WHERE a.number = stories.title_article)
             WHERE number = ?1",
            [story_number],
        )?,
    };
    let after = titled(transaction)?;
    let detail = renamed((&before.0, &before.1), (&after.0, &after.1));
    log(transaction, at, "renamed", story, None, &detail)?;
    Ok(())
}

/// The numbers that a query finds for another number.
fn numbers(connection: &Connection, query: &str, of: u64) -> Result<BTreeSet<u64>, StoreError> {
    let found = connection
        .prepare_cached(query)?
        .query_map([of as i64], |row| Ok(row.get::<_, i64>(0)? as u64))?
        .collect::<Result<_, _>>()?;
    Ok(found)
}

const KEPT: &str = "SELECT number, asked, newest, effects, undone_at IS NOT NULL FROM corrections";

type Row = (i64, String, i64, String, bool);

fn kept(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
}

fn read((number, asked, newest, effects, undone): Row) -> Result<Kept, StoreError> {
    Ok(Kept {
        number: number as u64,
        asked: serde_json::from_str(&asked)?,
        newest: newest as u64,
        effects: serde_json::from_str(&effects)?,
        undone,
    })
}
