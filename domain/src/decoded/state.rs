//! The files of state stores: what they are, and whether they parse.

use super::{Decoded, Sheet, described, issue};
use crate::checkpoint::IssueCode;
use crate::checkpoint::layout::{StateFile, StateFileKind};
use crate::checkpoint::state::{
    ChecksumFile, LineageItem, OperatorMetadata, StateFault, StateField, StateSchema,
    ZipSummary, check_changelog, check_delta, check_snapshot, check_zip,
};
use crate::text::{bytes as size, thousands};

/// The first bytes of what Spark's other codecs write.
const OTHER_CODECS: [(&[u8], &str); 2] = [
    (&[0x28, 0xb5, 0x2f, 0xfd], "Zstandard"),
    (&[0x82, b'S', b'N', b'A', b'P', b'P', b'Y'], "Snappy"),
];

pub(super) fn versioned(state: &StateFile, bytes: &[u8]) -> Decoded {
    let (kind, about) = match state.kind {
        StateFileKind::Delta => (
            "State delta",
            "What one batch changed in a store of the HDFS-backed provider. A start loads a snapshot and every delta after it.",
        ),
        StateFileKind::Snapshot => (
            "State snapshot",
            "All of a store of the HDFS-backed provider at one version.",
        ),
        StateFileKind::Zip => (
            "RocksDB archive",
            "All of a RocksDB store at one version, but for the SST files that it names.",
        ),
        StateFileKind::Changelog => (
            "RocksDB changelog",
            "What one batch changed in a RocksDB store.",
        ),
    };
    let mut file = described(&format!("{kind}, version {}", state.version), about);
    place(&mut file, state);
    let codec = OTHER_CODECS
        .iter()
        .find(|(magic, _)| bytes.starts_with(magic));
    if let (Some((_, codec)), true) = (codec, state.kind != StateFileKind::Zip) {
        file.fact(
            "Whole",
            format!("unknown: {codec} is not looked into, only LZ4 is"),
        );
        return file;
    }
    match check(state.kind, bytes) {
        Ok((facts, sheet)) => {
            file.fact("Whole", "yes");
            file.facts.extend(facts);
            file.sheets.extend(sheet);
        }
        Err(StateFault::TooLarge(max)) => {
            let much = size(max);
            file.fact("Whole", format!("unknown: it unpacks to more than {much}"));
        }
        Err(fault) => {
            file.fact("Whole", "no");
            let code = match bytes.is_empty() {
                true => IssueCode::Empty,
                false => IssueCode::Truncated,
            };
            let message = format!("It cannot be loaded: {fault}.");
            file.issues.push(issue(None, code, message));
        }
    }
    file
}

type Checked = (Vec<(String, String)>, Option<Sheet>);

fn check(kind: StateFileKind, bytes: &[u8]) -> Result<Checked, StateFault> {
    let fact = |name: &str, count: u64| (name.to_owned(), thousands(count));
    Ok(match kind {
        StateFileKind::Delta => {
            let found = check_delta(bytes)?;
            let facts = vec![
                fact("Keys written", found.puts),
                fact("Keys removed", found.deletes),
            ];
            (facts, None)
        }
        StateFileKind::Snapshot => {
            (vec![fact("Keys", check_snapshot(bytes)?.puts)], None)
        }
        StateFileKind::Changelog => {
            let found = check_changelog(bytes)?;
            let facts = vec![
                ("Format".to_owned(), format!("version {}", found.version)),
                fact("Keys written", found.puts),
                fact("Keys merged", found.merges),
                fact("Keys removed", found.deletes),
            ];
            (facts, lineage(found.lineage))
        }
        StateFileKind::Zip => {
            let found = check_zip(bytes)?;
            let keys = ("Keys".to_owned(), thousands(found.num_keys));
            let manifest = match (&found.manifest, found.has_its_manifest()) {
                (None, _) => "no CURRENT: RocksDB takes it for an empty store".to_owned(),
                (Some(name), true) => name.clone(),
                (Some(name), false) => format!("{name} is named and not there"),
            };
            let facts = vec![keys, ("Manifest".to_owned(), manifest)];
            (facts, Some(archive(found)))
        }
    })
}

/// What lies in the archive, and what it needs beside it.
fn archive(found: ZipSummary) -> Sheet {
    let row = |name: String, bytes: u64| vec![name, thousands(bytes)];
    let inside = found.entries.into_iter();
    let inside = inside.map(|entry| row(entry.name, entry.size));
    let tables = found.sst_files.into_iter();
    let tables =
        tables.map(|f| row(format!("SSTs/{}", f.dfs_sst_file_name), f.size_bytes));
    let logs = found.log_files.into_iter().flatten();
    let logs = logs.map(|f| row(format!("logs/{}", f.dfs_log_file_name), f.size_bytes));
    Sheet {
        title: "Files in it, and those beside it that it needs".to_owned(),
        head: ["File", "Bytes"].map(str::to_owned).to_vec(),
        rows: inside.chain(tables).chain(logs).collect(),
        numbers_from: 1,
    }
}

/// The versions that a changelog builds on.
fn lineage(items: Vec<LineageItem>) -> Option<Sheet> {
    let rows: Vec<Vec<String>> = items
        .into_iter()
        .map(|item| vec![item.version.to_string(), item.checkpoint_unique_id])
        .collect();
    (!rows.is_empty()).then(|| Sheet {
        title: "Versions that it builds on".to_owned(),
        head: ["Version", "Unique id"].map(str::to_owned).to_vec(),
        rows,
        numbers_from: 2,
    })
}

pub(super) fn checksum(state: &StateFile, bytes: &[u8]) -> Decoded {
    let mut file = described(
        "Checksum of a state file",
        "Written from Spark 4.1 on beside a state file. A file that does not agree with it is not loaded.",
    );
    place(&mut file, state);
    let parsed = ChecksumFile::parse(bytes);
    if let Some(sum) = parsed.value {
        file.fact("CRC-32C", sum.value.to_string());
        file.fact(
            "Size of the file",
            format!("{} B", thousands(sum.main_file_size)),
        );
    }
    file.issues = parsed.issues;
    file.beside = vec![("The file itself".to_owned(), state.key())];
    file
}

pub(super) fn sst(op: i64, partition: i32) -> Decoded {
    let mut file = described(
        "SST file of RocksDB",
        "A part of one or more versions of a store. Whether it is whole is not looked into.",
    );
    file.fact("Operator", op.to_string());
    file.fact("Partition", partition.to_string());
    file
}

pub(super) fn log(op: i64, partition: i32) -> Decoded {
    let mut file = described(
        "Write-ahead log of RocksDB",
        "A part of one or more versions of a store. Whether it is whole is not looked into.",
    );
    file.fact("Operator", op.to_string());
    file.fact("Partition", partition.to_string());
    file
}

pub(super) fn schema(op: i64, store: &str, bytes: &[u8]) -> Decoded {
    let mut file = described(
        "State schema",
        "The columns of a store's keys and values. A query whose state has others is refused.",
    );
    file.fact("Operator", op.to_string());
    file.fact("Store", store);
    match StateSchema::parse(bytes) {
        Ok(schema) => {
            file.fact("Version", schema.version.to_string());
            for (title, fields) in [("Key", schema.key), ("Value", schema.value)] {
                if !fields.is_empty() {
                    file.sheets.push(columns(title, fields));
                }
            }
        }
        Err(fault) => {
            let message = format!("It cannot be read: {fault}.");
            file.issues.push(issue(None, IssueCode::BadShape, message));
        }
    }
    file
}

fn columns(title: &str, fields: Vec<StateField>) -> Sheet {
    Sheet {
        title: title.to_owned(),
        head: ["Column", "Type", "May be null"]
            .map(str::to_owned)
            .to_vec(),
        rows: fields
            .into_iter()
            .map(|field| {
                let null = if field.nullable { "yes" } else { "no" };
                vec![field.name, field.data_type, null.to_owned()]
            })
            .collect(),
        numbers_from: 3,
    }
}

pub(super) fn operator(op: i64, batch: Option<i64>, bytes: &[u8]) -> Decoded {
    let mut file = described(
        "Operator metadata",
        "Which operator keeps state here and in which stores, from Spark 4.0 on. A query with other operators is refused.",
    );
    file.fact("Operator", op.to_string());
    if let Some(batch) = batch {
        file.fact("Batch", batch.to_string());
    }
    let parsed = OperatorMetadata::parse(bytes);
    if let Some(operator) = parsed.value {
        file.fact("Name", operator.operator_name);
        file.sheets.push(Sheet {
            title: "Stores".to_owned(),
            head: ["Store", "Schema files", "Partitions"]
                .map(str::to_owned)
                .to_vec(),
            rows: operator
                .stores
                .into_iter()
                .map(|store| {
                    let schemas = store.state_schema_file_paths.join(", ");
                    vec![store.store_name, schemas, store.num_partitions.to_string()]
                })
                .collect(),
            numbers_from: 2,
        });
    }
    file.issues = parsed.issues;
    file
}

fn place(file: &mut Decoded, state: &StateFile) {
    file.fact("Operator", state.op.to_string());
    file.fact("Partition", state.partition.to_string());
    file.fact("Store", state.store.clone());
    file.fact("Version", state.version.to_string());
    if let Some(id) = &state.unique_id {
        file.fact("Unique id", id.clone());
    }
}
