//! Sinks that remember batches: as the real writers leave their logs, and a batch that
//! comes again under an id that they have is not written.

use aws_sdk_emrserverless::types::JobRunMode;
use domain::checkpoint::ListedObject;
use domain::sink::{SinkSeen, SinkView, Whose};
use domain::stream::SinkKind;
use sandbox::s3::Condition;
use sandbox::streams::{BUCKET, LOG_GROUP};
use sandbox::world::World;

use super::bench::{APPLICATION, Bench, bench, orders};

const SINK: &str = "bronze/kafka/orders/";

impl Bench {
    /// `orders` writes in a format of Spark's instead of by `foreachBatch`.
    fn writes_as(&self, format: &str) {
        let sink =
            format!(".format(\"{format}\").option(\"path\", \"s3://{BUCKET}/{SINK}\")");
        self.edit_script(".foreachBatch(sink.write)", &sink);
    }

    /// What the sink is and remembers, by Sluice's own eyes.
    fn sink(&self) -> SinkSeen {
        let mut view = SinkView::new(format!("s3://{BUCKET}/{SINK}"));
        for key in self.keys(SINK) {
            let bytes = self.bytes(&key);
            let name = key[SINK.len()..].to_owned();
            let object = ListedObject {
                size: bytes.len() as u64,
                ..ListedObject::default()
            };
            view.listing.insert(name.clone(), object);
            view.bytes.insert(name, bytes);
        }
        SinkSeen::of(&view, SinkKind::PlainFiles)
    }

    fn data(&self) -> usize {
        let is_data = |key: &&String| key.ends_with("-c000.json");
        self.keys(SINK).iter().filter(is_data).count()
    }

    /// Clears the checkpoint but for what is named, as somebody does by hand.
    fn clears_the_checkpoint_but(&self, kept: &[&str]) {
        let prefix = orders().checkpoint_prefix();
        for key in self.keys(&prefix) {
            if !kept.contains(&&key[prefix.len()..]) {
                self.delete(&key);
            }
        }
    }

    fn delete(&self, key: &str) {
        let by = World::console();
        let deleted = self
            .world
            .store
            .delete(&by, BUCKET, key, &Condition::default());
        deleted.expect("deleted");
    }

    fn logged(&self, id: &str, text: &str) -> bool {
        let stream = |attempt: u32| {
            format!(
                "applications/{APPLICATION}/jobs/{id}/attempts/{attempt}/SPARK_DRIVER/stderr"
            )
        };
        let streams = [stream(1), stream(2)];
        let mut events = streams
            .iter()
            .filter_map(|stream| self.world.logs.events(LOG_GROUP, stream).ok())
            .flatten();
        events.any(|event| event.message.contains(text))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_the_sink_has_is_committed_and_never_written() {
    for (format, kind, said) in [
        (
            "json",
            SinkKind::FileSink,
            "FileStreamSink: Skipping already committed batch 1",
        ),
        (
            "delta",
            SinkKind::Delta,
            "DeltaSink: Skipping already complete epoch 1",
        ),
        ("iceberg", SinkKind::Iceberg, "SparkWrite: Skipping epoch 1"),
    ] {
        let bench = bench().await;
        bench.writes_as(format);
        let id = bench.start(JobRunMode::Streaming, "one").await;
        for batch in 0..3 {
            bench.until_commit(batch).await;
            bench.arrive(500);
        }
        bench.until_commit(3).await;
        bench.cancel(&id).await;
        let sink = bench.sink();
        assert_eq!(sink.kind(), Some(kind), "{format}");
        let newest = sink.remembered[0].batch;
        assert!(newest >= 3, "{format}: {newest}");
        let written = bench.data();
        // The query id is kept, so that all three remember it.
        bench.clears_the_checkpoint_but(&["metadata", "sources/0/0"]);
        let id = bench.start(JobRunMode::Streaming, "two").await;
        for batch in 0..newest {
            bench.until_commit(batch).await;
            bench.arrive(500);
        }
        assert_eq!(bench.data(), written, "{format}: nothing is written");
        assert!(bench.logged(&id, said), "{format}: {said}");
        // Above its memory it writes again.
        bench.until_commit(newest).await;
        bench.arrive(500);
        bench.until_commit(newest + 1).await;
        assert!(bench.data() > written, "{format}");
        bench.cancel(&id).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_query_id_is_remembered_by_no_table_and_the_file_sink_asks_for_none() {
    for (format, drops) in [("json", true), ("delta", false), ("iceberg", false)] {
        let bench = bench().await;
        bench.writes_as(format);
        let id = bench.start(JobRunMode::Streaming, "one").await;
        for batch in 0..2 {
            bench.until_commit(batch).await;
            bench.arrive(500);
        }
        bench.until_commit(2).await;
        bench.cancel(&id).await;
        let written = bench.data();
        bench.clears_the_checkpoint_but(&["sources/0/0"]);
        let id = bench.start(JobRunMode::Streaming, "two").await;
        bench.until_commit(0).await;
        bench.cancel(&id).await;
        assert_eq!(bench.data() == written, drops, "{format}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_of_the_file_sink_is_compacted_and_has_no_gap() {
    let bench = bench().await;
    bench.writes_as("json");
    let id = bench.start(JobRunMode::Streaming, "one").await;
    for batch in 0..21 {
        bench.until_commit(batch).await;
        bench.arrive(50);
    }
    bench.until_commit(21).await;
    bench.cancel(&id).await;
    let log = format!("{SINK}_spark_metadata/");
    let names: Vec<String> = bench
        .keys(&log)
        .iter()
        .map(|key| key[log.len()..].to_owned())
        .collect();
    assert!(names.contains(&"19.compact".to_owned()), "{names:?}");
    assert!(!names.contains(&"3".to_owned()), "{names:?}");
    let sink = bench.sink();
    assert_eq!(sink.findings, [], "no gap");
    assert!(sink.remembered[0].batch >= 21);
    assert_eq!(sink.remembered[0].whose, Whose::AnyQuery);
    // Each file of data is listed once.
    let compact = bench.bytes(&format!("{log}19.compact"));
    let compact = domain::checkpoint::SinkLog::parse(&compact).flawless();
    let files = compact.expect("as Spark writes it").files;
    let mut paths: Vec<_> = files.iter().map(|file| &file.path).collect();
    let all = paths.len();
    paths.sort_unstable();
    paths.dedup();
    assert_eq!(paths.len(), all);
    assert!((19..=20).contains(&all), "{all}");
}
