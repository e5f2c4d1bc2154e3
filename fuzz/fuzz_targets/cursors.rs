//! Cursors: those that Kith has sealed open what they were sealed for, and nothing else opens anything, nor breaks a list.

#![no_main]

#[path = "../app.rs"]
mod app;
#[path = "../choices.rs"]
mod choices;

use std::sync::{Arc, LazyLock};

use kith::{
    http::server,
    page::{Cursors, Position},
};
use libfuzzer_sys::fuzz_target;
use poem::{
    Endpoint, Request, Response,
    endpoint::BoxEndpoint,
    http::{Method, Uri},
};
use serde_json::{Value, json};

use choices::Choices;

/// The API with somebody and a post of theirs, and the lists that go on by cursors: their names and their paths.
struct World {
    endpoint: BoxEndpoint<'static, Response>,
    lists: Vec<(String, String)>,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let endpoint = server::endpoint(Arc::clone(&app::kith(|_| {}).app), None);
    let password = json!("a long password");
    let user =
        made(&endpoint, "/v1/users", "", json!({"handle": "ann", "name": "Ann", "password": password}));
    let session = made(&endpoint, "/v1/sessions", "", json!({"handle": "ann", "password": password}));
    let token = session["access_token"].as_str().expect("a token");
    let post = made(&endpoint, "/v1/posts", token, json!({"text": "Hello #x"}));
    let (user, post) = (user["id"].as_str().expect("an id"), post["id"].as_str().expect("an id"));
    let lists = [
        ("public", "/v1/feeds/public"),
        ("tag:x", "/v1/feeds/tags/x"),
        ("trending", "/v1/feeds/trending"),
        ("user:USER", "/v1/users/USER/posts"),
        ("followers:USER", "/v1/users/USER/followers"),
        ("following:USER", "/v1/users/USER/following"),
        ("likes:POST", "/v1/posts/POST/likes"),
        ("quotes:POST", "/v1/posts/POST/quotes"),
    ];
    let named = |text: &str| text.replace("USER", user).replace("POST", post);
    let lists: Vec<_> = lists.map(|(list, path)| (named(list), named(path))).into();
    for (_, path) in &lists {
        assert_eq!(get(&endpoint, path), Some(200), "{path}");
    }
    World { endpoint, lists }
});

/// What a `POST` has made.
fn made(endpoint: &BoxEndpoint<'static, Response>, path: &str, token: &str, body: Value) -> Value {
    let mut request = Request::builder().method(Method::POST).uri(path.parse().expect("a path"));
    if !token.is_empty() {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let request = request.content_type("application/json").body(body.to_string());
    app::kith(|_| {}).runtime.block_on(async {
        let response = endpoint.get_response(request).await;
        assert!(response.status().is_success(), "{} for {path}", response.status());
        response.into_body().into_json().await.expect("JSON")
    })
}

/// The status of a `GET`, if that is an address at all.
fn get(endpoint: &BoxEndpoint<'static, Response>, path: &str) -> Option<u16> {
    let request = Request::builder().method(Method::GET).uri(path.parse::<Uri>().ok()?).finish();
    let response = app::kith(|_| {}).runtime.block_on(endpoint.get_response(request));
    Some(response.status().as_u16())
}

fuzz_target!(|input: &[u8]| {
    let mut choices = Choices::of(input);
    let cursors = &app::kith(|_| {}).app.cursors;
    let (list, path) = &WORLD.lists[choices.below(WORLD.lists.len())];
    if choices.one_in(4) {
        // What a client makes up.
        let text = choices.text();
        assert!(cursors.open::<Value>(list, &text).is_err(), "it opens {list}: {text}");
        ask(path, &text, false);
        return;
    }
    let position = Position { key: choices.number(), id: choices.text() };
    let cursor = cursors.seal(list, &position);
    assert_eq!(cursors.open::<Position>(list, &cursor).ok(), Some(position), "{list}");
    for (other, _) in WORLD.lists.iter().filter(|(other, _)| other != list) {
        assert!(cursors.open::<Value>(other, &cursor).is_err(), "a cursor of {list} opens {other}");
    }
    let longer = format!("{list}{}", choices.text());
    assert!(longer == *list || cursors.open::<Value>(&longer, &cursor).is_err(), "{longer:?}");
    assert!(Cursors::new(b"another").open::<Value>(list, &cursor).is_err(), "of another Kith");
    let altered = choices.altered(&cursor);
    if altered != cursor {
        assert!(
            cursors.open::<Value>(list, &altered).is_err(),
            "it opens {list}: {altered}, made from {cursor}"
        );
        ask(path, &altered, false);
    }
    // Sealed by another version of Kith, which put other things into it.
    let foreign = foreign(&mut choices);
    ask(path, &cursors.seal(list, &foreign), true);
});

fn foreign(choices: &mut Choices) -> Value {
    let key = match choices.below(4) {
        0 => json!(choices.number()),
        1 => json!(f64::from_bits(choices.number().cast_unsigned())),
        2 => json!(choices.text()),
        _ => json!(u64::MAX),
    };
    let position = json!({"k": key, "i": choices.text()});
    match choices.below(4) {
        0 => position,
        1 => json!({"s": key, "p": position, "start": key, "position": position}),
        2 => json!({"ranking": choices.text(), "heat": key, "id": choices.text()}),
        _ => json!([position, key]),
    }
}

/// Asks a list for what is behind a cursor. Whatever that is, it is no fault of the server.
fn ask(path: &str, cursor: &str, may_open: bool) {
    // As a form encodes it.
    let cursor: String = cursor.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let wanted: &[u16] = if may_open { &[200, 400] } else { &[400] };
    if let Some(status) = get(&WORLD.endpoint, &format!("{path}?cursor={cursor}")) {
        assert!(wanted.contains(&status), "{status} for {path}?cursor={cursor}");
    }
}
