//! Making, changing and deleting comments, each in one transaction.

use super::{
    Comment,
    queries::{
        EditComment, EmptyComment, FindComment, FoundComment, InsertComment, InsertReply, LockComment,
        RemoveComment,
    },
    read_one,
};
use crate::{
    clock::Timestamp,
    error::Error,
    http::entity_tag::matches_revision,
    idempotency::Creation,
    posts::{self, missing},
    store::{Run, StoreError, Tx, Work},
};

/// A new comment or reply. The text is clean.
#[derive(Clone, Debug)]
pub struct CreateComment {
    pub id: String,
    pub author: String,
    pub post: String,
    pub parent: Option<String>,
    pub text: String,
    pub rank_key: i64,
    pub created_at: Timestamp,
}

impl Creation for CreateComment {
    type Resource = Comment;

    async fn create(&self, tx: &mut Tx) -> Result<Comment, Error> {
        let row = match &self.parent {
            None => {
                posts::check_may_comment(tx, &self.post, &self.author).await?;
                let insert = InsertComment {
                    id: self.id.clone(),
                    author: self.author.clone(),
                    post: self.post.clone(),
                    rank_key: self.rank_key,
                    created_at: self.created_at.0,
                    text: self.text.clone(),
                };
                tx.one(&insert).await?
            }
            Some(parent) => {
                // Locked, so that nobody removes it as childless while it gets a child.
                tx.run(&LockComment { id: parent.clone() }).await?;
                let found = tx.one(&FindComment { id: parent.clone() }).await?;
                let found =
                    found.filter(|found| found.post_id == self.post).ok_or(Error::ParentNotInThread)?;
                if found.deleted {
                    return Err(Error::CommentNotFound);
                }
                posts::check_may_comment(tx, &self.post, &self.author).await?;
                super::check_shown(tx, parent, &self.author).await?;
                let insert = InsertReply {
                    id: self.id.clone(),
                    author: self.author.clone(),
                    post: self.post.clone(),
                    parent: parent.clone(),
                    depth: found.depth + 1,
                    rank_key: self.rank_key,
                    created_at: self.created_at.0,
                    text: self.text.clone(),
                };
                tx.one(&insert).await?
            }
        };
        match row {
            Some(_) => read_one(tx, &self.id, Some(&self.author)).await,
            None => Err(missing(tx, &self.post).await),
        }
    }

    fn location(comment: &Comment) -> String {
        format!("/v1/comments/{}", comment.id)
    }
}

/// A new text for a comment of one's own.
#[derive(Clone, Debug)]
pub struct ChangeComment {
    pub viewer: String,
    pub comment: String,
    pub text: String,
    pub if_match: Option<String>,
    pub now: i64,
}

impl Work for ChangeComment {
    type Output = Comment;

    async fn run(&self, tx: &mut Tx) -> Result<Comment, Error> {
        let found = tx.one(&FindComment { id: self.comment.clone() }).await?;
        let found = found.filter(|found| !found.deleted).ok_or(Error::CommentNotFound)?;
        if found.author_id.as_deref() != Some(self.viewer.as_str()) {
            return Err(Error::Forbidden("Only its author can change a comment."));
        }
        if !matches_revision(self.if_match.as_deref(), found.revision) {
            return Err(Error::PreconditionFailed);
        }
        let edit = EditComment {
            id: self.comment.clone(),
            revision: found.revision,
            text: self.text.clone(),
            now: self.now,
        };
        // No row: another change came in between; this one is judged again against it.
        tx.one(&edit).await?.ok_or_else(|| StoreError::Transient("the comment changed meanwhile".into()))?;
        read_one(tx, &self.comment, Some(&self.viewer)).await
    }
}

/// The end of a comment of one's own. With replies it leaves an empty place; the last reply that goes takes
/// the empty places above it along.
#[derive(Clone, Debug)]
pub struct DeleteComment {
    pub viewer: String,
    pub comment: String,
}

impl Work for DeleteComment {
    type Output = ();

    async fn run(&self, tx: &mut Tx) -> Result<(), Error> {
        tx.run(&LockComment { id: self.comment.clone() }).await?;
        let found = tx.one(&FindComment { id: self.comment.clone() }).await?;
        let found = found.filter(|found| !found.deleted).ok_or(Error::CommentNotFound)?;
        if found.author_id.as_deref() != Some(self.viewer.as_str()) {
            return Err(Error::Forbidden("Only its author can delete a comment."));
        }
        remove(tx, &self.comment, found, false).await
    }
}

/// Removes anybody's comment; the place that it leaves if it has replies says so. One that is gone stays what it is.
pub async fn take_down(tx: &mut Tx, comment: &str) -> Result<(), Error> {
    tx.run(&LockComment { id: comment.to_owned() }).await?;
    match tx.one(&FindComment { id: comment.to_owned() }).await? {
        Some(found) if !found.deleted => remove(tx, comment, found, true).await,
        _ => Ok(()),
    }
}

/// Ends a comment, which is locked. `removed` tells whether a moderator does it.
async fn remove(tx: &mut Tx, comment: &str, found: FoundComment, removed: bool) -> Result<(), Error> {
    if tx.one(&RemoveComment { id: comment.to_owned() }).await?.is_none() {
        return tx.run(&EmptyComment { id: comment.to_owned(), removed }).await.map(drop);
    }
    let (mut parent, mut depth) = (found.parent_id, found.depth);
    while depth > 1 {
        tx.run(&LockComment { id: parent.clone() }).await?;
        let Some(above) = tx.one(&FindComment { id: parent.clone() }).await?.filter(|above| above.deleted)
        else {
            break;
        };
        if tx.one(&RemoveComment { id: parent.clone() }).await?.is_none() {
            break;
        }
        (parent, depth) = (above.parent_id, above.depth);
    }
    Ok(())
}
