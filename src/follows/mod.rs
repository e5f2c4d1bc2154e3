//! Who follows whom.

pub mod api;
pub mod queries;
