//! Promise: the front page says what moves, over a time that can be chosen, and what is new since its reader last looked.

use std::collections::BTreeSet;

use dom_query::Document;
use serde_json::{Value, json};

use crate::pages::{fetch, page};
use crate::service::{Service, demonstration};

const JSON: &str = "application/json";

/// Hands in a reprint of an article under another id; it joins the story of the one that it repeats.
pub fn reprint(service: &Service, of: &str, id: &str) -> String {
    let (_, article) = service.get(&format!("/v1/articles/{of}"));
    let copy = json!({
        "id": id, "title": article["title"], "text": article["text"], "lang": article["lang"],
        "source": "The Late Edition", "published": article["published"]["value"],
    });
    let (status, answer) = service.post("/v1/articles?wait=placed", JSON, copy.to_string().as_bytes());
    assert!(status < 300, "{answer}");
    let story = service.get(&format!("/v1/articles/{id}")).1["story_id"].clone();
    assert_eq!(
        story, article["story_id"],
        "a reprint is where the article is that it repeats"
    );
    story.as_str().expect("a story").to_owned()
}

/// The newest dated article, which is in a story of several.
pub fn newest(service: &Service) -> (String, String) {
    let (_, list) = service.get("/v1/stories?per_page=100");
    let newest = list["items"].as_array().expect("items").iter();
    let story = newest
        .max_by_key(|story| story["latest"].as_str().map(str::to_owned))
        .expect("a story");
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    (text(&story["id"]), text(&story["last_article"]["id"]))
}

fn moving(html: &str) -> Vec<(String, String)> {
    let document = Document::from(html);
    document
        .select("section[aria-labelledby=moving] .row")
        .iter()
        .map(|row| {
            let moves = row.select(".moves").text().to_string();
            (row.attr_or("data-id", "").to_string(), moves)
        })
        .collect()
}

#[test]
fn what_moves_is_counted_over_the_chosen_time() {
    let dir = demonstration();
    let service = Service::start(dir.path());
    let html = page(&service, "/", "en");
    assert!(html.len() < 100_000, "the first page has {} bytes", html.len());
    assert!(
        html.contains("Nothing here is newer than 3 Dec 2024, 09:10"),
        "an old collection says so"
    );
    let (story, _) = newest(&service);
    let day = moving(&html);
    assert_eq!(day.len(), 1, "{day:?}");
    assert_eq!(day[0].0, story);
    // Every story of the week, and what the API says of its articles.
    let week = moving(&page(&service, "/?over=week", "en"));
    assert!(week.len() > 1 && week.iter().any(|(id, _)| *id == story), "{week:?}");
    let (from, to) = ("2024-11-26T09:10:00Z", "2024-12-03T09:10:00Z");
    for (id, moves) in &week {
        let (_, list) = service.get(&format!("/v1/stories/{id}/articles?per_page=100"));
        let articles: Vec<&Value> = list["items"].as_array().expect("items").iter().collect();
        let published = |article: &Value| article["published"]["value"].as_str().map(str::to_owned);
        let is_new = |article: &&Value| published(article).is_some_and(|at| at.as_str() > from && at.as_str() <= to);
        let own = |article: &&Value| article["near_duplicate_of"].is_null();
        let count = articles.iter().copied().filter(|one| is_new(one) && own(one)).count();
        let said = if count == 1 {
            "1 new article".to_owned()
        } else {
            format!("{count} new articles")
        };
        assert!(moves.contains(&said), "{id}: {moves}: {said}");
        let sources = |new: bool| -> BTreeSet<String> {
            let fits = articles.iter().copied().filter(|one| own(one) && is_new(one) == new);
            fits.filter_map(|one| Some(one["source"].as_str()?.to_owned()))
                .collect()
        };
        let fresh = sources(true).difference(&sources(false)).count();
        let said = if fresh == 1 {
            "1 new source:".to_owned()
        } else {
            format!("{fresh} new sources:")
        };
        assert_eq!(moves.contains(&said), fresh > 0, "{id}: {moves}: {said}");
    }
    // Filters leave out of both lists, and the reader's language is not a filter.
    let html = page(&service, "/?over=week&lang=xx", "ar");
    assert!(moving(&html).is_empty() && html.contains("لم تتحرك قصة في هذا الوقت"));
    // Who asks for an order gets one list.
    let html = page(&service, "/?sort_by=size", "en");
    assert!(!html.contains("id=\"moving\"") && html.contains("most articles"));
    // What is published now moves now.
    let now = chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    let article = json!({"id": "now-1", "title": "Bakers of a small town win a prize for bread", "lang": "en",
        "text": "The bakers of a small town in the hills won a prize for their bread on Wednesday.", "source": "Outlet", "published": now});
    let (status, answer) = service.post("/v1/articles?wait=placed", JSON, article.to_string().as_bytes());
    assert!(status < 300, "{answer}");
    let html = page(&service, "/?over=hour", "en");
    assert!(
        !html.contains("Nothing here is newer"),
        "the collection is not old any more"
    );
    let hour = moving(&html);
    assert_eq!(hour.len(), 1, "{hour:?}");
    assert!(
        hour[0].1.contains("1 new article") && hour[0].1.contains("Outlet"),
        "{hour:?}"
    );
}

#[test]
fn what_is_new_since_the_reader_last_looked_is_marked() {
    let dir = demonstration();
    let service = Service::start(dir.path());
    let first = fetch(&service, "/", &[]);
    let seen = first
        .cookies
        .iter()
        .find_map(|cookie| cookie.strip_prefix("seen=")?.split(';').next())
        .expect("the first visit is remembered")
        .to_owned();
    assert!(
        first.cookies.iter().any(|cookie| cookie.contains("HttpOnly")),
        "{:?}",
        first.cookies
    );
    let cookie = format!("seen={seen}");
    let look = |path: &str| {
        fetch(
            &service,
            path,
            &[("cookie", cookie.as_str()), ("accept-language", "en")],
        )
    };
    let again = look("/");
    assert!(
        again.cookies.is_empty(),
        "only its reader moves it on: {:?}",
        again.cookies
    );
    assert!(again.body.contains("Nothing new since you last looked"));
    let (story, article) = newest(&service);
    reprint(&service, &article, "late-1");
    reprint(&service, &article, "late-2");
    let (_, list) = service.get("/v1/stories?sort_by=size&per_page=100");
    let items = list["items"].as_array().expect("items");
    let pair: Vec<&str> = items
        .iter()
        .rev()
        .filter_map(|one| one["id"].as_str())
        .take(2)
        .collect();
    let merge = json!({"kind": "merge", "stories": pair, "into": pair[0]});
    let (status, answer) = service.post("/v1/corrections", JSON, merge.to_string().as_bytes());
    assert_eq!(status, 201, "{answer}");
    let html = look("/").body;
    let document = Document::from(html.as_str());
    let marks = |id: &str| document.select(&format!(".row[data-id={id}] .mark")).text().to_string();
    assert_eq!(marks(&story), "2 new articles");
    assert!(marks(pair[0]).contains("took in 1 story"), "{}", marks(pair[0]));
    let summary = document.select(".since").text().to_string();
    assert!(
        summary.contains("2 new articles") && summary.contains("1 story merged"),
        "{summary}"
    );
    // A story's own page marks the articles themselves.
    let own = Document::from(look(&format!("/stories/{story}")).body);
    let fresh: BTreeSet<String> = own
        .select("li.fresh")
        .iter()
        .map(|one| one.attr_or("data-id", "").to_string())
        .collect();
    assert_eq!(fresh, BTreeSet::from(["late-1".to_owned(), "late-2".to_owned()]));
    // Only what changed.
    let only = Document::from(look("/?changed=1").body);
    let ids: BTreeSet<String> = only
        .select(".row")
        .iter()
        .map(|one| one.attr_or("data-id", "").to_string())
        .collect();
    assert_eq!(ids, BTreeSet::from([story.clone(), pair[0].to_owned()]));
    // All seen: the form says up to which change, so that nothing that came meanwhile is lost.
    let change = document.select("input[name=change]").attr_or("value", "").to_string();
    for (back, expected) in [
        ("lang=ar&over=week", "/?lang=ar&over=week"),
        ("//evil.example", "/?%2F%2Fevil.example="),
    ] {
        let answer = post_form(&service, "/seen", &[("change", &change), ("back", back)]);
        assert_eq!(answer, (303, expected.to_owned(), Some(change.clone())), "{back}");
    }
    let cookie = format!("seen={change}");
    let html = fetch(&service, "/", &[("cookie", &cookie), ("accept-language", "en")]).body;
    assert!(html.contains("Nothing new since") && !html.contains("class=\"mark\""));
    // A number that this store has not reached is another store's.
    let foreign = fetch(&service, "/", &[("cookie", "seen=999999"), ("accept-language", "en")]);
    assert!(
        foreign
            .cookies
            .iter()
            .any(|cookie| cookie.starts_with(&format!("seen={change};"))),
        "{:?}",
        foreign.cookies
    );
}

/// Status, where it leads, and the change that the reader has seen from now on.
fn post_form(service: &Service, path: &str, fields: &[(&str, &str)]) -> (u16, String, Option<String>) {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .build()
        .into();
    let answer = agent
        .post(format!("{}{path}", service.address))
        .send_form(fields.iter().copied())
        .expect("an answer");
    let header = |name: &str| Some(answer.headers().get(name)?.to_str().ok()?.to_owned());
    let seen =
        header("set-cookie").and_then(|cookie| Some(cookie.strip_prefix("seen=")?.split(';').next()?.to_owned()));
    (answer.status().as_u16(), header("location").unwrap_or_default(), seen)
}

#[test]
fn a_word_that_goes_on_is_found_by_its_beginning() {
    let dir = demonstration();
    let service = Service::start(dir.path());
    let count = |path: &str| service.get(path).1["items"].as_array().map_or(0, Vec::len);
    assert_eq!(count("/v1/search?q=Karaba"), 0);
    assert!(count("/v1/search?q=Karaba*") > 3);
    assert!(count("/v1/stories?q=Karaba*") > 1);
    assert!(count("/v1/search?q=%D9%87%D8%AF*") > 3, "in Arabic, too");
}

#[test]
fn the_sources_that_are_named_are_those_that_are_counted() {
    let dir = demonstration();
    let service = Service::start(dir.path());
    let hand_in = |id: &str, title: &str, text: &str, source: &str| {
        let article = json!({"id": id, "title": title, "text": text, "lang": "fr", "source": source,
            "published": "2024-12-03T10:00:00Z"});
        let (status, answer) = service.post("/v1/articles?wait=placed", JSON, article.to_string().as_bytes());
        assert!(status < 300, "{answer}");
        let (_, article) = service.get(&format!("/v1/articles/{id}"));
        article["story_id"].as_str().expect("a story").to_owned()
    };
    let one = hand_in(
        "quay-1",
        "Le quai des Brumes ferme pour travaux à Port-Lointain",
        "Le quai des Brumes de Port-Lointain ferme lundi pour six mois de travaux, a annoncé la capitainerie. Les bateaux de pêche \
         accosteront au bassin nord, où vingt places ont été préparées pour eux.",
        "Le Fanal du Soir",
    );
    let two = hand_in(
        "quay-2",
        "Port-Lointain : les pêcheurs inquiets de la fermeture du quai",
        "Une quarantaine de pêcheurs ont manifesté devant la mairie de Port-Lointain contre la fermeture du quai des Brumes. Ils \
         demandent une indemnité, que la municipalité dit étudier avec la région.",
        "Le Fanal du Soir avec agences",
    );
    if one != two {
        let merge = json!({"kind": "merge", "stories": [one, two], "author": "Layla"});
        let (status, answer) = service.post("/v1/corrections", JSON, merge.to_string().as_bytes());
        assert!(status < 300, "{answer}");
    }
    let story = reprint(&service, "quay-1", "quay-3");
    let html = page(&service, "/?sort_by=updated", "en");
    let document = Document::from(html.as_str());
    let rows = document.select(".row").iter();
    let rows: Vec<_> = rows
        .filter(|row| row.attr_or("data-id", "").to_string() == story)
        .collect();
    assert!(!rows.is_empty(), "{story}");
    let named = rows.iter().any(|row| {
        let said = row.select(".facts").text().to_string();
        assert!(
            !said.contains("The Late Edition") && !said.contains("avec agences"),
            "{said}"
        );
        said.contains("1 source: Le Fanal du Soir") && !said.contains("and more")
    });
    assert!(named, "{html}");
}
