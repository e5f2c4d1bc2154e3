//! Tokens of services: an app's own backend, which may act for its people.

use std::{collections::HashMap, sync::Arc};

use poem::http::{HeaderMap, HeaderName};
use sha2::{Digest, Sha256};

use crate::{config::ServiceConfig, error::Error, scope::Scopes};

/// What each of them begins with.
pub const PREFIX: &str = "kith_svc_";

/// In a request of a service: the user for whom it acts.
pub static ACT_AS: HeaderName = HeaderName::from_static("kith-act-as");

/// One of them.
#[derive(Debug)]
pub struct Service {
    pub name: String,
    pub scopes: Scopes,
}

/// The configured ones, by the hashes of their tokens.
#[derive(Default)]
pub struct Services {
    all: HashMap<String, Arc<Service>>,
}

impl Services {
    pub fn new(config: &[ServiceConfig]) -> Self {
        let all = config.iter().map(|one| {
            let service = Service { name: one.name.clone(), scopes: one.scopes.iter().copied().collect() };
            (one.token_hash.expose().to_lowercase(), Arc::new(service))
        });
        Self { all: all.collect() }
    }

    /// The service whose token that is. What is compared are hashes: how long that takes tells nothing of a token.
    pub fn find(&self, token: &str) -> Option<&Arc<Service>> {
        if !token.starts_with(PREFIX) {
            return None;
        }
        self.all.get(&hash_of(token))
    }
}

fn hash_of(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}

/// For whom a request says that it acts.
pub fn acted_for(headers: &HeaderMap) -> Result<Option<&str>, Error> {
    let wrong = || Error::InvalidParameter {
        name: "Kith-Act-As".to_owned(),
        message: "Kith-Act-As must be one id".to_owned(),
    };
    let mut all = headers.get_all(&ACT_AS).iter();
    let Some(first) = all.next() else { return Ok(None) };
    if all.next().is_some() {
        return Err(wrong());
    }
    first.to_str().map(|id| Some(id.trim())).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_what_sha256sum_prints() {
        assert_eq!(hash_of("kith_svc_x").len(), 64);
        assert_eq!(hash_of(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }
}
