//! Dates that only the publication date makes whole: "yesterday", "last August", "19 сентября", "قبل يومين".

use chrono::{DateTime, Datelike, Days, Duration, Months, NaiveDate, Utc, Weekday};

use super::absolute::{Parts, Reader};
use super::lexicon::{Entry, Role, Unit};
use crate::article::{Dated, Precision};

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
            .or_else(|| if knows_day { self.day_word(i) } else { None })
            .or_else(|| if knows_day { self.weekday(i) } else { None })
            .or_else(|| if knows_day { self.ago(i) } else { None })
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
        for _ in 0..3 {
            let step = self.accepted(at, |role| match role {
                Role::Within => Some((None, true)),
                Role::Part => Some((None, true)),
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
                Role::Last => Some((Which::Last, -1)),
                Role::Next => Some((Which::Next, 1)),
                Role::This => Some((Which::Year(0), 0)),
                _ => None,
            })
        };
        // The noun may stand before "last" or after it, and "this" means the year only beside it, except where it
        // can mean nothing else.
        for from in [at, i] {
            if let Some((_, next)) = period(from)
                && let Some(((_, years), next)) = which(next)
            {
                return Some((Which::Year(years), next));
            }
            if let Some(((said, years), next)) = which(from) {
                if let Some((_, next)) = period(next) {
                    return Some((Which::Year(years), next));
                }
                let follows = self.reader.tokens.folded(from).starts_with("ال")
                    || matches!(
                        self.reader.tokens.folded(from),
                        "dernier"
                            | "derniere"
                            | "prochain"
                            | "pasado"
                            | "passado"
                            | "scorso"
                            | "proximo"
                            | "prossimo"
                            | "گذشته"
                    );
                if follows && from == i {
                    return Some((said, next));
                }
            }
        }
        None
    }

    /// `last month`, `الشهر الماضي`, `le mois dernier`.
    fn period(&self, i: usize) -> Option<Resolved> {
        let which = |at| {
            self.accepted(at, |role| match role {
                Role::Last => Some(-1),
                Role::Next => Some(1),
                Role::This => Some(0),
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
        let comma = next + usize::from(self.reader.tokens.is_mark(next, ','));
        let weekday = [next, comma].into_iter().find_map(|at| self.weekday_name(at));
        if weekday.is_none() && self.is_spoilt(i, next) {
            return None;
        }
        Some(Resolved {
            date: Dated::day(self.published.date().checked_add_signed(Duration::days(offset))?),
            next: weekday.map_or(next, |(_, next)| next),
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
            if entry.role == Role::AgoBefore && self.is_accented(entry, i, next) {
                if let Some((unit, count, next)) = self.amount(next, entry.lang)
                    && !self.has_role(next, Role::Of, entry.lang)
                    && !self.is_weekday(next)
                {
                    return self.back(unit, count, next);
                }
            }
        }
        let langs = ["en", "ru", "es", "pt", "it", "tr", "fa", "nl"];
        langs.into_iter().find_map(|lang| {
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
        let unit_at = |at: usize| {
            lexicon.at(tokens, at).find_map(|(entry, next)| match entry.role {
                Role::Unit { unit, count } if entry.lang == lang => Some((unit, count, next)),
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
            && let Some((unit, None, next)) = unit_at(at)
        {
            return Some((unit, count, next));
        }
        // "منذ ساعة", "час назад": one, or two where the word says so. A plural without a number is no distance.
        let (unit, count, next) = unit_at(i)?;
        let singular = matches!(
            tokens.folded(i),
            "دقيقه" | "ساعه" | "يوم" | "شهر" | "минуту" | "час" | "день" | "месяц"
        );
        match count {
            Some(count) => Some((unit, count, next)),
            None => singular.then_some((unit, 1, next)),
        }
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
    fn is_accented(&self, entry: &Entry, start: usize, next: usize) -> bool {
        !entry.accented || (start..next).any(|i| !self.reader.raw(i).is_ascii())
    }

    /// `غداً` is tomorrow; `غدا` without its ending is as often the verb.
    fn is_tanwin(&self, role: Role, i: usize) -> bool {
        role != Role::Day(1)
            || self.reader.tokens.folded(i) != "غدا"
            || self.reader.raw(i).contains('\u{064B}')
            || self.weekday_follows(i + 1)
    }

    fn weekday_follows(&self, i: usize) -> bool {
        self.is_weekday(i)
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
        before || lexicon.skip(tokens, next, Role::NotBefore).is_some()
    }
}

fn distance(one: NaiveDate, other: NaiveDate) -> i64 {
    one.signed_duration_since(other).num_days().abs()
}
