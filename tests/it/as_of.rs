//! Promise: how stories, their articles and timelines stood at an earlier change is answered as it was answered then.

use serde_json::{Value, json};

use crate::service::{Service, demonstration};
use crate::wire::{JSON, ask, post};

/// Everything that is asked of some stories, by address.
fn all(service: &Service, ids: &[String], as_of: Option<u64>) -> Vec<Value> {
    let with = |path: &str| match as_of {
        Some(change) if path.contains('?') => format!("{path}&as_of={change}"),
        Some(change) => format!("{path}?as_of={change}"),
        None => path.to_owned(),
    };
    let mut answers = Vec::new();
    for sort in ["updated", "size", "started"] {
        let mut cursor = String::new();
        loop {
            let path = with(&format!("/v1/stories?per_page=7&sort_by={sort}&min_articles=2"));
            let (status, page) = service.get(&format!("{path}{cursor}"));
            assert_eq!(status, 200, "{page}");
            answers.extend(page["items"].as_array().expect("items").iter().cloned());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
    }
    for id in ids {
        for below in ["", "/articles?per_page=100", "/timeline", "/history?per_page=100"] {
            let (status, answer) = service.get(&with(&format!("/v1/stories/{id}{below}")));
            // A merged story leads on.
            answers.push(json!({"status": status, "body": answer}));
        }
    }
    answers
}

/// Takes out what an answer says that it does not know, in both.
fn forget(then: &mut Value, now: &mut Value) {
    if let (Some(then), Some(now)) = (then.as_object_mut(), now.as_object_mut()) {
        if let Some(as_of) = then.remove("as_of") {
            for name in as_of["not_known"].as_array().expect("names") {
                let name = name.as_str().expect("a name");
                assert!(!["title", "counts.sources"].contains(&name));
                then.remove(name);
                now.remove(name);
            }
        }
        for (key, value) in then.iter_mut() {
            if let Some(other) = now.get_mut(key) {
                forget(value, other);
            }
        }
    } else if let (Some(then), Some(now)) = (then.as_array_mut(), now.as_array_mut()) {
        for (one, other) in then.iter_mut().zip(now) {
            forget(one, other);
        }
    }
}

fn ids_of(page: &Value) -> Vec<String> {
    let items = page["items"].as_array().expect("items");
    let id = |one: &Value| one["id"].as_str().expect("an id").to_owned();
    items.iter().map(id).collect()
}

fn newest(service: &Service) -> u64 {
    let text = ask(service, "GET /metrics", &[]).text();
    let line = text.lines().find(|line| line.starts_with("silsila_changes_total "));
    line.and_then(|line| line.split(' ').nth(1)?.parse().ok())
        .expect("the number of the newest change")
}

#[test]
fn what_was_answered_before_is_answered_again() {
    let dir = demonstration();
    let service = Service::start(dir.path());
    let (_, page) = service.get("/v1/stories?sort_by=size&per_page=6&state=closed");
    let mut ids = ids_of(&page);
    assert!(ids.len() >= 4, "{page}");
    let articles =
        |id: &str| -> Vec<String> { ids_of(&service.get(&format!("/v1/stories/{id}/articles?per_page=100")).1) };
    let moved = articles(&ids[2])[0].clone();
    let steps = [
        ("/v1/corrections", json!({"kind": "merge", "stories": [ids[1], ids[0]]})),
        (
            "/v1/corrections",
            json!({"kind": "move", "articles": [moved], "story_id": ids[3]}),
        ),
        (
            "/v1/corrections",
            json!({"kind": "rename", "story_id": ids[3], "title": "هدنة"}),
        ),
        (
            "/v1/articles?wait=placed",
            json!({"id": "new-1", "title": "A bridge opens in Doha", "text": "The bridge opened on Monday.",
                "published": "2024-11-20T10:00:00Z", "lang": "en"}),
        ),
        (
            "/v1/articles",
            json!({"id": "new-1", "title": "A bridge opens in Doha at last", "source": "The Bridge",
                "text": "The bridge opened on Monday, at last.", "lang": "en"}),
        ),
        ("/v1/corrections/1/undo", json!({})),
    ];
    let mut snapshots = vec![(newest(&service), ids.clone(), all(&service, &ids, None))];
    for (path, body) in steps {
        let answer = post(&service, path, &[JSON], body.to_string().as_bytes());
        assert!((200..300).contains(&answer.status), "{path}: {}", answer.text());
        if path.ends_with("placed") {
            let story = answer.json()["articles"][0]["story_id"]
                .as_str()
                .expect("a story")
                .to_owned();
            ids.push(story);
        }
        snapshots.push((newest(&service), ids.clone(), all(&service, &ids, None)));
    }
    for (change, ids, answers) in snapshots {
        let then = all(&service, &ids, Some(change));
        assert_eq!(then.len(), answers.len(), "as of {change}");
        for (mut then, mut now) in then.into_iter().zip(answers) {
            forget(&mut then, &mut now);
            assert_eq!(then, now, "as of {change}");
        }
    }

    // A time that was answered holds what happened at it.
    let (_, page) = service.get("/v1/stories?per_page=100");
    for story in page["items"].as_array().expect("stories") {
        let (id, at) = (&story["id"], story["updated_at"].as_str().expect("a time"));
        let (status, then) = service.get(&format!("/v1/stories/{}?as_of={at}", id.as_str().expect("an id")));
        assert_eq!((status, &then["updated_at"]), (200, &story["updated_at"]), "{id}");
        let (_, span) = service.get(&format!("/v1/stories?per_page=100&updated_from={at}&updated_to={at}"));
        assert!(ids_of(&span).iter().any(|one| *id == *one), "{id} at {at}: {span}");
    }

    // A walk gives each story once, in the order of its beginning, whatever is done to it meanwhile.
    for sort in ["updated", "started", "size", "velocity", "importance", "relevance"] {
        for direction in ["asc", "desc"] {
            let list = format!("/v1/stories?sort_by={sort}&sort_direction={direction}");
            let before = ids_of(&service.get(&format!("{list}&per_page=100")).1);
            let (mut seen, mut cursor) = (Vec::new(), String::new());
            loop {
                let (_, page) = service.get(&format!("{list}&per_page=3{cursor}"));
                seen.extend(ids_of(&page));
                let Some(next) = page["next_cursor"].as_str() else {
                    break;
                };
                cursor = format!("&cursor={next}");
                if seen.len() == 3 {
                    let note = json!({"kind": "note", "story_id": before.last(), "text": "A remark."});
                    let answer = post(&service, "/v1/corrections", &[JSON], note.to_string().as_bytes());
                    assert_eq!(answer.status, 201, "{}", answer.text());
                }
            }
            assert_eq!(seen, before, "{list}");
        }
    }

    let newest = newest(&service);
    for (query, status, field) in [
        (format!("as_of={}", newest + 1), 400, "as_of"),
        ("as_of=yesterday".to_owned(), 400, "as_of"),
        ("as_of=1&sort_by=importance".to_owned(), 400, "sort_by"),
    ] {
        let (found, answer) = service.get(&format!("/v1/stories?{query}"));
        assert_eq!(
            (found, answer["field"].as_str()),
            (status, Some(field)),
            "{query}: {answer}"
        );
    }
    assert_eq!(service.get("/v1/stories/s1?as_of=1970-01-01").0, 404);
    assert_eq!(service.get("/v1/stories?as_of=1970-01-01").1["items"], json!([]));
}
