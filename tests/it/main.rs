//! Everything that is tested against a running Kith: each test on the embedded graph and on a real Neo4j.

mod access;
mod architecture;
mod browser;
mod caches;
mod clock;
mod configuration;
mod contract;
mod crash;
mod cypher;
mod deployment;
mod erasure;
mod import;
mod judges;
mod model;
mod neo4j;
mod openapi;
mod outage;
mod parallel;
mod problems;
mod random;
mod readme;
mod stream;
mod support;
mod texts;
mod tokens;
mod wire;
