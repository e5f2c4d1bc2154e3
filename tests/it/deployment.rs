//! What a team starts with `docker compose up`, as far as it goes without a container engine: the files by the judges of
//! their formats, and then run, by a real nginx and a real Prometheus around two real Kiths on one Neo4j.

mod broker;
mod client;
mod cluster;
mod files;
mod monitoring;
mod proxy;
mod shared_cache;
mod sharing;
mod tools;
