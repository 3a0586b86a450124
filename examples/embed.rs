//! Checks and measures the embedder; docs/EMBEDDING.md holds what it printed.
//!
//! `cargo run --example embed -- reference FILE`: cosine with each `vector` of a file of `{"text","prefix","vector"}`.
//! `cargo run --example embed -- keep FILE`: writes the vectors that the tests compare with, for sentences of our own.
//! `cargo run --example embed -- measure FILE…`: articles a second and how well cosines tell pairs of one `label` from
//! others (area under the ROC curve), for each form of the weights and token budget.

use std::error::Error;
use std::time::Instant;

use serde_json::Value;
use silsila::config::Settings;
use silsila::embed::{self, Graph, centre::Centres};

/// Articles with a body that are measured of each file, and titles where there is no body.
const BODIES: usize = 120;
const TITLES: usize = 400;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.split_first() {
        Some((mode, [file])) if mode == "reference" => reference(file),
        Some((mode, [file])) if mode == "keep" => keep(file),
        Some((mode, files)) if mode == "measure" && !files.is_empty() => measure(files),
        _ => Err("usage: embed reference FILE | embed keep FILE | embed measure FILE…".into()),
    }
}

fn read(file: &str) -> Result<Vec<Value>, Box<dyn Error>> {
    Ok(std::fs::read_to_string(file)?
        .lines()
        .map(serde_json::from_str)
        .collect::<Result<_, _>>()?)
}

fn text(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
}

fn reference(file: &str) -> Result<(), Box<dyn Error>> {
    let settings = Settings::load(None)?.embed;
    let mut embedder = embed::open(&embed::Settings {
        tokens: 512,
        ..settings
    })?;
    let wanted = read(file)?;
    let texts: Vec<String> = wanted.iter().map(|value| text(value, "text")).collect();
    let vectors = embedder.embed(&texts)?;
    let mut least = f64::INFINITY;
    for (value, vector) in wanted.iter().zip(&vectors) {
        let other: Vec<f32> = serde_json::from_value(value["vector"].clone())?;
        let cosine = dot(vector, &other) / dot(&other, &other).sqrt();
        least = least.min(cosine);
        if cosine < 0.9998 {
            println!("{cosine:.6} {}", text(value, "text"));
        }
    }
    println!("{} vectors, least cosine {least:.6}", vectors.len());
    if least < 0.9998 {
        Err("below .9998".into())
    } else {
        Ok(())
    }
}

/// Sentences made up for the tests, with digits, quotation marks and odd spaces among them.
const KEPT: [&str; 9] = [
    "أعلنت الحكومة عن خطة جديدة لدعم المزارعين في الجنوب",
    "قال الوزير: «سنفتتح ٣ مستشفيات في عام ٢٠٢٥»",
    "The council approved the new bridge after a long debate",
    "A  storm with   odd spaces\tleft 12,000 homes without power ",
    "Правительство утвердило план строительства новой железной дороги",
    "Le musée rouvrira ses portes au public le 14 juillet",
    "El equipo ganó el partido en los últimos minutos",
    "",
    "新的地铁线路将于下周开通",
];

fn keep(file: &str) -> Result<(), Box<dyn Error>> {
    let mut embedder = embed::open(&Settings::load(None)?.embed)?;
    let vectors = embedder.embed(&KEPT.map(str::to_owned))?;
    let lines: Vec<String> = KEPT
        .iter()
        .zip(vectors)
        .map(|(text, vector)| {
            let numbers: Vec<String> = vector.iter().map(|x| format!("{x:.4}")).collect();
            Ok(format!("[{}, [{}]]", serde_json::to_string(text)?, numbers.join(",")))
        })
        .collect::<Result<_, serde_json::Error>>()?;
    Ok(std::fs::write(file, format!("[{}]\n", lines.join(",\n")))?)
}

fn measure(files: &[String]) -> Result<(), Box<dyn Error>> {
    let settings = Settings::load(None)?.embed;
    println!("| graph | tokens | set | texts/s | AUC raw | AUC centred |\n| --- | --- | --- | --- | --- | --- |");
    for tokens in [64, 128, 256] {
        for graph in [Graph::F32, Graph::Q4, Graph::Int8] {
            let mut embedder = embed::open(&embed::Settings {
                tokens,
                graph,
                ..settings.clone()
            })?;
            let centres = Centres::shipped(embedder.identity())?.ok_or("no means")?;
            for file in files {
                let all = read(file)?;
                let bodies = all.iter().any(|value| !text(value, "text").is_empty());
                if !bodies && tokens > 64 {
                    continue; // No title is that long.
                }
                let chosen = whole_labels(&all, if bodies { BODIES } else { TITLES });
                let texts: Vec<String> = chosen
                    .iter()
                    .map(|v| format!("{}\n{}", text(v, "title"), text(v, "text")))
                    .collect();
                let begin = Instant::now();
                let vectors = embedder.embed(&texts)?;
                let speed = texts.len() as f64 / begin.elapsed().as_secs_f64();
                let labels: Vec<String> = chosen.iter().map(|v| text(v, "label")).collect();
                let centred: Vec<Vec<f32>> = vectors
                    .iter()
                    .zip(&chosen)
                    .map(|(v, line)| centres.centred(v, &text(line, "lang")))
                    .collect();
                let name = file.rsplit('/').nth(1).unwrap_or(file);
                println!(
                    "| {} | {tokens} | {name} | {speed:.1} | {:.4} | {:.4} |",
                    graph.name(),
                    area(&vectors, &labels),
                    area(&centred, &labels)
                );
            }
        }
    }
    Ok(())
}

/// At least `wanted` lines: all of one label, then all of the next, in order of appearance.
fn whole_labels(all: &[Value], wanted: usize) -> Vec<&Value> {
    let mut chosen: Vec<&Value> = Vec::new();
    for label in all.iter().map(|value| text(value, "label")) {
        if chosen.len() >= wanted {
            break;
        }
        if chosen.iter().all(|value| text(value, "label") != label) {
            chosen.extend(all.iter().filter(|value| text(value, "label") == label));
        }
    }
    chosen
}

/// The share of (same, other) pairs of pairs in which the pair of one label has the higher cosine.
fn area(vectors: &[Vec<f32>], labels: &[String]) -> f64 {
    let mut pairs = Vec::new();
    for (i, (a, label)) in vectors.iter().zip(labels).enumerate() {
        pairs.extend(
            vectors
                .iter()
                .zip(labels)
                .skip(i + 1)
                .map(|(b, other)| (dot(a, b), label == other)),
        );
    }
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut below, mut sum, mut same) = (0f64, 0f64, 0f64);
    for (_, positive) in pairs {
        if positive {
            sum += below;
            same += 1.0;
        } else {
            below += 1.0;
        }
    }
    sum / (same * below)
}
