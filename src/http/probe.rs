//! `kith health`: asks the Kith that the configuration describes whether it is ready, as a container's health check.

use std::{
    error::Error,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use http_body_util::{BodyExt, Empty};
use hyper::{Request, StatusCode, body::Bytes, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// More than `/health/ready` takes to give the graph up.
const DEADLINE: Duration = Duration::from_secs(4);

/// Answers an error, in one line, unless the Kith that listens there is ready.
pub async fn probe(listen: &str) -> Result<(), Box<dyn Error>> {
    let address = reachable(listen.parse()?);
    let readiness = tokio::time::timeout(DEADLINE, readiness(address));
    let (status, answer) = readiness
        .await
        .map_err(|_| format!("{address} does not answer within {DEADLINE:?}"))?
        .map_err(|error| format!("{address}: {error}"))?;
    if status == StatusCode::OK { Ok(()) } else { Err(format!("{address}: {status}: {answer}").into()) }
}

/// Where a process on the same machine reaches what listens there: every address stands for the loopback one too.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

async fn readiness(address: SocketAddr) -> Result<(StatusCode, String), Box<dyn Error>> {
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let request =
        Request::get("/health/ready").header(header::HOST, address.to_string()).body(Empty::<Bytes>::new())?;
    let response = sender.send_request(request).await?;
    let status = response.status();
    let body = response.into_body().collect().await?.to_bytes();
    connection.abort();
    Ok((status, String::from_utf8_lossy(&body).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_is_asked_on_the_loopback_one() {
        for (listen, asked) in [
            ("0.0.0.0:3000", "127.0.0.1:3000"),
            ("[::]:3000", "[::1]:3000"),
            ("10.0.0.7:80", "10.0.0.7:80"),
            ("[::2]:80", "[::2]:80"),
        ] {
            assert_eq!(reachable(listen.parse().expect(listen)).to_string(), asked);
        }
    }
}
