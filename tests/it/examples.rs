//! Promise: the programs in docs/examples do what they say with the service as it is.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::browser::{Browser, program};
use crate::service::{Service, demonstration};

fn example(name: &str) -> String {
    format!("{}/docs/examples/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn run(name: &str, arguments: &[&str]) -> Output {
    let run = Command::new(example(name)).args(arguments).output().expect("it runs");
    assert!(run.status.success(), "{name}: {}", String::from_utf8_lossy(&run.stderr));
    run
}

fn post_one(service: &Service, id: &str) {
    let article = json!([{"id": id, "title": format!("A lighthouse opens ({id})"), "text": "The lighthouse opened on 12 March 2024.",
        "published": "2024-03-12", "lang": "en", "source": id}]);
    let (status, answer) = service.post(
        "/v1/articles?wait=placed",
        "application/json",
        article.to_string().as_bytes(),
    );
    assert_eq!(status, 200, "{answer}");
}

#[test]
fn shells_with_curl_read_poll_and_watch() {
    let dir = demonstration();
    let service = Service::start(dir.path());
    let folder = tempfile::tempdir().expect("a folder");
    let said = run(
        "stories.sh",
        &[&service.address, folder.path().to_str().expect("a path")],
    )
    .stdout;
    let said = String::from_utf8(said).expect("UTF-8");
    assert!(said.ends_with("first: 200\nagain: 304\n"), "{said}");
    let file = |name: &str| std::fs::read_to_string(folder.path().join(name)).expect("a file");
    let largest = service.get("/v1/stories?sort_by=size&per_page=1").1["items"][0]["id"].clone();
    assert!(
        said.contains(&format!("the largest story is {}", largest.as_str().expect("an id"))),
        "{said}"
    );
    assert!(file("timeline.csv").lines().count() > 3 && file("timeline.atom").contains("<entry"));
    for name in ["timeline.timelinejs.json", "story.jsonld", "then.json", "moving.json"] {
        serde_json::from_str::<Value>(&file(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    let said = String::from_utf8(run("watch.sh", &[&service.address]).stdout).expect("UTF-8");
    assert!(
        said.starts_with("watch w1, feed http") && said.contains("<feed"),
        "{said}"
    );
    assert_eq!(service.get("/v1/watches/w1").0, 404, "taken away again");
}

/// Kills what it holds.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn numbers(lines: &str) -> Vec<u64> {
    lines
        .lines()
        .filter_map(|line| line.split('\t').next()?.parse().ok())
        .collect()
}

#[test]
fn a_follower_survives_restarts_of_both_sides() {
    let dir = demonstration();
    let listen = TcpListener::bind("127.0.0.1:0")
        .expect("a port")
        .local_addr()
        .expect("an address")
        .to_string();
    let service = Service::start_with(dir.path(), &listen, &[]);
    let folder = tempfile::tempdir().expect("a folder");
    let state = folder.path().join("cursor");
    let once = |address: &str| {
        let run = run("follow.py", &[address, state.to_str().expect("a path"), "--once"]);
        numbers(&String::from_utf8(run.stdout).expect("UTF-8"))
    };
    let first = once(&service.address);
    let newest = *first.last().expect("changes");
    assert_eq!(first, (1..=newest).collect::<Vec<_>>());
    assert_eq!(once(&service.address), Vec::<u64>::new(), "nothing twice");
    post_one(&service, "l1");
    let second = once(&service.address);
    assert_eq!(second.first(), Some(&(newest + 1)));

    // It goes on while the service is away, and hears what comes when it is back.
    let mut follower = Command::new(example("follow.py"))
        .args([&service.address, state.to_str().expect("a path")])
        .stdout(Stdio::piped())
        .spawn()
        .map(Ended)
        .expect("it starts");
    let lines = BufReader::new(follower.0.stdout.take().expect("a pipe")).lines();
    service.kill();
    std::thread::sleep(Duration::from_secs(1));
    let service = Service::start_with(dir.path(), &listen, &[]);
    post_one(&service, "l2");
    let heard = lines
        .map_while(Result::ok)
        .find(|line| line.contains("\tl2"))
        .expect("the new article");
    assert!(numbers(&heard)[0] > *second.last().expect("changes"));
    drop(follower);
    // Killed after it was printed and perhaps before it was written down: printed again at most, never left out.
    let third = once(&service.address);
    let kept: u64 = std::fs::read_to_string(&state)
        .expect("a cursor")
        .parse()
        .expect("a number");
    assert_eq!(kept, service_newest(&service));
    assert!(third.iter().all(|number| *number > *second.last().expect("changes")));
}

fn service_newest(service: &Service) -> u64 {
    let mut cursor = 0;
    loop {
        let (_, page) = service.get(&format!("/v1/changes?per_page=100&cursor={cursor}"));
        match page["items"].as_array().expect("items").last() {
            Some(last) => cursor = last["number"].as_u64().expect("a number"),
            None => return cursor,
        }
    }
}

/// Serves pages from a port of its own: another origin.
fn other_site(pages: Vec<(&'static str, String)>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut head = [0; 4096];
            let read = stream.read(&mut head).unwrap_or(0);
            let text = String::from_utf8_lossy(&head[..read]).into_owned();
            let path = text
                .split(' ')
                .nth(1)
                .unwrap_or_default()
                .split('?')
                .next()
                .unwrap_or_default()
                .to_owned();
            let found = pages.iter().find(|(known, _)| *known == path);
            let (status, body) = found.map_or(("204 No Content", ""), |(_, body)| ("200 OK", body.as_str()));
            let answer = format!(
                "HTTP/1.1 {status}\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    address
}

/// Addresses of what frames show; a sandboxed one is a target of its own.
fn framed(browser: &mut Browser) -> Vec<String> {
    let tree = browser.order("Page.getFrameTree", json!({}));
    let own = tree["frameTree"]["childFrames"].as_array().cloned().unwrap_or_default();
    let targets = browser.order("Target.getTargets", json!({}));
    let others = targets["targetInfos"].as_array().cloned().unwrap_or_default();
    own.iter()
        .map(|one| &one["frame"]["url"])
        .chain(
            others
                .iter()
                .filter(|one| one["type"] == "iframe")
                .map(|one| &one["url"]),
        )
        .filter_map(|url| url.as_str().map(str::to_owned))
        .collect()
}

fn until(browser: &mut Browser, expression: &str) -> Value {
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        let found = browser.ask(expression);
        if !matches!(found, Value::Null | Value::Bool(false)) {
            return found;
        }
        assert!(
            Instant::now() < end,
            "not within 30 s: {expression}; {}",
            browser.ask("document.body.innerText")
        );
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn other_sites_show_a_dashboard_and_a_timeline() {
    let Some(program) = program() else {
        let required =
            std::env::var_os("CI").is_some() || std::env::var("SILSILA_BROWSER").is_ok_and(|v| v == "required");
        assert!(
            !required,
            "chromium is not installed, and this test must not be skipped here: apt-get install chromium"
        );
        let said =
            "SKIPPED other_sites_show_a_dashboard_and_a_timeline: chromium is not installed (apt-get install chromium)";
        writeln!(std::io::stderr(), "{said}").expect("standard error");
        return;
    };
    let listen = TcpListener::bind("127.0.0.1:0")
        .expect("a port")
        .local_addr()
        .expect("an address")
        .to_string();
    let read = |name: &str| std::fs::read_to_string(Path::new(&example(name))).expect("a file");
    let dir = demonstration();
    let article = read("embed.html").replace("127.0.0.1:8080", &listen);
    let site = other_site(vec![
        ("/dashboard.html", read("dashboard.html")),
        ("/article.html", article),
    ]);
    let origin = format!("http://{site}");
    let settings = [
        ("SILSILA__PUBLISH__CORS_ORIGINS", origin.as_str()),
        ("SILSILA__PUBLISH__EMBED_ANCESTORS", origin.as_str()),
    ];
    let service = Service::start_with(dir.path(), &listen, &settings);
    let profile = tempfile::tempdir().expect("a folder");
    let mut browser = Browser::start(program, profile.path());

    // The dashboard fills, asks again for nothing, and shows what is new.
    browser.open(&format!("{origin}/dashboard.html?server={}&seconds=1", service.address));
    let rows = until(&mut browser, "document.querySelectorAll('#rows tr').length || null");
    assert!(rows.as_u64() >= Some(10), "{rows}");
    until(
        &mut browser,
        "/unchanged [1-9]/.test(document.getElementById('said').textContent)",
    );
    post_one(&service, "new-on-the-dashboard");
    until(
        &mut browser,
        "document.getElementById('rows').innerText.includes('new-on-the-dashboard')",
    );
    let mixed = "[...document.querySelectorAll('#rows a')].map(a => getComputedStyle(a).direction)";
    let directions = browser.ask(mixed).to_string();
    assert!(directions.contains("rtl") && directions.contains("ltr"), "{directions}");
    browser.shoot("example-dashboard");

    // The timeline is shown in an article, in Arabic, and nothing else of ours can be.
    browser.open(&format!("{origin}/article.html"));
    let shown = format!("{}/embed/stories/s1?", service.address);
    let end = Instant::now() + Duration::from_secs(20);
    while !framed(&mut browser).iter().any(|url| url.starts_with(&shown)) {
        assert!(Instant::now() < end, "{:?}", framed(&mut browser));
        std::thread::sleep(Duration::from_millis(100));
    }
    std::thread::sleep(Duration::from_millis(300));
    browser.shoot("example-embed");
    assert!(browser.complaints.is_empty(), "{:#?}", browser.complaints);
    for (lang, direction, theme, dark) in [("ar", "rtl", "dark", true), ("en", "ltr", "light", false)] {
        browser.size(390);
        browser.open(&format!(
            "{}/embed/stories/s1?lang={lang}&theme={theme}&dates=6",
            service.address
        ));
        assert_eq!(browser.ask("getComputedStyle(document.body).direction"), direction);
        assert!(browser.ask("document.documentElement.scrollWidth").as_u64() <= Some(390));
        let ground = browser.ask("getComputedStyle(document.body).backgroundColor");
        assert_eq!(
            ground.as_str().expect("a colour").contains("255, 255, 255"),
            !dark,
            "{ground}"
        );
        assert_eq!(browser.ask("document.scripts.length + document.cookie.length"), 0);
        let wrong = "[...document.querySelectorAll('[lang=ar][dir]')].filter(e => getComputedStyle(e).direction !== 'rtl').length
            + [...document.querySelectorAll('main [lang=en][dir], main [lang=ru][dir]')].filter(e => getComputedStyle(e).direction !== 'ltr').length";
        assert_eq!(browser.ask(wrong), 0);
        browser.shoot(&format!("embed-{lang}"));
    }
    browser.size(1000);
    let page = format!(
        "<!doctype html><iframe src=\"{}/stories/s1\"></iframe>",
        service.address
    );
    let other = other_site(vec![("/frame.html", page)]);
    browser.open(&format!("http://{other}/frame.html"));
    std::thread::sleep(Duration::from_secs(1));
    let found = framed(&mut browser);
    assert!(found.iter().all(|url| !url.contains("/stories/")), "{found:?}");
}
