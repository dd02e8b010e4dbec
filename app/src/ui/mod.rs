//! Components that know nothing of streams: what could live in any library.

use leptos::prelude::*;

#[component]
pub fn EmptyState(#[prop(into)] title: String) -> impl IntoView {
    view! { <p class="empty">{title}</p> }
}

#[component]
pub fn Gallery() -> impl IntoView {
    let (n, set_n) = signal(0);
    view! { <button on:click=move |_| set_n.update(|n| *n += 1)>{n}</button> }
}
