//! Searching for many points before their turn, all at once.
//!
//! One search reads the codes of all that its window holds, mostly from main memory. Many at once read each code once for all of
//! them, on every core. A search that was made ahead of time is brought up to date when its turn comes: what has been inserted
//! since is compared one by one, what was removed or has left the window goes. The answer is that of [`TimeIndex::search`],
//! number for number, or there is none, and the caller searches.

use std::sync::LazyLock;
use std::thread;

use super::best::Best;
use super::codes::Sieve;
use super::points::Window;
use super::{Hit, TimeIndex};

/// A vector, and the window that it is searched in.
pub type Wanted<'a> = (&'a [f32], Option<Window>);

/// Hits found beyond those wanted, since some may have left the window by the time they are.
const SPARE: usize = 8;
/// A thread for at least so many searches.
const FEWEST: usize = 4;
/// Asking the system reads files.
static CORES: LazyLock<usize> = LazyLock::new(|| thread::available_parallelism().map_or(1, usize::from));

/// A search that was made before its turn.
#[derive(Debug, Clone)]
pub struct Ahead {
    unit: Vec<f32>,
    window: Option<Window>,
    /// The most similar living points of the window, best first.
    hits: Vec<Hit>,
    /// Whether there were more than these.
    is_cut: bool,
    /// The last block and its points at that time.
    mark: Mark,
}

/// How far an index had been filled: the number of its last block, and the points in that. What lies before a mark was there.
type Mark = (u64, usize);

/// One of the questions that are asked together.
pub(super) struct Asked {
    unit: Vec<f32>,
    pub(super) window: Option<Window>,
    pub(super) sieve: Sieve,
}

impl TimeIndex {
    /// Looks for the `k` most similar living points of several vectors, each within its window, to be asked for by
    /// [`TimeIndex::search_from`]. `None` for a vector that [`TimeIndex::search`] would refuse, and for all where graphs are
    /// used: those do not read every code.
    pub fn search_ahead(&self, wanted: &[Wanted<'_>], k: usize) -> Vec<Option<Ahead>> {
        if self.settings.uses_graphs() || k == 0 {
            return vec![None; wanted.len()];
        }
        let share = wanted.len().div_ceil(*CORES).max(FEWEST);
        thread::scope(|scope| {
            let mut shares = wanted.chunks(share);
            let mine = shares.next().unwrap_or_default();
            let others: Vec<_> = shares
                .map(|share| {
                    let searcher = thread::Builder::new().name("search".to_owned());
                    (share, searcher.spawn_scoped(scope, || self.search_together(share, k)))
                })
                .collect();
            let mut found = self.search_together(mine, k);
            for (share, searcher) in others {
                // Without a thread, or with one that broke, it is done here.
                let there = searcher.ok().and_then(|searcher| searcher.join().ok());
                found.extend(there.unwrap_or_else(|| self.search_together(share, k)));
            }
            found
        })
    }

    /// What [`TimeIndex::search`] answers, from a search that was made ahead. `None` when that cannot be told from it: the vector
    /// is another one, the window reaches beyond the one searched, or too many of the points found have left it.
    pub fn search_from(&self, ahead: &Ahead, vector: &[f32], k: usize, window: Option<Window>) -> Option<Vec<Hit>> {
        let is_within = match (window, ahead.window) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some((from, to)), Some((first, last))) => first <= from && to <= last,
        };
        if !is_within || self.unit(vector).ok()? != ahead.unit {
            return None;
        }
        let mut best = Best::new(k);
        let mut kept = 0;
        for hit in &ahead.hits {
            let Some(place) = self.places.get(&hit.slot).filter(|place| **place < ahead.mark) else {
                continue;
            };
            if self.block(place.0)?.is_selected(place.1, window) {
                best.offer(hit.slot, hit.similarity);
                kept += 1;
            }
        }
        if ahead.is_cut && kept < k {
            return None;
        }
        let (number, points) = ahead.mark;
        for block in self.blocks.iter().rev().take_while(|block| block.number() >= number) {
            let first = if block.number() == number { points } else { 0 };
            for row in (first..block.points().len()).filter(|row| block.is_selected(*row, window)) {
                block.offer(row, &ahead.unit, self.dot, &mut best);
            }
        }
        Some(best.into_hits())
    }

    fn search_together(&self, wanted: &[Wanted<'_>], k: usize) -> Vec<Option<Ahead>> {
        let most = k.saturating_add(SPARE);
        let asked = wanted.iter().map(|(vector, window)| {
            let unit = self.unit(vector).ok()?;
            Some(Asked {
                window: *window,
                sieve: Sieve::new(&unit, most),
                unit,
            })
        });
        let mut asked: Vec<Option<Asked>> = asked.collect();
        let all = hull(asked.iter().flatten().map(|asked| asked.window));
        for (place, block) in self.blocks.iter().enumerate().rev() {
            block.sift_each(all, place, self.dot, &mut asked);
        }
        let last = self.blocks.last();
        let mark = last.map_or((0, 0), |block| (block.number(), block.points().len()));
        let answer = |asked: Option<Asked>| {
            let Asked { unit, window, sieve } = asked?;
            let mut best = Best::new(most);
            self.offer_promising(sieve, &unit, &mut best);
            let hits = best.into_hits();
            Some(Ahead {
                is_cut: hits.len() == most,
                unit,
                window,
                hits,
                mark,
            })
        };
        asked.into_iter().map(answer).collect()
    }
}

/// The narrowest window around all.
fn hull(windows: impl Iterator<Item = Option<Window>>) -> Option<Window> {
    let around = |a: Option<Window>, b: Option<Window>| {
        let ((a_first, a_last), (b_first, b_last)) = (a?, b?);
        Some((a_first.min(b_first), a_last.max(b_last)))
    };
    windows.reduce(around).flatten()
}
