//! Teasers and share prompts within a line: where they start, where they end, and what of the line stays.
//!
//! In: a line. Out: [`Found::Teasers`], or [`Found::Prose`] when nothing of it goes. A piece ends at the seam where the
//! next text was glued to it, at the end of its sentence, or with the line.

use crate::extract::furniture::phrases::{Match, at_start, goes_on, has_network, names_channel, only_networks};
use crate::extract::furniture::rules::Place;
use crate::extract::furniture::seam;
use crate::extract::furniture::{
    Cursor, Found, Line, Settings, ends_sentence, is_bare, is_paragraph, is_title, near, words_up_to,
};

/// What follows the longest teaser phrase at the start of a line, with its row.
pub fn behind_teaser_phrase(line: &str) -> Option<Match<'_>> {
    at_start(line)
        .into_iter()
        .find(|found| found.phrase.rule.place == Place::Teaser)
}

/// Finds teasers and prompts at the start of the line, behind the end of a sentence and behind a seam.
pub(super) fn pieces<'a>(line: Line<'a>, limits: &Settings) -> Found<'a> {
    let mut kept = Vec::new();
    let mut cut = Vec::new();
    let mut cursor = Cursor::new(line);
    let mut start = 0;
    for at in seam::sentence_starts(line.text) {
        if at < start {
            continue;
        }
        let Some(tail) = line.text.get(at..) else { continue };
        let ended = at_start(tail).into_iter().find_map(|found| {
            let length = match found.phrase.rule.place {
                Place::Teaser => teaser_end(tail, found, limits),
                Place::Line => prompt_end(tail, found, limits),
                _ => None,
            };
            length.map(|length| (length, found.phrase.rule))
        });
        let Some((length, rule)) = ended else { continue };
        kept.extend(cursor.piece(start, at));
        if let Some(piece) = cursor.piece(at, at + length) {
            cut.push((piece, rule));
        }
        start = at + length;
    }
    if cut.is_empty() {
        return Found::Prose;
    }
    kept.extend(cursor.piece(start, line.text.len()));
    Found::Teasers { kept, cut }
}

/// Where the teaser that begins `tail` ends: at the seam, at the end of its headline, or with a line that is all
/// headline. `None` when it is no teaser but a sentence.
fn teaser_end(tail: &str, found: Match<'_>, limits: &Settings) -> Option<usize> {
    let headline = found.rest.trim_start();
    let marked = headline.starts_with([':', '：', '|', '>', '-', '–', '—', '«', '"']);
    let headline = headline.trim_start_matches([':', '：', '|', '>', ' ', '-', '–', '—']);
    // "…, he said on Monday. Read more"
    if found.phrase.words > 1 && is_bare(found.rest) {
        return Some(tail.len());
    }
    let first = headline.chars().next()?;
    // "Read more books" goes on in lower case, a headline does not; "Related Companies" is a name.
    if !marked && (first.is_lowercase() || found.phrase.words == 1) {
        return None;
    }
    let before = tail.len() - headline.len();
    let near = near(headline, limits);
    let follows = |text: &str| {
        is_paragraph(text, limits)
            || words_up_to(text, limits.glued_teaser) >= limits.glued_teaser && ends_sentence(text)
    };
    if let Some(seam) = seam::find(headline, near, &follows) {
        return Some(before + seam);
    }
    // "Read more: Storm closes ports. The talks went on." A headline of two sentences has no stop at its end.
    if let Some(end) = seam::sentence_end(headline, near)
        && is_sentence(headline.get(end..)?, limits)
    {
        return (marked || is_title(headline.get(..end)?, limits)).then_some(before + end);
    }
    // A headline has no stop at its end. What has one may hold a sentence of the article, most easily in Arabic, where a
    // seam is seldom to be seen.
    let longest = if has_case(headline, near) {
        limits.label
    } else {
        limits.paragraph.saturating_sub(1)
    };
    if ends_sentence(headline) && words_up_to(headline, longest + 1) > longest {
        return None;
    }
    let short = words_up_to(headline, limits.title + 1) <= limits.title;
    (short && (is_title(headline, limits) || marked)).then_some(tail.len())
}

/// Whether the line is a share prompt and nothing else: a word alone or with the names of networks; a longer phrase also
/// with few words behind it that are no sentence.
pub(super) fn is_prompt_line(line: &str, found: Match<'_>, limits: &Settings) -> bool {
    let rest = found.rest;
    match found.phrase.words {
        // Russian law has every advertisement carry a token.
        1 => is_bare(rest) || only_networks(rest) || rest.contains("erid"),
        _ if glued(rest, limits).is_some() || seam::sentence_end(rest, rest.len()).is_some() => false,
        _ => goes_on(rest) && has_network(rest) || words_up_to(rest, 5) <= 4 && !line.ends_with('.'),
    }
}

/// Where the prompt that begins `tail` ends. Behind a seam nobody says "Follow us on WhatsApp" but the page; where there
/// is none the prompt must be a sentence that names a network, a channel or a newsletter, and says nothing more.
fn prompt_end(tail: &str, found: Match<'_>, limits: &Settings) -> Option<usize> {
    if found.phrase.words < 2 {
        return None;
    }
    let before = tail.len() - found.rest.len();
    let seam = glued(found.rest, limits);
    let stop = seam::sentence_end(found.rest, near(found.rest, limits));
    let (end, is_glued) = match (seam, stop) {
        (Some(seam), stop) if stop.is_none_or(|stop| seam <= stop) => (seam, true),
        (_, Some(stop)) => (stop, false),
        _ => (found.rest.len(), false),
    };
    let rest = found.rest.get(..end)?;
    let names = has_network(rest) || names_channel(tail.get(..before + end)?);
    let fits = words_up_to(rest, limits.long_prompt + 1) <= limits.long_prompt
        && (names && (is_glued || goes_on(rest)) || is_glued && words_up_to(rest, 5) <= 4);
    fits.then_some(before + end)
}

/// Where the next text starts that was glued to a prompt.
fn glued(rest: &str, limits: &Settings) -> Option<usize> {
    seam::find(rest, near(rest, limits), &|text| {
        words_up_to(text, limits.glued) >= limits.glued
    })
}

/// Whether a text is a sentence, however short.
fn is_sentence(text: &str, limits: &Settings) -> bool {
    words_up_to(text, limits.glued) >= limits.glued && ends_sentence(text)
}

/// Whether a text is in a script with capitals, judged by its first `near` bytes.
fn has_case(text: &str, near: usize) -> bool {
    text.get(..near)
        .is_some_and(|head| head.chars().any(|c| c.is_lowercase() || c.is_uppercase()))
}
