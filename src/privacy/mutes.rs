//! Ends mutes whose time is over.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering::SeqCst},
};

use super::queries::{EndMutes, FirstEnd};
use crate::app::{App, LOOK};

/// When the first mute of an embedded graph is over, in microseconds of Unix time, as far as this process knows. To look
/// for such costs that graph, which has no index of relationships, a walk over all users, during which nobody else can
/// write; but nobody else writes to it either.
pub struct Ends(AtomicI64);

impl Default for Ends {
    /// Nothing is known: there may be some that are over.
    fn default() -> Self {
        Self(AtomicI64::new(i64::MIN))
    }
}

impl Ends {
    /// A mute is over then.
    pub fn note(&self, until: i64) {
        self.0.fetch_min(until, SeqCst);
    }

    /// Whether none is over by then.
    pub fn are_after(&self, now: i64) -> bool {
        self.0.load(SeqCst) > now
    }
}

/// Ends mutes whose time is over, for as long as the process runs.
pub async fn end_in_time(app: Arc<App>) {
    loop {
        look(&app).await;
        tokio::time::sleep(LOOK).await;
    }
}

/// Ends the mutes whose time is over by now.
pub async fn look(app: &App) {
    let end = app.end_over("mutes", |now, limit| EndMutes { now, limit });
    if !app.store.is_embedded() {
        end.await;
        return;
    }
    if app.mute_ends.are_after(app.clock.now().0) {
        return;
    }
    // Whoever mutes from now on notes it behind this.
    app.mute_ends.0.store(i64::MAX, SeqCst);
    let next = if end.await { app.store.run(&FirstEnd {}).await.ok() } else { None };
    match next {
        Some(rows) => rows.iter().for_each(|row| app.mute_ends.note(row.until)),
        None => app.mute_ends.note(i64::MIN),
    }
}
