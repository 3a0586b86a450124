//! Everybody who follows the change log live: how many there are, and the newest changes, written once for all of them.
//!
//! In: the store's word that there are newer changes. Out: events as they go over the wire. One task reads each change once
//! and keeps the newest ones; who is further behind reads from the store, a page at a time, when the connection takes more.
//! So a follower costs a position and one page at most, and never holds up the writer or another follower.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_web::web::{self, Bytes};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::store::read::{ChangeView, Followed};
use crate::store::{Store, StoreError};

/// Newest changes that are kept written out: some 300 bytes each.
const KEPT: usize = 2_000;
/// Changes of one page, at most.
const PAGE: usize = 100;
/// Rest of the task after the store could not be read.
const REST: Duration = Duration::from_secs(1);

/// A change, written out as an event.
#[derive(Debug)]
struct Event {
    change: ChangeView,
    text: String,
}

impl Event {
    fn new(change: ChangeView) -> Result<Self, StoreError> {
        let data = serde_json::to_string(&change)?;
        let text = format!("id: {}\nevent: {}\ndata: {data}\n\n", change.number, change.kind);
        Ok(Self { change, text })
    }
}

/// The newest events: all of the numbers behind `behind` up to `up_to`.
#[derive(Debug, Default)]
struct Newest {
    events: VecDeque<Arc<Event>>,
    behind: u64,
    up_to: u64,
}

/// All streams of the change log.
#[derive(Debug)]
pub struct Streams {
    newest: Mutex<Newest>,
    /// How far the events reach; closed when the service ends.
    reached: watch::Sender<u64>,
    closing: watch::Sender<bool>,
    places: Arc<Semaphore>,
    most: usize,
}

/// What a follower wants to see, and how far it is.
#[derive(Debug)]
pub struct Position {
    /// Everything up to this number was sent, or is not wanted.
    pub after: u64,
    /// The story that is followed.
    pub followed: Option<Followed>,
    /// Kinds that are wanted; all when there are none.
    pub kinds: Vec<String>,
}

/// A place among the streams; given back when it is dropped.
#[derive(Debug)]
pub struct Place(#[expect(dead_code, reason = "held")] OwnedSemaphorePermit);

impl Streams {
    /// Nobody follows yet; `most` may at once.
    pub fn new(most: usize) -> Self {
        Self {
            newest: Mutex::default(),
            reached: watch::Sender::new(0),
            closing: watch::Sender::new(false),
            places: Arc::new(Semaphore::new(most)),
            most,
        }
    }

    /// A place, if there is one.
    pub fn place(&self) -> Option<Place> {
        Arc::clone(&self.places).try_acquire_owned().ok().map(Place)
    }

    /// Streams that are open, and how many may be.
    pub fn open(&self) -> (usize, usize) {
        (self.most.saturating_sub(self.places.available_permits()), self.most)
    }

    /// Waits until the streams are to end.
    pub async fn closed(&self) {
        // The sender lives as long as this does.
        drop(self.closing.subscribe().wait_for(|closing| *closing).await);
    }

    /// Ends all streams.
    pub fn close(&self) {
        self.closing.send_replace(true);
    }

    fn lock(&self) -> MutexGuard<'_, Newest> {
        self.newest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads what the writer adds to the log, once for all streams, until they are closed.
    pub async fn run(&self, store: Arc<Store>) {
        let (mut newest, mut closing) = (store.newest(), self.closing.subscribe());
        {
            let start = *newest.borrow_and_update();
            let mut kept = self.lock();
            (kept.behind, kept.up_to) = (start, start);
            self.reached.send_replace(start);
        }
        loop {
            tokio::select! {
                _ = closing.wait_for(|closing| *closing) => return,
                changed = newest.changed() => if changed.is_err() { return },
            }
            let wanted = *newest.borrow_and_update();
            while self.lock().up_to < wanted {
                let (store, after) = (Arc::clone(&store), self.lock().up_to);
                let read = web::block(move || {
                    let seen = store.changes_after(after, None, &[], PAGE)?;
                    let events: Result<Vec<Event>, StoreError> = seen.changes.into_iter().map(Event::new).collect();
                    Ok::<_, StoreError>((events?, seen.up_to))
                });
                match read.await {
                    Ok(Ok((events, up_to))) => self.add(events, up_to),
                    Ok(Err(error)) => {
                        tracing::error!(%error, "the change log could not be read for those who follow it");
                        tokio::time::sleep(REST).await;
                    }
                    Err(_) => return,
                }
            }
        }
    }

    fn add(&self, events: Vec<Event>, up_to: u64) {
        let mut newest = self.lock();
        newest.events.extend(events.into_iter().map(Arc::new));
        newest.up_to = up_to;
        while newest.events.len() > KEPT {
            if let Some(oldest) = newest.events.pop_front() {
                newest.behind = oldest.change.number;
            }
        }
        drop(newest);
        self.reached.send_replace(up_to);
    }

    /// The next events of a follower, as bytes, and its position goes along; `None` when it has seen everything there is.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn next(&self, store: &Arc<Store>, position: Position) -> Result<(Position, Option<Bytes>), StoreError> {
        let mut position = position;
        let kept = {
            let newest = self.lock();
            if position.after >= newest.up_to {
                return Ok((position, None));
            }
            (position.after >= newest.behind).then(|| {
                let first = newest
                    .events
                    .partition_point(|event| event.change.number <= position.after);
                let events: Vec<Arc<Event>> = newest.events.range(first..).take(PAGE).cloned().collect();
                let up_to = if events.len() < PAGE { newest.up_to } else { 0 };
                (events, up_to)
            })
        };
        if let Some((events, up_to)) = kept {
            let text = position.take(&events);
            position.after = position.after.max(up_to);
            return Ok((position, Some(text)));
        }
        let store = Arc::clone(store);
        let read = web::block(move || {
            let Position { after, followed, kinds } = &mut position;
            let seen = store.changes_after(*after, followed.as_mut(), kinds, PAGE)?;
            *after = seen.up_to;
            let mut text = String::new();
            for change in seen.changes {
                text.push_str(&Event::new(change)?.text);
            }
            Ok((position, Some(Bytes::from(text))))
        });
        read.await
            .unwrap_or_else(|_| Err(StoreError::Io(std::io::Error::other("the service is shutting down"))))
    }

    /// Waits until there is more behind a position, at most this long; `false` when the streams are closed.
    async fn wait(&self, after: u64, longest: Duration) -> bool {
        let (mut reached, mut closing) = (self.reached.subscribe(), self.closing.subscribe());
        tokio::select! {
            _ = closing.wait_for(|closing| *closing) => false,
            _ = tokio::time::timeout(longest, reached.wait_for(|reached| *reached > after)) => true,
        }
    }

    /// The next piece of a follower's stream: events, or a comment when nothing happened for `heartbeat`. `None` at the end
    /// of the service, or when the store cannot be read: the client then comes again with the last number it has seen.
    pub async fn piece(
        &self,
        store: &Arc<Store>,
        mut position: Position,
        heartbeat: Duration,
    ) -> Option<(Position, Bytes)> {
        let until = tokio::time::Instant::now() + heartbeat;
        loop {
            if *self.closing.borrow() {
                return None;
            }
            let (then, text) = match self.next(store, position).await {
                Ok(found) => found,
                Err(error) => {
                    tracing::error!(%error, "a stream of changes ends");
                    return None;
                }
            };
            position = then;
            match text {
                Some(text) if !text.is_empty() => return Some((position, text)),
                Some(_) => {}
                None => {
                    let left = until.saturating_duration_since(tokio::time::Instant::now());
                    if left.is_zero() {
                        return Some((position, Bytes::from_static(b":\n\n")));
                    }
                    if !self.wait(position.after, left).await {
                        return None;
                    }
                }
            }
        }
    }
}

impl Position {
    /// Goes along with events; those that are wanted, in one piece.
    fn take(&mut self, events: &[Arc<Event>]) -> Bytes {
        let mut text = String::new();
        for Event { change, text: written } in events.iter().map(AsRef::as_ref) {
            let followed = self.followed.as_mut().is_none_or(|followed| {
                let holds = followed.holds(&change.story_id);
                followed.go_along(change);
                holds
            });
            if followed && (self.kinds.is_empty() || self.kinds.contains(&change.kind)) {
                text.push_str(written);
            }
            self.after = change.number;
        }
        Bytes::from(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(number: u64, kind: &str, story: &str, into: Option<&str>) -> Event {
        Event::new(ChangeView {
            number,
            at: String::new(),
            kind: kind.to_owned(),
            story_id: story.to_owned(),
            article_id: None,
            detail: into.map_or(serde_json::json!({}), |into| serde_json::json!({"into": into})),
        })
        .unwrap()
    }

    fn numbers(text: &Bytes) -> Vec<u64> {
        let text = String::from_utf8_lossy(text);
        text.lines()
            .filter_map(|line| line.strip_prefix("id: ")?.parse().ok())
            .collect()
    }

    fn at(after: u64, followed: Option<&str>, kinds: &[&str]) -> Position {
        Position {
            after,
            followed: followed.map(Followed::new),
            kinds: kinds.iter().map(|kind| (*kind).to_owned()).collect(),
        }
    }

    #[test]
    fn a_story_is_followed_into_others_and_back() {
        let events: Vec<Arc<Event>> = [
            event(1, "article_joined", "s1", None),
            event(2, "article_joined", "s2", None),
            event(3, "merged", "s1", Some("s2")),
            event(4, "article_joined", "s2", None),
            event(5, "merged", "s2", Some("s3")),
            event(6, "article_joined", "s3", None),
            event(7, "split", "s3", Some("s9")),
            event(8, "split", "s3", Some("s1")),
            event(9, "article_joined", "s3", None),
            event(10, "article_joined", "s1", None),
        ]
        .into_iter()
        .map(Arc::new)
        .collect();
        let mut all = at(0, Some("s1"), &[]);
        assert_eq!(numbers(&all.take(&events)), [1, 3, 4, 5, 6, 7, 8, 10]);
        let mut joined = at(0, Some("s1"), &["article_joined"]);
        assert_eq!(numbers(&joined.take(&events)), [1, 4, 6, 10]);
    }

    #[test]
    fn who_is_up_to_date_is_served_from_memory_and_others_from_the_store() {
        let dir = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::open(dir.path()).unwrap());
        let streams = Streams::new(1);
        let many = KEPT as u64 + 500;
        let events = (1..=many).map(|number| event(number, "renamed", "s1", None));
        streams.add(events.collect(), many + 7);
        assert_eq!(streams.lock().events.len(), KEPT);
        let system = actix_web::rt::System::new();
        system.block_on(async {
            let (mut position, mut seen) = (at(many - 250, None, &[]), Vec::new());
            while let (then, Some(text)) = streams.next(&store, position).await.unwrap() {
                seen.extend(numbers(&text));
                position = then;
                if position.after >= many + 7 {
                    break;
                }
            }
            assert_eq!(seen, (many - 249..=many).collect::<Vec<_>>());
            // What memory has forgotten is asked of the store, which in this test has nothing.
            let (position, text) = streams.next(&store, at(3, None, &[])).await.unwrap();
            assert_eq!((position.after, text), (0, Some(Bytes::new())));
        });
    }

    #[test]
    fn places_are_counted_and_given_back() {
        let streams = Streams::new(1);
        let place = streams.place().unwrap();
        assert!(streams.place().is_none());
        assert_eq!(streams.open(), (1, 1));
        drop(place);
        assert_eq!(streams.open(), (0, 1));
        assert!(streams.place().is_some());
    }
}
