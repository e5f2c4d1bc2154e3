//! A Kith for one test, on either store, and the few verbs that tests speak to it.

use std::{
    io::{BufRead, BufReader},
    process::ChildStdout,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
};

use kith::{
    app::App, auth::queries::OpenSession, clock::new_id, config::Config, http::server,
    users::queries::CreateUser,
};
use poem::{Endpoint, Request, Response, endpoint::BoxEndpoint, http::Method};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Which store a test runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    Embedded,
    Neo4j,
}

/// Declares each test twice, once for each store: `name::embedded` and `name::neo4j`.
macro_rules! on_both_stores {
    ($($(#[doc = $doc:literal])* async fn $name:ident($kith:ident: &Kith) $body:block)+) => { $(
        mod $name {
            use super::*;
            $(#[doc = $doc])*
            async fn check($kith: &Kith) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn embedded() {
                check(&Kith::start(On::Embedded).await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn neo4j() {
                check(&Kith::start(On::Neo4j).await).await;
            }
        }
    )+ };
}
pub(crate) use on_both_stores;

/// A running Kith. Neo4j is shared by all tests: each keeps to handles of its own.
pub struct Kith {
    pub app: Arc<App>,
    endpoint: BoxEndpoint<'static, Response>,
    /// Makes the handles of this test its own.
    pub suffix: String,
    _folder: TempDir,
}

/// Somebody who has registered and logged in.
#[derive(Clone, Debug)]
pub struct Person {
    pub id: String,
    pub handle: String,
    pub token: String,
}

/// An answer, with its body read.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: poem::http::HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error} in {}", self.text))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("headers are ASCII"))
    }

    /// The body of an answer that must have this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        if self.text.is_empty() { Value::Null } else { self.json() }
    }

    /// Asserts a problem with this status and code.
    #[track_caller]
    pub fn expect_problem(self, status: u16, code: &str) -> Value {
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text);
        let problem = self.expect(status);
        assert_eq!((&problem["code"], &problem["status"]), (&json!(code), &json!(status)), "{problem}");
        assert_eq!(problem["type"], format!("/problems/{code}"));
        problem
    }
}

impl Kith {
    pub async fn start(on: On) -> Self {
        Self::with(on, |_| {}).await
    }

    /// A Kith whose configuration differs from the defaults.
    pub async fn with(on: On, change: impl FnOnce(&mut Config)) -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        // Set KITH_TEST_LOG to a level or directives to see what a failing test did.
        if let Ok(level) = std::env::var("KITH_TEST_LOG") {
            let _ = tracing_subscriber::fmt().with_env_filter(level).with_test_writer().try_init();
        }
        let folder = TempDir::new().expect("a temporary folder");
        let mut config = Config::defaults();
        config.auth.signing_key = kith::config::Secret::new("A".repeat(43));
        config.store.uri = match on {
            On::Embedded => format!("embedded:{}", folder.path().display()),
            On::Neo4j => crate::neo4j::uri().to_owned(),
        };
        // Tests ask more than people do.
        config.rate_limits.enabled = false;
        // The machine is shared by all tests at once.
        config.store.timeout = std::time::Duration::from_mins(2);
        config.http.request_timeout = config.store.timeout;
        config.http.body_timeout = config.store.timeout;
        change(&mut config);
        let app = Box::pin(App::start(config)).await.expect("Kith starts");
        // What a server does beside answering, and tests wait for.
        tokio::spawn(kith::feeds::heat::keep(Arc::clone(&app)));
        let suffix = format!("{:x}{:x}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        Self { endpoint: boxed(&app), app, suffix, _folder: folder }
    }

    /// Sends a request. `token` may be empty, `body` null.
    pub async fn send(&self, method: &str, path: &str, token: &str, body: Value) -> Answer {
        self.send_with(method, path, token, body, &[]).await
    }

    pub async fn send_with(
        &self,
        method: &str,
        path: &str,
        token: &str,
        body: Value,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request = Request::builder()
            .method(method.parse::<Method>().expect("a method"))
            .uri(path.parse().unwrap_or_else(|error| panic!("{path}: {error}")));
        if !token.is_empty() {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = if body.is_null() {
            request.finish()
        } else {
            request.content_type("application/json").body(body.to_string())
        };
        self.call(request).await
    }

    pub async fn call(&self, request: Request) -> Answer {
        let mut response = self.endpoint.call(request).await.expect("the outermost layer answers");
        let bytes = response.take_body().into_vec().await.expect("a readable body");
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Answer { status: response.status().as_u16(), headers: response.headers().clone(), text }
    }

    /// The body as it is sent, byte for byte.
    pub async fn bytes(
        &self,
        path: &str,
        token: &str,
        headers: &[(&str, &str)],
    ) -> (poem::http::HeaderMap, Vec<u8>) {
        let mut request = Request::builder().uri(path.parse().expect("a path"));
        if !token.is_empty() {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut response = self.endpoint.call(request.finish()).await.expect("the outermost layer answers");
        let bytes = response.take_body().into_vec().await.expect("a readable body");
        (response.headers().clone(), bytes)
    }

    pub async fn get(&self, path: &str, token: &str) -> Value {
        self.send("GET", path, token, Value::Null).await.expect(200)
    }

    /// Registers somebody under a handle that begins with `name`, and logs them in.
    pub async fn person(&self, name: &str) -> Person {
        let handle = format!("{name}_{}", self.suffix);
        let user = json!({"handle": handle, "name": name, "password": "correct horse"});
        let user = self.send("POST", "/v1/users", "", user).await.expect(201);
        let session = json!({"handle": handle, "password": "correct horse"});
        let session = self.send("POST", "/v1/sessions", "", session).await.expect(200);
        Person { id: text(&user["id"]), handle, token: text(&session["access_token"]) }
    }

    /// Somebody who is there and logged in without a password, whose hashing costs more than a test of hundreds of
    /// people can pay. Their name is their handle.
    pub async fn newcomer(&self, name: &str) -> Person {
        let (store, now) = (&self.app.store, self.app.clock.now());
        let (id, session, handle) = (new_id(), new_id(), format!("{name}_{}", self.suffix));
        let user = CreateUser {
            id: id.clone(),
            handle: handle.clone(),
            display_name: handle.clone(),
            bio: None,
            password_hash: None,
            now: now.0,
        };
        Box::pin(store.run(&user)).await.expect("a new user");
        let (user, hash, expires_at) = (id.clone(), new_id(), now.0 + kith::clock::DAY);
        let open = OpenSession { user, session: session.clone(), hash, now: now.0, expires_at };
        Box::pin(store.run(&open)).await.expect("a new session");
        let token = self.app.tokens.issue(&id, &session, now).expect("a token");
        Person { id, handle, token }
    }

    pub async fn post(&self, author: &Person, text: &str) -> Value {
        self.send("POST", "/v1/posts", &author.token, json!({"text": text})).await.expect(201)
    }

    pub async fn comment(&self, author: &Person, post: &Value, parent: Option<&Value>, text: &str) -> Value {
        let path = format!("/v1/posts/{}/comments", post["id"].as_str().expect("an id"));
        let body = json!({"text": text, "parent_id": parent.map(|parent| parent["id"].clone())});
        self.send("POST", &path, &author.token, body).await.expect(201)
    }

    pub async fn put(&self, who: &Person, path: &str) -> Value {
        self.send("PUT", path, &who.token, Value::Null).await.expect(200)
    }

    pub async fn follow(&self, who: &Person, whom: &Person) {
        self.put(who, &format!("/v1/users/{}/follow", whom.id)).await;
    }

    /// The items by one author in a feed of all, of whom there are many: looked for until so many are found, or in vain
    /// among the first two thousand.
    pub async fn find_by(&self, author: &Person, feed: &str, wanted: usize) -> Vec<Value> {
        let (mut found, mut cursor) = (Vec::new(), String::new());
        for _ in 0..20 {
            let page = self.get(&format!("{feed}?limit=100{cursor}"), "").await;
            let items = page["items"].as_array().expect("items");
            found.extend(
                items.iter().filter(|item| item["post"]["author"]["id"] == json!(author.id)).cloned(),
            );
            match page["next_cursor"].as_str() {
                Some(next) if found.len() < wanted => cursor = format!("&cursor={next}"),
                _ => break,
            }
        }
        found
    }

    /// Waits until exactly these posts of somebody trend, in this order.
    pub async fn until_trending(&self, author: &Person, ids: &[&str]) {
        for _ in 0..300 {
            let found = self.find_by(author, "/v1/feeds/trending", usize::MAX).await;
            if each(&found, "/post/id") == ids {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        let found = self.find_by(author, "/v1/feeds/trending", usize::MAX).await;
        panic!("{:?} trend, and not {ids:?}", each(&found, "/post/id"));
    }

    /// All items of a list, walked in pages of `limit`.
    pub async fn walk(&self, path: &str, token: &str, limit: usize) -> Vec<Value> {
        let separator = if path.contains('?') { '&' } else { '?' };
        let mut items = Vec::new();
        let mut cursor = String::new();
        loop {
            let answer = self
                .send("GET", &format!("{path}{separator}limit={limit}{cursor}"), token, Value::Null)
                .await;
            let link = answer.header("link").to_owned();
            let page = answer.expect(200);
            let found = page["items"].as_array().expect("items").clone();
            let count = found.len();
            items.extend(found);
            let Some(next) = page["next_cursor"].as_str() else {
                assert_eq!(link, "", "the last page links to no other");
                return items;
            };
            assert_eq!(link, format!("<{path}{separator}limit={limit}&cursor={next}>; rel=\"next\""));
            assert_eq!(count, limit, "a page with a next one is full: {path}");
            cursor = format!("&cursor={next}");
        }
    }
}

fn boxed(app: &Arc<App>) -> BoxEndpoint<'static, Response> {
    use poem::EndpointExt;
    server::endpoint(Arc::clone(app), None).map_to_response().boxed()
}

/// The address that a Kith which starts says it listens on.
///
/// A thread reads the output, for a pipe has no read with a time limit, and goes on reading to its end.
pub fn address_of(stdout: ChildStdout) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            let address = line.split_once("http://").and_then(|(_, rest)| rest.strip_suffix("/v1"));
            if let Some(address) = address {
                let _ = sender.send(address.to_owned());
            }
        }
    });
    receiver
}

/// The text of a JSON string.
#[track_caller]
pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

/// What a field is in each of some items.
pub fn each<'a>(items: &'a [Value], pointer: &str) -> Vec<&'a str> {
    items.iter().map(|item| item.pointer(pointer).and_then(Value::as_str).unwrap_or_default()).collect()
}
