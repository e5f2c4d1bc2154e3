//! Health and metrics: what an operator and an orchestrator ask.

use std::sync::Arc;

use poem::{IntoResponse, Response, handler, http::StatusCode, web::Data};
use poem_openapi::{Object, OpenApi};
use serde::Serialize;

use super::answer::Json;
use crate::{app::App, error::Error, section::Section, system, telemetry::Metrics};

pub struct OperationsApi {
    pub app: Arc<App>,
}

/// How a Kith is doing.
#[derive(Debug, Object, Serialize)]
pub struct Health {
    /// Always `ok`: anything else is a problem.
    #[oai(validator(pattern = "^ok$"))]
    pub status: String,
}

#[OpenApi(tag = "Section::Operations")]
impl OperationsApi {
    /// Liveness
    ///
    /// Answers as long as the process serves requests at all.
    #[oai(path = "/health/live", method = "get", operation_id = "health_live")]
    #[expect(clippy::unused_async, reason = "poem-openapi takes nothing but async functions")]
    async fn live(&self) -> Result<Json<Health>, Error> {
        Ok(healthy())
    }

    /// Readiness
    ///
    /// Answers after a round trip to the graph, and `503 store_unavailable` when there is none within two seconds.
    #[oai(path = "/health/ready", method = "get", operation_id = "health_ready")]
    async fn ready(&self) -> Result<Json<Health>, Error> {
        system::reach_store(&self.app).await.map(|()| healthy())
    }
}

fn healthy() -> Json<Health> {
    Json::new(&Health { status: "ok".to_owned() }).private()
}

#[handler]
pub async fn metrics_page(app: Data<&Arc<App>>, metrics: Data<&Metrics>) -> Response {
    // For its metric. A store that is down is no reason to withhold the others.
    let _ = system::reach_store(&app).await;
    app.cache.report();
    (StatusCode::OK, metrics.render())
        .with_content_type("text/plain; version=0.0.4; charset=utf-8")
        .into_response()
}
