//! Promise: whatever comes in an article, an address or a remark, a page shows it as text and links nowhere but to the web.

use dom_query::Document;
use serde_json::json;

use crate::service::Service;
use crate::wire::{Answer, JSON, ask, post};

/// What is tried, everywhere that a text can come from.
const HOSTILE: [&str; 7] = [
    "<script>alert('truce')</script> truce",
    "\"><img src=x onerror=alert(1)> truce",
    "' onmouseover='alert(1) truce",
    "</title></textarea><svg/onload=alert(1)> truce",
    "pay\u{202e}dlog\u{202c} truce",
    "before\0after\u{7f} truce",
    "javascript:alert(1) truce",
];

/// Everything on a page that could act, and everything that a text must not hold.
fn look(path: &str, html: &str) {
    for mark in ['\0', '\u{202e}', '\u{202d}', '\u{7f}'] {
        assert!(!html.contains(mark), "{path} holds {mark:?}");
    }
    for reference in ["&#0;", "&#x202e", "&#8238;"] {
        assert!(!html.to_lowercase().contains(reference), "{path}");
    }
    let document = Document::from(html);
    let scripts: Vec<String> = document
        .select("script")
        .iter()
        .map(|script| script.attr_or("src", "inline").to_string())
        .collect();
    let ours = ["/assets/silsila.js", "/assets/desk.js"];
    assert!(
        scripts.first().is_some_and(|first| first == ours[0]) && scripts.iter().skip(1).all(|more| more == ours[1]),
        "{path}: our scripts alone, not {scripts:?}"
    );
    assert_eq!(
        document
            .select("img, iframe, object, embed, base, style, [style], textarea:not([name=text]), textarea *")
            .length(),
        0,
        "{path}"
    );
    for element in document.select("*").iter() {
        for attribute in element.attrs() {
            assert!(!attribute.name.local.starts_with("on"), "{path}: {}", element.html());
        }
    }
    for (selector, name) in [("[href]", "href"), ("[src]", "src"), ("[action]", "action")] {
        for element in document.select(selector).iter() {
            let address = element.attr_or(name, "").to_string();
            let inner = address.starts_with(['?', '#']) || (address.starts_with('/') && !address.starts_with("//"));
            let web = address.starts_with("https://") || address.starts_with("http://");
            assert!(inner || (web && name == "href"), "{path} leads to {address:?}");
            assert!(
                inner || element.attr_or("rel", "").contains("noopener"),
                "{path}: {address}"
            );
        }
    }
}

fn page(service: &Service, path: &str) -> Answer {
    ask(service, &format!("GET {path}"), &[("accept", "text/html,*/*")])
}

#[test]
fn hostile_strings_are_text_on_every_page() {
    let dir = tempfile::tempdir().expect("a folder");
    let service = Service::start(dir.path());
    let articles: Vec<serde_json::Value> = HOSTILE
        .iter()
        .enumerate()
        .map(|(number, hostile)| {
            json!({
                "id": format!("h{number}\"><b>"), "title": hostile, "source": hostile, "agency": hostile, "keywords": [hostile, "javascript:x"],
                "text": format!("{hostile}\nThe truce of 20 November 2024 was told of by {hostile}, number {number}, at length."),
                "url": "javascript:alert(document.domain)", "lang": "en", "published": "2024-11-20",
            })
        })
        .collect();
    let body = json!(articles).to_string();
    let answer = post(&service, "/v1/articles?wait=placed", &[JSON], body.as_bytes());
    assert_eq!(answer.status, 200, "{}", answer.text());
    let given = answer.json();
    assert_eq!(
        given["articles"].as_array().map(Vec::len),
        Some(HOSTILE.len()),
        "{given}"
    );
    let stored = &given["articles"][0];
    assert_eq!(
        (stored["title"].as_str(), stored["url"].as_str()),
        (Some(HOSTILE[0]), None),
        "kept as it came"
    );
    for (number, hostile) in HOSTILE.iter().enumerate() {
        let text = format!(
            "Truce {number} holds\nPublished: 21st, May 2023 GMT\nSource: {hostile}\n{hostile} and the truce went on in the town for a week."
        );
        let document = json!({"text": text, "url": format!("javascript:alert({number})")}).to_string();
        let answer = post(&service, "/v1/documents?wait=placed", &[JSON], document.as_bytes());
        assert!(answer.status < 500, "{}", answer.text());
        let html = format!(
            "<html><head><title>{hostile}</title><meta property=\"og:site_name\" content=\"{}\"></head><body><article><p>{} The truce \
             went on in the town, people said, and nobody knew for how long it would hold this time.</p></article></body></html>",
            hostile.replace('"', "&quot;"),
            hostile.replace('<', "&lt;")
        );
        let answer = post(
            &service,
            "/v1/documents?wait=placed",
            &[("content-type", "text/html")],
            html.as_bytes(),
        );
        assert!(answer.status < 500, "{}", answer.text());
    }
    let stories = ask(&service, "GET /v1/stories?per_page=100", &[]).json();
    let stories: Vec<String> = stories["items"]
        .as_array()
        .expect("items")
        .iter()
        .filter_map(|story| Some(story["id"].as_str()?.to_owned()))
        .collect();
    for hostile in HOSTILE {
        for correction in [
            json!({"kind": "note", "story_id": stories[0], "text": hostile, "author": hostile, "reason": hostile}),
            json!({"kind": "rename", "story_id": stories[0], "title": hostile, "author": hostile, "reason": hostile}),
        ] {
            let answer = post(&service, "/v1/corrections", &[JSON], correction.to_string().as_bytes());
            assert!(answer.status == 201 || answer.status == 422, "{}", answer.text());
        }
    }
    let encoded = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let mut pages: Vec<String> = [
        "/",
        "/?ui=ar&theme=dark",
        "/review",
        "/corrections",
        "/search?q=truce",
        "/nothing/%3Cscript%3E",
    ]
    .map(str::to_owned)
    .into();
    for hostile in HOSTILE {
        let hostile = encoded(hostile);
        pages.push(format!("/?q={hostile}&source={hostile}&lang={hostile}&ui={hostile}"));
        pages.push(format!("/search?q={hostile}&cursor={hostile}"));
        pages.push(format!("/login?next={hostile}"));
        pages.push(format!("/review?cursor={hostile}&kind={hostile}"));
        pages.push(format!("/stories/{hostile}"));
    }
    pages.extend(stories.iter().map(|id| format!("/stories/{id}?ui=en")));
    let found = ask(&service, "GET /v1/search?q=truce&per_page=100", &[]).json();
    for hit in found["items"].as_array().expect("items") {
        let id = encoded(hit["article_id"].as_str().expect("id")).replace('+', "%20");
        pages.push(format!("/articles/{id}"));
        let article = ask(&service, &format!("GET /v1/articles/{id}"), &[]).json();
        if let Some(document) = article["document_id"].as_str() {
            pages.push(format!("/documents/{document}"));
        }
    }
    assert!(pages.len() > 50, "{pages:?}");
    let mut shown = 0;
    for path in &pages {
        let answer = page(&service, path);
        if answer.status == 303 {
            // Where no tokens are asked for, the way in leads on, to one of our own pages.
            assert_eq!(answer.header("location"), "/", "{path}");
            continue;
        }
        assert!(
            answer.header("content-type").starts_with("text/html"),
            "{path}: {}",
            answer.text()
        );
        assert!(
            answer.header("content-security-policy").contains("default-src 'self'"),
            "{path}"
        );
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        let html = String::from_utf8(answer.body).expect("UTF-8");
        look(path, &html);
        shown += usize::from(html.contains("&#60;script&#62;alert"));
    }
    assert!(shown > 5, "they are shown, escaped");
}
