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
use crate::{
    app::app_of,
    error::Error,
    http::middleware::RequestContext,
    scope::{Scope, Scopes},
};

/// The acting user of an operation that needs one.
#[derive(Clone, Debug)]
pub struct Viewer {
    pub id: String,
    pub role: Option<Role>,
    pub means: Means,
    /// What the token may be used for.
    pub scopes: Scopes,
    /// What lets them in.
    pub proof: Proof,
}

/// By what somebody acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Means {
    /// The session of that id.
    Session(String),
    /// The token of another issuer.
    Issuer,
    /// A personal token.
    Personal,
    /// The token of a service that acts for somebody.
    Service,
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
    let (scopes, needed) = (proof.scopes(), Scope::of(request.method().as_str(), request.uri().path()));
    if !scopes.has(needed) {
        return Err(Error::InsufficientScope(needed));
    }
    if let Some(context) = context {
        context.set_proof(proof.clone());
    }
    let means = match &proof {
        Proof::Session(claims) => Means::Session(claims.sid.clone()),
        Proof::Issuer(_) => Means::Issuer,
        Proof::Personal(_) => Means::Personal,
        Proof::Service(..) => Means::Service,
    };
    Ok(account
        .map(|Account { id, role, suspension }| (Viewer { id, role, means, scopes, proof }, suspension)))
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

impl<'a> ApiExtractor<'a> for Viewer {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        register(registry);
    }

    fn security_schemes() -> Vec<&'static str> {
        vec![SCHEME]
    }

    async fn from_request(
        request: &'a Request,
        _: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        Ok(viewer(request).await?.ok_or_else(|| nobody(request))?)
    }
}

impl<'a> ApiExtractor<'a> for Admin {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        register(registry);
    }

    fn security_schemes() -> Vec<&'static str> {
        vec![SCHEME]
    }

    async fn from_request(
        request: &'a Request,
        _: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        let viewer = viewer(request).await?.ok_or_else(|| nobody(request))?;
        if viewer.role != Some(Role::Admin) {
            return Err(Error::NEEDS_ADMIN.into());
        }
        Ok(Self(viewer))
    }
}

impl<'a> ApiExtractor<'a> for Moderator {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        register(registry);
    }

    fn security_schemes() -> Vec<&'static str> {
        vec![SCHEME]
    }

    async fn from_request(
        request: &'a Request,
        _: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        let viewer = viewer(request).await?.ok_or_else(|| nobody(request))?;
        if viewer.role < Some(Role::Moderator) {
            return Err(Error::NEEDS_MODERATOR.into());
        }
        Ok(Self(viewer))
    }
}

impl<'a> ApiExtractor<'a> for Holder {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        register(registry);
    }

    fn security_schemes() -> Vec<&'static str> {
        vec![SCHEME]
    }

    async fn from_request(
        request: &'a Request,
        _: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        let (viewer, _) = holder(request).await?.ok_or_else(|| nobody(request))?;
        Ok(Self(viewer))
    }
}

impl<'a> ApiExtractor<'a> for Reader {
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
        true
    }

    async fn from_request(
        request: &'a Request,
        _: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        Ok(Self(viewer(request).await?))
    }
}
