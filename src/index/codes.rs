//! Vectors rounded to one byte a number, to tell cheaply which of them are worth an exact product.
//!
//! A quarter of the memory to read, and integer sums: a code's product takes a fraction of the time of the vector's. It is
//! never an answer. With the code comes the length of what rounding took away, and by Cauchy and Schwarz a product of unit
//! vectors cannot differ from that of their codes by more than that. So the true product lies between two bounds that are
//! known, and what cannot be among the best is left out without losing anything.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::dot::Dot;

/// What the sums of floating point may be off by, many times over.
const SLACK: f32 = 1e-5;

/// Codes of a block's rows, side by side.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Codes {
    numbers: Vec<i8>,
    rows: Vec<Scale>,
}

/// What a row's code times `step` is the vector, but for something of the length `lost`.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Scale {
    step: f32,
    lost: f32,
}

/// The vector that is asked with. Its code has two bytes a number, so that hardly anything is lost on this side.
#[derive(Debug)]
pub(super) struct Question {
    numbers: Vec<i16>,
    scale: Scale,
}

/// Whole numbers from `-most` to `most`, and what they stand for.
fn code(unit: &[f32], most: f32) -> (impl Iterator<Item = f32>, Scale) {
    let largest = unit.iter().fold(0.0f32, |largest, x| largest.max(x.abs()));
    let step = (largest / most).max(f32::MIN_POSITIVE);
    let rounded = move |x: &f32| (x / step).round().clamp(-most, most);
    let lost = unit
        .iter()
        .map(|x| f64::from(*x) - f64::from(rounded(x)) * f64::from(step));
    let lost = lost.map(|x| x * x).sum::<f64>().sqrt() as f32;
    (unit.iter().map(rounded), Scale { step, lost })
}

impl Codes {
    pub(super) fn push(&mut self, unit: &[f32]) {
        let (numbers, scale) = code(unit, f32::from(i8::MAX));
        self.numbers.extend(numbers.map(|x| x as i8));
        self.rows.push(scale);
    }

    /// The code of a row of `dimension` numbers with its scale.
    #[inline(always)]
    fn row(&self, row: usize, dimension: usize) -> Option<(&[i8], Scale)> {
        let start = row * dimension;
        Some((self.numbers.get(start..start + dimension)?, *self.rows.get(row)?))
    }

    /// The cosine of a row's code and a question's: true but for what rounding took from either.
    #[inline(always)]
    pub(super) fn cosine(&self, dot: Dot, question: &Question, row: usize) -> f32 {
        let Some((numbers, scale)) = self.row(row, question.numbers.len()) else {
            return 0.0;
        };
        dot.of_codes(&question.numbers, numbers) as f32 * question.scale.step * scale.step
    }

    pub(super) fn bytes(&self) -> usize {
        self.numbers.len() + self.rows.len() * size_of::<Scale>()
    }
}

impl Question {
    pub(super) fn new(unit: &[f32]) -> Self {
        // As fine as 32-bit sums allow, whatever the numbers are.
        let most = i32::MAX / i32::from(i8::MAX) / unit.len().max(1) as i32;
        let most = most.clamp(1, i32::from(i16::MAX)) as f32;
        let (numbers, scale) = code(unit, most);
        Self {
            numbers: numbers.map(|x| x as i16).collect(),
            scale,
        }
    }
}

/// Where a row is: the place of its block among those searched, and its row there.
pub(super) type Place = (usize, usize);

/// Lets through the rows that may be among the `k` most similar.
#[derive(Debug)]
pub(super) struct Sieve {
    question: Question,
    k: usize,
    /// The `k` greatest lower bounds, the least on top.
    least: BinaryHeap<Reverse<Bound>>,
    /// Rows that may be among the best, by what was known when they came, with their upper bounds.
    passed: Vec<(Bound, Place)>,
}

/// A similarity that is ordered.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Bound(f32);

impl Eq for Bound {}

impl Ord for Bound {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl PartialOrd for Bound {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Sieve {
    pub(super) fn new(unit: &[f32], k: usize) -> Self {
        Self {
            question: Question::new(unit),
            k,
            least: BinaryHeap::new(),
            passed: Vec::new(),
        }
    }

    /// Puts rows of a block through.
    pub(super) fn sift(&mut self, dot: Dot, block: usize, codes: &Codes, rows: impl Iterator<Item = usize>) {
        dot.wide(
            #[inline(always)]
            || {
                let dimension = self.question.numbers.len();
                let own = self.question.scale;
                let mut threshold = self.threshold();
                for row in rows {
                    let Some((numbers, scale)) = codes.row(row, dimension) else {
                        continue;
                    };
                    let about = dot.of_codes(&self.question.numbers, numbers) as f32 * (own.step * scale.step);
                    let off = scale.lost * (1.0 + own.lost) + own.lost + SLACK;
                    if about + off >= threshold {
                        self.passed.push((Bound(about + off), (block, row)));
                        self.least.push(Reverse(Bound(about - off)));
                        if self.least.len() > self.k {
                            self.least.pop();
                        }
                        threshold = self.threshold();
                    }
                }
            },
        );
    }

    /// No row below this can be among the `k` best.
    fn threshold(&self) -> f32 {
        match self.least.peek() {
            Some(Reverse(least)) if self.least.len() >= self.k => least.0,
            _ => f32::NEG_INFINITY,
        }
    }

    /// Upper bounds and places of the rows that are worth an exact product, the most promising first.
    pub(super) fn into_promising(mut self) -> impl Iterator<Item = (f32, Place)> {
        let threshold = self.threshold();
        self.passed.retain(|(bound, _)| bound.0 >= threshold);
        self.passed.sort_unstable_by(|a, b| b.cmp(a));
        self.passed.into_iter().map(|(bound, place)| (bound.0, place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Unit vectors that cluster; some are copies.
    fn vector(seed: usize, dimension: usize) -> Vec<f32> {
        let number = |x: usize| ((x.wrapping_mul(2_654_435_761) >> 7) % 2001) as f32 / 1000.0 - 1.0;
        let raw: Vec<f32> = (0..dimension)
            .map(|i| number(seed % 9 * 1009 + i) + 0.5 * number(seed / 2 * 7919 + i))
            .collect();
        let norm = raw.iter().map(|x| x * x).sum::<f32>().sqrt();
        raw.iter().map(|x| x / norm).collect()
    }

    #[test]
    fn the_true_product_lies_within_the_bounds_at_every_length() {
        for dimension in [1, 3, 24, 100, 384, 1024] {
            let mut codes = Codes::default();
            (0..60).for_each(|seed| codes.push(&vector(seed, dimension)));
            for seed in 0..20 {
                let mut sieve = Sieve::new(&vector(seed, dimension), 60);
                sieve.sift(Dot::new(), 0, &codes, 0..60);
                let upper: Vec<(f32, Place)> = sieve.into_promising().collect();
                assert_eq!(upper.len(), 60, "all are asked for");
                for (upper, (_, row)) in upper {
                    let exact = Dot::new().of(&vector(seed, dimension), &vector(row, dimension));
                    assert!(exact <= upper && exact >= upper - 0.05, "{dimension}: {exact} {upper}");
                }
            }
        }
    }

    #[test]
    fn the_largest_numbers_do_not_overflow() {
        for dimension in [1, 384, 4096] {
            let side = vec![(1.0 / dimension as f32).sqrt(); dimension];
            let mut codes = Codes::default();
            codes.push(&side);
            let mut sieve = Sieve::new(&side, 1);
            sieve.sift(Dot::new(), 0, &codes, 0..1);
            let upper = sieve.into_promising().next().map(|(upper, _)| upper);
            assert!(upper.is_some_and(|upper| (upper - 1.0).abs() < 0.02), "{upper:?}");
        }
    }

    #[test]
    fn few_pass_and_the_best_are_among_them() {
        let (dimension, rows) = (384, 3000);
        let mut codes = Codes::default();
        (0..rows).for_each(|seed| codes.push(&vector(seed, dimension)));
        let question = vector(4321, dimension);
        let mut exact: Vec<(usize, f32)> = (0..rows)
            .map(|row| (row, Dot::new().of(&question, &vector(row, dimension))))
            .collect();
        exact.sort_by(|a, b| b.1.total_cmp(&a.1));
        let mut sieve = Sieve::new(&question, 10);
        sieve.sift(Dot::new(), 0, &codes, 0..rows);
        let passed: Vec<usize> = sieve.into_promising().map(|(_, (_, row))| row).collect();
        assert!(passed.len() < rows / 4, "{} passed", passed.len());
        let tenth = exact[9].1;
        assert!(
            exact
                .iter()
                .filter(|(_, x)| *x >= tenth)
                .all(|(row, _)| passed.contains(row))
        );
    }
}
