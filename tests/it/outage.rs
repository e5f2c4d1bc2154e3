//! What clients see while the graph is gone, and after it came back.

mod network;
mod proxy;

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    time::{Duration, Instant},
};

use kith::{
    error::Error,
    store::{Fact, Tx, Work},
};
use serde_json::{Value, json};

use crate::{
    neo4j,
    support::{Answer, Kith, On, Person, text},
};

/// Neo4j is killed under load and started again: requests fail fast and in words, nothing that was acknowledged is
/// lost, nothing is done twice, and service comes back by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_neo4j_answers_503_and_service_comes_back() {
    let server = tokio::task::spawn_blocking(neo4j::start_own).await.expect("a server");
    // Whoever makes the schema has more time for it.
    let start = || Kith::with(On::Neo4j, |config| config.store.uri.clone_from(&server.uri));
    drop(start().await);
    let uri = server.uri.clone();
    let kith = Kith::with(On::Neo4j, |config| {
        config.store.uri = uri;
        config.store.timeout = Duration::from_secs(5);
    })
    .await;
    let kith = Arc::new(kith);
    let ann = kith.person("ann").await;
    assert_eq!(kith.get("/health/ready", "").await, json!({"status": "ok"}));

    let killed = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..8)
        .map(|writer| tokio::spawn(write(writer, Arc::clone(&kith), ann.clone(), Arc::clone(&killed))))
        .collect();
    let stopped = Arc::new(AtomicBool::new(false));
    let known = kith.post(&ann, "stands").await;
    let readers: Vec<_> =
        (0..4).map(|_| tokio::spawn(read(Arc::clone(&kith), known.clone(), Arc::clone(&stopped)))).collect();
    let under_load = async {
        loop {
            let me = kith.send("GET", "/v1/me", &ann.token, Value::Null).await;
            if me.status == 200 && me.json()["counts"]["posts"].as_i64() >= Some(20) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(2), under_load).await.expect("writers write");
    killed.store(true, Ordering::Relaxed);
    let server = tokio::task::spawn_blocking(move || {
        let mut server = server;
        server.kill();
        server
    })
    .await
    .expect("killed");
    let mut acknowledged = Vec::new();
    for writer in writers {
        let seen = tokio::time::timeout(Duration::from_mins(2), writer).await.expect("requests fail fast");
        acknowledged.extend(seen.expect("a writer sees the outage"));
    }
    kith.send("GET", "/health/ready", "", Value::Null).await.expect_problem(503, "store_unavailable");
    kith.send("GET", "/v1/feeds/public", "", Value::Null).await.expect_problem(503, "store_unavailable");
    kith.send("GET", "/health/live", "", Value::Null).await.expect(200);

    let server = tokio::task::spawn_blocking(move || {
        let mut server = server;
        server.restart();
        server
    })
    .await
    .expect("restarted");
    // A new Kith shows from when on Neo4j answers: a busy machine takes its time until then.
    let uri = server.uri.clone();
    Kith::with(On::Neo4j, |config| config.store.uri = uri).await.get("/health/ready", "").await;
    back_within(Duration::from_secs(5), &kith).await;
    stopped.store(true, Ordering::Relaxed);
    for reader in readers {
        assert!(reader.await.expect("no reader is told anything wrong") > 0, "a reader sees the outage");
    }
    for id in &acknowledged {
        kith.get(&format!("/v1/posts/{id}"), &ann.token).await;
    }
    kith.post(&ann, "after").await;
}

/// Writes until the graph is gone, and tells what was acknowledged.
async fn write(writer: usize, kith: Arc<Kith>, ann: Person, killed: Arc<AtomicBool>) -> Vec<String> {
    let mut acknowledged = Vec::new();
    for number in 0.. {
        let body = json!({"text": format!("{writer}-{number}")});
        let answer = kith.send("POST", "/v1/posts", &ann.token, body).await;
        if answer.status == 201 {
            acknowledged.push(text(&answer.json()["id"]));
            continue;
        }
        expect_unavailable(answer);
        // A slow machine may miss a deadline before anything is killed.
        if killed.load(Ordering::Relaxed) {
            break;
        }
    }
    acknowledged
}

/// Reads what is there until told to stop, and tells how often it was told that the graph is away.
async fn read(kith: Arc<Kith>, known: Value, stopped: Arc<AtomicBool>) -> usize {
    let (path, mut refused) = (format!("/v1/posts/{}", text(&known["id"])), 0);
    while !stopped.load(Ordering::Relaxed) {
        let answer = kith.send("GET", &path, "", Value::Null).await;
        if answer.status == 200 {
            assert_eq!(answer.json()["text"], known["text"]);
        } else {
            expect_unavailable(answer);
            refused += 1;
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    refused
}

/// The one answer to whatever needs a graph that is not there.
#[track_caller]
fn expect_unavailable(answer: Answer) {
    assert_eq!(answer.header("retry-after"), "1", "{}", answer.text);
    answer.expect_problem(503, "store_unavailable");
}

/// Waits until a Kith is ready again, which must be soon.
async fn back_within(limit: Duration, kith: &Kith) {
    let started = Instant::now();
    while kith.send("GET", "/health/ready", "", Value::Null).await.status != 200 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(started.elapsed() < limit, "back after {:?}", started.elapsed());
}

/// A server that accepts and never answers must not hold a request longer than the deadline.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_neo4j_is_given_up() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let uri = format!("bolt://{}", listener.local_addr().expect("an address"));
    let silent = tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((socket, _)) = listener.accept().await {
            open.push(socket);
        }
    });
    let mut config = kith::config::Config::defaults();
    config.store.uri = uri;
    config.store.timeout = Duration::from_millis(300);
    config.auth.signing_key = kith::config::Secret::new("A".repeat(43));
    config.rate_limits.enabled = false;
    let Err(error) = kith::app::App::start(config).await else { panic!("nothing answered") };
    assert!(error.to_string().contains("300ms"), "{error}");
    silent.abort();
}

/// A transaction that has begun, and waits for a word.
struct Long {
    begun: mpsc::Sender<()>,
    word: Mutex<mpsc::Receiver<()>>,
}

impl Work for Long {
    type Output = ();

    async fn run(&self, _: &mut Tx) -> Result<(), Error> {
        self.begun.send(()).expect("somebody waits");
        // Keeps its thread, as all of the embedded graph's writes do, so that no timer ends it.
        let word = self.word.lock().expect("one at a time");
        let _ = word.recv_timeout(Duration::from_mins(1));
        Ok(())
    }
}

/// A write that never had its turn has not happened, and what it would have changed may be kept at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_write_that_waits_in_vain_leaves_nothing_open() {
    let kith = Kith::with(On::Embedded, |config| config.store.timeout = Duration::from_secs(2)).await;
    let (ann, bob) = (kith.person("ann").await, kith.person("bob").await);
    let follow = format!("/v1/users/{}/follow", bob.id);
    kith.send("PUT", &follow, &ann.token, Value::Null).await.expect(200);
    let (begun, has_begun) = mpsc::channel();
    let (word, heard) = mpsc::channel();
    let app = Arc::clone(&kith.app);
    let long = tokio::spawn(async move {
        let _ = app.store.write(&Long { begun, word: Mutex::new(heard) }).await;
    });
    tokio::task::spawn_blocking(move || has_begun.recv()).await.expect("a thread").expect("it begins");
    kith.send("DELETE", &follow, &ann.token, Value::Null).await.expect_problem(503, "store_unavailable");
    let changes = kith.app.store.changes();
    let whom = changes.slots(&[Fact::Following(&ann.id)]);
    assert!(changes.hold(changes.now(), &whom), "nothing of it is under way");
    word.send(()).expect("it waits");
    long.await.expect("it ends");
    assert_eq!(kith.get("/v1/me", &ann.token).await["counts"]["following"], 1);
}
