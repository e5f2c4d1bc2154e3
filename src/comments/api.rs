//! `/v1/posts/{id}/comments` and `/v1/comments`.

use std::sync::Arc;

use poem_openapi::{
    Object, OpenApi,
    param::{Header, Path, Query},
};
use serde::Deserialize;

use super::{
    ChangeComment, Comment, CreateComment, DeleteComment,
    queries::{ChildRow, OldestChildren},
    read, read_shown,
};
use crate::{
    app::App,
    auth::{Reader, Viewer},
    clock::{Timestamp, new_id},
    error::Error,
    http::{
        answer::{Created, Json, NoContent},
        body::Body,
    },
    idempotency,
    page::{Limit, Page, Paging, Position},
    posts::read_or_tombstone,
    section::Section,
    text,
    users::{Hidden, rules::refuse},
};

pub struct CommentsApi {
    pub app: Arc<App>,
}

/// A comment to be written.
#[derive(Debug, Object, Deserialize)]
pub struct NewComment {
    /// The text: 1 to 2,000 grapheme clusters unless configured otherwise.
    pub text: String,
    /// The comment of the same thread that this one replies to; left out for a comment directly on the post.
    #[oai(validator(pattern = "^[a-z][a-z0-9]{23}$"))]
    pub parent_id: Option<String>,
}

/// Changes of a comment.
#[derive(Debug, Object, Deserialize)]
pub struct CommentChanges {
    /// The new text, within the bounds of a new comment's.
    pub text: String,
}

#[OpenApi(tag = "Section::Comments")]
impl CommentsApi {
    /// Comment on a post
    ///
    /// Creates a comment on a post, or with `parent_id` a reply to another comment of its thread:
    /// `422 parent_not_in_thread` if that one is elsewhere.
    #[oai(path = "/v1/posts/:id/comments", method = "post", operation_id = "create_comment")]
    async fn create_comment(
        &self,
        viewer: Viewer,
        /// The post's id.
        id: Path<String>,
        body: Body<NewComment>,
        /// Makes a repetition of this request safe for 24 hours.
        #[oai(name = "Idempotency-Key")]
        idempotency_key: Header<Option<String>>,
    ) -> Result<Created<Comment>, Error> {
        let rank_key = self.app.clock.next_rank_key();
        let creation = CreateComment {
            id: new_id(),
            author: viewer.id.clone(),
            post: id.0.clone(),
            parent: body.value.parent_id.clone(),
            text: self.clean(&body.value.text)?,
            rank_key,
            created_at: Timestamp::of_rank_key(rank_key),
        };
        let request = idempotency::Request {
            actor: Some(&viewer.id),
            operation: "create_comment",
            target: &id.0,
            key: idempotency_key.0,
            body: &body.raw,
        };
        idempotency::create(&self.app, request, creation).await
    }

    /// List the comments of a post
    ///
    /// The comments directly on a post, oldest first. Its whole conversation is `/v1/posts/{id}/thread`.
    #[oai(path = "/v1/posts/:id/comments", method = "get", operation_id = "list_comments")]
    async fn list_comments(
        &self,
        reader: Reader,
        /// The post's id.
        id: Path<String>,
        /// How many items the page may have.
        limit: Query<Option<Limit>>,
        /// Where to go on: `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<Page<Comment>>, Error> {
        read_or_tombstone(&mut &self.app.store, &id.0, reader.id()).await?;
        self.children(id.0, Paging::new(limit.0, cursor.0), &reader).await
    }

    /// Read a comment
    ///
    /// A comment with its numbers. One that was deleted and has replies is there, empty; one without is
    /// `404 comment_not_found`.
    #[oai(path = "/v1/comments/:id", method = "get", operation_id = "get_comment")]
    async fn get_comment(
        &self,
        reader: Reader,
        /// The comment's id.
        id: Path<String>,
    ) -> Result<Json<Comment>, Error> {
        let comment = read_shown(&mut &self.app.store, &id.0, reader.id()).await?;
        Ok(Json::new(&comment).with_revision(comment.revision))
    }

    /// Change a comment
    ///
    /// Sets the text of one's own comment. With `If-Match`, only if nobody changed it since.
    #[oai(path = "/v1/comments/:id", method = "patch", operation_id = "update_comment")]
    async fn update_comment(
        &self,
        viewer: Viewer,
        /// The comment's id.
        id: Path<String>,
        body: Body<CommentChanges>,
        /// An entity tag that the comment must still have in its revision.
        #[oai(name = "If-Match")]
        if_match: Header<Option<String>>,
    ) -> Result<Json<Comment>, Error> {
        let work = ChangeComment {
            viewer: viewer.id,
            comment: id.0,
            text: self.clean(&body.value.text)?,
            if_match: if_match.0,
            now: self.app.clock.now().0,
        };
        let comment = self.app.store.write(&work).await?;
        Ok(Json::new(&comment).with_revision(comment.revision))
    }

    /// Delete a comment
    ///
    /// Deletes one's own comment. One with replies leaves an empty place, so that the replies keep theirs. A second
    /// time answers `404 comment_not_found`.
    #[oai(path = "/v1/comments/:id", method = "delete", operation_id = "delete_comment")]
    async fn delete_comment(
        &self,
        viewer: Viewer,
        /// The comment's id.
        id: Path<String>,
    ) -> Result<NoContent, Error> {
        self.app.store.write(&DeleteComment { viewer: viewer.id, comment: id.0 }).await?;
        Ok(NoContent)
    }

    /// List the replies to a comment
    ///
    /// The direct replies to a comment, oldest first.
    #[oai(path = "/v1/comments/:id/replies", method = "get", operation_id = "list_replies")]
    async fn list_replies(
        &self,
        reader: Reader,
        /// The comment's id.
        id: Path<String>,
        /// How many items the page may have.
        limit: Query<Option<Limit>>,
        /// Where to go on: `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<Page<Comment>>, Error> {
        read_shown(&mut &self.app.store, &id.0, reader.id()).await?;
        self.children(id.0, Paging::new(limit.0, cursor.0), &reader).await
    }
}

impl CommentsApi {
    fn clean(&self, text: &str) -> Result<String, Error> {
        let mut errors = Vec::new();
        let text = text::clean("text", text, 1, self.app.config.limits.comment_chars, &mut errors);
        refuse(errors)?;
        Ok(text)
    }

    async fn children(
        &self,
        parent: String,
        paging: Paging,
        reader: &Reader,
    ) -> Result<Json<Page<Comment>>, Error> {
        let list = format!("children:{parent}");
        let start = Position { key: i64::MIN, id: String::new() };
        let position = self.app.cursors.position(&list, &paging, start)?;
        let hidden = &Hidden::from(&mut &self.app.reading(), reader.id()).await?;
        let (app, parent) = (&self.app, &parent);
        let read = |position: Position, per_parent| async move {
            let query = OldestChildren {
                parents: vec![parent.clone()],
                after_key: position.key,
                after_id: position.id,
                per_parent,
            };
            let rows = app.store.run(&query).await?;
            let ids: Vec<String> = rows.iter().map(|row| row.id.clone()).collect();
            let mut comments = read(&mut &app.store, &ids, reader.id()).await?;
            let shown = |ChildRow { id, rank_key, .. }| {
                let comment = comments.remove(&id).filter(|comment| !comment.is_of(hidden));
                (Position { key: rank_key, id }, comment)
            };
            Ok(rows.into_iter().map(shown).collect())
        };
        Ok(Json::page(&app.cursors.filled(&list, &paging, position, read).await?))
    }
}
