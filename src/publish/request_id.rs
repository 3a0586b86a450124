//! Ids of requests: in every answer, every log line, and beside every input that was refused.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use actix_web::HttpRequest;
use actix_web::http::header::HeaderMap;
use chrono::Utc;

/// Longest id of a client's own that is taken over, in bytes.
const LONGEST: usize = 64;

/// The id of a request, kept with it.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

impl RequestId {
    /// The id of this request.
    pub fn of(request: &HttpRequest) -> String {
        use actix_web::HttpMessage as _;
        let extensions = request.extensions();
        extensions
            .get::<Self>()
            .map_or_else(|| "unknown".to_owned(), |id| id.0.clone())
    }
}

/// Hands out ids that no other process and no earlier start has handed out.
#[derive(Debug)]
pub struct RequestIds {
    /// The second of the start, so that ids sort by it, and 32 random bits.
    prefix: String,
    next: AtomicU64,
}

impl RequestIds {
    /// A series of its own.
    pub fn new() -> Self {
        // The standard library's hasher is seeded by the system's randomness.
        let random = RandomState::new().hash_one(std::process::id()) as u32;
        Self {
            prefix: format!("{:08x}{random:08x}", Utc::now().timestamp()),
            next: AtomicU64::new(1),
        }
    }

    /// The id that the client gave in `X-Request-Id`, when it is fit to be logged; otherwise the next of the series.
    pub fn of(&self, headers: &HeaderMap) -> String {
        let given = headers.get("x-request-id").and_then(|value| value.to_str().ok());
        let fit = |id: &&str| (1..=LONGEST).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
        match given.filter(fit) {
            Some(id) => id.to_owned(),
            None => format!("{}-{}", self.prefix, self.next.fetch_add(1, Ordering::Relaxed)),
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn given(id: &str) -> HeaderMap {
        let value = HeaderValue::from_str(id).expect("a header");
        HeaderMap::from_iter([(HeaderName::from_static("x-request-id"), value)])
    }

    #[test]
    fn ids_differ_within_a_series_and_between_starts() {
        let (first, second) = (RequestIds::new(), RequestIds::new());
        let none = HeaderMap::new();
        let ids = [first.of(&none), first.of(&none), second.of(&none), second.of(&none)];
        let distinct: std::collections::BTreeSet<&String> = ids.iter().collect();
        assert_eq!(distinct.len(), 4, "{ids:?}");
    }

    #[test]
    fn a_clients_id_is_kept_when_it_can_be_logged() {
        let ids = RequestIds::new();
        assert_eq!(ids.of(&given("feed-7")), "feed-7");
        assert_ne!(ids.of(&given("two words")), "two words");
        assert_ne!(ids.of(&given("")), "");
        assert_ne!(ids.of(&given(&"x".repeat(65))), "x".repeat(65));
    }
}
