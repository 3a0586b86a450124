//! What users of other systems complain of, a test for each: every one would fail in the system that provoked it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

use dom_query::Document;
use serde_json::{Value, json};

use crate::service::{Service, demonstration};
use crate::watches::{SETTINGS, next, receiver, start};
use crate::wire::ask;

const JSON: &str = "application/json";

fn post(service: &Service, path: &str, body: &Value, wanted: u16) -> Value {
    let (status, answer) = service.post(path, JSON, body.to_string().as_bytes());
    assert_eq!(status, wanted, "{path} {body}: {answer}");
    answer
}

fn read(service: &Service, path: &str) -> Value {
    let (status, answer) = service.get(path);
    assert_eq!(status, 200, "{path}: {answer}");
    answer
}

fn items(service: &Service, path: &str) -> Vec<Value> {
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let mark = if path.contains('?') { '&' } else { '?' };
        let page = read(service, &format!("{path}{mark}per_page=100{cursor}"));
        let items = page["items"].as_array().expect("items");
        let more = !items.is_empty();
        found.extend(items.iter().cloned());
        match page["next_cursor"].as_str().filter(|_| more) {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return found,
        }
    }
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_else(|| panic!("{field} in {value}"))
}

/// Stories of the demonstration, the largest first.
fn largest(service: &Service) -> Vec<String> {
    let found = items(service, "/v1/stories?sort_by=size");
    found.iter().map(|story| text(story, "id").to_owned()).collect()
}

fn correct(service: &Service, body: &Value) -> u64 {
    post(service, "/v1/corrections", body, 201)["number"]
        .as_u64()
        .expect("a number")
}

fn encoded(words: &str) -> String {
    url_of(words.as_bytes())
}

fn url_of(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("%{byte:02X}")).collect()
}

/// Articles of the demonstration by id.
fn written() -> BTreeMap<String, Value> {
    let lines = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/demo/articles.jsonl")).expect("a file");
    let of = |line: &str| {
        let article: Value = serde_json::from_str(line).expect("JSON");
        (text(&article, "id").to_owned(), article)
    };
    lines.lines().map(of).collect()
}

/// "Eleven alerts in half an hour, nine of them about three things."
#[test]
fn eleven_reports_of_three_things_are_few_alerts_and_none_is_kept_silent() {
    let dir = tempfile::tempdir().expect("a folder");
    let service = start(dir.path());
    let (address, got) = receiver(None);
    // Half an hour in miniature.
    let quiet = json!({"cool_down_seconds": 4, "only_new_sources": true});
    let watch = json!({"search": {"min_sources": 1}, "url": format!("http://{address}/"), "quiet": quiet});
    let id = text(&post(&service, "/v1/watches", &watch, 201), "id").to_owned();
    let written = written();
    let reports = [
        "odesa-energy-strikes-ru-01",
        "odesa-energy-strikes-ru-01-reprint",
        "odesa-energy-strikes-ar-01",
        "odesa-energy-strikes-en-01",
        "kursk-missile-strikes-ru-01",
        "kursk-missile-strikes-ru-01-reprint",
        "kursk-missile-strikes-ar-02",
        "lebanon-ceasefire-ar-01",
        "lebanon-ceasefire-ar-01-reprint",
        "lebanon-ceasefire-en-01",
        "lebanon-ceasefire-fr-01",
    ];
    for report in reports {
        let article = &written[&format!("demo-{report}")];
        post(&service, "/v1/articles?wait=placed", &json!([article]), 200);
    }
    let (mut messages, mut told, mut held) = (0, BTreeSet::new(), 0);
    while told.len() + held < reports.len() {
        let message = next(&got);
        messages += 1;
        for alert in message.body["data"]["alerts"].as_array().expect("alerts") {
            assert!(
                told.insert(text(&alert["article"], "id").to_owned()),
                "told twice: {alert}"
            );
        }
        let counted = message.body["data"]["held_back"].as_object().expect("counts");
        held += counted.values().filter_map(Value::as_u64).sum::<u64>() as usize;
    }
    assert!(messages <= 4, "{messages} messages of {} reports", reports.len());
    assert!(held >= 3, "the reprints are counted, not told: {held}");
    assert!(told.iter().all(|id| !id.ends_with("-reprint")), "{told:?}");
    assert!(
        got.recv_timeout(Duration::from_secs(5)).is_err(),
        "and nothing comes after"
    );
    let view = read(&service, &format!("/v1/watches/{id}"));
    assert_eq!(
        (view["alerts"].as_u64(), view["held_back"].as_u64()),
        (Some(told.len() as u64), Some(held as u64))
    );
}

/// "The id that I subscribed to is another story the next day."
#[test]
fn an_id_that_was_subscribed_to_leads_to_its_story_for_ever() {
    let dir = demonstration();
    let service = Service::start(dir.path());
    let stories = largest(&service);
    let members = |service: &Service, story: &str| -> BTreeSet<String> {
        let found = items(service, &format!("/v1/stories/{story}/articles"));
        found.iter().map(|article| text(article, "id").to_owned()).collect()
    };
    let before: BTreeMap<String, BTreeSet<String>> =
        stories.iter().map(|id| (id.clone(), members(&service, id))).collect();
    let watches: Vec<Value> = stories
        .iter()
        .take(6)
        .map(|story| post(&service, "/v1/watches", &json!({"story_id": story}), 201))
        .collect();
    // News comes, editors merge and split, the power fails, and everything that is derived is made anew.
    let written = written();
    for (number, (id, article)) in written.iter().filter(|(id, _)| id.ends_with("en-01")).enumerate() {
        let mut new = article.clone();
        new["id"] = json!(format!("new-{number}"));
        new["url"] = Value::Null;
        new["text"] = json!(format!(
            "{} More was expected on the following days, officials said ({id}).",
            text(article, "text")
        ));
        post(&service, "/v1/articles?wait=placed", &json!([new]), 200);
    }
    correct(
        &service,
        &json!({"kind": "merge", "stories": [stories[2], stories[3]], "into": stories[2]}),
    );
    let part: Vec<&String> = before[&stories[1]].iter().take(2).collect();
    correct(
        &service,
        &json!({"kind": "split", "story_id": stories[1], "articles": part}),
    );
    service.kill();
    let _ = std::fs::remove_dir_all(dir.path().join("derived"));
    let service = Service::start(dir.path());
    for (id, had) in &before {
        let (status, answer) = service.get(&format!("/v1/stories/{id}"));
        let leads_to = match status {
            200 => id.clone(),
            308 => text(&answer, "merged_into").to_owned(),
            _ => panic!("{id}: {status} {answer}"),
        };
        let has = members(&service, &leads_to);
        assert!(
            had.intersection(&has).count() * 2 >= had.len(),
            "{id} is about something else now"
        );
    }
    for (watch, story) in watches.iter().zip(&stories) {
        let view = read(&service, &format!("/v1/watches/{}", text(watch, "id")));
        let follows = text(&view, "story_id");
        let wanted = if story == &stories[3] { &stories[2] } else { story };
        assert_eq!(follows, wanted, "{view}");
        let feed = ask(&service, &format!("GET {}", text(watch, "feed")), &[]).text();
        let ids: Vec<&str> = feed
            .split("<id>")
            .skip(2)
            .filter_map(|rest| rest.split('<').next())
            .collect();
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{feed}");
    }
}

/// "After a merge my link is dead, and the report that I had made of the story says something else."
#[test]
fn a_merge_keeps_the_old_link_and_what_was_reported() {
    let dir = demonstration();
    let service = Service::start(dir.path());
    let stories = largest(&service);
    let (stays, goes) = (&stories[1], &stories[2]);
    let counts = |id: &str| {
        read(&service, &format!("/v1/stories/{id}"))["counts"]["articles"]
            .as_u64()
            .expect("a count")
    };
    let (of_stays, of_goes) = (counts(stays), counts(goes));
    let change = items(&service, "/v1/changes").len() as u64;
    let reports = [
        "",
        "/articles?per_page=100",
        "/timeline?lang=ar",
        "/history?per_page=100",
    ];
    let with = |below: &str| match below.contains('?') {
        true => format!("/v1/stories/{goes}{below}&as_of={change}"),
        false => format!("/v1/stories/{goes}{below}?as_of={change}"),
    };
    let reported: Vec<Value> = reports.iter().map(|below| read(&service, &with(below))).collect();
    let table = ask(
        &service,
        &format!("GET /v1/stories/{goes}/timeline.csv?as_of={change}"),
        &[],
    )
    .text();
    correct(
        &service,
        &json!({"kind": "merge", "stories": [stays, goes], "into": stays, "author": "Layla"}),
    );
    // Every address of it leads on, with what was asked.
    for (old, new) in [
        (
            format!("/v1/stories/{goes}?lang=ar"),
            format!("/v1/stories/{stays}?lang=ar"),
        ),
        (
            format!("/v1/stories/{goes}/timeline?dates=3"),
            format!("/v1/stories/{stays}/timeline?dates=3"),
        ),
        (
            format!("/v1/stories/{goes}/timeline.atom"),
            format!("/v1/stories/{stays}/timeline.atom"),
        ),
        (
            format!("/v1/stories/{goes}/articles"),
            format!("/v1/stories/{stays}/articles"),
        ),
        (format!("/stories/{goes}"), format!("/stories/{stays}")),
    ] {
        let answer = ask(&service, &format!("GET {old}"), &[]);
        assert_eq!((answer.status, answer.header("location")), (308, new.as_str()), "{old}");
    }
    assert_eq!(counts(stays), of_stays + of_goes, "no article is lost");
    // The report is what it was, but for what the log does not tell and the answer names.
    for (below, then) in reports.iter().zip(&reported) {
        let (mut then, mut now) = (then.clone(), read(&service, &with(below)));
        let forgotten = now["as_of"]["not_known"].clone();
        for field in forgotten.as_array().into_iter().flatten().filter_map(Value::as_str) {
            then[field].take();
            now[field].take();
        }
        for whole in [&mut then, &mut now] {
            if whole["as_of"].is_object() {
                whole["as_of"].take();
            }
            for item in whole["items"].as_array_mut().into_iter().flatten() {
                if item["as_of"].is_object() {
                    item["as_of"].take();
                }
            }
        }
        assert_eq!(now, then, "{below}");
    }
    let again = ask(
        &service,
        &format!("GET /v1/stories/{goes}/timeline.csv?as_of={change}"),
        &[],
    )
    .text();
    assert_eq!(again, table);
    // And its history says what became of it.
    let history = items(&service, &format!("/v1/stories/{goes}/history"));
    assert!(
        history
            .iter()
            .any(|one| one["kind"] == "merged" && one["detail"]["into"] == stays.as_str())
    );
}

/// "The machine merged two stories, and there is no way back."
#[test]
fn a_wrong_merge_is_taken_back_whatever_came_meanwhile() {
    let dir = demonstration();
    let service = Service::start(dir.path());
    let stories = largest(&service);
    let (one, other) = (&stories[0], &stories[1]);
    let state = |id: &str| -> (Value, BTreeSet<String>) {
        let members = items(&service, &format!("/v1/stories/{id}/articles"));
        (
            read(&service, &format!("/v1/stories/{id}"))["title"].clone(),
            members.iter().map(|one| text(one, "id").to_owned()).collect(),
        )
    };
    let before = (state(one), state(other));
    let watch = post(&service, "/v1/watches", &json!({"story_id": other}), 201);
    let merge = correct(
        &service,
        &json!({"kind": "merge", "stories": [one, other], "into": one}),
    );
    assert_eq!(service.get(&format!("/v1/stories/{other}")).0, 308);
    // What comes meanwhile joins the merged story.
    let member = written()
        .into_iter()
        .find(|(id, _)| before.1.1.contains(id))
        .expect("a member")
        .1;
    let mut late = member.clone();
    late["id"] = json!("late");
    late["url"] = Value::Null;
    late["source"] = json!("Late Desk");
    let placed = post(&service, "/v1/articles?wait=placed", &json!([late]), 200);
    assert_eq!(text(&placed["articles"][0], "story_id"), one);
    post(
        &service,
        &format!("/v1/corrections/{merge}/undo"),
        &json!({"author": "Omar", "reason": "two things"}),
        200,
    );
    let after = (state(one), state(other));
    let written = written();
    for (was, is) in [(&before.0, &after.0), (&before.1, &after.1)] {
        assert!(was.1.is_subset(&is.1), "every article is back");
        let mut titles =
            is.1.iter()
                .filter_map(|id| written.get(id))
                .map(|article| &article["title"]);
        assert!(
            titles.any(|title| *title == is.0),
            "and a headline of its own: {}",
            is.0
        );
    }
    let late: Vec<bool> = [&after.0, &after.1]
        .iter()
        .map(|state| state.1.contains("late"))
        .collect();
    assert_eq!(late, [false, true], "what repeats a text goes where that text goes");
    let follows = read(&service, &format!("/v1/watches/{}", text(&watch, "id")));
    assert_eq!(
        (text(&follows, "story_id"), &follows["asked_story_id"]),
        (other.as_str(), &Value::Null)
    );
    assert_eq!(
        post(&service, &format!("/v1/corrections/{merge}/redo"), &json!({}), 201)["redoes"],
        merge
    );
}

/// "I read about it last week and cannot find it again."
#[test]
fn every_story_is_found_again_by_what_one_remembers() {
    let dir = demonstration();
    let service = Service::start(dir.path());
    let all = items(&service, "/v1/stories");
    let states: BTreeSet<&str> = all.iter().map(|story| text(story, "state")).collect();
    assert!(all.len() >= 10 && !states.is_empty());
    let listed = |query: &str| -> Vec<String> {
        let page = read(&service, &format!("/v1/stories?{query}&per_page=10"));
        page["items"]
            .as_array()
            .expect("items")
            .iter()
            .map(|one| text(one, "id").to_owned())
            .collect()
    };
    for story in &all {
        let id = text(story, "id").to_owned();
        // By its headline, in every language that it has, whatever its state.
        for lang in story["languages"]
            .as_array()
            .expect("languages")
            .iter()
            .filter_map(Value::as_str)
        {
            let local = read(&service, &format!("/v1/stories/{id}?lang={lang}"));
            let words: Vec<&str> = text(&local, "title").split_whitespace().take(4).collect();
            let found = listed(&format!("q={}", encoded(&words.join(" "))));
            assert!(found.contains(&id), "{id} by {words:?}: {found:?}");
        }
        // By a source, and by the days in which it changed.
        let article = &items(&service, &format!("/v1/stories/{id}/articles"))[0];
        if let Some(source) = article["source"].as_str() {
            let found = items(&service, &format!("/v1/stories?source={}", encoded(source)));
            assert!(found.iter().any(|one| one["id"] == id.as_str()), "{id} by {source}");
        }
        let day = &text(story, "updated_at")[..10];
        let found = items(&service, &format!("/v1/stories?updated_from={day}&updated_to={day}"));
        assert!(found.iter().any(|one| one["id"] == id.as_str()), "{id} on {day}");
    }
    // As people spell it: without hamza, with tatweel, with other digits.
    let spelt = |words: &str| -> BTreeSet<String> { listed(&format!("q={}", encoded(words))).into_iter().collect() };
    let (usual, careless) = (spelt("إسرائيل"), spelt("اســرائيل"));
    assert!(!usual.is_empty());
    assert_eq!(usual, careless);
    assert_eq!(spelt("2900"), spelt("٢٩٠٠"));
    // And by a headline that an editor has replaced.
    let (id, title) = (text(&all[0], "id"), text(&all[0], "title"));
    correct(
        &service,
        &json!({"kind": "rename", "story_id": id, "title": "Altogether otherwise"}),
    );
    let words: Vec<&str> = title.split_whitespace().take(4).collect();
    assert!(
        listed(&format!("q={}", encoded(&words.join(" "))))
            .iter()
            .any(|found| found == id)
    );
}

/// "Hours-old news came as an alert because somebody had edited the page."
#[test]
fn an_edited_page_is_no_news() {
    let dir = demonstration();
    let service = start(dir.path());
    let story = &largest(&service)[0];
    let (address, got) = receiver(None);
    let watch = json!({"story_id": story, "url": format!("http://{address}/"), "quiet": {"near_duplicates": true}});
    post(&service, "/v1/watches", &watch, 201);
    post(
        &service,
        "/v1/watches",
        &json!({"search": {"min_sources": 1}, "url": format!("http://{address}/all")}),
        201,
    );
    let written = written();
    let members = items(&service, &format!("/v1/stories/{story}/articles"));
    let of_story: Vec<&Value> = members
        .iter()
        .filter_map(|member| written.get(text(member, "id")))
        .collect();
    let count = members.len();
    // The page is edited, and fetched again: under its id, and by its address alone.
    let mut edited = of_story[0].clone();
    edited["text"] = json!(format!(
        "{}\nThis page was updated with a new figure: 1,214.",
        text(of_story[0], "text")
    ));
    let answer = post(&service, "/v1/articles?wait=placed", &json!([edited]), 200);
    assert_eq!(answer["articles"][0]["outcome"], "revised", "{answer}");
    let mut by_address = of_story[1].clone();
    by_address.as_object_mut().expect("an object").remove("id");
    by_address["title"] = json!(format!("UPDATED: {}", text(of_story[1], "title")));
    let answer = post(&service, "/v1/articles?wait=placed", &json!([by_address]), 200);
    assert_eq!(
        (&answer["articles"][0]["id"], &answer["articles"][0]["outcome"]),
        (&of_story[1]["id"], &json!("revised")),
        "{answer}"
    );
    // The same page once more is nothing at all.
    let answer = post(&service, "/v1/articles?wait=placed", &json!([edited]), 200);
    assert_eq!(answer["articles"][0]["outcome"], "known", "{answer}");
    assert_eq!(items(&service, &format!("/v1/stories/{story}/articles")).len(), count);
    // What is new is told, and it alone.
    let mut new = of_story[0].clone();
    new["id"] = json!("truly-new");
    new["url"] = Value::Null;
    new["source"] = json!("Another Desk");
    let answer = post(&service, "/v1/articles?wait=placed", &json!([new]), 200);
    assert_eq!(text(&answer["articles"][0], "story_id"), story);
    let message = next(&got);
    let told: Vec<&str> = message.body["data"]["alerts"]
        .as_array()
        .expect("alerts")
        .iter()
        .map(|one| text(&one["article"], "id"))
        .collect();
    assert_eq!(told, ["truly-new"], "{}", message.text);
    assert!(
        got.recv_timeout(Duration::from_secs(2)).is_err(),
        "the search folds what repeats, and hears of no edit"
    );
}

/// "Right-to-left was fixed, and now left-to-right is broken."
#[test]
fn every_text_runs_in_its_own_direction_whatever_is_around_it() {
    let dir = demonstration();
    let service = Service::start_with(
        dir.path(),
        "127.0.0.1:0",
        &[("SILSILA__PUBLISH__EMBED_ANCESTORS", "*"), SETTINGS[0]],
    );
    let story = &largest(&service)[0];
    let article = text(&items(&service, &format!("/v1/stories/{story}/articles"))[0], "id").to_owned();
    let watch = post(&service, "/v1/watches", &json!({"story_id": story}), 201);
    let paths = [
        "/".to_owned(),
        format!("/stories/{story}"),
        format!("/articles/{article}"),
        "/search?q=%D9%87%D8%AF%D9%86%D8%A9".to_owned(),
        "/review".to_owned(),
        format!("/watches/{}", text(&watch, "id")),
        "/watches/new?preview=1&q=%D9%87%D8%AF%D9%86%D8%A9".to_owned(),
    ];
    let mut seen: BTreeMap<(String, String), usize> = BTreeMap::new();
    for (ui, direction) in [("en", "ltr"), ("ar", "rtl")] {
        let embedded = format!("/embed/stories/{story}?lang={ui}");
        let pages = paths
            .iter()
            .map(|path| format!("{path}{}ui={ui}", if path.contains('?') { '&' } else { '?' }));
        for path in pages.chain([embedded]) {
            let html = ask(&service, &format!("GET {path}"), &[("accept", "text/html")]).text();
            let page = Document::from(html.as_str());
            assert_eq!(page.select("html").attr_or("dir", "").as_ref(), direction, "{path}");
            for element in page.select("body [lang][dir]").iter() {
                let (lang, dir) = (
                    element.attr_or("lang", "").to_string(),
                    element.attr_or("dir", "").to_string(),
                );
                let wanted = match lang.as_str() {
                    "ar" | "fa" | "he" | "ur" => "rtl",
                    "en" | "fr" | "ru" => "ltr",
                    _ => continue,
                };
                assert_eq!(dir, wanted, "{path}: {}", element.html());
                *seen.entry((ui.to_owned(), lang)).or_default() += 1;
            }
            // A text of the world without a direction of its own would run in the page's (a bdi finds its own).
            for element in page.select("h1[lang], h2[lang], h3[lang], p[lang], del[lang]").iter() {
                assert!(element.has_attr("dir"), "{path}: {}", element.html());
            }
        }
    }
    for ui in ["en", "ar"] {
        for lang in ["ar", "en", "ru"] {
            assert!(
                seen.get(&(ui.to_owned(), lang.to_owned())) > Some(&10),
                "{ui} {lang}: {seen:?}"
            );
        }
    }
    // Rules that name a side would serve one direction alone.
    for sheet in ["silsila.css", "embed.css"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("static/assets").join(sheet);
        let rules = std::fs::read_to_string(path).expect("a file");
        for side in [
            "margin-left",
            "margin-right",
            "padding-left",
            "padding-right",
            "text-align: left",
            "text-align: right",
            "float:",
            "border-left",
            "border-right",
        ] {
            assert!(!rules.contains(side), "{sheet}: {side}");
        }
    }
}

/// "It summarises, and nobody can check what it says."
#[test]
fn every_sentence_of_a_timeline_stands_word_for_word_in_an_article_that_it_names() {
    let dir = demonstration();
    let service = Service::start(dir.path());
    let mut texts: BTreeMap<String, String> = BTreeMap::new();
    let mut checked = 0;
    let started = Instant::now();
    for story in largest(&service) {
        for article in items(&service, &format!("/v1/stories/{story}/articles")) {
            let whole = format!("{}\n{}", text(&article, "title"), text(&article, "text"));
            texts.insert(text(&article, "id").to_owned(), whole);
        }
        for query in [
            "",
            "lang=ar",
            "lang=ru&granularity=week",
            "granularity=month&sentences=9",
            "dates=2&lang=en",
        ] {
            let timeline = read(&service, &format!("/v1/stories/{story}/timeline?{query}"));
            for event in timeline["events"].as_array().expect("events") {
                let named: Vec<&str> = event["articles"]
                    .as_array()
                    .expect("articles")
                    .iter()
                    .filter_map(Value::as_str)
                    .collect();
                assert!(named.contains(&text(event, "article")), "{event}");
                let holds = |said: &Value| {
                    let article = text(said, "article");
                    assert!(
                        texts[article].contains(text(said, "sentence")),
                        "{article} does not say: {said}"
                    );
                };
                holds(event);
                event["others"].as_array().expect("others").iter().for_each(holds);
                checked += 1;
                // And it can be followed there, on the page of each.
                assert!(named.iter().all(|id| texts.contains_key(*id)));
            }
        }
    }
    assert!(checked > 100, "{checked} events in {:?}", started.elapsed());
}
