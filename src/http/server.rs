//! Puts the layers around the endpoints and serves them until the process is told to stop.

use std::{future::Future, sync::Arc, time::Duration};

use poem::{
    Endpoint, EndpointExt, Response, Route,
    endpoint::{BoxEndpoint, make_sync},
    http::header,
    middleware::SetHeader,
};
use tokio::{net::TcpListener, task::JoinSet};

use super::{
    connections,
    cors::{Origins, share},
    limits::{Limits, limit},
    middleware::{catch_panics, entity_tags, limit_time, link_next, observe, problems},
    operations::metrics_page,
    representation::represent,
    routes::Routes,
    shortcut::{Shortcuts, shortcut},
};
use crate::{
    app::{App, StartError},
    openapi,
    telemetry::Metrics,
};

/// Everything that Kith serves.
pub fn endpoint(app: Arc<App>, metrics: Option<Metrics>) -> BoxEndpoint<'static, Response> {
    let document = openapi::document(&app);
    let mut routes = Routes::of_document(&document);
    let service = openapi::service(&app);
    let json = serde_json::to_string_pretty(&document).unwrap_or_default();
    let yaml = openapi::to_yaml(&document);
    let swagger = openapi::swagger_page(&app, &document);
    let docs = text("text/html; charset=utf-8", swagger.html);
    let mut route = Route::new()
        .at("/openapi.json", text("application/json", json))
        .at("/openapi.yaml", text("application/yaml", yaml))
        .at("/docs", docs.with(SetHeader::new().overriding(header::CONTENT_SECURITY_POLICY, swagger.policy)))
        .nest("/", service);
    if let Some(metrics) = metrics {
        route = route.at("/metrics", poem::get(metrics_page).data(metrics));
        routes.add_page("/metrics");
    }
    for page in ["/openapi.json", "/openapi.yaml", "/docs"] {
        routes.add_page(page);
    }
    layered(app, route, routes)
}

/// Puts what every request passes through around an endpoint.
pub fn layered(
    app: Arc<App>,
    endpoint: impl Endpoint + 'static,
    routes: Routes,
) -> BoxEndpoint<'static, Response> {
    let (timeout, public_url) = (app.config.http.request_timeout, app.config.http.public_url.clone());
    let routes = Arc::new(routes);
    let log_routes = Arc::clone(&routes);
    let limited_app = Arc::clone(&app);
    let megabytes = app.config.cache.megabytes;
    let shortcuts = Arc::new(Shortcuts::new(Arc::clone(&app), Arc::clone(&routes), megabytes));
    let origins = Origins::parse(&app.config.http.cors_origins).ok().flatten().map(Arc::new);
    let is_secure = public_url.as_deref().is_some_and(|url| url.starts_with("https://"));
    let layered = endpoint
        .around(move |endpoint, request| link_next(endpoint, public_url.clone(), request))
        .around(represent)
        .data(app)
        .around(entity_tags)
        .around(catch_panics)
        .around(move |endpoint, request| limit_time(endpoint, timeout, request))
        .around(move |endpoint, request| problems(endpoint, Arc::clone(&routes), request))
        .around(move |endpoint, request| observe(endpoint, Arc::clone(&log_routes), is_secure, request))
        // The compiler would not take one type of all these layers.
        .boxed()
        .around(move |endpoint, request| shortcut(endpoint, Arc::clone(&shortcuts), request));
    let limits = Limits::of(&limited_app.config).map(Arc::new);
    let limited = match limits {
        Some(limits) => layered
            .around(move |endpoint, request| {
                limit(endpoint, Arc::clone(&limited_app), Arc::clone(&limits), request)
            })
            .boxed(),
        None => layered.boxed(),
    };
    match origins {
        Some(origins) => {
            limited.around(move |endpoint, request| share(endpoint, Arc::clone(&origins), request)).boxed()
        }
        None => limited,
    }
}

fn text(kind: &'static str, body: String) -> poem::RouteMethod {
    poem::get(make_sync(move |_| poem::Response::builder().content_type(kind).body(body.clone())))
}

/// Serves until `stop` resolves, then lets requests in flight finish and closes the store.
pub async fn serve(
    app: Arc<App>,
    metrics: Option<Metrics>,
    stop: impl Future<Output = ()> + Send + 'static,
    started: impl FnOnce(std::net::SocketAddr),
) -> Result<(), StartError> {
    let listen = &app.config.http.listen;
    let listener = TcpListener::bind(listen)
        .await
        .map_err(|error| StartError::Listen { address: listen.clone(), error })?;
    started(listener.local_addr()?);
    let endpoint = endpoint(Arc::clone(&app), metrics);
    let (stopping, streams) = (app.updates.clone(), Duration::from_millis(50));
    let stop = async move {
        stop.await;
        tracing::info!("stopping: requests in flight may finish");
        // Streams never end by themselves.
        stopping.close();
        tokio::time::sleep(streams).await;
    };
    let mut background = JoinSet::new();
    background.spawn(crate::system::sweep(Arc::clone(&app)));
    if !app.store.is_embedded() {
        background.spawn(crate::peers::keep_up(Arc::clone(&app)));
    }
    background.spawn(crate::feeds::heat::keep(Arc::clone(&app)));
    background.spawn(crate::privacy::mutes::end_in_time(Arc::clone(&app)));
    background.spawn(crate::moderation::end_suspensions(Arc::clone(&app)));
    background.spawn(crate::cdn::purge(Arc::clone(&app)));
    let served = connections::serve(listener, endpoint, &app.config.http, stop).await;
    background.shutdown().await;
    app.store.close().await;
    Ok(served?)
}
