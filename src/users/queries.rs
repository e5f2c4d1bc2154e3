//! The statements about people.

use serde::Deserialize;

use super::{User, UserSummary, UserViewer};
use crate::{cypher::IdRow, queries};

queries! {
    /// Creates a user and the credential to log in with.
    write CreateUser("users/create.cypher") { id: String, handle: String, display_name: String, bio: Option<String>, password_hash: Option<String>, now: i64 } -> IdRow;
    /// Whether that id is a user's.
    read FindUserById("users/find_by_id.cypher") { id: String } -> IdRow;
    /// The user of a handle.
    read FindUserByHandle("users/find_by_handle.cypher") { handle: String } -> IdRow;
    /// The users of those ids, with their numbers.
    read ReadUsers("users/read.cypher") { ids: Vec<String> } -> User;
    /// What a viewer has to do with each of those users.
    read UsersViewerState("users/viewer_state.cypher") { viewer: String, ids: Vec<String> } -> UserViewerRow;
    /// Who follows a user, newest follow first.
    read Followers("users/followers.cypher") { user: String, before_key: i64, before_id: String, limit: usize } -> ListedUser;
    /// Whom a user follows, newest follow first.
    read Following("users/following.cypher") { user: String, before_key: i64, before_id: String, limit: usize } -> ListedUser;
}

/// A user on a list that is ordered by a moment.
#[derive(Clone, Debug, Deserialize)]
pub struct ListedUser {
    pub user: UserSummary,
    pub key: i64,
}

#[derive(Clone, Debug, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own on the wire")]
pub struct UserViewerRow {
    pub id: String,
    pub following: bool,
    pub followed_by: bool,
    pub blocking: bool,
    pub muting: bool,
}

impl UserViewerRow {
    pub fn state(&self) -> UserViewer {
        UserViewer {
            following: self.following,
            followed_by: self.followed_by,
            blocking: self.blocking,
            muting: self.muting,
        }
    }
}
