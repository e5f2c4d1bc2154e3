//! What a token may be used for: scopes, personal tokens, and services that act for people.

use std::{collections::HashSet, time::Duration};

use futures_util::future::join_all;
use kith::{
    config::{Secret, ServiceConfig},
    scope::{Scope, Scopes},
};
use poem::Request;
use serde_json::{Value, json};

use crate::{
    access::{World, body},
    configuration::Running,
    issuers::signer::Signer,
    openapi,
    support::{Answer, Kith, On, Person, each, on_both_stores, text},
};

/// The token of a service, and what `sha256sum` prints of it.
const SERVICE: &str = "kith_svc_2b7e151628aed2a6abf7158809cf4f3c762e7160f38b4da56a784d9045190cfe";
const HASH: &str = "71f8d98810cbc5bf6d1cf787110fa0541e5ff2294a55d0cf3dde232a6a4efa7b";

/// Makes a personal token of somebody.
async fn token(kith: &Kith, who: &Person, scopes: &[&str]) -> String {
    let new = json!({"name": "a program", "scopes": scopes});
    text(&kith.send("POST", "/v1/me/tokens", &who.token, new).await.expect(201)["token"])
}

#[track_caller]
fn lacks(answer: Answer, scope: &str, what: &str) {
    let wanted = format!("Bearer error=\"insufficient_scope\", scope=\"{scope}\"");
    assert_eq!(
        (answer.status, answer.header("www-authenticate")),
        (403, wanted.as_str()),
        "{what}: {}",
        answer.text
    );
    answer.expect_problem(403, "insufficient_scope");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_operation_needs_the_scope_that_the_document_names() {
    let world = World::new().await;
    let (kith, owner) = (&world.kith, &world.owner);
    let document = openapi::document();
    let operations = openapi::operations(&document);
    let secured: Vec<_> = operations
        .iter()
        .filter(|(_, _, operation)| operation["security"].as_array().is_some_and(|ways| !ways.is_empty()))
        .map(|(method, template, operation)| {
            let id = operation["operationId"].as_str().expect("an id");
            let scope = operation["security"][1]["scoped"][0]
                .as_str()
                .unwrap_or_else(|| panic!("{id} names no scope"));
            (method.to_uppercase(), world.path(template, id), id, scope)
        })
        .collect();
    assert!(secured.len() > 45, "{}", secured.len());
    for (method, path, id, scope) in &secured {
        let path = path.split('?').next().expect("a path");
        assert_eq!(*scope, Scope::of(method, path).name(), "{id}");
        assert!(method == "GET" || *scope != "read", "{id} changes something");
    }
    let mut writes = 0;
    for held in [&["read"][..], &["moderate", "admin"], &["write", "moderate", "admin"]] {
        let token = token(kith, owner, held).await;
        for (method, path, id, scope) in secured.iter().filter(|(_, _, _, scope)| !held.contains(scope)) {
            let answer = kith.send(method, path, &token, body(id)).await;
            lacks(answer, scope, id);
            writes += usize::from(held == ["read"]);
        }
    }
    assert!(writes > 20, "{writes}");
    // Nothing of all that has changed anything, and who has the scope gets on.
    assert_eq!(kith.get(&world.path("/v1/posts/{id}", ""), "").await["text"], "Hi");
    for held in ["read", "write"] {
        let token = token(kith, owner, &[held]).await;
        // A stream does not end.
        let able = secured.iter().filter(|(_, _, id, scope)| *scope == held && *id != "stream_home_feed");
        for (method, path, id, _) in able {
            let answer = kith.send(method, path, &token, body(id)).await;
            assert!(!answer.text.contains("insufficient_scope"), "{id}: {}", answer.text);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_of_an_issuer_has_the_scopes_that_it_names() {
    let (named, unnamed) = (Signer::start().await, Signer::start().await);
    let kith = Kith::with(On::Embedded, |all| {
        let mut first = named.config();
        first.scope_claim = Some("scope".to_owned());
        all.auth.issuers = vec![first, unnamed.config()];
    })
    .await;
    let with = |scope: Value| named.with("ann", |claims| claims["scope"] = scope);
    let post = async |token: &str| kith.send("POST", "/v1/posts", token, json!({"text": "Hi"})).await;
    let read = async |token: &str| kith.send("GET", "/v1/me", token, Value::Null).await;
    for scope in [json!("openid read profile"), json!(["read"])] {
        let token = with(scope);
        read(&token).await.expect(200);
        // It is remembered as what it was.
        for _ in 0..2 {
            lacks(post(&token).await, "write", "read alone");
        }
    }
    let both = with(json!("write read"));
    read(&both).await.expect(200);
    post(&both).await.expect(201);
    for none in [json!(""), json!("READ readwrite"), json!(7), Value::Null] {
        lacks(read(&with(none)).await, "read", "none");
    }
    let all = unnamed.with("ann", |claims| claims["scope"] = json!("nothing of ours"));
    read(&all).await.expect(200);
    post(&all).await.expect(201);
    // Nobody makes a token that can do more than the one it is made with.
    let token = with(json!("read write"));
    let new = |scopes: &[&str]| json!({"name": "x", "scopes": scopes});
    kith.send("POST", "/v1/me/tokens", &token, new(&["read"])).await.expect(201);
    lacks(kith.send("POST", "/v1/me/tokens", &token, new(&["read", "admin"])).await, "admin", "more");
}

on_both_stores! {
    async fn a_personal_token_is_told_once_and_ends_when_it_is_deleted(kith: &Kith) {
        let (ann, bob) = (kith.newcomer("ann").await, kith.newcomer("bob").await);
        let new = json!({"name": "  My backup ", "scopes": ["write", "read", "read"], "expires_in": 3600});
        let answer = kith.send("POST", "/v1/me/tokens", &ann.token, new).await;
        let location = answer.header("location").to_owned();
        let made = answer.expect(201);
        assert_eq!((&made["name"], &made["scopes"]), (&json!("My backup"), &json!(["read", "write"])));
        assert_eq!(location, format!("/v1/me/tokens/{}", text(&made["id"])));
        let secret = text(&made["token"]);
        assert!(secret.starts_with("kith_pat_") && secret.len() == 52, "{secret}");

        let listed = kith.get("/v1/me/tokens", &ann.token).await;
        assert!(!listed.to_string().contains(&secret[9..]), "{listed}");
        let only = &listed["items"][0];
        assert_eq!((&only["id"], &only["last_used_at"]), (&made["id"], &Value::Null));
        assert_eq!((&only["created_at"], &only["expires_at"]), (&made["created_at"], &made["expires_at"]));
        assert_eq!(kith.get("/v1/me", &secret).await["id"], json!(ann.id));
        kith.post(&Person { token: secret.clone(), ..ann.clone() }, "by a program").await;
        let listed = kith.get("/v1/me/tokens", &secret).await;
        assert!(listed["items"][0]["last_used_at"].is_string(), "{listed}");
        assert_eq!(kith.get("/v1/me/tokens", &bob.token).await["items"], json!([]));
        assert_eq!(kith.get(&location, &ann.token).await, listed["items"][0]);
        kith.send("GET", &location, &bob.token, Value::Null).await.expect_problem(404, "token_not_found");

        // What only somebody themselves can do.
        let more = json!({"name": "another", "scopes": ["read"]});
        kith.send("POST", "/v1/me/tokens", &secret, more.clone()).await.expect_problem(403, "forbidden");
        kith.send("DELETE", "/v1/me", &secret, Value::Null).await.expect_problem(403, "forbidden");
        kith.send("DELETE", "/v1/sessions/current", &secret, Value::Null).await.expect_problem(403, "forbidden");

        kith.send("DELETE", &location, &bob.token, Value::Null).await.expect_problem(404, "token_not_found");
        kith.get("/v1/me", &secret).await;
        kith.send("DELETE", &location, &ann.token, Value::Null).await.expect(204);
        kith.send("GET", "/v1/me", &secret, Value::Null).await.expect_problem(401, "invalid_token");
        kith.send("GET", "/v1/feeds/public", &secret, Value::Null).await.expect_problem(401, "invalid_token");
        kith.send("DELETE", &location, &ann.token, Value::Null).await.expect_problem(404, "token_not_found");
        for wrong in ["kith_pat_", "kith_pat_x", &format!("{secret}x"), &secret[..51], &secret.to_uppercase()] {
            kith.send("GET", "/v1/me", wrong, Value::Null).await.expect_problem(401, "invalid_token");
        }
        for (wrong, field) in [
            (json!({"name": "", "scopes": ["read"]}), "name"),
            (json!({"name": "a\nb", "scopes": ["read"]}), "name"),
            (json!({"name": "é".repeat(101), "scopes": ["read"]}), "name"),
            (json!({"name": "x", "scopes": []}), "scopes"),
            (json!({"name": "x", "scopes": vec!["read"; 5]}), "scopes"),
            (json!({"name": "x", "scopes": ["everything"]}), "body"),
            (json!({"name": "x", "scopes": ["read"], "expires_in": 0}), "expires_in"),
        ] {
            let problem = kith.send("POST", "/v1/me/tokens", &ann.token, wrong).await.expect_problem(422, "validation_failed");
            assert!(text(&problem["errors"][0]["field"]).starts_with(field), "{problem}");
        }
    }

    async fn a_personal_token_ends_by_itself_and_with_the_account(kith: &Kith) {
        let (ann, bob) = (kith.newcomer("ann").await, kith.newcomer("bob").await);
        let new = json!({"name": "short", "scopes": ["read"], "expires_in": 60});
        let short = text(&kith.send("POST", "/v1/me/tokens", &ann.token, new).await.expect(201)["token"]);
        let (long, bobs) = (token(kith, &ann, &["read"]).await, token(kith, &bob, &["read"]).await);
        for token in [&short, &long, &bobs] {
            kith.get("/v1/feeds/public", token).await;
        }
        kith.app.clock.shift(61_000_000);
        for path in ["/v1/feeds/public", "/v1/me"] {
            kith.send("GET", path, &short, Value::Null).await.expect_problem(401, "invalid_token");
        }
        assert_eq!(kith.get("/v1/me/tokens", &long).await["items"].as_array().map(Vec::len), Some(2));
        kith.app.store.run(&kith::auth::queries::SweepTokens { before: kith.app.clock.now().0 }).await.expect("a sweep");
        let left = kith.get("/v1/me/tokens", &long).await;
        assert_eq!(each(left["items"].as_array().expect("items"), "/name"), ["a program"]);
        kith.send("DELETE", "/v1/me", &ann.token, Value::Null).await.expect(204);
        kith.send("GET", "/v1/me", &long, Value::Null).await.expect_problem(401, "invalid_token");
        kith.get("/v1/me", &bobs).await;
    }

    async fn nobody_has_more_than_fifty_personal_tokens(kith: &Kith) {
        let ann = kith.newcomer("ann").await;
        for _ in 0..46 {
            token(kith, &ann, &["read"]).await;
        }
        let new = || kith.send("POST", "/v1/me/tokens", &ann.token, json!({"name": "x", "scopes": ["read"]}));
        let mut answers: Vec<_> = join_all((0..8).map(|_| new())).await.into_iter().map(|answer| answer.status).collect();
        answers.sort_unstable();
        assert_eq!(answers, [201, 201, 201, 201, 422, 422, 422, 422]);
        new().await.expect_problem(422, "too_many_tokens");
        let all = kith.walk("/v1/me/tokens", &ann.token, 20).await;
        let ids: HashSet<_> = each(&all, "/id").into_iter().collect();
        assert_eq!((all.len(), ids.len()), (50, 50));
        kith.send("DELETE", &format!("/v1/me/tokens/{}", text(&all[0]["id"])), &ann.token, Value::Null).await.expect(204);
        new().await.expect(201);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_token_ends_on_other_instances_within_seconds() {
    let (one, other) = (Kith::start(On::Neo4j).await, Kith::start(On::Neo4j).await);
    let ann = one.newcomer("ann").await;
    let made = one
        .send("POST", "/v1/me/tokens", &ann.token, json!({"name": "x", "scopes": ["read"]}))
        .await
        .expect(201);
    let secret = text(&made["token"]);
    other.get("/v1/me", &secret).await;
    one.send("DELETE", &format!("/v1/me/tokens/{}", text(&made["id"])), &ann.token, Value::Null)
        .await
        .expect(204);
    one.send("GET", "/v1/me", &secret, Value::Null).await.expect_problem(401, "invalid_token");
    tokio::time::sleep(Duration::from_millis(5200)).await;
    other.send("GET", "/v1/me", &secret, Value::Null).await.expect_problem(401, "invalid_token");
}

fn service(scopes: &[Scope]) -> ServiceConfig {
    ServiceConfig { name: "web".to_owned(), token_hash: Secret::new(HASH), scopes: scopes.to_vec() }
}

async fn as_user(kith: &Kith, method: &str, path: &str, user: &str, body: Value) -> Answer {
    kith.send_with(method, path, SERVICE, body, &[("kith-act-as", user)]).await
}

async fn acts_for_people(on: On) {
    let kith = Kith::with(on, |all| all.auth.services = vec![service(&[Scope::Read, Scope::Write])]).await;
    let (ann, gone) = (kith.newcomer("ann").await, kith.newcomer("gone").await);
    let post = as_user(&kith, "POST", "/v1/posts", &ann.id, json!({"text": "Hi"})).await.expect(201);
    assert_eq!(post["author"]["id"], json!(ann.id));
    assert_eq!(as_user(&kith, "GET", "/v1/me", &ann.id, Value::Null).await.expect(200)["id"], json!(ann.id));

    // Without anybody to act for it is a stranger.
    let path = format!("/v1/users/{}", ann.id);
    assert_eq!(kith.get(&path, SERVICE).await["viewer"], Value::Null);
    for (method, path, body) in [("GET", "/v1/me", Value::Null), ("POST", "/v1/posts", json!({"text": "Hi"}))]
    {
        kith.send(method, path, SERVICE, body).await.expect_problem(403, "forbidden");
    }
    // For nobody, for somebody who has gone, for two.
    kith.send("DELETE", "/v1/me", &gone.token, Value::Null).await.expect(204);
    let nobody = "x".repeat(24);
    for user in [nobody.as_str(), &gone.id, "@ann", "", &format!("user {}", ann.id)] {
        for path in ["/v1/me", "/v1/feeds/public"] {
            as_user(&kith, "GET", path, user, Value::Null).await.expect_problem(403, "forbidden");
        }
    }
    let twice = Request::builder()
        .uri("/v1/me".parse().expect("a path"))
        .header("authorization", format!("Bearer {SERVICE}"))
        .header("kith-act-as", ann.id.as_str())
        .header("kith-act-as", gone.id.as_str());
    kith.call(twice.finish()).await.expect_problem(400, "invalid_parameter");
    // Nobody else can act for anybody, not even for themselves.
    let personal = token(&kith, &ann, &["read", "write"]).await;
    for token in [&ann.token, &personal] {
        for path in ["/v1/me", "/v1/feeds/public"] {
            let answer = kith.send_with("GET", path, token, Value::Null, &[("kith-act-as", &ann.id)]).await;
            answer.expect_problem(403, "forbidden");
        }
    }
    let headers = [("kith-act-as", ann.id.as_str())];
    kith.send_with("GET", "/v1/me", "", Value::Null, &headers).await.expect_problem(401, "unauthenticated");
    let wrong = format!("{}0", &SERVICE[..SERVICE.len() - 1]);
    kith.send_with("GET", "/v1/me", &wrong, Value::Null, &headers).await.expect_problem(401, "invalid_token");
    // What a service cannot do for people.
    let new = json!({"name": "x", "scopes": ["read"]});
    as_user(&kith, "POST", "/v1/me/tokens", &ann.id, new).await.expect_problem(403, "forbidden");
    as_user(&kith, "DELETE", "/v1/sessions/current", &ann.id, Value::Null)
        .await
        .expect_problem(403, "forbidden");
    let only_reads = Kith::with(on, |all| all.auth.services = vec![service(&[Scope::Read])]).await;
    let bob = only_reads.newcomer("bob").await;
    as_user(&only_reads, "GET", "/v1/me", &bob.id, Value::Null).await.expect(200);
    lacks(
        as_user(&only_reads, "POST", "/v1/posts", &bob.id, json!({"text": "Hi"})).await,
        "write",
        "a service",
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_acts_for_people_on_the_embedded_graph() {
    acts_for_people(On::Embedded).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_acts_for_people_on_neo4j() {
    acts_for_people(On::Neo4j).await;
}

/// One token asks for all of them, and what is kept of each answer is its own person's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_kept_for_one_person_is_not_served_to_another_for_whom_the_same_service_asks() {
    let kith = Kith::with(On::Embedded, |all| all.auth.services = vec![service(&[Scope::Read])]).await;
    let (ann, bob, cat) =
        (kith.newcomer("ann").await, kith.newcomer("bob").await, kith.newcomer("cat").await);
    kith.follow(&ann, &cat).await;
    kith.post(&cat, "for followers").await;
    let profile = format!("/v1/users/{}", cat.id);
    // More than once, for the second time it is kept, and from the third on it is found by the head of the request.
    for round in 0..4 {
        let mut tags = Vec::new();
        for (who, follows, posts) in
            [(Some(&ann), json!(true), 1), (Some(&bob), json!(false), 0), (None, Value::Null, 0)]
        {
            let headers: Vec<_> = who.iter().map(|who| ("kith-act-as", who.id.as_str())).collect();
            let answer = kith.send_with("GET", &profile, SERVICE, Value::Null, &headers).await;
            let vary = answer.header("vary").to_owned();
            assert!(vary.contains("Kith-Act-As") && vary.contains("Authorization"), "{vary}");
            assert!(answer.header("cache-control").starts_with("private"), "{:?}", answer.headers);
            tags.push(answer.header("etag").to_owned());
            let viewer = answer.expect(200)["viewer"].clone();
            assert_eq!(viewer.get("following").cloned().unwrap_or_default(), follows, "{round}: {who:?}");
            if who.is_some() {
                let feed =
                    kith.send_with("GET", "/v1/feeds/home", SERVICE, Value::Null, &headers).await.expect(200);
                assert_eq!(feed["items"].as_array().map(Vec::len), Some(posts), "{round}: {who:?}");
            }
        }
        // Nor does a version that one has spare the answer to another.
        let headers = [("kith-act-as", bob.id.as_str()), ("if-none-match", tags[0].as_str())];
        kith.send_with("GET", &profile, SERVICE, Value::Null, &headers).await.expect(200);
        let headers = [("kith-act-as", ann.id.as_str()), ("if-none-match", tags[0].as_str())];
        assert_eq!(kith.send_with("GET", &profile, SERVICE, Value::Null, &headers).await.status, 304);
        assert_eq!(kith.get(&profile, &bob.token).await["viewer"]["following"], false);
        // The header beside an ordinary token is refused however often that was answered without.
        let headers = [("kith-act-as", ann.id.as_str())];
        let answer = kith.send_with("GET", &profile, &bob.token, Value::Null, &headers).await;
        answer.expect_problem(403, "forbidden");
    }
    // Who is gone is acted for no longer, at once.
    kith.send("DELETE", "/v1/me", &ann.token, Value::Null).await.expect(204);
    as_user(&kith, "GET", &profile, &ann.id, Value::Null).await.expect_problem(403, "forbidden");
}

#[test]
fn the_log_says_for_whom_a_service_has_acted() {
    let services = format!("[{{name = \"web\", token_hash = \"{HASH}\", scopes = [\"read\", \"write\"]}}]");
    let kith = Running::start(&[("KITH_LOG__FORMAT", "json"), ("KITH_AUTH__SERVICES", &services)]);
    let ann = json!({"handle": "ann", "name": "Ann", "password": "correct horse"});
    let (_, ann) = kith.send("POST", "/v1/users", &[], &ann);
    let ann = text(&serde_json::from_str::<Value>(&ann).expect("JSON")["id"]);
    let bearer = format!("Bearer {SERVICE}");
    let headers = |id: &'static str, user: &str| {
        [("authorization", bearer.clone()), ("kith-act-as", user.to_owned()), ("x-request-id", id.to_owned())]
    };
    let ask = |method: &str, path: &str, id: &'static str, user: &str, body: &Value| {
        let headers = headers(id, user);
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        kith.send(method, path, &headers, body).0
    };
    assert_eq!(ask("POST", "/v1/posts", "posting", &ann, &json!({"text": "Hi"})), 201);
    for id in ["read-once", "read-twice", "read-thrice"] {
        assert_eq!(ask("GET", "/v1/feeds/home", id, &ann, &Value::Null), 200);
    }
    let nobody = "x".repeat(24);
    assert_eq!(ask("GET", "/v1/me", "for-nobody", &nobody, &Value::Null), 403);
    let log = kith.log();
    assert!(!log.contains(SERVICE) && !log.contains(HASH), "{log}");
    let lines: Vec<Value> = log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    for (id, user, method, route) in [
        ("posting", &ann, "POST", "/v1/posts"),
        ("read-once", &ann, "GET", "/v1/feeds/home"),
        ("read-twice", &ann, "GET", "/v1/feeds/home"),
        ("read-thrice", &ann, "GET", "/v1/feeds/home"),
        ("for-nobody", &nobody, "GET", "/v1/me"),
    ] {
        let line =
            lines.iter().find(|line| line["request_id"] == id && line["message"] == "request").expect(id);
        assert_eq!((&line["service"], &line["viewer_id"]), (&json!("web"), &json!(user)), "{line}");
        assert_eq!((&line["method"], &line["route"]), (&json!(method), &json!(route)), "{line}");
    }
}

#[test]
fn every_scope_means_something_and_has_a_name_of_its_own() {
    let names: HashSet<_> = Scope::ALL.map(Scope::name).into_iter().collect();
    assert_eq!(names.len(), 4);
    assert_eq!(Scopes::named(names), Scopes::ALL);
    let document = openapi::document();
    let scheme = &document["components"]["securitySchemes"]["scoped"];
    assert_eq!(scheme["type"], "openIdConnect");
    for scope in Scope::ALL {
        assert!(text(&scheme["description"]).contains(scope.meaning()), "{scope}");
    }
}
