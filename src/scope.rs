//! What a token may be used for: the scopes, and which of them each operation needs. The description of the API and the
//! refusals both come from here.

use std::fmt::{self, Display};

use poem_openapi::Enum;
use serde::{Deserialize, Serialize};

/// A part of what somebody can do here. None allows what the acting user may not do anyway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Enum)]
#[serde(rename_all = "snake_case")]
#[oai(rename_all = "snake_case")]
pub enum Scope {
    /// Reading.
    Read,
    /// Writing, following, liking, and whatever else changes something.
    Write,
    /// What moderators do.
    Moderate,
    /// What admins do.
    Admin,
}

/// What needs another scope than reading or writing: everything below these paths.
const PLACES: [(&str, Scope); 2] = [("/v1/admin", Scope::Admin), ("/v1/moderation", Scope::Moderate)];

impl Scope {
    pub const ALL: [Self; 4] = [Self::Read, Self::Write, Self::Moderate, Self::Admin];

    /// The one that an operation needs, by its method in capitals and its path.
    pub fn of(method: &str, path: &str) -> Self {
        let is_below = |place: &str| {
            path.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let placed = PLACES.into_iter().find(|(place, _)| is_below(place)).map(|(_, scope)| scope);
        placed.unwrap_or(if matches!(method, "GET" | "HEAD") { Self::Read } else { Self::Write })
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Moderate => "moderate",
            Self::Admin => "admin",
        }
    }

    /// What it allows, in a few words.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Read => "Read what the person may read.",
            Self::Write => "Write, follow, like and change for the person.",
            Self::Moderate => "Moderate, if the person is a moderator.",
            Self::Admin => "Administrate, if the person is an admin.",
        }
    }
}

impl Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Some scopes. They are written as OAuth writes them, with spaces between.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scopes(u8);

impl Scopes {
    pub const ALL: Self = Self(0b1111);
    /// Those of a token that is told nothing of scopes.
    pub const USUAL: Self = Self(1 << Scope::Read as u8 | 1 << Scope::Write as u8);

    pub fn has(self, scope: Scope) -> bool {
        self.0 & (1 << scope as u8) != 0
    }

    /// One of these that the others are lacking.
    pub fn beyond(self, others: Self) -> Option<Scope> {
        self.list().find(|scope| !others.has(*scope))
    }

    pub fn list(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |scope| self.has(*scope))
    }

    /// Those that words name. Words that name none are somebody else's.
    pub fn named<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        words
            .into_iter()
            .filter_map(|word| Scope::ALL.into_iter().find(|scope| scope.name() == word))
            .collect()
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | 1 << scope as u8))
    }
}

impl Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.list().map(Scope::name).collect();
        f.write_str(&names.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_needs_one_scope() {
        for (method, path, scope) in [
            ("GET", "/v1/feeds/home", Scope::Read),
            ("HEAD", "/v1/feeds/home", Scope::Read),
            ("POST", "/v1/posts", Scope::Write),
            ("DELETE", "/v1/me", Scope::Write),
            ("PROPFIND", "/v1/me", Scope::Write),
            ("GET", "/v1/admin", Scope::Admin),
            ("GET", "/v1/admin/reports", Scope::Admin),
            ("POST", "/v1/moderation/cases", Scope::Moderate),
            ("GET", "/v1/administrators", Scope::Read),
        ] {
            assert_eq!(Scope::of(method, path), scope, "{method} {path}");
        }
    }

    #[test]
    fn scopes_are_written_and_read() {
        let all: Scopes = Scope::ALL.into_iter().collect();
        assert_eq!((all, Scopes::ALL.to_string().as_str()), (Scopes::ALL, "read write moderate admin"));
        assert_eq!(Scopes::USUAL.to_string(), "read write");
        assert_eq!(Scopes::named("openid write Read profile read".split(' ')), Scopes::USUAL);
        assert_eq!(Scopes::USUAL.beyond(Scopes::ALL), None);
        assert_eq!(Scopes::ALL.beyond(Scopes::USUAL), Some(Scope::Moderate));
        assert_eq!(Scopes::default().to_string(), "");
    }
}
