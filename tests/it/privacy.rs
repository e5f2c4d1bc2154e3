//! Who is shown to whom: every operation of the document, by what is between two people.

use futures_util::future::join_all;
use kith::privacy::mutes;
use serde_json::{Value, json};

use crate::support::{Kith, On, Person, each, on_both_stores, text};

/// What an answer has of somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    Shown,
    Absent,
    Problem(u16),
}
use Seen::{Absent, Problem, Shown};

/// A read: its operation, its path, and what it has of Bob for Ann as it is, once she blocks him, once he blocks her, and
/// once she mutes him.
pub struct Row(&'static str, String, Option<Seen>, [Seen; 3]);

/// Reads that are about nobody but the one who reads.
const OWN: &[&str] = &[
    "get_me",
    "get_keys",
    "list_mutes",
    "list_muted_words",
    "list_tokens",
    "get_token",
    "get_own_report",
    "list_own_reports",
    "list_sent_follow_requests",
    "health_live",
    "health_ready",
];

/// Reads that another test looks at.
const ELSEWHERE: &[&str] = &[
    // Who blocks somebody may report them, who is blocked may not: `moderation::`.
    "create_report",
    // What stands in a stream is what stands in the home feed: `stream::`.
    "stream_home_feed",
    // An archive of what is one's own: `export::`.
    "export_me",
];

/// Writes that are no answer to somebody else.
const OF_ONESELF: &[&str] = &[
    "create_user",
    "create_session",
    "refresh_session",
    "delete_current_session",
    "update_me",
    "delete_me",
    "mute_word",
    "unmute_word",
    "create_token",
    "delete_token",
    "update_post",
    "delete_post",
    "update_comment",
    "delete_comment",
];

/// Admins are shown everything, whoever blocks them.
const OF_ADMINS: &[&str] = &["get_report", "list_audit_entries", "list_reports", "run_cypher"];

/// Moderators are shown what was reported, whoever blocks them.
const OF_MODERATORS: &[&str] =
    &["get_reported", "lift_suspension", "list_reported", "list_suspensions", "resolve_report"];

/// Writes that end something, or hide somebody: they are open to whoever is blocked.
const ALWAYS: &[&str] = &[
    "unfollow_user",
    "refuse_follow_request",
    "unlike_post",
    "unrepost_post",
    "unbookmark_post",
    "unlike_comment",
    "block_user",
    "unblock_user",
    "mute_user",
    "unmute_user",
];

/// A small world in which Bob is everywhere.
pub struct World {
    pub ann: Person,
    pub bob: Person,
    rows: Vec<Row>,
    /// Operation, method, path and body of what Ann does to Bob.
    acts: Vec<(&'static str, &'static str, String, Value)>,
}

pub async fn world(kith: &Kith) -> World {
    let [ann, bob, cat, eve] = [
        kith.newcomer("ann").await,
        kith.newcomer("bob").await,
        kith.newcomer("cat").await,
        kith.newcomer("eve").await,
    ];
    for (who, whom) in
        [(&ann, &bob), (&ann, &cat), (&bob, &ann), (&bob, &cat), (&cat, &bob), (&bob, &eve), (&cat, &ann)]
    {
        kith.follow(who, whom).await;
    }
    let (id, name) = (|value: &Value| text(&value["id"]), &bob.handle);
    let tag = format!("t{}", kith.suffix);
    let mine = kith.post(&bob, &format!("{name} says #{tag}")).await;
    let cats = kith.post(&cat, &format!("cat says #{tag}")).await;
    let quote = json!({"text": "quoting", "quote_of": id(&mine)});
    kith.send("POST", "/v1/posts", &cat.token, quote).await.expect(201);
    let quote = json!({"text": format!("{name} quotes"), "quote_of": id(&cats)});
    kith.send("POST", "/v1/posts", &bob.token, quote).await.expect(201);
    for path in ["like", "repost"] {
        kith.put(&cat, &format!("/v1/posts/{}/{path}", id(&mine))).await;
        kith.put(&bob, &format!("/v1/posts/{}/{path}", id(&cats))).await;
    }
    for path in ["like", "bookmark"] {
        kith.put(&ann, &format!("/v1/posts/{}/{path}", id(&mine))).await;
    }
    let answer = kith.comment(&bob, &cats, None, &format!("{name} answers")).await;
    let cats_answer = kith.comment(&cat, &cats, None, "cat answers").await;
    kith.comment(&bob, &cats, Some(&cats_answer), &format!("{name} replies")).await;
    kith.comment(&cat, &cats, Some(&answer), "cat replies").await;

    let (his, hers, eves) = (&bob.id, &cat.id, &eve.id);
    let (post, comment) = (id(&mine), id(&answer));
    let (by_cat, answer_of_cat) = (id(&cats), id(&cats_answer));
    let gone = [Problem(403), Problem(404), Shown];
    let listed = [Absent, Absent, Shown];
    let fed = [Absent; 3];
    let own = [Shown, Absent, Shown];
    let row = |operation, path: String, what| Row(operation, path, Some(Shown), what);
    // A list around Bob that need not name him.
    let around = |operation, path: String| Row(operation, path, None, [Problem(403), Problem(404), Absent]);
    let rows = vec![
        row("get_user", format!("/v1/users/{his}"), [Shown, Problem(404), Shown]),
        row("get_user", format!("/v1/users/@{}", bob.handle), [Shown, Problem(404), Shown]),
        row("list_users", format!("/v1/users?ids={his},{hers}"), own),
        row("list_relationships", format!("/v1/relationships?ids={his},{hers}"), own),
        row("list_user_posts", format!("/v1/users/{his}/posts"), gone),
        row("list_user_posts", format!("/v1/users/{hers}/posts"), listed),
        around("list_user_likes", format!("/v1/users/{his}/likes")),
        row("list_user_likes", format!("/v1/users/{hers}/likes"), listed),
        around("list_followers", format!("/v1/users/{his}/followers")),
        row("list_followers", format!("/v1/users/{hers}/followers"), listed),
        around("list_following", format!("/v1/users/{his}/following")),
        row("list_following", format!("/v1/users/{hers}/following"), listed),
        row("list_mutuals", format!("/v1/users/{eves}/mutuals"), listed),
        around("list_mutuals", format!("/v1/users/{his}/mutuals")),
        row("get_path", format!("/v1/users/{eves}/path"), listed),
        row("get_path", format!("/v1/users/{his}/path"), gone),
        row("list_suggestions", "/v1/me/suggestions".to_owned(), fed),
        row("get_post", format!("/v1/posts/{post}"), gone),
        around("list_post_likes", format!("/v1/posts/{post}/likes")),
        row("list_post_likes", format!("/v1/posts/{by_cat}/likes"), listed),
        row("list_post_reposts", format!("/v1/posts/{by_cat}/reposts"), listed),
        row("list_post_quotes", format!("/v1/posts/{post}/quotes"), gone),
        row("list_post_quotes", format!("/v1/posts/{by_cat}/quotes"), listed),
        row("list_comments", format!("/v1/posts/{by_cat}/comments"), listed),
        around("list_comments", format!("/v1/posts/{post}/comments")),
        row("get_comment", format!("/v1/comments/{comment}"), gone),
        row("list_replies", format!("/v1/comments/{answer_of_cat}/replies"), listed),
        around("list_replies", format!("/v1/comments/{comment}/replies")),
        row("get_post_thread", format!("/v1/posts/{by_cat}/thread"), listed),
        row("get_post_thread", format!("/v1/posts/{post}/thread"), gone),
        row("get_comment_thread", format!("/v1/comments/{answer_of_cat}/thread"), listed),
        row("get_comment_thread", format!("/v1/comments/{comment}/thread"), gone),
        row("get_home_feed", "/v1/feeds/home".to_owned(), fed),
        row("get_tag_feed", format!("/v1/feeds/tags/{tag}"), fed),
        // Others write to it meanwhile, and what trends is counted later.
        Row("get_public_feed", "/v1/feeds/public?limit=100".to_owned(), None, fed),
        Row("get_trending_feed", "/v1/feeds/trending?limit=100".to_owned(), None, fed),
        row("list_bookmarks", "/v1/me/bookmarks".to_owned(), listed),
        // A block ends what is asked as well.
        Row("list_follow_requests", "/v1/me/follow-requests".to_owned(), None, [Absent, Absent, Absent]),
        Row("list_blocks", "/v1/me/blocks".to_owned(), Some(Absent), [Shown, Absent, Absent]),
    ];
    let acts = acts(his, &post, &comment, &by_cat);
    World { ann, bob, rows, acts }
}

/// What somebody does to Bob: to him, to a post and a comment of his, and to that comment below a post of another.
fn acts(
    his: &str,
    post: &str,
    comment: &str,
    by_cat: &str,
) -> Vec<(&'static str, &'static str, String, Value)> {
    let answer = json!({"text": "an answer"});
    let quote = json!({"text": "a quote", "quote_of": post});
    vec![
        ("follow_user", "PUT", format!("/v1/users/{his}/follow"), Value::Null),
        ("accept_follow_request", "PUT", format!("/v1/me/follow-requests/{his}"), Value::Null),
        ("like_post", "PUT", format!("/v1/posts/{post}/like"), Value::Null),
        ("repost_post", "PUT", format!("/v1/posts/{post}/repost"), Value::Null),
        ("bookmark_post", "PUT", format!("/v1/posts/{post}/bookmark"), Value::Null),
        ("like_comment", "PUT", format!("/v1/comments/{comment}/like"), Value::Null),
        ("create_comment", "POST", format!("/v1/posts/{post}/comments"), answer),
        (
            "create_comment",
            "POST",
            format!("/v1/posts/{by_cat}/comments"),
            json!({"text": "x", "parent_id": comment}),
        ),
        ("create_post", "POST", "/v1/posts".to_owned(), quote),
    ]
}

impl World {
    /// What a read has of Bob for Ann.
    async fn seen(&self, kith: &Kith, path: &str) -> Seen {
        let answer = kith.send("GET", path, &self.ann.token, Value::Null).await;
        let problem = format!("\"instance\":\"{}\"", path.split('?').next().unwrap_or_default());
        match answer.status {
            200 if answer.text.contains(&self.bob.id) || answer.text.contains(&self.bob.handle) => Shown,
            200 => Absent,
            status => {
                assert!(!answer.text.replace(&problem, "").contains(&self.bob.id), "{}", answer.text);
                Problem(status)
            }
        }
    }

    pub async fn all(&self, kith: &Kith, now: &str, which: Option<usize>) {
        let mut wrong = Vec::new();
        for Row(operation, path, as_it_is, then) in &self.rows {
            let seen = self.seen(kith, path).await;
            let wanted = which.map_or(*as_it_is, |which| Some(then[which]));
            if let Some(wanted) = wanted.filter(|wanted| *wanted != seen) {
                wrong.push(format!("{operation} {path}: {seen:?}, not {wanted:?}"));
            }
        }
        assert!(wrong.is_empty(), "{now}: {wrong:#?}");
    }

    async fn acts(&self, kith: &Kith, status: u16, code: &str) {
        for (operation, method, path, body) in &self.acts {
            let answer = kith.send(method, path, &self.ann.token, body.clone()).await;
            assert_eq!(answer.status, status, "{operation} {path}: {}", answer.text);
            if status == 403 {
                assert_eq!(answer.json()["code"], code, "{operation} {path}");
            }
        }
    }
}

#[tokio::test]
async fn every_operation_of_the_document_has_a_row() {
    let kith = Kith::start(On::Embedded).await;
    let world = world(&kith).await;
    let document = kith.get("/openapi.json", "").await;
    let mut known: Vec<&str> = world.rows.iter().map(|row| row.0).collect();
    known.extend(world.acts.iter().map(|act| act.0));
    for list in [OWN, ELSEWHERE, OF_ONESELF, OF_ADMINS, OF_MODERATORS, ALWAYS] {
        known.extend(list);
    }
    let paths = document["paths"].as_object().expect("paths");
    let operations = paths.values().flat_map(|path| path.as_object().expect("methods").values());
    let names: Vec<&str> = operations.filter_map(|operation| operation["operationId"].as_str()).collect();
    assert!(names.len() > 40, "{names:?}");
    let without: Vec<_> = names.iter().filter(|name| !known.contains(name)).collect();
    assert!(without.is_empty(), "say in tests/it/privacy.rs who is shown by: {without:?}");
}

on_both_stores! {
    /// All of it is read before each change as well, so that what is kept of it is what must not be served.
    async fn nobody_is_shown_to_whom_they_are_hidden_from(kith: &Kith) {
        let world = world(kith).await;
        let World { ann, bob, .. } = &world;
        world.all(kith, "as it is", None).await;
        let mute = format!("/v1/users/{}/mute", bob.id);
        let state = kith.put(ann, &mute).await;
        assert_eq!((&state["muting"], &state["following"], &state["muted_until"]), (&json!(true), &json!(true), &Value::Null));
        world.all(kith, "muted", Some(2)).await;
        assert_eq!(each(kith.get("/v1/me/mutes", &ann.token).await["items"].as_array().expect("items"), "/id"), [bob.id.as_str()]);
        kith.send("DELETE", &mute, &ann.token, Value::Null).await.expect(200);
        world.all(kith, "unmuted", None).await;

        for (who, whom, which, status, now) in [(ann, bob, 0, 403, "she blocks him"), (bob, ann, 1, 404, "he blocks her")] {
            let block = format!("/v1/users/{}/block", whom.id);
            for _ in 0..2 {
                let state = kith.put(who, &block).await;
                assert_eq!((&state["blocking"], &state["following"], &state["followed_by"]), (&json!(true), &json!(false), &json!(false)));
            }
            world.all(kith, now, Some(which)).await;
            world.acts(kith, status, "blocked").await;
            // Who is blocked can block back, and nobody is told of anything.
            let state = kith.send("DELETE", &block, &who.token, Value::Null).await.expect(200);
            assert_eq!((&state["blocking"], &state["following"]), (&json!(false), &json!(false)));
            kith.follow(ann, bob).await;
            kith.follow(bob, ann).await;
            world.all(kith, "unblocked", None).await;
        }
        for (_, method, path, body) in &world.acts {
            let answer = kith.send(method, path, &ann.token, body.clone()).await;
            assert!([200, 201].contains(&answer.status), "{path}: {}", answer.text);
        }
        for path in ["block", "mute"] {
            let path = format!("/v1/users/{}/{path}", ann.id);
            kith.send("PUT", &path, &ann.token, Value::Null).await.expect_problem(422, "self_block");
            kith.send("PUT", &path, "", Value::Null).await.expect_problem(401, "unauthenticated");
        }
        kith.send("PUT", "/v1/users/@nobody_at_all/block", &ann.token, Value::Null).await.expect_problem(404, "user_not_found");
    }

    async fn a_page_is_full_however_much_of_what_it_looks_through_is_hidden(kith: &Kith) {
        let (ann, bob, cat) = (kith.newcomer("ann").await, kith.newcomer("bob").await, kith.newcomer("cat").await);
        let tag = format!("f{}", kith.suffix);
        let mut wanted = Vec::new();
        let first = kith.post(&cat, &format!("cat #{tag}")).await;
        wanted.push(text(&first["id"]));
        for number in 0..40 {
            let post = kith.post(&bob, &format!("bob {number} #{tag}")).await;
            kith.comment(&bob, &first, None, "bob").await;
            kith.send("PUT", &format!("/v1/posts/{}/repost", text(&post["id"])), &cat.token, Value::Null).await.expect(200);
            if number % 8 == 0 {
                wanted.push(text(&kith.post(&cat, &format!("cat {number} #{tag}")).await["id"]));
                kith.comment(&cat, &first, None, "cat").await;
            }
        }
        wanted.reverse();
        kith.follow(&ann, &cat).await;
        kith.put(&ann, &format!("/v1/users/{}/block", bob.id)).await;
        for path in ["/v1/feeds/home".to_owned(), format!("/v1/feeds/tags/{tag}"), format!("/v1/users/{}/posts", cat.id)] {
            let page = kith.get(&format!("{path}?limit={}", wanted.len()), &ann.token).await;
            assert_eq!(each(page["items"].as_array().expect("items"), "/post/id"), wanted, "{path}");
            assert_eq!(page["next_cursor"], Value::Null, "{path}");
            let page = kith.get(&format!("{path}?limit={}", wanted.len() - 1), &ann.token).await;
            assert_eq!(page["items"].as_array().map(Vec::len), Some(wanted.len() - 1), "{path}");
            assert!(page["next_cursor"].is_string(), "{path}");
        }
        let page = kith.get(&format!("/v1/posts/{}/comments?limit=5", text(&first["id"])), &ann.token).await;
        assert_eq!((page["items"].as_array().map(Vec::len), &page["next_cursor"]), (Some(5), &Value::Null));
        let thread = kith.get(&format!("/v1/posts/{}/thread?limit=100", text(&first["id"])), &ann.token).await;
        let kinds = each(thread["items"].as_array().expect("items"), "/kind");
        assert_eq!((kinds.iter().filter(|kind| **kind == "hidden").count(), kinds.len()), (40, 45));
    }

    async fn what_is_quoted_of_somebody_who_is_hidden_is_covered(kith: &Kith) {
        let (ann, bob, cat) = (kith.newcomer("ann").await, kith.newcomer("bob").await, kith.newcomer("cat").await);
        let quoted = kith.post(&bob, "bob").await;
        let quote = json!({"text": format!("look, @{}", bob.handle), "quote_of": quoted["id"]});
        let quote = kith.send("POST", "/v1/posts", &cat.token, quote).await.expect(201);
        kith.put(&bob, &format!("/v1/users/{}/block", ann.id)).await;
        let seen = kith.get(&format!("/v1/posts/{}", text(&quote["id"])), &ann.token).await;
        assert_eq!(seen["quoted"], json!({"kind": "hidden", "id": quoted["id"]}));
        assert_eq!(seen["mentions"], json!([]));
        assert_eq!(kith.get(&format!("/v1/posts/{}", text(&quote["id"])), "").await["quoted"]["kind"], "post");
        let mention = kith.post(&ann, &format!("hello @{} and @{}", bob.handle, cat.handle)).await;
        assert_eq!(each(mention["mentions"].as_array().expect("mentions"), "/id"), [cat.id.as_str()]);
        let mention = kith.get(&format!("/v1/posts/{}", text(&mention["id"])), "").await;
        assert_eq!(each(mention["mentions"].as_array().expect("mentions"), "/id"), [cat.id.as_str()]);
    }

    async fn a_mute_ends_when_its_time_is_over(kith: &Kith) {
        let (ann, bob) = (kith.newcomer("ann").await, kith.newcomer("bob").await);
        kith.follow(&ann, &bob).await;
        kith.post(&bob, "bob").await;
        let feed = async || kith.get("/v1/feeds/home", &ann.token).await["items"].as_array().map(Vec::len);
        let mute = format!("/v1/users/{}/mute", bob.id);
        let state = kith.put(&ann, &format!("{mute}?expires_in=3600")).await;
        assert!(state["muted_until"].is_string() && feed().await == Some(0), "{state}");
        let end_after = async |seconds: i64| {
            kith.app.clock.shift(seconds * 1_000_000);
            mutes::look(&kith.app).await;
        };
        end_after(0).await;
        let is_known = kith.app.first_mute_end.is_after(kith.app.clock.now());
        assert_eq!(is_known, kith.app.store.is_embedded(), "nobody looks there before it is time");
        let (cat, dan) = (kith.newcomer("cat").await, kith.newcomer("dan").await);
        kith.put(&cat, &format!("/v1/users/{}/mute?expires_in=7200", dan.id)).await;
        end_after(3_590).await;
        assert_eq!(feed().await, Some(0));
        end_after(20).await;
        assert_eq!(feed().await, Some(1));
        let muted = async || kith.walk("/v1/me/mutes", &cat.token, 10).await.len();
        assert_eq!(muted().await, 1);
        end_after(3_600).await;
        assert_eq!(muted().await, 0, "the next in turn");
        for seconds in ["0", "-1", "soon", "315360001"] {
            kith.send("PUT", &format!("{mute}?expires_in={seconds}"), &ann.token, Value::Null)
                .await
                .expect_problem(400, "invalid_parameter");
        }
        kith.put(&ann, &mute).await;
        end_after(1_000_000_000).await;
        assert_eq!(feed().await, Some(0), "for good");
    }

    async fn what_has_a_muted_word_stays_out_of_feeds(kith: &Kith) {
        let [ann, bob, cat] = [kith.newcomer("ann").await, kith.newcomer("bob").await, kith.newcomer("cat").await];
        kith.follow(&ann, &bob).await;
        kith.follow(&ann, &cat).await;
        let (word, tag) = (format!("spoiler{}", kith.suffix), format!("t{}", kith.suffix));
        let spoiler = kith.post(&bob, &format!("A {} here #{tag}", word.to_uppercase())).await;
        let quote = json!({"text": format!("Look #{tag}"), "quote_of": spoiler["id"]});
        let quote = kith.send("POST", "/v1/posts", &cat.token, quote).await.expect(201);
        kith.put(&cat, &format!("/v1/posts/{}/repost", text(&spoiler["id"]))).await;
        let tagged = kith.post(&cat, &format!("Only #{tag}")).await;
        let plain = kith.post(&bob, &format!("un{word}ed")).await;
        let own = kith.post(&ann, &format!("My {word} #{tag}")).await;
        let seen = async |path: &str| {
            let page = kith.get(path, &ann.token).await;
            let mut ids: Vec<String> = each(page["items"].as_array().expect("items"), "/post/id").into_iter().map(str::to_owned).collect();
            ids.sort();
            ids
        };
        let sorted = |posts: &[&Value]| {
            let mut ids: Vec<String> = posts.iter().map(|post| text(&post["id"])).collect();
            ids.sort();
            ids
        };
        let (home, by_tag) = ("/v1/feeds/home", format!("/v1/feeds/tags/{tag}"));
        let all = sorted(&[&spoiler, &quote, &tagged, &plain, &own]);
        assert_eq!(seen(home).await, all);
        let path = format!("/v1/me/muted-words/{word}");
        for _ in 0..2 {
            assert_eq!(kith.put(&ann, &path).await["words"], json!([word]));
        }
        assert_eq!(seen(home).await, sorted(&[&tagged, &plain, &own]));
        assert_eq!(seen(&by_tag).await, sorted(&[&tagged, &own]));
        // By address, among its author's posts, and for others it is there.
        kith.get(&format!("/v1/posts/{}", text(&spoiler["id"])), &ann.token).await;
        assert_eq!(seen(&format!("/v1/users/{}/posts", bob.id)).await, sorted(&[&spoiler, &plain]));
        let others = kith.get(&by_tag, &bob.token).await;
        assert_eq!(others["items"].as_array().map(Vec::len), Some(4));

        let of_tag = format!("/v1/me/muted-words/%23{}", tag.to_uppercase());
        assert_eq!(kith.put(&ann, &of_tag).await["words"], json!([word, format!("#{tag}")]));
        assert_eq!(kith.get("/v1/me/muted-words", &ann.token).await["words"].as_array().map(Vec::len), Some(2));
        assert_eq!(seen(home).await, sorted(&[&plain, &own]));
        for _ in 0..2 {
            let left = kith.send("DELETE", &of_tag, &ann.token, Value::Null).await.expect(200);
            assert_eq!(left["words"], json!([word]));
        }
        assert_eq!(kith.send("DELETE", &path, &ann.token, Value::Null).await.expect(200)["words"], json!([]));
        assert_eq!(seen(home).await, all);

        for bad in ["%20", "!", "%23", &"x".repeat(101)] {
            let path = format!("/v1/me/muted-words/{bad}");
            kith.send("PUT", &path, &ann.token, Value::Null).await.expect_problem(400, "invalid_parameter");
        }
        kith.send("PUT", &path, "", Value::Null).await.expect_problem(401, "unauthenticated");
        // At once from many programs, and never more than there may be.
        let mutes = (0..210).map(|n| {
            let (path, ann) = (format!("/v1/me/muted-words/w{n}"), &ann);
            async move { kith.send("PUT", &path, &ann.token, Value::Null).await }
        });
        let answers = join_all(mutes).await;
        let (good, full): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 200);
        assert_eq!((good.len(), full.len()), (200, 10));
        for answer in full {
            answer.expect_problem(422, "too_many_muted_words");
        }
        assert_eq!(kith.get("/v1/me/muted-words", &ann.token).await["words"].as_array().map(Vec::len), Some(200));
    }
}
