//! Who is shown to whom: blocks, which hide two people from each other everywhere, and mutes, which keep one out of
//! another's feeds. This is the one place that decides it; what reads for a viewer asks here.
//!
//! Statements that find people or posts take the ids that are hidden and leave them out before they count to their limit.
//! What only shows when a post is read, as that somebody reposted a post by a blocked person, is left out afterwards, and
//! the reader reads on until the page is full.

use std::collections::HashMap;

use super::queries::{HiddenFrom, Tie};
use crate::{error::Error, store::Run};

/// Who is hidden from a viewer.
#[derive(Clone, Debug, Default)]
pub struct Hidden {
    ties: HashMap<String, Vec<Tie>>,
}

impl Hidden {
    /// From a stranger nobody is.
    pub async fn from(run: &mut impl Run, viewer: Option<&str>) -> Result<Self, Error> {
        let Some(viewer) = viewer else { return Ok(Self::default()) };
        let mut ties: HashMap<String, Vec<Tie>> = HashMap::new();
        for row in run.run_keyed(&HiddenFrom { viewers: vec![viewer.to_owned()] }).await? {
            ties.entry(row.id).or_default().push(row.tie);
        }
        Ok(Self { ties })
    }

    fn has(&self, id: &str, tie: Tie) -> bool {
        self.ties.get(id).is_some_and(|ties| ties.contains(&tie))
    }

    /// One of the two blocks the other.
    pub fn is_blocked(&self, id: &str) -> bool {
        self.is_gone(id) || self.has(id, Tie::Blocks)
    }

    /// That person blocks the viewer, for whom there is nobody then.
    pub fn is_gone(&self, id: &str) -> bool {
        self.has(id, Tie::BlockedBy)
    }

    /// Blocked or muted: not in feeds and suggestions.
    pub fn is_kept_out(&self, id: &str) -> bool {
        self.ties.contains_key(id)
    }

    /// Those of whom one blocks the other, for statements.
    pub fn blocked(&self) -> Vec<String> {
        self.ties.keys().filter(|id| self.is_blocked(id)).cloned().collect()
    }

    /// Those who are blocked or muted, for statements.
    pub fn kept_out(&self) -> Vec<String> {
        self.ties.keys().cloned().collect()
    }

    /// Refuses what somebody is or made: it is missing if they block the viewer; if the viewer blocks them, that is said.
    pub fn check(&self, person: &str, missing: Error) -> Result<(), Error> {
        if self.is_gone(person) {
            return Err(missing);
        }
        if self.is_blocked(person) {
            return Err(Error::Blocked);
        }
        Ok(())
    }
}
