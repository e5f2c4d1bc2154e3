//! What a reader of the description is shown, and what "Try it out" begins with.

use poem::http::StatusCode;
use serde_json::{Map, Value, json};

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

/// A problem of that status, the most common one.
pub fn problem(status: StatusCode) -> Value {
    let (code, detail, field) = match status.as_u16() {
        400 => ("invalid_parameter", "limit must be a whole number from 1 to 100", Some("limit")),
        401 => ("unauthenticated", "This operation needs an access token.", None),
        403 => ("forbidden", "Only the author may do this.", None),
        404 => ("post_not_found", "There is no such post.", None),
        409 => ("handle_taken", "The handle @ann is taken.", None),
        410 => ("post_deleted", "The post was deleted.", None),
        412 => {
            ("precondition_failed", "The resource has changed since the version that If-Match names.", None)
        }
        413 => ("body_too_large", "The body is larger than 65536 bytes.", None),
        415 => ("unsupported_media_type", "The body must be application/json.", None),
        422 => ("validation_failed", "Some values are out of bounds; see errors.", Some("text")),
        503 => (
            "store_unavailable",
            "The graph does not answer; nothing was changed that was not acknowledged.",
            None,
        ),
        _ => ("internal", "Something is wrong on our side.", None),
    };
    let errors: Vec<Value> = field
        .map(|field| {
            let message = if field == "text" { "must not be empty" } else { detail };
            json!({"field": field, "message": message})
        })
        .into_iter()
        .collect();
    let title = code.replace('_', " ");
    json!({
        "type": format!("/problems/{code}"),
        "title": title[..1].to_uppercase() + &title[1..],
        "status": status.as_u16(),
        "detail": detail,
        "code": code,
        "instance": "/v1/example",
        "request_id": "tz4a98xxat96iws9zmbrgj3a",
        "errors": errors,
    })
}
