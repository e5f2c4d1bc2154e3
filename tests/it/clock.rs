//! The clock goes back, under a running Kith and before a start: nothing is out of order, and nothing works for longer
//! than it should.

use kith::clock::DAY;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    stream,
    support::{Kith, On, each, on_both_stores, text},
};

const HOUR: i64 = DAY / 24;

/// The texts of a feed, first to last, walked in pages.
async fn texts(kith: &Kith, path: &str, token: &str) -> Vec<String> {
    let items = kith.walk(path, token, 2).await;
    let texts: Vec<_> = each(&items, "/post/text").into_iter().map(str::to_owned).collect();
    texts.into_iter().rev().collect()
}

on_both_stores! {
    /// Cursors, keys, tokens and the order of feeds from before the step are as good after it.
    async fn a_clock_that_steps_back_changes_no_order_and_no_answer(kith: &Kith) {
        let (ann, bob) = (kith.person("ann").await, kith.newcomer("bob").await);
        kith.follow(&ann, &bob).await;
        let key = [("idempotency-key", "once")];
        let first = kith.send_with("POST", "/v1/posts", &bob.token, json!({"text": "1"}), &key).await.expect(201);
        for number in 2..=4 {
            kith.post(&bob, &number.to_string()).await;
        }
        let page = kith.get("/v1/feeds/home?limit=1", &ann.token).await;
        let mut stream = stream::open(kith, &ann.token, None).await;
        kith.app.clock.shift(-2 * HOUR);

        kith.post(&bob, "5").await;
        let event = stream::events(&mut stream, 1).await;
        assert_eq!(event[0].1["post"]["text"], json!("5"), "a stream goes on");
        kith.post(&bob, "6").await;
        let user = format!("/v1/users/{}/posts", bob.id);
        for (path, token) in [("/v1/feeds/home", ann.token.as_str()), (&user, "")] {
            assert_eq!(texts(kith, path, token).await, ["1", "2", "3", "4", "5", "6"]);
        }
        let cursor = text(&page["next_cursor"]);
        let rest = kith.get(&format!("/v1/feeds/home?limit=9&cursor={cursor}"), &ann.token).await;
        assert_eq!(each(rest["items"].as_array().unwrap(), "/post/text"), ["3", "2", "1"]);
        let again = kith.send_with("POST", "/v1/posts", &bob.token, json!({"text": "1"}), &key).await.expect(201);
        assert_eq!(again["id"], first["id"]);
        let path = format!("/v1/posts/{}", text(&first["id"]));
        kith.send("PATCH", &path, &bob.token, json!({"text": "1"})).await.expect(200);
        // A session goes on and can be ended.
        let login = json!({"handle": ann.handle, "password": "correct horse"});
        let tokens = kith.send("POST", "/v1/sessions", "", login).await.expect(200);
        let refresh = json!({"refresh_token": tokens["refresh_token"]});
        kith.send("POST", "/v1/sessions/refresh", "", refresh.clone()).await.expect(200);
        kith.send("POST", "/v1/sessions/refresh", "", refresh).await.expect_problem(401, "invalid_credentials");
        kith.send("DELETE", "/v1/sessions/current", &ann.token, Value::Null).await.expect(204);
        kith.send("GET", "/v1/me", &ann.token, Value::Null).await.expect_problem(401, "invalid_token");
    }
}

/// Started with a clock that is a day behind the newest post: what is new is the newest, for feeds and for streams.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_behind_the_newest_post_ranks_what_is_new_first() {
    let folder = TempDir::new().expect("a temporary folder");
    let uri = format!("embedded:{}", folder.path().display());
    let start = || Kith::with(On::Embedded, |config| config.store.uri.clone_from(&uri));
    let kith = start().await;
    kith.app.clock.shift(DAY);
    let (ann, bob) = (kith.newcomer("ann").await, kith.newcomer("bob").await);
    kith.follow(&ann, &bob).await;
    kith.post(&bob, "1").await;
    let newest = kith.post(&bob, "2").await;
    kith.app.store.close().await;
    drop(kith);

    let kith = start().await;
    let mut stream = stream::open(&kith, &ann.token, None).await;
    let post = kith.post(&bob, "3").await;
    assert!(text(&post["created_at"]) >= text(&newest["created_at"]), "no time contradicts the order");
    let event = stream::events(&mut stream, 1).await;
    assert_eq!(event[0].1["post"]["text"], json!("3"));
    kith.post(&bob, "4").await;
    for (path, token) in [("/v1/feeds/home", ann.token.as_str()), ("/v1/feeds/public", "")] {
        assert_eq!(texts(&kith, path, token).await, ["1", "2", "3", "4"]);
    }
}
