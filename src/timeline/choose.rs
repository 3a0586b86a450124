//! What is said of a day: the sentences that tell most of the day and of the story and do not repeat each other (maximal
//! marginal relevance, Carbonell and Goldstein 1998), each with the others that tell of the same happening. A sentence
//! that does not stand alone speaks only where no other does.

use std::collections::BTreeSet;

use crate::article::Dated;
use crate::story::lexicon::cosine;
use crate::timeline::Story;
use crate::timeline::read::Sentence;
use crate::timeline::words::{Keys, Vector, centroid};

/// Added to the score of a sentence in the reader's language, beyond what everything else can give.
const READERS_LANGUAGE: f32 = 10.0;
/// Weight of a matter that all articles of the story have.
const COMMON: f32 = 0.5;
/// What stands for matters that a sentence may have and the table lacks, in squares of weights.
const FEW: f32 = 1.0;
/// Share of `same` that sentences in one language have in words at least if they tell of the same.
const SOME_WORDS: f32 = 0.5;
/// How many times the likeness of matters is asked for where one of two sentences does not name the day.
const MORE_MATTER: f32 = 1.18;
/// How many times the rarity of names is asked for where two sentences tell of other things.
const MORE_NAMES: f32 = 1.5;

/// One happening of a day.
#[derive(Debug)]
pub struct Chosen {
    /// The sentence that speaks for it.
    pub best: usize,
    /// All sentences that tell of it, the best one first.
    pub members: Vec<usize>,
}

/// Chooses up to `most` of the candidates of a day; those that tell of something chosen join it and are used up.
pub fn choose(
    candidates: &[usize],
    day: Option<Dated>,
    most: usize,
    story: &Story<'_>,
    used: &mut BTreeSet<usize>,
) -> Vec<Chosen> {
    let settings = &story.options.settings;
    let reader = story.options.lang.as_deref();
    let free = candidates.iter().filter(|number| !used.contains(number));
    let all: Vec<(usize, &Sentence<'_>)> = free
        .filter_map(|&number| Some((number, story.sentences.get(number)?)))
        .collect();
    let long = |one: &Sentence<'_>| one.words.stems.len() >= settings.shortest;
    let (mut open, mut rest): (Vec<_>, Vec<_>) = all.into_iter().partition(|(_, one)| one.alone && long(one));
    // Where nothing can speak in the reader's language, or at all, the others do.
    let readers = |one: &Sentence<'_>| reader.is_some_and(|lang| lang == story.lang(one));
    if !open.iter().any(|(_, one)| readers(one)) {
        let (more, less): (Vec<_>, Vec<_>) = rest.into_iter().partition(|(_, one)| readers(one) && long(one));
        open.extend(more);
        rest = less;
    }
    if open.is_empty() {
        let (more, less): (Vec<_>, Vec<_>) = rest.into_iter().partition(|(_, one)| long(one));
        (open, rest) = if more.is_empty() { (less, more) } else { (more, less) };
    }
    let middle = centroid(open.iter().map(|(_, one)| &one.vector));
    let length = |one: &Sentence<'_>| (one.words.stems.len().max(1) as f32 / settings.best_length).ln().abs();
    let mut waiting: Vec<(usize, &Sentence<'_>, f32)> = open
        .into_iter()
        .map(|(number, one)| {
            let worth = settings.centrality * cosine(&one.vector, &middle) + settings.story * one.central
                - settings.length * length(one)
                - if story.foretells(one, day) {
                    settings.foretold
                } else {
                    0.0
                }
                + if readers(one) { READERS_LANGUAGE } else { 0.0 };
            (number, one, worth)
        })
        .collect();
    let mut chosen: Vec<Chosen> = Vec::new();
    let mut said: Vec<&Vector> = Vec::new();
    while chosen.len() < most && !waiting.is_empty() {
        let mut best = (0, f32::NEG_INFINITY);
        for (at, (_, one, worth)) in waiting.iter().enumerate() {
            let repeated = said
                .iter()
                .map(|vector| cosine(&one.vector, vector))
                .fold(0.0, f32::max);
            let value = worth - (1.0 - settings.centrality) * repeated;
            if value > best.1 {
                best = (at, value);
            }
        }
        let (number, sentence, _) = waiting.remove(best.0);
        let mut members = vec![number];
        let mut told = vec![sentence];
        let mut asked = 0;
        // What tells the same as a member in another language belongs, too: a language of few words is met through another.
        while let Some(&member) = told.get(asked) {
            let same = |one: &Sentence<'_>| match asked {
                0 => tell_the_same(member, one, story),
                _ => story.lang(one) != story.lang(member) && follows(member, one, story),
            };
            let more = waiting.extract_if(.., |(_, one, _)| same(one));
            let mut found: Vec<(usize, &Sentence<'_>)> = more.map(|(other, one, _)| (other, one)).collect();
            found.extend(rest.extract_if(.., |(_, one)| same(one)));
            members.extend(found.iter().map(|(other, _)| other));
            told.extend(found.into_iter().map(|(_, one)| one));
            asked += 1;
        }
        used.extend(members.iter().copied());
        said.push(&sentence.vector);
        chosen.push(Chosen { best: number, members });
    }
    chosen
}

/// Whether two sentences of one time tell of the same happening: by their words in one language, by rare numbers and names in two,
/// by what they tell of in any.
pub fn tell_the_same(a: &Sentence<'_>, b: &Sentence<'_>, story: &Story<'_>) -> bool {
    are_one(a, b, shared(&a.matters, &b.matters), story)
}

/// Whether a sentence tells of the same happening as one that was joined itself: what nearly all of the story tells of leads from
/// one happening to the next, and lends nothing if both tell of something else.
fn follows(member: &Sentence<'_>, one: &Sentence<'_>, story: &Story<'_>) -> bool {
    match member.own_matters.is_empty() || one.own_matters.is_empty() {
        true => tell_the_same(member, one, story),
        false => are_one(member, one, shared(&member.own_matters, &one.own_matters), story),
    }
}

/// The same, where `told` are the rarities of the shared matters that count.
fn are_one(a: &Sentence<'_>, b: &Sentence<'_>, told: impl Iterator<Item = f32>, story: &Story<'_>) -> bool {
    let settings = &story.options.settings;
    let words = cosine(&a.vector, &b.vector);
    if words >= settings.same {
        return true;
    }
    // "At 1 p.m." on the same day, and one matter beside it, is one happening however it is told.
    let any_matter = shared(&a.matters, &b.matters).next().is_some();
    let hour = any_matter && shared(&a.hours, &b.hours).next().is_some();
    if story.lang(a) == story.lang(b) {
        return hour && words >= settings.same * SOME_WORDS;
    }
    // Names go through all of a story: where two sentences tell of other things, more of them are asked for.
    let apart = !any_matter && !a.matters.is_empty() && !b.matters.is_empty();
    let more = if apart { MORE_NAMES } else { 1.0 };
    let names = shared(&a.keys, &b.keys);
    let (most, sum) = names.fold((0.0_f32, 0.0), |(most, sum), rarity| (most.max(rarity), sum + rarity));
    // What was only published on the day may tell of anything.
    let named = !a.named.is_empty() && !b.named.is_empty();
    let alike = settings.same_matter * if named { 1.0 } else { MORE_MATTER };
    hour || likeness(a, b, told) >= alike || most >= settings.rare_name * more || sum >= settings.shared_names * more
}

/// The rarities of the keys that two sentences share.
fn shared<'a>(a: &'a Keys, b: &'a Keys) -> impl Iterator<Item = f32> + 'a {
    let has = |key: u32| b.binary_search_by_key(&key, |&(other, _)| other).is_ok();
    a.iter().filter(move |&&(key, _)| has(key)).map(|&(_, rarity)| rarity)
}

/// How much alike is what two sentences tell of, 0 to 1: the cosine of their matters, less where these are few and common. Of the
/// matters that they share those in `told` count.
fn likeness(a: &Sentence<'_>, b: &Sentence<'_>, told: impl Iterator<Item = f32>) -> f32 {
    let weight = |rarity: f32| (COMMON + rarity) * (COMMON + rarity);
    let norm = |keys: &Keys| FEW + keys.iter().map(|&(_, rarity)| weight(rarity)).sum::<f32>();
    told.map(weight).sum::<f32>() / (norm(&a.matters) * norm(&b.matters)).sqrt()
}
