//! Proof that a request which changes something comes from a page of ours.
//!
//! Leptos' server functions have no such defence of their own, and read a body
//! whatever its Content-Type says.

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Request, header};

use super::same_secret;

/// The header that the browser's part sends with every call. A form cannot set
/// it, and a script of another site is asked for permission first, which nobody
/// here grants.
pub(super) const CALL_HEADER: &str = "x-sluice";
/// The hidden field of a plain form.
const FORM_FIELD: &str = "csrf";
const FETCH_SITE: &str = "sec-fetch-site";

/// Why a request was not taken for one of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error("it comes from another site")]
    OtherSite,
    #[error("it does not say where it comes from")]
    NoOrigin,
    #[error("it carries neither the header x-sluice nor a form with its token")]
    NoToken,
    #[error("the token of its form is not that of the session")]
    WrongToken,
    #[error("its body is too large")]
    TooLarge,
}

/// Whether the browser says that a page of `public_origin` made the request.
pub(super) fn check_origin(
    headers: &HeaderMap,
    public_origin: &str,
) -> Result<(), Refusal> {
    let origin = headers.get(header::ORIGIN).map(|value| value.as_bytes());
    match headers.get(FETCH_SITE).map(|value| value.as_bytes()) {
        Some(b"same-origin") => {}
        Some(_) => return Err(Refusal::OtherSite),
        None if origin.is_none() => return Err(Refusal::NoOrigin),
        None => {}
    }
    // Where both are sent they must agree: another host name that leads here is
    // its own origin to the browser.
    match origin {
        Some(origin) if origin != public_origin.as_bytes() => Err(Refusal::OtherSite),
        _ => Ok(()),
    }
}

/// Whether the request carries what only a page of ours knows. A form is read
/// for that, and put back.
pub(super) async fn check_token(
    request: Request<Body>,
    token: Option<&str>,
    body_limit_bytes: usize,
) -> Result<Request<Body>, Refusal> {
    if request
        .headers()
        .get(CALL_HEADER)
        .is_some_and(|value| value == "1")
    {
        return Ok(request);
    }
    let is_form = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|kind| kind.trim() == "application/x-www-form-urlencoded");
    if !is_form {
        return Err(Refusal::NoToken);
    }
    let (parts, body) = request.into_parts();
    let bytes: Bytes = axum::body::to_bytes(body, body_limit_bytes)
        .await
        .map_err(|_| Refusal::TooLarge)?;
    let sent = url::form_urlencoded::parse(&bytes)
        .find(|(name, _)| name == FORM_FIELD)
        .map(|(_, value)| value.into_owned())
        .ok_or(Refusal::NoToken)?;
    match token {
        Some(token) if same_secret(token, &sent) => {
            Ok(Request::from_parts(parts, Body::from(bytes)))
        }
        _ => Err(Refusal::WrongToken),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn only_our_own_origin_is_let_in() {
        let ours = "https://sluice.example";
        for (pairs, expected) in [
            (&[("sec-fetch-site", "same-origin")][..], Ok(())),
            (&[("origin", ours)], Ok(())),
            (
                &[("sec-fetch-site", "same-origin"), ("origin", ours)],
                Ok(()),
            ),
            (&[], Err(Refusal::NoOrigin)),
            (
                &[("sec-fetch-site", "same-site"), ("origin", ours)],
                Err(Refusal::OtherSite),
            ),
            (&[("sec-fetch-site", "cross-site")], Err(Refusal::OtherSite)),
            (&[("sec-fetch-site", "none")], Err(Refusal::OtherSite)),
            (&[("origin", "null")], Err(Refusal::OtherSite)),
            (
                &[("origin", "https://sluice.example.evil")],
                Err(Refusal::OtherSite),
            ),
            (
                &[("origin", "http://sluice.example")],
                Err(Refusal::OtherSite),
            ),
            (
                &[
                    ("sec-fetch-site", "same-origin"),
                    ("origin", "https://rebound.evil"),
                ],
                Err(Refusal::OtherSite),
            ),
        ] {
            assert_eq!(check_origin(&headers(pairs), ours), expected, "{pairs:?}");
        }
    }
}
