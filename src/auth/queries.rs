//! The statements of sessions and credentials.

use serde::Deserialize;

use super::Role;
use crate::{
    clock::Timestamp,
    cypher::{Done, IdRow},
    queries,
};

queries! {
    /// The password hash of the user of a handle.
    read FindCredential("auth/find_credential.cypher") { handle: String } -> CredentialRow;
    /// Opens a session with its first refresh token.
    write OpenSession("auth/open_session.cypher") { user: String, session: String, hash: String, now: i64, expires_at: i64 } -> IdRow,
        about |_| vec![];
    /// The user of a session that is neither revoked nor expired.
    read SessionUser("auth/session_user.cypher") { session: String, now: i64 } -> SessionUserRow;
    /// Gives a user a role, or takes it away.
    write SetRole("auth/set_role.cypher") { handle: String, role: Option<Role> } -> IdRow,
        about |_| vec![];
    /// A refresh token, used or not, and its session.
    write FindRefreshToken("auth/find_refresh_token.cypher") { hash: String, now: i64 } -> RefreshTokenRow,
        about |_| vec![];
    /// Marks a refresh token as used, unless it already was.
    write UseRefreshToken("auth/use_refresh_token.cypher") { hash: String, now: i64 } -> IdRow,
        about |_| vec![];
    /// Gives a session its next refresh token.
    write AddRefreshToken("auth/add_refresh_token.cypher") { session: String, hash: String, now: i64, expires_at: i64 } -> IdRow,
        about |_| vec![];
    /// Ends all sessions of a user.
    write RevokeSessions("auth/revoke_sessions.cypher") { user: String, now: i64 } -> IdRow,
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
    pub suspended: bool,
    pub until: Option<Timestamp>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct SessionUserRow {
    pub id: String,
    pub role: Option<String>,
    pub suspended: bool,
    pub until: Option<Timestamp>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct RefreshTokenRow {
    pub session_id: String,
    pub user_id: String,
    pub expires_at: i64,
    pub revoked: bool,
    pub suspended: bool,
    pub until: Option<Timestamp>,
}
