//! What a request proves of who asks, by whatever kind of token.

use std::sync::{
    Arc,
    atomic::{AtomicI64, AtomicU64, Ordering::SeqCst},
};

use poem::http::{HeaderMap, HeaderValue, header};

use super::{
    Claims, Role, Suspension, identities,
    issuers::Issued,
    personal::Personal,
    queries::{AccountRow, FindActedFor},
    services::{Service, acted_for},
};
use crate::{app::App, cypher::Query, error::Error, scope::Scopes, store::Run};

/// Whom a token lets in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub id: String,
    pub role: Option<Role>,
    pub suspension: Option<Suspension>,
}

impl From<AccountRow> for Account {
    fn from(row: AccountRow) -> Self {
        Self {
            id: row.id,
            role: row.role.as_deref().and_then(Role::of),
            suspension: Suspension::of(row.suspended, row.until),
        }
    }
}

impl Account {
    pub async fn find(app: &App, query: impl Query<Row = AccountRow>) -> Result<Option<Self>, Error> {
        Ok((&app.store).one(&query).await?.map(Self::from))
    }
}

/// What was found in a token. Whether it still holds is another question.
#[derive(Clone, Debug)]
pub enum Proof {
    /// A token of a session here.
    Session(Arc<Claims>),
    /// A token of another issuer.
    Issuer(Arc<Issued>),
    /// A personal token.
    Personal(Arc<Personal>),
    /// The token of a service, and the user for whom it acts.
    Service(Arc<Service>, Option<Arc<str>>),
}

impl Proof {
    /// The user for whom is asked.
    pub fn user(&self) -> Option<&str> {
        match self {
            Self::Session(claims) => Some(&claims.sub),
            Self::Issuer(issued) => Some(&issued.user),
            Self::Personal(personal) => Some(&personal.user),
            Self::Service(_, user) => user.as_deref(),
        }
    }

    /// The service that asks.
    pub fn service(&self) -> Option<&str> {
        match self {
            Self::Service(service, _) => Some(&service.name),
            _ => None,
        }
    }

    /// What the token may be used for. A session may be used for whatever its user may do.
    pub fn scopes(&self) -> Scopes {
        match self {
            Self::Session(_) => Scopes::ALL,
            Self::Issuer(issued) => issued.scopes,
            Self::Personal(personal) => personal.scopes,
            Self::Service(service, _) => service.scopes,
        }
    }
}

/// What is known of who asks without asking anybody else: all of our own tokens, and others that were good before. Nothing
/// only if there is no token.
pub fn known(app: &App, headers: &HeaderMap) -> Result<Option<Proof>, Error> {
    let Some(token) = token_in(headers)? else { return Ok(None) };
    if let Some(proof) = remembered(app, headers, token)? {
        return Ok(Some(proof));
    }
    app.tokens.verify(token).map(|claims| Some(Proof::Session(claims)))
}

/// What a request proves of who asks. Nothing only if there is no token.
pub async fn find(app: &App, headers: &HeaderMap) -> Result<Option<Proof>, Error> {
    let acts = acted_for(headers)?.is_some();
    let Some(token) = token_in(headers)? else {
        return if acts { Err(Error::Unauthenticated) } else { Ok(None) };
    };
    let proof = found(app, headers, token).await?;
    if acts && !matches!(proof, Proof::Service(..)) {
        return Err(Error::Forbidden("Only the token of a service can act for somebody else."));
    }
    Ok(Some(proof))
}

async fn found(app: &App, headers: &HeaderMap, token: &str) -> Result<Proof, Error> {
    match remembered(app, headers, token)? {
        Some(Proof::Issuer(issued)) if !app.issuers.vouch_for(&issued) => {}
        Some(proof) => return Ok(proof),
        None => {}
    }
    if let Some(personal) = app.personal.find(app, token).await {
        return personal.map(Proof::Personal);
    }
    if let Some(vouched) = app.issuers.verify(token).await {
        let vouched = vouched?;
        let user = identities::find_or_create(app, &vouched).await?;
        return Ok(Proof::Issuer(app.issuers.remember(token, vouched, user)));
    }
    app.tokens.verify(token).map(Proof::Session)
}

/// What was found before in a token that is none of our own sessions'.
fn remembered(app: &App, headers: &HeaderMap, token: &str) -> Result<Option<Proof>, Error> {
    if let Some(service) = app.services.find(token) {
        let user = acted_for(headers)?.map(Arc::from);
        return Ok(Some(Proof::Service(Arc::clone(service), user)));
    }
    let personal = app.personal.seen(token).map(Proof::Personal);
    Ok(personal.or_else(|| app.issuers.remembered(token).map(Proof::Issuer)))
}

/// Whether a request has a token that was found good before.
pub fn is_remembered(app: &App, headers: &HeaderMap) -> bool {
    token_in(headers).ok().flatten().is_some_and(|token| {
        app.tokens.is_remembered(token) || remembered(app, headers, token).is_ok_and(|proof| proof.is_some())
    })
}

/// The account that it lets in, suspended or not, if what was found still holds: it has not expired, and its session, or
/// the account, has not ended. A service that acts for nobody has none.
pub async fn account(app: &App, proof: &Proof) -> Result<Option<Account>, Error> {
    Ok(match proof {
        Proof::Session(claims) => {
            let account = app.sessions.account(app, &claims.sid).await?;
            account.filter(|account| !claims.have_expired() && account.id == claims.sub)
        }
        Proof::Issuer(issued) => {
            let load = identities::find(app, &issued.identity);
            let account = app.sessions.remembered(&issued.identity, load).await?;
            account.filter(|account| app.issuers.vouch_for(issued) && account.id == issued.user)
        }
        Proof::Personal(personal) => app.personal.account(app, personal).await?,
        Proof::Service(_, None) => None,
        Proof::Service(_, Some(user)) => {
            let load = Account::find(app, FindActedFor { user: user.as_ref().to_owned() });
            app.sessions.remembered(&format!("user {user}"), load).await?
        }
    })
}

/// Whether what was found still holds, and its account is not suspended.
pub async fn is_good(app: &App, proof: &Proof) -> Result<bool, Error> {
    if let Proof::Service(_, None) = proof {
        return Ok(true);
    }
    let account = account(app, proof).await?;
    Ok(account.is_some_and(|account| Suspension::check(account.suspension, app.clock.now()).is_ok()))
}

/// A proof that was found good, which need not be found out anew for each request.
pub struct Vouched {
    proof: Proof,
    /// When it was last found so, in microseconds of Unix time, and how many ends there had been.
    at: AtomicI64,
    ends: AtomicU64,
}

impl Vouched {
    /// How long it is taken for good after that, in microseconds, unless this instance ends something. A token may expire
    /// meanwhile, which is less than clocks differ.
    const FOR: i64 = 1_000_000;

    pub fn new(proof: Proof) -> Self {
        Self { proof, at: AtomicI64::new(i64::MIN), ends: AtomicU64::new(0) }
    }

    pub fn proof(&self) -> &Proof {
        &self.proof
    }

    pub async fn is_good(&self, app: &App) -> Result<bool, Error> {
        let (ends, now) = (app.sessions.ends().wrapping_add(app.personal.ends()), app.clock.now().0);
        let is_recent = (0..Self::FOR).contains(&now.saturating_sub(self.at.load(SeqCst)));
        if is_recent && self.ends.load(SeqCst) == ends {
            return Ok(true);
        }
        // In a box: so much memory is not to be moved with each request that has no need of it.
        let is_good = Box::pin(is_good(app, &self.proof)).await?;
        if is_good {
            self.at.store(now, SeqCst);
            self.ends.store(ends, SeqCst);
        }
        Ok(is_good)
    }
}

fn token_in(headers: &HeaderMap) -> Result<Option<&str>, Error> {
    let header = headers.get(header::AUTHORIZATION);
    header.map(|header| token(header).ok_or(Error::InvalidToken)).transpose()
}

fn token(authorization: &HeaderValue) -> Option<&str> {
    let (scheme, token) = authorization.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
