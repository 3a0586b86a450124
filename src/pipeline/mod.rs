//! The way of an article: accepted, then embedded, indexed, grouped and stored, by one writer.
//!
//! In: drafts from `extract`, corrections from editors. Out: committed changes in the store. Readers never wait for it.

pub mod correct;
pub mod decisions;
pub mod derived;
pub mod meaning;
pub mod placer;
pub mod service;
pub mod taught;

pub use correct::CorrectionError;
pub use meaning::{Meaning, MeaningError};
pub use placer::{Placer, StageSeconds};
pub use service::Pipeline;
pub mod prepare;

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::article::{ArticleId, Document, DocumentId, Draft, SetAside};
use crate::correction::{Correction, Signature};
use crate::store::write::{Effects, Ended};

/// The section `[pipeline]` of the configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Articles embedded and placed together, at most.
    pub batch: usize,
    /// Articles that may wait to be placed.
    pub queue: usize,
    /// Minutes between two saves of the writer's memory; 0 for saving at the end alone.
    pub save_minutes: f64,
    /// Refused inputs that are kept; beyond that the oldest are dropped.
    pub keep_refused: usize,
    /// Hours that the answer to a request with an `Idempotency-Key` is kept.
    pub keep_answers_hours: u32,
}

/// A request that may come twice and must count once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Once {
    /// The key that the feeder made up for it.
    pub key: String,
    /// Who the feeder is, by token; two feeders may make up the same key.
    pub owner: String,
    /// A digest of the request: another one under this key is a mistake.
    pub digest: String,
}

impl Once {
    /// The key with its owner.
    pub fn whole(&self) -> String {
        format!("{}\n{}", self.owner, self.key)
    }
}

/// The answers to a request, one for each submission, in their order.
#[derive(Debug)]
pub struct Answers {
    /// The answers.
    pub each: Vec<Result<Receipt, Refusal>>,
    /// They were given before: nothing was stored this time.
    pub again: bool,
}

/// One article on its way in, with the raw document that it was found in, if there was one.
#[derive(Debug, Clone)]
pub struct Submission {
    /// What extraction made of it.
    pub draft: Draft,
    /// The raw document; shared by all articles found in it.
    pub document: Option<Arc<Document>>,
}

/// What became of an accepted article.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Stored for the first time.
    New,
    /// Already stored with this very text: nothing was written.
    Known,
    /// Already stored with another text: this text is its new revision.
    Revised,
}

impl Outcome {
    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Known => "known",
            Self::Revised => "revised",
        }
    }
}

/// The answer for one accepted article. The article is durable when this is returned.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Receipt {
    /// The article's id from now on.
    pub id: ArticleId,
    /// Whether it is new.
    pub outcome: Outcome,
    /// The stored raw document, if there was one.
    pub document_id: Option<DocumentId>,
    /// Values that came with it but could not be used.
    pub set_aside: Vec<SetAside>,
}

/// Why one article was refused; the others of its batch go in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The id is taken by another article.
    #[error("the id {id} belongs to another article ({title:?}); give this one an id of its own")]
    DuplicateId {
        /// The id at fault.
        id: ArticleId,
        /// Title of the article that has it.
        title: String,
    },
    /// Nothing to read.
    #[error("the article has neither a title nor a text")]
    Empty,
}

/// An input that was refused, to be kept so that it is not lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedInput {
    /// Where it came from: the request's id and the item in it, or a file and a line.
    pub place: String,
    /// What was wrong, and what to do.
    pub reason: String,
    /// The input; its beginning is kept.
    pub input: String,
}

/// Why nothing could be accepted at all.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// The queue is full; try again after this time.
    #[error("the queue is full ({queued} articles wait to be placed); try again in {retry_after:?}")]
    Full {
        /// Articles waiting.
        queued: usize,
        /// When a place should be free.
        retry_after: Duration,
    },
    /// The key came with another request before.
    #[error("the Idempotency-Key {0:?} came with another request before; make up a new key for every request")]
    KeyReused(String),
    /// The request with this key is being stored right now.
    #[error("the request with the Idempotency-Key {0:?} is being stored; try again in a moment")]
    KeyInProgress(String),
    /// The store cannot be written.
    #[error("the store cannot be written: {0}")]
    Store(crate::store::StoreError),
    /// The service is shutting down.
    #[error("the service is shutting down")]
    Closed,
}

/// Why the writer cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// The store cannot be read or written.
    #[error(transparent)]
    Store(#[from] crate::store::StoreError),
    /// The model cannot be used.
    #[error(transparent)]
    Embed(#[from] crate::embed::EmbedError),
    /// The language means cannot be used.
    #[error(transparent)]
    Centres(#[from] crate::embed::centre::CentresError),
    /// The story weights cannot be used.
    #[error(transparent)]
    Weights(#[from] crate::story::weights::WeightsError),
    /// An article from the store cannot be placed.
    #[error(transparent)]
    Story(#[from] crate::story::StoryError),
    /// What is in memory cannot be saved.
    #[error("what is in memory cannot be saved: {0}")]
    Derived(#[from] derived::DerivedError),
    /// The store's vectors are another model's.
    #[error(
        "the data folder holds vectors of another model ({theirs}); this program is set to {ours}. Vectors of different \
         models do not compare: set [embed] as it was, or run `silsila reembed` to compute all vectors anew"
    )]
    OtherModel {
        /// The model of the stored vectors.
        theirs: String,
        /// The configured model.
        ours: String,
    },
}

/// Texts in several languages to find a model's language means from, where none are shipped: the demonstration
/// collection's.
fn calibration_texts() -> Vec<(String, String)> {
    include_str!("../../demo/articles.jsonl")
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter_map(|article| {
            let field = |name: &str| article.get(name).and_then(serde_json::Value::as_str);
            Some((
                field("lang")?.to_owned(),
                crate::article::full_text(field("title")?, field("text")?),
            ))
        })
        .collect()
}

/// Where feeders hand in articles. All methods block; call them off the async threads.
pub trait Intake: Send + Sync {
    /// Stores the submissions durably, in one transaction, and queues them to be placed. One answer per submission,
    /// in their order.
    ///
    /// # Errors
    /// When nothing was stored.
    fn accept(&self, submissions: Vec<Submission>) -> Result<Vec<Result<Receipt, Refusal>>, IntakeError>;

    /// As [`Intake::accept`], for a request that may come twice: the second time it gets the answers of the first, and nothing
    /// is stored. They are durable together with the articles.
    ///
    /// # Errors
    /// When nothing was stored.
    fn accept_once(&self, submissions: Vec<Submission>, once: &Once) -> Result<Answers, IntakeError>;

    /// Takes articles that could not be placed into the queue again: these, or all without any. Those that were taken.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn retry(&self, ids: &[ArticleId]) -> Result<Vec<ArticleId>, IntakeError>;

    /// Keeps inputs that were refused, so that they can be looked at later.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn keep_refused(&self, refused: &[RefusedInput]) -> Result<(), IntakeError>;

    /// Waits until all of these articles are placed or have failed; `false` when `timeout` passed first.
    fn wait_placed(&self, ids: &[ArticleId], timeout: Duration) -> bool;

    /// Articles accepted but not yet placed.
    fn queued(&self) -> usize;
}

/// What is asked of the writer about corrections.
#[derive(Debug, Clone)]
pub enum Decree {
    /// A new one is made.
    Make(Correction),
    /// The correction of this number is undone.
    Undo(u64),
    /// The undone correction of this number is made again, as a new one.
    Redo(u64),
}

/// What a [`Decree`] would come to.
#[derive(Debug, Clone)]
pub struct Foreseen {
    /// The correction that would be made, undone or made again.
    pub asked: Correction,
    /// What would change.
    pub effects: Effects,
    /// Stories that have ended and would go on.
    pub revived: Vec<Ended>,
    /// A story that would get a title and its language; `None` gives the naming back to its articles.
    pub title: Option<(u64, Option<(String, String)>)>,
}

/// A story as an editor saw it when deciding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenStory {
    /// The story's id.
    pub story_id: String,
    /// Number of its latest change then.
    pub version: u64,
    /// Whether articles that came in since, and stories that fell asleep, make no difference to what is decided.
    pub may_grow: bool,
}

/// A story that is not as an editor saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedStory {
    /// The story's id.
    pub story_id: String,
    /// Number of its latest change when it was seen.
    pub seen: u64,
    /// Number of its latest change now.
    pub version: u64,
}

/// Where editors hand in corrections. Blocks until the writer has decided; call it off the async threads.
pub trait Desk: Send + Sync {
    /// Makes, undoes or redoes a correction, if the stories are as they were `seen`; the number of the correction that was made
    /// or undone. It is durable when this returns.
    ///
    /// # Errors
    /// Why nothing was changed.
    fn decree(&self, decree: Decree, by: Signature, seen: Vec<SeenStory>) -> Result<u64, CorrectionError>;

    /// What it would come to, if the stories are as they were `seen`. Nothing is changed.
    ///
    /// # Errors
    /// Why it would be refused.
    fn foresee(&self, decree: Decree, seen: Vec<SeenStory>) -> Result<Foreseen, CorrectionError>;
}

#[cfg(test)]
mod poison;
#[cfg(test)]
mod properties;
