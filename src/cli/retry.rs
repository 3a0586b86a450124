//! `silsila retry`: articles that could not be placed, tried again.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use crate::article::ArticleId;
use crate::config::Settings;
use crate::pipeline::{Intake, Pipeline};
use crate::store::read::PER_PAGE;

/// How long is waited for a service's answer.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Tries articles again that could not be placed
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Ids of articles; without any, all that have failed
    #[arg(value_name = "ID")]
    ids: Vec<String>,
    /// Where the store is; without it, the configured or the user's data folder
    #[arg(long, value_name = "DIR", conflicts_with = "server")]
    data_dir: Option<PathBuf>,
    /// A running service, such as http://127.0.0.1:8080; it tries again in its own time
    #[arg(long, value_name = "URL")]
    server: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// What came of it.
#[derive(Debug, Default, Serialize)]
struct Report {
    /// Articles that were taken into the queue again.
    retried: Vec<String>,
    /// Those that failed again, with the reason; only known of a data folder.
    failed: Vec<Failed>,
    /// Ids that were not tried, with the reason.
    refused: Vec<Failed>,
}

#[derive(Debug, Serialize)]
struct Failed {
    id: String,
    reason: String,
}

/// Runs the command: 0 when all were tried and none failed again, 2 when some were, 1 when nothing could be done.
pub fn run(arguments: &Arguments, settings: &Settings) -> ExitCode {
    let result = match &arguments.server {
        Some(server) => at_service(server.trim_end_matches('/'), &arguments.ids),
        None => match &arguments.data_dir {
            Some(dir) => in_folder(dir, settings, &arguments.ids),
            None => settings
                .data_dir()
                .map_err(|error| error.to_string())
                .and_then(|dir| in_folder(&dir, settings, &arguments.ids)),
        },
    };
    let report = match result {
        Ok(report) => report,
        Err(error) => {
            eprintln!("silsila: {error}");
            return ExitCode::FAILURE;
        }
    };
    if arguments.json {
        println!("{}", serde_json::to_value(&report).unwrap_or_default());
    } else {
        let what = if arguments.server.is_some() {
            "wait to be placed again"
        } else {
            "were tried again"
        };
        println!("{} articles {what}", report.retried.len());
        for one in &report.failed {
            println!("failed again: {} ({})", one.id, one.reason);
        }
        for one in &report.refused {
            println!("not tried: {} ({})", one.id, one.reason);
        }
    }
    match (report.retried.is_empty(), report.failed.len() + report.refused.len()) {
        (_, 0) => ExitCode::SUCCESS,
        (true, _) => ExitCode::FAILURE,
        (false, _) => ExitCode::from(2),
    }
}

fn in_folder(dir: &Path, settings: &Settings, ids: &[String]) -> Result<Report, String> {
    let pipeline = Pipeline::open(Arc::new(settings.clone()), dir).map_err(|error| error.to_string())?;
    let store = pipeline.store();
    let asked: Vec<ArticleId> = ids.iter().map(|id| id.as_str().into()).collect();
    let retried = pipeline.retry(&asked).map_err(|error| error.to_string())?;
    while !pipeline.wait_placed(&retried, Duration::from_secs(1)) {
        if let Some(trouble) = pipeline.trouble() {
            return Err(trouble);
        }
    }
    let mut report = Report::default();
    for id in &retried {
        let article = store.article(id.as_str()).map_err(|error| error.to_string())?;
        if let Some(reason) = article.filter(|one| one.state == "failed").and_then(|one| one.error) {
            report.failed.push(Failed {
                id: id.0.clone(),
                reason,
            });
        }
    }
    let taken: BTreeSet<&str> = retried.iter().map(ArticleId::as_str).collect();
    for id in ids.iter().filter(|id| !taken.contains(id.as_str())) {
        let article = store.article(id).map_err(|error| error.to_string())?;
        let reason = article.map_or_else(
            || "there is no such article".to_owned(),
            |one| format!("it is {}", one.state),
        );
        report.refused.push(Failed { id: id.clone(), reason });
    }
    report.retried = retried.into_iter().map(|id| id.0).collect();
    Ok(report)
}

fn at_service(server: &str, ids: &[String]) -> Result<Report, String> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(TIMEOUT))
        .build()
        .into();
    let ids = match ids {
        [] => failed_at(&agent, server)?,
        some => some.to_vec(),
    };
    let mut report = Report::default();
    for id in ids {
        let mut address = url::Url::parse(server).map_err(|error| format!("{server}: {error}"))?;
        match address.path_segments_mut() {
            Ok(mut path) => drop(path.pop_if_empty().extend(["v1", "articles", id.as_str(), "retry"])),
            Err(()) => return Err(format!("{server} is no address of a service")),
        }
        let mut answer = agent
            .post(address.as_str())
            .send_empty()
            .map_err(|error| format!("{server}: {error}"))?;
        if answer.status().is_success() {
            report.retried.push(id);
            continue;
        }
        let problem: Value = answer.body_mut().read_json().unwrap_or_default();
        let reason = problem.get("detail").and_then(Value::as_str).unwrap_or("it refused");
        report.refused.push(Failed {
            id,
            reason: reason.to_owned(),
        });
    }
    Ok(report)
}

/// All articles of a service that could not be placed.
fn failed_at(agent: &ureq::Agent, server: &str) -> Result<Vec<String>, String> {
    let (mut ids, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let mut query = url::form_urlencoded::Serializer::new(format!("per_page={PER_PAGE}"));
        if let Some(cursor) = &cursor {
            query.append_pair("cursor", cursor);
        }
        let mut answer = agent
            .get(format!("{server}/v1/failed?{}", query.finish()))
            .call()
            .map_err(|error| format!("{server}: {error}"))?;
        let status = answer.status();
        let page: Value = answer
            .body_mut()
            .read_json()
            .map_err(|error| format!("{server}: {error}"))?;
        let Some(items) = page.get("items").and_then(Value::as_array) else {
            return Err(format!("{server} answered {status}: {page}"));
        };
        let found = items.iter().filter_map(|one| one.get("article_id")?.as_str());
        ids.extend(found.map(str::to_owned));
        cursor = page.get("next_cursor").and_then(Value::as_str).map(str::to_owned);
        if cursor.is_none() {
            return Ok(ids);
        }
    }
}
