//! Identity: what an article that is handed in is to those that are stored.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension, Transaction, params};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::label::label;
use super::place::{first_words, log, recount, renamed};
use crate::article::{ArticleId, Document, DocumentId, DocumentKind, Draft, SetAside, full_text};
use crate::extract::fold::fold;
use crate::pipeline::{Outcome, Receipt, Refusal, Submission};
use crate::store::StoreError;
use crate::story::labels::Rules;

/// Two texts under one id are revisions of one article when they share at least this part of their words.
const RELATED: f64 = 0.3;

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
    published: Option<String>,
    agency: Option<String>,
}

const EXISTING: &str =
    "SELECT number, id, title, text, digest, url, source, revision, published, agency FROM articles WHERE ";

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
        published: row.get(8)?,
        agency: row.get(9)?,
    })
}

/// Writes submissions, in their order; one answer for each.
pub(super) fn accept_all(
    transaction: &Transaction<'_>,
    submissions: &[Submission],
    rules: Option<&Rules>,
    now: DateTime<Utc>,
) -> Result<Vec<Result<Receipt, Refusal>>, StoreError> {
    submissions
        .iter()
        .map(|submission| accept_one(transaction, submission, rules, now))
        .collect()
}

/// Decides whether a submission is new, known, a revision or refused, and writes it.
///
/// An article is recognised by its id, then by its address, then by its content. Under a known id or address a changed
/// text is a revision; an id whose article tells of something else altogether is refused, since one of the two would be
/// lost. The same content at another address, or from another source, is an article of its own (a reprint).
fn accept_one(
    transaction: &Transaction<'_>,
    submission: &Submission,
    rules: Option<&Rules>,
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
    let receipt = |id: String, outcome, set_aside| Receipt {
        id: ArticleId(id),
        outcome,
        document_id: document_id.as_ref().map(|(_, id)| id.clone()),
        set_aside,
    };
    let document = document_id.as_ref().map(|(number, _)| *number);
    Ok(Ok(match found {
        Some(known) if known.digest == digest => {
            let set_aside = kept_out(&known, draft, false);
            receipt(known.id, Outcome::Known, set_aside)
        }
        Some(known) => {
            let set_aside = kept_out(&known, draft, true);
            revise(transaction, &known, draft, &set_aside, &digest, rules, now)?;
            receipt(known.id, Outcome::Revised, set_aside)
        }
        None => {
            let id = new_id(transaction, draft, &digest)?;
            insert(transaction, &id, draft, &digest, document, now)?;
            receipt(id, Outcome::New, draft.set_aside.clone())
        }
    }))
}

/// What is set aside of a draft whose article is stored, beside what extraction did: an article keeps what it came with. A
/// revision brings a date, a source or an agency that was missing; the same text again brings nothing.
fn kept_out(known: &Existing, draft: &Draft, is_revision: bool) -> Vec<SetAside> {
    let published = draft.published.map(|dated| dated.value_text());
    let fields = [
        ("published", &known.published, &published, is_revision),
        ("source", &known.source, &draft.source, is_revision),
        ("agency", &known.agency, &draft.agency, is_revision),
        ("url", &known.url, &draft.url, false),
    ];
    let out = fields.into_iter().filter_map(|(field, kept, came, is_filled)| {
        let value = came.as_ref().filter(|came| kept.as_ref() != Some(*came))?;
        let reason = match kept {
            Some(kept) => format!("the article is stored with {kept:?} and keeps it"),
            None if is_filled => return None,
            None => "the article is stored without it and stays as it is".to_owned(),
        };
        Some(SetAside {
            field: field.to_owned(),
            value: value.clone(),
            reason,
        })
    });
    draft.set_aside.iter().cloned().chain(out).collect()
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
    index_text(transaction, number, &draft.title, &draft.text)
}

/// Makes an article findable by its words.
pub(in crate::store) fn index_text(
    transaction: &Transaction<'_>,
    number: i64,
    title: &str,
    text: &str,
) -> Result<(), StoreError> {
    transaction
        .prepare_cached(
            "INSERT INTO search (rowid, title, text, tags)
             SELECT search_row, ?2, ?3, 'l' || hex(lang) || CASE WHEN source IS NULL THEN '' ELSE ' s' || hex(source) END FROM articles WHERE number = ?1",
        )?
        .execute(params![number, fold(title), fold(text)])?;
    Ok(())
}

/// Takes an article out of the full-text index, before its date changes.
pub(in crate::store) fn unindex_text(transaction: &Transaction<'_>, number: i64) -> Result<(), StoreError> {
    transaction
        .prepare_cached("DELETE FROM search WHERE rowid = (SELECT search_row FROM articles WHERE number = ?1)")?
        .execute([number])?;
    Ok(())
}

/// Keeps the old text, writes the new one. The article stays in its story, and keeps its first publication date: an
/// edit does not make old news new.
fn revise(
    transaction: &Transaction<'_>,
    known: &Existing,
    draft: &Draft,
    set_aside: &[SetAside],
    digest: &str,
    rules: Option<&Rules>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let at = now.timestamp_micros();
    transaction.execute(
        "INSERT INTO revisions (article, revision, title, text, published, precision, digest, replaced_at, rest)
         SELECT number, revision, title, text, published, precision, digest, ?2, json_object('source', source, 'agency', agency,
           'keywords', json(keywords), 'removed', json(removed), 'set_aside', json(set_aside))
         FROM articles WHERE number = ?1",
        params![known.number, at],
    )?;
    unindex_text(transaction, known.number)?;
    transaction.execute(
        "UPDATE articles SET revision = ?2, title = ?3, text = ?4, digest = ?5, removed = ?6, set_aside = ?7,
         keywords = ?8, text_dropped_at = NULL, published_s = coalesce(published_s, ?9), precision = coalesce(precision, ?10),
         published = coalesce(published, ?11), source = coalesce(source, ?12), agency = coalesce(agency, ?13)
         WHERE number = ?1",
        params![
            known.number,
            known.revision + 1,
            draft.title,
            draft.text,
            digest,
            serde_json::to_string(&draft.removed)?,
            serde_json::to_string(set_aside)?,
            serde_json::to_string(&draft.keywords)?,
            draft.published.map(|dated| dated.midpoint()),
            precision_name(draft),
            draft.published.map(|dated| dated.value_text()),
            draft.source,
            draft.agency,
        ],
    )?;
    index_text(transaction, known.number, &draft.title, &draft.text)?;
    let story: Option<i64> =
        transaction.query_row("SELECT story FROM articles WHERE number = ?1", [known.number], |row| {
            row.get(0)
        })?;
    if let Some(story) = story {
        let detail = json!({"revision": known.revision + 1});
        let number = known.number as u64;
        log(transaction, at, "article_revised", story as u64, Some(number), &detail)?;
        // The story is called as its article, unless an editor named it.
        let called: Option<(String, String)> = transaction
            .query_row(
                "SELECT title, title_lang FROM stories WHERE number = ?1 AND title_article = ?2 AND named IS NULL",
                params![story, known.number],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()?;
        let title = match draft.title.is_empty() {
            true => first_words(&draft.text),
            false => draft.title.clone(),
        };
        if let Some((before, lang)) = called.filter(|(before, _)| *before != title) {
            let detail = renamed((&before, &lang), (&title, &lang));
            log(transaction, at, "renamed", story as u64, Some(number), &detail)?;
            transaction.execute("UPDATE stories SET title = ?2 WHERE number = ?1", params![story, title])?;
        }
        // A date or a source that was missing may have come.
        recount(transaction, story as u64, now)?;
        if let Some(rules) = rules {
            label(transaction, story as u64, rules)?;
        }
    }
    Ok(())
}
