//! Blocking and muting. What follows from it is decided in `src/users/hidden.rs`.

pub mod api;
pub mod queries;
pub mod words;

use std::{sync::Arc, time::Duration};

use self::queries::EndMutes;
use crate::app::App;

/// How often mutes are looked for whose time is over.
const LOOK: Duration = Duration::from_secs(30);
/// How many end in one transaction.
const BATCH: usize = 500;

/// Ends mutes whose time is over, for as long as the process runs.
pub async fn end_mutes(app: Arc<App>) {
    loop {
        match app.store.run(&EndMutes { now: app.clock.now().0, limit: BATCH }).await {
            Ok(rows) if rows.len() == BATCH => continue,
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "mutes whose time is over could not be ended"),
        }
        tokio::time::sleep(LOOK).await;
    }
}
