//! Kith: a graph-database backed social API.
//!
//! `openapi.rs` lists the slices; each is a noun of the product. `store` runs their statements, `http` is what
//! every request passes through.

pub mod accounts;
pub mod admin;
pub mod app;
pub mod auth;
pub mod cache;
pub mod cdn;
pub mod clock;
pub mod comments;
pub mod config;
pub mod cypher;
pub mod error;
pub mod export;
pub mod feeds;
pub mod follows;
pub mod graph;
pub mod http;
pub mod idempotency;
pub mod import;
pub mod moderation;
pub mod openapi;
pub mod page;
pub mod peers;
pub mod posts;
pub mod privacy;
pub mod reactions;
pub mod scope;
pub mod section;
pub mod store;
pub mod system;
pub mod telemetry;
pub mod text;
pub mod threads;
pub mod updates;
pub mod users;

/// Every bound statement, for the guards in `tests/it/cypher.rs`.
pub fn statements() -> Vec<cypher::Statement> {
    [
        accounts::queries::STATEMENTS,
        admin::queries::STATEMENTS,
        admin::reports::STATEMENTS,
        app::STATEMENTS,
        auth::queries::STATEMENTS,
        comments::queries::STATEMENTS,
        feeds::queries::STATEMENTS,
        follows::queries::STATEMENTS,
        graph::queries::STATEMENTS,
        idempotency::STATEMENTS,
        import::queries::STATEMENTS,
        moderation::queries::STATEMENTS,
        posts::queries::STATEMENTS,
        export::queries::STATEMENTS,
        privacy::queries::STATEMENTS,
        reactions::queries::STATEMENTS,
        store::SCHEMA_STATEMENTS,
        system::STATEMENTS,
        users::queries::STATEMENTS,
    ]
    .concat()
}
