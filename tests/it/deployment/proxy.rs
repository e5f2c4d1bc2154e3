//! nginx before two instances, with the configuration that is shipped.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use http_body_util::BodyExt;
use serde_json::{Value, json};

use super::{
    client::{self, get, send, send_with, try_send},
    cluster::{Cluster, Instance, person},
};
use crate::{neo4j, support::Answer};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_go_round_and_carry_their_id() {
    let cluster = Cluster::start(neo4j::uri());
    let nginx = cluster.nginx.address.as_str();
    let mut asked = Vec::new();
    for number in 0..20 {
        let id = format!("round-{number}");
        let answer =
            send_with(nginx, "GET", "/health/live", "", &[("x-request-id", &id)], &Value::Null).await;
        assert_eq!((answer.status, answer.header("x-request-id")), (200, id.as_str()));
        let line = cluster.nginx.line(&id).await;
        assert_eq!((&line["status"], &line["path"]), (&json!(200), &json!("/health/live")), "{line}");
        assert!(line["duration_s"].is_number() && line["client"] == "127.0.0.1", "{line}");
        asked.push(line["upstream"].as_str().expect("an address").to_owned());
    }
    // Strangers go anywhere, who has a token to one and the same: it knows at once what they have written.
    for address in cluster.addresses() {
        assert!(asked.iter().any(|asked| asked == address), "{asked:?}");
    }
    let mut asked = BTreeSet::new();
    for number in 0..10 {
        let id = format!("again-{number}");
        send_with(nginx, "GET", "/health/live", "a-token", &[("x-request-id", &id)], &Value::Null)
            .await
            .expect(200);
        asked.insert(cluster.nginx.line(&id).await["upstream"].to_string());
    }
    assert_eq!(asked.len(), 1, "{asked:?}");
    // The same id in the log of the instance, and one made by nginx where the client's is none.
    let logs = || cluster.instances.iter().flat_map(Instance::log).collect::<Vec<_>>();
    assert!(logs().iter().any(|line| line["request_id"] == "round-7"));
    let odd = [("x-request-id", "no \"id\"")];
    let answer = send_with(nginx, "GET", "/v1/nowhere", "", &odd, &Value::Null).await;
    let id = answer.header("x-request-id").to_owned();
    answer.expect_problem(404, "not_found");
    assert_eq!(cluster.nginx.line(&id).await["status"], json!(404));
    assert!(id.len() == 32 && logs().iter().any(|line| line["request_id"] == id.as_str()), "{id}");
    // Cursors and tokens come in queries and headers.
    get(nginx, "/v1/feeds/public?cursor=private", "private").await;
    assert!(cluster.nginx.log().iter().all(|line| !line.to_string().contains("private")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nginx_refuses_is_a_problem_too() {
    let cluster = Cluster::start(neo4j::uri());
    let nginx = cluster.nginx.address.as_str();
    let ann = person(cluster.addresses()[0], "ann").await;

    // The limits agree: what nginx lets through Kith takes, and the next byte goes to neither.
    let envelope = json!({"text": ""}).to_string().len();
    for (size, status, code) in [(65_536, 422, "validation_failed"), (65_537, 413, "body_too_large")] {
        let body = json!({"text": "x".repeat(size - envelope)});
        let through = send(nginx, "POST", "/v1/posts", &ann.token, &body).await;
        let direct = send(cluster.addresses()[0], "POST", "/v1/posts", &ann.token, &body).await;
        let id = through.header("x-request-id").to_owned();
        let (mut through, direct) =
            (through.expect_problem(status, code), direct.expect_problem(status, code));
        assert_eq!(through["request_id"], json!(id));
        // Kith would have said the same.
        through["request_id"] = direct["request_id"].clone();
        assert_eq!(through, direct);
    }
    let no_metrics = get(nginx, "/metrics", "").await.expect_problem(404, "not_found");
    assert_eq!(no_metrics["instance"], json!("/metrics"));

    // A path that JSON would trip over, and its problem is still one.
    let line = "GET /metrics?%22\"\\ HTTP/1.1\r\nhost: kith\r\nconnection: close\r\n\r\n";
    let answer = raw(nginx, line).await;
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    assert!(head.starts_with("HTTP/1.1 404"), "{answer}");
    let problem: Value = serde_json::from_str(body).expect("JSON");
    assert_eq!(problem["instance"], json!("/metrics"));

    // Guessing passwords from one address comes to an end.
    let guess = json!({"handle": ann.handle, "password": "battery staple"});
    let mut refused = None;
    for _ in 0..15 {
        let answer = send(nginx, "POST", "/v1/sessions", "", &guess).await;
        if answer.status != 401 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("an end");
    assert_eq!(refused.header("retry-after"), "2");
    refused.expect_problem(429, "rate_limited");
    get(nginx, &format!("/v1/users/{}", ann.id), "").await.expect(200);
}

async fn raw(address: &str, request: &str) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(address).await.expect("a connection");
    stream.write_all(request.as_bytes()).await.expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    answer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_are_compressed_and_known_ones_not_sent_again() {
    let cluster = Cluster::start(neo4j::uri());
    let nginx = cluster.nginx.address.as_str();
    let gzip = [("accept-encoding", "gzip")];
    let large = send_with(nginx, "GET", "/openapi.json", "", &gzip, &Value::Null).await;
    assert_eq!((large.status, large.header("content-encoding")), (200, "gzip"));
    assert!(
        large.headers.get_all("vary").iter().any(|vary| vary == "Accept-Encoding"),
        "{:?}",
        large.headers
    );
    let plain = get(nginx, "/openapi.json", "").await;
    assert!(plain.header("content-encoding").is_empty() && plain.text.len() > 10_000);
    let small = send_with(nginx, "GET", "/health/live", "", &gzip, &Value::Null).await;
    assert_eq!((small.header("content-encoding"), small.text.as_str()), ("", r#"{"status":"ok"}"#));

    // What Kith keeps is compressed by Kith, once, and its tag is that of those bytes.
    let ann = person(nginx, "ann").await;
    for number in 0..8 {
        let post = json!({"text": format!("post {number}")});
        send(nginx, "POST", "/v1/posts", &ann.token, &post).await.expect(201);
    }
    let list = format!("/v1/users/{}/posts", ann.id);
    let answer = send_with(nginx, "GET", &list, "", &gzip, &Value::Null).await;
    let tag = answer.header("etag").to_owned();
    assert!(answer.header("content-encoding") == "gzip" && tag.ends_with("-gzip\""), "{:?}", answer.headers);
    let headers = [("accept-encoding", "gzip"), ("if-none-match", tag.as_str())];
    assert_eq!(send_with(nginx, "GET", &list, "", &headers, &Value::Null).await.status, 304);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_brings_at_once_what_is_written_on_either_instance() {
    let cluster = Cluster::start(neo4j::uri());
    let nginx = cluster.nginx.address.as_str();
    let (ann, bob) =
        (person(cluster.addresses()[0], "ann").await, person(cluster.addresses()[1], "bob").await);
    send(nginx, "PUT", &format!("/v1/users/{}/follow", bob.id), &ann.token, &Value::Null).await.expect(200);
    let stream = client::open(
        nginx,
        "GET",
        "/v1/feeds/home/stream",
        &ann.token,
        &[("accept-encoding", "gzip")],
        Vec::new(),
    );
    let mut stream = stream.await.expect("a stream");
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    for (address, words) in cluster.addresses().into_iter().zip(["from the one", "from the other"]) {
        send(address, "POST", "/v1/posts", &bob.token, &json!({"text": words})).await.expect(201);
        let mut text = String::new();
        let reading = async {
            // Read as it comes: the stream goes on, so nothing that is held back would arrive.
            while !text.contains(words) {
                let frame = stream.body_mut().frame().await.expect("the stream goes on").expect("a frame");
                text += &String::from_utf8_lossy(&frame.into_data().unwrap_or_default());
            }
        };
        tokio::time::timeout(Duration::from_secs(30), reading).await.expect("the event arrives");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_that_dies_costs_no_reader_an_answer() {
    let mut cluster = Cluster::start(neo4j::uri());
    let nginx = cluster.nginx.address.clone();
    let ann = person(cluster.addresses()[0], "ann").await;
    let post = send(&nginx, "POST", "/v1/posts", &ann.token, &json!({"text": "there"})).await.expect(201);
    let path = format!("/v1/posts/{}", post["id"].as_str().expect("an id"));

    let stop = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..4)
        .map(|_| {
            let (nginx, path, stop) = (nginx.clone(), path.clone(), Arc::clone(&stop));
            tokio::spawn(async move {
                let mut answers = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    answers.push(try_send(&nginx, "GET", &path, "", &[], &Value::Null).await);
                    // Below the limit that nginx sets for an address.
                    tokio::time::sleep(Duration::from_millis(60)).await;
                }
                answers
            })
        })
        .collect();
    let pause = |milliseconds| tokio::time::sleep(Duration::from_millis(milliseconds));
    pause(700).await;
    let dead = cluster.instances[0].address.clone();
    // Counted before, for nginx may meet the dead instance at once, and then leaves it alone for two seconds.
    let lines = cluster.nginx.log().len();
    cluster.instances[0].kill();
    pause(2_500).await;
    // Writes too: what could not even be handed over is handed to the other instance.
    send(&nginx, "POST", "/v1/posts", &ann.token, &json!({"text": "meanwhile"})).await.expect(201);
    let meanwhile = cluster.nginx.log()[lines..].to_vec();
    let tried = |line: &&Value| {
        line["upstream"].as_str().is_some_and(|asked| asked.starts_with(&format!("{dead}, ")))
    };
    assert!(
        meanwhile.iter().any(|line| tried(&line)),
        "nginx met the dead instance, and asked the other: {meanwhile:?}"
    );

    cluster.instances[0].restart();
    let lines = cluster.nginx.log().len();
    let mut is_back = false;
    for _ in 0..200 {
        let log = cluster.nginx.log();
        is_back = log[lines..].iter().any(|line| line["upstream"] == dead.as_str() && line["status"] == 200);
        if is_back {
            break;
        }
        pause(50).await;
    }
    assert!(is_back, "the instance is in rotation again");
    stop.store(true, Ordering::Relaxed);
    let mut answers: Vec<Result<Answer, client::Failure>> = Vec::new();
    for reader in readers {
        answers.extend(reader.await.expect("a reader"));
    }
    let failed: Vec<_> =
        answers.iter().filter(|answer| !answer.as_ref().is_ok_and(|answer| answer.status == 200)).collect();
    assert!(failed.is_empty(), "{} of {} reads failed: {:?}", failed.len(), answers.len(), failed.first());
    assert!(answers.len() > 100, "{} reads are a load", answers.len());
    let asked: BTreeSet<_> = cluster.nginx.log().iter().map(|line| line["upstream"].to_string()).collect();
    assert!(asked.len() >= 3, "each instance alone, and one after the other: {asked:?}");

    // With nobody left, the answer is still a problem, for reads and writes alike.
    cluster.instances.iter_mut().for_each(Instance::kill);
    for (method, body) in [("GET", Value::Null), ("POST", json!({"text": "lost"}))] {
        let target = if method == "GET" { path.as_str() } else { "/v1/posts" };
        let answer = send(&nginx, method, target, &ann.token, &body).await;
        assert_eq!(answer.header("retry-after"), "2");
        let problem = answer.expect_problem(503, "unavailable");
        assert_eq!(problem["instance"], json!(target));
    }
    cluster.nginx.kill();
}
