//! Filling a graph from the command line: with the sample of a benchmark, or with a made-up world.
//!
//! Every id is derived from what the thing is called where it comes from, and nothing that exists is written again.
//! So a second run changes nothing, and one that was interrupted goes on where the first stopped.

mod bulk;
mod files;
pub mod ldbc;
pub mod ldbc_updates;
pub mod progress;
pub mod queries;
pub mod seed;
mod seed_words;
mod seed_world;

use std::{collections::BTreeMap, fmt, path::PathBuf};

use crate::error::Error;

/// Why an import stops.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error("{} lacks {}; nothing was written", folder.display(), files.join(", "))]
    Missing { folder: PathBuf, files: Vec<String> },
    #[error("{file}: {message}; nothing was written")]
    Unreadable { file: String, message: String },
    #[error("{file}, line {line}: {message}; nothing was written")]
    Malformed { file: String, line: u64, message: String },
    #[error("{}. What was loaded stays, and another run goes on from there", told(.0))]
    Store(#[from] Error),
}

/// The error with what caused it, which is for whoever sits at the command line.
fn told(error: &Error) -> String {
    match error {
        Error::Store(cause) => cause.to_string(),
        Error::Internal(cause) => cause.to_string(),
        error => error.to_string(),
    }
}

/// What a command did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// In the order in which they were loaded.
    pub steps: Vec<Step>,
    /// How many were left out, by the reason.
    pub skipped: BTreeMap<String, usize>,
    /// What else is worth knowing.
    pub notes: Vec<String>,
}

/// What became of the things of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub name: &'static str,
    pub loaded: usize,
    /// How many were in the graph before.
    pub present: usize,
}

impl Report {
    /// How many things are new in the graph.
    pub fn loaded(&self) -> usize {
        self.steps.iter().map(|step| step.loaded).sum()
    }

    pub fn skip(&mut self, reason: impl Into<String>, count: usize) {
        if count > 0 {
            *self.skipped.entry(reason.into()).or_default() += count;
        }
    }

    /// The step of that name, which is added when it is new.
    fn step(&mut self, name: &'static str) -> &mut Step {
        let at = self.steps.iter().position(|step| step.name == name).unwrap_or_else(|| {
            self.steps.push(Step { name, loaded: 0, present: 0 });
            self.steps.len() - 1
        });
        &mut self.steps[at]
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<16} {:>9} {:>13}", "", "loaded", "there before")?;
        for step in &self.steps {
            writeln!(f, "{:<16} {:>9} {:>13}", step.name, step.loaded, step.present)?;
        }
        if self.skipped.is_empty() {
            writeln!(f, "Nothing was skipped.")?;
        } else {
            writeln!(f, "Skipped:")?;
            for (reason, count) in &self.skipped {
                writeln!(f, "{count:>9}  {reason}")?;
            }
        }
        for note in &self.notes {
            writeln!(f, "{note}")?;
        }
        Ok(())
    }
}
