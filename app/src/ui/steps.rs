//! The way through a procedure.

use super::{Icon, IconName};
use leptos::prelude::*;

/// Where one step of the way stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepState {
    Done,
    /// What the person is at.
    Current,
    /// Somebody else must act first.
    Waiting,
    Failed,
    /// Not reached yet.
    Ahead,
}

impl StepState {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Current => "current",
            Self::Waiting => "waiting",
            Self::Failed => "failed",
            Self::Ahead => "ahead",
        }
    }

    /// The state in a word, for who does not see the mark.
    const fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Current => "now",
            Self::Waiting => "waiting",
            Self::Failed => "failed",
            Self::Ahead => "not reached",
        }
    }

    const fn icon(self) -> Option<IconName> {
        match self {
            Self::Done => Some(IconName::Check),
            Self::Waiting => Some(IconName::Hourglass),
            Self::Failed => Some(IconName::Cross),
            Self::Current | Self::Ahead => None,
        }
    }
}

/// One step of the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepItem {
    pub label: String,
    /// Its address; none while it cannot be opened.
    pub href: Option<String>,
    pub state: StepState,
    /// A few words below the label: who is waited for, what was chosen.
    pub note: Option<String>,
    /// Whether the page shows this step.
    pub shown: bool,
}

/// The steps of a procedure in order, each with its state and address.
#[component]
pub fn Steps(
    /// What the procedure is, for screen readers.
    #[prop(into)]
    label: String,
    /// The steps.
    #[prop(into)]
    items: Signal<Vec<StepItem>>,
) -> AnyView {
    view! {
        <nav class="steps" aria-label=label>
            <ol class="steps__list">
                {move || {
                    items.get().into_iter().enumerate().map(|(at, item)| step(at, item)).collect_view()
                }}
            </ol>
        </nav>
    }
    .into_any()
}

fn step(at: usize, item: StepItem) -> impl IntoView {
    let state = item.state;
    let inner = view! {
        <span class="steps__mark">
            {match state.icon() {
                Some(name) => view! { <Icon name /> }.into_any(),
                None => view! { <span aria-hidden="true">{at + 1}</span> }.into_any(),
            }}
        </span>
        <span class="steps__label">
            {item.label} <span class="visually-hidden">{format!(", {}", state.word())}</span>
        </span>
        {item.note.map(|note| view! { <span class="steps__note">{note}</span> })}
    };
    let current = item.shown.then_some("step");
    let body = match item.href {
        Some(href) => view! {
            <a class="steps__step" href=href aria-current=current>
                {inner}
            </a>
        }
        .into_any(),
        None => view! {
            <span class="steps__step" aria-current=current>
                {inner}
            </span>
        }
        .into_any(),
    };
    view! {
        <li class="steps__item" data-state=state.as_str()>
            {body}
        </li>
    }
}
