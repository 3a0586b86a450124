//! Secrets that a page shows once, after the redirect that answers a form.
//!
//! In: a secret and what it is of. Out: a key for an address, and for the key, once and for a short while, the secret. Kept in
//! memory alone and bounded; the secret itself is never part of an address, and a page that is loaded again has none.

use std::time::{Duration, Instant};

use super::fleeting::Fleeting;

/// How long a secret waits for its page.
const LASTS: Duration = Duration::from_secs(120);
/// Secrets that wait at once; beyond that the oldest one goes.
const MOST: usize = 1_000;

#[derive(Clone)]
struct Waiting {
    of: String,
    secret: String,
}

/// Secrets that wait to be shown, by key.
#[derive(Default)]
pub struct Once(Fleeting<String, Waiting, MOST>);

impl Once {
    /// Keeps a secret and gives the key to it.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn keep(&self, of: &str, secret: String, now: Instant) -> Result<String, getrandom::Error> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes)?;
        let key = format!("{:032x}", u128::from_le_bytes(bytes));
        let of = of.to_owned();
        self.0.put(key.clone(), Waiting { of, secret }, now + LASTS, now);
        Ok(key)
    }

    /// The secret of a key, if it is of this and was not taken yet.
    pub fn take(&self, key: &str, of: &str, now: Instant) -> Option<String> {
        let found = self.0.take(&key.to_owned(), |waiting| waiting.of == of, now);
        found.map(|waiting| waiting.secret)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_given_once_for_what_it_is_of_and_not_late() {
        let (once, now) = (Once::default(), Instant::now());
        let key = once.keep("w1", "one".to_owned(), now).expect("randomness");
        assert_eq!(once.take(&key, "w2", now), None, "of another watch");
        assert_eq!(once.take("", "w1", now), None);
        assert_eq!(once.take(&key, "w1", now).as_deref(), Some("one"));
        assert_eq!(once.take(&key, "w1", now), None, "it was shown");
        let late = once.keep("w1", "two".to_owned(), now).expect("randomness");
        assert_ne!(late, key);
        assert_eq!(once.take(&late, "w1", now + LASTS), None);
    }
}
