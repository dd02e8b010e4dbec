//! Says that a page may be old.

use leptos::prelude::*;

use crate::live::Live;
use crate::ui::*;

/// As of when the page is, while nothing new can be heard. Nothing otherwise.
#[component]
pub fn LiveNote(
    /// How current the page is.
    live: Live,
) -> AnyView {
    let title = move || {
        format!(
            "As of {} ago, reconnecting.",
            span(live.seconds.get().saturating_mul(1_000))
        )
    };
    view! {
        <Show when=move || live.lost.get()>
            <Callout tone=Tone::Warning icon=IconName::Clock title=title />
        </Show>
    }
    .into_any()
}
