//! Writes config/centres.json: each language's mean vector, from a sample of titles and bodies.
//!
//! `cargo run --example centres -- DATA OUT`, where DATA holds folders of `.jsonl` and `.jsonl.gz` files whose lines have
//! `title` and `text` (or `title1`, `text1`, `title2`, `text2`) and perhaps `lang`. Only means are written, no text.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use silsila::config::Settings;
use silsila::embed::{self, centre::Centres};

/// Texts of a language from one file, of each kind (titles, bodies): enough for a steady mean, minutes to compute.
const OF_A_FILE: usize = 200;
/// A language with fewer texts in all files together gets no mean of its own.
const LEAST: usize = 50;
/// Bodies cost five times a title; their share of a sample.
const BODIES: usize = OF_A_FILE / 2;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [data, out] = arguments.as_slice() else {
        return Err("usage: centres DATA OUT".into());
    };
    let mut files = Vec::new();
    for folder in std::fs::read_dir(data)? {
        let folder = folder?.path();
        if folder.is_dir() {
            files.extend(std::fs::read_dir(folder)?.filter_map(|entry| entry.ok().map(|entry| entry.path())));
        }
    }
    files.sort();
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in files.iter().filter(|file| file.to_string_lossy().contains(".jsonl")) {
        for (language, sample) in sample(file)? {
            texts.entry(language).or_default().extend(sample);
        }
    }
    texts.retain(|_, texts| texts.len() >= LEAST);
    let mut embedder = embed::open(&Settings::load(None)?.embed)?;
    let mut samples = Vec::new();
    for (language, texts) in texts {
        eprintln!("{language}: {} texts", texts.len());
        samples.extend(
            embedder
                .embed(&texts)?
                .into_iter()
                .map(|vector| (language.clone(), vector)),
        );
    }
    let centres = Centres::fit(embedder.identity(), samples)?;
    std::fs::write(out, centres.write())?;
    eprintln!("{out}: {}", centres.digest());
    Ok(())
}

/// Every n-th line of a file, so that a sample is spread over it; by language, titles and bodies apart.
fn sample(path: &Path) -> Result<BTreeMap<String, Vec<String>>, Box<dyn Error>> {
    let lines = lines(path)?;
    let mut kinds: BTreeMap<(String, bool), Vec<String>> = BTreeMap::new();
    for line in lines {
        let value: serde_json::Value = serde_json::from_str(&line)?;
        let field = |name: &str| {
            value
                .get(name)
                .and_then(|value| value.as_str())
                .unwrap_or_default()
                .trim()
        };
        for side in ["", "1", "2"] {
            let (title, text) = (field(&format!("title{side}")), field(&format!("text{side}")));
            let given = [format!("lang{side}"), "lang".to_owned()]
                .iter()
                .map(|name| field(name))
                .find(|l| !l.is_empty());
            if title.is_empty() {
                continue;
            }
            let Some(language) = given.map(str::to_owned).or_else(|| detected(title)) else {
                continue;
            };
            kinds
                .entry((language.clone(), false))
                .or_default()
                .push(title.to_owned());
            if text.chars().count() > 300 {
                kinds.entry((language, true)).or_default().push(text.to_owned());
            }
        }
    }
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for ((language, body), all) in kinds {
        let step = all.len().div_ceil(if body { BODIES } else { OF_A_FILE }).max(1);
        texts.entry(language).or_default().extend(all.into_iter().step_by(step));
    }
    Ok(texts)
}

fn lines(path: &Path) -> Result<Vec<String>, Box<dyn Error>> {
    let file = std::fs::File::open(path)?;
    let reader: Box<dyn Read> = match path.extension() {
        Some(extension) if extension == "gz" => Box::new(flate2::read::MultiGzDecoder::new(file)),
        _ => Box::new(file),
    };
    Ok(BufReader::new(reader).lines().collect::<Result<_, _>>()?)
}

/// The two-letter code of a title's language, where the detector is sure.
fn detected(title: &str) -> Option<String> {
    let info = whatlang::detect(title).filter(|info| info.is_reliable())?;
    let codes = [
        ("ara", "ar"),
        ("eng", "en"),
        ("spa", "es"),
        ("por", "pt"),
        ("fra", "fr"),
        ("rus", "ru"),
        ("deu", "de"),
        ("slv", "sl"),
        ("cmn", "zh"),
        ("ita", "it"),
        ("nld", "nl"),
        ("tur", "tr"),
        ("pol", "pl"),
        ("ukr", "uk"),
        ("pes", "fa"),
        ("urd", "ur"),
        ("heb", "he"),
        ("jpn", "ja"),
        ("kor", "ko"),
        ("hin", "hi"),
        ("ron", "ro"),
        ("ell", "el"),
        ("swe", "sv"),
        ("ind", "id"),
        ("vie", "vi"),
        ("hun", "hu"),
        ("ces", "cs"),
        ("bul", "bg"),
    ];
    codes
        .iter()
        .find(|(long, _)| *long == info.lang().code())
        .map(|(_, short)| (*short).to_owned())
}
