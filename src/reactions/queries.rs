//! The statements of likes, reposts and bookmarks.

use crate::{cypher::IdRow, posts::queries::ListedPost, queries};

queries! {
    /// Makes a user like a post, once.
    write LikePost("reactions/like_post.cypher") { viewer: String, post: String, rank_key: i64 } -> IdRow;
    /// Takes a user's like of a post back.
    write UnlikePost("reactions/unlike_post.cypher") { viewer: String, post: String } -> IdRow;
    /// Bookmarks a post for a user, once.
    write Bookmark("reactions/bookmark.cypher") { viewer: String, post: String, rank_key: i64 } -> IdRow;
    /// Takes a user's bookmark of a post away.
    write Unbookmark("reactions/unbookmark.cypher") { viewer: String, post: String } -> IdRow;
    /// A user's repost of a post.
    read FindRepost("reactions/find_repost.cypher") { id: String } -> IdRow;
    /// Makes a user repost a post, once.
    write Repost("reactions/repost.cypher") { viewer: String, post: String, id: String, rank_key: i64 } -> IdRow;
    /// Takes a user's repost of a post back.
    write Unrepost("reactions/unrepost.cypher") { post: String, id: String } -> IdRow;
    /// Makes a user like a comment, once.
    write LikeComment("reactions/like_comment.cypher") { viewer: String, comment: String, rank_key: i64 } -> IdRow;
    /// Takes a user's like of a comment back.
    write UnlikeComment("reactions/unlike_comment.cypher") { viewer: String, comment: String } -> IdRow;
    /// The posts that a user bookmarked, newest bookmark first.
    read Bookmarks("reactions/bookmarks.cypher") { user: String, before_key: i64, before_id: String, limit: usize } -> ListedPost;
    /// The posts that a user likes, newest like first.
    read LikedPosts("reactions/likes.cypher") { user: String, before_key: i64, before_id: String, limit: usize } -> ListedPost;
}
