//! The statements of graph questions.

use serde::Deserialize;

use crate::{queries, users::queries::ListedUser};

queries! {
    /// Whom a viewer follows and who follow a user.
    read Mutuals("graph/mutuals.cypher") { viewer: String, user: String, hidden: Vec<String>, before_key: i64, before_id: String, limit: usize } -> ListedUser;
    /// Up to three shortest chains of follows.
    read ShortestPaths("graph/path.cypher") { viewer: String, user: String, hidden: Vec<String> } -> PathRow;
    /// Whom those whom a viewer follows follow.
    read Suggestions("graph/suggestions.cypher") { viewer: String, hidden: Vec<String>, limit: usize } -> SuggestionRow;
}

#[derive(Clone, Debug, Deserialize)]
pub struct PathRow {
    pub ids: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct SuggestionRow {
    pub id: String,
    pub friends: i64,
    pub via: Vec<String>,
    pub score: f64,
}
