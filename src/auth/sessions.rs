//! Sessions: one per log-in, with a chain of refresh tokens of which only the newest works.

use super::{
    Account,
    memory::Memory,
    queries::{AddRefreshToken, FindRefreshToken, OpenSession, RevokeSession, SessionUsers, UseRefreshToken},
    secrets::{generate, hash_of},
    suspension::Suspension,
    together::Together,
};
use crate::{
    app::App,
    clock::{Timestamp, new_id},
    error::Error,
    store::{Run, Tx, Work},
};

/// Remembers for a moment which sessions are good, and what may their users.
#[derive(Default)]
pub struct Sessions {
    known: Memory<Account>,
    /// Those who are not known are asked for together.
    unknown: Together<Account>,
}

/// A new pair of tokens.
pub struct Issued {
    pub user_id: String,
    pub session_id: String,
    pub refresh_token: String,
}

impl Sessions {
    /// The account of a session that is neither revoked nor expired.
    pub async fn account(&self, app: &App, session_id: &str) -> Result<Option<Account>, Error> {
        let load = self.unknown.find(session_id, |sessions| async {
            let rows = app.store.run(&SessionUsers { sessions, now: app.clock.now().0 }).await?;
            Ok(rows.into_iter().map(|row| (row.session, row.account.into())).collect())
        });
        self.remembered(session_id, load).await
    }

    /// The account of a session, or of what else has a name of its own, as `load` finds it.
    pub async fn remembered(
        &self,
        name: &str,
        load: impl Future<Output = Result<Option<Account>, Error>>,
    ) -> Result<Option<Account>, Error> {
        self.known.get(name, load).await
    }

    /// Another number after each end that this instance makes.
    pub fn ends(&self) -> u64 {
        self.known.ends()
    }

    pub async fn forget(&self, name: &str) {
        self.known.forget(name).await;
    }

    /// Forgets all, which is what the end of an account needs.
    pub fn forget_all(&self) {
        self.known.forget_all();
    }
}

/// Opens a session for a user who has just proved who they are.
pub async fn open(app: &App, user_id: &str) -> Result<Issued, Error> {
    let (refresh_token, hash) = generate("");
    let session_id = new_id();
    let now = app.clock.now();
    let query = OpenSession {
        user: user_id.to_owned(),
        session: session_id.clone(),
        hash,
        now: now.0,
        expires_at: expiry(app, now),
    };
    app.store.run(&query).await?.pop().ok_or(Error::InvalidCredentials)?;
    Ok(Issued { user_id: user_id.to_owned(), session_id, refresh_token })
}

/// Exchanges a refresh token for the next one. A token presented twice is stolen, or its owner's was:
/// nobody can tell which, so the whole session ends.
pub async fn refresh(app: &App, refresh_token: &str) -> Result<Issued, Error> {
    let (next, next_hash) = generate("");
    let now = app.clock.now();
    let work = Refresh { hash: hash_of(refresh_token), next_hash, now: now.0, expires_at: expiry(app, now) };
    match app.store.write(&work).await? {
        Refreshed::Rotated { user_id, session_id } => Ok(Issued { user_id, session_id, refresh_token: next }),
        Refreshed::Revoked { session_id } => {
            app.sessions.forget(&session_id).await;
            tracing::warn!(session_id, "a refresh token was used twice; its session is revoked");
            Err(Error::InvalidCredentials)
        }
        Refreshed::Unknown => Err(Error::InvalidCredentials),
    }
}

/// Ends a session.
pub async fn revoke(app: &App, session_id: &str) -> Result<(), Error> {
    app.store.run(&RevokeSession { session: session_id.to_owned(), now: app.clock.now().0 }).await?;
    app.sessions.forget(session_id).await;
    Ok(())
}

struct Refresh {
    hash: String,
    next_hash: String,
    now: i64,
    expires_at: i64,
}

enum Refreshed {
    Rotated { user_id: String, session_id: String },
    Revoked { session_id: String },
    Unknown,
}

impl Work for Refresh {
    type Output = Refreshed;

    async fn run(&self, tx: &mut Tx) -> Result<Refreshed, Error> {
        let Some(token) = tx.one(&FindRefreshToken { hash: self.hash.clone(), now: self.now }).await? else {
            return Ok(Refreshed::Unknown);
        };
        Suspension::check(Suspension::of(token.suspended, token.until), Timestamp(self.now))?;
        if token.revoked || token.expires_at <= self.now {
            return Ok(Refreshed::Unknown);
        }
        if tx.one(&UseRefreshToken { hash: self.hash.clone(), now: self.now }).await?.is_none() {
            tx.run(&RevokeSession { session: token.session_id.clone(), now: self.now }).await?;
            return Ok(Refreshed::Revoked { session_id: token.session_id });
        }
        let next = AddRefreshToken {
            session: token.session_id.clone(),
            hash: self.next_hash.clone(),
            now: self.now,
            expires_at: self.expires_at,
        };
        tx.run(&next).await?;
        Ok(Refreshed::Rotated { user_id: token.user_id, session_id: token.session_id })
    }
}

fn expiry(app: &App, now: Timestamp) -> i64 {
    now.0.saturating_add(i64::try_from(app.config.auth.refresh_token_ttl.as_micros()).unwrap_or(i64::MAX))
}
