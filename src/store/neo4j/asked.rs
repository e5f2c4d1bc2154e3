//! Queries that people write. Each has a connection of its own, which is closed with it: what is left of an answer
//! that nobody wants ends at once, and no transaction of ours ever waits behind one.

use neo4rs::{BoltList, BoltMap, BoltString, BoltType, Error as BoltError, Graph, Query};
use serde_json::{Map, Value, json};

use super::{Neo4j, bolt_query, store_error, told};
use crate::{
    error::Error,
    store::asked::{Asked, Ceilings, Step, Table},
};

const NAME: &str = "query";

/// What in the code of an error says that the query is at fault: `Statement`, among others, that it failed as it ran.
const OF_THE_QUERY: [&str; 3] = ["Neo.ClientError.", "Neo.DatabaseError.Statement.", "Memory"];

impl Neo4j {
    pub async fn plan(&self, asked: Asked<'_>) -> Result<Step, Error> {
        let graph = Graph::connect(self.alone.clone()).map_err(failed)?;
        let query = query(&format!("EXPLAIN {}", asked.text), asked)?;
        let stream = graph.execute_read(query).await.map_err(failed)?;
        let summary = stream.finish().await.map_err(failed)?;
        told::plan(&summary).map_err(|why| Error::Internal(format!("a plan cannot be read: {why}").into()))
    }

    pub async fn ask(&self, asked: Asked<'_>, ceilings: Ceilings, labels: &[&str]) -> Result<Table, Error> {
        let graph = Graph::connect(self.alone.clone()).map_err(failed)?;
        let mut stream = graph.execute_read(query(asked.text, asked)?).await.map_err(failed)?;
        let (mut table, mut bytes) = (Table::default(), 0);
        while let Some(row) = stream.next().await.map_err(failed)? {
            if table.columns.is_empty() {
                table.columns = row.keys().into_iter().map(|key| key.value.clone()).collect();
                table.columns.sort();
            }
            let cells = table.columns.iter().map(|column| {
                let cell =
                    row.get::<BoltType>(column).map_err(|error| Error::QueryFailed(format!("{error}.")))?;
                json_of(cell, labels)
            });
            let cells = cells.collect::<Result<Vec<Value>, Error>>()?;
            bytes += serde_json::to_vec(&cells).map_or(0, |text| text.len());
            if table.rows.len() == ceilings.rows || bytes > ceilings.bytes {
                table.truncated = true;
                break;
            }
            table.rows.push(cells);
        }
        Ok(table)
    }

    /// The rows of one of our own statements.
    pub async fn read(
        &self,
        name: &'static str,
        text: &str,
        parameters: Map<String, Value>,
    ) -> Result<Vec<Map<String, Value>>, super::StoreError> {
        Ok(self.rows(name, text, crate::cypher::Access::Read, parameters).await?.0)
    }
}

/// A query that the server itself ends when its time is over.
fn query(text: &str, asked: Asked<'_>) -> Result<Query, Error> {
    let query = bolt_query(NAME, text, asked.parameters.clone())
        .map_err(|error| Error::QueryFailed(format!("a parameter cannot be sent: {error}.")))?;
    let timeout = i64::try_from(asked.timeout.as_millis()).unwrap_or(i64::MAX);
    Ok(query.extra("tx_timeout", timeout))
}

/// What the database says of a query is for who wrote it. That it cannot be reached is not.
fn failed(error: BoltError) -> Error {
    match error {
        BoltError::Neo4j(error) if OF_THE_QUERY.iter().any(|kind| error.code().contains(kind)) => {
            Error::QueryFailed(error.message().to_owned())
        }
        error => store_error(NAME, error).into(),
    }
}

/// A value as JSON. A node is refused if one of its labels is not among those.
fn json_of(value: BoltType, labels: &[&str]) -> Result<Value, Error> {
    Ok(match value {
        BoltType::Null(_) => Value::Null,
        BoltType::Boolean(value) => value.value.into(),
        BoltType::Integer(value) => value.value.into(),
        BoltType::Float(value) => value.value.into(),
        BoltType::String(text) => text.value.into(),
        BoltType::List(list) => list_of(list, labels)?,
        BoltType::Map(map) => map_of(map, labels)?,
        BoltType::Node(node) => {
            let own = names(&node.labels);
            if own.is_empty() || !own.iter().all(|label| labels.contains(label)) {
                return Err(Error::QueryNotAllowed(format!("a row has a node of {own:?}")));
            }
            json!({"labels": own, "properties": map_of(node.properties.clone(), labels)?})
        }
        BoltType::Relation(it) => {
            json!({"type": it.typ.value, "properties": map_of(it.properties, labels)?})
        }
        BoltType::UnboundedRelation(it) => {
            json!({"type": it.typ.value, "properties": map_of(it.properties, labels)?})
        }
        BoltType::Path(path) => {
            json!({"nodes": list_of(path.nodes, labels)?, "relationships": list_of(path.rels, labels)?})
        }
        _ => {
            return Err(Error::QueryFailed(
                "it answers a value that JSON has no form for; answer its toString().".to_owned(),
            ));
        }
    })
}

fn list_of(list: BoltList, labels: &[&str]) -> Result<Value, Error> {
    list.value.into_iter().map(|value| json_of(value, labels)).collect()
}

fn map_of(map: BoltMap, labels: &[&str]) -> Result<Value, Error> {
    let entries =
        map.value.into_iter().map(|(BoltString { value: key }, value)| Ok((key, json_of(value, labels)?)));
    Ok(Value::Object(entries.collect::<Result<_, Error>>()?))
}

fn names(labels: &BoltList) -> Vec<&str> {
    // What is no text is no label of ours either.
    labels.value.iter().map(name_of).collect()
}

fn name_of(label: &BoltType) -> &str {
    if let BoltType::String(label) = label { &label.value } else { "" }
}
