//! Scopes in the document: the scheme that names them, and which of them an operation needs.

use serde_json::{Value, json};

use crate::{app::App, scope::Scope};

/// The security scheme of tokens that have scopes. OpenAPI 3.0 lets no other kind of scheme name scopes.
pub const SCOPED: &str = "scoped";

/// What the document says of that.
pub fn scheme(app: &App) -> Value {
    let issuer = app.config.auth.issuers.first().map_or("https://issuer.example.com", |one| &one.issuer);
    let meanings = Scope::ALL.map(|scope| format!("`{scope}`: {}", scope.meaning())).join(" ");
    json!({
        "type": "openIdConnect",
        "openIdConnectUrl": format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/')),
        "description": format!(
            "A bearer token that has the scope which the operation names: that of an issuer which this Kith believes \
             (`auth.issuers`), a personal token, or that of a service. {meanings}"
        ),
    })
}

/// The one that an operation needs.
pub fn of(operation: &Value) -> Scope {
    let named =
        operation["security"].as_array().into_iter().flatten().find_map(|way| way[SCOPED][0].as_str());
    Scope::ALL.into_iter().find(|scope| Some(scope.name()) == named).unwrap_or(Scope::Read)
}
