//! Judges and trains the story stage on labelled sets, without embedding anything twice.
//!
//! `cargo run --release --example stories -- DATA [--train | --cross] [--write] [--steps N] [--only family,…] [--late]`:
//! DATA is the folder with the labelled sets (og2021, meantime, basil, ecbplus); the demonstration collection is added.
//! Settings are changed as ever (`SILSILA__STORY__LINK=0.5`). Vectors are kept in target/story-vectors. Articles go through the
//! engine in order of publication, as in a replay but without the store; near-duplicates follow the article that they
//! repeat.
//!
//! Printed are, for each set, the area under the ROC curve of the compared pairs by meaning alone and by the weights, then
//! BCubed and pairwise figures. `--train` first looks for better weights than the built-in ones: those, and the
//! resolution, that give the highest mean BCubed F1 over the families of sets ([`objective`]), found by an evolution
//! strategy ([`evolve`]). `--write` writes them to config/story-weights.json (the resolution is printed, for
//! config/default.toml). `--cross` judges every family by weights that were trained without it. `label` is read here and
//! nowhere else. With `--late` every dated article arrives up to 48 hours after its publication, in another order.
//!
//! Real collections are few, so others are derived from them: the halves of og2021, its English titles, an eighth of its
//! stories, every sixth of its titles, and streams in which meantime, basil, ecbplus and the demonstration are mixed: within
//! one month, and within three years, where a week holds few articles. The demonstration is also halved, and put among
//! round-ups, live pages, horoscopes, weather and tickers (tests/data/glue).

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Instant;

use sha2::{Digest, Sha256};
use silsila::config::Settings;
use silsila::extract::fold::fold;
use silsila::extract::neardup::NearDuplicates;
use silsila::story::Engine;
use silsila::story::signals::{self, COUNT};
use silsila::story::strands;
use silsila::story::weights::{Function, Weight, Weights};

#[path = "shared/mod.rs"]
#[allow(dead_code)] // Other examples use the rest.
mod shared;
use shared::{Article, area, read};

/// What the objective takes off for each unit of a weight of the wrong sign.
const WRONG_SIGN: f64 = 0.02;
/// The intercept is shifted by this much to either side when a candidate is judged, so that no figure leans on a
/// threshold's last digit.
const SHIFT: f64 = 0.25;
/// Numbers that are looked for: weights and intercept of either function, and the logarithm of the resolution.
const SOUGHT: usize = COUNT + 1 + strands::COUNT + 1 + 1;
/// Where the second function's numbers begin.
const GROUPS: usize = COUNT + 1;
/// The family of the streams in which several collections are mixed.
const MIXED: &str = "mixed";
/// Those streams, with their lengths in seconds.
const STREAMS: [(&str, f64); 2] = [("mixed", 30.0 * DAY), ("mixed, three years", 1095.0 * DAY)];
/// Mean distance of an article from the beginning of its story there, in seconds.
const DAY: f64 = 86_400.0;

/// A labelled set, in order of publication.
struct Set {
    name: String,
    /// Sets of one family are never judged by weights learned from each other.
    family: String,
    /// Articles with a text of their own.
    articles: Vec<Article>,
    /// Label of every article that repeats another one, with the place of that one.
    repeats: Vec<(String, usize)>,
    /// Compared pairs: signals, and whether both have one label.
    pairs: Vec<Pair>,
    /// What it counts among those of its family.
    share: f64,
}

struct Pair {
    signals: [f32; COUNT],
    same: bool,
}

fn main() -> Result<(), Box<dyn Error>> {
    let (mut data, mut train, mut cross, mut write, mut steps, mut only) = (None, false, false, false, 40, None);
    let mut late = false;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--train" => train = true,
            "--cross" => cross = true,
            "--write" => write = true,
            "--late" => late = true,
            "--only" => only = arguments.next(),
            "--steps" => steps = arguments.next().ok_or("--steps wants a number")?.parse()?,
            _ => data = Some(PathBuf::from(argument)),
        }
    }
    let data = data
        .filter(|folder| folder.is_dir())
        .ok_or("usage: stories DATA: the folder with the labelled sets")?;
    let mut settings = Settings::load(None)?;
    let wanted = |family: &str| {
        only.as_ref()
            .is_none_or(|only| only.split(',').any(|name| name == family))
    };
    let mut sets = sets(&data, &wanted, &settings, (cross, late))?;
    let unused = standard(&[]);
    for set in &mut sets {
        set.pairs = pairs(set, &settings, &unused)?;
    }
    let start = start(&sets, &settings, cross);
    if cross {
        heading();
        let judged = |set: &Set| set.family != MIXED;
        for family in families(&sets, &judged).into_keys() {
            let has = |set: &Set| set.name.ends_with(&format!(" without {family}"));
            let stripped = sets.iter().any(has);
            let stream = |set: &Set| has(set) || !stripped && !set.name.contains(" without ");
            let others = |set: &Set| {
                if judged(set) {
                    &set.family != family
                } else {
                    stream(set)
                }
            };
            let sought = evolve(&sets, &others, &start, &settings, steps);
            settings.story.resolution = sought.resolution();
            let weights = sought.weights(&start.weights, &sets, &others);
            for set in sets.iter().filter(|set| &set.family == family) {
                show(set, &settings, &weights)?;
            }
        }
        return Ok(());
    }
    let mut weights = start.weights.clone();
    if train {
        let all = |_: &Set| true;
        let sought = evolve(&sets, &all, &start, &settings, steps);
        settings.story.resolution = sought.resolution();
        weights = sought.weights(&start.weights, &sets, &all);
        println!("resolution {:.4}", settings.story.resolution);
    }
    heading();
    for set in &sets {
        show(set, &settings, &weights)?;
    }
    for weight in weights.pairs.signals.iter().chain(&weights.groups.signals) {
        println!(
            "{:<24} {:>8.3} (mean {:.3}, deviation {:.3})",
            weight.signal, weight.weight, weight.mean, weight.deviation
        );
    }
    if write {
        let text = serde_json::to_string_pretty(&weights)? + "\n";
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/config/story-weights.json"), text)?;
    }
    Ok(())
}

fn heading() {
    println!(
        "{:<22} {:>6} {:>8} {:>7} {:>7}  {:>24} {:>24} {:>5} {:>6}",
        "set", "texts", "pairs", "meaning", "weights", "BCubed", "pairwise", "most", "/s"
    );
}

fn show(set: &Set, settings: &Settings, weights: &Weights) -> Result<(), Box<dyn Error>> {
    let judged = judge(set, settings, weights)?;
    let three =
        |(precision, recall): (f64, f64)| format!("{precision:.4} / {recall:.4} / {:.4}", f1(precision, recall));
    println!(
        "{:<22} {:>6} {:>8} {:>7.4} {:>7.4}  {:>24} {:>24} {:>5} {:>6.0}",
        set.name,
        set.articles.len() + set.repeats.len(),
        set.pairs.len(),
        area(set.pairs.iter().map(|pair| (f64::from(pair.signals[0]), pair.same))),
        area(
            set.pairs
                .iter()
                .map(|pair| (weights.pairs.probability(&pair.signals), pair.same))
        ),
        three(judged.bcubed),
        three(judged.pairwise),
        judged.largest,
        judged.speed,
    );
    Ok(())
}

fn f1(precision: f64, recall: f64) -> f64 {
    2.0 * precision * recall / (precision + recall).max(f64::MIN_POSITIVE)
}

/// An even number from 0 to 1 that depends on the text alone.
fn chance(text: &str) -> f64 {
    let digest = Sha256::digest(text);
    let number = digest
        .iter()
        .take(6)
        .fold(0.0, |sum, byte| sum * 256.0 + f64::from(*byte));
    number / 256f64.powi(6)
}

/// The sets that are wanted; with `left_out`, also the mixed streams that lack one family each; with `late`, in the order
/// of a late arrival.
fn sets(
    data: &Path,
    wanted: &dyn Fn(&str) -> bool,
    settings: &Settings,
    (left_out, late): (bool, bool),
) -> Result<Vec<Set>, Box<dyn Error>> {
    let (mut embedder, centres) = shared::open(settings)?;
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("demo");
    let mut sets: Vec<Set> = Vec::new();
    let mut whole: Vec<(String, Vec<Article>)> = Vec::new();
    for (family, file) in [
        ("og2021", data.join("og2021/dev.jsonl")),
        ("meantime", data.join("meantime/articles.jsonl")),
        ("basil", data.join("basil/articles.jsonl")),
        ("ecbplus", data.join("ecbplus/articles.jsonl")),
        ("demonstration", demo.join("articles.jsonl")),
    ] {
        if !wanted(family) {
            continue;
        }
        if !file.is_file() {
            eprintln!("missing: {}", file.display());
            continue;
        }
        let mut full = read(&file, settings, &mut *embedder, &centres, false)?;
        let mut titles = read(&file, settings, &mut *embedder, &centres, true)?;
        if late {
            full.sort_by_cached_key(arrival);
            titles.sort_by_cached_key(arrival);
        }
        if full.iter().zip(&titles).any(|(full, title)| full.text != title.text) {
            sets.push(Set::new(family, family, 1.0, full.clone(), settings));
            if family == "demonstration" {
                let half = full.iter().step_by(2).cloned().collect();
                sets.push(Set::new(&format!("{family}, half"), family, 0.5, half, settings));
                let glue = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/glue/articles.jsonl");
                let mut among = read(&glue, settings, &mut *embedder, &centres, false)?;
                among.extend(full.iter().cloned());
                among.sort_by_key(|article| (article.time.is_none(), article.time));
                sets.push(Set::new(&format!("{family} among glue"), family, 1.0, among, settings));
            }
            whole.push((family.to_owned(), full));
            if titles.iter().all(|title| !title.text.is_empty()) {
                sets.push(Set::new(&format!("{family}, titles"), family, 1.0, titles, settings));
            }
            continue;
        }
        let some = |wanted: &dyn Fn(usize, &Article) -> bool| -> Vec<Article> {
            let kept = full
                .iter()
                .enumerate()
                .filter(|(place, article)| wanted(*place, article));
            kept.map(|(_, article)| article.clone()).collect()
        };
        let half = full.len() / 2;
        sets.push(Set::new(family, family, 3.0, full.clone(), settings));
        for (name, share, part) in [
            ("1st half", 1.0, some(&|place, _| place < half)),
            ("2nd half", 1.0, some(&|place, _| place >= half)),
            ("English", 1.0, some(&|_, article| article.lang == "en")),
            ("few stories", 1.0, some(&|_, article| chance(&article.label) < 0.125)),
            ("few articles", 1.0, some(&|place, _| place % 6 == 0)),
        ] {
            sets.push(Set::new(&format!("{family}, {name}"), family, share, part, settings));
        }
    }
    let parts: Vec<&(String, Vec<Article>)> = whole.iter().collect();
    for (name, length) in STREAMS {
        sets.push(mixed(name, length, &parts, settings));
        for (family, _) in whole.iter().filter(|_| left_out) {
            let rest: Vec<&(String, Vec<Article>)> = whole.iter().filter(|part| &part.0 != family).collect();
            sets.push(mixed(&format!("{name} without {family}"), length, &rest, settings));
        }
    }
    Ok(sets)
}

/// When an article arrives that is up to 48 hours late; undated ones come last, as they do on time.
fn arrival(article: &Article) -> (bool, i64) {
    let after = (2.0 * DAY * chance(&article.text)) as i64;
    (article.time.is_none(), article.time.map_or(0, |time| time + after))
}

/// One stream: every story begins somewhere in it, and its articles follow within days.
fn mixed(name: &str, length: f64, parts: &[&(String, Vec<Article>)], settings: &Settings) -> Set {
    let mut articles = Vec::new();
    for (family, part) in parts {
        for (place, article) in part.iter().enumerate() {
            let label = format!("{family} {}", article.label);
            let after = -DAY * (1.0 - chance(&format!("{label} {place}"))).ln();
            let time = Some((length * chance(&label) + after) as i64);
            articles.push(Article {
                label,
                time,
                ..article.clone()
            });
        }
    }
    articles.sort_by_key(|article| article.time);
    Set::new(name, MIXED, 1.0, articles, settings)
}

impl Set {
    fn new(name: &str, family: &str, share: f64, all: Vec<Article>, settings: &Settings) -> Self {
        let mut known = NearDuplicates::new(&settings.extract.near_duplicate);
        let (mut articles, mut repeats) = (Vec::new(), Vec::new());
        for article in all {
            let folded = fold(&article.text);
            match known.find(&folded, article.time) {
                Some(first) => repeats.push((article.label, first as usize)),
                None => {
                    known.insert(articles.len() as u32, &folded, article.time);
                    articles.push(article);
                }
            }
        }
        Self {
            name: name.to_owned(),
            family: family.to_owned(),
            articles,
            repeats,
            pairs: Vec::new(),
            share,
        }
    }
}

/// The pairs that the engine would compare; the weights decide nothing here.
fn pairs(set: &Set, settings: &Settings, unused: &Weights) -> Result<Vec<Pair>, Box<dyn Error>> {
    let dimension = set.articles.first().map_or(0, |article| article.vector.len());
    let mut engine = Engine::new(&settings.story, &settings.index, unused.clone(), dimension);
    let mut pairs = Vec::new();
    for (later, article) in set.articles.iter().enumerate() {
        for (other, signals) in engine.pairs(article.arrival(later))? {
            let same = set.articles[other as usize].label == article.label;
            pairs.push(Pair { signals, same });
        }
    }
    Ok(pairs)
}

struct Judged {
    bcubed: (f64, f64),
    pairwise: (f64, f64),
    largest: usize,
    speed: f64,
}

/// Groups the set online and scores it.
fn judge(set: &Set, settings: &Settings, weights: &Weights) -> Result<Judged, Box<dyn Error>> {
    let dimension = set.articles.first().map_or(0, |article| article.vector.len());
    let mut engine = Engine::new(&settings.story, &settings.index, weights.clone(), dimension);
    let started = Instant::now();
    for (number, article) in set.articles.iter().enumerate() {
        engine.place(article.arrival(number))?;
    }
    let speed = set.articles.len() as f64 / started.elapsed().as_secs_f64();
    Ok(Judged {
        speed,
        ..scored(set, &|place| engine.story_of(place as u64).unwrap_or_default())
    })
}

/// BCubed (Bagga & Baldwin 1998), averaged over articles, and precision and recall over pairs.
fn scored(set: &Set, story: &dyn Fn(usize) -> u64) -> Judged {
    let (mut both, mut found, mut gold) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    let own = set
        .articles
        .iter()
        .enumerate()
        .map(|(place, article)| (&article.label, place));
    for (label, place) in own.chain(set.repeats.iter().map(|(label, place)| (label, *place))) {
        *both.entry((story(place), label)).or_insert(0usize) += 1;
        *found.entry(story(place)).or_insert(0usize) += 1;
        *gold.entry(label).or_insert(0usize) += 1;
    }
    let n = (set.articles.len() + set.repeats.len()) as f64;
    let (mut precision, mut recall) = (0.0, 0.0);
    for ((story, label), count) in &both {
        precision += (count * count) as f64 / found[story] as f64 / n;
        recall += (count * count) as f64 / gold[label] as f64 / n;
    }
    let pairs = |count: &usize| (count * count.saturating_sub(1) / 2) as f64;
    let hit: f64 = both.values().map(pairs).sum();
    let claimed: f64 = found.values().map(pairs).sum();
    let asked: f64 = gold.values().map(pairs).sum();
    Judged {
        bcubed: (precision, recall),
        pairwise: (hit / claimed.max(1.0), hit / asked.max(1.0)),
        largest: found.values().copied().max().unwrap_or_default(),
        speed: 0.0,
    }
}

/// Where the search begins: the built-in weights and the configured resolution; meaning and likeness alone where nothing may
/// be known of the sets (`afresh`), or the built-in weights are for other signals.
struct Start {
    weights: Weights,
    point: [f64; SOUGHT],
}

fn start(sets: &[Set], settings: &Settings, afresh: bool) -> Start {
    let weights = match Weights::built_in() {
        Ok(weights) if !afresh => weights,
        Ok(_) => standard(sets),
        Err(error) => {
            eprintln!("{error}");
            standard(sets)
        }
    };
    let numbers = |function: &Function| -> Vec<f64> {
        let weights = function.signals.iter().map(|weight| weight.weight);
        weights.chain([function.intercept]).collect()
    };
    let mut point = [0.0; SOUGHT];
    let all = numbers(&weights.pairs).into_iter().chain(numbers(&weights.groups));
    for (place, number) in point.iter_mut().zip(all.chain([settings.story.resolution.ln()])) {
        *place = number;
    }
    Start { weights, point }
}

/// Means and deviations of all compared pairs and a weight for meaning alone; round ones and a weight for likeness alone,
/// from .5, for groups, which depend on what was grouped before.
fn standard(sets: &[Set]) -> Weights {
    let rows: Vec<&[f32; COUNT]> = sets
        .iter()
        .flat_map(|set| &set.pairs)
        .map(|pair| &pair.signals)
        .collect();
    let mean =
        |of: &dyn Fn(&[f32; COUNT]) -> f64| rows.iter().map(|row| of(row)).sum::<f64>() / rows.len().max(1) as f64;
    let pairs = signals::NAMES.iter().enumerate().map(|(i, name)| {
        let middle = mean(&|row| f64::from(row[i]));
        Weight {
            signal: (*name).to_owned(),
            mean: rounded(middle),
            deviation: rounded(mean(&|row| (f64::from(row[i]) - middle).powi(2)).sqrt().max(1e-6)),
            weight: if i == 0 { 2.0 } else { 0.0 },
        }
    });
    let groups = strands::NAMES.iter().enumerate().map(|(i, name)| Weight {
        signal: (*name).to_owned(),
        mean: 0.0,
        deviation: if name.starts_with("likeness") { 0.1 } else { 1.0 },
        weight: if i == 0 { 1.0 } else { 0.0 },
    });
    Weights {
        trained_on: String::new(),
        pairs: Function {
            intercept: -2.0,
            signals: pairs.collect(),
        },
        groups: Function {
            intercept: -5.0,
            signals: groups.collect(),
        },
    }
}

fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

/// What the search found.
struct Sought([f64; SOUGHT]);

impl Sought {
    fn resolution(&self) -> f64 {
        self.0[SOUGHT - 1].exp()
    }

    fn weights(&self, start: &Weights, sets: &[Set], chosen: &dyn Fn(&Set) -> bool) -> Weights {
        let names: Vec<&str> = sets
            .iter()
            .filter(|set| chosen(set))
            .map(|set| set.name.as_str())
            .collect();
        Weights {
            trained_on: names.join("; "),
            ..at(start, &self.0.map(rounded))
        }
    }
}

/// The weights at a point; means and deviations are those of `scale`.
fn at(scale: &Weights, point: &[f64; SOUGHT]) -> Weights {
    let mut weights = scale.clone();
    for (function, numbers) in [
        (&mut weights.pairs, &point[..GROUPS]),
        (&mut weights.groups, &point[GROUPS..]),
    ] {
        let mut numbers = numbers.iter().copied();
        for (weight, number) in function.signals.iter_mut().zip(numbers.by_ref()) {
            weight.weight = number;
        }
        function.intercept = numbers.next().unwrap_or(function.intercept);
    }
    weights
}

fn families<'a>(sets: &'a [Set], chosen: &dyn Fn(&Set) -> bool) -> BTreeMap<&'a String, Vec<&'a Set>> {
    let mut families: BTreeMap<&String, Vec<&Set>> = BTreeMap::new();
    for set in sets.iter().filter(|set| chosen(set)) {
        families.entry(&set.family).or_default().push(set);
    }
    families
}

/// Mean BCubed F1 over the families, og2021 (the only large one) three times; with a little taken off for large
/// weights and for weights of the wrong sign.
fn objective(
    families: &BTreeMap<&String, Vec<&Set>>,
    scale: &Weights,
    settings: &Settings,
    point: &[f64; SOUGHT],
) -> f64 {
    let (mut sum, mut shares) = (0.0, 0.0);
    for (family, sets) in families {
        let times = if family.as_str() == "og2021" { 3.0 } else { 1.0 };
        let (mut of_family, mut of_shares) = (0.0, 0.0);
        for set in sets {
            let figure =
                (grouped(set, scale, settings, point, SHIFT) + grouped(set, scale, settings, point, -SHIFT)) / 2.0;
            of_family += set.share * figure;
            of_shares += set.share;
        }
        sum += times * of_family / of_shares;
        shares += times;
    }
    let signed = signals::SIGNS.iter().chain(&[0.0]).chain(&strands::SIGNS);
    let wrong: f64 = point
        .iter()
        .zip(signed)
        .map(|(number, sign)| (-number * sign).max(0.0))
        .sum();
    let large: f64 = point[..COUNT].iter().map(|number| number * number).sum();
    sum / shares - WRONG_SIGN * wrong - 1e-4 * large
}

/// BCubed F1 of the set by the weights at a point; a little higher for links (`shift` added to their log-odds) and a little
/// lower for groups, or the other way round. 0 when the engine fails.
fn grouped(set: &Set, scale: &Weights, settings: &Settings, point: &[f64; SOUGHT], shift: f64) -> f64 {
    let mut weights = at(scale, point);
    weights.pairs.intercept += shift;
    weights.groups.intercept -= shift;
    let mut settings = settings.clone();
    settings.story.resolution = Sought(*point).resolution();
    let judged = judge(set, &settings, &weights);
    judged.map_or(0.0, |judged| f1(judged.bcubed.0, judged.bcubed.1))
}

/// Candidates of one step, and how many of them, the best, make the next centre.
const CANDIDATES: usize = 12;
const PARENTS: usize = 6;

/// Looks for the highest objective: an evolution strategy with one step size for each number (separable CMA-ES, Ros &
/// Hansen 2008, in its plainest form: the sizes follow the spread of the better half). Starts with the same numbers on
/// every run.
fn evolve(sets: &[Set], chosen: &dyn Fn(&Set) -> bool, start: &Start, settings: &Settings, steps: usize) -> Sought {
    let families = families(sets, chosen);
    let value = |point: &[f64; SOUGHT]| objective(&families, &start.weights, settings, point);
    let mut centre = start.point;
    let mut size = [0.2; SOUGHT];
    let mut best = (value(&centre), centre);
    eprintln!("start {:.4}", best.0);
    for step in 0..steps {
        let mut tried: Vec<(f64, [f64; SOUGHT])> = (0..CANDIDATES)
            .map(|candidate| {
                let mut point = centre;
                for (i, number) in point.iter_mut().enumerate() {
                    // Box & Muller: a normal number from two even ones.
                    let even = |which: &str| chance(&format!("{step} {candidate} {i} {which}"));
                    let normal = (-2.0 * (1.0 - even("a")).ln()).sqrt() * (std::f64::consts::TAU * even("b")).cos();
                    *number += size[i] * normal;
                }
                point
            })
            .map(|point| (0.0, point))
            .collect();
        std::thread::scope(|scope| {
            for half in tried.chunks_mut(CANDIDATES.div_ceil(2)) {
                scope.spawn(|| half.iter_mut().for_each(|(figure, point)| *figure = value(point)));
            }
        });
        tried.sort_by(|a, b| b.0.total_cmp(&a.0));
        if let Some(first) = tried.first().filter(|first| first.0 > best.0) {
            best = *first;
        }
        let parents = tried.get(..PARENTS).unwrap_or(&tried);
        for i in 0..SOUGHT {
            let mean = parents.iter().map(|(_, point)| point[i]).sum::<f64>() / parents.len() as f64;
            let spread = parents
                .iter()
                .map(|(_, point)| (point[i] - centre[i]).powi(2))
                .sum::<f64>()
                / parents.len() as f64;
            size[i] = (0.8 * size[i].powi(2) + 0.2 * spread).sqrt();
            centre[i] = mean;
        }
        eprintln!(
            "step {step}: {:.4}, best {:.4}",
            tried.first().map_or(0.0, |first| first.0),
            best.0
        );
    }
    let last = value(&centre);
    if last > best.0 {
        best = (last, centre);
    }
    eprintln!("found {:.4}", best.0);
    Sought(best.1)
}
