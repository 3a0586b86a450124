//! The graph of one full block: built once by `hnsw_rs`, then flattened and never changed.
//!
//! `hnsw_rs` keeps every edge and vector in a counted allocation of its own (4 to 6 kB a point), reads its dumps back
//! through a loader that must outlive the graph, and ends the process on some of their defects. A full block needs none of
//! that: its edges fit 16-bit row numbers, in a few flat columns that are searched in place and written as they are. The
//! search is algorithm 5 of Malkov and Yashunin (2016), descending each upper layer until nothing is nearer.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use hnsw_rs::prelude::Hnsw;

use super::Settings;
use super::dot::Dot;
use super::points::Points;

/// Layers that `hnsw_rs` may use; with 16 or more links a block never reaches a tenth.
const LAYERS: usize = 16;

/// Edges of one layer: the links of `nodes[i]` are `links[starts[i]..starts[i + 1]]`.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Layer {
    /// Rows with links in this layer, ascending.
    pub(super) nodes: Vec<u16>,
    pub(super) starts: Vec<u32>,
    pub(super) links: Vec<u16>,
}

impl Layer {
    fn of(lists: &[Vec<u16>]) -> Self {
        let mut layer = Self {
            starts: vec![0],
            ..Self::default()
        };
        for (row, list) in (0u16..=u16::MAX).zip(lists) {
            if !list.is_empty() {
                layer.nodes.push(row);
                layer.links.extend_from_slice(list);
                layer.starts.push(layer.links.len() as u32);
            }
        }
        layer
    }

    fn links(&self, row: u16) -> &[u16] {
        // The base layer holds every row, so its place is mostly the row itself.
        let place = match self.nodes.get(usize::from(row)) {
            Some(node) if *node == row => usize::from(row),
            _ => match self.nodes.binary_search(&row) {
                Ok(place) => place,
                Err(_) => return &[],
            },
        };
        match self.starts.get(place..place + 2) {
            Some(&[start, end]) => self.links.get(start as usize..end as usize).unwrap_or_default(),
            _ => &[],
        }
    }

    /// Whether every number in it points at something that is there.
    pub(super) fn is_sound(&self, rows: usize) -> bool {
        let in_rows = |row: &u16| usize::from(*row) < rows;
        self.nodes.is_sorted()
            && self.nodes.iter().all(in_rows)
            && self.links.iter().all(in_rows)
            && self.starts.len() == self.nodes.len() + 1
            && self.starts.is_sorted()
            && self.starts.last().is_some_and(|end| *end as usize == self.links.len())
    }
}

/// A finished graph over the rows of one block.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Graph {
    pub(super) entry: u16,
    /// From the base layer, which holds every row, upwards.
    pub(super) layers: Vec<Layer>,
}

/// A row and its similarity, ordered by similarity and then by lower row.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Near(f32, u16);

impl Eq for Near {}

impl Ord for Near {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0).then(other.1.cmp(&self.1))
    }
}

impl PartialOrd for Near {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Graph {
    /// Builds the graph, one point after the other in order of insertion: `hnsw_rs` draws its layers from a fixed seed,
    /// so the same points give the same graph. Takes seconds for a block; meant for a background thread.
    pub(super) fn build(points: &Points, settings: &Settings, dot: Dot) -> Self {
        let connections = settings.connections.clamp(4, 255);
        let hnsw = Hnsw::<f32, Dot>::new(connections, points.len(), LAYERS, settings.construction.max(16), dot);
        for row in 0..points.len() {
            hnsw.insert_slice((points.vector(row), row));
        }
        let top = usize::from(hnsw.get_max_level_observed());
        let mut lists = vec![vec![Vec::new(); points.len()]; top + 1];
        let mut entry = u16::MAX;
        let indexation = hnsw.get_point_indexation();
        for level in 0..=top {
            for point in indexation.get_layer_iterator(level) {
                let row = point.get_origin_id();
                if level == top {
                    entry = entry.min(row as u16);
                }
                // Links above a point's own level are `hnsw_rs`'s own bookkeeping.
                for (neighbours, layer) in point.get_neighborhood_id().iter().zip(&mut lists).take(level + 1) {
                    if let Some(list) = layer.get_mut(row) {
                        *list = neighbours
                            .iter()
                            .map(|neighbour| neighbour.get_origin_id() as u16)
                            .collect();
                    }
                }
            }
        }
        if let Some(base) = lists.first_mut() {
            reach_every_row(base, entry);
        }
        Self {
            entry,
            layers: lists.iter().map(|lists| Layer::of(lists)).collect(),
        }
    }

    /// Finds about the `width` rows most similar to `vector` among those that `admit` lets through. Others are walked
    /// over but not returned, so a filter costs time and not recall.
    pub(super) fn search(
        &self,
        dot: Dot,
        points: &Points,
        vector: &[f32],
        width: usize,
        admit: impl Fn(usize) -> bool,
    ) -> impl Iterator<Item = (usize, f32)> {
        let near = |row: u16| Near(dot.of(vector, points.vector(usize::from(row))), row);
        let mut start = near(self.entry);
        for layer in self.layers.iter().skip(1).rev() {
            while let Some(nearer) = layer
                .links(start.1)
                .iter()
                .map(|row| near(*row))
                .max()
                .filter(|n| *n > start)
            {
                start = nearer;
            }
        }
        let mut seen = vec![false; points.len()];
        let mut candidates = BinaryHeap::from([start]);
        let mut found: BinaryHeap<Reverse<Near>> = BinaryHeap::with_capacity(width + 1);
        if let Some(mark) = seen.get_mut(usize::from(start.1)) {
            *mark = true;
        }
        if admit(usize::from(start.1)) {
            found.push(Reverse(start));
        }
        while let Some(candidate) = candidates.pop() {
            let full = found.len() >= width;
            if full && found.peek().is_some_and(|Reverse(worst)| candidate < *worst) {
                break;
            }
            for row in self
                .layers
                .first()
                .map(|base| base.links(candidate.1))
                .unwrap_or_default()
            {
                match seen.get_mut(usize::from(*row)) {
                    Some(mark) if !*mark => *mark = true,
                    _ => continue,
                }
                let next = near(*row);
                if found.len() >= width && found.peek().is_some_and(|Reverse(worst)| next < *worst) {
                    continue;
                }
                candidates.push(next);
                if admit(usize::from(*row)) {
                    found.push(Reverse(next));
                    if found.len() > width {
                        found.pop();
                    }
                }
            }
        }
        found
            .into_iter()
            .map(|Reverse(Near(similarity, row))| (usize::from(row), similarity))
    }

    /// Whether every number in it points at something that is there.
    pub(super) fn is_sound(&self, rows: usize) -> bool {
        usize::from(self.entry) < rows
            && !self.layers.is_empty()
            && self.layers.iter().all(|layer| layer.is_sound(rows))
    }
}

/// Dense stories push each other's links out of `hnsw_rs`'s graph, until some rows can no longer be reached. Each such
/// row gets a link from one that it links to itself; a group without any way in, from the entry.
fn reach_every_row(base: &mut [Vec<u16>], entry: u16) {
    let mut reached = vec![false; base.len()];
    walk(base, entry, &mut reached);
    loop {
        let is_reached = |row: u16| reached.get(usize::from(row)).copied().unwrap_or(true);
        let lost = (0u16..=u16::MAX).zip(base.iter()).filter(|(row, _)| !is_reached(*row));
        let way_in = |links: &Vec<u16>| links.iter().copied().find(|link| is_reached(*link));
        let mut first = None;
        let found = lost
            .inspect(|(row, _)| {
                first.get_or_insert(*row);
            })
            .find_map(|(row, links)| way_in(links).map(|from| (from, row)));
        let Some((from, row)) = found.or(first.map(|row| (entry, row))) else {
            return;
        };
        if let Some(list) = base.get_mut(usize::from(from)) {
            list.push(row);
        }
        walk(base, row, &mut reached);
    }
}

fn walk(base: &[Vec<u16>], from: u16, reached: &mut [bool]) {
    let mut queue = VecDeque::from([from]);
    while let Some(row) = queue.pop_front() {
        match reached.get_mut(usize::from(row)) {
            Some(mark) if !*mark => *mark = true,
            _ => continue,
        }
        queue.extend(base.get(usize::from(row)).into_iter().flatten());
    }
}
