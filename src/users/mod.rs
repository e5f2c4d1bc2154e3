//! People: registering, profiles, and the lists of who follows whom.

pub mod api;
mod hidden;
pub mod queries;
pub mod rules;

use std::collections::HashMap;

use poem_openapi::Object;
use serde::{Deserialize, Serialize};

use crate::{
    clock::Timestamp,
    error::Error,
    store::Run,
    users::queries::{FindUserByHandle, FindUsersById, ReadUsers, UsersViewerState},
};

pub use hidden::Hidden;

/// A person in a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Object)]
pub struct UserSummary {
    /// An opaque CUID2 id.
    #[oai(validator(pattern = "^[a-z][a-z0-9]{23}$"))]
    pub id: String,
    /// The unique handle, in lower case, without `@`.
    #[oai(validator(pattern = "^[a-z0-9_]{3,30}$"))]
    pub handle: String,
    /// The display name, 1 to 50 characters.
    pub name: String,
    /// Where the avatar's image is.
    #[oai(validator(max_length = 2048))]
    pub avatar_url: Option<String>,
}

/// A person with what a profile shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Object)]
pub struct User {
    /// An opaque CUID2 id.
    #[oai(validator(pattern = "^[a-z][a-z0-9]{23}$"))]
    pub id: String,
    /// The unique handle, in lower case, without `@`.
    #[oai(validator(pattern = "^[a-z0-9_]{3,30}$"))]
    pub handle: String,
    /// The display name, 1 to 50 characters.
    pub name: String,
    /// Where the avatar's image is.
    #[oai(validator(max_length = 2048))]
    pub avatar_url: Option<String>,
    /// What the person says of themselves, at most 500 characters.
    pub bio: Option<String>,
    /// Whether it takes the person's consent to follow them.
    pub locked: bool,
    /// When the account was made.
    pub created_at: Timestamp,
    /// Exact numbers at the moment of the read.
    pub counts: UserCounts,
    /// What the acting user has to do with this person; null without a token.
    #[serde(skip_deserializing)]
    pub viewer: Option<UserViewer>,
    /// Grows with each change of the profile; part of the entity tag.
    #[serde(skip_serializing)]
    #[oai(skip)]
    pub revision: i64,
}

impl UserSummary {
    /// About how many bytes it takes.
    pub fn weight(&self) -> usize {
        let texts = [&self.id, &self.handle, &self.name];
        size_of::<Self>()
            + texts.map(String::len).iter().sum::<usize>()
            + self.avatar_url.as_ref().map_or(0, String::len)
    }
}

impl From<User> for UserSummary {
    fn from(user: User) -> Self {
        Self { id: user.id, handle: user.handle, name: user.name, avatar_url: user.avatar_url }
    }
}

/// Numbers on a profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Object)]
pub struct UserCounts {
    /// Posts and quotes, without reposts.
    #[oai(validator(minimum(value = "0")))]
    pub posts: i64,
    /// How many people follow this person.
    #[oai(validator(minimum(value = "0")))]
    pub followers: i64,
    /// How many people this person follows.
    #[oai(validator(minimum(value = "0")))]
    pub following: i64,
}

/// What the acting user has to do with a person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Object)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own on the wire")]
pub struct UserViewer {
    /// The acting user follows the person.
    pub following: bool,
    /// The person follows the acting user.
    pub followed_by: bool,
    /// The acting user asks to follow the person.
    pub requested: bool,
    /// The person asks to follow the acting user.
    pub requested_by: bool,
    /// The acting user blocks the person.
    pub blocking: bool,
    /// The acting user mutes the person.
    pub muting: bool,
    /// When that ends; null if it does not, or if there is no mute.
    pub muted_until: Option<Timestamp>,
}

/// The id of the user that a `{user}` path segment names: an id or `@handle`.
pub async fn resolve(run: &mut impl Run, segment: &str) -> Result<String, Error> {
    let row = match segment.strip_prefix('@') {
        Some(handle) => run.one(&FindUserByHandle { handle: handle.to_lowercase() }).await?,
        None => run.run_keyed(&FindUsersById { ids: vec![segment.to_owned()] }).await?.pop(),
    };
    row.map(|row| row.id).ok_or(Error::UserNotFound)
}

/// The same for a viewer to whom that person must be shown, and who else is hidden from the viewer.
pub async fn resolve_shown(
    run: &mut impl Run,
    segment: &str,
    viewer: Option<&str>,
) -> Result<(String, Hidden), Error> {
    let hidden = Hidden::from(run, viewer).await?;
    let id = resolve(run, segment).await?;
    hidden.check(&id, Error::UserNotFound)?;
    Ok((id, hidden))
}

/// The users of those ids, in the order of the ids; unknown ones are left out.
pub async fn read(run: &mut impl Run, ids: &[String], viewer: Option<&str>) -> Result<Vec<User>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = run.run_keyed(&ReadUsers { ids: ids.to_vec() }).await?;
    let mut states = viewer_states(run, ids, viewer).await?;
    let mut users: HashMap<_, _> = rows.into_iter().map(|user| (user.id.clone(), user)).collect();
    Ok(ids
        .iter()
        .filter_map(|id| users.remove(id))
        .map(|user| User { viewer: viewer.map(|_| states.remove(&user.id).unwrap_or_default()), ..user })
        .collect())
}

/// One user, who must exist.
pub async fn read_one(run: &mut impl Run, id: &str, viewer: Option<&str>) -> Result<User, Error> {
    read(run, &[id.to_owned()], viewer).await?.pop().ok_or(Error::UserNotFound)
}

/// What the viewer has to do with a user, who must exist.
pub async fn viewer_state(run: &mut impl Run, user: &str, viewer: &str) -> Result<UserViewer, Error> {
    viewer_states(run, &[user.to_owned()], Some(viewer)).await?.remove(user).ok_or(Error::UserNotFound)
}

/// What the viewer has to do with each of those users.
pub async fn viewer_states(
    run: &mut impl Run,
    ids: &[String],
    viewer: Option<&str>,
) -> Result<HashMap<String, UserViewer>, Error> {
    let Some(viewer) = viewer else {
        return Ok(HashMap::new());
    };
    let query = UsersViewerState { viewer: viewer.to_owned(), ids: ids.to_vec() };
    Ok(run.run(&query).await?.into_iter().map(|row| (row.id.clone(), row.state())).collect())
}
