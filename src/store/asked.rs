//! Queries that people write, which no file binds: how Neo4j would run one, and what it answers within bounds.
//!
//! Whether a query may run is not decided here: see `src/admin/`.

use std::time::{Duration, Instant};

use serde_json::{Map, Value};

use super::{Engine, Store, within};
use crate::{cypher::Statement, error::Error};

/// A query and how long it may take.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    pub text: &'a str,
    pub parameters: &'a Map<String, Value>,
    pub timeout: Duration,
}

/// How much of an answer is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Ceilings {
    pub rows: usize,
    /// Of the rows as JSON.
    pub bytes: usize,
}

/// A step of a plan, with those that it takes its rows from.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// What it does, without the name of the database.
    pub operator: String,
    pub details: String,
    pub estimated_rows: f64,
    pub sources: Vec<Step>,
}

/// An answer as rows of values.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    pub columns: Vec<String>,
    pub rows: Vec<Vec<Value>>,
    /// There was more than the ceilings let through.
    pub truncated: bool,
}

/// What a query gets on the embedded graph.
pub const ONLY_NEO4J: Error =
    Error::NotImplemented("Queries run on Neo4j only, and this Kith has an embedded graph.");

/// How much longer than the database we wait, whose own word on a timeout is better than ours.
const GRACE: Duration = Duration::from_secs(2);

impl Store {
    /// How Neo4j would run it. Nothing is run.
    pub async fn plan(&self, asked: Asked<'_>) -> Result<Step, Error> {
        match &self.engine {
            Engine::Neo4j(neo4j) => {
                answered(within(asked.timeout + GRACE, async { Ok(Box::pin(neo4j.plan(asked)).await) }).await)
            }
            #[cfg(feature = "embedded")]
            Engine::Embedded(_) => Err(ONLY_NEO4J),
        }
    }

    /// Runs it where nothing can be written, on a connection of its own that ends with it. A node is refused unless all
    /// its labels are among those.
    pub async fn ask(&self, asked: Asked<'_>, ceilings: Ceilings, labels: &[&str]) -> Result<Table, Error> {
        match &self.engine {
            Engine::Neo4j(neo4j) => {
                let table = async { Ok(Box::pin(neo4j.ask(asked, ceilings, labels)).await) };
                answered(within(asked.timeout + GRACE, table).await)
            }
            #[cfg(feature = "embedded")]
            Engine::Embedded(_) => Err(ONLY_NEO4J),
        }
    }

    /// Refuses where no queries can be run.
    pub fn check_queries(&self) -> Result<(), Error> {
        if self.is_embedded() { Err(ONLY_NEO4J) } else { Ok(()) }
    }

    /// The rows of one of our statements, by the names of its columns, whatever they are.
    pub async fn read(
        &self,
        statement: &Statement,
        parameters: Map<String, Value>,
    ) -> Result<Vec<Map<String, Value>>, Error> {
        let started = Instant::now();
        let rows = match &self.engine {
            Engine::Neo4j(neo4j) => {
                let rows = neo4j.read(statement.file, statement.text, parameters);
                self.give_up(started, within(self.timeout, Box::pin(rows)).await)
            }
            #[cfg(feature = "embedded")]
            Engine::Embedded(embedded) => {
                let rows = embedded.read(statement.file, statement.embedded_text, parameters);
                within(self.timeout, rows).await
            }
        };
        Ok(rows?)
    }
}

fn answered<T>(outcome: Result<Result<T, Error>, super::StoreError>) -> Result<T, Error> {
    match outcome {
        Ok(answer) => answer,
        Err(super::StoreError::DeadlineExceeded(_)) => {
            Err(Error::QueryFailed("it took too long.".to_owned()))
        }
        Err(error) => Err(error.into()),
    }
}
