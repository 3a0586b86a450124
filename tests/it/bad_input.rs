//! Promise: bad input gets a clear answer, the rest goes in, and nothing crashes.

use std::io::Write;

use serde_json::json;

use crate::service::{Service, silsila};

#[test]
fn over_http() {
    let dir = tempfile::tempdir().expect("a folder");
    let service = Service::start(dir.path());
    let json = "application/json";
    let large = json!({"title": "t", "text": "x".repeat(50_000_000)}).to_string();
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..200 {
        bomb.write_all(&vec![b' '; 1_000_000]).expect("memory");
    }
    let bomb = bomb.finish().expect("memory");
    for (what, path, kind, body, status, problem) in [
        (
            "wrong field",
            "/v1/articles",
            json,
            &b"{\"title\":[1],\"text\":\"x\"}"[..],
            422,
            "/problems/invalid-article",
        ),
        (
            "no text",
            "/v1/articles",
            json,
            b"{\"title\":\" \"}",
            422,
            "/problems/invalid-article",
        ),
        ("no body", "/v1/articles", json, b"", 400, "/problems/invalid-body"),
        (
            "no body",
            "/v1/documents",
            "text/plain",
            b"",
            400,
            "/problems/invalid-body",
        ),
        (
            "not UTF-8",
            "/v1/articles",
            json,
            b"{\"title\":\"\xff\xfe\"}",
            400,
            "/problems/invalid-body",
        ),
        (
            "50 MB",
            "/v1/articles",
            json,
            large.as_bytes(),
            413,
            "/problems/too-large",
        ),
        (
            "a picture",
            "/v1/documents",
            "image/png",
            b"\x89PNG",
            415,
            "/problems/unsupported-media-type",
        ),
        (
            "unknown parameter",
            "/v1/articles?wiat=placed",
            json,
            b"{}",
            400,
            "/problems/invalid-parameter",
        ),
    ] {
        let (found, answer) = service.post(path, kind, body);
        assert_eq!(
            (found, answer["type"].as_str()),
            (status, Some(problem)),
            "{what}: {answer}"
        );
        assert!(
            answer["detail"].as_str().is_some_and(|detail| detail.len() > 10),
            "{what}: {answer}"
        );
    }
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let response = agent
        .post(format!("{}/v1/articles", service.address))
        .header("content-type", json)
        .header("content-encoding", "gzip")
        .send(&bomb)
        .expect("an answer");
    assert_eq!(response.status().as_u16(), 413, "a gzip bomb");

    // In a batch the rest goes in.
    let batch = json!([
        {"id": "b1", "title": "Bridge opens in the north", "text": "The bridge opened on Monday."},
        {"id": "b2", "title": 7},
        {"id": "b3", "title": "A very old report", "text": "It is told of a comet.", "published": "1700-01-01"},
        {"id": "b1", "title": "Harvest fails in the south", "text": "Farmers counted their losses."}
    ]);
    let (status, answer) = service.post("/v1/articles?wait=placed", json, batch.to_string().as_bytes());
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["articles"].as_array().map(Vec::len), Some(2), "{answer}");
    assert_eq!(answer["articles"][1]["published"], serde_json::Value::Null);
    assert_eq!(answer["articles"][1]["set_aside"][0]["field"], "published");
    let refused = answer["refused"].as_array().expect("refused");
    assert_eq!(
        (refused[0]["index"].as_u64(), refused[1]["index"].as_u64()),
        (Some(1), Some(3)),
        "{answer}"
    );
    assert_eq!(refused[1]["type"], "/problems/duplicate-id");

    let (status, _) = service.post("/v1/documents", "text/html", "<div>".repeat(100_000).as_bytes());
    assert_eq!(status, 422, "a broken page");
    for path in ["/v1/stories/none", "/v1/articles/none", "/nothing"] {
        let (status, answer) = service.get(path);
        assert_eq!(
            (status, answer["type"].as_str()),
            (404, Some("/problems/not-found")),
            "{path}"
        );
    }
    let (status, answer) = service.get("/v1/stories?as_of=7");
    assert_eq!((status, answer["field"].as_str()), (400, Some("as_of")));
    let (status, answer) = service.get("/v1/stories?as_of=soon");
    assert_eq!((status, answer["field"].as_str()), (400, Some("as_of")));
    let said = answer["detail"].as_str().unwrap_or_default();
    assert!(said.contains("the number of a change, a day"), "{answer}");
    assert_eq!(service.get("/healthz").0, 200, "it still answers");
}

#[test]
fn from_the_command_line() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("feed.jsonl");
    std::fs::write(
        &file,
        "{\"id\":\"c1\",\"title\":\"Bridge opens\",\"text\":\"The bridge opened.\"}\n{broken\n{\"id\":\"c2\",\"title\":\"\",\"text\":\"\"}\n",
    )
    .expect("a file");
    let data = dir.path().join("data");
    let out = silsila(&[
        "ingest",
        "--data-dir",
        data.to_str().expect("a path"),
        file.to_str().expect("a path"),
    ]);
    let said = String::from_utf8_lossy(&out.stderr);
    assert_eq!(out.status.code(), Some(2), "{said}");
    assert!(
        said.contains("feed.jsonl line 2") && said.contains("feed.jsonl line 3"),
        "{said}"
    );
    let out = silsila(&[
        "ingest",
        "--data-dir",
        data.to_str().expect("a path"),
        "/nowhere/at/all",
    ]);
    assert_eq!(out.status.code(), Some(1), "{}", String::from_utf8_lossy(&out.stderr));
}
