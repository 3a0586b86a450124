//! Promise: a story says in the reader's language what it is about, how fast it grows and how much it matters, and what it
//! says is so.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::service::{Service, demonstration, silsila};

fn story_of(service: &Service, article: &str, lang: &str) -> Value {
    let (status, view) = service.get(&format!("/v1/articles/{article}"));
    assert_eq!(status, 200, "{view}");
    let id = view["story_id"].as_str().expect("placed");
    let (status, story) = service.get(&format!("/v1/stories/{id}?lang={lang}"));
    assert_eq!(status, 200, "{story}");
    story
}

fn names(story: &Value, kind: &str) -> BTreeSet<String> {
    let names = story[kind].as_array().expect("names").iter();
    names
        .map(|one| one["name"].as_str().expect("a name").to_owned())
        .collect()
}

#[test]
fn a_story_is_labelled_in_the_readers_language() {
    let data = demonstration();
    let service = Service::start(data.path());

    // Headline and names, in two languages and scripts.
    let kursk = "demo-kursk-incursion-ar-01";
    let (arabic, english) = (story_of(&service, kursk, "ar"), story_of(&service, kursk, "en"));
    for (story, lang, people, places) in [
        (&arabic, "ar", ["أليكسي سميرنوف", "فلاديمير بوتين"], ["كورسك", "سودجا"]),
        (
            &english,
            "en",
            ["Alexei Smirnov", "Vladimir Putin"],
            ["Kursk", "Sudzha"],
        ),
    ] {
        assert_eq!(story["title_lang"], lang, "{}", story["title"]);
        let (found, where_) = (names(story, "people"), names(story, "places"));
        assert!(people.iter().all(|name| found.contains(*name)), "{found:?}");
        assert!(places.iter().all(|name| where_.contains(*name)), "{where_:?}");
    }
    let karabakh = story_of(&service, "demo-karabakh-ceasefire-ar-01", "ar");
    assert!(names(&karabakh, "people").contains("نيكول باشينيان"), "{karabakh}");
    assert!(names(&karabakh, "organisations").contains("مجلس الأمن"), "{karabakh}");
    // A language that it has no article in.
    let other = story_of(&service, kursk, "sv");
    assert!(["ar", "en", "fr", "ru"].contains(&other["title_lang"].as_str().expect("a language")));
    let (_, list) = service.get("/v1/stories?title_lang=ar&min_articles=5");
    let items = list["items"].as_array().expect("items");
    assert!(
        items.len() > 5 && items.iter().all(|story| story["title_lang"] == "ar"),
        "{list}"
    );

    // A name is said to be in no more articles than there are, and every one says so.
    let count = arabic["counts"]["articles"].as_u64().expect("a count");
    for kind in ["people", "places", "organisations"] {
        for one in arabic[kind].as_array().expect("names") {
            assert!(
                (2..=count).contains(&one["articles"].as_u64().expect("a count")),
                "{one}"
            );
        }
    }

    // First and last article, and the pace.
    let id = arabic["id"].as_str().expect("an id");
    let (_, members) = service.get(&format!("/v1/stories/{id}/articles?per_page=100"));
    let mut published: Vec<(&str, &str)> = members["items"]
        .as_array()
        .expect("items")
        .iter()
        .filter_map(|one| Some((one["published"]["value"].as_str()?, one["id"].as_str()?)))
        .collect();
    published.sort_unstable();
    let (first, last) = (published.first().expect("dated"), published.last().expect("dated"));
    assert_eq!(arabic["first_article"]["id"], first.1);
    assert_eq!(arabic["last_article"]["id"], last.1);
    assert_eq!(arabic["started"], arabic["first_article"]["published"]["value"]);
    assert!(["rising", "steady", "falling"].contains(&arabic["pace"]["trend"].as_str().expect("a trend")));
    assert!(arabic["pace"]["days"].as_f64().is_some_and(|days| days <= 3.0));

    // By importance: what is newest and told by most sources first; it is counted by sources, not by articles.
    let (_, list) = service.get("/v1/stories?sort_by=importance&per_page=100");
    let items = list["items"].as_array().expect("items");
    let importance: Vec<f64> = items
        .iter()
        .map(|one| one["importance"].as_f64().unwrap_or(-1.0))
        .collect();
    assert!(importance.is_sorted_by(|a, b| a >= b), "{importance:?}");
    for story in items {
        let (sources, languages) = (&story["counts"]["sources"], &story["counts"]["languages"]);
        let most = (sources.as_f64().unwrap_or(0.0) + 1.0) * (1.0 + 0.25 * languages.as_f64().unwrap_or(1.0));
        assert!(
            story["importance"].as_f64().is_none_or(|importance| importance <= most),
            "{story}"
        );
    }
    let (status, _) = service.get("/v1/stories?sort_by=weight");
    assert_eq!(status, 400);

    // The pages say it, too.
    for (ui, word, name) in [("ar", "أشخاص", "فلاديمير بوتين"), ("en", "People", "Vladimir Putin")] {
        let (status, page) = service.get(&format!("/stories/{id}?ui={ui}"));
        let page = page.as_str().expect("a page");
        assert!(status == 200 && page.contains(word) && page.contains(name), "{ui}");
    }
}

#[test]
fn an_article_about_two_stories_is_counted_in_one_and_linked_to_the_other() {
    let data = demonstration();
    // Round-ups tell of several stories.
    let (folder, glue) = (
        data.path().to_str().expect("a path"),
        concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/glue"),
    );
    let run = silsila(&["ingest", "--data-dir", folder, glue]);
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let service = Service::start(data.path());
    let (_, list) = service.get("/v1/stories?per_page=100");
    let mut linked = 0;
    for story in list["items"].as_array().expect("items") {
        let id = story["id"].as_str().expect("an id");
        let (_, story) = service.get(&format!("/v1/stories/{id}"));
        let (_, members) = service.get(&format!("/v1/stories/{id}/articles?per_page=100"));
        assert_eq!(
            members["items"].as_array().map(Vec::len),
            story["counts"]["articles"].as_u64().map(|n| n as usize)
        );
        for related in story["related"].as_array().expect("related articles") {
            linked += 1;
            let article = related["article_id"].as_str().expect("an id");
            let (_, view) = service.get(&format!("/v1/articles/{article}"));
            assert_eq!(view["story_id"], related["story_id"]);
            assert_ne!(view["story_id"], id);
            let also = view["also_in"].as_array().expect("other stories");
            let same = also.iter().find(|one| one["story_id"] == id).expect("linked both ways");
            assert_eq!(same["support"], related["support"]);
            let (_, page) = service.get(&format!("/articles/{article}?ui=en"));
            assert!(page.as_str().is_some_and(|page| page.contains("Also about")));
        }
    }
    assert!(linked > 0, "no article is about two stories");
}

#[test]
fn an_outlet_under_names_in_two_scripts_is_one_source() {
    let dir = tempfile::tempdir().expect("a folder");
    let service = Service::start(dir.path());
    let article = |id: &str, lang: &str, source: &str, host: &str, text: &str| {
        json!({"id": id, "title": text, "text": text, "lang": lang, "source": source, "published": "2024-05-01",
            "url": format!("https://{host}/{id}")})
    };
    let articles = json!([
        article(
            "a",
            "en",
            "Nile Post",
            "www.nilepost.example",
            "The dam at Merowe was opened on Wednesday."
        ),
        article(
            "b",
            "ar",
            "بريد النيل",
            "ar.nilepost.example",
            "فتح سد مروي يوم الأربعاء بحضور الوزير."
        ),
        article(
            "c",
            "en",
            "Delta Wire",
            "deltawire.example",
            "Engineers in Merowe opened the gates of the dam."
        ),
    ]);
    let (status, answer) = service.post(
        "/v1/articles?wait=placed",
        "application/json",
        articles.to_string().as_bytes(),
    );
    assert_eq!(status, 200, "{answer}");
    let together = json!({"kind": "always-together", "articles": ["a", "b", "c"]});
    let (status, answer) = service.post("/v1/corrections", "application/json", together.to_string().as_bytes());
    assert_eq!(status, 201, "{answer}");
    let story = service.get("/v1/articles/a").1["story_id"]
        .as_str()
        .expect("a story")
        .to_owned();
    let (_, now) = service.get(&format!("/v1/stories/{story}"));
    assert_eq!(
        (&now["counts"]["articles"], &now["counts"]["sources"]),
        (&json!(3), &json!(2)),
        "{now}"
    );
    // As it stood at its latest change it counts the same, and the store's own check finds nothing wrong.
    let (_, then) = service.get(&format!("/v1/stories/{story}?as_of={}", now["version"]));
    assert_eq!(then["counts"]["sources"], 2);
    drop(service);
    let check = silsila(&["check", "--data-dir", dir.path().to_str().expect("a path")]);
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stdout));
}
