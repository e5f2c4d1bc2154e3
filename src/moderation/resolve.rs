//! What moderators do, each in one transaction with its entry in the log.

use serde_json::json;

use super::{
    Report, ReportOutcome, ReportState, TargetKind,
    queries::{LiftSuspension, LockReports, ReadReport, ResolveReports, RoleOf, Suspend},
};
use crate::{
    admin::queries::AppendAuditEntry,
    auth::{Role, Viewer, queries::RevokeSessions},
    clock::Timestamp,
    comments,
    error::{Error, FieldError},
    posts,
    store::{Run, Tx, Work},
};

/// A decision about a report, and about all open ones about the same. The note is clean.
#[derive(Clone, Debug)]
pub struct Resolve {
    pub report: String,
    pub moderator: Viewer,
    pub outcome: ReportOutcome,
    pub note: Option<String>,
    pub until: Option<Timestamp>,
    pub now: Timestamp,
    /// The id of the entry in the log.
    pub entry: String,
}

impl Work for Resolve {
    type Output = Report;

    async fn run(&self, tx: &mut Tx) -> Result<Report, Error> {
        let read = ReadReport { id: self.report.clone() };
        let target = tx.one(&read).await?.ok_or(Error::ReportNotFound)?.target;
        // Whoever comes second waits here, and reads afterwards what the first has done.
        tx.run(&LockReports { target: target.id.clone(), now: self.now.0 }).await?;
        let report = tx.one(&read).await?.ok_or(Error::ReportNotFound)?;
        if report.state == ReportState::Resolved {
            return Err(Error::AlreadyResolved);
        }
        if report.owner_id == self.moderator.id {
            return Err(Error::Forbidden("Nobody judges what is reported of themselves."));
        }
        match (self.outcome, target.kind) {
            (ReportOutcome::None, _) => {}
            (ReportOutcome::Remove, TargetKind::Post) => posts::take_down(tx, &target.id, self.now).await?,
            (ReportOutcome::Remove, TargetKind::Comment) => comments::take_down(tx, &target.id).await?,
            (ReportOutcome::Remove, TargetKind::User) => {
                let message = "a user can be suspended, and not removed";
                return Err(Error::Validation(vec![FieldError::new("action", message)]));
            }
            (ReportOutcome::Suspend, _) => self.suspend(tx, &report.owner_id).await?,
        }
        let resolve = ResolveReports {
            target: target.id.clone(),
            outcome: self.outcome,
            moderator: self.moderator.id.clone(),
            note: self.note.clone(),
            now: self.now.0,
        };
        let resolved = tx.run(&resolve).await?.len();
        let detail = json!({
            "report": self.report, "target": target, "owner_id": report.owner_id, "action": self.outcome,
            "note": self.note, "suspend_until": self.until, "reports": resolved,
        });
        append(tx, &self.entry, &self.moderator, "resolve_report", self.now, detail.to_string()).await?;
        tx.one(&read).await?.ok_or(Error::ReportNotFound)
    }
}

impl Resolve {
    async fn suspend(&self, tx: &mut Tx, user: &str) -> Result<(), Error> {
        outranks(tx, &self.moderator, user).await?;
        let until = self.until.map(|until| until.0);
        let suspend = Suspend { user: user.to_owned(), until, now: self.now.0 };
        tx.one(&suspend).await?.ok_or(Error::UserNotFound)?;
        tx.run(&RevokeSessions { user: user.to_owned(), now: self.now.0 }).await.map(drop)
    }
}

/// The end of a suspension.
#[derive(Clone, Debug)]
pub struct Lift {
    pub user: String,
    pub moderator: Viewer,
    pub now: Timestamp,
    /// The id of the entry in the log.
    pub entry: String,
}

impl Work for Lift {
    type Output = ();

    async fn run(&self, tx: &mut Tx) -> Result<(), Error> {
        outranks(tx, &self.moderator, &self.user).await?;
        tx.one(&LiftSuspension { user: self.user.clone() }).await?.ok_or(Error::SuspensionNotFound)?;
        let detail = json!({"user_id": self.user}).to_string();
        append(tx, &self.entry, &self.moderator, "lift_suspension", self.now, detail).await
    }
}

/// Whether somebody may decide about somebody: moderators about people without a role, admins about moderators as well.
async fn outranks(tx: &mut Tx, moderator: &Viewer, user: &str) -> Result<(), Error> {
    let found = tx.one(&RoleOf { user: user.to_owned() }).await?.ok_or(Error::UserNotFound)?;
    if found.role.as_deref().and_then(Role::of) < moderator.role {
        Ok(())
    } else {
        Err(Error::Forbidden("Moderators decide about people without a role, admins about moderators too."))
    }
}

async fn append(
    tx: &mut Tx,
    id: &str,
    actor: &Viewer,
    action: &'static str,
    now: Timestamp,
    detail: String,
) -> Result<(), Error> {
    let entry =
        AppendAuditEntry { id: id.to_owned(), now: now.0, actor: Some(actor.id.clone()), action, detail };
    tx.run(&entry).await.map(drop)
}
