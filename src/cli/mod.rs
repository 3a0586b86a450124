//! The command line: one file a command. Reads arguments, calls the stages, prints; decides nothing.

mod backup;
mod check;
mod collection;
mod counter;
mod doctor;
mod export;
mod import;
mod ingest;
mod log;
mod model;
mod replay;
mod retry;
mod serve;
mod timeline;
mod token;
mod train;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::config::Settings;

/// Stories and timelines from the news, in any language.
#[derive(Debug, Parser)]
#[command(name = "silsila", version, about)]
struct Arguments {
    /// Settings that override the built-in ones (config/default.toml explains every key)
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Say what is there, what is missing, and how to get it
    Doctor {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Models
    Model {
        #[command(subcommand)]
        command: model::Command,
    },
    /// Puts texts, pages and JSON into the data folder or a running service
    Ingest(ingest::Arguments),
    Export(export::Arguments),
    Import(import::Arguments),
    Backup(backup::Arguments),
    Restore(backup::RestoreArguments),
    Check(check::Arguments),
    Replay(replay::Arguments),
    Retry(retry::Arguments),
    Serve(serve::Arguments),
    Reembed(serve::ReembedArguments),
    Timeline(timeline::Arguments),
    Train(train::Arguments),
    /// Tokens: who may read, hand in, edit, administer
    Token {
        #[command(subcommand)]
        command: token::Command,
    },
}

/// Runs the command line and answers with the exit status.
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    let settings = match Settings::load(arguments.config.as_deref()) {
        Ok(settings) => settings,
        Err(error) => {
            eprintln!("silsila: {error}");
            return ExitCode::FAILURE;
        }
    };
    match arguments.command {
        Command::Doctor { json } => doctor::run(&settings, json),
        Command::Model { command } => model::run(&settings, &command),
        Command::Ingest(arguments) => ingest::run(&arguments, &settings),
        Command::Export(arguments) => export::run(&arguments, &settings),
        Command::Import(arguments) => import::run(&arguments, &settings),
        Command::Backup(arguments) => backup::run(&arguments, &settings),
        Command::Restore(arguments) => backup::restore(&arguments, &settings),
        Command::Check(arguments) => check::run(&arguments, &settings),
        Command::Replay(arguments) => replay::run(&arguments, &settings),
        Command::Retry(arguments) => retry::run(&arguments, &settings),
        Command::Serve(arguments) => serve::run(&arguments, &settings),
        Command::Reembed(arguments) => serve::reembed(&arguments, &settings),
        Command::Token { command } => token::run(&command, &settings),
        Command::Timeline(arguments) => timeline::run(&arguments, &settings),
        Command::Train(arguments) => train::run(&arguments, &settings),
    }
}

type Failure = Box<dyn std::error::Error>;

/// The data folder of a flag or, without it, of the settings.
fn data_dir(given: Option<&PathBuf>, settings: &Settings) -> Result<PathBuf, Failure> {
    Ok(match given {
        Some(dir) => dir.clone(),
        None => settings.data_dir()?,
    })
}

/// The exit status of a command, with the error on standard error.
fn status(result: Result<(), Failure>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("silsila: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A progress bar on standard error; hidden when that is no terminal.
fn progress(length: u64, of: &str) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr());
    if let Ok(style) =
        ProgressStyle::with_template(&format!("{{bar:30}} {{pos}}/{{len}} {of} ({{per_sec}}), {{eta}} left"))
    {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
