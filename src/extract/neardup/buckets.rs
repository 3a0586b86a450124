//! Who has the same hash: chains of nodes in buckets, ten bytes a node.
//!
//! Linear hashing (Litwin 1980): every few insertions one bucket is split, so that the memory grows as the content does and no
//! insertion waits for all of it to be put elsewhere. The caller numbers the nodes, and tells equal hashes from equal things.

/// Nodes of a bucket in the mean.
const LOAD: usize = 2;
/// The end of a chain.
const NONE: u32 = u32::MAX;

/// A map from hashes to all nodes that have them.
#[derive(Debug, Default)]
pub(super) struct Buckets {
    /// The first node of each bucket's chain.
    heads: Vec<u32>,
    nodes: Vec<Node>,
    count: usize,
}

#[derive(Debug, Clone, Copy)]
struct Node {
    next: u32,
    hash: u32,
}

impl Buckets {
    /// Puts in a node, which must not be there; below `u32::MAX`.
    pub(super) fn insert(&mut self, node: u32, hash: u32) {
        if self.count >= LOAD * self.heads.len() {
            self.split();
        }
        let bucket = self.bucket(hash);
        let at = node as usize;
        if at >= self.nodes.len() {
            self.nodes.resize(at + 1, Node { next: NONE, hash: 0 });
        }
        let next = self.heads.get(bucket).copied().unwrap_or(NONE);
        if let (Some(place), Some(head)) = (self.nodes.get_mut(at), self.heads.get_mut(bucket)) {
            *place = Node { next, hash };
            *head = node;
            self.count += 1;
        }
    }

    /// Takes out a node; nothing happens when it is not there.
    pub(super) fn remove(&mut self, node: u32) {
        let Some(Node { next, hash }) = self.nodes.get(node as usize).copied() else {
            return;
        };
        let bucket = self.bucket(hash);
        let Some(head) = self.heads.get_mut(bucket) else {
            return;
        };
        if *head == node {
            *head = next;
            self.count -= 1;
            return;
        }
        let mut at = *head;
        while let Some(before) = self.nodes.get_mut(at as usize) {
            if before.next == node {
                before.next = next;
                self.count -= 1;
                return;
            }
            at = before.next;
        }
    }

    /// All nodes with this hash, in no order that means anything.
    pub(super) fn with(&self, hash: u32) -> impl Iterator<Item = u32> {
        let first = self.heads.get(self.bucket(hash)).copied().unwrap_or(NONE);
        self.chain(first)
            .filter(move |(_, node)| node.hash == hash)
            .map(|(number, _)| number)
    }

    /// The hash of a node that is there.
    pub(super) fn hash(&self, node: u32) -> Option<u32> {
        self.nodes.get(node as usize).map(|node| node.hash)
    }

    /// Bytes of memory.
    pub(super) fn bytes(&self) -> usize {
        self.heads.capacity() * size_of::<u32>() + self.nodes.capacity() * size_of::<Node>()
    }

    fn chain(&self, first: u32) -> impl Iterator<Item = (u32, Node)> {
        let node = |number: u32| Some((number, *self.nodes.get(number as usize)?));
        std::iter::successors(node(first), move |(_, Node { next, .. })| node(*next))
    }

    fn bucket(&self, hash: u32) -> usize {
        let mask = self.heads.len().next_power_of_two() - 1;
        let bucket = hash as usize & mask;
        if bucket < self.heads.len() {
            bucket
        } else {
            // Not split off yet.
            bucket & (mask >> 1)
        }
    }

    /// One bucket more: it takes from that whose number lacks its highest bit what belongs into it now.
    fn split(&mut self) {
        let new = self.heads.len();
        self.heads.push(NONE);
        if new == 0 {
            return;
        }
        let old = new ^ (1 << new.ilog2());
        let all: Vec<(u32, Node)> = self.chain(self.heads.get(old).copied().unwrap_or(NONE)).collect();
        let (mut kept, mut moved) = (NONE, NONE);
        for (number, node) in all.into_iter().rev() {
            let chain = if self.bucket(node.hash) == new {
                &mut moved
            } else {
                &mut kept
            };
            if let Some(place) = self.nodes.get_mut(number as usize) {
                place.next = *chain;
                *chain = number;
            }
        }
        for (bucket, chain) in [(old, kept), (new, moved)] {
            if let Some(head) = self.heads.get_mut(bucket) {
                *head = chain;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_holds_what_a_plain_map_holds(steps in proptest::collection::vec((0..200u32, 0..40u32, any::<bool>()), 0..600)) {
            let mut buckets = Buckets::default();
            let mut plain: BTreeMap<u32, u32> = BTreeMap::new();
            for (node, hash, goes) in steps {
                // Hashes that differ in high bits alone, in low bits alone, and not at all.
                let hash = hash.wrapping_mul(0x8000_0001) ^ (hash >> 3 << 28);
                if plain.remove(&node).is_some() {
                    buckets.remove(node);
                }
                if !goes {
                    buckets.insert(node, hash);
                    plain.insert(node, hash);
                }
            }
            for hash in plain.values() {
                let found: Vec<u32> = buckets.with(*hash).collect();
                let wanted: BTreeSet<u32> = plain.iter().filter(|(_, theirs)| *theirs == hash).map(|(node, _)| *node).collect();
                prop_assert_eq!(found.len(), wanted.len());
                prop_assert_eq!(found.into_iter().collect::<BTreeSet<u32>>(), wanted);
            }
            prop_assert_eq!(buckets.count, plain.len());
        }
    }

    #[test]
    fn chains_stay_short_while_it_grows() {
        let mut buckets = Buckets::default();
        let hash = |node: u32| (u64::from(node).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as u32;
        (0..20_000).for_each(|node| buckets.insert(node, hash(node)));
        let longest = buckets.heads.iter().map(|head| buckets.chain(*head).count()).max();
        assert!(longest.is_some_and(|longest| longest < 16), "{longest:?}");
        assert_eq!(buckets.heads.len(), 10_000);
    }
}
