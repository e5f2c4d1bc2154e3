//! What a reader of the description is shown, and what "Try it out" begins with.

use std::time::Duration;

use poem::http::StatusCode;
use serde_json::{Map, Value, json};

use super::scopes;
use crate::{
    error::{Error, FieldError, Problem},
    store::{StoreError, asked::ONLY_NEO4J},
};

const ID: &str = "tz4a98xxat96iws9zmbrgj3a";

/// Adds examples to the bodies of requests.
pub fn of_requests(schemas: &mut Map<String, Value>) {
    let text = json!({"text": "Hello, #kith!"});
    let examples = [
        ("NewUser", json!({"handle": "ann", "name": "Ann", "password": "correct horse", "bio": "Hi"})),
        ("Credentials", json!({"handle": "ann", "password": "correct horse"})),
        ("NewPersonalToken", json!({"name": "Backup", "scopes": ["read"], "expires_in": 2_592_000})),
        ("ProfileChanges", json!({"name": "Ann B.", "bio": null})),
        ("NewPost", text.clone()),
        ("PostChanges", text.clone()),
        ("NewComment", text.clone()),
        ("CommentChanges", text),
        ("NewReport", json!({"target": "post", "id": ID, "reason": "spam", "note": "The tenth time today."})),
        ("Resolution", json!({"action": "remove", "note": "Advertising"})),
        (
            "CypherQuery",
            json!({
                "query": "MATCH (user:User)-[:POSTED]->(post:Post) RETURN user.handle AS handle, count(post) AS posts \
                          ORDER BY posts DESC LIMIT $limit",
                "parameters": {"limit": 10},
            }),
        ),
    ];
    for (name, example) in examples {
        schemas[name]["example"] = example;
    }
}

/// Examples of what is answered, by the names of the schemas. A reader is otherwise shown random letters, and where
/// schemas stand in each other several times no more than the word "string".
pub fn answers() -> Map<String, Value> {
    let (at, later) = ("2026-01-02T15:04:05.000000Z", "2026-01-02T16:20:00.000000Z");
    let summary = |id, handle, name| json!({"id": id, "handle": handle, "name": name, "avatar_url": null});
    let ann = summary(ID, "ann", "Ann");
    let bob = summary("pfh0haxfpzowht3oi213cqos", "bob", "Bob");
    let state = json!({"following": true, "followed_by": false, "requested": false, "requested_by": false, "blocking": false, "muting": false, "muted_until": null});
    let mut user = ann.clone();
    user["bio"] = "Hi".into();
    user["locked"] = false.into();
    user["created_at"] = at.into();
    user["counts"] = json!({"posts": 1, "followers": 2, "following": 3});
    user["viewer"] = state.clone();
    let post = json!({
        "id": "nc6bzmkmd014706rfda898to", "author": ann, "text": "Hello, #kith!", "created_at": at,
        "edited_at": null, "visibility": "public", "replies": "public", "quoted": null, "media": [], "tags": ["kith"], "mentions": [],
        "counts": {"comments": 1, "likes": 2, "reposts": 1, "quotes": 0},
        "viewer": {"liked": true, "reposted": false, "bookmarked": false},
    });
    let comment = json!({
        "id": "k0xpkry4lx8tl3qh8vry0f6m", "post_id": post["id"], "parent_id": null, "author": bob,
        "text": "Welcome", "created_at": later, "edited_at": null, "depth": 1, "deleted": false, "removed": false,
        "counts": {"replies": 0, "likes": 1}, "viewer": {"liked": false},
    });
    let item = json!({
        "id": post["id"], "post": post, "reasons": [{"kind": "author", "by": ann, "at": at}], "reason_count": 1,
        "rank_at": at,
    });
    let place = json!({
        "kind": "comment", "id": comment["id"], "parent_id": null, "depth": 1, "comment": comment,
        "replies": {"total": 0, "shown": 0, "next_cursor": null, "cut_by": null},
    });
    // Where a tombstone may stand as well, a post says that it is one.
    let mut tagged = post.clone();
    tagged["kind"] = "post".into();
    let suggestion = json!({"user": ann, "followed_by": [bob], "followed_by_count": 1});
    let mut relationship = state;
    relationship["id"] = ann["id"].clone();
    let token = json!({
        "id": "x4kq0c7m1d9s8v2b6n3z5a1f", "name": "Backup", "scopes": ["read"], "created_at": at,
        "expires_at": null, "last_used_at": later,
    });
    let mut made = token.clone();
    made["token"] = "kith_pat_6Jt0mG1ZcXQvRkqk3yM3oTqv0sQx2p8Jw9bNfLhYd5E".into();
    made.as_object_mut().map(|made| made.remove("last_used_at"));
    let page = |item: &Value| json!({"items": [item], "next_cursor": null});
    let examples = [
        ("Page_Comment", page(&comment)),
        ("Page_FeedItem", page(&item)),
        ("MadePersonalToken", made),
        ("Page_PersonalToken", page(&token)),
        ("PersonalToken", token),
        ("Page_Post", page(&post)),
        ("Page_Suggestion", page(&suggestion)),
        ("Page_UserSummary", page(&bob)),
        ("Paths", json!({"length": 1, "paths": [[bob, ann]]})),
        ("Relationship", relationship),
        ("Thread", json!({"post": tagged, "items": [place], "next_cursor": null})),
        ("Comment", comment),
        ("Post", post),
        ("User", user),
    ];
    examples.map(|(name, example)| (name.to_owned(), example)).into_iter().collect()
}

/// A problem of that status that the operation can answer with, as Kith itself would tell it.
pub fn problem(status: StatusCode, path: &str, operation: &Value) -> Problem {
    let id = operation["operationId"].as_str().unwrap_or_default();
    let error = match status {
        StatusCode::BAD_REQUEST => bad_request(operation),
        StatusCode::UNAUTHORIZED if path.starts_with("/v1/sessions") && id != "delete_current_session" => {
            Error::InvalidCredentials
        }
        StatusCode::UNAUTHORIZED => Error::Unauthenticated,
        StatusCode::FORBIDDEN if path.starts_with("/v1/admin") => Error::NEEDS_ADMIN,
        StatusCode::FORBIDDEN => match id {
            "create_user" | "create_session" => Error::Forbidden("Accounts are kept by an external issuer."),
            "delete_current_session" => {
                Error::Forbidden("This token has no session here. End it where it was issued.")
            }
            "update_post" => Error::Forbidden("Only its author can change a post."),
            "delete_post" => Error::Forbidden("Only its author can delete a post."),
            "update_comment" => Error::Forbidden("Only its author can change a comment."),
            "delete_comment" => Error::Forbidden("Only its author can delete a comment."),
            _ if path.starts_with("/v1/moderation") => Error::NEEDS_MODERATOR,
            _ if tells_of_blocks(path, id) => Error::Blocked,
            _ => Error::InsufficientScope(scopes::of(operation)),
        },
        StatusCode::NOT_FOUND if path.starts_with("/v1/users/") => Error::UserNotFound,
        StatusCode::NOT_FOUND if path.starts_with("/v1/me/tokens/") => Error::TokenNotFound,
        StatusCode::NOT_FOUND if path.starts_with("/v1/comments/") => Error::CommentNotFound,
        StatusCode::NOT_FOUND if path.starts_with("/v1/moderation/suspensions") => Error::SuspensionNotFound,
        StatusCode::NOT_FOUND if path.contains("/reports/") => Error::ReportNotFound,
        StatusCode::NOT_FOUND => Error::PostNotFound,
        StatusCode::CONFLICT if id == "create_user" => Error::HandleTaken("ann".to_owned()),
        StatusCode::CONFLICT if id == "resolve_report" => Error::AlreadyResolved,
        StatusCode::CONFLICT => Error::IdempotencyInProgress,
        StatusCode::GONE => Error::PostDeleted,
        StatusCode::PRECONDITION_FAILED => Error::PreconditionFailed,
        StatusCode::REQUEST_TIMEOUT => Error::BodyTimeout(Duration::from_secs(10)),
        StatusCode::PAYLOAD_TOO_LARGE => Error::BodyTooLarge(65536),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Error::UnsupportedMediaType,
        StatusCode::UNPROCESSABLE_ENTITY => unprocessable(id),
        StatusCode::TOO_MANY_REQUESTS => Error::RateLimited(Duration::from_secs(2)),
        StatusCode::NOT_IMPLEMENTED => ONLY_NEO4J,
        StatusCode::SERVICE_UNAVAILABLE => Error::Store(StoreError::Unavailable(String::new())),
        _ => Error::Internal("".into()),
    };
    let instance = path
        .replace("{id}", ID)
        .replace("{user}", "@ann")
        .replace("{tag}", "kith")
        .replace("{name}", "growth");
    error.problem(&instance, ID)
}

/// What is done to what may be somebody's who is hidden from the acting user, and where that is read.
const ACTS: [&str; 8] = [
    "accept_follow_request",
    "bookmark_post",
    "create_comment",
    "create_post",
    "follow_user",
    "like_comment",
    "like_post",
    "repost_post",
];
const SHOWN: [&str; 3] = ["/v1/comments/{id}", "/v1/posts/{id}", "/v1/users/{user}"];

/// What is somebody's whom the acting user blocks is not shown, and that is said.
fn tells_of_blocks(path: &str, id: &str) -> bool {
    let is_read = id.starts_with("get_") || id.starts_with("list_");
    ACTS.contains(&id) || (is_read && id != "get_user" && SHOWN.iter().any(|shown| path.starts_with(shown)))
}

fn bad_request(operation: &Value) -> Error {
    if operation.get("requestBody").is_some() {
        return Error::UnknownFields(vec![FieldError::new("colour", "is not a field of this operation")]);
    }
    let takes = |name: &str| {
        operation["parameters"]
            .as_array()
            .is_some_and(|all| all.iter().any(|parameter| parameter["name"] == name))
    };
    let (name, message) = if takes("limit") {
        ("limit", "limit must be a whole number from 1 to 100")
    } else if takes("ids") {
        ("ids", "ids must be 1 to 100 ids separated by commas")
    } else {
        ("path", "path must be percent-encoded UTF-8")
    };
    Error::InvalidParameter { name: name.to_owned(), message: message.to_owned() }
}

fn unprocessable(id: &str) -> Error {
    let (field, message) = match id {
        "run_cypher" => return Error::QueryNotAllowed("it uses AllNodesScan".to_owned()),
        "create_report" => return Error::SelfReport,
        "resolve_report" => ("action", "a user can be suspended, and not removed"),
        "follow_user" => return Error::SelfFollow,
        "block_user" | "unblock_user" | "mute_user" | "unmute_user" => return Error::SelfBlock,
        "mute_word" => return Error::TooManyMutedWords(200),
        "repost_post" => return Error::DailyPostQuotaExceeded(50),
        "create_user" | "update_me" | "create_token" => ("name", "must not be empty"),
        "create_session" => ("password", "is required"),
        "refresh_session" => ("refresh_token", "is required"),
        _ => ("text", "must not be empty"),
    };
    Error::Validation(vec![FieldError::new(field, message)])
}
