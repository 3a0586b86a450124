//! The events of one story, by day.
//!
//! In: the articles of a story. Out: [`Event`]s in the order of their dates, those without a date at the end. Which days
//! matter is decided by counts ([`Settings`]), what is said of them by centrality without repetition, after DATEWISE
//! (Gholipour Ghalandari and Ifrim 2020) and Martschat and Markert 2018; nothing is trained or embedded.
//! It never reads a clock, a disk or the network; it never writes a sentence that no article has; the same articles
//! give the same events, in whatever order they come.

mod choose;
mod days;
mod read;
mod sentence;
mod words;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike as _, NaiveDate, Weekday};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::article::{ArticleId, Dated, DatedJson, Precision};
use choose::{Chosen, choose};
use read::{Sentence, When, when};

/// The section `[timeline]` of the configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Weight of the sentences that name a day.
    pub mentions: f64,
    /// Weight of the articles that name it.
    pub articles: f64,
    /// Weight of the articles published on it.
    pub published: f64,
    /// Weight of the sentences that name it in hindsight.
    pub later: f64,
    /// Weight of the first sentences that name it.
    pub first: f64,
    /// How many sentences are an article's first ones.
    pub lead: usize,
    /// Share of the best day's score below which a day is left out.
    pub share: f64,
    /// Periods of a timeline at most, unless a number is asked for.
    pub most_dates: usize,
    /// Weight of centrality against novelty, 0 to 1.
    pub centrality: f32,
    /// Cosine from which two sentences tell of the same happening.
    pub same: f32,
    /// Keys that sentences in two languages share when they tell of the same happening.
    pub shared_keys: usize,
    /// Shortest sentence worth showing, in words.
    pub shortest: usize,
}

/// An article of the story, as the timeline needs it.
#[derive(Debug, Clone)]
pub struct StoryArticle {
    /// Its id.
    pub id: ArticleId,
    /// The headline.
    pub title: String,
    /// The body.
    pub text: String,
    /// Its language's code.
    pub lang: String,
    /// When it was published.
    pub published: Option<Dated>,
    /// The outlet.
    pub source: Option<String>,
    /// The article that it is a near-duplicate of.
    pub original: Option<ArticleId>,
}

/// How long the periods are that a timeline gives a bounded number of events each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Granularity {
    /// A day.
    #[default]
    Day,
    /// A week from Monday to Sunday (ISO 8601). A date that is known to the month only is a period of its own.
    Week,
    /// A month.
    Month,
}

impl Granularity {
    /// The period that a day is in, by its first day.
    fn period(self, (day, precision): When) -> When {
        match self {
            Self::Week if precision == Precision::Day => {
                (day.week(Weekday::Mon).checked_first_day().unwrap_or(day), precision)
            }
            Self::Month => (day.with_day(1).unwrap_or(day), Precision::Month),
            Self::Day | Self::Week => (day, precision),
        }
    }
}

/// What a timeline should look like.
#[derive(Debug, Clone)]
pub struct Options {
    /// The first day.
    pub from: Option<NaiveDate>,
    /// The last day.
    pub to: Option<NaiveDate>,
    /// How long a period is.
    pub granularity: Granularity,
    /// How many periods; without it as many as the story deserves.
    pub dates: Option<usize>,
    /// Events of one period at most: those of its best days. Each keeps its own date.
    pub sentences: usize,
    /// The reader's language: its sentences are preferred.
    pub lang: Option<String>,
    /// Weights and thresholds.
    pub settings: Settings,
}

/// Where an event's date comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Basis {
    /// The sentence names it.
    Text,
    /// It is the day of publication.
    Publication,
    /// It has none.
    None,
}

/// The same happening in another language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OtherSentence {
    /// As published.
    pub sentence: String,
    /// Its language's code.
    pub lang: String,
    /// Whose sentence it is.
    pub article: ArticleId,
}

/// Something that happened, in an article's own words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Event {
    /// When it happened, as far as is known.
    pub date: DatedJson,
    /// What happened, as published.
    pub sentence: String,
    /// The sentence's language.
    pub lang: String,
    /// Whose sentence it is.
    pub article: ArticleId,
    /// All articles that tell of it, near-duplicates too, in order of publication.
    pub articles: Vec<ArticleId>,
    /// How many of them are near-duplicates.
    pub near_duplicates: usize,
    /// Where the date comes from.
    pub basis: Basis,
    /// One sentence in each other language.
    pub others: Vec<OtherSentence>,
}

/// The timeline of a story: ordered by date, events without a date last.
pub fn build(articles: &[StoryArticle], options: &Options) -> Vec<Event> {
    let (kept, copies) = originals(articles);
    let sentences = read::sentences(&kept);
    let scores = days::score(&kept, &sentences, &options.settings);
    let candidates = candidates(&kept, &sentences, options);
    let mut used = BTreeSet::new();
    let mut events: Vec<(Option<When>, Event)> = Vec::new();
    let most = options.dates.unwrap_or(options.settings.most_dates);
    let mut shown: BTreeMap<When, usize> = BTreeMap::new();
    for day in ranked(&scores, options) {
        let period = options.granularity.period(day);
        let left = match shown.get(&period) {
            Some(events) => options.sentences - events,
            None if shown.len() == most => 0,
            None => options.sentences,
        };
        let Some(of_day) = candidates.get(&Some(day)).filter(|_| left > 0) else {
            continue;
        };
        let chosen = choose(of_day, left, &kept, &sentences, &mut used, options);
        if !chosen.is_empty() {
            *shown.entry(period).or_default() += chosen.len();
        }
        events.extend(
            chosen
                .iter()
                .map(|one| (Some(day), event(Some(day), one, &kept, &sentences, &copies))),
        );
    }
    events.sort_by_key(|(day, _)| *day);
    let undated = candidates.get(&None).filter(|_| options.dates.is_none());
    let chosen = undated.map(|leads| choose(leads, usize::MAX, &kept, &sentences, &mut used, options));
    let last = chosen
        .iter()
        .flatten()
        .map(|one| event(None, one, &kept, &sentences, &copies));
    events.into_iter().map(|(_, event)| event).chain(last).collect()
}

/// Near-duplicates by the id of their original.
type Copies<'a> = BTreeMap<&'a ArticleId, Vec<&'a ArticleId>>;

/// The articles that speak for themselves, in order of publication, and the copies of each.
fn originals(articles: &[StoryArticle]) -> (Vec<&StoryArticle>, Copies<'_>) {
    let ids: BTreeSet<&ArticleId> = articles
        .iter()
        .filter(|one| one.original.is_none())
        .map(|one| &one.id)
        .collect();
    let is_copy = |one: &StoryArticle| one.original.as_ref().is_some_and(|original| ids.contains(original));
    let mut sorted: Vec<&StoryArticle> = articles.iter().collect();
    sorted.sort_by(|a, b| {
        let key = |one: &StoryArticle| (one.published.is_none(), one.published);
        (key(a), &a.id, &a.text, &a.title).cmp(&(key(b), &b.id, &b.text, &b.title))
    });
    let mut copies = Copies::new();
    for one in sorted.iter().filter(|one| is_copy(one)) {
        if let Some(original) = &one.original {
            copies.entry(original).or_default().push(&one.id);
        }
    }
    sorted.retain(|one| !is_copy(one));
    (sorted, copies)
}

/// The days inside the asked period, best first.
fn ranked(scores: &BTreeMap<When, f64>, options: &Options) -> Vec<When> {
    let inside = |day: &When| {
        options.from.is_none_or(|from| day.0 >= from)
            && options.to.is_none_or(|to| day.0 <= to)
            && (options.dates.is_none() || day.1 == Precision::Day)
    };
    let mut days: Vec<(When, f64)> = scores
        .iter()
        .filter(|(day, _)| inside(day))
        .map(|(&day, &score)| (day, score))
        .collect();
    days.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    if options.dates.is_none() {
        let least = days.first().map_or(0.0, |best| best.1 * options.settings.share);
        days.retain(|(_, score)| *score >= least);
    }
    days.into_iter().map(|(day, _)| day).collect()
}

/// The sentences that may speak for each day: those that name it, and the first ones of what was published on it.
fn candidates(
    articles: &[&StoryArticle],
    sentences: &[Sentence<'_>],
    options: &Options,
) -> BTreeMap<Option<When>, Vec<usize>> {
    // Without a number of dates a day has one event for each happening: the second sentence of an article is none.
    let lead = if options.dates.is_some() {
        options.settings.lead
    } else {
        1
    };
    let mut of_day: BTreeMap<Option<When>, Vec<usize>> = BTreeMap::new();
    for (number, sentence) in sentences.iter().enumerate() {
        for &day in &sentence.named {
            of_day.entry(Some(day)).or_default().push(number);
        }
        let published = articles
            .get(sentence.article)
            .and_then(|one| one.published)
            .and_then(when);
        if sentence.place < lead && (sentence.named.is_empty() || options.dates.is_some()) {
            let entry = of_day.entry(published).or_default();
            if entry.last() != Some(&number) {
                entry.push(number);
            }
        }
    }
    of_day
}

fn event(
    day: Option<When>,
    chosen: &Chosen,
    articles: &[&StoryArticle],
    sentences: &[Sentence<'_>],
    copies: &Copies<'_>,
) -> Event {
    let said = |number: usize| {
        let sentence = sentences.get(number);
        let article = sentence.and_then(|one| articles.get(one.article));
        OtherSentence {
            sentence: sentence.map(|one| one.text.to_owned()).unwrap_or_default(),
            lang: article.map(|one| one.lang.clone()).unwrap_or_default(),
            article: article.map_or_else(|| ArticleId(String::new()), |one| one.id.clone()),
        }
    };
    let best = said(chosen.best);
    let mut others: Vec<OtherSentence> = Vec::new();
    for other in chosen.members.iter().map(|&number| said(number)) {
        if other.lang != best.lang && others.iter().all(|known| known.lang != other.lang) {
            others.push(other);
        }
    }
    let telling: BTreeSet<usize> = chosen
        .members
        .iter()
        .filter_map(|&number| sentences.get(number))
        .map(|one| one.article)
        .collect();
    let mut ids: Vec<ArticleId> = Vec::new();
    let mut near_duplicates = 0;
    for article in telling.iter().filter_map(|&number| articles.get(number)) {
        ids.push(article.id.clone());
        for copy in copies.get(&article.id).into_iter().flatten() {
            ids.push((*copy).clone());
            near_duplicates += 1;
        }
    }
    let named = sentences
        .get(chosen.best)
        .is_some_and(|one| day.is_some_and(|day| one.named.contains(&day)));
    let basis = match day {
        None => Basis::None,
        Some(_) if named => Basis::Text,
        Some(_) => Basis::Publication,
    };
    Event {
        date: day.map_or(
            DatedJson {
                value: None,
                precision: Precision::Unknown,
            },
            |day| dated(day).into(),
        ),
        sentence: best.sentence,
        lang: best.lang,
        article: best.article,
        articles: ids,
        near_duplicates,
        basis,
        others,
    }
}

fn dated(day: When) -> Dated {
    Dated {
        precision: day.1,
        ..Dated::day(day.0)
    }
}
