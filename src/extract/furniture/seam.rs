//! Seams: places where a page glued two texts together without a space.

use unicode_normalization::char::is_combining_mark;

use crate::extract::furniture::openers;
use crate::extract::furniture::phrases::is_joined_name;

/// Prefixes of names with a capital inside have at most this many letters.
const PREFIX_CHARS: usize = 3;
/// A word with this many letters before its capital is not looked at.
const NAME_CHARS: usize = 40;

/// Byte offset behind the first seam of a text, where the second of two glued texts starts; `None` when there is none
/// in its first `near` bytes.
///
/// A seam is: a ta marbuta, an alef maqsura or a tanwin («فوراً») directly followed by an Arabic letter (none of them
/// ever stands inside a word); an "and" inside a word with a word behind it that opens sentences («الحدودوجاء»); the end of a sentence, a closing quotation mark or a bracket directly followed by a
/// letter that is not in lower case (Booking.com). Also, where what stands behind it `follows`: a year directly followed
/// by a letter that is not in lower case; a lower-case letter directly followed by a capital, unless the word is a name
/// (AstraZeneca) or its first part as short as the prefixes of names (McDonald, YouTube, LeBron).
pub fn find(text: &str, near: usize, follows: &dyn Fn(&str) -> bool) -> Option<usize> {
    let letters: Vec<(usize, char)> = text.get(..near)?.char_indices().collect();
    for (index, window) in letters.windows(2).enumerate() {
        let [(_, left), (at, right)] = window else { continue };
        let after = letters.get(index + 2).map(|(_, c)| *c);
        let begins = right.is_alphabetic() && !right.is_lowercase() && after.is_some_and(char::is_alphabetic);
        let behind = || text.get(*at..).is_some_and(follows);
        let seam = match left {
            'ة' | 'ى' => is_arabic_letter(*right),
            // «فوراً» ends with its sign; in «فورًا» the alef comes behind it.
            '\u{064b}' => is_arabic_letter(*right) && !matches!(right, 'ا' | 'ى'),
            _ if *right == 'و' && is_opening(&letters, index + 1) => behind(),
            '.' | '!' | '?' | '؟' | '…' => begins && !is_abbreviation(&letters, index),
            '»' | '”' | ')' => begins,
            '"' => begins && closes(&letters, index),
            _ if left.is_numeric() => begins && ends_year(&letters, index) && behind(),
            _ => is_capital_inside(&letters, index) && after.is_none_or(|c| !c.is_uppercase()) && behind(),
        };
        if seam {
            return Some(*at);
        }
    }
    None
}

/// Byte offset behind the first sentence of a text and the blank behind it, where more text follows; `None` when there is
/// no end of a sentence in its first `near` bytes.
pub fn sentence_end(text: &str, near: usize) -> Option<usize> {
    let letters: Vec<(usize, char)> = text.get(..near)?.char_indices().collect();
    let mut ended = false;
    for (index, (at, c)) in letters.iter().enumerate() {
        match c {
            '.' | '!' | '?' | '؟' | '…' | '۔' => ended = !is_abbreviation(&letters, index),
            '"' | '»' | '”' | ')' => {}
            c if c.is_whitespace() => {
                if ended {
                    return Some(*at);
                }
            }
            _ => ended = false,
        }
    }
    None
}

/// Whether the Arabic "and" at `index`, inside a word, opens a sentence: «الحدودوجاء».
fn is_opening(letters: &[(usize, char)], index: usize) -> bool {
    let Some(before) = index.checked_sub(1).map(|last| word_before(letters, last)) else {
        return false;
    };
    let behind = letters.get(index + 1..).unwrap_or_default().iter().map(|(_, c)| *c);
    let word: String = behind
        .take(NAME_CHARS)
        .take_while(|c| c.is_alphanumeric() || is_combining_mark(*c))
        .collect();
    before > 0 && openers::opens(&word, before)
}

/// Whether the straight quotation mark at `index` closes: an opening one stands behind a blank or a colon.
fn closes(letters: &[(usize, char)], index: usize) -> bool {
    index
        .checked_sub(1)
        .and_then(|before| letters.get(before))
        .is_some_and(|(_, c)| !c.is_whitespace() && !matches!(c, ':' | '(' | '،' | ','))
}

/// Whether the digit at `index` is the last of a year.
fn ends_year(letters: &[(usize, char)], index: usize) -> bool {
    let digits = letters.iter().take(index + 1).rev().take(5);
    digits.take_while(|(_, c)| c.is_numeric()).count() == 4 && word_before(letters, index) == 4
}

/// Byte offsets where a sentence can start: the start of the text, behind the end of a sentence, behind a seam.
pub fn sentence_starts(text: &str) -> Vec<usize> {
    let mut starts = vec![0];
    let letters: Vec<(usize, char)> = text.char_indices().collect();
    for (index, window) in letters.windows(2).enumerate() {
        let [(_, left), (at, right)] = window else { continue };
        let ended = match left {
            '.' | '!' | '?' | '؟' | '…' | '۔' => !is_abbreviation(&letters, index),
            // The same sign opens and closes; an opening one stands behind a blank.
            '"' => closes(&letters, index),
            '»' | '”' | ')' => true,
            'ة' | 'ى' => is_arabic_letter(*right),
            '\u{064b}' => is_arabic_letter(*right) && !matches!(right, 'ا' | 'ى'),
            _ => is_capital_inside(&letters, index),
        };
        if ended {
            // Behind white space, if there is some.
            let skipped = letters.get(index + 1..).unwrap_or_default().iter();
            starts.push(
                skipped
                    .clone()
                    .find(|(_, c)| !c.is_whitespace())
                    .map_or(*at, |(at, _)| *at),
            );
        }
    }
    starts.dedup();
    starts
}

/// Whether the lower-case letter at `index` is followed by a capital within a word that is no name.
fn is_capital_inside(letters: &[(usize, char)], index: usize) -> bool {
    let lower = letters.get(index).is_some_and(|(_, c)| c.is_lowercase());
    if !lower || !letters.get(index + 1).is_some_and(|(_, c)| c.is_uppercase()) {
        return false;
    }
    let before = word_before(letters, index);
    // The longest name of the table ends well within this.
    let from = (index + 1).saturating_sub(before);
    let word: String = letters.iter().skip(from).take(NAME_CHARS).map(|(_, c)| *c).collect();
    before > PREFIX_CHARS && before < NAME_CHARS && !is_joined_name(&word, before)
}

fn is_arabic_letter(c: char) -> bool {
    c.is_alphabetic() && matches!(c, '\u{0620}'..='\u{06d3}' | '\u{0750}'..='\u{077f}')
}

/// Whether the point at `index` ends an abbreviation (`U.S.`, `г.`): at most two letters stand before it.
fn is_abbreviation(letters: &[(usize, char)], index: usize) -> bool {
    letters.get(index).is_some_and(|(_, c)| *c == '.')
        && index > 0
        && word_before(letters, index - 1) <= 2
        && letters.get(index - 1).is_some_and(|(_, c)| c.is_alphanumeric())
}

/// Letters of the word that ends at `index`; counting stops at [`NAME_CHARS`].
fn word_before(letters: &[(usize, char)], index: usize) -> usize {
    letters
        .iter()
        .take(index + 1)
        .rev()
        .take(NAME_CHARS)
        .take_while(|(_, c)| c.is_alphanumeric())
        .count()
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn glued_texts_come_apart() {
        for (text, second) in [
            ("بسبب الأعمال العسكريةوقال حاجييف", "وقال حاجييف"),
            ("إلى مستشفىوأضاف", "وأضاف"),
            ("في المناطق الحدوديةالرئيس يعلن", "الرئيس يعلن"),
            ("إلى وقف العمليات فوراًوبدأ سريان الهدنة", "وبدأ سريان الهدنة"),
            (
                "Talks open in BakuThe president said on Tuesday that they would go on.",
                "The president said on Tuesday that they would go on.",
            ),
            (
                "WhatsApp banned in schoolsThe minister said on Tuesday that it would hold.",
                "The minister said on Tuesday that it would hold.",
            ),
            (
                "Переговоры в БакуПрезидент заявил во вторник, что они будут продолжены.",
                "Президент заявил во вторник, что они будут продолжены.",
            ),
            ("Who won?Officials counted", "Officials counted"),
            (
                "Follow us on WhatsAppLe président a dit mardi que tout ira bien.",
                "Le président a dit mardi que tout ira bien.",
            ),
            (
                "Published 12 March 2024The talks went on for two days in Baku.",
                "The talks went on for two days in Baku.",
            ),
        ] {
            let at = find(text, text.len(), &|tail| tail.split(' ').count() > 7).expect(text);
            assert_eq!(&text[at..], second);
        }
    }

    #[test]
    fn names_and_abbreviations_stay_whole() {
        for text in [
            "McDonald meets YouTube",
            "the U.S.Senate",
            "مدينة غزة",
            "at 3.5 points",
            "LeBron James",
            "AstraZeneca vaccine trial halted again after one volunteer fell ill.",
            "Booking.com fined in Madrid",
        ] {
            assert_eq!(
                find(text, text.len(), &|tail| tail.split(' ').count() > 7),
                None,
                "{text}"
            );
        }
    }
}
