//! The statements of the audit log. It has none that changes or deletes an entry.

use super::audit::AuditEntry;
use crate::{cypher::IdRow, queries};

queries! {
    /// Writes down what somebody is about to do.
    write AppendAuditEntry("admin/audit/append.cypher") { id: String, now: i64, actor: Option<String>, action: &'static str, detail: String } -> IdRow,
        about |_| vec![];
    /// What admins did, newest first.
    read AuditEntries("admin/audit/page.cypher") { before_at: i64, before_id: String, limit: usize } -> AuditEntry;
}
