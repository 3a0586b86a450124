//! Promise: the pages work in a real browser, in both directions, wide and narrow, in light and dark, with keys.
//!
//! Needs Debian's package `chromium` (`.ci/needs` installs it). Without it the test is skipped and says so; in CI (`CI`
//! is set) or with `SILSILA_BROWSER=required` it fails instead. `SILSILA_SHOTS=folder` keeps pictures of what was seen.
//! Accessibility is checked with axe-core, which `.ci/axe` fetches; without it (no npm, no registry) that test is skipped
//! likewise.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use std::time::{Duration, Instant};

use base64::Engine as _;
use serde_json::{Value, json};

use crate::front::{newest, reprint};
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
            json!({"expression": expression, "returnByValue": true, "awaitPromise": true}),
        );
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    /// Waits until an expression is true, for ten seconds at most.
    pub fn until(&mut self, expression: &str) {
        let give_up = Instant::now() + Duration::from_secs(10);
        while self.ask(expression) != true {
            let bar = "document.getElementById('bar')?.textContent";
            assert!(
                Instant::now() < give_up,
                "never: {expression}; the bar says {}",
                self.ask(bar)
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    pub fn press(&mut self, key: &str, code: &str) {
        let (text, number) = match key {
            "Enter" => ("\r", 13),
            "Tab" => ("", 9),
            " " => (" ", 32),
            key if key.chars().count() == 1 => (key, 0),
            _ => ("", 0),
        };
        for kind in ["keyDown", "keyUp"] {
            let text = if kind == "keyDown" { text } else { "" };
            self.order(
                "Input.dispatchKeyEvent",
                json!({"type": kind, "key": key, "code": code, "text": text, "windowsVirtualKeyCode": number}),
            );
        }
    }

    /// Goes on by the Tab key to what a selector names.
    pub fn tab_to(&mut self, selector: &str) {
        for _ in 0..300 {
            self.press("Tab", "Tab");
            if self.ask(&format!("document.activeElement.matches({selector:?})")) == true {
                return;
            }
        }
        panic!("no key leads to {selector}");
    }

    /// Presses the mouse on the first of what a selector names.
    pub fn click(&mut self, selector: &str) {
        let place = self.ask(&format!(
            "(() => {{ const one = document.querySelector({selector:?});
               one.scrollIntoView({{block: 'center', behavior: 'instant'}});
               const {{x, y, width, height}} = one.getBoundingClientRect();
               return [x + width / 2, y + height / 2]; }})()"
        ));
        for kind in ["mousePressed", "mouseReleased"] {
            self.order(
                "Input.dispatchMouseEvent",
                json!({"type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1}),
            );
        }
    }

    /// Types a text where the focus is.
    pub fn write(&mut self, text: &str) {
        self.order("Input.insertText", json!({"text": text}));
    }

    /// Does something that leads to another page, and waits until that is there.
    pub fn leads_on(&mut self, act: impl FnOnce(&mut Self)) {
        self.loaded = false;
        act(self);
        while !self.loaded {
            self.hear();
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
        let width = self.ask("innerWidth");
        let shot = self.order(
            "Page.captureScreenshot",
            json!({"format": "png", "captureBeyondViewport": true,
                "clip": {"x": 0, "y": 0, "width": width, "height": 2200, "scale": 1}}),
        );
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

/// Whether what a test needs must be there: in CI, or when asked for.
fn is_required() -> bool {
    std::env::var_os("CI").is_some() || std::env::var("SILSILA_BROWSER").is_ok_and(|value| value == "required")
}

/// Says that a test is skipped, past the test runner's capture, which would hide it.
fn skip(test: &str, why: &str) {
    assert!(!is_required(), "{test} must not be skipped here: {why}");
    writeln!(std::io::stderr(), "SKIPPED {test}: {why}").expect("standard error");
}

/// The browser's program; without it the test is skipped.
pub fn wanted(test: &str) -> Option<&'static str> {
    let found = program();
    if found.is_none() {
        skip(test, "chromium is not installed (apt-get install chromium)");
    }
    found
}

#[test]
fn pages_work_in_a_browser() {
    let Some(program) = wanted("pages_work_in_a_browser") else {
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
    keeps_to_itself(&browser, &service);
}

/// Nothing is loaded from other hosts, and the browser has nothing to complain about.
pub fn keeps_to_itself(browser: &Browser, service: &Service) {
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
    // Switched off they stay off on the next page, too.
    browser.ask("document.getElementById('letters').click()");
    browser.open(&format!("{}/?ui=en", service.address));
    browser.press("j", "KeyJ");
    assert_eq!(browser.ask(here), -1, "keys of one letter can be switched off");
    browser.ask("document.getElementById('letters').click()");
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

/// That a page follows what happens.
const STREAMS: &str = "document.getElementById('bar').dataset.stream === 'open'";

/// What arrives while pages are open: a bar and the title say so, and nothing moves until its reader asks.
#[test]
fn an_open_page_says_what_is_new_and_waits() {
    let Some(program) = wanted("an_open_page_says_what_is_new_and_waits") else {
        return;
    };
    let dir = demonstration();
    let profile = tempfile::tempdir().expect("a folder");
    let service = Service::start(dir.path());
    let (story, article) = newest(&service);
    let mut browser = Browser::start(program, profile.path());
    browser.size(WIDE);
    browser.open(&format!("{}/?ui=en", service.address));
    let count = format!("document.querySelector('.row[data-id={story}] .facts b').textContent");
    let before = browser.ask(&count);
    // The reader is further down, with the focus on a headline.
    let watched = "[...document.querySelectorAll('.row')].at(-1)";
    browser.ask(&format!(
        "{watched}.querySelector('a').focus(); scrollTo({{top: 200, behavior: 'instant'}}); 0"
    ));
    let looked_at = browser.ask(&format!("{watched}.dataset.id"));
    let place = "document.activeElement.closest('.row').getBoundingClientRect().top";
    let at = browser.ask(place).as_f64().expect("a place");
    reprint(&service, &article, "late-1");
    browser.until("document.querySelector('#bar p')?.textContent.includes('1 new article')");
    assert_eq!(
        browser.ask("document.title.slice(0, 4)"),
        "(1) ",
        "counted in the title"
    );
    assert_eq!(
        browser.ask("document.getElementById('bar').getAttribute('role')"),
        "status"
    );
    assert_eq!(browser.ask(&count), before, "nothing moves before its reader asks");
    assert_eq!(browser.ask(place).as_f64(), Some(at));
    browser.shoot("bar");
    reprint(&service, &article, "late-2");
    browser.until("document.querySelector('#bar p')?.textContent.includes('2 new articles')");
    browser.press(".", "Period");
    browser.until(&format!("{count} !== {before}"));
    assert_eq!(
        browser.ask(&format!(
            "document.querySelector('.row[data-id={story}] .mark').textContent"
        )),
        "2 new articles",
        "marked as new since the reader last looked"
    );
    assert_eq!(browser.ask("document.title.startsWith('(')"), false);
    assert_eq!(browser.ask("document.querySelector('#bar button')"), Value::Null);
    assert_eq!(
        browser.ask("document.activeElement.closest('.row').dataset.id"),
        looked_at,
        "the focus stays on its story"
    );
    let now = browser.ask(place).as_f64().expect("a place");
    assert!(
        (now - at).abs() <= 2.0,
        "what the reader looks at stays in its place: {at} {now}"
    );
    browser.shoot("marked");
    // All seen, by key.
    browser.ask("document.activeElement.blur()");
    browser.loaded = false;
    browser.press("s", "KeyS");
    while !browser.loaded {
        browser.hear();
    }
    assert_eq!(browser.ask("document.querySelectorAll('.mark').length"), 0);
    a_story_that_is_open(&mut browser, &service, &story, &article);
    a_list_with_filters(&mut browser, &service, &article);
    hidden_pages_hold_no_stream(&mut browser, &service);
    keeps_to_itself(&browser, &service);
    comes_back(&mut browser, service, dir.path(), &article);
}

/// The page of a story takes in what joins it, and says when the story goes on in another one.
fn a_story_that_is_open(browser: &mut Browser, service: &Service, story: &str, article: &str) {
    browser.open(&format!("{}/stories/{story}?ui=ar", service.address));
    let many = "document.querySelectorAll('.articles > li').length";
    let before = browser.ask(many).as_u64().expect("a number");
    browser.ask("document.getElementById('pace-table').open = true; 0");
    browser.ask("document.getElementById('correct').open = true; 0");
    let ticked = "[...document.querySelectorAll('.pick input:checked')].map(one => one.value).join()";
    browser.ask("document.querySelectorAll('.pick input')[1].checked = true; 0");
    let chosen = browser.ask(ticked);
    let seen = "document.querySelector('#ticked input[name=seen]').value";
    let version = browser.ask(seen);
    reprint(service, article, "late-3");
    browser.until("document.querySelector('#bar p')?.textContent.includes('مقالة جديدة')");
    assert_eq!(browser.ask(many), before);
    // The key of an Arabic layout.
    browser.press("ز", "Period");
    browser.until(&format!("{many} === {}", before + 1));
    assert_eq!(
        browser.ask("document.getElementById('pace-table').open"),
        true,
        "what was open stays open"
    );
    assert_eq!(browser.ask(ticked), chosen, "what is ticked stays ticked");
    assert!(chosen.as_str().is_some_and(|chosen| !chosen.is_empty()));
    assert_ne!(browser.ask(seen), version, "what is shown has been seen");
    let (_, list) = service.get("/v1/stories?sort_by=size&per_page=100");
    let smallest = list["items"].as_array().expect("items").iter().rev();
    let small: Vec<&str> = smallest.filter_map(|one| one["id"].as_str()).take(2).collect();
    browser.open(&format!("{}/stories/{}?ui=en", service.address, small[0]));
    let merge = json!({"kind": "merge", "stories": small, "into": small[1]});
    let (status, answer) = service.post("/v1/corrections", "application/json", merge.to_string().as_bytes());
    assert_eq!(status, 201, "{answer}");
    browser.until(&format!(
        "document.querySelector('#bar a')?.getAttribute('href') === '/stories/{}'",
        small[1]
    ));
    assert_eq!(
        browser.ask("document.querySelector('#bar p').textContent.includes('This story was merged')"),
        true
    );
    browser.shoot("merged");
}

/// A list that filters leave stories out of says what changed of its own alone.
fn a_list_with_filters(browser: &mut Browser, service: &Service, article: &str) {
    let (_, other) = service.get("/v1/search?q=Derna");
    let other = other["items"][0]["article_id"].as_str().expect("an article").to_owned();
    browser.open(&format!("{}/?q=Derna&ui=en", service.address));
    browser.until(STREAMS);
    reprint(service, article, "elsewhere-1");
    browser.until("document.getElementById('bar').dataset.asked === '1'");
    assert_eq!(
        browser.ask("document.querySelector('#bar button')"),
        Value::Null,
        "not of this list"
    );
    reprint(service, &other, "here-1");
    browser.until("document.querySelector('#bar p')?.textContent === '1 story of this list changed'");
}

/// Browsers open six connections to a host: a page that nobody sees must not hold one.
fn hidden_pages_hold_no_stream(browser: &mut Browser, service: &Service) {
    let open = || {
        let (_, figures) = service.get("/metrics");
        let text = figures.as_str().expect("text").to_owned();
        let line = text.lines().find(|line| line.starts_with("silsila_open_streams "));
        line.and_then(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
            .expect("a figure")
    };
    let wait = |wanted: f64| {
        let give_up = Instant::now() + Duration::from_secs(30);
        while open() != wanted {
            // The service notices that a client is gone when it next writes to it.
            assert!(Instant::now() < give_up, "{} streams are open, not {wanted}", open());
            std::thread::sleep(Duration::from_millis(100));
        }
    };
    browser.open(&format!("{}/?ui=en", service.address));
    browser.until(STREAMS);
    let hide = |hidden: bool| {
        format!(
            "Object.defineProperty(document, 'hidden', {{configurable: true, get: () => {hidden}}});
             document.getElementById('main').dataset.hidden = '0.05'; document.dispatchEvent(new Event('visibilitychange')); 0"
        )
    };
    browser.ask(&hide(true));
    browser.until("document.getElementById('bar').dataset.stream === 'off'");
    browser.ask(&hide(false));
    browser.until(STREAMS);
    wait(1.0);
}

/// The service goes away and comes back: the page says so and goes on behind what it has seen.
fn comes_back(browser: &mut Browser, service: Service, data: &std::path::Path, article: &str) {
    browser.open(&format!("{}/?ui=en", service.address));
    browser.until(STREAMS);
    let listen = service.address.trim_start_matches("http://").to_owned();
    service.kill();
    browser.until("document.querySelector('#bar .lost') !== null");
    let service = Service::start_with(data, &listen, &[]);
    reprint(&service, article, "late-4");
    browser.until("document.querySelector('#bar p')?.textContent.includes('1 new article')");
}

#[test]
fn search_shows_results_while_its_reader_types() {
    let Some(program) = wanted("search_shows_results_while_its_reader_types") else {
        return;
    };
    let dir = demonstration();
    let profile = tempfile::tempdir().expect("a folder");
    let service = Service::start(dir.path());
    let mut browser = Browser::start(program, profile.path());
    browser.size(WIDE);
    browser.open(&format!("{}/?ui=en", service.address));
    browser.press("/", "Slash");
    for letter in "karab".chars() {
        browser.press(&letter.to_string(), &format!("Key{}", letter.to_ascii_uppercase()));
    }
    browser.until("!document.getElementById('found').hidden");
    assert_eq!(
        browser.ask("document.getElementById('search').getAttribute('aria-expanded')"),
        "true"
    );
    assert_eq!(
        browser.ask("/found/.test(document.getElementById('typed').textContent)"),
        true,
        "said politely"
    );
    browser.shoot("typed");
    browser.press("ArrowDown", "ArrowDown");
    let chosen = "document.querySelector('#found [aria-selected=true]')";
    let address = browser.ask(&format!("{chosen}.dataset.address"));
    let is_story = address.as_str().is_some_and(|address| address.starts_with("/stories/"));
    assert!(is_story, "stories stand first: {address}");
    assert_eq!(
        browser.ask(&format!(
            "{chosen}.id === document.activeElement.getAttribute('aria-activedescendant')"
        )),
        true
    );
    browser.press("Escape", "Escape");
    assert_eq!(browser.ask("document.getElementById('found').hidden"), true);
    browser.press("a", "KeyA");
    browser.until("!document.getElementById('found').hidden");
    browser.press("ArrowDown", "ArrowDown");
    let address = browser.ask(&format!("{chosen}.dataset.address"));
    browser.loaded = false;
    browser.press("Enter", "Enter");
    while !browser.loaded {
        browser.hear();
    }
    assert_eq!(browser.ask("location.pathname"), address);
    // As it stood: from its history and back.
    browser.ask("document.getElementById('changes').open = true; 0");
    for (link, expected) in [
        ("[...document.querySelectorAll('.history > li > a')].at(-1)", true),
        ("document.querySelector('.then a')", false),
    ] {
        browser.loaded = false;
        browser.ask(&format!("{link}.click()"));
        while !browser.loaded {
            browser.hear();
        }
        assert_eq!(browser.ask("document.querySelector('.then') !== null"), expected);
        browser.shoot(if expected { "then" } else { "now" });
    }
    assert_eq!(browser.ask("location.pathname"), address);
    keeps_to_itself(&browser, &service);
}

/// The text of axe-core, if it can be had.
pub fn axe(test: &str) -> Option<String> {
    let run = Command::new("bash")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/.ci/axe"))
        .output()
        .ok()?;
    let said = String::from_utf8_lossy(&run.stderr).trim().to_owned();
    if !run.status.success() {
        skip(test, &format!("axe-core cannot be had: {said}"));
        return None;
    }
    let path = String::from_utf8(run.stdout).ok()?;
    Some(std::fs::read_to_string(path.trim()).expect("axe-core"))
}

/// What axe-core finds wrong with the page: WCAG 2.2 AA as far as a program can tell, and what is good practice.
const RUN_AXE: &str = "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})
    .then(found => found.violations.map(one => one.id + ': ' + one.nodes.map(node => node.html.slice(0, 200) + ' ' + node.failureSummary).join(' | ')).join('\\n'))";

/// Wants a page that axe-core finds nothing wrong with.
pub fn is_accessible(browser: &mut Browser, axe: &str, place: &str) {
    browser.ask(&format!("{axe};0"));
    let said = browser.ask(RUN_AXE);
    assert_eq!(said, "", "{place}");
}

/// WCAG 2.2 AA as far as a program can tell, and what is good practice: landmarks, the order of headings.
#[test]
fn pages_are_accessible() {
    let Some(program) = wanted("pages_are_accessible") else {
        return;
    };
    let Some(axe) = axe("pages_are_accessible") else {
        return;
    };
    let dir = demonstration();
    let profile = tempfile::tempdir().expect("a folder");
    let service = Service::start(dir.path());
    let mut pages = pages(&service);
    let (story, article) = newest(&service);
    let watch = json!({"story_id": story});
    let (status, watch) = service.post("/v1/watches", "application/json", watch.to_string().as_bytes());
    assert_eq!(status, 201, "{watch}");
    pages.insert("front", "/".to_owned());
    pages.insert("review", "/review".to_owned());
    pages.insert("corrections", "/corrections".to_owned());
    pages.insert("watches", "/watches".to_owned());
    pages.insert("watch", format!("/watches/{}", watch["id"].as_str().expect("an id")));
    pages.insert("new watch", "/watches/new".to_owned());
    pages.insert("login", "/login".to_owned());
    pages.insert("then", format!("/stories/{story}?as_of=120"));
    pages.insert("nothing", "/stories/none".to_owned());
    let mut browser = Browser::start(program, profile.path());
    browser.size(WIDE);
    browser.open(&format!("{}/?ui=en", service.address));
    reprint(&service, &article, "late-1");
    let mut found = Vec::new();
    for (name, path) in &pages {
        for ui in ["en", "ar"] {
            for (width, scheme) in [(WIDE, "light"), (NARROW, "dark")] {
                browser.size(width);
                browser.scheme(scheme);
                let mark = if path.contains('?') { '&' } else { '?' };
                browser.open(&format!("{}{path}{mark}ui={ui}", service.address));
                // What is folded away is looked at, too.
                browser.ask("document.querySelectorAll('details').forEach(one => one.open = true)");
                browser.ask(&format!("{axe};0"));
                let said = browser.ask(RUN_AXE);
                if said != "" {
                    found.push(format!(
                        "{name} {ui} {width} {scheme}: {}",
                        said.as_str().unwrap_or("?")
                    ));
                }
            }
        }
    }
    // With the bar, and with what the search shows while one types.
    browser.open(&format!("{}/?ui=en", service.address));
    reprint(&service, &article, "late-2");
    browser.until("document.querySelector('#bar button') !== null");
    browser.press("/", "Slash");
    for letter in ["t", "r", "u", "c", "e"] {
        browser.press(letter, &format!("Key{}", letter.to_uppercase()));
    }
    browser.until("!document.getElementById('found').hidden");
    browser.press("ArrowDown", "ArrowDown");
    browser.ask(&format!("{axe};0"));
    found.extend(
        browser
            .ask(RUN_AXE)
            .as_str()
            .filter(|said| !said.is_empty())
            .map(|said| format!("bar: {said}")),
    );
    browser.press("Escape", "Escape");
    browser.press("Escape", "Escape");
    browser.press("?", "Slash");
    found.extend(
        browser
            .ask(RUN_AXE)
            .as_str()
            .filter(|said| !said.is_empty())
            .map(|said| format!("keys: {said}")),
    );
    assert!(found.is_empty(), "{}", found.join("\n"));
}
