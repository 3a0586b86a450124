//! Promise: a timeline's periods are hours, days, weeks or months, as asked: from the command line, over HTTP, on the page.

use dom_query::Document;
use serde_json::{Value, json};

use crate::service::{Service, silsila};

fn story() -> Vec<Value> {
    [
        ("a", "2024-04-01T08:10:00Z", "The old Kumar dam near Tarnovsk broke after two days of heavy rain."),
        ("b", "2024-04-01T19:30:00Z", "Mayor Ivan Petrov of Tarnovsk resigned over his handling of the broken Kumar dam."),
        ("c", "2024-04-03", "Soldiers closed the breach in the Kumar dam near Tarnovsk with sandbags."),
        ("d", "2024-05-20", "Engineers began to build a new Kumar dam above Tarnovsk."),
    ]
    .iter()
    .map(|(id, published, text)| {
        json!({"id": id, "title": "The Kumar dam near Tarnovsk", "text": text, "published": published, "lang": "en", "source": id})
    })
    .collect()
}

#[test]
fn from_the_command_line() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("story.jsonl");
    let lines: Vec<String> = story().iter().map(Value::to_string).collect();
    std::fs::write(&path, lines.join("\n")).expect("written");
    let path = path.to_str().expect("a path");
    let dates = |arguments: &[&str]| {
        let run = silsila(&[&["timeline", path, "--sentences", "1"], arguments].concat());
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        let dates: Vec<Value> = serde_json::from_slice(&run.stdout).expect("JSON");
        let date = |one: &Value| one["date"].as_str().expect("a date").to_owned();
        dates.iter().map(date).collect::<Vec<_>>()
    };
    assert_eq!(
        dates(&["--granularity", "hour"]),
        [
            "2024-04-01T08:10:00Z",
            "2024-04-01T19:30:00Z",
            "2024-04-03",
            "2024-05-20"
        ]
    );
    assert_eq!(dates(&[]), ["2024-04-01", "2024-04-03", "2024-05-20"]);
    assert_eq!(dates(&["--granularity", "week"]), ["2024-04-01", "2024-05-20"]);
    assert_eq!(dates(&["--granularity", "month"]), ["2024-04-01", "2024-05-20"]);

    let run = silsila(&["timeline", path, "--granularity", "decade"]);
    let said = String::from_utf8_lossy(&run.stderr).into_owned();
    assert!(
        !run.status.success() && said.contains("hour, day, week, month"),
        "{said}"
    );
}

#[test]
fn over_http_and_on_the_page() {
    let dir = tempfile::tempdir().expect("a folder");
    let service = Service::start(dir.path());
    let articles = json!(story()[..1]);
    let (status, answer) = service.post(
        "/v1/articles?wait=placed",
        "application/json",
        articles.to_string().as_bytes(),
    );
    assert!(status < 300, "{answer}");
    for (granularity, value) in [("hour", "2024-04-01T08:10:00Z"), ("day", "2024-04-01")] {
        let query = format!("granularity={granularity}");
        let (status, timeline) = service.get(&format!("/v1/stories/s1/timeline?{query}"));
        assert_eq!(
            (status, timeline["events"][0]["date"]["value"].as_str()),
            (200, Some(value))
        );
        let (status, html) = service.get(&format!("/stories/s1?{query}"));
        assert_eq!(status, 200);
        let page = Document::from(html.as_str().expect("html"));
        let shown = page.select("ol.timeline time").attr_or("datetime", "").to_string();
        let here = page.select("nav.facts [aria-current]").text().to_string();
        assert_eq!((shown.as_str(), here.as_str()), (value, granularity));
    }
}
