//! Several days with one month: "19–20 September", "19 and 20 September", «من 19 إلى 20 سبتمبر».

use super::absolute::{Found, Parts, Reader};
use super::tokens::Kind;

/// Words between two days of one month, folded: "and", "to", "until" in the languages of the tables.
const BETWEEN: &[&str] = &[
    "and", "to", "until", "till", "through", "or", "et", "au", "ou", "y", "al", "o", "a", "ao", "e", "und", "bis",
    "oder", "и", "по", "до", "или", "و", "الي", "حتي", "او", "تا", "ve", "ile", "en", "tot", "t/m", "in", "do",
];
/// Days that are read before one month, at most.
const MOST_DAYS: usize = 4;

/// A day of a range, with the tokens that it covers.
#[derive(Debug, Clone, Copy)]
pub(super) struct DayOf {
    /// Its parts: year, month and day, or month and day.
    pub(super) parts: Parts,
    /// First token.
    pub(super) start: usize,
    /// Token after the last.
    pub(super) next: usize,
}

impl Reader<'_> {
    /// The days that start at token `i`, when there are several with one month; nothing otherwise.
    pub(super) fn days_at(&self, i: usize) -> Vec<DayOf> {
        let days = match self.tokens.get(i).map(|token| token.kind) {
            Some(Kind::Number { .. }) => self.days_before_month(i),
            Some(Kind::Word) => self.days_behind_month(i),
            _ => None,
        };
        let days = days.unwrap_or_default();
        let ascending = days.windows(2).all(|pair| match pair {
            [one, other] => one.parts.day() < other.parts.day(),
            _ => true,
        });
        let exist = days.iter().all(|day| day.parts.exists());
        if ascending && exist { days } else { Vec::new() }
    }

    /// `19–20 September`, `19 et 20 septembre 2023`, `19. und 20. September`.
    fn days_before_month(&self, i: usize) -> Option<Vec<DayOf>> {
        let mut numbers = Vec::new();
        let mut at = i;
        let mut dashed = false;
        while let Some((day, next)) = self.day_at(at) {
            numbers.push((day, at, next));
            let stop = next + usize::from(self.tokens.is_mark(next, '.') && self.tokens.is_glued(next));
            let Some((behind, dash)) = self.between(stop) else {
                break;
            };
            if self.tokens.number(behind).is_none() || numbers.len() == MOST_DAYS {
                break;
            }
            dashed |= dash;
            at = behind;
        }
        if numbers.len() < 2 {
            return None;
        }
        let (_, last, _) = *numbers.last()?;
        // A day behind a dash is no date by itself ("1-2 May" could be a score), the whole is.
        let whole = if dashed { self.date_at(i) } else { self.date_at(last) }?;
        self.with_days(whole, &numbers)
    }

    /// `September 19-20, 2023`, `September 19 and 20`.
    fn days_behind_month(&self, i: usize) -> Option<Vec<DayOf>> {
        let whole = self.date_at(i)?;
        let first = (i + 1..whole.next).find(|&at| self.tokens.number(at).is_some())?;
        let (day, next) = self.day_at(first)?;
        let (second, _) = self.between(next)?;
        let (other, after) = self.day_at(second)?;
        if Some(day) != whole.parts.day() {
            return None;
        }
        if second < whole.next {
            let numbers = [(day, i, next), (other, second, whole.next)];
            return self.with_days(whole, &numbers);
        }
        // "On September 19 and 20 people": the second number must end the date.
        let year = self.plain_year_at(after);
        let end = year.map_or(after, |(_, end)| end);
        let counts = self.tokens.get(end).is_some_and(|token| token.kind != Kind::Mark);
        if year.is_none() && counts {
            return None;
        }
        let parts = match (whole.parts, year) {
            (Parts::Md(month, day), Some((year, _))) => Parts::Ymd(year, month, day),
            (parts, _) => parts,
        };
        let numbers = [(day, i, next), (other, second, end)];
        self.with_days(
            Found {
                parts,
                next: end,
                ..whole
            },
            &numbers,
        )
    }

    fn with_days(&self, whole: Found, numbers: &[(u32, usize, usize)]) -> Option<Vec<DayOf>> {
        let last = numbers.len().checked_sub(1)?;
        let days = numbers.iter().enumerate().map(|(place, &(day, start, next))| {
            Some(DayOf {
                parts: whole.parts.with_day(day)?,
                start,
                next: if place == last { whole.next.max(next) } else { next },
            })
        });
        days.collect()
    }

    /// The index behind a dash or a word between two days, and whether it was a dash.
    fn between(&self, i: usize) -> Option<(usize, bool)> {
        if self.tokens.is_mark(i, '-') {
            return Some((i + 1, true));
        }
        BETWEEN.contains(&self.tokens.folded(i)).then_some((i + 1, false))
    }
}

impl Parts {
    fn day(self) -> Option<u32> {
        match self {
            Parts::Ymd(_, _, day) | Parts::Md(_, day) => Some(day),
            _ => None,
        }
    }

    fn with_day(self, day: u32) -> Option<Self> {
        match self {
            Parts::Ymd(year, month, _) => Some(Parts::Ymd(year, month, day)),
            Parts::Md(month, _) => Some(Parts::Md(month, day)),
            _ => None,
        }
    }

    /// Whether a calendar can have the day; of a day without a year only its number is judged.
    fn exists(self) -> bool {
        match self {
            Parts::Md(_, day) => (1..=31).contains(&day),
            parts => parts.dated().is_some(),
        }
    }
}
