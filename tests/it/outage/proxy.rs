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

/// How many requests stand one behind the other, each of which was sent after the answer to the one before had come, on
/// whichever connection. Requests that are under way at the same time count once.
#[derive(Default)]
struct Trips(AtomicU32);

/// Bolt's COMMIT message in its chunk.
const COMMIT: [u8; 6] = [0x00, 0x02, 0xb0, 0x12, 0x00, 0x00];

pub struct Proxy {
    address: SocketAddr,
    mode: watch::Sender<Mode>,
    /// How many connections were reset on purpose.
    resets: Arc<AtomicU32>,
    trips: Arc<Trips>,
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
        let trips = Arc::<Trips>::default();
        let (counted, timed) = (Arc::clone(&resets), Arc::clone(&trips));
        let accepting = tokio::spawn(async move {
            // Dropped with this task, and with it each connection.
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let (server, modes) = (server.clone(), modes.clone());
                let (resets, trips) = (Arc::clone(&counted), Arc::clone(&timed));
                connections.spawn(async move {
                    if let Ok(server) = TcpStream::connect(&server).await {
                        carry(client, server, modes, &resets, &trips).await;
                    }
                });
            }
        });
        Self { address, mode, resets, trips, accepting: accepting.abort_handle() }
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

    /// How many round trips were made one after the other since this was last asked.
    pub fn trips(&self) -> u32 {
        self.trips.0.swap(0, Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn carry(
    client: TcpStream,
    server: TcpStream,
    mut modes: watch::Receiver<Mode>,
    resets: &AtomicU32,
    trips: &Trips,
) {
    for stream in [&client, &server] {
        let _ = stream.set_nodelay(true);
    }
    // Closing it resets it, and tells the other side at once.
    client.set_zero_linger().expect("a socket option");
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let (committed, mut commits) = watch::channel(false);
    let trip = AtomicU32::new(0);
    let (there, back) = (modes.clone(), modes.clone());
    let silence = async {
        let _ = modes.wait_for(|mode| *mode == Mode::Silent).await;
    };
    tokio::select! {
        () = requests(&mut from_client, &mut to_server, there, &committed, || {
            trip.store(trips.0.load(Ordering::SeqCst) + 1, Ordering::SeqCst);
        }) => {}
        () = answers(&mut from_server, &mut to_client, back, &mut commits, resets, || {
            trips.0.fetch_max(trip.load(Ordering::SeqCst), Ordering::SeqCst);
        }) => {}
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
    passes: impl Fn(),
) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(read @ 1..) = client.read(&mut buffer).await {
        let request = &buffer[..read];
        passes();
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
    passes: impl Fn(),
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
        passes();
        if client.write_all(&answer[..cut]).await.is_err() {
            return;
        }
        if cut < read {
            resets.fetch_add(1, Ordering::Relaxed);
            return;
        }
    }
}
