//! `Idempotency-Key`: a POST that is repeated is answered again and not done again.
//!
//! The key and the answer are written in the transaction of the write itself, so that neither can exist
//! without the other.

use std::marker::PhantomData;

use serde::{Deserialize, Serialize};

use crate::{
    app::App,
    cypher::{Done, IdRow},
    error::Error,
    http::answer::{Created, to_json},
    queries,
    store::{Run, StoreError, Tx, Work},
};

queries! {
    /// Takes a key, or finds what was done under it before.
    write ClaimKey("idempotency/claim.cypher") { key: String, actor: Option<String>, fingerprint: String, now: i64 } -> KeyRow,
        about |_| vec![];
    /// Keeps the answer that a key's request was given.
    write KeepAnswer("idempotency/keep_answer.cypher") { key: String, location: String, body: String } -> IdRow,
        about |_| vec![];
    /// Deletes keys that are older than a day.
    write SweepKeys("idempotency/sweep.cypher") { before: i64 } -> Done,
        about |_| vec![];
}

/// What a key stands for. Without `body` it was taken just now.
#[derive(Clone, Debug, Deserialize)]
pub struct KeyRow {
    pub fingerprint: String,
    pub location: Option<String>,
    pub body: Option<String>,
}

/// A write that makes one resource.
pub trait Creation: Send + Sync {
    /// The new resource as the client sees it.
    type Resource: Serialize + Send;
    fn create(&self, tx: &mut Tx) -> impl Future<Output = Result<Self::Resource, Error>> + Send;
    /// The path of the new resource.
    fn location(resource: &Self::Resource) -> String;
}

/// Who asks for what, under which key.
pub struct Request<'a> {
    /// The acting user; strangers share one scope, in which the fingerprint keeps them apart.
    pub actor: Option<&'a str>,
    pub operation: &'static str,
    /// The path, which names what the operation is done to.
    pub target: &'a str,
    pub key: Option<String>,
    pub body: &'a [u8],
}

/// Creates a resource, once for each idempotency key.
pub async fn create<C: Creation>(
    app: &App,
    request: Request<'_>,
    creation: C,
) -> Result<Created<C::Resource>, Error> {
    let Some(key) = request.key else {
        let resource = app.store.write(&Plain { creation: &creation }).await?;
        return Ok(created(C::location(&resource), to_json(&resource), false));
    };
    if !(1..=255).contains(&key.len()) || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Error::InvalidParameter {
            name: "Idempotency-Key".to_owned(),
            message: "Idempotency-Key must be 1 to 255 visible ASCII characters".to_owned(),
        });
    }
    let actor = request.actor.unwrap_or_default().as_bytes();
    let work = Keyed {
        key: app.tokens.fingerprint(&[actor, key.as_bytes()]),
        fingerprint: app.tokens.fingerprint(&[
            actor,
            request.operation.as_bytes(),
            request.target.as_bytes(),
            request.body,
        ]),
        actor: request.actor,
        now: app.clock.now().0,
        creation: &creation,
    };
    let _running = app.begin_key(work.key.clone())?;
    let answer = match app.store.write(&work).await {
        // Another instance took the key between our look and our write.
        Err(Error::Store(StoreError::Duplicate(_))) => return Err(Error::IdempotencyInProgress),
        answer => answer?,
    };
    Ok(created(answer.location, answer.body, answer.replayed))
}

fn created<T>(location: String, body: Vec<u8>, replayed: bool) -> Created<T> {
    Created { location, body, replayed, of: PhantomData }
}

/// A creation in a transaction of its own, without a key.
pub struct Plain<'a, C> {
    pub creation: &'a C,
}

impl<C: Creation> Work for Plain<'_, C> {
    type Output = C::Resource;

    async fn run(&self, tx: &mut Tx) -> Result<C::Resource, Error> {
        self.creation.create(tx).await
    }
}

struct Keyed<'a, C> {
    key: String,
    actor: Option<&'a str>,
    fingerprint: String,
    now: i64,
    creation: &'a C,
}

struct Answer {
    location: String,
    body: Vec<u8>,
    replayed: bool,
}

impl<C: Creation> Work for Keyed<'_, C> {
    type Output = Answer;

    async fn run(&self, tx: &mut Tx) -> Result<Answer, Error> {
        let claim = ClaimKey {
            key: self.key.clone(),
            actor: self.actor.map(str::to_owned),
            fingerprint: self.fingerprint.clone(),
            now: self.now,
        };
        let found = tx.one(&claim).await?.ok_or(Error::Internal("a claimed key has no row".into()))?;
        if found.fingerprint != self.fingerprint {
            return Err(Error::IdempotencyKeyReused);
        }
        if let (Some(location), Some(body)) = (found.location, found.body) {
            return Ok(Answer { location, body: body.into_bytes(), replayed: true });
        }
        let resource = self.creation.create(tx).await?;
        let (location, body) = (C::location(&resource), to_json(&resource));
        let keep = KeepAnswer {
            key: self.key.clone(),
            location: location.clone(),
            body: String::from_utf8_lossy(&body).into_owned(),
        };
        tx.run(&keep).await?;
        Ok(Answer { location, body, replayed: false })
    }
}
