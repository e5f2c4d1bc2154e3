//! The statements that write many rows at once. What exists already stays as it is.

use serde::{Deserialize, Serialize};

use crate::{
    cypher::{Done, IdRow},
    posts::Visibility,
    queries,
};

queries! {
    /// Creates users without a credential.
    write ImportUsers("import/users.cypher") { rows: Vec<UserRow> } -> Written;
    /// Makes users follow others.
    write ImportFollows("import/follows.cypher") { rows: Vec<PairRow> } -> Written;
    /// Creates posts.
    write ImportPosts("import/posts.cypher") { rows: Vec<PostRow> } -> Written;
    /// Links posts to their tags.
    write ImportTags("import/tags.cypher") { rows: Vec<TagRow> } -> IdRow;
    /// Links posts to the people they mention.
    write ImportMentions("import/mentions.cypher") { rows: Vec<MentionRow> } -> IdRow;
    /// Creates comments directly on posts.
    write ImportComments("import/comments_on_posts.cypher") { rows: Vec<CommentRow> } -> Written;
    /// Creates replies to comments, none of them to another of the same rows.
    write ImportReplies("import/replies.cypher") { rows: Vec<CommentRow> } -> Written;
    /// Makes users like posts.
    write ImportPostLikes("import/post_likes.cypher") { rows: Vec<PairRow> } -> Written;
    /// Makes users like comments.
    write ImportCommentLikes("import/comment_likes.cypher") { rows: Vec<PairRow> } -> Written;
    /// Makes users repost posts.
    write ImportReposts("import/reposts.cypher") { rows: Vec<RepostRow> } -> Written;
    /// Has the database plan anew after many rows at once.
    read Replan("import/replan.cypher", embedded "import/replan.embedded.cypher") {} -> Done;
    /// Keeps what a user is called where it was imported from.
    write KeepSourceOfUser("import/source_of_user.cypher") { id: String, source_id: String } -> IdRow;
    /// Keeps what a post is called where it was imported from.
    write KeepSourceOfPost("import/source_of_post.cypher") { id: String, source_id: String } -> IdRow;
    /// Keeps what a comment is called where it was imported from.
    write KeepSourceOfComment("import/source_of_comment.cypher") { id: String, source_id: String } -> IdRow;
}

/// What became of a row.
#[derive(Clone, Debug, Deserialize)]
pub struct Written {
    pub id: String,
    /// It was in the graph before.
    pub present: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UserRow {
    pub id: String,
    pub handle: String,
    pub display_name: String,
    pub bio: Option<String>,
    pub created_at: i64,
    /// What it is called where it comes from.
    pub source_id: String,
}

/// A relationship from a user to a user, post or comment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PairRow {
    pub source: String,
    pub target: String,
    pub rank_key: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PostRow {
    pub id: String,
    pub author: String,
    pub text: String,
    pub tags: Vec<String>,
    pub visibility: Visibility,
    pub rank_key: i64,
    pub created_at: i64,
    /// What it is called where it comes from.
    pub source_id: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TagRow {
    pub post: String,
    pub tag: String,
    pub rank_key: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MentionRow {
    pub post: String,
    pub handle: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CommentRow {
    pub id: String,
    pub author: String,
    pub post: String,
    /// The comment it replies to; none directly on the post.
    pub parent: Option<String>,
    /// 1 directly on the post.
    pub depth: i64,
    pub text: String,
    pub rank_key: i64,
    pub created_at: i64,
    /// What it is called where it comes from.
    pub source_id: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RepostRow {
    pub id: String,
    pub author: String,
    pub post: String,
    pub rank_key: i64,
}
