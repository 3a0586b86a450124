//! Puts what was cut out of an article's text back in its place, to be shown struck through.
//!
//! Where the document's text is at hand, cleaned text and document are aligned paragraph by paragraph, and every cut
//! falls between the letters that stood around it. Where it is not (an HTML page's text is not kept), the place is
//! reckoned from the offset and what was cut before, and moved to the next paragraph break if one is near.

use crate::article::Removed;

/// A document longer than this (code points) is not aligned.
const ALIGNED_AT_MOST: usize = 400_000;
/// Places of a document that are looked at for all paragraphs together: a bound on hostile texts.
const LOOKS: usize = 4_000_000;
/// Letters of a paragraph that must agree for it to be found.
const HEAD: usize = 64;
/// How far a reckoned place may be moved to a paragraph break: the break's own letter for each cut before, and a few.
const NEAR: usize = 4;

/// A line of a text: pieces that were kept and pieces that were cut.
pub type Line<'a> = Vec<Piece<'a>>;

/// A piece of a line.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    Kept(String),
    Cut(&'a Removed),
}

/// The text in lines, every cut in its place. A cut at a paragraph break is a line of its own.
pub fn lines<'a>(text: &str, document: Option<&str>, removed: &'a [Removed]) -> Vec<Line<'a>> {
    let letters: Vec<char> = text.chars().collect();
    let mut sorted: Vec<&Removed> = removed.iter().collect();
    sorted.sort_by_key(|piece| piece.offset);
    let places = document
        .and_then(|document| aligned(&letters, document, &sorted))
        .unwrap_or_else(|| reckoned(&letters, &sorted));
    let mut lines = Vec::new();
    let mut line: Line<'a> = Vec::new();
    let mut kept = String::new();
    let mut cuts = places.into_iter().zip(sorted).peekable();
    for at in 0..=letters.len() {
        while let Some((_, piece)) = cuts.next_if(|(place, _)| *place <= at) {
            if starts(&letters, at) || ends(&letters, at) {
                flush(&mut lines, &mut line, &mut kept);
                lines.push(vec![Piece::Cut(piece)]);
            } else {
                line.push(Piece::Kept(std::mem::take(&mut kept)));
                line.push(Piece::Cut(piece));
            }
        }
        match letters.get(at) {
            Some('\n') => flush(&mut lines, &mut line, &mut kept),
            Some(letter) => kept.push(*letter),
            None => flush(&mut lines, &mut line, &mut kept),
        }
    }
    lines
}

fn flush<'a>(lines: &mut Vec<Line<'a>>, line: &mut Line<'a>, kept: &mut String) {
    if !kept.trim().is_empty() {
        line.push(Piece::Kept(std::mem::take(kept)));
    }
    kept.clear();
    if !line.is_empty() {
        lines.push(std::mem::take(line));
    }
}

fn starts(letters: &[char], at: usize) -> bool {
    at == 0 || letters.get(at - 1) == Some(&'\n')
}

fn ends(letters: &[char], at: usize) -> bool {
    letters.get(at).is_none_or(|letter| *letter == '\n')
}

/// Places in the cleaned text, by what stands around each cut in the document; `None` when no paragraph is found there.
fn aligned(letters: &[char], document: &str, removed: &[&Removed]) -> Option<Vec<usize>> {
    let raw: Vec<char> = document.chars().take(ALIGNED_AT_MOST + 1).collect();
    if raw.len() > ALIGNED_AT_MOST {
        return None;
    }
    let mut kept = vec![true; raw.len()];
    for piece in removed {
        let end = piece.offset.saturating_add(piece.text.chars().count()).min(raw.len());
        if let Some(range) = kept.get_mut(piece.offset..end) {
            range.fill(false);
        }
    }
    // Letters only: breaks and spaces may differ.
    let dense: Vec<(usize, char)> = raw
        .iter()
        .zip(&kept)
        .enumerate()
        .filter(|(_, (letter, kept))| **kept && !letter.is_whitespace())
        .map(|(at, (letter, _))| (at, *letter))
        .collect();
    // For every letter of the cleaned text that was found: its place there and in the document.
    let mut found: Vec<(usize, usize)> = Vec::new();
    let (mut from, mut start, mut looks) = (0, 0, LOOKS);
    for paragraph in letters.split(|letter| *letter == '\n') {
        let wanted: Vec<(usize, char)> = paragraph
            .iter()
            .enumerate()
            .filter(|(_, letter)| !letter.is_whitespace())
            .map(|(at, letter)| (start + at, *letter))
            .collect();
        start += paragraph.len() + 1;
        if wanted.is_empty() {
            continue;
        }
        let here = dense.get(from..).unwrap_or_default();
        let matches = |window: &[(usize, char)]| window.iter().zip(&wanted).take(HEAD).all(|(a, b)| a.1 == b.1);
        let at = here.windows(wanted.len()).take(looks).position(matches);
        looks -= looks.min(at.unwrap_or(here.len()));
        if let Some(at) = at {
            let window = here.iter().skip(at).zip(&wanted);
            found.extend(window.map(|((raw, _), (clean, _))| (*clean, *raw)));
            from += at + wanted.len();
        }
    }
    if found.is_empty() {
        return None;
    }
    let place = |piece: &&Removed| {
        let before = found.partition_point(|(_, raw)| *raw < piece.offset);
        let behind = before.checked_sub(1).and_then(|last| found.get(last));
        behind.map_or(0, |(clean, _)| clean + 1)
    };
    Some(removed.iter().map(place).collect())
}

/// Places in the cleaned text, by the offsets alone.
fn reckoned(letters: &[char], removed: &[&Removed]) -> Vec<usize> {
    let (mut gone, mut least) = (0, 0);
    let mut places = Vec::new();
    for (number, piece) in removed.iter().enumerate() {
        let reckoned = piece.offset.saturating_sub(gone).clamp(least, letters.len());
        let near = (0..=NEAR + number)
            .flat_map(|step| [reckoned.checked_sub(step), reckoned.checked_add(step)])
            .flatten()
            .find(|at| *at >= least && *at <= letters.len() && (starts(letters, *at) || ends(letters, *at)));
        let place = near.unwrap_or(reckoned);
        gone += piece.text.chars().count() + usize::from(near.is_some());
        least = place;
        places.push(place);
    }
    places
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::article::RemovedKind;

    fn removed(document: &str, text: &str) -> Removed {
        let byte = document.find(text).expect("it stands there");
        Removed {
            kind: RemovedKind::Teaser,
            rule: "teaser.test".to_owned(),
            text: text.to_owned(),
            offset: document[..byte].chars().count(),
        }
    }

    fn shown(lines: &[Line<'_>]) -> Vec<String> {
        lines
            .iter()
            .map(|line| {
                line.iter()
                    .map(|piece| match piece {
                        Piece::Kept(text) => text.clone(),
                        Piece::Cut(cut) => format!("[{}]", cut.text),
                    })
                    .collect()
            })
            .collect()
    }

    const DOCUMENT: &str = "عنوان\nنُشر في: 20 أيلول\nالفقرة الأولى.\nإقرأ المزيد شيء آخروقال الثاني.\nنص READ MORE: x وبقيته.\nالمصدر: وكالة";
    const TEXT: &str = "الفقرة الأولى.\nوقال الثاني.\nنص  وبقيته.";

    fn cuts() -> Vec<Removed> {
        [
            "نُشر في: 20 أيلول",
            "إقرأ المزيد شيء آخر",
            "READ MORE: x",
            "المصدر: وكالة",
        ]
        .map(|text| removed(DOCUMENT, text))
        .to_vec()
    }

    #[test]
    fn cuts_stand_where_they_stood() {
        let cuts = cuts();
        assert_eq!(
            shown(&lines(TEXT, Some(DOCUMENT), &cuts)),
            [
                "[نُشر في: 20 أيلول]",
                "الفقرة الأولى.",
                "[إقرأ المزيد شيء آخر]",
                "وقال الثاني.",
                "نص[READ MORE: x]  وبقيته.",
                "[المصدر: وكالة]"
            ]
        );
    }

    #[test]
    fn without_the_document_cuts_fall_near_their_place() {
        let main = "Published: today\nFirst paragraph of it.\nREAD MORE: a thing\nSecond paragraph.\nShare this";
        let cuts: Vec<Removed> = ["Published: today", "READ MORE: a thing", "Share this"]
            .map(|text| removed(main, text))
            .to_vec();
        assert_eq!(
            shown(&lines("First paragraph of it.\nSecond paragraph.", None, &cuts)),
            [
                "[Published: today]",
                "First paragraph of it.",
                "[READ MORE: a thing]",
                "Second paragraph.",
                "[Share this]"
            ]
        );
    }

    proptest! {
        #[test]
        fn nothing_is_lost(
            text in "[ab\n ]{0,60}",
            document in proptest::option::of("[abc\n ]{0,80}"),
            offsets in proptest::collection::vec((0usize..120, "[xyz]{1,5}"), 0..6),
        ) {
            let cuts: Vec<Removed> = offsets
                .into_iter()
                .map(|(offset, text)| Removed { kind: RemovedKind::Share, rule: String::new(), text, offset })
                .collect();
            let lines = lines(&text, document.as_deref(), &cuts);
            let all: Vec<&Piece<'_>> = lines.iter().flatten().collect();
            let kept: String = all
                .iter()
                .filter_map(|piece| match piece { Piece::Kept(text) => Some(text.as_str()), Piece::Cut(_) => None })
                .collect();
            let letters = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(letters(&kept), letters(&text));
            prop_assert_eq!(all.len() - all.iter().filter(|piece| matches!(piece, Piece::Kept(_))).count(), cuts.len());
        }
    }
}
