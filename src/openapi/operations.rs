//! What an operation's place and kind say of it: its security, the statuses it can answer, conditional reading.

use std::collections::BTreeSet;

use poem::http::StatusCode;
use serde_json::{Value, json};

use super::{bounds, examples};

/// Completes an operation of the document.
pub fn complete(path: &str, method: &str, operation: &mut Value) {
    // Whoever reads the description sees paragraphs and not where our lines end.
    if let Some(description) = operation["description"].as_str() {
        operation["description"] = description.replace('\n', " ").replace("  ", "\n\n").into();
    }
    let statuses = statuses(path, method, operation);
    let is_stream = path.ends_with("/stream");
    if operation.get("security").is_none() {
        operation["security"] = json!([]);
    }
    let Some(responses) = operation["responses"].as_object_mut() else {
        return;
    };
    responses.remove("default");
    if is_stream {
        responses["200"]["description"] = "The events, until either side closes the connection.".into();
    }
    for status in statuses {
        responses.insert(status.to_string(), problem(status));
    }
    if method == "get" && path.starts_with("/v1") && !is_stream {
        read_conditionally(operation);
    }
    operation["parameters"].as_array_mut().into_iter().flatten().for_each(bounds::of_parameter);
    if operation["parameters"].is_null() {
        operation.as_object_mut().map(|operation| operation.remove("parameters"));
    }
}

/// The statuses of the problems that an operation can answer with.
fn statuses(path: &str, method: &str, operation: &Value) -> BTreeSet<u16> {
    let id = operation["operationId"].as_str().unwrap_or_default();
    let mut statuses = BTreeSet::from([500, 503]);
    // All that is read under /v1 takes an `If-None-Match`.
    let is_conditional = method == "get" && path.starts_with("/v1");
    if is_conditional || operation["parameters"].as_array().is_some_and(|parameters| !parameters.is_empty()) {
        statuses.insert(400);
    }
    if operation.get("security").is_some() || id == "create_session" || id == "refresh_session" {
        statuses.insert(401);
    }
    if path.contains('{') && id != "get_tag_feed" {
        statuses.insert(404);
    }
    // The conversation below a deleted post stays readable.
    if path.starts_with("/v1/posts/{id}") && id != "get_post_thread" && id != "list_comments" {
        statuses.insert(410);
    }
    if operation.get("requestBody").is_some() {
        statuses.extend([400, 408, 413, 415, 422]);
    }
    if method == "patch" {
        statuses.insert(412);
    }
    statuses.extend(match id {
        "create_user" => &[403, 409][..],
        "create_session" | "update_post" | "delete_post" | "update_comment" | "delete_comment" => &[403],
        "create_post" => &[404, 409, 410],
        "create_comment" => &[409],
        "follow_user" | "repost_post" => &[422],
        _ => &[],
    });
    statuses
}

/// Describes what the entity tags of an answer are good for.
fn read_conditionally(operation: &mut Value) {
    let tag =
        json!({"ETag": {"description": "Names this version of the answer.", "schema": {"type": "string"}}});
    operation["responses"]["200"]["headers"] = tag.clone();
    let is_list =
        operation["parameters"].as_array().is_some_and(|all| all.iter().any(|one| one["name"] == "cursor"));
    if is_list {
        operation["responses"]["200"]["headers"]["Link"] = json!({
            "description": "The next page, as `<…>; rel=\"next\"`; missing where `next_cursor` is null.",
            "schema": {"type": "string"},
        });
    }
    operation["responses"]["304"] = json!({
        "description": "The version that `If-None-Match` names is still the newest.",
        "headers": tag,
    });
    let condition = json!({
        "name": "If-None-Match", "in": "header", "required": false, "schema": {"type": "string"},
        "description": "Entity tags that the client has: answered 304 if one is still the newest.",
    });
    match operation["parameters"].as_array_mut() {
        Some(parameters) => parameters.push(condition),
        None => operation["parameters"] = json!([condition]),
    }
}

fn problem(status: u16) -> Value {
    let status = StatusCode::from_u16(status).unwrap_or_default();
    let name = status.canonical_reason().unwrap_or("Problem");
    let mut response = json!({
        "description": format!("{name}; see the problem's code."),
        "content": {"application/problem+json": {
            "schema": {"$ref": "#/components/schemas/Problem"},
            "example": examples::problem(status),
        }},
    });
    let header = match status {
        StatusCode::UNAUTHORIZED => ("WWW-Authenticate", "What kind of token is wanted.", "string"),
        StatusCode::SERVICE_UNAVAILABLE => ("Retry-After", "Seconds after which to try again.", "integer"),
        _ => return response,
    };
    let (name, description, kind) = header;
    response["headers"][name] = json!({"description": description, "schema": {"type": kind}});
    response
}
