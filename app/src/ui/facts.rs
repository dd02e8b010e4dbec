//! Names and values.

use leptos::prelude::*;

/// A list of names and values.
#[component]
pub fn Facts(
    /// Puts the names beside the values where there is room.
    #[prop(optional)]
    wide: bool,
    /// The [`Fact`]s.
    children: Children,
) -> AnyView {
    let class = if wide { "facts facts--wide" } else { "facts" };
    view! { <dl class=class>{children()}</dl> }.into_any()
}

/// One name and its value.
#[component]
pub fn Fact(
    /// The name.
    #[prop(into)]
    name: String,
    /// The value.
    children: Children,
) -> AnyView {
    view! {
        <dt class="facts__name">{name}</dt>
        <dd class="facts__value">{children()}</dd>
    }
    .into_any()
}

/// A few figures that count, set large: lost, read again, how long.
#[component]
pub fn Figures(
    /// The [`Figure`]s.
    children: Children,
) -> AnyView {
    view! { <dl class="figures">{children()}</dl> }.into_any()
}

/// One figure.
#[component]
pub fn Figure(
    /// What is counted.
    #[prop(into)]
    name: String,
    /// What it is counted from, or how sure it is.
    #[prop(optional, into)]
    note: Option<String>,
    /// The number with its unit.
    children: Children,
) -> AnyView {
    view! {
        <div class="figures__item">
            <dt class="facts__name">{name}</dt>
            <dd class="figures__value">{children()}</dd>
            {note.map(|note| view! { <dd class="figures__note">{note}</dd> })}
        </div>
    }
    .into_any()
}
