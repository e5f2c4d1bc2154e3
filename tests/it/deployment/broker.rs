//! Two instances with a broker between them, which stops and comes back.

use std::{
    net::TcpStream,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{
    client::{get, send},
    cluster::{Cluster, Instance, Process, kith, person},
    tools,
};
use crate::{neo4j, support::text};

/// Long, so that what is seen sooner was told by the broker.
const MAX_AGE: Duration = Duration::from_secs(6);
const LIMIT: Duration = Duration::from_mins(1);

/// A NATS server. It keeps its port over a restart.
pub struct Broker {
    port: u16,
    process: Option<Process>,
}

impl Broker {
    pub fn start(port: u16) -> Self {
        let mut broker = Self { port, process: None };
        broker.restart();
        broker
    }

    fn restart(&mut self) {
        self.process = Some(Process::spawn(
            tools::nats_server()
                .args(["--addr", "127.0.0.1", "--port", &self.port.to_string()])
                .stderr(Stdio::null()),
        ));
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(started.elapsed() < LIMIT, "nats-server does not answer");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// What tells a Kith of it.
    pub fn setting(&self) -> (&'static str, String) {
        ("KITH_BROKER__URL", format!("nats://127.0.0.1:{}", self.port))
    }

    fn stop(&mut self) {
        self.process = None;
    }
}

/// Waits until a metric is so.
async fn until(instance: &Instance, name: &str, is_so: impl Fn(f64) -> bool) {
    let started = Instant::now();
    while !instance.metric(name).await.is_some_and(&is_so) {
        assert!(started.elapsed() < LIMIT, "{name} of {} does not change", instance.address);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// How long an instance answers something else than this to nobody in particular.
async fn seen(address: &str, path: &str, pointer: &str, value: &Value) -> Duration {
    let started = Instant::now();
    while get(address, path, "").await.expect(200).pointer(pointer) != Some(value) {
        assert!(started.elapsed() < LIMIT, "{path} of {address} never shows {value}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    started.elapsed()
}

/// How often each instance has dropped all that it kept.
async fn gaps(cluster: &Cluster) -> [u32; 2] {
    let mut gaps = [0; 2];
    for (gaps, instance) in gaps.iter_mut().zip(&cluster.instances) {
        let dropped = instance.metric("kith_cache_gaps_total").await.expect("the metric");
        *gaps = dropped.to_string().parse().expect("a number of times");
    }
    gaps
}

/// Two looks at the graph and some more: what nobody has told is found by then.
async fn two_looks() {
    tokio::time::sleep(MAX_AGE / 2 + Duration::from_secs(1)).await;
}

/// One write of each kind that there is, and some that change nothing.
async fn writes(address: &str, round: u32) {
    let (ann, bob) = (person(address, "ann").await, person(address, "bob").await);
    let id = |value: &Value| text(&value["id"]);
    let post = json!({"text": format!("First for @{} #tag{round}", bob.handle)});
    let post = id(&send(address, "POST", "/v1/posts", &ann.token, &post).await.expect(201));
    let comments = format!("/v1/posts/{post}/comments");
    let comment = id(&send(address, "POST", &comments, &bob.token, &json!({"text": "Hm"})).await.expect(201));
    let reply = json!({"text": "Hm?", "parent_id": comment});
    send(address, "POST", &comments, &ann.token, &reply).await.expect(201);
    for (method, path, who, body) in [
        ("PUT", format!("/v1/users/{}/follow", bob.id), &ann, Value::Null),
        ("PUT", format!("/v1/users/{}/follow", bob.id), &ann, Value::Null),
        ("PUT", format!("/v1/posts/{post}/like"), &bob, Value::Null),
        ("PUT", format!("/v1/posts/{post}/like"), &bob, Value::Null),
        ("PUT", format!("/v1/posts/{post}/repost"), &bob, Value::Null),
        ("PUT", format!("/v1/posts/{post}/bookmark"), &bob, Value::Null),
        ("PUT", format!("/v1/comments/{comment}/like"), &ann, Value::Null),
        ("PATCH", format!("/v1/posts/{post}"), &ann, json!({"text": "Edited #other"})),
        ("PATCH", format!("/v1/comments/{comment}"), &bob, json!({"text": "Edited"})),
        ("PATCH", "/v1/me".to_owned(), &ann, json!({"bio": "Hello"})),
        ("POST", "/v1/posts".to_owned(), &bob, json!({"text": "A quote", "quote_of": post})),
        ("DELETE", format!("/v1/comments/{comment}"), &bob, Value::Null),
        ("DELETE", format!("/v1/posts/{post}/like"), &bob, Value::Null),
        ("DELETE", format!("/v1/posts/{post}/like"), &bob, Value::Null),
        ("DELETE", format!("/v1/posts/{post}"), &ann, Value::Null),
        ("DELETE", "/v1/me".to_owned(), &bob, Value::Null),
    ] {
        let answer = send(address, method, &path, &who.token, &body).await;
        assert!(answer.status < 300, "{method} {path}: {}", answer.text);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn instances_tell_each_other_and_notice_when_nobody_told_them() {
    let neo4j = neo4j::start_own();
    let mut broker = Broker::start(tools::free_port());
    let cluster = Cluster::with(
        &neo4j.uri,
        &[broker.setting(), ("KITH_CACHE__MAX_AGE", MAX_AGE.as_secs().to_string())],
    );
    let [one, two] = &cluster.instances;
    // Every write has been there once: what the graph makes for itself at the first of a kind, nobody tells.
    writes(&one.address, 0).await;
    let ann = person(&one.address, "ann").await;
    let profile = format!("/v1/users/{}", ann.id);
    let rename = async |address: &str, bio: &str| {
        seen(address, &profile, "/id", &json!(ann.id)).await;
        send(address, "PATCH", "/v1/me", &ann.token, &json!({"bio": bio})).await.expect(200);
        json!(bio)
    };
    for instance in &cluster.instances {
        until(instance, "kith_broker_up", |up| up > 0.0).await;
    }
    two_looks().await;

    // Each hears of the other's writes at once, through nginx as well, and nothing is left over.
    let before = gaps(&cluster).await;
    writes(&one.address, 1).await;
    writes(&two.address, 2).await;
    for (n, (writer, reader)) in [(one, two), (two, one)].into_iter().enumerate() {
        let bio = rename(&writer.address, &format!("told {n}")).await;
        let took = seen(&reader.address, &profile, "/bio", &bio).await;
        assert!(took < MAX_AGE, "{took:?}");
        let took = seen(&cluster.nginx.address, &profile, "/bio", &bio).await;
        assert!(took < MAX_AGE, "{took:?}");
    }
    two_looks().await;
    assert_eq!(gaps(&cluster).await, before, "all that the graph has was told");
    assert!(two.metric("kith_broker_messages_total").await.is_some_and(|messages| messages > 20.0));

    // Without a broker each finds out by the numbers of transactions.
    broker.stop();
    for instance in &cluster.instances {
        until(instance, "kith_broker_up", |up| up == 0.0).await;
    }
    let bio = rename(&one.address, "not told").await;
    let took = seen(&two.address, &profile, "/bio", &bio).await;
    assert!(took < MAX_AGE, "{took:?}");
    two_looks().await;
    let after = gaps(&cluster).await;
    assert!(after[1] > before[1], "{before:?} {after:?}");

    // With the broker back they hear of each other again.
    broker.restart();
    for instance in &cluster.instances {
        until(instance, "kith_broker_up", |up| up > 0.0).await;
    }
    two_looks().await;
    let before = gaps(&cluster).await;
    let bio = rename(&two.address, "told again").await;
    let took = seen(&one.address, &profile, "/bio", &bio).await;
    assert!(took < MAX_AGE, "{took:?}");
    two_looks().await;
    assert_eq!(gaps(&cluster).await, before);

    // Somebody who tells nobody: another program, or a person with Cypher.
    let feed = "/v1/feeds/public?limit=1";
    let newest = get(&two.address, feed, "").await.expect(200)["items"][0]["post"]["id"].clone();
    let seed: &mut Command = &mut kith(cluster.folder.path(), &neo4j.uri, "127.0.0.1:0");
    tools::succeed(seed.args(["seed", "--users", "3"]));
    let started = Instant::now();
    while get(&two.address, feed, "").await.expect(200)["items"][0]["post"]["id"] == newest {
        assert!(started.elapsed() < MAX_AGE, "what another program wrote is not seen");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    two_looks().await;
    assert!(gaps(&cluster).await.iter().zip(before).all(|(after, before)| *after > before));
}
