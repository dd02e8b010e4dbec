//! What happened, what is happening, what comes.

use super::{Icon, IconName, Tone};
use leptos::prelude::*;

/// A list along a line.
#[component]
pub fn Timeline(
    /// The [`TimelineItem`]s, in order.
    children: Children,
) -> AnyView {
    view! { <ol class="timeline">{children()}</ol> }.into_any()
}

/// One thing on the line.
#[component]
pub fn TimelineItem<T: IntoView + 'static>(
    /// What the colour of its mark means.
    tone: Tone,
    /// What is drawn in the mark.
    icon: IconName,
    /// What it is.
    title: T,
    /// Beside the title: a time, a count, a number of attempts.
    #[prop(optional)]
    meta: Option<AnyView>,
    /// Whether this is where things are now.
    #[prop(optional)]
    current: bool,
    /// More about it.
    #[prop(optional)]
    children: Option<Children>,
) -> AnyView {
    view! {
        <li
            class="timeline__item"
            data-tone=tone.as_str()
            aria-current=current.then_some("step")
        >
            <span class="timeline__mark">
                <Icon name=icon />
            </span>
            <div class="timeline__head">
                <span class="timeline__title">{title}</span>
                {meta.map(|meta| view! { <span class="timeline__meta">{meta}</span> })}
            </div>
            {children.map(|children| view! { <div class="timeline__body">{children()}</div> })}
        </li>
    }
    .into_any()
}
