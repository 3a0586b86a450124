//! What the engine decided, written down: members, faces, counts and states of stories, and the change log.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use serde_json::json;

use super::label::{doubt, settled};
use super::{Clock, Placed, StoryFace, bytes_of};
use crate::store::StoreError;
use crate::story::StoryChange;
use crate::story::outlets::{self, Outlets};

/// Articles from which a story is no longer emerging.
const ESTABLISHED: i64 = 3;
/// A story's pace is counted over its latest three days.
const PACE_SECONDS: i64 = 3 * 86_400;

impl Clock {
    /// The state of a story with this many articles, the latest of this time.
    fn state(&self, articles: i64, latest: Option<i64>) -> &'static str {
        let quiet = match (self.now, latest) {
            (Some(now), Some(latest)) => now - latest,
            _ => 0,
        };
        match () {
            () if articles == 0 || quiet > self.closed => "closed",
            () if quiet > self.dormant => "dormant",
            () if articles < ESTABLISHED => "emerging",
            () => "active",
        }
    }
}

/// Appends to the change log; the change's number.
pub(super) fn log(
    connection: &Connection,
    at: i64,
    kind: &str,
    story: u64,
    article: Option<u64>,
    detail: &serde_json::Value,
) -> Result<i64, StoreError> {
    connection
        .prepare_cached("INSERT INTO changes (at, kind, story, article, detail) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![
            at,
            kind,
            story as i64,
            article.map(|article| article as i64),
            detail.to_string()
        ])?;
    Ok(connection.last_insert_rowid())
}

/// The public id of the story with this number.
pub(super) fn story_id(number: u64) -> String {
    format!("s{number}")
}

pub(super) fn commit_placed(
    transaction: &Transaction<'_>,
    placed: &Placed,
    now: DateTime<Utc>,
    touched: &mut BTreeSet<u64>,
) -> Result<(), StoreError> {
    let at = now.timestamp_micros();
    transaction
        .prepare_cached(
            "UPDATE articles SET state = 'placed', original = ?2, placement = ?3, error = NULL WHERE number = ?1",
        )?
        .execute(params![
            placed.number as i64,
            placed.original.map(|original| original as i64),
            serde_json::to_string(&placed.placement)?
        ])?;
    if let Some(vector) = &placed.vector {
        transaction
            .prepare_cached("INSERT INTO vectors (article, vector) VALUES (?1, ?2)")?
            .execute(params![placed.number as i64, bytes_of(vector)])?;
    }
    for (other, score) in &placed.links {
        transaction
            .prepare_cached("INSERT INTO edges (a, b, score) VALUES (?1, ?2, ?3)")?
            .execute(params![*other as i64, placed.number as i64, score])?;
    }
    for (one, other, score) in &placed.judged_again {
        transaction
            .prepare_cached("UPDATE edges SET score = ?3 WHERE (a = ?1 AND b = ?2) OR (a = ?2 AND b = ?1)")?
            .execute(params![*one as i64, *other as i64, score])?;
    }
    for (article, strand) in &placed.strands {
        transaction
            .prepare_cached("UPDATE articles SET strand = ?2 WHERE number = ?1")?
            .execute([*article as i64, *strand as i64])?;
    }
    for change in &placed.changes {
        apply(transaction, change, at, touched)?;
    }
    for one in &placed.doubts {
        doubt(transaction, one)?;
    }
    Ok(())
}

pub(super) fn apply(
    transaction: &Transaction<'_>,
    change: &StoryChange,
    at: i64,
    touched: &mut BTreeSet<u64>,
) -> Result<(), StoreError> {
    match change {
        StoryChange::Created { story, split_from } => {
            transaction.execute(
                "INSERT INTO stories (number, id, title, title_lang, state, split_from, created_at, updated_at, version,
                 articles, near_duplicates, sources, languages, terms, velocity)
                 VALUES (?1, ?2, '', 'und', 'emerging', ?3, ?4, ?4, 0, 0, 0, 0, '[]', '[]', 0)",
                params![*story as i64, story_id(*story), split_from.map(|from| from as i64), at],
            )?;
            log(transaction, at, "story_created", *story, None, &json!({}))?;
            if let Some(from) = split_from {
                let detail = json!({"into": story_id(*story)});
                log(transaction, at, "split", *from, None, &detail)?;
                touched.insert(*from);
            }
            touched.insert(*story);
        }
        StoryChange::Joined { story, article, from } => {
            // Near-duplicates follow the article whose text they repeat.
            let members: Vec<i64> = transaction
                .prepare_cached("SELECT number FROM articles WHERE number = ?1 OR original = ?1 ORDER BY number")?
                .query_map([*article as i64], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            for member in members {
                transaction
                    .prepare_cached("UPDATE articles SET story = ?2 WHERE number = ?1")?
                    .execute([member, *story as i64])?;
                if let Some(from) = from {
                    let detail = json!({"to": story_id(*story)});
                    log(transaction, at, "article_left", *from, Some(member as u64), &detail)?;
                    touched.insert(*from);
                }
                let detail = match from {
                    Some(from) => json!({"from": story_id(*from)}),
                    None => json!({}),
                };
                log(transaction, at, "article_joined", *story, Some(member as u64), &detail)?;
            }
            touched.insert(*story);
        }
        StoryChange::Revived { story, from, followers } => {
            transaction.execute(
                "UPDATE stories SET merged_into = NULL, state = 'emerging' WHERE number = ?1",
                [*story as i64],
            )?;
            for follower in followers {
                transaction.execute(
                    "UPDATE stories SET merged_into = ?2 WHERE number = ?1",
                    [*follower as i64, *story as i64],
                )?;
            }
            log(
                transaction,
                at,
                "split",
                *from,
                None,
                &json!({"into": story_id(*story)}),
            )?;
            log(
                transaction,
                at,
                "state_changed",
                *story,
                None,
                &json!({"state": "emerging"}),
            )?;
            touched.extend([*story, *from]);
        }
        StoryChange::Merged { story, into } => {
            transaction.execute(
                "UPDATE articles SET story = ?2 WHERE story = ?1",
                [*story as i64, *into as i64],
            )?;
            transaction.execute(
                "UPDATE stories SET merged_into = ?2 WHERE number = ?1 OR merged_into = ?1",
                [*story as i64, *into as i64],
            )?;
            log(
                transaction,
                at,
                "merged",
                *story,
                None,
                &json!({"into": story_id(*into)}),
            )?;
            touched.extend([*story, *into]);
        }
    }
    Ok(())
}

/// What the log tells of a renaming: the title and what it was before, each with its language.
pub(super) fn renamed(before: (&str, &str), after: (&str, &str)) -> serde_json::Value {
    json!({"title": after.0, "lang": after.1, "before": before.0, "before_lang": before.1})
}

/// Writes a story's headlines and terms and whether it is in doubt, and logs a rename. Languages of which nothing is in memory
/// keep the headline that they had.
pub(super) fn show_face(transaction: &Transaction<'_>, face: &StoryFace, now: DateTime<Utc>) -> Result<(), StoreError> {
    let mut headlines = headlines_left(transaction, face.story)?;
    headlines.extend(face.headlines.iter().map(|(lang, article)| (lang.clone(), *article)));
    let shown = transaction
        .prepare_cached("UPDATE stories SET terms = ?2, headlines = ?3 WHERE number = ?1 AND merged_into IS NULL")?
        .execute(params![
            face.story as i64,
            serde_json::to_string(&face.terms)?,
            serde_json::to_string(&headlines)?
        ])?;
    if shown == 0 {
        return Ok(());
    }
    match &face.doubt {
        Some(one) => doubt(transaction, one)?,
        None => settled(transaction, face.story)?,
    }
    entitle(transaction, face.story, face.headline, now)
}

/// A story whose headline's article has left it, and of which nothing is in memory, is named by the oldest article that it
/// still has.
pub(super) fn keep_face(transaction: &Transaction<'_>, story: u64, now: DateTime<Utc>) -> Result<(), StoreError> {
    let left: bool = transaction
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM stories s JOIN articles a ON a.number = s.title_article
             WHERE s.number = ?1 AND s.merged_into IS NULL AND a.story IS NOT s.number)",
        )?
        .query_row([story as i64], |row| row.get(0))?;
    if !left {
        return Ok(());
    }
    let oldest: Option<i64> = transaction
        .prepare_cached("SELECT number FROM articles WHERE story = ?1 ORDER BY original IS NOT NULL, number LIMIT 1")?
        .query_row([story as i64], |row| row.get(0))
        .optional()?;
    let Some(oldest) = oldest else { return Ok(()) };
    let headlines = serde_json::to_string(&headlines_left(transaction, story)?)?;
    transaction
        .prepare_cached("UPDATE stories SET headlines = ?2 WHERE number = ?1")?
        .execute(params![story as i64, headlines])?;
    entitle(transaction, story, oldest as u64, now)
}

/// The headlines that a story has, by language, of articles that are in it.
fn headlines_left(transaction: &Transaction<'_>, story: u64) -> Result<BTreeMap<String, u64>, StoreError> {
    let left = transaction
        .prepare_cached(
            "SELECT shown.key, shown.value FROM stories s, json_each(s.headlines) shown
             JOIN articles a ON a.number = shown.value AND a.story = s.number WHERE s.number = ?1",
        )?
        .query_map([story as i64], |row| Ok((row.get(0)?, row.get::<_, i64>(1)? as u64)))?
        .collect::<Result<_, _>>()?;
    Ok(left)
}

/// Names a story by one of its articles, unless an editor has named it, and logs a rename.
fn entitle(transaction: &Transaction<'_>, story: u64, headline: u64, now: DateTime<Utc>) -> Result<(), StoreError> {
    let at = now.timestamp_micros();
    let (before, before_lang, named, created): (String, String, bool, i64) = transaction
        .prepare_cached("SELECT title, title_lang, named IS NOT NULL, created_at FROM stories WHERE number = ?1")?
        .query_row([story as i64], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })?;
    let (title, text, lang): (String, String, String) = transaction
        .prepare_cached("SELECT title, text, lang FROM articles WHERE number = ?1")?
        .query_row([headline as i64], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let title = if title.is_empty() { first_words(&text) } else { title };
    // A title that an editor gave stays.
    transaction
        .prepare_cached(
            "UPDATE stories SET title = CASE WHEN named IS NULL THEN ?2 ELSE title END,
               title_lang = CASE WHEN named IS NULL THEN ?3 ELSE title_lang END, title_article = ?4 WHERE number = ?1",
        )?
        .execute(params![story as i64, title, lang, headline as i64])?;
    // Its first title comes with its beginning.
    let first = before.is_empty() && created == at;
    if !named && !first && before != title {
        let detail = renamed((&before, &before_lang), (&title, &lang));
        log(transaction, at, "renamed", story, Some(headline), &detail)?;
    }
    Ok(())
}

/// Writes the state that a story should have by now, and logs a change of it.
pub(super) fn settle_state(
    transaction: &Transaction<'_>,
    story: u64,
    clock: &Clock,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let (before, articles, latest): (String, i64, Option<i64>) = transaction
        .prepare_cached("SELECT state, articles, latest FROM stories WHERE number = ?1")?
        .query_row([story as i64], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let state = clock.state(articles, latest);
    if before == "merged" || before == state {
        return Ok(());
    }
    let at = now.timestamp_micros();
    let change = log(transaction, at, "state_changed", story, None, &json!({"state": state}))?;
    transaction
        .prepare_cached("UPDATE stories SET state = ?2, version = ?3 WHERE number = ?1")?
        .execute(params![story as i64, state, change])?;
    Ok(())
}

/// Settles the states of the stories that have been quiet for long enough.
pub(super) fn sweep(transaction: &Transaction<'_>, clock: &Clock, now: DateTime<Utc>) -> Result<(), StoreError> {
    let Some(moment) = clock.now else { return Ok(()) };
    let quiet: Vec<i64> = transaction
        .prepare_cached(
            "SELECT number FROM stories WHERE state IN ('emerging', 'active', 'dormant') AND latest < ?1
             AND (state <> 'dormant' OR latest < ?2) ORDER BY number",
        )?
        .query_map([moment - clock.dormant, moment - clock.closed], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for story in quiet {
        settle_state(transaction, story as u64, clock, now)?;
    }
    Ok(())
}

/// The beginning of a text that has no title, to name it by.
pub(super) fn first_words(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let mut words: String = line.chars().take(100).collect();
    if line.chars().count() > 100 {
        words.push('…');
    }
    words
}

/// Counts a story's members anew, so that the counts are honest by construction.
pub(in crate::store) fn recount(
    transaction: &Transaction<'_>,
    story: u64,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let number = story as i64;
    let languages: Vec<String> = transaction
        .prepare_cached("SELECT lang FROM articles WHERE story = ?1 GROUP BY lang ORDER BY count(*) DESC, lang")?
        .query_map([number], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    transaction
        .prepare_cached(
            "UPDATE stories SET (articles, near_duplicates, started, latest) =
               (SELECT count(*), count(original), min(published_s), max(published_s) FROM articles WHERE story = ?1),
             languages = ?2, updated_at = ?3,
             version = max((SELECT coalesce(max(number), 0) FROM changes WHERE story = ?1),
               (SELECT coalesce(max(number), 0) FROM changes INDEXED BY changes_merged
                WHERE kind = 'merged' AND detail ->> 'into' = +stories.id))
             WHERE number = ?1",
        )?
        .execute(params![
            number,
            serde_json::to_string(&languages)?,
            now.timestamp_micros()
        ])?;
    transaction
        .prepare_cached(
            "UPDATE stories SET velocity = (SELECT count(*) FROM articles a
               WHERE a.story = ?1 AND a.published_s > stories.latest - ?2) / 3.0,
             state = CASE WHEN merged_into IS NOT NULL THEN 'merged' ELSE state END
             WHERE number = ?1",
        )?
        .execute(params![number, PACE_SECONDS])?;
    recount_sources(transaction, story)
}

/// Counts a story's outlets anew: see [`outlets`].
pub(super) fn recount_sources(transaction: &Transaction<'_>, story: u64) -> Result<(), StoreError> {
    transaction
        .prepare_cached("UPDATE stories SET sources = ?2 WHERE number = ?1")?
        .execute(params![story as i64, sources(transaction, story)? as i64])?;
    Ok(())
}

/// How many outlets have articles of their own in a story. Addresses are read only where names in several scripts may be one.
pub(in crate::store) fn sources(connection: &Connection, story: u64) -> Result<usize, StoreError> {
    let names: Vec<String> = connection
        .prepare_cached(
            "SELECT DISTINCT source FROM articles WHERE story = ?1 AND original IS NULL AND source IS NOT NULL",
        )?
        .query_map([story as i64], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    if !outlets::may_be_fewer(names.iter().map(String::as_str)) {
        return Ok(names.len());
    }
    let named: Vec<(String, Option<String>)> = connection
        .prepare_cached(
            "SELECT source, url FROM articles WHERE story = ?1 AND original IS NULL AND source IS NOT NULL",
        )?
        .query_map([story as i64], |row| {
            let url: Option<String> = row.get(1)?;
            Ok((row.get(0)?, url.as_deref().and_then(outlets::registrable_host)))
        })?
        .collect::<Result<_, _>>()?;
    let named = named.iter().map(|(name, host)| (name.as_str(), host.as_deref()));
    Ok(Outlets::of(named).count())
}
