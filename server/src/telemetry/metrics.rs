//! Metrics for Prometheus, on a listener of their own.

use std::sync::OnceLock;

use axum::Router;
use axum::http::header;
use axum::routing::get;
use metrics_exporter_prometheus::{
    BuildError, Matcher, PrometheusBuilder, PrometheusHandle,
};

/// Names of metrics, one place for all.
pub mod names {
    /// Counter; labels `method`, `route`, `status`.
    pub const HTTP_REQUESTS: &str = "sluice_http_requests_total";
    /// Histogram; label `route`.
    pub const HTTP_SECONDS: &str = "sluice_http_request_duration_seconds";
    /// Counter; label `outcome`.
    pub const SIGN_INS: &str = "sluice_sign_ins_total";
}

const SECONDS_BUCKETS: [f64; 9] = [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

#[derive(Debug, thiserror::Error)]
pub enum MetricsError {
    #[error("the metrics cannot be set up")]
    Build(#[source] BuildError),
}

/// The process's recorder, installed on the first call.
pub fn recorder() -> Result<PrometheusHandle, MetricsError> {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    if let Some(handle) = HANDLE.get() {
        return Ok(handle.clone());
    }
    let recorder = PrometheusBuilder::new()
        .set_buckets_for_metric(
            Matcher::Full(names::HTTP_SECONDS.to_owned()),
            &SECONDS_BUCKETS,
        )
        .map_err(MetricsError::Build)?
        .build_recorder();
    let handle = recorder.handle();
    if metrics::set_global_recorder(recorder).is_ok() {
        metrics::describe_counter!(names::HTTP_REQUESTS, "Requests answered.");
        metrics::describe_histogram!(
            names::HTTP_SECONDS,
            "Seconds to the response's head."
        );
        metrics::describe_counter!(names::SIGN_INS, "Sign-ins by their outcome.");
    }
    Ok(HANDLE.get_or_init(|| handle).clone())
}

/// `GET /metrics`, and nothing else.
pub fn metrics_router(handle: PrometheusHandle) -> Router {
    Router::new().route(
        "/metrics",
        get(move || async move {
            handle.run_upkeep();
            (
                [(header::CONTENT_TYPE, "text/plain; version=0.0.4")],
                handle.render(),
            )
        }),
    )
}
