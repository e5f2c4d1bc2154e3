//! Personal tokens: what somebody gives a program of theirs instead of their password.

use std::{sync::Arc, time::Duration};

use moka::sync::Cache;

use super::{
    Account,
    memory::Memory,
    queries::{AddToken, CountTokens, DeleteToken, FindToken, UseToken},
    secrets::{self, hash_of},
};
use crate::{
    app::App,
    clock::Timestamp,
    error::Error,
    scope::Scopes,
    store::{Run, Tx, Work},
};

/// What each of them begins with, so that it is known for one where it should not stand.
pub const PREFIX: &str = "kith_pat_";
/// How many somebody may have that have not expired.
pub const MOST: usize = 50;
/// How exactly it is kept when a token was used last.
const USED_AGAIN: Duration = Duration::from_mins(10);
/// How many good ones are known without looking.
const MOST_KNOWN: u64 = 20_000;
/// When one is never over.
pub const NEVER: i64 = i64::MAX;

/// What is found of a token.
#[derive(Debug)]
pub struct Personal {
    pub user: String,
    pub scopes: Scopes,
    /// As it was when it was looked for.
    account: Account,
    /// What the token is known by here.
    hash: String,
    expires_at: i64,
}

/// The personal tokens that this instance has seen.
pub struct PersonalTokens {
    /// Which are good, looked at every few seconds.
    memory: Memory<Arc<Personal>>,
    /// Which were good, and whose.
    seen: Cache<String, Arc<Personal>>,
}

impl Default for PersonalTokens {
    fn default() -> Self {
        let seen = Cache::builder().max_capacity(MOST_KNOWN).time_to_idle(Duration::from_hours(1)).build();
        Self { memory: Memory::default(), seen }
    }
}

/// A token, and the hash that alone is kept.
pub fn generate() -> (String, String) {
    secrets::generate(PREFIX)
}

impl PersonalTokens {
    /// What was found before, if it is one.
    pub fn seen(&self, token: &str) -> Option<Arc<Personal>> {
        token.starts_with(PREFIX).then(|| self.seen.get(&hash_of(token))).flatten()
    }

    /// What it is, if it is one at all.
    pub async fn find(&self, app: &App, token: &str) -> Option<Result<Arc<Personal>, Error>> {
        if !token.starts_with(PREFIX) {
            return None;
        }
        let hash = hash_of(token);
        if let Some(known) = self.seen.get(&hash) {
            return Some(Ok(known));
        }
        let found = self.look(app, &hash).await.and_then(|found| found.ok_or(Error::InvalidToken));
        Some(found.inspect(|found| self.seen.insert(hash, Arc::clone(found))))
    }

    /// Whose it is, if it is still good.
    pub async fn account(&self, app: &App, personal: &Personal) -> Result<Option<Account>, Error> {
        let found = self.look(app, &personal.hash).await?;
        Ok(found.filter(|_| app.clock.now().0 < personal.expires_at).map(|found| found.account.clone()))
    }

    async fn look(&self, app: &App, hash: &str) -> Result<Option<Arc<Personal>>, Error> {
        let load = async {
            let now = app.clock.now().0;
            let Some(row) = app.store.run(&FindToken { hash: hash.to_owned(), now }).await?.pop() else {
                return Ok(None);
            };
            let lately = now - i64::try_from(USED_AGAIN.as_micros()).unwrap_or(i64::MAX);
            if row.used_at.is_none_or(|used_at| used_at < lately)
                && let Err(error) = app.store.run(&UseToken { id: row.id, now }).await
            {
                tracing::warn!(%error, "when a token was used last could not be kept");
            }
            let scopes = Scopes::named(row.scopes.split(' '));
            let (account, hash) = (Account::from(row.account), hash.to_owned());
            let user = account.id.clone();
            Ok(Some(Arc::new(Personal { user, scopes, account, hash, expires_at: row.expires_at })))
        };
        self.memory.get(hash, load).await
    }

    /// Another number after each end that this instance makes.
    pub fn ends(&self) -> u64 {
        self.memory.ends()
    }

    /// Forgets all, which is what the end of an account needs.
    pub fn forget_all(&self) {
        self.memory.forget_all();
        self.seen.invalidate_all();
    }

    async fn forget(&self, hash: &str) {
        self.memory.forget(hash).await;
        self.seen.invalidate(hash);
    }
}

/// A token in the making.
pub struct NewToken {
    pub id: String,
    pub user: String,
    pub hash: String,
    pub name: String,
    pub scopes: Scopes,
    pub now: Timestamp,
    pub expires_at: i64,
}

impl Work for NewToken {
    type Output = ();

    async fn run(&self, tx: &mut Tx) -> Result<(), Error> {
        let lock = CountTokens { user: self.user.clone(), now: self.now.0 };
        let held = tx.one(&lock).await?.ok_or(Error::UserNotFound)?.count;
        if usize::try_from(held).is_ok_and(|held| held >= MOST) {
            return Err(Error::TooManyTokens(MOST));
        }
        let add = AddToken {
            user: self.user.clone(),
            id: self.id.clone(),
            hash: self.hash.clone(),
            token_name: self.name.clone(),
            scopes: self.scopes.to_string(),
            now: self.now.0,
            expires_at: self.expires_at,
        };
        tx.one(&add).await?.ok_or(Error::UserNotFound).map(drop)
    }
}

/// Ends a token of somebody.
pub async fn delete(app: &App, user: &str, id: &str) -> Result<(), Error> {
    let query = DeleteToken { user: user.to_owned(), id: id.to_owned() };
    let gone = app.store.run(&query).await?.pop().ok_or(Error::TokenNotFound)?;
    app.personal.forget(&gone.hash).await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_token_is_another_and_says_what_it_is() {
        let (one, hash) = generate();
        assert_eq!((one.len(), hash.len()), (PREFIX.len() + 43, 43));
        assert!(one.starts_with("kith_pat_") && !one.contains(&hash));
        assert_eq!(hash, hash_of(&one));
        assert_ne!(generate().0, one);
    }
}
