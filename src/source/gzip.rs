//! Decompression with an end: a small gzip that swells to gigabytes is refused while it swells.

use std::io::{self, BufRead, Read};

use flate2::bufread::MultiGzDecoder;

use super::SourceError;

/// The two bytes that every gzip stream begins with.
pub(super) const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Decompresses a whole body that may have at most `max` bytes.
///
/// # Errors
/// [`SourceError::TooLarge`] when there is more, [`SourceError::Gzip`] when the stream is damaged or cut short.
pub fn gunzip_limited(bytes: &[u8], max: usize) -> Result<Vec<u8>, SourceError> {
    let mut out = Vec::new();
    let limit = max as u64;
    MultiGzDecoder::new(bytes)
        .take(limit.saturating_add(1))
        .read_to_end(&mut out)
        .map_err(SourceError::Gzip)?;
    if out.len() > max {
        return Err(SourceError::TooLarge {
            what: "decompressed body",
            limit,
        });
    }
    Ok(out)
}

/// A reader that fails, instead of ending, when more than `limit` bytes come out of it.
pub(super) struct Limited<R> {
    inner: R,
    left: u64,
    limit: u64,
}

impl<R: Read> Limited<R> {
    pub(super) fn new(inner: R, limit: u64) -> Self {
        Self {
            inner,
            left: limit,
            limit,
        }
    }
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.left = self.left.checked_sub(count as u64).ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::FileTooLarge,
                format!(
                    "more than {} bytes come out of this file ([source] max_file_bytes)",
                    self.limit
                ),
            )
        })?;
        Ok(count)
    }
}

/// Decompresses when the data begins as gzip does, whatever the file is called.
pub(crate) fn maybe_gunzip<'a>(mut raw: impl BufRead + Send + 'a) -> io::Result<Box<dyn Read + Send + 'a>> {
    if raw.fill_buf()?.starts_with(&MAGIC) {
        Ok(Box::new(MultiGzDecoder::new(raw)))
    } else {
        Ok(Box::new(raw))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).expect("in memory");
        encoder.finish().expect("in memory")
    }

    #[test]
    fn a_body_is_decompressed_up_to_its_limit() {
        assert_eq!(gunzip_limited(&gzip(b"abc"), 3).expect("fits"), b"abc");
        let bomb = gzip(&vec![0; 20_000_000]);
        assert!(bomb.len() < 50_000);
        let error = gunzip_limited(&bomb, 1_000_000).expect_err("a bomb");
        assert!(matches!(error, SourceError::TooLarge { limit: 1_000_000, .. }));
    }

    #[test]
    fn a_damaged_body_is_refused() {
        let whole = gzip(&[b'x'; 5000]);
        assert!(matches!(
            gunzip_limited(&whole[..whole.len() / 2], 10_000),
            Err(SourceError::Gzip(_))
        ));
        assert!(matches!(gunzip_limited(b"no gzip", 10_000), Err(SourceError::Gzip(_))));
    }
}
