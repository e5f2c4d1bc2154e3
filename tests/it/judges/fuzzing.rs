//! Schemathesis makes requests from the description, good ones and bad ones, follows its links, and holds the answers
//! to it: as a stranger, as somebody, and as somebody who is after what is another's.

use std::{fs, path::Path};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::tools::{ask, python, source};
use crate::{
    crash::server::{Person, Server},
    openapi::{document, operations},
    support::text,
};

/// The same in each run, so that what was found is found again. `KITH_TEST_SEED` takes another.
const SEED: &str = "1";
/// Fewer would be no test: the requests that go by the book alone are more.
const LEAST_CASES: usize = 500;
/// Links that are followed, declared ones and such as Schemathesis infers.
const LEAST_LINKS: usize = 5;

/// These end the session that a run needs, or its person.
const ENDS: [&str; 2] = ["delete_me", "delete_current_session"];
/// `schemathesis.toml` leaves it out.
const STREAMS: usize = 1;

#[test]
fn the_api_keeps_to_its_description_whatever_it_is_asked() {
    let data = TempDir::new().expect("a temporary folder");
    let kith = Server::start(data.path());
    let run = |token: &str, excluded: &[&str], other: Option<(&Person, String)>| {
        let folder = TempDir::new().expect("a temporary folder");
        fuzz(&kith, folder.path(), token, excluded, other);
    };
    run("", &[], None);
    run(&kith.register("somebody").token, &ENDS, None);

    let (owner, things) = owner(&kith);
    let before = belongings(&kith, &owner, &things);
    // Where all paths lead to the same, nothing that was deleted is looked at again.
    let pinned = format!(
        "\n[checks.use_after_free]\nenabled = false\n\n[[operations]]\ninclude-path-regex = \"^/v1/posts/\"\nparameters = {{ \"path.id\" = \"{}\" }}\n\
         \n[[operations]]\ninclude-path-regex = \"^/v1/comments/\"\nparameters = {{ \"path.id\" = \"{}\" }}\n\
         \n[[operations]]\ninclude-path-regex = \"^/v1/users/\"\nparameters = {{ \"path.user\" = \"{}\" }}\n",
        things.post, things.comment, owner.id
    );
    run(&kith.register("intruder").token, &ENDS, Some((&owner, pinned)));
    assert_eq!(belongings(&kith, &owner, &things), before, "what is the owner's has changed");
    assert!(!kith.log().contains("panicked"), "{}", kith.log());
}

/// One run of Schemathesis, that must find nothing.
fn fuzz(kith: &Server, folder: &Path, token: &str, excluded: &[&str], other: Option<(&Person, String)>) {
    let document = document();
    let all = operations(&document).len();
    let mut config = fs::read_to_string(source("schemathesis.toml")).expect("a configuration");
    let mut command = python("schemathesis");
    let seed = std::env::var("KITH_TEST_SEED").unwrap_or_else(|_| SEED.to_owned());
    if let Some((person, pinned)) = other {
        config += &pinned;
        command.env("KITH_TEST_OTHER", &person.id);
    }
    let file = folder.join("schemathesis.toml");
    fs::write(&file, config).expect("a file");
    command
        .current_dir(folder)
        .env("SCHEMATHESIS_HOOKS", source("hooks.py"))
        .arg("--config-file")
        .arg(file)
        .args(["run", &format!("http://{}/openapi.json", kith.address)])
        .args(["--seed", &seed]);
    if !token.is_empty() {
        command.args(["--header", &format!("Authorization: Bearer {token}")]);
    }
    for id in excluded {
        command.args(["--exclude-operation-id", id]);
    }
    let verdict = ask(&mut command);
    assert!(verdict.status.success(), "{}", verdict.shown());
    // Nobody is judged by a run that was let do nothing.
    let tested = format!("Selected: {}/{all}", all - STREAMS - excluded.len());
    assert!(verdict.stdout.contains(&tested), "not {tested}:\n{}", verdict.shown());
    // A stranger creates no more than accounts.
    let followed = verdict.stdout.split_once(" covered /").and_then(|(text, _)| text.rsplit(' ').next());
    let followed: usize = followed.and_then(|count| count.parse().ok()).unwrap_or_default();
    assert!(followed >= LEAST_LINKS, "{followed} links:\n{}", verdict.shown());
    let cases = verdict.stdout.split_once(" generated,").and_then(|(text, _)| text.rsplit(' ').next());
    let cases: usize = cases.and_then(|count| count.parse().ok()).unwrap_or_default();
    assert!(cases >= LEAST_CASES, "{cases} cases:\n{}", verdict.shown());
}

/// What the owner made and an intruder is after.
struct Things {
    post: String,
    comment: String,
    /// Somebody else's post, which the owner likes, has reposted and bookmarked.
    liked: String,
}

fn owner(kith: &Server) -> (Person, Things) {
    let (owner, friend) = (kith.register("owner"), kith.register("friend"));
    let make = |who: &Person, path: &str, body: Value| {
        text(&kith.send("POST", path, &who.token, &[], &body).expect(201)["id"])
    };
    let liked = make(&friend, "/v1/posts", json!({"text": "A post of a friend"}));
    let post = make(&owner, "/v1/posts", json!({"text": "The owner's #post", "quote_of": liked}));
    let comments = format!("/v1/posts/{post}/comments");
    let comment = make(&owner, &comments, json!({"text": "The owner's comment"}));
    make(&owner, &comments, json!({"text": "The owner's reply", "parent_id": comment}));
    let deeds = [
        format!("/v1/users/{}/follow", friend.id),
        format!("/v1/posts/{liked}/like"),
        format!("/v1/posts/{liked}/repost"),
        format!("/v1/posts/{liked}/bookmark"),
        format!("/v1/comments/{comment}/like"),
    ];
    for path in deeds {
        kith.send("PUT", &path, &owner.token, &[], &Value::Null).expect(200);
    }
    (owner, Things { post, comment, liked })
}

/// All that the owner has made, without what others do to it: counts, and their own comments.
fn belongings(kith: &Server, owner: &Person, things: &Things) -> Value {
    let id = &owner.id;
    let paths = [
        "/v1/me".to_owned(),
        "/v1/me/bookmarks?limit=100".to_owned(),
        format!("/v1/users/{id}/posts?limit=100"),
        format!("/v1/users/{id}/likes?limit=100"),
        format!("/v1/users/{id}/following?limit=100"),
        format!("/v1/posts/{}", things.liked),
        format!("/v1/comments/{}", things.comment),
        format!("/v1/posts/{}/comments?sort=old&limit=100", things.post),
    ];
    let mut found: Value = paths.iter().map(|path| kith.get(path, &owner.token)).collect();
    let comments = found[7]["items"].as_array_mut().expect("comments");
    comments.retain(|comment| comment["author"]["id"] == json!(id));
    assert!(!comments.is_empty());
    forget(&mut found, &["counts", "followed_by", "next_cursor"]);
    found
}

fn forget(value: &mut Value, names: &[&str]) {
    match value {
        Value::Object(object) => {
            object.retain(|name, _| !names.contains(&name.as_str()));
            object.values_mut().for_each(|value| forget(value, names));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| forget(item, names)),
        _ => {}
    }
}
