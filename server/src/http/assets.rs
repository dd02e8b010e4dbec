//! The browser's part of the pages, from the folder where the build put it.

use std::path::Path;

use axum::Router;
use axum::http::{HeaderValue, header};
use tower::ServiceBuilder;
use tower_http::services::ServeDir;
use tower_http::set_header::SetResponseHeaderLayer;

/// `/pkg/…`, compressed where the build left a compressed file beside. Names
/// carry no hash, so that a browser asks each time whether its copy still holds.
pub(super) fn add<S>(router: Router<S>, assets_dir: &Path) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    let files = ServeDir::new(assets_dir)
        .precompressed_br()
        .append_index_html_on_directories(false);
    let service = ServiceBuilder::new()
        .layer(SetResponseHeaderLayer::overriding(
            header::CACHE_CONTROL,
            HeaderValue::from_static("no-cache"),
        ))
        .service(files);
    router.route_service("/pkg/{*file}", service)
}
