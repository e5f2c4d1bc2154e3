//! The programs that the tests of the deployment need, or one clear line that says what to install.

use std::{
    fs::{self, File},
    io::ErrorKind,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// A file of the repository.
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

pub fn read(path: &str) -> String {
    fs::read_to_string(repository(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// nginx, which Debian keeps out of the path of people who are not root.
pub fn nginx() -> Command {
    let program = if Path::new("/usr/sbin/nginx").exists() { "/usr/sbin/nginx" } else { "nginx" };
    installed(program, "-v", "nginx (Debian: apt-get install nginx-light)")
}

/// Varnish, which Debian keeps out of the path of people who are not root.
pub fn varnishd() -> Command {
    let program = if Path::new("/usr/sbin/varnishd").exists() { "/usr/sbin/varnishd" } else { "varnishd" };
    installed(program, "-V", "Varnish with its module xkey (Debian: apt-get install varnish varnish-modules)")
}

pub fn prometheus() -> Command {
    installed("prometheus", "--version", "Prometheus (Debian: apt-get install prometheus)")
}

pub fn promtool() -> Command {
    installed("promtool", "--version", "promtool of Prometheus (Debian: apt-get install prometheus)")
}

fn installed(program: &str, version: &str, what: &str) -> Command {
    let found = Command::new(program).arg(version).stdin(Stdio::null()).output();
    let is_missing = found.is_err_and(|error| error.kind() == ErrorKind::NotFound);
    assert!(!is_missing, "The tests of the deployment need {what}.");
    Command::new(program)
}

/// A program from `tests/deployment/requirements.txt`.
pub fn python_tool(name: &str) -> Command {
    Command::new(fetched().join("venv/bin").join(name))
}

/// The broker, of the version in `tests/deployment/nats.version`.
pub fn nats_server() -> Command {
    Command::new(fetched().join("bin/nats-server"))
}

/// The folder of what `tests/deployment/fetch-tools.sh` installs.
fn fetched() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("target/tmp is inside target");
    let folder = target.join("deployment");
    fs::create_dir_all(&folder).expect("a folder in the target folder");
    // Tests that run side by side fetch once. The lock goes with the file.
    let lock = File::create(folder.join("lock")).expect("a lock file");
    lock.lock().expect("the lock on target/deployment");
    let script = repository("tests/deployment/fetch-tools.sh");
    let fetched = Command::new("sh").arg(&script).arg(target).stdin(Stdio::null()).output().expect("sh runs");
    assert!(
        fetched.status.success(),
        "{} failed. The tests of the deployment need Python 3.10 or newer with venv and Go 1.25 or newer (Debian: \
         apt-get install python3-venv golang-go), and PyPI and a Go proxy once.\n{}",
        script.display(),
        String::from_utf8_lossy(&fetched.stderr),
    );
    folder
}

/// Runs a program that must succeed, and gives what it printed.
#[track_caller]
pub fn succeed(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().expect("the program runs");
    let printed = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}\n{printed}", output.status);
    printed.into_owned()
}

/// A port that nobody listens on now. Who takes it listens on it at once.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").port()
}
