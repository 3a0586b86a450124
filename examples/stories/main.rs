//! Judges and trains the story stage on labelled sets, without embedding anything twice.
//!
//! `cargo run --release --example stories -- DATA [--weights FILE | --train FILE | --cross | --without-language LANG,…]
//! | --editor SET] [--steps N] [--seconds N] [--seed N] [--afresh] [--only family,…] [--late N] [--stories FILE]`: DATA is the folder with the labelled sets
//! (og2021, meantime, basil, ecbplus); the demonstration collection is added, and sets that are derived from all of them
//! (`sets.rs`). Settings are changed as ever (`SILSILA__STORY__LINK=0.5`). Vectors are kept in target/story-vectors. Articles
//! go through the engine in order of publication, as in a replay but without the store; near-duplicates follow the article
//! that they repeat. `label` is read here and nowhere else.
//!
//! Printed are, for each set, the area under the ROC curve of the compared pairs by meaning alone and by the weights, then
//! BCubed and pairwise figures, the largest story, how many articles changed their story more than twice, and articles a
//! second.
//!
//! - `--train FILE` looks for better weights than the built-in ones (with `--afresh`: than meaning and likeness alone): a hill
//!   climb (`search.rs`) of `--steps` steps (200), `--seconds` at most, from a `--seed` (1). Every improvement is printed. The
//!   weights are written to FILE, to become config/story-weights.json; the resolution is printed, for config/default.toml.
//! - `--cross` judges every family of sets by weights that were looked for without it, beside ones that were looked for as long
//!   with all of them, and the built-in ones. All searches begin afresh.
//! - `--without-language ar,fr` does the same with the articles of one language left out; judged are the articles in that
//!   language, among all.
//! - `--late N`: every dated article arrives up to 48 hours after its publication, in the order of draw N (0, 1, …).
//! - `--editor og2021` lets a made-up editor decide what the review list of the first half of that set asks, by its labels, and
//!   says what weights learned from 20, 100 and 300 decisions do to the other half and to other sets, and what `silsila train` would
//!   propose; `--penalty 3,30` tries several penalties. In use are the built-in weights, or those of `--weights FILE`.
//! - `--weights FILE` judges those weights instead of the built-in ones, or begins there.
//! - `--stories FILE` writes the twenty largest stories of every whole set, with the share of their commonest label, and twenty
//!   others of three articles or more, drawn from the seed, with titles. It quotes articles of others: keep it out of the
//!   repository.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fmt::Write as _;
use std::path::PathBuf;

use chrono::DateTime;
use silsila::config::Settings;
use silsila::story::learn;
use silsila::story::weights::Weights;

mod editor;
mod judge;
mod search;
mod sets;
#[path = "../shared/mod.rs"]
#[allow(dead_code)] // Other examples use the rest.
mod shared;

use judge::{Judged, f1, judge};
use search::{Bounds, Sought, Start, climb};
use sets::{MIXED, Set, chance, sets};
use shared::{Article, area};

/// Stories of either kind that are written, titles of each, and articles of those that are drawn, at least.
const SHOWN: usize = 20;
const TITLES: usize = 30;
const LEAST_READ: usize = 3;
/// Articles of a language, at least, for its figures to be shown.
const LEAST_OF_A_LANGUAGE: usize = 10;

fn main() -> Result<(), Box<dyn Error>> {
    let (mut data, mut only, mut late, mut file, mut train, mut out) = (None, None, None, None, None, None);
    let (mut cross, mut afresh, mut languages) = (false, false, None);
    let (mut decides, mut penalties) = (None, vec![learn::PENALTY]);
    let mut bounds = Bounds {
        steps: 200,
        seconds: f64::from(u32::MAX),
        seed: 1,
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} wants a value"));
        match argument.as_str() {
            "--train" => train = Some(PathBuf::from(value()?)),
            "--weights" => file = Some(PathBuf::from(value()?)),
            "--stories" => out = Some(PathBuf::from(value()?)),
            "--cross" => cross = true,
            "--without-language" => languages = Some(value()?),
            "--steps" => bounds.steps = value()?.parse()?,
            "--seconds" => bounds.seconds = value()?.parse::<u32>()?.into(),
            "--seed" => bounds.seed = value()?.parse()?,
            "--afresh" => afresh = true,
            "--editor" => decides = Some(value()?),
            "--penalty" => penalties = value()?.split(',').map(str::parse).collect::<Result<_, _>>()?,
            "--late" => late = Some(value()?.parse()?),
            "--only" => only = Some(value()?),
            _ => data = Some(PathBuf::from(argument)),
        }
    }
    let data = data
        .filter(|folder| folder.is_dir())
        .ok_or("usage: stories DATA: the folder with the labelled sets")?;
    let settings = Settings::load(None)?;
    let wanted = |family: &str| {
        only.as_ref()
            .is_none_or(|only: &String| only.split(',').any(|name| name == family))
    };
    let mut sets = sets(&data, &wanted, &settings, cross, late)?;
    for set in &mut sets {
        set.compare(&settings)?;
    }
    if let Some(family) = decides {
        let in_use = match file {
            Some(file) => Weights::of(&file)?,
            None => Weights::built_in()?,
        };
        return editor::editor(&sets, &family, &in_use, &penalties, &settings);
    }
    if cross {
        return without_families(&sets, &settings, bounds);
    }
    if let Some(languages) = languages {
        return without_languages(&sets, &languages, &settings, bounds);
    }
    let mut found = Sought {
        weights: match file {
            Some(file) => Weights::from_json(&std::fs::read_to_string(file)?)?,
            None => Weights::built_in()?,
        },
        resolution: settings.story.resolution,
        steps: 0,
    };
    if let Some(file) = train {
        let all: Vec<&Set> = sets.iter().collect();
        let start = if afresh {
            Start::afresh(&all, &settings)
        } else {
            Start::from(found.weights, &settings)
        };
        found = climb(&all, &start, &settings, bounds);
        std::fs::write(&file, serde_json::to_string_pretty(&found.weights)? + "\n")?;
        println!(
            "{}: {} steps, resolution {:.4}",
            file.display(),
            found.steps,
            found.resolution
        );
    }
    heading();
    let mut written = String::new();
    for set in &sets {
        let judged = show(set, &settings, &found)?;
        if set.name == set.family {
            write_stories(set, &judged.stories, bounds.seed, &mut written)?;
        }
    }
    if let Some(out) = out {
        std::fs::write(out, written)?;
    }
    for weight in found.weights.pairs.signals.iter().chain(&found.weights.groups.signals) {
        println!(
            "{:<24} {:>8.3} (mean {:.3}, deviation {:.3})",
            weight.signal, weight.weight, weight.mean, weight.deviation
        );
    }
    Ok(())
}

fn heading() {
    println!(
        "{:<22} {:>6} {:>8} {:>7} {:>7}  {:>24} {:>24} {:>5} {:>5} {:>6}",
        "set", "texts", "pairs", "meaning", "weights", "BCubed", "pairwise", "most", "moved", "/s"
    );
}

fn show(set: &Set, settings: &Settings, found: &Sought) -> Result<Judged, Box<dyn Error>> {
    let judged = judge(set, &with(settings, found), &found.weights, None)?;
    let three = |both: (f64, f64)| format!("{:.4} / {:.4} / {:.4}", both.0, both.1, f1(both));
    let weights = &found.weights.pairs;
    println!(
        "{:<22} {:>6} {:>8} {:>7.4} {:>7.4}  {:>24} {:>24} {:>5} {:>5} {:>6.0}",
        set.name,
        set.articles.len() + set.repeats.len(),
        set.judged_pairs().count(),
        area(set.judged_pairs().map(|(signals, same)| (f64::from(signals[0]), same))),
        area(
            set.judged_pairs()
                .map(|(signals, same)| (weights.probability(signals), same))
        ),
        three(judged.bcubed),
        three(judged.pairwise),
        judged.largest,
        judged.restless,
        judged.speed,
    );
    Ok(judged)
}

/// The largest stories, and others that are drawn, with their titles in order of publication.
fn write_stories(set: &Set, stories: &[u64], seed: u32, out: &mut String) -> Result<(), Box<dyn Error>> {
    let mut members: BTreeMap<u64, Vec<&Article>> = BTreeMap::new();
    for (article, story) in set.articles.iter().zip(stories) {
        members.entry(*story).or_default().push(article);
    }
    let mut by_size: Vec<(u64, Vec<&Article>)> = members.into_iter().collect();
    by_size.sort_by_key(|(story, members)| (std::cmp::Reverse(members.len()), *story));
    let mut others = by_size.split_off(SHOWN.min(by_size.len()));
    others.retain(|(_, members)| members.len() >= LEAST_READ);
    others.sort_by_cached_key(|(story, _)| (chance(&format!("{seed} {story}")) * 1e9) as u64);
    for (kind, stories) in [("largest", by_size), ("drawn", others)] {
        for (story, mut members) in stories.into_iter().take(SHOWN) {
            let mut labels: BTreeMap<&str, usize> = BTreeMap::new();
            for article in &members {
                *labels.entry(&article.label).or_default() += 1;
            }
            let most = labels.values().max().copied().unwrap_or_default();
            let purity = most as f64 / members.len() as f64;
            writeln!(
                out,
                "\n# {} {kind} {story}: {} articles, {} labels, purity {purity:.3}",
                set.name,
                members.len(),
                labels.len()
            )?;
            members.sort_by_key(|article| article.time);
            let step = members.len().div_ceil(TITLES).max(1);
            for article in members.iter().step_by(step) {
                let title: String = article
                    .text
                    .lines()
                    .next()
                    .unwrap_or_default()
                    .chars()
                    .take(140)
                    .collect();
                let day = article.time.and_then(|time| DateTime::from_timestamp(time, 0));
                let day = day.map_or_else(|| "undated".to_owned(), |day| day.format("%m-%d").to_string());
                writeln!(out, "{day} {} {} | {title}", article.lang, article.label)?;
            }
        }
    }
    Ok(())
}

/// The settings with the resolution that was found.
fn with(settings: &Settings, found: &Sought) -> Settings {
    let mut settings = settings.clone();
    settings.story.resolution = found.resolution;
    settings
}

/// The built-in weights, to compare with.
fn built_in(settings: &Settings) -> Result<Sought, Box<dyn Error>> {
    Ok(Sought {
        weights: Weights::built_in()?,
        resolution: settings.story.resolution,
        steps: 0,
    })
}

/// Judges every family by weights that were looked for without it.
fn without_families(sets: &[Set], settings: &Settings, bounds: Bounds) -> Result<(), Box<dyn Error>> {
    let whole = |set: &&Set| !set.name.contains(" without ");
    let all: Vec<&Set> = sets.iter().filter(whole).collect();
    let with_all = climb(&all, &Start::afresh(&all, settings), settings, bounds);
    let built_in = built_in(settings)?;
    println!(
        "{:<24} {:>13} {:>13} {:>13} {:>6}",
        "BCubed F1", "without it", "with all", "built in", "steps"
    );
    let families: BTreeSet<&String> = sets.iter().map(|set| &set.family).collect();
    for family in families.into_iter().filter(|family| *family != MIXED) {
        let lacks = |set: &Set| set.name.ends_with(&format!(" without {family}"));
        let is_mixed_in = sets.iter().any(lacks);
        let others: Vec<&Set> = sets
            .iter()
            .filter(|set| match set.family == MIXED {
                true => lacks(set) || !is_mixed_in && whole(set),
                false => &set.family != family,
            })
            .collect();
        eprintln!("without {family}");
        let without = climb(&others, &Start::afresh(&others, settings), settings, bounds);
        for set in sets.iter().filter(|set| &set.family == family) {
            print!("{:<24}", set.name);
            for found in [&without, &with_all, &built_in] {
                let judged = judge(set, &with(settings, found), &found.weights, None)?;
                print!(" {:>13.4}", f1(judged.bcubed));
            }
            println!(" {:>6}", without.steps);
        }
    }
    Ok(())
}

/// Judges every one of these languages by weights that were looked for without its articles.
fn without_languages(sets: &[Set], languages: &str, settings: &Settings, bounds: Bounds) -> Result<(), Box<dyn Error>> {
    let all: Vec<&Set> = sets.iter().collect();
    let with_all = climb(&all, &Start::afresh(&all, settings), settings, bounds);
    let built_in = built_in(settings)?;
    println!(
        "{:<4} {:<24} {:>6} {:>13} {:>13} {:>13} {:>6}",
        "", "BCubed F1", "texts", "without it", "with all", "built in", "steps"
    );
    for lang in languages.split(',') {
        let mut others: Vec<Set> = sets.iter().map(|set| set.without_language(lang)).collect();
        for set in &mut others {
            set.compare(settings)?;
        }
        let others: Vec<&Set> = others.iter().filter(|set| !set.articles.is_empty()).collect();
        eprintln!("without {lang}");
        let without = climb(&others, &Start::afresh(&others, settings), settings, bounds);
        for set in sets {
            let texts = set.articles.iter().filter(|article| article.lang == lang).count();
            if texts < LEAST_OF_A_LANGUAGE {
                continue;
            }
            print!("{lang:<4} {:<24} {texts:>6}", set.name);
            for found in [&without, &with_all, &built_in] {
                let judged = judge(set, &with(settings, found), &found.weights, Some(lang))?;
                print!(" {:>13.4}", f1(judged.bcubed));
            }
            println!(" {:>6}", without.steps);
        }
    }
    Ok(())
}
