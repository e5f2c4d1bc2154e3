//! `/v1/sessions`: log in, refresh, log out.

use std::{sync::Arc, time::Instant};

use poem_openapi::{Object, OpenApi};
use serde::{Deserialize, Serialize};

use super::{Holder, Proof, Suspension, queries::FindCredential, sessions, tokens::KeySet};
use crate::{
    app::App,
    error::Error,
    http::{
        answer::{Json, NoContent},
        body::Body,
    },
    section::Section,
    telemetry::RATE_LIMITED,
};

pub struct SessionsApi {
    pub app: Arc<App>,
}

/// What a person logs in with.
#[derive(Debug, Object, Deserialize)]
pub struct Credentials {
    /// The handle, with or without capitals.
    #[oai(validator(min_length = 1))]
    pub handle: String,
    /// The password.
    #[oai(validator(min_length = 1))]
    pub password: String,
    /// Lets somebody in who is suspended, to see their account (`GET /v1/me`), to take its data along
    /// (`GET /v1/me/export`), to erase it (`DELETE /v1/me`) and to log out, and for nothing else. `false` when left out;
    /// changes nothing for others.
    #[serde(default)]
    pub while_suspended: Option<bool>,
}

/// A refresh token to be exchanged.
#[derive(Debug, Object, Deserialize)]
pub struct RefreshRequest {
    /// The newest refresh token of the session.
    #[oai(validator(min_length = 1))]
    pub refresh_token: String,
}

/// Tokens of a session.
#[derive(Debug, Object, Serialize)]
pub struct SessionTokens {
    /// A signed access token for the `Authorization` header.
    #[oai(validator(pattern = r"^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$"))]
    pub access_token: String,
    /// Always `Bearer`.
    #[oai(validator(pattern = "^Bearer$"))]
    pub token_type: String,
    /// How long the access token is valid, in seconds.
    #[oai(validator(minimum(value = "1")))]
    pub expires_in: i64,
    /// Gives the next pair of tokens, once.
    #[oai(validator(pattern = "^[A-Za-z0-9_-]{43}$"))]
    pub refresh_token: String,
}

#[OpenApi(tag = "Section::Accounts")]
impl SessionsApi {
    /// Log in
    ///
    /// Exchanges a handle and a password for tokens. An unknown handle and a wrong password get the same answer,
    /// `invalid_credentials`, after the same time. After five failures in a row each further attempt for that handle has to
    /// wait twice as long, from a second to a quarter of an hour: `429 rate_limited`. Who is suspended is told until when:
    /// `403 suspended`.
    #[oai(path = "/v1/sessions", method = "post", operation_id = "create_session")]
    async fn create_session(&self, body: Body<Credentials>) -> Result<Json<SessionTokens>, Error> {
        if !self.app.config.auth.local_accounts {
            return Err(Error::Forbidden("Accounts are kept by an external issuer."));
        }
        let credentials = body.value;
        let handle = credentials.handle.trim().trim_start_matches('@').to_lowercase();
        if self.app.config.rate_limits.enabled
            && let Err(wait) = self.app.attempts.begin(&handle, Instant::now())
        {
            metrics::counter!(RATE_LIMITED, "class" => "account").increment(1);
            return Err(Error::RateLimited(wait));
        }
        let issued = self.log_in(&handle, credentials).await;
        match &issued {
            Err(Error::InvalidCredentials) => {}
            Ok(_) | Err(Error::Suspended(_)) => self.app.attempts.succeed(&handle),
            // Of the password it tells nothing.
            Err(_) => self.app.attempts.take_back(&handle),
        }
        self.tokens(issued?)
    }

    /// Refresh tokens
    ///
    /// Exchanges a refresh token for a new pair of tokens. Each refresh token works once: one presented a second
    /// time ends its session, for then somebody else has had it. Who is suspended gets `403 suspended`.
    #[oai(path = "/v1/sessions/refresh", method = "post", operation_id = "refresh_session")]
    async fn refresh_session(&self, body: Body<RefreshRequest>) -> Result<Json<SessionTokens>, Error> {
        self.tokens(sessions::refresh(&self.app, &body.value.refresh_token).await?)
    }

    /// Read the public keys
    ///
    /// The keys with which access tokens are signed, for others who are to believe them: a JSON Web Key Set. A key that
    /// will sign stands here before it does, and one that did for as long as its tokens are good.
    #[oai(path = "/.well-known/jwks.json", method = "get", operation_id = "get_keys")]
    #[expect(clippy::unused_async, reason = "an operation is")]
    async fn get_keys(&self) -> Result<Json<KeySet>, Error> {
        let answer = Json::new(self.app.tokens.key_set());
        Ok(answer.with_header(poem::http::header::CACHE_CONTROL, "public, max-age=300"))
    }

    /// Log out
    ///
    /// Ends the session of the access token: neither it nor its refresh tokens work afterwards. The token of an external
    /// issuer has no session here, and is ended there: `403 forbidden`.
    #[oai(path = "/v1/sessions/current", method = "delete", operation_id = "delete_current_session")]
    async fn delete_current_session(&self, holder: Holder) -> Result<NoContent, Error> {
        let Proof::Session(claims) = &holder.0.proof else {
            return Err(Error::Forbidden("This token has no session here. End it where it was issued."));
        };
        sessions::revoke(&self.app, &claims.sid).await?;
        Ok(NoContent)
    }
}

impl SessionsApi {
    async fn log_in(&self, handle: &str, credentials: Credentials) -> Result<sessions::Issued, Error> {
        let found = self.app.store.run(&FindCredential { handle: handle.to_owned() }).await?.pop();
        let hash = found.as_ref().map(|credential| credential.password_hash.clone());
        let fits = self.app.passwords.verify(credentials.password, hash).await?;
        let credential = found.filter(|_| fits).ok_or(Error::InvalidCredentials)?;
        if !credentials.while_suspended.unwrap_or_default() {
            let suspension = Suspension::of(credential.suspended, credential.until);
            Suspension::check(suspension, self.app.clock.now())?;
        }
        sessions::open(&self.app, &credential.user_id).await
    }

    fn tokens(&self, issued: sessions::Issued) -> Result<Json<SessionTokens>, Error> {
        let tokens = &self.app.tokens;
        let answer = SessionTokens {
            access_token: tokens.issue(&issued.user_id, &issued.session_id, self.app.clock.now())?,
            token_type: "Bearer".to_owned(),
            expires_in: tokens.ttl_seconds(),
            refresh_token: issued.refresh_token,
        };
        Ok(Json::new(&answer).private())
    }
}
