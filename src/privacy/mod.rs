//! Blocking and muting. What follows from it is decided in `src/users/hidden.rs`.

pub mod api;
pub mod mutes;
pub mod queries;
pub mod words;
