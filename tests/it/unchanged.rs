//! Promise: what has not changed is not sent again, and nothing that has changed is taken for what it was.

use serde_json::json;

use crate::wire::{JSON, ask, post, service_on_fixture};

#[test]
fn an_unchanged_story_answers_304_and_a_changed_one_anew() {
    let dir = tempfile::tempdir().expect("a folder");
    let service = service_on_fixture(dir.path());
    let paths = ["/v1/stories/s1/timeline", "/v1/stories/s1", "/v1/stories?sort_by=size"];
    let tags = || paths.map(|path| ask(&service, &format!("GET {path}"), &[]).header("etag").to_owned());
    let status = |path: &str, tag: &str| ask(&service, &format!("GET {path}"), &[("if-none-match", tag)]).status;
    let first = tags();
    assert_eq!(tags(), first);
    for (path, tag) in paths.iter().zip(&first) {
        assert_eq!(status(path, tag), 304, "{path}");
        assert_eq!(
            ask(&service, &format!("HEAD {path}"), &[("if-none-match", tag)]).status,
            304,
            "{path}"
        );
        assert_eq!(status(path, "\"other\""), 200, "{path}");
    }
    assert_ne!(
        ask(&service, "GET /v1/stories/s1/timeline?granularity=month", &[]).header("etag"),
        first[0]
    );

    // Another story: the timeline stays, the list does not.
    let other = json!({"id": "other", "title": "The choir sings in Doha", "text": "The choir sang.", "published": "2024-03-12"});
    let placed = post(
        &service,
        "/v1/articles?wait=placed",
        &[JSON],
        other.to_string().as_bytes(),
    );
    let story = placed.json()["articles"][0]["story_id"]
        .as_str()
        .expect("a story")
        .to_owned();
    assert_ne!(story, "s1");
    assert_eq!((status(paths[0], &first[0]), status(paths[2], &first[2])), (304, 200));
    let list = ask(&service, &format!("GET {}", paths[2]), &[]).json();
    assert!(
        list["items"]
            .as_array()
            .expect("items")
            .iter()
            .any(|one| one["id"] == story.as_str())
    );

    // A revision of a member changes all of it.
    let before = tags();
    let text = "The bridge over river 5 opened. On 3 May 2024 the bridge was closed again, the mayor said.";
    let revised = json!({"id": "x5", "title": "Bridge 5 opens", "text": text, "source": "The Bridge", "lang": "en"});
    let answer = post(&service, "/v1/articles", &[JSON], revised.to_string().as_bytes());
    assert_eq!(answer.json()["articles"][0]["outcome"], "revised", "{}", answer.text());
    for (path, tag) in paths.iter().zip(&before) {
        assert_eq!(status(path, tag), 200, "{path}");
    }
    let timeline = ask(&service, &format!("GET {}", paths[0]), &[]).text();
    assert!(timeline.contains("2024-05-03"), "{timeline}");
}
