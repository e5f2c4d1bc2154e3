//! Between our types and the values of the engine.

use std::collections::HashMap;

use kglite::api::{PropMap, Value as Cell};
use serde::{
    Deserializer,
    de::{
        DeserializeOwned, IntoDeserializer, Visitor,
        value::{Error, MapDeserializer, SeqDeserializer, StringDeserializer},
    },
    forward_to_deserialize_any,
};
use serde_json::{Map, Value};

use crate::store::StoreError;

/// The rows of an answer, each read from its columns.
pub(super) fn rows<T: DeserializeOwned>(
    statement: &'static str,
    columns: &[String],
    rows: Vec<Vec<Cell>>,
) -> Result<Vec<T>, StoreError> {
    rows.into_iter()
        .map(|row| {
            let named = columns.iter().map(String::as_str).zip(row.into_iter().map(Reader));
            T::deserialize(MapDeserializer::new(named))
                .map_err(|error: Error| StoreError::Failed { statement, message: error.to_string() })
        })
        .collect()
}

/// The parameters of a statement.
pub(super) fn cells(parameters: Map<String, Value>) -> HashMap<String, Cell> {
    parameters.into_iter().map(|(key, value)| (key, cell(value))).collect()
}

fn cell(value: Value) -> Cell {
    match value {
        Value::Null => Cell::Null,
        Value::Bool(value) => Cell::Boolean(value),
        Value::Number(number) => {
            number.as_i64().map_or_else(|| Cell::Float64(number.as_f64().unwrap_or(f64::NAN)), Cell::Int64)
        }
        Value::String(text) => Cell::String(text),
        Value::Array(items) => Cell::List(items.into_iter().map(cell).collect()),
        Value::Object(map) => {
            Cell::Map(map.into_iter().map(|(key, value)| (key, cell(value))).collect::<PropMap>())
        }
    }
}

/// Reads a value into one of our types.
struct Reader(Cell);

impl<'de> Deserializer<'de> for Reader {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Cell::Boolean(value) => visitor.visit_bool(value),
            Cell::Int64(value) => visitor.visit_i64(value),
            Cell::UniqueId(value) => visitor.visit_u32(value),
            Cell::Float64(value) => visitor.visit_f64(value),
            Cell::String(text) => visitor.visit_string(text),
            Cell::List(items) => visitor.visit_seq(SeqDeserializer::new(items.into_iter().map(Reader))),
            Cell::Map(map) => {
                let entries = map.iter().map(|(key, value)| (key, Reader(value.clone())));
                visitor.visit_map(MapDeserializer::new(entries))
            }
            // Statements return columns, never nodes or paths; null is the rest.
            _ => visitor.visit_unit(),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if matches!(self.0, Cell::Null) { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.0 {
            Cell::String(text) => StringDeserializer::new(text).deserialize_enum(name, variants, visitor),
            _ => self.deserialize_any(visitor),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        seq tuple tuple_struct map struct identifier ignored_any
    }
}

impl IntoDeserializer<'_, Error> for Reader {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Kind {
        Post,
        Reply,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Micros(i64);

    #[derive(Debug, PartialEq, Deserialize)]
    struct Row {
        id: String,
        kinds: Vec<Kind>,
        at: Micros,
        edited_at: Option<Micros>,
        score: f64,
        liked: bool,
        author: Option<HashMap<String, Option<String>>>,
    }

    fn read(values: Value) -> Result<Vec<Row>, StoreError> {
        let Value::Object(map) = values else { unreachable!("an object") };
        let (columns, row): (Vec<String>, Vec<Cell>) = cells(map).into_iter().unzip();
        rows("test", &columns, vec![row])
    }

    #[test]
    fn a_row_is_read_from_its_columns() {
        let values = serde_json::json!({
            "id": "a", "kinds": ["post", "reply"], "at": 7, "edited_at": null, "score": 0.5, "liked": true,
            "author": {"name": "Ann", "avatar_url": null},
        });
        let author =
            HashMap::from([("name".to_owned(), Some("Ann".to_owned())), ("avatar_url".to_owned(), None)]);
        let row = Row {
            id: "a".to_owned(),
            kinds: vec![Kind::Post, Kind::Reply],
            at: Micros(7),
            edited_at: None,
            score: 0.5,
            liked: true,
            author: Some(author),
        };
        assert_eq!(read(values).expect("a row"), [row]);
    }

    #[test]
    fn what_does_not_fit_is_refused_by_name() {
        let values = serde_json::json!({
            "id": null, "kinds": [], "at": 7, "edited_at": null, "score": 0.5, "liked": true, "author": null,
        });
        let error = read(values).expect_err("a null id").to_string();
        assert!(error.contains("test") && error.contains("null") || error.contains("unit"), "{error}");
    }
}
