//! Whoever has no right gets in by no token, and what was let in once can be put out.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::SigningKey;
use futures_util::future::join_all;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use kith::{
    auth::{Keys, Tokens},
    clock::Timestamp,
    config::Secret,
};
use serde_json::{Value, json};
use std::time::Duration;

use crate::{
    access::{World, body},
    crash::server::Server,
    openapi,
    problems::problem,
    support::{Answer, Kith, On, Person, on_both_stores, text},
};

/// The secret that tests configure.
const SECRET: [u8; 32] = [0; 32];

/// The PKCS #8 document of that secret as an Ed25519 key.
fn own_key() -> EncodingKey {
    let prefix =
        [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
    EncodingKey::from_ed_der(&[&prefix[..], &SECRET].concat())
}

fn encoded(part: &Value) -> String {
    URL_SAFE_NO_PAD.encode(part.to_string())
}

/// A token that Kith would take but for what `change` does to its claims, signed with Kith's own key.
fn own_with(kith: &Kith, who: &Person, change: impl FnOnce(&mut Value)) -> String {
    let header = jsonwebtoken::decode_header(&who.token).expect("a header");
    let claims = kith.app.tokens.verify(&who.token).expect("a token");
    let mut claims = serde_json::to_value(claims).expect("JSON");
    change(&mut claims);
    jsonwebtoken::encode(&header, &claims, &own_key()).expect("a token")
}

/// Tokens that look like that of somebody, each with a name.
fn forgeries(kith: &Kith, who: &Person) -> Vec<(&'static str, String)> {
    let tokens = &kith.app.tokens;
    let claims = tokens.verify(&who.token).expect("a token");
    let header = jsonwebtoken::decode_header(&who.token).expect("a header");
    let now = kith.app.clock.now();
    let [head, payload, seal] = who.token.split('.').collect::<Vec<_>>()[..] else { panic!("three parts") };
    let others = Tokens::new(&Keys::of([7; 32]), Duration::from_mins(1));
    let others_token = others.issue(&claims.sub, &claims.sid, now).expect("a token");
    let others_seal = others_token.rsplit('.').next().expect("a signature").to_owned();
    let others_payload = others_token.split('.').nth(1).expect("claims").to_owned();
    let mut hs256 = Header::new(Algorithm::HS256);
    hs256.kid.clone_from(&header.kid);
    let public = SigningKey::from_bytes(&SECRET).verifying_key().to_bytes();
    let symmetric =
        |key: &[u8]| jsonwebtoken::encode(&hs256, &claims, &EncodingKey::from_secret(key)).expect("a token");
    let by_public = symmetric(&public);
    let by_public_text = symmetric(URL_SAFE_NO_PAD.encode(public).as_bytes());
    let by_secret = symmetric(&SECRET);
    let alg = |alg: &str| encoded(&json!({"alg": alg, "typ": "JWT", "kid": header.kid}));
    let keyed = |kid: Option<&str>| {
        let header = Header { kid: kid.map(str::to_owned), ..header.clone() };
        jsonwebtoken::encode(&header, &claims, &own_key()).expect("a token")
    };
    let of_another = serde_json::to_value(&claims).map(|mut claims| {
        claims["sub"] = json!("x".repeat(24));
        claims
    });
    let of_another = encoded(&of_another.expect("JSON"));
    vec![
        ("garbage", "garbage".to_owned()),
        ("three letters", "a.b.c".to_owned()),
        ("dots", "..".to_owned()),
        ("no signature", format!("{head}.{payload}")),
        ("an empty signature", format!("{head}.{payload}.")),
        ("truncated", who.token[..who.token.len() - 4].to_owned()),
        ("longer", format!("{}x", who.token)),
        ("four parts", format!("{}.{seal}", who.token)),
        ("another key", others_token.clone()),
        ("another key under our key's name", format!("{head}.{others_payload}.{others_seal}")),
        ("our signature under other claims", format!("{head}.{of_another}.{seal}")),
        ("none", format!("{}.{payload}.", alg("none"))),
        ("None", format!("{}.{payload}.{seal}", alg("None"))),
        ("HS256 in name", format!("{}.{payload}.{seal}", alg("HS256"))),
        ("ES256 in name", format!("{}.{payload}.{seal}", alg("ES256"))),
        ("HS256 by the public key", by_public),
        ("HS256 by the public key as text", by_public_text),
        ("HS256 by the secret", by_secret),
        ("another key's name", keyed(Some("AAAAAAAAAAAAAAAA"))),
        ("no key's name", keyed(None)),
        ("another audience", own_with(kith, who, |claims| claims["aud"] = json!("other"))),
        ("several audiences", own_with(kith, who, |claims| claims["aud"] = json!(["other", "another"]))),
        ("no audience", own_with(kith, who, |claims| claims["aud"] = Value::Null)),
        ("another issuer", own_with(kith, who, |claims| claims["iss"] = json!("https://example.org"))),
        ("no expiry", own_with(kith, who, |claims| claims["exp"] = Value::Null)),
        ("an expiry of text", own_with(kith, who, |claims| claims["exp"] = json!("9999999999"))),
        (
            "expired",
            tokens.issue(&claims.sub, &claims.sid, Timestamp(now.0 - kith::clock::DAY)).expect("a token"),
        ),
        ("another's session", tokens.issue(&"x".repeat(24), &claims.sid, now).expect("a token")),
        ("no session", tokens.issue(&claims.sub, "no-such-session", now).expect("a token")),
    ]
}

/// Puts somebody's session out, and their account, and answers with tokens that were good until then.
async fn put_out(kith: &Kith) -> Vec<(&'static str, String)> {
    let (left, gone) = (kith.person("left").await, kith.person("gone").await);
    // Kith remembers sessions for a moment: these are remembered as good.
    for person in [&left, &gone] {
        kith.get("/v1/me", &person.token).await;
    }
    kith.send("DELETE", "/v1/sessions/current", &left.token, Value::Null).await.expect(204);
    kith.send("DELETE", "/v1/me", &gone.token, Value::Null).await.expect(204);
    vec![("a session that ended", left.token), ("an account that is gone", gone.token)]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_is_not_valid_opens_nothing_and_changes_nothing() {
    let world = World::new().await;
    let (kith, owner) = (&world.kith, &world.owner);
    let mut tokens = forgeries(kith, owner);
    // What makes the others is good as long as nothing is changed.
    let good = own_with(kith, owner, |_| {});
    assert_eq!(kith.get("/v1/me", &good).await["id"], json!(owner.id));
    tokens.extend(put_out(kith).await);
    let read = async || {
        let paths =
            [world.path("/v1/posts/{id}", ""), world.path("/v1/comments/{id}", ""), "/v1/me".to_owned()];
        join_all(paths.iter().map(|path| kith.get(path, &owner.token))).await
    };
    let before = read().await;
    let document = openapi::document();
    let operations = openapi::operations(&document);
    let operations: Vec<_> = operations
        .iter()
        .filter(|(_, _, operation)| operation["security"].as_array().is_some_and(|all| !all.is_empty()))
        .collect();
    assert!(operations.len() > 40, "{} operations take a token", operations.len());
    for (name, token) in &tokens {
        for (method, template, operation) in &operations {
            let id = operation["operationId"].as_str().expect("an id");
            let path = world.path(template, id);
            let answer = kith.send(&method.to_uppercase(), &path, token, body(id)).await;
            assert_eq!(answer.status, 401, "{name}: {id}: {}", answer.text);
            assert_eq!(answer.header("www-authenticate"), "Bearer error=\"invalid_token\"", "{name}: {id}");
            problem(answer, path.split('?').next().expect("a path"), 401, "invalid_token");
        }
    }
    assert_eq!(read().await, before);
    for value in ["Basic YTpi", "Bearer", "Bearer ", &owner.token, "bearer\t"] {
        let answer = kith.send_with("GET", "/v1/me", "", Value::Null, &[("authorization", value)]).await;
        problem(answer, "/v1/me", 401, "invalid_token");
    }
    let stranger = kith.send("GET", "/v1/me", "", Value::Null).await;
    assert_eq!(stranger.header("www-authenticate"), "Bearer");
    problem(stranger, "/v1/me", 401, "unauthenticated");
    let spelt = format!("bEaReR {}", owner.token);
    kith.send_with("GET", "/v1/me", "", Value::Null, &[("authorization", &spelt)]).await.expect(200);
}

async fn refresh(kith: &Kith, token: &str) -> Answer {
    kith.send("POST", "/v1/sessions/refresh", "", json!({"refresh_token": token})).await
}

on_both_stores! {
    /// However many come with one refresh token at once, one of them gets the next, and then nobody has anything.
    async fn a_refresh_token_used_twice_ends_all_that_came_of_it(kith: &Kith) {
        let ann = kith.person("ann").await;
        let login = json!({"handle": ann.handle, "password": "correct horse"});
        let mut chain = vec![kith.send("POST", "/v1/sessions", "", login).await.expect(200)];
        for _ in 0..3 {
            let newest = text(&chain[chain.len() - 1]["refresh_token"]);
            chain.push(refresh(kith, &newest).await.expect(200));
        }
        let newest = text(&chain[3]["refresh_token"]);
        let answers = join_all((0..6).map(|_| refresh(kith, &newest))).await;
        for answer in answers {
            if answer.status == 200 {
                chain.push(answer.expect(200));
            } else {
                answer.expect_problem(401, "invalid_credentials");
            }
        }
        assert_eq!(chain.len(), 5, "one of them is the first");
        for tokens in &chain {
            refresh(kith, &text(&tokens["refresh_token"])).await.expect_problem(401, "invalid_credentials");
            let answer = kith.send("GET", "/v1/me", &text(&tokens["access_token"]), Value::Null).await;
            answer.expect_problem(401, "invalid_token");
        }
        // Another session of hers is none of that.
        kith.get("/v1/me", &ann.token).await;
        for garbage in ["x", "é", &"A".repeat(43), &"A".repeat(10_000), &ann.token] {
            refresh(kith, garbage).await.expect_problem(401, "invalid_credentials");
        }
    }

    /// But for what names the one request, and for the time, which the next test is about.
    async fn a_log_in_does_not_tell_who_is_there(kith: &Kith) {
        let (ann, gone) = (kith.person("ann").await, kith.person("gone").await);
        kith.send("DELETE", "/v1/me", &gone.token, Value::Null).await.expect(204);
        let newcomer = kith.newcomer("nopassword").await;
        let mut answers = Vec::new();
        for handle in [&ann.handle, &gone.handle, &newcomer.handle, "nobody_at_all", "", "@", "a b", "\0", "%"] {
            let login = json!({"handle": handle, "password": "wrong horse."});
            let headers = [("x-request-id", "same")];
            let answer = kith.send_with("POST", "/v1/sessions", "", login, &headers).await;
            assert_eq!(answer.status, 401, "{handle}: {}", answer.text);
            answers.push((answer.headers, answer.text));
        }
        for answer in &answers {
            assert_eq!(answer, &answers[0]);
        }
    }
}

/// The work is the time: a password is hashed for whoever knocks, and at the same cost (`src/auth/passwords.rs` has the
/// test of that).
#[test]
fn a_log_in_hashes_once_whether_or_not_somebody_is_there() {
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let server = Server::start(folder.path());
    server.register("ann");
    let hashes = || {
        let metrics = server.text("/metrics");
        let line =
            metrics.lines().find_map(|line| line.strip_prefix("kith_password_hash_duration_seconds_count "));
        line.expect("a metric").parse::<u64>().expect("a number")
    };
    for handle in ["ann", "nobody", "nobody", "@ann", "somebody"] {
        let before = hashes();
        let login = json!({"handle": handle, "password": "wrong horse."});
        server.send("POST", "/v1/sessions", "", &[], &login).expect(401);
        assert_eq!(hashes() - before, 1, "{handle}");
    }
}

/// A page that is kept, asked for again and again by the same token, is answered by the shortest way there is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_ends_opens_nothing_from_then_on_however_often_it_was_just_used() {
    let kith = Kith::start(On::Embedded).await;
    let ann = kith.person("ann").await;
    kith.post(&ann, "hello").await;
    let new = json!({"name": "a program", "scopes": ["read"]});
    let personal = kith.send("POST", "/v1/me/tokens", &ann.token, new).await.expect(201);
    let status = async |token: &str| kith.send("GET", "/v1/feeds/home", token, Value::Null).await.status;
    let token = text(&personal["token"]);
    for _ in 0..5 {
        assert_eq!((status(&ann.token).await, status(&token).await), (200, 200));
    }
    let path = format!("/v1/me/tokens/{}", text(&personal["id"]));
    kith.send("DELETE", &path, &ann.token, Value::Null).await.expect(204);
    assert_eq!((status(&ann.token).await, status(&token).await), (200, 401));
    let login = json!({"handle": ann.handle, "password": "correct horse"});
    let other = text(&kith.send("POST", "/v1/sessions", "", login).await.expect(200)["access_token"]);
    assert_eq!((status(&ann.token).await, status(&other).await), (200, 200));
    kith.send("DELETE", "/v1/sessions/current", &ann.token, Value::Null).await.expect(204);
    assert_eq!((status(&ann.token).await, status(&other).await), (401, 200));
}

/// Each step of a change of the signing key is looked at from an instance before it and one after it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_signing_key_changes_and_nobody_is_locked_out() {
    let key = |byte: u8| URL_SAFE_NO_PAD.encode([byte; 32]);
    let with = async |signing: u8, others: &[u8]| {
        let others: Vec<String> = others.iter().map(|byte| key(*byte)).collect();
        Kith::with(On::Neo4j, |config| {
            config.auth.signing_key = Secret::new(key(signing));
            config.auth.other_keys = Secret::new(others.join(", "));
            config.auth.sealing_key = Secret::new(key(1));
        })
        .await
    };
    let is_good = async |kith: &Kith, token: &str| {
        let answer = kith.send("GET", "/v1/me", token, Value::Null).await;
        assert!(answer.status == 200 || answer.status == 401, "{}", answer.text);
        answer.status == 200
    };
    let (first, told, changed, last) =
        (with(1, &[]).await, with(1, &[2]).await, with(2, &[1]).await, with(2, &[]).await);
    let ann = first.newcomer("ann").await;
    let signed = |kith: &Kith| {
        let claims = first.app.tokens.verify(&ann.token).expect("a token");
        kith.app.tokens.issue(&claims.sub, &claims.sid, kith.app.clock.now()).expect("a token")
    };
    for token in [signed(&first), signed(&told)] {
        assert!(
            is_good(&first, &token).await && is_good(&told, &token).await && is_good(&changed, &token).await
        );
        assert!(!is_good(&last, &token).await);
    }
    for token in [signed(&changed), signed(&last)] {
        assert!(!is_good(&first, &token).await, "it was not told of the next key");
        assert!(
            is_good(&told, &token).await && is_good(&changed, &token).await && is_good(&last, &token).await
        );
    }

    // Others find the key of a token among the public ones, and no secret.
    let keys = changed.send("GET", "/.well-known/jwks.json", "", Value::Null).await;
    assert_eq!(keys.header("cache-control"), "public, max-age=300");
    let keys: jsonwebtoken::jwk::JwkSet = serde_json::from_str(&keys.text).expect("a key set");
    assert_eq!(keys.keys.len(), 2);
    for token in [signed(&first), signed(&changed)] {
        let id = jsonwebtoken::decode_header(&token).expect("a header").kid.expect("a key's id");
        let key = jsonwebtoken::DecodingKey::from_jwk(keys.find(&id).expect("the key")).expect("a key");
        let mut validation = jsonwebtoken::Validation::new(Algorithm::EdDSA);
        validation.set_audience(&["kith"]);
        let claims: Value = jsonwebtoken::decode(&token, &key, &validation).expect("a signature").claims;
        assert_eq!(claims["sub"], ann.id);
    }

    // What else is sealed stays as it was.
    for text in ["One", "Two"] {
        first.post(&ann, text).await;
    }
    let path = format!("/v1/users/{}/posts?limit=1", ann.id);
    let cursor = text(&first.get(&path, "").await["next_cursor"]);
    let rest = last.get(&format!("{path}&cursor={cursor}"), "").await;
    assert_eq!(rest["items"][0]["post"]["text"], "One");
}
