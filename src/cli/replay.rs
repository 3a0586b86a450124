//! `silsila replay`: a collection, in order of publication, through the very path that the service uses.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::cli::collection::{self, Collection};
use crate::cli::progress;
use crate::config::Settings;
use crate::embed::worker::Worker;
use crate::pipeline::{Outcome, Placer, Submission};
use crate::store::Store;

/// Puts a collection through the service's path, in order of publication, and writes the story of every article
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Articles, one JSON object a line
    #[arg(value_name = "ARTICLES.jsonl[.gz]")]
    articles: PathBuf,
    /// Where to write a line {"id","story"} for every article
    #[arg(long, value_name = "OUT.jsonl")]
    assignments: PathBuf,
    /// An empty folder for the store; without it a temporary one is used and removed
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

/// Runs the command.
pub fn run(arguments: &Arguments, settings: &Settings) -> ExitCode {
    match replay(arguments, settings) {
        Ok(report) => {
            println!("{report}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("silsila: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A folder that is removed again.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        // What is left behind in the system's temporary folder harms nobody.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn replay(arguments: &Arguments, settings: &Settings) -> Result<Value, Box<dyn std::error::Error>> {
    let started = Instant::now();
    let temporary;
    let data_dir: &Path = match &arguments.data_dir {
        Some(dir) => {
            if std::fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_some()) {
                return Err(format!("{} is not empty; a replay wants a fresh store", dir.display()).into());
            }
            dir
        }
        None => {
            temporary = Temporary(std::env::temp_dir().join(format!("silsila-replay-{}", std::process::id())));
            &temporary.0
        }
    };
    let (submissions, mut refusals) = read(&arguments.articles, settings)?;
    let read_seconds = started.elapsed().as_secs_f64();
    let count = submissions.len();

    let store = Arc::new(Store::open(data_dir)?);
    let embedder = Worker::open(&settings.embed)?;
    let mut placer = Placer::open(Arc::clone(&store), Arc::new(settings.clone()), embedder)?;
    let bar = progress(count as u64, "articles");
    let mut outcomes: BTreeMap<&str, usize> = BTreeMap::new();
    let mut now = DateTime::<Utc>::UNIX_EPOCH;
    let placing = Instant::now();
    for chunk in submissions.chunks(settings.pipeline.batch.max(1)) {
        if let Some(published) = chunk
            .iter()
            .filter_map(|one| one.draft.published)
            .map(|dated| dated.value)
            .max()
        {
            now = now.max(published);
        }
        for answer in store.accept(chunk, now)? {
            match answer {
                Ok(receipt) => {
                    let name = match receipt.outcome {
                        Outcome::New => "new",
                        Outcome::Known => "known",
                        Outcome::Revised => "revised",
                    };
                    *outcomes.entry(name).or_default() += 1;
                }
                Err(refusal) => refusals.push(refusal.to_string()),
            }
        }
        while placer.step(now, None)? > 0 {}
        bar.inc(chunk.len() as u64);
    }
    bar.finish_and_clear();
    let placing = placing.elapsed().as_secs_f64();

    let assignments = store.assignments()?;
    let mut out = BufWriter::new(File::create(&arguments.assignments)?);
    for (id, story) in &assignments {
        writeln!(out, "{}", json!({"id": id, "story": story}))?;
    }
    out.flush()?;
    let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, story) in &assignments {
        *sizes.entry(story).or_default() += 1;
    }
    let stages = placer.seconds();
    Ok(json!({
        "articles": count,
        "placed": assignments.len(),
        "new": outcomes.get("new").copied().unwrap_or(0),
        "known": outcomes.get("known").copied().unwrap_or(0),
        "revised": outcomes.get("revised").copied().unwrap_or(0),
        "refused": refusals.len(),
        "refused_because": refusals.iter().take(20).collect::<Vec<_>>(),
        "stories": sizes.len(),
        "largest_story": sizes.values().max().copied().unwrap_or(0),
        "near_duplicates": store.totals()?.near_duplicates,
        "model": placer.identity(),
        "seconds": {
            "read_and_extract": rounded(read_seconds),
            "near_duplicates": rounded(stages.near_duplicates),
            "embed": rounded(stages.embed),
            "story": rounded(stages.story),
            "store": rounded(stages.store),
            "all": rounded(started.elapsed().as_secs_f64()),
        },
        "articles_per_second": rounded(count as f64 / placing.max(1e-9)),
    }))
}

fn rounded(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}

/// Reads the articles and sorts them by publication; undated ones keep their places at the end.
fn read(path: &Path, settings: &Settings) -> Result<(Vec<Submission>, Vec<String>), Box<dyn std::error::Error>> {
    let Collection { articles, refused } = collection::read(path, settings)?;
    let mut submissions: Vec<Submission> = articles
        .into_iter()
        .map(|(_, draft)| Submission { draft, document: None })
        .collect();
    submissions.sort_by_key(|one| {
        let published = one.draft.published;
        (published.is_none(), published.map(|dated| dated.value))
    });
    Ok((submissions, refused))
}
