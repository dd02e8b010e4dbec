//! The proof that a plain form comes from a page of ours.

use leptos::prelude::*;

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
