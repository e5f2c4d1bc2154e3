//! What of the graph an admin may ask about. A test holds the lists against all names that statements use.

/// The labels of what may be read.
pub const OPEN_LABELS: &[&str] =
    &["AuditEntry", "Comment", "DeletedPost", "Entry", "Erasure", "Post", "Repost", "Schema", "Tag", "User"];

/// The labels of what is secret, or repeats what people wrote in secret.
pub const SECRET_LABELS: &[&str] = &["Credential", "IdempotencyKey", "RefreshToken", "Session"];

/// The relationship types both of whose ends may be read.
pub const OPEN_TYPES: &[&str] = &[
    "BLOCKS",
    "BOOKMARKED",
    "FOLLOWS",
    "IN_THREAD",
    "LIKED",
    "MENTIONS",
    "MUTES",
    "OF",
    "POSTED",
    "QUOTES",
    "REPLY_TO",
    "REPOSTED",
    "REQUESTS",
    "TAGGED",
    "WROTE",
];

/// The relationship types that lead to secrets.
pub const SECRET_TYPES: &[&str] = &["HAS_CREDENTIAL", "HAS_SESSION", "ISSUED"];

/// The properties that only secrets have.
pub const SECRET_PROPERTIES: &[&str] =
    &["expires_at", "fingerprint", "issued_at", "password_hash", "refreshed_at", "revoked_at", "used_at"];

pub fn is_secret(name: &str) -> bool {
    [SECRET_LABELS, SECRET_TYPES, SECRET_PROPERTIES].concat().contains(&name)
}

/// Functions that only compute. Those of others, as APOC's, may run anything.
pub const FUNCTIONS: &[&str] = &[
    "abs",
    "all",
    "any",
    "avg",
    "btrim",
    "ceil",
    "char_length",
    "character_length",
    "coalesce",
    "collect",
    "count",
    "date",
    "date.truncate",
    "datetime",
    "datetime.fromepoch",
    "datetime.fromepochmillis",
    "datetime.truncate",
    "duration",
    "duration.between",
    "duration.indays",
    "duration.inmonths",
    "duration.inseconds",
    "e",
    "elementid",
    "endnode",
    "exists",
    "exp",
    "floor",
    "head",
    "id",
    "isempty",
    "isnan",
    "keys",
    "labels",
    "last",
    "left",
    "length",
    "localdatetime",
    "log",
    "log10",
    "lower",
    "ltrim",
    "max",
    "min",
    "nodes",
    "none",
    "nullif",
    "percentilecont",
    "percentiledisc",
    "pi",
    "properties",
    "range",
    "relationships",
    "replace",
    "reverse",
    "right",
    "round",
    "rtrim",
    "sign",
    "single",
    "size",
    "split",
    "sqrt",
    "startnode",
    "stdev",
    "stdevp",
    "substring",
    "sum",
    "tail",
    "timestamp",
    "toboolean",
    "tofloat",
    "tofloatornull",
    "tointeger",
    "tointegerornull",
    "tolower",
    "tostring",
    "tostringornull",
    "toupper",
    "trim",
    "type",
    "upper",
    "valuetype",
];

/// Words that a parenthesis may follow without being a function's.
pub const BEFORE_PARENTHESES: &[&str] = &[
    "allshortestpaths",
    "and",
    "as",
    "asc",
    "by",
    "call",
    "case",
    "contains",
    "distinct",
    "else",
    "in",
    "is",
    "limit",
    "match",
    "not",
    "on",
    "or",
    "return",
    "shortestpath",
    "skip",
    "then",
    "unwind",
    "when",
    "where",
    "with",
    "xor",
];
