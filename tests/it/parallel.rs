//! Many at once, on both stores: nothing is counted twice, lost, or answered with an error.

use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::{join, join_all};
use kith::posts::queries::LockAuthor;
use serde_json::{Value, json};

use crate::support::{Answer, Kith, On, Person, each, text};

/// Runs a check on both stores, with a configuration of its own.
macro_rules! at_once {
    ($($(#[doc = $doc:literal])* async fn $name:ident($kith:ident: &Kith, limit $limit:expr) $body:block)+) => { $(
        mod $name {
            use super::*;
            $(#[doc = $doc])*
            async fn check($kith: &Kith) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn embedded() {
                check(&Kith::with(On::Embedded, |config| config.limits.posts_per_day = $limit).await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn neo4j() {
                check(&Kith::with(On::Neo4j, |config| config.limits.posts_per_day = $limit).await).await;
            }
        }
    )+ };
}

/// How many answers have each status: those that are expected, and no other.
#[track_caller]
fn statuses(answers: &[Answer], expected: &[u16]) -> Vec<usize> {
    for answer in answers {
        assert!(expected.contains(&answer.status), "{}: {}", answer.status, answer.text);
    }
    let count = |status: &u16| answers.iter().filter(|answer| answer.status == *status).count();
    expected.iter().map(count).collect()
}

async fn newcomers(kith: &Kith, count: usize) -> Vec<Person> {
    let newcomer = |number: usize| async move { kith.newcomer(&format!("n{number}")).await };
    let mut people = Vec::new();
    for first in (0..count).step_by(20) {
        people.extend(join_all((first..count.min(first + 20)).map(newcomer).map(Box::pin)).await);
    }
    people
}

/// What a list holds, walked until all that stands still was seen or the list ends.
async fn walked(kith: &Kith, path: &str, pointer: &str, limit: usize, still: &[String]) -> Vec<String> {
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = kith.get(&format!("{path}?limit={limit}{cursor}"), "").await;
        let items = page["items"].as_array().expect("items");
        for id in each(items, pointer) {
            // A walk that repeats itself might not end.
            let again = still.iter().any(|still| still == id) && found.iter().any(|found| found == id);
            assert!(!again, "{path}: {id} twice");
            found.push(id.to_owned());
        }
        match page["next_cursor"].as_str() {
            Some(next) if !still.iter().all(|id| found.contains(id)) => cursor = format!("&cursor={next}"),
            _ => return found,
        }
    }
}

#[track_caller]
fn seen_once(path: &str, found: &[String], still: &[String]) {
    for id in still {
        let times = found.iter().filter(|found| *found == id).count();
        assert_eq!(times, 1, "{path}: {id} among {} items", found.len());
    }
}

/// What somebody posted and reposted, newest first.
async fn entries_of(kith: &Kith, who: &Person) -> Vec<Value> {
    kith.walk(&format!("/v1/users/{}/posts", who.id), &who.token, 10).await
}

at_once! {
    async fn twenty_posts_at_once_are_five_where_five_a_day_are_allowed(kith: &Kith, limit 5) {
        let ann = kith.newcomer("ann").await;
        let post = |number: usize| {
            let body = json!({"text": format!("Post {number}")});
            kith.send("POST", "/v1/posts", &ann.token, body)
        };
        let answers = join_all((0..20).map(post)).await;
        assert_eq!(statuses(&answers, &[201, 422]), [5, 15]);
        for answer in answers.into_iter().filter(|answer| answer.status == 422) {
            answer.expect_problem(422, "daily_post_quota_exceeded");
        }
        assert_eq!(entries_of(kith, &ann).await.len(), 5);
        assert_eq!(kith.get("/v1/me", &ann.token).await["counts"]["posts"], json!(5));
    }

    async fn posts_quotes_and_reposts_share_the_day(kith: &Kith, limit 5) {
        let (ann, others) = (kith.newcomer("ann").await, newcomers(kith, 8).await);
        let mut posts = Vec::new();
        for other in &others {
            posts.push(text(&kith.post(other, "Quote me").await["id"]));
        }
        let one = |number: usize| {
            let (post, ann) = (&posts[number % 8], &ann);
            async move {
                match number % 3 {
                    0 => kith.send("POST", "/v1/posts", &ann.token, json!({"text": "Mine"})).await,
                    1 => kith.send("POST", "/v1/posts", &ann.token, json!({"text": "See", "quote_of": post})).await,
                    _ => kith.send("PUT", &format!("/v1/posts/{post}/repost"), &ann.token, Value::Null).await,
                }
            }
        };
        let answers = join_all((0..24).map(one)).await;
        let counts = statuses(&answers, &[201, 200, 422]);
        assert_eq!((counts[0] + counts[1], counts[2]), (5, 19));
        assert_eq!(entries_of(kith, &ann).await.len(), 5);
    }

    /// A repetition uses up nothing: not of the day's last repost, nor of a request that has a key.
    async fn a_repetition_uses_up_nothing_of_the_day(kith: &Kith, limit 2) {
        let (ann, bob) = (kith.newcomer("ann").await, kith.newcomer("bob").await);
        let post = text(&kith.post(&bob, "Repost me").await["id"]);
        let key = [("idempotency-key", "once")];
        let same = || kith.send_with("POST", "/v1/posts", &ann.token, json!({"text": "Once"}), &key);
        statuses(&join_all((0..8).map(|_| same())).await, &[201, 409]);
        let path = format!("/v1/posts/{post}/repost");
        let again = || kith.send("PUT", &path, &ann.token, Value::Null);
        assert_eq!(statuses(&join_all((0..12).map(|_| again())).await, &[200]), [12]);
        statuses(&[same().await], &[201]);
        let body = json!({"text": "One too many"});
        kith.send("POST", "/v1/posts", &ann.token, body).await.expect_problem(422, "daily_post_quota_exceeded");
        assert_eq!(entries_of(kith, &ann).await.len(), 2);
    }

    async fn two_hundred_like_and_follow_at_once(kith: &Kith, limit 0) {
        let (star, people) = (kith.newcomer("star").await, newcomers(kith, 200).await);
        let post = text(&kith.post(&star, "Like me").await["id"]);
        let put = |path: String| {
            let people = &people;
            async move {
                let put = |person: &Person| {
                    let (path, token) = (path.clone(), person.token.clone());
                    async move { kith.send("PUT", &path, &token, Value::Null).await }
                };
                join_all(people.iter().map(put).map(Box::pin)).await
            }
        };
        assert_eq!(statuses(&put(format!("/v1/posts/{post}/like")).await, &[200]), [200]);
        assert_eq!(statuses(&put(format!("/v1/users/{}/follow", star.id)).await, &[200]), [200]);
        assert_eq!(kith.get(&format!("/v1/posts/{post}"), "").await["counts"]["likes"], json!(200));
        assert_eq!(kith.get(&format!("/v1/users/{}", star.id), "").await["counts"]["followers"], json!(200));
        let mut expected: Vec<&str> = people.iter().map(|person| person.id.as_str()).collect();
        expected.sort_unstable();
        for path in [format!("/v1/posts/{post}/likes"), format!("/v1/users/{}/followers", star.id)] {
            let found = kith.walk(&path, "", 50).await;
            let mut found = each(&found, "/id");
            found.sort_unstable();
            assert_eq!(found, expected);
        }
    }

    async fn one_follow_said_often_at_once_is_one(kith: &Kith, limit 0) {
        let (ann, bob) = (kith.newcomer("ann").await, kith.newcomer("bob").await);
        let post = text(&kith.post(&bob, "Once").await["id"]);
        let (follow, post) = (format!("/v1/users/{}/follow", bob.id), format!("/v1/posts/{post}"));
        for path in [follow, format!("{post}/like"), format!("{post}/repost"), format!("{post}/bookmark")] {
            let puts = (0..32).map(|_| kith.send("PUT", &path, &ann.token, Value::Null));
            assert_eq!(statuses(&join_all(puts).await, &[200]), [32]);
        }
        let followers = kith.walk(&format!("/v1/users/{}/followers", bob.id), "", 10).await;
        assert_eq!(each(&followers, "/id"), [ann.id.as_str()]);
        assert_eq!(kith.get("/v1/me", &ann.token).await["counts"]["following"], json!(1));
        let counts = &kith.get(&post, "").await["counts"];
        assert_eq!((&counts["likes"], &counts["reposts"]), (&json!(1), &json!(1)));
        assert_eq!(kith.walk("/v1/me/bookmarks", &ann.token, 10).await.len(), 1);
        assert_eq!(entries_of(kith, &ann).await.len(), 1);
    }

    /// Whether the repetitions meet in one process or in two.
    async fn one_key_at_once_makes_one_post(kith: &Kith, limit 0) {
        let ann = kith.newcomer("ann").await;
        let second = if kith.app.store.is_embedded() { None } else { Some(Kith::start(On::Neo4j).await) };
        let body = json!({"text": "Once"});
        for round in 0..3 {
            let key = format!("key-{round}");
            let send = |number: usize| {
                let kith = second.as_ref().filter(|_| number % 2 == 1).unwrap_or(kith);
                let (key, token, body) = (key.clone(), ann.token.clone(), body.clone());
                async move { kith.send_with("POST", "/v1/posts", &token, body, &[("idempotency-key", &key)]).await }
            };
            let answers = join_all((0..20).map(send).map(Box::pin)).await;
            statuses(&answers, &[201, 409]);
            let made: Vec<&Answer> = answers.iter().filter(|answer| answer.status == 201).collect();
            let first = made.iter().filter(|answer| answer.header("idempotent-replayed").is_empty()).count();
            assert_eq!(first, 1, "one of them is no repetition");
            assert!(made.iter().all(|answer| answer.json()["id"] == made[0].json()["id"]));
            // Nobody tells this process what the other has written.
            kith.app.cache.clear();
            assert_eq!(entries_of(kith, &ann).await.len(), round + 1);
        }
    }

    async fn a_page_walk_among_writers_repeats_and_skips_nothing(kith: &Kith, limit 0) {
        let (ann, authors) = (kith.newcomer("ann").await, newcomers(kith, 3).await);
        for author in &authors {
            kith.follow(&ann, author).await;
        }
        let mut old = Vec::new();
        for number in 0..45 {
            let post = kith.post(&authors[number % 3], &format!("Old {number}")).await;
            old.insert(0, text(&post["id"]));
        }
        let thread = kith.post(&ann, "Discuss").await;
        let mut comments = Vec::new();
        for number in 0..12 {
            comments.push(text(&kith.comment(&authors[number % 3], &thread, None, "Said").await["id"]));
        }
        // Two are deleted meanwhile: they do not stand still.
        let moving = [7, 20];
        let writes = async {
            for number in 0..30 {
                let (at, author) = (number % 3, &authors[number % 3]);
                let new = text(&kith.post(author, "New").await["id"]);
                kith.put(&authors[(at + 1) % 3], &format!("/v1/posts/{}/repost", old[21 + number % 20])).await;
                kith.put(author, &format!("/v1/posts/{}/like", old[21 + number % 20])).await;
                kith.comment(author, &thread, None, "New").await;
                let (gone, author) = match number {
                    // The newest of 45 in turn by three.
                    7 => (&old[moving[0]], (44 - moving[0]) % 3),
                    22 => (&old[moving[1]], (44 - moving[1]) % 3),
                    _ => (&new, at),
                };
                let path = format!("/v1/posts/{gone}");
                kith.send("DELETE", &path, &authors[author].token, Value::Null).await.expect(204);
            }
        };
        let reads = async {
            let home = kith.walk("/v1/feeds/home", &ann.token, 2).await;
            let post = text(&thread["id"]);
            let (mut seen, mut cursor) = (Vec::new(), String::new());
            loop {
                let page = kith.get(&format!("/v1/posts/{post}/thread?sort=old&limit=1{cursor}"), "").await;
                seen.extend(each(page["items"].as_array().expect("items"), "/id").into_iter().map(str::to_owned));
                match page["next_cursor"].as_str() {
                    Some(next) if seen.len() < comments.len() => cursor = format!("&cursor={next}"),
                    _ => return (home, seen),
                }
            }
        };
        let ((home, conversation), ()) = join(reads, writes).await;
        assert_eq!(conversation, comments);
        let seen = each(&home, "/post/id");
        for (at, id) in seen.iter().enumerate() {
            assert!(!seen[..at].contains(id), "{id} twice");
        }
        // Those that were reposted before the walk began stand at their repost; all are there.
        for (at, id) in old.iter().enumerate() {
            assert!(moving.contains(&at) || seen.contains(&id.as_str()), "{id} is missing");
        }
    }

    /// Whoever comes and goes meanwhile may be seen or not; all that stands still is seen once.
    async fn every_list_walked_among_writers_repeats_and_skips_nothing(kith: &Kith, limit 0) {
        let (star, mut people) = (kith.newcomer("star").await, newcomers(kith, 18).await);
        let moving = people.split_off(12);
        let main = kith.post(&star, "Look at me").await;
        let post = format!("/v1/posts/{}", text(&main["id"]));
        let star_path = format!("/v1/users/{}", star.id);
        let mut old = vec![text(&main["id"])];
        let mut comments = Vec::new();
        for person in &people {
            old.push(text(&kith.post(&star, "Old").await["id"]));
            comments.push(text(&kith.comment(person, &main, None, "Old").await["id"]));
            kith.follow(person, &star).await;
            kith.follow(&star, person).await;
            kith.put(person, &format!("{post}/like")).await;
            kith.put(person, &format!("{post}/repost")).await;
            kith.put(&star, &format!("/v1/posts/{}/like", old[old.len() - 1])).await;
        }
        let is_read = AtomicBool::new(false);
        let write = |who: &Person| {
            let (who, star, main, post, star_path) = (who.clone(), star.clone(), main.clone(), &post, &star_path);
            let is_read = &is_read;
            async move {
                while !is_read.load(Ordering::Relaxed) {
                    let new = kith.post(&star, "New").await;
                    let said = kith.comment(&who, &main, None, "New").await;
                    let paths = [
                        format!("{star_path}/follow"),
                        format!("{post}/like"),
                        format!("{post}/repost"),
                    ];
                    for path in &paths {
                        kith.put(&who, path).await;
                    }
                    kith.follow(&star, &who).await;
                    kith.put(&star, &format!("/v1/posts/{}/like", text(&new["id"]))).await;
                    for path in &paths {
                        kith.send("DELETE", path, &who.token, Value::Null).await.expect(200);
                    }
                    let path = format!("/v1/users/{}/follow", who.id);
                    kith.send("DELETE", &path, &star.token, Value::Null).await.expect(200);
                    let path = format!("/v1/comments/{}", text(&said["id"]));
                    kith.send("DELETE", &path, &who.token, Value::Null).await.expect(204);
                    let path = format!("/v1/posts/{}", text(&new["id"]));
                    kith.send("DELETE", &path, &star.token, Value::Null).await.expect(204);
                }
            }
        };
        let ids: Vec<String> = people.iter().map(|person| person.id.clone()).collect();
        let lists = [
            (format!("{star_path}/posts"), "/post/id", &old),
            (format!("{star_path}/followers"), "/id", &ids),
            (format!("{star_path}/following"), "/id", &ids),
            (format!("{post}/likes"), "/id", &ids),
            (format!("{post}/reposts"), "/id", &ids),
            (format!("{post}/comments"), "/id", &comments),
        ];
        let walks = async {
            for (path, pointer, still) in &lists {
                for limit in [1, 3] {
                    let found = walked(kith, path, pointer, limit, still).await;
                    seen_once(path, &found, still);
                }
            }
            // The feed of all has no end where all tests write.
            let found = walked(kith, "/v1/feeds/public", "/post/id", 10, &old).await;
            seen_once("/v1/feeds/public", &found, &old);
            is_read.store(true, Ordering::Relaxed);
        };
        join(walks, join_all(moving.iter().map(write).map(Box::pin))).await;
    }

    async fn a_reply_outlives_the_parent_that_is_deleted_meanwhile(kith: &Kith, limit 0) {
        let (ann, bob) = (kith.newcomer("ann").await, kith.newcomer("bob").await);
        let post = kith.post(&ann, "Discuss").await;
        let (path, mut expected) = (format!("/v1/posts/{}", text(&post["id"])), 0);
        for _ in 0..20 {
            let parent = kith.comment(&ann, &post, None, "Parent").await;
            let place = format!("/v1/comments/{}", text(&parent["id"]));
            let (comments, body) = (format!("{path}/comments"), json!({"text": "Reply", "parent_id": parent["id"]}));
            let reply = kith.send("POST", &comments, &bob.token, body);
            let (reply, deleted) = join(reply, kith.send("DELETE", &place, &ann.token, Value::Null)).await;
            deleted.expect(204);
            statuses(std::slice::from_ref(&reply), &[201, 404, 422]);
            let left = kith.send("GET", &place, "", Value::Null).await;
            if reply.status == 201 {
                expected += 1;
                let left = left.expect(200);
                assert_eq!((&left["deleted"], &left["counts"]["replies"]), (&json!(true), &json!(1)));
                let replies = kith.walk(&format!("{place}/replies"), "", 5).await;
                assert_eq!(each(&replies, "/id"), [text(&reply.json()["id"])]);
            } else {
                left.expect_problem(404, "comment_not_found");
            }
            assert_eq!(kith.get(&path, "").await["counts"]["comments"], json!(expected));
        }
    }

    /// Whoever comes too late is told so, and nothing is left hanging on what is gone.
    async fn what_meets_a_deletion_is_done_or_refused(kith: &Kith, limit 0) {
        let (ann, people) = (kith.newcomer("ann").await, newcomers(kith, 5).await);
        for _ in 0..12 {
            let post = text(&kith.post(&ann, "Short #lived").await["id"]);
            let path = format!("/v1/posts/{post}");
            let meet = |number: usize| {
                let (path, post, token) = (path.clone(), post.clone(), people[number].token.clone());
                async move {
                    match number {
                        0 => kith.send("PUT", &format!("{path}/like"), &token, Value::Null).await,
                        1 => kith.send("PUT", &format!("{path}/repost"), &token, Value::Null).await,
                        2 => kith.send("PUT", &format!("{path}/bookmark"), &token, Value::Null).await,
                        3 => kith.send("POST", &format!("{path}/comments"), &token, json!({"text": "Hm"})).await,
                        _ => kith.send("POST", "/v1/posts", &token, json!({"text": "See", "quote_of": post})).await,
                    }
                }
            };
            let delete = kith.send("DELETE", &path, &ann.token, Value::Null);
            let (answers, deleted) = join(join_all((0..5).map(meet).map(Box::pin)), delete).await;
            deleted.expect(204);
            statuses(&answers, &[200, 201, 410]);
            kith.send("GET", &path, "", Value::Null).await.expect_problem(410, "post_deleted");
        }
        assert_eq!(entries_of(kith, &people[1]).await, Vec::<Value>::new());
        let count = LockAuthor { author: people[1].id.clone(), now: 0, since: 0 };
        assert_eq!(Box::pin(kith.app.store.run(&count)).await.expect("a count")[0].count, 0, "reposts of nothing");
        for (person, list) in [(0, format!("/v1/users/{}/likes", people[0].id)), (2, "/v1/me/bookmarks".to_owned())] {
            assert_eq!(kith.walk(&list, &people[person].token, 5).await, Vec::<Value>::new());
        }
        for item in entries_of(kith, &people[4]).await {
            assert_eq!(item["post"]["quoted"]["kind"], json!("deleted"));
        }
    }
}
