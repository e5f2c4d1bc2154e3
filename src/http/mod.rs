//! What every request passes through: bodies, answers, problems, request ids, the log, metrics.

pub mod answer;
pub mod body;
mod connections;
pub mod entity_tag;
pub mod middleware;
pub mod operations;
pub mod probe;
pub mod routes;
pub mod server;
