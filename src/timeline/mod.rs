//! The events of one story, by day.
//!
//! In: the articles of a story. Out: [`Event`]s in the order of their dates, those without a date at the end. Which days
//! matter is decided by counts ([`Settings`]), what is said of them by centrality without repetition, after DATEWISE
//! (Gholipour Ghalandari and Ifrim 2020) and Martschat and Markert 2018; nothing is trained or embedded.
//! It never reads a clock, a disk or the network; it never writes a sentence that no article has; the same articles
//! give the same events, in whatever order they come.

mod alone;
mod attribute;
mod choose;
mod days;
mod matters;
mod read;
mod sentence;
mod words;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike as _, NaiveDate, TimeDelta, Timelike as _, Weekday};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::article::{ArticleId, Dated, DatedJson, Precision};
use crate::story::lexicon::cosine;
use choose::{Chosen, choose, tell_the_same};
use read::Sentence;

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
    /// Weight of a sentence's centrality in the whole story.
    pub story: f32,
    /// Weight of the distance from the length that reads best.
    pub length: f32,
    /// That length, in words.
    pub best_length: f32,
    /// Taken off a sentence that was written before the day that it tells of: what happened is told better by what came later.
    pub foretold: f32,
    /// Cosine from which two sentences tell of the same happening.
    pub same: f32,
    /// Cosine from which sentences of neighbouring days do.
    pub same_next: f32,
    /// Rarity from which one number or name that sentences of a day in two languages share makes them tell of the same
    /// happening: the logarithm of the story's sentences, or of its articles if that is less, by those that have it.
    pub rare_name: f32,
    /// Sum of rarities from which several do. Half as much again of both is asked for where the sentences tell of other matters.
    pub shared_names: f32,
    /// Likeness of the matters of two sentences of a day in two languages from which they tell of the same happening.
    pub same_matter: f32,
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
    /// An hour. A date that is known to the day only is a period of its own.
    Hour,
    /// A day.
    #[default]
    Day,
    /// A week from Monday to Sunday (ISO 8601). A date that is known to the month only is a period of its own.
    Week,
    /// A month.
    Month,
}

impl Granularity {
    /// Every granularity with its name, from the finest.
    pub const NAMES: [(&'static str, Self); 4] = [
        ("hour", Self::Hour),
        ("day", Self::Day),
        ("week", Self::Week),
        ("month", Self::Month),
    ];

    /// The granularity of that name.
    pub fn of(name: &str) -> Option<Self> {
        let known = Self::NAMES.iter().find(|(known, _)| *known == name);
        known.map(|(_, granularity)| *granularity)
    }

    /// A date as finely as a timeline tells dates apart: an hour or a day, or the month that is all that is known.
    fn slot(self, date: Dated) -> Option<Dated> {
        match date.precision {
            Precision::Unknown => None,
            Precision::Month | Precision::Day => Some(date),
            Precision::Minute if self == Self::Hour => {
                let minutes = TimeDelta::minutes(date.value.minute().into());
                let seconds = TimeDelta::seconds(date.value.second().into());
                let value = date.value - minutes - seconds;
                Some(Dated::minute(value.with_nanosecond(0).unwrap_or(value)))
            }
            Precision::Minute => Some(Dated::day(date.date())),
        }
    }

    /// The slot of a date that a sentence names. The hour of what happened on the day of publication is the one in which
    /// it was published, as nobody told it earlier.
    fn named(self, date: Dated, published: Option<Dated>) -> Option<Dated> {
        let same_day = |one: &Dated| one.precision == Precision::Minute && one.date() == date.date();
        match published.filter(same_day) {
            Some(published) if self == Self::Hour && date.precision == Precision::Day => self.slot(published),
            _ => self.slot(date),
        }
    }

    /// The period that a slot is in, by its start.
    fn period(self, slot: Dated) -> Dated {
        let day = slot.date();
        match self {
            Self::Week if slot.precision == Precision::Day => {
                Dated::day(day.week(Weekday::Mon).checked_first_day().unwrap_or(day))
            }
            Self::Month => Dated::month(day.year(), day.month()).unwrap_or(slot),
            Self::Hour | Self::Day | Self::Week => slot,
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
    let sentences = read::sentences(&kept, options.granularity);
    let story = Story {
        articles: kept,
        sentences,
        copies,
        options,
    };
    let candidates = story.candidates();
    let mut used = BTreeSet::new();
    let most = options.dates.unwrap_or(options.settings.most_dates);
    let mut shown: BTreeMap<Dated, usize> = BTreeMap::new();
    let mut events: Vec<(Dated, Chosen)> = Vec::new();
    let days = days::ranked(&story.articles, &story.sentences, options);
    // A week or a month tells something of each of its days before it tells more of one.
    let rounds: &[usize] = match options.granularity {
        Granularity::Hour | Granularity::Day => &[usize::MAX],
        Granularity::Week | Granularity::Month => &[1, usize::MAX],
    };
    for (&most_of_day, &day) in rounds.iter().flat_map(|most| days.iter().map(move |day| (most, day))) {
        let period = options.granularity.period(day);
        let left = match shown.get(&period) {
            Some(events) => options.sentences.saturating_sub(*events),
            None if shown.len() == most => 0,
            None => options.sentences,
        };
        let Some(of_day) = candidates.get(&Some(day)).filter(|_| left > 0) else {
            continue;
        };
        for chosen in choose(of_day, Some(day), left.min(most_of_day), &story, &mut used) {
            match events
                .iter_mut()
                .find(|(other, known)| story.says_again(day, &chosen, *other, known))
            {
                Some((other, known)) => {
                    let before = options.granularity.period(*other);
                    // Another period may be shown if there is room for one, or this was all that the other one had.
                    let room = shown.contains_key(&period) || shown.len() < most || shown.get(&before) == Some(&1);
                    if story.join(day, chosen, other, known, room) {
                        match shown.get_mut(&before) {
                            Some(events) if *events > 1 => *events -= 1,
                            _ => _ = shown.remove(&before),
                        }
                        *shown.entry(period).or_default() += 1;
                    }
                }
                None => {
                    *shown.entry(period).or_default() += 1;
                    events.push((day, chosen));
                }
            }
        }
    }
    let undated = candidates.get(&None).filter(|_| options.dates.is_none());
    let last = undated.map(|leads| choose(leads, None, usize::MAX, &story, &mut used));
    let mut dated: Vec<(Dated, Event)> = events
        .into_iter()
        .map(|(day, chosen)| (day, story.event(Some(day), &chosen)))
        .collect();
    // Within an hour by the minute that is shown.
    dated.sort_by(|(day, event), (other_day, other)| {
        day.cmp(other_day).then_with(|| event.date.value.cmp(&other.date.value))
    });
    let undated = last.into_iter().flatten().map(|chosen| story.event(None, &chosen));
    dated.into_iter().map(|(_, event)| event).chain(undated).collect()
}

/// What a timeline is made of.
struct Story<'a> {
    /// The articles that speak for themselves, in order of publication.
    articles: Vec<&'a StoryArticle>,
    /// Their sentences.
    sentences: Vec<Sentence<'a>>,
    copies: Copies<'a>,
    options: &'a Options,
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

impl Story<'_> {
    fn lang(&self, sentence: &Sentence<'_>) -> &str {
        self.articles.get(sentence.article).map_or("", |article| &article.lang)
    }

    fn published(&self, article: usize) -> Option<Dated> {
        self.articles.get(article).and_then(|one| one.published)
    }

    /// Whether a sentence was written before the day that it tells of.
    fn foretells(&self, sentence: &Sentence<'_>, day: Option<Dated>) -> bool {
        let date = |dated: Dated| (dated.precision >= Precision::Day).then(|| dated.value.date_naive());
        let published = self.published(sentence.article).and_then(date);
        published
            .zip(day.and_then(date))
            .is_some_and(|(published, day)| published < day)
    }

    /// The sentences that may speak for each day: those that name it, and the first ones of what was published on it.
    fn candidates(&self) -> BTreeMap<Option<Dated>, Vec<usize>> {
        let lead = self.options.settings.lead;
        let mut of_day: BTreeMap<Option<Dated>, Vec<usize>> = BTreeMap::new();
        // Without a number of dates a day has one event for each happening, and an article speaks once: with the first of
        // its first sentences that stands alone.
        let mut speaker: BTreeMap<usize, (usize, bool)> = BTreeMap::new();
        for (number, sentence) in self.sentences.iter().enumerate() {
            for &day in &sentence.named {
                of_day.entry(Some(day)).or_default().push(number);
            }
            if sentence.place >= lead {
                continue;
            }
            // One that names a day is told of that day, however many are asked for.
            if self.options.dates.is_some() {
                if !sentence.named.is_empty() {
                    continue;
                }
                let entry = of_day.entry(self.publication_slot(sentence)).or_default();
                if entry.last() != Some(&number) {
                    entry.push(number);
                }
            } else {
                let first = speaker.entry(sentence.article).or_insert((number, sentence.alone));
                if sentence.alone && !first.1 {
                    *first = (number, true);
                }
            }
        }
        for (number, _) in speaker.into_values() {
            if let Some(sentence) = self.sentences.get(number).filter(|one| one.named.is_empty()) {
                of_day.entry(self.publication_slot(sentence)).or_default().push(number);
            }
        }
        let stands = |number: &usize| self.sentences.get(*number).is_some_and(|one| one.alone);
        // A day of which nothing can be said is left out, unless there is nothing else to say.
        if self.options.dates.is_none() && of_day.values().flatten().any(stands) {
            of_day.retain(|_, numbers| numbers.iter().any(stands));
        }
        of_day
    }

    fn publication_slot(&self, sentence: &Sentence<'_>) -> Option<Dated> {
        self.published(sentence.article)
            .and_then(|date| self.options.granularity.slot(date))
    }

    /// Whether `chosen` tells again what is already known: on a neighbouring day or hour, or at any time of a day where one of
    /// them names no hour.
    fn says_again(&self, day: Dated, chosen: &Chosen, other: Dated, known: &Chosen) -> bool {
        let by_hour = Precision::Minute;
        if (day.precision == by_hour || other.precision == by_hour)
            && day.date() == other.date()
            && !(self.names_hour(day, chosen) && self.names_hour(other, known))
        {
            return self.tells_the_same(chosen, known);
        }
        let next = match (day.precision, other.precision) {
            (Precision::Day, Precision::Day) => TimeDelta::days(1),
            (Precision::Minute, Precision::Minute) => TimeDelta::hours(1),
            _ => return false,
        };
        let next = (day.value - other.value).abs() == next;
        let told = self.sentences.get(chosen.best).filter(|_| next);
        told.is_some_and(|told| {
            // In one language only: names alone go on through a story's days.
            let mut known = known.members.iter().filter_map(|&number| self.sentences.get(number));
            known
                .find(|one| self.lang(one) == self.lang(told))
                .is_some_and(|known| cosine(&told.vector, &known.vector) >= self.options.settings.same_next)
        })
    }

    /// Whether an event's hour is one that its sentence names, not the one in which it was published.
    fn names_hour(&self, slot: Dated, chosen: &Chosen) -> bool {
        slot.precision == Precision::Minute && self.basis(Some(slot), chosen.best) == Basis::Text
    }

    /// Whether two events of one day are one by what speaks for them, as they would be if they were told by the day.
    fn tells_the_same(&self, chosen: &Chosen, known: &Chosen) -> bool {
        let best = |chosen: &Chosen| self.sentences.get(chosen.best);
        best(chosen)
            .zip(best(known))
            .is_some_and(|(one, other)| tell_the_same(one, other, self))
    }

    /// Makes one event of two. A date that a sentence names is better evidence than a day of publication: whether the
    /// event moved to `day` for that, if there is room.
    fn join(&self, day: Dated, chosen: Chosen, other: &mut Dated, known: &mut Chosen, room: bool) -> bool {
        let named = |day: Dated, chosen: &Chosen| self.basis(Some(day), chosen.best) == Basis::Text;
        let (told, was_told) = (named(day, &chosen), named(*other, known));
        let same_day = day.date() == other.date();
        // On one day an hour says more than the day, and of two hours of publication the first one does.
        let finer = same_day && day.precision > other.precision;
        let coarser = same_day && day.precision < other.precision;
        let earlier = same_day && day < *other && !told && !was_told;
        let moves = room && (finer || earlier || told && !was_told && !coarser);
        if moves {
            *other = day;
        }
        if moves && told && !was_told {
            let former = std::mem::replace(known, chosen);
            known.members.extend(former.members);
        } else {
            known.members.extend(chosen.members);
        }
        moves
    }

    fn basis(&self, day: Option<Dated>, number: usize) -> Basis {
        let Some((day, sentence)) = day.zip(self.sentences.get(number)) else {
            return Basis::None;
        };
        // An hour that is that of publication comes from there, whatever day the sentence names.
        let hour_of_publication = day.precision == Precision::Minute && self.publication_slot(sentence) == Some(day);
        match sentence.named.contains(&day) && !hour_of_publication {
            true => Basis::Text,
            false => Basis::Publication,
        }
    }

    fn event(&self, day: Option<Dated>, chosen: &Chosen) -> Event {
        let said = |number: usize| {
            let sentence = self.sentences.get(number);
            let article = sentence.and_then(|one| self.articles.get(one.article));
            OtherSentence {
                sentence: sentence.map(|one| one.text.to_owned()).unwrap_or_default(),
                lang: article.map(|one| one.lang.clone()).unwrap_or_default(),
                article: article.map_or_else(|| ArticleId(String::new()), |one| one.id.clone()),
            }
        };
        let best = said(chosen.best);
        let foretells = |number: usize| {
            self.sentences
                .get(number)
                .is_some_and(|sentence| self.foretells(sentence, day))
        };
        let (early, late): (Vec<usize>, Vec<usize>) =
            chosen.members.iter().copied().partition(|number| foretells(*number));
        let mut others: Vec<OtherSentence> = Vec::new();
        for other in late.into_iter().chain(early).map(said) {
            if other.lang != best.lang && others.iter().all(|known| known.lang != other.lang) {
                others.push(other);
            }
        }
        let telling: BTreeSet<usize> = chosen
            .members
            .iter()
            .filter_map(|&number| self.sentences.get(number))
            .map(|one| one.article)
            .collect();
        let mut ids: Vec<ArticleId> = Vec::new();
        let mut near_duplicates = 0;
        for article in telling.iter().filter_map(|&number| self.articles.get(number)) {
            ids.push(article.id.clone());
            for copy in self.copies.get(&article.id).into_iter().flatten() {
                ids.push((*copy).clone());
                near_duplicates += 1;
            }
        }
        // An hour is shown as the first minute in which an article told of it.
        let moment = |day: Dated| {
            let told = telling.iter().filter_map(|&number| self.published(number));
            told.filter(|&date| day.precision == Precision::Minute && self.options.granularity.slot(date) == Some(day))
                .min()
                .unwrap_or(day)
        };
        Event {
            date: day.map_or(
                DatedJson {
                    value: None,
                    precision: Precision::Unknown,
                },
                |day| moment(day).into(),
            ),
            sentence: best.sentence,
            lang: best.lang,
            article: best.article,
            articles: ids,
            near_duplicates,
            basis: self.basis(day, chosen.best),
            others,
        }
    }
}
