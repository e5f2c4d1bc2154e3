//! One attack for each risk of the [OWASP API Security Top 10 (2023)](https://owasp.org/API-Security/editions/2023/en/0x11-t10/),
//! as somebody would try it first. `docs/security.md` names what tests each of them in full.

use std::{
    io::{Read, Write},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::{
    access::{World, body},
    issuers::signer,
    openapi,
    support::{Kith, On, text},
};

async fn kith() -> Kith {
    Kith::start(On::Embedded).await
}

/// A server that counts who connects, and says that to each.
fn listener(says: &'static [u8]) -> (String, Arc<AtomicUsize>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let (address, asked) = (listener.local_addr().expect("an address"), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&asked);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            count.fetch_add(1, Ordering::SeqCst);
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(says);
        }
    });
    (format!("http://{address}"), asked)
}

#[tokio::test]
async fn api1_broken_object_level_authorization() {
    let kith = kith().await;
    let (ann, bob) = (kith.newcomer("ann").await, kith.newcomer("bob").await);
    let post = kith.post(&ann, "hers").await;
    let comment = kith.comment(&ann, &post, None, "hers").await;
    let token = json!({"name": "program", "scopes": ["read"]});
    let token = kith.send("POST", "/v1/me/tokens", &ann.token, token).await.expect(201);
    for (method, path, body) in [
        ("PATCH", format!("/v1/posts/{}", text(&post["id"])), json!({"text": "his"})),
        ("DELETE", format!("/v1/posts/{}", text(&post["id"])), Value::Null),
        ("PATCH", format!("/v1/comments/{}", text(&comment["id"])), json!({"text": "his"})),
        ("DELETE", format!("/v1/comments/{}", text(&comment["id"])), Value::Null),
        ("GET", format!("/v1/me/tokens/{}", text(&token["id"])), Value::Null),
        ("DELETE", format!("/v1/me/tokens/{}", text(&token["id"])), Value::Null),
    ] {
        let answer = kith.send(method, &path, &bob.token, body).await;
        assert!([403, 404].contains(&answer.status), "{method} {path}: {}", answer.text);
    }
    // Nor by saying that he is she.
    for field in ["author", "author_id", "user_id", "owner"] {
        let post = json!({"text": "as somebody else", field: ann.id});
        kith.send("POST", "/v1/posts", &bob.token, post).await.expect_problem(400, "unknown_field");
    }
    assert_eq!(kith.get(&format!("/v1/posts/{}", text(&post["id"])), "").await["text"], "hers");
    assert_eq!(kith.get(&format!("/v1/comments/{}", text(&comment["id"])), "").await["text"], "hers");
    kith.get("/v1/me", &text(&token["token"])).await;
}

#[tokio::test]
async fn api2_broken_authentication() {
    let kith = kith().await;
    let (ann, bob) = (kith.newcomer("ann").await, kith.newcomer("bob").await);
    let parts: Vec<&str> = ann.token.split('.').collect();
    let [head, claims, signature] = parts[..] else { panic!("{parts:?}") };
    let decode = |part: &str| -> Value {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64url")).expect("JSON")
    };
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let (mut as_bob, mut for_ever, mut unsigned) = (decode(claims), decode(claims), decode(head));
    as_bob["sub"] = json!(bob.id);
    for_ever["exp"] = json!(i64::from(u32::MAX));
    unsigned["alg"] = json!("none");
    for forged in [
        format!("{head}.{}.{signature}", encode(&as_bob)),
        format!("{head}.{}.{signature}", encode(&for_ever)),
        format!("{}.{claims}.", encode(&unsigned)),
        format!("{}.{claims}.{signature}", encode(&unsigned)),
        format!("{head}.{claims}."),
        format!("{head}.{claims}"),
        bob.id.clone(),
    ] {
        kith.send("GET", "/v1/me", &forged, Value::Null).await.expect_problem(401, "invalid_token");
    }
    kith.get("/v1/me", &ann.token).await;
    kith.send("DELETE", "/v1/sessions/current", &ann.token, Value::Null).await.expect(204);
    kith.send("GET", "/v1/me", &ann.token, Value::Null).await.expect_problem(401, "invalid_token");
}

#[tokio::test]
async fn api3_broken_object_property_level_authorization() {
    let kith = kith().await;
    let ann = kith.newcomer("ann").await;
    for (field, value) in [
        ("role", json!("admin")),
        ("revision", json!(9)),
        ("id", json!("x")),
        ("counts", json!({"followers": 9})),
    ] {
        let change = json!({"name": "Ann", field: value});
        kith.send("PATCH", "/v1/me", &ann.token, change).await.expect_problem(400, "unknown_field");
    }
    kith.send("GET", "/v1/admin/reports", &ann.token, Value::Null).await.expect_problem(403, "forbidden");
    let profile = kith.get(&format!("/v1/users/{}", ann.id), "").await;
    let told: Vec<&String> = profile.as_object().expect("an object").keys().collect();
    let public = ["avatar_url", "bio", "counts", "created_at", "handle", "id", "locked", "name", "viewer"];
    assert_eq!(told, public);
}

#[tokio::test]
async fn api4_unrestricted_resource_consumption() {
    let kith = kith().await;
    let ann = kith.newcomer("ann").await;
    let ids = vec!["a".repeat(24); 1].into_iter().chain((0..100).map(|n| format!("b{n:023}")));
    let ids: Vec<String> = ids.collect();
    for path in [
        "/v1/feeds/public?limit=100000".to_owned(),
        "/v1/feeds/public?limit=-1".to_owned(),
        format!("/v1/users?ids={}", ids.join(",")),
    ] {
        kith.send("GET", &path, "", Value::Null).await.expect_problem(400, "invalid_parameter");
    }
    let huge = json!({"text": "x".repeat(10 << 20)});
    kith.send("POST", "/v1/posts", &ann.token, huge).await.expect_problem(413, "body_too_large");
    let deep = kith
        .call(
            poem::Request::builder()
                .method(poem::http::Method::POST)
                .uri_str("/v1/posts")
                .header("authorization", format!("Bearer {}", ann.token))
                .content_type("application/json")
                .body("[".repeat(30_000)),
        )
        .await;
    assert!([400, 422].contains(&deep.status), "{}", deep.text);
}

#[tokio::test]
async fn api5_broken_function_level_authorization() {
    let world = World::new().await;
    let document = openapi::document();
    let mut tried = 0;
    for (method, template, operation) in openapi::operations(&document) {
        if !(template.starts_with("/v1/admin") || template.starts_with("/v1/moderation")) {
            continue;
        }
        let id = operation["operationId"].as_str().expect("an id");
        let (method, path) = (method.to_uppercase(), world.path(template, id));
        for (token, status) in [("", 401), (world.owner.token.as_str(), 403)] {
            let answer = world.kith.send(&method, &path, token, body(id)).await;
            assert_eq!(answer.status, status, "{id}: {}", answer.text);
        }
        tried += 1;
    }
    assert!(tried >= 8, "{tried}");
}

#[tokio::test]
async fn api6_unrestricted_access_to_sensitive_business_flows() {
    let kith = Kith::with(On::Embedded, |config| config.limits.posts_per_day = 5).await;
    let ann = kith.newcomer("ann").await;
    // All at once, so that none has been counted when the next one comes.
    let posts =
        (0..20).map(|n| kith.send("POST", "/v1/posts", &ann.token, json!({"text": format!("buy {n}")})));
    let statuses: Vec<u16> = join_all(posts).await.into_iter().map(|answer| answer.status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 5, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 422).count(), 15, "{statuses:?}");
}

#[tokio::test]
async fn api7_server_side_request_forgery() {
    let (address, asked) = listener(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    let kith = kith().await;
    let ann = kith.newcomer("ann").await;
    let change = json!({"avatar_url": format!("{address}/latest/meta-data"), "bio": address});
    kith.send("PATCH", "/v1/me", &ann.token, change).await.expect(200);
    let post = kith.post(&ann, &format!("look {address}/x")).await;
    kith.get(&format!("/v1/posts/{}", text(&post["id"])), "").await;
    kith.get(&format!("/v1/users/{}", ann.id), "").await;
    // A token that says where its keys are.
    let head = URL_SAFE_NO_PAD
        .encode(json!({"alg": "RS256", "kid": "x", "jku": format!("{address}/keys")}).to_string());
    let claims = URL_SAFE_NO_PAD.encode(json!({"iss": address, "aud": "kith", "sub": "x"}).to_string());
    let token = format!("{head}.{claims}.eHh4eA");
    kith.send("GET", "/v1/me", &token, Value::Null).await.expect_problem(401, "invalid_token");
    for name in ["file:///etc/passwd", "gopher://127.0.0.1/", "javascript:alert(1)"] {
        let change = json!({"avatar_url": name});
        kith.send("PATCH", "/v1/me", &ann.token, change).await.expect_problem(422, "validation_failed");
    }
    assert_eq!(asked.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn api8_security_misconfiguration() {
    let kith = kith().await;
    for (method, path) in
        [("GET", "/v1/feeds/public"), ("GET", "/nowhere"), ("DELETE", "/v1/posts"), ("GET", "/v1/me")]
    {
        let answer =
            kith.send_with(method, path, "", Value::Null, &[("origin", "https://evil.example")]).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert!(answer.header("content-security-policy").contains("default-src 'none'"), "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), "", "{path}");
        for inside in ["panicked", ".rs:", "MATCH (", "kglite", "neo4j", "bolt://"] {
            assert!(!answer.text.to_lowercase().contains(inside), "{path}: {}", answer.text);
        }
    }
    for method in ["TRACE", "CONNECT", "PROPFIND"] {
        let answer = kith.send(method, "/v1/me", "", Value::Null).await;
        assert!([400, 404, 405].contains(&answer.status), "{method}: {}", answer.status);
    }
}

#[tokio::test]
async fn api9_improper_inventory_management() {
    let kith = kith().await;
    let shown = kith.get("/openapi.json", "").await;
    assert_eq!(shown["paths"], openapi::document()["paths"], "what is served is what is described");
    for path in [
        "/v0/me",
        "/v2/me",
        "/me",
        "/admin",
        "/debug/pprof",
        "/actuator",
        "/.env",
        "/.git/config",
        "/graphql",
        "/v1",
        "/v1/internal",
    ] {
        kith.send("GET", path, "", Value::Null).await.expect_problem(404, "not_found");
    }
}

#[tokio::test]
async fn api10_unsafe_consumption_of_apis() {
    // An issuer that has been taken over: it answers what is no description, and without end.
    static ENDLESS: [u8; 4 << 20] = [b'{'; 4 << 20];
    for says in [&b"HTTP/1.1 200 OK\r\n\r\n\x00\xff{\"issuer\":"[..], &ENDLESS] {
        let (address, asked) = listener(says);
        let kith =
            Kith::with(On::Embedded, |config| config.auth.issuers = vec![signer::config(&address)]).await;
        let ann = kith.newcomer("ann").await;
        let head = URL_SAFE_NO_PAD.encode(json!({"alg": "RS256", "kid": "x"}).to_string());
        let claims = URL_SAFE_NO_PAD.encode(json!({"iss": address, "aud": "kith", "sub": "x"}).to_string());
        let answer = kith.send("GET", "/v1/me", &format!("{head}.{claims}.eHh4eA"), Value::Null).await;
        assert!([401, 503].contains(&answer.status), "{}", answer.text);
        assert!(asked.load(Ordering::SeqCst) >= 1, "it was asked");
        // Who has an account here notices nothing.
        kith.get("/v1/me", &ann.token).await;
    }
}
