//! Words with their rarity: running document frequencies by language, and names that meet across scripts.
//!
//! A name's skeleton is its consonants in one Latin spelling («قره باغ» → `krbg`, Karabakh → `krbk`): coarse on
//! purpose, vowels and doubled letters are what transliterations disagree on.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::extract::fold::fold;

/// A sparse unit vector: (term, weight), sorted by term.
pub type Sparse = Vec<(u32, f32)>;

/// How many code points of an article are looked at: the headline and the lead carry the story.
const LEAD: usize = 600;

/// Skeletons shorter than this match too much.
const SHORTEST_SKELETON: usize = 3;

/// A word in this many texts or fewer is not common, however few texts there are.
const FEW: u32 = 10;

/// What the lexicon makes of one text.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Bag {
    /// Words of the article's own language, weighted by rarity.
    pub words: Sparse,
    /// Skeletons of its words, one space for all languages, weighted by rarity.
    pub names: Sparse,
}

/// Running document frequencies. Grows with what arrives and never forgets, so that the order of arrival alone
/// decides a weight.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Lexicon {
    words: Frequencies,
    names: Frequencies,
    by_language: HashMap<String, u32>,
    /// Function words of the languages that were seen, folded.
    function_words: HashMap<String, HashSet<String>>,
    texts: u32,
    /// How a folded word was written when it was first seen.
    spellings: HashMap<String, String>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(from = "Counted")]
struct Frequencies {
    #[serde(skip)]
    ids: HashMap<String, u32>,
    terms: Vec<String>,
    counts: Vec<u32>,
}

/// [`Frequencies`] as they are saved: a term's place is its number.
#[derive(Deserialize)]
struct Counted {
    terms: Vec<String>,
    counts: Vec<u32>,
}

impl From<Counted> for Frequencies {
    fn from(Counted { terms, mut counts }: Counted) -> Self {
        counts.resize(terms.len(), 0);
        Self {
            ids: terms.iter().cloned().zip(0..).collect(),
            terms,
            counts,
        }
    }
}

impl Frequencies {
    fn id(&mut self, term: &str) -> u32 {
        if let Some(id) = self.ids.get(term) {
            return *id;
        }
        let id = self.terms.len() as u32;
        self.ids.insert(term.to_owned(), id);
        self.terms.push(term.to_owned());
        self.counts.push(0);
        id
    }

    /// Counts a text's terms and weighs them: (1 + ln tf) · ln((N + 1) / (df + ½)), scaled to unit length.
    fn weigh(&mut self, terms: impl Iterator<Item = String>, texts: f32) -> Sparse {
        let mut frequency: HashMap<u32, u32> = HashMap::new();
        for term in terms {
            *frequency.entry(self.id(&term)).or_default() += 1;
        }
        let mut sparse: Sparse = frequency
            .into_iter()
            .map(|(id, tf)| {
                let df = match self.counts.get_mut(id as usize) {
                    Some(count) => {
                        *count += 1;
                        *count as f32
                    }
                    None => 1.0,
                };
                let rarity = ((texts + 1.0) / (df + 0.5)).ln().max(0.0);
                (id, (1.0 + (tf as f32).ln()) * rarity)
            })
            .filter(|(_, weight)| *weight > 0.0)
            .collect();
        sparse.sort_unstable_by_key(|(id, _)| *id);
        let norm = sparse.iter().map(|(_, weight)| weight * weight).sum::<f32>().sqrt();
        if norm > 0.0 {
            sparse.iter_mut().for_each(|(_, weight)| *weight /= norm);
        }
        sparse
    }
}

impl Lexicon {
    /// An empty lexicon.
    pub fn new() -> Self {
        Self::default()
    }

    /// Learns a text's words and answers with them, weighted by what has been seen so far.
    pub fn learn(&mut self, text: &str, lang: &str) -> Bag {
        let lead: String = text.chars().take(LEAD).collect();
        let folded = fold(&lead);
        let words: Vec<&str> = folded.split_whitespace().collect();
        self.learn_spellings(&lead);
        self.texts += 1;
        if !self.function_words.contains_key(lang) {
            let listed = stop_words::lookup(lang).unwrap_or_default();
            let folded = listed.iter().map(|word| fold(word)).collect();
            self.function_words.insert(lang.to_owned(), folded);
        }
        let known = self.by_language.entry(lang.to_owned()).or_default();
        *known += 1;
        // A few imagined texts keep the first articles of a language from making every word common.
        let in_language = *known as f32 + 50.0;
        Bag {
            names: self.names.weigh(
                words
                    .iter()
                    .map(|word| skeleton(word))
                    .filter(|skeleton| skeleton.len() >= SHORTEST_SKELETON),
                self.texts as f32 + 50.0,
            ),
            words: self.words.weigh(
                words
                    .iter()
                    .filter(|word| !word.chars().all(|c| c.is_ascii_digit()))
                    .map(|word| format!("{lang}:{word}")),
                in_language,
            ),
        }
    }

    /// The word behind a term of [`Bag::words`], as it was written when it was first seen.
    pub fn word(&self, term: u32) -> Option<&str> {
        let (_, folded) = self.words.terms.get(term as usize)?.split_once(':')?;
        Some(self.spellings.get(folded).map_or(folded, String::as_str))
    }

    /// The language of a term of [`Bag::words`].
    pub fn language(&self, term: u32) -> Option<&str> {
        let (lang, _) = self.words.terms.get(term as usize)?.split_once(':')?;
        Some(lang)
    }

    /// Whether a term of [`Bag::words`] is in so many of its language's texts that it says nothing: more than half of
    /// them, and more than [`FEW`].
    pub fn is_common(&self, term: u32) -> bool {
        let Some((lang, _)) = self
            .words
            .terms
            .get(term as usize)
            .and_then(|term| term.split_once(':'))
        else {
            return false;
        };
        let known = self.by_language.get(lang).copied().unwrap_or_default();
        self.words
            .counts
            .get(term as usize)
            .is_some_and(|count| *count > FEW && *count > known / 2)
    }

    /// Whether a term of [`Bag::words`] is a function word of its language by the list of stopwords-iso, which is generous: it
    /// has "fire" and "bill", too.
    pub fn is_function_word(&self, term: u32) -> bool {
        let term = self.words.terms.get(term as usize);
        term.and_then(|term| term.split_once(':'))
            .is_some_and(|(lang, word)| self.function_words.get(lang).is_some_and(|words| words.contains(word)))
    }

    fn learn_spellings(&mut self, text: &str) {
        let letter = |c: char| c.is_alphanumeric() || is_combining_mark(c) || c == '\u{0640}';
        for written in text.split(|c: char| !letter(c)).filter(|word| !word.is_empty()) {
            let folded = fold(written);
            if !folded.contains(' ') && !self.spellings.contains_key(&folded) {
                self.spellings.insert(folded, written.to_owned());
            }
        }
    }
}

/// The product of two sparse unit vectors: their cosine.
pub fn cosine(a: &Sparse, b: &Sparse) -> f32 {
    let (mut i, mut j, mut sum) = (0, 0, 0.0);
    while let (Some((x, p)), Some((y, q))) = (a.get(i), b.get(j)) {
        match x.cmp(y) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => {
                sum += p * q;
                i += 1;
                j += 1;
            }
        }
    }
    sum
}

/// The consonants of a word in one Latin spelling, repeated letters once. Empty for a word without any that is known.
pub fn skeleton(word: &str) -> String {
    let mut plain: String = word.nfkd().flat_map(char::to_lowercase).collect();
    for (spelling, sound) in [
        ("sh", "s"),
        ("ch", "s"),
        ("kh", "k"),
        ("ph", "f"),
        ("th", "t"),
        ("gh", "g"),
        ("ck", "k"),
    ] {
        if plain.contains(spelling) {
            plain = plain.replace(spelling, sound);
        }
    }
    let mut skeleton = String::new();
    for sound in plain.chars().flat_map(|c| sounds(c).chars()) {
        if !skeleton.ends_with(sound) {
            skeleton.push(sound);
        }
    }
    skeleton
}

/// The consonants that a letter stands for; none for a vowel, a digit or a letter of another script.
fn sounds(letter: char) -> &'static str {
    match letter {
        'b' | 'p' | 'ب' | 'پ' | 'б' | 'п' | 'β' | 'π' => "b",
        'c' | 'k' | 'q' | 'ك' | 'ک' | 'ق' | 'خ' | 'к' | 'х' | 'κ' | 'χ' => "k",
        'd' | 'د' | 'ذ' | 'ض' | 'д' | 'δ' => "d",
        'f' | 'v' | 'ف' | 'ф' | 'в' | 'φ' => "f",
        'g' | 'j' | 'ج' | 'غ' | 'گ' | 'г' | 'ґ' | 'γ' => "g",
        'h' | 'ح' | 'ه' => "h",
        'l' | 'ل' | 'л' | 'λ' => "l",
        'm' | 'م' | 'м' | 'μ' => "m",
        'n' | 'ن' | 'н' | 'ν' => "n",
        'r' | 'ر' | 'р' | 'ρ' => "r",
        's' | 'س' | 'ش' | 'ص' | 'چ' | 'с' | 'ц' | 'ч' | 'ш' | 'щ' | 'σ' | 'ς' => "s",
        't' | 'ت' | 'ث' | 'ط' | 'т' | 'τ' | 'θ' => "t",
        'x' | 'ξ' => "ks",
        'z' | 'ز' | 'ظ' | 'ژ' | 'ж' | 'з' | 'ζ' => "z",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_meet_across_scripts() {
        for (arabic, latin, russian) in [
            ("كورسك", "Kursk", "Курск"),
            ("سودان", "Sudan", "Судан"),
            ("ماكرون", "Macron", "Макрон"),
        ] {
            assert_eq!(skeleton(arabic), skeleton(latin), "{latin}");
            assert_eq!(skeleton(russian), skeleton(latin), "{latin}");
        }
    }

    #[test]
    fn rare_words_weigh_more() {
        let mut lexicon = Lexicon::new();
        for text in ["the ceasefire holds", "the talks fail", "the bridge falls"] {
            lexicon.learn(text, "en");
        }
        let a = lexicon.learn("the ceasefire", "en");
        let weights: Vec<f32> = a.words.iter().map(|(_, weight)| *weight).collect();
        let the = a.words.iter().position(|(term, _)| lexicon.word(*term) == Some("the"));
        let the = weights[the.expect("the word is there")];
        assert!(weights.iter().any(|weight| *weight > the), "{weights:?}");
    }

    #[test]
    fn words_of_every_text_are_common() {
        let mut lexicon = Lexicon::new();
        for place in 0..12 {
            lexicon.learn(&format!("the news from place{place}"), "en");
        }
        let bag = lexicon.learn("the bridge", "en");
        let common = |wanted: &str| {
            let term = bag.words.iter().find(|(term, _)| lexicon.word(*term) == Some(wanted));
            lexicon.is_common(term.expect("the word is there").0)
        };
        assert!(common("the") && !common("bridge"));
    }

    #[test]
    fn function_words_are_known_by_language() {
        let mut lexicon = Lexicon::new();
        for (lang, text, function) in [
            ("en", "why Kursk", "why"),
            ("ar", "منذ كورسك", "منذ"),
            ("ru", "почему Курск", "почему"),
            ("fr", "pourquoi Koursk", "pourquoi"),
        ] {
            let bag = lexicon.learn(text, lang);
            assert_eq!(bag.words.len(), 2);
            for (term, _) in bag.words {
                let is_function_word = lexicon.word(term) == Some(function);
                assert_eq!(
                    lexicon.is_function_word(term),
                    is_function_word,
                    "{:?}",
                    lexicon.word(term)
                );
            }
        }
    }

    #[test]
    fn a_language_does_not_share_words_with_another() {
        let mut lexicon = Lexicon::new();
        let a = lexicon.learn("final", "en");
        let b = lexicon.learn("final", "es");
        assert_eq!(cosine(&a.words, &b.words), 0.0);
        assert!(cosine(&a.names, &b.names) > 0.99);
    }
}
