//! Promise: an export holds every article once, with its story and placement, and is the same twice.

use serde_json::{Value, json};

use crate::service::silsila;
use crate::wire::{JSON, ask, post, service_on_fixture};

#[test]
fn an_export_beside_a_running_service_is_whole_and_the_same_twice() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    let service = service_on_fixture(&data);
    let more = json!([{"id": "y1", "title": "Harbour closes", "text": "The harbour closed on 12 March 2024.", "published": "2024-03-13"}]);
    assert_eq!(
        post(
            &service,
            "/v1/articles?wait=placed",
            &[JSON],
            more.to_string().as_bytes()
        )
        .status,
        200
    );
    let data = data.to_str().expect("a path");
    let first = silsila(&["export", "--data-dir", data]);
    assert!(first.status.success(), "{}", String::from_utf8_lossy(&first.stderr));
    let out = dir.path().join("out.jsonl");
    let second = silsila(&[
        "export",
        "--data-dir",
        data,
        "--out",
        out.to_str().expect("a path"),
        "--json",
    ]);
    let mut counts = serde_json::from_slice::<Value>(&second.stdout).expect("JSON");
    let stored = counts["rows"].take();
    assert_eq!(
        counts,
        json!({"stories": 4, "articles": 7, "timelines": 2, "rows": null})
    );
    assert_eq!(std::fs::read(&out).expect("a file"), first.stdout);
    let text = String::from_utf8(first.stdout).expect("UTF-8");
    let rows: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let kinds: Vec<&str> = rows.iter().filter_map(|row| row["type"].as_str()).collect();
    let order = ["export", "story", "article", "timeline", "row", "sequence", "end"];
    assert!(kinds.is_sorted_by_key(|kind| order.iter().position(|one| one == kind)));
    assert_eq!((kinds[0], kinds[kinds.len() - 1]), ("export", "end"));
    let of_store: u64 = rows[rows.len() - 1]["rows"]
        .as_object()
        .expect("counts")
        .values()
        .filter_map(Value::as_u64)
        .sum();
    assert_eq!(stored, of_store);
    let readable = silsila(&["export", "--only", "readable", "--data-dir", data]).stdout;
    let readable = String::from_utf8(readable).expect("UTF-8");
    assert!(readable.lines().eq(text.lines().skip(1).take(4 + 7 + 2)));
    let articles: Vec<&Value> = rows.iter().filter(|row| row["type"] == "article").collect();
    let ids: Vec<&str> = articles.iter().filter_map(|row| row["id"].as_str()).collect();
    assert_eq!(ids, ["x1", "x2", "x3", "x4", "x5", "x6", "y1"]);
    for article in articles {
        let served = ask(
            &service,
            &format!("GET /v1/articles/{}", article["id"].as_str().expect("an id")),
            &[],
        )
        .json();
        assert_eq!(article["story_id"], served["story_id"]);
        assert!(article["placement"]["decided_by"].is_string(), "{article}");
    }
    let timeline = rows
        .iter()
        .find(|row| row["type"] == "timeline" && row["story_id"] != "s1")
        .expect("a timeline");
    let served = ask(
        &service,
        &format!(
            "GET /v1/stories/{}/timeline",
            timeline["story_id"].as_str().expect("an id")
        ),
        &[],
    );
    assert_eq!(timeline["events"], served.json()["events"]);

    let missing = silsila(&["export", "--data-dir", "/nowhere/at/all"]);
    assert!(
        !missing.status.success() && String::from_utf8_lossy(&missing.stderr).contains("no store in /nowhere/at/all")
    );
}
