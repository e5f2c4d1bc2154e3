//! Requests by wrk: on one thread, which shares the processors with the servers.

use std::{error::Error, fmt, fs, path::Path, process::Command, time::Duration};

use serde::Deserialize;

use crate::server::{Process, cpu, target};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Requests that are sent in turn.
pub struct Case {
    pub name: &'static str,
    /// Path, token and body, of which the last two may be empty. With a body it is a `POST`.
    pub requests: Vec<(String, String, String)>,
}

impl Case {
    pub fn is_read(&self) -> bool {
        self.requests.first().is_none_or(|(_, _, body)| body.is_empty())
    }
}

/// What came of a load.
pub struct Load {
    pub per_second: f64,
    /// In milliseconds, as are all times here.
    pub p50: f64,
    pub p99: f64,
    pub cpu_of_kith: f64,
    pub cpu_of_database: f64,
    /// Answers other than 2xx, and connections that broke.
    pub errors: u64,
    /// The same bytes from a bare poem handler, in requests a second.
    pub bare_per_second: f64,
    pub bytes: usize,
}

/// Connections of a load.
const CONNECTIONS: usize = 32;

/// What `wrk.lua` prints.
#[derive(Deserialize)]
pub struct Printed {
    requests: u64,
    seconds: f64,
    errors: u64,
    p50: f64,
    p99: f64,
}

impl Printed {
    pub fn per_second(&self) -> f64 {
        self.requests.to_f64() / self.seconds
    }
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:>8.0}/s  p50 {:.2} ms  p99 {:.2} ms  CPU {:.3} + {:.3} ms  bare {:.0}/s  errors {}",
            self.per_second,
            self.p50,
            self.p99,
            self.cpu_of_kith,
            self.cpu_of_database,
            self.bare_per_second,
            self.errors
        )
    }
}

/// Loads Kith, reads after a warm-up, and tells what a request has cost of the time of both processes, in milliseconds.
fn run(
    kith: &Process,
    database: Option<u32>,
    case: &Case,
    duration: Duration,
) -> Result<(Printed, f64, f64)> {
    if case.is_read() {
        // Warm: connections, plans and the JVM, whose compiler takes its time.
        let warm = if database.is_some() { duration * 2 } else { duration };
        wrk(&kith.address, case, CONNECTIONS, warm.max(Duration::from_secs(4)))?;
    }
    let database = || database.map(cpu).unwrap_or_default();
    let before = (kith.cpu(), database());
    let loaded = wrk(&kith.address, case, CONNECTIONS, duration)?;
    let after = (kith.cpu(), database());
    let each = |spent: f64| spent / loaded.requests.max(1).to_f64();
    let (of_kith, of_database) = (each(after.0 - before.0), each(after.1 - before.1));
    Ok((loaded, of_kith, of_database))
}

/// What a request costs of both processes together, in milliseconds. That nearly all are answered well is taken for granted.
pub fn cost(kith: &Process, database: Option<u32>, case: &Case, duration: Duration) -> Result<f64> {
    let (loaded, of_kith, of_database) = run(kith, database, case, duration)?;
    if loaded.errors * 100 > loaded.requests {
        return Err(format!("{} errors in {}", loaded.errors, case.name).into());
    }
    Ok(of_kith + of_database)
}

/// Loads Kith, whose database is that process if it has one, then a bare handler that answers the same bytes.
pub fn compare(kith: &Process, database: Option<u32>, case: &Case, duration: Duration) -> Result<Load> {
    let (path, token, body) = case.requests.first().ok_or("nothing to ask for")?;
    let is_read = body.is_empty();
    let (loaded, cpu_of_kith, cpu_of_database) = run(kith, database, case, duration)?;

    let answer = if is_read { kith.get(path, token)? } else { body.clone().into_bytes() };
    let file = target().join("bench/bare.json");
    fs::write(&file, &answer)?;
    let bare = Process::bare(&file)?;
    let reads = Case {
        name: case.name,
        requests: case
            .requests
            .iter()
            .map(|(path, token, _)| (path.clone(), token.clone(), String::new()))
            .collect(),
    };
    let bare_load = wrk(&bare.address, &reads, CONNECTIONS, duration / 3)?;
    Ok(Load {
        per_second: loaded.per_second(),
        p50: loaded.p50,
        p99: loaded.p99,
        cpu_of_kith,
        cpu_of_database,
        errors: loaded.errors,
        bare_per_second: bare_load.per_second(),
        bytes: answer.len(),
    })
}

/// Sends the requests of a case in turn, each connection as fast as it is answered.
pub fn wrk(address: &str, case: &Case, connections: usize, duration: Duration) -> Result<Printed> {
    let folder = target().join("bench");
    let file = folder.join("requests.tsv");
    let lines: Vec<String> =
        case.requests.iter().map(|(path, token, body)| format!("{path}\t{token}\t{body}")).collect();
    fs::write(&file, lines.join("\n"))?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/performance/wrk.lua");
    let seconds = format!("{}s", duration.as_secs().max(1));
    let output = Command::new("wrk")
        .args(["-t1", "-c", &connections.to_string(), "-d", &seconds, "--timeout", "10s", "-s"])
        .arg(script)
        .arg(format!("http://{address}"))
        .arg("--")
        .arg(&file)
        .output()
        .map_err(|error| format!("wrk does not start: {error}. Debian: apt-get install wrk"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().find_map(|line| line.strip_prefix("measured "));
    Ok(serde_json::from_str(line.ok_or_else(|| format!("wrk failed: {text}"))?)?)
}

trait ToFloat {
    fn to_f64(self) -> f64;
}

impl ToFloat for u64 {
    #[expect(clippy::cast_precision_loss, reason = "counts of some seconds")]
    fn to_f64(self) -> f64 {
        self as f64
    }
}
