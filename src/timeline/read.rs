//! Articles read into sentences with the days that they tell of.

use std::collections::{BTreeMap, BTreeSet};

use crate::article::Dated;
use crate::extract::dates;
use crate::story::lexicon::cosine;
use crate::timeline::alone::{follows_since, follows_until, says_since, stands_alone};
use crate::timeline::attribute::belongs_to_a_noun;
use crate::timeline::words::{Keys, Vector, Weights, Words, centroid};
use crate::timeline::{Granularity, StoryArticle, sentence};

/// Letters before a date at most for a sentence to begin with it: "On Monday", «В понедельник».
const BEFORE_DATE: usize = 8;
/// Letters between two dates at most that are named in one breath: "19 and 20 September", « du 3 au 5 mai ».
const ONE_BREATH: usize = 6;

/// A sentence of one of the articles.
#[derive(Debug)]
pub struct Sentence<'a> {
    /// Place of its article in the sorted list.
    pub article: usize,
    /// Its place in the article, from 0.
    pub place: usize,
    /// As published.
    pub text: &'a str,
    /// When what it tells happened, by the dates that it names.
    pub named: BTreeSet<Dated>,
    /// Days since when something has gone on, or until when: they matter to the story, but the sentence does not tell of them.
    pub since: BTreeSet<Dated>,
    /// It can be read without the one before it.
    pub alone: bool,
    /// How much it tells of the story as a whole: its likeness to all sentences in its language, 0 to 1.
    pub central: f32,
    /// Its words.
    pub words: Words,
    /// Its words, weighted within the story.
    pub vector: Vector,
    /// Its numbers and names, with how rare they are in the story.
    pub keys: Keys,
    /// What it tells of, in keys of all languages, with how rare that is.
    pub matters: Keys,
    /// Those of them that not nearly all articles of the story tell of.
    pub own_matters: Keys,
    /// The hours of the day that it names.
    pub hours: Keys,
}

/// The sentences of all articles, in the order of the articles.
pub fn sentences<'a>(articles: &[&'a StoryArticle], granularity: Granularity) -> Vec<Sentence<'a>> {
    let mut all = Vec::new();
    for (number, article) in articles.iter().enumerate() {
        let text = if article.text.trim().is_empty() {
            &article.title
        } else {
            &article.text
        };
        read(number, text, article, granularity, &mut all);
    }
    let words: Vec<Words> = all
        .iter_mut()
        .map(|one: &mut Sentence<'_>| std::mem::take(&mut one.words))
        .collect();
    let weights = Weights::learn(all.iter().map(|one| one.article).zip(&words));
    for (one, words) in all.iter_mut().zip(words) {
        one.vector = weights.vector(&words);
        one.keys = weights.keys(&words.keys);
        one.matters = weights.keys(&words.matters);
        one.own_matters = weights.own(&one.matters);
        one.hours = weights.keys(&words.hours);
        one.words = words;
    }
    let lang = |one: &Sentence<'_>| articles.get(one.article).map_or("", |article| article.lang.as_str());
    let mut by_language: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (number, one) in all.iter().enumerate() {
        by_language.entry(lang(one)).or_default().push(number);
    }
    for numbers in by_language.into_values() {
        let middle = centroid(numbers.iter().filter_map(|&number| Some(&all.get(number)?.vector)));
        for number in numbers {
            if let Some(one) = all.get_mut(number) {
                one.central = cosine(&one.vector, &middle);
            }
        }
    }
    all
}

fn read<'a>(
    number: usize,
    text: &'a str,
    article: &StoryArticle,
    granularity: Granularity,
    all: &mut Vec<Sentence<'a>>,
) {
    let mentions = dates::find(text, article.published);
    let mut mentions = mentions.iter().peekable();
    for (place, range) in sentence::split(text).into_iter().enumerate() {
        let (mut told, mut since, mut until) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
        let mut group = 0;
        let mut undated = String::new();
        let mut from = range.start;
        let mut behind_date = range.start;
        while let Some(mention) = mentions.peek() {
            if mention.start >= range.end {
                break;
            }
            if mention.start >= from {
                let day = granularity.named(mention.date, article.published);
                let of = |from, to| text.get(from..to).unwrap_or_default();
                if from == range.start || of(from, mention.start).chars().count() > ONE_BREATH {
                    group += 1;
                }
                let lang = article.lang.as_str();
                let before = of(range.start, mention.start);
                let date = of(mention.start, mention.end);
                if follows_since(before, lang)
                    || says_since(date, lang)
                    || belongs_to_a_noun(before, date, of(mention.end, range.end), lang)
                {
                    since.extend(day);
                } else if follows_until(of(range.start, mention.start), lang) {
                    until.extend(day);
                } else {
                    told.extend(day.map(|day| (day, group)));
                }
                let before = text.get(range.start..mention.start).unwrap_or_default();
                if before.chars().count() <= BEFORE_DATE {
                    behind_date = mention.end.min(range.end);
                }
                undated.push_str(text.get(from..mention.start).unwrap_or_default());
                undated.push(' ');
                from = mention.end.min(range.end);
            }
            mentions.next();
        }
        undated.push_str(text.get(from..range.end).unwrap_or_default());
        let (mut named, aside) = told_of(&told, article.published);
        since.extend(aside);
        // A bound is told of where the sentence has no other day.
        match named.is_empty() {
            true => named = until,
            false => since.extend(until.difference(&named).copied().collect::<Vec<_>>()),
        }
        let behind_date = text.get(behind_date..range.end).unwrap_or_default();
        let Some(text) = text.get(range) else { continue };
        all.push(Sentence {
            article: number,
            place,
            text,
            named,
            since,
            alone: stands_alone(text, behind_date, &article.lang),
            central: 0.0,
            words: Words::of(&undated, &article.lang),
            vector: Vector::new(),
            keys: Keys::new(),
            matters: Keys::new(),
            own_matters: Keys::new(),
            hours: Keys::new(),
        });
    }
}

/// The days that a sentence tells of, of those that it names, each with the number of its group (what is named in one breath), and the
/// other days. Of several it tells of the last one that is not later than its publication, and of that one's group: "exchanged prisoners
/// on Saturday, in the first swap since Kyiv's troops came on 6 August", "agreed on Thursday to meet on 9 January", "on 19 and 20 September".
fn told_of(named: &[(Dated, usize)], published: Option<Dated>) -> (BTreeSet<Dated>, BTreeSet<Dated>) {
    let is_known = |day: &Dated| published.is_some_and(|published| day.date() <= published.date());
    let days = || named.iter().map(|(day, _)| *day);
    let Some(main) = days().filter(is_known).max() else {
        return (days().collect(), BTreeSet::new());
    };
    let groups: BTreeSet<usize> = named
        .iter()
        .filter(|(day, _)| *day == main)
        .map(|(_, group)| *group)
        .collect();
    let of_them = named.iter().filter(|(_, group)| groups.contains(group));
    let told: BTreeSet<Dated> = of_them.map(|(day, _)| *day).collect();
    let aside = days().filter(|day| !told.contains(day)).collect();
    (told, aside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_named_in_one_breath_are_told_of_together_and_what_is_to_come_alone_where_nothing_was() {
        let published = Dated::from_value_text("2023-09-22");
        for (text, told, aside) in [
            ("On 19 and 20 September the army took the heights.", "19 20", ""),
            (
                "On 21 September talks began on what 19 and 20 September had left.",
                "21",
                "19 20",
            ),
            ("Talks will open on 28 September.", "28", ""),
            (
                "Talks will open on 28 September, after those of last week failed, and end on 30 September.",
                "28 30",
                "",
            ),
        ] {
            let mut all = Vec::new();
            let article = StoryArticle {
                id: "a1".into(),
                title: String::new(),
                text: text.to_owned(),
                lang: "en".to_owned(),
                published,
                source: None,
                original: None,
            };
            read(0, text, &article, Granularity::Day, &mut all);
            let days = |days: &BTreeSet<Dated>| {
                let days: Vec<String> = days.iter().map(|day| day.date().format("%d").to_string()).collect();
                days.join(" ")
            };
            let [one] = all.as_slice() else {
                panic!("{text}: {all:?}")
            };
            assert_eq!(
                (days(&one.named).as_str(), days(&one.since).as_str()),
                (told, aside),
                "{text}"
            );
        }
    }
}
