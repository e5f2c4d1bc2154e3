//! What clients see while the network between Kith and Neo4j does what networks do.

use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{
    back_within, expect_unavailable,
    proxy::{Mode, Proxy},
};
use crate::{
    neo4j,
    support::{Answer, Kith, On, Person, each, text},
};

/// How long a call of the store may take.
const TIMEOUT: Duration = Duration::from_secs(5);
/// What a busy machine may add.
const SLACK: Duration = Duration::from_secs(10);

/// Each request is to meet the network.
async fn behind_proxy() -> (Kith, Proxy) {
    keeping_behind_proxy(0).await
}

/// With so many megabytes for what is kept.
async fn keeping_behind_proxy(megabytes: u64) -> (Kith, Proxy) {
    let uri = tokio::task::spawn_blocking(neo4j::uri).await.expect("a server");
    // Whoever makes the schema has more time for it.
    drop(Kith::start(On::Neo4j).await);
    let proxy = Proxy::before(uri).await;
    let kith = Kith::with(On::Neo4j, |config| {
        config.store.uri = proxy.uri();
        config.store.timeout = TIMEOUT;
        config.cache.megabytes = megabytes;
        // Nobody else writes there that matters.
        config.cache.max_age = Duration::from_hours(1);
    })
    .await;
    (kith, proxy)
}

async fn post_with_key(kith: &Kith, who: &Person, words: &str, key: &str) -> Answer {
    kith.send_with("POST", "/v1/posts", &who.token, json!({"text": words}), &[("idempotency-key", key)]).await
}

async fn texts_of(kith: &Kith, who: &Person) -> Vec<String> {
    let items = kith.walk(&format!("/v1/users/{}/posts", who.id), "", 100).await;
    each(&items, "/post/text").into_iter().map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_network_is_waited_for_and_one_that_is_too_slow_is_given_up() {
    let (kith, proxy) = behind_proxy().await;
    let ann = kith.newcomer("ann").await;
    // Neo4j has planned the statements before it becomes slow.
    kith.post(&ann, "at once").await;
    kith.get("/v1/feeds/home", &ann.token).await;
    proxy.set(Mode::Slow(Duration::from_millis(20)));
    kith.post(&ann, "slowly").await;
    kith.get("/v1/feeds/home", &ann.token).await;

    proxy.set(Mode::Slow(TIMEOUT * 2));
    let started = Instant::now();
    let reads = join_all((0..4).map(|_| kith.send("GET", "/v1/feeds/home", &ann.token, Value::Null))).await;
    let write = post_with_key(&kith, &ann, "too slowly", "slow").await;
    assert!(started.elapsed() < TIMEOUT * 4 + SLACK, "{:?}", started.elapsed());
    for answer in reads.into_iter().chain([write]) {
        expect_unavailable(answer);
    }
    proxy.set(Mode::Pass);
    back_within(Duration::from_secs(5), &kith).await;
    post_with_key(&kith, &ann, "too slowly", "slow").await.expect(201);
    assert_eq!(texts_of(&kith, &ann).await, ["too slowly", "slowly", "at once"]);
}

/// A home feed of which nothing is kept takes two statements one after the other, and the driver asks for each of them
/// twice: to run it, and for its rows. Only where a post stands in it for several reasons, or the feed ends, does it take one
/// more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cold_home_feed_takes_two_statements_one_after_the_other() {
    let (kith, proxy) = keeping_behind_proxy(64).await;
    let (ann, bob, cat) =
        (kith.newcomer("ann").await, kith.newcomer("bob").await, kith.newcomer("cat").await);
    let stranger = kith.newcomer("dan").await;
    for who in [&bob, &cat] {
        kith.follow(&ann, who).await;
    }
    let quoted = kith.post(&cat, "To be quoted").await;
    let quote = json!({"text": "See", "quote_of": quoted["id"]});
    kith.send("POST", "/v1/posts", &bob.token, quote).await.expect(201);
    for n in 0..30 {
        let author = [&bob, &cat, &stranger][n % 3];
        let post = text(&kith.post(author, &format!("Post {n}")).await["id"]);
        kith.put(&ann, &format!("/v1/posts/{post}/like")).await;
        if n % 3 == 2 {
            kith.put(&cat, &format!("/v1/posts/{post}/repost")).await;
        }
    }
    // Connections enough for all that is asked at once, and planned statements.
    join_all((0..8).map(|_| kith.get("/v1/feeds/home", &ann.token))).await;
    proxy.set(Mode::Slow(Duration::from_millis(50)));
    for limit in [1, 20, 30] {
        // What is counted and swept meanwhile, now and then, makes trips of its own.
        let (mut cold, mut warm) = (u32::MAX, u32::MAX);
        for _ in 0..4 {
            kith.app.cache.clear();
            proxy.trips();
            let page = kith.get(&format!("/v1/feeds/home?limit={limit}"), &ann.token).await;
            assert!(!page["items"].as_array().expect("items").is_empty());
            cold = cold.min(proxy.trips());
            kith.get(&format!("/v1/feeds/home?limit={limit}"), &ann.token).await;
            warm = warm.min(proxy.trips());
        }
        assert_eq!((cold, warm), (2 * 2, 0), "a page of {limit}");
    }
}

/// Every connection of the pool is lost without a word, and none of them costs a request once Neo4j is there again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_network_that_falls_silent_is_given_up_and_left_behind() {
    let (kith, proxy) = behind_proxy().await;
    let ann = kith.newcomer("ann").await;
    // As many connections as the pool takes.
    proxy.set(Mode::Slow(Duration::from_millis(20)));
    join_all((0..64).map(|_| kith.get("/v1/feeds/home", &ann.token))).await;
    proxy.set(Mode::Silent);
    let started = Instant::now();
    let answers = join_all((0..8).map(|_| kith.send("GET", "/v1/feeds/home", &ann.token, Value::Null))).await;
    assert!(started.elapsed() < TIMEOUT * 2 + SLACK, "{:?}", started.elapsed());
    answers.into_iter().for_each(expect_unavailable);
    kith.send("GET", "/health/ready", "", Value::Null).await.expect_problem(503, "store_unavailable");
    kith.send("GET", "/health/live", "", Value::Null).await.expect(200);

    proxy.set(Mode::Pass);
    back_within(Duration::from_secs(5), &kith).await;
    // One after the other, as on a quiet night.
    for _ in 0..40 {
        let started = Instant::now();
        kith.get("/v1/feeds/home", &ann.token).await;
        assert!(started.elapsed() < TIMEOUT, "{:?}", started.elapsed());
    }
}

/// Answers are cut in their middle while many read and write: nobody gets a wrong one, and who repeats a request under
/// its key has done it once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_cut_in_the_middle_are_no_answers() {
    let (kith, proxy) = behind_proxy().await;
    let kith = Arc::new(kith);
    let (ann, bob) = (kith.newcomer("ann").await, kith.newcomer("bob").await);
    let known = kith.post(&bob, "stands").await;
    proxy.set(Mode::CutAnswers(20));
    let write = |writer: usize| {
        let (kith, ann) = (Arc::clone(&kith), ann.clone());
        tokio::spawn(async move {
            let mut acknowledged = Vec::new();
            for number in 0..10 {
                let words = format!("{writer}-{number}");
                let answer = repeat(|| post_with_key(&kith, &ann, &words, &words)).await;
                acknowledged.push((words, text(&answer.expect(201)["id"])));
            }
            acknowledged
        })
    };
    let read = |_| {
        let (kith, known) = (Arc::clone(&kith), known.clone());
        tokio::spawn(async move {
            let path = format!("/v1/posts/{}", text(&known["id"]));
            for _ in 0..60 {
                let answer = kith.send("GET", &path, "", Value::Null).await;
                if answer.status == 200 {
                    assert_eq!(answer.json()["text"], json!("stands"));
                } else {
                    expect_unavailable(answer);
                }
            }
        })
    };
    let writers: Vec<_> = (0..4).map(write).collect();
    let readers: Vec<_> = (0..4).map(read).collect();
    let mut acknowledged = Vec::new();
    for writer in writers {
        acknowledged.extend(writer.await.expect("a writer's requests are answered"));
    }
    for reader in readers {
        reader.await.expect("a reader's requests are answered");
    }
    assert!(proxy.resets() > 20, "{} resets", proxy.resets());
    proxy.set(Mode::Pass);
    back_within(Duration::from_secs(5), &kith).await;
    let texts = texts_of(&kith, &ann).await;
    assert_eq!(texts.len(), 40);
    assert_eq!(BTreeSet::from_iter(texts), acknowledged.iter().map(|(words, _)| words.clone()).collect());
    for (words, id) in acknowledged {
        assert_eq!(kith.get(&format!("/v1/posts/{id}"), "").await["text"], json!(words));
    }
}

/// Repeats a request for as long as the store is said to be away.
async fn repeat<F: Future<Output = Answer>>(request: impl Fn() -> F) -> Answer {
    for _ in 0..100 {
        let answer = request().await;
        if answer.status != 503 {
            return answer;
        }
        expect_unavailable(answer);
    }
    panic!("a hundred tries were not enough");
}

/// The commit happens and its acknowledgement is lost: the client is told that it may have happened, repeats the request,
/// and there is one post.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_whose_acknowledgement_is_lost_is_done_once() {
    let (kith, proxy) = behind_proxy().await;
    let ann = kith.newcomer("ann").await;
    for round in 0..5 {
        let words = format!("once-{round}");
        proxy.set(Mode::LoseCommits);
        let answer = post_with_key(&kith, &ann, &words, &words).await;
        assert_eq!(proxy.resets(), round + 1, "a commit's answer is lost: {}", answer.text);
        let told = answer.json()["detail"].clone();
        expect_unavailable(answer);
        assert!(text(&told).contains("may have been done"), "{told}");
        proxy.set(Mode::Pass);
        let again = repeat(|| post_with_key(&kith, &ann, &words, &words)).await;
        assert_eq!(again.header("idempotent-replayed"), "true", "it had been done");
        let id = text(&again.expect(201)["id"]);
        assert_eq!(kith.get(&format!("/v1/posts/{id}"), "").await["text"], json!(words));
    }
    let texts = texts_of(&kith, &ann).await;
    assert_eq!(texts, (0..5).rev().map(|round| format!("once-{round}")).collect::<Vec<_>>());
}
