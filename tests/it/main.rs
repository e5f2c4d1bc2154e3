//! Everything that is tested against a running Kith: each test on the embedded graph and on a real Neo4j.

mod access;
mod architecture;
mod configuration;
mod contract;
mod crash;
mod cypher;
mod deployment;
mod erasure;
mod import;
mod model;
mod neo4j;
mod openapi;
mod outage;
mod parallel;
mod problems;
mod readme;
mod stream;
mod support;
mod texts;
