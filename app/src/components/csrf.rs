//! The proof that a plain form comes from a page of ours.

use leptos::prelude::*;

use crate::api::AppError;
use crate::view::Frame;

/// What the frame of every page is drawn from, fetched once by the
/// application and handed to the pages.
#[derive(Clone, Copy)]
pub struct FrameOfPage(pub Resource<Result<Frame, AppError>>);

/// The token of this session's forms, in the context of whatever holds one.
#[derive(Clone, Debug)]
pub struct CsrfToken(pub String);

/// The hidden field that every form carries. The header that goes with a call
/// from script takes its place there.
#[component]
pub fn CsrfField() -> impl IntoView {
    let token = use_context::<CsrfToken>()
        .map(|token| token.0)
        .unwrap_or_default();
    view! { <input type="hidden" name="csrf" value=token /> }
}
