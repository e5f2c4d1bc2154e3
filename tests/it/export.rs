//! What somebody can take along of what is kept of them.

use std::{
    collections::BTreeMap,
    io::{Cursor, Read},
};

use kith::store::RELATIONSHIP_TYPES;
use serde_json::{Value, json};

use crate::support::{Kith, On, Person, each, on_both_stores, text};

/// The lists of an export, by the names of their files.
async fn export(kith: &Kith, who: &Person) -> BTreeMap<String, Value> {
    let (headers, bytes) = kith.bytes("/v1/me/export", &who.token, &[]).await;
    assert_eq!(headers["content-type"], "application/zip");
    assert_eq!(headers["cache-control"], "no-store");
    let name = format!("attachment; filename=\"kith-{}.zip\"", who.handle);
    assert_eq!(headers["content-disposition"], name.as_str());
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).expect("an archive");
    let mut lists = BTreeMap::new();
    for n in 0..archive.len() {
        let mut file = archive.by_index(n).expect("a file");
        let mut content = String::new();
        file.read_to_string(&mut content).expect("UTF-8");
        let name = file.name().expect("UTF-8").strip_suffix(".json").expect("JSON").to_owned();
        lists.insert(name, serde_json::from_str(&content).expect("JSON"));
    }
    lists
}

on_both_stores! {
    async fn an_export_has_all_that_somebody_made_and_did(kith: &Kith) {
        let [ann, bob] = [kith.person("ann").await, kith.newcomer("bob").await];
        let nothing = export(kith, &bob).await;
        assert_eq!(nothing["profile"]["handle"], json!(bob.handle));
        let has = |list: &Value| list.as_array().is_some_and(|items| !items.is_empty());
        let with: Vec<&String> = nothing.iter().filter(|(_, list)| has(list)).map(|(name, _)| name).collect();
        assert_eq!(with, ["sessions"]);

        let hers = kith.post(&ann, "Hers \"quoted\" #tag").await;
        let his = kith.post(&bob, "His").await;
        let secret = json!({"text": "For some", "visibility": "mentioned", "quote_of": his["id"]});
        let secret = kith.send("POST", "/v1/posts", &ann.token, secret).await.expect(201);
        let comment = kith.comment(&ann, &his, None, "Well").await;
        let other = kith.comment(&bob, &his, None, "Well?").await;
        for path in ["like", "repost", "bookmark"] {
            kith.put(&ann, &format!("/v1/posts/{}/{path}", text(&his["id"]))).await;
        }
        kith.put(&ann, &format!("/v1/comments/{}/like", text(&other["id"]))).await;
        kith.follow(&ann, &bob).await;
        kith.follow(&bob, &ann).await;
        kith.put(&ann, &format!("/v1/users/{}/mute?expires_in=60", bob.id)).await;

        let told = export(kith, &ann).await;
        let items = |name: &str| told[name].as_array().cloned().unwrap_or_default();
        assert_eq!((&told["profile"]["id"], &told["profile"]["counts"]["posts"]), (&json!(ann.id), &json!(2)));
        let posts = items("posts");
        assert_eq!(each(&posts, "/id"), [text(&secret["id"]), text(&hers["id"])]);
        let first = json!({
            "id": hers["id"], "text": hers["text"], "edited_at": null, "visibility": "public", "replies": "public", "tags": ["tag"],
            "quote_of": null, "at": hers["created_at"],
        });
        assert_eq!(posts[1], first);
        assert_eq!((&posts[0]["visibility"], &posts[0]["quote_of"]), (&json!("mentioned"), &his["id"]));
        assert_eq!(each(&items("comments"), "/id"), [text(&comment["id"])]);
        for list in ["reposts", "liked_posts", "bookmarks"] {
            assert_eq!(each(&items(list), "/post_id"), [text(&his["id"])], "{list}");
        }
        assert_eq!(each(&items("liked_comments"), "/comment_id"), [text(&other["id"])]);
        for list in ["following", "followers", "mutes"] {
            assert_eq!(each(&items(list), "/user_id"), [bob.id.as_str()], "{list}");
        }
        assert!(items("mutes")[0]["until"].as_str().is_some_and(|until| until.ends_with('Z')));
        assert!(!items("sessions").is_empty() && items("sessions")[0]["expires_at"].is_string());
        let all = Value::from_iter(told).to_string();
        assert!(!all.contains("argon2") && !all.contains(&ann.token), "{all}");

        kith.send("GET", "/v1/me/export", "", Value::Null).await.expect_problem(401, "unauthenticated");
    }
}

#[tokio::test]
async fn a_list_that_is_longer_than_a_page_is_whole() {
    let kith = Kith::start(On::Embedded).await;
    let ann = kith.newcomer("ann").await;
    let mut wanted = Vec::new();
    for n in 0..1_003 {
        wanted.push(text(&kith.post(&ann, &format!("post {n}")).await["id"]));
    }
    wanted.reverse();
    let told = export(&kith, &ann).await;
    assert_eq!(each(told["posts"].as_array().expect("posts"), "/id"), wanted);
}

/// What hangs on a user is in the export, or is said here not to be.
#[test]
fn every_relationship_is_exported_or_is_said_not_to_be() {
    // Secrets; and what hangs on posts, comments and sessions.
    let not = ["HAS_CREDENTIAL", "ISSUED", "IN_THREAD", "MENTIONS", "OF", "QUOTES", "REPLY_TO", "TAGGED"];
    let mut exported = String::new();
    for file in std::fs::read_dir("cypher/export").expect("a folder") {
        exported += &std::fs::read_to_string(file.expect("a file").path()).expect("a text");
    }
    let without = RELATIONSHIP_TYPES
        .iter()
        .filter(|name| !not.contains(name) && !exported.contains(&format!(":{name}]")));
    assert_eq!(without.collect::<Vec<_>>(), Vec::<&&str>::new());
}
