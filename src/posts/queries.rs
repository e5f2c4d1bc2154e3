//! The statements about posts.

use serde::{Deserialize, Serialize};

use super::{Post, PostViewer, Visibility};
use crate::{
    clock::derived_id,
    cypher::IdRow,
    queries,
    users::{UserSummary, queries::ListedUser},
};

queries! {
    /// Locks an author, then counts the posts, quotes and reposts that they have made since a moment.
    write LockAuthor("posts/lock_author.cypher", embedded "posts/lock_author.embedded.cypher") { author: String, now: i64, since: i64 } -> CountRow;
    /// Creates a post with its tags, and tells who its author is.
    write InsertPost("posts/create.cypher") { id: String, author: String, rank_key: i64, created_at: i64, text: String, tags: Vec<String>, visibility: Visibility, quote_of: Option<String> } -> UserSummary;
    /// Links a quote to the post it quotes.
    write LinkQuote("posts/link_quote.cypher") { id: String, quoted: String, rank_key: i64 } -> IdRow;
    /// Links an edited post to its tags.
    write LinkTags("posts/link_tags.cypher") { id: String, tags: Vec<String>, rank_key: i64 } -> IdRow;
    /// Links a post to the people it mentions.
    write LinkMentions("posts/link_mentions.cypher") { id: String, handles: Vec<String> } -> IdRow;
    /// Takes a post's tags and mentions away.
    write UnlinkPost("posts/unlink.cypher") { id: String } -> LinksRow;
    /// Who wrote a post, when, and at which revision it is.
    read FindPost("posts/find.cypher") { id: String } -> FoundPost;
    /// Which of those ids are deleted posts.
    read FindDeletedPosts("posts/find_deleted.cypher") { ids: Vec<String> } -> IdRow;
    /// The posts of those ids, as everybody sees them.
    read ReadPosts("posts/read.cypher") { ids: Vec<String> } -> Post;
    /// What a viewer has done with each of those posts.
    read PostsViewerState("posts/viewer_state.cypher") { viewer: String, posts: Vec<PostOfUser> } -> PostViewerRow;
    /// Sets the text of a post, if it still is at that revision.
    write EditPost("posts/edit.cypher") { id: String, revision: i64, text: String, tags: Vec<String>, now: i64 } -> IdRow;
    /// Deletes a post with all that hangs on it, and keeps that there was one.
    write RemovePost("posts/delete.cypher") { id: String, now: i64 } -> IdRow;
    /// Who likes a post, newest like first.
    read PostLikes("posts/likes.cypher") { post: String, before_key: i64, before_id: String, limit: usize } -> ListedUser;
    /// Who reposted a post, newest repost first.
    read PostReposts("posts/reposts.cypher") { post: String, before_key: i64, before_id: String, limit: usize } -> ListedUser;
    /// The quotes of a post, newest first.
    read PostQuotes("posts/quotes.cypher") { post: String, before_key: i64, before_id: String, limit: usize } -> ListedPost;
}

/// A post, and the id that a user's repost of it has if there is one.
#[derive(Clone, Debug, Serialize)]
pub struct PostOfUser {
    pub id: String,
    pub repost_id: String,
}

impl PostOfUser {
    pub fn new(post: &str, user: &str) -> Self {
        Self { id: post.to_owned(), repost_id: repost_id(user, post) }
    }
}

/// The id of a user's repost of a post.
pub fn repost_id(user: &str, post: &str) -> String {
    derived_id(&["repost", user, post])
}

#[derive(Clone, Debug, Deserialize)]
pub struct CountRow {
    pub count: i64,
}

#[derive(Clone, Debug, Deserialize)]
pub struct LinksRow {
    pub links: i64,
}

#[derive(Clone, Debug, Deserialize)]
pub struct FoundPost {
    pub author_id: String,
    pub rank_key: i64,
    pub revision: i64,
}

/// A post on a list that is ordered by a moment.
#[derive(Clone, Debug, Deserialize)]
pub struct ListedPost {
    pub id: String,
    pub key: i64,
}

#[derive(Clone, Debug, Deserialize)]
pub struct PostViewerRow {
    pub id: String,
    pub liked: bool,
    pub reposted: bool,
    pub bookmarked: bool,
}

impl PostViewerRow {
    pub fn state(&self) -> PostViewer {
        PostViewer { liked: self.liked, reposted: self.reposted, bookmarked: self.bookmarked }
    }
}
