//! How many requests somebody may send: the generic cell rate algorithm, for each user or address and each class of
//! requests.
//!
//! Answers say what is left in `RateLimit` and `RateLimit-Policy`, in the form of
//! [draft-ietf-httpapi-ratelimit-headers-10](https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-ratelimit-headers-10).

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    num::NonZeroU32,
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use governor::{
    Quota, RateLimiter, clock::Clock, clock::DefaultClock, middleware::StateInformationMiddleware,
    state::keyed::DashMapStateStore,
};
use ipnet::IpNet;
use poem::{
    Endpoint, Request, Response,
    http::{HeaderName, HeaderValue, Method, header},
};
use rand::RngExt;
use tokio::sync::Semaphore;

use crate::{
    app::App,
    auth,
    config::{Config, networks},
    telemetry::RATE_LIMITED,
};

static RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
static RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// Which part of a minute's requests may come at once.
const AT_ONCE: u32 = 4;
/// How long who sends too many unknown tokens waits to be told, in milliseconds. Each of their connections sends one request
/// in that time, and not as many as it could: to refuse them all at once would cost what a kept answer costs. If all waited
/// for the same time, those that began together would come back together, and everybody else would wait for them.
const HELD_BACK: Range<u64> = 500..1_500;
/// How many requests wait for that at a time. The others are refused at once: a flood from everywhere must not fill what
/// stands in front of Kith with requests that wait.
const MOST_HELD: usize = 1_000;
/// After how many requests those are forgotten who have sent none for a while.
const FORGET: u64 = 1 << 14;

/// What requests are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Read,
    Write,
    LogIn,
    UnknownToken,
}

/// Whose requests are counted together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Whose {
    User(Box<str>),
    Address(IpAddr),
}

type Limiter = RateLimiter<Whose, DashMapStateStore<Whose>, DefaultClock, StateInformationMiddleware>;

/// The limits of all classes.
pub struct Limits {
    classes: [Class; 4],
    trusted: Vec<IpNet>,
    clock: DefaultClock,
    counted: AtomicU64,
    /// Places to wait.
    held: Semaphore,
}

struct Class {
    name: &'static str,
    limiter: Limiter,
    at_once: u32,
    /// Until one more may come.
    period: Duration,
    policy: HeaderValue,
}

/// In a request: it is one too many, and for how long any will be.
#[derive(Clone, Copy)]
pub struct Refused(pub Duration);

/// What comes of a request that was counted.
struct Counted {
    kind: Kind,
    told: Told,
    refused: Option<Refused>,
}

/// What a request is told of its class.
struct Told {
    policy: HeaderValue,
    left: String,
}

impl Class {
    fn new(name: &'static str, a_minute: NonZeroU32) -> Self {
        let at_once = NonZeroU32::new(a_minute.get() / AT_ONCE).unwrap_or(NonZeroU32::MIN);
        let period = Duration::from_mins(1) / a_minute.get();
        let window = (period * at_once.get()).as_secs_f64().ceil();
        let policy = HeaderValue::from_str(&format!("\"{name}\";q={at_once};w={window}"));
        Self {
            name,
            limiter: RateLimiter::keyed(Quota::per_minute(a_minute).allow_burst(at_once)).with_middleware(),
            at_once: at_once.get(),
            period,
            policy: policy.unwrap_or_else(|_| unreachable!("numbers are visible ASCII")),
        }
    }
}

impl Limits {
    /// None where there are to be none.
    pub fn of(config: &Config) -> Option<Self> {
        let limits = &config.rate_limits;
        let number = |number: u32| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
        limits.enabled.then(|| Self {
            classes: [
                Class::new("read", number(limits.reads_per_minute)),
                Class::new("write", number(limits.writes_per_minute)),
                Class::new("log_in", number(limits.log_ins_per_minute)),
                Class::new("unknown_token", number(limits.unknown_tokens_per_minute)),
            ],
            trusted: networks(&config.http.trusted_proxies).unwrap_or_default(),
            clock: DefaultClock::default(),
            counted: AtomicU64::new(0),
            held: Semaphore::new(MOST_HELD),
        })
    }

    /// Forgets who has sent nothing for a while.
    fn forget(&self) {
        for class in &self.classes {
            class.limiter.retain_recent();
            class.limiter.shrink_to_fit();
        }
    }

    /// Counts a request.
    fn count(&self, kind: Kind, whose: &Whose) -> Counted {
        if self.counted.fetch_add(1, Ordering::Relaxed) % FORGET == FORGET - 1 {
            self.forget();
        }
        let class = &self.classes[kind as usize];
        let (left, refused) = match class.limiter.check_key(whose) {
            Ok(state) => (state.remaining_burst_capacity(), None),
            Err(until) => {
                metrics::counter!(RATE_LIMITED, "class" => class.name).increment(1);
                (0, Some(Refused(until.wait_time_from(self.clock.now()))))
            }
        };
        let full = (class.period * (class.at_once - left.min(class.at_once))).as_secs_f64().ceil();
        let told =
            Told { policy: class.policy.clone(), left: format!("\"{}\";r={left};t={full}", class.name) };
        Counted { kind, told, refused }
    }

    fn judge(&self, app: &App, request: &Request) -> Option<Counted> {
        let kind = kind(request.method(), request.uri().path())?;
        let address = || Whose::Address(address(request, &self.trusted));
        if kind == Kind::LogIn {
            return Some(self.count(kind, &address()));
        }
        let headers = request.headers();
        if headers.contains_key(header::AUTHORIZATION) && !auth::is_remembered(app, headers) {
            // Before its signature is checked, which costs more than most answers.
            let unknown = self.count(Kind::UnknownToken, &address());
            if unknown.refused.is_some() {
                return Some(unknown);
            }
        }
        // The first request with the token of an external issuer counts for its address: nobody knows yet whose it is.
        let whose = match auth::known(app, headers) {
            Ok(Some(proof)) => proof.user().map_or_else(address, |user| Whose::User(user.into())),
            _ => address(),
        };
        Some(self.count(kind, &whose))
    }
}

/// The class of a request; none for what watches Kith.
fn kind(method: &Method, path: &str) -> Option<Kind> {
    if path.starts_with("/health/") || path == "/metrics" {
        return None;
    }
    let is_log_in = matches!(path, "/v1/users" | "/v1/sessions" | "/v1/sessions/refresh");
    Some(match *method {
        Method::POST if is_log_in => Kind::LogIn,
        Method::GET | Method::HEAD | Method::OPTIONS => Kind::Read,
        _ => Kind::Write,
    })
}

/// Where a request comes from: the peer, or if that is one of ours, whom it names last who is not.
fn address(request: &Request, trusted: &[IpNet]) -> IpAddr {
    let peer = request.remote_addr().as_socket_addr().map(std::net::SocketAddr::ip);
    let peer = peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)).to_canonical();
    let is_ours = |address: &IpAddr| trusted.iter().any(|network| network.contains(address));
    let mut nearest = peer;
    if is_ours(&peer) {
        let named: Vec<&str> = request
            .headers()
            .get_all("x-forwarded-for")
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .collect();
        for text in named.into_iter().rev() {
            let Some(address) = parsed(text.trim()) else { break };
            nearest = address;
            if !is_ours(&address) {
                break;
            }
        }
    }
    network(nearest)
}

/// What counts as one address: of IPv6 the network, for a home has as many addresses as it likes.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        address @ IpAddr::V4(_) => address,
    }
}

/// An address with or without a port.
fn parsed(text: &str) -> Option<IpAddr> {
    let bare = text.trim_start_matches('[').split(']').next().unwrap_or_default();
    let address = text.parse::<std::net::SocketAddr>().map(|address| address.ip());
    bare.parse().or(address).ok().map(|address: IpAddr| address.to_canonical())
}

/// Counts requests, and marks those that are too many.
pub async fn limit<E: Endpoint<Output = Response>>(
    endpoint: Arc<E>,
    app: Arc<App>,
    limits: Arc<Limits>,
    mut request: Request,
) -> poem::Result<Response> {
    let Some(Counted { kind, told, refused }) = limits.judge(&app, &request) else {
        return endpoint.call(request).await;
    };
    if let Some(refused) = refused {
        request.set_data(refused);
        if kind == Kind::UnknownToken
            && let Ok(_place) = limits.held.try_acquire()
        {
            let held_back = rand::rng().random_range(HELD_BACK);
            tokio::time::sleep(Duration::from_millis(held_back)).await;
        }
    }
    let mut response = endpoint.call(request).await?;
    let headers = response.headers_mut();
    // What is left to one client says nothing to the others who get the same answer from a shared cache.
    let shared = |value: &HeaderValue| value.to_str().is_ok_and(|text| text.contains("s-maxage"));
    if headers.get(header::CACHE_CONTROL).is_some_and(shared) {
        return Ok(response);
    }
    headers.insert(RATE_LIMIT_POLICY.clone(), told.policy);
    if let Ok(left) = HeaderValue::from_str(&told.left) {
        headers.insert(RATE_LIMIT.clone(), left);
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(forwarded: &[&str], trusted: &str) -> String {
        let mut request = Request::builder();
        for value in forwarded {
            request = request.header("x-forwarded-for", *value);
        }
        address(&request.finish(), &networks(trusted).expect("networks")).to_string()
    }

    #[test]
    fn only_our_own_proxies_tell_where_a_request_comes_from() {
        // A request of a test has no peer: that is 0.0.0.0.
        assert_eq!(from(&["9.9.9.9"], ""), "0.0.0.0");
        assert_eq!(from(&["9.9.9.9"], "10.0.0.0/8"), "0.0.0.0");
        let ours = "0.0.0.0, 10.0.0.0/8";
        assert_eq!(from(&[], ours), "0.0.0.0");
        assert_eq!(from(&["9.9.9.9"], ours), "9.9.9.9");
        // What a client makes up stands on the left.
        assert_eq!(from(&["1.1.1.1, 9.9.9.9"], ours), "9.9.9.9");
        assert_eq!(from(&["1.1.1.1", "9.9.9.9, 10.1.2.3"], ours), "9.9.9.9");
        assert_eq!(from(&["nonsense, 10.1.2.3"], ours), "10.1.2.3");
        assert_eq!(from(&["9.9.9.9:4711"], ours), "9.9.9.9");
        assert_eq!(from(&["::ffff:9.9.9.9"], ours), "9.9.9.9");
        assert_eq!(from(&["[2001:db8:1:2:3:4:5:6]:443"], ours), "2001:db8:1:2::");
        assert_eq!(from(&["2001:db8:1:2:9:9:9:9"], ours), "2001:db8:1:2::");
    }

    #[test]
    fn what_watches_kith_is_never_too_much() {
        let kind = |method: Method, path| kind(&method, path);
        assert_eq!((kind(Method::GET, "/health/ready"), kind(Method::GET, "/metrics")), (None, None));
        assert_eq!(kind(Method::POST, "/v1/sessions"), Some(Kind::LogIn));
        assert_eq!(kind(Method::GET, "/v1/users"), Some(Kind::Read));
        assert_eq!(kind(Method::DELETE, "/v1/me"), Some(Kind::Write));
    }
}
