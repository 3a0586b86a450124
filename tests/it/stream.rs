//! Promise: who follows the change stream gets every change once and in order, across restarts of the service, and as many
//! may follow as is configured.

use std::io::{BufRead, BufReader};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::service::Service;
use crate::wire::{JSON, ask, post, service_on_fixture};

/// An event as it came.
struct Event {
    id: u64,
    kind: String,
    data: Value,
}

/// Follows a stream on a thread of its own, until it ends.
fn follow(service: &Service, query: &str, last: Option<u64>) -> Receiver<Event> {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let mut request = agent
        .get(format!("{}/v1/changes/stream{query}", service.address))
        .header("accept-encoding", "gzip");
    if let Some(last) = last {
        request = request.header("last-event-id", last.to_string());
    }
    let answer = request.call().expect("an answer");
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    assert!(!answer.headers().contains_key("content-encoding"));
    let (send, events) = channel();
    std::thread::spawn(move || {
        let (mut id, mut kind) = (0, String::new());
        for line in BufReader::new(answer.into_body().into_reader()).lines() {
            let Ok(line) = line else { return };
            match line.split_once(": ") {
                Some(("id", value)) => id = value.parse().expect("a number"),
                Some(("event", value)) => kind = value.to_owned(),
                Some(("data", value)) => {
                    let data = serde_json::from_str(value).expect("JSON");
                    let kind = std::mem::take(&mut kind);
                    if send.send(Event { id, kind, data }).is_err() {
                        return;
                    }
                }
                _ => {}
            }
        }
    });
    events
}

/// The numbers of the events that come, until one is this number or the stream ends.
fn until(events: &Receiver<Event>, last: u64) -> Vec<u64> {
    let mut seen = Vec::new();
    while seen.last() != Some(&last) {
        match events.recv_timeout(Duration::from_secs(30)) {
            Ok(event) => seen.push(event.id),
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => panic!("change {last} does not come; so far {seen:?}"),
        }
    }
    seen
}

fn hand_in(service: &Service, number: usize) {
    let article = json!({
        "id": format!("stream-{number}"),
        "title": format!("Town {number} counts its bridges"),
        "text": format!("The town of Number {number} has counted {number} bridges, the mayor said."),
        "published": "2024-03-12T10:00:00Z",
    });
    let answer = post(
        service,
        "/v1/articles?wait=placed",
        &[JSON],
        article.to_string().as_bytes(),
    );
    assert_eq!(answer.status, 200, "{}", answer.text());
}

fn log(service: &Service) -> Vec<Value> {
    let (status, page) = service.get("/v1/changes?per_page=100");
    assert_eq!(status, 200);
    page["items"].as_array().expect("items").clone()
}

fn numbers(changes: &[Value]) -> Vec<u64> {
    changes
        .iter()
        .map(|one| one["number"].as_u64().expect("a number"))
        .collect()
}

#[test]
fn every_change_comes_once_across_a_restart() {
    let dir = tempfile::tempdir().expect("a folder");
    let service = Service::start(dir.path());
    let live = follow(&service, "", None);
    let whole = follow(&service, "?after=0", None);
    for number in 0..3 {
        hand_in(&service, number);
    }
    let before = numbers(&log(&service));
    let last = *before.last().expect("changes");
    assert_eq!(until(&live, last), before, "nothing had happened before");
    // This one is cut off after two events.
    let mut seen: Vec<u64> = whole.iter().take(2).map(|event| event.id).collect();
    service.kill();
    let rest: Vec<u64> = live.iter().map(|event| event.id).collect();
    assert_eq!(rest, [0; 0]);

    let service = Service::start(dir.path());
    let again = follow(&service, "?after=0", seen.last().copied());
    hand_in(&service, 3);
    let all = log(&service);
    seen.extend(until(&again, *numbers(&all).last().expect("changes")));
    assert_eq!(seen, numbers(&all), "none is lost, none comes twice");

    let data: Vec<Event> = follow(&service, "?after=0", None).iter().take(all.len()).collect();
    for (event, change) in data.iter().zip(&all) {
        assert_eq!((&event.data, json!(event.kind)), (change, change["kind"].clone()));
    }
    let left = follow(&service, "", None);
    let started = Instant::now();
    let ending = service.terminate();
    assert!(left.recv_timeout(Duration::from_secs(8)).is_err());
    assert!(ending.wait().success() && started.elapsed() < Duration::from_secs(9));
}

#[test]
fn a_story_is_followed_through_its_merges_and_kinds_are_chosen() {
    let dir = tempfile::tempdir().expect("a folder");
    let service = service_on_fixture(dir.path());
    let all = log(&service);
    let merged = |story: &str| {
        all.iter()
            .find(|one| one["kind"] == "merged" && one["story_id"] == story)
            .and_then(|one| one["number"].as_u64())
            .expect("it went up in another one")
    };
    let (third, second) = (merged("s3"), merged("s2"));
    // s3 until it ends, then s2 as well, and s1 from where that ends.
    let wanted: Vec<u64> = all
        .iter()
        .filter(|one| {
            let number = one["number"].as_u64().expect("a number");
            match one["story_id"].as_str() {
                Some("s3") => true,
                Some("s2") => number > third,
                _ => number > second,
            }
        })
        .map(|one| one["number"].as_u64().expect("a number"))
        .collect();
    let last = *wanted.last().expect("changes");
    assert!(last > second && wanted.len() < all.len());
    assert_eq!(until(&follow(&service, "?after=0&story=s3", None), last), wanted);
    for seen in &wanted[..wanted.len() - 1] {
        let rest: Vec<u64> = wanted.iter().copied().filter(|number| number > seen).collect();
        assert_eq!(until(&follow(&service, "?story=s3", Some(*seen)), last), rest, "{seen}");
    }
    let both = follow(&service, "?after=0&kind=merged,story_created", None);
    let kinds: Vec<String> = both.iter().take(5).map(|event| event.kind).collect();
    assert_eq!(
        kinds,
        ["story_created", "story_created", "story_created", "merged", "merged"]
    );
}

#[test]
fn more_streams_than_configured_are_refused_and_places_come_free() {
    let dir = tempfile::tempdir().expect("a folder");
    drop(service_on_fixture(dir.path()));
    let service = Service::start_with(
        dir.path(),
        "127.0.0.1:0",
        &[
            ("SILSILA__PUBLISH__MAX_STREAMS", "1"),
            ("SILSILA__PUBLISH__HEARTBEAT_SECONDS", "1"),
        ],
    );
    let one = follow(&service, "?after=0", None);
    assert!(one.recv().is_ok());
    let full = ask(&service, "GET /v1/changes/stream", &[]);
    assert_eq!(
        (full.status, full.json()["type"].as_str(), full.header("retry-after")),
        (503, Some("/problems/too-many-streams"), "5")
    );
    drop(one);
    // The service notices at a heartbeat that nobody reads any more; the reading thread at an event.
    hand_in(&service, 0);
    let free = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(100));
        ask(&service, "HEAD /v1/changes/stream", &[]).status == 200
    });
    assert!(free, "the place is free again");

    for (query, header, status, field) in [
        ("?after=x", None, 400, "after"),
        ("?kind=joined", None, 400, "kind"),
        ("", Some("x"), 400, "Last-Event-ID"),
        ("", Some("1000000"), 400, "cursor"),
        ("?story=s99", None, 404, ""),
    ] {
        let headers: Vec<(&str, &str)> = header.into_iter().map(|value| ("last-event-id", value)).collect();
        let answer = ask(&service, &format!("GET /v1/changes/stream{query}"), &headers);
        assert_eq!(answer.status, status, "{query} {header:?}: {}", answer.text());
        assert_eq!(answer.json()["field"].as_str().unwrap_or_default(), field);
    }
}
