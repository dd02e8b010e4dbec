//! Sends calls from the browser with the header that a form cannot set, by
//! which the server tells a page of its own from another site's.

use std::future::Future;

use leptos::server_fn::Bytes;
use leptos::server_fn::client::Client;
use leptos::server_fn::client::browser::BrowserClient;
use leptos::server_fn::error::FromServerFnError;
use leptos::server_fn::request::browser::BrowserRequest;
use leptos::server_fn::response::browser::BrowserResponse;

use super::AppError;

/// The client of every server function.
pub struct SluiceClient;

impl<I, O> Client<AppError, I, O> for SluiceClient
where
    I: FromServerFnError,
    O: FromServerFnError,
{
    type Request = BrowserRequest;
    type Response = BrowserResponse;

    fn send(
        request: Self::Request,
    ) -> impl Future<Output = Result<Self::Response, AppError>> + Send {
        request.headers().set("x-sluice", "1");
        <BrowserClient as Client<AppError, I, O>>::send(request)
    }

    fn open_websocket(
        path: &str,
    ) -> impl Future<
        Output = Result<
            (
                impl futures::Stream<Item = Result<Bytes, Bytes>> + Send + 'static,
                impl futures::Sink<Bytes> + Send + 'static,
            ),
            AppError,
        >,
    > + Send {
        <BrowserClient as Client<AppError, I, O>>::open_websocket(path)
    }

    fn spawn(future: impl Future<Output = ()> + Send + 'static) {
        <BrowserClient as Client<AppError, I, O>>::spawn(future);
    }
}
