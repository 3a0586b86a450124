//! Promise: what editors decided can be exported as labelled data, weights are learned from it, what they would change is shown,
//! and nothing is put to use but by a setting.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Value, json};

use crate::service::{Service, command, demonstration, silsila};

const JSON: &str = "application/json";

fn ask(service: &Service, path: &str, body: &Value) -> Value {
    let (status, view) = service.post(path, JSON, body.to_string().as_bytes());
    assert!(status == 200 || status == 201, "{path} {body}: {status} {view}");
    view
}

fn correct(service: &Service, body: &Value) -> u64 {
    ask(service, "/v1/corrections", body)["number"]
        .as_u64()
        .expect("a number")
}

/// Articles that repeat no other, by story, the largest story first.
fn members(service: &Service) -> Vec<(String, Vec<String>)> {
    let (_, page) = service.get("/v1/stories?per_page=100&sort_by=size");
    let mut found = Vec::new();
    for story in page["items"].as_array().expect("items") {
        let id = story["id"].as_str().expect("an id").to_owned();
        let (_, page) = service.get(&format!("/v1/stories/{id}/articles?per_page=100"));
        let own = page["items"].as_array().expect("items").iter();
        let own = own.filter(|article| article["near_duplicate_of"].is_null());
        let ids = own.map(|article| article["id"].as_str().expect("an id").to_owned());
        found.push((id, ids.collect()));
    }
    found
}

fn stories(service: &Service) -> BTreeMap<String, String> {
    let all = members(service).into_iter();
    all.flat_map(|(story, articles)| articles.into_iter().map(move |article| (article, story.clone())))
        .collect()
}

fn lines(text: &[u8]) -> Vec<Value> {
    let text = String::from_utf8_lossy(text).into_owned();
    text.lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

/// Without the last digits, which a reader of decimals may lose.
fn rounded(value: &Value) -> Value {
    match value {
        Value::Number(number) if number.is_f64() => json!(format!("{:.9}", number.as_f64().unwrap_or_default())),
        Value::Array(items) => items.iter().map(rounded).collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, field)| (name.clone(), rounded(field)))
            .collect(),
        other => other.clone(),
    }
}

fn path(path: &Path) -> &str {
    path.to_str().expect("a path")
}

#[test]
fn decisions_teach_and_only_a_setting_puts_what_was_learned_to_use() {
    let folder = demonstration();
    let data = folder.path();
    let service = Service::start(data);
    let export = || silsila(&["export", "--decisions", "--data-dir", path(data)]);
    let train = |more: &[&str]| silsila(&[&["train", "--data-dir", path(data)], more].concat());

    // Nobody has decided anything.
    let empty = lines(&export().stdout);
    assert_eq!((empty.len(), &empty[0]["decisions"]), (1, &json!(0)));
    let nothing = train(&[]);
    assert!(!nothing.status.success());
    let said = String::from_utf8_lossy(&nothing.stderr).into_owned();
    assert!(said.contains("nothing to learn from"), "{said}");

    // One is undone, one undone and made again, a remark teaches nothing.
    let by_size = members(&service);
    let (a, in_a) = &by_size[0];
    let (b, in_b) = &by_size[1];
    let moved = correct(
        &service,
        &json!({"kind": "move", "article": in_a[0], "story_id": b, "author": "Layla"}),
    );
    ask(
        &service,
        &format!("/v1/corrections/{moved}/undo"),
        &json!({"author": "Layla"}),
    );
    let again = ask(
        &service,
        &format!("/v1/corrections/{moved}/redo"),
        &json!({"author": "Layla"}),
    )["number"]
        .as_u64()
        .expect("a number");
    let undone = correct(&service, &json!({"kind": "pin", "article": in_b[0]}));
    ask(&service, &format!("/v1/corrections/{undone}/undo"), &json!({}));
    let note = correct(&service, &json!({"kind": "note", "story_id": a, "text": "see also"}));

    let first = export();
    assert!(first.status.success(), "{}", String::from_utf8_lossy(&first.stderr));
    assert_eq!(first.stdout, export().stdout, "the same bytes twice");
    let written = lines(&first.stdout);
    assert_eq!(
        (&written[0]["type"], &written[0]["decisions"]),
        (&json!("decisions"), &json!(1))
    );
    let numbers: BTreeSet<u64> = written[1..]
        .iter()
        .filter_map(|line| line["correction"]["number"].as_u64())
        .collect();
    assert_eq!(numbers, BTreeSet::from([again]), "neither {moved}, {undone} nor {note}");
    let mut sums: BTreeMap<(String, bool), f64> = BTreeMap::new();
    for line in &written[1..] {
        assert_eq!(
            (&line["type"], &line["correction"]["kind"]),
            (&json!("example"), &json!("move"))
        );
        assert_eq!(line["correction"]["author"], "Layla");
        let function = line["function"].as_str().expect("a function").to_owned();
        let names: BTreeSet<&str> = line["signals"]
            .as_object()
            .expect("signals")
            .keys()
            .map(String::as_str)
            .collect();
        let told: BTreeSet<&str> = written[0]["signals"][&function]
            .as_array()
            .expect("names")
            .iter()
            .filter_map(Value::as_str)
            .collect();
        assert_eq!(names, told);
        let together = line["together"].as_bool().expect("a label");
        // The article that moved is on one side, with its headline; the other side is of either story.
        let sides: Vec<&Value> = line["sides"].as_array().expect("sides").iter().collect();
        let ids = |side: &Value| -> Vec<String> {
            let named = side["articles"].as_array().expect("articles").iter();
            named
                .map(|article| article["id"].as_str().expect("an id").to_owned())
                .collect()
        };
        let (own, others) = if ids(sides[0]) == [in_a[0].clone()] {
            (0, 1)
        } else {
            (1, 0)
        };
        assert_eq!(ids(sides[own]), [in_a[0].clone()]);
        assert!(
            sides[own]["articles"][0]["title"]
                .as_str()
                .is_some_and(|title| !title.is_empty())
        );
        assert!(sides[own]["articles"][0]["lang"].is_string());
        let home = if together { in_b } else { in_a };
        assert!(ids(sides[others]).iter().all(|id| home.contains(id)), "{line}");
        *sums.entry((function, together)).or_default() += line["weight"].as_f64().expect("a weight");
    }
    // It was decided about an article: that says nothing of the function that joins wholes.
    assert!(sums.keys().all(|(function, _)| function == "pairs"), "{sums:?}");
    assert!((sums.values().sum::<f64>() - 1.0).abs() < 1e-9, "{sums:?}");

    // One decision is too few to judge by.
    let own = folder.path().join("own.json");
    let few = train(&["--out", path(&own)]);
    assert!(!few.status.success() && !own.exists());
    let said = String::from_utf8_lossy(&few.stdout).into_owned();
    assert!(said.contains("1 decision is too few to judge by"), "{said}");
    assert!(said.starts_with("1 decision stands and teaches something"), "{said}");
    assert!(
        !said.contains("accuracy") && said.contains("pairs of articles: 1 decision, "),
        "{said}"
    );

    // Who edits can fetch the same lines from the running service.
    let file = folder.path().join("one.jsonl");
    let exported = silsila(&["export", "--decisions", "--data-dir", path(data), "--out", path(&file)]);
    assert!(
        exported.status.success(),
        "{}",
        String::from_utf8_lossy(&exported.stderr)
    );
    let mut fetched = ureq::get(format!("{}/v1/decisions", service.address))
        .call()
        .expect("an answer");
    assert_eq!(fetched.headers()["content-type"], "application/x-ndjson");
    let fetched = fetched.body_mut().read_to_string().expect("lines");
    assert_eq!(fetched, std::fs::read_to_string(&file).expect("the file"));

    // Enough of them: the placements of whole stories are confirmed.
    let several = by_size.iter().filter(|(_, articles)| articles.len() > 1);
    let others = several
        .flat_map(|(_, articles)| articles)
        .filter(|article| **article != in_a[0]);
    let confirmed: Vec<&String> = others.take(24).collect();
    assert_eq!(confirmed.len(), 24);
    for article in &confirmed {
        correct(&service, &json!({"kind": "pin", "article": article, "author": "Omar"}));
    }
    let file = folder.path().join("decided.jsonl.gz");
    let exported = silsila(&[
        "export",
        "--decisions",
        "--data-dir",
        path(data),
        "--out",
        path(&file),
        "--json",
    ]);
    let counts: Value = serde_json::from_slice(&exported.stdout).expect("JSON");
    // One whose story's articles are too far apart in time for the engine to have compared them has no pairs.
    let count = |name: &str| counts[name].as_u64().expect("a count");
    let decisions = count("decisions");
    assert!(
        decisions + count("without_examples") == 25 && decisions > 20,
        "{counts}"
    );
    let judged = train(&["--json"]);
    assert!(judged.status.success(), "{}", String::from_utf8_lossy(&judged.stderr));
    let report: Value = serde_json::from_slice(&judged.stdout).expect("JSON");
    let from_file: Value = serde_json::from_slice(&train(&["--json", "--from", path(&file)]).stdout).expect("JSON");
    assert_eq!(
        rounded(&report),
        rounded(&from_file),
        "the file holds all that is needed"
    );
    assert_eq!(
        (&report["decisions"], &report["cannot_judge"]),
        (&json!(decisions), &Value::Null)
    );
    assert_eq!(
        (&report["groups"]["decisions"], &report["groups"]["proposed"]),
        (&json!(0), &Value::Null)
    );
    let judged = &report["pairs"];
    assert_eq!(judged["folds"], 5, "{judged}");
    for which in ["in_use", "proposed"] {
        let loss = judged[which]["log_loss"].as_f64();
        assert!(loss.is_some_and(|loss| loss > 0.0), "{judged}");
    }
    // What is confirmed is right already by the weights in use, nearly all of it.
    let trial = &report["stories"];
    assert_eq!(trial["decisions"], 25);
    assert!(
        trial["right_in_use"]
            .as_u64()
            .is_some_and(|right| (20..=24).contains(&right)),
        "{trial}"
    );
    assert_eq!(trial["candidates"].as_array().map(Vec::len), Some(3));
    let sum: u64 = stories(&service).len() as u64;
    assert_eq!(trial["articles"], sum);

    // The whole fit, although it is not proposed; the file says where it comes from.
    let before = stories(&service);
    let said = String::from_utf8(train(&["--out", path(&own), "--anyway"]).stdout).expect("UTF-8");
    assert!(said.contains("log loss") && said.contains("story.weights = "), "{said}");
    let weights: Value = serde_json::from_slice(&std::fs::read(&own).expect("a file")).expect("JSON");
    let built_in: Value = serde_json::from_str(include_str!("../../config/story-weights.json")).expect("JSON");
    assert!(
        weights["trained_on"]
            .as_str()
            .is_some_and(|text| text.contains(&format!("{decisions} decisions of editors")))
    );
    assert_ne!(weights["pairs"]["intercept"], built_in["pairs"]["intercept"]);
    assert_eq!(before, stories(&service), "the service goes on as before");

    // By the new file: old decisions stay, a new one is by its numbers.
    drop(service);
    let service = Service::start_with(data, "127.0.0.1:0", &[("SILSILA__STORY__WEIGHTS", path(&own))]);
    assert_eq!(before, stories(&service));
    let (_, known) = service.get(&format!("/v1/articles/{}", in_b[1]));
    let text = format!("{} More was said about it.", known["text"].as_str().expect("a text"));
    let article = json!([{"id": "new", "title": known["title"].as_str().map(|title| format!("{title}, again")),
        "text": text.chars().rev().take(300).collect::<Vec<char>>().into_iter().rev().collect::<String>(),
        "lang": known["lang"], "published": known["published"]["value"]}]);
    ask(&service, "/v1/articles?wait=placed", &article);
    let (_, placement) = service.get("/v1/articles/new/placement");
    let compared = ["nearest", "rejected"]
        .iter()
        .flat_map(|list| placement[*list].as_array().cloned().unwrap_or_default());
    let mut seen = 0;
    for near in compared {
        let probability = near["probability"].as_f64().expect("a probability");
        if !(0.001..0.999).contains(&probability) {
            continue;
        }
        let parts: f64 = near["signals"]
            .as_object()
            .expect("signals")
            .values()
            .filter_map(|signal| signal.as_f64().or_else(|| signal["part"].as_f64()))
            .sum();
        let intercept = (probability / (1.0 - probability)).ln() - parts;
        let own = weights["pairs"]["intercept"].as_f64().expect("a number");
        assert!((intercept - own).abs() < 0.01, "{intercept} {own} {near}");
        seen += 1;
    }
    assert!(seen > 0, "{placement}");
    drop(service);

    // A file that does not fit is refused at the start, by its name and field.
    let text = std::fs::read_to_string(&own).expect("a file");
    let broken = text.replacen("\"deviation\": 0.25", "\"deviation\": -1.0", 1);
    assert_ne!(broken, text);
    std::fs::write(&own, broken).expect("written");
    let refused = command(&["serve", "--listen", "127.0.0.1:0", "--data-dir", path(data)])
        .env("SILSILA__STORY__WEIGHTS", &own)
        .output()
        .expect("the binary runs");
    assert!(!refused.status.success());
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        said.contains("own.json") && said.contains("`pairs.meaning.deviation`"),
        "{said}"
    );
}
