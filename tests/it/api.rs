//! Promise: the API behaves as HTTP and its description say, in what no resource's own test looks at.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use silsila::article::Draft;
use silsila::pipeline::Submission;
use silsila::store::Store;
use silsila::store::write::{Batch, Placed, StoryFace};
use silsila::story::StoryChange;

use crate::service::{Service, silsila};

/// An answer as it came over the wire.
struct Answer {
    status: u16,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

impl Answer {
    /// Reads everything that the other side sends until it closes.
    fn read(stream: &mut TcpStream) -> Self {
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

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Sends the head of a request and as much of its body as is given.
fn send(service: &Service, line: &str, headers: &[(&str, &str)], body: &[u8]) -> TcpStream {
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

fn ask(service: &Service, line: &str, headers: &[(&str, &str)]) -> Answer {
    Answer::read(&mut send(service, line, headers, b""))
}

fn post(service: &Service, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let length = body.len().to_string();
    let mut all = vec![("content-length", length.as_str())];
    all.extend_from_slice(headers);
    Answer::read(&mut send(service, &format!("POST {path}"), &all, body))
}

const JSON: (&str, &str) = ("content-type", "application/json");

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
            changes,
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
            headline: Some(1),
            terms: vec!["bridge".to_owned()],
        }],
        ..Batch::default()
    };
    store.commit(&batch, now).expect("committed");
}

fn service_on_fixture(dir: &Path) -> Service {
    fixture(dir);
    Service::start(dir)
}

const READ: [&str; 19] = [
    "/v1/stories",
    "/v1/stories/s1",
    "/v1/stories/s1/articles",
    "/v1/stories/s1/timeline",
    "/v1/stories/s1/history",
    "/v1/articles/x1",
    "/v1/articles/x1/placement",
    "/v1/search?q=bridge",
    "/v1/changes",
    "/v1/refused",
    "/healthz",
    "/readyz",
    "/metrics",
    "/openapi.json",
    "/docs/",
    "/",
    "/stories/s1",
    "/articles/x1",
    "/search?q=bridge",
];

#[test]
fn every_address_answers_head_and_options_and_says_what_it_allows() {
    let dir = tempfile::tempdir().expect("a folder");
    let service = service_on_fixture(dir.path());
    for path in READ {
        let get = ask(&service, &format!("GET {path}"), &[]);
        let head = ask(&service, &format!("HEAD {path}"), &[]);
        assert_eq!((get.status, head.status), (200, 200), "{path}");
        assert!(!get.body.is_empty() && head.body.is_empty(), "{path}");
        for name in ["content-type", "content-length", "etag", "cache-control"] {
            assert_eq!(get.header(name), head.header(name), "{path} {name}");
        }
        for method in ["POST", "PUT", "DELETE", "PATCH"] {
            let other = ask(&service, &format!("{method} {path}"), &[("content-length", "0")]);
            assert_eq!(
                (other.status, other.header("allow"), other.header("content-type")),
                (405, "GET, HEAD, OPTIONS", "application/problem+json"),
                "{method} {path}"
            );
        }
        let options = ask(&service, &format!("OPTIONS {path}"), &[]);
        assert_eq!(
            (options.status, options.header("allow")),
            (204, "GET, HEAD, OPTIONS"),
            "{path}"
        );
    }
    for path in ["/v1/articles", "/v1/documents"] {
        for method in ["GET", "HEAD", "DELETE"] {
            let other = ask(&service, &format!("{method} {path}"), &[]);
            assert_eq!(
                (other.status, other.header("allow")),
                (405, "OPTIONS, POST"),
                "{method} {path}"
            );
        }
        let options = ask(&service, &format!("OPTIONS {path}"), &[]);
        assert_eq!((options.status, options.header("allow")), (204, "OPTIONS, POST"));
    }
    let missing = ask(&service, "HEAD /v1/stories/none", &[]);
    assert_eq!((missing.status, missing.body.len()), (404, 0));
    assert_eq!(ask(&service, "OPTIONS /nowhere", &[]).status, 404);
    let unreadable = ask(&service, "GET /v1/articles/%FF", &[]);
    assert_eq!(
        (unreadable.status, unreadable.header("content-type")),
        (404, "application/problem+json"),
        "{}",
        unreadable.text()
    );
}

#[test]
fn numbers_and_cursors_that_cannot_be_meant_are_refused() {
    let dir = tempfile::tempdir().expect("a folder");
    let service = service_on_fixture(dir.path());
    let refused = |path: &str, kind: &str, field: &str| {
        let answer = ask(&service, &format!("GET {path}"), &[]);
        let problem = answer.json();
        assert_eq!(
            (answer.status, problem["type"].as_str(), problem["field"].as_str()),
            (400, Some(kind), Some(field)),
            "{path}: {problem}"
        );
        assert!(
            problem["detail"].as_str().is_some_and(|detail| detail.len() > 20),
            "{problem}"
        );
    };
    for value in ["-1", "0", "101", "1.5", "x", "99999999999999999999999"] {
        for path in [
            "/v1/stories?",
            "/v1/changes?",
            "/v1/refused?",
            "/v1/search?q=a&",
            "/v1/stories/s1/articles?",
        ] {
            refused(
                &format!("{path}per_page={value}"),
                "/problems/invalid-parameter",
                "per_page",
            );
        }
        refused(
            &format!("/v1/stories/s1/timeline?sentences={value}"),
            "/problems/invalid-parameter",
            "sentences",
        );
    }
    for value in ["-1", "0", "1001", "x"] {
        refused(
            &format!("/v1/stories/s1/timeline?dates={value}"),
            "/problems/invalid-parameter",
            "dates",
        );
    }
    for name in ["min_articles", "min_sources"] {
        for value in ["-1", "x", "99999999999999999999999"] {
            refused(
                &format!("/v1/stories?{name}={value}"),
                "/problems/invalid-parameter",
                name,
            );
        }
        // Larger than any story, however large: nothing, and no error.
        for value in ["9223372036854775807", "9223372036854775808", "18446744073709551615"] {
            let answer = ask(&service, &format!("GET /v1/stories?{name}={value}"), &[]);
            assert_eq!(
                (answer.status, &answer.json()["items"]),
                (200, &json!([])),
                "{name}={value}"
            );
        }
        let answer = ask(&service, &format!("GET /v1/stories?{name}=1"), &[]);
        assert_eq!(answer.json()["items"].as_array().map(Vec::len), Some(1));
    }
    for (path, field) in [
        (
            "/v1/stories?updated_from=2024-02-01&updated_to=2024-01-01",
            "updated_from",
        ),
        ("/v1/search?q=a&from=2024-02-01&to=2024-01-01", "from"),
        ("/v1/search?q=a&from=soon", "from"),
        ("/v1/stories/s1/timeline?from=2024-02-01&to=2024-01-01", "from"),
    ] {
        refused(path, "/problems/invalid-parameter", field);
    }

    let lists = [
        "/v1/stories?",
        "/v1/stories/s1/articles?per_page=2&",
        "/v1/stories/s1/history?per_page=2&",
        "/v1/search?q=bridge&per_page=2&",
        "/v1/search?q=river&per_page=2&",
        "/v1/changes?per_page=2&",
        "/v1/refused?",
    ];
    for cursor in [
        "-5",
        "+5",
        "5x",
        "999999",
        "9223372036854775808",
        "%00",
        "e30",
        "bnVsbA",
        "!",
    ] {
        for list in lists {
            refused(&format!("{list}cursor={cursor}"), "/problems/invalid-cursor", "cursor");
        }
    }
    for list in lists {
        let cursor = ask(&service, &format!("GET {}", list.trim_end_matches(['?', '&'])), &[]).json()["next_cursor"]
            .as_str()
            .map(str::to_owned);
        let Some(cursor) = cursor else { continue };
        let own = ask(&service, &format!("GET {list}cursor={cursor}"), &[]);
        assert_eq!(own.status, 200, "{list}: {}", own.text());
        for other in lists.iter().filter(|other| **other != list) {
            refused(&format!("{other}cursor={cursor}"), "/problems/invalid-cursor", "cursor");
        }
    }
    // Whole walks, to see that cursors lead on.
    for (list, count) in [
        ("/v1/stories/s1/articles?per_page=2", 6),
        ("/v1/search?q=bridge&per_page=2", 6),
        ("/v1/search?q=bridge&lang=en&source=The+Bridge&per_page=4", 6),
        ("/v1/search?q=bridge&lang=fr", 0),
        ("/v1/search?q=bridge&from=2020-01-01", 0),
    ] {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        for _ in 0..5 {
            let page = ask(&service, &format!("GET {list}{cursor}"), &[]).json();
            for item in page["items"].as_array().expect("items") {
                seen.push(item.get("id").unwrap_or(&item["article_id"]).to_string());
            }
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(
            (seen.len(), seen.iter().collect::<BTreeSet<_>>().len()),
            (count, count),
            "{list}: {seen:?}"
        );
    }
}

#[test]
fn merged_stories_lead_on_and_what_is_known_is_not_sent_again() {
    let dir = tempfile::tempdir().expect("a folder");
    let service = service_on_fixture(dir.path());
    for (path, location) in [
        ("/v1/stories/s2", "/v1/stories/s1"),
        ("/v1/stories/s3", "/v1/stories/s1"),
        ("/v1/stories/s2/articles", "/v1/stories/s1/articles"),
        ("/v1/stories/s2/timeline?lang=ar", "/v1/stories/s1/timeline?lang=ar"),
    ] {
        for method in ["GET", "HEAD"] {
            let answer = ask(&service, &format!("{method} {path}"), &[]);
            assert_eq!(
                (answer.status, answer.header("location")),
                (308, location),
                "{method} {path}"
            );
            if method == "GET" {
                assert_eq!(answer.json()["merged_into"], "s1", "{path}");
            }
        }
        assert_eq!(ask(&service, &format!("GET {location}"), &[]).status, 200);
    }
    // A merged story's history is its own.
    let history = ask(&service, "GET /v1/stories/s2/history", &[]).json();
    let kinds: Vec<&str> = history["items"]
        .as_array()
        .expect("items")
        .iter()
        .filter_map(|one| one["kind"].as_str())
        .collect();
    assert!(kinds.contains(&"merged"), "{history}");
    let listed = ask(&service, "GET /v1/stories", &[]).json();
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(1), "{listed}");
    assert_eq!(listed["items"][0]["counts"]["articles"], 6);

    for path in [
        "/v1/stories",
        "/v1/stories/s1",
        "/v1/stories/s1/timeline",
        "/v1/articles/x1",
        "/v1/changes",
    ] {
        let first = ask(&service, &format!("GET {path}"), &[]);
        let tag = first.header("etag").to_owned();
        assert!(tag.len() > 10 && tag.starts_with('"'), "{path}: {tag}");
        for known in [
            tag.clone(),
            format!("W/{tag}"),
            format!("\"other\", {tag}"),
            "*".to_owned(),
        ] {
            for method in ["GET", "HEAD"] {
                let again = ask(&service, &format!("{method} {path}"), &[("if-none-match", &known)]);
                assert_eq!(
                    (again.status, again.body.len(), again.header("etag")),
                    (304, 0, tag.as_str()),
                    "{method} {path} {known}"
                );
            }
        }
        let other = ask(&service, &format!("GET {path}"), &[("if-none-match", "\"other\"")]);
        assert_eq!((other.status, &other.body), (200, &first.body), "{path}");
    }
    let before = ask(&service, "GET /v1/articles/x1", &[]).header("etag").to_owned();
    let other = ask(&service, "GET /v1/articles/x2", &[("if-none-match", &before)]);
    assert_eq!(other.status, 200, "a tag is of one content");
}

/// Values of `src` and `href` in HTML, and of what scripts assign to them.
fn loaded(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for name in ["src", "href"] {
        for (at, _) in text.match_indices(name) {
            let rest = text[at + name.len()..].trim_start();
            let Some(rest) = rest.strip_prefix(['=', ':']) else {
                continue;
            };
            let rest = rest.trim_start();
            let Some(quote) = rest.chars().next().filter(|c| matches!(c, '"' | '\'' | '`')) else {
                continue;
            };
            if let Some((value, _)) = rest[1..].split_once(quote) {
                found.push(value.to_owned());
            }
        }
    }
    found
}

fn elsewhere(address: &str) -> bool {
    ["http:", "https:", "//"]
        .iter()
        .any(|start| address.trim().to_ascii_lowercase().starts_with(start))
}

#[test]
fn the_page_to_try_the_api_loads_nothing_from_other_hosts() {
    assert!(elsewhere("//cdn.example/x.js") && elsewhere("https://a/b") && !elsewhere("/docs/x.js"));
    assert_eq!(loaded("<a href=\"x\"><script src='y'>; e.src=\"z\""), ["y", "z", "x"]);
    let dir = tempfile::tempdir().expect("a folder");
    let service = Service::start(dir.path());
    let page = ask(&service, "GET /docs/", &[]);
    assert!(page.header("content-type").starts_with("text/html"));
    let policy = page.header("content-security-policy");
    assert!(
        policy.contains("default-src 'self'") && !policy.contains("http"),
        "{policy}"
    );
    let addresses = loaded(&page.text());
    assert!(
        addresses.iter().any(|address| address.ends_with(".js")),
        "{addresses:?}"
    );
    let mut scripts = 0;
    for address in addresses {
        assert!(!elsewhere(&address), "the page loads {address}");
        let path = format!(
            "/docs/{}",
            address.trim_start_matches("./").trim_start_matches("/docs/")
        );
        let part = ask(&service, &format!("GET {path}"), &[]);
        assert_eq!(part.status, 200, "{path}");
        if !path.ends_with(".js") {
            continue;
        }
        scripts += 1;
        // Links that a reader may follow stand in the scripts too; what is loaded on its own is `src`.
        let text = part.text();
        for src in loaded(&text.replace("href", "")) {
            assert!(!elsewhere(&src), "{path} loads {src}");
        }
        if path.ends_with("swagger-initializer.js") {
            assert!(!text.contains("//petstore") && text.contains("/openapi.json"), "{text}");
            assert!(
                text.contains("\"validatorUrl\": \"none\""),
                "the validator is on another host: {text}"
            );
        }
    }
    assert!(scripts > 1);
}

#[test]
fn requests_have_ids_of_their_own_and_feeders_see_the_room_that_is_left() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut ids = BTreeSet::new();
    for _ in 0..2 {
        let service = Service::start(dir.path());
        for _ in 0..3 {
            ids.insert(ask(&service, "GET /healthz", &[]).header("x-request-id").to_owned());
        }
        let own = ask(&service, "GET /healthz", &[("x-request-id", "mine-7")]);
        assert_eq!(own.header("x-request-id"), "mine-7");
        let empty = ask(&service, "GET /healthz", &[("x-request-id", "")]);
        assert!(empty.header("x-request-id").len() > 8);

        let answer = post(
            &service,
            "/v1/articles",
            &[JSON],
            b"{\"title\":\"Bridge\",\"text\":\"It opened.\"}",
        );
        assert_eq!(answer.status, 202, "{}", answer.text());
        assert_eq!(answer.header("ratelimit-policy"), "\"queue\";q=20000;qu=\"articles\"");
        let left = answer
            .header("ratelimit")
            .strip_prefix("\"queue\";r=")
            .expect("what is left");
        assert!(
            (19_990..=20_000).contains(&left.parse::<u32>().expect("a number")),
            "{left}"
        );
        let refused = post(&service, "/v1/articles", &[JSON], b"{");
        assert!(
            refused.header("ratelimit").starts_with("\"queue\";r="),
            "on refusals too"
        );
        assert_eq!(ask(&service, "GET /v1/stories", &[]).header("ratelimit"), "");
    }
    assert_eq!(ids.len(), 6, "{ids:?}");
}

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

#[test]
fn readiness_tries_to_write_and_others_keep_out_of_the_folder() {
    let dir = tempfile::tempdir().expect("a folder");
    let service = Service::start(dir.path());
    assert_eq!(ask(&service, "GET /readyz", &[]).status, 200);
    // Stands in the way of the trial, as a full disk would.
    let obstacle = dir.path().join("trial");
    std::fs::create_dir(&obstacle).expect("a folder");
    let answer = ask(&service, "GET /readyz", &[]);
    assert_eq!(
        (
            answer.status,
            answer.json()["type"].as_str(),
            answer.header("retry-after")
        ),
        (503, Some("/problems/unavailable"), "5"),
        "{}",
        answer.text()
    );
    std::fs::remove_dir(&obstacle).expect("removed");
    assert_eq!(ask(&service, "GET /readyz", &[]).status, 200);

    let data = dir.path().to_str().expect("a path");
    let file = dir.path().join("a.json");
    std::fs::write(&file, "{\"title\":\"Bridge\",\"text\":\"It opened.\"}").expect("a file");
    let second = silsila(&["ingest", "--data-dir", data, file.to_str().expect("a path")]);
    let said = String::from_utf8_lossy(&second.stderr);
    assert_eq!(second.status.code(), Some(1), "{said}");
    assert!(
        said.contains(data) && said.contains("in use by another silsila"),
        "{said}"
    );
    let second = silsila(&["serve", "--listen", "127.0.0.1:0", "--data-dir", data]);
    assert!(!second.status.success() && String::from_utf8_lossy(&second.stderr).contains("in use by another silsila"));
}

#[test]
fn a_request_under_way_is_answered_after_sigterm_and_what_it_brought_is_kept() {
    let dir = tempfile::tempdir().expect("a folder");
    let service = Service::start(dir.path());
    let body = json!({"id": "late", "title": "Bridge opens", "text": "The bridge opened."}).to_string();
    let (first, rest) = body.as_bytes().split_at(20);
    let length = body.len().to_string();
    let mut stream = send(
        &service,
        "POST /v1/articles?wait=placed",
        &[JSON, ("content-length", &length)],
        first,
    );
    std::thread::sleep(Duration::from_millis(300));
    let ending = service.terminate();
    std::thread::sleep(Duration::from_millis(500));
    stream.write_all(rest).expect("the connection stays");
    let answer = Answer::read(&mut stream);
    assert_eq!(
        (answer.status, &answer.json()["articles"][0]["id"]),
        (200, &json!("late")),
        "{}",
        answer.text()
    );
    let started = Instant::now();
    assert!(ending.wait().success(), "it ends by itself");
    assert!(started.elapsed() < Duration::from_secs(10));

    // Nothing is left behind that keeps the next one out.
    let data = dir.path().to_str().expect("a path");
    let out = silsila(&["export", "--data-dir", data]);
    assert!(out.status.success());
    assert!(String::from_utf8_lossy(&out.stdout).contains("\"late\""));
}

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
    assert_eq!(
        serde_json::from_slice::<Value>(&second.stdout).expect("JSON"),
        json!({"stories": 4, "articles": 7, "timelines": 2})
    );
    assert_eq!(std::fs::read(&out).expect("a file"), first.stdout);
    let text = String::from_utf8(first.stdout).expect("UTF-8");
    let rows: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let kinds: Vec<&str> = rows.iter().filter_map(|row| row["type"].as_str()).collect();
    assert!(kinds.is_sorted_by_key(|kind| ["story", "article", "timeline"].iter().position(|one| one == kind)));
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
