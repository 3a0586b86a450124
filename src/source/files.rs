//! Paths into items: folders in sorted order, each file by its extension, standard input by its first bytes.

use std::collections::VecDeque;
use std::fs;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::gzip::{Limited, maybe_gunzip};
use super::lines::{self, Line};
use super::values::weight;
use super::{Content, Item, Rejected, Settings, Skipped, SourceError, decode, excerpt, json_values};
use crate::article::{Document, DocumentKind};

/// Reads all paths, one after the other; `-` is standard input. Nothing is opened before it is asked for.
pub fn read(paths: &[PathBuf], settings: &Settings) -> Reader {
    Reader {
        settings: settings.clone(),
        waiting: paths.iter().map(|path| (path.clone(), true)).collect(),
        lines: None,
        ready: VecDeque::new(),
        skipped: Vec::new(),
    }
}

/// The iterator that [`read`] gives.
pub struct Reader {
    settings: Settings,
    /// Paths not yet opened; `true` for one that the user named.
    waiting: VecDeque<(PathBuf, bool)>,
    lines: Option<Lines>,
    ready: VecDeque<Result<Item, Rejected>>,
    skipped: Vec<Skipped>,
}

/// A JSON Lines file that is being read.
struct Lines {
    name: String,
    number: usize,
    reader: Box<dyn BufRead + Send>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Text,
    Html,
    Json,
    Lines,
}

impl Reader {
    /// Files left alone so far, with the reason.
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    fn open(&mut self, path: &Path, named: bool) {
        let name = path.display().to_string();
        if let Err(error) = self.try_open(path, &name, named) {
            self.reject(name, &error, &[]);
        }
    }

    fn try_open(&mut self, path: &Path, name: &str, named: bool) -> Result<(), SourceError> {
        if path.as_os_str() == "-" {
            return self.open_standard_input();
        }
        if path.is_dir() {
            return self.open_folder(path);
        }
        let format = match format_of(path) {
            Some(format) if named || !is_companion(path) => format,
            Some(_) => return self.skip(name, "its name says that it holds labels or notes, not articles"),
            None if named => return Err(SourceError::UnknownExtension),
            None => return self.skip(name, &SourceError::UnknownExtension.to_string()),
        };
        let file = BufReader::with_capacity(1 << 16, fs::File::open(path)?);
        let limited = Limited::new(maybe_gunzip(file)?, self.settings.max_file_bytes);
        self.take_in(name, format, Box::new(BufReader::with_capacity(1 << 16, limited)))
    }

    fn skip(&mut self, place: &str, reason: &str) -> Result<(), SourceError> {
        self.skipped.push(Skipped {
            place: place.to_owned(),
            reason: reason.to_owned(),
        });
        Ok(())
    }

    fn open_folder(&mut self, path: &Path) -> Result<(), SourceError> {
        let mut inside = Vec::new();
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            let hidden = entry.file_name().to_string_lossy().starts_with('.');
            // A link to a folder could lead back up for ever.
            let looped = entry.file_type()?.is_symlink() && entry.path().is_dir();
            if !hidden && !looped {
                inside.push(entry.path());
            }
        }
        inside.sort();
        for path in inside.into_iter().rev() {
            self.waiting.push_front((path, false));
        }
        Ok(())
    }

    fn open_standard_input(&mut self) -> Result<(), SourceError> {
        let raw = BufReader::with_capacity(1 << 16, io::stdin());
        let limited = Limited::new(maybe_gunzip(raw)?, self.settings.max_file_bytes);
        self.sniff("standard input", Box::new(BufReader::with_capacity(1 << 16, limited)))
    }

    /// Finds out what an unnamed stream is by its beginning.
    fn sniff(&mut self, name: &str, mut reader: Box<dyn BufRead + Send>) -> Result<(), SourceError> {
        let mut head = Vec::new();
        let mut blank = true;
        // The first line that is not blank decides.
        while blank {
            let limit = self.settings.max_json_bytes.max(self.settings.max_document_bytes) as u64;
            let before = head.len();
            reader
                .by_ref()
                .take(limit.saturating_add(1))
                .read_until(b'\n', &mut head)?;
            blank = head.len() > before && head.trim_ascii().is_empty() && head.len() < 1 << 16;
        }
        let start = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&head).trim_ascii();
        let format = match start.first() {
            Some(b'[') => Format::Json,
            Some(b'{') if serde_json::from_slice::<serde::de::IgnoredAny>(start).is_ok() => Format::Lines,
            Some(b'{') => Format::Json,
            Some(b'<') => Format::Html,
            _ => Format::Text,
        };
        self.take_in(name, format, Box::new(BufReader::new(Cursor::new(head).chain(reader))))
    }

    fn take_in(&mut self, name: &str, format: Format, reader: Box<dyn BufRead + Send>) -> Result<(), SourceError> {
        match format {
            Format::Lines => {
                self.lines = Some(Lines {
                    name: name.to_owned(),
                    number: 0,
                    reader,
                });
                Ok(())
            }
            Format::Json => {
                let bytes = read_whole(reader, self.settings.max_json_bytes, "JSON file")?;
                match json_values(&bytes) {
                    Ok(values) => self.take_values(name, "article", values),
                    Err(error) => self.reject(name.to_owned(), &error, &bytes),
                }
                Ok(())
            }
            Format::Text | Format::Html => {
                let bytes = read_whole(reader, self.settings.max_document_bytes, "document")?;
                self.ready
                    .push_back(document(&bytes, None, format == Format::Html).map_or_else(
                        |error| Err(rejected(name.to_owned(), &error, &bytes)),
                        |document| {
                            Ok(Item {
                                place: name.to_owned(),
                                content: Content::Document(document),
                            })
                        },
                    ));
                Ok(())
            }
        }
    }

    fn take_values(&mut self, name: &str, word: &str, values: Vec<Value>) {
        let several = values.len() != 1;
        for (number, value) in (1..).zip(values) {
            let place = if several {
                format!("{name} {word} {number}")
            } else {
                name.to_owned()
            };
            if weight(&value) > self.settings.max_document_bytes {
                let limit = self.settings.max_document_bytes as u64;
                self.reject(place, &SourceError::TooLarge { what: "article", limit }, &[]);
            } else {
                self.ready.push_back(Ok(Item {
                    place,
                    content: Content::Json(value),
                }));
            }
        }
    }

    fn take_line(&mut self, mut lines: Lines) {
        lines.number += 1;
        let place = format!("{} line {}", lines.name, lines.number);
        let limit = self.settings.max_document_bytes;
        match lines::next(&mut lines.reader, limit) {
            Ok(None) => return,
            Ok(Some(Line::Whole(line))) => {
                if !line.trim_ascii().is_empty() {
                    match json_values(&line) {
                        Ok(values) => self.take_values(&place, "article", values),
                        Err(error) => self.reject(place, &error, &line),
                    }
                }
            }
            Ok(Some(Line::TooLong(head))) => {
                self.reject(
                    place,
                    &SourceError::TooLarge {
                        what: "line",
                        limit: limit as u64,
                    },
                    &head,
                );
            }
            Err(error) => {
                // A damaged stream has no next line.
                self.reject(place, &SourceError::Io(error), &[]);
                return;
            }
        }
        self.lines = Some(lines);
    }

    fn reject(&mut self, place: String, error: &SourceError, bytes: &[u8]) {
        self.ready.push_back(Err(rejected(place, error, bytes)));
    }
}

impl Iterator for Reader {
    type Item = Result<Item, Rejected>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(item) = self.ready.pop_front() {
                return Some(item);
            }
            if let Some(lines) = self.lines.take() {
                self.take_line(lines);
            } else {
                let (path, named) = self.waiting.pop_front()?;
                self.open(&path, named);
            }
        }
    }
}

/// Decodes one text or page; `declared` is the charset that came with it.
///
/// # Errors
/// As [`decode`]; [`SourceError::Empty`] when there is nothing in it.
pub(super) fn document(bytes: &[u8], declared: Option<&str>, html: bool) -> Result<Document, SourceError> {
    let text = decode(bytes, declared, html)?;
    if text.trim().is_empty() {
        return Err(SourceError::Empty);
    }
    let kind = if html { DocumentKind::Html } else { DocumentKind::Text };
    Ok(Document {
        kind,
        text,
        url: None,
        fetched_at: None,
    })
}

fn rejected(place: String, error: &SourceError, bytes: &[u8]) -> Rejected {
    let shown = if matches!(error, SourceError::Binary(_)) {
        &[]
    } else {
        bytes
    };
    Rejected {
        place,
        reason: error.to_string(),
        excerpt: excerpt(shown),
    }
}

fn read_whole(reader: impl Read, limit: usize, what: &'static str) -> Result<Vec<u8>, SourceError> {
    let mut bytes = Vec::new();
    let limit = limit as u64;
    reader.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        Err(SourceError::TooLarge { what, limit })
    } else {
        Ok(bytes)
    }
}

fn format_of(path: &Path) -> Option<Format> {
    let name = path.file_name()?.to_str()?.to_ascii_lowercase();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    match name.rsplit_once('.')?.1 {
        "txt" => Some(Format::Text),
        "html" | "htm" => Some(Format::Html),
        "json" => Some(Format::Json),
        "jsonl" | "ndjson" => Some(Format::Lines),
        _ => None,
    }
}

/// Files that lie beside a collection and are no articles.
fn is_companion(path: &Path) -> bool {
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().to_lowercase())
        .unwrap_or_default();
    [
        "readme",
        "license",
        "licence",
        "label",
        "changelog",
        "notice",
        "requirements",
    ]
    .iter()
    .any(|word| name.starts_with(word))
        || name.split(['.', '-', '_']).any(|part| part == "labels")
}

#[cfg(test)]
#[path = "files_tests.rs"]
mod tests;
