//! Promise: a story's graph shows its articles and links, what spoke for them, and what was left out.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::service::{Service, demonstration};
use crate::wire::ask;

fn texts<'a>(list: &'a Value, field: &str) -> Vec<&'a str> {
    let items = list.as_array().expect("a list");
    items.iter().map(|one| one[field].as_str().expect("a text")).collect()
}

#[test]
fn a_storys_graph_holds_its_articles_and_says_what_it_leaves_out() {
    let dir = demonstration();
    let service = Service::start(dir.path());
    let (_, page) = service.get("/v1/stories?sort_by=size&per_page=1");
    let story = page["items"][0]["id"].as_str().expect("a story").to_owned();
    let size = page["items"][0]["counts"]["articles"].as_u64().expect("a count");
    let (status, graph) = service.get(&format!("/v1/stories/{story}/graph"));
    assert_eq!(status, 200, "{graph}");
    let (_, articles) = service.get(&format!("/v1/stories/{story}/articles?per_page=100"));
    let nodes: Vec<&str> = texts(&graph["nodes"], "id");
    let set = |ids: &[&str]| -> BTreeSet<String> { ids.iter().map(|id| (*id).to_owned()).collect() };
    assert_eq!(set(&nodes), set(&texts(&articles["items"], "id")));
    assert_eq!(nodes.len() as u64, size);
    assert_eq!(
        (&graph["nodes_left_out"], &graph["links_left_out"]),
        (&0.into(), &0.into())
    );
    let links = graph["links"].as_array().expect("links");
    assert!(!links.is_empty());
    let known: BTreeSet<&str> = nodes.iter().copied().collect();
    for link in links {
        assert!(
            known.contains(link["a"].as_str().expect("an id")) && known.contains(link["b"].as_str().expect("an id"))
        );
        let score = link["score"].as_f64().expect("a score");
        assert!((0.0..=1.0).contains(&score), "{link}");
        let least = 0.5;
        assert_eq!(link["doubtful"].as_bool(), Some(2.0 * (1.0 - score) >= least), "{link}");
        assert_eq!(link["signals"].is_null(), link["because"].is_null());
    }
    assert!(links.iter().any(|link| !texts_of(&link["because"]).is_empty()));
    for node in graph["nodes"].as_array().expect("nodes") {
        assert!(node["strand"].as_u64().is_some_and(|strand| strand >= 1), "{node}");
    }

    let (_, small) = service.get(&format!("/v1/stories/{story}/graph?max_nodes=3"));
    assert_eq!(small["nodes"].as_array().map(Vec::len), Some(3));
    assert_eq!(small["nodes_left_out"].as_u64(), Some(size - 3));
    let shown = small["links"].as_array().map_or(0, Vec::len);
    assert_eq!(small["links_left_out"].as_u64(), Some((links.len() - shown) as u64));
    assert_eq!(service.get(&format!("/v1/stories/{story}/graph?max_nodes=0")).0, 400);
    assert_eq!(service.get("/v1/stories/none/graph").0, 404);
}

fn texts_of(list: &Value) -> Vec<&str> {
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

#[test]
fn a_merged_storys_graph_is_its_successors() {
    let dir = tempfile::tempdir().expect("a folder");
    let service = crate::wire::service_on_fixture(dir.path());
    let answer = ask(&service, "GET /v1/stories/s3/graph?max_nodes=2", &[]);
    assert_eq!(
        (answer.status, answer.header("location")),
        (308, "/v1/stories/s1/graph?max_nodes=2")
    );
}
