//! The layers around every endpoint, from the outside in: [`share`](super::cors::share), [`limit`](super::limits::limit),
//! [`shortcut`](super::shortcut::shortcut), [`observe`] (request id, log, metrics, security headers), [`problems`],
//! [`limit_time`], [`catch_panics`], [`entity_tags`], [`represent`](super::representation::represent), [`link_next`].

use std::{
    panic::AssertUnwindSafe,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use futures_util::FutureExt;
use metrics::Histogram;
use poem::{
    Endpoint, IntoResponse, Request, Response,
    error::{MethodNotAllowedError, NotFoundError},
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
};
use poem_openapi::error::{ContentTypeError, ParseParamError, ParsePathError};

use super::{answer::NextCursor, entity_tag, limits::Refused, routes::Routes};
use crate::{
    auth::{ACT_AS, Proof},
    error::Error,
    telemetry::{InFlight, REQUESTS, REQUESTS_IN_FLIGHT},
};

pub static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The headers that change what a request does, and how they are written.
static MEANT: [(HeaderName, &str); 5] = [
    (HeaderName::from_static("idempotency-key"), "Idempotency-Key"),
    (header::IF_MATCH, "If-Match"),
    (header::IF_NONE_MATCH, "If-None-Match"),
    (HeaderName::from_static("kith-act-as"), "Kith-Act-As"),
    (HeaderName::from_static("last-event-id"), "Last-Event-ID"),
];

/// No browser is to run, load or frame anything of what is meant for programs.
const POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

/// What the layers and the extractors tell each other about one request.
#[derive(Clone)]
pub struct RequestContext {
    id: Arc<str>,
    proof: Arc<OnceLock<Proof>>,
}

impl RequestContext {
    /// By what the request was found to be somebody's.
    pub fn set_proof(&self, proof: Proof) {
        let _ = self.proof.set(proof);
    }
}

/// Gives each request an id, one line in the log, its place in the metrics, and the headers that every
/// answer carries.
pub async fn observe<E: Endpoint>(
    endpoint: Arc<E>,
    routes: Arc<Routes>,
    is_secure: bool,
    mut request: Request,
) -> poem::Result<Response> {
    let started = Instant::now();
    let id = id_of(&request);
    let context = RequestContext { id: id.as_str().into(), proof: Arc::default() };
    let method = request.method().clone();
    let route = routes.template(request.uri().path()).unwrap_or("unknown").to_owned();
    request.set_data(context.clone());
    // Everything answers HEAD as it answers GET, but for the body.
    if method == Method::HEAD {
        request.set_method(Method::GET);
    }
    let in_flight = InFlight::of(REQUESTS_IN_FLIGHT);
    let mut response = match endpoint.call(request).await {
        Ok(response) => response.into_response(),
        Err(error) => error.into_response(),
    };
    drop(in_flight);
    if method == Method::HEAD {
        leave_body_out(&mut response).await;
    }
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID.clone(), value);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(POLICY));
    if is_secure {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("private, no-cache"));
    headers.entry(header::VARY).or_insert(HeaderValue::from_static("Authorization, Kith-Act-As"));
    let status = response.status().as_u16();
    let method = method.as_str();
    let proof = context.proof.get();
    let (viewer, service) = (proof.and_then(Proof::user), proof.and_then(Proof::service));
    Seen { method, route: &route, status, id: &id, viewer, service }
        .tell(&latency(method, &route, status.to_string()), started.elapsed());
    if let Some(proof) = proof {
        response.set_data(proof.clone());
    }
    Ok(response)
}

/// Where the latencies of such requests are kept.
pub fn latency(method: &str, route: &str, status: impl Into<String>) -> Histogram {
    metrics::histogram!(
        REQUESTS, "method" => method.to_owned(), "route" => route.to_owned(), "status" => status.into()
    )
}

/// A request that was answered.
pub struct Seen<'a> {
    pub method: &'a str,
    pub route: &'a str,
    pub status: u16,
    pub id: &'a str,
    pub viewer: Option<&'a str>,
    /// The service that acts for the viewer.
    pub service: Option<&'a str>,
}

impl Seen<'_> {
    /// Tells the metrics and the log.
    pub fn tell(self, latency: &Histogram, elapsed: Duration) {
        let Self { method, route, status, id: request_id, viewer: viewer_id, service } = self;
        latency.record(elapsed.as_secs_f64());
        let duration_ms = elapsed.as_secs_f64() * 1e3;
        tracing::info!(method, route, status, duration_ms, request_id, viewer_id, service, "request");
    }
}

/// The id that the client gave the request, or a new one.
pub fn id_of(request: &Request) -> String {
    let given = request.headers().get(&REQUEST_ID).and_then(|value| value.to_str().ok());
    given.filter(|id| is_request_id(id)).map_or_else(new_request_id, str::to_owned)
}

/// 96 random bits. Unlike the ids of resources they need no order and no fingerprint, and take a tenth of the time.
fn new_request_id() -> String {
    hex::encode(rand::random::<[u8; 12]>())
}

/// Takes the body away and tells its length, unless it is a stream that never ends.
async fn leave_body_out(response: &mut Response) {
    let body = response.take_body();
    if response.content_type().is_some_and(|kind| kind.starts_with("text/event-stream")) {
        return;
    }
    if let Ok(bytes) = body.into_bytes().await
        && !bytes.is_empty()
    {
        response.headers_mut().insert(header::CONTENT_LENGTH, bytes.len().into());
    }
}

/// 1 to 128 characters of the kind that ids are made of.
fn is_request_id(id: &str) -> bool {
    (1..=128).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':'))
}

/// Ends a request that takes too long. The answer of a stream counts as given when the stream begins.
pub async fn limit_time<E: Endpoint>(
    endpoint: Arc<E>,
    limit: Duration,
    request: Request,
) -> poem::Result<E::Output> {
    match tokio::time::timeout(limit, endpoint.call(request)).await {
        Ok(result) => result,
        Err(_) => Err(Error::RequestTimeout.into()),
    }
}

/// Makes a panic the error of the one request that met it.
pub async fn catch_panics<E: Endpoint>(endpoint: Arc<E>, request: Request) -> poem::Result<E::Output> {
    AssertUnwindSafe(endpoint.call(request)).catch_unwind().await.unwrap_or_else(|panic| {
        let message = panic
            .downcast_ref::<&str>()
            .map(|message| (*message).to_owned())
            .or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_default();
        Err(Error::Internal(format!("a handler panicked: {message}").into()).into())
    })
}

/// Turns every error, whatever made it, into problem+json.
pub async fn problems<E: Endpoint>(
    endpoint: Arc<E>,
    routes: Arc<Routes>,
    request: Request,
) -> poem::Result<Response> {
    let path = request.uri().path().to_owned();
    let id = request.data::<RequestContext>().map(|context| Arc::clone(&context.id)).unwrap_or_default();
    let answer = match refusal(&request) {
        Some(error) => Err(error.into()),
        None => endpoint.call(request).await,
    };
    let error = match answer {
        Ok(response) => {
            let response = response.into_response();
            // What the framework refuses by an answer instead of an error has no problem in it yet.
            match (response.status(), response.content_type()) {
                (status, kind) if is_problem_missing(status, kind) => from_status(status),
                _ => return Ok(response),
            }
        }
        Err(error) => into_error(error),
    };
    let mut response = error.to_response(&path, &id);
    if matches!(error, Error::MethodNotAllowed)
        && let Ok(allow) = HeaderValue::from_str(&routes.allowed(&path).join(", "))
    {
        response.headers_mut().insert(header::ALLOW, allow);
    }
    Ok(response)
}

/// Why a request is not passed on: it is one too many, or none that the framework would read as it was meant.
pub fn refusal(request: &Request) -> Option<Error> {
    if let Some(Refused(wait)) = request.data() {
        return Some(Error::RateLimited(*wait));
    }
    // The framework takes an empty segment for a parameter.
    let path = request.uri().path();
    if path.len() > 1 && (path.ends_with('/') || path.contains("//")) {
        return Some(Error::NotFound);
    }
    // The framework takes a header that it cannot read for missing, and these change what a request does.
    let mut acts_as = 0;
    for (name, value) in request.headers() {
        let Some((_, written)) = MEANT.iter().find(|(meant, _)| meant == name) else { continue };
        if value.to_str().is_err() {
            return Some(invalid_parameter(written, "must be visible ASCII characters"));
        }
        acts_as += usize::from(*name == ACT_AS);
    }
    (acts_as > 1).then(|| invalid_parameter("Kith-Act-As", "must be one id"))
}

fn is_problem_missing(status: StatusCode, content_type: Option<&str>) -> bool {
    status.as_u16() >= 400 && content_type.is_none_or(|kind| !kind.starts_with("application/"))
}

fn into_error(error: poem::Error) -> Error {
    if error.is::<NotFoundError>() {
        return Error::NotFound;
    }
    if error.is::<MethodNotAllowedError>() {
        return Error::MethodNotAllowed;
    }
    if error.is::<ContentTypeError>() {
        return Error::UnsupportedMediaType;
    }
    if let Some(parameter) = error.downcast_ref::<ParseParamError>() {
        return invalid_parameter(parameter.name, &parameter.reason);
    }
    if error.is::<ParsePathError>() || error.is::<poem::error::ParsePathError>() {
        return invalid_parameter("path", "must be percent-encoded UTF-8");
    }
    let status = error.status();
    match error.downcast::<Error>() {
        Ok(error) => error,
        Err(_) => from_status(status),
    }
}

/// poem-openapi's reasons name Rust types; the part behind the last colon is meant for people.
fn invalid_parameter(name: &str, reason: &str) -> Error {
    let reason = reason.rsplit(": ").next().unwrap_or(reason).trim();
    let message = match reason {
        "" | "Type \"string\" expects an input value." => "must be given".to_owned(),
        "Expect a valid enumeration value." => {
            "must be one of the values that /openapi.json lists".to_owned()
        }
        reason => reason.to_owned(),
    };
    Error::InvalidParameter { name: name.to_owned(), message: format!("{name} {message}") }
}

fn from_status(status: StatusCode) -> Error {
    match status {
        StatusCode::NOT_FOUND => Error::NotFound,
        StatusCode::METHOD_NOT_ALLOWED => Error::MethodNotAllowed,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Error::UnsupportedMediaType,
        StatusCode::PAYLOAD_TOO_LARGE => Error::BodyTooLarge(0),
        status if status.is_client_error() => Error::InvalidParameter {
            name: "request".into(),
            message: "The request is not well formed.".into(),
        },
        status => Error::Internal(status.to_string().into()),
    }
}

/// Links each part of a list to the next one: the same request with another cursor.
pub async fn link_next<E: Endpoint>(
    endpoint: Arc<E>,
    public_url: Option<String>,
    request: Request,
) -> poem::Result<Response> {
    let uri = request.uri().clone();
    let mut response = endpoint.call(request).await?.into_response();
    if let Some(NextCursor(cursor)) = response.data::<NextCursor>().cloned() {
        let others = uri.query().unwrap_or_default().split('&');
        let others = others.filter(|pair| !pair.is_empty() && !pair.starts_with("cursor="));
        let query: Vec<_> = others.map(str::to_owned).chain([format!("cursor={cursor}")]).collect();
        let address = public_url.unwrap_or_default() + uri.path();
        if let Ok(link) = HeaderValue::from_str(&format!("<{address}?{}>; rel=\"next\"", query.join("&"))) {
            response.headers_mut().insert(header::LINK, link);
        }
    }
    Ok(response)
}

/// Gives each JSON answer to a GET an `ETag`, and answers `304` to whoever has it already.
pub async fn entity_tags<E: Endpoint>(endpoint: Arc<E>, request: Request) -> poem::Result<Response> {
    if request.method() != Method::GET {
        return endpoint.call(request).await.map(IntoResponse::into_response);
    }
    let known = request.headers().get(header::IF_NONE_MATCH).cloned();
    let mut response = endpoint.call(request).await?.into_response();
    if response.status() != StatusCode::OK || response.content_type() != Some("application/json") {
        return Ok(response);
    }
    if !response.headers().contains_key(header::ETAG) {
        let bytes = response.take_body().into_bytes().await?;
        let tag = HeaderValue::from_str(&entity_tag::of_body(&bytes))
            .unwrap_or_else(|_| unreachable!("a hash is visible ASCII"));
        response.set_body(bytes);
        response.headers_mut().insert(header::ETAG, tag);
    }
    if entity_tag::is_known(known.as_ref(), response.headers().get(header::ETAG)) {
        return Ok(entity_tag::not_modified(response));
    }
    Ok(response)
}
