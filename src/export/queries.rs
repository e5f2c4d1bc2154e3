//! The statements that an export is read with: a list each, of which a row is an item as it is told, and its place.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::queries;

queries! {
    /// What a user posted, newest first.
    read ExportPosts("export/posts.cypher") { user: String, before_key: i64, before_id: String, limit: usize } -> ExportRow;
    /// What a user reposted, newest first.
    read ExportReposts("export/reposts.cypher") { user: String, before_key: i64, before_id: String, limit: usize } -> ExportRow;
    /// What a user commented, newest first.
    read ExportComments("export/comments.cypher") { user: String, before_key: i64, before_id: String, limit: usize } -> ExportRow;
    /// The posts that a user likes, newest like first.
    read ExportLikedPosts("export/liked_posts.cypher") { user: String, before_key: i64, before_id: String, limit: usize } -> ExportRow;
    /// The comments that a user likes, newest like first.
    read ExportLikedComments("export/liked_comments.cypher") { user: String, before_key: i64, before_id: String, limit: usize } -> ExportRow;
    /// The posts that a user bookmarked, newest bookmark first.
    read ExportBookmarks("export/bookmarks.cypher") { user: String, before_key: i64, before_id: String, limit: usize } -> ExportRow;
    /// Whom a user follows, newest follow first.
    read ExportFollowing("export/following.cypher") { user: String, before_key: i64, before_id: String, limit: usize } -> ExportRow;
    /// Who follows a user, newest follow first.
    read ExportFollowers("export/followers.cypher") { user: String, before_key: i64, before_id: String, limit: usize } -> ExportRow;
    /// Whom a user asks to follow, newest request first.
    read ExportSentRequests("export/sent_requests.cypher") { user: String, before_key: i64, before_id: String, limit: usize } -> ExportRow;
    /// Who asks to follow a user, newest request first.
    read ExportRequests("export/requests.cypher") { user: String, before_key: i64, before_id: String, limit: usize } -> ExportRow;
    /// Whom a user blocks, newest block first.
    read ExportBlocks("export/blocks.cypher") { user: String, before_key: i64, before_id: String, limit: usize } -> ExportRow;
    /// Whom a user mutes, newest mute first.
    read ExportMutes("export/mutes.cypher") { user: String, before_key: i64, before_id: String, limit: usize } -> ExportRow;
    /// Which words a user mutes.
    read ExportMutedWords("export/muted_words.cypher") { user: String, before_key: i64, before_id: String, limit: usize } -> ExportRow;
    /// What a user reported, newest first.
    read ExportReports("export/reports.cypher") { user: String, before_key: i64, before_id: String, limit: usize } -> ExportRow;
    /// Until when a user is suspended.
    read ExportSuspensions("export/suspensions.cypher") { user: String, before_key: i64, before_id: String, limit: usize } -> ExportRow;
    /// The personal tokens of a user, newest first.
    read ExportTokens("export/tokens.cypher") { user: String, before_key: i64, before_id: String, limit: usize } -> ExportRow;
    /// Since when issuers vouch for a user, newest first.
    read ExportIdentities("export/identities.cypher") { user: String, before_key: i64, before_id: String, limit: usize } -> ExportRow;
    /// The log-ins of a user, newest first.
    read ExportSessions("export/sessions.cypher") { user: String, before_key: i64, before_id: String, limit: usize } -> ExportRow;
}

/// An item of a list, newest first by (key, id).
#[derive(Clone, Debug, Deserialize)]
pub struct ExportRow {
    pub item: Map<String, Value>,
    pub key: i64,
    pub id: String,
}
