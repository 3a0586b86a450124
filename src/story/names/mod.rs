//! Names: the people, places and organisations that a story is about.
//!
//! In: the headlines and leads of a story's articles, in any languages. Out: [`About`], lists of names by kind, each with
//! how many of the articles name it. A pure function ([`about`]): never reads the store, the clock or the network, needs no
//! model, and gives the same for the same texts in the same order. It never guesses a kind: a name that nothing speaks for
//! is left out.
//!
//! A first pass gathers candidates: runs of capitalised words (`cased`), in Arabic what stands after titles and other cue
//! words (`arabic`), and whatever the tables hold (`book`: countries and cities from the Unicode CLDR, regions and
//! organisations of our own, cue words, given names). What speaks for a kind is added up over all articles. Spellings of
//! one name meet by their last word, across scripts by its consonants ([`skeleton`]). A second pass counts the articles
//! that hold a name, surnames alone included.

mod arabic;
mod book;
mod cased;
mod people;
mod tokens;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde::{Deserialize, Serialize};

use crate::story::lexicon::skeleton;
use book::BOOK;
use tokens::{Token, arabic_forms};

/// What must speak for a kind before it is believed.
const BELIEVED: f64 = 2.0;
/// Letters of the consonants by which organisations and places in two languages meet, at least.
const SHORTEST_SKELETON: usize = 4;

/// What a name is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A person.
    Person,
    /// A country, region, city, sea and the like.
    Place,
    /// A party, company, authority, armed force and the like.
    Organisation,
}

/// The section `[names]` of the configuration.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// Articles of a story that are looked at, the newest ones, near-duplicates not among them.
    pub articles: usize,
    /// Characters of an article's text, after its headline, that are looked at.
    pub lead: usize,
    /// Articles that must name what is shown ...
    pub least_articles: usize,
    /// ... unless the story has no more than these: then every name is shown.
    pub small_story: usize,
    /// Names of a kind, at most.
    pub most: usize,
}

/// An article as far as names need it.
#[derive(Debug, Clone, Copy)]
pub struct Text<'a> {
    /// Headline.
    pub title: &'a str,
    /// Body, or its beginning.
    pub text: &'a str,
    /// Language code.
    pub lang: &'a str,
}

/// A name with its spellings.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Name {
    /// How it is written, by language code.
    pub names: BTreeMap<String, String>,
    /// Its id in the tables of places and organisations, which know its names in more languages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Articles that name it.
    pub articles: u64,
}

impl Name {
    /// The name in a language: as the tables have it, else as the story's articles write it, else in the first language
    /// of `others` that has it, else in any. With the language.
    pub fn shown<'a>(&'a self, lang: &'a str, others: &'a [String]) -> (&'a str, &'a str) {
        let one = |lang: &'a str| {
            let table = self.id.as_deref().and_then(|id| BOOK.shown(id, lang));
            let name = table.or_else(|| self.names.get(lang).map(String::as_str))?;
            Some((name, lang))
        };
        std::iter::once(lang)
            .chain(others.iter().map(String::as_str))
            .chain(self.names.keys().map(String::as_str))
            .find_map(one)
            .unwrap_or(("", "und"))
    }
}

/// What a story is about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct About {
    /// People, those named by most articles first.
    pub people: Vec<Name>,
    /// Places.
    pub places: Vec<Name>,
    /// Organisations.
    pub organisations: Vec<Name>,
}

/// A candidate in one text.
#[derive(Debug, Clone)]
pub(crate) struct Mention {
    /// Its words, as [`tokens`] gives them.
    keys: Vec<String>,
    /// Where it is, in bytes.
    start: usize,
    end: usize,
    /// What it seems to be, and how much speaks for that.
    kind: Option<Kind>,
    weight: f64,
    /// Its id in the tables.
    id: Option<&'static str>,
    /// Whether its capital is not only that of a sentence's beginning.
    sure: bool,
}

/// All that was seen of one spelling in one language.
#[derive(Debug, Clone, Default)]
struct Candidate {
    votes: BTreeMap<Kind, f64>,
    sure: bool,
    surfaces: BTreeMap<String, usize>,
    texts: BTreeSet<usize>,
}

impl Candidate {
    /// The kind that most speaks for, if enough does.
    fn kind(&self) -> Option<Kind> {
        let most = self.votes.iter().max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(a.0)));
        most.filter(|(_, weight)| **weight >= BELIEVED).map(|(kind, _)| *kind)
    }

    /// The spelling that is shown: the most frequent one; where words have cases the shortest, which is the nominative of
    /// most names.
    fn surface(&self, lang: &str) -> Option<&str> {
        let cases = matches!(lang, "ru" | "uk" | "be");
        let rank = |(surface, count): &(&String, &usize)| {
            let letters = if cases { surface.chars().count() } else { 0 };
            (std::cmp::Reverse(letters), **count)
        };
        let best = self
            .surfaces
            .iter()
            .max_by(|a, b| rank(a).cmp(&rank(b)).then(b.0.cmp(a.0)));
        best.map(|(surface, _)| surface.as_str())
    }
}

/// A name with all its spellings, before its articles are counted.
#[derive(Debug, Clone)]
struct Entity {
    kind: Kind,
    id: Option<&'static str>,
    names: BTreeMap<String, String>,
    /// Word sequences that stand for it, by language.
    sequences: BTreeSet<(String, Vec<String>)>,
    texts: BTreeSet<usize>,
    votes: f64,
}

/// Language and words of a spelling.
type Spelling = (String, Vec<String>);
/// By language and first word: the words of each spelling, and which name it is.
type Known<'a> = HashMap<(&'a str, &'a str), Vec<(&'a [String], usize)>>;

/// The people, places and organisations of some articles.
pub fn about(texts: &[Text<'_>], rules: &Rules) -> About {
    let read: Vec<Read> = texts.iter().map(|text| Read::new(text, rules.lead)).collect();
    let small: HashSet<(&str, &str)> = read
        .iter()
        .flat_map(|one| {
            one.found
                .iter()
                .filter(|token| !token.cap)
                .map(|token| (one.lang.as_str(), token.key.as_str()))
        })
        .collect();
    let mut tables: BTreeMap<&'static str, Entity> = BTreeMap::new();
    let mut candidates: BTreeMap<Spelling, Candidate> = BTreeMap::new();
    for (number, one) in read.iter().enumerate() {
        for mention in &one.mentions {
            let surface = one.text.get(mention.start..mention.end).unwrap_or_default().trim();
            if let (Some(id), Some(kind)) = (mention.id, mention.kind) {
                let entity = tables.entry(id).or_insert_with(|| Entity {
                    kind,
                    id: Some(id),
                    names: BTreeMap::new(),
                    sequences: BTreeSet::new(),
                    texts: BTreeSet::new(),
                    votes: 0.0,
                });
                entity.texts.insert(number);
                entity.votes += 1.0;
                let name = BOOK.shown(id, &one.lang).unwrap_or(surface);
                entity.names.entry(one.lang.clone()).or_insert_with(|| name.to_owned());
                continue;
            }
            let candidate = candidates.entry((one.lang.clone(), mention.keys.clone())).or_default();
            if let Some(kind) = mention.kind {
                *candidate.votes.entry(kind).or_default() += mention.weight;
            }
            candidate.sure |= mention.sure;
            candidate.texts.insert(number);
            *candidate
                .surfaces
                .entry(surface.split_whitespace().collect::<Vec<_>>().join(" "))
                .or_default() += 1;
        }
    }
    candidates.retain(|(lang, keys), candidate| {
        let [key] = keys.as_slice() else { return true };
        let common = !is_arabic(lang) && (!candidate.sure || small.contains(&(lang.as_str(), key.as_str())));
        key.chars().count() > 1
            && (!common
                || candidate
                    .votes
                    .get(&Kind::Person)
                    .is_some_and(|weight| *weight >= BELIEVED))
    });
    let mut entities: Vec<Entity> = tables.into_values().collect();
    entities.extend(people::people(&candidates));
    entities.extend(others(&candidates));
    count(&read, &mut entities);
    chosen(entities, texts.len(), rules)
}

/// A text with its words and its candidates.
struct Read {
    text: String,
    lang: String,
    found: Vec<Token>,
    mentions: Vec<Mention>,
}

impl Read {
    fn new(text: &Text<'_>, lead: usize) -> Self {
        let lang = text.lang.split('-').next().unwrap_or(text.lang).to_owned();
        let beginning = beginning(text.text, lead);
        let whole = format!("{}\n{beginning}", text.title);
        let found = tokens::tokens(&whole, &lang);
        let mentions = match lang.as_str() {
            "ar" | "fa" => arabic::mentions(&found, &lang),
            "zh" | "ja" | "ko" | "th" => Vec::new(),
            _ => {
                let kept: Vec<Token> = found
                    .chunk_by(|a, b| a.line == b.line)
                    .filter(|line| !cased::is_title_case(line, &lang))
                    .flatten()
                    .cloned()
                    .collect();
                cased::mentions(&kept, &lang)
            }
        };
        Self {
            text: whole,
            lang,
            found,
            mentions,
        }
    }
}

/// The beginning of a text, without a word that was cut through.
fn beginning(text: &str, lead: usize) -> &str {
    match text.char_indices().nth(lead) {
        None => text,
        Some((end, _)) => {
            let cut = text.get(..end).unwrap_or_default();
            cut.rfind(char::is_whitespace)
                .map_or(cut, |at| cut.get(..at).unwrap_or(cut))
        }
    }
}

fn is_arabic(lang: &str) -> bool {
    matches!(lang, "ar" | "fa")
}

/// Places and organisations that are in no table; the spellings of two languages meet by their consonants.
fn others(candidates: &BTreeMap<Spelling, Candidate>) -> Vec<Entity> {
    let mut met: BTreeMap<(Kind, String), Entity> = BTreeMap::new();
    for (spelling, candidate) in candidates {
        let Some(kind @ (Kind::Place | Kind::Organisation)) = candidate.kind() else {
            continue;
        };
        let (lang, keys) = spelling;
        let sounds: String = keys.iter().map(|key| skeleton(key)).collect();
        let meeting = if sounds.len() >= SHORTEST_SKELETON {
            sounds
        } else {
            keys.join(" ")
        };
        let entity = met.entry((kind, meeting)).or_insert_with(|| Entity {
            kind,
            id: None,
            names: BTreeMap::new(),
            sequences: BTreeSet::new(),
            texts: BTreeSet::new(),
            votes: 0.0,
        });
        if let Some(surface) = candidate.surface(lang) {
            // «Министерстве обороны»
            let name = match surface
                .strip_prefix("Министерств")
                .and_then(|rest| rest.split_once(' '))
            {
                Some((_, of)) if lang == "ru" => format!("Министерство {of}"),
                _ => surface.to_owned(),
            };
            entity.names.entry(lang.clone()).or_insert(name);
        }
        entity.sequences.insert(spelling.clone());
        entity.votes += candidate.votes.values().sum::<f64>();
    }
    met.into_values().collect()
}

/// Finds the texts that hold each name, in any of its spellings; where one begins with another the longer counts.
fn count(read: &[Read], entities: &mut [Entity]) {
    let mut known: Known<'_> = HashMap::new();
    let sequences: Vec<(usize, Spelling)> = entities
        .iter()
        .enumerate()
        .flat_map(|(at, entity)| entity.sequences.iter().map(move |spelling| (at, spelling.clone())))
        .collect();
    for (at, (lang, keys)) in &sequences {
        if let Some(first) = keys.first() {
            known.entry((lang, first)).or_default().push((keys, *at));
        }
    }
    for spellings in known.values_mut() {
        spellings.sort_by_key(|(keys, at)| (std::cmp::Reverse(keys.len()), *at));
    }
    let mut holds: Vec<(usize, usize)> = Vec::new();
    for (number, one) in read.iter().enumerate() {
        let mut at = 0;
        while let Some(token) = one.found.get(at) {
            let arabic = is_arabic(&one.lang);
            let forms = if arabic {
                arabic_forms(&token.key)
            } else {
                vec![token.key.clone()]
            };
            let hit = forms.iter().filter(|_| arabic || token.cap).find_map(|form| {
                let spellings = known.get(&(one.lang.as_str(), form.as_str()))?;
                spellings.iter().find(|(keys, _)| {
                    let rest = keys.iter().enumerate().skip(1);
                    rest.into_iter().all(|(step, key)| {
                        one.found
                            .get(at + step)
                            .is_some_and(|token| token.joined && token.key == *key)
                    })
                })
            });
            match hit {
                Some((keys, entity)) => {
                    holds.push((*entity, number));
                    at += keys.len().max(1);
                }
                None => at += 1,
            }
        }
    }
    for (entity, number) in holds {
        if let Some(entity) = entities.get_mut(entity) {
            entity.texts.insert(number);
        }
    }
}

/// What is shown, by kind, the most named first.
fn chosen(mut entities: Vec<Entity>, texts: usize, rules: &Rules) -> About {
    let least = if texts <= rules.small_story {
        1
    } else {
        rules.least_articles
    };
    entities.retain(|entity| entity.texts.len() >= least.max(1) && !entity.names.is_empty());
    entities.sort_by(|a, b| {
        let count = b.texts.len().cmp(&a.texts.len());
        count.then(b.votes.total_cmp(&a.votes)).then(a.names.cmp(&b.names))
    });
    let of = |kind: Kind| {
        let named = entities.iter().filter(|entity| entity.kind == kind).take(rules.most);
        named
            .map(|entity| Name {
                names: entity.names.clone(),
                id: entity.id.map(str::to_owned),
                articles: entity.texts.len() as u64,
            })
            .collect()
    };
    About {
        people: of(Kind::Person),
        places: of(Kind::Place),
        organisations: of(Kind::Organisation),
    }
}

#[cfg(test)]
mod tests;
