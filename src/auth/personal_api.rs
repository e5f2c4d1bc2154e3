//! `/v1/me/tokens`: personal tokens.

use std::{marker::PhantomData, sync::Arc};

use poem_openapi::{
    Object, OpenApi,
    param::{Path, Query},
};
use serde::{Deserialize, Serialize};

use super::{
    Proof, Viewer, personal,
    queries::{Token, TokenRow, Tokens},
};
use crate::{
    app::App,
    clock::{Timestamp, new_id},
    error::{Error, FieldError},
    http::{
        answer::{Created, Json, NoContent, to_json},
        body::Body,
    },
    page::{Limit, Page, Paging, Position},
    scope::{Scope, Scopes},
    section::Section,
    text::{TOKEN_NAME_CHARS, clean_line},
};

pub struct PersonalTokensApi {
    pub app: Arc<App>,
}

/// The longest that a token is good which ends by itself, in seconds: ten years.
const LONGEST: u32 = 315_360_000;

/// A personal token to be made.
#[derive(Debug, Object, Deserialize)]
pub struct NewPersonalToken {
    /// What it is for, 1 to 100 characters, one line.
    pub name: String,
    /// What it may be used for. None that the token of this request has not got.
    #[oai(validator(min_items = 1, max_items = 4))]
    pub scopes: Vec<Scope>,
    /// After how many seconds it is over, at most ten years; left out for never.
    #[oai(validator(minimum(value = "1"), maximum(value = "315360000")))]
    pub expires_in: Option<u32>,
}

/// A personal token, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Object)]
pub struct PersonalToken {
    /// An opaque CUID2 id.
    #[oai(validator(pattern = "^[a-z][a-z0-9]{23}$"))]
    pub id: String,
    /// What it is for, 1 to 100 characters.
    pub name: String,
    /// What it may be used for.
    pub scopes: Vec<Scope>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it is over; null if never.
    pub expires_at: Option<Timestamp>,
    /// When it was used last, to within ten minutes; null if never.
    pub last_used_at: Option<Timestamp>,
}

/// A personal token that was just made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Object)]
pub struct MadePersonalToken {
    /// An opaque CUID2 id.
    #[oai(validator(pattern = "^[a-z][a-z0-9]{23}$"))]
    pub id: String,
    /// What it is for, 1 to 100 characters.
    pub name: String,
    /// What it may be used for.
    pub scopes: Vec<Scope>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it is over; null if never.
    pub expires_at: Option<Timestamp>,
    /// The token for the `Authorization` header. It is told this once, and never again.
    #[oai(validator(pattern = "^kith_pat_[A-Za-z0-9_-]{43}$"))]
    pub token: String,
}

#[OpenApi(tag = "Section::Accounts")]
impl PersonalTokensApi {
    /// Make a personal token
    ///
    /// Makes a token for a program of one's own, with no more scopes than the token of this request has. Its secret stands
    /// in this answer alone, which is why an `Idempotency-Key` is not honoured here. Only somebody themselves can make one,
    /// and no token that is personal already, nor a service: `403 forbidden`. Nobody can have more than 50:
    /// `422 too_many_tokens`.
    #[oai(path = "/v1/me/tokens", method = "post", operation_id = "create_token")]
    async fn create_token(
        &self,
        viewer: Viewer,
        body: Body<NewPersonalToken>,
    ) -> Result<Created<MadePersonalToken>, Error> {
        if !matches!(viewer.proof, Proof::Session(_) | Proof::Issuer(_)) {
            return Err(Error::Forbidden("Only somebody themselves can make a token."));
        }
        let wanted = body.value;
        let mut errors = Vec::new();
        let name = clean_line("name", &wanted.name, 1, TOKEN_NAME_CHARS, &mut errors);
        if !(1..=Scope::ALL.len()).contains(&wanted.scopes.len()) {
            errors.push(FieldError::new("scopes", "must name 1 to 4"));
        }
        if wanted.expires_in.is_some_and(|seconds| !(1..=LONGEST).contains(&seconds)) {
            errors.push(FieldError::new("expires_in", format!("must be from 1 to {LONGEST}")));
        }
        if !errors.is_empty() {
            return Err(Error::Validation(errors));
        }
        let scopes: Scopes = wanted.scopes.into_iter().collect();
        if let Some(scope) = scopes.beyond(viewer.proof.scopes()) {
            return Err(Error::InsufficientScope(scope));
        }
        let (token, hash) = personal::generate();
        let now = self.app.clock.now();
        let expires_at = wanted.expires_in.map(|seconds| now.0 + i64::from(seconds) * 1_000_000);
        let (id, user) = (new_id(), viewer.id);
        let new = personal::NewToken {
            id: id.clone(),
            user,
            hash,
            name: name.clone(),
            scopes,
            now,
            expires_at: expires_at.unwrap_or(personal::NEVER),
        };
        self.app.store.write(&new).await?;
        let location = format!("/v1/me/tokens/{id}");
        let made = MadePersonalToken {
            id,
            name,
            scopes: scopes.list().collect(),
            created_at: now,
            expires_at: expires_at.map(Timestamp),
            token,
        };
        Ok(Created { location, body: to_json(&made), replayed: false, of: PhantomData })
    }

    /// List one's personal tokens
    ///
    /// Newest first, without their secrets. Nobody else can see it.
    #[oai(path = "/v1/me/tokens", method = "get", operation_id = "list_tokens")]
    async fn list_tokens(
        &self,
        viewer: Viewer,
        /// How many items the page may have.
        limit: Query<Option<Limit>>,
        /// Where to go on: `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<Page<PersonalToken>>, Error> {
        let (list, paging) = (format!("tokens:{}", viewer.id), Paging::new(limit.0, cursor.0));
        let query = |before_key, before_id, limit| Tokens { user: viewer.id, before_key, before_id, limit };
        let place = |row: &TokenRow| Position { key: row.created_at, id: row.id.clone() };
        let (rows, next_cursor) = self.app.rows(&list, &paging, Position::newest(), query, place).await?;
        Ok(Json::page(&Page { items: rows.into_iter().map(PersonalToken::from).collect(), next_cursor }))
    }

    /// Read a personal token
    ///
    /// Without its secret. `404 token_not_found` if it is not one of one's own.
    #[oai(path = "/v1/me/tokens/:id", method = "get", operation_id = "get_token")]
    async fn get_token(
        &self,
        viewer: Viewer,
        /// The token's id.
        id: Path<String>,
    ) -> Result<Json<PersonalToken>, Error> {
        let row = self.app.store.run(&Token { user: viewer.id, id: id.0 }).await?.pop();
        Ok(Json::new(&PersonalToken::from(row.ok_or(Error::TokenNotFound)?)))
    }

    /// Delete a personal token
    ///
    /// It works no longer. `404 token_not_found` if it is not one of one's own.
    #[oai(path = "/v1/me/tokens/:id", method = "delete", operation_id = "delete_token")]
    async fn delete_token(
        &self,
        viewer: Viewer,
        /// The token's id.
        id: Path<String>,
    ) -> Result<NoContent, Error> {
        personal::delete(&self.app, &viewer.id, &id.0).await?;
        Ok(NoContent)
    }
}

impl From<TokenRow> for PersonalToken {
    fn from(row: TokenRow) -> Self {
        Self {
            id: row.id,
            name: row.token_name,
            scopes: Scopes::named(row.scopes.split(' ')).list().collect(),
            created_at: Timestamp(row.created_at),
            expires_at: Some(row.expires_at).filter(|at| *at != personal::NEVER).map(Timestamp),
            last_used_at: row.used_at.map(Timestamp),
        }
    }
}
