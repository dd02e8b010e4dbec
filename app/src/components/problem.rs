//! What went wrong, in the words of the server.

use domain::error::{ErrorKind, WireError};
use leptos::prelude::*;
use leptos::server_fn::error::ServerFnUrlError;
use leptos_router::hooks::{use_location, use_query_map};

use crate::api::AppError;
use crate::ui::*;

/// An error beside what the person just did: what happened, what to do, and
/// the reference under which the log has the rest.
#[component]
pub fn ErrorCallout(
    /// The error.
    error: WireError,
) -> AnyView {
    let WireError {
        kind,
        message,
        hint,
        reference,
        sign_in_again,
    } = error;
    let (tone, icon) = look(kind);
    view! {
        <Callout tone icon title=message urgent=true>
            {(!hint.is_empty()).then(|| view! { <p>{hint}</p> })}
            {sign_in_again
                .then(|| {
                    view! {
                        <p>
                            <a href=sign_in_here() rel="external">
                                "Sign in again"
                            </a>
                        </p>
                    }
                })}
            {reference_line(reference)}
        </Callout>
    }
    .into_any()
}

/// The error that a plain form came back with. The server puts it into the
/// address, since it has nowhere else to put it.
#[component]
pub fn ErrorInAddress() -> AnyView {
    let query = use_query_map();
    let error = move || {
        query.with(|query| {
            let told = query.get_str("__err")?;
            Some(ServerFnUrlError::<AppError>::decode_err(told).0)
        })
    };
    (move || error().map(|error| view! { <ErrorCallout error /> })).into_any()
}

/// A page that cannot be shown.
#[component]
pub fn FailedPage(
    /// Why.
    error: WireError,
) -> AnyView {
    let title = match error.kind {
        ErrorKind::NotSignedIn => "Sign in to read this page",
        ErrorKind::NotPermitted => "This page is not open to you",
        ErrorKind::NotFound => "No such page",
        _ => "This page cannot be shown",
    };
    let again = matches!(error.kind, ErrorKind::Upstream | ErrorKind::Internal);
    let signed_out = error.kind == ErrorKind::NotSignedIn;
    view! {
        <div class="page page--letter">
            <h1>{title}</h1>
            <ErrorCallout error />
            <div class="row">
                {signed_out
                    .then(|| {
                        view! {
                            <LinkButton
                                href=sign_in_here()
                                appearance=ButtonAppearance::Primary
                                external=true
                            >
                                "Sign in"
                            </LinkButton>
                        }
                    })}
                {again
                    .then(|| {
                        // An empty address is this page's own.
                        view! { <LinkButton href="" external=true icon=IconName::Repeat>"Open the page again"</LinkButton> }
                    })}
                <LinkButton href=crate::paths::streams()>"Go to the streams"</LinkButton>
            </div>
        </div>
    }
    .into_any()
}

fn look(kind: ErrorKind) -> (Tone, IconName) {
    match kind {
        ErrorKind::NotSignedIn | ErrorKind::NotPermitted => {
            (Tone::Warning, IconName::Lock)
        }
        ErrorKind::NotFound => (Tone::Unknown, IconName::Question),
        ErrorKind::Invalid | ErrorKind::Stale => (Tone::Warning, IconName::Warning),
        ErrorKind::Upstream | ErrorKind::Internal => (Tone::Danger, IconName::Octagon),
    }
}

/// The sign-in, which leads back to the page that is shown.
fn sign_in_here() -> String {
    crate::paths::sign_in(&use_location().pathname.get_untracked())
}

/// Where the log has the rest.
pub fn reference_line(reference: Option<String>) -> Option<AnyView> {
    reference
        .filter(|reference| !reference.is_empty())
        .map(|reference| {
            view! {
                <p class="small soft">
                    "Reference " <Copyable value=reference what="the reference" />
                </p>
            }
            .into_any()
        })
}
