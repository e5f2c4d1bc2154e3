//! What is trending: the hottest posts, as [`heat`](super::heat) has them.
//!
//! A ranking is read again when heat has changed, and kept for ten minutes, so that it stands still for whoever pages
//! through it. On another instance the walk goes on at the heat where it was.

use std::{sync::Arc, time::Duration};

use moka::sync::Cache;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::{
    FeedItem,
    queries::{HotRow, Hottest},
    reader::of_posts,
};
use crate::{
    app::App,
    cache::Reading,
    clock::SEQUENCE_BITS,
    error::Error,
    page::{Page, Paging},
    store::{Fact, Moment, Windows},
};

/// How many posts trend at a time.
const MOST: usize = 1000;
const KEPT: Duration = Duration::from_mins(10);

pub struct Trending {
    /// What a first page shows.
    current: Mutex<Option<Arc<Ranking>>>,
    /// The latest, by their names.
    rankings: Cache<String, Arc<Ranking>>,
}

/// The hottest posts of a moment, hottest first.
struct Ranking {
    name: String,
    since: Moment,
    posts: Vec<HotRow>,
}

/// Where a walk through a ranking is: behind a post.
#[derive(Serialize, Deserialize)]
struct Place {
    #[serde(rename = "r")]
    ranking: String,
    #[serde(rename = "h")]
    heat: i64,
    #[serde(rename = "i")]
    id: String,
}

const LIST: &str = "trending";

impl Default for Trending {
    fn default() -> Self {
        Self {
            current: Mutex::default(),
            rankings: Cache::builder().max_capacity(64).time_to_live(KEPT).build(),
        }
    }
}

impl Trending {
    /// A page of what is trending.
    pub async fn page(
        &self,
        app: &App,
        reading: &Reading<'_>,
        paging: &Paging,
        viewer: Option<&str>,
    ) -> Result<Page<FeedItem>, Error> {
        reading.note(&[Fact::Heat]);
        let place: Option<Place> = match &paging.cursor {
            Some(cursor) => Some(app.cursors.open(LIST, cursor)?),
            None => None,
        };
        let ranking = match place.as_ref().and_then(|place| self.rankings.get(&place.ranking)) {
            Some(ranking) => ranking,
            None => self.current(app).await?,
        };
        let passed = place.map_or(0, |place| {
            ranking.posts.partition_point(|post| (post.heat, &post.id) >= (place.heat, &place.id))
        });
        let (mut rest, mut last, mut items) = (&ranking.posts[passed..], None, Vec::new());
        // Posts that were deleted since leave no gap.
        while items.len() < paging.limit && !rest.is_empty() {
            let (some, others) = rest.split_at(rest.len().min(paging.limit - items.len()));
            let ids: Vec<String> = some.iter().map(|post| post.id.clone()).collect();
            items.extend(of_posts(reading, &ids, viewer).await?);
            (last, rest) = (some.last(), others);
        }
        let next_cursor = last.filter(|_| !rest.is_empty()).map(|last| {
            let place = Place { ranking: ranking.name.clone(), heat: last.heat, id: last.id.clone() };
            app.cursors.seal(LIST, &place)
        });
        Ok(Page { items, next_cursor })
    }

    /// The ranking of now, read once however many ask.
    async fn current(&self, app: &App) -> Result<Arc<Ranking>, Error> {
        let changes = app.store.changes();
        let mut current = self.current.lock().await;
        if let Some(ranking) =
            current.as_ref().filter(|ranking| changes.hold(ranking.since, &changes.slots(&[Fact::Heat])))
        {
            return Ok(Arc::clone(ranking));
        }
        let (since, now) = (changes.now(), app.clock.now());
        let query = |since: i64| Hottest { since: since >> SEQUENCE_BITS, limit: MOST };
        let posts = app.store.scan(&mut &app.store, now.rank_key(), MOST, Windows::NEWEST, query).await?;
        let ranking = Arc::new(Ranking { name: crate::clock::new_id(), since, posts });
        self.rankings.insert(ranking.name.clone(), Arc::clone(&ranking));
        *current = Some(Arc::clone(&ranking));
        Ok(ranking)
    }
}
