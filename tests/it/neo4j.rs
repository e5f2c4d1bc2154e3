//! A real Neo4j Community server for the tests; `tests/neo4j/README.md` tells what it is.
//!
//! Most tests share the one behind [`uri`]. A test that stops its server takes one of its own with
//! [`start_own`].

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{LazyLock, Mutex, mpsc};
use std::time::Duration;

use serde_json::{Value, json};

/// A start takes 5 to 10 s; a machine that also compiles takes longer.
const START_LIMIT: Duration = Duration::from_mins(2);

/// The Bolt address of the server that the tests share: the one that `KITH_NEO4J_URI` names, else
/// one that the first call starts and that ends with this process.
///
/// If that start fails, later calls panic at once: not every test waits for a limit of its own.
pub fn uri() -> &'static str {
    // Kept in a static, which is never dropped: with the process goes its end of the server's
    // standard input, and that stops the server.
    static SHARED: LazyLock<Server> = LazyLock::new(start_own);
    static URI: LazyLock<String> = LazyLock::new(|| match std::env::var("KITH_NEO4J_URI") {
        Ok(uri) if !uri.is_empty() => uri,
        _ => SHARED.uri.clone(),
    });
    &URI
}

/// Starts a server that only the caller uses, on an empty database. It ends when it is dropped.
pub fn start_own() -> Server {
    let (data, in_use) = prepare();
    start(data, Some(in_use))
}

/// Starts a server on a folder that stays when it is dropped.
#[allow(dead_code, reason = "for benches")]
pub fn start_at(data: &Path) -> Server {
    let lock = File::create(root().join("lock")).expect("a lock file");
    lock.lock().expect("the lock on target/neo4j");
    fetch_jars();
    start(data.to_owned(), None)
}

fn start(data: PathBuf, in_use: Option<File>) -> Server {
    let (child, port, lines) = spawn(&data, 0);
    Server { uri: format!("bolt://127.0.0.1:{port}"), data, port, child, lines: Mutex::new(lines), in_use }
}

/// A running Neo4j, or one that [`Server::kill`] stopped.
pub struct Server {
    /// Where it answers, before and after a restart.
    pub uri: String,
    /// Its data folder. Logs are in `logs/` there, Java's own messages in `java.log`.
    pub data: PathBuf,
    port: u16,
    child: Child,
    /// What it prints after it is ready.
    lines: Mutex<mpsc::Receiver<String>>,
    /// Locked for as long as `data` is in use, if that goes with the server.
    in_use: Option<File>,
}

impl Server {
    /// Ends the server at once, as a crash would: nothing is flushed and no connection is closed.
    pub fn kill(&mut self) {
        // An error means that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Starts the server again with the same data, on the same port.
    #[allow(dead_code, reason = "for tests of a store that fails")]
    pub fn restart(&mut self) {
        self.kill();
        let (child, _, lines) = spawn(&self.data, self.port);
        (self.child, self.lines) = (child, Mutex::new(lines));
    }

    /// The id of its process.
    #[allow(dead_code, reason = "for benches")]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Runs a statement and undoes what it wrote. The answer has its `rows`, its database `hits`, and those of each of
    /// its `operators`.
    #[allow(dead_code, reason = "for benches")]
    pub fn profile(&self, text: &str, parameters: &Value) -> Result<Value, String> {
        let lines = self.lines.lock().expect("nobody who panicked");
        let mut input = self.child.stdin.as_ref().expect("a piped input");
        writeln!(input, "{}", json!({"text": text, "parameters": parameters})).expect("a server that reads");
        let line = lines.recv_timeout(START_LIMIT).map_err(|error| error.to_string())?;
        let profile = line.strip_prefix("profile ").ok_or_else(|| line.clone())?;
        serde_json::from_str(profile).map_err(|error| error.to_string())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.in_use.is_some() {
            self.kill();
            let _ = fs::remove_dir_all(&self.data);
        } else {
            // Its input ends, and so does it, with all that it has written on the disk.
            drop(self.child.stdin.take());
            let _ = self.child.wait();
        }
    }
}

/// Makes sure of the jars, and gives an empty data folder with a file that marks it as in use.
fn prepare() -> (PathBuf, File) {
    static STARTED: AtomicU32 = AtomicU32::new(0);
    let root = root();
    // Test processes that run side by side neither fetch the same jars twice nor take a folder that
    // another has just made for a stale one. The lock goes with the file, at the end of this block.
    let lock = File::create(root.join("lock")).expect("a lock file");
    lock.lock().expect("the lock on target/neo4j");
    fetch_jars();
    let all = root.join("data");
    remove_stale(&all);
    let n = STARTED.fetch_add(1, Ordering::Relaxed);
    let data = all.join(format!("{}-{n}", std::process::id()));
    fs::create_dir_all(&data).expect("a data folder");
    let in_use = File::create(data.join("in-use")).expect("a file in the data folder");
    in_use.lock().expect("the lock on the data folder");
    (data, in_use)
}

/// Removes the data folders of test processes that have ended: a lock ends with its process, however
/// that ends, so a folder whose lock is free is nobody's.
fn remove_stale(all: &Path) {
    for entry in fs::read_dir(all).into_iter().flatten().flatten() {
        let path = entry.path();
        let used = File::open(path.join("in-use")).is_ok_and(|file| file.try_lock().is_err());
        if !used {
            let _ = fs::remove_dir_all(path);
        }
    }
}

fn fetch_jars() {
    let script = source("fetch-jars.sh");
    let out = Command::new("sh").arg(&script).arg(target()).stdin(Stdio::null()).output().expect("sh runs");
    assert!(
        out.status.success(),
        "{} failed. The tests need Neo4j's jars, which Maven fetches (Debian: apt-get install maven); \
         or set KITH_NEO4J_URI to a server that runs.\n{}{}",
        script.display(),
        String::from_utf8_lossy(&out.stdout),
        String::from_utf8_lossy(&out.stderr),
    );
}

/// Starts a server and waits until it accepts Bolt. Port 0 takes any free one; the answer has it.
fn spawn(data: &Path, port: u16) -> (Child, u16, mpsc::Receiver<String>) {
    let log = data.join("java.log");
    let stderr = File::create(&log).expect("a log file in the data folder");
    let mut child = Command::new("java")
        .args(["-Xmx1g", "-cp"])
        .arg(target().join("neo4j/jars/*"))
        .arg(source("Neo4jServer.java"))
        .arg(data)
        .arg(port.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        // Not inherited: a program that reads the test's output to its end would wait for Java too.
        .stderr(stderr)
        .spawn()
        .unwrap_or_else(|error| {
            panic!(
                "java does not start: {error}. The tests need a JDK 17 or newer (Debian: apt-get \
                 install openjdk-17-jdk-headless), or KITH_NEO4J_URI set to a server that runs."
            )
        });

    // Standard output has no read with a time limit, so a thread reads it. It goes on reading after
    // the line that matters, so that the server can never block on a full pipe.
    let stdout = BufReader::new(child.stdout.take().expect("a piped output"));
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for line in stdout.lines().map_while(Result::ok) {
            let _ = sender.send(line);
        }
    });
    match receiver.recv_timeout(START_LIMIT) {
        Ok(line) => {
            let port = line.strip_prefix("ready ").and_then(|port| port.parse().ok());
            (child, port.unwrap_or_else(|| panic!("Neo4j says {line:?} and not its port")), receiver)
        }
        Err(error) => {
            let _ = child.kill();
            let _ = child.wait();
            let why = match error {
                mpsc::RecvTimeoutError::Timeout => "is not ready within 120 s",
                mpsc::RecvTimeoutError::Disconnected => "ended before it was ready",
            };
            panic!(
                "Neo4j {why}. It needs a JDK 17 or newer (a JRE lacks the compiler: Debian's \
                 openjdk-17-jdk-headless has it).\n{}",
                fs::read_to_string(&log).unwrap_or_default(),
            );
        }
    }
}

fn root() -> PathBuf {
    let root = target().join("neo4j");
    fs::create_dir_all(&root).expect("a folder in the target folder");
    root
}

fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/neo4j").join(name)
}

/// Cargo's target folder, wherever its configuration puts it: the parent of the folder for the
/// temporary files of tests, the one whose path Cargo tells.
fn target() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("target/tmp is inside target")
}
