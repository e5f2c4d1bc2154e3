//! How a process ends, and when it does not start: each time with a message that says what to do.

use std::{
    fs::{self, OpenOptions},
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    os::unix::fs::MetadataExt,
    path::Path,
};

use kith::{
    config::Config,
    cypher::{Access, Done, Query},
    store::Store,
};
use serde::Serialize;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::server::{Person, Refusal, Server, head, receive};
use crate::support::text;

fn folder() -> TempDir {
    TempDir::new().expect("a temporary folder")
}

fn write_posts(server: &Server, author: &Person, count: usize) -> Vec<String> {
    let post = |number: usize| {
        let body = json!({"text": format!("Post {number}")});
        text(&server.send("POST", "/v1/posts", &author.token, &[], &body).expect(201)["id"])
    };
    (0..count).map(post).collect()
}

/// The posts of somebody, oldest first.
fn posts_of(server: &Server, author: &Person) -> Vec<String> {
    let items = server.walk(&format!("/v1/users/{}/posts", author.id));
    items.iter().rev().map(|item| text(&item["post"]["id"])).collect()
}

fn log_of(folder: &Path) -> Vec<u8> {
    fs::read(folder.join("graph.kgl-wal")).expect("the log")
}

#[track_caller]
fn refused(folder: &Path, listen: &str, says: &[&str]) {
    match Server::try_start(folder, listen) {
        Ok(_) => panic!("it starts, and should say {says:?}"),
        Err(Refusal { code, message }) => {
            assert_eq!(code, Some(1), "{message}");
            for words in says {
                assert!(message.contains(words), "{words:?} is missing in: {message}");
            }
            assert!(!message.contains("panicked"), "{message}");
        }
    }
}

#[test]
fn a_request_in_flight_is_finished_on_sigterm_and_the_log_is_folded() {
    let folder = folder();
    let server = Server::start(folder.path());
    let ann = server.register("ann");
    let mut expected = write_posts(&server, &ann, 3);
    let body = json!({"text": "In flight"}).to_string();
    let mut stream = TcpStream::connect(&server.address).expect("a connection");
    let headers = [("expect", "100-continue")];
    stream
        .write_all(head("POST", "/v1/posts", &ann.token, &headers, body.len()).as_bytes())
        .expect("a head is sent");
    // It asks for the body, and so has begun.
    let go_on = b"HTTP/1.1 100 Continue\r\n\r\n";
    let mut answer = vec![0; go_on.len()];
    stream.read_exact(&mut answer).expect("an answer to the head");
    assert_eq!(answer, go_on);
    server.terminate();
    while !server.log().contains("stopping") {
        std::thread::yield_now();
    }
    stream.write_all(body.as_bytes()).expect("the body is sent");
    let post = receive(&mut stream).expect("an answer").expect(201);
    expected.push(text(&post["id"]));
    assert!(server.wait().success());

    let checkpoint = fs::metadata(folder.path().join("graph.kgl")).expect("a checkpoint").len();
    let log = fs::metadata(folder.path().join("graph.kgl-wal")).map_or(0, |log| log.len());
    assert!(log < 256 && checkpoint > 0, "{log} bytes of log beside {checkpoint} bytes of graph");
    assert_eq!(posts_of(&Server::start(folder.path()), &ann), expected);
}

/// Nobody has a bio and nothing is quoted, edited or answered: a graph must take for the first time after a start what
/// it never had, whether it comes from a checkpoint or from the log.
#[test]
fn a_reopened_graph_takes_what_it_never_had() {
    for kill in [false, true] {
        let folder = folder();
        let server = Server::start(folder.path());
        let ann = server.register("ann");
        let post = write_posts(&server, &ann, 1).remove(0);
        if kill {
            server.kill();
        } else {
            server.terminate();
            assert!(server.wait().success());
        }
        let server = Server::start(folder.path());
        let bob = server.register("bob");
        write_posts(&server, &bob, 1);
        let send =
            |method: &str, path: &str, body: &Value| server.send(method, path, &bob.token, &[], body).body;
        let quote = send("POST", "/v1/posts", &json!({"text": "Look #here @ann", "quote_of": post}));
        assert_eq!(quote["quoted"]["id"], json!(post), "{quote}");
        let said = json!({"text": "Again"});
        let edited = send("PATCH", &format!("/v1/posts/{}", text(&quote["id"])), &said);
        assert_eq!(edited["text"], said["text"], "{edited}");
        let comment = send("POST", &format!("/v1/posts/{post}/comments"), &said);
        let reply = json!({"text": "Answer", "parent_id": comment["id"]});
        let reply = send("POST", &format!("/v1/posts/{post}/comments"), &reply);
        assert_eq!(reply["parent_id"], comment["id"], "{reply}");
        send("DELETE", &format!("/v1/comments/{}", text(&comment["id"])), &Value::Null);
        for name in ["like", "repost", "bookmark"] {
            send("PUT", &format!("/v1/posts/{post}/{name}"), &Value::Null);
        }
        let me = send("PATCH", "/v1/me", &json!({"bio": "Here"}));
        assert_eq!(me["bio"], json!("Here"), "{me}");
        let seen = server.get(&format!("/v1/posts/{post}"), &bob.token);
        assert_eq!(seen["counts"], json!({"comments": 1, "likes": 1, "reposts": 1, "quotes": 1}));
        assert_eq!(seen["viewer"], json!({"liked": true, "reposted": true, "bookmarked": true}));
    }
}

/// What a start takes depends on the log, and that must not grow with the graph.
#[test]
fn a_long_log_is_folded_however_large_the_graph_is() {
    let folder = folder();
    let server = Server::start(folder.path());
    let ann = server.register("ann");
    let post = write_posts(&server, &ann, 1).remove(0);
    let body = json!({"text": "👨‍👩‍👧‍👦".repeat(1900)});
    let path = format!("/v1/posts/{post}/comments");
    let (mut folds, mut checkpoint, mut writes) = (0, None, 0);
    // Each is 100,000 bytes of log: one for the comment, one for the answer that its key keeps.
    while folds < 6 {
        let key = format!("comment-{writes}");
        server.send("POST", &path, &ann.token, &[("idempotency-key", &key)], &body).expect(201);
        writes += 1;
        assert!(writes < 500, "{folds} folds");
        let now = fs::metadata(folder.path().join("graph.kgl")).ok().map(|file| file.ino());
        if now != checkpoint {
            (folds, checkpoint) = (folds + 1, now);
        }
    }
}

#[test]
fn a_second_process_is_kept_out_of_the_folder() {
    let folder = folder();
    let server = Server::start(folder.path());
    let path = folder.path().display().to_string();
    refused(folder.path(), "127.0.0.1:0", &[&path, "in use by another process"]);
    server.get("/health/ready", "");
    server.kill();
    drop(Server::start(folder.path()));
}

#[test]
fn a_damaged_log_is_refused_until_somebody_decides() {
    let folder = folder();
    let server = Server::start(folder.path());
    let ann = server.register("ann");
    write_posts(&server, &ann, 20);
    server.kill();
    let mut log = log_of(folder.path());
    let middle = log.len() / 2;
    for byte in &mut log[middle..middle + 16] {
        *byte ^= 0xff;
    }
    fs::write(folder.path().join("graph.kgl-wal"), log).expect("a damaged log");
    for _ in 0..2 {
        refused(
            folder.path(),
            "127.0.0.1:0",
            &["is damaged", "Restore the folder from a backup", "move that file away"],
        );
    }
}

#[test]
fn a_torn_tail_loses_the_torn_frame_alone() {
    let folder = folder();
    let server = Server::start(folder.path());
    let ann = server.register("ann");
    let written = write_posts(&server, &ann, 10);
    server.kill();
    let log = log_of(folder.path());
    let file = OpenOptions::new().write(true).open(folder.path().join("graph.kgl-wal")).expect("the log");
    file.set_len(log.len() as u64 - 3).expect("a shorter log");
    drop(file);
    let server = Server::start(folder.path());
    assert_eq!(posts_of(&server, &ann), written[..9]);
    let count = &server.get(&format!("/v1/users/{}", ann.id), "")["counts"]["posts"];
    assert_eq!(count, &json!(9));
    // What comes after stands on whole frames.
    let more = write_posts(&server, &ann, 1);
    server.kill();
    let server = Server::start(folder.path());
    assert_eq!(posts_of(&server, &ann), [&written[..9], more.as_slice()].concat());
}

/// Records a schema version, as a later Kith would.
#[derive(Serialize)]
struct SetSchemaVersion {
    version: i64,
}

impl Query for SetSchemaVersion {
    const FILE: &'static str = "system/set_schema_version.cypher";
    const TEXT: &'static str = include_str!("../../../cypher/system/set_schema_version.cypher");
    const EMBEDDED_TEXT: &'static str = Self::TEXT;
    const ACCESS: Access = Access::Write;
    type Row = Done;
}

async fn open(folder: &TempDir) -> Store {
    let mut config = Config::defaults().store;
    config.uri = format!("embedded:{}", folder.path().display());
    Box::pin(Store::open(&config, &[0; 16])).await.expect("a new graph")
}

#[tokio::test]
async fn a_closed_graph_can_be_opened_by_others_and_written_by_nobody_else() {
    let folder = folder();
    let store = open(&folder).await;
    store.close().await;
    let server = Server::start(folder.path());
    Box::pin(store.run(&SetSchemaVersion { version: 1_000_000 })).await.expect_err("it is closed");
    server.kill();
    drop(Server::start(folder.path()));
}

#[tokio::test]
async fn a_graph_of_a_newer_kith_is_refused() {
    let folder = folder();
    let store = open(&folder).await;
    Box::pin(store.run(&SetSchemaVersion { version: 1_000_000 })).await.expect("a write");
    store.close().await;
    drop(store);
    refused(folder.path(), "127.0.0.1:0", &["schema version 1000000", "start a newer Kith"]);
}

#[test]
fn a_port_in_use_is_named() {
    let folder = folder();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("its address").to_string();
    refused(folder.path(), &address, &["http.listen", &address, "in use"]);
    drop(taken);
    let server = Server::try_start(folder.path(), &address).expect("a free port again");
    server.send("GET", "/v1/users/@nobody", "", &[], &Value::Null).expect(404);
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let parent = folder();
    let path = parent.path().join("file");
    fs::write(&path, "no folder").expect("a file");
    refused(&path.join("data"), "127.0.0.1:0", &[&path.display().to_string()]);
}
