//! The words of dates, language by language: a file for each. To add a language, copy one of them, and name it in
//! [`LANGUAGES`]: nothing else.
//!
//! Alternatives are separated by `|` and may be several words. Case, accents, vowel signs and the forms of alef, yeh
//! and kaf do not matter: words are folded before they are compared. A form that also means something else in
//! ordinary text belongs in a `_short` list (read only as part of a full date) or is left out.

mod arabic;
mod dutch;
mod english;
mod french;
mod german;
mod italian;
mod persian;
mod portuguese;
mod russian;
mod slovene;
mod spanish;
mod turkish;

/// What one language calls months, days and distances in time.
pub(in crate::extract::dates) struct Language {
    /// ISO 639-1 code.
    pub(in crate::extract::dates) code: &'static str,
    /// Names are written with a capital letter; without one they are something else (`may`, `march`).
    pub(in crate::extract::dates) capitals: bool,
    /// Full month names with all their case forms, January first.
    pub(in crate::extract::dates) months: [&'static str; 12],
    /// Abbreviated months.
    pub(in crate::extract::dates) months_short: [&'static str; 12],
    /// Weekdays from Monday that can stand alone for a day.
    pub(in crate::extract::dates) weekdays: [&'static str; 7],
    /// Other forms of weekdays, dropped before a date.
    pub(in crate::extract::dates) weekdays_short: [&'static str; 7],
    /// Days counted from the day of publication.
    pub(in crate::extract::dates) days: &'static [(i64, &'static str)],
    /// "last", whichever side of the noun it stands on.
    pub(in crate::extract::dates) last: &'static str,
    /// "this", "current".
    pub(in crate::extract::dates) this: &'static str,
    /// "current", of the kind that stands after a month by itself.
    pub(in crate::extract::dates) current: &'static str,
    /// "last" and "next" stand after their noun, and need no "year" there.
    pub(in crate::extract::dates) adjectives_follow: bool,
    /// "next", "coming".
    pub(in crate::extract::dates) next: &'static str,
    /// "the middle of", "early", "late".
    pub(in crate::extract::dates) part: &'static str,
    /// "in" before a month.
    pub(in crate::extract::dates) within: &'static str,
    /// Words between day, month and year ("of").
    pub(in crate::extract::dates) of: &'static str,
    /// "ago" before the distance.
    pub(in crate::extract::dates) ago_before: &'static str,
    /// "ago" after the distance.
    pub(in crate::extract::dates) ago_after: &'static str,
    /// Minute, hour, day, month, year: any number of them (week is left out: no precision fits it).
    pub(in crate::extract::dates) units: [&'static str; 5],
    /// One of each, where the unit alone says so.
    pub(in crate::extract::dates) singles: [&'static str; 5],
    /// Two of each, where one word says so.
    pub(in crate::extract::dates) duals: [&'static str; 5],
    /// One to ten in words, as they stand before a unit.
    pub(in crate::extract::dates) counts: [&'static str; 10],
    /// Days of the month in words, the first one first, as they stand before the month.
    pub(in crate::extract::dates) month_days: &'static [&'static str],
    /// "the month" and "the year" as they stand beside "last".
    pub(in crate::extract::dates) periods: [&'static str; 2],
    /// Words directly before a weekday or a day word that take its meaning away ("every Tuesday", "USA Today").
    pub(in crate::extract::dates) not_after: &'static str,
    /// Words directly after a day word or a distance that take its meaning away ("اليوم التالي", the next day).
    pub(in crate::extract::dates) not_before: &'static str,
    /// Words between a weekday and its date.
    pub(in crate::extract::dates) before_date: &'static str,
    /// Words after a number that make it a quantity and no day or year.
    pub(in crate::extract::dates) measures: &'static str,
    /// Words before a time of day ("at").
    pub(in crate::extract::dates) clock: &'static str,
    /// Words after an hour or a time of day ("o'clock").
    pub(in crate::extract::dates) oclock: &'static str,
    /// Before noon.
    pub(in crate::extract::dates) am: &'static str,
    /// After noon.
    pub(in crate::extract::dates) pm: &'static str,
    /// At night: before noon from twelve to five, after noon otherwise.
    pub(in crate::extract::dates) night: &'static str,
    /// Words of a clause that tells of what is to come ("will", "set to").
    pub(in crate::extract::dates) future: &'static str,
    /// Endings of verbs in the future, as they are written.
    pub(in crate::extract::dates) future_endings: &'static str,
    /// Words that end like that and are no verbs.
    pub(in crate::extract::dates) no_future: &'static str,
    /// Words of a clause that tells of what has been ("said", "since").
    pub(in crate::extract::dates) past: &'static str,
    /// Endings that verbs of the past have, and few other words. They tell only where nothing else does.
    pub(in crate::extract::dates) past_endings: &'static str,
    /// Words that open a clause of its own ("that", "which").
    pub(in crate::extract::dates) opens_clause: &'static str,
    /// Words that announce a local time: without a known place after them the zone is unknown.
    pub(in crate::extract::dates) zone: &'static str,
}

const NONE: Language = Language {
    code: "",
    capitals: false,
    months: [""; 12],
    months_short: [""; 12],
    weekdays: [""; 7],
    weekdays_short: [""; 7],
    days: &[],
    last: "",
    this: "",
    current: "",
    adjectives_follow: false,
    next: "",
    part: "",
    within: "",
    of: "",
    ago_before: "",
    ago_after: "",
    units: [""; 5],
    singles: [""; 5],
    duals: [""; 5],
    counts: [""; 10],
    month_days: &[],
    periods: [""; 2],
    not_after: "",
    not_before: "",
    before_date: "",
    measures: "",
    clock: "",
    oclock: "",
    am: "",
    pm: "",
    night: "",
    future: "",
    future_endings: "",
    no_future: "",
    past: "",
    past_endings: "",
    opens_clause: "",
    zone: "",
};

/// Every language whose dates are read.
pub(in crate::extract::dates) const LANGUAGES: &[Language] = &[
    arabic::LANGUAGE,
    english::LANGUAGE,
    russian::LANGUAGE,
    french::LANGUAGE,
    spanish::LANGUAGE,
    german::LANGUAGE,
    portuguese::LANGUAGE,
    italian::LANGUAGE,
    turkish::LANGUAGE,
    persian::LANGUAGE,
    dutch::LANGUAGE,
    slovene::LANGUAGE,
];

/// The months of the Islamic (lunar) calendar, Muharram first.
pub(in crate::extract::dates) const LUNAR_MONTHS: [&str; 12] = [
    "محرم|المحرم|Muharram",
    "صفر|Safar",
    "ربيع الأول|ربيع أول|Rabi al-Awwal",
    "ربيع الآخر|ربيع الثاني|ربيع آخر|Rabi al-Thani",
    "جمادى الأولى|جمادى الأول|Jumada al-Awwal",
    "جمادى الآخرة|جمادى الثانية|جمادى الآخر|Jumada al-Thani",
    "رجب|Rajab",
    "شعبان|Shaban",
    "رمضان|Ramadan",
    "شوال|Shawwal",
    "ذو القعدة|ذي القعدة|Dhu al-Qadah",
    "ذو الحجة|ذي الحجة|Dhu al-Hijjah",
];

/// The months of the Solar Hijri calendar of Iran, Farvardin first.
pub(in crate::extract::dates) const SOLAR_MONTHS: [&str; 12] = [
    "فروردین",
    "اردیبهشت",
    "خرداد",
    "تیر",
    "مرداد",
    "شهریور",
    "مهر",
    "آبان",
    "آذر",
    "دی",
    "بهمن",
    "اسفند",
];

/// Whether "last" and "next" follow their noun in the language `code`.
pub(in crate::extract::dates) fn adjectives_follow(code: &str) -> bool {
    LANGUAGES
        .iter()
        .any(|language| language.code == code && language.adjectives_follow)
}
