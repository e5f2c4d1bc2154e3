//! What statements can be run on, and what can be run as one transaction.

use std::future::Future;

use super::Tx;
use crate::{
    cypher::{Keyed, Query},
    error::Error,
};

/// The rows of two statements.
pub type Both<Q, O> = (Vec<<Q as Query>::Row>, Vec<<O as Query>::Row>);

/// Something statements can be run on: the store itself, or an open transaction.
pub trait Run: Send {
    fn run<Q: Query>(&mut self, query: &Q) -> impl Future<Output = Result<Vec<Q::Row>, Error>> + Send;

    /// Like [`run`](Run::run), of a statement that asks about each of several keys: some of it may be known already.
    fn run_keyed<Q: Keyed>(&mut self, query: &Q) -> impl Future<Output = Result<Vec<Q::Row>, Error>> + Send {
        self.run(query)
    }

    /// Whether half of the things that it asks about are known, or more.
    fn knows_half<Q: Keyed>(&self, query: &Q) -> bool {
        query.things().is_empty()
    }

    /// Both, at once where that can be.
    fn run_both<Q: Keyed, O: Keyed>(
        &mut self,
        query: &Q,
        other: &O,
    ) -> impl Future<Output = Result<Both<Q, O>, Error>> + Send {
        async { Ok((self.run_keyed(query).await?, self.run_keyed(other).await?)) }
    }

    /// The first row, if there is one.
    fn one<Q: Query>(&mut self, query: &Q) -> impl Future<Output = Result<Option<Q::Row>, Error>> + Send {
        async { Ok(self.run(query).await?.into_iter().next()) }
    }
}

/// A unit of work that happens as a whole or not at all. It may be run more than once before it commits.
pub trait Work: Send + Sync {
    type Output: Send;
    fn run(&self, tx: &mut Tx) -> impl Future<Output = Result<Self::Output, Error>> + Send;
}
