//! Every way in which Kith refuses or fails, and the one place that turns it into `application/problem+json`.

use std::{borrow::Cow, time::Duration};

use poem::{
    IntoResponse, Response,
    error::ResponseError,
    http::{HeaderValue, StatusCode, header},
};
use poem_openapi::{
    ApiResponse, Object,
    registry::{MetaMediaType, MetaResponse, MetaResponses, Registry},
    types::Type,
};
use serde::Serialize;

use crate::{clock::Timestamp, scope::Scope, store::error::StoreError};

/// The error of every fallible function that a request passes through, in the domain's words.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("The body is not a well-formed JSON object: {0}.")]
    MalformedJson(String),
    #[error("The body has fields that this operation does not know.")]
    UnknownFields(Vec<FieldError>),
    #[error("The cursor does not belong to this list, or was altered.")]
    InvalidCursor,
    #[error("{message}")]
    InvalidParameter { name: String, message: String },
    #[error("This operation needs an access token.")]
    Unauthenticated,
    #[error("The access token is not valid, or not any more.")]
    InvalidToken,
    #[error("The handle, password or refresh token is wrong.")]
    InvalidCredentials,
    #[error("{0}")]
    Forbidden(&'static str),
    #[error("The token has not got the scope {0}.")]
    InsufficientScope(Scope),
    #[error("There is no such token.")]
    TokenNotFound,
    #[error("Nobody can have more than {0} tokens. Delete one first.")]
    TooManyTokens(usize),
    #[error("Nobody can mute more than {0} words. Unmute one first.")]
    TooManyMutedWords(usize),
    #[error("You block this person. Unblock them first.")]
    Blocked,
    #[error("Only what everybody can see can be quoted or reposted.")]
    NotPublic,
    #[error("Its author lets only some people comment on this post.")]
    RepliesLimited,
    #[error("The account is suspended {}.", until(*.0))]
    Suspended(Option<Timestamp>),
    #[error("There is no such report.")]
    ReportNotFound,
    #[error("The user is not suspended.")]
    SuspensionNotFound,
    #[error("There is no such user.")]
    UserNotFound,
    #[error("There is no such post.")]
    PostNotFound,
    #[error("There is no such comment.")]
    CommentNotFound,
    #[error("There is nothing at this path.")]
    NotFound,
    #[error("The path exists, but not for this method.")]
    MethodNotAllowed,
    #[error("The handle @{0} is taken.")]
    HandleTaken(String),
    #[error("A request with the same Idempotency-Key is still running.")]
    IdempotencyInProgress,
    #[error("Somebody has judged this already.")]
    AlreadyResolved,
    #[error("The post was deleted.")]
    PostDeleted,
    #[error("A moderator removed the post.")]
    PostRemoved,
    #[error("The resource has changed since the version that If-Match names.")]
    PreconditionFailed,
    #[error("The body is larger than {0} bytes.")]
    BodyTooLarge(usize),
    #[error("The body did not come within {} s.", .0.as_secs_f64())]
    BodyTimeout(Duration),
    #[error("The body must be application/json.")]
    UnsupportedMediaType,
    #[error("Some values are out of bounds; see errors.")]
    Validation(Vec<FieldError>),
    #[error("Nobody can follow themselves.")]
    SelfFollow,
    #[error("Nobody can block or mute themselves.")]
    SelfBlock,
    #[error("Nobody can report themselves.")]
    SelfReport,
    #[error("At most {0} posts, quotes and reposts a day (UTC) are allowed.")]
    DailyPostQuotaExceeded(u32),
    #[error("The Idempotency-Key was used before with another request.")]
    IdempotencyKeyReused,
    #[error("The parent comment is not part of this post's thread.")]
    ParentNotInThread,
    #[error("The query is not allowed: {0}.")]
    QueryNotAllowed(String),
    #[error("The database does not run the query: {0}")]
    QueryFailed(String),
    #[error("{0}")]
    NotImplemented(&'static str),
    #[error(
        "The graph does not answer. A write may have been done or not: repeat it with the same Idempotency-Key, or read first."
    )]
    Store(#[from] StoreError),
    #[error("The issuer of this token does not answer, so nobody can say whether it is valid.")]
    IssuerUnavailable(Duration),
    #[error("The request took too long.")]
    RequestTimeout,
    #[error("Too many requests. Try again in {} s.", seconds(.0))]
    RateLimited(Duration),
    #[error("Too many requests wait for the graph.")]
    Overloaded,
    #[error("Something is wrong on our side.")]
    Internal(Cow<'static, str>),
}

/// How long a suspension lasts.
fn until(end: Option<Timestamp>) -> String {
    end.map_or_else(|| "for good".to_owned(), |end| format!("until {}", end.rfc3339()))
}

/// Whole seconds after which it is over.
fn seconds(wait: &Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

/// One field at fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Object)]
pub struct FieldError {
    /// The name of the field or parameter, dotted where nested.
    pub field: String,
    /// What is wrong with it, in one sentence.
    pub message: String,
}

impl FieldError {
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}

/// An error as RFC 9457 problem details, with a stable code.
#[derive(Debug, Serialize, Object)]
pub struct Problem {
    /// `/problems/` and the code.
    #[serde(rename = "type")]
    #[oai(rename = "type", validator(pattern = "^/problems/[a-z_]+$"))]
    pub kind: String,
    /// A short summary of the kind of problem, the same for every occurrence.
    pub title: String,
    /// The HTTP status code.
    #[oai(validator(minimum(value = "400"), maximum(value = "599")))]
    pub status: u16,
    /// What went wrong this time, for a person.
    pub detail: String,
    /// The stable name of the kind of problem, for a program.
    #[oai(validator(pattern = "^[a-z_]+$"))]
    pub code: String,
    /// The path of the request.
    pub instance: String,
    /// The id under which this request stands in the log.
    #[oai(validator(pattern = "^[A-Za-z0-9._:-]{1,128}$"))]
    pub request_id: String,
    /// Every field at fault; empty where none is.
    pub errors: Vec<FieldError>,
}

impl Error {
    /// Somebody asks for what only admins may.
    pub const NEEDS_ADMIN: Self = Self::Forbidden("This operation needs the scope `admin`.");
    /// Somebody asks for what only moderators and admins may.
    pub const NEEDS_MODERATOR: Self = Self::Forbidden("This operation needs the scope `moderate`.");

    pub fn status(&self) -> StatusCode {
        match self {
            Self::MalformedJson(_)
            | Self::UnknownFields(_)
            | Self::InvalidCursor
            | Self::InvalidParameter { .. } => StatusCode::BAD_REQUEST,
            Self::Unauthenticated | Self::InvalidToken | Self::InvalidCredentials => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_)
            | Self::InsufficientScope(_)
            | Self::Blocked
            | Self::NotPublic
            | Self::RepliesLimited
            | Self::Suspended(_) => StatusCode::FORBIDDEN,
            Self::UserNotFound
            | Self::PostNotFound
            | Self::CommentNotFound
            | Self::TokenNotFound
            | Self::ReportNotFound
            | Self::SuspensionNotFound
            | Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::HandleTaken(_) | Self::IdempotencyInProgress | Self::AlreadyResolved => {
                StatusCode::CONFLICT
            }
            Self::PostDeleted | Self::PostRemoved => StatusCode::GONE,
            Self::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
            Self::BodyTooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BodyTimeout(_) => StatusCode::REQUEST_TIMEOUT,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Validation(_)
            | Self::SelfFollow
            | Self::SelfBlock
            | Self::SelfReport
            | Self::DailyPostQuotaExceeded(_)
            | Self::TooManyTokens(_)
            | Self::TooManyMutedWords(_)
            | Self::IdempotencyKeyReused
            | Self::ParentNotInThread
            | Self::QueryNotAllowed(_)
            | Self::QueryFailed(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::NotImplemented(_) => StatusCode::NOT_IMPLEMENTED,
            Self::Store(StoreError::Failed { .. } | StoreError::Duplicate(_)) | Self::Internal(_) => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
            Self::Store(_) | Self::IssuerUnavailable(_) | Self::RequestTimeout | Self::Overloaded => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::RateLimited(_) => StatusCode::TOO_MANY_REQUESTS,
        }
    }

    /// The stable name of this kind of problem.
    pub fn code(&self) -> &'static str {
        match self {
            Self::MalformedJson(_) => "malformed_json",
            Self::UnknownFields(_) => "unknown_field",
            Self::InvalidCursor => "invalid_cursor",
            Self::InvalidParameter { .. } => "invalid_parameter",
            Self::Unauthenticated => "unauthenticated",
            Self::InvalidToken => "invalid_token",
            Self::InvalidCredentials => "invalid_credentials",
            Self::Forbidden(_) => "forbidden",
            Self::InsufficientScope(_) => "insufficient_scope",
            Self::TokenNotFound => "token_not_found",
            Self::TooManyMutedWords(_) => "too_many_muted_words",
            Self::TooManyTokens(_) => "too_many_tokens",
            Self::UserNotFound => "user_not_found",
            Self::PostNotFound => "post_not_found",
            Self::CommentNotFound => "comment_not_found",
            Self::ReportNotFound => "report_not_found",
            Self::SuspensionNotFound => "suspension_not_found",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::HandleTaken(_) => "handle_taken",
            Self::IdempotencyInProgress => "idempotency_in_progress",
            Self::AlreadyResolved => "already_resolved",
            Self::PostDeleted => "post_deleted",
            Self::PostRemoved => "post_removed",
            Self::PreconditionFailed => "precondition_failed",
            Self::BodyTooLarge(_) => "body_too_large",
            Self::BodyTimeout(_) => "body_timeout",
            Self::UnsupportedMediaType => "unsupported_media_type",
            Self::Validation(_) => "validation_failed",
            Self::SelfFollow => "self_follow",
            Self::SelfBlock => "self_block",
            Self::SelfReport => "self_report",
            Self::Blocked => "blocked",
            Self::NotPublic => "not_public",
            Self::RepliesLimited => "replies_limited",
            Self::Suspended(_) => "suspended",
            Self::DailyPostQuotaExceeded(_) => "daily_post_quota_exceeded",
            Self::IdempotencyKeyReused => "idempotency_key_reused",
            Self::ParentNotInThread => "parent_not_in_thread",
            Self::QueryNotAllowed(_) => "query_not_allowed",
            Self::QueryFailed(_) => "query_failed",
            Self::NotImplemented(_) => "not_implemented",
            Self::Store(StoreError::Failed { .. } | StoreError::Duplicate(_)) | Self::Internal(_) => {
                "internal"
            }
            Self::Store(_) => "store_unavailable",
            Self::IssuerUnavailable(_) => "issuer_unavailable",
            Self::RequestTimeout => "request_timeout",
            Self::RateLimited(_) => "rate_limited",
            Self::Overloaded => "overloaded",
        }
    }

    fn title(&self) -> String {
        let words = self.code().replace('_', " ");
        let mut letters = words.chars();
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    }

    fn field_errors(&self) -> Vec<FieldError> {
        match self {
            Self::UnknownFields(errors) | Self::Validation(errors) => errors.clone(),
            Self::InvalidParameter { name, message } => vec![FieldError::new(name, message)],
            Self::InvalidCursor => vec![FieldError::new("cursor", self.to_string())],
            _ => Vec::new(),
        }
    }

    /// What stands in the log besides the request: the cause, which the client is not shown.
    fn cause(&self) -> Option<String> {
        match self {
            Self::Store(error) => Some(error.to_string()),
            Self::Internal(message) => Some(message.to_string()),
            _ => None,
        }
    }

    /// What the client of a request of that path and id is told.
    pub fn problem(&self, instance: &str, request_id: &str) -> Problem {
        Problem {
            kind: format!("/problems/{}", self.code()),
            title: self.title(),
            status: self.status().as_u16(),
            detail: match self {
                Self::Store(StoreError::Failed { .. } | StoreError::Duplicate(_)) => {
                    "Something is wrong on our side.".to_owned()
                }
                _ => self.to_string(),
            },
            code: self.code().to_owned(),
            instance: instance.to_owned(),
            request_id: request_id.to_owned(),
            errors: self.field_errors(),
        }
    }

    /// The problem as an answer, and its cause as a line in the log.
    pub fn to_response(&self, instance: &str, request_id: &str) -> Response {
        let status = self.status();
        if let Some(cause) = self.cause() {
            if status == StatusCode::INTERNAL_SERVER_ERROR {
                tracing::error!(cause, request_id, "request failed");
            } else {
                tracing::warn!(cause, request_id, "request failed");
            }
        }
        let problem = self.problem(instance, request_id);
        let mut response = Response::builder()
            .status(status)
            .content_type("application/problem+json")
            .body(serde_json::to_vec(&problem).unwrap_or_default());
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        match status {
            StatusCode::UNAUTHORIZED => {
                let challenge = match self {
                    Self::InvalidToken => "Bearer error=\"invalid_token\"",
                    _ => "Bearer",
                };
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
            }
            StatusCode::FORBIDDEN => {
                if let Self::InsufficientScope(scope) = self
                    && let Ok(challenge) =
                        format!("Bearer error=\"insufficient_scope\", scope=\"{scope}\"").parse()
                {
                    headers.insert(header::WWW_AUTHENTICATE, challenge);
                }
            }
            StatusCode::SERVICE_UNAVAILABLE => {
                let wait = if let Self::IssuerUnavailable(wait) = self { seconds(wait).max(1) } else { 1 };
                headers.insert(header::RETRY_AFTER, wait.into());
            }
            StatusCode::TOO_MANY_REQUESTS => {
                if let Self::RateLimited(wait) = self {
                    headers.insert(header::RETRY_AFTER, seconds(wait).into());
                }
            }
            _ => {}
        }
        response
    }
}

/// Only used where an error leaves a handler; `http::problems` makes the answer.
impl ResponseError for Error {
    fn status(&self) -> StatusCode {
        Error::status(self)
    }

    fn as_response(&self) -> Response {
        self.to_response("", "")
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        poem::Error::from(self).into_response()
    }
}

/// Documents that anything but success is a [`Problem`]; `openapi.rs` says which statuses an operation has.
impl ApiResponse for Error {
    fn meta() -> MetaResponses {
        MetaResponses {
            responses: vec![MetaResponse {
                description: "A problem: see its code.",
                status: None,
                status_range: None,
                content: vec![MetaMediaType {
                    content_type: "application/problem+json",
                    schema: Problem::schema_ref(),
                }],
                headers: Vec::new(),
            }],
        }
    }

    fn register(registry: &mut Registry) {
        Problem::register(registry);
    }
}
