//! Seams: places where a page glued two texts together without a space.

/// Byte offset behind the first seam of a text, where the second of two glued texts starts; `None` when there is none.
///
/// A seam is: a ta marbuta, an alef maqsura or a tanwin («فوراً») directly
/// followed by an Arabic letter (none of them ever stands inside a word); the end of a sentence directly followed by a letter; a closing quotation mark directly followed by a letter; a lower-case
/// letter directly followed by a capital, in a word whose first part is longer than the prefixes of names (McDonald,
/// YouTube, LeBron).
pub fn find(text: &str) -> Option<usize> {
    let letters: Vec<(usize, char)> = text.char_indices().collect();
    for (index, window) in letters.windows(2).enumerate() {
        let [(_, left), (at, right)] = window else { continue };
        let after = letters.get(index + 2).map(|(_, c)| *c);
        let seam = match left {
            'ة' | 'ى' => is_arabic_letter(*right),
            // «فوراً» ends with its sign; in «فورًا» the alef comes behind it.
            '\u{064b}' => is_arabic_letter(*right) && !matches!(right, 'ا' | 'ى'),
            '.' | '!' | '?' | '؟' | '…' => {
                right.is_alphabetic() && !is_abbreviation(&letters, index) && after.is_some_and(|c| c.is_alphabetic())
            }
            '»' | '”' => right.is_alphabetic() && after.is_some_and(|c| c.is_alphabetic()),
            _ => {
                left.is_lowercase()
                    && right.is_uppercase()
                    && word_before(&letters, index) > 3
                    && after.is_none_or(|c| !c.is_uppercase())
            }
        };
        if seam {
            return Some(*at);
        }
    }
    None
}

/// Byte offsets at or behind `start` where a sentence can start: the start itself, behind the end of a sentence, behind
/// a seam.
pub fn sentence_starts(text: &str, start: usize) -> Vec<usize> {
    let mut starts = vec![start];
    let Some(tail) = text.get(start..) else { return starts };
    let letters: Vec<(usize, char)> = tail.char_indices().collect();
    for (index, window) in letters.windows(2).enumerate() {
        let [(_, left), (at, right)] = window else { continue };
        let ended = match left {
            '.' | '!' | '?' | '؟' | '…' | '۔' => !is_abbreviation(&letters, index),
            '"' | '»' | '”' | ')' => true,
            'ة' | 'ى' => is_arabic_letter(*right),
            _ => left.is_lowercase() && right.is_uppercase() && word_before(&letters, index) > 3,
        };
        if ended {
            // Behind white space, if there is some.
            let skipped = letters.iter().skip(index + 1).find(|(_, c)| !c.is_whitespace());
            starts.push(start + skipped.map_or(*at, |(at, _)| *at));
        }
    }
    starts.dedup();
    starts
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

/// Letters of the word that ends at `index`.
fn word_before(letters: &[(usize, char)], index: usize) -> usize {
    letters
        .iter()
        .take(index + 1)
        .rev()
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
            ("Talks open in BakuThe president said", "The president said"),
            ("Переговоры в БакуПрезидент заявил", "Президент заявил"),
            ("Who won?Officials counted", "Officials counted"),
        ] {
            let at = find(text).expect(text);
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
        ] {
            assert_eq!(find(text), None, "{text}");
        }
    }
}
