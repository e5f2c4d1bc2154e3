//! Accepts connections and serves HTTP/1 on them, and lets no client hold one for nothing: neither by sending slowly,
//! nor by not reading.
//!
//! poem's own server has no time limits of this kind.

use std::{convert::Infallible, future::Future, io, sync::Arc, time::Duration};

use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use poem::{
    Addr, Endpoint, Request, Response,
    endpoint::BoxEndpoint,
    http::uri::Scheme,
    web::{LocalAddr, RemoteAddr},
};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tokio_io_timeout::TimeoutStream;

/// Longest head of a request, in bytes. Its target may have nearly as many: a page of ids takes a few thousand.
const MAX_HEAD: usize = 32 * 1024;
/// How long to wait when no connection can be accepted, as when all file descriptors are in use.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How long clients may take.
#[derive(Clone, Copy)]
pub struct Patience {
    /// For the next request and its head, and for taking any of an answer.
    pub idle: Duration,
    /// For the end of what is in flight once the server stops.
    pub shutdown: Duration,
}

/// Serves until `stop` resolves, and then lets requests in flight finish.
pub async fn serve(
    listener: TcpListener,
    endpoint: BoxEndpoint<'static, Response>,
    patience: Patience,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let local = listener.local_addr()?;
    let endpoint = Arc::new(endpoint);
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    tokio::pin!(stop);
    loop {
        let accepted = tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => accepted,
            // Only so that those that have ended are not kept.
            Some(_) = connections.join_next() => continue,
        };
        match accepted {
            Ok((stream, remote)) => {
                let endpoint = Arc::clone(&endpoint);
                let service = service_fn(move |request: hyper::Request<Incoming>| {
                    let endpoint = Arc::clone(&endpoint);
                    let local = LocalAddr(Addr::SocketAddr(local));
                    let remote = RemoteAddr(Addr::SocketAddr(remote));
                    async move {
                        let request = Request::from((request, local, remote, Scheme::HTTP));
                        Ok::<hyper::Response<_>, Infallible>(endpoint.get_response(request).await.into())
                    }
                });
                let connection = http1::Builder::new()
                    .timer(TokioTimer::new())
                    .header_read_timeout(patience.idle)
                    .max_header_size(MAX_HEAD)
                    .serve_connection(TokioIo::new(impatient(stream, patience.idle)), service);
                let connection = graceful.watch(connection);
                connections.spawn(async move {
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
    if tokio::time::timeout(patience.shutdown, graceful.shutdown()).await.is_err() {
        tracing::warn!(connections = connections.len(), "cut off: they did not end in time");
    }
    connections.shutdown().await;
    Ok(())
}

/// A stream whose writes fail when the other side takes nothing for that long.
fn impatient(stream: TcpStream, patience: Duration) -> std::pin::Pin<Box<TimeoutStream<TcpStream>>> {
    // Answers are written whole: waiting for more to send only delays them.
    let _ = stream.set_nodelay(true);
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(patience));
    Box::pin(stream)
}
