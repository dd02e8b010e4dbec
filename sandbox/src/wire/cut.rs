//! Answers that break off.

use axum::body::Body;
use bytes::Bytes;
use futures::stream;
use http::{HeaderValue, Response, header};
use http_body_util::BodyExt;

/// The connection is to be closed without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection is cut by a fault")]
pub(super) struct Cut;

/// Half of the body: either the connection breaks there, or the answer is whole for
/// HTTP and broken for whoever parses it.
pub(super) async fn halved(response: Response<Body>, breaks: bool) -> Response<Body> {
    let (mut parts, body) = response.into_parts();
    let whole = match body.collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => Bytes::new(),
    };
    let half = whole.slice(..whole.len() / 2);
    let length = if breaks { whole.len() } else { half.len() };
    parts
        .headers
        .insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    parts.headers.remove(header::TRANSFER_ENCODING);
    let body = if breaks {
        Body::from_stream(stream::unfold(Some(half), |half| async {
            match half {
                Some(half) if !half.is_empty() => Some((Ok(half), Some(Bytes::new()))),
                Some(_) => {
                    // Once not ready, so that the half is sent before the end.
                    tokio::task::yield_now().await;
                    Some((Err(std::io::Error::other(Cut)), None))
                }
                None => None,
            }
        }))
    } else {
        Body::from(half)
    };
    Response::from_parts(parts, body)
}
