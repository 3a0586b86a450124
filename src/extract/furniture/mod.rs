//! Furniture: what stands on a page beside the article. Finds it line by line with the table in [`rules`], and cuts it.
//!
//! In: a text's lines. Out: what each line is, which piece of it is the article's, and what was cut, with its place.
//! Never changes a word of what stays. When in doubt a line stays: a teaser left in is a blemish, a sentence cut out is
//! a loss.

pub mod inline;
pub mod names;
pub mod navigation;
pub mod openers;
pub mod phrases;
pub mod rules;
pub mod seam;
#[cfg(test)]
mod tests;

use serde::Deserialize;

use crate::article::{Removed, RemovedKind};
use crate::extract::fold::fold;
pub use inline::behind_teaser_phrase;
pub use phrases::is_agency;
use phrases::{Match, at_start};
use rules::{Place, Rule, UPDATED};

/// The section `[extract.furniture]` of the configuration. All are counts of words but the last two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// A longer line is no label (keywords excepted), whatever it starts with.
    pub label: usize,
    /// A line with the dates of publication and edit, at most.
    pub date_label: usize,
    /// A keyword on a line of its own, at most.
    pub keyword: usize,
    /// A share prompt on a line of its own, at most.
    pub prompt: usize,
    /// A share prompt that names a network, a channel or a newsletter, at most.
    pub long_prompt: usize,
    /// A line of a copyright notice, at most.
    pub notice: usize,
    /// A line with a copyright sign inside it that is all notice, at most.
    pub signed: usize,
    /// A headline, at most.
    pub title: usize,
    /// A headline that begins like a label has at least so many words behind it.
    pub label_title: usize,
    /// A paragraph, at least.
    pub paragraph: usize,
    /// A sentence glued to furniture, at least.
    pub glued: usize,
    /// A sentence glued to a teaser's headline, at least.
    pub glued_teaser: usize,
    /// A line above the text that names the outlet or a section of it, at most.
    pub masthead: usize,
    /// A date line without a label, at most.
    pub date: usize,
    /// Bylines and dates without a label stand within so many lines below the headline.
    pub head_lines: usize,
    /// The end of a teaser, a prompt or a label is sought within so many code points behind its phrase.
    pub reach: usize,
}

/// Signs that end a sentence.
const ENDS: [char; 7] = ['.', '!', '?', '؟', '…', '。', '۔'];
/// Keywords have so many words at most, on the average.
const KEYWORD_WORDS: usize = 4;
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
    /// A heading such as "Read also:" or "Tags", with nothing behind it.
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
pub fn is_title(line: &str, limits: &Settings) -> bool {
    let words = words_up_to(line, limits.title + 1);
    (1..=limits.title).contains(&words) && !line.ends_with(['.', ':', '؛', ';', ',', '،', '。'])
}

/// Whether a line is a paragraph: some words and the end of a sentence, or more words than a headline has.
pub fn is_paragraph(line: &str, limits: &Settings) -> bool {
    let words = words_up_to(line, limits.title + 1);
    words > limits.title || words >= limits.paragraph && ends_sentence(line)
}

/// Whether a text ends with the end of a sentence, in quotation marks or brackets perhaps.
pub fn ends_sentence(text: &str) -> bool {
    let mut last = text.chars().rev().take(CLOSING_CHARS);
    last.find(|c| !CLOSING.contains(c)).is_some_and(|c| ENDS.contains(&c))
}

/// The lines of a line that begins with labels to which the next text was glued: "Source: ReutersThe talks go on."
pub fn unglue<'a>(line: Line<'a>, limits: &Settings) -> Vec<Line<'a>> {
    let mut cursor = Cursor::new(line);
    let mut pieces = Vec::new();
    let mut start = 0;
    while let Some(length) = line.text.get(start..).and_then(|text| glued_label(text, limits)) {
        pieces.extend(cursor.piece(start, start + length));
        start += length;
    }
    pieces.extend(cursor.piece(start, line.text.len()));
    pieces
}

/// Bytes of the label that a text begins with, when a sentence is glued to it.
fn glued_label(text: &str, limits: &Settings) -> Option<usize> {
    at_start(text)
        .into_iter()
        .filter(|found| found.phrase.rule.place == Place::Label)
        .find_map(|found| {
            let least = match found.phrase.rule.kind {
                // Names among keywords have capitals inside, and no sentence behind them.
                RemovedKind::Keywords => limits.paragraph,
                _ => limits.glued,
            };
            let follows = |tail: &str| words_up_to(tail, least) >= least && ends_sentence(tail);
            let near = near(found.rest, limits);
            let seam = seam::find(found.rest, near, &follows).or_else(|| {
                // "Source: EFE. The ships wait outside."
                let end = seam::sentence_end(found.rest, near)?;
                let (head, tail) = found.rest.split_at_checked(end)?;
                let name = head.trim_start_matches([' ', ':', '：']).trim_end_matches('.');
                (found.phrase.rule.kind == RemovedKind::Source && is_agency(name) && follows(tail)).then_some(end)
            })?;
            let value = Match {
                rest: found.rest.get(..seam)?,
                ..found
            };
            label(value).map(|_| text.len() - found.rest.len() + seam)
        })
}

/// Says what a line is.
pub fn classify<'a>(line: Line<'a>, limits: &Settings) -> Found<'a> {
    let words = words_up_to(line.text, limits.notice + 1);
    let fitting = at_start(line.text)
        .into_iter()
        .find_map(|found| whole_line(line.text, words, found, limits));
    if let Some(found) = fitting {
        return found;
    }
    if let Some(found) = signed(line, limits) {
        return found;
    }
    if words <= limits.notice
        && !is_quote(line.text)
        && let Some(rule) = notice(line.text)
    {
        return Found::Furniture(rule);
    }
    inline::pieces(line, limits)
}

/// What a line is that starts with a phrase, unless it is a teaser with its headline.
fn whole_line<'a>(line: &'a str, words: usize, found: Match<'a>, limits: &Settings) -> Option<Found<'a>> {
    let rule = found.phrase.rule;
    match rule.place {
        Place::Label if rule.kind == RemovedKind::Keywords && is_bare(found.rest) => Some(Found::Heading(rule)),
        Place::Label if words <= most_words(rule, limits) => label(found),
        Place::Line if words <= limits.prompt => {
            inline::is_prompt_line(line, found, limits).then_some(Found::Furniture(rule))
        }
        Place::Within if words <= limits.notice && rule.lang == "any" => {
            dated_notice(line, found.rest, limits).then_some(Found::Furniture(rule))
        }
        Place::Teaser => is_bare(found.rest).then_some(Found::Heading(rule)),
        _ => None,
    }
}

/// Whether "copyright" begins a notice: the word alone is also a subject of news. A notice carries a year, a sentence has
/// it elsewhere than right behind the word.
fn dated_notice(line: &str, rest: &str, limits: &Settings) -> bool {
    let first = rest
        .split(|c: char| !c.is_alphanumeric())
        .find(|word| word.chars().count() > 1);
    let dated = first.is_some_and(|word| word.chars().all(char::is_numeric));
    dated || !is_paragraph(line, limits) && rest.chars().any(char::is_numeric)
}

/// Words of a line that is a label of this kind, at most.
fn most_words(rule: &Rule, limits: &Settings) -> usize {
    match rule.kind {
        RemovedKind::Keywords => usize::MAX,
        RemovedKind::Published => limits.date_label,
        _ => limits.label,
    }
}

/// The byte up to which the end of a piece of furniture is sought in `text`.
fn near(text: &str, limits: &Settings) -> usize {
    text.char_indices().nth(limits.reach).map_or(text.len(), |(at, _)| at)
}

/// Whether nothing follows a heading but signs.
fn is_bare(rest: &str) -> bool {
    rest.trim_matches([' ', ':', '：', '.', '…', '-', '–', '|', '»', '>', '!', ']', ')'])
        .is_empty()
}

/// Words of a text; counting stops at `limit`, and a text too long for so many words has them.
pub fn words_up_to(text: &str, limit: usize) -> usize {
    match text.char_indices().nth(limit * phrases::WORD_CHARS) {
        Some(_) => limit,
        None => text.split_whitespace().take(limit).count(),
    }
}

/// Whether a label's date is that of an edit.
pub fn is_update(rule: &Rule) -> bool {
    rule.name == UPDATED
}

/// The entries of a keyword line, each once; a line without separators is one entry, since where one ends cannot be
/// known.
pub fn keywords(value: &str) -> Vec<String> {
    let mut entries: Vec<String> = Vec::new();
    for entry in value.split(['،', ',', ';', '؛', '|', '#', '•', '·', '、', '\t']) {
        let entry = entry.trim_matches(|c: char| c.is_whitespace() || is_mark(c) || matches!(c, '.' | '"' | '«' | '»'));
        // A hashtag has its words joined.
        let entry = entry.replace('_', " ");
        if !entry.is_empty() && !entries.contains(&entry) {
            entries.push(entry);
        }
    }
    entries
}

/// Marks of direction and byte order, which nobody sees.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Whether a line is hashtags and nothing else.
pub fn only_hashtags(line: &str) -> bool {
    let mut tags = line.split_whitespace().map(|word| word.trim_start_matches(is_mark));
    line.contains('#')
        && tags.all(|tag| {
            tag.strip_prefix('#')
                .is_some_and(|tag| tag.starts_with(char::is_alphabetic))
        })
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
        RemovedKind::Keywords => marked && !is_enumeration(value),
        RemovedKind::Published => {
            value.chars().any(char::is_numeric) && !value.ends_with('.') || marked && !value.is_empty()
        }
        RemovedKind::Byline => {
            let several = found.phrase.words > 1;
            (1..=6).contains(&words) && (marked || several || is_name(value)) && !value.ends_with(ENDS)
        }
        RemovedKind::Navigation => (1..=8).contains(&words) && (marked || value.chars().any(char::is_numeric)),
        _ => marked && (1..=8).contains(&words),
    };
    let value = match rule.kind {
        RemovedKind::Published => before_update(value),
        _ => value,
    };
    fits.then_some(Found::Label(rule, value))
}

/// Whether what stands behind "Topics:" is a sentence: it ends like one, and its parts are longer than keywords are.
fn is_enumeration(value: &str) -> bool {
    let parts = keywords(value).len().max(1);
    ends_sentence(value) && value.split_whitespace().count() > KEYWORD_WORDS * parts
}

/// "12 March 2024, updated 13 March 2024" up to what is said of the edit.
fn before_update(value: &str) -> &str {
    value
        .match_indices([',', '،', '|', '-', '–', '(', ';', '·', '•'])
        .find(|(at, sign)| {
            let tail = value.get(at + sign.len()..).unwrap_or_default();
            at_start(tail).iter().any(|found| is_update(found.phrase.rule))
        })
        .and_then(|(at, _)| value.get(..at))
        .unwrap_or(value)
        .trim_end()
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
fn signed<'a>(line: Line<'a>, limits: &Settings) -> Option<Found<'a>> {
    let at = line.text.find('©')?;
    let rule = phrases::notices().find(|phrase| phrase.words == 0)?.rule;
    let (head, tail) = (line.text.get(..at)?.trim(), line.text.get(at..)?);
    if words_up_to(tail, limits.notice + 1) > limits.notice {
        return None;
    }
    if ends_sentence(head) && is_paragraph(head, limits) {
        let mut cursor = Cursor::new(line);
        let head = cursor.piece(0, at)?;
        let tail = cursor.piece(at, line.text.len())?;
        let (kept, mut cut) = match inline::pieces(head, limits) {
            Found::Teasers { kept, cut } => (kept, cut),
            _ => (vec![head], Vec::new()),
        };
        cut.push((tail, rule));
        return Some(Found::Teasers { kept, cut });
    }
    (head.is_empty() || words_up_to(line.text, limits.signed + 1) <= limits.signed).then_some(Found::Furniture(rule))
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
