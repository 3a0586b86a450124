//! Judges the pair score on labelled pairs: area under the ROC curve by the dense vectors alone and by the full score.
//!
//! `cargo run --release --example pairs -- DATA`: DATA holds `pairs/arabic_titles.jsonl` (same event: `agree`, `disagree`),
//! `pairs/semeval2022.jsonl` (`overall` of 2 or less) and `pairs/telegram.jsonl` (`same`). All texts of a set are put through
//! the story stage as one undated stream, so that what is usual and near around each is known; then the pairs are scored.

use std::error::Error;
use std::path::PathBuf;

use serde_json::Value;
use silsila::config::Settings;
use silsila::story::Engine;
use silsila::story::weights::Weights;

#[path = "shared/mod.rs"]
#[allow(dead_code)] // Other examples use the rest.
mod shared;
use shared::{Article, area, labelled};

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
    for (name, same_event) in labelled::SETS {
        let file = data.join("pairs").join(format!("{name}.jsonl"));
        if !file.is_file() {
            eprintln!("missing: {}", file.display());
            continue;
        }
        let labelled::Labelled { texts, pairs } = labelled::read(&file)?;
        // Pairs that the labels leave open count as their nearer end here.
        let same = |pair: &Value| {
            same_event(pair).unwrap_or_else(|| pair["overall"].as_f64().is_some_and(|overall| overall <= 2.0))
        };
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
        let scored: Vec<(f64, f64, bool)> = pairs
            .iter()
            .filter_map(|(a, b, labels)| {
                let pair = engine.pair(*a as u64, *b as u64)?;
                Some((pair.similarity, pair.probability, same(labels)))
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
