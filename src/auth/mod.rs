//! Who is asking: passwords, access tokens, sessions with rotating refresh tokens, and tokens of other issuers.

pub mod api;
mod attempts;
mod identities;
mod issuers;
mod keys;
mod passwords;
mod proof;
pub mod queries;
mod sessions;
mod tokens;
mod viewer;

pub use attempts::Attempts;
pub use issuers::Issuers;
pub use keys::Keys;
pub use passwords::Passwords;
pub use proof::{Proof, is_good, is_remembered, known};
pub use sessions::Sessions;
pub use tokens::{Claims, Tokens};
pub use viewer::{Means, Reader, Viewer};
