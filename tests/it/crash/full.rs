//! A disk that is full, or that cannot be written at all.

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    process::Command,
};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::server::{self, Person, Refusal, Server};
use crate::support::text;

/// More than the start and the first posts take, and less than at which the log is folded.
const ROOM: u64 = 512 * 1024;

/// Kith in a process none of whose files can grow beyond [`ROOM`]: writes fail as on a full disk, by an error
/// after a part was written.
fn in_little_room() -> Command {
    let mut command = Command::new("sh");
    // The signal that comes with the error would end the process. Only the soft limit is set, so that it can be lifted.
    let script = format!("trap '' XFSZ; ulimit -S -f {}; exec \"$0\"", ROOM / 512);
    command.args(["-c", &script, env!("CARGO_BIN_EXE_kith")]);
    command
}

fn post(server: &Server, author: &Person, words: &str) -> std::io::Result<server::Reply> {
    let body = json!({"text": words});
    server::send(&server.address, "POST", "/v1/posts", &author.token, &[], &body)
}

fn long(number: usize) -> String {
    format!("{number} {}", "👨‍👩‍👧‍👦".repeat(270))
}

/// Posts until one is not acknowledged, and answers with the ids of those that were, and what came then.
fn fill(server: &Server, author: &Person) -> (Vec<String>, std::io::Result<server::Reply>) {
    let mut acknowledged = Vec::new();
    for number in 0..1000 {
        match post(server, author, &long(number)) {
            Ok(reply) if reply.status == 201 => acknowledged.push(text(&reply.body["id"])),
            other => return (acknowledged, other),
        }
    }
    panic!("there is room for all");
}

/// What is answered while there is no room.
#[track_caller]
fn expect_refusal(reply: std::io::Result<server::Reply>) {
    let problem = reply.expect("an answer").expect(503);
    assert_eq!((&problem["code"], &problem["status"]), (&json!("store_unavailable"), &json!(503)));
}

fn posts_of(server: &Server, author: &Person) -> BTreeSet<String> {
    let items = server.walk(&format!("/v1/users/{}/posts", author.id));
    items.iter().map(|item| text(&item["post"]["id"])).collect()
}

/// Whether the process is killed while the disk is full, or goes on once there is room again.
#[test]
fn a_full_disk_loses_nothing_that_was_acknowledged() {
    for room_comes_back in [false, true] {
        let folder = TempDir::new().expect("a temporary folder");
        let server = Server::try_start_as(in_little_room(), folder.path(), &[]).expect("it starts");
        let ann = server.register("ann");
        let (mut acknowledged, then) = fill(&server, &ann);
        assert!(acknowledged.len() > 10, "{acknowledged:?}");
        expect_refusal(then);
        // What is left may have room for something small.
        let refused = loop {
            match post(&server, &ann, "no room for this either") {
                Ok(reply) if reply.status == 201 => acknowledged.push(text(&reply.body["id"])),
                other => break other,
            }
        };
        expect_refusal(refused);
        let follow = format!("/v1/users/{}", ann.id);
        // A single statement as well as a transaction, and nothing of either is there.
        let me = json!({"bio": "x".repeat(400)});
        let patched = server::send(&server.address, "PATCH", "/v1/me", &ann.token, &[], &me);
        assert!(patched.expect("an answer").status == 503, "{}", server.log());
        assert_eq!(server.get(&follow, "")["counts"]["posts"], json!(acknowledged.len()));
        assert_eq!(server.get(&follow, "")["bio"], Value::Null);
        assert!(server.log().contains("is the disk full?"), "{}", server.log());
        if room_comes_back {
            let id = server.id().to_string();
            let lifted = Command::new("prlimit").args(["--pid", &id, "--fsize=unlimited:"]).status();
            assert!(lifted.expect("prlimit runs").success());
            for number in 0..20 {
                let reply = post(&server, &ann, &long(number)).expect("an answer");
                acknowledged.push(text(&reply.expect(201)["id"]));
            }
        }
        server.kill();
        let server = Server::start(folder.path());
        assert_eq!(posts_of(&server, &ann), acknowledged.into_iter().collect());
        post(&server, &ann, "there is room").expect("an answer").expect(201);
    }
}

#[test]
fn a_disk_without_any_room_is_named_at_the_start() {
    let folder = TempDir::new().expect("a temporary folder");
    let mut command = Command::new("sh");
    // What it says goes through a pipe, for the log is a file as well.
    let script = "(trap '' XFSZ; ulimit -f 0; \"$0\" 2>&1; echo \"ended with $?\") | cat >&2";
    command.args(["-c", script, env!("CARGO_BIN_EXE_kith")]);
    let Err(Refusal { message, .. }) = Server::try_start_as(command, folder.path(), &[]) else {
        panic!("it starts")
    };
    for words in ["kith: ", &folder.path().display().to_string(), "File too large", "ended with 1"] {
        assert!(message.contains(words), "{words:?} is missing in: {message}");
    }
    drop(Server::start(folder.path()));
}

/// A folder of somebody else's, which is why this process must not be root's: root may write everywhere.
#[test]
fn a_folder_that_may_not_be_written_is_named() {
    let folder = TempDir::new().expect("a temporary folder");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o555)).expect("a read-only folder");
    let mut command = if fs::metadata("/proc/self").expect("Linux").uid() == 0 {
        let mut command = Command::new("sh");
        // The open file is found wherever it lies, in a folder of root's as well.
        let script = "exec 9<\"$0\"; exec setpriv --reuid=65534 --regid=65534 --clear-groups /proc/self/fd/9";
        command.args(["-c", script, env!("CARGO_BIN_EXE_kith")]);
        command
    } else {
        Command::new(env!("CARGO_BIN_EXE_kith"))
    };
    command.env("HOME", "/");
    let Err(refusal) = Server::try_start_as(command, folder.path(), &[]) else { panic!("it starts") };
    assert_eq!(refusal.code, Some(1), "{}", refusal.message);
    for words in [&folder.path().display().to_string(), "ermission denied"] {
        assert!(refusal.message.contains(words), "{words:?} is missing in: {}", refusal.message);
    }
}
