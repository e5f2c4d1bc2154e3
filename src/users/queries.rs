//! The statements about people.

use std::{collections::HashSet, sync::Arc};

use serde::Deserialize;

use super::{User, UserSummary, UserViewer};
use crate::{
    clock::Timestamp,
    cypher::{IdRow, Keyed},
    queries,
    store::Fact,
};

queries! {
    /// Creates a user and the credential to log in with.
    write CreateUser("users/create.cypher") { id: String, handle: String, display_name: String, bio: Option<String>, password_hash: Option<String>, now: i64 } -> IdRow,
        about |new| vec![Fact::User(&new.id), Fact::Numbers(&new.id), Fact::Handle(&new.handle)];
    /// Which of those ids are users'.
    read FindUsersById("users/find_by_id.cypher") { ids: Vec<String> } -> IdRow,
        about |find| find.ids.iter().map(|id| Fact::User(id)).collect();
    /// The user of a handle.
    read FindUserByHandle("users/find_by_handle.cypher") { handle: String } -> IdRow,
        about |find| vec![Fact::Handle(&find.handle)];
    /// The users of those ids, with their numbers.
    read ReadUsers("users/read.cypher") { ids: Vec<String> } -> User,
        about |read| read.ids.iter().flat_map(|id| [Fact::User(id), Fact::Numbers(id)]).collect();
    /// What a viewer has to do with each of those users.
    read UsersViewerState("users/viewer_state.cypher") { viewer: String, ids: Vec<String> } -> UserViewerRow,
        about |state| {
            let theirs = state.ids.iter().map(|id| Fact::Following(id));
            theirs.chain([Fact::Following(&state.viewer), Fact::Hidden(&state.viewer)]).collect()
        };
    /// How near each of those people is to a viewer.
    read Nearness("users/nearness.cypher") { viewer: String, people: Vec<String> } -> NearRow,
        about |it| follows_between(&it.viewer, &it.people);
    /// Which of those people follow somebody who follows the viewer. That costs much more to know than the rest.
    read WithinTwo("users/within_two.cypher") { viewer: String, people: Vec<String> } -> IdRow,
        about |it| follows_between(&it.viewer, &it.people);
    /// Who follows a user, newest follow first.
    read Followers("users/followers.cypher") { user: String, hidden: Vec<String>, before_key: i64, before_id: String, limit: usize } -> ListedUser;
    /// Whom a user follows, newest follow first.
    read Following("users/following.cypher") { user: String, hidden: Vec<String>, before_key: i64, before_id: String, limit: usize } -> ListedUser;
    /// Whom each of those viewers blocks, is blocked by, or mutes, and which words they mute.
    read HiddenFrom("users/hidden.cypher") { viewers: Vec<String> } -> HiddenRow,
        about |it| it.viewers.iter().map(|viewer| Fact::Hidden(viewer)).collect();
    /// Who is suspended. Whoever suspends somebody, or ends that, changes anything.
    read SuspendedUsers("users/suspended.cypher") { askers: Vec<String> } -> SuspendedRow,
        about |_| vec![];
}

impl Keyed for FindUsersById {
    type Thing = String;

    fn things(&self) -> &[String] {
        &self.ids
    }

    fn about(&self, ids: Vec<String>) -> Self {
        Self { ids }
    }

    fn key_of(&self, row: &IdRow) -> String {
        row.id.clone()
    }

    fn weight(_: &IdRow) -> usize {
        64
    }
}

impl Keyed for ReadUsers {
    type Thing = String;

    fn things(&self) -> &[String] {
        &self.ids
    }

    fn about(&self, ids: Vec<String>) -> Self {
        Self { ids }
    }

    fn key_of(&self, user: &User) -> String {
        user.id.clone()
    }

    fn weight(user: &User) -> usize {
        let texts = [
            Some(&user.id),
            Some(&user.handle),
            Some(&user.name),
            user.bio.as_ref(),
            user.avatar_url.as_ref(),
        ];
        size_of::<User>() + texts.into_iter().flatten().map(String::len).sum::<usize>()
    }
}

impl Keyed for HiddenFrom {
    type Thing = String;

    fn things(&self) -> &[String] {
        &self.viewers
    }

    fn about(&self, viewers: Vec<String>) -> Self {
        Self { viewers }
    }

    fn key_of(&self, row: &HiddenRow) -> String {
        row.viewer.clone()
    }

    fn weight(_: &HiddenRow) -> usize {
        160
    }
}

/// What it depends on who of a viewer and some people follow whom. Whoever begins to follow the viewer, or ends it, changes
/// the viewer's numbers.
fn follows_between<'a>(viewer: &'a str, people: &'a [String]) -> Vec<Fact<'a>> {
    let theirs = people.iter().map(|person| Fact::Following(person));
    theirs.chain([Fact::Following(viewer), Fact::Numbers(viewer)]).collect()
}

/// What asks of a viewer and each of some people.
macro_rules! keyed_by_viewer_and_person {
    ($($query:ident -> $row:ident, weight: $weight:literal;)+) => {$(
        impl Keyed for $query {
            type Thing = String;

            fn things(&self) -> &[String] {
                &self.people
            }

            fn about(&self, people: Vec<String>) -> Self {
                Self { viewer: self.viewer.clone(), people }
            }

            fn key(&self, person: &String) -> String {
                format!("{} {person}", self.viewer)
            }

            fn key_of(&self, row: &$row) -> String {
                self.key(&row.id)
            }

            fn weight(_: &$row) -> usize {
                $weight
            }
        }
    )+};
}

keyed_by_viewer_and_person! {
    Nearness -> NearRow, weight: 128;
    WithinTwo -> IdRow, weight: 96;
}

/// How near somebody is to a viewer.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct NearRow {
    pub id: String,
    /// The viewer follows them.
    pub following: bool,
    pub followed_by: bool,
}

impl SuspendedUsers {
    /// The same list for everybody who asks, so it is kept once.
    pub fn for_all() -> Self {
        Self { askers: vec!["all".to_owned()] }
    }
}

impl Keyed for SuspendedUsers {
    type Thing = String;

    fn things(&self) -> &[String] {
        &self.askers
    }

    fn about(&self, askers: Vec<String>) -> Self {
        Self { askers }
    }

    fn key_of(&self, row: &SuspendedRow) -> String {
        row.asker.clone()
    }

    fn weight(row: &SuspendedRow) -> usize {
        80 * row.ids.0.len()
    }
}

/// Who is suspended.
#[derive(Clone, Debug, Deserialize)]
pub struct SuspendedRow {
    pub asker: String,
    pub ids: SharedIds,
}

/// Ids that are read once and shared by all who need them.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(from = "HashSet<String>")]
pub struct SharedIds(pub Arc<HashSet<String>>);

impl From<HashSet<String>> for SharedIds {
    fn from(ids: HashSet<String>) -> Self {
        Self(Arc::new(ids))
    }
}

/// What is between a viewer and somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tie {
    Blocks,
    BlockedBy,
    Mutes,
    /// It is no person but a word that the viewer mutes.
    Word,
}

#[derive(Clone, Debug, Deserialize)]
pub struct HiddenRow {
    pub viewer: String,
    pub id: String,
    pub tie: Tie,
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
    pub requested: bool,
    pub requested_by: bool,
    pub blocking: bool,
    pub muting: bool,
    pub muted_until: Option<Timestamp>,
}

impl UserViewerRow {
    pub fn state(&self) -> UserViewer {
        UserViewer {
            following: self.following,
            followed_by: self.followed_by,
            requested: self.requested,
            requested_by: self.requested_by,
            blocking: self.blocking,
            muting: self.muting,
            muted_until: self.muted_until,
        }
    }
}
