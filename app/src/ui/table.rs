//! Tables: dense on a desk, cards on a phone.

use leptos::prelude::*;

/// A table. Inside go `<thead>`, `<tbody>` and, for a row of sums, `<tfoot>`;
/// the browser would add a missing `<tbody>` and hydration would fail.
#[component]
pub fn Table(
    /// What is listed.
    #[prop(into)]
    caption: String,
    /// Leaves the caption to screen readers, where a heading says the same.
    #[prop(optional)]
    caption_hidden: bool,
    /// Scrolls sideways on phones instead of becoming cards.
    #[prop(optional)]
    keep_columns: bool,
    /// Head, body and foot.
    children: Children,
) -> AnyView {
    let class = if keep_columns {
        "table"
    } else {
        "table table--cards"
    };
    let caption_class = if caption_hidden {
        "visually-hidden"
    } else {
        "table__caption"
    };
    let label = caption.clone();
    // A part of the page that scrolls must be reachable by keyboard.
    view! {
        <div class="table-scroll" tabindex="0" role="region" aria-label=label>
            <table class=class>
                <caption class=caption_class>{caption}</caption>
                {children()}
            </table>
        </div>
    }
    .into_any()
}

/// The order of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    Ascending,
    Descending,
}

/// The head of a column.
#[component]
pub fn Th(
    /// Numbers stand to the right.
    #[prop(optional)]
    numeric: bool,
    /// The order in which the rows are, if it is by this column.
    #[prop(optional, into)]
    sorted: Option<Sort>,
    /// The page with the rows in this column's order.
    #[prop(optional, into)]
    sort_href: Option<String>,
    /// The name.
    children: Children,
) -> AnyView {
    let class = if numeric {
        "table__head table__head--number"
    } else {
        "table__head"
    };
    let (order, arrow) = match sorted {
        Some(Sort::Ascending) => (Some("ascending"), " \u{2191}"),
        Some(Sort::Descending) => (Some("descending"), " \u{2193}"),
        None => (None, ""),
    };
    let name = match sort_href {
        Some(href) => view! { <a href=href>{children()}</a> }.into_any(),
        None => children().into_any(),
    };
    view! {
        <th class=class scope="col" aria-sort=order>
            {name}
            {(!arrow.is_empty()).then(|| view! { <span aria-hidden="true">{arrow}</span> })}
        </th>
    }
    .into_any()
}

/// A cell.
#[component]
pub fn Td(
    /// The name of its column, which a card shows beside the value.
    #[prop(into)]
    label: String,
    /// Numbers stand to the right.
    #[prop(optional)]
    numeric: bool,
    /// The value; none where the column has none for this row.
    #[prop(optional)]
    children: Option<Children>,
) -> AnyView {
    let class = if numeric {
        "table__cell table__cell--number"
    } else {
        "table__cell"
    };
    view! {
        <td class=class data-label=label>
            {children.map(|children| children())}
        </td>
    }
    .into_any()
}

/// The cell that says what its row is about.
#[component]
pub fn ThRow(
    /// The name.
    children: Children,
) -> AnyView {
    view! {
        <th class="table__cell" scope="row">
            {children()}
        </th>
    }
    .into_any()
}
