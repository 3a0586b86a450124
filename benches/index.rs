//! How well and how fast does the index find neighbours, and what does it cost?
//!
//! `cargo bench --bench index -- [VECTORS.npy…] [--points 20000,100000] [--connections 24 --construction 200 --search 64]`
//! prints one table. The files hold raw sentence vectors, float32 in C order; their mean is subtracted. Without files vectors are
//! made (examples/shared/news.rs) and only the sizes asked for are measured, on news made from them. The largest
//! size that the files fill is measured on them alone (every tenth vector asks and is not stored); larger sizes on
//! vectors made from them like news: stories in bursts, each around a real vector, one in twenty-five an exact copy.
//! With `--features peers` usearch and hnsw_rs's own single graph stand beside it.

use std::collections::HashMap;
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use silsila::index::{Hit, Settings, TimeIndex};

const K: usize = 10;
const QUERIES: usize = 500;
/// Seconds between two articles: ten thousand a day.
const SECONDS_APART: i64 = 9;
const HOUR: i64 = 3600;

/// Vectors that are made when no file is given.
const MADE: usize = 12_000;

#[path = "../examples/shared/news.rs"]
mod made;

type Failure = Box<dyn std::error::Error>;

/// A point, in order of arrival.
struct Point {
    vector: Vec<f32>,
    time: i64,
}

struct Workload {
    name: String,
    stored: Vec<Point>,
    asking: Vec<Point>,
}

/// One way of finding neighbours.
trait Finder {
    fn name(&self) -> String;
    fn insert(&mut self, slot: u64, point: &Point) -> Result<(), Failure>;
    fn find(&self, vector: &[f32], window: Option<(i64, i64)>) -> Result<Vec<u64>, Failure>;
    fn bytes(&self) -> usize;
}

struct Ours(TimeIndex);

impl Finder for Ours {
    fn name(&self) -> String {
        "silsila::index".to_owned()
    }
    fn insert(&mut self, slot: u64, point: &Point) -> Result<(), Failure> {
        Ok(self.0.insert(slot, &point.vector, Some(point.time))?)
    }
    fn find(&self, vector: &[f32], window: Option<(i64, i64)>) -> Result<Vec<u64>, Failure> {
        Ok(self.0.search(vector, K, window)?.iter().map(|hit| hit.slot).collect())
    }
    fn bytes(&self) -> usize {
        self.0.bytes()
    }
}

#[cfg(feature = "peers")]
mod peers {
    use hnsw_rs::prelude::{DistDot, Hnsw};
    use usearch::{Index, IndexOptions, MetricKind, ScalarKind};

    use super::{Failure, Finder, K, Point, Settings};

    /// usearch: one graph over everything, the window as a filter.
    pub struct Usearch {
        pub index: Index,
        pub times: Vec<i64>,
    }

    impl Usearch {
        pub fn new(dimension: usize, points: usize, settings: &Settings) -> Result<Self, Failure> {
            let index = Index::new(&IndexOptions {
                dimensions: dimension,
                metric: MetricKind::IP,
                quantization: ScalarKind::F32,
                connectivity: settings.connections,
                expansion_add: settings.construction,
                expansion_search: settings.search,
                ..IndexOptions::default()
            })?;
            index.reserve(points)?;
            Ok(Self {
                index,
                times: Vec::new(),
            })
        }
    }

    impl Finder for Usearch {
        fn name(&self) -> String {
            "usearch".to_owned()
        }
        fn insert(&mut self, slot: u64, point: &Point) -> Result<(), Failure> {
            self.times.push(point.time);
            Ok(self.index.add(slot, &point.vector)?)
        }
        fn find(&self, vector: &[f32], window: Option<(i64, i64)>) -> Result<Vec<u64>, Failure> {
            let Some((from, to)) = window else {
                return Ok(self.index.search(vector, K)?.keys);
            };
            let inside = |slot: u64| (from..=to).contains(&self.times[slot as usize]);
            Ok(self.index.filtered_search(vector, K, inside)?.keys)
        }
        fn bytes(&self) -> usize {
            self.index.memory_usage()
        }
    }

    /// hnsw_rs: one graph over everything, searched by itself, the window as a filter.
    pub struct Plain {
        pub graph: Hnsw<'static, f32, DistDot>,
        pub times: Vec<i64>,
        pub width: usize,
    }

    impl Plain {
        pub fn new(points: usize, settings: &Settings) -> Self {
            let graph = Hnsw::new(settings.connections, points, 16, settings.construction, DistDot);
            Self {
                graph,
                times: Vec::new(),
                width: settings.search,
            }
        }
    }

    impl Finder for Plain {
        fn name(&self) -> String {
            "hnsw_rs, one graph".to_owned()
        }
        fn insert(&mut self, slot: u64, point: &Point) -> Result<(), Failure> {
            self.times.push(point.time);
            self.graph.insert_slice((&point.vector, slot as usize));
            Ok(())
        }
        fn find(&self, vector: &[f32], window: Option<(i64, i64)>) -> Result<Vec<u64>, Failure> {
            let found = match window {
                None => self.graph.search(vector, K, self.width),
                Some((from, to)) => {
                    let inside = |slot: &usize| (from..=to).contains(&self.times[*slot]);
                    self.graph.search_filter(vector, K, self.width, Some(&inside))
                }
            };
            Ok(found.iter().map(|neighbour| neighbour.d_id as u64).collect())
        }
        /// Not told by the library.
        fn bytes(&self) -> usize {
            0
        }
    }
}

fn main() -> Result<(), Failure> {
    let (mut files, mut sizes) = (Vec::new(), Vec::new());
    let mut settings = silsila::config::Settings::load(None)?.index;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "--bench" => {}
            "--points" => sizes = value()?.split(',').map(str::parse).collect::<Result<_, _>>()?,
            "--connections" => settings.connections = value()?.parse()?,
            "--construction" => settings.construction = value()?.parse()?,
            "--search" => settings.search = value()?.parse()?,
            "--block" => settings.block = value()?.parse()?,
            _ => files.push(argument),
        }
    }
    if files.is_empty() && sizes.is_empty() {
        println!("give .npy files of sentence vectors, or --points: cargo bench --bench index -- --points 20000");
        return Ok(());
    }
    let mut vectors = Vec::new();
    if files.is_empty() {
        vectors.extend(made::vectors().take(MADE));
    }
    for file in &files {
        vectors.extend(read_npy(Path::new(file))?);
    }
    centre(&mut vectors);
    println!("{settings:?}, k = {K}, {QUERIES} questions, one thread\n");
    println!("| vectors | index | insert/s | bytes a point | all: recall, µs | 1.5 days | 6 hours |");
    println!("| --- | --- | ---: | ---: | --- | --- | --- |");
    let mut workloads = Vec::new();
    if !files.is_empty() {
        workloads.push(real(&vectors));
    }
    workloads.extend(sizes.into_iter().map(|size| news(&vectors, size)));
    for workload in &workloads {
        measure(workload, &settings)?;
    }
    Ok(())
}

fn measure(workload: &Workload, settings: &Settings) -> Result<(), Failure> {
    let dimension = workload.stored.first().map_or(0, |point| point.vector.len());
    let mut finders: Vec<Box<dyn Finder>> = vec![Box::new(Ours(TimeIndex::new(dimension, settings)))];
    #[cfg(feature = "peers")]
    finders.extend([
        Box::new(peers::Usearch::new(dimension, workload.stored.len(), settings)?) as Box<dyn Finder>,
        Box::new(peers::Plain::new(workload.stored.len(), settings)),
    ]);
    let truth = Truth::new(workload, dimension, settings)?;
    for finder in &mut finders {
        let start = Instant::now();
        for (slot, point) in (0u64..).zip(&workload.stored) {
            finder.insert(slot, point)?;
        }
        let rate = workload.stored.len() as f64 / start.elapsed().as_secs_f64();
        // What builds in the background is waited for, so that it does not disturb the questions.
        std::thread::sleep(std::time::Duration::from_secs(if rate > 20_000.0 { 0 } else { 10 }));
        let cells: Vec<String> = [None, Some(36 * HOUR), Some(6 * HOUR)]
            .into_iter()
            .map(|hours| ask(workload, finder.as_ref(), &truth, hours))
            .collect::<Result<_, _>>()?;
        let bytes = finder.bytes() / workload.stored.len();
        let bytes = if bytes == 0 {
            "not told".to_owned()
        } else {
            bytes.to_string()
        };
        println!(
            "| {} | {} | {rate:.0} | {bytes} | {} |",
            workload.name,
            finder.name(),
            cells.join(" | ")
        );
    }
    Ok(())
}

/// The true neighbours, from blocks that are never full and so have no graph.
struct Truth(Vec<TimeIndex>);

impl Truth {
    const PART: usize = 60_000;

    fn new(workload: &Workload, dimension: usize, settings: &Settings) -> Result<Self, Failure> {
        let settings = Settings {
            block: Self::PART + 1,
            ..settings.clone()
        };
        let mut parts = Vec::new();
        for (number, points) in workload.stored.chunks(Self::PART).enumerate() {
            let mut part = TimeIndex::new(dimension, &settings);
            for (row, point) in points.iter().enumerate() {
                part.insert((number * Self::PART + row) as u64, &point.vector, Some(point.time))?;
            }
            parts.push(part);
        }
        Ok(Self(parts))
    }

    fn find(&self, vector: &[f32], window: Option<(i64, i64)>) -> Result<Vec<Hit>, Failure> {
        let mut hits = Vec::new();
        for part in &self.0 {
            hits.extend(part.search_exactly(vector, K, window)?);
        }
        hits.sort_by(|a, b| b.similarity.total_cmp(&a.similarity));
        hits.truncate(K);
        Ok(hits)
    }
}

/// Recall (equals count as found) and microseconds a question; the window reaches back `seconds` from the question.
fn ask(workload: &Workload, finder: &dyn Finder, truth: &Truth, seconds: Option<i64>) -> Result<String, Failure> {
    let (mut wanted, mut found, mut spent) = (0, 0, 0.0);
    for point in &workload.asking {
        let window = seconds.map(|seconds| (point.time - seconds, point.time));
        let best = truth.find(&point.vector, window)?;
        let start = Instant::now();
        let slots = black_box(finder.find(&point.vector, window)?);
        spent += start.elapsed().as_secs_f64();
        let Some(worst) = best.last() else { continue };
        let similarity: HashMap<u64, f32> = slots
            .iter()
            .filter_map(|slot| workload.stored.get(*slot as usize).map(|other| (*slot, &other.vector)))
            .map(|(slot, vector)| (slot, dot(vector, &point.vector)))
            .collect();
        wanted += best.len();
        found += similarity
            .values()
            .filter(|value| **value >= worst.similarity - 1e-5)
            .count()
            .min(best.len());
    }
    let questions = workload.asking.len() as f64;
    Ok(format!(
        "{:.4}, {:.0}",
        f64::from(found as u32) / f64::from(wanted as u32),
        spent / questions * 1e6
    ))
}

/// The real vectors themselves; every so many of them asks.
fn real(vectors: &[Vec<f32>]) -> Workload {
    let every = (vectors.len() / QUERIES).max(2);
    let (mut stored, mut asking) = (Vec::new(), Vec::new());
    for (i, vector) in vectors.iter().enumerate() {
        let point = Point {
            vector: vector.clone(),
            time: i as i64 * SECONDS_APART,
        };
        if i % every == every - 1 {
            asking.push(point)
        } else {
            stored.push(point)
        }
    }
    Workload {
        name: format!("real, {}", stored.len()),
        stored,
        asking,
    }
}

/// Vectors made like news: at any time some four hundred stories run, old ones end, popular ones grow faster; an article
/// is its story's real vector plus noise (cosine .75 to .97 to it), or an exact copy of a recent article.
fn news(vectors: &[Vec<f32>], points: usize) -> Workload {
    let mut random = Random(7);
    let mut running: Vec<usize> = (0..400).map(|_| random.below(vectors.len())).collect();
    let mut stored: Vec<Point> = Vec::with_capacity(points);
    let mut asking = Vec::new();
    let every = (points / QUERIES).max(2);
    let mut arrival = 0;
    while stored.len() < points {
        if random.unit() < 0.06 {
            let ending = random.below(running.len());
            running[ending] = random.below(vectors.len());
        }
        let rank = (running.len() as f64).powf(random.unit()) as usize - 1;
        let mut vector = vectors[running[rank.min(running.len() - 1)]].clone();
        let spread = 0.25 + 0.6 * random.unit();
        let noise: Vec<f64> = vector.iter().map(|_| random.bell()).collect();
        let norm = noise.iter().map(|x| x * x).sum::<f64>().sqrt();
        vector
            .iter_mut()
            .zip(&noise)
            .for_each(|(x, noise)| *x += (spread * noise / norm) as f32);
        normalise(&mut vector);
        if random.unit() < 0.04 && stored.len() > 500 {
            vector = stored[stored.len() - 1 - random.below(500)].vector.clone();
        }
        arrival += 1;
        let point = Point {
            vector,
            time: arrival * SECONDS_APART,
        };
        if (arrival as usize).is_multiple_of(every) && asking.len() < QUERIES {
            asking.push(point)
        } else {
            stored.push(point)
        }
    }
    Workload {
        name: format!("like news, {points}"),
        stored,
        asking,
    }
}

/// SplitMix64: the same workload on every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        x ^ (x >> 31)
    }
    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
    fn below(&mut self, end: usize) -> usize {
        (self.unit() * end as f64) as usize
    }
    fn bell(&mut self) -> f64 {
        (0..6).map(|_| self.unit()).sum::<f64>() - 3.0
    }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

fn normalise(vector: &mut [f32]) {
    let norm = dot(vector, vector).sqrt();
    vector.iter_mut().for_each(|x| *x /= norm);
}

fn centre(vectors: &mut [Vec<f32>]) {
    let mut mean = vec![0.0f32; vectors.first().map_or(0, Vec::len)];
    for vector in vectors.iter() {
        mean.iter_mut()
            .zip(vector)
            .for_each(|(mean, x)| *mean += x / vectors.len() as f32);
    }
    for vector in vectors {
        vector.iter_mut().zip(&mean).for_each(|(x, mean)| *x -= mean);
        normalise(vector);
    }
}

/// Reads a float32 matrix in C order, or a flat row of 384-number vectors, in NumPy's format, version 1.
fn read_npy(path: &Path) -> Result<Vec<Vec<f32>>, Failure> {
    let bytes = std::fs::read(path)?;
    let refuse = || format!("{}: not a little-endian float32 .npy file in C order", path.display());
    let length = bytes
        .get(8..10)
        .map(|length| u16::from_le_bytes([length[0], length[1]]))
        .ok_or_else(refuse)?;
    let start = 10 + usize::from(length);
    let header = String::from_utf8_lossy(bytes.get(10..start).ok_or_else(refuse)?).into_owned();
    if !header.contains("'<f4'") || !header.contains("'fortran_order': False") {
        return Err(refuse().into());
    }
    let shape = header.split(['(', ')']).nth(1).ok_or_else(refuse)?;
    let columns = shape
        .split(',')
        .nth(1)
        .and_then(|columns| columns.trim().parse().ok())
        .unwrap_or(384usize);
    let numbers: Vec<f32> = bytes[start..]
        .chunks_exact(4)
        .map(|x| f32::from_le_bytes([x[0], x[1], x[2], x[3]]))
        .collect();
    Ok(numbers.chunks_exact(columns).map(<[f32]>::to_vec).collect())
}
