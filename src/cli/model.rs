//! `silsila model fetch`: gets ONNX Runtime and the model into the cache folder.

use std::process::ExitCode;

use clap::Subcommand;

use crate::config::Settings;
use crate::embed::model::fetch;

/// What can be done with models.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Download ONNX Runtime and the model, once (about 110 MB; 200 MB on disk)
    Fetch {
        /// Make them anew although they are there
        #[arg(long)]
        force: bool,
        /// Print where they are as one JSON object
        #[arg(long)]
        json: bool,
    },
}

/// Runs the command.
pub fn run(settings: &Settings, command: &Command) -> ExitCode {
    let Command::Fetch { force, json } = command;
    match fetch::fetch(&settings.embed, *force, &mut |step| eprintln!("{step}")) {
        Ok(fetched) => {
            if *json {
                println!("{}", serde_json::json!(fetched));
            } else {
                let said = if fetched.changed { "Ready" } else { "Already there" };
                println!(
                    "{said}: {}\n       {}",
                    fetched.runtime.display(),
                    fetched.model.display()
                );
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("silsila: {error}");
            ExitCode::FAILURE
        }
    }
}
