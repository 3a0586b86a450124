//! Figures for an operator, in Prometheus' text format.
//!
//! In: what the writer, the API and others observe as they go. Out: one text at every scrape. What is known only by
//! looking (the store's counts, the process' memory) is looked at when it is asked for. Never holds a text of an article.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use prometheus_client::encoding::{EncodeLabelSet, prometheus_text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::pipeline::StageSeconds;
use crate::store::read::Totals;
use crate::story::{Sampled, StoryChange};

/// Upper bounds of seconds in which a stage is done with a batch.
const STAGE_SECONDS: [f64; 14] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
];
/// Upper bounds of seconds in which a request is answered.
const REQUEST_SECONDS: [f64; 13] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0,
];
/// Upper bounds of a batch's articles.
const BATCH: [f64; 8] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0];

/// A stage of an article's way.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StageLabel {
    stage: &'static str,
}

/// What was done to stories.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ChangeLabel {
    kind: &'static str,
}

/// What became of something.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabel {
    outcome: &'static str,
}

/// A request's address, by its pattern.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabel {
    route: String,
}

/// A request with its answer.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabel {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BuildLabel {
    version: &'static str,
    model: String,
}

type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

/// All figures. Everything can be observed from any thread.
pub struct Metrics {
    registry: Registry,
    stages: Histograms<StageLabel>,
    batches: Histogram,
    placed: Counter,
    accepted: Family<OutcomeLabel, Counter>,
    changes: Family<ChangeLabel, Counter>,
    index_samples: Counter,
    index_true: Counter,
    index_found: Counter,
    index_articles: Gauge,
    index_bytes: Gauge,
    requests: Family<RequestLabel, Counter>,
    answers: Histograms<RouteLabel>,
    build: Family<BuildLabel, Gauge>,
    /// Change streams that are open now, as of the latest question for the figures.
    pub open_streams: Gauge,
    deliveries: Family<OutcomeLabel, Counter>,
    queued: Gauge,
    queue_capacity: Gauge,
    oldest_queued: Gauge<f64, AtomicU64>,
    articles: Gauge,
    near_duplicates: Gauge,
    failed: Gauge,
    stories: Gauge,
    largest_story: Gauge,
    newest_change: Counter,
    refused: Counter,
    store_bytes: Gauge,
    memory: Gauge,
    processor: Counter<f64, AtomicU64>,
    open_files: Gauge,
    threads: Gauge,
    started: Gauge<f64, AtomicU64>,
}

/// What is looked at for a scrape.
#[derive(Debug, Clone, Copy)]
pub struct Looked {
    /// Counts of the store.
    pub totals: Totals,
    /// Articles accepted but not placed.
    pub queued: usize,
    /// Articles that may wait.
    pub capacity: usize,
    /// How long the oldest of them waits.
    pub oldest: Duration,
    /// Bytes of the data folder.
    pub bytes: u64,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// All at zero.
    pub fn new() -> Self {
        let mut all = Self {
            registry: Registry::default(),
            stages: Family::new_with_constructor(|| Histogram::new(STAGE_SECONDS)),
            batches: Histogram::new(BATCH),
            placed: Counter::default(),
            accepted: Family::default(),
            changes: Family::default(),
            index_samples: Counter::default(),
            index_true: Counter::default(),
            index_found: Counter::default(),
            index_articles: Gauge::default(),
            index_bytes: Gauge::default(),
            requests: Family::default(),
            answers: Family::new_with_constructor(|| Histogram::new(REQUEST_SECONDS)),
            build: Family::default(),
            open_streams: Gauge::default(),
            deliveries: Family::default(),
            queued: Gauge::default(),
            queue_capacity: Gauge::default(),
            oldest_queued: Gauge::default(),
            articles: Gauge::default(),
            near_duplicates: Gauge::default(),
            failed: Gauge::default(),
            stories: Gauge::default(),
            largest_story: Gauge::default(),
            newest_change: Counter::default(),
            refused: Counter::default(),
            store_bytes: Gauge::default(),
            memory: Gauge::default(),
            processor: Counter::default(),
            open_files: Gauge::default(),
            threads: Gauge::default(),
            started: Gauge::default(),
        };
        all.register();
        let now = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        all.started.set(now.as_secs_f64());
        // Series that are there from the start, so that a rate over them is never empty.
        for stage in ["extract", "near_duplicate", "embed", "story", "store"] {
            drop(all.stages.get_or_create(&StageLabel { stage }));
        }
        for kind in ["created", "joined", "moved", "merged", "split", "revived"] {
            drop(all.changes.get_or_create(&ChangeLabel { kind }));
        }
        for outcome in ["new", "known", "revised", "refused"] {
            drop(all.accepted.get_or_create(&OutcomeLabel { outcome }));
        }
        for outcome in ["delivered", "failed", "given_up"] {
            drop(all.deliveries.get_or_create(&OutcomeLabel { outcome }));
        }
        all
    }

    fn register(&mut self) {
        let of = &mut self.registry;
        of.register(
            "silsila_stage_seconds",
            "Seconds that a stage took, by batch (extract: by request)",
            self.stages.clone(),
        );
        of.register(
            "silsila_batch_articles",
            "Articles placed together",
            self.batches.clone(),
        );
        of.register(
            "silsila_placed_articles",
            "Articles placed since the start",
            self.placed.clone(),
        );
        of.register(
            "silsila_accepted_articles",
            "Articles handed in since the start, by what became of them",
            self.accepted.clone(),
        );
        of.register(
            "silsila_story_changes",
            "What was done to stories since the start: moved is an article that changed its story, split a story that began out of another",
            self.changes.clone(),
        );
        of.register(
            "silsila_index_samples",
            "Searches that were repeated by comparing every vector",
            self.index_samples.clone(),
        );
        of.register(
            "silsila_index_true_neighbours",
            "Neighbours that the repeated searches found",
            self.index_true.clone(),
        );
        of.register(
            "silsila_index_found_neighbours",
            "Those of them that the index had found: divided by the former, its recall",
            self.index_found.clone(),
        );
        of.register(
            "silsila_index_articles",
            "Vectors in memory",
            self.index_articles.clone(),
        );
        of.register(
            "silsila_index_bytes",
            "Bytes of the index in memory",
            self.index_bytes.clone(),
        );
        of.register(
            "silsila_http_requests",
            "Requests since the start",
            self.requests.clone(),
        );
        of.register(
            "silsila_http_request_seconds",
            "Seconds until a request's answer began",
            self.answers.clone(),
        );
        of.register("silsila_build_info", "What is running", self.build.clone());
        of.register(
            "silsila_open_streams",
            "Change streams that are open now",
            self.open_streams.clone(),
        );
        of.register(
            "silsila_deliveries",
            "Attempts to deliver a change to a watch since the start",
            self.deliveries.clone(),
        );
        of.register(
            "silsila_queued_articles",
            "Articles accepted but not placed",
            self.queued.clone(),
        );
        of.register(
            "silsila_queue_capacity_articles",
            "Articles that may wait to be placed",
            self.queue_capacity.clone(),
        );
        of.register(
            "silsila_oldest_queued_seconds",
            "How long the oldest article waits to be placed; 0 when none does",
            self.oldest_queued.clone(),
        );
        of.register("silsila_articles", "Stored articles", self.articles.clone());
        of.register(
            "silsila_near_duplicates",
            "Articles whose text repeats another's",
            self.near_duplicates.clone(),
        );
        of.register(
            "silsila_failed_articles",
            "Articles that could not be placed",
            self.failed.clone(),
        );
        of.register("silsila_stories", "Stories", self.stories.clone());
        of.register(
            "silsila_largest_story_articles",
            "Articles of the largest story",
            self.largest_story.clone(),
        );
        of.register(
            "silsila_changes",
            "Number of the newest change",
            self.newest_change.clone(),
        );
        of.register(
            "silsila_refused",
            "Inputs that were refused and kept",
            self.refused.clone(),
        );
        of.register(
            "silsila_store_bytes",
            "Bytes of the data folder",
            self.store_bytes.clone(),
        );
        of.register("process_resident_memory_bytes", "Bytes in memory", self.memory.clone());
        of.register(
            "process_cpu_seconds",
            "Seconds of processor time, of the user and the system",
            self.processor.clone(),
        );
        of.register(
            "process_open_fds",
            "Open files and connections",
            self.open_files.clone(),
        );
        of.register("process_threads", "Threads", self.threads.clone());
        of.register(
            "process_start_time_seconds",
            "Start of the process, in seconds since 1970",
            self.started.clone(),
        );
    }

    fn stage(&self, stage: &'static str, seconds: f64) {
        self.stages.get_or_create(&StageLabel { stage }).observe(seconds);
    }

    /// A request's inputs were extracted.
    pub fn extracted(&self, took: Duration) {
        self.stage("extract", took.as_secs_f64());
    }

    /// Articles were handed in; `outcome` is `new`, `known`, `revised` or `refused`.
    pub fn accepted(&self, outcome: &'static str, count: usize) {
        self.accepted
            .get_or_create(&OutcomeLabel { outcome })
            .inc_by(count as u64);
    }

    /// A batch was placed; the seconds are those that it took.
    pub fn batch(&self, articles: usize, took: StageSeconds) {
        self.batches.observe(articles as f64);
        self.placed.inc_by(articles as u64);
        self.stage("near_duplicate", took.near_duplicates);
        self.stage("embed", took.embed);
        self.stage("story", took.story);
        self.stage("store", took.store);
    }

    /// Stories changed, and the change is durable.
    pub fn changed<'a>(&self, changes: impl IntoIterator<Item = &'a StoryChange>) {
        for change in changes {
            let kind = match change {
                StoryChange::Created { split_from: None, .. } => "created",
                StoryChange::Created { .. } => "split",
                StoryChange::Joined { from: None, .. } => "joined",
                StoryChange::Joined { .. } => "moved",
                StoryChange::Merged { .. } => "merged",
                StoryChange::Revived { .. } => "revived",
            };
            self.changes.get_or_create(&ChangeLabel { kind }).inc();
        }
    }

    /// How the index is, and what its samples came to since they were told last.
    pub fn index(&self, articles: usize, bytes: usize, sampled: Sampled) {
        self.index_articles.set(articles as i64);
        self.index_bytes.set(bytes as i64);
        self.index_samples.inc_by(sampled.searches);
        self.index_true.inc_by(sampled.neighbours);
        self.index_found.inc_by(sampled.found);
    }

    /// A request was answered. `route` is the address' pattern: ids in it would make a series each.
    pub fn answered(&self, method: &str, route: Option<&str>, status: u16, took: Duration) {
        let route = route.unwrap_or("none").to_owned();
        self.answers
            .get_or_create(&RouteLabel { route: route.clone() })
            .observe(took.as_secs_f64());
        let method = ["GET", "HEAD", "POST", "OPTIONS"]
            .into_iter()
            .find(|known| *known == method)
            .unwrap_or("other");
        self.requests
            .get_or_create(&RequestLabel { method, route, status })
            .inc();
    }

    /// An attempt to deliver a change was made; `outcome` is `delivered`, `failed` or `given_up`.
    pub fn delivery(&self, outcome: &'static str) {
        self.deliveries.get_or_create(&OutcomeLabel { outcome }).inc();
    }

    /// What is running.
    pub fn running(&self, model: &str) {
        let label = BuildLabel {
            version: env!("CARGO_PKG_VERSION"),
            model: model.to_owned(),
        };
        self.build.get_or_create(&label).set(1);
    }

    /// Everything as text, with what was looked at for it.
    ///
    /// # Errors
    /// When a figure cannot be written.
    pub fn text(&self, looked: &Looked) -> Result<String, std::fmt::Error> {
        let Looked { totals, .. } = looked;
        for (gauge, value) in [
            (&self.queued, looked.queued as u64),
            (&self.queue_capacity, looked.capacity as u64),
            (&self.articles, totals.articles),
            (&self.near_duplicates, totals.near_duplicates),
            (&self.failed, totals.failed),
            (&self.stories, totals.stories),
            (&self.largest_story, totals.largest_story),
            (&self.store_bytes, looked.bytes),
        ] {
            gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        }
        self.oldest_queued.set(looked.oldest.as_secs_f64());
        // The store counts these; here they are only told.
        self.newest_change.inner().store(totals.change, Ordering::Relaxed);
        self.refused.inner().store(totals.refused, Ordering::Relaxed);
        if let Some(process) = Process::look() {
            self.memory.set(process.memory);
            self.open_files.set(process.files);
            self.threads.set(process.threads);
            self.processor
                .inner()
                .store(process.processor.to_bits(), Ordering::Relaxed);
        }
        let mut text = String::new();
        prometheus_text::encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

/// Bytes of the files in a folder and those below it; what cannot be looked at counts nothing.
pub fn bytes_of(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return 0;
    };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(about) if about.is_dir() => bytes_of(&entry.path()),
            Ok(about) => about.len(),
            Err(_) => 0,
        })
        .sum()
}

/// What Linux says of this process; elsewhere nothing is told.
struct Process {
    memory: i64,
    files: i64,
    threads: i64,
    processor: f64,
}

/// Clock ticks a second in /proc, the same on every Linux that user programs see.
const TICKS: f64 = 100.0;

impl Process {
    fn look() -> Option<Self> {
        let status = std::fs::read_to_string("/proc/self/status").ok()?;
        let field = |name: &str| -> Option<i64> {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.trim_start_matches(':').split_whitespace().next()?.parse().ok()
        };
        let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
        // Behind the program's name, which may hold anything: the state is the first field.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks = |at: usize| fields.get(at).and_then(|value| value.parse::<f64>().ok());
        Some(Self {
            memory: field("VmRSS")? * 1024,
            threads: field("Threads")?,
            files: i64::try_from(std::fs::read_dir("/proc/self/fd").ok()?.count()).unwrap_or(i64::MAX),
            processor: (ticks(11)? + ticks(12)?) / TICKS,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looked() -> Looked {
        Looked {
            totals: Totals {
                articles: 7,
                near_duplicates: 1,
                failed: 0,
                stories: 3,
                largest_story: 4,
                change: 12,
                refused: 2,
            },
            queued: 5,
            capacity: 100,
            oldest: Duration::from_millis(1500),
            bytes: 4096,
        }
    }

    #[test]
    fn what_was_observed_is_told() {
        let metrics = Metrics::new();
        let took = StageSeconds {
            near_duplicates: 0.002,
            embed: 0.3,
            story: 0.01,
            store: 0.02,
        };
        metrics.batch(3, took);
        metrics.changed(&[
            StoryChange::Created {
                story: 1,
                split_from: None,
            },
            StoryChange::Created {
                story: 2,
                split_from: Some(1),
            },
            StoryChange::Joined {
                story: 1,
                article: 1,
                from: None,
            },
            StoryChange::Joined {
                story: 1,
                article: 2,
                from: Some(2),
            },
        ]);
        let sampled = Sampled {
            searches: 1,
            neighbours: 10,
            found: 9,
        };
        metrics.index(20, 1000, sampled);
        metrics.answered("GET", Some("/v1/stories/{id}"), 200, Duration::from_millis(3));
        metrics.answered("BREW", None, 405, Duration::from_millis(1));
        metrics.running("a \"model\"");
        let text = metrics.text(&looked()).unwrap();
        for line in [
            "silsila_stage_seconds_count{stage=\"embed\"} 1",
            "silsila_stage_seconds_bucket{stage=\"embed\",le=\"0.25\"} 0",
            "silsila_stage_seconds_bucket{stage=\"embed\",le=\"0.5\"} 1",
            "silsila_stage_seconds_count{stage=\"extract\"} 0",
            "silsila_batch_articles_sum 3.0",
            "silsila_placed_articles_total 3",
            "silsila_story_changes_total{kind=\"split\"} 1",
            "silsila_story_changes_total{kind=\"moved\"} 1",
            "silsila_story_changes_total{kind=\"merged\"} 0",
            "silsila_index_true_neighbours_total 10",
            "silsila_index_found_neighbours_total 9",
            "silsila_http_requests_total{method=\"GET\",route=\"/v1/stories/{id}\",status=\"200\"} 1",
            "silsila_http_requests_total{method=\"other\",route=\"none\",status=\"405\"} 1",
            "silsila_queued_articles 5",
            "silsila_oldest_queued_seconds 1.5",
            "silsila_changes_total 12",
            "silsila_refused_total 2",
            "silsila_store_bytes 4096",
        ] {
            assert!(text.lines().any(|one| one == line), "{line} in {text}");
        }
        assert!(text.contains("model=\"a \\\"model\\\"\""), "{text}");
        assert!(text.contains("# TYPE silsila_stage_seconds histogram\n"));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_process_is_looked_at() {
        let process = Process::look().expect("Linux tells");
        assert!(process.memory > 1_000_000 && process.files > 2 && process.threads >= 1);
        assert!(process.processor >= 0.0);
    }
}
