//! What is said of a day: the sentences that tell most of the day and of the story and do not repeat each other (maximal
//! marginal relevance, Carbonell and Goldstein 1998), each with the others that tell of the same happening. A sentence
//! that does not stand alone speaks only where no other does.

use std::collections::BTreeSet;

use crate::story::lexicon::cosine;
use crate::timeline::Story;
use crate::timeline::read::Sentence;
use crate::timeline::words::{Vector, centroid};

/// Added to the score of a sentence in the reader's language, beyond what everything else can give.
const READERS_LANGUAGE: f32 = 10.0;

/// One happening of a day.
#[derive(Debug)]
pub struct Chosen {
    /// The sentence that speaks for it.
    pub best: usize,
    /// All sentences that tell of it, the best one first.
    pub members: Vec<usize>,
}

/// Chooses up to `most` of the candidates; those that tell of something chosen join it and are used up.
pub fn choose(candidates: &[usize], most: usize, story: &Story<'_>, used: &mut BTreeSet<usize>) -> Vec<Chosen> {
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
        let same = |one: &Sentence<'_>| tell_the_same(sentence, one, story);
        let mut members = vec![number];
        members.extend(waiting.extract_if(.., |(_, one, _)| same(one)).map(|(other, ..)| other));
        members.extend(rest.extract_if(.., |(_, one)| same(one)).map(|(other, _)| other));
        used.extend(members.iter().copied());
        said.push(&sentence.vector);
        chosen.push(Chosen { best: number, members });
    }
    chosen
}

/// Whether two sentences of one time tell of the same happening: by their words in one language, by rare numbers
/// and names in two.
fn tell_the_same(a: &Sentence<'_>, b: &Sentence<'_>, story: &Story<'_>) -> bool {
    let settings = &story.options.settings;
    if cosine(&a.vector, &b.vector) >= settings.same {
        return true;
    }
    if story.lang(a) == story.lang(b) {
        return false;
    }
    let has = |key: u32| b.keys.binary_search_by_key(&key, |&(other, _)| other).is_ok();
    let shared = a.keys.iter().filter(|&&(key, _)| has(key)).map(|&(_, rarity)| rarity);
    let (most, sum) = shared.fold((0.0_f32, 0.0), |(most, sum), rarity| (most.max(rarity), sum + rarity));
    most >= settings.rare_name || sum >= settings.shared_names
}
