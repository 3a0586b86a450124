//! The nouns that every stage shares: documents, articles, dates with a precision, stable ids.
//!
//! Pure values: nothing here reads a clock, a disk or the network, and nothing here knows of HTTP or SQL.

use std::fmt;

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Makes a newtype over `String` for an id, so that an article's id cannot be passed for a story's.
macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            /// The id as it is written in JSON, addresses and logs.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(value: &str) -> Self {
                Self(value.to_owned())
            }
        }

        impl From<String> for $name {
            fn from(value: String) -> Self {
                Self(value)
            }
        }
    };
}

id!(
    /// One published text. Given by the feeder, or made from the article's address or content.
    ArticleId
);
id!(
    /// One raw input as it came; made from its bytes.
    DocumentId
);
id!(
    /// One story; handed out once, never used again.
    StoryId
);

/// How much of a date is known. Ordered from the coarsest to the finest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// Nothing is known; only ever written for an event without a date.
    Unknown,
    /// The month is known: `2024-08`.
    Month,
    /// The day is known: `2023-09-20`.
    Day,
    /// The moment is known to the minute or better: `2023-09-20T10:15:00Z`.
    Minute,
}

/// A point in time, in UTC, with the precision to which it is known.
///
/// `value` is the start of the period: midnight for a day, the first of the month for a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Dated {
    /// The start of the period, UTC.
    pub value: DateTime<Utc>,
    /// How long the period is.
    pub precision: Precision,
}

impl Dated {
    /// A moment known to the minute or better.
    pub fn minute(value: DateTime<Utc>) -> Self {
        Self {
            value,
            precision: Precision::Minute,
        }
    }

    /// A calendar day.
    pub fn day(date: NaiveDate) -> Self {
        Self {
            value: date.and_time(chrono::NaiveTime::MIN).and_utc(),
            precision: Precision::Day,
        }
    }

    /// A month; `None` when there is no such month.
    pub fn month(year: i32, month: u32) -> Option<Self> {
        NaiveDate::from_ymd_opt(year, month, 1).map(|first| Self {
            precision: Precision::Month,
            ..Self::day(first)
        })
    }

    /// The calendar day (UTC) on which the period starts.
    pub fn date(&self) -> NaiveDate {
        self.value.date_naive()
    }

    /// The moment that stands for the period when two dates are compared: itself for a minute, noon for a day,
    /// the middle for a month. Seconds since 1970, UTC.
    pub fn midpoint(&self) -> i64 {
        let start = self.value.timestamp();
        match self.precision {
            Precision::Minute | Precision::Unknown => start,
            Precision::Day => start + 12 * 3600,
            Precision::Month => start + 15 * 24 * 3600,
        }
    }

    /// The value as text, only as far as it is known: `2023-09`, `2023-09-20` or `2023-09-20T10:15:00Z`.
    pub fn value_text(&self) -> String {
        match self.precision {
            Precision::Minute | Precision::Unknown => self.value.to_rfc3339_opts(SecondsFormat::Secs, true),
            Precision::Day => self.value.format("%Y-%m-%d").to_string(),
            Precision::Month => self.value.format("%Y-%m").to_string(),
        }
    }

    /// Reads what [`Dated::value_text`] wrote.
    pub fn from_value_text(text: &str) -> Option<Self> {
        match text.len() {
            7 => {
                let (year, month) = text.split_once('-')?;
                Self::month(year.parse().ok()?, month.parse().ok()?)
            }
            10 => text.parse::<NaiveDate>().ok().map(Self::day),
            _ => DateTime::parse_from_rfc3339(text)
                .ok()
                .map(|moment| Self::minute(moment.with_timezone(&Utc))),
        }
    }
}

/// How a date is written in JSON: `{"value":"2023-09-20","precision":"day"}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DatedJson {
    /// As far as it is known; null only with the precision `unknown`.
    pub value: Option<String>,
    /// How far that is.
    pub precision: Precision,
}

impl From<Dated> for DatedJson {
    fn from(dated: Dated) -> Self {
        Self {
            value: Some(dated.value_text()),
            precision: dated.precision,
        }
    }
}

impl Serialize for Dated {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        DatedJson::from(*self).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Dated {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = DatedJson::deserialize(deserializer)?;
        json.value
            .as_deref()
            .and_then(Dated::from_value_text)
            .filter(|dated| dated.precision == json.precision)
            .ok_or_else(|| serde::de::Error::custom("not a date with its precision"))
    }
}

/// What kind of page furniture was cut out of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RemovedKind {
    /// "Read also", "read more", "related": a teaser for another article.
    Teaser,
    /// A line that names the outlet or the agency.
    Source,
    /// A publication line: its date went to `published`.
    Published,
    /// A byline.
    Byline,
    /// A list of keywords or tags.
    Keywords,
    /// A prompt to share, subscribe or follow.
    Share,
    /// Copyright and terms.
    Copyright,
    /// Navigation, menus, advertising, captions and other parts of a page that are not the article.
    Navigation,
    /// The title repeated at the head of the text.
    Title,
}

/// One piece that was cut out of an article's document, so that an editor can check the cut.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Removed {
    /// What it was taken for.
    pub kind: RemovedKind,
    /// The name of the rule that cut it, such as `teaser.ar.read-more`.
    pub rule: String,
    /// The text that was cut, exactly as it stood.
    pub text: String,
    /// Where it started: Unicode code points from the start of the document's text
    /// (for JSON input, of the article's `text` field).
    pub offset: usize,
}

/// A value that came with an article but could not be used, with the reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SetAside {
    /// The field it was meant for, such as `published`.
    pub field: String,
    /// The value as it came.
    pub value: String,
    /// Why it was not used, for a person to read.
    pub reason: String,
}

/// What extraction makes of one published text, before the store has given it an identity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Draft {
    /// The id that the feeder gave, if any.
    pub id: Option<ArticleId>,
    /// The headline; never empty together with `text`.
    pub title: String,
    /// The body: paragraphs separated by one `\n`; without furniture, otherwise exactly as published.
    pub text: String,
    /// Publication date, when it is known.
    pub published: Option<Dated>,
    /// ISO 639-1 (639-3 where there is no shorter one) code, `und` when the text is too short to say.
    pub lang: String,
    /// The outlet.
    pub source: Option<String>,
    /// The news agency that the outlet names.
    pub agency: Option<String>,
    /// Keywords as the page lists them.
    pub keywords: Vec<String>,
    /// The article's own address.
    pub url: Option<String>,
    /// Pieces that were cut out, in the order of their place.
    pub removed: Vec<Removed>,
    /// Values that could not be used.
    pub set_aside: Vec<SetAside>,
}

impl Draft {
    /// The text that is embedded and matched: title, then body, without repeating the title when the body
    /// starts with it.
    pub fn full_text(&self) -> String {
        full_text(&self.title, &self.text)
    }
}

/// Title and body as one text; the title is not repeated when the body already starts with it.
pub fn full_text(title: &str, text: &str) -> String {
    if text.is_empty() || title.is_empty() || text.starts_with(title) {
        format!("{}{}", if text.starts_with(title) { "" } else { title }, text)
    } else {
        format!("{title}\n{text}")
    }
}

/// What a document's bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum DocumentKind {
    /// Text scraped from a page.
    Text,
    /// A page as HTML.
    Html,
    /// One article in our JSON fields.
    Json,
}

/// Raw input as it came, decoded to Unicode. One document can hold several articles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// What its text is.
    pub kind: DocumentKind,
    /// The decoded text: scraped text, HTML source, or one JSON object.
    pub text: String,
    /// Where it was found, if the feeder says so.
    pub url: Option<String>,
    /// When it was fetched, if the feeder says so. Never taken for a publication date.
    pub fetched_at: Option<DateTime<Utc>>,
}
