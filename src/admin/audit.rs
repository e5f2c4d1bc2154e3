//! The log of what admins do, in the graph. An entry is written before what it is about is done.

use poem_openapi::Object;
use serde::{Deserialize, Serialize};

use super::queries::{AppendAuditEntry, AuditEntries};
use crate::{
    app::App,
    auth::Admin,
    clock::{Timestamp, new_id},
    error::Error,
    page::{Page, Paging, Position},
};

/// What somebody did, or was about to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Object)]
pub struct AuditEntry {
    /// An opaque CUID2 id.
    #[oai(validator(pattern = "^[a-z][a-z0-9]{23}$"))]
    pub id: String,
    /// When it was written: before a question was answered, with a decision.
    pub at: Timestamp,
    /// The id of who did it, who may have gone since; null for whoever runs Kith, at the command line.
    #[oai(validator(pattern = "^[a-z][a-z0-9]{23}$"))]
    pub actor_id: Option<String>,
    /// The name of the operation, or of the command.
    #[oai(validator(pattern = "^[a-z_]+$"))]
    pub action: String,
    /// What it was about: the query with its parameters, the name of a report with its own, a decision with its note.
    #[oai(validator(min_length = 0))]
    pub detail: String,
}

const LIST: &str = "audit";

/// An entry to be written.
pub fn entry(app: &App, actor: Option<&str>, action: &'static str, detail: String) -> AppendAuditEntry {
    let now = app.clock.now().0;
    AppendAuditEntry { id: new_id(), now, actor: actor.map(str::to_owned), action, detail }
}

/// Writes down what an admin is about to do. If that cannot be written, it must not be done.
pub async fn record(app: &App, admin: &Admin, action: &'static str, detail: String) -> Result<(), Error> {
    app.store.run(&entry(app, Some(&admin.0.id), action, detail)).await.map(drop)
}

/// A page of the log, newest first.
pub async fn page(app: &App, paging: &Paging) -> Result<Page<AuditEntry>, Error> {
    let query = |before_at, before_id, limit| AuditEntries { before_at, before_id, limit };
    let place = |entry: &AuditEntry| Position { key: entry.at.0, id: entry.id.clone() };
    let (items, next_cursor) = app.rows(LIST, paging, Position::newest(), query, place).await?;
    Ok(Page { items, next_cursor })
}
