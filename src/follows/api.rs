//! `/v1/users/{user}/follow`.

use std::sync::Arc;

use poem_openapi::{OpenApi, param::Path};

use super::queries::{Follow, Unfollow};
use crate::{
    app::App,
    auth::Viewer,
    error::Error,
    http::answer::Json,
    section::Section,
    users::{UserViewer, resolve, resolve_shown, viewer_state},
};

pub struct FollowsApi {
    pub app: Arc<App>,
}

#[OpenApi(tag = "Section::Follows")]
impl FollowsApi {
    /// Follow a user
    ///
    /// From the next read on their posts and reposts, old ones as well, stand in the home feed. Doing it twice
    /// changes nothing. Nobody can follow themselves: `422 self_follow`.
    #[oai(path = "/v1/users/:user/follow", method = "put", operation_id = "follow_user")]
    async fn follow_user(
        &self,
        viewer: Viewer,
        /// An id, or `@` and a handle.
        user: Path<String>,
    ) -> Result<Json<UserViewer>, Error> {
        let (user, _) = resolve_shown(&mut &self.app.reading(), &user.0, Some(&viewer.id)).await?;
        if user == viewer.id {
            return Err(Error::SelfFollow);
        }
        let rank_key = self.app.clock.next_rank_key();
        let follow = Follow { viewer: viewer.id.clone(), user: user.clone(), rank_key };
        self.app.store.run(&follow).await?.pop().ok_or(Error::UserNotFound)?;
        self.state(viewer.id, user).await
    }

    /// Unfollow a user
    ///
    /// Takes their posts and reposts out of the home feed. Doing it twice changes nothing.
    #[oai(path = "/v1/users/:user/follow", method = "delete", operation_id = "unfollow_user")]
    async fn unfollow_user(
        &self,
        viewer: Viewer,
        /// An id, or `@` and a handle.
        user: Path<String>,
    ) -> Result<Json<UserViewer>, Error> {
        let user = resolve(&mut &self.app.store, &user.0).await?;
        let unfollow = Unfollow { viewer: viewer.id.clone(), user: user.clone() };
        self.app.store.run(&unfollow).await?.pop().ok_or(Error::UserNotFound)?;
        self.state(viewer.id, user).await
    }
}

impl FollowsApi {
    async fn state(&self, viewer: String, user: String) -> Result<Json<UserViewer>, Error> {
        Ok(Json::new(&viewer_state(&mut &self.app.store, &user, &viewer).await?))
    }
}
