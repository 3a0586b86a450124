//! The running pipeline: an intake for feeders, and the writer on a thread of its own.

use std::collections::{BTreeSet, VecDeque};
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, SyncSender};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};

use crate::article::ArticleId;
use crate::config::Settings;
use crate::correction::Signature;
use crate::embed::worker::Worker;
use crate::metrics::Metrics;
use crate::pipeline::{
    Answers, CorrectionError, Decree, Desk, Foreseen, Intake, IntakeError, Meaning, Once, PipelineError, Placer,
    Receipt, Refusal, RefusedInput, SeenStory, Submission,
};
use crate::store::write::Answered;
use crate::store::{Store, StoreError};

/// How long the writer rests after the store refused a commit.
const REST: Duration = Duration::from_secs(1);
/// How often who waits for the writer's answer looks whether it is still there.
const LOOK: Duration = Duration::from_secs(1);
/// How often stories are asked whether they fall asleep, and what of closed ones has been kept for long enough.
const SWEEP: Duration = Duration::from_secs(600);

/// The intake and the writer's thread. Dropping it stops the writer after its batch; what is queued stays queued in the
/// store.
pub struct Pipeline {
    store: Arc<Store>,
    shared: Arc<Shared>,
    metrics: Arc<Metrics>,
    capacity: usize,
    keep_refused: usize,
    keep_answers: TimeDelta,
    meaning: Option<Arc<Meaning>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

/// A decree, as the stories were seen, and who waits for the answer.
struct Request {
    decree: Decree,
    seen: Vec<SeenStory>,
    wish: Wish,
}

enum Wish {
    /// It is carried out, signed.
    Done(Signature, SyncSender<Result<u64, CorrectionError>>),
    /// It is said what it would come to.
    Foreseen(SyncSender<Result<Foreseen, CorrectionError>>),
}

#[derive(Default)]
struct State {
    queued: usize,
    /// Corrections that wait for the writer, in their order.
    requests: VecDeque<Request>,
    /// Goes up with every batch, so that waiting is never missed.
    batches: u64,
    closing: bool,
    /// Keys of the requests that are being stored.
    storing: BTreeSet<String>,
    /// Why the writer rests, while it does.
    trouble: Option<String>,
    /// Articles placed a second, over the last batches.
    pace: f64,
}

impl Shared {
    /// A panic elsewhere leaves a counter at worst, never half a change.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pipeline {
    /// Opens the model and takes up where the store stands. Takes some seconds.
    ///
    /// # Errors
    /// When the model is missing, or the store holds another model's vectors.
    pub fn start(store: Arc<Store>, settings: Arc<Settings>) -> Result<Self, PipelineError> {
        let embedder = Worker::open(&settings.embed)?;
        let placer = Placer::open(Arc::clone(&store), Arc::clone(&settings), embedder)?;
        Self::with(placer, store, &settings)
    }

    /// Starts the thread of a writer on its store.
    pub(super) fn with(mut placer: Placer, store: Arc<Store>, settings: &Settings) -> Result<Self, PipelineError> {
        let (capacity, keep_refused) = (settings.pipeline.queue, settings.pipeline.keep_refused);
        let keep_answers = TimeDelta::hours(i64::from(settings.pipeline.keep_answers_hours));
        let save_every = Some(settings.pipeline.save_minutes * 60.0)
            .filter(|seconds| *seconds > 0.0)
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        let meaning = Arc::new(placer.meaning());
        let metrics = placer.metrics();
        metrics.running(&placer.identity().name);
        let shared = Arc::new(Shared::default());
        shared.lock().queued = store.count_queued()?;
        let own = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("writer".to_owned())
            .spawn(move || {
                // What was rebuilt or caught up with need not be so again.
                save(&mut placer);
                write(&mut placer, &own, save_every);
                save(&mut placer);
            })
            .map_err(crate::store::StoreError::from)?;
        Ok(Self {
            store,
            shared,
            metrics,
            capacity,
            keep_refused,
            keep_answers,
            meaning: Some(meaning),
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Opens the store in `data_dir` and starts the writer on it.
    ///
    /// # Errors
    /// As [`Pipeline::start`], or when the store cannot be opened.
    pub fn open(settings: Arc<Settings>, data_dir: &Path) -> Result<Self, PipelineError> {
        Self::start(Arc::new(Store::open(data_dir)?), settings)
    }

    /// Search by meaning, for readers.
    pub fn meaning(&self) -> Option<Arc<Meaning>> {
        self.meaning.clone()
    }

    /// The store that the writer writes.
    pub fn store(&self) -> Arc<Store> {
        Arc::clone(&self.store)
    }

    /// What the writer and the intake observe; others add to it.
    pub fn metrics(&self) -> Arc<Metrics> {
        Arc::clone(&self.metrics)
    }

    /// Why articles cannot be taken and placed, if they cannot: for readiness. Tries to write; blocks as long as the
    /// writer commits.
    pub fn trouble(&self) -> Option<String> {
        if let Some(trouble) = self.shared.lock().trouble.clone() {
            return Some(format!("the writer does not go on: {trouble}"));
        }
        if self.has_ended() {
            return Some("the writer has ended; restart the service, what was acknowledged is kept".to_owned());
        }
        self.store.check_writable().err().map(|error| error.to_string())
    }

    /// Whether the writer is gone: closed, or by a panic.
    fn has_ended(&self) -> bool {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Stops accepting, lets the writer finish its batch and waits for it.
    pub fn close(&self) {
        {
            let mut state = self.shared.lock();
            state.closing = true;
            // Who waits is told by the dropped sender.
            state.requests.clear();
        }
        self.shared.changed.notify_all();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            tracing::error!("the writer's thread had panicked; queued articles are placed at the next start");
        }
    }
}

impl Drop for Pipeline {
    fn drop(&mut self) {
        self.close();
    }
}

/// Saves what the writer has in memory. When that fails the store has everything, and the next start takes longer.
fn save(placer: &mut Placer) {
    let started = Instant::now();
    match placer.save() {
        Ok(true) => {
            tracing::info!(
                milliseconds = started.elapsed().as_millis() as u64,
                "the writer's memory is saved"
            );
        }
        Ok(false) => {}
        Err(error) => tracing::warn!(%error, "the writer's memory could not be saved"),
    }
}

/// The writer's loop.
fn write(placer: &mut Placer, shared: &Shared, save_every: Option<Duration>) {
    let mut swept: Option<Instant> = None;
    let mut saved = Instant::now();
    let mut dropping = false;
    loop {
        if shared.lock().closing {
            return;
        }
        if swept.is_none_or(|at| at.elapsed() >= SWEEP) {
            swept = Some(Instant::now());
            if let Err(error) = placer.pass_time(Utc::now()) {
                tracing::warn!(%error, "stories' states could not be written");
            }
            dropping = true;
        }
        if dropping {
            // Some at a time, and articles between.
            dropping = placer.retain(Utc::now()).unwrap_or_else(|error| {
                tracing::warn!(%error, "what was kept for long enough could not be dropped");
                false
            });
        }
        if save_every.is_some_and(|every| saved.elapsed() >= every) {
            save(placer);
            saved = Instant::now();
        }
        let request = shared.lock().requests.pop_front();
        if let Some(request) = request {
            let now = Utc::now();
            // Who asked may have gone; what is decided stands.
            let Request { decree, seen, wish } = request;
            match wish {
                Wish::Done(by, answer) => {
                    drop(answer.send(placer.decree(&decree, by, &seen, now, Some(now.timestamp()))));
                }
                Wish::Foreseen(answer) => drop(answer.send(placer.foresee(&decree, &seen))),
            }
            continue;
        }
        let now = Utc::now();
        let started = Instant::now();
        match placer.step(now, Some(now.timestamp())) {
            Ok(0) => {
                let mut state = shared.lock();
                // A failed correction may have been all that there was to do.
                state.trouble = None;
                if !state.requests.is_empty() || state.closing || dropping {
                    continue;
                } else if state.queued == 0 {
                    drop(
                        shared
                            .changed
                            .wait_timeout(state, save_every.map_or(SWEEP, |every| every.min(SWEEP))),
                    );
                } else {
                    // An acceptance is counted just after it is committed.
                    drop(shared.changed.wait_timeout(state, Duration::from_millis(5)));
                }
            }
            Ok(count) => {
                let mut state = shared.lock();
                state.queued = state.queued.saturating_sub(count);
                state.batches += 1;
                state.trouble = None;
                state.pace = count as f64 / started.elapsed().as_secs_f64().max(1e-3);
                drop(state);
                shared.changed.notify_all();
            }
            Err(error) => {
                tracing::error!(%error, "a batch could not be committed; its articles stay queued");
                let mut state = shared.lock();
                state.trouble = Some(error.to_string());
                drop(shared.changed.wait_timeout(state, REST));
            }
        }
    }
}

/// A key that is taken while its request is stored.
struct Storing<'a>(&'a Shared, String);

impl<'a> Storing<'a> {
    fn begin(shared: &'a Shared, key: String) -> Option<Self> {
        shared.lock().storing.insert(key.clone()).then_some(Self(shared, key))
    }
}

impl Drop for Storing<'_> {
    fn drop(&mut self) {
        self.0.lock().storing.remove(&self.1);
    }
}

impl Pipeline {
    fn count(&self, answers: &[Result<Receipt, Refusal>]) {
        for answer in answers {
            let outcome = match answer {
                Ok(receipt) => receipt.outcome.name(),
                Err(_) => "refused",
            };
            self.metrics.accepted(outcome, 1);
        }
    }

    /// Reserves room in the queue, stores, and gives back what is not needed.
    fn take_in(
        &self,
        count: usize,
        store: impl FnOnce() -> Result<Vec<Result<Receipt, Refusal>>, StoreError>,
    ) -> Result<Vec<Result<Receipt, Refusal>>, IntakeError> {
        {
            let mut state = self.shared.lock();
            if state.closing {
                return Err(IntakeError::Closed);
            }
            if state.queued + count > self.capacity.max(count) {
                let wait = (state.queued as f64 / state.pace.max(1.0)).clamp(1.0, 600.0);
                return Err(IntakeError::Full {
                    queued: state.queued,
                    retry_after: Duration::from_secs_f64(wait),
                });
            }
            // Reserved before it is written, so that feeders at once cannot overfill the queue.
            state.queued += count;
        }
        let answers = store();
        if let Ok(answers) = &answers {
            self.count(answers);
        }
        let mut state = self.shared.lock();
        let new = answers.as_ref().map_or(0, |answers| {
            answers
                .iter()
                .filter(|answer| matches!(answer, Ok(receipt) if receipt.outcome == crate::pipeline::Outcome::New))
                .count()
        });
        state.queued = state.queued.saturating_sub(count - new);
        drop(state);
        self.shared.changed.notify_all();
        answers.map_err(IntakeError::Store)
    }
}

impl Intake for Pipeline {
    fn accept(&self, submissions: Vec<Submission>) -> Result<Vec<Result<Receipt, Refusal>>, IntakeError> {
        self.take_in(submissions.len(), || self.store.accept(&submissions, Utc::now()))
    }

    fn accept_once(&self, submissions: Vec<Submission>, once: &Once) -> Result<Answers, IntakeError> {
        let Some(_storing) = Storing::begin(&self.shared, once.whole()) else {
            return Err(IntakeError::KeyInProgress(once.key.clone()));
        };
        // Before there is asked for room: a full queue does not take back what was acknowledged.
        match self.store.answered(once).map_err(IntakeError::Store)? {
            Answered::Same(each) => return Ok(Answers { each, again: true }),
            Answered::Otherwise => return Err(IntakeError::KeyReused(once.key.clone())),
            Answered::New => {}
        }
        let store = || {
            self.store
                .accept_once(&submissions, once, self.keep_answers, Utc::now())
        };
        let each = self.take_in(submissions.len(), store)?;
        Ok(Answers { each, again: false })
    }

    fn retry(&self, ids: &[ArticleId]) -> Result<Vec<ArticleId>, IntakeError> {
        let retried = self.store.requeue_failed(ids).map_err(IntakeError::Store)?;
        self.shared.lock().queued += retried.len();
        self.shared.changed.notify_all();
        Ok(retried)
    }

    fn keep_refused(&self, refused: &[RefusedInput]) -> Result<(), IntakeError> {
        self.store
            .keep_refused(refused, self.keep_refused, Utc::now())
            .map_err(IntakeError::Store)
    }

    fn wait_placed(&self, ids: &[ArticleId], timeout: Duration) -> bool {
        let until = Instant::now() + timeout;
        loop {
            let batches = self.shared.lock().batches;
            match self.store.waiting(ids) {
                Ok(0) => return true,
                Ok(_) => {}
                Err(error) => tracing::warn!(%error, "the store could not say whether articles are placed"),
            }
            let mut state = self.shared.lock();
            while state.batches == batches && !state.closing {
                let left = until.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    return false;
                }
                state = self
                    .shared
                    .changed
                    .wait_timeout(state, left)
                    .unwrap_or_else(PoisonError::into_inner)
                    .0;
            }
            if state.closing {
                return false;
            }
        }
    }

    fn queued(&self) -> usize {
        self.shared.lock().queued
    }
}

impl Desk for Pipeline {
    fn decree(&self, decree: Decree, by: Signature, seen: Vec<SeenStory>) -> Result<u64, CorrectionError> {
        self.ask(decree, seen, |answer| Wish::Done(by, answer))
    }

    fn foresee(&self, decree: Decree, seen: Vec<SeenStory>) -> Result<Foreseen, CorrectionError> {
        self.ask(decree, seen, Wish::Foreseen)
    }
}

impl Pipeline {
    /// Asks the writer, and waits for its answer.
    fn ask<T>(
        &self,
        decree: Decree,
        seen: Vec<SeenStory>,
        wish: impl FnOnce(SyncSender<Result<T, CorrectionError>>) -> Wish,
    ) -> Result<T, CorrectionError> {
        let (answer, answered) = std::sync::mpsc::sync_channel(1);
        {
            let mut state = self.shared.lock();
            if state.closing {
                return Err(CorrectionError::Closed);
            }
            let wish = wish(answer);
            state.requests.push_back(Request { decree, seen, wish });
        }
        self.shared.changed.notify_all();
        loop {
            match answered.recv_timeout(LOOK) {
                Ok(answer) => return answer,
                Err(RecvTimeoutError::Timeout) if !self.has_ended() => {}
                Err(_) => return Err(CorrectionError::Closed),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pipeline(dir: &Path, writer: impl FnOnce() + Send + 'static) -> Pipeline {
        Pipeline {
            store: Arc::new(Store::open(dir).unwrap()),
            shared: Arc::new(Shared::default()),
            metrics: Arc::default(),
            capacity: 1,
            keep_refused: 1,
            keep_answers: TimeDelta::hours(1),
            meaning: None,
            thread: Mutex::new(Some(std::thread::spawn(writer))),
        }
    }

    #[test]
    fn a_writer_that_has_ended_is_trouble() {
        let dir = tempfile::tempdir().unwrap();
        let (stop, stopped) = std::sync::mpsc::channel::<()>();
        let pipeline = pipeline(dir.path(), move || {
            let _ = stopped.recv();
        });
        assert_eq!(pipeline.trouble(), None);
        drop(stop);
        let until = Instant::now() + Duration::from_secs(10);
        while pipeline.trouble().is_none() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(
            pipeline
                .trouble()
                .is_some_and(|why| why.contains("the writer has ended"))
        );
    }

    #[test]
    fn a_store_that_cannot_be_written_is_trouble() {
        let dir = tempfile::tempdir().unwrap();
        let (stop, stopped) = std::sync::mpsc::channel::<()>();
        let pipeline = pipeline(dir.path(), move || {
            let _ = stopped.recv();
        });
        std::fs::create_dir(dir.path().join("trial")).unwrap();
        assert!(pipeline.trouble().is_some());
        drop(stop);
    }
}
