//! Which days a story is about: a weighted sum of the logarithms of a few counts.

use std::collections::{BTreeMap, BTreeSet};

use crate::timeline::read::{Sentence, When, when};
use crate::timeline::{Settings, StoryArticle};

/// What is counted for a day.
#[derive(Debug, Default)]
struct Counts {
    mentions: u32,
    articles: BTreeSet<usize>,
    published: u32,
    later: u32,
    first: u32,
}

/// Every day that is named or published on, with its score.
pub fn score(articles: &[&StoryArticle], sentences: &[Sentence<'_>], settings: &Settings) -> BTreeMap<When, f64> {
    let mut days: BTreeMap<When, Counts> = BTreeMap::new();
    let published: Vec<Option<When>> = articles.iter().map(|one| one.published.and_then(when)).collect();
    for day in published.iter().flatten() {
        days.entry(*day).or_default().published += 1;
    }
    for sentence in sentences {
        let told = published.get(sentence.article).copied().flatten();
        for &day in &sentence.named {
            let counts = days.entry(day).or_default();
            counts.mentions += 1;
            counts.articles.insert(sentence.article);
            counts.later += u32::from(told.is_some_and(|told| told.0 > day.0));
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
