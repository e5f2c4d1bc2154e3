//! Who may do what: each operation of the API is on exactly one of these lists, so that none is forgotten.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{
    openapi,
    support::{Kith, On, text},
};

/// Strangers may use these.
const PUBLIC: [&str; 23] = [
    "create_session",
    "create_user",
    "get_comment",
    "get_comment_thread",
    "get_keys",
    "get_post",
    "get_post_thread",
    "get_public_feed",
    "get_tag_feed",
    "get_trending_feed",
    "get_user",
    "health_live",
    "health_ready",
    "list_comments",
    "list_followers",
    "list_following",
    "list_post_likes",
    "list_post_quotes",
    "list_post_reposts",
    "list_replies",
    "list_user_likes",
    "list_user_posts",
    "list_users",
];

/// Strangers may use it, and what it is given proves who they are.
const PROVES_ITSELF: [&str; 1] = ["refresh_session"];

/// These act for whoever asks, and touch nothing of anybody else's.
const OWN: [&str; 44] = [
    "accept_follow_request",
    "block_user",
    "bookmark_post",
    "create_comment",
    "create_post",
    "create_report",
    "create_token",
    "delete_current_session",
    "delete_me",
    "delete_token",
    "export_me",
    "follow_user",
    "get_home_feed",
    "get_me",
    "get_own_report",
    "get_path",
    "get_token",
    "like_comment",
    "like_post",
    "list_blocks",
    "list_bookmarks",
    "list_follow_requests",
    "list_muted_words",
    "list_mutes",
    "list_mutuals",
    "list_own_reports",
    "list_relationships",
    "list_sent_follow_requests",
    "list_suggestions",
    "list_tokens",
    "mute_user",
    "mute_word",
    "refuse_follow_request",
    "repost_post",
    "stream_home_feed",
    "unblock_user",
    "unbookmark_post",
    "unfollow_user",
    "unlike_comment",
    "unlike_post",
    "unmute_user",
    "unmute_word",
    "unrepost_post",
    "update_me",
];

/// Only admins may use these.
const ADMINS: [&str; 4] = ["get_report", "list_audit_entries", "list_reports", "run_cypher"];

/// Only moderators and admins may use these.
const MODERATORS: [&str; 5] =
    ["get_reported", "lift_suspension", "list_reported", "list_suspensions", "resolve_report"];

/// These change what belongs to somebody: nobody else may.
const OWNERS: [&str; 4] = ["delete_comment", "delete_post", "update_comment", "update_post"];

/// A body that an operation would take, whoever sends it.
pub fn body(operation: &str) -> Value {
    match operation {
        "create_user" => json!({"handle": "x", "name": "x", "password": "x"}),
        "create_session" => json!({"handle": "nobody", "password": "correct horse"}),
        "refresh_session" => json!({"refresh_token": "x"}),
        "create_post" | "create_comment" | "update_post" | "update_comment" => json!({"text": "Changed"}),
        "update_me" => json!({"name": "Changed"}),
        "create_report" => json!({"target": "post", "id": "a".repeat(24), "reason": "spam"}),
        "resolve_report" => json!({"action": "none"}),
        "run_cypher" => json!({"query": "RETURN 1 AS one"}),
        "create_token" => json!({"name": "x", "scopes": ["read"]}),
        _ => Value::Null,
    }
}

/// A Kith with somebody in it who has a post and a comment.
pub struct World {
    pub kith: Kith,
    pub owner: crate::support::Person,
    post: String,
    comment: String,
}

impl World {
    pub async fn new() -> Self {
        let kith = Kith::start(On::Embedded).await;
        let owner = kith.person("owner").await;
        let post = kith.post(&owner, "Hi").await;
        let comment = text(&kith.comment(&owner, &post, None, "Hello").await["id"]);
        Self { kith, owner, post: text(&post["id"]), comment }
    }

    pub fn path(&self, template: &str, id: &str) -> String {
        let path = template
            .replace("/posts/{id}", &format!("/posts/{}", self.post))
            .replace("/comments/{id}", &format!("/comments/{}", self.comment))
            .replace("/reports/{id}", &format!("/reports/{}", self.post))
            .replace("/tokens/{id}", &format!("/tokens/{}", "x".repeat(24)))
            .replace("{user}", &self.owner.id)
            .replace("{tag}", "kith")
            .replace("{name}", "growth");
        if id == "list_users" || id == "list_relationships" {
            format!("{path}?ids={}", self.owner.id)
        } else {
            path
        }
    }
}

#[test]
fn every_operation_is_on_one_list() {
    let document = openapi::document();
    let described: Vec<_> = openapi::operations(&document)
        .iter()
        .map(|(_, _, operation)| operation["operationId"].as_str().unwrap().to_owned())
        .collect();
    let listed: Vec<&str> = [&PUBLIC[..], &PROVES_ITSELF, &OWN, &OWNERS, &MODERATORS, &ADMINS].concat();
    let unlisted: Vec<_> = described.iter().filter(|name| !listed.contains(&name.as_str())).collect();
    assert!(unlisted.is_empty(), "Decide who may use these, and put each on a list here: {unlisted:?}");
    let gone: Vec<_> = listed.iter().filter(|name| !described.iter().any(|known| known == *name)).collect();
    assert!(gone.is_empty(), "These are no operations any more: {gone:?}");
    assert_eq!(listed.iter().collect::<BTreeSet<_>>().len(), listed.len(), "one stands on two lists");
}

#[tokio::test]
async fn a_stranger_reads_what_is_public_and_does_nothing_else() {
    let world = World::new().await;
    let document = openapi::document();
    for (method, template, operation) in openapi::operations(&document) {
        let id = operation["operationId"].as_str().unwrap();
        let path = world.path(template, id);
        let answer = world.kith.send(&method.to_uppercase(), &path, "", body(id)).await;
        let ways = operation["security"].as_array().expect("ways in");
        let needs_token = ways.first() == Some(&json!({"bearer": []})) && !ways.contains(&json!({}));
        if PUBLIC.contains(&id) {
            assert!(!needs_token, "{id} is described as not public");
            let refused = if id == "create_session" { 401 } else { 422 };
            let wanted = if method == "get" { 200 } else { refused };
            assert_eq!(answer.status, wanted, "{id}: {}", answer.text);
        } else if PROVES_ITSELF.contains(&id) {
            answer.expect_problem(401, "invalid_credentials");
        } else {
            assert!(needs_token, "{id} is described as public");
            answer.expect_problem(401, "unauthenticated");
        }
    }
    // Nothing of all that has changed anything.
    let post = world.kith.get(&format!("/v1/posts/{}", world.post), "").await;
    assert_eq!(post["text"], "Hi");
    assert_eq!(post["counts"], json!({"comments": 1, "likes": 0, "reposts": 0, "quotes": 0}));
}

#[tokio::test]
async fn nobody_changes_what_is_somebody_elses() {
    let world = World::new().await;
    let other = world.kith.person("other").await;
    let document = openapi::document();
    let mut tried = 0;
    for (method, template, operation) in openapi::operations(&document) {
        let id = operation["operationId"].as_str().unwrap();
        if !OWNERS.contains(&id) {
            continue;
        }
        tried += 1;
        assert!(operation["responses"].get("403").is_some(), "{id} does not describe its 403");
        let (method, path) = (method.to_uppercase(), world.path(template, id));
        world.kith.send(&method, &path, &other.token, body(id)).await.expect_problem(403, "forbidden");
        // Whose it is does not depend on the version that one claims to know.
        let headers = [("if-match", "*")];
        let answer = world.kith.send_with(&method, &path, &other.token, body(id), &headers).await;
        answer.expect_problem(403, "forbidden");
    }
    assert_eq!(tried, OWNERS.len());
    assert_eq!(world.kith.get(&format!("/v1/posts/{}", world.post), "").await["text"], "Hi");
    assert_eq!(world.kith.get(&format!("/v1/comments/{}", world.comment), "").await["text"], "Hello");
}

#[tokio::test]
async fn only_admins_and_moderators_do_what_is_for_them() {
    let world = World::new().await;
    let document = openapi::document();
    for (method, template, operation) in openapi::operations(&document) {
        let id = operation["operationId"].as_str().unwrap();
        let scope = if ADMINS.contains(&id) { "admin" } else { "moderate" };
        if ADMINS.contains(&id) || MODERATORS.contains(&id) {
            assert!(operation["responses"].get("403").is_some(), "{id} does not describe its 403");
            let path = world.path(template, id);
            let answer = world.kith.send(&method.to_uppercase(), &path, &world.owner.token, body(id)).await;
            let problem = answer.expect_problem(403, "forbidden");
            assert_eq!(problem["detail"], format!("This operation needs the scope `{scope}`."));
        } else {
            assert!(!template.starts_with("/v1/admin"), "{id} is for admins");
            assert!(!template.starts_with("/v1/moderation"), "{id} is for moderators");
        }
    }
}

#[tokio::test]
async fn what_is_ones_own_is_nobody_elses_to_see() {
    let world = World::new().await;
    let other = world.kith.person("other").await;
    world.kith.put(&world.owner, &format!("/v1/posts/{}/bookmark", world.post)).await;
    assert_eq!(world.kith.get("/v1/me/bookmarks", &other.token).await["items"], json!([]));
    let post = world.kith.get(&format!("/v1/posts/{}", world.post), &other.token).await;
    assert_eq!(post["viewer"], json!({"liked": false, "reposted": false, "bookmarked": false}));
}
