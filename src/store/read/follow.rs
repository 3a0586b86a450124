//! The change log as somebody follows it: from a number on, of one story wherever it goes, or of some kinds.

use rusqlite::types::Value as Sql;
use rusqlite::{Connection, params, params_from_iter};
use serde_json::Value;

use super::ChangeView;
use super::story::{CHANGES, change};
use crate::store::{Store, StoreError, newest_change};

/// The kinds of changes.
pub const KINDS: [&str; 9] = [
    "story_created",
    "article_joined",
    "article_left",
    "article_revised",
    "merged",
    "split",
    "renamed",
    "state_changed",
    "corrected",
];
/// Numbers that are looked through for one page, at most: a filter that lets little through must not hold a reader up.
const WINDOW: u64 = 20_000;

/// A story and those that it went on in, one after the other: what is followed is all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Followed(Vec<String>);

impl Followed {
    /// Begins with a story.
    pub fn new(story: &str) -> Self {
        Self(vec![story.to_owned()])
    }

    /// Whether a change of this story is among what is followed.
    pub fn holds(&self, story: &str) -> bool {
        self.0.iter().any(|one| one == story)
    }

    /// Goes along with a change: into the story that it merges into, and back when a story goes on by itself again.
    /// Whether other stories are followed from now on.
    pub fn go_along(&mut self, change: &ChangeView) -> bool {
        let Some(into) = change.detail.get("into").and_then(Value::as_str) else {
            return false;
        };
        let last = self.0.last().is_some_and(|last| *last == change.story_id);
        let place = self.0.iter().position(|one| one == into);
        match (change.kind.as_str(), place) {
            ("merged", None) if last => self.0.push(into.to_owned()),
            ("split", Some(place)) if place + 1 < self.0.len() => self.0.truncate(place + 1),
            _ => return false,
        }
        true
    }
}

/// What was read of the log.
#[derive(Debug)]
pub struct Seen {
    /// The changes that fit.
    pub changes: Vec<ChangeView>,
    /// The log was looked through up to this number.
    pub up_to: u64,
}

impl Store {
    /// The number of the newest change.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn newest_change(&self) -> Result<u64, StoreError> {
        self.read(newest_change)
    }

    /// Changes after a number, oldest first, `most` at most: of these kinds (of all without any), and of the story that is
    /// followed, which goes along.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn changes_after(
        &self,
        after: u64,
        followed: Option<&mut Followed>,
        kinds: &[String],
        most: usize,
    ) -> Result<Seen, StoreError> {
        self.read(|connection| read(connection, after, followed, kinds, most))
    }

    /// The story, and those that it had gone on in by a change; `None` when there is no such story.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn followed(&self, story: &str, at: u64) -> Result<Option<Followed>, StoreError> {
        self.read(|connection| {
            if !connection
                .prepare_cached("SELECT 1 FROM stories WHERE id = ?1")?
                .exists([story])?
            {
                return Ok(None);
            }
            let mut followed = Followed::new(story);
            let mut after = 0;
            loop {
                // The first change that leads elsewhere; behind it others are looked for.
                let found = of_stories(
                    connection,
                    &followed,
                    after,
                    at,
                    &["merged".to_owned(), "split".to_owned()],
                    1,
                )?;
                let Some(one) = found.first() else {
                    return Ok(Some(followed));
                };
                after = one.number;
                followed.go_along(one);
            }
        })
    }
}

fn read(
    connection: &Connection,
    after: u64,
    followed: Option<&mut Followed>,
    kinds: &[String],
    most: usize,
) -> Result<Seen, StoreError> {
    let newest = newest_change(connection)?;
    let Some(followed) = followed else {
        let up_to = newest.min(after.saturating_add(WINDOW));
        let mut changes: Vec<ChangeView> = Vec::new();
        let mut statement = connection.prepare_cached(&format!(
            "{CHANGES} WHERE c.number > ?1 AND c.number <= ?2 ORDER BY c.number"
        ))?;
        let mut rows = statement.query(params![after as i64, up_to as i64])?;
        while let Some(row) = rows.next()? {
            if !kinds.is_empty() && !kinds.contains(&row.get::<_, String>(2)?) {
                continue;
            }
            changes.push(change(row)?);
            if changes.len() == most {
                break;
            }
        }
        return Ok(seen(changes, up_to, most));
    };
    // Kinds are left out only afterwards: every merge must be seen.
    let mut changes = of_stories(connection, followed, after, newest, &[], most)?;
    let Some(turn) = changes.iter().position(|change| followed.go_along(change)) else {
        let mut seen = seen(changes, newest, most);
        seen.changes
            .retain(|change| kinds.is_empty() || kinds.contains(&change.kind));
        return Ok(seen);
    };
    changes.truncate(turn + 1);
    let up_to = changes.last().map_or(newest, |change| change.number);
    changes.retain(|change| kinds.is_empty() || kinds.contains(&change.kind));
    Ok(Seen { changes, up_to })
}

/// A full page ends at its last change, any other where the log was looked through to.
fn seen(changes: Vec<ChangeView>, up_to: u64, most: usize) -> Seen {
    let full = changes.len() == most;
    let last = changes.last().map(|change| change.number).filter(|_| full);
    Seen {
        up_to: last.unwrap_or(up_to),
        changes,
    }
}

fn of_stories(
    connection: &Connection,
    followed: &Followed,
    after: u64,
    up_to: u64,
    kinds: &[String],
    most: usize,
) -> Result<Vec<ChangeView>, StoreError> {
    let marks = |count: usize| vec!["?"; count].join(", ");
    let of_kind = match kinds.len() {
        0 => String::new(),
        count => format!("AND c.kind IN ({})", marks(count)),
    };
    let mut values: Vec<Sql> = vec![(after as i64).into(), (up_to as i64).into()];
    values.extend(followed.0.iter().cloned().map(Sql::from));
    values.extend(kinds.iter().cloned().map(Sql::from));
    values.push((most as i64).into());
    // By the index over stories and numbers, then put in order.
    let found = connection
        .prepare_cached(&format!(
            "{CHANGES} WHERE c.number > ? AND c.number <= ? AND c.story IN (SELECT number FROM stories WHERE id IN ({}))
             {of_kind} ORDER BY c.number LIMIT ?",
            marks(followed.0.len())
        ))?
        .query_map(params_from_iter(values), change)?
        .collect::<Result<_, _>>()?;
    Ok(found)
}
