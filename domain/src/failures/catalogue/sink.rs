//! Sinks: batches that they drop because they remember their ids, and what
//! stands in the way of a write.

use super::{DEFAULT, Entry, RECOVERY_GUIDE, ResetIs, sign};

pub(super) static ENTRIES: &[Entry] = &[
    Entry {
        id: "sink-skips-file",
        name: "The file sink drops batches that it believes to have",
        meaning: "_spark_metadata in the output remembers batch ids, whatever the query's id. After a reset to batch 0 each batch up to the last that it knows is read, committed and never written: loss without an error.",
        action: "Stop the job. Move _spark_metadata away together with the output, or edit the offsets in place so that the ids go on rising; then read the dropped range again.",
        reset: ResetIs::Only("after the sink's memory was dealt with"),
        reports: &[
            (
                "SPARK-30462: the file sink's log",
                "https://issues.apache.org/jira/browse/SPARK-30462",
            ),
            RECOVERY_GUIDE,
        ],
        signs: &[sign(&["Skipping already committed batch {n}"])],
        hides: true,
        ..DEFAULT
    },
    Entry {
        id: "sink-skips-delta",
        name: "Delta drops batches that it believes to have",
        meaning: "The table's log remembers the highest batch id of this query's id, or of a txnAppId, and drops every batch up to it: loss without an error.",
        action: "Stop the job. Start with another query id or txnAppId, or let the batch ids go on rising; then read the dropped range again.",
        reset: ResetIs::Only(
            "with a new query id, and a new txnAppId where the script sets one",
        ),
        reports: &[(
            "Delta: idempotent writes in foreachBatch",
            "https://docs.delta.io/latest/delta-streaming.html#idempotent-table-writes-in-foreachbatch",
        )],
        signs: &[
            sign(&["Skipping already complete epoch {n}, in query {w}"]),
            sign(&[
                "Already completed batch {n} in application {w}. This will be skipped.",
            ]),
        ],
        hides: true,
        ..DEFAULT
    },
    Entry {
        id: "sink-skips-iceberg",
        name: "Iceberg drops batches that it believes to have",
        meaning: "The newest snapshot of this query names the last batch id, and each batch up to it is dropped: loss without an error.",
        action: "Stop the job. Start with a new query id, or let the batch ids go on rising; then read the dropped range again.",
        reset: ResetIs::Only("with a new query id"),
        reports: &[(
            "Iceberg: structured streaming",
            "https://iceberg.apache.org/docs/latest/spark-structured-streaming/",
        )],
        signs: &[sign(&[
            "Skipping epoch {n} for query {w} as it was already committed",
        ])],
        hides: true,
        ..DEFAULT
    },
    Entry {
        id: "file-sink-log-gap",
        name: "The file sink's own log has a gap",
        meaning: "A file of _spark_metadata between the last .compact and the newest is missing, so neither readers nor the next compaction can go on. It lies in the output, not in the checkpoint.",
        action: "Restore the missing file. A checkpoint that was cleared without the output is the usual cause.",
        reports: &[
            (
                "fink-broker#902: _spark_metadata left behind",
                "https://github.com/astrolabsoftware/fink-broker/issues/902",
            ),
            (
                "SPARK-30462: the file sink's log",
                "https://issues.apache.org/jira/browse/SPARK-30462",
            ),
        ],
        signs: &[sign(&[
            "doesn't exist (latestId: {n}, compactInterval: {n})",
        ])],
        ..DEFAULT
    },
];
