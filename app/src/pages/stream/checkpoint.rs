//! The checkpoint: what a start would do with it, and the files that decide.

use std::collections::BTreeMap;

use domain::ids::StreamName;
use domain::snapshot::{BatchSeen, CheckpointSeen};
use domain::text::{bytes, counted, thousands};
use leptos::prelude::*;

use super::Page;
use super::files;
use super::seen::{seen, unseen};
use crate::components::*;
use crate::paths;
use crate::ui::*;

/// What was listed and read.
pub(super) fn checkpoint(page: Page) -> AnyView {
    let stream = page.once(|page| page.stream.name.clone());
    let checkpoint = page.part(|page| seen(page, |snapshot| &snapshot.checkpoint));
    let files = files::files(page, &stream);
    let about = move || match checkpoint.get() {
        Err(why) => unseen("The checkpoint", why),
        Ok(checkpoint) => shown(&stream, checkpoint, page.now_ms),
    };
    view! { <div class="stack">{about} {files}</div> }.into_any()
}

fn shown(
    stream: &StreamName,
    checkpoint: CheckpointSeen,
    now_ms: Signal<i64>,
) -> AnyView {
    let gate = checkpoint.gate_of.clone().map(|run| {
        view! {
            <Callout
                tone=Tone::Warning
                icon=IconName::Lock
                title="The gate is closed: metadata holds what Spark refuses."
            >
                <p>{format!("It was closed by the Run {run}. The job cannot start before it is opened.")}</p>
            </Callout>
        }
    });
    let next = checkpoint
        .next_offsets()
        .map(|offsets| offsets.to_spark_json());
    view! {
        <div class="stack">
            <PrognosisCallout prognosis=checkpoint.prognosis.clone() />
            {gate}
            {facts(checkpoint.clone(), now_ms)}
            {batches(stream, checkpoint.batches, now_ms)}
            {next
                .map(|json| {
                    view! {
                        <details class="fold">
                            <summary>"Where the next batch begins, as JSON"</summary>
                            <div class="fold__body">
                                <Code text=json what="the offsets" wrap=true />
                            </div>
                        </details>
                    }
                })}
            {decisive(stream, checkpoint.decisive)}
        </div>
    }
    .into_any()
}

fn facts(checkpoint: CheckpointSeen, now_ms: Signal<i64>) -> AnyView {
    let batch = |batch: Option<i64>| match batch {
        Some(batch) => view! { <span class="number">{batch}</span> }.into_any(),
        None => "none".into_any(),
    };
    view! {
        <Card>
            <Facts wide=true>
                <Fact name="Location">
                    <Copyable value=checkpoint.location what="the location" />
                </Fact>
                <Fact name="Objects">
                    {format!("{}, {}", thousands(checkpoint.objects), bytes(checkpoint.bytes))}
                </Fact>
                <Fact name="Newest change">
                    {match checkpoint.changed_at {
                        Some(at) => view! { <Time at_ms=at.0 now_ms /> }.into_any(),
                        None => "unknown".into_any(),
                    }}
                </Fact>
                <Fact name="Query id">
                    {match checkpoint.query_id {
                        Some(id) => {
                            view! { <Copyable value=id.to_string() what="the query id" /> }
                                .into_any()
                        }
                        None => "unknown: metadata cannot be read".into_any(),
                    }}
                </Fact>
                <Fact name="Newest batch in offsets/">{batch(checkpoint.newest_offsets)}</Fact>
                <Fact name="Newest batch in commits/">{batch(checkpoint.newest_commit)}</Fact>
            </Facts>
        </Card>
    }
    .into_any()
}

/// As many are listed; older ones decide nothing.
const BATCHES_SHOWN: usize = 6;

/// The newest batches that could be read.
fn batches(stream: &StreamName, batches: Vec<BatchSeen>, now_ms: Signal<i64>) -> AnyView {
    if batches.is_empty() {
        return view! {
            <Callout
                tone=Tone::Unknown
                icon=IconName::Question
                title="No batch in offsets/ can be read."
            >
                <p>"Where the stream provably got to is unknown."</p>
            </Callout>
        }
        .into_any();
    }
    let older = batches.len().saturating_sub(BATCHES_SHOWN) as u64;
    let rows = batches
        .into_iter()
        .take(BATCHES_SHOWN)
        .map(|batch| {
            let (tone, icon, word) = if batch.committed {
                (Tone::Good, IconName::Check, "committed")
            } else {
                (Tone::Info, IconName::Activity, "planned, not committed")
            };
            let href =
                paths::stream_file(stream, &format!("offsets/{}", batch.batch), None);
            view! {
                <tr>
                    <ThRow>
                        <a class="number" href=href>
                            {batch.batch}
                        </a>
                    </ThRow>
                    <Td label="State">
                        <Chip tone icon>
                            {word}
                        </Chip>
                    </Td>
                    <Td label="Planned">
                        <Time at_ms=batch.planned_at.0 now_ms />
                    </Td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <Table caption="The newest batches that can be read" keep_columns=true>
            <thead>
                <tr>
                    <Th>"Batch"</Th>
                    <Th>"State"</Th>
                    <Th>"Planned"</Th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </Table>
        {(older > 0)
            .then(|| {
                view! {
                    <p class="soft small">
                        {format!("{} can be read.", counted(older, "older batch", "older batches"))}
                    </p>
                }
            })}
    }
    .into_any()
}

/// The files that decide what a start does; a change of one makes a plan stale.
fn decisive(stream: &StreamName, files: BTreeMap<String, String>) -> AnyView {
    let rows = files
        .into_iter()
        .map(|(key, etag)| {
            let href = paths::stream_file(stream, &key, None);
            view! {
                <tr>
                    <ThRow>
                        <a class="key" href=href>
                            {key}
                        </a>
                    </ThRow>
                    <Td label="ETag">
                        <code class="key">{etag}</code>
                    </Td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <details class="fold fold--card">
            <summary>"The files that decide a start"</summary>
            <Table caption="The files that decide a start" caption_hidden=true>
                <thead>
                    <tr>
                        <Th>"File"</Th>
                        <Th>"ETag"</Th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </Table>
        </details>
    }
    .into_any()
}
