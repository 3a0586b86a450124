//! Promise: a request that comes twice counts once, a full queue says so and takes in no more than it may, and what could not be
//! placed is listed and tried again.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::service::{Service, silsila};
use crate::wire::{JSON, ask, post};

fn article(id: &str) -> Value {
    json!({
        "id": id, "title": format!("Town {id} counts its bridges"), "text": format!("The town of {id} has counted its bridges."),
        "published": "2024-03-12T10:00:00Z",
    })
}

#[test]
fn a_request_with_a_key_counts_once_across_a_restart() {
    let dir = tempfile::tempdir().expect("a folder");
    let service = Service::start(dir.path());
    let key = ("idempotency-key", "\"8e03978e-40d5\"");
    let body = json!([article("one"), {"title": ["no"]}, {"title": "Without an id", "text": "Text without an id."}])
        .to_string();
    let first = post(&service, "/v1/articles", &[JSON, key], body.as_bytes());
    assert_eq!(
        (first.status, first.header("idempotency-replayed")),
        (202, ""),
        "{}",
        first.text()
    );
    assert_eq!(first.json()["articles"][0]["outcome"], "new");
    let refused = ask(&service, "GET /v1/refused", &[]).json();
    service.kill();

    let service = Service::start(dir.path());
    let again = post(&service, "/v1/articles", &[JSON, key], body.as_bytes());
    assert_eq!(
        (again.status, again.header("idempotency-replayed"), again.json()),
        (202, "true", first.json())
    );
    assert_eq!(ask(&service, "GET /v1/refused", &[]).json(), refused, "kept once");
    let waited = post(&service, "/v1/articles?wait=placed", &[JSON, key], body.as_bytes());
    assert_eq!(waited.status, 200);
    let ids = |answer: &Value| -> Vec<String> {
        answer["articles"]
            .as_array()
            .expect("articles")
            .iter()
            .map(|one| one["id"].to_string())
            .collect()
    };
    assert_eq!(ids(&waited.json()), ids(&first.json()));

    let other = post(
        &service,
        "/v1/articles",
        &[JSON, key],
        article("two").to_string().as_bytes(),
    );
    assert_eq!(
        (
            other.status,
            other.json()["type"].as_str(),
            other.json()["field"].as_str()
        ),
        (422, Some("/problems/idempotency-key-reused"), Some("Idempotency-Key"))
    );
    assert_eq!(service.get("/v1/articles/two").0, 404);
    // Without its marks it is the same key; for another address it is another request.
    let bare = ("idempotency-key", "8e03978e-40d5");
    assert_eq!(
        post(&service, "/v1/articles", &[JSON, bare], body.as_bytes()).status,
        202
    );
    let page = post(
        &service,
        "/v1/documents",
        &[("content-type", "text/plain"), bare],
        b"A text.",
    );
    assert_eq!(page.status, 422);
    let text = b"The bridge of the town opened on Monday after years of work, the mayor said.";
    for (times, replayed) in [(1, ""), (2, "true")] {
        let answer = post(
            &service,
            "/v1/documents",
            &[("content-type", "text/plain"), ("idempotency-key", "\"page\"")],
            text,
        );
        assert_eq!(
            (answer.status, answer.header("idempotency-replayed")),
            (202, replayed),
            "{times}"
        );
        assert_eq!(answer.json()["articles"][0]["outcome"], "new");
    }
    let none = post(
        &service,
        "/v1/articles",
        &[JSON, ("idempotency-key", "\"\"")],
        body.as_bytes(),
    );
    assert_eq!(
        (none.status, none.json()["field"].as_str()),
        (400, Some("Idempotency-Key"))
    );
}

#[test]
fn many_feeders_at_once_cannot_overfill_the_queue() {
    let dir = tempfile::tempdir().expect("a folder");
    let service = Service::start_with(dir.path(), "127.0.0.1:0", &[("SILSILA__PIPELINE__QUEUE", "40")]);
    let answers: Vec<(u16, u64, Vec<String>)> = std::thread::scope(|scope| {
        let feeders: Vec<_> = (0..8)
            .map(|feeder| {
                let service = &service;
                scope.spawn(move || {
                    let batch = |number: usize| -> Vec<Value> {
                        (0..10)
                            .map(|one| article(&format!("f{feeder}-{number}-{one}")))
                            .collect()
                    };
                    (0..3)
                        .map(|number| {
                            let body = json!(batch(number)).to_string();
                            let answer = post(service, "/v1/articles", &[JSON], body.as_bytes());
                            let wait = answer.header("retry-after").parse().unwrap_or(0);
                            let ids = answer.json()["articles"]
                                .as_array()
                                .into_iter()
                                .flatten()
                                .filter_map(|one| Some(one["id"].as_str()?.to_owned()))
                                .collect();
                            (answer.status, wait, ids)
                        })
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        feeders
            .into_iter()
            .flat_map(|feeder| feeder.join().expect("answers"))
            .collect()
    });
    let (taken, full): (Vec<_>, Vec<_>) = answers.iter().partition(|(status, ..)| *status == 202);
    assert!(
        !full.is_empty() && full.iter().all(|(status, wait, _)| *status == 429 && *wait >= 1),
        "{full:?}"
    );
    let known: BTreeSet<&String> = taken.iter().flat_map(|(.., ids)| ids).collect();
    assert_eq!(
        known.len(),
        taken.len() * 10,
        "nothing of a refused request was stored, all of the others"
    );
    for _ in 0..300 {
        if service.get("/readyz").1["queued"] == 0 {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    let last = post(
        &service,
        "/v1/articles?wait=placed",
        &[JSON],
        article("last").to_string().as_bytes(),
    );
    assert_eq!(last.status, 200, "{}", last.text());
    assert!(
        last.header("ratelimit").starts_with("\"queue\";r=40"),
        "there is room again"
    );
    let metrics = ask(&service, "GET /metrics", &[]).text();
    assert!(
        metrics.contains(&format!("silsila_articles {}\n", known.len() + 1)),
        "{metrics}"
    );
}

/// Marks an article as one that could not be placed, as the writer does.
fn set_aside(dir: &std::path::Path, ids: &[&str]) {
    use silsila::store::Store;
    use silsila::store::write::Batch;
    let store = Store::open(dir).expect("a store");
    let queued = store.queued(100).expect("read");
    let failed = queued
        .iter()
        .filter(|one| ids.iter().any(|id| one.title.contains(id)))
        .map(|one| (one.number, "the text broke the model".to_owned()))
        .collect();
    let batch = Batch {
        failed,
        ..Batch::default()
    };
    store.commit(&batch, chrono::Utc::now()).expect("committed");
}

#[test]
fn what_could_not_be_placed_is_listed_and_tried_again() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().to_str().expect("a path");
    {
        use silsila::article::Draft;
        use silsila::pipeline::Submission;
        let store = silsila::store::Store::open(dir.path()).expect("a store");
        for id in ["p1", "p2", "p3", "p4"] {
            let draft = Draft {
                id: Some(id.into()),
                title: format!("Town {id} counts its bridges"),
                text: format!("The town of {id} has counted its bridges."),
                lang: "en".to_owned(),
                ..Draft::default()
            };
            let answers = store.accept(&[Submission { draft, document: None }], chrono::Utc::now());
            assert!(answers.expect("stored").iter().all(Result::is_ok));
        }
    }
    set_aside(dir.path(), &["p1", "p2", "p3"]);
    let service = Service::start(dir.path());
    let (_, first) = service.get("/v1/failed?per_page=2");
    let (_, second) = service.get(&format!(
        "/v1/failed?per_page=2&cursor={}",
        first["next_cursor"].as_str().expect("more")
    ));
    let ids = |page: &Value| -> Vec<String> {
        page["items"]
            .as_array()
            .expect("items")
            .iter()
            .map(|one| one["article_id"].as_str().expect("an id").to_owned())
            .collect()
    };
    assert_eq!(
        (ids(&first), ids(&second)),
        (vec!["p3".to_owned(), "p2".to_owned()], vec!["p1".to_owned()])
    );
    assert_eq!(first["items"][0]["error"], "the text broke the model");
    let retried = post(&service, "/v1/articles/p1/retry", &[], b"");
    assert_eq!(
        (retried.status, retried.json()),
        (202, json!({"id": "p1", "state": "queued"}))
    );
    for _ in 0..100 {
        if service.get("/v1/articles/p1").1["state"] == "placed" {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let placed = service.get("/v1/articles/p1").1;
    assert_eq!((&placed["state"], &placed["error"]), (&json!("placed"), &Value::Null));
    for (id, status, kind) in [
        ("p1", 409, "/problems/not-failed"),
        ("none", 404, "/problems/not-found"),
    ] {
        let answer = post(&service, &format!("/v1/articles/{id}/retry"), &[], b"");
        assert_eq!(
            (answer.status, answer.json()["type"].as_str()),
            (status, Some(kind)),
            "{id}"
        );
    }
    let over = silsila(&["retry", "--server", &service.address, "--json", "p2", "none"]);
    let said: Value = serde_json::from_slice(&over.stdout).expect("JSON");
    assert_eq!(
        (over.status.code(), &said["retried"], &said["refused"][0]["id"]),
        (Some(2), &json!(["p2"]), &json!("none"))
    );
    drop(service);

    let here = silsila(&["retry", "--data-dir", data]);
    assert!(here.status.success(), "{}", String::from_utf8_lossy(&here.stderr));
    assert!(String::from_utf8_lossy(&here.stdout).starts_with("1 articles were tried again"));
    let store = silsila::store::Store::open(dir.path()).expect("a store");
    for id in ["p1", "p2", "p3", "p4"] {
        let article = store.article(id).expect("read").expect("an article");
        assert_eq!((article.state.as_str(), article.error), ("placed", None), "{id}");
    }
}
