//! Learns config/story-weights.json: logistic regression from a pair's signals to "same story".
//!
//! `cargo run --release --example train -- OUT.json LABELLED.jsonl…` — each file holds articles with a `label`, which is
//! read here and nowhere else. Pairs are those that the engine compares while the file is replayed in order of
//! publication. Every file weighs the same, and a file with two thousand pairs or fewer weighs half. Prints the area
//! under the ROC curve on each file for weights learned from the others, beside that of the vector alone.

use std::error::Error;

use chrono::Utc;
use serde_json::{Value, json};
use silsila::article::full_text;
use silsila::config::Settings;
use silsila::embed::{self, centre::Centres};
use silsila::extract::NewsRules;
use silsila::extract::json::draft;
use silsila::source::{self, Content};
use silsila::story::signals::{COUNT, NAMES};
use silsila::story::weights::Weights;
use silsila::story::{Arrival, Engine};

/// Ridge penalty on standardised weights.
const RIDGE: f64 = 1e-3;

struct Pairs {
    file: String,
    rows: Vec<([f64; COUNT], bool)>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let out = arguments.next().ok_or("usage: train OUT.json LABELLED.jsonl…")?;
    let settings = Settings::load(None)?;
    let mut sets = Vec::new();
    for file in arguments {
        sets.push(pairs(&file, &settings)?);
        eprintln!("{file}: {} pairs", sets.last().map_or(0, |set| set.rows.len()));
    }
    for left_out in 0..sets.len() {
        let others: Vec<&Pairs> = sets
            .iter()
            .enumerate()
            .filter(|(i, _)| *i != left_out || sets.len() == 1)
            .map(|(_, set)| set)
            .collect();
        let learned = learn(&others);
        let set = &sets[left_out];
        let score = |row: &[f64; COUNT]| odds(&learned, row);
        eprintln!(
            "{}: area under ROC {:.4} with weights learned from the others, {:.4} by the vector alone",
            set.file,
            area(set.rows.iter().map(|(row, same)| (score(row), *same))),
            area(set.rows.iter().map(|(row, same)| (row[0], *same))),
        );
    }
    let learned = learn(&sets.iter().collect::<Vec<_>>());
    let signals: Vec<Value> = (0..COUNT)
        .map(|i| json!({"signal": NAMES[i], "mean": round(learned.mean[i]), "deviation": round(learned.deviation[i]), "weight": round(learned.weight[i])}))
        .collect();
    let names: Vec<String> = sets
        .iter()
        .map(|set| {
            format!(
                "{} ({} pairs)",
                set.file.rsplit('/').nth(1).unwrap_or("?"),
                set.rows.len()
            )
        })
        .collect();
    let weights = json!({"trained_on": names.join(", "), "intercept": round(learned.intercept), "signals": signals});
    std::fs::write(&out, serde_json::to_string_pretty(&weights)? + "\n")?;
    Ok(())
}

fn round(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

fn pairs(file: &str, settings: &Settings) -> Result<Pairs, Box<dyn Error>> {
    let rules = NewsRules::new(&settings.extract, Utc::now());
    let mut articles = Vec::new();
    for item in source::read(&[file.into()], &settings.source) {
        if let Content::Json(value) = item.map_err(|rejected| rejected.reason)?.content {
            let label = value.get("label").map(Value::to_string).unwrap_or_default();
            articles.push((draft(&value, &rules)?, label));
        }
    }
    articles.sort_by_key(|(draft, _)| (draft.published.is_none(), draft.published));
    let mut embedder = embed::open(&settings.embed)?;
    let centres = Centres::shipped(embedder.identity())?.ok_or("no means are shipped for this model")?;
    let texts: Vec<String> = articles
        .iter()
        .map(|(draft, _)| full_text(&draft.title, &draft.text))
        .collect();
    let mut vectors = Vec::new();
    for chunk in texts.chunks(256) {
        vectors.extend(embedder.embed(chunk)?);
    }
    let mut engine = Engine::new(
        &settings.story,
        &settings.index,
        Weights::built_in()?,
        embedder.identity().dimension,
    );
    let mut rows = Vec::new();
    for (number, ((draft, label), vector)) in articles.iter().zip(&vectors).enumerate() {
        let found = engine.pairs(Arrival {
            article: number as u64,
            lang: draft.lang.clone(),
            time: draft.published.map(|date| date.midpoint()),
            text: texts[number].clone(),
            vector: centres.centred(vector, &draft.lang),
            distinctness: centres.distance(vector, &draft.lang),
        })?;
        for (other, signals) in found {
            rows.push((signals.map(f64::from), articles[other as usize].1 == *label));
        }
    }
    Ok(Pairs {
        file: file.to_owned(),
        rows,
    })
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

/// Newton's method (iteratively reweighted least squares) on standardised signals.
fn learn(sets: &[&Pairs]) -> Learned {
    let weight_of = |set: &Pairs| (if set.rows.len() > 2000 { 1.0 } else { 0.5 }) / set.rows.len().max(1) as f64;
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
            for i in 0..COUNT {
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
