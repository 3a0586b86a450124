//! The command line: one file a command. Reads arguments, calls the stages, prints; decides nothing.

mod doctor;
mod model;
mod ingest;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

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
    }
}
