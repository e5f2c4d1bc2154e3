//! `/v1/me`: one's own account.

use std::sync::Arc;

use poem_openapi::{Object, OpenApi, param::Header, types::MaybeUndefined};
use serde::Deserialize;

use super::{erase, queries::SetProfile};
use crate::{
    app::App,
    auth::{Holder, Proof, Viewer},
    error::Error,
    follows::queries::AcceptAll,
    http::{
        answer::{Json, NoContent},
        body::Body,
        entity_tag::matches_revision,
    },
    section::Section,
    store::{Run, StoreError, Tx, Work},
    users::{User, read_one, rules},
};

pub struct AccountsApi {
    pub app: Arc<App>,
}

/// Changes of one's own profile. What is left out stays as it is.
#[derive(Debug, Object, Deserialize)]
pub struct ProfileChanges {
    /// The display name, 1 to 50 characters, one line.
    pub name: Option<String>,
    /// What the person says of themselves, at most 500 characters; null clears it.
    #[serde(default)]
    pub bio: MaybeUndefined<String>,
    /// Where the avatar's image is: an http(s) URL of at most 2048 bytes; null clears it.
    #[serde(default)]
    #[oai(validator(max_length = 2048))]
    pub avatar_url: MaybeUndefined<String>,
    /// Whether it takes one's consent to follow one. Once it does not any more, all who have asked follow.
    pub locked: Option<bool>,
}

#[OpenApi(tag = "Section::Accounts")]
impl AccountsApi {
    /// Read one's own profile
    ///
    /// The acting user's profile.
    #[oai(path = "/v1/me", method = "get", operation_id = "get_me")]
    async fn get_me(&self, holder: Holder) -> Result<Json<User>, Error> {
        let viewer = holder.0;
        let user = read_one(&mut &self.app.store, &viewer.id, Some(&viewer.id)).await?;
        Ok(Json::new(&user).with_revision(user.revision))
    }

    /// Change one's own profile
    ///
    /// Sets the fields that are given. With `If-Match`, only if the profile has not changed since.
    #[oai(path = "/v1/me", method = "patch", operation_id = "update_me")]
    async fn update_me(
        &self,
        viewer: Viewer,
        body: Body<ProfileChanges>,
        /// An entity tag that the profile must still have in its revision.
        #[oai(name = "If-Match")]
        if_match: Header<Option<String>>,
    ) -> Result<Json<User>, Error> {
        let changes = body.value;
        let mut errors = Vec::new();
        let work = ChangeProfile {
            viewer: viewer.id,
            if_match: if_match.0,
            name: changes.name.as_deref().map(|name| rules::name(name, &mut errors)),
            bio: checked(changes.bio, |bio| rules::bio(Some(bio), &mut errors)),
            avatar_url: checked(changes.avatar_url, |url| rules::avatar_url(Some(url), &mut errors)),
            locked: changes.locked,
            rank_key: self.app.clock.next_rank_key(),
        };
        rules::refuse(errors)?;
        let user = self.app.store.write(&work).await?;
        Ok(Json::new(&user).with_revision(user.revision))
    }

    /// Erase one's account
    ///
    /// Deletes the acting user and everything they made. Comments that others replied to leave an empty place, so
    /// that the replies keep theirs. This cannot be undone. Who is suspended may do it as well: `POST /v1/sessions` with
    /// `while_suspended` lets them in. No personal token can do it: `403 forbidden`.
    #[oai(path = "/v1/me", method = "delete", operation_id = "delete_me")]
    async fn delete_me(&self, holder: Holder) -> Result<NoContent, Error> {
        if matches!(holder.0.proof, Proof::Personal(_)) {
            return Err(Error::Forbidden("A personal token cannot erase the account."));
        }
        erase(&self.app, &holder.0.id).await?;
        Ok(NoContent)
    }
}

/// A given value through its rule, which may find that it is none.
fn checked(
    field: MaybeUndefined<String>,
    rule: impl FnOnce(&str) -> Option<String>,
) -> MaybeUndefined<String> {
    match field {
        MaybeUndefined::Value(value) => rule(&value).map_or(MaybeUndefined::Null, MaybeUndefined::Value),
        field => field,
    }
}

/// What a field is after a change.
fn changed(field: &MaybeUndefined<String>, was: Option<String>) -> Option<String> {
    match field {
        MaybeUndefined::Undefined => was,
        MaybeUndefined::Null => None,
        MaybeUndefined::Value(value) => Some(value.clone()),
    }
}

struct ChangeProfile {
    viewer: String,
    if_match: Option<String>,
    name: Option<String>,
    bio: MaybeUndefined<String>,
    avatar_url: MaybeUndefined<String>,
    locked: Option<bool>,
    rank_key: i64,
}

impl Work for ChangeProfile {
    type Output = User;

    async fn run(&self, tx: &mut Tx) -> Result<User, Error> {
        let mut user = read_one(tx, &self.viewer, Some(&self.viewer)).await?;
        if !matches_revision(self.if_match.as_deref(), user.revision) {
            return Err(Error::PreconditionFailed);
        }
        let was_locked = user.locked;
        user.name = self.name.clone().unwrap_or(user.name);
        user.bio = changed(&self.bio, user.bio);
        user.avatar_url = changed(&self.avatar_url, user.avatar_url);
        user.locked = self.locked.unwrap_or(user.locked);
        let query = SetProfile {
            id: user.id.clone(),
            revision: user.revision,
            display_name: user.name.clone(),
            bio: user.bio.clone(),
            avatar_url: user.avatar_url.clone(),
            locked: user.locked,
        };
        // No row: somebody changed it in between, and both changes shall hold.
        tx.one(&query).await?.ok_or_else(|| StoreError::Transient("the profile changed meanwhile".into()))?;
        user.revision += 1;
        if was_locked && !user.locked {
            tx.run(&AcceptAll { viewer: self.viewer.clone(), rank_key: self.rank_key }).await?;
            // Who had asked follows now.
            return read_one(tx, &self.viewer, Some(&self.viewer)).await;
        }
        Ok(user)
    }
}
