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
    use super::*;

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
}
