//! Promise: what was acknowledged survives `kill -9`, and is placed after the restart.

use serde_json::json;

use crate::service::Service;

#[test]
fn nothing_acknowledged_is_lost() {
    let dir = tempfile::tempdir().expect("a folder");
    let service = Service::start(dir.path());
    let mut acknowledged = Vec::new();
    for batch in 0..4 {
        let articles: Vec<_> = (0..20)
            .map(|i| {
                json!({
                    "id": format!("k-{batch}-{i}"),
                    "title": format!("Council of town {batch}{i} debates its bridge"),
                    "text": format!("The council of town {batch}{i} met on Monday to debate the bridge over river {i}."),
                    "published": "2024-03-12T10:00:00Z",
                })
            })
            .collect();
        let (status, answer) = service.post(
            "/v1/articles",
            "application/json",
            json!(articles).to_string().as_bytes(),
        );
        assert_eq!(status, 202, "{answer}");
        acknowledged.extend(
            answer["articles"]
                .as_array()
                .expect("articles")
                .iter()
                .map(|one| one["id"].to_string()),
        );
    }
    service.kill();

    let service = Service::start(dir.path());
    let first = acknowledged.first().expect("some").trim_matches('"').to_owned();
    for _ in 0..200 {
        let (_, ready) = service.get("/readyz");
        if ready["queued"] == 0 {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    assert_eq!(acknowledged.len(), 80);
    for id in acknowledged {
        let (status, article) = service.get(&format!("/v1/articles/{}", id.trim_matches('"')));
        assert_eq!(
            (status, article["state"].as_str()),
            (200, Some("placed")),
            "{id}: {article}"
        );
        assert!(article["story_id"].is_string());
    }
    let (status, placement) = service.get(&format!("/v1/articles/{first}/placement"));
    assert_eq!(status, 200, "{placement}");
}
