//! A surface with a head.

use leptos::prelude::*;

/// A surface with a head and a body.
#[component]
pub fn Card(
    /// The head; none where it would only repeat the page's.
    #[prop(optional, into)]
    title: Option<String>,
    /// At the end of the head: a chip, a link, a button.
    #[prop(optional)]
    end: Option<AnyView>,
    /// A table or a chart that reaches the edge.
    #[prop(optional)]
    flush: bool,
    /// The body.
    children: Children,
) -> AnyView {
    let body = if flush {
        "card__body card__body--flush"
    } else {
        "card__body"
    };
    view! {
        <section class="card">
            {title
                .map(|title| {
                    view! {
                        <div class="card__head">
                            <h2 class="card__title">{title}</h2>
                            {end}
                        </div>
                    }
                })} <div class=body>{children()}</div>
        </section>
    }
    .into_any()
}
