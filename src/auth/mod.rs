//! Who is asking: passwords, access tokens, sessions with rotating refresh tokens, and tokens of other issuers, of
//! programs and of services.

pub mod api;
mod attempts;
mod identities;
mod issuers;
mod keys;
mod memory;
mod passwords;
mod personal;
pub mod personal_api;
mod proof;
pub mod queries;
mod role;
mod secrets;
mod services;
mod sessions;
mod suspension;
mod together;
mod tokens;
mod viewer;

pub use attempts::Attempts;
pub use issuers::Issuers;
pub use keys::Keys;
pub use passwords::Passwords;
pub use personal::PersonalTokens;
pub use proof::{Account, Proof, Vouched, is_good, is_remembered, known};
pub use role::Role;
pub use services::{ACT_AS, Services};
pub use sessions::Sessions;
pub use suspension::Suspension;
pub use tokens::{Claims, Tokens};
pub use viewer::{Admin, Holder, Moderator, Reader, Viewer};
