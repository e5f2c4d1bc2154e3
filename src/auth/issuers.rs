//! Issuers of OpenID Connect: whose access tokens are good besides Kith's own, and what they say.

mod keys;

use std::{sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, Header, Validation};
use moka::sync::Cache;
use reqwest::{Client, redirect::Policy};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::{
    config::{AuthConfig, IssuerConfig},
    error::Error,
    scope::Scopes,
};

use keys::{KeyRing, Pace};

/// How much the clocks of an issuer and of Kith may differ, in seconds.
const SKEW: u64 = 60;
/// How long an issuer may take to connect, and to answer.
const CONNECT: Duration = Duration::from_secs(3);
const ANSWER: Duration = Duration::from_secs(5);
/// How many bytes of good tokens are remembered.
const MOST_REMEMBERED: u64 = 16 * 1024 * 1024;
/// The longest `sub`, in bytes; OpenID Connect allows 255.
const SUBJECT_BYTES: usize = 255;

/// The configured issuers.
pub struct Issuers {
    all: Vec<Issuer>,
    /// Tokens that were found good, with the users whom they were found to be of.
    good: Cache<Box<str>, Arc<Issued>>,
}

struct Issuer {
    config: IssuerConfig,
    keys: Arc<KeyRing>,
}

/// What a good token of an issuer says.
pub struct Vouched {
    /// Names issuer and subject together.
    pub identity: String,
    /// What the handle of a new user is to be made of.
    pub handle: Option<String>,
    /// What the name is to be made of.
    pub name: Option<String>,
    scopes: Scopes,
    /// Until when the token is good, in seconds since 1970.
    until: u64,
    /// By which issuer, and with its keys as they were when.
    issuer: usize,
    generation: u64,
}

/// A good token of an issuer, and the user whom it is of.
#[derive(Debug)]
pub struct Issued {
    pub user: String,
    pub identity: String,
    pub scopes: Scopes,
    until: u64,
    issuer: usize,
    generation: u64,
}

impl Issuers {
    pub fn new(config: &AuthConfig) -> Self {
        let good = Cache::builder().weigher(weight).max_capacity(MOST_REMEMBERED).build();
        let client = if config.issuers.is_empty() { None } else { client() };
        let pace = Pace::of(config);
        let all = client.into_iter().flat_map(|client| {
            config.issuers.iter().map(move |one| Issuer {
                keys: KeyRing::new(&one.issuer, client.clone(), pace),
                config: one.clone(),
            })
        });
        Self { all: all.collect(), good }
    }

    /// What was found before in a token.
    pub fn remembered(&self, token: &str) -> Option<Arc<Issued>> {
        if self.all.is_empty() { None } else { self.good.get(token) }
    }

    /// What a token says, if it is of one of the issuers at all.
    pub async fn verify(&self, token: &str) -> Option<Result<Vouched, Error>> {
        if self.all.is_empty() {
            return None;
        }
        let named = issuer_of(token)?;
        let place = self.all.iter().position(|issuer| issuer.config.issuer == named)?;
        Some(self.all[place].verify(token, place).await)
    }

    /// Remembers a good token and the user whom it is of.
    pub fn remember(&self, token: &str, vouched: Vouched, user: String) -> Arc<Issued> {
        let Vouched { identity, scopes, until, issuer, generation, .. } = vouched;
        let issued = Arc::new(Issued { user, identity, scopes, until, issuer, generation });
        self.good.insert(token.into(), Arc::clone(&issued));
        issued
    }

    /// Whether what was found in a token still holds: it has not expired, and no key was taken away since.
    pub fn vouch_for(&self, issued: &Issued) -> bool {
        let Some(Issuer { keys, .. }) = self.all.get(issued.issuer) else { return false };
        keys.keep_fresh();
        jsonwebtoken::get_current_timestamp() < issued.until && keys.vouches(issued.generation)
    }
}

impl Issuer {
    async fn verify(&self, token: &str, place: usize) -> Result<Vouched, Error> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| Error::InvalidToken)?;
        // What must be understood to read a token is not understood here.
        if !self.config.algorithms.contains(&header.alg) || header.crit.is_some() {
            return Err(Error::InvalidToken);
        }
        let found = self.keys.find(&header).await?;
        let claims = jsonwebtoken::decode::<Map<String, Value>>(token, &found.key, &self.validation(&header))
            .map_err(|_| Error::InvalidToken)?
            .claims;
        let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
        let subject = text("sub").filter(|subject| (1..=SUBJECT_BYTES).contains(&subject.len()));
        let subject = subject.ok_or(Error::InvalidToken)?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it was found to be later than now"
        )]
        let expires = claims.get("exp").and_then(Value::as_f64).ok_or(Error::InvalidToken)? as u64;
        Ok(Vouched {
            identity: identity(&self.config.issuer, &subject),
            handle: text(&self.config.handle_claim),
            name: text(&self.config.name_claim),
            scopes: self.config.scope_claim.as_ref().map_or(Scopes::USUAL, |name| scopes(claims.get(name))),
            until: expires.saturating_add(SKEW),
            issuer: place,
            generation: found.generation,
        })
    }

    fn validation(&self, header: &Header) -> Validation {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.algorithms = vec![header.alg];
        validation.set_issuer(&[&self.config.issuer]);
        validation.set_audience(&[&self.config.audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.validate_nbf = true;
        validation.leeway = SKEW;
        validation
    }
}

#[expect(clippy::borrowed_box, reason = "the cache's interface")]
fn weight(token: &Box<str>, _: &Arc<Issued>) -> u32 {
    u32::try_from(token.len() + 256).unwrap_or(u32::MAX)
}

fn client() -> Option<Client> {
    // Another part of the process may have chosen one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // Whom Kith asks is who was configured, and nobody to whom that one refers.
    match Client::builder().redirect(Policy::none()).connect_timeout(CONNECT).timeout(ANSWER).build() {
        Ok(client) => Some(client),
        Err(error) => {
            tracing::error!(%error, "no token of another issuer will be good");
            None
        }
    }
}

/// The scopes in a claim: a list, or words with spaces between.
fn scopes(claim: Option<&Value>) -> Scopes {
    match claim {
        Some(Value::String(words)) => Scopes::named(words.split(' ')),
        Some(Value::Array(words)) => Scopes::named(words.iter().filter_map(Value::as_str)),
        _ => Scopes::default(),
    }
}

/// Whom a token says that it is of, which nothing proves yet.
fn issuer_of(token: &str) -> Option<String> {
    let mut parts = token.split('.');
    let (_, claims) = (parts.next()?, parts.next()?);
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
    claims["iss"].as_str().map(str::to_owned)
}

/// A name for what only issuer and subject together are.
fn identity(issuer: &str, subject: &str) -> String {
    let mut hash = Sha256::new();
    for part in [issuer, subject] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    URL_SAFE_NO_PAD.encode(hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_is_of_one_issuer_and_one_subject() {
        let one = identity("https://a", "bc");
        assert_eq!(one, identity("https://a", "bc"));
        assert_eq!(one.len(), 43);
        for (issuer, subject) in
            [("https://ab", "c"), ("https://a", "bC"), ("https://a/", "bc"), ("", "https://abc")]
        {
            assert_ne!(one, identity(issuer, subject));
        }
    }
}
