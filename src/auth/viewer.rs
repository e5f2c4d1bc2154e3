//! From the `Authorization` header to the acting user.

use poem::{Request, RequestBody, http::header};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ExtractParamOptions,
    registry::{MetaSecurityScheme, Registry},
};

use super::{
    Role, Suspension,
    proof::{self, Account, Proof},
};
use crate::{app::app_of, error::Error, http::middleware::RequestContext, scope::Scope};

/// The acting user of an operation that needs one.
#[derive(Clone, Debug)]
pub struct Viewer {
    pub id: String,
    pub role: Option<Role>,
    /// What lets them in, and for what.
    pub proof: Proof,
}

/// The acting user of an operation for admins.
#[derive(Clone, Debug)]
pub struct Admin(pub Viewer);

/// The acting user of an operation for moderators and admins.
#[derive(Clone, Debug)]
pub struct Moderator(pub Viewer);

/// The acting user of what somebody may do with their account even while they are suspended.
#[derive(Clone, Debug)]
pub struct Holder(pub Viewer);

/// The acting user of an operation that strangers may use as well.
#[derive(Clone, Debug)]
pub struct Reader(pub Option<Viewer>);

impl Reader {
    pub fn id(&self) -> Option<&str> {
        self.0.as_ref().map(|viewer| viewer.id.as_str())
    }
}

const SCHEME: &str = "bearer";

async fn viewer(request: &Request) -> Result<Option<Viewer>, Error> {
    let Some((viewer, suspension)) = holder(request).await? else { return Ok(None) };
    Suspension::check(suspension, app_of(request)?.clock.now())?;
    Ok(Some(viewer))
}

/// The one place that lets requests in: by whom, suspended or not, and for what their token is.
async fn holder(request: &Request) -> Result<Option<(Viewer, Option<Suspension>)>, Error> {
    let app = app_of(request)?;
    let Some(proof) = proof::find(app, request.headers()).await? else {
        return Ok(None);
    };
    let context = request.data::<RequestContext>();
    // What a service tries is told as well.
    if let (Some(context), Proof::Service(..)) = (context, &proof) {
        context.set_proof(proof.clone());
    }
    let account = proof::account(app, &proof).await?;
    if account.is_none() {
        match proof {
            Proof::Service(_, None) => {}
            Proof::Service(..) => return Err(Error::Forbidden("There is nobody of that id to act for.")),
            _ => return Err(Error::InvalidToken),
        }
    }
    let needed = Scope::of(request.method().as_str(), request.uri().path());
    if !proof.scopes().has(needed) {
        return Err(Error::InsufficientScope(needed));
    }
    if let Some(context) = context {
        context.set_proof(proof.clone());
    }
    Ok(account.map(|Account { id, role, suspension }| (Viewer { id, role, proof }, suspension)))
}

/// The acting user of an operation that needs one.
async fn somebody(request: &Request) -> Result<Viewer, Error> {
    viewer(request).await?.ok_or_else(|| nobody(request))
}

/// Why an operation that needs somebody refuses a request of nobody.
fn nobody(request: &Request) -> Error {
    if request.headers().contains_key(header::AUTHORIZATION) {
        Error::Forbidden("A service needs somebody to act for: send Kith-Act-As.")
    } else {
        Error::Unauthenticated
    }
}

fn register(registry: &mut Registry) {
    registry.create_security_scheme(
        SCHEME,
        MetaSecurityScheme {
            ty: "http",
            description: Some(
                "An access token from `POST /v1/sessions`, or of an issuer that this Kith believes.",
            ),
            name: None,
            key_in: None,
            scheme: Some("bearer"),
            bearer_format: Some("JWT"),
            flows: None,
            openid_connect_url: None,
        },
    );
}

/// What takes the acting user out of a request, and whether it takes a request of nobody as well.
macro_rules! extractors {
    ($($name:ident, or_nobody: $or_nobody:literal, |$request:ident| $found:expr;)+) => {$(
        impl<'a> ApiExtractor<'a> for $name {
            const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];
            type ParamType = ();
            type ParamRawType = ();

            fn register(registry: &mut Registry) {
                register(registry);
            }

            fn security_schemes() -> Vec<&'static str> {
                vec![SCHEME]
            }

            fn has_security_fallback() -> bool {
                $or_nobody
            }

            async fn from_request(
                $request: &'a Request,
                _: &mut RequestBody,
                _: ExtractParamOptions<()>,
            ) -> poem::Result<Self> {
                let found: Result<Self, Error> = $found;
                Ok(found?)
            }
        }
    )+};
}

extractors! {
    Viewer, or_nobody: false, |request| somebody(request).await;
    Admin, or_nobody: false, |request| {
        let viewer = somebody(request).await?;
        if viewer.role == Some(Role::Admin) { Ok(Self(viewer)) } else { Err(Error::NEEDS_ADMIN) }
    };
    Moderator, or_nobody: false, |request| {
        let viewer = somebody(request).await?;
        if viewer.role >= Some(Role::Moderator) { Ok(Self(viewer)) } else { Err(Error::NEEDS_MODERATOR) }
    };
    Holder, or_nobody: false, |request| {
        let found = holder(request).await?;
        found.map(|(viewer, _)| Self(viewer)).ok_or_else(|| nobody(request))
    };
    Reader, or_nobody: true, |request| viewer(request).await.map(Self);
}
