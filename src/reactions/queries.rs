//! The statements of likes, reposts and bookmarks.

use serde::Deserialize;

use crate::{
    comments::queries::{ChangedComment, in_threads},
    cypher::IdRow,
    posts::queries::ListedPost,
    queries,
    store::Fact,
};

queries! {
    /// Makes a user like a post, once.
    write LikePost("reactions/like_post.cypher") { viewer: String, post: String, rank_key: i64 } -> IdRow,
        about |like| vec![Fact::Post(&like.post), Fact::Act(&like.viewer, &like.post)];
    /// Takes a user's like of a post back.
    write UnlikePost("reactions/unlike_post.cypher") { viewer: String, post: String } -> IdRow,
        about |like| vec![Fact::Post(&like.post), Fact::Act(&like.viewer, &like.post)];
    /// Bookmarks a post for a user, once.
    write Bookmark("reactions/bookmark.cypher") { viewer: String, post: String, rank_key: i64 } -> IdRow,
        about |mark| vec![Fact::Post(&mark.post), Fact::Act(&mark.viewer, &mark.post)];
    /// Takes a user's bookmark of a post away.
    write Unbookmark("reactions/unbookmark.cypher") { viewer: String, post: String } -> IdRow,
        about |mark| vec![Fact::Post(&mark.post), Fact::Act(&mark.viewer, &mark.post)];
    /// A user's repost of a post.
    read FindRepost("reactions/find_repost.cypher") { id: String } -> IdRow;
    /// Makes a user repost a post, once.
    write Repost("reactions/repost.cypher") { viewer: String, post: String, id: String, rank_key: i64 } -> Reposted,
        about |it, rows| {
            let Repost { viewer, post, id, .. } = it;
            let entry = |row: &Reposted| Fact::NewEntry { author: viewer, id, post, rank_key: row.rank_key };
            rows.iter().map(entry).chain([Fact::Post(post), Fact::Act(viewer, post)]).collect()
        };
    /// Takes a user's repost of a post back.
    write Unrepost("reactions/unrepost.cypher") { viewer: String, post: String, id: String } -> IdRow,
        about |it| vec![Fact::Post(&it.post), Fact::Entries(&it.viewer), Fact::Act(&it.viewer, &it.post)];
    /// Makes a user like a comment, once.
    write LikeComment("reactions/like_comment.cypher") { viewer: String, comment: String, rank_key: i64 } -> ChangedComment,
        about |like, rows| in_threads(rows).into_iter().chain([Fact::Act(&like.viewer, &like.comment)]).collect();
    /// Takes a user's like of a comment back.
    write UnlikeComment("reactions/unlike_comment.cypher") { viewer: String, comment: String } -> ChangedComment,
        about |like, rows| in_threads(rows).into_iter().chain([Fact::Act(&like.viewer, &like.comment)]).collect();
    /// The posts that a user bookmarked, newest bookmark first.
    read Bookmarks("reactions/bookmarks.cypher") { user: String, before_key: i64, before_id: String, limit: usize } -> ListedPost;
    /// The posts that a user likes, newest like first.
    read LikedPosts("reactions/likes.cypher") { user: String, before_key: i64, before_id: String, limit: usize } -> ListedPost;
}

/// A repost that is there now, and may have been before.
#[derive(Clone, Debug, Deserialize)]
pub struct Reposted {
    pub rank_key: i64,
}
