//! Prints the people, places and organisations of labelled stories, to be judged by reading.
//!
//! `cargo run --release --example names -- ARTICLES.jsonl [STORIES]`: one object a line with `title`, `text`, `lang` and
//! `label`, which is the story; the first STORIES of them (all without it).

use std::collections::BTreeMap;
use std::error::Error;
use std::time::Instant;

use silsila::config::Settings;
use silsila::story::names::{Name, Text, about};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().ok_or("give the articles")?;
    let most: usize = arguments.next().map_or(Ok(usize::MAX), |number| number.parse())?;
    let rules = Settings::load(None)?.names;
    let mut stories: BTreeMap<String, Vec<serde_json::Value>> = BTreeMap::new();
    for line in std::fs::read_to_string(file)?.lines() {
        let article: serde_json::Value = serde_json::from_str(line)?;
        stories.entry(article["label"].to_string()).or_default().push(article);
    }
    let field = |article: &serde_json::Value, name: &str| article[name].as_str().unwrap_or_default().to_owned();
    for (label, articles) in stories.into_iter().take(most) {
        let held: Vec<[String; 3]> = articles
            .iter()
            .map(|article| ["title", "text", "lang"].map(|name| field(article, name)))
            .collect();
        let texts: Vec<Text<'_>> = held
            .iter()
            .map(|[title, text, lang]| Text { title, text, lang })
            .collect();
        let started = Instant::now();
        let found = about(&texts, &rules);
        println!("{label} ({} articles, {:.1?})", texts.len(), started.elapsed());
        for (kind, names) in [
            ("people", &found.people),
            ("places", &found.places),
            ("organisations", &found.organisations),
        ] {
            let written = |name: &Name| {
                let spellings: Vec<&str> = name.names.values().map(String::as_str).collect();
                format!("{} {}", name.articles, spellings.join("/"))
            };
            let written: Vec<String> = names.iter().map(written).collect();
            println!("  {kind}: {}", written.join(" · "));
        }
    }
    Ok(())
}
