//! The table's phrases, folded once, and the search for them at the start of a text.
//!
//! In: a line or the tail of one. Out: the phrases of the table that it starts with, and what follows them. A look-up
//! reads only the first words, however long the text is.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::LazyLock;

use crate::extract::fold::fold;
use crate::extract::furniture::names::{AGENCIES, CHANNELS, JOINED_NAMES, NETWORK_JOINERS, NETWORKS, PURPOSE_WORDS};
use crate::extract::furniture::navigation::NAVIGATION;
use crate::extract::furniture::rules::{Place, RULES, Rule};

/// A word with more code points than this starts no phrase, and is not read to its end.
pub const WORD_CHARS: usize = 40;
/// So many bullets, blanks and marks at most stand before a phrase.
const LEAD_CHARS: usize = 16;

/// One phrase of the table.
#[derive(Debug, Clone)]
pub struct Phrase {
    /// The row that it belongs to.
    pub rule: &'static Rule,
    /// The phrase folded; empty for a sign such as `©`.
    pub folded: String,
    /// Its words.
    pub words: usize,
}

/// A phrase at the start of a text.
#[derive(Debug, Clone, Copy)]
pub struct Match<'a> {
    /// The phrase.
    pub phrase: &'static Phrase,
    /// What follows it.
    pub rest: &'a str,
}

static PHRASES: LazyLock<Vec<Phrase>> = LazyLock::new(|| {
    RULES
        .iter()
        .chain(NAVIGATION)
        .flat_map(|rule| rule.phrases.iter().map(move |phrase| (rule, fold(phrase))))
        .map(|(rule, folded)| Phrase {
            rule,
            words: folded.split_whitespace().count(),
            folded,
        })
        .collect()
});

static BY_START: LazyLock<BTreeMap<&'static str, Vec<&'static Phrase>>> = LazyLock::new(|| {
    let mut map: BTreeMap<&str, Vec<&Phrase>> = BTreeMap::new();
    for phrase in PHRASES.iter().filter(|phrase| phrase.words > 0) {
        map.entry(&phrase.folded).or_default().push(phrase);
    }
    map
});

/// The teaser phrases of several words, by how many.
static TEASERS: LazyLock<BTreeMap<usize, Vec<&'static Phrase>>> = LazyLock::new(|| {
    let mut map: BTreeMap<usize, Vec<&Phrase>> = BTreeMap::new();
    for phrase in PHRASES
        .iter()
        .filter(|phrase| phrase.words > 1 && phrase.rule.place == Place::Teaser)
    {
        map.entry(phrase.words).or_default().push(phrase);
    }
    map
});

static LONGEST: LazyLock<usize> = LazyLock::new(|| PHRASES.iter().map(|phrase| phrase.words).max().unwrap_or_default());

static AGENCY_NAMES: LazyLock<BTreeSet<String>> = LazyLock::new(|| AGENCIES.iter().map(|name| fold(name)).collect());

static NETWORK_NAMES: LazyLock<BTreeSet<String>> = LazyLock::new(|| NETWORKS.iter().map(|name| fold(name)).collect());

static JOINERS: LazyLock<BTreeSet<String>> = LazyLock::new(|| NETWORK_JOINERS.iter().map(|word| fold(word)).collect());

static CHANNEL_STEMS: LazyLock<Vec<String>> = LazyLock::new(|| CHANNELS.iter().map(|stem| fold(stem)).collect());

static PURPOSES: LazyLock<BTreeSet<String>> = LazyLock::new(|| PURPOSE_WORDS.iter().map(|word| fold(word)).collect());

/// The phrases that `text` starts with: the longest first, equally long ones in the order of the table. Bullets and
/// direction marks before it do not count.
pub fn at_start(text: &str) -> Vec<Match<'_>> {
    let mut found = Vec::new();
    let mut near = text.char_indices().take(LEAD_CHARS);
    let Some((start, _)) = near.find(|(_, c)| !is_lead(*c)).filter(|(_, c)| c.is_alphanumeric()) else {
        return found;
    };
    let mut folded = String::new();
    let mut at = start;
    for words in 1..=*LONGEST {
        let Some((word, end)) = next_word(text, at) else { break };
        if !folded.is_empty() {
            folded.push(' ');
        }
        folded.push_str(&fold(word));
        let from = at;
        at = end;
        if let Some(teasers) = TEASERS.get(&words) {
            found.extend(glued_to_headline(text, start..end, from, &folded, teasers));
        }
        if let (Some(phrases), Some(rest)) = (BY_START.get(folded.as_str()), text.get(end..)) {
            found.extend(phrases.iter().map(|phrase| Match { phrase, rest }));
        }
    }
    found.sort_by_key(|found| std::cmp::Reverse(found.phrase.words));
    found
}

/// The teaser phrase to which a headline was glued: «إقرأ المزيدبوتين», "Read morePutin". `folded` is the `range` of the
/// text, folded, and its last word begins behind `from`.
fn glued_to_headline<'a>(
    text: &'a str,
    range: Range<usize>,
    from: usize,
    folded: &str,
    teasers: &[&'static Phrase],
) -> Option<Match<'a>> {
    let Range { start, end } = range;
    let phrase = teasers.iter().find(|phrase| {
        let rest = folded.strip_prefix(phrase.folded.as_str());
        rest.is_some_and(|rest| !rest.contains(' ') && rest.chars().nth(2).is_some())
    })?;
    let word = text.get(from..end)?;
    let inside = |(at, c): (usize, char)| {
        let behind = from + at;
        let is_phrase = !c.is_lowercase() && text.get(start..behind).is_some_and(|head| fold(head) == phrase.folded);
        is_phrase.then_some(behind)
    };
    let behind = word
        .char_indices()
        .filter(|(_, c)| c.is_alphanumeric())
        .find_map(inside)?;
    let rest = text.get(behind..)?;
    Some(Match { phrase, rest })
}

/// The notices (`Place::Within`) of the table.
pub fn notices() -> impl Iterator<Item = &'static Phrase> {
    PHRASES.iter().filter(|phrase| phrase.rule.place == Place::Within)
}

/// Whether a name is that of a news agency.
pub fn is_agency(name: &str) -> bool {
    AGENCY_NAMES.contains(&fold(name))
}

/// Whether a text names networks and nothing else: "on Facebook and X".
pub fn only_networks(text: &str) -> bool {
    let folded = fold(text);
    let mut words = folded.split_whitespace().peekable();
    words.peek().is_some()
        && has_network(text)
        && words.all(|word| NETWORK_NAMES.contains(word) || JOINERS.contains(word))
}

/// Whether a text names a network.
pub fn has_network(text: &str) -> bool {
    fold(text)
        .split(' ')
        .any(|word| NETWORK_NAMES.contains(word) || NETWORK_NAMES.contains(word.trim_start_matches("ال")))
}

/// Whether a text names what pages ask their readers to follow: a channel, a newsletter, a page.
pub fn names_channel(text: &str) -> bool {
    let folded = fold(text);
    folded
        .split(' ')
        .any(|word| CHANNEL_STEMS.iter().any(|stem| word.contains(stem.as_str())))
}

/// Whether a prompt says nothing more behind a comma than further networks, or what for ("to miss nothing").
pub fn goes_on(text: &str) -> bool {
    text.split([',', '،', ';', '؛', '—', '–']).skip(1).all(|part| {
        let folded = fold(part);
        let first = folded.split(' ').next().unwrap_or_default();
        has_network(part) || PURPOSES.contains(first) || JOINERS.contains(first)
    })
}

/// Whether a word is a name that is written with a capital inside (AstraZeneca, WhatsApp's), and goes on behind its
/// first `before` letters.
pub fn is_joined_name(word: &str, before: usize) -> bool {
    JOINED_NAMES
        .iter()
        .any(|name| word.starts_with(name) && name.chars().count() > before)
}

/// What may stand before a phrase: blanks, bullets, marks of direction and byte order.
fn is_lead(c: char) -> bool {
    " \t-–•*+>»[(".contains(c)
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// The next run of letters and digits at or behind `from`, with the byte behind it.
fn next_word(text: &str, from: usize) -> Option<(&str, usize)> {
    let mut start = None;
    let mut gap = 0;
    for (at, c) in text.get(from..)?.char_indices() {
        let letter = c.is_alphanumeric()
            || start.is_some()
                && (unicode_normalization::char::is_combining_mark(c) || matches!(c, '\u{0640}' | '\u{200c}'));
        match (letter, start) {
            (true, None) => start = Some((from + at, 1)),
            (true, Some((_, length))) if length >= WORD_CHARS => return None,
            (true, Some((first, length))) => start = Some((first, length + 1)),
            (false, Some((first, _))) => return Some((text.get(first..from + at)?, from + at)),
            // Phrases are words with a space or a sign between them, not far apart.
            (false, None) if gap >= 3 => return None,
            (false, None) => gap += 1,
        }
    }
    start.and_then(|(first, _)| Some((text.get(first..)?, text.len())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_are_found_in_any_spelling_and_only_as_whole_words() {
        let rest = |text| at_start(text).first().map(|found| found.rest);
        assert_eq!(rest("إِقرأ المزيد عن باكو"), Some(" عن باكو"));
        assert_eq!(rest("\u{200f}اقرأ المزيد: باكو"), Some(": باكو"));
        assert_eq!(rest("A LIRE AUSSI : Bakou"), Some(" : Bakou"));
        assert_eq!(rest("• Mots-clés: blé"), Some(": blé"));
        assert_eq!(rest("Readmore: Baku"), None);
        assert_eq!(rest("Sourcebook: Baku"), None);
        assert_eq!(rest("\"Read more"), None);
    }

    #[test]
    fn the_names_of_networks_are_no_sentence() {
        assert!(only_networks(" on Facebook and X"));
        assert!(!only_networks(" price of Google drops"));
        assert!(!only_networks(""));
    }
}
