//! The form of answers that are kept: coded, named by entity tags, and open to shared caches or not.

use std::{io::Read, time::Duration};

use serde_json::Value;

use crate::support::{Kith, On};

/// A page of more than a kilobyte.
async fn page(kith: &Kith) -> String {
    let ann = kith.newcomer("ann").await;
    for number in 0..6 {
        kith.post(&ann, &format!("Post {number} {}", "and more ".repeat(10))).await;
    }
    format!("/v1/users/{}/posts", ann.id)
}

#[tokio::test]
async fn a_page_is_sent_in_the_coding_that_is_asked_for_and_each_has_its_tag() {
    let kith = Kith::start(On::Embedded).await;
    let path = page(&kith).await;
    let (headers, plain) = kith.bytes(&path, "", &[]).await;
    let tag = headers["etag"].to_str().expect("a tag").to_owned();
    assert!(plain.len() > 1024 && !headers.contains_key("content-encoding"));
    assert_eq!(headers["vary"], "Accept-Encoding, Authorization, Kith-Act-As");

    // Twice: as it is made, and as it is kept.
    for _ in 0..2 {
        for (accepted, coding) in [("gzip, deflate, br", "br"), ("gzip", "gzip")] {
            let (headers, coded) = kith.bytes(&path, "", &[("accept-encoding", accepted)]).await;
            assert_eq!(
                (&headers["content-encoding"], &headers["vary"]),
                (&coding.parse().unwrap(), &"Accept-Encoding, Authorization, Kith-Act-As".parse().unwrap())
            );
            assert!(coded.len() < plain.len() / 2, "{} of {}", coded.len(), plain.len());
            let mut decoded = Vec::new();
            if coding == "br" {
                brotli::BrotliDecompress(&mut &*coded, &mut decoded).expect("brotli");
            } else {
                flate2::read::GzDecoder::new(&*coded).read_to_end(&mut decoded).expect("gzip");
            }
            assert_eq!(decoded, plain);
            // A tag of its own, that is known again in the same coding and in no other.
            let coded_tag = headers["etag"].to_str().expect("a tag").to_owned();
            assert_eq!(coded_tag, format!("{}-{coding}\"", tag.trim_end_matches('"')));
            let asked = async |accepted: &str, tag: &str| {
                let headers = [("accept-encoding", accepted), ("if-none-match", tag)];
                kith.send_with("GET", &path, "", Value::Null, &headers).await
            };
            let known = asked(accepted, &coded_tag).await;
            assert_eq!(
                (known.status, known.header("etag"), known.text.as_str()),
                (304, coded_tag.as_str(), "")
            );
            assert_eq!(asked("identity", &coded_tag).await.status, 200);
        }
    }
    let head = kith.send_with("HEAD", &path, "", Value::Null, &[("accept-encoding", "gzip")]).await;
    assert_eq!((head.status, head.header("content-encoding"), head.text.as_str()), (200, "gzip", ""));
    assert!(head.header("content-length").parse::<usize>().is_ok_and(|length| length < plain.len() / 2));

    // A change is compared with the revision, whatever the coding was in which it was read.
    let ann = kith.newcomer("ann2").await;
    let long = "and more ".repeat(25);
    let post = kith.post(&ann, &long).await;
    let path = format!("/v1/posts/{}", post["id"].as_str().expect("an id"));
    let (headers, _) = kith.bytes(&path, "", &[("accept-encoding", "br")]).await;
    let tag = headers["etag"].to_str().expect("a tag");
    let edit = serde_json::json!({"text": "Edited"});
    kith.send_with("PATCH", &path, &ann.token, edit.clone(), &[("if-match", tag)]).await.expect(200);
    kith.send_with("PATCH", &path, &ann.token, edit, &[("if-match", tag)])
        .await
        .expect_problem(412, "precondition_failed");
}

#[tokio::test]
async fn shared_caches_may_keep_what_strangers_get_and_nothing_else() {
    let kith = Kith::with(On::Embedded, |config| config.cdn.max_age = Some(Duration::from_mins(2))).await;
    let path = page(&kith).await;
    let answer = kith.send("GET", &path, "", Value::Null).await;
    let tag = answer.header("etag").to_owned();
    for (name, value) in [
        ("cache-control", "public, max-age=0, s-maxage=120"),
        ("vary", "Accept-Encoding, Authorization, Kith-Act-As"),
    ] {
        assert_eq!(answer.header(name), value);
    }
    let keys = answer.header("surrogate-key").to_owned();
    assert!(keys.starts_with("kith ") && keys.split(' ').count() > 3, "{keys}");
    let known = kith.send_with("GET", &path, "", Value::Null, &[("if-none-match", &tag)]).await;
    assert_eq!((known.status, known.header("surrogate-key")), (304, keys.as_str()));
    assert_eq!(known.header("cache-control"), "public, max-age=0, s-maxage=120");

    let bob = kith.newcomer("bob").await;
    for (path, token) in [
        (path.as_str(), bob.token.as_str()),
        ("/v1/feeds/home", bob.token.as_str()),
        // A token that is none, and what is not there.
        (path.as_str(), "none"),
        ("/v1/posts/a00000000000000000000000", ""),
        ("/v1/users?ids=", ""),
    ] {
        let answer = kith.send("GET", path, token, Value::Null).await;
        let who = answer.header("cache-control");
        assert!(who.starts_with("private") || who == "no-store", "{path}: {who}");
        assert_eq!(answer.header("surrogate-key"), "", "{path}");
    }
    // Unless it is told of one, Kith lets no shared cache keep anything.
    let kith = Kith::start(On::Embedded).await;
    let path = page(&kith).await;
    let answer = kith.send("GET", &path, "", Value::Null).await;
    assert_eq!((answer.header("cache-control"), answer.header("surrogate-key")), ("private, no-cache", ""));
}

/// A request that was answered before is known by its head alone: whatever in a head changes the answer still does.
#[tokio::test]
async fn a_request_that_is_repeated_is_answered_as_it_was_and_only_while_that_is_right() {
    let kith = Kith::start(On::Embedded).await;
    let (ann, bob) = (kith.newcomer("ann").await, kith.newcomer("bob").await);
    kith.post(&ann, "First").await;
    let get = async |token: &str, headers: &[(&str, &str)]| {
        kith.send_with("GET", "/v1/feeds/public?limit=1", token, Value::Null, headers).await
    };
    kith.send("POST", "/v1/posts", &ann.token, serde_json::json!({"text": "Second"})).await.expect(201);
    for token in ["", &ann.token, &bob.token] {
        let made = get(token, &[]).await;
        assert_eq!(made.json()["items"][0]["post"]["viewer"].is_null(), token.is_empty());
        for id in ["one", "two"] {
            let again = get(token, &[("x-request-id", id)]).await;
            assert_eq!((again.status, &again.text, again.header("x-request-id")), (200, &made.text, id));
            for name in ["etag", "link", "vary", "cache-control", "content-type", "x-content-type-options"] {
                assert!(!made.header(name).is_empty() && again.header(name) == made.header(name), "{name}");
            }
            let known = get(token, &[("if-none-match", made.header("etag"))]).await;
            assert_eq!((known.status, known.text.as_str(), known.header("content-type")), (304, "", ""));
            assert_eq!(known.header("etag"), made.header("etag"));
        }
        let other = kith.send("GET", "/v1/feeds/public?limit=2", token, Value::Null).await;
        assert_eq!(other.json()["items"].as_array().map(Vec::len), Some(2));
    }

    let liked = get(&bob.token, &[]).await.json()["items"][0]["post"]["id"].clone();
    let path = format!("/v1/posts/{}/like", liked.as_str().expect("an id"));
    kith.send("PUT", &path, &bob.token, Value::Null).await.expect(200);
    for (token, is_liked) in [(&bob.token, true), (&ann.token, false)] {
        let post = get(token, &[]).await.json()["items"][0]["post"].take();
        assert_eq!(
            (post["counts"]["likes"].as_i64(), post["viewer"]["liked"].as_bool()),
            (Some(1), Some(is_liked))
        );
    }
    kith.send("DELETE", "/v1/sessions/current", &bob.token, Value::Null).await.expect(204);
    get(&bob.token, &[]).await.expect_problem(401, "invalid_token");
    get(&ann.token, &[]).await.expect(200);
}

#[tokio::test]
async fn pages_of_the_origins_that_are_named_may_use_the_api_and_no_others() {
    let named = "https://app.example.com";
    let kith = Kith::with(On::Embedded, |config| config.http.cors_origins = named.to_owned()).await;
    let ann = kith.newcomer("ann").await;
    let preflight = async |kith: &Kith, origin: &str| {
        let headers = [("origin", origin), ("access-control-request-method", "PUT")];
        kith.send_with("OPTIONS", "/v1/me", "", Value::Null, &headers).await
    };
    let allowed = preflight(&kith, named).await;
    assert_eq!((allowed.status, allowed.header("access-control-allow-origin")), (204, named));
    for (header, word) in [("methods", "PUT"), ("headers", "Idempotency-Key"), ("headers", "Authorization")] {
        let header = allowed.header(&format!("access-control-allow-{header}"));
        assert!(header.split(", ").any(|known| known == word), "{word} of {header}");
    }
    assert!(allowed.header("access-control-allow-credentials").is_empty());
    for origin in ["https://app.example.com.evil.org", "http://app.example.com", "null"] {
        let refused = preflight(&kith, origin).await;
        assert_eq!((refused.status, refused.header("access-control-allow-origin")), (405, ""), "{origin}");
    }
    // Of a kept answer and a made one, of a problem and of what is not there.
    for (path, status) in [("/v1/feeds/public", 200), ("/v1/feeds/public", 200), ("/v1/me", 401), ("/x", 404)]
    {
        for (origin, shown) in [(named, named), ("https://other.example.com", ""), ("", "")] {
            let headers = [("origin", origin)];
            let answer = kith
                .send_with("GET", path, "", Value::Null, &headers[usize::from(origin.is_empty())..])
                .await;
            assert_eq!(
                (answer.status, answer.header("access-control-allow-origin")),
                (status, shown),
                "{path}"
            );
            let exposed = answer.header("access-control-expose-headers");
            assert_eq!(exposed.contains("ETag"), !shown.is_empty(), "{exposed}");
            // A cache must not give one origin what another was told.
            assert!(answer.headers.get_all("vary").iter().any(|value| value == "Origin"), "{path} {origin}");
        }
    }
    kith.get("/v1/me", &ann.token).await;

    let closed = Kith::start(On::Embedded).await;
    assert_eq!(preflight(&closed, named).await.status, 405);
    let open = Kith::with(On::Embedded, |config| config.http.cors_origins = "*".to_owned()).await;
    assert_eq!(preflight(&open, named).await.header("access-control-allow-origin"), "*");
}

#[tokio::test]
async fn every_answer_tells_browsers_to_run_and_frame_nothing() {
    let public = "https://kith.example.com";
    let kith = Kith::with(On::Embedded, |config| config.http.public_url = Some(public.to_owned())).await;
    let plain = Kith::start(On::Embedded).await;
    for path in
        ["/v1/feeds/public", "/v1/feeds/public", "/v1/me", "/x", "/health/live", "/openapi.json", "/docs"]
    {
        let answer = kith.send("GET", path, "", Value::Null).await;
        assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"), "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(answer.header("strict-transport-security"), "max-age=31536000", "{path}");
        let answer = plain.send("GET", path, "", Value::Null).await;
        assert_eq!(
            answer.header("strict-transport-security"),
            "",
            "{path}: nobody is told to use what is not there"
        );
    }
}
