//! Forms: they post without script, and the server's answer names the field.

use super::{Icon, IconName};
use leptos::prelude::*;

/// A label, a hint, a control, and what is wrong with it.
#[component]
pub fn Field(
    /// The id of the control inside.
    #[prop(into)]
    id: String,
    /// What is asked.
    #[prop(into)]
    label: String,
    /// What a good answer looks like.
    #[prop(optional, into)]
    hint: Option<String>,
    /// What is wrong with the answer, and what is allowed.
    #[prop(optional, into)]
    error: Signal<Option<String>>,
    /// The control.
    children: Children,
) -> AnyView {
    let hint_id = format!("{id}-hint");
    let error_id = format!("{id}-error");
    view! {
        <div class="field">
            <label class="field__label" for=id>
                {label}
            </label>
            {hint
                .map(|hint| {
                    view! {
                        <p class="field__hint" id=hint_id>
                            {hint}
                        </p>
                    }
                })}
            {children()}
            {move || {
                error
                    .get()
                    .map(|error| {
                        view! {
                            <p class="field__error" id=error_id.clone() role="alert">
                                <Icon name=IconName::Octagon />
                                {error}
                            </p>
                        }
                    })
            }}
        </div>
    }
    .into_any()
}

/// What describes a control: the ids that [`Field`] gives to hint and error.
fn described_by(id: &str) -> String {
    format!("{id}-hint {id}-error")
}

/// A line of text. It works in a plain form by its name, and in the browser by
/// its value and `on_input`.
#[component]
pub fn TextInput(
    /// The id, as given to its [`Field`].
    #[prop(into)]
    id: String,
    /// The name of the form field.
    #[prop(into)]
    name: String,
    /// What stands in it.
    #[prop(optional, into)]
    value: Signal<String>,
    /// `text`, `search`, `number`, `datetime-local`.
    #[prop(default = "text")]
    kind: &'static str,
    /// Shown in the fixed-width face: keys, offsets, names to be typed exactly.
    #[prop(optional)]
    mono: bool,
    /// No wider than a short answer needs.
    #[prop(optional)]
    short: bool,
    /// Whether an answer is needed.
    #[prop(optional)]
    required: bool,
    /// Whether the answer was refused.
    #[prop(optional, into)]
    invalid: Signal<bool>,
    /// Called with the text at each change, in the browser.
    #[prop(optional, into)]
    on_input: Option<Callback<String>>,
) -> AnyView {
    let mut class = "input".to_owned();
    if mono {
        class.push_str(" input--mono");
    }
    if short {
        class.push_str(" input--short");
    }
    let described = described_by(&id);
    view! {
        <input
            class=class
            id=id
            name=name
            type=kind
            autocomplete="off"
            spellcheck="false"
            required=required
            aria-describedby=described
            aria-invalid=move || invalid.get().then_some("true")
            prop:value=move || value.get()
            value=move || value.get()
            on:input=move |event| {
                if let Some(on_input) = on_input {
                    on_input.run(event_target_value(&event));
                }
            }
        />
    }
    .into_any()
}

/// Several lines of text: a reason.
#[component]
pub fn TextArea(
    /// The id, as given to its [`Field`].
    #[prop(into)]
    id: String,
    /// The name of the form field.
    #[prop(into)]
    name: String,
    /// What stands in it.
    #[prop(optional, into)]
    value: Signal<String>,
    /// Shown in the fixed-width face: offsets, JSON.
    #[prop(optional)]
    mono: bool,
    /// Whether an answer is needed.
    #[prop(optional)]
    required: bool,
    /// Whether the answer was refused.
    #[prop(optional, into)]
    invalid: Signal<bool>,
    /// Called with the text at each change, in the browser.
    #[prop(optional, into)]
    on_input: Option<Callback<String>>,
) -> AnyView {
    let class = if mono { "input input--mono" } else { "input" };
    let described = described_by(&id);
    // The first text is the element's own content, so that it shows without
    // script; later ones are set as the property.
    let first = value.get_untracked();
    view! {
        <textarea
            class=class
            id=id
            name=name
            rows="3"
            required=required
            aria-describedby=described
            aria-invalid=move || invalid.get().then_some("true")
            prop:value=move || value.get()
            on:input=move |event| {
                if let Some(on_input) = on_input {
                    on_input.run(event_target_value(&event));
                }
            }
        >
            {first}
        </textarea>
    }
    .into_any()
}

/// One of a few short answers.
#[component]
pub fn Select(
    /// The id, as given to its [`Field`].
    #[prop(into)]
    id: String,
    /// The name of the form field.
    #[prop(into)]
    name: String,
    /// Value and label of each answer.
    options: Vec<(String, String)>,
    /// The value that is chosen.
    #[prop(optional, into)]
    value: Signal<String>,
    /// Called with the value that was chosen, in the browser.
    #[prop(optional, into)]
    on_change: Option<Callback<String>>,
) -> AnyView {
    let described = described_by(&id);
    let options = options
        .into_iter()
        .map(|(option, label)| {
            let this = option.clone();
            view! {
                <option value=option selected=move || value.get() == this>
                    {label}
                </option>
            }
        })
        .collect_view();
    view! {
        <select
            class="input input--short"
            id=id
            name=name
            aria-describedby=described
            on:change=move |event| {
                if let Some(on_change) = on_change {
                    on_change.run(event_target_value(&event));
                }
            }
        >
            {options}
        </select>
    }
    .into_any()
}

/// An answer that needs a sentence, and may show its cost.
#[component]
pub fn RadioCard(
    /// The name of the form field, shared by the cards of one question.
    #[prop(into)]
    name: String,
    /// The value that this card sets.
    #[prop(into)]
    value: String,
    /// The answer.
    #[prop(into)]
    label: String,
    /// Beside the answer: recommended, not possible.
    #[prop(optional)]
    end: Option<AnyView>,
    /// Whether it is chosen.
    #[prop(optional, into)]
    checked: Signal<bool>,
    /// Whether it can be chosen. Its body says why not.
    #[prop(optional)]
    disabled: bool,
    /// Called when it is chosen, in the browser.
    #[prop(optional, into)]
    on_choose: Option<Callback<()>>,
    /// What it is for and what it costs.
    children: Children,
) -> AnyView {
    view! {
        <label class="choice">
            <input
                class="choice__input"
                type="radio"
                name=name
                value=value
                disabled=disabled
                checked=move || checked.get()
                prop:checked=move || checked.get()
                on:change=move |_| {
                    if let Some(on_choose) = on_choose {
                        on_choose.run(());
                    }
                }
            />
            <span class="choice__head">{label} {end}</span>
            <div class="choice__body">{children()}</div>
        </label>
    }
    .into_any()
}

/// Something that is so or is not.
#[component]
pub fn Checkbox(
    /// The name of the form field.
    #[prop(into)]
    name: String,
    /// The value that is sent when it is ticked.
    #[prop(default = "yes".to_owned(), into)]
    value: String,
    /// Whether it is ticked.
    #[prop(optional, into)]
    checked: Signal<bool>,
    /// Called with the new state, in the browser.
    #[prop(optional, into)]
    on_change: Option<Callback<bool>>,
    /// What is so.
    children: Children,
) -> AnyView {
    view! {
        <label class="checkbox">
            <input
                class="checkbox__input"
                type="checkbox"
                name=name
                value=value
                checked=move || checked.get()
                prop:checked=move || checked.get()
                on:change=move |event| {
                    if let Some(on_change) = on_change {
                        on_change.run(event_target_checked(&event));
                    }
                }
            />
            <span>{children()}</span>
        </label>
    }
    .into_any()
}
