//! The OpenAPI document: what poem-openapi generates, put right for those who generate clients from it.

mod bounds;
mod examples;
mod links;
mod operations;
mod scopes;
mod swagger;

use std::{collections::BTreeSet, sync::Arc};

use poem_openapi::{OpenApiService, Tags};
use serde_json::{Map, Value, json};
use tokio::sync::Semaphore;

use crate::{
    accounts::api::AccountsApi,
    admin::{api::AdminApi, cypher::AT_ONCE},
    app::App,
    auth::{api::SessionsApi, personal_api::PersonalTokensApi},
    comments::api::CommentsApi,
    export::{Exports, api::ExportApi},
    feeds::{Trending, api::FeedsApi},
    follows::api::FollowsApi,
    graph::api::GraphApi,
    http::operations::OperationsApi,
    moderation::api::ModerationApi,
    posts::api::PostsApi,
    privacy::{api::PrivacyApi, words::MutedWordsApi},
    reactions::api::ReactionsApi,
    section::Section,
    threads::api::ThreadsApi,
    users::api::UsersApi,
};

type Apis = (
    SessionsApi,
    PersonalTokensApi,
    UsersApi,
    AccountsApi,
    FollowsApi,
    ExportApi,
    (PrivacyApi, MutedWordsApi),
    PostsApi,
    ReactionsApi,
    CommentsApi,
    ThreadsApi,
    FeedsApi,
    GraphApi,
    ModerationApi,
    AdminApi,
    OperationsApi,
);

/// Every slice's endpoints: the table of contents of the API.
pub fn service(app: &Arc<App>) -> OpenApiService<Apis, ()> {
    let app = || Arc::clone(app);
    let apis = (
        SessionsApi { app: app() },
        PersonalTokensApi { app: app() },
        UsersApi { app: app() },
        AccountsApi { app: app() },
        FollowsApi { app: app() },
        ExportApi { app: app(), exports: Exports::default() },
        (PrivacyApi { app: app() }, MutedWordsApi { app: app() }),
        PostsApi { app: app() },
        ReactionsApi { app: app() },
        CommentsApi { app: app() },
        ThreadsApi { app: app() },
        FeedsApi { app: app(), trending: Trending::default() },
        GraphApi { app: app() },
        ModerationApi { app: app() },
        AdminApi { app: app(), turns: Semaphore::new(AT_ONCE) },
        OperationsApi { app: app() },
    );
    OpenApiService::new(apis, "Kith", env!("CARGO_PKG_VERSION")).description(DESCRIPTION)
}

const DESCRIPTION: &str = "A social API over a graph: people, follows, posts, threads and feeds.\n\n\
    To write, register with `POST /v1/users`, log in with `POST /v1/sessions`, and send the `access_token` of its answer as \
    a bearer token.\n\n\
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
    let schemas = document["components"]["schemas"].clone();
    if let Some(found) = document["components"]["schemas"].as_object_mut() {
        for (name, schema) in found.iter_mut() {
            complete_schema(schema, answers.contains(name.as_str()), &schemas);
        }
        bounds::of_texts(found, &app.config.limits);
        examples::of_requests(found);
    }
    let answers = examples::answers();
    for (path, methods) in document["paths"].as_object_mut().into_iter().flatten() {
        for (method, operation) in methods.as_object_mut().into_iter().flatten() {
            operations::complete(path, method, operation, &answers);
        }
    }
    links::add(&mut document);
    document["components"]["securitySchemes"][scopes::SCOPED] = scopes::scheme(app);
    if let Some(chapters) = document["tags"].as_array_mut() {
        chapters
            .sort_by_key(|chapter| Section::ALL.iter().position(|section| chapter["name"] == section.name()));
    }
    inline_events(&mut document);
    document
}

/// Moves the schema of events to the one stream that sends them: nothing that OpenAPI 3.0 knows refers to it.
fn inline_events(document: &mut Value) {
    let event = document["components"]["schemas"].as_object_mut().and_then(|all| all.remove("StreamEvent"));
    let stream = &mut document["paths"]["/v1/feeds/home/stream"]["get"]["responses"]["200"]["content"];
    stream["text/event-stream"]["schema"]["x-event-schema"] = event.unwrap_or_default();
}

/// The document in YAML.
pub fn to_yaml(document: &Value) -> String {
    serde_yaml::to_string(document).unwrap_or_else(|error| unreachable!("JSON is YAML: {error}"))
}

/// Swagger UI with the document in it.
pub fn swagger_page(app: &Arc<App>, document: &Value) -> swagger::Page {
    let service = service(app);
    let server = document["servers"][0]["url"].as_str().unwrap_or_default();
    let shown = without_scopes(document.clone()).to_string();
    swagger::page(&service.swagger_ui_html(), &service.spec(), &shown, server)
}

/// The document with one way in: Swagger UI would ask an issuer for what it can do, which our page may not, and has one
/// field for whatever token.
fn without_scopes(mut document: Value) -> Value {
    document["components"]["securitySchemes"].as_object_mut().map(|schemes| schemes.remove(scopes::SCOPED));
    walk(&mut document, &mut |object| {
        if let Some(Value::Array(ways)) = object.get_mut("security") {
            ways.retain(|way| way.get(scopes::SCOPED).is_none());
        }
    });
    document
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

/// In an answer every field is there, and one without a value is null. In a request null says the same as leaving a
/// field out, and what is not listed is refused.
fn complete_schema(schema: &mut Value, is_answer: bool, schemas: &Value) {
    let required: BTreeSet<String> = schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|name| name.as_str().map(str::to_owned))
        .collect();
    let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else {
        return;
    };
    let names: Vec<Value> = properties.keys().map(|name| name.clone().into()).collect();
    for (name, property) in properties.iter_mut() {
        let reference =
            property.get("$ref").or_else(|| property["allOf"].get(0).and_then(|of| of.get("$ref")));
        let Some(path) = reference.and_then(Value::as_str).map(str::to_owned) else {
            if !required.contains(name) {
                property["nullable"] = true.into();
            }
            continue;
        };
        let target = path.rsplit('/').next().map_or(&Value::Null, |name| &schemas[name]);
        let union = target["oneOf"].as_array();
        *property = if !required.contains(name) {
            // `nullable` beside a reference is read by no two tools alike; a schema of null is read by all.
            let mut parts = union.cloned().unwrap_or_else(|| vec![json!({"$ref": path})]);
            parts.push(json!({"type": target["type"], "nullable": true, "enum": [null]}));
            json!({"description": property["description"], "oneOf": parts})
        } else if union.is_some() {
            // Generators take `allOf` of a union for something that adds to each of its parts.
            json!({"$ref": path})
        } else {
            json!({"description": property["description"], "allOf": [{"$ref": path}]})
        };
    }
    if is_answer {
        schema["required"] = names.into();
    } else {
        schema["additionalProperties"] = false.into();
    }
}
