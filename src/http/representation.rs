//! The form in which a kept answer is sent: coded as the client takes it, and with what a shared cache before Kith needs.

use std::sync::Arc;

use poem::{
    Endpoint, IntoResponse, Request, Response,
    http::{HeaderName, HeaderValue, header},
};

use super::coding::Coding;
use crate::{app::app_of, cache::Answer, cdn};

pub const SURROGATE_KEY: HeaderName = HeaderName::from_static("surrogate-key");

/// Bodies below this are not worth coding.
const WORTH_CODING: usize = 1024;

/// Sets the body, the entity tag and who may keep it, of answers that were kept.
pub async fn represent<E: Endpoint>(endpoint: Arc<E>, request: Request) -> poem::Result<Response> {
    let coding = Coding::asked_for(request.headers());
    let is_anonymous = !request.headers().contains_key(header::AUTHORIZATION);
    let shared_max_age = app_of(&request)?.config.cdn.max_age.filter(|_| is_anonymous);
    let mut response = endpoint.call(request).await?.into_response();
    let Some(answer) = response.data::<Arc<Answer>>().cloned() else { return Ok(response) };
    let mut tag = answer.etag.clone();
    if let Some(coding) = coding.filter(|_| answer.body.len() >= WORTH_CODING) {
        response.set_body(answer.coded(coding));
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
        // What differs in its bytes has another strong tag.
        tag.insert_str(tag.len() - 1, &format!("-{}", coding.name()));
    }
    let headers = response.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding, Authorization, Kith-Act-As"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    if let Some(age) = shared_max_age
        && let Some(keys) = cdn::keys(&answer.slots)
    {
        // Browsers ask again each time, as what they keep cannot be purged.
        let who = format!("public, max-age=0, s-maxage={}", age.as_secs());
        for (name, value) in [(header::CACHE_CONTROL, who), (SURROGATE_KEY, keys)] {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        }
    }
    Ok(response)
}
