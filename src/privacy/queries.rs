//! The statements of blocks and mutes.

use serde::Deserialize;

use crate::{clock::Timestamp, cypher::IdRow, queries, store::Fact, users::queries::ListedUser};

queries! {
    /// Makes one user block another, once.
    write Block("privacy/block.cypher") { viewer: String, user: String, rank_key: i64 } -> IdRow,
        about |it| between(&it.viewer, &it.user);
    /// Makes one user block another no longer.
    write Unblock("privacy/unblock.cypher") { viewer: String, user: String } -> IdRow,
        about |it| vec![Fact::Hidden(&it.viewer), Fact::Hidden(&it.user)];
    /// Makes one user mute another, once.
    write Mute("privacy/mute.cypher") { viewer: String, user: String, rank_key: i64, until: Option<i64> } -> IdRow,
        about |it| vec![Fact::Hidden(&it.viewer)];
    /// Makes one user mute another no longer.
    write Unmute("privacy/unmute.cypher") { viewer: String, user: String } -> IdRow,
        about |it| vec![Fact::Hidden(&it.viewer)];
    /// Ends mutes whose time is over.
    write EndMutes("privacy/end_mutes.cypher") { now: i64, limit: usize } -> IdRow,
        about |_, rows| rows.iter().map(|row| Fact::Hidden(&row.id)).collect();
    /// When the first mute that has an end is over.
    read FirstEnd("privacy/first_end.cypher") {} -> EndRow;
    /// Locks a user, and tells which words they mute.
    write LockWords("privacy/lock_words.cypher") { viewer: String, now: i64 } -> WordsRow,
        about |_| vec![];
    /// Sets which words a user mutes.
    write SetWords("privacy/set_words.cypher") { viewer: String, words: Option<Vec<String>> } -> IdRow,
        about |it| vec![Fact::Hidden(&it.viewer)];
    /// Which words a user mutes.
    read Words("privacy/words.cypher") { viewer: String } -> WordsRow;
    /// Whom a user blocks, newest block first.
    read Blocked("privacy/blocked.cypher") { user: String, before_key: i64, before_id: String, limit: usize } -> ListedUser;
    /// Whom a user mutes, newest mute first.
    read Muted("privacy/muted.cypher") { user: String, before_key: i64, before_id: String, limit: usize } -> ListedUser;
}

#[derive(Clone, Debug, Deserialize)]
pub struct EndRow {
    pub until: Timestamp,
}

/// What a block changes: neither sees the other, nor follows the other any longer.
fn between<'a>(viewer: &'a str, user: &'a str) -> Vec<Fact<'a>> {
    [viewer, user]
        .into_iter()
        .flat_map(|one| [Fact::Hidden(one), Fact::Following(one), Fact::Numbers(one)])
        .collect()
}

#[derive(Clone, Debug, Deserialize)]
pub struct WordsRow {
    pub words: Vec<String>,
}
