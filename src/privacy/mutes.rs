//! Ends mutes whose time is over.

use std::sync::Arc;

use super::queries::{EndMutes, FirstEnd};
use crate::{
    app::{self, App},
    clock::Timestamp,
};

/// Ends mutes whose time is over, for as long as the process runs.
pub async fn end_in_time(app: Arc<App>) {
    app::end_in_time(|| look(&app)).await;
}

/// Ends the mutes whose time is over by now.
///
/// To look for them costs an embedded graph, which has no index of relationships, a walk over all users, during which
/// nobody else can write. But nobody else writes to it either, so this process knows when the next one is over.
pub async fn look(app: &App) {
    let end = app.end_over("mutes", |now, limit| EndMutes { now, limit });
    if !app.store.is_embedded() {
        end.await;
        return;
    }
    if app.first_mute_end.is_after(app.clock.now()) {
        return;
    }
    // Whoever mutes from now on notes it behind this.
    app.first_mute_end.forget();
    let first = if end.await { app.store.run(&FirstEnd {}).await.ok() } else { None };
    match first {
        Some(rows) => rows.iter().for_each(|row| app.first_mute_end.note(row.until)),
        // Some may be over.
        None => app.first_mute_end.note(Timestamp(i64::MIN)),
    }
}
