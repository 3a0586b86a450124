//! `silsila doctor`: what is there, what is missing, and the exact remedy. Changes nothing.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use serde::Serialize;

use crate::config::Settings;
use crate::embed::model::{self, fetch};
use crate::embed::{self, Graph, runtime};
use crate::story::weights::Weights;

/// Free space below which fetching or a growing store would fail, in MB.
const LEAST_FREE_MB: u64 = 500;

/// One thing looked at.
#[derive(Debug, Serialize)]
struct Check {
    name: &'static str,
    ok: bool,
    /// Whether the service cannot run without it.
    needed: bool,
    found: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

impl Check {
    fn of(name: &'static str, needed: bool, answer: Result<String, (String, String)>) -> Self {
        match answer {
            Ok(found) => Self {
                name,
                ok: true,
                needed,
                found,
                remedy: None,
            },
            Err((found, remedy)) => Self {
                name,
                ok: false,
                needed,
                found,
                remedy: Some(remedy),
            },
        }
    }
}

/// Runs the command; 1 when something that is needed is missing.
pub fn run(settings: &Settings, json: bool) -> ExitCode {
    let checks = checks(settings);
    let well = checks.iter().all(|check| check.ok || !check.needed);
    if json {
        println!(
            "{}",
            serde_json::json!({"ok": well, "checks": checks, "hub_models": embed::fast::hub_models()})
        );
    } else {
        for check in &checks {
            let mark = match (check.ok, check.needed) {
                (true, _) => "ok     ",
                (false, true) => "MISSING",
                (false, false) => "note   ",
            };
            println!("{mark} {}: {}", check.name, check.found);
            if let Some(remedy) = &check.remedy {
                println!("        -> {remedy}");
            }
        }
        print_models();
        println!(
            "{}",
            if well {
                "Everything that is needed is there."
            } else {
                "Something is missing, see above."
            }
        );
    }
    if well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn print_models() {
    println!("models  embed.model: \"{}\" (fetched)", model::DEFAULT);
    let hub = embed::fast::hub_models();
    if hub.is_empty() {
        println!("        this build has no feature `hub`: no other models");
    } else {
        println!(
            "        or \"hub:\" and one of these, where the model hub can be reached: {}",
            hub.join(", ")
        );
    }
}

fn checks(settings: &Settings) -> Vec<Check> {
    let fetched = settings.embed.model == model::DEFAULT;
    let model = model_files(settings);
    let runtime = match runtime::load(&settings.embed) {
        Ok(_) => runtime::path(&settings.embed)
            .map(|path| path.display().to_string())
            .map_err(|error| (error.to_string(), "set embed.cache_dir".to_owned())),
        Err(error) => Err((
            error.to_string(),
            match std::env::var_os("ORT_DYLIB_PATH") {
                Some(_) => {
                    "set ORT_DYLIB_PATH to libonnxruntime.so 1.24 or later, or unset it and run `silsila model fetch`"
                }
                None => "run `silsila model fetch`, or set ORT_DYLIB_PATH to libonnxruntime.so 1.24 or later",
            }
            .to_owned(),
        )),
    };
    // pip is needed only as long as something is still to be fetched.
    let to_fetch = fetched && (model.is_err() || runtime.is_err());
    let pip = fetch::check_pip().map_err(|error| {
        (
            error.to_string(),
            "run `apt-get install python3-pip` (only for `model fetch`)".to_owned(),
        )
    });
    let works = match (&runtime, &model) {
        (Ok(_), Ok(_)) => embeds(settings),
        _ => Err(("not tried".to_owned(), "get what is missing first".to_owned())),
    };
    vec![
        Check::of("Python's pip", to_fetch, pip),
        Check::of("ONNX Runtime", true, runtime),
        Check::of("model", true, model),
        Check::of("embedding", true, works),
        Check::of("story weights", true, weights(settings)),
        Check::of("data folder", true, data_folder(settings)),
        Check::of("disk space", true, disk_space(settings)),
    ]
}

fn model_files(settings: &Settings) -> Result<String, (String, String)> {
    let refetch = "run `silsila model fetch --force`".to_owned();
    if settings.embed.model.starts_with("hub:") {
        return Ok(format!(
            "{} (downloaded from the hub when first used)",
            settings.embed.model
        ));
    }
    if settings.embed.model != model::DEFAULT || settings.embed.graph == Graph::Published {
        let asked = format!("{} as {}", settings.embed.model, settings.embed.graph.name());
        return Err((
            asked,
            format!("set embed.model = \"{}\" and embed.graph = \"f32\"", model::DEFAULT),
        ));
    }
    let cache = settings
        .embed
        .cache_dir()
        .map_err(|error| (error.to_string(), "set embed.cache_dir".to_owned()))?;
    let folder = model::folder(&cache, settings.embed.graph);
    if !folder.join(model::MANIFEST).is_file() {
        return Err((
            format!("not at {}", folder.display()),
            "run `silsila model fetch`".to_owned(),
        ));
    }
    match model::damaged(&folder) {
        Ok(files) if files.is_empty() => Ok(format!("{} (digests agree)", folder.display())),
        Ok(files) => Err((
            format!("{}: missing or changed: {}", folder.display(), files.join(", ")),
            refetch,
        )),
        Err(error) => Err((format!("{}: {error}", folder.display()), refetch)),
    }
}

/// The weights that join articles and stories.
fn weights(settings: &Settings) -> Result<String, (String, String)> {
    let path = &settings.story.weights;
    let found = match path.as_os_str().is_empty() {
        true => "built in".to_owned(),
        false => path.display().to_string(),
    };
    let remedy = || "correct story.weights, or leave it empty".to_owned();
    Weights::of(path)
        .map(|_| found)
        .map_err(|error| (error.to_string(), remedy()))
}

/// Embeds one sentence: what no look at files can tell.
fn embeds(settings: &Settings) -> Result<String, (String, String)> {
    if settings.embed.model.starts_with("hub:") {
        return Ok("not tried: the model may have to be downloaded".to_owned());
    }
    let begin = std::time::Instant::now();
    embed::open(&settings.embed)
        .and_then(|mut embedder| {
            embedder.embed(&["سلسلة".to_owned()])?;
            let identity = embedder.identity();
            let (name, graph, tokens) = (&identity.name, identity.graph.name(), identity.tokens);
            let seconds = begin.elapsed().as_secs_f64();
            Ok(format!(
                "{name}, {graph}, {tokens} tokens, {} dimensions, {seconds:.1} s",
                identity.dimension
            ))
        })
        .map_err(|error| (error.to_string(), "run `silsila model fetch --force`".to_owned()))
}

/// The folder, or the nearest one above it that exists.
fn existing(folder: &Path) -> PathBuf {
    let above = folder.ancestors().find(|path| path.is_dir());
    above
        .filter(|path| !path.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
        .to_owned()
}

fn data_folder(settings: &Settings) -> Result<String, (String, String)> {
    let folder = settings
        .data_dir()
        .map_err(|error| (error.to_string(), "set SILSILA__DATA_DIR".to_owned()))?;
    let there = existing(&folder);
    let trial = there.join(format!(".silsila-doctor-{}", std::process::id()));
    let written = File::create_new(&trial).and_then(|_| fs::remove_file(&trial));
    match written {
        Ok(()) if there == folder => Ok(format!("{} (writable)", folder.display())),
        Ok(()) => Ok(format!("{} (will be made)", folder.display())),
        Err(error) => Err((
            format!("{}: {error}", there.display()),
            format!(
                "run `mkdir -p {0} && chown \"$USER\" {0}`, or choose another with --data-dir",
                folder.display()
            ),
        )),
    }
}

fn disk_space(settings: &Settings) -> Result<String, (String, String)> {
    let folders = [settings.data_dir().ok(), settings.embed.cache_dir().ok()];
    let mut found = Vec::new();
    for folder in folders.into_iter().flatten() {
        let folder = existing(&folder);
        match free_mb(&folder) {
            Some(free) if free < LEAST_FREE_MB => {
                let remedy = format!("make room: at least {LEAST_FREE_MB} MB, or choose another folder");
                return Err((format!("{free} MB free at {}", folder.display()), remedy));
            }
            Some(free) => found.push(format!("{free} MB free at {}", folder.display())),
            None => found.push(format!("unknown at {} (no `df`)", folder.display())),
        }
    }
    found.dedup();
    Ok(found.join(", "))
}

/// Free space as `df` tells it in its portable form: the fourth column of the second line, in KiB.
fn free_mb(folder: &Path) -> Option<u64> {
    let answer = Command::new("df").arg("-Pk").arg(folder).output().ok()?;
    let text = String::from_utf8(answer.stdout).ok()?;
    let kib: u64 = text.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()?;
    Some(kib / 1024)
}
