//! How hot posts are: by how much they are answered to, each answer counting half as much after every [`HALF_LIFE`].
//!
//! The sum is kept as a moment: when one point alone would be worth as much. Nothing has to be done while it decays, for
//! all of them decay alike, and an index over the moments has the posts in order. This is forward decay (Cormode,
//! Shkapenyuk, Srivastava and Xu, 2009, "Forward Decay: A Practical Time Decay Model for Streaming Systems"), with the
//! logarithm of a sum in the place of the sum, which would grow without bound.
//!
//! Writes do not wait for it. [`keep`] gathers the posts that writes changed, counts every other second what has come, and
//! adds it; a post's heat remembers how much it counts, so that what was missed is added the next time.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use tokio::sync::broadcast::error::{RecvError, TryRecvError};

use super::queries::{Answered, HeatRow, SetHeat};
use crate::{
    app::App,
    clock::{Clock, Timestamp},
    error::Error,
    store::{Run, Store, Tx, Work},
};

/// Six hours, in microseconds.
const HALF_LIFE: f64 = 6.0 * 3_600_000_000.0;
const LIKE: i64 = 1;
const COMMENT: i64 = 2;
/// A repost or a quote.
const SHARE: i64 = 3;

/// How long changed posts are gathered.
const GATHER: Duration = Duration::from_secs(2);
/// Most posts of one transaction.
const BATCH: usize = 500;
/// Most posts that wait for a store that does not answer.
const MOST: usize = 100_000;

/// How hot a post is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heat(pub i64);

impl Heat {
    /// Of so many points that all came then.
    fn of(points: i64, then: Timestamp) -> Option<Self> {
        (points > 0).then(|| Self(then.0 + half_lives(real(points).log2())))
    }

    /// After some more points, whichever came first.
    fn add(self, points: i64, then: Timestamp) -> Self {
        let Some(Self(other)) = Self::of(points, then) else { return self };
        let (more, less) = (self.0.max(other), self.0.min(other));
        Self(more + half_lives((1.0 + (real(less - more) / HALF_LIFE).exp2()).log2()))
    }

    /// After some of its points were taken back: what is left keeps its part.
    fn keep(self, left: i64, of: i64) -> Option<Self> {
        (left > 0).then(|| Self(self.0 + half_lives((real(left) / real(of)).log2())))
    }
}

/// So many half-lives in microseconds.
#[expect(clippy::cast_possible_truncation, reason = "some dozens of half-lives at most")]
fn half_lives(number: f64) -> i64 {
    (number * HALF_LIFE).round() as i64
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
fn real(number: i64) -> f64 {
    number as f64
}

/// How hot a post is now that it has so many points.
fn now(heat: Option<Heat>, known: i64, points: i64, now: Timestamp) -> Option<Heat> {
    match heat {
        None => Heat::of(points, now),
        Some(heat) if points > known => Some(heat.add(points - known, now)),
        Some(heat) => heat.keep(points, known),
    }
}

/// When the points of posts came, where many come at once and long ago.
#[derive(Debug, Default)]
pub struct Points {
    posts: HashMap<String, Told>,
}

#[derive(Clone, Copy, Debug)]
struct Told {
    heat: Heat,
    latest: Timestamp,
}

impl Points {
    pub fn like(&mut self, post: &str, then: Timestamp) {
        self.add(post, LIKE, then);
    }

    pub fn comment(&mut self, post: &str, then: Timestamp) {
        self.add(post, COMMENT, then);
    }

    pub fn repost(&mut self, post: &str, then: Timestamp) {
        self.add(post, SHARE, then);
    }

    fn add(&mut self, post: &str, points: i64, then: Timestamp) {
        let Some(heat) = Heat::of(points, then) else { return };
        let more = |told: &mut Told| {
            *told = Told { heat: told.heat.add(points, then), latest: told.latest.max(then) };
        };
        self.posts.entry(post.to_owned()).and_modify(more).or_insert(Told { heat, latest: then });
    }

    /// Adds them. A post that has a heat already is told of all that has come since as of the latest.
    pub async fn settle(self, store: &Store) -> Result<(), Error> {
        let (mut posts, now) = (self.posts.keys().collect::<Vec<_>>(), Clock::default().now());
        posts.sort_unstable();
        for batch in posts.chunks(BATCH) {
            let ids = batch.iter().map(|id| (*id).clone()).collect();
            store.write(&Warm { ids, now, told: &self.posts }).await?;
        }
        Ok(())
    }
}

/// Adds to the heat of some posts what has come.
struct Warm<'a> {
    ids: Vec<String>,
    now: Timestamp,
    told: &'a HashMap<String, Told>,
}

impl Work for Warm<'_> {
    type Output = ();

    async fn run(&self, tx: &mut Tx) -> Result<(), Error> {
        let posts = tx.run(&Answered { ids: self.ids.clone(), now: self.now.0 }).await?;
        let rows: Vec<HeatRow> = posts
            .into_iter()
            .filter_map(|post| {
                let points =
                    LIKE * post.likes + COMMENT * post.comments + SHARE * (post.reposts + post.quotes);
                let heat = match (post.heat, self.told.get(&post.id)) {
                    (None, Some(told)) => Some(told.heat),
                    (heat, told) => {
                        now(heat.map(Heat), post.answers, points, told.map_or(self.now, |told| told.latest))
                    }
                };
                let is_new = heat.map(|heat| heat.0) != post.heat || points != post.answers;
                is_new.then(|| HeatRow { id: post.id, heat: heat.map(|heat| heat.0), answers: points })
            })
            .collect();
        if !rows.is_empty() {
            tx.run(&SetHeat { rows }).await?;
        }
        Ok(())
    }
}

/// Keeps the heat of posts up to what this process writes, for as long as it runs.
pub async fn keep(app: Arc<App>) {
    let mut committed = app.store.changes().listen();
    // Not held on to while nothing is written: the app ends when everybody else has let go of it.
    let app = Arc::downgrade(&{ app });
    let (mut posts, told) = (BTreeSet::new(), HashMap::new());
    loop {
        if posts.is_empty() {
            match committed.recv().await {
                Ok(committed) => posts.extend(committed.posts),
                // What was missed is counted when the post is answered to again.
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            }
            continue;
        }
        tokio::time::sleep(GATHER).await;
        loop {
            match committed.try_recv() {
                Ok(committed) => posts.extend(committed.posts),
                Err(TryRecvError::Lagged(_)) => {}
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
        let Some(app) = app.upgrade() else { return };
        // In the order of their ids, so that no two instances wait for each other.
        while let Some(batch) = first(&mut posts) {
            let warm = Warm { ids: batch, now: app.clock.now(), told: &told };
            if let Err(error) = app.store.write(&warm).await {
                tracing::warn!(%error, "what is trending is not up to date");
                if posts.len() < MOST {
                    posts.extend(warm.ids);
                }
                break;
            }
        }
    }
}

fn first(posts: &mut BTreeSet<String>) -> Option<Vec<String>> {
    let batch: Vec<String> = std::iter::from_fn(|| posts.pop_first()).take(BATCH).collect();
    (!batch.is_empty()).then_some(batch)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000_000;
    const NOON: Timestamp = Timestamp(1_764_072_000_000_000);

    fn later(hours: i64) -> Timestamp {
        Timestamp(NOON.0 + hours * HOUR)
    }

    /// The sum itself, as it is worth at a moment.
    fn sum(points: &[(i64, Timestamp)], at: Timestamp) -> f64 {
        points.iter().map(|(points, then)| real(*points) * (real(then.0 - at.0) / HALF_LIFE).exp2()).sum()
    }

    #[test]
    fn a_point_is_worth_half_after_six_hours() {
        let old = Heat::of(2, NOON).expect("points");
        let new = Heat::of(1, later(6)).expect("a point");
        assert_eq!(old, new);
        assert_eq!(Heat::of(0, NOON), None);
        assert_eq!(Heat::of(1, NOON), Some(Heat(NOON.0)), "the moment itself");
    }

    #[test]
    fn adding_one_after_the_other_is_the_logarithm_of_the_decayed_sum() {
        let points =
            [(1, NOON), (3, later(1)), (2, later(1)), (1, later(30)), (500, later(31)), (1, later(400))];
        let (mut heat, mut known) = (None, 0);
        for (more, then) in points {
            heat = now(heat, known, known + more, then);
            known += more;
        }
        let at = later(400);
        let found = (real(heat.expect("points").0 - at.0) / HALF_LIFE).exp2();
        let wanted = sum(&points, at);
        assert!((found / wanted - 1.0).abs() < 1e-6, "{found} {wanted}");
        // In any order, and however far apart.
        let (old, new) = (Timestamp(0), NOON);
        let both = Heat::of(1, new).map(|heat| heat.add(5, old));
        assert_eq!(both, Heat::of(5, old).map(|heat| heat.add(1, new)));
        assert_eq!(both, Heat::of(1, new));
    }

    #[test]
    fn what_is_taken_back_takes_its_part_and_the_last_takes_all() {
        let heat = Heat::of(8, NOON).expect("points");
        assert_eq!(now(Some(heat), 8, 4, later(50)), Heat::of(4, NOON), "however late");
        assert_eq!(now(Some(heat), 8, 0, later(1)), None);
        assert_eq!(now(Some(heat), 8, 8, later(1)), Some(heat));
        assert_eq!(now(None, 0, 0, NOON), None);
    }
}
