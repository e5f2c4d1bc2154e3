//! The home feed as server-sent events.

use std::time::Duration;

use futures_util::StreamExt;
use poem::{Endpoint, EndpointExt, Request};
use serde_json::{Value, json};

use crate::support::{Kith, On, on_both_stores};

/// Reads events until there are `count` of them: (id, data).
pub async fn events(
    stream: &mut (impl futures_util::Stream<Item = String> + Unpin),
    count: usize,
) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    let mut text = String::new();
    let reading = async {
        while found.len() < count {
            text += &stream.next().await.expect("the stream goes on");
            while let Some(end) = text.find("\n\n") {
                let event: String = text.drain(..end + 2).collect();
                let field = |name: &str| {
                    event
                        .lines()
                        .find_map(|line| line.strip_prefix(name))
                        .map(str::trim)
                        .unwrap_or_default()
                        .to_owned()
                };
                if !field("data:").is_empty() {
                    found.push((field("id:"), serde_json::from_str(&field("data:")).expect("JSON")));
                }
            }
        }
    };
    tokio::time::timeout(Duration::from_mins(1), reading).await.expect("events arrive");
    found
}

pub async fn open(
    kith: &Kith,
    token: &str,
    last: Option<&str>,
) -> impl futures_util::Stream<Item = String> + Unpin {
    let mut request = Request::builder()
        .uri("/v1/feeds/home/stream".parse().expect("a path"))
        .header("authorization", format!("Bearer {token}"));
    if let Some(last) = last {
        request = request.header("last-event-id", last);
    }
    let endpoint = kith::http::server::endpoint(kith.app.clone(), None).map_to_response();
    let mut response = Box::pin(endpoint.call(request.finish())).await.expect("an answer");
    assert_eq!(response.content_type(), Some("text/event-stream"));
    let body = response.take_body().into_bytes_stream();
    Box::pin(body.map(|chunk| String::from_utf8(chunk.expect("a chunk").to_vec()).expect("UTF-8")))
}

on_both_stores! {
    async fn a_stream_brings_what_is_posted_and_resumes(kith: &Kith) {
        let (ann, bob) = (kith.person("ann").await, kith.person("bob").await);
        kith.follow(&ann, &bob).await;
        kith.post(&bob, "before").await;
        let mut stream = open(kith, &ann.token, None).await;
        // The stream begins where the feed is when the request is answered.
        kith.post(&bob, "one").await;
        let first = events(&mut stream, 1).await;
        assert_eq!(first[0].1["post"]["text"], json!("one"));
        assert_eq!(first[0].1["reasons"][0]["kind"], json!("author"));
        drop(stream);
        kith.post(&bob, "two").await;
        let three = kith.post(&ann, "three").await;
        kith.put(&bob, &format!("/v1/posts/{}/repost", three["id"].as_str().unwrap())).await;
        let mut stream = open(kith, &ann.token, Some(&first[0].0)).await;
        // What came meanwhile stands once, with all its reasons.
        let rest = events(&mut stream, 2).await;
        let texts: Vec<_> = rest.iter().map(|(_, item)| item["post"]["text"].as_str().unwrap()).collect();
        assert_eq!(texts, ["two", "three"]);
        assert_eq!(rest[1].1["reason_count"], json!(2));
        kith.app.updates.close();
        assert_eq!(stream.next().await, None, "a stopping server ends its streams");
    }

    async fn a_foreign_event_id_is_refused(kith: &Kith) {
        let ann = kith.person("ann").await;
        let headers = [("last-event-id", "AAAA")];
        let answer = kith.send_with("GET", "/v1/feeds/home/stream", &ann.token, Value::Null, &headers).await;
        answer.expect_problem(400, "invalid_cursor");
    }
}

/// Another instance's clock is behind, as a write that takes longer than a later one is: its post is older than what the
/// stream has sent, and is sent all the same, once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_committed_late_is_not_left_out() {
    let (kith, other) = (Kith::start(On::Neo4j).await, Kith::start(On::Neo4j).await);
    let (ann, bob) = (kith.newcomer("ann").await, kith.newcomer("bob").await);
    kith.follow(&ann, &bob).await;
    kith.post(&bob, "before").await;
    let mut stream = open(&kith, &ann.token, None).await;
    kith.post(&bob, "one").await;
    assert_eq!(events(&mut stream, 1).await[0].1["post"]["text"], json!("one"));
    // Not so far that it is behind what any other test posted before these two began.
    let behind = kith.app.clock.next_rank_key() - (4_000_000 << kith::clock::SEQUENCE_BITS);
    let late = kith::posts::CreatePost {
        id: kith::clock::new_id(),
        author: bob.id.clone(),
        text: "late".to_owned(),
        tags: Vec::new(),
        quote_of: None,
        visibility: None,
        replies: kith::posts::Visibility::Public,
        rank_key: behind,
        created_at: kith.app.clock.now(),
        quota: None,
    };
    let late = kith::idempotency::Plain { creation: &late };
    Box::pin(other.app.store.write(&late)).await.expect("a post");
    other.post(&bob, "two").await;
    let mut texts = Vec::new();
    for (_, item) in events(&mut stream, 2).await {
        texts.push(item["post"]["text"].clone());
    }
    assert_eq!(texts, ["late", "two"]);
}
