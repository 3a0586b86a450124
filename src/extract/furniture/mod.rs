//! Furniture: what stands on a page beside the article. Finds it line by line with the table in [`rules`], and cuts it.
//!
//! In: a text's lines. Out: what each line is, which piece of it is the article's, and what was cut, with its place.
//! Never changes a word of what stays. When in doubt a line stays: a teaser left in is a blemish, a sentence cut out is
//! a loss.

pub mod rules;
pub mod seam;
#[cfg(test)]
mod tests;

use crate::article::{Removed, RemovedKind};
use crate::extract::fold::fold;
use rules::{AGENCIES, Place, RULES, Rule, UPDATED};

/// A line with more words than this is prose, whatever it starts with.
const LABEL_WORDS: usize = 14;
/// A share prompt has at most this many words.
const PROMPT_WORDS: usize = 9;
/// A line of a copyright notice has at most this many words.
const NOTICE_WORDS: usize = 40;
/// A headline has at most this many words.
const TITLE_WORDS: usize = 32;
/// A paragraph has at least this many words.
const PARAGRAPH_WORDS: usize = 8;
/// Signs that end a sentence.
const ENDS: [char; 7] = ['.', '!', '?', '؟', '…', '。', '۔'];

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
        let start = raw.len() - raw.trim_start().len();
        let trimmed = raw.trim();
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
    let words = line.split_whitespace().count();
    (1..=TITLE_WORDS).contains(&words) && !line.ends_with(['.', ':', '؛', ';', ',', '،', '。'])
}

/// Whether a line is a paragraph: some words, and the end of a sentence.
pub fn is_paragraph(line: &str) -> bool {
    let closed = line.trim_end_matches(['"', '»', '”', '“', '\'', ')', ' ']);
    line.split_whitespace().count() >= PARAGRAPH_WORDS
        && (closed.ends_with(ENDS) || line.split_whitespace().count() > TITLE_WORDS)
}

/// Says what a line is.
pub fn classify(line: Line<'_>) -> Found<'_> {
    let words = line.text.split_whitespace().count();
    let mut best: Option<(usize, Found<'_>)> = None;
    for rule in RULES {
        for phrase in rule.phrases {
            let found = match rule.place {
                Place::Label if words <= LABEL_WORDS || rule.kind == RemovedKind::Keywords => {
                    label(line.text, phrase, rule)
                }
                Place::Line if words <= PROMPT_WORDS => prompt(line.text, phrase).then_some(Found::Furniture(rule)),
                Place::Within if words <= NOTICE_WORDS && !is_quote(line.text) => {
                    notice(line.text, phrase).then_some(Found::Furniture(rule))
                }
                Place::Teaser => heading(line.text, phrase).then_some(Found::Heading(rule)),
                _ => None,
            };
            if let Some(found) = found
                && best.as_ref().is_none_or(|(length, _)| phrase.len() > *length)
            {
                best = Some((phrase.len(), found));
            }
        }
    }
    match best {
        Some((_, found)) => found,
        None => teasers(line),
    }
}

/// Whether a label's date is that of an edit.
pub fn is_update(rule: &Rule) -> bool {
    rule.name == UPDATED
}

/// Whether a source line names a news agency.
pub fn is_agency(name: &str) -> bool {
    let name = fold(name);
    AGENCIES.iter().any(|agency| fold(agency) == name)
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
fn label<'a>(line: &'a str, phrase: &str, rule: &'static Rule) -> Option<Found<'a>> {
    let rest = strip_phrase(line, phrase)?;
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

/// A share prompt: the phrase alone, or with few words behind it that are no sentence.
fn prompt(line: &str, phrase: &str) -> bool {
    let Some(rest) = strip_phrase(line, phrase) else {
        return false;
    };
    let words = rest.split_whitespace().count();
    let single = phrase.split_whitespace().count() == 1;
    let networks = [
        "facebook",
        "twitter",
        "whatsapp",
        "telegram",
        "instagram",
        "youtube",
        "فيسبوك",
        "تويتر",
        "واتساب",
        "تلغرام",
        "تيليجرام",
        "إنستغرام",
        "يوتيوب",
        "google",
        "вконтакте",
        "rss",
        "email",
        "x",
    ];
    let folded = fold(rest);
    let network = folded
        .split(' ')
        .any(|word| networks.iter().any(|name| fold(name) == word));
    match single {
        true => words == 0 || network && words <= 6,
        false => words <= 6 && (network || words <= 4) && !line.ends_with('.') || network,
    }
}

fn notice(line: &str, phrase: &str) -> bool {
    if phrase == "©" {
        return line.contains('©');
    }
    if phrase == "copyright" {
        // The word alone is also a subject of news; a notice carries a year.
        return strip_phrase(line, phrase).is_some_and(|rest| rest.chars().any(|c| c.is_numeric()));
    }
    format!(" {} ", fold(line)).contains(&format!(" {} ", fold(phrase)))
}

fn heading(line: &str, phrase: &str) -> bool {
    strip_phrase(line, phrase).is_some_and(|rest| {
        rest.trim_matches([' ', ':', '：', '.', '…', '-', '–', '|', '»', '>', '!'])
            .is_empty()
    })
}

/// What follows `phrase` at the start of `line`, compared folded; `None` when the line does not start with it or the
/// phrase ends within a word.
pub fn strip_phrase<'a>(line: &'a str, phrase: &str) -> Option<&'a str> {
    let wanted = fold(phrase);
    let count = wanted.split(' ').count();
    let start = line.find(|c: char| c.is_alphanumeric()).filter(|start| {
        line.get(..*start)
            .is_some_and(|head| head.chars().all(|c| " -–•*>»[(".contains(c)))
    })?;
    let mut end = start;
    let mut words = 0;
    let mut inside = false;
    for (at, c) in line.get(start..)?.char_indices() {
        let letter = c.is_alphanumeric()
            || unicode_normalization::char::is_combining_mark(c)
            || c == '\u{0640}'
            || c == '\u{200c}';
        if inside && !letter {
            words += 1;
            if words == count {
                break;
            }
        }
        inside = letter;
        end = start + at + c.len_utf8();
    }
    let head = line.get(start..end)?;
    // "don't" folds to two words.
    (fold(head) == wanted || fold(head.trim_end()) == wanted)
        .then(|| line.get(end..))
        .flatten()
}

/// Finds teasers at the start of the line, or behind the end of a sentence in it.
fn teasers(line: Line<'_>) -> Found<'_> {
    let mut kept = Vec::new();
    let mut cut = Vec::new();
    let mut start = 0;
    while let Some((from, to, rule)) = next_teaser(line.text, start) {
        push(&mut kept, line, start, from);
        if let Some(piece) = piece(line, from, to) {
            cut.push((piece, rule));
        }
        start = to;
    }
    if cut.is_empty() {
        return Found::Prose;
    }
    push(&mut kept, line, start, line.text.len());
    Found::Teasers { kept, cut }
}

fn push<'a>(kept: &mut Vec<Line<'a>>, line: Line<'a>, from: usize, to: usize) {
    kept.extend(piece(line, from, to));
}

/// A trimmed piece of a line, with its own place.
fn piece(line: Line<'_>, from: usize, to: usize) -> Option<Line<'_>> {
    let raw = line.text.get(from..to)?;
    let text = raw.trim();
    let blank = raw.len() - raw.trim_start().len();
    let before = line.text.get(..from + blank)?.chars().count();
    (!text.is_empty()).then_some(Line {
        text,
        offset: line.offset + before,
    })
}

/// The next teaser at or behind `start`: from its phrase to the seam, or to the end of a line that is all headline.
fn next_teaser(line: &str, start: usize) -> Option<(usize, usize, &'static Rule)> {
    for at in seam::sentence_starts(line, start) {
        let tail = line.get(at..)?;
        let mut found: Option<(usize, &'static Rule)> = None;
        for rule in RULES.iter().filter(|rule| rule.place == Place::Teaser) {
            for phrase in rule.phrases {
                if let Some(rest) = strip_phrase(tail, phrase)
                    && found.is_none_or(|(length, _)| tail.len() - rest.len() > length)
                {
                    found = Some((tail.len() - rest.len(), rule));
                }
            }
        }
        let Some((length, rule)) = found else { continue };
        if let Some(end) = teaser_end(tail, length) {
            return Some((at, at + end, rule));
        }
    }
    None
}

/// Where a teaser that begins `tail` with a phrase of `phrase` bytes ends; `None` when it is no teaser but a sentence.
fn teaser_end(tail: &str, phrase: usize) -> Option<usize> {
    let rest = tail.get(phrase..)?;
    let headline = rest.trim_start();
    let marked = headline.starts_with([':', '：', '|', '>', '-', '–', '—', '«', '"']);
    let headline = headline.trim_start_matches([':', '：', '|', '>', ' ', '-', '–', '—']);
    let first = headline.chars().next()?;
    // "Read more books" goes on in lower case; a headline does not.
    if !marked && first.is_lowercase() {
        return None;
    }
    if let Some(seam) = seam::find(headline) {
        return Some(tail.len() - headline.len() + seam);
    }
    if headline.split_whitespace().count() <= TITLE_WORDS && (is_title(headline) || marked) {
        return Some(tail.len());
    }
    None
}
