//! `/like`, `/repost` and `/bookmark`, and the lists of what one liked and bookmarked.

use std::sync::Arc;

use poem_openapi::{
    OpenApi,
    param::{Path, Query},
};

use super::{
    queries::{
        Bookmark, Bookmarks, LikeComment, LikePost, LikedPosts, Unbookmark, UnlikeComment, UnlikePost,
        Unrepost,
    },
    repost::RepostOnce,
};
use crate::{
    app::App,
    auth::{Reader, Viewer},
    comments::{self, CommentViewer},
    cypher::{IdRow, Query as Statement},
    error::Error,
    http::answer::Json,
    page::{Limit, Page, Paging},
    posts::{
        Post, PostViewer,
        api::posts_page,
        check_shown, missing,
        queries::{PostOfUser, PostsViewerState, repost_id},
    },
    section::Section,
    users::resolve_shown,
};

pub struct ReactionsApi {
    pub app: Arc<App>,
}

#[OpenApi(tag = "Section::Reactions")]
impl ReactionsApi {
    /// Like a post
    ///
    /// Doing it twice changes nothing. Answers what the acting user has done with the post.
    #[oai(path = "/v1/posts/:id/like", method = "put", operation_id = "like_post")]
    async fn like_post(
        &self,
        viewer: Viewer,
        /// The post's id.
        id: Path<String>,
    ) -> Result<Json<PostViewer>, Error> {
        check_shown(&mut &self.app.reading(), &id.0, Some(&viewer.id)).await?;
        let rank_key = self.app.clock.next_rank_key();
        self.toggle(&viewer.id, &id.0, LikePost { viewer: viewer.id.clone(), post: id.0.clone(), rank_key })
            .await
    }

    /// Take a like back
    ///
    /// Doing it twice changes nothing. Answers what the acting user has done with the post.
    #[oai(path = "/v1/posts/:id/like", method = "delete", operation_id = "unlike_post")]
    async fn unlike_post(
        &self,
        viewer: Viewer,
        /// The post's id.
        id: Path<String>,
    ) -> Result<Json<PostViewer>, Error> {
        self.toggle(&viewer.id, &id.0, UnlikePost { viewer: viewer.id.clone(), post: id.0.clone() }).await
    }

    /// Repost a post
    ///
    /// Shows the post to one's followers. Doing it twice changes nothing. Counts against the daily limit where one is
    /// configured.
    #[oai(path = "/v1/posts/:id/repost", method = "put", operation_id = "repost_post")]
    async fn repost_post(
        &self,
        viewer: Viewer,
        /// The post's id.
        id: Path<String>,
    ) -> Result<Json<PostViewer>, Error> {
        let work = RepostOnce {
            viewer: viewer.id.clone(),
            post: id.0.clone(),
            rank_key: self.app.clock.next_rank_key(),
            quota: self.app.daily_quota(),
        };
        self.app.store.write(&work).await?;
        self.app.updates.announce();
        self.state(&viewer.id, &id.0).await
    }

    /// Take a repost back
    ///
    /// Doing it twice changes nothing. Answers what the acting user has done with the post.
    #[oai(path = "/v1/posts/:id/repost", method = "delete", operation_id = "unrepost_post")]
    async fn unrepost_post(
        &self,
        viewer: Viewer,
        /// The post's id.
        id: Path<String>,
    ) -> Result<Json<PostViewer>, Error> {
        self.toggle(
            &viewer.id,
            &id.0,
            Unrepost { viewer: viewer.id.clone(), post: id.0.clone(), id: repost_id(&viewer.id, &id.0) },
        )
        .await
    }

    /// Bookmark a post
    ///
    /// Nobody else can see it. Doing it twice changes nothing.
    #[oai(path = "/v1/posts/:id/bookmark", method = "put", operation_id = "bookmark_post")]
    async fn bookmark_post(
        &self,
        viewer: Viewer,
        /// The post's id.
        id: Path<String>,
    ) -> Result<Json<PostViewer>, Error> {
        check_shown(&mut &self.app.reading(), &id.0, Some(&viewer.id)).await?;
        let rank_key = self.app.clock.next_rank_key();
        self.toggle(&viewer.id, &id.0, Bookmark { viewer: viewer.id.clone(), post: id.0.clone(), rank_key })
            .await
    }

    /// Take a bookmark away
    ///
    /// Doing it twice changes nothing. Answers what the acting user has done with the post.
    #[oai(path = "/v1/posts/:id/bookmark", method = "delete", operation_id = "unbookmark_post")]
    async fn unbookmark_post(
        &self,
        viewer: Viewer,
        /// The post's id.
        id: Path<String>,
    ) -> Result<Json<PostViewer>, Error> {
        self.toggle(&viewer.id, &id.0, Unbookmark { viewer: viewer.id.clone(), post: id.0.clone() }).await
    }

    /// List one's bookmarks
    ///
    /// The posts that the acting user bookmarked, newest bookmark first.
    #[oai(path = "/v1/me/bookmarks", method = "get", operation_id = "list_bookmarks")]
    async fn list_bookmarks(
        &self,
        viewer: Viewer,
        /// How many items the page may have.
        limit: Query<Option<Limit>>,
        /// Where to go on: `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<Page<Post>>, Error> {
        let paging = Paging::new(limit.0, cursor.0);
        let list = format!("bookmarks:{}", viewer.id);
        let page = posts_page(&self.app, &list, &paging, Some(&viewer.id), |before_key, before_id, limit| {
            Bookmarks { user: viewer.id.clone(), before_key, before_id, limit }
        });
        Ok(Json::page(&page.await?))
    }

    /// List what a user likes
    ///
    /// The posts that a user likes, newest like first.
    #[oai(path = "/v1/users/:user/likes", method = "get", operation_id = "list_user_likes")]
    async fn list_user_likes(
        &self,
        reader: Reader,
        /// An id, or `@` and a handle.
        user: Path<String>,
        /// How many items the page may have.
        limit: Query<Option<Limit>>,
        /// Where to go on: `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<Page<Post>>, Error> {
        let (user, _) = resolve_shown(&mut &self.app.reading(), &user.0, reader.id()).await?;
        let paging = Paging::new(limit.0, cursor.0);
        let list = format!("liked:{user}");
        let page = posts_page(&self.app, &list, &paging, reader.id(), |before_key, before_id, limit| {
            LikedPosts { user: user.clone(), before_key, before_id, limit }
        });
        Ok(Json::page(&page.await?))
    }

    /// Like a comment
    ///
    /// Doing it twice changes nothing. Answers what the acting user has done with the comment.
    #[oai(path = "/v1/comments/:id/like", method = "put", operation_id = "like_comment")]
    async fn like_comment(
        &self,
        viewer: Viewer,
        /// The comment's id.
        id: Path<String>,
    ) -> Result<Json<CommentViewer>, Error> {
        comments::check_shown(&mut &self.app.reading(), &id.0, &viewer.id).await?;
        let like = LikeComment { viewer: viewer.id, comment: id.0, rank_key: self.app.clock.next_rank_key() };
        self.app.store.run(&like).await?.pop().ok_or(Error::CommentNotFound)?;
        Ok(Json::new(&CommentViewer { liked: true }))
    }

    /// Take a like of a comment back
    ///
    /// Doing it twice changes nothing. Answers what the acting user has done with the comment.
    #[oai(path = "/v1/comments/:id/like", method = "delete", operation_id = "unlike_comment")]
    async fn unlike_comment(
        &self,
        viewer: Viewer,
        /// The comment's id.
        id: Path<String>,
    ) -> Result<Json<CommentViewer>, Error> {
        let unlike = UnlikeComment { viewer: viewer.id, comment: id.0 };
        self.app.store.run(&unlike).await?.pop().ok_or(Error::CommentNotFound)?;
        Ok(Json::new(&CommentViewer { liked: false }))
    }
}

impl ReactionsApi {
    /// Runs a toggle whose missing row means a missing post.
    async fn toggle<Q: Statement<Row = IdRow>>(
        &self,
        viewer: &str,
        post: &str,
        query: Q,
    ) -> Result<Json<PostViewer>, Error> {
        if self.app.store.run(&query).await?.is_empty() {
            return Err(missing(&mut &self.app.store, post).await);
        }
        self.state(viewer, post).await
    }

    async fn state(&self, viewer: &str, post: &str) -> Result<Json<PostViewer>, Error> {
        let query =
            PostsViewerState { viewer: viewer.to_owned(), posts: vec![PostOfUser::new(post, viewer)] };
        match self.app.store.run(&query).await?.pop() {
            Some(row) => Ok(Json::new(&row.state())),
            None => Err(missing(&mut &self.app.store, post).await),
        }
    }
}
