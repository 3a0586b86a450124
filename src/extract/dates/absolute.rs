//! Calendar dates as they are written: numbers, month names, weekdays before them.

use chrono::NaiveDate;

use super::calendars;
use super::lexicon::{Entry, Lexicon, Role};
use super::tokens::{Kind, Tokens};
use crate::article::Dated;

/// How much a text is trusted to be about a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trust {
    /// A publication line or a field: two-digit years, compact forms and bare `2023-09` count.
    Line,
    /// Running text: only what can hardly be anything else.
    Prose,
}

/// A date as its parts were written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Parts {
    /// Year, month, day.
    Ymd(i32, u32, u32),
    /// Year and month.
    Ym(i32, u32),
    /// Month and day.
    Md(u32, u32),
    /// Year, month, day of the Islamic calendar.
    Lunar(i32, u32, u32),
    /// Year, month, day of the Solar Hijri calendar.
    Solar(i32, u32, u32),
}

impl Parts {
    /// The date, if its year is known and the day exists. A lunar date is known to the month, and only if a day more
    /// or less would not change the month.
    pub(super) fn dated(self) -> Option<Dated> {
        match self {
            Parts::Ymd(year, month, day) => NaiveDate::from_ymd_opt(year, month, day).map(Dated::day),
            Parts::Ym(year, month) => Dated::month(year, month),
            Parts::Solar(year, month, day) => calendars::from_solar(year, month, day).map(Dated::day),
            Parts::Lunar(year, month, day) => {
                use chrono::Datelike;
                let date = calendars::from_lunar(year, month, day)?;
                let (before, after) = (date.pred_opt()?, date.succ_opt()?);
                (before.month() == after.month()).then(|| Dated::month(date.year(), date.month()))?
            }
            Parts::Md(..) => None,
        }
    }
}

/// A date and the tokens it covers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    /// Its parts.
    pub(super) parts: Parts,
    /// First token.
    pub(super) start: usize,
    /// Token after the last.
    pub(super) next: usize,
}

/// The name of a month in a text.
#[derive(Debug, Clone, Copy)]
struct Name<'a> {
    number: u32,
    calendar: Calendar,
    short: bool,
    /// Index of the token after it.
    next: usize,
    entry: &'a Entry,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Calendar {
    Gregorian,
    Lunar,
    Solar,
}

/// Reads dates from one text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(super) text: &'a str,
    pub(super) tokens: &'a Tokens,
    pub(super) lexicon: &'static Lexicon,
    pub(super) trust: Trust,
    /// The latest two-digit year that is of this century.
    pub(super) pivot: i32,
}

impl<'a> Reader<'a> {
    /// The date that starts exactly at token `i`; not checked against the calendar.
    pub(super) fn date_at(&self, i: usize) -> Option<Found> {
        if let Some(next) = self.weekday_prefix(i)
            && let Some(found) = self.bare_date_at(next)
        {
            return Some(Found { start: i, ..found });
        }
        self.bare_date_at(i)
    }

    fn bare_date_at(&self, i: usize) -> Option<Found> {
        let (parts, next) = match self.tokens.get(i)?.kind {
            Kind::Number { .. } => {
                if self.continues_number(i) {
                    return None;
                }
                self.numeric(i)
                    .or_else(|| self.ideographic(i))
                    .or_else(|| self.day_first(i))
            }
            Kind::Word => self.month_first(i).or_else(|| self.day_first(i)),
            Kind::Mark => None,
        }?;
        Some(Found { parts, start: i, next })
    }

    /// Whether the number at `i` is the tail of a longer one or of a name (`1.2`, `F16`).
    fn continues_number(&self, i: usize) -> bool {
        let tokens = self.tokens;
        if !tokens.is_glued(i) {
            return false;
        }
        let before = i - 1;
        match tokens.get(before).map(|token| token.kind) {
            Some(Kind::Mark) => {
                tokens.is_any_mark(before, "$€£#")
                    || tokens.is_any_mark(before, "./:-,")
                        && tokens.is_glued(before)
                        && match before.checked_sub(1).and_then(|number| tokens.number(number)) {
                            // "12 June 2019-31 December 2020" is a range; "1-2" is not.
                            Some((_, digits)) => digits != 4 || !tokens.is_mark(before, '-'),
                            None => tokens.is_any_mark(before, "/."),
                        }
            }
            Some(Kind::Word) => tokens.folded(before).is_ascii() && tokens.folded(before) != "t",
            _ => false,
        }
    }

    /// After a weekday and what stands between it and its date.
    fn weekday_prefix(&self, i: usize) -> Option<usize> {
        let lexicon = self.lexicon;
        let (_, mut next) = lexicon.pick(self.tokens, i, |role| match role {
            Role::Weekday { .. } => Some(()),
            _ => None,
        })?;
        for _ in 0..3 {
            if self.tokens.is_any_mark(next, ",.-|/") {
                next += 1;
            } else if let Some(after) = lexicon.skip(self.tokens, next, Role::BeforeDate) {
                next = after;
            } else {
                break;
            }
        }
        Some(next)
    }

    /// `2023-09-20`, `2023/9/20`, `20.09.2023`, `20. 9. 2023`, `2023-09`, `20230920`.
    fn numeric(&self, i: usize) -> Option<(Parts, usize)> {
        let tokens = self.tokens;
        let (first, first_digits) = tokens.number(i)?;
        let line = self.trust == Trust::Line;
        if line && first_digits == 8 && (1500..2200).contains(&(first / 10_000)) {
            let parts = Parts::Ymd(
                (first / 10_000) as i32,
                (first / 100 % 100) as u32,
                (first % 100) as u32,
            );
            return Some((parts, i + 1));
        }
        let mark = ['-', '/', '.'].into_iter().find(|&mark| tokens.is_mark(i + 1, mark))?;
        let spaced = mark == '.' && first_digits <= 2;
        if !(spaced || line || tokens.is_glued(i + 1) && tokens.is_glued(i + 2)) {
            return None;
        }
        let (second, second_digits) = tokens.number(i + 2)?;
        if second_digits > 2 {
            return None;
        }
        let third = tokens
            .number(i + 4)
            .filter(|_| tokens.is_mark(i + 3, mark) && (line || spaced || tokens.is_glued(i + 4)));
        let Some((third, third_digits)) = third else {
            let ends = !(tokens.is_any_mark(i + 3, "-/.:") && tokens.is_glued(i + 4));
            let month_only = line && first_digits == 4 && mark != '.' && second_digits == 2 && ends;
            return (month_only && (1..=12).contains(&second))
                .then_some((Parts::Ym(first as i32, second as u32), i + 3));
        };
        let goes_on = tokens.is_any_mark(i + 5, "-/.")
            && tokens.is_glued(i + 5)
            && tokens.is_glued(i + 6)
            && tokens.number(i + 6).is_some();
        if goes_on {
            return None;
        }
        let (year, month, day) = match (first_digits, third_digits) {
            (4, 1 | 2) => (first, second, third),
            (1 | 2, 4) => (third, second, first),
            (1 | 2, 2) if line => (self.century(third), second, first),
            _ => return None,
        };
        // Day first, unless that cannot be.
        let (month, day) = if first_digits != 4 && month > 12 && day <= 12 {
            (day, month)
        } else {
            (month, day)
        };
        let (year, month, day) = (i32::try_from(year).ok()?, month as u32, day as u32);
        let year_token = if first_digits == 4 { i } else { i + 4 };
        if tokens.is_persian(year_token) && (1300..1500).contains(&year) {
            return Some((Parts::Solar(year, month, day), i + 5));
        }
        if line && (1420..=1500).contains(&year) {
            // Before any press, so the Islamic calendar, as Saudi pages write it.
            let next = self.lexicon.skip(tokens, i + 5, Role::LunarEra).unwrap_or(i + 5);
            return Some((Parts::Lunar(year, month, day), next));
        }
        self.year_is_likely(year)
            .then_some((Parts::Ymd(year, month, day), i + 5))
    }

    /// `2023年9月20日`, `2023年9月`, `9月20日`.
    fn ideographic(&self, i: usize) -> Option<(Parts, usize)> {
        let tokens = self.tokens;
        let (first, digits) = tokens.number(i)?;
        let small = |at: usize| {
            tokens
                .number(at)
                .filter(|&(_, digits)| digits <= 2)
                .map(|(value, _)| value as u32)
        };
        let day_at = |at: usize| small(at).filter(|_| matches!(tokens.folded(at + 1), "日" | "号" | "號"));
        match tokens.folded(i + 1) {
            "年" if digits == 4 => {
                let month = small(i + 2).filter(|_| tokens.folded(i + 3) == "月")?;
                Some(match day_at(i + 4) {
                    Some(day) => (Parts::Ymd(first as i32, month, day), i + 6),
                    None => (Parts::Ym(first as i32, month), i + 4),
                })
            }
            "月" => Some((Parts::Md(small(i)?, day_at(i + 2)?), i + 4)),
            _ => None,
        }
    }

    /// `20 September 2023`, `20th, September 2023`, `1er mars`, `20 de septiembre de 2023`, `19-20 сентября`.
    fn day_first(&self, i: usize) -> Option<(Parts, usize)> {
        if self.trust == Trust::Line
            && let Some((first, 4)) = self.tokens.number(i)
        {
            // "2023 September 20"
            let name = self.month_at(self.comma(i + 1))?;
            let (day, next) = self.day_at(name.next)?;
            return (name.calendar == Calendar::Gregorian)
                .then_some((Parts::Ymd(first as i32, name.number, day), next));
        }
        let (day, after_day) = self.day_at(i)?;
        let mut at = after_day;
        if self.tokens.is_mark(at, '-')
            && let Some((_, after)) = self.day_at(at + 1)
        {
            // A range of days: the first one.
            at = after;
        }
        if self.tokens.is_mark(at, '.') {
            at += 1;
        }
        let suffixed = after_day > i + 1;
        if self.tokens.is_any_mark(at, ",-/ ") && (self.trust == Trust::Line || suffixed) {
            at += 1;
        }
        let name = self.month_at(self.of(at))?;
        let Some((year, next)) = self.year_at(name.next, name.calendar) else {
            let plain = name.calendar == Calendar::Gregorian && self.may_lack_year(at, &name);
            return plain.then_some((Parts::Md(name.number, day), name.next));
        };
        let parts = match name.calendar {
            Calendar::Gregorian => Parts::Ymd(year, name.number, day),
            Calendar::Lunar => Parts::Lunar(year, name.number, day),
            Calendar::Solar => Parts::Solar(year, name.number, day),
        };
        Some((parts, next))
    }

    /// `September 20, 2023`, `Sept. 20`, `September 2023`, `agosto de 2024`.
    fn month_first(&self, i: usize) -> Option<(Parts, usize)> {
        let name = self.month_at(i)?;
        let token = self.tokens.get(i)?;
        let prose = self.trust == Trust::Prose;
        if name.calendar != Calendar::Gregorian || prose && !self.is_name(i, &name) {
            return None;
        }
        let abbreviated = prose && name.short && !token.capital;
        if let Some((day, mut next)) = self.day_at(name.next).filter(|_| !abbreviated) {
            if self.tokens.is_mark(next, '-')
                && let Some((_, after)) = self.day_at(next + 1)
            {
                next = after;
            }
            if let Some((year, next)) = self.year_at(next, name.calendar) {
                return Some((Parts::Ymd(year, name.number, day), next));
            }
            // Only English puts the month first and leaves the year out.
            let english = token.capital && name.entry.lang == "en" && self.day_ends(next);
            if !prose || english {
                return Some((Parts::Md(name.number, day), next));
            }
            return None;
        }
        if abbreviated || prose && name.short && name.entry.lang != "en" {
            return None;
        }
        if prose && self.tokens.folded(i) == "mars" && token.capital {
            return None;
        }
        let (year, next) = self.year_at(name.next, name.calendar)?;
        Some((Parts::Ym(year, name.number), next))
    }

    /// Whether in running text the word is the month and not its everyday homonym.
    fn is_name(&self, i: usize, name: &Name<'_>) -> bool {
        let capital = !name.entry.capital || self.tokens.get(i).is_some_and(|token| token.capital);
        capital && (self.tokens.folded(i) != "اب" || self.raw(i).starts_with('آ'))
    }

    /// Whether a day with this month is a date in itself.
    fn may_lack_year(&self, i: usize, name: &Name<'_>) -> bool {
        if self.trust == Trust::Line {
            return true;
        }
        let at = self.of(i);
        let capital = self.tokens.get(at).is_some_and(|token| token.capital);
        let marked = name.next > 0 && self.tokens.is_mark(name.next - 1, '.');
        self.is_name(at, name) && (!name.short || marked || capital && name.entry.lang == "en")
    }

    /// Whether the day number before `i` is not part of a quantity.
    fn day_ends(&self, i: usize) -> bool {
        let glued_to_number =
            self.tokens.is_any_mark(i, ".,:-/") && self.tokens.is_glued(i) && self.tokens.is_glued(i + 1);
        let glued_to_word = self.tokens.is_glued(i) && self.tokens.get(i).is_some_and(|token| token.kind == Kind::Word);
        !glued_to_number
            && !glued_to_word
            && !self.tokens.is_mark(i, '%')
            && self.lexicon.skip(self.tokens, i, Role::Measure).is_none()
    }

    /// Whether the year before `i` is not part of a longer number, and counts nothing.
    fn year_ends(&self, i: usize) -> bool {
        self.day_ends(i) || self.tokens.is_any_mark(i, "-/:")
    }

    /// The original text of token `i`.
    pub(super) fn raw(&self, i: usize) -> &'a str {
        self.tokens
            .get(i)
            .and_then(|token| self.text.get(token.start..token.end))
            .unwrap_or("")
    }

    /// A day of the month with its ending, or in a word: `20`, `20th`, `1er`, `1º`, `السابع`.
    pub(super) fn day_at(&self, i: usize) -> Option<(u32, usize)> {
        let Some((value, digits)) = self.tokens.number(i) else {
            return self.lexicon.pick(self.tokens, i, |role| match role {
                Role::MonthDay(day) => Some(day),
                _ => None,
            });
        };
        if digits > 2 || !(1..=31).contains(&value) {
            // In a field the reason matters ("no such day"); in prose it is simply no date.
            if digits > 2 || self.trust == Trust::Prose {
                return None;
            }
        }
        if self.tokens.is_mark(i + 1, ':') && self.tokens.number(i + 2).is_some() {
            return None;
        }
        let next = if self.tokens.is_glued(i + 1) {
            self.lexicon.skip(self.tokens, i + 1, Role::Ordinal).unwrap_or(i + 1)
        } else {
            i + 1
        };
        Some((value as u32, next))
    }

    /// A month name at `i`, with its twin of the other calendar: `سبتمبر/أيلول`, `سبتمبر (أيلول)`.
    fn month_at(&self, i: usize) -> Option<Name<'a>> {
        let mut name = self.single_month_at(i)?;
        let tokens = self.tokens;
        if name.short && tokens.is_mark(name.next, '.') && tokens.is_glued(name.next) {
            name.next += 1;
        }
        let bracket = tokens.is_mark(name.next, '(');
        if (bracket || tokens.is_any_mark(name.next, "/-\\"))
            && let Some(twin) = self.single_month_at(name.next + 1)
            && twin.number == name.number
            && twin.calendar == name.calendar
            && (!bracket || tokens.is_mark(twin.next, ')'))
        {
            name.next = twin.next + usize::from(bracket);
        }
        Some(name)
    }

    fn single_month_at(&self, i: usize) -> Option<Name<'a>> {
        let tokens: &'a Tokens = self.tokens;
        let lexicon: &'static Lexicon = self.lexicon;
        let mut best: Option<Name<'a>> = None;
        for (entry, next) in lexicon.at(tokens, i) {
            let (number, calendar, short) = match entry.role {
                Role::Month { number, short } => (number, Calendar::Gregorian, short),
                Role::LunarMonth(number) => (number, Calendar::Lunar, false),
                Role::SolarMonth(number) => (number, Calendar::Solar, false),
                _ => continue,
            };
            let name = Name {
                number,
                calendar,
                short,
                next,
                entry,
            };
            // A full name in one language may be the short one of another.
            if best.is_none_or(|best| best.short && !short && best.next == next) {
                best = Some(name);
            }
        }
        best
    }

    /// Whether a year follows the month before `i`.
    pub(super) fn has_year_at(&self, i: usize) -> bool {
        let at = self.of(self.comma(i));
        self.year_at(i, Calendar::Gregorian).is_some() || at > i && self.tokens.number(at).is_some()
    }

    /// The month name at `i` as running text has it, for phrases such as "last August".
    pub(super) fn full_month_at(&self, i: usize) -> Option<(u32, usize)> {
        let name = self.month_at(i)?;
        (name.calendar == Calendar::Gregorian && !name.short && self.is_name(i, &name))
            .then_some((name.number, name.next))
    }

    /// The year at `i` of our calendar.
    pub(super) fn plain_year_at(&self, i: usize) -> Option<(i32, usize)> {
        self.year_at(i, Calendar::Gregorian)
    }

    /// A year at `i`, after a comma or "of", with the mark of its era.
    fn year_at(&self, i: usize, calendar: Calendar) -> Option<(i32, usize)> {
        let tokens = self.tokens;
        let mut at = i;
        if self.trust == Trust::Line && tokens.is_any_mark(at, "-/") {
            at += 1;
        }
        at = self.of(self.comma(at));
        if self.trust == Trust::Line && tokens.is_mark(at, '\'') {
            at += 1;
        }
        let (value, digits) = tokens.number(at)?;
        if digits == 2 && tokens.is_mark(at + 1, ':') && tokens.number(at + 2).is_some() {
            return None;
        }
        let year = match digits {
            4 => i32::try_from(value).ok()?,
            2 if self.trust == Trust::Line && tokens.folded(at + 1) != "h" => {
                i32::try_from(self.century(value)).ok()?
            }
            _ => return None,
        };
        let likely = match calendar {
            Calendar::Gregorian => self.year_is_likely(year),
            Calendar::Lunar => (1300..=1500).contains(&year),
            Calendar::Solar => (1250..=1500).contains(&year),
        };
        let mut next = at + 1;
        if calendar != Calendar::Gregorian {
            next = self.lexicon.skip(tokens, next, Role::LunarEra).unwrap_or(next);
        } else if self.lexicon.skip(tokens, next, Role::LunarEra).is_some() {
            return None;
        } else {
            next = self.lexicon.skip(tokens, next, Role::Era).unwrap_or(next);
        }
        (likely && (self.trust == Trust::Line || self.year_ends(at + 1) || next > at + 1)).then_some((year, next))
    }

    /// A year that a date can have. The calendar itself refuses nothing: a field with the year 1700 is a date before
    /// the press, not a text without a date.
    fn year_is_likely(&self, year: i32) -> bool {
        match self.trust {
            Trust::Line => (1000..=9999).contains(&year),
            Trust::Prose => (1500..=2100).contains(&year),
        }
    }

    /// After a comma, if there is one.
    fn comma(&self, i: usize) -> usize {
        i + usize::from(self.tokens.is_mark(i, ','))
    }

    /// After as many words for "of" as there are, two at most.
    pub(super) fn of(&self, i: usize) -> usize {
        let skip = |at| self.lexicon.skip(self.tokens, at, Role::Of).unwrap_or(at);
        skip(skip(i))
    }

    fn century(&self, year: u64) -> u64 {
        if i64::try_from(year).is_ok_and(|year| year <= i64::from(self.pivot)) {
            2000 + year
        } else {
            1900 + year
        }
    }
}
