//! The embedded graph: kglite in this process, durable in one folder. The only place that may use it.
//!
//! Durability: a commit's frame is in the log before the commit is visible, and [`Session::sync`] has put
//! it on the disk before it is acknowledged; commits that come close together share one sync, see [`keep_durable`].
//! Reads run on snapshots; there is one writer at a time.

mod errors;
mod values;

use std::{
    collections::HashMap,
    num::NonZero,
    path::{Path, PathBuf},
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, AtomicUsize, Ordering},
        mpsc,
    },
    time::{Duration, Instant},
};

use kglite::api::{
    DirGraph, KgError, Value as Cell,
    cypher::{QueryWarningSink, set_query_warning_sink},
    durable::DurabilityLevel,
    io::GraphWriterLease,
    session::{
        self, CommitOutcome, ExecuteOptions, ExecuteOutcome, OpenError, OpenSpec, Session, Transaction,
    },
};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use tokio::{
    runtime::{Handle, RuntimeFlavor},
    sync::{Mutex, OwnedMutexGuard, Semaphore, oneshot},
};

use self::{
    errors::{cannot_write, store_error},
    values::{cells, rows},
};
use super::{StoreError, parameters};
use crate::cypher::{Access, Query};

/// The log is folded into the checkpoint, which rewrites all of it, beyond a thirty-second of the checkpoint's size, and
/// not before this size. Replaying a megabyte of log at start takes a second, and reading that of a checkpoint a fiftieth
/// of one: a start after a crash takes a few times as long as another, and a write pays for at most some thirty times its
/// own bytes. The engine's own rule would let the log grow as large as the checkpoint.
const LEAST_LOG_BYTES: u64 = 2 * 1024 * 1024;
const LOG_PER_CHECKPOINT: u64 = 32;

/// How many reads run at once. Each takes a core for as long as it lasts, so that more of them end no earlier; they hold
/// their snapshots for longer, and each thread that ever ran one keeps memory of its own. Some that take long leave room
/// for others.
const READS_PER_CORE: usize = 2;
const LEAST_READS: usize = 4;

/// How many commits share one fold of what they changed into the engine's indexes: see [`Held`].
const FOLD_COMMITS: usize = 128;

/// How many commits one sync waits for at most, and how long: see [`keep_durable`].
const SYNC_COMMITS: usize = 64;
const SYNC_DELAY: Duration = Duration::from_millis(20);

pub(super) struct Embedded {
    graph: Arc<Graph>,
    /// Held for the length of a write; waiting for it is fair.
    writer: Arc<Mutex<()>>,
    /// Held for the length of a read; waiting for it is fair.
    readers: Arc<Semaphore>,
    /// Held for the length of a report, which may take long.
    reporter: Arc<Semaphore>,
    syncer: Syncer,
    timeout: Duration,
}

/// Answers once what was committed is on the disk.
type Durable = oneshot::Receiver<()>;

/// Takes who waits until what is committed is on the disk.
type Syncer = mpsc::Sender<oneshot::Sender<()>>;

struct Graph {
    session: Session,
    /// How many writes run or wait for their turn.
    writes: AtomicUsize,
    log: PathBuf,
    /// The size at which the log is folded next; out of reach while that happens.
    fold_at: AtomicU64,
    /// Keeps a second process out of the folder. Dropped last, or when the graph is closed.
    lease: std::sync::Mutex<Option<GraphWriterLease>>,
}

/// The graph as it was some commits ago. While somebody reads an old snapshot, the engine lays what is committed over
/// its indexes; when nobody does, it folds that into them at the next commit and walks each index from end to end,
/// however little was changed. So one commit of many pays for that, and not each.
struct Held {
    _snapshot: Arc<DirGraph>,
    commits: usize,
}

impl Held {
    fn new(graph: &Graph) -> Self {
        Self { _snapshot: graph.session.snapshot(), commits: 0 }
    }
}

pub(super) struct EmbeddedTx {
    graph: Arc<Graph>,
    transaction: Transaction,
    wrote: bool,
    timeout: Duration,
    syncer: Syncer,
    turn: Turn,
}

/// The only write that runs.
struct Turn {
    _writer: OwnedMutexGuard<()>,
    _write: Write,
}

/// A write that runs or waits for its turn.
struct Write(Arc<Graph>);

impl Write {
    fn new(graph: &Arc<Graph>) -> Self {
        graph.writes.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(graph))
    }
}

impl Drop for Write {
    fn drop(&mut self) {
        self.0.writes.fetch_sub(1, Ordering::Relaxed);
    }
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
            writes: AtomicUsize::new(0),
            log: folder.join("graph.kgl-wal"),
            fold_at: AtomicU64::new(longest_log(std::fs::metadata(&path).map_or(0, |file| file.len()))),
            lease: opened.lease.into(),
        };
        let graph = Arc::new(graph);
        let (syncer, commits) = mpsc::channel();
        let (weak, held) = (Arc::downgrade(&graph), Held::new(&graph));
        std::thread::spawn(move || keep_durable(&weak, &commits, held));
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        let readers = Arc::new(Semaphore::new(LEAST_READS.max(READS_PER_CORE * cores)));
        let reporter = Arc::new(Semaphore::new(1));
        Ok(Self { graph, writer: Arc::default(), readers, reporter, syncer, timeout })
    }

    /// Tells `seen` what came of it as soon as others can see it, which is before it is on the disk.
    pub async fn run<Q: Query>(
        &self,
        query: &Q,
        seen: impl FnOnce(&Result<Vec<Q::Row>, StoreError>) + Send,
    ) -> Result<Vec<Q::Row>, StoreError> {
        let rows = self.rows(Q::FILE, Q::EMBEDDED_TEXT, Q::ACCESS, &self.readers, parameters(query)?).await;
        let (rows, durable) =
            rows.map_or_else(|error| (Err(error), None), |(rows, durable)| (Ok(rows), durable));
        seen(&rows);
        acknowledged(durable).await?;
        rows
    }

    /// Runs text that no file binds, as a write: the schema is made of such.
    pub async fn run_text(
        &self,
        name: &'static str,
        text: &str,
        parameters: Map<String, Value>,
    ) -> Result<Vec<Value>, StoreError> {
        let (rows, durable) = self.rows(name, text, Access::Write, &self.readers, parameters).await?;
        acknowledged(durable).await?;
        Ok(rows)
    }

    /// The rows of a statement whose columns no type reads.
    pub async fn read(
        &self,
        name: &'static str,
        text: &str,
        parameters: Map<String, Value>,
    ) -> Result<Vec<Map<String, Value>>, StoreError> {
        Ok(self.rows(name, text, Access::Read, &self.reporter, parameters).await?.0)
    }

    async fn rows<T: DeserializeOwned + Send + 'static>(
        &self,
        name: &'static str,
        text: &str,
        access: Access,
        readers: &Arc<Semaphore>,
        parameters: Map<String, Value>,
    ) -> Result<(Vec<T>, Option<Durable>), StoreError> {
        let graph = Arc::clone(&self.graph);
        let deadline = Instant::now() + self.timeout;
        let cells = cells(parameters);
        match access {
            Access::Read => {
                let room = async { Ok(Arc::clone(readers).acquire_owned().await.ok()) };
                let room = super::within(self.timeout, room).await?;
                let text = text.to_owned();
                blocking(move || {
                    let outcome =
                        session::execute_read(&graph.session.snapshot(), &text, &options(&cells, deadline));
                    drop(room);
                    Ok((answered(name, outcome)?, None))
                })
                .await
            }
            Access::Write => {
                let turn = super::within(self.timeout, async { Ok(self.turn().await) }).await?;
                in_place(|| {
                    let rows = answered(
                        name,
                        graph.session.execute_auto_commit(text, &options(&cells, deadline), 1),
                    )?;
                    Ok((rows, Some(committed(turn, &self.syncer))))
                })
            }
        }
    }

    /// The writer's turn, once it comes.
    async fn turn(&self) -> Turn {
        let write = Write::new(&self.graph);
        Turn { _writer: Arc::clone(&self.writer).lock_owned().await, _write: write }
    }

    pub async fn begin(&self) -> EmbeddedTx {
        let turn = self.turn().await;
        EmbeddedTx {
            transaction: self.graph.session.begin(),
            graph: Arc::clone(&self.graph),
            wrote: false,
            timeout: self.timeout,
            syncer: self.syncer.clone(),
            turn,
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
            // Another process may have the folder now, though a thread may still be at its last look.
            drop(graph.lease.lock().map(|mut lease| lease.take()));
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
                Ok(report) => longest_log(report.bytes),
                // Nothing is lost but time at the next start. Not tried again at each write.
                Err(error) => {
                    tracing::error!(error, "the embedded graph could not be checkpointed");
                    length + LEAST_LOG_BYTES
                }
            };
            graph.fold_at.store(fold_at, Ordering::Relaxed);
        });
    }
}

impl EmbeddedTx {
    pub fn run<Q: Query>(&mut self, query: &Q) -> Result<Vec<Q::Row>, StoreError> {
        let cells = cells(parameters(query)?);
        let options = options(&cells, Instant::now() + self.timeout);
        self.wrote |= Q::ACCESS == Access::Write;
        in_place(|| {
            let outcome = match Q::ACCESS {
                Access::Write => match self.transaction.working_mut() {
                    Ok(graph) => session::execute_mut(graph, Q::EMBEDDED_TEXT, &options),
                    Err(error) => Err(error),
                },
                Access::Read => match self.transaction.current() {
                    Some(graph) => session::execute_read(graph, Q::EMBEDDED_TEXT, &options),
                    None => Err(KgError::Argument("the transaction is over".into())),
                },
            };
            answered(Q::FILE, outcome)
        })
    }

    /// Tells `seen` what came of it as soon as others can see it, which is before it is on the disk.
    pub async fn commit(self, seen: impl FnOnce(&Result<(), StoreError>) + Send) -> Result<(), StoreError> {
        let Self { graph, transaction, wrote, syncer, turn, .. } = self;
        if !wrote {
            seen(&Ok(()));
            return Ok(());
        }
        let done = in_place(|| match graph.session.commit(transaction, true) {
            CommitOutcome::Committed { .. } => Ok(Some(committed(turn, &syncer))),
            CommitOutcome::NoWritesNoOp => Ok(None),
            CommitOutcome::ConflictDetected { .. } => {
                Err(StoreError::Transient("another write came first".into()))
            }
            // Nothing of it was done, and it may be tried again once there is room.
            CommitOutcome::DurabilityFailed { error } => Err(StoreError::Unavailable(cannot_write(&error))),
            outcome => Err(StoreError::Failed { statement: "commit", message: format!("{outcome:?}") }),
        });
        let (done, durable) = done.map_or_else(|error| (Err(error), None), |durable| (Ok(()), durable));
        seen(&done);
        done?;
        acknowledged(durable).await
    }
}

/// Ends a turn whose commit others see. What it wrote may be acknowledged once the answer is there.
fn committed(turn: Turn, syncer: &Syncer) -> Durable {
    drop(turn);
    let (sender, receiver) = oneshot::channel();
    // Nobody takes it when the graph is gone; then the receiver says so.
    let _ = syncer.send(sender);
    receiver
}

/// Waits until what was committed, if anything was, is on the disk.
async fn acknowledged(durable: Option<Durable>) -> Result<(), StoreError> {
    match durable {
        Some(durable) => durable.await.map_err(|_| shutting_down()),
        None => Ok(()),
    }
}

/// Puts commits on the disk until the graph is gone. While other writes are under way their commits are waited for, so
/// that one sync, which costs more than most writes, serves them all: group commit (Gawlick and Kinkade, 1985,
/// "Varieties of concurrency control in IMS/VS Fast Path").
fn keep_durable(graph: &Weak<Graph>, commits: &mpsc::Receiver<oneshot::Sender<()>>, mut held: Held) {
    while let Ok(first) = commits.recv() {
        let Some(graph) = graph.upgrade() else { return };
        let started = Instant::now();
        let mut waiting = vec![first];
        while waiting.len() < SYNC_COMMITS
            && started.elapsed() < SYNC_DELAY
            && graph.writes.load(Ordering::Relaxed) > 0
        {
            // In small steps, for a write under way may come to nothing.
            waiting.extend(commits.recv_timeout(Duration::from_millis(1)));
        }
        waiting.extend(commits.try_iter());
        graph.persist();
        held.commits += waiting.len();
        if held.commits >= FOLD_COMMITS {
            held = Held::new(&graph);
        }
        for caller in waiting {
            let _ = caller.send(());
        }
    }
}

/// How long the log beside a checkpoint may grow.
fn longest_log(checkpoint: u64) -> u64 {
    LEAST_LOG_BYTES.max(checkpoint / LOG_PER_CHECKPOINT)
}

fn shutting_down() -> StoreError {
    StoreError::Unavailable("the server is shutting down".into())
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

/// Runs a part of a write on the thread that its caller has. While it runs nobody else can write, and to be woken on
/// another thread and back takes longer than most of them, where more threads would run than there are cores.
fn in_place<T>(job: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|runtime| runtime.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(job),
        _ => job(),
    }
}

/// Runs what may take long beside the threads that serve.
async fn blocking<T: Send + 'static>(
    job: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    match tokio::task::spawn_blocking(job).await {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(shutting_down()),
        },
    }
}

fn options(cells: &HashMap<String, Cell>, deadline: Instant) -> ExecuteOptions<'_> {
    let mut options = ExecuteOptions::eager(cells).with_hidden_structural_keys(true);
    options.deadline = Some(deadline);
    options
}

/// The rows of a statement that was run.
fn answered<T: DeserializeOwned>(
    name: &'static str,
    outcome: Result<ExecuteOutcome, KgError>,
) -> Result<Vec<T>, StoreError> {
    let outcome = outcome.map_err(|error| store_error(name, error))?;
    rows(name, &outcome.result.columns, outcome.result.rows)
}
