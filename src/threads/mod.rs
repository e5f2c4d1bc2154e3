//! Threads: a conversation flat, in reading order, in pages of which every cut can be resumed.

pub mod api;
mod reader;

use poem_openapi::{Enum, Object};
use serde::{Deserialize, Serialize};

use crate::{comments::Comment, http::answer::Continues, posts::PostOrTombstone};

/// A part of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Object)]
pub struct Thread {
    /// The post that it is about, or its tombstone.
    pub post: PostOrTombstone,
    /// Comments in reading order: each is followed by those of its replies that are shown.
    pub items: Vec<ThreadItem>,
    /// Gives the next page of the top level when passed as `cursor`; null exactly at its end.
    #[oai(validator(pattern = "^[A-Za-z0-9_-]+$"))]
    pub next_cursor: Option<String>,
}

impl Continues for Thread {
    fn next_cursor(&self) -> Option<&str> {
        self.next_cursor.as_deref()
    }
}

/// One place in a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Object)]
pub struct ThreadItem {
    /// What stands in this place.
    pub kind: ThreadItemKind,
    /// The comment's id.
    #[oai(validator(pattern = "^[a-z][a-z0-9]{23}$"))]
    pub id: String,
    /// The comment that it replies to; null directly on the post.
    #[oai(validator(pattern = "^[a-z][a-z0-9]{23}$"))]
    pub parent_id: Option<String>,
    /// How deep it stands: 1 directly on the post. In the thread of a comment that comment has 0, its replies have 1
    /// and more, and what it replies to has -1, -2, and so on upwards.
    pub depth: i64,
    /// The comment; null unless `kind` is `comment`.
    pub comment: Option<Comment>,
    /// How much of what was replied is shown.
    pub replies: Replies,
}

/// What stands in a place of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Enum)]
#[serde(rename_all = "snake_case")]
#[oai(rename_all = "snake_case")]
pub enum ThreadItemKind {
    /// A comment.
    Comment,
    /// A comment that was deleted and has replies.
    Deleted,
    /// A comment that a moderator removed and that has replies.
    Removed,
    /// A comment that the acting user is not shown: one of them and its author blocks the other, or its author is
    /// suspended.
    Hidden,
}

/// How much of the direct replies to a comment is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Object)]
pub struct Replies {
    /// How many direct replies there are.
    #[oai(validator(minimum(value = "0")))]
    pub total: i64,
    /// How many of them are items of this page.
    #[oai(validator(minimum(value = "0")))]
    pub shown: i64,
    /// Gives the next of them when passed as `cursor` to `/v1/comments/{id}/thread` of this comment with the same
    /// `sort`; null when all are shown.
    #[oai(validator(pattern = "^[A-Za-z0-9_-]+$"))]
    pub next_cursor: Option<String>,
    /// Why not all are shown; null when they are.
    pub cut_by: Option<CutBy>,
}

/// Why replies are not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Enum)]
#[serde(rename_all = "snake_case")]
#[oai(rename_all = "snake_case")]
pub enum CutBy {
    /// They would be deeper than asked for.
    Depth,
    /// They would be more than asked for.
    Count,
}

/// The order of comments that reply to the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Enum)]
#[serde(rename_all = "snake_case")]
#[oai(rename_all = "snake_case")]
pub enum Sort {
    /// Most liked first, and then oldest first.
    #[default]
    Top,
    /// Newest first.
    New,
    /// Oldest first.
    Old,
}
