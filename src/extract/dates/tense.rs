//! Whether the clause around a weekday tells of what is to come: "talks will open on Thursday", «ستبدأ يوم الخميس».
//!
//! The nearest word that gives the tense away decides: first those before the weekday, then, where the weekday opens the
//! clause or the verb follows it closely, those behind it. Where none does, an ending that verbs of the past have in the
//! language tells, anywhere in the clause.

use super::languages::{LANGUAGES, Language};
use super::lexicon::Role;
use super::relative::Resolver;
use super::tokens::Kind;

/// Tokens that are looked at before the weekday, and behind one that opens its clause. Verbs stand nearer.
const REACH: (usize, usize) = (14, 10);
/// Tokens that are looked at behind a weekday in the middle of a clause.
const CLOSE: usize = 3;
/// So many words at most stand before a weekday that opens its clause ("But on", "أما يوم").
const OPENING: usize = 3;
/// A participle at most so many tokens behind "will" belongs to it ("will not be held").
const COMPOUND: usize = 3;

/// English participles that look like the past ("will be held").
const PARTICIPLES: &[&str] = &[
    "held", "met", "hit", "left", "made", "signed", "have", "killed", "struck", "won", "lost", "sent",
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tense {
    Future,
    Past,
}

impl Resolver<'_> {
    /// Whether the weekday `start..next` is one to come, if anything tells.
    pub(super) fn is_to_come(&self, start: usize, next: usize) -> Option<bool> {
        let langs = self.weekday_langs(start, next);
        let from = self.clause_start(start, &langs);
        for at in (from..start).rev() {
            match self.tense(at, &langs) {
                Some(Tense::Future) => return Some(true),
                Some(Tense::Past) => return Some(self.belongs_to_future(at, from, &langs)),
                None => {}
            }
        }
        // "It is expected that the talks open on Thursday"
        if self.opens_clause(from.wrapping_sub(1), &langs) {
            let before = from.saturating_sub(1 + COMPOUND)..from.saturating_sub(1);
            if before.rev().any(|at| self.tense(at, &langs) == Some(Tense::Future)) {
                return Some(true);
            }
        }
        let reach = if start - from <= OPENING { REACH.1 } else { CLOSE };
        let mut end = next;
        while end < next + reach && !self.ends_clause(end) && !self.opens_clause(end, &langs) {
            if let Some(tense) = self.tense(end, &langs) {
                return Some(tense == Tense::Future);
            }
            end += 1;
        }
        let ends_like_past = |at| self.ends_like(at, &langs, |language| (language.past_endings, ""));
        (from..start).chain(next..end).any(ends_like_past).then_some(false)
    }

    /// "will be held": the participle that is nearest does not make it the past.
    fn belongs_to_future(&self, at: usize, from: usize, langs: &[&str]) -> bool {
        let tokens = self.reader.tokens;
        let near = from.max(at.saturating_sub(COMPOUND))..at;
        let mut words = near
            .rev()
            .take_while(|&before| tokens.get(before).is_some_and(|token| token.kind != Kind::Mark));
        PARTICIPLES.contains(&tokens.folded(at)) && words.any(|before| self.tense(before, langs) == Some(Tense::Future))
    }

    /// The first token of the clause, not further away than is worth looking.
    fn clause_start(&self, at: usize, langs: &[&str]) -> usize {
        let least = at.saturating_sub(REACH.0);
        (least..at)
            .rev()
            .find(|&before| self.ends_clause(before) || self.opens_clause(before, langs))
            .map_or(least, |end| end + 1)
    }

    fn ends_clause(&self, at: usize) -> bool {
        let tokens = self.reader.tokens;
        tokens.get(at).is_none() || tokens.is_any_mark(at, ".!?؟;؛:…\"«»“”„")
    }

    fn opens_clause(&self, at: usize, langs: &[&str]) -> bool {
        let mut entries = self.reader.lexicon.at(self.reader.tokens, at);
        entries.any(|(entry, _)| entry.role == Role::OpensClause && langs.contains(&entry.lang))
    }

    /// The languages in which the words `start..next` are a weekday.
    fn weekday_langs(&self, start: usize, next: usize) -> Vec<&'static str> {
        let tokens = self.reader.tokens;
        let mut langs = Vec::new();
        for at in start..next {
            for (entry, _) in self.reader.lexicon.at(tokens, at) {
                if matches!(entry.role, Role::Weekday { .. }) && !langs.contains(&entry.lang) {
                    langs.push(entry.lang);
                }
            }
        }
        langs
    }

    fn tense(&self, at: usize, langs: &[&str]) -> Option<Tense> {
        let (lexicon, tokens) = (self.reader.lexicon, self.reader.tokens);
        // "à" is not "a", however words are folded.
        let raw = self.reader.raw(at);
        if !raw.is_ascii() && raw.chars().nth(1).is_none() {
            return None;
        }
        let said = lexicon.at(tokens, at).find_map(|(entry, next)| {
            let tense = match entry.role {
                Role::Future => Tense::Future,
                Role::Past => Tense::Past,
                _ => return None,
            };
            let spelt = self.is_accented(entry, at, next);
            (langs.contains(&entry.lang) && spelt).then_some(tense)
        });
        let future = |language: &Language| (language.future_endings, language.no_future);
        said.or_else(|| self.ends_like(at, langs, future).then_some(Tense::Future))
    }

    /// Whether the word at `at` has one of the endings of a language, and is none of the words that only look like it.
    fn ends_like(
        &self,
        at: usize,
        langs: &[&str],
        endings: impl Fn(&Language) -> (&'static str, &'static str),
    ) -> bool {
        let word = self.reader.raw(at).to_lowercase();
        let listed = |list: &'static str| list.split('|').filter(|one| !one.is_empty());
        let of_langs = LANGUAGES.iter().filter(|language| langs.contains(&language.code));
        of_langs.map(endings).any(|(endings, others)| {
            let stem = |end: &str| word.strip_suffix(end).is_some_and(|stem| stem.chars().nth(1).is_some());
            listed(endings).any(stem) && !listed(others).any(|other| other.to_lowercase() == word)
        })
    }
}
