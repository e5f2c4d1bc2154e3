//! For those who run Kith: reports, questions in Cypher, and the log of who asked what.

pub mod api;
pub mod audit;
pub mod cypher;
pub mod names;
pub mod plan;
pub mod queries;
pub mod reports;
mod table;
pub mod text;
mod tokens;

pub use table::Rows;

use crate::{
    app::App,
    auth::{Role, queries::SetRole},
    error::Error,
    store::{Run, Tx, Work},
};

/// Gives the user of a handle a role, or takes it away. Nothing else that Kith does can.
pub async fn grant(app: &App, handle: &str, role: Option<Role>) -> Result<(), Error> {
    let handle = handle.trim().trim_start_matches('@').to_lowercase();
    let detail = format!("@{handle} {}", role.map_or("none", Role::name));
    let work = Grant { role: SetRole { handle, role }, entry: audit::entry(app, None, "grant", detail) };
    app.store.write(&work).await
}

struct Grant {
    role: SetRole,
    entry: queries::AppendAuditEntry,
}

impl Work for Grant {
    type Output = ();

    async fn run(&self, tx: &mut Tx) -> Result<(), Error> {
        tx.one(&self.role).await?.ok_or(Error::UserNotFound)?;
        tx.run(&self.entry).await.map(drop)
    }
}
