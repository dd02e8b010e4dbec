//! The HTTP client for the sign-in's provider.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};

const TIMEOUT: Duration = Duration::from_secs(10);
/// Metadata, keys and tokens are a few kilobytes.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;

/// Follows no redirects: an address of the provider that leads elsewhere would
/// let it send our requests, with the client secret, to whom it likes.
#[derive(Clone, Debug)]
pub struct HttpClient(reqwest::Client);

#[derive(Debug, thiserror::Error)]
pub enum HttpClientError {
    #[error("the HTTP client cannot be set up")]
    Build(#[source] reqwest::Error),
    #[error("the request failed")]
    Request(#[source] reqwest::Error),
    #[error("the answer is larger than {ANSWER_BYTES_MAX} bytes")]
    TooLarge,
    #[error("the answer is malformed")]
    Answer(#[source] http::Error),
}

impl HttpClient {
    pub fn new() -> Result<Self, HttpClientError> {
        reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(TIMEOUT)
            .build()
            .map(Self)
            .map_err(HttpClientError::Build)
    }

    async fn send(
        client: reqwest::Client,
        request: HttpRequest,
    ) -> Result<HttpResponse, HttpClientError> {
        let (parts, body) = request.into_parts();
        let mut response = client
            .request(parts.method, parts.uri.to_string())
            .headers(parts.headers)
            .body(body)
            .send()
            .await
            .map_err(HttpClientError::Request)?;
        let mut answer = http::Response::builder().status(response.status());
        if let Some(headers) = answer.headers_mut() {
            *headers = response.headers().clone();
        }
        let mut body = Vec::new();
        while let Some(chunk) =
            response.chunk().await.map_err(HttpClientError::Request)?
        {
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(HttpClientError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        answer.body(body).map_err(HttpClientError::Answer)
    }
}

impl<'c> AsyncHttpClient<'c> for HttpClient {
    type Error = HttpClientError;
    type Future =
        Pin<Box<dyn Future<Output = Result<HttpResponse, HttpClientError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(Self::send(self.0.clone(), request))
    }
}
