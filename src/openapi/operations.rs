//! What an operation's place and kind say of it: its security, the statuses it can answer, conditional reading.

use std::collections::BTreeSet;

use poem::http::StatusCode;
use serde_json::{Map, Value, json};

use super::{bounds, examples, scopes};
use crate::scope::Scope;

/// Completes an operation of the document. `answers` are examples, by the names of schemas.
pub fn complete(path: &str, method: &str, operation: &mut Value, answers: &Map<String, Value>) {
    // Whoever reads the description sees paragraphs and not where our lines end.
    if let Some(description) = operation["description"].as_str() {
        operation["description"] = description.replace('\n', " ").replace("  ", "\n\n").into();
    }
    // A chapter of its own replaces the one of its slice: Swagger UI would show the operation in both.
    if let Some(chapters) = operation["tags"].as_array_mut() {
        chapters.drain(..chapters.len().saturating_sub(1));
    }
    let statuses = statuses(path, method, operation);
    let is_stream = path.ends_with("/stream");
    match operation["security"].as_array_mut() {
        // Beside the token that has all scopes: one that needs this one.
        Some(ways) => ways.insert(1, json!({scopes::SCOPED: [Scope::of(&method.to_uppercase(), path)]})),
        None => operation["security"] = json!([]),
    }
    let described = operation.clone();
    let Some(responses) = operation["responses"].as_object_mut() else {
        return;
    };
    responses.remove("default");
    if is_stream {
        responses["200"]["description"] = "The events, until either side closes the connection.".into();
    }
    let is_repeatable = described["parameters"]
        .as_array()
        .is_some_and(|all| all.iter().any(|parameter| parameter["name"] == "Idempotency-Key"));
    if !is_repeatable
        && let Some(headers) = responses.get_mut("201").and_then(|made| made["headers"].as_object_mut())
    {
        headers.remove("Idempotent-Replayed");
    }
    for response in responses.values_mut() {
        if let Some(content) = response.pointer_mut("/content/application~1json") {
            show_example(content, answers);
        }
    }
    for status in statuses {
        responses.insert(status.to_string(), problem(status, path, &described));
    }
    if is_conditional(path, method) && !is_stream {
        read_conditionally(operation);
    }
    operation["parameters"].as_array_mut().into_iter().flatten().for_each(bounds::of_parameter);
    if operation["parameters"].is_null() {
        operation.as_object_mut().map(|operation| operation.remove("parameters"));
    }
}

/// All that is read under /v1 takes an `If-None-Match`, but for what is written while it is sent.
fn is_conditional(path: &str, method: &str) -> bool {
    method == "get" && path.starts_with("/v1") && path != "/v1/me/export"
}

/// The statuses of the problems that an operation can answer with.
fn statuses(path: &str, method: &str, operation: &Value) -> BTreeSet<u16> {
    let id = operation["operationId"].as_str().unwrap_or_default();
    let mut statuses = BTreeSet::from([500, 503]);
    if !path.starts_with("/health") {
        statuses.insert(429);
    }
    if is_conditional(path, method)
        || operation["parameters"].as_array().is_some_and(|parameters| !parameters.is_empty())
    {
        statuses.insert(400);
    }
    if operation["security"].is_array() {
        // A token that is not for this, or somebody who is blocked or suspended, or what is somebody else's.
        statuses.extend([401, 403]);
    }
    if id == "create_session" || id == "refresh_session" {
        statuses.extend([401, 403]);
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
        "create_post" | "create_report" => &[404, 409, 410],
        "create_comment" | "resolve_report" => &[409],
        "run_cypher" => &[501],
        "follow_user" | "repost_post" | "block_user" | "unblock_user" | "mute_user" | "unmute_user"
        | "mute_word" => &[422],
        _ => &[],
    });
    statuses
}

/// Shows an answer, where there is an example of its schema or of the items of its list.
fn show_example(content: &mut Value, answers: &Map<String, Value>) {
    let of = |schema: &Value| {
        let name = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next());
        name.and_then(|name| answers.get(name)).cloned()
    };
    let schema = &content["schema"];
    if let Some(example) = of(schema).or_else(|| of(&schema["items"]).map(|item| json!([item]))) {
        content["example"] = example;
    }
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

fn problem(status: u16, path: &str, operation: &Value) -> Value {
    let status = StatusCode::from_u16(status).unwrap_or_default();
    let name = status.canonical_reason().unwrap_or("Problem");
    let mut response = json!({
        "description": format!("{name}; see the problem's code."),
        "content": {"application/problem+json": {
            "schema": {"$ref": "#/components/schemas/Problem"},
            "example": examples::problem(status, path, operation),
        }},
    });
    let header = match status {
        StatusCode::UNAUTHORIZED => ("WWW-Authenticate", "What kind of token is wanted.", "string"),
        StatusCode::FORBIDDEN => {
            ("WWW-Authenticate", "The scope that the token is lacking, if that is the problem.", "string")
        }
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
            ("Retry-After", "Seconds after which to try again.", "integer")
        }
        _ => return response,
    };
    let (name, description, kind) = header;
    response["headers"][name] = json!({"description": description, "schema": {"type": kind}});
    response
}
