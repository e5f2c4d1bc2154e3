//! The processes that are measured: Kith as released, Neo4j, and the bare handler beside them.

use std::{
    env,
    error::Error,
    fmt, fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use poem::{EndpointExt, Route, Server, get, web::Data};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The same for all, so that tokens and cursors made here are good there.
pub const SIGNING_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Engine {
    Embedded,
    Neo4j,
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Embedded => "embedded",
            Self::Neo4j => "Neo4j",
        })
    }
}

/// A process that ends with its owner.
pub struct Process {
    child: Child,
    pub address: String,
}

impl Drop for Process {
    fn drop(&mut self) {
        // Asked to first, so that the embedded graph is checkpointed.
        let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
    }
}

impl Process {
    /// Starts Kith on a store, with a cache or without, and waits until it says where it listens.
    pub fn kith(store: &str, cache: bool) -> Result<Self> {
        Self::with(
            store,
            &[("CACHE__MEGABYTES", if cache { "512" } else { "0" }), ("RATE_LIMITS__ENABLED", "false")],
        )
    }

    /// Starts Kith with a cache, and with its limits but for those of people who read.
    pub fn limited(store: &str) -> Result<Self> {
        Self::with(store, &[("CACHE__MEGABYTES", "512"), ("RATE_LIMITS__READS_PER_MINUTE", "1000000")])
    }

    fn with(store: &str, settings: &[(&str, &str)]) -> Result<Self> {
        let elsewhere = target().join("bench");
        fs::create_dir_all(&elsewhere)?;
        let mut command = Command::new(env!("CARGO_BIN_EXE_kith"));
        for (name, _) in env::vars().filter(|(name, _)| name.starts_with("KITH_")) {
            command.env_remove(name);
        }
        command
            .env("KITH_STORE__URI", store)
            .env("KITH_AUTH__SIGNING_KEY", SIGNING_KEY)
            .env("KITH_HTTP__LISTEN", "127.0.0.1:0")
            // Nobody else writes to what is measured.
            .env("KITH_CACHE__MAX_AGE", "3600")
            .env("KITH_LOG__LEVEL", "warn")
            .envs(settings.iter().map(|(name, value)| (format!("KITH_{name}"), value)))
            .current_dir(elsewhere);
        Self::listening(command, "API")
    }

    /// Starts the handler that answers the bytes of a file, of which it has so many copies.
    pub fn bare(file: &Path, copies: usize) -> Result<Self> {
        let mut command = Command::new(env::current_exe()?);
        command.arg("--serve").arg(file).args(["--copies", &copies.to_string()]);
        Self::listening(command, "bare")
    }

    /// Waits for the line that starts with a word and goes on with a URL.
    fn listening(mut command: Command, word: &str) -> Result<Self> {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let lines = BufReader::new(child.stdout.take().ok_or("no standard output")?).lines();
        for line in lines {
            let line = line?;
            if let Some(url) = line.trim().strip_prefix(word) {
                let address = url.trim().trim_start_matches("http://").trim_end_matches("/v1").to_owned();
                return Ok(Self { child, address });
            }
        }
        child.wait()?;
        Err(format!("{command:?} ended before it was ready").into())
    }

    pub fn resident(&self) -> u64 {
        resident(self.child.id())
    }

    /// In milliseconds.
    pub fn cpu(&self) -> f64 {
        cpu(self.child.id())
    }

    /// The body of an answer.
    pub fn get(&self, path: &str, token: &str) -> Result<Vec<u8>> {
        let mut stream = TcpStream::connect(&self.address)?;
        let authorization =
            if token.is_empty() { String::new() } else { format!("Authorization: Bearer {token}\r\n") };
        write!(stream, "GET {path} HTTP/1.1\r\nHost: kith\r\nConnection: close\r\n{authorization}\r\n")?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        let head = answer.windows(4).position(|four| four == b"\r\n\r\n").ok_or("no answer")?;
        if !answer.starts_with(b"HTTP/1.1 200") {
            return Err(format!("{path}: {}", String::from_utf8_lossy(&answer)).into());
        }
        Ok(answer.split_off(head + 4))
    }
}

/// Resident memory in bytes.
pub fn resident(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let kib = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    kib.unwrap_or_default() * 1024
}

/// Milliseconds of processor time spent so far, by all threads, in and out of the kernel.
pub fn cpu(process: u32) -> f64 {
    const TICK: f64 = 10.0;
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // The name may contain spaces; it is in parentheses. What follows starts with field 3; 14 and 15 are wanted.
    let after = stat.rsplit(')').next().unwrap_or_default();
    let ticks = after.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u32>().ok());
    ticks.map(f64::from).sum::<f64>() * TICK
}

/// Answers every `GET` with the bytes of a file, as little as poem can do. Each of those who read has a page of their own
/// in the memory of the server that is measured; so there are as many copies here, or a processor's cache would hold all.
pub async fn serve_bytes(file: &Path, copies: usize) -> Result<()> {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    #[poem::handler]
    fn bytes(Data(bodies): Data<&&'static [Vec<u8>]>) -> poem::Response {
        let body = &bodies[NEXT.fetch_add(1, Ordering::Relaxed) % bodies.len()];
        poem::Response::builder().content_type("application/json").body(body.as_slice())
    }
    let body = fs::read(file)?;
    let bodies: &'static [Vec<u8>] = vec![body; copies].leak();
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    println!("bare http://{}", listener.local_addr()?);
    let acceptor = poem::listener::TcpAcceptor::from_std(listener)?;
    Server::new_with_acceptor(acceptor).run(Route::new().at("/*any", get(bytes)).data(bodies)).await?;
    Ok(())
}

/// A Kith with nothing in it.
pub struct AtRest {
    pub first_answer: Duration,
    pub resident: u64,
    pub binary: u64,
}

/// Starts Kith in an empty folder, three times, and takes the middle one.
pub fn at_rest() -> Result<AtRest> {
    let mut tries = Vec::new();
    for _ in 0..3 {
        let folder = tempfile::tempdir()?;
        let started = Instant::now();
        let kith = Process::kith(&format!("embedded:{}", folder.path().display()), true)?;
        kith.get("/health/ready", "")?;
        let first_answer = started.elapsed();
        std::thread::sleep(Duration::from_secs(3));
        tries.push((first_answer, kith.resident()));
    }
    tries.sort();
    let (first_answer, resident) = tries[1];
    Ok(AtRest { first_answer, resident, binary: fs::metadata(env!("CARGO_BIN_EXE_kith"))?.len() })
}

/// How long a release build takes with nothing built before.
pub struct Build {
    pub wall: Duration,
    pub cpu: Duration,
}

pub fn build_from_nothing() -> Result<Build> {
    let folder = tempfile::tempdir()?;
    let children = || -> Duration {
        let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
        let after = stat.rsplit(')').next().unwrap_or_default().to_owned();
        let ticks: u64 =
            after.split_whitespace().skip(13).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
        Duration::from_millis(ticks * 10)
    };
    let (started, before) = (Instant::now(), children());
    let built = Command::new(env!("CARGO"))
        .args(["build", "--release", "--locked", "--bin", "kith", "--target-dir"])
        .arg(folder.path())
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()?;
    if !built.success() {
        return Err("the build failed".into());
    }
    Ok(Build { wall: started.elapsed(), cpu: children().saturating_sub(before) })
}

/// Cargo's target folder.
pub fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().map_or_else(|| "target".into(), Path::to_path_buf)
}
