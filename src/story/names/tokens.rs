//! Words of a text as names need them: with their case, their place in the sentence and what joins them.

use crate::extract::fold::fold;

/// Words after which a point ends no sentence, folded.
const ABBREVIATED: [&str; 18] = [
    "mr", "mrs", "ms", "dr", "st", "gen", "sen", "gov", "lt", "col", "prof", "rep", "sgt", "capt", "m", "sr", "sra",
    "no",
];
/// Languages that put a shortened word before an apostrophe («l’ONU»).
const ELIDING: [&str; 4] = ["fr", "it", "ca", "pt"];

/// A word.
#[derive(Debug, Clone)]
pub(super) struct Token {
    /// Where it is in the text, in bytes.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// Folded, in the stem that its language's endings leave.
    pub key: String,
    /// Whether it begins a sentence.
    pub first: bool,
    /// Whether nothing but a space or a hyphen parts it from the word before.
    pub joined: bool,
    /// Whether it begins with a capital.
    pub cap: bool,
    /// Whether it has two letters or more and all are capitals.
    pub acronym: bool,
    /// Whether it is written with points: «U.S.».
    pub dotted: bool,
    /// Its line in the text, from 0.
    pub line: usize,
}

impl Token {
    /// Whether it is an initial or written with points: «J.», «U.S.».
    fn is_short(&self, text: &str) -> bool {
        let word = text.get(self.start..self.end).unwrap_or_default();
        word.chars().count() == 1 || word.contains('.')
    }
}

/// The words of a text.
pub(super) fn tokens(text: &str, lang: &str) -> Vec<Token> {
    let mut found: Vec<Token> = Vec::new();
    let (mut end, mut line) = (0, 0);
    for (start, stop) in words(text, lang) {
        let Some(word) = text.get(start..stop) else { continue };
        let plain: String = word.chars().filter(|c| *c != '.').collect();
        let folded = fold(&plain);
        if folded.is_empty() {
            continue;
        }
        let gap = text.get(end..start).unwrap_or_default();
        line += gap.matches('\n').count();
        let abbreviated = found
            .last()
            .is_some_and(|last: &Token| last.cap && (last.is_short(text) || ABBREVIATED.contains(&last.key.as_str())));
        let gap = match gap.strip_prefix('.') {
            Some(rest) if abbreviated => rest,
            _ => gap,
        };
        let quoted = gap.contains(['"', '«', '“', '„']) && gap.contains([',', ':', ';', '—']);
        let letters = || plain.chars().filter(|c| c.is_alphabetic());
        found.push(Token {
            start,
            end: stop,
            key: stem(&folded.replace(' ', ""), lang),
            first: found.is_empty() || quoted || gap.contains(['.', '!', '?', '؟', '…', '\n', ':', '•', '|']),
            joined: !found.is_empty()
                && gap
                    .chars()
                    .all(|c| matches!(c, ' ' | '\u{a0}' | '\u{202f}' | '-' | '‑' | '\'' | '’')),
            cap: letters().next().is_some_and(char::is_uppercase),
            dotted: word.contains('.'),
            line,
            acronym: letters().count() >= 2 && letters().all(char::is_uppercase),
        });
        end = stop;
    }
    found
}

/// Where the words of a text are, in bytes. A possessive «’s» is left out, and so parts what stands around it.
fn words(text: &str, lang: &str) -> Vec<(usize, usize)> {
    let letter = |c: char| c.is_alphanumeric() || unicode_normalization::char::is_combining_mark(c) || c == '\u{0640}';
    let characters: Vec<(usize, char)> = text.char_indices().collect();
    let at = |index: usize| characters.get(index).map(|(_, c)| *c);
    let place = |index: usize| characters.get(index).map_or(text.len(), |(place, _)| *place);
    let mut found = Vec::new();
    let mut index = 0;
    while index < characters.len() {
        if !at(index).is_some_and(letter) {
            index += 1;
            continue;
        }
        let begin = index;
        while index < characters.len() {
            let Some(c) = at(index) else { break };
            if letter(c) {
                index += 1;
                continue;
            }
            let next = at(index + 1).is_some_and(letter);
            let length = index - begin;
            match c {
                // «U.S.», «А.С.»
                '.' if next && length == 1 && at(index + 1).is_some_and(char::is_uppercase) => index += 1,
                '.' if next && length > 1 && at(index.wrapping_sub(2)) == Some('.') => index += 1,
                '\'' | '’' | 'ʼ' if next => {
                    let possessive = at(index + 1) == Some('s') && !at(index + 2).is_some_and(letter);
                    if possessive || (length <= 2 && ELIDING.contains(&lang)) {
                        break;
                    }
                    index += 1;
                }
                _ => break,
            }
        }
        found.push((place(begin), place(index)));
        let possessive =
            matches!(at(index), Some('\'' | '’')) && at(index + 1) == Some('s') && !at(index + 2).is_some_and(letter);
        if possessive {
            // The «s» belongs to the gap.
            index += 2;
        }
    }
    found
}

/// Endings of Russian and Ukrainian nouns and adjectives, folded, the longest first.
const SLAVIC: [&str; 46] = [
    "иями", "еем", "иях", "иям", "иеи", "иею", "ого", "его", "ому", "ему", "ыми", "ими", "ами", "ями", "ои", "еи",
    "ою", "ею", "ыи", "ии", "ым", "им", "ом", "ем", "ых", "их", "ия", "ию", "ея", "ая", "яя", "ое", "ее", "ую", "юю",
    "ах", "ях", "а", "я", "у", "ю", "о", "е", "ы", "и", "ь",
];

/// A folded word without the ending of its case, where the language has cases.
pub(super) fn stem(folded: &str, lang: &str) -> String {
    if !matches!(lang, "ru" | "uk" | "be") {
        return folded.to_owned();
    }
    let letters = folded.chars().count();
    for ending in SLAVIC {
        let length = ending.chars().count();
        let least = if length == 1 { 3 } else { 4 };
        if letters >= least + length
            && let Some(rest) = folded.strip_suffix(ending)
        {
            return rest.to_owned();
        }
    }
    folded.to_owned()
}

/// What an Arabic word may be without the particles that are written into it: itself, without «و» or «ف», and then
/// without «ب», «ل» or «ك».
pub(super) fn arabic_forms(key: &str) -> Vec<String> {
    let mut forms = vec![key.to_owned()];
    let long = |rest: &str| rest.chars().count() >= 3;
    for at in 0..2 {
        let particles: &[&str] = if at == 0 { &["و", "ف"] } else { &["ب", "ل", "ك"] };
        for form in forms.clone() {
            for particle in particles {
                if let Some(rest) = form.strip_prefix(particle).filter(|rest| long(rest)) {
                    forms.push(rest.to_owned());
                }
            }
            // «للسودان» is «ل» and «السودان».
            if at == 1
                && let Some(rest) = form.strip_prefix("لل").filter(|rest| long(rest))
            {
                forms.push(format!("ال{rest}"));
            }
        }
    }
    forms.dedup();
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_know_their_sentence_and_what_joins_them() {
        let text = "U.S. President Obama’s Nagorno-Karabakh plan. The talks, Mr. Smith said";
        let found = tokens(text, "en");
        let keys: Vec<(&str, bool, bool)> = found.iter().map(|t| (t.key.as_str(), t.first, t.joined)).collect();
        assert_eq!(
            keys,
            [
                ("us", true, false),
                ("president", false, true),
                ("obama", false, true),
                ("nagorno", false, false),
                ("karabakh", false, true),
                ("plan", false, true),
                ("the", true, false),
                ("talks", false, true),
                ("mr", false, false),
                ("smith", false, true),
                ("said", false, true),
            ]
        );
        assert!(found[0].acronym && found[2].cap && !found[5].cap);
    }

    #[test]
    fn cases_and_particles_fall_off() {
        for (word, stem_) in [
            ("путина", "путин"),
            ("путиным", "путин"),
            ("зеленского", "зеленск"),
            ("зеленскии", "зеленск"),
        ] {
            assert_eq!(stem(word, "ru"), stem_);
        }
        assert_eq!(stem("алиева", "ru"), stem("алиев", "ru"));
        for form in ["россии", "россию", "россиеи"] {
            assert_eq!(stem(form, "ru"), stem("россия", "ru"));
        }
        let forms = arabic_forms("وللسودان");
        assert!(forms.iter().any(|form| form == "السودان"), "{forms:?}");
        assert!(arabic_forms("بيروت").iter().any(|form| form == "بيروت"));
        let elided: Vec<String> = tokens("l’ONU et d'Israël", "fr").into_iter().map(|t| t.key).collect();
        assert_eq!(elided, ["l", "onu", "et", "d", "israel"]);
    }
}
