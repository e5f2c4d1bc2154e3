//! The home feed as server-sent events.

use std::{sync::Arc, time::Duration};

use futures_util::{Stream, StreamExt, stream};
use poem_openapi::Object;
use tokio::sync::watch;

use super::{
    FeedItem,
    reader::{self, Feed},
};
use crate::{app::App, error::Error, page::Position};

/// Tells open streams that somebody posted, or that the server stops.
#[derive(Clone)]
pub struct Updates {
    sender: watch::Sender<Update>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Update {
    /// How many times somebody has posted.
    Posted(u64),
    Closing,
}

/// How often a stream looks for what other instances have written.
const POLL: Duration = Duration::from_secs(3);

impl Updates {
    pub fn new() -> Self {
        Self { sender: watch::Sender::new(Update::Posted(0)) }
    }

    pub fn announce(&self) {
        self.sender.send_modify(|update| {
            if let Update::Posted(count) = update {
                *count += 1;
            }
        });
    }

    pub fn close(&self) {
        self.sender.send_replace(Update::Closing);
    }
}

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

/// What comes into a viewer's home feed from now on, or after the event that the client saw last.
///
/// The stream reads when it is polled: a client that does not read costs nothing but its connection.
pub async fn events(
    app: Arc<App>,
    viewer: String,
    last_event_id: Option<&str>,
) -> Result<impl Stream<Item = StreamEvent> + Send + 'static, Error> {
    let feed = Feed::Home(viewer.clone());
    let after: Position = match last_event_id.filter(|id| !id.is_empty()) {
        Some(cursor) => app.cursors.open(&list(&viewer), cursor)?,
        None => reader::newest(&app, &feed).await?,
    };
    let updates = app.updates.sender.subscribe();
    let batches = stream::unfold((after, updates), move |(mut after, mut updates)| {
        let (app, viewer, feed) = (Arc::clone(&app), viewer.clone(), feed.clone());
        async move {
            loop {
                if *updates.borrow_and_update() == Update::Closing {
                    return None;
                }
                match reader::since(&app, &feed, &after, &viewer).await {
                    Ok(items) if !items.is_empty() => {
                        if let Some((position, _)) = items.last() {
                            after = position.clone();
                        }
                        let events: Vec<StreamEvent> = items
                            .into_iter()
                            .map(|(position, item)| StreamEvent {
                                id: app.cursors.seal(&list(&viewer), &position),
                                data: item,
                            })
                            .collect();
                        return Some((stream::iter(events), (after, updates)));
                    }
                    Ok(_) => {}
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
