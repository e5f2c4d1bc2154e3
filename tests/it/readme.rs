//! The first session of `README.md`, run as it is written there.

use std::{
    fs::{self, File},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{address_of, each};

const SECTION: &str = "## A first session\n";
/// The address that the README uses, which Kith listens on by default.
const ADDRESS: &str = "127.0.0.1:3000";
const START_LIMIT: Duration = Duration::from_mins(1);

#[test]
fn the_first_session_of_the_readme_works_as_written() {
    let script = first_session();
    assert!(script.contains(ADDRESS), "the session speaks to the default address");
    let folder = TempDir::new().expect("a temporary folder");
    let kith = Running::start(folder.path());
    let file = folder.path().join("session.sh");
    fs::write(&file, script.replace(ADDRESS, &kith.address)).expect("a script");
    let output = Command::new("sh")
        .arg("-eu")
        .arg(&file)
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .output()
        .expect("sh runs");
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let shown = format!("standard output:\n{out}\nstandard error:\n{err}\nlog:\n{}", kith.log());
    assert!(output.status.success(), "the session ends with {}\n{shown}", output.status);
    assert!(err.is_empty(), "{shown}");

    let answers: Vec<Value> = serde_json::Deserializer::from_str(&out)
        .into_iter()
        .collect::<Result<_, _>>()
        .unwrap_or_else(|error| panic!("{error}\n{shown}"));
    assert!(answers.iter().all(|answer| answer["code"].is_null()), "no answer is a problem\n{shown}");
    let feed = answers
        .iter()
        .find_map(|answer| answer["items"].as_array().filter(|_| answer["post"].is_null()))
        .unwrap_or_else(|| panic!("no answer is a feed\n{shown}"));
    assert_eq!(each(feed, "/post/text"), ["Hello from the #graph"], "{shown}");
    assert_eq!(each(feed, "/reasons/0/by/handle"), ["ann"], "{shown}");
    let thread = answers.last().expect("a last answer");
    assert_eq!(thread["post"]["id"], feed[0]["post"]["id"], "the last answer is the thread\n{shown}");
    let items = thread["items"].as_array().expect("the items of a thread");
    assert_eq!(each(items, "/comment/text"), ["Welcome", "Thank you"], "{shown}");
    assert_eq!(each(items, "/comment/author/handle"), ["bob", "ann"], "{shown}");
    assert_eq!((items[0]["depth"].as_i64(), items[1]["depth"].as_i64()), (Some(1), Some(2)), "{shown}");
}

/// The `sh` blocks of the section, one after the other.
fn first_session() -> String {
    let readme = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).expect("README.md");
    let (_, rest) = readme.split_once(SECTION).expect("the README has a first session");
    let section = rest.split_once("\n## ").map_or(rest, |(section, _)| section);
    let blocks: Vec<&str> = section
        .split("\n```sh\n")
        .skip(1)
        .map(|block| block.split_once("\n```").expect("a block ends").0)
        .collect();
    assert!(blocks.len() >= 5, "the first session has {} sh blocks", blocks.len());
    blocks.join("\n") + "\n"
}

/// The real program, with an embedded graph in a folder of its own. Ends when it is dropped.
struct Running {
    child: Child,
    address: String,
    log: std::path::PathBuf,
}

impl Running {
    fn start(folder: &Path) -> Self {
        let log = folder.join("kith.log");
        let mut command = Command::new(env!("CARGO_BIN_EXE_kith"));
        // What configures the tests, or a Kith that runs beside them, is not for this one.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("KITH_") {
                command.env_remove(name);
            }
        }
        let mut child = command
            .env("KITH_HTTP__LISTEN", "127.0.0.1:0")
            .env("KITH_STORE__URI", "embedded:./data")
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&log).expect("a log file"))
            .spawn()
            .expect("kith starts");
        let receiver = address_of(child.stdout.take().expect("a piped output"));
        let mut kith = Self { child, address: String::new(), log };
        kith.address = receiver
            .recv_timeout(START_LIMIT)
            .unwrap_or_else(|error| panic!("kith does not say where it listens: {error}\n{}", kith.log()));
        kith
    }

    fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
