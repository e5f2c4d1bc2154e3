//! The API description: it is the committed one, it is complete, and it tells what the server really sends.

use std::collections::BTreeSet;

use kith::{
    admin::{Rows, audit::AuditEntry},
    app::App,
    auth::{
        api::SessionTokens,
        personal_api::{MadePersonalToken, PersonalToken},
    },
    clock::Timestamp,
    comments::{Comment, CommentCounts, CommentViewer},
    error::{FieldError, Problem},
    feeds::{FeedItem, Reason, ReasonKind},
    graph::api::{Paths, Relationship, Suggestion},
    http::operations::Health,
    moderation::{
        OwnReport, Report, ReportCase, ReportOutcome, ReportReason, ReportState, ReportTarget,
        ReportedContent, SuspendedUser, TargetKind,
    },
    openapi,
    page::Page,
    posts::{Media, Post, PostCounts, PostOrTombstone, PostViewer, RemovedPost, Tombstone, Visibility},
    scope::Scope,
    section::Section,
    threads::{CutBy, Replies, Thread, ThreadItem, ThreadItemKind},
    users::{User, UserCounts, UserSummary, UserViewer},
};
use poem_openapi::{
    Tags,
    types::{Any, ToJSON},
};
use serde::Serialize;
use serde_json::Value;

use crate::support::{Kith, On};

const COMMITTED: &str = include_str!("../../openapi/openapi.json");

pub fn document() -> Value {
    openapi::document(&App::for_document().expect("an app that only describes itself"))
}

/// Every operation as (method, path, operation).
pub fn operations(document: &Value) -> Vec<(&str, &str, &Value)> {
    let paths = document["paths"].as_object().expect("paths");
    paths
        .iter()
        .flat_map(|(path, methods)| {
            let methods = methods.as_object().expect("methods");
            methods.iter().map(move |(method, operation)| (method.as_str(), path.as_str(), operation))
        })
        .collect()
}

/// Every schema with the path that leads to it, those inside of others as well.
fn schemas(document: &Value) -> Vec<(String, &Value)> {
    fn walk<'a>(at: String, value: &'a Value, found: &mut Vec<(String, &'a Value)>) {
        match value {
            Value::Object(object) => {
                for (key, child) in object {
                    walk(format!("{at}/{key}"), child, found);
                }
                if object.contains_key("type") || object.contains_key("$ref") || object.contains_key("oneOf")
                {
                    found.push((at, value));
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    walk(format!("{at}/{index}"), item, found);
                }
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    for part in ["components", "paths"] {
        walk(part.to_owned(), &document[part], &mut found);
    }
    found.retain(|(at, _)| !at.contains("/securitySchemes/") && !at.contains("/example"));
    found
}

#[test]
fn the_committed_document_is_the_one_that_the_code_describes() {
    let printed = serde_json::to_string_pretty(&document()).unwrap() + "\n";
    assert!(
        printed == COMMITTED,
        "openapi/openapi.json is not what the code describes. Write it anew with: just openapi"
    );
}

#[tokio::test]
async fn the_documentation_loads_nothing_from_elsewhere_and_runs_only_its_own_scripts() {
    let kith = Kith::start(On::Embedded).await;
    let page = kith.send("GET", "/docs", "", Value::Null).await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none';") && policy.contains("connect-src 'self';"), "{policy}");
    assert_eq!(policy.matches("'sha256-").count(), 2, "{policy}");
    assert!(page.text.starts_with("<!doctype html>") && !page.text.contains("oauth-receiver"));
    assert!(page.text.contains("\"operationId\":\"create_post\""));
}

#[test]
fn every_operation_says_what_it_is_and_what_it_answers() {
    let document = document();
    let mut ids = BTreeSet::new();
    for (method, path, operation) in operations(&document) {
        let name = format!("{method} {path}");
        let id = operation["operationId"].as_str().unwrap_or_else(|| panic!("{name} has no operation id"));
        assert!(id.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_'), "{name}: {id}");
        assert!(ids.insert(id), "{id} stands twice");
        for text in ["summary", "description"] {
            assert!(operation[text].as_str().is_some_and(|text| !text.is_empty()), "{name} has no {text}");
        }
        assert!(operation["tags"].as_array().is_some_and(|tags| tags.len() == 1), "{name} has not one tag");
        assert!(operation["security"].is_array(), "{name} has no security, not even none");
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            assert!(
                parameter["description"].as_str().is_some_and(|text| !text.is_empty()),
                "{name}: {}",
                parameter["name"]
            );
        }
        let responses = operation["responses"].as_object().expect("responses");
        assert!(responses.keys().any(|status| status.starts_with('2')), "{name} never succeeds");
        for needed in ["500", "503"] {
            assert!(responses.contains_key(needed), "{name} never answers {needed}");
        }
        for (status, response) in responses {
            assert!(
                response["description"].as_str().is_some_and(|text| !text.is_empty()),
                "{name}: {status} has no description"
            );
            if status.as_str() >= "400" {
                let content = response["content"].as_object().expect("content");
                assert_eq!(
                    content.keys().collect::<Vec<_>>(),
                    ["application/problem+json"],
                    "{name}: {status}"
                );
                let schema = &content["application/problem+json"]["schema"];
                assert_eq!(schema["$ref"], "#/components/schemas/Problem", "{name}: {status}");
            }
        }
        if operation.get("requestBody").is_some() {
            let content = operation["requestBody"]["content"].as_object().expect("content");
            assert_eq!(content.keys().collect::<Vec<_>>(), ["application/json"], "{name}");
            for needed in ["400", "413", "415", "422"] {
                assert!(responses.contains_key(needed), "{name} never answers {needed}");
            }
        }
    }
}

#[test]
fn every_chapter_has_its_place() {
    let document = document();
    let chapters: Vec<_> = document["tags"]
        .as_array()
        .expect("tags")
        .iter()
        .map(|tag| tag["name"].as_str().expect("a name"))
        .collect();
    assert_eq!(chapters, Section::ALL.map(|section| section.name()), "src/section.rs");
}

#[test]
fn what_creates_links_to_operations_on_what_was_created() {
    let document = document();
    let all = operations(&document);
    for (_, path, operation) in &all {
        let Some(created) = operation["responses"].get("201") else {
            continue;
        };
        let links =
            created["links"].as_object().unwrap_or_else(|| panic!("{path} is not in src/openapi/links.rs"));
        let mut methods = BTreeSet::new();
        for link in links.values() {
            let (method, _, target) = all
                .iter()
                .find(|(_, _, target)| target["operationId"] == link["operationId"])
                .unwrap_or_else(|| panic!("{path}: there is no {link}"));
            methods.insert(*method);
            let parameters = target["parameters"].as_array().expect("parameters");
            for name in link["parameters"].as_object().expect("parameters").keys() {
                assert!(
                    parameters.iter().any(|parameter| parameter["name"] == name.as_str()),
                    "{path}: {link}"
                );
            }
        }
        assert!(methods.contains("get"), "{path} links to nothing that reads what was made: {methods:?}");
    }
}

#[test]
fn every_schema_and_every_property_is_described() {
    let document = document();
    for (name, schema) in document["components"]["schemas"].as_object().expect("schemas") {
        assert!(schema["description"].as_str().is_some_and(|text| !text.is_empty()), "{name}");
        for (property, value) in schema["properties"].as_object().into_iter().flatten() {
            let described = value["description"].as_str().is_some_and(|text| !text.is_empty());
            // What a union is stands at the union.
            assert!(described || value.get("$ref").is_some(), "{name}.{property} is not described");
        }
    }
}

/// Texts that are for people, or whose bounds nobody sets.
const UNBOUNDED: [&str; 7] = [
    "components/schemas/FieldError/properties/field",
    "components/schemas/FieldError/properties/message",
    "components/schemas/Media/properties/url",
    "components/schemas/Problem/properties/detail",
    "components/schemas/Problem/properties/instance",
    "components/schemas/Problem/properties/title",
    "components/schemas/Media/properties/alt_text",
];

#[test]
fn every_text_and_every_number_has_its_bounds() {
    let document = document();
    for (at, schema) in schemas(&document) {
        if UNBOUNDED.contains(&at.as_str()) || at.contains("/headers/") || at.contains("event-stream/schema")
        {
            continue;
        }
        let has = |keys: &[&str]| keys.iter().any(|key| schema.get(key).is_some());
        match schema["type"].as_str() {
            Some("string") => assert!(
                has(&["pattern", "format", "enum", "maxLength", "x-max-graphemes", "minLength"]),
                "{at}: {schema}"
            ),
            // A place above the comment of a thread has a negative depth.
            Some("integer") => {
                assert!(at.ends_with("ThreadItem/properties/depth") || has(&["minimum"]), "{at}: {schema}");
            }
            _ => {}
        }
    }
    let limit = document.pointer("/paths/~1v1~1feeds~1home/get/parameters/0/schema").unwrap();
    assert_eq!(
        (&limit["minimum"], &limit["maximum"], &limit["default"]),
        (&1.into(), &100.into(), &20.into())
    );
    let user = &document["components"]["schemas"]["NewUser"]["properties"];
    assert_eq!((&user["password"]["minLength"], &user["password"]["maxLength"]), (&10.into(), &128.into()));
    assert_eq!(document["components"]["schemas"]["FeedItem"]["properties"]["reasons"]["maxItems"], 5);
    assert_eq!(document["components"]["schemas"]["NewPost"]["properties"]["text"]["x-max-graphemes"], 280);
}

#[test]
fn an_answer_has_every_field_and_a_request_no_other() {
    let document = document();
    let requests: BTreeSet<&str> = operations(&document)
        .iter()
        .filter_map(|(_, _, operation)| {
            operation
                .pointer("/requestBody/content/application~1json/schema/$ref")?
                .as_str()?
                .rsplit('/')
                .next()
        })
        .collect();
    assert!(requests.len() >= 8, "{requests:?}");
    for (name, schema) in document["components"]["schemas"].as_object().expect("schemas") {
        let Some(properties) = schema["properties"].as_object() else {
            continue;
        };
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        for (property, value) in properties {
            let nullable = value["nullable"] == true
                || value["oneOf"]
                    .as_array()
                    .is_some_and(|parts| parts.iter().any(|part| part["nullable"] == true));
            let is_required = required.iter().any(|name| name == property);
            if requests.contains(name.as_str()) {
                assert!(is_required != nullable, "{name}.{property} is required and null, or neither");
            } else {
                assert!(is_required, "{name}.{property} may be missing");
            }
        }
        assert_eq!(schema["additionalProperties"] == false, requests.contains(name.as_str()), "{name}");
    }
}

#[test]
fn nothing_refers_to_a_schema_that_is_not_there() {
    let document = document();
    for (at, schema) in schemas(&document) {
        if let Some(path) = schema["$ref"].as_str() {
            assert!(document.pointer(&path[1..]).is_some(), "{at} refers to {path}");
        }
    }
}

/// The server writes with serde and describes with poem-openapi: both must see the same type.
#[expect(clippy::too_many_lines, reason = "a sample of each type")]
#[test]
fn what_is_sent_is_what_is_described() {
    #[track_caller]
    fn agree<T: Serialize + ToJSON>(values: &[T]) {
        for value in values {
            assert_eq!(Some(serde_json::to_value(value).unwrap()), value.to_json());
        }
    }
    let at = Timestamp(1_700_000_000_123_456);
    let person = |avatar_url: Option<&str>| UserSummary {
        id: "a".repeat(24),
        handle: "ann".into(),
        name: "Ann".into(),
        avatar_url: avatar_url.map(str::to_owned),
    };
    let ann = person(Some("https://example.com/a.png"));
    let user = |viewer| User {
        id: ann.id.clone(),
        handle: "ann".into(),
        name: "Ann".into(),
        avatar_url: None,
        bio: Some("Hi".into()),
        locked: false,
        created_at: at,
        counts: UserCounts { posts: 1, followers: 2, following: 3 },
        viewer,
        revision: 4,
    };
    let relation = UserViewer { following: true, blocking: true, ..UserViewer::default() };
    let post = |quoted: Option<PostOrTombstone>| Post {
        id: "b".repeat(24),
        author: ann.clone(),
        text: "Hi #kith @ann".into(),
        created_at: at,
        edited_at: quoted.is_some().then_some(at),
        visibility: Visibility::Public,
        replies: Visibility::Public,
        quoted: quoted.map(Box::new),
        media: vec![Media { id: "m".into(), url: "https://example.com/m".into(), alt_text: None }],
        tags: vec!["kith".into()],
        mentions: vec![person(None)],
        counts: PostCounts { comments: 1, likes: 2, reposts: 3, quotes: 4 },
        viewer: Some(PostViewer { liked: true, reposted: false, bookmarked: true }),
        quote_of: None,
        revision: 1,
        bookmarks: 0,
        rank_key: 1,
    };
    let gone = || PostOrTombstone::Deleted(Tombstone { id: "c".repeat(24) });
    let removed = || PostOrTombstone::Removed(RemovedPost { id: "c".repeat(24) });
    let comment = |author: Option<UserSummary>| Comment {
        id: "d".repeat(24),
        post_id: "b".repeat(24),
        parent_id: author.is_some().then(|| "e".repeat(24)),
        deleted: author.is_none(),
        removed: false,
        author,
        text: "Hi".into(),
        created_at: at,
        edited_at: None,
        depth: 1,
        counts: CommentCounts { replies: 1, likes: 2 },
        viewer: Some(CommentViewer { liked: true }),
        revision: 1,
    };
    let kinds = [ReasonKind::Author, ReasonKind::Repost, ReasonKind::Tag];
    let item = FeedItem {
        id: "b".repeat(24),
        post: post(Some(gone())),
        reasons: kinds.map(|kind| Reason { kind, by: ann.clone(), at }).to_vec(),
        reason_count: 3,
        rank_at: at,
    };
    let place = |kind, comment: Option<Comment>, cut_by| ThreadItem {
        kind,
        id: "d".repeat(24),
        parent_id: None,
        depth: -1,
        comment,
        replies: Replies { total: 2, shown: 1, next_cursor: Some("x".into()), cut_by },
    };
    let thread = Thread {
        post: gone(),
        items: vec![
            place(ThreadItemKind::Comment, Some(comment(Some(ann.clone()))), Some(CutBy::Depth)),
            place(ThreadItemKind::Deleted, None, Some(CutBy::Count)),
            place(ThreadItemKind::Removed, None, None),
            place(ThreadItemKind::Hidden, None, None),
        ],
        next_cursor: None,
    };
    let problem = Problem {
        kind: "/problems/x".into(),
        title: "X".into(),
        status: 400,
        detail: "X.".into(),
        code: "x".into(),
        instance: "/".into(),
        request_id: "r".into(),
        errors: vec![FieldError::new("text", "is required")],
    };
    agree(&[user(None), user(Some(relation))]);
    agree(&[relation]);
    agree(&[
        post(None),
        post(Some(gone())),
        post(Some(removed())),
        post(Some(PostOrTombstone::Post(post(None)))),
    ]);
    agree(&[comment(None), comment(Some(ann.clone()))]);
    agree(&[Page { items: vec![item], next_cursor: Some("x".into()) }]);
    agree(&[Page::<UserSummary> { items: Vec::new(), next_cursor: None }]);
    agree(&[thread]);
    agree(&[problem]);
    let target = || ReportTarget { kind: TargetKind::Post, id: "b".repeat(24) };
    agree(&[OwnReport {
        id: "f".repeat(24),
        target: target(),
        reason: ReportReason::SelfHarm,
        note: None,
        state: ReportState::Open,
        created_at: at,
        outcome: None,
        resolved_at: None,
        rank_key: 1,
    }]);
    agree(&[ReportCase {
        report: Report {
            id: "f".repeat(24),
            target: target(),
            owner_id: ann.id.clone(),
            reporter_id: "h".repeat(24),
            reason: ReportReason::Other,
            note: Some("Look".into()),
            state: ReportState::Resolved,
            created_at: at,
            open_reports: 0,
            outcome: Some(ReportOutcome::Suspend),
            resolved_at: Some(at),
            moderator_id: Some("i".repeat(24)),
            resolution_note: None,
            rank_key: 1,
        },
        content: Some(ReportedContent {
            author_id: ann.id.clone(),
            handle: "ann".into(),
            text: Some("Hi".into()),
        }),
    }]);
    agree(&[SuspendedUser { user: ann.clone(), at, until: None }]);
    agree(&[AuditEntry {
        id: ann.id.clone(),
        at,
        actor_id: None,
        action: "grant".into(),
        detail: "@ann admin".into(),
    }]);
    let rows = vec![vec![Any(serde_json::json!({"labels": ["User"]})), Any(Value::Null)]];
    agree(&[Rows { columns: vec!["user".into(), "n".into()], rows, truncated: false }]);
    agree(&[Health { status: "ok".into() }]);
    agree(&[SessionTokens {
        access_token: "a".into(),
        token_type: "Bearer".into(),
        expires_in: 1,
        refresh_token: "r".into(),
    }]);
    for expires_at in [None, Some(at)] {
        let (id, name, scopes) = ("f".repeat(24), "x".to_owned(), Scope::ALL.to_vec());
        let made = MadePersonalToken {
            id: id.clone(),
            name: name.clone(),
            scopes: scopes.clone(),
            created_at: at,
            expires_at,
            token: "t".into(),
        };
        agree(&[made]);
        agree(&[PersonalToken { id, name, scopes, created_at: at, expires_at, last_used_at: expires_at }]);
    }
    agree(&[
        Paths { length: Some(1), paths: vec![vec![ann.clone()]] },
        Paths { length: None, paths: Vec::new() },
    ]);
    agree(&[Suggestion { user: ann.clone(), followed_by: vec![ann.clone()], followed_by_count: 1 }]);
    let state = UserViewer { following: true, muting: true, muted_until: Some(at), ..UserViewer::default() };
    agree(&[Relationship { id: ann.id.clone(), state }]);
}
