//! Opens many streams of the change log at once, feeds the service meanwhile, and says what a stream costs and whether every
//! one got every change once and in order.
//!
//! `cargo run --release --example streams -- [--streams N] [--articles N] [--binary FILE]`: starts FILE (target/release/silsila
//! unless said otherwise) on a folder of its own, opens N streams (1,000) and one more that never reads, hands in N articles
//! (100), and reads the service's resident memory from /proc. Needs more than two files a stream (`ulimit -n`), and the model.

use std::error::Error;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// Articles of a request.
const BATCH: usize = 20;
/// Bytes of a reading thread's stack.
const STACK: usize = 128 * 1024;
/// How long a stream may wait for its next event.
const PATIENCE: Duration = Duration::from_secs(60);

/// The service; killed at the end.
struct Service {
    child: Child,
    host: String,
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Service {
    fn start(binary: &str, data: &std::path::Path, streams: usize) -> Result<Self, Box<dyn Error>> {
        let mut child = Command::new(binary)
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(data)
            .env("SILSILA__PUBLISH__MAX_STREAMS", (streams + 1).to_string())
            .env("SILSILA__PUBLISH__MAX_CONNECTIONS", (2 * streams + 100).to_string())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().ok_or("no output")?).read_line(&mut line)?;
        let address = line.split_whitespace().last().unwrap_or_default();
        let host = address.strip_prefix("http://").ok_or("it does not say where it is")?;
        Ok(Self {
            host: host.to_owned(),
            child,
        })
    }

    /// Resident memory, MB.
    fn memory(&self) -> Result<f64, Box<dyn Error>> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
        Ok(kilobytes.ok_or("no VmRSS")? / 1024.0)
    }

    fn follow(&self) -> std::io::Result<TcpStream> {
        let mut stream = TcpStream::connect(&self.host)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let head = format!("GET /v1/changes/stream?after=0 HTTP/1.1\r\nhost: {}\r\n\r\n", self.host);
        stream.write_all(head.as_bytes())?;
        Ok(stream)
    }

    fn ask(&self, request: &str, body: &str) -> Result<Value, Box<dyn Error>> {
        let mut stream = TcpStream::connect(&self.host)?;
        let head = format!(
            "{request} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.host,
            body.len()
        );
        stream.write_all(head.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (_, body) = answer.split_once("\r\n\r\n").ok_or("no answer")?;
        Ok(serde_json::from_str(body)?)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let (mut streams, mut articles, mut binary) = (1000, 100, "target/release/silsila".to_owned());
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let value = arguments.next().ok_or(format!("{argument} wants a value"))?;
        match argument.as_str() {
            "--streams" => streams = value.parse()?,
            "--articles" => articles = value.parse()?,
            "--binary" => binary = value,
            other => return Err(format!("there is no {other}").into()),
        }
    }
    let data = std::env::temp_dir().join(format!("silsila-streams-{}", std::process::id()));
    std::fs::create_dir_all(&data)?;
    let result = measure(&binary, &data, streams, articles);
    std::fs::remove_dir_all(&data)?;
    result
}

fn measure(binary: &str, data: &std::path::Path, streams: usize, articles: usize) -> Result<(), Box<dyn Error>> {
    let service = Service::start(binary, data, streams)?;
    hand_in(&service, "warm", BATCH)?;
    let before = service.memory()?;
    let _never_reads = service.follow()?;
    let (send, ended) = channel::<Result<Vec<u64>, String>>();
    let (opened, open) = channel();
    let last = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(u64::MAX));
    for _ in 0..streams {
        let stream = service.follow()?;
        let (send, opened, last) = (send.clone(), opened.clone(), std::sync::Arc::clone(&last));
        std::thread::Builder::new().stack_size(STACK).spawn(move || {
            let mut seen = Vec::new();
            let mut lines = BufReader::with_capacity(4096, stream).lines();
            let outcome = loop {
                let Some(Ok(line)) = lines.next() else {
                    break Err(format!("a stream ended after {} changes", seen.len()));
                };
                if line.starts_with(": behind") {
                    let _ = opened.send(());
                } else if let Some(number) = line.strip_prefix("id: ").and_then(|id| id.parse().ok()) {
                    seen.push(number);
                }
                // A heartbeat wakes who had its last change before it was known to be the last.
                if seen
                    .last()
                    .is_some_and(|seen| *seen >= last.load(std::sync::atomic::Ordering::Relaxed))
                {
                    break Ok(seen);
                }
            };
            let _ = send.send(outcome);
        })?;
    }
    for _ in 0..streams {
        open.recv_timeout(PATIENCE)?;
    }
    let opened = service.memory()?;
    let started = Instant::now();
    hand_in(&service, "fed", articles)?;
    let fed = started.elapsed();
    let newest = newest(&service)?;
    last.store(newest, std::sync::atomic::Ordering::Relaxed);
    let wanted: Vec<u64> = (1..=newest).collect();
    let (mut whole, mut wrong) = (0, Vec::new());
    for _ in 0..streams {
        match ended.recv_timeout(PATIENCE)? {
            Ok(seen) if seen == wanted => whole += 1,
            Ok(seen) => wrong.push(format!("a stream got {} of {newest} changes", seen.len())),
            Err(why) => wrong.push(why),
        }
    }
    let after = service.memory()?;
    println!(
        "{streams} streams, {articles} articles in {:.1} s, {newest} changes",
        fed.as_secs_f64()
    );
    println!("resident memory: {before:.1} MB before, {opened:.1} MB with the streams open, {after:.1} MB at the end");
    println!(
        "a stream: {:.1} kB open, {:.1} kB at the end",
        per(opened - before, streams),
        per(after - before, streams)
    );
    println!("{whole} streams got every change once and in order");
    match wrong.first() {
        None => Ok(()),
        Some(first) => Err(format!("{} did not: {first}", wrong.len()).into()),
    }
}

fn per(megabytes: f64, streams: usize) -> f64 {
    megabytes * 1024.0 / streams.max(1) as f64
}

fn hand_in(service: &Service, name: &str, count: usize) -> Result<(), Box<dyn Error>> {
    let numbers: Vec<usize> = (0..count).collect();
    for batch in numbers.chunks(BATCH) {
        let articles: Vec<Value> = batch
            .iter()
            .map(|number| {
                json!({
                    "id": format!("{name}-{number}"), "title": format!("Town {number} of {name} counts its bridges"),
                    "text": format!("The town of Number {number} has counted {number} bridges, the mayor of {name} said."),
                })
            })
            .collect();
        service.ask("POST /v1/articles?wait=placed", &json!(articles).to_string())?;
    }
    Ok(())
}

fn newest(service: &Service) -> Result<u64, Box<dyn Error>> {
    let mut cursor = "0".to_owned();
    loop {
        let page = service.ask(&format!("GET /v1/changes?per_page=100&cursor={cursor}"), "")?;
        let items = page["items"].as_array().map_or(0, Vec::len);
        cursor = page["next_cursor"].as_str().ok_or("no cursor")?.to_owned();
        if items < 100 {
            return Ok(cursor.parse()?);
        }
    }
}
