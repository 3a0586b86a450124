//! Text to tokens: numbers, folded words and single marks, each with its place in the original.
//!
//! Folding is for matching only: lower case, no accents or Arabic vowel signs, one form of alef, yeh, kaf and digits.

use unicode_normalization::char::decompose_canonical;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Digits of any of the scripts read here.
    Number {
        /// The value; saturates.
        value: u64,
        /// How many digits were written.
        digits: u8,
        /// Written in the digits of Persian and Urdu (۰ to ۹).
        persian: bool,
    },
    /// Letters; one token per ideograph.
    Word,
    /// Anything else that is not white space.
    Mark,
}

/// One token and its place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token {
    /// Byte where it starts in the text.
    pub(super) start: usize,
    /// Byte after its last one.
    pub(super) end: usize,
    /// What it is.
    pub(super) kind: Kind,
    /// No white space before it.
    pub(super) glued: bool,
    /// Starts with a capital letter.
    pub(super) capital: bool,
    /// Letters, all of them capitals.
    pub(super) shouted: bool,
    folded: (usize, usize),
}

/// A text's tokens.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    list: Vec<Token>,
    folded: String,
}

impl Tokens {
    /// Cuts `text` up.
    pub(super) fn of(text: &str) -> Self {
        let mut tokens = Tokens {
            list: Vec::with_capacity(text.len() / 5 + 1),
            folded: String::with_capacity(text.len()),
        };
        let mut glued = false;
        let mut open: Option<Token> = None;
        for (at, c) in text.char_indices() {
            if is_invisible(c) {
                continue;
            }
            let end = at + c.len_utf8();
            if let Some((digit, persian)) = digit(c) {
                match &mut open {
                    Some(Token {
                        kind: Kind::Number { value, digits, .. },
                        end: open_end,
                        ..
                    }) => {
                        *value = value.saturating_mul(10).saturating_add(u64::from(digit));
                        *digits = digits.saturating_add(1);
                        *open_end = end;
                    }
                    _ => {
                        tokens.close(&mut open);
                        let kind = Kind::Number {
                            value: u64::from(digit),
                            digits: 1,
                            persian,
                        };
                        open = Some(tokens.token(at, end, kind, glued, false));
                    }
                }
                glued = true;
            } else if c.is_alphabetic() {
                let alone = is_ideograph(c);
                match &mut open {
                    Some(token) if token.kind == Kind::Word && !alone => {
                        token.end = end;
                        token.shouted &= c.is_uppercase();
                    }
                    _ => {
                        tokens.close(&mut open);
                        open = Some(tokens.token(at, end, Kind::Word, glued, c.is_uppercase()));
                    }
                }
                fold_into(&mut tokens.folded, c);
                if alone {
                    tokens.close(&mut open);
                }
                glued = true;
            } else if c.is_whitespace() {
                tokens.close(&mut open);
                glued = false;
            } else {
                tokens.close(&mut open);
                let mark = tokens.token(at, end, Kind::Mark, glued, false);
                open = Some(mark);
                tokens.folded.push(fold_mark(c));
                tokens.close(&mut open);
                glued = true;
            }
        }
        tokens.close(&mut open);
        tokens
    }

    fn token(&self, start: usize, end: usize, kind: Kind, glued: bool, capital: bool) -> Token {
        Token {
            start,
            end,
            kind,
            glued,
            capital,
            shouted: capital,
            folded: (self.folded.len(), self.folded.len()),
        }
    }

    fn close(&mut self, open: &mut Option<Token>) {
        if let Some(mut token) = open.take() {
            token.folded.1 = self.folded.len();
            self.list.push(token);
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    /// The token at `i`.
    pub(super) fn get(&self, i: usize) -> Option<&Token> {
        self.list.get(i)
    }

    /// The folded word or mark at `i`; empty for a number and past the end.
    pub(super) fn folded(&self, i: usize) -> &str {
        self.get(i)
            .and_then(|token| self.folded.get(token.folded.0..token.folded.1))
            .unwrap_or("")
    }

    /// Value and digits of the number at `i`.
    pub(super) fn number(&self, i: usize) -> Option<(u64, u8)> {
        match self.get(i)?.kind {
            Kind::Number { value, digits, .. } => Some((value, digits)),
            _ => None,
        }
    }

    /// Whether `i` is a number written in Persian digits.
    pub(super) fn is_persian(&self, i: usize) -> bool {
        self.get(i)
            .is_some_and(|token| matches!(token.kind, Kind::Number { persian: true, .. }))
    }

    /// Whether `i` is the mark `mark`.
    pub(super) fn is_mark(&self, i: usize, mark: char) -> bool {
        self.get(i).is_some_and(|token| token.kind == Kind::Mark) && self.folded(i).chars().eq(std::iter::once(mark))
    }

    /// Whether `i` is one of `marks`.
    pub(super) fn is_any_mark(&self, i: usize, marks: &str) -> bool {
        self.get(i).is_some_and(|token| token.kind == Kind::Mark)
            && self.folded(i).chars().all(|mark| marks.contains(mark))
    }

    /// Whether `i` follows the token before it without white space.
    pub(super) fn is_glued(&self, i: usize) -> bool {
        i > 0 && self.get(i).is_some_and(|token| token.glued)
    }
}

/// A digit's value, and whether it is one of ۰ to ۹.
fn digit(c: char) -> Option<(u8, bool)> {
    let from = |zero: u32, persian| {
        let value = (c as u32).checked_sub(zero)?;
        (value < 10).then_some((value as u8, persian))
    };
    match c {
        '0'..='9' => from('0' as u32, false),
        '٠'..='٩' => from('٠' as u32, false),
        '۰'..='۹' => from('۰' as u32, true),
        '０'..='９' => from('０' as u32, false),
        _ => None,
    }
}

/// Characters that are not seen: vowel signs, combining accents, joiners and directional marks, tatweel.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{0300}'..='\u{036F}' | '\u{0610}'..='\u{061A}' | '\u{064B}'..='\u{065F}' | '\u{0670}'
        | '\u{06D6}'..='\u{06DC}' | '\u{06DF}'..='\u{06E4}' | '\u{06E7}' | '\u{06E8}' | '\u{06EA}'..='\u{06ED}'
        | '\u{0640}' | '\u{061C}' | '\u{00AD}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}')
}

fn fold_into(folded: &mut String, c: char) {
    match c {
        'a'..='z' => folded.push(c),
        'A'..='Z' => folded.push(c.to_ascii_lowercase()),
        'أ' | 'إ' | 'آ' | 'ٱ' => folded.push('ا'),
        'ى' | 'ی' | 'ئ' | 'ې' => folded.push('ي'),
        'ة' => folded.push('ه'),
        'ؤ' => folded.push('و'),
        'ک' => folded.push('ك'),
        'ı' => folded.push('i'),
        _ => {
            for lower in c.to_lowercase() {
                decompose_canonical(lower, |part| {
                    if !is_invisible(part) {
                        folded.push(part);
                    }
                });
            }
        }
    }
}

fn fold_mark(c: char) -> char {
    match c {
        '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' => '-',
        '’' | 'ʼ' | '‘' | '`' => '\'',
        '،' | '٬' | '，' => ',',
        '٫' | '．' => '.',
        '／' | '⁄' => '/',
        '：' => ':',
        '（' => '(',
        '）' => ')',
        other => other,
    }
}

/// `phrase` as a list of folded words and marks, for the tables.
pub(super) fn fold_phrase(phrase: &str) -> Vec<String> {
    let tokens = Tokens::of(phrase);
    (0..tokens.len()).map(|i| tokens.folded(i).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(text: &str) -> Vec<String> {
        fold_phrase(text)
    }

    #[test]
    fn forms_that_differ_only_to_the_eye_fold_together() {
        for (one, other) in [
            ("أيلول", "ايلول"),
            ("سِبْتَمْبَر", "سبتمبر"),
            ("كانون الأوّل", "كانون الاول"),
            ("août", "AOUT"),
            ("März", "marz"),
            ("Şubat", "subat"),
            ("май", "МАЙ"),
            ("فوریه", "فوريه"),
            ("aujourd’hui", "aujourd'hui"),
            ("هـ", "ه"),
        ] {
            assert_eq!(folded(one), folded(other), "{one} and {other}");
        }
    }

    #[test]
    fn places_are_those_of_the_original() {
        let text = "في ٢٠\u{200f}/٠٩ سِبتمبر";
        let tokens = Tokens::of(text);
        let cut: Vec<&str> = (0..tokens.len())
            .filter_map(|i| tokens.get(i))
            .map(|token| &text[token.start..token.end])
            .collect();
        assert_eq!(cut, ["في", "٢٠", "/", "٠٩", "سِبتمبر"]);
        assert_eq!(tokens.number(1), Some((20, 2)));
        assert!(tokens.is_mark(2, '/') && tokens.is_glued(2));
    }
}
