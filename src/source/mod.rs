//! Where documents come from: files, folders, standard input; plain or gzip; in any encoding that pages use.
//!
//! In: paths, bytes. Out: decoded [`Document`]s and single JSON objects, one at a time, each with its place
//! ("news.jsonl line 17"), or the reason why one was refused. It never looks for articles inside them, and one bad
//! file or line never stops the rest. Entry points: [`read`] for paths, [`decode`] and [`gunzip_limited`] for bodies.

use std::fmt;

use serde::Deserialize;

use crate::article::Document;

mod encoding;
mod files;
mod gzip;
mod lines;
mod values;

pub use encoding::decode;
pub use files::{Reader, read};
pub use gzip::gunzip_limited;
pub(crate) use gzip::maybe_gunzip;
pub(crate) use lines::{Line, next as next_line};
pub use values::json_values;
pub(crate) use values::kind;

/// The section `[source]` of the configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Bytes of one document, one line of JSON Lines, or one object of a JSON array.
    pub max_document_bytes: usize,
    /// Bytes of one `.json` file, which is held in memory as a whole.
    pub max_json_bytes: usize,
    /// Bytes of one file after decompression.
    pub max_file_bytes: u64,
}

/// One thing to extract articles from.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Where it was found, for people: `news.jsonl line 17`.
    pub place: String,
    /// What was found.
    pub content: Content,
}

/// What an [`Item`] is.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// Scraped text or HTML.
    Document(Document),
    /// One article in our JSON fields.
    Json(serde_json::Value),
}

/// One input that cannot be used; the others go on.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Rejected {
    /// Where it was found.
    pub place: String,
    /// Why it cannot be used, and what to do about it.
    pub reason: String,
    /// Its beginning, as far as it can be shown.
    pub excerpt: String,
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.reason)?;
        if self.excerpt.is_empty() {
            Ok(())
        } else {
            write!(f, " (it begins {:?})", self.excerpt)
        }
    }
}

/// A file in a folder that is none of ours: not an error, but said.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Skipped {
    /// The file.
    pub place: String,
    /// Why it was left alone.
    pub reason: String,
}

/// Why bytes cannot be turned into a document.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The disk, or standard input, failed.
    #[error("it cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// Larger than one document may be.
    #[error("it is larger than {limit} bytes, the most that one {what} may have; see [source] in config/default.toml")]
    TooLarge {
        /// What is limited.
        what: &'static str,
        /// The limit in bytes.
        limit: u64,
    },
    /// Nothing but white space.
    #[error("it is empty")]
    Empty,
    /// A format that holds no text for us.
    #[error("this is {0}, not text; convert it to text, HTML or JSON first")]
    Binary(&'static str),
    /// Text in no encoding that we could establish.
    #[error("its encoding cannot be established: {0}; convert it to UTF-8 or declare its charset")]
    Encoding(String),
    /// JSON must be UTF-8.
    #[error("invalid UTF-8 at byte {position}; JSON must be UTF-8 throughout")]
    InvalidUtf8 {
        /// Bytes before the first invalid one, from 0.
        position: usize,
    },
    /// The gzip stream is damaged.
    #[error("the gzip data is damaged or cut short: {0}")]
    Gzip(std::io::Error),
    /// Not JSON.
    #[error("invalid JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// JSON, but no articles.
    #[error("expected a JSON object, an array of objects, or {{\"articles\": […]}}, got {0}")]
    NotArticles(&'static str),
    /// A file whose name says nothing that we know.
    #[error("the extension is none of .txt, .html, .htm, .json, .jsonl, .ndjson, nor one of these with .gz")]
    UnknownExtension,
}

/// The first characters of raw input, fit to be shown on one line.
pub fn excerpt(bytes: &[u8]) -> String {
    const SHOWN: usize = 60;
    let head = bytes.get(..SHOWN * 4).unwrap_or(bytes);
    String::from_utf8_lossy(head)
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(SHOWN)
        .collect::<String>()
        .trim()
        .trim_end_matches(char::REPLACEMENT_CHARACTER)
        .to_owned()
}

#[cfg(test)]
pub(crate) fn test_settings() -> Settings {
    Settings {
        max_document_bytes: 1000,
        max_json_bytes: 20_000,
        max_file_bytes: 1_000_000,
    }
}
