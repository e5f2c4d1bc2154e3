//! What is kept of answers: a copy that may be thrown away at any moment, for the graph is the truth.
//!
//! Two kinds of things are kept in one bounded memory: rows of [`Keyed`](crate::cypher::Keyed) statements, one key at a
//! time, and whole answers as the bytes that are sent. Each is kept with the [`Moment`] before it was read and with what
//! it depends on, and is used only while that [holds](Changes::hold). What is missing is read once, however many ask for
//! it at the same time.
//!
//! A [`Reading`] is one answer in the making. Whatever it reads, it notes what that depends on.

mod answer;
mod reading;

use std::{
    any::Any,
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use metrics::Counter;
use moka::sync::Cache as Memory;
use tokio::sync::watch;

use crate::{
    config::CacheConfig,
    store::{Changes, Checked, Commits, Moment, Slot, Store},
    telemetry::{CACHE_BYTES, CACHE_LOOKUPS},
};

pub use answer::{Answer, Draft, Turn, Whereabouts};
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

struct Kept {
    /// Tells apart what shares a hash.
    kind: Kind,
    key: Box<str>,
    basis: Basis,
    /// When that was last found to hold.
    checked: Checked,
    bytes: u32,
    value: Arc<dyn Any + Send + Sync>,
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
    /// What was kept there and does not hold any more.
    was: Option<Arc<Kept>>,
    sender: watch::Sender<Option<Arc<Kept>>>,
}

impl Kept {
    fn new(
        kind: Kind,
        key: Box<str>,
        basis: Basis,
        weight: usize,
        value: Arc<dyn Any + Send + Sync>,
    ) -> Self {
        const OVERHEAD: usize = 200;
        let bytes = OVERHEAD + key.len() + basis.slots.len() * size_of::<Slot>() + weight;
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        Self { kind, key, basis, checked: Checked::default(), bytes, value }
    }

    fn is(&self, kind: Kind, key: &str) -> bool {
        self.kind == kind && *self.key == *key
    }

    fn value<T: Send + Sync + 'static>(&self) -> Arc<T> {
        Arc::clone(&self.value).downcast().unwrap_or_else(|_| unreachable!("a kind has one type"))
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
        // Somebody may still know where it was.
        self.changes.change_anything();
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

    /// What is kept under that key, or whose turn it is to read it.
    fn look(&self, kind: Kind, key: &str) -> Look<'_> {
        let hash = self.hash.hash_one((kind, key));
        let was = match self.find(kind, key, hash) {
            Some(kept) if self.holds(&kept) => return Look::Found(kept),
            was => was,
        };
        let mut loading = self.loading();
        if let Some(receiver) = loading.get(&hash) {
            return Look::Loading(receiver.clone());
        }
        let (sender, receiver) = watch::channel(None);
        loading.insert(hash, receiver);
        Look::Missing(Place { cache: self, kind, key: key.into(), hash, was, sender })
    }

    /// Whether that is neither kept nor being read.
    fn lacks(&self, kind: Kind, key: &str) -> bool {
        let hash = self.hash.hash_one((kind, key));
        let holds = self.find(kind, key, hash).is_some_and(|kept| self.holds(&kept));
        !holds && !self.loading().contains_key(&hash)
    }

    fn loading(&self) -> MutexGuard<'_, Loading> {
        self.loading.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is kept under that key, whether it holds or not.
    fn find(&self, kind: Kind, key: &str, hash: u64) -> Option<Arc<Kept>> {
        self.memory.as_ref()?.get(&hash).filter(|kept| kept.is(kind, key))
    }

    fn holds(&self, kept: &Kept) -> bool {
        let Basis { since, born, slots } = &kept.basis;
        self.oldest.is_none_or(|oldest| self.commits.vouch(oldest) || born.elapsed() < oldest)
            && kept.checked.holds(&self.changes, *since, slots)
    }
}

impl Place<'_> {
    /// Gives everybody what was read.
    fn fill(self, basis: Basis, weight: usize, value: Arc<dyn Any + Send + Sync>) -> Arc<Kept> {
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

impl Cache {
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
        kept.is(kind, key) && self.holds(kept)
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
    async fn who_knows_where_an_answer_was_gets_it_while_it_is_kept_and_holds() {
        let (store, cache) = parts();
        let make = async |text: &str| match cache.answer(&store, KIND, "key").await {
            Turn::Make(draft) => {
                draft.reading().note(&[Fact::Post("p")]);
                draft.keep(text.to_owned().into(), String::new(), None)
            }
            Turn::Kept(_) => panic!("it is not to be kept"),
        };
        let first = make("first").await;
        let there = cache.whereabouts(&first).expect("a place");
        for _ in 0..100 {
            assert_eq!(cache.kept(&there).expect("an answer").body, "first");
        }
        let mut touched = Touched::default();
        store.changes().touch(&mut touched, &[Fact::Post("p")]);
        store.changes().begin(touched).end(None);
        assert!(cache.kept(&there).is_none(), "it does not hold");
        let second = make("second").await;
        assert!(cache.whereabouts(&first).is_none(), "another is there");
        assert!(cache.kept(&there).is_none(), "it never comes back");
        let there = cache.whereabouts(&second).expect("a place");
        cache.clear();
        assert!(cache.kept(&there).is_none(), "it was thrown away");
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
