//! Entity tags: what names a version of an answer ([RFC 9110](https://www.rfc-editor.org/rfc/rfc9110#section-8.8.3)).

use poem::{
    IntoResponse, Response,
    http::{HeaderValue, StatusCode, header},
};
use sha2::{Digest, Sha256};

/// The tag of an answer without a revision: a hash of its body.
pub fn of_body(body: &[u8]) -> String {
    format!("\"{}\"", short_hash(body))
}

/// `"r<revision>-<hash of the body>"`: strong for caches, and comparable by revision for `If-Match`.
pub fn of_revision(revision: i64, body: &[u8]) -> String {
    format!("\"r{revision}-{}\"", short_hash(body))
}

/// Whether an `If-Match` header lets a change of that revision through.
pub fn matches_revision(if_match: Option<&str>, revision: i64) -> bool {
    let Some(if_match) = if_match else {
        return true;
    };
    if_match.split(',').map(str::trim).any(|tag| {
        tag == "*"
            || tag
                .strip_prefix("\"r")
                .and_then(|tag| tag.split_once('-'))
                .is_some_and(|(number, _)| number == revision.to_string())
    })
}

/// Whether an `If-None-Match` header names that tag, by weak comparison as RFC 9110, section 13.1.2, asks for.
pub fn is_named(if_none_match: &str, tag: &str) -> bool {
    if_none_match
        .split(',')
        .map(|candidate| candidate.trim().trim_start_matches("W/"))
        .any(|candidate| candidate == "*" || candidate == tag)
}

/// Whether an `If-None-Match` header names the answer with that tag.
pub fn is_known(if_none_match: Option<&HeaderValue>, tag: Option<&HeaderValue>) -> bool {
    let known = if_none_match.and_then(|known| known.to_str().ok());
    let tag = tag.and_then(|tag| tag.to_str().ok());
    known.zip(tag).is_some_and(|(known, tag)| is_named(known, tag))
}

/// `304` in the place of an answer.
pub fn not_modified(mut answer: Response) -> Response {
    let mut headers = std::mem::take(answer.headers_mut());
    headers.remove(header::CONTENT_TYPE);
    headers.remove(header::CONTENT_LENGTH);
    let mut not_modified = StatusCode::NOT_MODIFIED.into_response();
    *not_modified.headers_mut() = headers;
    not_modified
}

/// 96 bits of SHA-256, in hexadecimal.
fn short_hash(bytes: &[u8]) -> String {
    hex::encode(&Sha256::digest(bytes)[..12])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_named_strongly_weakly_or_by_a_star() {
        let tag = of_body(b"{}");
        assert!(is_named(&format!("\"other\", W/{tag}"), &tag) && is_named("*", &tag));
        assert!(!is_named("\"other\"", &tag) && !is_named("", &tag));
    }

    #[test]
    fn only_the_revision_decides_about_a_change() {
        assert!(matches_revision(None, 3) && matches_revision(Some("*"), 3));
        assert!(matches_revision(Some(&format!("\"x\", {}", of_revision(3, b"other body"))), 3));
        assert!(!matches_revision(Some(&of_revision(33, b"")), 3) && !matches_revision(Some("\"r3\""), 3));
    }
}
