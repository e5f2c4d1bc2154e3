//! Attempts to log in: each account has a delay that doubles with each failure, so that guessing a password takes ages from
//! however many addresses. Each instance counts for itself.

use std::{
    hash::{BuildHasher, RandomState},
    time::{Duration, Instant},
};

use moka::{ops::compute::Op, sync::Cache};

/// How many failures in a row cost nothing.
const FREE: u32 = 5;
/// The longest delay.
const MOST: Duration = Duration::from_mins(15);
/// How long failures are remembered after the last one.
const MEMORY: Duration = Duration::from_hours(1);
/// Of how many handles, whether somebody has them or not.
const HANDLES: u64 = 100_000;

pub struct Attempts {
    failed: Cache<u64, Failed>,
    hash: RandomState,
}

#[derive(Clone, Copy)]
struct Failed {
    times: u32,
    last: Instant,
}

impl Failed {
    fn delay(self) -> Duration {
        let doublings = self.times.checked_sub(FREE);
        doublings.map_or(Duration::ZERO, |times| Duration::from_secs(1 << times.min(16)).min(MOST))
    }
}

impl Default for Attempts {
    fn default() -> Self {
        Self {
            failed: Cache::builder().max_capacity(HANDLES).time_to_live(MEMORY).build(),
            hash: RandomState::new(),
        }
    }
}

impl Attempts {
    /// Begins an attempt, which counts as failed until it is said to have [succeeded](Self::succeed); or tells how long
    /// to wait for the next one. Many at once cannot slip through before the first of them has failed.
    pub fn begin(&self, handle: &str, now: Instant) -> Result<(), Duration> {
        let mut wait = None;
        self.failed.entry(self.hash.hash_one(handle)).and_compute_with(|known| {
            let failed = known.map(moka::Entry::into_value);
            let due = failed.map(|failed| failed.last + failed.delay()).filter(|due| *due > now);
            wait = due.map(|due| due - now);
            match wait {
                Some(_) => Op::Nop,
                None => Op::Put(Failed { times: failed.map_or(0, |failed| failed.times) + 1, last: now }),
            }
        });
        wait.map_or(Ok(()), Err)
    }

    /// An attempt that has neither failed nor succeeded.
    pub fn take_back(&self, handle: &str) {
        self.failed.entry(self.hash.hash_one(handle)).and_compute_with(|known| {
            match known.map(moka::Entry::into_value) {
                Some(failed) if failed.times > 1 => Op::Put(Failed { times: failed.times - 1, ..failed }),
                Some(_) => Op::Remove,
                None => Op::Nop,
            }
        });
    }

    pub fn succeed(&self, handle: &str) {
        self.failed.invalidate(&self.hash.hash_one(handle));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_beyond_the_first_ones_doubles_the_delay_and_a_success_ends_it() {
        let (attempts, mut now) = (Attempts::default(), Instant::now());
        for _ in 0..FREE {
            assert_eq!(attempts.begin("ann", now), Ok(()));
        }
        for seconds in [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900] {
            assert_eq!(attempts.begin("ann", now), Err(Duration::from_secs(seconds)));
            // To ask again does not make it longer.
            assert_eq!(attempts.begin("ann", now), Err(Duration::from_secs(seconds)));
            now += Duration::from_secs(seconds);
            assert_eq!(attempts.begin("ann", now), Ok(()));
        }
        assert_eq!(attempts.begin("bob", now), Ok(()), "somebody else");
        attempts.succeed("ann");
        for _ in 0..FREE {
            assert_eq!(attempts.begin("ann", now), Ok(()));
        }
    }

    #[test]
    fn an_attempt_that_is_taken_back_counts_for_nothing() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        for _ in 0..10 * FREE {
            assert_eq!(attempts.begin("ann", now), Ok(()));
            attempts.take_back("ann");
        }
        for _ in 0..FREE {
            assert_eq!(attempts.begin("ann", now), Ok(()), "those before count as none");
        }
        attempts.take_back("ann");
        assert_eq!(attempts.begin("ann", now), Ok(()));
        assert_eq!(attempts.begin("ann", now), Err(Duration::from_secs(1)));
    }

    #[test]
    fn many_at_once_count_as_many() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        let let_through = std::thread::scope(|scope| {
            let tries: Vec<_> = (0..50).map(|_| scope.spawn(|| attempts.begin("ann", now).is_ok())).collect();
            tries.into_iter().map(|one| one.join().unwrap_or(false)).filter(|ok| *ok).count()
        });
        assert_eq!(let_through, FREE as usize);
    }
}
