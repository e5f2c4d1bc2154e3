//! What a reader of the description is shown, and what "Try it out" begins with.

use std::time::Duration;

use poem::http::StatusCode;
use serde_json::{Map, Value, json};

use crate::{
    error::{Error, FieldError, Problem},
    store::StoreError,
};

/// Adds examples to the bodies of requests.
pub fn of_requests(schemas: &mut Map<String, Value>) {
    let text = json!({"text": "Hello, #kith!"});
    let examples = [
        ("NewUser", json!({"handle": "ann", "name": "Ann", "password": "correct horse", "bio": "Hi"})),
        ("Credentials", json!({"handle": "ann", "password": "correct horse"})),
        ("ProfileChanges", json!({"name": "Ann B.", "bio": null})),
        ("NewPost", text.clone()),
        ("PostChanges", text.clone()),
        ("NewComment", text.clone()),
        ("CommentChanges", text),
    ];
    for (name, example) in examples {
        schemas[name]["example"] = example;
    }
}

/// A problem of that status, the most common one, as Kith itself would tell it.
pub fn problem(status: StatusCode) -> Problem {
    let error = match status {
        StatusCode::BAD_REQUEST => Error::InvalidParameter {
            name: "limit".to_owned(),
            message: "limit must be a whole number from 1 to 100".to_owned(),
        },
        StatusCode::UNAUTHORIZED => Error::Unauthenticated,
        StatusCode::FORBIDDEN => Error::Forbidden("Only the author may do this."),
        StatusCode::NOT_FOUND => Error::PostNotFound,
        StatusCode::CONFLICT => Error::HandleTaken("ann".to_owned()),
        StatusCode::GONE => Error::PostDeleted,
        StatusCode::PRECONDITION_FAILED => Error::PreconditionFailed,
        StatusCode::REQUEST_TIMEOUT => Error::BodyTimeout(Duration::from_secs(10)),
        StatusCode::PAYLOAD_TOO_LARGE => Error::BodyTooLarge(65536),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Error::UnsupportedMediaType,
        StatusCode::UNPROCESSABLE_ENTITY => {
            Error::Validation(vec![FieldError::new("text", "must not be empty")])
        }
        StatusCode::SERVICE_UNAVAILABLE => Error::Store(StoreError::Unavailable(String::new())),
        _ => Error::Internal("".into()),
    };
    error.problem("/v1/example", "tz4a98xxat96iws9zmbrgj3a")
}
