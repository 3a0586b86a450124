//! The lines of `silsila export --decisions` and `/v1/decisions`, which `silsila train` and other programs read. docs/TRAINING.md explains them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use serde::{Deserialize, Serialize};

use crate::pipeline::taught::Taught;
use crate::store::read::Titled;
use crate::store::{Store, StoreError};
use crate::story::learn::Example;
use crate::story::lessons::{Lesson, Of};

/// Raised whenever the lines change.
const FORMAT: u32 = 1;
/// Articles of a group that are named, at most: the newest ones, which make its centre.
const NAMED: usize = 60;

/// A line; `type` says which.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Line<'a> {
    Decisions(Header),
    Example(Shown<'a>),
}

/// The first line.
#[derive(Debug, Serialize)]
struct Header {
    format: u32,
    program: String,
    /// Which store: the same for copies of one.
    store: String,
    /// Decisions that stand and have examples below.
    decisions: usize,
    /// Corrections that stand, say something of sets of articles, and have none.
    without_examples: Vec<u64>,
    /// Names of the signals of either function.
    signals: BTreeMap<String, Vec<String>>,
}

/// What of the first line is read.
#[derive(Debug, Deserialize)]
struct KnownHeader {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    format: u32,
}

/// An example.
#[derive(Debug, Serialize)]
struct Shown<'a> {
    function: Of,
    decision: String,
    correction: Made<'a>,
    together: bool,
    weight: f64,
    sides: [Side<'a>; 2],
    signals: BTreeMap<&'static str, f32>,
}

/// The correction that an example comes from.
#[derive(Debug, Serialize)]
struct Made<'a> {
    number: u64,
    kind: &'static str,
    at: &'a str,
    author: Option<&'a str>,
}

/// One article, or a group.
#[derive(Debug, Serialize)]
struct Side<'a> {
    count: usize,
    articles: Vec<&'a Titled>,
}

/// What of an example is read.
#[derive(Debug, Deserialize)]
struct KnownLine {
    #[serde(rename = "type")]
    kind: String,
    function: Of,
    decision: String,
    together: bool,
    weight: f64,
    signals: HashMap<String, f32>,
}

/// Lines written.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Written {
    /// Decisions with examples.
    pub decisions: usize,
    /// Decisions that have none.
    pub without_examples: usize,
    /// Examples of two articles.
    pub pairs: usize,
    /// Examples of two groups.
    pub groups: usize,
}

/// Why a file of decisions cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DecisionsError {
    /// A line that is not what it should be.
    #[error("{} line {line}: {why}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
    /// The file cannot be read.
    #[error("{}: {cause}", path.display())]
    Disk {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
}

/// The name of a decision among those of all stores.
pub fn name(store: &str, correction: u64) -> String {
    format!("{store}/{correction}")
}

/// Writes what a store's corrections teach.
///
/// # Errors
/// When the store cannot be read, or the lines cannot be written.
pub fn write<E: From<StoreError> + From<io::Error>>(
    store: &Store,
    taught: &Taught,
    mut out: impl Write,
) -> Result<Written, E> {
    let mut put = |line: &Line<'_>| -> Result<(), E> {
        serde_json::to_writer(&mut out, line).map_err(io::Error::from)?;
        Ok(out.write_all(b"\n")?)
    };
    let without = taught.teach_nothing();
    let names = |of: Of| of.names().iter().map(|name| (*name).to_owned()).collect();
    let mut written = Written {
        decisions: taught.rulings.rulings.len() - without.len(),
        without_examples: without.len(),
        ..Written::default()
    };
    put(&Line::Decisions(Header {
        format: FORMAT,
        program: format!("silsila {}", env!("CARGO_PKG_VERSION")),
        store: taught.rulings.store.clone(),
        decisions: written.decisions,
        without_examples: without,
        signals: BTreeMap::from([
            ("pairs".to_owned(), names(Of::Pairs)),
            ("groups".to_owned(), names(Of::Groups)),
        ]),
    }))?;
    let stored: BTreeMap<u64, _> = taught
        .rulings
        .rulings
        .iter()
        .map(|stored| (stored.ruling.number, stored))
        .collect();
    let newest = |articles: &[u64]| articles.iter().rev().take(NAMED).copied().collect::<BTreeSet<u64>>();
    for Lesson {
        number,
        of,
        together,
        weight,
        one,
        other,
        signals,
    } in &taught.lessons
    {
        let Some(stored) = stored.get(number) else { continue };
        let named = store.titled(&newest(one).union(&newest(other)).copied().collect())?;
        let side = |articles: &[u64]| Side {
            count: articles.len(),
            articles: newest(articles)
                .iter()
                .filter_map(|article| named.get(article))
                .collect(),
        };
        match of {
            Of::Pairs => written.pairs += 1,
            Of::Groups => written.groups += 1,
        }
        put(&Line::Example(Shown {
            function: *of,
            decision: name(&taught.rulings.store, *number),
            correction: Made {
                number: *number,
                kind: stored.kind,
                at: &stored.at,
                author: stored.author.as_deref(),
            },
            together: *together,
            weight: *weight,
            sides: [side(one), side(other)],
            signals: of.names().iter().copied().zip(signals.iter().copied()).collect(),
        }))?;
    }
    out.flush()?;
    Ok(written)
}

/// Examples by function.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Examples {
    /// Of two articles.
    pub pairs: Vec<Example>,
    /// Of two groups.
    pub groups: Vec<Example>,
}

impl Examples {
    /// What a store's corrections teach.
    pub fn of(taught: &Taught) -> Self {
        let mut examples = Self::default();
        for lesson in &taught.lessons {
            examples.add(lesson.of, lesson.example(name(&taught.rulings.store, lesson.number)));
        }
        examples
    }

    fn add(&mut self, of: Of, example: Example) {
        match of {
            Of::Pairs => self.pairs.push(example),
            Of::Groups => self.groups.push(example),
        }
    }

    /// Names of all decisions.
    pub fn decisions(&self) -> BTreeSet<&str> {
        let all = self.pairs.iter().chain(&self.groups);
        all.map(|example| example.decision.as_str()).collect()
    }

    /// Reads files; of a decision that is in several of them, what the last one says counts.
    ///
    /// # Errors
    /// The first file and line that cannot be used, and why.
    pub fn read(files: &[PathBuf]) -> Result<Self, DecisionsError> {
        let mut all = Self::default();
        for file in files {
            let more = Self::read_one(file)?;
            let again: BTreeSet<String> = more.decisions().into_iter().map(str::to_owned).collect();
            for examples in [&mut all.pairs, &mut all.groups] {
                examples.retain(|example| !again.contains(&example.decision));
            }
            all.pairs.extend(more.pairs);
            all.groups.extend(more.groups);
        }
        Ok(all)
    }

    fn read_one(path: &Path) -> Result<Self, DecisionsError> {
        let disk = |cause| DecisionsError::Disk {
            path: path.to_owned(),
            cause,
        };
        let file = File::open(path).map_err(disk)?;
        let packed = path.extension().is_some_and(|ending| ending == "gz");
        let reader: Box<dyn Read> = if packed {
            Box::new(MultiGzDecoder::new(file))
        } else {
            Box::new(file)
        };
        let mut examples = Self::default();
        let mut lines = 0;
        for (number, line) in (1..).zip(BufReader::new(reader).lines()) {
            lines = number;
            let wrong = |why: String| DecisionsError::Line {
                path: path.to_owned(),
                line: number,
                why,
            };
            let line = line.map_err(disk)?;
            if number == 1 {
                check_header(&line).map_err(wrong)?;
            } else if !line.trim().is_empty() {
                let (of, example) = example(&line).map_err(wrong)?;
                examples.add(of, example);
            }
        }
        if lines == 0 {
            return Err(DecisionsError::Line {
                path: path.to_owned(),
                line: 1,
                why: "the file is empty; `silsila export --decisions` writes one".to_owned(),
            });
        }
        Ok(examples)
    }
}

fn check_header(line: &str) -> Result<(), String> {
    let header: KnownHeader = serde_json::from_str(line)
        .map_err(|error| format!("not the first line of an export of decisions ({error})"))?;
    if header.kind != "decisions" {
        return Err(format!(
            "this is an export of type {:?}, not of decisions; write one with `silsila export --decisions`",
            header.kind
        ));
    }
    match header.format {
        FORMAT => Ok(()),
        other => Err(format!(
            "format {other} is not known, only {FORMAT}; export the decisions again"
        )),
    }
}

fn example(line: &str) -> Result<(Of, Example), String> {
    let known: KnownLine = serde_json::from_str(line).map_err(|error| error.to_string())?;
    if known.kind != "example" {
        return Err(format!("a line of type {:?} does not belong here", known.kind));
    }
    if !(known.weight > 0.0 && known.weight <= 1.0) {
        return Err(format!(
            "`weight` is {}; it must be more than 0 and at most 1",
            known.weight
        ));
    }
    let mut signals = Vec::new();
    for name in known.function.names() {
        let signal = known.signals.get(*name).ok_or(format!(
            "`signals` lacks {name:?}; the file was made by another version, export the decisions again"
        ))?;
        signals.push(f64::from(*signal));
    }
    if known.signals.len() > signals.len() {
        let more = known
            .signals
            .keys()
            .filter(|name| !known.function.names().contains(&name.as_str()));
        let mut more: Vec<&str> = more.map(String::as_str).collect();
        more.sort_unstable();
        return Err(format!(
            "`signals` has {more:?}, which this program does not compute; export the decisions again"
        ));
    }
    Ok((
        known.function,
        Example {
            decision: known.decision,
            together: known.together,
            weight: known.weight,
            signals,
        },
    ))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::story::signals::NAMES;

    const FIRST: &str = r#"{"type":"decisions","format":1}"#;

    fn line(decision: &str, together: bool) -> String {
        let signals: BTreeMap<&str, f32> = NAMES.iter().map(|name| (*name, 0.25)).collect();
        serde_json::json!({
            "type": "example", "function": "pairs", "decision": decision, "together": together, "weight": 0.5,
            "signals": signals, "sides": []
        })
        .to_string()
    }

    fn read(lines: &[String]) -> Result<Examples, DecisionsError> {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("decided.jsonl");
        std::fs::write(&path, lines.join("\n")).expect("written");
        Examples::read(&[path])
    }

    #[test]
    fn a_broken_line_is_refused_by_its_number_and_its_fault() {
        let good = line("a/1", true);
        assert_eq!(read(&[FIRST.to_owned(), good.clone()]).expect("read").pairs.len(), 1);
        let cut = good[..good.len() / 2].to_owned();
        for (second, said) in [
            (cut, "EOF"),
            (good.replace("\"crowd\"", "\"crowds\""), "lacks \"crowd\""),
            (good.replace("\"signals\":{", "\"signals\":{\"more\":1,"), "[\"more\"]"),
            (good.replace("0.5", "-0.5"), "`weight` is -0.5"),
            (good.replace("\"pairs\"", "\"trios\""), "trios"),
            (good.replace("\"together\":true", "\"together\":\"yes\""), "yes"),
            (good.replace("\"example\"", "\"story\""), "does not belong here"),
        ] {
            assert_ne!(second, good);
            let refused = read(&[FIRST.to_owned(), good.clone(), second])
                .expect_err(said)
                .to_string();
            assert!(
                refused.contains("decided.jsonl line 3: ") && refused.contains(said),
                "{said}: {refused}"
            );
        }
        for (first, said) in [
            (r#"{"type":"export","format":1}"#, "silsila export --decisions"),
            (r#"{"type":"decisions","format":7}"#, "format 7"),
            ("nothing", "first line"),
            ("", "first line"),
        ] {
            let refused = read(&[first.to_owned(), good.clone()]).expect_err(said).to_string();
            assert!(
                refused.contains("line 1: ") && refused.contains(said),
                "{said}: {refused}"
            );
        }
        assert!(read(&[]).expect_err("empty").to_string().contains("the file is empty"));
        let missing = Examples::read(&[PathBuf::from("/nowhere.jsonl")]).expect_err("missing");
        assert!(missing.to_string().contains("/nowhere.jsonl"), "{missing}");
    }

    #[test]
    fn of_a_decision_in_two_files_the_later_counts_as_a_whole() {
        let dir = tempfile::tempdir().expect("a folder");
        let files = ["early.jsonl", "late.jsonl"].map(|name| dir.path().join(name));
        let early = [
            FIRST.to_owned(),
            line("a/1", true),
            line("a/1", true),
            line("b/1", true),
        ];
        std::fs::write(&files[0], early.join("\n")).expect("written");
        std::fs::write(&files[1], [FIRST.to_owned(), line("a/1", false)].join("\n")).expect("written");
        let examples = Examples::read(&files).expect("read");
        let found: Vec<(&str, bool)> = examples
            .pairs
            .iter()
            .map(|example| (example.decision.as_str(), example.together))
            .collect();
        assert_eq!(found, [("b/1", true), ("a/1", false)]);
        assert_eq!(examples.decisions(), BTreeSet::from(["a/1", "b/1"]));
    }
}
