//! `silsila backup` and `silsila restore`: the store as one file, and back.

use std::path::PathBuf;
use std::process::ExitCode;

use chrono::Utc;
use indicatif::ProgressBar;
use serde_json::json;

use crate::cli::{Failure, data_dir, progress, status};
use crate::config::Settings;
use crate::store::backup::{self, Summary};

/// Copies the store to one file, also beside a running service; never overwrites
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The file to write, or a folder, in which it is named after the time (silsila-20261125T120000Z.db)
    #[arg(value_name = "FILE-or-DIR")]
    to: PathBuf,
    /// Where the store is; without it the user's data folder
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Give back the room of what was dropped; takes longer
    #[arg(long)]
    compact: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Checks a backup and puts it into a data folder that no service uses
#[derive(Debug, clap::Args)]
pub struct RestoreArguments {
    /// What `silsila backup` wrote
    #[arg(value_name = "BACKUP")]
    backup: PathBuf,
    /// Where to put it; without it the user's data folder
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Move a store that is there aside, into a folder `replaced-TIME` beside it
    #[arg(long)]
    force: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(arguments: &Arguments, settings: &Settings) -> ExitCode {
    status(back_up(arguments, settings))
}

/// Runs the command.
pub fn restore(arguments: &RestoreArguments, settings: &Settings) -> ExitCode {
    status(put_back(arguments, settings))
}

fn back_up(arguments: &Arguments, settings: &Settings) -> Result<(), Failure> {
    let dir = data_dir(arguments.data_dir.as_ref(), settings)?;
    let mut bar: Option<ProgressBar> = None;
    let made = backup::backup(
        &dir,
        &arguments.to,
        arguments.compact,
        Utc::now(),
        &mut |remaining, pages| {
            let bar = bar.get_or_insert_with(|| progress(pages, "pages"));
            bar.set_position(pages.saturating_sub(remaining));
        },
    );
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    let made = made?;
    match arguments.json {
        true => println!("{}", serde_json::to_string(&made)?),
        false => println!("{} holds {}", made.file.display(), content(&made)),
    }
    Ok(())
}

fn put_back(arguments: &RestoreArguments, settings: &Settings) -> Result<(), Failure> {
    let dir = data_dir(arguments.data_dir.as_ref(), settings)?;
    let (found, aside) = backup::restore(&arguments.backup, &dir, arguments.force, Utc::now())?;
    if arguments.json {
        println!("{}", json!({"restored": found, "data_dir": dir, "moved_aside": aside}));
        return Ok(());
    }
    println!("{} holds {}", dir.display(), content(&found));
    if let Some(aside) = aside {
        println!("what was there is in {}", aside.display());
    }
    Ok(())
}

fn content(summary: &Summary) -> String {
    let Summary {
        bytes,
        schema,
        articles,
        change,
        ..
    } = summary;
    format!("{articles} articles up to change {change} (schema {schema}, {bytes} bytes, every page checked)")
}
