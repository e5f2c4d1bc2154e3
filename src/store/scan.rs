//! Newest-first scans of an index.

use super::{Run, Store};
use crate::{cypher::Query, error::Error};

/// How far back a newest-first scan looks at first, in seconds, then further and further, and in the end at everything.
#[derive(Clone, Copy, Debug)]
pub struct Windows {
    pub neo4j: &'static [i64],
    pub embedded: &'static [i64],
}

impl Windows {
    /// For an index over moments. Neo4j walks it in order and needs no bound. The embedded engine sorts all that the
    /// bounds let through, and finds out in no time that they let nothing through: the first bounds are for a graph in
    /// which a page is written in seconds.
    pub const NEWEST: Self = Self {
        neo4j: &[],
        embedded: &[
            2, 8, 32, 128, 480, 960, 1_920, 3_840, 7_680, 15_360, 30_720, 61_440, 122_880, 245_760, 491_520,
            983_040, 1_966_080, 3_932_160, 7_864_320, 31_457_280,
        ],
    };
}

impl Store {
    /// The first `limit` rows of a newest-first scan of everything up to `before`. The query is given a lower bound,
    /// which a store that cannot walk an index in order needs.
    pub async fn scan<Q: Query>(
        &self,
        run: &mut impl Run,
        before: i64,
        limit: usize,
        windows: Windows,
        query: impl Fn(i64) -> Q + Send,
    ) -> Result<Vec<Q::Row>, Error> {
        let mut rows = Vec::new();
        for since in self.lower_bounds(before, windows) {
            rows = run.run(&query(since)).await?;
            if rows.len() == limit {
                break;
            }
        }
        Ok(rows)
    }

    /// Lower bounds for a newest-first scan of everything up to `before`, to be tried one after the other until the
    /// page is full. The last is none.
    fn lower_bounds(&self, before: i64, windows: Windows) -> impl Iterator<Item = i64> {
        const SECOND: i64 = 1_000_000 << crate::clock::SEQUENCE_BITS;
        let seconds = if self.is_embedded() { windows.embedded } else { windows.neo4j };
        let bounds =
            seconds.iter().map(move |seconds| before.saturating_sub(SECOND.saturating_mul(*seconds)));
        bounds.chain([i64::MIN])
    }
}
