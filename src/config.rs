//! The configuration: `default.toml`, then `kith.toml`, then the environment.

mod identity;
mod layers;

use std::{net::IpAddr, path::Path, time::Duration};

use ipnet::IpNet;
use poem::http::{HeaderName, HeaderValue};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use layers::Layers;

pub use identity::{IssuerConfig, ServiceConfig, is_confidential};

use crate::http::cors::Origins;

/// The commented defaults, which are the manual.
pub const DEFAULTS: &str = include_str!("default.toml");

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub http: HttpConfig,
    pub store: StoreConfig,
    pub auth: AuthConfig,
    pub limits: Limits,
    pub cache: CacheConfig,
    pub broker: BrokerConfig,
    pub cdn: CdnConfig,
    pub rate_limits: RateLimits,
    pub log: LogConfig,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct HttpConfig {
    pub listen: String,
    #[serde(deserialize_with = "empty_is_none")]
    pub public_url: Option<String>,
    pub cors_origins: String,
    pub trusted_proxies: String,
    pub max_connections: usize,
    pub connections_per_address: usize,
    #[serde(with = "seconds")]
    pub request_timeout: Duration,
    #[serde(with = "seconds")]
    pub body_timeout: Duration,
    #[serde(with = "seconds")]
    pub idle_timeout: Duration,
    #[serde(with = "seconds")]
    pub shutdown_timeout: Duration,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct StoreConfig {
    pub uri: String,
    pub user: String,
    pub password: Secret,
    #[serde(deserialize_with = "empty_is_none")]
    pub database: Option<String>,
    pub pool_size: usize,
    pub max_waiting: usize,
    #[serde(with = "seconds")]
    pub timeout: Duration,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AuthConfig {
    pub local_accounts: bool,
    pub signing_key: Secret,
    pub other_keys: Secret,
    pub sealing_key: Secret,
    #[serde(with = "seconds")]
    pub access_token_ttl: Duration,
    #[serde(with = "seconds")]
    pub refresh_token_ttl: Duration,
    #[serde(with = "seconds")]
    pub issuer_refresh: Duration,
    #[serde(with = "seconds")]
    pub issuer_brake: Duration,
    #[serde(with = "seconds")]
    pub issuer_max_age: Duration,
    pub issuers: Vec<IssuerConfig>,
    pub services: Vec<ServiceConfig>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    pub post_chars: usize,
    pub comment_chars: usize,
    /// 0 stands for no limit.
    pub posts_per_day: u32,
    pub body_bytes: usize,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct CacheConfig {
    /// 0 keeps nothing.
    pub megabytes: u64,
    #[serde(with = "seconds")]
    pub max_age: Duration,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct BrokerConfig {
    #[serde(deserialize_with = "empty_is_none")]
    pub url: Option<String>,
    pub user: String,
    pub password: Secret,
}

impl BrokerConfig {
    /// The addresses in its URL.
    pub fn servers(&self) -> Result<Vec<async_nats::ServerAddr>, std::io::Error> {
        self.url.iter().flat_map(|urls| urls.split(',')).map(|url| url.trim().parse()).collect()
    }
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct CdnConfig {
    #[serde(with = "seconds_or_none")]
    pub max_age: Option<Duration>,
    #[serde(deserialize_with = "empty_is_none")]
    pub purge_url: Option<String>,
    pub purge_header: Secret,
}

impl CdnConfig {
    /// What goes with each call, if it is one header.
    pub fn header(&self) -> Option<Option<(HeaderName, HeaderValue)>> {
        let header = self.purge_header.expose();
        if header.is_empty() {
            return Some(None);
        }
        let (name, value) = header.split_once(':')?;
        let mut value = HeaderValue::from_str(value.trim()).ok()?;
        value.set_sensitive(true);
        Some(Some((name.trim().parse().ok()?, value)))
    }
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimits {
    pub enabled: bool,
    pub reads_per_minute: u32,
    pub writes_per_minute: u32,
    pub log_ins_per_minute: u32,
    pub unknown_tokens_per_minute: u32,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct LogConfig {
    pub format: LogFormat,
    pub level: String,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    Text,
    Json,
}

/// A value that no log, error or printed configuration shows.
#[derive(Clone, Default, Deserialize, PartialEq, Eq)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(hidden)")
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(if self.0.is_empty() { "" } else { "(hidden)" })
    }
}

impl Config {
    /// Reads every layer. The error names the key that is at fault.
    pub fn load() -> Result<Self, ConfigError> {
        let (file, required) = match std::env::var_os("KITH_CONFIG") {
            Some(path) => (path, true),
            None => ("kith.toml".into(), false),
        };
        Layers::defaults()?.file(Path::new(&file), required)?.environment(std::env::vars_os())?.into_config()
    }

    /// The defaults alone, which tests start from.
    pub fn defaults() -> Self {
        Layers::defaults()
            .and_then(Layers::into_config)
            .unwrap_or_else(|error| unreachable!("default.toml: {error}"))
    }

    /// What is in force, with secrets hidden.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).unwrap_or_else(|error| unreachable!("a configuration is TOML: {error}"))
    }

    /// What the types do not tell.
    fn check(&self) -> Result<(), ConfigError> {
        let wrong = |key: &str, message: &str| Err(ConfigError(format!("{key}: {message}")));
        if self.http.listen.parse::<std::net::SocketAddr>().is_err() {
            return wrong("http.listen", "must be an address and a port, such as 127.0.0.1:3000");
        }
        if self.http.public_url.as_deref().is_some_and(|url| !is_web_address(url)) {
            return wrong(
                "http.public_url",
                "must be an http(s) URL without query and without a slash at its end",
            );
        }
        let schemes = ["embedded:", "bolt://", "bolt+s://", "neo4j://", "neo4j+s://"];
        let place = schemes.iter().find_map(|scheme| self.store.uri.strip_prefix(scheme));
        match place {
            Some("") => return wrong("store.uri", "must name a folder or a server"),
            Some(place) if place.contains('@') && !self.store.uri.starts_with("embedded:") => {
                return wrong("store.uri", "must not hold credentials: store.user and store.password do");
            }
            Some(_) => {}
            None => {
                return wrong(
                    "store.uri",
                    "must start with embedded:, bolt://, bolt+s://, neo4j:// or neo4j+s://",
                );
            }
        }
        if let Some(url) = &self.broker.url {
            if self.broker.servers().is_err() {
                return wrong(
                    "broker.url",
                    "must be addresses such as nats://localhost:4222, with commas between",
                );
            }
            if url.contains('@') {
                return wrong("broker.url", "must not hold credentials: broker.user and broker.password do");
            }
            if self.store.uri.starts_with("embedded:") {
                return wrong(
                    "broker.url",
                    "must be empty with an embedded graph, which has one instance only",
                );
            }
        }
        if networks(&self.http.trusted_proxies).is_none() {
            return wrong("http.trusted_proxies", "must be addresses or networks, with commas between");
        }
        if Origins::parse(&self.http.cors_origins).is_err() {
            return wrong(
                "http.cors_origins",
                "must be origins such as https://app.example.com, with commas between, or *",
            );
        }
        if let Some(fault) = identity::fault_of_issuers(&self.auth.issuers) {
            return wrong("auth.issuers", &fault);
        }
        if let Some(fault) = identity::fault_of_services(&self.auth.services) {
            return wrong("auth.services", &fault);
        }
        if self.cdn.purge_url.as_deref().is_some_and(|url| !is_web_address(url)) {
            return wrong(
                "cdn.purge_url",
                "must be an http(s) URL without query and without a slash at its end",
            );
        }
        if self.cdn.header().is_none() {
            return wrong("cdn.purge_header", "must be a header, such as `Fastly-Key: …`");
        }
        let positive = [
            ("http.max_connections", self.http.max_connections),
            ("http.connections_per_address", self.http.connections_per_address),
            ("store.pool_size", self.store.pool_size),
            ("store.max_waiting", self.store.max_waiting),
            ("rate_limits.reads_per_minute", self.rate_limits.reads_per_minute as usize),
            ("rate_limits.writes_per_minute", self.rate_limits.writes_per_minute as usize),
            ("rate_limits.log_ins_per_minute", self.rate_limits.log_ins_per_minute as usize),
            ("rate_limits.unknown_tokens_per_minute", self.rate_limits.unknown_tokens_per_minute as usize),
            ("limits.post_chars", self.limits.post_chars),
            ("limits.comment_chars", self.limits.comment_chars),
            ("limits.body_bytes", self.limits.body_bytes),
        ];
        if let Some((key, _)) = positive.iter().find(|(_, number)| *number == 0) {
            return wrong(key, "must be at least 1");
        }
        if tracing_subscriber::EnvFilter::try_new(&self.log.level).is_err() {
            return wrong("log.level", "must be a level or directives such as info,kith::store=debug");
        }
        Ok(())
    }
}

/// Why the configuration cannot be used. It names the key at fault, and never a value, which may be a secret.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

/// Addresses and networks separated by commas; nothing if one of them is neither.
pub fn networks(list: &str) -> Option<Vec<IpNet>> {
    let parse = |text: &str| text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).ok();
    list.split(',').map(str::trim).filter(|text| !text.is_empty()).map(parse).collect()
}

fn is_web_address(url: &str) -> bool {
    url.parse::<poem::http::Uri>().is_ok_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.host().is_some_and(|host| !host.is_empty())
            && uri.query().is_none()
            && !url.ends_with('/')
    })
}

fn empty_is_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Some(String::deserialize(deserializer)?).filter(|text| !text.is_empty()))
}

/// Where 0 stands for none.
mod seconds_or_none {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
        let seconds = f64::deserialize(deserializer)?;
        let duration = Duration::try_from_secs_f64(seconds);
        duration
            .map(|duration| Some(duration).filter(|duration| !duration.is_zero()))
            .map_err(|_| D::Error::custom(format!("{seconds} is no number of seconds")))
    }

    #[expect(clippy::ref_option, reason = "serde's interface")]
    pub fn serialize<S: Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(duration.unwrap_or_default().as_secs_f64())
    }
}

mod seconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        let seconds = f64::deserialize(deserializer)?;
        Duration::try_from_secs_f64(seconds)
            .ok()
            .filter(|duration| !duration.is_zero())
            .ok_or_else(|| D::Error::custom(format!("{seconds} is not a positive number of seconds")))
    }

    pub fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(duration.as_secs_f64())
    }
}
