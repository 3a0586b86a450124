//! Promise: an input that is refused is kept, with its place and its reason; compressed bodies are taken within bounds.

use std::io::Write;

use serde_json::json;

use crate::service::{Service, silsila};
use crate::wire::{JSON, ask, post};

#[test]
fn what_was_refused_is_kept_and_can_be_read() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("feed.jsonl");
    std::fs::write(
        &file,
        "{\"title\":\"Bridge opens\",\"text\":\"It opened.\"}\n{broken line\n{\"title\":[7]}\n",
    )
    .expect("a file");
    let data = dir.path().join("data");
    let (data_path, file_path) = (data.to_str().expect("a path"), file.to_str().expect("a path"));
    let out = silsila(&["ingest", "--data-dir", data_path, file_path]);
    assert_eq!(out.status.code(), Some(2), "{}", String::from_utf8_lossy(&out.stderr));

    let service = Service::start(&data);
    let kept = ask(&service, "GET /v1/refused", &[]).json();
    let places: Vec<&str> = kept["items"]
        .as_array()
        .expect("items")
        .iter()
        .filter_map(|one| one["place"].as_str())
        .collect();
    assert_eq!(places.len(), 2, "{kept}");
    assert!(
        places.iter().any(|place| place.ends_with("feed.jsonl line 2")),
        "{kept}"
    );
    assert!(
        places.iter().any(|place| place.ends_with("feed.jsonl line 3")),
        "{kept}"
    );

    let batch = json!([
        {"id": "r1", "title": "Harbour closes", "text": "The harbour closed on Monday."},
        {"id": "r2", "title": "", "text": " "},
        {"id": "r3", "title": {"not": "a text"}},
        {"id": "r1", "title": "Choir sings", "text": "Nothing about any quay: sixty voices, one hall, Verdi's Requiem."},
    ]);
    let answer = post(&service, "/v1/articles", &[JSON], batch.to_string().as_bytes());
    assert_eq!(
        (answer.status, answer.json()["refused"].as_array().map(Vec::len)),
        (202, Some(3))
    );
    let request = answer.header("x-request-id").to_owned();
    let kept = ask(&service, "GET /v1/refused?per_page=3", &[]).json();
    let items = kept["items"].as_array().expect("items");
    assert!(kept["next_cursor"].is_string(), "two more are kept");
    for (item, (index, input)) in items.iter().rev().zip([(1, "\"r2\""), (2, "not"), (3, "Verdi")]) {
        assert_eq!(
            item["place"],
            format!("POST /v1/articles, request {request}, item {index}")
        );
        assert!(
            item["input"].as_str().is_some_and(|kept| kept.contains(input)),
            "{item}"
        );
        assert!(
            item["reason"].as_str().is_some_and(|reason| reason.len() > 10),
            "{item}"
        );
        assert!(item["at"].as_str().is_some_and(|at| at.ends_with('Z')), "{item}");
    }

    // Bodies that are refused as a whole, of one article and of none.
    for (path, kind, body, input) in [
        ("/v1/articles", "application/json", "{\"title\": broken}", "broken}"),
        (
            "/v1/articles",
            "application/json",
            "{\"title\":\"\",\"id\":\"alone\"}",
            "alone",
        ),
        ("/v1/articles", "application/x-ndjson", "{nothing\n", "{nothing"),
        ("/v1/documents", "application/json", "{\"text\": 9}", ": 9}"),
        ("/v1/documents", "text/html", "<div><div>", "<div>"),
    ] {
        let answer = post(&service, path, &[("content-type", kind)], body.as_bytes());
        assert!((400..500).contains(&answer.status), "{path} {body}: {}", answer.text());
        let newest = ask(&service, "GET /v1/refused?per_page=1", &[]).json()["items"][0].clone();
        assert!(
            newest["input"].as_str().is_some_and(|kept| kept.contains(input)),
            "{body}: {newest}"
        );
        let place = newest["place"].as_str().expect("a place");
        assert!(place.contains(answer.header("x-request-id")), "{place}");
    }
    let metrics = ask(&service, "GET /metrics", &[]).text();
    assert!(metrics.contains("silsila_refused_total 10\n"), "{metrics}");
}

#[test]
fn a_running_service_tells_ingest_what_it_refused_and_keeps_it() {
    let dir = tempfile::tempdir().expect("a folder");
    let service = Service::start(&dir.path().join("data"));
    let file = dir.path().join("feed.jsonl");
    let lines =
        "{\"title\":[7]}\n{\"id\":\"i1\",\"title\":\"Bridge opens\",\"text\":\"It opened.\"}\n{\"title\":\"\"}\n";
    std::fs::write(&file, lines).expect("a file");
    let out = silsila(&[
        "ingest",
        "--json",
        "--server",
        &service.address,
        file.to_str().expect("a path"),
    ]);
    assert_eq!(out.status.code(), Some(2), "{}", String::from_utf8_lossy(&out.stderr));
    let summary: serde_json::Value = serde_json::from_slice(&out.stdout).expect("JSON");
    assert_eq!(summary["new"], 1, "{summary}");
    let places: Vec<&str> = summary["refused"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|one| one["place"].as_str())
        .collect();
    assert!(
        places.len() == 2 && places[0].ends_with("line 1") && places[1].ends_with("line 3"),
        "{summary}"
    );
    let kept = ask(&service, "GET /v1/refused", &[]).json();
    assert_eq!(kept["items"].as_array().map(Vec::len), Some(2), "{kept}");
}

#[test]
fn gzip_bodies_are_taken_and_bombs_are_not() {
    let dir = tempfile::tempdir().expect("a folder");
    let service = Service::start(dir.path());
    let zipped = |bytes: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).expect("memory");
        encoder.finish().expect("memory")
    };
    let gzip = ("content-encoding", "gzip");
    let article = zipped(
        json!({"id": "z1", "title": "Bridge opens", "text": "The bridge opened."})
            .to_string()
            .as_bytes(),
    );
    let answer = post(&service, "/v1/articles", &[JSON, gzip], &article);
    assert_eq!(
        (answer.status, &answer.json()["articles"][0]["id"]),
        (202, &json!("z1")),
        "{}",
        answer.text()
    );
    let page = zipped("Harbour closes\nThe harbour of the town closed on Monday, its council says.".as_bytes());
    let answer = post(
        &service,
        "/v1/documents",
        &[("content-type", "text/plain"), gzip],
        &page,
    );
    assert_eq!(answer.status, 202, "{}", answer.text());
    let bomb = zipped(&vec![b' '; 100_000_000]);
    assert!(bomb.len() < 200_000);
    for (body, status) in [(&bomb[..], 413), (&article[..20], 400), (b"{}", 400)] {
        let answer = post(&service, "/v1/articles", &[JSON, gzip], body);
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (status, "application/problem+json")
        );
    }
    let answer = post(&service, "/v1/articles", &[JSON, ("content-encoding", "br")], &article);
    assert_eq!(answer.status, 415);
    assert_eq!(ask(&service, "GET /v1/articles/z1", &[]).status, 200);
}
