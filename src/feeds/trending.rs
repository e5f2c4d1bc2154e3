//! What is trending: the newest posts by how much they were answered to, against their age.
//!
//! A ranking is computed at most every 30 seconds, however many ask, and kept for ten minutes, so that it stands
//! still for whoever pages through it.

use std::{sync::Arc, time::Duration};

use moka::future::Cache;
use serde::{Deserialize, Serialize};

use super::{
    FeedItem,
    queries::{CandidateRow, TrendingCandidates},
    reader::of_posts,
};
use crate::{
    app::App,
    cache::Reading,
    clock::{SEQUENCE_BITS, Timestamp},
    error::Error,
    page::{Page, Paging},
    store::{StoreError, Windows},
};

/// How many of the newest posts may trend.
const CANDIDATES: usize = 1000;
const FRESH: Duration = Duration::from_secs(30);
const KEPT: Duration = Duration::from_mins(10);

pub struct Trending {
    /// The moment of the ranking that a first page shows.
    current: Cache<(), i64>,
    /// The post ids of each ranking, best first, by its moment.
    rankings: Cache<i64, Arc<Vec<String>>>,
}

/// Where a walk through a ranking is.
#[derive(Serialize, Deserialize)]
struct Place {
    #[serde(rename = "t")]
    as_of: i64,
    #[serde(rename = "n")]
    passed: usize,
}

const LIST: &str = "trending";

impl Default for Trending {
    fn default() -> Self {
        Self {
            current: Cache::builder().max_capacity(1).time_to_live(FRESH).build(),
            rankings: Cache::builder().max_capacity(64).time_to_live(KEPT).build(),
        }
    }
}

impl Trending {
    /// A page of what is trending.
    pub async fn page(
        &self,
        app: &App,
        paging: &Paging,
        viewer: Option<&str>,
    ) -> Result<Page<FeedItem>, Error> {
        let place = if let Some(cursor) = &paging.cursor {
            app.cursors.open(LIST, cursor)?
        } else {
            let now = app.clock.now().0;
            Place { as_of: self.current.get_with((), async { now }).await, passed: 0 }
        };
        let ranking = self
            .rankings
            .try_get_with(place.as_of, rank(app, Timestamp(place.as_of)))
            .await
            .map_err(|error| Error::Store(StoreError::Unavailable(error.to_string())))?;
        let rest = ranking.get(place.passed..).unwrap_or_default();
        let ids: Vec<String> = rest.iter().take(paging.limit).cloned().collect();
        let passed = place.passed + ids.len();
        let next_cursor =
            (passed < ranking.len()).then(|| app.cursors.seal(LIST, &Place { as_of: place.as_of, passed }));
        Ok(Page { items: of_posts(&Reading::new(&app.cache, &app.store), &ids, viewer).await?, next_cursor })
    }
}

async fn rank(app: &App, as_of: Timestamp) -> Result<Arc<Vec<String>>, Error> {
    let query = |since: i64| TrendingCandidates { since: since >> SEQUENCE_BITS, limit: CANDIDATES };
    let rows = app.store.scan(&mut &app.store, as_of.rank_key(), CANDIDATES, Windows::NEWEST, query).await?;
    let mut scored: Vec<(f64, CandidateRow)> =
        rows.into_iter().map(|row| (score(&row, as_of), row)).filter(|(score, _)| *score > 0.0).collect();
    scored.sort_by(|(one, row), (other, other_row)| {
        other.total_cmp(one).then(other_row.rank_key.cmp(&row.rank_key)).then(other_row.id.cmp(&row.id))
    });
    Ok(Arc::new(scored.into_iter().map(|(_, row)| row.id).collect()))
}

/// Answers, weighted by their effort, over a power of the age in hours: the shape that Hacker News made known.
fn score(row: &CandidateRow, as_of: Timestamp) -> f64 {
    let weight = row.likes + 2 * row.comments + 3 * (row.reposts + row.quotes);
    let age = (as_of.0 - (row.rank_key >> SEQUENCE_BITS)).max(0);
    #[expect(clippy::cast_precision_loss, reason = "a score needs no more precision")]
    let (weight, hours) = (weight as f64, age as f64 / 3_600_000_000.0);
    weight / (hours + 2.0).powf(1.5)
}
