//! An issuer that says whatever a test wants it to.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::SigningKey;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use kith::config::IssuerConfig;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

pub struct Signer {
    pub url: String,
    script: Arc<Script>,
}

/// What it answers, and how often it was asked.
struct Script {
    discovery: Mutex<Value>,
    keys: Mutex<Value>,
    head: Mutex<String>,
    asked: AtomicUsize,
}

pub fn secret(byte: u8) -> EncodingKey {
    let prefix =
        [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
    EncodingKey::from_ed_der(&[&prefix[..], &[byte; 32]].concat())
}

pub fn public(byte: u8) -> [u8; 32] {
    SigningKey::from_bytes(&[byte; 32]).verifying_key().to_bytes()
}

/// The public half as a JSON Web Key.
pub fn jwk(byte: u8, kid: &str) -> Value {
    let x = URL_SAFE_NO_PAD.encode(public(byte));
    json!({"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": kid, "x": x})
}

impl Signer {
    /// With one key, whose secret is all ones and whose name is `one`.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let script = Arc::new(Script {
            discovery: Mutex::new(json!({"issuer": url, "jwks_uri": format!("{url}/keys")})),
            keys: Mutex::new(json!({"keys": [jwk(1, "one")]})),
            head: Mutex::new("HTTP/1.1 200 OK".to_owned()),
            asked: AtomicUsize::new(0),
        });
        let answering = Arc::clone(&script);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let script = Arc::clone(&answering);
                tokio::spawn(async move {
                    let mut head = vec![0; 4096];
                    let read = stream.read(&mut head).await.unwrap_or_default();
                    let is_for_keys = head[..read].starts_with(b"GET /keys");
                    let body = if is_for_keys { &script.keys } else { &script.discovery };
                    let body = body.lock().expect("a lock").to_string();
                    if is_for_keys {
                        script.asked.fetch_add(1, Ordering::SeqCst);
                        // Long enough that others come meanwhile.
                        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                    }
                    let status = script.head.lock().expect("a lock").clone();
                    let head =
                        format!("{status}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
                    let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
                });
            }
        });
        Self { url, script }
    }

    pub fn config(&self) -> IssuerConfig {
        config(&self.url)
    }

    pub fn asked(&self) -> usize {
        self.script.asked.load(Ordering::SeqCst)
    }

    pub fn discovers(&self, name: &str, value: Value) {
        self.script.discovery.lock().expect("a lock")[name] = value;
    }

    pub fn has_keys(&self, keys: &[Value]) {
        *self.script.keys.lock().expect("a lock") = json!({"keys": keys});
    }

    pub fn answers(&self, status: &str) {
        *self.script.head.lock().expect("a lock") = format!("HTTP/1.1 {status}");
    }

    /// Good claims for somebody.
    pub fn claims(&self, subject: &str) -> Value {
        let now = jsonwebtoken::get_current_timestamp();
        json!({
            "iss": self.url, "sub": subject, "aud": "kith", "iat": now, "exp": now + 600,
            "preferred_username": subject, "name": format!("Name of {subject}"),
        })
    }

    /// A good token for somebody.
    pub fn token(&self, subject: &str) -> String {
        signed(&self.claims(subject), Some("one"), 1)
    }

    /// A token that is good but for what `change` does to its claims.
    pub fn with(&self, subject: &str, change: impl FnOnce(&mut Value)) -> String {
        let mut claims = self.claims(subject);
        change(&mut claims);
        signed(&claims, Some("one"), 1)
    }
}

pub fn signed(claims: &Value, kid: Option<&str>, key: u8) -> String {
    let header = Header { kid: kid.map(str::to_owned), ..Header::new(Algorithm::EdDSA) };
    jsonwebtoken::encode(&header, claims, &secret(key)).expect("a token")
}

pub fn config(issuer: &str) -> IssuerConfig {
    serde_json::from_value(json!({"issuer": issuer, "audience": "kith"})).expect("a configuration")
}
