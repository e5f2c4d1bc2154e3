//! Runs bound statements on Neo4j or on the embedded graph: retries, transactions, deadlines, schema.
//!
//! Nothing here knows a slice. The rest of Kith sees [`Store`], [`Tx`] and the [`Run`] that both share.

mod additions;
pub mod asked;
pub mod changes;
mod commits;
#[cfg(feature = "embedded")]
mod embedded;
pub mod error;
mod neo4j;
mod run;
mod scan;
mod schema;

use std::{
    future::Future,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use rand::RngExt;
use serde_json::{Map, Value};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::{
    config::StoreConfig,
    cypher::{Access, Keyed, Query, Statement},
    error::Error,
    telemetry::{CALLS, GAPS, InFlight, POOL_SIZE, RATE_LIMITED, RETRIES, STATEMENTS},
};

pub use additions::Addition;
pub use changes::{ANYTHING, Change, Changes, Checked, Committed, Fact, Moment, SLOTS, Slot, Touched};
pub use commits::{Commits, Position};
pub use error::StoreError;
pub use run::{Both, Run, Work};
pub use scan::Windows;
pub use schema::{LABELS, PROPERTIES, RELATIONSHIP_TYPES, SCHEMA_STATEMENTS};

/// One statement as a transaction.
struct Alone<'a, Q>(&'a Q);

impl<Q: Query> Work for Alone<'_, Q> {
    type Output = Vec<Q::Row>;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Output, Error> {
        tx.run(self.0).await
    }
}

enum Engine {
    Neo4j(Box<neo4j::Neo4j>),
    #[cfg(feature = "embedded")]
    Embedded(embedded::Embedded),
}

/// The graph that this Kith serves.
pub struct Store {
    engine: Engine,
    timeout: Duration,
    changes: Arc<Changes>,
    commits: Arc<Commits>,
    /// For as many statements and transactions as may be under way or wait.
    room: Semaphore,
}

/// An open transaction. Dropping it rolls back.
pub struct Tx {
    engine: TxEngine,
    changes: Arc<Changes>,
    /// What its statements have changed so far.
    touched: Touched,
}

enum TxEngine {
    Neo4j(Box<neo4j::Neo4jTx>),
    #[cfg(feature = "embedded")]
    Embedded(Box<embedded::EmbeddedTx>),
}

/// The stores in the metrics.
const NEO4J: &str = "neo4j";
#[cfg(feature = "embedded")]
const EMBEDDED: &str = "embedded";

/// Why a call is tried again, in the metrics.
const CONFLICT: &str = "conflict";
const UNAVAILABLE: &str = "unavailable";

/// How often a write is tried while the store asks to try again.
const TRANSIENT_ATTEMPTS: u32 = 12;
/// How often a call is tried while the store cannot be reached.
const UNAVAILABLE_ATTEMPTS: u32 = 3;

impl Store {
    /// Opens the store that the configuration names and brings its schema up to date. Instances that tell each other what
    /// they change have the same key.
    pub async fn open(config: &StoreConfig, key: &[u8; 16]) -> Result<Self, StoreError> {
        let engine = match embedded_folder(&config.uri) {
            None => Engine::Neo4j(Box::new(neo4j::Neo4j::connect(config)?)),
            #[cfg(feature = "embedded")]
            Some(folder) => Engine::Embedded(embedded::Embedded::open(&folder, config.timeout)?),
            #[cfg(not(feature = "embedded"))]
            Some(_) => {
                return Err(StoreError::Unavailable(
                    "this Kith was built without the embedded graph; set store.uri to a bolt:// address"
                        .into(),
                ));
            }
        };
        let store = Self::of(engine, config, key);
        #[expect(clippy::cast_precision_loss, reason = "a pool has few connections")]
        metrics::gauge!(POOL_SIZE).set(config.pool_size as f64);
        // A rate needs a first value to grow from.
        for reason in [CONFLICT, UNAVAILABLE] {
            metrics::counter!(RETRIES, "reason" => reason).absolute(0);
        }
        schema::migrate(&store).await?;
        Ok(store)
    }

    /// A store that nothing was opened for: enough to describe the API, and every call answers that it is unavailable.
    pub fn unopened(config: &StoreConfig) -> Result<Self, StoreError> {
        let config = StoreConfig { uri: "bolt://127.0.0.1:1".to_owned(), ..config.clone() };
        let engine = Engine::Neo4j(Box::new(neo4j::Neo4j::connect(&config)?));
        Ok(Self::of(engine, &config, &[0; 16]))
    }

    fn of(engine: Engine, config: &StoreConfig, key: &[u8; 16]) -> Self {
        let changes = Arc::new(Changes::new(key));
        let room = Semaphore::new(config.max_waiting.min(Semaphore::MAX_PERMITS));
        Self { engine, timeout: config.timeout, changes, commits: Arc::default(), room }
    }

    /// Runs one statement in a transaction of its own.
    pub async fn run<Q: Query>(&self, query: &Q) -> Result<Vec<Q::Row>, Error> {
        let _room = self.room()?;
        self.run_within(self.timeout, query).await
    }

    /// Room for one more call. It is better to say no at once than to let all wait until nobody waits for their answers.
    fn room(&self) -> Result<SemaphorePermit<'_>, Error> {
        self.room.try_acquire().map_err(|_| {
            metrics::counter!(RATE_LIMITED, "class" => "store").increment(1);
            Error::Overloaded
        })
    }

    /// Runs one statement with a deadline of its own, however many wait: it is what watches the store that asks.
    pub async fn run_within<Q: Query>(&self, timeout: Duration, query: &Q) -> Result<Vec<Q::Row>, Error> {
        if Q::ACCESS == Access::Write && Q::FACTS_OF_ROWS {
            return self.write_with_room(&Alone(query)).await;
        }
        let (mut transient, mut unavailable) = (0, 0);
        let started = Instant::now();
        loop {
            let error = match self.run_once(query, timeout.saturating_sub(started.elapsed())).await {
                Ok(rows) => return Ok(rows),
                Err(error) => error,
            };
            let tries = match error {
                StoreError::Transient(_) => {
                    transient += 1;
                    (transient < TRANSIENT_ATTEMPTS).then_some(transient)
                }
                // A write whose connection broke may have been applied: only a read is safe to repeat.
                StoreError::Unavailable(_) if Q::ACCESS == Access::Read => {
                    unavailable += 1;
                    (unavailable < UNAVAILABLE_ATTEMPTS).then_some(unavailable)
                }
                _ => None,
            };
            self.pause(tries, started, error).await?;
        }
    }

    async fn run_once<Q: Query>(&self, query: &Q, timeout: Duration) -> Result<Vec<Q::Row>, StoreError> {
        let started = Instant::now();
        let _call = InFlight::of(CALLS);
        let change = match Q::ACCESS {
            Access::Read => None,
            Access::Write => {
                let mut touched = Touched::default();
                self.changes.touch(&mut touched, &query.facts(&[]));
                Some(self.changes.begin(touched))
            }
        };
        let rows = match &self.engine {
            // Boxed, for neo4rs' futures are 20 kB that every caller would carry.
            Engine::Neo4j(neo4j) => {
                let done = self.give_up(started, within(timeout, Box::pin(neo4j.run(query))).await);
                self.settle(change, done.as_ref().map(|(_, transaction)| *transaction));
                done.map(|(rows, _)| rows)
            }
            #[cfg(feature = "embedded")]
            Engine::Embedded(embedded) if Q::ACCESS == Access::Read => {
                within(timeout, embedded.run(query, |_| {})).await
            }
            #[cfg(feature = "embedded")]
            Engine::Embedded(embedded) => {
                embedded.run(query, |rows| self.settle(change, rows.as_ref().map(|_| None))).await
            }
        };
        observe::<Q>(self.engine.name(), started, &rows);
        rows
    }

    /// What has changed.
    pub fn changes(&self) -> &Arc<Changes> {
        &self.changes
    }

    /// Which of the graph's transactions this process knows of.
    pub fn commits(&self) -> &Arc<Commits> {
        &self.commits
    }

    /// Runs a unit of work in one transaction, again from the start while the store asks for that.
    pub async fn write<W: Work>(&self, work: &W) -> Result<W::Output, Error> {
        let _room = self.room()?;
        self.write_with_room(work).await
    }

    async fn write_with_room<W: Work>(&self, work: &W) -> Result<W::Output, Error> {
        let (mut transient, mut unavailable) = (0, 0);
        let started = Instant::now();
        loop {
            let left = self.timeout.saturating_sub(started.elapsed());
            let done = within(left, Box::pin(self.write_once(work))).await;
            let error = match self.give_up(started, done) {
                Ok(output) => return output,
                Err(error) => error,
            };
            let tries = match error {
                StoreError::Transient(_) => {
                    transient += 1;
                    (transient < TRANSIENT_ATTEMPTS).then_some(transient)
                }
                // Before the commit was sent nothing can have been applied.
                StoreError::Unavailable(_) => {
                    unavailable += 1;
                    (unavailable < UNAVAILABLE_ATTEMPTS).then_some(unavailable)
                }
                _ => None,
            };
            self.pause(tries, started, error).await?;
        }
    }

    /// The outer result asks for a retry or reports the store; the inner one is the work's own answer.
    async fn write_once<W: Work>(&self, work: &W) -> Result<Result<W::Output, Error>, StoreError> {
        let _call = InFlight::of(CALLS);
        let engine = match &self.engine {
            Engine::Neo4j(neo4j) => TxEngine::Neo4j(Box::new(Box::pin(neo4j.begin()).await?)),
            #[cfg(feature = "embedded")]
            Engine::Embedded(embedded) => TxEngine::Embedded(Box::new(embedded.begin().await)),
        };
        let mut tx = Tx { engine, changes: Arc::clone(&self.changes), touched: Touched::default() };
        match work.run(&mut tx).await {
            Ok(output) => match self.commit(tx).await {
                Ok(()) => Ok(Ok(output)),
                // A connection that breaks here leaves it open whether the commit happened: it is not tried again.
                Err(error @ StoreError::Unavailable(_)) => Ok(Err(error.into())),
                Err(error) => Err(error),
            },
            Err(error) => {
                tx.rollback().await;
                match error {
                    Error::Store(error @ (StoreError::Transient(_) | StoreError::Unavailable(_))) => {
                        Err(error)
                    }
                    error => Ok(Err(error)),
                }
            }
        }
    }

    async fn commit(&self, tx: Tx) -> Result<(), StoreError> {
        let change = Some(self.changes.begin(tx.touched));
        match tx.engine {
            TxEngine::Neo4j(tx) => {
                let done = Box::pin(tx.commit()).await;
                self.settle(change, done.as_ref().copied());
                done.map(drop)
            }
            #[cfg(feature = "embedded")]
            TxEngine::Embedded(tx) => {
                tx.commit(|done| self.settle(change, done.as_ref().map(|()| None))).await
            }
        }
    }

    /// Ends a change, or leaves it open if nobody can know whether it happened.
    fn settle(&self, change: Option<Change>, done: Result<Option<u64>, &StoreError>) {
        let Some(change) = change else { return };
        match done {
            Ok(transaction) => {
                change.end(transaction);
                // Afterwards: who finds it told must find it numbered.
                if let Some(transaction) = transaction {
                    self.commits.tell(transaction);
                }
            }
            Err(error) if error.leaves_open(self.is_embedded()) => drop(change),
            Err(_) => change.undo(),
        }
    }

    /// What others have committed, and tell of.
    pub fn hear(&self, committed: &Committed) {
        self.changes.hear(&committed.slots);
        if let Some(transaction) = committed.transaction {
            self.commits.tell(transaction);
        }
    }

    /// Looks, by some read, whether the graph has something of which nobody has told this process; if so, nothing that
    /// was read before holds any more. Answers where the graph stands, if it numbers its transactions.
    pub async fn watch<Q: Query>(&self, query: &Q, oldest: Duration) -> Result<Option<Position>, StoreError> {
        #[cfg_attr(not(feature = "embedded"), expect(irrefutable_let_patterns))]
        let Engine::Neo4j(neo4j) = &self.engine else { return Ok(None) };
        let at = Instant::now();
        let position = self.give_up(at, within(oldest, Box::pin(neo4j.position(query))).await)?;
        if let Some(position) = position
            && self.commits.see(position, at, oldest)
        {
            metrics::counter!(GAPS).increment(1);
            self.changes.change_anything();
        }
        Ok(position)
    }

    /// Passes on what came of a call, and draws the consequences where nothing came in time.
    fn give_up<T>(&self, began: Instant, outcome: Result<T, StoreError>) -> Result<T, StoreError> {
        if let (Engine::Neo4j(neo4j), Err(StoreError::DeadlineExceeded(_))) = (&self.engine, &outcome) {
            neo4j.renew(began);
        }
        outcome
    }

    /// Waits before the next try, or gives the error back when there is none.
    async fn pause(&self, tries: Option<u32>, started: Instant, error: StoreError) -> Result<(), StoreError> {
        let Some(tries) = tries else {
            return Err(error);
        };
        let ceiling = (2u64 << tries.min(8)).min(250);
        let delay = Duration::from_millis(rand::rng().random_range(1..=ceiling));
        if started.elapsed() + delay >= self.timeout {
            return Err(error);
        }
        let reason = if matches!(error, StoreError::Transient(_)) { CONFLICT } else { UNAVAILABLE };
        metrics::counter!(RETRIES, "reason" => reason).increment(1);
        tracing::debug!(%error, tries, delay_ms = delay.as_millis(), "trying the store again");
        tokio::time::sleep(delay).await;
        Ok(())
    }

    /// Has the store's planner read a statement without running it.
    pub async fn explain(&self, statement: &Statement) -> Result<(), StoreError> {
        let text = if self.is_embedded() { statement.embedded_text } else { statement.text };
        let nothing = statement.parameters.iter().map(|name| ((*name).to_owned(), Value::Null)).collect();
        self.run_text(self.timeout, statement.file, &format!("EXPLAIN {text}"), nothing).await.map(drop)
    }

    /// Runs text that no file binds: the schema, and EXPLAIN.
    async fn run_text(
        &self,
        timeout: Duration,
        name: &'static str,
        text: &str,
        parameters: Map<String, Value>,
    ) -> Result<Vec<Value>, StoreError> {
        match &self.engine {
            Engine::Neo4j(neo4j) => within(timeout, Box::pin(neo4j.run_text(name, text, parameters))).await,
            #[cfg(feature = "embedded")]
            Engine::Embedded(embedded) => embedded.run_text(name, text, parameters).await,
        }
    }

    /// Folds the log of an embedded graph into its checkpoint and lets go of the folder.
    #[cfg_attr(
        not(feature = "embedded"),
        expect(clippy::unused_async, reason = "there is nothing to wait for without an embedded graph")
    )]
    pub async fn close(&self) {
        match &self.engine {
            Engine::Neo4j(_) => {}
            #[cfg(feature = "embedded")]
            Engine::Embedded(embedded) => embedded.close().await,
        }
    }

    pub fn is_embedded(&self) -> bool {
        !matches!(self.engine, Engine::Neo4j(_))
    }
}

impl Run for &Store {
    async fn run<Q: Query>(&mut self, query: &Q) -> Result<Vec<Q::Row>, Error> {
        Store::run(self, query).await
    }

    async fn run_both<Q: Keyed, O: Keyed>(&mut self, query: &Q, other: &O) -> Result<Both<Q, O>, Error> {
        tokio::try_join!(Store::run(self, query), Store::run(self, other))
    }
}

impl Engine {
    /// What the metrics call it.
    fn name(&self) -> &'static str {
        match self {
            Self::Neo4j(_) => NEO4J,
            #[cfg(feature = "embedded")]
            Self::Embedded(_) => EMBEDDED,
        }
    }
}

impl TxEngine {
    fn name(&self) -> &'static str {
        match self {
            Self::Neo4j(_) => NEO4J,
            #[cfg(feature = "embedded")]
            Self::Embedded(_) => EMBEDDED,
        }
    }
}

impl Tx {
    async fn rollback(self) {
        match self.engine {
            TxEngine::Neo4j(tx) => Box::pin(tx.rollback()).await,
            #[cfg(feature = "embedded")]
            TxEngine::Embedded(tx) => drop(tx),
        }
    }
}

impl Run for Tx {
    async fn run<Q: Query>(&mut self, query: &Q) -> Result<Vec<Q::Row>, Error> {
        let started = Instant::now();
        let rows = match &mut self.engine {
            TxEngine::Neo4j(tx) => Box::pin(tx.run(query)).await,
            #[cfg(feature = "embedded")]
            TxEngine::Embedded(tx) => tx.run(query),
        };
        observe::<Q>(self.engine.name(), started, &rows);
        let rows = rows?;
        if Q::ACCESS == Access::Write {
            self.changes.touch(&mut self.touched, &query.facts(&rows));
        }
        Ok(rows)
    }
}

impl Run for &mut Tx {
    async fn run<Q: Query>(&mut self, query: &Q) -> Result<Vec<Q::Row>, Error> {
        Tx::run(self, query).await
    }
}

/// The folder of an `embedded:` address.
pub fn embedded_folder(uri: &str) -> Option<PathBuf> {
    uri.strip_prefix("embedded:").map(|folder| Path::new(folder).to_path_buf())
}

async fn within<T>(
    timeout: Duration,
    call: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    tokio::time::timeout(timeout, call).await.unwrap_or(Err(StoreError::DeadlineExceeded(timeout)))
}

fn observe<Q: Query>(store: &'static str, started: Instant, rows: &Result<Vec<Q::Row>, StoreError>) {
    let elapsed = started.elapsed();
    let outcome = if rows.is_ok() { "ok" } else { "error" };
    metrics::histogram!(STATEMENTS, "statement" => Q::FILE, "store" => store, "outcome" => outcome)
        .record(elapsed.as_secs_f64());
    match rows {
        Ok(rows) => tracing::debug!(
            statement = Q::FILE,
            rows = rows.len(),
            duration_ms = elapsed.as_secs_f64() * 1e3,
            "statement"
        ),
        Err(error) => tracing::debug!(statement = Q::FILE, %error, "statement failed"),
    }
}

/// The fields of a statement as a map of parameters.
fn parameters<Q: Query>(query: &Q) -> Result<Map<String, Value>, StoreError> {
    match serde_json::to_value(query) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Ok(Map::new()),
        Err(error) => Err(StoreError::Failed { statement: Q::FILE, message: error.to_string() }),
    }
}
