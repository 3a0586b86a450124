//! (reads)

use crate::store::{Store, StoreError};

impl Store {
    /// The story of every placed article at the end: (article id, story id), in the order of acceptance.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn assignments(&self) -> Result<Vec<(String, String)>, StoreError> {
        self.read(|connection| {
            let mut statement = connection
                .prepare("SELECT a.id, s.id FROM articles a JOIN stories s ON s.number = a.story ORDER BY a.number")?;
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// Articles whose text repeats another's.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn count_near_duplicates(&self) -> Result<u64, StoreError> {
        self.read(|connection| {
            let count: i64 = connection.query_row("SELECT count(original) FROM articles", [], |row| row.get(0))?;
            Ok(count as u64)
        })
    }
}
