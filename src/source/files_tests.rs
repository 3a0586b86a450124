use std::io::Write;

use super::*;
use crate::source::test_settings;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).expect("in memory");
    encoder.finish().expect("in memory")
}

fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, bytes) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("inside")).expect("a folder");
        fs::write(path, bytes).expect("written");
    }
    folder
}

fn all(path: &Path) -> (Vec<Item>, Vec<Rejected>, Vec<Skipped>) {
    let mut reader = read(&[path.to_owned()], &test_settings());
    let (mut items, mut rejected) = (Vec::new(), Vec::new());
    for result in &mut reader {
        match result {
            Ok(item) => items.push(item),
            Err(reason) => rejected.push(reason),
        }
    }
    (items, rejected, reader.skipped().to_vec())
}

fn titles(items: &[Item]) -> Vec<String> {
    items
        .iter()
        .map(|item| match &item.content {
            Content::Json(value) => value["title"].as_str().unwrap_or("?").to_owned(),
            Content::Document(document) => document.text.clone(),
        })
        .collect()
}

#[test]
fn a_folder_is_read_in_order_and_strangers_are_skipped() {
    let dir = folder(&[
        ("b.txt", b"text b"),
        ("a/z.html", b"<p>page z</p>"),
        ("a/c.json.gz", &gzip(br#"[{"title":"c1"},{"title":"c2"}]"#)),
        ("d.ndjson", b"{\"title\":\"d1\"}\n\n{\"title\":\"d2\"}"),
        ("labels.jsonl", b"{\"id\":\"x\",\"label\":\"y\"}"),
        ("README.txt", b"not news"),
        ("picture.png", b"\x89PNG"),
    ]);
    let (items, rejected, skipped) = all(dir.path());
    assert_eq!(titles(&items), ["c1", "c2", "<p>page z</p>", "text b", "d1", "d2"]);
    assert!(items[0].place.ends_with("c.json.gz article 1"));
    assert!(items[5].place.ends_with("d.ndjson line 3"));
    assert!(rejected.is_empty());
    assert_eq!(skipped.len(), 3);
}

#[test]
fn one_bad_line_never_stops_the_rest() {
    let mut lines = Vec::new();
    lines.extend_from_slice(b"{\"title\":\"first\"}\n{\"title\":\n{\"title\":\"bad \xff\"}\n17\n");
    lines.extend_from_slice(format!("{{\"text\":\"{}\"}}\n", "x".repeat(5000)).as_bytes());
    lines.extend_from_slice(b"{\"title\":\"last\"}\n");
    let dir = folder(&[("news.jsonl", &lines)]);
    let (items, rejected, _) = all(dir.path());
    assert_eq!(titles(&items), ["first", "last"]);
    let reasons: Vec<_> = rejected.iter().map(ToString::to_string).collect();
    assert!(reasons[0].contains("line 2: invalid JSON"), "{reasons:?}");
    assert!(reasons[1].contains("line 3: invalid UTF-8 at byte 14"), "{reasons:?}");
    assert!(reasons[2].contains("a number"), "{reasons:?}");
    assert!(
        reasons[3].contains("line 5: it is larger than 1000 bytes"),
        "{reasons:?}"
    );
    assert_eq!(reasons.len(), 4);
}

#[test]
fn large_documents_bombs_and_broken_gzip_are_refused() {
    let whole = gzip(b"{\"title\":\"a\"}\n{\"title\":\"b\"}\n");
    let dir = folder(&[
        ("1-large.txt", &vec![b'x'; 5000]),
        ("2-bomb.jsonl.gz", &gzip(&vec![b'\n'; 3_000_000])),
        ("3-cut.txt.gz", &whole[..whole.len() - 12]),
        ("4-pdf.txt", b"%PDF-1.4"),
        ("5-empty.html", b"  \n"),
        ("6-good.txt", b"good"),
    ]);
    let (items, rejected, _) = all(dir.path());
    assert_eq!(titles(&items), ["good"]);
    let reasons: Vec<_> = rejected.iter().map(|r| r.reason.as_str()).collect();
    assert!(reasons[0].contains("larger than 1000 bytes"), "{reasons:?}");
    assert!(reasons[1].contains("more than 1000000 bytes"), "{reasons:?}");
    assert!(reasons[2].contains("cannot be read"), "{reasons:?}");
    assert!(reasons[3].contains("PDF"), "{reasons:?}");
    assert!(reasons[4].contains("empty"), "{reasons:?}");
}

#[test]
fn a_file_that_is_named_but_strange_or_missing_is_refused() {
    let dir = folder(&[("a.docx", b"PK")]);
    let (_, rejected, _) = all(&dir.path().join("a.docx"));
    assert!(rejected[0].reason.contains("extension"));
    let (_, rejected, _) = all(&dir.path().join("absent.txt"));
    assert!(rejected[0].reason.contains("cannot be read"));
}

#[test]
fn an_unnamed_stream_is_known_by_its_beginning() {
    let sniffed = |text: &str| {
        let mut reader = read(&[], &test_settings());
        reader
            .sniff("standard input", Box::new(Cursor::new(text.as_bytes().to_vec())))
            .expect("readable");
        reader.map(|item| item.expect("good")).collect::<Vec<_>>()
    };
    assert_eq!(titles(&sniffed("{\"title\":\"a\"}\n{\"title\":\"b\"}\n")), ["a", "b"]);
    assert_eq!(
        titles(&sniffed("\n[{\"title\":\"a\"},\n{\"title\":\"b\"}]")),
        ["a", "b"]
    );
    assert_eq!(titles(&sniffed("{\n \"title\": \"a\"\n}")), ["a"]);
    let kind = |text: &str| match &sniffed(text)[0].content {
        Content::Document(document) => document.kind,
        Content::Json(_) => DocumentKind::Json,
    };
    assert_eq!(kind("<!DOCTYPE html><p>x</p>"), DocumentKind::Html);
    assert_eq!(kind("Talks resume\n"), DocumentKind::Text);
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..400)) {
        let mut reader = read(&[], &test_settings());
        let stream = maybe_gunzip(Cursor::new(bytes)).expect("in memory");
        let _ = reader.sniff("bytes", Box::new(BufReader::new(stream)));
        let _ = reader.count();
    }
}
