//! `silsila train`: weights from editors' decisions, and whether they are worth their use.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::ExitCode;

use serde::Serialize;

use crate::cli::{Failure, data_dir, progress};
use crate::config::Settings;
use crate::pipeline::decisions::{self, Examples};
use crate::pipeline::taught;
use crate::store::Store;
use crate::story::learn::{self, Figures, Judged, LEAST_DECISIONS};
use crate::story::lessons::{Of, Ruling};
use crate::story::propose::{self, Candidate, Changes, Material, Trial};
use crate::story::weights::{Function, Weights};

/// Learns the weights that join articles and stories anew from what editors decided, and shows what that would change. Puts
/// nothing to use: that is what the setting story.weights is for
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The store whose articles are grouped again; without it the user's data folder. A service may be running on it
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Files of `silsila export --decisions`, of several stores if you like; without them the store's own decisions
    #[arg(long = "from", value_name = "FILE", num_args = 1..)]
    files: Vec<PathBuf>,
    /// Where to write the weights that are proposed
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write the whole fit when nothing is proposed
    #[arg(long, requires = "out")]
    anyway: bool,
    /// What pulls towards the weights in use, in decisions
    #[arg(long, value_name = "DECISIONS", default_value_t = learn::PENALTY)]
    penalty: f64,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// What was found.
#[derive(Debug, Serialize)]
struct Report {
    /// Decisions with examples.
    decisions: usize,
    /// Corrections of the store that stand and have none.
    without_examples: usize,
    penalty: f64,
    /// Why nothing can be judged; null when it can.
    cannot_judge: Option<String>,
    pairs: Judged,
    groups: Judged,
    /// The store's articles grouped again; null when nothing can be judged.
    stories: Option<Trial>,
    /// Each number in use, by the whole fit, and as it is proposed.
    weights: Vec<Change>,
    /// Whether weights are proposed.
    proposed: bool,
    /// The file that was written.
    written: Option<PathBuf>,
}

/// A number of the weights.
#[derive(Debug, Serialize)]
struct Change {
    function: Of,
    signal: String,
    in_use: f64,
    fitted: f64,
    proposed: Option<f64>,
}

/// Runs the command.
pub fn run(arguments: &Arguments, settings: &Settings) -> ExitCode {
    match train(arguments, settings) {
        Ok(report) => {
            if arguments.json {
                println!("{}", serde_json::json!(report));
            } else {
                print(&report);
            }
            if arguments.out.is_some() && report.written.is_none() {
                eprintln!("silsila: nothing was written, since nothing is proposed; --anyway writes the whole fit");
                return ExitCode::FAILURE;
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("silsila: {error}");
            ExitCode::FAILURE
        }
    }
}

fn train(arguments: &Arguments, settings: &Settings) -> Result<Report, Failure> {
    if !(arguments.penalty > 0.0 && arguments.penalty.is_finite()) {
        return Err(format!("--penalty is {}; it must be more than 0", arguments.penalty).into());
    }
    let in_use = Weights::of(&settings.story.weights)?;
    // A file that cannot be used is told before anything takes time.
    let given = match arguments.files.as_slice() {
        [] => None,
        files => Some(Examples::read(files)?),
    };
    let store = Store::open_to_read(&data_dir(arguments.data_dir.as_ref(), settings)?)?;
    let bar = progress(store.totals()?.articles, "articles");
    let taught = taught::go_through(&store, settings, &in_use, true, || bar.inc(1))?;
    bar.finish_and_clear();
    let examples = given.unwrap_or_else(|| Examples::of(&taught));
    let named: BTreeSet<&str> = examples.decisions();
    if named.is_empty() {
        return Err(
            "there is nothing to learn from: no correction that stands says which articles belong together".into(),
        );
    }
    let material = Material {
        pairs: &examples.pairs,
        groups: &examples.groups,
        penalty: arguments.penalty,
    };
    let judge = |of: Of, function: &Function, examples: &[_], threshold: f64| {
        learn::judge(function, of.signs(), examples, arguments.penalty, threshold)
    };
    let rules = &settings.story;
    let rulings: BTreeMap<String, &Ruling> = taught
        .rulings
        .rulings
        .iter()
        .map(|stored| {
            (
                decisions::name(&taught.rulings.store, stored.ruling.number),
                &stored.ruling,
            )
        })
        .collect();
    let cannot_judge = match (named.len(), rulings.len()) {
        (few, _) if few < LEAST_DECISIONS => Some(format!(
            "{} {} too few to judge by: at least {LEAST_DECISIONS} are needed",
            counted(few, "decision"),
            if few == 1 { "is" } else { "are" }
        )),
        (_, few) if few < LEAST_DECISIONS => Some(format!(
            "{} about the articles of this store {} too few to judge by: at least {LEAST_DECISIONS} are needed",
            counted(few, "decision"),
            if few == 1 { "is" } else { "are" }
        )),
        _ => None,
    };
    let stories = match cannot_judge {
        Some(_) => None,
        None => {
            let bar = progress(propose::times() as u64, "times grouped again");
            let both = (&settings.story, &settings.index);
            let trial = propose::try_out(&taught.recorded, &rulings, &material, &in_use, both, || bar.inc(1))?;
            bar.finish_and_clear();
            Some(trial)
        }
    };
    let chosen: Option<&Candidate> = stories.as_ref().and_then(|trial| trial.candidates.get(trial.proposed?));
    let fitted = material.fit(&in_use);
    let mut written = None;
    if let Some(path) = &arguments.out
        && (chosen.is_some() || arguments.anyway)
    {
        let (weights, how) = match chosen {
            Some(candidate) => (&candidate.weights, said(candidate)),
            None => (&fitted, "both, the whole way, not proposed".to_owned()),
        };
        let weights = Weights {
            trained_on: format!(
                "{}; then {} of editors ({how}, penalty {})",
                in_use.trained_on,
                counted(named.len(), "decision"),
                arguments.penalty
            ),
            ..weights.clone()
        };
        std::fs::write(path, weights.to_json()?).map_err(|error| format!("{}: {error}", path.display()))?;
        written = Some(path.clone());
    }
    Ok(Report {
        decisions: named.len(),
        without_examples: taught.teach_nothing().len(),
        penalty: arguments.penalty,
        cannot_judge,
        pairs: judge(Of::Pairs, &in_use.pairs, &examples.pairs, rules.link),
        groups: judge(Of::Groups, &in_use.groups, &examples.groups, rules.join),
        weights: changes(&in_use, &fitted, chosen.map(|candidate| &candidate.weights)),
        proposed: chosen.is_some(),
        stories,
        written,
    })
}

/// Every number of both functions.
fn changes(in_use: &Weights, fitted: &Weights, proposed: Option<&Weights>) -> Vec<Change> {
    let numbers = |of: Of, weights: &Weights| -> Vec<(String, f64)> {
        let function = match of {
            Of::Pairs => &weights.pairs,
            Of::Groups => &weights.groups,
        };
        let signals = function
            .signals
            .iter()
            .map(|signal| (signal.signal.clone(), signal.weight));
        [("intercept".to_owned(), function.intercept)]
            .into_iter()
            .chain(signals)
            .collect()
    };
    let mut changes = Vec::new();
    for of in [Of::Pairs, Of::Groups] {
        let after = proposed.map(|weights| numbers(of, weights)).unwrap_or_default();
        for (at, ((signal, in_use), (_, fitted))) in
            numbers(of, in_use).into_iter().zip(numbers(of, fitted)).enumerate()
        {
            changes.push(Change {
                function: of,
                signal,
                in_use,
                fitted,
                proposed: after.get(at).map(|(_, number)| *number),
            });
        }
    }
    changes
}

fn said(candidate: &Candidate) -> String {
    let which = match candidate.changes {
        Changes::Both => "both functions",
        Changes::Pairs => "pairs alone",
        Changes::Groups => "groups alone",
    };
    format!("{which}, {} of the way", candidate.share)
}

/// "1 decision", "20 decisions".
fn counted(number: usize, one: &str) -> String {
    let end = if number == 1 { "" } else { "s" };
    format!("{number} {one}{end}")
}

fn print(report: &Report) {
    let stands = match report.decisions {
        1 => "stands and teaches",
        _ => "stand and teach",
    };
    let does = if report.without_examples == 1 { "does" } else { "do" };
    println!(
        "{} {stands} something, {} more {does} not (their articles were never compared, or their vectors are gone).",
        counted(report.decisions, "decision"),
        report.without_examples
    );
    for (name, judged) in [("pairs of articles", &report.pairs), ("groups", &report.groups)] {
        println!(
            "\n{name}: {}, {}, {:.0} % together",
            counted(judged.decisions, "decision"),
            counted(judged.examples, "example"),
            100.0 * judged.together
        );
        let (Some(folds), Some(gain)) = (judged.folds, judged.gain) else {
            // Figures of so few would look like something that they are not.
            println!("  too few decisions for figures: at least {LEAST_DECISIONS} are needed");
            continue;
        };
        let area = |figures: &Figures| {
            figures
                .area_under_roc
                .map_or("-".to_owned(), |area| format!("{area:.3}"))
        };
        println!("  {:<22} {:>9} {:>9} {:>9}", "", "log loss", "accuracy", "ROC area");
        let mut rows = vec![("in use", &judged.in_use)];
        rows.extend(judged.proposed.as_ref().map(|figures| ("fitted, held out", figures)));
        for (name, figures) in rows {
            println!(
                "  {name:<22} {:>9.3} {:>9.3} {:>9}",
                figures.log_loss,
                figures.accuracy,
                area(figures)
            );
        }
        println!(
            "  by {folds} folds of whole decisions; the log loss falls by {:.3} ({:.3} to {:.3})",
            gain.mean, gain.low, gain.high
        );
    }
    println!("\n  {:<32} {:>8} {:>8} {:>9}", "weight", "in use", "fitted", "proposed");
    for change in &report.weights {
        let function = match change.function {
            Of::Pairs => "pairs",
            Of::Groups => "groups",
        };
        println!(
            "  {:<32} {:>8.3} {:>8.3} {:>9}",
            format!("{function} {}", change.signal),
            change.in_use,
            // Not "-0.000".
            (change.fitted * 1000.0).round() / 1000.0 + 0.0,
            change.proposed.map_or("-".to_owned(), |number| format!("{number:.3}"))
        );
    }
    if let Some(trial) = &report.stories {
        println!(
            "\n{} articles grouped again without corrections; of {} decisions right by itself (each by what the other folds teach):",
            trial.articles, trial.decisions
        );
        println!(
            "  {:<32} {:>6} {:>6} {:>6} {:>9} {:>8} {:>8}",
            "", "right", "+", "-", "elsewhere", "stories", "largest"
        );
        println!(
            "  {:<32} {:>6} {:>6} {:>6} {:>9} {:>8} {:>8}",
            "in use", trial.right_in_use, "", "", "", trial.stories_in_use, trial.largest_in_use
        );
        for candidate in &trial.candidates {
            println!(
                "  {:<32} {:>6} {:>6} {:>6} {:>9} {:>8} {:>8}",
                said(candidate),
                trial.right_in_use + candidate.now_right - candidate.now_wrong,
                candidate.now_right,
                candidate.now_wrong,
                candidate.articles_elsewhere,
                candidate.stories,
                candidate.largest
            );
        }
    }
    println!();
    let chosen = report
        .stories
        .as_ref()
        .and_then(|trial| trial.candidates.get(trial.proposed?));
    match (&report.cannot_judge, chosen) {
        (Some(why), _) => println!("Nothing is proposed: {why}."),
        (None, Some(candidate)) => println!("Proposed: {}.", said(candidate)),
        (None, None) => {
            println!("Nothing is proposed: none of these gets more decisions right than chance would have it.")
        }
    }
    if let Some(path) = &report.written {
        println!(
            "Written: {0}. To use it, set story.weights = {0:?} and start the service anew.",
            path.display().to_string()
        );
    }
}
