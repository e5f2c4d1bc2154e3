//! HTTP over a real connection, a new one for each request.

use std::{error::Error, time::Duration};

use http_body_util::{BodyExt, Full};
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    client::conn::http1,
};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use crate::support::Answer;

pub type Failure = Box<dyn Error + Send + Sync>;

const LIMIT: Duration = Duration::from_mins(1);

/// Sends a request and reads the head of its answer. `token` may be empty.
pub async fn open(
    address: &str,
    method: &str,
    path: &str,
    token: &str,
    headers: &[(&str, &str)],
    body: Vec<u8>,
) -> Result<Response<Incoming>, Failure> {
    let exchange = async {
        let stream = TcpStream::connect(address).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // Ends when the answer was read or dropped.
        tokio::spawn(connection);
        let mut request = Request::builder().method(method).uri(path).header("host", address);
        if !token.is_empty() {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if !body.is_empty() {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Ok(sender.send_request(request.body(Full::new(Bytes::from(body)))?).await?)
    };
    tokio::time::timeout(LIMIT, exchange).await?
}

/// A whole exchange. What is not complete is an error.
pub async fn try_send(
    address: &str,
    method: &str,
    path: &str,
    token: &str,
    headers: &[(&str, &str)],
    body: &Value,
) -> Result<Answer, Failure> {
    let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
    let response = open(address, method, path, token, headers, body).await?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let bytes = tokio::time::timeout(LIMIT, response.into_body().collect()).await??.to_bytes();
    Ok(Answer { status, headers, text: String::from_utf8_lossy(&bytes).into_owned() })
}

pub async fn send_with(
    address: &str,
    method: &str,
    path: &str,
    token: &str,
    headers: &[(&str, &str)],
    body: &Value,
) -> Answer {
    let answer = try_send(address, method, path, token, headers, body).await;
    answer.unwrap_or_else(|error| panic!("{method} {address}{path}: {error}"))
}

pub async fn send(address: &str, method: &str, path: &str, token: &str, body: &Value) -> Answer {
    send_with(address, method, path, token, &[], body).await
}

pub async fn get(address: &str, path: &str, token: &str) -> Answer {
    send(address, "GET", path, token, &Value::Null).await
}
