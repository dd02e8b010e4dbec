//! What Spark would do with a checkpoint, in words.

use domain::checkpoint::{FailsWhen, Prognosis};
use leptos::prelude::*;

use crate::ui::*;

/// What would happen if the query were started on this checkpoint now.
#[component]
pub fn PrognosisCallout(
    /// What is foreseen.
    prognosis: Prognosis,
) -> AnyView {
    match prognosis {
        Prognosis::Starts {
            batch_id, replay, ..
        } => {
            let again = if replay {
                "It was begun before, so the sink may hold part of it. Spark reads the same offsets for it again."
            } else {
                "It was not begun before."
            };
            view! {
                <Callout
                    tone=Tone::Good
                    icon=IconName::Play
                    title=format!("A start now would go on with batch {batch_id}.")
                >
                    <p>{again}</p>
                </Callout>
            }
            .into_any()
        }
        Prognosis::StartsFresh { why, start } => {
            let from = if start.is_some() {
                "It would begin where sources/ says."
            } else {
                "No file says where; the job's own options would decide."
            };
            view! {
                <Callout
                    tone=Tone::Warning
                    icon=IconName::Warning
                    title="A start now would begin at batch 0, as if the query had never run."
                >
                    <p>{why}</p>
                    <p>{from}</p>
                </Callout>
            }
            .into_any()
        }
        Prognosis::Fails {
            when,
            error_class,
            error_condition,
            text,
            path,
            ..
        } => {
            let condition = error_condition
                .map(|condition| format!(" ({condition})"))
                .unwrap_or_default();
            view! {
                <Callout
                    tone=Tone::Danger
                    icon=IconName::Octagon
                    title=format!("A start now would fail {}.", before(when))
                >
                    {path
                        .map(|path| view! { <p>"Over " <code class="key">{path}</code> "."</p> })}
                    <p>"Spark will say " <code class="key">{error_class}</code> {condition} ":"</p>
                    <Code text what="the error" wrap=true />
                </Callout>
            }
            .into_any()
        }
        Prognosis::Unknown { unread } => view! {
            <Callout
                tone=Tone::Unknown
                icon=IconName::Question
                title="What a start now would do is unknown."
            >
                <p>"It depends on files that were listed and could not be read:"</p>
                <ul class="list">
                    {unread
                        .into_iter()
                        .map(|key| {
                            view! {
                                <li>
                                    <code class="key">{key}</code>
                                </li>
                            }
                        })
                        .collect_view()}
                </ul>
            </Callout>
        }
        .into_any(),
    }
}

fn before(when: FailsWhen) -> &'static str {
    match when {
        FailsWhen::Start => "at once",
        FailsWhen::BeforeFirstBatch => "before a batch is through",
        FailsWhen::AfterBatches => "after some batches",
    }
}
