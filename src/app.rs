//! What one running Kith is made of. Endpoints hold it; nothing is global.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use hmac::{Hmac, KeyInit, Mac};
use poem::Request;
use serde::Deserialize;
use sha2::Sha256;

use crate::{
    auth::{Attempts, Issuers, Keys, Passwords, PersonalTokens, Services, Sessions, Tokens},
    cache::{Cache, Reading, Turn},
    clock::{Clock, First},
    config::{Config, ConfigError},
    cypher::Query,
    error::Error,
    page::{Cursors, Paging, Position},
    queries,
    store::{Store, StoreError},
    updates::Updates,
};

/// Looks for what is over, each half minute and for as long as the process runs.
pub async fn end_in_time<F: Future>(look: impl Fn() -> F) {
    const LOOK: Duration = Duration::from_secs(30);
    loop {
        look().await;
        tokio::time::sleep(LOOK).await;
    }
}

queries! {
    /// Where the order of feeds ends, which new entries go on with.
    read NewestRankKey("system/newest_rank_key.cypher") {} -> NewestRow;
}

#[derive(Clone, Debug, Deserialize)]
pub struct NewestRow {
    pub rank_key: i64,
}

pub struct App {
    pub config: Config,
    pub clock: Clock,
    pub store: Store,
    pub cache: Cache,
    pub cursors: Cursors,
    pub tokens: Tokens,
    pub issuers: Issuers,
    pub personal: PersonalTokens,
    pub services: Services,
    pub passwords: Passwords,
    pub sessions: Sessions,
    pub attempts: Attempts,
    pub updates: Updates,
    /// When the first mute of an embedded graph is over.
    pub first_mute_end: First,
    /// What keys are [derived](derived_key) from.
    pub secret: [u8; 32],
    /// The idempotency keys of requests that are running in this process.
    running_keys: Mutex<HashSet<String>>,
}

/// Why Kith cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("configuration: {0}")]
    Config(#[from] ConfigError),
    #[error("store: {0}")]
    Store(#[from] StoreError),
    #[error("{0}")]
    Key(String),
    #[error("http.listen: {address}: {error}")]
    Listen { address: String, error: std::io::Error },
    #[error(transparent)]
    Failed(#[from] Error),
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

impl App {
    pub async fn start(config: Config) -> Result<Arc<Self>, StartError> {
        let keys = Keys::configured(&config).map_err(StartError::Key)?;
        let key = derived_key(&keys.sealing, "slots");
        let store = Store::open(&config.store, &key).await?;
        let newest = store.run(&NewestRankKey {}).await?.pop();
        let app = Self::with_store(config, store, &keys);
        if let Some(newest) = newest {
            app.clock.rank_after(newest.rank_key);
        }
        Ok(app)
    }

    /// An app that is only good for describing itself: it opens no store and writes no file.
    pub fn for_document() -> Result<Arc<Self>, StartError> {
        let config = Config::defaults();
        let store = Store::unopened(&config.store)?;
        Ok(Self::with_store(config, store, &Keys::of([0; 32])))
    }

    fn with_store(config: Config, store: Store, keys: &Keys) -> Arc<Self> {
        Arc::new(Self {
            clock: Clock::default(),
            cache: Cache::new(&config.cache, &store),
            store,
            cursors: Cursors::new(&keys.sealing),
            tokens: Tokens::new(keys, config.auth.access_token_ttl),
            issuers: Issuers::new(&config.auth),
            personal: PersonalTokens::default(),
            services: Services::new(&config.auth.services),
            passwords: Passwords::default(),
            sessions: Sessions::default(),
            attempts: Attempts::default(),
            updates: Updates::default(),
            first_mute_end: First::default(),
            running_keys: Mutex::default(),
            secret: keys.sealing,
            config,
        })
    }

    /// The rows of a list that is ordered by (key, id) behind a cursor, or behind `start` without one, and where it goes on.
    pub async fn rows<Q: Query>(
        &self,
        list: &str,
        paging: &Paging,
        start: Position,
        query: impl FnOnce(i64, String, usize) -> Q,
        place: impl Fn(&Q::Row) -> Position,
    ) -> Result<(Vec<Q::Row>, Option<String>), Error> {
        let Position { key, id } = self.cursors.position(list, paging, start)?;
        let rows = self.store.run(&query(key, id, paging.limit + 1)).await?;
        Ok(self.cursors.cut(list, paging.limit, rows, place))
    }

    /// Ends what is over by now, some at once. Answers whether all of it could be ended.
    pub async fn end_over<Q: Query>(&self, what: &'static str, query: impl Fn(i64, usize) -> Q) -> bool {
        const AT_ONCE: usize = 500;
        loop {
            match self.store.run(&query(self.clock.now().0, AT_ONCE)).await {
                Ok(rows) if rows.len() == AT_ONCE => {}
                Ok(_) => return true,
                Err(error) => {
                    tracing::warn!(%error, "{what} whose time is over could not be ended");
                    return false;
                }
            }
        }
    }

    /// Forgets whom tokens let in: an account has ended, or may do something else from now on.
    pub fn forget_accounts(&self) {
        self.sessions.forget_all();
        self.personal.forget_all();
    }

    /// Reads what is not a whole answer that is kept.
    pub fn reading(&self) -> Reading<'_> {
        Reading::new(&self.cache, &self.store)
    }

    /// The answer that is kept under that name and key, or the turn to make it.
    pub async fn answer(&self, kind: &'static str, key: &str) -> Turn<'_> {
        self.cache.answer(&self.store, kind, key).await
    }

    /// From where to look back for what is newest. Nobody but this process writes to an embedded graph, so there is hardly
    /// anything behind the latest key that it gave out, however long nobody has written.
    pub fn newest_key(&self) -> i64 {
        if self.store.is_embedded() { self.clock.last_rank_key() } else { self.clock.now().rank_key() }
    }

    /// Most posts, quotes and reposts of one user a day, if there is a limit.
    pub fn daily_quota(&self) -> Option<u32> {
        Some(self.config.limits.posts_per_day).filter(|quota| *quota > 0)
    }

    /// Marks an idempotency key as running until the guard is dropped.
    pub fn begin_key(&self, key: String) -> Result<RunningKey<'_>, Error> {
        let mut running = self.running_keys.lock().unwrap_or_else(PoisonError::into_inner);
        if running.insert(key.clone()) {
            Ok(RunningKey { app: self, key })
        } else {
            Err(Error::IdempotencyInProgress)
        }
    }
}

/// See [`App::begin_key`].
pub struct RunningKey<'a> {
    app: &'a App,
    key: String,
}

impl Drop for RunningKey<'_> {
    fn drop(&mut self) {
        self.app.running_keys.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

/// A key for one purpose, from which the secret cannot be found.
pub fn derived_key(secret: &[u8; 32], purpose: &str) -> [u8; 16] {
    let mut key =
        Hmac::<Sha256>::new_from_slice(secret).unwrap_or_else(|_| unreachable!("any length is a key"));
    key.update(b"kith ");
    key.update(purpose.as_bytes());
    let bytes = key.finalize().into_bytes();
    std::array::from_fn(|n| bytes[n])
}

/// The app that serves a request.
pub fn app_of(request: &Request) -> Result<&Arc<App>, Error> {
    request.data::<Arc<App>>().ok_or(Error::Internal("the app is missing from the request".into()))
}
