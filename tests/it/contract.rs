//! The API as `docs` promise it, on both stores with the same assertions: one walk through each slice.

use serde_json::{Value, json};

use crate::support::{Kith, On, each, on_both_stores, text};

/// The ids of all that trends behind a cursor.
async fn rest_of(kith: &Kith, cursor: &str) -> Vec<String> {
    let (mut ids, mut cursor) = (Vec::new(), Some(cursor.to_owned()));
    while let Some(from) = cursor {
        let page = kith.get(&format!("/v1/feeds/trending?limit=100&cursor={from}"), "").await;
        ids.extend(each(page["items"].as_array().expect("items"), "/post/id").into_iter().map(str::to_owned));
        cursor = page["next_cursor"].as_str().map(str::to_owned);
    }
    ids
}

on_both_stores! {
    async fn an_account_lives_and_dies(kith: &Kith) {
        let ann = kith.person("ann").await;
        let me = kith.get("/v1/me", &ann.token).await;
        assert_eq!((&me["id"], &me["name"], &me["bio"]), (&json!(ann.id), &json!("ann"), &Value::Null));
        assert_eq!(me["counts"], json!({"posts": 0, "followers": 0, "following": 0}));
        assert_eq!(kith.get(&format!("/v1/users/@{}", ann.handle), "").await["viewer"], Value::Null);

        let changed = json!({"name": "Ann B.", "bio": "Hi", "avatar_url": "https://example.com/a.png"});
        let me = kith.send("PATCH", "/v1/me", &ann.token, changed).await.expect(200);
        assert_eq!((&me["name"], &me["bio"]), (&json!("Ann B."), &json!("Hi")));
        let me = kith.send("PATCH", "/v1/me", &ann.token, json!({"bio": null})).await.expect(200);
        assert_eq!((&me["name"], &me["bio"]), (&json!("Ann B."), &Value::Null));

        let taken = json!({"handle": ann.handle.to_uppercase(), "name": "x", "password": "correct horse"});
        kith.send("POST", "/v1/users", "", taken).await.expect_problem(409, "handle_taken");

        kith.send("DELETE", "/v1/me", &ann.token, Value::Null).await.expect(204);
        kith.send("GET", "/v1/me", &ann.token, Value::Null).await.expect_problem(401, "invalid_token");
        kith.send("GET", &format!("/v1/users/{}", ann.id), "", Value::Null).await.expect_problem(404, "user_not_found");
        let session = json!({"handle": ann.handle, "password": "correct horse"});
        kith.send("POST", "/v1/sessions", "", session).await.expect_problem(401, "invalid_credentials");
    }

    async fn a_session_rotates_and_ends(kith: &Kith) {
        let ann = kith.person("ann").await;
        let login = json!({"handle": ann.handle, "password": "correct horse"});
        let first = kith.send("POST", "/v1/sessions", "", login).await.expect(200);
        let refresh = |tokens: &Value| json!({"refresh_token": tokens["refresh_token"]});
        let second = kith.send("POST", "/v1/sessions/refresh", "", refresh(&first)).await.expect(200);
        kith.get("/v1/me", &text(&second["access_token"])).await;
        // Used a second time: the session ends, for both who hold its tokens.
        kith.send("POST", "/v1/sessions/refresh", "", refresh(&first)).await.expect_problem(401, "invalid_credentials");
        kith.send("POST", "/v1/sessions/refresh", "", refresh(&second)).await.expect_problem(401, "invalid_credentials");
        kith.send("GET", "/v1/me", &text(&second["access_token"]), Value::Null).await.expect_problem(401, "invalid_token");

        kith.send("DELETE", "/v1/sessions/current", &ann.token, Value::Null).await.expect(204);
        kith.send("GET", "/v1/me", &ann.token, Value::Null).await.expect_problem(401, "invalid_token");
        let wrong = json!({"handle": ann.handle, "password": "wrong horse."});
        kith.send("POST", "/v1/sessions", "", wrong).await.expect_problem(401, "invalid_credentials");
    }

    async fn follows_make_lists_and_relationships(kith: &Kith) {
        let (ann, bob, cat) = (kith.person("ann").await, kith.person("bob").await, kith.person("cat").await);
        for _ in 0..2 {
            let state = kith.put(&ann, &format!("/v1/users/@{}/follow", bob.handle)).await;
            assert_eq!(state, json!({"following": true, "followed_by": false, "requested": false, "requested_by": false, "blocking": false, "muting": false, "muted_until": null}));
        }
        kith.follow(&ann, &cat).await;
        kith.follow(&cat, &bob).await;
        kith.send("PUT", &format!("/v1/users/{}/follow", ann.id), &ann.token, Value::Null).await.expect_problem(422, "self_follow");
        let following = kith.walk(&format!("/v1/users/{}/following", ann.id), "", 1).await;
        assert_eq!(each(&following, "/id"), [cat.id.as_str(), &bob.id]);
        let followers = kith.walk(&format!("/v1/users/{}/followers", bob.id), "", 1).await;
        assert_eq!(each(&followers, "/id"), [cat.id.as_str(), &ann.id]);
        let profile = kith.get(&format!("/v1/users/{}", bob.id), &ann.token).await;
        assert_eq!(profile["counts"], json!({"posts": 0, "followers": 2, "following": 0}));
        assert_eq!(profile["viewer"]["following"], json!(true));

        let mutuals = kith.walk(&format!("/v1/users/{}/mutuals", bob.id), &ann.token, 1).await;
        assert_eq!(each(&mutuals, "/id"), [cat.id.as_str()]);
        let nobody = kith::clock::new_id();
        let ids = format!("/v1/relationships?ids={},{},{nobody}", bob.id, cat.id);
        let relationships = kith.get(&ids, &cat.token).await;
        assert_eq!(relationships.as_array().unwrap().len(), 2);
        assert_eq!((&relationships[0]["following"], &relationships[1]["following"]), (&json!(true), &json!(false)));
        let users = kith.get(&format!("/v1/users?ids={},{}", cat.id, ann.id), "").await;
        assert_eq!(each(users.as_array().unwrap(), "/id"), [cat.id.as_str(), &ann.id]);

        let path = kith.get(&format!("/v1/users/{}/path", cat.id), &ann.token).await;
        assert_eq!((&path["length"], path["paths"][0].as_array().unwrap().len()), (&json!(1), 2));
        assert_eq!(kith.get(&format!("/v1/users/{}/path", ann.id), &bob.token).await["length"], Value::Null);
        assert_eq!(kith.get(&format!("/v1/users/{}/path", ann.id), &ann.token).await["length"], json!(0));

        let dan = kith.person("dan").await;
        kith.follow(&bob, &dan).await;
        kith.follow(&cat, &dan).await;
        let suggestions = kith.get("/v1/me/suggestions", &ann.token).await;
        assert_eq!(each(suggestions["items"].as_array().unwrap(), "/user/id"), [dan.id.as_str()]);
        assert_eq!(suggestions["items"][0]["followed_by_count"], json!(2));
        assert_eq!(suggestions["items"][0]["followed_by"].as_array().unwrap().len(), 2);

        for _ in 0..2 {
            let state = kith.send("DELETE", &format!("/v1/users/{}/follow", bob.id), &ann.token, Value::Null).await.expect(200);
            assert_eq!(state["following"], json!(false));
        }
        assert_eq!(kith.get(&format!("/v1/users/{}", bob.id), "").await["counts"]["followers"], json!(1));
    }

    async fn a_post_is_written_quoted_edited_and_deleted(kith: &Kith) {
        let (ann, bob) = (kith.person("ann").await, kith.person("bob").await);
        let tag = format!("tag{}", kith.suffix);
        let post = kith.post(&ann, &format!("Hello #{tag} and #日本, @{} @nobody_at_all", bob.handle)).await;
        assert_eq!(post["tags"], json!([tag, "日本"]));
        assert_eq!(each(post["mentions"].as_array().unwrap(), "/id"), [bob.id.as_str()]);
        assert_eq!(post["counts"], json!({"comments": 0, "likes": 0, "reposts": 0, "quotes": 0}));
        assert_eq!(post["viewer"], json!({"liked": false, "reposted": false, "bookmarked": false}));
        assert_eq!((&post["visibility"], &post["edited_at"], &post["quoted"]), (&json!("public"), &Value::Null, &Value::Null));
        let path = format!("/v1/posts/{}", text(&post["id"]));

        let quote = json!({"text": "See", "quote_of": post["id"]});
        let quote = kith.send("POST", "/v1/posts", &bob.token, quote).await.expect(201);
        assert_eq!((&quote["quoted"]["kind"], &quote["quoted"]["text"]), (&json!("post"), &post["text"]));
        let of_quote = json!({"text": "Of a quote", "quote_of": quote["id"]});
        let of_quote = kith.send("POST", "/v1/posts", &bob.token, of_quote).await.expect(201);
        assert_eq!(of_quote["quoted"]["quoted"], Value::Null);
        assert_eq!(each(&kith.walk(&format!("{path}/quotes"), "", 5).await, "/id"), [text(&quote["id"])]);
        assert_eq!(kith.get(&path, "").await["counts"]["quotes"], json!(1));
        let missing = json!({"text": "See", "quote_of": "a".repeat(24)});
        kith.send("POST", "/v1/posts", &bob.token, missing).await.expect_problem(404, "post_not_found");

        kith.send("PATCH", &path, &bob.token, json!({"text": "Mine"})).await.expect_problem(403, "forbidden");
        let answer = kith.send("GET", &path, "", Value::Null).await;
        let stale = answer.header("etag").to_owned();
        let edited = kith.send_with("PATCH", &path, &ann.token, json!({"text": "Bye #other"}), &[("if-match", &stale)]).await.expect(200);
        assert_eq!((&edited["text"], &edited["tags"], &edited["mentions"]), (&json!("Bye #other"), &json!(["other"]), &json!([])));
        assert!(edited["edited_at"].is_string());
        let again = kith.send_with("PATCH", &path, &ann.token, json!({"text": "Again"}), &[("if-match", &stale)]).await;
        again.expect_problem(412, "precondition_failed");
        assert_eq!(kith.get(&format!("/v1/feeds/tags/{tag}"), "").await["items"], json!([]));

        kith.send("DELETE", &path, &bob.token, Value::Null).await.expect_problem(403, "forbidden");
        kith.send("DELETE", &path, &ann.token, Value::Null).await.expect(204);
        kith.send("DELETE", &path, &ann.token, Value::Null).await.expect_problem(410, "post_deleted");
        kith.send("GET", &path, "", Value::Null).await.expect_problem(410, "post_deleted");
        let quote = kith.get(&format!("/v1/posts/{}", text(&quote["id"])), "").await;
        assert_eq!(quote["quoted"], json!({"kind": "deleted", "id": post["id"]}));
        kith.send("GET", &format!("/v1/posts/{}", "z".repeat(24)), "", Value::Null).await.expect_problem(404, "post_not_found");
        assert_eq!(kith.get("/v1/me", &ann.token).await["counts"]["posts"], json!(0));
    }

    async fn reactions_toggle_and_are_listed(kith: &Kith) {
        let (ann, bob) = (kith.person("ann").await, kith.person("bob").await);
        let post = kith.post(&ann, "Like me").await;
        let path = format!("/v1/posts/{}", text(&post["id"]));
        for name in ["like", "repost", "bookmark"] {
            for _ in 0..2 {
                kith.put(&bob, &format!("{path}/{name}")).await;
            }
        }
        let seen = kith.get(&path, &bob.token).await;
        assert_eq!(seen["viewer"], json!({"liked": true, "reposted": true, "bookmarked": true}));
        assert_eq!(seen["counts"], json!({"comments": 0, "likes": 1, "reposts": 1, "quotes": 0}));
        for list in [format!("{path}/likes"), format!("{path}/reposts")] {
            assert_eq!(each(&kith.walk(&list, "", 1).await, "/id"), [bob.id.as_str()]);
        }
        for list in ["/v1/me/bookmarks".to_owned(), format!("/v1/users/{}/likes", bob.id)] {
            assert_eq!(each(&kith.walk(&list, &bob.token, 1).await, "/id"), [text(&post["id"])]);
        }
        for name in ["like", "repost", "bookmark"] {
            for _ in 0..2 {
                kith.send("DELETE", &format!("{path}/{name}"), &bob.token, Value::Null).await.expect(200);
            }
        }
        let seen = kith.get(&path, &bob.token).await;
        assert_eq!(seen["viewer"], json!({"liked": false, "reposted": false, "bookmarked": false}));
        assert_eq!(seen["counts"]["likes"], json!(0));
        kith.send("DELETE", &path, &ann.token, Value::Null).await.expect(204);
        for name in ["like", "repost", "bookmark"] {
            kith.send("PUT", &format!("{path}/{name}"), &bob.token, Value::Null).await.expect_problem(410, "post_deleted");
        }
        kith.send("PUT", &format!("/v1/posts/{}/like", "z".repeat(24)), &bob.token, Value::Null).await.expect_problem(404, "post_not_found");
    }

    async fn comments_nest_and_leave_their_place(kith: &Kith) {
        let (ann, bob) = (kith.person("ann").await, kith.person("bob").await);
        let (post, other) = (kith.post(&ann, "Discuss").await, kith.post(&ann, "Elsewhere").await);
        let one = kith.comment(&bob, &post, None, "one").await;
        let two = kith.comment(&ann, &post, Some(&one), "two").await;
        let three = kith.comment(&bob, &post, Some(&two), "three").await;
        assert_eq!((&one["depth"], &one["parent_id"], &three["depth"], &three["parent_id"]), (&json!(1), &Value::Null, &json!(3), &two["id"]));
        assert_eq!(kith.get(&format!("/v1/posts/{}", text(&post["id"])), "").await["counts"]["comments"], json!(3));
        let stray = json!({"text": "stray", "parent_id": one["id"]});
        let path = format!("/v1/posts/{}/comments", text(&other["id"]));
        kith.send("POST", &path, &bob.token, stray).await.expect_problem(422, "parent_not_in_thread");

        let path = |comment: &Value| format!("/v1/comments/{}", text(&comment["id"]));
        kith.send("PATCH", &path(&two), &bob.token, json!({"text": "no"})).await.expect_problem(403, "forbidden");
        let edited = kith.send("PATCH", &path(&two), &ann.token, json!({"text": "two!"})).await.expect(200);
        assert_eq!(edited["text"], json!("two!"));
        assert_eq!(kith.put(&bob, &format!("{}/like", path(&two))).await, json!({"liked": true}));
        let liked = kith.get(&path(&two), &bob.token).await;
        assert_eq!((&liked["counts"], &liked["viewer"]), (&json!({"replies": 1, "likes": 1}), &json!({"liked": true})));

        kith.send("DELETE", &path(&two), &bob.token, Value::Null).await.expect_problem(403, "forbidden");
        kith.send("DELETE", &path(&two), &ann.token, Value::Null).await.expect(204);
        let empty = kith.get(&path(&two), "").await;
        assert_eq!((&empty["deleted"], &empty["author"], &empty["text"]), (&json!(true), &Value::Null, &json!("")));
        kith.send("DELETE", &path(&two), &ann.token, Value::Null).await.expect_problem(404, "comment_not_found");
        kith.send("PUT", &format!("{}/like", path(&two)), &bob.token, Value::Null).await.expect_problem(404, "comment_not_found");
        assert_eq!(kith.get(&format!("/v1/posts/{}", text(&post["id"])), "").await["counts"]["comments"], json!(2));
        assert_eq!(each(&kith.walk(&format!("{}/replies", path(&one)), "", 1).await, "/id"), [text(&two["id"])]);
        // The last reply takes the empty place along.
        kith.send("DELETE", &path(&three), &bob.token, Value::Null).await.expect(204);
        kith.send("GET", &path(&two), "", Value::Null).await.expect_problem(404, "comment_not_found");
        assert_eq!(kith.get(&path(&one), "").await["counts"]["replies"], json!(0));
        let comments = kith.walk(&format!("/v1/posts/{}/comments", text(&post["id"])), "", 1).await;
        assert_eq!(each(&comments, "/id"), [text(&one["id"])]);
    }

    async fn a_thread_is_flat_and_every_cut_resumes(kith: &Kith) {
        let (ann, bob) = (kith.person("ann").await, kith.person("bob").await);
        let post = kith.post(&ann, "Discuss").await;
        let mut tops = Vec::new();
        for name in ["a", "b", "c"] {
            tops.push(kith.comment(&bob, &post, None, name).await);
        }
        let mut replies = Vec::new();
        for name in ["b1", "b2", "b3"] {
            replies.push(kith.comment(&ann, &post, Some(&tops[1]), name).await);
        }
        let deep = kith.comment(&bob, &post, Some(&replies[0]), "b1x").await;
        kith.put(&ann, &format!("/v1/comments/{}/like", text(&tops[2]["id"]))).await;
        let thread = format!("/v1/posts/{}/thread", text(&post["id"]));
        let texts = |thread: &Value| -> Vec<String> {
            thread["items"].as_array().unwrap().iter().map(|item| text(&item["comment"]["text"])).collect()
        };
        let all = kith.get(&format!("{thread}?sort=old"), &ann.token).await;
        assert_eq!(texts(&all), ["a", "b", "b1", "b1x", "b2", "b3", "c"]);
        assert_eq!(all["next_cursor"], Value::Null);
        assert_eq!(all["post"]["kind"], json!("post"));
        assert_eq!(texts(&kith.get(&format!("{thread}?sort=new"), "").await), ["c", "b", "b3", "b2", "b1", "b1x", "a"]);
        assert_eq!(texts(&kith.get(&thread, "").await), ["c", "a", "b", "b1", "b1x", "b2", "b3"]);

        let cut = kith.get(&format!("{thread}?sort=old&replies=2&limit=2&depth=2"), "").await;
        assert_eq!(texts(&cut), ["a", "b", "b1", "b2"]);
        let b = &cut["items"][1]["replies"];
        assert_eq!((&b["total"], &b["shown"], &b["cut_by"]), (&json!(3), &json!(2), &json!("count")));
        let b1 = &cut["items"][2]["replies"];
        assert_eq!((&b1["total"], &b1["shown"], &b1["cut_by"]), (&json!(1), &json!(0), &json!("depth")));
        let next = kith.get(&format!("{thread}?sort=old&cursor={}", text(&cut["next_cursor"])), "").await;
        assert_eq!(texts(&next), ["c"]);
        let of = |comment: &Value| format!("/v1/comments/{}/thread", text(&comment["id"]));
        let rest = kith.get(&format!("{}?sort=old&cursor={}", of(&tops[1]), text(&b["next_cursor"])), "").await;
        assert_eq!(texts(&rest), ["b3"]);
        let below = kith.get(&format!("{}?sort=old&cursor={}", of(&replies[0]), text(&b1["next_cursor"])), "").await;
        assert_eq!(texts(&below), ["b1x"]);

        let upwards = kith.get(&of(&deep), "").await;
        assert_eq!(texts(&upwards), ["b", "b1", "b1x"]);
        let depths: Vec<_> = upwards["items"].as_array().unwrap().iter().map(|item| item["depth"].as_i64().unwrap()).collect();
        assert_eq!(depths, [-2, -1, 0]);

        kith.send("DELETE", &format!("/v1/comments/{}", text(&tops[1]["id"])), &bob.token, Value::Null).await.expect(204);
        kith.send("DELETE", &format!("/v1/posts/{}", text(&post["id"])), &ann.token, Value::Null).await.expect(204);
        let after = kith.get(&format!("{thread}?sort=old"), "").await;
        assert_eq!(after["post"], json!({"kind": "deleted", "id": post["id"]}));
        assert_eq!((&after["items"][1]["kind"], &after["items"][1]["comment"]), (&json!("deleted"), &Value::Null));
        assert_eq!(after["items"].as_array().unwrap().len(), 7);
    }

    async fn the_home_feed_merges_and_explains(kith: &Kith) {
        let (ann, bob, cat) = (kith.person("ann").await, kith.person("bob").await, kith.person("cat").await);
        let (first, second) = (kith.post(&bob, "first").await, kith.post(&cat, "second").await);
        assert_eq!(kith.get("/v1/feeds/home", &ann.token).await["items"], json!([]));
        kith.follow(&ann, &bob).await;
        let mine = kith.post(&ann, "mine").await;
        assert_eq!(each(&kith.walk("/v1/feeds/home", &ann.token, 1).await, "/post/id"), [text(&mine["id"]), text(&first["id"])]);
        kith.put(&bob, &format!("/v1/posts/{}/repost", text(&second["id"]))).await;
        kith.put(&bob, &format!("/v1/posts/{}/repost", text(&first["id"]))).await;
        kith.follow(&ann, &cat).await;
        for limit in [1, 2, 3, 50] {
            let home = kith.walk("/v1/feeds/home", &ann.token, limit).await;
            assert_eq!(each(&home, "/post/id"), [text(&first["id"]), text(&second["id"]), text(&mine["id"])]);
            assert_eq!(each(home[1]["reasons"].as_array().unwrap(), "/kind"), ["repost", "author"]);
            assert_eq!(each(home[1]["reasons"].as_array().unwrap(), "/by/id"), [bob.id.as_str(), &cat.id]);
            assert_eq!(home[1]["reason_count"], json!(2));
            assert_eq!(home[1]["rank_at"], home[1]["reasons"][0]["at"]);
        }
        // What comes while somebody pages does not move what they have not seen yet.
        let page = kith.get("/v1/feeds/home?limit=1", &ann.token).await;
        kith.put(&cat, &format!("/v1/posts/{}/repost", text(&mine["id"]))).await;
        kith.post(&bob, "new").await;
        let rest = kith.get(&format!("/v1/feeds/home?cursor={}", text(&page["next_cursor"])), &ann.token).await;
        assert_eq!(each(rest["items"].as_array().unwrap(), "/post/id"), [text(&second["id"]), text(&mine["id"])]);
        let foreign = format!("/v1/feeds/home?cursor={}", text(&page["next_cursor"]));
        kith.send("GET", &foreign, &bob.token, Value::Null).await.expect_problem(400, "invalid_cursor");

        let profile = kith.walk(&format!("/v1/users/{}/posts", bob.id), "", 2).await;
        assert_eq!(each(&profile, "/post/text"), ["new", "first", "second"]);
        kith.send("DELETE", &format!("/v1/users/{}/follow", bob.id), &ann.token, Value::Null).await.expect(200);
        let home = kith.walk("/v1/feeds/home", &ann.token, 10).await;
        assert_eq!(each(&home, "/post/text"), ["mine", "second"]);
    }

    async fn public_tag_and_trending_feeds(kith: &Kith) {
        let ann = kith.person("ann").await;
        let tag = format!("t{}", kith.suffix);
        let mut ids = Vec::new();
        for number in 0..5 {
            ids.insert(0, text(&kith.post(&ann, &format!("{number} #{tag}")).await["id"]));
        }
        assert_eq!(each(&kith.walk(&format!("/v1/feeds/tags/{}", tag.to_uppercase()), "", 2).await, "/post/id"), ids);
        let mine = kith.find_by(&ann, "/v1/feeds/public", 5).await;
        assert_eq!(each(&mine, "/post/id"), ids);
        kith.put(&ann, &format!("/v1/posts/{}/like", ids[3])).await;
        kith.put(&ann, &format!("/v1/posts/{}/repost", ids[3])).await;
        kith.until_trending(&ann, &[&ids[3]]).await;
    }

    async fn what_trends_is_ranked_by_what_comes_and_goes_and_stands_still_for_a_walk(kith: &Kith) {
        let (ann, bob) = (kith.person("ann").await, kith.newcomer("bob").await);
        let mut ids = Vec::new();
        for number in 0..4 {
            ids.push(text(&kith.post(&ann, &number.to_string()).await["id"]));
        }
        let [liked, shared, talked, quiet] = &ids[..] else { unreachable!("four") };
        kith.put(&bob, &format!("/v1/posts/{liked}/like")).await;
        kith.put(&bob, &format!("/v1/posts/{shared}/repost")).await;
        let talk = kith.send("GET", &format!("/v1/posts/{talked}"), "", Value::Null).await.expect(200);
        let comment = kith.comment(&bob, &talk, None, "Hm").await;
        kith.until_trending(&ann, &[shared, talked, liked]).await;

        // Whoever pages goes on through what they saw, though it is ranked anew meanwhile.
        let first = kith.get("/v1/feeds/trending?limit=1", "").await;
        let cursor = text(&first["next_cursor"]);
        for user in [&ann, &bob] {
            kith.put(user, &format!("/v1/posts/{quiet}/repost")).await;
        }
        kith.until_trending(&ann, &[quiet, shared, talked, liked]).await;
        let mut walked = vec![text(&first["items"][0]["post"]["id"])];
        walked.extend(rest_of(kith, &cursor).await);
        assert!(!walked.contains(quiet) && walked.contains(liked), "{walked:?} with {liked} and without {quiet} ({ids:?})");
        let mut once = walked.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), walked.len());
        // Another instance does not know that ranking, and goes on at the place.
        if !kith.app.store.is_embedded() {
            let elsewhere = rest_of(&Kith::start(On::Neo4j).await, &cursor).await;
            assert!(elsewhere.contains(liked), "{elsewhere:?}");
        }

        // What is taken back counts no longer.
        kith.send("DELETE", &format!("/v1/posts/{liked}/like"), &bob.token, Value::Null).await.expect(200);
        let id = text(&comment["id"]);
        kith.send("DELETE", &format!("/v1/comments/{id}"), &bob.token, Value::Null).await.expect(204);
        kith.send("DELETE", &format!("/v1/posts/{quiet}"), &ann.token, Value::Null).await.expect(204);
        kith.until_trending(&ann, &[shared]).await;
    }

    async fn a_repeated_creation_is_answered_again(kith: &Kith) {
        let ann = kith.person("ann").await;
        let body = json!({"text": "once"});
        let key = [("idempotency-key", "key-1")];
        let first = kith.send_with("POST", "/v1/posts", &ann.token, body.clone(), &key).await;
        let (location, first) = (first.header("location").to_owned(), first.expect(201));
        assert_eq!(location, format!("/v1/posts/{}", text(&first["id"])));
        let again = kith.send_with("POST", "/v1/posts", &ann.token, body.clone(), &key).await;
        assert_eq!((again.header("idempotent-replayed"), again.header("location")), ("true", location.as_str()));
        assert_eq!(again.expect(201), first);
        let other = json!({"text": "other"});
        kith.send_with("POST", "/v1/posts", &ann.token, other, &key).await.expect_problem(422, "idempotency_key_reused");
        assert_eq!(kith.get("/v1/me", &ann.token).await["counts"]["posts"], json!(1));
        let bob = kith.person("bob").await;
        kith.send_with("POST", "/v1/posts", &bob.token, body, &key).await.expect(201);
    }
}
