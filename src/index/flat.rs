//! All vectors side by side as codes of a byte a number, for readers: what is nearest to a question among many, with any
//! filter, without the index that the writer owns.
//!
//! Here the code is the answer: a likeness is that of the rounded vector, true to about a thousandth. So it depends on the
//! vector alone, and an order by it stays the same whatever else comes.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::codes::{Codes, Question};
use super::dot::Dot;

/// Codes of vectors, by row.
#[derive(Debug)]
pub struct Flat {
    codes: Codes,
    dimension: usize,
    rows: usize,
    dot: Dot,
}

/// A likeness with what it is of; the greater one is more alike, of equals the one with the smaller key.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Likeness {
    /// Cosine of the codes.
    pub cosine: f32,
    /// What the caller named the row.
    pub key: u32,
}

impl Eq for Likeness {}

impl Ord for Likeness {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.cosine.total_cmp(&other.cosine).then(other.key.cmp(&self.key))
    }
}

impl PartialOrd for Likeness {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Flat {
    /// Holds nothing yet.
    pub fn new(dimension: usize) -> Self {
        Self {
            codes: Codes::default(),
            dimension,
            rows: 0,
            dot: Dot::new(),
        }
    }

    /// Rows.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Bytes of memory.
    pub fn bytes(&self) -> usize {
        self.codes.bytes()
    }

    /// Adds a row; a vector of another dimension is not taken.
    pub fn push(&mut self, unit: &[f32]) -> bool {
        if unit.len() != self.dimension {
            return false;
        }
        self.codes.push(unit);
        self.rows += 1;
        true
    }

    /// The `most` rows most alike, best first, of those that `key` names: rows without a key are left out, and so is
    /// everything up to and with `behind`, and what has nothing in common (a cosine of 0 or less).
    pub fn best(
        &self,
        unit: &[f32],
        most: usize,
        behind: Option<Likeness>,
        key: impl Fn(usize) -> Option<u32>,
    ) -> Vec<Likeness> {
        if unit.len() != self.dimension || most == 0 {
            return Vec::new();
        }
        let question = Question::new(unit);
        let mut best: BinaryHeap<Reverse<Likeness>> = BinaryHeap::with_capacity(most + 1);
        let dot = self.dot;
        dot.wide(
            #[inline(always)]
            || {
                for row in 0..self.rows {
                    let Some(key) = key(row) else { continue };
                    let cosine = self.codes.cosine(dot, &question, row);
                    let found = Likeness { cosine, key };
                    if cosine <= 0.0 || behind.is_some_and(|behind| found >= behind) {
                        continue;
                    }
                    if best.len() < most {
                        best.push(Reverse(found));
                    } else if best.peek().is_some_and(|Reverse(least)| found > *least) {
                        best.pop();
                        best.push(Reverse(found));
                    }
                }
            },
        );
        let mut best: Vec<Likeness> = best.into_iter().map(|Reverse(one)| one).collect();
        best.sort_unstable_by(|one, other| other.cmp(one));
        best
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vectors() -> Vec<Vec<f32>> {
        let mut seed = 7u32;
        let mut next = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 8) as f32 / 8_388_608.0 - 1.0
        };
        let unit = |mut vector: Vec<f32>| {
            let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
            vector.iter_mut().for_each(|x| *x /= length);
            vector
        };
        (0..500).map(|_| unit((0..384).map(|_| next()).collect())).collect()
    }

    #[test]
    fn cosines_are_true_to_a_thousandth_and_pages_neither_repeat_nor_skip() {
        let vectors = vectors();
        let mut flat = Flat::new(384);
        assert!(!flat.push(&[1.0]));
        for vector in &vectors {
            assert!(flat.push(vector));
        }
        let question = &vectors[3];
        let odd = |row: usize| (row % 2 == 1).then_some(row as u32);
        let exact = |row: u32| -> f32 { question.iter().zip(&vectors[row as usize]).map(|(x, y)| x * y).sum() };
        let all = flat.best(question, 1000, None, odd);
        assert_eq!(all[0].key, 3);
        assert!(all.len() > 50 && all.iter().all(|one| one.key % 2 == 1));
        for one in &all {
            assert!((one.cosine - exact(one.key)).abs() < 1e-3, "{one:?}");
        }
        let (mut walked, mut behind) = (Vec::new(), None);
        loop {
            let page = flat.best(question, 7, behind, odd);
            walked.extend(page.iter().copied());
            behind = page.last().copied();
            if page.len() < 7 {
                break;
            }
        }
        assert_eq!(walked, all);
    }
}
