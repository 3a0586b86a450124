//! The tables: places and organisations by language, cue words, given names. Read once from the files beside this one.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use super::Kind;
use super::tokens::{Token, arabic_forms, tokens};
use crate::extract::fold::fold;

const TERRITORIES: &str = include_str!("territories.tsv");
const PLACES: &str = include_str!("places.tsv");
const ORGANISATIONS: &str = include_str!("organisations.tsv");
const CUES: &str = include_str!("cues.tsv");
const GIVEN: &str = include_str!("given.tsv");

/// All the tables.
pub(super) static BOOK: LazyLock<Book> = LazyLock::new(Book::read);

/// What a cue word tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Cue {
    Title,
    Organisation,
    Place,
    In,
    Plain,
    Careful,
    Link,
    Joiner,
}

/// A name of a table.
#[derive(Debug)]
pub(super) struct Entry {
    pub keys: Vec<String>,
    pub kind: Kind,
    pub id: &'static str,
    cap: bool,
}

/// The names of one language by their first word, the longest first.
type Names = HashMap<String, Vec<Entry>>;

pub(super) struct Book {
    names: HashMap<&'static str, Names>,
    cues: HashMap<Cue, HashMap<&'static str, HashSet<String>>>,
    given: HashSet<String>,
    /// Given names in Cyrillic as they are written, by their stem.
    nominatives: HashMap<String, String>,
    shown: HashMap<(&'static str, &'static str), &'static str>,
}

/// Rows of a table that is written by language: (id, language, names).
fn rows(table: &'static str) -> impl Iterator<Item = (&'static str, &'static str, Vec<&'static str>)> {
    let mut lines = table.lines().filter(|line| !line.starts_with('#'));
    let languages: Vec<&str> = lines.next().unwrap_or_default().split('\t').skip(1).collect();
    lines.flat_map(move |line| {
        let (id, cells) = line.split_once('\t').unwrap_or((line, ""));
        let languages = languages.clone();
        let cells: Vec<&str> = cells.split('\t').collect();
        languages.into_iter().enumerate().filter_map(move |(at, lang)| {
            let names: Vec<&str> = cells.get(at)?.split('|').filter(|name| !name.is_empty()).collect();
            Some((id, lang, names))
        })
    })
}

/// Rows of three columns, the last of them words.
fn words(table: &'static str) -> impl Iterator<Item = (Vec<&'static str>, Vec<&'static str>)> {
    let lines = table.lines().filter(|line| !line.starts_with('#')).skip(1);
    lines.filter_map(|line| {
        let (head, words) = line.rsplit_once('\t')?;
        Some((head.split('\t').collect(), words.split('|').collect()))
    })
}

impl Book {
    fn read() -> Self {
        let mut book = Self {
            names: HashMap::new(),
            cues: HashMap::new(),
            given: HashSet::new(),
            nominatives: HashMap::new(),
            shown: HashMap::new(),
        };
        for (table, kind) in [
            (TERRITORIES, Kind::Place),
            (PLACES, Kind::Place),
            (ORGANISATIONS, Kind::Organisation),
        ] {
            // An empty cell of a language in Latin script is written as in English.
            let mut english: HashMap<&str, &str> = HashMap::new();
            for (id, lang, names) in rows(table) {
                if lang == "en"
                    && let Some(name) = names.first()
                {
                    english.insert(id, name);
                }
            }
            for (id, lang, mut names) in rows(table) {
                if names.is_empty()
                    && !matches!(lang, "ar" | "fa" | "ru" | "uk")
                    && let Some(name) = english.get(id)
                {
                    names.push(name);
                }
                for name in names {
                    book.add(id, lang, name, kind);
                }
            }
        }
        for names in book.names.values_mut().flat_map(HashMap::values_mut) {
            names.sort_by_key(|entry| std::cmp::Reverse(entry.keys.len()));
        }
        for (head, words) in words(CUES) {
            let (Some(kind), Some(lang)) = (head.first().copied().and_then(cue), head.get(1).copied()) else {
                continue;
            };
            let keys = words.iter().flat_map(|word| cue_keys(word, lang));
            let of = book.cues.entry(kind).or_default();
            of.entry(lang).or_default().extend(keys);
        }
        for (_, names) in words(GIVEN) {
            for name in names {
                for token in tokens(name, "ru") {
                    book.nominatives
                        .entry(token.key.clone())
                        .or_insert_with(|| name.to_owned());
                    book.given.insert(token.key);
                }
                book.given.insert(fold(name).replace(' ', ""));
            }
        }
        book
    }

    fn add(&mut self, id: &'static str, lang: &'static str, name: &'static str, kind: Kind) {
        self.shown.entry((id, lang)).or_insert(name);
        let found = tokens(name, lang);
        let Some(first) = found.first() else { return };
        let entry = Entry {
            cap: first.cap,
            keys: found.iter().map(|token| token.key.clone()).collect(),
            kind,
            id,
        };
        let names = self.names.entry(lang).or_default();
        let same = names.entry(first.key.clone()).or_default();
        if !same.iter().any(|known| known.keys == entry.keys) {
            same.push(entry);
        }
    }

    /// Whether a folded word is a cue of this kind in a language.
    pub fn is(&self, kind: Cue, lang: &str, key: &str) -> bool {
        let of = |lang: &str| {
            let words = self.cues.get(&kind).and_then(|languages| languages.get(lang));
            words.is_some_and(|words| words.contains(key))
        };
        of(lang) || of("any")
    }

    /// Whether a word is a given name.
    pub fn is_given(&self, key: &str) -> bool {
        self.given.contains(key)
    }

    /// A given name in Cyrillic without its case, in small letters, by its stem.
    pub fn nominative(&self, key: &str) -> Option<&str> {
        self.nominatives.get(key).map(String::as_str)
    }

    /// The longest name of the tables that begins at a word of a cased text.
    pub fn at<'a>(&'a self, found: &[Token], at: usize, lang: &str) -> Option<&'a Entry> {
        let names = self.names.get(lang).or_else(|| self.names.get("en"))?;
        let first = found.get(at)?;
        let begin = |key: &str| {
            names.get(key)?.iter().find(|entry| {
                (first.cap || !entry.cap)
                    && entry.keys.iter().enumerate().skip(1).all(|(step, key)| {
                        found
                            .get(at + step)
                            .is_some_and(|token| token.joined && (token.key == *key || of_german(token, key, lang)))
                    })
            })
        };
        begin(&first.key).or_else(|| {
            // «Russlands», «Trumps»
            let bare = first
                .key
                .strip_suffix('s')
                .filter(|bare| lang == "de" && bare.len() > 3)?;
            begin(bare)
        })
    }

    /// The longest name of the tables that begins at a word of an Arabic or Persian text.
    pub fn at_arabic<'a>(&'a self, found: &[Token], at: usize, lang: &str) -> Option<&'a Entry> {
        let names = self.names.get(lang)?;
        let first = found.get(at)?;
        let entries = arabic_forms(&first.key).into_iter().filter_map(|form| {
            names.get(&form)?.iter().find(|entry| {
                let rest = entry.keys.iter().enumerate().skip(1);
                rest.into_iter().all(|(step, key)| {
                    found
                        .get(at + step)
                        .is_some_and(|token| token.joined && token.key == *key)
                })
            })
        });
        // Of equals the one with the fewest letters taken off.
        entries.reduce(|best, entry| {
            if entry.keys.len() > best.keys.len() {
                entry
            } else {
                best
            }
        })
    }

    /// A table's name by its id in a language.
    pub fn shown(&self, id: &str, lang: &str) -> Option<&'static str> {
        self.shown.get(&(id, lang)).copied()
    }
}

fn of_german(token: &Token, key: &str, lang: &str) -> bool {
    lang == "de" && token.key.strip_suffix('s') == Some(key)
}

fn cue(name: &str) -> Option<Cue> {
    Some(match name {
        "title" => Cue::Title,
        "organisation" => Cue::Organisation,
        "place" => Cue::Place,
        "in" => Cue::In,
        "plain" => Cue::Plain,
        "careful" => Cue::Careful,
        "link" => Cue::Link,
        "joiner" => Cue::Joiner,
        _ => return None,
    })
}

/// A cue is looked up word by word: of several the last one counts.
fn cue_keys(word: &str, lang: &str) -> Option<String> {
    tokens(word, lang).pop().map(|token| token.key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_tables_is_whole() {
        for (name, table) in [
            ("territories", TERRITORIES),
            ("places", PLACES),
            ("organisations", ORGANISATIONS),
        ] {
            let mut lines = table.lines().filter(|line| !line.starts_with('#'));
            let columns = lines.next().expect("a heading").split('\t').count();
            for line in lines {
                assert_eq!(line.split('\t').count(), columns, "{name}: {line}");
            }
        }
        for line in CUES.lines().filter(|line| !line.starts_with('#')).skip(1) {
            let kind = line.split('\t').next().expect("a kind");
            assert!(cue(kind).is_some() && line.split('\t').count() == 3, "{line}");
        }
    }

    #[test]
    fn a_place_has_one_id_in_all_languages() {
        for (text, lang) in [
            ("Kursk", "en"),
            ("Курской области", "ru"),
            ("Koursk", "fr"),
            ("Kursks", "de"),
        ] {
            let found = tokens(text, lang);
            assert_eq!(BOOK.at(&found, 0, lang).map(|entry| entry.id), Some("kursk"), "{text}");
        }
        let found = tokens("وفي كورسك وللسودان", "ar");
        assert_eq!(BOOK.at_arabic(&found, 1, "ar").map(|entry| entry.id), Some("kursk"));
        assert_eq!(BOOK.at_arabic(&found, 2, "ar").map(|entry| entry.id), Some("SD"));
        assert_eq!(BOOK.shown("SD", "es"), Some("Sudán"));
    }
}
