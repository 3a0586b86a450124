//! Promise: what an editor decides holds for ever after, across a restart too, and can be undone.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use crate::service::{Service, silsila};

const JSON: &str = "application/json";

/// Lines of the demonstration that are there before the editor comes; the others arrive after.
const BEFORE: usize = 70;

struct Desk {
    service: Service,
}

impl Desk {
    fn story(&self, article: &str) -> String {
        let (status, view) = self.service.get(&format!("/v1/articles/{article}"));
        assert_eq!(status, 200, "{article}: {view}");
        view["story_id"].as_str().expect("placed").to_owned()
    }

    fn ask(&self, path: &str, body: &Value) -> (u16, Value) {
        self.service.post(path, JSON, body.to_string().as_bytes())
    }

    /// Makes a correction; its number.
    fn correct(&self, body: Value) -> u64 {
        let (status, view) = self.ask("/v1/corrections", &body);
        assert_eq!(status, 201, "{body}: {view}");
        view["number"].as_u64().expect("a number")
    }

    fn undo(&self, number: u64) {
        let (status, view) = self.ask(
            &format!("/v1/corrections/{number}/undo"),
            &json!({"author": "Layla", "reason": "a mistake"}),
        );
        assert_eq!(status, 200, "{number}: {view}");
        assert_eq!(
            (view["undone_by"].as_str(), view["undone_reason"].as_str()),
            (Some("Layla"), Some("a mistake"))
        );
    }

    /// All items of a list.
    fn all(&self, path: &str) -> Vec<Value> {
        let (mut items, mut cursor) = (Vec::new(), String::new());
        loop {
            let (status, page) = self.service.get(&format!("{path}?per_page=100{cursor}"));
            assert_eq!(status, 200, "{page}");
            let found = page["items"].as_array().expect("items").clone();
            let more = !found.is_empty();
            items.extend(found);
            match page["next_cursor"].as_str().filter(|_| more) {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return items,
            }
        }
    }

    /// The story of every article, as the list of stories has it.
    fn stories(&self) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        for story in self.all("/v1/stories") {
            let id = story["id"].as_str().expect("an id");
            let members = self.all(&format!("/v1/stories/{id}/articles"));
            assert_eq!(story["counts"]["articles"], members.len(), "{id}");
            for article in members {
                found.insert(article["id"].as_str().expect("an id").to_owned(), id.to_owned());
            }
        }
        found
    }

    /// The same, from the change log alone.
    fn replayed(&self) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        for change in self.all("/v1/changes") {
            let text = |field: &str| change[field].as_str().unwrap_or_default().to_owned();
            match change["kind"].as_str() {
                Some("article_joined") => drop(found.insert(text("article_id"), text("story_id"))),
                Some("article_left") if found.get(&text("article_id")) == Some(&text("story_id")) => {
                    found.remove(&text("article_id"));
                }
                _ => {}
            }
        }
        found
    }
}

/// The articles that are in the story that they were in when the rest has come and nobody has corrected anything.
fn stays_without_corrections<'a>(
    dir: &Path,
    first: &Path,
    rest: &str,
    before: &'a BTreeMap<String, String>,
) -> Vec<&'a String> {
    let (data, file) = (dir.join("uncorrected"), dir.join("rest.jsonl"));
    std::fs::write(&file, rest).expect("written");
    for file in [first, &file] {
        let path = |path: &Path| path.to_str().expect("a path").to_owned();
        let run = silsila(&["ingest", "--data-dir", &path(&data), &path(file)]);
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    }
    let service = Service::start(&data);
    let stories = Desk { service }.stories();
    before
        .keys()
        .filter(|article| stories[*article] == before[*article])
        .collect()
}

#[test]
fn what_an_editor_decides_holds_and_can_be_undone() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    let demo = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/demo/articles.jsonl")).expect("a file");
    let lines: Vec<&str> = demo.lines().collect();
    let first = dir.path().join("first.jsonl");
    std::fs::write(&first, lines[..BEFORE].join("\n")).expect("written");
    let run = silsila(&[
        "ingest",
        "--data-dir",
        data.to_str().expect("a path"),
        first.to_str().expect("a path"),
    ]);
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));

    let desk = Desk {
        service: Service::start(&data),
    };
    let untouched = desk.stories();
    assert_eq!(untouched.len(), BEFORE);
    let mut sizes: BTreeMap<&String, Vec<&String>> = BTreeMap::new();
    for (article, story) in &untouched {
        // One that repeats another's text goes where that one goes.
        let (_, view) = desk.service.get(&format!("/v1/articles/{article}"));
        if view["near_duplicate_of"].is_null() {
            sizes.entry(story).or_default().push(article);
        }
    }
    let mut by_size: Vec<(&String, Vec<&String>)> = sizes.into_iter().collect();
    by_size.sort_by_key(|(_, members)| std::cmp::Reverse(members.len()));
    let [(a, in_a), (b, in_b), (c, in_c), (d, in_d), ..] = by_size.as_slice() else {
        panic!("four stories in {by_size:?}");
    };
    assert!(in_d.len() >= 3, "{by_size:?}");

    // A preview changes nothing; the correction does, and says who and why.
    let wrong = in_a[0].as_str();
    let asked =
        json!({"kind": "move", "article": wrong, "story_id": b, "author": "Layla", "reason": "about the other one"});
    let (status, preview) = desk.ask("/v1/corrections?preview=true", &asked);
    assert_eq!((status, &preview["number"]), (200, &Value::Null));
    assert_eq!(preview["moved"][0]["to_story_id"], **b);
    assert_eq!(desk.stories(), untouched);
    let moved = desk.correct(asked);
    assert_eq!(&desk.story(wrong), *b);
    let (_, placement) = desk.service.get(&format!("/v1/articles/{wrong}/placement"));
    assert_eq!(placement["decided_by"], "editor");
    assert_eq!(placement["correction"]["reason"], "about the other one", "{placement}");
    for story in [a, b] {
        let (_, history) = desk.service.get(&format!("/v1/stories/{story}/history"));
        let told = history["items"].as_array().expect("items").iter();
        let told = told.filter(|change| change["kind"] == "corrected" && change["detail"]["correction"] == moved);
        assert_eq!(told.count(), 1, "{history}");
    }

    // Two stories become one; the other's address goes on.
    let merged = desk.correct(json!({"kind": "merge", "stories": [b, c]}));
    let survivor = desk.story(in_b[0]);
    let ended = if survivor == **b { c } else { b };
    assert_eq!(desk.service.get(&format!("/v1/stories/{ended}")).0, 308);
    // One becomes two.
    let selected = &in_d[..1];
    let split = desk.correct(json!({"kind": "split", "story_id": d, "articles": selected}));
    let new = desk.story(selected[0]);
    assert_ne!(&new, *d);
    let named = desk.correct(json!({"kind": "rename", "story_id": d, "title": "Karabakh", "lang": "fr"}));
    assert_eq!(
        desk.service.get(&format!("/v1/stories/{d}")).1["title_lang"],
        "fr",
        "{named}"
    );
    let named = desk.correct(json!({"kind": "rename", "story_id": d, "title": "هدنة تحت الاختبار"}));
    let pinned = desk.correct(json!({"kind": "pin", "articles": [in_a[1]]}));
    let apart = desk.correct(json!({"kind": "never-together", "articles": [in_a[1], in_a[2]]}));
    assert_eq!(&desk.story(in_a[1]), *a, "the pinned one stays");
    assert_ne!(&desk.story(in_a[2]), *a);
    let together = desk.correct(json!({"kind": "always-together", "articles": [in_a[3], in_d[1]]}));
    assert_eq!(desk.story(in_a[3]), desk.story(in_d[1]));

    // What contradicts is refused by the number of what stands in the way.
    for (asked, number) in [
        (
            json!({"kind": "move", "articles": [in_a[3]], "story_id": survivor}),
            together,
        ),
        (
            json!({"kind": "always-together", "articles": [in_a[1], in_a[2]]}),
            apart,
        ),
    ] {
        let (status, problem) = desk.ask("/v1/corrections", &asked);
        assert_eq!(status, 409, "{problem}");
        let detail = problem["detail"].as_str().expect("a detail");
        assert!(detail.contains(&format!("undo correction {number} first")), "{detail}");
    }
    for (asked, status) in [
        (
            json!({"kind": "move", "articles": ["nobody"], "story_id": survivor}),
            404,
        ),
        (json!({"kind": "merge", "stories": ["s999999", a]}), 404),
        (json!({"kind": "merge", "stories": [b, c]}), 422),
        (json!({"kind": "split", "story_id": new, "articles": selected}), 422),
        (json!({"kind": "rename", "story_id": d, "title": " "}), 422),
        (
            json!({"kind": "rename", "story_id": d, "title": "Karabakh", "lang": "French"}),
            422,
        ),
        (json!({"kind": "bless", "story_id": d}), 422),
    ] {
        let (found, problem) = desk.ask("/v1/corrections", &asked);
        assert_eq!(found, status, "{asked}: {problem}");
    }

    // The rest of the news arrives, and the service is restarted.
    let rest = format!("[{}]", lines[BEFORE..].join(","));
    let (status, answer) = desk.service.post("/v1/articles?wait=placed", JSON, rest.as_bytes());
    assert_eq!(status, 200, "{answer}");
    let holds = |desk: &Desk| {
        let stories = desk.stories();
        assert_eq!(stories, desk.replayed(), "the change log tells the same");
        assert_eq!(stories.len(), lines.len());
        let merged = in_b.iter().chain(in_c).all(|article| stories[*article] == survivor);
        assert!(merged && stories[wrong] == survivor, "the merged and the moved stay");
        assert!(selected.iter().all(|article| stories[*article] == new));
        assert!(in_d[1..].iter().all(|article| stories[*article] != new));
        assert_eq!(&stories[in_a[1]], *a);
        assert_ne!(stories[in_a[1]], stories[in_a[2]]);
        assert_eq!(stories[in_a[3]], stories[in_d[1]]);
        let (_, story) = desk.service.get(&format!("/v1/stories/{d}"));
        assert_eq!(
            (story["title"].as_str(), story["title_lang"].as_str()),
            (Some("هدنة تحت الاختبار"), Some("ar"))
        );
    };
    holds(&desk);
    desk.service.kill();
    let desk = Desk {
        service: Service::start(&data),
    };
    holds(&desk);

    // Undone in the other order, all is as it was, and the ended story has its id back.
    let (status, problem) = desk.ask(&format!("/v1/corrections/{moved}/undo"), &json!({}));
    assert_eq!(status, 409, "the merge rests on it: {problem}");
    for number in [together, apart, pinned, named, split, merged] {
        desk.undo(number);
    }
    assert_eq!(desk.service.get(&format!("/v1/stories/{ended}")).0, 200);
    assert_eq!(&desk.story(wrong), *b, "the move still holds");
    desk.undo(moved);
    let stories = desk.stories();
    assert_eq!(stories, desk.replayed());
    // What the later articles move by themselves is not undone.
    let stays = stays_without_corrections(dir.path(), &first, &lines[BEFORE..].join("\n"), &untouched);
    assert!(stays.len() + 3 >= BEFORE, "{stays:?}");
    for article in stays {
        assert_eq!(stories[article], untouched[article], "{article}");
    }
    let (_, story) = desk.service.get(&format!("/v1/stories/{d}"));
    assert_ne!(story["title"], "هدنة تحت الاختبار");

    // Redone it is a correction of its own, and the list has them all.
    let (status, again) = desk.ask(&format!("/v1/corrections/{moved}/redo"), &json!({"author": "Omar"}));
    assert_eq!((status, &again["redoes"]), (201, &json!(moved)), "{again}");
    assert_eq!(&desk.story(wrong), *b);
    for number in [again["number"].as_u64().expect("a number"), moved] {
        let (status, problem) = desk.ask(&format!("/v1/corrections/{number}/redo"), &json!({}));
        assert_eq!(status, 409, "{number} is made already: {problem}");
    }
    let listed = desk.all("/v1/corrections");
    assert_eq!(listed.len(), 9);
    assert_eq!(listed[0], again);

    // A note can be read where the story's history is; a name survives the end of its story, and that is undone.
    desk.correct(json!({"kind": "note", "story_id": b, "text": "check with Vienna"}));
    let (_, history) = desk.service.get(&format!("/v1/stories/{b}/history"));
    assert!(history.to_string().contains("check with Vienna"), "{history}");
    desk.correct(json!({"kind": "rename", "story_id": c, "title": "A name that stays"}));
    let merged = desk.correct(json!({"kind": "merge", "stories": [b, c], "into": b}));
    assert_eq!(desk.service.get(&format!("/v1/stories/{c}")).0, 308);
    desk.undo(merged);
    let (_, story) = desk.service.get(&format!("/v1/stories/{c}"));
    assert_eq!(story["title"], "A name that stays");
    let (status, _) = desk.service.get(&format!("/v1/stories/{b}?lang=ar%22x"));
    assert_eq!(status, 200, "a language that is none");

    // Two stories that are never one are not merged by a later correction either.
    let apart = desk.correct(json!({"kind": "never-together", "stories": [c, d]}));
    let (status, problem) = desk.ask("/v1/corrections", &json!({"kind": "merge", "stories": [c, d]}));
    assert_eq!(status, 409, "{problem}");
    let detail = problem["detail"].as_str().expect("a detail");
    assert!(detail.contains(&format!("undo correction {apart} first")), "{detail}");
}
