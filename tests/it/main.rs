//! Everything that is tested against a running Kith: each test on the embedded graph and on a real Neo4j.

mod access;
mod configuration;
mod contract;
mod cypher;
mod neo4j;
mod openapi;
mod problems;
mod support;
mod texts;
