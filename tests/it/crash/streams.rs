//! Streams that nobody reads cost nobody anything, and do not keep a server from stopping.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

use super::server::{Person, Server};

const STREAMS: usize = 100;
const POSTS: usize = 100;
/// What a busy machine may add.
const SLACK: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_streams_that_nobody_reads_cost_nobody_anything() {
    let folder = TempDir::new().expect("a temporary folder");
    let settings = [
        ("KITH_HTTP__SHUTDOWN_TIMEOUT", "2"),
        // Only the shutdown ends them.
        ("KITH_HTTP__IDLE_TIMEOUT", "600"),
        ("KITH_LIMITS__POST_CHARS", "10000"),
    ];
    let server = Server::start_with(folder.path(), &settings);
    let (ann, bob) = (server.register("ann"), server.register("bob"));
    server.send("PUT", &format!("/v1/users/{}/follow", bob.id), &ann.token, &[], &Value::Null).expect(200);
    let mut streams = Vec::new();
    for _ in 0..STREAMS {
        streams.push(open_stream(&server, &ann).await);
    }
    let before = server.memory();
    let body = json!({"text": "x\u{301}\u{302}\u{303}".repeat(8000)});
    for _ in 0..POSTS {
        server.send("POST", "/v1/posts", &bob.token, &[], &body).expect(201);
    }
    let grown = server.memory().saturating_sub(before);
    // Each stream has events of 5 MB to send.
    assert!(grown < 250_000, "{grown} kB more");
    let started = Instant::now();
    server.get("/v1/me", &ann.token);
    assert!(started.elapsed() < SLACK, "others are served");

    let started = Instant::now();
    server.terminate();
    let status = tokio::task::spawn_blocking(|| server.wait());
    let status = tokio::time::timeout(SLACK, status).await.expect("it stops").expect("its end");
    let took = started.elapsed();
    assert!(status.success(), "{status}");
    assert!(took >= Duration::from_secs(2), "after {took:?}: nothing was left to send");
    for mut stream in streams {
        let mut rest = Vec::new();
        let end = tokio::time::timeout(SLACK, stream.read_to_end(&mut rest)).await;
        assert!(end.is_ok(), "it is closed");
    }
}

async fn open_stream(server: &Server, who: &Person) -> TcpStream {
    // Little room on this side: what is not read stays with the server.
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4096).expect("a small buffer");
    let address: SocketAddr = server.address.parse().expect("an address");
    let mut stream = socket.connect(address).await.expect("a connection");
    let token = &who.token;
    let request =
        format!("GET /v1/feeds/home/stream HTTP/1.1\r\nhost: kith\r\nauthorization: Bearer {token}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("a request");
    let mut start = [0; 12];
    stream.read_exact(&mut start).await.expect("an answer");
    assert_eq!(&start, b"HTTP/1.1 200");
    stream
}
