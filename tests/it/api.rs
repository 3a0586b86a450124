//! Promise: the API behaves as HTTP and its description say, in what no resource's own test looks at.

use std::collections::BTreeSet;

use serde_json::json;

use crate::service::Service;
use crate::wire::{JSON, ask, post, service_on_fixture};

const READ: [&str; 20] = [
    "/v1/stories",
    "/v1/stories/s1",
    "/v1/stories/s1/articles",
    "/v1/stories/s1/timeline",
    "/v1/stories/s1/history",
    "/v1/stories/s1/graph",
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
            if path == "/metrics" && name == "content-length" {
                // Every request adds to it.
                continue;
            }
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
        ("/v1/stories/s1/timeline?granularity=decade", "granularity"),
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
        ("/stories/s2", "/stories/s1"),
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
            if method == "GET" && path.starts_with("/v1/") {
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
        assert_eq!(
            answer.header("ratelimit-policy"),
            "\"queue\";q=20000;qu=\"articles\", \"ingest\";q=5000;w=5"
        );
        let left = answer
            .header("ratelimit")
            .split(", ")
            .next()
            .and_then(|first| first.strip_prefix("\"queue\";r="))
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
        let reading = ask(&service, "GET /v1/stories", &[]);
        assert_eq!(reading.header("ratelimit-policy"), "\"read\";q=5000;w=5");
        assert!(
            reading.header("ratelimit").starts_with("\"read\";r=4"),
            "{}",
            reading.header("ratelimit")
        );
    }
    assert_eq!(ids.len(), 6, "{ids:?}");
}
