//! From the `Authorization` header to the acting user.

use std::sync::Arc;

use poem::{
    Request, RequestBody,
    http::{HeaderValue, header},
};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ExtractParamOptions,
    registry::{MetaSecurityScheme, Registry},
};

use super::{Claims, Role, SessionUser, Suspension};
use crate::{
    app::{App, app_of},
    error::Error,
    http::middleware::RequestContext,
};

/// The acting user of an operation that needs one.
#[derive(Clone, Debug)]
pub struct Viewer {
    pub id: String,
    pub session_id: String,
    pub role: Option<Role>,
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

/// What the token in an `Authorization` header says, if there is one. Whether its session is still good is another question.
pub fn claims(app: &App, authorization: Option<&HeaderValue>) -> Result<Option<Arc<Claims>>, Error> {
    let Some(header) = authorization else { return Ok(None) };
    app.tokens.verify(token(header).ok_or(Error::InvalidToken)?).map(Some)
}

/// Whether that holds a token that was found good before.
pub fn is_remembered(app: &App, authorization: Option<&HeaderValue>) -> bool {
    authorization.and_then(token).is_some_and(|token| app.tokens.is_remembered(token))
}

fn token(authorization: &HeaderValue) -> Option<&str> {
    let (scheme, token) = authorization.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Whether what was found in a token is still so: it has not expired, nor its session ended, nor is its user suspended.
pub async fn is_good(app: &App, claims: &Claims) -> Result<bool, Error> {
    let user = user(app, claims).await?;
    Ok(user.is_some_and(|user| Suspension::check(user.suspension, app.clock.now()).is_ok()))
}

/// Whether the session of somebody who was let in is still open, and its user not suspended.
pub async fn is_open(app: &App, viewer: &Viewer) -> Result<bool, Error> {
    let user = app.sessions.user(app, &viewer.session_id).await?;
    Ok(user.is_some_and(|user| Suspension::check(user.suspension, app.clock.now()).is_ok()))
}

/// The user whom a token names, if what it says is still so.
async fn user(app: &App, claims: &Claims) -> Result<Option<SessionUser>, Error> {
    let user = app.sessions.user(app, &claims.sid).await?;
    Ok(user.filter(|user| !claims.have_expired() && user.id == claims.sub))
}

async fn viewer(request: &Request) -> Result<Option<Viewer>, Error> {
    let Some((viewer, suspension)) = holder(request).await? else { return Ok(None) };
    Suspension::check(suspension, app_of(request)?.clock.now())?;
    Ok(Some(viewer))
}

/// The acting user, suspended or not.
async fn holder(request: &Request) -> Result<Option<(Viewer, Option<Suspension>)>, Error> {
    let app = app_of(request)?;
    let Some(claims) = claims(app, request.headers().get(header::AUTHORIZATION))? else {
        return Ok(None);
    };
    let user = user(app, &claims).await?.ok_or(Error::InvalidToken)?;
    if let Some(context) = request.data::<RequestContext>() {
        context.set_viewer(&claims.sub);
    }
    let viewer = Viewer { id: user.id, session_id: claims.sid.clone(), role: user.role };
    Ok(Some((viewer, user.suspension)))
}

fn register(registry: &mut Registry) {
    registry.create_security_scheme(
        SCHEME,
        MetaSecurityScheme {
            ty: "http",
            description: Some("An access token from `POST /v1/sessions`."),
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
        Ok(viewer(request).await?.ok_or(Error::Unauthenticated)?)
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
        let viewer = viewer(request).await?.ok_or(Error::Unauthenticated)?;
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
        let viewer = viewer(request).await?.ok_or(Error::Unauthenticated)?;
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
        let (viewer, _) = holder(request).await?.ok_or(Error::Unauthenticated)?;
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
