//! Two plans side by side.

use domain::ids::Digest;
use domain::plan::{Compared, ComparedPartition, ComparedStep, Comparison};
use domain::text::counted;
use leptos::prelude::*;
use leptos_meta::Title;

use super::plan::{known, plan_of_address};
use crate::api::read::fetch_comparison;
use crate::components::*;
use crate::paths;
use crate::ui::*;
use crate::view::{ComparePage, PlanRef};

/// The page.
#[component]
pub fn ComparePlans() -> AnyView {
    let (left, right) = (plan_of_address("plan"), plan_of_address("other"));
    let fetched = Resource::new_blocking(
        move || (left.get(), right.get()),
        |(left, right): (Option<Digest>, Option<Digest>)| async move {
            fetch_comparison(known(left)?, known(right)?).await
        },
    );
    // Two others are another page.
    (move || {
        left.track();
        right.track();
        once_fetched(fetched, drawn)
    })
    .into_any()
}

fn drawn(page: ComparePage) -> AnyView {
    let ComparePage {
        left,
        right,
        comparison,
        ..
    } = page;
    let same = comparison.is_same_work();
    let Comparison {
        mut facts,
        partitions,
        steps,
        notes,
    } = comparison;
    facts.extend(notes);
    let title = format!("Plans {} and {}", left.id.short(), right.id.short());
    let heads =
        [left.clone(), right.clone()].map(|plan| format!("Plan {}", plan.id.short()));
    let facts = facts_of(heads.clone(), facts);
    let partitions = partitions_of(heads.clone(), partitions);
    let steps = steps_of(heads, steps);
    let (tone, icon, word) = if same {
        (
            Tone::Good,
            IconName::Check,
            "Both do the same, to the last key and offset.",
        )
    } else {
        (Tone::Info, IconName::Info, "They do not do the same.")
    };
    view! {
        <Title text=title />
        <div class="page compare">
            <div class="page__head">
                <div>
                    <p class="soft">"Two plans side by side"</p>
                    <h1>{link(&left)} " and " {link(&right)}</h1>
                </div>
                <LinkButton href=paths::compare(&right.id, &left.id)>"Change sides"</LinkButton>
            </div>
            <Callout tone icon title=word />
            <Card title="What they say" flush=true>
                {facts}
            </Card>
            <Card title="Where each partition goes on" flush=true>
                {partitions}
            </Card>
            <Card title="What they will do" flush=true>
                {steps}
            </Card>
        </div>
    }
    .into_any()
}

fn link(plan: &PlanRef) -> impl IntoView + use<> {
    view! { <a href=paths::plan(&plan.id)>{plan.id.short().to_owned()}</a> }
}

/// What differs stands out by its word, and not by its colour alone.
fn mark(same: bool) -> AnyView {
    let (tone, icon, word) = if same {
        (Tone::Neutral, IconName::Circle, "same")
    } else {
        (Tone::Accent, IconName::Info, "differs")
    };
    view! {
        <Chip tone icon>
            {word}
        </Chip>
    }
    .into_any()
}

fn said(value: Option<String>) -> AnyView {
    match value {
        Some(value) => value.into_any(),
        None => view! { <span class="soft">"nothing"</span> }.into_any(),
    }
}

fn facts_of(heads: [String; 2], facts: Vec<Compared>) -> AnyView {
    let head = head("What", heads.clone());
    let [left, right] = heads;
    let rows = facts
        .into_iter()
        .map(|fact| {
            let same = fact.is_same();
            view! {
                <tr>
                    <ThRow>{fact.name}</ThRow>
                    <Td label=left.clone()>{said(fact.left)}</Td>
                    <Td label=right.clone()>{said(fact.right)}</Td>
                    <Td label="">{mark(same)}</Td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <Table caption="What the two plans say" caption_hidden=true>
            {head}
            <tbody>{rows}</tbody>
        </Table>
    }
    .into_any()
}

fn head(first: &'static str, [left, right]: [String; 2]) -> impl IntoView {
    view! {
        <thead>
            <tr>
                <Th>{first}</Th>
                <Th>{left}</Th>
                <Th>{right}</Th>
                <Th>"Compared"</Th>
            </tr>
        </thead>
    }
}

fn partitions_of(heads: [String; 2], partitions: Vec<ComparedPartition>) -> AnyView {
    if partitions.is_empty() {
        return view! { <EmptyState title="Neither moves an offset." /> }.into_any();
    }
    let differ = partitions.iter().filter(|p| !p.is_same()).count();
    let [left, right] = heads;
    let rows = partitions
        .into_iter()
        .map(|row| {
            let after = |effect: &Option<domain::plan::PartitionEffect>| {
                said(effect.as_ref().map(|effect| grouped(effect.after.0)))
            };
            let difference = match row.difference() {
                Some(0) => view! { <span class="soft">"0"</span> }.into_any(),
                Some(by) if by > 0 => format!("+{}", grouped(by)).into_any(),
                Some(by) => grouped(by).into_any(),
                None => "in one alone".into_any(),
            };
            view! {
                <tr>
                    <ThRow>
                        <code>{format!("{}-{}", row.topic, row.partition)}</code>
                    </ThRow>
                    <Td label=left.clone() numeric=true>
                        {after(&row.left)}
                    </Td>
                    <Td label=right.clone() numeric=true>
                        {after(&row.right)}
                    </Td>
                    <Td label="Difference" numeric=true>
                        {difference}
                    </Td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <Table caption="Where each plan lets a partition go on" caption_hidden=true>
            <thead>
                <tr>
                    <Th>"Partition"</Th>
                    <Th numeric=true>{left}</Th>
                    <Th numeric=true>{right}</Th>
                    <Th numeric=true>"Difference"</Th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </Table>
        <p class="small soft effects__note">
            {format!(
                "{} at other offsets. An offset is the next one to be read.",
                counted(differ as u64, "partition goes on", "partitions go on"),
            )}
        </p>
    }
    .into_any()
}

fn steps_of(heads: [String; 2], steps: Vec<ComparedStep>) -> AnyView {
    let head = head("Step", heads.clone());
    let [left, right] = heads;
    let rows = steps
        .into_iter()
        .map(|step| {
            let name = step.left.as_ref().or(step.right.as_ref());
            let name = name.map(|step| step.title.clone()).unwrap_or_default();
            let same = step.same;
            view! {
                <tr>
                    <ThRow>{name}</ThRow>
                    <Td label=left.clone()>{said(step.left.map(|step| step.will))}</Td>
                    <Td label=right.clone()>{said(step.right.map(|step| step.will))}</Td>
                    <Td label="">{mark(same)}</Td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <Table caption="The steps of the two plans" caption_hidden=true>
            {head}
            <tbody>{rows}</tbody>
        </Table>
    }
    .into_any()
}
