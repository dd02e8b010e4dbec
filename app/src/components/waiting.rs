//! What waits for the person.

use leptos::prelude::*;

use crate::paths;
use crate::ui::*;
use crate::view::WaitingItem;

/// The strip above the streams. Nothing while nothing waits.
#[component]
pub fn Waiting(
    /// What waits.
    #[prop(into)]
    items: Signal<Vec<WaitingItem>>,
    /// The present, in milliseconds since 1970 UTC.
    #[prop(into)]
    now_ms: Signal<i64>,
) -> AnyView {
    (move || {
        let items = items.get();
        (!items.is_empty()).then(|| {
            view! {
                <Callout tone=Tone::Accent icon=IconName::Inbox title="Waiting for you">
                    <ul class="plain-list">
                        {items.into_iter().map(|item| line(item, now_ms)).collect_view()}
                    </ul>
                </Callout>
            }
        })
    })
    .into_any()
}

fn line(item: WaitingItem, now_ms: Signal<i64>) -> impl IntoView {
    // What runs out is a question of agreement, which has a page of its own.
    let address = match item.until {
        Some(_) => paths::sign_off(&item.run),
        None => paths::run(&item.run),
    };
    view! {
        <li>
            <a href=address>{item.stream.to_string()}</a>
            {format!(": {}", item.what)}
            {item
                .until
                .map(|until| {
                    view! {
                        " It counts as a No "
                        <Time at_ms=until.0 now_ms />
                        "."
                    }
                })}
        </li>
    }
}
