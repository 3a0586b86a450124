//! Search by meaning, for readers: the articles whose vectors are nearest to that of a question.
//!
//! In: a text, filters. Out: articles by number, with their cosine. The first search reads the vectors from the store, later
//! ones only what has come since; the writer and its index are not asked. An article costs as many bytes as a vector has
//! numbers, and some twenty.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};

use crate::embed::EmbedError;
use crate::embed::centre::Centres;
use crate::embed::worker::{Refused, Worker};
use crate::extract::language::detect;
use crate::index::{Flat, Likeness};
use crate::store::read::{Page, ReadError, SearchHit, SearchPlace, SearchQuery, Vectored};
use crate::store::{Store, StoreError};

/// Questions whose vectors are kept for the next pages.
const ASKED: usize = 64;
/// Vectors that are taken over at a time; readers wait that long at most.
const AT_ONCE: usize = 2_000;

/// Why nothing can be found by meaning.
#[derive(Debug, thiserror::Error)]
pub enum MeaningError {
    /// Too many questions wait.
    #[error("too many searches by meaning wait for the model; try again in a second")]
    Busy,
    /// The model failed.
    #[error("the question could not be embedded: {0}")]
    Embed(#[from] EmbedError),
    /// The store failed, or the cursor is of another search.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl From<StoreError> for MeaningError {
    fn from(error: StoreError) -> Self {
        Self::Read(error.into())
    }
}

/// What a filter asks of an article.
#[derive(Debug, Clone, Copy)]
struct Row {
    number: u32,
    lang: u32,
    source: Option<u32>,
    time: Option<i64>,
}

#[derive(Debug)]
struct Loaded {
    flat: Flat,
    rows: Vec<Row>,
    /// The row of every article.
    places: HashMap<u32, usize>,
    /// Languages and sources by name.
    words: HashMap<String, u32>,
    /// The change up to which vectors were read; `None` before the first search.
    up_to: Option<u64>,
}

/// Finds articles by meaning.
#[derive(Debug)]
pub struct Meaning {
    store: Arc<Store>,
    embedder: Arc<Worker>,
    centres: Centres,
    loaded: RwLock<Loaded>,
    /// One reads from the store; the others wait for it.
    loading: Mutex<()>,
    asked: Mutex<VecDeque<(String, Arc<Vec<f32>>)>>,
}

impl Meaning {
    /// Nothing is read before the first search.
    pub fn new(store: Arc<Store>, embedder: Arc<Worker>, centres: Centres) -> Self {
        let dimension = embedder.identity().dimension;
        Self {
            store,
            embedder,
            centres,
            loaded: RwLock::new(Loaded {
                flat: Flat::new(dimension),
                rows: Vec::new(),
                places: HashMap::new(),
                words: HashMap::new(),
                up_to: None,
            }),
            loading: Mutex::default(),
            asked: Mutex::default(),
        }
    }

    /// A page of the articles nearest to the question, the nearest first; near-duplicates have no vector and are left out.
    /// Blocks; call it off the async threads.
    ///
    /// # Errors
    /// [`MeaningError`].
    pub fn search(
        &self,
        query: &SearchQuery,
        cursor: Option<&str>,
        per_page: usize,
    ) -> Result<Page<SearchHit>, MeaningError> {
        let list = SearchPlace::list(query)?;
        let place = cursor.map(|cursor| SearchPlace::read(cursor, &list)).transpose()?;
        let question = self.vector(&query.q)?;
        self.catch_up()?;
        let newest = match &place {
            Some(place) => place.newest,
            None => self.store.newest_article()?,
        };
        let behind = place.map(|place| Likeness {
            cosine: f32::from_bits(place.cosine),
            key: place.number,
        });
        let mut found = {
            let loaded = self.read();
            let word = |word: &Option<String>| match word {
                None => Some(None),
                Some(word) => loaded.words.get(word).copied().map(Some),
            };
            // A language or a source that no article has finds nothing.
            match (word(&query.lang), word(&query.source)) {
                (Some(lang), Some(source)) => loaded.flat.best(&question, per_page + 1, behind, |row| {
                    let row = loaded.rows.get(row)?;
                    let within = row.number <= newest
                        && lang.is_none_or(|lang| lang == row.lang)
                        && (source.is_none() || source == row.source)
                        && query.from.is_none_or(|from| row.time.is_some_and(|time| time >= from))
                        && query.to.is_none_or(|to| row.time.is_some_and(|time| time <= to));
                    within.then_some(row.number)
                }),
                _ => Vec::new(),
            }
        };
        let more = found.len() > per_page;
        found.truncate(per_page);
        let next_cursor = match found.last() {
            Some(last) if more => Some(
                SearchPlace {
                    list,
                    newest,
                    cosine: last.cosine.to_bits(),
                    number: last.key,
                }
                .write()?,
            ),
            _ => None,
        };
        let found: Vec<(u32, f32)> = found.into_iter().map(|one| (one.key, one.cosine)).collect();
        Ok(Page {
            items: self.store.hits(&found, &query.q)?,
            next_cursor,
        })
    }

    /// Bytes of memory for the vectors that were read.
    pub fn bytes(&self) -> usize {
        let loaded = self.read();
        loaded.flat.bytes() + loaded.rows.len() * (size_of::<Row>() + size_of::<(u32, usize)>())
    }

    fn read(&self) -> RwLockReadGuard<'_, Loaded> {
        self.loaded.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The vector of a question, seen from the mean of its language as those of articles are.
    fn vector(&self, q: &str) -> Result<Arc<Vec<f32>>, MeaningError> {
        let asked = || self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, vector)) = asked().iter().find(|(text, _)| text == q) {
            return Ok(Arc::clone(vector));
        }
        let pending = self
            .embedder
            .try_embed_first(vec![q.to_owned()])
            .map_err(|refused| match refused {
                Refused::Full { .. } => MeaningError::Busy,
                Refused::Stopped { .. } => MeaningError::Embed(EmbedError::Stopped {
                    reason: refused.to_string(),
                }),
            })?;
        let raw = pending.wait()?.vectors.pop().unwrap_or_default();
        let vector = Arc::new(self.centres.centred(&raw, &detect(q)));
        let mut asked = asked();
        asked.push_back((q.to_owned(), Arc::clone(&vector)));
        while asked.len() > ASKED {
            asked.pop_front();
        }
        Ok(vector)
    }

    /// Reads the vectors of what has been placed since the last time.
    fn catch_up(&self) -> Result<(), StoreError> {
        let newest = *self.store.newest().borrow();
        if self.read().up_to.is_some_and(|up_to| up_to >= newest) {
            return Ok(());
        }
        let _one = self.loading.lock().unwrap_or_else(PoisonError::into_inner);
        let since = self.read().up_to;
        if since.is_some_and(|up_to| up_to >= newest) {
            return Ok(());
        }
        let mut batch: Vec<Vectored> = Vec::new();
        let up_to = self.store.vectors(since, |one| {
            batch.push(one);
            if batch.len() >= AT_ONCE {
                self.take(std::mem::take(&mut batch));
            }
        })?;
        self.take(batch);
        self.loaded.write().unwrap_or_else(PoisonError::into_inner).up_to = Some(up_to);
        Ok(())
    }

    fn take(&self, batch: Vec<Vectored>) {
        let centred: Vec<(Vectored, Vec<f32>)> = batch
            .into_iter()
            .map(|one| {
                let vector = self.centres.centred(&one.vector, &one.lang);
                (one, vector)
            })
            .collect();
        let mut loaded = self.loaded.write().unwrap_or_else(PoisonError::into_inner);
        let loaded = &mut *loaded;
        for (one, vector) in centred {
            let Ok(number) = u32::try_from(one.article) else {
                continue;
            };
            let mut word = |word: String| {
                let next = loaded.words.len() as u32;
                *loaded.words.entry(word).or_insert(next)
            };
            let row = Row {
                number,
                lang: word(one.lang),
                source: one.source.map(&mut word),
                time: one.time,
            };
            match loaded.places.get(&number).and_then(|place| loaded.rows.get_mut(*place)) {
                // A revision may have brought a date or a source; the vector stays that of the first text.
                Some(known) => *known = row,
                None if loaded.flat.push(&vector) => {
                    loaded.places.insert(number, loaded.rows.len());
                    loaded.rows.push(row);
                }
                None => tracing::warn!(
                    article = number,
                    "a vector of another dimension is left out of the search"
                ),
            }
        }
    }
}
