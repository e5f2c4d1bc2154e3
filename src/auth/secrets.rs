//! Secrets that only their hashes are kept of.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

/// 256 random bits behind a prefix, and the hash that alone is kept. Nobody can guess what it was: a slow hash, as for
/// passwords, would make requests slow and guessing no harder.
pub fn generate(prefix: &str) -> (String, String) {
    let secret: [u8; 32] = rand::random();
    let token = format!("{prefix}{}", URL_SAFE_NO_PAD.encode(secret));
    let hash = hash_of(&token);
    (token, hash)
}

pub fn hash_of(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(token.as_bytes()))
}
