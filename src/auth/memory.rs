//! Remembers for a few seconds what the graph says of a session or a token, so that a request costs no statement for it.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use moka::future::Cache;

use crate::{error::Error, store::StoreError};

/// What is found under a name, or that there is nothing. An end is seen at once by the instance that made it, and by others
/// when the memory fades.
pub struct Memory<T> {
    known: Cache<String, Option<T>>,
    /// Grows with each end: a load that began before one must not be remembered after it.
    ends: AtomicU64,
}

/// With the second for which a proof is [taken for good](super::Vouched), an end is seen everywhere within five.
const FADES: Duration = Duration::from_secs(4);

impl<T: Clone + Send + Sync + 'static> Default for Memory<T> {
    fn default() -> Self {
        Self {
            known: Cache::builder().max_capacity(100_000).time_to_live(FADES).build(),
            ends: AtomicU64::new(0),
        }
    }
}

impl<T: Clone + Send + Sync + 'static> Memory<T> {
    /// What is remembered under a name, or what `load` finds.
    pub async fn get(
        &self,
        name: &str,
        load: impl Future<Output = Result<Option<T>, Error>>,
    ) -> Result<Option<T>, Error> {
        if let Some(found) = self.known.get(name).await {
            return Ok(found);
        }
        let before = self.ends.load(Ordering::Acquire);
        let found = self.known.try_get_with_by_ref(name, load).await.map_err(|error| shared(&error))?;
        if self.ends.load(Ordering::Acquire) != before {
            self.known.invalidate(name).await;
        }
        Ok(found)
    }

    /// Another number after each end that this instance makes.
    pub fn ends(&self) -> u64 {
        self.ends.load(Ordering::Acquire)
    }

    pub async fn forget(&self, name: &str) {
        self.ends.fetch_add(1, Ordering::Release);
        self.known.invalidate(name).await;
    }

    /// Forgets all, which is what the end of an account needs.
    pub fn forget_all(&self) {
        self.ends.fetch_add(1, Ordering::Release);
        self.known.invalidate_all();
    }
}

/// A failed load is shared by all who waited for it; each gets an error of the same kind.
pub(super) fn shared(error: &Error) -> Error {
    match error {
        Error::Store(StoreError::Failed { statement, message }) => {
            Error::Store(StoreError::Failed { statement, message: message.clone() })
        }
        Error::Overloaded => Error::Overloaded,
        error => Error::Store(StoreError::Unavailable(error.to_string())),
    }
}
