//! A TCP proxy before Neo4j that does to connections what networks do.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use rand::RngExt;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::{AbortHandle, JoinSet},
};

/// What happens to what passes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mode {
    Pass,
    /// Each answer comes later.
    Slow(Duration),
    /// Connections are accepted and stay open, and nothing passes. Those that this meets are lost for ever, as when a
    /// firewall has forgotten them.
    Silent,
    /// One in so many answers, by chance, is cut in its middle, and its connection reset.
    CutAnswers(u32),
    /// Commits reach Neo4j and are done; their connection is reset before the answer passes.
    LoseCommits,
}

/// Bolt's COMMIT message in its chunk.
const COMMIT: [u8; 6] = [0x00, 0x02, 0xb0, 0x12, 0x00, 0x00];

pub struct Proxy {
    address: SocketAddr,
    mode: watch::Sender<Mode>,
    /// How many connections were reset on purpose.
    resets: Arc<AtomicU32>,
    accepting: AbortHandle,
}

impl Proxy {
    /// Stands before the server of a `bolt://` address.
    pub async fn before(uri: &str) -> Self {
        let server = uri.strip_prefix("bolt://").expect("a plain address").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (mode, modes) = watch::channel(Mode::Pass);
        let resets = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&resets);
        let accepting = tokio::spawn(async move {
            // Dropped with this task, and with it each connection.
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let (server, modes, resets) = (server.clone(), modes.clone(), Arc::clone(&counted));
                connections.spawn(async move {
                    if let Ok(server) = TcpStream::connect(&server).await {
                        carry(client, server, modes, &resets).await;
                    }
                });
            }
        });
        Self { address, mode, resets, accepting: accepting.abort_handle() }
    }

    pub fn uri(&self) -> String {
        format!("bolt://{}", self.address)
    }

    pub fn set(&self, mode: Mode) {
        self.mode.send_replace(mode);
    }

    pub fn resets(&self) -> u32 {
        self.resets.load(Ordering::Relaxed)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn carry(client: TcpStream, server: TcpStream, mut modes: watch::Receiver<Mode>, resets: &AtomicU32) {
    for stream in [&client, &server] {
        let _ = stream.set_nodelay(true);
    }
    // Closing it resets it, and tells the other side at once.
    client.set_zero_linger().expect("a socket option");
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let (committed, mut commits) = watch::channel(false);
    let (there, back) = (modes.clone(), modes.clone());
    let silence = async {
        let _ = modes.wait_for(|mode| *mode == Mode::Silent).await;
    };
    tokio::select! {
        () = requests(&mut from_client, &mut to_server, there, &committed) => {}
        () = answers(&mut from_server, &mut to_client, back, &mut commits, resets) => {}
        () = silence => {
            // Held open; the client hears nothing of it and has to find out.
            let mut nothing = [0; 1024];
            while from_client.read(&mut nothing).await.is_ok_and(|read| read > 0) {}
        }
    }
}

async fn requests(
    client: &mut OwnedReadHalf,
    server: &mut OwnedWriteHalf,
    modes: watch::Receiver<Mode>,
    committed: &watch::Sender<bool>,
) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(read @ 1..) = client.read(&mut buffer).await {
        let request = &buffer[..read];
        if *modes.borrow() == Mode::LoseCommits && request.windows(COMMIT.len()).any(|bytes| bytes == COMMIT)
        {
            committed.send_replace(true);
        }
        if server.write_all(request).await.is_err() {
            return;
        }
    }
}

async fn answers(
    server: &mut OwnedReadHalf,
    client: &mut OwnedWriteHalf,
    modes: watch::Receiver<Mode>,
    commits: &mut watch::Receiver<bool>,
    resets: &AtomicU32,
) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(read @ 1..) = server.read(&mut buffer).await {
        let mode = *modes.borrow();
        let answer = &buffer[..read];
        let cut = match mode {
            Mode::CutAnswers(each) if rand::rng().random_range(0..each) == 0 => read / 2,
            // The answer is there, so it has happened.
            Mode::LoseCommits if *commits.borrow_and_update() => 0,
            _ => read,
        };
        if let Mode::Slow(delay) = mode {
            tokio::time::sleep(delay).await;
        }
        if client.write_all(&answer[..cut]).await.is_err() {
            return;
        }
        if cut < read {
            resets.fetch_add(1, Ordering::Relaxed);
            return;
        }
    }
}
