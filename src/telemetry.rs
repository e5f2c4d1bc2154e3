//! The log and the metrics.

use metrics::Unit;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use metrics_process::Collector;
use tracing_subscriber::EnvFilter;

use crate::config::{LogConfig, LogFormat};

pub const REQUESTS: &str = "kith_http_request_duration_seconds";
pub const REQUESTS_IN_FLIGHT: &str = "kith_http_requests_in_flight";
pub const CONNECTIONS: &str = "kith_http_connections_open";
pub const CONNECTIONS_REFUSED: &str = "kith_http_connections_refused_total";
pub const PASSWORD_HASHES: &str = "kith_password_hash_duration_seconds";
pub const STREAMS: &str = "kith_streams_open";
pub const STATEMENTS: &str = "kith_statement_duration_seconds";
/// Statements and transactions under way, waiting for a connection or the writer's turn included.
pub const CALLS: &str = "kith_store_calls_in_flight";
pub const POOL_SIZE: &str = "kith_store_pool_size";
pub const RETRIES: &str = "kith_store_retries_total";
pub const STORE_UP: &str = "kith_store_up";
/// What is kept of answers.
pub const CACHE_BYTES: &str = "kith_cache_bytes";
pub const CACHE_LOOKUPS: &str = "kith_cache_lookups_total";
/// What instances tell each other.
pub const GAPS: &str = "kith_cache_gaps_total";
pub const BROKER_UP: &str = "kith_broker_up";
pub const MESSAGES: &str = "kith_broker_messages_total";
pub const RATE_LIMITED: &str = "kith_rate_limited_total";
pub const PURGES: &str = "kith_cdn_purges_total";
pub const ISSUER_FETCHES: &str = "kith_issuer_fetches_total";
const BUILD: &str = "kith_build_info";

/// Upper bounds of the latency histograms, in seconds.
const BUCKETS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Writes the log to standard error.
pub fn log_to_stderr(config: &LogConfig) {
    let filter = EnvFilter::try_new(&config.level).unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match config.format {
        LogFormat::Text => log.with_target(false).init(),
        LogFormat::Json => log.json().flatten_event(true).init(),
    }
}

/// What was measured, and what the system says of the process.
#[derive(Clone)]
pub struct Metrics {
    recorded: PrometheusHandle,
    process: Collector,
}

impl Metrics {
    /// All of it in Prometheus' text format.
    pub fn render(&self) -> String {
        self.process.collect();
        self.recorded.run_upkeep();
        self.recorded.render()
    }
}

/// Collects what is measured. There is one recorder in a process: the second call answers `None`.
pub fn install_metrics() -> Option<Metrics> {
    let recorded = PrometheusBuilder::new().set_buckets(&BUCKETS).ok()?.install_recorder().ok()?;
    let process = Collector::default();
    process.describe();
    describe();
    // The revision is known where the build was told it: `KITH_REVISION=$(git rev-parse HEAD) cargo build`.
    let (version, revision) = (env!("CARGO_PKG_VERSION"), option_env!("KITH_REVISION").unwrap_or_default());
    metrics::gauge!(BUILD, "version" => version, "revision" => revision).set(1.0);
    metrics::gauge!(STREAMS).set(0.0);
    Some(Metrics { recorded, process })
}

fn describe() {
    use metrics::{describe_counter, describe_gauge, describe_histogram};
    describe_histogram!(
        REQUESTS,
        Unit::Seconds,
        "Seconds from the head of a request to the head of its answer, by method, route and status."
    );
    describe_gauge!(REQUESTS_IN_FLIGHT, Unit::Count, "Requests that are not answered yet.");
    describe_gauge!(CONNECTIONS, Unit::Count, "Open connections of clients.");
    describe_counter!(
        CONNECTIONS_REFUSED,
        Unit::Count,
        "Connections that were closed at once because their address had its share of them already."
    );
    describe_histogram!(PASSWORD_HASHES, Unit::Seconds, "Seconds that hashing a password took.");
    describe_gauge!(STREAMS, Unit::Count, "Open streams of the home feed.");
    describe_histogram!(
        STATEMENTS,
        Unit::Seconds,
        "Seconds that a try of a statement took, by statement (its file), store and outcome."
    );
    describe_gauge!(
        CALLS,
        Unit::Count,
        "Statements and transactions under way, waiting for a connection or the writer's turn included."
    );
    describe_gauge!(POOL_SIZE, Unit::Count, "Most connections to Neo4j at a time.");
    describe_counter!(
        RETRIES,
        Unit::Count,
        "Calls of the store that were tried again: conflict (the store asked for it) or unavailable (it was not reached)."
    );
    describe_gauge!(CACHE_BYTES, Unit::Bytes, "Memory that kept answers and parts of them take, about.");
    describe_counter!(
        CACHE_LOOKUPS,
        Unit::Count,
        "Looks for something that may be kept, by kind (a statement's file, or an answer) and outcome (hit or miss)."
    );
    describe_counter!(
        GAPS,
        Unit::Count,
        "Times that all of the cache was dropped because the graph had a transaction of which no instance had told."
    );
    describe_gauge!(
        BROKER_UP,
        "1 while there is a connection to the broker, else 0. Absent without a broker."
    );
    describe_counter!(
        MESSAGES,
        Unit::Count,
        "Messages to and from other instances, by direction (sent or received) and outcome (ok or lost)."
    );
    describe_counter!(
        RATE_LIMITED,
        Unit::Count,
        "Requests that were refused because they were too many, by class (read, write, log_in, unknown_token, account or store)."
    );
    describe_counter!(
        PURGES,
        Unit::Count,
        "Calls to the shared cache before Kith to purge, by outcome (ok or failed)."
    );
    describe_counter!(
        ISSUER_FETCHES,
        Unit::Count,
        "Times that an external issuer was asked for its keys, by issuer and outcome (ok or failed)."
    );
    describe_gauge!(STORE_UP, "1 if the graph answered a ping for this page or for /health/ready, else 0.");
    describe_gauge!(BUILD, "Always 1; the labels say what runs.");
}

/// Counts something that is under way, from its making to its end.
pub struct InFlight {
    gauge: metrics::Gauge,
}

impl InFlight {
    pub fn of(name: &'static str) -> Self {
        let gauge = metrics::gauge!(name);
        gauge.increment(1.0);
        Self { gauge }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.gauge.decrement(1.0);
    }
}
