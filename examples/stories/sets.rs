//! The labelled sets, and those that are derived from them.
//!
//! Real collections are few, so others are made from them: the halves of og2021, its English titles, an eighth of its
//! stories, every sixth of its titles, and streams in which meantime, basil, ecbplus and the demonstration are mixed: within
//! one month, and within three years, where a week holds few articles. The demonstration is also halved, put among
//! round-ups, live pages, horoscopes, weather and tickers (tests/data/glue), and both arrive late and out of order.
//!
//! Labelled pairs make streams, too: the two articles of a pair within hours of each other, every pair somewhere in it. What
//! counts there is whether those two come into one story.

use std::collections::HashMap;
use std::error::Error;
use std::path::Path;

use sha2::{Digest, Sha256};
use silsila::config::Settings;
use silsila::embed::{Embedder, centre::Centres};
use silsila::extract::fold::fold;
use silsila::extract::neardup::NearDuplicates;
use silsila::story::lexicon::Sparse;
use silsila::story::signals::COUNT;
use silsila::story::{Engine, StoryError};

use crate::search::standard;
use crate::shared::{self, Article, labelled, read};

/// The family of the streams in which several collections are mixed.
pub const MIXED: &str = "mixed";
/// Those streams, with their lengths in seconds.
const STREAMS: [(&str, f64); 2] = [("mixed", 30.0 * DAY), ("mixed, three years", 1095.0 * DAY)];
/// Draws in which the demonstration arrives late, too; draw 0 and those after them are not looked at by the search.
const LATE_DRAWS: [u32; 2] = [1, 2];
/// Labelled pairs that make a stream, with its length in days: some forty and eighty articles a day.
const PAIRS: [(&str, f64); 2] = [("semeval2022", 30.0), ("telegram", 10.0)];
/// Mean distance of an article from the beginning of its story there, in seconds.
const DAY: f64 = 86_400.0;

/// A labelled set, in the order in which its articles arrive.
pub struct Set {
    pub name: String,
    /// Sets of one family are never judged by weights learned from each other.
    pub family: String,
    /// Articles with a text of their own.
    pub articles: Vec<Article>,
    /// Label of every article that repeats another one, with the place of that one.
    pub repeats: Vec<(String, usize)>,
    /// What every article is compared with, by place, and the signals; no weights decide about that.
    pub pairs: Vec<Pairs>,
    /// The names of every article, by place.
    pub names: Vec<Sparse>,
    /// What it counts among those of its family.
    pub share: f64,
    /// Where only pairs have labels: their places, and whether both tell of one event. That is all that is judged then.
    pub asked: Vec<(usize, usize, bool)>,
}

/// Articles that one is compared with, with the signals of each pair.
pub type Pairs = Vec<(u64, [f32; COUNT])>;

/// An even number from 0 to 1 that depends on the text alone.
pub fn chance(text: &str) -> f64 {
    let digest = Sha256::digest(text);
    let number = digest
        .iter()
        .take(6)
        .fold(0.0, |sum, byte| sum * 256.0 + f64::from(*byte));
    number / 256f64.powi(6)
}

/// Articles of a set, with what the set needs beside them.
type Plan = (String, String, f64, Vec<Article>);

/// The sets that are wanted; with `left_out`, also the mixed streams that lack one family each; with `late`, every dated
/// article arrives up to 48 hours after its publication, in the order of that draw.
pub fn sets(
    data: &Path,
    wanted: &dyn Fn(&str) -> bool,
    settings: &Settings,
    left_out: bool,
    late: Option<u32>,
) -> Result<Vec<Set>, Box<dyn Error>> {
    let (mut embedder, centres) = shared::open(settings)?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut plans: Vec<Plan> = Vec::new();
    let mut plan = |name: String, family: &str, share: f64, articles: Vec<Article>| {
        plans.push((name, family.to_owned(), share, articles));
    };
    let mut whole: Vec<(String, Vec<Article>)> = Vec::new();
    for (family, file) in [
        ("og2021", data.join("og2021/dev.jsonl")),
        ("meantime", data.join("meantime/articles.jsonl")),
        ("basil", data.join("basil/articles.jsonl")),
        ("ecbplus", data.join("ecbplus/articles.jsonl")),
        ("demonstration", root.join("demo/articles.jsonl")),
    ] {
        if !wanted(family) || is_missing(&file) {
            continue;
        }
        let full = read(&file, settings, &mut *embedder, &centres, false)?;
        let titles = read(&file, settings, &mut *embedder, &centres, true)?;
        if full.iter().zip(&titles).any(|(full, title)| full.text != title.text) {
            plan(family.to_owned(), family, 1.0, full.clone());
            if family == "demonstration" {
                let half = full.iter().step_by(2).cloned().collect();
                plan(format!("{family}, half"), family, 0.5, half);
                let glue = root.join("tests/data/glue/articles.jsonl");
                let mut among = read(&glue, settings, &mut *embedder, &centres, false)?;
                among.extend(full.iter().cloned());
                among.sort_by_key(|article| (article.time.is_none(), article.time));
                for draw in LATE_DRAWS {
                    plan(
                        format!("{family}, late {draw}"),
                        family,
                        0.5,
                        delayed(full.clone(), draw),
                    );
                }
                let late = delayed(among.clone(), LATE_DRAWS[0]);
                plan(format!("{family} among glue, late"), family, 0.5, late);
                plan(format!("{family} among glue"), family, 1.0, among);
            }
            whole.push((family.to_owned(), full));
            if titles.iter().all(|title| !title.text.is_empty()) {
                plan(format!("{family}, titles"), family, 1.0, titles);
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
        plan(family.to_owned(), family, 3.0, full.clone());
        for (name, part) in [
            ("1st half", some(&|place, _| place < half)),
            ("2nd half", some(&|place, _| place >= half)),
            ("English", some(&|_, article| article.lang == "en")),
            ("few stories", some(&|_, article| chance(&article.label) < 0.125)),
            ("few articles", some(&|place, _| place % 6 == 0)),
        ] {
            plan(format!("{family}, {name}"), family, 1.0, part);
        }
    }
    let parts: Vec<&(String, Vec<Article>)> = whole.iter().collect();
    for (name, length) in STREAMS {
        plan(name.to_owned(), MIXED, 1.0, mixed(length, &parts));
        for (family, _) in whole.iter().filter(|_| left_out) {
            let rest: Vec<&(String, Vec<Article>)> = whole.iter().filter(|part| &part.0 != family).collect();
            plan(format!("{name} without {family}"), MIXED, 1.0, mixed(length, &rest));
        }
    }
    let set = |(name, family, share, articles): Plan| {
        let articles = match late {
            Some(draw) => delayed(articles, draw),
            None => articles,
        };
        Set::new(name, family, share, articles, settings)
    };
    let mut sets: Vec<Set> = plans.into_iter().map(set).collect();
    for (family, days) in PAIRS {
        let file = data.join("pairs").join(format!("{family}.jsonl"));
        if !wanted(family) || is_missing(&file) {
            continue;
        }
        sets.push(paired(family, &file, days * DAY, settings, &mut *embedder, &centres)?);
    }
    Ok(sets)
}

/// Whether a set's file is missing, which is said.
fn is_missing(file: &Path) -> bool {
    let missing = !file.is_file();
    if missing {
        eprintln!("missing: {}", file.display());
    }
    missing
}

/// A stream of labelled pairs.
fn paired(
    family: &str,
    file: &Path,
    length: f64,
    settings: &Settings,
    embedder: &mut dyn Embedder,
    centres: &Centres,
) -> Result<Set, Box<dyn Error>> {
    let labelled = labelled::read(file)?;
    let same_event = labelled::SETS.iter().find(|(name, _)| *name == family);
    let same_event = same_event.ok_or("a set of pairs that is not known")?.1;
    let texts: Vec<String> = labelled.texts.iter().map(|(text, _)| text.clone()).collect();
    let vectors = shared::embedded(&texts, embedder)?;
    let mut times: Vec<Option<i64>> = vec![None; texts.len()];
    for (a, b, _) in &labelled.pairs {
        let begins = length * chance(&format!("{family} {a} {b}"));
        for place in [*a, *b] {
            let after = -DAY / 4.0 * (1.0 - chance(&format!("{family} {place}"))).ln();
            times[place].get_or_insert((begins + after) as i64);
        }
    }
    let mut order: Vec<usize> = (0..texts.len()).filter(|place| !texts[*place].is_empty()).collect();
    order.sort_by_key(|place| times[*place]);
    let article = |place: &usize| Article {
        lang: labelled.texts[*place].1.clone(),
        time: times[*place],
        label: place.to_string(),
        vector: centres.centred(&vectors[*place], &labelled.texts[*place].1),
        text: texts[*place].clone(),
    };
    let articles = order.iter().map(article).collect();
    let mut set = Set::new(family.to_owned(), family.to_owned(), 1.0, articles, settings);
    let own = set
        .articles
        .iter()
        .enumerate()
        .map(|(place, article)| (&article.label, place));
    let all = own.chain(set.repeats.iter().map(|(label, place)| (label, *place)));
    let places: HashMap<&String, usize> = all.collect();
    let asked = labelled.pairs.iter().filter_map(|(a, b, labels)| {
        let place = |text: &usize| places.get(&text.to_string()).copied();
        Some((place(a)?, place(b)?, same_event(labels)?))
    });
    set.asked = asked.collect();
    Ok(set)
}

/// Articles in the order in which they arrive.
fn delayed(mut articles: Vec<Article>, draw: u32) -> Vec<Article> {
    articles.sort_by_cached_key(|article| arrival(article, draw));
    articles
}

/// When an article arrives that is up to 48 hours late; undated ones come last, as they do on time.
fn arrival(article: &Article, draw: u32) -> (bool, i64) {
    let chance = match draw {
        0 => chance(&article.text),
        _ => chance(&format!("{draw} {}", article.text)),
    };
    let after = (2.0 * DAY * chance) as i64;
    (article.time.is_none(), article.time.map_or(0, |time| time + after))
}

/// One stream: every story begins somewhere in it, and its articles follow within days.
fn mixed(length: f64, parts: &[&(String, Vec<Article>)]) -> Vec<Article> {
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
    articles
}

impl Set {
    /// Near-duplicates follow the first article that they repeat.
    pub fn new(name: String, family: String, share: f64, all: Vec<Article>, settings: &Settings) -> Self {
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
            name,
            family,
            articles,
            repeats,
            pairs: Vec::new(),
            names: Vec::new(),
            share,
            asked: Vec::new(),
        }
    }

    /// Finds the pairs that the engine would compare.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn compare(&mut self, settings: &Settings) -> Result<(), StoryError> {
        let dimension = self.articles.first().map_or(0, |article| article.vector.len());
        let mut engine = Engine::new(&settings.story, &settings.index, standard(&[]), dimension);
        let articles = self.articles.iter().enumerate();
        let pairs: Result<_, _> = articles
            .map(|(number, article)| engine.pairs(article.arrival(number)))
            .collect();
        self.pairs = pairs?;
        self.names = (0..self.articles.len() as u64)
            .map(|number| engine.names(number))
            .collect();
        Ok(())
    }

    /// The compared pairs, and whether both tell of one event, as far as labels say.
    pub fn judged_pairs(&self) -> impl Iterator<Item = (&[f32; COUNT], bool)> {
        let known: HashMap<(usize, usize), bool> = self
            .asked
            .iter()
            .flat_map(|(a, b, same)| [((*a, *b), *same), ((*b, *a), *same)])
            .collect();
        let same = move |place: usize, other: usize| match known.is_empty() {
            true => Some(self.articles[place].label == self.articles[other].label),
            false => known.get(&(place, other)).copied(),
        };
        let pairs = self.pairs.iter().enumerate();
        let pairs = pairs.flat_map(|(place, pairs)| pairs.iter().map(move |pair| (place, pair)));
        pairs.filter_map(move |(place, (other, signals))| Some((signals, same(place, *other as usize)?)))
    }

    /// The same without the articles of a language, and without what repeats them.
    pub fn without_language(&self, lang: &str) -> Self {
        let kept: Vec<usize> = (0..self.articles.len())
            .filter(|place| self.articles[*place].lang != lang)
            .collect();
        let place = |old: &usize| kept.binary_search(old).ok();
        let (repeats, asked) = (self.repeats.iter(), self.asked.iter());
        Self {
            name: self.name.clone(),
            family: self.family.clone(),
            articles: kept.iter().map(|old| self.articles[*old].clone()).collect(),
            repeats: repeats
                .filter_map(|(label, first)| Some((label.clone(), place(first)?)))
                .collect(),
            pairs: Vec::new(),
            names: Vec::new(),
            share: self.share,
            asked: asked
                .filter_map(|(a, b, same)| Some((place(a)?, place(b)?, *same)))
                .collect(),
        }
    }
}
