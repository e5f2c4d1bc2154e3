//! Everything that is tested against a running Kith: each test on the embedded graph and on a real Neo4j.

mod contract;
mod cypher;
mod import;
mod neo4j;
mod support;
