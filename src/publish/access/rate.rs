//! Token buckets: how many requests a caller may make, by the kind of request.
//!
//! A bucket holds `burst` requests at most and gains `per_second`. What is left is told in the fields of the IETF's draft
//! "RateLimit header fields for HTTP". Nothing here waits.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Deserialize;

/// Buckets that are kept; beyond that the full ones, which say nothing, are dropped.
const MOST: usize = 20_000;

/// Requests of one kind.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// Requests a second in the long run; 0 for no limit.
    pub per_second: f64,
    /// Requests at once.
    pub burst: u32,
}

/// The section `[publish.rate]` of the configuration.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rates {
    /// Reading, of data and pages.
    pub read: Limit,
    /// Handing in.
    pub ingest: Limit,
    /// Corrections, signing in, and all else that changes something.
    pub edit: Limit,
}

/// What is counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// [`Rates::read`].
    Read,
    /// [`Rates::ingest`].
    Ingest,
    /// [`Rates::edit`].
    Edit,
}

impl Class {
    fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Ingest => "ingest",
            Self::Edit => "edit",
        }
    }
}

/// What is left after a request, to be told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quota {
    class: Class,
    burst: u32,
    left: u32,
    /// Seconds until the bucket is full again.
    window: u64,
    reset: u64,
    /// When the next request is free; none when this one went through.
    pub wait: Option<Duration>,
}

impl Quota {
    /// As an item of the field `RateLimit-Policy`.
    pub fn policy(&self) -> String {
        format!("\"{}\";q={};w={}", self.class.name(), self.burst, self.window)
    }

    /// As an item of the field `RateLimit`.
    pub fn state(&self) -> String {
        format!("\"{}\";r={};t={}", self.class.name(), self.left, self.reset)
    }
}

struct Bucket {
    held: f64,
    at: Instant,
}

impl Bucket {
    fn gain(&mut self, limit: Limit, now: Instant) {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.held = (self.held + passed * limit.per_second).min(f64::from(limit.burst));
        self.at = now;
    }
}

/// All buckets.
pub struct Buckets {
    rates: Rates,
    buckets: Mutex<HashMap<(String, Class), Bucket>>,
}

impl Buckets {
    /// Full buckets for everybody.
    pub fn new(rates: Rates) -> Self {
        Self {
            rates,
            buckets: Mutex::new(HashMap::new()),
        }
    }

    fn limit(&self, class: Class) -> Limit {
        let limit = match class {
            Class::Read => self.rates.read,
            Class::Ingest => self.rates.ingest,
            Class::Edit => self.rates.edit,
        };
        Limit {
            burst: limit.burst.max(1),
            ..limit
        }
    }

    /// Takes one request out of the caller's bucket; nothing is told when there is no limit.
    pub fn take(&self, caller: &str, class: Class, now: Instant) -> Option<Quota> {
        let limit = self.limit(class);
        if limit.per_second <= 0.0 {
            return None;
        }
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MOST {
            buckets.retain(|(_, class), bucket| {
                let limit = self.limit(*class);
                bucket.gain(limit, now);
                bucket.held < f64::from(limit.burst)
            });
        }
        let burst = f64::from(limit.burst);
        let bucket = buckets
            .entry((caller.to_owned(), class))
            .or_insert(Bucket { held: burst, at: now });
        bucket.gain(limit, now);
        let seconds = |requests: f64| requests / limit.per_second;
        let wait = if bucket.held >= 1.0 {
            bucket.held -= 1.0;
            None
        } else {
            Some(Duration::from_secs_f64(seconds(1.0 - bucket.held)))
        };
        Some(Quota {
            class,
            burst: limit.burst,
            left: bucket.held as u32,
            window: seconds(burst).ceil() as u64,
            reset: seconds(burst - bucket.held).ceil() as u64,
            wait,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buckets(per_second: f64, burst: u32) -> Buckets {
        let limit = Limit { per_second, burst };
        Buckets::new(Rates {
            read: limit,
            ingest: limit,
            edit: limit,
        })
    }

    #[test]
    fn a_burst_goes_through_and_then_the_rate_holds() {
        let (buckets, start) = (buckets(2.0, 4), Instant::now());
        let take = |after: u64| {
            buckets
                .take("desk", Class::Read, start + Duration::from_millis(after))
                .expect("a limit")
        };
        for left in [3, 2, 1, 0] {
            let quota = take(0);
            assert_eq!((quota.wait, quota.left), (None, left));
        }
        let refused = take(0);
        assert_eq!(refused.wait, Some(Duration::from_millis(500)));
        assert_eq!(refused.policy(), "\"read\";q=4;w=2");
        assert_eq!(refused.state(), "\"read\";r=0;t=2");
        assert_eq!(take(400).wait, Some(Duration::from_millis(100)));
        assert_eq!(take(500).wait, None);
        assert!(take(600).wait.is_some(), "two a second");
        assert_eq!(take(60_000).left, 3, "never more than the burst");
    }

    #[test]
    fn callers_and_kinds_are_counted_apart_and_none_is_no_limit() {
        let (limited, now) = (buckets(1.0, 1), Instant::now());
        let wait = |caller, class| limited.take(caller, class, now).expect("a limit").wait;
        assert_eq!(wait("a", Class::Read), None);
        assert!(wait("a", Class::Read).is_some());
        assert_eq!(wait("b", Class::Read), None);
        assert_eq!(wait("a", Class::Edit), None);
        assert_eq!(buckets(0.0, 1).take("a", Class::Read, now), None);
    }

    #[test]
    fn addresses_that_come_once_are_forgotten() {
        let (buckets, start) = (buckets(1.0, 1), Instant::now());
        for number in 0..MOST {
            let at = start + Duration::from_micros(number as u64);
            assert!(buckets.take(&number.to_string(), Class::Read, at).is_some());
        }
        let later = start + Duration::from_secs(5);
        assert!(buckets.take("one more", Class::Read, later).is_some());
        assert_eq!(buckets.buckets.lock().unwrap().len(), 1);
    }
}
