//! Looks for weights by what stories come of them: a hill climb over all numbers of both learned functions and the
//! resolution.
//!
//! Every step changes a random few of the numbers; what raises the objective is kept. The same seed and number of steps
//! give the same weights; a bound in seconds depends on the machine.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use silsila::config::Settings;
use silsila::story::signals::{self, COUNT};
use silsila::story::strands;
use silsila::story::weights::{Function, Weight, Weights};

use crate::judge::{f1, judge_known};
use crate::sets::{Set, chance};

/// What the objective takes off for each unit of a weight of the wrong sign.
const WRONG_SIGN: f64 = 0.02;
/// Sets with fewer articles than this are also judged with log-odds this much higher and lower, so that no figure leans on
/// a threshold's last digit.
const SMALL: usize = 1000;
const SHIFT: f64 = 0.1;
/// Numbers that are looked for: weights and intercept of either function, and the logarithm of the resolution.
const SOUGHT: usize = COUNT + 1 + strands::COUNT + 1 + 1;
/// Where the second function's numbers begin.
const GROUPS: usize = COUNT + 1;
/// Candidates of one step: as many as are judged at the same time.
const CANDIDATES: usize = 2;
/// Each number is changed by a step with this probability; one always is.
const CHANGED: f64 = 0.2;
/// First step of a number, and how steps grow after a success and shrink without.
const STEP: f64 = 0.3;
const GROW: f64 = 1.5;
const SHRINK: f64 = 0.95;
const LEAST_STEP: f64 = 0.02;
/// A candidate that lags the best one by this much before the largest sets were judged is given up.
const LAG: f64 = 0.01;

/// How long to look, and from which seed.
#[derive(Clone, Copy)]
pub struct Bounds {
    pub steps: usize,
    pub seconds: f64,
    pub seed: u32,
}

/// What the search found.
pub struct Sought {
    pub weights: Weights,
    pub resolution: f64,
    /// Steps that were made.
    pub steps: usize,
}

type Point = [f64; SOUGHT];

/// Where the search begins.
pub struct Start {
    weights: Weights,
    point: Point,
}

impl Start {
    /// Meaning and likeness alone, for weights that may know nothing but these sets.
    pub fn afresh(sets: &[&Set], settings: &Settings) -> Self {
        Self::from(standard(sets), settings)
    }

    /// These weights and the configured resolution.
    pub fn from(weights: Weights, settings: &Settings) -> Self {
        let numbers = |function: &Function| -> Vec<f64> {
            let weights = function.signals.iter().map(|weight| weight.weight);
            weights.chain([function.intercept]).collect()
        };
        let mut point = [0.0; SOUGHT];
        let all = numbers(&weights.pairs).into_iter().chain(numbers(&weights.groups));
        for (place, number) in point.iter_mut().zip(all.chain([settings.story.resolution.ln()])) {
            *place = number;
        }
        Self { weights, point }
    }
}

/// Means and deviations of all compared pairs and a weight for meaning alone; round ones and a weight for likeness alone,
/// from .5, for groups, which depend on what was grouped before.
pub fn standard(sets: &[&Set]) -> Weights {
    let rows = sets.iter().flat_map(|set| set.pairs.iter().flatten());
    let rows: Vec<&[f32; COUNT]> = rows.map(|(_, signals)| signals).collect();
    let mean =
        |of: &dyn Fn(&[f32; COUNT]) -> f64| rows.iter().map(|row| of(row)).sum::<f64>() / rows.len().max(1) as f64;
    let pairs = signals::NAMES.iter().enumerate().map(|(i, name)| {
        let middle = mean(&|row| f64::from(row[i]));
        Weight {
            signal: (*name).to_owned(),
            mean: rounded(middle),
            deviation: rounded(mean(&|row| (f64::from(row[i]) - middle).powi(2)).sqrt().max(1e-6)),
            weight: if i == 0 { 2.0 } else { 0.0 },
        }
    });
    let groups = strands::NAMES.iter().enumerate().map(|(i, name)| Weight {
        signal: (*name).to_owned(),
        mean: 0.0,
        deviation: if name.starts_with("likeness") { 0.1 } else { 1.0 },
        weight: if i == 0 { 1.0 } else { 0.0 },
    });
    Weights {
        trained_on: String::new(),
        pairs: Function {
            intercept: -2.0,
            signals: pairs.collect(),
        },
        groups: Function {
            intercept: -5.0,
            signals: groups.collect(),
        },
    }
}

fn rounded(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}

/// The weights at a point; means and deviations are those of `scale`.
fn at(scale: &Weights, point: &Point) -> Weights {
    let mut weights = scale.clone();
    for (function, numbers) in [
        (&mut weights.pairs, &point[..GROUPS]),
        (&mut weights.groups, &point[GROUPS..]),
    ] {
        let mut numbers = numbers.iter().copied();
        for (weight, number) in function.signals.iter_mut().zip(numbers.by_ref()) {
            weight.weight = number;
        }
        function.intercept = numbers.next().unwrap_or(function.intercept);
    }
    weights
}

/// What a point's numbers are called.
fn names() -> Vec<String> {
    let pairs = signals::NAMES.iter().chain(&["intercept"]);
    let groups = strands::NAMES.iter().chain(&["intercept"]);
    let pairs = pairs.map(|name| format!("pairs {name}"));
    let all = pairs.chain(groups.map(|name| format!("groups {name}")));
    all.chain(["ln resolution".to_owned()]).collect()
}

/// The sets with what each counts, the cheapest first.
///
/// Every family counts the same, but og2021 (the only large one) three times; within a family the sets' shares.
fn weighted<'a>(sets: &[&'a Set]) -> Vec<(&'a Set, f64)> {
    let mut families: BTreeMap<&str, f64> = BTreeMap::new();
    for set in sets {
        *families.entry(&set.family).or_default() += set.share;
    }
    let times = |family: &str| if family == "og2021" { 3.0 } else { 1.0 };
    let all: f64 = families.keys().map(|family| times(family)).sum();
    let count = |set: &Set| times(&set.family) / all * set.share / families[set.family.as_str()];
    let mut weighted: Vec<(&Set, f64)> = sets.iter().map(|set| (*set, count(set))).collect();
    weighted.sort_by_key(|(set, _)| set.articles.len());
    weighted
}

/// What a point is worth: the figure of every set, and what is taken off for wrong signs and large weights.
struct Worth {
    /// Weighted figures summed up, after each set.
    sums: Vec<f64>,
    taken_off: f64,
}

impl Worth {
    fn total(&self) -> f64 {
        self.sums.last().copied().unwrap_or_default() - self.taken_off
    }
}

/// Mean BCubed F1 over the families; `None` when the point lags `best` so much that the rest is not worth the time.
fn worth(
    sets: &[(&Set, f64)],
    scale: &Weights,
    settings: &Settings,
    point: &Point,
    best: Option<&Worth>,
) -> Option<Worth> {
    let signed = signals::SIGNS.iter().chain(&[0.0]).chain(&strands::SIGNS);
    let wrong = point.iter().zip(signed).map(|(number, sign)| (-number * sign).max(0.0));
    let large: f64 = point[..COUNT].iter().map(|number| number * number).sum();
    let taken_off = WRONG_SIGN * wrong.sum::<f64>() + 1e-4 * large;
    let (mut sums, mut sum) = (Vec::new(), 0.0);
    for (place, (set, count)) in sets.iter().enumerate() {
        let shifts: &[f64] = if set.articles.len() < SMALL {
            &[0.0, SHIFT, -SHIFT]
        } else {
            &[0.0]
        };
        let figures = shifts.iter().map(|shift| grouped(set, scale, settings, point, *shift));
        sum += count * figures.sum::<f64>() / shifts.len() as f64;
        sums.push(sum);
        if let Some(best) = best
            && sum - taken_off + LAG < best.sums[place] - best.taken_off
        {
            return None;
        }
    }
    Some(Worth { sums, taken_off })
}

/// BCubed F1 of the set by the weights at a point; a little higher for links (`shift` added to their log-odds) and a little
/// lower for groups, or the other way round. 0 when the engine fails.
fn grouped(set: &Set, scale: &Weights, settings: &Settings, point: &Point, shift: f64) -> f64 {
    let mut weights = at(scale, point);
    weights.pairs.intercept += shift;
    weights.groups.intercept -= shift;
    let mut settings = settings.clone();
    settings.story.resolution = point[SOUGHT - 1].exp();
    judge_known(set, &settings, &weights).map_or(0.0, |judged| f1(judged.bcubed))
}

/// Looks for the highest objective over `sets`, and says on standard error what it accepted.
pub fn climb(sets: &[&Set], start: &Start, settings: &Settings, bounds: Bounds) -> Sought {
    let (weighted, names) = (weighted(sets), names());
    let value = |point: &Point, best: Option<&Worth>| worth(&weighted, &start.weights, settings, point, best);
    let (began, most) = (Instant::now(), Duration::from_secs_f64(bounds.seconds));
    let mut point = start.point.map(rounded);
    let Some(mut best) = value(&point, None) else {
        unreachable!("nothing lags behind nothing")
    };
    eprintln!("start: {:.4}", best.total());
    let mut sizes = [STEP; SOUGHT];
    let mut steps = 0;
    while steps < bounds.steps && began.elapsed() < most {
        let candidates: Vec<Point> = (0..CANDIDATES)
            .map(|candidate| neighbour(&point, &sizes, &format!("{} {steps} {candidate}", bounds.seed)))
            .collect();
        let judged: Vec<Option<Worth>> = std::thread::scope(|scope| {
            let (value, best) = (&value, &best);
            let threads: Vec<_> = candidates
                .iter()
                .map(|candidate| scope.spawn(move || value(candidate, Some(best))))
                .collect();
            threads.into_iter().map(|thread| thread.join().ok().flatten()).collect()
        });
        steps += 1;
        let before = point;
        for (candidate, worth) in candidates.into_iter().zip(judged) {
            let better = worth.filter(|worth| worth.total() > best.total());
            for i in (0..SOUGHT).filter(|i| candidate[*i] != before[*i]) {
                sizes[i] = (sizes[i] * if better.is_some() { GROW } else { SHRINK }).max(LEAST_STEP);
            }
            if let Some(better) = better {
                (best, point) = (better, candidate);
            }
        }
        if point != before {
            let changed = (0..SOUGHT).filter(|i| point[*i] != before[*i]);
            let changed: Vec<String> = changed
                .map(|i| format!("{} {:.3} to {:.3}", names[i], before[i], point[i]))
                .collect();
            eprintln!("step {steps}: {:.4}: {}", best.total(), changed.join(", "));
        }
    }
    eprintln!(
        "{:.4} after {steps} steps, {:.0} s",
        best.total(),
        began.elapsed().as_secs_f64()
    );
    let trained_on: Vec<&str> = sets.iter().map(|set| set.name.as_str()).collect();
    Sought {
        weights: Weights {
            trained_on: trained_on.join("; "),
            ..at(&start.weights, &point)
        },
        resolution: point[SOUGHT - 1].exp(),
        steps,
    }
}

/// A point near by: some of the numbers changed, each by a normal number times its step.
fn neighbour(point: &Point, sizes: &Point, seed: &str) -> Point {
    let even = |what: &str| chance(&format!("{seed} {what}"));
    let one = (even("which") * SOUGHT as f64) as usize;
    let mut next = *point;
    for (i, number) in next.iter_mut().enumerate() {
        if i == one || even(&format!("{i} changes")) < CHANGED {
            // Box & Muller: a normal number from two even ones.
            let (a, b) = (even(&format!("{i} a")), even(&format!("{i} b")));
            let normal = (-2.0 * (1.0 - a).ln()).sqrt() * (std::f64::consts::TAU * b).cos();
            *number = rounded(*number + sizes[i] * normal);
        }
    }
    next
}
