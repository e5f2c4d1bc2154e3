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
    error::Error,
    http::answer::Json,
    openapi::Section,
    page::{Limit, Paging},
};

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
        #[oai(default = "default_depth", validator(minimum(value = "1"), maximum(value = "10")))]
        depth: Query<u8>,
        /// Most replies shown below each comment of the first level, of all deeper levels together.
        #[oai(default = "default_replies", validator(maximum(value = "50")))]
        replies: Query<u8>,
        /// How many comments of the first level the page may have.
        limit: Query<Option<Limit>>,
        /// Where to go on: `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<Thread>, Error> {
        let cut = Cut { sort: sort.0, depth: depth.0.into(), replies: replies.0.into() };
        let paging = Paging::new(limit.0, cursor.0);
        let thread = reader::of_post(&self.app, &id.0, &cut, &paging, reader.id()).await?;
        Ok(Json::new(&thread).with_next(thread.next_cursor.as_deref()))
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
        #[oai(default = "default_depth", validator(minimum(value = "1"), maximum(value = "10")))]
        depth: Query<u8>,
        /// Most replies shown below each direct reply, of all deeper levels together.
        #[oai(default = "default_replies", validator(maximum(value = "50")))]
        replies: Query<u8>,
        /// How many direct replies the page may have.
        limit: Query<Option<Limit>>,
        /// Where to go on: a `next_cursor` that belongs to this comment.
        cursor: Query<Option<String>>,
    ) -> Result<Json<Thread>, Error> {
        let cut = Cut { sort: sort.0, depth: depth.0.into(), replies: replies.0.into() };
        let paging = Paging::new(limit.0, cursor.0);
        let thread = reader::of_comment(&self.app, &id.0, &cut, &paging, reader.id()).await?;
        Ok(Json::new(&thread).with_next(thread.next_cursor.as_deref()))
    }
}

fn default_depth() -> u8 {
    3
}

fn default_replies() -> u8 {
    10
}
