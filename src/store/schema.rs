//! The schema: what a graph must have before Kith serves it, and all names that statements may use.

use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::Map;

use super::{Store, StoreError};
use crate::{cypher::Statement, queries};

queries! {
    /// The version of the schema that a graph has.
    read SchemaVersion("system/schema_version.cypher") {} -> VersionRow;
    /// Records the version of the schema.
    write SetSchemaVersion("system/set_schema_version.cypher") { version: i64 } -> VersionRow;
}

#[derive(Debug, Deserialize)]
pub struct VersionRow {
    pub version: i64,
}

/// The schema version that this Kith reads and writes.
const VERSION: i64 = 1;

/// How long one step of the schema may take: a constraint reads all that it is about.
const STEP_LIMIT: Duration = Duration::from_mins(5);

const NEO4J: &str = include_str!("../../cypher/schema.cypher");
const EMBEDDED: &str = include_str!("../../cypher/schema.embedded.cypher");

/// Every label that a statement may name.
pub const LABELS: &[&str] = &[
    "AuditEntry",
    "Comment",
    "Credential",
    "DeletedPost",
    "Entry",
    "Erasure",
    "IdempotencyKey",
    "Identity",
    "PersonalToken",
    "Post",
    "RefreshToken",
    "Report",
    "Repost",
    "Schema",
    "Session",
    "Suspension",
    "Tag",
    "User",
];

/// Every relationship type that a statement may name.
pub const RELATIONSHIP_TYPES: &[&str] = &[
    "BLOCKS",
    "BOOKMARKED",
    "FILED",
    "FOLLOWS",
    "HAS_CREDENTIAL",
    "HAS_SESSION",
    "HAS_TOKEN",
    "IDENTIFIES",
    "IN_THREAD",
    "ISSUED",
    "LIKED",
    "MENTIONS",
    "MUTES",
    "OF",
    "POSTED",
    "QUOTES",
    "REPLY_TO",
    "REPOSTED",
    "REQUESTS",
    "SUSPENDED",
    "TAGGED",
    "WROTE",
];

/// Every property key that a statement may name.
pub const PROPERTIES: &[&str] = &[
    "action",
    "actor_id",
    "answers",
    "at",
    "author_id",
    "avatar_url",
    "bio",
    "body",
    "created_at",
    "deleted",
    "deleted_at",
    "depth",
    "detail",
    "display_name",
    "edited_at",
    "expires_at",
    "fingerprint",
    "handle",
    "heat",
    "id",
    "issued_at",
    "location",
    "lock",
    "locked",
    "moderator_id",
    "muted_words",
    "note",
    "outcome",
    "owner_id",
    "parent_id",
    "password_hash",
    "post_id",
    "quote_of",
    "rank_key",
    "reason",
    "refreshed_at",
    "removed",
    "replies",
    "resolution_note",
    "resolved_at",
    "revision",
    "revoked_at",
    "role",
    "scopes",
    "source_id",
    "state",
    "tag",
    "tags",
    "target_id",
    "target_kind",
    "text",
    "token_hash",
    "token_name",
    "until",
    "used_at",
    "version",
    "visibility",
];

/// The statements of the schema itself.
pub const SCHEMA_STATEMENTS: &[Statement] = STATEMENTS;

/// Brings the schema up to date. Running it again changes nothing.
pub(super) async fn migrate(store: &Store) -> Result<(), StoreError> {
    let found = store.run_once(&SchemaVersion {}, store.timeout).await?.pop().map(|row| row.version);
    if let Some(found) = found.filter(|found| *found > VERSION) {
        return Err(StoreError::Unavailable(format!(
            "the graph has schema version {found}, and this Kith knows versions up to {VERSION}: start a newer Kith"
        )));
    }
    let text = if store.is_embedded() { EMBEDDED } else { NEO4J };
    for statement in statements(text) {
        let started = Instant::now();
        let mut tries = 0;
        while let Err(error) = store.run_text(STEP_LIMIT, "schema.cypher", &statement, Map::new()).await {
            tries += 1;
            let again = matches!(error, StoreError::Transient(_)) && tries < super::TRANSIENT_ATTEMPTS;
            store.pause(again.then_some(tries), started, error).await?;
        }
    }
    if found != Some(VERSION) {
        store.run_once(&SetSchemaVersion { version: VERSION }, store.timeout).await?;
    }
    Ok(())
}

/// The statements of a file in which each ends with `;`.
fn statements(text: &str) -> impl Iterator<Item = String> {
    let bare: String = text.lines().filter(|line| !line.starts_with("//")).collect::<Vec<_>>().join("\n");
    bare.split(';')
        .map(|part| part.trim().to_owned())
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .into_iter()
}
