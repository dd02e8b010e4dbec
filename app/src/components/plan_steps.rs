//! The steps of a plan before they are done, each opening to what it is made
//! of: keys, offsets, commands.

use domain::keyset::{Chunk, KeySet};
use domain::plan::{Plan, RenderedStep, StepKind};
use domain::text::{bytes, counted};
use leptos::prelude::*;

use crate::ui::*;
use crate::view::PlanView;

/// Every step of a plan, numbered, in the order in which they will be done.
#[component]
pub fn PlanSteps(
    /// The plan.
    plan: Option<Plan>,
    /// Its steps in words.
    steps: Vec<RenderedStep>,
) -> AnyView {
    let steps = steps
        .into_iter()
        .enumerate()
        .map(|(index, step)| {
            let parts = plan.as_ref().map(|plan| parts(plan, &step));
            planned_step(index + 1, step, parts)
        })
        .collect_view();
    view! { <ol class="plan-steps">{steps}</ol> }.into_any()
}

fn planned_step(
    number: usize,
    step: RenderedStep,
    parts: Option<impl IntoView + 'static>,
) -> impl IntoView {
    let RenderedStep {
        title,
        will,
        commands,
        point_of_no_return,
        ..
    } = step;
    view! {
        {point_of_no_return.then(|| no_return(false))}
        <li class="plan-steps__step" data-changes=point_of_no_return.then_some("yes")>
            <span class="plan-steps__number" aria-hidden="true">
                {number}
            </span>
            <div class="stack stack--tight">
                <h3>{title}</h3>
                <p>{will}</p>
                {parts}
                {commands_of(number, commands)}
            </div>
        </li>
    }
}

/// The steps of a plan as a Run shows it.
impl PlanView {
    /// Its steps, before they are done.
    #[must_use]
    pub fn planned(self) -> AnyView {
        let steps = self.steps.into_iter().map(|step| step.rendered).collect();
        view! { <PlanSteps plan=self.plan steps /> }.into_any()
    }
}

/// Marks where going back ends, before it comes and after.
#[must_use]
pub fn no_return(passed: bool) -> impl IntoView {
    let (title, text) = if passed {
        (
            "The point of no return was passed here. ",
            "The sealed backup holds all that was there before.",
        )
    } else {
        (
            "Point of no return. ",
            "Before this line an abort leaves the checkpoint untouched. After it the Run cannot be aborted; the sealed backup holds all that was there.",
        )
    };
    view! {
        <li class="no-return" data-passed=passed.then_some("yes")>
            <Icon name=IconName::Warning />
            <span>
                <strong>{title}</strong>
                {text}
            </span>
        </li>
    }
}

/// The commands that do the same by hand. Nothing where there is none.
fn commands_of(step: usize, commands: Vec<String>) -> Option<impl IntoView> {
    let summary = match commands.len() {
        0 => return None,
        1 => "The same by hand".to_owned(),
        many => format!("The same by hand, {many} commands"),
    };
    let commands = commands
        .into_iter()
        .zip(1..)
        .map(|(text, number)| {
            let what = format!("command {number} of step {step}");
            view! { <Code text what wrap=true /> }
        })
        .collect_view();
    Some(view! {
        <details class="fold">
            <summary>{summary}</summary>
            <div class="stack stack--tight fold__body">{commands}</div>
        </details>
    })
}

/// What a step is made of beyond its sentence.
fn parts(plan: &Plan, step: &RenderedStep) -> AnyView {
    match plan.step(&step.id).map(|step| &step.kind) {
        Some(StepKind::Clear(clear)) => keys(DELETED, clear.keys.clone()).into_any(),
        Some(StepKind::Restore(restore)) => {
            keys("Keys that are put back, in pieces", restore.keys.clone()).into_any()
        }
        Some(StepKind::Edit(edit)) => {
            let deleted =
                (edit.deletes.count > 0).then(|| keys(DELETED, edit.deletes.clone()));
            let written = edit
                .writes
                .iter()
                .map(|write| offsets(write.body.clone(), &write.key))
                .collect_view();
            view! {
                {deleted}
                {written}
            }
            .into_any()
        }
        Some(StepKind::Confirm(confirm)) => {
            let place = format!("batch {}", confirm.batch);
            let of_source = confirm.sources.iter();
            of_source
                .map(|source| offsets(source.to_spark_json(), &place))
                .collect_view()
                .into_any()
        }
        Some(StepKind::Seed(seed)) => {
            offsets(seed.offsets.to_spark_json(), &seed.key()).into_any()
        }
        Some(StepKind::Restart(restart)) => restart
            .setting
            .as_ref()
            .map(|setting| offsets(setting.value().to_owned(), &setting.place()))
            .into_any(),
        Some(StepKind::CloseGate(gate)) => {
            let text = gate.body.clone();
            view! {
                <details class="fold">
                    <summary>"The text of the closed gate"</summary>
                    <div class="fold__body">
                        <Code text what="the text" wrap=true />
                    </div>
                </details>
            }
            .into_any()
        }
        _ => ().into_any(),
    }
}

/// Offsets in full, and where they stand.
fn offsets(text: String, place: &str) -> impl IntoView + use<> {
    view! {
        <details class="fold">
            <summary>{format!("Offsets in {place}")}</summary>
            <div class="fold__body">
                <Code text what=format!("the offsets in {place}") wrap=true />
            </div>
        </details>
    }
}

const DELETED: &str = "Keys that are deleted, in pieces";

/// A set of keys by its pieces: a list may have more keys than a page can show.
fn keys(caption: &'static str, set: KeySet) -> impl IntoView {
    let summary = format!(
        "{} in {}",
        counted(set.count, "key", "keys"),
        counted(set.chunks.len() as u64, "piece", "pieces")
    );
    let list = set.sha256.to_string();
    view! {
        <details class="fold">
            <summary>{summary}</summary>
            <div class="stack stack--tight fold__body">
                <Table caption caption_hidden=true>
                    <thead>
                        <tr>
                            <Th>"First key"</Th>
                            <Th>"Last key"</Th>
                            <Th numeric=true>"Keys"</Th>
                            <Th numeric=true>"Size"</Th>
                            <Th>"Digest"</Th>
                        </tr>
                    </thead>
                    <tbody>{set.chunks.into_iter().map(chunk).collect_view()}</tbody>
                </Table>
                <p class="small soft">
                    "Digest of the whole list: " <Copyable value=list what="the digest" />
                </p>
            </div>
        </details>
    }
}

fn chunk(chunk: Chunk) -> impl IntoView {
    let digest = chunk.sha256.short().to_owned();
    view! {
        <tr>
            <ThRow>
                <code class="key">{chunk.first}</code>
            </ThRow>
            <Td label="Last key">
                <code class="key">{chunk.last}</code>
            </Td>
            <Td label="Keys" numeric=true>
                {grouped(chunk.count)}
            </Td>
            <Td label="Size" numeric=true>
                {bytes(chunk.bytes)}
            </Td>
            <Td label="Digest">
                <code>{digest}</code>
            </Td>
        </tr>
    }
}
