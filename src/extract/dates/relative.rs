//! Dates that only the publication date makes whole: "yesterday", "last August", "19 сентября", "قبل يومين".

use chrono::{DateTime, Datelike, Days, Duration, Months, NaiveDate, Utc, Weekday};

use super::absolute::{Parts, Reader};
use super::languages::{LANGUAGES, adjectives_follow};
use super::lexicon::{Entry, Role, Unit};
use crate::article::{Dated, Precision};

/// Days back to the last of a weekday that is tomorrow. Where no word tells, news mean tomorrow by it: of 48 such mentions
/// two or three were six days back (docs/TIMELINE.md).
const JUST_BEFORE: i64 = 6;

/// Which of the many Augusts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    /// The latest before publication.
    Last,
    /// The first after it.
    Next,
    /// In the year of publication, or so many years after it.
    Year(i32),
    /// The nearest to it.
    Nearest,
}

/// A date resolved, with the tokens it covers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Resolved {
    /// The date.
    pub(super) date: Dated,
    /// Token after the last.
    pub(super) next: usize,
}

/// Resolves the words of one text against its publication date.
#[derive(Debug, Clone, Copy)]
pub(super) struct Resolver<'a> {
    pub(super) reader: Reader<'a>,
    pub(super) published: Dated,
}

impl Resolver<'_> {
    /// The date that starts exactly at token `i`, if it depends on the publication date.
    pub(super) fn at(&self, i: usize) -> Option<Resolved> {
        let knows_day = self.published.precision >= Precision::Day;
        self.month_of_year(i)
            .or_else(|| self.period(i))
            .or_else(|| {
                if knows_day {
                    self.day_word(i).map(|found| self.spelt_out(found))
                } else {
                    None
                }
            })
            .or_else(|| {
                if knows_day {
                    self.weekday(i).map(|found| self.spelt_out(found))
                } else {
                    None
                }
            })
            .or_else(|| if knows_day { self.ago(i) } else { None })
    }

    /// "today, Saturday 13/6/2020": the date that is spelt out after the word.
    fn spelt_out(&self, found: Resolved) -> Resolved {
        let next = found.next + usize::from(self.reader.tokens.is_any_mark(found.next, ",("));
        let Some(date) = self.reader.date_at(next) else {
            return found;
        };
        let whole = match date.parts {
            Parts::Md(month, day) => self.complete(month, day, date.next),
            Parts::Ymd(..) => date.parts.dated().map(|dated| Resolved {
                date: dated,
                next: date.next,
            }),
            _ => None,
        };
        whole.unwrap_or(found)
    }

    /// The year that a day and month lack: the one said after them, or the one that brings them closest.
    pub(super) fn complete(&self, month: u32, day: u32, next: usize) -> Option<Resolved> {
        let (which, next) = self.which_after(next).unwrap_or((Which::Nearest, next));
        let published = self.published.date();
        let candidates = (-5..=5).filter_map(|offset| NaiveDate::from_ymd_opt(published.year() + offset, month, day));
        let date = match which {
            Which::Last => candidates.filter(|&date| date < published).max(),
            Which::Next => candidates.filter(|&date| date > published).min(),
            Which::Year(offset) => NaiveDate::from_ymd_opt(published.year().checked_add(offset)?, month, day),
            Which::Nearest => candidates.min_by_key(|&date| distance(date, published)),
        }?;
        Some(Resolved {
            date: Dated::day(date),
            next,
        })
    }

    /// `last August`, `منتصف أغسطس الماضي`, `в августе прошлого года`, `in August`; `last 19 August` too.
    fn month_of_year(&self, i: usize) -> Option<Resolved> {
        let (mut at, mut which) = (i, None);
        let mut opened = false;
        for _ in 0..4 {
            let step = self.accepted(at, |role| match role {
                Role::Within => Some((None, true)),
                Role::Part => Some((None, true)),
                // "el pasado mes de diciembre"
                Role::Period(Unit::Month) if at > i => Some((None, false)),
                Role::Last => Some((Some(Which::Last), true)),
                Role::Next => Some((Some(Which::Next), true)),
                _ => None,
            });
            let Some(((said, open), next)) = step else { break };
            which = which.or(said);
            opened |= open;
            at = self.reader.of(next);
        }
        if which.is_some()
            && at > i
            && let Some(found) = self.reader.date_at(at)
            && let Parts::Md(month, day) = found.parts
        {
            let resolved = self.complete(month, day, found.next)?;
            return if which == Some(Which::Last) && resolved.date.date() >= self.published.date() {
                let date = resolved.date.date();
                let date = NaiveDate::from_ymd_opt(date.year() - 1, month, day)?;
                Some(Resolved {
                    date: Dated::day(date),
                    ..resolved
                })
            } else {
                Some(resolved)
            };
        }
        let (month, after) = self.reader.full_month_at(at)?;
        let (said, next) = match self.which_after(after) {
            Some((said, next)) => (Some(said), next),
            None => (None, after),
        };
        if self.reader.has_year_at(after) {
            return None;
        }
        // "in May 20 people": a number after the month makes it something else.
        let alone = said.is_none() && which.is_none();
        if alone
            && (!opened
                || self.reader.tokens.number(after).is_some()
                || self.reader.tokens.is_glued(after) && self.reader.tokens.is_any_mark(after, "-'"))
        {
            return None;
        }
        let which = said.or(which).unwrap_or(Which::Nearest);
        Some(Resolved {
            date: self.month(month, which)?,
            next,
        })
    }

    fn month(&self, month: u32, which: Which) -> Option<Dated> {
        let published = self.published.date();
        let year = published.year();
        let year = match which {
            Which::Last => year - i32::from(month >= published.month()),
            Which::Next => year + i32::from(month <= published.month()),
            Which::Year(offset) => year.checked_add(offset)?,
            Which::Nearest => [year - 1, year, year + 1].into_iter().min_by_key(|&year| {
                let middle = NaiveDate::from_ymd_opt(year, month, 15);
                middle.map_or(i64::MAX, |middle| distance(middle, published))
            })?,
        };
        Dated::month(year, month)
    }

    /// "of last year", "прошлого года", "الماضي", "de l'année dernière", "this year".
    fn which_after(&self, i: usize) -> Option<(Which, usize)> {
        let at = self.reader.of(i);
        let period = |at| {
            self.reader.lexicon.pick(self.reader.tokens, at, |role| match role {
                Role::Period(Unit::Year) => Some(()),
                _ => None,
            })
        };
        let which = |at| {
            self.accepted(at, |role| match role {
                Role::Last => Some(-1),
                Role::Next => Some(1),
                Role::This | Role::Current => Some(0),
                _ => None,
            })
        };
        // "Year" may stand before "last" or after it; where adjectives follow, "last" alone is enough.
        for from in [at, i] {
            if let Some((_, next)) = period(from)
                && let Some((years, next)) = which(next)
            {
                return Some((Which::Year(years), next));
            }
            if let Some((years, next)) = which(from)
                && let Some((_, next)) = period(next)
            {
                return Some((Which::Year(years), next));
            }
        }
        self.reader
            .lexicon
            .at(self.reader.tokens, i)
            .find_map(|(entry, next)| match entry.role {
                Role::Current => Some((Which::Year(0), next)),
                Role::Last if adjectives_follow(entry.lang) => Some((Which::Last, next)),
                Role::Next if adjectives_follow(entry.lang) => Some((Which::Next, next)),
                _ => None,
            })
    }

    /// `last month`, `الشهر الماضي`, `le mois dernier`.
    fn period(&self, i: usize) -> Option<Resolved> {
        let which = |at| {
            self.accepted(at, |role| match role {
                Role::Last => Some(-1),
                Role::Next => Some(1),
                Role::This | Role::Current => Some(0),
                _ => None,
            })
        };
        let period = |at| {
            self.accepted(at, |role| match role {
                Role::Period(Unit::Month) => Some(()),
                _ => None,
            })
        };
        let (months, next) = if let Some((_, next)) = period(i) {
            which(next)?
        } else {
            let (months, next) = which(i)?;
            (months, period(next)?.1)
        };
        Some(Resolved {
            date: self.months_away(months)?,
            next,
        })
    }

    fn months_away(&self, months: i32) -> Option<Dated> {
        let first = self.published.date().with_day(1)?;
        let size = Months::new(months.unsigned_abs());
        let first = if months < 0 {
            first.checked_sub_months(size)
        } else {
            first.checked_add_months(size)
        }?;
        Dated::month(first.year(), first.month())
    }

    /// `yesterday`, `أمس الثلاثاء`, `позавчера`.
    fn day_word(&self, i: usize) -> Option<Resolved> {
        let (offset, next) = self.accepted(i, |role| match role {
            Role::Day(offset) => Some(offset),
            _ => None,
        })?;
        let said = self.published.date().checked_add_signed(Duration::days(offset))?;
        let comma = next + usize::from(self.reader.tokens.is_mark(next, ','));
        let weekday = match self.weekday_name(next) {
            Some(named) => Some(named),
            // After a comma it may be the next of a list.
            None => self
                .weekday_name(comma)
                .filter(|&(weekday, _)| weekday == said.weekday()),
        };
        let Some((weekday, next)) = weekday else {
            return (!self.is_spoilt(i, next)).then_some(Resolved {
                date: Dated::day(said),
                next,
            });
        };
        // Around midnight the newsroom's day is not that of UTC: the name of the day is the better witness.
        let day = [Some(said), said.pred_opt(), said.succ_opt()]
            .into_iter()
            .flatten()
            .find(|day| day.weekday() == weekday)
            .unwrap_or(said);
        Some(Resolved {
            date: Dated::day(day),
            next,
        })
    }

    /// `on Tuesday`, `last Tuesday`, `الثلاثاء المقبل`.
    fn weekday(&self, i: usize) -> Option<Resolved> {
        let said = |at| {
            self.accepted(at, |role| match role {
                Role::Last => Some(Which::Last),
                Role::Next => Some(Which::Next),
                Role::This => Some(Which::Year(0)),
                _ => None,
            })
        };
        let (before, at) = said(i).map_or((None, i), |(which, next)| (Some(which), next));
        let (weekday, after) = self.weekday_name(at)?;
        let after_said = if before.is_none() {
            said(after).filter(|&(which, _)| which != Which::Year(0))
        } else {
            None
        };
        if before.is_none() && self.is_spoilt(i, after) {
            return None;
        }
        let (which, next) = after_said.map_or((before, after), |(which, next)| (Some(which), next));
        let published = self.published.date();
        let back = i64::from(published.weekday().days_since(weekday));
        let days = match which {
            None if self.is_to_come(i, next).unwrap_or(back == JUST_BEFORE) => (7 - back) % 7,
            None | Some(Which::Nearest) => -back,
            Some(Which::Last) => {
                if back == 0 {
                    -7
                } else {
                    -back
                }
            }
            Some(Which::Next) => 7 - back,
            // "this Tuesday": of the week, Monday first.
            Some(Which::Year(_)) => {
                i64::from(weekday.num_days_from_monday()) - i64::from(published.weekday().num_days_from_monday())
            }
        };
        Some(Resolved {
            date: Dated::day(published.checked_add_signed(Duration::days(days))?),
            next,
        })
    }

    /// A weekday that can stand for a day, and the index after it.
    fn weekday_name(&self, i: usize) -> Option<(Weekday, usize)> {
        self.accepted(i, |role| match role {
            Role::Weekday { day, alone: true } => Some(day),
            _ => None,
        })
    }

    /// `two days ago`, `منذ ساعتين`, `il y a 3 jours`, `час назад`, `vor zwei Monaten`.
    fn ago(&self, i: usize) -> Option<Resolved> {
        let lexicon = self.reader.lexicon;
        let tokens = self.reader.tokens;
        for (entry, next) in lexicon.at(tokens, i) {
            if entry.role == Role::AgoBefore
                && self.is_accented(entry, i, next)
                && let Some((unit, count, next)) = self.amount(next, entry.lang)
                && !self.has_role(next, Role::Of, entry.lang)
                && !self.is_weekday(next)
            {
                return self.back(unit, count, next);
            }
        }
        let langs = LANGUAGES.iter().filter(|language| !language.ago_after.is_empty());
        langs.map(|language| language.code).find_map(|lang| {
            let (unit, count, next) = self.amount(i, lang)?;
            let (_, next) = lexicon
                .at(tokens, next)
                .find(|(entry, _)| entry.role == Role::AgoAfter && entry.lang == lang)?;
            self.back(unit, count, next)
        })
    }

    /// How many of which unit, in the words of one language.
    fn amount(&self, i: usize, lang: &str) -> Option<(Unit, i64, usize)> {
        let (lexicon, tokens) = (self.reader.lexicon, self.reader.tokens);
        let unit_at = |at: usize, is_wanted: fn(&Option<i64>) -> bool| {
            lexicon.at(tokens, at).find_map(|(entry, next)| match entry.role {
                Role::Unit { unit, count } if entry.lang == lang && is_wanted(&count) => Some((unit, count, next)),
                _ => None,
            })
        };
        let counted = match tokens.number(i) {
            Some((value, digits)) => (digits <= 3)
                .then(|| i64::try_from(value).ok())
                .flatten()
                .map(|count| (count, i + 1)),
            None => lexicon.at(tokens, i).find_map(|(entry, next)| match entry.role {
                Role::Count(count) if entry.lang == lang => Some((count, next)),
                _ => None,
            }),
        };
        if let Some((count, at)) = counted
            && let Some((unit, _, next)) = unit_at(at, Option::is_none)
        {
            return Some((unit, count, next));
        }
        // "منذ ساعة", "час назад": one, or two where the word says so. A plural without a number is no distance.
        let (unit, count, next) = unit_at(i, Option::is_some)?;
        Some((unit, count?, next))
    }

    fn back(&self, unit: Unit, count: i64, next: usize) -> Option<Resolved> {
        let published = self.published;
        let earlier =
            |duration: Option<Duration>| -> Option<DateTime<Utc>> { published.value.checked_sub_signed(duration?) };
        let date = match unit {
            Unit::Minute | Unit::Hour if published.precision == Precision::Minute => {
                Dated::minute(earlier(match unit {
                    Unit::Minute => Duration::try_minutes(count),
                    _ => Duration::try_hours(count),
                })?)
            }
            // Without a time of publication, hours are of that day, as far as anybody can say.
            Unit::Minute => Dated::day(published.date()),
            Unit::Hour if count < 24 => Dated::day(published.date()),
            Unit::Hour => return None,
            Unit::Day => Dated::day(
                published
                    .date()
                    .checked_sub_days(Days::new(u64::try_from(count).ok()?))?,
            ),
            Unit::Month => self.months_away(-i32::try_from(count).ok()?)?,
            Unit::Year => return None,
        };
        Some(Resolved { date, next })
    }

    /// The first meaning at `i` that `pick` takes, in its proper spelling.
    fn accepted<T>(&self, i: usize, pick: impl Fn(Role) -> Option<T>) -> Option<(T, usize)> {
        let (lexicon, tokens) = (self.reader.lexicon, self.reader.tokens);
        lexicon.at(tokens, i).find_map(|(entry, next)| {
            let value = pick(entry.role)?;
            let spelt = self.is_accented(entry, i, next) && self.is_tanwin(entry.role, i);
            spelt.then_some((value, next))
        })
    }

    /// An accent that belongs to the word is there.
    pub(super) fn is_accented(&self, entry: &Entry, start: usize, next: usize) -> bool {
        !entry.accented || (start..next).any(|i| !self.reader.raw(i).is_ascii())
    }

    /// `غداً` is tomorrow; `غدا` without its ending is as often the verb.
    fn is_tanwin(&self, role: Role, i: usize) -> bool {
        role != Role::Day(1)
            || self.reader.tokens.folded(i) != "غدا"
            || self.reader.raw(i).contains('\u{064B}')
            || self.is_weekday(i + 1)
    }

    fn is_weekday(&self, i: usize) -> bool {
        self.reader
            .lexicon
            .pick(self.reader.tokens, i, |role| {
                matches!(role, Role::Weekday { .. }).then_some(())
            })
            .is_some()
    }

    fn has_role(&self, i: usize, role: Role, lang: &str) -> bool {
        self.reader
            .lexicon
            .at(self.reader.tokens, i)
            .any(|(entry, _)| entry.role == role && entry.lang == lang)
    }

    /// Whether a neighbour makes the day word `start..next` something else.
    fn is_spoilt(&self, start: usize, next: usize) -> bool {
        let (lexicon, tokens) = (self.reader.lexicon, self.reader.tokens);
        let before = start
            .checked_sub(1)
            .is_some_and(|before| lexicon.skip(tokens, before, Role::NotAfter).is_some());
        let address = start
            .checked_sub(1)
            .is_some_and(|before| tokens.is_any_mark(before, "#@./_") && tokens.is_glued(start))
            || tokens.is_mark(next, '.') && tokens.is_glued(next) && tokens.is_glued(next + 1);
        before || address || lexicon.skip(tokens, next, Role::NotBefore).is_some()
    }
}

fn distance(one: NaiveDate, other: NaiveDate) -> i64 {
    one.signed_duration_since(other).num_days().abs()
}
