//! Bounds that the types cannot tell: those of texts, which are counted in grapheme clusters and some of which are
//! configured, and those of parameters, which mean the same wherever their name stands.
//!
//! `maxLength` counts code points, and one grapheme cluster may have many: a client that held a text to it would
//! refuse what Kith takes. The limit of a text therefore stands as `x-max-graphemes`.

use serde_json::{Map, Value, json};

use crate::{
    config::Limits,
    moderation::api::NOTE_CHARS,
    privacy::words::CHARS as MUTED_CHARS,
    text::{TAG_CHARS, TOKEN_NAME_CHARS},
    users::rules::{BIO_CHARS, NAME_CHARS},
};

const ID: &str = "^[a-z][a-z0-9]{23}$";
const CURSOR: &str = "^[A-Za-z0-9_-]+$";

/// Adds the bounds of texts to the schemas.
pub fn of_texts(schemas: &mut Map<String, Value>, limits: &Limits) {
    let (post, comment) = (limits.post_chars, limits.comment_chars);
    let texts = [
        ("NewUser", "name", 1, NAME_CHARS),
        ("NewUser", "bio", 0, BIO_CHARS),
        ("NewPersonalToken", "name", 1, TOKEN_NAME_CHARS),
        ("PersonalToken", "name", 1, TOKEN_NAME_CHARS),
        ("MadePersonalToken", "name", 1, TOKEN_NAME_CHARS),
        ("ProfileChanges", "name", 1, NAME_CHARS),
        ("ProfileChanges", "bio", 0, BIO_CHARS),
        ("User", "name", 1, NAME_CHARS),
        ("User", "bio", 1, BIO_CHARS),
        ("UserSummary", "name", 1, NAME_CHARS),
        ("NewPost", "text", 1, post),
        ("PostChanges", "text", 1, post),
        ("NewComment", "text", 1, comment),
        ("CommentChanges", "text", 1, comment),
        ("NewReport", "note", 0, NOTE_CHARS),
        ("Resolution", "note", 0, NOTE_CHARS),
        ("OwnReport", "note", 1, NOTE_CHARS),
        ("Report", "note", 1, NOTE_CHARS),
        ("Report", "resolution_note", 1, NOTE_CHARS),
        // What is said of a user, post or comment.
        ("ReportedContent", "text", 1, usize::MAX),
        // A limit that was lowered binds nothing that was written before.
        ("Post", "text", 1, usize::MAX),
        // A deleted comment has no text.
        ("Comment", "text", 0, usize::MAX),
    ];
    for (schema, property, least, most) in texts {
        let text = &mut schemas[schema]["properties"][property];
        text["minLength"] = least.into();
        if most < usize::MAX {
            text["x-max-graphemes"] = most.into();
        }
    }
    schemas["Post"]["properties"]["tags"]["items"] =
        json!({"type": "string", "minLength": 1, "x-max-graphemes": TAG_CHARS});
    schemas["MutedWords"]["properties"]["words"]["items"] =
        json!({"type": "string", "minLength": 1, "x-max-graphemes": MUTED_CHARS});
    // poem-openapi gives what may be any JSON no type, and only an object is taken.
    schemas["CypherQuery"]["properties"]["parameters"]["type"] = "object".into();
    schemas["Rows"]["properties"]["columns"]["items"] = json!({"type": "string", "minLength": 1});
}

/// Adds the bounds of a parameter to its schema.
pub fn of_parameter(parameter: &mut Value) {
    let bounds = match parameter["name"].as_str().unwrap_or_default() {
        "id" => json!({"pattern": ID}),
        "user" => json!({"pattern": "^(@[A-Za-z0-9_]{3,30}|[a-z][a-z0-9]{23})$"}),
        "ids" => json!({"pattern": "^[a-z][a-z0-9]{23}(,[a-z][a-z0-9]{23}){0,99}$"}),
        "name" => json!({"pattern": "^[a-z_]+$"}),
        "tag" => json!({"minLength": 1, "x-max-graphemes": TAG_CHARS}),
        "word" => json!({"minLength": 1, "x-max-graphemes": MUTED_CHARS}),
        "cursor" | "Last-Event-ID" => json!({"pattern": CURSOR}),
        "Idempotency-Key" => json!({"pattern": "^[!-~]+$", "minLength": 1, "maxLength": 255}),
        // A list of entity tags may be empty.
        "If-Match" | "If-None-Match" => json!({"minLength": 0}),
        _ => return,
    };
    for (key, value) in bounds.as_object().into_iter().flatten() {
        parameter["schema"][key] = value.clone();
    }
}
