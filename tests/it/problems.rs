//! Every refusal is a problem of its own kind that names all that is at fault, whatever part of Kith refuses.

use std::{sync::Arc, time::Duration};

use kith::http::{routes::Routes, server};
use poem::{Body, Endpoint, EndpointExt, Request, endpoint::make_sync, http::HeaderValue};
use serde_json::{Value, json};

use crate::{
    openapi,
    support::{Answer, Kith, On, each, text},
};

/// Asserts what every problem has, and answers with its fields at fault.
#[track_caller]
pub fn problem(answer: Answer, path: &str, status: u16, code: &str) -> Vec<String> {
    let id = answer.header("x-request-id").to_owned();
    assert!(!id.is_empty(), "{path}");
    let problem = answer.expect_problem(status, code);
    assert_eq!((&problem["request_id"], &problem["instance"]), (&json!(id), &json!(path)), "{problem}");
    assert!(!text(&problem["title"]).is_empty() && !text(&problem["detail"]).is_empty(), "{problem}");
    let shown = problem.to_string();
    assert!(
        !shown.contains("alloc::") && !shown.contains("Type \\\"") && !shown.contains("kith::"),
        "{shown}"
    );
    each(problem["errors"].as_array().expect("errors"), "/field").into_iter().map(str::to_owned).collect()
}

pub async fn kith() -> Kith {
    Kith::start(On::Embedded).await
}

/// Sends a body as it is.
async fn send_raw(kith: &Kith, path: &str, token: &str, kind: Option<&str>, body: impl Into<Body>) -> Answer {
    let mut request = Request::builder().method(poem::http::Method::POST).uri(path.parse().unwrap());
    if let Some(kind) = kind {
        request = request.content_type(kind);
    }
    if !token.is_empty() {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    kith.call(request.body(body.into())).await
}

#[tokio::test]
async fn an_unknown_path_is_not_found() {
    let kith = kith().await;
    for path in ["/", "/v1", "/v1/nothing", "/v1/users/a/b/c", "/v1/me/", "//v1/me", "/v1//me", "/docs/x"] {
        let answer = kith.send("GET", path, "", Value::Null).await;
        assert!(problem(answer, path, 404, "not_found").is_empty());
    }
}

#[tokio::test]
async fn an_empty_segment_is_no_parameter() {
    let kith = kith().await;
    for path in ["/v1/users//followers", "/v1/posts//thread", "/v1/users/", "/v1/feeds/tags/"] {
        problem(kith.send("GET", path, "", Value::Null).await, path, 404, "not_found");
    }
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let kith = kith().await;
    let cases = [
        ("PUT", "/v1/me", "DELETE, GET, HEAD, PATCH"),
        ("DELETE", "/v1/users", "GET, HEAD, POST"),
        ("GET", "/v1/sessions", "POST"),
        ("HEAD", "/v1/sessions", "POST"),
        ("POST", "/v1/posts/x/like", "DELETE, PUT"),
        ("OPTIONS", "/v1/feeds/home", "GET, HEAD"),
        ("POST", "/docs", "GET, HEAD"),
        ("POST", "/openapi.json", "GET, HEAD"),
        ("POST", "/health/live", "GET, HEAD"),
    ];
    for (method, path, allow) in cases {
        let answer = kith.send(method, path, "", Value::Null).await;
        let mut methods: Vec<_> = answer.header("allow").split(", ").collect();
        methods.sort_unstable();
        assert_eq!(methods.join(", "), allow, "{method} {path}");
        if method == "HEAD" {
            assert_eq!((answer.status, answer.text.as_str()), (405, ""));
        } else {
            problem(answer, path, 405, "method_not_allowed");
        }
    }
}

#[tokio::test]
async fn a_body_that_is_no_json_object_is_malformed() {
    let kith = kith().await;
    let deep = "[".repeat(100_000);
    for body in
        ["", "{", "nonsense", "[]", "\"text\"", "null", "1", "{\"handle\": \"a\u{0}", "{}{}", &deep[..60_000]]
    {
        let answer = send_raw(&kith, "/v1/users", "", Some("application/json"), body.to_owned()).await;
        problem(answer, "/v1/users", 400, "malformed_json");
    }
    let not_unicode =
        send_raw(&kith, "/v1/users", "", Some("application/json"), vec![b'"', 0xff, b'"']).await;
    problem(not_unicode, "/v1/users", 400, "malformed_json");
}

#[tokio::test]
async fn all_unknown_fields_are_named() {
    let kith = kith().await;
    let body =
        json!({"handle": "ann", "name": "Ann", "password": "correct horse", "id": "x", "role": "admin"});
    let answer = kith.send("POST", "/v1/users", "", body).await;
    assert_eq!(problem(answer, "/v1/users", 400, "unknown_field"), ["id", "role"]);
}

#[tokio::test]
async fn all_fields_of_a_wrong_type_are_named() {
    let kith = kith().await;
    let body = json!({"handle": 12, "name": null, "bio": ["x"]});
    let mut fields =
        problem(kith.send("POST", "/v1/users", "", body).await, "/v1/users", 422, "validation_failed");
    fields.sort();
    assert_eq!(fields, ["bio", "handle", "name", "password"]);
    let ann = kith.person("ann").await;
    let body = json!({"text": false, "quote_of": 1, "visibility": "secret"});
    let mut fields = problem(
        kith.send("POST", "/v1/posts", &ann.token, body).await,
        "/v1/posts",
        422,
        "validation_failed",
    );
    fields.sort();
    assert_eq!(fields, ["quote_of", "text", "visibility"]);
    let body = json!({"name": 1, "bio": false, "avatar_url": {}});
    let mut fields =
        problem(kith.send("PATCH", "/v1/me", &ann.token, body).await, "/v1/me", 422, "validation_failed");
    fields.sort();
    assert_eq!(fields, ["avatar_url", "bio", "name"]);
}

#[tokio::test]
async fn all_values_out_of_bounds_are_named() {
    let kith = kith().await;
    let body = json!({"handle": "a b", "name": " ", "password": "short", "bio": "x".repeat(501)});
    let mut fields =
        problem(kith.send("POST", "/v1/users", "", body).await, "/v1/users", 422, "validation_failed");
    fields.sort();
    assert_eq!(fields, ["bio", "handle", "name", "password"]);
    let ann = kith.person("ann").await;
    let body = json!({"name": "two\nlines", "bio": "bell\u{7}", "avatar_url": "javascript:alert(1)"});
    let mut fields =
        problem(kith.send("PATCH", "/v1/me", &ann.token, body).await, "/v1/me", 422, "validation_failed");
    fields.sort();
    assert_eq!(fields, ["avatar_url", "bio", "name"]);
}

#[tokio::test]
async fn a_body_of_another_media_type_is_unsupported() {
    let kith = kith().await;
    let body = json!({"handle": "ann", "password": "correct horse"}).to_string();
    for kind in [
        None,
        Some("text/plain"),
        Some("application/x-www-form-urlencoded"),
        Some("application/jsonx"),
        Some(""),
    ] {
        let answer = send_raw(&kith, "/v1/sessions", "", kind, body.clone()).await;
        problem(answer, "/v1/sessions", 415, "unsupported_media_type");
    }
    for kind in ["application/json; charset=utf-8", "APPLICATION/JSON", "application/json;x=y"] {
        let answer = send_raw(&kith, "/v1/sessions", "", Some(kind), body.clone()).await;
        problem(answer, "/v1/sessions", 401, "invalid_credentials");
    }
}

#[tokio::test]
async fn a_body_may_have_as_many_bytes_as_are_configured() {
    let kith = Kith::with(On::Embedded, |config| config.limits.body_bytes = 100).await;
    let body = |length: usize| {
        let empty = json!({"handle": "", "password": "x"}).to_string();
        empty.replacen("\"\"", &format!("\"{}\"", "a".repeat(length - empty.len())), 1)
    };
    let fits = send_raw(&kith, "/v1/sessions", "", Some("application/json"), body(100)).await;
    problem(fits, "/v1/sessions", 401, "invalid_credentials");
    let announced = Request::builder()
        .method(poem::http::Method::POST)
        .uri("/v1/sessions".parse().unwrap())
        .content_type("application/json")
        .header("content-length", "101")
        .body(body(101));
    problem(kith.call(announced).await, "/v1/sessions", 413, "body_too_large");
    let chunks = futures_util::stream::iter([Ok::<_, std::io::Error>(body(60)), Ok(body(60))]);
    let chunked = Body::from_bytes_stream(chunks);
    problem(
        send_raw(&kith, "/v1/sessions", "", Some("application/json"), chunked).await,
        "/v1/sessions",
        413,
        "body_too_large",
    );
}

#[tokio::test]
async fn a_bad_parameter_is_named() {
    let kith = kith().await;
    let ann = kith.person("ann").await;
    let post = text(&kith.post(&ann, "Hi").await["id"]);
    let thread = format!("/v1/posts/{post}/thread");
    let many = (0..101).map(|_| kith::clock::new_id()).collect::<Vec<_>>().join(",");
    let cases = [
        ("/v1/feeds/public", "limit=0", "limit"),
        ("/v1/feeds/public", "limit=101", "limit"),
        ("/v1/feeds/public", "limit=-1", "limit"),
        ("/v1/feeds/public", "limit=ten", "limit"),
        ("/v1/feeds/public", "limit=", "limit"),
        ("/v1/feeds/public", "limit=99999999999999999999", "limit"),
        (&thread, "sort=best", "sort"),
        (&thread, "sort=", "sort"),
        (&thread, "depth=0", "depth"),
        (&thread, "depth=11", "depth"),
        (&thread, "depth=300", "depth"),
        (&thread, "depth=x", "depth"),
        (&thread, "replies=51", "replies"),
        (&thread, "replies=-1", "replies"),
        ("/v1/users", "", "ids"),
        ("/v1/users", "ids=", "ids"),
        ("/v1/users", "ids=,,", "ids"),
        ("/v1/users", &format!("ids={many}"), "ids"),
        ("/v1/users", &format!("ids={},@ann", ann.id), "ids"),
        ("/v1/users", &format!("ids={},%20{}", ann.id, ann.id), "ids"),
        ("/v1/relationships", "ids=", "ids"),
    ];
    for (path, query, field) in cases {
        let answer = kith.send("GET", &format!("{path}?{query}"), &ann.token, Value::Null).await;
        let shown = answer.text.clone();
        assert_eq!(problem(answer, path, 400, "invalid_parameter"), [field], "{query}: {shown}");
        let message = serde_json::from_str::<Value>(&shown).unwrap()["detail"].as_str().unwrap().to_owned();
        assert!(message.starts_with(field) && message.contains(" must be "), "{query}: {message}");
    }
    let hundred = many.rsplit_once(',').unwrap().0;
    assert_eq!(kith.get(&format!("/v1/users?ids={hundred}"), "").await, json!([]));
}

/// Every operation that takes a cursor, with a path that exists.
fn lists(document: &Value, post: &str, comment: &str, user: &str) -> Vec<String> {
    openapi::operations(document)
        .into_iter()
        .filter(|(_, _, operation)| {
            operation["parameters"]
                .as_array()
                .into_iter()
                .flatten()
                .any(|parameter| parameter["name"] == "cursor")
        })
        .map(|(_, path, _)| {
            path.replace("/posts/{id}", &format!("/posts/{post}"))
                .replace("/comments/{id}", &format!("/comments/{comment}"))
                .replace("{user}", user)
                .replace("{tag}", "kith")
        })
        .collect()
}

#[tokio::test]
async fn a_cursor_opens_its_own_list_only() {
    let kith = kith().await;
    let ann = kith.person("ann").await;
    // Some lists are for admins alone.
    Box::pin(kith::admin::grant(&kith.app, &ann.handle, Some(kith::auth::Role::Admin)))
        .await
        .expect("a role");
    kith.app.sessions.forget_all();
    let posts = [kith.post(&ann, "One #kith").await, kith.post(&ann, "Two #kith").await];
    let comment = kith.comment(&ann, &posts[0], None, "Hi").await;
    kith.comment(&ann, &posts[0], Some(&comment), "Hello").await;
    for post in &posts {
        kith.put(&ann, &format!("/v1/posts/{}/like", text(&post["id"]))).await;
    }
    kith.until_trending(&ann, &[&text(&posts[0]["id"]), &text(&posts[1]["id"])]).await;
    let lists = lists(&openapi::document(), &text(&posts[0]["id"]), &text(&comment["id"]), &ann.id);
    assert!(lists.len() >= 17, "{lists:?}");
    let mut cursors = Vec::new();
    for path in ["/v1/feeds/public", "/v1/feeds/home", "/v1/feeds/trending", "/v1/feeds/tags/kith"] {
        let page = kith.get(&format!("{path}?limit=1"), &ann.token).await;
        cursors.push((path, text(&page["next_cursor"])));
    }
    for list in &lists {
        for (origin, cursor) in &cursors {
            let mut tampered = cursor.clone();
            let place = cursor.len() - 3..cursor.len() - 2;
            let other = if &cursor[place.clone()] == "A" { "B" } else { "A" };
            tampered.replace_range(place, other);
            let foreign = (list != origin).then_some(cursor.as_str());
            let empty = String::new();
            let wrong =
                [Some(tampered.as_str()), foreign, Some("nonsense"), Some("%00%ff"), Some(empty.as_str())];
            for cursor in wrong.into_iter().flatten() {
                let answer =
                    kith.send("GET", &format!("{list}?cursor={cursor}"), &ann.token, Value::Null).await;
                assert_eq!(problem(answer, list, 400, "invalid_cursor"), ["cursor"], "{list} {cursor}");
            }
        }
    }
}

#[tokio::test]
async fn a_panic_and_a_slow_answer_are_problems_of_one_request() {
    let kith = kith().await;
    let mut app =
        Kith::with(On::Embedded, |config| config.http.request_timeout = Duration::from_millis(50)).await.app;
    for (path, status, code) in [("/panic", 500, "internal"), ("/slow", 503, "request_timeout")] {
        let routes = poem::Route::new()
            .at("/panic", make_sync(|_| -> &'static str { panic!("the cause, which nobody is shown") }))
            .at(
                "/slow",
                poem::endpoint::make(|_| async { tokio::time::sleep(Duration::from_mins(1)).await }),
            );
        let layered = server::layered(Arc::clone(&app), routes, Routes::of_document(&json!({})));
        let request = Request::builder().uri(path.parse().unwrap()).header("x-request-id", "mine").finish();
        let mut response = Box::pin(layered.map_to_response().call(request)).await.unwrap();
        let text = response.take_body().into_string().await.unwrap();
        assert!(!text.contains("the cause"), "{text}");
        if status == 503 {
            assert_eq!(response.headers()["retry-after"], "1");
        }
        assert_eq!(response.headers()["x-request-id"], "mine");
        let answer = Answer { status: response.status().as_u16(), headers: response.headers().clone(), text };
        problem(answer, path, status, code);
        app = Arc::clone(&kith.app);
        if path == "/panic" {
            app = Kith::with(On::Embedded, |config| config.http.request_timeout = Duration::from_millis(50))
                .await
                .app;
        }
    }
}

#[tokio::test]
async fn a_request_keeps_its_id_if_that_is_well_formed() {
    let kith = kith().await;
    for id in ["a", "3f2504e0-4f89-11d3-9a0c-0305e82c3301", "a.b:c_d", &"x".repeat(128)] {
        for path in ["/health/live", "/v1/nothing"] {
            let answer = kith.send_with("GET", path, "", Value::Null, &[("x-request-id", id)]).await;
            assert_eq!(answer.header("x-request-id"), id);
        }
    }
    for id in ["", "a b", "a\"b", "<script>", "a/b", "\u{e9}", &"x".repeat(129)] {
        let answer = kith.send_with("GET", "/health/live", "", Value::Null, &[("x-request-id", id)]).await;
        assert_eq!(answer.header("x-request-id").len(), 24, "{id}");
    }
}

#[tokio::test]
async fn who_has_the_newest_version_is_told_so_without_a_body() {
    let kith = kith().await;
    let ann = kith.person("ann").await;
    let post = text(&kith.post(&ann, "Hi").await["id"]);
    let paths = [
        format!("/v1/posts/{post}"),
        format!("/v1/users/{}", ann.id),
        "/v1/me".into(),
        "/v1/feeds/home".into(),
    ];
    for path in &paths {
        let first = kith.send("GET", path, &ann.token, Value::Null).await;
        let tag = first.header("etag").to_owned();
        assert!(tag.starts_with('"') && tag.len() > 10, "{path}: {tag}");
        for known in [tag.as_str(), "*", &format!("W/{tag}"), &format!("\"other\", {tag}")] {
            let headers = [("if-none-match", known)];
            let again = kith.send_with("GET", path, &ann.token, Value::Null, &headers).await;
            assert_eq!((again.status, again.text.as_str()), (304, ""), "{path} {known}");
            assert_eq!((again.header("etag"), again.header("content-type")), (tag.as_str(), ""));
        }
        let headers = [("if-none-match", "\"other\"")];
        kith.send_with("GET", path, &ann.token, Value::Null, &headers).await.expect(200);
        let head = kith.send("HEAD", path, &ann.token, Value::Null).await;
        assert_eq!((head.status, head.text.as_str(), head.header("etag")), (200, "", tag.as_str()), "{path}");
        assert_eq!(head.header("content-length"), first.text.len().to_string());
        assert_eq!(head.header("content-type"), first.header("content-type"));
    }
    kith.post(&ann, "More").await;
    let headers = [("if-none-match", "\"x\"")];
    kith.send_with("GET", "/v1/feeds/home", &ann.token, Value::Null, &headers).await.expect(200);
    let head = kith.send("HEAD", "/v1/posts/nothing", "", Value::Null).await;
    assert_eq!((head.status, head.text.as_str()), (404, ""));
}

#[tokio::test]
async fn a_page_links_to_the_next_one() {
    let kith =
        Kith::with(On::Embedded, |config| config.http.public_url = Some("https://kith.example".into())).await;
    let ann = kith.person("ann").await;
    for word in ["one", "two", "three"] {
        kith.post(&ann, word).await;
    }
    let mut path = "/v1/feeds/home?limit=1".to_owned();
    for word in ["three", "two"] {
        let answer = kith.send("GET", &path, &ann.token, Value::Null).await;
        let link = answer.header("link").to_owned();
        let page = answer.expect(200);
        assert_eq!(page["items"][0]["post"]["text"], word);
        let cursor = text(&page["next_cursor"]);
        path = format!("/v1/feeds/home?limit=1&cursor={cursor}");
        assert_eq!(link, format!("<https://kith.example{path}>; rel=\"next\""));
    }
    assert_eq!(kith.send("GET", &path, &ann.token, Value::Null).await.header("link"), "");
}

#[tokio::test]
async fn a_path_can_hold_any_bytes() {
    let kith = kith().await;
    for (path, code) in [
        ("/v1/posts/a%2Fb", "post_not_found"),
        ("/v1/posts/%00", "post_not_found"),
        ("/v1/users/@a%00b", "user_not_found"),
        ("/v1/users/%2e%2e", "user_not_found"),
        ("/v1/comments/%22%3B%20MATCH%20(n)", "comment_not_found"),
    ] {
        problem(kith.send("GET", path, "", Value::Null).await, path, 404, code);
    }
    let answer = kith.send("GET", "/v1/posts/%ff", "", Value::Null).await;
    assert_eq!(problem(answer, "/v1/posts/%ff", 400, "invalid_parameter"), ["path"]);
    for tag in ["%00", "a%2Fb", "%23kith", "%F0%9F%91%8D"] {
        assert_eq!(kith.get(&format!("/v1/feeds/tags/{tag}"), "").await["items"], json!([]));
    }
}

#[tokio::test]
async fn a_header_that_cannot_be_read_is_not_taken_for_missing() {
    let kith = kith().await;
    let ann = kith.person("ann").await;
    for name in ["Idempotency-Key", "If-Match", "If-None-Match", "Last-Event-ID"] {
        let mut request = Request::builder().uri("/v1/me".parse().unwrap()).finish();
        request.headers_mut().insert("authorization", format!("Bearer {}", ann.token).parse().unwrap());
        request.headers_mut().insert(
            name.parse::<poem::http::HeaderName>().unwrap(),
            HeaderValue::from_bytes(b"\xff").unwrap(),
        );
        assert_eq!(problem(kith.call(request).await, "/v1/me", 400, "invalid_parameter"), [name]);
    }
    for key in ["", "a b", &"k".repeat(256)] {
        let headers = [("idempotency-key", key)];
        let answer = kith.send_with("POST", "/v1/posts", &ann.token, json!({"text": "Hi"}), &headers).await;
        assert_eq!(problem(answer, "/v1/posts", 400, "invalid_parameter"), ["Idempotency-Key"], "{key}");
    }
}
