//! Buttons, and links that look like them.

use super::{Icon, IconName};
use leptos::prelude::*;

/// How much a button asks for attention. A page has at most one primary one,
/// and a dangerous one is never the default of a form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ButtonAppearance {
    Primary,
    #[default]
    Quiet,
    Danger,
    /// No frame: for what stands in a bar or a table.
    Bare,
}

impl ButtonAppearance {
    const fn class(self) -> &'static str {
        match self {
            Self::Primary => "button button--primary",
            Self::Quiet => "button",
            Self::Danger => "button button--danger",
            Self::Bare => "button button--bare",
        }
    }
}

/// What a button does without script.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ButtonKind {
    #[default]
    Button,
    Submit,
}

/// A button. Its text is a verb with its object.
#[component]
pub fn Button(
    /// How much it asks for attention.
    #[prop(optional)]
    appearance: ButtonAppearance,
    /// Whether it sends its form.
    #[prop(optional)]
    kind: ButtonKind,
    /// Drawn before the text.
    #[prop(optional, into)]
    icon: Option<IconName>,
    /// The form field that a submit button sets.
    #[prop(optional, into)]
    name: Option<String>,
    /// The value of that field.
    #[prop(optional, into)]
    value: Option<String>,
    /// Why it cannot be pressed now. The reason is shown beside it; a button
    /// is never switched off without one.
    #[prop(optional, into)]
    disabled_reason: Signal<Option<String>>,
    /// Called when it is pressed, in the browser.
    #[prop(optional, into)]
    on_press: Option<Callback<()>>,
    /// The text.
    children: Children,
) -> AnyView {
    let kind = match kind {
        ButtonKind::Button => "button",
        ButtonKind::Submit => "submit",
    };
    view! {
        <span class="action">
            <button
                class=appearance.class()
                type=kind
                name=name
                value=value
                disabled=move || disabled_reason.get().is_some()
                on:click=move |_| {
                    if let Some(on_press) = on_press {
                        on_press.run(());
                    }
                }
            >
                {icon.map(|name| view! { <Icon name /> })}
                {children()}
            </button>
            {move || {
                disabled_reason
                    .get()
                    .map(|reason| view! { <span class="action__reason">{reason}</span> })
            }}
        </span>
    }
    .into_any()
}

/// A link that looks like a button: it goes somewhere and changes nothing.
#[component]
pub fn LinkButton(
    /// Where it goes.
    #[prop(into)]
    href: String,
    /// How much it asks for attention.
    #[prop(optional)]
    appearance: ButtonAppearance,
    /// Drawn before the text.
    #[prop(optional, into)]
    icon: Option<IconName>,
    /// The name under which the browser saves the answer, where it is a file.
    #[prop(optional, into)]
    download: Option<String>,
    /// Handed to the server as it is, past the pages' router.
    #[prop(optional)]
    external: bool,
    /// The text.
    children: Children,
) -> AnyView {
    view! {
        <a
            class=appearance.class()
            href=href
            download=download
            rel=external.then_some("external")
        >
            {icon.map(|name| view! { <Icon name /> })}
            {children()}
        </a>
    }
    .into_any()
}
