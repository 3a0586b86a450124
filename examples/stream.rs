//! Measures the story stage alone on a large stream: articles a second by tenth of it, memory, the largest stories.
//!
//! `cargo run --release --example stream -- FILE [--limit N] [--a-day N] [--stories OUT]`: FILE is a collection (`.jsonl`,
//! `.jsonl.gz`). Undated articles get a clock of their own, N a day (5,000 unless said otherwise), in the file's order. All are
//! embedded once, in target/story-vectors, and that is not measured. As in the service, an article whose folded text has been
//! seen follows the first one. `--stories` writes the twenty largest stories and twenty others with the titles of their
//! articles, for reading; it quotes articles of others, so keep it out of the repository.

use std::collections::{BTreeMap, HashMap};
use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use silsila::config::Settings;
use silsila::extract::fold::fold;
use silsila::story::Engine;
use silsila::story::weights::Weights;

#[path = "shared/mod.rs"]
#[allow(dead_code)] // Other examples use the rest.
mod shared;

/// The clock's beginning: 2020-03-01T00:00:00Z.
const BEGINNING: i64 = 1_583_020_800;
const DAY: f64 = 86_400.0;
/// Stories of either kind that are written.
const SHOWN: usize = 20;
/// Titles of a story that are written.
const TITLES: usize = 30;

fn main() -> Result<(), Box<dyn Error>> {
    let (mut file, mut limit, mut a_day, mut out) = (None, usize::MAX, 5000.0, None);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} wants a value"));
        match argument.as_str() {
            "--limit" => limit = value()?.parse()?,
            "--a-day" => a_day = value()?.parse()?,
            "--stories" => out = Some(PathBuf::from(value()?)),
            _ => file = Some(PathBuf::from(argument)),
        }
    }
    let file = file
        .filter(|file| file.is_file())
        .ok_or("usage: stream FILE: a collection, .jsonl or .jsonl.gz")?;
    let settings = Settings::load(None)?;
    let (mut embedder, centres) = shared::open(&settings)?;
    let dimension = embedder.identity().dimension;
    let mut articles = shared::read(&file, &settings, &mut *embedder, &centres, false)?;
    drop(embedder);
    articles.truncate(limit);
    let before = memory();
    let mut engine = Engine::new(&settings.story, &settings.index, Weights::built_in()?, dimension);
    let mut first: HashMap<String, usize> = HashMap::new();
    let mut placed = Vec::new();
    let (started, mut tenth) = (Instant::now(), Instant::now());
    let a_tenth = articles.len().div_ceil(10).max(1);
    println!("{:>9} {:>12} {:>12}", "articles", "a second", "MB in memory");
    for (number, article) in articles.iter_mut().enumerate() {
        article.time = article.time.or(Some(BEGINNING + (number as f64 * DAY / a_day) as i64));
        if *first.entry(fold(&article.text)).or_insert(number) == number {
            engine.place(article.arrival(number))?;
            placed.push(number);
        }
        if (number + 1) % a_tenth == 0 {
            println!(
                "{:>9} {:>12.0} {:>12}",
                number + 1,
                a_tenth as f64 / tenth.elapsed().as_secs_f64(),
                memory().saturating_sub(before)
            );
            tenth = Instant::now();
        }
    }
    println!(
        "{} articles, {} with a text of their own, {:.0} a second",
        articles.len(),
        placed.len(),
        articles.len() as f64 / started.elapsed().as_secs_f64()
    );
    let mut stories: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for number in &placed {
        stories
            .entry(engine.story_of(*number as u64).unwrap_or_default())
            .or_default()
            .push(*number);
    }
    let mut by_size: Vec<&Vec<usize>> = stories.values().collect();
    by_size.sort_by_key(|members| std::cmp::Reverse(members.len()));
    let sizes: Vec<usize> = by_size.iter().take(SHOWN).map(|members| members.len()).collect();
    println!("{} stories, the largest: {sizes:?}", by_size.len());
    if let Some(out) = out {
        let several: Vec<&Vec<usize>> = stories.values().filter(|members| members.len() > 2).collect();
        let step = several.len().div_ceil(SHOWN).max(1);
        let others = several.into_iter().step_by(step);
        write_stories(&out, by_size.into_iter().take(SHOWN).chain(others), &articles)?;
    }
    Ok(())
}

fn write_stories<'a>(
    out: &Path,
    stories: impl Iterator<Item = &'a Vec<usize>>,
    articles: &[shared::Article],
) -> Result<(), Box<dyn Error>> {
    let mut text = String::new();
    for members in stories {
        writeln!(text, "\n# {} articles", members.len())?;
        let step = members.len().div_ceil(TITLES).max(1);
        for article in members.iter().step_by(step).filter_map(|member| articles.get(*member)) {
            let title: String = article
                .text
                .lines()
                .next()
                .unwrap_or_default()
                .chars()
                .take(160)
                .collect();
            writeln!(text, "{} | {} | {title}", article.lang, article.label)?;
        }
    }
    Ok(std::fs::write(out, text)?)
}

/// Megabytes of this process in memory; 0 where the system does not say.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok())
        .unwrap_or_default()
        / 1024
}
