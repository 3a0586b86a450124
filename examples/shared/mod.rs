//! What the examples share: collections read as the service reads them, with vectors that are computed once and kept in
//! target/story-vectors.

use std::error::Error;
use std::fs::OpenOptions;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::time::Instant;

use chrono::Utc;
use serde_json::Value;
use sha2::{Digest, Sha256};
use silsila::article::{Draft, full_text};
use silsila::config::Settings;
use silsila::embed::{self, Embedder, centre::Centres};
use silsila::extract::NewsRules;
use silsila::extract::json::draft;
use silsila::source::{self, Content};
use silsila::story::Arrival;

pub mod labelled;
pub mod news;

/// An article with its gold story, if it has one.
#[derive(Clone)]
pub struct Article {
    /// Title and body.
    pub text: String,
    /// Language code.
    pub lang: String,
    /// Midpoint of its date, seconds since 1970.
    pub time: Option<i64>,
    /// The gold story; empty without one.
    pub label: String,
    /// Centred by language, of unit length.
    pub vector: Vec<f32>,
}

impl Article {
    /// The same for the engine, under a number.
    pub fn arrival(&self, number: usize) -> Arrival {
        Arrival {
            article: number as u64,
            lang: self.lang.clone(),
            time: self.time,
            text: self.text.clone(),
            vector: self.vector.clone(),
        }
    }
}

/// The configured model, and the language means that are shipped for it.
///
/// # Errors
/// When there is no model, or no means are shipped for it.
pub fn open(settings: &Settings) -> Result<(Box<dyn Embedder>, Centres), Box<dyn Error>> {
    let embedder = embed::open(&settings.embed)?;
    let centres = Centres::shipped(embedder.identity())?.ok_or("no means are shipped for this model")?;
    Ok((embedder, centres))
}

/// The drafts of a collection with their labels, in order of publication (undated ones last, in the file's order), as the
/// service would take them. Labels are read for judging and never reach the story stage.
///
/// # Errors
/// When the file or an article cannot be read.
pub fn drafts(file: &Path, settings: &Settings) -> Result<Vec<(Draft, String)>, Box<dyn Error>> {
    let rules = NewsRules::new(&settings.extract, Utc::now());
    let mut drafts = Vec::new();
    for item in source::read(&[file.into()], &settings.source) {
        if let Content::Json(value) = item.map_err(|rejected| rejected.reason)?.content {
            let label = value.get("label").map(Value::to_string).unwrap_or_default();
            drafts.push((draft(&value, &rules)?, label));
        }
    }
    drafts.sort_by_key(|(draft, _)| (draft.published.is_none(), draft.published));
    Ok(drafts)
}

/// What [`drafts`] reads, as texts without vectors: `titles` leaves the bodies out.
///
/// # Errors
/// When the file or an article cannot be read.
pub fn texts(file: &Path, settings: &Settings, titles: bool) -> Result<Vec<Article>, Box<dyn Error>> {
    let article = |(draft, label): (Draft, String)| Article {
        text: full_text(&draft.title, if titles { "" } else { &draft.text }),
        time: draft.published.map(|date| date.midpoint()),
        lang: draft.lang,
        label,
        vector: Vec::new(),
    };
    Ok(drafts(file, settings)?.into_iter().map(article).collect())
}

/// What [`texts`] reads, with vectors.
///
/// # Errors
/// When the file or an article cannot be read, or the embedder fails.
pub fn read(
    file: &Path,
    settings: &Settings,
    embedder: &mut dyn Embedder,
    centres: &Centres,
    titles: bool,
) -> Result<Vec<Article>, Box<dyn Error>> {
    let mut articles = texts(file, settings, titles)?;
    let texts: Vec<String> = articles.iter().map(|article| article.text.clone()).collect();
    for (article, vector) in articles.iter_mut().zip(embedded(&texts, embedder)?) {
        article.vector = centres.centred(&vector, &article.lang);
    }
    Ok(articles)
}

/// Vectors from the folder where they are kept, else from the embedder. A run that was cut off is gone on with.
pub fn embedded(texts: &[String], embedder: &mut dyn Embedder) -> Result<Vec<Vec<f32>>, Box<dyn Error>> {
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
    std::fs::create_dir_all(&folder)?;
    let file = folder.join(name);
    let dimension = embedder.identity().dimension;
    let mut out = OpenOptions::new().create(true).read(true).append(true).open(&file)?;
    // Two runs that embed the same would write into each other.
    out.lock()?;
    let mut kept = Vec::new();
    out.read_to_end(&mut kept)?;
    let numbers = kept.as_chunks::<4>().0.iter().map(|four| f32::from_le_bytes(*four));
    let numbers: Vec<f32> = numbers.collect();
    let mut vectors: Vec<Vec<f32>> = numbers.chunks_exact(dimension).map(<[f32]>::to_vec).collect();
    let rest = texts.get(vectors.len()..).unwrap_or_default();
    if rest.is_empty() {
        return Ok(vectors);
    }
    // What an earlier run did not get to.
    out.set_len((vectors.len() * dimension * 4) as u64)?;
    let started = Instant::now();
    for chunk in rest.chunks(256) {
        eprint!("\rembedding {} of {}", vectors.len(), texts.len());
        let new = embedder.embed(chunk)?;
        let bytes: Vec<u8> = new.iter().flatten().flat_map(|x| x.to_le_bytes()).collect();
        out.write_all(&bytes)?;
        vectors.extend(new);
    }
    eprintln!(
        "\r{} texts, {:.1} a second",
        rest.len(),
        rest.len() as f64 / started.elapsed().as_secs_f64()
    );
    Ok(vectors)
}

/// Area under the ROC curve (Mann–Whitney), ties counted half.
pub fn area(rows: impl Iterator<Item = (f64, bool)>) -> f64 {
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
