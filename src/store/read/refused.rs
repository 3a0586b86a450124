//! Inputs that were refused.

use rusqlite::params;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Page, ReadError, cursor_behind, cut_page, number_in, time};
use crate::store::Store;

/// An input that was refused, as it was kept.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RefusedView {
    /// Its number, counted up.
    pub number: u64,
    /// When it was refused.
    pub at: String,
    /// Where it came from: the request's id and the item in it, or a file and a line.
    pub place: String,
    /// What was wrong, and what to do.
    pub reason: String,
    /// Its beginning.
    pub input: String,
}

impl Store {
    /// Refused inputs, the newest first.
    ///
    /// # Errors
    /// When the cursor is not of this list, or the store cannot be read.
    pub fn refused(&self, cursor: Option<&str>, per_page: usize) -> Result<Page<RefusedView>, ReadError> {
        let before = number_in(cursor, "refused", "")?.unwrap_or(i64::MAX);
        Ok(self.read(|connection| {
            let mut items: Vec<RefusedView> = connection
                .prepare_cached(
                    "SELECT number, at, place, reason, input FROM refused WHERE number < ?1
                     ORDER BY number DESC LIMIT ?2",
                )?
                .query_map(params![before, per_page as i64 + 1], |row| {
                    Ok(RefusedView {
                        number: row.get::<_, i64>(0)? as u64,
                        at: time(row.get(1)?),
                        place: row.get(2)?,
                        reason: row.get(3)?,
                        input: row.get(4)?,
                    })
                })?
                .collect::<Result<_, _>>()?;
            let more = cut_page(&mut items, per_page);
            let last = items.last().map(|one| one.number as i64).filter(|_| more);
            Ok(Page {
                next_cursor: last.map(|number| cursor_behind("refused", "", number)).transpose()?,
                items,
            })
        })?)
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};

    use super::*;
    use crate::pipeline::RefusedInput;

    #[test]
    fn the_newest_are_kept_and_read_newest_first() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let inputs: Vec<RefusedInput> = (1..=5)
            .map(|number| RefusedInput {
                place: format!("feed.jsonl line {number}"),
                reason: "invalid JSON".to_owned(),
                input: "{".repeat(100_000),
            })
            .collect();
        for half in inputs.chunks(3) {
            store.keep_refused(half, 4, DateTime::<Utc>::UNIX_EPOCH).unwrap();
        }
        let first = store.refused(None, 3).unwrap();
        let second = store.refused(first.next_cursor.as_deref(), 3).unwrap();
        let numbers = |page: &Page<RefusedView>| page.items.iter().map(|one| one.number).collect::<Vec<_>>();
        assert_eq!((numbers(&first), numbers(&second)), (vec![5, 4, 3], vec![2]));
        assert!(second.next_cursor.is_none());
        let newest = first.items.first().unwrap();
        assert_eq!(newest.place, "feed.jsonl line 5");
        assert!(newest.input.starts_with("{{{") && newest.input.len() < 10_000);
        assert_eq!(store.totals().unwrap().refused, 5);
        assert!(store.refused(Some("-5"), 3).is_err());
    }
}
