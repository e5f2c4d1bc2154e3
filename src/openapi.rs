//! The OpenAPI document: what poem-openapi generates, put right for those who generate clients from it.

use std::{collections::BTreeSet, sync::Arc};

use poem_openapi::{OpenApiService, Tags};
use serde_json::{Map, Value, json};

use crate::{
    accounts::api::AccountsApi,
    app::App,
    auth::api::SessionsApi,
    comments::api::CommentsApi,
    feeds::{Trending, api::FeedsApi},
    follows::api::FollowsApi,
    graph::api::GraphApi,
    http::operations::OperationsApi,
    posts::api::PostsApi,
    reactions::api::ReactionsApi,
    threads::api::ThreadsApi,
    users::api::UsersApi,
};

/// The chapters of the document.
#[derive(Tags)]
pub enum Section {
    /// Registering, logging in, one's own account.
    Accounts,
    /// People and who follows whom.
    Users,
    /// Following and unfollowing.
    Follows,
    /// Writing and reading posts and quotes.
    Posts,
    /// Likes, reposts and bookmarks.
    Reactions,
    /// Answers to posts, nested.
    Comments,
    /// Conversations, flat and in pages.
    Threads,
    /// Posts in the order in which people read them.
    Feeds,
    /// Questions that only a graph answers.
    Graph,
    /// Health.
    Operations,
}

type Apis = (
    SessionsApi,
    UsersApi,
    AccountsApi,
    FollowsApi,
    PostsApi,
    ReactionsApi,
    CommentsApi,
    ThreadsApi,
    FeedsApi,
    GraphApi,
    OperationsApi,
);

/// Every slice's endpoints: the table of contents of the API.
pub fn service(app: &Arc<App>) -> OpenApiService<Apis, ()> {
    let app = || Arc::clone(app);
    let apis = (
        SessionsApi { app: app() },
        UsersApi { app: app() },
        AccountsApi { app: app() },
        FollowsApi { app: app() },
        PostsApi { app: app() },
        ReactionsApi { app: app() },
        CommentsApi { app: app() },
        ThreadsApi { app: app() },
        FeedsApi { app: app(), trending: Trending::default() },
        GraphApi { app: app() },
        OperationsApi { app: app() },
    );
    OpenApiService::new(apis, "Kith", env!("CARGO_PKG_VERSION")).description(DESCRIPTION)
}

const DESCRIPTION: &str = "A social API over a graph: people, follows, posts, threads and feeds.\n\n\
    Every error is RFC 9457 problem details with a stable `code`. Lists are cursor pages. A `POST` that creates honours \
    `Idempotency-Key` for 24 hours. Single resources and pages carry an `ETag`.";

/// The whole document.
pub fn document(app: &Arc<App>) -> Value {
    let raw = service(app).spec();
    let mut document: Value =
        serde_json::from_str(&raw).unwrap_or_else(|error| unreachable!("poem-openapi: {error}"));
    walk(&mut document, &mut tidy);
    let answers = answer_schemas(&document);
    document["openapi"] = "3.0.3".into();
    document["info"]["license"] =
        json!({"name": "MIT OR Apache-2.0", "url": "https://spdx.org/licenses/MIT.html"});
    let server = app.config.http.public_url.clone().unwrap_or_else(|| "/".to_owned());
    document["servers"] = json!([{"url": server, "description": "This Kith"}]);
    if let Some(schemas) = document["components"]["schemas"].as_object_mut() {
        for (name, schema) in schemas.iter_mut() {
            if answers.contains(name.as_str()) {
                require_all(schema);
            } else {
                schema["additionalProperties"] = false.into();
            }
        }
    }
    for (path, methods) in document["paths"].as_object_mut().into_iter().flatten() {
        for (method, operation) in methods.as_object_mut().into_iter().flatten() {
            complete(path, method, operation);
        }
    }
    document
}

/// The document in YAML.
pub fn to_yaml(document: &Value) -> String {
    serde_yaml::to_string(document).unwrap_or_else(|error| unreachable!("JSON is YAML: {error}"))
}

/// Swagger UI with the document in it: one page that loads nothing from elsewhere.
pub fn swagger_page(app: &Arc<App>, document: &Value) -> String {
    let service = service(app);
    service.swagger_ui_html().replacen(&service.spec(), &document.to_string(), 1)
}

/// Calls `visit` on every object, outermost first.
fn walk(value: &mut Value, visit: &mut impl FnMut(&mut Map<String, Value>)) {
    match value {
        Value::Object(object) => {
            visit(object);
            object.values_mut().for_each(|child| walk(child, visit));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| walk(item, visit)),
        _ => {}
    }
}

/// What poem-openapi 5.1 writes in a way that generators of clients trip over.
fn tidy(object: &mut Map<String, Value>) {
    // A reference with a default is written as `allOf` of two schemas, and the second is no schema.
    if let Some(Value::Array(parts)) = object.get("allOf").cloned()
        && let [reference, siblings] = parts.as_slice()
        && reference.get("$ref").is_some()
        && siblings.get("properties").is_none()
        && siblings.get("$ref").is_none()
        && siblings.get("type").is_none()
    {
        for (key, value) in siblings.as_object().into_iter().flatten() {
            object.entry(key.clone()).or_insert_with(|| value.clone());
        }
        object.insert("allOf".to_owned(), json!([reference]));
    }
    for bound in ["minimum", "maximum"] {
        let is_integer = object.get("type") == Some(&"integer".into());
        if let Some(number) = object.get(bound).and_then(Value::as_f64).filter(|_| is_integer) {
            #[expect(clippy::cast_possible_truncation, reason = "bounds are small whole numbers")]
            object.insert(bound.to_owned(), (number as i64).into());
        }
    }
    match object.get("format").and_then(Value::as_str) {
        Some("uint8" | "uint16") => {
            object.insert("format".to_owned(), "int32".into());
            object.entry("minimum").or_insert(0.into());
        }
        // OpenAPI 3.0 knows no schema for a stream of events: each is an object, and the body is text.
        Some("event-stream") => {
            let event = object.remove("items");
            object.clear();
            object.insert("type".to_owned(), "string".into());
            object.insert("x-event-schema".to_owned(), event.unwrap_or_default());
        }
        _ => {}
    }
    if let Some(Value::Object(headers)) = object.get_mut("headers") {
        for (was, is) in [("LOCATION", "Location"), ("IDEMPOTENT-REPLAYED", "Idempotent-Replayed")] {
            if let Some(header) = headers.remove(was) {
                headers.insert(is.to_owned(), header);
            }
        }
    }
}

/// The schemas that answers are made of: all but those that only requests name.
fn answer_schemas(document: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open: Vec<&Value> = document["paths"]
        .as_object()
        .into_iter()
        .flatten()
        .flat_map(|(_, methods)| methods.as_object().into_iter().flatten())
        .map(|(_, operation)| &operation["responses"])
        .collect();
    while let Some(value) = open.pop() {
        match value {
            Value::Object(object) => {
                for (key, child) in object {
                    let reference = child.as_str().filter(|_| key == "$ref");
                    let mapped = child.as_str().filter(|child| child.starts_with("#/components/schemas/"));
                    if let Some(name) = reference.or(mapped).and_then(|path| path.rsplit('/').next())
                        && found.insert(name.to_owned())
                    {
                        open.push(&document["components"]["schemas"][name]);
                    }
                    open.push(child);
                }
            }
            Value::Array(items) => open.extend(items),
            _ => {}
        }
    }
    found
}

/// In an answer every field is there; one without a value is null.
fn require_all(schema: &mut Value) {
    let required: BTreeSet<String> = schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|name| name.as_str().map(str::to_owned))
        .collect();
    let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else {
        return;
    };
    let mut names = Vec::new();
    for (name, property) in properties.iter_mut() {
        names.push(Value::from(name.clone()));
        if required.contains(name) {
            continue;
        }
        if let Some(reference) = property.get("$ref").cloned() {
            *property = json!({"allOf": [{"$ref": reference}]});
        }
        property["nullable"] = true.into();
    }
    if !names.is_empty() {
        schema["required"] = names.into();
    }
}

/// Gives an operation its security, its statuses, and what the layers around it add.
fn complete(path: &str, method: &str, operation: &mut Value) {
    let is_read = method == "get" && path.starts_with("/v1") && !path.ends_with("/stream");
    let (has_body, needs_token) =
        (operation.get("requestBody").is_some(), operation.get("security").is_some());
    if !needs_token {
        operation["security"] = json!([]);
    }
    let id = operation["operationId"].as_str().unwrap_or_default().to_owned();
    let mut statuses: BTreeSet<u16> = BTreeSet::from([500, 503]);
    if operation["parameters"].as_array().is_some_and(|parameters| !parameters.is_empty()) {
        statuses.insert(400);
    }
    if needs_token || id == "create_session" || id == "refresh_session" {
        statuses.insert(401);
    }
    if path.contains('{') && id != "get_tag_feed" {
        statuses.insert(404);
    }
    if path.starts_with("/v1/posts/{id}") && !path.ends_with("/thread") {
        statuses.insert(410);
    }
    if has_body {
        statuses.extend([400, 413, 415, 422]);
    }
    statuses.extend(match id.as_str() {
        "create_user" => &[403, 409][..],
        "create_post" => &[404, 409, 410],
        "create_comment" => &[409],
        "update_me" => &[412],
        "update_post" | "update_comment" => &[403, 412],
        "create_session" | "delete_post" | "delete_comment" => &[403],
        "follow_user" | "repost_post" => &[422],
        _ => &[],
    });
    let Some(responses) = operation["responses"].as_object_mut() else {
        return;
    };
    responses.remove("default");
    for status in statuses {
        responses.insert(status.to_string(), problem(status));
    }
    if is_read {
        let tag = json!({"description": "Names this version of the answer.", "schema": {"type": "string"}});
        let unchanged = json!({"description": "The version that `If-None-Match` names is still the newest.",
            "headers": {"ETag": tag.clone()}});
        responses["200"]["headers"]["ETag"] = tag;
        responses.insert("304".to_owned(), unchanged);
        let condition = json!({"name": "If-None-Match", "in": "header", "required": false,
            "description": "Entity tags that the client has: answered 304 if one is still the newest.",
            "schema": {"type": "string"}});
        match operation["parameters"].as_array_mut() {
            Some(parameters) => parameters.push(condition),
            None => operation["parameters"] = json!([condition]),
        }
    }
}

fn problem(status: u16) -> Value {
    let reason = poem::http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    json!({
        "description": format!("{}; see the problem's code.", reason.unwrap_or("Problem")),
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    })
}
