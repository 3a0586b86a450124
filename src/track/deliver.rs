//! Posts messages to their receivers, one thread for all of them and a thread for each post under way.
//!
//! In: messages of the store whose time has come. Out: posts, and what came of each try, back to the store. A message keeps its
//! id and its words however often it is tried, so that a receiver can drop what it has seen; where the process ends between the
//! post and its note it is posted again. A receiver that fails is left alone for longer each time, with everything that waits for it;
//! the others are not held up by it.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::watch;
use tokio::task::JoinSet;
use ureq::unversioned::transport::DefaultConnector;

use super::guard::{Checked, Guard};
use super::{Settings, Tracker, rules, sign};
use crate::store::StoreError;
use crate::store::write::{Outgoing, Then, Tried};
use crate::traces::TARGET;

/// Bytes of an answer that are read.
const ANSWER_BYTES: u64 = 4_096;
/// How long posts under way get when the service ends.
const DRAIN: Duration = Duration::from_secs(5);
/// Rest after the store failed.
const REST: Duration = Duration::from_secs(1);
/// How often what is old is forgotten.
const FORGET: Duration = Duration::from_secs(3_600);

/// The thread that delivers. Dropping it ends it; what is under way gets some seconds.
pub struct Deliverer {
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl Deliverer {
    /// Starts it.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(tracker: Arc<Tracker>) -> Result<Self, StoreError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .max_blocking_threads(tracker.settings.senders.max(1))
            .thread_name("post")
            .build()?;
        let stop = watch::Sender::new(false);
        let stopped = stop.subscribe();
        let thread = std::thread::Builder::new().name("deliver".to_owned()).spawn(move || {
            runtime.block_on(deliver(&tracker, stopped));
            runtime.shutdown_timeout(DRAIN);
        })?;
        Ok(Self {
            stop,
            thread: Some(thread),
        })
    }
}

impl Drop for Deliverer {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the delivering thread had panicked; what waits is posted after the next start");
        }
    }
}

async fn deliver(tracker: &Tracker, mut stop: watch::Receiver<bool>) {
    let poster = Arc::new(Poster::new(&tracker.settings, tracker.guard.clone()));
    let mut newest = tracker.store.newest();
    let (mut busy, mut posts, mut tries) = (BTreeSet::new(), JoinSet::new(), Vec::new());
    let mut forgot: Option<Instant> = None;
    loop {
        newest.borrow_and_update();
        if forgot.is_none_or(|at| at.elapsed() >= FORGET) {
            forgot = Some(Instant::now());
            forget(tracker);
        }
        // What came of a post is noted before the next one: else what has arrived would be posted again.
        let next = note(tracker, &mut tries, &mut busy);
        let next = match next.and_then(|()| hand_out(tracker, &poster, &mut busy, &mut posts)) {
            Ok(next) => next,
            Err(error) => {
                tracing::error!(%error, untold = tries.len(), "alerts wait: the store failed who delivers");
                Some(REST)
            }
        };
        let sleep = tokio::time::sleep(next.unwrap_or(FORGET).min(FORGET));
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => break,
            Some(done) = posts.join_next() => finish(done, &mut tries, &mut busy),
            changed = newest.changed() => if changed.is_err() { break },
            () = tracker.bell.notified() => {}
            () = sleep => {}
        }
    }
    let until = tokio::time::Instant::now() + DRAIN;
    while let Ok(Some(done)) = tokio::time::timeout_at(until, posts.join_next()).await {
        finish(done, &mut tries, &mut busy);
        // At once, since the process may be killed before the last post ends; what fails is left to the last call.
        let _ = note(tracker, &mut tries, &mut busy);
    }
    if let Err(error) = note(tracker, &mut tries, &mut busy) {
        let messages: Vec<u64> = tries.iter().map(|(_, tried)| tried.message).collect();
        tracing::error!(%error, ?messages, "tries were not noted; the messages are posted again under their ids after the next start");
    }
}

/// Makes messages, hands out what is due; how long until there is something to do.
fn hand_out(
    tracker: &Tracker,
    poster: &Arc<Poster>,
    busy: &mut BTreeSet<u64>,
    posts: &mut JoinSet<(u64, Tried)>,
) -> Result<Option<Duration>, StoreError> {
    let (store, now) = (&tracker.store, Utc::now());
    tracker.newest.send_if_modified(|newest| match store.newest_alert() {
        Ok(number) => std::mem::replace(newest, number) != number,
        Err(_) => false,
    });
    store.make_messages(now)?;
    let free = tracker.settings.senders.max(1).saturating_sub(posts.len());
    if free > 0 {
        for message in store.outgoing(busy, free, now)? {
            busy.insert(message.watch);
            let poster = Arc::clone(poster);
            posts.spawn_blocking(move || {
                let span = tracing::info_span!(target: TARGET, "deliver", otel.kind = "client", watch = message.watch);
                (message.watch, span.in_scope(|| poster.post(&message)))
            });
        }
    }
    if posts.len() >= tracker.settings.senders.max(1) {
        // The next one that ends makes room.
        return Ok(None);
    }
    let due = store.next_delivery(busy)?;
    Ok(due.map(|due| Duration::from_micros((due - now.timestamp_micros()).max(0).unsigned_abs())))
}

/// Takes what came of a post. Its watch stays busy until that is noted.
fn finish(done: Result<(u64, Tried), tokio::task::JoinError>, tries: &mut Vec<(u64, Tried)>, busy: &mut BTreeSet<u64>) {
    match done {
        Ok(tried) => tries.push(tried),
        Err(error) => {
            // Which watch it was is not known: all are asked again, under the same ids.
            tracing::error!(%error, "a post ended in a panic");
            busy.clear();
        }
    }
}

/// Notes what came of posts.
///
/// # Errors
/// When the store fails; what it did not take is left in `tries`.
fn note(tracker: &Tracker, tries: &mut Vec<(u64, Tried)>, busy: &mut BTreeSet<u64>) -> Result<(), StoreError> {
    while let Some((watch, tried)) = tries.last() {
        let became = tracker.store.tried(tried, Utc::now())?;
        tracker.metrics.delivery(match became {
            Then::Delivered => "delivered",
            Then::Again(_) => "failed",
            Then::Dead | Then::Gone => "given_up",
        });
        busy.remove(watch);
        tries.pop();
    }
    Ok(())
}

fn forget(tracker: &Tracker) {
    let days = i64::try_from(tracker.settings.keep_days).unwrap_or(i64::MAX);
    let before = TimeDelta::try_days(days).and_then(|days| Utc::now().checked_sub_signed(days));
    if let Some(before) = before
        && let Err(error) = tracker.store.forget_deliveries(before)
    {
        tracing::warn!(%error, "old alerts could not be forgotten");
    }
}

/// Posts messages.
struct Poster {
    agent: ureq::Agent,
    first: u64,
    most: u64,
    give_up: TimeDelta,
}

impl Poster {
    fn new(settings: &Settings, guard: Guard) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            // A redirect could lead to an address that nobody looked at.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .timeout_global(Some(Duration::from_secs(settings.answer_seconds.max(1))))
            .user_agent(concat!("Silsila/", env!("CARGO_PKG_VERSION")))
            .build();
        let hours = i64::try_from(settings.give_up_hours).unwrap_or(i64::MAX);
        Self {
            agent: ureq::Agent::with_parts(config, DefaultConnector::new(), Checked::new(guard)),
            first: settings.retry_seconds.max(1),
            most: settings.retry_most_seconds.max(1),
            give_up: TimeDelta::try_hours(hours).unwrap_or(TimeDelta::MAX),
        }
    }

    fn post(&self, message: &Outgoing) -> Tried {
        let (started, now) = (Instant::now(), Utc::now());
        let timestamp = now.timestamp();
        let secrets = message.secrets.iter().map(String::as_str);
        let signature = sign::signatures(secrets, &message.id, timestamp, &message.body);
        let sent = self
            .agent
            .post(&message.url)
            .header("content-type", "application/json")
            .header("webhook-id", &message.id)
            .header("webhook-timestamp", timestamp.to_string())
            .header("webhook-signature", signature)
            .send(&message.body);
        let (status, answer, error, asked) = match sent {
            Ok(mut response) => {
                let status = response.status().as_u16();
                let asked = response.headers().get("retry-after");
                let asked = asked.and_then(|value| value.to_str().ok()?.trim().parse::<u64>().ok());
                let mut bytes = Vec::new();
                // The status is the answer; of its text only what comes in time is kept.
                let read = response
                    .body_mut()
                    .as_reader()
                    .take(ANSWER_BYTES)
                    .read_to_end(&mut bytes);
                let error = match (status, read) {
                    (200..300, _) => None,
                    (300..400, _) => Some("a redirect, which is not followed; change the watch's address".to_owned()),
                    (status, _) => Some(format!("it answered {status}")),
                };
                (
                    Some(status),
                    Some(String::from_utf8_lossy(&bytes).into_owned()),
                    error,
                    asked,
                )
            }
            Err(error) => (None, None, Some(error.to_string()), None),
        };
        let then = match status {
            Some(200..300) => Then::Delivered,
            Some(410) => Then::Gone,
            _ => self.again(message, asked, Utc::now()),
        };
        Tried {
            message: message.number,
            url: message.url.clone(),
            status,
            milliseconds: started.elapsed().as_millis() as u64,
            answer,
            error,
            then,
        }
    }

    /// When a message that failed is tried again; a receiver may ask for more time, within the bound.
    fn again(&self, message: &Outgoing, asked: Option<u64>, now: DateTime<Utc>) -> Then {
        let since = DateTime::<Utc>::from_timestamp_micros(message.since).unwrap_or(now);
        if now.signed_duration_since(since) >= self.give_up {
            return Then::Dead;
        }
        let wait = rules::wait(message.tries + 1, self.first, self.most, message.number);
        let wait = wait.max(Duration::from_secs(asked.unwrap_or(0).min(self.most)));
        Then::Again(now.timestamp_micros().saturating_add(wait.as_micros() as i64))
    }
}
