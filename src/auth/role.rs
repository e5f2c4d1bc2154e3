//! What somebody may do beyond what everybody may.

use serde::{Serialize, Serializer};

/// A role, kept as a property of the user. Most users have none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    Moderator,
    Admin,
}

impl Role {
    pub fn name(self) -> &'static str {
        match self {
            Self::Moderator => "moderator",
            Self::Admin => "admin",
        }
    }

    pub fn with_article(self) -> &'static str {
        match self {
            Self::Moderator => "the role of a moderator",
            Self::Admin => "the role of an admin",
        }
    }

    /// The role of that name. An unknown one gives no right.
    pub fn of(name: &str) -> Option<Self> {
        [Self::Moderator, Self::Admin].into_iter().find(|role| role.name() == name)
    }
}

impl Serialize for Role {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}
