//! Health and metrics: what an operator and an orchestrator ask.

use std::{sync::Arc, time::Duration};

use metrics_exporter_prometheus::PrometheusHandle;
use poem::{IntoResponse, Response, handler, http::StatusCode, web::Data};
use poem_openapi::{Object, OpenApi};
use serde::Serialize;

use super::answer::Json;
use crate::{app::App, error::Error, section::Section, system::Ping};

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

/// How long the graph may take to prove that it answers.
const READY_DEADLINE: Duration = Duration::from_secs(2);

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
        self.app.store.run_within(READY_DEADLINE, &Ping {}).await?;
        Ok(healthy())
    }
}

fn healthy() -> Json<Health> {
    Json::new(&Health { status: "ok".to_owned() }).with_header(poem::http::header::CACHE_CONTROL, "no-store")
}

#[handler]
#[expect(clippy::needless_pass_by_value, reason = "an extractor is passed by value")]
pub fn metrics_page(handle: Data<&PrometheusHandle>) -> Response {
    handle.run_upkeep();
    (StatusCode::OK, handle.render())
        .with_content_type("text/plain; version=0.0.4; charset=utf-8")
        .into_response()
}
