//! What every request passes through: bodies, answers, problems, request ids, the log, metrics.

pub mod answer;
pub mod body;
pub mod coding;
mod connections;
pub mod cors;
pub mod entity_tag;
mod limits;
pub mod middleware;
pub mod operations;
pub mod probe;
mod representation;
pub mod routes;
pub mod server;
mod shortcut;
