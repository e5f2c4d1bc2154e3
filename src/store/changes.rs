//! What has changed since when: a copy of an answer may be used for as long as nothing that it was made from has changed.
//!
//! A statement says by [`Fact`]s what it changes, if it is a write, or what its answer depends on, if it is a read. A
//! statement that says nothing changes, or depends on, [anything](Fact::Anything): it is right, and slow.
//!
//! Changes are numbered. A read takes a [`Moment`], the number of the latest change, *before* it asks the store, and its
//! answer holds for as long as none of its facts has a later change and none is being changed. This is the validation of
//! optimistic concurrency control (Kung and Robinson, 1981, "On Optimistic Methods for Concurrency Control"), with an
//! answer in the place of a transaction. So an answer that was read before a commit can never pass for a newer one,
//! however late it is kept, and nobody has to find and remove it.

use std::{
    hash::{Hash, Hasher},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};

use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher13;
use tokio::{
    sync::{Notify, broadcast},
    time::Instant,
};

use super::additions::{Addition, Additions};

/// Something about the graph that a write changes and an answer depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fact<'a> {
    /// Everything below, and what has no fact of its own.
    Anything,
    /// That there is a user, and what they say of themselves: handle, name, avatar, bio.
    User(&'a str),
    /// Who has a handle.
    Handle(&'a str),
    /// How many posts, followers and followees a user has.
    Numbers(&'a str),
    /// Whom a user follows.
    Following(&'a str),
    /// Which posts and reposts a user has made.
    Entries(&'a str),
    /// Which posts there are.
    Posts,
    /// Which posts have a tag.
    Tag(&'a str),
    /// That there is a post, what it says, its numbers, and who reposted it.
    Post(&'a str),
    /// The comments below a post, with their numbers.
    Thread(&'a str),
    /// How hot posts are.
    Heat,
    /// What a user has done with a post or comment.
    Act(&'a str, &'a str),
    /// Whom a user blocks, is blocked by, or mutes.
    Hidden(&'a str),
    /// That one post or repost has come to those that a user has made, and nothing else has happened to these: the fact
    /// [`Entries`](Self::Entries), of a write that can tell.
    NewEntry { author: &'a str, id: &'a str, post: &'a str, rank_key: i64 },
}

/// The place of a fact. Facts may share one, which costs an answer that would still have held.
pub type Slot = u32;

/// How many there are. A page of a feed depends on some hundred of them, and each write changes a few: where they are
/// fewer, such a page soon falls for what it has nothing to do with.
pub const SLOTS: usize = 1 << 20;
/// The slot of [`Fact::Anything`].
pub const ANYTHING: Slot = 0;
/// A slot holds the number of its latest change, and in its low bits how many changes of it are under way.
const UNDER_WAY_BITS: u32 = 16;
const UNDER_WAY: u64 = (1 << UNDER_WAY_BITS) - 1;

/// How long a change counts as under way of which nobody knows whether and when it happened.
pub(super) const UNKNOWN: Duration = Duration::from_secs(10);

/// How long it is worth to wait for a change that is under way: about as long as reading anew would take.
pub(super) const SOON: Duration = Duration::from_millis(20);

/// The number of the latest change that there was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(u64);

/// When something was last found to [hold](Changes::hold), which need not be found again until anything changes.
#[derive(Debug, Default)]
pub struct Checked(AtomicU64);

impl Checked {
    pub fn holds(&self, changes: &Changes, since: Moment, slots: &[Slot]) -> bool {
        if changes.is_as_at(Moment(self.0.load(SeqCst))) {
            return true;
        }
        let now = changes.now();
        let holds = changes.hold(since, slots);
        if holds {
            self.0.store(now.0, SeqCst);
        }
        holds
    }
}

/// What a write touches.
#[derive(Clone, Debug, Default)]
pub struct Touched {
    slots: Vec<Slot>,
    /// The posts among the facts, by their ids.
    posts: Vec<String>,
    /// What is all that happens to a slot.
    additions: Vec<(Slot, Addition)>,
}

/// Something that this process has done to the graph, for those who have to know of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Committed {
    /// What it changed.
    pub slots: Vec<Slot>,
    /// The number of the transaction, if the store numbers them and this is certain to be one.
    pub transaction: Option<u64>,
    /// The posts that it changed. Only this process is told of them.
    #[serde(skip)]
    pub posts: Vec<String>,
}

/// All changes that this process has made, or has been told of.
pub struct Changes {
    latest: AtomicU64,
    under_way: AtomicU64,
    slots: Box<[AtomicU64]>,
    additions: Additions,
    hash: SipHasher13,
    committed: broadcast::Sender<Committed>,
    /// Woken at the end of each change.
    ended: Notify,
}

/// How much may be done before the slowest of those who listen misses some of it.
const BACKLOG: usize = 1 << 12;

impl Changes {
    /// The key is secret, so that nobody can choose ids whose facts share a slot. Instances with the same key have the
    /// same slots.
    pub fn new(key: &[u8; 16]) -> Self {
        Self {
            latest: AtomicU64::new(0),
            under_way: AtomicU64::new(0),
            slots: std::iter::repeat_with(AtomicU64::default).take(SLOTS).collect(),
            additions: Additions::default(),
            hash: SipHasher13::new_with_key(key),
            committed: broadcast::Sender::new(BACKLOG),
            ended: Notify::new(),
        }
    }

    /// Tells from now on what this process does.
    pub fn listen(&self) -> broadcast::Receiver<Committed> {
        self.committed.subscribe()
    }

    /// Somebody else has changed that.
    pub fn hear(self: &Arc<Self>, slots: &[Slot]) {
        // One that this build does not have may stand for anything.
        let is_known = slots.iter().all(|slot| (*slot as usize) < SLOTS);
        let slots = if is_known { slots.to_vec() } else { vec![ANYTHING] };
        self.mark(&slots);
        self.number(&slots, Vec::new());
    }

    pub fn now(&self) -> Moment {
        Moment(self.latest.load(SeqCst))
    }

    pub fn slot(&self, fact: &Fact) -> Slot {
        if *fact == Fact::Anything {
            return ANYTHING;
        }
        let places = SLOTS as u64 - 1;
        let mut hasher = self.hash;
        match fact {
            Fact::NewEntry { author, .. } => Fact::Entries(author).hash(&mut hasher),
            fact => fact.hash(&mut hasher),
        }
        Slot::try_from(1 + hasher.finish() % places).unwrap_or(ANYTHING)
    }

    pub fn slots(&self, facts: &[Fact]) -> Vec<Slot> {
        facts.iter().map(|fact| self.slot(fact)).collect()
    }

    /// Adds what those facts are about.
    pub fn touch(&self, touched: &mut Touched, facts: &[Fact]) {
        touched.slots.extend(facts.iter().map(|fact| self.slot(fact)));
        touched.posts.extend(facts.iter().filter_map(|fact| match fact {
            Fact::Post(id) => Some((*id).to_owned()),
            _ => None,
        }));
        touched.additions.extend(facts.iter().filter_map(|fact| match *fact {
            Fact::NewEntry { author, id, post, rank_key } => {
                let [author, id, post] = [author, id, post].map(str::to_owned);
                Some((self.slot(fact), Addition { author, id, post, rank_key }))
            }
            _ => None,
        }));
    }

    /// What was added to what was read from that moment on, and depends on those slots, once what is under way has ended,
    /// if that is soon, and the moment until which that is all; nothing if anything else has happened to them since, or
    /// may have.
    pub async fn added_soon(&self, since: Moment, slots: &[Slot]) -> Option<(Vec<Arc<Addition>>, Moment)> {
        let deadline = Instant::now() + SOON;
        let is_under_way = |slot: &Slot| is_under_way(self.slots[*slot as usize].load(SeqCst));
        loop {
            let mut ended = pin!(self.ended.notified());
            ended.as_mut().enable();
            if !slots.iter().any(is_under_way) {
                let until = self.now();
                return Some((self.added(since, slots)?, until));
            }
            tokio::time::timeout_at(deadline, ended).await.ok()?;
        }
    }

    /// The same of what has ended; nothing if a change is under way.
    pub(super) fn added(&self, since: Moment, slots: &[Slot]) -> Option<Vec<Arc<Addition>>> {
        let mut added = Vec::new();
        for &slot in slots {
            let state = self.slots[slot as usize].load(SeqCst);
            if slot == ANYTHING || is_under_way(state) {
                return None;
            }
            added.extend(self.additions.between(slot, since.0, state >> UNDER_WAY_BITS)?);
        }
        self.hold(since, &[]).then_some(added)
    }

    /// Whether what was read from that moment on, and depends on those slots, is still so.
    pub fn hold(&self, since: Moment, slots: &[Slot]) -> bool {
        let quiet = |slot: Slot| {
            let state = self.slots[slot as usize].load(SeqCst);
            !is_under_way(state) && state >> UNDER_WAY_BITS <= since.0
        };
        quiet(ANYTHING)
            && slots.iter().all(|&slot| {
                if slot == ANYTHING {
                    self.under_way.load(SeqCst) == 0 && self.latest.load(SeqCst) <= since.0
                } else {
                    quiet(slot)
                }
            })
    }

    /// Whether nothing at all has changed since that moment, or is being changed.
    fn is_as_at(&self, moment: Moment) -> bool {
        self.under_way.load(SeqCst) == 0 && self.now() == moment
    }

    /// Tells that a change begins, before anybody can see it.
    pub fn begin(self: &Arc<Self>, touched: Touched) -> Change {
        self.mark(&touched.slots);
        Change { changes: Arc::clone(self), touched, is_open: true }
    }

    /// Somebody has changed something of which nobody told.
    pub fn change_anything(self: &Arc<Self>) {
        self.begin(Touched { slots: vec![ANYTHING], ..Touched::default() }).end(None);
    }

    fn mark(&self, slots: &[Slot]) {
        if slots.is_empty() {
            return;
        }
        self.under_way.fetch_add(1, SeqCst);
        for &slot in slots {
            self.slots[slot as usize].fetch_add(1, SeqCst);
        }
    }

    /// Ends the change of those slots, of which those additions are all that happens to theirs.
    fn number(&self, slots: &[Slot], mut additions: Vec<(Slot, Addition)>) {
        if slots.is_empty() {
            return;
        }
        // One beside something else is not all that happens.
        additions.retain(|(slot, _)| slots.iter().filter(|other| *other == slot).count() == 1);
        let next = || self.latest.fetch_add(1, SeqCst) + 1;
        let mut number = next();
        for &slot in slots {
            let before = loop {
                let ended = |state: u64| {
                    let under_way = (state & UNDER_WAY) - 1;
                    (state >> UNDER_WAY_BITS < number).then_some(number << UNDER_WAY_BITS | under_way)
                };
                match self.slots[slot as usize].fetch_update(SeqCst, SeqCst, ended) {
                    Ok(state) => break state >> UNDER_WAY_BITS,
                    // One that took its number later was here earlier. The numbers of a slot are those of all its changes.
                    Err(_) => number = next(),
                }
            };
            if let Some(place) = additions.iter().position(|(of, _)| *of == slot) {
                self.additions.note(slot, before, number, additions.swap_remove(place).1);
            }
        }
        self.under_way.fetch_sub(1, SeqCst);
        self.ended.notify_waiters();
    }

    fn end(&self, mut touched: Touched, transaction: Option<u64>) {
        self.number(&touched.slots, std::mem::take(&mut touched.additions));
        self.tell(touched, transaction);
    }

    fn tell(&self, Touched { slots, posts, .. }: Touched, transaction: Option<u64>) {
        if !slots.is_empty() || transaction.is_some() {
            // Nobody may listen.
            let _ = self.committed.send(Committed { slots, transaction, posts });
        }
    }
}

fn is_under_way(state: u64) -> bool {
    state & UNDER_WAY != 0
}

/// A change under way. Dropping it leaves open whether it happened.
#[must_use]
pub struct Change {
    changes: Arc<Changes>,
    touched: Touched,
    is_open: bool,
}

impl Change {
    /// Everybody sees it now. Its transaction has that number.
    pub fn end(mut self, transaction: Option<u64>) {
        self.is_open = false;
        self.changes.end(std::mem::take(&mut self.touched), transaction);
    }

    /// It has not happened and never will.
    pub fn undo(mut self) {
        self.is_open = false;
        self.changes.number(&self.touched.slots, Vec::new());
    }
}

impl Drop for Change {
    fn drop(&mut self) {
        if !self.is_open || self.touched.slots.is_empty() {
            return;
        }
        // It may be there already without anybody having been told, or still come.
        let (changes, mut touched) = (Arc::clone(&self.changes), std::mem::take(&mut self.touched));
        touched.additions.clear();
        changes.tell(touched.clone(), None);
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                tokio::time::sleep(UNKNOWN).await;
                changes.end(touched, None);
            });
        } else {
            changes.end(touched, None);
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub fn changes() -> Arc<Changes> {
        Arc::new(Changes::new(&[7; 16]))
    }

    pub fn begin(changes: &Arc<Changes>, facts: &[Fact]) -> Change {
        let mut touched = Touched::default();
        changes.touch(&mut touched, facts);
        changes.begin(touched)
    }

    #[test]
    fn what_was_read_holds_until_one_of_its_facts_begins_to_change() {
        let changes = changes();
        let since = changes.now();
        let slots = changes.slots(&[Fact::Post("p"), Fact::User("u")]);
        assert!(changes.hold(since, &slots));
        begin(&changes, &[Fact::Post("q")]).end(None);
        assert!(changes.hold(since, &slots), "another post");
        let change = begin(&changes, &[Fact::User("u")]);
        assert!(!changes.hold(since, &slots) && !changes.hold(changes.now(), &slots), "under way");
        change.end(None);
        assert!(!changes.hold(since, &slots) && changes.hold(changes.now(), &slots), "over");
    }

    #[test]
    fn anything_is_everything_in_both_directions() {
        let changes = changes();
        let since = changes.now();
        let (all, one) = (changes.slots(&[Fact::Anything]), changes.slots(&[Fact::Posts]));
        begin(&changes, &[Fact::Tag("t")]).end(None);
        assert!(!changes.hold(since, &all) && changes.hold(since, &one));
        let since = changes.now();
        begin(&changes, &[Fact::Anything]).end(None);
        assert!(!changes.hold(since, &all) && !changes.hold(since, &one));
    }

    #[tokio::test(start_paused = true)]
    async fn a_change_of_which_nobody_knows_the_end_is_under_way_for_a_while() {
        let changes = changes();
        let slots = changes.slots(&[Fact::Posts]);
        drop(begin(&changes, &[Fact::Posts]));
        assert!(!changes.hold(changes.now(), &slots));
        assert!(changes.hold(changes.now(), &changes.slots(&[Fact::Tag("another fact")])));
        tokio::time::sleep(UNKNOWN + Duration::from_secs(1)).await;
        assert!(changes.hold(changes.now(), &slots));
    }
}
