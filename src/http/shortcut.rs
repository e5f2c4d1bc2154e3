//! The shortest way to a kept answer: a request that was answered before is known again by its head alone, before anything
//! finds out what it asks for.
//!
//! What is remembered of a request is the head of its answer as all the layers made it, and where the answer is kept. The
//! answer is looked for and checked each time, and so is who asks.

use std::{
    hash::{BuildHasher, RandomState},
    sync::Arc,
    time::Instant,
};

use arc_swap::ArcSwapOption;
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
    auth::{self, Proof, Vouched},
    cache::{Answer, Whereabouts},
};

/// There is a place for one request for so many bytes of what the cache may take. What is remembered of one takes two
/// thousand or so.
const BYTES_PER_PLACE: u64 = 64 * 1024;
/// What is longer is not remembered.
const LONGEST_HEAD: usize = 4096;

/// What is remembered of requests.
pub struct Shortcuts {
    places: Box<[ArcSwapOption<Shortcut>]>,
    hash: RandomState,
}

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
    proof: Option<Vouched>,
    answer: Whereabouts,
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

    fn len(&self) -> usize {
        let of_value = |value: &Option<HeaderValue>| value.as_ref().map_or(0, HeaderValue::len);
        self.target.as_str().len() + of_value(&self.authorization) + of_value(&self.act_as)
    }
}

impl Shortcuts {
    /// For a cache that may take so much.
    pub fn new(megabytes: u64) -> Self {
        let places = megabytes.saturating_mul(1024 * 1024) / BYTES_PER_PLACE;
        let places = (0..places.min(1 << 20)).map(|_| ArcSwapOption::empty()).collect();
        Self { places, hash: RandomState::new() }
    }

    /// The two places of a request. A choice leaves few without one: Azar, Broder, Karlin and Upfal, 1994, "Balanced
    /// Allocations".
    fn places(&self, head: &Head) -> [&ArcSwapOption<Shortcut>; 2] {
        let (hash, places) = (self.hash.hash_one(head), self.places.len() as u64);
        [hash, hash >> 32].map(|bits| &self.places[usize::try_from(bits % places).unwrap_or_default()])
    }

    fn find(&self, head: &Head) -> Option<Arc<Shortcut>> {
        let places = self.places(head);
        places.iter().find_map(|place| place.load().as_ref().filter(|known| known.head == *head).cloned())
    }

    /// Remembers it in the place of one that leads nowhere, if that can be.
    fn put(&self, shortcut: Shortcut) {
        let [one, other] = self.places(&shortcut.head);
        let is_free = |place: &ArcSwapOption<Shortcut>| {
            place.load().as_ref().is_none_or(|known| known.head == shortcut.head || known.answer.is_empty())
        };
        let place = if !is_free(one) && is_free(other) { other } else { one };
        place.store(Some(Arc::new(shortcut)));
    }
}

/// Answers what is kept, and remembers what will be.
pub async fn shortcut<E: Endpoint<Output = Response>>(
    endpoint: Arc<E>,
    app: Arc<App>,
    routes: Arc<Routes>,
    shortcuts: Arc<Shortcuts>,
    request: Request,
) -> poem::Result<Response> {
    let started = Instant::now();
    let is_short = |head: &Head| !shortcuts.places.is_empty() && head.len() <= LONGEST_HEAD;
    let Some(head) = Head::of(&request).filter(is_short) else {
        return endpoint.call(request).await;
    };
    if let Some(known) = shortcuts.find(&head)
        && let Some(response) = known.answer(&app, &request, started).await
    {
        return Ok(response);
    }
    let response = endpoint.call(request).await?;
    if response.status() == StatusCode::OK
        && let Some(answer) = response.data::<Arc<Answer>>()
        && let Some(shortcut) = Shortcut::to(&app, &routes, head, answer, &response)
    {
        shortcuts.put(shortcut);
    }
    Ok(response)
}

impl Shortcut {
    /// What is to be remembered of a request that was answered, if the answer is kept.
    fn to(app: &App, routes: &Routes, head: Head, answer: &Arc<Answer>, response: &Response) -> Option<Self> {
        let route = routes.template(head.target.path())?.to_owned();
        let proof = response.data::<Proof>().cloned().map(Vouched::new);
        // What nobody has looked at must be looked at.
        if head.authorization.is_some() && proof.is_none() {
            return None;
        }
        let answer = app.cache.whereabouts(answer)?;
        let latencies = ["200", "304"].map(|status| latency("GET", &route, status));
        Some(Self { head, proof, answer, headers: response.headers().clone(), route, latencies })
    }

    async fn answer(&self, app: &App, request: &Request, started: Instant) -> Option<Response> {
        if refusal(request).is_some() {
            return None;
        }
        let answer = app.cache.kept(&self.answer)?;
        if let Some(proof) = &self.proof
            && !proof.is_good(app).await.is_ok_and(|is_good| is_good)
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
        let proof = self.proof.as_ref().map(Vouched::proof);
        Seen {
            method: "GET",
            route: &self.route,
            status: response.status().as_u16(),
            id: &id,
            viewer: proof.and_then(Proof::user),
            service: proof.and_then(Proof::service),
        }
        .tell(latency, started.elapsed());
        Some(response)
    }

    fn is_coded(&self) -> bool {
        self.headers.contains_key(header::CONTENT_ENCODING)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::Turn;

    fn head(target: usize) -> Head {
        let target = format!("/v1/posts/{target}").parse().expect("a target");
        Head { target, authorization: None, act_as: None, coding: None }
    }

    async fn shortcut_to(app: &App, target: usize) -> Shortcut {
        let Turn::Make(draft) = app.answer("test", &target.to_string()).await else { panic!("it is kept") };
        let answer = draft.keep(target.to_string().into(), String::new(), None);
        Shortcut {
            head: head(target),
            proof: None,
            answer: app.cache.whereabouts(&answer).expect("a place"),
            headers: HeaderMap::new(),
            route: "/v1/posts/{post}".to_owned(),
            latencies: [Histogram::noop(), Histogram::noop()],
        }
    }

    /// Whatever shares a place, nobody gets what somebody else asked for, and the latest is there.
    #[tokio::test]
    async fn a_request_finds_its_own_or_nothing() {
        const MANY: usize = 100;
        let app = App::for_document().expect("an app");
        let shortcuts = Shortcuts::new(1);
        assert!(Shortcuts::new(0).places.is_empty() && shortcuts.places.len() < MANY / 4);
        for target in 0..MANY {
            shortcuts.put(shortcut_to(&app, target).await);
            for other in 0..MANY {
                let found = shortcuts.find(&head(other));
                assert!(found.is_some() || other != target, "{target} is the latest");
                let body = found.map(|found| app.cache.kept(&found.answer).expect("an answer").body.clone());
                assert!(body.is_none_or(|body| body == other.to_string()), "{other} after {target}");
            }
        }
    }
}
