//! Promise: the pages escape what came with articles, speak the reader's language, and load nothing from elsewhere.

use dom_query::Document;
use serde_json::{Value, json};

use crate::service::{Service, demonstration};

pub struct Answer {
    pub status: u16,
    pub cookies: Vec<String>,
    pub body: String,
}

pub fn fetch(service: &Service, path: &str, headers: &[(&str, &str)]) -> Answer {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .build()
        .into();
    let mut request = agent.get(format!("{}{path}", service.address));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut response = request.call().expect("an answer");
    Answer {
        status: response.status().as_u16(),
        cookies: response
            .headers()
            .get_all("set-cookie")
            .iter()
            .filter_map(|value| Some(value.to_str().ok()?.to_owned()))
            .collect(),
        body: response.body_mut().read_to_string().expect("a body"),
    }
}

pub fn page(service: &Service, path: &str, ui: &str) -> String {
    let answer = fetch(service, path, &[("accept", "text/html"), ("accept-language", ui)]);
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    answer.body
}

/// One page of each kind, over what the service holds.
fn kinds(service: &Service) -> Vec<String> {
    let (_, stories) = service.get("/v1/stories?sort_by=size");
    let (_, found) = service.get("/v1/search?q=truce");
    let mut pages = vec![
        "/".to_owned(),
        "/?lang=ar&sort_by=size".to_owned(),
        "/search?q=truce".to_owned(),
    ];
    pages.extend(
        stories["items"]
            .as_array()
            .expect("items")
            .iter()
            .take(3)
            .map(|story| format!("/stories/{}", story["id"].as_str().expect("id"))),
    );
    for hit in found["items"].as_array().expect("items") {
        let id = hit["article_id"].as_str().expect("id");
        pages.push(format!("/articles/{id}"));
        if let Some(document) = service.get(&format!("/v1/articles/{id}")).1["document_id"].as_str() {
            pages.push(format!("/documents/{document}"));
        }
    }
    pages
}

const EVIL: &str = "<script>alert('truce')</script>\"><img src=x onerror=alert(1)> truce";

#[test]
fn what_came_with_an_article_is_never_markup() {
    let dir = tempfile::tempdir().expect("a folder");
    let service = Service::start(dir.path());
    let articles = json!([
        {"id": "evil-1", "title": EVIL, "text": format!("{EVIL}\nA second line."), "source": EVIL, "lang": "en",
         "url": "javascript:alert(1)", "keywords": [EVIL], "published": "2024-11-20"},
        {"id": "kind-1", "title": "Bakers of a small town win a prize for bread", "text": "The truce of bakers.",
         "source": "Outlet", "lang": "en", "url": "https://outlet.example/bread", "published": "2024-03-02"},
    ]);
    let (status, answer) = service.post(
        "/v1/articles?wait=placed",
        "application/json",
        articles.to_string().as_bytes(),
    );
    assert!(status < 300, "{answer}");
    let text = format!("{EVIL}\nPublished: 21st, May 2023 GMT\n{EVIL} and the truce went on in the town for a week.");
    let (status, answer) = service.post("/v1/documents?wait=placed", "text/plain", text.as_bytes());
    assert!(status < 300, "{answer}");
    for ui in ["en", "ar"] {
        for path in kinds(&service) {
            let html = page(&service, &path, ui);
            let document = Document::from(html.as_str());
            let ours = document.select("script[src^='/assets/']").length();
            assert_eq!(document.select("script").length(), ours, "{path}: our scripts alone");
            assert_eq!(document.select("img, [onerror]").length(), 0, "{path}");
            assert!(!html.contains("<script>"), "{path}");
            let scripted = document.select("a[href^='javascript'], a[href^='JavaScript']").length();
            assert_eq!(scripted, 0, "{path}");
        }
    }
    let evil = page(&service, "/articles/evil-1", "en");
    let shown = Document::from(evil.as_str()).select("h1").text().to_string();
    assert_eq!(shown, EVIL, "the title is shown as it came");
    let kind = Document::from(page(&service, "/articles/kind-1", "en"));
    let link = kind.select("a[href='https://outlet.example/bread']");
    assert_eq!(link.attr_or("rel", "").as_ref(), "noopener noreferrer nofollow");
    let searched = page(&service, "/search?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E", "en");
    assert!(!searched.contains("<script>"), "what was looked for is escaped too");
}

#[test]
fn counts_are_written_as_people_say_them() {
    let dir = tempfile::tempdir().expect("a folder");
    let service = Service::start(dir.path());
    let article =
        json!({"id": "one", "title": "Bakers win a prize", "text": "For bread.", "source": "Outlet", "lang": "en"});
    service.post(
        "/v1/articles?wait=placed",
        "application/json",
        article.to_string().as_bytes(),
    );
    let list = page(&service, "/", "en");
    assert!(list.contains("1 article<") && !list.contains("1 articles"), "{list}");
    assert!(list.contains("1 source") && !list.contains("1 sources"), "{list}");
    let list = page(&service, "/", "ar");
    assert!(list.contains("مقالة واحدة") && list.contains("مصدر واحد"), "{list}");
}

#[test]
fn an_unknown_address_is_a_page_for_people_and_a_problem_for_programs() {
    let dir = tempfile::tempdir().expect("a folder");
    let service = Service::start(dir.path());
    for path in [
        "/nothing",
        "/stories/none",
        "/articles/none",
        "/documents/none",
        "/assets2/x",
    ] {
        for (ui, title) in [("en", "Not found"), ("ar", "غير موجود")] {
            let answer = fetch(&service, path, &[("accept", "text/html,*/*"), ("accept-language", ui)]);
            assert_eq!(answer.status, 404, "{path}");
            let document = Document::from(answer.body);
            assert_eq!(document.select("h1").text().as_ref(), title, "{path}");
            assert_eq!(
                document.select("header form.search").length(),
                1,
                "{path}: the site's frame"
            );
        }
    }
    for (path, accept) in [("/nothing", "*/*"), ("/v1/nothing", "text/html")] {
        let answer = fetch(&service, path, &[("accept", accept)]);
        let problem: Value = serde_json::from_str(&answer.body).expect("JSON");
        assert_eq!(
            (answer.status, &problem["type"]),
            (404, &json!("/problems/not-found")),
            "{path}"
        );
    }
    let answer = fetch(&service, "/?cursor=wrong", &[]);
    assert_eq!(answer.status, 400, "a wrong cursor");
    assert!(answer.body.contains("<h1>"), "{}", answer.body);
}

#[test]
fn the_language_is_asked_for_or_chosen() {
    let dir = tempfile::tempdir().expect("a folder");
    let service = Service::start(dir.path());
    let direction = |headers: &[(&str, &str)], path: &str| {
        let html = Document::from(fetch(&service, path, headers).body);
        html.select("html").attr_or("dir", "").to_string()
    };
    assert_eq!(direction(&[], "/"), "ltr");
    assert_eq!(direction(&[("accept-language", "de, ar;q=0.5, en;q=0.4")], "/"), "rtl");
    assert_eq!(direction(&[("accept-language", "ar"), ("cookie", "ui=en")], "/"), "ltr");
    assert_eq!(direction(&[("cookie", "ui=en")], "/?ui=ar"), "rtl");
    let chosen = fetch(&service, "/?ui=ar&theme=dark", &[]);
    assert!(
        chosen.cookies.iter().any(|cookie| cookie.starts_with("ui=ar;")),
        "{:?}",
        chosen.cookies
    );
    assert!(
        chosen.cookies.iter().any(|cookie| cookie.starts_with("theme=dark;")),
        "{:?}",
        chosen.cookies
    );
    let hostile = fetch(&service, "/?ui=%0d%0aset-cookie:x", &[]).cookies;
    assert!(hostile.iter().all(|cookie| cookie.starts_with("seen=")), "{hostile:?}");
}

#[test]
fn pages_of_the_demonstration_hold_together() {
    let dir = demonstration();
    let service = Service::start(dir.path());
    for path in kinds(&service) {
        let document = Document::from(page(&service, &path, "ar"));
        for element in document
            .select(".item h2, .item h3, .event > p, .text, .snippet")
            .iter()
        {
            let html = element.html();
            assert!(!element.attr_or("lang", "").is_empty(), "{path}: {html}");
            assert!(
                ["rtl", "ltr", "auto"].contains(&element.attr_or("dir", "").as_ref()),
                "{path}: {html}"
            );
        }
        for attribute in ["src", "href", "action", "srcset", "poster", "data", "style"] {
            for element in document.select(&format!("[{attribute}]")).iter() {
                let value = element.attr_or(attribute, "").to_string();
                let own = value.starts_with(['/', '?', '#']) && !value.starts_with("//");
                let outward = element.is("a") && element.attr_or("rel", "").as_ref() == "noopener noreferrer nofollow";
                assert!(own || outward, "{path}: {}", element.html());
            }
        }
        // What is left without the articles' own words is the interface's, and none of it is English.
        document
            .select("main [lang], main bdi, main code, main abbr, main datalist, main pre, main a[rel], script")
            .remove();
        let left = document.select("main").text().to_string();
        let latin = left
            .split(|c: char| !c.is_ascii_alphabetic())
            .find(|word| word.len() > 1 && !["HTML", "JSON"].contains(word));
        assert_eq!(latin, None, "{path}: {left}");
    }
    filters_live_in_the_address(&service);
}

fn filters_live_in_the_address(service: &Service) {
    let source = "Sidra Newsline";
    let list = Document::from(page(service, "/?lang=fr&source=Sidra+Newsline&min_articles=2", "en"));
    assert_eq!(
        list.select("select[name=lang] option[selected]")
            .attr_or("value", "")
            .as_ref(),
        "fr"
    );
    assert_eq!(list.select("input[name=source]").attr_or("value", "").as_ref(), source);
    assert_eq!(
        list.select("input[name=min_articles]").attr_or("value", "").as_ref(),
        "2"
    );
    let (_, expected) = service.get("/v1/stories?lang=fr&source=Sidra+Newsline&min_articles=2");
    let expected = expected["items"].as_array().expect("items").len();
    assert!(expected > 0 && list.select("li.row").length() == expected, "{expected}");
    assert_eq!(list.select("svg.spark").length(), expected, "each with its pace");
    let found = Document::from(page(
        service,
        "/search?q=%D9%87%D8%AF%D9%86%D8%A9&source=Sidra+Newsline",
        "en",
    ));
    let facts: Vec<String> = found
        .select("li.item .facts")
        .iter()
        .map(|one| one.text().to_string())
        .collect();
    assert!(
        !facts.is_empty() && facts.iter().all(|one| one.contains(source)),
        "{facts:?}"
    );
}

#[test]
fn assets_load_nothing_from_elsewhere_and_colours_can_be_read() {
    let dir = tempfile::tempdir().expect("a folder");
    let service = Service::start(dir.path());
    for name in ["silsila.css", "silsila.js", "icon.svg"] {
        let asset = fetch(&service, &format!("/assets/{name}"), &[]);
        assert_eq!(asset.status, 200, "{name}");
        let foreign = asset.body.replace("http://www.w3.org/2000/svg", "");
        for word in ["http:", "https:", "url(", "@import", "\"//", "'//"] {
            assert!(!foreign.contains(word), "{name} holds {word}");
        }
        if name == "silsila.css" {
            contrasts(&asset.body);
        }
    }
}

/// Every text on every ground that it stands on, in light and dark: 4.5:1 at least (WCAG 2.2, 1.4.3).
fn contrasts(css: &str) {
    let colour = |name: &str, dark: bool| -> [f64; 3] {
        let (_, rest) = css.split_once(&format!("--{name}: light-dark(")).expect("a colour");
        let pair = rest.split_once(')').expect("its end").0;
        let hex = pair
            .split(',')
            .nth(usize::from(dark))
            .expect("two")
            .trim()
            .trim_start_matches('#');
        [0, 2, 4].map(|at| f64::from(u8::from_str_radix(&hex[at..at + 2], 16).expect("hex")) / 255.0)
    };
    let luminance = |rgb: [f64; 3]| {
        let linear = rgb.map(|c| {
            if c <= 0.04045 {
                c / 12.92
            } else {
                ((c + 0.055) / 1.055).powf(2.4)
            }
        });
        0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    };
    for (text, grounds) in [
        ("ink", ["paper", "card", "mark"].as_slice()),
        ("quiet", &["paper", "card"]),
        ("link", &["paper", "card"]),
        ("cut", &["paper", "card"]),
        ("warm", &["paper", "card"]),
        ("card", &["link", "ink", "hue1", "hue2", "hue3", "hue4", "hue5"]),
        ("paper", &["ink"]),
    ] {
        for ground in grounds {
            for dark in [false, true] {
                let (a, b) = (luminance(colour(text, dark)), luminance(colour(ground, dark)));
                let ratio = (a.max(b) + 0.05) / (a.min(b) + 0.05);
                assert!(ratio >= 4.5, "{text} on {ground} (dark: {dark}) is {ratio:.2}");
            }
        }
    }
}
