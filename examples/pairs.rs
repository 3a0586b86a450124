//! Judges the pair score on labelled pairs: area under the ROC curve by the dense vectors alone and by the full score.
//!
//! `cargo run --release --example pairs -- DATA`: DATA holds `pairs/arabic_titles.jsonl` (same event: `agree`, `disagree`),
//! `pairs/semeval2022.jsonl` (`overall` of 2 or less) and `pairs/telegram.jsonl` (`same`). All texts of a set are put through
//! the story stage as one undated stream, so that what is usual and near around each is known; then the pairs are scored.

use std::collections::HashMap;
use std::error::Error;
use std::path::PathBuf;

use serde_json::Value;
use silsila::article::full_text;
use silsila::config::Settings;
use silsila::story::Engine;
use silsila::story::weights::Weights;

#[path = "shared/mod.rs"]
#[allow(dead_code)] // Other examples use the rest.
mod shared;
use shared::{Article, area};

type SameEvent = fn(&Value) -> bool;

const SETS: [(&str, SameEvent); 3] = [
    ("arabic_titles", |pair| {
        matches!(pair["stance"].as_str(), Some("agree" | "disagree"))
    }),
    ("semeval2022", |pair| {
        pair["overall"].as_f64().is_some_and(|overall| overall <= 2.0)
    }),
    ("telegram", |pair| pair["same"] == true),
];

fn main() -> Result<(), Box<dyn Error>> {
    let data = std::env::args().nth(1).map(PathBuf::from);
    let data = data
        .filter(|folder| folder.is_dir())
        .ok_or("usage: pairs DATA: the folder with the labelled sets")?;
    let settings = Settings::load(None)?;
    let (mut embedder, centres) = shared::open(&settings)?;
    let dimension = embedder.identity().dimension;
    println!(
        "{:<14} {:>6} {:>6} {:>8} {:>8}",
        "set", "pairs", "same", "vector", "score"
    );
    for (name, same_event) in SETS {
        let file = data.join("pairs").join(format!("{name}.jsonl"));
        if !file.is_file() {
            eprintln!("missing: {}", file.display());
            continue;
        }
        let pairs: Vec<Value> = std::fs::read_to_string(&file)?
            .lines()
            .map(serde_json::from_str)
            .collect::<Result<_, _>>()?;
        let mut slots: HashMap<String, usize> = HashMap::new();
        let mut texts: Vec<(String, String)> = Vec::new();
        let mut rows = Vec::new();
        for pair in &pairs {
            let mut slot = |side: &str| {
                let field = |name: &str| pair[format!("{name}{side}")].as_str().unwrap_or_default();
                let lang = match field("lang") {
                    "" => pair["lang"].as_str().unwrap_or("und"),
                    lang => lang,
                };
                let text = full_text(field("title"), field("text"));
                *slots.entry(text.clone()).or_insert_with(|| {
                    texts.push((text, lang.to_owned()));
                    texts.len() - 1
                })
            };
            rows.push((slot("1"), slot("2"), same_event(pair)));
        }
        let plain: Vec<String> = texts.iter().map(|(text, _)| text.clone()).collect();
        let vectors = shared::embedded(&plain, &mut *embedder)?;
        let mut engine = Engine::new(&settings.story, &settings.index, Weights::built_in()?, dimension);
        for (number, ((text, lang), vector)) in texts.into_iter().zip(vectors).enumerate() {
            let article = Article {
                vector: centres.centred(&vector, &lang),
                time: None,
                label: String::new(),
                text,
                lang,
            };
            engine.place(article.arrival(number))?;
        }
        let scored: Vec<(f64, f64, bool)> = rows
            .iter()
            .filter(|(a, b, _)| a != b)
            .filter_map(|(a, b, same)| {
                let pair = engine.pair(*a as u64, *b as u64)?;
                Some((pair.similarity, pair.probability, *same))
            })
            .collect();
        println!(
            "{name:<14} {:>6} {:>6} {:>8.4} {:>8.4}",
            scored.len(),
            scored.iter().filter(|(_, _, same)| *same).count(),
            area(scored.iter().map(|(vector, _, same)| (*vector, *same))),
            area(scored.iter().map(|(_, score, same)| (*score, *same))),
        );
    }
    Ok(())
}
