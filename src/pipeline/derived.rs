//! The writer's memory on disk: index, graph, words and near-duplicates, beside the store that they are made from.
//!
//! One folder (`derived` in the data folder). For every block of the index a file of its vectors and one of what else never
//! changes of its articles; one file of what changes with every arrival; and `manifest.json`, whose first line is the digest
//! of the rest, with the number of the change at which all of it stands and the digests of the files. The files are named
//! after their content and written whole; the manifest comes last, and what it does not name is removed then. So there is
//! always one complete save, a full block is written once, and a flipped byte is found. Nothing here is the truth: what is
//! missing, damaged, of another store or made by other settings is made again from the store.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::config::Settings;
use crate::extract::neardup::{NearDuplicates, Remembered};
use crate::index::{self, IndexError, TimeIndex};
use crate::store::check::{Checked, Part, Troubles};
use crate::store::write::Mark;
use crate::store::{DERIVED, Store, StoreError};
use crate::story::Engine;
use crate::story::saved::{Head, Record};
use crate::story::weights::Weights;
use crate::whole::{self, ReadError, digest};

/// Raised whenever what is written changes, or is made otherwise from the same articles.
const FORMAT: u32 = 3;
const MANIFEST: &str = "manifest.json";
/// How often a manifest is read again when a file that it names is gone: a running service saves, and removes the old ones.
const TRIES: usize = 5;

/// Why the saved memory cannot be written or used.
#[derive(Debug, thiserror::Error)]
pub enum DerivedError {
    /// A file that is not what was written.
    #[error("{}: {reason}", path.display())]
    Damaged {
        /// The file at fault.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Made by another program or other settings.
    #[error("it was made by {0}")]
    Other(&'static str),
    /// Made from another store.
    #[error("it stands at change {0}, which this store does not have")]
    OtherStore(u64),
    /// The index's files.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// What is in memory cannot be written down.
    #[error("it cannot be written down: {0}")]
    Encode(#[from] postcard::Error),
    /// The disk refuses.
    #[error("cannot {action} {}: {source}", path.display())]
    Disk {
        /// What was tried.
        action: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl DerivedError {
    /// Whether a file that the manifest names is not there.
    fn is_missing(&self) -> bool {
        let missing = |path: &Path| !path.exists();
        match self {
            Self::Damaged { path, .. } | Self::Index(IndexError::Damaged { path, .. }) => missing(path),
            _ => false,
        }
    }
}

fn disk(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> DerivedError {
    let path = path.to_owned();
    move |source| DerivedError::Disk { action, path, source }
}

/// Which memory belongs together.
#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    format: u32,
    /// The program's version: another one may make something else of the same articles.
    program: String,
    /// Digest of the model and of all settings that the memory depends on.
    settings: String,
    mark: Mark,
    /// Articles in memory.
    articles: usize,
    index: index::Saved,
    /// What never changes of the articles of each block of the index.
    parts: Vec<Section>,
    /// What changes with every arrival.
    head: FileEntry,
}

/// The articles of a block.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Section {
    block: u64,
    file: FileEntry,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct FileEntry {
    name: String,
    sha256: String,
}

/// The memory as it was saved.
pub(super) struct Loaded {
    pub(super) engine: Engine,
    pub(super) near_duplicates: NearDuplicates,
    pub(super) mark: Mark,
}

/// Saves and loads; remembers which blocks are written already.
pub(super) struct Derived {
    dir: PathBuf,
    settings: String,
    /// Files of full blocks, which do not change any more.
    full: BTreeMap<u64, FileEntry>,
}

impl Derived {
    /// For the store in a data folder. `depends` is everything that the memory depends on beside the articles.
    pub(super) fn new(data_dir: &Path, depends: &str) -> Self {
        Self {
            dir: data_dir.join(DERIVED),
            settings: digest(depends.as_bytes()),
            full: BTreeMap::new(),
        }
    }

    /// Writes down what is in memory at this change.
    pub(super) fn save(
        &mut self,
        engine: &Engine,
        near_duplicates: &NearDuplicates,
        mark: Mark,
    ) -> Result<(), DerivedError> {
        fs::create_dir_all(&self.dir).map_err(disk("create", &self.dir))?;
        let index = engine.save_index(&self.dir)?;
        let mut parts = Vec::new();
        let mut full = BTreeMap::new();
        for (block, is_full, articles) in engine.blocks() {
            let file = match self.full.get(&block) {
                Some(file) => file.clone(),
                None => {
                    let known = |article: &u64| {
                        let remembered = u32::try_from(*article).ok();
                        Some((
                            engine.record(*article)?,
                            remembered.and_then(|slot| near_duplicates.remembered(slot)),
                        ))
                    };
                    let known: Vec<(Record, Option<Remembered>)> = articles.iter().filter_map(known).collect();
                    self.write(&format!("block-{block:08}"), "articles", &postcard::to_stdvec(&known)?)?
                }
            };
            if is_full {
                full.insert(block, file.clone());
            }
            parts.push(Section { block, file });
        }
        let head = self.write("head", "state", &engine.head()?)?;
        let manifest = Manifest {
            format: FORMAT,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            settings: self.settings.clone(),
            mark,
            articles: engine.len(),
            index,
            parts,
            head,
        };
        let path = self.dir.join(MANIFEST);
        let json = serde_json::to_string_pretty(&manifest).map_err(StoreError::from)?;
        whole::write(&self.dir, MANIFEST, whole::sealed(&json).as_bytes()).map_err(disk("write", &path))?;
        self.full = full;
        self.remove_others(&manifest)
    }

    /// Reads what was saved; `None` when nothing was.
    pub(super) fn load(
        &mut self,
        store: &Store,
        settings: &Settings,
        weights: &Weights,
    ) -> Result<Option<Loaded>, DerivedError> {
        let Some(manifest) = read_manifest(&self.dir)? else {
            return Ok(None);
        };
        if manifest.format != FORMAT || manifest.program != env!("CARGO_PKG_VERSION") {
            return Err(DerivedError::Other("another program"));
        }
        if manifest.settings != self.settings {
            return Err(DerivedError::Other("other settings"));
        }
        if !store.has_mark(&manifest.mark)? {
            return Err(DerivedError::OtherStore(manifest.mark.change));
        }
        let dimension = manifest.index.dimension();
        let (index, rest) = std::thread::scope(|scope| {
            let index = std::thread::Builder::new()
                .name("index-loader".to_owned())
                .spawn_scoped(scope, || {
                    TimeIndex::load_files(&self.dir, &manifest.index, dimension, &settings.index)
                });
            let rest = self.read_rest(&manifest, settings);
            let index = index.map(|loading| loading.join());
            (index, rest)
        });
        let unusable = |reason: &str| DerivedError::Damaged {
            path: self.dir.clone(),
            reason: reason.to_owned(),
        };
        let index = index
            .map_err(disk("read", &self.dir))?
            .map_err(|_| unusable("the index's files cannot be read"))??;
        let (records, near_duplicates, head) = rest?;
        let engine = Engine::assemble(&settings.story, &settings.index, weights.clone(), index, records, head)
            .ok_or_else(|| unusable("its files do not belong together"))?;
        let full: BTreeSet<u64> = engine
            .blocks()
            .filter(|(_, full, _)| *full)
            .map(|(block, ..)| block)
            .collect();
        self.full = manifest
            .parts
            .into_iter()
            .filter(|part| full.contains(&part.block))
            .map(|part| (part.block, part.file))
            .collect();
        Ok(Some(Loaded {
            engine,
            near_duplicates,
            mark: manifest.mark,
        }))
    }

    /// Everything but the index.
    fn read_rest(
        &self,
        manifest: &Manifest,
        settings: &Settings,
    ) -> Result<(Vec<Record>, NearDuplicates, Head), DerivedError> {
        let mut near_duplicates = NearDuplicates::new(&settings.extract.near_duplicate);
        let mut records = Vec::with_capacity(manifest.articles);
        for part in &manifest.parts {
            let known: Vec<(Record, Option<Remembered>)> = decode(&self.dir, &part.file)?;
            for (record, one) in known {
                if let (Some(one), Ok(slot)) = (one, u32::try_from(record.article())) {
                    near_duplicates.take_back(slot, one);
                }
                records.push(record);
            }
        }
        Ok((records, near_duplicates, decode(&self.dir, &manifest.head)?))
    }

    fn write(&self, what: &str, kind: &str, bytes: &[u8]) -> Result<FileEntry, DerivedError> {
        let sha256 = digest(bytes);
        let name = format!("{what}-{}.{kind}", sha256.get(..16).unwrap_or(&sha256));
        let path = self.dir.join(&name);
        if !path.exists() {
            whole::write(&self.dir, &name, bytes).map_err(disk("write", &path))?;
        }
        Ok(FileEntry { name, sha256 })
    }

    fn remove_others(&self, manifest: &Manifest) -> Result<(), DerivedError> {
        let named: BTreeSet<&str> = manifest.files().chain([MANIFEST]).collect();
        for entry in fs::read_dir(&self.dir).map_err(disk("list", &self.dir))? {
            let entry = entry.map_err(disk("list", &self.dir))?;
            if !named.contains(entry.file_name().to_string_lossy().as_ref()) {
                fs::remove_file(entry.path()).map_err(disk("remove", &entry.path()))?;
            }
        }
        Ok(())
    }
}

impl Manifest {
    fn files(&self) -> impl Iterator<Item = &str> {
        let own = self.parts.iter().map(|part| &part.file).chain([&self.head]);
        self.index.files().chain(own.map(|file| file.name.as_str()))
    }
}

fn read_manifest(dir: &Path) -> Result<Option<Manifest>, DerivedError> {
    let path = dir.join(MANIFEST);
    let bytes = match fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(disk("read", &path))?,
    };
    let json = whole::unsealed(&bytes).map_err(of_reading(&path))?;
    let manifest = serde_json::from_str(json).map_err(|error| DerivedError::Damaged {
        path,
        reason: error.to_string(),
    })?;
    Ok(Some(manifest))
}

fn decode<T: serde::de::DeserializeOwned>(dir: &Path, file: &FileEntry) -> Result<T, DerivedError> {
    let path = dir.join(&file.name);
    let bytes = whole::read(&path, &file.sha256).map_err(of_reading(&path))?;
    postcard::from_bytes(&bytes).map_err(|error| DerivedError::Damaged {
        path,
        reason: error.to_string(),
    })
}

fn of_reading(path: &Path) -> impl FnOnce(ReadError) -> DerivedError {
    let path = path.to_owned();
    move |error| match error {
        ReadError::Damaged(reason) => DerivedError::Damaged {
            path,
            reason: reason.to_owned(),
        },
        ReadError::Disk(source) => DerivedError::Disk {
            action: "read",
            path,
            source,
        },
    }
}

/// For `silsila check`: whether what is saved is what was written, and belongs to this store. Also beside a service.
pub fn check(data_dir: &Path, store: &Store) -> Checked {
    let dir = data_dir.join(DERIVED);
    let mut troubles = Troubles::default();
    let mut found = "none are saved; they are made at the next start".to_owned();
    for attempt in 1..=TRIES {
        match look(&dir, store) {
            Ok(Some(words)) => found = words,
            Ok(None) => {}
            Err(error) if error.is_missing() && attempt < TRIES => continue,
            Err(error) => {
                found = "saved".to_owned();
                troubles.add(error.to_string());
            }
        }
        break;
    }
    Checked::new(Part::Derived, found, troubles)
}

fn look(dir: &Path, store: &Store) -> Result<Option<String>, DerivedError> {
    let Some(manifest) = read_manifest(dir)? else {
        return Ok(None);
    };
    manifest.index.verify(dir)?;
    for file in manifest.parts.iter().map(|part| &part.file).chain([&manifest.head]) {
        let path = dir.join(&file.name);
        whole::read(&path, &file.sha256).map_err(of_reading(&path))?;
    }
    if !store.has_mark(&manifest.mark)? {
        return Err(DerivedError::OtherStore(manifest.mark.change));
    }
    let (articles, change) = (manifest.articles, manifest.mark.change);
    Ok(Some(format!("{articles} articles in memory at change {change}")))
}

/// Takes the saved memory away; it is made again from the store at the next start. Whether there was any.
///
/// # Errors
/// When the disk refuses.
pub fn discard(data_dir: &Path) -> Result<bool, DerivedError> {
    let dir = data_dir.join(DERIVED);
    match fs::remove_dir_all(&dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        other => other.map(|()| true).map_err(disk("remove", &dir)),
    }
}
