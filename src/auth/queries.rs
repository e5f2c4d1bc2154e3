//! The statements of sessions and credentials.

use serde::Deserialize;

use crate::{
    cypher::{Done, IdRow},
    queries,
    store::Fact,
};

queries! {
    /// The password hash of the user of a handle.
    read FindCredential("auth/find_credential.cypher") { handle: String } -> CredentialRow;
    /// The user whom an issuer vouches for under that name.
    read FindIdentity("auth/find_identity.cypher") { identity: String } -> IdRow;
    /// Creates a user whom an issuer vouches for.
    write CreateIdentity("auth/create_identity.cypher") { id: String, handle: String, display_name: String, identity: String, now: i64 } -> IdRow,
        about |new| vec![Fact::User(&new.id), Fact::Numbers(&new.id), Fact::Handle(&new.handle)];
    /// Opens a session with its first refresh token.
    write OpenSession("auth/open_session.cypher") { user: String, session: String, hash: String, now: i64, expires_at: i64 } -> IdRow,
        about |_| vec![];
    /// The user of a session that is neither revoked nor expired.
    read SessionUser("auth/session_user.cypher") { session: String, now: i64 } -> IdRow;
    /// A refresh token, used or not, and its session.
    write FindRefreshToken("auth/find_refresh_token.cypher") { hash: String, now: i64 } -> RefreshTokenRow,
        about |_| vec![];
    /// Marks a refresh token as used, unless it already was.
    write UseRefreshToken("auth/use_refresh_token.cypher") { hash: String, now: i64 } -> IdRow,
        about |_| vec![];
    /// Gives a session its next refresh token.
    write AddRefreshToken("auth/add_refresh_token.cypher") { session: String, hash: String, now: i64, expires_at: i64 } -> IdRow,
        about |_| vec![];
    /// Ends a session.
    write RevokeSession("auth/revoke_session.cypher") { session: String, now: i64 } -> IdRow,
        about |_| vec![];
    /// Deletes sessions that expired or were revoked a while ago.
    write SweepSessions("auth/sweep_sessions.cypher") { before: i64 } -> Done,
        about |_| vec![];
}

#[derive(Clone, Debug, Deserialize)]
pub struct CredentialRow {
    pub user_id: String,
    pub password_hash: String,
}

#[derive(Clone, Debug, Deserialize)]
pub struct RefreshTokenRow {
    pub session_id: String,
    pub user_id: String,
    pub expires_at: i64,
    pub revoked: bool,
}
