//! The home feed as server-sent events.

use std::{sync::Arc, time::Duration};

use futures_util::{Stream, StreamExt, stream};
use poem_openapi::Object;

use super::{FeedItem, reader::Tail};
use crate::{
    app::App,
    auth::{Viewer, is_good},
    error::Error,
    page::Position,
    telemetry::{InFlight, STREAMS},
    updates::Update,
};

/// How often a stream looks for what other instances have written.
const POLL: Duration = Duration::from_secs(3);

/// An event of the home stream.
#[derive(Debug, Object)]
pub struct StreamEvent {
    /// Resumes the stream behind this event when sent as `Last-Event-ID`.
    #[oai(validator(pattern = "^[A-Za-z0-9_-]+$"))]
    pub id: String,
    /// The feed item.
    pub data: FeedItem,
}

fn list(viewer: &str) -> String {
    format!("stream:{viewer}")
}

/// What comes into a viewer's home feed from now on, or after the event that the client saw last, until their session ends
/// or they are suspended.
///
/// The stream reads when it is polled: a client that does not read costs nothing but its connection.
pub async fn events(
    app: Arc<App>,
    viewer: Viewer,
    last_event_id: Option<&str>,
) -> Result<impl Stream<Item = StreamEvent> + Send + 'static, Error> {
    let after: Option<Position> = match last_event_id.filter(|id| !id.is_empty()) {
        Some(cursor) => Some(app.cursors.open(&list(&viewer.id), cursor)?),
        None => None,
    };
    let tail = Tail::new(&app, &viewer.id, after).await?;
    let (updates, open) = (app.updates.subscribe(), InFlight::of(STREAMS));
    let batches = stream::unfold((tail, updates, open), move |(mut tail, mut updates, open)| {
        let (app, viewer) = (Arc::clone(&app), viewer.clone());
        async move {
            loop {
                if *updates.borrow_and_update() == Update::Closing {
                    return None;
                }
                // Where that cannot be told now, neither can what is new.
                if is_good(&app, &viewer.proof).await.is_ok_and(|is_good| !is_good) {
                    return None;
                }
                match tail.next(&app, &viewer.id).await {
                    Ok(items) if items.is_empty() => {}
                    Ok(items) => {
                        let events: Vec<StreamEvent> = items
                            .into_iter()
                            .map(|(position, item)| StreamEvent {
                                id: app.cursors.seal(&list(&viewer.id), &position),
                                data: item,
                            })
                            .collect();
                        return Some((stream::iter(events), (tail, updates, open)));
                    }
                    // To reconnect, and to begin anew, would be more work for a store that has too much.
                    Err(Error::Overloaded) => {}
                    // The client's own reconnecting is better than a stream that stays silent.
                    Err(error) => {
                        tracing::warn!(%error, "a stream of the home feed ends");
                        return None;
                    }
                }
                let _ = tokio::time::timeout(POLL, updates.changed()).await;
            }
        }
    });
    Ok(batches.flatten())
}
