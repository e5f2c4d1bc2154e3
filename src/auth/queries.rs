//! The statements of sessions and credentials.

use serde::Deserialize;

use super::Role;
use crate::{
    clock::Timestamp,
    cypher::{Done, IdRow},
    queries,
    store::Fact,
};

queries! {
    /// The password hash of the user of a handle.
    read FindCredential("auth/find_credential.cypher") { handle: String } -> CredentialRow;
    /// The user whom an issuer vouches for under that name.
    read FindIdentity("auth/find_identity.cypher") { identity: String } -> AccountRow;
    /// Creates a user whom an issuer vouches for.
    write CreateIdentity("auth/create_identity.cypher") { id: String, handle: String, display_name: String, identity: String, now: i64 } -> IdRow,
        about |new| vec![Fact::User(&new.id), Fact::Numbers(&new.id), Fact::Handle(&new.handle)];
    /// Opens a session with its first refresh token.
    write OpenSession("auth/open_session.cypher") { user: String, session: String, hash: String, now: i64, expires_at: i64 } -> IdRow,
        about |_| vec![];
    /// The users of sessions that are neither revoked nor expired.
    read SessionUsers("auth/session_users.cypher") { sessions: Vec<String>, now: i64 } -> SessionRow;
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
    /// The user for whom a service wants to act.
    read FindActedFor("auth/find_acted_for.cypher") { user: String } -> AccountRow;
    /// How many personal tokens a user has, who is locked for the rest of the transaction.
    write CountTokens("auth/count_tokens.cypher") { user: String, now: i64 } -> CountRow,
        about |_| vec![];
    /// Gives a user a personal token.
    write AddToken("auth/add_token.cypher") { user: String, id: String, hash: String, token_name: String, scopes: String, now: i64, expires_at: i64 } -> IdRow,
        about |_| vec![];
    /// The personal token of a hash, and its user.
    read FindToken("auth/find_token.cypher") { hash: String, now: i64 } -> FoundToken;
    /// Keeps when a personal token was used last.
    write UseToken("auth/use_token.cypher") { id: String, now: i64 } -> IdRow,
        about |_| vec![];
    /// The personal tokens of a user, newest first.
    read Tokens("auth/tokens.cypher") { user: String, before_key: i64, before_id: String, limit: usize } -> TokenRow;
    /// A personal token of a user.
    read Token("auth/token.cypher") { user: String, id: String } -> TokenRow;
    /// Ends a personal token of a user.
    write DeleteToken("auth/delete_token.cypher") { user: String, id: String } -> HashRow,
        about |_| vec![];
    /// Deletes personal tokens that expired a while ago.
    write SweepTokens("auth/sweep_tokens.cypher") { before: i64 } -> Done,
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
pub struct AccountRow {
    pub id: String,
    pub role: Option<String>,
    pub suspended: bool,
    pub until: Option<Timestamp>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct SessionRow {
    pub session: String,
    pub account: AccountRow,
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

#[derive(Clone, Debug, Deserialize)]
pub struct CountRow {
    pub count: i64,
}

#[derive(Clone, Debug, Deserialize)]
pub struct HashRow {
    pub hash: String,
}

#[derive(Clone, Debug, Deserialize)]
pub struct FoundToken {
    pub id: String,
    pub account: AccountRow,
    pub scopes: String,
    pub expires_at: i64,
    pub used_at: Option<i64>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct TokenRow {
    pub id: String,
    pub token_name: String,
    pub scopes: String,
    pub created_at: i64,
    pub expires_at: i64,
    pub used_at: Option<i64>,
}
