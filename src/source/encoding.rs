//! From bytes to Unicode: byte order mark, declared charset, `<meta charset>`, then detection (chardetng).

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, ISO_2022_JP, UTF_8, UTF_16BE, UTF_16LE};

use super::SourceError;

/// How far into a page HTML allows the charset declaration to stand.
const META_WINDOW: usize = 4096;

/// Decodes a text or an HTML page.
///
/// In this order: a byte order mark; bytes that are valid UTF-8 (such text is practically never anything else,
/// whatever a server says; a declared 7-bit or two-byte encoding excepted); `declared` (the HTTP charset);
/// `<meta charset>` when `html`; UTF-16 recognised by its zero bytes; chardetng's guess.
///
/// # Errors
/// [`SourceError::Binary`] names a format that is no text; [`SourceError::Encoding`] says which encoding was tried
/// and where it failed; nothing is ever replaced by `U+FFFD`.
pub fn decode(bytes: &[u8], declared: Option<&str>, html: bool) -> Result<String, SourceError> {
    if let Some((encoding, length)) = Encoding::for_bom(bytes) {
        return strictly(bytes.get(length..).unwrap_or_default(), encoding, "its byte order mark");
    }
    if let Some(kind) = binary_kind(bytes) {
        return Err(SourceError::Binary(kind));
    }
    let declared = declared.and_then(|label| Encoding::for_label(label.trim().as_bytes()));
    if let Some(encoding) = declared.filter(|e| [ISO_2022_JP, UTF_16BE, UTF_16LE].contains(e)) {
        return strictly(bytes, encoding, "its declared charset");
    }
    if let Some(encoding) = utf16_without_bom(bytes) {
        return strictly(bytes, encoding, "its zero bytes");
    }
    if bytes.contains(&0) {
        return Err(SourceError::Binary("binary data (it has zero bytes)"));
    }
    let invalid = match std::str::from_utf8(bytes) {
        Ok(text) => return Ok(text.to_owned()),
        Err(error) => error.valid_up_to(),
    };
    if mostly_utf8(bytes) {
        return Err(SourceError::Encoding(format!(
            "it is UTF-8 but for the byte at {invalid}, which is invalid there"
        )));
    }
    if let Some(encoding) = declared.filter(|e| *e != UTF_8) {
        return strictly(bytes, encoding, "its declared charset");
    }
    if let Some(encoding) = html.then(|| meta_charset(bytes)).flatten().filter(|e| *e != UTF_8) {
        return strictly(bytes, encoding, "its <meta charset>");
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    strictly(bytes, detector.guess(None, Utf8Detection::Deny), "detection")
}

fn strictly(bytes: &[u8], encoding: &'static Encoding, according_to: &str) -> Result<String, SourceError> {
    let text = encoding
        .decode_without_bom_handling_and_without_replacement(bytes)
        .ok_or_else(|| {
            SourceError::Encoding(format!(
                "it is {} according to {according_to}, but not valid as such",
                encoding.name()
            ))
        })?;
    // C1 controls are what bytes become that an encoding leaves open: no text has more than a few.
    let controls = text
        .chars()
        .filter(|c| matches!(c, '\0'..='\x08' | '\x0e'..='\x1a' | '\u{80}'..='\u{9f}'))
        .count();
    if text.contains('\0') || controls * 50 > text.chars().count() {
        return Err(SourceError::Binary("binary data (it is full of control characters)"));
    }
    Ok(text.into_owned())
}

/// Names what a file is by its first bytes.
fn binary_kind(bytes: &[u8]) -> Option<&'static str> {
    const MAGIC: [(&[u8], &str); 16] = [
        (b"%PDF-", "a PDF file"),
        (b"\x89PNG", "a PNG image"),
        (b"\xff\xd8\xff", "a JPEG image"),
        (b"GIF8", "a GIF image"),
        (b"PK\x03\x04", "a zip archive (or an Office document)"),
        (b"PK\x05\x06", "a zip archive"),
        (b"\x1f\x8b", "gzip data inside another encoding"),
        (b"BZh", "bzip2 data"),
        (b"\xfd7zXZ\0", "xz data"),
        (b"\x28\xb5\x2f\xfd", "zstd data"),
        (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
        (b"Rar!\x1a", "a RAR archive"),
        (b"\xd0\xcf\x11\xe0", "an old Office document"),
        (b"\x7fELF", "a program"),
        (b"SQLite format 3\0", "an SQLite database"),
        (b"wOF2", "a font"),
    ];
    if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        return Some("a WebP image");
    }
    MAGIC
        .iter()
        .find(|(magic, _)| bytes.starts_with(magic))
        .map(|(_, kind)| *kind)
}

/// UTF-16 without its mark: zero bytes on one side of nearly every pair of ASCII, or none in a text of another script.
fn utf16_without_bom(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = bytes.get(..4096).unwrap_or(bytes);
    let pairs = head.chunks_exact(2);
    let total = pairs.len();
    let (mut first, mut second) = (0, 0);
    for pair in pairs {
        if let [a, b] = pair {
            first += usize::from(*a == 0);
            second += usize::from(*b == 0);
        }
    }
    // Even Arabic text has its spaces and full stops: one pair in ten is ASCII.
    let enough = (total / 20).max(2);
    match (first, second) {
        (0, zeros) if zeros >= enough => Some(UTF_16LE),
        (zeros, 0) if zeros >= enough => Some(UTF_16BE),
        _ => None,
    }
}

/// Whether nearly all non-ASCII bytes form valid UTF-8: then it is damaged UTF-8, and no other encoding.
fn mostly_utf8(bytes: &[u8]) -> bool {
    let (mut good, mut bad) = (0, 0);
    for chunk in bytes.utf8_chunks() {
        good += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        bad += usize::from(!chunk.invalid().is_empty());
    }
    good > 0 && good >= bad * 3
}

/// The charset that the page declares in its head.
fn meta_charset(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = bytes.get(..META_WINDOW).unwrap_or(bytes).to_ascii_lowercase();
    let head = String::from_utf8_lossy(&head);
    head.match_indices("charset").find_map(|(at, word)| {
        let value = head.get(at + word.len()..)?.trim_start().strip_prefix('=')?;
        let value = value.trim_start().trim_start_matches(['"', '\'']);
        let end = value
            .find(|c: char| !(c.is_ascii_alphanumeric() || "-_:.".contains(c)))
            .unwrap_or(value.len());
        let found = Encoding::for_label(value.get(..end)?.as_bytes())?;
        // HTML: a page that could be read as ASCII up to here is not UTF-16, whatever it says.
        Some(if found == UTF_16BE || found == UTF_16LE {
            UTF_8
        } else {
            found
        })
    })
}

#[cfg(test)]
mod tests {
    use encoding_rs::{GB18030, ISO_8859_2, SHIFT_JIS, WINDOWS_1251, WINDOWS_1256};
    use proptest::prelude::*;

    use super::*;

    const ARABIC: &str = "أعلنت وزارة الخارجية اليوم أن المفاوضات بين البلدين ستستأنف الأسبوع المقبل في العاصمة.";
    const RUSSIAN: &str = "Министерство иностранных дел сообщило, что переговоры возобновятся на следующей неделе.";

    fn encoded(text: &str, encoding: &'static Encoding) -> Vec<u8> {
        let (bytes, _, lost) = encoding.encode(text);
        assert!(!lost);
        bytes.into_owned()
    }

    #[test]
    fn arabic_and_russian_pages_of_before_utf8_are_read() {
        for (text, encoding) in [(ARABIC, WINDOWS_1256), (RUSSIAN, WINDOWS_1251)] {
            let bytes = encoded(text, encoding);
            assert_eq!(decode(&bytes, None, false).expect("detected"), text);
            assert_eq!(decode(&bytes, Some(encoding.name()), false).expect("declared"), text);
            let page = format!("<html><head><meta charset=\"{}\"></head><p>{text}</p>", encoding.name());
            assert_eq!(decode(&encoded(&page, encoding), None, true).expect("meta"), page);
        }
    }

    #[test]
    fn other_encodings_are_read_when_declared() {
        for (text, encoding) in [
            ("会谈将于下周恢复。", GB18030),
            ("会談は来週再開される。", SHIFT_JIS),
            ("Příští týden", ISO_8859_2),
        ] {
            let bytes = encoded(text, encoding);
            assert_eq!(decode(&bytes, Some(encoding.name()), false).expect("declared"), text);
        }
    }

    #[test]
    fn utf16_is_read_with_and_without_its_mark() {
        for text in [ARABIC, RUSSIAN, "Talks resume"] {
            let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
            assert_eq!(decode(&little, None, false).expect("LE"), text);
            assert_eq!(decode(&big, None, false).expect("BE"), text);
            assert_eq!(
                decode(&[b"\xff\xfe", &little[..]].concat(), None, false).expect("mark"),
                text
            );
        }
        assert_eq!(
            decode("\u{feff}Talks".as_bytes(), None, false).expect("UTF-8 mark"),
            "Talks"
        );
    }

    #[test]
    fn a_wrong_header_does_not_spoil_utf8() {
        assert_eq!(
            decode(ARABIC.as_bytes(), Some("iso-8859-1"), true).expect("UTF-8"),
            ARABIC
        );
    }

    #[test]
    fn what_is_no_text_is_named() {
        let message = |bytes: &[u8]| decode(bytes, None, false).expect_err("not text").to_string();
        assert!(message(b"%PDF-1.7 ...").contains("PDF"));
        assert!(message(b"\x89PNG\r\n\x1a\n").contains("PNG"));
        assert!(message(b"PK\x03\x04...").contains("zip"));
        assert!(message(b"\x00\x01\x02\x00 zeros").contains("zero bytes"));
    }

    #[test]
    fn damaged_utf8_is_refused_with_its_place() {
        let mut bytes = ARABIC.as_bytes().to_vec();
        bytes.insert(10, 0xff);
        let message = decode(&bytes, None, false).expect_err("damaged").to_string();
        assert!(message.contains("byte at 10"), "{message}");
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), label in ".{0,12}", html: bool) {
            if let Ok(text) = decode(&bytes, Some(&label), html) {
                prop_assert!(!text.contains('\0'));
            }
        }

        #[test]
        fn utf8_comes_back_unchanged(text in "[^\0\u{feff}\u{1}-\u{8}\u{80}-\u{9f}]{0,80}") {
            prop_assume!(binary_kind(text.as_bytes()).is_none());
            prop_assert_eq!(decode(text.as_bytes(), None, false).expect("UTF-8"), text);
        }
    }
}
