//! The points of one block: vectors, slots and times, side by side in order of insertion.

use super::codes::Codes;

/// An inclusive range of Unix seconds.
pub(super) type Window = (i64, i64);

/// Points in order of insertion. Row `i` of each column belongs to point `i`.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Points {
    pub(super) dimension: usize,
    pub(super) vectors: Vec<f32>,
    pub(super) slots: Vec<u64>,
    pub(super) times: Vec<Option<i64>>,
    /// Made from the vectors, and never saved.
    pub(super) codes: Codes,
}

impl Points {
    pub(super) fn new(dimension: usize) -> Self {
        Self {
            dimension,
            ..Self::default()
        }
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(super) fn push(&mut self, slot: u64, vector: &[f32], time: Option<i64>) {
        self.vectors.extend_from_slice(vector);
        self.codes.push(vector);
        self.slots.push(slot);
        self.times.push(time);
    }

    /// The vector of a row; empty when there is no such row.
    pub(super) fn vector(&self, row: usize) -> &[f32] {
        let start = row * self.dimension;
        self.vectors.get(start..start + self.dimension).unwrap_or_default()
    }
}

/// Whether a point of this time is found through this window: undated points are found through every one.
pub(super) fn admits(window: Option<Window>, time: Option<i64>) -> bool {
    match (window, time) {
        (Some((from, to)), Some(time)) => from <= time && time <= to,
        _ => true,
    }
}

/// The rows of a block by time, so that a narrow window need not look at the others.
#[derive(Debug, Clone, Default)]
pub(super) struct TimeOrder {
    /// (time, row), sorted.
    dated: Vec<(i64, u32)>,
    undated: Vec<u32>,
}

impl TimeOrder {
    pub(super) fn of(points: &Points) -> Self {
        let mut order = Self::default();
        for (row, time) in (0u32..).zip(&points.times) {
            match time {
                Some(time) => order.dated.push((*time, row)),
                None => order.undated.push(row),
            }
        }
        order.dated.sort_unstable();
        order
    }

    /// Takes the next row in. Most come in order of time, and then this costs nothing.
    pub(super) fn insert(&mut self, row: usize, time: Option<i64>) {
        let Some(time) = time else {
            return self.undated.push(row as u32);
        };
        let at = self.dated.partition_point(|known| *known <= (time, row as u32));
        self.dated.insert(at, (time, row as u32));
    }

    fn dated_in(&self, window: Option<Window>) -> &[(i64, u32)] {
        let Some((from, to)) = window else { return &self.dated };
        let start = self.dated.partition_point(|(time, _)| *time < from);
        let end = self.dated.partition_point(|(time, _)| *time <= to);
        self.dated.get(start..end).unwrap_or_default()
    }

    /// The latest time among the rows that `admit` lets through.
    pub(super) fn latest(&self, admit: impl Fn(usize) -> bool) -> Option<i64> {
        let mut newest_first = self.dated.iter().rev();
        newest_first
            .find(|(_, row)| admit(*row as usize))
            .map(|(time, _)| *time)
    }

    /// How many points the window selects.
    pub(super) fn count(&self, window: Option<Window>) -> usize {
        self.dated_in(window).len() + self.undated.len()
    }

    /// The rows that the window selects, those without a time at the end.
    pub(super) fn rows(&self, window: Option<Window>) -> impl DoubleEndedIterator<Item = usize> {
        let dated = self.dated_in(window).iter().map(|(_, row)| *row as usize);
        dated.chain(self.undated.iter().map(|row| *row as usize))
    }
}
