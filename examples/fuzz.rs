//! Throws broken input at everything that reads input, and looks for panics, losses and slowness.
//!
//! `cargo run --release --example fuzz -- CASES [SEED [FOLDER]]`: so many cases, made from the demonstration's and the
//! tests' texts by a generator that starts at SEED (1 without one), so that a run can be repeated. What fails is written
//! to FOLDER (target/fuzz without it). Ends with 1 when anything failed, with 3 when a case does not end.
//!
//! What must hold: nothing panics; what is cut out of a text and what stays are the whole text; dates lie on characters
//! of the text and do not overlap; what came out of a decoder is not longer than its limit; a request is answered, and
//! never with a status of 500 or more; an export that is refused leaves no store behind.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::error::Error;
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{App as Actix, http::Method};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use silsila::article::{ArticleId, Dated, Document, DocumentKind, Draft};
use silsila::config::Settings;
use silsila::correction::{Correction, Signature};
use silsila::extract::dates::{self, Bounds};
use silsila::extract::rules::Rules as _;
use silsila::extract::{NewsRules, html, json};
use silsila::pipeline::{
    Answers, CorrectionError, Decree, Desk, Foreseen, Intake, IntakeError, Once, Outcome, Receipt, Refusal,
    RefusedInput, SeenStory, Submission,
};
use silsila::publish::access::Access;
use silsila::publish::memo::Memo;
use silsila::publish::streams::Streams;
use silsila::publish::{self, App};
use silsila::source;
use silsila::store::read::{Exported, What};
use silsila::store::transfer::{self, StoreLine};
use silsila::store::write::{Batch, Placed};
use silsila::store::{Store, StoreError};
use silsila::story::StoryChange;
use silsila::track::Tracker;

/// A case that takes longer is written down.
const SLOW: Duration = Duration::from_millis(200);
/// A case that takes longer is one that does not end.
const ENDLESS: Duration = Duration::from_secs(20);
/// Bytes that a gzip may swell to.
const SWELL: usize = 100_000;
/// What parsers trip over, put in between.
const WORDS: &[&str] = &[
    "\0",
    "\u{feff}",
    "\u{202e}",
    "\u{200f}",
    "\u{64b}",
    "\u{fffd}",
    "\r\n",
    "\n\n",
    "\t",
    "\"",
    "\\u0000",
    "\\ud800",
    "{",
    "}",
    "[",
    "]",
    "[[[[[[[[",
    ",",
    ":",
    "null",
    "-0",
    "1e999",
    "99999999999999999999",
    "<",
    ">",
    "</",
    "<!--",
    "-->",
    "<![CDATA[",
    "<script>",
    "</script>",
    "<p>",
    "<br/>",
    "<div>",
    "<table><tr>",
    "&amp;",
    "&#x0;",
    "&#99999999;",
    "<meta charset=",
    "utf-16",
    "windows-1256",
    "content=\"",
    "application/ld+json",
    "datePublished",
    "@graph",
    "2023-09-20",
    "31/02/2024",
    "29 février 1900",
    "٢٠ سبتمبر",
    "منذ ساعتين",
    "yesterday",
    "last Tuesday",
    "+99:99",
    "24:60",
    "Z",
    "GMT",
    "Published: ",
    "المصدر: ",
    "إقرأ أيضاً: ",
    "Read also: ",
    "Source: ",
    "Tags: ",
    "© ",
    "Читайте также: ",
    "cursor=",
    "per_page=",
    "&",
    "=",
    "%",
    "%00",
    "%FF",
    "%D9%83",
    "as_of=",
    "lang=",
    "eyJ",
    "W10",
    "../",
    "//",
    "javascript:alert(1)",
    "http://[::1",
    "kind",
    "merge",
    "articles",
    "stories",
];

// A panic is caught and told with its input; where it was is kept for that.
thread_local!(static PLACE: RefCell<String> = const { RefCell::new(String::new()) });

/// Numbers that depend on the seed alone (SplitMix64, Steele, Lea and Flood 2014).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    fn of<'a, T: ?Sized>(&mut self, choices: &[&'a T]) -> &'a T {
        choices[self.below(choices.len())]
    }
}

/// What inputs are made of.
struct Seeds {
    texts: Vec<String>,
    pages: Vec<String>,
    objects: Vec<String>,
    dates: Vec<String>,
    packed: Vec<Vec<u8>>,
    queries: Vec<String>,
    corrections: Vec<String>,
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}

impl Seeds {
    fn read() -> Result<Self, Box<dyn Error>> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut files: Vec<PathBuf> = std::fs::read_dir(root.join("demo/pages"))?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<_, _>>()?;
        files.push(root.join("tests/data/seed/karabakh-rt-arabic.txt"));
        files.sort();
        let (mut texts, mut pages) = (Vec::new(), Vec::new());
        for file in files {
            let text = std::fs::read_to_string(&file)?;
            match file.extension().and_then(|end| end.to_str()) {
                Some("html") => pages.push(text),
                Some("txt") => texts.push(text),
                _ => {}
            }
        }
        let mut objects = Vec::new();
        for file in ["demo/articles.jsonl", "tests/data/glue/articles.jsonl"] {
            objects.extend(std::fs::read_to_string(root.join(file))?.lines().map(str::to_owned));
        }
        let dates = [
            "Published: 21st, May 2023 GMT",
            "2023-09-20T10:15:00+03:00",
            "20 سبتمبر/أيلول 2023",
            "٢٠٢٣/٠٩/٢٠ ١٠:١٥",
            "20 سبتمبر 2023 - 10:15 بتوقيت مكة",
            "vendredi 20 septembre 2024 à 10h15",
            "Опубликовано: 20 сентября 2023, 10:15 МСК",
            "Wed, 20 Sep 2023 10:15:00 EST",
            "1695204900",
            "2023年9月20日",
            "20.09.2023 10:15 Uhr",
            "3 hours ago",
            "منذ 3 ساعات",
            "последний вторник",
            "mid-September 2023",
            "۲۰ شهریور ۱۴۰۲",
            "19 and 20 September, 2023",
        ];
        let packed = texts
            .iter()
            .chain(&objects)
            .take(40)
            .map(|text| gzip(text.as_bytes()))
            .collect();
        let queries = [
            "/v1/stories?q=%D9%83%D9%88%D8%B1%D8%B3%D9%83&lang=ar&source=x&state=active&min_articles=1&min_sources=1&sort_by=size&sort_direction=asc&per_page=5",
            "/v1/stories?updated_from=2024-01&updated_to=2024-12-31T00:00:00Z&title_lang=ar&cursor=WyJzIiwiYSIsMV0",
            "/v1/stories/s1?lang=en",
            "/v1/stories/s1/articles?per_page=2&cursor=WyJhIiwiczEiLDJd",
            "/v1/stories/s1/timeline?lang=ar&granularity=month&dates=3&sentences=2&from=2023-01-01&to=2024-01-01",
            "/v1/stories/s1/timeline.csv?lang=ar&dates=3&sentences=2&as_of=5",
            "/v1/stories/s1/timeline.atom?granularity=week",
            "/v1/stories/s1/timeline.timelinejs?from=2023-01-01",
            "/v1/stories/s1.jsonld?lang=ar",
            "/embed/stories/s1?lang=ar&theme=dark&dates=3",
            "/watches/new?preview=1&q=bridge&min_sources=2&cool_down=1.5&digest_at=07:30&novelty=.5",
            "/watches/w1?state=dead&log=WyJ4IiwiczEiLDFd&again=3",
            "/v1/stories/s1/history?per_page=1&cursor=WyJoIiwiczEiLDFd",
            "/v1/search?q=bridge+opens&lang=en&from=2020-01-01&to=2030&per_page=10",
            "/v1/changes?cursor=WyJjIiwiIiwxXQ&per_page=100",
            "/v1/stories?as_of=2024-11-20T10:00:00Z&per_page=3",
            "/v1/stories/s1?as_of=7",
            "/v1/stories/s1/timeline?as_of=5",
            "/v1/stories/s1/graph?depth=1",
            "/v1/search?q=bridge&mode=meaning",
            "/v1/changes/stream?after=1&story=s1&kind=joined",
            "/v1/failed?per_page=2",
            "/v1/corrections?story_id=s1&cursor=WyJ4IiwiczEiLDFd",
            "/v1/corrections/1",
            "/v1/refused?per_page=3&cursor=5",
            "/v1/review?kind=placement&min_doubt=0.5",
            "/v1/articles/x1",
            "/v1/articles/x1/placement",
            "/v1/documents/d1",
            "/?lang=ar&sort_by=size&ui=ar&theme=dark",
            "/stories/s1?lang=ar&granularity=week",
            "/search?q=%22bridge%22",
            "/review?cursor=W10",
            "/articles/x1",
            "/documents/d1",
            "/login?next=/",
            "/healthz",
        ];
        let corrections = [
            r#"{"kind":"merge","stories":["s1","s2"],"into":"s1","author":"Layla","reason":"one strike"}"#,
            r#"{"kind":"split","story_id":"s1","articles":["x1","x2"]}"#,
            r#"{"kind":"move","article":"x1","story":"s2"}"#,
            r#"{"kind":"pin","articles":["x1"]}"#,
            r#"{"kind":"rename","story_id":"s1","title":"هدنة"}"#,
            r#"{"kind":"never-together","stories":["s1","s2"]}"#,
            r#"{"kind":"always_together","article_ids":["x1","x2"]}"#,
            r#"{"kind":"note","story_id":"s1","text":"see also"}"#,
        ];
        let owned = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
        Ok(Self {
            texts,
            pages,
            objects,
            dates: owned(&dates),
            packed,
            queries: owned(&queries),
            corrections: owned(&corrections),
        })
    }
}

/// A piece of one of the seeds, short as a rule, with some of it broken.
fn broken(seeds: &[impl AsRef<[u8]>], longest: usize, dice: &mut Dice) -> Vec<u8> {
    let piece = |dice: &mut Dice, longest: usize| -> Vec<u8> {
        let Some(seed) = seeds.get(dice.below(seeds.len())).map(AsRef::as_ref) else {
            return Vec::new();
        };
        if dice.below(2_000) == 0 {
            return seed.to_vec();
        }
        let length = 1 + dice.below(longest);
        // From the beginning, as often as from anywhere.
        let start = if dice.below(2) == 0 { 0 } else { dice.below(seed.len()) };
        seed.get(start..(start + length).min(seed.len()))
            .unwrap_or_default()
            .to_vec()
    };
    let mut bytes = piece(dice, longest);
    for _ in 0..dice.below(5) {
        let at = dice.below(bytes.len() + 1);
        match dice.below(7) {
            0 if !bytes.is_empty() => {
                let at = at.min(bytes.len() - 1);
                bytes[at] ^= 1 << dice.below(8);
            }
            1 => bytes.insert(at, dice.next() as u8),
            2 => {
                let end = (at + dice.below(20)).min(bytes.len());
                bytes.drain(at..end);
            }
            3 => {
                let end = (at + dice.below(30)).min(bytes.len());
                let again = bytes[at..end].repeat(1 + dice.below(3));
                bytes.splice(at..at, again);
            }
            4 => {
                let other = piece(dice, longest / 2 + 1);
                bytes.splice(at..at, other);
            }
            _ => {
                let word = dice.of(WORDS).as_bytes().to_vec();
                bytes.splice(at..at, word);
            }
        }
    }
    bytes
}

/// A whole seed, which a parser reads to its end, with some of it broken; now and then a piece of it.
fn whole(seeds: &[String], dice: &mut Dice) -> Vec<u8> {
    if dice.below(4) == 0 {
        return broken(seeds, 200, dice);
    }
    let Some(seed) = seeds.get(dice.below(seeds.len())) else {
        return Vec::new();
    };
    let mut text = seed.clone();
    for _ in 0..dice.below(4) {
        let at = dice.below(text.len() + 1);
        let end = (at + dice.below(12)).min(text.len());
        if text.is_char_boundary(at) && text.is_char_boundary(end) {
            match dice.below(3) {
                0 => text.replace_range(at..end, ""),
                1 => text.replace_range(at..end, dice.of(WORDS)),
                _ => text.insert_str(at, dice.of(WORDS)),
            }
        }
    }
    text.into_bytes()
}

fn status(status: u16) -> Result<(), String> {
    match status < 500 {
        true => Ok(()),
        false => Err(format!("it is answered {status}")),
    }
}

/// Takes everything and keeps nothing.
struct Hole;

impl Intake for Hole {
    fn accept(&self, submissions: Vec<Submission>) -> Result<Vec<Result<Receipt, Refusal>>, IntakeError> {
        let receipt = |submission: Submission| {
            Ok(Receipt {
                id: submission.draft.id.unwrap_or_else(|| ArticleId("x".to_owned())),
                outcome: Outcome::New,
                document_id: None,
                set_aside: submission.draft.set_aside,
            })
        };
        Ok(submissions.into_iter().map(receipt).collect())
    }

    fn accept_once(&self, submissions: Vec<Submission>, _: &Once) -> Result<Answers, IntakeError> {
        let each = self.accept(submissions)?;
        Ok(Answers { each, again: false })
    }

    fn retry(&self, _: &[ArticleId]) -> Result<Vec<ArticleId>, IntakeError> {
        Ok(Vec::new())
    }

    fn keep_refused(&self, _: &[RefusedInput]) -> Result<(), IntakeError> {
        Ok(())
    }

    fn wait_placed(&self, _: &[ArticleId], _: Duration) -> bool {
        true
    }

    fn queued(&self) -> usize {
        0
    }
}

impl Desk for Hole {
    fn decree(&self, _: Decree, _: Signature, _: Vec<SeenStory>) -> Result<u64, CorrectionError> {
        Err(CorrectionError::NoCorrection(1))
    }

    fn foresee(&self, _: Decree, _: Vec<SeenStory>) -> Result<Foreseen, CorrectionError> {
        Err(CorrectionError::NoCorrection(1))
    }
}

const TARGETS: [&str; 13] = [
    "text",
    "html",
    "json",
    "jsonl",
    "gzip",
    "date",
    "mentions",
    "decode",
    "correction",
    "query",
    "body",
    "cursor",
    "import",
];
/// How often each of them comes, of a thousand.
const SHARES: [usize; 13] = [90, 40, 130, 130, 150, 130, 80, 120, 100, 20, 10, 20, 3];

struct Reader {
    settings: Settings,
    rules: NewsRules,
    bounds: Bounds,
}

fn letters(text: &str) -> usize {
    text.chars().filter(|c| !c.is_whitespace() && *c != '\u{feff}').count()
}

/// What stays and what was cut, in letters and signs.
fn told(draft: &Draft) -> usize {
    let cut: usize = draft.removed.iter().map(|cut| letters(&cut.text)).sum();
    letters(&draft.title) + letters(&draft.text) + cut
}

fn document(kind: DocumentKind, text: String) -> Document {
    Document {
        kind,
        text,
        url: None,
        fetched_at: None,
    }
}

impl Reader {
    /// Reads one input as the target does; what is wrong about the result.
    fn read(&self, target: &str, bytes: &[u8]) -> Result<(), String> {
        let text = || String::from_utf8_lossy(bytes).into_owned();
        let same = |whole: usize, told: usize| match whole == told {
            true => Ok(()),
            false => Err(format!("{whole} letters came in, {told} are told of")),
        };
        match target {
            "text" => {
                let text = text();
                let whole = letters(&text);
                match self.rules.articles(&document(DocumentKind::Text, text)) {
                    Ok(found) => same(whole, found.iter().map(told).sum()),
                    Err(_) => Ok(()),
                }
            }
            "html" => {
                drop(html::draft(&document(DocumentKind::Html, text()), &self.rules));
                Ok(())
            }
            "json" => {
                if let Ok(value) = serde_json::from_slice::<serde_json::Value>(bytes)
                    && let Ok(draft) = json::draft(&value, &self.rules)
                {
                    let of = |field: &str| letters(value[field].as_str().unwrap_or_default());
                    return same(of("title") + of("text"), told(&draft));
                }
                Ok(())
            }
            "jsonl" => {
                if let Ok(values) = source::json_values(bytes) {
                    for value in values {
                        drop(json::draft(&value, &self.rules));
                    }
                }
                Ok(())
            }
            "gzip" => match source::gunzip_limited(bytes, SWELL) {
                Ok(out) if out.len() > SWELL => Err(format!("{} bytes came out", out.len())),
                _ => Ok(()),
            },
            "date" => match dates::parse(&text(), &self.bounds) {
                Ok(date) if date.value > self.bounds.now + chrono::Duration::days(1) => {
                    Err(format!("{date:?} is to come"))
                }
                _ => Ok(()),
            },
            "mentions" => {
                let text = text();
                let mut end = 0;
                for mention in dates::find(&text, Some(Dated::minute(self.bounds.now))) {
                    if mention.start < end || text.get(mention.start..mention.end).is_none_or(str::is_empty) {
                        return Err(format!("{mention:?} lies wrongly"));
                    }
                    end = mention.end;
                }
                Ok(())
            }
            "decode" => {
                let labels = [
                    None,
                    Some("utf-8"),
                    Some("windows-1256"),
                    Some("utf-16le"),
                    Some("x-nothing"),
                ];
                let label = labels[bytes.len() % labels.len()];
                drop(source::decode(bytes, label, bytes.len().is_multiple_of(2)));
                Ok(())
            }
            "correction" => {
                if let Ok(correction) = serde_json::from_slice::<Correction>(bytes) {
                    let written = serde_json::to_string(&correction).map_err(|error| error.to_string())?;
                    let again: Correction = serde_json::from_str(&written).map_err(|error| error.to_string())?;
                    if again != correction {
                        return Err(format!("{correction:?} is written as {written}"));
                    }
                }
                Ok(())
            }
            other => Err(format!("there is no target {other}")),
        }
    }
}

/// The case that is being tried, for the watcher, and what came of those before.
#[derive(Default)]
struct Log {
    tried: BTreeMap<&'static str, (u64, Duration, Duration)>,
    failed: u64,
    slow: u64,
}

fn keep(folder: &Path, target: &str, number: u64, bytes: &[u8], why: &str) {
    let name = folder.join(format!("{target}-{number}"));
    if let Err(error) = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&name, bytes)) {
        eprintln!("{}: {error}", name.display());
    }
    eprintln!("{target} {number}: {why}; its input is in {}", name.display());
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let cases: u64 = arguments.next().ok_or("give the number of cases")?.parse()?;
    let seed: u64 = arguments.next().map_or(Ok(1), |seed| seed.parse())?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = arguments.next().map_or_else(|| root.join("target/fuzz"), PathBuf::from);
    let settings = Settings::load(None)?;
    let now: DateTime<Utc> = "2025-03-15T12:00:00Z".parse()?;
    let reader = Reader {
        rules: NewsRules::new(&settings.extract, now),
        bounds: Bounds {
            now,
            earliest: settings.extract.earliest,
        },
        settings,
    };
    let seeds = Seeds::read()?;

    std::panic::set_hook(Box::new(|panic| {
        eprintln!("{panic}");
        PLACE.set(panic.to_string());
    }));

    let current: Arc<Mutex<(Instant, &'static str, Vec<u8>)>> = Arc::new(Mutex::new((Instant::now(), "", Vec::new())));
    let number = Arc::new(AtomicU64::new(0));
    let (watched, at, place) = (Arc::clone(&current), Arc::clone(&number), folder.clone());
    std::thread::spawn(move || {
        loop {
            std::thread::sleep(ENDLESS / 4);
            let Ok(case) = watched.lock() else { return };
            if case.0.elapsed() > ENDLESS && !case.1.is_empty() {
                keep(&place, case.1, at.load(Ordering::Relaxed), &case.2, "it does not end");
                std::process::exit(3);
            }
        }
    });

    let data = std::env::temp_dir().join(format!("silsila-fuzz-{}", std::process::id()));
    let begun = Instant::now();
    let log =
        actix_web::rt::System::new().block_on(run(cases, seed, &reader, &seeds, &folder, &data, &current, &number));
    let _ = std::fs::remove_dir_all(&data);
    let log = log?;
    let seconds = begun.elapsed().as_secs_f64();
    println!("target      cases      mean µs    slowest ms");
    for (target, (count, whole, slowest)) in &log.tried {
        println!(
            "{target:10} {count:9} {:10.1} {:12.2}",
            whole.as_secs_f64() * 1e6 / (*count).max(1) as f64,
            slowest.as_secs_f64() * 1e3
        );
    }
    println!(
        "{cases} cases from seed {seed} in {seconds:.1} s ({:.0} a second): {} failed, {} took longer than {SLOW:?}",
        cases as f64 / seconds,
        log.failed,
        log.slow
    );
    std::process::exit(i32::from(log.failed > 0));
}

/// Lists that have a second page on what [`fill`] stores.
const LISTS: [&str; 9] = [
    "/v1/stories?per_page=1",
    "/v1/stories?per_page=1&sort_by=size&sort_direction=asc",
    "/v1/stories?per_page=1&sort_by=importance",
    "/v1/stories?per_page=1&sort_by=velocity",
    "/v1/stories/s1/articles?per_page=1",
    "/v1/stories/s1/history?per_page=1",
    "/v1/search?q=the&per_page=1",
    "/v1/changes?per_page=1",
    "/v1/refused?per_page=1",
];

/// Articles in three stories, without vectors, and inputs that were refused.
fn fill(store: &Store, articles: &[Submission], now: DateTime<Utc>) -> Result<(), Box<dyn Error>> {
    let accepted = store.accept(articles, now)?.len() as u64;
    let placement = serde_json::json!({
        "decided_by": "alone", "nearest": [], "support": 0.0, "runner_up": null, "margin": 0.0, "rejected": []
    });
    let mut batch = Batch::default();
    for number in 1..=accepted {
        let story = 1 + number % 3;
        let mut changes = Vec::new();
        if number <= 3 {
            changes.push(StoryChange::Created {
                story,
                split_from: None,
            });
        }
        changes.push(StoryChange::Joined {
            story,
            article: number,
            from: None,
        });
        batch.placed.push(Placed {
            number,
            original: None,
            story,
            placement: serde_json::from_value(placement.clone())?,
            vector: None,
            links: Vec::new(),
            judged_again: Vec::new(),
            strands: Vec::new(),
            changes,
            doubts: Vec::new(),
        });
    }
    store.commit(&batch, now)?;
    let refused: Vec<RefusedInput> = (0..5)
        .map(|number| RefusedInput {
            place: format!("item {number}"),
            reason: "broken".to_owned(),
            input: "{".to_owned(),
        })
        .collect();
    Ok(store.keep_refused(&refused, 100, now)?)
}

/// The lines of an export of a store.
fn export(store: &Store) -> Result<Vec<String>, Box<dyn Error>> {
    let what = What {
        readable: false,
        store: true,
        secrets: true,
    };
    let mut lines = Vec::new();
    store.export(what, |line| -> Result<(), StoreError> {
        let Exported::Store(line) = line else { return Ok(()) };
        let (kind, mut value) = match line {
            StoreLine::Begin(header) => ("export", serde_json::to_value(header)?),
            StoreLine::Row(row) => ("row", serde_json::to_value(row)?),
            StoreLine::Sequence(sequence) => ("sequence", serde_json::to_value(sequence)?),
            StoreLine::End(end) => ("end", serde_json::to_value(end)?),
        };
        value["type"] = kind.into();
        lines.push(value.to_string());
        Ok(())
    })?;
    Ok(lines)
}

/// All lines, with some of them broken, gone, twice or elsewhere.
fn lines(all: &[String], dice: &mut Dice) -> Vec<u8> {
    let mut lines: Vec<Vec<u8>> = all.iter().map(|line| line.as_bytes().to_vec()).collect();
    for _ in 0..dice.below(4) {
        let (at, other) = (dice.below(lines.len()), dice.below(lines.len()));
        match dice.below(5) {
            0 => drop(lines.remove(at)),
            1 => lines.insert(at, lines[other].clone()),
            2 => lines.swap(at, other),
            _ => lines[at] = whole(&all[at.min(all.len() - 1)..][..1], dice),
        }
    }
    lines.join(&b'\n')
}

#[allow(clippy::too_many_arguments)]
async fn run(
    cases: u64,
    seed: u64,
    reader: &Reader,
    seeds: &Seeds,
    folder: &Path,
    data: &Path,
    current: &Mutex<(Instant, &'static str, Vec<u8>)>,
    number: &AtomicU64,
) -> Result<Log, Box<dyn Error>> {
    let store = Arc::new(Store::open(data)?);
    let articles: Vec<Submission> = seeds
        .objects
        .iter()
        .take(20)
        .filter_map(|object| json::draft(&serde_json::from_str(object).ok()?, &reader.rules).ok())
        .map(|draft| Submission { draft, document: None })
        .collect();
    fill(&store, &articles, reader.bounds.now)?;
    let mut settings = reader.settings.clone();
    for limit in [
        &mut settings.publish.rate.read,
        &mut settings.publish.rate.ingest,
        &mut settings.publish.rate.edit,
    ] {
        limit.per_second = 0.0;
    }
    settings.publish.embed_ancestors = vec!["*".to_owned()];
    let exported = export(&store)?;
    let imports = data.join("imports");
    let app = App {
        access: Arc::new(Access::open(&settings.publish, settings.publish.listen, data)?),
        tracker: Arc::new(Tracker::new(Arc::clone(&store), settings.track.clone(), Arc::default())),
        store,
        metrics: Arc::default(),
        intake: Arc::new(Hole),
        desk: Arc::new(Hole),
        trouble: Arc::new(|| None),
        meaning: None,
        answers: Arc::new(Memo::new(1 << 20)),
        timelines: Arc::new(Memo::new(1 << 20)),
        streams: Arc::new(Streams::new(1)),
        once: std::sync::Arc::default(),
        settings: Arc::new(settings),
    };
    let service = init_service(Actix::new().configure(publish::routes(&app))).await;
    // The cursors that lists give, as they are inside.
    let mut cursors: Vec<(&str, String, bool)> = Vec::new();
    for list in LISTS {
        let request = TestRequest::with_uri(list).to_request();
        let body = read_body(call_service(&service, request).await).await;
        let page: serde_json::Value = serde_json::from_slice(&body)?;
        let cursor = page["next_cursor"]
            .as_str()
            .ok_or_else(|| format!("{list} gives no cursor: {page}"))?;
        // Of a list of changes it is a plain number.
        let inside = match URL_SAFE_NO_PAD.decode(cursor).map(String::from_utf8) {
            Ok(Ok(inside)) => inside,
            _ => cursor.to_owned(),
        };
        let plain = inside == cursor;
        cursors.push((list, inside, plain));
    }
    let inside: Vec<String> = cursors.iter().map(|(_, cursor, _)| cursor.clone()).collect();
    let mut log = Log::default();
    let mut dice = Dice(seed);
    for case in 0..cases {
        let mut share = dice.below(SHARES.iter().sum());
        let target = TARGETS
            .into_iter()
            .zip(SHARES)
            .find(|(_, part)| {
                let here = share < *part;
                share = share.saturating_sub(*part);
                here
            })
            .map_or("text", |(target, _)| target);
        let bytes = match target {
            "text" => broken(&seeds.texts, 240, &mut dice),
            "html" => broken(&seeds.pages, 600, &mut dice),
            "json" | "jsonl" => whole(&seeds.objects, &mut dice),
            "gzip" => broken(&seeds.packed, 300, &mut dice),
            "date" => broken(&seeds.dates, 60, &mut dice),
            "mentions" => broken(&seeds.texts, 200, &mut dice),
            "decode" => broken(&seeds.pages, 300, &mut dice),
            "correction" => whole(&seeds.corrections, &mut dice),
            "query" => whole(&seeds.queries, &mut dice),
            "cursor" => whole(&inside, &mut dice),
            "import" => lines(&exported, &mut dice),
            _ => match dice.below(3) {
                0 => whole(&seeds.corrections, &mut dice),
                1 => whole(&seeds.objects, &mut dice),
                _ => broken(&seeds.pages, 400, &mut dice),
            },
        };
        let started = Instant::now();
        if let Ok(mut current) = current.lock() {
            *current = (started, target, bytes.clone());
        }
        number.store(case, Ordering::Relaxed);
        let outcome = match target {
            "query" => {
                let text = String::from_utf8_lossy(&bytes)
                    .chars()
                    .filter(char::is_ascii_graphic)
                    .collect::<String>();
                match text.parse::<actix_web::http::Uri>() {
                    Ok(uri) if uri.path().starts_with('/') => {
                        let accept = dice.of(&["*/*", "text/html"]);
                        let request = TestRequest::with_uri(&uri.to_string()).insert_header(("accept", accept));
                        let answer = call_service(&service, request.to_request()).await.status().as_u16();
                        // There is no model here to search by meaning with, and the service says so.
                        match answer == 503 && uri.path() == "/v1/search" && text.contains("mode=meaning") {
                            true => Ok(()),
                            false => status(answer),
                        }
                    }
                    _ => Ok(()),
                }
            }
            "cursor" => {
                let (list, _, plain) = &cursors[dice.below(cursors.len())];
                let cursor = match plain {
                    true => url::form_urlencoded::byte_serialize(&bytes).collect(),
                    false => URL_SAFE_NO_PAD.encode(&bytes),
                };
                let request = TestRequest::with_uri(&format!("{list}&cursor={cursor}"));
                status(call_service(&service, request.to_request()).await.status().as_u16())
            }
            "import" => {
                let _ = std::fs::remove_dir_all(&imports);
                catch_unwind(AssertUnwindSafe(|| transfer::import(bytes.as_slice(), &imports)))
                    .map_err(|_| format!("it panicked: {}", PLACE.take()))
                    .and_then(|done| match done.is_err() && imports.join("silsila.db").exists() {
                        true => Err("it was refused, and there is a store".to_owned()),
                        false => Ok(()),
                    })
            }
            "body" => {
                let path = dice.of(&[
                    "/v1/articles",
                    "/v1/documents",
                    "/v1/corrections",
                    "/v1/corrections/1/undo",
                    "/v1/watches?preview=true",
                    "/watches",
                    "/watches/w1",
                    "/login",
                ]);
                let kind = dice.of(&[
                    "application/json",
                    "application/x-ndjson",
                    "text/plain; charset=windows-1256",
                    "text/html",
                    "x",
                ]);
                let encoding = dice.of(&["identity", "identity", "identity", "gzip"]);
                let request = TestRequest::with_uri(path)
                    .method(Method::POST)
                    .insert_header(("content-type", kind))
                    .insert_header(("content-encoding", encoding))
                    .set_payload(if encoding == "gzip" {
                        gzip(&bytes)
                    } else {
                        bytes.clone()
                    });
                status(call_service(&service, request.to_request()).await.status().as_u16())
            }
            _ => catch_unwind(AssertUnwindSafe(|| reader.read(target, &bytes)))
                .unwrap_or_else(|_| Err(format!("it panicked: {}", PLACE.take()))),
        };
        let took = started.elapsed();
        let entry = log.tried.entry(target).or_default();
        *entry = (entry.0 + 1, entry.1 + took, entry.2.max(took));
        if let Err(why) = outcome {
            log.failed += 1;
            keep(folder, target, case, &bytes, &why);
        } else if took > SLOW {
            log.slow += 1;
            keep(folder, target, case, &bytes, &format!("it took {took:?}"));
        }
    }
    if let Ok(mut current) = current.lock() {
        current.1 = "";
    }
    Ok(log)
}
