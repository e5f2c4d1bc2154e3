//! The statements about one's own account.

use crate::{
    cypher::{Done, IdRow},
    queries,
    store::Fact,
};

queries! {
    /// Sets the whole profile, if it still is at that revision.
    write SetProfile("accounts/set_profile.cypher") { id: String, revision: i64, display_name: String, bio: Option<String>, avatar_url: Option<String>, locked: bool } -> IdRow,
        about |set| vec![Fact::User(&set.id)];

    /// Ends log-ins of a user and remembers that the rest has to follow.
    write BeginErasure("accounts/erase_begin.cypher") { user: String } -> IdRow;
    /// Accounts whose erasure began and has not ended.
    read OpenErasures("accounts/erase_open.cypher") {} -> IdRow,
        about |_| vec![];
    /// Some posts of a user.
    read SomePosts("accounts/erase_posts.cypher") { user: String, limit: usize } -> IdRow;
    /// Deletes some reposts of a user.
    write EraseReposts("accounts/erase_reposts.cypher") { user: String, limit: usize } -> IdRow;
    /// Some comments of a user.
    read SomeComments("accounts/erase_comments.cypher") { user: String, limit: usize } -> IdRow;
    /// Deletes some of what a user reported.
    write EraseReports("accounts/erase_reports.cypher") { user: String, limit: usize } -> IdRow,
        about |_| vec![];
    /// Deletes some reports about a user or what the user made.
    write EraseReportsAbout("accounts/erase_reports_about.cypher") { user: String, limit: usize } -> IdRow,
        about |_| vec![];
    /// Deletes some of the relationships of a user.
    write EraseRelationships("accounts/erase_relationships.cypher") { user: String, limit: usize } -> IdRow;
    /// Deletes the answers kept under a user's idempotency keys.
    write EraseKeys("accounts/erase_keys.cypher") { user: String } -> Done;
    /// Deletes the user, of whom nothing else is left.
    write EndErasure("accounts/erase_end.cypher") { user: String } -> IdRow;
}
