//! What a request proves of who asks, by whatever kind of token.

use std::sync::Arc;

use poem::http::{HeaderMap, HeaderValue, header};

use super::{Claims, identities, issuers::Issued};
use crate::{app::App, error::Error};

/// What was found in a token. Whether it still holds is another question.
#[derive(Clone, Debug)]
pub enum Proof {
    /// A token of a session here.
    Session(Arc<Claims>),
    /// A token of another issuer.
    Issuer(Arc<Issued>),
}

impl Proof {
    /// The user for whom is asked.
    pub fn user(&self) -> &str {
        match self {
            Self::Session(claims) => &claims.sub,
            Self::Issuer(issued) => &issued.user,
        }
    }
}

/// What is known of who asks without asking anybody else: all of our own tokens, and others that were good before. Nothing
/// only if there is no token.
pub fn known(app: &App, headers: &HeaderMap) -> Result<Option<Proof>, Error> {
    let Some(token) = token_in(headers)? else { return Ok(None) };
    if let Some(issued) = app.issuers.remembered(token) {
        return Ok(Some(Proof::Issuer(issued)));
    }
    app.tokens.verify(token).map(|claims| Some(Proof::Session(claims)))
}

/// What a request proves of who asks. Nothing only if there is no token.
pub async fn find(app: &App, headers: &HeaderMap) -> Result<Option<Proof>, Error> {
    let Some(token) = token_in(headers)? else { return Ok(None) };
    if let Some(issued) = app.issuers.remembered(token).filter(|issued| app.issuers.vouch_for(issued)) {
        return Ok(Some(Proof::Issuer(issued)));
    }
    if let Some(vouched) = app.issuers.verify(token).await {
        let vouched = vouched?;
        let user = identities::find_or_create(app, &vouched).await?;
        return Ok(Some(Proof::Issuer(app.issuers.remember(token, vouched, user))));
    }
    app.tokens.verify(token).map(|claims| Some(Proof::Session(claims)))
}

/// Whether a request has a token that was found good before.
pub fn is_remembered(app: &App, headers: &HeaderMap) -> bool {
    token_in(headers)
        .ok()
        .flatten()
        .is_some_and(|token| app.tokens.is_remembered(token) || app.issuers.remembered(token).is_some())
}

/// Whether what was found still holds: it has not expired, and its session, or the account, has not ended.
pub async fn is_good(app: &App, proof: &Proof) -> Result<bool, Error> {
    Ok(match proof {
        Proof::Session(claims) => {
            let user = app.sessions.user(app, &claims.sid).await?;
            !claims.have_expired() && user.as_deref() == Some(claims.sub.as_str())
        }
        Proof::Issuer(issued) => {
            let load = identities::find(app, &issued.identity);
            let user = app.sessions.remembered(&issued.identity, load).await?;
            app.issuers.vouch_for(issued) && user.as_deref() == Some(issued.user.as_str())
        }
    })
}

fn token_in(headers: &HeaderMap) -> Result<Option<&str>, Error> {
    let header = headers.get(header::AUTHORIZATION);
    header.map(|header| token(header).ok_or(Error::InvalidToken)).transpose()
}

fn token(authorization: &HeaderValue) -> Option<&str> {
    let (scheme, token) = authorization.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
