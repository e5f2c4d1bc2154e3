//! Feeds: home, public, of a user, of a tag, trending, and the home feed as a stream.

pub mod api;
pub mod heat;
mod home;
mod merge;
pub mod queries;
mod reader;
mod reasons;
mod stream;
mod trending;

use poem_openapi::{Enum, Object};
use serde::{Deserialize, Serialize};

use crate::{
    clock::Timestamp,
    posts::Post,
    users::{Hidden, UserSummary},
};

pub use trending::Trending;

/// Which feed is read.
#[derive(Clone, Debug)]
enum Feed {
    /// Posts and reposts of those whom this user follows, and their own.
    Home(String),
    /// Posts and reposts of this user.
    User(String),
    Public,
    Tag(String),
}

impl Feed {
    /// Whose cursors are its own.
    fn list(&self) -> String {
        match self {
            Self::Home(viewer) => format!("home:{viewer}"),
            Self::User(user) => format!("user:{user}"),
            Self::Public => "public".to_owned(),
            Self::Tag(tag) => format!("tag:{tag}"),
        }
    }

    /// Whether it shows what somebody made. Who goes to see a person's posts is shown muted people's among them.
    fn shows(&self, author: &str, hidden: &Hidden) -> bool {
        match self {
            Self::User(_) => !hidden.is_blocked(author),
            Self::Home(_) | Self::Public | Self::Tag(_) => !hidden.is_kept_out(author),
        }
    }
}

/// A post in a feed, once, with all reasons for its being there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Object)]
pub struct FeedItem {
    /// The id of the entry, a post or a repost, at whose moment the item stands.
    #[oai(validator(pattern = "^[a-z][a-z0-9]{23}$"))]
    pub id: String,
    /// The post.
    pub post: Post,
    /// Why it is in the feed, newest first, at most 5.
    #[oai(validator(min_items = 1, max_items = 5))]
    pub reasons: Vec<Reason>,
    /// How many reasons there are.
    #[oai(validator(minimum(value = "1")))]
    pub reason_count: i64,
    /// The moment by which the feed is ordered: that of the newest reason.
    pub rank_at: Timestamp,
}

/// Why a post is in a feed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Object)]
pub struct Reason {
    /// What kind of reason it is.
    pub kind: ReasonKind,
    /// Whose doing it is.
    pub by: UserSummary,
    /// When it was.
    pub at: Timestamp,
}

/// What kind of reason puts a post into a feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Enum)]
#[serde(rename_all = "snake_case")]
#[oai(rename_all = "snake_case")]
pub enum ReasonKind {
    /// They wrote it.
    Author,
    /// They reposted it.
    Repost,
    /// They wrote it with the feed's tag.
    Tag,
}
