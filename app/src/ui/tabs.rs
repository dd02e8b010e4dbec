//! Views beside one another, each with its address.

use leptos::prelude::*;

/// One tab.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TabItem {
    pub label: String,
    pub href: String,
    pub current: bool,
}

/// Links that look like tabs.
#[component]
pub fn Tabs(
    /// What is being switched, for screen readers.
    #[prop(into)]
    label: String,
    /// The tabs, in order.
    #[prop(into)]
    items: Signal<Vec<TabItem>>,
) -> AnyView {
    view! {
        <nav class="tabs" aria-label=label>
            <ul class="tabs__list">
                {move || {
                    items
                        .get()
                        .into_iter()
                        .map(|item| {
                            view! {
                                <li>
                                    <a
                                        class="tabs__link"
                                        href=item.href
                                        aria-current=item.current.then_some("page")
                                    >
                                        {item.label}
                                    </a>
                                </li>
                            }
                        })
                        .collect_view()
                }}
            </ul>
        </nav>
    }
    .into_any()
}
