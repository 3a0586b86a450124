//! Watches from change to receiver, with real receivers on loopback.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::deliver::Deliverer;
use super::*;
use crate::article::Draft;
use crate::config::Settings as AllSettings;
use crate::pipeline::Submission;
use crate::store::read::watch::{AlertView, MessageView};
use crate::store::write::{Batch, Placed, Then, Tried};
use crate::story::{Placement, StoryChange};

fn new(json: serde_json::Value) -> Result<(), String> {
    let watch: NewWatch = serde_json::from_value(json).map_err(|error| error.to_string())?;
    watch.check(&Guard::new(Vec::new())).map_err(|error| error.to_string())
}

#[test]
fn what_makes_no_sense_is_refused_by_name() {
    assert_eq!(new(json!({"story_id": "s1"})), Ok(()));
    assert_eq!(new(json!({"search": {"q": "هدنة", "min_sources": 2}})), Ok(()));
    for (wrong, said) in [
        (json!({}), "story_id"),
        (json!({"story_id": "s1", "search": {"q": "x"}}), "not both"),
        (json!({"search": {}}), "every article"),
        (json!({"search": {"q": "!!"}}), "no word"),
        (json!({"story_id": "s1", "url": "ftp://example.org"}), "http"),
        (json!({"story_id": "s1", "url": "http://127.0.0.1/x"}), "private"),
        (json!({"story_id": "s1", "quiet": {"digest_at": ["25:00"]}}), "25:00"),
        (
            json!({"story_id": "s1", "quiet": {"least_novelty": 2.0}}),
            "least_novelty",
        ),
        (json!({"story_id": "s1", "colour": "red"}), "colour"),
        (json!({"search": {"q": "x"}, "events": ["merged"]}), "article_joined"),
    ] {
        let error = new(wrong.clone()).unwrap_err();
        assert!(error.contains(said), "{wrong}: {error}");
    }
}

#[test]
fn every_event_has_a_name_of_its_own() {
    for event in Event::ALL {
        assert_eq!(Event::of_name(event.name()), Some(event));
        assert_eq!(serde_json::to_value(event).unwrap(), event.name());
    }
}

fn settings() -> Settings {
    Settings {
        answer_seconds: 1,
        retry_seconds: 1,
        retry_most_seconds: 1,
        allow_networks: vec!["127.0.0.0/8".parse().unwrap()],
        ..AllSettings::load(None).unwrap().track
    }
}

/// A store in which stories and articles are decided by hand.
struct Desk {
    store: Arc<Store>,
    articles: u64,
    dir: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self {
            store: Arc::new(Store::open(dir.path()).unwrap()),
            articles: 0,
            dir,
        }
    }

    /// Accepts articles of these sources; the first one's number.
    fn accept(&mut self, sources: &[&str]) -> u64 {
        let first = self.articles + 1;
        let submissions: Vec<Submission> = sources
            .iter()
            .zip(first..)
            .map(|(source, number)| Submission {
                draft: Draft {
                    id: Some(format!("a{number}").into()),
                    title: format!("Report {number} on the ceasefire"),
                    text: String::new(),
                    published: None,
                    lang: "en".to_owned(),
                    source: Some((*source).to_owned()),
                    agency: None,
                    keywords: Vec::new(),
                    url: None,
                    removed: Vec::new(),
                    set_aside: Vec::new(),
                },
                document: None,
            })
            .collect();
        for answer in self.store.accept(&submissions, Utc::now()).unwrap() {
            answer.unwrap();
        }
        self.articles += sources.len() as u64;
        first
    }

    fn commit(&self, number: u64, original: Option<u64>, story: u64, changes: Vec<StoryChange>) {
        self.commit_all(vec![placed(number, original, story, changes)]);
    }

    fn commit_all(&self, placed: Vec<Placed>) {
        let batch = Batch {
            placed,
            ..Batch::default()
        };
        self.store.commit(&batch, Utc::now()).unwrap();
    }

    /// A story with one article.
    fn story(&mut self, story: u64, source: &str) {
        let number = self.accept(&[source]);
        let changes = vec![created(story), joined(story, number)];
        self.commit(number, None, story, changes);
    }

    /// An article that joins a story.
    fn join(&mut self, story: u64, source: &str, original: Option<u64>) -> u64 {
        let number = self.accept(&[source]);
        self.commit(number, original, story, vec![joined(story, number)]);
        number
    }

    fn watch(&self, new: Value) -> String {
        let tracker = Tracker::new(Arc::clone(&self.store), settings(), Arc::default());
        tracker.add(&serde_json::from_value(new).unwrap()).unwrap().0
    }

    /// Alerts, the oldest first, each as event, story and why it was held back.
    fn told(&self, watch: &str) -> Vec<(String, String, Option<String>)> {
        let alerts = self.store.alerts(watch, true, None, 100).unwrap().items;
        let tell = |alert: AlertView| (alert.event, alert.story.id, alert.held_back);
        alerts.into_iter().rev().map(tell).collect()
    }

    fn messages(&self, watch: &str) -> Vec<MessageView> {
        let (mut all, mut cursor) = (Vec::new(), None);
        loop {
            let page = self.store.messages(watch, None, cursor.as_deref(), 100).unwrap();
            all.extend(page.items);
            cursor = page.next_cursor;
            if cursor.is_none() {
                return all;
            }
        }
    }
}

fn created(story: u64) -> StoryChange {
    StoryChange::Created {
        story,
        split_from: None,
    }
}

fn joined(story: u64, article: u64) -> StoryChange {
    StoryChange::Joined {
        story,
        article,
        from: None,
    }
}

fn moved(article: u64, from: u64, story: u64) -> StoryChange {
    StoryChange::Joined {
        story,
        article,
        from: Some(from),
    }
}

fn placed(number: u64, original: Option<u64>, story: u64, changes: Vec<StoryChange>) -> Placed {
    Placed {
        number,
        original,
        story,
        placement: Placement {
            decided_by: "alone".to_owned(),
            nearest: Vec::new(),
            support: 0.0,
            runner_up: None,
            margin: 0.0,
            rejected: Vec::new(),
            second_look: None,
        },
        vector: original.is_none().then(|| vec![1.0]),
        links: Vec::new(),
        judged_again: Vec::new(),
        strands: Vec::new(),
        changes,
        doubts: Vec::new(),
    }
}

fn events(told: &[(String, String, Option<String>)]) -> Vec<(&str, &str)> {
    let of = |one: &'_ (String, String, Option<String>)| one.2.is_none();
    told.iter()
        .filter(|one| of(one))
        .map(|one| (one.0.as_str(), one.1.as_str()))
        .collect()
}

#[test]
fn a_watch_follows_its_story_into_another_and_back() {
    let mut desk = Desk::new();
    desk.story(1, "A");
    desk.story(2, "B");
    let watch = desk.watch(json!({"story_id": "s1"}));
    let other = desk.watch(json!({"story_id": "s2", "events": ["merged", "article_joined", "article_left"]}));
    let first = desk.join(1, "C", None);
    let number = desk.accept(&["D"]);
    // Its articles go along one by one, too, as they do when an editor merges.
    let merge = vec![
        joined(2, number),
        moved(1, 1, 2),
        moved(first, 1, 2),
        StoryChange::Merged { story: 1, into: 2 },
    ];
    desk.commit(number, None, 2, merge);
    desk.join(2, "E", None);
    let view = desk.store.watch(&watch).unwrap().unwrap();
    assert_eq!(
        (view.story_id.as_deref(), view.asked_story_id.as_deref()),
        (Some("s2"), Some("s1"))
    );
    // The story that was asked for goes on by itself again: an editor undid the merge.
    let revived = StoryChange::Revived {
        story: 1,
        from: 2,
        followers: Vec::new(),
    };
    let number = desk.accept(&["F"]);
    let undo = vec![joined(2, number), revived, moved(1, 2, 1), moved(first, 2, 1)];
    desk.commit(number, None, 2, undo);
    desk.join(1, "G", None);
    desk.join(2, "H", None);
    assert_eq!(
        events(&desk.told(&watch)),
        [
            ("article_joined", "s1"),
            ("merged", "s1"),
            ("article_joined", "s2"),
            ("article_joined", "s2"),
            ("split", "s2"),
            ("article_joined", "s1"),
        ],
        "no article leaves or joins by going the same way, and nothing wakes"
    );
    assert_eq!(
        events(&desk.told(&other)),
        [
            ("article_joined", "s2"),
            ("article_joined", "s2"),
            ("article_joined", "s2"),
            ("merged", "s1"),
            ("article_joined", "s2"),
            ("article_joined", "s2"),
            ("article_left", "s2"),
            ("article_left", "s2"),
            ("article_joined", "s2"),
        ],
        "D, the two of s1, E, F; the two go back; H"
    );
    let view = desk.store.watch(&watch).unwrap().unwrap();
    assert_eq!(
        (view.story_id.as_deref(), view.asked_story_id.as_deref()),
        (Some("s1"), None)
    );
}

#[test]
fn a_search_that_asks_of_the_story_hears_once_of_what_moves_to_one_that_meets_it() {
    let mut desk = Desk::new();
    desk.story(1, "A");
    desk.join(1, "B", None);
    let search = |more: Value| {
        let mut search = json!({"q": "ceasefire"});
        search
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        json!({ "search": search })
    };
    let any = desk.watch(search(json!({})));
    let large = desk.watch(search(json!({"min_sources": 2})));
    let late = desk.accept(&["C", "D"]);
    desk.commit(late, None, 2, vec![created(2), joined(2, late)]);
    assert_eq!(events(&desk.told(&large)), []);
    desk.commit(late + 1, None, 1, vec![joined(1, late + 1), moved(late, 2, 1)]);
    assert_eq!(events(&desk.told(&large)), [("article_joined", "s1"); 2]);
    let last = desk.accept(&["E", "F"]);
    desk.commit(last, None, 3, vec![created(3), joined(3, last), moved(late, 1, 3)]);
    desk.commit(last + 1, None, 1, vec![joined(1, last + 1), moved(late, 3, 1)]);
    let of_it = desk.store.alerts(&large, true, None, 100).unwrap().items;
    let of_it = of_it
        .into_iter()
        .filter(|alert| alert.article.as_ref().is_some_and(|one| one.id == format!("a{late}")));
    assert_eq!(of_it.count(), 1, "once, however often it moves");
    assert_eq!(
        events(&desk.told(&any)),
        [
            ("article_joined", "s2"),
            ("article_joined", "s1"),
            ("article_joined", "s3"),
            ("article_joined", "s1")
        ]
    );
}

#[test]
fn a_watch_comes_back_with_the_story_that_took_its_own_in() {
    let mut desk = Desk::new();
    for story in 1..=3 {
        desk.story(story, "A");
    }
    let watch = desk.watch(json!({"story_id": "s1"}));
    for (from, into, articles) in [(1, 2, vec![1]), (2, 3, vec![1, 2])] {
        let number = desk.accept(&["B"]);
        let mut changes = vec![joined(into, number)];
        changes.extend(articles.into_iter().map(|article| moved(article, from, into)));
        changes.push(StoryChange::Merged { story: from, into });
        desk.commit(number, None, into, changes);
    }
    let follows = |desk: &Desk| desk.store.watch(&watch).unwrap().unwrap().story_id;
    assert_eq!(follows(&desk).as_deref(), Some("s3"));
    let revived = StoryChange::Revived {
        story: 2,
        from: 3,
        followers: vec![1],
    };
    let number = desk.accept(&["C"]);
    desk.commit(
        number,
        None,
        3,
        vec![joined(3, number), revived, moved(1, 3, 2), moved(2, 3, 2)],
    );
    assert_eq!(follows(&desk).as_deref(), Some("s2"));
    desk.join(2, "D", None);
    let told = desk.told(&watch);
    let told = events(&told);
    assert!(told.ends_with(&[("split", "s3"), ("article_joined", "s2")]), "{told:?}");
    assert!(told.iter().all(|(event, _)| *event != "article_left"), "{told:?}");
}

#[test]
fn messages_of_a_watch_go_out_in_their_order() {
    let mut desk = Desk::new();
    desk.story(1, "A");
    let watch = desk.watch(json!({"story_id": "s1", "url": "http://127.0.0.1:9/"}));
    desk.join(1, "B", None);
    desk.store.make_messages(Utc::now()).unwrap();
    let store = Arc::clone(&desk.store);
    let outgoing = |at| store.outgoing(&BTreeSet::new(), 10, at).unwrap();
    let first = outgoing(Utc::now()).remove(0);
    let later = Utc::now() + TimeDelta::seconds(100);
    let failed = Tried {
        message: first.number,
        url: first.url.clone(),
        status: Some(500),
        milliseconds: 1,
        answer: None,
        error: None,
        then: Then::Again(later.timestamp_micros()),
    };
    desk.store.tried(&failed, Utc::now()).unwrap();
    desk.join(1, "C", None);
    desk.store.make_messages(Utc::now()).unwrap();
    assert!(outgoing(Utc::now()).is_empty(), "the receiver rests");
    let numbers: Vec<u64> = outgoing(later).iter().map(|one| one.number).collect();
    assert_eq!(numbers, [first.number], "the second one has been due for longer");
    assert_eq!(
        desk.store.next_delivery(&BTreeSet::new()).unwrap(),
        Some(later.timestamp_micros())
    );
    // Another address: at once, and in their order still.
    let change = serde_json::from_value(json!({"url": "http://127.0.0.1:10/"})).unwrap();
    desk.store.change_watch(&watch, &change, Utc::now()).unwrap();
    let numbers: Vec<u64> = outgoing(Utc::now()).iter().map(|one| one.number).collect();
    assert_eq!(numbers, [first.number]);
    // What comes of a post to the old one then says nothing of the new one.
    for then in [failed.then.clone(), Then::Dead, Then::Gone] {
        let late = Tried { then, ..failed.clone() };
        assert!(matches!(desk.store.tried(&late, Utc::now()).unwrap(), Then::Again(_)));
        let next = outgoing(Utc::now()).remove(0);
        assert_eq!((next.number, next.tries), (first.number, 0));
    }
    let failed = Tried {
        url: "http://127.0.0.1:10/".to_owned(),
        ..failed
    };
    // Once the receiver answers, what waits does not wait for a later time of its own.
    desk.store.tried(&failed, Utc::now()).unwrap();
    let taken = Tried {
        message: first.number,
        status: Some(200),
        then: Then::Delivered,
        ..failed
    };
    desk.store.tried(&taken, Utc::now()).unwrap();
    assert_eq!(outgoing(Utc::now()).len(), 1);
}

#[test]
fn what_would_flood_is_counted_and_an_edit_is_not_news() {
    let mut desk = Desk::new();
    desk.story(1, "A");
    let plain = desk.watch(json!({"story_id": "s1", "url": "http://127.0.0.1:9/"}));
    let strict =
        desk.watch(json!({"story_id": "s1", "url": "http://127.0.0.1:9/", "quiet": {"only_new_sources": true}}));
    let first = desk.join(1, "B", None);
    desk.join(1, "C", Some(first));
    desk.join(1, "B", None);
    desk.join(1, "D", None);
    let edited = Submission {
        draft: Draft {
            id: Some("a2".into()),
            title: "Report 2 on the ceasefire, updated".to_owned(),
            text: String::new(),
            published: None,
            lang: "en".to_owned(),
            source: Some("B".to_owned()),
            agency: None,
            keywords: Vec::new(),
            url: None,
            removed: Vec::new(),
            set_aside: Vec::new(),
        },
        document: None,
    };
    desk.store.accept(&[edited], Utc::now()).unwrap();
    let held = |watch: &str| -> Vec<Option<String>> { desk.told(watch).into_iter().map(|one| one.2).collect() };
    let (near, known) = (Some("near_duplicates".to_owned()), Some("known_sources".to_owned()));
    assert_eq!(held(&plain), [None, near.clone(), None, None]);
    assert_eq!(held(&strict), [None, near, known, None]);
    assert_eq!(desk.store.make_messages(Utc::now()).unwrap(), 2);
    assert_eq!(
        desk.store.make_messages(Utc::now()).unwrap(),
        0,
        "nothing is told twice"
    );
    let body = &desk.messages(&strict)[0].body;
    assert_eq!(
        body["data"]["held_back"],
        json!({"near_duplicates": 1, "known_sources": 1})
    );
    assert_eq!(body["data"]["alerts"].as_array().unwrap().len(), 2);
    assert_eq!(body["type"], "story.alerts");
}

#[test]
fn a_known_outlet_is_no_new_source_under_another_name() {
    let mut desk = Desk::new();
    desk.story(1, "Le Monde");
    let strict =
        desk.watch(json!({"story_id": "s1", "url": "http://127.0.0.1:9/", "quiet": {"only_new_sources": true}}));
    for source in ["Le Monde avec AFP", "AFP", "الجزيرة + وكالات", "الجزيرة", "Le Mond"] {
        desk.join(1, source, None);
    }
    let held: Vec<Option<String>> = desk.told(&strict).into_iter().map(|one| one.2).collect();
    let known = Some("known_sources".to_owned());
    assert_eq!(held, [known.clone(), None, None, known, None]);
}

#[test]
fn a_cool_down_brings_things_together() {
    let mut desk = Desk::new();
    desk.story(1, "A");
    let watch =
        desk.watch(json!({"story_id": "s1", "url": "http://127.0.0.1:9/", "quiet": {"cool_down_seconds": 600}}));
    for _ in 0..11 {
        desk.join(1, "B", None);
        desk.store.make_messages(Utc::now()).unwrap();
    }
    assert_eq!(desk.messages(&watch).len(), 1);
    let later = Utc::now() + TimeDelta::seconds(601);
    assert_eq!(desk.store.make_messages(later).unwrap(), 1);
    let bodies: Vec<usize> = desk
        .messages(&watch)
        .iter()
        .map(|one| one.body["data"]["alerts"].as_array().unwrap().len())
        .collect();
    assert_eq!(bodies, [10, 1]);
}

#[test]
fn a_saved_search_tells_of_what_meets_all_of_it() {
    let mut desk = Desk::new();
    let words = desk.watch(json!({"search": {"q": "ceasefire", "source": "B"}}));
    let several = desk.watch(json!({"search": {"q": "CEASEFIRE report", "min_sources": 3}}));
    let never = desk.watch(json!({"search": {"name": "Ceasefire talks"}}));
    desk.story(1, "A");
    desk.join(1, "B", None);
    desk.join(1, "C", None);
    desk.join(1, "C", None);
    assert_eq!(desk.told(&words).len(), 1);
    assert_eq!(desk.told(&several).len(), 2);
    assert!(desk.told(&never).is_empty());
}

/// How a receiver behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    Well,
    /// Fails each message twice, then takes it.
    Fails,
    /// Never answers until it is told to.
    Hangs,
    /// Answers what is no HTTP, until it is told to.
    Garbage,
    /// Is away until it is told to come.
    Away,
    /// Is gone for ever.
    Gone,
    /// Takes a message the first time and restarts before it has answered; answers the next time.
    Restarts,
}

/// What all receivers saw: by path and webhook-id, the bodies.
type Seen = Arc<Mutex<BTreeMap<(String, String), Vec<String>>>>;

/// A receiver that behaves in this manner until `healed`.
fn receiver(address: Option<SocketAddr>, manner: Manner, seen: Seen, healed: Arc<AtomicBool>) -> SocketAddr {
    let listener = TcpListener::bind(address.unwrap_or_else(|| "127.0.0.1:0".parse().unwrap())).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let tries: Arc<Mutex<BTreeMap<String, u64>>> = Arc::default();
        for stream in listener.incoming().flatten() {
            let (seen, healed, tries) = (Arc::clone(&seen), Arc::clone(&healed), Arc::clone(&tries));
            std::thread::spawn(move || while answer(&stream, manner, &seen, &healed, &tries).is_some() {});
        }
    });
    address
}

/// Answers one request of a connection; `None` at its end.
fn answer(
    stream: &TcpStream,
    manner: Manner,
    seen: &Seen,
    healed: &AtomicBool,
    tries: &Mutex<BTreeMap<String, u64>>,
) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let mut body = vec![0; headers.get("content-length")?.parse().ok()?];
    reader.read_exact(&mut body).ok()?;
    let body = String::from_utf8(body).ok()?;
    let id = headers.get("webhook-id")?.clone();
    let tried = {
        let mut tries = tries.lock().unwrap();
        let tried = tries.entry(id.clone()).or_default();
        *tried += 1;
        *tried
    };
    let well = healed.load(Ordering::SeqCst);
    let said = match manner {
        Manner::Hangs if !well => {
            while !healed.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(20));
            }
            return None;
        }
        Manner::Garbage if !well => "\u{1}\u{2}garbage\n\n",
        Manner::Fails if tried < 3 => "HTTP/1.1 500 No\r\ncontent-length: 4\r\n\r\nlate",
        Manner::Gone => "HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n",
        Manner::Restarts if tried == 1 => {
            seen.lock().unwrap().entry((path, id)).or_default().push(body);
            return None;
        }
        _ => {
            seen.lock().unwrap().entry((path, id)).or_default().push(body);
            "HTTP/1.1 204 Thanks\r\ncontent-length: 0\r\n\r\n"
        }
    };
    let mut writer = stream;
    writer.write_all(said.as_bytes()).ok()?;
    (manner != Manner::Garbage || well).then_some(())
}

fn until(what: &str, seconds: u64, mut holds: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(seconds);
    while !holds() {
        assert!(Instant::now() < until, "{what}: not within {seconds} s");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn messages_are_signed_and_the_old_secret_signs_beside_the_new_one() {
    let mut desk = Desk::new();
    desk.story(1, "A");
    let tracker = Arc::new(Tracker::new(Arc::clone(&desk.store), settings(), Arc::default()));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/in", listener.local_addr().unwrap());
    let (id, old) = tracker
        .add(&serde_json::from_value(json!({"story_id": "s1", "url": url})).unwrap())
        .unwrap();
    let new = tracker.rotate(&id).unwrap();
    let posted = tracker.try_out(&id).unwrap();
    let _deliverer = Deliverer::start(Arc::clone(&tracker)).unwrap();
    let (stream, _) = listener.accept().unwrap();
    let mut text = vec![0; 8192];
    let mut read = 0;
    until("a request", 10, || {
        read += (&stream).read(&mut text[read..]).unwrap();
        String::from_utf8_lossy(&text[..read]).contains("}")
    });
    (&stream)
        .write_all(b"HTTP/1.1 200 Fine\r\ncontent-length: 0\r\n\r\n")
        .unwrap();
    let text = String::from_utf8_lossy(&text[..read]).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let header = |name: &str| {
        let line = head
            .lines()
            .find(|line| line.to_ascii_lowercase().starts_with(&format!("{name}: ")));
        line.unwrap().split_once(": ").unwrap().1.to_owned()
    };
    assert_eq!(header("webhook-id"), posted);
    let timestamp: i64 = header("webhook-timestamp").parse().unwrap();
    let signed = sign::signatures([new.secret.as_str(), old.secret.as_str()], &posted, timestamp, body);
    assert_eq!(header("webhook-signature"), signed);
    assert!((Utc::now().timestamp() - timestamp).abs() < 30);
    until("delivered", 10, || desk.messages(&id)[0].state == "delivered");
    let tries = &desk.messages(&id)[0].tries;
    assert_eq!((tries.len(), tries[0].status), (1, Some(200)));
}

#[test]
fn what_arrived_is_not_posted_again_while_the_store_takes_no_note_of_it() {
    let mut desk = Desk::new();
    desk.story(1, "A");
    let (seen, healed): (Seen, Arc<AtomicBool>) = Default::default();
    let address = receiver(None, Manner::Well, Arc::clone(&seen), healed);
    let id = desk.watch(json!({"story_id": "s1", "url": format!("http://{address}/in")}));
    desk.join(1, "B", None);
    let tracker = Arc::new(Tracker::new(Arc::clone(&desk.store), settings(), Arc::default()));
    let other = rusqlite::Connection::open(desk.dir.path().join("silsila.db")).unwrap();
    let full = "CREATE TRIGGER full BEFORE INSERT ON tries BEGIN SELECT RAISE(ABORT, 'disk full'); END";
    other.execute_batch(full).unwrap();
    let deliverer = Deliverer::start(Arc::clone(&tracker)).unwrap();
    let posts = || seen.lock().unwrap().values().map(Vec::len).sum::<usize>();
    until("a post", 10, || posts() > 0);
    // Long enough for several tries of the store.
    std::thread::sleep(Duration::from_millis(2_500));
    assert_eq!((posts(), desk.messages(&id)[0].state.as_str()), (1, "waiting"));
    other.execute_batch("DROP TRIGGER full").unwrap();
    until("a note", 10, || desk.messages(&id)[0].state == "delivered");
    drop(deliverer);
    assert_eq!((posts(), desk.messages(&id)[0].tries.len()), (1, 1));
}

#[test]
fn nothing_is_sent_to_private_addresses_whatever_a_name_resolves_to() {
    let mut desk = Desk::new();
    desk.story(1, "A");
    let tracker = Arc::new(Tracker::new(
        Arc::clone(&desk.store),
        Settings {
            allow_networks: Vec::new(),
            ..settings()
        },
        Arc::default(),
    ));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://localhost:{}/in", listener.local_addr().unwrap().port());
    let (id, _) = tracker
        .add(&serde_json::from_value(json!({"story_id": "s1", "url": url})).unwrap())
        .unwrap();
    tracker.try_out(&id).unwrap();
    let _deliverer = Deliverer::start(Arc::clone(&tracker)).unwrap();
    until("a refusal", 10, || !desk.messages(&id)[0].tries.is_empty());
    let message = desk.messages(&id).remove(0);
    assert_eq!(message.state, "waiting");
    let error = message.tries[0].error.clone().unwrap();
    assert!(error.contains("private"), "{error}");
    assert!(listener.accept().is_err(), "nobody came");
}

/// Receivers that fail, hang, answer garbage, are away and come back, or restart in the middle of a message, beside ones that behave:
/// every alert of every watch arrives in one message, under one id; what comes again comes under its id; who is gone is left alone;
/// what behaves is not held up. The service stops in the middle, too.
#[test]
fn every_delivery_is_accounted_for() {
    account(2_000, 20);
}

/// The same with ten thousand articles and a hundred watches: `make delivery-test`.
#[test]
#[ignore = "takes a minute"]
fn every_delivery_of_ten_thousand_is_accounted_for() {
    account(10_000, 100);
}

fn account(joins: u64, watches: u64) {
    const MANNERS: [Manner; 7] = [
        Manner::Well,
        Manner::Fails,
        Manner::Hangs,
        Manner::Garbage,
        Manner::Away,
        Manner::Gone,
        Manner::Restarts,
    ];
    let mut desk = Desk::new();
    let (seen, healed): (Seen, Arc<AtomicBool>) = Default::default();
    let addresses: Vec<SocketAddr> = MANNERS
        .iter()
        .map(|manner| match manner {
            // A port that nobody listens at, for now.
            Manner::Away => TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap(),
            manner => receiver(None, *manner, Arc::clone(&seen), Arc::clone(&healed)),
        })
        .collect();
    for story in 1..=watches {
        desk.story(story, "A");
    }
    let manner = |watch: u64| MANNERS[(watch as usize - 1) % MANNERS.len()];
    for watch in 1..=watches {
        let address = addresses[(watch as usize - 1) % MANNERS.len()];
        assert_eq!(
            desk.watch(json!({"story_id": format!("s{watch}"), "url": format!("http://{address}/{watch}")})),
            format!("w{watch}")
        );
    }
    let tracker = Arc::new(Tracker::new(Arc::clone(&desk.store), settings(), Arc::default()));
    let mut deliverer = Deliverer::start(Arc::clone(&tracker)).unwrap();
    let started = Instant::now();
    let batches = 20;
    for batch in 0..batches {
        let first = desk.accept(&vec!["B"; (joins / batches) as usize]);
        let join = |number: u64| {
            placed(
                number,
                None,
                number % watches + 1,
                vec![joined(number % watches + 1, number)],
            )
        };
        desk.commit_all((first..first + joins / batches).map(join).collect());
        if batch == batches / 2 {
            // The service stops in the middle, and starts again.
            drop(deliverer);
            deliverer = Deliverer::start(Arc::clone(&tracker)).unwrap();
        }
    }
    let waiting = |desk: &Desk, wanted: &dyn Fn(Manner) -> bool| -> u64 {
        let of = |watch: &u64| {
            let view = desk.store.watch(&format!("w{watch}")).unwrap().unwrap();
            view.messages.waiting + u64::from(view.due_at.is_some())
        };
        (1..=watches)
            .filter(|watch| wanted(manner(*watch)))
            .map(|watch| of(&watch))
            .sum()
    };
    until("those that behave have everything", 60, || {
        waiting(&desk, &|manner| manner == Manner::Well) == 0
    });
    let prompt = started.elapsed();
    healed.store(true, Ordering::SeqCst);
    receiver(Some(addresses[4]), Manner::Well, Arc::clone(&seen), Arc::clone(&healed));
    until("all have everything", 120, || {
        waiting(&desk, &|manner| manner != Manner::Gone) == 0
    });
    drop(deliverer);

    let seen = seen.lock().unwrap();
    let mut accounts: BTreeMap<&'static str, Account> = BTreeMap::new();
    for watch in 1..=watches {
        let wanted: BTreeSet<u64> = (1..=desk.articles)
            .filter(|number| *number > watches && number % watches + 1 == watch)
            .collect();
        let account = accounts.entry(name(manner(watch))).or_default();
        let mut told: Vec<u64> = Vec::new();
        let mut repeats = 0;
        for ((path, id), bodies) in seen.iter().filter(|((path, _), _)| *path == format!("/{watch}")) {
            assert!(
                bodies.iter().all(|body| body == &bodies[0]),
                "{path} {id}: one id, one text"
            );
            repeats += bodies.len() as u64 - 1;
            let body: Value = serde_json::from_str(&bodies[0]).unwrap();
            for alert in body["data"]["alerts"].as_array().unwrap() {
                told.push(alert["article"]["id"].as_str().unwrap()[1..].parse().unwrap());
            }
        }
        told.sort_unstable();
        let view = desk.store.watch(&format!("w{watch}")).unwrap().unwrap();
        match manner(watch) {
            Manner::Gone => {
                assert!(told.is_empty());
                assert_eq!((view.state.as_str(), view.messages.delivered), ("disabled", 0));
                assert!(view.messages.dead > 0);
            }
            manner => {
                assert_eq!(
                    told,
                    wanted.iter().copied().collect::<Vec<_>>(),
                    "watch {watch}: each article once"
                );
                assert_eq!((view.messages.waiting, view.messages.dead), (0, 0));
                if manner == Manner::Restarts {
                    assert_eq!(
                        repeats, view.messages.delivered,
                        "watch {watch}: all came twice, under their ids"
                    );
                }
            }
        }
        assert_eq!(view.alerts, wanted.len() as u64);
        account.watches += 1;
        account.alerts += view.alerts;
        account.told += told.len() as u64;
        account.delivered += view.messages.delivered;
        account.dead += view.messages.dead;
        account.repeats += repeats;
        account.tries += desk
            .messages(&format!("w{watch}"))
            .iter()
            .map(|message| message.tries.len() as u64)
            .sum::<u64>();
    }
    println!("{joins} joins, {watches} watches; those that behave had all after {prompt:.1?}");
    println!("receiver   watches  alerts    told  delivered  dead  tries  repeats");
    for (name, account) in accounts {
        let Account {
            watches,
            alerts,
            told,
            delivered,
            dead,
            tries,
            repeats,
        } = account;
        println!("{name:<9} {watches:>8} {alerts:>7} {told:>7} {delivered:>10} {dead:>5} {tries:>6} {repeats:>8}");
    }
}

/// What became of the alerts of the watches whose receivers behave alike.
#[derive(Default)]
struct Account {
    watches: u64,
    /// Written in the store.
    alerts: u64,
    /// Read by the receivers, each counted once.
    told: u64,
    delivered: u64,
    dead: u64,
    tries: u64,
    /// Messages that came again, under their id.
    repeats: u64,
}

fn name(manner: Manner) -> &'static str {
    match manner {
        Manner::Well => "behaves",
        Manner::Fails => "fails",
        Manner::Hangs => "hangs",
        Manner::Garbage => "garbage",
        Manner::Away => "away",
        Manner::Gone => "gone",
        Manner::Restarts => "restarts",
    }
}
