//! One block: points, their order in time, those of them that were removed and, once it is full, its graph.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};

use super::Settings;
use super::ahead::Asked;
use super::best::Best;
use super::codes::Sieve;
use super::dot::Dot;
use super::graph::{Graph, Layer};
use super::points::{Points, TimeOrder, Window, admits};

/// Rows whose codes are compared with one question after the other: few enough to stay in a core's nearest cache.
const TILE: usize = 64;

/// What is looked for, and how.
#[derive(Debug, Clone, Copy)]
pub(super) struct Search<'a> {
    pub(super) unit: &'a [f32],
    pub(super) k: usize,
    pub(super) window: Option<Window>,
    pub(super) settings: &'a Settings,
    pub(super) dot: Dot,
}

/// A graph that is there, or will be when its builder is done; `None` in it means that building failed, and the block
/// is compared exactly for good.
pub(super) type Promise = Arc<OnceLock<Option<Graph>>>;

#[derive(Debug)]
pub(super) struct Block {
    number: u64,
    points: Arc<Points>,
    dead: Vec<bool>,
    living: usize,
    order: TimeOrder,
    /// Its graph, once it is full, should graphs be used at all.
    graph: Option<Promise>,
    is_full: bool,
    /// The name under which the points were last written, if they have not changed since.
    pub(super) saved: OnceLock<String>,
}

impl Block {
    pub(super) fn open(number: u64, dimension: usize) -> Self {
        let points = Arc::new(Points::new(dimension));
        Self {
            number,
            points,
            dead: Vec::new(),
            living: 0,
            order: TimeOrder::default(),
            graph: None,
            is_full: false,
            saved: OnceLock::new(),
        }
    }

    /// A block as it was saved. `graph` is what was read of its graph; without one it is built, if graphs are used: at
    /// once when it is `sealed` and so needed, else in the background.
    pub(super) fn restore(
        number: u64,
        points: Points,
        dead_rows: &[usize],
        graph: Option<Graph>,
        sealed: bool,
        settings: &Settings,
        dot: Dot,
    ) -> Self {
        let mut dead = vec![false; points.len()];
        for row in dead_rows {
            if let Some(mark) = dead.get_mut(*row) {
                *mark = true;
            }
        }
        let living = dead.iter().filter(|dead| !**dead).count();
        let is_full = points.len() >= settings.block_size();
        let (order, points) = (TimeOrder::of(&points), Arc::new(points));
        let graph = (is_full && settings.uses_graphs()).then(|| match graph {
            Some(graph) => Arc::new(OnceLock::from(Some(graph))),
            None => promise_graph(&points, settings, dot),
        });
        if let Some(graph) = graph.as_ref().filter(|_| sealed) {
            graph.wait();
        }
        Self {
            number,
            points,
            dead,
            living,
            order,
            graph,
            is_full,
            saved: OnceLock::new(),
        }
    }

    pub(super) fn number(&self) -> u64 {
        self.number
    }

    pub(super) fn is_full(&self) -> bool {
        self.is_full
    }

    pub(super) fn living(&self) -> usize {
        self.living
    }

    pub(super) fn points(&self) -> &Points {
        &self.points
    }

    pub(super) fn vector(&self, row: usize) -> &[f32] {
        self.points.vector(row)
    }

    /// A mark for every row: `true` where the point was removed.
    pub(super) fn dead(&self) -> &[bool] {
        &self.dead
    }

    pub(super) fn dead_rows(&self) -> Vec<usize> {
        self.dead
            .iter()
            .enumerate()
            .filter(|(_, dead)| **dead)
            .map(|(row, _)| row)
            .collect()
    }

    pub(super) fn living_slots(&self) -> impl Iterator<Item = u64> {
        self.points
            .slots
            .iter()
            .zip(&self.dead)
            .filter(|(_, dead)| !**dead)
            .map(|(slot, _)| *slot)
    }

    /// The latest time of a living point.
    pub(super) fn newest(&self) -> Option<i64> {
        self.order.latest(|row| self.is_alive(row))
    }

    /// The finished graph, if there is one by now.
    pub(super) fn graph(&self) -> Option<&Graph> {
        self.graph.as_ref()?.get()?.as_ref()
    }

    /// Returns when the graph is finished.
    pub(super) fn wait(&self) {
        if let Some(graph) = &self.graph {
            graph.wait();
        }
    }

    /// Adds a point and returns its row; the one that fills the block starts the building of its graph, if graphs are used.
    pub(super) fn push(&mut self, slot: u64, unit: &[f32], time: Option<i64>, settings: &Settings, dot: Dot) -> usize {
        let row = self.points.len();
        Arc::make_mut(&mut self.points).push(slot, unit, time);
        self.dead.push(false);
        self.living += 1;
        self.order.insert(row, time);
        self.saved.take();
        self.is_full = self.points.len() >= settings.block_size();
        if self.is_full && settings.uses_graphs() {
            self.graph = Some(promise_graph(&self.points, settings, dot));
        }
        row
    }

    pub(super) fn bury(&mut self, row: usize) {
        if let Some(dead) = self.dead.get_mut(row).filter(|dead| !**dead) {
            *dead = true;
            self.living -= 1;
        }
    }

    /// Offers this block's most similar living points in the window: to `best` where the graph is used (only of a `sealed`
    /// block), else to the sieve. `place` is where this block is in the index.
    pub(super) fn search(&self, search: &Search<'_>, place: usize, sealed: bool, sieve: &mut Sieve, best: &mut Best) {
        let Search { window, dot, .. } = *search;
        let width = search.settings.search.max(search.k).max(16);
        let selected = self.order.count(window);
        let Some(graph) = sealed.then(|| self.graph_for(search, selected, width)).flatten() else {
            // Behind those without a time the newest first: what is most similar is mostly there, and then less of the rest comes
            // through the sieve.
            let rows = self.order.rows(window).rev().filter(|row| self.is_alive(*row));
            return sieve.sift(dot, place, &self.points.codes, rows);
        };
        let whole = selected == self.points.len();
        let admit = |row: usize| {
            let time = self.points.times.get(row).copied().flatten();
            self.is_alive(row) && (whole || admits(window, time))
        };
        for (row, similarity) in graph.search(dot, &self.points, search.unit, width, admit) {
            if let Some(slot) = self.points.slots.get(row) {
                best.offer(*slot, similarity);
            }
        }
    }

    /// Puts this block's living points through the sieves of several questions, in the order in which [`Block::search`] does, each within
    /// its window. `all` is a window around all of theirs.
    pub(super) fn sift_each(&self, all: Option<Window>, place: usize, dot: Dot, asked: &mut [Option<Asked>]) {
        let mut rows = self.order.rows(all).rev().filter(|row| self.is_alive(*row));
        let mut tile = Vec::with_capacity(TILE);
        loop {
            tile.clear();
            tile.extend(rows.by_ref().take(TILE));
            if tile.is_empty() {
                return;
            }
            let span = self.span(&tile);
            for Asked { window, sieve, .. } in asked.iter_mut().flatten() {
                let (is_out, is_in) = match (*window, span) {
                    (None, _) => (false, true),
                    (Some(_), None) => (false, false),
                    (Some((from, to)), Some((first, last))) => (last < from || to < first, from <= first && last <= to),
                };
                if !is_out {
                    let rows = tile.iter().copied();
                    let rows = rows.filter(|row| is_in || self.is_selected(*row, *window));
                    sieve.sift(dot, place, &self.points.codes, rows);
                }
            }
        }
    }

    /// The first and last time of some rows; `None` where one has none.
    fn span(&self, rows: &[usize]) -> Option<Window> {
        let mut times = rows.iter().map(|row| self.points.times.get(*row).copied().flatten());
        let first = times.next()??;
        times.try_fold((first, first), |(first, last), time| {
            Some((first.min(time?), last.max(time?)))
        })
    }

    /// Whether the point of a row lives and is found through a window.
    pub(super) fn is_selected(&self, row: usize, window: Option<Window>) -> bool {
        self.is_alive(row) && admits(window, self.points.times.get(row).copied().flatten())
    }

    /// The graph, if the window selects enough of the block for it to pay.
    fn graph_for(&self, search: &Search<'_>, selected: usize, width: usize) -> Option<&Graph> {
        let share = search.settings.exact_share.clamp(0.0, 1.0) * self.points.len() as f64;
        let few = selected <= width || selected as f64 <= share || self.living as f64 <= share;
        self.graph.as_ref().filter(|_| !few)?.wait().as_ref()
    }

    /// Offers this block's living points in the window, compared one by one.
    pub(super) fn search_exactly(&self, unit: &[f32], window: Option<Window>, dot: Dot, best: &mut Best) {
        for row in self.order.rows(window).filter(|row| self.is_alive(*row)) {
            self.offer(row, unit, dot, best);
        }
    }

    /// Offers the point of a row, compared exactly.
    pub(super) fn offer(&self, row: usize, unit: &[f32], dot: Dot, best: &mut Best) {
        if let Some(slot) = self.points.slots.get(row) {
            best.offer(*slot, dot.of(unit, self.points.vector(row)));
        }
    }

    fn is_alive(&self, row: usize) -> bool {
        self.dead.get(row) == Some(&false)
    }

    pub(super) fn bytes(&self) -> usize {
        let layer = |layer: &Layer| layer.nodes.len() * 2 + layer.starts.len() * 4 + layer.links.len() * 2;
        let graph = self.graph().map_or(0, |graph| graph.layers.iter().map(layer).sum());
        // Slot, time, order in time and the mark of the dead: 8, 16, 16 and 1 bytes.
        self.points.vectors.len() * 4 + self.points.codes.bytes() + self.points.len() * 41 + graph
    }
}

/// Starts a thread that builds the graph. Should it be impossible to start one, the graph is built here and now.
fn promise_graph(points: &Arc<Points>, settings: &Settings, dot: Dot) -> Promise {
    let promise = Promise::default();
    let builder = {
        let (points, settings, promise) = (Arc::clone(points), settings.clone(), Arc::clone(&promise));
        move || fulfil(&promise, &points, &settings, dot)
    };
    if let Err(error) = std::thread::Builder::new()
        .name("index-builder".to_owned())
        .spawn(builder)
    {
        tracing::warn!(%error, "no thread for building a graph; building it in place");
        fulfil(&promise, points, settings, dot);
    }
    promise
}

fn fulfil(promise: &Promise, points: &Points, settings: &Settings, dot: Dot) {
    // `hnsw_rs` asserts a good deal; a block that it cannot build must stay searchable all the same.
    let graph = catch_unwind(AssertUnwindSafe(|| Graph::build(points, settings, dot))).ok();
    if graph.is_none() {
        tracing::error!(
            points = points.len(),
            "building a block's graph failed; the block is compared exactly instead"
        );
    }
    let _ = promise.set(graph);
}
