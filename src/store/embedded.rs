//! The embedded graph: kglite in this process, durable in one folder. The only place that may use it.
//!
//! Durability: a commit's frame is in the log before the commit is visible, and [`Session::sync`] has put
//! it on the disk before it is acknowledged. Reads run on snapshots; there is one writer at a time.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use kglite::api::{
    KgError, PropMap, Value as Cell,
    cypher::{QueryWarningSink, set_query_warning_sink},
    durable::DurabilityLevel,
    io::GraphWriterLease,
    session::{self, CommitOutcome, ExecuteOptions, OpenError, OpenSpec, Session, Transaction},
};
use serde::de::DeserializeOwned;
use serde_json::{Map, Number, Value};
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::{StoreError, parameters};
use crate::cypher::{Access, Query};

/// The log is folded into the checkpoint beyond this size: replaying it at start costs a second a megabyte. The
/// engine's own rule would let the log grow as large as the checkpoint.
const CHECKPOINT_LOG_BYTES: u64 = 2 * 1024 * 1024;

pub(super) struct Embedded {
    graph: Arc<Graph>,
    /// Held for the length of a write; waiting for it is fair.
    writer: Arc<Mutex<()>>,
    timeout: Duration,
}

struct Graph {
    session: Session,
    log: PathBuf,
    /// The size at which the log is folded next; out of reach while that happens.
    fold_at: AtomicU64,
    /// Keeps a second process out of the folder. Dropped last.
    _lease: Option<GraphWriterLease>,
}

pub(super) struct EmbeddedTx {
    graph: Arc<Graph>,
    /// Taken out while a statement runs on another thread.
    transaction: Option<Transaction>,
    wrote: bool,
    timeout: Duration,
    _writer: OwnedMutexGuard<()>,
}

impl Embedded {
    pub fn open(folder: &Path, timeout: Duration) -> Result<Self, StoreError> {
        let unavailable = |message: String| StoreError::Unavailable(message);
        std::fs::create_dir_all(folder)
            .map_err(|error| unavailable(format!("{}: {error}", folder.display())))?;
        let path = folder.join("graph.kgl");
        refuse_quarantined_log(folder)?;
        // The engine prints a line for each label that the graph has no node of yet.
        set_query_warning_sink(QueryWarningSink::Silent);
        let mut spec = OpenSpec::writer();
        spec.durability = DurabilityLevel::Normal;
        let opened = session::open_path(&path, &spec).map_err(|error| match error {
            OpenError::Lease(refusal) => unavailable(format!(
                "the data folder {} is in use by another process: {}",
                folder.display(),
                refusal.error
            )),
            OpenError::Open(error) => unavailable(format!("{} cannot be read: {error}", path.display())),
            OpenError::Session { message, .. } => {
                unavailable(format!("the log of {} cannot be used: {message}", path.display()))
            }
        })?;
        for advisory in &opened.advisories {
            tracing::warn!(advisory = ?advisory, "the embedded graph reports");
        }
        refuse_quarantined_log(folder)?;
        let graph = Graph {
            session: opened.session,
            log: folder.join("graph.kgl-wal"),
            fold_at: AtomicU64::new(CHECKPOINT_LOG_BYTES),
            _lease: opened.lease,
        };
        Ok(Self { graph: Arc::new(graph), writer: Arc::default(), timeout })
    }

    pub async fn run<Q: Query>(&self, query: &Q) -> Result<Vec<Q::Row>, StoreError> {
        self.rows(Q::FILE, Q::EMBEDDED_TEXT, Q::ACCESS, parameters(query)?).await
    }

    /// Runs text that no file binds, as a write: the schema is made of such.
    pub async fn run_text(
        &self,
        name: &'static str,
        text: &str,
        parameters: Map<String, Value>,
    ) -> Result<Vec<Value>, StoreError> {
        self.rows(name, text, Access::Write, parameters).await
    }

    async fn rows<T: DeserializeOwned + Send + 'static>(
        &self,
        name: &'static str,
        text: &str,
        access: Access,
        parameters: Map<String, Value>,
    ) -> Result<Vec<T>, StoreError> {
        let graph = Arc::clone(&self.graph);
        let deadline = Instant::now() + self.timeout;
        let text = text.to_owned();
        let writer = match access {
            Access::Read => None,
            Access::Write => Some(super::within(self.timeout, self.turn()).await?),
        };
        blocking(move || {
            let cells = cells(parameters);
            let mut options = ExecuteOptions::eager(&cells).with_hidden_structural_keys(true);
            options.deadline = Some(deadline);
            let outcome = match access {
                Access::Read => session::execute_read(&graph.session.snapshot(), &text, &options),
                Access::Write => graph.session.execute_auto_commit(&text, &options, 1),
            }
            .map_err(|error| store_error(name, error))?;
            if writer.is_some() {
                graph.persist();
            }
            rows(name, &outcome.result.columns, outcome.result.rows)
        })
        .await
    }

    /// The writer's turn, once it comes.
    async fn turn(&self) -> Result<OwnedMutexGuard<()>, StoreError> {
        Ok(Arc::clone(&self.writer).lock_owned().await)
    }

    pub async fn begin(&self) -> EmbeddedTx {
        let writer = Arc::clone(&self.writer).lock_owned().await;
        EmbeddedTx {
            transaction: Some(self.graph.session.begin()),
            graph: Arc::clone(&self.graph),
            wrote: false,
            timeout: self.timeout,
            _writer: writer,
        }
    }

    pub async fn close(&self) {
        let writer = Arc::clone(&self.writer).lock_owned().await;
        let graph = Arc::clone(&self.graph);
        let _ = blocking(move || {
            match graph.session.checkpoint_online() {
                Ok(_) => tracing::info!("the embedded graph is checkpointed"),
                // Nothing is lost: the log is still there and is replayed at the next start.
                Err(error) => {
                    tracing::error!(error, "the embedded graph could not be checkpointed");
                }
            }
            graph.session.retire();
            drop(writer);
            Ok(())
        })
        .await;
    }
}

impl Graph {
    /// Puts what was committed on the disk. A write that cannot be made durable must never be
    /// acknowledged, and what others already read of it cannot be taken back: the process stops.
    fn persist(self: &Arc<Self>) {
        if let Err(error) = self.session.sync() {
            tracing::error!(error, "the log could not be written to the disk; stopping before more is lost");
            std::process::exit(74);
        }
        self.fold_long_log();
    }

    /// Folds the log into the checkpoint on another thread once it is long. Writes go on meanwhile.
    fn fold_long_log(self: &Arc<Self>) {
        let length = std::fs::metadata(&self.log).map_or(0, |log| log.len());
        if length < self.fold_at.load(Ordering::Relaxed) {
            return;
        }
        self.fold_at.store(u64::MAX, Ordering::Relaxed);
        let graph = Arc::clone(self);
        std::thread::spawn(move || {
            let fold_at = match graph.session.checkpoint_online() {
                Ok(_) => CHECKPOINT_LOG_BYTES,
                // Nothing is lost but time at the next start. Not tried again at each write.
                Err(error) => {
                    tracing::error!(error, "the embedded graph could not be checkpointed");
                    length + CHECKPOINT_LOG_BYTES
                }
            };
            graph.fold_at.store(fold_at, Ordering::Relaxed);
        });
    }
}

impl EmbeddedTx {
    pub async fn run<Q: Query>(&mut self, query: &Q) -> Result<Vec<Q::Row>, StoreError> {
        let parameters = parameters(query)?;
        let Some(mut transaction) = self.transaction.take() else {
            return Err(StoreError::Transient(
                "an earlier statement of this transaction was abandoned".into(),
            ));
        };
        let deadline = Instant::now() + self.timeout;
        self.wrote |= Q::ACCESS == Access::Write;
        let (transaction, rows) = blocking(move || {
            let cells = cells(parameters);
            let mut options = ExecuteOptions::eager(&cells).with_hidden_structural_keys(true);
            options.deadline = Some(deadline);
            let outcome = match Q::ACCESS {
                Access::Write => match transaction.working_mut() {
                    Ok(graph) => session::execute_mut(graph, Q::EMBEDDED_TEXT, &options),
                    Err(error) => Err(error),
                },
                Access::Read => match transaction.current() {
                    Some(graph) => session::execute_read(graph, Q::EMBEDDED_TEXT, &options),
                    None => Err(KgError::Argument("the transaction is over".into())),
                },
            };
            let rows = outcome
                .map_err(|error| store_error(Q::FILE, error))
                .and_then(|outcome| rows(Q::FILE, &outcome.result.columns, outcome.result.rows));
            Ok((transaction, rows))
        })
        .await?;
        self.transaction = Some(transaction);
        rows
    }

    pub async fn commit(mut self) -> Result<(), StoreError> {
        let Some(transaction) = self.transaction.take().filter(|_| self.wrote) else {
            return Ok(());
        };
        let graph = Arc::clone(&self.graph);
        blocking(move || {
            // The writer's lock is held inside, so that it outlives a caller who stops waiting.
            let tx = self;
            match graph.session.commit(transaction, true) {
                CommitOutcome::Committed { .. } => graph.persist(),
                CommitOutcome::NoWritesNoOp => {}
                CommitOutcome::ConflictDetected { .. } => {
                    return Err(StoreError::Transient("another write came first".into()));
                }
                // Nothing of it was done, and it may be tried again once there is room.
                CommitOutcome::DurabilityFailed { error } => {
                    return Err(StoreError::Unavailable(cannot_write(&error)));
                }
                outcome => {
                    return Err(StoreError::Failed { statement: "commit", message: format!("{outcome:?}") });
                }
            }
            drop(tx);
            Ok(())
        })
        .await
    }
}

/// A log that the engine set aside holds acknowledged writes: serving without them would lose them.
fn refuse_quarantined_log(folder: &Path) -> Result<(), StoreError> {
    let entries = std::fs::read_dir(folder).map_err(|error| StoreError::Unavailable(error.to_string()))?;
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with("graph.kgl-wal") && name.contains(".quarantine-") {
            return Err(StoreError::Unavailable(format!(
                "the log of the embedded graph is damaged and was set aside as {}. Restore the folder from a \
                 backup, or move that file away to go on with the last checkpoint and lose what it holds",
                entry.path().display()
            )));
        }
    }
    Ok(())
}

async fn blocking<T: Send + 'static>(
    job: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    match tokio::task::spawn_blocking(job).await {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(StoreError::Unavailable("the server is shutting down".into())),
        },
    }
}

fn rows<T: DeserializeOwned>(
    name: &'static str,
    columns: &[String],
    rows: Vec<Vec<Cell>>,
) -> Result<Vec<T>, StoreError> {
    rows.into_iter()
        .map(|row| {
            let object = columns.iter().cloned().zip(row.into_iter().map(json)).collect();
            serde_json::from_value(Value::Object(object))
                .map_err(|error| StoreError::Failed { statement: name, message: error.to_string() })
        })
        .collect()
}

fn cells(parameters: Map<String, Value>) -> HashMap<String, Cell> {
    parameters.into_iter().map(|(key, value)| (key, cell(value))).collect()
}

fn cell(value: Value) -> Cell {
    match value {
        Value::Null => Cell::Null,
        Value::Bool(value) => Cell::Boolean(value),
        Value::Number(number) => {
            number.as_i64().map_or_else(|| Cell::Float64(number.as_f64().unwrap_or(f64::NAN)), Cell::Int64)
        }
        Value::String(text) => Cell::String(text),
        Value::Array(items) => Cell::List(items.into_iter().map(cell).collect()),
        Value::Object(map) => {
            Cell::Map(map.into_iter().map(|(key, value)| (key, cell(value))).collect::<PropMap>())
        }
    }
}

fn json(cell: Cell) -> Value {
    match cell {
        Cell::Boolean(value) => Value::Bool(value),
        Cell::Int64(value) => value.into(),
        Cell::UniqueId(value) => value.into(),
        Cell::Float64(value) => Number::from_f64(value).map_or(Value::Null, Value::Number),
        Cell::String(text) => Value::String(text),
        Cell::List(items) => Value::Array(items.into_iter().map(json).collect()),
        Cell::Map(map) => {
            Value::Object(map.iter().map(|(key, value)| (key.to_owned(), json(value.clone()))).collect())
        }
        // Statements return columns, never nodes or paths; null is the rest.
        _ => Value::Null,
    }
}

/// Says in the log what whoever runs Kith has to mend.
fn cannot_write(error: &str) -> String {
    tracing::error!(error, "the log of the embedded graph cannot be written; is the disk full?");
    format!("the log cannot be written: {error}")
}

fn store_error(statement: &'static str, error: KgError) -> StoreError {
    match error {
        KgError::TransactionConflict { .. } => StoreError::Transient(error.to_string()),
        KgError::DurabilityFailed { .. } => StoreError::Unavailable(cannot_write(&error.to_string())),
        KgError::ConstraintViolation { .. } => StoreError::Duplicate(error.to_string()),
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
