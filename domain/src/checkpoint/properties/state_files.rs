//! The state files, written here as Spark writes them.

use super::*;
use crate::checkpoint::state::{DeltaSummary, StateFault, crc32c, pack};

/// A key, and a value or its deletion.
type Record = (Vec<u8>, Option<Vec<u8>>);

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..20)
}

fn records() -> impl Strategy<Value = Vec<Record>> {
    prop::collection::vec((bytes(), prop::option::of(bytes())), 0..12)
}

fn int(out: &mut Vec<u8>, number: i32) {
    out.extend_from_slice(&number.to_be_bytes());
}

fn sized(out: &mut Vec<u8>, bytes: &[u8]) {
    int(out, i32::try_from(bytes.len()).unwrap());
    out.extend_from_slice(bytes);
}

/// A delta or a changelog of version 1, unpacked.
fn untyped(records: &[Record]) -> Vec<u8> {
    let mut out = Vec::new();
    for (key, value) in records {
        sized(&mut out, key);
        match value {
            Some(value) => sized(&mut out, value),
            None => int(&mut out, -1),
        }
    }
    int(&mut out, -1);
    out
}

/// A changelog of version 2, unpacked.
fn typed(records: &[Record]) -> Vec<u8> {
    let mut out = Vec::new();
    utf(&mut out, "v2");
    for (key, value) in records {
        out.push(if value.is_some() { 0x01 } else { 0x10 });
        sized(&mut out, key);
        match value {
            Some(value) => sized(&mut out, value),
            None => int(&mut out, -1),
        }
    }
    out.push(0);
    out
}

fn utf(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(&u16::try_from(text.len()).unwrap().to_be_bytes());
    out.extend_from_slice(text.as_bytes());
}

fn columns() -> impl Strategy<Value = Vec<(String, bool)>> {
    prop::collection::vec(("[a-z]{1,8}", any::<bool>()), 0..4)
}

fn schema_json(columns: &[(String, bool)]) -> String {
    let fields: Vec<serde_json::Value> = columns
        .iter()
        .map(|(name, nullable)| {
            serde_json::json!({
                "name": name, "type": "long", "nullable": nullable, "metadata": {}
            })
        })
        .collect();
    serde_json::json!({"type": "struct", "fields": fields}).to_string()
}

/// The lineage of a changelog of version 3 or 4, by version from 1 on.
fn lineage_json(ids: &[String]) -> String {
    let items: Vec<serde_json::Value> = (1..)
        .zip(ids)
        .map(|(version, id): (i64, _)| {
            serde_json::json!({"version": version, "checkpointUniqueId": id})
        })
        .collect();
    serde_json::Value::Array(items).to_string()
}

/// How an entry of an archive is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Written {
    Stored,
    /// Sizes and checksum behind the data, as Java's `ZipOutputStream` has it.
    Streamed,
}

/// An archive of these files, and the directory behind them that is not read.
fn archive(files: &[(&str, &[u8])], written: Written) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, content) in files {
        let size = u32::try_from(content.len()).unwrap();
        let sum = crc32(content);
        let streamed = written == Written::Streamed;
        let data = match streamed {
            true => miniz_oxide::deflate::compress_to_vec(content, 6),
            false => content.to_vec(),
        };
        let packed = u32::try_from(data.len()).unwrap();
        let sizes = [sum, packed, size].map(u32::to_le_bytes).concat();
        out.extend_from_slice(b"PK\x03\x04\x14\0");
        out.extend_from_slice(if streamed { b"\x08\0\x08\0" } else { &[0; 4] });
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(if streamed { &[0; 12] } else { &sizes });
        out.extend_from_slice(&u16::try_from(name.len()).unwrap().to_le_bytes());
        out.extend_from_slice(&[0; 2]);
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(&data);
        if streamed {
            out.extend_from_slice(b"PK\x07\x08");
            out.extend_from_slice(&sizes);
        }
    }
    out.extend_from_slice(b"PK\x01\x02");
    out
}

/// Bit by bit, which is another way than the one that is tested.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            let odd = crc & 1 == 1;
            crc >>= 1;
            if odd {
                crc ^= 0xedb8_8320;
            }
        }
    }
    !crc
}

fn written() -> impl Strategy<Value = Written> {
    prop_oneof![Just(Written::Stored), Just(Written::Streamed)]
}

proptest! {
    #[test]
    fn a_delta_is_read_back_and_any_part_of_it_is_cut_off(
        records in records(),
        cut in any::<prop::sample::Index>(),
    ) {
        let whole = untyped(&records);
        let deletes = records.iter().filter(|(_, value)| value.is_none()).count() as u64;
        let summary = DeltaSummary { puts: records.len() as u64 - deletes, deletes };
        prop_assert_eq!(check_delta(&pack(&whole)), Ok(summary));
        let changelog = check_changelog(&pack(&whole)).unwrap();
        prop_assert_eq!((changelog.puts, changelog.deletes), (summary.puts, deletes));
        prop_assert_eq!(changelog.version, 1);
        let snapshot = check_snapshot(&pack(&whole));
        if deletes == 0 {
            prop_assert_eq!(snapshot, Ok(summary));
        } else {
            prop_assert_eq!(snapshot, Err(StateFault::BadSize(-1)));
        }
        let part = &whole[..cut.index(whole.len())];
        prop_assert_eq!(check_delta(&pack(part)), Err(StateFault::EndMissing));
        // The same of the packed file, whose last block is empty.
        let packed = pack(&whole);
        let packed = &packed[..cut.index(packed.len() - 21)];
        prop_assert!(check_delta(packed).is_err());
    }

    #[test]
    fn a_typed_changelog_is_read_back(
        records in records(),
        cut in any::<prop::sample::Index>(),
    ) {
        let whole = typed(&records);
        let read = check_changelog(&pack(&whole)).unwrap();
        prop_assert_eq!((read.version, read.puts + read.deletes), (2, records.len() as u64));
        // Behind its header; without one it is a changelog of version 1.
        let part = &whole[..4 + cut.index(whole.len() - 4)];
        prop_assert_eq!(check_changelog(&pack(part)), Err(StateFault::EndMissing));
    }

    #[test]
    fn a_changelog_with_a_lineage_is_read_back(
        records in records(),
        ids in prop::collection::vec("[a-f0-9-]{1,36}", 0..6),
        version in 3..5_u32,
        cut in any::<prop::sample::Index>(),
    ) {
        let mut whole = Vec::new();
        utf(&mut whole, &format!("v{version}"));
        let header = whole.len();
        utf(&mut whole, &lineage_json(&ids));
        // Behind the header of their own, they are the records of version 2.
        let rest = if version == 3 { untyped(&records) } else { typed(&records)[4..].to_vec() };
        whole.extend(rest);
        let read = check_changelog(&pack(&whole)).unwrap();
        prop_assert_eq!(read.version, version);
        prop_assert_eq!(read.puts + read.deletes, records.len() as u64);
        let named = read.lineage.into_iter().map(|item| item.checkpoint_unique_id);
        prop_assert_eq!(named.collect::<Vec<_>>(), ids);
        let part = &whole[..header + cut.index(whole.len() - header)];
        prop_assert_eq!(check_changelog(&pack(part)), Err(StateFault::EndMissing));
    }

    #[test]
    fn schemas_are_read_back(key in columns(), value in columns()) {
        let named = |fields: &[crate::checkpoint::state::StateField]| {
            let named = |field: &crate::checkpoint::state::StateField| {
                (field.name.clone(), field.nullable)
            };
            fields.iter().map(named).collect::<Vec<_>>()
        };
        let mut one = Vec::new();
        utf(&mut one, "v1");
        let mut two = Vec::new();
        utf(&mut two, "v2");
        for columns in [&key, &value] {
            let json = schema_json(columns);
            utf(&mut one, &json);
            // In two chunks, as a long one is.
            int(&mut two, 2);
            let (first, second) = json.split_at(json.len() / 2);
            utf(&mut two, first);
            utf(&mut two, second);
        }
        for (version, bytes) in [(1, one), (2, two)] {
            let read = StateSchema::parse(&bytes).unwrap();
            prop_assert_eq!(read.version, version);
            prop_assert_eq!(named(&read.key), key.clone());
            prop_assert_eq!(named(&read.value), value.clone());
        }
    }

    #[test]
    fn archives_are_read_back(
        keys in 0..i64::MAX,
        size in any::<u32>(),
        manifest in bytes(),
        written in written(),
    ) {
        let json = format!(
            "v1\n{{\"sstFiles\":[{{\"localFileName\":\"1.sst\",\"dfsSstFileName\":\
             \"1-a.sst\",\"sizeBytes\":{size}}}],\"logFiles\":[{{\"localFileName\":\
             \"2.log\",\"dfsLogFileName\":\"2-b.log\",\"sizeBytes\":7}}],\
             \"numKeys\":{keys}}}"
        );
        let named = [
            ("MANIFEST-000004", manifest.as_slice()),
            ("CURRENT", b"MANIFEST-000004\n"),
            ("metadata", json.as_bytes()),
        ];
        let read = check_zip(&archive(&named, written)).unwrap();
        prop_assert_eq!(read.num_keys, keys);
        prop_assert_eq!(read.sst_files[0].size_bytes, u64::from(size));
        prop_assert_eq!(&read.log_files.as_ref().unwrap()[0].dfs_log_file_name, "2-b.log");
        prop_assert_eq!(read.manifest.as_deref(), Some("MANIFEST-000004"));
        prop_assert!(read.has_its_manifest());
        prop_assert_eq!(read.entries[0].size, manifest.len() as u64);
        prop_assert!(!check_zip(&archive(&named[1..], written)).unwrap().has_its_manifest());
        let without = check_zip(&archive(&named[2..], written)).unwrap();
        prop_assert_eq!(without.manifest, None);
        let other = check_zip(&archive(&named[..2], written));
        prop_assert_eq!(other, Err(StateFault::NoMetadata));
    }

    #[test]
    fn an_archive_that_is_cut_off_or_changed_is_found_out(
        content in prop::collection::vec(any::<u8>(), 1..200),
        written in written(),
        at in any::<prop::sample::Index>(),
    ) {
        let files = [("metadata", &b"v1\n{}"[..]), ("000009.log", &content)];
        let whole = archive(&files, written);
        let first = archive(&files[..1], written).len() - 4;
        let end = whole.len() - 4;
        // Behind the head of the last entry, so that it is known to be there.
        let head = first + 30;
        let cut = head + at.index(end - head);
        prop_assert_eq!(check_zip(&whole[..cut]), Err(StateFault::EndedPrematurely));
        if written == Written::Stored {
            let data = end - content.len();
            let mut changed = whole.clone();
            changed[data + at.index(content.len())] ^= 1;
            prop_assert_eq!(check_zip(&changed), Err(StateFault::Corrupted));
        }
    }

    #[test]
    fn operators_are_read_back(
        id in 0..100_i64,
        stores in prop::collection::vec("[a-zA-Z-]{1,12}", 1..4),
        properties in prop::option::of("\\PC{0,12}"),
    ) {
        let infos: Vec<serde_json::Value> = stores
            .iter()
            .map(|name| serde_json::json!({"storeName": name, "numPartitions": 2}))
            .collect();
        let mut json = serde_json::json!({
            "operatorInfo": {"operatorId": id, "operatorName": "symmetricHashJoin"},
            "stateStoreInfo": infos,
        });
        if let Some(properties) = &properties {
            json["operatorPropertiesJson"] = properties.clone().into();
        }
        let version = if properties.is_some() { "v2" } else { "v1" };
        let read = OperatorMetadata::parse(format!("{version}\n{json}").as_bytes());
        let read = read.flawless().unwrap();
        prop_assert_eq!(read.operator_id, id);
        let names = read.stores.iter().map(|store| store.store_name.clone());
        prop_assert_eq!(names.collect::<Vec<_>>(), stores);
        prop_assert_eq!(read.properties, properties);
    }

    #[test]
    fn a_checksum_fits_its_file_and_no_other(
        content in bytes(),
        other in bytes(),
    ) {
        let value = crc32c(&content).cast_signed();
        let json = format!(
            "{{\"algorithm\":\"CRC32C\",\"value\":{value},\"mainFileSize\":{},\
             \"timestampMs\":1,\"creator\":{{}}}}",
            content.len()
        );
        let file = ChecksumFile::parse(json.as_bytes()).flawless().unwrap();
        prop_assert_eq!(file.compare(&content), None);
        prop_assert_eq!(file.compare(&other).is_none(), content == other);
    }

    #[test]
    fn the_log_of_a_file_sink_is_read_back(
        paths in prop::collection::vec("\\PC{1,20}", 0..5),
        size in any::<i64>(),
    ) {
        let files = paths
            .into_iter()
            .map(|path| SinkFile {
                path,
                size,
                is_dir: false,
                modification_time: 7,
                block_replication: 1,
                block_size: 32,
                action: "add".to_owned(),
            })
            .collect();
        let log = SinkLog { version: 1, files };
        let read = SinkLog::parse(log.render().as_bytes());
        prop_assert_eq!(read.flawless(), Some(log));
    }
}
