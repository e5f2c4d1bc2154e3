//! Why the store refuses or fails.

use std::time::Duration;

/// Why a statement or transaction failed, in the words that a caller can act on.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A uniqueness constraint refused the write.
    #[error("a unique value is already taken: {0}")]
    Duplicate(String),
    /// The whole transaction may be run again: a deadlock, a lost optimistic race.
    #[error("the store asks to try again: {0}")]
    Transient(String),
    /// Nothing reached the store, or the connection broke.
    #[error("the store cannot be reached: {0}")]
    Unavailable(String),
    #[error("the store did not answer within {0:?}")]
    DeadlineExceeded(Duration),
    /// The statement or its row type is wrong, or the store is broken.
    #[error("{statement}: {message}")]
    Failed { statement: &'static str, message: String },
}

impl StoreError {
    /// Whether a write that ends so may have been done, or may yet be. The embedded graph knows what it has not done; but a
    /// row that cannot be read is found after the commit, in either.
    pub fn leaves_open(&self, of_embedded: bool) -> bool {
        match self {
            Self::Duplicate(_) | Self::Transient(_) => false,
            Self::Unavailable(_) | Self::DeadlineExceeded(_) => !of_embedded,
            Self::Failed { .. } => true,
        }
    }
}
