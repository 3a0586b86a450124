//! The stories as the change log alone tells them, without a look at any other table.
//!
//! In: changes in their order. Out: which article is in which story, what state each story is in, where ended ones go on,
//! and what in the log contradicts itself. `silsila check` compares that with the store.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use crate::store::{Store, StoreError};

/// Contradictions that are written out; more are counted.
const SHOWN: usize = 20;

/// One entry of the log, by number.
#[derive(Debug, Clone)]
pub struct LoggedChange {
    /// Its number.
    pub number: u64,
    /// Its kind, as in the log.
    pub kind: String,
    /// The story that it is about.
    pub story: u64,
    /// The article that it is about.
    pub article: Option<u64>,
    /// Its details, a JSON object by kind.
    pub detail: String,
}

/// A story as the log tells it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ToldStory {
    /// `emerging`, `active`, `dormant` or `closed`; what it was before it ended, for a merged one.
    state: String,
    /// The story that it ended in.
    ended_in: Option<u64>,
    /// The story that it was cut from.
    pub split_from: Option<u64>,
}

/// All stories as the log tells them.
#[derive(Debug, Default)]
pub struct Replay {
    stories: BTreeMap<u64, ToldStory>,
    members: BTreeMap<u64, BTreeSet<u64>>,
    story_of: BTreeMap<u64, u64>,
    faults: Vec<String>,
    more_faults: usize,
    newest: u64,
}

/// What details name: story ids, and a state.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Detail {
    into: Option<String>,
    state: Option<String>,
}

impl Replay {
    /// Takes the next change.
    pub fn take(&mut self, change: &LoggedChange) {
        let LoggedChange {
            number, story, article, ..
        } = *change;
        if number <= self.newest {
            self.fault(number, "comes after one with a higher number");
        }
        self.newest = self.newest.max(number);
        let Ok(detail) = serde_json::from_str::<Value>(&change.detail).and_then(serde_json::from_value::<Detail>)
        else {
            return self.fault(number, "has details that are no JSON object of its kind");
        };
        let kind = change.kind.as_str();
        if kind != "story_created" && !self.stories.contains_key(&story) {
            return self.fault(number, &format!("is about s{story}, which was not created before"));
        }
        match (kind, article, detail.into.as_deref().map(number_of)) {
            ("story_created", ..) => {
                let new = ToldStory {
                    state: "emerging".to_owned(),
                    ..ToldStory::default()
                };
                if self.stories.insert(story, new).is_some() {
                    self.fault(number, &format!("creates s{story} a second time"));
                }
            }
            ("article_joined", Some(article), _) => {
                if let Some(before) = self.put(article, Some(story)) {
                    self.fault(
                        number,
                        &format!("puts article {article} into s{story}, but it was still in s{before}"),
                    );
                }
            }
            ("article_left", Some(article), _) => {
                if self.put(article, None) != Some(story) {
                    self.fault(
                        number,
                        &format!("takes article {article} out of s{story}, where it was not"),
                    );
                }
            }
            ("merged", _, Some(Some(into))) => {
                // What the writer had no longer in memory goes along without an entry of its own.
                for article in self.members.get(&story).cloned().unwrap_or_default() {
                    self.put(article, Some(into));
                }
                if let Some(ended) = self.stories.get_mut(&story) {
                    ended.ended_in = Some(into);
                }
                if !self.stories.contains_key(&into) || self.successor(into) == story {
                    self.fault(number, &format!("ends s{story} in s{into}, which cannot be"));
                }
            }
            ("split", _, Some(Some(into))) => match self.stories.get_mut(&into) {
                // A merge was undone: the story goes on, and what had ended in it before ends in it again.
                Some(revived) if revived.ended_in.is_some() => revived.ended_in = None,
                Some(begun) => begun.split_from = Some(story),
                None => self.fault(number, &format!("cuts s{into} off, which was not created before")),
            },
            ("state_changed", ..) => match (self.stories.get_mut(&story), detail.state) {
                (Some(changed), Some(state)) => changed.state = state,
                _ => self.fault(number, "does not say which state"),
            },
            ("renamed" | "article_revised" | "corrected", ..) => {}
            _ => self.fault(number, &format!("is a {kind} that lacks what it should name")),
        }
    }

    /// Articles with the number of their story.
    pub fn placed(&self) -> &BTreeMap<u64, u64> {
        &self.story_of
    }

    /// The articles of a story, by number.
    pub fn members(&self, story: u64) -> impl Iterator<Item = u64> + '_ {
        self.members.get(&story).into_iter().flatten().copied()
    }

    /// Stories by number.
    pub fn stories(&self) -> &BTreeMap<u64, ToldStory> {
        &self.stories
    }

    /// The state of a story; a story without members that has not ended in another one is closed.
    pub fn state(&self, story: u64) -> Option<&str> {
        let told = self.stories.get(&story)?;
        Some(match told.ended_in {
            Some(_) => "merged",
            None if self.members.get(&story).is_none_or(BTreeSet::is_empty) => "closed",
            None => told.state.as_str(),
        })
    }

    /// Where a story goes on that has ended, across all later merges.
    pub fn merged_into(&self, story: u64) -> Option<u64> {
        self.stories.get(&story)?.ended_in?;
        Some(self.successor(story))
    }

    /// What contradicts itself in the log; how many there are beyond those.
    pub fn faults(&self) -> (&[String], usize) {
        (&self.faults, self.more_faults)
    }

    /// The number of the last change that was taken.
    pub fn newest(&self) -> u64 {
        self.newest
    }

    fn successor(&self, story: u64) -> u64 {
        let (mut at, mut steps) = (story, 0);
        while let Some(next) = self.stories.get(&at).and_then(|told| told.ended_in) {
            at = next;
            steps += 1;
            // A ring, which only a broken log has.
            if at == story || steps > self.stories.len() {
                break;
            }
        }
        at
    }

    /// Puts an article into a story, or out of all; the story that it was in.
    fn put(&mut self, article: u64, story: Option<u64>) -> Option<u64> {
        let before = match story {
            Some(story) => self.story_of.insert(article, story),
            None => self.story_of.remove(&article),
        };
        if let Some(members) = before.and_then(|before| self.members.get_mut(&before)) {
            members.remove(&article);
        }
        if let Some(story) = story {
            self.members.entry(story).or_default().insert(article);
        }
        before
    }

    fn fault(&mut self, number: u64, what: &str) {
        match self.faults.len() < SHOWN {
            true => self.faults.push(format!("change {number} {what}")),
            false => self.more_faults += 1,
        }
    }
}

/// The number in a story's id.
fn number_of(id: &str) -> Option<u64> {
    id.strip_prefix('s')?.parse().ok()
}

impl Store {
    /// Replays the change log, up to and with this change, else all of it.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn replay(&self, until: Option<u64>) -> Result<Replay, StoreError> {
        self.read(|connection| replay(connection, until))
    }
}

/// As [`Store::replay`], on a snapshot that is open.
pub(super) fn replay(connection: &rusqlite::Connection, until: Option<u64>) -> Result<Replay, StoreError> {
    let until = until.and_then(|number| i64::try_from(number).ok()).unwrap_or(i64::MAX);
    let mut statement = connection
        .prepare("SELECT number, kind, story, article, detail FROM changes WHERE number <= ?1 ORDER BY number")?;
    let mut rows = statement.query([until])?;
    let mut replay = Replay::default();
    while let Some(row) = rows.next()? {
        replay.take(&LoggedChange {
            number: row.get::<_, i64>(0)? as u64,
            kind: row.get(1)?,
            story: row.get::<_, i64>(2)? as u64,
            article: row.get::<_, Option<i64>>(3)?.map(|article| article as u64),
            detail: row.get(4)?,
        });
    }
    Ok(replay)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(changes: &[(&str, u64, Option<u64>, &str)]) -> Replay {
        let mut replay = Replay::default();
        for (number, (kind, story, article, detail)) in (1..).zip(changes) {
            replay.take(&LoggedChange {
                number,
                kind: (*kind).to_owned(),
                story: *story,
                article: *article,
                detail: (*detail).to_owned(),
            });
        }
        replay
    }

    #[test]
    fn members_states_and_successors_come_from_the_log_alone() {
        let begun = [
            ("story_created", 1, None, "{}"),
            ("article_joined", 1, Some(10), "{}"),
            ("story_created", 2, None, "{}"),
            ("article_joined", 2, Some(11), "{}"),
            ("story_created", 3, None, "{}"),
            ("article_joined", 3, Some(12), "{}"),
            ("state_changed", 3, None, r#"{"state":"active"}"#),
            ("merged", 1, None, r#"{"into":"s2"}"#),
            ("merged", 2, None, r#"{"into":"s3"}"#),
        ];
        let replay = told(&begun);
        assert_eq!(replay.faults(), (&[] as &[String], 0));
        assert_eq!(
            replay.placed().iter().map(|(a, s)| (*a, *s)).collect::<Vec<_>>(),
            [(10, 3), (11, 3), (12, 3)]
        );
        assert_eq!((replay.merged_into(1), replay.merged_into(3)), (Some(3), None));
        assert_eq!((replay.state(1), replay.state(3)), (Some("merged"), Some("active")));
        // The second merge is undone: s1 ends in s2 again.
        let undone = [
            ("split", 3, None, r#"{"into":"s2"}"#),
            ("state_changed", 2, None, r#"{"state":"emerging"}"#),
            ("article_left", 3, Some(10), r#"{"to":"s2"}"#),
            ("article_joined", 2, Some(10), r#"{"from":"s3"}"#),
        ];
        let replay = told(&[&begun[..], &undone[..]].concat());
        assert_eq!(replay.faults(), (&[] as &[String], 0));
        assert_eq!((replay.merged_into(1), replay.merged_into(2)), (Some(2), None));
        assert_eq!(replay.state(2), Some("emerging"));
        assert_eq!(replay.stories()[&2].split_from, None);
    }

    #[test]
    fn a_log_that_contradicts_itself_is_found_out() {
        for (wrong, said) in [
            (("article_joined", 2, Some(10), "{}"), "not created before"),
            (("article_joined", 1, Some(10), "{}"), "still in s1"),
            (("article_left", 1, Some(11), "{}"), "where it was not"),
            (("merged", 1, None, "{}"), "lacks what it should name"),
            (("merged", 1, None, r#"{"into":"s1"}"#), "cannot be"),
            (("merged", 1, None, r#"{"into":"s9"}"#), "cannot be"),
            (("state_changed", 1, None, "{}"), "which state"),
            (("story_created", 1, None, "{}"), "a second time"),
            (("renamed", 1, None, "no JSON"), "no JSON object"),
        ] {
            let replay = told(&[
                ("story_created", 1, None, "{}"),
                ("article_joined", 1, Some(10), "{}"),
                wrong,
            ]);
            let (faults, _) = replay.faults();
            assert!(faults.len() == 1 && faults[0].contains(said), "{said}: {faults:?}");
        }
    }
}
