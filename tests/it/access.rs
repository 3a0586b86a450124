//! Promise: who may do what, by tokens and their roles; nobody does more, and nobody takes it all.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::service::{Service, command, silsila};
use crate::wire::{Answer, JSON, ask, post, send, service_on_fixture};

const ROLES: [&str; 4] = ["read", "ingest", "edit", "admin"];

/// Makes a token with `silsila token add`; its text.
fn token(dir: &Path, role: &str, name: &str) -> String {
    let data = dir.to_str().expect("a path");
    let made = silsila(&["token", "add", "--role", role, "--name", name, "--data-dir", data]);
    let said = String::from_utf8(made.stdout).expect("text");
    assert!(made.status.success() && said.starts_with("silsila_"), "{said}");
    said.trim().to_owned()
}

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

/// A service on the fixture that asks for tokens, and one token of each role, called as its role.
fn guarded(dir: &Path, settings: &[(&str, &str)]) -> (Service, Vec<String>) {
    drop(service_on_fixture(dir));
    let tokens = ROLES.map(|role| token(dir, role, role)).to_vec();
    (Service::start_with(dir, "0.0.0.0:0", settings), tokens)
}

/// Every address with every method that it takes, and the roles that may use it; `*` is whoever comes.
const TABLE: &[(&str, &str, &str)] = &[
    ("GET", "/healthz", "*"),
    ("GET", "/readyz", "*"),
    ("GET", "/openapi.json", "*"),
    ("GET", "/login", "*"),
    ("POST", "/login", "*"),
    ("POST", "/logout", "*"),
    ("GET", "/assets/silsila.css", "*"),
    ("GET", "/metrics", "read edit admin"),
    ("GET", "/docs/", "read edit admin"),
    ("GET", "/", "read edit admin"),
    ("GET", "/stories", "read edit admin"),
    ("GET", "/stories/{id}", "read edit admin"),
    ("GET", "/articles/{id}", "read edit admin"),
    ("GET", "/documents/{id}", "read edit admin"),
    ("GET", "/review", "read edit admin"),
    ("POST", "/seen", "read edit admin"),
    ("GET", "/search", "read edit admin"),
    ("GET", "/embed/stories/{id}", "read edit admin"),
    ("GET", "/watches", "edit admin"),
    ("POST", "/watches", "edit admin"),
    ("GET", "/watches/new", "edit admin"),
    ("GET", "/watches/{id}", "edit admin"),
    ("POST", "/watches/{id}", "edit admin"),
    ("POST", "/stories/{id}/watch", "edit admin"),
    ("POST", "/v1/articles", "ingest admin"),
    ("POST", "/v1/documents", "ingest admin"),
    ("GET", "/v1/articles/{id}", "read edit admin"),
    ("GET", "/v1/articles/{id}/placement", "read edit admin"),
    ("GET", "/v1/documents/{id}", "read edit admin"),
    ("GET", "/v1/stories", "read edit admin"),
    ("GET", "/v1/stories/{id}", "read edit admin"),
    ("GET", "/v1/stories/{id}/articles", "read edit admin"),
    ("GET", "/v1/stories/{id}/timeline", "read edit admin"),
    ("GET", "/v1/stories/{id}/timeline.{format}", "read edit admin"),
    ("GET", "/v1/stories/{id}.jsonld", "read edit admin"),
    ("GET", "/v1/stories/{id}/history", "read edit admin"),
    ("GET", "/v1/stories/{id}/graph", "read edit admin"),
    ("GET", "/v1/search", "read edit admin"),
    ("GET", "/v1/changes", "read edit admin"),
    ("GET", "/v1/changes/stream", "read edit admin"),
    ("GET", "/v1/watches", "edit admin"),
    ("POST", "/v1/watches", "edit admin"),
    ("GET", "/v1/watches/{id}", "edit admin"),
    ("PATCH", "/v1/watches/{id}", "edit admin"),
    ("DELETE", "/v1/watches/{id}", "edit admin"),
    ("POST", "/v1/watches/{id}/rotate", "edit admin"),
    ("POST", "/v1/watches/{id}/test", "edit admin"),
    ("POST", "/v1/watches/{id}/replay", "edit admin"),
    ("GET", "/v1/watches/{id}/alerts", "edit admin"),
    ("GET", "/v1/watches/{id}/messages", "edit admin"),
    ("GET", "/v1/watches/{id}/stream", "edit admin"),
    ("GET", "/feeds/{secret}.atom", "*"),
    ("GET", "/v1/corrections", "read edit admin"),
    ("POST", "/v1/corrections", "edit admin"),
    ("GET", "/v1/corrections/{number}", "read edit admin"),
    ("POST", "/v1/corrections/{number}/undo", "edit admin"),
    ("POST", "/v1/corrections/{number}/redo", "edit admin"),
    ("GET", "/v1/refused", "admin"),
    ("GET", "/v1/failed", "admin"),
    ("POST", "/v1/articles/{id}/retry", "admin"),
    ("GET", "/v1/review", "read edit admin"),
    ("GET", "/v1/decisions", "edit admin"),
];

#[test]
fn every_role_at_every_address() {
    let dir = tempfile::tempdir().expect("a folder");
    let (service, tokens) = guarded(dir.path(), &[("SILSILA__PUBLISH__EMBED_ANCESTORS", "'self'")]);
    let api = ask(&service, "GET /openapi.json", &[]).json();
    let described: Vec<(String, String)> = api["paths"]
        .as_object()
        .expect("paths")
        .iter()
        .flat_map(|(path, methods)| {
            let methods = methods.as_object().expect("methods").keys();
            methods
                .map(|method| (method.to_uppercase(), path.clone()))
                .collect::<Vec<_>>()
        })
        .collect();
    assert!(described.len() > 20);
    for (method, path) in &described {
        assert!(
            TABLE.iter().any(|(verb, address, _)| verb == method && address == path),
            "{method} {path} is described, but the table does not say who may use it"
        );
    }
    for (method, pattern, allowed) in TABLE {
        let mut path = pattern
            .replace("{id}", "x1")
            .replace("{number}", "1")
            .replace("{format}", "csv");
        if path.ends_with("/stream") {
            // An answer with an end.
            path.push_str("?after=no-number");
        }
        let line = format!("{method} {path}");
        let nobody = ask(&service, &line, &[("content-length", "0")]);
        let wrong = ask(
            &service,
            &line,
            &[("content-length", "0"), ("authorization", "Bearer silsila_wrong")],
        );
        if *allowed == "*" {
            assert!(nobody.status != 403 && wrong.status != 403, "{line}");
            assert!(
                *pattern == "/login" || (nobody.status != 401 && wrong.status != 401),
                "{line}"
            );
            continue;
        }
        let problem = |answer: &Answer| (answer.status, answer.json()["type"].as_str().unwrap_or("").to_owned());
        assert_eq!(problem(&nobody), (401, "/problems/unauthorized".to_owned()), "{line}");
        assert_eq!(nobody.header("www-authenticate"), "Bearer realm=\"silsila\"", "{line}");
        assert_eq!(problem(&wrong), (401, "/problems/unknown-token".to_owned()), "{line}");
        assert!(
            wrong.header("www-authenticate").contains("error=\"invalid_token\""),
            "{line}"
        );
        for (role, token) in ROLES.iter().zip(&tokens) {
            let held = bearer(token);
            let answer = ask(&service, &line, &[("content-length", "0"), ("authorization", &held)]);
            let may = allowed.split(' ').any(|one| one == *role);
            if may {
                assert!(
                    !matches!(answer.status, 401 | 403),
                    "{role}: {line} is {}",
                    answer.text()
                );
            } else {
                assert_eq!(
                    problem(&answer),
                    (403, "/problems/forbidden".to_owned()),
                    "{role}: {line}"
                );
                assert!(
                    answer.header("www-authenticate").contains("insufficient_scope"),
                    "{role}: {line}"
                );
                assert!(answer.text().contains(&format!("has `{role}`")), "{}", answer.text());
            }
            // No method is a way round.
            let others = ["HEAD", "PUT", "DELETE", "PATCH"]
                .iter()
                .skip(usize::from(*method != "GET"));
            for other in others.filter(|_| !may) {
                let line = format!("{other} {path}");
                let answer = ask(&service, &line, &[("content-length", "0"), ("authorization", &held)]);
                assert!(
                    matches!(answer.status, 401 | 403 | 405),
                    "{role}: {line} is {}",
                    answer.status
                );
            }
        }
    }
    // What is not there is told to nobody who has no token.
    assert_eq!(ask(&service, "GET /v1/nothing", &[]).status, 401);
    assert_eq!(
        ask(&service, "GET /v1/nothing", &[("authorization", &bearer(&tokens[0]))]).status,
        404
    );
    for wrong in ["Basic YTpi", "Bearer", "bearer ", "silsila_x"] {
        assert_eq!(
            ask(&service, "GET /v1/stories", &[("authorization", wrong)]).status,
            401,
            "{wrong}"
        );
    }
    let lower = format!("bearer {}", tokens[0]);
    assert_eq!(
        ask(&service, "GET /v1/stories", &[("authorization", &lower)]).status,
        200
    );
}

#[test]
fn an_address_that_others_reach_asks_for_a_token_before_anything_else() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().to_str().expect("a path");
    let started = silsila(&["serve", "--listen", "0.0.0.0:0", "--data-dir", data]);
    let said = String::from_utf8_lossy(&started.stderr);
    assert_eq!(started.status.code(), Some(1), "{said}");
    assert!(
        said.contains("0.0.0.0:0") && said.contains("silsila token add --role admin") && said.contains(data),
        "{said}"
    );
    let always = command(&["serve", "--listen", "127.0.0.1:0", "--data-dir", data])
        .env("SILSILA__PUBLISH__REQUIRE_TOKENS", "true")
        .output()
        .expect("the binary runs");
    assert!(String::from_utf8_lossy(&always.stderr).contains("silsila token add"));
    let wrong = command(&["serve", "--listen", "127.0.0.1:0", "--data-dir", data])
        .env("SILSILA__PUBLISH__CORS_ORIGINS", "https://news.example/path")
        .output()
        .expect("the binary runs");
    let said = String::from_utf8_lossy(&wrong.stderr);
    assert!(
        said.contains("https://news.example/path") && said.contains("is no origin"),
        "{said}"
    );
}

#[test]
fn tokens_come_and_go_without_a_restart() {
    let dir = tempfile::tempdir().expect("a folder");
    let first = token(dir.path(), "read", "first");
    let beat = [("SILSILA__PUBLISH__HEARTBEAT_SECONDS", "1")];
    let service = Service::start_with(dir.path(), "0.0.0.0:0", &beat);
    let stream = send(
        &service,
        "GET /v1/changes/stream",
        &[("authorization", &bearer(&first))],
        b"",
    );
    let status = |token: &str| ask(&service, "GET /v1/stories", &[("authorization", &bearer(token))]).status;
    assert_eq!(status(&first), 200);
    let second = token(dir.path(), "edit", "second");
    let data = dir.path().to_str().expect("a path");
    let listed = silsila(&["token", "list", "--data-dir", data]);
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert!(
        listed.contains("first") && listed.contains("second") && listed.contains("edit"),
        "{listed}"
    );
    assert!(!listed.contains(&first) && !listed.contains("silsila_"), "{listed}");
    let revoked = silsila(&["token", "revoke", "first", "--data-dir", data]);
    assert!(revoked.status.success());
    // At once on SIGHUP.
    service.signal("HUP");
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!((status(&first), status(&second)), (401, 200));
    // What goes on ends with it: this would wait for ever otherwise.
    let followed = Answer::read(&mut { stream });
    assert_eq!(followed.status, 200, "{}", followed.text());
    // And within a second or two by itself.
    assert!(
        silsila(&["token", "revoke", "second", "--data-dir", data])
            .status
            .success()
    );
    std::thread::sleep(Duration::from_millis(1300));
    assert_eq!(status(&second), 401);
    assert_eq!(
        silsila(&["token", "revoke", "second", "--data-dir", data])
            .status
            .code(),
        Some(1)
    );
    // A file that cannot be read changes nothing.
    let third = token(dir.path(), "read", "third");
    std::thread::sleep(Duration::from_millis(1300));
    assert_eq!(status(&third), 200);
    std::fs::write(dir.path().join("tokens.json"), "{").expect("written");
    service.signal("HUP");
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(status(&third), 200);
}

/// A request from a browser: what it sends besides.
fn browse(service: &Service, line: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let length = body.len().to_string();
    let mut all = vec![("accept", "text/html,*/*;q=0.8")];
    if !body.is_empty() {
        all.push(("content-type", "application/x-www-form-urlencoded"));
        all.push(("content-length", &length));
    }
    all.extend_from_slice(headers);
    Answer::read(&mut send(service, line, &all, body.as_bytes()))
}

#[test]
fn people_sign_in_at_a_page_and_other_sites_cannot_use_that() {
    let dir = tempfile::tempdir().expect("a folder");
    let (service, tokens) = guarded(dir.path(), &[]);
    let (edit, ingest) = (&tokens[2], &tokens[1]);
    let asked = browse(&service, "GET /stories/s1?lang=ar", &[], "");
    assert_eq!(
        (asked.status, asked.header("location")),
        (303, "/login?next=%2Fstories%2Fs1%3Flang%3Dar")
    );
    let form = browse(
        &service,
        "GET /login?next=/stories/s1",
        &[("accept-language", "ar")],
        "",
    );
    assert_eq!(form.status, 200);
    assert!(form.text().contains("value=\"/stories/s1\"") && form.text().contains("تسجيل الدخول"));
    let elsewhere = browse(&service, "GET /login?next=//evil.example", &[], "");
    assert!(
        elsewhere.text().contains("name=\"next\" value=\"/\""),
        "{}",
        elsewhere.text()
    );

    let wrong = browse(&service, "POST /login", &[], "token=silsila_nothing&next=/");
    assert_eq!((wrong.status, wrong.header("set-cookie")), (401, ""));
    let foreign = [("origin", "https://evil.example")];
    let own = [("origin", service.address.as_str())];
    let signed = format!("token={edit}&next=%2Fstories%2Fs1");
    assert_eq!(browse(&service, "POST /login", &foreign, &signed).status, 403);
    let entered = browse(&service, "POST /login", &own, &signed);
    assert_eq!((entered.status, entered.header("location")), (303, "/stories/s1"));
    let cookie = entered.header("set-cookie").to_owned();
    for part in ["; HttpOnly", "; SameSite=Strict", "; Path=/", "; Max-Age=43200"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains(edit) && !cookie.contains("Secure"), "{cookie}");
    let proxied = browse(&service, "POST /login", &[("x-forwarded-proto", "https")], &signed);
    assert!(proxied.header("set-cookie").contains("; Secure"));

    let session = cookie.split(';').next().expect("a value");
    let page = browse(&service, "GET /stories/s1", &[("cookie", session)], "");
    assert_eq!(page.status, 200);
    assert!(page.text().contains("action=\"/logout\"") && page.text().contains("title=\"edit\""));
    assert_eq!(ask(&service, "GET /v1/stories", &[("cookie", session)]).status, 200);
    assert_eq!(ask(&service, "GET /v1/refused", &[("cookie", session)]).status, 403);
    let note = json!({"kind": "note", "story_id": "s1", "text": "by hand", "author": "somebody else"}).to_string();
    let correct = |headers: &[(&str, &str)]| {
        let mut all = vec![JSON, ("cookie", session)];
        all.extend_from_slice(headers);
        post(&service, "/v1/corrections", &all, note.as_bytes())
    };
    for headers in [
        &[][..],
        &foreign,
        &[("origin", "null")],
        &[("sec-fetch-site", "cross-site")],
    ] {
        let answer = correct(headers);
        assert_eq!(
            (answer.status, answer.json()["type"].as_str()),
            (403, Some("/problems/foreign-origin")),
            "{headers:?}"
        );
    }
    let made = correct(&own);
    assert_eq!(made.status, 201, "{}", made.text());
    assert_eq!(
        made.json()["author"],
        "edit",
        "the author is the token's name: {}",
        made.text()
    );

    // A session of a role that may not read pages is told so on a page.
    let entered = browse(&service, "POST /login", &[], &format!("token={ingest}"));
    let feeder = entered
        .header("set-cookie")
        .split(';')
        .next()
        .expect("a value")
        .to_owned();
    let refused = browse(&service, "GET /", &[("cookie", &feeder)], "");
    assert_eq!(refused.status, 403);
    assert!(
        refused.text().contains("<h1>Not for this token</h1>"),
        "{}",
        refused.text()
    );

    let out = browse(&service, "POST /logout", &[("cookie", session), own[0]], "");
    assert_eq!((out.status, out.header("location")), (303, "/login"));
    assert!(out.header("set-cookie").contains("Max-Age=0"));
    assert_eq!(
        ask(&service, "GET /v1/stories", &[("cookie", session)]).status,
        401,
        "the session has ended"
    );

    // A revoked token's sessions end with it.
    let entered = browse(&service, "POST /login", &[], &signed);
    let session = entered
        .header("set-cookie")
        .split(';')
        .next()
        .expect("a value")
        .to_owned();
    assert_eq!(ask(&service, "GET /v1/stories", &[("cookie", &session)]).status, 200);
    let data = dir.path().to_str().expect("a path");
    assert!(
        silsila(&["token", "revoke", "edit", "--data-dir", data])
            .status
            .success()
    );
    service.signal("HUP");
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(ask(&service, "GET /v1/stories", &[("cookie", &session)]).status, 401);
}

#[test]
fn without_tokens_loopback_is_open_to_programs_but_not_to_other_sites_pages() {
    let dir = tempfile::tempdir().expect("a folder");
    let service = service_on_fixture(dir.path());
    let text = b"The bridge opened on Monday.";
    let from = |origin: Option<&str>| {
        let mut headers = vec![("content-type", "text/plain")];
        headers.extend(origin.map(|origin| ("origin", origin)));
        post(&service, "/v1/documents", &headers, text)
    };
    assert_eq!(from(None).status, 202);
    assert_eq!(from(Some(&service.address)).status, 202);
    for origin in ["https://evil.example", "null", "http://127.0.0.1:1", ""] {
        let answer = from(Some(origin));
        assert_eq!(
            (answer.status, answer.json()["type"].as_str()),
            (403, Some("/problems/foreign-origin")),
            "{origin}"
        );
    }
    let login = browse(&service, "GET /login?next=/review", &[], "");
    assert_eq!((login.status, login.header("location")), (303, "/review"));
    // Nothing is said of other origins where none is listed.
    let answer = ask(&service, "GET /v1/stories", &[("origin", "https://evil.example")]);
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, ""));
}

#[test]
fn listed_origins_may_read_and_no_other() {
    let dir = tempfile::tempdir().expect("a folder");
    let settings = [(
        "SILSILA__PUBLISH__CORS_ORIGINS",
        "https://a.example,https://b.example:8443",
    )];
    let (service, tokens) = guarded(dir.path(), &settings);
    let token = bearer(&tokens[0]);
    let preflight = |origin: &str| {
        let asked = [
            ("origin", origin),
            ("access-control-request-method", "GET"),
            ("access-control-request-headers", "authorization"),
        ];
        ask(&service, "OPTIONS /v1/stories", &asked)
    };
    for origin in ["https://a.example", "https://b.example:8443"] {
        let answer = preflight(origin);
        assert_eq!(
            (answer.status, answer.header("access-control-allow-origin")),
            (200, origin)
        );
        assert!(
            answer
                .header("access-control-allow-headers")
                .to_lowercase()
                .contains("authorization")
        );
        assert_eq!(
            answer.header("access-control-allow-credentials"),
            "",
            "no cookies from elsewhere"
        );
        assert!(answer.header("x-request-id").len() > 8, "{origin}");
        let answer = ask(
            &service,
            "GET /v1/stories",
            &[("origin", origin), ("authorization", &token)],
        );
        assert_eq!(
            (answer.status, answer.header("access-control-allow-origin")),
            (200, origin)
        );
        assert!(answer.header("access-control-expose-headers").contains("ratelimit"));
        let refused = ask(&service, "GET /v1/stories", &[("origin", origin)]);
        assert_eq!(
            (refused.status, refused.header("access-control-allow-origin")),
            (401, origin)
        );
    }
    for origin in ["https://evil.example", "https://b.example", "http://a.example", "null"] {
        assert_eq!(preflight(origin).header("access-control-allow-origin"), "", "{origin}");
        let answer = ask(
            &service,
            "GET /v1/stories",
            &[("origin", origin), ("authorization", &token)],
        );
        assert_eq!(answer.header("access-control-allow-origin"), "", "{origin}");
    }
}

#[test]
fn each_token_has_its_own_rate() {
    let dir = tempfile::tempdir().expect("a folder");
    let settings = [
        ("SILSILA__PUBLISH__RATE__READ__PER_SECOND", "0.5"),
        ("SILSILA__PUBLISH__RATE__READ__BURST", "3"),
    ];
    let (service, tokens) = guarded(dir.path(), &settings);
    let read = |token: &str| ask(&service, "GET /v1/stories", &[("authorization", &bearer(token))]);
    for left in ["2", "1", "0"] {
        let answer = read(&tokens[0]);
        assert_eq!(
            (answer.status, answer.header("ratelimit-policy")),
            (200, "\"read\";q=3;w=6")
        );
        assert!(answer.header("ratelimit").starts_with(&format!("\"read\";r={left};t=")));
    }
    let refused = read(&tokens[0]);
    assert_eq!(
        (refused.status, refused.json()["type"].as_str()),
        (429, Some("/problems/rate-limited"))
    );
    let wait: u64 = refused.header("retry-after").parse().expect("seconds");
    assert!((1..=2).contains(&wait), "{wait}");
    assert_eq!(read(&tokens[2]).status, 200, "another token is not held up");
    let feeder = bearer(&tokens[1]);
    let handed = post(
        &service,
        "/v1/articles",
        &[JSON, ("authorization", &feeder)],
        b"{\"title\":\"a\",\"text\":\"b\"}",
    );
    assert_eq!(handed.status, 202, "nor are feeders");
    // Who has no token is counted by address, and guesses no faster for trying more of them.
    let guesses: Vec<u16> = (0..5).map(|number| read(&format!("silsila_{number}")).status).collect();
    assert_eq!(guesses, [401, 401, 401, 429, 429]);
    std::thread::sleep(Duration::from_secs(wait));
    assert_eq!(read(&tokens[0]).status, 200);
}

#[test]
fn the_command_line_hands_in_with_a_token() {
    let dir = tempfile::tempdir().expect("a folder");
    let (service, tokens) = guarded(dir.path(), &[]);
    let file = dir.path().join("a.json");
    std::fs::write(&file, "{\"title\":\"Harvest\",\"text\":\"It failed in the south.\"}").expect("a file");
    let file = file.to_str().expect("a path");
    let ingest = |token: &str| {
        command(&["ingest", "--server", &service.address, file, "--json"])
            .env("SILSILA_TOKEN", token)
            .output()
            .expect("the binary runs")
    };
    let read_only = ingest(&tokens[0]);
    let said = String::from_utf8_lossy(&read_only.stderr).into_owned() + &String::from_utf8_lossy(&read_only.stdout);
    assert_eq!(read_only.status.code(), Some(1), "{said}");
    assert!(
        said.contains("403") && said.contains("SILSILA_TOKEN") && !said.contains(&tokens[0]),
        "{said}"
    );
    let done = ingest(&tokens[1]);
    let summary: Value = serde_json::from_slice(&done.stdout).expect("JSON");
    assert_eq!((done.status.code(), &summary["new"]), (Some(0), &json!(1)), "{summary}");
    let given = silsila(&["ingest", "--server", &service.address, file, "--token", &tokens[1]]);
    assert!(given.status.success());
}
