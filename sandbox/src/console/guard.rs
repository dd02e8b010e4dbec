//! Who may change something: the console's own page, and clients that are no browsers.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// Refuses a change that another site asks a browser for, and any request under a name
/// that is not loopback (a name can be made to point here).
pub(super) async fn own_site_only(request: Request, next: Next) -> Response {
    let headers = request.headers();
    if !host_is_loopback(headers) {
        return refused("the console answers on loopback names only");
    }
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    if !reads && !is_own_site(headers) {
        return refused("the request comes from another site");
    }
    let mut response = next.run(request).await;
    for (name, value) in HEADERS {
        let name = header::HeaderName::from_static(name);
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

fn host_is_loopback(headers: &HeaderMap) -> bool {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let name = host.map(|host| host.rsplit_once(':').map_or(host, |(name, _)| name));
    matches!(name, Some("127.0.0.1" | "localhost" | "[::1]"))
}

/// A browser says where a request comes from; what says nothing is no browser.
fn is_own_site(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    match (text("sec-fetch-site"), text("origin")) {
        (Some(site), _) => site == "same-origin",
        (None, Some(origin)) => {
            let host = text("host").unwrap_or_default();
            origin == format!("http://{host}")
        }
        (None, None) => true,
    }
}

fn refused(why: &'static str) -> Response {
    (StatusCode::FORBIDDEN, why).into_response()
}

const HEADERS: [(&str, &str); 4] = [
    (
        "content-security-policy",
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cache-control", "no-store"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |&(name, value): &(&'static str, &'static str)| {
            (
                header::HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn another_site_may_not_pull_levers() {
        let host = ("host", "127.0.0.1:9000");
        assert!(is_own_site(&headers(&[host])));
        assert!(is_own_site(&headers(&[
            host,
            ("origin", "http://127.0.0.1:9000")
        ])));
        assert!(is_own_site(&headers(&[
            host,
            ("sec-fetch-site", "same-origin")
        ])));
        assert!(!is_own_site(&headers(&[
            host,
            ("origin", "http://evil.example")
        ])));
        assert!(!is_own_site(&headers(&[host, ("origin", "null")])));
        assert!(!is_own_site(&headers(&[
            host,
            ("sec-fetch-site", "same-site")
        ])));
    }

    #[test]
    fn a_foreign_name_is_refused() {
        assert!(host_is_loopback(&headers(&[("host", "localhost:9000")])));
        assert!(!host_is_loopback(&headers(&[(
            "host",
            "rebound.example:9000"
        )])));
        assert!(!host_is_loopback(&headers(&[])));
    }
}
