//! Judges and trains the story stage on labelled sets, without embedding anything twice.
//!
//! `cargo run --release --example stories -- DATA [--write] [--without signal]… [--only family]…`: DATA is the folder with
//! the labelled sets (og2021, meantime, basil, ecbplus); the demonstration collection is added. Settings are changed as
//! ever (`SILSILA__STORY__LINK=0.5`). Vectors are kept in target/story-vectors. Articles go through the engine in order of
//! publication, as in a replay but without the store and without near-duplicates. Printed are, for each set, the area
//! under the ROC curve of the compared pairs by meaning alone and by weights learned from the other sets, then BCubed and
//! pairwise F1 with those weights and with weights learned from all sets. `--write` writes the latter to
//! config/story-weights.json. og2021 is halved by time, so that one half judges the other; sets with bodies are also taken
//! by their titles alone. `label` is read here and nowhere else.

use std::collections::{BTreeMap, HashMap};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Instant;

use chrono::Utc;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use silsila::article::full_text;
use silsila::config::Settings;
use silsila::embed::{self, Embedder, centre::Centres};
use silsila::extract::NewsRules;
use silsila::extract::json::draft;
use silsila::source::{self, Content};
use silsila::story::signals::{COUNT, NAMES, SIGNS};
use silsila::story::weights::Weights;
use silsila::story::{Arrival, Engine};

/// Ridge penalty on standardised weights.
const RIDGE: f64 = 1e-3;

/// The family of a set that is judged as a whole and learned from in parts.
const WHOLE: &str = "whole";

/// A pair's signals, and whether both have one label.
type Row = ([f64; COUNT], bool);

/// A labelled set, in order of publication.
struct Set {
    name: String,
    /// Sets of one family are never judged by weights learned from each other.
    family: String,
    articles: Vec<Article>,
    rows: Vec<Row>,
}

#[derive(Clone)]
struct Article {
    text: String,
    lang: String,
    time: Option<i64>,
    label: String,
    vector: Vec<f32>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let (mut data, mut write, mut without, mut only) = (None, false, Vec::new(), Vec::new());
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--write" => write = true,
            "--without" => without.extend(arguments.next()),
            "--only" => only.extend(arguments.next()),
            _ => data = Some(PathBuf::from(argument)),
        }
    }
    let data = data
        .filter(|folder| folder.is_dir())
        .ok_or("usage: stories DATA: the folder with the labelled sets")?;
    if let Some(unknown) = without.iter().find(|name| !NAMES.contains(&name.as_str())) {
        return Err(format!("there is no signal \"{unknown}\"; there are {NAMES:?}").into());
    }
    let used: Vec<usize> = (0..COUNT)
        .filter(|i| !without.iter().any(|name| name == NAMES[*i]))
        .collect();
    let settings = Settings::load(None)?;
    let mut sets = sets(&data, &settings)?;
    for set in &mut sets {
        set.rows = pairs(set, &settings)?;
    }
    let parts: Vec<&Set> = sets.iter().filter(|set| set.family != WHOLE).collect();
    let all = learn(&parts, &used);
    println!(
        "{:<16} {:>6} {:>8} {:>7} {:>7}  {:>26} {:>6} {:>26} {:>6} {:>5} {:>6}",
        "set",
        "texts",
        "pairs",
        "vector",
        "others",
        "BCubed by others",
        "pairs",
        "BCubed by all",
        "pairs",
        "most",
        "/s"
    );
    for set in &sets {
        if !only.is_empty() && !only.contains(&set.family) {
            continue;
        }
        let others: Vec<&Set> = parts
            .iter()
            .copied()
            .filter(|other| other.family != set.family && !(set.family == WHOLE && other.family.starts_with("og2021")))
            .collect();
        let learned = learn(&others, &used);
        let score = |row: &[f64; COUNT]| odds(&learned, row);
        let by_others = judge(set, &settings, weights(&learned, &others)?)?;
        let by_all = judge(set, &settings, weights(&all, &[])?)?;
        let show = |it: &Judged| {
            format!(
                "{:.4} / {:.4} / {:.4}",
                it.precision,
                it.recall,
                f1(it.precision, it.recall)
            )
        };
        println!(
            "{:<16} {:>6} {:>8} {:>7.4} {:>7.4}  {:>26} {:>6.4} {:>26} {:>6.4} {:>5} {:>6.0}",
            set.name,
            set.articles.len(),
            set.rows.len(),
            area(set.rows.iter().map(|(row, same)| (row[0], *same))),
            area(set.rows.iter().map(|(row, same)| (score(row), *same))),
            show(&by_others),
            by_others.pairwise,
            show(&by_all),
            by_all.pairwise,
            by_all.largest,
            by_all.speed,
        );
    }
    for i in &used {
        println!(
            "{:<24} {:>8.3} (mean {:.3}, deviation {:.3})",
            NAMES[*i], all.weight[*i], all.mean[*i], all.deviation[*i]
        );
    }
    if write {
        let text = serde_json::to_string_pretty(&written(&all, &parts))? + "\n";
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/config/story-weights.json"), text)?;
    }
    Ok(())
}

fn f1(precision: f64, recall: f64) -> f64 {
    2.0 * precision * recall / (precision + recall).max(f64::MIN_POSITIVE)
}

fn sets(data: &Path, settings: &Settings) -> Result<Vec<Set>, Box<dyn Error>> {
    let mut embedder = embed::open(&settings.embed)?;
    let centres = Centres::shipped(embedder.identity())?.ok_or("no means are shipped for this model")?;
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("demo");
    let mut sets = Vec::new();
    for (family, file) in [
        ("og2021", data.join("og2021/dev.jsonl")),
        ("meantime", data.join("meantime/articles.jsonl")),
        ("basil", data.join("basil/articles.jsonl")),
        ("ecbplus", data.join("ecbplus/articles.jsonl")),
        ("demonstration", demo.join("articles.jsonl")),
    ] {
        if !file.is_file() {
            eprintln!("missing: {}", file.display());
            continue;
        }
        let full = read(&file, settings, &mut *embedder, &centres, false)?;
        let titles = read(&file, settings, &mut *embedder, &centres, true)?;
        let set = |name: &str, family: &str, articles| Set {
            name: name.to_owned(),
            family: family.to_owned(),
            articles,
            rows: Vec::new(),
        };
        if full.iter().zip(&titles).any(|(full, title)| full.text != title.text) {
            sets.push(set(family, family, full));
            if titles.iter().all(|title| !title.text.is_empty()) {
                sets.push(set(&format!("{family}, titles"), family, titles));
            }
        } else {
            sets.push(set(family, WHOLE, full.clone()));
            let mut first = full;
            let second = first.split_off(first.len() / 2);
            sets.push(set(&format!("{family}, 1st half"), &format!("{family}-1"), first));
            sets.push(set(&format!("{family}, 2nd half"), &format!("{family}-2"), second));
        }
    }
    Ok(sets)
}

fn read(
    file: &Path,
    settings: &Settings,
    embedder: &mut dyn Embedder,
    centres: &Centres,
    titles: bool,
) -> Result<Vec<Article>, Box<dyn Error>> {
    let rules = NewsRules::new(&settings.extract, Utc::now());
    let mut drafts = Vec::new();
    for item in source::read(&[file.into()], &settings.source) {
        if let Content::Json(value) = item.map_err(|rejected| rejected.reason)?.content {
            let label = value.get("label").map(Value::to_string).unwrap_or_default();
            drafts.push((draft(&value, &rules)?, label));
        }
    }
    drafts.sort_by_key(|(draft, _)| (draft.published.is_none(), draft.published));
    let texts: Vec<String> = drafts
        .iter()
        .map(|(draft, _)| full_text(&draft.title, if titles { "" } else { &draft.text }))
        .collect();
    let vectors = embedded(&texts, embedder)?;
    Ok(drafts
        .into_iter()
        .zip(texts.into_iter().zip(vectors))
        .map(|((draft, label), (text, vector))| Article {
            vector: centres.centred(&vector, &draft.lang),
            time: draft.published.map(|date| date.midpoint()),
            lang: draft.lang,
            text,
            label,
        })
        .collect())
}

/// Vectors from the folder where they are kept, else from the embedder.
fn embedded(texts: &[String], embedder: &mut dyn Embedder) -> Result<Vec<Vec<f32>>, Box<dyn Error>> {
    let mut hash = Sha256::new();
    hash.update(serde_json::to_vec(embedder.identity())?);
    for text in texts {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text);
    }
    let name: String = hash
        .finalize()
        .iter()
        .take(12)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/story-vectors");
    let file = folder.join(name);
    let dimension = embedder.identity().dimension;
    if let Ok(bytes) = std::fs::read(&file) {
        let numbers: Vec<f32> = bytes
            .as_chunks::<4>()
            .0
            .iter()
            .map(|four| f32::from_le_bytes(*four))
            .collect();
        return Ok(numbers.chunks(dimension).map(<[f32]>::to_vec).collect());
    }
    let mut vectors = Vec::new();
    for (done, chunk) in texts.chunks(256).enumerate() {
        eprint!("\rembedding {} of {}", done * 256, texts.len());
        vectors.extend(embedder.embed(chunk)?);
    }
    eprintln!();
    std::fs::create_dir_all(&folder)?;
    let bytes: Vec<u8> = vectors.iter().flatten().flat_map(|x| x.to_le_bytes()).collect();
    std::fs::write(file, bytes)?;
    Ok(vectors)
}

fn arrival(number: usize, article: &Article) -> Arrival {
    Arrival {
        article: number as u64,
        lang: article.lang.clone(),
        time: article.time,
        text: article.text.clone(),
        vector: article.vector.clone(),
    }
}

fn pairs(set: &Set, settings: &Settings) -> Result<Vec<Row>, Box<dyn Error>> {
    let dimension = set.articles.first().map_or(0, |article| article.vector.len());
    let mut engine = Engine::new(&settings.story, &settings.index, Weights::built_in()?, dimension);
    let mut rows = Vec::new();
    for (number, article) in set.articles.iter().enumerate() {
        for (other, signals) in engine.pairs(arrival(number, article))? {
            rows.push((
                signals.map(f64::from),
                set.articles[other as usize].label == article.label,
            ));
        }
    }
    Ok(rows)
}

struct Judged {
    precision: f64,
    recall: f64,
    pairwise: f64,
    largest: usize,
    speed: f64,
}

/// Groups the set online and scores it: BCubed (Bagga & Baldwin 1998), averaged over articles, and F1 over pairs.
fn judge(set: &Set, settings: &Settings, weights: Weights) -> Result<Judged, Box<dyn Error>> {
    let dimension = set.articles.first().map_or(0, |article| article.vector.len());
    let mut engine = Engine::new(&settings.story, &settings.index, weights, dimension);
    let started = Instant::now();
    for (number, article) in set.articles.iter().enumerate() {
        engine.place(arrival(number, article))?;
    }
    let speed = set.articles.len() as f64 / started.elapsed().as_secs_f64();
    let (mut both, mut found, mut gold) = (HashMap::new(), HashMap::new(), HashMap::new());
    for (number, article) in set.articles.iter().enumerate() {
        let story = engine.story_of(number as u64).unwrap_or_default();
        *both.entry((story, article.label.as_str())).or_insert(0usize) += 1;
        *found.entry(story).or_insert(0usize) += 1;
        *gold.entry(article.label.as_str()).or_insert(0usize) += 1;
    }
    let n = set.articles.len() as f64;
    let (mut precision, mut recall) = (0.0, 0.0);
    // In a fixed order, so that the last digit is the same on every run.
    for ((story, label), count) in both.iter().collect::<BTreeMap<_, _>>() {
        precision += (count * count) as f64 / found[story] as f64 / n;
        recall += (count * count) as f64 / gold[label] as f64 / n;
    }
    let pairs = |count: usize| (count * count.saturating_sub(1) / 2) as f64;
    let hit: f64 = both.values().map(|count| pairs(*count)).sum();
    let claimed: f64 = found.values().map(|count| pairs(*count)).sum();
    let asked: f64 = gold.values().map(|count| pairs(*count)).sum();
    Ok(Judged {
        precision,
        recall,
        pairwise: f1(hit / claimed.max(1.0), hit / asked.max(1.0)),
        largest: found.values().copied().max().unwrap_or_default(),
        speed,
    })
}

fn weights(learned: &Learned, sets: &[&Set]) -> Result<Weights, Box<dyn Error>> {
    Ok(Weights::from_json(&written(learned, sets).to_string())?)
}

fn written(learned: &Learned, sets: &[&Set]) -> Value {
    let round = |value: f64| (value * 1e6).round() / 1e6;
    let signals: Vec<Value> = (0..COUNT)
        .map(|i| json!({"signal": NAMES[i], "mean": round(learned.mean[i]), "deviation": round(learned.deviation[i]), "weight": round(learned.weight[i])}))
        .collect();
    let names: Vec<String> = sets
        .iter()
        .map(|set| format!("{} ({} pairs)", set.name, set.rows.len()))
        .collect();
    json!({"trained_on": names.join("; "), "intercept": round(learned.intercept), "signals": signals})
}

struct Learned {
    mean: [f64; COUNT],
    deviation: [f64; COUNT],
    weight: [f64; COUNT],
    intercept: f64,
}

fn odds(learned: &Learned, row: &[f64; COUNT]) -> f64 {
    learned.intercept
        + (0..COUNT)
            .map(|i| learned.weight[i] * (row[i] - learned.mean[i]) / learned.deviation[i])
            .sum::<f64>()
}

/// Weights of the sign that each signal must have; one that comes out wrong is left out.
fn learn(sets: &[&Set], used: &[usize]) -> Learned {
    let mut used = used.to_vec();
    loop {
        let learned = learn_freely(sets, &used);
        let wrong = used
            .iter()
            .copied()
            .filter(|i| learned.weight[*i] * SIGNS[*i] < 0.0)
            .min_by(|a, b| learned.weight[*b].abs().total_cmp(&learned.weight[*a].abs()));
        match wrong {
            Some(i) => used.retain(|kept| *kept != i),
            None => return learned,
        }
    }
}

/// Newton's method (iteratively reweighted least squares) on standardised signals.
fn learn_freely(sets: &[&Set], used: &[usize]) -> Learned {
    let weight_of = |set: &Set| {
        let share = match set.name.as_str() {
            name if name.starts_with("og2021") => 1.0,
            name if name.starts_with("meantime") => 0.25,
            _ => 0.5,
        };
        share / set.rows.len().max(1) as f64
    };
    let rows: Vec<(&[f64; COUNT], bool, f64)> = sets
        .iter()
        .flat_map(|set| set.rows.iter().map(|(row, same)| (row, *same, weight_of(set))))
        .collect();
    let total: f64 = rows.iter().map(|(_, _, weight)| weight).sum();
    let mut mean = [0.0; COUNT];
    let mut deviation = [0.0; COUNT];
    for i in 0..COUNT {
        mean[i] = rows.iter().map(|(row, _, weight)| row[i] * weight).sum::<f64>() / total;
        let variance = rows
            .iter()
            .map(|(row, _, weight)| (row[i] - mean[i]).powi(2) * weight)
            .sum::<f64>()
            / total;
        deviation[i] = variance.sqrt().max(1e-6);
    }
    const N: usize = COUNT + 1;
    let mut beta = [0.0; N];
    for _ in 0..25 {
        let mut gradient = [0.0; N];
        let mut hessian = [[0.0; N]; N];
        for (row, same, weight) in &rows {
            let mut x = [1.0; N];
            x[..COUNT].fill(0.0);
            for &i in used {
                x[i] = (row[i] - mean[i]) / deviation[i];
            }
            let p = 1.0 / (1.0 + (-x.iter().zip(&beta).map(|(a, b)| a * b).sum::<f64>()).exp());
            let error = f64::from(u8::from(*same)) - p;
            for i in 0..N {
                gradient[i] += weight / total * error * x[i];
                for j in 0..N {
                    hessian[i][j] += weight / total * p * (1.0 - p) * x[i] * x[j];
                }
            }
        }
        for i in 0..COUNT {
            // Keeps the matrix regular for signals that are left out, whose weight stays 0.
            gradient[i] -= RIDGE * beta[i];
            hessian[i][i] += RIDGE;
        }
        let step = solve(hessian, gradient);
        for i in 0..N {
            beta[i] += step[i];
        }
        if step.iter().all(|part| part.abs() < 1e-9) {
            break;
        }
    }
    let mut weight = [0.0; COUNT];
    weight.copy_from_slice(&beta[..COUNT]);
    Learned {
        mean,
        deviation,
        weight,
        intercept: beta[COUNT],
    }
}

/// Gaussian elimination with partial pivoting.
fn solve<const N: usize>(mut a: [[f64; N]; N], mut b: [f64; N]) -> [f64; N] {
    for column in 0..N {
        let pivot = (column..N)
            .max_by(|x, y| a[*x][column].abs().total_cmp(&a[*y][column].abs()))
            .unwrap_or(column);
        a.swap(column, pivot);
        b.swap(column, pivot);
        for row in column + 1..N {
            let factor = a[row][column] / a[column][column];
            let above = a[column];
            for (cell, over) in a[row].iter_mut().zip(above).skip(column) {
                *cell -= factor * over;
            }
            b[row] -= factor * b[column];
        }
    }
    let mut x = [0.0; N];
    for row in (0..N).rev() {
        let known: f64 = (row + 1..N).map(|k| a[row][k] * x[k]).sum();
        x[row] = (b[row] - known) / a[row][row];
    }
    x
}

/// Area under the ROC curve (Mann–Whitney), ties counted half.
fn area(rows: impl Iterator<Item = (f64, bool)>) -> f64 {
    let mut rows: Vec<(f64, bool)> = rows.collect();
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut rank_sum, mut positives, mut at) = (0.0, 0.0, 0);
    while at < rows.len() {
        let end = rows[at..].iter().take_while(|row| row.0 == rows[at].0).count() + at;
        let rank = (at + 1 + end) as f64 / 2.0;
        let same = rows[at..end].iter().filter(|row| row.1).count() as f64;
        rank_sum += rank * same;
        positives += same;
        at = end;
    }
    let negatives = rows.len() as f64 - positives;
    (rank_sum - positives * (positives + 1.0) / 2.0) / (positives * negatives).max(1.0)
}
