//! Dates of the two Hijri calendars, as dates of ours.

use chrono::{Days, NaiveDate};

/// A day of the Solar Hijri calendar of Iran and Afghanistan.
///
/// Leap years by the 33-year cycle, which agrees with the astronomical calendar for the years 1178 to 1633 that are
/// accepted here (K. M. Borkowski, "The Persian calendar for 3000 years", Earth, Moon and Planets 74, 1996).
pub(super) fn from_solar(year: i32, month: u32, day: u32) -> Option<NaiveDate> {
    let is_leap = |year: i32| matches!(year.rem_euclid(33), 1 | 5 | 9 | 13 | 17 | 22 | 26 | 30);
    let length = match month {
        1..=6 => 31,
        7..=11 => 30,
        12 if is_leap(year) => 30,
        12 => 29,
        _ => return None,
    };
    if !(1178..=1633).contains(&year) || !(1..=length).contains(&day) {
        return None;
    }
    let leap_days = (1178..year).filter(|&earlier| is_leap(earlier)).count() as u64;
    let years = u64::try_from(year - 1178).ok()?;
    let months = u64::from((month - 1) * 30 + (month - 1).min(6));
    // 1 Farvardin 1178 was 21 March 1799.
    NaiveDate::from_ymd_opt(1799, 3, 21)?
        .checked_add_days(Days::new(years * 365 + leap_days + months + u64::from(day - 1)))
}

/// A day of the Islamic calendar by the tabular civil reckoning (leap years 2, 5, 7, 10, 13, 16, 18, 21, 24, 26 and
/// 29 of 30; E. M. Reingold and N. Dershowitz, *Calendrical Calculations*). Countries that look for the moon may be
/// a day off on either side.
pub(super) fn from_lunar(year: i32, month: u32, day: u32) -> Option<NaiveDate> {
    let leap = (11 * year + 14).rem_euclid(30) < 11;
    let length = match month {
        12 if leap => 30,
        1..=12 => 29 + month % 2,
        _ => return None,
    };
    // Announced months may have a thirtieth day where the table has none.
    if !(1000..=1600).contains(&year) || !(1..=length.max(30)).contains(&day) {
        return None;
    }
    let (year, month, day) = (i64::from(year), i64::from(month), i64::from(day));
    let days = (11 * year + 3) / 30 + 354 * (year - 1) + 30 * (month - 1) - (month - 1) / 2 + day - 1;
    // 1 Muharram of the year 1 was 19 July 622 (Gregorian).
    NaiveDate::from_ymd_opt(622, 7, 19)?.checked_add_days(Days::new(u64::try_from(days).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    #[test]
    fn solar_days() {
        for (year, month, of_month, expected) in [
            (1402, 6, 29, "2023-09-20"),
            (1402, 1, 1, "2023-03-21"),
            (1403, 1, 1, "2024-03-20"),
            (1403, 12, 30, "2025-03-20"),
            (1357, 11, 22, "1979-02-11"),
            (1300, 1, 1, "1921-03-21"),
        ] {
            assert_eq!(
                from_solar(year, month, of_month),
                Some(day(expected)),
                "{year}-{month}-{of_month}"
            );
        }
        assert_eq!(from_solar(1402, 12, 30), None, "1402 was no leap year");
        assert_eq!(from_solar(1402, 7, 31), None);
    }

    #[test]
    fn lunar_days() {
        for (year, month, of_month, expected) in [
            (1445, 3, 5, "2023-09-20"),
            (1445, 1, 1, "2023-07-19"),
            (1446, 1, 1, "2024-07-08"),
            (1446, 9, 1, "2025-03-01"),
        ] {
            assert_eq!(
                from_lunar(year, month, of_month),
                Some(day(expected)),
                "{year}-{month}-{of_month}"
            );
        }
        assert_eq!(from_lunar(1445, 13, 1), None);
        assert_eq!(from_lunar(1445, 1, 31), None);
    }
}
