//! The names of time zones that mean one thing only, and what they mean on a given day.
//!
//! Names that stand for several zones (IST, BST, CST, AST, GST) are left out on purpose: they count as unknown.

use chrono::{Datelike, Days, NaiveDate, NaiveDateTime, Weekday};

/// How a zone's distance from UTC is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Zone {
    /// Always this many minutes ahead of UTC.
    Fixed(i32),
    /// This many minutes since the given day; unknown before it.
    Since(i32, (i32, u32, u32)),
    /// Summer time by the rule of the United States (since 2007).
    American(i32),
    /// Summer time by the rule of the European Union (since 1996).
    European(i32),
    /// Cairo: summer time from the last Friday of April to the last Thursday of October since 2023; none from 2015
    /// to 2022.
    Egyptian,
    /// A zone was named, but it is not known here or means several things.
    Unknown,
}

/// Names and what they mean; alternatives separated by `|`. Matched like all words: folded.
pub(super) const ZONES: &[(&str, Zone)] = &[
    (
        "UTC|GMT|Z|УТК|غرينتش|غرينيتش|جرينتش|جرينيتش|غرينتش العالمي|العالمي|عالمي|الغرينتش|ت غ|UT|WET",
        Zone::Fixed(0),
    ),
    ("CET|MEZ|WEST|HNEC", Zone::Fixed(60)),
    ("CEST|MESZ|EET|HAEC", Zone::Fixed(120)),
    ("EEST|TRT|TSİ", Zone::Fixed(180)),
    (
        "MSK|МСК|موسكو|московскому времени|по московскому времени|по Москве|московское время|время московское|Moscow time|heure de Moscou|hora de Moscú|Moskauer Zeit",
        Zone::Since(180, (2014, 10, 26)),
    ),
    (
        "مكة|مكة المكرمة|السعودية|الرياض|Mecca time|Riyadh time|KSA|Makkah time",
        Zone::Fixed(180),
    ),
    ("الدوحة|Doha time|الكويت|بغداد|Baghdad time|صنعاء|عدن", Zone::Fixed(180)),
    (
        "أبوظبي|أبو ظبي|الإمارات|دبي|UAE|Dubai time|UAE time|مسقط|Gulf Standard Time",
        Zone::Fixed(240),
    ),
    ("القاهرة|مصر|Cairo time", Zone::Egyptian),
    ("تونس|الجزائر", Zone::Fixed(60)),
    ("إسطنبول|أنقرة|تركيا|Istanbul time", Zone::Since(180, (2016, 9, 7))),
    (
        "باريس|برلين|روما|مدريد|heure de Paris|Paris time|Berlin time|hora peninsular|ora italiana|وسط أوروبا|Central European Time",
        Zone::European(60),
    ),
    ("لندن|London time", Zone::European(0)),
    (
        "كييف|Kyiv time|Kiev time|по киевскому времени|киевскому времени|по Киеву",
        Zone::European(120),
    ),
    ("Tehran time|به وقت تهران|طهران|تهران", Zone::Since(210, (2022, 9, 22))),
    ("EST", Zone::Fixed(-300)),
    ("EDT", Zone::Fixed(-240)),
    ("CDT", Zone::Fixed(-300)),
    ("MDT", Zone::Fixed(-360)),
    ("PST", Zone::Fixed(-480)),
    ("PDT", Zone::Fixed(-420)),
    (
        "ET|Eastern Time|Eastern|U.S. Eastern|واشنطن|نيويورك",
        Zone::American(-300),
    ),
    ("PT|Pacific Time", Zone::American(-480)),
    (
        "BRT|horário de Brasília|hora de Brasília",
        Zone::Since(-180, (2019, 2, 17)),
    ),
    ("ART", Zone::Fixed(-180)),
    ("JST|KST", Zone::Fixed(540)),
    ("HKT|SGT|AWST|北京时间", Zone::Fixed(480)),
    ("AEST", Zone::Fixed(600)),
    ("AEDT", Zone::Fixed(660)),
    ("PKT", Zone::Fixed(300)),
    ("SAST", Zone::Fixed(120)),
];

impl Zone {
    /// Minutes ahead of UTC at the local time `local`; `None` when nobody can say.
    pub(super) fn minutes_at(self, local: NaiveDateTime) -> Option<i32> {
        let year = local.year();
        match self {
            Zone::Fixed(minutes) => Some(minutes),
            Zone::Since(minutes, (year, month, day)) => {
                (local.date() >= NaiveDate::from_ymd_opt(year, month, day)?).then_some(minutes)
            }
            Zone::American(standard) => {
                let first_march = NaiveDate::from_weekday_of_month_opt(year, 3, Weekday::Sun, 2)?;
                let first_november = NaiveDate::from_weekday_of_month_opt(year, 11, Weekday::Sun, 1)?;
                let summer =
                    local >= first_march.and_hms_opt(2, 0, 0)? && local < first_november.and_hms_opt(2, 0, 0)?;
                (year >= 2007).then_some(standard + if summer { 60 } else { 0 })
            }
            Zone::European(standard) => {
                // The change is at 01:00 UTC everywhere.
                let hour = u32::try_from(1 + standard / 60).ok()?;
                let start = last(Weekday::Sun, year, 3)?.and_hms_opt(hour, 0, 0)?;
                let end = last(Weekday::Sun, year, 10)?.and_hms_opt(hour + 1, 0, 0)?;
                (year >= 1996).then_some(standard + if local >= start && local < end { 60 } else { 0 })
            }
            Zone::Egyptian => match year {
                2015..=2022 => Some(120),
                2023.. => {
                    let start = last(Weekday::Fri, year, 4)?;
                    let end = last(Weekday::Thu, year, 10)?;
                    Some(if local.date() >= start && local.date() <= end {
                        180
                    } else {
                        120
                    })
                }
                _ => None,
            },
            Zone::Unknown => None,
        }
    }
}

fn last(weekday: Weekday, year: i32, month: u32) -> Option<NaiveDate> {
    let end = NaiveDate::from_ymd_opt(year, month, 1)?
        .checked_add_months(chrono::Months::new(1))?
        .pred_opt()?;
    let back = end.weekday().days_since(weekday);
    end.checked_sub_days(Days::new(u64::from(back)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summer_time_begins_and_ends_on_the_right_day() {
        for (zone, local, expected) in [
            (Zone::American(-300), "2023-03-12T01:59:00", Some(-300)),
            (Zone::American(-300), "2023-03-12T03:00:00", Some(-240)),
            (Zone::American(-300), "2023-11-05T03:00:00", Some(-300)),
            (Zone::American(-300), "1999-07-01T12:00:00", None),
            (Zone::European(60), "2023-03-26T01:30:00", Some(60)),
            (Zone::European(60), "2023-03-26T03:30:00", Some(120)),
            (Zone::European(60), "2023-10-29T03:30:00", Some(60)),
            (Zone::Egyptian, "2023-04-28T12:00:00", Some(180)),
            (Zone::Egyptian, "2023-10-27T12:00:00", Some(120)),
            (Zone::Egyptian, "2021-07-01T12:00:00", Some(120)),
            (Zone::Since(180, (2014, 10, 26)), "2012-01-01T00:00:00", None),
            (Zone::Unknown, "2023-01-01T00:00:00", None),
        ] {
            let local: NaiveDateTime = local.parse().expect("a local time");
            assert_eq!(zone.minutes_at(local), expected, "{zone:?} {local}");
        }
    }
}
