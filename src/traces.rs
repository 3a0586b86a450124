//! Traces of the message path by OpenTelemetry, for operators who collect them.
//!
//! In: the spans that the stages open, and the `traceparent` of a request (W3C Trace Context). Out: OTLP over HTTP to the address that
//! `telemetry.otlp_endpoint` or `OTEL_EXPORTER_OTLP_ENDPOINT` names, in batches, from a thread of its own. Without an address
//! nothing is recorded; without the cargo feature `otel` an address is refused. It never holds up what it watches: what the
//! collector does not take is dropped.

use serde::Deserialize;

/// The target of every span that is exported, and of nothing else.
pub const TARGET: &str = "silsila::traces";
/// The environment's name for the address, where the settings have none.
const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";

/// The section `[telemetry]` of the configuration.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where traces go, such as `http://127.0.0.1:4318`; empty for nowhere.
    pub otlp_endpoint: String,
}

impl Settings {
    /// Where traces go, by the settings or the environment.
    pub fn endpoint(&self) -> Option<String> {
        let environment = || std::env::var(ENDPOINT).unwrap_or_default();
        let endpoint = match self.otlp_endpoint.trim() {
            "" => environment().trim().to_owned(),
            set => set.to_owned(),
        };
        (!endpoint.is_empty()).then_some(endpoint)
    }
}

/// Why no traces can be exported.
#[derive(Debug, thiserror::Error)]
pub enum TracesError {
    /// The program was built without them.
    #[error(
        "telemetry.otlp_endpoint (or {ENDPOINT}) is {0:?}, but this program was built without traces; build it with \
         `cargo build --release --features otel`, or leave the address empty"
    )]
    NotBuilt(String),
    /// The address is none.
    #[error(
        "telemetry.otlp_endpoint (or {ENDPOINT}) is {endpoint:?}: {reason}; give an address such as http://127.0.0.1:4318"
    )]
    Endpoint {
        /// What was given.
        endpoint: String,
        /// What is wrong with it.
        reason: String,
    },
}

#[cfg(not(feature = "otel"))]
mod export {
    use actix_web::http::header::HeaderMap;

    use super::TracesError;

    /// Sends what is left when it is dropped.
    pub struct Exporter;

    impl Exporter {
        /// Refuses every address.
        ///
        /// # Errors
        /// Always.
        pub fn new(endpoint: &str) -> Result<Self, TracesError> {
            Err(TracesError::NotBuilt(endpoint.to_owned()))
        }

        /// The layer that hears spans: none.
        pub fn layer(&self) -> tracing_subscriber::layer::Identity {
            tracing_subscriber::layer::Identity::new()
        }
    }

    /// Puts a span under the one that a request names: nothing to do.
    pub fn under(_: &tracing::Span, _: &HeaderMap) {}
}

#[cfg(feature = "otel")]
mod export {
    use std::collections::HashMap;
    use std::future::Future;
    use std::pin::Pin;
    use std::time::Duration;

    use actix_web::http::header::HeaderMap;
    use opentelemetry::propagation::TextMapPropagator as _;
    use opentelemetry::trace::TracerProvider as _;
    use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
    use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
    use opentelemetry_sdk::Resource;
    use opentelemetry_sdk::propagation::TraceContextPropagator;
    use opentelemetry_sdk::trace::SdkTracerProvider;
    use tracing::Subscriber;
    use tracing_opentelemetry::OpenTelemetrySpanExt as _;
    use tracing_subscriber::Layer;
    use tracing_subscriber::filter::filter_fn;
    use tracing_subscriber::registry::LookupSpan;

    use super::{TARGET, TracesError};

    /// How long a collector may take to answer.
    const PATIENCE: Duration = Duration::from_secs(10);

    /// Sends what is left when it is dropped.
    pub struct Exporter(SdkTracerProvider);

    impl Exporter {
        /// Sends spans to this address, with `/v1/traces` behind it as OTLP has it.
        ///
        /// # Errors
        /// When the address is none.
        pub fn new(endpoint: &str) -> Result<Self, TracesError> {
            let refused = |reason: String| TracesError::Endpoint {
                endpoint: endpoint.to_owned(),
                reason,
            };
            let url = url::Url::parse(endpoint).map_err(|error| refused(error.to_string()))?;
            if !matches!(url.scheme(), "http" | "https") {
                return Err(refused("neither http nor https".to_owned()));
            }
            let agent = ureq::Agent::config_builder()
                .timeout_global(Some(PATIENCE))
                .http_status_as_error(false)
                .build();
            let exporter = SpanExporter::builder()
                .with_http()
                .with_http_client(Client(agent.into()))
                .with_protocol(Protocol::HttpBinary)
                .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
                .build()
                .map_err(|error| refused(error.to_string()))?;
            let resource = Resource::builder().with_service_name("silsila").build();
            let provider = SdkTracerProvider::builder()
                .with_resource(resource)
                .with_batch_exporter(exporter)
                .build();
            Ok(Self(provider))
        }

        /// The layer that hears spans.
        pub fn layer<S>(&self) -> impl Layer<S> + use<S>
        where
            S: Subscriber + for<'a> LookupSpan<'a>,
        {
            let layer = tracing_opentelemetry::layer().with_tracer(self.0.tracer("silsila"));
            layer.with_filter(filter_fn(|metadata| metadata.is_span() && metadata.target() == TARGET))
        }
    }

    impl Drop for Exporter {
        fn drop(&mut self) {
            if let Err(error) = self.0.shutdown() {
                tracing::warn!(%error, "the last traces were not sent");
            }
        }
    }

    /// Puts a span under the one that a request names in `traceparent`.
    pub fn under(span: &tracing::Span, headers: &HeaderMap) {
        let text = |name: &str| Some((name.to_owned(), headers.get(name)?.to_str().ok()?.to_owned()));
        let carried: HashMap<String, String> = ["traceparent", "tracestate"].into_iter().filter_map(text).collect();
        if carried.is_empty() || span.is_disabled() {
            return;
        }
        // One that makes no sense gives an empty context, and the span stays on its own.
        let _ = span.set_parent(TraceContextPropagator::new().extract(&carried));
    }

    /// Posts by the HTTP client that alerts are posted by. The batches' thread waits for it, nobody else.
    #[derive(Debug)]
    struct Client(ureq::Agent);

    impl HttpClient for Client {
        fn send_bytes<'a, 'b>(
            &'a self,
            request: Request<Bytes>,
        ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'b>>
        where
            'a: 'b,
            Self: 'b,
        {
            Box::pin(async move {
                let (head, body) = request.into_parts();
                let mut post = self.0.post(head.uri.to_string());
                for (name, value) in &head.headers {
                    post = post.header(name, value);
                }
                let answer = post.send(&body[..])?;
                let (head, mut body) = answer.into_parts();
                Ok(Response::from_parts(head, Bytes::from(body.read_to_vec()?)))
            })
        }
    }
}

pub use export::{Exporter, under};
