//! Extract: what is the article, and what is the page around it.
//!
//! In: a [`Document`] or one JSON object. Out: [`Draft`]s, with everything that was cut out of them and where it stood.
//! Entry point: [`NewsRules`], through [`crate::pipeline::prepare::submissions`]. Never touches the network, the disk or
//! a clock; never changes a word of what stays; never gives one article's date or source to another.

pub mod dates;
pub mod fold;
pub mod furniture;
pub mod html;
pub mod json;
pub mod language;
pub mod neardup;
pub mod rules;
pub mod scraped;
#[cfg(test)]
mod tests;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Deserialize;

use crate::article::{Dated, Document, Draft, SetAside, full_text};
use dates::Bounds;
use rules::{Cut, Fields, Rules};
use scraped::Part;

/// Words with more letters than this count as words beside a date: not "GMT", "at", "г.".
const SHORT_LETTERS: usize = 3;
/// So many words at most stand beside the date on a line that is nothing but a date: a weekday, "by Moscow time".
const BESIDE_DATE: usize = 3;

/// The section `[extract]` of the configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// A publication date before this day is set aside.
    pub earliest: NaiveDate,
    /// Code points of a text, at most; a longer one is refused.
    pub max_chars: usize,
    /// How long an article's other fields may be.
    pub fields: rules::Fields,
    /// Furniture.
    pub furniture: furniture::Settings,
    /// Near-duplicates.
    pub near_duplicate: neardup::Settings,
}

/// The rules for news pages: furniture, dates and language together.
#[derive(Debug, Clone)]
pub struct NewsRules {
    bounds: Bounds,
    max_chars: usize,
    fields: rules::Fields,
    furniture: furniture::Settings,
}

impl NewsRules {
    /// Rules for what arrives at `now`; a publication date later than that is no date.
    pub fn new(settings: &Settings, now: DateTime<Utc>) -> Self {
        Self {
            bounds: Bounds {
                now,
                earliest: settings.earliest,
            },
            max_chars: settings.max_chars,
            fields: settings.fields,
            furniture: settings.furniture,
        }
    }

    /// Whether a line is a date, with its time and zone perhaps, and nothing else.
    fn is_date(&self, line: &str) -> bool {
        let mut rest = line.to_owned();
        for mention in dates::find(line, None).iter().rev() {
            let tail = line.get(mention.end..).unwrap_or_default().trim_start();
            // "12 March 2024: what we know"
            if tail.starts_with([':', '：']) && tail.chars().skip(1).any(char::is_alphabetic) {
                return false;
            }
            rest.replace_range(mention.start..mention.end, " ");
        }
        let long = |word: &&str| word.chars().filter(|c| c.is_alphabetic()).count() > SHORT_LETTERS;
        rest.split_whitespace().filter(long).count() <= BESIDE_DATE && dates::parse(line, &self.bounds).is_ok()
    }

    fn draft(&self, part: Part, document: &Document, only: bool) -> Draft {
        let text = part.body.join("\n");
        let mut set_aside = Vec::new();
        let published = part.published.and_then(|value| match self.date(&value) {
            Ok(date) => Some(date),
            Err(reason) => {
                set_aside.push(SetAside {
                    field: "published".to_owned(),
                    value,
                    reason,
                });
                None
            }
        });
        Draft {
            id: None,
            lang: language::detect(&full_text(&part.title, &text)),
            title: part.title,
            text,
            published,
            source: part.source,
            agency: part.agency,
            keywords: part.keywords,
            // The address is the page's: it is the article's only when the page holds one.
            url: document.url.clone().filter(|_| only),
            removed: part.removed,
            set_aside,
        }
    }
}

impl Rules for NewsRules {
    fn articles(&self, document: &Document) -> Result<Vec<Draft>, String> {
        let count = document.text.chars().count();
        if count > self.max_chars {
            return Err(format!(
                "the text has {count} characters, more than extract.max_chars = {}; split it, or raise the limit",
                self.max_chars
            ));
        }
        if document.text.trim().is_empty() {
            return Err("the text is empty".to_owned());
        }
        let parts = scraped::parts(&document.text, None, true, &|line| self.is_date(line), &self.furniture);
        let told = |part: &Part| !part.body.is_empty() || !part.title.is_empty();
        let only = parts.iter().filter(|part| told(part)).count() == 1;
        let first = !parts.is_empty();
        let drafts: Vec<Draft> = parts
            .into_iter()
            .filter(told)
            .enumerate()
            .map(|(order, part)| self.draft(part, document, only || (first && order == 0)))
            .collect();
        if drafts.is_empty() {
            return Err("there is no article in this text, only page furniture".to_owned());
        }
        Ok(drafts)
    }

    fn cut(&self, title: &str, text: &str) -> Cut {
        let mut parts =
            scraped::parts(text, Some(title), false, &|line| self.is_date(line), &self.furniture).into_iter();
        let part = parts.next().unwrap_or_default();
        Cut {
            text: part.body.join("\n"),
            removed: part.removed,
            source: part.source,
            agency: part.agency,
            keywords: part.keywords,
            published: part.published,
        }
    }

    fn date(&self, text: &str) -> Result<Dated, String> {
        dates::parse(text, &self.bounds).map_err(|error| error.to_string())
    }

    fn language(&self, text: &str) -> String {
        language::detect(text)
    }

    fn fields(&self) -> Fields {
        self.fields
    }

    fn max_chars(&self) -> usize {
        self.max_chars
    }
}
