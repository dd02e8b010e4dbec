//! Nothing here, and nothing here yet.

use leptos::prelude::*;

/// A list without entries, and what would bring the first one.
#[component]
pub fn EmptyState(
    /// What is not here.
    #[prop(into)]
    title: String,
    /// What will show here and when, or a way to begin.
    #[prop(optional)]
    children: Option<Children>,
) -> AnyView {
    view! {
        <div class="empty">
            <p class="empty__title">{title}</p>
            {children.map(|children| children())}
        </div>
    }
    .into_any()
}

/// Holds the space of what is being loaded, so that nothing jumps.
#[component]
pub fn Skeleton(
    /// How many lines to hold.
    #[prop(default = 4)]
    lines: u8,
) -> AnyView {
    view! {
        <div class="skeleton" role="status" aria-label="Loading">
            {(0..lines).map(|_| view! { <div class="skeleton__line"></div> }).collect_view()}
        </div>
    }
    .into_any()
}
