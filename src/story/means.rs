//! Running means: what is usual in the stream that comes in here, by language.
//!
//! The index's means are fixed and made from general news; a stream of sport alone still lies in a corner of the space.
//! Cosines about the running means see past that. They are a signal; the vectors in the index never move.

use std::collections::BTreeMap;

/// A mean leans on the next more general one (language on all languages, all languages on the origin) as if that had been
/// seen in this many texts.
const PRIOR: f32 = 50.0;

/// Sums of the vectors seen so far.
#[derive(Debug)]
pub struct Means {
    dimension: usize,
    languages: BTreeMap<String, (f32, Vec<f32>)>,
    texts: f32,
    sum: Vec<f32>,
}

/// One article, seen about the running means.
#[derive(Debug)]
pub struct View {
    /// Its language's mean.
    mean: Vec<f32>,
    norm: f32,
    others: BTreeMap<String, Other>,
}

/// What a pair with an article of another language needs.
#[derive(Debug)]
struct Other {
    mean: Vec<f32>,
    /// Product of the article and this mean.
    seen: f32,
    /// Product of both means.
    means: f32,
    /// Square of this mean.
    square: f32,
}

impl Means {
    /// Of vectors with `dimension` components; the origin until something is learned.
    pub fn new(dimension: usize) -> Self {
        Self {
            dimension,
            languages: BTreeMap::new(),
            texts: 0.0,
            sum: vec![0.0; dimension],
        }
    }

    /// Takes note of a unit vector.
    pub fn learn(&mut self, vector: &[f32], lang: &str) {
        let dimension = self.dimension;
        let (texts, sum) = self
            .languages
            .entry(lang.to_owned())
            .or_insert_with(|| (0.0, vec![0.0; dimension]));
        *texts += 1.0;
        self.texts += 1.0;
        for ((own, all), x) in sum.iter_mut().zip(&mut self.sum).zip(vector) {
            *own += x;
            *all += x;
        }
    }

    fn mean(&self, lang: &str) -> Vec<f32> {
        let all = self.sum.iter().map(|x| x / (self.texts + PRIOR));
        match self.languages.get(lang) {
            Some((texts, sum)) => all
                .zip(sum)
                .map(|(all, own)| (own + PRIOR * all) / (texts + PRIOR))
                .collect(),
            None => all.collect(),
        }
    }

    /// An article's view of the others.
    pub fn view(&self, vector: &[f32], lang: &str) -> View {
        let mean = self.mean(lang);
        let others = self
            .languages
            .keys()
            .map(|other| {
                let there = self.mean(other);
                let facts = Other {
                    seen: dot(vector, &there),
                    means: dot(&mean, &there),
                    square: dot(&there, &there),
                    mean: there,
                };
                (other.clone(), facts)
            })
            .collect();
        View {
            norm: distance(1.0, dot(vector, &mean), dot(&mean, &mean)),
            mean,
            others,
        }
    }
}

impl View {
    /// Cosine with another article about the running means; `similarity` is the product of the vectors themselves.
    pub fn cosine(&self, vector: &[f32], lang: &str, similarity: f32) -> f32 {
        let Some(other) = self.others.get(lang) else {
            return similarity;
        };
        let product = similarity - other.seen - dot(vector, &self.mean) + other.means;
        let norm = distance(1.0, dot(vector, &other.mean), other.square);
        product / (self.norm * norm).max(f32::EPSILON)
    }
}

/// Length of the difference of two vectors, from their squares and product.
fn distance(a: f32, product: f32, b: f32) -> f32 {
    (a - 2.0 * product + b).max(0.0).sqrt()
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}
