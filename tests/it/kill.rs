//! Promise: what was acknowledged survives `kill -9` at any moment, nothing is there twice, no story is broken.
//!
//! Several clients write to the real service (new articles, repeats of texts, known ones again, what was not acknowledged
//! again) and an editor corrects, while it is killed and started again on the same folder, over and over. `make kill-test
//! KILLS=50` does that fifty times; the suite does it a few times. The moments come from a seed (`SILSILA_KILL_SEED`).

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::keeping::check;
use crate::service::{Service, silsila};

const WRITERS: usize = 3;
const FEW_KILLS: usize = 5;
/// The service saves its memory three times a second, so that it is killed while it does, too.
const ENVIRONMENT: [(&str, &str); 2] = [
    ("SILSILA__PIPELINE__SAVE_MINUTES", "0.005"),
    // Small batches, so that the editor is not kept waiting until the end comes.
    ("SILSILA__PIPELINE__BATCH", "4"),
];

/// Numbers that look random and are the same for a seed (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides.max(1)
    }
}

/// What the clients know.
#[derive(Default)]
struct Known {
    /// Every article that was ever sent, with its text.
    sent: BTreeMap<String, String>,
    /// Those that the service said it has.
    acknowledged: BTreeSet<String>,
    /// Batches without an answer, to be sent again.
    unanswered: Vec<Value>,
    /// Corrections that the service said it has made, and how many were asked for.
    corrections: BTreeSet<u64>,
    asked: usize,
}

const PLACES: [&str; 8] = ["Basra", "Tunis", "Doha", "Aleppo", "Aden", "Sohar", "Fez", "Luxor"];
const MATTERS: [&str; 5] = [
    "debates the repair of its bridge",
    "holds the football cup final",
    "is without power after a storm",
    "votes on a new school budget",
    "receives trade envoys at its port",
];

fn article(id: &str, dice: &mut Dice) -> Value {
    let (place, matter, what) = (
        PLACES[dice.below(8) as usize],
        MATTERS[dice.below(5) as usize],
        dice.below(40),
    );
    // A third repeat one of a few texts.
    let text = match dice.below(3) {
        0 => format!("{place} {matter}, the council said on Monday, and asked everybody for patience until winter."),
        _ => {
            let (seen, number) = (dice.below(900), dice.below(900));
            format!("{place} {matter}. Report {what}: {seen} people came, {number} of them from the villages around.")
        }
    };
    json!({"id": id, "title": format!("{place} {matter}"), "text": text, "source": format!("outlet {}", what % 5),
           "published": format!("2024-03-{:02}T10:00:00Z", 10 + what % 5)})
}

/// Status and body, or nothing when the service is gone.
fn post(address: &str, path: &str, body: &Value) -> Option<(u16, Value)> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(20)))
        .build()
        .into();
    let mut response = agent
        .post(format!("{address}{path}"))
        .header("content-type", "application/json")
        .send(body.to_string().as_bytes())
        .ok()?;
    let text = response.body_mut().read_to_string().ok()?;
    Some((response.status().as_u16(), serde_json::from_str(&text).ok()?))
}

fn write(address: &str, name: &str, mut dice: Dice, known: &Mutex<Known>, gone: &AtomicBool) {
    let known = || known.lock().expect("nobody panicked");
    for number in 0.. {
        if gone.load(Ordering::Relaxed) {
            return;
        }
        let again = known().unanswered.pop();
        let batch = again.unwrap_or_else(|| {
            let mut batch: Vec<Value> = (0..=dice.below(4))
                .map(|i| article(&format!("{name}-{number}-{i}"), &mut dice))
                .collect();
            let known = known();
            if let Some((id, text)) = known.sent.iter().nth(dice.below(200) as usize) {
                let mut old: Value = serde_json::from_str(text).expect("JSON");
                old["id"] = json!(id);
                batch.push(old);
            }
            json!(batch)
        });
        for one in batch.as_array().expect("articles") {
            let id = one["id"].as_str().expect("an id").to_owned();
            known().sent.entry(id).or_insert_with(|| one.to_string());
        }
        let path = ["/v1/articles", "/v1/articles?wait=placed"][usize::from(dice.below(6) == 0)];
        match post(address, path, &batch) {
            Some((200 | 202, answer)) => {
                let articles = answer["articles"].as_array().expect("receipts");
                assert_eq!(articles.len(), batch.as_array().map_or(0, Vec::len), "{answer}");
                let ids = articles.iter().map(|one| one["id"].as_str().expect("an id").to_owned());
                known().acknowledged.extend(ids);
            }
            Some((429, _)) => std::thread::sleep(Duration::from_millis(50)),
            Some((503, _)) | None => known().unanswered.push(batch),
            Some((status, answer)) => panic!("{status}: {answer}"),
        }
    }
}

fn edit(address: &str, mut dice: Dice, known: &Mutex<Known>, gone: &AtomicBool) {
    let known = || known.lock().expect("nobody panicked");
    while !gone.load(Ordering::Relaxed) {
        std::thread::sleep(Duration::from_millis(5 + dice.below(25)));
        let articles: Vec<String> = {
            let known = known();
            let all = known.acknowledged.len() as u64;
            let mut pick = || known.acknowledged.iter().nth(dice.below(all) as usize).cloned();
            [pick(), pick()].into_iter().flatten().collect()
        };
        let made = known().corrections.iter().nth(dice.below(20) as usize).copied();
        let (path, body) = match (dice.below(6), articles.as_slice(), made) {
            (0, [a, _], _) => ("/v1/corrections".to_owned(), json!({"kind": "pin", "article": a})),
            (1, [a, b], _) if a != b => (
                "/v1/corrections".to_owned(),
                json!({"kind": "never-together", "articles": [a, b]}),
            ),
            (2, [a, b], _) if a != b => (
                "/v1/corrections".to_owned(),
                json!({"kind": "always-together", "articles": [a, b]}),
            ),
            (3, [a, _], _) => {
                let story = format!("s{}", 1 + dice.below(20));
                (
                    "/v1/corrections".to_owned(),
                    json!({"kind": "move", "article": a, "story_id": story}),
                )
            }
            (4, _, _) => {
                let stories = [0, 0].map(|_| format!("s{}", 1 + dice.below(20)));
                (
                    "/v1/corrections".to_owned(),
                    json!({"kind": "merge", "stories": stories}),
                )
            }
            (5, _, Some(number)) => (
                format!("/v1/corrections/{number}/undo"),
                json!({"reason": "by the test"}),
            ),
            _ => continue,
        };
        known().asked += 1;
        // Many contradict one another; that is said with 404, 409 or 422.
        if let Some((status @ (200 | 201), view)) = post(address, &path, &body) {
            let number = view["number"].as_u64();
            known().corrections.extend(number.filter(|_| status == 201));
        }
    }
}

#[test]
fn nothing_acknowledged_is_lost_and_nothing_is_broken_however_often_it_is_killed() {
    let number = |name: &str| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    let kills = number("SILSILA_KILLS").map_or(FEW_KILLS, |kills| kills as usize);
    let seed = number("SILSILA_KILL_SEED").unwrap_or(20_261_125).max(1);
    let mut dice = Dice(seed);
    let dir = tempfile::tempdir().expect("a folder");
    let known = Mutex::new(Known::default());
    let started = Instant::now();
    let mut while_starting = 0;
    for round in 1..=kills {
        if round % 4 == 0 {
            // While it starts: it may be reading, catching up, saving or not have begun.
            while_starting += 1;
            let mut child = Command::new(env!("CARGO_BIN_EXE_silsila"))
                .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
                .arg(dir.path())
                .envs(ENVIRONMENT)
                .stdout(Stdio::null())
                .spawn()
                .expect("the service starts");
            std::thread::sleep(Duration::from_millis(dice.below(2500)));
            child.kill().expect("it can be killed");
            child.wait().expect("it ends");
        } else {
            let service = Service::start_with(dir.path(), "127.0.0.1:0", &ENVIRONMENT);
            let gone = AtomicBool::new(false);
            let moment = Duration::from_millis(30 + dice.below(3000));
            let seeds: Vec<u64> = (0..=WRITERS).map(|_| dice.below(u64::MAX - 1) + 1).collect();
            std::thread::scope(|scope| {
                let (known, gone, address) = (&known, &gone, service.address.clone());
                for (writer, seed) in seeds.into_iter().enumerate() {
                    let (name, address) = (format!("r{round}w{writer}"), address.clone());
                    scope.spawn(move || match writer {
                        0 => edit(&address, Dice(seed), known, gone),
                        _ => write(&address, &name, Dice(seed), known, gone),
                    });
                }
                std::thread::sleep(moment);
                service.kill();
                gone.store(true, Ordering::Relaxed);
            });
        }
        let (ok, report) = check(dir.path(), &[]);
        assert!(ok, "after kill {round}: {report}");
    }

    let service = Service::start_with(dir.path(), "127.0.0.1:0", &ENVIRONMENT);
    let until = Instant::now() + Duration::from_secs(120);
    while service.get("/readyz").1["queued"] != 0 {
        assert!(Instant::now() < until, "what was queued is placed");
        std::thread::sleep(Duration::from_millis(100));
    }
    let known = known.into_inner().expect("nobody panicked");
    let mut made = BTreeSet::new();
    let mut cursor = String::new();
    loop {
        let (status, page) = service.get(&format!("/v1/corrections?per_page=100{cursor}"));
        assert_eq!(status, 200, "{page}");
        made.extend(
            page["items"]
                .as_array()
                .expect("items")
                .iter()
                .filter_map(|one| one["number"].as_u64()),
        );
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert!(known.corrections.is_subset(&made) && made.len() <= known.asked);
    assert!(service.terminate().wait().success());

    let data = dir.path().to_str().expect("a path");
    let export = silsila(&["export", "--data-dir", data]);
    assert!(export.status.success());
    let (mut stored, mut counted, mut in_stories) = (BTreeMap::new(), 0, 0);
    for line in String::from_utf8_lossy(&export.stdout).lines() {
        let one: Value = serde_json::from_str(line).expect("JSON");
        match one["type"].as_str() {
            Some("article") => {
                let id = one["id"].as_str().expect("an id").to_owned();
                assert_eq!(one["state"], "placed", "{line}");
                in_stories += usize::from(one["story_id"].is_string());
                let sent: Value = serde_json::from_str(&known.sent[&id]).expect("JSON");
                assert_eq!((&one["title"], &one["text"]), (&sent["title"], &sent["text"]), "{id}");
                assert!(stored.insert(id, ()).is_none(), "twice: {line}");
            }
            Some("story") => counted += one["counts"]["articles"].as_u64().expect("a count") as usize,
            _ => {}
        }
    }
    let lost: Vec<_> = known
        .acknowledged
        .iter()
        .filter(|id| !stored.contains_key(*id))
        .collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    assert_eq!(
        (counted, in_stories),
        (stored.len(), stored.len()),
        "each is in exactly one story"
    );
    assert!(known.acknowledged.len() > kills, "the clients were heard");
    let (ok, report) = check(dir.path(), &[]);
    assert!(ok, "{report}");
    println!(
        "seed {seed}: {kills} kills ({while_starting} while starting) in {:.0} s; {} articles sent, {} acknowledged, {} stored; \
         {} corrections asked for, {} acknowledged, {} kept; {}",
        started.elapsed().as_secs_f64(),
        known.sent.len(),
        known.acknowledged.len(),
        stored.len(),
        known.asked,
        known.corrections.len(),
        made.len(),
        report["checks"]
            .as_array()
            .expect("checks")
            .iter()
            .filter_map(|one| one["found"].as_str())
            .collect::<Vec<_>>()
            .join(", "),
    );
}
