//! `silsila ingest`: files, folders or standard input into the data folder or a running service.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use crate::article::SetAside;
use crate::config::Settings;
use crate::extract::NewsRules;
use crate::pipeline::{Outcome, Pipeline};
use crate::source::{self, Item, Rejected, Skipped};

mod local;
mod server;

/// Articles handed over at a time.
const BATCH: usize = 64;

/// Arguments of `silsila ingest`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Files (.txt, .html, .json, .jsonl, each also .gz) and folders of them; `-` is standard input
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Where the store lives; without it, the configured or the user's data folder
    #[arg(long, value_name = "DIR", conflicts_with = "server")]
    data_dir: Option<PathBuf>,
    /// A running service to send everything to, such as http://127.0.0.1:8080
    #[arg(long, value_name = "URL")]
    server: Option<String>,
    /// A token of that service with the role `ingest`; better given as SILSILA_TOKEN, since others see a command's arguments
    #[arg(long, value_name = "TOKEN", env = "SILSILA_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Print the summary as one JSON object on standard output
    #[arg(long)]
    json: bool,
}

/// What became of one article, with its place.
struct Answer {
    place: String,
    result: Result<(Outcome, Vec<SetAside>), Rejected>,
}

/// Where items go: the data folder or a service.
trait Target {
    /// Takes a batch; one answer for every article found in it.
    ///
    /// # Errors
    /// Why nothing more can be handed over.
    fn take(&mut self, batch: Vec<Item>) -> Result<Vec<Answer>, String>;

    /// Keeps inputs that were refused. A service keeps by itself what it refuses; what never reached it is only told.
    ///
    /// # Errors
    /// Why they cannot be kept.
    fn keep(&mut self, refused: &[Rejected]) -> Result<(), String>;

    /// Waits until what was taken is placed, saying how many articles still wait.
    fn finish(&mut self, waiting: &mut dyn FnMut(usize));
}

/// What was done, for the summary.
#[derive(Debug, Default, Serialize, PartialEq, Eq)]
struct Summary {
    new: usize,
    known: usize,
    revised: usize,
    refused: Vec<Rejected>,
    set_aside: Vec<PlacedAside>,
    skipped: Vec<Skipped>,
    /// Why it ended before the last input.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// A value that was set aside, with the place of its article.
#[derive(Debug, Serialize, PartialEq, Eq)]
struct PlacedAside {
    place: String,
    #[serde(flatten)]
    value: SetAside,
}

impl Summary {
    fn count(&mut self, answer: Answer) {
        match answer.result {
            Err(rejected) => self.refused.push(rejected),
            Ok((outcome, set_aside)) => {
                match outcome {
                    Outcome::New => self.new += 1,
                    Outcome::Known => self.known += 1,
                    Outcome::Revised => self.revised += 1,
                }
                let placed = |value| PlacedAside {
                    place: answer.place.clone(),
                    value,
                };
                self.set_aside.extend(set_aside.into_iter().map(placed));
            }
        }
    }

    fn ingested(&self) -> usize {
        self.new + self.known + self.revised
    }

    /// 0, or 1 when nothing was ingested, or 2 when something was refused, set aside or not reached.
    fn status(&self) -> u8 {
        if self.ingested() == 0 {
            1
        } else if self.refused.is_empty() && self.set_aside.is_empty() && self.error.is_none() {
            0
        } else {
            2
        }
    }

    fn print(&self) {
        for skipped in &self.skipped {
            eprintln!("skipped    {}: {}", skipped.place, skipped.reason);
        }
        for refused in &self.refused {
            eprintln!("refused    {refused}");
        }
        for PlacedAside { place, value } in &self.set_aside {
            eprintln!(
                "set aside  {place}: `{}` {:?}: {}",
                value.field, value.value, value.reason
            );
        }
        println!(
            "{} new, {} known, {} revised, {} refused, {} values set aside",
            self.new,
            self.known,
            self.revised,
            self.refused.len(),
            self.set_aside.len()
        );
        if let Some(error) = &self.error {
            eprintln!("silsila: stopped before the end: {error}");
        }
    }
}

/// Runs the command.
pub fn run(arguments: &Arguments, settings: &Settings) -> ExitCode {
    let target: Result<Box<dyn Target>, String> = match &arguments.server {
        Some(url) => {
            server::Server::new(url, arguments.token.as_deref()).map(|server| Box::new(server) as Box<dyn Target>)
        }
        None => local_target(arguments, settings),
    };
    let summary = match target {
        Ok(mut target) => ingest(&arguments.paths, &settings.source, target.as_mut(), &progress_bar()),
        Err(error) => Summary {
            error: Some(error),
            ..Summary::default()
        },
    };
    if arguments.json {
        match serde_json::to_string(&summary) {
            Ok(json) => println!("{json}"),
            Err(error) => eprintln!("silsila: the summary cannot be written: {error}"),
        }
    } else {
        summary.print();
    }
    ExitCode::from(summary.status())
}

fn local_target(arguments: &Arguments, settings: &Settings) -> Result<Box<dyn Target>, String> {
    let data_dir = match &arguments.data_dir {
        Some(dir) => dir.clone(),
        None => settings.data_dir().map_err(|error| error.to_string())?,
    };
    Ok(Box::new(local_intake(settings, &data_dir)?))
}

/// Opens the store in `data_dir` for writing: `Local::new(intake, rules)`.
///
/// # Errors
/// Why it cannot be opened.
fn local_intake(settings: &Settings, data_dir: &Path) -> Result<local::Local, String> {
    let pipeline = Pipeline::open(Arc::new(settings.clone()), data_dir).map_err(|error| error.to_string())?;
    let rules = NewsRules::new(&settings.extract, Utc::now());
    Ok(local::Local::new(Box::new(pipeline), Box::new(rules)))
}

fn ingest(paths: &[PathBuf], settings: &source::Settings, target: &mut dyn Target, bar: &ProgressBar) -> Summary {
    let mut summary = Summary::default();
    let mut reader = source::read(paths, settings);
    let mut batch = Vec::with_capacity(BATCH);
    let mut kept = 0;
    loop {
        let next = reader.next();
        let ended = next.is_none();
        match next {
            Some(Ok(item)) => batch.push(item),
            Some(Err(rejected)) => summary.refused.push(rejected),
            None => {}
        }
        if batch.len() >= BATCH || (ended && !batch.is_empty()) {
            match target.take(std::mem::take(&mut batch)) {
                Ok(answers) => answers.into_iter().for_each(|answer| summary.count(answer)),
                Err(error) => {
                    summary.error = Some(error);
                    break;
                }
            }
            bar.set_position(summary.ingested() as u64);
            bar.set_message(format!("{} refused", summary.refused.len()));
        }
        if ended || summary.refused.len() >= kept + BATCH {
            if let Err(error) = target.keep(summary.refused.get(kept..).unwrap_or_default()) {
                summary.error = Some(error);
                break;
            }
            kept = summary.refused.len();
        }
        if ended {
            break;
        }
    }
    target.finish(&mut |waiting| {
        bar.set_message(format!("{waiting} waiting for their stories"));
        bar.tick();
    });
    bar.finish_and_clear();
    summary.skipped = reader.skipped().to_vec();
    summary
}

fn progress_bar() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{spinner} {pos} articles ({per_sec}), {elapsed}  {msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Counting {
        batches: Vec<usize>,
        kept: Vec<String>,
        broken_after: Option<usize>,
    }

    impl Target for Counting {
        fn take(&mut self, batch: Vec<Item>) -> Result<Vec<Answer>, String> {
            if self.broken_after == Some(self.batches.len()) {
                return Err("gone".to_owned());
            }
            self.batches.push(batch.len());
            Ok(batch
                .into_iter()
                .map(|item| Answer {
                    place: item.place,
                    result: Ok((Outcome::New, Vec::new())),
                })
                .collect())
        }

        fn keep(&mut self, refused: &[Rejected]) -> Result<(), String> {
            self.kept.extend(refused.iter().map(|one| one.place.clone()));
            Ok(())
        }

        fn finish(&mut self, waiting: &mut dyn FnMut(usize)) {
            waiting(0);
        }
    }

    fn lines(count: usize, bad: bool) -> (tempfile::TempDir, Vec<PathBuf>) {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("news.jsonl");
        let mut text = "{\"title\":\"a\"}\n".repeat(count);
        text.push_str(if bad { "{\n" } else { "" });
        std::fs::write(&path, text).expect("written");
        (dir, vec![path])
    }

    fn settings() -> source::Settings {
        Settings::load(None).expect("complete").source
    }

    #[test]
    fn everything_is_taken_in_batches_and_the_status_says_how_it_went() {
        let (_dir, paths) = lines(130, false);
        let mut target = Counting::default();
        let summary = ingest(&paths, &settings(), &mut target, &ProgressBar::hidden());
        assert_eq!(
            (target.batches, summary.new, summary.status()),
            (vec![64, 64, 2], 130, 0)
        );
        let (_dir, paths) = lines(1, true);
        let summary = ingest(&paths, &settings(), &mut Counting::default(), &ProgressBar::hidden());
        assert_eq!((summary.new, summary.refused.len(), summary.status()), (1, 1, 2));
        let (_dir, paths) = lines(0, true);
        let mut target = Counting::default();
        ingest(&paths, &settings(), &mut target, &ProgressBar::hidden());
        assert!(
            target.kept.len() == 1 && target.kept[0].ends_with("line 1"),
            "{:?}",
            target.kept
        );
        assert_eq!(
            ingest(&paths, &settings(), &mut Counting::default(), &ProgressBar::hidden()).status(),
            1
        );
    }

    #[test]
    fn what_was_taken_before_a_failure_is_counted() {
        let (_dir, paths) = lines(100, false);
        let mut target = Counting {
            broken_after: Some(1),
            ..Counting::default()
        };
        let summary = ingest(&paths, &settings(), &mut target, &ProgressBar::hidden());
        assert_eq!(
            (summary.new, summary.error.as_deref(), summary.status()),
            (64, Some("gone"), 2)
        );
    }
}
