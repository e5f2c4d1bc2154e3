//! The statements about posts.

use serde::{Deserialize, Serialize};

use super::{Post, PostViewer, Visibility};
use crate::{
    clock::derived_id,
    cypher::{IdRow, Keyed},
    queries,
    store::Fact,
    users::{UserSummary, queries::ListedUser},
};

queries! {
    /// Locks an author, then counts the posts, quotes and reposts that they have made since a moment.
    write LockAuthor("posts/lock_author.cypher", embedded "posts/lock_author.embedded.cypher") { author: String, now: i64, since: i64 } -> CountRow,
        about |_| vec![];
    /// Creates a post with its tags, and tells who its author is and for whom it is.
    write InsertPost("posts/create.cypher") { id: String, author: String, rank_key: i64, created_at: i64, text: String, tags: Vec<String>, visibility: Option<Visibility>, replies: Visibility, quote_of: Option<String> } -> NewPostRow,
        about |new| {
            let tags = new.tags.iter().map(|tag| Fact::Tag(tag));
            let InsertPost { id, author, rank_key, .. } = new;
            let entry = Fact::NewEntry { author, id, post: id, rank_key: *rank_key };
            tags.chain([Fact::Post(id), Fact::Posts, entry, Fact::Numbers(author)]).collect()
        };
    /// Links a quote to the post it quotes.
    write LinkQuote("posts/link_quote.cypher") { id: String, quoted: String, rank_key: i64 } -> IdRow,
        about |link| vec![Fact::Post(&link.id), Fact::Post(&link.quoted)];
    /// Links an edited post to its tags.
    write LinkTags("posts/link_tags.cypher") { id: String, tags: Vec<String>, rank_key: i64 } -> IdRow,
        about |link| link.tags.iter().map(|tag| Fact::Tag(tag)).chain([Fact::Post(&link.id)]).collect();
    /// Links a post to the people it mentions.
    write LinkMentions("posts/link_mentions.cypher") { id: String, handles: Vec<String>, hidden: Vec<String> } -> IdRow,
        about |link| vec![Fact::Post(&link.id)];
    /// Takes a post's tags and mentions away.
    write UnlinkPost("posts/unlink.cypher") { id: String } -> UnlinkedRow,
        about |unlink, rows| {
            let tags = rows.iter().filter_map(|row| row.tag.as_deref()).map(Fact::Tag);
            tags.chain([Fact::Post(&unlink.id)]).collect()
        };
    /// Who wrote a post, when, for whom, and at which revision it is.
    read FindPost("posts/find.cypher") { id: String } -> FoundPost,
        about |find| vec![Fact::Post(&find.id)];
    /// Which of those ids are deleted posts, and whether a moderator removed them.
    read FindDeletedPosts("posts/find_deleted.cypher") { ids: Vec<String> } -> GonePost,
        about |find| find.ids.iter().map(|id| Fact::Post(id)).collect();
    /// The posts of those ids, as everybody sees them.
    read ReadPosts("posts/read.cypher") { ids: Vec<String> } -> Post,
        about |read, rows| {
            let people = rows.iter().flat_map(|post| post.mentions.iter().chain([&post.author]));
            let posts = read.ids.iter().map(|id| Fact::Post(id));
            posts.chain(people.map(|person| Fact::User(&person.id))).collect()
        };
    /// What a viewer has done with each of those posts.
    read PostsViewerState("posts/viewer_state.cypher") { viewer: String, posts: Vec<PostOfUser> } -> PostViewerRow,
        about |state| state.posts.iter().map(|post| Fact::Act(&state.viewer, &post.id)).collect();
    /// Sets the text of a post, if it still is at that revision.
    write EditPost("posts/edit.cypher") { id: String, revision: i64, text: String, tags: Vec<String>, now: i64 } -> EditedPost,
        about |edit, rows| {
            // Whom it mentions may see it among its author's, whoever else may.
            let seen = rows.iter().filter(|row| row.visibility != Visibility::Public);
            seen.map(|row| Fact::Entries(&row.author_id)).chain([Fact::Post(&edit.id)]).collect()
        };
    /// Sets who can comment on a post, if it still is at that revision.
    write SetReplies("posts/set_replies.cypher") { id: String, revision: i64, replies: Visibility } -> IdRow,
        about |set| vec![Fact::Post(&set.id)];
    /// Deletes a post with all that hangs on it, and keeps that there was one.
    write RemovePost("posts/delete.cypher") { id: String, removed: bool, now: i64 } -> RemovedRow,
        about |remove, rows| {
            let known = rows.iter().flat_map(|row| {
                let of_author = [Fact::Entries(&row.author_id), Fact::Numbers(&row.author_id)];
                let tags = row.tags.iter().map(|tag| Fact::Tag(tag));
                of_author.into_iter().chain(tags).chain(row.quote_of.as_deref().map(Fact::Post))
            });
            known.chain([Fact::Post(&remove.id), Fact::Posts, Fact::Thread(&remove.id)]).collect()
        };
    /// Who likes a post, newest like first.
    read PostLikes("posts/likes.cypher") { post: String, hidden: Vec<String>, before_key: i64, before_id: String, limit: usize } -> ListedUser;
    /// Who reposted a post, newest repost first.
    read PostReposts("posts/reposts.cypher") { post: String, hidden: Vec<String>, before_key: i64, before_id: String, limit: usize } -> ListedUser;
    /// The quotes of a post, newest first.
    read PostQuotes("posts/quotes.cypher") { post: String, before_key: i64, before_id: String, limit: usize } -> ListedPost;
}

impl Keyed for ReadPosts {
    type Thing = String;

    fn things(&self) -> &[String] {
        &self.ids
    }

    fn about(&self, ids: Vec<String>) -> Self {
        Self { ids }
    }

    fn key_of(&self, post: &Post) -> String {
        post.id.clone()
    }

    fn weight(post: &Post) -> usize {
        let people: usize = post.mentions.iter().chain([&post.author]).map(UserSummary::weight).sum();
        size_of::<Post>()
            + post.text.len()
            + people
            + post.tags.iter().map(|tag| 32 + tag.len()).sum::<usize>()
    }
}

impl Keyed for FindDeletedPosts {
    type Thing = String;

    fn things(&self) -> &[String] {
        &self.ids
    }

    fn about(&self, ids: Vec<String>) -> Self {
        Self { ids }
    }

    fn key_of(&self, post: &GonePost) -> String {
        post.id.clone()
    }

    fn weight(_: &GonePost) -> usize {
        64
    }
}

impl Keyed for PostsViewerState {
    type Thing = PostOfUser;

    fn things(&self) -> &[PostOfUser] {
        &self.posts
    }

    fn about(&self, posts: Vec<PostOfUser>) -> Self {
        Self { viewer: self.viewer.clone(), posts }
    }

    fn key(&self, thing: &PostOfUser) -> String {
        key_of(&self.viewer, &thing.id)
    }

    fn key_of(&self, row: &PostViewerRow) -> String {
        key_of(&self.viewer, &row.id)
    }

    fn weight(_: &PostViewerRow) -> usize {
        size_of::<PostViewerRow>() + 32
    }
}

/// A post that is not there any more.
#[derive(Clone, Debug, Deserialize)]
pub struct GonePost {
    pub id: String,
    /// A moderator removed it.
    pub removed: bool,
}

fn key_of(viewer: &str, post: &str) -> String {
    format!("{viewer} {post}")
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

impl AsRef<str> for PostOfUser {
    fn as_ref(&self) -> &str {
        &self.id
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
pub struct UnlinkedRow {
    pub tag: Option<String>,
}

/// A post that was created.
#[derive(Clone, Debug, Deserialize)]
pub struct NewPostRow {
    pub author: UserSummary,
    pub visibility: Visibility,
}

/// A post whose text was set.
#[derive(Clone, Debug, Deserialize)]
pub struct EditedPost {
    pub author_id: String,
    pub visibility: Visibility,
}

/// A post that was deleted, and what it was.
#[derive(Clone, Debug, Deserialize)]
pub struct RemovedRow {
    pub id: String,
    pub author_id: String,
    pub quote_of: Option<String>,
    pub tags: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct FoundPost {
    pub author_id: String,
    pub rank_key: i64,
    pub visibility: Visibility,
    pub replies: Visibility,
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
