//! What several Kiths on one Neo4j tell each other, so that each may keep copies of what the others change.
//!
//! After each commit an instance sends the number of the transaction and the slots of what it changed to all others over
//! NATS, without waiting for anybody. No answer relies on a message: each instance looks several times within
//! `cache.max_age` where the graph stands, and drops all that it keeps once there is a transaction of which nobody has
//! told it ([`Store::watch`](crate::store::Store::watch)). Without a broker that is any transaction of another instance.

use std::{sync::Arc, time::Duration};

use async_nats::{Client, ConnectOptions, Event, Message};
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use tokio::{
    sync::broadcast::error::RecvError,
    task::JoinHandle,
    time::{MissedTickBehavior, interval},
};

use crate::{
    app::{App, derived_key},
    config::BrokerConfig,
    store::{Committed, Position, SLOTS},
    system::Ping,
    telemetry::{BROKER_UP, MESSAGES},
};

/// How often the graph is looked at within `cache.max_age`: twice to find what nobody told, and as often in reserve.
const LOOKS: u32 = 4;

/// What instances tell each other.
#[derive(Debug, Serialize, Deserialize)]
enum News {
    #[serde(rename = "committed")]
    Committed(Committed),
    /// Somebody has posted: open streams have something to look for.
    #[serde(rename = "posted")]
    Posted,
}

/// Keeps this instance up to date with the others, for as long as it runs.
pub async fn keep_up(app: Arc<App>) {
    let oldest = app.config.cache.max_age;
    let mut looks = interval((oldest / LOOKS).max(Duration::from_millis(10)));
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut exchange: Option<(u128, Exchange)> = None;
    loop {
        looks.tick().await;
        match app.store.watch(&Ping {}, oldest).await {
            Ok(Some(Position { database, .. })) => {
                let is_current =
                    |(of, Exchange(task)): &(u128, Exchange)| *of == database && !task.is_finished();
                if !exchange.as_ref().is_some_and(is_current) {
                    exchange = Exchange::begin(&app, database).map(|exchange| (database, exchange));
                }
            }
            Ok(None) => {}
            // What is kept is not vouched for meanwhile, and requests tell of the error.
            Err(error) => tracing::debug!(%error, "the graph does not say where it stands"),
        }
    }
}

/// The exchange of news over the broker. It ends when it is dropped.
struct Exchange(JoinHandle<()>);

impl Drop for Exchange {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Exchange {
    /// Begins it, if there is a broker.
    fn begin(app: &Arc<App>, database: u128) -> Option<Self> {
        app.config.broker.url.as_ref()?;
        let app = Arc::clone(app);
        Some(Self(tokio::spawn(async move {
            let subject = subject(&app, database);
            if let Err(error) = exchange(&app, subject).await {
                tracing::error!(%error, "no news from other instances");
            }
        })))
    }
}

/// Where instances meet that serve the same database and mean the same by a slot: those with the same key, version
/// and number of slots.
/// Others do not hear each other, and find each other's transactions by their numbers.
fn subject(app: &App, database: u128) -> String {
    let group = format!("peers {} {SLOTS} {database:x}", env!("CARGO_PKG_VERSION"));
    format!("kith.{:032x}", u128::from_be_bytes(derived_key(&app.secret, &group)))
}

async fn exchange(app: &App, subject: String) -> Result<(), async_nats::Error> {
    // Before the connection: what is done from now on is told.
    let (mut committed, mut posted) = (app.store.changes().listen(), app.updates.own());
    let client = connect(&app.config.broker).await?;
    let mut theirs = client.subscribe(subject.clone()).await?;
    loop {
        let news = tokio::select! {
            // What was posted is told after the commit that did it.
            biased;
            committed = committed.recv() => match committed {
                Ok(committed) if committed.transaction.is_some() => News::Committed(committed),
                // If it happened at all, it is found by its number.
                Ok(_) => continue,
                Err(RecvError::Lagged(missed)) => {
                    metrics::counter!(MESSAGES, "direction" => "sent", "outcome" => "lost").increment(missed);
                    continue;
                }
                Err(RecvError::Closed) => return Ok(()),
            },
            message = theirs.next() => match message {
                Some(message) => {
                    hear(app, &message);
                    continue;
                }
                None => return Err("the subscription has ended".into()),
            },
            changed = posted.changed() => match changed {
                Ok(()) => News::Posted,
                Err(_) => return Ok(()),
            },
        };
        // While there is no connection the client keeps some thousand messages, then this waits.
        client.publish(subject.clone(), serde_json::to_vec(&news)?.into()).await?;
        metrics::counter!(MESSAGES, "direction" => "sent", "outcome" => "ok").increment(1);
    }
}

fn hear(app: &App, message: &Message) {
    let outcome = match serde_json::from_slice(&message.payload) {
        Ok(News::Committed(committed)) => {
            app.store.hear(&committed);
            "ok"
        }
        Ok(News::Posted) => {
            app.updates.hear();
            "ok"
        }
        Err(error) => {
            tracing::warn!(%error, "a message from the broker is none of ours");
            "lost"
        }
    };
    metrics::counter!(MESSAGES, "direction" => "received", "outcome" => outcome).increment(1);
}

async fn connect(config: &BrokerConfig) -> Result<Client, async_nats::Error> {
    let servers = config.servers()?;
    metrics::gauge!(BROKER_UP).set(0.0);
    let mut options = ConnectOptions::new()
        .name("kith")
        .no_echo()
        // A broker that is down does not keep Kith from starting.
        .retry_on_initial_connect()
        .event_callback(|event| async move { note(&event) });
    if !config.user.is_empty() {
        options = options.user_and_password(config.user.clone(), config.password.expose().to_owned());
    }
    Ok(options.connect(servers).await?)
}

fn note(event: &Event) {
    match event {
        Event::Connected => {
            metrics::gauge!(BROKER_UP).set(1.0);
            tracing::info!("connected to the broker");
        }
        Event::Disconnected | Event::Closed => {
            metrics::gauge!(BROKER_UP).set(0.0);
            tracing::warn!(
                "no connection to the broker: other instances' writes are seen within cache.max_age"
            );
        }
        event => tracing::warn!(%event, "broker"),
    }
}
