//! What this process has lately put into lists of which a copy may be kept, so that such a copy need not be read again for
//! it: whoever has what the list was, and every addition since, has what it is.
//!
//! This is how a materialized view is maintained by the change of what it was made from (Blakeley, Larson and Tompa, 1986,
//! "Efficiently Updating Materialized Views"), for the simplest of changes.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use super::Slot;

/// How many are known at most, of all lists. Beyond that the oldest are forgotten.
const KNOWN: usize = 1 << 12;

/// A post or repost that is new among its author's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addition {
    pub author: String,
    pub id: String,
    pub post: String,
    pub rank_key: i64,
}

/// One change of a slot, which did nothing but add.
struct Step {
    /// The number of the change of that slot before this.
    before: u64,
    number: u64,
    addition: Arc<Addition>,
}

#[derive(Default)]
pub(super) struct Additions(Mutex<Known>);

#[derive(Default)]
struct Known {
    steps: HashMap<Slot, VecDeque<Step>>,
    /// The slots of all steps, in the order in which they came.
    order: VecDeque<Slot>,
}

impl Additions {
    pub fn note(&self, slot: Slot, before: u64, number: u64, addition: Addition) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.order.len() == KNOWN
            && let Some(oldest) = known.order.pop_front()
            && let Some(steps) = known.steps.get_mut(&oldest)
        {
            steps.pop_front();
            if steps.is_empty() {
                known.steps.remove(&oldest);
            }
        }
        known.order.push_back(slot);
        let steps = known.steps.entry(slot).or_default();
        // Those that end at the same time may come here in another order.
        let place = steps.partition_point(|step| step.number < number);
        steps.insert(place, Step { before, number, addition: Arc::new(addition) });
    }

    /// All that was added to a slot after a change and up to another; nothing if anything else happened to it, or may have.
    pub fn between(&self, slot: Slot, since: u64, latest: u64) -> Option<Vec<Arc<Addition>>> {
        let (mut at, mut added) = (latest, Vec::new());
        if at <= since {
            return Some(added);
        }
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for step in known.steps.get(&slot)?.iter().rev().skip_while(|step| step.number > latest) {
            if at <= since {
                break;
            }
            if step.number != at {
                return None;
            }
            added.push(Arc::clone(&step.addition));
            at = step.before;
        }
        (at <= since).then_some(added)
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicU64, Ordering::SeqCst},
        time::Duration,
    };

    use tokio::time::Instant;

    use super::*;
    use crate::store::{
        Changes, Fact, Moment,
        changes::{
            SOON, UNKNOWN,
            tests::{begin, changes},
        },
    };

    fn note(additions: &Additions, before: u64, number: u64) {
        let [author, id] = ["a".to_owned(), number.to_string()];
        let rank_key = i64::try_from(number).expect("small");
        additions.note(7, before, number, Addition { author, post: id.clone(), id, rank_key });
    }

    fn between(additions: &Additions, since: u64, latest: u64) -> Option<Vec<String>> {
        let added = additions.between(7, since, latest)?;
        Some(added.iter().map(|addition| addition.id.clone()).collect())
    }

    #[test]
    fn a_chain_without_a_gap_is_known_whatever_the_order_in_which_it_was_told() {
        let additions = Additions::default();
        for (before, number) in [(3, 5), (8, 9), (5, 8)] {
            note(&additions, before, number);
        }
        assert_eq!(between(&additions, 3, 9), Some(vec!["9".into(), "8".into(), "5".into()]));
        assert_eq!(between(&additions, 4, 8), Some(vec!["8".into(), "5".into()]), "the slot was at 3 then");
        assert_eq!(between(&additions, 8, 9), Some(vec!["9".into()]));
        assert_eq!(between(&additions, 9, 9), Some(vec![]));
        assert_eq!(between(&additions, 2, 9), None, "what happened at 3 is not known");
        assert_eq!(between(&additions, 3, 10), None, "what happened at 10 is not known");
        note(&additions, 10, 12);
        assert_eq!(between(&additions, 8, 12), None, "nor is it in the middle");
        assert_eq!(between(&additions, 10, 12), Some(vec!["12".into()]));
    }

    #[test]
    fn the_oldest_are_forgotten() {
        let additions = Additions::default();
        for number in 1..=KNOWN as u64 + 1 {
            note(&additions, number - 1, number);
        }
        let latest = KNOWN as u64 + 1;
        assert_eq!(between(&additions, 0, latest), None);
        assert_eq!(between(&additions, 1, latest).map(|added| added.len()), Some(KNOWN));
    }

    fn new(id: &str) -> Fact<'_> {
        Fact::NewEntry { author: "a", id, post: id, rank_key: 1 }
    }

    /// What was added since, if it is known that nothing else happened.
    fn added(changes: &Changes, since: Moment) -> Option<Vec<String>> {
        let added = changes.added(since, &changes.slots(&[Fact::Entries("a")]))?;
        let mut ids: Vec<String> = added.iter().map(|new| new.id.clone()).collect();
        ids.sort_unstable();
        Some(ids)
    }

    #[test]
    fn what_was_added_is_known_as_long_as_nothing_else_has_happened() {
        let changes = changes();
        let since = changes.now();
        assert_eq!(added(&changes, since), Some(vec![]));
        begin(&changes, &[new("p"), Fact::Posts]).end(None);
        assert!(!changes.hold(since, &changes.slots(&[Fact::Entries("a")])), "it is a change of the list");
        let change = begin(&changes, &[new("q")]);
        assert_eq!(added(&changes, since), None, "another is under way");
        change.end(None);
        begin(&changes, &[new("r")]).undo();
        let later = changes.now();
        begin(&changes, &[new("s")]).end(None);
        assert_eq!(added(&changes, since), None, "one was undone, which is told by nothing");
        assert_eq!(added(&changes, later), Some(vec!["s".into()]));
        for other in [Fact::Entries("a"), Fact::Anything] {
            let since = changes.now();
            begin(&changes, &[other]).end(None);
            assert_eq!(added(&changes, since), None, "{other:?} may be anything");
            begin(&changes, &[new("t")]).end(None);
            assert_eq!(added(&changes, since), None, "{other:?} may be anything");
        }
        for two in [[new("u"), new("v")], [new("u"), Fact::Entries("a")]] {
            let since = changes.now();
            begin(&changes, &two).end(None);
            assert_eq!(added(&changes, since), None, "{two:?} is not one addition alone");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_addition_of_which_nobody_knows_whether_it_happened_is_none() {
        let changes = changes();
        let since = changes.now();
        drop(begin(&changes, &[new("p")]));
        tokio::time::sleep(UNKNOWN + Duration::from_secs(1)).await;
        assert_eq!(added(&changes, since), None);
    }

    #[tokio::test(start_paused = true)]
    async fn who_asks_what_was_added_waits_for_what_is_under_way_but_not_long() {
        let changes = changes();
        let (since, slots) = (changes.now(), changes.slots(&[Fact::Entries("a")]));
        let change = begin(&changes, &[new("p")]);
        let begun = Instant::now();
        assert!(changes.added_soon(since, &slots).await.is_none());
        assert!(begun.elapsed() <= 2 * SOON);
        let end = async {
            begin(&changes, &[Fact::Posts]).end(None);
            tokio::time::sleep(SOON / 2).await;
            change.end(None);
        };
        let (added, ()) = tokio::join!(changes.added_soon(since, &slots), end);
        assert!(added.is_some_and(|(added, until)| added.len() == 1 && changes.hold(until, &slots)));
    }

    /// Whenever those who write at the same time have ended, all of what they have added is known, or nothing is.
    #[test]
    fn no_addition_is_left_out_whatever_ends_at_the_same_time() {
        const WRITERS: usize = 4;
        const EACH: usize = 200;
        let changes = changes();
        let mut complete = 0;
        for round in 0..20 {
            let since = changes.now();
            let written = AtomicU64::new(0);
            std::thread::scope(|scope| {
                for writer in 0..WRITERS {
                    let (changes, written) = (&changes, &written);
                    scope.spawn(move || {
                        for n in 0..EACH {
                            let id = format!("{round} {writer} {n}");
                            // Its number is drawn among those of others, of the same list and of other things.
                            begin(changes, &[new(&id), Fact::Post(&id)]).end(None);
                            written.fetch_add(1, SeqCst);
                            let at_least = written.load(SeqCst);
                            let found = added(changes, since);
                            assert!(found.is_none_or(|found| found.len() as u64 >= at_least));
                        }
                    });
                }
            });
            let found = added(&changes, since);
            complete += usize::from(found.is_some());
            assert!(found.is_none_or(|found| found.len() == WRITERS * EACH));
        }
        assert_eq!(complete, 20, "as long as not too many are to be known");
    }
}
