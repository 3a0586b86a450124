//! Promise: `silsila export | silsila import` gives the same stories, ids, corrections, watches and change log in a new folder, and
//! what is imported goes on exactly as what was exported does.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::service::{Service, demonstration, silsila};

const JSON: &str = "application/json";
const SETTINGS: [(&str, &str); 1] = [("SILSILA__TRACK__ALLOW_NETWORKS", "127.0.0.0/8")];

fn start(dir: &Path) -> Service {
    Service::start_with(dir, "127.0.0.1:0", &SETTINGS)
}

fn asked(service: &Service, path: &str, body: &Value, wanted: u16) -> Value {
    let (status, answer) = service.post(path, JSON, body.to_string().as_bytes());
    assert_eq!(status, wanted, "{path} {body}: {answer}");
    answer
}

/// All that the demonstration does not have: corrections of every kind, some of them undone, watches, a revision, a refusal.
fn lived_in(dir: &Path) {
    let service = start(dir);
    let (_, page) = service.get("/v1/stories?sort_by=size&per_page=12");
    let stories: Vec<String> = page["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(|story| story["id"].as_str().expect("an id").to_owned())
        .collect();
    let members = |story: &str| -> Vec<String> {
        let (_, page) = service.get(&format!("/v1/stories/{story}/articles?per_page=100"));
        let own = page["items"].as_array().expect("items").clone();
        own.iter()
            .filter(|article| article["near_duplicate_of"].is_null())
            .map(|article| article["id"].as_str().expect("an id").to_owned())
            .collect()
    };
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .expect("a port")
        .local_addr()
        .expect("an address");
    let watch = asked(
        &service,
        "/v1/watches",
        &json!({"story_id": stories[0], "url": format!("http://{closed}/desk"), "quiet": {"cool_down_seconds": 60}}),
        201,
    );
    asked(
        &service,
        "/v1/watches",
        &json!({"search": {"q": "هدنة", "min_sources": 2}}),
        201,
    );
    asked(&service, "/v1/watches", &json!({"story_id": stories[5]}), 201);
    let correct = |body: Value| {
        asked(&service, "/v1/corrections", &body, 201)["number"]
            .as_u64()
            .expect("a number")
    };
    let undo = |number: u64| {
        drop(asked(
            &service,
            &format!("/v1/corrections/{number}/undo"),
            &json!({"author": "Layla"}),
            200,
        ))
    };
    correct(json!({"kind": "merge", "stories": [stories[4], stories[5]], "author": "Layla", "reason": "one thing"}));
    undo(correct(json!({"kind": "merge", "stories": [stories[2], stories[3]]})));
    let first = members(&stories[0]);
    correct(json!({"kind": "split", "story_id": stories[0], "articles": first[..2]}));
    let second = members(&stories[1]);
    undo(correct(
        json!({"kind": "split", "story_id": stories[1], "articles": second[..1]}),
    ));
    correct(json!({"kind": "rename", "story_id": stories[0], "title": "عنوان المحرر", "lang": "ar"}));
    undo(correct(
        json!({"kind": "rename", "story_id": stories[1], "title": "Not this"}),
    ));
    correct(json!({"kind": "never-together", "stories": [stories[0], stories[6]]}));
    correct(json!({"kind": "pin", "articles": [second[0]]}));
    correct(json!({"kind": "note", "story_id": stories[1], "text": "ask the Cairo desk"}));
    // A page is edited, one is taken out of its story, one input is refused, one watch is deleted.
    let (_, article) = service.get(&format!("/v1/articles/{}", second[1]));
    let edited = json!([{"id": second[1], "title": article["title"], "text": format!("{} Edited.", article["text"].as_str().expect("a text")),
        "published": article["published"]["value"], "lang": article["lang"], "source": article["source"]}]);
    asked(&service, "/v1/articles?wait=placed", &edited, 200);
    correct(json!({"kind": "move", "articles": [second[1]], "story_id": stories[7]}));
    service.post("/v1/articles", JSON, br#"[{"title": 7}]"#);
    asked(
        &service,
        &format!("/v1/watches/{}/rotate", watch["id"].as_str().expect("an id")),
        &json!({}),
        200,
    );
    let deleted = asked(&service, "/v1/watches", &json!({"search": {"q": "gone"}}), 201);
    let line = format!("DELETE /v1/watches/{}", deleted["id"].as_str().expect("an id"));
    assert_eq!(crate::wire::ask(&service, &line, &[]).status, 204);
    assert!(service.terminate().wait().success());
}

fn path(dir: &Path) -> &str {
    dir.to_str().expect("a path")
}

fn exported(dir: &Path, more: &[&str]) -> Vec<u8> {
    let run = silsila(&[&["export", "--data-dir", path(dir)], more].concat());
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    run.stdout
}

/// New articles: one for a story that is there, one of something else, one that repeats an old one's text.
fn arrivals(service: &Service) -> Value {
    let (_, found) = service.get("/v1/search?q=Sudan&per_page=1");
    let id = found["items"][0]["article_id"].as_str().expect("a hit").to_owned();
    let (_, old) = service.get(&format!("/v1/articles/{id}"));
    let published = &old["published"]["value"];
    json!([
        {"id": "n1", "title": format!("{} again", old["title"].as_str().expect("a title")), "text": "In Sudan the fighting goes on, the army says; aid has not come to Darfur.", "published": published, "lang": "en", "source": "New Desk"},
        {"id": "n2", "title": "A comet is seen over the harbour", "text": "Astronomers in Lisbon saw a comet on Sunday night, brighter than any in ten years.", "published": published, "lang": "en", "source": "New Desk"},
        {"id": "n3", "title": old["title"], "text": old["text"], "published": published, "lang": old["lang"], "source": "Another Desk"}
    ])
}

#[test]
fn what_is_imported_is_the_same_and_goes_on_the_same() {
    let original = demonstration();
    lived_in(original.path());
    let folder = tempfile::tempdir().expect("a folder");
    let whole = exported(original.path(), &["--secrets"]);
    assert_eq!(whole, exported(original.path(), &["--secrets"]));

    // Through a pipe, as the documentation has it.
    let copy = folder.path().join("copy");
    let mut export = Command::new(env!("CARGO_BIN_EXE_silsila"))
        .args(["export", "--secrets", "--data-dir", path(original.path())])
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let import = Command::new(env!("CARGO_BIN_EXE_silsila"))
        .args(["import", "--json", "--data-dir", path(&copy)])
        .stdin(export.stdout.take().expect("a pipe"))
        .output()
        .expect("it runs");
    assert!(import.status.success(), "{}", String::from_utf8_lossy(&import.stderr));
    assert!(export.wait().expect("it ends").success());
    let told: Value = serde_json::from_slice(&import.stdout).expect("JSON");
    assert_eq!(
        (
            told["watches"].as_u64(),
            told["without_secret"].as_array().map(Vec::len)
        ),
        (Some(3), Some(0))
    );
    assert!(told["corrections"].as_u64() >= Some(10), "{told}");
    let again = exported(&copy, &["--secrets"]);
    assert!(
        again == whole,
        "the export of the import is another: {}",
        first_difference(&whole, &again)
    );

    // Compressed, from a file.
    let packed = folder.path().join("all.jsonl.gz");
    exported(original.path(), &["--secrets", "--out", path(&packed)]);
    assert!(std::fs::read(&packed).expect("a file").starts_with(&[0x1f, 0x8b]));
    #[cfg(unix)]
    {
        let of = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&packed).expect("a file").permissions());
        assert_eq!(of & 0o777, 0o600, "secrets are for their owner alone");
    }
    let unpacked = folder.path().join("unpacked");
    let run = silsila(&["import", path(&packed), "--data-dir", path(&unpacked)]);
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    assert!(exported(&unpacked, &["--secrets"]) == whole);

    // Both go on: the same articles find the same stories, for the same reasons.
    let (one, other) = (start(original.path()), start(&copy));
    let new = arrivals(&one);
    let placed: Vec<Value> = [&one, &other]
        .iter()
        .map(|service| {
            let mut answer = asked(service, "/v1/articles?wait=placed", &new, 200);
            for article in answer["articles"].as_array_mut().expect("articles") {
                article["arrived_at"].take();
            }
            answer
        })
        .collect();
    assert_eq!(placed[0], placed[1]);
    for path in [
        "/v1/articles/n1/placement",
        "/v1/articles/n2/placement",
        "/v1/articles/n3/placement",
        "/v1/corrections?per_page=100",
        "/v1/watches",
        "/v1/refused",
    ] {
        assert_eq!(one.get(path), other.get(path), "{path}");
    }
    let kept = |service: &Service, path: &str, fields: &[&str]| -> Vec<Value> {
        let (_, page) = service.get(path);
        let items = page["items"].as_array().expect("items").clone();
        assert!(!items.is_empty());
        let of = |item: &Value| fields.iter().map(|field| item[field].clone()).collect();
        items.iter().map(of).collect()
    };
    for sort in ["size", "velocity", "importance", "started"] {
        let fields = [
            "id",
            "title",
            "state",
            "counts",
            "terms",
            "importance",
            "split_from",
            "split_into",
            "version",
        ];
        let path = format!("/v1/stories?per_page=100&sort_by={sort}");
        assert_eq!(kept(&one, &path, &fields), kept(&other, &path, &fields), "{sort}");
    }
    let fields = ["number", "kind", "story_id", "article_id", "detail"];
    assert_eq!(
        kept(&one, "/v1/changes?per_page=100", &fields),
        kept(&other, "/v1/changes?per_page=100", &fields)
    );
    // Numbers are not given out again: the deleted watch's id is not.
    let next = |service: &Service| asked(service, "/v1/watches", &json!({"search": {"q": "new"}}), 201)["id"].clone();
    assert_eq!(next(&one), next(&other));
}

fn first_difference(one: &[u8], other: &[u8]) -> String {
    let (one, other) = (String::from_utf8_lossy(one), String::from_utf8_lossy(other));
    let different = one.lines().zip(other.lines()).find(|(one, other)| one != other);
    different.map_or("one is longer".to_owned(), |(one, other)| format!("\n{one}\n{other}"))
}

#[test]
fn secrets_stay_at_home_unless_they_are_asked_for() {
    let original = demonstration();
    let service = start(original.path());
    let url = "https://desk.example/hook";
    let watch = asked(
        &service,
        "/v1/watches",
        &json!({"search": {"q": "هدنة"}, "url": url}),
        201,
    );
    asked(&service, "/v1/watches", &json!({"search": {"q": "Sudan"}}), 201);
    let whole = exported(original.path(), &[]);
    let text = String::from_utf8(whole).expect("UTF-8");
    let (secret, feed) = (
        watch["secret"].as_str().expect("a secret"),
        watch["feed"].as_str().expect("a feed"),
    );
    let hidden = feed.trim_start_matches("/feeds/").trim_end_matches(".atom");
    assert!(!text.contains(secret) && !text.contains(hidden));
    let folder = tempfile::tempdir().expect("a folder");
    let (file, copy) = (folder.path().join("all.jsonl"), folder.path().join("copy"));
    std::fs::write(&file, &text).expect("a file");
    let run = silsila(&["import", path(&file), "--data-dir", path(&copy)]);
    let said = String::from_utf8_lossy(&run.stdout).into_owned();
    assert!(run.status.success() && said.contains("w1 post nothing until"), "{said}");
    let imported = start(&copy);
    let (_, one) = imported.get("/v1/watches/w1");
    assert_eq!(
        (one["state"].as_str(), one["url"].as_str()),
        (Some("disabled"), Some(url))
    );
    assert!(
        one["why"].as_str().expect("a reason").contains("without its secret"),
        "{one}"
    );
    assert_ne!(one["feed"], watch["feed"]);
    assert_eq!(imported.get(feed).0, 404);
    assert_eq!(imported.get("/v1/watches/w2").1["state"], "active");

    // Nothing is imported over a store, and nothing is left of what is no export.
    let again = silsila(&["import", path(&file), "--data-dir", path(&copy)]);
    assert!(!again.status.success());
    let other = folder.path().join("other");
    let cut: String = text.lines().take(200).map(|line| format!("{line}\n")).collect();
    std::fs::write(&file, cut).expect("a file");
    let run = silsila(&["import", path(&file), "--data-dir", path(&other)]);
    let said = String::from_utf8_lossy(&run.stderr).into_owned();
    assert!(!run.status.success() && said.contains("cut short"), "{said}");
    assert!(!other.join("silsila.db").exists());
}
