//! Where the checkpoint is in each partition, and what Kafka has.

use domain::offsets::PartitionOffsets;
use domain::text::{counted, thousands};
use domain::time::human_duration;
use domain::verdict::Loss;
use leptos::prelude::*;

use super::Page;
use super::seen::{seen, unseen};
use crate::components::loss_in;
use crate::ui::*;
use crate::view::PartitionRow;

/// A table a topic, its partitions worst first.
pub(super) fn partitions(page: Page) -> AnyView {
    let rows = page.part(|page| {
        seen(page, |snapshot| &snapshot.kafka).map(|_| page.partitions.clone())
    });
    (move || match rows.get() {
        Err(why) => unseen("Kafka", why),
        Ok(rows) if rows.is_empty() => {
            view! { <EmptyState title="The topics of this stream have no partition." /> }.into_any()
        }
        Ok(rows) => {
            let committed = committed_json(&rows);
            let topics = by_topic(rows).into_iter().map(topic).collect_view();
            view! {
                <div class="stack">
                    {topics}
                    <p class="soft small">
                        "Committed is the next offset to be read, by the newest committed batch that can be read. A lag counts offsets; with transactions or compaction it is more than there are records."
                    </p>
                    {committed
                        .map(|json| {
                            view! {
                                <details class="fold">
                                    <summary>"The committed offsets as JSON"</summary>
                                    <div class="fold__body">
                                        <Code text=json what="the committed offsets" wrap=true />
                                    </div>
                                </details>
                            }
                        })}
                </div>
            }
            .into_any()
        }
    })
    .into_any()
}

/// The rows of each topic, topics in the order of their worst partition.
fn by_topic(rows: Vec<PartitionRow>) -> Vec<(String, Vec<PartitionRow>)> {
    let mut topics: Vec<(String, Vec<PartitionRow>)> = Vec::new();
    for row in rows {
        match topics.iter_mut().find(|(topic, _)| *topic == row.topic) {
            Some((_, rows)) => rows.push(row),
            None => topics.push((row.topic.clone(), vec![row])),
        }
    }
    topics
}

/// In the form that Spark takes and writes; `None` where none is known.
fn committed_json(rows: &[PartitionRow]) -> Option<String> {
    let mut offsets = PartitionOffsets::new();
    for row in rows {
        if let Some(committed) = row.committed {
            offsets.set(row.topic.clone(), row.partition, committed);
        }
    }
    (!offsets.is_empty()).then(|| offsets.to_spark_json())
}

fn topic((topic, rows): (String, Vec<PartitionRow>)) -> impl IntoView {
    let count = counted(rows.len() as u64, "partition", "partitions");
    let lag: Option<i64> = rows.iter().map(|row| row.lag).sum();
    let losses = rows.iter().filter_map(|row| row.loss);
    let first_lost = losses.min_by_key(|loss| loss.in_ms);
    let noted = rows.iter().filter(|row| row.note.is_some()).count() as u64;
    view! {
        <Table caption=format!("{topic}, worst first")>
            <thead>
                <tr>
                    <Th>"Partition"</Th>
                    <Th numeric=true>"Committed"</Th>
                    <Th numeric=true>"Log start"</Th>
                    <Th numeric=true>"Log end"</Th>
                    <Th numeric=true>"Lag"</Th>
                    <Th>"Data is lost"</Th>
                    <Th>"Note"</Th>
                </tr>
            </thead>
            <tbody>{rows.into_iter().map(partition).collect_view()}</tbody>
            <tfoot>
                <tr>
                    <ThRow>{count}</ThRow>
                    <Td label="Committed" numeric=true />
                    <Td label="Log start" numeric=true />
                    <Td label="Log end" numeric=true />
                    <Td label="Lag" numeric=true>
                        <span>{lag.map_or_else(|| "unknown".to_owned(), thousands)}</span>
                    </Td>
                    <Td label="Data is lost">{first_lost.map(soonest)}</Td>
                    <Td label="Note">{(noted > 0).then(|| noted_in_all(noted))}</Td>
                </tr>
            </tfoot>
        </Table>
    }
}

fn soonest(loss: Loss) -> impl IntoView {
    view! { <span>{format!("soonest {}", loss_in(loss))}</span> }
}

fn noted_in_all(count: u64) -> impl IntoView {
    view! { <span>{format!("{} noted", counted(count, "partition", "partitions"))}</span> }
}

fn partition(row: PartitionRow) -> impl IntoView {
    let unknown = || "unknown".to_owned();
    let loss = match (row.lag, row.loss) {
        (_, Some(loss)) if row.size_unknown => {
            format!("{}; by size unknown", loss_in(loss))
        }
        (_, Some(loss)) => loss_in(loss),
        (None, None) => unknown(),
        (Some(0), None) => "nothing waits".to_owned(),
        (Some(_), None) if row.size_unknown => unknown(),
        (Some(_), None) => "no limit known".to_owned(),
    };
    let offset = |at: Option<i64>| at.map_or_else(|| "not there".to_owned(), thousands);
    let old = row
        .unread_ms
        .map(|ms| view! { {format!("up to {} old", human_duration(ms))} }.into_any());
    view! {
        <tr>
            <ThRow>
                <span class="number">{row.partition}</span>
            </ThRow>
            <Td label="Committed" numeric=true>
                <span>{row.committed.map_or_else(unknown, thousands)}</span>
            </Td>
            <Td label="Log start" numeric=true>
                <span>{offset(row.log_start)}</span>
            </Td>
            <Td label="Log end" numeric=true>
                <span>{offset(row.log_end)}</span>
            </Td>
            <Td label="Lag" numeric=true>
                <TwoLines note=old>{row.lag.map_or_else(unknown, thousands)}</TwoLines>
            </Td>
            <Td label="Data is lost">
                <span>{loss}</span>
            </Td>
            <Td label="Note">
                {row
                    .note
                    .map(|note| {
                        view! {
                            <span class="noted" data-tone=Tone::Warning.as_str()>
                                <Icon name=IconName::Warning />
                                <span>{note}</span>
                            </span>
                        }
                    })}
            </Td>
        </tr>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(topic: &str, partition: i32, committed: Option<i64>) -> PartitionRow {
        PartitionRow {
            topic: topic.to_owned(),
            partition,
            committed,
            log_start: Some(0),
            log_end: Some(10),
            lag: committed.map(|offset| 10 - offset),
            unread_ms: None,
            loss: None,
            size_unknown: false,
            note: None,
        }
    }

    #[test]
    fn partitions_stay_worst_first_within_their_topic() {
        let rows = vec![row("b", 2, None), row("a", 0, None), row("b", 1, None)];
        let topics = by_topic(rows);
        let shown: Vec<(&str, Vec<i32>)> = topics
            .iter()
            .map(|(topic, rows)| {
                (topic.as_str(), rows.iter().map(|r| r.partition).collect())
            })
            .collect();
        assert_eq!(shown, [("b", vec![2, 1]), ("a", vec![0])]);
    }

    #[test]
    fn what_is_not_committed_is_not_in_the_json() {
        let rows = [row("a", 1, None), row("a", 0, Some(7))];
        assert_eq!(committed_json(&rows).as_deref(), Some(r#"{"a":{"0":7}}"#));
        assert_eq!(committed_json(&[row("a", 1, None)]), None);
    }
}
