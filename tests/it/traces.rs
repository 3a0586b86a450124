//! Promise: who collects traces gets those of the message path, under the trace that a request names; by default nobody gets any.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use crate::service::Service;
use crate::wire::{JSON, post};

/// Takes what is posted, path and body.
fn collector() -> (String, Receiver<(String, Vec<u8>)>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let (give, got) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let give = give.clone();
            std::thread::spawn(move || {
                while let Some(one) = take(&stream) {
                    let _ = give.send(one);
                }
            });
        }
    });
    (address, got)
}

fn take(mut stream: &TcpStream) -> Option<(String, Vec<u8>)> {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first).ok().filter(|read| *read > 0)?;
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    stream
        .write_all(b"HTTP/1.1 200 Fine\r\ncontent-length: 0\r\n\r\n")
        .ok()?;
    Some((first.split(' ').nth(1)?.to_owned(), body))
}

#[test]
fn the_message_path_is_traced_under_the_trace_of_the_request() {
    let (address, got) = collector();
    let dir = tempfile::tempdir().expect("a folder");
    let service = Service::start_with(dir.path(), "127.0.0.1:0", &[("OTEL_EXPORTER_OTLP_ENDPOINT", &address)]);
    let body =
        r#"{"title": "The bridge near Basra was closed", "text": "It was closed after the flood.", "lang": "en"}"#;
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let parent = format!("00-{trace}-b7ad6b7169203331-01");
    let headers = [JSON, ("traceparent", parent.as_str())];
    let answer = post(&service, "/v1/articles?wait=placed", &headers, body.as_bytes());
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(service.terminate().wait().success());
    let mut all = Vec::new();
    while let Ok((path, body)) = got.recv_timeout(Duration::from_secs(2)) {
        assert_eq!(path, "/v1/traces");
        all.extend(body);
    }
    let has = |wanted: &[u8]| all.windows(wanted.len()).any(|part| part == wanted);
    for name in ["silsila", "request", "/v1/articles", "place", "embed", "store"] {
        assert!(has(name.as_bytes()), "{name} in {} bytes", all.len());
    }
    let bytes: Vec<u8> = (0..trace.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&trace[at..at + 2], 16).expect("a byte"))
        .collect();
    assert!(has(&bytes), "the trace of the request");
}

#[test]
fn an_address_that_is_none_is_refused_at_the_start() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut command = crate::service::command(&["serve", "--listen", "127.0.0.1:0", "--data-dir"]);
    command
        .arg(dir.path())
        .env("SILSILA__TELEMETRY__OTLP_ENDPOINT", "collector:4318");
    let refused = command.output().expect("it runs");
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(
        !refused.status.success() && said.contains("telemetry.otlp_endpoint") && said.contains("collector:4318"),
        "{said}"
    );
}
