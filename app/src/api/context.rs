//! What a server function finds in its context.

use std::sync::Arc;

use axum::http::request::Parts;
use axum::http::{Method, header};
use domain::access::Actor;
use domain::error::{ErrorKind, WireError};
use leptos::prelude::{expect_context, use_context};
use leptos_axum::ResponseOptions;

use super::AppError;
use crate::backend::{Answered, Backend};
use crate::request::RequestFacts;
use crate::view::{Frame, Viewer};

/// Who is asking, and the server.
pub(super) fn ask() -> Result<(Actor, Arc<dyn Backend>), AppError> {
    let facts: Option<RequestFacts> = use_context();
    let actor = facts.and_then(|f| f.actor).ok_or_else(|| {
        refused(WireError::new(
            ErrorKind::NotSignedIn,
            "You are not signed in.",
            "Sign in and open the page again.",
        ))
    })?;
    Ok((actor, expect_context::<Arc<dyn Backend>>()))
}

/// Maps the answer of the backend, and sets the status of the response, which
/// Leptos would otherwise make 500 for every error.
pub(super) fn answer<T>(answered: Answered<T>) -> Result<T, AppError> {
    answered.map_err(refused)
}

fn refused(error: WireError) -> AppError {
    if let Some(response) = use_context::<ResponseOptions>().filter(|_| !is_plain_form())
    {
        let status = axum::http::StatusCode::from_u16(error.kind.status())
            .unwrap_or(axum::http::StatusCode::INTERNAL_SERVER_ERROR);
        response.set_status(status);
    }
    AppError(error)
}

/// Whether a browser without script posted a form. It is led back to its page
/// by a redirect, which must keep its status: the error stands in the address.
fn is_plain_form() -> bool {
    use_context::<Parts>().is_some_and(|parts| {
        let accepts = parts
            .headers
            .get(header::ACCEPT)
            .and_then(|v| v.to_str().ok());
        parts.method == Method::POST && accepts.is_some_and(|v| v.contains("text/html"))
    })
}

/// What the frame is drawn from, for the request that is being answered.
pub(super) async fn frame() -> Frame {
    match (
        use_context::<RequestFacts>(),
        use_context::<Arc<dyn Backend>>(),
    ) {
        (Some(facts), Some(backend)) => frame_of(facts, &*backend).await,
        _ => Frame::default(),
    }
}

/// What the frame is drawn from.
pub async fn frame_of(facts: RequestFacts, backend: &dyn Backend) -> Frame {
    let waiting = match &facts.actor {
        Some(actor) => backend
            .streams(actor)
            .await
            .map(|page| u32::try_from(page.waiting.len()).unwrap_or(u32::MAX))
            .unwrap_or(0),
        None => 0,
    };
    Frame {
        viewer: facts.actor.as_ref().map(viewer),
        banner: facts.banner,
        csrf: facts.csrf.unwrap_or_default(),
        waiting,
    }
}

fn viewer(actor: &Actor) -> Viewer {
    let mut roles: Vec<String> = actor
        .grants
        .iter()
        .map(|g| g.role.word().to_owned())
        .collect();
    roles.sort();
    roles.dedup();
    Viewer {
        name: actor.person.name.clone(),
        email: actor.email.clone(),
        roles,
    }
}
