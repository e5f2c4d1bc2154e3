//! `/v1/users`: registering, reading people, and the lists of who follows whom.

use std::sync::Arc;

use poem_openapi::{
    Object, OpenApi,
    param::{Header, Path, Query},
};
use serde::Deserialize;

use super::{
    Hidden, User, UserSummary,
    queries::{CreateUser, Followers, Following, ListedUser},
    read, read_one, resolve, resolve_shown, rules,
};
use crate::{
    app::App,
    auth::Reader,
    cache::Turn,
    clock::{is_id, new_id},
    cypher::Query as Statement,
    error::Error,
    http::{
        answer::{Created, Json},
        body::Body,
    },
    idempotency::{self, Creation},
    page::{Limit, Page, Paging, Position},
    section::Section,
    store::{Run, StoreError, Tx},
};

pub struct UsersApi {
    pub app: Arc<App>,
}

/// A person who registers.
#[derive(Debug, Object, Deserialize)]
pub struct NewUser {
    /// The handle to be known by: 3 to 30 of `a-z`, `0-9` and `_`. Unique without regard to case.
    #[oai(validator(pattern = "^[A-Za-z0-9_]{3,30}$"))]
    pub handle: String,
    /// The display name, 1 to 50 characters, one line.
    pub name: String,
    /// The password, 10 to 128 characters.
    #[oai(validator(min_length = 10, max_length = 128))]
    pub password: String,
    /// What the person says of themselves, at most 500 characters.
    pub bio: Option<String>,
}

/// How many ids one request may ask for.
const MAX_IDS: usize = 100;

#[OpenApi(tag = "Section::Users")]
impl UsersApi {
    /// Register
    ///
    /// Creates an account that can log in with a password. Answers `409 handle_taken` for a handle in use, which tells
    /// that somebody has it, as their public profile does; and `403 forbidden` where accounts are kept by an external
    /// issuer.
    #[oai(path = "/v1/users", method = "post", operation_id = "create_user", tag = "Section::Accounts")]
    async fn create_user(
        &self,
        body: Body<NewUser>,
        /// Makes a repetition of this request safe for 24 hours.
        #[oai(name = "Idempotency-Key")]
        idempotency_key: Header<Option<String>>,
    ) -> Result<Created<User>, Error> {
        if !self.app.config.auth.local_accounts {
            return Err(Error::Forbidden("Accounts are kept by an external issuer."));
        }
        let new = body.value;
        let mut errors = Vec::new();
        let handle = rules::handle(&new.handle, &mut errors);
        let display_name = rules::name(&new.name, &mut errors);
        let bio = rules::bio(new.bio.as_deref(), &mut errors);
        rules::password(&new.password, &mut errors);
        rules::refuse(errors)?;
        let creation = CreateUser {
            id: new_id(),
            handle,
            display_name,
            bio,
            password_hash: Some(self.app.passwords.hash(new.password).await?),
            now: self.app.clock.now().0,
        };
        let request = idempotency::Request {
            actor: None,
            operation: "create_user",
            target: "",
            key: idempotency_key.0,
            body: &body.raw,
        };
        idempotency::create(&self.app, request, creation).await
    }

    /// Read several users
    ///
    /// The users of up to 100 ids, in the order of the ids. Unknown ids are left out.
    #[oai(path = "/v1/users", method = "get", operation_id = "list_users")]
    async fn list_users(
        &self,
        reader: Reader,
        /// Up to 100 ids, separated by commas.
        ids: Query<String>,
    ) -> Result<Json<Vec<User>>, Error> {
        let ids = split_ids(&ids.0)?;
        let hidden = Hidden::from(&mut &self.app.reading(), reader.id()).await?;
        let mut users = read(&mut &self.app.store, &ids, reader.id()).await?;
        users.retain(|user| !hidden.is_gone(&user.id));
        Ok(Json::new(&users))
    }

    /// Read a user
    ///
    /// A profile with its numbers, and what the acting user has to do with it.
    #[oai(path = "/v1/users/:user", method = "get", operation_id = "get_user")]
    async fn get_user(
        &self,
        reader: Reader,
        /// An id, or `@` and a handle.
        user: Path<String>,
    ) -> Result<Json<User>, Error> {
        let key = format!("{} {}", user.0, reader.id().unwrap_or_default());
        let draft = match self.app.answer("get_user", &key).await {
            Turn::Kept(answer) => return Ok(Json::kept(answer)),
            Turn::Make(draft) => draft,
        };
        let mut reading = draft.reading();
        // An id need not be looked for before it is read.
        let id = if user.0.starts_with('@') { resolve(&mut reading, &user.0).await? } else { user.0 };
        if Hidden::from(&mut reading, reader.id()).await?.is_gone(&id) {
            return Err(Error::UserNotFound);
        }
        let user = read_one(&mut reading, &id, reader.id()).await?;
        Ok(Json::new(&user).with_revision(user.revision).keep(draft))
    }

    /// List followers
    ///
    /// Who follows a user, newest follow first.
    #[oai(path = "/v1/users/:user/followers", method = "get", operation_id = "list_followers")]
    async fn list_followers(
        &self,
        reader: Reader,
        /// An id, or `@` and a handle.
        user: Path<String>,
        /// How many items the page may have.
        limit: Query<Option<Limit>>,
        /// Where to go on: `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<Page<UserSummary>>, Error> {
        let (user, hidden) = resolve_shown(&mut &self.app.reading(), &user.0, reader.id()).await?;
        let list = format!("followers:{user}");
        self.people(&list, Paging::new(limit.0, cursor.0), |before_key, before_id, limit| Followers {
            user,
            hidden: hidden.blocked(),
            before_key,
            before_id,
            limit,
        })
        .await
    }

    /// List followees
    ///
    /// Whom a user follows, newest follow first.
    #[oai(path = "/v1/users/:user/following", method = "get", operation_id = "list_following")]
    async fn list_following(
        &self,
        reader: Reader,
        /// An id, or `@` and a handle.
        user: Path<String>,
        /// How many items the page may have.
        limit: Query<Option<Limit>>,
        /// Where to go on: `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<Page<UserSummary>>, Error> {
        let (user, hidden) = resolve_shown(&mut &self.app.reading(), &user.0, reader.id()).await?;
        let list = format!("following:{user}");
        self.people(&list, Paging::new(limit.0, cursor.0), |before_key, before_id, limit| Following {
            user,
            hidden: hidden.blocked(),
            before_key,
            before_id,
            limit,
        })
        .await
    }
}

impl UsersApi {
    async fn people<Q: Statement<Row = ListedUser>>(
        &self,
        list: &str,
        paging: Paging,
        query: impl FnOnce(i64, String, usize) -> Q,
    ) -> Result<Json<Page<UserSummary>>, Error> {
        Ok(Json::page(&people_page(&self.app, list, &paging, query).await?))
    }
}

/// A page of people ordered by (key, id), newest first.
pub async fn people_page<Q: Statement<Row = ListedUser>>(
    app: &App,
    list: &str,
    paging: &Paging,
    query: impl FnOnce(i64, String, usize) -> Q,
) -> Result<Page<UserSummary>, Error> {
    let place = |row: &ListedUser| Position { key: row.key, id: row.user.id.clone() };
    let (rows, next_cursor) = app.rows(list, paging, Position::newest(), query, place).await?;
    Ok(Page { items: rows.into_iter().map(|row| row.user).collect(), next_cursor })
}

/// Ids separated by commas, each once, at most [`MAX_IDS`]. What is no id is refused: a client that asks for handles
/// would otherwise be told that nobody has them.
pub fn split_ids(ids: &str) -> Result<Vec<String>, Error> {
    let mut list: Vec<String> = Vec::new();
    for id in ids.split(',') {
        if !list.iter().any(|known| known == id) {
            list.push(id.to_owned());
        }
    }
    if list.len() > MAX_IDS || !list.iter().all(|id| is_id(id)) {
        return Err(Error::InvalidParameter {
            name: "ids".to_owned(),
            message: format!("ids must be 1 to {MAX_IDS} ids separated by commas"),
        });
    }
    Ok(list)
}

impl Creation for CreateUser {
    type Resource = User;

    async fn create(&self, tx: &mut Tx) -> Result<User, Error> {
        match tx.one(self).await {
            Err(Error::Store(StoreError::Duplicate(_))) => Err(Error::HandleTaken(self.handle.clone())),
            Err(error) => Err(error),
            Ok(None) => Err(Error::Internal("a created user has no row".into())),
            Ok(Some(row)) => read_one(tx, &row.id, None).await,
        }
    }

    fn location(user: &User) -> String {
        format!("/v1/users/{}", user.id)
    }
}
