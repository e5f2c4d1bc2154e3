//! The end of an account: nothing of the person is left, and what others made keeps its place.

use std::time::Duration;

use kith::accounts::queries::BeginErasure;
use serde_json::{Value, json};

use crate::support::{Kith, On, each, on_both_stores, text};

on_both_stores! {
    async fn an_erased_account_leaves_nothing_behind(kith: &Kith) {
        let (ann, bob) = (kith.person("ann").await, kith.person("bob").await);
        let mine = kith.post(&ann, "mine").await;
        let theirs = kith.post(&bob, "theirs").await;
        let quote = json!({"text": "see", "quote_of": mine["id"]});
        let quote = kith.send("POST", "/v1/posts", &bob.token, quote).await.expect(201);
        let key = [("idempotency-key", "once")];
        kith.send_with("POST", "/v1/posts", &ann.token, json!({"text": "kept"}), &key).await.expect(201);
        kith.put(&ann, &format!("/v1/posts/{}/like", text(&theirs["id"]))).await;
        kith.put(&ann, &format!("/v1/posts/{}/repost", text(&theirs["id"]))).await;
        kith.follow(&ann, &bob).await;
        kith.follow(&bob, &ann).await;
        let answered = kith.comment(&ann, &theirs, None, "answered").await;
        let reply = kith.comment(&bob, &theirs, Some(&answered), "reply").await;
        let alone = kith.comment(&ann, &theirs, None, "alone").await;

        kith.send("DELETE", "/v1/me", &ann.token, Value::Null).await.expect(204);

        kith.send("GET", &format!("/v1/users/@{}", ann.handle), "", Value::Null).await.expect_problem(404, "user_not_found");
        kith.send("GET", &format!("/v1/posts/{}", text(&mine["id"])), "", Value::Null).await.expect_problem(410, "post_deleted");
        assert_eq!(kith.get(&format!("/v1/posts/{}", text(&quote["id"])), "").await["quoted"]["kind"], json!("deleted"));
        let counts = kith.get(&format!("/v1/posts/{}", text(&theirs["id"])), "").await["counts"].clone();
        assert_eq!(counts, json!({"comments": 1, "likes": 0, "reposts": 0, "quotes": 0}));
        let profile = kith.get("/v1/me", &bob.token).await;
        assert_eq!(profile["counts"], json!({"posts": 2, "followers": 0, "following": 0}));
        let thread = kith.get(&format!("/v1/posts/{}/thread", text(&theirs["id"])), "").await;
        let items = thread["items"].as_array().unwrap();
        assert_eq!(each(items, "/id"), [text(&answered["id"]), text(&reply["id"])]);
        assert_eq!(items[0]["kind"], json!("deleted"));
        kith.send("GET", &format!("/v1/comments/{}", text(&alone["id"])), "", Value::Null).await.expect_problem(404, "comment_not_found");
        // The handle is free again.
        let again = json!({"handle": ann.handle, "name": "other", "password": "correct horse"});
        let other = kith.send("POST", "/v1/users", "", again).await.expect(201);
        assert_eq!(other["counts"], json!({"posts": 0, "followers": 0, "following": 0}));
    }

    async fn an_interrupted_erasure_is_ended_later(kith: &Kith) {
        let ann = kith.person("ann").await;
        let post = kith.post(&ann, "mine").await;
        // What a crash after the first step leaves.
        kith.app.store.run(&BeginErasure { user: ann.id.clone() }).await.expect("begun");
        kith.app.sessions.forget_all();
        kith.send("GET", "/v1/me", &ann.token, Value::Null).await.expect_problem(401, "invalid_token");
        kith::accounts::resume(&kith.app).await.expect("resumed");
        kith.send("GET", &format!("/v1/users/{}", ann.id), "", Value::Null).await.expect_problem(404, "user_not_found");
        kith.send("GET", &format!("/v1/posts/{}", text(&post["id"])), "", Value::Null).await.expect_problem(410, "post_deleted");
    }

    async fn an_erasure_that_somebody_else_ended_ends_too(kith: &Kith) {
        let ann = kith.person("ann").await;
        kith.post(&ann, "mine").await;
        let both = async { tokio::join!(kith::accounts::erase(&kith.app, &ann.id), kith::accounts::erase(&kith.app, &ann.id)) };
        let (one, other) = tokio::time::timeout(Duration::from_mins(1), both).await.expect("both end");
        one.expect("erased");
        other.expect("erased");
        let again = kith::accounts::erase(&kith.app, &ann.id);
        tokio::time::timeout(Duration::from_mins(1), again).await.expect("it ends").expect("nothing to do");
    }
}
