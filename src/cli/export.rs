//! `silsila export`: everything in a data folder as JSON Lines, for `silsila import` and for other programs.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;
use serde_json::Value;

use crate::cli::counter::Counter;
use crate::cli::{Failure, data_dir, progress};
use crate::config::Settings;
use crate::pipeline::decisions::{self, Written};
use crate::pipeline::taught;
use crate::publish::StoryTimeline;
use crate::store::read::{ArticleView, Exported, StoryView, What};
use crate::store::transfer::{End, Header, Row, Sequence, StoreLine};
use crate::store::{Store, StoreError};
use crate::story::weights::Weights;
use crate::timeline;

/// Writes everything as JSON Lines: stories, articles and timelines to read, and the whole store for `silsila import`
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Where the store is; without it the user's data folder. A service may be running on it
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// The file to write, compressed when its name ends with .gz; without it, standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write one part only: `readable` (lines of type story, article, timeline) or `store` (what `silsila import` reads)
    #[arg(long, value_name = "PART")]
    only: Option<Only>,
    /// Write what the corrections that stand teach instead, with authors: examples for `silsila train` and for other programs
    #[arg(long, conflicts_with_all = ["only", "secrets"])]
    decisions: bool,
    /// Write the watches' secrets and the secret addresses of their feeds, too; without them an import gives new ones
    #[arg(long)]
    secrets: bool,
    /// With --out, print the counts as one JSON object
    #[arg(long, requires = "out")]
    json: bool,
}

/// A part of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Only {
    Readable,
    Store,
}

impl Arguments {
    fn what(&self) -> What {
        What {
            readable: self.only != Some(Only::Store),
            store: self.only != Some(Only::Readable),
            secrets: self.secrets,
        }
    }
}

/// One line of an export; `type` says what it is.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Line {
    Export(Header),
    Story(Box<StoryView>),
    Article {
        #[serde(flatten)]
        article: Box<ArticleView>,
        /// As at `/v1/articles/{id}/placement`; null while the article is not placed.
        placement: Option<Value>,
    },
    Timeline(StoryTimeline),
    Row(Row),
    Sequence(Sequence),
    End(End),
}

/// Lines written, by type.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
struct Counts {
    stories: usize,
    articles: usize,
    timelines: usize,
    /// Of the store.
    rows: usize,
}

#[derive(Debug, thiserror::Error)]
enum ExportError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the export cannot be written: {0}")]
    Write(#[from] io::Error),
}

/// Runs the command.
pub fn run(arguments: &Arguments, settings: &Settings) -> ExitCode {
    let exported = match arguments.decisions {
        true => export_decisions(arguments, settings).map(|written| {
            let Written {
                decisions,
                without_examples,
                pairs,
                groups,
            } = &written;
            let said = format!(
                "{decisions} decisions as {pairs} pairs of articles and {groups} of groups ({without_examples} more without)"
            );
            (serde_json::json!(written), said)
        }),
        false => export(arguments, settings).map(|counts| {
            let Counts {
                stories,
                articles,
                timelines,
                rows,
            } = &counts;
            let said =
                format!("{stories} stories, {articles} articles, {timelines} timelines, {rows} rows of the store");
            (serde_json::json!(counts), said)
        }),
    };
    match exported {
        Ok((counts, said)) => {
            if arguments.json {
                println!("{counts}");
            } else if let Some(path) = &arguments.out {
                println!("{said} in {}", path.display());
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            // A reader that has seen enough, as `head` has, is no failure.
            let enough = error.downcast_ref::<ExportError>().is_some_and(
                |error| matches!(error, ExportError::Write(why) if why.kind() == io::ErrorKind::BrokenPipe),
            );
            if enough && arguments.out.is_none() {
                return ExitCode::SUCCESS;
            }
            eprintln!("silsila: {error}");
            ExitCode::FAILURE
        }
    }
}

fn export(arguments: &Arguments, settings: &Settings) -> Result<Counts, Failure> {
    let store = Store::open_to_read(&data_dir(arguments.data_dir.as_ref(), settings)?)?;
    // Where the lines themselves go to a terminal nothing else is written among them.
    let shown = arguments.out.is_some() || !io::stdout().is_terminal();
    let mut counter = Counter::new("lines", shown);
    let counts = to_file(arguments, |out| {
        write(&store, settings, arguments.what(), &mut counter, out)
    });
    counter.finish();
    counts
}

fn export_decisions(arguments: &Arguments, settings: &Settings) -> Result<Written, Failure> {
    let store = Store::open_to_read(&data_dir(arguments.data_dir.as_ref(), settings)?)?;
    let weights = Weights::of(&settings.story.weights)?;
    let articles = store.totals()?.articles;
    let bar = progress(articles, "articles");
    let taught = taught::go_through(&store, settings, &weights, false, || bar.inc(1))?;
    bar.finish_and_clear();
    to_file(arguments, |out| {
        decisions::write::<ExportError>(&store, &taught, BufWriter::new(out))
    })
}

/// Writes to standard output, or to a file that has its name only when it is whole.
fn to_file<T>(
    arguments: &Arguments,
    write: impl FnOnce(&mut dyn Write) -> Result<T, ExportError>,
) -> Result<T, Failure> {
    let Some(path) = &arguments.out else {
        return Ok(write(&mut io::stdout().lock())?);
    };
    let part = part_of(path);
    let written = create(&part, arguments.secrets)
        .map_err(ExportError::from)
        .and_then(|mut file| match path.extension().is_some_and(|ending| ending == "gz") {
            true => {
                let mut packed = GzEncoder::new(file, Compression::default());
                let written = write(&mut packed)?;
                packed.finish()?;
                Ok(written)
            }
            false => write(&mut file),
        })
        .and_then(|written| Ok(std::fs::rename(&part, path).map(|()| written)?));
    written.map_err(|error| {
        // The error that matters is the one that is told.
        let _ = std::fs::remove_file(&part);
        format!("{}: {error}", path.display()).into()
    })
}

/// Makes a file anew; one with secrets is for its owner alone.
fn create(path: &Path, secret: bool) -> io::Result<File> {
    let mut options = File::options();
    options.write(true);
    if secret {
        // Whatever rights a file of that name had before.
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => options.create_new(true),
        };
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    } else {
        options.create(true).truncate(true);
    }
    options.open(path)
}

fn part_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

/// Writes all lines, in an order that depends on the store alone.
fn write(
    store: &Store,
    settings: &Settings,
    what: What,
    counter: &mut Counter,
    out: impl Write,
) -> Result<Counts, ExportError> {
    let mut out = BufWriter::new(out);
    let mut counts = Counts::default();
    let options = timeline::Options {
        from: None,
        to: None,
        granularity: timeline::Granularity::Day,
        dates: None,
        sentences: 3,
        lang: None,
        settings: settings.timeline.clone(),
    };
    store.export(what, |exported| {
        let line = match exported {
            Exported::Story(story) => {
                counts.stories += 1;
                Line::Story(story)
            }
            Exported::Article(article, placement) => {
                counts.articles += 1;
                Line::Article { article, placement }
            }
            Exported::Timeline(story_id, articles) => {
                counts.timelines += 1;
                let events = timeline::build(&articles, &options);
                Line::Timeline(StoryTimeline {
                    story_id,
                    events,
                    as_of: None,
                })
            }
            Exported::Store(StoreLine::Begin(header)) => Line::Export(header),
            Exported::Store(StoreLine::Row(row)) => {
                counts.rows += 1;
                Line::Row(row)
            }
            Exported::Store(StoreLine::Sequence(sequence)) => Line::Sequence(sequence),
            Exported::Store(StoreLine::End(end)) => Line::End(end),
        };
        counter.add(1);
        serde_json::to_writer(&mut out, &line).map_err(io::Error::from)?;
        Ok::<_, ExportError>(out.write_all(b"\n")?)
    })?;
    out.flush()?;
    Ok(counts)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use chrono::{DateTime, Utc};

    use super::*;
    use crate::article::{Dated, Draft};
    use crate::pipeline::Submission;
    use crate::store::write::{Batch, Placed, StoryFace};
    use crate::story::StoryChange;

    /// Three articles: two in a story, of which one repeats the other, and one that waits.
    fn store(dir: &Path) -> Store {
        let store = Store::open(dir).unwrap();
        let now = DateTime::<Utc>::UNIX_EPOCH;
        for (id, title) in [
            ("x1", "The bridge opens"),
            ("x2", "The bridge opens"),
            ("x3", "A flood"),
        ] {
            let draft = Draft {
                id: Some(id.into()),
                title: title.to_owned(),
                text: format!("{title} on 12 March 2024, the council says."),
                published: chrono::NaiveDate::from_ymd_opt(2024, 3, 12).map(Dated::day),
                lang: "en".to_owned(),
                source: Some(id.to_owned()),
                ..Draft::default()
            };
            let answers = store.accept(&[Submission { draft, document: None }], now).unwrap();
            assert!(answers.iter().all(Result::is_ok));
        }
        let placed = |number: u64, original: Option<u64>, mut changes: Vec<StoryChange>| {
            changes.push(StoryChange::Joined {
                story: 1,
                article: number,
                from: None,
            });
            Placed {
                number,
                original,
                story: 1,
                placement: serde_json::from_value(serde_json::json!({
                    "decided_by": "alone", "nearest": [], "support": 0.0, "runner_up": null, "margin": 0.0, "rejected": []
                }))
                .unwrap(),
                vector: None,
                links: Vec::new(),
                judged_again: Vec::new(),
                strands: Vec::new(),
                changes,
                doubts: Vec::new(),
            }
        };
        let created = StoryChange::Created {
            story: 1,
            split_from: None,
        };
        let face = StoryFace {
            story: 1,
            headline: 1,
            terms: serde_json::from_str(r#"["bridge"]"#).unwrap(),
            headlines: std::collections::BTreeMap::new(),
            doubt: None,
        };
        let batch = Batch {
            placed: vec![placed(1, None, vec![created]), placed(2, Some(1), Vec::new())],
            faces: vec![face],
            ..Batch::default()
        };
        store.commit(&batch, now).unwrap();
        store
    }

    fn lines(store: &Store) -> (Vec<u8>, Counts) {
        let mut bytes = Vec::new();
        let what = What {
            readable: true,
            store: true,
            secrets: false,
        };
        let counts = write(
            store,
            &Settings::load(None).unwrap(),
            what,
            &mut Counter::new("lines", false),
            &mut bytes,
        )
        .unwrap();
        (bytes, counts)
    }

    fn of_store(bytes: &[u8]) -> usize {
        let text = String::from_utf8_lossy(bytes);
        text.lines()
            .filter(|line| line.starts_with("{\"type\":\"row\""))
            .count()
    }

    #[test]
    fn the_same_bytes_twice_and_every_article_once() {
        let dir = tempfile::tempdir().unwrap();
        let store = store(dir.path());
        let (bytes, counts) = lines(&store);
        assert_eq!(bytes, lines(&store).0);
        assert_eq!(
            counts,
            Counts {
                stories: 1,
                articles: 3,
                timelines: 1,
                rows: of_store(&bytes),
            }
        );
        let text = String::from_utf8(bytes).unwrap();
        let rows: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let of = |kind: &str| rows.iter().filter(|row| row["type"] == kind).collect::<Vec<_>>();
        let ids: Vec<&str> = of("article").iter().filter_map(|row| row["id"].as_str()).collect();
        assert_eq!(ids, ["x1", "x2", "x3"]);
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 3);
        let articles = of("article");
        assert_eq!(articles[1]["story_id"], "s1");
        assert_eq!(articles[1]["near_duplicate_of"], "x1");
        assert_eq!(articles[1]["placement"]["decided_by"], "alone");
        assert!(articles[2]["story_id"].is_null() && articles[2]["placement"].is_null());
        assert_eq!(of("story")[0]["counts"]["articles"], 2);
        let timeline = of("timeline")[0];
        assert_eq!(timeline["story_id"], "s1");
        assert_eq!(timeline["events"][0]["date"]["value"], "2024-03-12");
    }

    #[test]
    fn a_file_is_there_only_when_it_is_whole() {
        let dir = tempfile::tempdir().unwrap();
        drop(store(&dir.path().join("data")));
        let out = dir.path().join("out.jsonl");
        let mut arguments = Arguments {
            data_dir: Some(dir.path().join("data")),
            out: Some(out.clone()),
            only: Some(Only::Readable),
            decisions: false,
            secrets: false,
            json: false,
        };
        let settings = Settings::load(None).unwrap();
        assert_eq!(export(&arguments, &settings).unwrap().articles, 3);
        assert_eq!(std::fs::read_to_string(&out).unwrap().lines().count(), 5);
        assert!(!part_of(&out).exists());
        arguments.out = Some(dir.path().join("nowhere").join("out.jsonl"));
        assert!(export(&arguments, &settings).is_err());
        arguments.data_dir = Some(dir.path().join("none"));
        assert!(
            export(&arguments, &settings)
                .unwrap_err()
                .to_string()
                .contains("no store")
        );
    }
}
