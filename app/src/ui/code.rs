//! Keys, offsets and commands, to be read and to be copied.

use super::{Icon, IconName, browser};
use leptos::prelude::*;

/// Copies a text. It appears only once the page is alive, since it can do
/// nothing before.
#[component]
pub fn CopyButton(
    /// What is copied.
    #[prop(into)]
    text: String,
    /// What it is, for screen readers: "the command", "the key".
    #[prop(into)]
    what: String,
    /// Shows the icon alone, where there is little room.
    #[prop(optional)]
    small: bool,
) -> AnyView {
    let (alive, set_alive) = signal(false);
    let (copied, set_copied) = signal(false);
    Effect::new(move |_| set_alive.set(browser::can_copy()));
    let text = StoredValue::new(text);
    let what = StoredValue::new(what);
    let copy = move |_| {
        browser::copy(text.get_value(), move |done| set_copied.set(done));
    };
    view! {
        <Show when=move || alive.get()>
            <button
                type="button"
                class="copy"
                on:click=copy
                aria-label=move || {
                    let verb = if copied.get() { "Copied" } else { "Copy" };
                    format!("{verb} {}", what.get_value())
                }
            >
                {move || {
                    let name = if copied.get() { IconName::Check } else { IconName::Copy };
                    view! { <Icon name /> }
                }}
                {move || word(small, copied.get())}
            </button>
        </Show>
    }
    .into_any()
}

const fn word(small: bool, copied: bool) -> Option<&'static str> {
    match (small, copied) {
        (true, _) => None,
        (false, true) => Some("Copied"),
        (false, false) => Some("Copy"),
    }
}

/// A block of code with its copy button.
#[component]
pub fn Code(
    /// The text, shown and copied as it is.
    #[prop(into)]
    text: String,
    /// What it is, for screen readers.
    #[prop(optional, into)]
    what: Option<String>,
    /// Breaks long lines instead of scrolling them.
    #[prop(optional)]
    wrap: bool,
) -> AnyView {
    let class = if wrap {
        "code__text code__text--wrapped"
    } else {
        "code__text"
    };
    let what = what.unwrap_or_else(|| "the code".to_owned());
    let label = what.clone();
    // A block that scrolls must be reachable by keyboard.
    view! {
        <div class="code">
            <pre class=class tabindex="0" role="region" aria-label=label>
                <code>{text.clone()}</code>
            </pre>
            <CopyButton text what />
        </div>
    }
    .into_any()
}

/// A key, an id or an offset in running text, with a small copy button.
#[component]
pub fn Copyable(
    /// The value, shown and copied as it is.
    #[prop(into)]
    value: String,
    /// What it is, for screen readers.
    #[prop(into)]
    what: String,
) -> AnyView {
    view! {
        <span class="copyable">
            <code class="copyable__value">{value.clone()}</code>
            <CopyButton text=value what small=true />
        </span>
    }
    .into_any()
}
