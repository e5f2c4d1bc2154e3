//! The configuration: `default.toml`, then `kith.toml`, then the environment.

use std::{path::Path, time::Duration};

use config::{Environment, File, FileFormat};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The commented defaults, which are the manual.
pub const DEFAULTS: &str = include_str!("default.toml");

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub http: HttpConfig,
    pub store: StoreConfig,
    pub auth: AuthConfig,
    pub limits: Limits,
    pub rate_limits: RateLimits,
    pub log: LogConfig,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct HttpConfig {
    pub listen: String,
    #[serde(deserialize_with = "empty_is_none")]
    pub public_url: Option<String>,
    #[serde(with = "seconds")]
    pub request_timeout: Duration,
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
    #[serde(with = "seconds")]
    pub timeout: Duration,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AuthConfig {
    pub local_accounts: bool,
    pub signing_key: Secret,
    #[serde(with = "seconds")]
    pub access_token_ttl: Duration,
    #[serde(with = "seconds")]
    pub refresh_token_ttl: Duration,
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
pub struct RateLimits {
    pub enabled: bool,
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
    pub fn load() -> Result<Self, config::ConfigError> {
        let (file, required) = match std::env::var("KITH_CONFIG") {
            Ok(path) => (path, true),
            Err(_) => ("kith.toml".to_owned(), false),
        };
        Self::from_layers(Some((Path::new(&file), required)), |name| std::env::var(name).ok())
    }

    /// The defaults alone, which tests start from.
    pub fn defaults() -> Self {
        Self::from_layers(None, |_| None).unwrap_or_else(|error| unreachable!("default.toml: {error}"))
    }

    /// What is in force, with secrets hidden.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).unwrap_or_else(|error| unreachable!("a configuration is TOML: {error}"))
    }

    fn from_layers(
        file: Option<(&Path, bool)>,
        _environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, config::ConfigError> {
        let mut builder = config::Config::builder().add_source(File::from_str(DEFAULTS, FileFormat::Toml));
        if let Some((path, required)) = file {
            builder =
                builder.add_source(File::from(path).format(FileFormat::Toml).required(required)).add_source(
                    Environment::with_prefix("KITH").prefix_separator("_").separator("__").try_parsing(true),
                );
        }
        let config: Self = builder.build()?.try_deserialize()?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), config::ConfigError> {
        let wrong = |key: &str, message: &str| Err(config::ConfigError::Message(format!("{key}: {message}")));
        if self.http.listen.parse::<std::net::SocketAddr>().is_err() {
            return wrong("http.listen", "must be an address and a port, such as 127.0.0.1:3000");
        }
        let schemes = ["embedded:", "bolt://", "bolt+s://", "neo4j://", "neo4j+s://"];
        if !schemes.iter().any(|scheme| self.store.uri.starts_with(scheme)) {
            return wrong(
                "store.uri",
                "must start with embedded:, bolt://, bolt+s://, neo4j:// or neo4j+s://",
            );
        }
        if self.store.pool_size == 0 {
            return wrong("store.pool_size", "must be at least 1");
        }
        if self.limits.post_chars == 0 || self.limits.comment_chars == 0 {
            return wrong("limits.post_chars and limits.comment_chars", "must be at least 1");
        }
        Ok(())
    }
}

fn empty_is_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Some(String::deserialize(deserializer)?).filter(|text| !text.is_empty()))
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
