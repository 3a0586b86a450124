//! Promise: who watches a story hears of every change once: by signed messages that survive a crash, by a stream, and by a feed.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};
use silsila::track::sign;

use crate::service::{Service, demonstration};
use crate::wire::{Answer, JSON, ask, post, send};

/// What a receiver got: webhook-id, timestamp, signature and body.
pub struct Got {
    pub id: String,
    pub timestamp: i64,
    pub signature: String,
    pub body: Value,
    pub text: String,
}

/// Takes messages on a port of its own.
pub fn receiver(address: Option<SocketAddr>) -> (SocketAddr, Receiver<Got>) {
    let listener =
        TcpListener::bind(address.unwrap_or_else(|| "127.0.0.1:0".parse().expect("an address"))).expect("a port");
    let address = listener.local_addr().expect("an address");
    let (give, got) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let give = give.clone();
            std::thread::spawn(move || {
                while let Some(one) = take(&stream) {
                    if give.send(one).is_err() {
                        return;
                    }
                }
            });
        }
    });
    (address, got)
}

fn take(mut stream: &TcpStream) -> Option<Got> {
    let mut reader = BufReader::new(stream);
    let (mut length, mut got) = (0, (String::new(), 0, String::new()));
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        if line.trim_end().is_empty() {
            break;
        }
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            continue;
        };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().ok()?,
            "webhook-id" => got.0 = value.to_owned(),
            "webhook-timestamp" => got.1 = value.parse().ok()?,
            "webhook-signature" => got.2 = value.to_owned(),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    stream
        .write_all(b"HTTP/1.1 200 Fine\r\ncontent-length: 0\r\n\r\n")
        .ok()?;
    let text = String::from_utf8(body).ok()?;
    Some(Got {
        id: got.0,
        timestamp: got.1,
        signature: got.2,
        body: serde_json::from_str(&text).ok()?,
        text,
    })
}

pub fn next(got: &Receiver<Got>) -> Got {
    got.recv_timeout(Duration::from_secs(30)).expect("a message")
}

pub const SETTINGS: [(&str, &str); 2] = [
    ("SILSILA__TRACK__ALLOW_NETWORKS", "127.0.0.0/8"),
    ("SILSILA__TRACK__RETRY_SECONDS", "1"),
];

pub fn start(dir: &std::path::Path) -> Service {
    Service::start_with(dir, "127.0.0.1:0", &SETTINGS)
}

/// Stories of the demonstration, the largest first.
pub fn stories(service: &Service) -> Vec<Value> {
    let (status, page) = service.get("/v1/stories?sort_by=size&per_page=5");
    assert_eq!(status, 200);
    page["items"].as_array().expect("items").clone()
}

pub fn article_of(service: &Service, story: &str) -> String {
    let (_, page) = service.get(&format!("/v1/stories/{story}/articles?per_page=1"));
    page["items"][0]["id"].as_str().expect("an article").to_owned()
}

pub fn with_json(service: &Service, line: &str, body: &Value) -> Answer {
    let body = body.to_string();
    let length = body.len().to_string();
    Answer::read(&mut send(
        service,
        line,
        &[JSON, ("content-length", length.as_str())],
        body.as_bytes(),
    ))
}

fn moved(service: &Service, article: &str, story: &str) -> u64 {
    let body = json!({"kind": "move", "articles": [article], "story_id": story, "author": "Layla"});
    let (status, answer) = service.post("/v1/corrections", "application/json", body.to_string().as_bytes());
    assert_eq!(status, 201, "{answer}");
    answer["number"].as_u64().expect("a number")
}

#[test]
fn a_watch_hears_of_every_change_once_across_a_crash() {
    let dir = demonstration();
    let service = start(dir.path());
    let found = stories(&service);
    let (story, other) = (
        found[0]["id"].as_str().expect("an id"),
        found[1]["id"].as_str().expect("an id"),
    );
    let article = article_of(&service, other);
    let (address, got) = receiver(None);
    let asked = json!({"story_id": story, "url": format!("http://{address}/desk")});
    let made = with_json(&service, "POST /v1/watches", &asked);
    assert_eq!(made.status, 201, "{}", made.text());
    let watch = made.json();
    let (id, secret) = (
        watch["id"].as_str().expect("an id"),
        watch["secret"].as_str().expect("a secret"),
    );
    assert_eq!(watch["name"], found[0]["title"]);
    assert_eq!(made.header("location"), format!("/v1/watches/{id}"));
    assert!(
        !ask(&service, &format!("GET /v1/watches/{id}"), &[])
            .text()
            .contains(secret),
        "shown once"
    );

    // An editor moves an article in: it is told, signed.
    let correction = moved(&service, &article, story);
    let first = next(&got);
    assert_eq!(
        first.signature,
        sign::signatures([secret], &first.id, first.timestamp, &first.text)
    );
    let alert = &first.body["data"]["alerts"][0];
    assert_eq!(
        (
            alert["event"].as_str(),
            alert["article"]["id"].as_str(),
            alert["story"]["id"].as_str()
        ),
        (Some("article_joined"), Some(article.as_str()), Some(story))
    );
    assert_eq!(alert["detail"]["from"], other);
    assert_eq!(first.body["data"]["watch"]["id"], id);

    // The receiver goes away, the editor takes it back, and the power fails: the retraction comes after the restart, once.
    drop(got);
    let closed = TcpListener::bind("127.0.0.1:0")
        .expect("a port")
        .local_addr()
        .expect("an address");
    let changed = with_json(
        &service,
        &format!("PATCH /v1/watches/{id}"),
        &json!({"url": format!("http://{closed}/desk")}),
    );
    assert_eq!(changed.status, 200, "{}", changed.text());
    let (status, answer) = service.post(&format!("/v1/corrections/{correction}/undo"), "application/json", b"");
    assert_eq!(status, 200, "{answer}");
    service.kill();
    let service = start(dir.path());
    let (_, got) = receiver(Some(closed));
    let second = next(&got);
    let events: Vec<&Value> = second.body["data"]["alerts"]
        .as_array()
        .expect("alerts")
        .iter()
        .map(|one| &one["event"])
        .collect();
    assert_eq!(events, ["article_left"]);
    assert_ne!(second.id, first.id);

    // The log says what was delivered, and a delivered message can be posted again under its id.
    let log = ask(&service, &format!("GET /v1/watches/{id}/messages"), &[]).json();
    let states: Vec<&Value> = log["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(|one| &one["state"])
        .collect();
    assert_eq!(states, ["delivered", "delivered"]);
    let again = with_json(
        &service,
        &format!("POST /v1/watches/{id}/replay"),
        &json!({"message_ids": [first.id]}),
    );
    assert_eq!((again.status, again.json()["messages"].as_u64()), (202, Some(1)));
    let third = next(&got);
    assert_eq!((&third.id, &third.text), (&first.id, &first.text));
    let trial = post(&service, &format!("/v1/watches/{id}/test"), &[], b"");
    assert_eq!(trial.status, 202, "{}", trial.text());
    let fourth = next(&got);
    assert_eq!(
        (fourth.body["type"].as_str(), fourth.id.as_str()),
        (Some("watch.test"), trial.json()["message_id"].as_str().expect("an id"))
    );
    assert!(
        got.recv_timeout(Duration::from_millis(1500)).is_err(),
        "nothing comes twice"
    );

    // The feed tells the same, for ever under the same ids.
    let feed = ask(
        &service,
        &format!("GET {}", watch["feed"].as_str().expect("a feed")),
        &[],
    );
    assert_eq!(
        (feed.status, feed.header("content-type")),
        (200, "application/atom+xml; charset=utf-8")
    );
    assert_eq!(feed.text().matches("<entry").count(), 2, "{}", feed.text());
    let tag = feed.header("etag").to_owned();
    let known = ask(
        &service,
        &format!("GET {}", watch["feed"].as_str().expect("a feed")),
        &[("if-none-match", &tag)],
    );
    assert_eq!(known.status, 304);

    let gone = ask(&service, &format!("DELETE /v1/watches/{id}"), &[]);
    assert_eq!(gone.status, 204, "{}", gone.text());
    assert_eq!(ask(&service, &format!("GET /v1/watches/{id}"), &[]).status, 404);
    assert_eq!(
        ask(
            &service,
            &format!("GET {}", watch["feed"].as_str().expect("a feed")),
            &[]
        )
        .status,
        404
    );
}

#[test]
fn a_stream_of_a_watch_goes_on_where_it_was_left() {
    let dir = demonstration();
    let service = start(dir.path());
    let found = stories(&service);
    let (story, other) = (
        found[0]["id"].as_str().expect("an id"),
        found[1]["id"].as_str().expect("an id"),
    );
    let made = with_json(
        &service,
        "POST /v1/watches",
        &json!({"story_id": story, "events": ["article_joined", "article_left"]}),
    );
    let id = made.json()["id"].as_str().expect("an id").to_owned();
    let lines = |last: Option<String>| {
        let mut headers = vec![];
        if let Some(last) = &last {
            headers.push(("last-event-id", last.as_str()));
        }
        BufReader::new(send(&service, &format!("GET /v1/watches/{id}/stream"), &headers, b"")).lines()
    };
    let number = |lines: &mut std::io::Lines<BufReader<TcpStream>>| {
        let line = lines.map_while(Result::ok).find(|line| line.starts_with("id: "));
        line.expect("an event").trim_start_matches("id: ").to_owned()
    };
    let mut open = lines(None);
    assert!(open.next().expect("a line").expect("a line").contains("200"));
    let correction = moved(&service, &article_of(&service, other), story);
    let first = number(&mut open);
    drop(open);
    service.post(&format!("/v1/corrections/{correction}/undo"), "application/json", b"");
    let mut open = lines(Some(first.clone()));
    let second = number(&mut open);
    assert!(second.parse::<u64>().expect("a number") > first.parse::<u64>().expect("a number"));
    let refused = ask(
        &service,
        &format!("GET /v1/watches/{id}/stream"),
        &[("last-event-id", "999999")],
    );
    assert_eq!(refused.status, 400, "{}", refused.text());
}

#[test]
fn watches_that_make_no_sense_are_refused_with_the_field() {
    let dir = demonstration();
    let service = Service::start(dir.path());
    for (body, status, field) in [
        (json!({"story_id": "s999999"}), 404, "story_id"),
        (json!({}), 422, "story_id"),
        (json!({"story_id": "s1", "url": "http://127.0.0.1:9/"}), 422, "url"),
        (
            json!({"story_id": "s1", "quiet": {"digest_at": ["noon"]}}),
            422,
            "quiet",
        ),
        (json!({"search": {"q": "…"}}), 422, "search"),
    ] {
        let answer = with_json(&service, "POST /v1/watches", &body);
        assert_eq!(
            (answer.status, answer.json()["field"].as_str()),
            (status, Some(field)),
            "{body}: {}",
            answer.text()
        );
    }
    let form = post(
        &service,
        "/v1/watches",
        &[("content-type", "text/plain")],
        br#"{"story_id": "s1"}"#,
    );
    assert_eq!(form.status, 415, "another site's page cannot make one");
    let made = with_json(&service, "POST /v1/watches", &json!({"search": {"q": "ceasefire"}}));
    assert_eq!(made.status, 201);
    let id = made.json()["id"].as_str().expect("an id").to_owned();
    let deaf = with_json(
        &service,
        &format!("PATCH /v1/watches/{id}"),
        &json!({"events": ["merged"]}),
    );
    assert_eq!((deaf.status, deaf.json()["field"].as_str()), (422, Some("events")));
    let trial = post(&service, &format!("/v1/watches/{id}/test"), &[], b"");
    assert_eq!((trial.status, trial.json()["field"].as_str()), (422, Some("url")));
    let replay = with_json(
        &service,
        &format!("POST /v1/watches/{id}/replay"),
        &json!({"dead": true, "from": "2024"}),
    );
    assert_eq!(replay.status, 422);
}
