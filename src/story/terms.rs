//! Key terms of a story, and which of them a reader is shown.
//!
//! In: the words that weigh most in each of a story's languages, best first, and the names that its articles give. Out: a few terms,
//! those in the reader's language before the others; words that are parts of one name stand as that name, once.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::names::About;
use crate::extract::fold::fold;

/// Terms that are kept of a language, and terms that are shown.
pub const MOST: usize = 8;

/// A key term.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Stored")]
pub struct Term {
    /// The word, in its own spelling.
    pub word: String,
    /// The language of the articles that have it; empty where a store from before does not say it.
    pub lang: String,
}

/// How a term is kept: stores from before have the word alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum Stored {
    Word(String),
    Term { word: String, lang: String },
}

impl From<Stored> for Term {
    fn from(stored: Stored) -> Self {
        match stored {
            Stored::Word(word) => Self {
                word,
                lang: String::new(),
            },
            Stored::Term { word, lang } => Self { word, lang },
        }
    }
}

/// The terms that a reader is shown, best first: those in the reader's language, if there is one, then the others.
pub fn shown(terms: &[Term], reader: Option<&str>, about: &About) -> Vec<String> {
    let own = |term: &&Term| Some(term.lang.as_str()) == reader;
    let order = terms.iter().filter(own).chain(terms.iter().filter(|term| !own(term)));
    let (mut shown, mut seen) = (Vec::new(), BTreeSet::new());
    for term in order {
        if seen.contains(&term.word) {
            continue;
        }
        // A name takes the places of all its words.
        let name = name_of(term, terms, about).filter(|name| !shown.contains(name));
        match name {
            Some(name) => {
                let parts = parts(&name);
                let of_name = |one: &&Term| one.lang == term.lang && parts.contains(&fold(&one.word));
                seen.extend(terms.iter().filter(of_name).map(|one| one.word.clone()));
                shown.push(name);
            }
            None => shown.push(term.word.clone()),
        }
        seen.insert(term.word.clone());
        if shown.len() == MOST {
            break;
        }
    }
    shown
}

/// A name in a term's language that the term and another term are words of: that with the fewest other words.
fn name_of(term: &Term, terms: &[Term], about: &About) -> Option<String> {
    let folded = fold(&term.word);
    let all = about.places.iter().chain(&about.people).chain(&about.organisations);
    let spelled = all.filter_map(|name| name.names.get(&term.lang));
    let fitting = spelled.filter(|name| {
        let parts = parts(name);
        let others = terms
            .iter()
            .filter(|one| one.lang == term.lang && one.word != term.word);
        parts.contains(&folded) && others.map(|one| fold(&one.word)).any(|other| parts.contains(&other))
    });
    fitting.min_by_key(|name| parts(name).len()).cloned()
}

fn parts(name: &str) -> BTreeSet<String> {
    fold(name).split(' ').map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::story::names::Name;

    fn terms(of: &[(&str, &str)]) -> Vec<Term> {
        let term = |(word, lang): &(&str, &str)| Term {
            word: (*word).to_owned(),
            lang: (*lang).to_owned(),
        };
        of.iter().map(term).collect()
    }

    #[test]
    fn the_reader_s_language_comes_first() {
        let all = terms(&[
            ("هدنة", "ar"),
            ("Kursk", "en"),
            ("الحدود", "ar"),
            ("border", "en"),
            ("Kursk", "fr"),
        ]);
        let about = About::default();
        assert_eq!(shown(&all, Some("en"), &about), ["Kursk", "border", "هدنة", "الحدود"]);
        assert_eq!(shown(&all, Some("fr"), &about), ["Kursk", "هدنة", "الحدود", "border"]);
        assert_eq!(shown(&all, None, &about), ["هدنة", "Kursk", "الحدود", "border"]);
        let many: Vec<(String, String)> = (0..20).map(|n| (format!("word{n}"), "en".to_owned())).collect();
        let many: Vec<Term> = many.into_iter().map(|(word, lang)| Term { word, lang }).collect();
        assert_eq!(shown(&many, Some("ar"), &about).len(), MOST);
    }

    #[test]
    fn words_of_a_name_stand_as_the_name() {
        let name = |lang: &str, name: &str| Name {
            names: [(lang.to_owned(), name.to_owned())].into(),
            ..Name::default()
        };
        let about = About {
            people: vec![name("en", "Ilham Aliyev")],
            places: vec![name("ar", "ناغورني قرة باغ"), name("ar", "قره باغ")],
            ..About::default()
        };
        let all = terms(&[
            ("قره", "ar"),
            ("اتفاق", "ar"),
            ("باغ", "ar"),
            ("Aliyev", "en"),
            ("باغ", "fa"),
        ]);
        assert_eq!(shown(&all, Some("ar"), &about), ["قره باغ", "اتفاق", "Aliyev"]);
        let one = terms(&[("باغ", "ar")]);
        assert_eq!(shown(&one, None, &about), ["باغ"], "one word is no name");
    }

    #[test]
    fn terms_of_stores_from_before_are_read() {
        let read: Vec<Term> = serde_json::from_str(r#"["bridge",{"word":"جسر","lang":"ar"}]"#).unwrap();
        assert_eq!(read, terms(&[("bridge", ""), ("جسر", "ar")]));
        let written = serde_json::to_string(&read).unwrap();
        assert_eq!(serde_json::from_str::<Vec<Term>>(&written).unwrap(), read);
    }
}
