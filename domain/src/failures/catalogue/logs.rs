//! The metadata, offset log and commit log of a checkpoint.

use super::{
    ATOMIC_WRITES, CONDITIONS, DEFAULT, Entry, RECOVERY_GUIDE, ResetIs, TWO_RUNS, sign,
    sign_without,
};

const OFFSETS_FIRST: &str = "Look at the checkpoint's findings: where the batch is not committed, going back one batch is enough; else restore the file from a backup.";

pub(super) static ENTRIES: &[Entry] = &[
    Entry {
        id: "gate-closed",
        name: "The job was started while Sluice's gate is closed",
        meaning: "A reset of this stream is under way, and metadata holds what Spark refuses, so that no job starts on half a checkpoint. Nothing was read or written by this start.",
        action: "Leave the job stopped and look at the open Run: it opens the gate and restarts the job itself.",
        signs: &[sign(&["Unrecognized token 'SLUICE_GATE_CLOSED"])],
        ..DEFAULT
    },
    Entry {
        id: "metadata-unreadable",
        name: "The checkpoint's metadata cannot be read",
        meaning: "The file with the query's id is empty, cut off or edited, so start() itself fails and no batch runs. Offsets and commits may be whole.",
        action: "Restore the one file metadata from a backup, or write the id that the last progress event names. Nothing else has to change.",
        reports: &[ATOMIC_WRITES],
        signs: &[
            sign(&["StreamMetadata$.read", "com.fasterxml.jackson."]),
            sign(&["StreamMetadata$.read", "org.json4s.MappingException"]),
            sign(&["StreamMetadata$.read", "Invalid UUID string: "]),
            sign(&[
                "An error occurred while calling {w}.start.",
                "com.fasterxml.jackson.",
            ]),
            sign(&[
                "An error occurred while calling {w}.start.",
                "No usable value for id",
            ]),
            sign(&[
                "in start",
                "py4j.protocol.Py4JJavaError: com.fasterxml.jackson.",
            ]),
            sign(&[
                "in start",
                "IllegalArgumentException: Invalid UUID string: ",
            ]),
        ],
        yields_to: &["gate-closed"],
        ..DEFAULT
    },
    Entry {
        id: "metadata-missing",
        name: "The checkpoint's metadata is gone",
        meaning: "Spark 4.2 refuses to go on without the query's id; older releases make a new one in silence, and sinks that remember the id then write batches twice.",
        action: "Write metadata back with the old id: it stands in the last progress event, in a backup, and in Delta's transactions.",
        reports: &[(
            "SPARK-55058: a checkpoint without metadata",
            "https://issues.apache.org/jira/browse/SPARK-55058",
        )],
        signs: &[sign(&["STREAMING_CHECKPOINT_MISSING_METADATA_FILE"])],
        ..DEFAULT
    },
    Entry {
        id: "offset-log-empty",
        name: "A file of the offset log is empty",
        meaning: "The file in offsets/ that a start needs has no bytes. On S3 that comes from a tool, a copy or a restore rather than from Spark.",
        action: OFFSETS_FIRST,
        reset: ResetIs::Only(
            "where neither going back one batch nor a restored file will do",
        ),
        reports: &[ATOMIC_WRITES],
        signs: &[sign_without(
            &["Incomplete log file"],
            &["Incomplete log file in the offset commit log"],
        )],
        ..DEFAULT
    },
    Entry {
        id: "commit-log-empty",
        name: "A file of the commit log is empty",
        meaning: "Spark reads the newest file in commits/ at every start, even where it would not need it, and this one has no bytes.",
        action: "Restore the file, or write it anew with the last watermark, if the batch is in the sink; without that proof, delete it and let the batch run again.",
        reports: &[ATOMIC_WRITES],
        signs: &[sign(&["Incomplete log file in the offset commit log"])],
        ..DEFAULT
    },
    Entry {
        id: "log-header-malformed",
        name: "A log file does not begin with its version",
        meaning: "The first line of a file in offsets/, commits/ or sources/ is not exactly v1: it was edited, or another file lies there.",
        action: "Restore the file from a backup. An editor that adds a byte order mark or a blank is enough to break it.",
        reset: ResetIs::Only("where no backup has the file"),
        reports: &[CONDITIONS],
        signs: &[
            sign(&["Log file was malformed: failed to "]),
            sign(&["[MALFORMED_LOG_FILE]"]),
        ],
        ..DEFAULT
    },
    Entry {
        id: "log-version-newer",
        name: "The checkpoint was written by a newer Spark",
        meaning: "A log file has a version that this Spark does not know: the release was lowered after the stream had run on a newer one.",
        action: "Go back to the newer EMR release. The checkpoint is whole.",
        reset: ResetIs::Only("where the stream has to stay on the older release"),
        reports: &[CONDITIONS],
        signs: &[
            sign(&["UnsupportedLogVersion: maximum supported log version is v{n}"]),
            sign(&["[INVALID_LOG_VERSION.MAX_SUPPORTED_VERSION]"]),
        ],
        ..DEFAULT
    },
    Entry {
        id: "commit-version-differs",
        name: "The commit log has another version than the job asks for",
        meaning: "Spark 4 demands that commits/ has exactly the version of spark.sql.streaming.stateStore.checkpointFormatVersion. That setting differs from the one of the last run.",
        action: "Set the conf to the value it had. The checkpoint is whole.",
        reports: &[CONDITIONS],
        signs: &[sign(&["[INVALID_LOG_VERSION.EXACT_MATCH_VERSION]"])],
        ..DEFAULT
    },
    Entry {
        id: "offset-predecessor-missing",
        name: "The batch before the newest one is missing in offsets/",
        meaning: "A start needs the two newest files of the offset log, and the older one is not there: lost, deleted, or not copied.",
        action: "Restore that file. Where the newest batch is committed, a copy of its file under the missing number does as well.",
        reset: ResetIs::Only(
            "where the file cannot be restored and the newest batch is not committed",
        ),
        reports: &[(
            "SPARK-38033: a gap in the offset log",
            "https://issues.apache.org/jira/browse/SPARK-38033",
        )],
        signs: &[
            sign_without(&["batch {n} doesn't exist"], &["compactInterval: {n}"]),
            sign(&["The offset log for batch {n} doesn't exist, which is required"]),
        ],
        ..DEFAULT
    },
    Entry {
        id: "batch-name-odd",
        name: "Spark looks for a batch file that is not there",
        meaning: "A name in offsets/ or commits/ counts as a batch to Spark and is not written as Spark writes it, such as 006 or +7, or it is a folder. Spark then looks for 6 and does not find it.",
        action: "Delete what has the odd name: a copy or a tool has left it. The findings name it.",
        reports: &[(
            "Spark: HDFSMetadataLog, which reads the names",
            "https://github.com/apache/spark/blob/v3.5.6/sql/core/src/main/scala/org/apache/spark/sql/execution/streaming/HDFSMetadataLog.scala",
        )],
        signs: &[
            sign(&["FileNotFoundException: File {*}/offsets/{n} does not exist"]),
            sign(&["FileNotFoundException: File {*}/commits/{n} does not exist"]),
            sign(&["IllegalStateException: failed to read log file for batch {n}"]),
        ],
        ..DEFAULT
    },
    Entry {
        id: "batch-file-vanished",
        name: "A batch file was there and is gone",
        meaning: "Spark listed a file of its log and could not find it a moment later: something else deletes under the checkpoint while the job runs.",
        action: "Find what deletes: a lifecycle rule, a clean-up, a second job. Then look at the findings again.",
        reports: &[CONDITIONS],
        signs: &[
            sign(&["[BATCH_METADATA_NOT_FOUND]"]),
            sign(&["Unable to find batch {w}"]),
        ],
        ..DEFAULT
    },
    Entry {
        id: "source-count-differs",
        name: "The query has another number of sources than its checkpoint",
        meaning: "A source was added to or removed from the code. Spark cannot tell which offsets belong to which, and refuses.",
        action: "Deploy the code that wrote the checkpoint, or decide on a new start at offsets for the new query.",
        reset: ResetIs::Yes,
        reports: &[RECOVERY_GUIDE],
        signs: &[sign(&[
            "There are [{n}] sources in the checkpoint offsets and now there are [{n}] sources requested by the query",
        ])],
        ..DEFAULT
    },
    Entry {
        id: "concurrent-log-update",
        name: "Two jobs write one checkpoint, or commits/ is ahead of offsets/",
        meaning: "The batch that this job finished was already written down. Either another job run is alive on the same checkpoint, or a file in offsets/ was lost while its commit stayed.",
        action: "Look for a second job run first and stop it. If there is none, the findings say which commits have to go.",
        reset: ResetIs::Only(
            "after the other writer is stopped, and where the lost offsets cannot be restored",
        ),
        reports: &[
            (
                "SPARK-43542: concurrent update of the log",
                "https://issues.apache.org/jira/browse/SPARK-43542",
            ),
            TWO_RUNS,
        ],
        signs: &[
            sign(&["[CONCURRENT_STREAM_LOG_UPDATE]"]),
            sign(&[
                "Concurrent update to the {*}log. Multiple streaming jobs detected for {n}",
            ]),
        ],
        ..DEFAULT
    },
    Entry {
        id: "concurrent-files",
        name: "Two queries write the same checkpoint file",
        meaning: "A file of the log came into being between Spark's look and its write: a second job runs on this checkpoint right now.",
        action: "Stop one of the two. Do not clear the checkpoint: the other job's progress is in it.",
        reports: &[
            (
                "dotnet/spark#676: the same error",
                "https://github.com/dotnet/spark/issues/676",
            ),
            TWO_RUNS,
        ],
        signs: &[sign(&[
            "Multiple streaming queries are concurrently using {w}",
        ])],
        ..DEFAULT
    },
    Entry {
        id: "query-already-active",
        name: "The query is already running in this application",
        meaning: "The script starts a query whose id is active in the same session: it is started twice, or an earlier start has not ended.",
        action: "Mend the script so that it starts each query once, or stop the older one first.",
        reports: &[CONDITIONS],
        signs: &[
            sign(&[
                "Cannot start query with id {w} as another query with same id is already active",
            ]),
            sign(&["[CONCURRENT_QUERY]"]),
        ],
        ..DEFAULT
    },
    Entry {
        id: "location-not-empty",
        name: "The checkpoint was cleared in part only",
        meaning: "There is no batch in offsets/, yet something is left in offsets/, commits/ or state/, were it only a .tmp. Spark 4.1 refuses to begin at batch 0 there.",
        action: "Delete what is left under the prefix, or put the offsets back. A reset by Sluice clears all of it.",
        reset: ResetIs::Yes,
        reports: &[CONDITIONS],
        signs: &[sign(&["[STATE_STORE_CHECKPOINT_LOCATION_NOT_EMPTY]"])],
        ..DEFAULT
    },
    Entry {
        id: "log-metadata-line-blank",
        name: "The second line of an offset file is blank",
        meaning: "Spark goes on without the batch's metadata and falls over it a moment later. The file was edited or written by a tool.",
        action: "Restore the file, or write its second line back as it stands in the batch before.",
        reset: ResetIs::Only("where no backup has the file"),
        reports: &[RECOVERY_GUIDE],
        signs: &[sign(&[
            "Cannot invoke \"{*}WatermarkTracker.{*}watermarkTracker()\" is null",
        ])],
        ..DEFAULT
    },
    Entry {
        id: "log-file-cut-off",
        name: "A log file ends after its version",
        meaning: "A file in offsets/ holds v1 and nothing more. It was cut off on its way, by a copy or a restore.",
        action: OFFSETS_FIRST,
        reset: ResetIs::Only(
            "where neither going back one batch nor a restored file will do",
        ),
        reports: &[ATOMIC_WRITES],
        signs: &[sign(&[
            "NoSuchElementException: next on empty iterator",
            "OffsetSeqLog",
        ])],
        ..DEFAULT
    },
    Entry {
        id: "log-file-not-json",
        name: "A line of a log file is not the JSON that it should be",
        meaning: "A file in offsets/ or commits/ was edited, cut off or mixed up. Spark does not say which; the findings do, with the line.",
        action: OFFSETS_FIRST,
        reset: ResetIs::Only(
            "where neither going back one batch nor a restored file will do",
        ),
        reports: &[ATOMIC_WRITES],
        signs: &[
            sign_without(
                &["com.fasterxml.jackson.", "HDFSMetadataLog"],
                &["StreamMetadata$.read"],
            ),
            sign_without(
                &["org.json4s.MappingException", "HDFSMetadataLog"],
                &["StreamMetadata$.read"],
            ),
        ],
        yields_to: &[
            "gate-closed",
            "log-header-malformed",
            "offset-log-empty",
            "commit-log-empty",
        ],
        ..DEFAULT
    },
    Entry {
        id: "batches-skipped",
        name: "Batches were planned and will never be run",
        meaning: "commits/ is two or more batches behind offsets/. Spark runs the newest batch again and passes over those between in silence: their records are lost to the sink.",
        action: "Stop the job before it commits more. Deleting the offsets above the last commit plans those records anew; the findings name the files.",
        reset: ResetIs::Only(
            "to an offset before the gap, if the job has gone on meanwhile",
        ),
        reports: &[RECOVERY_GUIDE],
        signs: &[sign(&[
            "Batch completion log latest batch id is {n}, which is not trailing batchid {n} by one",
        ])],
        hides: true,
        ..DEFAULT
    },
    Entry {
        id: "rename-failed",
        name: "A checkpoint file could not be moved to its place",
        meaning: "Spark writes a temporary file and renames it, which S3 does by copy and delete. One of the two failed, so the batch's file may be missing while its .tmp is there.",
        action: "Look for a role that may write but not delete or read, and for a second writer. Then restart; the findings say whether a file is missing.",
        reports: &[
            ATOMIC_WRITES,
            (
                "SPARK-40826: a temporary file that was never renamed",
                "https://issues.apache.org/jira/browse/SPARK-40826",
            ),
        ],
        signs: &[
            sign(&["[FAILED_RENAME_TEMP_FILE]"]),
            sign(&["[FAILED_RENAME_PATH]"]),
            sign(&["[RENAME_SRC_PATH_NOT_FOUND]"]),
            sign(&["Failed to rename temp file {*} as FileSystem.rename returned false"]),
            sign(&["Renamed temp file {*} But {*} does not exist."]),
        ],
        yields_to: &["s3-access-denied", "aws-token-expired", "s3-slow-down"],
        ..DEFAULT
    },
    Entry {
        id: "checkpoint-manager-missing",
        name: "The checkpoint's file manager cannot be loaded",
        meaning: "spark.sql.streaming.checkpointFileManagerClass names a class that this application does not have.",
        action: "Correct the conf, or add the jar that holds the class. The checkpoint is whole.",
        reports: &[CONDITIONS],
        signs: &[sign(&["[CANNOT_LOAD_CHECKPOINT_FILE_MANAGER."])],
        ..DEFAULT
    },
];
