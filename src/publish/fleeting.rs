//! Things that are remembered for a while and no longer: what a page shows once, who has signed in.
//!
//! In: keys and values with the moment when each ends. Out: a value until then. Bounded: where there is no room, the one that
//! ends first goes. Kept in memory alone.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// At most so many values of which each has an end.
pub struct Fleeting<K, V, const MOST: usize>(Mutex<HashMap<K, (V, Instant)>>);

impl<K, V, const MOST: usize> Default for Fleeting<K, V, MOST> {
    fn default() -> Self {
        Self(Mutex::new(HashMap::new()))
    }
}

impl<K: Eq + Hash + Clone, V: Clone, const MOST: usize> Fleeting<K, V, MOST> {
    /// Remembers a value until it ends.
    pub fn put(&self, key: K, value: V, ends: Instant, now: Instant) {
        let mut known = self.lock();
        known.retain(|_, (_, ends)| *ends > now);
        if known.len() >= MOST {
            let first = known.iter().min_by_key(|(_, (_, ends))| *ends);
            if let Some(first) = first.map(|(key, _)| key.clone()) {
                known.remove(&first);
            }
        }
        known.insert(key, (value, ends));
    }

    /// The value of a key that has not ended.
    pub fn get(&self, key: &K, now: Instant) -> Option<V> {
        let known = self.lock();
        let (value, ends) = known.get(key)?;
        (*ends > now).then(|| value.clone())
    }

    /// Takes the value of a key that has not ended, if it is the one that is meant.
    pub fn take(&self, key: &K, is_meant: impl FnOnce(&V) -> bool, now: Instant) -> Option<V> {
        let mut known = self.lock();
        known.get(key).filter(|(value, _)| is_meant(value))?;
        let (value, ends) = known.remove(key)?;
        (ends > now).then_some(value)
    }

    /// Forgets a key.
    pub fn remove(&self, key: &K) {
        self.lock().remove(key);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, (V, Instant)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn what_nobody_comes_for_does_not_pile_up_and_the_first_to_end_makes_room() {
        let (fleeting, now) = (Fleeting::<u64, u64, 100>::default(), Instant::now());
        let end = |number: u64| now + Duration::from_secs(1_000 - number);
        for number in 0..=100 {
            fleeting.put(number, number, end(number), now);
        }
        assert_eq!(fleeting.lock().len(), 100);
        assert_eq!(fleeting.get(&99, now), None, "it would have ended first");
        assert_eq!(fleeting.get(&100, now), Some(100));
        fleeting.put(7, 7, end(7), end(3));
        assert_eq!(fleeting.lock().len(), 4, "those that have ended are gone");
    }
}
