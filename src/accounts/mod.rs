//! One's own account: the profile, and its end.

pub mod api;
mod erase;
pub mod queries;

pub use erase::{erase, resume};
