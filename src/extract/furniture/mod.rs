//! Furniture: what stands on a page beside the article. Finds it line by line with the table in [`rules`], and cuts it.
//!
//! In: a text's lines. Out: what each line is, which piece of it is the article's, and what was cut, with its place.
//! Never changes a word of what stays. When in doubt a line stays: a teaser left in is a blemish, a sentence cut out is
//! a loss.

pub mod names;
pub mod phrases;
pub mod rules;
pub mod seam;
#[cfg(test)]
mod tests;

use crate::article::{Removed, RemovedKind};
use crate::extract::fold::fold;
pub use phrases::is_agency;
use phrases::{Match, at_start, has_network, only_networks};
use rules::{Place, Rule, UPDATED};

/// A line with more words than this is prose, whatever it starts with.
const LABEL_WORDS: usize = 14;
/// A share prompt has at most this many words.
const PROMPT_WORDS: usize = 9;
/// A line of a copyright notice has at most this many words.
const NOTICE_WORDS: usize = 40;
/// A line with a copyright sign inside it has at most this many words when all of it is the notice.
const SIGNED_WORDS: usize = 14;
/// A headline is sought for this many code points behind a teaser phrase.
const HEADLINE_CHARS: usize = 400;
/// A headline has at most this many words.
const TITLE_WORDS: usize = 32;
/// A paragraph has at least this many words.
const PARAGRAPH_WORDS: usize = 8;
/// Signs that end a sentence.
const ENDS: [char; 7] = ['.', '!', '?', '؟', '…', '。', '۔'];
/// Signs that close what a sentence stands in.
const CLOSING: [char; 8] = ['"', '»', '”', '“', '\'', '’', ')', ' '];
/// So many closing signs at most are looked behind for the end of a sentence.
const CLOSING_CHARS: usize = 8;

/// One line of a text, trimmed, with its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    /// The line without white space around it; never empty.
    pub text: &'a str,
    /// Code points before it in the text.
    pub offset: usize,
}

/// What a line is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found<'a> {
    /// The article's own.
    Prose,
    /// A heading such as "Read also:", with nothing behind it.
    Heading(&'static Rule),
    /// One or more teasers among prose: what stays, and what is cut.
    Teasers {
        /// Pieces that stay, in order.
        kept: Vec<Line<'a>>,
        /// Pieces that go, with the rule.
        cut: Vec<(Line<'a>, &'static Rule)>,
    },
    /// A label with its value: source, keywords, publication.
    Label(&'static Rule, &'a str),
    /// A line that goes as a whole.
    Furniture(&'static Rule),
}

/// The lines of a text that are not blank.
pub fn lines(text: &str) -> Vec<Line<'_>> {
    let mut offset = 0;
    let mut lines = Vec::new();
    for raw in text.split('\n') {
        let trimmed = raw.trim_start_matches(is_blank).trim_end_matches(is_blank);
        let start = raw.len() - raw.trim_start_matches(is_blank).len();
        if !trimmed.is_empty() {
            lines.push(Line {
                text: trimmed,
                offset: offset + raw.get(..start).map_or(0, |blank| blank.chars().count()),
            });
        }
        offset += raw.chars().count() + 1;
    }
    lines
}

/// White space, and the byte order mark that some files begin with.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || c == '\u{feff}'
}

/// Keeps a piece as removed.
pub fn removed(line: Line<'_>, kind: RemovedKind, rule: &str) -> Removed {
    Removed {
        kind,
        rule: rule.to_owned(),
        text: line.text.to_owned(),
        offset: line.offset,
    }
}

/// Whether a line can be a headline: short, and not ending like a sentence.
pub fn is_title(line: &str) -> bool {
    let words = words_up_to(line, TITLE_WORDS + 1);
    (1..=TITLE_WORDS).contains(&words) && !line.ends_with(['.', ':', '؛', ';', ',', '،', '。'])
}

/// Whether a line is a paragraph: some words, and the end of a sentence.
pub fn is_paragraph(line: &str) -> bool {
    let words = words_up_to(line, TITLE_WORDS + 1);
    words > TITLE_WORDS || words >= PARAGRAPH_WORDS && ends_sentence(line)
}

/// Whether a text ends with the end of a sentence, in quotation marks or brackets perhaps.
fn ends_sentence(text: &str) -> bool {
    let mut last = text.chars().rev().take(CLOSING_CHARS);
    last.find(|c| !CLOSING.contains(c)).is_some_and(|c| ENDS.contains(&c))
}

/// Says what a line is.
pub fn classify(line: Line<'_>) -> Found<'_> {
    let words = words_up_to(line.text, NOTICE_WORDS + 1);
    let fitting = at_start(line.text)
        .into_iter()
        .find_map(|found| whole_line(line.text, words, found));
    if let Some(found) = fitting {
        return found;
    }
    if let Some(found) = signed(line) {
        return found;
    }
    if words <= NOTICE_WORDS
        && !is_quote(line.text)
        && let Some(rule) = notice(line.text)
    {
        return Found::Furniture(rule);
    }
    teasers(line)
}

/// What a line is that starts with a phrase, unless it is a teaser with its headline.
fn whole_line<'a>(line: &'a str, words: usize, found: Match<'a>) -> Option<Found<'a>> {
    let rule = found.phrase.rule;
    match rule.place {
        Place::Label if words <= LABEL_WORDS || rule.kind == RemovedKind::Keywords => label(found),
        Place::Line if words <= PROMPT_WORDS => prompt(line, found).then_some(Found::Furniture(rule)),
        Place::Within if words <= NOTICE_WORDS && rule.lang == "any" => {
            // The word alone is also a subject of news; a notice carries a year.
            found
                .rest
                .chars()
                .any(char::is_numeric)
                .then_some(Found::Furniture(rule))
        }
        Place::Teaser => is_bare(found.rest).then_some(Found::Heading(rule)),
        _ => None,
    }
}

/// Whether nothing follows a heading but signs.
fn is_bare(rest: &str) -> bool {
    rest.trim_matches([' ', ':', '：', '.', '…', '-', '–', '|', '»', '>', '!', ']', ')'])
        .is_empty()
}

/// Words of a text; counting stops at `limit`, and a text too long for so many words has them.
fn words_up_to(text: &str, limit: usize) -> usize {
    match text.char_indices().nth(limit * phrases::WORD_CHARS) {
        Some(_) => limit,
        None => text.split_whitespace().take(limit).count(),
    }
}

/// Whether a label's date is that of an edit.
pub fn is_update(rule: &Rule) -> bool {
    rule.name == UPDATED
}

/// The entries of a keyword line; a line without separators is one entry, since where one ends cannot be known.
pub fn keywords(value: &str) -> Vec<String> {
    value
        .split(['،', ',', ';', '؛', '|', '#', '•', '·', '\u{2022}'])
        .map(|entry| entry.trim().trim_end_matches('.'))
        .filter(|entry| !entry.is_empty())
        .map(str::to_owned)
        .collect()
}

fn is_quote(line: &str) -> bool {
    line.starts_with(['"', '«', '“', '„', '\'', '—'])
}

/// `Source: Reuters` → `Reuters`. A phrase of several words may stand without a colon, in a short line; a single word
/// is a label only with one.
fn label(found: Match<'_>) -> Option<Found<'_>> {
    let rule = found.phrase.rule;
    let rest = found.rest;
    let value = rest.trim_start();
    let (value, marked) = match value.strip_prefix([':', '：', '|']) {
        Some(value) => (value, true),
        None => (value, false),
    };
    let value = value.trim();
    let words = value.split_whitespace().count();
    let fits = match rule.kind {
        RemovedKind::Keywords => marked,
        RemovedKind::Published => {
            value.chars().any(|c| c.is_numeric()) && words <= LABEL_WORDS && !value.ends_with('.')
                || marked && words <= LABEL_WORDS && !value.is_empty()
        }
        RemovedKind::Byline => (1..=6).contains(&words) && (marked || is_name(value)) && !value.ends_with(ENDS),
        _ => marked && (1..=8).contains(&words),
    };
    fits.then_some(Found::Label(rule, value))
}

/// Names are written with capitals; in scripts without them a label needs its colon.
fn is_name(value: &str) -> bool {
    let words: Vec<&str> = value.split_whitespace().collect();
    words.len() >= 2
        && words.iter().all(|word| {
            word.chars()
                .next()
                .is_some_and(|c| c.is_uppercase() || matches!(c, '&'))
                || ["and", "et", "y", "und", "de", "von", "van"].contains(word)
        })
}

/// A share prompt: a word alone or with the names of networks; a longer phrase also with few words behind it that are
/// no sentence.
fn prompt(line: &str, found: Match<'_>) -> bool {
    match found.phrase.words {
        1 => is_bare(found.rest) || only_networks(found.rest),
        _ => has_network(found.rest) || words_up_to(found.rest, 5) <= 4 && !line.ends_with('.'),
    }
}

/// The notice that a line starts or ends with.
fn notice(line: &str) -> Option<&'static Rule> {
    let folded = fold(line);
    let stands = |phrase: &str| {
        let before = folded
            .strip_suffix(phrase)
            .is_some_and(|head| head.is_empty() || head.ends_with(' '));
        before
            || folded
                .strip_prefix(phrase)
                .is_some_and(|tail| tail.is_empty() || tail.starts_with(' '))
    };
    phrases::notices()
        .filter(|phrase| phrase.words > 1)
        .find(|phrase| stands(&phrase.folded))
        .map(|phrase| phrase.rule)
}

/// A line with a copyright sign: all of it when it is short, else what stands behind the last sentence.
fn signed(line: Line<'_>) -> Option<Found<'_>> {
    let at = line.text.find('©')?;
    let rule = phrases::notices().find(|phrase| phrase.words == 0)?.rule;
    let (head, tail) = (line.text.get(..at)?.trim(), line.text.get(at..)?);
    if words_up_to(tail, NOTICE_WORDS + 1) > NOTICE_WORDS {
        return None;
    }
    if ends_sentence(head) && is_paragraph(head) {
        let mut cursor = Cursor::new(line);
        let head = cursor.piece(0, at)?;
        let tail = cursor.piece(at, line.text.len())?;
        let (kept, mut cut) = match teasers(head) {
            Found::Teasers { kept, cut } => (kept, cut),
            _ => (vec![head], Vec::new()),
        };
        cut.push((tail, rule));
        return Some(Found::Teasers { kept, cut });
    }
    (head.is_empty() || words_up_to(line.text, SIGNED_WORDS + 1) <= SIGNED_WORDS).then_some(Found::Furniture(rule))
}

/// What follows the longest teaser phrase at the start of a line, with its row.
pub fn behind_teaser_phrase(line: &str) -> Option<Match<'_>> {
    at_start(line)
        .into_iter()
        .find(|found| found.phrase.rule.place == Place::Teaser)
}

/// Finds teasers at the start of the line, or behind the end of a sentence in it.
fn teasers(line: Line<'_>) -> Found<'_> {
    let mut kept = Vec::new();
    let mut cut = Vec::new();
    let mut cursor = Cursor::new(line);
    let mut start = 0;
    for at in seam::sentence_starts(line.text) {
        if at < start {
            continue;
        }
        let Some(tail) = line.text.get(at..) else { continue };
        let Some(found) = behind_teaser_phrase(tail) else {
            continue;
        };
        let Some(length) = teaser_end(tail, found) else {
            continue;
        };
        kept.extend(cursor.piece(start, at));
        if let Some(piece) = cursor.piece(at, at + length) {
            cut.push((piece, found.phrase.rule));
        }
        start = at + length;
    }
    if cut.is_empty() {
        return Found::Prose;
    }
    kept.extend(cursor.piece(start, line.text.len()));
    Found::Teasers { kept, cut }
}

/// Cuts pieces out of a line from left to right, and counts the code points before each.
struct Cursor<'a> {
    line: Line<'a>,
    byte: usize,
    chars: usize,
}

impl<'a> Cursor<'a> {
    fn new(line: Line<'a>) -> Self {
        Self {
            line,
            byte: 0,
            chars: 0,
        }
    }

    /// The trimmed piece with its place; `None` when it is blank.
    fn piece(&mut self, from: usize, to: usize) -> Option<Line<'a>> {
        let raw = self.line.text.get(from..to)?;
        let text = raw.trim();
        let start = from + raw.len() - raw.trim_start().len();
        self.chars += self.line.text.get(self.byte..start)?.chars().count();
        self.byte = start;
        (!text.is_empty()).then_some(Line {
            text,
            offset: self.line.offset + self.chars,
        })
    }
}

/// Where the teaser that begins `tail` ends: at the seam, or with a line that is all headline. `None` when it is no
/// teaser but a sentence.
fn teaser_end(tail: &str, found: Match<'_>) -> Option<usize> {
    let headline = found.rest.trim_start();
    let marked = headline.starts_with([':', '：', '|', '>', '-', '–', '—', '«', '"']);
    let headline = headline.trim_start_matches([':', '：', '|', '>', ' ', '-', '–', '—']);
    let first = headline.chars().next()?;
    // "Read more books" goes on in lower case, a headline does not; "Related Companies" is a name.
    if !marked && (first.is_lowercase() || found.phrase.words == 1) {
        return None;
    }
    let near = headline
        .char_indices()
        .nth(HEADLINE_CHARS)
        .map_or(headline.len(), |(at, _)| at);
    if let Some(seam) = seam::find(headline, near) {
        return Some(tail.len() - headline.len() + seam);
    }
    if words_up_to(headline, TITLE_WORDS + 1) <= TITLE_WORDS && (is_title(headline) || marked) {
        return Some(tail.len());
    }
    None
}
