//! Rows of values: as JSON, and as CSV that a spreadsheet takes for data.

use std::borrow::Cow;

use poem_openapi::{Object, types::Any};
use serde::Serialize;
use serde_json::Value;

use crate::store::asked::Table;

/// Rows of values, of which each has one for each column.
#[derive(Debug, Serialize, Object)]
pub struct Rows {
    /// The names of the columns.
    pub columns: Vec<String>,
    /// The rows. A value is any JSON; of a node there are its labels and properties.
    pub rows: Vec<Vec<Any<Value>>>,
    /// There was more than is shown.
    pub truncated: bool,
}

impl From<Table> for Rows {
    fn from(table: Table) -> Self {
        let rows = table.rows.into_iter().map(|row| row.into_iter().map(Any).collect()).collect();
        Self { columns: table.columns, rows, truncated: table.truncated }
    }
}

/// The table as CSV (RFC 4180), the names of its columns first.
pub fn to_csv(table: &Table) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    writer.write_record(&table.columns)?;
    for row in &table.rows {
        writer.write_record(row.iter().map(|cell| cell_of(cell).into_owned()))?;
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

/// What stands in a cell. People choose texts, and a spreadsheet computes a text that begins like a formula: such a one
/// gets an apostrophe before it.
fn cell_of(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Null => "".into(),
        Value::String(text)
            if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']) =>
        {
            format!("'{text}").into()
        }
        Value::String(text) => text.into(),
        value => value.to_string().into(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_text_is_no_formula_and_a_number_stays_one() {
        let row = vec![
            json!("=1+1"),
            json!("@sum"),
            json!("-2"),
            json!("a, \"b\""),
            json!(-2),
            json!(null),
            json!(["=x"]),
        ];
        let columns = ["a", "b", "c", "d", "e", "f", "g"].map(str::to_owned).to_vec();
        let table = Table { columns, rows: vec![row], truncated: false };
        let text = String::from_utf8(to_csv(&table).unwrap()).unwrap();
        let wanted = "a,b,c,d,e,f,g\r\n'=1+1,'@sum,'-2,\"a, \"\"b\"\"\",-2,,\"[\"\"=x\"\"]\"\r\n";
        assert_eq!(text, wanted);
    }
}
