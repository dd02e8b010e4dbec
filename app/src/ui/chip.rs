//! Status in one word.

use super::{Icon, IconName, Tone};
use leptos::prelude::*;

/// A status: icon, word and colour, always all three.
#[component]
pub fn Chip(
    /// What the colour means.
    tone: Tone,
    /// The shape, for who cannot tell the colours apart.
    icon: IconName,
    /// The word.
    children: Children,
) -> AnyView {
    view! {
        <span class="chip" data-tone=tone.as_str()>
            <Icon name=icon />
            {children()}
        </span>
    }
    .into_any()
}

/// A chip that filters a list: a word, a count and an address.
#[component]
pub fn ChipLink(
    /// What the colour means.
    tone: Tone,
    /// The shape.
    icon: IconName,
    /// The list with this filter set, or without it where it is set.
    #[prop(into)]
    href: String,
    /// How many there are.
    count: u64,
    /// Whether the filter is set.
    #[prop(optional)]
    current: bool,
    /// The word.
    children: Children,
) -> AnyView {
    view! {
        <a
            class="chip chip--link"
            data-tone=tone.as_str()
            href=href
            aria-current=current.then_some("true")
        >
            <Icon name=icon />
            {children()}
            <span class="chip__count">{super::grouped(count)}</span>
        </a>
    }
    .into_any()
}
