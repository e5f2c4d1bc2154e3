//! Which of the graph's transactions this process has been told of.
//!
//! Neo4j numbers the transactions that change a database, one after the other, and says with every answer which was the
//! latest. This process knows the numbers of those that it committed itself and of those that other instances tell it of.
//! Whatever number is left over was committed by somebody of whom it is not told: an instance whose message was lost,
//! another program, a person with Cypher. So a gap is found by the graph itself, whatever carries the messages.

use std::{
    collections::BTreeSet,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

/// Where a Neo4j database stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The identifier of the database.
    pub database: u128,
    /// The number of its latest transaction.
    pub transaction: u64,
}

impl Position {
    /// What a bookmark says: `FB:`, and in base64 a `PackStream` list of the identifier and the number. The protocol calls
    /// it opaque; one that is made otherwise says nothing.
    pub(super) fn of_bookmark(bookmark: &str) -> Option<Self> {
        use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
        let bytes = STANDARD_NO_PAD.decode(bookmark.strip_prefix("FB:")?.trim_end_matches('=')).ok()?;
        // A list of one entry or two, of which the first is the identifier: 16 bytes.
        let (&[0x91 | 0x92, 0xcc, 16], rest) = bytes.split_first_chunk()? else { return None };
        let (database, rest) = rest.split_first_chunk()?;
        let transaction = match *rest.first()? {
            small @ 0..0x80 => u64::from(small),
            // A signed number of 1, 2, 4 or 8 bytes.
            marker @ 0xc8..=0xcb => {
                let bytes = rest.get(1..=1 << (marker - 0xc8)).filter(|bytes| bytes[0] < 0x80)?;
                bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
            }
            _ => return None,
        };
        Some(Self { database: u128::from_be_bytes(*database), transaction })
    }
}

/// Which transactions this process has been told of.
#[derive(Debug)]
pub struct Commits {
    known: Mutex<Known>,
    start: Instant,
    /// When it last knew all that the graph had, in microseconds after `start`. 0: never.
    vouched: AtomicU64,
}

#[derive(Debug, Default)]
struct Known {
    database: u128,
    /// It has been told of all up to this one.
    complete: u64,
    /// Those after `complete` that it has been told of.
    beyond: BTreeSet<u64>,
    /// The latest transaction that the graph had when it was last seen, and when that was, if some before it are unknown.
    open: Option<(u64, Instant)>,
}

impl Default for Commits {
    fn default() -> Self {
        Self { known: Mutex::default(), start: Instant::now(), vouched: AtomicU64::new(0) }
    }
}

impl Commits {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// This process, or another instance that says so, has committed that transaction, and what it changed is
    /// [numbered](super::Changes).
    pub fn tell(&self, transaction: u64) {
        let mut known = self.known();
        if transaction > known.complete {
            known.beyond.insert(transaction);
            known.advance();
        }
    }

    /// The graph stood there at some time after `at`. Answers whether there is something of which nobody has told, so
    /// that nothing that was read before holds any more. Who tells has the time from one call to the next for it.
    pub fn see(&self, position: Position, at: Instant, oldest: Duration) -> bool {
        let mut known = self.known();
        if known.database != position.database || !self.vouched_within(oldest, at) {
            known.begin(position);
            self.vouch_for(at);
            return true;
        }
        let mut is_unknown = false;
        if let Some((transaction, when)) = known.open.take() {
            is_unknown = transaction > known.complete;
            known.complete = known.complete.max(transaction);
            known.advance();
            self.vouch_for(when);
        }
        if position.transaction <= known.complete {
            self.vouch_for(at);
        } else {
            known.open = Some((position.transaction, at));
        }
        is_unknown
    }

    /// Whether this process knew within that time all that the graph had.
    pub fn vouch(&self, oldest: Duration) -> bool {
        self.vouched_within(oldest, Instant::now())
    }

    fn vouched_within(&self, oldest: Duration, now: Instant) -> bool {
        match self.vouched.load(SeqCst) {
            0 => false,
            vouched => self.micros(now).saturating_sub(vouched) < micros(oldest),
        }
    }

    fn vouch_for(&self, at: Instant) {
        self.vouched.fetch_max(self.micros(at), SeqCst);
    }

    fn micros(&self, at: Instant) -> u64 {
        1 + micros(at.saturating_duration_since(self.start))
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

impl Known {
    /// Takes all up to there for known, and what was told of another database for nothing.
    fn begin(&mut self, position: Position) {
        if self.database != position.database {
            *self = Self { database: position.database, ..Self::default() };
        }
        self.open = None;
        self.complete = self.complete.max(position.transaction);
        self.advance();
    }

    fn advance(&mut self) {
        while self.beyond.first().is_some_and(|first| *first <= self.complete + 1) {
            self.complete = self.complete.max(self.beyond.pop_first().unwrap_or_default());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLDEST: Duration = Duration::from_secs(2);

    fn at(transaction: u64) -> Position {
        Position { database: 7, transaction }
    }

    #[test]
    fn a_bookmark_tells_the_database_and_the_number() {
        let short = Position::of_bookmark("FB:kcwQZMwgtlkJQW+byqMLKUFdkQuQ").expect("a position");
        assert_eq!(short, Position { database: 0x64cc_20b6_5909_416f_9bca_a30b_2941_5d91, transaction: 11 });
        let of = |number: &[u8]| {
            use base64::{Engine, engine::general_purpose::STANDARD};
            let bytes = [&[0x91, 0xcc, 16][..], &[1; 16], number, &[0x90]].concat();
            Position::of_bookmark(&format!("FB:{}", STANDARD.encode(bytes))).map(|at| at.transaction)
        };
        assert_eq!(of(&[0x7f]), Some(127));
        assert_eq!(of(&[0xc9, 0x01, 0x00]), Some(256));
        assert_eq!(of(&[0xca, 0, 1, 0, 0]), Some(65_536));
        assert_eq!(of(&[0xcb, 0, 0, 0, 1, 0, 0, 0, 0]), Some(1 << 32));
        assert_eq!(of(&[0xc9, 0xff, 0xff]), None, "negative");
        for other in ["", "FB:", "FB:!", "FB:kcwQ", "neo4j:bookmark:v1:tx12"] {
            assert_eq!(Position::of_bookmark(other), None, "{other}");
        }
    }

    #[test]
    fn what_is_told_in_any_order_is_known_and_what_is_not_told_is_found_at_the_second_look() {
        let (commits, start) = (Commits::default(), Instant::now());
        assert!(commits.see(at(10), start, OLDEST), "nothing is known of the time before");
        commits.tell(12);
        commits.tell(11);
        assert!(!commits.see(at(12), start, OLDEST));
        commits.tell(14);
        assert!(!commits.see(at(14), start, OLDEST), "13 may still be told");
        commits.tell(13);
        assert!(!commits.see(at(14), start, OLDEST));
        assert!(!commits.see(at(16), start, OLDEST), "15 and 16 may still be told");
        commits.tell(15);
        assert!(commits.see(at(16), start, OLDEST), "16 was not told");
        assert!(!commits.see(at(16), start, OLDEST), "once");
        commits.tell(16);
        assert!(!commits.see(at(12), start, OLDEST), "an answer that comes late");
    }

    #[test]
    fn it_vouches_only_for_what_it_saw_complete_and_begins_anew_after_a_pause_or_with_another_database() {
        let (commits, start) = (Commits::default(), Instant::now());
        let after = |seconds| start + Duration::from_secs(seconds);
        assert!(!commits.vouch(OLDEST), "it has not looked yet");
        commits.see(at(10), start, OLDEST);
        assert!(commits.vouched_within(OLDEST, after(1)) && !commits.vouched_within(OLDEST, after(3)));
        commits.see(at(11), after(1), OLDEST);
        assert!(!commits.vouched_within(OLDEST, after(2)), "11 is not known");
        assert!(commits.see(at(11), after(1), OLDEST) && commits.vouched_within(OLDEST, after(2)));
        assert!(commits.see(at(11), after(9), OLDEST), "nobody looked for a while");
        let other = |transaction| Position { database: 8, transaction };
        assert!(commits.see(other(3), after(9), OLDEST));
        assert!(!commits.see(other(5), after(9), OLDEST));
        assert!(commits.see(other(5), after(9), OLDEST), "what was known of one database is not of another");
    }
}
