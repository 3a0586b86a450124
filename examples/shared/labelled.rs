//! Labelled pairs of articles: their texts, and which of them tell of the same event.

use std::collections::HashMap;
use std::error::Error;
use std::path::Path;

use serde_json::Value;
use silsila::article::full_text;

/// What the labels of a set say of a pair: whether both tell of the same event; `None` where they leave it open.
type SameEvent = fn(&Value) -> Option<bool>;

/// The sets in the folder `pairs`.
pub const SETS: [(&str, SameEvent); 3] = [
    ("arabic_titles", |pair| {
        Some(matches!(pair["stance"].as_str(), Some("agree" | "disagree")))
    }),
    // From 1 (the same) to 4, as means of several people.
    ("semeval2022", |pair| {
        let overall = pair["overall"].as_f64()?;
        (overall <= 1.5 || overall >= 3.0).then_some(overall <= 1.5)
    }),
    ("telegram", |pair| pair["same"].as_bool()),
];

/// Texts with their languages, and pairs of their places with what is said of them.
pub struct Labelled {
    pub texts: Vec<(String, String)>,
    pub pairs: Vec<(usize, usize, Value)>,
}

/// Reads a file of pairs; a text that stands in several pairs comes once, and a pair of one text is left out.
///
/// # Errors
/// When the file cannot be read.
pub fn read(file: &Path) -> Result<Labelled, Box<dyn Error>> {
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut labelled = Labelled {
        texts: Vec::new(),
        pairs: Vec::new(),
    };
    let texts = &mut labelled.texts;
    for line in std::fs::read_to_string(file)?.lines() {
        let pair: Value = serde_json::from_str(line)?;
        let mut place = |side: &str| {
            let field = |name: &str| pair[format!("{name}{side}")].as_str().unwrap_or_default();
            let lang = match field("lang") {
                "" => pair["lang"].as_str().unwrap_or("und"),
                lang => lang,
            };
            let text = full_text(field("title"), field("text"));
            *places.entry(text.clone()).or_insert_with(|| {
                texts.push((text, lang.to_owned()));
                texts.len() - 1
            })
        };
        let (a, b) = (place("1"), place("2"));
        if a != b {
            labelled.pairs.push((a, b, pair));
        }
    }
    Ok(labelled)
}
