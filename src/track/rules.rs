//! When an alert is told of, and when a message goes out: pure rules over numbers and times.

use std::time::Duration;

use super::{Event, Quiet};

const MINUTE: i64 = 60_000_000;
const DAY: i64 = 24 * 60 * MINUTE;
/// Longest exponent of a retry's wait; far beyond any configured bound.
const MOST_DOUBLINGS: u32 = 30;

/// Why an alert is counted, but not told of by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Held {
    /// Its text repeats another's.
    NearDuplicate,
    /// The story has articles of its source already.
    KnownSource,
    /// It tells little that the story does not have.
    LittleNew,
}

impl Held {
    /// The name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::NearDuplicate => "near_duplicates",
            Self::KnownSource => "known_sources",
            Self::LittleNew => "little_new",
        }
    }
}

/// What is known of an article that joined.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Joined {
    /// Its text repeats another's.
    pub near_duplicate: bool,
    /// The story has other articles of its source; an article without a source cannot be a new one.
    pub known_source: bool,
    /// One minus the cosine with the member nearest to it; 1 without any.
    pub novelty: f64,
}

impl Quiet {
    /// Whether an article that joined is held back, and why.
    pub fn holds_back(&self, joined: Joined) -> Option<Held> {
        match joined {
            Joined {
                near_duplicate: true, ..
            } if !self.near_duplicates => Some(Held::NearDuplicate),
            Joined { known_source: true, .. } if self.only_new_sources => Some(Held::KnownSource),
            Joined { novelty, .. } if novelty < self.least_novelty => Some(Held::LittleNew),
            _ => None,
        }
    }

    /// When what happens `now` goes out; `sent` is when the watch's latest message was made. Microseconds since 1970.
    pub fn due(&self, now: i64, sent: Option<i64>) -> i64 {
        let every = i64::try_from(self.digest_minutes).unwrap_or(0) * MINUTE;
        let at = self.digest_at.iter().filter_map(|time| minute_of_day(time));
        let of_day = at.map(|minute| next_of_day(now, minute)).min();
        let digest = match of_day {
            Some(time) => time,
            None if every > 0 => now + every - now.rem_euclid(every),
            None => now,
        };
        let rest = i64::try_from(self.cool_down_seconds)
            .unwrap_or(0)
            .saturating_mul(1_000_000);
        digest.max(sent.map_or(i64::MIN, |sent| sent.saturating_add(rest)))
    }
}

/// The next time that it is so many minutes past midnight UTC, after `now`.
fn next_of_day(now: i64, minute: i64) -> i64 {
    let today = now - now.rem_euclid(DAY) + minute * MINUTE;
    if today > now { today } else { today + DAY }
}

/// Minutes past midnight of a time such as "07:30".
pub fn minute_of_day(time: &str) -> Option<i64> {
    let time = chrono::NaiveTime::parse_from_str(time, "%H:%M").ok()?;
    Some(i64::from(chrono::Timelike::num_seconds_from_midnight(&time) / 60))
}

/// The event that a change of the log is to who watches its story. `before` is the state that the story had.
pub fn event_of(kind: &str, state: Option<&str>, before: Option<&str>) -> Option<Event> {
    match (kind, state) {
        ("article_joined", _) => Some(Event::ArticleJoined),
        ("article_left", _) => Some(Event::ArticleLeft),
        ("merged", _) => Some(Event::Merged),
        ("split", _) => Some(Event::Split),
        ("renamed", _) => Some(Event::Renamed),
        ("state_changed", Some("closed")) => Some(Event::Closing),
        ("state_changed", Some("emerging" | "active")) if matches!(before, Some("dormant" | "closed")) => {
            Some(Event::Waking)
        }
        _ => None,
    }
}

/// How long the try after `tries` failed ones waits: three times as long each time, within a bound, and a fifth more or less by
/// the message's number, so that receivers that come back are not asked by all at once.
pub fn wait(tries: u32, first: u64, most: u64, message: u64) -> Duration {
    let factor = 3u64.saturating_pow(tries.saturating_sub(1).min(MOST_DOUBLINGS));
    let seconds = first.saturating_mul(factor).min(most) as f64;
    // Fibonacci hashing spreads neighbouring numbers (Knuth, The Art of Computer Programming 3, 6.4).
    let spread = (message ^ u64::from(tries) << 48).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
    Duration::from_secs_f64(seconds * (0.8 + 0.4 * spread as f64 / f64::from(1u32 << 24)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    #[test]
    fn digests_come_at_their_times_and_never_within_the_cool_down() {
        let plain = Quiet::default();
        assert_eq!(plain.due(7, Some(3)), 7);
        let cool = Quiet {
            cool_down_seconds: 60,
            ..Quiet::default()
        };
        assert_eq!(cool.due(100 * SECOND, None), 100 * SECOND);
        assert_eq!(cool.due(100 * SECOND, Some(90 * SECOND)), 150 * SECOND);
        let quarter = Quiet {
            digest_minutes: 15,
            ..Quiet::default()
        };
        assert_eq!(quarter.due(16 * MINUTE, None), 30 * MINUTE);
        assert_eq!(quarter.due(30 * MINUTE, None), 45 * MINUTE);
        let daily = Quiet {
            digest_at: vec!["07:30".to_owned(), "18:00".to_owned()],
            digest_minutes: 1,
            ..Quiet::default()
        };
        assert_eq!(daily.due(8 * 60 * MINUTE, None), 18 * 60 * MINUTE);
        assert_eq!(daily.due(19 * 60 * MINUTE, None), DAY + 450 * MINUTE);
        assert_eq!(minute_of_day("24:00"), None);
    }

    #[test]
    fn what_is_held_back_has_a_reason() {
        let new = Joined {
            near_duplicate: false,
            known_source: false,
            novelty: 0.4,
        };
        let copy = Joined {
            near_duplicate: true,
            ..new
        };
        let known = Joined {
            known_source: true,
            ..new
        };
        let plain = Quiet::default();
        assert_eq!(plain.holds_back(new), None);
        assert_eq!(plain.holds_back(copy), Some(Held::NearDuplicate));
        assert_eq!(plain.holds_back(known), None);
        let strict = Quiet {
            near_duplicates: true,
            only_new_sources: true,
            least_novelty: 0.5,
            ..Quiet::default()
        };
        assert_eq!(strict.holds_back(known), Some(Held::KnownSource));
        assert_eq!(strict.holds_back(copy), Some(Held::LittleNew));
        assert_eq!(strict.holds_back(Joined { novelty: 0.5, ..copy }), None);
    }

    #[test]
    fn a_story_wakes_only_from_sleep() {
        let state = |state, before| event_of("state_changed", Some(state), before);
        assert_eq!(state("active", Some("dormant")), Some(Event::Waking));
        assert_eq!(state("active", Some("emerging")), None);
        assert_eq!(state("emerging", None), None);
        assert_eq!(state("closed", Some("dormant")), Some(Event::Closing));
        assert_eq!(event_of("story_created", None, None), None);
    }

    #[test]
    fn retries_wait_longer_each_time_within_bounds() {
        for message in 0..200 {
            let waits: Vec<f64> = (1..=12)
                .map(|tries| wait(tries, 5, 14_400, message).as_secs_f64())
                .collect();
            assert!((4.0..=6.0).contains(&waits[0]), "{waits:?}");
            assert!((12.0..=18.0).contains(&waits[1]), "{waits:?}");
            assert!(waits.iter().all(|wait| *wait <= 14_400.0 * 1.2), "{waits:?}");
        }
        let spread: std::collections::BTreeSet<u64> =
            (0..100).map(|m| wait(3, 5, 14_400, m).as_millis() as u64).collect();
        assert!(spread.len() > 90);
    }
}
