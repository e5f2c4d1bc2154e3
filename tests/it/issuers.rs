//! Tokens of other issuers: a real provider that changes its keys and goes away, and one that lies.

mod provider;
pub mod signer;

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use futures_util::future::join_all;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use kith::{config::IssuerConfig, users::queries::FindUserByHandle};
use serde_json::{Value, json};

use crate::support::{Answer, Kith, On, text};
use provider::Provider;
use signer::{Signer, config, jwk, public, secret, signed};

/// How long the tests let pass between two times of asking for keys.
const BRAKE: Duration = Duration::from_millis(300);

async fn kith(on: On, issuers: Vec<IssuerConfig>) -> Kith {
    Kith::with(on, |config| {
        config.auth.issuer_brake = BRAKE;
        config.auth.issuers = issuers;
    })
    .await
}

async fn me(kith: &Kith, token: &str) -> Answer {
    kith.send("GET", "/v1/me", token, Value::Null).await
}

async fn id(kith: &Kith, token: &str) -> String {
    text(&me(kith, token).await.expect(200)["id"])
}

/// Names that no other run of a test has.
fn people(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| format!("{name}_{}", &kith::clock::new_id()[12..])).collect()
}

/// Signs in on the store with tokens of a real provider.
async fn signs_in(on: On) {
    let people = people(&["ann", "bob"]);
    let [ann, bob] = [people[0].as_str(), people[1].as_str()];
    let provider = Provider::start(&people);
    let kith = kith(on, vec![config(&provider.issuer)]).await;
    let mut ids = Vec::new();
    for algorithm in ["RS256", "PS256", "ES256", "EdDSA"] {
        let token = provider.token(ann, algorithm, "read write").await;
        let user = me(&kith, &token).await.expect(200);
        assert_eq!((&user["handle"], &user["name"]), (&json!(ann), &json!(format!("Name of {ann}"))));
        ids.push(text(&user["id"]));
    }
    assert!(ids.iter().all(|id| *id == ids[0]), "each is hers: {ids:?}");
    let [ann, bob] = [provider.token(ann, "RS256", "read").await, provider.token(bob, "ES256", "read").await];
    assert_ne!(id(&kith, &bob).await, ids[0]);
    let post = kith.send("POST", "/v1/posts", &ann, json!({"text": "Hi"})).await.expect(201);
    assert_eq!(post["author"]["id"], ids[0]);
    kith.send("DELETE", &format!("/v1/posts/{}", text(&post["id"])), &bob, Value::Null)
        .await
        .expect_problem(403, "forbidden");
    // A session of ours is what such a token has none of.
    kith.send("DELETE", "/v1/sessions/current", &ann, Value::Null).await.expect_problem(403, "forbidden");
    kith.send("POST", "/v1/sessions", "", json!({"handle": people[0], "password": "correct horse"}))
        .await
        .expect_problem(401, "invalid_credentials");

    // Who is erased and comes again is somebody new; the tokens from before open nothing.
    kith.send("DELETE", "/v1/me", &ann, Value::Null).await.expect(204);
    me(&kith, &ann).await.expect_problem(401, "invalid_token");
    let again = provider.token(&people[0], "RS256", "read").await;
    let user = me(&kith, &again).await.expect(200);
    assert_eq!(user["handle"], json!(people[0]));
    assert!(user["id"] != json!(ids[0]) && user["counts"]["posts"] == 0, "{user}");
    me(&kith, &ann).await.expect_problem(401, "invalid_token");
    assert_eq!(id(&kith, &again).await, text(&user["id"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_of_a_real_provider_sign_in_on_the_embedded_graph() {
    signs_in(On::Embedded).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_of_a_real_provider_sign_in_on_neo4j() {
    signs_in(On::Neo4j).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_changes_its_keys_while_it_runs() {
    let people = people(&["ann"]);
    let provider = Provider::start(&people);
    let kith = Kith::with(On::Embedded, |all| {
        all.auth.issuer_brake = BRAKE;
        all.auth.issuer_refresh = BRAKE * 2;
        all.auth.issuers = vec![config(&provider.issuer)];
    })
    .await;
    let token = async || provider.token(&people[0], "RS256", "read").await;
    let (first, unseen) = (token().await, token().await);
    let ann = id(&kith, &first).await;
    provider.rotate().await;
    tokio::time::sleep(BRAKE).await;
    let second = token().await;
    assert_eq!(id(&kith, &second).await, ann, "a new key is found");
    assert_eq!(id(&kith, &unseen).await, ann, "the one before it is still there");
    provider.replace().await;
    // A token that was found good before is so no longer than its key is there.
    let mut answer = me(&kith, &first).await;
    for _ in 0..50 {
        if answer.status == 401 {
            break;
        }
        tokio::time::sleep(BRAKE / 3).await;
        answer = me(&kith, &first).await;
    }
    answer.expect_problem(401, "invalid_token");
    me(&kith, &second).await.expect_problem(401, "invalid_token");
    tokio::time::sleep(BRAKE).await;
    assert_eq!(id(&kith, &token().await).await, ann);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_goes_away_and_comes_back() {
    let people = people(&["ann", "bob"]);
    let mut provider = Provider::start(&people);
    let (knows, never_asked) = (
        kith(On::Embedded, vec![config(&provider.issuer)]).await,
        kith(On::Embedded, vec![config(&provider.issuer)]).await,
    );
    let ann = provider.token(&people[0], "ES256", "read").await;
    let bob = provider.token(&people[1], "ES256", "read").await;
    let ann_of_knows = id(&knows, &ann).await;
    let other = provider.token(&people[0], "ES256", "read").await;
    provider.stop();
    tokio::time::sleep(BRAKE).await;
    // Known keys stay good, for known tokens and for new ones.
    for token in [&ann, &other] {
        assert_eq!(id(&knows, token).await, ann_of_knows);
    }
    id(&knows, &bob).await;
    let answer = me(&never_asked, &ann).await;
    assert!(answer.header("retry-after").parse::<u64>().is_ok_and(|wait| wait >= 1), "{answer:?}");
    answer.expect_problem(503, "issuer_unavailable");
    // Nobody but those with such a token notices.
    never_asked.get("/v1/feeds/public", "").await;
    let local = never_asked.person("local").await;
    never_asked.get("/v1/me", &local.token).await;
    provider.start_again();
    tokio::time::sleep(BRAKE).await;
    id(&never_asked, &ann).await;
    id(&knows, &provider.token(&people[0], "PS256", "read").await).await;
    // What nobody had asked for is asked for once.
    assert_eq!(provider.count().await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_of_a_provider_that_is_gone_are_good_for_a_while_and_no_longer() {
    let signer = Signer::start().await;
    let kith = Kith::with(On::Embedded, |all| {
        all.auth.issuer_brake = BRAKE;
        all.auth.issuer_refresh = BRAKE;
        all.auth.issuer_max_age = Duration::from_secs(2);
        all.auth.issuers = vec![signer.config()];
    })
    .await;
    let token = signer.token("ann");
    id(&kith, &token).await;
    signer.answers("500 Oh");
    tokio::time::sleep(BRAKE * 2).await;
    id(&kith, &token).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    me(&kith, &token).await.expect_problem(503, "issuer_unavailable");
    signer.answers("200 OK");
    tokio::time::sleep(BRAKE).await;
    id(&kith, &token).await;
}

/// Tokens that look like that of somebody, each with a name. The issuer `lies` is not configured.
fn forgeries(signer: &Signer, lies: &Signer) -> Vec<(&'static str, String)> {
    let now = jsonwebtoken::get_current_timestamp();
    let claims = signer.claims("ann");
    let good = signer.token("ann");
    let [head, payload, seal] = good.split('.').collect::<Vec<_>>()[..] else { panic!("three parts") };
    let alg = |alg: &str| URL_SAFE_NO_PAD.encode(json!({"alg": alg, "typ": "JWT", "kid": "one"}).to_string());
    let symmetric = |key: &[u8]| {
        let header = Header { kid: Some("one".to_owned()), ..Header::new(Algorithm::HS256) };
        jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(key)).expect("a token")
    };
    let critical = {
        let mut header = Header::new(Algorithm::EdDSA);
        (header.kid, header.crit) = (Some("one".to_owned()), Some(vec!["exp".to_owned()]));
        jsonwebtoken::encode(&header, &claims, &secret(1)).expect("a token")
    };
    let set = |name: &'static str, value: Value| signer.with("ann", |claims| claims[name] = value);
    let without = |name: &'static str| {
        signer.with("ann", |claims| {
            claims.as_object_mut().expect("claims").remove(name);
        })
    };
    vec![
        ("expired", set("exp", json!(now - 61))),
        ("no expiry", without("exp")),
        ("an expiry of text", set("exp", json!((now + 600).to_string()))),
        ("not yet", set("nbf", json!(now + 70))),
        ("not yet, as text", set("nbf", json!((now + 70).to_string()))),
        ("another audience", set("aud", json!("other"))),
        ("other audiences", set("aud", json!(["other", "kith2"]))),
        ("no audience", without("aud")),
        ("another issuer", set("iss", json!("https://id.example.org"))),
        ("our own name", set("iss", json!("kith"))),
        ("an issuer that is not configured", lies.token("ann")),
        ("no issuer", without("iss")),
        ("several issuers", set("iss", json!([signer.url]))),
        ("no subject", without("sub")),
        ("an empty subject", set("sub", json!(""))),
        ("a subject of number", set("sub", json!(7))),
        ("none", format!("{}.{payload}.", alg("none"))),
        ("None", format!("{}.{payload}.{seal}", alg("None"))),
        ("RS256 in name", format!("{}.{payload}.{seal}", alg("RS256"))),
        ("HS256 in name", format!("{}.{payload}.{seal}", alg("HS256"))),
        ("HS256 by the public key", symmetric(&public(1))),
        ("HS256 by the public key as text", symmetric(URL_SAFE_NO_PAD.encode(public(1)).as_bytes())),
        ("another key under its name", signed(&claims, Some("one"), 2)),
        ("a key for something else", signed(&claims, Some("for encryption"), 3)),
        ("an octet key", {
            let mut header = Header::new(Algorithm::HS256);
            header.kid = Some("octets".to_owned());
            jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(b"secret")).expect("a token")
        }),
        ("another key's name", signed(&claims, Some("two"), 1)),
        ("no key's name where there are several", signed(&claims, None, 1)),
        ("what must be understood", critical),
        ("no signature", format!("{head}.{payload}.")),
        ("two parts", format!("{head}.{payload}")),
        ("four parts", format!("{good}.{seal}")),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forged_token_opens_nothing_and_makes_nobody() {
    let (signer, lies) = (Signer::start().await, Signer::start().await);
    let mut encryption = jwk(3, "for encryption");
    encryption["use"] = json!("enc");
    let octets = json!({"kty": "oct", "kid": "octets", "k": URL_SAFE_NO_PAD.encode("secret")});
    let odd = json!({"kty": "??", "kid": "odd"});
    signer.has_keys(&[jwk(1, "one"), jwk(4, "two"), encryption, octets, odd]);
    let kith = kith(On::Embedded, vec![signer.config()]).await;
    for (name, token) in forgeries(&signer, &lies) {
        for path in ["/v1/me", "/v1/feeds/public"] {
            let answer = kith.send("GET", path, &token, Value::Null).await;
            assert_eq!(answer.status, 401, "{name}: {}", answer.text);
            assert_eq!(answer.header("www-authenticate"), "Bearer error=\"invalid_token\"", "{name}");
        }
    }
    let found = kith.app.store.run(&FindUserByHandle { handle: "ann".to_owned() }).await.expect("an answer");
    assert!(found.is_empty(), "nobody came of all that");
    assert_eq!(lies.asked(), 0, "who is not configured is not asked");

    let now = jsonwebtoken::get_current_timestamp();
    for (name, token) in [
        ("just expired", signer.with("ann", |claims| claims["exp"] = json!(now - 50))),
        ("good in a moment", signer.with("ann", |claims| claims["nbf"] = json!(now + 50))),
        ("several audiences", signer.with("ann", |claims| claims["aud"] = json!(["other", "kith"]))),
    ] {
        assert_eq!(me(&kith, &token).await.status, 200, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_was_good_ends_when_it_expires() {
    let signer = Signer::start().await;
    let kith = kith(On::Embedded, vec![signer.config()]).await;
    let end = jsonwebtoken::get_current_timestamp() + 2;
    let token = signer.with("ann", |claims| claims["exp"] = json!(end - 60));
    // The answer is kept as well.
    for _ in 0..3 {
        kith.get("/v1/feeds/public", &token).await;
    }
    tokio::time::sleep(Duration::from_millis(2100)).await;
    kith.send("GET", "/v1/feeds/public", &token, Value::Null).await.expect_problem(401, "invalid_token");
    assert_eq!(signer.asked(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_issuer_is_asked_once_however_many_unknown_keys_are_named() {
    let signer = Signer::start().await;
    let kith = Kith::with(On::Embedded, |all| all.auth.issuers = vec![signer.config()]).await;
    let flood = async || {
        let tokens: Vec<_> =
            (0..100).map(|n| signed(&signer.claims("ann"), Some(&format!("unknown {n}")), 1)).collect();
        let answers = join_all(tokens.iter().map(|token| me(&kith, token))).await;
        answers.into_iter().map(|answer| answer.status).collect::<Vec<_>>()
    };
    assert_eq!(flood().await, [401; 100]);
    assert_eq!(flood().await, [401; 100]);
    assert_eq!(signer.asked(), 1);
    // A good one is served meanwhile.
    id(&kith, &signer.token("ann")).await;
    assert_eq!(signer.asked(), 1);
    // The same of one that is down: it is asked once, and nobody can say whether those are good.
    let down = Signer::start().await;
    down.answers("503 No");
    let kith = Kith::with(On::Embedded, |all| all.auth.issuers = vec![down.config()]).await;
    let tokens: Vec<_> = (0..50).map(|n| down.token(&format!("ann{n}"))).collect();
    for answer in join_all(tokens.iter().map(|token| me(&kith, token))).await {
        answer.expect_problem(503, "issuer_unavailable");
    }
    assert_eq!(down.asked(), 0, "its discovery document is what it refused");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_issuer_that_lies_is_not_believed() {
    let refused = async |what: &str, change: &dyn Fn(&Signer)| {
        let signer = Signer::start().await;
        change(&signer);
        let kith = kith(On::Embedded, vec![signer.config()]).await;
        let answer = me(&kith, &signer.token("ann")).await;
        assert_eq!(answer.status, 503, "{what}: {}", answer.text);
        answer.expect_problem(503, "issuer_unavailable");
    };
    refused("another name", &|signer| signer.discovers("issuer", json!(format!("{}/", signer.url)))).await;
    refused("no name", &|signer| signer.discovers("issuer", Value::Null)).await;
    refused("keys over plain HTTP", &|signer| {
        signer.discovers("jwks_uri", json!("http://id.example.com/keys"));
    })
    .await;
    refused("keys in a file", &|signer| signer.discovers("jwks_uri", json!("file:///etc/passwd"))).await;
    refused("too long", &|signer| {
        signer.has_keys(&vec![jwk(1, "one"); 3000]);
    })
    .await;
    refused("no key", &|signer| signer.has_keys(&[])).await;
    refused("a redirect", &|signer| {
        let other = signer.url.clone();
        signer.answers(&format!("302 Found\r\nlocation: {other}/keys"));
    })
    .await;
}

/// However many come at once with the first tokens of somebody, they make one account.
async fn first_requests_at_once(on: On) {
    let signer = Signer::start().await;
    let people = people(&["ann", "bob"]);
    let kith = kith(on, vec![signer.config()]).await;
    for person in &people {
        let now = jsonwebtoken::get_current_timestamp();
        let tokens: Vec<_> =
            (0..8).map(|n| signer.with(person, |claims| claims["exp"] = json!(now + 500 + n))).collect();
        let ids = join_all(tokens.iter().map(|token| id(&kith, token))).await;
        assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
        kith.get(&format!("/v1/users/@{person}"), "").await;
    }
    // Somebody else with the same wish gets another handle.
    let other = signer.with(&format!("{}_2", people[0]), |claims| {
        claims["preferred_username"] = json!(people[0].to_uppercase());
    });
    let other = me(&kith, &other).await.expect(200);
    let handle = text(&other["handle"]);
    assert!(
        handle.starts_with(&format!("{}_", people[0])) && handle.len() == people[0].len() + 5,
        "{handle}"
    );
    // The same subject of another issuer is somebody else.
    let second = Signer::start().await;
    let both = Kith::with(on, |all| {
        all.auth.issuers = vec![signer.config(), second.config()];
    })
    .await;
    assert_ne!(id(&both, &signer.token(&people[1])).await, id(&both, &second.token(&people[1])).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn first_requests_at_once_make_one_account_on_the_embedded_graph() {
    first_requests_at_once(On::Embedded).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn first_requests_at_once_make_one_account_on_neo4j() {
    first_requests_at_once(On::Neo4j).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_kept_for_one_person_is_not_served_to_another() {
    let signer = Signer::start().await;
    let kith = kith(On::Embedded, vec![signer.config()]).await;
    let [ann, bob] = [signer.token("ann"), signer.token("bob")];
    let path = format!("/v1/users/{}", id(&kith, &ann).await);
    for _ in 0..3 {
        assert_eq!(kith.get(&path, &bob).await["viewer"]["following"], false);
    }
    kith.send("PUT", &format!("{path}/follow"), &bob, Value::Null).await.expect(200);
    for _ in 0..3 {
        assert_eq!(kith.get(&path, &bob).await["viewer"]["following"], true);
        assert_eq!(kith.get(&path, &ann).await["viewer"]["following"], false);
        assert_eq!(kith.get(&path, "").await["viewer"], Value::Null);
    }
}
