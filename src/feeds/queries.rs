//! The statements that feeds are read with.

use serde::Deserialize;

use crate::{page::Position, posts::queries::PostOfUser, queries, users::UserSummary};

queries! {
    /// The newest entries by those whom a viewer follows and by the viewer.
    read HomeEntries("feeds/home.cypher", embedded "feeds/home.embedded.cypher") { viewer: String, before_key: i64, before_id: String, since: i64, limit: usize } -> EntryRow;
    /// Why each of those posts stands in a viewer's home feed.
    read HomeReasons("feeds/home_reasons.cypher") { viewer: String, posts: Vec<String>, followed: Vec<String>, start: i64 } -> ReasonRow;
    /// The newest posts and reposts of a user.
    read UserEntries("feeds/user.cypher", embedded "feeds/user.embedded.cypher") { user: String, before_key: i64, before_id: String, limit: usize } -> EntryRow;
    /// Why each of those posts stands among a user's.
    read UserReasons("feeds/user_reasons.cypher") { user: String, posts: Vec<PostOfUser>, start: i64 } -> ReasonRow;
    /// The newest posts of all.
    read PublicEntries("feeds/public.cypher", embedded "feeds/public.embedded.cypher") { before_key: i64, before_id: String, since: i64, limit: usize } -> EntryRow;
    /// The newest posts of a tag.
    read TagEntries("feeds/tag.cypher", embedded "feeds/tag.embedded.cypher") { tag: String, before_key: i64, before_id: String, limit: usize } -> EntryRow;
    /// How much the newest posts were answered to.
    read TrendingCandidates("feeds/trending.cypher") { since: i64, limit: usize } -> CandidateRow;
}

/// A post or repost at its place in a feed.
#[derive(Clone, Debug, Deserialize)]
pub struct EntryRow {
    pub id: String,
    pub post_id: String,
    /// Who posted or reposted.
    pub author_id: String,
    pub rank_key: i64,
}

impl EntryRow {
    pub fn position(&self) -> Position {
        Position { key: self.rank_key, id: self.id.clone() }
    }
}

/// An entry that is a reason for a post to be in a feed.
#[derive(Clone, Debug, Deserialize)]
pub struct ReasonRow {
    pub post_id: String,
    pub entry_id: String,
    pub rank_key: i64,
    pub actor: UserSummary,
}

/// A post that may trend.
#[derive(Clone, Debug, Deserialize)]
pub struct CandidateRow {
    pub id: String,
    pub rank_key: i64,
    pub likes: i64,
    pub reposts: i64,
    pub quotes: i64,
    pub comments: i64,
}
