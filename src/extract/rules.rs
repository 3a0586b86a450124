//! What HTML and JSON extraction need from the stages beside them: furniture, dates, language.

use serde::Deserialize;

use crate::article::{Dated, Document, Draft, Removed};

/// A text after the furniture was cut, and what the furniture said.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Cut {
    /// The text without furniture.
    pub text: String,
    /// The pieces, in the order of their place in the text before.
    pub removed: Vec<Removed>,
    /// The outlet that a source line names.
    pub source: Option<String>,
    /// The news agency that a source line names.
    pub agency: Option<String>,
    /// The words of a keyword line.
    pub keywords: Vec<String>,
    /// What a publication line says, uninterpreted.
    pub published: Option<String>,
}

/// The stages beside HTML and JSON extraction, as they are used there.
pub trait Rules: Send + Sync {
    /// Finds the articles of a scraped text, in its order.
    ///
    /// # Errors
    /// Why there is none.
    fn articles(&self, document: &Document) -> Result<Vec<Draft>, String>;

    /// Cuts the furniture of one article.
    fn cut(&self, title: &str, text: &str) -> Cut;

    /// Reads a publication date.
    ///
    /// # Errors
    /// Why it cannot be one: unreadable, in the future, before the press.
    fn date(&self, text: &str) -> Result<Dated, String>;

    /// The language of a text, `und` when it is too short to say.
    fn language(&self, text: &str) -> String;

    /// How long the fields of an article may be.
    fn fields(&self) -> Fields;

    /// Code points of a text at most.
    fn max_chars(&self) -> usize;
}

/// The section `[extract.fields]` of the configuration: code points of an article's fields at most.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fields {
    /// Of an id.
    pub id: usize,
    /// Of a title.
    pub title: usize,
    /// Of a source, an agency, a language or a date.
    pub name: usize,
    /// Of an address.
    pub url: usize,
    /// Of a keyword.
    pub keyword: usize,
    /// Keywords of an article.
    pub keywords: usize,
}

/// A declared language (`ar-EG`, `en_GB`) as its code alone; `None` when it is none.
pub(super) fn language_code(declared: &str) -> Option<String> {
    let code = declared.trim().split(['-', '_']).next()?.to_ascii_lowercase();
    let plausible = (2..=3).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_lowercase());
    (plausible && code != "und").then_some(code)
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;

    /// Rules simple enough to be seen through: `#` begins a cut line, dates are `YYYY-MM-DD…` up to 2026.
    pub struct Plain;

    impl Rules for Plain {
        fn articles(&self, document: &Document) -> Result<Vec<Draft>, String> {
            let parts = document.text.split("===").map(|part| Draft {
                text: part.trim().to_owned(),
                ..Draft::default()
            });
            Ok(parts.collect())
        }

        fn cut(&self, _title: &str, text: &str) -> Cut {
            let kept: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
            Cut {
                text: kept.join("\n"),
                ..Cut::default()
            }
        }

        fn date(&self, text: &str) -> Result<Dated, String> {
            let day = text
                .get(..10)
                .and_then(|day| day.parse::<chrono::NaiveDate>().ok())
                .ok_or("it is no date")?;
            match chrono::Datelike::year(&day) {
                ..1800 => Err("it is before the press".to_owned()),
                2027.. => Err("it is in the future".to_owned()),
                _ => Ok(Dated::day(day)),
            }
        }

        fn language(&self, text: &str) -> String {
            if text.chars().count() < 20 {
                "und"
            } else if text.is_ascii() {
                "en"
            } else {
                "ar"
            }
            .to_owned()
        }

        fn max_chars(&self) -> usize {
            10_000
        }

        fn fields(&self) -> Fields {
            Fields {
                id: 20,
                title: 100,
                name: 50,
                url: 100,
                keyword: 20,
                keywords: 5,
            }
        }
    }
}
