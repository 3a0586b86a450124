//! `silsila token`: makes, lists and revokes tokens. A running service notices within a second.

use std::path::PathBuf;
use std::process::ExitCode;

use chrono::{SecondsFormat, Utc};
use clap::Subcommand;
use serde_json::json;

use super::{Failure, data_dir, status};
use crate::config::Settings;
use crate::publish::access::tokens::{self, Role};
use crate::publish::access::tokens_file;

/// What can be done with tokens.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a token and print it, once: only its digest is kept
    Add {
        /// read: read everything but refused inputs; ingest: hand in articles, and nothing else; edit: read, and make
        /// corrections; admin: everything
        #[arg(long)]
        role: Role,
        /// Who has it: the author of its corrections, and its name in logs; without it ROLE-NUMBER
        #[arg(long)]
        name: Option<String>,
        #[command(flatten)]
        place: Place,
    },
    /// Say which tokens there are
    List {
        #[command(flatten)]
        place: Place,
    },
    /// Take a token out
    Revoke {
        /// Its name
        name: String,
        #[command(flatten)]
        place: Place,
    },
}

/// Which tokens, and how to print.
#[derive(Debug, clap::Args)]
pub struct Place {
    /// Where the store is; without it the user's data folder. Not looked at when publish.tokens_file is set
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(command: &Command, settings: &Settings) -> ExitCode {
    status(carry_out(command, settings))
}

fn carry_out(command: &Command, settings: &Settings) -> Result<(), Failure> {
    let (Command::Add { place, .. } | Command::List { place } | Command::Revoke { place, .. }) = command;
    let file = match settings.publish.tokens_file.as_os_str().is_empty() {
        true => tokens_file(&settings.publish, &data_dir(place.data_dir.as_ref(), settings)?),
        false => settings.publish.tokens_file.clone(),
    };
    match command {
        Command::Add { role, name, .. } => {
            let (name, text) = tokens::add(&file, *role, name.as_deref(), Utc::now())?;
            if place.json {
                println!("{}", json!({"name": name, "role": role, "token": text}));
            } else {
                println!("{text}");
                eprintln!(
                    "The token {name:?} with the role `{}`. It is shown this once; {} keeps its digest.",
                    role.name(),
                    file.display()
                );
            }
        }
        Command::List { .. } => {
            let tokens = tokens::read(&file)?;
            if place.json {
                let rows: Vec<_> = tokens
                    .iter()
                    .map(|token| json!({"name": token.name, "role": token.role, "created": token.created}))
                    .collect();
                println!("{}", json!({"file": file, "tokens": rows}));
            } else if tokens.is_empty() {
                println!("There is no token in {}.", file.display());
            } else {
                for token in tokens {
                    let created = token.created.to_rfc3339_opts(SecondsFormat::Secs, true);
                    println!("{:8} {created}  {}", token.role.name(), token.name);
                }
            }
        }
        Command::Revoke { name, .. } => {
            tokens::revoke(&file, name)?;
            if place.json {
                println!("{}", json!({"revoked": name}));
            } else {
                println!("{name:?} is revoked.");
            }
        }
    }
    Ok(())
}
