//! Short-lived access tokens: JWTs signed with Ed25519 ([RFC 8037](https://www.rfc-editor.org/rfc/rfc8037)).

use std::{sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::SigningKey;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use moka::sync::Cache;
use poem_openapi::Object;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Keys;
use crate::{clock::Timestamp, error::Error};

/// Who issues these tokens and whom they are for.
const KITH: &str = "kith";

/// How many good tokens are remembered.
const MOST_GOOD: u64 = 20_000;

/// What leads the 32 secret bytes in a PKCS #8 document of an Ed25519 key
/// ([RFC 8410](https://www.rfc-editor.org/rfc/rfc8410), section 7).
const PKCS8_PREFIX: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// What an access token says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Claims {
    /// The user.
    pub sub: String,
    /// The session, which can be revoked.
    pub sid: String,
    pub iss: String,
    pub aud: String,
    pub iat: i64,
    pub exp: i64,
}

/// The keys whose tokens are good: a JSON Web Key Set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Object)]
pub struct KeySet {
    /// The one that signs first.
    #[oai(validator(min_items = 1))]
    pub keys: Vec<PublicKey>,
}

/// A public Ed25519 key as a JSON Web Key ([RFC 8037](https://www.rfc-editor.org/rfc/rfc8037), section 2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Object)]
pub struct PublicKey {
    /// Always `OKP`.
    #[oai(validator(pattern = "^OKP$"))]
    pub kty: String,
    /// Always `Ed25519`.
    #[oai(validator(pattern = "^Ed25519$"))]
    pub crv: String,
    /// Always `sig`.
    #[serde(rename = "use")]
    #[oai(rename = "use", validator(pattern = "^sig$"))]
    pub purpose: String,
    /// Always `EdDSA`.
    #[oai(validator(pattern = "^EdDSA$"))]
    pub alg: String,
    /// What `kid` in the head of a token names.
    #[oai(validator(pattern = "^[A-Za-z0-9_-]{16}$"))]
    pub kid: String,
    /// The key: 32 bytes in unpadded base64url.
    #[oai(validator(pattern = "^[A-Za-z0-9_-]{43}$"))]
    pub x: String,
}

impl PublicKey {
    fn of(key: &[u8; 32]) -> Self {
        let [kty, crv, purpose, alg] = ["OKP", "Ed25519", "sig", "EdDSA"].map(str::to_owned);
        Self { kty, crv, purpose, alg, kid: id_of(key), x: URL_SAFE_NO_PAD.encode(key) }
    }
}

fn id_of(key: &[u8; 32]) -> String {
    URL_SAFE_NO_PAD.encode(&Sha256::digest(key)[..12])
}

impl Claims {
    pub fn have_expired(&self) -> bool {
        i64::try_from(jsonwebtoken::get_current_timestamp()).is_ok_and(|now| self.exp <= now)
    }
}

pub struct Tokens {
    key_id: String,
    encoding: EncodingKey,
    /// By their ids, the own one first.
    decoding: Vec<(String, DecodingKey)>,
    key_set: KeySet,
    validation: Validation,
    ttl: Duration,
    /// Tokens that were found good, for a signature costs more to check than a page that is kept. Whether their
    /// sessions still are is asked each time.
    good: Cache<Box<str>, Arc<Claims>>,
    /// Keys what must be compared later without being kept: see [`Tokens::fingerprint`].
    secret: [u8; 32],
}

impl Tokens {
    pub fn new(keys: &Keys, ttl: Duration) -> Self {
        let public = |secret: &[u8; 32]| SigningKey::from_bytes(secret).verifying_key();
        let public: Vec<_> = [&keys.signing].into_iter().chain(&keys.others).map(public).collect();
        let key_set = KeySet { keys: public.iter().map(|key| PublicKey::of(key.as_bytes())).collect() };
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[KITH]);
        validation.set_audience(&[KITH]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.leeway = 0;
        Self {
            key_id: id_of(public[0].as_bytes()),
            encoding: EncodingKey::from_ed_der(&[PKCS8_PREFIX.as_slice(), &keys.signing].concat()),
            decoding: public
                .iter()
                .map(|key| (id_of(key.as_bytes()), DecodingKey::from_ed_der(key.as_bytes())))
                .collect(),
            key_set,
            validation,
            ttl,
            good: Cache::new(MOST_GOOD),
            secret: keys.sealing,
        }
    }

    pub fn ttl_seconds(&self) -> i64 {
        i64::try_from(self.ttl.as_secs()).unwrap_or(i64::MAX)
    }

    pub fn issue(&self, user_id: &str, session_id: &str, now: Timestamp) -> Result<String, Error> {
        let iat = now.0 / 1_000_000;
        let claims = Claims {
            sub: user_id.to_owned(),
            sid: session_id.to_owned(),
            iss: KITH.to_owned(),
            aud: KITH.to_owned(),
            iat,
            exp: iat + self.ttl_seconds(),
        };
        let header = Header { kid: Some(self.key_id.clone()), ..Header::new(Algorithm::EdDSA) };
        jsonwebtoken::encode(&header, &claims, &self.encoding)
            .map_err(|error| Error::Internal(format!("access token: {error}").into()))
    }

    /// The claims of a token that one of the keys signed and that has not expired.
    pub fn verify(&self, token: &str) -> Result<Arc<Claims>, Error> {
        if let Some(claims) = self.good.get(token).filter(|claims| !claims.have_expired()) {
            return Ok(claims);
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| Error::InvalidToken)?;
        let key = self.decoding.iter().find(|(id, _)| Some(id.as_str()) == header.kid.as_deref());
        let (_, key) = key.ok_or(Error::InvalidToken)?;
        let claims = jsonwebtoken::decode::<Claims>(token, key, &self.validation)
            .map(|token| Arc::new(token.claims))
            .map_err(|_| Error::InvalidToken)?;
        self.good.insert(token.into(), Arc::clone(&claims));
        Ok(claims)
    }

    pub fn is_remembered(&self, token: &str) -> bool {
        self.good.contains_key(token)
    }

    /// The keys whose tokens are good.
    pub fn key_set(&self) -> &KeySet {
        &self.key_set
    }

    /// A keyed hash: what a request was, comparable without being readable.
    pub fn fingerprint(&self, parts: &[&[u8]]) -> String {
        let mut hash = Sha256::new();
        hash.update(b"kith fingerprint");
        hash.update(self.secret);
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        URL_SAFE_NO_PAD.encode(hash.finalize())
    }
}
