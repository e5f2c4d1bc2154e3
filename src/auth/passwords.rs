//! Argon2id, off the runtime's threads and at most two at a time: each takes 19 MiB and tens of milliseconds.

use std::{sync::Arc, time::Instant};

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use tokio::sync::Semaphore;

use crate::{error::Error, telemetry::PASSWORD_HASHES};

#[derive(Clone)]
pub struct Passwords {
    slots: Arc<Semaphore>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self { slots: Arc::new(Semaphore::new(2)) }
    }
}

/// What a log-in of an unknown handle is checked against, so that it takes as long as any other: a hash of nothing,
/// at the cost of our hashes.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

impl Passwords {
    pub async fn hash(&self, password: String) -> Result<String, Error> {
        self.slot(move || hash_now(&password)).await?
    }

    /// Whether the password fits the hash. Without a hash the same work is done, and the answer is no.
    pub async fn verify(&self, password: String, hash: Option<String>) -> Result<bool, Error> {
        self.slot(move || {
            let known = hash.is_some();
            let hash = hash.as_deref().unwrap_or(NOBODY);
            let fits = PasswordHash::new(hash)
                .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok());
            fits && known
        })
        .await
    }

    async fn slot<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
        let slot = Arc::clone(&self.slots).acquire_owned().await;
        tokio::task::spawn_blocking(move || {
            let _slot = slot;
            let started = Instant::now();
            let output = job();
            metrics::histogram!(PASSWORD_HASHES).record(started.elapsed().as_secs_f64());
            output
        })
        .await
        .map_err(|error| Error::Internal(error.to_string().into()))
    }
}

fn hash_now(password: &str) -> Result<String, Error> {
    Argon2::default()
        .hash_password(password.as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|error| Error::Internal(format!("argon2: {error}").into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobodys_hash_costs_what_any_other_does() {
        let somebodys = hash_now("correct horse").unwrap();
        let cost = |hash: &str| {
            let hash = PasswordHash::new(hash).unwrap();
            let lengths = (hash.salt.unwrap().len(), hash.hash.unwrap().len());
            (hash.algorithm.to_string(), hash.version, hash.params.to_string(), lengths)
        };
        assert_eq!(cost(NOBODY), cost(&somebodys));
    }

    #[tokio::test]
    async fn nobody_has_a_password() {
        let passwords = Passwords::default();
        let hash = passwords.hash("correct horse".into()).await.unwrap();
        assert!(passwords.verify("correct horse".into(), Some(hash.clone())).await.unwrap());
        assert!(!passwords.verify("wrong horse".into(), Some(hash)).await.unwrap());
        assert!(!passwords.verify("correct horse".into(), None).await.unwrap());
    }
}
