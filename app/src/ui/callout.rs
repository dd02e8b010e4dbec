//! A sentence that matters.

use super::{Icon, IconName, Tone};
use leptos::prelude::*;

/// A sentence that matters, with what follows from it below.
#[component]
pub fn Callout<T: IntoView + 'static>(
    /// What the colour means.
    tone: Tone,
    /// The shape that goes with the colour.
    icon: IconName,
    /// The sentence.
    title: T,
    /// Read out at once when it appears, for an error that answers what the
    /// person just did.
    #[prop(optional)]
    urgent: bool,
    /// Set large: the one sentence that the page is about.
    #[prop(optional)]
    verdict: bool,
    /// What it means and what to do.
    #[prop(optional)]
    children: Option<Children>,
) -> AnyView {
    let class = if verdict {
        "callout callout--verdict"
    } else {
        "callout"
    };
    view! {
        <div class=class data-tone=tone.as_str() role=urgent.then_some("alert")>
            <span class="callout__icon">
                <Icon name=icon />
            </span>
            <p class="callout__title">{title}</p>
            {children.map(|children| view! { <div class="callout__body">{children()}</div> })}
        </div>
    }
    .into_any()
}
