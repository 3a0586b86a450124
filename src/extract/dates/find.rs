//! Mentions of dates in running text.

use whatlang::{Detector, Lang};

use super::absolute::{Parts, Reader, Trust};
use super::clock::clock_at;
use super::lexicon::Lexicon;
use super::relative::{Resolved, Resolver};
use super::tokens::{Kind, Tokens, is_sign};
use crate::article::{Dated, Precision};

/// A date in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mention {
    /// First byte of it in the text.
    pub start: usize,
    /// Byte after its last one.
    pub end: usize,
    /// The date, as far as the text says.
    pub date: Dated,
    /// It was resolved against the publication date.
    pub relative: bool,
}

/// All mentions of dates in running text, in order, not overlapping.
///
/// Conservative: what can be something else (ages, scores, lone years, `May`) is left alone. Relative words, and days
/// without a year, are resolved only against `published`; without it they are not returned. A date does not run over
/// the end of a line. Times of day count only with a known zone. Future dates are returned: events can be announced.
pub fn find(text: &str, published: Option<Dated>) -> Vec<Mention> {
    let published = published.filter(|date| date.precision != Precision::Unknown);
    let mut mentions = Vec::new();
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let tokens = Tokens::of(line);
        Line {
            reader: Reader {
                text: line,
                tokens: &tokens,
                lexicon: Lexicon::get(),
                trust: Trust::Prose,
                pivot: 0,
            },
            published,
            whole: text,
        }
        .collect(offset, &mut mentions);
        offset += line.len();
    }
    mentions
}

/// One line of the text.
struct Line<'a> {
    reader: Reader<'a>,
    published: Option<Dated>,
    whole: &'a str,
}

impl Line<'_> {
    fn collect(&self, offset: usize, mentions: &mut Vec<Mention>) {
        let tokens = self.reader.tokens;
        let mut i = 0;
        while let Some(token) = tokens.get(i) {
            if let Some(next) = self.days(i, offset, mentions) {
                i = next;
                continue;
            }
            let found = match token.kind {
                Kind::Word if self.reader.lexicon.may_start(tokens, i) => self.mention_at(i),
                Kind::Number { .. } => self.mention_at(i),
                _ => None,
            };
            match found
                .and_then(|(date, relative, next)| Some((date, relative, next, tokens.get(next.checked_sub(1)?)?)))
            {
                Some((date, relative, next, last)) if next > i => {
                    mentions.push(Mention {
                        start: offset + token.start + self.conjunction(i),
                        end: offset + last.end,
                        date,
                        relative,
                    });
                    i = next;
                }
                _ => i += 1,
            }
        }
    }

    /// Mentions of the days that start at token `i`, when they share a month; the index after them.
    fn days(&self, i: usize, offset: usize, mentions: &mut Vec<Mention>) -> Option<usize> {
        let reader = self.reader;
        let is_word = matches!(reader.tokens.get(i)?.kind, Kind::Word);
        if reader.tokens.get(i)?.kind == Kind::Mark || is_word && !reader.lexicon.may_start(reader.tokens, i) {
            return None;
        }
        let mut found = Vec::new();
        let mut after = None;
        for day in reader.days_at(i) {
            let (date, relative, next) = match day.parts {
                Parts::Md(month, number) => {
                    let resolver = Resolver {
                        reader,
                        published: self.published?,
                    };
                    let Resolved { date, next } = resolver.complete(month, number, day.next)?;
                    (date, true, next)
                }
                parts => (parts.dated()?, false, day.next),
            };
            found.push(Mention {
                start: offset + reader.tokens.get(day.start)?.start,
                end: offset + reader.tokens.get(next.checked_sub(1)?)?.end,
                date,
                relative,
            });
            after = Some(next);
        }
        mentions.extend(found);
        after
    }

    /// Bytes of the "and" that is written together with the word at `i`.
    fn conjunction(&self, i: usize) -> usize {
        if !self.reader.lexicon.has_conjunction(self.reader.tokens, i) {
            return 0;
        }
        let word = self.reader.raw(i);
        let rest = word.strip_prefix('و').unwrap_or(word).trim_start_matches(is_sign);
        word.len() - rest.len()
    }

    /// The date at token `i`, whether it is relative, and the index after it.
    fn mention_at(&self, i: usize) -> Option<(Dated, bool, usize)> {
        let reader = self.reader;
        let resolver = self.published.map(|published| Resolver { reader, published });
        if let Some(found) = reader.date_at(i) {
            if let Parts::Md(month, day) = found.parts {
                let Resolved { date, next } = resolver?.complete(month, day, found.next)?;
                return Some((date, true, next));
            }
            if matches!(found.parts, Parts::Lunar(..)) {
                return None;
            }
            let date = found.parts.dated()?;
            let timed = match found.parts {
                Parts::Ymd(..) => self.time_after(date, found.next),
                _ => None,
            };
            let (date, next) = timed.unwrap_or((date, found.next));
            return Some((date, false, next));
        }
        let Resolved { date, next } = resolver?.at(i)?;
        (!self.is_foreign(i)).then_some((date, true, next))
    }

    /// The moment, where a time of day with a known zone follows.
    fn time_after(&self, date: Dated, next: usize) -> Option<(Dated, usize)> {
        let tokens = self.reader.tokens;
        let at = next + usize::from(tokens.is_mark(next, ',') || tokens.folded(next) == "t");
        let clock = clock_at(tokens, at, false).filter(|clock| clock.is_valid() && clock.zone.is_some())?;
        let date = clock.on(date.date())?;
        (date.precision == Precision::Minute).then_some((date, clock.next))
    }

    /// Whether the word is another one in the language of the text: `hier` is "here" in German and Dutch.
    fn is_foreign(&self, i: usize) -> bool {
        self.reader.tokens.folded(i) == "hier" && {
            let detector = Detector::with_allowlist(vec![Lang::Fra, Lang::Deu, Lang::Nld, Lang::Eng]);
            let sample: String = self.whole.chars().take(600).collect();
            detector.detect_lang(&sample) != Some(Lang::Fra)
        }
    }
}
