//! What happened in a Run, entry by entry.

use domain::time::Millis;
use leptos::prelude::*;

use crate::ui::Time;

/// When, who, and what, in the order in which they are given.
#[component]
pub fn Happened(
    /// The entries.
    entries: Vec<(Millis, String, String)>,
    /// The present, in milliseconds.
    now_ms: Signal<i64>,
) -> AnyView {
    let entries = entries
        .into_iter()
        .map(|(at, who, what)| {
            view! {
                <li class="happened__entry">
                    <span class="happened__when">
                        <Time at_ms=at.0 now_ms />
                    </span>
                    <span class="happened__who">{who}</span>
                    <span class="happened__what">{what}</span>
                </li>
            }
        })
        .collect_view();
    view! { <ol class="happened">{entries}</ol> }.into_any()
}
