//! Newest-first scans of an index.

use super::{Run, Store};
use crate::{cypher::Query, error::Error};

/// How far back a newest-first scan looks at first, in minutes, then further and further, and in the end at everything.
#[derive(Clone, Copy, Debug)]
pub struct Windows {
    pub neo4j: &'static [i64],
    pub embedded: &'static [i64],
}

impl Windows {
    /// For an index over moments. Neo4j walks it in order and needs no bound. The embedded engine sorts all that the
    /// bounds let through, and finds out in no time that they let nothing through.
    pub const NEWEST: Self = Self {
        neo4j: &[],
        embedded: &[
            8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536, 131_072, 524_288,
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
        const MINUTE: i64 = 60_000_000 << crate::clock::SEQUENCE_BITS;
        let minutes = if self.is_embedded() { windows.embedded } else { windows.neo4j };
        let bounds =
            minutes.iter().map(move |minutes| before.saturating_sub(MINUTE.saturating_mul(*minutes)));
        bounds.chain([i64::MIN])
    }
}
