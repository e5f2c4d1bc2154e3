//! The statements about comments.

use serde::Deserialize;

use super::Comment;
use crate::{cypher::IdRow, queries, store::Fact};

queries! {
    /// What a reply needs to know of a comment.
    read FindComment("comments/find.cypher") { id: String } -> FoundComment;
    /// Locks a comment while somebody replies.
    write LockComment("comments/lock_parent.cypher") { id: String } -> IdRow,
        about |_| vec![];
    /// Creates a comment directly on a post.
    write InsertComment("comments/create_on_post.cypher") { id: String, author: String, post: String, rank_key: i64, created_at: i64, text: String } -> IdRow,
        about |new| vec![Fact::Thread(&new.post), Fact::Post(&new.post)];
    /// Creates a reply to a comment.
    write InsertReply("comments/create_reply.cypher") { id: String, author: String, post: String, parent: String, depth: i64, rank_key: i64, created_at: i64, text: String } -> IdRow,
        about |new| vec![Fact::Thread(&new.post), Fact::Post(&new.post)];
    /// What a comment replies to, from the top down.
    read Ancestors("comments/ancestors.cypher") { id: String } -> IdRow,
        about |_| of_a_known_thread();
    /// The comments of those ids, as everybody sees them.
    read ReadComments("comments/read.cypher") { ids: Vec<String> } -> Comment,
        about |read, rows| {
            let known = rows.iter().flat_map(|row| {
                let author = row.author.as_ref().map(|author| Fact::User(&author.id));
                [Fact::Thread(&row.post_id)].into_iter().chain(author)
            });
            // Of what is not there nobody knows whose thread it would be in.
            known.chain((rows.len() < read.ids.len()).then_some(Fact::Anything)).collect()
        };
    /// Which of those comments a viewer likes.
    read CommentsViewerState("comments/viewer_state.cypher") { viewer: String, ids: Vec<String> } -> IdRow,
        about |state| state.ids.iter().map(|id| Fact::Act(&state.viewer, id)).collect();
    /// Sets the text of a comment, if it still is at that revision.
    write EditComment("comments/edit.cypher") { id: String, revision: i64, text: String, now: i64 } -> ChangedComment,
        about |_, rows| in_threads(rows);
    /// Takes from a comment with replies all but its place.
    write EmptyComment("comments/empty.cypher") { id: String, removed: bool } -> ChangedComment,
        about |_, rows| of_posts(rows);
    /// Removes a comment that nobody replied to.
    write RemoveComment("comments/remove.cypher") { id: String } -> ChangedComment,
        about |_, rows| of_posts(rows);
    /// The first direct replies of each parent, oldest first.
    read OldestChildren("comments/children_old.cypher") { parents: Vec<String>, after_key: i64, after_id: String, per_parent: usize } -> ChildRow,
        about |_| of_a_known_thread();
    /// The first direct replies of each parent, newest first.
    read NewestChildren("comments/children_new.cypher") { parents: Vec<String>, after_key: i64, after_id: String, per_parent: usize } -> ChildRow,
        about |_| of_a_known_thread();
    /// The first direct replies of each parent, most liked first.
    read TopChildren("comments/children_top.cypher") { parents: Vec<String>, after_likes: i64, after_key: i64, after_id: String, per_parent: usize } -> ChildRow,
        about |_| of_a_known_thread();
}

/// A comment that was changed, and the post that it is about.
#[derive(Clone, Debug, Deserialize)]
pub struct ChangedComment {
    pub id: String,
    pub post_id: String,
}

/// What the change of a comment that is shown changes.
pub fn in_threads(rows: &[ChangedComment]) -> Vec<Fact<'_>> {
    rows.iter().map(|row| Fact::Thread(&row.post_id)).collect()
}

/// What the place of comments in a thread depends on: whoever asks knows whose thread it is, and notes it.
fn of_a_known_thread() -> Vec<Fact<'static>> {
    Vec::new()
}

/// What the end of a comment changes: the post has one less.
fn of_posts(rows: &[ChangedComment]) -> Vec<Fact<'_>> {
    rows.iter().flat_map(|row| [Fact::Thread(&row.post_id), Fact::Post(&row.post_id)]).collect()
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
