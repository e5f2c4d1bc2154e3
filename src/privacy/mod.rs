//! Blocking and muting. What follows from it is decided in `src/users/hidden.rs`.

pub mod api;
pub mod queries;
pub mod words;

use std::sync::Arc;

use self::queries::EndMutes;
use crate::app::App;

/// Ends mutes whose time is over, for as long as the process runs.
pub async fn end_mutes(app: Arc<App>) {
    app.end_in_time("mutes", |now, limit| EndMutes { now, limit }).await;
}
