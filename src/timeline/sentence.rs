//! Sentences of a text in any language: a line break always ends one, a stop does unless it belongs to a number, an
//! abbreviation or an initial.

use std::ops::Range;

/// Abbreviations (folded to lower case, without their last stop) after which a sentence goes on.
const ABBREVIATIONS: [&str; 64] = [
    "mr", "mrs", "ms", "dr", "prof", "st", "gen", "col", "lt", "sgt", "capt", "maj", "sen", "rep", "gov", "sec",
    "treas", "no", "vs", "jr", "sr", "inc", "ltd", "co", "corp", "jan", "feb", "mar", "apr", "jun", "jul", "aug",
    "sep", "sept", "oct", "nov", "dec", "u.s", "u.k", "u.n", "e.g", "i.e", "a.m", "p.m", "m", "mm", "mme", "av", "art",
    "sra", "dra", "nr", "bzw", "z.b", "ca", "г", "гг", "им", "ул", "тыс", "млн", "руб", "т.е", "т.к",
];

/// Byte ranges of the sentences of `text`, in order, without the white space around them.
pub fn split(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut line_start = 0;
    for line in text.split_inclusive('\n') {
        split_line(line, line_start, &mut found);
        line_start += line.len();
    }
    found
}

fn split_line(line: &str, offset: usize, found: &mut Vec<Range<usize>>) {
    let mut start = 0;
    let mut letters = line.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        if !is_stop(letter) {
            continue;
        }
        let mut end = at + letter.len_utf8();
        // Further stops and closing quotes belong to the sentence that they end.
        while let Some(&(next, mark)) = letters.peek() {
            if !is_stop(mark) && !is_closing(mark) {
                break;
            }
            end = next + mark.len_utf8();
            letters.next();
        }
        let wide = matches!(letter, '。' | '！' | '？');
        let after = line.get(end..).unwrap_or_default();
        let spaced = after.is_empty() || after.starts_with(char::is_whitespace);
        let before = line.get(start..at).unwrap_or_default();
        if wide || (spaced && !(letter == '.' && goes_on(before, after.trim_start()))) {
            push(line, start..end, offset, found);
            start = end;
        }
    }
    push(line, start..line.len(), offset, found);
}

/// Whether the text goes on after a full stop between `before` and `after`.
fn goes_on(before: &str, after: &str) -> bool {
    let Some(next) = after.chars().next() else { return false };
    if next.is_lowercase() {
        return true;
    }
    // A stop that stands alone, as tokenised text has it, ends the sentence.
    let Some(last) = before
        .rsplit(char::is_whitespace)
        .next()
        .filter(|word| !word.is_empty())
    else {
        return false;
    };
    let word = last.trim_start_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    let initial = word.chars().count() == 1 && word.chars().all(char::is_alphabetic);
    // "am 3. März", "15. Oktober": a small number before a capital is an ordinal.
    let ordinal = word.len() <= 2 && !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit());
    initial || ordinal || ABBREVIATIONS.contains(&word.as_str())
}

fn push(line: &str, range: Range<usize>, offset: usize, found: &mut Vec<Range<usize>>) {
    let Some(piece) = line.get(range.clone()) else { return };
    let trimmed = piece.trim();
    if trimmed.chars().any(char::is_alphanumeric) {
        let start = offset + range.start + (piece.len() - piece.trim_start().len());
        found.push(start..start + trimmed.len());
    }
}

fn is_stop(letter: char) -> bool {
    matches!(letter, '.' | '!' | '?' | '…' | '؟' | '؛' | '۔' | '。' | '！' | '？')
}

fn is_closing(letter: char) -> bool {
    matches!(letter, '"' | '»' | '”' | '’' | '\'' | ')' | ']' | '」' | '』' | '“')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentences(text: &str) -> Vec<&str> {
        split(text).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn stops_end_sentences_in_every_script() {
        assert_eq!(
            sentences("هل وصلت المساعدات؟ نعم وصلت."),
            ["هل وصلت المساعدات؟", "نعم وصلت."]
        );
        assert_eq!(sentences("انتهى القتال؛ وعاد الناس."), ["انتهى القتال؛", "وعاد الناس."]);
        assert_eq!(sentences("地震发生了。救援到达。"), ["地震发生了。", "救援到达。"]);
        assert_eq!(sentences("«Вода ушла.» Мэр доволен."), ["«Вода ушла.»", "Мэр доволен."]);
    }

    #[test]
    fn numbers_abbreviations_and_initials_do_not() {
        assert_eq!(sentences("Mr. Lee paid 3.5 million. J. Doe left.").len(), 2);
        assert_eq!(sentences("Am 3. März brach der Damm. Niemand starb.").len(), 2);
        assert_eq!(sentences("В 2024 г. Волга вышла из берегов. Дома целы.").len(), 2);
    }

    #[test]
    fn lines_end_sentences_and_lone_marks_are_none() {
        assert_eq!(sentences("One line\nanother . \n . \n"), ["One line", "another ."]);
    }
}
