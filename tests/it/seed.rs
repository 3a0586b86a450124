//! Promise: the seed document is two articles, over HTTP and from the command line, and what was cut can be read.

use crate::service::{Service, silsila};

const SEED: &str = include_str!("../data/seed/karabakh-rt-arabic.txt");

#[test]
fn through_http() {
    let dir = tempfile::tempdir().expect("a folder");
    let service = Service::start(dir.path());
    let (status, answer) = service.post(
        "/v1/documents?wait=placed",
        "text/plain; charset=utf-8",
        SEED.as_bytes(),
    );
    assert_eq!(status, 200, "{answer}");
    let articles = answer["articles"].as_array().expect("articles");
    assert_eq!(articles.len(), 2, "{answer}");
    let (first, second) = (&articles[0], &articles[1]);
    assert_eq!(first["published"]["value"], "2023-09-20");
    assert_eq!(first["published"]["precision"], "day");
    assert_eq!(
        (first["lang"].as_str(), second["lang"].as_str()),
        (Some("ar"), Some("ar"))
    );
    assert_eq!(first["source"], "RT Arabic");
    assert_eq!(first["agency"], "نوفوستي");
    assert!(second["published"].is_null() && second["source"].is_null(), "{second}");
    assert_ne!(first["story_id"], second["story_id"]);
    assert_eq!(first["document_id"], second["document_id"]);

    let (status, read) = service.get(&format!("/v1/articles/{}", first["id"].as_str().expect("an id")));
    assert_eq!(status, 200);
    for removed in read["removed"].as_array().expect("a list") {
        let (offset, text) = (
            removed["offset"].as_u64().expect("a place"),
            removed["text"].as_str().expect("a text"),
        );
        let there: String = SEED.chars().skip(offset as usize).take(text.chars().count()).collect();
        assert_eq!(there, text);
    }
    let (status, document) = service.get(&format!(
        "/v1/documents/{}",
        first["document_id"].as_str().expect("an id")
    ));
    assert_eq!((status, document["text"].as_str()), (200, Some(SEED)));

    // The same page again is the same articles.
    let (_, again) = service.post("/v1/documents?wait=placed", "text/plain", SEED.as_bytes());
    assert_eq!(again["articles"][0]["outcome"], "known");
    assert_eq!(again["articles"][0]["id"], first["id"]);

    // Its pages and its timeline.
    let story = first["story_id"].as_str().expect("a story");
    let (status, timeline) = service.get(&format!("/v1/stories/{story}/timeline"));
    assert_eq!(status, 200, "{timeline}");
    let days: Vec<&str> = timeline["events"]
        .as_array()
        .expect("events")
        .iter()
        .filter_map(|event| event["date"]["value"].as_str())
        .collect();
    assert!(days.contains(&"2023-09-19") && days.contains(&"2023-09-20"), "{days:?}");
    for page in [
        "/".to_owned(),
        format!("/stories/{story}"),
        format!("/articles/{}", first["id"].as_str().expect("an id")),
    ] {
        let (status, html) = service.get(&page);
        let html = html.as_str().expect("html");
        assert_eq!(status, 200);
        assert!(!html.contains("https://"), "{page} loads nothing from other hosts");
    }
    let (_, found) = service.get("/v1/search?q=%D9%82%D8%B1%D9%87%20%D8%A8%D8%A7%D8%BA");
    assert_eq!(found["items"].as_array().map(Vec::len), Some(1), "{found}");
}

#[test]
fn from_the_command_line() {
    let dir = tempfile::tempdir().expect("a folder");
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/seed/karabakh-rt-arabic.txt");
    let data = dir.path().to_str().expect("a path");
    let first = silsila(&["ingest", "--json", "--data-dir", data, page]);
    assert!(first.status.success(), "{}", String::from_utf8_lossy(&first.stderr));
    let summary: serde_json::Value = serde_json::from_slice(&first.stdout).expect("JSON");
    assert_eq!(summary["new"], 2, "{summary}");
    let second = silsila(&["ingest", "--json", "--data-dir", data, page]);
    let summary: serde_json::Value = serde_json::from_slice(&second.stdout).expect("JSON");
    assert_eq!(
        (summary["new"].as_u64(), summary["known"].as_u64()),
        (Some(0), Some(2)),
        "{summary}"
    );
}
