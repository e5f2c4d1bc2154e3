//! Reporting something, in one transaction.

use super::{
    OwnReport, ReportReason, ReportState, ReportTarget, TargetKind,
    queries::{FindOpenReport, InsertReport, LockReporter},
};
use crate::{
    clock::Timestamp,
    comments::queries::FindComment,
    error::Error,
    idempotency::Creation,
    posts::author_of,
    store::{Run, Tx},
    users::{Hidden, queries::FindUsersById},
};

/// A new report. The note is clean.
#[derive(Clone, Debug)]
pub struct FileReport {
    pub id: String,
    pub reporter: String,
    pub target: ReportTarget,
    pub reason: ReportReason,
    pub note: Option<String>,
    pub rank_key: i64,
    pub now: Timestamp,
}

impl Creation for FileReport {
    type Resource = OwnReport;

    async fn create(&self, tx: &mut Tx) -> Result<OwnReport, Error> {
        let lock = LockReporter { reporter: self.reporter.clone(), now: self.now.0 };
        tx.one(&lock).await?.ok_or(Error::InvalidToken)?;
        let owner = owner(tx, &self.target, &self.reporter).await?;
        if owner == self.reporter {
            return Err(Error::SelfReport);
        }
        let target = self.target.id.clone();
        let before = FindOpenReport { reporter: self.reporter.clone(), target: target.clone() };
        if let Some(before) = tx.one(&before).await? {
            return Ok(before);
        }
        let insert = InsertReport {
            id: self.id.clone(),
            reporter: self.reporter.clone(),
            target_kind: self.target.kind,
            target,
            owner,
            reason: self.reason,
            note: self.note.clone(),
            rank_key: self.rank_key,
            created_at: self.now.0,
        };
        tx.one(&insert).await?.ok_or(Error::InvalidToken)?;
        Ok(OwnReport {
            id: self.id.clone(),
            target: self.target.clone(),
            reason: self.reason,
            note: self.note.clone(),
            state: ReportState::Open,
            created_at: self.now,
            outcome: None,
            resolved_at: None,
            rank_key: self.rank_key,
        })
    }

    fn location(report: &OwnReport) -> String {
        format!("/v1/me/reports/{}", report.id)
    }
}

/// Whose it is, if the viewer can see it. What is of somebody whom the viewer blocks can be reported all the same.
async fn owner(tx: &mut Tx, target: &ReportTarget, viewer: &str) -> Result<String, Error> {
    let id = target.id.clone();
    let (owner, missing) = match target.kind {
        TargetKind::Post => return author_of(tx, &id, viewer).await,
        TargetKind::Comment => {
            let comment = tx.one(&FindComment { id }).await?.ok_or(Error::CommentNotFound)?;
            match author_of(tx, &comment.post_id, viewer).await {
                Ok(_) | Err(Error::PostDeleted | Error::PostRemoved) => {}
                Err(Error::PostNotFound) => return Err(Error::CommentNotFound),
                Err(error) => return Err(error),
            }
            (comment.author_id.ok_or(Error::CommentNotFound)?, Error::CommentNotFound)
        }
        TargetKind::User => {
            let user = tx.one(&FindUsersById { ids: vec![id] }).await?.ok_or(Error::UserNotFound)?;
            (user.id, Error::UserNotFound)
        }
    };
    if Hidden::from(tx, Some(viewer)).await?.is_gone(&owner) { Err(missing) } else { Ok(owner) }
}
