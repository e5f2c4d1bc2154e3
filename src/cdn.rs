//! A shared cache before Kith, such as a CDN: the keys of what it keeps, and the call that purges it.
//!
//! The answers that strangers get carry in `Surrogate-Key` the slots of what they depend on. After each write the instance
//! that did it sends the slots that it changed to `cdn.purge_url`. The names and the form are Fastly's; Varnish does the
//! same with its module xkey.

use std::{collections::BTreeSet, fmt::Write, sync::Arc, time::Duration};

use reqwest::{Client, header::HeaderMap};
use tokio::{
    sync::broadcast::{Receiver, error::RecvError},
    time::{Instant, sleep, timeout_at},
};

use crate::{
    app::App,
    config::CdnConfig,
    store::{ANYTHING, Committed, Slot},
    telemetry::PURGES,
};

/// On every answer: what purges all of them.
const ALL: &str = "kith";
/// Most keys of an answer. Headers have bounds.
const MOST_KEYS: usize = 1_000;
/// Most keys of a call. Fastly takes 256.
const BATCH: usize = 250;
/// How long changes are gathered for a call.
const GATHER: Duration = Duration::from_millis(50);
/// When a purge is repeated, for an answer that was on its way to the shared cache while it was purged.
const ECHO: Duration = Duration::from_secs(2);
const DEADLINE: Duration = Duration::from_secs(5);
const TRIES: u32 = 4;

/// The value of `Surrogate-Key` for an answer that depends on those slots, unless there are too many.
pub fn keys(slots: &[Slot]) -> Option<String> {
    (slots.len() <= MOST_KEYS).then(|| {
        slots.iter().fold(ALL.to_owned(), |mut keys, slot| {
            let _ = write!(keys, " {slot:x}");
            keys
        })
    })
}

/// Purges what this process changes, for as long as it runs.
pub async fn purge(app: Arc<App>) {
    let Some(purger) = Purger::of(&app.config.cdn) else { return };
    let mut committed = app.store.changes().listen();
    while let Some(purge) = gather(&mut committed).await {
        let purger = purger.clone();
        // Its own task: the next purge does not wait for a cache that does not answer.
        tokio::spawn(async move {
            purger.send(&purge).await;
            sleep(ECHO).await;
            purger.send(&purge).await;
        });
    }
}

/// What is to be purged: some slots, or everything.
#[derive(Debug, PartialEq, Eq)]
enum Purge {
    Slots(BTreeSet<Slot>),
    All,
}

/// The changes of a moment; nothing at the end of the process.
async fn gather(committed: &mut Receiver<Committed>) -> Option<Purge> {
    let (mut slots, mut all) = (BTreeSet::new(), false);
    let mut take = |received: Result<Committed, RecvError>| match received {
        Ok(committed) => {
            all |= committed.slots.contains(&ANYTHING);
            slots.extend(committed.slots);
            true
        }
        // Whatever it was.
        Err(RecvError::Lagged(_)) => {
            all = true;
            true
        }
        Err(RecvError::Closed) => false,
    };
    take(committed.recv().await).then_some(())?;
    let until = Instant::now() + GATHER;
    while let Ok(received) = timeout_at(until, committed.recv()).await {
        if !take(received) {
            break;
        }
    }
    // What depends on anything depends on these as well.
    slots.insert(ANYTHING);
    Some(if all { Purge::All } else { Purge::Slots(slots) })
}

#[derive(Clone)]
struct Purger {
    client: Client,
    url: String,
}

impl Purger {
    fn of(config: &CdnConfig) -> Option<Self> {
        let url = config.purge_url.clone()?;
        let headers: HeaderMap = config.header().into_iter().flatten().collect();
        // Another part of the process may have chosen one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        match Client::builder().default_headers(headers).timeout(DEADLINE).build() {
            Ok(client) => Some(Self { client, url }),
            Err(error) => {
                tracing::error!(%error, "nothing will be purged");
                None
            }
        }
    }

    async fn send(&self, purge: &Purge) {
        match purge {
            Purge::All => self.call(ALL).await,
            Purge::Slots(slots) => {
                let slots: Vec<String> = slots.iter().map(|slot| format!("{slot:x}")).collect();
                for batch in slots.chunks(BATCH) {
                    self.call(&batch.join(" ")).await;
                }
            }
        }
    }

    async fn call(&self, keys: &str) {
        for tries in 1..=TRIES {
            let sent = self.client.post(&self.url).header("surrogate-key", keys).send().await;
            match sent.and_then(reqwest::Response::error_for_status) {
                Ok(_) => {
                    metrics::counter!(PURGES, "outcome" => "ok").increment(1);
                    return;
                }
                // The address may hold a secret, as the log may not.
                Err(error) if tries == TRIES => {
                    let error = error.without_url();
                    metrics::counter!(PURGES, "outcome" => "failed").increment(1);
                    tracing::error!(%error, "the shared cache keeps old answers for up to cdn.max_age");
                }
                Err(_) => sleep(Duration::from_millis(100) * 4u32.pow(tries)).await,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Changes, Fact, Touched};

    #[test]
    fn an_answer_has_the_keys_of_what_it_depends_on_unless_they_are_too_many() {
        assert_eq!(keys(&[1, 0xff, 0x3_ffff]).as_deref(), Some("kith 1 ff 3ffff"));
        assert_eq!(keys(&[7; MOST_KEYS + 1]), None);
    }

    #[tokio::test(start_paused = true)]
    async fn changes_of_a_moment_are_purged_together_and_what_changes_anything_purges_all() {
        let changes = Arc::new(Changes::new(&[7; 16]));
        let mut committed = changes.listen();
        let change = |facts: &[Fact]| {
            let mut touched = Touched::default();
            changes.touch(&mut touched, facts);
            changes.begin(touched).end(None);
        };
        change(&[Fact::Post("p")]);
        change(&[Fact::User("u"), Fact::Post("p")]);
        let both = changes.slots(&[Fact::Post("p"), Fact::User("u"), Fact::Anything]);
        assert_eq!(gather(&mut committed).await, Some(Purge::Slots(both.into_iter().collect())));
        change(&[Fact::Posts]);
        change(&[Fact::Anything]);
        assert_eq!(gather(&mut committed).await, Some(Purge::All));
        for _ in 0..10_000 {
            change(&[Fact::Posts]);
        }
        assert_eq!(gather(&mut committed).await, Some(Purge::All), "some were missed");
    }
}
