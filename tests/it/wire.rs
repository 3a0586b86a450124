//! HTTP as it goes over the wire, and a store made by hand: what the tests of the API share.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use silsila::article::Draft;
use silsila::pipeline::Submission;
use silsila::store::Store;
use silsila::store::write::{Batch, Placed, StoryFace};
use silsila::story::StoryChange;

use crate::service::Service;

/// An answer as it came over the wire.
pub struct Answer {
    pub status: u16,
    headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Answer {
    /// Reads everything that the other side sends until it closes.
    pub fn read(stream: &mut TcpStream) -> Self {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).expect("an answer");
        let end = bytes
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .unwrap_or_else(|| panic!("a head in {:?}", String::from_utf8_lossy(&bytes)));
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok());
        let headers = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        Self {
            status: status.expect("a status"),
            headers,
            body: bytes[end + 4..].to_vec(),
        }
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Sends the head of a request and as much of its body as is given.
pub fn send(service: &Service, line: &str, headers: &[(&str, &str)], body: &[u8]) -> TcpStream {
    let host = service.address.trim_start_matches("http://");
    let mut stream = TcpStream::connect(host).expect("a connection");
    stream
        .set_read_timeout(Some(Duration::from_secs(60)))
        .expect("a timeout");
    let mut head = format!("{line} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    stream.write_all(format!("{head}\r\n").as_bytes()).expect("sent");
    stream.write_all(body).expect("sent");
    stream
}

pub fn ask(service: &Service, line: &str, headers: &[(&str, &str)]) -> Answer {
    Answer::read(&mut send(service, line, headers, b""))
}

pub fn post(service: &Service, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let length = body.len().to_string();
    let mut all = vec![("content-length", length.as_str())];
    all.extend_from_slice(headers);
    Answer::read(&mut send(service, &format!("POST {path}"), &all, body))
}

pub const JSON: (&str, &str) = ("content-type", "application/json");

/// Six articles without vectors, so that nothing depends on the model: s1 holds all, s2 and s3 went up in it.
fn fixture(dir: &Path) {
    let store = Store::open(dir).expect("a store");
    let now = DateTime::<Utc>::UNIX_EPOCH;
    for number in 1..=6 {
        let draft = Draft {
            id: Some(format!("x{number}").as_str().into()),
            title: format!("Bridge {number} opens"),
            text: format!("The bridge over river {number} opened."),
            lang: "en".to_owned(),
            source: Some("The Bridge".to_owned()),
            ..Draft::default()
        };
        let answers = store
            .accept(&[Submission { draft, document: None }], now)
            .expect("stored");
        assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    }
    let placed = |number: u64, story: u64, after: Vec<StoryChange>| {
        let mut changes = Vec::new();
        if number <= 3 {
            changes.push(StoryChange::Created {
                story,
                split_from: None,
            });
        }
        changes.push(StoryChange::Joined {
            story,
            article: number,
            from: None,
        });
        changes.extend(after);
        let placement = json!({
            "decided_by": "alone", "nearest": [], "support": 0.0, "runner_up": null, "margin": 0.0, "rejected": []
        });
        Placed {
            number,
            original: None,
            story,
            placement: serde_json::from_value(placement).expect("a placement"),
            vector: None,
            links: Vec::new(),
            judged_again: Vec::new(),
            strands: Vec::new(),
            changes,
            doubts: Vec::new(),
        }
    };
    let merged = |story, into| StoryChange::Merged { story, into };
    let batch = Batch {
        placed: vec![
            placed(1, 1, Vec::new()),
            placed(2, 2, Vec::new()),
            placed(3, 3, vec![merged(3, 2)]),
            placed(4, 2, vec![merged(2, 1)]),
            placed(5, 1, Vec::new()),
            placed(6, 1, Vec::new()),
        ],
        faces: vec![StoryFace {
            story: 1,
            headline: 1,
            terms: serde_json::from_str(r#"["bridge"]"#).expect("terms"),
            headlines: std::collections::BTreeMap::new(),
            doubt: None,
        }],
        ..Batch::default()
    };
    store.commit(&batch, now).expect("committed");
}

pub fn service_on_fixture(dir: &Path) -> Service {
    fixture(dir);
    Service::start(dir)
}
