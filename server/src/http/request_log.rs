//! One line in the log and one sample in the metrics for each request.

use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument as _;

use crate::telemetry::names;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Drawn here for each request, never taken from it; it is the reference that a
/// person reads out and an operator finds in the log.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

/// Queries are not logged: the sign-in's codes stand there.
pub(super) async fn request_log(mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = RequestId(uuid::Uuid::new_v4().simple().to_string());
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let route = matched.map_or("none".to_owned(), |path| path.as_str().to_owned());
    request.extensions_mut().insert(id.clone());
    let span = tracing::info_span!("request", id = id.0, %method, path);
    let mut response = next.run(request).instrument(span.clone()).await;
    let status = response.status().as_u16();
    let seconds = started.elapsed().as_secs_f64();
    metrics::counter!(
        names::HTTP_REQUESTS,
        "method" => method.to_string(), "route" => route.clone(), "status" => status.to_string(),
    )
    .increment(1);
    metrics::histogram!(names::HTTP_SECONDS, "route" => route).record(seconds);
    let _entered = span.enter();
    tracing::info!(status, seconds, "answered");
    if let Ok(value) = HeaderValue::from_str(&id.0) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}
