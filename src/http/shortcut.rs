//! The shortest way to a kept answer: a request that was answered before is known again by its head alone, before anything
//! finds out what it asks for.
//!
//! What is remembered of a request is the head of its answer as all the layers made it, and where the answer is kept. The
//! answer is looked for and checked each time, and so is who asks.

use std::{
    hash::{BuildHasher, Hash, Hasher, RandomState},
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use arc_swap::ArcSwapOption;
use metrics::Histogram;
use poem::{
    Endpoint, Request, Response,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, uri::PathAndQuery},
};

use super::{
    coding::Coding,
    entity_tag,
    middleware::{REQUEST_ID, Seen, id_of, latency, refusal},
    representation::SURROGATE_KEY,
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
/// By so much of a token, from its end, two are told apart before they are compared: that is of the signature or random.
const HASHED_OF_TOKEN: usize = 32;
/// How many answers' common fields are kept to be shared.
const MOST_COMMON: usize = 64;
/// The fields that hardly two answers have in common.
static OWN: [HeaderName; 3] = [header::ETAG, header::LINK, SURROGATE_KEY];

/// What is remembered of requests.
pub struct Shortcuts {
    app: Arc<App>,
    routes: Arc<Routes>,
    places: Box<[ArcSwapOption<Shortcut>]>,
    hash: RandomState,
    common: Mutex<Vec<Arc<HeaderMap>>>,
}

/// What an answer may depend on of a request's head, beside what makes it `304`.
#[derive(Clone, PartialEq, Eq)]
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
    fields: Fields,
    is_coded: bool,
    route: String,
    /// The latencies of `200` and `304`.
    latencies: [Histogram; 2],
}

/// The fields of an answer's head. To read a map of them for each reader would take a tenth of a page's time, for so much
/// memory is cold.
struct Fields {
    /// Those that others have as well, and the places of its own and of the request's id.
    common: Arc<HeaderMap>,
    own: [Option<HeaderValue>; 3],
}

impl Hash for Head {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.target.hash(state);
        let token = self.authorization.as_ref().map_or(&[][..], HeaderValue::as_bytes);
        token[token.len().saturating_sub(HASHED_OF_TOKEN)..].hash(state);
        self.act_as.hash(state);
        self.coding.hash(state);
    }
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
    pub fn new(app: Arc<App>, routes: Arc<Routes>, megabytes: u64) -> Self {
        let places = megabytes.saturating_mul(1024 * 1024) / BYTES_PER_PLACE;
        let places = (0..places.min(1 << 20)).map(|_| ArcSwapOption::empty()).collect();
        Self { app, routes, places, hash: RandomState::new(), common: Mutex::default() }
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

    /// The fields of such a head, what others have of them with the others.
    fn fields(&self, headers: &HeaderMap) -> Fields {
        let mut common = headers.clone();
        let own = OWN.each_ref().map(|name| {
            let value = common.get_mut(name)?;
            Some(std::mem::replace(value, HeaderValue::from_static("")))
        });
        common.insert(REQUEST_ID.clone(), HeaderValue::from_static(""));
        let mut all = self.common.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = all.iter().find(|known| ***known == common) {
            return Fields { common: Arc::clone(known), own };
        }
        let common = Arc::new(common);
        if all.len() == MOST_COMMON {
            all.retain(|common| Arc::strong_count(common) > 1);
        }
        if all.len() < MOST_COMMON {
            all.push(Arc::clone(&common));
        }
        Fields { common, own }
    }

    /// What is to be remembered of a request that was answered, if the answer is kept.
    fn to(&self, head: Head, answer: &Arc<Answer>, response: &Response) -> Option<Shortcut> {
        let route = self.routes.template(head.target.path())?.to_owned();
        let proof = response.data::<Proof>().cloned().map(Vouched::new);
        // What nobody has looked at must be looked at.
        if head.authorization.is_some() && proof.is_none() {
            return None;
        }
        let answer = self.app.cache.whereabouts(answer)?;
        let latencies = ["200", "304"].map(|status| latency("GET", &route, status));
        let is_coded = response.headers().contains_key(header::CONTENT_ENCODING);
        let fields = self.fields(response.headers());
        Some(Shortcut { head, proof, answer, fields, is_coded, route, latencies })
    }
}

impl Fields {
    /// The head of an answer to the request with that id.
    fn with_id(&self, id: &str) -> HeaderMap {
        let mut headers = HeaderMap::clone(&self.common);
        for (name, value) in OWN.iter().zip(&self.own) {
            if let (Some(place), Some(value)) = (headers.get_mut(name), value) {
                *place = value.clone();
            }
        }
        if let Ok(value) = HeaderValue::from_str(id) {
            headers.insert(REQUEST_ID.clone(), value);
        }
        headers
    }

    fn etag(&self) -> Option<&HeaderValue> {
        self.own[0].as_ref()
    }
}

/// Answers what is kept, and remembers what will be.
pub async fn shortcut<E: Endpoint<Output = Response>>(
    endpoint: Arc<E>,
    shortcuts: Arc<Shortcuts>,
    request: Request,
) -> poem::Result<Response> {
    let started = Instant::now();
    let is_short = |head: &Head| !shortcuts.places.is_empty() && head.len() <= LONGEST_HEAD;
    let Some(head) = Head::of(&request).filter(is_short) else {
        return endpoint.call(request).await;
    };
    if let Some(known) = shortcuts.find(&head)
        && let Some(response) = known.answer(&shortcuts.app, &request, started).await
    {
        return Ok(response);
    }
    let response = endpoint.call(request).await?;
    if response.status() == StatusCode::OK
        && let Some(answer) = response.data::<Arc<Answer>>()
        && let Some(shortcut) = shortcuts.to(head, answer, &response)
    {
        shortcuts.put(shortcut);
    }
    Ok(response)
}

impl Shortcut {
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
        let id = id_of(request);
        let mut response = Response::default();
        *response.headers_mut() = self.fields.with_id(&id);
        if entity_tag::is_known(request.headers().get(header::IF_NONE_MATCH), self.fields.etag()) {
            response = entity_tag::not_modified(response);
        } else {
            response.set_body(match self.head.coding.filter(|_| self.is_coded) {
                Some(coding) => answer.coded(coding),
                None => answer.body.clone(),
            });
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
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cache::Turn;

    fn head(target: usize) -> Head {
        let target = format!("/v1/posts/{target}").parse().expect("a target");
        Head { target, authorization: None, act_as: None, coding: None }
    }

    fn headers(etag: &'static str, link: Option<&'static str>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(header::ETAG, HeaderValue::from_static(etag));
        headers.insert(REQUEST_ID.clone(), HeaderValue::from_static("before"));
        headers.extend(link.map(|link| (header::LINK, HeaderValue::from_static(link))));
        headers
    }

    fn shortcuts(megabytes: u64) -> Shortcuts {
        let app = App::for_document().expect("an app");
        Shortcuts::new(app, Arc::new(Routes::of_document(&json!({"paths": {}}))), megabytes)
    }

    async fn shortcut_to(shortcuts: &Shortcuts, target: usize) -> Shortcut {
        let app = &shortcuts.app;
        let Turn::Make(draft) = app.answer("test", &target.to_string()).await else { panic!("it is kept") };
        let answer = draft.keep(target.to_string().into(), String::new(), None);
        Shortcut {
            head: head(target),
            proof: None,
            answer: app.cache.whereabouts(&answer).expect("a place"),
            fields: shortcuts.fields(&HeaderMap::new()),
            is_coded: false,
            route: "/v1/posts/{post}".to_owned(),
            latencies: [Histogram::noop(), Histogram::noop()],
        }
    }

    /// Whatever shares a place, nobody gets what somebody else asked for, and the latest is there.
    #[tokio::test]
    async fn a_request_finds_its_own_or_nothing() {
        const MANY: usize = 100;
        let shortcuts = shortcuts(1);
        assert!(self::shortcuts(0).places.is_empty() && shortcuts.places.len() < MANY / 4);
        for target in 0..MANY {
            shortcuts.put(shortcut_to(&shortcuts, target).await);
            for other in 0..MANY {
                let found = shortcuts.find(&head(other));
                assert!(found.is_some() || other != target, "{target} is the latest");
                let cache = &shortcuts.app.cache;
                let body = found.map(|found| cache.kept(&found.answer).expect("an answer").body.clone());
                assert!(body.is_none_or(|body| body == other.to_string()), "{other} after {target}");
            }
        }
    }

    /// What is kept once for all is the same, and what is somebody's own is nobody else's.
    #[test]
    fn common_fields_are_kept_once_and_own_ones_apart() {
        let shortcuts = shortcuts(1);
        let (mut one, mut other) = (headers("\"1\"", None), headers("\"2\"", None));
        one.insert(SURROGATE_KEY, HeaderValue::from_static("user-1"));
        other.insert(SURROGATE_KEY, HeaderValue::from_static("user-2"));
        let on = headers("\"3\"", Some("</v1/posts?cursor=1>; rel=\"next\""));
        let kept = [&one, &other, &on].map(|headers| shortcuts.fields(headers));
        for (mut headers, fields) in [one, other, on].into_iter().zip(&kept) {
            headers.insert(REQUEST_ID.clone(), HeaderValue::from_static("now"));
            assert_eq!(fields.with_id("now"), headers);
            assert_eq!(fields.etag(), headers.get(header::ETAG));
        }
        assert!(
            Arc::ptr_eq(&kept[0].common, &kept[1].common) && !Arc::ptr_eq(&kept[0].common, &kept[2].common)
        );
    }

    /// However many kinds of answers there are, and however often they change, so many are kept.
    #[test]
    fn common_fields_are_forgotten_with_whoever_has_them() {
        let shortcuts = shortcuts(1);
        let different = |n: usize| {
            let mut headers = headers("\"1\"", None);
            headers.insert(header::CONTENT_LENGTH, n.into());
            shortcuts.fields(&headers)
        };
        let held: Vec<_> = (0..MOST_COMMON * 2).map(different).collect();
        assert_eq!(shortcuts.common.lock().expect("a list").len(), MOST_COMMON);
        assert_eq!(held.last().expect("fields").with_id("1")[header::CONTENT_LENGTH], "127");
        drop(held);
        drop(different(MOST_COMMON * 2));
        assert_eq!(shortcuts.common.lock().expect("a list").len(), 1);
    }
}
