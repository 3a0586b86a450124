//! Promise: the figures and the log lines that docs/MONITORING.md tells an operator of are there, and so is all that the
//! dashboard shows.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use serde_json::{Value, json};

use crate::service::{Service, command};
use crate::wire::{JSON, ask, post};

/// The names of all series in a text of Prometheus' format.
fn names(text: &str) -> BTreeSet<&str> {
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split(['{', ' ']).next())
        .filter(|name| !name.is_empty())
        .collect()
}

/// The names that a query asks for.
fn asked(query: &str) -> impl Iterator<Item = &str> {
    query
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':'))
        .filter(|word| word.starts_with("silsila_") || word.starts_with("process_"))
}

#[test]
fn every_figure_of_the_dashboard_and_the_manual_is_there() {
    let dir = tempfile::tempdir().expect("a folder");
    let service = Service::start(dir.path());
    let articles: Vec<Value> = (0..3)
        .map(|number| json!({"title": format!("Bridge {number} opens"), "text": format!("Bridge {number} opened on Monday, people said."), "lang": "en"}))
        .collect();
    let body = json!(articles).to_string();
    assert_eq!(
        post(&service, "/v1/articles?wait=placed", &[JSON], body.as_bytes()).status,
        200
    );
    let known = post(&service, "/v1/articles?wait=placed", &[JSON], body.as_bytes());
    assert_eq!(known.status, 200);
    assert_eq!(ask(&service, "GET /v1/stories/none", &[]).status, 404);
    let answer = ask(&service, "GET /metrics", &[]);
    assert_eq!(
        answer.header("content-type"),
        "text/plain; version=0.0.4; charset=utf-8"
    );
    let text = answer.text();
    let value = |line: &str| -> f64 {
        let found = text.lines().find_map(|one| one.strip_prefix(line)?.strip_prefix(' '));
        found
            .and_then(|value| value.parse().ok())
            .unwrap_or_else(|| panic!("{line} in {text}"))
    };
    assert_eq!(value("silsila_accepted_articles_total{outcome=\"new\"}"), 3.0);
    assert_eq!(value("silsila_accepted_articles_total{outcome=\"known\"}"), 3.0);
    assert_eq!(value("silsila_placed_articles_total"), 3.0);
    assert_eq!(value("silsila_batch_articles_sum"), 3.0);
    assert!(value("silsila_stage_seconds_sum{stage=\"embed\"}") > 0.0);
    assert_eq!(value("silsila_stage_seconds_count{stage=\"extract\"}"), 2.0);
    assert!(value("silsila_story_changes_total{kind=\"created\"}") >= 1.0);
    assert!(value("silsila_http_requests_total{method=\"POST\",route=\"/v1/articles\",status=\"200\"}") == 2.0);
    assert!(value("silsila_http_requests_total{method=\"GET\",route=\"/v1/stories/{id}\",status=\"404\"}") == 1.0);
    assert!(value("silsila_store_bytes") > 10_000.0 && value("process_resident_memory_bytes") > 1e7);
    assert_eq!(
        (value("silsila_queued_articles"), value("silsila_oldest_queued_seconds")),
        (0.0, 0.0)
    );
    assert!(text.contains(&format!("version=\"{}\"", env!("CARGO_PKG_VERSION"))) && text.contains("model=\""));

    let there = names(&text);
    let root = env!("CARGO_MANIFEST_DIR");
    let dashboard = std::fs::read_to_string(format!("{root}/docs/grafana.json")).expect("the dashboard");
    let dashboard: Value = serde_json::from_str(&dashboard).expect("JSON");
    let mut queries = Vec::new();
    collect(&dashboard, &mut queries);
    assert!(queries.len() > 15, "{queries:?}");
    for query in &queries {
        assert!(asked(query).next().is_some(), "{query} asks for nothing of ours");
        for name in asked(query) {
            assert!(
                there.contains(name),
                "the dashboard asks for {name}, which is not there: {query}"
            );
        }
    }
    let manual = std::fs::read_to_string(format!("{root}/docs/MONITORING.md")).expect("the manual");
    for name in asked(&manual) {
        let family = there
            .iter()
            .any(|one| *one == name || one.strip_suffix("_bucket") == Some(name));
        assert!(family, "docs/MONITORING.md tells of {name}, which is not there");
    }
    for name in &there {
        let plain = ["_bucket", "_sum", "_count"]
            .iter()
            .find_map(|end| name.strip_suffix(end))
            .unwrap_or(name);
        assert!(manual.contains(plain), "docs/MONITORING.md does not tell of {plain}");
    }
}

/// All queries of a dashboard.
fn collect(value: &Value, queries: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match (name.as_str(), value) {
                    ("expr", Value::String(query)) => queries.push(query.clone()),
                    _ => collect(value, queries),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, queries)),
        _ => {}
    }
}

#[test]
fn every_request_is_one_line_in_the_log() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().to_str().expect("a path");
    let made = command(&["token", "add", "--role", "read", "--name", "wall", "--data-dir", data]).output();
    let token = String::from_utf8(made.expect("made").stdout).expect("text");
    let mut child = command(&["serve", "--listen", "127.0.0.1:0", "--data-dir", data])
        .env("RUST_LOG", "silsila=info")
        .env("SILSILA__PUBLISH__LOG_FORMAT", "json")
        .env("SILSILA__PUBLISH__REQUIRE_TOKENS", "true")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the service starts");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("a pipe"))
        .read_line(&mut line)
        .expect("it says where it is");
    let address = line.split_whitespace().last().unwrap_or_default().to_owned();
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let get = |path: &str, id: &str, bearer: &str| {
        let request = agent.get(format!("{address}{path}")).header("x-request-id", id);
        request
            .header("authorization", &format!("Bearer {bearer}"))
            .call()
            .expect("an answer")
            .status()
            .as_u16()
    };
    assert_eq!(get("/v1/stories/none?lang=secret+words", "one", token.trim()), 404);
    assert_eq!(get("/v1/stories", "two", "silsila_wrong"), 401);
    child.kill().expect("killed");
    let out = child.wait_with_output().expect("ended");
    let log = String::from_utf8_lossy(&out.stderr).into_owned();
    let line = |id: &str| -> Value {
        let lines: Vec<Value> = log
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}")))
            .filter(|line: &Value| line["request"] == id)
            .collect();
        assert_eq!(lines.len(), 1, "{log}");
        lines[0].clone()
    };
    let one = line("one");
    assert_eq!(
        (&one["method"], &one["route"], &one["status"], &one["token"]),
        (&json!("GET"), &json!("/v1/stories/{id}"), &json!(404), &json!("wall"))
    );
    assert!(one["milliseconds"].is_u64(), "{one}");
    assert_eq!((&line("two")["status"], line("two").get("token")), (&json!(401), None));
    assert!(
        !log.contains("secret") && !log.contains(token.trim()) && !log.contains("silsila_wrong"),
        "{log}"
    );
}
