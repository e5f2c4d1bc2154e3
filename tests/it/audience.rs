//! Posts that are not for everybody: every read of the document, by whom a post is for and how near the reader is to its
//! author.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{Answer, Kith, On, Person, each, on_both_stores, text};

const VISIBILITIES: [&str; 5] = ["public", "followers", "mutuals", "circle", "mentioned"];

/// Who reads, and what they may see beside what is public.
const READERS: [(&str, &[&str]); 8] = [
    ("nobody", &[]),
    ("stranger", &[]),
    ("follower", &["followers"]),
    ("mutual", &["followers", "mutuals", "circle"]),
    ("followed", &["circle"]),
    ("two_away", &["circle"]),
    ("mentioned", &["followers", "mutuals", "circle", "mentioned"]),
    ("author", &["followers", "mutuals", "circle", "mentioned"]),
];

/// Reads of what is there for everybody alone.
const FOR_EVERYBODY: [&str; 3] = ["get_public_feed", "get_tag_feed", "get_trending_feed"];
/// Reads that end with somebody's own.
const SKIPPED: [&str; 2] = ["stream_home_feed", "get_keys"];

fn may_see(reader: &str, visibility: &str) -> bool {
    visibility == "public" || READERS.iter().any(|(name, sees)| *name == reader && sees.contains(&visibility))
}

/// A post with a word that stands nowhere else, and a comment on it with another.
struct Said {
    visibility: &'static str,
    post: Value,
    comment: Value,
    words: [String; 2],
}

struct World {
    people: Vec<(&'static str, Person)>,
    said: Vec<Said>,
    tag: String,
}

async fn say(kith: &Kith, author: &Person, text: &str, visibility: &str) -> Answer {
    kith.send("POST", "/v1/posts", &author.token, json!({"text": text, "visibility": visibility})).await
}

impl World {
    async fn new(kith: &Kith) -> Self {
        let mut people = Vec::new();
        for (name, _) in &READERS[1..] {
            people.push((*name, kith.newcomer(name).await));
        }
        let mut world = Self { people, said: Vec::new(), tag: format!("t{}", kith.suffix) };
        let between = kith.newcomer("between").await;
        let author = world.person("author");
        for (who, whom) in [
            (world.person("follower"), author),
            (world.person("mutual"), author),
            (author, world.person("mutual")),
            (author, world.person("followed")),
            (author, &between),
            (&between, world.person("two_away")),
        ] {
            kith.follow(who, whom).await;
        }
        for visibility in VISIBILITIES {
            let words = ["post", "comment"].map(|what| format!("{what}{visibility}{}", kith.suffix));
            let mentioned = &world.person("mentioned").handle;
            let said = format!("{} #{} for @{mentioned}", words[0], world.tag);
            let post = say(kith, world.person("author"), &said, visibility).await.expect(201);
            assert_eq!(post["visibility"], visibility);
            let comment = kith.comment(world.person("mentioned"), &post, None, &words[1]).await;
            // So that it stands in lists of what somebody likes.
            for path in ["like", "bookmark"] {
                kith.put(world.person("mentioned"), &format!("/v1/posts/{}/{path}", text(&post["id"]))).await;
            }
            world.said.push(Said { visibility, post, comment, words });
        }
        world
    }

    fn person(&self, name: &str) -> &Person {
        &self.people.iter().find(|(other, _)| *other == name).expect("a person").1
    }

    fn token(&self, name: &str) -> &str {
        if name == "nobody" { "" } else { &self.person(name).token }
    }

    /// The paths of a read, for each of the things that it can be asked about.
    fn paths(&self, path: &str) -> Vec<String> {
        let ids = |of: fn(&Said) -> &Value| self.said.iter().map(move |said| text(&of(said)["id"]));
        let things: Vec<String> = match path {
            path if path.contains("/posts/{id}") => ids(|said| &said.post).collect(),
            path if path.contains("/comments/{id}") => ids(|said| &said.comment).collect(),
            path if path.contains("{user}") => {
                ["author", "mentioned", "follower"].map(|name| self.person(name).id.clone()).to_vec()
            }
            path if path.contains("{tag}") => vec![self.tag.clone()],
            path if path.ends_with("/users") || path.ends_with("/relationships") => {
                return vec![format!("{path}?ids={}", self.person("author").id)];
            }
            _ => return vec![path.to_owned()],
        };
        let fill = |thing: String| {
            let filled: Vec<&str> =
                path.split('/').map(|part| if part.starts_with('{') { &thing } else { part }).collect();
            filled.join("/")
        };
        things.into_iter().map(fill).collect()
    }

    /// Every read of the document tells each reader what they may see and nothing else.
    async fn check(&self, kith: &Kith) {
        let document = kith.get("/openapi.json", "").await;
        let reads =
            document["paths"].as_object().expect("paths").iter().filter(|(path, _)| path.starts_with("/v1/"));
        let (mut wrong, mut seen) = (Vec::new(), BTreeSet::new());
        for (path, item) in reads.filter(|(_, item)| item["get"].is_object()) {
            let operation = item["get"]["operationId"].as_str().expect("a name");
            if SKIPPED.contains(&operation) {
                continue;
            }
            let parameters = item["get"]["parameters"].as_array().cloned().unwrap_or_default();
            let limit = if parameters.iter().any(|parameter| parameter["name"] == "limit") {
                "?limit=100"
            } else {
                ""
            };
            for path in self.paths(path) {
                for (reader, _) in READERS {
                    let answer =
                        kith.send("GET", &format!("{path}{limit}"), self.token(reader), Value::Null).await;
                    for said in &self.said {
                        let has =
                            answer.text.contains(&said.words[0]) || answer.text.contains(&said.words[1]);
                        let may = may_see(reader, said.visibility)
                            && (said.visibility == "public" || !FOR_EVERYBODY.contains(&operation));
                        if has {
                            seen.insert((operation.to_owned(), reader, said.visibility));
                        }
                        let is_about =
                            [&said.post, &said.comment].iter().any(|it| path.contains(&text(&it["id"])));
                        if has && !may || is_about && (answer.status == 404) == may {
                            wrong.push(format!(
                                "{operation} {path} for {reader}, {}: {}",
                                said.visibility, answer.status
                            ));
                        }
                    }
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
        // And they do see it.
        for operation in [
            "get_post",
            "get_post_thread",
            "list_comments",
            "get_comment",
            "get_comment_thread",
            "list_user_posts",
            "list_user_likes",
        ] {
            for (reader, _) in READERS {
                for visibility in VISIBILITIES.iter().filter(|visibility| may_see(reader, visibility)) {
                    let one = (operation.to_owned(), reader, *visibility);
                    assert!(seen.contains(&one), "{one:?}");
                }
            }
        }
        for (reader, sees) in [
            ("follower", vec!["followers"]),
            ("mutual", vec!["followers", "mutuals", "circle"]),
            ("author", VISIBILITIES.to_vec()),
        ] {
            for visibility in sees {
                let one = ("get_home_feed".to_owned(), reader, visibility);
                assert!(seen.contains(&one), "{one:?}");
            }
        }
    }
}

on_both_stores! {
    async fn a_post_is_shown_to_those_whom_it_is_for_by_every_read(kith: &Kith) {
        let world = World::new(kith).await;
        world.check(kith).await;
        // Of what is kept as well.
        world.check(kith).await;
    }

    async fn nobody_can_do_to_a_post_what_they_may_not_see(kith: &Kith) {
        let world = World::new(kith).await;
        for said in &world.said {
            let (post, comment) = (text(&said.post["id"]), text(&said.comment["id"]));
            let acts = [
                ("PUT", format!("/v1/posts/{post}/like"), Value::Null),
                ("PUT", format!("/v1/posts/{post}/bookmark"), Value::Null),
                ("PUT", format!("/v1/posts/{post}/repost"), Value::Null),
                ("POST", "/v1/posts".to_owned(), json!({"text": "quoting", "quote_of": post})),
                ("POST", format!("/v1/posts/{post}/comments"), json!({"text": "answering"})),
                ("POST", format!("/v1/posts/{post}/comments"), json!({"text": "replying", "parent_id": comment})),
                ("PUT", format!("/v1/comments/{comment}/like"), Value::Null),
                ("POST", "/v1/reports".to_owned(), json!({"target": "post", "id": post, "reason": "spam"})),
                ("POST", "/v1/reports".to_owned(), json!({"target": "comment", "id": comment, "reason": "spam"})),
            ];
            for (reader, _) in &READERS[1..] {
                for (method, path, body) in &acts {
                    let answer = kith.send(method, path, world.token(reader), body.clone()).await;
                    let shares = path.ends_with("/repost") || path == "/v1/posts";
                    let what = format!("{reader} {path} {}: {}", said.visibility, answer.text);
                    if !may_see(reader, said.visibility) {
                        assert_eq!(answer.status, 404, "{what}");
                    } else if path == "/v1/reports" && (body["target"] == "post" && *reader == "author" || body["target"] == "comment" && *reader == "mentioned") {
                        assert_eq!((answer.status, &answer.json()["code"]), (422, &json!("self_report")), "{what}");
                    } else if shares && said.visibility != "public" {
                        assert_eq!((answer.status, &answer.json()["code"]), (403, &json!("not_public")), "{what}");
                    } else {
                        assert!([200, 201].contains(&answer.status), "{what}");
                    }
                }
            }
        }
        say(kith, world.person("author"), "x", "secret").await.expect_problem(422, "validation_failed");
    }

    async fn what_somebody_may_see_changes_at_once(kith: &Kith) {
        let [ann, bob, cat] = [kith.newcomer("ann").await, kith.newcomer("bob").await, kith.newcomer("cat").await];
        let mut ids = Vec::new();
        for visibility in &VISIBILITIES[1..] {
            ids.push(text(&say(kith, &bob, visibility, visibility).await.expect(201)["id"]));
        }
        let seen = async || {
            let page = kith.get(&format!("/v1/users/{}/posts", bob.id), &ann.token).await;
            let items = page["items"].as_array().expect("items");
            let mut by_feed: Vec<String> = each(items, "/post/text").into_iter().map(str::to_owned).collect();
            by_feed.sort();
            let mut by_id = Vec::new();
            for id in &ids {
                let answer = kith.send("GET", &format!("/v1/posts/{id}"), &ann.token, Value::Null).await;
                if answer.status == 200 {
                    by_id.push(text(&answer.json()["text"]));
                } else {
                    answer.expect_problem(404, "post_not_found");
                }
            }
            by_id.sort();
            assert_eq!(by_feed, by_id);
            by_id
        };
        assert!(seen().await.is_empty());
        kith.follow(&ann, &bob).await;
        assert_eq!(seen().await, ["followers"]);
        // Through somebody between them, and once that ends, not any more.
        kith.follow(&bob, &cat).await;
        assert_eq!(seen().await, ["followers"]);
        kith.follow(&cat, &ann).await;
        assert_eq!(seen().await, ["circle", "followers"]);
        kith.send("DELETE", &format!("/v1/users/{}/follow", ann.id), &cat.token, Value::Null).await.expect(200);
        assert_eq!(seen().await, ["followers"]);
        kith.follow(&bob, &ann).await;
        assert_eq!(seen().await, ["circle", "followers", "mutuals"]);
        kith.send("DELETE", &format!("/v1/users/{}/follow", bob.id), &ann.token, Value::Null).await.expect(200);
        assert_eq!(seen().await, ["circle"]);
        kith.put(&bob, &format!("/v1/users/{}/mute", ann.id)).await;
        assert_eq!(seen().await, ["circle"], "whom one mutes may still see");

        // To mention somebody lets them in, and to mention them no longer shuts them out.
        let edit = async |text: &str| {
            let path = format!("/v1/posts/{}", ids[3]);
            kith.send("PATCH", &path, &bob.token, json!({"text": text})).await.expect(200);
        };
        let greeting = format!("hi @{}", ann.handle);
        edit(&greeting).await;
        assert_eq!(seen().await, ["circle".to_owned(), greeting]);
        edit("mentioned").await;
        assert_eq!(seen().await, ["circle"]);

        // Of a deleted one nobody is told that it was there, and its comments go with it.
        let comment = kith.comment(&bob, &json!({"id": ids[2]}), None, "answer").await;
        let comment = format!("/v1/comments/{}", text(&comment["id"]));
        kith.get(&comment, &ann.token).await;
        let path = format!("/v1/posts/{}", ids[2]);
        kith.send("DELETE", &path, &bob.token, Value::Null).await.expect(204);
        for token in [&ann.token, &bob.token] {
            kith.send("GET", &path, token, Value::Null).await.expect_problem(404, "post_not_found");
            kith.send("GET", &comment, token, Value::Null).await.expect_problem(404, "comment_not_found");
        }
    }

    async fn a_page_is_full_however_much_of_a_feed_is_for_others(kith: &Kith) {
        let (ann, bob) = (kith.newcomer("ann").await, kith.newcomer("bob").await);
        kith.follow(&ann, &bob).await;
        let mut wanted = Vec::new();
        for number in 0..60 {
            let visibility = if number % 12 == 0 { "followers" } else { "mutuals" };
            let post = say(kith, &bob, &format!("post {number}"), visibility).await.expect(201);
            if visibility == "followers" {
                wanted.push(text(&post["id"]));
            }
        }
        wanted.reverse();
        for path in ["/v1/feeds/home".to_owned(), format!("/v1/users/{}/posts", bob.id)] {
            for _ in 0..2 {
                let page = kith.get(&format!("{path}?limit=5"), &ann.token).await;
                assert_eq!(each(page["items"].as_array().expect("items"), "/post/id"), wanted, "{path}");
                assert_eq!(page["next_cursor"], Value::Null, "{path}");
                let walked = kith.walk(&path, &ann.token, 2).await;
                assert_eq!(each(&walked, "/post/id"), wanted, "{path}");
            }
        }
    }

    async fn a_locked_account_is_followed_with_consent(kith: &Kith) {
        let [ann, bob, cat] = [kith.newcomer("ann").await, kith.newcomer("bob").await, kith.newcomer("cat").await];
        let lock = async |locked: bool| {
            let me = kith.send("PATCH", "/v1/me", &bob.token, json!({"locked": locked})).await.expect(200);
            assert_eq!(me["locked"], locked);
        };
        kith.follow(&cat, &bob).await;
        lock(true).await;
        assert_eq!(kith.get(&format!("/v1/users/{}", bob.id), "").await["locked"], true);
        let unsaid = kith.post(&bob, "hello").await;
        assert_eq!(unsaid["visibility"], "followers");
        assert_eq!(say(kith, &bob, "hello", "public").await.expect(201)["visibility"], "public");
        let path = format!("/v1/users/{}/follow", bob.id);
        let state = kith.put(&cat, &path).await;
        assert_eq!((&state["following"], &state["requested"]), (&json!(true), &json!(false)), "who follows already goes on");

        let requests = async |who: &Person, path: &str| {
            let page = kith.get(path, &who.token).await;
            each(page["items"].as_array().expect("items"), "/id").into_iter().map(str::to_owned).collect::<Vec<_>>()
        };
        let read = async || kith.send("GET", &format!("/v1/posts/{}", text(&unsaid["id"])), &ann.token, Value::Null).await.status;
        for _ in 0..2 {
            let state = kith.put(&ann, &path).await;
            assert_eq!((&state["following"], &state["requested"]), (&json!(false), &json!(true)));
        }
        assert_eq!(read().await, 404);
        assert_eq!(requests(&bob, "/v1/me/follow-requests").await, [ann.id.as_str()]);
        assert_eq!(requests(&ann, "/v1/me/sent-follow-requests").await, [bob.id.as_str()]);
        let profile = kith.get(&format!("/v1/users/{}", ann.id), &bob.token).await;
        assert_eq!(profile["viewer"]["requested_by"], true);
        let answer = format!("/v1/me/follow-requests/{}", ann.id);
        for _ in 0..2 {
            let state = kith.send("DELETE", &answer, &bob.token, Value::Null).await.expect(200);
            assert_eq!((&state["requested_by"], &state["followed_by"]), (&json!(false), &json!(false)));
        }
        kith.send("PUT", &answer, &bob.token, Value::Null).await.expect_problem(404, "not_found");
        assert!(requests(&bob, "/v1/me/follow-requests").await.is_empty());
        // Taken back by her who asked.
        kith.put(&ann, &path).await;
        let state = kith.send("DELETE", &path, &ann.token, Value::Null).await.expect(200);
        assert_eq!(state["requested"], false);
        assert!(requests(&bob, "/v1/me/follow-requests").await.is_empty());
        // Ended by a block, and not brought back by its end.
        kith.put(&ann, &path).await;
        let block = format!("/v1/users/{}/block", ann.id);
        kith.put(&bob, &block).await;
        kith.send("DELETE", &block, &bob.token, Value::Null).await.expect(200);
        assert!(requests(&bob, "/v1/me/follow-requests").await.is_empty());

        kith.put(&ann, &path).await;
        for _ in 0..2 {
            let state = kith.put(&bob, &answer).await;
            assert_eq!((&state["requested_by"], &state["followed_by"]), (&json!(false), &json!(true)));
        }
        assert_eq!(read().await, 200);
        let feed = kith.get("/v1/feeds/home", &ann.token).await;
        assert_eq!(feed["items"].as_array().map(Vec::len), Some(2));
        kith.send("PUT", &answer, &ann.token, Value::Null).await.expect_problem(404, "not_found");
        kith.send("PUT", &answer, "", Value::Null).await.expect_problem(401, "unauthenticated");
        kith.send("PUT", "/v1/me/follow-requests/@nobody_at_all", &bob.token, Value::Null).await.expect_problem(404, "user_not_found");

        // Unlocked, all who have asked follow.
        let dan = kith.newcomer("dan").await;
        kith.put(&dan, &path).await;
        lock(false).await;
        assert!(requests(&bob, "/v1/me/follow-requests").await.is_empty());
        let followers = kith.get(&format!("/v1/users/{}/followers", bob.id), "").await;
        let mut followers = each(followers["items"].as_array().expect("items"), "/id");
        let mut wanted = [&ann.id, &cat.id, &dan.id].map(String::as_str);
        followers.sort_unstable();
        wanted.sort_unstable();
        assert_eq!(followers, wanted);
        assert_eq!(kith.post(&bob, "for all").await["visibility"], "public");
    }

    async fn an_author_says_who_can_comment(kith: &Kith) {
        let world = World::new(kith).await;
        let author = world.person("author");
        let answer = async |who: &str, post: &Value, parent: Option<&Value>| {
            let body = json!({"text": "answer", "parent_id": parent.map(|parent| &parent["id"])});
            kith.send("POST", &format!("/v1/posts/{}/comments", text(&post["id"])), world.token(who), body).await
        };
        for replies in VISIBILITIES {
            let body = json!({"text": format!("for @{}", world.person("mentioned").handle), "replies": replies});
            let post = kith.send("POST", "/v1/posts", &author.token, body).await.expect(201);
            assert_eq!((&post["visibility"], &post["replies"]), (&json!("public"), &json!(replies)));
            let comment = answer("author", &post, None).await.expect(201);
            for (reader, _) in &READERS[1..] {
                for parent in [None, Some(&comment)] {
                    let answer = answer(reader, &post, parent).await;
                    if may_see(reader, replies) {
                        answer.expect(201);
                    } else {
                        answer.expect_problem(403, "replies_limited");
                    }
                }
            }
        }
        // It can be changed, and is no edit of the text.
        let post = kith.post(author, "open").await;
        let path = format!("/v1/posts/{}", text(&post["id"]));
        answer("stranger", &post, None).await.expect(201);
        let closed = kith.send("PATCH", &path, &author.token, json!({"replies": "mentioned"})).await.expect(200);
        assert_eq!((&closed["replies"], &closed["edited_at"], &closed["text"]), (&json!("mentioned"), &Value::Null, &json!("open")));
        assert_eq!(closed["counts"]["comments"], 1);
        answer("stranger", &post, None).await.expect_problem(403, "replies_limited");
        assert_eq!(kith.get(&path, "").await["replies"], "mentioned");
        let both = json!({"replies": "public", "text": "open again"});
        let open = kith.send("PATCH", &path, &author.token, both).await.expect(200);
        assert_eq!((&open["replies"], &open["text"]), (&json!("public"), &json!("open again")));
        answer("stranger", &post, None).await.expect(201);
        kith.send("PATCH", &path, world.token("stranger"), json!({"replies": "mentioned"})).await.expect_problem(403, "forbidden");
        kith.send("PATCH", &path, &author.token, json!({"replies": "enemies"})).await.expect_problem(422, "validation_failed");
    }
}
