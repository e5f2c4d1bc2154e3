//! What people report, and what moderators do about it: posts and comments are removed, people are suspended. Each
//! decision stands in the log that admins read.

pub mod api;
pub mod queries;
mod report;
mod resolve;

use std::sync::Arc;

use poem_openapi::{Enum, Object};
use serde::{Deserialize, Serialize};

use self::queries::EndSuspensions;
use crate::{
    app::{self, App},
    clock::Timestamp,
    users::UserSummary,
};

pub use report::FileReport;
pub use resolve::{Lift, Resolve};

/// What can be reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Enum)]
#[serde(rename_all = "snake_case")]
#[oai(rename_all = "snake_case")]
pub enum TargetKind {
    /// A post or quote.
    Post,
    /// A comment.
    Comment,
    /// A user.
    User,
}

/// Why something is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Enum)]
#[serde(rename_all = "snake_case")]
#[oai(rename_all = "snake_case")]
pub enum ReportReason {
    /// Advertising, or the same again and again.
    Spam,
    /// Somebody is pestered.
    Harassment,
    /// Hatred of a group of people.
    Hate,
    /// Violence, or the threat of it.
    Violence,
    /// Sexual content where it does not belong.
    Sexual,
    /// Somebody may hurt themselves.
    SelfHarm,
    /// Against the law.
    Illegal,
    /// Somebody pretends to be somebody else.
    Impersonation,
    /// Something else, which the note should say.
    Other,
}

/// Whether a report was judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Enum)]
#[serde(rename_all = "snake_case")]
#[oai(rename_all = "snake_case")]
pub enum ReportState {
    /// Nobody has judged it yet.
    #[default]
    Open,
    /// A moderator has.
    Resolved,
}

/// What a moderator does about a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Enum)]
#[serde(rename_all = "snake_case")]
#[oai(rename_all = "snake_case")]
pub enum ReportOutcome {
    /// Nothing.
    None,
    /// The post or comment is removed.
    Remove,
    /// The user, or whoever wrote the post or comment, is suspended.
    Suspend,
}

/// What a report is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Object)]
pub struct ReportTarget {
    /// What it is.
    pub kind: TargetKind,
    /// Its id.
    #[oai(validator(pattern = "^[a-z][a-z0-9]{23}$"))]
    pub id: String,
}

/// A report, as whoever made it sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Object)]
pub struct OwnReport {
    /// An opaque CUID2 id.
    #[oai(validator(pattern = "^[a-z][a-z0-9]{23}$"))]
    pub id: String,
    /// What it is about.
    pub target: ReportTarget,
    /// Why it was made.
    pub reason: ReportReason,
    /// What the person added, at most 1,000 characters.
    pub note: Option<String>,
    /// Whether it was judged.
    pub state: ReportState,
    /// When it was made.
    pub created_at: Timestamp,
    /// What was done about it; null while it is open.
    pub outcome: Option<ReportOutcome>,
    /// When it was judged; null while it is open.
    pub resolved_at: Option<Timestamp>,
    /// Where it stands in lists.
    #[serde(skip_serializing)]
    #[oai(skip)]
    pub rank_key: i64,
}

/// A report, as moderators see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Object)]
pub struct Report {
    /// An opaque CUID2 id.
    #[oai(validator(pattern = "^[a-z][a-z0-9]{23}$"))]
    pub id: String,
    /// What it is about.
    pub target: ReportTarget,
    /// The id of the user, or of who wrote the post or comment.
    #[oai(validator(pattern = "^[a-z][a-z0-9]{23}$"))]
    pub owner_id: String,
    /// The id of who made the report.
    #[oai(validator(pattern = "^[a-z][a-z0-9]{23}$"))]
    pub reporter_id: String,
    /// Why it was made.
    pub reason: ReportReason,
    /// What the person added, at most 1,000 characters.
    pub note: Option<String>,
    /// Whether it was judged.
    pub state: ReportState,
    /// When it was made.
    pub created_at: Timestamp,
    /// How many open reports are about the same, this one included if it is open.
    #[oai(validator(minimum(value = "0")))]
    pub open_reports: i64,
    /// What was done about it; null while it is open.
    pub outcome: Option<ReportOutcome>,
    /// When it was judged; null while it is open.
    pub resolved_at: Option<Timestamp>,
    /// The id of who judged it, who may have gone since; null while it is open.
    #[oai(validator(pattern = "^[a-z][a-z0-9]{23}$"))]
    pub moderator_id: Option<String>,
    /// What the moderator added, for other moderators, at most 1,000 characters.
    pub resolution_note: Option<String>,
    /// Where it stands in lists.
    #[serde(skip_serializing)]
    #[oai(skip)]
    pub rank_key: i64,
}

/// What was reported, as it is now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Object)]
pub struct ReportedContent {
    /// The id of the user, or of who wrote the post or comment.
    #[oai(validator(pattern = "^[a-z][a-z0-9]{23}$"))]
    pub author_id: String,
    /// Their handle.
    #[oai(validator(pattern = "^[a-z0-9_]{3,30}$"))]
    pub handle: String,
    /// What the post or comment says, or the user of themselves; null if that is nothing.
    pub text: Option<String>,
}

/// A report with what it is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Object)]
pub struct ReportCase {
    /// The report.
    pub report: Report,
    /// What was reported, whoever blocks the moderator; null if it is gone.
    pub content: Option<ReportedContent>,
}

/// Somebody who is suspended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Object)]
pub struct SuspendedUser {
    /// Who.
    pub user: UserSummary,
    /// Since when.
    pub at: Timestamp,
    /// Until when; null for good.
    pub until: Option<Timestamp>,
}

/// Ends suspensions whose time is over, for as long as the process runs. Until then those people can write and are not
/// shown to others yet.
pub async fn end_suspensions(app: Arc<App>) {
    app::end_in_time(|| app.end_over("suspensions", |now, limit| EndSuspensions { now, limit })).await;
}
