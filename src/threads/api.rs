//! `/v1/posts/{id}/thread` and `/v1/comments/{id}/thread`.

use std::sync::Arc;

use poem_openapi::{
    OpenApi,
    param::{Path, Query},
};

use super::{
    Sort, Thread,
    reader::{self, Cut},
};
use crate::{
    app::App,
    auth::Reader,
    cache::Turn,
    error::Error,
    http::answer::Json,
    page::{Bounded, Limit, Paging},
    section::Section,
};

/// How many levels of a thread are shown.
type Depth = Bounded<1, 10, 3>;
/// How many deeper replies are shown below one of the first level.
type MostReplies = Bounded<0, 50, 10>;

pub struct ThreadsApi {
    pub app: Arc<App>,
}

#[OpenApi(tag = "Section::Threads")]
impl ThreadsApi {
    /// Read the thread of a post
    ///
    /// A page of the comments on a post, each followed by its replies, flat and in reading order. Every cut says why
    /// it is there and how to go on. The thread of a deleted post has a tombstone in its place.
    #[oai(path = "/v1/posts/:id/thread", method = "get", operation_id = "get_post_thread")]
    #[expect(clippy::too_many_arguments, reason = "each is a parameter of the operation")]
    async fn get_post_thread(
        &self,
        reader: Reader,
        /// The post's id.
        id: Path<String>,
        /// The order of comments that reply to the same.
        #[oai(default)]
        sort: Query<Sort>,
        /// How many levels are shown.
        depth: Query<Option<Depth>>,
        /// Most replies shown below each comment of the first level, of all deeper levels together.
        replies: Query<Option<MostReplies>>,
        /// How many comments of the first level the page may have.
        limit: Query<Option<Limit>>,
        /// Where to go on: `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<Thread>, Error> {
        let cut = cut(sort.0, depth.0, replies.0);
        let paging = Paging::new(limit.0, cursor.0);
        let key = key(&id.0, &cut, &paging, reader.id());
        let draft = match self.app.answer("get_post_thread", &key).await {
            Turn::Kept(answer) => return Ok(Json::kept(answer)),
            Turn::Make(draft) => draft,
        };
        let thread = reader::of_post(&self.app, draft.reading(), &id.0, &cut, &paging, reader.id()).await?;
        Ok(Json::page(&thread).keep(draft))
    }

    /// Read the thread of a comment
    ///
    /// What a comment replies to, from the top down and with negative depths, then the comment with depth 0, then its
    /// replies. With a cursor only further replies.
    #[oai(path = "/v1/comments/:id/thread", method = "get", operation_id = "get_comment_thread")]
    #[expect(clippy::too_many_arguments, reason = "each is a parameter of the operation")]
    async fn get_comment_thread(
        &self,
        reader: Reader,
        /// The comment's id.
        id: Path<String>,
        /// The order of comments that reply to the same.
        #[oai(default)]
        sort: Query<Sort>,
        /// How many levels of replies are shown.
        depth: Query<Option<Depth>>,
        /// Most replies shown below each direct reply, of all deeper levels together.
        replies: Query<Option<MostReplies>>,
        /// How many direct replies the page may have.
        limit: Query<Option<Limit>>,
        /// Where to go on: a `next_cursor` that belongs to this comment.
        cursor: Query<Option<String>>,
    ) -> Result<Json<Thread>, Error> {
        let cut = cut(sort.0, depth.0, replies.0);
        let paging = Paging::new(limit.0, cursor.0);
        let key = key(&id.0, &cut, &paging, reader.id());
        let draft = match self.app.answer("get_comment_thread", &key).await {
            Turn::Kept(answer) => return Ok(Json::kept(answer)),
            Turn::Make(draft) => draft,
        };
        let thread =
            reader::of_comment(&self.app, draft.reading(), &id.0, &cut, &paging, reader.id()).await?;
        Ok(Json::page(&thread).keep(draft))
    }
}

/// What tells one answer from another.
fn key(id: &str, cut: &Cut, paging: &Paging, viewer: Option<&str>) -> String {
    format!("{id} {cut:?} {paging:?} {viewer:?}")
}

fn cut(sort: Sort, depth: Option<Depth>, replies: Option<MostReplies>) -> Cut {
    Cut { sort, depth: depth.unwrap_or_default().into(), replies: replies.unwrap_or_default().get() }
}
