//! Promise: articles are found by meaning, across languages, with filters and pages that neither repeat nor skip.

use serde_json::Value;

use crate::service::{Service, demonstration};
use crate::wire::{JSON, ask, post};

fn ids(page: &Value) -> Vec<String> {
    let items = page["items"].as_array().unwrap_or_else(|| panic!("items in {page}"));
    items
        .iter()
        .map(|one| one["article_id"].as_str().expect("an id").to_owned())
        .collect()
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[test]
fn what_is_meant_is_found_in_other_languages_and_every_page_goes_on() {
    let dir = demonstration();
    let service = Service::start(dir.path());
    // A headline of the demonstration, looked for by itself: it comes first, and its story in other languages behind it.
    let (_, stories) = service.get("/v1/stories?sort_by=size&per_page=20");
    let story = stories["items"]
        .as_array()
        .expect("stories")
        .iter()
        .find(|story| story["counts"]["languages"].as_u64() >= Some(3))
        .expect("a story in three languages");
    let id = story["id"].as_str().expect("an id");
    let (_, articles) = service.get(&format!("/v1/stories/{id}/articles?per_page=100"));
    let own: Vec<&Value> = articles["items"]
        .as_array()
        .expect("articles")
        .iter()
        .filter(|one| one["near_duplicate_of"].is_null())
        .collect();
    let asked = own[0]["title"].as_str().expect("a headline");
    let path = format!("/v1/search?mode=meaning&q={}", encoded(asked));
    let (status, page) = service.get(&format!("{path}&per_page=100"));
    assert_eq!(status, 200, "{page}");
    let items = page["items"].as_array().expect("items");
    let ten: Vec<&Value> = items.iter().take(10).collect();
    let same = ten.iter().filter(|one| one["story_id"] == story["id"]).count();
    assert!(same >= own.len().min(10) / 2, "{same} of {} in {ten:#?}", own.len());
    let languages: std::collections::BTreeSet<&str> = ten
        .iter()
        .filter(|one| one["story_id"] == story["id"])
        .filter_map(|one| one["lang"].as_str())
        .collect();
    assert!(languages.len() >= 2, "{languages:?}");
    let cosines: Vec<f64> = items
        .iter()
        .map(|one| one["cosine"].as_f64().expect("a cosine"))
        .collect();
    assert!(
        cosines.is_sorted_by(|one, other| one >= other) && cosines[0] > 0.5 && cosines.iter().all(|one| *one >= 0.0)
    );

    // Pages while articles arrive.
    let (mut walked, mut cursor, mut number) = (Vec::new(), String::new(), 0);
    loop {
        let (_, part) = service.get(&format!("{path}&per_page=9{cursor}"));
        walked.extend(ids(&part));
        let Some(next) = part["next_cursor"].as_str() else {
            break;
        };
        cursor = format!("&cursor={next}");
        number += 1;
        if number <= 3 {
            let article = serde_json::json!({"id": format!("near-{number}"), "title": asked,
                "text": format!("{asked} {number} {}", "words of its own ".repeat(number)), "lang": own[0]["lang"]});
            let answer = post(
                &service,
                "/v1/articles?wait=placed",
                &[JSON],
                article.to_string().as_bytes(),
            );
            assert_eq!(answer.status, 200);
        }
    }
    let (_, again) = service.get(&format!("{path}&per_page=100"));
    assert!(
        ids(&again).iter().any(|id| id == "near-1"),
        "the next walk has what arrived"
    );
    assert_eq!(walked[..items.len()], ids(&page)[..]);
    assert_eq!(
        walked.iter().collect::<std::collections::BTreeSet<_>>().len(),
        walked.len()
    );
    assert!(walked.iter().all(|id| !id.starts_with("near-")));

    let (_, arabic) = service.get(&format!("{path}&lang=ar&from=2024-01-01"));
    assert!(!ids(&arabic).is_empty());
    for one in arabic["items"].as_array().expect("items") {
        assert_eq!(one["lang"], "ar");
        assert!(one["published"]["value"].as_str().is_some_and(|date| date >= "2024"));
    }
    assert!(ids(&service.get(&format!("{path}&lang=xx")).1).is_empty());
    let words = format!("/v1/search?q={}{cursor}", encoded(asked));
    assert_eq!(service.get(&words).0, 400, "a cursor of another search");
    assert_eq!(service.get("/v1/search?q=a&mode=sense").0, 400);

    let shown = ask(&service, &format!("GET /search?mode=meaning&q={}", encoded(asked)), &[]).text();
    assert!(
        shown.contains("<option value=\"meaning\" selected>") && shown.contains("similarity 0."),
        "{shown}"
    );
    let marked = items
        .iter()
        .find(|one| one["article_id"] == own[0]["id"])
        .expect("itself");
    assert!(
        !marked["highlights"].as_array().expect("highlights").is_empty(),
        "{marked}"
    );
}
