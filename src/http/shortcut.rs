//! The shortest way to a kept answer: a request that was answered before is known again by its head alone, before anything
//! finds out what it asks for.
//!
//! What is remembered of a request is the head of its answer as all the layers made it, and where the answer is kept. The
//! answer is looked for and checked each time, and so is who asks.

use std::{
    sync::{Arc, Weak},
    time::Instant,
};

use metrics::Histogram;
use poem::{
    Endpoint, Request, Response,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header, uri::PathAndQuery},
};

use super::{
    coding::Coding,
    entity_tag,
    middleware::{REQUEST_ID, Seen, id_of, latency, refusal},
    routes::Routes,
};
use crate::{
    app::App,
    auth::{self, Proof},
    cache::Answer,
};

/// What an answer may depend on of a request's head, beside what makes it `304`.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Head {
    target: PathAndQuery,
    authorization: Option<HeaderValue>,
    /// For whom a service asks.
    act_as: Option<HeaderValue>,
    coding: Option<Coding>,
}

/// What is remembered of a request.
struct Shortcut {
    head: Head,
    proof: Option<Proof>,
    answer: Weak<Answer>,
    place: u64,
    headers: HeaderMap,
    route: String,
    /// The latencies of `200` and `304`.
    latencies: [Histogram; 2],
}

impl Head {
    fn of(request: &Request) -> Option<Self> {
        let headers = request.headers();
        (request.method() == Method::GET).then_some(())?;
        Some(Self {
            target: request.uri().path_and_query()?.clone(),
            authorization: headers.get(header::AUTHORIZATION).cloned(),
            act_as: headers.get(&auth::ACT_AS).cloned(),
            coding: Coding::asked_for(headers),
        })
    }
}

/// Answers what is kept, and remembers what will be.
pub async fn shortcut<E: Endpoint<Output = Response>>(
    endpoint: Arc<E>,
    app: Arc<App>,
    routes: Arc<Routes>,
    request: Request,
) -> poem::Result<Response> {
    let started = Instant::now();
    let Some(head) = Head::of(&request).filter(|_| app.cache.keeps()) else {
        return endpoint.call(request).await;
    };
    let known = app.cache.aside::<Shortcut>(&head).filter(|known| known.head == head);
    if let Some(known) = &known
        && let Some(response) = known.answer(&app, &request, started).await
    {
        return Ok(response);
    }
    let response = endpoint.call(request).await?;
    if response.status() == StatusCode::OK
        && let Some(answer) = response.data::<Arc<Answer>>()
    {
        remember(&app, &routes, &head, response.data().cloned(), answer, response.headers());
    }
    Ok(response)
}

impl Shortcut {
    async fn answer(&self, app: &App, request: &Request, started: Instant) -> Option<Response> {
        let answer = app.cache.kept(self.place)?;
        if !std::ptr::eq(Arc::as_ptr(&answer), self.answer.as_ptr()) || refusal(request).is_some() {
            return None;
        }
        if let Some(proof) = &self.proof
            && !auth::is_good(app, proof).await.is_ok_and(|is_good| is_good)
        {
            return None;
        }
        answer.hits.increment(1);
        let mut response = Response::default();
        *response.headers_mut() = self.headers.clone();
        if entity_tag::is_known(request.headers().get(header::IF_NONE_MATCH), &self.headers) {
            response = entity_tag::not_modified(response);
        } else {
            response.set_body(match self.head.coding.filter(|_| self.is_coded()) {
                Some(coding) => answer.coded(coding),
                None => answer.body.clone(),
            });
        }
        let id = id_of(request);
        if let Ok(value) = HeaderValue::from_str(&id) {
            response.headers_mut().insert(REQUEST_ID.clone(), value);
        }
        let latency = &self.latencies[usize::from(response.status() == StatusCode::NOT_MODIFIED)];
        Seen {
            method: "GET",
            route: &self.route,
            status: response.status().as_u16(),
            id: &id,
            viewer: self.proof.as_ref().and_then(Proof::user),
            service: self.proof.as_ref().and_then(Proof::service),
        }
        .tell(latency, started.elapsed());
        Some(response)
    }

    fn is_coded(&self) -> bool {
        self.headers.contains_key(header::CONTENT_ENCODING)
    }
}

/// `proof` is what the answer was made for.
fn remember(
    app: &App,
    routes: &Routes,
    head: &Head,
    proof: Option<Proof>,
    answer: &Arc<Answer>,
    headers: &HeaderMap,
) {
    let (Some(place), Some(route)) = (answer.place, routes.template(head.target.path())) else { return };
    // What nobody has looked at must be looked at.
    if head.authorization.is_some() && proof.is_none() {
        return;
    }
    let lengths = headers.iter().map(|(name, value)| 64 + name.as_str().len() + value.len());
    let of_value = |value: &Option<HeaderValue>| value.as_ref().map_or(0, HeaderValue::len);
    let of_head = head.target.as_str().len() + of_value(&head.authorization) + of_value(&head.act_as);
    let weight = size_of::<Shortcut>() + of_head + route.len() + lengths.sum::<usize>();
    let shortcut = Shortcut {
        proof,
        answer: Arc::downgrade(answer),
        place,
        headers: headers.clone(),
        route: route.to_owned(),
        latencies: ["200", "304"].map(|status| latency("GET", route, status)),
        head: head.clone(),
    };
    app.cache.put_aside(head, weight, shortcut);
}
