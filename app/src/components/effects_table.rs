//! What a plan does to each partition: before, after, and what that skips or
//! reads again.

use std::collections::BTreeMap;

use domain::plan::{Cost, PartitionEffect};
use leptos::prelude::*;

use crate::ui::*;

/// A row for each partition, by topic, with the totals of each and of all.
#[component]
pub fn EffectsTable(
    /// What is done to each partition.
    effects: Vec<PartitionEffect>,
) -> AnyView {
    if effects.is_empty() {
        return view! { <EmptyState title="This plan moves no offsets." /> }.into_any();
    }
    let total = Cost::of(&effects);
    let partitions = effects.len();
    let mut topics: BTreeMap<String, Vec<PartitionEffect>> = BTreeMap::new();
    for effect in effects {
        topics.entry(effect.topic.clone()).or_default().push(effect);
    }
    let several = topics.len() > 1;
    let bodies = topics
        .into_iter()
        .map(|(topic, effects)| {
            let sum = several.then(|| {
                let name = format!("{topic}, {} partitions", effects.len());
                totals(name, Cost::of(&effects), "effects__sum")
            });
            view! { <tbody>{effects.into_iter().map(row).collect_view()} {sum}</tbody> }
        })
        .collect_view();
    let all = match partitions {
        1 => "1 partition".to_owned(),
        many => format!("{} partitions", grouped(many as u64)),
    };
    view! {
        <Table caption="Offsets before and after, by partition" caption_hidden=true>
            <thead>
                <tr>
                    <Th>"Partition"</Th>
                    <Th numeric=true>"Before"</Th>
                    <Th numeric=true>"After"</Th>
                    <Th numeric=true>"Change"</Th>
                    <Th numeric=true>"Skipped"</Th>
                    <Th numeric=true>"Read again"</Th>
                    <Th numeric=true>"Deleted unread"</Th>
                </tr>
            </thead>
            {bodies}
            <tfoot>{totals(all, total, "effects__total")}</tfoot>
        </Table>
        <p class="small soft effects__note">
            "An offset is the next one to be read. Before is where the newest readable committed batch got to; a partition without one was never read."
        </p>
    }
    .into_any()
}

fn row(effect: PartitionEffect) -> impl IntoView {
    let before = match effect.before {
        Some(before) => grouped(before.0),
        None => "never read".to_owned(),
    };
    let change = match effect.before {
        Some(before) => signed(effect.after.0.saturating_sub(before.0)),
        None => "unknown".to_owned(),
    };
    view! {
        <tr>
            <ThRow>
                <code>{format!("{}-{}", effect.topic, effect.partition)}</code>
            </ThRow>
            <Td label="Before" numeric=true>
                {before}
            </Td>
            <Td label="After" numeric=true>
                {grouped(effect.after.0)}
            </Td>
            <Td label="Change" numeric=true>
                {change}
            </Td>
            <Td label="Skipped" numeric=true>
                {counts(effect.skipped)}
            </Td>
            <Td label="Read again" numeric=true>
                {counts(effect.repeated)}
            </Td>
            <Td label="Deleted unread" numeric=true>
                {counts(effect.already_lost)}
            </Td>
        </tr>
    }
}

fn totals(name: String, cost: Cost, class: &'static str) -> impl IntoView {
    view! {
        <tr class=class>
            <ThRow>{name}</ThRow>
            <Td label="Before" numeric=true>
                {None::<String>}
            </Td>
            <Td label="After" numeric=true>
                {None::<String>}
            </Td>
            <Td label="Change" numeric=true>
                {None::<String>}
            </Td>
            <Td label="Skipped" numeric=true>
                {counts(cost.skipped)}
            </Td>
            <Td label="Read again" numeric=true>
                {counts(cost.repeated)}
            </Td>
            <Td label="Deleted unread" numeric=true>
                {counts(cost.already_lost)}
            </Td>
        </tr>
    }
}

/// A count that matters stands out from the zeros around it.
fn counts(count: u64) -> impl IntoView {
    if count == 0 {
        view! { <span class="soft">"0"</span> }.into_any()
    } else {
        view! { <strong>{grouped(count)}</strong> }.into_any()
    }
}

fn signed(change: i64) -> String {
    if change > 0 {
        format!("+{}", grouped(change))
    } else {
        grouped(change)
    }
}
