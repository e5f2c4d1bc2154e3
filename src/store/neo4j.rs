//! Neo4j over Bolt, through neo4rs. The only place that may use it.

mod asked;
mod told;

use std::{
    sync::{PoisonError, RwLock},
    time::Instant,
};

use neo4rs::{
    BoltType, Config, ConfigBuilder, Error, Graph, Neo4jErrorKind, Row, Txn,
    summary::{Counters, ResultSummary},
};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{Position, StoreError, parameters};
use crate::{
    config::StoreConfig,
    cypher::{Access, Query},
};

pub(super) struct Neo4j {
    config: Config,
    /// One connection at a time, that fetches few rows at once.
    alone: Config,
    pool: RwLock<Pool>,
}

struct Pool {
    graph: Graph,
    since: Instant,
}

pub(super) struct Neo4jTx {
    txn: Txn,
    has_changed: bool,
}

impl Neo4j {
    /// Prepares the pool. Connections are made when they are first needed.
    pub fn connect(config: &StoreConfig) -> Result<Self, StoreError> {
        let alone = settings(config, 1, 100)?;
        // One answer, one round trip: no page of ours has as many rows.
        let config = settings(config, config.pool_size, 10_000)?;
        let pool = RwLock::new(Pool::new(&config)?);
        Ok(Self { config, alone, pool })
    }

    fn graph(&self) -> Graph {
        self.pool.read().unwrap_or_else(PoisonError::into_inner).graph.clone()
    }

    /// Leaves the pool behind that a call used which began then and was not answered. Its connections may all be dead
    /// without a word, as when a firewall has forgotten them, and each would cost another call its whole deadline.
    pub fn renew(&self, began: Instant) {
        let mut pool = self.pool.write().unwrap_or_else(PoisonError::into_inner);
        if pool.since > began {
            return;
        }
        match Pool::new(&self.config) {
            Ok(new) => *pool = new,
            Err(error) => tracing::warn!(%error, "the connections to Neo4j are not renewed"),
        }
    }

    /// The rows, and the number of the transaction if it changed something.
    pub async fn run<Q: Query>(&self, query: &Q) -> Result<(Vec<Q::Row>, Option<u64>), StoreError> {
        let (rows, summary) = self.rows(Q::FILE, Q::TEXT, Q::ACCESS, parameters(query)?).await?;
        let position = position(summary.bookmark.as_deref()).filter(|_| has_changed(summary.stats()));
        Ok((rows, position.map(|position| position.transaction)))
    }

    /// Where the database stands, unless the server does not say it in the way that we know.
    pub async fn position<Q: Query>(&self, query: &Q) -> Result<Option<Position>, StoreError> {
        let (_, summary) = self.rows::<Q::Row>(Q::FILE, Q::TEXT, Q::ACCESS, parameters(query)?).await?;
        Ok(position(summary.bookmark.as_deref()))
    }

    pub async fn run_text(
        &self,
        name: &'static str,
        text: &str,
        parameters: Map<String, Value>,
    ) -> Result<Vec<Value>, StoreError> {
        Ok(self.rows(name, text, Access::Write, parameters).await?.0)
    }

    #[expect(clippy::disallowed_methods, reason = "this is the one door to Neo4j")]
    async fn rows<T: DeserializeOwned>(
        &self,
        name: &'static str,
        text: &str,
        access: Access,
        parameters: Map<String, Value>,
    ) -> Result<(Vec<T>, ResultSummary), StoreError> {
        let fail = |error| store_error(name, error);
        let mut stream = self.graph().execute(bolt_query(name, text, parameters)?).await.map_err(fail)?;
        let mut rows = Vec::new();
        while let Some(row) = stream.next().await.map_err(fail)? {
            rows.push(read_row(name, access, &row)?);
        }
        Ok((rows, stream.finish().await.map_err(fail)?))
    }

    pub async fn begin(&self) -> Result<Neo4jTx, StoreError> {
        let txn = self.graph().start_txn().await.map_err(|error| store_error("begin", error))?;
        Ok(Neo4jTx { txn, has_changed: false })
    }
}

fn settings(config: &StoreConfig, connections: usize, fetch_size: usize) -> Result<Config, StoreError> {
    let mut builder = ConfigBuilder::default()
        .uri(&config.uri)
        .user(&config.user)
        .password(config.password.expose())
        .max_connections(connections)
        .connection_timeout(config.timeout)
        .fetch_size(fetch_size);
    if let Some(database) = &config.database {
        builder = builder.db(database.as_str());
    }
    builder.build().map_err(|error| store_error("connect", error))
}

impl Pool {
    fn new(config: &Config) -> Result<Self, StoreError> {
        let graph = Graph::connect(config.clone()).map_err(|error| store_error("connect", error))?;
        Ok(Self { graph, since: Instant::now() })
    }
}

impl Neo4jTx {
    pub async fn run<Q: Query>(&mut self, query: &Q) -> Result<Vec<Q::Row>, StoreError> {
        let fail = |error| store_error(Q::FILE, error);
        let query = bolt_query(Q::FILE, Q::TEXT, parameters(query)?)?;
        let mut stream = self.txn.execute(query).await.map_err(fail)?;
        let mut rows = Vec::new();
        while let Some(row) = stream.next(self.txn.handle()).await.map_err(fail)? {
            rows.push(read_row(Q::FILE, Q::ACCESS, &row)?);
        }
        let summary = stream.finish(self.txn.handle()).await.map_err(fail)?;
        self.has_changed |= has_changed(summary.stats());
        Ok(rows)
    }

    /// Answers the number of the transaction, if it changed something.
    pub async fn commit(self) -> Result<Option<u64>, StoreError> {
        let bookmark = self.txn.commit().await.map_err(|error| store_error("commit", error))?;
        let position = position(bookmark.as_deref()).filter(|_| self.has_changed);
        Ok(position.map(|position| position.transaction))
    }

    pub async fn rollback(self) {
        // The server rolls back by itself when the connection is gone.
        if let Err(error) = self.txn.rollback().await {
            tracing::debug!(%error, "rollback");
        }
    }
}

fn position(bookmark: Option<&str>) -> Option<Position> {
    Position::of_bookmark(bookmark?)
}

/// Whether there was something to commit. Otherwise the bookmark is that of somebody else's transaction. A property that
/// is set to the value that it has counts as set and is none: our statements always set one to a value of its own.
fn has_changed(counters: &Counters) -> bool {
    *counters != Counters::default()
}

#[expect(clippy::disallowed_methods, reason = "this is the one door to Neo4j")]
fn bolt_query(
    name: &'static str,
    text: &str,
    parameters: Map<String, Value>,
) -> Result<neo4rs::Query, StoreError> {
    let mut query = neo4rs::query(text);
    for (key, value) in parameters {
        let value = BoltType::try_from(value).map_err(|error| store_error(name, error))?;
        query = query.param(&key, value);
    }
    Ok(query)
}

fn read_row<T: DeserializeOwned>(name: &'static str, access: Access, row: &Row) -> Result<T, StoreError> {
    row.to().map_err(|error| match row.get::<BoltType>("id") {
        // No write answers a null id, but for a node that somebody deleted while the write waited for its lock.
        Ok(BoltType::Null(_)) if access == Access::Write => {
            StoreError::Transient(format!("{name}: what it changes was deleted meanwhile"))
        }
        // Reads see what is committed at each step: of a node that was found and is deleted before its properties are read
        // they are null.
        _ if access == Access::Read && error.to_string().contains("unit value") => {
            StoreError::Transient(format!("{name}: what it reads was deleted meanwhile"))
        }
        _ => StoreError::Failed { statement: name, message: error.to_string() },
    })
}

fn store_error(statement: &'static str, error: Error) -> StoreError {
    match error {
        Error::Neo4j(error) if error.code() == "Neo.ClientError.Schema.ConstraintValidationFailed" => {
            StoreError::Duplicate(error.message().to_owned())
        }
        Error::Neo4j(error) if error.code() == "Neo.TransientError.General.DatabaseUnavailable" => {
            StoreError::Unavailable(error.message().to_owned())
        }
        // Two instances that start at once both make the schema; the second try finds it made.
        Error::Neo4j(error) if error.code() == "Neo.ClientError.Schema.EquivalentSchemaRuleAlreadyExists" => {
            StoreError::Transient(error.message().to_owned())
        }
        // Deleted by another transaction between our finding it and our locking it. The next try does not find it.
        Error::Neo4j(error) if error.code() == "Neo.ClientError.Statement.EntityNotFound" => {
            StoreError::Transient(error.message().to_owned())
        }
        Error::Neo4j(error) if error.kind() == Neo4jErrorKind::Transient => {
            StoreError::Transient(error.message().to_owned())
        }
        Error::IOError { .. }
        | Error::ConnectionError
        | Error::ConnectionTimedOut
        | Error::IncompleteBoltExchange
        | Error::ServerUnavailableError(_)
        | Error::AuthenticationError(_)
        | Error::RequestIgnoredError => StoreError::Unavailable(error.to_string()),
        error => StoreError::Failed { statement, message: error.to_string() },
    }
}
