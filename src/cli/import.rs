//! `silsila import`: what `silsila export` wrote, into a data folder of its own.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::PathBuf;
use std::process::ExitCode;

use crate::cli::counter::{Counter, Lines};
use crate::cli::{Failure, data_dir, status};
use crate::config::Settings;
use crate::source::maybe_gunzip;
use crate::store::transfer::{Imported, import};

/// Bytes that are read at once.
const BUFFER: usize = 1 << 16;

/// Makes a new data folder of an export: the same stories, ids, corrections, watches and change log, without the model
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// What `silsila export` wrote, plain or compressed; - or nothing for standard input
    #[arg(value_name = "FILE", default_value = "-")]
    from: PathBuf,
    /// The folder, which must be empty or not there; without it the user's data folder
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(arguments: &Arguments, settings: &Settings) -> ExitCode {
    status(take_in(arguments, settings))
}

fn take_in(arguments: &Arguments, settings: &Settings) -> Result<(), Failure> {
    let dir = data_dir(arguments.data_dir.as_ref(), settings)?;
    let name = arguments.from.display();
    let raw: Box<dyn Read + Send> = match arguments.from.as_os_str() == "-" {
        true => Box::new(io::stdin()),
        false => Box::new(File::open(&arguments.from).map_err(|error| format!("{name}: {error}"))?),
    };
    let lines = maybe_gunzip(BufReader::with_capacity(BUFFER, raw)).map_err(|error| format!("{name}: {error}"))?;
    let mut counter = Counter::new("lines", true);
    let counted = Lines {
        inner: lines,
        counter: &mut counter,
    };
    let imported = import(BufReader::with_capacity(BUFFER, counted), &dir);
    counter.finish();
    let imported = imported?;
    match arguments.json {
        true => println!("{}", serde_json::to_string(&imported)?),
        false => tell(&imported, &dir.display().to_string()),
    }
    Ok(())
}

fn tell(imported: &Imported, dir: &str) {
    let Imported {
        articles,
        stories,
        corrections,
        watches,
        change,
        without_secret,
        ..
    } = imported;
    println!(
        "{dir} holds {articles} articles, {stories} stories, {corrections} corrections and {watches} watches up to change {change}; everything agrees."
    );
    if !without_secret.is_empty() {
        println!(
            "The export has no secrets (`silsila export --secrets` writes them): {} post nothing until you rotate the secret, give it to the receiver, and resume the watch. All feeds have new addresses.",
            without_secret.join(", ")
        );
    }
}
