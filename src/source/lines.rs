//! Lines of bytes, none longer than a limit; a longer one is skipped, not kept.

use std::io::{self, BufRead};

/// What one attempt to read a line gives.
pub(crate) enum Line {
    /// A line without its end.
    Whole(Vec<u8>),
    /// A line beyond the limit: its first bytes.
    TooLong(Vec<u8>),
}

/// Reads the next line; `None` at the end.
pub(crate) fn next(reader: &mut impl BufRead, limit: usize) -> io::Result<Option<Line>> {
    const KEPT_OF_TOO_LONG: usize = 256;
    let mut line = Vec::new();
    let (mut too_long, mut any) = (false, false);
    loop {
        let available = match reader.fill_buf() {
            Ok(available) => available,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if available.is_empty() {
            break;
        }
        any = true;
        let end = available.iter().position(|byte| *byte == b'\n');
        let part = available.get(..end.unwrap_or(available.len())).unwrap_or_default();
        if !too_long {
            line.extend_from_slice(part);
            if line.len() > limit {
                too_long = true;
                line.truncate(KEPT_OF_TOO_LONG);
                line.shrink_to_fit();
            }
        }
        let used = part.len() + usize::from(end.is_some());
        reader.consume(used);
        if end.is_some() {
            break;
        }
    }
    Ok(any.then_some(if too_long {
        Line::TooLong(line)
    } else {
        Line::Whole(line)
    }))
}
