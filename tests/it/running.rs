//! Promise: one process has a data folder, it says when it cannot work, and it ends without losing anything.

use std::io::{BufRead as _, BufReader, Write};
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::service::{Service, command, demonstration, said, signal, silsila};
use crate::wire::{Answer, JSON, ask, send};

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
fn what_waits_when_it_is_asked_to_end_is_placed_by_the_next_one() {
    let dir = tempfile::tempdir().expect("a folder");
    let service = Service::start(dir.path());
    let articles: Vec<_> = (0..300)
        .map(|number| {
            let text = format!(
                "Bridge {number} over river {} was closed by the mayor of town {number}.",
                number * 7
            );
            json!({"id": format!("w-{number}"), "title": format!("Town {number} closes its bridge"), "text": text})
        })
        .collect();
    let (status, _) = service.post(
        "/v1/articles",
        "application/json",
        json!(articles).to_string().as_bytes(),
    );
    assert_eq!(status, 202);
    let started = Instant::now();
    assert!(service.terminate().wait().success());
    // It does not wait for the queue: that is safe, and publish.drain_seconds are for requests.
    assert!(started.elapsed() < Duration::from_secs(15), "{:?}", started.elapsed());

    let service = Service::start(dir.path());
    let until = Instant::now() + Duration::from_secs(120);
    while ask(&service, "GET /readyz", &[]).json()["queued"] != 0 {
        assert!(Instant::now() < until, "the queue runs empty");
        std::thread::sleep(Duration::from_millis(100));
    }
    for number in 0..300 {
        let (status, article) = service.get(&format!("/v1/articles/w-{number}"));
        assert_eq!((status, article["state"].as_str()), (200, Some("placed")), "{article}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn the_embedder_stands_back_behind_those_who_read() {
    let dir = tempfile::tempdir().expect("a folder");
    let service = Service::start_with(dir.path(), "127.0.0.1:0", &[("SILSILA__EMBED__NICENESS", "7")]);
    let threads = std::fs::read_dir(format!("/proc/{}/task", service.id())).expect("threads");
    let threads: Vec<(String, i32)> = threads
        .filter_map(|thread| {
            let stat = std::fs::read_to_string(thread.ok()?.path().join("stat")).ok()?;
            let (name, fields) = stat.split_once('(')?.1.rsplit_once(") ")?;
            // The niceness is the 19th field; the state, the third one, follows the name.
            Some((name.to_owned(), fields.split(' ').nth(16)?.parse().ok()?))
        })
        .collect();
    let of = |wanted: &str| -> Vec<i32> {
        let named = threads.iter().filter(|(name, _)| name == wanted);
        named.map(|(_, niceness)| *niceness).collect()
    };
    let own = *of("silsila").first().expect("the main thread");
    // The runtime's threads have the name of the one that began them.
    let embedding = of("embed");
    assert!(!embedding.is_empty(), "{threads:?}");
    assert!(
        embedding.iter().all(|niceness| *niceness == (own + 7).min(19)),
        "{threads:?}"
    );
    let mut others = threads.iter().filter(|(name, _)| name != "embed");
    assert!(others.all(|(_, niceness)| *niceness == own), "{threads:?}");
}

/// What a service that is asked to stop says, and how it ends. `after` is how long it has been there by then.
fn stopped_while_starting(data: &std::path::Path, after: Duration) -> (String, std::process::ExitStatus) {
    let mut child = command(&["serve", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(data)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    std::thread::sleep(after);
    signal(child.id(), "TERM");
    let status = child.wait().expect("it ends");
    (said(&mut child), status)
}

#[test]
fn asked_to_stop_while_it_starts_it_ends_in_order_and_leaves_everything_whole() {
    let dir = demonstration();
    // The model loads meanwhile: where in it the signal comes must not matter.
    for milliseconds in (250..=1500).step_by(125) {
        let (said, status) = stopped_while_starting(dir.path(), Duration::from_millis(milliseconds));
        assert!(status.success(), "after {milliseconds} ms: {status:?} {said}");
        let lines: Vec<&str> = said.lines().collect();
        assert!(
            lines.len() == 1 && lines[0].contains("stopped") && lines[0].contains("SIGTERM"),
            "{said}"
        );
    }
    let data = dir.path().to_str().expect("a path");
    let check = silsila(&["check", "--data-dir", data]);
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stdout));
}

#[test]
fn requests_get_the_configured_time_to_end_and_no_more() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut child = command(&["serve", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(dir.path())
        .env("SILSILA__PUBLISH__DRAIN_SECONDS", "1")
        .env("SILSILA__PUBLISH__LOG_FORMAT", "json")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("a pipe"))
        .read_line(&mut line)
        .expect("a line");
    let host = line.trim().rsplit("http://").next().expect("an address").to_owned();
    // A request whose body never comes: without a limit it would be waited for for publish.body_seconds, a minute.
    let mut stream = std::net::TcpStream::connect(&host).expect("a connection");
    let head = format!(
        "POST /v1/articles HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n["
    );
    stream.write_all(head.as_bytes()).expect("sent");
    std::thread::sleep(Duration::from_millis(300));
    let started = Instant::now();
    signal(child.id(), "TERM");
    assert!(child.wait().expect("it ends").success());
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    let said = said(&mut child);
    let lines: Vec<serde_json::Value> = said
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}")))
        .filter(|line: &serde_json::Value| line["message"].as_str().is_some_and(|said| said.starts_with("stopped")))
        .collect();
    assert_eq!(lines.len(), 1, "{said}");
    let stopped = &lines[0];
    assert_eq!(
        (&stopped["signal"], &stopped["level"]),
        (&json!("SIGTERM"), &json!("INFO")),
        "{stopped}"
    );
    let message = stopped["message"].as_str().unwrap_or_default();
    assert!(message.contains("without waiting longer for requests"), "{stopped}");
    assert!(
        stopped["drained_milliseconds"]
            .as_u64()
            .is_some_and(|drained| drained >= 1000),
        "{stopped}"
    );
}
