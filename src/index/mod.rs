//! The nearest articles by vector, also within a window of time.
//!
//! In: a slot (the article's number), its unit vector and its time of publication. Out: the most similar slots, best
//! first. It never reads texts, never decides what belongs together, and is a cache: all of it can be made again from
//! the store.
//!
//! Points lie in blocks in order of insertion; each block knows its points' order in time. A search looks at the points in
//! its window alone: at their codes first, a byte a number (`codes.rs`), which tell for certain which of them cannot be among
//! the best, and compares the rest exactly. So it loses nothing and costs what the window holds.
//!
//! Points that come together are searched for together ([`TimeIndex::search_ahead`]), with the same answers in less time.
//!
//! Where `exact_share` is below 1, a full block also gets a graph, built by `hnsw_rs` on a thread of its own, for searches that
//! select more of it than that. It is used from the moment that two newer blocks exist: a matter of counting, not of timing,
//! so the same insertions give the same answers on every run, also across [`TimeIndex::save`] and [`TimeIndex::load`].
//!
//! Entry point: [`TimeIndex`]. It has one owner, who writes; searching takes `&self`. [`Flat`] holds codes alone, for readers.

mod ahead;
mod best;
mod block;
mod codes;
mod disk;
pub(crate) mod dot;
mod flat;
mod graph;
mod points;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use rustc_hash::FxHashMap;
use serde::Deserialize;

pub use ahead::{Ahead, Wanted};
use best::Best;
use block::{Block, Search};
use codes::Sieve;
pub use disk::Saved;
use dot::Dot;
pub use flat::{Flat, Likeness};

/// The section `[index]` of the configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Points in a block, 2 to 65,536 (values outside are brought inside).
    pub block: usize,
    /// Links of a point in each upper layer of a block's graph, 4 to 255 (the base layer has twice as many).
    pub connections: usize,
    /// Candidates considered for a point's links while a graph is built.
    pub construction: usize,
    /// Candidates kept while a graph is searched; at least `k` are.
    pub search: usize,
    /// A window that selects at most this share of a block is compared exactly; 1 for no graphs at all.
    pub exact_share: f64,
}

impl Settings {
    /// `block`, within what 16-bit row numbers can tell apart.
    fn block_size(&self) -> usize {
        self.block.clamp(2, 1 << 16)
    }

    /// Whether any window selects more of a block than is compared exactly.
    fn uses_graphs(&self) -> bool {
        self.exact_share < 1.0
    }
}

/// One found point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// The slot it was inserted with.
    pub slot: u64,
    /// Cosine of its vector and the one searched for, -1 to 1.
    pub similarity: f32,
}

/// Why the index refuses or cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// A vector of another model, most likely.
    #[error("a vector of {got} numbers does not fit an index of dimension {expected}; embed it with the index's model")]
    Dimension {
        /// The index's dimension.
        expected: usize,
        /// The vector's.
        got: usize,
    },
    /// No direction: zero, or a number that is not finite.
    #[error("a vector {0} has no direction and cannot be compared; embed the text again")]
    NoDirection(&'static str),
    /// The slot is taken.
    #[error("slot {slot} is in the index already; remove it before inserting it again")]
    Duplicate {
        /// The slot.
        slot: u64,
    },
    /// A saved file that is not what was written. Rebuild the index from the store.
    #[error("the saved index is damaged: {}: {reason}; it has to be rebuilt from the store", path.display())]
    Damaged {
        /// The file at fault.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Saved with another format, dimension or graph settings. Rebuild the index from the store.
    #[error("the saved index has {what} {saved}, not {wanted}; it has to be rebuilt from the store")]
    Incompatible {
        /// What differs.
        what: &'static str,
        /// The saved value.
        saved: usize,
        /// The value of this program and its settings.
        wanted: usize,
    },
    /// The disk refuses.
    #[error("cannot {action} {}: {source}", path.display())]
    Disk {
        /// What was tried.
        action: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

/// A vector index that knows times. See the module's own text for how it works.
#[derive(Debug)]
pub struct TimeIndex {
    dimension: usize,
    settings: Settings,
    dot: Dot,
    /// Oldest first; only the last one takes points.
    blocks: Vec<Block>,
    /// Where each living slot is: the number of its block, and its row there.
    places: FxHashMap<u64, (u64, usize)>,
    /// The number of the next block to open.
    next: u64,
    rebuilt: Vec<u64>,
}

impl TimeIndex {
    /// An empty index for vectors of `dimension` numbers.
    pub fn new(dimension: usize, settings: &Settings) -> Self {
        Self {
            dimension,
            settings: settings.clone(),
            dot: Dot::new(),
            blocks: Vec::new(),
            places: FxHashMap::default(),
            next: 0,
            rebuilt: Vec::new(),
        }
    }

    /// Adds a point. `time` is its publication in Unix seconds; a point without one is found through every window.
    /// The vector is brought to unit length. Where graphs are used and a block has just been begun, this waits for the
    /// graph of the block before the previous one, should it not be finished.
    ///
    /// # Errors
    /// When the vector does not fit or has no direction, or the slot is taken. Nothing has changed then.
    pub fn insert(&mut self, slot: u64, vector: &[f32], time: Option<i64>) -> Result<(), IndexError> {
        let unit = self.unit(vector)?;
        if self.places.contains_key(&slot) {
            return Err(IndexError::Duplicate { slot });
        }
        if self.blocks.last().is_none_or(Block::is_full) {
            let number = self.next;
            self.next += 1;
            self.blocks.push(Block::open(number, self.dimension));
            if let Some(sealed) = self.blocks.iter().rev().find(|block| is_sealed(block.number(), number)) {
                sealed.wait();
            }
        }
        if let Some(open) = self.blocks.last_mut() {
            let row = open.push(slot, &unit, time, &self.settings, self.dot);
            self.places.insert(slot, (open.number(), row));
        }
        Ok(())
    }

    /// The `k` most similar living points, best first, the lower slot first among equals. `window` is an inclusive
    /// range of Unix seconds.
    ///
    /// # Errors
    /// When the vector does not fit or has no direction.
    pub fn search(&self, vector: &[f32], k: usize, window: Option<(i64, i64)>) -> Result<Vec<Hit>, IndexError> {
        let unit = self.unit(vector)?;
        if k == 0 {
            return Ok(Vec::new());
        }
        let (mut best, mut sieve) = (Best::new(k), Sieve::new(&unit, k));
        let newest = self.blocks.last().map_or(0, Block::number);
        let search = Search {
            unit: &unit,
            k,
            window,
            settings: &self.settings,
            dot: self.dot,
        };
        // The newest first, as within a block.
        for (place, block) in self.blocks.iter().enumerate().rev() {
            let sealed = is_sealed(block.number(), newest);
            block.search(&search, place, sealed, &mut sieve, &mut best);
        }
        self.offer_promising(sieve, &unit, &mut best);
        Ok(best.into_hits())
    }

    /// Offers what came through the sieve, compared exactly, as long as it can be among the best.
    fn offer_promising(&self, sieve: Sieve, unit: &[f32], best: &mut Best) {
        for (bound, (place, row)) in sieve.into_promising() {
            if bound < best.least() {
                break;
            }
            if let Some(block) = self.blocks.get(place) {
                block.offer(row, unit, self.dot, best);
            }
        }
    }

    /// The `k` most similar living points by comparing every one of them: what [`TimeIndex::search`] is measured by.
    ///
    /// # Errors
    /// When the vector does not fit or has no direction.
    pub fn search_exactly(&self, vector: &[f32], k: usize, window: Option<(i64, i64)>) -> Result<Vec<Hit>, IndexError> {
        let unit = self.unit(vector)?;
        let mut best = Best::new(k);
        self.blocks
            .iter()
            .for_each(|block| block.search_exactly(&unit, window, self.dot, &mut best));
        Ok(best.into_hits())
    }

    /// The unit vector of a living slot.
    pub fn vector(&self, slot: u64) -> Option<&[f32]> {
        let (number, row) = self.places.get(&slot)?;
        self.block(*number).map(|block| block.vector(*row))
    }

    fn block(&self, number: u64) -> Option<&Block> {
        let at = self.blocks.binary_search_by_key(&number, Block::number).ok()?;
        self.blocks.get(at)
    }

    /// Takes a point out: it is never found again. Its place is freed when its block is forgotten. `false` when there
    /// was no such slot.
    pub fn remove(&mut self, slot: u64) -> bool {
        let Some((number, row)) = self.places.remove(&slot) else {
            return false;
        };
        if let Some(block) = self.blocks.iter_mut().find(|block| block.number() == number) {
            block.bury(row);
        }
        true
    }

    /// Drops every full block whose newest living point is older than `time` (Unix seconds), and every full block with
    /// no living point. Undated points go with their block; a block of nothing but undated points counts as old as
    /// the block before it. Returns how many living points were dropped.
    pub fn forget_before(&mut self, time: i64) -> usize {
        let before = self.places.len();
        let mut newest_so_far = None;
        let places = &mut self.places;
        self.blocks.retain(|block| {
            newest_so_far = block.newest().or(newest_so_far);
            let keep = !block.is_full() || (block.living() > 0 && newest_so_far.is_none_or(|newest| newest >= time));
            if !keep {
                block.living_slots().for_each(|slot| {
                    places.remove(&slot);
                });
            }
            keep
        });
        before - self.places.len()
    }

    /// Numbers of a vector.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// Living points.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there is no living point.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Bytes of vectors, graphs and the like that the index holds (the table of slots not counted).
    pub fn bytes(&self) -> usize {
        self.blocks.iter().map(Block::bytes).sum()
    }

    /// Blocks whose saved graph was damaged and that [`TimeIndex::load`] built again from their vectors.
    pub fn rebuilt(&self) -> &[u64] {
        &self.rebuilt
    }

    /// Writes the index into the folder `dir`, which is created if need be. What has not changed since it was last
    /// written there is left alone. A save that is interrupted leaves the one before it intact.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn save(&self, dir: &Path) -> Result<(), IndexError> {
        disk::save(self, dir)
    }

    /// Reads what [`TimeIndex::save`] wrote. Searching and inserting go on exactly as they would have without the
    /// interruption. A graph that is damaged is built again.
    ///
    /// # Errors
    /// When the folder cannot be read, something that cannot be made again is damaged, or it was saved with other
    /// settings: the index has to be rebuilt from the store then.
    pub fn load(dir: &Path, dimension: usize, settings: &Settings) -> Result<Self, IndexError> {
        disk::load(dir, dimension, settings)
    }

    /// As [`TimeIndex::save`], but keeps nothing that says which files belong together: that is the answer.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn save_files(&self, dir: &Path) -> Result<Saved, IndexError> {
        disk::save_files(self, dir)
    }

    /// Reads what [`TimeIndex::save_files`] wrote.
    ///
    /// # Errors
    /// As [`TimeIndex::load`].
    pub fn load_files(dir: &Path, saved: &Saved, dimension: usize, settings: &Settings) -> Result<Self, IndexError> {
        disk::load_files(dir, saved, dimension, settings)
    }

    /// The blocks, oldest first: number, whether it is full, and slots in order of insertion, removed ones too.
    pub fn blocks(&self) -> impl Iterator<Item = (u64, bool, &[u64])> {
        let blocks = self.blocks.iter();
        blocks.map(|block| (block.number(), block.is_full(), block.points().slots.as_slice()))
    }

    /// The vector at unit length.
    fn unit(&self, vector: &[f32]) -> Result<Vec<f32>, IndexError> {
        if vector.len() != self.dimension {
            return Err(IndexError::Dimension {
                expected: self.dimension,
                got: vector.len(),
            });
        }
        let norm = vector.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>().sqrt();
        if !norm.is_finite() {
            return Err(IndexError::NoDirection("with a number that is not finite"));
        }
        if norm < f64::from(f32::MIN_POSITIVE) {
            return Err(IndexError::NoDirection("of length zero"));
        }
        Ok(vector.iter().map(|x| (f64::from(*x) / norm) as f32).collect())
    }
}

/// Whether a block's graph is to be used: exactly when two newer blocks have been begun.
fn is_sealed(number: u64, newest: u64) -> bool {
    newest.saturating_sub(number) >= 2
}
