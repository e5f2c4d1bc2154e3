//! Puts the layers around the endpoints and serves them until the process is told to stop.

use std::{future::Future, sync::Arc, time::Duration};

use metrics_exporter_prometheus::PrometheusHandle;
use poem::{
    Endpoint, EndpointExt, Route, Server,
    endpoint::make_sync,
    listener::{Acceptor, Listener, TcpListener},
    middleware::CatchPanic,
};

use super::{
    middleware::{entity_tags, limit_time, observe, problems},
    operations::metrics_page,
    routes::Routes,
};
use crate::{
    app::{App, StartError},
    error::Error,
    openapi,
};

/// Everything that Kith serves.
pub fn endpoint(app: Arc<App>, metrics: Option<PrometheusHandle>) -> impl Endpoint + 'static {
    let document = openapi::document(&app);
    let routes = Arc::new(Routes::of_document(&document));
    let service = openapi::service(&app);
    let json = serde_json::to_string_pretty(&document).unwrap_or_default();
    let yaml = openapi::to_yaml(&document);
    let swagger = openapi::swagger_page(&app, &document);
    let mut route = Route::new()
        .at("/openapi.json", text("application/json", json))
        .at("/openapi.yaml", text("application/yaml", yaml))
        .at("/docs", text("text/html; charset=utf-8", swagger))
        .nest("/", service);
    if let Some(metrics) = metrics {
        route = route.at("/metrics", poem::get(metrics_page).data(metrics));
    }
    let timeout = app.config.http.request_timeout;
    let panics = CatchPanic::new().with_handler(|_| Error::Internal("a handler panicked".into()));
    let (problem_routes, log_routes) = (Arc::clone(&routes), routes);
    route
        .data(app)
        .around(entity_tags)
        .with(panics)
        .around(move |endpoint, request| limit_time(endpoint, timeout, request))
        .around(move |endpoint, request| problems(endpoint, Arc::clone(&problem_routes), request))
        .around(move |endpoint, request| observe(endpoint, Arc::clone(&log_routes), request))
}

fn text(kind: &'static str, body: String) -> poem::RouteMethod {
    poem::get(make_sync(move |_| poem::Response::builder().content_type(kind).body(body.clone())))
}

/// Serves until `stop` resolves, then lets requests in flight finish and closes the store.
pub async fn serve(
    app: Arc<App>,
    metrics: Option<PrometheusHandle>,
    stop: impl Future<Output = ()> + Send + 'static,
    started: impl FnOnce(std::net::SocketAddr),
) -> Result<(), StartError> {
    let acceptor = TcpListener::bind(app.config.http.listen.clone())
        .into_acceptor()
        .await
        .map_err(StartError::Listen)?;
    if let Some(address) = acceptor.local_addr().first().and_then(|address| address.as_socket_addr().copied())
    {
        started(address);
    }
    let endpoint = endpoint(Arc::clone(&app), metrics);
    let grace = app.config.http.shutdown_timeout;
    let (stopping, streams) = (app.updates.clone(), Duration::from_millis(50));
    let stop = async move {
        stop.await;
        tracing::info!("stopping: requests in flight may finish");
        // Streams never end by themselves.
        stopping.close();
        tokio::time::sleep(streams).await;
    };
    let sweeper = tokio::spawn(crate::system::sweep(Arc::clone(&app)));
    let served =
        Server::new_with_acceptor(acceptor).run_with_graceful_shutdown(endpoint, stop, Some(grace)).await;
    sweeper.abort();
    app.store.close().await;
    Ok(served?)
}
