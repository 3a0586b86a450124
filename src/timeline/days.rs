//! Which days a story is about: a weighted sum of the logarithms of a few counts.
//!
//! What is counted for a day is counted for a week, a month or an hour in the same way: a week's weight is that of all
//! that is said of it.

use std::collections::{BTreeMap, BTreeSet};

use crate::article::{Dated, Precision};
use crate::timeline::read::Sentence;
use crate::timeline::{Granularity, Options, StoryArticle};

/// What is counted for a day.
#[derive(Debug, Default)]
struct Counts {
    mentions: u32,
    articles: BTreeSet<usize>,
    published: u32,
    later: u32,
    first: u32,
}

/// The days inside the asked span: those of the best period first, within a period the best day first.
pub fn ranked(articles: &[&StoryArticle], sentences: &[Sentence<'_>], options: &Options) -> Vec<Dated> {
    let granularity = options.granularity;
    let inside = |day: Dated| {
        options.from.is_none_or(|from| day.date() >= from)
            && options.to.is_none_or(|to| day.date() <= to)
            && (options.dates.is_none() || granularity == Granularity::Month || day.precision >= Precision::Day)
    };
    let counted =
        |of: &dyn Fn(Dated) -> Dated| score(articles, sentences, options, &|day| inside(day).then(|| of(day)));
    let periods = counted(&|day| granularity.period(day));
    let least = match options.dates {
        None => periods.values().fold(0.0, |best: f64, &score| best.max(score)) * options.settings.share,
        Some(_) => f64::NEG_INFINITY,
    };
    let mut days: Vec<(f64, Dated, f64, Dated)> = counted(&|day| day)
        .into_iter()
        .map(|(day, score)| {
            let period = granularity.period(day);
            (periods.get(&period).copied().unwrap_or_default(), period, score, day)
        })
        .filter(|(of_period, ..)| *of_period >= least)
        .collect();
    days.sort_by(|a, b| {
        let period = b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
        period.then(b.2.total_cmp(&a.2)).then(a.3.cmp(&b.3))
    });
    days.into_iter().map(|(.., day)| day).collect()
}

/// What `of` makes of every day that is named or published on, with its score.
fn score(
    articles: &[&StoryArticle],
    sentences: &[Sentence<'_>],
    options: &Options,
    of: &dyn Fn(Dated) -> Option<Dated>,
) -> BTreeMap<Dated, f64> {
    let settings = &options.settings;
    let mut days: BTreeMap<Dated, Counts> = BTreeMap::new();
    let published: Vec<Option<Dated>> = articles
        .iter()
        .map(|one| one.published.and_then(|date| options.granularity.slot(date)))
        .collect();
    for day in published.iter().flatten().filter_map(|&day| of(day)) {
        days.entry(day).or_default().published += 1;
    }
    let start = |day: Dated| options.granularity.period(day).date();
    for sentence in sentences {
        let told = published.get(sentence.article).copied().flatten();
        let mut counted = BTreeSet::new();
        for &named in sentence.named.iter().chain(&sentence.since) {
            let Some(day) = of(named) else { continue };
            let counts = days.entry(day).or_default();
            // Two days of a week are one mention of the week.
            if !counted.insert(day) {
                continue;
            }
            counts.mentions += 1;
            counts.articles.insert(sentence.article);
            counts.later += u32::from(told.is_some_and(|told| start(told) > start(named)));
            counts.first += u32::from(sentence.place < settings.lead);
        }
    }
    let log = |count: u32| f64::from(1 + count).ln();
    days.into_iter()
        .map(|(day, counts)| {
            let score = settings.mentions * log(counts.mentions)
                + settings.articles * log(counts.articles.len() as u32)
                + settings.published * log(counts.published)
                + settings.later * log(counts.later)
                + settings.first * log(counts.first);
            (day, score)
        })
        .collect()
}
