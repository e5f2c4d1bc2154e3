//! `/v1/reports`, `/v1/me/reports` and `/v1/moderation`.

use std::sync::Arc;

use poem_openapi::{
    Object, OpenApi,
    param::{Header, Path, Query},
};
use serde::Deserialize;

use super::{
    FileReport, Lift, OwnReport, Report, ReportCase, ReportOutcome, ReportReason, ReportState, ReportTarget,
    Resolve, SuspendedUser, TargetKind,
    queries::{OwnReports, ReadContent, ReadOwnReport, ReadReport, ReportQueue, Suspensions},
};
use crate::{
    app::App,
    auth::{Moderator, Viewer},
    clock::{DAY, Timestamp, new_id},
    error::{Error, FieldError},
    http::{
        answer::{Created, Json, NoContent},
        body::Body,
    },
    idempotency,
    page::{Limit, Page, Paging, Position},
    section::Section,
    store::Run,
    text,
    users::{resolve, rules::refuse},
};

/// Longest note, in grapheme clusters.
pub const NOTE_CHARS: usize = 1000;
/// How long a suspension with an end may last, in days.
const LONGEST: i64 = 3660;

pub struct ModerationApi {
    pub app: Arc<App>,
}

/// Something that is reported.
#[derive(Debug, Object, Deserialize)]
pub struct NewReport {
    /// What it is.
    pub target: TargetKind,
    /// The id of the post, comment or user.
    #[oai(validator(pattern = "^[a-z][a-z0-9]{23}$"))]
    pub id: String,
    /// Why it is reported.
    pub reason: ReportReason,
    /// What moderators should know besides, at most 1,000 characters.
    pub note: Option<String>,
}

/// A decision about a report.
#[derive(Debug, Object, Deserialize)]
pub struct Resolution {
    /// What is done.
    pub action: ReportOutcome,
    /// Why, for other moderators and the log, at most 1,000 characters.
    pub note: Option<String>,
    /// When the suspension ends, at most 3,660 days from now; left out for a suspension for good, and for other actions.
    pub suspend_until: Option<Timestamp>,
}

#[OpenApi(tag = "Section::Moderation")]
impl ModerationApi {
    /// Report something
    ///
    /// Tells the moderators of a post, a comment or a user. Whoever made it does not learn of it. Reporting the same again
    /// while it is open answers the report that there is. Nobody can report themselves or what they made:
    /// `422 self_report`.
    #[oai(path = "/v1/reports", method = "post", operation_id = "create_report")]
    async fn create_report(
        &self,
        viewer: Viewer,
        body: Body<NewReport>,
        /// Makes a repetition of this request safe for 24 hours.
        #[oai(name = "Idempotency-Key")]
        idempotency_key: Header<Option<String>>,
    ) -> Result<Created<OwnReport>, Error> {
        let new = body.value;
        let note = note(new.note.as_deref())?;
        let rank_key = self.app.clock.next_rank_key();
        let creation = FileReport {
            id: new_id(),
            reporter: viewer.id.clone(),
            target: ReportTarget { kind: new.target, id: new.id },
            reason: new.reason,
            note,
            rank_key,
            now: Timestamp::of_rank_key(rank_key),
        };
        let request = idempotency::Request {
            actor: Some(&viewer.id),
            operation: "create_report",
            target: "",
            key: idempotency_key.0,
            body: &body.raw,
        };
        idempotency::create(&self.app, request, creation).await
    }

    /// List one's own reports
    ///
    /// What the acting user reported, newest first, and what became of it. Nobody learns who decided.
    #[oai(path = "/v1/me/reports", method = "get", operation_id = "list_own_reports")]
    async fn list_own_reports(
        &self,
        viewer: Viewer,
        /// How many items the page may have.
        limit: Query<Option<Limit>>,
        /// Where to go on: `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<Page<OwnReport>>, Error> {
        let (list, paging) = (format!("reports:{}", viewer.id), Paging::new(limit.0, cursor.0));
        let query =
            |before_key, before_id, limit| OwnReports { reporter: viewer.id, before_key, before_id, limit };
        let place = |report: &OwnReport| Position { key: report.rank_key, id: report.id.clone() };
        let (items, next_cursor) = self.app.rows(&list, &paging, Position::newest(), query, place).await?;
        Ok(Json::page(&Page { items, next_cursor }))
    }

    /// Read one's own report
    ///
    /// What the acting user reported, and what became of it.
    #[oai(path = "/v1/me/reports/:id", method = "get", operation_id = "get_own_report")]
    async fn get_own_report(
        &self,
        viewer: Viewer,
        /// The report's id.
        id: Path<String>,
    ) -> Result<Json<OwnReport>, Error> {
        let query = ReadOwnReport { reporter: viewer.id, id: id.0 };
        let report = self.app.store.run(&query).await?.pop().ok_or(Error::ReportNotFound)?;
        Ok(Json::new(&report))
    }

    /// List reports
    ///
    /// The reports that are open, or those that were judged, oldest first; each tells how many open ones are about the same.
    /// For moderators and admins.
    #[oai(path = "/v1/moderation/queue", method = "get", operation_id = "list_reported")]
    async fn list_reported(
        &self,
        _moderator: Moderator,
        /// Which reports; `open` when left out.
        state: Query<Option<ReportState>>,
        /// How many items the page may have.
        limit: Query<Option<Limit>>,
        /// Where to go on: `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<Page<Report>>, Error> {
        let state = state.0.unwrap_or_default();
        let (list, paging) = (format!("queue:{state:?}"), Paging::new(limit.0, cursor.0));
        let start = Position { key: i64::MIN, id: String::new() };
        let query = |after_key, after_id, limit| ReportQueue { state, after_key, after_id, limit };
        let place = |report: &Report| Position { key: report.rank_key, id: report.id.clone() };
        let (items, next_cursor) = self.app.rows(&list, &paging, start, query, place).await?;
        Ok(Json::page(&Page { items, next_cursor }).private())
    }

    /// Read a report
    ///
    /// A report with what it is about as it is now, also where its author blocks the moderator. For moderators and admins.
    #[oai(path = "/v1/moderation/reports/:id", method = "get", operation_id = "get_reported")]
    async fn get_reported(
        &self,
        _moderator: Moderator,
        /// The report's id.
        id: Path<String>,
    ) -> Result<Json<ReportCase>, Error> {
        let mut store = &self.app.store;
        let report = store.one(&ReadReport { id: id.0 }).await?.ok_or(Error::ReportNotFound)?;
        let content = store.one(&ReadContent { id: report.target.id.clone() }).await?;
        Ok(Json::new(&ReportCase { report, content }).private())
    }

    /// Resolve a report
    ///
    /// Decides about a report, and about all open ones about the same. `remove` leaves a tombstone that says so in the
    /// place of the post or comment; `suspend` ends all sessions of the user or author, who cannot log in and is shown to
    /// nobody until it ends. Of two who decide at once the second gets `409 already_resolved`. Nobody decides about
    /// themselves, moderators not about each other and admins not about admins: `403 forbidden`. What is decided stands
    /// in the log. For moderators and admins.
    #[oai(path = "/v1/moderation/reports/:id/resolution", method = "post", operation_id = "resolve_report")]
    async fn resolve_report(
        &self,
        moderator: Moderator,
        /// The report's id.
        id: Path<String>,
        body: Body<Resolution>,
    ) -> Result<Json<Report>, Error> {
        let resolution = body.value;
        let now = self.app.clock.now();
        if let Some(until) = resolution.suspend_until {
            let message = if resolution.action != ReportOutcome::Suspend {
                Some("is only for the action `suspend`".to_owned())
            } else if until <= now || until.0 > now.0.saturating_add(LONGEST * DAY) {
                Some(format!("must be within the next {LONGEST} days"))
            } else {
                None
            };
            refuse(message.map(|message| FieldError::new("suspend_until", message)).into_iter().collect())?;
        }
        let work = Resolve {
            report: id.0,
            moderator: moderator.0,
            outcome: resolution.action,
            note: note(resolution.note.as_deref())?,
            until: resolution.suspend_until,
            now,
            entry: new_id(),
        };
        let report = self.app.store.write(&work).await?;
        if work.outcome == ReportOutcome::Suspend {
            self.app.forget_accounts();
            // Their streams end.
            self.app.updates.announce();
        }
        Ok(Json::new(&report).private())
    }

    /// List suspensions
    ///
    /// Who is suspended, newest suspension first. For moderators and admins.
    #[oai(path = "/v1/moderation/suspensions", method = "get", operation_id = "list_suspensions")]
    async fn list_suspensions(
        &self,
        _moderator: Moderator,
        /// How many items the page may have.
        limit: Query<Option<Limit>>,
        /// Where to go on: `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<Page<SuspendedUser>>, Error> {
        let (list, paging) = ("suspensions", Paging::new(limit.0, cursor.0));
        let query = |before_key, before_id, limit| Suspensions { before_key, before_id, limit };
        let place = |row: &SuspendedUser| Position { key: row.at.0, id: row.user.id.clone() };
        let (items, next_cursor) = self.app.rows(list, &paging, Position::newest(), query, place).await?;
        Ok(Json::page(&Page { items, next_cursor }).private())
    }

    /// Lift a suspension
    ///
    /// Ends the suspension of a user at once, who has to log in again. A second time answers
    /// `404 suspension_not_found`. For moderators and admins.
    #[oai(path = "/v1/moderation/suspensions/:user", method = "delete", operation_id = "lift_suspension")]
    async fn lift_suspension(
        &self,
        moderator: Moderator,
        /// An id, or `@` and a handle.
        user: Path<String>,
    ) -> Result<NoContent, Error> {
        let user = resolve(&mut &self.app.store, &user.0).await?;
        let work = Lift { user, moderator: moderator.0, now: self.app.clock.now(), entry: new_id() };
        self.app.store.write(&work).await?;
        self.app.forget_accounts();
        Ok(NoContent)
    }
}

/// A clean note. One that is blank is none.
fn note(note: Option<&str>) -> Result<Option<String>, Error> {
    let mut errors = Vec::new();
    let note = note.map(|note| text::clean("note", note, 0, NOTE_CHARS, &mut errors));
    refuse(errors)?;
    Ok(note.filter(|note| !note.is_empty()))
}
