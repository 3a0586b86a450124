//! The default model's files: where they are, what is in them, and how they come to be ([`fetch`]).
//!
//! A published weights file comes in, and a folder `models/<name>-<graph>-<digest>` with an ONNX model and a tokeniser
//! goes out. Nothing here computes vectors.

pub mod fetch;
pub mod graph;
pub mod tokenizer;
pub mod weights;

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Graph;

/// The model that is fetched and used unless another is configured.
pub const DEFAULT: &str = "multilingual-e5-small";
/// SHA-256 of the published weights file that it is made from.
pub const WEIGHTS_SHA256: &str = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f";
/// Raised whenever the conversion gives other files, so that old ones are not taken for new ones.
const CONVERSION: u32 = 2;
/// What the folder of a model holds besides the manifest.
pub const FILES: [&str; 5] = [
    "model.onnx",
    "tokenizer.json",
    "config.json",
    "special_tokens_map.json",
    "tokenizer_config.json",
];
/// The list of a model's files with their digests.
pub const MANIFEST: &str = "manifest.json";

/// What a model's folder says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The model's name.
    pub name: String,
    /// The form of its weights.
    pub graph: Graph,
    /// Which weights and conversion; also in the folder's name.
    pub digest: String,
    /// Components of a vector.
    pub dimension: usize,
    /// Most tokens that it reads.
    pub positions: usize,
    /// SHA-256 of each file.
    pub files: BTreeMap<String, String>,
}

/// Names weights, form and conversion in twelve hexadecimal digits.
pub fn digest(form: Graph) -> String {
    let mut digest = hex(&Sha256::digest(
        format!("{WEIGHTS_SHA256} {} {CONVERSION}", form.name()).as_bytes(),
    ));
    digest.truncate(12);
    digest
}

/// The folder of the default model in the form `form`, whether it exists or not.
pub fn folder(cache: &Path, form: Graph) -> PathBuf {
    cache
        .join("models")
        .join(format!("{DEFAULT}-{}-{}", form.name(), digest(form)))
}

/// Reads a model folder's manifest.
///
/// # Errors
/// When the file cannot be read or is no manifest.
pub fn manifest(folder: &Path) -> io::Result<Manifest> {
    let bytes = std::fs::read(folder.join(MANIFEST))?;
    serde_json::from_slice(&bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

/// Reads every file of a model's folder against its digest; gives the names of those missing or changed.
///
/// # Errors
/// When the manifest cannot be read.
pub fn damaged(folder: &Path) -> io::Result<Vec<String>> {
    let manifest = manifest(folder)?;
    let changed = |name: &str| sha256(&folder.join(name)).ok().as_ref() != manifest.files.get(name);
    Ok(FILES
        .into_iter()
        .filter(|name| changed(name))
        .map(str::to_owned)
        .collect())
}

/// SHA-256 of a file, in hexadecimal.
///
/// # Errors
/// When it cannot be read.
pub fn sha256(path: &Path) -> io::Result<String> {
    let mut file = std::fs::File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex(&hasher.finalize())),
            read => hasher.update(buffer.get(..read).unwrap_or_default()),
        }
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_file_is_noticed() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut files = BTreeMap::new();
        for name in FILES {
            std::fs::write(folder.path().join(name), name).expect("written");
            files.insert(name.to_owned(), sha256(&folder.path().join(name)).expect("read"));
        }
        let manifest = Manifest {
            name: DEFAULT.to_owned(),
            graph: Graph::F32,
            digest: digest(Graph::F32),
            dimension: 384,
            positions: 512,
            files,
        };
        std::fs::write(
            folder.path().join(MANIFEST),
            serde_json::to_vec(&manifest).expect("JSON"),
        )
        .expect("written");
        assert_eq!(damaged(folder.path()).expect("readable"), Vec::<String>::new());
        std::fs::write(folder.path().join("model.onnx"), "other").expect("written");
        std::fs::remove_file(folder.path().join("config.json")).expect("removed");
        assert_eq!(damaged(folder.path()).expect("readable"), ["model.onnx", "config.json"]);
    }

    #[test]
    fn forms_do_not_share_a_folder() {
        let names: std::collections::BTreeSet<_> = [Graph::F32, Graph::Q4, Graph::Int8].map(digest).into();
        assert_eq!(names.len(), 3);
    }
}
