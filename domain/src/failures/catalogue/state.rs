//! The state stores of a query with state.

use super::{ANY, CONDITIONS, DEFAULT, Entry, RECOVERY_GUIDE, ResetIs, sign};

const BACK_ONE: &str = "Go back to the newest batch whose state is whole: the findings name it. Else restore a backup, state and all.";
const RESET_LAST: ResetIs = ResetIs::Only(
    "where no older batch has whole state; what the state held is then gone, and counts begin anew",
);

pub(super) static ENTRIES: &[Entry] = &[
    Entry {
        id: "state-delta-missing",
        name: "A state file of the HDFS-backed store is missing",
        meaning: "A start loads the state by a snapshot and every delta after it, and one of them is not there: never renamed from its .tmp, deleted, or not copied. An edited number of shuffle partitions looks the same.",
        action: BACK_ONE,
        reset: RESET_LAST,
        reports: &[(
            "SPARK-40826: a delta that was never renamed",
            "https://issues.apache.org/jira/browse/SPARK-40826",
        )],
        signs: &[
            sign(&["Error reading delta file {*} does not exist"]),
            sign(&["[CANNOT_LOAD_STATE_STORE.CANNOT_READ_DELTA_FILE_NOT_EXISTS]"]),
        ],
        yields_to: &["s3-access-denied"],
        ..DEFAULT
    },
    Entry {
        id: "state-rocksdb-missing",
        name: "A state file of the RocksDB store is missing",
        meaning: "The changelog or archive of the version that a start needs is not there. Spark names the changelog even where it is the archive that is missing, and advises a new checkpoint; a lesser step often does.",
        action: BACK_ONE,
        reset: RESET_LAST,
        reports: &[CONDITIONS],
        signs: &[
            sign(&["Error reading streaming state file of {*} does not exist"]),
            sign(&["[CANNOT_LOAD_STATE_STORE.CANNOT_READ_STREAMING_STATE_FILE]"]),
            sign(&["FileNotFoundException: {*}/state/{n}/{n}/{*}.zip does not exist"]),
        ],
        ..DEFAULT
    },
    Entry {
        id: "state-sst-missing",
        name: "An SST file of the RocksDB store is missing",
        meaning: "The archive of a version is there, and one of the SST files that it names is not: deleted by maintenance while it was still in use, by a lifecycle rule, or left out of a copy.",
        action: BACK_ONE,
        reset: RESET_LAST,
        reports: &[(
            "SPARK-55892: a reused SST file that was deleted",
            "https://issues.apache.org/jira/browse/SPARK-55892",
        )],
        signs: &[sign(&["/SSTs/{w}.sst does not exist"])],
        ..DEFAULT
    },
    Entry {
        id: "state-file-damaged",
        name: "A state file is cut off or damaged",
        meaning: "A delta, snapshot, changelog or archive of the state ends too early or does not unpack. It was cut off on its way, or another file lies in its place.",
        action: BACK_ONE,
        reset: RESET_LAST,
        reports: &[
            (
                "SPARK-21696: a corrupted snapshot",
                "https://issues.apache.org/jira/browse/SPARK-21696",
            ),
            (
                "SPARK-54121: repair of a bad snapshot",
                "https://issues.apache.org/jira/browse/SPARK-54121",
            ),
        ],
        signs: &[
            sign(&[
                "java.io.EOFException",
                "execution.streaming.state.HDFSBackedStateStore",
            ]),
            sign(&[
                "java.io.EOFException",
                "execution.streaming.state.StateStoreChangelog",
            ]),
            sign(&["java.io.EOFException", "[CANNOT_LOAD_STATE_STORE."]),
            sign(&["Stream is corrupted", "execution.streaming.state."]),
            sign(&["Stream is corrupted", "[CANNOT_LOAD_STATE_STORE."]),
            sign(&[
                "Unexpected end of ZLIB input stream",
                "execution.streaming.state.",
            ]),
            sign(&["NoSuchFileException: {*}StateStoreId({*}/metadata"]),
        ],
        yields_to: &["state-schema-unreadable"],
        ..DEFAULT
    },
    Entry {
        id: "state-checksum-differs",
        name: "A state file does not agree with its checksum",
        meaning: "From Spark 4.1 on a .crc file lies beside each state file, and size or checksum differ: one of the two was changed, copied or cut off without the other.",
        action: BACK_ONE,
        reset: RESET_LAST,
        reports: &[(
            "SPARK-51972: checksums of state files",
            "https://issues.apache.org/jira/browse/SPARK-51972",
        )],
        signs: &[sign(&["[CHECKPOINT_FILE_CHECKSUM_VERIFICATION_FAILED]"])],
        ..DEFAULT
    },
    Entry {
        id: "state-schema-changed",
        name: "The state has another schema than the query",
        meaning: "The code now keeps other columns or types in its state than the checkpoint holds. A lost conf line in offsets/ looks the same, since it pins the state's format.",
        action: "Deploy the code that wrote the state, or compare the conf in the newest offset file with the batch before. Else a new start without the state.",
        reset: ResetIs::Yes,
        reports: &[RECOVERY_GUIDE],
        signs: &[
            sign(&["Provided schema doesn't match to the schema for existing state!"]),
            sign(&["[STATE_STORE_KEY_SCHEMA_NOT_COMPATIBLE]"]),
            sign(&["[STATE_STORE_VALUE_SCHEMA_NOT_COMPATIBLE]"]),
        ],
        ..DEFAULT
    },
    Entry {
        id: "state-schema-unreadable",
        name: "The schema file of a state store cannot be read",
        meaning: "The file _metadata/schema in the store's first partition is empty, cut off or overwritten. The state itself may be whole.",
        action: "Restore that one file from a backup. It changes only when the query's state does, so an old one will do.",
        reset: ResetIs::Only("where no backup has the file"),
        reports: &[RECOVERY_GUIDE],
        signs: &[
            sign(&[
                "java.io.EOFException",
                "StateSchemaCompatibilityChecker.readSchemaFile",
            ]),
            sign(&["java.io.EOFException", "streaming.state.SchemaHelper$"]),
            sign(&["Unsupported data type ", "StateSchemaCompatibilityChecker"]),
        ],
        ..DEFAULT
    },
    Entry {
        id: "state-rows-invalid",
        name: "The rows in the state are not as the query expects them",
        meaning: "Spark checks one row of the state and it does not fit: written by an older Spark, by other code, or under another format that a lost conf line had pinned.",
        action: "Compare code, release and the conf in the newest offset file with the last good run, and go back to what wrote the state.",
        reset: ResetIs::Yes,
        reports: &[RECOVERY_GUIDE],
        signs: &[sign(&[
            "The streaming query failed by state format invalidation.",
        ])],
        ..DEFAULT
    },
    Entry {
        id: "state-operator-changed",
        name: "The query has other stateful operators than its checkpoint",
        meaning: "An aggregation, join or deduplication was added, removed or reordered in the code. From Spark 4.0 on that is refused.",
        action: "Deploy the code that wrote the checkpoint, or start the new query from chosen offsets without the old state.",
        reset: ResetIs::Yes,
        reports: &[RECOVERY_GUIDE, CONDITIONS],
        signs: &[sign(&[
            "[STREAMING_STATEFUL_OPERATOR_NOT_MATCH_IN_STATE_METADATA]",
        ])],
        ..DEFAULT
    },
    Entry {
        id: "state-not-all-consumed",
        name: "A foreachBatch did not read all of its batch",
        meaning: "Spark 4.1 found that not every state partition was committed: the function took a part of the batch only, such as by limit or first, so the state would be wrong.",
        action: "Let the function read the whole batch. The checkpoint holds the last batch that was whole.",
        reports: &[CONDITIONS],
        signs: &[sign(&["STATE_STORE_COMMIT_VALIDATION_FAILED"])],
        ..DEFAULT
    },
    Entry {
        id: "state-load-failed",
        name: "The state could not be loaded",
        meaning: "Spark gives no nearer reason than this; the innermost cause below tells more.",
        action: "Read the innermost cause and the findings. A permission or a memory limit needs no reset.",
        reset: RESET_LAST,
        reports: &[CONDITIONS],
        signs: &[sign(&["[CANNOT_LOAD_STATE_STORE."])],
        yields_to: &[ANY],
        ..DEFAULT
    },
];
