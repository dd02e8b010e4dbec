//! Forms that ask the server to do something. Each posts without script, and
//! shows the server's No beside it.

use leptos::form::ActionForm;
use leptos::prelude::*;

use leptos::server_fn::codec::{Json, PostUrl};
use leptos::server_fn::{Http, ServerFn};
use serde::de::DeserializeOwned;

use super::csrf::CsrfField;
use super::problem::ErrorCallout;
use crate::api::{AppError, SluiceClient};
use crate::view::Permission;

/// A server function that a form can post: every one of `api::act`.
pub trait Act:
    DeserializeOwned
    + ServerFn<
        Client = SluiceClient,
        Protocol = Http<PostUrl, Json>,
        Error = AppError,
        Output = (),
    > + Clone
    + Send
    + Sync
    + 'static
{
}

impl<F> Act for F where
    F: DeserializeOwned
        + ServerFn<
            Client = SluiceClient,
            Protocol = Http<PostUrl, Json>,
            Error = AppError,
            Output = (),
        > + Clone
        + Send
        + Sync
        + 'static
{
}

/// A form of one action, with its error below.
#[component]
pub fn ActForm<F: Act>(
    /// What it does.
    action: ServerAction<F>,
    /// Whether the form does something that cannot be taken back. The Enter
    /// key then sends nothing.
    #[prop(optional)]
    dangerous: bool,
    /// Fields and button.
    children: Children,
) -> AnyView {
    let failed = move || match action.value().get() {
        Some(Err(AppError(error))) => Some(view! { <ErrorCallout error /> }),
        _ => None,
    };
    view! {
        <ActionForm action=action>
            // The first button of a form is what the Enter key presses. One
            // that is switched off makes the key do nothing.
            {dangerous.then(|| view! { <button type="submit" disabled=true hidden=true></button> })}
            <CsrfField />
            <div class="stack">{children()} {failed}</div>
        </ActionForm>
    }
    .into_any()
}

/// A field that the person does not see, under the name by which the server
/// function takes it.
#[component]
pub fn Hidden(
    /// The name of the field in its request.
    name: &'static str,
    /// Its value.
    #[prop(into)]
    value: Signal<String>,
) -> impl IntoView {
    view! { <input type="hidden" name=field(name) value=move || value.get() /> }
}

/// The name of a request's field in a form.
#[must_use]
pub fn field(name: &str) -> String {
    format!("request[{name}]")
}

/// Why the button of a form cannot be pressed now: its answer is not there
/// yet, or the person may not.
#[must_use]
pub fn blocked<F: Act>(
    action: ServerAction<F>,
    permission: impl Fn() -> Permission + Send + Sync + 'static,
) -> Signal<Option<String>> {
    let pending = action.pending();
    Signal::derive(move || {
        let Permission { allowed, reason } = permission();
        if pending.get() {
            Some("It is being sent.".to_owned())
        } else {
            (!allowed).then_some(reason)
        }
    })
}
