//! Where a stream got to, by its checkpoint and by what its sink holds.

use app::backend::Answered;
use app::view::{FoundOffsets, OffsetsPage};
use domain::access::Actor;
use domain::ids::StreamName;
use domain::offsets::PartitionOffsets;
use domain::plan::misfits;
use domain::snapshot::Snapshot;
use domain::stream::Stream;
use domain::text::{counted, thousands};

use super::Server;
use crate::clock;
use crate::config::Columns;
use crate::observe::FoundInSink;

/// So many files that could not be read are named.
const UNREAD_MAX: usize = 3;

impl Server {
    pub(super) async fn offsets_page(
        &self,
        actor: &Actor,
        name: &StreamName,
    ) -> Answered<OffsetsPage> {
        let stream = self.visible(actor, name)?;
        let latest = self.poller.get(name);
        let snapshot = latest.as_ref().map(|latest| &latest.snapshot);
        let in_sink = self.observer.largest_offsets(&stream).await;
        let configured = self.config.stream(name);
        let columns = configured
            .map(|c| c.sink.columns.clone())
            .unwrap_or_default();
        Ok(OffsetsPage {
            now: clock::now(),
            stream: name.clone(),
            checkpoint: by_checkpoint(&stream, snapshot),
            sink: in_sink.and_then(|found| by_sink(&stream, snapshot, found)),
            sink_location: stream.sink.location.clone(),
            query: query(&columns),
        })
    }
}

fn found(
    stream: &Stream,
    snapshot: Option<&Snapshot>,
    offsets: PartitionOffsets,
    from: Vec<String>,
) -> FoundOffsets {
    let kafka = snapshot.and_then(|s| s.kafka.seen());
    FoundOffsets {
        misfits: match kafka {
            Some(kafka) => misfits(stream, kafka, &offsets),
            None => vec!["What Kafka holds is not known now".to_owned()],
        },
        offsets,
        from,
    }
}

fn by_checkpoint(
    stream: &Stream,
    snapshot: Option<&Snapshot>,
) -> Result<FoundOffsets, String> {
    let snapshot = snapshot.ok_or("The stream has not been looked at yet.")?;
    let seen = snapshot.checkpoint.seen();
    let checkpoint = seen.ok_or("The checkpoint could not be read.")?;
    let (Some(batch), Some(offsets)) =
        (checkpoint.last_committed(), checkpoint.next_offsets())
    else {
        return Err(
            "None of its newest batches is both readable and committed.".to_owned()
        );
    };
    let from = vec![format!(
        "Where batch {} ends, the newest that is readable and committed, planned {}.",
        batch.batch,
        batch.planned_at.utc()
    )];
    Ok(found(stream, Some(snapshot), offsets, from))
}

fn by_sink(
    stream: &Stream,
    snapshot: Option<&Snapshot>,
    seen: FoundInSink,
) -> Result<FoundOffsets, String> {
    let FoundInSink {
        largest,
        folders,
        files,
        newest_at,
        unread,
    } = seen;
    let mut from = Vec::new();
    if let Some(newest) = newest_at {
        from.push(format!(
            "One more than the largest offset of {} in the {} that were written last; the newest is of {}.",
            counted(largest.rows(), "row", "rows"),
            counted(files as u64, "file", "files"),
            newest.utc()
        ));
    }
    let folders: Vec<&str> = folders
        .iter()
        .map(String::as_str)
        .filter(|f| !f.is_empty())
        .collect();
    if !folders.is_empty() {
        from.push(format!("Looked into {}.", folders.join(", ")));
    }
    for (name, why) in unread.iter().take(UNREAD_MAX) {
        from.push(format!("{name} was not read: {why}"));
    }
    if unread.len() > UNREAD_MAX {
        let more = thousands((unread.len() - UNREAD_MAX) as u64);
        from.push(format!("{more} more were not read."));
    }
    if largest.rows() == 0 {
        return Err(match from.is_empty() {
            true => "No file of data was found there.".to_owned(),
            false => format!("No row with an offset was found. {}", from.join(" ")),
        });
    }
    Ok(found(stream, snapshot, largest.next().clone(), from))
}

fn query(columns: &Columns) -> String {
    let Columns {
        topic,
        partition,
        offset,
    } = columns;
    format!(
        "SELECT {topic}, {partition}, max({offset}) + 1 AS {offset} FROM bronze GROUP BY {topic}, {partition}"
    )
}
