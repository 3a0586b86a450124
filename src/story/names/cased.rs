//! Names in texts of scripts with capitals: runs of capitalised words, what stands before and inside them.

use super::book::{BOOK, Cue};
use super::tokens::Token;
use super::{Kind, Mention};

/// Words of a person's name, at most.
const LONGEST_PERSON: usize = 4;
/// Letters of an abbreviation, at most.
const LONGEST_ACRONYM: usize = 6;
/// Telling words of a line from which it can be «Title Case», at least.
const LEAST_TITLE: usize = 3;
/// Letters of an abbreviation behind a person's name, at least; fewer are initials or «II».
const LEAST_ACRONYM_BEHIND: usize = 3;
/// Share of a line's telling words that are capitals in «Title Case», where a capital says nothing.
const TITLE_CASE: f64 = 0.9;
/// First words of places that are others than the place behind them: «New Jersey».
const COMPOUND: [&str; 13] = [
    "new", "north", "south", "east", "west", "san", "saint", "st", "fort", "port", "nova", "nueva", "nouvelle",
];
/// Lower-case words of an organisation that may be named after it: «ministère de la Défense», «Министерство обороны».
const NAMED_AFTER: [&str; 3] = ["minist", "univers", "министерств"];

/// What a text's words are to look at.
pub(super) struct Cased<'a> {
    lang: &'a str,
    found: &'a [Token],
    mentions: Vec<Mention>,
}

/// The names that a text seems to hold.
pub(super) fn mentions(found: &[Token], lang: &str) -> Vec<Mention> {
    let mut reader = Cased {
        lang,
        found,
        mentions: Vec::new(),
    };
    let mut at = 0;
    while at < found.len() {
        at = reader.run(at).max(at + 1);
    }
    reader.mentions
}

/// Whether a line is written with capitals throughout, so that they say nothing. Few words are never enough to tell.
pub(super) fn is_title_case(line: &[Token], lang: &str) -> bool {
    let telling = |token: &&Token| {
        let small_word = BOOK.is(Cue::Plain, lang, &token.key) || BOOK.is(Cue::Joiner, lang, &token.key);
        !token.first && token.key.chars().count() >= 3 && !small_word
    };
    let (all, capitals) = (
        line.iter().filter(telling).count(),
        line.iter().filter(telling).filter(|token| token.cap).count(),
    );
    all >= LEAST_TITLE && capitals as f64 / all as f64 >= TITLE_CASE
}

impl Cased<'_> {
    fn is(&self, kind: Cue, at: usize) -> bool {
        self.found
            .get(at)
            .is_some_and(|token| BOOK.is(kind, self.lang, &token.key))
    }

    fn cap(&self, at: usize) -> bool {
        self.found.get(at).is_some_and(|token| token.cap)
    }

    fn joined(&self, at: usize) -> bool {
        self.found.get(at).is_some_and(|token| token.joined)
    }

    fn is_given(&self, at: usize) -> bool {
        self.found
            .get(at)
            .is_some_and(|token| token.cap && BOOK.is_given(&token.key))
    }

    /// Reads the run that begins here; where to go on.
    fn run(&mut self, at: usize) -> usize {
        if !self.cap(at) {
            if let Some(entry) = BOOK.at(self.found, at, self.lang) {
                let to = at + entry.keys.len();
                self.push(at, to, Some(entry.kind), 4.0, Some(entry.id));
                return to;
            }
            return self.named_after(at).unwrap_or(at + 1);
        }
        let mut end = at + 1;
        loop {
            if self.cap(end) && self.joined(end) {
                end += 1;
            } else if let Some(next) = self.across(at, end) {
                end = next;
            } else {
                break;
            }
        }
        let titled = at > 0 && self.joined(at) && !self.cap(at - 1) && self.is(Cue::Title, at - 1);
        self.parts(at, end, titled)
    }

    /// Goes on behind lower-case words inside a name: «Ursula von der Leyen», «Bank of America».
    fn across(&self, begin: usize, end: usize) -> Option<usize> {
        let small = |at: usize, kind: Cue| self.joined(at) && !self.cap(at) && self.is(kind, at);
        let organisation = (begin..end).any(|at| self.is(Cue::Organisation, at));
        let kind = if organisation { Cue::Joiner } else { Cue::Link };
        if kind == Cue::Link && BOOK.at(self.found, end - 1, self.lang).is_some() {
            return None;
        }
        let behind = (end..end + 3).find(|at| !small(*at, kind))?;
        let goes_on = behind > end && self.cap(behind) && self.joined(behind);
        let place = !organisation && BOOK.at(self.found, behind, self.lang).is_some();
        (goes_on && !place && !self.is(Cue::Plain, behind)).then_some(behind + 1)
    }

    /// An organisation whose own word is lower case: «ministère de la Défense».
    fn named_after(&mut self, at: usize) -> Option<usize> {
        let key = &self.found.get(at)?.key;
        NAMED_AFTER.iter().find(|word| key.starts_with(**word))?;
        if self.is(Cue::Title, at) {
            return None;
        }
        if let Some(end) = self.slavic_ministry(at) {
            return Some(end);
        }
        let small = |at: usize| self.joined(at) && !self.cap(at);
        let behind = (at + 1..at + 5).find(|at| !small(*at))?;
        let joined = (at + 1..behind).any(|at| self.is(Cue::Joiner, at));
        if !joined || !self.cap(behind) || !self.joined(behind) {
            return None;
        }
        let end = (behind..).find(|at| !(self.cap(*at) && self.joined(*at)))?;
        self.push(at, end, Some(Kind::Organisation), 3.0, None);
        Some(end)
    }

    /// «Министерство обороны»: the word behind belongs to it.
    fn slavic_ministry(&mut self, at: usize) -> Option<usize> {
        let end = at + 2;
        if matches!(self.lang, "ru" | "uk") && self.joined(at + 1) && !self.cap(at + 1) {
            self.push(at, end, Some(Kind::Organisation), 3.0, None);
            return Some(end);
        }
        None
    }

    /// Takes a run apart into names; where to go on, which may be behind it («Курской области»).
    fn parts(&mut self, begin: usize, end: usize, mut titled: bool) -> usize {
        let mut at = begin;
        while at < end {
            // «Justice Department» has no judge.
            let office = at + 1 < end && self.is(Cue::Organisation, at + 1) && !self.is(Cue::Title, at + 1);
            if self.is(Cue::Title, at) && !office && (!self.is_given(at) || self.is_given(at + 1)) {
                titled = true;
                at += 1;
                continue;
            }
            let entry = BOOK.at(self.found, at, self.lang);
            if self.is(Cue::Plain, at) && entry.is_none_or(|entry| entry.keys.len() == 1) {
                titled = false;
                at += 1;
                continue;
            }
            if let Some(entry) = entry
                && !(self.is_given(at) && at + 1 < end && !self.is_break(at + 1))
            {
                let behind = at + entry.keys.len();
                if behind >= end {
                    self.push(at, behind, Some(entry.kind), 4.0, Some(entry.id));
                    return behind;
                }
                at = self.table(at, behind, end, entry.kind, entry.id);
                titled = false;
                continue;
            }
            let stop = self.segment_end(at, end);
            self.segment(at, stop, titled);
            titled = false;
            at = stop;
        }
        end
    }

    /// Whether a new name or a title begins here.
    fn is_break(&self, at: usize) -> bool {
        self.is(Cue::Title, at) || self.is(Cue::Plain, at)
    }

    fn segment_end(&self, at: usize, end: usize) -> usize {
        let given = self.is_given(at);
        (at + 1..end)
            .find(|next| {
                let table = || {
                    BOOK.at(self.found, *next, self.lang)
                        .is_some_and(|entry| next + entry.keys.len() <= end)
                };
                self.is_break(*next)
                    || given && self.is_acronym_behind(at, *next)
                    || (!(given && *next == at + 1) && table() && !self.is_inside(at, *next))
            })
            .unwrap_or(end)
    }

    /// Whether an abbreviation begins here that is no part of the person's name before it: «Glenn Beck CPAC».
    fn is_acronym_behind(&self, at: usize, next: usize) -> bool {
        let acronym = |at: usize| self.found.get(at).is_some_and(|token| token.acronym && !token.dotted);
        let numeral = |key: &str| key.chars().all(|c| matches!(c, 'i' | 'v' | 'x'));
        let long = |token: &Token| token.key.chars().count() >= LEAST_ACRONYM_BEHIND && !numeral(&token.key);
        next >= at + 2 && acronym(next) && !acronym(at) && !acronym(at + 1) && self.found.get(next).is_some_and(long)
    }

    /// Whether a table's name only is a part of what stands before it: «Bank of America», «New Paris».
    fn is_inside(&self, at: usize, next: usize) -> bool {
        let before = next
            .checked_sub(1)
            .filter(|before| *before >= at)
            .and_then(|before| self.found.get(before));
        (at..next).any(|at| self.is(Cue::Organisation, at))
            || before.is_some_and(|token| !token.cap || COMPOUND.contains(&token.key.as_str()))
    }

    /// A name of the tables with what follows it in its run; where to go on.
    fn table(&mut self, at: usize, behind: usize, end: usize, kind: Kind, id: &'static str) -> usize {
        if kind != Kind::Place || behind == end || self.is_break(behind) {
            self.push(at, behind, Some(kind), 4.0, Some(id));
            return behind;
        }
        let stop = self.segment_end(behind, end);
        if self.is(Cue::Place, behind) {
            self.push(at, behind, Some(kind), 4.0, Some(id));
            return behind + 1;
        }
        if (behind..stop).any(|at| self.is(Cue::Organisation, at)) && !self.is_given(behind) {
            self.push(at, stop, Some(Kind::Organisation), 3.0, None);
            return stop;
        }
        let table = BOOK.at(self.found, behind, self.lang).is_some();
        if table || self.is_given(behind) || stop - behind >= 2 {
            self.push(at, behind, Some(kind), 4.0, Some(id));
            return behind;
        }
        // «Texas Rangers»: a name of its own.
        self.push(at, stop, None, 0.0, None);
        stop
    }

    /// Judges a run of words that is in no table.
    fn segment(&mut self, at: usize, stop: usize, titled: bool) {
        let junior = |at: &usize| {
            let key = self.found.get(*at).map_or("", |token| token.key.as_str());
            matches!(key, "jr" | "sr" | "ii" | "iii")
        };
        let stop = (at + 1..stop).find(junior).unwrap_or(stop);
        let words = stop - at;
        let Some(first) = self.found.get(at) else { return };
        if words == 1 && self.is(Cue::Plain, at) {
            return;
        }
        let organisation = (at..stop).find(|at| self.is(Cue::Organisation, *at));
        let place = (at..stop).any(|at| self.is(Cue::Place, at));
        let given = words >= 2 && self.is_given(at);
        let ends = |kind: Cue| self.is(kind, stop - 1);
        // «Louis Armstrong Airport», «George Washington University»
        let given = given && !(words >= 3 && (ends(Cue::Organisation) || ends(Cue::Place)));
        if organisation.is_some() && !given {
            if words >= 2 {
                self.push(at, stop, Some(Kind::Organisation), 3.0, None);
            } else {
                self.slavic_ministry(at);
            }
            return;
        }
        if words <= LONGEST_PERSON && (given || titled) {
            self.push(at, stop, Some(Kind::Person), if given { 3.0 } else { 2.0 }, None);
            return;
        }
        if place {
            if words >= 2 {
                self.push(at, stop, Some(Kind::Place), 3.0, None);
            }
            return;
        }
        let initials = first.acronym
            && first.key.chars().any(|c| !matches!(c, 'i' | 'v' | 'x'))
            && first.key.chars().all(char::is_alphabetic)
            && !(first.dotted && first.key.len() <= 2);
        if words == 1 && initials && first.key.chars().count() <= LONGEST_ACRONYM {
            self.push(at, stop, Some(Kind::Organisation), 2.0, None);
            return;
        }
        let inside = at > 0 && self.joined(at) && self.is(Cue::In, at - 1);
        if inside && words <= 2 && self.lang != "de" {
            self.push(at, stop, Some(Kind::Place), 1.0, None);
            return;
        }
        if words >= 2 || self.lang != "de" {
            self.push(at, stop, None, 0.0, None);
        }
    }

    fn push(&mut self, at: usize, stop: usize, kind: Option<Kind>, weight: f64, id: Option<&'static str>) {
        let Some(words) = self.found.get(at..stop) else { return };
        let (Some(first), Some(last)) = (words.first(), words.last()) else {
            return;
        };
        self.mentions.push(Mention {
            keys: words.iter().map(|token| token.key.clone()).collect(),
            sure: id.is_some() || !first.first || words.len() >= 2,
            start: first.start,
            end: last.end,
            kind,
            weight,
            id,
        });
    }
}
