//! What Kith does for itself: proving that the graph answers, throwing away what has expired.

use std::{sync::Arc, time::Duration};

use crate::{
    app::App,
    auth::queries::{SweepSessions, SweepTokens},
    clock::DAY,
    cypher::Done,
    error::Error,
    idempotency::SweepKeys,
    queries,
    telemetry::STORE_UP,
};

queries! {
    /// A round trip to the graph.
    read Ping("system/ping.cypher") {} -> Done;
}

/// How long the graph may take to prove that it answers.
const REACH_DEADLINE: Duration = Duration::from_secs(2);

/// A round trip to the graph, which also stands in the metrics.
pub async fn reach_store(app: &App) -> Result<(), Error> {
    let reached = app.store.run_within(REACH_DEADLINE, &Ping {}).await.map(drop);
    metrics::gauge!(STORE_UP).set(f64::from(u8::from(reached.is_ok())));
    reached
}

/// Every hour: sessions, tokens and idempotency keys that nobody can use any more. Also ends the erasure of
/// accounts that a crash interrupted.
pub async fn sweep(app: Arc<App>) {
    loop {
        let now = app.clock.now().0;
        if let Err(error) = app.store.run(&SweepSessions { before: now - DAY }).await {
            tracing::warn!(%error, "expired sessions could not be swept");
        }
        if let Err(error) = app.store.run(&SweepTokens { before: now - DAY }).await {
            tracing::warn!(%error, "expired tokens could not be swept");
        }
        if let Err(error) = app.store.run(&SweepKeys { before: now - DAY }).await {
            tracing::warn!(%error, "expired idempotency keys could not be swept");
        }
        if let Err(error) = crate::accounts::resume(&app).await {
            tracing::warn!(%error, "erasures could not be resumed");
        }
        tokio::time::sleep(Duration::from_hours(1)).await;
    }
}
