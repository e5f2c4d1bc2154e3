//! What the engine refuses or fails at, in the words of the store.

use std::time::Duration;

use kglite::api::KgError;

use crate::store::StoreError;

pub fn store_error(statement: &'static str, error: KgError) -> StoreError {
    match error {
        KgError::TransactionConflict { .. } => StoreError::Transient(error.to_string()),
        KgError::DurabilityFailed { .. } => StoreError::Unavailable(cannot_write(&error.to_string())),
        KgError::ConstraintViolation { .. } => StoreError::Duplicate(error.to_string()),
        // What was left for it, after it had waited for others.
        KgError::CypherTimeout { limit_ms, .. } => {
            StoreError::DeadlineExceeded(Duration::from_millis(limit_ms))
        }
        error => {
            let message = error.to_string();
            // Inside a longer statement the engine wraps the violation in an execution error.
            if message.contains("UNIQUE constraint") {
                StoreError::Duplicate(message)
            } else {
                StoreError::Failed { statement, message }
            }
        }
    }
}

/// Says in the log what whoever runs Kith has to mend.
pub fn cannot_write(error: &str) -> String {
    tracing::error!(error, "the log of the embedded graph cannot be written; is the disk full?");
    format!("the log cannot be written: {error}")
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use kglite::api::{
        DirGraph,
        session::{self, ExecuteOptions},
    };

    use super::*;

    #[test]
    fn a_statement_that_takes_too_long_is_no_fault_of_the_statement() {
        let none = std::collections::HashMap::new();
        let mut options = ExecuteOptions::eager(&none);
        options.deadline = Some(Instant::now() + Duration::from_millis(20));
        let text =
            "UNWIND range(1, 3000) AS one UNWIND range(1, 3000) AS other RETURN sum(one * other) AS sum";
        let error = session::execute_read(&DirGraph::new(), text, &options).err().expect("not that fast");
        assert!(matches!(store_error("bench", error), StoreError::DeadlineExceeded(_)));
    }
}
