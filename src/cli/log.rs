//! The log: standard error, as lines for people or as JSON.

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer};

use crate::publish::LogFormat;
use crate::traces::Exporter;

/// Without `RUST_LOG`: what goes wrong, and how the service stopped.
const USUAL: &str = "warn,silsila::cli::serve=info,silsila::publish::stop=info";
/// Where the HTTP library says that a connection sent what is no request; it answers 400 without a body, and no handler of
/// ours sees it.
const NO_REQUEST: (&str, &str) = ("actix_http::h1::dispatcher", "stream error: ");

/// Writes the log from now on, and exports traces if there is who does.
pub(super) fn start(format: LogFormat, traces: Option<&Exporter>) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(USUAL));
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = match format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    tracing_subscriber::registry()
        .with(Mildly)
        .with(lines.with_filter(filter))
        .with(traces.map(Exporter::layer))
        .init();
}

/// Says at INFO what the HTTP library calls an error, though it is the client's.
struct Mildly;

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Mildly {
    fn event_enabled(&self, event: &Event<'_>, _context: Context<'_, S>) -> bool {
        let (target, beginning) = NO_REQUEST;
        if event.metadata().target() != target {
            return true;
        }
        let mut message = Message::default();
        event.record(&mut message);
        match message.0.strip_prefix(beginning) {
            Some(reason) => {
                tracing::info!(reason, "a connection sent what is no HTTP request, and was ended");
                false
            }
            None => true,
        }
    }
}

/// An event's message.
#[derive(Default)]
struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}
