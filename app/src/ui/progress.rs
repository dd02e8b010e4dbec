//! How far long work is.

use super::{grouped, span};
use leptos::prelude::*;

/// Count, rate and what is left. A rate or an end that is not known is left
/// out rather than guessed.
#[component]
pub fn Progress(
    /// What is being done, for screen readers.
    #[prop(into)]
    label: String,
    /// How much is done.
    #[prop(into)]
    done: Signal<u64>,
    /// How much there is in all.
    #[prop(into)]
    total: Signal<u64>,
    /// What is counted: "objects".
    #[prop(into)]
    unit: String,
    /// How many a second, where it is known.
    #[prop(optional, into)]
    per_second: Signal<Option<u64>>,
) -> AnyView {
    let count =
        move || format!("{} of {} {unit}", grouped(done.get()), grouped(total.get()));
    let left = move || {
        let rate = per_second.get().filter(|rate| *rate > 0)?;
        let left_ms = total.get().saturating_sub(done.get()).saturating_mul(1_000) / rate;
        let left_ms = i64::try_from(left_ms).ok()?;
        Some(format!(
            "{} a second, {} left",
            grouped(rate),
            span(left_ms)
        ))
    };
    view! {
        <div class="progress">
            <div class="progress__line">
                <span>{count}</span>
                <span class="progress__left">{left}</span>
            </div>
            <progress
                class="progress__bar"
                aria-label=label
                max=move || total.get().max(1).to_string()
                value=move || done.get().to_string()
            ></progress>
        </div>
    }
    .into_any()
}
