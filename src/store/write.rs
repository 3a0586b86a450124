//! What changes the store: accepting articles, and committing what the engine decided. All of one batch is one
//! transaction.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::article::{ArticleId, Document, DocumentId, DocumentKind, Draft, full_text};
use crate::extract::fold::fold;
use crate::pipeline::{Outcome, Receipt, Refusal, RefusedInput, Submission};
use crate::store::{Store, StoreError};
use crate::story::{Placement, StoryChange};

/// Two texts under one id are revisions of one article when they share at least this part of their words.
const RELATED: f64 = 0.3;
/// Articles from which a story is no longer emerging.
const ESTABLISHED: i64 = 3;
/// Code points that are kept of a refused input: enough to recognise it by.
const REFUSED_CHARACTERS: usize = 2_000;
/// A story's pace is counted over its latest three days.
const PACE_SECONDS: i64 = 3 * 86_400;

/// An accepted article that waits to be placed.
#[derive(Debug, Clone)]
pub struct Queued {
    /// Order of acceptance.
    pub number: u64,
    /// Title.
    pub title: String,
    /// Body.
    pub text: String,
    /// Language code.
    pub lang: String,
    /// Midpoint of the publication date, seconds.
    pub time: Option<i64>,
}

/// An article that was placed, read back to rebuild the engine.
#[derive(Debug, Clone)]
pub struct Stored {
    /// The article as it was queued.
    pub article: Queued,
    /// Its story.
    pub story: u64,
    /// The vector as the model gave it.
    pub vector: Vec<f32>,
    /// Links to older articles, by number.
    pub links: Vec<(u64, f64)>,
}

/// One placed article, to be committed.
#[derive(Debug, Clone)]
pub struct Placed {
    /// Its number.
    pub number: u64,
    /// The article whose text it repeats.
    pub original: Option<u64>,
    /// Its story.
    pub story: u64,
    /// Why.
    pub placement: Placement,
    /// The vector as the model gave it; none for a near-duplicate.
    pub vector: Option<Vec<f32>>,
    /// Links to older articles.
    pub links: Vec<(u64, f64)>,
    /// What that changed, in order.
    pub changes: Vec<StoryChange>,
}

/// What a story shows, as the engine sees it now.
#[derive(Debug, Clone)]
pub struct StoryFace {
    /// The story's number.
    pub story: u64,
    /// The article that gives the headline; `None` leaves it as it is.
    pub headline: Option<u64>,
    /// Key terms.
    pub terms: Vec<String>,
}

/// When a story falls asleep: seconds without an article, and the moment from which they are counted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Clock {
    /// Now, for the stories: the newest publication seen or, in a service, the time of day. Seconds since 1970.
    pub now: Option<i64>,
    /// Seconds without an article after which a story is dormant.
    pub dormant: i64,
    /// Seconds without an article after which a story is closed.
    pub closed: i64,
}

impl Clock {
    /// The state of a story with this many articles, the latest of this time.
    fn state(&self, articles: i64, latest: Option<i64>) -> &'static str {
        let quiet = match (self.now, latest) {
            (Some(now), Some(latest)) => now - latest,
            _ => 0,
        };
        match () {
            () if articles == 0 || quiet > self.closed => "closed",
            () if quiet > self.dormant => "dormant",
            () if articles < ESTABLISHED => "emerging",
            () => "active",
        }
    }
}

/// Everything that one batch changes.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// Placed articles, in order.
    pub placed: Vec<Placed>,
    /// Articles that could not be placed, with the reason.
    pub failed: Vec<(u64, String)>,
    /// Stories whose face may have changed.
    pub faces: Vec<StoryFace>,
    /// For the stories' states.
    pub clock: Clock,
}

impl Store {
    /// Stores submissions durably and queues the new ones, in one transaction. One answer for each, in their order.
    ///
    /// # Errors
    /// When nothing was stored.
    pub fn accept(
        &self,
        submissions: &[Submission],
        now: DateTime<Utc>,
    ) -> Result<Vec<Result<Receipt, Refusal>>, StoreError> {
        let mut connection = self.writer()?;
        let transaction = connection.transaction()?;
        let mut answers = Vec::with_capacity(submissions.len());
        for submission in submissions {
            answers.push(accept_one(&transaction, submission, now)?);
        }
        transaction.commit()?;
        Ok(answers)
    }

    /// The next articles to be placed, in the order of acceptance.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn queued(&self, limit: usize) -> Result<Vec<Queued>, StoreError> {
        let connection = self.writer()?;
        let mut statement = connection.prepare_cached(
            "SELECT number, title, text, lang, published_s FROM articles WHERE state = 'queued' ORDER BY number LIMIT ?1",
        )?;
        let rows = statement.query_map([limit as i64], queued_row)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The number of articles that wait to be placed.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn count_queued(&self) -> Result<usize, StoreError> {
        let count: i64 =
            self.writer()?
                .query_row("SELECT count(*) FROM articles WHERE state = 'queued'", [], |row| {
                    row.get(0)
                })?;
        Ok(count as usize)
    }

    /// How many of these articles still wait to be placed.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn waiting(&self, ids: &[ArticleId]) -> Result<usize, StoreError> {
        let connection = self.writer()?;
        let mut statement = connection.prepare_cached("SELECT state = 'queued' FROM articles WHERE id = ?1")?;
        let mut waiting = 0;
        for id in ids {
            let queued: Option<bool> = statement.query_row([id.as_str()], |row| row.get(0)).optional()?;
            waiting += usize::from(queued == Some(true));
        }
        Ok(waiting)
    }

    /// Commits what became of a batch, in one transaction.
    ///
    /// # Errors
    /// When nothing was stored: the engine is then ahead of the store and must be rebuilt from it.
    pub fn commit(&self, batch: &Batch, now: DateTime<Utc>) -> Result<(), StoreError> {
        let mut connection = self.writer()?;
        let transaction = connection.transaction()?;
        let mut touched = BTreeSet::new();
        for placed in &batch.placed {
            commit_placed(&transaction, placed, now, &mut touched)?;
        }
        for (number, reason) in &batch.failed {
            transaction.execute(
                "UPDATE articles SET state = 'failed', error = ?2 WHERE number = ?1",
                params![*number as i64, reason],
            )?;
        }
        for face in &batch.faces {
            show_face(&transaction, face, now)?;
        }
        for story in touched {
            recount(&transaction, story, now)?;
            settle_state(&transaction, story, &batch.clock, now)?;
        }
        sweep(&transaction, &batch.clock, now)?;
        transaction.commit()?;
        Ok(())
    }

    /// Lets stories fall dormant and close as time goes by.
    ///
    /// # Errors
    /// When nothing was stored.
    pub fn pass_time(&self, clock: &Clock, now: DateTime<Utc>) -> Result<(), StoreError> {
        let mut connection = self.writer()?;
        let transaction = connection.transaction()?;
        sweep(&transaction, clock, now)?;
        transaction.commit()?;
        Ok(())
    }

    /// Hands every placed article that has a vector to `each`, in the order of acceptance, until it fails.
    ///
    /// # Errors
    /// When the store cannot be read, or the error of `each`.
    pub fn for_each_placed<E: From<StoreError>>(&self, mut each: impl FnMut(Stored) -> Result<(), E>) -> Result<(), E> {
        let connection = self.writer()?;
        let failed = |error: rusqlite::Error| E::from(StoreError::from(error));
        let mut articles = connection
            .prepare(
                "SELECT a.number, a.title, a.text, a.lang, a.published_s, a.story, v.vector
                 FROM articles a JOIN vectors v ON v.article = a.number
                 WHERE a.state = 'placed' AND a.story IS NOT NULL ORDER BY a.number",
            )
            .map_err(failed)?;
        let mut links = connection
            .prepare("SELECT a, score FROM edges WHERE b = ?1 ORDER BY a")
            .map_err(failed)?;
        let mut rows = articles.query([]).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            let article = queued_row(row).map_err(failed)?;
            let story: i64 = row.get(5).map_err(failed)?;
            let bytes: Vec<u8> = row.get(6).map_err(failed)?;
            let found = links
                .query_map([article.number as i64], |row| {
                    Ok((row.get::<_, i64>(0)? as u64, row.get::<_, f64>(1)?))
                })
                .map_err(failed)?
                .collect::<Result<Vec<_>, _>>()
                .map_err(failed)?;
            each(Stored {
                article,
                story: story as u64,
                vector: vector_from(&bytes),
                links: found,
            })?;
        }
        Ok(())
    }

    /// The number that the next story gets, and each story's headline article.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn stories_to_restore(&self) -> Result<(u64, Vec<(u64, u64)>), StoreError> {
        let connection = self.writer()?;
        let next: i64 =
            connection.query_row("SELECT coalesce(max(number), 0) + 1 FROM stories", [], |row| row.get(0))?;
        let mut statement = connection.prepare(
            "SELECT number, title_article FROM stories WHERE title_article IS NOT NULL AND merged_into IS NULL ORDER BY number",
        )?;
        let headlines = statement
            .query_map([], |row| {
                Ok((row.get::<_, i64>(0)? as u64, row.get::<_, i64>(1)? as u64))
            })?
            .collect::<Result<_, _>>()?;
        Ok((next as u64, headlines))
    }

    /// The story of a placed article.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn story_number(&self, article: u64) -> Result<Option<u64>, StoreError> {
        let story: Option<Option<i64>> = self
            .writer()?
            .query_row(
                "SELECT story FROM articles WHERE number = ?1",
                [article as i64],
                |row| row.get(0),
            )
            .optional()?;
        Ok(story.flatten().map(|story| story as u64))
    }

    /// A fact about the whole store.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn fact(&self, key: &str) -> Result<Option<String>, StoreError> {
        Ok(self
            .writer()?
            .query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| row.get(0))
            .optional()?)
    }

    /// Writes a fact about the whole store.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn set_fact(&self, key: &str, value: &str) -> Result<(), StoreError> {
        self.writer()?.execute(
            "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2",
            [key, value],
        )?;
        Ok(())
    }

    /// Keeps inputs that were refused, each with its place and reason and cut to its beginning; of all that were ever
    /// refused, the newest `most`.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn keep_refused(&self, refused: &[RefusedInput], most: usize, now: DateTime<Utc>) -> Result<(), StoreError> {
        let mut connection = self.writer()?;
        let transaction = connection.transaction()?;
        for one in refused {
            let beginning: String = one.input.chars().take(REFUSED_CHARACTERS).collect();
            transaction
                .prepare_cached("INSERT INTO refused (at, place, reason, input) VALUES (?1, ?2, ?3, ?4)")?
                .execute(params![now.timestamp_micros(), one.place, one.reason, beginning])?;
        }
        // The newest one always stays: numbers go on from it.
        transaction.execute(
            "DELETE FROM refused WHERE number <= (SELECT max(number) FROM refused) - ?1",
            [i64::try_from(most.max(1)).unwrap_or(i64::MAX)],
        )?;
        transaction.commit()?;
        Ok(())
    }

    /// Takes all placed articles back into the queue and empties what was computed from the old model's vectors: the
    /// vectors, the links and the stories' members. Stories that lose all their members are closed; their ids are never
    /// used again. For `silsila reembed`.
    ///
    /// # Errors
    /// When nothing was changed.
    pub fn requeue_all(&self, now: DateTime<Utc>) -> Result<usize, StoreError> {
        let mut connection = self.writer()?;
        let transaction = connection.transaction()?;
        let at = now.timestamp_micros();
        transaction.execute_batch("DELETE FROM vectors; DELETE FROM edges;")?;
        transaction.execute(
            "INSERT INTO changes (at, kind, story, article, detail)
             SELECT ?1, 'article_left', story, number, '{\"reason\":\"the model changed\"}' FROM articles
             WHERE state = 'placed' AND story IS NOT NULL ORDER BY number",
            [at],
        )?;
        let requeued = transaction.execute(
            "UPDATE articles SET state = 'queued', story = NULL, original = NULL, placement = NULL WHERE state = 'placed'",
            [],
        )?;
        let open: Vec<i64> = transaction
            .prepare("SELECT number FROM stories WHERE state NOT IN ('merged', 'closed') ORDER BY number")?
            .query_map([], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        for story in open {
            let change = log(
                &transaction,
                at,
                "state_changed",
                story as u64,
                None,
                &json!({"state": "closed"}),
            )?;
            transaction.execute(
                "UPDATE stories SET state = 'closed', articles = 0, near_duplicates = 0, sources = 0, languages = '[]',
                 velocity = 0, version = ?2, updated_at = ?3 WHERE number = ?1",
                params![story, change, at],
            )?;
        }
        transaction.execute("DELETE FROM meta WHERE key IN ('model', 'centres')", [])?;
        transaction.commit()?;
        Ok(requeued)
    }
}

fn queued_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Queued> {
    Ok(Queued {
        number: row.get::<_, i64>(0)? as u64,
        title: row.get(1)?,
        text: row.get(2)?,
        lang: row.get(3)?,
        time: row.get(4)?,
    })
}

/// An article that is already stored, as far as identity asks.
struct Existing {
    number: i64,
    id: String,
    title: String,
    text: String,
    digest: String,
    url: Option<String>,
    source: Option<String>,
    revision: i64,
}

const EXISTING: &str = "SELECT number, id, title, text, digest, url, source, revision FROM articles WHERE ";

fn existing(row: &rusqlite::Row<'_>) -> rusqlite::Result<Existing> {
    Ok(Existing {
        number: row.get(0)?,
        id: row.get(1)?,
        title: row.get(2)?,
        text: row.get(3)?,
        digest: row.get(4)?,
        url: row.get(5)?,
        source: row.get(6)?,
        revision: row.get(7)?,
    })
}

/// Decides whether a submission is new, known, a revision or refused, and writes it.
///
/// An article is recognised by its id, then by its address, then by its content. Under a known id or address a changed
/// text is a revision; an id whose article tells of something else altogether is refused, since one of the two would be
/// lost. The same content at another address, or from another source, is an article of its own (a reprint).
fn accept_one(
    transaction: &Transaction<'_>,
    submission: &Submission,
    now: DateTime<Utc>,
) -> Result<Result<Receipt, Refusal>, StoreError> {
    let draft = &submission.draft;
    if draft.title.trim().is_empty() && draft.text.trim().is_empty() {
        return Ok(Err(Refusal::Empty));
    }
    let digest = content_digest(draft);
    let find = |condition: &str, value: &str| {
        transaction
            .prepare_cached(&format!("{EXISTING}{condition} ORDER BY number LIMIT 1"))?
            .query_row([value], existing)
            .optional()
    };
    let by_id = match &draft.id {
        Some(id) => find("id = ?1", id.as_str())?,
        None => None,
    };
    let by_url = match &draft.url {
        Some(url) => find("url = ?1", url)?,
        None => None,
    };
    if let Some(known) = &by_id {
        let same_address = draft.url.is_some() && draft.url == known.url;
        if known.digest != digest && !same_address && !related(known, draft) {
            return Ok(Err(Refusal::DuplicateId {
                id: ArticleId(known.id.clone()),
                title: known.title.clone(),
            }));
        }
    }
    let mut found = by_id.or(by_url);
    if found.is_none() && draft.id.is_none() {
        found = find("digest = ?1", &digest)?.filter(|known| {
            (draft.url.is_none() || known.url.is_none()) && (draft.source.is_none() || draft.source == known.source)
        });
    }
    let document_id = submission
        .document
        .as_ref()
        .map(|document| keep_document(transaction, document, now))
        .transpose()?;
    let receipt = |id: String, outcome| Receipt {
        id: ArticleId(id),
        outcome,
        document_id: document_id.as_ref().map(|(_, id)| id.clone()),
        set_aside: draft.set_aside.clone(),
    };
    let document = document_id.as_ref().map(|(number, _)| *number);
    Ok(Ok(match found {
        Some(known) if known.digest == digest => receipt(known.id, Outcome::Known),
        Some(known) => {
            revise(transaction, &known, draft, &digest, now)?;
            receipt(known.id, Outcome::Revised)
        }
        None => {
            let id = new_id(transaction, draft, &digest)?;
            insert(transaction, &id, draft, &digest, document, now)?;
            receipt(id, Outcome::New)
        }
    }))
}

/// SHA-256 of the folded title and text.
fn content_digest(draft: &Draft) -> String {
    let mut hasher = Sha256::new();
    hasher.update(fold(&draft.title));
    hasher.update([0]);
    hasher.update(fold(&draft.text));
    hex(&hasher.finalize())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether a draft can be a later text of a stored article: the same headline, or words in common.
fn related(known: &Existing, draft: &Draft) -> bool {
    let before = fold(&full_text(&known.title, &known.text));
    let after = fold(&draft.full_text());
    let before: BTreeSet<&str> = before.split(' ').collect();
    let after: BTreeSet<&str> = after.split(' ').collect();
    let shared = before.intersection(&after).count() as f64;
    let all = before.union(&after).count().max(1) as f64;
    fold(&known.title) == fold(&draft.title) || shared / all >= RELATED
}

/// The feeder's id or, without one, one made of the address or the content. Content that is there already under another
/// address gets the next free one.
fn new_id(transaction: &Transaction<'_>, draft: &Draft, digest: &str) -> Result<String, StoreError> {
    if let Some(id) = &draft.id {
        return Ok(id.0.clone());
    }
    let of_address = draft.url.as_ref().map(|url| hex(&Sha256::digest(url)));
    let base: String = of_address.as_deref().unwrap_or(digest).chars().take(16).collect();
    let mut id = format!("a-{base}");
    let mut copy = 1;
    while transaction
        .prepare_cached("SELECT 1 FROM articles WHERE id = ?1")?
        .exists([&id])?
    {
        copy += 1;
        id = format!("a-{base}-{copy}");
    }
    Ok(id)
}

fn keep_document(
    transaction: &Transaction<'_>,
    document: &Document,
    now: DateTime<Utc>,
) -> Result<(i64, DocumentId), StoreError> {
    let mut hasher = Sha256::new();
    hasher.update(document.url.as_deref().unwrap_or_default());
    hasher.update([0]);
    hasher.update(&document.text);
    let digest: String = hex(&hasher.finalize()).chars().take(16).collect();
    let id = format!("d-{digest}");
    let kind = match document.kind {
        DocumentKind::Text => "text",
        DocumentKind::Html => "html",
        DocumentKind::Json => "json",
    };
    transaction.execute(
        "INSERT INTO documents (id, kind, text, url, fetched_at, arrived_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (id) DO NOTHING",
        params![
            id,
            kind,
            document.text,
            document.url,
            document.fetched_at.map(|at| at.timestamp_micros()),
            now.timestamp_micros()
        ],
    )?;
    let number = transaction.query_row("SELECT number FROM documents WHERE id = ?1", [&id], |row| row.get(0))?;
    Ok((number, DocumentId(id)))
}

fn precision_name(draft: &Draft) -> Option<&'static str> {
    use crate::article::Precision;
    match draft.published?.precision {
        Precision::Minute => Some("minute"),
        Precision::Day => Some("day"),
        Precision::Month => Some("month"),
        Precision::Unknown => None,
    }
}

fn insert(
    transaction: &Transaction<'_>,
    id: &str,
    draft: &Draft,
    digest: &str,
    document: Option<i64>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    transaction
        .prepare_cached(
            "INSERT INTO articles (id, revision, title, text, published, precision, published_s, lang, source, agency,
             keywords, url, document, removed, set_aside, digest, arrived_at, state)
             VALUES (?1, 1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, 'queued')",
        )?
        .execute(params![
            id,
            draft.title,
            draft.text,
            draft.published.map(|dated| dated.value_text()),
            precision_name(draft),
            draft.published.map(|dated| dated.midpoint()),
            draft.lang,
            draft.source,
            draft.agency,
            serde_json::to_string(&draft.keywords)?,
            draft.url,
            document,
            serde_json::to_string(&draft.removed)?,
            serde_json::to_string(&draft.set_aside)?,
            digest,
            now.timestamp_micros(),
        ])?;
    let number = transaction.last_insert_rowid();
    index_text(transaction, number, draft)
}

fn index_text(transaction: &Transaction<'_>, number: i64, draft: &Draft) -> Result<(), StoreError> {
    transaction
        .prepare_cached("INSERT INTO search (rowid, title, text) VALUES (?1, ?2, ?3)")?
        .execute(params![number, fold(&draft.title), fold(&draft.text)])?;
    Ok(())
}

/// Keeps the old text, writes the new one. The article stays in its story, and keeps its first publication date: an
/// edit does not make old news new.
fn revise(
    transaction: &Transaction<'_>,
    known: &Existing,
    draft: &Draft,
    digest: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let at = now.timestamp_micros();
    transaction.execute(
        "INSERT INTO revisions (article, revision, title, text, published, precision, digest, replaced_at)
         SELECT number, revision, title, text, published, precision, digest, ?2 FROM articles WHERE number = ?1",
        params![known.number, at],
    )?;
    transaction.execute(
        "UPDATE articles SET revision = ?2, title = ?3, text = ?4, digest = ?5, removed = ?6, set_aside = ?7,
         keywords = ?8, published_s = coalesce(published_s, ?9), precision = coalesce(precision, ?10),
         published = coalesce(published, ?11), source = coalesce(source, ?12), agency = coalesce(agency, ?13)
         WHERE number = ?1",
        params![
            known.number,
            known.revision + 1,
            draft.title,
            draft.text,
            digest,
            serde_json::to_string(&draft.removed)?,
            serde_json::to_string(&draft.set_aside)?,
            serde_json::to_string(&draft.keywords)?,
            draft.published.map(|dated| dated.midpoint()),
            precision_name(draft),
            draft.published.map(|dated| dated.value_text()),
            draft.source,
            draft.agency,
        ],
    )?;
    transaction.execute("DELETE FROM search WHERE rowid = ?1", [known.number])?;
    index_text(transaction, known.number, draft)?;
    let story: Option<i64> =
        transaction.query_row("SELECT story FROM articles WHERE number = ?1", [known.number], |row| {
            row.get(0)
        })?;
    if let Some(story) = story {
        let detail = json!({"revision": known.revision + 1});
        let change = log(
            transaction,
            at,
            "article_revised",
            story as u64,
            Some(known.number as u64),
            &detail,
        )?;
        transaction.execute(
            "UPDATE stories SET version = ?2, updated_at = ?3,
             title = CASE WHEN title_article = ?4 THEN ?5 ELSE title END WHERE number = ?1",
            params![story, change, at, known.number, draft.title],
        )?;
    }
    Ok(())
}

/// Appends to the change log; the change's number.
fn log(
    connection: &Connection,
    at: i64,
    kind: &str,
    story: u64,
    article: Option<u64>,
    detail: &serde_json::Value,
) -> Result<i64, StoreError> {
    connection
        .prepare_cached("INSERT INTO changes (at, kind, story, article, detail) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![
            at,
            kind,
            story as i64,
            article.map(|article| article as i64),
            detail.to_string()
        ])?;
    Ok(connection.last_insert_rowid())
}

/// The public id of the story with this number.
pub(super) fn story_id(number: u64) -> String {
    format!("s{number}")
}

fn commit_placed(
    transaction: &Transaction<'_>,
    placed: &Placed,
    now: DateTime<Utc>,
    touched: &mut BTreeSet<u64>,
) -> Result<(), StoreError> {
    let at = now.timestamp_micros();
    transaction
        .prepare_cached(
            "UPDATE articles SET state = 'placed', original = ?2, placement = ?3, error = NULL WHERE number = ?1",
        )?
        .execute(params![
            placed.number as i64,
            placed.original.map(|original| original as i64),
            serde_json::to_string(&placed.placement)?
        ])?;
    if let Some(vector) = &placed.vector {
        transaction
            .prepare_cached("INSERT INTO vectors (article, vector) VALUES (?1, ?2)")?
            .execute(params![placed.number as i64, bytes_of(vector)])?;
    }
    for (other, score) in &placed.links {
        transaction
            .prepare_cached("INSERT INTO edges (a, b, score) VALUES (?1, ?2, ?3)")?
            .execute(params![*other as i64, placed.number as i64, score])?;
    }
    for change in &placed.changes {
        apply(transaction, change, at, touched)?;
    }
    Ok(())
}

fn apply(
    transaction: &Transaction<'_>,
    change: &StoryChange,
    at: i64,
    touched: &mut BTreeSet<u64>,
) -> Result<(), StoreError> {
    match change {
        StoryChange::Created { story, split_from } => {
            transaction.execute(
                "INSERT INTO stories (number, id, title, title_lang, state, split_from, created_at, updated_at, version,
                 articles, near_duplicates, sources, languages, terms, velocity)
                 VALUES (?1, ?2, '', 'und', 'emerging', ?3, ?4, ?4, 0, 0, 0, 0, '[]', '[]', 0)",
                params![*story as i64, story_id(*story), split_from.map(|from| from as i64), at],
            )?;
            log(transaction, at, "story_created", *story, None, &json!({}))?;
            if let Some(from) = split_from {
                let detail = json!({"into": story_id(*story)});
                log(transaction, at, "split", *from, None, &detail)?;
                touched.insert(*from);
            }
            touched.insert(*story);
        }
        StoryChange::Joined { story, article, from } => {
            // Near-duplicates follow the article whose text they repeat.
            let members: Vec<i64> = transaction
                .prepare_cached("SELECT number FROM articles WHERE number = ?1 OR original = ?1 ORDER BY number")?
                .query_map([*article as i64], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            for member in members {
                transaction
                    .prepare_cached("UPDATE articles SET story = ?2 WHERE number = ?1")?
                    .execute([member, *story as i64])?;
                if let Some(from) = from {
                    let detail = json!({"to": story_id(*story)});
                    log(transaction, at, "article_left", *from, Some(member as u64), &detail)?;
                    touched.insert(*from);
                }
                let detail = match from {
                    Some(from) => json!({"from": story_id(*from)}),
                    None => json!({}),
                };
                log(transaction, at, "article_joined", *story, Some(member as u64), &detail)?;
            }
            touched.insert(*story);
        }
        StoryChange::Merged { story, into } => {
            transaction.execute(
                "UPDATE articles SET story = ?2 WHERE story = ?1",
                [*story as i64, *into as i64],
            )?;
            transaction.execute(
                "UPDATE stories SET merged_into = ?2 WHERE number = ?1 OR merged_into = ?1",
                [*story as i64, *into as i64],
            )?;
            log(
                transaction,
                at,
                "merged",
                *story,
                None,
                &json!({"into": story_id(*into)}),
            )?;
            touched.extend([*story, *into]);
        }
    }
    Ok(())
}

/// Writes a story's headline and terms, and logs a rename.
fn show_face(transaction: &Transaction<'_>, face: &StoryFace, now: DateTime<Utc>) -> Result<(), StoreError> {
    let before: Option<String> = transaction
        .prepare_cached("SELECT title FROM stories WHERE number = ?1 AND merged_into IS NULL")?
        .query_row([face.story as i64], |row| row.get(0))
        .optional()?;
    let (Some(before), Some(headline)) = (before, face.headline) else {
        return Ok(());
    };
    let (title, text, lang): (String, String, String) = transaction
        .prepare_cached("SELECT title, text, lang FROM articles WHERE number = ?1")?
        .query_row([headline as i64], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let title = if title.is_empty() { first_words(&text) } else { title };
    transaction
        .prepare_cached(
            "UPDATE stories SET title = ?2, title_lang = ?3, title_article = ?4, terms = ?5 WHERE number = ?1",
        )?
        .execute(params![
            face.story as i64,
            title,
            lang,
            headline as i64,
            serde_json::to_string(&face.terms)?
        ])?;
    if !before.is_empty() && before != title {
        let at = now.timestamp_micros();
        log(
            transaction,
            at,
            "renamed",
            face.story,
            Some(headline),
            &json!({"title": title}),
        )?;
    }
    Ok(())
}

/// Writes the state that a story should have by now, and logs a change of it.
fn settle_state(
    transaction: &Transaction<'_>,
    story: u64,
    clock: &Clock,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let (before, articles, latest): (String, i64, Option<i64>) = transaction
        .prepare_cached("SELECT state, articles, latest FROM stories WHERE number = ?1")?
        .query_row([story as i64], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let state = clock.state(articles, latest);
    if before == "merged" || before == state {
        return Ok(());
    }
    let at = now.timestamp_micros();
    let change = log(transaction, at, "state_changed", story, None, &json!({"state": state}))?;
    transaction
        .prepare_cached("UPDATE stories SET state = ?2, version = ?3 WHERE number = ?1")?
        .execute(params![story as i64, state, change])?;
    Ok(())
}

/// Settles the states of the stories that have been quiet for long enough.
fn sweep(transaction: &Transaction<'_>, clock: &Clock, now: DateTime<Utc>) -> Result<(), StoreError> {
    let Some(moment) = clock.now else { return Ok(()) };
    let quiet: Vec<i64> = transaction
        .prepare_cached(
            "SELECT number FROM stories WHERE state IN ('emerging', 'active', 'dormant') AND latest < ?1
             AND (state <> 'dormant' OR latest < ?2) ORDER BY number",
        )?
        .query_map([moment - clock.dormant, moment - clock.closed], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for story in quiet {
        settle_state(transaction, story as u64, clock, now)?;
    }
    Ok(())
}

/// The beginning of a text that has no title, to name it by.
fn first_words(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let mut words: String = line.chars().take(100).collect();
    if line.chars().count() > 100 {
        words.push('…');
    }
    words
}

/// Counts a story's members anew, so that the counts are honest by construction.
fn recount(transaction: &Transaction<'_>, story: u64, now: DateTime<Utc>) -> Result<(), StoreError> {
    let number = story as i64;
    let languages: Vec<String> = transaction
        .prepare_cached("SELECT lang FROM articles WHERE story = ?1 GROUP BY lang ORDER BY count(*) DESC, lang")?
        .query_map([number], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    transaction
        .prepare_cached(
            "UPDATE stories SET (articles, near_duplicates, sources, started, latest) =
               (SELECT count(*), count(original), count(DISTINCT CASE WHEN original IS NULL THEN source END),
                       min(published_s), max(published_s) FROM articles WHERE story = ?1),
             languages = ?2, updated_at = ?3,
             version = (SELECT coalesce(max(number), 0) FROM changes WHERE story = ?1)
             WHERE number = ?1",
        )?
        .execute(params![
            number,
            serde_json::to_string(&languages)?,
            now.timestamp_micros()
        ])?;
    transaction
        .prepare_cached(
            "UPDATE stories SET velocity = (SELECT count(*) FROM articles a
               WHERE a.story = ?1 AND a.published_s > stories.latest - ?2) / 3.0,
             state = CASE WHEN merged_into IS NOT NULL THEN 'merged' WHEN articles = 0 THEN 'closed' ELSE state END
             WHERE number = ?1",
        )?
        .execute(params![number, PACE_SECONDS])?;
    Ok(())
}

fn bytes_of(vector: &[f32]) -> Vec<u8> {
    vector.iter().flat_map(|component| component.to_le_bytes()).collect()
}

/// Reads what [`bytes_of`] wrote.
pub(super) fn vector_from(bytes: &[u8]) -> Vec<f32> {
    bytes
        .chunks_exact(4)
        .filter_map(|chunk| chunk.try_into().ok().map(f32::from_le_bytes))
        .collect()
}
