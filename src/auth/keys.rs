//! The secrets: what signs tokens, whose tokens are good as well, and what seals all else.

use std::{io::Write, path::Path};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{config::Config, store::embedded_folder};

/// Ed25519 keys, and the key of everything that is neither a token nor meant for others.
pub struct Keys {
    pub signing: [u8; 32],
    /// Whose tokens are good as well.
    pub others: Vec<[u8; 32]>,
    /// What other keys are [derived](crate::app::derived_key) from. It stays what it is when the signing key changes.
    pub sealing: [u8; 32],
}

impl Keys {
    /// One for all.
    pub fn of(secret: [u8; 32]) -> Self {
        Self { signing: secret, others: Vec::new(), sealing: secret }
    }

    /// The configured ones. The message names the setting at fault.
    pub fn configured(config: &Config) -> Result<Self, String> {
        let named = |name: &str, error: String| format!("auth.{name}: {error}");
        let signing = signing_secret(config).map_err(|error| named("signing_key", error))?;
        let others = config.auth.other_keys.expose().split(',').map(str::trim).filter(|key| !key.is_empty());
        let others =
            others.map(decode).collect::<Result<_, _>>().map_err(|error| named("other_keys", error))?;
        let sealing = match config.auth.sealing_key.expose() {
            "" => signing,
            key => decode(key).map_err(|error| named("sealing_key", error))?,
        };
        Ok(Self { signing, others, sealing })
    }
}

/// The configured secret, or the one in the data folder, which is made on first start.
fn signing_secret(config: &Config) -> Result<[u8; 32], String> {
    let configured = config.auth.signing_key.expose();
    if !configured.is_empty() {
        return decode(configured);
    }
    let folder = embedded_folder(&config.store.uri).unwrap_or_else(|| "data".into());
    let path = folder.join("signing.key");
    match std::fs::read_to_string(&path) {
        Ok(text) => decode(text.trim()).map_err(|error| format!("{}: {error}", path.display())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let secret: [u8; 32] = rand::random();
            create(&folder, &path, &URL_SAFE_NO_PAD.encode(secret)).map_err(|error| {
                format!(
                    "it is empty, and a new key cannot be kept as {}: {error}. Set KITH_AUTH__SIGNING_KEY, to the \
                     same key for all instances that serve one graph",
                    path.display()
                )
            })?;
            Ok(secret)
        }
        Err(error) => Err(format!("{}: {error}", path.display())),
    }
}

fn decode(text: &str) -> Result<[u8; 32], String> {
    URL_SAFE_NO_PAD
        .decode(text)
        .ok()
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| "must be 32 bytes in unpadded base64url".to_owned())
}

/// Writes the key so that nobody else can read it, and so that a crash leaves no half a key.
fn create(folder: &Path, path: &Path, text: &str) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let draft = folder.join("signing.key.new");
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(draft, path)
}
