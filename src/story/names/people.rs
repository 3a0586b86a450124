//! One person's spellings: with and without given names, in several languages and scripts.

use std::collections::{BTreeMap, BTreeSet};

use super::book::BOOK;
use super::{Candidate, Entity, Kind, Spelling};
use crate::story::lexicon::skeleton;

/// Consonants of a surname that is believed to be one person's in two languages without a look at the given name.
const LONG_SKELETON: usize = 3;

/// Endings of surnames in «ский» that are neither the nominative nor a woman's.
const MASCULINE_CASES: [&str; 4] = ["ского", "скому", "ским", "ском"];

/// One person in one language.
struct Person<'a> {
    lang: &'a str,
    /// First word of the fullest spelling; none when only the surname is known.
    given: Option<&'a str>,
    surname: &'a str,
    spellings: Vec<(&'a Spelling, &'a Candidate)>,
}

impl Person<'_> {
    fn votes(&self) -> f64 {
        self.spellings.iter().flat_map(|(_, one)| one.votes.values()).sum()
    }

    fn mentions(&self) -> usize {
        self.spellings.iter().map(|(_, one)| one.texts.len()).sum()
    }

    fn name(&self) -> Option<String> {
        let full = self.spellings.iter().filter(|((_, keys), _)| keys.len() > 1);
        let most = full.max_by_key(|((_, keys), one)| (one.texts.len(), keys.len()));
        let (spelling, candidate) = most.or_else(|| self.spellings.first())?;
        let surface = candidate.surface(&spelling.0)?;
        Some(nominative(surface, &spelling.1).unwrap_or_else(|| surface.to_owned()))
    }
}

/// The people among the candidates.
pub(super) fn people(candidates: &BTreeMap<Spelling, Candidate>) -> Vec<Entity> {
    let mut by_surname: BTreeMap<(&str, &str), Vec<(&Spelling, &Candidate)>> = BTreeMap::new();
    for (spelling, candidate) in candidates {
        let (lang, keys) = spelling;
        if let Some(last) = keys.last()
            && (candidate.kind() == Some(Kind::Person) || (keys.len() == 1 && candidate.kind().is_none()))
        {
            by_surname
                .entry((lang, bare(last, lang)))
                .or_default()
                .push((spelling, candidate));
        }
    }
    let mut known: Vec<Person<'_>> = Vec::new();
    for ((lang, surname), spellings) in by_surname {
        known.extend(of_surname(lang, surname, spellings));
    }
    // Those with most mentions first: others join them.
    known.sort_by(|a, b| {
        let full = b.given.is_some().cmp(&a.given.is_some());
        full.then(b.mentions().cmp(&a.mentions()))
            .then((a.lang, a.surname).cmp(&(b.lang, b.surname)))
    });
    let mut met: Vec<Vec<Person<'_>>> = Vec::new();
    for person in known {
        let same = met.iter_mut().find(|group| {
            group.iter().all(|other| other.lang != person.lang) && group.iter().any(|other| is_same(other, &person))
        });
        match same {
            Some(group) => group.push(person),
            None => met.push(vec![person]),
        }
    }
    met.iter().map(|group| entity(group)).collect()
}

/// The people of one surname in one language: each given name is one; a surname alone is the most named one's.
fn of_surname<'a>(lang: &'a str, surname: &'a str, spellings: Vec<(&'a Spelling, &'a Candidate)>) -> Vec<Person<'a>> {
    let mut full: BTreeMap<&str, Person<'a>> = BTreeMap::new();
    let mut alone = Vec::new();
    let all: Vec<&[String]> = spellings.iter().map(|((_, keys), _)| keys.as_slice()).collect();
    // «Peña Nieto» is «Enrique Peña Nieto».
    let fullest = |keys: &'a [String]| -> &'a [String] {
        let longer = all
            .iter()
            .filter(|other| other.len() > keys.len() && other.ends_with(keys));
        longer.max_by_key(|other| other.len()).copied().unwrap_or(keys)
    };
    for (spelling, candidate) in spellings {
        let keys: &'a [String] = &spelling.1;
        match if keys.len() > 1 { fullest(keys) } else { keys } {
            [first, .., _] => {
                let person = full.entry(first.as_str()).or_insert_with(|| Person {
                    lang,
                    given: Some(first),
                    surname,
                    spellings: Vec::new(),
                });
                person.spellings.push((spelling, candidate));
            }
            _ => alone.push((spelling, candidate)),
        }
    }
    let most = full
        .iter()
        .max_by(|a, b| a.1.mentions().cmp(&b.1.mentions()).then(b.0.cmp(a.0)))
        .map(|(given, _)| *given);
    match most.and_then(|given| full.get_mut(given)) {
        Some(person) => person.spellings.extend(alone),
        None => {
            alone.retain(|(_, candidate)| candidate.kind() == Some(Kind::Person));
            if !alone.is_empty() {
                return vec![Person {
                    lang,
                    given: None,
                    surname,
                    spellings: alone,
                }];
            }
        }
    }
    full.into_values().collect()
}

/// Whether two people of two languages are one.
fn is_same(a: &Person<'_>, b: &Person<'_>) -> bool {
    let (surname, other) = (sounds(a.surname), sounds(b.surname));
    if surname.len() < 2 || surname != other {
        return false;
    }
    match (a.given, b.given) {
        (Some(given), Some(theirs)) => {
            let (given, theirs) = (sounds(given), sounds(theirs));
            given == theirs
                || surname.len() >= LONG_SKELETON && given.chars().next() == theirs.chars().next()
                || surname.len() > LONG_SKELETON
        }
        _ => surname.len() >= LONG_SKELETON,
    }
}

/// Consonants, those alike that transliterations confuse: «Зеленский», Selenskyj; Нетаньяху, Netanyahu.
fn sounds(word: &str) -> String {
    let mut sounds = String::new();
    for sound in skeleton(word).chars() {
        let sound = match sound {
            'h' | 'g' => 'k',
            'z' => 's',
            other => other,
        };
        if !sounds.ends_with(sound) {
            sounds.push(sound);
        }
    }
    sounds
}

/// A surname without the article that is written into it.
fn bare<'a>(word: &'a str, lang: &str) -> &'a str {
    match word.strip_prefix("ال") {
        Some(rest) if lang == "ar" && rest.chars().count() >= 3 => rest,
        _ => word,
    }
}

/// A man's name in Cyrillic without its case: «Алексея Смирнова». `None` when the given name is not known, is a woman's,
/// or stands as it should.
fn nominative(surface: &str, keys: &[String]) -> Option<String> {
    let (written, rest) = surface.split_once(' ')?;
    let given = BOOK.nominative(keys.first()?)?;
    if given.ends_with(['а', 'я']) {
        return None;
    }
    // «Владимир Зеленского»: the given name stands as it should and the surname in a case that only a man's has.
    let is_mixed = || {
        rest.split(' ')
            .any(|word| MASCULINE_CASES.iter().any(|end| word.ends_with(end)))
    };
    if given == written.to_lowercase() && !is_mixed() {
        return None;
    }
    let mut name: String = given
        .chars()
        .take(1)
        .flat_map(char::to_uppercase)
        .chain(given.chars().skip(1))
        .collect();
    for (word, key) in rest.split(' ').zip(keys.iter().skip(1)) {
        let is_oblique = MASCULINE_CASES.iter().any(|end| word.ends_with(end));
        // «Дагло» has no cases.
        let kept = if word.ends_with(['о', 'и']) && !is_oblique {
            word.chars().count()
        } else {
            key.chars().count()
        };
        let stem: String = word.chars().take(kept).collect();
        name.push(' ');
        name.push_str(&stem);
        if stem.ends_with("ск") && kept < word.chars().count() {
            name.push_str("ий");
        }
    }
    Some(name)
}

fn entity(group: &[Person<'_>]) -> Entity {
    let mut names = BTreeMap::new();
    let mut sequences = BTreeSet::new();
    for person in group {
        if let Some(name) = person.name() {
            names.insert(person.lang.to_owned(), name);
        }
        for (spelling, _) in &person.spellings {
            sequences.insert((*spelling).clone());
            // The surname alone.
            if let Some(last) = spelling.1.last().filter(|last| last.chars().count() >= 3) {
                sequences.insert((person.lang.to_owned(), vec![last.clone()]));
            }
        }
    }
    Entity {
        kind: Kind::Person,
        id: None,
        names,
        sequences,
        texts: BTreeSet::new(),
        votes: group.iter().map(Person::votes).sum(),
    }
}
