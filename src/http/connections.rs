//! Accepts connections and serves HTTP/1 on them, and lets no client hold one for nothing: neither by sending slowly,
//! nor by not reading; nor hold all of them.
//!
//! poem's own server has no time limits of this kind.

use std::{
    collections::HashMap,
    convert::Infallible,
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulConnection, GracefulShutdown},
};
use ipnet::IpNet;
use poem::{
    Addr, Endpoint, Request, Response,
    endpoint::BoxEndpoint,
    http::uri::Scheme,
    web::{LocalAddr, RemoteAddr},
};
use tokio::{
    net::{TcpListener, TcpStream},
    task::{self, JoinSet},
};
use tokio_io_timeout::TimeoutStream;

use super::limits::network;
use crate::{
    config::{HttpConfig, networks},
    telemetry::{CONNECTIONS, CONNECTIONS_REFUSED},
};

/// Longest head of a request, in bytes. Its target may have nearly as many: a page of ids takes a few thousand.
const MAX_HEAD: usize = 32 * 1024;
/// How long to wait when no connection can be accepted, as when all file descriptors are in use.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The connections that are open: how many there are of each address.
struct Crowd {
    most: usize,
    most_of_one: usize,
    /// Who has no share: they connect for others.
    proxies: Vec<IpNet>,
    connections: JoinSet<()>,
    from: HashMap<task::Id, IpAddr>,
    of: HashMap<IpAddr, usize>,
}

impl Crowd {
    fn new(config: &HttpConfig) -> Self {
        metrics::gauge!(CONNECTIONS).set(0.0);
        Self {
            most: config.max_connections,
            most_of_one: config.connections_per_address,
            proxies: networks(&config.trusted_proxies).unwrap_or_default(),
            connections: JoinSet::new(),
            from: HashMap::new(),
            of: HashMap::new(),
        }
    }

    /// Whether there is no room for anybody.
    fn is_full(&self) -> bool {
        self.connections.len() >= self.most
    }

    /// Whether somebody else's connection has to end before this address may have one more.
    fn has_its_share(&self, remote: IpAddr) -> bool {
        self.of.get(&network(remote)).is_some_and(|open| *open >= self.most_of_one)
    }

    fn join(&mut self, remote: IpAddr, connection: impl Future<Output = ()> + Send + 'static) {
        let id = self.connections.spawn(connection).id();
        let remote = remote.to_canonical();
        if !self.proxies.iter().any(|proxy| proxy.contains(&remote)) {
            let remote = network(remote);
            self.from.insert(id, remote);
            *self.of.entry(remote).or_default() += 1;
        }
        self.count();
    }

    /// Waits for one to end. There is none to wait for in an empty crowd.
    async fn leave(&mut self) -> Option<()> {
        let id = match self.connections.join_next_with_id().await? {
            Ok((id, ())) => id,
            Err(error) => error.id(),
        };
        if let Some(remote) = self.from.remove(&id)
            && let Some(open) = self.of.get_mut(&remote)
        {
            *open -= 1;
            if *open == 0 {
                self.of.remove(&remote);
            }
        }
        self.count();
        Some(())
    }

    #[expect(clippy::cast_precision_loss, reason = "nobody has that many connections")]
    fn count(&self) {
        metrics::gauge!(CONNECTIONS).set(self.connections.len() as f64);
    }
}

/// Serves until `stop` resolves, and then lets requests in flight finish.
///
/// Of one address no more connections are taken than its share. When there are as many as there may be in all, the next
/// ones wait until one ends.
pub async fn serve(
    listener: TcpListener,
    endpoint: BoxEndpoint<'static, Response>,
    config: &HttpConfig,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let local = listener.local_addr()?;
    let endpoint = Arc::new(endpoint);
    let graceful = GracefulShutdown::new();
    let mut crowd = Crowd::new(config);
    tokio::pin!(stop);
    loop {
        let full = crowd.is_full();
        let accepted = tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept(), if !full => accepted,
            Some(()) = crowd.leave() => continue,
        };
        match accepted {
            Ok((_, remote)) if crowd.has_its_share(remote.ip()) => {
                metrics::counter!(CONNECTIONS_REFUSED).increment(1);
                tracing::debug!(%remote, "it has as many connections as one address may have");
            }
            Ok((stream, remote)) => {
                let connection =
                    connection(stream, (local, remote), Arc::clone(&endpoint), config.idle_timeout);
                let connection = graceful.watch(connection);
                crowd.join(remote.ip(), async move {
                    if let Err(error) = connection.await {
                        tracing::debug!(%error, %remote, "a connection broke");
                    }
                });
            }
            Err(error) => {
                tracing::warn!(%error, "no connection can be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    if tokio::time::timeout(config.shutdown_timeout, graceful.shutdown()).await.is_err() {
        tracing::warn!(connections = crowd.connections.len(), "cut off: they did not end in time");
    }
    crowd.connections.shutdown().await;
    Ok(())
}

fn connection(
    stream: TcpStream,
    (local, remote): (SocketAddr, SocketAddr),
    endpoint: Arc<BoxEndpoint<'static, Response>>,
    idle: Duration,
) -> impl GracefulConnection<Error = hyper::Error> {
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let endpoint = Arc::clone(&endpoint);
        let local = LocalAddr(Addr::SocketAddr(local));
        let remote = RemoteAddr(Addr::SocketAddr(remote));
        async move {
            let request = Request::from((request, local, remote, Scheme::HTTP));
            Ok::<hyper::Response<_>, Infallible>(endpoint.get_response(request).await.into())
        }
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(idle)
        .max_header_size(MAX_HEAD)
        .serve_connection(TokioIo::new(impatient(stream, idle)), service)
}

/// A stream whose writes fail when the other side takes nothing for that long.
fn impatient(stream: TcpStream, patience: Duration) -> Pin<Box<TimeoutStream<TcpStream>>> {
    // Answers are written whole: waiting for more to send only delays them.
    let _ = stream.set_nodelay(true);
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(patience));
    Box::pin(stream)
}
