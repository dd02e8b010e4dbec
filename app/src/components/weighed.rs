//! What a way out would do, before it is a plan.

use domain::plan::{Ranges, TimeRange};
use leptos::prelude::*;

use super::effects_table::EffectsTable;
use crate::ui::*;
use crate::view::{TimeTyped, Weighed};

/// The time as it was understood, the range of what is skipped or read again, and
/// a row for each partition.
#[component]
pub fn WeighedView(
    /// What is shown.
    weighed: Weighed,
) -> AnyView {
    let Weighed {
        time,
        effects,
        ranges,
        sink,
        ..
    } = weighed;
    view! {
        <div class="stack">
            {time.map(|time| view! { <Understood time /> })}
            <RangesView ranges />
            {(!sink.is_empty()).then(|| view! { <p class="small">{sink}</p> })}
            <EffectsTable effects />
        </div>
    }
    .into_any()
}

/// A time in every form in which somebody may know it.
#[component]
fn Understood(time: TimeTyped) -> impl IntoView {
    let TimeTyped { at, zoned } = time;
    view! {
        <Facts wide=true>
            <Fact name="Understood as">
                <Copyable value=at.utc() what="the time in UTC" />
            </Fact>
            {zoned.map(|zoned| view! { <Fact name="As it was typed">{zoned}</Fact> })}
            <Fact name="On your clock">
                <LocalTime at_ms=at.0 />
            </Fact>
            <Fact name="Epoch milliseconds">
                <Copyable value=at.0.to_string() what="the time in epoch milliseconds" />
            </Fact>
        </Facts>
        <p class="small soft">
            "Each partition begins at its first record at or after this time. One that has none begins at its end, where nothing is read again."
        </p>
    }
}

/// From when to when the records are that are skipped or read again; nothing
/// where there are none.
#[component]
pub fn RangesView(
    /// What is shown.
    ranges: Ranges,
) -> AnyView {
    let fact = |name: &'static str, range: Option<TimeRange>| {
        range.map(|range| view! { <Fact name>{range.words()}</Fact> })
    };
    (!ranges.is_empty())
        .then(|| {
            view! {
                <div class="effects__ranges">
                <Facts wide=true>
                    {fact("Skipped are records of", ranges.skipped)}
                    {fact("Read again are records of", ranges.repeated)}
                </Facts>
                </div>
            }
        })
        .into_any()
}
