//! A publication line or a field, read as one date.

use chrono::{DateTime, Datelike, Duration, Months, NaiveDate, Utc};

use super::absolute::{Found, Parts, Reader, Trust};
use super::clock::{Clock, clock_at, zone_at};
use super::lexicon::{Lexicon, Role};
use super::relative::Resolver;
use super::tokens::{Kind, Tokens};
use crate::article::{Dated, Precision};

/// Longest text that is looked at, in bytes: longer ones are no publication line.
const MAX_LINE: usize = 400;
/// Most words that may surround the date of a publication line.
const MAX_LABELS: usize = 14;

/// Between what dates a publication can lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// The present; dates up to one day later are accepted, as clocks and zones differ.
    pub now: DateTime<Utc>,
    /// The first day from which anything can date.
    pub earliest: NaiveDate,
}

/// Why a text gives no publication date.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DateError {
    /// No date is in it.
    #[error("{text:?} is not a date in any form known here; RFC 3339 (2023-09-20T10:15:00Z) always is")]
    NotADate {
        /// The text.
        text: String,
    },
    /// A date later than a day from now.
    #[error("{text:?} means {date}, which is in the future (now is {now})")]
    Future {
        /// The text.
        text: String,
        /// What it means.
        date: String,
        /// The present.
        now: String,
    },
    /// A date before anything could have been published.
    #[error("{text:?} means {date}, which is before {earliest}, the earliest date accepted")]
    BeforePress {
        /// The text.
        text: String,
        /// What it means.
        date: String,
        /// The bound.
        earliest: NaiveDate,
    },
    /// The form is one of a date, but the calendar has no such day.
    #[error("{text:?} names a day that the calendar does not have")]
    NoSuchDay {
        /// The text.
        text: String,
    },
    /// The clock has no such time.
    #[error("{text:?} names a time that the clock does not have")]
    NoSuchTime {
        /// The text.
        text: String,
    },
    /// A day and month only.
    #[error("{text:?} has no year; give the full date")]
    NoYear {
        /// The text.
        text: String,
    },
    /// It depends on when it is read.
    #[error("{text:?} depends on the day it is read; give the full date")]
    Relative {
        /// The text.
        text: String,
    },
    /// An Islamic date at the border of two months of our calendar.
    #[error("{text:?} is an Islamic date that may fall in either of two months; give the Gregorian date")]
    Hijri {
        /// The text.
        text: String,
    },
}

/// What a publication line or a JSON field says.
///
/// Labels around the date ("Published:", "Дата:") do not matter; of several dates the first full one is taken, a
/// Gregorian one before one of another calendar. Unix timestamps in seconds, milliseconds or microseconds are read.
///
/// # Errors
/// [`DateError`], with the text and the reason, also when the date lies outside `bounds`.
pub fn parse(text: &str, bounds: &Bounds) -> Result<Dated, DateError> {
    let line = text.trim();
    let shown = || shorten(line);
    if line.len() > MAX_LINE {
        return Err(DateError::NotADate { text: shown() });
    }
    let tokens = Tokens::of(line);
    let dated = match digits_only(line, &tokens, bounds) {
        Some(dated) => dated,
        None => Line {
            reader: Reader {
                text: line,
                tokens: &tokens,
                lexicon: Lexicon::get(),
                trust: Trust::Line,
                pivot: bounds.now.year() - 2000 + 1,
            },
            bounds,
            line,
        }
        .read()?,
    };
    within(dated, bounds, &shown)
}

fn within(dated: Dated, bounds: &Bounds, shown: &dyn Fn() -> String) -> Result<Dated, DateError> {
    let latest = bounds.now.checked_add_signed(Duration::days(1)).unwrap_or(bounds.now);
    let last_day = match dated.precision {
        Precision::Month => dated
            .date()
            .checked_add_months(Months::new(1))
            .and_then(|next| next.pred_opt()),
        _ => Some(dated.date()),
    };
    if dated.value > latest {
        Err(DateError::Future {
            text: shown(),
            date: dated.value_text(),
            now: Dated::minute(bounds.now).value_text(),
        })
    } else if last_day.is_some_and(|day| day < bounds.earliest) {
        Err(DateError::BeforePress {
            text: shown(),
            date: dated.value_text(),
            earliest: bounds.earliest,
        })
    } else {
        Ok(dated)
    }
}

/// Unix timestamps and compact forms: `1695204900`, `1695204900000`, `20230920101500`.
fn digits_only(line: &str, tokens: &Tokens, bounds: &Bounds) -> Option<Dated> {
    let (value, digits) = tokens.number(0)?;
    let fraction = tokens.is_mark(1, '.') && tokens.number(2).is_some() && tokens.len() == 3 && !line.contains(' ');
    if tokens.len() != 1 && !(fraction && digits >= 9) {
        return None;
    }
    let value = i64::try_from(value).ok()?;
    let compact = |seconds: i64, rest: i64| {
        let (day, time) = (rest / 1_000_000, rest % 1_000_000);
        let date = NaiveDate::from_ymd_opt((day / 10_000) as i32, (day / 100 % 100) as u32, (day % 100) as u32)?;
        let time = chrono::NaiveTime::from_hms_opt(
            (time / 10_000) as u32,
            (time / 100 % 100) as u32,
            (time % 100 + seconds) as u32,
        )?;
        Some(Dated::minute(date.and_time(time).and_utc())).filter(|dated| dated.date().year() <= bounds.now.year() + 1)
    };
    let moment = match digits {
        9..=11 => DateTime::from_timestamp(value, 0),
        12 => {
            return compact(0, value.checked_mul(100)?)
                .filter(|dated| dated.date() >= bounds.earliest)
                .or_else(|| DateTime::from_timestamp_millis(value).map(Dated::minute));
        }
        13 => DateTime::from_timestamp_millis(value),
        14 => return compact(0, value),
        16 => DateTime::from_timestamp_micros(value),
        _ => None,
    }?;
    // The precision ends at seconds: that is how a date is written down.
    DateTime::from_timestamp(moment.timestamp(), 0).map(Dated::minute)
}

struct Line<'a> {
    reader: Reader<'a>,
    bounds: &'a Bounds,
    line: &'a str,
}

impl Line<'_> {
    fn read(&self) -> Result<Dated, DateError> {
        let text = || shorten(self.line);
        let mut month: Option<(Found, Dated)> = None;
        let mut other_calendar: Option<(Found, Dated)> = None;
        let (mut no_such_day, mut no_year, mut hijri) = (false, false, false);
        let mut i = 0;
        while i < self.reader.tokens.len() {
            let Some(found) = self.reader.date_at(i) else {
                i += 1;
                continue;
            };
            match (found.parts, found.parts.dated()) {
                (Parts::Md(month, day), _) => match self.year_after_time(found, month, day) {
                    Some(dated) => return Ok(dated),
                    None => no_year = true,
                },
                (Parts::Lunar(..), None) => hijri = true,
                (_, None) => no_such_day = true,
                (Parts::Ymd(..), Some(day)) => return self.timed(found, day),
                (Parts::Ym(..), Some(dated)) => month = month.or(Some((found, dated))),
                (Parts::Lunar(..) | Parts::Solar(..), Some(dated)) => {
                    other_calendar = other_calendar.or(Some((found, dated)));
                }
            }
            i = found.next.max(i + 1);
        }
        if no_such_day {
            return Err(DateError::NoSuchDay { text: text() });
        }
        if let Some((found, dated)) = other_calendar.or(month) {
            return match found.parts {
                Parts::Solar(..) => self.timed(found, dated),
                _ => self.checked(found.start, found.next, dated),
            };
        }
        if hijri {
            return Err(DateError::Hijri { text: text() });
        }
        if no_year {
            return Err(DateError::NoYear { text: text() });
        }
        let resolver = Resolver {
            reader: self.reader,
            published: Dated::minute(self.bounds.now),
        };
        if (0..self.reader.tokens.len()).any(|i| resolver.at(i).is_some()) {
            return Err(DateError::Relative { text: text() });
        }
        Err(DateError::NotADate { text: text() })
    }

    /// `Sep 20 10:15:00 2023`, as the C library writes it.
    fn year_after_time(&self, found: Found, month: u32, day: u32) -> Option<Dated> {
        let clock = self.clock_after(found.next)?;
        let (year, _) = self
            .reader
            .tokens
            .number(clock.next)
            .filter(|&(_, digits)| digits == 4)?;
        clock.on(NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?)
    }

    /// The day with the time of day that stands after it or before it.
    fn timed(&self, found: Found, day: Dated) -> Result<Dated, DateError> {
        let clock = self
            .clock_after(found.next)
            .map(|clock| (found.start, clock))
            .or_else(|| self.clock_before(found));
        let Some((start, clock)) = clock else {
            return self.checked(found.start, found.next, day);
        };
        if !clock.is_valid() {
            return Err(DateError::NoSuchTime {
                text: shorten(self.line),
            });
        }
        let dated = clock.on(day.date()).unwrap_or(day);
        self.checked(start, clock.next.max(found.next), dated)
    }

    /// A time of day after the date and what may stand between them: "at", a dash, a comma, the letter T.
    fn clock_after(&self, next: usize) -> Option<Clock> {
        let (tokens, lexicon) = (self.reader.tokens, self.reader.lexicon);
        let mut at = next;
        for _ in 0..5 {
            if let Some(clock) = clock_at(tokens, at, true) {
                return Some(clock);
            }
            let filler = tokens.is_any_mark(at, ",-–|·•«»()/;:.").then_some(at + 1).or_else(|| {
                lexicon
                    .pick(tokens, at, |role| {
                        matches!(role, Role::Clock | Role::Era | Role::Within | Role::Weekday { .. }).then_some(())
                    })
                    .map(|(_, next)| next)
            });
            let filler = filler.or_else(|| (tokens.folded(at) == "t").then_some(at + 1));
            at = filler?;
        }
        None
    }

    /// A time of day before the date; its zone may stand after the date.
    fn clock_before(&self, found: Found) -> Option<(usize, Clock)> {
        let tokens = self.reader.tokens;
        (0..found.start).find_map(|i| {
            if i > 0 && tokens.is_glued(i) && tokens.number(i).is_some() && tokens.is_any_mark(i - 1, ":./-") {
                return None;
            }
            let clock = clock_at(tokens, i, false).filter(|clock| clock.next <= found.start)?;
            let zone = clock.zone.or_else(|| zone_at(tokens, found.next).map(|(zone, _)| zone));
            Some((i, clock.in_zone(zone)))
        })
    }

    /// Refuses a text that is more than a date with its labels.
    fn checked(&self, start: usize, next: usize, dated: Dated) -> Result<Dated, DateError> {
        let tokens = self.reader.tokens;
        let labels = (0..tokens.len())
            .filter(|i| !(start..next).contains(i))
            .filter(|&i| tokens.get(i).is_some_and(|token| token.kind == Kind::Word))
            .count();
        if labels > MAX_LABELS {
            return Err(DateError::NotADate {
                text: shorten(self.line),
            });
        }
        Ok(dated)
    }
}

/// At most eighty characters, for a message.
fn shorten(text: &str) -> String {
    match text.char_indices().nth(80) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or("")),
        None => text.to_owned(),
    }
}
