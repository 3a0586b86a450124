//! Sessions of people who signed in with a token on a page. Kept in memory: they end with the process.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::tokens::{Secret, TokensError, random_text};

/// The cookie that holds a session's text.
pub const COOKIE: &str = "silsila_session";
/// Sessions at once; beyond that the one that ends first makes room.
const MOST: usize = 10_000;

struct Session {
    token: Secret,
    ends: Instant,
}

/// All sessions, by the digest of their text.
#[derive(Default)]
pub struct Sessions(Mutex<HashMap<Secret, Session>>);

impl Sessions {
    /// Begins a session of the token with this digest, and gives its text.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn begin(&self, token: Secret, lasts: Duration, now: Instant) -> Result<String, TokensError> {
        let text = random_text()?;
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.retain(|_, session| session.ends > now);
        if sessions.len() >= MOST
            && let Some(first) = sessions
                .iter()
                .min_by_key(|(_, session)| session.ends)
                .map(|(key, _)| *key)
        {
            sessions.remove(&first);
        }
        let ends = now + lasts;
        sessions.insert(Secret::of(&text), Session { token, ends });
        Ok(text)
    }

    /// The digest of the token that a session belongs to.
    pub fn token(&self, text: &str, now: Instant) -> Option<Secret> {
        let sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let session = sessions.get(&Secret::of(text))?;
        (session.ends > now).then_some(session.token)
    }

    /// Ends a session.
    pub fn end(&self, text: &str) {
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.remove(&Secret::of(text));
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
