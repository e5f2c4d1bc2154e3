//! The chapters of the OpenAPI document, which every endpoint names its own of.

use poem_openapi::Tags;

/// The chapters of the document.
#[derive(Tags)]
pub enum Section {
    /// Registering, logging in, one's own account.
    Accounts,
    /// People and who follows whom.
    Users,
    /// Following and unfollowing.
    Follows,
    /// Blocking and muting.
    Privacy,
    /// Writing and reading posts and quotes.
    Posts,
    /// Likes, reposts and bookmarks.
    Reactions,
    /// Answers to posts, nested.
    Comments,
    /// Conversations, flat and in pages.
    Threads,
    /// Posts in the order in which people read them.
    Feeds,
    /// Questions that only a graph answers.
    Graph,
    /// What people report, and what becomes of it.
    Moderation,
    /// Questions of those who run Kith.
    Admin,
    /// Health.
    Operations,
}

impl Section {
    /// In the order in which somebody reads them who is new to Kith.
    pub const ALL: [Self; 13] = [
        Self::Accounts,
        Self::Users,
        Self::Follows,
        Self::Privacy,
        Self::Posts,
        Self::Reactions,
        Self::Comments,
        Self::Threads,
        Self::Feeds,
        Self::Graph,
        Self::Moderation,
        Self::Admin,
        Self::Operations,
    ];
}
