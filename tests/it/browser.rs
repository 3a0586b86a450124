//! Promise: the pages work in a real browser, in both directions, wide and narrow, in light and dark, with keys.
//!
//! Needs Debian's package `chromium` (`.ci/needs` installs it). Without it the test is skipped and says so; in CI (`CI`
//! is set) or with `SILSILA_BROWSER=required` it fails instead. `SILSILA_SHOTS=folder` keeps pictures of what was seen.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use base64::Engine as _;
use serde_json::{Value, json};

use crate::service::{Service, demonstration};

const NARROW: u32 = 390;
const WIDE: u32 = 1400;

/// The browser's program, if there is one.
pub fn program() -> Option<&'static str> {
    ["chromium", "chromium-browser", "google-chrome"]
        .into_iter()
        .find(|name| {
            Command::new(name)
                .arg("--version")
                .output()
                .is_ok_and(|run| run.status.success())
        })
}

/// A headless browser with one page, spoken to over its debugging pipe: JSON messages, each ended by a zero byte.
pub struct Browser {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
    session: String,
    last: u64,
    /// Addresses that were asked for.
    pub requests: Vec<String>,
    /// Errors on the console, exceptions, and what the browser itself complained about.
    pub complaints: Vec<String>,
    pub loaded: bool,
}

impl Browser {
    pub fn start(program: &str, profile: &std::path::Path) -> Self {
        // The pipe is on the descriptors 3 and 4; the shell puts ours there.
        let mut child = Command::new("sh")
            .arg("-c")
            .arg("exec \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1")
            .args([
                "sh",
                program,
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
            ])
            .args([
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
            ])
            .args(["--hide-scrollbars", "--remote-debugging-pipe"])
            .arg(format!("--user-data-dir={}", profile.display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the browser starts");
        let orders = child.stdin.take().expect("a pipe");
        let answers = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut browser = Self {
            child,
            orders,
            answers,
            session: String::new(),
            last: 0,
            requests: Vec::new(),
            complaints: Vec::new(),
            loaded: false,
        };
        let target = browser.order("Target.createTarget", json!({"url": "about:blank"}));
        let attached = browser.order(
            "Target.attachToTarget",
            json!({"targetId": target["targetId"], "flatten": true}),
        );
        browser.session = attached["sessionId"].as_str().expect("a session").to_owned();
        for domain in ["Page", "Network", "Runtime", "Log"] {
            browser.order(&format!("{domain}.enable"), json!({}));
        }
        browser
    }

    /// Sends an order and waits for its answer.
    pub fn order(&mut self, method: &str, parameters: Value) -> Value {
        self.last += 1;
        let mut message = json!({"id": self.last, "method": method, "params": parameters});
        if !self.session.is_empty() {
            message["sessionId"] = json!(self.session);
        }
        let mut bytes = serde_json::to_vec(&message).expect("JSON");
        bytes.push(0);
        self.orders.write_all(&bytes).expect("the browser listens");
        self.orders.flush().expect("the browser listens");
        loop {
            let message = self.hear();
            if message["id"] == json!(self.last) {
                assert!(message["error"].is_null(), "{method}: {}", message["error"]);
                return message["result"].clone();
            }
        }
    }

    /// The next message; events are noted.
    pub fn hear(&mut self) -> Value {
        let mut bytes = Vec::new();
        self.answers.read_until(0, &mut bytes).expect("the browser speaks");
        assert_eq!(bytes.pop(), Some(0), "the browser has ended");
        let message: Value = serde_json::from_slice(&bytes).expect("JSON");
        let parameters = &message["params"];
        match message["method"].as_str().unwrap_or_default() {
            "Page.loadEventFired" => self.loaded = true,
            "Network.requestWillBeSent" => {
                let url = parameters["request"]["url"].as_str().expect("an address");
                self.requests.push(url.to_owned());
            }
            "Runtime.exceptionThrown" => self.complaints.push(parameters["exceptionDetails"].to_string()),
            "Runtime.consoleAPICalled" if parameters["type"] == "error" => {
                self.complaints.push(parameters["args"].to_string());
            }
            "Log.entryAdded" if parameters["entry"]["level"] == "error" => {
                self.complaints.push(parameters["entry"].to_string());
            }
            _ => {}
        }
        message
    }

    pub fn open(&mut self, address: &str) {
        self.loaded = false;
        self.order("Page.navigate", json!({"url": address}));
        while !self.loaded {
            self.hear();
        }
    }

    pub fn ask(&mut self, expression: &str) -> Value {
        let answer = self.order(
            "Runtime.evaluate",
            json!({"expression": expression, "returnByValue": true}),
        );
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    fn press(&mut self, key: &str, code: &str) {
        let text = if key.chars().count() == 1 { key } else { "\r" };
        for kind in ["keyDown", "keyUp"] {
            let text = if kind == "keyDown" { text } else { "" };
            self.order(
                "Input.dispatchKeyEvent",
                json!({"type": kind, "key": key, "code": code, "text": text,
                    "windowsVirtualKeyCode": if key == "Enter" { 13 } else { 0 }}),
            );
        }
    }

    pub fn size(&mut self, width: u32) {
        self.order(
            "Emulation.setDeviceMetricsOverride",
            json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false}),
        );
    }

    pub fn scheme(&mut self, scheme: &str) {
        self.order(
            "Emulation.setEmulatedMedia",
            json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]}),
        );
    }

    /// Keeps a picture, if pictures are wanted.
    pub fn shoot(&mut self, name: &str) {
        let Ok(folder) = std::env::var("SILSILA_SHOTS") else {
            return;
        };
        let shot = self.order("Page.captureScreenshot", json!({"format": "png"}));
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(shot["data"].as_str().expect("a picture"))
            .expect("base64");
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(std::path::Path::new(&folder).join(format!("{name}.png")), bytes).expect("a file");
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Elements that stick out of the page, to name them when the page is too wide.
const TOO_WIDE: &str = "[...document.querySelectorAll('body *')].filter(e => { const r = e.getBoundingClientRect();
    return r.width && (r.right > innerWidth + 1 || r.left < -1) && getComputedStyle(e).position !== 'absolute'; })
    .slice(0, 5).map(e => e.outerHTML.slice(0, 120)).join(' | ')";

#[test]
fn pages_work_in_a_browser() {
    let Some(program) = program() else {
        let required =
            std::env::var_os("CI").is_some() || std::env::var("SILSILA_BROWSER").is_ok_and(|v| v == "required");
        assert!(
            !required,
            "chromium is not installed, and this test must not be skipped here: apt-get install chromium"
        );
        // Past the test runner's capture, which would hide it.
        let said = "SKIPPED pages_work_in_a_browser: chromium is not installed (apt-get install chromium)";
        writeln!(std::io::stderr(), "{said}").expect("standard error");
        return;
    };
    let dir = demonstration();
    let profile = tempfile::tempdir().expect("a folder");
    let service = Service::start(dir.path());
    let pages = pages(&service);
    let mut browser = Browser::start(program, profile.path());
    for ui in ["en", "ar"] {
        for width in [WIDE, NARROW] {
            browser.size(width);
            for (name, path) in &pages {
                let mark = if path.contains('?') { '&' } else { '?' };
                browser.open(&format!("{}{path}{mark}ui={ui}", service.address));
                for scheme in ["light", "dark"] {
                    browser.scheme(scheme);
                    let place = format!("{name}-{ui}-{width}-{scheme}");
                    browser.shoot(&place);
                    look(&mut browser, &place, ui, width, scheme);
                }
            }
        }
    }
    browser.size(WIDE);
    keys(&mut browser, &service);
    switches(&mut browser, &service);
    let strangers: Vec<&String> = browser
        .requests
        .iter()
        .filter(|url| !url.starts_with(&service.address) && !url.starts_with("data:") && *url != "about:blank")
        .collect();
    assert!(
        strangers.is_empty(),
        "nothing is loaded from other hosts: {strangers:?}"
    );
    assert!(browser.complaints.is_empty(), "{:#?}", browser.complaints);
}

/// One page of each kind.
fn pages(service: &Service) -> BTreeMap<&'static str, String> {
    let id = |path: &str| -> String {
        let (_, list) = service.get(path);
        list["items"][0]["id"].as_str().expect("an item").to_owned()
    };
    let story = id("/v1/stories?sort_by=size");
    // The article with the most cuts shows the most.
    let (_, found) = service.get("/v1/search?q=Sudan&per_page=100");
    let article = found["items"]
        .as_array()
        .expect("items")
        .iter()
        .filter_map(|hit| hit["article_id"].as_str())
        .max_by_key(|id| {
            service.get(&format!("/v1/articles/{id}")).1["removed"]
                .as_array()
                .map_or(0, Vec::len)
        })
        .expect("an article")
        .to_owned();
    let (_, whole) = service.get(&format!("/v1/articles/{article}"));
    let mut pages = BTreeMap::from([
        ("list", "/?sort_by=size".to_owned()),
        ("story", format!("/stories/{story}")),
        ("article", format!("/articles/{article}")),
        ("search", "/search?q=%D9%87%D8%AF%D9%86%D8%A9".to_owned()),
    ]);
    if let Some(document) = whole["document_id"].as_str() {
        pages.insert("document", format!("/documents/{document}"));
    }
    pages
}

fn look(browser: &mut Browser, place: &str, ui: &str, width: u32, scheme: &str) {
    let direction = if ui == "ar" { "rtl" } else { "ltr" };
    assert_eq!(
        browser.ask("getComputedStyle(document.body).direction"),
        direction,
        "{place}"
    );
    assert_eq!(browser.ask("document.documentElement.lang"), ui, "{place}");
    let scrolled = browser
        .ask("document.documentElement.scrollWidth")
        .as_u64()
        .expect("a width");
    if scrolled > u64::from(width) {
        panic!("{place} is {scrolled} wide: {}", browser.ask(TOO_WIDE));
    }
    let wrong = browser.ask(
        "[...document.querySelectorAll('[lang=ar][dir]')].filter(e => getComputedStyle(e).direction !== 'rtl').length
         + [...document.querySelectorAll('main [lang=en][dir], main [lang=ru][dir], main [lang=fr][dir]')]
            .filter(e => getComputedStyle(e).direction !== 'ltr').length",
    );
    assert_eq!(wrong, 0, "{place}: every text runs in its own language's direction");
    let ground = browser.ask("getComputedStyle(document.body).backgroundColor");
    let sum: u32 = ground
        .as_str()
        .expect("a colour")
        .split(|c: char| !c.is_ascii_digit())
        .filter_map(|part| part.parse::<u32>().ok())
        .sum();
    assert_eq!(sum < 200, scheme == "dark", "{place}: {ground}");
}

/// j, k, Enter, /, u and ?, on a Latin and on an Arabic keyboard.
fn keys(browser: &mut Browser, service: &Service) {
    let here = "[...document.querySelectorAll('.item')].findIndex(e => e.classList.contains('here'))";
    browser.open(&format!("{}/?ui=en", service.address));
    browser.press("j", "KeyJ");
    assert_eq!(browser.ask(here), 0);
    browser.press("ت", "KeyJ");
    assert_eq!(browser.ask(here), 1, "the key of an Arabic layout");
    browser.press("k", "KeyK");
    assert_eq!(browser.ask(here), 0);
    assert_eq!(
        browser.ask("getComputedStyle(document.activeElement).outlineStyle"),
        "solid",
        "the focus can be seen"
    );
    browser.press("/", "Slash");
    assert_eq!(browser.ask("document.activeElement.id"), "search");
    assert_eq!(browser.ask("document.activeElement.value"), "", "the key is not typed");
    browser.press("Escape", "Escape");
    browser.press("?", "Slash");
    assert_eq!(browser.ask("document.getElementById('help').open"), true);
    browser.ask("document.getElementById('help').close()");
    browser.press("j", "KeyJ");
    browser.loaded = false;
    browser.press("Enter", "Enter");
    while !browser.loaded {
        browser.hear();
    }
    let path = browser.ask("location.pathname");
    assert!(
        path.as_str().is_some_and(|path| path.starts_with("/stories/")),
        "{path}"
    );
    // Cuts can be hidden without a script of ours.
    let hidden = "getComputedStyle(document.querySelector('.cut')).display === 'none'";
    let article = pages(service)["article"].clone();
    browser.open(&format!("{}{article}?ui=en", service.address));
    assert_eq!(browser.ask(hidden), false);
    browser.ask("document.getElementById('cuts').click()");
    assert_eq!(browser.ask(hidden), true);
}

/// A choice of language and theme stays on the next page, whose address does not name it.
fn switches(browser: &mut Browser, service: &Service) {
    browser.scheme("light");
    browser.open(&format!("{}/?ui=en&theme=system", service.address));
    for link in ["ui-ar", "theme"] {
        browser.loaded = false;
        browser.ask(&format!("document.getElementById('{link}').click()"));
        while !browser.loaded {
            browser.hear();
        }
    }
    browser.open(&format!("{}/search", service.address));
    assert_eq!(browser.ask("document.dir"), "rtl");
    assert_eq!(browser.ask("document.documentElement.dataset.theme"), "dark");
    assert_eq!(
        browser.ask("getComputedStyle(document.documentElement).colorScheme"),
        "dark"
    );
}
