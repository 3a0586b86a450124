//! Names in Arabic texts, which have no capitals: what stands after titles and other cue words, and given names.

use super::book::{BOOK, Cue};
use super::tokens::{Token, arabic_forms};
use super::{Kind, Mention};

/// Words between a title and a name, at most: «رئيس الوزراء الإسرائيلي بنيامين نتنياهو».
const BETWEEN: usize = 5;
/// Words of an organisation behind its first one, at most.
const COMPLEMENT: usize = 3;
/// First parts of a name that are nothing without the next word.
const FIRST_PARTS: [&str; 6] = ["عبد", "ابو", "بن", "ابن", "ال", "ام"];
/// Words of an office between a title and a name.
const OFFICE: [&str; 16] = [
    "باسم",
    "الوزراء",
    "خارجيه",
    "دفاع",
    "حكومه",
    "جيش",
    "اركان",
    "لشوون",
    "وزراء",
    "الدوله",
    "مجلس",
    "ديوان",
    "الركن",
    "اول",
    "وزاره",
    "شوون",
];

/// The names that a text seems to hold. Persistence across texts is judged by the caller: what is only likely has a small
/// weight.
pub(super) fn mentions(found: &[Token], lang: &str) -> Vec<Mention> {
    let mut reader = Reader {
        found,
        lang,
        mentions: Vec::new(),
    };
    let mut at = 0;
    while at < found.len() {
        at = reader.read(at).max(at + 1);
    }
    reader.mentions
}

struct Reader<'a> {
    found: &'a [Token],
    lang: &'a str,
    mentions: Vec<Mention>,
}

impl Reader<'_> {
    fn key(&self, at: usize) -> &str {
        self.found.get(at).map_or("", |token| token.key.as_str())
    }

    fn joined(&self, at: usize) -> bool {
        self.found.get(at).is_some_and(|token| token.joined)
    }

    /// Whether a word is a cue, as it stands or without its particles.
    fn is(&self, kind: Cue, at: usize) -> bool {
        let key = self.key(at);
        !key.is_empty() && arabic_forms(key).iter().any(|form| BOOK.is(kind, self.lang, form))
    }

    fn read(&mut self, at: usize) -> usize {
        if let Some(entry) = BOOK.at_arabic(self.found, at, self.lang) {
            let stop = at + entry.keys.len();
            let careful =
                entry.keys.len() == 1 && BOOK.is(Cue::Careful, self.lang, entry.keys.first().map_or("", |key| key));
            let cued = at > 0 && self.joined(at) && (self.is(Cue::In, at - 1) || self.is(Cue::Place, at - 1));
            if !careful || cued {
                self.push(at, stop, Some(entry.kind), 4.0, Some(entry.id), entry.keys.clone());
                return stop;
            }
        }
        if self.lang != "ar" {
            return at + 1;
        }
        if self.is(Cue::Title, at)
            && let Some(stop) = self.titled(at)
        {
            return stop;
        }
        if BOOK.is_given(&self.bare(at)) && !self.is(Cue::Plain, at) {
            let stop = self.name_end(at);
            if stop - at >= 2 {
                self.person(at, stop, 1.0);
                return stop;
            }
        }
        if self.is(Cue::Organisation, at) {
            let behind = (at + 1..=at + COMPLEMENT)
                .take_while(|next| {
                    self.joined(*next) && self.key(*next).starts_with("ال") && !self.is(Cue::Plain, *next)
                })
                .last();
            if let Some(last) = behind {
                // The first word without its particles.
                let first = self.cue_form(at, Cue::Organisation);
                let mut keys = vec![first];
                keys.extend((at + 1..=last).map(|at| self.key(at).to_owned()));
                self.push(at, last + 1, Some(Kind::Organisation), 2.0, None, keys);
                return at + 1;
            }
        }
        if self.is(Cue::Place, at) && self.joined(at + 1) && BOOK.at_arabic(self.found, at + 1, self.lang).is_none() {
            let next = at + 1;
            let key = self.key(next);
            let name = key.chars().count() >= 3
                && !self.is(Cue::Plain, next)
                && !is_adjective(key)
                && !self.is(Cue::Title, next);
            if name {
                let keys = vec![key.to_owned()];
                self.push(next, next + 1, Some(Kind::Place), 1.5, None, keys);
                return next + 1;
            }
        }
        at + 1
    }

    /// A word without the particles before it, if that makes it a given name.
    fn bare(&self, at: usize) -> String {
        let key = self.key(at);
        let given = arabic_forms(key).into_iter().find(|form| BOOK.is_given(form));
        given.unwrap_or_else(|| key.to_owned())
    }

    fn cue_form(&self, at: usize, kind: Cue) -> String {
        let key = self.key(at);
        let form = arabic_forms(key)
            .into_iter()
            .find(|form| BOOK.is(kind, self.lang, form));
        form.unwrap_or_else(|| key.to_owned())
    }

    /// The person behind a title, if there is one; where to go on.
    fn titled(&mut self, at: usize) -> Option<usize> {
        let mut next = at + 1;
        while next <= at + BETWEEN && self.joined(next) {
            let key = self.key(next);
            if BOOK.is_given(key) && !self.is(Cue::Title, next) {
                break;
            }
            let table = BOOK
                .at_arabic(self.found, next, self.lang)
                .map_or(0, |entry| entry.keys.len());
            let office = key.starts_with("ال") || OFFICE.contains(&key) || self.is(Cue::Title, next);
            if table == 0 && !office {
                break;
            }
            next += table.max(1);
        }
        if !self.joined(next) || next > at + BETWEEN + 1 {
            return None;
        }
        if self.is(Cue::Plain, next) || self.key(next).chars().count() < 2 {
            return None;
        }
        let given = BOOK.is_given(self.key(next));
        let stop = self.name_end(next);
        if stop == next {
            return None;
        }
        // Without a given name only a name that comes again is believed.
        self.person(next, stop, if given { 3.0 } else { 0.5 });
        Some(stop)
    }

    /// Where the name that begins here ends: two words, those that are only first parts not counted.
    fn name_end(&self, at: usize) -> usize {
        let (mut stop, mut words) = (at, 0);
        while words < 2 {
            let key = self.key(stop);
            let begins = stop == at;
            if !begins && (!self.joined(stop) || !self.may_end(stop)) {
                break;
            }
            stop += 1;
            if !(FIRST_PARTS.contains(&key) && self.joined(stop)) {
                words += 1;
            }
        }
        // «محمد بن سلمان»
        while self.joined(stop) && matches!(self.key(stop), "بن" | "ابن") && self.joined(stop + 1) {
            stop += 2;
        }
        stop
    }

    /// Whether a word may be a later part of a name.
    fn may_end(&self, at: usize) -> bool {
        let key = self.key(at);
        let long = key.chars().count() >= 3 || FIRST_PARTS.contains(&key);
        let letters = key.chars().all(char::is_alphabetic);
        let table = BOOK
            .at_arabic(self.found, at, self.lang)
            .is_some_and(|entry| entry.kind == Kind::Organisation);
        long && letters && !table && !self.is_plain(key) && !self.is(Cue::Title, at) && !is_adjective(key)
    }

    fn is_plain(&self, key: &str) -> bool {
        BOOK.is(Cue::Plain, self.lang, key)
            || key
                .strip_prefix('و')
                .is_some_and(|rest| BOOK.is(Cue::Plain, self.lang, rest))
    }

    fn person(&mut self, at: usize, stop: usize, weight: f64) {
        let mut keys = vec![self.bare(at)];
        keys.extend((at + 1..stop).map(|at| self.key(at).to_owned()));
        self.push(at, stop, Some(Kind::Person), weight, None, keys);
    }

    fn push(
        &mut self,
        at: usize,
        stop: usize,
        kind: Option<Kind>,
        weight: f64,
        id: Option<&'static str>,
        keys: Vec<String>,
    ) {
        let Some(words) = self.found.get(at..stop) else { return };
        let (Some(first), Some(last)) = (words.first(), words.last()) else {
            return;
        };
        // What was taken off the first word is taken off its spelling: particles are one letter each in every spelling.
        let taken = first
            .key
            .chars()
            .count()
            .saturating_sub(keys.first().map_or(0, |key| key.chars().count()));
        self.mentions.push(Mention {
            keys,
            sure: true,
            start: first.start,
            end: last.end,
            kind,
            weight,
            id,
        });
        if let Some(mention) = self.mentions.last_mut() {
            mention.start += taken * 2;
        }
    }
}

/// «الروسي», «الأذربيجانية»: what is said of a country, not a name.
fn is_adjective(key: &str) -> bool {
    let long = key.chars().count() >= 5;
    key.starts_with("ال")
        && long
        && ["ي", "يه", "يين", "يون", "يتين", "يان"]
            .iter()
            .any(|ending| key.ends_with(ending))
}
