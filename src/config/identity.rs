//! Who else may say who somebody is.

use std::net::IpAddr;

use jsonwebtoken::Algorithm;
use serde::{Deserialize, Serialize};

use super::Secret;
use crate::scope::Scope;

/// An issuer of OpenID Connect whose access tokens are good.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct IssuerConfig {
    /// What `iss` in its tokens says, and where its discovery document is found.
    pub issuer: String,
    /// What `aud` in its tokens names.
    pub audience: String,
    /// The claim that a new user's handle is made of.
    #[serde(default = "handle_claim")]
    pub handle_claim: String,
    /// The claim that a new user's name is made of.
    #[serde(default = "name_claim")]
    pub name_claim: String,
    /// The claim that lists scopes. Without one its tokens may read and write.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope_claim: Option<String>,
    /// How its tokens may be signed.
    #[serde(default = "algorithms")]
    pub algorithms: Vec<Algorithm>,
}

/// A backend that may act for people.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceConfig {
    /// What it is called in the log.
    pub name: String,
    /// The SHA-256 of its token, in hexadecimal digits.
    pub token_hash: Secret,
    /// What it may do.
    pub scopes: Vec<Scope>,
}

/// Those that need no secret of the one who checks.
const ALGORITHMS: [Algorithm; 4] = [Algorithm::RS256, Algorithm::PS256, Algorithm::ES256, Algorithm::EdDSA];

fn algorithms() -> Vec<Algorithm> {
    ALGORITHMS.to_vec()
}

fn handle_claim() -> String {
    "preferred_username".to_owned()
}

fn name_claim() -> String {
    "name".to_owned()
}

/// What is wrong with them, if something is.
pub fn fault_of_issuers(issuers: &[IssuerConfig]) -> Option<String> {
    issuers.iter().enumerate().find_map(|(place, one)| {
        let fault = if !is_confidential(&one.issuer) || one.issuer.contains(['?', '#']) {
            "issuer must be an https URL (http only on the loopback address), without query or fragment"
        } else if one.audience.is_empty() || one.handle_claim.is_empty() || one.name_claim.is_empty() {
            "audience, handle_claim and name_claim must not be empty"
        } else if one.algorithms.is_empty() || one.algorithms.iter().any(|one| !ALGORITHMS.contains(one)) {
            "algorithms must be some of RS256, PS256, ES256, EdDSA"
        } else if issuers[..place].iter().any(|other| other.issuer == one.issuer) {
            "issuer stands twice"
        } else {
            return None;
        };
        Some(format!("number {}: {fault}", place + 1))
    })
}

/// What is wrong with them, if something is.
pub fn fault_of_services(services: &[ServiceConfig]) -> Option<String> {
    services.iter().enumerate().find_map(|(place, one)| {
        let hash = one.token_hash.expose();
        let is_like = |other: &ServiceConfig| {
            other.name == one.name || other.token_hash.expose().eq_ignore_ascii_case(hash)
        };
        let fault = if one.name.trim().is_empty() {
            "name must not be empty"
        } else if hash.len() != 64 || !hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            "token_hash must be 64 hexadecimal digits"
        } else if one.scopes.is_empty() {
            "scopes must name some of read, write, moderate, admin"
        } else if services[..place].iter().any(is_like) {
            "name or token_hash stands twice"
        } else {
            return None;
        };
        Some(format!("number {}: {fault}", place + 1))
    })
}

/// Whether nobody on the way can change what comes from there: TLS, or this machine itself.
pub fn is_confidential(url: &str) -> bool {
    let Ok(uri) = url.parse::<poem::http::Uri>() else { return false };
    let host = uri.host().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    let is_local = host == "localhost" || address.is_ok_and(|address| address.is_loopback());
    let is_named = !host.is_empty() && uri.authority().is_some_and(|place| !place.as_str().contains('@'));
    is_named && (uri.scheme_str() == Some("https") || (uri.scheme_str() == Some("http") && is_local))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_over_tls_or_from_this_machine() {
        for url in [
            "https://id.example.com",
            "https://id.example.com/realms/a/",
            "http://127.0.0.1:8080/a",
            "http://[::1]/",
        ] {
            assert!(is_confidential(url), "{url}");
        }
        for url in [
            "http://id.example.com",
            "http://10.0.0.1",
            "http://localhost.example.com",
            "ftp://localhost",
            "https://",
            "id.example.com",
            "https://user@id.example.com",
            "",
        ] {
            assert!(!is_confidential(url), "{url}");
        }
    }
}
