//! Promise: a desk makes and keeps its watches by pages that need no script: a saved search with what it would have told, bounds, the
//! delivery log, and dead letters that are posted again.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use dom_query::Document;
use serde_json::{Value, json};

use crate::browser::{Browser, program};
use crate::service::{Service, demonstration};
use crate::watches::{next, receiver};
use crate::wire::{Answer, ask, post};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

fn sent(service: &Service, path: &str, fields: &str) -> Answer {
    post(service, path, &[FORM, ("accept", "text/html")], fields.as_bytes())
}

fn page(service: &Service, path: &str) -> String {
    let answer = ask(service, &format!("GET {path}"), &[("accept", "text/html")]);
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    answer.text()
}

/// The page that a form that makes a secret leads on to, with the address; the secret is on it once.
fn secret_once(service: &Service, path: &str, fields: &str, leads_to: &str) -> String {
    let made = sent(service, path, fields);
    let to = made.header("location").to_owned();
    assert_eq!(made.status, 303, "{}", made.text());
    assert!(to.starts_with(leads_to) && !to.contains("whsec_"), "{to}");
    assert!(!made.text().contains("whsec_"), "{}", made.text());
    let answer = ask(service, &format!("GET {to}"), &[("accept", "text/html")]);
    assert_eq!(answer.header("cache-control"), "no-store");
    let shown = answer.text();
    assert!(shown.contains("whsec_"), "its secret, this once");
    assert!(!page(service, &to).contains("whsec_"), "loaded again: no secret");
    shown
}

#[test]
fn a_story_says_that_it_is_watched_and_loading_again_watches_it_no_second_time() {
    let dir = demonstration();
    let service = Service::start(dir.path());
    assert_eq!(
        Document::from(page(&service, "/stories/s1"))
            .select(".watched")
            .length(),
        0
    );
    secret_once(&service, "/stories/s1/watch", "url=", "/watches/w1?made=");
    let (_, watches) = service.get("/v1/watches");
    assert_eq!(watches["items"].as_array().map(Vec::len), Some(1), "{watches}");
    let story = Document::from(page(&service, "/stories/s1?ui=en"));
    let link = story.select(".watched a");
    assert_eq!(link.attr("href").as_deref(), Some("/watches/w1"));
    assert_eq!(story.select(".watched").text().trim(), "Watched: w1");
    assert_eq!(
        Document::from(page(&service, "/stories/s2"))
            .select(".watched")
            .length(),
        0
    );
    // A key is of one watch.
    secret_once(&service, "/stories/s1/watch", "url=", "/watches/w2?made=");
    let made = sent(&service, "/watches/w2", "do=rotate");
    let key = made.header("location").to_owned();
    let of_another = key.replace("/w2?", "/w1?");
    assert!(!page(&service, &of_another).contains("whsec_"));
    assert!(page(&service, &key).contains("whsec_"));
}

#[test]
fn a_saved_search_is_tried_before_it_is_watched() {
    let dir = demonstration();
    let service = Service::start_with(
        dir.path(),
        "127.0.0.1:0",
        &[("SILSILA__TRACK__ALLOW_NETWORKS", "127.0.0.0/8")],
    );
    assert!(page(&service, "/watches").contains("href=\"/watches/new\""));
    let blank = Document::from(page(&service, "/watches/new"));
    assert_eq!(blank.select("form.watching [name=q]").length(), 1);

    // What it would have told is what the API counts: articles that hold the word and were published in the week up to the
    // latest publication here (all came today), those that repeat left out.
    let word = "%D8%A5%D8%B7%D9%84%D8%A7%D9%82";
    let time = |value: &Value| {
        let value = value.as_str()?;
        let whole = if value.len() == 10 {
            format!("{value}T12:00:00Z")
        } else {
            value.to_owned()
        };
        whole.parse::<chrono::DateTime<chrono::Utc>>().ok()
    };
    let (_, stories) = service.get("/v1/stories?per_page=100");
    let latest = stories["items"]
        .as_array()
        .expect("items")
        .iter()
        .filter_map(|one| time(&one["latest"]))
        .max();
    let from = latest.expect("a date") - chrono::TimeDelta::days(7);
    let (_, all) = service.get(&format!("/v1/search?q={word}&per_page=100"));
    let (mut own, mut copies, mut earlier) = (0, 0, 0);
    for hit in all["items"].as_array().expect("items") {
        let id = hit["article_id"].as_str().expect("an id");
        let (_, article) = service.get(&format!("/v1/articles/{id}"));
        let is_of_the_week = time(&article["published"]["value"]).is_some_and(|published| published > from);
        match (is_of_the_week, article["near_duplicate_of"].is_null()) {
            (true, true) => own += 1,
            (true, false) => copies += 1,
            (false, _) => earlier += 1,
        }
    }
    assert!(own > 0 && earlier > 0, "{own} {earlier}");
    let told = page(&service, &format!("/watches/new?preview=1&q={word}&ui=en"));
    let said = Document::from(told.as_str()).select(".foreseen b").text().to_string();
    assert!(
        said.contains(&format!("told of {own} article")) && said.contains(&format!("in {own} message")),
        "{said}"
    );
    if copies > 0 {
        assert!(told.contains("repeat another"), "{told}");
    }
    let asked = json!({"search": {"q": "إطلاق"}});
    let (status, foreseen) = service.post(
        "/v1/watches?preview=true",
        "application/json",
        asked.to_string().as_bytes(),
    );
    assert_eq!(
        (status, foreseen["alerts"].as_u64(), foreseen["whole"].as_bool()),
        (200, Some(own), Some(true))
    );
    assert_eq!(service.get("/v1/watches").1["items"], json!([]), "nothing is made");
    let of_story = service.post("/v1/watches?preview=true", "application/json", br#"{"story_id": "s1"}"#);
    assert_eq!((of_story.0, of_story.1["field"].as_str()), (422, Some("search")));
    // A digest of a day brings them together.
    let digest = page(&service, &format!("/watches/new?preview=1&q={word}&digest=1440&ui=en"));
    let said = Document::from(digest.as_str()).select(".foreseen b").text().to_string();
    assert!(
        own > 1 && said.contains("in ") && !said.contains(&format!("in {own} messages")),
        "{own}: {said}"
    );
    let none = page(&service, "/watches/new?preview=1&q=xyzzyx&ui=en");
    assert!(none.contains("0 articles, in 0 messages"));
    let arabic = page(&service, &format!("/watches/new?preview=1&q={word}&ui=ar"));
    assert!(arabic.contains("ما كانت ستُبلّغ عنه"));

    // What makes no sense is said on the page, with what was written still there.
    for (fields, said) in [
        ("preview=1&q=x&min_sources=many", "must be a number"),
        ("preview=1&q=x&novelty=7", "least_novelty"),
        ("preview=1&q=x&digest_at=noon", "noon"),
        ("preview=1&q=x&url=ftp://desk.example", "http"),
    ] {
        let answer = ask(
            &service,
            &format!("GET /watches/new?{fields}&source=Qindil+Press&ui=en"),
            &[("accept", "text/html")],
        );
        let html = answer.text();
        let wrong = Document::from(html.as_str()).select(".wrong").text().to_string();
        assert_eq!(answer.status, 422, "{fields}");
        assert!(wrong.contains(said), "{fields}: {wrong}");
        assert!(html.contains("value=\"Qindil Press\""), "{fields}");
    }
    let empty = sent(&service, "/watches", "q=&ui=en");
    assert!(
        empty.status == 422 && empty.text().contains("empty search"),
        "{}",
        empty.text()
    );

    let fields = "q=%D9%87%D8%AF%D9%86%D8%A9&lang=ar&min_sources=2&called=Truces&cool_down=10&only_new_sources=on";
    secret_once(&service, "/watches", fields, "/watches/w1?made=");
    let (_, watch) = service.get("/v1/watches/w1");
    assert_eq!(watch["search"], json!({"q": "هدنة", "lang": "ar", "min_sources": 2}));
    assert_eq!(watch["name"], "Truces");
    assert_eq!(
        (
            watch["quiet"]["cool_down_seconds"].as_u64(),
            &watch["quiet"]["only_new_sources"]
        ),
        (Some(600), &json!(true))
    );
    assert!(!page(&service, "/watches/w1").contains("whsec_"));
}

#[test]
fn bounds_are_set_and_dead_letters_are_posted_again_by_forms() {
    let dir = demonstration();
    let settings = [
        ("SILSILA__TRACK__ALLOW_NETWORKS", "127.0.0.0/8"),
        ("SILSILA__TRACK__RETRY_SECONDS", "1"),
        ("SILSILA__TRACK__RETRY_MOST_SECONDS", "1"),
        ("SILSILA__TRACK__GIVE_UP_HOURS", "0"),
    ];
    let service = Service::start_with(dir.path(), "127.0.0.1:0", &settings);
    let (_, list) = service.get("/v1/stories?sort_by=size&per_page=1");
    let story = list["items"][0]["id"].as_str().expect("a story").to_owned();
    let closed = TcpListener::bind("127.0.0.1:0")
        .expect("a port")
        .local_addr()
        .expect("an address");
    let made = sent(
        &service,
        &format!("/stories/{story}/watch"),
        &format!("url=http://{closed}/desk"),
    );
    assert_eq!(made.status, 303, "{}", made.text());

    // Bounds: what stands in the form is what is sent back.
    let html = page(&service, "/watches/w1?ui=en");
    let form = Document::from(html.as_str());
    assert_eq!(
        form.select("input[name=event][checked]").length(),
        7,
        "everything is told of"
    );
    let changed = sent(
        &service,
        "/watches/w1",
        &format!(
            "do=bounds&called=Desk+one&url=http://{closed}/desk&event=article_joined&event=merged&digest=15&novelty=0.25&near_duplicates=on"
        ),
    );
    assert_eq!(
        (changed.status, changed.header("location")),
        (303, "/watches/w1"),
        "{}",
        changed.text()
    );
    let (_, watch) = service.get("/v1/watches/w1");
    assert_eq!(
        (&watch["name"], &watch["events"]),
        (&json!("Desk one"), &json!(["article_joined", "merged"]))
    );
    assert_eq!(
        watch["quiet"],
        json!({"cool_down_seconds": 0, "digest_minutes": 15, "near_duplicates": true, "only_new_sources": false, "least_novelty": 0.25})
    );
    let html = page(&service, "/watches/w1?ui=en");
    assert!(
        html.contains("name=\"novelty\" inputmode=\"decimal\" size=\"6\" value=\"0.25\""),
        "{html}"
    );
    for (fields, said) in [
        ("called=&event=merged", "must have a name"),
        ("called=x", "must tell of something"),
        ("called=x&event=merged&digest=9999", "digest_minutes"),
    ] {
        let refused = sent(&service, "/watches/w1?ui=en", &format!("do=bounds&{fields}"));
        assert!(
            refused.status == 422 && refused.text().contains(said),
            "{fields}: {}",
            refused.text()
        );
    }

    // Three trials find nobody, and are given up.
    for _ in 0..3 {
        assert_eq!(sent(&service, "/watches/w1", "do=test").status, 303);
    }
    let dead = |wanted: u64| -> Vec<Value> {
        let end = Instant::now() + Duration::from_secs(40);
        loop {
            let (_, view) = service.get("/v1/watches/w1");
            if view["messages"]["dead"].as_u64() == Some(wanted) && view["messages"]["waiting"] == 0 {
                return service.get("/v1/watches/w1/messages?state=dead").1["items"]
                    .as_array()
                    .expect("items")
                    .clone();
            }
            assert!(Instant::now() < end, "{view}");
            std::thread::sleep(Duration::from_millis(100));
        }
    };
    let letters = dead(3);
    let html = page(&service, "/watches/w1?state=dead&ui=en");
    let log = Document::from(html.as_str());
    assert_eq!(log.select("form.log input[name=message]").length(), 3);
    assert!(
        log.select("form.log pre").text().contains("watch.test"),
        "the body is shown"
    );
    assert!(log.select("nav [aria-current]").text().contains("given up"));

    // The receiver comes: one, then a span, then all.
    let (_, got) = receiver(Some(closed));
    let again = |fields: &str, count: usize| {
        let answer = sent(&service, "/watches/w1", fields);
        assert_eq!(
            (answer.status, answer.header("location")),
            (303, format!("/watches/w1?again={count}#log").as_str()),
            "{fields}"
        );
        assert!(
            page(&service, &format!("/watches/w1?again={count}&ui=en"))
                .contains(&format!("On their way again: {count} message"))
        );
    };
    let id = letters[0]["id"].as_str().expect("an id");
    again(&format!("do=replay-selected&message={id}"), 1);
    assert_eq!(next(&got).id, id);
    dead(2);
    again("do=replay", 2);
    let mut rest = [next(&got).id, next(&got).id];
    rest.sort();
    let mut wanted = [&letters[1], &letters[2]].map(|letter| letter["id"].as_str().expect("an id").to_owned());
    wanted.sort();
    assert_eq!(rest, wanted);
    dead(0);
    again("do=replay-span&from=2000-01-01&to=2001-01-01T10:30", 0);
    // A minute that is the end of a span belongs to it.
    let minutes = letters
        .iter()
        .map(|letter| &letter["at"].as_str().expect("a time")[..16]);
    let (first, last) = (minutes.clone().min().expect("letters"), minutes.max().expect("letters"));
    let spans = ["from=2001-01-01T10:30".to_owned(), format!("from={first}&to={last}")];
    for span in spans {
        again(&format!("do=replay-span&{span}"), 3);
        for _ in 0..3 {
            next(&got);
        }
        // What is still under way when a span is asked for is not posted again.
        dead(0);
    }
    let wrong = sent(&service, "/watches/w1?ui=en", "do=replay-span&from=yesterday");
    assert!(wrong.status == 422 && wrong.text().contains("yesterday"));
    let html = page(&service, "/watches/w1?state=delivered&ui=en");
    let log = Document::from(html.as_str());
    assert_eq!(log.select("form.log tbody tr:not(.more)").length(), 3);
    let cells = log.select("form.log tbody td.number").text().to_string();
    assert!(
        cells.contains("200") && cells.contains("ms"),
        "status and latency: {cells}"
    );

    for (fields, state) in [("do=pause", "paused"), ("do=resume", "active")] {
        assert_eq!(sent(&service, "/watches/w1", fields).status, 303);
        assert_eq!(service.get("/v1/watches/w1").1["state"], state);
        let html = page(&service, "/watches/w1?ui=en");
        let (pauses, resumes) = (html.contains(">Pause</button>"), html.contains(">Resume</button>"));
        assert_eq!((pauses, resumes), (state == "active", state == "paused"));
    }
    secret_once(&service, "/watches/w1", "do=rotate", "/watches/w1?made=");
}

/// The forms and the log fit and run the right way, wide and narrow; needs the browser, as tests/it/browser.rs does.
#[test]
fn forms_fit_in_both_directions() {
    let Some(program) = program() else {
        let required =
            std::env::var_os("CI").is_some() || std::env::var("SILSILA_BROWSER").is_ok_and(|v| v == "required");
        assert!(
            !required,
            "chromium is not installed, and this test must not be skipped here"
        );
        return;
    };
    let dir = demonstration();
    let service = Service::start_with(
        dir.path(),
        "127.0.0.1:0",
        &[("SILSILA__TRACK__ALLOW_NETWORKS", "127.0.0.0/8")],
    );
    let (address, got) = receiver(None);
    let made = sent(&service, "/stories/s1/watch", &format!("url=http://{address}/desk"));
    assert_eq!(made.status, 303);
    assert_eq!(sent(&service, "/watches/w1", "do=test").status, 303);
    next(&got);
    let profile = tempfile::tempdir().expect("a folder");
    let mut browser = Browser::start(program, profile.path());
    for (ui, direction) in [("en", "ltr"), ("ar", "rtl")] {
        for width in [1400, 390] {
            browser.size(width);
            for (name, path) in [
                ("watch-new", "/watches/new?preview=1&q=%D9%87%D8%AF%D9%86%D8%A9&"),
                ("watch", "/watches/w1?state=&"),
                ("watches", "/watches?"),
            ] {
                browser.open(&format!("{}{path}ui={ui}", service.address));
                browser.ask("document.querySelectorAll('main details').forEach(one => one.open = true)");
                assert_eq!(browser.ask("getComputedStyle(document.body).direction"), direction);
                let wide = browser.ask("document.documentElement.scrollWidth").as_u64();
                assert!(wide <= Some(u64::from(width)), "{name} {ui}: {wide:?} of {width}");
                let unnamed = "[...document.querySelectorAll('main input:not([type=hidden]), main select')]
                    .filter(e => !e.labels.length && !e.ariaLabel).map(e => e.name)";
                assert_eq!(browser.ask(unnamed), json!([]), "{name}: every field has a name");
                browser.shoot(&format!("{name}-{ui}-{width}"));
            }
        }
    }
    // Made and tried by clicks.
    browser.size(1400);
    browser.open(&format!(
        "{}/watches/new?ui=ar&q=%D9%87%D8%AF%D9%86%D8%A9",
        service.address
    ));
    for (button, wanted) in [
        (
            "[name=preview]",
            "location.search.includes('preview') && !!document.querySelector('.foreseen')",
        ),
        ("form.watching .main", "document.body.innerText.includes('whsec_')"),
    ] {
        browser.loaded = false;
        browser.ask(&format!("document.querySelector('{button}').click()"));
        while !browser.loaded {
            browser.hear();
        }
        assert_eq!(
            browser.ask(wanted),
            true,
            "{button}: {}",
            browser.ask("location.href + document.body.innerText")
        );
    }
    assert!(browser.complaints.is_empty(), "{:#?}", browser.complaints);
}
