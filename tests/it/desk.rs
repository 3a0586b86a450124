//! Promise: editors correct stories on the pages, with a look before, an undo after, and nobody's work lost.

use std::collections::BTreeMap;

use dom_query::Document;
use serde_json::{Value, json};

use crate::service::{Service, demonstration};

struct Answer {
    status: u16,
    location: String,
    tag: String,
    cookie: String,
    body: String,
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .build()
        .into()
}

fn answer(mut response: ureq::http::Response<ureq::Body>) -> Answer {
    let header = |name: &str| {
        let value = response.headers().get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    Answer {
        status: response.status().as_u16(),
        location: header("location"),
        tag: header("etag"),
        cookie: header("set-cookie"),
        body: response.body_mut().read_to_string().expect("a body"),
    }
}

fn get(service: &Service, path: &str) -> Answer {
    answer(
        agent()
            .get(format!("{}{path}", service.address))
            .call()
            .expect("an answer"),
    )
}

fn send(service: &Service, path: &str, kind: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut request = agent()
        .post(format!("{}{path}", service.address))
        .header("content-type", kind);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    answer(request.send(body.as_bytes()).expect("an answer"))
}

/// Sends a form.
fn form(service: &Service, path: &str, headers: &[(&str, &str)], fields: &[(String, String)]) -> Answer {
    let mut body = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in fields {
        body.append_pair(name, value);
    }
    send(
        service,
        path,
        "application/x-www-form-urlencoded",
        headers,
        &body.finish(),
    )
}

/// What the form on a page that looks at a correction carries, with more.
fn carried(page: &str, more: &[(&str, &str)]) -> Vec<(String, String)> {
    let document = Document::from(page);
    let hidden = document.select("form.sign input[type=hidden]");
    let own = hidden.iter().map(|input| {
        let field = |name: &str| input.attr_or(name, "").to_string();
        (field("name"), field("value"))
    });
    own.chain(fields(more)).collect()
}

fn fields(of: &[(&str, &str)]) -> Vec<(String, String)> {
    of.iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

/// The largest stories with the articles that repeat no other.
fn stories(service: &Service) -> Vec<(String, Vec<String>)> {
    let (_, list) = service.get("/v1/stories?sort_by=size&per_page=20");
    let ids = list["items"].as_array().expect("items").iter();
    ids.map(|story| {
        let id = story["id"].as_str().expect("an id").to_owned();
        let (_, members) = service.get(&format!("/v1/stories/{id}/articles?per_page=100"));
        let members = members["items"].as_array().expect("items").iter();
        let own = members.filter(|one| one["near_duplicate_of"].is_null());
        let own = own.map(|one| one["id"].as_str().expect("an id").to_owned());
        (id, own.collect())
    })
    .collect()
}

fn story_of(service: &Service, article: &str) -> Value {
    service.get(&format!("/v1/articles/{article}")).1["story_id"].clone()
}

#[test]
fn two_editors_at_once_lose_nothing() {
    let data = demonstration();
    let service = Service::start(data.path());
    let stories = stories(&service);
    let (story, members) = &stories[0];
    let other = &stories[1].0;
    let json = "application/json";
    let read = || get(&service, &format!("/v1/stories/{story}"));
    let tag = read().tag;
    let rename =
        json!({"kind": "rename", "story_id": story, "title": "A name of Layla's", "author": "Layla"}).to_string();
    let made = send(&service, "/v1/corrections", json, &[("if-match", &tag)], &rename);
    assert_eq!(made.status, 201, "{}", made.body);

    // Omar looked before that: he is told what Layla did, and nothing of his is done half.
    let moving = json!({"kind": "move", "article": members[0], "story_id": other, "author": "Omar"}).to_string();
    let late = send(&service, "/v1/corrections", json, &[("if-match", &tag)], &moving);
    assert_eq!(late.status, 412, "{}", late.body);
    let problem: Value = serde_json::from_str(&late.body).expect("JSON");
    assert_eq!(problem["type"], "/problems/story-changed");
    assert_eq!(problem["changed"][0]["story_id"], **story);
    let told = problem["changed"][0]["changes"].to_string();
    assert!(told.contains("Layla") && told.contains("A name of Layla's"), "{told}");
    assert_eq!(story_of(&service, &members[0]), **story);
    let none = send(&service, "/v1/corrections", json, &[("if-match", "\"x\"")], &moving);
    assert_eq!(none.status, 412, "{}", none.body);
    let made = send(&service, "/v1/corrections", json, &[("if-match", &read().tag)], &moving);
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(story_of(&service, &members[0]), **other);
    let number = serde_json::from_str::<Value>(&made.body).expect("JSON")["number"].clone();
    let undo = format!("/v1/corrections/{number}/undo");
    assert_eq!(send(&service, &undo, json, &[("if-match", &tag)], "").status, 412);
    assert_eq!(
        send(&service, &undo, json, &[("if-match", &read().tag)], "").status,
        200
    );
    assert!(read().body.contains("A name of Layla's"), "Layla's work is there");

    // At the very same time: one of the two is first, the other one is told.
    let tag = read().tag;
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let both = ["One", "Two"].map(|title| {
            let (service, tag) = (&service, &tag);
            let body = json!({"kind": "rename", "story_id": story, "title": title}).to_string();
            scope.spawn(move || send(service, "/v1/corrections", json, &[("if-match", tag)], &body).status)
        });
        both.map(|one| one.join().expect("an answer")).to_vec()
    });
    let mut sorted = statuses.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, [201, 412]);

    // On the pages: what Omar entered is kept, he reads what happened, and goes on.
    let panel = get(&service, &format!("/stories/{story}")).body;
    let seen = Document::from(panel.as_str())
        .select("#ticked input[name=seen]")
        .attr_or("value", "")
        .to_string();
    let asked = [
        ("kind", "rename"),
        ("story", story),
        ("seen", &seen),
        ("title", "Omar's"),
        ("back", "corrections"),
    ];
    let looked = form(&service, "/corrections", &[], &fields(&asked));
    assert_eq!(looked.status, 200, "{}", looked.body);
    send(&service, "/v1/corrections", json, &[], &rename);
    let mut sent = carried(
        &looked.body,
        &[
            ("title", "Omar's"),
            ("author", "Omar"),
            ("reason", "shorter"),
            ("step", "make"),
        ],
    );
    let stopped = form(&service, "/corrections", &[], &sent);
    assert_eq!(stopped.status, 412, "{}", stopped.body);
    let page = Document::from(stopped.body.as_str());
    assert!(
        page.select(".meanwhile").text().contains("Layla decided"),
        "{}",
        stopped.body
    );
    for (name, value) in [("title", "Omar's"), ("author", "Omar"), ("reason", "shorter")] {
        let kept = page
            .select(&format!("form.sign input[name={name}]"))
            .attr_or("value", "")
            .to_string();
        assert_eq!(kept, value);
    }
    sent = carried(
        &stopped.body,
        &[("title", "Omar's"), ("author", "Omar"), ("step", "make")],
    );
    let made = form(&service, "/corrections", &[], &sent);
    assert_eq!(made.status, 303, "{}", made.body);
    assert!(read().body.contains("Omar's"));
}

#[test]
fn every_correction_has_a_form_a_look_and_an_undo() {
    let data = demonstration();
    let service = Service::start(data.path());
    let stories = stories(&service);
    let [(a, in_a), (b, in_b), (c, _), ..] = stories.as_slice() else {
        panic!("three stories")
    };
    let before: BTreeMap<&String, Value> = in_a
        .iter()
        .chain(in_b)
        .map(|one| (one, story_of(&service, one)))
        .collect();
    let back = format!("story/{a}");
    let wrong = in_a[0].as_str();

    // Another site's page may not send a form.
    let asked = fields(&[
        ("kind", "move"),
        ("article", wrong),
        ("to", b),
        ("step", "make"),
        ("author", "Eve"),
    ]);
    let foreign = form(&service, "/corrections", &[("origin", "https://evil.example")], &asked);
    assert_eq!(foreign.status, 403, "{}", foreign.body);
    // Nobody decides without a name.
    let unsigned = form(
        &service,
        "/corrections",
        &[],
        &fields(&[("kind", "move"), ("article", wrong), ("to", b), ("step", "make")]),
    );
    assert_eq!(unsigned.status, 422, "{}", unsigned.body);
    assert_eq!(story_of(&service, wrong), **a);

    // A look says what would move, from where to where; then it is done, and the browser knows the name.
    let looked = form(
        &service,
        "/corrections",
        &[],
        &fields(&[
            ("kind", "move"),
            ("article", wrong),
            ("story", a),
            ("to_text", b),
            ("back", &back),
        ]),
    );
    assert_eq!(looked.status, 200, "{}", looked.body);
    let effects = Document::from(looked.body.as_str())
        .select(".effects")
        .text()
        .to_string();
    assert!(effects.contains("would move from"), "{effects}");
    let links = Document::from(looked.body.as_str());
    for id in [a, b] {
        assert!(
            links.select(&format!(".effects a[href='/stories/{id}']")).exists(),
            "{}",
            looked.body
        );
    }
    assert_eq!(story_of(&service, wrong), **a, "a look changes nothing");
    let made = form(
        &service,
        "/corrections",
        &[],
        &carried(
            &looked.body,
            &[("author", "ليلى Layla"), ("reason", "another flood"), ("step", "make")],
        ),
    );
    assert_eq!(made.status, 303, "{}", made.body);
    assert!(
        made.location.starts_with(&format!("/stories/{a}?done=")),
        "{}",
        made.location
    );
    assert_eq!(story_of(&service, wrong), **b);
    let name = made.cookie.split(';').next().expect("a cookie").to_owned();
    let signed = [("cookie", name.as_str())];
    let notice = get(&service, &made.location).body;
    let document = Document::from(notice.as_str());
    assert!(document.select(".done").text().contains("ليلى Layla"), "{notice}");
    let undo = document.select(".done form").attr_or("action", "").to_string();
    let undone = form(&service, &undo, &signed, &fields(&[("back", &back), ("step", "make")]));
    assert_eq!(undone.status, 303, "{}", undone.body);
    assert_eq!(story_of(&service, wrong), **a);
    let notice = get(&service, &undone.location).body;
    assert!(
        Document::from(notice.as_str())
            .select(".done")
            .text()
            .contains("was undone by ليلى Layla"),
        "{notice}"
    );
    let history = get(&service, &format!("/stories/{a}")).body;
    assert!(
        Document::from(history.as_str())
            .select(".history form[action$='/redo']")
            .exists(),
        "{history}"
    );

    // The others, each done and undone, the last one first.
    let mut made = Vec::new();
    let part = in_a[0].as_str();
    for asked in [
        vec![
            ("kind", "split"),
            ("story", a),
            ("article", part),
            ("title", "A part of it"),
        ],
        vec![("kind", "merge"), ("story", b), ("to", c)],
        vec![("kind", "pin"), ("article", &in_a[1])],
        vec![("kind", "rename"), ("story", a), ("title", "هدنة"), ("lang", "ar")],
        vec![("kind", "never-one"), ("story", a), ("to", b)],
        vec![
            ("kind", "always-together"),
            ("article", &in_a[1]),
            ("other_text", &in_a[2]),
        ],
        vec![("kind", "note"), ("story", a), ("text", "see Vienna")],
    ] {
        let looked = form(&service, "/corrections", &signed, &fields(&asked));
        assert_eq!(looked.status, 200, "{asked:?}: {}", looked.body);
        let entered: Vec<(&str, &str)> = asked
            .iter()
            .copied()
            .filter(|(name, _)| matches!(*name, "title" | "lang" | "text"))
            .chain([("step", "make")])
            .collect();
        let done = form(&service, "/corrections", &signed, &carried(&looked.body, &entered));
        assert_eq!(done.status, 303, "{asked:?}: {}", done.body);
        made.push(done.location.rsplit('=').next().expect("a number").to_owned());
    }
    let new = story_of(&service, part);
    assert_ne!(new, **a);
    let (_, story) = service.get(&format!("/v1/stories/{}", new.as_str().expect("an id")));
    assert_eq!(story["title"], "A part of it");

    // What contradicts is said in a sentence, with the correction in the way.
    let refused = form(
        &service,
        "/corrections",
        &signed,
        &fields(&[("kind", "merge"), ("story", a), ("to", b)]),
    );
    assert_eq!(refused.status, 409, "{}", refused.body);
    let document = Document::from(refused.body.as_str());
    assert!(
        document.select(".trouble").text().contains("is in the way"),
        "{}",
        refused.body
    );
    assert!(
        document
            .select(&format!(".trouble form[action='/corrections/{}/undo']", made[4]))
            .exists()
    );
    for (asked, status) in [
        (
            vec![("kind", "merge"), ("story", a.as_str()), ("to_text", "zzzz qqqq")],
            404,
        ),
        (vec![("kind", "rename"), ("story", a), ("title", "")], 422),
        (vec![("kind", "move"), ("article", "nobody"), ("to", a)], 404),
        (vec![("kind", "bless")], 422),
    ] {
        let refused = form(&service, "/corrections", &signed, &fields(&asked));
        assert_eq!(refused.status, status, "{asked:?}: {}", refused.body);
        assert!(
            Document::from(refused.body.as_str()).select(".trouble p").exists(),
            "{}",
            refused.body
        );
    }

    // With nothing ticked, or no story chosen, the page says what is missing.
    let lacks = |ui: &str, asked: &[(&str, &str)]| {
        let refused = form(&service, &format!("/corrections?ui={ui}"), &signed, &fields(asked));
        assert_eq!(refused.status, 422, "{asked:?}: {}", refused.body);
        let page = Document::from(refused.body.as_str());
        (
            page.select(".trouble p").text().to_string(),
            page.select(".sign [name=to_text]").length(),
        )
    };
    for (kind, en, ar) in [
        ("move", "Tick at least one article", "حدِّد مقالة واحدة على الأقل"),
        ("split", "Tick at least one of", "حدِّد مقالة واحدة على الأقل"),
        ("pin", "Tick at least one article", "حدِّد مقالة واحدة على الأقل"),
        ("never-together", "Tick at least two", "حدِّد مقالتين على الأقل"),
        ("always-together", "Tick at least two", "حدِّد مقالتين على الأقل"),
    ] {
        for to in [None, Some(("to", b.as_str())), Some(("to_text", "zzzz qqqq"))] {
            let asked: Vec<_> = [("kind", kind), ("story", a.as_str())].into_iter().chain(to).collect();
            for (ui, said) in [("en", en), ("ar", ar)] {
                let (why, entries) = lacks(ui, &asked);
                assert!(why.contains(said) && entries == 0, "{asked:?}: {why}");
            }
        }
    }
    let article = ("article", in_a[1].as_str());
    for asked in [
        vec![("kind", "move"), ("story", a.as_str()), article],
        vec![("kind", "merge"), ("story", a.as_str())],
    ] {
        let (why, entries) = lacks("en", &asked);
        assert!(why.contains("No story is chosen") && entries == 1, "{asked:?}: {why}");
    }

    // The list has them all, by author; what was undone says so.
    let list = get(&service, "/corrections").body;
    assert_eq!(
        Document::from(list.as_str()).select("ol.stories > li").length(),
        made.len() + 1,
        "{list}"
    );
    let none = get(&service, "/corrections?author=Nobody").body;
    assert_eq!(
        Document::from(none.as_str()).select("ol.stories > li").length(),
        0,
        "{none}"
    );
    for number in made.iter().rev() {
        let undone = form(
            &service,
            &format!("/corrections/{number}/undo"),
            &signed,
            &fields(&[("back", "corrections"), ("step", "make")]),
        );
        assert_eq!(undone.status, 303, "{number}: {}", undone.body);
    }
    for (article, story) in &before {
        assert_eq!(&story_of(&service, article), story, "{article}");
    }
    let (_, story) = service.get(&format!("/v1/stories/{a}"));
    assert_ne!(story["title"], "هدنة");
    let arabic = get(&service, "/corrections?ui=ar").body;
    assert!(arabic.contains("ألغاه"), "{arabic}");
}

/// The text of what a page says something would come to.
fn effects(page: &str) -> String {
    Document::from(page).select(".effects").text().to_string()
}

/// What the form of the ticked articles sends without scripts: what it carries, what is ticked on the page, what is ticked now.
fn ticked(page: &Document, now: &[&str]) -> Vec<(String, String)> {
    let inputs = page.select("#ticked input[type=hidden], #ticked input[checked], [form=ticked][checked]");
    let own = inputs.iter().map(|one| {
        (
            one.attr_or("name", "").to_string(),
            one.attr_or("value", "").to_string(),
        )
    });
    own.chain(now.iter().map(|id| ("article".to_owned(), (*id).to_owned())))
        .collect()
}

/// Turns a page by one of the buttons of that form.
fn turned(service: &Service, page: &Document, button: &str, now: &[&str]) -> Document {
    let button = page.select(button);
    assert!(button.exists(), "a button turns the page");
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(ticked(page, now));
    query.extend_pairs(button.attr("name").map(|name| (name, button.attr_or("value", ""))));
    let path = button.attr_or("formaction", "").to_string();
    let (path, fragment) = path.split_once('#').expect("an address with the list");
    assert_eq!(fragment, "articles");
    Document::from(get(service, &format!("{path}?{}", query.finish())).body)
}

#[test]
fn what_is_ticked_is_kept_when_the_page_is_turned() {
    let data = demonstration();
    let service = Service::start(data.path());
    let ids: Vec<String> = stories(&service).into_iter().map(|(id, _)| id).collect();
    let all = json!({"kind": "merge", "stories": ids, "into": ids[0], "author": "Layla"}).to_string();
    let made = send(&service, "/v1/corrections", "application/json", &[], &all);
    assert_eq!(made.status, 201, "{}", made.body);
    let listed = |page: &Document| -> Vec<String> {
        let boxes = page.select(".articles .pick input");
        boxes.iter().map(|one| one.attr_or("value", "").to_string()).collect()
    };
    let kept = |page: &Document, selector: &str| -> Vec<String> {
        let boxes = page.select(selector);
        boxes.iter().map(|one| one.attr_or("value", "").to_string()).collect()
    };

    let first = Document::from(get(&service, &format!("/stories/{}?order=oldest", ids[0])).body);
    let [one, two, ..] = &listed(&first)[..] else {
        panic!("articles")
    };
    let second = turned(&service, &first, ".turn button[name=cursor]", &[one, two]);
    let [three, ..] = &listed(&second)[..] else {
        panic!("a second page")
    };
    assert!(!listed(&first).contains(three), "another page");
    let mut elsewhere = kept(&second, "#elsewhere input[checked]");
    elsewhere.sort();
    let mut expected = vec![one.clone(), two.clone()];
    expected.sort();
    assert_eq!(elsewhere, expected);
    assert!(second.select("#correct[open]").exists());
    let said = second.select("#elsewhere summary").text().to_string();
    assert_eq!(said, "Ticked on other pages: 2");

    // Back on the first page they are ticked in the list, in the order that was chosen; the third one goes along.
    let again = turned(&service, &second, ".turn button:not([name])", &[three]);
    assert_eq!(listed(&again), listed(&first));
    assert_eq!(kept(&again, ".pick input[checked]"), [one.clone(), two.clone()]);
    assert_eq!(kept(&again, "#elsewhere input[checked]"), std::slice::from_ref(three));
    // A link to the page in another way keeps them, and nothing else of the form.
    let way = again
        .select("nav.facts a[href*='order=newest']")
        .attr_or("href", "")
        .to_string();
    assert!(
        way.contains("article=") && !way.contains("seen=") && !way.contains("cursor="),
        "{way}"
    );

    let mut asked = ticked(&again, &[]);
    asked.extend(fields(&[("kind", "move"), ("to", "new")]));
    let looked = form(&service, "/corrections", &[], &asked);
    assert_eq!(looked.status, 200, "{}", looked.body);
    let moving: Vec<String> = carried(&looked.body, &[])
        .into_iter()
        .filter(|(name, _)| name == "article")
        .map(|(_, id)| id)
        .collect();
    assert_eq!(moving.len(), 3, "{moving:?}");
    let made = form(
        &service,
        "/corrections",
        &[],
        &carried(&looked.body, &[("author", "Layla"), ("step", "make")]),
    );
    assert_eq!(made.status, 303, "{}", made.body);
    let new = story_of(&service, three);
    assert!(new != *ids[0] && story_of(&service, one) == new && story_of(&service, two) == new);
}

#[test]
fn undo_and_redo_are_looked_at_before_they_are_done() {
    let data = demonstration();
    let service = Service::start(data.path());
    let stories = stories(&service);
    let [(a, _), (b, _), (c, in_c), ..] = stories.as_slice() else {
        panic!("three stories")
    };
    let json = "application/json";
    let make = |asked: Value| -> u64 {
        let made = send(&service, "/v1/corrections", json, &[], &asked.to_string());
        assert_eq!(made.status, 201, "{}", made.body);
        let made: Value = serde_json::from_str(&made.body).expect("JSON");
        made["number"].as_u64().expect("a number")
    };
    let ask = |path: String, headers: &[(&str, &str)], status: u16| -> Value {
        let answer = send(&service, &path, json, headers, "");
        assert_eq!(answer.status, status, "{path}: {}", answer.body);
        serde_json::from_str(&answer.body).expect("JSON")
    };
    let tag = |story: &str| get(&service, &format!("/v1/stories/{story}")).tag;

    // Two stories are made one; a preview of taking that back says what would go where, and does nothing.
    let number = make(json!({"kind": "merge", "stories": [a, b], "into": a, "author": "Layla"}));
    let (undo, redo) = (
        format!("/v1/corrections/{number}/undo"),
        format!("/v1/corrections/{number}/redo"),
    );
    let foreseen = ask(format!("{undo}?preview=true"), &[("if-match", &tag(a))], 200);
    assert_eq!(foreseen["undoes"]["number"], number);
    assert_eq!(
        foreseen["undoes"]["revived"],
        json!([{"story_id": b, "merged_into": a}])
    );
    let back = foreseen["moved"].as_array().expect("articles");
    assert!(!back.is_empty());
    for one in back {
        assert_eq!((&one["from_story_id"], &one["to_story_id"]), (&json!(a), &json!(b)));
    }
    ask(format!("{redo}?preview=true"), &[], 409);
    let (_, kept) = service.get(&format!("/v1/corrections/{number}"));
    assert_eq!(kept["undone_at"], Value::Null, "a look changes nothing");
    let stranger = ask(undo.clone(), &[("if-match", "\"s999.7.x\"")], 412);
    assert_eq!(stranger["field"], "If-Match", "{stranger}");

    // The same on the page; then it is done, and the articles went where it said.
    let path = format!("/corrections/{number}/undo");
    let looked = form(&service, &path, &[], &fields(&[("back", "corrections")]));
    assert_eq!(looked.status, 200, "{}", looked.body);
    let said = effects(&looked.body);
    for sentence in [
        "would move from",
        "would go on as a story of its own",
        "would hold no more",
    ] {
        assert!(said.contains(sentence), "{sentence}: {said}");
    }
    // Somebody else gets between the look and the decision.
    make(json!({"kind": "note", "story_id": a, "text": "see Vienna", "author": "Omar"}));
    let stopped = form(
        &service,
        &path,
        &[],
        &carried(&looked.body, &[("author", "Layla"), ("step", "make")]),
    );
    assert_eq!(stopped.status, 412, "{}", stopped.body);
    let page = Document::from(stopped.body.as_str());
    assert!(
        page.select(".meanwhile").text().contains("Omar decided"),
        "{}",
        stopped.body
    );

    // What stands in the way is told, with the way on.
    let (_, called) = service.get(&format!("/v1/stories/{a}"));
    let title_before = called["title"].as_str().expect("a title").to_owned();
    let blocker = make(json!({"kind": "rename", "story_id": a, "title": "One", "author": "Omar"}));
    let first = make(json!({"kind": "move", "articles": [in_c[0]], "story_id": a, "author": "Omar"}));
    let second = make(json!({"kind": "move", "articles": [in_c[0]], "story_id": c, "author": "Omar"}));
    let blocked = form(
        &service,
        &format!("/corrections/{first}/undo"),
        &[],
        &fields(&[("back", "corrections")]),
    );
    assert_eq!(blocked.status, 409, "{}", blocked.body);
    let page = Document::from(blocked.body.as_str());
    let way_on = format!(".trouble form[action='/corrections/{second}/undo']");
    assert!(page.select(&way_on).exists(), "{}", blocked.body);
    assert!(!page.select("form.sign button.main").exists(), "{}", blocked.body);
    let problem = ask(format!("/v1/corrections/{first}/undo?preview=true"), &[], 409);
    assert!(
        problem.to_string().contains(&format!("undo correction {second} first")),
        "{problem}"
    );

    // A title that goes: every message says the new name and the one before, and the story by its id.
    let said = |page: &str, place: &str| Document::from(page).select(place).text().to_string();
    let done = get(&service, &format!("/stories/{a}?done={blocker}&ui=en")).body;
    let told = format!("Story {a} is now called “One” (before: “{title_before}”).");
    assert!(said(&done, ".done").contains(&told), "{}", said(&done, ".done"));
    let asked = [("kind", "rename"), ("story", a.as_str()), ("title", "Two")];
    let looked = form(&service, "/corrections?ui=en", &[], &fields(&asked));
    assert_eq!(
        said(&looked.body, ".decides"),
        format!("Story {a} is now called “Two” (before: “One”).")
    );
    let named = ask(format!("/v1/corrections/{blocker}/undo?preview=true"), &[], 200);
    assert_eq!(named["undoes"]["renamed"], json!({"story_id": a, "title": null}));
    let looked = form(
        &service,
        &format!("/corrections/{blocker}/undo"),
        &[],
        &fields(&[("back", "corrections")]),
    );
    assert!(
        effects(&looked.body).contains("would be named by its articles again: “"),
        "{}",
        looked.body
    );
    let done = form(
        &service,
        &format!("/corrections/{blocker}/undo"),
        &[],
        &carried(&looked.body, &[("author", "Layla"), ("step", "make")]),
    );
    assert_eq!(done.status, 303, "{}", done.body);
    let (_, called) = service.get(&format!("/v1/stories/{a}?title_lang=en"));
    let promised = format!("again: “{}”.", called["title"].as_str().expect("a title"));
    assert!(effects(&looked.body).contains(&promised), "{promised}: {}", looked.body);
    // And back again.
    let again = ask(format!("/v1/corrections/{blocker}/redo?preview=true"), &[], 200);
    assert_eq!((&again["redoes"], &again["kind"]), (&json!(blocker), &json!("rename")));
    let looked = form(
        &service,
        &format!("/corrections/{blocker}/redo"),
        &[],
        &fields(&[("back", "corrections")]),
    );
    assert!(
        Document::from(looked.body.as_str())
            .select(".decides")
            .text()
            .contains("One"),
        "{}",
        looked.body
    );
    assert_eq!(send(&service, &redo, json, &[], "").status, 409, "the merge stands");
}

/// The buttons of the review list: key and what its form sends, by row.
fn decisions(page: &str) -> Vec<BTreeMap<String, Vec<(String, String)>>> {
    let document = Document::from(page);
    let rows = document.select("ol.stories > li");
    let field = |input: &dom_query::Selection, name: &str| input.attr_or(name, "").to_string();
    rows.iter()
        .map(|row| {
            let forms = row.select("form");
            let form = |form: dom_query::Selection| {
                let button = form.select("button");
                let inputs = form.select("input");
                let mut sent: Vec<_> = inputs
                    .iter()
                    .map(|one| (field(&one, "name"), field(&one, "value")))
                    .collect();
                sent.push((field(&button, "name"), field(&button, "value")));
                (field(&button, "data-key"), sent)
            };
            forms.iter().map(form).collect()
        })
        .collect()
}

#[test]
fn the_review_list_is_decided_row_by_row_and_a_decision_is_undone() {
    let data = demonstration();
    let service = Service::start(data.path());
    for kind in ["placement", "story", "merge"] {
        for key in ["y", "x"] {
            let path = format!("/review?kind={kind}");
            let before = decisions(&get(&service, &path).body);
            let Some(first) = before.first() else { continue };
            let mut sent = first[key].clone();
            let asks_who = form(&service, "/corrections", &[], &sent);
            assert_eq!(asks_who.status, 422, "nobody signed: {}", asks_who.body);
            let asked = Document::from(asks_who.body.as_str());
            assert_eq!(asked.select("h1").text().to_string(), "Who decides?");
            assert_eq!(
                asked.select(".sign input:not([type=hidden])").length(),
                2,
                "{}",
                asks_who.body
            );
            assert!(
                !asked.select("[role=alert]").exists(),
                "it is asked, nothing went wrong"
            );
            sent.push(("author".to_owned(), "Layla".to_owned()));
            let made = form(&service, "/corrections", &[], &sent);
            assert_eq!(made.status, 303, "{kind} {key}: {}", made.body);
            assert!(
                made.location.starts_with("/review?") && made.location.ends_with("#row-1"),
                "{}",
                made.location
            );
            let page = get(&service, made.location.split('#').next().expect("a path")).body;
            let after = decisions(&page);
            // What the next key decides is marked, and what was done stays in sight above it.
            let shown = Document::from(page.as_str());
            let marked = shown.select("ol.stories > li.here[aria-current=true]");
            assert_eq!(marked.length(), usize::from(!after.is_empty()), "{kind} {key}");
            assert!(
                after.is_empty() || marked.attr_or("id", "").to_string() == "row-1",
                "{kind} {key}"
            );
            assert!(shown.select(".stays .done").exists(), "{kind} {key}");
            assert!(
                !after.contains(first),
                "{kind} {key}: what is decided is not asked again"
            );
            let notice = Document::from(page.as_str())
                .select(".done form")
                .attr_or("action", "")
                .to_string();
            let undone = form(
                &service,
                &notice,
                &[("cookie", "editor=Layla")],
                &fields(&[("back", "review"), ("step", "make")]),
            );
            assert_eq!(undone.status, 303, "{notice}: {}", undone.body);
            let first = Document::from(get(&service, "/review?row=999").body);
            let rows = first.select("ol.stories > li").length();
            assert_eq!(
                first.select("li.here").attr_or("id", "").to_string(),
                format!("row-{rows}")
            );
        }
    }
    // Who may only read sees the list, and no button: tests/it/access.rs has who may send what.
    let some = ["placement", "story", "merge"].iter().any(|kind| {
        let page = get(&service, &format!("/review?kind={kind}")).body;
        !decisions(&page).is_empty()
    });
    assert!(some, "after every undo there is something to decide again");
}
