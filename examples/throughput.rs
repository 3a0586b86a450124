//! How much of the embedder's speed is left end to end? Articles a second of the embedder alone and of the whole way from
//! acceptance to the committed story, on the same texts, by turns in the same run.
//!
//! `cargo run --release --example throughput -- FILE [--limit N] [--rounds R]`: FILE is a collection (`.jsonl`, `.jsonl.gz`) of
//! texts; near-duplicates are left out, since they are not embedded. N articles (400) are split over R rounds (4); in each the
//! two take their turn first by turns.

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use silsila::article::{Draft, full_text};
use silsila::config::Settings;
use silsila::embed;
use silsila::extract::fold::fold;
use silsila::extract::neardup::NearDuplicates;
use silsila::pipeline::{Intake, Pipeline, Submission};

#[path = "shared/mod.rs"]
#[allow(dead_code)] // Other examples use the rest.
mod shared;

/// How long a round may take.
const PATIENCE: Duration = Duration::from_secs(600);

fn main() -> Result<(), Box<dyn Error>> {
    let (mut file, mut limit, mut rounds) = (None, 400, 4);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} wants a value"));
        match argument.as_str() {
            "--limit" => limit = value()?.parse()?,
            "--rounds" => rounds = value()?.parse::<usize>()?.max(1),
            _ => file = Some(PathBuf::from(argument)),
        }
    }
    let file = file
        .filter(|file| file.is_file())
        .ok_or("usage: throughput FILE: a collection, .jsonl or .jsonl.gz")?;
    let settings = Arc::new(Settings::load(None)?);
    let drafts = originals(&file, &settings, limit)?;
    let mut embedder = embed::open(&settings.embed)?;
    let folder = std::env::temp_dir().join(format!("silsila-throughput-{}", std::process::id()));
    let pipeline = Pipeline::open(Arc::clone(&settings), &folder)?;
    // The first call of a session prepares its memory: not measured.
    embedder.embed(&["warm".to_owned()])?;

    let (mut alone, mut whole, mut count) = (0.0, 0.0, 0);
    println!(
        "{:>6} {:>9} {:>14} {:>14} {:>7}",
        "round", "articles", "embedder/s", "end to end/s", "ratio"
    );
    for (round, chunk) in drafts.chunks(drafts.len().div_ceil(rounds).max(1)).enumerate() {
        let mut embed = || -> Result<f64, Box<dyn Error>> {
            let texts: Vec<String> = chunk.iter().map(|draft| full_text(&draft.title, &draft.text)).collect();
            let started = Instant::now();
            embedder.embed(&texts)?;
            Ok(started.elapsed().as_secs_f64())
        };
        let place = || -> Result<f64, Box<dyn Error>> {
            let submissions = chunk.iter().map(|draft| Submission {
                draft: draft.clone(),
                document: None,
            });
            let started = Instant::now();
            let mut ids = Vec::new();
            for receipt in pipeline.accept(submissions.collect())? {
                ids.push(receipt?.id);
            }
            if !pipeline.wait_placed(&ids, PATIENCE) {
                return Err("the articles were not placed in time".into());
            }
            Ok(started.elapsed().as_secs_f64())
        };
        let (one, two) = if round % 2 == 0 {
            let one = embed()?;
            (one, place()?)
        } else {
            let two = place()?;
            (embed()?, two)
        };
        (alone, whole, count) = (alone + one, whole + two, count + chunk.len());
        let n = chunk.len() as f64;
        println!(
            "{:>6} {:>9} {:>14.1} {:>14.1} {:>7.3}",
            round + 1,
            chunk.len(),
            n / one,
            n / two,
            one / two
        );
    }
    let n = count as f64;
    println!(
        "{:>6} {:>9} {:>14.1} {:>14.1} {:>7.3}",
        "all",
        count,
        n / alone,
        n / whole,
        alone / whole
    );
    let near = pipeline.store().totals()?.near_duplicates;
    if near > 0 {
        println!("{near} articles were near-duplicates after all and not embedded: the ratio flatters");
    }
    drop(pipeline);
    Ok(std::fs::remove_dir_all(folder)?)
}

/// The first articles that repeat no other's text.
fn originals(file: &std::path::Path, settings: &Settings, limit: usize) -> Result<Vec<Draft>, Box<dyn Error>> {
    let mut seen = NearDuplicates::new(&settings.extract.near_duplicate);
    let mut kept = Vec::new();
    for (number, (draft, _)) in (0..).zip(shared::drafts(file, settings)?) {
        let folded = fold(&full_text(&draft.title, &draft.text));
        let time = draft.published.map(|date| date.midpoint());
        if seen.find(&folded, time).is_none() {
            seen.insert(number, &folded, time);
            kept.push(draft);
        }
        if kept.len() == limit {
            break;
        }
    }
    Ok(kept)
}
