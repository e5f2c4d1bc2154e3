//! What holds back who sends too much: limits of requests, of attempts to log in, and of calls that wait for the graph.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{Answer, Kith, On};

/// A Kith with so few requests a minute that a test meets each limit. Requests of tests have no peer, which is 0.0.0.0,
/// and that is a proxy of ours here.
async fn kith() -> Kith {
    Kith::with(On::Embedded, |config| {
        config.rate_limits.enabled = true;
        config.rate_limits.reads_per_minute = 40;
        config.rate_limits.writes_per_minute = 20;
        config.rate_limits.log_ins_per_minute = 60;
        config.rate_limits.unknown_tokens_per_minute = 80;
        "0.0.0.0".clone_into(&mut config.http.trusted_proxies);
    })
    .await
}

async fn from(kith: &Kith, address: &str, method: &str, path: &str, token: &str, body: Value) -> Answer {
    kith.send_with(method, path, token, body, &[("x-forwarded-for", address)]).await
}

/// How many of so many requests are let through, and the last answer.
async fn let_through(kith: &Kith, times: usize, address: &str, path: &str, token: &str) -> (usize, Answer) {
    let (mut good, mut last) = (0, None);
    for _ in 0..times {
        let answer = from(kith, address, "GET", path, token, Value::Null).await;
        good += usize::from(answer.status != 429);
        last = Some(answer);
    }
    (good, last.expect("an answer"))
}

fn refused(answer: Answer) -> u64 {
    let wait = answer.header("retry-after").parse().expect("seconds");
    assert!(answer.header("ratelimit").contains(";r=0;"), "{}", answer.header("ratelimit"));
    answer.expect_problem(429, "rate_limited");
    wait
}

#[tokio::test]
async fn a_person_has_a_limit_wherever_they_are_and_a_stranger_one_for_each_address() {
    let kith = kith().await;
    let (ann, bob) = (kith.newcomer("ann").await, kith.newcomer("bob").await);
    let first = from(&kith, "1.1.1.1", "GET", "/v1/me", &ann.token, Value::Null).await;
    assert_eq!(first.header("ratelimit-policy"), "\"read\";q=10;w=15");
    assert_eq!(first.header("ratelimit"), "\"read\";r=9;t=2");
    first.expect(200);
    for (n, address) in ["1.1.1.1", "2.2.2.2", "3.3.3.3"].into_iter().cycle().take(9).enumerate() {
        let answer = from(&kith, address, "GET", "/v1/me", &ann.token, Value::Null).await;
        assert_eq!(answer.status, 200, "{n}");
    }
    let wait = refused(from(&kith, "4.4.4.4", "GET", "/v1/me", &ann.token, Value::Null).await);
    assert!((1..=2).contains(&wait), "{wait}");
    from(&kith, "1.1.1.1", "GET", "/v1/me", &bob.token, Value::Null).await.expect(200);
    // What is written counts by itself.
    from(&kith, "1.1.1.1", "POST", "/v1/posts", &ann.token, json!({"text": "Hi"})).await.expect(201);

    for (address, path) in [("9.9.9.9", "/v1/feeds/public"), ("9.9.9.10", "/nowhere")] {
        let (good, last) = let_through(&kith, 12, address, path, "").await;
        assert_eq!(good, 10, "{path}");
        refused(last);
    }
    // Made up by the client, and a network of which somebody has every address.
    assert_eq!(let_through(&kith, 2, "8.8.8.8, 9.9.9.9", "/v1/feeds/public", "").await.0, 0);
    assert_eq!(let_through(&kith, 10, "2001:db8::1", "/v1/feeds/public", "").await.0, 10);
    assert_eq!(let_through(&kith, 2, "2001:db8::2", "/v1/feeds/public", "").await.0, 0);
    // What watches Kith does so from the same place as everybody, and often.
    assert_eq!(let_through(&kith, 50, "9.9.9.9", "/health/live", "").await.0, 50);

    // It told the truth.
    tokio::time::sleep(Duration::from_secs(wait)).await;
    from(&kith, "4.4.4.4", "GET", "/v1/me", &ann.token, Value::Null).await.expect(200);
}

#[tokio::test]
async fn who_sends_tokens_that_are_none_is_refused_before_they_are_checked() {
    let kith = kith().await;
    let ann = kith.newcomer("ann").await;
    for n in 0..10 {
        let token = format!("a.b.c{n}");
        from(&kith, "6.6.6.6", "GET", "/v1/me", &token, Value::Null)
            .await
            .expect_problem(401, "invalid_token");
    }
    // As a stranger that address has used up its reads, and still has some tokens to try.
    refused(from(&kith, "6.6.6.6", "GET", "/v1/me", "a.b.c", Value::Null).await);
    for _ in 0..9 {
        from(&kith, "6.6.6.6", "GET", "/v1/me", "a.b.c", Value::Null).await;
    }
    let started = Instant::now();
    let flooded = from(&kith, "6.6.6.6", "PUT", "/v1/users/x/follow", "a.b.c", Value::Null).await;
    assert!(started.elapsed() >= Duration::from_millis(500), "whoever floods waits: {:?}", started.elapsed());
    assert_eq!(flooded.header("ratelimit-policy"), "\"unknown_token\";q=20;w=15");
    refused(flooded);
    // Who has a token that is known already is none of them, even there.
    from(&kith, "7.7.7.7", "GET", "/v1/me", &ann.token, Value::Null).await.expect(200);
    from(&kith, "6.6.6.6", "GET", "/v1/me", &ann.token, Value::Null).await.expect(200);
}

#[tokio::test]
async fn guessing_a_password_takes_longer_each_time_from_wherever_it_comes() {
    let kith = kith().await;
    let ann = kith.person("ann").await;
    let log_in = async |address: &str, handle: &str, password: &str| {
        let body = json!({"handle": handle, "password": password});
        from(&kith, address, "POST", "/v1/sessions", "", body).await
    };
    for handle in [ann.handle.as_str(), "nobody_has_this"] {
        for n in 0..5 {
            let answer = log_in(&format!("1.2.3.{n}"), handle, "wrong horse.").await;
            answer.expect_problem(401, "invalid_credentials");
        }
        // Also with the right one: who guesses must not learn that it was.
        let answer = log_in("1.2.3.9", handle, "correct horse").await;
        assert_eq!(answer.header("retry-after"), "1", "{handle}");
        answer.expect_problem(429, "rate_limited");
    }
    tokio::time::sleep(Duration::from_millis(1_050)).await;
    log_in("1.2.3.9", &ann.handle.to_uppercase(), "correct horse").await.expect(200);
    // And all is forgiven.
    for _ in 0..5 {
        log_in("1.2.4.9", &ann.handle, "wrong horse.").await.expect_problem(401, "invalid_credentials");
    }
}

#[tokio::test]
async fn log_ins_of_an_address_have_a_limit_of_their_own() {
    let kith = kith().await;
    let mut statuses = Vec::new();
    for n in 0..17 {
        let body = json!({"refresh_token": format!("{n}")});
        statuses.push(from(&kith, "5.5.5.5", "POST", "/v1/sessions/refresh", "", body).await.status);
    }
    assert_eq!((statuses.iter().filter(|status| **status == 401).count(), statuses[16]), (15, 429));
    from(&kith, "5.5.5.5", "GET", "/v1/feeds/public", "", Value::Null).await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beyond_what_may_wait_for_the_graph_requests_are_refused_at_once_and_those_within_are_answered() {
    let kith = Kith::with(On::Neo4j, |config| {
        config.store.max_waiting = 4;
        config.cache.megabytes = 0;
    })
    .await;
    let ann = kith.person("ann").await;
    let path = format!("/v1/users/{}/posts", ann.id);
    let reads = (0..60).map(|_| kith.send("GET", &path, "", Value::Null));
    let probes = (0..5).map(|_| kith.send("GET", "/health/ready", "", Value::Null));
    let (answers, probes) = futures_util::future::join(join_all(reads), join_all(probes)).await;
    let good = answers.iter().filter(|answer| answer.status == 200).count();
    assert!((1..60).contains(&good), "{good}");
    for answer in answers.into_iter().filter(|answer| answer.status != 200) {
        assert_eq!(answer.header("retry-after"), "1");
        answer.expect_problem(503, "overloaded");
    }
    assert!(probes.iter().all(|probe| probe.status == 200), "what watches Kith finds it alive");
    kith.get(&path, "").await;
}
