//! Promise: a timeline is the same in every format, in forms that spreadsheets, feed readers, TimelineJS and search engines take.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::service::{Service, demonstration};
use crate::wire::{Answer, ask};

fn largest(service: &Service) -> String {
    let (_, page) = service.get("/v1/stories?sort_by=size&per_page=1");
    page["items"][0]["id"].as_str().expect("a story").to_owned()
}

fn events(service: &Service, path: &str) -> Vec<Value> {
    let (status, timeline) = service.get(path);
    assert_eq!(status, 200, "{timeline}");
    timeline["events"].as_array().expect("events").clone()
}

/// Rows of RFC 4180.
fn table(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match (letter, quoted) {
            ('"', true) if letters.peek() == Some(&'"') => {
                letters.next();
                cell.push('"');
            }
            ('"', _) => quoted = !quoted,
            (',', false) => row.push(std::mem::take(&mut cell)),
            ('\r', false) => assert_eq!(letters.next(), Some('\n'), "lines end with CR LF"),
            (letter, _) => cell.push(letter),
        }
        if letter == '\r' && !quoted {
            row.push(std::mem::take(&mut cell));
            rows.push(std::mem::take(&mut row));
        }
    }
    assert!(cell.is_empty() && row.is_empty(), "the last line ends, too");
    rows
}

fn revalidates(service: &Service, path: &str, answer: &Answer) {
    let tag = answer.header("etag").to_owned();
    assert!(!tag.is_empty(), "{path}");
    let again = ask(service, &format!("GET {path}"), &[("if-none-match", &tag)]);
    assert_eq!((again.status, again.body.len()), (304, 0), "{path}");
}

#[test]
fn every_format_tells_the_same_events() {
    let dir = demonstration();
    let service = Service::start(dir.path());
    let id = largest(&service);
    let told = events(
        &service,
        &format!("/v1/stories/{id}/timeline?lang=ar&dates=6&sentences=2"),
    );
    assert!(told.len() >= 3);
    let sentences: Vec<&str> = told.iter().filter_map(|event| event["sentence"].as_str()).collect();

    let path = format!("/v1/stories/{id}/timeline.csv?lang=ar&dates=6&sentences=2");
    let answer = ask(&service, &format!("GET {path}"), &[]);
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, "text/csv; charset=utf-8; header=present")
    );
    assert_eq!(
        answer.header("content-disposition"),
        format!("attachment; filename=\"timeline-{id}.csv\"")
    );
    let rows = table(&answer.text());
    assert_eq!(rows[0][..5], ["date", "precision", "basis", "lang", "sentence"]);
    assert!(rows.iter().all(|row| row.len() == rows[0].len()));
    let said: Vec<&str> = rows[1..].iter().map(|row| row[4].trim_start_matches('\'')).collect();
    assert_eq!(said, sentences);
    for (row, event) in rows[1..].iter().zip(&told) {
        assert_eq!(row[0], event["date"]["value"].as_str().unwrap_or_default());
        assert_eq!(row[5], event["article"].as_str().expect("an article"));
        assert!(row[8].starts_with("http"), "{row:?}");
    }
    revalidates(&service, &path, &answer);
    let by_accept = ask(
        &service,
        &format!("GET {}", path.replace(".csv", "")),
        &[("accept", "text/csv")],
    );
    assert_eq!(by_accept.body, answer.body);
    assert_eq!(
        by_accept
            .header("vary")
            .to_lowercase()
            .split(", ")
            .filter(|one| *one == "accept")
            .count(),
        1
    );

    let path = format!("/v1/stories/{id}/timeline.timelinejs?lang=ar&dates=6&sentences=2");
    let answer = ask(&service, &format!("GET {path}"), &[]);
    let slides = answer.json();
    let dated: Vec<&Value> = told.iter().filter(|event| !event["date"]["value"].is_null()).collect();
    let shown = slides["events"].as_array().expect("events");
    assert_eq!(shown.len(), dated.len());
    for (slide, event) in shown.iter().zip(&dated) {
        let date = event["date"]["value"].as_str().expect("a date");
        let year = slide["start_date"]["year"].as_i64().expect("a year");
        assert!(date.starts_with(&year.to_string()), "{slide}");
        let headline = slide["text"]["headline"].as_str().expect("a headline");
        assert!(
            headline.contains(&format!("lang=\"{}\"", event["lang"].as_str().expect("a language"))),
            "{headline}"
        );
        assert!(
            slide["text"]["text"]
                .as_str()
                .expect("articles")
                .contains("<a href=\"http")
        );
    }
    let unique: BTreeSet<&str> = shown.iter().filter_map(|slide| slide["unique_id"].as_str()).collect();
    assert_eq!(unique.len(), shown.len());
    revalidates(&service, &path, &answer);

    let path = format!("/v1/stories/{id}/timeline.atom?lang=ar&dates=6&sentences=2");
    let answer = ask(&service, &format!("GET {path}"), &[]);
    assert_eq!(answer.header("content-type"), "application/atom+xml; charset=utf-8");
    let feed = answer.text();
    assert_eq!(feed.matches("<entry").count(), told.len());
    let ids = |feed: &str| -> BTreeSet<String> {
        feed.split("<id>tag:silsila,2026:event:")
            .skip(1)
            .filter_map(|rest| rest.split('<').next())
            .map(str::to_owned)
            .collect()
    };
    assert_eq!(ids(&feed).len(), told.len());
    revalidates(&service, &path, &answer);
    // An entry keeps its id whatever else is asked for.
    let fewer = ask(
        &service,
        &format!("GET /v1/stories/{id}/timeline.atom?lang=ar&dates=3&sentences=2"),
        &[],
    )
    .text();
    assert!(ids(&fewer).is_subset(&ids(&feed)) && !ids(&fewer).is_empty());

    let path = format!("/v1/stories/{id}.jsonld?lang=ar&dates=6&sentences=2");
    let answer = ask(&service, &format!("GET {path}"), &[]);
    assert_eq!(answer.header("content-type"), "application/ld+json");
    let page = answer.json();
    assert_eq!(
        (page["@context"].as_str(), page["@type"].as_str()),
        (Some("https://schema.org"), Some("CollectionPage"))
    );
    let items = page["mainEntity"]["itemListElement"].as_array().expect("items");
    let names: Vec<&str> = items.iter().filter_map(|item| item["item"]["name"].as_str()).collect();
    assert_eq!(names, sentences);
    assert!(
        items
            .iter()
            .all(|item| item["item"]["subjectOf"][0]["@type"] == "NewsArticle")
    );
    revalidates(&service, &path, &answer);
    let story = ask(
        &service,
        &format!("GET /v1/stories/{id}?lang=ar&dates=6&sentences=2"),
        &[("accept", "application/ld+json")],
    );
    assert_eq!(story.body, answer.body);
    assert_eq!(
        ask(
            &service,
            &format!("GET /v1/stories/{id}"),
            &[("accept", "text/html,*/*;q=0.8")]
        )
        .json()["id"],
        id.as_str()
    );
    let html = ask(&service, &format!("GET /stories/{id}"), &[]).text();
    assert!(html.contains(&format!(
        "<link rel=\"alternate\" type=\"application/ld+json\" href=\"/v1/stories/{id}.jsonld\">"
    )));

    // What negotiates says so, whatever it answers; what does not, does not.
    let varies = |request: &str, headers: &[(&str, &str)]| {
        let vary = ask(&service, request, headers).header("vary").to_lowercase();
        vary.split(", ").any(|one| one == "accept")
    };
    let (one, timeline) = (
        format!("GET /v1/stories/{id}"),
        format!("GET /v1/stories/{id}/timeline"),
    );
    for negotiating in [&one, &timeline] {
        assert!(varies(negotiating, &[]), "{negotiating}");
        let tag = ask(&service, negotiating, &[]).header("etag").to_owned();
        assert!(varies(negotiating, &[("if-none-match", &tag)]), "{negotiating}: 304");
    }
    assert!(!varies(&format!("{timeline}.csv"), &[]));
    assert_eq!(
        ask(&service, &timeline, &[("accept", "image/png")]).status,
        200,
        "JSON, as is written"
    );
    // The reader's language by either name.
    let by = |name: &str| ask(&service, &format!("{timeline}?{name}=ar"), &[]).body;
    assert_eq!(by("title_lang"), by("lang"));

    // As it stood, and for a story that went up in another.
    let (status, then) = service.get(&format!("/v1/stories/{id}?as_of=999999"));
    assert!(status >= 400, "{then}");
    let first = ask(&service, &format!("GET /v1/stories/{id}/history?per_page=100"), &[]).json();
    let early = first["items"].as_array().expect("items").last().expect("a change")["number"]
        .as_u64()
        .expect("a number")
        + 1;
    let then = ask(
        &service,
        &format!("GET /v1/stories/{id}/timeline.csv?as_of={early}"),
        &[],
    );
    assert_eq!(then.status, 200);
    assert!(then.body.len() < answer.body.len());
    let then = ask(&service, &format!("{timeline}?as_of={early}"), &[]).json();
    assert_eq!(then["as_of"], serde_json::json!({"change": early, "not_known": []}));
    assert!(ask(&service, &timeline, &[]).json().get("as_of").is_none());
    let (_, list) = service.get("/v1/stories?sort_by=size&per_page=3");
    let other = list["items"][2]["id"].as_str().expect("an id");
    let merge = serde_json::json!({"kind": "merge", "stories": [id, other], "into": id});
    assert_eq!(
        service
            .post("/v1/corrections", "application/json", merge.to_string().as_bytes())
            .0,
        201
    );
    let moved = ask(&service, &format!("GET /v1/stories/{other}/timeline.atom?lang=ar"), &[]);
    assert_eq!(
        (moved.status, moved.header("location")),
        (308, format!("/v1/stories/{id}/timeline.atom?lang=ar").as_str())
    );
    assert_eq!(
        ask(&service, &format!("GET /v1/stories/{other}.jsonld"), &[]).header("location"),
        format!("/v1/stories/{id}.jsonld")
    );
    for wrong in ["timeline.pdf", "timeline.csv?dates=0", "timeline.csv?colour=red"] {
        let status = ask(&service, &format!("GET /v1/stories/{id}/{wrong}"), &[]).status;
        assert!(matches!(status, 400 | 404), "{wrong}: {status}");
    }
    assert_eq!(ask(&service, "GET /v1/stories/s99999/timeline.csv", &[]).status, 404);
}

#[test]
fn an_article_that_would_be_a_formula_or_markup_stays_text() {
    let dir = tempfile::tempdir().expect("a folder");
    let service = Service::start(dir.path());
    let article = serde_json::json!([{"id": "=cmd", "title": "=HYPERLINK(\"https://evil.example\",\"x\") </script><script>alert(1)</script>",
        "text": "=SUM(A1:A9) was written on the wall on 12 March 2024, \"the police\" say.", "published": "2024-03-12", "lang": "en", "source": "@desk",
        "url": "javascript:alert(1)"}]);
    let (status, answer) = service.post(
        "/v1/articles?wait=placed",
        "application/json",
        article.to_string().as_bytes(),
    );
    assert_eq!(status, 200, "{answer}");
    let id = largest(&service);
    let csv = ask(&service, &format!("GET /v1/stories/{id}/timeline.csv"), &[]).text();
    let rows = table(&csv);
    assert!(rows.len() > 1, "{csv}");
    for cell in rows.iter().skip(1).flatten() {
        assert!(!cell.starts_with(['=', '+', '-', '@', '\t']), "{cell:?}");
    }
    assert!(rows[1].iter().any(|cell| cell == "'=cmd"));
    assert!(!csv.contains("javascript:"));
    let slides = ask(&service, &format!("GET /v1/stories/{id}/timeline.timelinejs"), &[]).text();
    assert!(
        !slides.contains("<script") && !slides.contains("javascript:"),
        "{slides}"
    );
    let feed = ask(&service, &format!("GET /v1/stories/{id}/timeline.atom"), &[]).text();
    assert!(!feed.contains("<script") && !feed.contains("javascript:"), "{feed}");
}
