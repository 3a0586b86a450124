//! The tables of [`super::languages`] and [`super::zones`], compiled once for look-up by folded word.

use std::collections::HashMap;
use std::sync::LazyLock;

use chrono::Weekday;

use super::languages::{LANGUAGES, LUNAR_MONTHS, SOLAR_MONTHS};
use super::tokens::{Tokens, fold_phrase};
use super::zones::{ZONES, Zone};

/// A distance in time that has a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Minute,
    Hour,
    Day,
    Month,
    Year,
}

/// Which half of the day a clock of twelve hours means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Noon {
    Before,
    After,
    Night,
}

/// What a word can be in a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// A month of our calendar.
    Month {
        number: u32,
        short: bool,
    },
    /// A month of the Islamic calendar.
    LunarMonth(u32),
    /// A month of the Solar Hijri calendar.
    SolarMonth(u32),
    /// A weekday; `alone` if it can stand for a day by itself.
    Weekday {
        day: Weekday,
        alone: bool,
    },
    /// A day, counted from today.
    Day(i64),
    Last,
    This,
    Next,
    /// "mid", "early", "late".
    Part,
    /// "in".
    Within,
    /// "of".
    Of,
    AgoBefore,
    AgoAfter,
    /// A unit, and how many the word itself says.
    Unit {
        unit: Unit,
        count: Option<i64>,
    },
    Count(i64),
    /// A day of the month in a word: "premier", «السابع».
    MonthDay(u32),
    /// "the month", "the year" beside "last".
    Period(Unit),
    /// Spoils a day word after it.
    NotAfter,
    /// Spoils a day word before it.
    NotBefore,
    /// Of a clause that tells of what is to come.
    Future,
    /// Of one that tells of what has been.
    Past,
    /// Opens a clause of its own.
    OpensClause,
    /// "at".
    Clock,
    /// "o'clock".
    Oclock,
    /// Between a weekday and its date.
    BeforeDate,
    /// Makes the number before it a quantity.
    Measure,
    /// "current", after a month.
    Current,
    Noon(Noon),
    Zone(Zone),
    /// Announces the name of a zone.
    ZonePrefix,
    /// "st", "nd", "er".
    Ordinal,
    /// The mark of our era after a year, or of "year".
    Era,
    /// The mark of the Islamic era.
    LunarEra,
}

/// One meaning of one phrase.
#[derive(Debug)]
pub(super) struct Entry {
    rest: Vec<String>,
    /// What it means.
    pub(super) role: Role,
    /// Its language; empty for marks that belong to none.
    pub(super) lang: &'static str,
    /// Only with a capital letter in running text.
    pub(super) capital: bool,
    /// Written with an accent: in running text not the word without one (`há` is not `ha`).
    pub(super) accented: bool,
}

/// Phrases by their first word; longer ones first.
#[derive(Debug, Default)]
pub(super) struct Lexicon {
    phrases: HashMap<String, Vec<Entry>>,
}

static LEXICON: LazyLock<Lexicon> = LazyLock::new(Lexicon::build);

const UNITS: [Unit; 5] = [Unit::Minute, Unit::Hour, Unit::Day, Unit::Month, Unit::Year];
const WEEK: [Weekday; 7] = [
    Weekday::Mon,
    Weekday::Tue,
    Weekday::Wed,
    Weekday::Thu,
    Weekday::Fri,
    Weekday::Sat,
    Weekday::Sun,
];

impl Lexicon {
    /// The tables.
    pub(super) fn get() -> &'static Lexicon {
        &LEXICON
    }

    /// The meanings of the word at `i` and what follows it, with the index after the phrase, longest first.
    pub(super) fn at<'a>(&'a self, tokens: &'a Tokens, i: usize) -> impl Iterator<Item = (&'a Entry, usize)> + 'a {
        self.entries(tokens.folded(i))
            .iter()
            .filter(move |entry| {
                let mut at = i;
                entry.rest.iter().all(|word| {
                    at += 1;
                    tokens.folded(at) == word
                })
            })
            .map(move |entry| (entry, i + 1 + entry.rest.len()))
    }

    fn entries(&self, word: &str) -> &[Entry] {
        match (self.phrases.get(word), without_conjunction(word)) {
            (Some(entries), _) => entries,
            (None, Some(rest)) => self.phrases.get(rest).map(Vec::as_slice).unwrap_or_default(),
            (None, None) => &[],
        }
    }

    /// Whether a date can start with the word at `i`.
    pub(super) fn may_start(&self, tokens: &Tokens, i: usize) -> bool {
        self.entries(tokens.folded(i)).iter().any(|entry| {
            !matches!(
                entry.role,
                Role::Of
                    | Role::AgoAfter
                    | Role::Future
                    | Role::Past
                    | Role::OpensClause
                    | Role::Clock
                    | Role::Oclock
                    | Role::BeforeDate
                    | Role::Measure
                    | Role::Current
                    | Role::Noon(_)
                    | Role::NotAfter
                    | Role::NotBefore
                    | Role::Zone(_)
                    | Role::ZonePrefix
                    | Role::Ordinal
                    | Role::Era
                    | Role::LunarEra
            )
        })
    }

    /// Whether the word at `i` is known only without the Arabic "and" that is written together with it.
    pub(super) fn has_conjunction(&self, tokens: &Tokens, i: usize) -> bool {
        let word = tokens.folded(i);
        without_conjunction(word).is_some() && !self.phrases.contains_key(word)
    }

    /// The first meaning at `i` that `pick` accepts, and the index after it.
    pub(super) fn pick<T>(&self, tokens: &Tokens, i: usize, pick: impl Fn(Role) -> Option<T>) -> Option<(T, usize)> {
        self.at(tokens, i)
            .find_map(|(entry, next)| pick(entry.role).map(|value| (value, next)))
    }

    /// The index after `role` at `i`.
    pub(super) fn skip(&self, tokens: &Tokens, i: usize, role: Role) -> Option<usize> {
        self.pick(tokens, i, |found| (found == role).then_some(()))
            .map(|(_, next)| next)
    }

    fn build() -> Self {
        let mut lexicon = Lexicon::default();
        for language in LANGUAGES {
            let lang = language.code;
            let mut add = |phrases: &str, role: Role| lexicon.add(phrases, role, lang, false);
            for (day, (alone, short)) in WEEK
                .into_iter()
                .zip(language.weekdays.into_iter().zip(language.weekdays_short))
            {
                add(alone, Role::Weekday { day, alone: true });
                add(short, Role::Weekday { day, alone: false });
            }
            for &(offset, phrases) in language.days {
                add(phrases, Role::Day(offset));
            }
            for (phrases, role) in [
                (language.last, Role::Last),
                (language.this, Role::This),
                (language.next, Role::Next),
                (language.part, Role::Part),
                (language.within, Role::Within),
                (language.of, Role::Of),
                (language.ago_before, Role::AgoBefore),
                (language.ago_after, Role::AgoAfter),
                (language.not_after, Role::NotAfter),
                (language.not_before, Role::NotBefore),
                (language.future, Role::Future),
                (language.past, Role::Past),
                (language.opens_clause, Role::OpensClause),
                (language.clock, Role::Clock),
                (language.oclock, Role::Oclock),
                (language.before_date, Role::BeforeDate),
                (language.measures, Role::Measure),
                (language.current, Role::Current),
                (language.am, Role::Noon(Noon::Before)),
                (language.pm, Role::Noon(Noon::After)),
                (language.night, Role::Noon(Noon::Night)),
                (language.periods[0], Role::Period(Unit::Month)),
                (language.periods[1], Role::Period(Unit::Year)),
                (language.zone, Role::ZonePrefix),
            ] {
                add(phrases, role);
            }
            for (i, unit) in UNITS.into_iter().enumerate() {
                let [any, one, two] = [language.units, language.singles, language.duals].map(|words| words[i]);
                add(any, Role::Unit { unit, count: None });
                add(one, Role::Unit { unit, count: Some(1) });
                add(two, Role::Unit { unit, count: Some(2) });
            }
            for (count, phrases) in (1..).zip(language.counts) {
                add(phrases, Role::Count(count));
            }
            for (day, phrases) in (1..).zip(language.month_days) {
                add(phrases, Role::MonthDay(day));
            }
            for (number, (long, short)) in (1..).zip(language.months.into_iter().zip(language.months_short)) {
                lexicon.add(long, Role::Month { number, short: false }, lang, language.capitals);
                lexicon.add(short, Role::Month { number, short: true }, lang, language.capitals);
            }
        }
        for (number, phrases) in (1..).zip(LUNAR_MONTHS) {
            lexicon.add(phrases, Role::LunarMonth(number), "", false);
        }
        for (number, phrases) in (1..).zip(SOLAR_MONTHS) {
            lexicon.add(phrases, Role::SolarMonth(number), "", false);
        }
        for &(phrases, zone) in ZONES {
            lexicon.add(phrases, Role::Zone(zone), "", false);
        }
        lexicon.add("st|nd|rd|th|er|e|ère|º|ª|°|го|-го|e|ème", Role::Ordinal, "", false);
        lexicon.add("г|г.|года|году|م|ميلادي|ميلادية|AD|р.|р", Role::Era, "", false);
        lexicon.add("هـ|هـ.|هجري|هجرية|AH|ه.ق|ه.ش|ه‍.ش", Role::LunarEra, "", false);
        for entries in lexicon.phrases.values_mut() {
            entries.sort_by_key(|entry| std::cmp::Reverse(entry.rest.len()));
        }
        lexicon
    }

    fn add(&mut self, phrases: &str, role: Role, lang: &'static str, capital: bool) {
        for phrase in phrases.split('|').filter(|phrase| !phrase.is_empty()) {
            let mut words = fold_phrase(phrase).into_iter();
            let Some(first) = words.next() else { continue };
            let rest: Vec<String> = words.collect();
            let entries = self.phrases.entry(first).or_default();
            // The same month in several languages is one entry; in running text the laxest rule holds.
            let same = |entry: &&mut Entry| {
                entry.rest == rest && entry.role == role && (entry.lang == lang || matches!(role, Role::Month { .. }))
            };
            let accented = phrase.chars().any(|c| ('\u{80}'..'\u{250}').contains(&c));
            match entries.iter_mut().find(same) {
                Some(known) => known.capital &= capital,
                None => entries.push(Entry {
                    rest,
                    role,
                    lang,
                    capital,
                    accented,
                }),
            }
        }
    }
}

/// An Arabic word without the "and" before it, if enough is left to be a word.
fn without_conjunction(word: &str) -> Option<&str> {
    word.strip_prefix('و').filter(|rest| rest.chars().nth(2).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_phrase_means_two_months() {
        for (first, entries) in &Lexicon::get().phrases {
            for entry in entries {
                let Role::Month { number, .. } = entry.role else {
                    continue;
                };
                for other in entries.iter().filter(|other| other.rest == entry.rest) {
                    if let Role::Month { number: another, .. } = other.role {
                        assert_eq!(
                            number, another,
                            "{first} {:?} in {} and {}",
                            entry.rest, entry.lang, other.lang
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn every_language_names_twelve_months() {
        for language in LANGUAGES {
            assert!(
                language.months.iter().all(|month| !month.is_empty()),
                "{}",
                language.code
            );
        }
    }
}
