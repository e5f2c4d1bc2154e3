//! What comes over the wire as no well-meant client would send it: refused in words where HTTP allows an answer, cut
//! off where it does not, and nobody else waits for it.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use kith::config::HttpConfig;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::oneshot,
};

use crate::support::{Kith, On};

const BODY_TIMEOUT: Duration = Duration::from_secs(1);
const IDLE_TIMEOUT: Duration = Duration::from_secs(3);
/// What a busy machine may add to any of it.
const SLACK: Duration = Duration::from_secs(20);

/// A Kith behind a port of its own.
struct Served {
    kith: Kith,
    address: SocketAddr,
    /// Dropped, it stops the server.
    _stop: oneshot::Sender<()>,
}

impl Served {
    async fn start() -> Self {
        Self::with(|_| {}).await
    }

    async fn with(change: impl FnOnce(&mut HttpConfig)) -> Self {
        let kith = Kith::with(On::Embedded, |config| {
            "127.0.0.1:0".clone_into(&mut config.http.listen);
            config.http.body_timeout = BODY_TIMEOUT;
            config.http.idle_timeout = IDLE_TIMEOUT;
            change(&mut config.http);
        })
        .await;
        let (stop, stopped) = oneshot::channel::<()>();
        let (started, starting) = oneshot::channel();
        let app = kith.app.clone();
        tokio::spawn(async move {
            let stopped = async { drop(stopped.await) };
            let served = kith::http::server::serve(app, None, stopped, |address| {
                let _ = started.send(address);
            });
            Box::pin(served).await.expect("it serves");
        });
        let address = starting.await.expect("a port");
        Self { kith, address, _stop: stop }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("a connection")
    }

    /// Sends bytes, and reads until the server has nothing more to say.
    async fn exchange(&self, bytes: &[u8]) -> Vec<Reply> {
        let mut stream = self.connect().await;
        // The server may answer and close before it has taken everything.
        let _ = stream.write_all(bytes).await;
        read_all(&mut stream).await
    }

    /// Others are served, and soon.
    async fn serves_others(&self) {
        let started = Instant::now();
        let request = b"GET /health/ready HTTP/1.1\r\nhost: kith\r\nconnection: close\r\n\r\n";
        let replies = self.exchange(request).await;
        assert_eq!((replies.len(), replies[0].status), (1, 200), "{replies:?}");
        assert!(started.elapsed() < SLACK, "it took {:?}", started.elapsed());
    }
}

#[derive(Debug)]
struct Reply {
    status: u16,
    head: String,
    body: String,
}

async fn read_all(stream: &mut TcpStream) -> Vec<Reply> {
    let mut bytes = Vec::new();
    // What was answered before a reset counts.
    let _ = tokio::time::timeout(IDLE_TIMEOUT + SLACK, stream.read_to_end(&mut bytes))
        .await
        .expect("the server closes the connection");
    let mut rest = String::from_utf8(bytes).expect("UTF-8");
    let mut replies = Vec::new();
    while let Some((head, body)) = rest.split_once("\r\n\r\n") {
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.unwrap_or_else(|| panic!("no status in {head:?}"));
        let head = head.to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.map_or(0, |length| length.parse().expect("a length"));
        let (body, next) = body.split_at(length);
        replies.push(Reply { status, head, body: body.to_owned() });
        rest = next.to_owned();
    }
    assert_eq!(rest, "", "after {replies:?}");
    replies
}

/// Who answers.
#[derive(Clone, Copy, Debug, PartialEq)]
enum By {
    /// Kith, by a problem of that code.
    Kith(&'static str),
    /// The protocol, which knows no path yet that a problem could name: an empty answer.
    Protocol,
}
use By::{Kith as ByKith, Protocol};

/// Sends each, and tells of all that are not answered as they should be.
async fn check(served: &Served, cases: Vec<(&str, Vec<u8>, u16, By)>) {
    let mut wrong = Vec::new();
    for (name, request, status, by) in cases {
        let replies = served.exchange(&request).await;
        let is_right = match (replies.as_slice(), by) {
            ([reply], Protocol) => reply.status == status && reply.body.is_empty(),
            ([reply], ByKith(code)) => {
                let problem: Value = serde_json::from_str(&reply.body).unwrap_or_default();
                reply.status == status
                    && reply.head.contains("content-type: application/problem+json")
                    && (&problem["code"], &problem["status"]) == (&json!(code), &json!(status))
            }
            _ => false,
        };
        if !is_right {
            wrong.push(format!("{name}: {status} by {by:?}, not {replies:?}"));
        }
        served.serves_others().await;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn get(target: &str, headers: &str) -> Vec<u8> {
    format!("GET {target} HTTP/1.1\r\nhost: kith\r\nconnection: close\r\n{headers}\r\n").into_bytes()
}

/// A request that registers somebody, with more headers and with that body.
fn register(headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST /v1/users HTTP/1.1\r\nhost: kith\r\nconnection: close\r\ncontent-type: application/json\r\n{headers}\r\n"
    );
    [head.as_bytes(), body].concat()
}

fn with_length(body: &[u8]) -> Vec<u8> {
    register(&format!("content-length: {}\r\n", body.len()), body)
}

fn chunked(body: &[u8]) -> Vec<u8> {
    let mut chunks = Vec::new();
    for chunk in body.chunks(4096) {
        chunks.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
        chunks.extend(chunk);
        chunks.extend(b"\r\n");
    }
    chunks.extend(b"0\r\n\r\n");
    register("transfer-encoding: chunked\r\n", &chunks)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_body_is_refused_in_words() {
    let served = Served::start().await;
    let nested = |open: &str, close: &str| {
        format!("{{\"name\": {}{}}}", open.repeat(10_000), close.repeat(10_000)).into_bytes()
    };
    let user = br#"{"handle": "ann", "name": "Ann", "password": "correct horse"}"#;
    let large = vec![b' '; 1 << 20];
    let cases: Vec<(&str, Vec<u8>, u16, By)> = vec![
        (
            "announced as a terabyte",
            register("content-length: 1099511627776\r\n", b"{"),
            413,
            ByKith("body_too_large"),
        ),
        ("a megabyte", with_length(&large), 413, ByKith("body_too_large")),
        ("a megabyte in chunks", chunked(&large), 413, ByKith("body_too_large")),
        ("deep arrays", with_length(&nested("[", "]")), 400, ByKith("malformed_json")),
        ("deep objects", with_length(&nested("{\"a\":", "}")), 400, ByKith("malformed_json")),
        ("deep and not closed", with_length(&[b'['; 60_000]), 400, ByKith("malformed_json")),
        (
            "the same key twice",
            with_length(br#"{"handle": "ann", "handle": "bob", "name": "A", "password": "correct horse"}"#),
            400,
            ByKith("malformed_json"),
        ),
        (
            "the same key twice, once escaped",
            with_length(br#"{"name": "a", "n\u0061me": "b"}"#),
            400,
            ByKith("malformed_json"),
        ),
        ("no UTF-8", with_length(b"{\"name\": \"\xff\xfe\"}"), 400, ByKith("malformed_json")),
        ("half a surrogate", with_length(br#"{"name": "\ud800"}"#), 400, ByKith("malformed_json")),
        ("a NUL", with_length(b"{\"name\": \"a\0b\"}"), 400, ByKith("malformed_json")),
        (
            "a NUL, escaped",
            with_length(br#"{"handle": "ann", "name": "a\u0000b", "password": "correct horse"}"#),
            422,
            ByKith("validation_failed"),
        ),
        ("a huge number", with_length(br#"{"name": 1e999999}"#), 400, ByKith("malformed_json")),
        ("shorter than announced by nothing", with_length(b""), 400, ByKith("malformed_json")),
        ("no length", register("", b""), 400, ByKith("malformed_json")),
        (
            "bad chunks",
            register("transfer-encoding: chunked\r\n", b"zz\r\n{}\r\n0\r\n\r\n"),
            400,
            ByKith("malformed_json"),
        ),
        (
            "a chunk of more than all memory",
            register("transfer-encoding: chunked\r\n", b"fffffffffffffffff\r\n{}"),
            400,
            ByKith("malformed_json"),
        ),
        ("a length that is no number", register("content-length: ten\r\n", user), 400, Protocol),
        ("a negative length", register("content-length: -1\r\n", user), 400, Protocol),
        ("a signed length", register("content-length: +5\r\n", user), 400, Protocol),
        (
            "a length beyond all numbers",
            register("content-length: 99999999999999999999\r\n", user),
            400,
            Protocol,
        ),
    ];
    check(&served, cases).await;
    assert_eq!(served.kith.send("GET", "/v1/users/@ann", "", Value::Null).await.status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_head_is_refused() {
    let served = Served::start().await;
    let many = "x: y\r\n".repeat(200);
    let long = format!("x: {}\r\n", "y".repeat(60_000));
    let raw = |text: &str| text.as_bytes().to_vec();
    let cases: Vec<(&str, Vec<u8>, u16, By)> = vec![
        ("too many headers", get("/v1/me", &many), 431, Protocol),
        ("a long header", get("/v1/me", &long), 431, Protocol),
        ("a long path", get(&format!("/{}", "a".repeat(60_000)), ""), 431, Protocol),
        (
            "a path that fits",
            get(&format!("/v1/posts/{}", "a".repeat(20_000)), ""),
            404,
            ByKith("post_not_found"),
        ),
        ("an encoded slash", get("/v1/users/%2e%2e%2fme", ""), 404, ByKith("user_not_found")),
        ("dot segments", get("/v1/posts/../me", ""), 404, ByKith("not_found")),
        ("dot segments at the root", get("/../../etc/passwd", ""), 404, ByKith("not_found")),
        ("an encoded NUL", get("/v1/posts/%00", ""), 404, ByKith("post_not_found")),
        ("a broken percent encoding", get("/v1/posts/%zz", ""), 404, ByKith("post_not_found")),
        ("an unfinished percent encoding", get("/v1/posts/%", ""), 404, ByKith("post_not_found")),
        ("a percent encoding of no UTF-8", get("/v1/posts/%ff%fe", ""), 400, ByKith("invalid_parameter")),
        ("a NUL in the path", get("/v1/\0me", ""), 400, Protocol),
        ("a NUL in a header", get("/v1/me", "x: a\0b\r\n"), 400, Protocol),
        ("a bare line feed in a header", get("/v1/me", "x: a\rb\r\n"), 400, Protocol),
        ("a header without a name", get("/v1/me", ": x\r\n"), 400, Protocol),
        ("a folded header", get("/v1/me", "x: a\r\n b\r\n"), 400, Protocol),
        (
            "an authorization that is no text",
            get("/v1/me", "authorization: Bearer \u{e9}\r\n"),
            401,
            ByKith("invalid_token"),
        ),
        (
            "two authorizations",
            get("/v1/me", "authorization: Bearer a\r\nauthorization: Bearer b\r\n"),
            401,
            ByKith("invalid_token"),
        ),
        (
            "an unknown method",
            raw("BREW /v1/me HTTP/1.1\r\nhost: kith\r\nconnection: close\r\n\r\n"),
            405,
            ByKith("method_not_allowed"),
        ),
        (
            "a method in small letters",
            raw("get /v1/me HTTP/1.1\r\nhost: kith\r\nconnection: close\r\n\r\n"),
            405,
            ByKith("method_not_allowed"),
        ),
        ("no method", raw("G@T /v1/me HTTP/1.1\r\nhost: kith\r\n\r\n"), 400, Protocol),
        (
            "a tunnel",
            raw("CONNECT example.org:443 HTTP/1.1\r\nhost: example.org\r\nconnection: close\r\n\r\n"),
            404,
            ByKith("not_found"),
        ),
        ("another server", get("http://example.org/v1/me", ""), 401, ByKith("unauthenticated")),
        (
            "a star",
            raw("OPTIONS * HTTP/1.1\r\nhost: kith\r\nconnection: close\r\n\r\n"),
            404,
            ByKith("not_found"),
        ),
        ("no path", raw("GET HTTP/1.1\r\nhost: kith\r\n\r\n"), 400, Protocol),
        ("HTTP/0.9", raw("GET /v1/me\r\n\r\n"), 400, Protocol),
        ("HTTP/1.0", raw("GET /v1/me HTTP/1.0\r\n\r\n"), 401, ByKith("unauthenticated")),
        ("HTTP/3.7", raw("GET /v1/me HTTP/3.7\r\nhost: kith\r\n\r\n"), 400, Protocol),
        ("a TLS greeting", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n".to_vec(), 400, Protocol),
        ("noise", raw("\u{7f}\u{1}\u{2}nothing of HTTP\r\n\r\n"), 400, Protocol),
    ];
    check(&served, cases).await;
}

/// Two readers that disagree about where a request ends make room for one that nobody sent. Kith's answer to each is
/// one answer at most: what stands behind is never a request.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_smuggled_behind_a_request() {
    let served = Served::start().await;
    let second = "GET /v1/users/@smuggled HTTP/1.1\r\nhost: kith\r\nconnection: close\r\n\r\n";
    let head = "POST /v1/sessions HTTP/1.1\r\nhost: kith\r\ncontent-type: application/json\r\n";
    let behind = second.len();
    let cases = [
        (
            "a length and chunks",
            format!(
                "content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n{behind:x}\r\n{second}\r\n0\r\n\r\n"
            ),
        ),
        (
            "chunks and a length",
            format!("transfer-encoding: chunked\r\ncontent-length: {}\r\n\r\n0\r\n\r\n{second}", 5 + behind),
        ),
        ("two lengths", format!("content-length: 0\r\ncontent-length: {behind}\r\n\r\n{second}")),
        ("two lengths in one", format!("content-length: 0, {behind}\r\n\r\n{second}")),
        (
            "chunks that are not the last",
            format!("transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n{second}"),
        ),
        ("unknown chunks", format!("transfer-encoding: xchunked\r\n\r\n0\r\n\r\n{second}")),
        ("a space before the colon", format!("transfer-encoding : chunked\r\n\r\n0\r\n\r\n{second}")),
        ("chunks in HTTP/1.0", "transfer-encoding: chunked\r\n\r\n0\r\n\r\n".to_owned() + second),
        (
            "a chunk longer than it says",
            format!("transfer-encoding: chunked\r\n\r\n1\r\n{{}}0\r\n\r\n{second}"),
        ),
        (
            "an extension with a line feed",
            format!("transfer-encoding: chunked\r\n\r\n1;a\nb\r\n{{\r\n0\r\n\r\n{second}"),
        ),
    ];
    for (name, rest) in cases {
        let head = if name.ends_with("1.0") { head.replace("HTTP/1.1", "HTTP/1.0") } else { head.to_owned() };
        let replies = served.exchange((head + &rest).as_bytes()).await;
        assert_eq!(replies.len(), 1, "{name}: {replies:?}");
        assert_eq!(replies[0].status, 400, "{name}: {replies:?}");
        served.serves_others().await;
    }
}

/// Hundreds who send a byte a second hold up nobody, and are sent away.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_sends_slowly_is_cut_off() {
    let served = Served::start().await;
    let slow_head = b"GET /v1/me HTTP/1.1\r\nhost: kith\r\nx-very-slow: ".to_vec();
    let slow_body = register("content-length: 100\r\n", b"{");
    let mut slow = Vec::new();
    for number in 0..200 {
        let mut stream = served.connect().await;
        let first = if number % 2 == 0 { slow_head.clone() } else { slow_body.clone() };
        slow.push(tokio::spawn(async move {
            stream.write_all(&first).await.expect("the first bytes are taken");
            let (mut reading, mut writing) = stream.split();
            let mut bytes = Vec::new();
            let dripping = async {
                while writing.write_all(b" ").await.is_ok() {
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
                std::future::pending::<()>().await;
            };
            let end = tokio::time::timeout(IDLE_TIMEOUT + SLACK, async {
                tokio::select! { _ = reading.read_to_end(&mut bytes) => {}, () = dripping => {} }
            });
            end.await.expect("it is cut off");
            String::from_utf8(bytes).expect("UTF-8")
        }));
    }
    for _ in 0..10 {
        served.serves_others().await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    for (number, slow) in slow.into_iter().enumerate() {
        let answer = slow.await.expect("no panic");
        if number % 2 == 0 {
            assert_eq!(answer, "", "a head that does not end has no answer");
        } else {
            assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("\"body_timeout\""), "{answer}");
        }
    }
    served.serves_others().await;
}

/// Whoever asks for much and reads nothing is given up, and whoever pauses between requests is not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_read_is_cut_off() {
    let served = Served::start().await;
    let mut stream = served.connect().await;
    let request = b"GET /openapi.json HTTP/1.1\r\nhost: kith\r\n\r\n";
    let sending = async {
        // Answers of a hundred kilobytes fill every buffer on the way, and then no request is taken any more.
        while stream.write_all(request).await.is_ok() {}
    };
    tokio::time::timeout(IDLE_TIMEOUT + SLACK, sending).await.expect("the connection is closed");

    let mut patient = served.connect().await;
    for _ in 0..2 {
        tokio::time::sleep(IDLE_TIMEOUT / 3).await;
        patient.write_all(b"GET /health/live HTTP/1.1\r\nhost: kith\r\n\r\n").await.expect("it is open");
        let mut answer = vec![0; 1024];
        let read = patient.read(&mut answer).await.expect("an answer");
        assert!(answer[..read].starts_with(b"HTTP/1.1 200 "));
    }
}

/// Whether a request on that connection is answered, and not cut off.
async fn is_answered(stream: &mut TcpStream) -> bool {
    let request = b"GET /health/live HTTP/1.1\r\nhost: kith\r\n\r\n";
    if stream.write_all(request).await.is_err() {
        return false;
    }
    // Answers are written whole.
    let mut answer = [0; 4096];
    stream.read(&mut answer).await.is_ok_and(|_| answer.starts_with(b"HTTP/1.1 200"))
}

#[tokio::test]
async fn one_address_has_a_share_of_the_connections_and_a_proxy_has_none() {
    let served = Served::with(|http| {
        http.trusted_proxies.clear();
        http.connections_per_address = 3;
    })
    .await;
    let mut open = Vec::new();
    for _ in 0..3 {
        let mut stream = served.connect().await;
        assert!(is_answered(&mut stream).await);
        open.push(stream);
    }
    for _ in 0..5 {
        assert!(!is_answered(&mut served.connect().await).await, "more than its share");
    }
    // Whoever has a connection keeps it, and one that ends makes room.
    assert!(is_answered(&mut open[0]).await);
    drop(open.pop());
    let started = Instant::now();
    while !is_answered(&mut served.connect().await).await {
        assert!(started.elapsed() < SLACK, "no room was made");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }

    let served = Served::with(|http| http.connections_per_address = 3).await;
    let mut open = Vec::new();
    for n in 0..9 {
        let mut stream = served.connect().await;
        assert!(is_answered(&mut stream).await, "{n}");
        open.push(stream);
    }
}

#[tokio::test]
async fn when_there_are_as_many_connections_as_may_be_the_next_one_waits() {
    let served = Served::with(|http| http.max_connections = 2).await;
    let (mut first, mut second) = (served.connect().await, served.connect().await);
    assert!(is_answered(&mut first).await && is_answered(&mut second).await);
    let mut third = served.connect().await;
    let soon = Duration::from_millis(300);
    assert!(tokio::time::timeout(soon, is_answered(&mut third)).await.is_err(), "it waits");
    drop(first);
    let mut answer = [0; 12];
    // The request was sent already.
    tokio::time::timeout(SLACK, third.read_exact(&mut answer)).await.expect("in time").expect("an answer");
    assert_eq!(&answer, b"HTTP/1.1 200");
    assert!(is_answered(&mut second).await);
}
