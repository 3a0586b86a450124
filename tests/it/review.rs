//! Promise: the editors' list names what was decided narrowly, the most doubtful first, and leaves out what an editor has
//! decided.

use serde_json::{Value, json};

use crate::service::{Service, demonstration};

fn all(service: &Service, kind: &str) -> Vec<Value> {
    let (mut items, mut cursor) = (Vec::new(), String::new());
    loop {
        let (status, page) = service.get(&format!("/v1/review?per_page=7{kind}{cursor}"));
        assert_eq!(status, 200, "{page}");
        items.extend(page["items"].as_array().expect("items").clone());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return items,
        }
    }
}

fn correct(service: &Service, body: &Value) -> u64 {
    let (status, view) = service.post("/v1/corrections", "application/json", body.to_string().as_bytes());
    assert_eq!(status, 201, "{body}: {view}");
    view["number"].as_u64().expect("a number")
}

#[test]
fn the_list_goes_by_doubt_and_forgets_what_is_decided() {
    let data = demonstration();
    let service = Service::start(data.path());
    let items = all(&service, "");
    assert!(!items.is_empty());
    let doubts: Vec<f64> = items
        .iter()
        .map(|item| item["doubt"].as_f64().expect("a doubt"))
        .collect();
    assert!(
        doubts.is_sorted_by(|a, b| a >= b) && doubts.iter().all(|doubt| (0.5..=1.0).contains(doubt)),
        "{doubts:?}"
    );
    let mut subjects: Vec<String> = items
        .iter()
        .map(|item| {
            format!(
                "{} {} {} {}",
                item["kind"], item["article"]["id"], item["story"]["id"], item["other"]["id"]
            )
        })
        .collect();
    subjects.sort_unstable();
    subjects.dedup();
    assert_eq!(subjects.len(), items.len(), "nothing is listed twice");

    let mut kinds = 0;
    for kind in ["placement", "story", "merge"] {
        let some = all(&service, &format!("&kind={kind}"));
        kinds += some.len();
        for item in some {
            assert_eq!(item["kind"], kind);
            assert!(item["why"].is_object(), "{item}");
            match kind {
                "placement" => {
                    let article = item["article"]["id"].as_str().expect("an article");
                    let (_, view) = service.get(&format!("/v1/articles/{article}"));
                    assert_eq!(view["story_id"], item["story"]["id"], "{item}");
                }
                "story" => {
                    let parts = item["cut"].as_array().expect("two parts");
                    assert!(
                        parts.len() == 2
                            && parts
                                .iter()
                                .all(|part| part.as_array().is_some_and(|ids| !ids.is_empty()))
                    );
                }
                _ => assert_ne!(item["story"]["id"], item["other"]["id"]),
            }
        }
    }
    assert_eq!(kinds, items.len());
    assert_eq!(service.get("/v1/review?kind=other").0, 400);
    assert_eq!(service.get("/v1/review?cursor=x").0, 400);

    // A pinned article is decided, and in doubt again when that is undone.
    let first = all(&service, "&kind=placement")
        .into_iter()
        .next()
        .expect("a placement");
    let article = first["article"]["id"].clone();
    let listed = || {
        all(&service, "&kind=placement")
            .iter()
            .any(|item| item["article"]["id"] == article)
    };
    let pinned = correct(&service, &json!({"kind": "pin", "article": article}));
    assert!(!listed());
    let (status, _) = service.post(&format!("/v1/corrections/{pinned}/undo"), "application/json", b"{}");
    assert_eq!(status, 200);
    assert!(listed());

    // The proposed cut can be handed in as it is; the story is then decided.
    if let Some(item) = all(&service, "&kind=story").first() {
        let part = &item["cut"][0];
        correct(
            &service,
            &json!({"kind": "split", "story_id": item["story"]["id"], "articles": part}),
        );
        let same = |one: &&Value| one["story"]["id"] == item["story"]["id"] && one["cut"] == item["cut"];
        assert_eq!(all(&service, "&kind=story").iter().filter(same).count(), 0);
    }

    for ui in ["en", "ar"] {
        let (status, page) = service.get(&format!("/review?ui={ui}"));
        assert!(
            status == 200 && page.as_str().is_some_and(|page| page.contains("/stories/s")),
            "{ui}"
        );
    }
}

#[test]
fn what_an_editor_put_into_a_story_is_not_proposed_to_leave_it() {
    let data = demonstration();
    let service = Service::start(data.path());
    let mut moved = 0;
    for item in all(&service, "&kind=placement") {
        let (article, other) = (&item["article"]["id"], &item["other"]["id"]);
        if other.is_null() {
            continue;
        }
        let asked = json!({"kind": "move", "articles": [article], "story_id": other}).to_string();
        if service.post("/v1/corrections", "application/json", asked.as_bytes()).0 != 201 {
            continue;
        }
        moved += 1;
        for proposed in all(&service, "&kind=story") {
            let leaving = proposed["cut"][0].as_array().expect("a part");
            assert!(!leaving.contains(article), "{proposed}");
        }
    }
    assert!(moved > 2, "{moved}");
}
