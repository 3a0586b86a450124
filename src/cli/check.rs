//! `silsila check`: whether store, change log and what is derived from them agree; makes anew what can be.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use chrono::Utc;
use serde::Serialize;

use crate::cli::{Failure, data_dir};
use crate::config::Settings;
use crate::pipeline::derived;
use crate::store::Store;
use crate::store::check::{Checked, Part, Repaired};
use crate::story::labels::Rules;

/// Checks that store, change log and derived files agree; exit status 0 when they do, else 1
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Where the store is; without it the user's data folder. A service may be running on it, unless it is to be repaired
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Make anew what follows from the articles: full-text index, counts and labels of stories, derived files
    #[arg(long)]
    repair: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// What the command prints as JSON.
#[derive(Serialize)]
struct Report {
    ok: bool,
    checks: Vec<Checked>,
    #[serde(skip_serializing_if = "Option::is_none")]
    repaired: Option<Repairs>,
}

/// What was made anew.
#[derive(Serialize)]
struct Repairs {
    #[serde(flatten)]
    repaired: Repaired,
    /// Whether derived files were taken away, to be made at the next start.
    discarded: bool,
}

/// Runs the command.
pub fn run(arguments: &Arguments, settings: &Settings) -> ExitCode {
    match check(arguments, settings) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("silsila: {error}");
            ExitCode::FAILURE
        }
    }
}

fn check(arguments: &Arguments, settings: &Settings) -> Result<bool, Failure> {
    let dir = data_dir(arguments.data_dir.as_ref(), settings)?;
    // Read first: a folder without a store is not to become one, and damaged pages are not to be written.
    let store = Store::open_to_read(&dir)?;
    let checks = look(&dir, &store)?;
    let wrong: Vec<Part> = checks.iter().filter(|one| !one.ok).map(|one| one.part).collect();
    if !arguments.repair || wrong.contains(&Part::Database) {
        return tell(arguments, checks, None);
    }
    drop(store);
    let store = Store::open(&dir)?;
    let rules = Rules {
        names: settings.names,
        importance: settings.importance,
    };
    let repaired = store.repair(&wrong, &rules, Utc::now())?;
    let repaired = Repairs {
        repaired,
        discarded: wrong.contains(&Part::Derived) && derived::discard(&dir)?,
    };
    let checks = match wrong.is_empty() {
        true => checks,
        false => look(&dir, &store)?,
    };
    tell(arguments, checks, Some(repaired))
}

fn look(dir: &Path, store: &Store) -> Result<Vec<Checked>, Failure> {
    let mut checks = store.check()?;
    checks.push(derived::check(dir, store));
    Ok(checks)
}

fn tell(arguments: &Arguments, checks: Vec<Checked>, repaired: Option<Repairs>) -> Result<bool, Failure> {
    let report = Report {
        ok: checks.iter().all(|one| one.ok),
        checks,
        repaired,
    };
    match arguments.json {
        true => println!("{}", serde_json::to_string(&report)?),
        false => print(&report),
    }
    Ok(report.ok)
}

fn print(report: &Report) {
    for Checked {
        part,
        ok,
        found,
        troubles,
        more,
    } in &report.checks
    {
        println!("{} {}: {found}", if *ok { "ok     " } else { "TROUBLE" }, part.name());
        for trouble in troubles {
            println!("        {trouble}");
        }
        if *more > 0 {
            println!("        and {more} more");
        }
        if !ok {
            println!("        -> {}", part.remedy());
        }
    }
    if let Some(Repairs { repaired, discarded }) = &report.repaired {
        let Repaired { indexed, counted } = repaired;
        match (indexed, counted, discarded) {
            (0, 0, false) => println!("There was nothing to repair."),
            _ => println!(
                "Repaired: {indexed} articles are indexed anew, {counted} stories counted and labelled anew{}.",
                match discarded {
                    true => ", derived files taken away (they are made at the next start)",
                    false => "",
                }
            ),
        }
    }
    println!(
        "{}",
        match report.ok {
            true => "Everything agrees.",
            false => "Something does not agree, see above.",
        }
    );
}
