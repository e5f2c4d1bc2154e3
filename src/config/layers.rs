//! The layers of the configuration. The `config` crate reads, merges and deserialises them; here each is held
//! against the defaults first, for the crate itself would take `"yes"` for true and `3000` for text.

use std::{ffi::OsString, path::Path};

use config::{ConfigBuilder, File, FileFormat, Map, Source, Value, ValueKind, builder::DefaultState};

use super::{Config, ConfigError, DEFAULTS};

/// What leads the names of environment variables.
const PREFIX: &str = "KITH_";
/// What stands between levels in the names of environment variables.
const LEVEL: &str = "__";

pub struct Layers {
    /// Every key, with a value of its type.
    known: Map<String, Value>,
    builder: ConfigBuilder<DefaultState>,
}

impl Layers {
    pub fn defaults() -> Result<Self, ConfigError> {
        let defaults = File::from_str(DEFAULTS, FileFormat::Toml);
        let known = defaults.collect().map_err(|error| readable(&error, "default.toml"))?;
        Ok(Self { known, builder: config::Config::builder().add_source(defaults) })
    }

    /// Adds a file.
    pub fn file(mut self, path: &Path, required: bool) -> Result<Self, ConfigError> {
        let source = path.display().to_string();
        let file = File::from(path).format(FileFormat::Toml).required(required);
        let found = file.collect().map_err(|error| readable(&error, &source))?;
        check(&self.known, &found, "", &source)?;
        self.builder = self.builder.add_source(file);
        Ok(self)
    }

    /// Adds what `KITH_SECTION__KEY` variables say.
    ///
    /// Other variables that begin with `KITH_` are none of ours: Kubernetes makes some for a service named kith.
    pub fn environment(
        mut self,
        variables: impl Iterator<Item = (OsString, OsString)>,
    ) -> Result<Self, ConfigError> {
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
            let value =
                read_as(self.known.get(&section).and_then(|section| inside(section)?.get(&key)), value);
            let table = Map::from_iter([(key.clone(), value.clone())]);
            check(&self.known, &Map::from_iter([(section.clone(), Value::from(table))]), "", &source)?;
            self.builder = self
                .builder
                .set_override(format!("{section}.{key}"), value)
                .map_err(|error| readable(&error, &source))?;
        }
        Ok(self)
    }

    pub fn into_config(self) -> Result<Config, ConfigError> {
        let layered = self.builder.build().map_err(|error| readable(&error, "configuration"))?;
        let config: Config = layered.try_deserialize().map_err(|error| readable(&error, "configuration"))?;
        config.check()?;
        Ok(config)
    }
}

/// Holds what a source says against what is known.
fn check(
    known: &Map<String, Value>,
    found: &Map<String, Value>,
    path: &str,
    source: &str,
) -> Result<(), ConfigError> {
    for (key, value) in found {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        let Some(known) = known.get(key) else {
            return Err(ConfigError(format!("{path}: is not a key that Kith knows ({source})")));
        };
        let (wanted, given) = (kind(known), kind(value));
        if wanted != given && (wanted, given) != (NUMBER, WHOLE) {
            return Err(ConfigError(format!("{path}: must be {wanted}, not {given} ({source})")));
        }
        if let (Some(known), Some(value)) = (inside(known), inside(value)) {
            check(known, value, &path, source)?;
        }
    }
    Ok(())
}

fn inside(value: &Value) -> Option<&Map<String, Value>> {
    match &value.kind {
        ValueKind::Table(table) => Some(table),
        _ => None,
    }
}

/// Reads text as what the key is: a password of digits stays text.
fn read_as(known: Option<&Value>, text: String) -> Value {
    let read = match known.map(kind) {
        Some(TRUTH) => text.parse::<bool>().ok().map(Value::from),
        Some(WHOLE) => text.parse::<i64>().ok().map(Value::from),
        Some(NUMBER) => text.parse::<f64>().ok().map(Value::from),
        Some(LIST) => list(&text),
        _ => None,
    };
    read.unwrap_or_else(|| Value::from(text))
}

/// A list as a file would have it.
fn list(text: &str) -> Option<Value> {
    let file = File::from_str(&format!("list = {text}"), FileFormat::Toml);
    file.collect().ok()?.remove("list").filter(|value| kind(value) == LIST)
}

const TRUTH: &str = "true or false";
const WHOLE: &str = "a whole number";
const NUMBER: &str = "a number";
const LIST: &str = "a list";

fn kind(value: &Value) -> &'static str {
    match value.kind {
        ValueKind::Boolean(_) => TRUTH,
        ValueKind::I64(_) | ValueKind::I128(_) | ValueKind::U64(_) | ValueKind::U128(_) => WHOLE,
        ValueKind::Float(_) => NUMBER,
        ValueKind::String(_) => "text",
        ValueKind::Table(_) => "a section",
        ValueKind::Array(_) => LIST,
        ValueKind::Nil => "nothing",
    }
}

/// The crate's error without the lines of the file that it quotes, which may hold a secret.
fn readable(error: &config::ConfigError, source: &str) -> ConfigError {
    let text = error.to_string();
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    ConfigError(format!("{source}: {first}"))
}
