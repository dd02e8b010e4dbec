//! The application and the job runs that may write here.

use domain::snapshot::{ExecutorsSeen, JobRunSeen, JobsSeen, OtherRun};
use leptos::prelude::*;

use super::Page;
use super::seen::{seen, unseen};
use crate::components::*;
use crate::ui::*;

/// What EMR Serverless says.
pub(super) fn job_runs(page: Page) -> AnyView {
    let jobs = page.part(|page| seen(page, |snapshot| &snapshot.jobs));
    (move || match jobs.get() {
        Err(why) => unseen("EMR Serverless", why),
        Ok(jobs) => shown(jobs, page.now_ms),
    })
    .into_any()
}

fn shown(jobs: JobsSeen, now_ms: Signal<i64>) -> AnyView {
    let JobsSeen {
        application,
        application_state,
        release,
        runs,
        others,
        elsewhere,
        executors,
    } = jobs;
    let list = if runs.is_empty() {
        view! { <EmptyState title="No job run of this stream was found." /> }.into_any()
    } else {
        view! {
            <Table caption="Job runs, newest first" caption_hidden=true>
                <thead>
                    <tr>
                        <Th>"Job run"</Th>
                        <Th>"State"</Th>
                        <Th>"Mode"</Th>
                        <Th numeric=true>"Attempt"</Th>
                        <Th>"Submitted"</Th>
                        <Th>"State since"</Th>
                        <Th>"Started by"</Th>
                    </tr>
                </thead>
                <tbody>{runs.into_iter().map(|run| job_run(run, now_ms)).collect_view()}</tbody>
            </Table>
        }
        .into_any()
    };
    view! {
        <div class="stack">
            <p class="soft">
                "Application " <code class="key">{application}</code>
                {format!(" is {}, release {release}.", application_state.to_lowercase())}
                {executors.map(at_work)}
            </p>
            {(!others.is_empty()).then(|| other_runs(&others))}
            {list}
            {elsewhere
                .map(|why| {
                    view! {
                        <p class="soft">
                            "Job runs of other applications were not looked at: " {why}
                        </p>
                    }
                })}
        </div>
    }
    .into_any()
}

/// Job runs that may write here and are not known to be the stream's.
fn other_runs(others: &[OtherRun]) -> AnyView {
    let sure = others.iter().any(|run| !run.can_be_explained());
    let (tone, title) = if sure {
        (
            Tone::Danger,
            "Another job writes this checkpoint. Two writers destroy it.",
        )
    } else {
        (
            Tone::Warning,
            "Other job runs are alive that may write here.",
        )
    };
    let rows = others
        .iter()
        .map(|run| view! { <li>{run.sentence()}</li> })
        .collect_view();
    view! {
        <Callout tone icon=IconName::Warning title>
            <ul>{rows}</ul>
        </Callout>
    }
    .into_any()
}

/// What the executors do while a batch is under way.
fn at_work(executors: ExecutorsSeen) -> String {
    format!(
        " The executors of the newest job run used {} % of their vCPUs at {}.",
        executors.busy_percent,
        executors.at.utc()
    )
}

/// Longer words of EMR than this are opened on demand.
const DETAILS_MAX: usize = 80;

fn details(text: String) -> Option<AnyView> {
    if text.is_empty() {
        return None;
    }
    if text.chars().count() <= DETAILS_MAX {
        return Some(text.into_any());
    }
    let details = view! {
        <details class="fold">
            <summary>"What EMR says"</summary>
            <p class="fold__body">{text}</p>
        </details>
    };
    Some(details.into_any())
}

fn job_run(run: JobRunSeen, now_ms: Signal<i64>) -> impl IntoView {
    let starter = run.starter();
    let by = starter.short().to_owned();
    let airflow = starter.airflow_words().map(IntoAny::into_any);
    let details = details(run.state_details);
    let streaming = run.mode == "STREAMING";
    view! {
        <tr>
            <ThRow>
                <TwoLines note=run.name.map(IntoAny::into_any)>
                    <Copyable value=run.id.to_string() what="the job run's id" />
                </TwoLines>
            </ThRow>
            <Td label="State">
                <TwoLines note=details>
                    <JobStateChip state=run.state />
                </TwoLines>
            </Td>
            <Td label="Mode">
                {if streaming {
                    view! { <span>"streaming"</span> }.into_any()
                } else {
                    view! {
                        <Chip tone=Tone::Warning icon=IconName::Warning>
                            {run.mode.to_lowercase()}
                        </Chip>
                    }
                        .into_any()
                }}
            </Td>
            <Td label="Attempt" numeric=true>
                <span>{run.attempt}</span>
            </Td>
            <Td label="Submitted">
                <Time at_ms=run.created_at.0 now_ms />
            </Td>
            <Td label="State since">
                <Time at_ms=run.updated_at.0 now_ms />
            </Td>
            <Td label="Started by">
                <TwoLines note=airflow>
                    <span class="key" title=run.created_by>
                        {by}
                    </span>
                </TwoLines>
            </Td>
        </tr>
    }
}
