//! Who follows whom, and who asks to.

pub mod api;
pub mod queries;
