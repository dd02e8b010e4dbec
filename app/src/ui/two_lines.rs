//! A value and, small below it, what goes with it.

use leptos::prelude::*;

/// A value and, small below it, what goes with it: for a cell of a table.
#[component]
pub fn TwoLines(
    /// The second line.
    #[prop(optional_no_strip, into)]
    note: Option<AnyView>,
    /// The value.
    children: Children,
) -> AnyView {
    view! {
        <div class="two-lines">
            <div>{children()}</div>
            {note.map(|note| view! { <div class="two-lines__note">{note}</div> })}
        </div>
    }
    .into_any()
}
