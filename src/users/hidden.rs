//! Who is shown to whom: blocks, which hide two people from each other everywhere, mutes, which keep one out of
//! another's feeds, as muted words do with what has them, and suspensions, which hide somebody from everybody. This is the one place that decides it; what
//! reads, for a viewer or for a stranger, asks here.
//!
//! Statements that find people or posts take the ids that are hidden and leave them out before they count to their limit.
//! What only shows when a post is read, as that somebody reposted a post by a blocked person, is left out afterwards, and
//! the reader reads on until the page is full.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use super::queries::{HiddenFrom, SuspendedUsers, Tie};
use crate::{error::Error, store::Run, text::Muted};

/// Who is hidden from a viewer.
#[derive(Clone, Debug, Default)]
pub struct Hidden {
    ties: HashMap<String, Vec<Tie>>,
    /// What the viewer wants to read nothing of.
    words: Vec<Muted>,
    /// Who is suspended, whoever asks. All who ask share the list.
    suspended: Arc<HashSet<String>>,
    viewer: Option<String>,
}

impl Hidden {
    /// From a stranger only who is suspended.
    pub async fn from(run: &mut impl Run, viewer: Option<&str>) -> Result<Self, Error> {
        let suspended = SuspendedUsers::for_all();
        let Some(viewer) = viewer else {
            let suspended = run.run_keyed(&suspended).await?.pop();
            return Ok(Self {
                suspended: suspended.map(|row| row.ids.0).unwrap_or_default(),
                ..Self::default()
            });
        };
        let from = HiddenFrom { viewers: vec![viewer.to_owned()] };
        let (rows, mut suspended) = run.run_both(&from, &suspended).await?;
        let (mut ties, mut words): (HashMap<String, Vec<Tie>>, _) = (HashMap::new(), Vec::new());
        for row in rows {
            if row.tie == Tie::Word {
                words.push(Muted::new(&row.id));
            } else {
                ties.entry(row.id).or_default().push(row.tie);
            }
        }
        let suspended = suspended.pop().map(|row| row.ids.0).unwrap_or_default();
        Ok(Self { ties, words, suspended, viewer: Some(viewer.to_owned()) })
    }

    /// Nobody is hidden from themselves.
    fn is_suspended(&self, id: &str) -> bool {
        self.suspended.contains(id) && self.viewer.as_deref() != Some(id)
    }

    fn suspended(&self) -> impl Iterator<Item = &String> {
        self.suspended.iter().filter(|id| self.is_suspended(id))
    }

    fn has(&self, id: &str, tie: Tie) -> bool {
        self.ties.get(id).is_some_and(|ties| ties.contains(&tie))
    }

    /// One of the two blocks the other, or that person is gone.
    pub fn is_blocked(&self, id: &str) -> bool {
        self.is_gone(id) || self.has(id, Tie::Blocks)
    }

    /// That person blocks the viewer, or is suspended: for the viewer there is nobody then.
    pub fn is_gone(&self, id: &str) -> bool {
        self.has(id, Tie::BlockedBy) || self.is_suspended(id)
    }

    /// Blocked, muted or gone: not in feeds and suggestions.
    pub fn is_kept_out(&self, id: &str) -> bool {
        self.ties.contains_key(id) || self.is_suspended(id)
    }

    /// Those of whom one blocks the other, and those who are gone, for statements.
    pub fn blocked(&self) -> Vec<String> {
        self.ties.keys().filter(|id| self.is_blocked(id)).chain(self.suspended()).cloned().collect()
    }

    /// Those who are blocked, muted or gone, for statements.
    pub fn kept_out(&self) -> Vec<String> {
        self.ties.keys().chain(self.suspended()).cloned().collect()
    }

    /// Whether a text with those tags has a word that the viewer mutes.
    pub fn mutes(&self, text: &str, tags: &[String]) -> bool {
        Muted::any(&self.words, text, tags)
    }

    /// Refuses what somebody is or made: it is missing if they are gone; if the viewer blocks them, that is said.
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
