//! The public keys of one issuer: asked for when they are needed, kept, and not asked for too often.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use jsonwebtoken::{
    Algorithm, DecodingKey, Header,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse},
};
use reqwest::{Client, header::ACCEPT};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::{
    config::{AuthConfig, is_confidential},
    error::Error,
    telemetry::ISSUER_FETCHES,
};

/// The largest discovery document, and the largest set of keys, in bytes.
const MOST_BYTES: usize = 256 * 1024;
/// Most keys of one issuer that are looked at.
const MOST_KEYS: usize = 100;
/// The shortest RSA key: 2048 bits.
const LEAST_RSA_BYTES: usize = 256;

/// How often and how long.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Keys of that age are asked for again.
    refresh: Duration,
    /// Between two times of asking.
    brake: Duration,
    /// Keys of that age are good no more.
    max_age: Duration,
}

impl Pace {
    pub fn of(config: &AuthConfig) -> Self {
        Self { refresh: config.issuer_refresh, brake: config.issuer_brake, max_age: config.issuer_max_age }
    }
}

pub struct KeyRing {
    issuer: String,
    client: Client,
    pace: Pace,
    held: RwLock<Option<Arc<Held>>>,
    /// Whoever has it may ask; in it is when that was done last.
    turn: Arc<Mutex<Option<Asked>>>,
}

/// What the issuer answered last.
struct Held {
    keys: Vec<(Jwk, DecodingKey)>,
    at: Instant,
    /// Grows when a key is taken away.
    generation: u64,
}

#[derive(Clone, Copy)]
struct Asked {
    at: Instant,
    in_vain: bool,
}

/// A key that fits a token.
pub struct Found {
    pub key: DecodingKey,
    pub generation: u64,
}

/// What is read of a discovery document.
#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

/// A JSON Web Key Set. Each key is read by itself: one of a new kind must not spoil the others.
#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Value>,
}

impl Held {
    fn find(&self, header: &Header) -> Option<Found> {
        let mut fitting = self.keys.iter().filter(|(jwk, _)| fits(jwk, header.alg));
        let (_, key) = match &header.kid {
            Some(kid) => fitting.find(|(jwk, _)| jwk.common.key_id.as_ref() == Some(kid))?,
            // A token need not name its key if there is only one.
            None => fitting.next().filter(|_| fitting.next().is_none())?,
        };
        Some(Found { key: key.clone(), generation: self.generation })
    }
}

impl KeyRing {
    pub fn new(issuer: &str, client: Client, pace: Pace) -> Arc<Self> {
        let (held, turn) = (RwLock::default(), Arc::default());
        Arc::new(Self { issuer: issuer.to_owned(), client, pace, held, turn })
    }

    /// The key that signed a token of that head, if the issuer has it.
    pub async fn find(self: &Arc<Self>, header: &Header) -> Result<Found, Error> {
        if let Some(found) = self.held().and_then(|held| held.find(header)) {
            // Whoever finds them old asks for new ones; all others go on with those that there are.
            match self.turn_if_due() {
                Some(turn) => self.ask(turn).await,
                None => return Ok(found),
            }
        } else {
            let turn = Arc::clone(&self.turn).lock_owned().await;
            if let Some(found) = self.held().and_then(|held| held.find(header)) {
                return Ok(found);
            }
            if self.may_ask(*turn) {
                self.ask(turn).await;
            }
        }
        if let Some(found) = self.held().and_then(|held| held.find(header)) {
            return Ok(found);
        }
        let asked = *self.turn.lock().await;
        match asked.filter(|asked| asked.in_vain || self.held().is_none()) {
            // Nobody can say whether the issuer has that key.
            Some(asked) => Err(Error::IssuerUnavailable(self.pace.brake.saturating_sub(asked.at.elapsed()))),
            None => Err(Error::InvalidToken),
        }
    }

    /// Whether what was checked with a key of that generation still holds.
    pub fn vouches(&self, generation: u64) -> bool {
        self.held().is_some_and(|held| held.generation == generation)
    }

    /// Asks for new keys, if the present ones are old, without anybody waiting for them.
    pub fn keep_fresh(self: &Arc<Self>) {
        if let Some(turn) = self.turn_if_due() {
            drop(self.begin(turn));
        }
    }

    fn held(&self) -> Option<Arc<Held>> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner).clone();
        held.filter(|held| held.at.elapsed() < self.pace.max_age)
    }

    fn may_ask(&self, asked: Option<Asked>) -> bool {
        asked.is_none_or(|asked| asked.at.elapsed() >= self.pace.brake)
    }

    fn turn_if_due(&self) -> Option<OwnedMutexGuard<Option<Asked>>> {
        self.held().filter(|held| held.at.elapsed() >= self.pace.refresh)?;
        let turn = Arc::clone(&self.turn).try_lock_owned().ok()?;
        self.may_ask(*turn).then_some(turn)
    }

    async fn ask(self: &Arc<Self>, turn: OwnedMutexGuard<Option<Asked>>) {
        let _ = self.begin(turn).await;
    }

    /// A task of its own: who hangs up meanwhile does not end it.
    fn begin(self: &Arc<Self>, mut turn: OwnedMutexGuard<Option<Asked>>) -> tokio::task::JoinHandle<()> {
        let ring = Arc::clone(self);
        tokio::spawn(async move {
            *turn = Some(Asked { at: Instant::now(), in_vain: true });
            let outcome = match ring.fetch().await {
                Ok(keys) => {
                    ring.hold(keys);
                    *turn = turn.map(|asked| Asked { in_vain: false, ..asked });
                    "ok"
                }
                Err(error) => {
                    tracing::warn!(issuer = ring.issuer, error, "an issuer does not tell its keys");
                    "failed"
                }
            };
            metrics::counter!(ISSUER_FETCHES, "issuer" => ring.issuer.clone(), "outcome" => outcome)
                .increment(1);
        })
    }

    fn hold(&self, keys: Vec<(Jwk, DecodingKey)>) {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        let generation = held.as_ref().map_or(0, |before| {
            let is_there = |(jwk, _): &(Jwk, DecodingKey)| keys.iter().any(|(other, _)| other == jwk);
            before.generation + u64::from(!before.keys.iter().all(is_there))
        });
        *held = Some(Arc::new(Held { keys, at: Instant::now(), generation }));
    }

    async fn fetch(&self) -> Result<Vec<(Jwk, DecodingKey)>, String> {
        let place = format!("{}/.well-known/openid-configuration", self.issuer.trim_end_matches('/'));
        let discovery: Discovery = self.get(&place).await?;
        if discovery.issuer != self.issuer {
            return Err("its discovery document names another issuer".to_owned());
        }
        if !is_confidential(&discovery.jwks_uri) {
            return Err("its jwks_uri is no https URL".to_owned());
        }
        let keys = self.get::<KeySet>(&discovery.jwks_uri).await?.keys.into_iter().take(MOST_KEYS);
        let keys: Vec<Jwk> = keys.filter_map(|key| serde_json::from_value(key).ok()).collect();
        let keys = keys.into_iter().filter_map(|jwk| {
            let key = DecodingKey::from_jwk(&jwk).ok()?;
            Some((jwk, key))
        });
        let keys: Vec<_> = keys.collect();
        if keys.is_empty() { Err("it has no key that Kith can use".to_owned()) } else { Ok(keys) }
    }

    async fn get<T: DeserializeOwned>(&self, url: &str) -> Result<T, String> {
        let failed = |error: reqwest::Error| format!("{:?}", error.without_url());
        let answer = self.client.get(url).header(ACCEPT, "application/json").send().await.map_err(failed)?;
        let mut answer = answer.error_for_status().map_err(failed)?;
        if !answer.status().is_success() {
            return Err(format!("it answers {}", answer.status()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > MOST_BYTES {
                return Err(format!("its answer is larger than {MOST_BYTES} bytes"));
            }
            body.extend_from_slice(&chunk);
        }
        serde_json::from_slice(&body).map_err(|error| format!("its answer cannot be read: {error}"))
    }
}

/// Whether a key is for signatures of that kind. A key of another kind under the name of a good one is none.
fn fits(jwk: &Jwk, algorithm: Algorithm) -> bool {
    let common = &jwk.common;
    let is_for_signatures = common.public_key_use.as_ref().is_none_or(|of| *of == PublicKeyUse::Signature)
        && common.key_operations.as_ref().is_none_or(|all| all.contains(&KeyOperations::Verify));
    let is_its_own = common.key_algorithm.is_none_or(|own| own.to_string() == format!("{algorithm:?}"));
    let is_of_kind = match (&jwk.algorithm, algorithm) {
        (AlgorithmParameters::RSA(key), Algorithm::RS256 | Algorithm::PS256) => {
            // Three bytes in four letters.
            key.n.trim_end_matches('=').len() * 3 / 4 >= LEAST_RSA_BYTES
        }
        (AlgorithmParameters::EllipticCurve(key), Algorithm::ES256) => key.curve == EllipticCurve::P256,
        (AlgorithmParameters::OctetKeyPair(key), Algorithm::EdDSA) => key.curve == EllipticCurve::Ed25519,
        _ => false,
    };
    is_for_signatures && is_its_own && is_of_kind
}
