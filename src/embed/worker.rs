//! The thread that owns the embedder. Texts come in over a bounded queue, vectors go out over a reply channel of each
//! request; a full queue is an answer, never a wait. What somebody waits for goes first, between the texts of a long request.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::{EmbedError, Embedder, ModelIdentity, Settings};
use crate::traces::TARGET;

/// Requests that may wait to go first.
const FIRST: usize = 16;
/// Texts of a long request that are embedded before it is looked whether something goes first. Larger batches bring nothing
/// (`embed.batch`), and a vector does not depend on what else is embedded with it.
const AT_ONCE: usize = 4;

/// The vectors of one request and what they cost.
#[derive(Debug, Clone, PartialEq)]
pub struct Embedded {
    /// Unit vectors, in the order of the texts.
    pub vectors: Vec<Vec<f32>>,
    /// Time in the queue.
    pub waited: Duration,
    /// Time of computing.
    pub took: Duration,
}

/// Why a request was not taken; the texts come back with it.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The queue is full.
    #[error("the embedding queue is full ({capacity} requests wait): try again later, or raise embed.queue")]
    Full {
        /// How many may wait.
        capacity: usize,
        /// What was to be embedded.
        texts: Vec<String>,
    },
    /// The thread has ended.
    #[error("the embedding worker has stopped; restart the service")]
    Stopped {
        /// What was to be embedded.
        texts: Vec<String>,
    },
}

struct Request {
    texts: Vec<String>,
    since: Instant,
    /// Who asked.
    span: tracing::Span,
    reply: oneshot::Sender<Result<Embedded, EmbedError>>,
}

/// A request that was taken.
pub struct Pending(oneshot::Receiver<Result<Embedded, EmbedError>>);

impl Pending {
    /// Waits on a thread (not within an async runtime).
    ///
    /// # Errors
    /// The embedder's, or [`EmbedError::Stopped`] when its thread ended first.
    pub fn wait(self) -> Result<Embedded, EmbedError> {
        self.0.blocking_recv().unwrap_or_else(|_| Err(ended()))
    }

    /// Waits within an async runtime.
    ///
    /// # Errors
    /// As [`Self::wait`].
    pub async fn done(self) -> Result<Embedded, EmbedError> {
        self.0.await.unwrap_or_else(|_| Err(ended()))
    }
}

fn ended() -> EmbedError {
    EmbedError::Stopped {
        reason: "its thread ended before it answered; see the log".to_owned(),
    }
}

/// The handle of the thread. Dropping it lets the queue run empty, then ends the thread.
pub struct Worker {
    requests: Option<SyncSender<Request>>,
    first: Arc<Mutex<VecDeque<Request>>>,
    thread: Option<JoinHandle<Result<(), EmbedError>>>,
    waiting: Arc<AtomicUsize>,
    capacity: usize,
    identity: ModelIdentity,
}

impl Worker {
    /// Opens the model that the settings ask for, in a thread of its own that stands back behind those who read. Takes a
    /// second or two.
    ///
    /// # Errors
    /// Those of [`super::open`], and [`EmbedError::Stopped`] when the system gives no thread.
    pub fn open(settings: &Settings) -> Result<Self, EmbedError> {
        let niceness = settings.niceness;
        let settings_of_thread = settings.clone();
        let make = move || {
            // The runtime's threads begin with the priority of the one that opens it.
            stand_back(niceness);
            super::open(&settings_of_thread)
        };
        Self::spawn(make, settings.queue)
    }

    /// Starts the thread; `capacity` requests may wait.
    ///
    /// # Errors
    /// [`EmbedError::Stopped`] when the system gives no thread.
    pub fn start(embedder: Box<dyn Embedder>, capacity: usize) -> Result<Self, EmbedError> {
        Self::spawn(move || Ok(embedder), capacity)
    }

    fn spawn(
        make: impl FnOnce() -> Result<Box<dyn Embedder>, EmbedError> + Send + 'static,
        capacity: usize,
    ) -> Result<Self, EmbedError> {
        let (requests, queue) = sync_channel(capacity);
        let (opened, is_open) = sync_channel(1);
        let waiting = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&waiting);
        let first = Arc::new(Mutex::new(VecDeque::new()));
        let going_first = Arc::clone(&first);
        let work = move || {
            let made = make();
            // Whoever waits for this is there: nothing is lost if not.
            let _ = opened.send(
                made.as_ref()
                    .map(|embedder| embedder.identity().clone())
                    .map_err(|_| ()),
            );
            made.map(|embedder| run(embedder, &queue, &going_first, &counter))
        };
        let thread = std::thread::Builder::new().name("embed".to_owned()).spawn(work);
        let thread = thread.map_err(|error| EmbedError::Stopped {
            reason: error.to_string(),
        })?;
        let Ok(Ok(identity)) = is_open.recv() else {
            return match thread.join() {
                Ok(Err(error)) => Err(error),
                _ => Err(ended()),
            };
        };
        Ok(Self {
            requests: Some(requests),
            first,
            thread: Some(thread),
            waiting,
            capacity,
            identity,
        })
    }

    /// What decides the vectors.
    pub fn identity(&self) -> &ModelIdentity {
        &self.identity
    }

    /// Requests that wait now; one that is being computed does not count.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Requests that may wait.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// Puts texts into the queue, if there is room.
    ///
    /// # Errors
    /// [`Refused::Full`] and [`Refused::Stopped`] give the texts back.
    pub fn try_embed(&self, texts: Vec<String>) -> Result<Pending, Refused> {
        let (reply, answer) = oneshot::channel();
        let request = Request {
            texts,
            since: Instant::now(),
            span: tracing::Span::current(),
            reply,
        };
        let Some(requests) = &self.requests else {
            return Err(Refused::Stopped { texts: request.texts });
        };
        // Counted before it is sent: the thread may take it off before this one goes on.
        self.waiting.fetch_add(1, Ordering::Relaxed);
        requests.try_send(request).map_err(|error| {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            match error {
                TrySendError::Full(request) => Refused::Full {
                    capacity: self.capacity,
                    texts: request.texts,
                },
                TrySendError::Disconnected(request) => Refused::Stopped { texts: request.texts },
            }
        })?;
        Ok(Pending(answer))
    }

    /// Embeds texts before everything that waits, and between the texts of what is being embedded: for those whom somebody
    /// waits for.
    ///
    /// # Errors
    /// As [`Self::try_embed`].
    pub fn try_embed_first(&self, texts: Vec<String>) -> Result<Pending, Refused> {
        let (reply, answer) = oneshot::channel();
        let request = Request {
            texts,
            since: Instant::now(),
            span: tracing::Span::current(),
            reply,
        };
        {
            let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
            if first.len() >= FIRST {
                return Err(Refused::Full {
                    capacity: FIRST,
                    texts: request.texts,
                });
            }
            first.push_back(request);
        }
        // Nothing to do in the queue wakes the thread. When the queue is full, it is awake.
        match self.try_embed(Vec::new()) {
            Ok(_) | Err(Refused::Full { .. }) => Ok(Pending(answer)),
            Err(stopped) => {
                self.first.lock().unwrap_or_else(PoisonError::into_inner).clear();
                Err(stopped)
            }
        }
    }
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Worker")
            .field("identity", &self.identity)
            .finish_non_exhaustive()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.requests = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the embedding worker ended in a panic");
        }
    }
}

/// Makes this thread, and those that it begins, nicer to the others by so much.
#[cfg(target_os = "linux")]
fn stand_back(niceness: u8) {
    use rustix::process::{getpriority_process, setpriority_process};
    let own = Some(rustix::thread::gettid());
    let set = getpriority_process(own).and_then(|now| setpriority_process(own, (now + i32::from(niceness)).min(19)));
    if let Err(error) = set {
        tracing::warn!(%error, niceness, "the embedder does not stand back behind those who read");
    }
}

/// Threads have no priority of their own here.
#[cfg(not(target_os = "linux"))]
fn stand_back(_: u8) {}

fn run(
    mut embedder: Box<dyn Embedder>,
    queue: &Receiver<Request>,
    first: &Mutex<VecDeque<Request>>,
    waiting: &AtomicUsize,
) {
    for request in queue {
        waiting.fetch_sub(1, Ordering::Relaxed);
        let (waited, begin) = (request.since.elapsed(), Instant::now());
        go_first(embedder.as_mut(), first);
        let _span =
            tracing::info_span!(target: TARGET, parent: &request.span, "embed", texts = request.texts.len()).entered();
        let mut vectors = Ok(Vec::with_capacity(request.texts.len()));
        for texts in request.texts.chunks(AT_ONCE) {
            let Ok(so_far) = &mut vectors else { break };
            match embedder.embed(texts) {
                Ok(more) => so_far.extend(more),
                Err(error) => vectors = Err(error),
            }
            go_first(embedder.as_mut(), first);
        }
        let answer = vectors.map(|vectors| Embedded {
            vectors,
            waited,
            took: begin.elapsed(),
        });
        // Whoever asked may have gone: nothing is lost then.
        let _ = request.reply.send(answer);
    }
}

/// Answers what goes first.
fn go_first(embedder: &mut dyn Embedder, first: &Mutex<VecDeque<Request>>) {
    loop {
        let next = first.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let Some(request) = next else { return };
        let (waited, begin) = (request.since.elapsed(), Instant::now());
        let answer = embedder.embed(&request.texts).map(|vectors| Embedded {
            vectors,
            waited,
            took: begin.elapsed(),
        });
        let _ = request.reply.send(answer);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::embed::Graph;

    /// Vectors made of a text's length; waits for the gate's permission before each request.
    struct Gated {
        identity: ModelIdentity,
        gate: Mutex<Receiver<()>>,
    }

    impl Embedder for Gated {
        fn identity(&self) -> &ModelIdentity {
            &self.identity
        }

        fn embed(&mut self, texts: &[String]) -> Result<Vec<Vec<f32>>, EmbedError> {
            self.gate
                .lock()
                .expect("one user")
                .recv()
                .map_err(|_| EmbedError::NotUnit)?;
            Ok(texts.iter().map(|text| vec![text.len() as f32]).collect())
        }
    }

    fn gated(capacity: usize) -> (Worker, SyncSender<()>) {
        let (open, gate) = sync_channel(100);
        let identity = ModelIdentity {
            name: "gated".to_owned(),
            digest: String::new(),
            prefix: String::new(),
            tokens: 8,
            dimension: 1,
            graph: Graph::F32,
        };
        (
            Worker::start(
                Box::new(Gated {
                    identity,
                    gate: Mutex::new(gate),
                }),
                capacity,
            )
            .expect("a thread"),
            open,
        )
    }

    #[test]
    fn a_full_queue_gives_the_texts_back() {
        let (worker, open) = gated(2);
        let first = worker.try_embed(vec!["a".to_owned()]).expect("room");
        while worker.waiting() > 0 {
            std::thread::yield_now();
        }
        let waiting = ["bb", "ccc"].map(|text| worker.try_embed(vec![text.to_owned()]).expect("room"));
        assert_eq!((worker.waiting(), worker.capacity()), (2, 2));
        match worker.try_embed(vec!["dddd".to_owned()]) {
            Err(Refused::Full { capacity: 2, texts }) => assert_eq!(texts, ["dddd"]),
            Err(other) => panic!("{other}"),
            Ok(_) => panic!("it was taken"),
        }
        for _ in 0..3 {
            open.send(()).expect("the gate is there");
        }
        assert_eq!(first.wait().expect("embedded").vectors, [[1.0]]);
        let lengths = waiting.map(|pending| pending.wait().expect("embedded").vectors);
        assert_eq!(lengths, [[[2.0]], [[3.0]]]);
        assert_eq!(worker.waiting(), 0);
    }

    #[test]
    fn an_error_is_an_answer_and_the_worker_goes_on() {
        let (worker, open) = gated(1);
        drop(open);
        for _ in 0..2 {
            let pending = worker.try_embed(vec!["a".to_owned()]).expect("room");
            assert!(matches!(pending.wait(), Err(EmbedError::NotUnit)));
        }
    }

    #[test]
    fn who_is_waited_for_goes_between_the_texts_of_a_long_request() {
        let (worker, open) = gated(1);
        let long = worker.try_embed(vec!["a".to_owned(); 2 * AT_ONCE]).expect("room");
        while worker.waiting() > 0 {
            std::thread::yield_now();
        }
        let next = worker.try_embed(vec!["later".to_owned()]).expect("room");
        let first = worker.try_embed_first(vec!["first".to_owned()]).expect("room");
        for _ in 0..2 {
            open.send(()).expect("the gate is there");
        }
        assert_eq!(
            first.wait().expect("embedded").vectors,
            [[5.0]],
            "the rest is not embedded yet"
        );
        open.send(()).expect("the gate is there");
        assert_eq!(long.wait().expect("embedded").vectors.len(), 2 * AT_ONCE);
        open.send(()).expect("the gate is there");
        assert_eq!(next.wait().expect("embedded").vectors, [[5.0]]);
        // The queue is empty: it is woken.
        let alone = worker.try_embed_first(vec!["bb".to_owned()]).expect("room");
        open.send(()).expect("the gate is there");
        assert_eq!(alone.wait().expect("embedded").vectors, [[2.0]]);
        let mut waiting: Vec<Pending> = Vec::new();
        let refused = loop {
            match worker.try_embed_first(vec!["c".to_owned()]) {
                Ok(pending) => waiting.push(pending),
                Err(refused) => break refused,
            }
        };
        assert!(matches!(refused, Refused::Full { capacity: FIRST, .. }), "{refused}");
        assert!(waiting.len() <= FIRST + 1);
    }
}
