//! What clients see while the graph is gone, and after it came back.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};

use crate::{
    neo4j,
    support::{Kith, On, text},
};

/// Neo4j is killed under load and started again: requests fail fast and in words, nothing that was acknowledged is
/// lost, nothing is done twice, and service comes back by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_neo4j_answers_503_and_service_comes_back() {
    let server = tokio::task::spawn_blocking(neo4j::start_own).await.expect("a server");
    let uri = server.uri.clone();
    let kith = Kith::with(On::Neo4j, |config| {
        config.store.uri = uri;
        config.store.timeout = Duration::from_secs(5);
    })
    .await;
    let kith = Arc::new(kith);
    let ann = kith.person("ann").await;
    assert_eq!(kith.get("/health/ready", "").await, json!({"status": "ok"}));

    let writers: Vec<_> = (0..8)
        .map(|writer| {
            let (kith, ann) = (Arc::clone(&kith), ann.clone());
            tokio::spawn(async move {
                let mut acknowledged = Vec::new();
                for number in 0.. {
                    let body = json!({"text": format!("{writer}-{number}")});
                    let answer = kith.send("POST", "/v1/posts", &ann.token, body).await;
                    match answer.status {
                        201 => acknowledged.push(text(&answer.json()["id"])),
                        // A commit whose answer was lost may have happened: that is not for Kith to say.
                        500 => return acknowledged,
                        _ => {
                            assert_eq!(answer.header("retry-after"), "1");
                            answer.expect_problem(503, "store_unavailable");
                            return acknowledged;
                        }
                    }
                }
                acknowledged
            })
        })
        .collect();
    while kith.get("/v1/me", &ann.token).await["counts"]["posts"].as_i64() < Some(20) {
        tokio::task::yield_now().await;
    }
    let server = tokio::task::spawn_blocking(move || {
        let mut server = server;
        server.kill();
        server
    })
    .await
    .expect("killed");
    let mut acknowledged = Vec::new();
    for writer in writers {
        acknowledged.extend(writer.await.expect("a writer sees the outage"));
    }
    kith.send("GET", "/health/ready", "", Value::Null).await.expect_problem(503, "store_unavailable");
    kith.send("GET", "/v1/feeds/public", "", Value::Null).await.expect_problem(503, "store_unavailable");
    kith.send("GET", "/health/live", "", Value::Null).await.expect(200);

    let _server = tokio::task::spawn_blocking(move || {
        let mut server = server;
        server.restart();
        server
    })
    .await
    .expect("restarted");
    let mut tries = 0;
    while kith.send("GET", "/health/ready", "", Value::Null).await.status != 200 {
        tries += 1;
        assert!(tries < 500, "service does not come back");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for id in &acknowledged {
        kith.get(&format!("/v1/posts/{id}"), &ann.token).await;
    }
    kith.post(&ann, "after").await;
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
    let Err(error) = kith::app::App::start(config).await else { panic!("nothing answered") };
    assert!(error.to_string().contains("300ms"), "{error}");
    silent.abort();
}
