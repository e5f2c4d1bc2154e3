//! Comments: what people answer, nested.

pub mod api;
pub mod queries;
mod writes;

use std::collections::HashMap;

use poem_openapi::Object;
use serde::{Deserialize, Serialize};

use crate::{
    clock::Timestamp,
    comments::queries::{CommentsViewerState, FindComment, ReadComments},
    error::Error,
    posts,
    store::Run,
    users::{Hidden, UserSummary},
};

pub use writes::{ChangeComment, CreateComment, DeleteComment, take_down};

/// A comment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Object)]
pub struct Comment {
    /// An opaque CUID2 id.
    #[oai(validator(pattern = "^[a-z][a-z0-9]{23}$"))]
    pub id: String,
    /// The post whose thread it is in.
    #[oai(validator(pattern = "^[a-z][a-z0-9]{23}$"))]
    pub post_id: String,
    /// The comment that it replies to; null directly on the post.
    #[oai(validator(pattern = "^[a-z][a-z0-9]{23}$"))]
    pub parent_id: Option<String>,
    /// Who wrote it; null when it is deleted.
    pub author: Option<UserSummary>,
    /// The text, NFC, 1 to 2,000 grapheme clusters unless configured otherwise; empty when it is deleted.
    pub text: String,
    /// When it was written.
    pub created_at: Timestamp,
    /// When its text last changed; null if it never did.
    pub edited_at: Option<Timestamp>,
    /// 1 directly on the post, one more for each level of replies.
    #[oai(validator(minimum(value = "1")))]
    pub depth: i64,
    /// It was deleted, and keeps its place because of its replies.
    pub deleted: bool,
    /// A moderator deleted it.
    pub removed: bool,
    /// Exact numbers at the moment of the read.
    pub counts: CommentCounts,
    /// What the acting user has done with this comment; null without a token.
    #[serde(skip_deserializing)]
    pub viewer: Option<CommentViewer>,
    /// Grows with each edit; part of the entity tag.
    #[serde(skip_serializing)]
    #[oai(skip)]
    pub revision: i64,
}

/// Numbers on a comment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Object)]
pub struct CommentCounts {
    /// Direct replies, with deleted ones that keep their place.
    #[oai(validator(minimum(value = "0")))]
    pub replies: i64,
    /// How many people like it.
    #[oai(validator(minimum(value = "0")))]
    pub likes: i64,
}

/// What the acting user has done with a comment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Object)]
pub struct CommentViewer {
    /// The acting user likes it.
    pub liked: bool,
}

/// The comments of those ids, by id, with what the viewer has done with them.
pub async fn read(
    run: &mut impl Run,
    ids: &[String],
    viewer: Option<&str>,
) -> Result<HashMap<String, Comment>, Error> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = run.run(&ReadComments { ids: ids.to_vec() }).await?;
    let mut comments: HashMap<String, Comment> =
        rows.into_iter().map(|comment| (comment.id.clone(), comment)).collect();
    if let Some(viewer) = viewer {
        let query = CommentsViewerState { viewer: viewer.to_owned(), ids: ids.to_vec() };
        for comment in comments.values_mut() {
            comment.viewer = Some(CommentViewer::default());
        }
        for liked in run.run(&query).await? {
            if let Some(comment) = comments.get_mut(&liked.id) {
                comment.viewer = Some(CommentViewer { liked: true });
            }
        }
    }
    Ok(comments)
}

/// One comment as it is shown to a viewer, who must be allowed to see it.
pub async fn read_shown(run: &mut impl Run, id: &str, viewer: Option<&str>) -> Result<Comment, Error> {
    let comment = read_one(run, id, viewer).await?;
    check_thread(run, &comment.post_id, viewer).await?;
    comment.check(&Hidden::from(run, viewer).await?)?;
    Ok(comment)
}

/// Refuses who may not see the post that a comment is about. One that was deleted leaves its comments to everybody.
async fn check_thread(run: &mut impl Run, post: &str, viewer: Option<&str>) -> Result<(), Error> {
    match posts::check_shown(run, post, viewer).await {
        Ok(_) | Err(Error::PostDeleted | Error::PostRemoved) => Ok(()),
        Err(Error::PostNotFound) => Err(Error::CommentNotFound),
        Err(error) => Err(error),
    }
}

impl Comment {
    /// Whether somebody wrote it whom the viewer is not shown.
    pub fn is_of(&self, hidden: &Hidden) -> bool {
        self.author.as_ref().is_some_and(|author| hidden.is_blocked(&author.id))
    }

    /// Refuses who is hidden from its author.
    pub fn check(&self, hidden: &Hidden) -> Result<(), Error> {
        self.author.as_ref().map_or(Ok(()), |author| hidden.check(&author.id, Error::CommentNotFound))
    }
}

/// Refuses who may not see a comment, or whom its author does not want to see.
pub async fn check_shown(run: &mut impl Run, id: &str, viewer: &str) -> Result<(), Error> {
    let found = run.one(&FindComment { id: id.to_owned() }).await?.ok_or(Error::CommentNotFound)?;
    check_thread(run, &found.post_id, Some(viewer)).await?;
    match found.author_id {
        Some(author) => Hidden::from(run, Some(viewer)).await?.check(&author, Error::CommentNotFound),
        None => Ok(()),
    }
}

/// One comment, which must exist; a deleted one that keeps its place does.
pub async fn read_one(run: &mut impl Run, id: &str, viewer: Option<&str>) -> Result<Comment, Error> {
    read(run, &[id.to_owned()], viewer).await?.remove(id).ok_or(Error::CommentNotFound)
}
