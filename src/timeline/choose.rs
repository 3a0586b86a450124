//! What is said of a day: the most central sentences that do not repeat each other (maximal marginal relevance,
//! Carbonell and Goldstein 1998), each with the others that tell of the same happening.

use std::collections::BTreeSet;

use crate::story::lexicon::cosine;
use crate::timeline::read::Sentence;
use crate::timeline::words::{Vector, centroid};
use crate::timeline::{Options, StoryArticle};

/// Added to the score of a sentence in the reader's language, beyond what centrality can give.
const READERS_LANGUAGE: f32 = 2.0;

/// One happening of a day.
#[derive(Debug)]
pub struct Chosen {
    /// The sentence that speaks for it.
    pub best: usize,
    /// All sentences that tell of it, the best one first.
    pub members: Vec<usize>,
}

/// Chooses up to `most` of the candidates; those that tell of something chosen join it and are used up.
pub fn choose(
    candidates: &[usize],
    most: usize,
    articles: &[&StoryArticle],
    sentences: &[Sentence<'_>],
    used: &mut BTreeSet<usize>,
    options: &Options,
) -> Vec<Chosen> {
    let settings = &options.settings;
    let free = candidates.iter().filter(|number| !used.contains(number));
    let mut open: Vec<(usize, &Sentence<'_>)> = free
        .filter_map(|&number| Some((number, sentences.get(number)?)))
        .collect();
    if open.iter().any(|(_, one)| one.words.stems.len() >= settings.shortest) {
        open.retain(|(_, one)| one.words.stems.len() >= settings.shortest);
    }
    let middle = centroid(open.iter().map(|(_, one)| &one.vector));
    let central: Vec<f32> = open.iter().map(|(_, one)| cosine(&one.vector, &middle)).collect();
    let mut waiting: Vec<(usize, &Sentence<'_>, f32)> = open
        .into_iter()
        .zip(central)
        .map(|((number, one), central)| (number, one, central))
        .collect();
    let mut chosen: Vec<Chosen> = Vec::new();
    let mut said: Vec<&Vector> = Vec::new();
    while chosen.len() < most && !waiting.is_empty() {
        let worth = |one: &Sentence<'_>, central: f32| {
            let repeated = said
                .iter()
                .map(|vector| cosine(&one.vector, vector))
                .fold(0.0, f32::max);
            let readers = options.lang.is_some() && lang(one, articles) == options.lang.as_deref();
            settings.centrality * central - (1.0 - settings.centrality) * repeated
                + if readers { READERS_LANGUAGE } else { 0.0 }
        };
        let mut best = (0, f32::NEG_INFINITY);
        for (at, (_, one, central)) in waiting.iter().enumerate() {
            let value = worth(one, *central);
            if value > best.1 {
                best = (at, value);
            }
        }
        let (number, sentence, _) = waiting.remove(best.0);
        let mut members = vec![number];
        waiting.retain(|(other, one, _)| {
            let same = tell_the_same(sentence, one, articles, options);
            if same {
                members.push(*other);
            }
            !same
        });
        used.extend(members.iter().copied());
        said.push(&sentence.vector);
        chosen.push(Chosen { best: number, members });
    }
    chosen
}

fn lang<'a>(sentence: &Sentence<'_>, articles: &[&'a StoryArticle]) -> Option<&'a str> {
    articles.get(sentence.article).map(|article| article.lang.as_str())
}

/// Whether two sentences of one day tell of the same happening: by their words in one language, by numbers and
/// names in two.
fn tell_the_same(a: &Sentence<'_>, b: &Sentence<'_>, articles: &[&StoryArticle], options: &Options) -> bool {
    let settings = &options.settings;
    cosine(&a.vector, &b.vector) >= settings.same
        || (lang(a, articles) != lang(b, articles)
            && a.words.keys.intersection(&b.words.keys).count() >= settings.shared_keys)
}
