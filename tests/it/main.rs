//! Everything that is tested against a running Kith: each test on the embedded graph and on a real Neo4j.

mod architecture;
mod contract;
mod cypher;
mod erasure;
mod import;
mod neo4j;
mod outage;
mod readme;
mod stream;
mod support;
