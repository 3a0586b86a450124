//! `silsila serve`: the service. `silsila reembed`: all vectors anew, after the model was changed.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use crate::cli::{Failure, data_dir, log, progress, status};
use crate::config::Settings;
use crate::embed::worker::Worker;
use crate::pipeline::{Intake as _, Pipeline, Placer};
use crate::publish::access::Access;
use crate::publish::memo::Memo;
use crate::publish::stop::Stop;
use crate::publish::streams::Streams;
use crate::publish::{self, App};
use crate::store::Store;
use crate::traces::Exporter;
use crate::track::Tracker;
use crate::track::deliver::Deliverer;
use chrono::Utc;

/// Serves the API and the pages
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Address and port
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// Where the store is; without it the user's data folder
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

/// Computes all vectors and stories anew with the configured model
#[derive(Debug, clap::Args)]
pub struct ReembedArguments {
    /// Where the store is; without it the user's data folder
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

/// Runs the command.
pub fn run(arguments: &Arguments, settings: &Settings) -> ExitCode {
    status(serve(arguments, settings))
}

/// Runs the command.
pub fn reembed(arguments: &ReembedArguments, settings: &Settings) -> ExitCode {
    status(reembed_all(arguments, settings))
}

fn serve(arguments: &Arguments, settings: &Settings) -> Result<(), Failure> {
    let traces = settings.telemetry.endpoint().map(|to| Exporter::new(&to)).transpose()?;
    log::start(settings.publish.log_format, traces.as_ref());
    let stop = Stop::listen()?;
    let listen = arguments.listen.unwrap_or(settings.publish.listen);
    let settings = Arc::new(settings.clone());
    let dir = data_dir(arguments.data_dir.as_ref(), &settings)?;
    // Before the model is loaded: without a token nothing need be.
    let access = Arc::new(Access::open(&settings.publish, listen, &dir)?);
    let pipeline = Arc::new(Pipeline::open(Arc::clone(&settings), &dir)?);
    let watched = Arc::clone(&pipeline);
    let tracker = Arc::new(Tracker::new(
        pipeline.store(),
        settings.track.clone(),
        pipeline.metrics(),
    ));
    // From here on something leaves the house, and is to be noted before the process ends.
    stop.ready();
    let deliverer = Deliverer::start(Arc::clone(&tracker))?;
    let app = App {
        store: pipeline.store(),
        tracker,
        intake: Arc::<Pipeline>::clone(&pipeline),
        desk: Arc::<Pipeline>::clone(&pipeline),
        trouble: Arc::new(move || watched.trouble()),
        meaning: pipeline.meaning(),
        answers: Arc::new(Memo::new(settings.publish.memo_bytes)),
        timelines: Arc::new(Memo::new(settings.publish.memo_bytes)),
        streams: Arc::new(Streams::new(settings.publish.max_streams)),
        access,
        once: Arc::default(),
        metrics: pipeline.metrics(),
        settings: Arc::clone(&settings),
    };
    let drain = Duration::from_secs(settings.publish.drain_seconds);
    let asked = actix_web::rt::System::new().block_on(publish::serve(app, listen, stop))?;
    let drained = asked.at.elapsed();
    pipeline.close();
    drop(deliverer);
    let cut_off = asked.times > 1 || drained >= drain;
    tracing::info!(
        signal = asked.signal,
        drained_milliseconds = drained.as_millis() as u64,
        writer_milliseconds = (asked.at.elapsed() - drained).as_millis() as u64,
        queued = pipeline.queued(),
        "{}",
        match cut_off {
            false =>
                "stopped: requests under way have ended, the writer's memory is saved, what is queued waits in the store",
            true =>
                "stopped without waiting longer for requests; the writer's memory is saved, what is queued waits in the store",
        }
    );
    Ok(())
}

fn reembed_all(arguments: &ReembedArguments, settings: &Settings) -> Result<(), Failure> {
    let dir = data_dir(arguments.data_dir.as_ref(), settings)?;
    // The model first: without it nothing is touched.
    let embedder = Worker::open(&settings.embed)?;
    let store = Arc::new(Store::open(&dir)?);
    let count = store.requeue_all(Utc::now())?;
    let mut placer = Placer::open(store, Arc::new(settings.clone()), embedder)?;
    let bar = progress(count as u64, "articles");
    loop {
        match placer.step(Utc::now(), None)? {
            0 => break,
            done => bar.inc(done as u64),
        }
    }
    bar.finish_and_clear();
    println!(
        "{count} articles were embedded and placed anew with {}",
        placer.identity().name
    );
    Ok(())
}
