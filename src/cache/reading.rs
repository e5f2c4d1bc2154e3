//! One answer in the making: it reads from the store and from what is kept, and notes what all of it depends on.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use futures_util::future::try_join_all;

use super::{Basis, Cache, Kept, Kind, Look, Place, count, loaded};
use crate::{
    cypher::{Keyed, Query},
    error::Error,
    store::{Both, Fact, Moment, Run, Slot, Store},
};

/// One answer in the making.
pub struct Reading<'a> {
    cache: &'a Cache,
    store: &'a Store,
    /// Before anything is read.
    since: Moment,
    noted: Mutex<Noted>,
}

struct Noted {
    slots: Vec<Slot>,
    oldest: Instant,
}

impl<'a> Reading<'a> {
    pub fn new(cache: &'a Cache, store: &'a Store) -> Self {
        let noted = Noted { slots: Vec::new(), oldest: Instant::now() };
        Self { cache, store, since: cache.changes.now(), noted: Mutex::new(noted) }
    }

    /// Notes that the answer depends on something.
    pub fn note(&self, facts: &[Fact]) {
        let slots = self.cache.changes.slots(facts);
        self.noted().slots.extend(slots);
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note_kept(&self, kept: &Kept) {
        let mut noted = self.noted();
        noted.slots.extend(kept.basis.slots.iter());
        noted.oldest = noted.oldest.min(kept.basis.born);
    }

    pub(super) fn basis(&self) -> Basis {
        let mut noted = self.noted();
        noted.slots.sort_unstable();
        noted.slots.dedup();
        Basis { since: self.since, born: noted.oldest, slots: noted.slots.as_slice().into() }
    }

    /// Whether anything is kept at all.
    pub fn keeps(&self) -> bool {
        self.cache.keeps()
    }

    /// Which of those keys would have to be read. What somebody else is reading would not.
    pub fn missing<Q: Keyed>(&self, query: &Q) -> Vec<usize> {
        let keys = query.keys();
        (0..keys.len()).filter(|&n| self.cache.lacks(Q::FILE, &keys[n])).collect()
    }

    /// The rows of each key, in the order of the keys.
    pub async fn lists<Q: Keyed>(&self, query: &Q) -> Result<Vec<Arc<Vec<Q::Row>>>, Error> {
        Ok(self.lists_unless(query, usize::MAX).await?.unwrap_or_default())
    }

    /// The same, unless more of them than so many would have to be read. What somebody else is reading would not.
    pub async fn lists_unless<Q: Keyed>(
        &self,
        query: &Q,
        most: usize,
    ) -> Result<Option<Vec<Arc<Vec<Q::Row>>>>, Error> {
        let keys = query.keys();
        let mut lists: Vec<Option<Arc<Vec<Q::Row>>>> = vec![None; keys.len()];
        let (mut mine, mut others, mut left) = (Vec::new(), Vec::new(), Vec::new());
        if self.cache.keeps() {
            for (n, key) in keys.iter().enumerate() {
                match self.cache.look(Q::FILE, key) {
                    Look::Found(kept) => lists[n] = Some(self.take::<Q>(&kept)),
                    Look::Loading(receiver) => others.push((n, receiver)),
                    Look::Missing(_) if mine.len() == most => return Ok(None),
                    Look::Missing(place) => mine.push((n, place)),
                }
            }
            count(Q::FILE, true, keys.len() - mine.len());
            count(Q::FILE, false, mine.len());
        } else {
            left.extend(0..keys.len());
        }
        // First one's own, so that nobody waits for somebody who waits.
        if !mine.is_empty() {
            self.load(query, mine, &mut lists).await?;
        }
        for (n, receiver) in others {
            match loaded(receiver).await.filter(|kept| self.cache.is(Q::FILE, &keys[n], kept)) {
                Some(kept) => lists[n] = Some(self.take::<Q>(&kept)),
                None => left.push(n),
            }
        }
        if !left.is_empty() {
            let asked = query.only(&left);
            let mut by_key = grouped(query, Run::run(&mut &*self, &asked).await?);
            for n in left {
                lists[n] = Some(Arc::new(by_key.remove(&keys[n]).unwrap_or_default()));
            }
        }
        Ok(Some(lists.into_iter().map(Option::unwrap_or_default).collect()))
    }

    /// Something that is the same for many who ask, and depends on those facts alone: one of them reads it, and it is kept.
    pub async fn shared<T: Send + Sync + 'static>(
        &self,
        kind: Kind,
        key: &str,
        facts: &[Fact<'_>],
        weigh: impl FnOnce(&T) -> usize,
        read: impl Future<Output = Result<T, Error>>,
    ) -> Result<Arc<T>, Error> {
        if !self.cache.keeps() {
            return Ok(Arc::new(read.await?));
        }
        let (kept, place) = self.cache.kept_or_turn(kind, key).await;
        let kept = match (kept, place) {
            (Some(kept), _) => kept,
            (None, Some(place)) => {
                let (since, born) = (self.cache.changes.now(), Instant::now());
                let value = read.await?;
                let slots = self.cache.changes.slots(facts);
                let weight = weigh(&value);
                place.fill(Basis { since, born, slots: slots.into() }, weight, Arc::new(value))
            }
            (None, None) => return Ok(Arc::new(read.await?)),
        };
        self.note_kept(&kept);
        Ok(kept.value())
    }

    fn take<Q: Keyed>(&self, kept: &Kept) -> Arc<Vec<Q::Row>> {
        self.note_kept(kept);
        kept.value()
    }

    /// Reads what is this caller's turn to read, all of it at once.
    async fn load<Q: Keyed>(
        &self,
        query: &Q,
        places: Vec<(usize, Place<'_>)>,
        lists: &mut [Option<Arc<Vec<Q::Row>>>],
    ) -> Result<(), Error> {
        let renewed = try_join_all(places.iter().map(|(n, place)| self.renewed(query, *n, place))).await?;
        let is_left = |(_, renewed): &(_, &Option<_>)| renewed.is_none();
        let numbers: Vec<usize> =
            places.iter().map(|(n, _)| *n).zip(&renewed).filter(is_left).map(|(n, _)| n).collect();
        let (since, now) = (self.cache.changes.now(), Instant::now());
        let mut by_key = if numbers.is_empty() {
            HashMap::new()
        } else {
            grouped(query, self.store.run(&query.only(&numbers)).await?)
        };
        for ((n, place), renewed) in places.into_iter().zip(renewed) {
            let (rows, since, born) =
                renewed.unwrap_or_else(|| (by_key.remove(&*place.key).unwrap_or_default(), since, now));
            let slots = self.cache.changes.slots(&query.only(&[n]).facts(&rows));
            let weight = rows.iter().map(Q::weight).sum();
            let kept = place.fill(Basis { since, born, slots: slots.into() }, weight, Arc::new(rows));
            lists[n] = Some(self.take::<Q>(&kept));
        }
        Ok(())
    }

    /// The rows of a key of which others were kept before, if these make them cheaper to have, and since and from when
    /// they are.
    async fn renewed<Q: Keyed>(
        &self,
        query: &Q,
        n: usize,
        place: &Place<'_>,
    ) -> Result<Option<(Vec<Q::Row>, Moment, Instant)>, Error> {
        let Some(kept) = &place.was else { return Ok(None) };
        let (changes, was) = (&self.cache.changes, kept.value::<Vec<Q::Row>>());
        let Basis { since, born, slots } = &kept.basis;
        if Q::GROWS
            && let Some((added, until)) = changes.added_soon(*since, slots).await
        {
            return Ok(Some((query.grown(n, &was, &added), until, *born)));
        }
        let Some(renewal) = query.renewal(n, &was).filter(|_| self.store.is_embedded()) else {
            return Ok(None);
        };
        let (since, now) = (changes.now(), Instant::now());
        let rows = self.store.run(&renewal).await?;
        Ok((rows.len() >= was.len()).then_some((rows, since, now)))
    }
}

/// The rows of each key.
fn grouped<Q: Keyed>(query: &Q, rows: Vec<Q::Row>) -> HashMap<String, Vec<Q::Row>> {
    let mut by_key: HashMap<String, Vec<Q::Row>> = HashMap::new();
    for row in rows {
        by_key.entry(query.key_of(&row)).or_default().push(row);
    }
    by_key
}

impl Run for &Reading<'_> {
    async fn run<Q: Query>(&mut self, query: &Q) -> Result<Vec<Q::Row>, Error> {
        let rows = self.store.run(query).await?;
        self.note(&query.facts(&rows));
        Ok(rows)
    }

    async fn run_keyed<Q: Keyed>(&mut self, query: &Q) -> Result<Vec<Q::Row>, Error> {
        let lists = self.lists(query).await?;
        Ok(lists.iter().flat_map(|rows| rows.iter().cloned()).collect())
    }

    fn knows_half<Q: Keyed>(&self, query: &Q) -> bool {
        let keys = query.keys();
        let half = keys.len().div_ceil(2);
        keys.iter().filter(|key| !self.cache.lacks(Q::FILE, key)).take(half).count() == half
    }

    async fn run_both<Q: Keyed, O: Keyed>(&mut self, query: &Q, other: &O) -> Result<Both<Q, O>, Error> {
        let (mut one, mut two) = (*self, *self);
        tokio::try_join!(one.run_keyed(query), two.run_keyed(other))
    }
}
