//! Questions in Cypher: looked at twice, as a text and as a plan, then run where nothing can be written.

use std::time::Duration;

use serde_json::{Map, Value};

use super::{names::OPEN_LABELS, plan, text};
use crate::{
    app::App,
    error::Error,
    store::asked::{Asked, Ceilings, Table},
};

/// How long a query may run.
pub const TIMEOUT: Duration = Duration::from_secs(5);

/// How many queries run at a time: what an admin asks must leave the database to everybody else.
pub const AT_ONCE: usize = 4;

/// How much a query may answer.
pub const CEILINGS: Ceilings = Ceilings { rows: 1000, bytes: 1 << 20 };

/// Answers a query, or says why it is not run.
pub async fn answer(app: &App, query: &str, parameters: &Map<String, Value>) -> Result<Table, Error> {
    app.store.check_queries()?;
    text::check(query).map_err(Error::QueryNotAllowed)?;
    let asked = Asked { text: query, parameters, timeout: TIMEOUT };
    let planned = app.store.plan(asked).await?;
    plan::check(&planned).map_err(Error::QueryNotAllowed)?;
    let table = app.store.ask(asked, CEILINGS, OPEN_LABELS).await?;
    Ok(in_order(table, plan::columns(&planned)))
}

/// The table with its columns in the order that the query names them, if they are known to be these. The database's
/// client tells the names of a row in no order.
fn in_order(table: Table, columns: Vec<String>) -> Table {
    let mut sorted = columns.clone();
    sorted.sort();
    if table.rows.is_empty() {
        return Table { columns, ..table };
    }
    if sorted != table.columns {
        return table;
    }
    let places: Vec<_> = columns.iter().filter_map(|column| sorted.binary_search(column).ok()).collect();
    let rows =
        table.rows.into_iter().map(|row| places.iter().map(|&place| row[place].clone()).collect()).collect();
    Table { columns, rows, truncated: table.truncated }
}
