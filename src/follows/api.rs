//! `/v1/users/{user}/follow`, and the requests to follow.

use std::sync::Arc;

use poem_openapi::{
    OpenApi,
    param::{Path, Query},
};

use super::queries::{Accept, Follow, Refuse, Request, Requests, SentRequests, Unfollow};
use crate::{
    app::App,
    auth::Viewer,
    error::Error,
    http::answer::Json,
    page::{Limit, Page, Paging},
    section::Section,
    store::{Run, StoreError, Tx, Work},
    users::{UserSummary, UserViewer, api::people_page, resolve, resolve_shown, viewer_state},
};

pub struct FollowsApi {
    pub app: Arc<App>,
}

#[OpenApi(tag = "Section::Follows")]
impl FollowsApi {
    /// Follow a user
    ///
    /// From the next read on their posts and reposts, old ones as well, stand in the home feed. If their account is
    /// `locked` it is a request, which they accept or refuse: the answer says `requested` and not `following`. Doing it
    /// twice changes nothing. Nobody can follow themselves: `422 self_follow`.
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
        let follow = FollowOrAsk { viewer: viewer.id.clone(), user: user.clone(), rank_key };
        self.app.store.write(&follow).await?;
        self.state(viewer.id, user).await
    }

    /// Unfollow a user
    ///
    /// Takes their posts and reposts out of the home feed, or a request to follow them back. Doing it twice changes nothing.
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

    /// List who asks to follow one
    ///
    /// The people who wait for the acting user's consent, newest request first.
    #[oai(path = "/v1/me/follow-requests", method = "get", operation_id = "list_follow_requests")]
    async fn list_follow_requests(
        &self,
        viewer: Viewer,
        /// How many items the page may have.
        limit: Query<Option<Limit>>,
        /// Where to go on: `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<Page<UserSummary>>, Error> {
        let (list, paging) = (format!("requests:{}", viewer.id), Paging::new(limit.0, cursor.0));
        let page = people_page(&self.app, &list, &paging, |before_key, before_id, limit| Requests {
            user: viewer.id,
            before_key,
            before_id,
            limit,
        });
        Ok(Json::page(&page.await?))
    }

    /// List whom one asks to follow
    ///
    /// The people whose consent the acting user waits for, newest request first.
    #[oai(path = "/v1/me/sent-follow-requests", method = "get", operation_id = "list_sent_follow_requests")]
    async fn list_sent_follow_requests(
        &self,
        viewer: Viewer,
        /// How many items the page may have.
        limit: Query<Option<Limit>>,
        /// Where to go on: `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<Page<UserSummary>>, Error> {
        let (list, paging) = (format!("sent-requests:{}", viewer.id), Paging::new(limit.0, cursor.0));
        let page = people_page(&self.app, &list, &paging, |before_key, before_id, limit| SentRequests {
            user: viewer.id,
            before_key,
            before_id,
            limit,
        });
        Ok(Json::page(&page.await?))
    }

    /// Accept a request to follow one
    ///
    /// The person follows the acting user from now on. Doing it twice changes nothing. Who has not asked is
    /// `404 not_found`.
    #[oai(path = "/v1/me/follow-requests/:user", method = "put", operation_id = "accept_follow_request")]
    async fn accept_follow_request(
        &self,
        viewer: Viewer,
        /// An id, or `@` and a handle.
        user: Path<String>,
    ) -> Result<Json<UserViewer>, Error> {
        let (user, _) = resolve_shown(&mut &self.app.reading(), &user.0, Some(&viewer.id)).await?;
        let rank_key = self.app.clock.next_rank_key();
        let accept = Accept { viewer: viewer.id.clone(), user: user.clone(), rank_key };
        let accepted = !self.app.store.run(&accept).await?.is_empty();
        let state = viewer_state(&mut &self.app.store, &user, &viewer.id).await?;
        if accepted || state.followed_by { Ok(Json::new(&state)) } else { Err(Error::NotFound) }
    }

    /// Refuse a request to follow one
    ///
    /// The person is not told, and can ask again. Doing it twice changes nothing.
    #[oai(path = "/v1/me/follow-requests/:user", method = "delete", operation_id = "refuse_follow_request")]
    async fn refuse_follow_request(
        &self,
        viewer: Viewer,
        /// An id, or `@` and a handle.
        user: Path<String>,
    ) -> Result<Json<UserViewer>, Error> {
        let user = resolve(&mut &self.app.store, &user.0).await?;
        let refuse = Refuse { viewer: viewer.id.clone(), user: user.clone() };
        self.app.store.run(&refuse).await?.pop().ok_or(Error::UserNotFound)?;
        self.state(viewer.id, user).await
    }
}

impl FollowsApi {
    async fn state(&self, viewer: String, user: String) -> Result<Json<UserViewer>, Error> {
        Ok(Json::new(&viewer_state(&mut &self.app.store, &user, &viewer).await?))
    }
}

/// A follow, or a request where it takes consent.
struct FollowOrAsk {
    viewer: String,
    user: String,
    rank_key: i64,
}

impl Work for FollowOrAsk {
    type Output = ();

    async fn run(&self, tx: &mut Tx) -> Result<(), Error> {
        let Self { viewer, user, rank_key } = self;
        let follow = Follow { viewer: viewer.clone(), user: user.clone(), rank_key: *rank_key };
        if tx.one(&follow).await?.is_some() {
            return Ok(());
        }
        let request = Request { viewer: viewer.clone(), user: user.clone(), rank_key: *rank_key };
        if tx.one(&request).await?.is_some() {
            return Ok(());
        }
        resolve(tx, user).await?;
        Err(StoreError::Transient("the account was unlocked meanwhile".into()).into())
    }
}
