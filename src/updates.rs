//! What one part of this process tells the others: that somebody posted, that the server stops.

use tokio::sync::watch;

/// Tells open streams that somebody posted, or that the server stops.
#[derive(Clone, Debug)]
pub struct Updates {
    sender: watch::Sender<Update>,
    /// How many times somebody has posted through this process.
    own: watch::Sender<u64>,
}

/// What a stream is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Update {
    /// How many times somebody has posted.
    Posted(u64),
    Closing,
}

impl Default for Updates {
    fn default() -> Self {
        Self { sender: watch::Sender::new(Update::Posted(0)), own: watch::Sender::new(0) }
    }
}

impl Updates {
    /// Somebody has posted through this process.
    pub fn announce(&self) {
        self.hear();
        self.own.send_modify(|count| *count += 1);
    }

    /// Somebody has posted, here or elsewhere.
    pub fn hear(&self) {
        self.sender.send_modify(|update| {
            if let Update::Posted(count) = update {
                *count += 1;
            }
        });
    }

    /// What has happened, and a way to wait for more.
    pub fn subscribe(&self) -> watch::Receiver<Update> {
        self.sender.subscribe()
    }

    /// Tells when somebody has posted through this process.
    pub fn own(&self) -> watch::Receiver<u64> {
        self.own.subscribe()
    }

    pub fn close(&self) {
        self.sender.send_replace(Update::Closing);
    }
}
