//! Requests by wrk: on one thread, which shares the processors with the servers.

use std::{
    error::Error,
    fmt, fs,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use serde::Deserialize;

use crate::{
    server::{Process, cpu, target},
    turns,
};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Requests that are sent in turn.
#[derive(Clone)]
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
    pub bare_p99: f64,
    pub bytes: usize,
    /// The share of the processors' time that others were given.
    pub stolen: f64,
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
        rate(std::iter::once(self))
    }
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:>8.0}/s  p50 {:.2} ms  p99 {:.2} ms  CPU {:.3} + {:.3} ms  bare {:.0}/s p99 {:.2} ms  errors {}  \
             stolen {:.0}%",
            self.per_second,
            self.p50,
            self.p99,
            self.cpu_of_kith,
            self.cpu_of_database,
            self.bare_per_second,
            self.bare_p99,
            self.errors,
            self.stolen * 100.0
        )
    }
}

/// What was sent, and what it cost of both processes' time, in milliseconds.
struct Sent {
    printed: Printed,
    kith: f64,
    database: f64,
}

/// Loads Kith.
fn send(kith: &Process, database: Option<u32>, case: &Case, duration: Duration) -> Result<Sent> {
    let database = || database.map(cpu).unwrap_or_default();
    let before = (kith.cpu(), database());
    let printed = wrk(&kith.address, case, CONNECTIONS, duration)?;
    Ok(Sent { printed, kith: kith.cpu() - before.0, database: database() - before.1 })
}

/// Loads Kith until it is warm: connections, plans, and the JVM, whose compiler takes its time. That is when a request
/// costs the database no twentieth less than before, or the database has next to nothing to do; but not for ever.
fn warm_up(kith: &Process, database: Option<u32>, case: &Case, duration: Duration) -> Result<()> {
    const AT_MOST: Duration = Duration::from_mins(1);
    const A_HUNDREDTH: f64 = 10.0;
    let duration = duration.max(Duration::from_secs(4));
    let (started, mut last) = (Instant::now(), f64::INFINITY);
    while started.elapsed() < AT_MOST {
        let sent = send(kith, database, case, duration)?;
        let cost = sent.database / sent.printed.requests.max(1).to_f64();
        if cost >= last * 0.95 || sent.database <= duration.as_secs_f64() * A_HUNDREDTH {
            break;
        }
        last = cost;
    }
    Ok(())
}

/// A Kith that answers, what it is asked, and its database's process if it has one.
pub struct Side<'a> {
    pub kith: &'a Process,
    pub database: Option<u32>,
    pub case: Case,
}

/// What a request costs on either side in milliseconds, of Kith and its database together: they take so many turns, for the
/// machine is not the same from one second to the next. That nearly all are answered well is taken for granted.
pub fn costs(sides: [&Side; 2], turn: Duration, turns: u32) -> Result<[f64; 2]> {
    for Side { kith, database, case } in sides {
        warm_up(kith, *database, case, turn)?;
    }
    let (counted, _) = turns::quiet(turns, || {
        let mut both = Vec::new();
        for Side { kith, database, case } in sides {
            let sent = send(kith, *database, case, turn)?;
            if sent.printed.errors * 100 > sent.printed.requests {
                return Err::<_, Box<dyn Error>>(
                    format!("{} errors in {}", sent.printed.errors, case.name).into(),
                );
            }
            both.push(sent);
        }
        Ok(both)
    })?;
    let mut spent = [(0.0, 0); 2];
    for both in counted {
        for (sent, (time, requests)) in both.into_iter().zip(&mut spent) {
            *time += sent.kith + sent.database;
            *requests += sent.printed.requests;
        }
    }
    Ok(spent.map(|(time, requests)| time / requests.max(1).to_f64()))
}

/// Loads Kith, whose database is that process if it has one, and in so many turns a bare handler that answers the same
/// bytes: the machine is not the same from one second to the next.
pub fn compare(
    kith: &Process,
    database: Option<u32>,
    case: &Case,
    turn: Duration,
    turns: u32,
) -> Result<Load> {
    let (path, token, body) = case.requests.first().ok_or("nothing to ask for")?;
    warm_up(kith, database, case, turn)?;
    let answer = if body.is_empty() { kith.get(path, token)? } else { body.clone().into_bytes() };
    let file = target().join("bench/bare.json");
    fs::write(&file, &answer)?;
    let bare = Process::bare(&file, case.requests.len())?;
    let reads = Case {
        name: case.name,
        requests: case
            .requests
            .iter()
            .map(|(path, token, _)| (path.clone(), token.clone(), String::new()))
            .collect(),
    };
    wrk(&bare.address, &reads, CONNECTIONS, Duration::from_secs(1))?;
    let (counted, stolen) = turns::quiet(turns, || {
        let sent = send(kith, database, case, turn)?;
        Ok::<_, Box<dyn Error>>((sent, wrk(&bare.address, &reads, CONNECTIONS, turn)?))
    })?;
    let (sent, of_bare): (Vec<Sent>, Vec<Printed>) = counted.into_iter().unzip();
    let requests: u64 = sent.iter().map(|sent| sent.printed.requests).sum();
    let each = |of: fn(&Sent) -> f64| sent.iter().map(of).sum::<f64>() / requests.max(1).to_f64();
    let middle_of = |of: fn(&Sent) -> f64| middle(sent.iter().map(of));
    Ok(Load {
        per_second: rate(sent.iter().map(|sent| &sent.printed)),
        p50: middle_of(|sent| sent.printed.p50),
        p99: middle_of(|sent| sent.printed.p99),
        cpu_of_kith: each(|sent| sent.kith),
        cpu_of_database: each(|sent| sent.database),
        errors: sent.iter().map(|sent| sent.printed.errors).sum(),
        bare_per_second: rate(of_bare.iter()),
        bare_p99: middle(of_bare.iter().map(|printed| printed.p99)),
        bytes: answer.len(),
        stolen,
    })
}

/// Requests a second, of all together.
fn rate<'a>(printed: impl Iterator<Item = &'a Printed> + Clone) -> f64 {
    let requests: u64 = printed.clone().map(|printed| printed.requests).sum();
    requests.to_f64() / printed.map(|printed| printed.seconds).sum::<f64>()
}

/// The middle one, or the larger of two.
pub fn middle(of: impl Iterator<Item = f64>) -> f64 {
    let mut all: Vec<f64> = of.collect();
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
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
