//! Fills a data folder from a collection through the service's own writer, with vectors that are computed once and kept in
//! target/story-vectors: a large store to measure reads, start and disk with, without waiting for the model each time.
//!
//! `cargo run --release --example fill -- FILE DIR [--limit N] [--a-day N] [--synthetic [--times N]]`: FILE is a collection
//! (`.jsonl`, `.jsonl.gz`), DIR an empty folder. The articles get a clock of their own, N a day (5,000 unless said otherwise),
//! that ends now, in the file's order. With `--synthetic` they get vectors made like news instead of the model's, and with
//! `--times` the file is gone through so often, each time with the words of every title in another order, so that they are other
//! articles of the same length and words. The writer's memory is saved at the end, as by a service that stops. Prints seconds by
//! stage, articles a second and bytes an article on the disk.

use std::collections::HashMap;
use std::error::Error;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, TimeDelta, Utc};
use silsila::article::{ArticleId, Dated, Draft, full_text};
use silsila::config::Settings;
use silsila::embed::centre::Centres;
use silsila::embed::worker::Worker;
use silsila::embed::{EmbedError, Embedder, ModelIdentity};
use silsila::pipeline::{Placer, Submission};
use silsila::store::Store;

#[path = "shared/mod.rs"]
#[allow(dead_code)] // Other examples use the rest.
mod shared;

const DAY: f64 = 86_400.0;
/// Articles handed in and placed together.
const BATCH: usize = 256;

/// Gives the vectors that were computed before, or are made.
struct Known {
    identity: ModelIdentity,
    vectors: Vectors,
}

enum Vectors {
    /// By text.
    Known(HashMap<String, Vec<f32>>),
    /// One after the other, whatever the texts.
    News(Box<shared::news::News>),
}

impl Embedder for Known {
    fn identity(&self) -> &ModelIdentity {
        &self.identity
    }

    fn embed(&mut self, texts: &[String]) -> Result<Vec<Vec<f32>>, EmbedError> {
        let vectors: Option<_> = match &mut self.vectors {
            Vectors::Known(vectors) => texts.iter().map(|text| vectors.get(text).cloned()).collect(),
            Vectors::News(news) => Some(news.take(texts.len()).collect()),
        };
        vectors.ok_or_else(|| {
            let reason = "a text was asked for that is not in the collection".to_owned();
            EmbedError::Stopped { reason }
        })
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let (mut paths, mut limit, mut a_day) = (Vec::new(), usize::MAX, 5000.0);
    let (mut synthetic, mut times) = (false, 1);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} wants a value"));
        match argument.as_str() {
            "--limit" => limit = value()?.parse()?,
            "--a-day" => a_day = value()?.parse()?,
            "--synthetic" => synthetic = true,
            "--times" => times = value()?.parse()?,
            _ => paths.push(PathBuf::from(argument)),
        }
    }
    let [file, dir] = paths.as_slice() else {
        return Err("usage: fill FILE DIR [--limit N] [--a-day N] [--synthetic [--times N]]".into());
    };
    if std::fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(format!("{} is not empty; give a fresh folder", dir.display()).into());
    }
    let mut settings = Settings::load(None)?;
    settings.pipeline.batch = BATCH;
    let mut drafts = shared::drafts(file, &settings)?;
    // The vectors are those of the whole file, so that they are found again whatever the limit.
    let texts: Vec<String> = drafts
        .iter()
        .map(|(draft, _)| full_text(&draft.title, &draft.text))
        .collect();
    let (mut embedder, _) = shared::open(&settings)?;
    let identity = embedder.identity().clone();
    let store = Arc::new(Store::open(dir)?);
    let vectors = if synthetic {
        // They lie about the origin in every language.
        let origin = Centres::fit(&identity, [("und", vec![0.0; shared::news::DIMENSION])])?;
        store.set_fact("centres", &origin.write())?;
        drop(texts);
        multiply(&mut drafts, times, limit);
        Vectors::News(Box::new(shared::news::vectors()))
    } else {
        let vectors = shared::embedded(&texts, &mut *embedder)?;
        drafts.truncate(limit);
        Vectors::Known(texts.into_iter().zip(vectors).collect())
    };
    drop(embedder);
    let embedder = Known { identity, vectors };

    let beginning = Utc::now() - TimeDelta::seconds((drafts.len() as f64 * DAY / a_day) as i64);
    let time = |number: usize| beginning + TimeDelta::seconds((number as f64 * DAY / a_day) as i64);
    let worker = Worker::start(Box::new(embedder), settings.embed.queue)?;
    let mut placer = Placer::open(Arc::clone(&store), Arc::new(settings), worker)?;
    let (count, started, mut done) = (drafts.len(), Instant::now(), 0);
    let mut refused = 0;
    let mut drafts = drafts.into_iter().map(|(draft, _)| draft);
    while done < count {
        let batch: Vec<Submission> = drafts
            .by_ref()
            .take(BATCH)
            .zip(done..)
            .map(|(mut draft, number)| {
                draft.published = Some(Dated::minute(time(number)));
                Submission { draft, document: None }
            })
            .collect();
        done += batch.len();
        let now: DateTime<Utc> = time(done - 1);
        refused += store.accept(&batch, now)?.iter().filter(|one| one.is_err()).count();
        while placer.step(now, None)? > 0 {}
        if std::io::stderr().is_terminal() {
            eprint!("\r{done} of {count}");
        }
    }
    let seconds = started.elapsed().as_secs_f64();
    let stages = placer.seconds();
    placer.save()?;
    drop(placer);
    drop(store);
    let bytes = size(dir)?;
    println!(
        "{count} articles ({refused} refused) in {seconds:.0} s: {:.0} a second; near-duplicates {:.0} s, stories {:.0} s, store {:.0} s; {} MB on the disk, {} bytes an article",
        count as f64 / seconds,
        stages.near_duplicates,
        stages.story,
        stages.store,
        bytes / 1_000_000,
        bytes / count.max(1) as u64
    );
    Ok(())
}

/// As many articles as asked for: the first ones as they are, then the same with their titles' words in other orders.
fn multiply(drafts: &mut Vec<(Draft, String)>, times: usize, limit: usize) {
    let once = drafts.len();
    let mut chance = shared::news::vectors();
    for number in once..(once * times).min(limit) {
        let (mut draft, label) = drafts[number % once].clone();
        let mut words: Vec<&str> = draft.title.split_whitespace().collect();
        for last in (1..words.len()).rev() {
            words.swap(last, chance.below(last + 1));
        }
        draft.title = words.join(" ");
        draft.id = draft.id.map(|id| ArticleId(format!("{id}-{}", number / once)));
        draft.url = draft.url.map(|url| format!("{url}?{}", number / once));
        drafts.push((draft, label));
    }
    drafts.truncate(limit);
}

/// Bytes of a folder's files, not of those in its folders.
fn size(dir: &Path) -> Result<u64, Box<dyn Error>> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?.metadata()?;
        bytes += if entry.is_file() { entry.len() } else { 0 };
    }
    Ok(bytes)
}
