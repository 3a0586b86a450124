//! Promise: a timeline can be put into other sites' pages where that is configured, and nowhere else; it asks nothing of its readers.

use std::process::Command;

use crate::service::{Service, demonstration};
use crate::wire::ask;

fn largest(service: &Service) -> String {
    let (_, page) = service.get("/v1/stories?sort_by=size&per_page=1");
    page["items"][0]["id"].as_str().expect("a story").to_owned()
}

#[test]
fn nobody_may_frame_a_page_unless_it_is_configured() {
    let dir = demonstration();
    let service = Service::start(dir.path());
    let id = largest(&service);
    let refused = ask(
        &service,
        &format!("GET /embed/stories/{id}"),
        &[("accept", "text/html")],
    );
    assert_eq!((refused.status, refused.header("x-frame-options")), (403, "DENY"));
    assert!(
        refused
            .header("content-security-policy")
            .contains("frame-ancestors 'none'")
    );
    assert!(refused.text().contains("publish.embed_ancestors"), "{}", refused.text());
    let arabic = ask(&service, &format!("GET /embed/stories/{id}?lang=ar"), &[]).text();
    assert!(arabic.contains("dir=\"rtl\"") && arabic.contains("publish.embed_ancestors"));
    drop(service);

    let ancestors = "https://news.example,https://*.desk.example";
    let service = Service::start_with(
        dir.path(),
        "127.0.0.1:0",
        &[("SILSILA__PUBLISH__EMBED_ANCESTORS", ancestors)],
    );
    let path = format!("/embed/stories/{id}?lang=ar&theme=dark&dates=4");
    let page = ask(&service, &format!("GET {path}"), &[("cookie", "ui=en; theme=light")]);
    assert_eq!(
        (page.status, page.header("x-frame-options"), page.header("set-cookie")),
        (200, "", "")
    );
    let policy = page.header("content-security-policy");
    assert!(
        policy.contains("frame-ancestors https://news.example https://*.desk.example")
            && policy.starts_with("default-src 'none'"),
        "{policy}"
    );
    let html = page.text();
    assert!(html.contains("<html lang=\"ar\" dir=\"rtl\" data-theme=\"dark\">"));
    assert!(
        !html.contains("<script") && !html.contains("/assets/silsila."),
        "{html}"
    );
    assert_eq!(
        html.matches("class=\"date\"").count(),
        html.matches("<details>").count()
    );
    assert!(html.matches("class=\"date\"").count() >= 2);
    assert!(
        html.split("<a ")
            .skip(1)
            .all(|link| link.contains("target=\"_parent\" rel=\"noopener\"") && link.contains("href=\"http"))
    );
    assert!(html.len() < 100_000);
    let again = ask(
        &service,
        &format!("GET {path}"),
        &[("if-none-match", page.header("etag"))],
    );
    assert_eq!(again.status, 304);
    // Every other page stays as it was.
    let story = ask(&service, &format!("GET /stories/{id}"), &[]);
    assert_eq!(story.header("x-frame-options"), "DENY");
    assert_eq!(ask(&service, "GET /embed/stories/s99999", &[]).status, 404);
    let style = ask(&service, "GET /assets/embed.css", &[]);
    assert_eq!(
        (style.status, style.header("content-type")),
        (200, "text/css; charset=utf-8")
    );
}

#[test]
fn readers_without_a_token_see_what_is_configured_and_nothing_else() {
    let dir = demonstration();
    let made = crate::service::silsila(&[
        "token",
        "add",
        "--role",
        "read",
        "--name",
        "desk",
        "--data-dir",
        dir.path().to_str().expect("a path"),
    ]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let settings = |public: &'static str| {
        [
            ("SILSILA__PUBLISH__REQUIRE_TOKENS", "true"),
            ("SILSILA__PUBLISH__EMBED_ANCESTORS", "*"),
            ("SILSILA__PUBLISH__EMBED_PUBLIC", public),
        ]
    };
    let service = Service::start_with(dir.path(), "127.0.0.1:0", &settings("false"));
    assert_eq!(ask(&service, "GET /embed/stories/s1", &[]).status, 401);
    let sent = ask(&service, "GET /embed/stories/s1", &[("accept", "text/html")]);
    assert!(
        sent.header("content-security-policy")
            .contains("frame-ancestors 'none'"),
        "no sign-in form in a frame"
    );
    drop(service);
    let service = Service::start_with(dir.path(), "127.0.0.1:0", &settings("true"));
    assert_eq!(ask(&service, "GET /embed/stories/s1", &[]).status, 200);
    for path in [
        "/stories/s1",
        "/v1/stories/s1",
        "/v1/stories/s1/timeline.csv",
        "/v1/stories/s1.jsonld",
    ] {
        assert_eq!(ask(&service, &format!("GET {path}"), &[]).status, 401, "{path}");
    }
}

#[test]
fn an_ancestor_that_is_none_is_refused_at_the_start() {
    let dir = tempfile::tempdir().expect("a folder");
    for wrong in [
        "news.example",
        "https://news.example/path",
        "https://a.example; script-src *",
        "'none'",
    ] {
        let run = Command::new(env!("CARGO_BIN_EXE_silsila"))
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(dir.path())
            .env("SILSILA__PUBLISH__EMBED_ANCESTORS", wrong)
            .output()
            .expect("it runs");
        let said = String::from_utf8_lossy(&run.stderr).into_owned();
        assert!(
            !run.status.success() && said.contains("embed_ancestors"),
            "{wrong}: {said}"
        );
    }
}
