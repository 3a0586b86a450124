//! Articles read into sentences with the days that they tell of.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use crate::article::{Dated, Precision};
use crate::extract::dates;
use crate::timeline::words::{Vector, Weights, Words};
use crate::timeline::{StoryArticle, sentence};

/// A day, or the first of a month that is all that is known; ordered as a timeline is.
pub type When = (NaiveDate, Precision);

/// A sentence of one of the articles.
#[derive(Debug)]
pub struct Sentence<'a> {
    /// Place of its article in the sorted list.
    pub article: usize,
    /// Its place in the article, from 0.
    pub place: usize,
    /// As published.
    pub text: &'a str,
    /// The days that it names.
    pub named: BTreeSet<When>,
    /// Its words.
    pub words: Words,
    /// Its words, weighted within the story.
    pub vector: Vector,
}

/// The day or month of a date; nothing when it is not known.
pub fn when(date: Dated) -> Option<When> {
    match date.precision {
        Precision::Unknown => None,
        Precision::Month => Some((date.date(), Precision::Month)),
        Precision::Day | Precision::Minute => Some((date.date(), Precision::Day)),
    }
}

/// The sentences of all articles, in the order of the articles.
pub fn sentences<'a>(articles: &[&'a StoryArticle]) -> Vec<Sentence<'a>> {
    let mut all = Vec::new();
    for (number, article) in articles.iter().enumerate() {
        let text = if article.text.trim().is_empty() {
            &article.title
        } else {
            &article.text
        };
        read(number, text, article.published, &mut all);
    }
    let words: Vec<Words> = all
        .iter_mut()
        .map(|one: &mut Sentence<'_>| std::mem::take(&mut one.words))
        .collect();
    let weights = Weights::learn(&words);
    for (one, words) in all.iter_mut().zip(words) {
        one.vector = weights.vector(&words);
        one.words = words;
    }
    all
}

fn read<'a>(article: usize, text: &'a str, published: Option<Dated>, all: &mut Vec<Sentence<'a>>) {
    let mentions = dates::find(text, published);
    let mut mentions = mentions.iter().peekable();
    for (place, range) in sentence::split(text).into_iter().enumerate() {
        let mut named = BTreeSet::new();
        let mut undated = String::new();
        let mut from = range.start;
        while let Some(mention) = mentions.peek() {
            if mention.start >= range.end {
                break;
            }
            if mention.start >= from {
                named.extend(when(mention.date));
                undated.push_str(text.get(from..mention.start).unwrap_or_default());
                undated.push(' ');
                from = mention.end.min(range.end);
            }
            mentions.next();
        }
        undated.push_str(text.get(from..range.end).unwrap_or_default());
        let Some(text) = text.get(range) else { continue };
        all.push(Sentence {
            article,
            place,
            text,
            named,
            words: Words::of(&undated),
            vector: Vector::new(),
        });
    }
}
