//! Promise: clients that are slow, or send too much, are told so and cost the others nothing.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::service::{Service, said, signal};
use crate::wire::{Answer, JSON, ask, post, send};

fn connect(service: &Service) -> TcpStream {
    let stream = TcpStream::connect(service.address.trim_start_matches("http://")).expect("a connection");
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .expect("a timeout");
    stream
}

/// Sends a byte after the other until the other side has had enough; what it said and how long that took.
fn drip(mut stream: TcpStream, bytes: &[u8]) -> (String, Duration) {
    let started = Instant::now();
    stream
        .set_read_timeout(Some(Duration::from_millis(150)))
        .expect("a timeout");
    let mut said = Vec::new();
    for byte in bytes.iter().cycle() {
        let mut buffer = [0; 4096];
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => said.extend_from_slice(&buffer[..count]),
            Err(error)
                if matches!(
                    error.kind(),
                    std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
                ) => {}
            Err(_) => break,
        }
        if stream.write_all(&[*byte]).is_err() {
            break;
        }
        assert!(started.elapsed() < Duration::from_secs(30), "it is never dropped");
    }
    (String::from_utf8_lossy(&said).into_owned(), started.elapsed())
}

#[test]
fn slow_clients_are_dropped_and_hold_nobody_up() {
    let dir = tempfile::tempdir().expect("a folder");
    let settings = [
        ("SILSILA__PUBLISH__HEAD_SECONDS", "2"),
        ("SILSILA__PUBLISH__BODY_SECONDS", "2"),
        ("SILSILA__PUBLISH__KEEP_ALIVE_SECONDS", "2"),
    ];
    let service = Service::start_with(dir.path(), "127.0.0.1:0", &settings);
    std::thread::scope(|scope| {
        let heads: Vec<_> = (0..100)
            .map(|_| {
                let mut stream = connect(&service);
                stream
                    .write_all(b"GET /v1/stories HTTP/1.1\r\nhost: x\r\nx-slow: ")
                    .expect("sent");
                scope.spawn(move || drip(stream, b"a"))
            })
            .collect();
        let bodies: Vec<_> = (0..20)
            .map(|_| {
                let mut stream = connect(&service);
                let head = "POST /v1/documents HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain\r\ncontent-length: 100000\r\n\r\n";
                stream.write_all(head.as_bytes()).expect("sent");
                scope.spawn(move || drip(stream, b"a"))
            })
            .collect();
        let chunks: Vec<_> = [
            ("application/json", "/v1/articles", "408"),
            ("image/png", "/v1/articles", "415"),
            ("x", "/nothing", "404"),
        ]
        .into_iter()
        .map(|(kind, path, status)| {
            let mut stream = connect(&service);
            let head = format!(
                "POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: {kind}\r\ntransfer-encoding: chunked\r\n\r\n"
            );
            stream.write_all(head.as_bytes()).expect("sent");
            scope.spawn(move || (status, drip(stream, b"1\r\na\r\n")))
        })
        .collect();
        // The others are answered all the while.
        let begun = Instant::now();
        let mut answered = 0;
        while begun.elapsed() < Duration::from_secs(2) {
            assert_eq!(ask(&service, "GET /v1/stories", &[]).status, 200);
            answered += 1;
            // Not so many that the rate is bounded.
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(answered > 5, "{answered}");
        for head in heads {
            let (said, _) = head.join().expect("dropped");
            assert!(said.is_empty() || said.starts_with("HTTP/1.1 408"), "{said}");
        }
        for chunk in chunks {
            let (status, (said, _)) = chunk.join().expect("dropped");
            assert!(said.starts_with(&format!("HTTP/1.1 {status}")), "{said}");
        }
        for body in bodies {
            let (said, _) = body.join().expect("dropped");
            assert!(
                said.starts_with("HTTP/1.1 408") && said.contains("/problems/too-slow"),
                "{said}"
            );
        }
    });
    // A body in chunks that comes in at once leaves the connection to the next request.
    let mut stream = connect(&service);
    let chunked = "POST /v1/documents HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n12\r\nThe bridge opened.\r\n0\r\n\r\n";
    for _ in 0..2 {
        stream.write_all(chunked.as_bytes()).expect("sent");
        let mut said = [0; 4096];
        let count = stream.read(&mut said).expect("an answer");
        assert!(
            said[..count].starts_with(b"HTTP/1.1 202"),
            "{}",
            String::from_utf8_lossy(&said[..count])
        );
    }
    // A connection that is kept and not used is given up, too.
    let mut stream = connect(&service);
    stream
        .write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
        .expect("sent");
    let mut all = String::new();
    stream.read_to_string(&mut all).expect("an answer and then the end");
    assert!(all.starts_with("HTTP/1.1 200"), "{all}");
}

#[test]
fn heads_that_are_too_large_are_refused() {
    let dir = tempfile::tempdir().expect("a folder");
    let service = Service::start(dir.path());
    let long = "x".repeat(300_000);
    let many: Vec<(String, String)> = (0..200).map(|number| (format!("x-{number}"), "y".to_owned())).collect();
    let many: Vec<(&str, &str)> = many
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    for (what, headers) in [("long", vec![("x-long", long.as_str())]), ("many", many)] {
        let mut stream = connect(&service);
        let mut head = "GET /healthz HTTP/1.1\r\nhost: x\r\n".to_owned();
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        // It may be refused before all is sent.
        let _ = stream.write_all(head.as_bytes());
        let mut said = Vec::new();
        let _ = stream.read_to_end(&mut said);
        let said = String::from_utf8_lossy(&said);
        assert!(said.is_empty() || said.starts_with("HTTP/1.1 4"), "{what}: {said}");
    }
    assert_eq!(ask(&service, "GET /healthz", &[]).status, 200);
}

#[test]
fn what_is_too_deep_too_long_or_too_many_is_refused_by_name() {
    let dir = tempfile::tempdir().expect("a folder");
    let service = Service::start(dir.path());
    let deep = |open: &str, close: &str, times: usize| format!("{}1{}", open.repeat(times), close.repeat(times));
    let text = "The bridge opened.";
    let many: Vec<String> = (0..1001).map(|number| format!("word {number}")).collect();
    for (what, body, status, kind, field) in [
        (
            "arrays in arrays",
            deep("[", "]", 100_000),
            400,
            "/problems/invalid-body",
            None,
        ),
        (
            "objects in objects",
            deep("{\"a\":", "}", 100_000),
            400,
            "/problems/invalid-body",
            None,
        ),
        (
            "deep in a field",
            format!("{{\"title\":\"t\",\"x\":{}}}", deep("[", "]", 200)),
            400,
            "/problems/invalid-body",
            None,
        ),
        (
            "arrays of arrays",
            "[[[]],[[]]]".to_owned(),
            422,
            "/problems/invalid-article",
            None,
        ),
        (
            "keywords",
            json!({"title": "t", "text": text, "keywords": many}).to_string(),
            422,
            "/problems/invalid-article",
            Some("keywords"),
        ),
        (
            "a keyword",
            json!({"title": "t", "text": text, "keywords": ["x".repeat(501)]}).to_string(),
            422,
            "/problems/invalid-article",
            Some("keywords"),
        ),
        (
            "an id",
            json!({"title": "t", "text": text, "id": "x".repeat(501)}).to_string(),
            422,
            "/problems/invalid-article",
            Some("id"),
        ),
        (
            "a title",
            json!({"title": "x".repeat(10_001), "text": text}).to_string(),
            422,
            "/problems/invalid-article",
            Some("title"),
        ),
        (
            "a text",
            json!({"title": "t", "text": "x".repeat(2_000_001)}).to_string(),
            422,
            "/problems/invalid-article",
            Some("text"),
        ),
        (
            "articles",
            json!(vec![json!({"title": "t", "text": text}); 1001]).to_string(),
            413,
            "/problems/too-large",
            None,
        ),
    ] {
        let answer = post(&service, "/v1/articles", &[JSON], body.as_bytes());
        let problem = answer.json();
        assert_eq!(
            (answer.status, problem["type"].as_str(), problem["field"].as_str()),
            (status, Some(kind), field),
            "{what}: {problem}"
        );
    }
    let ids: Vec<String> = (0..1001).map(|number| format!("x{number}")).collect();
    for correction in [
        json!({"kind": "note", "story_id": "s1", "text": "x".repeat(1001)}),
        json!({"kind": "note", "story_id": "s1", "text": "x", "author": "x".repeat(1001)}),
        json!({"kind": "always-together", "articles": ids}),
        json!({"kind": "pin", "articles": ids}),
        json!({"kind": "merge", "stories": ids}),
    ] {
        let answer = post(&service, "/v1/corrections", &[JSON], correction.to_string().as_bytes());
        assert_eq!(answer.status, 422, "{}", answer.text());
    }
    // A body that says it is longer than it may be is refused without being read.
    let length = "99999999999";
    let head = [JSON, ("content-length", length)];
    let answer = Answer::read(&mut send(&service, "POST /v1/articles", &head, &vec![b'['; 10_000_100]));
    assert_eq!(answer.status, 413, "{}", answer.text());
    assert_eq!(ask(&service, "GET /healthz", &[]).status, 200);
}

#[test]
fn an_address_with_letters_that_are_not_encoded_is_refused_and_is_no_error_of_ours() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut child = crate::service::command(&["serve", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(dir.path())
        .env("RUST_LOG", "info")
        .env("SILSILA__PUBLISH__LOG_FORMAT", "json")
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut line = String::new();
    std::io::BufRead::read_line(
        &mut std::io::BufReader::new(child.stdout.take().expect("a pipe")),
        &mut line,
    )
    .expect("a line");
    let host = line.trim().rsplit("http://").next().expect("an address").to_owned();
    let mut stream = TcpStream::connect(&host).expect("a connection");
    let request = format!("GET /v1/search?q=بغداد HTTP/1.1\r\nhost: {host}\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    signal(child.id(), "TERM");
    assert!(child.wait().expect("it ends").success());
    let said = said(&mut child);
    assert!(
        said.contains("a connection sent what is no HTTP request") && !said.contains("\"ERROR\""),
        "{said}"
    );
}
