//! The headers of every response.

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use leptos::config::LeptosOptions;
use leptos::nonce::Nonce;
use url::Url;

use crate::http::AppState;

const FIXED: [(HeaderName, &str); 5] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    // The page's own address is needed after a plain form, and by nobody else.
    (header::REFERRER_POLICY, "same-origin"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
];

/// Two years, as the preload list asks for.
const HSTS: &str = "max-age=63072000; includeSubDomains";

/// Draws the request's nonce, hands it to the pages and names it in the
/// response's content security policy.
pub async fn set_headers(
    State(state): State<AppState>,
    mut request: Request,
    next: Next,
) -> Response {
    let nonce = Nonce::new();
    request.extensions_mut().insert(nonce.clone());
    let mut response = next.run(request).await;
    let policy = content_security_policy(
        &nonce,
        &state.provider().origins(),
        state.reload_socket(),
    );
    let headers = response.headers_mut();
    for (name, value) in FIXED {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if state.config().server.public_origin.is_https() {
        headers.insert(
            header::STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static(HSTS),
        );
    }
    match HeaderValue::from_str(&policy) {
        Ok(policy) => headers.insert(header::CONTENT_SECURITY_POLICY, policy),
        // Origins and nonces are ASCII; without a policy nothing may run.
        Err(_) => headers.insert(
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("default-src 'none'"),
        ),
    };
    // What a page shows belongs to who was signed in when it was drawn.
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}

/// The socket by which `cargo leptos watch` tells an open page that it was built
/// anew. Leptos puts the script for it into the page under the same condition.
pub fn reload_socket(options: &LeptosOptions, origin: &Url) -> Option<String> {
    std::env::var_os("LEPTOS_WATCH")?;
    let port = options.reload_external_port.unwrap_or(options.reload_port);
    Some(format!("ws://{}:{port}", origin.host_str()?))
}

/// `provider_origins`: a form may lead to the provider by a redirect (sign-out,
/// or a sign-in that must be renewed), and browsers hold `form-action` against
/// the redirect too.
fn content_security_policy(
    nonce: &str,
    provider_origins: &[String],
    reload_socket: Option<&str>,
) -> String {
    let reload = reload_socket.map_or_else(String::new, |socket| format!(" {socket}"));
    let forms: String = provider_origins
        .iter()
        .map(|origin| format!(" {origin}"))
        .collect();
    format!(
        "default-src 'self'; \
         script-src 'strict-dynamic' 'nonce-{nonce}' 'wasm-unsafe-eval'; \
         style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'{reload}; \
         object-src 'none'; base-uri 'none'; form-action 'self'{forms}; \
         frame-ancestors 'none'"
    )
}
