//! What is configured: the people, everything else.

use domain::stream::Contact;
use domain::time::human_duration;
use leptos::prelude::*;

use super::Page;
use crate::ui::*;

/// Texts as a list.
pub(super) fn listed(items: Vec<String>, none: &'static str) -> AnyView {
    if items.is_empty() {
        return view! { <span class="soft">{none}</span> }.into_any();
    }
    view! {
        <ul class="plain-list">
            {items.into_iter().map(|item| view! { <li>{item}</li> }).collect_view()}
        </ul>
    }
    .into_any()
}

/// Whom to reach, and the stream as the configuration has it.
pub(super) fn configuration(page: Page) -> AnyView {
    let stream = page.once(|page| page.stream.clone());
    view! {
        <div class="stack">
            {contacts(stream.owner, stream.contacts)}
            <Card title="As configured">
                <Facts wide=true>
                    <Fact name="Environment">{stream.environment}</Fact>
                    <Fact name="Region">{stream.region}</Fact>
                    <Fact name="Application">
                        <Copyable value=stream.application what="the application's id" />
                    </Fact>
                    <Fact name="Checkpoint">
                        <Copyable value=stream.checkpoint.uri() what="the checkpoint's location" />
                    </Fact>
                    <Fact name="Backups">
                        <Copyable value=stream.backup_root.uri() what="the root of backups" />
                    </Fact>
                    <Fact name="Kafka cluster">{stream.kafka_cluster}</Fact>
                    <Fact name="Topics, by source">
                        {listed(
                            stream.sources.iter().map(|topics| topics.join(", ")).collect(),
                            "none",
                        )}
                    </Fact>
                    <Fact name="Isolation level">
                        {if stream.read_committed { "read_committed" } else { "read_uncommitted" }}
                    </Fact>
                    <Fact name="Trigger">{format!("every {}", human_duration(stream.trigger_ms))}</Fact>
                    <Fact name="Keeps state">{if stream.shape.stateful { "yes" } else { "no" }}</Fact>
                    <Fact name="Spark">
                        {stream.spark.map_or("by the release label", |line| line.as_str())}
                    </Fact>
                </Facts>
            </Card>
        </div>
    }
    .into_any()
}

fn contacts(owner: String, contacts: Vec<Contact>) -> AnyView {
    let rows = contacts
        .into_iter()
        .map(|contact| {
            view! {
                <Fact name=contact.name>
                    <Copyable value=contact.reach what="how to reach them" />
                </Fact>
            }
        })
        .collect_view();
    view! {
        <Card title="Contacts">
            <Facts wide=true>
                <Fact name="Owner">{owner}</Fact>
                {rows}
            </Facts>
        </Card>
    }
    .into_any()
}
