//! Somebody who is logged in.

use std::error::Error;

use kith::{app::App, auth::queries::OpenSession, clock::new_id};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

#[derive(Clone)]
pub struct Viewer {
    pub id: String,
    pub token: String,
}

pub async fn open_session(app: &App, user: &str) -> Result<String> {
    let (session, now) = (new_id(), app.clock.now());
    let expires_at = now.0 + 86_400_000_000;
    let open = OpenSession {
        user: user.to_owned(),
        session: session.clone(),
        hash: new_id(),
        now: now.0,
        expires_at,
    };
    app.store.run(&open).await?;
    Ok(app.tokens.issue(user, &session, now)?)
}
