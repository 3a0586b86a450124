//! Promise: a story's page shows its pace, its neighbours, its descent and how its articles hang together, each in words too,
//! and how all of it stood at any earlier change.

use dom_query::Document;
use serde_json::Value;

use crate::pages::{fetch, page};
use crate::service::{Service, demonstration};

fn ids(service: &Service) -> Vec<String> {
    let (_, list) = service.get("/v1/stories?per_page=100&sort_by=size");
    let items = list["items"].as_array().expect("items").iter();
    items
        .filter_map(|story| Some(story["id"].as_str()?.to_owned()))
        .collect()
}

fn numbers(html: &Document, selector: &str, attribute: &str) -> Vec<f64> {
    let all = html.select(selector);
    let found = all
        .iter()
        .map(|one| one.attr_or(attribute, "").parse().expect("a number"));
    found.collect()
}

#[test]
fn pictures_show_what_the_api_says() {
    let dir = demonstration();
    let service = Service::start(dir.path());
    let (mut bridges, mut lanes) = (0, 0);
    for id in ids(&service) {
        let html = Document::from(page(&service, &format!("/stories/{id}"), "en"));
        let (_, graph) = service.get(&format!("/v1/stories/{id}/graph"));
        let nodes = graph["nodes"].as_array().expect("nodes");
        if nodes.len() > 1 {
            let drawn: Vec<String> = html
                .select("svg.graph a")
                .iter()
                .map(|one| one.attr_or("href", "").to_string())
                .collect();
            assert_eq!(drawn.len(), nodes.len(), "{id}: every article is drawn");
            for node in nodes {
                let address = format!("/articles/{}", node["id"].as_str().expect("an id"));
                assert!(drawn.contains(&address), "{id}: {address}");
            }
            assert_eq!(
                html.select("#graph-list > ol > li").length(),
                nodes.len(),
                "{id}: and told in words"
            );
            let width = numbers(&html, "svg.graph", "width")[0];
            assert!(
                numbers(&html, "svg.graph circle", "cx")
                    .iter()
                    .all(|x| *x > 0.0 && *x < width),
                "{id}"
            );
            let of = |field: &str| {
                graph["links"]
                    .as_array()
                    .expect("links")
                    .iter()
                    .filter(|link| link[field] == true)
                    .count()
            };
            assert_eq!(html.select("svg.graph path.bridge").length(), of("bridge"), "{id}");
            bridges += of("bridge");
            // As many links as join all that hang together; the others are there to be asked for.
            let links = graph["links"].as_array().expect("links").len();
            let kind = |kind: &str| html.select(&format!("svg.graph path.{kind}")).length();
            assert_eq!(
                kind("sure") + kind("doubtful") + kind("bridge") + kind("rest"),
                links,
                "{id}"
            );
            lanes += html.select("svg.graph rect.lane").length();
        } else {
            assert_eq!(html.select("svg.graph").length(), 0, "{id}");
        }
        // The pace: as many articles in its table as have a date.
        let (_, articles) = service.get(&format!("/v1/stories/{id}/articles?per_page=100"));
        let articles = articles["items"].as_array().expect("items");
        let dated = articles.iter().filter(|one| !one["published"].is_null()).count();
        let counted: usize = html
            .select("#pace-table tbody tr")
            .iter()
            .map(|row| row.select("td").first().text().parse::<usize>().expect("a number"))
            .sum();
        assert_eq!(counted, dated, "{id}");
        assert_eq!(html.select("svg.chart").length(), usize::from(dated > 0), "{id}");
        // Every event names the article that its sentence is from.
        assert_eq!(
            html.select(".timeline .item").length(),
            html.select(".timeline .event > .facts a").length(),
            "{id}"
        );
    }
    assert!(
        bridges > 0 && lanes > 1,
        "the demonstration has a bridge and a story of two strands"
    );
}

#[test]
fn merges_and_splits_are_told_on_both_sides() {
    let dir = demonstration();
    let service = Service::start(dir.path());
    let (_, log) = service.get("/v1/changes?per_page=100");
    let log = log["items"].as_array().expect("items");
    let of = |kind: &str| {
        log.iter()
            .find(|change| change["kind"] == kind)
            .expect("one of the kind")
    };
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let split = of("split");
    let (parent, child) = (text(&split["story_id"]), text(&split["detail"]["into"]));
    let told = |id: &str, other: &str| -> String {
        let html = Document::from(page(&service, &format!("/stories/{id}"), "en"));
        let section = html.select("section[aria-labelledby=descent]");
        let named = section.select(&format!("a[href='/stories/{other}']")).length();
        assert!(named > 0, "{id} names {other}: {}", section.text());
        section.text().to_string()
    };
    assert!(told(&parent, &child).contains("was cut off from it"));
    assert!(told(&child, &parent).contains("It was cut off from"));
    let merged = of("merged");
    let (gone, into) = (text(&merged["story_id"]), text(&merged["detail"]["into"]));
    assert!(told(&into, &gone).contains("was merged into it"));
    // Stories with links between them are named as near.
    let near = Document::from(page(&service, &format!("/stories/{parent}"), "en"));
    assert!(near.select("section[aria-labelledby=near] li").length() > 0 || ids(&service).len() < 3);
}

#[test]
fn a_story_is_shown_as_it_stood() {
    let dir = demonstration();
    let service = Service::start(dir.path());
    let (_, log) = service.get("/v1/changes?per_page=100");
    let log = log["items"].as_array().expect("items");
    let merged = log.iter().find(|change| change["kind"] == "merged").expect("a merge");
    let (gone, into) = (
        merged["story_id"].as_str().expect("id"),
        merged["detail"]["into"].as_str().expect("id"),
    );
    let at = merged["number"].as_u64().expect("a number") - 1;
    for story in [gone, into] {
        let html = page(&service, &format!("/stories/{story}?as_of={at}"), "en");
        let document = Document::from(html.as_str());
        let (_, then) = service.get(&format!("/v1/stories/{story}?as_of={at}"));
        let (_, articles) = service.get(&format!("/v1/stories/{story}/articles?as_of={at}&per_page=100"));
        let expected = articles["items"].as_array().expect("items").len();
        assert_eq!(document.select(".articles > li").length(), expected, "{story}");
        assert_eq!(
            document.select("h1").text().as_ref(),
            then["title"].as_str().expect("a title")
        );
        let banner = document.select(".then").text().to_string();
        assert!(
            banner.contains(&format!("after change {at}")) && banner.contains("Back to now"),
            "{banner}"
        );
        assert_eq!(
            document.select(&format!(".then a[href='/stories/{story}']")).length(),
            1,
            "a way back"
        );
        assert_eq!(
            document.select("main[data-change]").length(),
            0,
            "the past does not move"
        );
        assert_eq!(document.select("form.watch").length(), 0);
        // Every entry of its history leads to how it stood then, and none is later.
        for link in document.select(".history > li > a").iter() {
            let address = link.attr_or("href", "").to_string();
            let number: u64 = address
                .rsplit('=')
                .next()
                .and_then(|n| n.parse().ok())
                .expect("a number");
            assert!(number <= at, "{address}");
        }
    }
    // Afterwards the one that is gone leads on, with the moment.
    let answer = service.get(&format!("/stories/{gone}?as_of={}", at + 1));
    assert_eq!(answer.0, 308);
    // By time: everything happened before the year's end, nothing before the collection was there.
    let html = page(&service, &format!("/stories/{into}?as_of=2099-12-31T10:00"), "en");
    assert!(html.contains("class=\"then\""));
    let early = fetch(
        &service,
        &format!("/stories/{into}?as_of=2001-01-01"),
        &[("accept", "text/html")],
    );
    assert_eq!(early.status, 404);
    assert!(early.body.contains("had not begun then"), "{}", early.body);
    for wrong in ["yesterday", "999999"] {
        let answer = fetch(
            &service,
            &format!("/stories/{into}?as_of={wrong}"),
            &[("accept", "text/html")],
        );
        assert_eq!(answer.status, 400, "{wrong}");
    }
    // In Arabic, too, and the page now offers it.
    let html = page(&service, &format!("/stories/{into}?as_of={at}"), "ar");
    assert!(html.contains("هكذا كانت القصة في"));
    let now = Document::from(page(&service, &format!("/stories/{into}"), "en"));
    assert!(now.select(".history a[href*='as_of=']").length() > 2);
    assert_eq!(now.select("input[name=as_of][type=datetime-local]").length(), 1);
}
