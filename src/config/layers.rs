//! The layers of the configuration, each checked against the defaults before it is laid over the ones below.

use std::{ffi::OsString, path::Path};

use toml::{Table, Value};

use super::{Config, ConfigError, DEFAULTS};

/// What leads the names of environment variables.
const PREFIX: &str = "KITH_";
/// What stands between levels in the names of environment variables.
const LEVEL: &str = "__";

pub struct Layers {
    merged: Table,
}

impl Layers {
    pub fn defaults() -> Result<Self, ConfigError> {
        Ok(Self { merged: parse(DEFAULTS, "default.toml")? })
    }

    /// Adds a file.
    pub fn file(&mut self, path: &Path, required: bool) -> Result<(), ConfigError> {
        let source = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => lay(&mut self.merged, parse(&text, &source)?, "", &source),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !required => Ok(()),
            Err(error) => Err(ConfigError(format!("{source}: {error}"))),
        }
    }

    /// Adds what `KITH_SECTION__KEY` variables say.
    ///
    /// Other variables that begin with `KITH_` are none of ours: Kubernetes makes some for a service named kith.
    pub fn environment(
        &mut self,
        variables: impl Iterator<Item = (OsString, OsString)>,
    ) -> Result<(), ConfigError> {
        for (name, value) in variables {
            let Some((section, key)) = name
                .to_str()
                .and_then(|name| name.strip_prefix(PREFIX))
                .and_then(|name| name.split_once(LEVEL))
            else {
                continue;
            };
            let (section, key) = (section.to_lowercase(), key.to_lowercase());
            let source = name.to_string_lossy();
            let value = value
                .into_string()
                .map_err(|_| ConfigError(format!("{section}.{key}: is not valid Unicode ({source})")))?;
            let known = self.merged.get(&section).and_then(|section| section.get(&key));
            let value = read_as(known, value);
            let layer = Table::from_iter([(section, Value::Table(Table::from_iter([(key, value)])))]);
            lay(&mut self.merged, layer, "", &source)?;
        }
        Ok(())
    }

    pub fn into_config(self) -> Result<Config, ConfigError> {
        let config: Config = Value::Table(self.merged).try_into().map_err(|error: toml::de::Error| {
            // The keys stand on a line of their own, behind the message.
            let text = error.to_string();
            let (message, keys) = text.trim().split_once("\nin `").unwrap_or((text.trim(), ""));
            ConfigError(format!("{}: {message}", keys.trim_end_matches('`')))
        })?;
        config.check()?;
        Ok(config)
    }
}

fn parse(text: &str, source: &str) -> Result<Table, ConfigError> {
    // Only the place: the line itself may hold a secret.
    text.parse().map_err(|error: toml::de::Error| {
        let at = error.span().map_or(0, |span| span.start);
        let line = text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count() + 1;
        ConfigError(format!("{source}: line {line}: {}", error.message()))
    })
}

/// Lays a table over another that knows all keys and their types.
fn lay(below: &mut Table, above: Table, path: &str, source: &str) -> Result<(), ConfigError> {
    for (key, value) in above {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        let Some(known) = below.get_mut(&key) else {
            return Err(ConfigError(format!("{path}: is not a key that Kith knows ({source})")));
        };
        match (known, value) {
            (Value::Table(known), Value::Table(value)) => lay(known, value, &path, source)?,
            (known, value) if is_like(known, &value) => *known = value,
            (known, value) => {
                let (wanted, found) = (kind(known), kind(&value));
                return Err(ConfigError(format!("{path}: must be {wanted}, not {found} ({source})")));
            }
        }
    }
    Ok(())
}

/// A fraction may stand where the default is whole; where it may not, its type refuses it.
fn is_like(known: &Value, value: &Value) -> bool {
    known.same_type(value)
        || matches!(
            (known, value),
            (Value::Integer(_), Value::Float(_)) | (Value::Float(_), Value::Integer(_))
        )
}

/// Reads text as what the key is: a password of digits stays text.
fn read_as(known: Option<&Value>, text: String) -> Value {
    let read = match known {
        Some(Value::Boolean(_)) => text.parse().ok().map(Value::Boolean),
        Some(Value::Integer(_) | Value::Float(_)) => {
            text.parse().ok().map(Value::Integer).or_else(|| text.parse().ok().map(Value::Float))
        }
        _ => None,
    };
    read.unwrap_or(Value::String(text))
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "text",
        Value::Integer(_) | Value::Float(_) => "a number",
        Value::Boolean(_) => "true or false",
        Value::Table(_) => "a section",
        Value::Array(_) => "a list",
        Value::Datetime(_) => "a date",
    }
}
