//! Questions that only a graph answers: mutuals, paths, suggestions, relationships.

pub mod api;
pub mod queries;
