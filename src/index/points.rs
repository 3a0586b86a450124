//! The points of one block: vectors, slots and times, side by side in order of insertion.

use super::best::Best;
use super::dot::Dot;

/// An inclusive range of Unix seconds.
pub(super) type Window = (i64, i64);

/// Points in order of insertion. Row `i` of each column belongs to point `i`.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Points {
    pub(super) dimension: usize,
    pub(super) vectors: Vec<f32>,
    pub(super) slots: Vec<u64>,
    pub(super) times: Vec<Option<i64>>,
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

/// The rows of a full block by time, so that a narrow window need not look at the others.
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

    fn dated_in(&self, window: Option<Window>) -> &[(i64, u32)] {
        let Some((from, to)) = window else { return &self.dated };
        let start = self.dated.partition_point(|(time, _)| *time < from);
        let end = self.dated.partition_point(|(time, _)| *time <= to);
        self.dated.get(start..end).unwrap_or_default()
    }

    /// How many points the window selects.
    pub(super) fn count(&self, window: Option<Window>) -> usize {
        self.dated_in(window).len() + self.undated.len()
    }

    /// The rows that the window selects.
    pub(super) fn rows(&self, window: Option<Window>) -> impl Iterator<Item = usize> {
        let dated = self.dated_in(window).iter().map(|(_, row)| *row as usize);
        dated.chain(self.undated.iter().map(|row| *row as usize))
    }
}

/// Offers every living point in the window, compared exactly. Without a window the whole matrix goes through in one
/// sweep; otherwise only the rows that may be found.
pub(super) fn search_exactly(
    dot: Dot,
    points: &Points,
    dead: &[bool],
    vector: &[f32],
    window: Option<Window>,
    best: &mut Best,
) {
    let alive = |row: usize| !dead.get(row).copied().unwrap_or(false);
    if window.is_none() {
        dot.rows(vector, &points.vectors, |row, similarity| {
            if alive(row)
                && let Some(slot) = points.slots.get(row)
            {
                best.offer(*slot, similarity);
            }
        });
        return;
    }
    for (row, (slot, time)) in points.slots.iter().zip(&points.times).enumerate() {
        if alive(row) && admits(window, *time) {
            best.offer(*slot, dot.of(vector, points.vector(row)));
        }
    }
}
