//! The statements of reports and suspensions.
//!
//! Reports stand in no answer that is kept. A suspension changes what everybody is shown: it changes anything.

use serde::Deserialize;

use super::{
    OwnReport, Report, ReportOutcome, ReportReason, ReportState, ReportedContent, SuspendedUser, TargetKind,
};
use crate::{cypher::IdRow, queries, store::Fact};

queries! {
    /// Locks somebody who reports something.
    write LockReporter("moderation/lock_reporter.cypher") { reporter: String, now: i64 } -> IdRow,
        about |_| vec![];
    /// What somebody has reported of that before, if it is still open.
    read FindOpenReport("moderation/find_open.cypher") { reporter: String, target: String } -> OwnReport;
    /// Keeps what somebody reports.
    write InsertReport("moderation/create.cypher") { id: String, reporter: String, target_kind: TargetKind, target: String, owner: String, reason: ReportReason, note: Option<String>, rank_key: i64, created_at: i64 } -> IdRow,
        about |_| vec![];
    /// What somebody reported, newest first.
    read OwnReports("moderation/own.cypher") { reporter: String, before_key: i64, before_id: String, limit: usize } -> OwnReport;
    /// What somebody reported under an id.
    read ReadOwnReport("moderation/read_own.cypher") { reporter: String, id: String } -> OwnReport;
    /// The reports in a state, oldest first.
    read ReportQueue("moderation/queue.cypher") { state: ReportState, after_key: i64, after_id: String, limit: usize } -> Report;
    /// A report as moderators see it.
    read ReadReport("moderation/read.cypher") { id: String } -> Report;
    /// What was reported as it is now.
    read ReadContent("moderation/content.cypher") { id: String } -> ReportedContent;
    /// Locks all reports about the same.
    write LockReports("moderation/lock_reports.cypher") { target: String, now: i64 } -> IdRow,
        about |_| vec![];
    /// Closes all open reports about the same.
    write ResolveReports("moderation/resolve.cypher") { target: String, outcome: ReportOutcome, moderator: String, note: Option<String>, now: i64 } -> IdRow,
        about |_| vec![];
    /// The role of a user.
    read RoleOf("moderation/role.cypher") { user: String } -> RoleRow;
    /// Suspends a user.
    write Suspend("moderation/suspend.cypher") { user: String, until: Option<i64>, now: i64 } -> IdRow,
        about |_| vec![Fact::Anything];
    /// Ends the suspension of a user.
    write LiftSuspension("moderation/lift.cypher") { user: String } -> IdRow,
        about |_| vec![Fact::Anything];
    /// Ends suspensions whose time is over.
    write EndSuspensions("moderation/end_suspensions.cypher") { now: i64, limit: usize } -> IdRow,
        about |_, rows| rows.iter().map(|_| Fact::Anything).take(1).collect();
    /// Who is suspended, newest suspension first.
    read Suspensions("moderation/suspensions.cypher") { before_key: i64, before_id: String, limit: usize } -> SuspendedUser;
}

#[derive(Clone, Debug, Deserialize)]
pub struct RoleRow {
    pub id: String,
    pub role: Option<String>,
}
