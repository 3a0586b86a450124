//! The saved form of the index.
//!
//! One folder: for every block a file of its points and, once built, one of its graph, both named after their content
//! (`block-00000012-<digest>.points`), and `manifest.json`, whose first line is the digest of the rest. Every file is
//! written under another name, flushed and renamed, the manifest last; what it does not name is removed after that. So
//! there is always one complete save in the folder, and a block that has not changed is not written again. All
//! numbers are little-endian. Whoever saves the index together with something else keeps the manifest ([`Saved`]) itself.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::block::Block;
use super::codes::Codes;
use super::graph::{Graph, Layer};
use super::points::Points;
use super::{IndexError, Settings, TimeIndex, is_sealed};
use crate::whole::{self, ReadError, digest};

/// Raised whenever an older program could not read what is written, or this one what was.
const FORMAT: usize = 1;
const MANIFEST: &str = "manifest.json";

/// What says which files make up a saved index, and by what settings.
#[derive(Debug, Serialize, Deserialize)]
pub struct Saved {
    format: usize,
    dimension: usize,
    block: usize,
    connections: usize,
    construction: usize,
    /// The number of the next block.
    next: u64,
    blocks: Vec<Entry>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    number: u64,
    points: FileEntry,
    graph: Option<FileEntry>,
    /// Rows that were removed.
    dead: Vec<usize>,
}

#[derive(Debug, Serialize, Deserialize)]
struct FileEntry {
    name: String,
    sha256: String,
}

impl Saved {
    /// Numbers of a vector.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// Names of the files.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        let files = self
            .blocks
            .iter()
            .flat_map(|entry| [Some(&entry.points), entry.graph.as_ref()])
            .flatten();
        files.map(|file| file.name.as_str())
    }

    /// Reads every file against its digest.
    ///
    /// # Errors
    /// Names the first one that is not what was written.
    pub fn verify(&self, dir: &Path) -> Result<(), IndexError> {
        for entry in &self.blocks {
            read_checked(dir, &entry.points)?;
            entry.graph.as_ref().map(|graph| read_checked(dir, graph)).transpose()?;
        }
        Ok(())
    }
}

pub(super) fn save(index: &TimeIndex, dir: &Path) -> Result<(), IndexError> {
    let saved = save_files(index, dir)?;
    let path = dir.join(MANIFEST);
    let json =
        serde_json::to_string_pretty(&saved).map_err(|error| disk("write", &path)(std::io::Error::other(error)))?;
    whole::write(dir, MANIFEST, whole::sealed(&json).as_bytes()).map_err(disk("write", &path))?;
    remove_others(dir, &saved)
}

pub(super) fn save_files(index: &TimeIndex, dir: &Path) -> Result<Saved, IndexError> {
    fs::create_dir_all(dir).map_err(disk("create", dir))?;
    let mut blocks = Vec::with_capacity(index.blocks.len());
    for block in &index.blocks {
        let digest = block.saved.get_or_init(|| digest(&encode_points(block.points())));
        let points = write_content(dir, block.number(), "points", digest, || encode_points(block.points()))?;
        let graph = match block.graph().map(encode_graph) {
            Some(bytes) => Some(write_content(
                dir,
                block.number(),
                "graph",
                &whole::digest(&bytes),
                || bytes,
            )?),
            None => None,
        };
        blocks.push(Entry {
            number: block.number(),
            points,
            graph,
            dead: block.dead_rows(),
        });
    }
    Ok(Saved {
        format: FORMAT,
        dimension: index.dimension,
        block: index.settings.block_size(),
        connections: index.settings.connections,
        construction: index.settings.construction,
        next: index.next,
        blocks,
    })
}

pub(super) fn load(dir: &Path, dimension: usize, settings: &Settings) -> Result<TimeIndex, IndexError> {
    load_files(dir, &read_manifest(dir)?, dimension, settings)
}

pub(super) fn load_files(
    dir: &Path,
    manifest: &Saved,
    dimension: usize,
    settings: &Settings,
) -> Result<TimeIndex, IndexError> {
    for (what, saved, wanted) in [
        ("the format", manifest.format, FORMAT),
        ("the dimension", manifest.dimension, dimension),
        ("blocks of", manifest.block, settings.block_size()),
        ("graph connections of", manifest.connections, settings.connections),
        ("a graph construction of", manifest.construction, settings.construction),
    ] {
        if saved != wanted {
            return Err(IndexError::Incompatible { what, saved, wanted });
        }
    }
    let mut index = TimeIndex::new(dimension, settings);
    index.next = manifest.next;
    let newest = manifest.blocks.last().map_or(0, |entry| entry.number);
    for entry in &manifest.blocks {
        let block = load_block(dir, entry, newest, &mut index)?;
        for (row, (slot, dead)) in block.points().slots.iter().zip(block.dead()).enumerate() {
            if !dead && index.places.insert(*slot, (block.number(), row)).is_some() {
                return Err(damaged(
                    &dir.join(&entry.points.name),
                    format!("slot {slot} is in it a second time"),
                ));
            }
        }
        index.blocks.push(block);
    }
    Ok(index)
}

fn load_block(dir: &Path, entry: &Entry, newest: u64, index: &mut TimeIndex) -> Result<Block, IndexError> {
    let path = dir.join(&entry.points.name);
    let points = decode_points(&read_checked(dir, &entry.points)?, index.dimension)
        .filter(|points| points.len() <= index.settings.block_size())
        .ok_or_else(|| damaged(&path, "its columns do not fit together".to_owned()))?;
    let graph = entry.graph.as_ref().map(|file| {
        let bytes = read_checked(dir, file)?;
        decode_graph(&bytes, points.len())
            .ok_or_else(|| damaged(&dir.join(&file.name), "its columns do not fit together".to_owned()))
    });
    let graph = graph.transpose().unwrap_or_else(|error| {
        tracing::warn!(block = entry.number, %error, "a block's graph is built again from its vectors");
        index.rebuilt.push(entry.number);
        None
    });
    let sealed = is_sealed(entry.number, newest);
    let block = Block::restore(
        entry.number,
        points,
        &entry.dead,
        graph,
        sealed,
        &index.settings,
        index.dot,
    );
    let _ = block.saved.set(entry.points.sha256.clone());
    Ok(block)
}

fn read_manifest(dir: &Path) -> Result<Saved, IndexError> {
    let path = dir.join(MANIFEST);
    let bytes = fs::read(&path).map_err(disk("read", &path))?;
    let json = whole::unsealed(&bytes).map_err(of_reading(&path))?;
    serde_json::from_str(json).map_err(|error| damaged(&path, error.to_string()))
}

fn read_checked(dir: &Path, file: &FileEntry) -> Result<Vec<u8>, IndexError> {
    let path = dir.join(&file.name);
    whole::read(&path, &file.sha256).map_err(of_reading(&path))
}

fn of_reading(path: &Path) -> impl Fn(ReadError) -> IndexError {
    move |error| match error {
        ReadError::Damaged(reason) => damaged(path, reason.to_owned()),
        ReadError::Disk(error) => disk("read", path)(error),
    }
}

/// Writes a file that is named after its content, unless it is there already with the right length.
fn write_content(
    dir: &Path,
    number: u64,
    kind: &str,
    sha256: &str,
    content: impl FnOnce() -> Vec<u8>,
) -> Result<FileEntry, IndexError> {
    let name = format!("block-{number:08}-{}.{kind}", sha256.get(..16).unwrap_or(sha256));
    if !dir.join(&name).exists() {
        whole::write(dir, &name, &content()).map_err(disk("write", &dir.join(&name)))?;
    }
    Ok(FileEntry {
        name,
        sha256: sha256.to_owned(),
    })
}

/// Removes the files of ours that the manifest does not name.
fn remove_others(dir: &Path, saved: &Saved) -> Result<(), IndexError> {
    let named: BTreeSet<&str> = saved.files().collect();
    for entry in fs::read_dir(dir).map_err(disk("list", dir))? {
        let entry = entry.map_err(disk("list", dir))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let ours = name.ends_with(".points") || name.ends_with(".graph") || name.ends_with(whole::UNFINISHED);
        if name.starts_with("block-") && ours && !named.contains(name.as_str()) {
            fs::remove_file(entry.path()).map_err(disk("remove", &entry.path()))?;
        }
    }
    Ok(())
}

fn disk(action: &'static str, path: &Path) -> impl Fn(std::io::Error) -> IndexError {
    let path = path.to_owned();
    move |source| IndexError::Disk {
        action,
        path: path.clone(),
        source,
    }
}

fn damaged(path: &Path, reason: String) -> IndexError {
    IndexError::Damaged {
        path: path.to_owned(),
        reason,
    }
}

/// Slots, times (with a column that says which there are) and vectors, after their number.
fn encode_points(points: &Points) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(8 + points.len() * 17 + points.vectors.len() * 4);
    bytes.extend((points.len() as u64).to_le_bytes());
    points.slots.iter().for_each(|slot| bytes.extend(slot.to_le_bytes()));
    points
        .times
        .iter()
        .for_each(|time| bytes.push(u8::from(time.is_some())));
    points
        .times
        .iter()
        .for_each(|time| bytes.extend(time.unwrap_or_default().to_le_bytes()));
    points
        .vectors
        .iter()
        .for_each(|number| bytes.extend(number.to_le_bytes()));
    bytes
}

fn decode_points(bytes: &[u8], dimension: usize) -> Option<Points> {
    let mut reader = Reader(bytes);
    let len = usize::try_from(u64::from_le_bytes(reader.number()?)).ok()?;
    let slots = reader.column(len, u64::from_le_bytes)?;
    let dated = reader.column(len, |byte: [u8; 1]| byte == [1])?;
    let times = reader.column(len, i64::from_le_bytes)?;
    let vectors = reader.column(len.checked_mul(dimension)?, f32::from_le_bytes)?;
    let times = times
        .into_iter()
        .zip(dated)
        .map(|(time, dated)| dated.then_some(time))
        .collect();
    if !reader.0.is_empty() {
        return None;
    }
    let mut codes = Codes::default();
    vectors
        .chunks_exact(dimension.max(1))
        .for_each(|vector| codes.push(vector));
    Some(Points {
        dimension,
        vectors,
        slots,
        times,
        codes,
    })
}

/// The entry, the number of layers, and for each layer its three columns after their lengths.
fn encode_graph(graph: &Graph) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend(graph.entry.to_le_bytes());
    bytes.extend((graph.layers.len() as u32).to_le_bytes());
    for layer in &graph.layers {
        bytes.extend((layer.nodes.len() as u32).to_le_bytes());
        bytes.extend((layer.links.len() as u32).to_le_bytes());
        layer.nodes.iter().for_each(|node| bytes.extend(node.to_le_bytes()));
        layer.starts.iter().for_each(|start| bytes.extend(start.to_le_bytes()));
        layer.links.iter().for_each(|link| bytes.extend(link.to_le_bytes()));
    }
    bytes
}

fn decode_graph(bytes: &[u8], rows: usize) -> Option<Graph> {
    let mut reader = Reader(bytes);
    let entry = u16::from_le_bytes(reader.number()?);
    let count = u32::from_le_bytes(reader.number()?);
    let mut layers = Vec::new();
    for _ in 0..count {
        let nodes = u32::from_le_bytes(reader.number()?) as usize;
        let links = u32::from_le_bytes(reader.number()?) as usize;
        layers.push(Layer {
            nodes: reader.column(nodes, u16::from_le_bytes)?,
            starts: reader.column(nodes.checked_add(1)?, u32::from_le_bytes)?,
            links: reader.column(links, u16::from_le_bytes)?,
        });
    }
    let graph = Graph { entry, layers };
    (reader.0.is_empty() && graph.is_sound(rows)).then_some(graph)
}

/// What is still to be read; answers `None` where there is too little.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn number<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (number, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*number)
    }

    fn column<const N: usize, T>(&mut self, len: usize, read: impl Fn([u8; N]) -> T) -> Option<Vec<T>> {
        let (column, rest) = self.0.split_at_checked(len.checked_mul(N)?)?;
        self.0 = rest;
        Some(column.as_chunks::<N>().0.iter().map(|number| read(*number)).collect())
    }
}
