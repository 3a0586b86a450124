//! Folding: one spelling for what readers take for the same word. For matching only, never for what is shown.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Folds a text: NFKD without marks (so hamza and madda fall off alef, waw and yeh, and Arabic vowel signs go), tatweel
/// dropped, alef maqsura as yeh, ta marbuta as heh, Persian kaf and yeh as Arabic ones, Arabic-Indic and Persian digits
/// as ASCII, lower case, everything but letters and digits as one space.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for letter in text
        .nfkd()
        .filter(|c| !is_combining_mark(*c))
        .flat_map(char::to_lowercase)
    {
        let letter = match letter {
            '\u{0640}' | '\u{200c}' | '\u{200d}' | '\u{00ad}' => continue,
            'ى' | 'ی' => 'ي',
            'ة' | 'ہ' => 'ه',
            'ک' => 'ك',
            'ٱ' => 'ا',
            '٠'..='٩' => digit(letter, '٠'),
            '۰'..='۹' => digit(letter, '۰'),
            other => other,
        };
        if letter.is_alphanumeric() {
            folded.push(letter);
        } else if !folded.is_empty() && !folded.ends_with(' ') {
            folded.push(' ');
        }
    }
    folded.truncate(folded.trim_end().len());
    folded
}

fn digit(letter: char, zero: char) -> char {
    char::from_digit(letter as u32 - zero as u32, 10).unwrap_or(letter)
}

#[cfg(test)]
mod tests {
    use super::fold;

    #[test]
    fn arabic_spellings_meet() {
        assert_eq!(fold("إقرأ المُزيـــد"), fold("اقرا المزيد"));
        assert_eq!(fold("٢٠ سبتمبر ۲۰۲۳"), "20 سبتمبر 2023");
        assert_eq!(fold("قرة باغ"), fold("قره باغ"));
        assert_eq!(fold("  «Élan», vital!  "), "elan vital");
    }
}
