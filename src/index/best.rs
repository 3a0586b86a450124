//! The k best hits of a search.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use super::Hit;

/// Greater is better: more similar, then the lower slot.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Ranked(Hit);

impl Eq for Ranked {}

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0
            .similarity
            .total_cmp(&other.0.similarity)
            .then(other.0.slot.cmp(&self.0.slot))
    }
}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Keeps the best `k` of all hits offered; the order of offers does not matter.
#[derive(Debug)]
pub(super) struct Best {
    k: usize,
    kept: BinaryHeap<Reverse<Ranked>>,
}

impl Best {
    /// Room for `k` hits.
    pub(super) fn new(k: usize) -> Self {
        Self {
            k,
            kept: BinaryHeap::new(),
        }
    }

    /// Keeps the hit if it is among the best so far.
    pub(super) fn offer(&mut self, slot: u64, similarity: f32) {
        let hit = Reverse(Ranked(Hit { slot, similarity }));
        if self.kept.len() < self.k {
            self.kept.push(hit);
        } else if let Some(mut worst) = self.kept.peek_mut()
            && hit < *worst
        {
            *worst = hit;
        }
    }

    /// What a hit must reach to be kept.
    pub(super) fn least(&self) -> f32 {
        match self.kept.peek() {
            Some(Reverse(worst)) if self.kept.len() >= self.k => worst.0.similarity,
            _ => f32::NEG_INFINITY,
        }
    }

    /// The hits, best first.
    pub(super) fn into_hits(self) -> Vec<Hit> {
        self.kept
            .into_sorted_vec()
            .into_iter()
            .map(|Reverse(ranked)| ranked.0)
            .collect()
    }
}
