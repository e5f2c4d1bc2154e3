//! What is imported is what the files say: the API's answers are compared with answers worked out straight from the
//! files, by code that shares with the import no more than how ids are derived.

mod naive;
mod small;

use std::{
    path::PathBuf,
    process::Command,
    sync::atomic::{AtomicUsize, Ordering},
};

use kith::{
    auth::queries::OpenSession,
    clock::{DAY, Timestamp, new_id},
    import::{
        ImportError, Report,
        ldbc::{Kind, Sample},
        ldbc_updates::Updates,
        progress::{Progress, Silent},
        seed,
    },
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::Notify;

use crate::support::{Kith, On, on_both_stores, text};
use naive::Naive;
use small::Small;

/// Where the benchmark's sample is. Without it these tests fail: what they prove would otherwise go unnoticed.
fn sample() -> PathBuf {
    let folder = std::env::var_os("KITH_LDBC_SAMPLE").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/ldbc-snb-sample")),
        PathBuf::from,
    );
    assert!(
        folder.is_dir(),
        "there is no LDBC sample at {}: set KITH_LDBC_SAMPLE to the folder that has it",
        folder.display()
    );
    folder
}

/// An access token of somebody who has no password.
async fn token_of(kith: &Kith, user: &str) -> String {
    let (session, now) = (new_id(), kith.app.clock.now());
    let open = OpenSession {
        user: user.to_owned(),
        session: session.clone(),
        hash: new_id(),
        now: now.0,
        expires_at: now.0 + 3_600_000_000,
    };
    kith.app.store.run(&open).await.expect("the store answers").pop().expect("an imported user");
    kith.app.tokens.issue(user, &session, now).expect("a token")
}

/// Compares home feeds, profiles and threads of some persons, field by field.
async fn compare(kith: &Kith, naive: &Naive) {
    let people = naive.people(15);
    let (mut items, mut comments) = (0, 0);
    for &person in &people {
        let id = Kind::Person.id(person);
        let token = token_of(kith, &id).await;
        let profile = kith.get(&format!("/v1/users/{id}"), "").await;
        assert_eq!(profile, naive.profile(person));

        let feed = kith.walk("/v1/feeds/home", &token, 100).await;
        let expected = naive.home(person);
        assert_eq!(feed.len(), expected.len(), "the home feed of {person}");
        for (item, expected) in feed.iter().zip(&expected) {
            assert_eq!(item, expected, "the home feed of {person}");
        }
        items += feed.len();

        for post in naive.threads(person) {
            let path = format!("/v1/posts/{}/thread?sort=old&depth=10&replies=50", Kind::Post.id(post));
            let thread = kith.walk(&path, &token, 100).await;
            let expected = naive.thread(post, person);
            assert_eq!(thread.len(), expected.len(), "the thread of {post}");
            for (item, expected) in thread.iter().zip(&expected) {
                assert_eq!(item, expected, "the thread of {post}");
            }
            comments += thread.len();
        }
    }
    // The comparison is not of nothings.
    assert!(items > 1000 && comments > 100, "only {items} feed items and {comments} comments were compared");
}

/// The store is fresh, so that each step can be looked at by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sample_and_then_its_updates_are_answered_as_the_files_say_on_the_embedded_graph() {
    let kith = Kith::start(On::Embedded).await;
    let (folder, store) = (sample(), &kith.app.store);
    let base = Sample::read(&folder).expect("the sample");
    let first = base.load(store, &Silent).await.expect("loads");
    let naive = Naive::read(&folder, false);
    assert_eq!(first.loaded(), naive.size());
    assert!(first.steps.iter().all(|step| step.present == 0 && step.loaded > 0), "{first}");
    compare(&kith, &naive).await;
    let second = base.load(store, &Silent).await.expect("loads");
    assert_eq!((second.loaded(), &second.skipped), (0, &first.skipped), "{second}");

    let updates = Updates::read(&folder).expect("the streams");
    let first = updates.replay(store, &Silent).await.expect("replays");
    assert!(first.steps.iter().all(|step| step.loaded > 0), "{first}");
    compare(&kith, &Naive::read(&folder, true)).await;
    let second = updates.replay(store, &Silent).await.expect("replays");
    assert_eq!((second.loaded(), &second.skipped), (0, &first.skipped), "{second}");

    // Nothing that the import left out keeps the API from writing afterwards.
    let (ann, bob) = (kith.person("ann").await, kith.person("bob").await);
    let post = kith.post(&ann, "Hello #world").await;
    let comment = kith.comment(&bob, &post, None, "Hello").await;
    kith.comment(&ann, &post, Some(&comment), "Hello, hello").await;
}

/// The world may be there already: the server is shared, and the ids are always the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sample_with_its_updates_is_answered_as_the_files_say_on_neo4j() {
    let kith = Kith::start(On::Neo4j).await;
    let (folder, store) = (sample(), &kith.app.store);
    let (base, updates) =
        (Sample::read(&folder).expect("the sample"), Updates::read(&folder).expect("the streams"));
    let (without, with) = (Naive::read(&folder, false), Naive::read(&folder, true));
    let all = |report: &Report| report.steps.iter().map(|step| step.loaded + step.present).sum::<usize>();
    let loaded = base.load(store, &Silent).await.expect("loads");
    assert_eq!(all(&loaded), without.size(), "{loaded}");
    let replayed = updates.replay(store, &Silent).await.expect("replays");
    // A friendship is one event and two follows.
    let friendships = (with.follows() - without.follows()) / 2;
    assert_eq!(all(&replayed) + friendships, with.size() - without.size(), "{replayed}");
    assert_eq!(base.load(store, &Silent).await.expect("loads").loaded(), 0);
    assert_eq!(updates.replay(store, &Silent).await.expect("replays").loaded(), 0);
    compare(&kith, &with).await;
}

/// Lets a test know when some batches are done.
struct After {
    batches: AtomicUsize,
    reached: Notify,
}

impl Progress for After {
    fn begin(&self, _: &'static str, _: usize) {}

    fn advance(&self, _: usize) {
        if self.batches.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.reached.notify_one();
        }
    }

    fn end(&self) {}
}

on_both_stores! {
    async fn an_interrupted_import_goes_on_where_it_stopped(kith: &Kith) {
        let small = Small::new();
        let sample = Sample::read(small.path()).expect("a sample");
        // Users, follows, and two of three batches of posts.
        let after = After { batches: AtomicUsize::new(4), reached: Notify::new() };
        tokio::select! {
            result = sample.load(&kith.app.store, &after) => panic!("it was not interrupted: {result:?}"),
            () = after.reached.notified() => {}
        }
        let rest = sample.load(&kith.app.store, &Silent).await.expect("loads");
        let count = |report: &Report, name: &str| {
            let step = report.steps.iter().find(|step| step.name == name).expect("a step");
            (step.loaded, step.present)
        };
        assert_eq!(count(&rest, "users"), (0, Small::PERSONS));
        let (loaded, present) = count(&rest, "posts");
        // The third batch was under way when it was interrupted.
        assert!(matches!((loaded, present), (500, 2000) | (0, 2500)), "{rest}");
        assert_eq!(count(&rest, "comments"), (Small::COMMENTS, 0));
        assert_eq!(count(&sample.load(&kith.app.store, &Silent).await.expect("loads"), "comments"), (0, Small::COMMENTS));

        let skipped: Vec<(&str, usize)> = rest.skipped.iter().map(|(reason, count)| (reason.as_str(), *count)).collect();
        assert_eq!(skipped, Small::SKIPPED);
        let author = kith.get(&format!("/v1/users/{}", Kind::Person.id(small.person(0))), "").await;
        assert_eq!(author["counts"], json!({"posts": 2500, "followers": 1, "following": 1}));
        // Each comment replies to the one before: the last one is as deep as there are comments.
        let last = kith.get(&format!("/v1/comments/{}", Kind::Comment.id(small.comment(Small::COMMENTS - 1))), "").await;
        assert_eq!((&last["depth"], &last["text"]), (&json!(Small::COMMENTS), &json!("comment 11")));
    }

    async fn a_seeded_world_is_complete_and_a_second_run_adds_nothing(kith: &Kith) {
        let options = seed::Options {
            seed: rand::random(),
            users: 40,
            posts_per_user: 4,
            follows_per_user: 6,
            // Long ago: what is new in a shared graph belongs to other tests.
            until: Some(Timestamp(kith.app.clock.now().0 - 400 * DAY)),
            password: "look-around".to_owned(),
        };
        let first = seed::seed(&kith.app, &options, &Silent).await.expect("seeds");
        assert!(first.steps.iter().all(|step| step.loaded > 0), "{first}");
        assert!(first.skipped.is_empty(), "{first}");
        let second = seed::seed(&kith.app, &options, &Silent).await.expect("seeds");
        assert_eq!(second.loaded(), 0, "{second}");

        let login = json!({"handle": seed::DEMO, "password": options.password});
        let session = kith.send("POST", "/v1/sessions", "", login).await.expect(200);
        let token = text(&session["access_token"]);
        let me = kith.get("/v1/me", &token).await;
        let number = |pointer: &str| me.pointer(pointer).and_then(Value::as_i64).unwrap_or_default();
        assert!(number("/counts/following") >= 25 && number("/counts/followers") >= 10, "{me}");
        let feed = kith.get("/v1/feeds/home?limit=100", &token).await;
        assert!(feed["items"].as_array().is_some_and(|items| items.len() > 20), "{feed}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_options_make_the_same_world() {
    let options = |seed| seed::Options {
        seed,
        users: 60,
        posts_per_user: 5,
        follows_per_user: 8,
        until: Some(Timestamp(1_760_000_000_000_000)),
        password: "look-around".to_owned(),
    };
    let mut worlds = Vec::new();
    for seed in [1, 1, 2] {
        let kith = Kith::start(On::Embedded).await;
        seed::seed(&kith.app, &options(seed), &Silent).await.expect("seeds");
        let posts = kith.walk("/v1/feeds/public", "", 100).await;
        let demo = kith.walk(&format!("/v1/users/@{}/following", seed::DEMO), "", 100).await;
        let mut people = Vec::new();
        for post in &posts {
            let id = text(&post["post"]["author"]["id"]);
            people.push(kith.get(&format!("/v1/users/{id}"), "").await);
            people
                .extend(kith.walk(&format!("/v1/posts/{}/thread", text(&post["post"]["id"])), "", 100).await);
            if people.len() > 400 {
                break;
            }
        }
        assert_eq!(posts.len(), 300);
        worlds.push((posts, demo, people));
    }
    // Cursors are sealed with a nonce, so a thread that was cut is compared without them.
    for (_, _, people) in &mut worlds {
        for item in people {
            if let Some(cursor) = item.pointer_mut("/replies/next_cursor") {
                *cursor = Value::Null;
            }
        }
    }
    assert!(worlds[0] == worlds[1], "two worlds of one seed differ");
    assert!(worlds[0] != worlds[2], "two seeds make one world");
}

#[test]
fn a_folder_that_lacks_files_is_refused_as_a_whole() {
    let folder = TempDir::new().expect("a folder");
    let error = Sample::read(folder.path()).expect_err("nothing is there");
    assert!(matches!(&error, ImportError::Missing { files, .. } if files.len() == 14), "{error}");
    let error = Updates::read(folder.path()).expect_err("nothing is there").to_string();
    assert!(
        error.contains("updateStream_0_0_person.csv") && error.contains("nothing was written"),
        "{error}"
    );
}

#[test]
fn a_malformed_row_is_named_by_file_and_line() {
    for (file, old, new, expected) in [
        (
            "dynamic/post_0_0.csv",
            "1290000000001",
            "yesterday",
            "dynamic/post_0_0.csv, line 3: field 3 is no moment: 'yesterday'",
        ),
        (
            "dynamic/comment_0_0.csv",
            "|comment 1|",
            "|",
            "dynamic/comment_0_0.csv, line 3: 5 fields where the first line has 6",
        ),
        (
            "dynamic/person_0_0.csv",
            "firstName",
            "vorname",
            "dynamic/person_0_0.csv, line 1: the columns must be id|",
        ),
        (
            "dynamic/person_knows_person_0_0.csv",
            "1290000000000",
            "",
            "dynamic/person_knows_person_0_0.csv, line 2",
        ),
    ] {
        let small = Small::new();
        small.change(file, old, new);
        let error = Sample::read(small.path()).expect_err("a malformed row").to_string();
        assert!(error.starts_with(expected) && error.ends_with("nothing was written"), "{error}");
    }
    let small = Small::new();
    small.streams("1290000000000|0|9|1|2|1290000000000\n");
    let error = Updates::read(small.path()).expect_err("an unknown event").to_string();
    assert!(
        error.starts_with("update_streams/updateStream_0_0_person.csv, line 1: there is no event of type 9"),
        "{error}"
    );
}

#[test]
fn the_command_fails_with_a_message() {
    let small = Small::new();
    let kith = |arguments: &[&str], uri: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_kith"))
            .args(arguments)
            .current_dir(small.path())
            .env_clear()
            .env("KITH_STORE__URI", uri)
            .env("KITH_STORE__TIMEOUT", "5")
            .env("KITH_AUTH__SIGNING_KEY", "A".repeat(43))
            .output()
            .expect("kith runs");
        (
            output.status.success(),
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr),
        )
    };
    let (ok, said) = kith(&["import", "ldbc", "."], "bolt://127.0.0.1:1");
    assert!(!ok && said.contains("store: the store cannot be reached"), "{said}");
    let (ok, said) = kith(&["import", "ldbc", "nowhere"], "embedded:data");
    assert!(!ok && said.contains("nothing was written"), "{said}");
    let (ok, said) = kith(&["import", "ldbc", "."], "embedded:data");
    assert!(ok && said.contains("posts: 2500 of 2500") && said.contains("forums: Kith has none"), "{said}");
    let (ok, said) = kith(&["seed", "--users", "5", "--posts-per-user", "2"], "embedded:data");
    assert!(ok && said.contains("handle demo and password look-around"), "{said}");
    let (ok, said) = kith(&["seed", "--password", "short"], "embedded:data");
    assert!(!ok && said.contains("10 to 128"), "{said}");
}
