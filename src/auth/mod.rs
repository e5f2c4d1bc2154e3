//! Who is asking: passwords, access tokens, sessions with rotating refresh tokens.

pub mod api;
mod attempts;
mod keys;
mod passwords;
pub mod queries;
mod role;
mod sessions;
mod tokens;
mod viewer;

pub use attempts::Attempts;
pub use keys::Keys;
pub use passwords::Passwords;
pub use role::Role;
pub use sessions::{SessionUser, Sessions, Suspension};
pub use tokens::{Claims, Tokens};
pub use viewer::{Admin, Holder, Moderator, Reader, Viewer, claims, is_good, is_open, is_remembered};
