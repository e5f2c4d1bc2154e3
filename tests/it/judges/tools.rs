//! The judges, fetched by `tests/judges/fetch-tools.sh`, and how one is asked.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
    sync::LazyLock,
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

/// No judge takes half as long, on a machine that also compiles.
const LIMIT: Duration = Duration::from_mins(5);

/// Where the judges are: `target/judges`. The first call fetches them, unless that was done before.
pub fn folder() -> &'static Path {
    static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("target/tmp is inside target");
        let folder = target.join("judges");
        fs::create_dir_all(&folder).expect("a folder in the target folder");
        // Test processes that run side by side do not fetch the same tools twice.
        let lock = File::create(folder.join("lock")).expect("a lock file");
        lock.lock().expect("the lock on target/judges");
        let script = source("fetch-tools.sh");
        let fetch =
            Command::new("sh").arg(&script).arg(target).stdin(Stdio::null()).output().expect("sh runs");
        assert!(
            fetch.status.success(),
            "{} failed:\n{}{}",
            script.display(),
            String::from_utf8_lossy(&fetch.stdout),
            String::from_utf8_lossy(&fetch.stderr)
        );
        folder
    });
    &FOLDER
}

/// A file of the repository: a tool's configuration, or a program that uses the API.
pub fn source(name: &str) -> PathBuf {
    root().join("tests/judges").join(name)
}

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// An empty folder in which Node.js finds the packages of `package.json`: it looks for them upwards.
pub fn workplace() -> TempDir {
    tempfile::Builder::new().prefix("run-").tempdir_in(folder()).expect("a folder in target/judges")
}

/// The API description that the repository keeps.
pub fn description() -> PathBuf {
    root().join("openapi/openapi.json")
}

/// Node.js on a file: the program of a package, by its path in `node_modules`, or one of our own, by its full path.
pub fn node(program: impl AsRef<Path>) -> Command {
    let mut command = Command::new("node");
    command
        .arg(folder().join("node_modules").join(program))
        // Redocly asks nobody elsewhere.
        .env("REDOCLY_TELEMETRY", "off")
        .env("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true");
    command
}

/// A program of the Python environment.
pub fn python(program: &str) -> Command {
    let bin = folder().join("venv/bin");
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = Command::new(bin.join(program));
    // openapi-python-client looks for ruff there.
    command.env("PATH", format!("{}:{path}", bin.display())).env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

/// What a judge said, and how it ended.
pub struct Verdict {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

impl Verdict {
    /// All that it said, for a person to read.
    pub fn shown(&self) -> String {
        format!("{}\n{}{}", self.status, self.stdout, self.stderr)
    }

    /// The standard output of a judge that has nothing to object to.
    #[track_caller]
    pub fn approves(self) -> String {
        assert!(self.status.success(), "{}", self.shown());
        self.stdout
    }
}

/// Runs a command to its end, which must come in time.
#[track_caller]
pub fn ask(command: &mut Command) -> Verdict {
    // Files, for nobody would read a pipe that is full.
    let output = TempDir::new().expect("a temporary folder");
    let (out, err) = (output.path().join("out"), output.path().join("err"));
    let mut child = command
        .stdin(Stdio::null())
        .stdout(File::create(&out).expect("a file"))
        .stderr(File::create(&err).expect("a file"))
        .env("NO_COLOR", "1")
        .spawn()
        .unwrap_or_else(|error| {
            panic!("{command:?}: {error}; tests/judges/README.md says what the tests need")
        });
    let started = Instant::now();
    let status = loop {
        match child.try_wait().expect("a child to wait for") {
            Some(status) => break Some(status),
            None if started.elapsed() > LIMIT => break None,
            None => thread::sleep(Duration::from_millis(20)),
        }
    };
    if status.is_none() {
        let _ = child.kill();
        let _ = child.wait();
    }
    let read = |file| String::from_utf8_lossy(&fs::read(file).unwrap_or_default()).into_owned();
    let (stdout, stderr) = (read(&out), read(&err));
    let status =
        status.unwrap_or_else(|| panic!("{command:?} has not ended in {LIMIT:?}:\n{stdout}{stderr}"));
    Verdict { status, stdout, stderr }
}
