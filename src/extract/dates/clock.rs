//! Times of day and the zones after them.

use chrono::{Duration, NaiveDate, NaiveDateTime, NaiveTime};

use super::lexicon::{Lexicon, Noon, Role};
use super::tokens::{Kind, Tokens};
use super::zones::Zone;
use crate::article::Dated;

/// A time of day as written, and where it ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    hour: u32,
    minute: u32,
    second: u32,
    /// The zone written after it, if any.
    pub(super) zone: Option<Zone>,
    /// Index of the token after it.
    pub(super) next: usize,
}

impl Clock {
    /// The moment on `day`. Without a zone the time is taken for UTC; in a zone that is not known, only the day is.
    pub(super) fn on(&self, day: NaiveDate) -> Option<Dated> {
        let local = NaiveDateTime::new(
            day,
            NaiveTime::from_hms_opt(self.hour, self.minute, self.second.min(59))?,
        );
        let minutes = self.zone.map_or(Some(0), |zone| zone.minutes_at(local));
        Some(match minutes {
            Some(minutes) => Dated::minute(
                local
                    .checked_sub_signed(Duration::minutes(i64::from(minutes)))?
                    .and_utc(),
            ),
            None => Dated::day(day),
        })
    }

    /// The same time in another zone.
    pub(super) fn in_zone(self, zone: Option<Zone>) -> Self {
        Self { zone, ..self }
    }

    /// Whether there is such a time.
    pub(super) fn is_valid(&self) -> bool {
        self.hour < 24 && self.minute < 60 && self.second <= 60
    }
}

/// The time of day that starts exactly at `i`: `14:30`, `14:30:05.123`, `14h30`, `10 a.m.`, `10:15 ص`, `14.30 Uhr`.
/// `after_date` allows `14.30` without a word that says so.
pub(super) fn clock_at(tokens: &Tokens, i: usize, after_date: bool) -> Option<Clock> {
    let lexicon = Lexicon::get();
    if let Some(clock) = compact(tokens, i) {
        return Some(clock);
    }
    let two = |at: usize| {
        tokens
            .number(at)
            .filter(|&(_, digits)| digits <= 2)
            .map(|(value, _)| value as u32)
    };
    let hour = two(i)?;
    let mut clock = Clock {
        hour,
        minute: 0,
        second: 0,
        zone: None,
        next: i + 1,
    };
    let minute_after = |at: usize| two(at + 1).filter(|_| tokens.number(at + 1).is_some_and(|(_, digits)| digits == 2));
    let mut said = true;
    if tokens.is_mark(i + 1, ':') || matches!(tokens.folded(i + 1), "时" | "時" | "点") {
        clock.minute = minute_after(i + 1)?;
        clock.next = i + 3;
        if tokens.is_mark(clock.next, ':') && tokens.is_glued(clock.next) {
            clock.second = minute_after(clock.next)?;
            clock.next += 2;
            if tokens.is_any_mark(clock.next, ".,")
                && tokens.is_glued(clock.next + 1)
                && tokens.number(clock.next + 1).is_some()
            {
                clock.next += 2;
            }
        } else if tokens.folded(clock.next) == "分" {
            clock.next += 1;
        }
    } else if matches!(tokens.folded(i + 1), "h" | "u") && (tokens.is_glued(i + 1) || tokens.folded(i + 1) == "h") {
        clock.next = i + 2;
        if let Some(minute) = minute_after(i + 1) {
            clock.minute = minute;
            clock.next = i + 3;
        }
    } else if tokens.is_mark(i + 1, '.') && tokens.is_glued(i + 2) && minute_after(i + 1).is_some() {
        clock.minute = minute_after(i + 1)?;
        clock.next = i + 3;
        said = after_date && !tokens.is_any_mark(i + 3, "./");
    } else {
        said = false;
    }
    let noon = lexicon.pick(tokens, clock.next, |role| match role {
        Role::Noon(noon) => Some(noon),
        _ => None,
    });
    if let Some((noon, next)) = noon {
        clock.hour = match (noon, clock.hour) {
            (Noon::Before, 12) | (Noon::Night, 12) => 0,
            (Noon::After, hour @ 1..=11) | (Noon::Night, hour @ 6..=11) => hour + 12,
            (_, hour) => hour,
        };
        clock.next = next;
        said = true;
    } else if let Some(next) = lexicon.skip(tokens, clock.next, Role::Clock) {
        // "at" belongs to what follows; "Uhr", "h", "hrs" to this time.
        if !said
            || matches!(
                tokens.folded(clock.next),
                "uhr" | "h" | "hs" | "hrs" | "uur" | "uri" | "ч" | "часов"
            )
        {
            said |= matches!(tokens.folded(clock.next), "uhr" | "hs" | "hrs" | "uur" | "uri");
            clock.next = next;
        }
    }
    if !said {
        return None;
    }
    if let Some((zone, next)) = zone_at(tokens, clock.next) {
        clock.zone = Some(zone);
        clock.next = next;
    }
    Some(clock)
}

/// `101500Z` after the letter T.
fn compact(tokens: &Tokens, i: usize) -> Option<Clock> {
    let (value, digits) = tokens.number(i).filter(|_| tokens.is_glued(i))?;
    let value = match digits {
        6 => u32::try_from(value).ok()?,
        4 => u32::try_from(value).ok()? * 100,
        _ => return None,
    };
    let after_t = tokens.folded(i.checked_sub(1)?) == "t";
    let (zone, next) = zone_at(tokens, i + 1).map_or((None, i + 1), |(zone, next)| (Some(zone), next));
    after_t.then_some(Clock {
        hour: value / 10_000,
        minute: value / 100 % 100,
        second: value % 100,
        zone,
        next,
    })
}

/// The zone that starts at `i`, in brackets or not: `+03:00`, `GMT+3`, `МСК`, `بتوقيت مكة المكرمة`, or an unknown one.
pub(super) fn zone_at(tokens: &Tokens, i: usize) -> Option<(Zone, usize)> {
    if tokens.is_any_mark(i, "([") {
        let (zone, next) = zone_at_open(tokens, i + 1)?;
        return tokens.is_any_mark(next, ")]").then_some((zone, next + 1));
    }
    let skipped = if tokens.is_any_mark(i, ",") { i + 1 } else { i };
    zone_at_open(tokens, skipped)
}

fn zone_at_open(tokens: &Tokens, i: usize) -> Option<(Zone, usize)> {
    if let Some(found) = offset_at(tokens, i, false) {
        return Some(found);
    }
    let lexicon = Lexicon::get();
    let announced = lexicon.skip(tokens, i, Role::ZonePrefix);
    let at = announced.unwrap_or(i);
    let named = lexicon.at(tokens, at).find_map(|(entry, next)| match entry.role {
        Role::Zone(zone) if announced.is_some() || stands_alone(tokens, at, next, zone) => Some((zone, next)),
        _ => None,
    });
    // "heure de Paris" is itself a name, and its first words announce one.
    let named = named.or_else(|| {
        lexicon
            .pick(tokens, i, |role| match role {
                Role::Zone(zone) => Some(zone),
                _ => None,
            })
            .filter(|&(zone, next)| stands_alone(tokens, i, next, zone))
    });
    if let Some((zone, next)) = named {
        let next = if tokens.folded(next) == "time" { next + 1 } else { next };
        return match offset_at(tokens, next, true) {
            Some(found) if zone == Zone::Fixed(0) => Some(found),
            _ => Some((zone, next)),
        };
    }
    if let Some(next) = announced {
        let word = tokens.get(next).is_some_and(|token| token.kind == Kind::Word);
        return Some((Zone::Unknown, next + usize::from(word)));
    }
    let token = tokens.get(i).filter(|token| token.kind == Kind::Word)?;
    let letters = tokens.folded(i).chars().count();
    if tokens.folded(i + 1) == "time" {
        return Some((Zone::Unknown, i + 2));
    }
    if tokens.is_mark(i + 1, '/') && token.capital && tokens.get(i + 2).is_some_and(|place| place.capital) {
        return Some((Zone::Unknown, i + 3));
    }
    let half_day = matches!(tokens.folded(i), "am" | "pm");
    (token.shouted && (2..=5).contains(&letters) && !half_day).then_some((Zone::Unknown, i + 1))
}

/// Whether the name of a zone is one without a word that announces it: places of the Arabic world are not, and
/// abbreviations are written in capitals (`ET` is not the French `et`).
fn stands_alone(tokens: &Tokens, start: usize, next: usize, zone: Zone) -> bool {
    let word = tokens.folded(start);
    let Some(token) = tokens.get(start) else { return false };
    if word.starts_with(|c| ('\u{0600}'..'\u{0700}').contains(&c)) {
        return zone == Zone::Fixed(0) && !word.contains("عالمي") && !word.starts_with("ال");
    }
    if word == "z" {
        return token.glued;
    }
    next > start + 1 || token.shouted || !word.is_ascii() || zone == Zone::Fixed(0)
}

/// `+03:00`, `+0300`, `-3`: the sign stands right before the number. A number of one or two digits alone is an
/// offset only after `GMT` or `UTC`.
fn offset_at(tokens: &Tokens, i: usize, named: bool) -> Option<(Zone, usize)> {
    let sign = if tokens.is_mark(i, '+') {
        1
    } else if tokens.is_mark(i, '-') {
        -1
    } else {
        return None;
    };
    let (value, digits) = tokens.number(i + 1).filter(|_| tokens.is_glued(i + 1) || named)?;
    let value = i32::try_from(value).ok()?;
    let (hours, minutes, next) = match digits {
        4 => (value / 100, value % 100, i + 2),
        1 | 2 if tokens.is_mark(i + 2, ':') && tokens.is_glued(i + 2) => {
            let (minutes, _) = tokens.number(i + 3).filter(|&(_, digits)| digits == 2)?;
            (value, i32::try_from(minutes).ok()?, i + 4)
        }
        1 | 2 if named || sign > 0 || digits == 2 && !tokens.is_any_mark(i + 2, "./-") => (value, 0, i + 2),
        _ => return None,
    };
    (hours <= 14 && minutes % 15 == 0 && minutes < 60).then_some((Zone::Fixed(sign * (hours * 60 + minutes)), next))
}
