//! Likes, reposts and bookmarks.

pub mod api;
pub mod queries;
mod repost;
