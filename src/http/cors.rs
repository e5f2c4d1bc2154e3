//! Which pages of other origins may use the API from a browser: cross-origin resource sharing, as the
//! [Fetch standard](https://fetch.spec.whatwg.org/#http-cors-protocol) has it. Tokens are sent in a header and never in a
//! cookie, so nothing is allowed that a page could not do with a token of its own.

use std::sync::Arc;

use poem::{
    Endpoint, Request, Response,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
};

const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE";
const ASKED: &str =
    "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, X-Request-Id";
const SHOWN: &str = "ETag, Idempotent-Replayed, Link, Location, RateLimit, RateLimit-Policy, Retry-After, WWW-Authenticate, X-Request-Id";
/// How long a browser may remember that it may ask, in seconds. Chromium takes two hours at most.
const MAX_AGE: &str = "7200";

/// The origins whose pages may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origins {
    All,
    These(Vec<HeaderValue>),
}

impl Origins {
    /// From a list separated by commas, or `*`. Nothing if it is empty; an error names what is no origin.
    pub fn parse(list: &str) -> Result<Option<Self>, String> {
        if list.trim() == "*" {
            return Ok(Some(Self::All));
        }
        let origins = list.split(',').map(str::trim).filter(|origin| !origin.is_empty());
        let origins: Vec<_> = origins.map(checked).collect::<Result<_, _>>()?;
        Ok((!origins.is_empty()).then_some(Self::These(origins)))
    }

    /// What the answer to a page of that origin says.
    fn allowed(&self, origin: &HeaderValue) -> Option<HeaderValue> {
        match self {
            Self::All => Some(HeaderValue::from_static("*")),
            Self::These(origins) => origins.iter().find(|known| *known == origin).cloned(),
        }
    }
}

/// A scheme, a host and perhaps a port, as browsers write them.
fn checked(origin: &str) -> Result<HeaderValue, String> {
    let wrong = || format!("{origin:?} is no origin such as https://app.example.com");
    let (scheme, host) = origin.split_once("://").ok_or_else(wrong)?;
    let is_origin = matches!(scheme, "http" | "https")
        && !host.is_empty()
        && host
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-:[]".contains(&byte));
    if is_origin { HeaderValue::from_str(origin).map_err(|_| wrong()) } else { Err(wrong()) }
}

/// Tells browsers which pages may read the answer.
pub async fn share<E: Endpoint<Output = Response>>(
    endpoint: Arc<E>,
    origins: Arc<Origins>,
    request: Request,
) -> poem::Result<Response> {
    let allowed = request.headers().get(header::ORIGIN).and_then(|origin| origins.allowed(origin));
    let is_preflight = request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = match &allowed {
        Some(_) if is_preflight => Response::builder().status(StatusCode::NO_CONTENT).finish(),
        _ => endpoint.call(request).await?,
    };
    let headers = response.headers_mut();
    if let Some(allowed) = allowed {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
        if is_preflight {
            set(headers, header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
            set(headers, header::ACCESS_CONTROL_ALLOW_HEADERS, ASKED);
            set(headers, header::ACCESS_CONTROL_MAX_AGE, MAX_AGE);
        } else {
            set(headers, header::ACCESS_CONTROL_EXPOSE_HEADERS, SHOWN);
        }
    }
    if *origins != Origins::All {
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
    }
    Ok(response)
}

fn set(headers: &mut HeaderMap, name: header::HeaderName, value: &'static str) {
    headers.insert(name, HeaderValue::from_static(value));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_names_origins_and_nothing_else() {
        let parse = |list| Origins::parse(list).map(|origins| origins.map(|origins| format!("{origins:?}")));
        assert_eq!((parse(""), parse(" , ")), (Ok(None), Ok(None)));
        assert_eq!(Origins::parse(" * "), Ok(Some(Origins::All)));
        let two =
            Origins::parse("https://app.example.com, http://localhost:5173").expect("two").expect("two");
        for (origin, allowed) in [
            ("https://app.example.com", true),
            ("http://localhost:5173", true),
            ("http://app.example.com", false),
            ("https://app.example.com.evil.org", false),
            ("null", false),
        ] {
            assert_eq!(two.allowed(&HeaderValue::from_static(origin)).is_some(), allowed, "{origin}");
        }
        for wrong in
            ["app.example.com", "https://", "https://a.org/path", "https://A.org", "*, https://a.org", "null"]
        {
            assert!(Origins::parse(wrong).is_err_and(|error| error.contains("is no origin")), "{wrong}");
        }
    }
}
