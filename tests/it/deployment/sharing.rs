//! What two instances on one graph owe each other.

use serde_json::json;

use super::{
    client::{get, send, send_with},
    cluster::{Cluster, person},
};
use crate::{neo4j, support::each};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_instance_gives_out_the_other_takes() {
    let cluster = Cluster::start(neo4j::uri());
    let [one, two] = cluster.addresses();
    let ann = person(one, "ann").await;

    // A token, and a post in the next read.
    let me = get(two, &format!("/v1/users/{}", ann.id), &ann.token).await.expect(200);
    assert_eq!(me["handle"], json!(ann.handle));
    let mut posts = Vec::new();
    for number in 0..5 {
        let (writer, reader) = if number % 2 == 0 { (one, two) } else { (two, one) };
        let post = json!({"text": format!("number {number}")});
        let post = send(writer, "POST", "/v1/posts", &ann.token, &post).await.expect(201);
        let id = post["id"].as_str().expect("an id").to_owned();
        assert_eq!(get(reader, &format!("/v1/posts/{id}"), "").await.expect(200)["text"], post["text"]);
        posts.insert(0, id);
    }

    // A cursor, from page to page to the other one, and an entity tag.
    let list = format!("/v1/users/{}/posts?limit=2", ann.id);
    let first = get(one, &list, "").await;
    let tag = first.header("etag").to_owned();
    let known = send_with(two, "GET", &list, "", &[("if-none-match", &tag)], &serde_json::Value::Null).await;
    assert_eq!((known.status, tag.is_empty()), (304, false));
    let (mut page, mut found) = (first.expect(200), Vec::new());
    for reader in [two, one] {
        found.extend(
            each(page["items"].as_array().expect("items"), "/post/id").into_iter().map(str::to_owned),
        );
        let cursor = page["next_cursor"].as_str().expect("a cursor");
        page = get(reader, &format!("{list}&cursor={cursor}"), "").await.expect(200);
    }
    found.extend(each(page["items"].as_array().expect("items"), "/post/id").into_iter().map(str::to_owned));
    assert_eq!(found, posts, "newest first, from whichever instance");
    assert!(page["next_cursor"].is_null());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idempotency_key_is_one_on_both_instances() {
    let cluster = Cluster::start(neo4j::uri());
    let [one, two] = cluster.addresses();
    let ann = person(one, "ann").await;
    let post = json!({"text": "once"});
    let key = [("idempotency-key", "the-same-key")];
    let made = send_with(one, "POST", "/v1/posts", &ann.token, &key, &post).await;
    let again = send_with(two, "POST", "/v1/posts", &ann.token, &key, &post).await;
    assert_eq!((made.status, again.status), (201, 201));
    assert_eq!((&made.text, made.header("location")), (&again.text, again.header("location")));
    let other = send_with(two, "POST", "/v1/posts", &ann.token, &key, &json!({"text": "another"})).await;
    other.expect_problem(422, "idempotency_key_reused");

    // At the same time: one of them writes, and the other gives its answer or says that it is under way.
    let key = [("idempotency-key", "at-once")];
    let post = json!({"text": "twice at once"});
    let (first, second) = tokio::join!(
        send_with(one, "POST", "/v1/posts", &ann.token, &key, &post),
        send_with(two, "POST", "/v1/posts", &ann.token, &key, &post),
    );
    let made: Vec<_> = [&first, &second].into_iter().filter(|answer| answer.status == 201).collect();
    assert!(
        !made.is_empty() && made.iter().all(|answer| answer.text == made[0].text),
        "{first:?} {second:?}"
    );
    for refused in [first, second].into_iter().filter(|answer| answer.status != 201) {
        refused.expect_problem(409, "idempotency_in_progress");
    }
    let list = get(two, &format!("/v1/users/{}/posts", ann.id), "").await.expect(200);
    let texts = each(list["items"].as_array().expect("items"), "/post/text").join(", ");
    assert_eq!(texts, "twice at once, once");
}
