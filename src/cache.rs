//! What is kept of answers: a copy that may be thrown away at any moment, for the graph is the truth.
//!
//! Two kinds of things are kept in one bounded memory: rows of [`Keyed`](crate::cypher::Keyed) statements, one key at a
//! time, and whole answers as the bytes that are sent. Each is kept with the [`Moment`] before it was read and with what
//! it depends on, and is used only while that [holds](Changes::hold). What is missing is read once, however many ask for
//! it at the same time.
//!
//! A [`Reading`] is one answer in the making. Whatever it reads, it notes what that depends on.

mod reading;

use std::{
    any::Any,
    collections::HashMap,
    hash::{BuildHasher, Hash, RandomState},
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;
use metrics::Counter;
use moka::sync::Cache as Memory;
use tokio::sync::watch;

use crate::{
    config::CacheConfig,
    http::coding::Coding,
    store::{Changes, Checked, Commits, Moment, Slot, Store},
    telemetry::{CACHE_BYTES, CACHE_LOOKUPS},
};

pub use reading::Reading;

/// What is kept, and what is being read to be kept.
pub struct Cache {
    changes: Arc<Changes>,
    commits: Arc<Commits>,
    memory: Option<Memory<u64, Arc<Kept>>>,
    /// How long this process may not know what others have written, where others write to the graph as well.
    oldest: Option<Duration>,
    loading: Mutex<Loading>,
    hash: RandomState,
}

/// Who waits for what, by its hash.
type Loading = HashMap<u64, watch::Receiver<Option<Arc<Kept>>>>;

/// The kinds of what is kept, in the metrics: a statement's file, or the name of an answer.
type Kind = &'static str;

const ASIDE: Kind = "aside";

struct Kept {
    /// Tells apart what shares a hash.
    kind: Kind,
    key: Box<str>,
    basis: Basis,
    /// When that was last found to hold.
    checked: Checked,
    bytes: u32,
    value: Box<dyn Any + Send + Sync>,
}

/// What an answer rests on.
#[derive(Clone)]
struct Basis {
    since: Moment,
    born: Instant,
    slots: Arc<[Slot]>,
}

/// What comes of a look for something that may be kept.
enum Look<'a> {
    Found(Arc<Kept>),
    /// Somebody else is reading it.
    Loading(watch::Receiver<Option<Arc<Kept>>>),
    /// Whoever holds this is to read it.
    Missing(Place<'a>),
}

/// The right to read something for everybody else. Dropping it gives the right to another.
struct Place<'a> {
    cache: &'a Cache,
    kind: Kind,
    key: Box<str>,
    hash: u64,
    sender: watch::Sender<Option<Arc<Kept>>>,
}

impl Kept {
    fn new(
        kind: Kind,
        key: Box<str>,
        basis: Basis,
        weight: usize,
        value: Box<dyn Any + Send + Sync>,
    ) -> Self {
        const OVERHEAD: usize = 200;
        let bytes = OVERHEAD + key.len() + basis.slots.len() * size_of::<Slot>() + weight;
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        Self { kind, key, basis, checked: Checked::default(), bytes, value }
    }

    fn value<T: Send + Sync + 'static>(&self) -> Arc<T> {
        let value = self.value.downcast_ref::<Arc<T>>();
        Arc::clone(value.unwrap_or_else(|| unreachable!("a kind has one type")))
    }
}

impl Cache {
    pub fn new(config: &CacheConfig, store: &Store) -> Self {
        let bytes = config.megabytes.saturating_mul(1024 * 1024);
        let memory = (bytes > 0)
            .then(|| Memory::builder().max_capacity(bytes).weigher(|_, kept: &Arc<Kept>| kept.bytes).build());
        Self {
            changes: Arc::clone(store.changes()),
            commits: Arc::clone(store.commits()),
            memory,
            oldest: (!store.is_embedded()).then_some(config.max_age),
            loading: Mutex::default(),
            hash: RandomState::new(),
        }
    }

    /// Throws all of it away. What is being read goes on.
    pub fn clear(&self) {
        if let Some(memory) = &self.memory {
            memory.invalidate_all();
        }
    }

    /// How many bytes are taken, about.
    pub fn report(&self) {
        let bytes = self.memory.as_ref().map_or(0, Memory::weighted_size);
        #[expect(clippy::cast_precision_loss, reason = "a gauge")]
        metrics::gauge!(CACHE_BYTES).set(bytes as f64);
    }

    /// Whether anything is kept at all.
    pub fn keeps(&self) -> bool {
        self.memory.is_some()
    }

    /// What was put aside under that key, or under another with the same hash.
    pub fn aside<T: Send + Sync + 'static>(&self, key: &impl Hash) -> Option<Arc<T>> {
        let kept = self.memory.as_ref()?.get(&self.hash.hash_one((ASIDE, key)))?;
        kept.value.downcast_ref::<Arc<T>>().cloned()
    }

    /// Remembers something within the bounds of the memory. It depends on nothing: whoever takes it checks it.
    pub fn put_aside<T: Send + Sync + 'static>(&self, key: &impl Hash, bytes: usize, value: T) {
        let Some(memory) = &self.memory else { return };
        let basis = Basis { since: self.changes.now(), born: Instant::now(), slots: [].into() };
        let kept = Kept::new(ASIDE, "".into(), basis, bytes, Box::new(Arc::new(value)));
        memory.insert(self.hash.hash_one((ASIDE, key)), Arc::new(kept));
    }

    /// The answer that is kept in that place, which whoever asks for it counts.
    pub fn kept(&self, place: u64) -> Option<Arc<Answer>> {
        let kept = self.memory.as_ref()?.get(&place)?;
        let answer = kept.value.downcast_ref::<Arc<Answer>>().filter(|_| self.holds(&kept))?;
        Some(Arc::clone(answer))
    }

    /// What is kept under that key, or whose turn it is to read it.
    fn look(&self, kind: Kind, key: &str) -> Look<'_> {
        let hash = self.hash.hash_one((kind, key));
        if let Some(kept) = self.find(kind, key, hash) {
            return Look::Found(kept);
        }
        let mut loading = self.loading();
        if let Some(receiver) = loading.get(&hash) {
            return Look::Loading(receiver.clone());
        }
        let (sender, receiver) = watch::channel(None);
        loading.insert(hash, receiver);
        Look::Missing(Place { cache: self, kind, key: key.into(), hash, sender })
    }

    /// Whether that is neither kept nor being read.
    fn lacks(&self, kind: Kind, key: &str) -> bool {
        let hash = self.hash.hash_one((kind, key));
        self.find(kind, key, hash).is_none() && !self.loading().contains_key(&hash)
    }

    fn loading(&self) -> MutexGuard<'_, Loading> {
        self.loading.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, kind: Kind, key: &str, hash: u64) -> Option<Arc<Kept>> {
        let kept = self.memory.as_ref()?.get(&hash)?;
        self.is(kind, key, &kept).then_some(kept)
    }

    fn holds(&self, kept: &Kept) -> bool {
        let Basis { since, born, slots } = &kept.basis;
        self.oldest.is_none_or(|oldest| self.commits.vouch(oldest) || born.elapsed() < oldest)
            && kept.checked.holds(&self.changes, *since, slots)
    }
}

impl Place<'_> {
    /// Gives everybody what was read.
    fn fill(self, basis: Basis, weight: usize, value: Box<dyn Any + Send + Sync>) -> Arc<Kept> {
        let kept = Arc::new(Kept::new(self.kind, self.key.clone(), basis, weight, value));
        if let Some(memory) = self.cache.memory.as_ref().filter(|_| self.cache.holds(&kept)) {
            memory.insert(self.hash, Arc::clone(&kept));
        }
        self.sender.send_replace(Some(Arc::clone(&kept)));
        kept
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.cache.loading().remove(&self.hash);
    }
}

/// An answer as it is sent.
#[derive(Debug)]
pub struct Answer {
    pub body: Bytes,
    pub etag: String,
    pub next_cursor: Option<String>,
    /// What it depends on.
    pub slots: Arc<[Slot]>,
    /// Where it is [kept](Cache::kept), if it is.
    pub place: Option<u64>,
    /// Where it counts as found.
    pub hits: Counter,
    /// The body as it was coded for whoever asked for that first.
    coded: [OnceLock<Bytes>; 2],
}

impl Answer {
    pub fn coded(&self, coding: Coding) -> Bytes {
        self.coded[coding as usize].get_or_init(|| coding.encode(&self.body).into()).clone()
    }
}

/// An answer that is kept, or the turn to make it.
pub enum Turn<'a> {
    Kept(Arc<Answer>),
    Make(Draft<'a>),
}

/// The turn to make an answer.
pub struct Draft<'a> {
    place: Option<Place<'a>>,
    reading: Reading<'a>,
}

impl Cache {
    /// The answer that is kept under that key, or the turn to make it. Who waits for another's gets it once it is made.
    pub async fn answer<'a>(&'a self, store: &'a Store, kind: Kind, key: &str) -> Turn<'a> {
        if self.memory.is_none() {
            return Turn::Make(Draft { place: None, reading: Reading::new(self, store) });
        }
        match self.kept_or_turn(kind, key).await {
            (Some(kept), _) => Turn::Kept(kept.value()),
            (None, place) => Turn::Make(Draft { place, reading: Reading::new(self, store) }),
        }
    }

    /// What is kept under that key, or the turn to read it; neither, if somebody else's reading came to nothing: then each
    /// goes on alone.
    async fn kept_or_turn(&self, kind: Kind, key: &str) -> (Option<Arc<Kept>>, Option<Place<'_>>) {
        let (kept, place) = match self.look(kind, key) {
            Look::Found(kept) => (Some(kept), None),
            Look::Missing(place) => (None, Some(place)),
            Look::Loading(receiver) => (loaded(receiver).await.filter(|kept| self.is(kind, key, kept)), None),
        };
        count(kind, kept.is_some(), 1);
        (kept, place)
    }

    /// Whether that is what is asked for, and still holds.
    fn is(&self, kind: Kind, key: &str, kept: &Kept) -> bool {
        kept.kind == kind && *kept.key == *key && self.holds(kept)
    }
}

impl<'a> Draft<'a> {
    pub fn reading(&self) -> &Reading<'a> {
        &self.reading
    }

    /// Keeps what was made of the reading.
    pub fn keep(self, body: Bytes, etag: String, next_cursor: Option<String>) -> Arc<Answer> {
        let basis = self.reading.basis();
        // With room for the body in both codings.
        let weight = body.len() * 2 + etag.len() + 300;
        let answer = Arc::new(Answer {
            body,
            etag,
            next_cursor,
            slots: Arc::clone(&basis.slots),
            place: self.place.as_ref().map(|place| place.hash),
            hits: self.place.as_ref().map_or_else(Counter::noop, |place| counter(place.kind, true)),
            coded: Default::default(),
        });
        if let Some(place) = self.place {
            place.fill(basis, weight, Box::new(Arc::clone(&answer)));
        }
        answer
    }
}

/// What somebody else has read, once it is there; nothing if they gave up.
async fn loaded(mut receiver: watch::Receiver<Option<Arc<Kept>>>) -> Option<Arc<Kept>> {
    receiver.wait_for(Option::is_some).await.ok().and_then(|kept| kept.clone())
}

fn count(kind: Kind, found: bool, times: usize) {
    counter(kind, found).increment(times as u64);
}

/// How often something of that kind was found, or was not. To ask for it by its name costs more than to count.
fn counter(kind: Kind, found: bool) -> Counter {
    let outcome = if found { "hit" } else { "miss" };
    metrics::counter!(CACHE_LOOKUPS, "kind" => kind, "outcome" => outcome)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::Config,
        store::{Fact, Touched},
    };

    const KIND: Kind = "test";

    fn parts() -> (Store, Cache) {
        let config = Config::defaults();
        let store = Store::unopened(&config.store).expect("a store that nobody asks");
        let cache = Cache::new(&config.cache, &store);
        (store, cache)
    }

    fn keep(draft: Draft, text: &str) {
        draft.keep(text.to_owned().into(), String::new(), None);
    }

    /// The steps of a reader: to take the turn, to read the graph, to keep what was read.
    /// The steps of a writer: to begin, to commit, to end.
    fn interleavings(readers: usize, writers: usize) -> Vec<Vec<bool>> {
        match (readers, writers) {
            (0, n) => vec![vec![false; n]],
            (n, 0) => vec![vec![true; n]],
            _ => {
                let with = |first: bool, rest: Vec<Vec<bool>>| {
                    rest.into_iter().map(move |steps| [vec![first], steps].concat())
                };
                let read = with(true, interleavings(readers - 1, writers));
                read.chain(with(false, interleavings(readers, writers - 1))).collect()
            }
        }
    }

    #[tokio::test]
    async fn what_was_read_before_a_commit_is_never_served_after_it_in_any_order_of_steps() {
        for order in interleavings(3, 3) {
            let (store, cache) = parts();
            let (mut graph, mut seen) = ("old", "");
            let (mut draft, mut change) = (None, None);
            let (mut reads, mut writes) = (0, 0);
            for &is_read in &order {
                match (is_read, if is_read { reads } else { writes }) {
                    (true, 0) => match cache.answer(&store, KIND, "key").await {
                        Turn::Make(turn) => draft = Some(turn),
                        Turn::Kept(_) => unreachable!("nothing was kept yet"),
                    },
                    (true, 1) => {
                        seen = graph;
                        draft.as_ref().expect("a turn").reading().note(&[Fact::Post("p")]);
                    }
                    (true, _) => keep(draft.take().expect("a turn"), seen),
                    (false, 0) => {
                        let mut touched = Touched::default();
                        store.changes().touch(&mut touched, &[Fact::Post("p")]);
                        change = Some(store.changes().begin(touched));
                    }
                    (false, 1) => graph = "new",
                    (false, _) => change.take().expect("a change").end(None),
                }
                if is_read {
                    reads += 1;
                } else {
                    writes += 1;
                }
                if draft.is_none()
                    && let Turn::Kept(kept) = cache.answer(&store, KIND, "key").await
                {
                    assert_eq!(kept.body, graph, "{order:?} after {reads} and {writes}");
                }
            }
        }
    }

    /// The same steps with a cache from which a writer removes what it has changed: what shows that the test above can fail.
    #[test]
    fn removing_what_has_changed_is_not_enough() {
        let is_stale = |order: &Vec<bool>| {
            let (mut graph, mut seen, mut kept) = ("old", "", None);
            let (mut reads, mut writes) = (0, 0);
            for &is_read in order {
                match (is_read, if is_read { reads } else { writes }) {
                    (true, 1) => seen = graph,
                    (true, 2) => kept = Some(seen),
                    (false, 1) => graph = "new",
                    (false, 2) => kept = None,
                    _ => {}
                }
                if is_read { reads += 1 } else { writes += 1 }
            }
            kept.is_some_and(|kept| kept != graph)
        };
        assert!(interleavings(3, 3).iter().any(is_stale));
    }

    #[tokio::test]
    async fn a_thousand_who_ask_for_the_same_make_it_once_and_again_only_if_the_first_gives_up() {
        let (store, cache) = parts();
        let Turn::Make(first) = cache.answer(&store, KIND, "key").await else {
            panic!("nothing was kept yet")
        };
        let others = futures_util::future::join_all((0..1000).map(|_| cache.answer(&store, KIND, "key")));
        let made = async {
            tokio::task::yield_now().await;
            keep(first, "made");
        };
        let (turns, ()) = futures_util::future::join(others, made).await;
        assert!(turns.iter().all(|turn| matches!(turn, Turn::Kept(kept) if kept.body == "made")));

        let Turn::Make(first) = cache.answer(&store, KIND, "other").await else {
            panic!("nothing was kept yet")
        };
        let gone = async {
            tokio::task::yield_now().await;
            drop(first);
        };
        let (turn, ()) = futures_util::future::join(cache.answer(&store, KIND, "other"), gone).await;
        assert!(matches!(turn, Turn::Make(_)), "the next makes it");
    }

    #[tokio::test]
    async fn memory_keeps_its_ceiling_and_a_cache_without_memory_keeps_nothing() {
        let mut config = Config::defaults();
        config.cache.megabytes = 1;
        let store = Store::unopened(&config.store).expect("a store that nobody asks");
        let cache = Cache::new(&config.cache, &store);
        for n in 0..1000 {
            if let Turn::Make(draft) = cache.answer(&store, KIND, &n.to_string()).await {
                keep(draft, &"x".repeat(10_000));
            }
        }
        let memory = cache.memory.as_ref().expect("a memory");
        memory.run_pending_tasks();
        assert!((500_000..=1024 * 1024).contains(&memory.weighted_size()), "{}", memory.weighted_size());

        config.cache.megabytes = 0;
        let cache = Cache::new(&config.cache, &store);
        for _ in 0..2 {
            match cache.answer(&store, KIND, "key").await {
                Turn::Make(draft) => keep(draft, "made"),
                Turn::Kept(_) => panic!("it has no memory"),
            }
        }
    }
}
