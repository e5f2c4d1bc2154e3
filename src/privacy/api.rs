//! `/v1/users/{user}/block` and `/mute`, and the lists of both.

use std::sync::Arc;

use poem_openapi::{
    OpenApi,
    param::{Path, Query},
};

use super::queries::{Block, Blocked, Mute, Muted, Unblock, Unmute};
use crate::{
    app::App,
    auth::Viewer,
    clock::Timestamp,
    cypher::{IdRow, Query as Statement},
    error::Error,
    http::answer::Json,
    page::{Limit, Page, Paging},
    section::Section,
    users::{UserSummary, UserViewer, api::people_page, resolve, viewer_state},
};

pub struct PrivacyApi {
    pub app: Arc<App>,
}

#[OpenApi(tag = "Section::Privacy")]
impl PrivacyApi {
    /// Block a user
    ///
    /// From the next read on neither is shown to the other: not in feeds, threads, lists, paths and suggestions, nor by
    /// address. Each stops following the other, and neither can follow, answer, like, repost or quote the other. For the
    /// one who is blocked the other is not there; the one who blocks gets `403 blocked`. Numbers still count both. Doing
    /// it twice changes nothing. Nobody can block themselves: `422 self_block`.
    #[oai(path = "/v1/users/:user/block", method = "put", operation_id = "block_user")]
    async fn block_user(
        &self,
        viewer: Viewer,
        /// An id, or `@` and a handle.
        user: Path<String>,
    ) -> Result<Json<UserViewer>, Error> {
        let user = self.other(&viewer, &user.0).await?;
        let rank_key = self.app.clock.next_rank_key();
        self.toggle(Block { viewer: viewer.id.clone(), user: user.clone(), rank_key }, viewer.id, user).await
    }

    /// Unblock a user
    ///
    /// Does not bring back the follows that the block ended. Doing it twice changes nothing.
    #[oai(path = "/v1/users/:user/block", method = "delete", operation_id = "unblock_user")]
    async fn unblock_user(
        &self,
        viewer: Viewer,
        /// An id, or `@` and a handle.
        user: Path<String>,
    ) -> Result<Json<UserViewer>, Error> {
        let user = self.other(&viewer, &user.0).await?;
        self.toggle(Unblock { viewer: viewer.id.clone(), user: user.clone() }, viewer.id, user).await
    }

    /// Mute a user
    ///
    /// Keeps their posts, and reposts of their posts, out of one's home, public, tag and trending feeds and their names out
    /// of suggestions. They do not learn of it, and can be read by address. Doing it again sets when it ends.
    #[oai(path = "/v1/users/:user/mute", method = "put", operation_id = "mute_user")]
    async fn mute_user(
        &self,
        viewer: Viewer,
        /// An id, or `@` and a handle.
        user: Path<String>,
        /// After how many seconds it ends, to within half a minute; left out for never. At most ten years.
        #[oai(validator(minimum(value = "1"), maximum(value = "315360000")))]
        expires_in: Query<Option<u32>>,
    ) -> Result<Json<UserViewer>, Error> {
        let user = self.other(&viewer, &user.0).await?;
        let rank_key = self.app.clock.next_rank_key();
        let begin = Timestamp::of_rank_key(rank_key).0;
        let until = expires_in.0.map(|seconds| begin + i64::from(seconds) * 1_000_000);
        let note = || until.map(|until| self.app.first_mute_end.note(Timestamp(until)));
        // Before, for whoever asks may hang up; and after, for a look may come in between.
        note();
        let mute = Mute { viewer: viewer.id.clone(), user: user.clone(), rank_key, until };
        let answer = self.toggle(mute, viewer.id, user).await;
        note();
        answer
    }

    /// Unmute a user
    ///
    /// Doing it twice changes nothing.
    #[oai(path = "/v1/users/:user/mute", method = "delete", operation_id = "unmute_user")]
    async fn unmute_user(
        &self,
        viewer: Viewer,
        /// An id, or `@` and a handle.
        user: Path<String>,
    ) -> Result<Json<UserViewer>, Error> {
        let user = self.other(&viewer, &user.0).await?;
        self.toggle(Unmute { viewer: viewer.id.clone(), user: user.clone() }, viewer.id, user).await
    }

    /// List whom one blocks
    ///
    /// Newest block first. Nobody else can see it.
    #[oai(path = "/v1/me/blocks", method = "get", operation_id = "list_blocks")]
    async fn list_blocks(
        &self,
        viewer: Viewer,
        /// How many items the page may have.
        limit: Query<Option<Limit>>,
        /// Where to go on: `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<Page<UserSummary>>, Error> {
        let (list, paging) = (format!("blocks:{}", viewer.id), Paging::new(limit.0, cursor.0));
        let page = people_page(&self.app, &list, &paging, |before_key, before_id, limit| Blocked {
            user: viewer.id,
            before_key,
            before_id,
            limit,
        });
        Ok(Json::page(&page.await?))
    }

    /// List whom one mutes
    ///
    /// Newest mute first. Nobody else can see it.
    #[oai(path = "/v1/me/mutes", method = "get", operation_id = "list_mutes")]
    async fn list_mutes(
        &self,
        viewer: Viewer,
        /// How many items the page may have.
        limit: Query<Option<Limit>>,
        /// Where to go on: `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<Page<UserSummary>>, Error> {
        let (list, paging) = (format!("mutes:{}", viewer.id), Paging::new(limit.0, cursor.0));
        let page = people_page(&self.app, &list, &paging, |before_key, before_id, limit| Muted {
            user: viewer.id,
            before_key,
            before_id,
            limit,
        });
        Ok(Json::page(&page.await?))
    }
}

impl PrivacyApi {
    /// Somebody else, whether shown to the viewer or not: who is blocked may block back.
    async fn other(&self, viewer: &Viewer, segment: &str) -> Result<String, Error> {
        let user = resolve(&mut &self.app.store, segment).await?;
        if user == viewer.id { Err(Error::SelfBlock) } else { Ok(user) }
    }

    async fn toggle<Q: Statement<Row = IdRow>>(
        &self,
        query: Q,
        viewer: String,
        user: String,
    ) -> Result<Json<UserViewer>, Error> {
        self.app.store.run(&query).await?.pop().ok_or(Error::UserNotFound)?;
        Ok(Json::new(&viewer_state(&mut &self.app.store, &user, &viewer).await?))
    }
}
