//! What was worked out before and still holds, within bounded memory: answers that are true as long as nothing changes.
//!
//! In: a key, the number of the change (or a story's version) that a value was worked out at, and the value. Out: the value,
//! while the number is the same. The oldest values go first. A number is read before the value is worked out: the value may
//! then be newer than its number says, never older.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

/// Values by key, each with the number that it holds for.
#[derive(Debug)]
pub struct Memo<T> {
    kept: Mutex<Kept<T>>,
    most: usize,
}

#[derive(Debug)]
struct Kept<T> {
    values: HashMap<String, (u64, u64, usize, T)>,
    /// Keys with the count at which they were kept, oldest first; a key that was kept again stands here twice.
    order: VecDeque<(String, u64)>,
    counted: u64,
    weight: usize,
}

impl<T: Clone> Memo<T> {
    /// Keeps values of this weight together, at most.
    pub fn new(most: usize) -> Self {
        Self {
            kept: Mutex::new(Kept {
                values: HashMap::new(),
                order: VecDeque::new(),
                counted: 0,
                weight: 0,
            }),
            most,
        }
    }

    /// The value, if it was worked out at this number.
    pub fn get(&self, key: &str, number: u64) -> Option<T> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let (of, .., value) = kept.values.get(key)?;
        (*of == number).then(|| value.clone())
    }

    /// Keeps a value; one that weighs more than a quarter of all is not kept.
    pub fn put(&self, key: String, number: u64, value: T, weight: usize) {
        let weight = weight + key.len();
        if weight > self.most / 4 {
            return;
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.counted += 1;
        let counted = kept.counted;
        kept.weight += weight;
        if let Some((.., before, _)) = kept.values.insert(key.clone(), (number, counted, weight, value)) {
            kept.weight -= before;
        }
        kept.order.push_back((key, counted));
        while kept.weight > self.most || kept.order.len() > 2 * kept.values.len() + 8 {
            let Some((oldest, counted)) = kept.order.pop_front() else {
                break;
            };
            if kept.values.get(&oldest).is_some_and(|(_, of, ..)| *of == counted)
                && let Some((.., weight, _)) = kept.values.remove(&oldest)
            {
                kept.weight -= weight;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_holds_for_its_number_and_the_oldest_go_first() {
        let memo = Memo::new(100);
        memo.put("a".to_owned(), 1, "one", 19);
        assert_eq!(
            (memo.get("a", 1), memo.get("a", 2), memo.get("b", 1)),
            (Some("one"), None, None)
        );
        memo.put("a".to_owned(), 2, "two", 19);
        assert_eq!((memo.get("a", 1), memo.get("a", 2)), (None, Some("two")));
        for key in ["b", "c", "d", "e"] {
            memo.put(key.to_owned(), 2, "more", 19);
        }
        assert_eq!(memo.get("a", 2), Some("two"), "all have room");
        memo.put("f".to_owned(), 2, "more", 19);
        assert_eq!((memo.get("a", 2), memo.get("b", 2)), (None, Some("more")));
        memo.put("g".to_owned(), 2, "large", 99);
        assert_eq!((memo.get("g", 2), memo.get("f", 2)), (None, Some("more")));
        for number in 0..1000 {
            memo.put("b".to_owned(), number, "again", 10);
        }
        let kept = memo.kept.lock().unwrap();
        assert!(
            kept.order.len() <= 2 * kept.values.len() + 8 && kept.weight <= 100,
            "{kept:?}"
        );
    }
}
