//! Files that are there completely or not at all, and are known to be what was written.
//!
//! A file is written under another name, flushed and renamed; its SHA-256 is kept by whoever reads it again. So a crash
//! leaves the file that was there before, and a flipped byte is found by its digest.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use sha2::{Digest, Sha256};

/// Added to a file's name until it is complete.
pub(crate) const UNFINISHED: &str = ".tmp";

/// Why a file cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    /// It is not what was written.
    #[error("{0}")]
    Damaged(&'static str),
    /// The disk refuses.
    #[error(transparent)]
    Disk(#[from] io::Error),
}

/// Writes a file so that it is there completely or not at all, also after a power cut.
pub(crate) fn write(dir: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let (path, unfinished) = (dir.join(name), dir.join(format!("{name}{UNFINISHED}")));
    let mut file = File::create(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&unfinished, &path)?;
    File::open(dir)?.sync_all()
}

/// Reads a file that has this digest.
pub(crate) fn read(path: &Path, sha256: &str) -> Result<Vec<u8>, ReadError> {
    let bytes = match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(ReadError::Damaged("the file is missing")),
        other => other?,
    };
    if digest(&bytes) == sha256 {
        return Ok(bytes);
    }
    Err(ReadError::Damaged("its content does not match its checksum"))
}

/// A text with its digest in a line before it.
pub(crate) fn sealed(text: &str) -> String {
    format!("{}\n{text}\n", digest(text.as_bytes()))
}

/// The text that [`sealed`] made this of.
pub(crate) fn unsealed(sealed: &[u8]) -> Result<&str, ReadError> {
    let text = std::str::from_utf8(sealed).map_err(|_| ReadError::Damaged("it is not UTF-8"))?;
    let (sum, text) = text.split_once('\n').unwrap_or_default();
    let text = text.strip_suffix('\n').unwrap_or_default();
    match digest(text.as_bytes()) == sum {
        true => Ok(text),
        false => Err(ReadError::Damaged("its content does not match its checksum")),
    }
}

/// SHA-256 in hexadecimal digits.
pub(crate) fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
