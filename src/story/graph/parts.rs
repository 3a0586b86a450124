//! Groups the members of one community anew: each begins alone, moves and mergers follow as long as the quality rises.
//!
//! In: the links among the members, by place, and the resolution. Out: the number of each one's part: the place of one of its members.

use std::collections::{BTreeMap, VecDeque};

use super::EPSILON;

/// Moves of one member, on average, after which no more is looked for.
const VISITS: usize = 10;

/// The part of each member.
pub fn within(links: &[Vec<(usize, f64)>], resolution: f64) -> Vec<usize> {
    let mut part: Vec<usize> = (0..links.len()).collect();
    let mut size = vec![1; links.len()];
    shuffle(links, resolution, &mut part, &mut size);
    unite(links, resolution, &mut part, &mut size);
    shuffle(links, resolution, &mut part, &mut size);
    let mut first: BTreeMap<usize, usize> = BTreeMap::new();
    for (place, part) in part.iter().enumerate() {
        first.entry(*part).or_insert(place);
    }
    part.iter().map(|part| first[part]).collect()
}

/// What parting brings against leaving all members together.
pub fn gain(links: &[Vec<(usize, f64)>], part: &[usize], resolution: f64) -> f64 {
    let mut sizes: BTreeMap<usize, usize> = BTreeMap::new();
    let mut lost = 0.0;
    for (own, links) in part.iter().zip(links) {
        *sizes.entry(*own).or_default() += 1;
        let across = links.iter().filter(|(other, _)| part[*other] != *own);
        lost += across.map(|(_, weight)| weight).sum::<f64>();
    }
    let pairs = |size: usize| (size * size.saturating_sub(1) / 2) as f64;
    let across = pairs(part.len()) - sizes.into_values().map(pairs).sum::<f64>();
    // Every link was seen from both ends.
    resolution * across - lost / 2.0
}

/// Moves single members to where they fit best.
fn shuffle(links: &[Vec<(usize, f64)>], resolution: f64, part: &mut [usize], size: &mut [usize]) {
    let mut queue: VecDeque<usize> = (0..links.len()).collect();
    let mut is_queued = vec![true; links.len()];
    let mut left = VISITS * links.len();
    while let Some(member) = queue.pop_front() {
        is_queued[member] = false;
        let Some(fewer) = left.checked_sub(1) else { break };
        left = fewer;
        let own = part[member];
        let mut drawn: BTreeMap<usize, f64> = BTreeMap::new();
        for (other, weight) in &links[member] {
            *drawn.entry(part[*other]).or_default() += weight;
        }
        let others = size[own] - 1;
        let mut best = own;
        let mut most = drawn.get(&own).copied().unwrap_or(0.0) - resolution * others as f64 + EPSILON;
        for (there, weight) in drawn {
            let worth = weight - resolution * size[there] as f64;
            if there != own && worth > most {
                (best, most) = (there, worth);
            }
        }
        if best == own && others > 0 && most < 0.0 {
            // Best alone: under a number that no part has.
            let Some(free) = size.iter().position(|size| *size == 0) else {
                continue;
            };
            best = free;
        }
        if best == own {
            continue;
        }
        size[own] -= 1;
        size[best] += 1;
        part[member] = best;
        for (other, _) in &links[member] {
            if part[*other] != best && !is_queued[*other] {
                is_queued[*other] = true;
                queue.push_back(*other);
            }
        }
    }
}

/// Makes two parts one, those that gain most first, as long as any two gain.
fn unite(links: &[Vec<(usize, f64)>], resolution: f64, part: &mut [usize], size: &mut [usize]) {
    loop {
        let mut between: BTreeMap<(usize, usize), f64> = BTreeMap::new();
        for (own, links) in part.iter().zip(links) {
            for (other, weight) in links {
                let there = part[*other];
                if there > *own {
                    *between.entry((*own, there)).or_default() += weight;
                }
            }
        }
        let mut best = None;
        let mut most = EPSILON;
        for ((a, b), weight) in between {
            let gain = weight - resolution * (size[a] * size[b]) as f64;
            if gain > most {
                (best, most) = (Some((a, b)), gain);
            }
        }
        let Some((to, from)) = best else { break };
        size[to] += size[from];
        size[from] = 0;
        part.iter_mut()
            .filter(|part| **part == from)
            .for_each(|part| *part = to);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two cliques of `size` members, with `bridges` links between them.
    fn cliques(size: usize, bridges: usize) -> Vec<Vec<(usize, f64)>> {
        let mut links = vec![Vec::new(); 2 * size];
        let mut link = |a: usize, b: usize, weight: f64| {
            links[a].push((b, weight));
            links[b].push((a, weight));
        };
        for a in 0..size {
            for b in 0..a {
                link(a, b, 0.9);
                link(size + a, size + b, 0.9);
            }
        }
        for bridge in 0..bridges {
            link(bridge, size + bridge, 0.6);
        }
        links
    }

    #[test]
    fn two_cliques_on_one_bridge_are_parted_and_one_clique_is_not() {
        let links = cliques(6, 1);
        let part = within(&links, 0.07);
        assert_eq!(part, [[0; 6], [6; 6]].concat());
        assert!((gain(&links, &part, 0.07) - (36.0 * 0.07 - 0.6)).abs() < 1e-9);
        let links = cliques(3, 3);
        let part = within(&links, 0.07);
        assert_eq!(part, [0; 6]);
        assert!(gain(&links, &part, 0.07).abs() < 1e-9);
    }
}
