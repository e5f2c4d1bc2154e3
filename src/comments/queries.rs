//! The statements about comments.

use serde::Deserialize;

use super::Comment;
use crate::{cypher::IdRow, queries};

queries! {
    /// What a reply needs to know of a comment.
    read FindComment("comments/find.cypher") { id: String } -> FoundComment;
    /// Locks a comment while somebody replies.
    write LockComment("comments/lock_parent.cypher") { id: String } -> IdRow;
    /// Creates a comment directly on a post.
    write InsertComment("comments/create_on_post.cypher") { id: String, author: String, post: String, rank_key: i64, created_at: i64, text: String } -> IdRow;
    /// Creates a reply to a comment.
    write InsertReply("comments/create_reply.cypher") { id: String, author: String, post: String, parent: String, depth: i64, rank_key: i64, created_at: i64, text: String } -> IdRow;
    /// What a comment replies to, from the top down.
    read Ancestors("comments/ancestors.cypher") { id: String } -> IdRow;
    /// The comments of those ids, as everybody sees them.
    read ReadComments("comments/read.cypher") { ids: Vec<String> } -> Comment;
    /// Which of those comments a viewer likes.
    read CommentsViewerState("comments/viewer_state.cypher") { viewer: String, ids: Vec<String> } -> IdRow;
    /// Sets the text of a comment, if it still is at that revision.
    write EditComment("comments/edit.cypher") { id: String, revision: i64, text: String, now: i64 } -> IdRow;
    /// Takes from a comment with replies all but its place.
    write EmptyComment("comments/empty.cypher") { id: String } -> IdRow;
    /// Removes a comment that nobody replied to.
    write RemoveComment("comments/remove.cypher") { id: String } -> IdRow;
    /// The first direct replies of each parent, oldest first.
    read OldestChildren("comments/children_old.cypher") { parents: Vec<String>, after_key: i64, after_id: String, per_parent: usize } -> ChildRow;
    /// The first direct replies of each parent, newest first.
    read NewestChildren("comments/children_new.cypher") { parents: Vec<String>, after_key: i64, after_id: String, per_parent: usize } -> ChildRow;
    /// The first direct replies of each parent, most liked first.
    read TopChildren("comments/children_top.cypher") { parents: Vec<String>, after_likes: i64, after_key: i64, after_id: String, per_parent: usize } -> ChildRow;
}

#[derive(Clone, Debug, Deserialize)]
pub struct FoundComment {
    pub post_id: String,
    pub parent_id: String,
    pub author_id: Option<String>,
    pub depth: i64,
    pub deleted: bool,
    pub revision: i64,
}

/// A direct reply, with what it is ordered by.
#[derive(Clone, Debug, Deserialize)]
pub struct ChildRow {
    pub parent_id: String,
    pub id: String,
    pub rank_key: i64,
    pub likes: i64,
}
