//! Learning the joining functions anew from what editors decided.
//!
//! In: examples, and the function in use. Out: a function near to it that fits them better, and held-out figures of both. The
//! same examples in any order give the same function. Never reads the store.
//!
//! The function is the logistic one of [`crate::story::weights`], and the fit is the most probable one given the examples when
//! every number of the function in use is known to within a normal distribution around it (maximum a posteriori):
//!
//! ```text
//! minimise over b, w:   Σ wᵢ ln(1 + exp(-yᵢ (b + Σ wⱼ zᵢⱼ)))  +  λ/2 [ (b - b₀)² + Σ (wⱼ - w₀ⱼ)² ]
//! ```
//!
//! with y = 1 for together and -1 for apart, z the standardised signals, b₀ and w₀ the function in use, and wᵢ what an example
//! counts (1 for all of a decision). λ is the penalty, in decisions; without examples nothing moves. Such a prior around the
//! parameters of a model trained on much other data is Chelba & Acero 2004 ("Adaptation of maximum entropy capitalizer:
//! little data can help a lot"); solved by Newton's method. A weight may not change to a sign that makes no sense, which is the
//! bound that [`crate::story::signals::SIGNS`] is for the training from collections.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::story::weights::{Function, Weight, logistic};

/// Parts that decisions are dealt into; each is judged by what the others teach.
pub const FOLDS: usize = 5;
/// Decisions below which held-out figures say nothing: four of a fold.
pub const LEAST_DECISIONS: usize = 20;
/// What pulls towards the function in use, in decisions. docs/TRAINING.md has what other values come to.
pub const PENALTY: f64 = 30.0;
/// Steps of Newton's method, and how small the last one is.
const STEPS: usize = 100;
const SMALL: f64 = 1e-10;
/// A log loss never counts a probability as nearer to 0 or 1 than this.
const SUREST: f64 = 1e-12;

/// One example of what belongs together or does not.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    /// The decision that it comes from; all of one decision are in one fold.
    pub decision: String,
    /// Whether both sides belong together.
    pub together: bool,
    /// What it counts, more than 0.
    pub weight: f64,
    /// One number for each signal of the function.
    pub signals: Vec<f64>,
}

/// How well probabilities tell what belongs together; every decision counts the same.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Figures {
    /// Mean of -ln of the probability given to what the editor decided; 0 is best, .69 the toss of a coin.
    pub log_loss: f64,
    /// Share that is on the right side of the threshold in use.
    pub accuracy: f64,
    /// Area under the ROC curve; null when all belong together, or none.
    pub area_under_roc: Option<f64>,
}

/// Both functions, judged by decisions that the new one has not seen.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Judged {
    /// Decisions with at least one example.
    pub decisions: usize,
    /// Examples.
    pub examples: usize,
    /// Share of them, by weight, that belong together.
    pub together: f64,
    /// Folds; null when there are too few decisions to judge by.
    pub folds: Option<usize>,
    /// The function in use. All zero without examples.
    pub in_use: Figures,
    /// The new one, every decision judged by what the other folds teach; null when there are too few.
    pub proposed: Option<Figures>,
    /// By how much the log loss of a decision falls, on average; with a 95 % interval over decisions (normal).
    pub gain: Option<Gain>,
}

/// A difference of log losses.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Gain {
    /// Its mean over decisions; more than 0 is better.
    pub mean: f64,
    /// Where its interval begins.
    pub low: f64,
    /// Where its interval ends.
    pub high: f64,
}

/// The function that fits the examples best near the one in use; `signs` has the sign that each weight should have, 0 for
/// either.
pub fn fit(in_use: &Function, signs: &[f64], examples: &[Example], penalty: f64) -> Function {
    if examples.is_empty() {
        return in_use.clone();
    }
    let before = numbers(in_use);
    let rows: Vec<(Vec<f64>, f64, f64)> = in_order(examples)
        .into_iter()
        .map(|example| {
            (
                standardised(in_use, example),
                f64::from(u8::from(example.together)),
                example.weight,
            )
        })
        .collect();
    // The intercept comes first and may have either sign; a weight that had the other sign before is left alone.
    let mut held: BTreeSet<usize> = BTreeSet::new();
    loop {
        let found = newton(&before, &rows, penalty, &held);
        let wrong: Vec<usize> = signs
            .iter()
            .enumerate()
            .map(|(at, sign)| (at + 1, sign))
            .filter(|(at, sign)| number(&found, *at) * **sign < 0.0 && number(&before, *at) * **sign >= 0.0)
            .map(|(at, _)| at)
            .collect();
        if wrong.is_empty() {
            return with(in_use, &found);
        }
        held.extend(wrong);
    }
}

/// A function on the way from one to the other: `share` of the way, 0 to 1.
pub fn part_way(from: &Function, to: &Function, share: f64) -> Function {
    let (from_numbers, to) = (numbers(from), numbers(to));
    let between = from_numbers.iter().zip(to);
    let between: Vec<f64> = between.map(|(from, to)| from + share * (to - from)).collect();
    with(from, &between)
}

/// Judges a fit by cross-validation over decisions. `threshold` is the probability in use.
pub fn judge(in_use: &Function, signs: &[f64], examples: &[Example], penalty: f64, threshold: f64) -> Judged {
    let decisions: BTreeSet<&str> = examples.iter().map(|example| example.decision.as_str()).collect();
    let now = probabilities(in_use, examples);
    let all: f64 = examples.iter().map(|example| example.weight).sum();
    let together = examples.iter().filter(|example| example.together);
    let mut judged = Judged {
        decisions: decisions.len(),
        examples: examples.len(),
        together: together.map(|example| example.weight).sum::<f64>() / all.max(f64::MIN_POSITIVE),
        folds: None,
        in_use: figures(examples, &now, threshold),
        proposed: None,
        gain: None,
    };
    if decisions.len() < LEAST_DECISIONS {
        return judged;
    }
    let folds = folds(&decisions);
    let mut held_out = vec![0.5; examples.len()];
    for part in 0..FOLDS {
        let (own, others) = parted(examples, &folds, part);
        let others: Vec<Example> = others.into_iter().map(|(_, example)| example.clone()).collect();
        let found = fit(in_use, signs, &others, penalty);
        for (at, example) in own {
            if let Some(probability) = held_out.get_mut(at) {
                *probability = probability_of(&found, example);
            }
        }
    }
    judged.folds = Some(FOLDS);
    judged.proposed = Some(figures(examples, &held_out, threshold));
    judged.gain = Some(gain(examples, &now, &held_out));
    judged
}

/// The fold of every decision: dealt out in the order of their digests, so that folds are of one size and do not follow time.
pub fn folds<'a>(decisions: &BTreeSet<&'a str>) -> BTreeMap<&'a str, usize> {
    let mut order: Vec<&str> = decisions.iter().copied().collect();
    order.sort_by_cached_key(|decision| Sha256::digest(decision.as_bytes()).to_vec());
    order.into_iter().zip((0..FOLDS).cycle()).collect()
}

/// Examples with their places.
type Placed<'a> = Vec<(usize, &'a Example)>;

/// The examples of a fold, and all others.
fn parted<'a>(examples: &'a [Example], folds: &BTreeMap<&str, usize>, part: usize) -> (Placed<'a>, Placed<'a>) {
    let fold = |example: &Example| folds.get(example.decision.as_str()).copied();
    let numbered = examples.iter().enumerate();
    numbered.partition(|(_, example)| fold(example) == Some(part))
}

/// Intercept and weights.
fn numbers(function: &Function) -> Vec<f64> {
    let weights = function.signals.iter().map(|signal| signal.weight);
    [function.intercept].into_iter().chain(weights).collect()
}

fn number(numbers: &[f64], at: usize) -> f64 {
    numbers.get(at).copied().unwrap_or_default()
}

/// The function with other numbers, which are written with four decimals.
fn with(function: &Function, numbers: &[f64]) -> Function {
    let short = |value: f64| (value * 1e4).round() / 1e4;
    let signals = function.signals.iter().enumerate().map(|(at, signal)| Weight {
        weight: short(number(numbers, at + 1)),
        ..signal.clone()
    });
    Function {
        intercept: short(number(numbers, 0)),
        signals: signals.collect(),
    }
}

/// Sums are the same whatever order examples come in.
fn in_order(examples: &[Example]) -> Vec<&Example> {
    let mut order: Vec<&Example> = examples.iter().collect();
    order.sort_by(|a, b| {
        let numbers = |one: &Example| one.signals.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        (&a.decision, a.together, a.weight.to_bits(), numbers(a)).cmp(&(
            &b.decision,
            b.together,
            b.weight.to_bits(),
            numbers(b),
        ))
    });
    order
}

/// 1 for the intercept, and the signals as the function weighs them.
fn standardised(function: &Function, example: &Example) -> Vec<f64> {
    let signals = function.signals.iter().zip(&example.signals);
    let one = [1.0].into_iter();
    one.chain(signals.map(|(weight, x)| (x - weight.mean) / weight.deviation))
        .collect()
}

fn probability_of(function: &Function, example: &Example) -> f64 {
    let row = standardised(function, example);
    logistic(row.iter().zip(numbers(function)).map(|(z, weight)| z * weight).sum())
}

fn probabilities(function: &Function, examples: &[Example]) -> Vec<f64> {
    examples
        .iter()
        .map(|example| probability_of(function, example))
        .collect()
}

/// Newton's method with steps that are halved until they gain; numbers in `held` are 0.
fn newton(before: &[f64], rows: &[(Vec<f64>, f64, f64)], penalty: f64, held: &BTreeSet<usize>) -> Vec<f64> {
    let free: Vec<usize> = (0..before.len()).filter(|at| !held.contains(at)).collect();
    let mut now: Vec<f64> = before.to_vec();
    for at in held {
        if let Some(number) = now.get_mut(*at) {
            *number = 0.0;
        }
    }
    let odds = |numbers: &[f64], row: &[f64]| row.iter().zip(numbers).map(|(z, number)| z * number).sum::<f64>();
    let cost = |numbers: &[f64]| {
        let loss: f64 = rows
            .iter()
            .map(|(row, y, weight)| {
                let odds = odds(numbers, row);
                // ln(1 + e^odds) - y odds, without overflow.
                weight * (odds.max(0.0) + (-odds.abs()).exp().ln_1p() - y * odds)
            })
            .sum();
        let apart = numbers.iter().zip(before).map(|(now, before)| (now - before).powi(2));
        loss + penalty / 2.0 * apart.sum::<f64>()
    };
    let mut worth = cost(&now);
    for _ in 0..STEPS {
        let size = free.len();
        let mut slope: Vec<f64> = free
            .iter()
            .map(|at| penalty * (number(&now, *at) - number(before, *at)))
            .collect();
        let mut curve = vec![vec![0.0; size]; size];
        for (at, line) in curve.iter_mut().enumerate() {
            if let Some(own) = line.get_mut(at) {
                *own = penalty;
            }
        }
        for (row, y, weight) in rows {
            let p = logistic(odds(&now, row));
            let row: Vec<f64> = free.iter().map(|at| number(row, *at)).collect();
            for ((slope, line), z) in slope.iter_mut().zip(&mut curve).zip(&row) {
                *slope += weight * (p - y) * z;
                for (entry, other) in line.iter_mut().zip(&row) {
                    *entry += weight * p * (1.0 - p) * z * other;
                }
            }
        }
        let step = solved(curve, slope);
        let mut share = 1.0;
        let (next, cheaper) = loop {
            let mut next = now.clone();
            for (at, step) in free.iter().zip(&step) {
                if let Some(number) = next.get_mut(*at) {
                    *number -= share * step;
                }
            }
            let cheaper = cost(&next);
            if cheaper <= worth || share < SMALL {
                break (next, cheaper);
            }
            share /= 2.0;
        };
        let moved = next.iter().zip(&now).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        if cheaper <= worth {
            (now, worth) = (next, cheaper);
        }
        if moved < SMALL {
            break;
        }
    }
    now
}

/// Solves a symmetric positive definite system by elimination.
fn solved(mut curve: Vec<Vec<f64>>, mut slope: Vec<f64>) -> Vec<f64> {
    let size = slope.len();
    for at in 0..size {
        let (Some(pivot), rest) = (curve.get(at).cloned(), at + 1..size) else {
            continue;
        };
        let (own, known) = (number(&pivot, at), number(&slope, at));
        for below in rest {
            let Some(line) = curve.get_mut(below) else { continue };
            let times = number(line, at) / own;
            line.iter_mut()
                .zip(&pivot)
                .for_each(|(entry, above)| *entry -= times * above);
            if let Some(slope) = slope.get_mut(below) {
                *slope -= times * known;
            }
        }
    }
    let mut found = vec![0.0; size];
    for at in (0..size).rev() {
        let Some(line) = curve.get(at) else { continue };
        let known: f64 = line.iter().zip(&found).skip(at + 1).map(|(entry, x)| entry * x).sum();
        let value = (number(&slope, at) - known) / number(line, at);
        if let Some(found) = found.get_mut(at) {
            *found = value;
        }
    }
    found
}

fn loss(example: &Example, probability: f64) -> f64 {
    let right = if example.together {
        probability
    } else {
        1.0 - probability
    };
    -right.clamp(SUREST, 1.0).ln()
}

fn figures(examples: &[Example], probabilities: &[f64], threshold: f64) -> Figures {
    let rows = || examples.iter().zip(probabilities);
    let all = examples
        .iter()
        .map(|example| example.weight)
        .sum::<f64>()
        .max(f64::MIN_POSITIVE);
    let right = rows().filter(|(example, p)| (**p >= threshold) == example.together);
    Figures {
        log_loss: rows()
            .map(|(example, p)| example.weight * loss(example, *p))
            .sum::<f64>()
            / all,
        accuracy: right.map(|(example, _)| example.weight).sum::<f64>() / all,
        area_under_roc: area(examples, probabilities),
    }
}

/// Area under the ROC curve (Mann–Whitney) of weighted examples, ties counted half.
fn area(examples: &[Example], probabilities: &[f64]) -> Option<f64> {
    let mut rows: Vec<(f64, bool, f64)> = examples
        .iter()
        .zip(probabilities)
        .map(|(example, p)| (*p, example.together, example.weight))
        .collect();
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut below, mut won, mut together) = (0.0, 0.0, 0.0);
    for run in rows.chunk_by(|a, b| a.0 == b.0) {
        let sum = |which: bool| run.iter().filter(|row| row.1 == which).map(|row| row.2).sum::<f64>();
        let (positive, negative) = (sum(true), sum(false));
        won += positive * (below + negative / 2.0);
        below += negative;
        together += positive;
    }
    (below > 0.0 && together > 0.0).then(|| won / (below * together))
}

fn gain(examples: &[Example], before: &[f64], after: &[f64]) -> Gain {
    let mut by_decision: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    for ((example, before), after) in examples.iter().zip(before).zip(after) {
        let sums = by_decision.entry(&example.decision).or_default();
        sums.0 += example.weight * (loss(example, *before) - loss(example, *after));
        sums.1 += example.weight;
    }
    let gains: Vec<f64> = by_decision.into_values().map(|(sum, weight)| sum / weight).collect();
    let count = gains.len().max(1) as f64;
    let mean = gains.iter().sum::<f64>() / count;
    let spread = gains.iter().map(|gain| (gain - mean).powi(2)).sum::<f64>() / (count - 1.0).max(1.0);
    let reach = 1.96 * (spread / count).sqrt();
    Gain {
        mean,
        low: mean - reach,
        high: mean + reach,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn function(intercept: f64, weights: &[f64]) -> Function {
        let signals = weights.iter().enumerate().map(|(at, weight)| Weight {
            signal: format!("signal {at}"),
            mean: 0.5,
            deviation: 0.25,
            weight: *weight,
        });
        Function {
            intercept,
            signals: signals.collect(),
        }
    }

    /// Decisions of two examples each, by chance as a hidden function says; always the same ones.
    fn decided(hidden: &Function, decisions: usize) -> Vec<Example> {
        let mut state = 7u64;
        let mut even = move || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as f64 / f64::from(1u32 << 31)
        };
        let mut examples = Vec::new();
        for decision in 0..decisions {
            for _ in 0..2 {
                let mut example = Example {
                    decision: format!("store/{decision}"),
                    together: false,
                    weight: 0.5,
                    signals: hidden.signals.iter().map(|_| even()).collect(),
                };
                example.together = even() < probability_of(hidden, &example);
                examples.push(example);
            }
        }
        examples
    }

    fn distance(a: &Function, b: &Function) -> f64 {
        let apart = numbers(a).into_iter().zip(numbers(b)).map(|(a, b)| (a - b).powi(2));
        apart.sum::<f64>().sqrt()
    }

    #[test]
    fn without_decisions_nothing_moves_and_nothing_is_judged() {
        let in_use = function(-1.23456, &[1.0, -2.0]);
        assert_eq!(fit(&in_use, &[1.0, -1.0], &[], PENALTY), in_use);
        let judged = judge(&in_use, &[1.0, -1.0], &[], PENALTY, 0.5);
        assert_eq!((judged.decisions, judged.folds, judged.proposed), (0, None, None));
        let few = judge(
            &in_use,
            &[1.0, -1.0],
            &decided(&in_use, LEAST_DECISIONS - 1),
            PENALTY,
            0.5,
        );
        assert!(few.folds.is_none() && few.proposed.is_none() && few.in_use.log_loss > 0.0);
    }

    #[test]
    fn decisions_move_the_function_towards_what_the_editor_goes_by_and_few_move_it_little() {
        let (in_use, hidden) = (function(0.0, &[1.0, 0.0, -1.0]), function(0.5, &[2.0, 1.0, 0.0]));
        let signs = [1.0, 1.0, -1.0];
        let after = |decisions| fit(&in_use, &signs, &decided(&hidden, decisions), 3.0);
        let away: Vec<f64> = [0, 3, 60, 3000].map(|n| distance(&after(n), &hidden)).to_vec();
        assert!(away.is_sorted_by(|a, b| a > b), "{away:?}");
        assert!(away[3] < 0.3, "{away:?}");
        assert!(distance(&fit(&in_use, &signs, &decided(&hidden, 3), PENALTY), &in_use) < 0.2);
        assert!(distance(&fit(&in_use, &signs, &decided(&hidden, 60), 1e9), &in_use) < 1e-3);
        // What it has not seen it tells better, too.
        let judged = judge(&in_use, &signs, &decided(&hidden, 300), 3.0, 0.5);
        let proposed = judged.proposed.expect("enough decisions");
        assert!(proposed.log_loss < judged.in_use.log_loss, "{judged:?}");
        assert!(proposed.area_under_roc > judged.in_use.area_under_roc, "{judged:?}");
        assert!(judged.gain.is_some_and(|gain| gain.low > 0.0), "{judged:?}");
        // An editor who goes by the function in use teaches nothing.
        let none = judge(&in_use, &signs, &decided(&in_use, 300), 30.0, 0.5);
        assert!(
            none.gain.is_some_and(|gain| gain.low < 0.0 && gain.high < 0.02),
            "{none:?}"
        );
    }

    #[test]
    fn a_weight_does_not_change_to_a_sign_that_makes_no_sense() {
        let (in_use, hidden) = (function(0.0, &[1.0, 1.0]), function(0.0, &[2.0, -2.0]));
        let examples = decided(&hidden, 2000);
        let free = fit(&in_use, &[0.0, 0.0], &examples, 1.0);
        assert!(free.signals[1].weight < -1.0, "{free:?}");
        let bound = fit(&in_use, &[1.0, 1.0], &examples, 1.0);
        assert_eq!(bound.signals[1].weight, 0.0);
        assert!(bound.signals[0].weight > 1.0, "{bound:?}");
        // One that has it already is not bound: without a reason nothing moves.
        let odd = function(0.0, &[1.0, -1.0]);
        assert_eq!(fit(&odd, &[1.0, 1.0], &[], 1.0), odd);
    }

    #[test]
    fn what_is_found_is_the_minimum() {
        let (in_use, hidden) = (function(0.3, &[1.0, -0.5]), function(-0.5, &[0.2, 1.5]));
        let examples = decided(&hidden, 200);
        let found = fit(&in_use, &[0.0, 0.0], &examples, 2.0);
        let cost = |numbers: &[f64]| {
            let function = with(&in_use, numbers);
            let losses = examples
                .iter()
                .map(|one| one.weight * loss(one, probability_of(&function, one)));
            let apart = numbers
                .iter()
                .zip(super::numbers(&in_use))
                .map(|(a, b)| (a - b).powi(2));
            losses.sum::<f64>() + apart.sum::<f64>()
        };
        let best = numbers(&found);
        for at in 0..best.len() {
            for step in [-0.01, 0.01] {
                let mut beside = best.clone();
                beside[at] += step;
                assert!(cost(&beside) > cost(&best), "{at} {step}");
            }
        }
        assert_eq!(part_way(&in_use, &found, 1.0), found);
        assert_eq!(part_way(&in_use, &found, 0.0), in_use);
    }

    #[test]
    fn the_area_counts_weights_and_ties() {
        let one = |together, weight| Example {
            decision: "1".to_owned(),
            together,
            weight,
            signals: Vec::new(),
        };
        let examples = [one(false, 0.5), one(true, 1.0), one(false, 0.5), one(true, 0.5)];
        // Of 1.5 together by 1.0 apart: 1.0 beats .5 and ties with .5, 0.5 beats both.
        let found = area(&examples, &[0.1, 0.4, 0.4, 0.9]).expect("both kinds");
        assert!((found - (0.5 + 0.25 + 0.5) / 1.5).abs() < 1e-12, "{found}");
        assert_eq!(area(&examples[1..2], &[0.4]), None);
    }

    proptest! {
        #[test]
        fn no_decision_is_in_two_folds_and_folds_are_of_one_size(names in proptest::collection::vec(0..60u32, 1..200)) {
            let examples: Vec<Example> = names
                .iter()
                .map(|name| Example {
                    decision: format!("store/{name}"),
                    together: name % 2 == 0,
                    weight: 1.0,
                    signals: vec![f64::from(*name)],
                })
                .collect();
            let decisions: BTreeSet<&str> = examples.iter().map(|example| example.decision.as_str()).collect();
            let folds = folds(&decisions);
            prop_assert_eq!(folds.len(), decisions.len());
            let mut seen = 0;
            let mut sizes = BTreeSet::new();
            for part in 0..FOLDS {
                let (own, others) = parted(&examples, &folds, part);
                prop_assert_eq!(own.len() + others.len(), examples.len());
                seen += own.len();
                let named = |some: &Placed<'_>| -> BTreeSet<String> {
                    some.iter().map(|(_, example)| example.decision.clone()).collect()
                };
                prop_assert!(named(&own).is_disjoint(&named(&others)));
                sizes.insert(named(&own).len());
            }
            prop_assert_eq!(seen, examples.len());
            prop_assert!(sizes.last().unwrap_or(&0) - sizes.first().unwrap_or(&0) <= 1);
        }

        #[test]
        fn the_order_of_examples_does_not_matter(order in Just((0..60usize).collect::<Vec<_>>()).prop_shuffle()) {
            let (in_use, hidden) = (function(0.0, &[1.0, -1.0]), function(0.5, &[2.0, 0.5]));
            let examples = decided(&hidden, 30);
            let shuffled: Vec<Example> = order.iter().map(|at| examples[*at].clone()).collect();
            prop_assert_eq!(fit(&in_use, &[0.0, 0.0], &examples, 3.0), fit(&in_use, &[0.0, 0.0], &shuffled, 3.0));
            let judge = |examples: &[Example]| judge(&in_use, &[0.0, 0.0], examples, 3.0, 0.5);
            prop_assert_eq!(judge(&examples).folds, judge(&shuffled).folds);
        }
    }
}
