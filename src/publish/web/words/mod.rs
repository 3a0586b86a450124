//! The fixed words of the pages, one file a language, and how that language writes numbers and dates.
//!
//! To add a language: copy `en.rs`, translate every field, and name it in [`ALL`]. A field that is forgotten does not
//! compile. Never holds a text that came with an article.

mod ar;
mod desk;
mod en;
mod live;

use std::borrow::Borrow;

use chrono::Datelike;

use crate::article::{Dated, DatedJson, Precision, RemovedKind};
use crate::story::labels::Trend;
pub use live::Live;

/// The interface's languages; the first one is for those who ask for none of them.
pub static ALL: [&Words; 2] = [&en::WORDS, &ar::WORDS];

/// The languages that are written from right to left, among those that articles come in.
const RIGHT_TO_LEFT: [&str; 13] = [
    "ar", "fa", "ur", "he", "yi", "ps", "sd", "ug", "ckb", "dv", "syr", "arc", "azb",
];

/// The direction of a text in a language: `rtl`, `ltr`, or `auto` where the language is not known.
pub fn direction(lang: &str) -> &'static str {
    match lang.split('-').next().unwrap_or(lang) {
        "" | "und" => "auto",
        primary if RIGHT_TO_LEFT.contains(&primary) => "rtl",
        _ => "ltr",
    }
}

/// Unicode's plural categories.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Zero,
    One,
    Two,
    Few,
    Many,
    Other,
}

/// A thing counted; `{}` is where the number goes.
pub struct Counted {
    pub zero: &'static str,
    pub one: &'static str,
    pub two: &'static str,
    pub few: &'static str,
    pub many: &'static str,
    pub other: &'static str,
}

impl Counted {
    /// For languages that know one and many.
    const fn two_forms(one: &'static str, other: &'static str) -> Self {
        Self {
            zero: other,
            one,
            two: other,
            few: other,
            many: other,
            other,
        }
    }
}

/// A name and what it means.
pub struct Meaning {
    pub key: &'static str,
    pub name: &'static str,
    pub meaning: &'static str,
}

/// Everything that the interface says in one language. `{name}` stands for what is put in.
pub struct Words {
    pub code: &'static str,
    /// The language's name in itself, for the switch.
    pub own_name: &'static str,
    pub direction: &'static str,
    pub plural: fn(u64) -> Form,
    pub digits: [char; 10],
    pub decimal: char,
    pub thousands: char,
    pub months: [&'static str; 12],
    pub day: &'static str,
    pub month: &'static str,
    pub list_comma: &'static str,
    /// What is said about corrections.
    pub desk: &'static desk::DeskWords,
    /// Names of languages by code; an unlisted one shows its code.
    pub languages: &'static [(&'static str, &'static str)],

    // The frame.
    pub skip: &'static str,
    pub search: &'static str,
    pub search_hint: &'static str,
    pub stories: &'static str,
    pub api: &'static str,
    pub to_dark: &'static str,
    pub to_light: &'static str,
    pub to_system: &'static str,
    pub keys: &'static str,
    pub key_move: &'static str,
    pub key_open: &'static str,
    pub key_search: &'static str,
    pub key_up: &'static str,
    pub key_help: &'static str,
    pub close: &'static str,
    pub demonstration: &'static str,
    pub demonstration_without: &'static str,
    pub utc: &'static str,

    // Counts.
    pub articles_counted: Counted,
    pub copies_counted: Counted,
    pub sources_counted: Counted,
    pub no_source: &'static str,
    pub languages_counted: Counted,
    pub among_copies_counted: Counted,
    pub cuts_counted: Counted,

    // Lists of stories.
    pub filter_words: &'static str,
    pub filter_language: &'static str,
    pub filter_source: &'static str,
    pub filter_state: &'static str,
    pub filter_at_least: &'static str,
    pub filter_order: &'static str,
    pub any: &'static str,
    pub show: &'static str,
    pub show_all: &'static str,
    pub states: &'static [(&'static str, &'static str)],
    pub corrections: &'static [(&'static str, &'static str)],
    pub sorts: &'static [(&'static str, &'static str)],
    pub no_story: &'static str,
    pub empty_store: &'static str,
    pub changed: &'static str,
    pub undated: &'static str,
    pub more_stories: &'static str,
    pub more_sources: &'static str,
    pub per_day: &'static str,

    // A story.
    pub timeline: &'static str,
    pub newest_first: &'static str,
    pub oldest_first: &'static str,
    pub no_event: &'static str,
    pub events_by: &'static str,
    pub periods: &'static [(&'static str, &'static str)],
    pub articles: &'static str,
    pub more_articles: &'static str,
    pub near_duplicate: &'static str,
    pub by_text: &'static str,
    pub by_publication: &'static str,
    pub pace: &'static str,
    pub people: &'static str,
    pub places: &'static str,
    pub organisations: &'static str,
    pub trends: &'static [(&'static str, &'static str)],
    pub importance: &'static str,
    /// The same with what it was when the story's latest article came: `{then}`, `{n}`.
    pub importance_then: &'static str,
    pub first_article: &'static str,
    pub last_article: &'static str,
    pub related: &'static str,
    pub also_in: &'static str,
    pub watches: &'static str,
    pub watches_meaning: &'static str,
    pub watches_empty: &'static str,
    pub watches_more: &'static str,
    pub watch_it: &'static str,
    pub watched: &'static str,
    pub watch_receiver_hint: &'static str,
    pub watch_receiver: &'static str,
    pub watch_no_receiver: &'static str,
    pub watch_secret: &'static str,
    pub watch_went_on: &'static str,
    pub watch_test: &'static str,
    pub watch_pause: &'static str,
    pub watch_resume: &'static str,
    pub watch_rotate: &'static str,
    pub watch_delete: &'static str,
    pub watch_delete_sure: &'static str,
    pub watch_delete_it: &'static str,
    pub watch_told: &'static str,
    pub watch_told_nothing: &'static str,
    pub watch_told_more: &'static str,
    pub watch_no_messages: &'static str,
    pub watch_refused: &'static str,
    pub watch_unknown: &'static str,
    pub watch_states: &'static [(&'static str, &'static str)],
    pub watch_events: &'static [(&'static str, &'static str)],
    pub message_states: &'static [(&'static str, &'static str)],
    pub alerts_counted: Counted,
    pub held_back_counted: Counted,
    pub watch_dead_counted: Counted,
    pub watch_failing_counted: Counted,
    /// Instead of the state of a watch that posts nowhere.
    pub watch_posts_nowhere: &'static str,
    pub no_such_watch: &'static str,

    pub review: &'static str,
    pub review_meaning: &'static str,
    pub review_empty: &'static str,
    pub review_more: &'static str,
    pub review_kinds: &'static [(&'static str, &'static str)],
    pub review_article: &'static str,
    pub review_alternative: &'static str,
    pub review_cut: &'static str,
    pub review_doubt: &'static str,
    pub history: &'static str,
    pub older_changes: &'static str,
    pub history_created: &'static str,
    pub history_joined: &'static str,
    pub history_joined_from: &'static str,
    pub history_left: &'static str,
    pub history_revised: &'static str,
    pub history_merged: &'static str,
    pub history_split: &'static str,
    pub history_renamed: &'static str,
    pub history_state: &'static str,
    pub history_corrected: &'static str,
    pub history_undone: &'static str,

    // An article.
    pub published: &'static str,
    pub to_the_minute: &'static str,
    pub to_the_day: &'static str,
    pub to_the_month: &'static str,
    pub unknown: &'static str,
    pub arrived: &'static str,
    pub language: &'static str,
    pub source: &'static str,
    pub agency: &'static str,
    pub address: &'static str,
    pub found_in: &'static str,
    pub document: &'static str,
    pub keywords: &'static str,
    pub repeats: &'static str,
    pub repeated_by: &'static str,
    pub revision: &'static str,
    pub text: &'static str,
    pub show_cuts: &'static str,
    pub cut_rule: &'static str,
    pub cut_place: &'static str,
    pub cut_list: &'static str,
    pub nothing_cut: &'static str,
    pub cuts: &'static [(RemovedKind, &'static str)],
    pub set_aside: &'static str,

    // Its placement.
    pub why: &'static str,
    pub waits: &'static str,
    pub text_dropped: &'static str,
    pub placement_dropped: &'static str,
    pub failed: &'static str,
    pub because_copy: &'static str,
    pub because_alone: &'static str,
    pub because_group: &'static str,
    pub because_nearest: &'static str,
    pub because_editor: &'static str,
    pub looked_again: &'static str,
    pub became_one: &'static str,
    pub runner_up: &'static str,
    pub no_runner_up: &'static str,
    /// Where the log-odds of every pair begin.
    pub base: Meaning,
    /// What `same_language` is called where the languages are two.
    pub two_languages: Meaning,
    pub nearest: &'static str,
    pub rejected: &'static str,
    pub likely: &'static str,
    pub alike: &'static str,
    pub in_story: &'static str,
    pub signals: &'static str,
    pub signal_names: &'static [Meaning],

    // Search and documents.
    pub search_title: &'static str,
    pub search_start: &'static str,
    pub nothing_found: &'static str,
    pub search_by: &'static str,
    pub search_modes: &'static [(&'static str, &'static str)],
    pub nothing_near: &'static str,
    pub meaning_failed: &'static str,
    pub meaning_failed_text: &'static str,
    pub more_found: &'static str,
    pub story: &'static str,
    pub document_title: &'static str,
    pub document_articles: &'static str,
    pub document_kinds: &'static [(&'static str, &'static str)],

    // What went wrong.
    pub not_found: &'static str,
    pub no_such_story: &'static str,
    pub no_such_article: &'static str,
    pub no_such_document: &'static str,
    pub no_such_page: &'static str,
    pub bad_page: &'static str,
    pub bad_cursor: &'static str,
    pub store_failed: &'static str,
    pub store_failed_text: &'static str,
    pub stopping: &'static str,
    pub stopping_text: &'static str,
    pub forbidden: &'static str,
    pub forbidden_text: &'static str,

    pub sign_in: &'static str,
    pub sign_in_text: &'static str,
    pub token: &'static str,
    pub wrong_token: &'static str,
    pub sign_out: &'static str,

    /// Pages that editors keep open.
    pub live: &'static Live,
    pub embed: Embed,
    pub watching: Watching,
}

/// The words of the forms of watches.
pub struct Watching {
    pub new: &'static str,
    pub new_meaning: &'static str,
    pub called: &'static str,
    pub words: &'static str,
    pub name: &'static str,
    pub language: &'static str,
    pub source: &'static str,
    pub min_sources: &'static str,
    pub url: &'static str,
    pub what: &'static str,
    pub which: &'static str,
    pub settings: &'static str,
    pub bounds: &'static str,
    pub bounds_meaning: &'static str,
    pub cool_down: &'static str,
    pub digest: &'static str,
    pub digest_at: &'static str,
    pub novelty: &'static str,
    pub near_duplicates: &'static str,
    pub only_new_sources: &'static str,
    pub preview: &'static str,
    pub make: &'static str,
    pub save: &'static str,
    pub messages_counted: Counted,
    /// `{articles}`, `{messages}`.
    pub foreseen: &'static str,
    /// `{n}` were looked at.
    pub foreseen_part: &'static str,
    pub held_reasons: &'static [(&'static str, &'static str)],
    /// `{field}`, `{value}`.
    pub no_number: &'static str,
    /// `{value}`.
    pub no_time: &'static str,
    pub log: &'static str,
    pub log_all: &'static str,
    pub when: &'static str,
    pub state: &'static str,
    pub status: &'static str,
    pub latency: &'static str,
    pub body: &'static str,
    pub tries: &'static str,
    pub older: &'static str,
    pub again: &'static str,
    pub again_selected: &'static str,
    pub again_span: &'static str,
    pub again_dead: &'static str,
    pub from: &'static str,
    pub to: &'static str,
    /// `{n}`.
    pub again_done: &'static str,
    pub select: &'static str,
    pub next_try: &'static str,
}

/// The words of an embedded timeline.
pub struct Embed {
    pub refused: &'static str,
    pub refused_text: &'static str,
    pub missing: &'static str,
    pub missing_text: &'static str,
    /// `{date}` is when the story last changed.
    pub as_of: &'static str,
}

impl Words {
    /// The words of a language by its code.
    pub fn of(code: &str) -> Option<&'static Words> {
        ALL.into_iter().find(|words| words.code == code)
    }

    /// A number's digits and signs as the language writes them.
    fn localised(&self, plain: &str) -> String {
        plain
            .chars()
            .map(|letter| match letter {
                '.' => self.decimal,
                digit => digit
                    .to_digit(10)
                    .and_then(|value| self.digits.get(value as usize).copied())
                    .unwrap_or(digit),
            })
            .collect()
    }

    /// A whole number, in groups of three digits from 1,000 on.
    pub fn number(&self, number: impl Borrow<u64>) -> String {
        let plain = number.borrow().to_string();
        let mut grouped = String::new();
        for (at, digit) in plain.chars().enumerate() {
            if at > 0 && (plain.len() - at) % 3 == 0 {
                grouped.push(self.thousands);
            }
            grouped.push_str(&self.localised(digit.encode_utf8(&mut [0; 4])));
        }
        grouped
    }

    /// A number with so many decimals.
    pub fn decimal(&self, number: f64, decimals: usize) -> String {
        // A mark keeps the minus on the left of its number in a line from right to left.
        let mark = if number < 0.0 { "\u{200e}" } else { "" };
        format!("{mark}{}", self.localised(&format!("{number:.decimals$}")))
    }

    /// A share of one as a percentage.
    pub fn percent(&self, share: f64) -> String {
        self.localised(&format!("{:.0}%", share * 100.0))
    }

    fn counted(&self, thing: &Counted, number: u64) -> String {
        let form = match (self.plural)(number) {
            Form::Zero => thing.zero,
            Form::One => thing.one,
            Form::Two => thing.two,
            Form::Few => thing.few,
            Form::Many => thing.many,
            Form::Other => thing.other,
        };
        form.replace("{}", &self.number(number))
    }

    /// `3 articles`.
    pub fn articles(&self, number: impl Borrow<u64>) -> String {
        self.counted(&self.articles_counted, *number.borrow())
    }

    /// `3 near-duplicates`.
    pub fn copies(&self, number: impl Borrow<u64>) -> String {
        self.counted(&self.copies_counted, *number.borrow())
    }

    /// `3 sources`.
    pub fn sources(&self, number: impl Borrow<u64>) -> String {
        match *number.borrow() {
            // Its articles name none.
            0 => self.no_source.to_owned(),
            number => self.counted(&self.sources_counted, number),
        }
    }

    /// `3 languages`.
    pub fn languages(&self, number: impl Borrow<u64>) -> String {
        self.counted(&self.languages_counted, *number.borrow())
    }

    /// `3 of them near-duplicates`.
    pub fn among_copies(&self, number: impl Borrow<u64>) -> String {
        self.counted(&self.among_copies_counted, *number.borrow())
    }

    /// `Show the 3 cuts in their places`.
    pub fn cuts(&self, number: impl Borrow<u64>) -> String {
        self.counted(&self.cuts_counted, *number.borrow())
    }

    /// `3 alerts`.
    pub fn alerts(&self, number: impl Borrow<u64>) -> String {
        self.counted(&self.alerts_counted, *number.borrow())
    }

    /// `3 held back`.
    pub fn held_back(&self, number: impl Borrow<u64>) -> String {
        self.counted(&self.held_back_counted, *number.borrow())
    }

    /// So many messages.
    pub fn messages(&self, number: impl Borrow<u64>) -> String {
        self.counted(&self.watching.messages_counted, *number.borrow())
    }

    /// Why an alert was held back.
    pub fn held_reason<'a>(&self, reason: &'a str) -> &'a str {
        named(self.watching.held_reasons, reason)
    }

    /// `3 messages given up`.
    pub fn watch_dead(&self, number: impl Borrow<u64>) -> String {
        self.counted(&self.watch_dead_counted, *number.borrow())
    }

    /// Tries in a row that a watch's receiver failed.
    pub fn watch_failing(&self, number: impl Borrow<u64>) -> String {
        self.counted(&self.watch_failing_counted, *number.borrow())
    }

    /// Whether a watch delivers; `url` is where to.
    pub fn watch_state<'a>(&self, state: &'a str, url: &Option<String>) -> &'a str {
        match (state, url) {
            ("active", None) => self.watch_posts_nowhere,
            (state, _) => named(self.watch_states, state),
        }
    }

    /// What a watch tells of; empty for what it does not know.
    pub fn watch_event(&self, event: &str) -> &'static str {
        let found = self.watch_events.iter().find(|(key, _)| *key == event);
        found.map_or("", |(_, name)| name)
    }

    /// What became of a message.
    pub fn message_state<'a>(&self, state: &'a str) -> &'a str {
        named(self.message_states, state)
    }

    /// The direction of a text in a language, which is not the interface's.
    pub fn direction_of(&self, lang: impl AsRef<str>) -> &'static str {
        direction(lang.as_ref())
    }

    /// A language's name; its code where there is none.
    pub fn language_name<'a>(&self, code: &'a str) -> &'a str
    where
        'static: 'a,
    {
        named(self.languages, code)
    }

    /// A story's state.
    pub fn state<'a>(&self, state: &'a str) -> &'a str {
        named(self.states, state)
    }

    /// What an editor decided, by kind.
    pub fn correction<'a>(&self, kind: &'a str) -> &'a str {
        named(self.corrections, kind)
    }

    /// How long a period of a timeline is.
    pub fn period<'a>(&self, period: &'a str) -> &'a str {
        named(self.periods, period)
    }

    /// What a list is sorted by.
    pub fn sort<'a>(&self, sort: &'a str) -> &'a str {
        named(self.sorts, sort)
    }

    /// Whether a pace rises or falls.
    pub fn trend(&self, trend: Trend) -> &'static str {
        let key = match trend {
            Trend::Rising => "rising",
            Trend::Steady => "steady",
            Trend::Falling => "falling",
        };
        named(self.trends, key)
    }

    /// A document's kind.
    pub fn document_kind<'a>(&self, kind: &'a str) -> &'a str {
        named(self.document_kinds, kind)
    }

    /// What a cut piece was taken for.
    pub fn cut(&self, kind: RemovedKind) -> &'static str {
        self.cuts
            .iter()
            .find(|(one, _)| *one == kind)
            .map_or("", |(_, name)| name)
    }

    /// A signal's name and what it means.
    pub fn signal(&self, key: &str) -> Option<&'static Meaning> {
        self.signal_names.iter().find(|signal| signal.key == key)
    }

    /// How far a date is known, in words.
    pub fn precision(&self, precision: Precision) -> &'static str {
        match precision {
            Precision::Minute => self.to_the_minute,
            Precision::Day => self.to_the_day,
            Precision::Month => self.to_the_month,
            Precision::Unknown => "",
        }
    }

    /// A date as far as it is known: `Sep 2023`, `20 Sep 2023`, `20 Sep 2023, 10:15`. What is not a
    /// date stays as it is.
    pub fn date(&self, value: impl AsRef<str>) -> String {
        let value = value.as_ref();
        let Some(dated) = Dated::from_value_text(value) else {
            return value.to_owned();
        };
        match dated.precision {
            Precision::Month => self.filled(self.month, dated.date()),
            Precision::Day => self.filled(self.day, dated.date()),
            Precision::Minute | Precision::Unknown => format!(
                "{}{}{}",
                self.filled(self.day, dated.date()),
                self.list_comma,
                self.localised(&dated.value.format("%H:%M").to_string())
            ),
        }
    }

    /// The day of a time.
    pub fn day(&self, value: impl AsRef<str>) -> String {
        match Dated::from_value_text(value.as_ref()) {
            Some(dated) if dated.precision != Precision::Month => self.filled(self.day, dated.date()),
            _ => self.date(value),
        }
    }

    /// A date with its precision, or that there is none.
    pub fn dated(&self, dated: Option<&DatedJson>) -> String {
        dated
            .and_then(|dated| dated.value.as_deref())
            .map_or_else(|| self.undated.to_owned(), |value| self.date(value))
    }

    fn filled(&self, pattern: &str, date: chrono::NaiveDate) -> String {
        let month = self.months.get(date.month0() as usize).copied().unwrap_or_default();
        pattern
            .replace("{day}", &self.localised(&date.day().to_string()))
            .replace("{month}", month)
            .replace("{year}", &self.localised(&date.year().to_string()))
    }
}

fn named<'a>(names: &'static [(&'static str, &'static str)], key: &'a str) -> &'a str {
    names.iter().find(|(one, _)| *one == key).map_or(key, |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(code: &str) -> &'static Words {
        Words::of(code).expect("a language of the interface")
    }

    #[test]
    fn plurals_are_right() {
        let en = words("en");
        assert_eq!(en.articles(1), "1 article");
        assert_eq!(en.articles(0), "0 articles");
        assert_eq!(en.sources(1234), "1,234 sources");
        let ar = words("ar");
        for (number, expected) in [
            (0, "لا مقالات"),
            (1, "مقالة واحدة"),
            (2, "مقالتان"),
            (3, "3 مقالات"),
            (10, "10 مقالات"),
            (11, "11 مقالة"),
            (99, "99 مقالة"),
            (100, "100 مقالة"),
            (102, "102 مقالة"),
            (103, "103 مقالات"),
            (1000, "1,000 مقالة"),
        ] {
            assert_eq!(ar.articles(number), expected);
        }
        assert_eq!(ar.sources(2), "مصدران");
        assert_eq!(ar.sources(14), "14 مصدرًا");
        assert_eq!(ar.sources(100), "100 مصدر");
    }

    #[test]
    fn dates_are_said_as_far_as_they_are_known() {
        let (en, ar) = (words("en"), words("ar"));
        assert_eq!(en.date("2023-09"), "Sep 2023");
        assert_eq!(en.date("2023-09-20"), "20 Sep 2023");
        assert_eq!(en.date("2023-09-20T10:15:00Z"), "20 Sep 2023, 10:15");
        assert_eq!(ar.date("2023-09-20T10:15:00Z"), "20 سبتمبر 2023، 10:15");
        assert_eq!(en.day("2023-09-20T10:15:00Z"), "20 Sep 2023");
        assert_eq!(en.date("some day"), "some day");
        let now = "2023-09-20T23:00:00Z".parse().expect("a time");
        assert_eq!(en.moment("2023-09-20T10:15:00Z", now), "10:15");
        assert_eq!(en.moment("2023-09-19T10:15:00Z", now), "19 Sep, 10:15");
        assert_eq!(en.moment("2023-09-20", now), "20 Sep");
        assert_eq!(en.moment("2022-09-20T10:15:00Z", now), "20 Sep 2022, 10:15");
        assert_eq!(ar.moment("2023-09-19T10:15:00Z", now), "19 سبتمبر، 10:15");
    }

    #[test]
    fn every_language_names_everything() {
        let model = ALL.first().expect("a language");
        let keys = |names: &[(&'static str, &'static str)]| names.iter().map(|(key, _)| *key).collect::<Vec<_>>();
        for words in ALL {
            assert_eq!(keys(words.languages), keys(model.languages), "{}", words.code);
            assert_eq!(keys(words.states), keys(model.states), "{}", words.code);
            assert_eq!(keys(words.corrections), keys(model.corrections), "{}", words.code);
            assert_eq!(keys(words.sorts), keys(model.sorts), "{}", words.code);
            assert_eq!(keys(words.trends), keys(model.trends), "{}", words.code);
            assert_eq!(keys(words.review_kinds), keys(model.review_kinds), "{}", words.code);
            assert_eq!(keys(words.watch_states), keys(model.watch_states), "{}", words.code);
            assert_eq!(keys(words.watch_events), keys(model.watch_events), "{}", words.code);
            assert_eq!(keys(words.message_states), keys(model.message_states), "{}", words.code);
            assert_eq!(keys(words.periods), keys(model.periods), "{}", words.code);
            assert_eq!(keys(words.search_modes), keys(model.search_modes), "{}", words.code);
            assert_eq!(keys(words.document_kinds), keys(model.document_kinds), "{}", words.code);
            let signals = |words: &Words| words.signal_names.iter().map(|one| one.key).collect::<Vec<_>>();
            assert_eq!(signals(words), signals(model), "{}", words.code);
            assert_eq!(keys(words.live.spans), keys(model.live.spans), "{}", words.code);
            let cuts = |words: &Words| words.cuts.iter().map(|(kind, _)| *kind).collect::<Vec<_>>();
            assert_eq!(cuts(words), cuts(model), "{}", words.code);
        }
    }
}
