//! Sessions of people who signed in with a token on a page. Kept in memory: they end with the process.

use std::time::{Duration, Instant};

use super::tokens::{Secret, TokensError, random_text};
use crate::publish::fleeting::Fleeting;

/// The cookie that holds a session's text.
pub const COOKIE: &str = "silsila_session";
/// Sessions at once; beyond that the one that ends first makes room.
const MOST: usize = 10_000;

/// The digest of each session's token, by the digest of the session's text.
#[derive(Default)]
pub struct Sessions(Fleeting<Secret, Secret, MOST>);

impl Sessions {
    /// Begins a session of the token with this digest, and gives its text.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn begin(&self, token: Secret, lasts: Duration, now: Instant) -> Result<String, TokensError> {
        let text = random_text()?;
        self.0.put(Secret::of(&text), token, now + lasts, now);
        Ok(text)
    }

    /// The digest of the token that a session belongs to.
    pub fn token(&self, text: &str, now: Instant) -> Option<Secret> {
        self.0.get(&Secret::of(text), now)
    }

    /// Ends a session.
    pub fn end(&self, text: &str) {
        self.0.remove(&Secret::of(text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_lasts_its_time_or_until_it_is_ended() {
        let (sessions, now, hour) = (Sessions::default(), Instant::now(), Duration::from_secs(3600));
        let token = Secret::of("token");
        let [first, second] = [0, 1].map(|_| sessions.begin(token, hour, now).expect("randomness"));
        assert_ne!(first, second);
        assert_eq!(sessions.token(&first, now), Some(token));
        assert_eq!(sessions.token("silsila_other", now), None);
        sessions.end(&first);
        assert_eq!(sessions.token(&first, now), None);
        assert_eq!(sessions.token(&second, now + hour / 2), Some(token));
        assert_eq!(sessions.token(&second, now + hour), None);
    }
}
