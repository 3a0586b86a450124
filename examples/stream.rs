//! Measures the story stage alone on a large stream: articles a second by tenth of it, memory, the largest stories.
//!
//! `cargo run --release --example stream -- FILE [--limit N] [--a-day N] [--clock] [--synthetic [--times N]] [--digest] [--stories OUT] [--happenings WORDS]`:
//! FILE is a collection (`.jsonl`, `.jsonl.gz`). Undated articles get a clock of their own, N a day (5,000 unless said
//! otherwise), in the file's order; with `--clock` all do, so that the stream is as dense at its beginning as at its end. All are
//! embedded once, in target/story-vectors, and that is not measured; with `--synthetic` they get vectors made like news instead,
//! and no model is needed; with `--times` the file is gone through so often, each time as other articles. As in the service, an article whose folded text has been seen follows the
//! first one. `--digest` prints a digest of every decision, which changes of speed alone must leave as it is. `--stories` writes
//! the twenty largest stories and twenty others with the titles of their articles and how coherent they are, for reading; it quotes articles of others, so
//! keep it out of the repository. `--happenings` reads words by which headlines tell of great happenings
//! (benches/quality/happenings2020.json), and prints into how many stories each one fell: labels that are neither complete nor
//! clean, but there are no others for a stream of that size.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use sha2::{Digest, Sha256};
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
    let (mut file, mut limit, mut a_day, mut out, mut happenings) = (None, usize::MAX, 5000.0, None, None);
    let (mut clock, mut synthetic, mut times, mut digest) = (false, false, 1, None);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} wants a value"));
        match argument.as_str() {
            "--limit" => limit = value()?.parse()?,
            "--clock" => clock = true,
            "--synthetic" => synthetic = true,
            "--times" => times = value()?.parse()?,
            "--digest" => digest = Some(Sha256::new()),
            "--a-day" => a_day = value()?.parse()?,
            "--stories" => out = Some(PathBuf::from(value()?)),
            "--happenings" => happenings = Some(PathBuf::from(value()?)),
            _ => file = Some(PathBuf::from(argument)),
        }
    }
    let file = file
        .filter(|file| file.is_file())
        .ok_or("usage: stream FILE: a collection, .jsonl or .jsonl.gz")?;
    let settings = Settings::load(None)?;
    let mut articles =
        if synthetic {
            let once = shared::texts(&file, &settings, false)?;
            let mut articles: Vec<shared::Article> = Vec::new();
            for time in 0..times {
                articles.extend(once.iter().take(limit.saturating_sub(articles.len())).map(|article| {
                    shared::Article {
                        text: if time == 0 {
                            article.text.clone()
                        } else {
                            format!("{} {time}", article.text)
                        },
                        lang: article.lang.clone(),
                        label: article.label.clone(),
                        vector: Vec::new(),
                        time: article.time,
                    }
                }));
            }
            for (article, vector) in articles.iter_mut().zip(shared::news::vectors()) {
                article.vector = vector;
            }
            articles
        } else {
            let (mut embedder, centres) = shared::open(&settings)?;
            shared::read(&file, &settings, &mut *embedder, &centres, false)?
        };
    let dimension = articles.first().map_or(1, |article| article.vector.len());
    articles.truncate(limit);
    let before = memory();
    let mut engine = Engine::new(&settings.story, &settings.index, Weights::built_in()?, dimension);
    let mut first: HashMap<String, usize> = HashMap::new();
    let mut placed = Vec::new();
    let (started, mut tenth, mut worked) = (Instant::now(), Instant::now(), processor_time());
    // As the service does.
    let at_once = settings.pipeline.batch.max(1);
    let all = articles.len();
    let (a_tenth, mut told, mut batch) = (all.div_ceil(10).max(1), 0, Vec::new());
    println!(
        "{:>9} {:>12} {:>12} {:>12}",
        "articles", "a second", "of processor", "MB in memory"
    );
    for (number, article) in articles.iter_mut().enumerate() {
        let at = (BEGINNING as f64 + number as f64 * DAY / a_day) as i64;
        article.time = article.time.filter(|_| !clock).or(Some(at));
    }
    for number in 0..all {
        if number % at_once == 0 {
            let next = (number..all.min(number + at_once)).map(|number| (number, &articles[number]));
            let next = next.filter(|(number, article)| *first.entry(fold(&article.text)).or_insert(*number) == *number);
            batch = next.map(|(number, article)| article.arrival(number)).collect();
            engine.look_ahead(&batch);
            batch.reverse();
        }
        if let Some(arrival) = batch.pop_if(|arrival| arrival.article == number as u64) {
            let decision = engine.place(arrival)?;
            if let Some(digest) = &mut digest {
                digest.update(format!("{decision:?}"));
            }
            placed.push(number);
        }
        let done = number + 1;
        if done % a_tenth == 0 || done == all {
            let new = (done - told) as f64;
            println!(
                "{:>9} {:>12.0} {:>12.0} {:>12}",
                done,
                new / tenth.elapsed().as_secs_f64(),
                new / (processor_time() - worked),
                memory().saturating_sub(before)
            );
            (tenth, worked, told) = (Instant::now(), processor_time(), done);
        }
    }
    println!(
        "{} articles, {} with a text of their own, {:.0} a second",
        articles.len(),
        placed.len(),
        articles.len() as f64 / started.elapsed().as_secs_f64()
    );
    if let Some(digest) = digest {
        let bytes = digest.finalize();
        let hex: String = bytes.iter().take(12).map(|byte| format!("{byte:02x}")).collect();
        println!("digest of all decisions: {hex}");
    }
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
    if let Some(words) = happenings {
        tell(&words, &stories, &articles)?;
    }
    if let Some(out) = out {
        let shown: BTreeSet<&Vec<usize>> = by_size.iter().take(SHOWN).copied().collect();
        let several: Vec<&Vec<usize>> = stories
            .values()
            .filter(|members| members.len() > 2 && !shown.contains(members))
            .collect();
        let step = several.len().div_ceil(SHOWN).max(1);
        let others = several.into_iter().step_by(step);
        write_stories(&out, by_size.into_iter().take(SHOWN).chain(others), &articles)?;
    }
    Ok(())
}

/// Prints into which stories happenings fell that headlines are known by: BCubed recall, BCubed precision among the headlines that
/// tell of any of them, and the largest parts.
fn tell(words: &Path, stories: &BTreeMap<u64, Vec<usize>>, articles: &[shared::Article]) -> Result<(), Box<dyn Error>> {
    let happenings: BTreeMap<String, Vec<String>> = serde_json::from_slice(&std::fs::read(words)?)?;
    // Of a line's parts between `+` all are wanted.
    let happenings: Vec<(String, Vec<Vec<String>>)> = happenings
        .into_iter()
        .map(|(name, lines)| {
            (
                name,
                lines.iter().map(|line| line.split('+').map(fold).collect()).collect(),
            )
        })
        .collect();
    let told_of = |article: &shared::Article| {
        let title = fold(article.text.lines().next().unwrap_or_default());
        happenings.iter().position(|(_, lines)| {
            lines
                .iter()
                .any(|parts| parts.iter().all(|part| title.contains(part.as_str())))
        })
    };
    // By story how many articles tell of each.
    let counts: Vec<Vec<f64>> = stories
        .values()
        .map(|members| {
            let mut counts = vec![0.0; happenings.len()];
            for happening in members.iter().filter_map(|member| told_of(articles.get(*member)?)) {
                counts[happening] += 1.0;
            }
            counts
        })
        .collect();
    let (mut means, mut told) = ((0.0, 0.0), 0.0);
    for (happening, (name, _)) in happenings.iter().enumerate() {
        let mut parts: Vec<f64> = counts.iter().map(|counts| counts[happening]).collect();
        let all = parts.iter().sum::<f64>();
        if all == 0.0 {
            continue;
        }
        told += 1.0;
        let recall = parts.iter().map(|part| part * part).sum::<f64>() / (all * all);
        let among = |counts: &Vec<f64>| counts[happening] * counts[happening] / counts.iter().sum::<f64>().max(1.0);
        let precision = counts.iter().map(among).sum::<f64>() / all;
        means = (means.0 + precision, means.1 + recall);
        parts.sort_by(|a, b| b.total_cmp(a));
        parts.truncate(6);
        println!("{name:18} {all:6} precision {precision:.3} recall {recall:.3} largest {parts:?}");
    }
    println!(
        "mean of {told}: precision {:.3} recall {:.3}",
        means.0 / told,
        means.1 / told
    );
    Ok(())
}

/// Direction of the mean of some articles' vectors.
fn centre(members: &[usize], articles: &[shared::Article]) -> Vec<f32> {
    let mut sum = vec![0.0; articles.first().map_or(0, |article| article.vector.len())];
    for article in members.iter().filter_map(|member| articles.get(*member)) {
        sum.iter_mut().zip(&article.vector).for_each(|(sum, x)| *sum += x);
    }
    let length = product(&sum, &sum).sqrt().max(f32::EPSILON);
    sum.iter().map(|x| x / length).collect()
}

fn product(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn write_stories<'a>(
    out: &Path,
    stories: impl Iterator<Item = &'a Vec<usize>>,
    articles: &[shared::Article],
) -> Result<(), Box<dyn Error>> {
    let mut text = String::new();
    for members in stories {
        let of = |from: usize, to: usize| centre(members.get(from..to).unwrap_or_default(), articles);
        let (all, part) = (of(0, members.len()), members.len().div_ceil(5));
        let drift = product(&of(0, part), &of(members.len() - part, members.len()));
        let alike = members.iter().filter_map(|member| articles.get(*member));
        let alike = alike.map(|article| product(&article.vector, &all)).sum::<f32>() / members.len().max(1) as f32;
        let times = || members.iter().filter_map(|member| articles.get(*member)?.time);
        let days = (times().max().unwrap_or_default() - times().min().unwrap_or_default()) as f64 / DAY;
        writeln!(
            text,
            "\n# {} articles in {days:.1} days; cosine of first and last fifth {drift:.3}, of articles and centre {alike:.3}",
            members.len()
        )?;
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

/// Seconds that this process has computed, on all its threads together (Linux counts hundredths); 0 where the system does not
/// say. On a shared machine this tells more than the clock.
fn processor_time() -> f64 {
    let status = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = status.rsplit(')').next().unwrap_or_default();
    let ticks = after_name.split_whitespace().skip(11).take(2);
    ticks.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// Megabytes of this process in memory; 0 where the system does not say.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok())
        .unwrap_or_default()
        / 1024
}
